/* group_life.c - from PeerGroupStartup to PeerGroupShutdown: groups are opened, joined, connected,
 * closed and deleted.
 *
 * Each function sets its results to NULL, asks whether Grouping is started, checks its pointers,
 * then its handle, converts its strings and makes one request to the engine. Strings that cannot be
 * what their parameter is (too long, not UTF-16) get the code of one that names nothing. A group
 * handle is made before the group is opened, so a lack of memory leaves no open group behind.
 * PeerGroupCreate is in group_properties.c, beside the structure it takes. */
#include "api/api.h"
#include "api/group_convert.h"
#include "api/group_handle.h"
#include "base/text.h"

enum { VERSION_MAJOR = 1, VERSION_MINOR = 1, CLOUD_NAME_UNITS_MAX = 255 };

HRESULT WINAPI PeerGroupStartup(WORD wVersionRequested, PPEER_VERSION_DATA pVersionData)
{
    if (!pVersionData)
        return E_INVALIDARG;
    *pVersionData = (PEER_VERSION_DATA){.wVersion = 0};
    /* [contract 1.1] The low byte is the major version. */
    if (LOBYTE(wVersionRequested) != VERSION_MAJOR)
        return PEER_E_UNSUPPORTED_VERSION;
    HRESULT hr = group_startup();
    if (FAILED(hr))
        return hr;
    bool older = HIBYTE(wVersionRequested) < VERSION_MINOR;
    pVersionData->wHighestVersion = MAKEWORD(VERSION_MAJOR, VERSION_MINOR);
    pVersionData->wVersion = older ? wVersionRequested : pVersionData->wHighestVersion;
    return S_OK;
}

HRESULT WINAPI PeerGroupShutdown(void)
{
    return group_shutdown();
}

HRESULT api_cloud(PCWSTR units, char **text)
{
    *text = NULL;
    if (units && utf16_length(units, CLOUD_NAME_UNITS_MAX + 1) > CLOUD_NAME_UNITS_MAX)
        return PEER_E_NO_CLOUD;
    return api_text(units, CLOUD_NAME_UNITS_MAX, E_INVALIDARG, text);
}

HRESULT WINAPI PeerGroupOpen(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName, PCWSTR pwzCloud,
                             HGROUP *phGroup)
{
    char *identity CLEANUP_FREE = NULL;
    char *group CLEANUP_FREE = NULL;
    char *cloud CLEANUP_FREE = NULL;
    struct group_opening opening;
    if (phGroup)
        *phGroup = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity || !pwzGroupPeerName || !phGroup)
        return E_INVALIDARG;
    hr = api_peer_name(pwzIdentity, E_INVALIDARG, &identity);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzGroupPeerName, E_INVALIDARG, &group);
    if (SUCCEEDED(hr))
        hr = api_cloud(pwzCloud, &cloud);
    if (SUCCEEDED(hr))
        hr = group_opening_begin(&opening);
    if (FAILED(hr))
        return hr;
    hr = engine_group_open(identity, group, cloud, &opening.session);
    return group_opening_end(&opening, hr, phGroup);
}

HRESULT WINAPI PeerGroupJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation, PCWSTR pwzCloud,
                             HGROUP *phGroup)
{
    char *identity CLEANUP_FREE = NULL;
    char *invitation CLEANUP_SECRET_TEXT = NULL;
    char *cloud CLEANUP_FREE = NULL;
    struct group_opening opening;
    if (phGroup)
        *phGroup = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity || !pwzInvitation || !phGroup)
        return E_INVALIDARG;
    hr = api_peer_name(pwzIdentity, PEER_E_INVALID_PEER_NAME, &identity);
    if (SUCCEEDED(hr))
        hr = api_xml(pwzInvitation, E_INVALIDARG, PEER_E_INVITATION_NOT_TRUSTED, &invitation);
    if (SUCCEEDED(hr))
        hr = api_cloud(pwzCloud, &cloud);
    if (SUCCEEDED(hr))
        hr = group_opening_begin(&opening);
    if (FAILED(hr))
        return hr;
    hr = engine_group_join(identity, invitation, cloud, &opening.session);
    return group_opening_end(&opening, hr, phGroup);
}

HRESULT WINAPI PeerGroupConnect(HGROUP hGroup)
{
    uint64_t session;
    HRESULT hr = group_ready();
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    return SUCCEEDED(hr) ? engine_group_connect(session, NULL, 0) : hr;
}

/* All of them are well-formed, or the call does nothing. */
static HRESULT convert_addresses(ULONG count, const PEER_ADDRESS *addresses, struct address **out)
{
    HRESULT hr = S_OK;
    *out = mem_calloc(count, sizeof(**out));
    if (!*out)
        return E_OUTOFMEMORY;
    for (ULONG i = 0; i < count && SUCCEEDED(hr); i++)
        hr = convert_address_in(&addresses[i], &(*out)[i]);
    return hr;
}

HRESULT WINAPI PeerGroupConnectByAddress(HGROUP hGroup, ULONG cAddresses, PPEER_ADDRESS pAddresses)
{
    struct address *addresses CLEANUP_FREE = NULL;
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (cAddresses == 0 || cAddresses > LIMIT_CONNECT_ADDRESSES || !pAddresses)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = convert_addresses(cAddresses, pAddresses, &addresses);
    return SUCCEEDED(hr) ? engine_group_connect(session, addresses, cAddresses) : hr;
}

HRESULT WINAPI PeerGroupClose(HGROUP hGroup)
{
    uint64_t session;
    HRESULT hr = group_ready();
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    if (FAILED(hr))
        return hr;
    hr = engine_group_close(session);
    /* Of a deleted group only the handle is left to close. */
    if (SUCCEEDED(hr) || hr == PEER_E_INVALID_GROUP)
        group_handle_close(hGroup);
    return hr;
}

HRESULT WINAPI PeerGroupDelete(PCWSTR pwzIdentity, PCWSTR pwzGroupPeerName)
{
    char *identity CLEANUP_FREE = NULL;
    char *group CLEANUP_FREE = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzGroupPeerName)
        return E_INVALIDARG;
    hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &identity);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzGroupPeerName, PEER_E_NOT_FOUND, &group);
    return SUCCEEDED(hr) ? engine_group_delete(identity, group) : hr;
}

HRESULT WINAPI PeerGroupGetStatus(HGROUP hGroup, DWORD *pdwStatus)
{
    uint64_t session;
    uint32_t status;
    if (pdwStatus)
        *pdwStatus = 0;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pdwStatus)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = engine_group_status(session, &status);
    if (SUCCEEDED(hr))
        *pdwStatus = status;
    return hr;
}
