/* group_invitation.c - PeerGroupCreateInvitation and PeerGroupParseInvitation.
 *
 * An invitation is made by the engine, which has the inviter's key and chain. Reading one needs
 * neither a group nor an identity: the text is parsed and its signatures are checked here, then
 * written out as one block. What is not trusted is told apart only where the pages do: a later
 * version, an alteration. */
#include "api/api.h"
#include "api/group_convert.h"
#include "api/group_handle.h"
#include "group/invitation.h"

/* The global cloud has no name inside. */
static const char GLOBAL_CLOUD[] = "Global_";

HRESULT WINAPI PeerGroupCreateInvitation(HGROUP hGroup, PCWSTR pwzIdentityInfo,
                                         FILETIME *pftExpiration, ULONG cRoles, const GUID *pRoles,
                                         PWSTR *ppwzInvitation)
{
    char *identity CLEANUP_FREE = NULL;
    char *xml CLEANUP_SECRET_TEXT = NULL;
    struct engine_invite invite = {.expiration = pftExpiration ? convert_ticks(pftExpiration) : 0};
    uint64_t session;
    if (ppwzInvitation)
        *ppwzInvitation = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentityInfo || !ppwzInvitation || (cRoles > 0 && !pRoles))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = convert_roles_in(cRoles, pRoles, &invite.roles);
    if (SUCCEEDED(hr) && pftExpiration && invite.expiration == 0)
        hr = E_INVALIDARG; /* 1601, and the engine's word for "as long as mine" */
    if (SUCCEEDED(hr))
        hr = api_xml(pwzIdentityInfo, E_INVALIDARG, E_INVALIDARG, &identity);
    if (FAILED(hr))
        return hr;
    invite.identity_xml = identity;
    hr = engine_group_invite(session, &invite, &xml);
    return SUCCEEDED(hr) ? block_text(xml, ppwzInvitation) : hr;
}

struct text_place {
    size_t pointer_at;
    const char *text;
};

static HRESULT add_texts(struct block *block, const struct text_place *texts, size_t count)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; i < count && SUCCEEDED(hr); i++)
        hr = block_add_text(block, texts[i].pointer_at, texts[i].text);
    return hr;
}

/* What a certificate says that a password does not: who, from whom, when, as what. */
static HRESULT add_subject(struct block *block, const struct invitation *from)
{
    const struct certificate *subject = from->subject;
    const struct text_place texts[] = {
        {offsetof(PEER_INVITATION_INFO, pwzIssuerPeerName), subject->issuer_name},
        {offsetof(PEER_INVITATION_INFO, pwzIssuerFriendlyName), subject->issuer_friendly_name},
        {offsetof(PEER_INVITATION_INFO, pwzSubjectPeerName), subject->peer_name},
        {offsetof(PEER_INVITATION_INFO, pwzSubjectFriendlyName), subject->friendly_name},
    };
    PEER_INVITATION_INFO *info = block_at(block, 0);
    info->ftValidityStart = convert_filetime(subject->not_before);
    info->ftValidityEnd = convert_filetime(subject->not_after);
    ULONG role_count;
    HRESULT hr = convert_roles_out(block, offsetof(PEER_INVITATION_INFO, pRoles), subject->roles,
                                   &role_count);
    if (FAILED(hr))
        return hr;
    info = block_at(block, 0);
    info->cRoles = role_count;
    hr = add_texts(block, texts, sizeof(texts) / sizeof(texts[0]));
    if (SUCCEEDED(hr))
        hr =
            convert_key_out(block, offsetof(PEER_INVITATION_INFO, pSubjectPublicKey), subject->key);
    return hr;
}

static HRESULT give(const struct invitation *from, PPEER_INVITATION_INFO *result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    const struct text_place texts[] = {
        {offsetof(PEER_INVITATION_INFO, pwzCloudName), from->cloud[0] ? from->cloud : GLOBAL_CLOUD},
        {offsetof(PEER_INVITATION_INFO, pwzGroupPeerName), from->group_name},
        {offsetof(PEER_INVITATION_INFO, pwzGroupFriendlyName), from->group_friendly_name},
    };
    void *finished;
    size_t offset;
    HRESULT hr = block_add(&block, sizeof(PEER_INVITATION_INFO), &offset);
    if (FAILED(hr))
        return hr;
    PEER_INVITATION_INFO *info = block_at(&block, offset);
    info->dwSize = sizeof(*info);
    info->dwScope = from->scope;
    info->dwCloudFlags = from->cloud_flags;
    info->authScheme = (PEER_GROUP_AUTHENTICATION_SCHEME)from->scheme;
    hr = add_texts(&block, texts, sizeof(texts) / sizeof(texts[0]));
    if (SUCCEEDED(hr) && from->subject)
        hr = add_subject(&block, from);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    if (SUCCEEDED(hr))
        *result = finished;
    return hr;
}

HRESULT WINAPI PeerGroupParseInvitation(PCWSTR pwzInvitation,
                                        PPEER_INVITATION_INFO *ppInvitationInfo)
{
    char *xml CLEANUP_SECRET_TEXT = NULL;
    struct invitation invitation CLEANUP(invitation_deinit) = {.scheme = 0};
    if (ppInvitationInfo)
        *ppInvitationInfo = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzInvitation || !ppInvitationInfo)
        return E_INVALIDARG;
    hr = api_xml(pwzInvitation, E_INVALIDARG, PEER_E_INVITATION_NOT_TRUSTED, &xml);
    if (SUCCEEDED(hr))
        hr = invitation_parse(bytes_of_text(xml), &invitation);
    return SUCCEEDED(hr) ? give(&invitation, ppInvitationInfo) : hr;
}
