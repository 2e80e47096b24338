/* store_sqlite.c - the SQLite backend: opening, closing, and what makes changes last.
 *
 * The first change after a commit opens a transaction; commit closes it. Everything runs with
 * synchronous=NORMAL, where SQLite writes the log at a commit but does not sync it. Whether a
 * commit must survive a power cut is known only at its end, when SQLite no longer lets that setting
 * change, so a durable commit syncs the log file itself after COMMIT: the log is append-only up to
 * its last frame and its checksums make what was synced readable on its own, hence that one sync
 * covers this commit and all before it. A COMMIT that fails is rolled back; a sync that fails
 * leaves the disk in doubt, and the store refuses everything until it is opened again. The log is
 * played back into the file whenever it has grown to CHECKPOINT_PAGES. Where much of the file is
 * free, each commit gives SHRINK_PAGES of it back, and so does closing, more at a time. */
#include "store/store_sqlite.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>

enum {
    CHECKPOINT_PAGES = 4000,
    FREE_PAGES_MAX = 1024, /* and a quarter of the file: beyond that it shrinks */
    SHRINK_PAGES = 256,    /* in a step */
    SHRINK_EVERY = 64,     /* commits, while there is nothing to do */
    SHRINK_STEPS_AT_END = 64
};

/* end_batch forgets the open changes; undone: they did not come to be. */
static void end_batch(struct sql_store *store, bool undone)
{
    /* What was seen in between must not share its generation with what comes. */
    if (undone && store->record_change)
        store->generation++;
    /* The indexes over random names need memory while thousands of rows come at once, not in quiet
     * times. */
    if (store->large_cache && store->changes < SQL_MANY_CHANGES)
        sql_resize_cache(store, false);
    store->changes = 0;
    store->open = store->record_change = store->durable = false;
    store->lost = S_OK;
}

static HRESULT sync_log(struct sql_store *store)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (rc != SQLITE_OK || !file || !file->pMethods)
        return PEER_E_DATABASE_ACCESSDENIED;
    errno = 0;
    rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (rc == SQLITE_OK)
        return S_OK;
    return errno == ENOSPC || errno == EDQUOT ? PEER_E_DISK_FULL : PEER_E_DATABASE_ACCESSDENIED;
}

/* Makes all that was committed last. */
static HRESULT sync_commits(struct sql_store *store)
{
    store->dead = sync_log(store);
    store->unsynced = FAILED(store->dead);
    return store->dead;
}

static void checkpoint(struct sql_store *store)
{
    /* A failure costs nothing but room: the next commit tries again. */
    int rc = sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK)
        log_line(LOG_WARNING, "store: checkpoint failed: %s", sqlite3_errstr(rc));
}

/* Gives pages back that nothing uses, a step's worth. False: there are few. */
static bool shrink(struct sql_store *store)
{
    struct sql_query query;
    uint64_t free_pages = 0, pages = 0;
    sql_query_begin(&query, store, SQL_FREE_PAGES);
    if (sql_query_step(&query)) {
        free_pages = sql_read_number(&query, INT64_MAX);
        pages = sql_read_number(&query, INT64_MAX);
    }
    HRESULT hr = sql_query_end(&query);
    if (FAILED(hr) || free_pages < FREE_PAGES_MAX || free_pages < pages / 4)
        return false;
    char text[48];
    snprintf(text, sizeof(text), "PRAGMA incremental_vacuum(%d)", SHRINK_PAGES);
    /* A failure costs nothing but room, as with checkpoints. */
    int rc = sqlite3_exec(store->db, text, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        log_line(LOG_WARNING, "store: the file does not shrink: %s", sqlite3_errstr(rc));
    return rc == SQLITE_OK;
}

static void shrink_if_due(struct sql_store *store)
{
    if (store->shrink_wait > 0) {
        store->shrink_wait--;
        return;
    }
    bool more = shrink(store);
    store->shrink_steps += more;
    /* The file itself is cut when the log is played back. */
    if (store->shrink_steps > 0 && (!more || store->shrink_steps == SHRINK_EVERY)) {
        store->shrink_steps = 0;
        checkpoint(store);
    }
    if (!more)
        store->shrink_wait = SHRINK_EVERY;
}

static HRESULT commit(struct store *base)
{
    struct sql_store *store = sql_store_of(base);
    ASSERT(store->visits == 0);
    bool durable = store->durable;
    HRESULT hr = FAILED(store->dead) ? store->dead : store->lost;
    if (FAILED(hr) || !store->open) {
        end_batch(store, FAILED(hr));
        if (SUCCEEDED(hr) && durable && store->unsynced)
            hr = sync_commits(store);
        return hr;
    }
    store->wal_pages = 0;
    struct sql_query query;
    sql_query_begin(&query, store, SQL_COMMIT);
    query.change = true;
    hr = sql_query_run(&query);
    end_batch(store, FAILED(hr));
    store->unsynced = true;
    if (SUCCEEDED(hr) && durable)
        hr = sync_commits(store);
    if (SUCCEEDED(hr))
        shrink_if_due(store);
    if (SUCCEEDED(hr) && store->wal_pages >= CHECKPOINT_PAGES)
        checkpoint(store);
    return hr;
}

static HRESULT rollback(struct store *base)
{
    struct sql_store *store = sql_store_of(base);
    ASSERT(store->visits == 0);
    sql_give_up(store, E_ABORT);
    end_batch(store, true);
    return store->dead;
}

static void mark_durable(struct store *base)
{
    sql_store_of(base)->durable = true;
}

static uint64_t generation(struct store *base)
{
    return sql_store_of(base)->generation;
}

static void free_store(struct store *base)
{
    struct sql_store *store = sql_store_of(base);
    bool clean = store->ready && !store->open && SUCCEEDED(store->dead);
    for (int i = 0; clean && i < SHRINK_STEPS_AT_END && shrink(store); i++)
        continue;
    for (int i = 0; i < SQL_COUNT_; i++)
        sqlite3_finalize(store->idle[i]);
    int rc = sqlite3_close(store->db);
    ASSERT(rc == SQLITE_OK);
    mem_free(store);
}

static const struct store_ops sqlite_ops = {
    .free = free_store,
    .commit = commit,
    .rollback = rollback,
    .mark_durable = mark_durable,
    .put = sql_record_put,
    .get = sql_record_get,
    .find = sql_record_find,
    .remove = sql_record_remove,
    .each = sql_record_each,
    .walk = sql_record_walk,
    .each_by_creator = sql_record_each_by_creator,
    .each_by_certificate = sql_record_each_by_certificate,
    .scan = sql_record_scan,
    .each_expired = sql_record_each_expired,
    .next_expiration = sql_record_next_expiration,
    .count = sql_record_count,
    .piece_put = sql_piece_put,
    .piece_get = sql_piece_get,
    .piece_has = sql_piece_has,
    .piece_count = sql_piece_count,
    .leaves = sql_leaves,
    .pieces_drop = sql_pieces_drop,
    .pieces_collect = sql_pieces_collect,
    .unfinished_put = sql_unfinished_put,
    .unfinished_remove = sql_unfinished_remove,
    .unfinished_each = sql_unfinished_each,
    .certificate_put = sql_certificate_put,
    .certificate_get = sql_certificate_get,
    .certificate_remove = sql_certificate_remove,
    .certificate_each = sql_certificate_each,
    .value_put = sql_value_put,
    .value_get = sql_value_get,
    .value_remove = sql_value_remove,
    .value_each = sql_value_each,
    .generation = generation,
};

static int after_commit(void *context, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct sql_store *)context)->wal_pages = pages;
    return SQLITE_OK;
}

/* prepare_ends prepares what ends a transaction, so that it works when memory has run out. */
static HRESULT prepare_ends(struct sql_store *store)
{
    static const enum sql_statement ends[] = {SQL_BEGIN, SQL_COMMIT, SQL_ROLLBACK};
    HRESULT hr = S_OK;
    for (size_t i = 0; SUCCEEDED(hr) && i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct sql_query query;
        sql_query_begin(&query, store, ends[i]);
        hr = sql_query_end(&query);
    }
    return hr;
}

HRESULT store_sqlite_open(const char *path, enum store_open_mode mode, struct store **out)
{
    *out = NULL;
    struct sql_store *store = mem_zalloc(sizeof(*store));
    if (!store)
        return E_OUTOFMEMORY;
    store->base.ops = &sqlite_ops;
    store->generation = 1;
    /* For all that is known, a process that was killed has left it. */
    store->unsynced = mode != STORE_CREATE;
    HRESULT hr = mode == STORE_CREATE ? sql_schema_create(path) : S_OK;
    bool created = mode == STORE_CREATE && SUCCEEDED(hr);
    if (SUCCEEDED(hr))
        hr = sql_schema_open(store, path);
    if (SUCCEEDED(hr))
        hr = prepare_ends(store);
    if (FAILED(hr)) {
        store_free(&store->base);
        if (created && FAILED(store_sqlite_delete(path)))
            log_line(LOG_WARNING, "store: a new database could not be removed");
        return hr;
    }
    store->ready = true;
    sqlite3_wal_hook(store->db, after_commit, store);
    *out = &store->base;
    return S_OK;
}
