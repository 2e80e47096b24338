/* identity_export.c - PeerIdentityExport and PeerIdentityImport: an identity on its way to another
 * machine.
 *
 * Both check and convert, then group/identity_export does the work on the caller's thread. An
 * import makes the block that it returns before it stores anything, so that it is done whole or not
 * at all. Passwords are wiped. */
#include "api/api.h"
#include "api/block.h"
#include "api/secret.h"
#include "group/identity_export.h"

HRESULT WINAPI PeerIdentityExport(PCWSTR pwzIdentity, PCWSTR pwzPassword, PWSTR *ppwzExportXML)
{
    char *name CLEANUP_FREE = NULL;
    char *password CLEANUP_SECRET_TEXT = NULL;
    char *xml CLEANUP_FREE = NULL;
    if (!ppwzExportXML)
        return E_INVALIDARG;
    *ppwzExportXML = NULL;
    HRESULT hr = api_secret(pwzPassword, &password);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &name);
    if (SUCCEEDED(hr))
        hr = api_ready();
    if (SUCCEEDED(hr))
        hr = api_key_result(identity_export_make(name, password, &xml));
    return SUCCEEDED(hr) ? block_text(xml, ppwzExportXML) : hr;
}

HRESULT WINAPI PeerIdentityImport(PCWSTR pwzImportXML, PCWSTR pwzPassword, PWSTR *ppwzIdentity)
{
    char *xml CLEANUP_FREE = NULL;
    char *password CLEANUP_SECRET_TEXT = NULL;
    struct identity_copy copy CLEANUP(identity_copy_deinit) = {.peer_name = NULL};
    if (!ppwzIdentity)
        return E_INVALIDARG;
    *ppwzIdentity = NULL;
    if (!pwzImportXML)
        return E_INVALIDARG;
    HRESULT hr = api_secret(pwzPassword, &password);
    if (SUCCEEDED(hr))
        hr = api_xml(pwzImportXML, E_INVALIDARG, E_INVALIDARG, &xml);
    if (SUCCEEDED(hr))
        hr = api_ready();
    if (SUCCEEDED(hr))
        hr = identity_export_open(xml, password, &copy);
    PWSTR name = NULL;
    if (SUCCEEDED(hr))
        hr = block_text(copy.peer_name, &name);
    if (SUCCEEDED(hr))
        hr = identity_export_install(&copy);
    if (FAILED(hr)) {
        PeerFreeData(name);
        return hr;
    }
    *ppwzIdentity = name;
    return S_OK;
}
