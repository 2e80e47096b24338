/* group_credentials.c - PeerGroupIssueCredentials.
 *
 * What the program says of the subject is checked here and given to the engine as plain values: the
 * key, the dates and the roles; what it says of the issuer is not looked at. Without it the group's
 * own knowledge of the subject decides. Failure: what cannot stand in a certificate at all is
 * E_INVALIDARG; whether the group and this member allow it the engine knows. */
#include "api/api.h"
#include "api/group_convert.h"
#include "api/group_handle.h"
#include "base/limits.h"

/* Both outputs may be wanted, or neither. */
static HRESULT check_arguments(PCWSTR subject, const PEER_CREDENTIAL_INFO *info, DWORD flags)
{
    if (!subject || (flags & ~(DWORD)PEER_GROUP_STORE_CREDENTIALS) != 0)
        return E_INVALIDARG;
    if (!info)
        return S_OK;
    bool sound = info->dwSize == sizeof(*info) && info->dwFlags == 0 && info->pPublicKey &&
                 (info->cRoles == 0 || info->pRoles);
    return sound ? S_OK : E_INVALIDARG;
}

static HRESULT take_info(const PEER_CREDENTIAL_INFO *info, char **friendly_name,
                         struct engine_issue *issue)
{
    issue->given = true;
    issue->validity_start = convert_ticks(&info->ftValidityStart);
    issue->validity_end = convert_ticks(&info->ftValidityEnd);
    HRESULT hr = convert_key_in(info->pPublicKey, issue->key);
    if (SUCCEEDED(hr))
        hr = convert_roles_in(info->cRoles, info->pRoles, &issue->roles);
    if (SUCCEEDED(hr))
        hr =
            api_text(info->pwzFriendlyName, LIMIT_FRIENDLY_NAME_UNITS, E_INVALIDARG, friendly_name);
    issue->friendly_name = *friendly_name;
    return hr;
}

/* The program's copy is made before the group hears of anything. */
static HRESULT issue_and_give(uint64_t session, const struct engine_issue *issue, PWSTR *invitation)
{
    struct engine_issued issued;
    PWSTR text = NULL;
    HRESULT hr = engine_group_issue(session, issue, &issued);
    if (FAILED(hr))
        return hr;
    if (issued.invitation)
        hr = block_text(issued.invitation, &text);
    if (SUCCEEDED(hr) && issue->store)
        hr = engine_group_announce(session, &issued);
    engine_issued_deinit(&issued);
    if (FAILED(hr))
        PeerFreeData(text);
    else if (invitation)
        *invitation = text;
    return hr;
}

HRESULT WINAPI PeerGroupIssueCredentials(HGROUP hGroup, PCWSTR pwzSubjectIdentity,
                                         PEER_CREDENTIAL_INFO *pCredentialInfo, DWORD dwFlags,
                                         PWSTR *ppwzInvitation)
{
    char *subject CLEANUP_FREE = NULL;
    char *friendly_name CLEANUP_FREE = NULL;
    struct engine_issue issue = {.store = (dwFlags & PEER_GROUP_STORE_CREDENTIALS) != 0,
                                 .invitation = ppwzInvitation != NULL};
    uint64_t session;
    if (ppwzInvitation)
        *ppwzInvitation = NULL;
    HRESULT hr = group_ready();
    if (SUCCEEDED(hr))
        hr = check_arguments(pwzSubjectIdentity, pCredentialInfo, dwFlags);
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzSubjectIdentity,
                           pCredentialInfo ? E_INVALIDARG : PEER_E_IDENTITY_NOT_FOUND, &subject);
    if (SUCCEEDED(hr) && pCredentialInfo)
        hr = take_info(pCredentialInfo, &friendly_name, &issue);
    if (FAILED(hr))
        return hr;
    issue.subject = subject;
    return issue_and_give(session, &issue, ppwzInvitation);
}
