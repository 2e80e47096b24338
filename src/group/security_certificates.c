/* security_certificates.c - certificates come, are found, are sent on, and go when nothing needs
 * them.
 *
 * Happy path: a chain arrives from the root down; what is new is verified against its issuer's row
 * and kept in table and store at once. At opening the table is filled from the store, parents
 * before children. Now and then, what neither a record, a child, a revocation nor a link has needed
 * for two collections goes. Failure: a chain with one bad certificate keeps those above it, which
 * were good in themselves. */
#include "group/security_internal.h"

#include "wire/wire.h"

bool security_certificate_has(struct provider *provider, const struct hash *certificate)
{
    return certificate_table_find(security_of(provider)->table, certificate) != NULL;
}

HRESULT security_certificate_chain(struct provider *provider, const struct hash *certificate,
                                   struct buffer *out)
{
    struct security *security = security_of(provider);
    const struct certificate_row *path[LIMIT_CHAIN_LENGTH + 1];
    uint32_t count = 0;
    for (const struct certificate_row *row = certificate_table_find(security->table, certificate);
         row; row = row->issuer)
        path[count++] = row;
    if (count == 0)
        return PEER_E_NOT_FOUND;
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    size_t before = out->size;
    HRESULT hr = S_OK;
    while (count-- > 0 && SUCCEEDED(hr)) {
        hr = security->store->ops->certificate_get(security->store, &path[count]->hash, &der);
        struct bytes view = buffer_view(&der);
        if (SUCCEEDED(hr))
            hr = chain_encode(&view, 1, out);
    }
    if (FAILED(hr))
        out->size = before;
    return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
}

HRESULT security_store_certificate(struct security *security, const struct certificate_row *row,
                                   struct bytes der)
{
    const struct store_certificate stored = {
        .hash = row->hash,
        .issuer = row->issuer ? row->issuer->hash : row->hash,
        .subject_key = row->key_hash,
        .der = der,
    };
    return security->store->ops->certificate_put(security->store, &stored);
}

HRESULT security_keep(struct security *security, struct bytes der, struct certificate_row **row)
{
    struct certificate_row *added;
    HRESULT hr = certificate_table_add(security->table, der, &added);
    if (row)
        *row = SUCCEEDED(hr) ? added : NULL;
    if (hr != S_OK)
        return hr;
    hr = security_store_certificate(security, added, der);
    if (FAILED(hr)) {
        certificate_table_remove(security->table, added);
        if (row)
            *row = NULL;
        return hr;
    }
    /* What was removed before it came is no news. */
    added->gone = revocation_certificate_dead(security->revocations, added);
    return hr;
}

HRESULT security_certificate_take(struct provider *provider, struct bytes chain)
{
    struct security *security = security_of(provider);
    struct wire_reader reader;
    wire_reader_init(&reader, chain);
    uint32_t count = 0;
    while (wire_left(&reader) > 0) {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        if (reader.failed || ++count > LIMIT_CHAIN_LENGTH + 1)
            return PEER_E_INVALID_RECORD;
        HRESULT hr = security_keep(security, der, NULL);
        if (hr == PEER_E_DEFERRED_VALIDATION || hr == PEER_E_CHAIN_TOO_LONG)
            return PEER_E_INVALID_RECORD;
        if (FAILED(hr))
            return hr;
    }
    return reader.failed || count == 0 ? PEER_E_INVALID_RECORD : S_OK;
}

bool certificate_list_last(struct bytes list, struct bytes *last)
{
    struct wire_reader reader;
    wire_reader_init(&reader, list);
    *last = bytes_of(NULL, 0);
    while (wire_left(&reader) > 0)
        *last = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
    return !reader.failed && last->size > 0;
}

bool certificate_list_is_chain_of(struct bytes list, const struct certificate_row *row)
{
    const struct certificate_row *path[LIMIT_CHAIN_LENGTH + 1];
    uint32_t count = 0;
    struct wire_reader reader;
    for (; row; row = row->issuer)
        path[count++] = row;
    wire_reader_init(&reader, list);
    while (count-- > 0) {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        struct hash hash;
        hash_sha256(der.data, der.size, &hash);
        if (!hash_equal(&hash, &path[count]->hash))
            return false;
    }
    return wire_reader_done(&reader);
}

HRESULT security_parse(struct security *security, const struct certificate_row *row,
                       struct certificate *certificate)
{
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    HRESULT hr = security->store->ops->certificate_get(security->store, &row->hash, &der);
    if (SUCCEEDED(hr))
        hr = certificate_parse(buffer_view(&der), certificate);
    if (hr == PEER_E_NOT_FOUND || hr == PEER_E_INVALID_RECORD)
        return PEER_E_INVALID_DATABASE;
    return hr;
}

bool security_stands(const struct security *security, const struct certificate_row *row,
                     uint64_t utc)
{
    return certificate_row_valid(row, utc, VALIDITY_GRACE) &&
           !revocation_certificate_dead(security->revocations, row);
}

struct certificate_row *security_best(const struct security *security, const struct hash *key,
                                      uint64_t utc)
{
    struct certificate_row *best = NULL;
    for (struct certificate_row *row = certificate_table_of_key(security->table, key); row;
         row = row->next_of_key) {
        if (row->depth > 0 && security_stands(security, row, utc) &&
            (!best || certificate_row_preferred(row, best)))
            best = row;
    }
    return best;
}

/* ---- loading ---- */

struct loading {
    struct security *security;
    uint32_t seen;
    uint32_t added;
};

static HRESULT load_one(void *context, const struct store_certificate *stored)
{
    struct loading *loading = context;
    HRESULT hr = certificate_table_add(loading->security->table, stored->der, NULL);
    loading->seen++;
    loading->added += hr == S_OK;
    if (hr == PEER_E_DEFERRED_VALIDATION)
        return S_OK;
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : PEER_E_INVALID_DATABASE;
    return S_OK;
}

/* One pass a level: the store gives certificates in its own order. */
HRESULT security_load_certificates(struct security *security)
{
    struct loading loading = {.security = security};
    do {
        loading.seen = loading.added = 0;
        HRESULT hr = security->store->ops->certificate_each(security->store, load_one, &loading);
        if (FAILED(hr))
            return hr;
    } while (loading.added > 0 && certificate_table_count(security->table) < loading.seen);
    bool whole = certificate_table_root(security->table) &&
                 certificate_table_count(security->table) == loading.seen;
    return whole ? S_OK : PEER_E_INVALID_DATABASE;
}

/* ---- collecting ---- */

struct collecting {
    struct security *security;
    const struct hash *links;
    size_t link_count;
};

static HRESULT note_use(void *context, const struct store_record *record)
{
    (void)record;
    *(bool *)context = true;
    return S_FALSE;
}

/* A chain that a membership record announces is needed by it. */
static HRESULT note_membership(void *context, const struct store_record *record)
{
    struct security *security = context;
    struct bytes last;
    struct hash hash;
    if (!certificate_list_last(record->payload, &last))
        return S_OK;
    hash_sha256(last.data, last.size, &hash);
    struct certificate_row *row = certificate_table_find(security->table, &hash);
    if (row)
        row->announced = true;
    return S_OK;
}

static bool link_uses(const struct collecting *collecting, const struct certificate_row *row)
{
    for (size_t i = 0; i < collecting->link_count; i++) {
        if (hash_equal(&collecting->links[i], &row->hash))
            return true;
    }
    return false;
}

/* One certificate of who was removed stays, for the name. */
static bool names_removed(const struct security *security, const struct certificate_row *row)
{
    return revocation_names(security->revocations, &row->key_hash) &&
           certificate_table_of_key(security->table, &row->key_hash) == row;
}

static HRESULT is_needed(const struct collecting *collecting, const struct certificate_row *row,
                         bool *needed)
{
    struct security *security = collecting->security;
    *needed = row->children > 0 || row->announced || row->own || link_uses(collecting, row) ||
              revocation_needs(security->revocations, row) || names_removed(security, row);
    if (*needed)
        return S_OK;
    HRESULT hr =
        security->store->ops->each_by_certificate(security->store, &row->hash, note_use, needed);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT collect_one(void *context, struct certificate_row *row)
{
    struct collecting *collecting = context;
    struct security *security = collecting->security;
    bool needed;
    HRESULT hr = is_needed(collecting, row, &needed);
    if (FAILED(hr))
        return hr;
    row->announced = false;
    row->idle = needed ? 0 : row->idle + 1;
    if (row->idle < 2)
        return S_OK;
    hr = security->store->ops->certificate_remove(security->store, &row->hash);
    if (SUCCEEDED(hr))
        certificate_table_remove(security->table, row);
    return hr;
}

HRESULT security_collect_certificates(struct security *security, const struct hash *links,
                                      size_t link_count)
{
    struct collecting collecting = {.security = security, .links = links, .link_count = link_count};
    struct store *store = security->store;
    HRESULT hr =
        store->ops->each(store, &RECORD_TYPE_MEMBERSHIP, 0, true, note_membership, security);
    for (uint32_t depth = LIMIT_CHAIN_LENGTH; depth > 0 && SUCCEEDED(hr); depth--)
        hr = certificate_table_each(security->table, depth, collect_one, &collecting);
    return hr;
}
