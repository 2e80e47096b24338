/* group_password.c - PeerGroupPasswordJoin, PeerGroupCreatePasswordInvitation and
 * PeerGroupResumePasswordAuthentication.
 *
 * Each sets its results to NULL, checks pointers, then its handles, converts its strings and makes
 * one request to the engine, which derives the password on this very thread. The copy of the
 * password is wiped. Failure: a password that no group can have is E_INVALIDARG, like any text that
 * cannot be what its parameter is. */
#include "api/api.h"
#include "api/block.h"
#include "api/group_handle.h"
#include "api/secret.h"
#include "engine/engine.h"

static HRESULT password_argument(PCWSTR units, char **password)
{
    HRESULT hr = api_secret(units, password);
    return SUCCEEDED(hr) && !(*password)[0] ? E_INVALIDARG : hr;
}

HRESULT WINAPI PeerGroupPasswordJoin(PCWSTR pwzIdentity, PCWSTR pwzInvitation, PCWSTR pwzPassword,
                                     PCWSTR pwzCloud, HGROUP *phGroup)
{
    char *identity CLEANUP_FREE = NULL;
    char *invitation CLEANUP_SECRET_TEXT = NULL;
    char *cloud CLEANUP_FREE = NULL;
    char *password CLEANUP_SECRET_TEXT = NULL;
    struct group_opening opening;
    if (phGroup)
        *phGroup = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity || !pwzInvitation || !pwzPassword || !phGroup)
        return E_INVALIDARG;
    hr = api_peer_name(pwzIdentity, PEER_E_INVALID_PEER_NAME, &identity);
    if (SUCCEEDED(hr))
        hr = api_xml(pwzInvitation, E_INVALIDARG, PEER_E_INVITATION_NOT_TRUSTED, &invitation);
    if (SUCCEEDED(hr))
        hr = password_argument(pwzPassword, &password);
    if (SUCCEEDED(hr))
        hr = api_cloud(pwzCloud, &cloud);
    if (SUCCEEDED(hr))
        hr = group_opening_begin(&opening);
    if (FAILED(hr))
        return hr;
    const struct engine_password_join join = {
        .identity = identity, .invitation = invitation, .password = password, .cloud = cloud};
    hr = engine_group_password_join(&join, &opening.session);
    return group_opening_end(&opening, hr, phGroup);
}

HRESULT WINAPI PeerGroupCreatePasswordInvitation(HGROUP hGroup, PWSTR *ppwzInvitation)
{
    char *xml CLEANUP_SECRET_TEXT = NULL;
    uint64_t session;
    if (ppwzInvitation)
        *ppwzInvitation = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!ppwzInvitation)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = engine_group_invite_password(session, &xml);
    return SUCCEEDED(hr) ? block_text(xml, ppwzInvitation) : hr;
}

HRESULT WINAPI PeerGroupResumePasswordAuthentication(HGROUP hGroup, HPEEREVENT hPeerEventHandle)
{
    uint64_t session, registration;
    HRESULT hr = group_ready();
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = group_registration(hPeerEventHandle, &registration);
    return SUCCEEDED(hr) ? engine_group_resume(session, registration) : hr;
}
