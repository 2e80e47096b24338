/* store_sqlite_piece.c - pieces of large payloads, and the records that still wait for some.
 *
 * A piece stays as long as a record or an unfinished record names its root. Whoever stops naming a
 * root drops its pieces first, in a statement that looks for other names, then goes itself. Sizes
 * are checked both ways: a piece larger than the limit is refused, and is damage when it is read.
 */
#include "store/store_sqlite.h"

static void begin_piece(struct sql_query *query, struct store *base, enum sql_statement which,
                        const struct hash *root, uint32_t index)
{
    sql_query_begin(query, sql_store_of(base), which);
    sql_bind_hash(query, root);
    sql_bind_number(query, index);
}

HRESULT sql_piece_put(struct store *base, const struct hash *root, uint32_t index,
                      struct bytes data, const struct hash *leaf)
{
    if (data.size > LIMIT_PIECE_SIZE)
        return E_INVALIDARG;
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_PIECE_PUT);
    sql_bind_hash(&query, root);
    sql_bind_number(&query, index);
    sql_bind_number(&query, data.size);
    sql_bind_hash(&query, leaf);
    sql_bind_bytes(&query, data);
    return sql_query_run(&query);
}

HRESULT sql_piece_get(struct store *base, const struct hash *root, uint32_t index,
                      struct buffer *data)
{
    data->size = 0;
    struct sql_query query;
    begin_piece(&query, base, SQL_PIECE_GET, root, index);
    bool found = sql_query_step(&query);
    if (found) {
        struct bytes bytes = sql_read_bytes(&query);
        if (bytes.size > LIMIT_PIECE_SIZE)
            query.hr = PEER_E_INVALID_DATABASE;
        if (SUCCEEDED(query.hr))
            query.hr = buffer_append(data, bytes.data, bytes.size);
    }
    HRESULT hr = sql_query_end(&query);
    return SUCCEEDED(hr) && !found ? PEER_E_RECORD_NOT_FOUND : hr;
}

HRESULT sql_piece_has(struct store *base, const struct hash *root, uint32_t index, bool *has)
{
    struct sql_query query;
    begin_piece(&query, base, SQL_PIECE_HAS, root, index);
    *has = sql_query_step(&query);
    return sql_query_end(&query);
}

HRESULT sql_piece_count(struct store *base, const struct hash *root, uint32_t *count)
{
    *count = 0;
    struct sql_query query;
    sql_query_begin(&query, sql_store_of(base), SQL_PIECE_COUNT);
    sql_bind_hash(&query, root);
    if (sql_query_step(&query))
        *count = (uint32_t)sql_read_number(&query, UINT32_MAX);
    return sql_query_end(&query);
}

HRESULT sql_leaves(struct store *base, const struct hash *root, uint32_t count, struct hash *leaves,
                   uint64_t *size)
{
    struct sql_query query;
    uint32_t found = 0;
    bool gap = false;
    *size = 0;
    begin_piece(&query, base, SQL_PIECE_LEAVES, root, count);
    while (!gap && found < count && sql_query_step(&query)) {
        gap = sql_read_number(&query, UINT32_MAX) != found;
        *size += sql_read_number(&query, LIMIT_PIECE_SIZE);
        sql_read_hash(&query, &leaves[found++]);
    }
    HRESULT hr = sql_query_end(&query);
    return SUCCEEDED(hr) && (gap || found < count) ? PEER_E_RECORD_NOT_FOUND : hr;
}

HRESULT sql_pieces_drop(struct store *base, const struct hash *root)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_PIECE_DROP);
    sql_bind_hash(&query, root);
    return sql_query_run(&query);
}

HRESULT sql_pieces_collect(struct store *base)
{
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_PIECE_COLLECT);
    return sql_query_run(&query);
}

HRESULT sql_piece_drop_of_record(struct sql_store *store, const struct guid *id, struct bytes keep)
{
    struct sql_query query;
    sql_query_change(&query, store, SQL_PIECE_DROP_OF_RECORD);
    sql_bind_guid(&query, id);
    sql_bind_bytes(&query, keep);
    return sql_query_run(&query);
}

HRESULT sql_unfinished_put(struct store *base, const struct store_unfinished *unfinished)
{
    HRESULT hr = store_row_check(&unfinished->record);
    if (FAILED(hr))
        return hr;
    struct sql_query query;
    sql_query_change(&query, sql_store_of(base), SQL_UNFINISHED_PUT);
    sql_bind_record(&query, &unfinished->record);
    sql_bind_time(&query, unfinished->since_utc);
    sql_bind_hash(&query, &unfinished->owner);
    return sql_query_run(&query);
}

HRESULT sql_unfinished_remove(struct store *base, const struct hash *digest)
{
    static const enum sql_statement steps[] = {SQL_PIECE_DROP_OF_UNFINISHED, SQL_UNFINISHED_DELETE};
    HRESULT hr = S_OK;
    for (size_t i = 0; SUCCEEDED(hr) && i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct sql_query query;
        sql_query_change(&query, sql_store_of(base), steps[i]);
        sql_bind_hash(&query, digest);
        hr = sql_query_run(&query);
    }
    return hr;
}

HRESULT sql_unfinished_each(struct store *base, store_unfinished_visitor visit, void *context)
{
    struct sql_query query;
    struct store_unfinished unfinished;
    sql_query_begin(&query, sql_store_of(base), SQL_UNFINISHED_EACH);
    query.store->visits++;
    bool more = true;
    while (more && sql_query_step(&query)) {
        sql_read_record(&query, SQL_PART_SIGNED, &unfinished.record);
        unfinished.since_utc = sql_read_time(&query);
        sql_read_hash(&query, &unfinished.owner);
        more = SUCCEEDED(query.hr) && sql_query_visited(&query, visit(context, &unfinished));
    }
    query.store->visits--;
    return sql_query_end(&query);
}
