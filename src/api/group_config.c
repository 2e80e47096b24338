/* group_config.c - PeerGroupExportConfig and PeerGroupImportConfig: a group on its way to another
 * machine of the same identity.
 *
 * Both check and convert; the export is the engine's. An import reads the document and makes the
 * blocks that it returns before anything is stored, so that it is done whole or not at all.
 * Passwords are wiped. */
#include "group/group_config.h"
#include "api/api.h"
#include "api/block.h"
#include "api/group_handle.h"
#include "api/secret.h"
#include "engine/engine.h"

HRESULT WINAPI PeerGroupExportConfig(HGROUP hGroup, PCWSTR pwzPassword, PWSTR *ppwzXML)
{
    char *password CLEANUP_SECRET_TEXT = NULL;
    char *xml CLEANUP_FREE = NULL;
    uint64_t session;
    if (ppwzXML)
        *ppwzXML = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzPassword || !ppwzXML)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_secret(pwzPassword, &password);
    if (SUCCEEDED(hr))
        hr = engine_config_export(session, password, &xml);
    return SUCCEEDED(hr) ? block_text(xml, ppwzXML) : hr;
}

/* Both names, or none. */
static HRESULT give_names(const struct group_config *config, PWSTR *identity, PWSTR *group)
{
    HRESULT hr = block_text(config->identity, identity);
    if (SUCCEEDED(hr))
        hr = block_text(config->group, group);
    return hr;
}

HRESULT WINAPI PeerGroupImportConfig(PCWSTR pwzXML, PCWSTR pwzPassword, BOOL fOverwrite,
                                     PWSTR *ppwzIdentity, PWSTR *ppwzGroup)
{
    char *password CLEANUP_SECRET_TEXT = NULL;
    char *xml CLEANUP_FREE = NULL;
    struct group_config config CLEANUP(group_config_deinit) = {.identity = NULL};
    PWSTR identity = NULL, group = NULL;
    if (ppwzIdentity)
        *ppwzIdentity = NULL;
    if (ppwzGroup)
        *ppwzGroup = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzXML || !pwzPassword || !ppwzIdentity || !ppwzGroup)
        return E_INVALIDARG;
    hr = api_secret(pwzPassword, &password);
    if (SUCCEEDED(hr))
        hr = api_xml(pwzXML, E_INVALIDARG, E_INVALIDARG, &xml);
    if (SUCCEEDED(hr))
        hr = group_config_read(xml, password, &config);
    if (SUCCEEDED(hr))
        hr = give_names(&config, &identity, &group);
    if (SUCCEEDED(hr))
        hr = engine_config_import(&config, fOverwrite);
    if (FAILED(hr)) {
        PeerFreeData(identity);
        PeerFreeData(group);
        return hr;
    }
    *ppwzIdentity = identity;
    *ppwzGroup = group;
    return S_OK;
}
