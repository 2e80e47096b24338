/* security_revoke.c - the revocations by which a member is removed.
 *
 * Happy path: the member's certificates that are alive are all within the right of one own
 * certificate (or of the group key); T covers them; what this node holds and is to stay is gathered
 * into keep-lists, and each list is sealed as one record. Failure: nothing is stored here, so
 * nothing has to be undone. A removal that would leave the member a living certificate is refused
 * whole. */
#include "group/removal.h"
#include "group/security_internal.h"

#include <sodium.h>

/* The first list is short, so that it fits into what a stranger may be sent in a handshake. */
enum { FIRST_KEEP_MAX = 256 };

/* T may be a day ahead of the signing; an hour is left for clocks that differ. */
#define AHEAD_MAX (23 * 3600 * TICKS_PER_SECOND)

struct revoking {
    struct security *security;
    struct hash key;
    unsigned flags;
    const struct certificate_row *seal;
    uint64_t now;
    uint64_t time;
    struct buffer keep; /* digests */
};

void sealed_list_deinit(struct sealed_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        sealed_record_deinit(&list->items[i]);
    mem_free(list->items);
    *list = (struct sealed_list){.items = NULL};
}

/* ---- who and by whom ---- */

struct search {
    const char *peer_name;
    const struct certificate_row *found;
};

static HRESULT compare_name(void *context, struct certificate_row *row)
{
    struct search *search = context;
    if (strcmp(row->peer_name, search->peer_name) != 0)
        return S_OK;
    search->found = row;
    return S_FALSE;
}

HRESULT security_find_name(struct security *security, const char *peer_name, struct hash *key)
{
    struct search search = {.peer_name = peer_name};
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && hr == S_OK; depth++)
        hr = certificate_table_each(security->table, depth, compare_name, &search);
    if (FAILED(hr))
        return hr;
    if (!search.found)
        return PEER_E_NOT_FOUND;
    *key = search.found->key_hash;
    return S_OK;
}

static bool is_alive(const struct security *security, const struct certificate_row *row)
{
    return row->depth > 0 && !revocation_certificate_dead(security->revocations, row);
}

static bool covers(const struct revoking *revoking, const struct certificate_row *seal)
{
    const struct security *security = revoking->security;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &revoking->key);
         row; row = row->next_of_key) {
        if (is_alive(security, row) && !revocation_may_revoke(seal, row))
            return false;
    }
    return true;
}

/* The group key, else a deputy's certificate, else the newest one that suffices. */
static HRESULT choose_seal(struct revoking *revoking)
{
    struct security *security = revoking->security;
    if (security->group_key) {
        revoking->seal = certificate_table_root(security->table);
        return S_OK;
    }
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        bool usable = row->own && is_alive(security, row) && row->not_before <= revoking->now &&
                      certificate_row_valid(row, security->utc, 0) &&
                      (row->deputy || (row->roles & ROLE_ADMIN)) && covers(revoking, row);
        const struct certificate_row *best = revoking->seal;
        bool better = !best || (row->deputy && !best->deputy) ||
                      (row->deputy == best->deputy && certificate_row_preferred(row, best));
        if (usable && better)
            revoking->seal = row;
    }
    return revoking->seal ? S_OK : PEER_E_NOT_AUTHORIZED;
}

/* [protocol 7] T is a second ago, so that a readmission can begin at once, or as late as the
 * certificates that are to die; S_FALSE: none lives. */
static HRESULT choose_time(struct revoking *revoking)
{
    const struct security *security = revoking->security;
    uint64_t latest = revoking->now + AHEAD_MAX;
    HRESULT hr = S_FALSE;
    revoking->time = security->utc < latest ? security->utc : latest;
    revoking->time -= revoking->time % TICKS_PER_SECOND + TICKS_PER_SECOND;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &revoking->key);
         row; row = row->next_of_key) {
        if (!is_alive(security, row))
            continue;
        hr = S_OK;
        if (row->not_before > revoking->time && row->not_before <= latest)
            revoking->time = row->not_before;
    }
    return hr;
}

/* ---- what stays ---- */

/* Whose membership a record announces is in its payload, or in who sealed it. */
static HRESULT announces_removed(const struct revoking *revoking, const struct store_record *row,
                                 bool *yes)
{
    struct store_record whole;
    struct bytes last;
    struct hash hash;
    *yes = row->payload_size == 0;
    if (*yes || row->deleted)
        return S_OK;
    struct security *security = revoking->security;
    HRESULT hr = security->store->ops->get(security->store, &row->id, &whole);
    if (FAILED(hr))
        return hr;
    if (certificate_list_last(whole.payload, &last)) {
        hash_sha256(last.data, last.size, &hash);
        const struct certificate_row *subject = certificate_table_find(security->table, &hash);
        *yes = subject && hash_equal(&subject->key_hash, &revoking->key);
    }
    store_record_deinit(&whole);
    return S_OK;
}

/* Who is gone is not present and is announced no more; all else stays as it is here. */
static HRESULT keep_record(void *context, const struct store_record *row)
{
    struct revoking *revoking = context;
    bool own_words = guid_equal(&row->type, &RECORD_TYPE_PRESENCE) ||
                     guid_equal(&row->type, &RECORD_TYPE_CONTACT) ||
                     guid_equal(&row->type, &RECORD_TYPE_SIGNATURE);
    HRESULT hr = S_OK;
    if (guid_equal(&row->type, &RECORD_TYPE_MEMBERSHIP))
        hr = announces_removed(revoking, row, &own_words);
    if (FAILED(hr) || own_words)
        return hr;
    return buffer_append(&revoking->keep, row->digest.bytes, HASH_SIZE);
}

static bool is_below_removed(const struct revoking *revoking, const struct certificate_row *row)
{
    for (row = row->issuer; row; row = row->issuer) {
        if (hash_equal(&row->key_hash, &revoking->key))
            return true;
    }
    return false;
}

/* The member's own certificates give their records; those that it issued stay themselves, or, where
 * they go too, give theirs. */
static HRESULT keep_of_row(void *context, struct certificate_row *row)
{
    struct revoking *revoking = context;
    struct security *security = revoking->security;
    bool with_issued = revoking->flags & REVOKE_WITH_ISSUED;
    bool own = hash_equal(&row->key_hash, &revoking->key);
    bool issued = !own && hash_equal(&row->issuer->key_hash, &revoking->key);
    if (!is_alive(security, row))
        return S_OK;
    if (issued && !with_issued)
        return buffer_append(&revoking->keep, row->hash.bytes, HASH_SIZE);
    bool falls = own || (with_issued && is_below_removed(revoking, row));
    if (!falls || (revoking->flags & REVOKE_DROP_RECORDS))
        return S_OK;
    return security->store->ops->each_by_certificate(security->store, &row->hash, keep_record,
                                                     revoking);
}

static HRESULT gather_keep(struct revoking *revoking)
{
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && SUCCEEDED(hr); depth++)
        hr = certificate_table_each(revoking->security->table, depth, keep_of_row, revoking);
    return hr;
}

/* ---- the records ---- */

static struct record draft(const struct revoking *revoking)
{
    const struct security *security = revoking->security;
    bool by_group = revoking->seal->depth == 0;
    struct record record = {.type = RECORD_TYPE_REVOCATION,
                            .version = 1,
                            .created = revoking->now,
                            .modified = revoking->now,
                            .expiration = revoking->seal->not_after,
                            .creator = revoking->seal->key_hash,
                            .creator_name =
                                bytes_of_text(by_group ? security->graph_id : security->peer_name)};
    randombytes_buf(record.nonce, sizeof(record.nonce));
    record_make_id(bytes_of_text(security->graph_id), &record, &record.id);
    return record;
}

/* Seals as every receiver will judge it: what would be refused is not made. */
static HRESULT finish(const struct revoking *revoking, const struct record *record,
                      struct sealed_record *sealed)
{
    struct security *security = revoking->security;
    struct verify_job job;
    HRESULT hr = record_header_encode(record, &sealed->header);
    if (SUCCEEDED(hr))
        hr = record_header_decode(buffer_view(&sealed->header), &sealed->record);
    if (FAILED(hr))
        return hr;
    record_digest(bytes_of_text(security->graph_id), buffer_view(&sealed->header), &sealed->digest);
    const struct signing_key *key =
        revoking->seal->depth == 0 ? security->group_key : security->key;
    security_sign(key, revoking->seal, &sealed->digest, &sealed->seal);
    hr = security_judge(&security->provider, &sealed->record, &sealed->digest, &sealed->seal,
                        buffer_view(&sealed->payload), &job);
    return hr == PEER_E_INVALID_RECORD ? PEER_E_NOT_AUTHORIZED : hr;
}

static HRESULT seal_part(const struct revoking *revoking, const uint8_t *digests, uint32_t count,
                         struct sealed_record *sealed)
{
    CLEANUP_FREE struct hash *keep = NULL;
    *sealed = (struct sealed_record){.header = BUFFER_NULL};
    if (count > 0) {
        keep = mem_dup(digests, (size_t)count * HASH_SIZE);
        if (!keep)
            return E_OUTOFMEMORY;
    }
    struct record record = draft(revoking);
    HRESULT hr = revocation_encode(&revoking->key, revoking->time, keep, count, &sealed->payload);
    if (SUCCEEDED(hr)) {
        record.payload_size = sealed->payload.size;
        hr = payload_root(buffer_view(&sealed->payload), &record.payload_root);
    }
    if (SUCCEEDED(hr))
        hr = finish(revoking, &record, sealed);
    if (FAILED(hr))
        sealed_record_deinit(sealed);
    return hr;
}

static HRESULT seal_all(const struct revoking *revoking, struct sealed_list *list)
{
    uint32_t count = (uint32_t)(revoking->keep.size / HASH_SIZE);
    uint32_t first = count < FIRST_KEEP_MAX ? count : FIRST_KEEP_MAX;
    uint32_t parts = 1 + (count - first + REVOCATION_KEEP_MAX - 1) / REVOCATION_KEEP_MAX;
    list->items = mem_calloc(parts, sizeof(*list->items));
    if (!list->items)
        return E_OUTOFMEMORY;
    HRESULT hr = S_OK;
    for (uint32_t at = 0, size = first; SUCCEEDED(hr) && list->count < parts; at += size) {
        if (list->count > 0)
            size = count - at < REVOCATION_KEEP_MAX ? count - at : REVOCATION_KEEP_MAX;
        const uint8_t *digests = size > 0 ? revoking->keep.data + (size_t)at * HASH_SIZE : NULL;
        hr = seal_part(revoking, digests, size, &list->items[list->count]);
        list->count += SUCCEEDED(hr);
    }
    return hr;
}

HRESULT security_revoke(struct security *security, const char *peer_name, unsigned flags,
                        uint64_t now, struct sealed_list *list)
{
    struct revoking revoking = {.security = security, .flags = flags, .now = now};
    *list = (struct sealed_list){.items = NULL};
    HRESULT hr = security_find_name(security, peer_name, &revoking.key);
    if (FAILED(hr))
        return hr;
    if (hash_equal(&revoking.key, &security->key_hash))
        return E_INVALIDARG;
    hr = choose_seal(&revoking);
    if (SUCCEEDED(hr))
        hr = choose_time(&revoking);
    if (hr != S_OK)
        return hr;
    hr = gather_keep(&revoking);
    if (SUCCEEDED(hr))
        hr = seal_all(&revoking, list);
    buffer_deinit(&revoking.keep);
    if (FAILED(hr))
        sealed_list_deinit(list);
    return hr;
}
