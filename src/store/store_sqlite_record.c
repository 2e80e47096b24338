/* store_sqlite_record.c - records in SQLite: put, look up, and the orders in which they are
 * visited.
 *
 * A put is one INSERT; only when the id is there already are the pieces of the old version dropped
 * and its row replaced. Visits in (created, id) order take row numbers from the index and fetch
 * each row by number, so that payloads never pass through a sorter. Failures stick in the query. */
#include "store/store_sqlite.h"

static HRESULT insert_record(struct sql_store *store, enum sql_statement which,
                             const struct store_record *record)
{
    struct sql_query query;
    sql_query_change(&query, store, which);
    sql_bind_record(&query, record);
    return sql_query_run(&query);
}

HRESULT sql_record_put(struct store *base, const struct store_record *record)
{
    struct sql_store *store = sql_store_of(base);
    HRESULT hr = store_row_check(record);
    if (SUCCEEDED(hr))
        hr = insert_record(store, SQL_RECORD_INSERT, record);
    if (SUCCEEDED(hr) && sqlite3_changes(store->db) == 0) {
        struct bytes keep =
            bytes_of(record->payload_root.bytes, store_row_has_pieces(record) ? HASH_SIZE : 0);
        hr = sql_piece_drop_of_record(store, &record->id, keep);
        if (SUCCEEDED(hr))
            hr = insert_record(store, SQL_RECORD_REPLACE, record);
    }
    if (FAILED(hr))
        return hr;
    store->generation++;
    store->record_change = true;
    return S_OK;
}

HRESULT sql_record_get(struct store *base, const struct guid *id, struct store_record *record)
{
    *record = (struct store_record){.owned = NULL};
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_GET);
    sql_bind_guid(&query, id);
    bool found = sql_query_step(&query);
    if (found) {
        struct store_record row;
        sql_read_record(&query, SQL_PART_ALL, &row);
        if (SUCCEEDED(query.hr))
            query.hr = store_row_copy(&row, record);
    }
    HRESULT hr = sql_query_end(&query);
    return SUCCEEDED(hr) && !found ? PEER_E_RECORD_NOT_FOUND : hr;
}

HRESULT sql_record_find(struct store *base, const struct guid *id, struct store_record *record)
{
    *record = (struct store_record){.owned = NULL};
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_FIND);
    sql_bind_guid(&query, id);
    bool found = sql_query_step(&query);
    if (found)
        sql_read_record(&query, SQL_PART_FIXED, record);
    HRESULT hr = sql_query_end(&query);
    return SUCCEEDED(hr) && !found ? PEER_E_RECORD_NOT_FOUND : hr;
}

HRESULT sql_record_remove(struct store *base, const struct guid *id)
{
    struct sql_store *store = sql_store_of(base);
    HRESULT hr = sql_piece_drop_of_record(store, id, bytes_of(NULL, 0));
    if (FAILED(hr))
        return hr;
    struct sql_query query;
    sql_query_change(&query, store, SQL_RECORD_DELETE);
    sql_bind_guid(&query, id);
    hr = sql_query_run(&query);
    if (SUCCEEDED(hr) && sqlite3_changes(store->db) > 0) {
        store->generation++;
        store->record_change = true;
    }
    return hr;
}

/* visit_row shows the row with this number. */
static HRESULT visit_row(struct sql_store *store, uint64_t number, bool with_payload,
                         store_record_visitor visit, void *context)
{
    struct sql_query query;
    sql_query_begin(&query, store, with_payload ? SQL_RECORD_ROW_PAYLOAD : SQL_RECORD_ROW);
    sql_bind_number(&query, number);
    HRESULT visited = S_OK;
    if (sql_query_step(&query)) {
        struct store_record record;
        sql_read_record(&query, with_payload ? SQL_PART_ALL : SQL_PART_SIGNED, &record);
        if (SUCCEEDED(query.hr))
            visited = visit(context, &record);
    } else if (SUCCEEDED(query.hr)) {
        query.hr = PEER_E_INVALID_DATABASE; /* the index names a row that is not there */
    }
    HRESULT hr = sql_query_end(&query);
    return FAILED(hr) ? hr : visited;
}

HRESULT sql_record_each(struct store *base, const struct guid *type, uint64_t after,
                        bool with_payload, store_record_visitor visit, void *context)
{
    struct sql_store *store = sql_store_of(base);
    struct sql_query query;
    sql_query_begin(&query, store, type ? SQL_RECORD_EACH_TYPE : SQL_RECORD_EACH);
    sql_bind_time(&query, after);
    if (type)
        sql_bind_guid(&query, type);
    store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        uint64_t number = sql_read_number(&query, INT64_MAX);
        more = SUCCEEDED(query.hr) &&
               sql_query_visited(&query, visit_row(store, number, with_payload, visit, context));
    }
    store->visits--;
    return sql_query_end(&query);
}

HRESULT sql_record_walk(struct store *base, const struct store_place *from, bool with_header,
                        store_record_visitor visit, void *context)
{
    struct sql_store *store = sql_store_of(base);
    struct sql_query query;
    sql_query_begin(&query, store, with_header ? SQL_RECORD_WALK_SIGNED : SQL_RECORD_WALK);
    sql_bind_bytes(&query, bytes_of(from ? from->type.bytes : NULL, from ? GUID_SIZE : 0));
    sql_bind_time(&query, from ? from->created : 0);
    sql_bind_bytes(&query, bytes_of(from ? from->id.bytes : NULL, from ? GUID_SIZE : 0));
    if (with_header)
        return sql_visit_records(&query, SQL_PART_SIGNED, visit, context);
    store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        struct store_record record = {.owned = NULL};
        sql_read_guid(&query, &record.type);
        record.created = sql_read_time(&query);
        sql_read_guid(&query, &record.id);
        record.expiration = sql_read_time(&query);
        more = SUCCEEDED(query.hr) && sql_query_visited(&query, visit(context, &record));
    }
    store->visits--;
    return sql_query_end(&query);
}

HRESULT sql_record_each_by_creator(struct store *base, const struct hash *creator,
                                   store_record_visitor visit, void *context)
{
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_CREATOR);
    sql_bind_hash(&query, creator);
    return sql_visit_records(&query, SQL_PART_SIGNED, visit, context);
}

HRESULT sql_record_each_by_certificate(struct store *base, const struct hash *certificate,
                                       store_record_visitor visit, void *context)
{
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_CERTIFICATE);
    sql_bind_hash(&query, certificate);
    return sql_visit_records(&query, SQL_PART_SIGNED, visit, context);
}

/* bind_key binds an end of a range; without a key the least or the greatest there can be. */
static void bind_key(struct sql_query *query, const struct store_key *key, bool greatest)
{
    static const uint8_t beyond[GUID_SIZE + 1] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                  0xff, 0xff, 0xff, 0xff, 0xff};
    sql_bind_time(query, key ? key->modified : greatest ? UINT64_MAX : 0);
    if (key)
        sql_bind_guid(query, &key->id);
    else
        sql_bind_bytes(query, bytes_of(beyond, greatest ? sizeof(beyond) : 0));
}

HRESULT sql_record_scan(struct store *base, const struct store_key *from,
                        const struct store_key *to, uint64_t after, store_item_visitor visit,
                        void *context)
{
    struct sql_store *store = sql_store_of(base);
    struct sql_query query;
    sql_query_begin(&query, store, SQL_RECORD_SCAN);
    bind_key(&query, from, false);
    bind_key(&query, to, true);
    sql_bind_time(&query, after);
    store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        struct store_item item;
        item.key.modified = sql_read_time(&query);
        sql_read_guid(&query, &item.key.id);
        item.version = (uint32_t)sql_read_number(&query, UINT32_MAX);
        sql_read_hash(&query, &item.digest);
        more = SUCCEEDED(query.hr) && sql_query_visited(&query, visit(context, &item));
    }
    store->visits--;
    return sql_query_end(&query);
}

HRESULT sql_record_each_expired(struct store *base, uint64_t after, uint64_t until, uint32_t limit,
                                store_record_visitor visit, void *context)
{
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_EXPIRED);
    sql_bind_time(&query, after);
    sql_bind_time(&query, until);
    sql_bind_number(&query, limit);
    return sql_visit_records(&query, SQL_PART_SIGNED, visit, context);
}

HRESULT sql_record_next_expiration(struct store *base, uint64_t after, uint64_t *expiration)
{
    *expiration = UINT64_MAX;
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_NEXT_EXPIRATION);
    sql_bind_time(&query, after);
    if (sql_query_step(&query))
        *expiration = sql_read_time(&query);
    return sql_query_end(&query);
}

HRESULT sql_record_count(struct store *base, uint64_t after, uint64_t *count)
{
    *count = 0;
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_RECORD_COUNT);
    sql_bind_time(&query, after);
    if (sql_query_step(&query))
        *count = sql_read_number(&query, INT64_MAX);
    return sql_query_end(&query);
}
