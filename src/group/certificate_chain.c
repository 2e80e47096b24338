/* certificate_chain.c - links between certificates, and chains of them from the group down.
 *
 * certificate_link_holds compares two rows; certificate_check_issued adds what needs bytes: the
 * hash of the child's DER, its depth and its issuer's signature. chain_parse counts the list,
 * copies it once, reads each certificate into its row and holds each link against the one above.
 * Whatever is wrong is PEER_E_INVALID_RECORD, too deep PEER_E_CHAIN_TOO_LONG, a key that comes
 * twice PEER_E_CIRCULAR_CHAIN_DETECTED; after a failure the chain is empty. */
#include "group/certificate_format.h"

enum { CHAIN_COUNT_MAX = LIMIT_CHAIN_LENGTH + 1, LENGTH_SIZE = 4 };

bool certificate_link_holds(const struct certificate *child, const struct certificate *issuer)
{
    bool root = issuer->kind == CERTIFICATE_GROUP;
    return child->kind == CERTIFICATE_MEMBER && (root || issuer->kind == CERTIFICATE_MEMBER) &&
           hash_equal(&child->issuer, &issuer->hash) &&
           hash_equal(&child->issuer_key_hash, &issuer->key_hash) &&
           !hash_equal(&child->key_hash, &issuer->key_hash) &&
           strcmp(child->issuer_name, issuer->peer_name) == 0 &&
           strcmp(child->issuer_friendly_name, issuer->friendly_name) == 0 &&
           strcmp(child->group_name, issuer->group_name) == 0 &&
           (root || roles_may_issue(issuer->roles, child->roles)) && (root || !child->deputy) &&
           child->not_before >= issuer->not_before && child->not_after <= issuer->not_after;
}

HRESULT certificate_check_issued(struct bytes der, const struct certificate *child,
                                 const struct certificate *issuer, unsigned depth)
{
    struct hash hash;
    struct bytes body, signature;
    if (depth > LIMIT_CHAIN_LENGTH)
        return PEER_E_CHAIN_TOO_LONG;
    if (depth == 0 || (depth == 1) != (issuer->kind == CERTIFICATE_GROUP) ||
        !certificate_link_holds(child, issuer))
        return PEER_E_INVALID_RECORD;
    HRESULT hr = certificate_split(der, &body, &signature);
    if (FAILED(hr))
        return hr;
    hash_sha256(der.data, der.size, &hash);
    bool good = hash_equal(&hash, &child->hash) &&
                signature_check(issuer->key, body.data, body.size, signature.data);
    return good ? S_OK : PEER_E_INVALID_RECORD;
}

static size_t length_read(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Walks the list; *next gets the certificate at its head. False: not a list. */
static bool list_take(struct bytes *list, struct bytes *next)
{
    if (list->size < LENGTH_SIZE)
        return false;
    size_t size = length_read(list->data);
    if (size > LIMIT_CERTIFICATE_SIZE || size > list->size - LENGTH_SIZE)
        return false;
    *next = bytes_of(list->data + LENGTH_SIZE, size);
    *list = bytes_of(next->data + size, list->size - LENGTH_SIZE - size);
    return true;
}

static HRESULT list_count(struct bytes list, uint32_t *count)
{
    struct bytes one;
    for (*count = 0; list.size > 0; (*count)++) {
        if (*count == CHAIN_COUNT_MAX)
            return PEER_E_CHAIN_TOO_LONG;
        if (!list_take(&list, &one))
            return PEER_E_INVALID_RECORD;
    }
    return *count > 0 ? S_OK : PEER_E_INVALID_RECORD;
}

/* Reads the certificate at an index and holds it against those above it. */
static HRESULT chain_add(struct chain *chain, const char *group_name)
{
    uint32_t at = chain->count;
    struct certificate *certificate = &chain->certificates[at];
    HRESULT hr = certificate_parse(chain->ders[at], certificate);
    if (FAILED(hr))
        return hr;
    chain->count++;
    if (at == 0) {
        bool good = certificate->kind == CERTIFICATE_GROUP &&
                    (!group_name || strcmp(group_name, certificate->group_name) == 0);
        return good ? S_OK : PEER_E_INVALID_RECORD;
    }
    for (uint32_t above = 0; above < at; above++) {
        if (hash_equal(&chain->certificates[above].key_hash, &certificate->key_hash))
            return PEER_E_CIRCULAR_CHAIN_DETECTED;
    }
    return certificate_check_issued(chain->ders[at], certificate, certificate - 1, at);
}

void chain_deinit(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++)
        certificate_deinit(&chain->certificates[i]);
    mem_free(chain->certificates);
    mem_free(chain->ders);
    mem_free(chain->owned);
    *chain = (struct chain){.count = 0};
}

HRESULT chain_parse(struct bytes list, const char *group_name, struct chain *chain)
{
    *chain = (struct chain){.count = 0};
    uint32_t count = 0;
    HRESULT hr = list_count(list, &count);
    if (FAILED(hr))
        return hr;
    chain->certificates = mem_calloc(count, sizeof(*chain->certificates));
    chain->ders = mem_calloc(count, sizeof(*chain->ders));
    chain->owned = mem_dup(list.data, list.size);
    if (!chain->certificates || !chain->ders || !chain->owned)
        hr = E_OUTOFMEMORY;
    struct bytes rest = bytes_of(chain->owned, list.size);
    while (SUCCEEDED(hr) && chain->count < count) {
        bool taken = list_take(&rest, &chain->ders[chain->count]);
        ASSERT(taken);
        hr = chain_add(chain, group_name);
    }
    if (FAILED(hr))
        chain_deinit(chain);
    return hr;
}

HRESULT chain_encode(const struct bytes *ders, uint32_t count, struct buffer *out)
{
    size_t before = out->size;
    HRESULT hr = S_OK;
    for (uint32_t i = 0; SUCCEEDED(hr) && i < count; i++) {
        size_t size = ders[i].size;
        ASSERT(size <= LIMIT_CERTIFICATE_SIZE);
        uint8_t length[LENGTH_SIZE] = {0, 0, (uint8_t)(size >> 8), (uint8_t)size};
        hr = buffer_append(out, length, sizeof(length));
        if (SUCCEEDED(hr))
            hr = buffer_append(out, ders[i].data, size);
    }
    if (FAILED(hr))
        out->size = before;
    return hr;
}

bool chain_valid_at(const struct chain *chain, uint64_t utc, uint64_t grace)
{
    uint64_t latest = utc > UINT64_MAX - grace ? UINT64_MAX : utc + grace;
    uint64_t earliest = utc < grace ? 0 : utc - grace;
    bool valid = chain->count > 0;
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct certificate *one = &chain->certificates[i];
        valid = valid && latest >= one->not_before && earliest <= one->not_after;
    }
    return valid;
}
