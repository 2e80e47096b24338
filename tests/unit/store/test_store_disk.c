/* Does what was confirmed survive a power cut, and is the database whole whatever the cut left?
 * Does a full or failing disk leave the store usable, and does opening take the same whatever the
 * size? */
#include "store_fixture.h"
#include "support/disk.h"

#include <errno.h>
#include <sqlite3.h>

enum { LARGE_ID = 200, BATCHES = 90, PIECES = 4 };

/* How far the writer is; batch k puts record k, value "last" and the large record anew. */
static struct {
    struct folder copy;
    uint32_t begun;     /* batches whose commit has begun */
    uint32_t committed; /* batches whose commit has returned */
    uint32_t durable;   /* the last one that was durable */
    uint32_t cuts;
    uint32_t lost; /* cuts that took committed batches back */
} progress;

static void check_integrity(const char *path)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    sqlite3_close(db);
}

/* last_batch checks that the store holds exactly the batches up to one, and returns that. */
static uint32_t last_batch(struct store *store)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    uint32_t last = 0;
    HRESULT hr = store->ops->value_get(store, "last", &value);
    if (hr != PEER_E_NOT_FOUND) {
        assert_ok(hr);
        last = value.data[0];
        struct guid id = guid_of(LARGE_ID);
        struct store_record large;
        assert_ok(store->ops->find(store, &id, &large));
        assert_int_equal(large.version, last);
        assert_int_equal(pieces_of(store, &large.payload_root), PIECES);
    }
    for (uint32_t i = 1; i <= BATCHES; i++)
        assert_true(has_record(store, i) == (i <= last));
    return last;
}

enum { WATCH_EVERY = 499 };

/* cut_power looks at what would be left now. */
static void cut_power(void)
{
    struct store *store = NULL;
    uint32_t seed = ++progress.cuts;
    disk_cut(progress.copy.path, (enum disk_loss)(seed % 3), seed);
    disk_watch(NULL, 1);
    disk_bypass(true);
    assert_ok(store_sqlite_open(progress.copy.file, STORE_OPEN_EXISTING, &store));
    uint32_t last = last_batch(store);
    store_free(store);
    check_integrity(progress.copy.file);
    folder_count(&progress.copy, true);
    disk_bypass(false);
    disk_watch(cut_power, WATCH_EVERY);
    assert_true(last >= progress.durable && last <= progress.begun);
    progress.lost += last < progress.committed;
}

static void put_batch(struct store *store, uint32_t number)
{
    static uint8_t piece[LIMIT_PIECE_SIZE];
    struct hash root = hash_of(number);
    struct store_record large = large_of(LARGE_ID, &root);
    uint8_t last = (uint8_t)number;
    memset(piece, (int)number, sizeof(piece));
    for (uint32_t i = 0; i < PIECES; i++)
        assert_ok(store->ops->piece_put(store, &root, i, bytes_of(piece, sizeof(piece)), &root));
    large.version = number;
    large.payload_size = PIECES * LIMIT_PIECE_SIZE;
    assert_ok(store->ops->put(store, &large));
    put_record(store, number);
    assert_ok(store->ops->value_put(store, "last", bytes_of(&last, 1)));
}

static void test_power_cut_takes_only_the_unsynced_end(void **state)
{
    (void)state;
    struct folder folder;
    struct store *store = NULL;
    folder_make(&folder);
    folder_make(&progress.copy);
    assert_ok(store_sqlite_open(folder.file, STORE_CREATE, &store));
    store_free(store);
    disk_install();
    assert_ok(store_sqlite_open(folder.file, STORE_OPEN_EXISTING, &store));
    disk_watch(cut_power, WATCH_EVERY);
    for (uint32_t i = 1; i <= BATCHES; i++) {
        bool durable = i % 20 == 10, afterwards = i % 40 == 30;
        put_batch(store, i);
        if (durable && !afterwards)
            store->ops->mark_durable(store);
        progress.begun = i;
        assert_ok(store->ops->commit(store));
        progress.committed = i;
        if (afterwards) { /* what was committed is made to last without another change */
            store->ops->mark_durable(store);
            assert_ok(store->ops->commit(store));
        }
        if (durable) {
            progress.durable = i;
            cut_power();
        }
    }
    /* The log was played back on the way, the cuts hit that too, and some batches were really lost.
     */
    assert_true(progress.cuts > 20 && progress.lost > 3);
    disk_watch(NULL, 1);
    store_free(store);
    disk_remove();
    assert_ok(store_sqlite_open(folder.file, STORE_OPEN_EXISTING, &store));
    assert_int_equal(last_batch(store), BATCHES);
    store_free(store);
    folder_remove(&folder);
    folder_remove(&progress.copy);
}

/* ---- full and failing disks ---- */

static int open_disk(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    folder_make(folder);
    disk_install();
    *state = folder;
    return 0;
}

static int close_disk(void **state)
{
    disk_remove();
    folder_remove(*state);
    free(*state);
    return 0;
}

/* fill puts records until one call fails, and returns its code. */
static HRESULT fill(struct store *store)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 1000; SUCCEEDED(hr) && i < 60000; i++) {
        struct store_record record = record_of(i);
        hr = store->ops->put(store, &record);
    }
    return hr;
}

static void test_full_disk_in_a_change(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    uint64_t count = 0;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    put_record(store, 2);
    disk_set_room(100000);
    assert_hr(fill(store), PEER_E_DISK_FULL);
    /* All is lost, and everything says so until the caller has answered. */
    struct store_record record = record_of(3);
    assert_hr(store->ops->put(store, &record), PEER_E_DISK_FULL);
    assert_hr(store->ops->find(store, &record.id, &record), PEER_E_DISK_FULL);
    assert_hr(store->ops->count(store, 0, &count), PEER_E_DISK_FULL);
    assert_hr(store->ops->commit(store), PEER_E_DISK_FULL);
    assert_true(has_record(store, 1) && !has_record(store, 2));
    assert_ok(store->ops->count(store, 0, &count));
    assert_int_equal(count, 1);
    assert_hr(fill(store), PEER_E_DISK_FULL);
    assert_ok(store->ops->rollback(store));
    disk_set_room(-1);
    put_record(store, 4);
    assert_ok(store->ops->commit(store));
    store_free(store);
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    assert_true(has_record(store, 1) && !has_record(store, 2) && has_record(store, 4));
    store_free(store);
}

static void test_full_disk_in_a_commit(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    uint64_t before = store->ops->generation(store);
    for (int64_t room = 0; room < 30000; room += 3000) {
        put_record(store, 2);
        store->ops->mark_durable(store);
        disk_set_room(room);
        assert_hr(store->ops->commit(store), PEER_E_DISK_FULL);
        disk_set_room(-1);
        assert_true(has_record(store, 1) && !has_record(store, 2));
        assert_true(store->ops->generation(store) > before);
    }
    put_record(store, 3);
    assert_ok(store->ops->commit(store));
    store_free(store);
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    assert_true(has_record(store, 1) && !has_record(store, 2) && has_record(store, 3));
    store_free(store);
}

static void test_full_disk_at_creation_leaves_nothing(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    disk_set_room(5000);
    assert_hr(store_sqlite_open(folder->file, STORE_CREATE, &store), PEER_E_DISK_FULL);
    assert_null(store);
    assert_int_equal(folder_count(folder, false), 0);
    disk_set_room(-1);
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    store_free(store);
}

static void test_failed_sync_stops_the_store(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    static const struct {
        int error;
        HRESULT want;
    } cases[] = {{ENOSPC, PEER_E_DISK_FULL}, {EIO, PEER_E_DATABASE_ACCESSDENIED}};
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct store_record record = record_of(2);
        put_record(store, 3); /* begins the log, which syncs its first page in any case */
        assert_ok(store->ops->commit(store));
        put_record(store, 1);
        store->ops->mark_durable(store);
        disk_fail_sync(cases[i].error);
        assert_hr(store->ops->commit(store), cases[i].want);
        disk_fail_sync(0);
        assert_hr(store->ops->put(store, &record), cases[i].want);
        assert_hr(store->ops->find(store, &record.id, &record), cases[i].want);
        assert_hr(store->ops->commit(store), cases[i].want);
        assert_hr(store->ops->rollback(store), cases[i].want);
        store_free(store);
        assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
        assert_true(has_record(store, 3));
    }
    store_free(store);
}

/* ---- costs ---- */

static uint64_t bytes_read_by_opening(const struct folder *folder)
{
    struct store *store = NULL;
    uint64_t before = disk_bytes_read();
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    uint64_t count = disk_bytes_read() - before;
    store_free(store);
    return count;
}

static void test_opening_reads_the_same_whatever_the_size(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    store_free(store);
    uint64_t small = bytes_read_by_opening(folder);
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    for (uint32_t i = 0; i < 5000; i++)
        put_record(store, i);
    assert_ok(store->ops->commit(store));
    store_free(store);
    assert_true(small > 0);
    assert_int_equal(bytes_read_by_opening(folder), small);
}

static int64_t log_size(const struct folder *folder)
{
    char name[200];
    struct stat status;
    snprintf(name, sizeof(name), "%s-wal", folder->file);
    return stat(name, &status) == 0 ? status.st_size : 0;
}

static void test_log_does_not_grow_without_bound(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    int64_t most = 0;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    disk_bypass(true);
    store_free(store);
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    for (uint32_t i = 1; i <= 200; i++) {
        put_batch(store, i % 250);
        assert_ok(store->ops->commit(store));
        most = log_size(folder) > most ? log_size(folder) : most;
    }
    assert_true(most > 8000000 && most < 20000000);
    for (uint32_t i = 1000; i < 1330; i++) { /* one commit beyond the bound ... */
        struct hash root = hash_of(i);
        put_pieces(store, &root);
    }
    assert_ok(store->ops->commit(store));
    assert_true(log_size(folder) > 20000000);
    put_batch(store, 1); /* ... is cut back by the next */
    assert_ok(store->ops->commit(store));
    assert_true(log_size(folder) < 20000000);
    store_free(store);
    assert_int_equal(folder_count(folder, false), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cut_takes_only_the_unsynced_end),
        cmocka_unit_test_setup_teardown(test_full_disk_in_a_change, open_disk, close_disk),
        cmocka_unit_test_setup_teardown(test_full_disk_in_a_commit, open_disk, close_disk),
        cmocka_unit_test_setup_teardown(test_full_disk_at_creation_leaves_nothing, open_disk,
                                        close_disk),
        cmocka_unit_test_setup_teardown(test_failed_sync_stops_the_store, open_disk, close_disk),
        cmocka_unit_test_setup_teardown(test_opening_reads_the_same_whatever_the_size, open_disk,
                                        close_disk),
        cmocka_unit_test_setup_teardown(test_log_does_not_grow_without_bound, open_disk,
                                        close_disk),
    };
    return cmocka_run_group_tests_name("store-disk", tests, NULL, NULL);
}
