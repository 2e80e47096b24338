/* store_memory_record.c - records in memory: put, look up, and the orders in which they are
 * visited.
 *
 * Looking up goes through the table of ids, visiting through the sorted array of the order asked
 * for, from a position found by bisection. Records of a creator or a certificate are few visits a
 * day and walk all. Only E_OUTOFMEMORY can go wrong; then the operation undoes what it had begun.
 */
#include "store/store_memory.h"

struct memory_record *memory_record_new(const struct store_record *record)
{
    struct memory_record *row = mem_zalloc(sizeof(*row) + store_row_size(record));
    if (row)
        store_row_place(record, (uint8_t *)(row + 1), &row->record);
    return row;
}

HRESULT memory_record_put(struct store *base, const struct store_record *record)
{
    struct memory_store *store = memory_store_of(base);
    HRESULT hr = store_row_check(record);
    if (FAILED(hr))
        return hr;
    struct memory_record *row = memory_record_new(record);
    if (!row)
        return E_OUTOFMEMORY;
    size_t before = store->step_count;
    struct memory_record *old = memory_find_record(store, &record->id);
    hr = memory_change(store, MEMORY_RECORD, old, row);
    if (SUCCEEDED(hr) && old && store_row_has_pieces(&old->record))
        hr = memory_drop_unnamed(store, &old->record.payload_root);
    if (SUCCEEDED(hr))
        store->generation++;
    else
        memory_undo(store, before);
    return hr;
}

HRESULT memory_record_remove(struct store *base, const struct guid *id)
{
    struct memory_store *store = memory_store_of(base);
    ASSERT(store->visits == 0);
    size_t before = store->step_count;
    struct memory_record *old = memory_find_record(store, id);
    if (!old)
        return S_OK;
    HRESULT hr = memory_change(store, MEMORY_RECORD, old, NULL);
    if (SUCCEEDED(hr) && store_row_has_pieces(&old->record))
        hr = memory_drop_unnamed(store, &old->record.payload_root);
    if (SUCCEEDED(hr))
        store->generation++;
    else
        memory_undo(store, before);
    return hr;
}

HRESULT memory_record_get(struct store *base, const struct guid *id, struct store_record *record)
{
    *record = (struct store_record){.owned = NULL};
    struct memory_record *row = memory_find_record(memory_store_of(base), id);
    return row ? store_row_copy(&row->record, record) : PEER_E_RECORD_NOT_FOUND;
}

HRESULT memory_record_find(struct store *base, const struct guid *id, struct store_record *record)
{
    *record = (struct store_record){.owned = NULL};
    struct memory_record *row = memory_find_record(memory_store_of(base), id);
    if (!row)
        return PEER_E_RECORD_NOT_FOUND;
    *record = store_row_strip_views(&row->record);
    return S_OK;
}

static struct memory_record *record_at(const struct memory_store *store, enum memory_order order,
                                       size_t at)
{
    return at < store->orders[order].count ? store->orders[order].rows[at] : NULL;
}

HRESULT memory_record_each(struct store *base, const struct guid *type, uint64_t after,
                           bool with_payload, store_record_visitor visit, void *context)
{
    struct memory_store *store = memory_store_of(base);
    enum memory_order order = type ? MEMORY_BY_TYPE : MEMORY_BY_CREATED;
    struct memory_record probe = {.since_utc = 0};
    if (type)
        probe.record.type = *type;
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = memory_position(store, order, &probe, false); more; at++) {
        struct memory_record *row = record_at(store, order, at);
        if (!row || (type && !guid_equal(&row->record.type, type)))
            break;
        if (row->record.expiration <= after)
            continue;
        struct store_record shown =
            with_payload ? row->record : store_row_strip_payload(&row->record);
        more = memory_visited(visit(context, &shown), &hr);
    }
    store->visits--;
    return hr;
}

HRESULT memory_record_walk(struct store *base, const struct store_place *from, bool with_header,
                           store_record_visitor visit, void *context)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_record probe = {.since_utc = 0};
    if (from)
        probe.record =
            (struct store_record){.type = from->type, .created = from->created, .id = from->id};
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = from ? memory_position(store, MEMORY_BY_TYPE, &probe, true) : 0; more; at++) {
        struct memory_record *row = record_at(store, MEMORY_BY_TYPE, at);
        if (!row)
            break;
        struct store_record shown = store_row_strip_payload(&row->record);
        struct store_record fixed = {.type = shown.type,
                                     .created = shown.created,
                                     .id = shown.id,
                                     .expiration = shown.expiration};
        more = memory_visited(visit(context, with_header ? &shown : &fixed), &hr);
    }
    store->visits--;
    return hr;
}

/* visit_with visits, without payloads, the records whose hash at offset is this one. */
static HRESULT visit_with(struct memory_store *store, size_t offset, const struct hash *hash,
                          store_record_visitor visit, void *context)
{
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = 0; more && at < store->orders[MEMORY_BY_MODIFIED].count; at++) {
        struct memory_record *row = record_at(store, MEMORY_BY_MODIFIED, at);
        if (!hash_equal((const struct hash *)((const char *)&row->record + offset), hash))
            continue;
        struct store_record shown = store_row_strip_payload(&row->record);
        more = memory_visited(visit(context, &shown), &hr);
    }
    store->visits--;
    return hr;
}

HRESULT memory_record_each_by_creator(struct store *base, const struct hash *creator,
                                      store_record_visitor visit, void *context)
{
    return visit_with(memory_store_of(base), offsetof(struct store_record, creator), creator, visit,
                      context);
}

HRESULT memory_record_each_by_certificate(struct store *base, const struct hash *certificate,
                                          store_record_visitor visit, void *context)
{
    return visit_with(memory_store_of(base), offsetof(struct store_record, certificate),
                      certificate, visit, context);
}

static struct memory_record probe_of(const struct store_key *key)
{
    return (struct memory_record){.record = {.id = key->id, .modified = key->modified}};
}

HRESULT memory_record_scan(struct store *base, const struct store_key *from,
                           const struct store_key *to, uint64_t after, store_item_visitor visit,
                           void *context)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_record first = from ? probe_of(from) : (struct memory_record){.since_utc = 0};
    struct memory_record last = to ? probe_of(to) : (struct memory_record){.since_utc = 0};
    size_t at = from ? memory_position(store, MEMORY_BY_MODIFIED, &first, true) : 0;
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (; more; at++) {
        struct memory_record *row = record_at(store, MEMORY_BY_MODIFIED, at);
        if (!row || (to && memory_compare(MEMORY_BY_MODIFIED, row, &last) > 0))
            break;
        if (row->record.expiration <= after)
            continue;
        struct store_item item = {.key = {.modified = row->record.modified, .id = row->record.id},
                                  .version = row->record.version,
                                  .digest = row->record.digest};
        more = memory_visited(visit(context, &item), &hr);
    }
    store->visits--;
    return hr;
}

/* expiring_after is the position of the first record with expiration > after. */
static size_t expiring_after(const struct memory_store *store, uint64_t after)
{
    struct memory_record probe = {.record = {.expiration = after}};
    memset(probe.record.id.bytes, 0xff, GUID_SIZE);
    return memory_position(store, MEMORY_BY_EXPIRATION, &probe, true);
}

HRESULT memory_record_each_expired(struct store *base, uint64_t after, uint64_t until,
                                   uint32_t limit, store_record_visitor visit, void *context)
{
    struct memory_store *store = memory_store_of(base);
    HRESULT hr = S_OK;
    bool more = limit > 0;
    store->visits++;
    for (size_t at = expiring_after(store, after); more; at++) {
        struct memory_record *row = record_at(store, MEMORY_BY_EXPIRATION, at);
        if (!row || row->record.expiration > until)
            break;
        struct store_record shown = store_row_strip_payload(&row->record);
        more = memory_visited(visit(context, &shown), &hr) && --limit > 0;
    }
    store->visits--;
    return hr;
}

HRESULT memory_record_next_expiration(struct store *base, uint64_t after, uint64_t *expiration)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_record *row =
        record_at(store, MEMORY_BY_EXPIRATION, expiring_after(store, after));
    *expiration = row ? row->record.expiration : UINT64_MAX;
    return S_OK;
}

HRESULT memory_record_count(struct store *base, uint64_t after, uint64_t *count)
{
    struct memory_store *store = memory_store_of(base);
    *count = 0;
    for (size_t at = expiring_after(store, after); at < store->orders[MEMORY_BY_EXPIRATION].count;
         at++)
        *count += !record_at(store, MEMORY_BY_EXPIRATION, at)->record.deleted;
    return S_OK;
}
