/* enum_identities.c - PeerEnumIdentities and PeerEnumGroups: snapshots of PEER_NAME_PAIR.
 *
 * The rows are copied while the user's database is read; the enumeration lives on the copy alone
 * and does not change with what comes later. Failure: the database's codes or E_OUTOFMEMORY, and no
 * enumeration is left. */
#include "api/api.h"
#include "api/enumeration.h"
#include "group/identity.h"

/* A list of pairs, as NUL-terminated texts one behind the other, and where each pair begins. */
struct pairs {
    struct buffer text;
    struct buffer starts; /* size_t each */
};

static void pairs_free(void *context)
{
    struct pairs *pairs = context;
    buffer_deinit(&pairs->text);
    buffer_deinit(&pairs->starts);
    mem_free(pairs);
}

static HRESULT pairs_add(struct pairs *pairs, const char *peer_name, const char *friendly_name)
{
    size_t start = pairs->text.size;
    HRESULT hr = buffer_append(&pairs->starts, &start, sizeof(start));
    if (SUCCEEDED(hr))
        hr = buffer_append(&pairs->text, peer_name, strlen(peer_name) + 1);
    if (SUCCEEDED(hr))
        hr = buffer_append(&pairs->text, friendly_name, strlen(friendly_name) + 1);
    return hr;
}

static HRESULT pairs_item(void *context, uint32_t index, struct block *block, size_t *offset)
{
    const struct pairs *pairs = context;
    size_t start;
    memcpy(&start, pairs->starts.data + index * sizeof(start), sizeof(start));
    const char *peer_name = (const char *)pairs->text.data + start;
    const char *friendly_name = peer_name + strlen(peer_name) + 1;
    HRESULT hr = block_add(block, sizeof(PEER_NAME_PAIR), offset);
    if (FAILED(hr))
        return hr;
    PEER_NAME_PAIR *pair = block_at(block, *offset);
    pair->dwSize = sizeof(*pair);
    hr = block_add_text(block, *offset + offsetof(PEER_NAME_PAIR, pwzPeerName), peer_name);
    if (SUCCEEDED(hr))
        hr = block_add_text(block, *offset + offsetof(PEER_NAME_PAIR, pwzFriendlyName),
                            friendly_name);
    return hr;
}

static HRESULT visit_identity(void *context, const struct identity *identity)
{
    return pairs_add(context, identity->peer_name, identity->friendly_name);
}

static HRESULT visit_group(void *context, const struct group_entry *entry)
{
    return pairs_add(context, entry->group, entry->friendly_name);
}

/* Takes the snapshot: the user's identities, or the groups of one. */
static HRESULT enumerate(const char *identity, HPEERENUM *handle)
{
    struct pairs *pairs = mem_zalloc(sizeof(*pairs));
    if (!pairs)
        return E_OUTOFMEMORY;
    HRESULT hr = identity ? group_entry_each(identity, visit_group, pairs)
                          : identity_each(visit_identity, pairs);
    struct enumeration_source source = {.count = (uint32_t)(pairs->starts.size / sizeof(size_t)),
                                        .item = pairs_item,
                                        .free_context = pairs_free,
                                        .context = pairs};
    if (SUCCEEDED(hr))
        hr = enumeration_new(&source, handle);
    if (FAILED(hr))
        pairs_free(pairs);
    return hr;
}

HRESULT WINAPI PeerEnumIdentities(HPEERENUM *phPeerEnum)
{
    if (!phPeerEnum)
        return E_INVALIDARG;
    *phPeerEnum = NULL;
    return enumerate(NULL, phPeerEnum);
}

HRESULT WINAPI PeerEnumGroups(PCWSTR pwzIdentity, HPEERENUM *phPeerEnum)
{
    char *identity CLEANUP_FREE = NULL;
    if (!phPeerEnum)
        return E_INVALIDARG;
    *phPeerEnum = NULL;
    if (!pwzIdentity)
        return E_INVALIDARG;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &identity);
    return SUCCEEDED(hr) ? enumerate(identity, phPeerEnum) : hr;
}
