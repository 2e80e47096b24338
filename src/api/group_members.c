/* group_members.c - PeerGroupEnumMembers: who belongs to a group, who is there, and where.
 *
 * The engine gives a copy of what it knows at the moment of the call, this member first; the
 * enumeration lives on it and builds each PEER_MEMBER, with its addresses and credentials, when it
 * is asked for. */
#include "api/api.h"
#include "api/enumeration.h"
#include "api/group_convert.h"
#include "api/group_handle.h"

static HRESULT add_addresses(struct block *block, size_t pointer_at,
                             const struct engine_member *member)
{
    PEER_ADDRESS addresses[LIMIT_ADDRESSES];
    ASSERT(member->address_count <= LIMIT_ADDRESSES);
    for (uint32_t i = 0; i < member->address_count; i++)
        addresses[i] = convert_address_out(&member->addresses[i]);
    return block_add_bytes(block, pointer_at,
                           bytes_of(addresses, member->address_count * sizeof(addresses[0])));
}

static HRESULT add_credential_texts(struct block *block, size_t at,
                                    const struct engine_member *member)
{
    HRESULT hr = block_add_text(block, at + offsetof(PEER_CREDENTIAL_INFO, pwzFriendlyName),
                                member->friendly_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, at + offsetof(PEER_CREDENTIAL_INFO, pwzIssuerPeerName),
                            member->issuer_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, at + offsetof(PEER_CREDENTIAL_INFO, pwzIssuerFriendlyName),
                            member->issuer_friendly_name);
    return hr;
}

static HRESULT add_credential(struct block *block, size_t pointer_at,
                              const struct engine_member *member)
{
    size_t at;
    ULONG role_count;
    HRESULT hr = block_add(block, sizeof(PEER_CREDENTIAL_INFO), &at);
    if (SUCCEEDED(hr))
        hr = block_link(block, pointer_at, at);
    if (SUCCEEDED(hr))
        hr = convert_roles_out(block, at + offsetof(PEER_CREDENTIAL_INFO, pRoles), member->roles,
                               &role_count);
    if (FAILED(hr))
        return hr;
    PEER_CREDENTIAL_INFO *info = block_at(block, at);
    info->dwSize = sizeof(*info);
    info->ftValidityStart = convert_filetime(member->validity_start);
    info->ftValidityEnd = convert_filetime(member->validity_end);
    info->cRoles = role_count;
    hr = add_credential_texts(block, at, member);
    if (SUCCEEDED(hr))
        hr = convert_key_out(block, at + offsetof(PEER_CREDENTIAL_INFO, pPublicKey), member->key);
    return hr;
}

static HRESULT member_item(void *context, uint32_t index, struct block *block, size_t *offset)
{
    const struct engine_member_list *list = context;
    const struct engine_member *member = &list->items[index];
    HRESULT hr = block_add(block, sizeof(PEER_MEMBER), offset);
    if (FAILED(hr))
        return hr;
    PEER_MEMBER *info = block_at(block, *offset);
    info->dwSize = sizeof(*info);
    info->dwFlags = member->present ? PEER_MEMBER_PRESENT : 0;
    info->ullNodeId = member->node_id;
    info->cAddresses = member->address_count;
    hr = block_add_text(block, *offset + offsetof(PEER_MEMBER, pwzIdentity), member->peer_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, *offset + offsetof(PEER_MEMBER, pwzAttributes),
                            member->attributes);
    if (SUCCEEDED(hr))
        hr = add_addresses(block, *offset + offsetof(PEER_MEMBER, pAddresses), member);
    if (SUCCEEDED(hr))
        hr = add_credential(block, *offset + offsetof(PEER_MEMBER, pCredentialInfo), member);
    return hr;
}

static void members_free(void *context)
{
    engine_member_list_deinit(context);
    mem_free(context);
}

/* Takes the snapshot. */
static HRESULT enumerate(uint64_t session, bool present_only, const char *identity,
                         HPEERENUM *handle)
{
    struct engine_member_list *list = mem_zalloc(sizeof(*list));
    if (!list)
        return E_OUTOFMEMORY;
    HRESULT hr = engine_members(session, present_only, identity, list);
    const struct enumeration_source source = {.count = list->count,
                                              .item = member_item,
                                              .free_context = members_free,
                                              .context = list,
                                              .of_group = true};
    if (SUCCEEDED(hr))
        hr = enumeration_new(&source, handle);
    if (FAILED(hr))
        members_free(list);
    return hr;
}

HRESULT WINAPI PeerGroupEnumMembers(HGROUP hGroup, DWORD dwFlags, PCWSTR pwzIdentity,
                                    HPEERENUM *phPeerEnum)
{
    char *identity CLEANUP_FREE = NULL;
    uint64_t session;
    if (phPeerEnum)
        *phPeerEnum = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!phPeerEnum || (dwFlags & ~(DWORD)PEER_MEMBER_PRESENT))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzIdentity, E_INVALIDARG, &identity);
    return SUCCEEDED(hr) ? enumerate(session, dwFlags & PEER_MEMBER_PRESENT, identity, phPeerEnum)
                         : hr;
}
