/* group_database.c - PeerGroupExportDatabase and PeerGroupImportDatabase: a group's records as a
 * file.
 *
 * Both check and convert the path and leave the rest to the engine, which works through the file on
 * the caller's thread. What the system says of the file is passed on. */
#include "api/api.h"
#include "api/group_handle.h"
#include "engine/engine.h"

enum { PATH_UNITS = 32767 };

static HRESULT begin(HGROUP group, PCWSTR units, uint64_t *session, char **path)
{
    *path = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!units)
        return E_INVALIDARG;
    hr = group_session(group, session);
    if (SUCCEEDED(hr))
        hr = api_text(units, PATH_UNITS, E_INVALIDARG, path);
    return hr;
}

HRESULT WINAPI PeerGroupExportDatabase(HGROUP hGroup, PCWSTR pwzFilePath)
{
    char *path CLEANUP_FREE = NULL;
    uint64_t session;
    HRESULT hr = begin(hGroup, pwzFilePath, &session, &path);
    return SUCCEEDED(hr) ? engine_database_export(session, path) : hr;
}

HRESULT WINAPI PeerGroupImportDatabase(HGROUP hGroup, PCWSTR pwzFilePath)
{
    char *path CLEANUP_FREE = NULL;
    uint64_t session;
    HRESULT hr = begin(hGroup, pwzFilePath, &session, &path);
    return SUCCEEDED(hr) ? engine_database_import(session, path) : hr;
}
