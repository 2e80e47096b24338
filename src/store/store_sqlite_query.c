/* store_sqlite_query.c - running one statement: begin, bind, step, read, end; and what its failure
 * means.
 *
 * Statements are prepared at their first use and kept. One that is in use (a visitor reads the
 * store again) is prepared a second time. The first failure sticks in the query; a failed change,
 * or a rollback that SQLite did by itself, gives up the open transaction, and the store says so
 * until commit or rollback. What is read is checked for kind and size: a file that was tampered
 * with is PEER_E_INVALID_DATABASE. */
#include "store/store_sqlite.h"

#include <errno.h>

#define TIME_TURN (1ull << 63) /* makes signed order that of ticks */

HRESULT sql_result(sqlite3 *db, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return E_OUTOFMEMORY;
    /* SQLite notes the system's error for most failures, for a failed COMMIT it does not. */
    int error = sqlite3_system_errno(db) ? sqlite3_system_errno(db) : errno;
    switch (rc & 0xff) {
    case SQLITE_OK:
        return S_OK;
    case SQLITE_NOMEM:
        return E_OUTOFMEMORY;
    case SQLITE_FULL:
        return PEER_E_DISK_FULL;
    case SQLITE_TOOBIG:
        return E_INVALIDARG;
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_CORRUPTFS || rc == SQLITE_IOERR_DATA)
            return PEER_E_INVALID_DATABASE;
        /* A limit on files' sizes is one more way to have no room. */
        return error == ENOSPC || error == EDQUOT || error == EFBIG ? PEER_E_DISK_FULL
                                                                    : PEER_E_DATABASE_ACCESSDENIED;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return PEER_E_DATABASE_ACCESSDENIED;
    case SQLITE_MISUSE:
        return E_UNEXPECTED;
    default: /* CORRUPT, NOTADB, and whatever our own statements cannot cause on our own schema */
        return PEER_E_INVALID_DATABASE;
    }
}

HRESULT sql_failed(struct sql_store *store, int rc)
{
    HRESULT hr = sql_result(store->db, rc);
    if (store->open && SUCCEEDED(store->lost) && sqlite3_get_autocommit(store->db))
        store->lost = hr;
    return hr;
}

void sql_give_up(struct sql_store *store, HRESULT why)
{
    if (!store->open || FAILED(store->lost))
        return;
    store->lost = why;
    if (sqlite3_get_autocommit(store->db))
        return;
    /* Prepared when the store was opened: this needs no memory for its text. */
    int rc = sqlite3_step(store->idle[SQL_ROLLBACK]);
    sqlite3_reset(store->idle[SQL_ROLLBACK]);
    if (!sqlite3_get_autocommit(store->db))
        store->dead = sql_result(store->db, rc);
}

void sql_query_begin(struct sql_query *query, struct sql_store *store, enum sql_statement which)
{
    *query = (struct sql_query){.store = store, .which = which, .next = 1};
    query->hr = FAILED(store->dead) ? store->dead : store->lost;
    if (FAILED(query->hr))
        return;
    query->statement = store->idle[which];
    store->idle[which] = NULL;
    if (query->statement)
        return;
    int rc = sqlite3_prepare_v3(store->db, sql_statement_text[which], -1, SQLITE_PREPARE_PERSISTENT,
                                &query->statement, NULL);
    if (rc != SQLITE_OK)
        query->hr = sql_failed(store, rc);
}

void sql_resize_cache(struct sql_store *store, bool large)
{
    int rc =
        sqlite3_exec(store->db, large ? "PRAGMA cache_size = -4096" : "PRAGMA cache_size = -512",
                     NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        store->large_cache = large;
    else
        (void)sql_failed(store, rc);
}

void sql_query_change(struct sql_query *query, struct sql_store *store, enum sql_statement which)
{
    ASSERT(store->visits == 0);
    HRESULT hr = S_OK;
    if (!store->open) {
        sql_query_begin(query, store, SQL_BEGIN);
        hr = sql_query_run(query);
        store->open = SUCCEEDED(hr);
    }
    if (++store->changes == SQL_MANY_CHANGES && !store->large_cache)
        sql_resize_cache(store, true);
    if (SUCCEEDED(hr))
        sql_query_begin(query, store, which);
    query->change = true;
}

HRESULT sql_query_end(struct sql_query *query)
{
    struct sql_store *store = query->store;
    if (query->statement) {
        sqlite3_reset(query->statement);
        if (store->idle[query->which])
            sqlite3_finalize(query->statement);
        else
            store->idle[query->which] = query->statement;
        query->statement = NULL;
    }
    if (query->change && FAILED(query->hr))
        sql_give_up(store, query->hr);
    return query->hr;
}

HRESULT sql_query_run(struct sql_query *query)
{
    sql_query_step(query);
    return sql_query_end(query);
}

bool sql_query_step(struct sql_query *query)
{
    if (FAILED(query->hr))
        return false;
    errno = 0;
    int rc = sqlite3_step(query->statement);
    query->next = 0;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        query->hr = sql_failed(query->store, rc);
    return rc == SQLITE_ROW;
}

bool sql_query_visited(struct sql_query *query, HRESULT hr)
{
    if (FAILED(hr))
        query->hr = hr;
    return hr == S_OK;
}

static void bound(struct sql_query *query, int rc)
{
    query->next++;
    if (rc != SQLITE_OK)
        query->hr = sql_failed(query->store, rc);
}

void sql_bind_bytes(struct sql_query *query, struct bytes bytes)
{
    /* SQLite takes a null pointer for NULL, not for an empty blob. */
    if (SUCCEEDED(query->hr))
        bound(query, sqlite3_bind_blob64(query->statement, query->next,
                                         bytes.size > 0 ? (const void *)bytes.data : "", bytes.size,
                                         SQLITE_STATIC));
}

void sql_bind_hash(struct sql_query *query, const struct hash *hash)
{
    sql_bind_bytes(query, bytes_of(hash->bytes, HASH_SIZE));
}

void sql_bind_guid(struct sql_query *query, const struct guid *guid)
{
    sql_bind_bytes(query, bytes_of(guid->bytes, GUID_SIZE));
}

void sql_bind_number(struct sql_query *query, uint64_t number)
{
    if (SUCCEEDED(query->hr))
        bound(query, sqlite3_bind_int64(query->statement, query->next, (sqlite3_int64)number));
}

void sql_bind_time(struct sql_query *query, uint64_t time)
{
    sql_bind_number(query, time ^ TIME_TURN);
}

void sql_bind_record(struct sql_query *query, const struct store_record *record)
{
    sql_bind_guid(query, &record->id);
    sql_bind_guid(query, &record->type);
    sql_bind_hash(query, &record->digest);
    sql_bind_hash(query, &record->creator);
    sql_bind_hash(query, &record->certificate);
    sql_bind_hash(query, &record->payload_root);
    sql_bind_number(query, record->version);
    sql_bind_number(query, record->deleted);
    sql_bind_number(query, record->local);
    sql_bind_time(query, record->created);
    sql_bind_time(query, record->modified);
    sql_bind_time(query, record->expiration);
    sql_bind_number(query, record->payload_size);
    sql_bind_bytes(query, record->header);
    sql_bind_bytes(query, record->signature);
    sql_bind_bytes(query, record->payload);
}

/* next_column gives the column to read, or -1 when it is not of the kind we wrote. */
static int next_column(struct sql_query *query, int kind)
{
    int column = query->next++;
    if (SUCCEEDED(query->hr) && sqlite3_column_type(query->statement, column) != kind)
        query->hr = PEER_E_INVALID_DATABASE;
    return SUCCEEDED(query->hr) ? column : -1;
}

struct bytes sql_read_bytes(struct sql_query *query)
{
    int column = next_column(query, SQLITE_BLOB);
    if (column < 0)
        return bytes_of(NULL, 0);
    const void *data = sqlite3_column_blob(query->statement, column);
    size_t size = (size_t)sqlite3_column_bytes(query->statement, column);
    if (!data && size > 0) {
        query->hr = sql_failed(query->store, SQLITE_NOMEM);
        size = 0;
    }
    return bytes_of(data, size);
}

static void read_exactly(struct sql_query *query, uint8_t *out, size_t size)
{
    struct bytes bytes = sql_read_bytes(query);
    if (SUCCEEDED(query->hr) && bytes.size != size)
        query->hr = PEER_E_INVALID_DATABASE;
    if (SUCCEEDED(query->hr))
        memcpy(out, bytes.data, size);
    else
        memset(out, 0, size);
}

void sql_read_hash(struct sql_query *query, struct hash *hash)
{
    read_exactly(query, hash->bytes, HASH_SIZE);
}

void sql_read_guid(struct sql_query *query, struct guid *guid)
{
    read_exactly(query, guid->bytes, GUID_SIZE);
}

uint64_t sql_read_number(struct sql_query *query, uint64_t most)
{
    int column = next_column(query, SQLITE_INTEGER);
    uint64_t number = column < 0 ? 0 : (uint64_t)sqlite3_column_int64(query->statement, column);
    if (number <= most)
        return number;
    query->hr = PEER_E_INVALID_DATABASE;
    return 0;
}

uint64_t sql_read_time(struct sql_query *query)
{
    return sql_read_number(query, UINT64_MAX) ^ TIME_TURN;
}

void sql_read_record(struct sql_query *query, enum sql_part part, struct store_record *record)
{
    *record = (struct store_record){.owned = NULL};
    sql_read_guid(query, &record->id);
    sql_read_guid(query, &record->type);
    sql_read_hash(query, &record->digest);
    sql_read_hash(query, &record->creator);
    sql_read_hash(query, &record->certificate);
    sql_read_hash(query, &record->payload_root);
    record->version = (uint32_t)sql_read_number(query, UINT32_MAX);
    record->deleted = sql_read_number(query, 1) != 0;
    record->local = sql_read_number(query, 1) != 0;
    record->created = sql_read_time(query);
    record->modified = sql_read_time(query);
    record->expiration = sql_read_time(query);
    record->payload_size = sql_read_number(query, INT64_MAX);
    if (part == SQL_PART_FIXED)
        return;
    record->header = sql_read_bytes(query);
    record->signature = sql_read_bytes(query);
    if (part == SQL_PART_SIGNED)
        return;
    record->payload = sql_read_bytes(query);
    if (SUCCEEDED(query->hr) && store_row_check(record) != S_OK)
        query->hr = PEER_E_INVALID_DATABASE;
}

HRESULT sql_visit_records(struct sql_query *query, enum sql_part part, store_record_visitor visit,
                          void *context)
{
    struct store_record record;
    query->store->visits++;
    bool more = true;
    while (more && sql_query_step(query)) {
        sql_read_record(query, part, &record);
        more = SUCCEEDED(query->hr) && sql_query_visited(query, visit(context, &record));
    }
    query->store->visits--;
    return sql_query_end(query);
}
