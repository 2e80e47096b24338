/* group_removal.c - PeerGroupRevokeMember, PeerGroupEnumRevocations, PeerGroupGetRemoval,
 * PeerGroupAppointDeputy: our own calls for what the documented interface lacks.
 *
 * Arguments are checked as everywhere and handed to the engine; a removal is written out as one
 * block, alone or as an item of an enumeration. A member that is not known is PEER_E_NOT_FOUND,
 * also where its name is longer than any peer name. */
#include "api/api.h"
#include "api/enumeration.h"
#include "api/group_convert.h"
#include "api/group_handle.h"
#include "group/removal.h"

#include <peergroup/extensions.h>

_Static_assert((int)PEER_GROUP_REVOKE_DROP_RECORDS == (int)REVOKE_DROP_RECORDS &&
                   (int)PEER_GROUP_REVOKE_WITH_ISSUED == (int)REVOKE_WITH_ISSUED,
               "flags are passed on as they are");

HRESULT WINAPI PeerGroupRevokeMember(HGROUP hGroup, PCWSTR pwzIdentity, DWORD dwFlags)
{
    const DWORD known = PEER_GROUP_REVOKE_DROP_RECORDS | PEER_GROUP_REVOKE_WITH_ISSUED;
    char *identity CLEANUP_FREE = NULL;
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity || (dwFlags & ~known))
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &identity);
    return SUCCEEDED(hr) ? engine_member_revoke(session, identity, dwFlags) : hr;
}

HRESULT WINAPI PeerGroupAppointDeputy(HGROUP hGroup, PCWSTR pwzIdentity)
{
    char *identity CLEANUP_FREE = NULL;
    uint64_t session;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!pwzIdentity)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &identity);
    return SUCCEEDED(hr) ? engine_member_appoint(session, identity) : hr;
}

/* ---- removals as blocks ---- */

static HRESULT add_names(struct block *block, size_t at, const struct engine_removal *removal)
{
    HRESULT hr = block_add_text(block, at + offsetof(PEER_GROUP_REVOCATION, pwzIdentity),
                                removal->peer_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, at + offsetof(PEER_GROUP_REVOCATION, pwzFriendlyName),
                            removal->friendly_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, at + offsetof(PEER_GROUP_REVOCATION, pwzSignerPeerName),
                            removal->signer_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, at + offsetof(PEER_GROUP_REVOCATION, pwzSignerFriendlyName),
                            removal->signer_friendly_name);
    return hr;
}

static DWORD flags_of(const struct engine_removal *removal)
{
    return (removal->in_force ? (DWORD)PEER_GROUP_REVOCATION_IN_FORCE : 0) |
           (removal->by_group ? (DWORD)PEER_GROUP_REVOCATION_BY_GROUP : 0) |
           (removal->readmitted ? (DWORD)PEER_GROUP_REVOCATION_READMITTED : 0);
}

static HRESULT removal_item(void *context, uint32_t index, struct block *block, size_t *offset)
{
    const struct engine_removal_list *list = context;
    const struct engine_removal *removal = &list->items[index];
    HRESULT hr = block_add(block, sizeof(PEER_GROUP_REVOCATION), offset);
    if (FAILED(hr))
        return hr;
    PEER_GROUP_REVOCATION *info = block_at(block, *offset);
    info->dwSize = sizeof(*info);
    info->dwFlags = flags_of(removal);
    info->ftTime = convert_filetime(removal->time);
    info->ullKept = removal->kept;
    info->keyHash.cbData = HASH_SIZE;
    hr = add_names(block, *offset, removal);
    if (SUCCEEDED(hr))
        hr = block_add_bytes(block, *offset + offsetof(PEER_GROUP_REVOCATION, keyHash.pbData),
                             bytes_of(removal->key.bytes, HASH_SIZE));
    return hr;
}

static void removals_free(void *context)
{
    engine_removal_list_deinit(context);
    mem_free(context);
}

/* Takes the snapshot. */
static HRESULT enumerate(uint64_t session, HPEERENUM *handle)
{
    struct engine_removal_list *list = mem_zalloc(sizeof(*list));
    if (!list)
        return E_OUTOFMEMORY;
    HRESULT hr = engine_removals(session, false, list);
    const struct enumeration_source source = {.count = list->count,
                                              .item = removal_item,
                                              .free_context = removals_free,
                                              .context = list,
                                              .of_group = true};
    if (SUCCEEDED(hr))
        hr = enumeration_new(&source, handle);
    if (FAILED(hr))
        removals_free(list);
    return hr;
}

HRESULT WINAPI PeerGroupEnumRevocations(HGROUP hGroup, HPEERENUM *phPeerEnum)
{
    uint64_t session;
    if (phPeerEnum)
        *phPeerEnum = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!phPeerEnum)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    return SUCCEEDED(hr) ? enumerate(session, phPeerEnum) : hr;
}

static HRESULT give_first(struct engine_removal_list *list, PPEER_GROUP_REVOCATION *result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    void *finished;
    size_t offset;
    HRESULT hr = removal_item(list, 0, &block, &offset);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    if (SUCCEEDED(hr))
        *result = finished;
    return hr;
}

HRESULT WINAPI PeerGroupGetRemoval(HGROUP hGroup, PPEER_GROUP_REVOCATION *ppRemoval)
{
    struct engine_removal_list list = {.items = NULL};
    uint64_t session;
    if (ppRemoval)
        *ppRemoval = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!ppRemoval)
        return E_INVALIDARG;
    hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = engine_removals(session, true, &list);
    if (FAILED(hr))
        return hr;
    hr = list.count > 0 ? give_first(&list, ppRemoval) : S_FALSE;
    engine_removal_list_deinit(&list);
    return hr;
}
