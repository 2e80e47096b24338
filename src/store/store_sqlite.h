/* store_sqlite.h - inside the SQLite backend: its state, its statements, and the query, through
 * which all SQL runs. */
#ifndef STORE_STORE_SQLITE_H
#define STORE_STORE_SQLITE_H

#include "store/store_row.h"

#include <sqlite3.h>

/* Every statement of the backend; texts in store_sqlite_schema.c. */
enum sql_statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_FREE_PAGES,
    SQL_RECORD_INSERT,
    SQL_RECORD_REPLACE,
    SQL_RECORD_DELETE,
    SQL_RECORD_GET,
    SQL_RECORD_FIND,
    SQL_RECORD_ROW,
    SQL_RECORD_ROW_PAYLOAD,
    SQL_RECORD_EACH,
    SQL_RECORD_EACH_TYPE,
    SQL_RECORD_WALK,
    SQL_RECORD_WALK_SIGNED,
    SQL_RECORD_CREATOR,
    SQL_RECORD_CERTIFICATE,
    SQL_RECORD_SCAN,
    SQL_RECORD_EXPIRED,
    SQL_RECORD_NEXT_EXPIRATION,
    SQL_RECORD_COUNT,
    SQL_PIECE_PUT,
    SQL_PIECE_GET,
    SQL_PIECE_HAS,
    SQL_PIECE_COUNT,
    SQL_PIECE_LEAVES,
    SQL_PIECE_DROP,
    SQL_PIECE_COLLECT,
    SQL_PIECE_DROP_OF_RECORD,
    SQL_PIECE_DROP_OF_UNFINISHED,
    SQL_UNFINISHED_PUT,
    SQL_UNFINISHED_DELETE,
    SQL_UNFINISHED_EACH,
    SQL_CERTIFICATE_PUT,
    SQL_CERTIFICATE_GET,
    SQL_CERTIFICATE_DELETE,
    SQL_CERTIFICATE_EACH,
    SQL_VALUE_PUT,
    SQL_VALUE_GET,
    SQL_VALUE_DELETE,
    SQL_VALUE_EACH,
    SQL_COUNT_
};
extern const char *const sql_statement_text[SQL_COUNT_];

/* A batch of so many changes gets a larger cache. */
enum { SQL_MANY_CHANGES = 100 };

struct sql_store {
    struct store base;
    sqlite3 *db;
    sqlite3_stmt *idle[SQL_COUNT_]; /* prepared and not in use */
    uint64_t generation;
    uint32_t visits;       /* visitors that are running */
    int wal_pages;         /* in the write-ahead log after the last commit */
    bool ready;            /* opened with success */
    bool open;             /* changes wait for commit or rollback */
    bool record_change;    /* among them one of a record */
    uint32_t shrink_steps; /* since the log was played back */
    uint32_t shrink_wait;  /* commits until the free pages are counted again */
    uint32_t changes;      /* statements since the last commit that change rows */
    bool large_cache;      /* for many changes at once */
    bool durable;          /* they must survive a power cut */
    bool unsynced;         /* what was committed may not survive one */
    HRESULT lost;          /* why the open changes are gone already; S_OK: they are not */
    HRESULT dead;          /* why nothing works until the store is opened again; S_OK: it does */
};

static inline struct sql_store *sql_store_of(struct store *store)
{
    return (struct sql_store *)store;
}

/* ---- opening (store_sqlite_schema.c) ---- */

/* sql_schema_open opens the file into store->db, checks that it is ours and sets it up; on failure
 * the caller closes store->db. Codes as store_sqlite_open. */
HRESULT sql_schema_open(struct sql_store *store, const char *path) MUST_CHECK;
/* sql_schema_create makes the file at path, complete or not at all. */
HRESULT sql_schema_create(const char *path) MUST_CHECK;

/* ---- running (store_sqlite_query.c) ---- */

/* sql_result is the code for what SQLite returned. */
HRESULT sql_result(sqlite3 *db, int rc);
/* sql_failed is that too, and notes when SQLite has rolled back by itself. */
HRESULT sql_failed(struct sql_store *store, int rc);
/* sql_resize_cache gives SQLite little memory, or more while many rows change. Failing costs only
 * time. */
void sql_resize_cache(struct sql_store *store, bool large);
/* sql_give_up rolls the open changes back; every call returns why until commit or rollback. */
void sql_give_up(struct sql_store *store, HRESULT why);

/* A statement on its way: begin, bind each parameter in order, step, read each column in order,
 * end. The first failure sticks in hr and makes everything after it do nothing; sql_query_end
 * returns it. A failed change gives up all open changes. What is bound is borrowed until the end,
 * what is read until the next step. */
struct sql_query {
    struct sql_store *store;
    sqlite3_stmt *statement;
    enum sql_statement which;
    int next; /* parameter to bind or column to read */
    bool change;
    HRESULT hr;
};

void sql_query_begin(struct sql_query *query, struct sql_store *store, enum sql_statement which);
/* sql_query_change begins a statement that changes rows, and the transaction around it. */
void sql_query_change(struct sql_query *query, struct sql_store *store, enum sql_statement which);
HRESULT sql_query_end(struct sql_query *query) MUST_CHECK;
/* sql_query_run steps once and ends. */
HRESULT sql_query_run(struct sql_query *query) MUST_CHECK;
/* sql_query_step is true when there is a row to read. */
bool sql_query_step(struct sql_query *query);
/* sql_query_visited takes what a visitor returned: true to go on. */
bool sql_query_visited(struct sql_query *query, HRESULT hr);

void sql_bind_bytes(struct sql_query *query, struct bytes bytes);
void sql_bind_hash(struct sql_query *query, const struct hash *hash);
void sql_bind_guid(struct sql_query *query, const struct guid *guid);
void sql_bind_number(struct sql_query *query, uint64_t number); /* <= INT64_MAX */
void sql_bind_time(struct sql_query *query, uint64_t time);
/* sql_bind_record binds all of RECORD_COLUMNS. */
void sql_bind_record(struct sql_query *query, const struct store_record *record);

struct bytes sql_read_bytes(struct sql_query *query);
void sql_read_hash(struct sql_query *query, struct hash *hash);
uint64_t sql_read_number(struct sql_query *query, uint64_t most);
void sql_read_guid(struct sql_query *query, struct guid *guid);
uint64_t sql_read_time(struct sql_query *query);

/* How much of a record a statement selects. */
enum sql_part { SQL_PART_FIXED, SQL_PART_SIGNED, SQL_PART_ALL };
void sql_read_record(struct sql_query *query, enum sql_part part, struct store_record *record);
/* sql_visit_records shows every row of a bound query to visit and ends it. */
HRESULT sql_visit_records(struct sql_query *query, enum sql_part part, store_record_visitor visit,
                          void *context) MUST_CHECK;

/* ---- operations ---- */

/* store_sqlite_record.c */
HRESULT sql_record_put(struct store *store, const struct store_record *record);
HRESULT sql_record_get(struct store *store, const struct guid *id, struct store_record *record);
HRESULT sql_record_find(struct store *store, const struct guid *id, struct store_record *record);
HRESULT sql_record_remove(struct store *store, const struct guid *id);
HRESULT sql_record_each(struct store *store, const struct guid *type, uint64_t after,
                        bool with_payload, store_record_visitor visit, void *context);
HRESULT sql_record_walk(struct store *store, const struct store_place *from, bool with_header,
                        store_record_visitor visit, void *context);
HRESULT sql_record_each_by_creator(struct store *store, const struct hash *creator,
                                   store_record_visitor visit, void *context);
HRESULT sql_record_each_by_certificate(struct store *store, const struct hash *certificate,
                                       store_record_visitor visit, void *context);
HRESULT sql_record_scan(struct store *store, const struct store_key *from,
                        const struct store_key *to, uint64_t after, store_item_visitor visit,
                        void *context);
HRESULT sql_record_each_expired(struct store *store, uint64_t after, uint64_t until, uint32_t limit,
                                store_record_visitor visit, void *context);
HRESULT sql_record_next_expiration(struct store *store, uint64_t after, uint64_t *expiration);
HRESULT sql_record_count(struct store *store, uint64_t after, uint64_t *count);

/* store_sqlite_piece.c */
HRESULT sql_piece_put(struct store *store, const struct hash *root, uint32_t index,
                      struct bytes data, const struct hash *leaf);
HRESULT sql_piece_get(struct store *store, const struct hash *root, uint32_t index,
                      struct buffer *data);
HRESULT sql_piece_has(struct store *store, const struct hash *root, uint32_t index, bool *has);
HRESULT sql_piece_count(struct store *store, const struct hash *root, uint32_t *count);
HRESULT sql_leaves(struct store *store, const struct hash *root, uint32_t count,
                   struct hash *leaves, uint64_t *size);
HRESULT sql_pieces_drop(struct store *store, const struct hash *root);
HRESULT sql_pieces_collect(struct store *store);
/* sql_piece_drop_of_record drops the pieces that only the record with this id names; not those
 * under keep. */
HRESULT sql_piece_drop_of_record(struct sql_store *store, const struct guid *id,
                                 struct bytes keep) MUST_CHECK;
HRESULT sql_unfinished_put(struct store *store, const struct store_unfinished *unfinished);
HRESULT sql_unfinished_remove(struct store *store, const struct hash *digest);
HRESULT sql_unfinished_each(struct store *store, store_unfinished_visitor visit, void *context);

/* store_sqlite_value.c */
HRESULT sql_certificate_put(struct store *store, const struct store_certificate *certificate);
HRESULT sql_certificate_get(struct store *store, const struct hash *hash, struct buffer *der);
HRESULT sql_certificate_remove(struct store *store, const struct hash *hash);
HRESULT sql_certificate_each(struct store *store, store_certificate_visitor visit, void *context);
HRESULT sql_value_put(struct store *store, const char *key, struct bytes value);
HRESULT sql_value_get(struct store *store, const char *key, struct buffer *value);
HRESULT sql_value_remove(struct store *store, const char *key);
HRESULT sql_value_each(struct store *store, const char *prefix, store_value_visitor visit,
                       void *context);

#endif
