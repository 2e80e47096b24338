/* When any one allocation fails, ours or SQLite's, is the outcome E_OUTOFMEMORY without an effect
 * or the full effect, in both backends, and does the store go on afterwards? */
#include "store_fixture.h"
#include "support/disk.h"

#include <malloc.h>
#include <sqlite3.h>

/* ---- SQLite's allocations on the clock of ours ---- */

static void *sql_malloc(int size)
{
    return mem_should_fail() ? NULL : malloc((size_t)size);
}

static void *sql_realloc(void *block, int size)
{
    return mem_should_fail() ? NULL : realloc(block, (size_t)size);
}

static int sql_size(void *block)
{
    return block ? (int)malloc_usable_size(block) : 0;
}

static int sql_roundup(int size)
{
    return (size + 7) & ~7;
}

static int sql_init(void *context)
{
    (void)context;
    return SQLITE_OK;
}

static void sql_shutdown(void *context)
{
    (void)context;
}

static int use_failing_allocator(void **state)
{
    static const sqlite3_mem_methods methods = {.xMalloc = sql_malloc,
                                                .xFree = free,
                                                .xRealloc = sql_realloc,
                                                .xSize = sql_size,
                                                .xRoundup = sql_roundup,
                                                .xInit = sql_init,
                                                .xShutdown = sql_shutdown};
    (void)state;
    assert_int_equal(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods), SQLITE_OK);
    assert_int_equal(sqlite3_initialize(), SQLITE_OK);
    disk_install(); /* for its syncs, which cost nothing */
    return 0;
}

static int forget_disk(void **state)
{
    (void)state;
    disk_remove();
    return 0;
}

/* ---- the sweep ---- */

struct bench {
    bool on_disk;
    struct folder folder;
    struct store *store;
};

/* next_point: every allocation up to 100, then every thirteenth. */
static uint64_t next_point(uint64_t n)
{
    return n < 100 ? n + 1 : n + 13;
}

/* fill puts a small record 1, a large record 2, an unfinished 3 and a value, and commits. */
static void fill(struct store *store)
{
    struct hash root = hash_of(1), shared = hash_of(2);
    struct store_record large = large_of(2, &root);
    struct store_unfinished unfinished = {.record = large_of(3, &shared), .since_utc = 5};
    put_record(store, 1);
    put_pieces(store, &root);
    put_pieces(store, &shared);
    assert_ok(store->ops->put(store, &large));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->value_put(store, "key", bytes_of("old", 3)));
    assert_ok(store->ops->commit(store));
}

/* prepare gives a filled store; a file is made once and copied from then on. */
static void prepare(struct bench *bench)
{
    static uint8_t file[1 << 20];
    static size_t size;
    FILE *stream;
    folder_make(&bench->folder);
    if (!bench->on_disk) {
        assert_ok(store_memory_new(&bench->store));
        fill(bench->store);
        return;
    }
    if (size == 0) {
        assert_ok(store_sqlite_open(bench->folder.file, STORE_CREATE, &bench->store));
        fill(bench->store);
        store_free(bench->store);
        assert_non_null(stream = fopen(bench->folder.file, "rb"));
        size = fread(file, 1, sizeof(file), stream);
        assert_true(size < sizeof(file) && fclose(stream) == 0);
    } else {
        assert_non_null(stream = fopen(bench->folder.file, "wb"));
        assert_true(fwrite(file, 1, size, stream) == size && fclose(stream) == 0);
    }
    assert_ok(store_sqlite_open(bench->folder.file, STORE_OPEN_EXISTING, &bench->store));
}

static void finish(struct bench *bench)
{
    store_free(bench->store);
    bench->store = NULL;
    folder_remove(&bench->folder);
}

struct contents {
    char records[512];
    char unfinished[512];
    uint32_t pieces[2];
    uint32_t version;
    char value[8];
};

static void look(struct store *store, struct contents *contents)
{
    struct seen seen = {.count = 0};
    struct guid id = guid_of(1);
    struct store_record record;
    struct hash root = hash_of(1), shared = hash_of(2);
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    memset(contents, 0, sizeof(*contents));
    assert_ok(store->ops->scan(store, NULL, NULL, 0, see_item, &seen));
    strcpy(contents->records, seen.text);
    seen = (struct seen){.count = 0};
    assert_ok(store->ops->unfinished_each(store, see_unfinished, &seen));
    strcpy(contents->unfinished, seen.text);
    contents->pieces[0] = pieces_of(store, &root);
    contents->pieces[1] = pieces_of(store, &shared);
    if (SUCCEEDED(store->ops->find(store, &id, &record)))
        contents->version = record.version;
    if (SUCCEEDED(store->ops->value_get(store, "key", &value)))
        memcpy(contents->value, value.data, value.size);
}

static HRESULT put_new(struct store *store)
{
    struct store_record record = record_of(50);
    return store->ops->put(store, &record);
}

static HRESULT replace_small(struct store *store)
{
    struct store_record record = record_of(1);
    record.version = 2;
    return store->ops->put(store, &record);
}

static HRESULT replace_large(struct store *store)
{
    struct store_record record = record_of(2);
    record.version = 2;
    return store->ops->put(store, &record);
}

static HRESULT remove_large(struct store *store)
{
    struct guid id = guid_of(2);
    return store->ops->remove(store, &id);
}

static HRESULT remove_and_put_again(struct store *store)
{
    struct guid id = guid_of(1);
    HRESULT hr = store->ops->remove(store, &id);
    return SUCCEEDED(hr) ? replace_small(store) : hr;
}

static HRESULT drop_unfinished(struct store *store)
{
    struct hash digest = hash_of(3);
    return store->ops->unfinished_remove(store, &digest);
}

static HRESULT put_unfinished(struct store *store)
{
    struct hash shared = hash_of(2);
    struct store_unfinished unfinished = {.record = large_of(4, &shared), .since_utc = 9};
    return store->ops->unfinished_put(store, &unfinished);
}

static HRESULT put_value(struct store *store)
{
    return store->ops->value_put(store, "key", bytes_of("new", 3));
}

static HRESULT put_many(struct store *store)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 100; SUCCEEDED(hr) && i < 110; i++) {
        struct store_record record = record_of(i);
        hr = store->ops->put(store, &record);
    }
    return hr;
}

/* change_and_commit returns what the change and its commit come to. */
static HRESULT change_and_commit(struct store *store, HRESULT (*change)(struct store *store))
{
    HRESULT hr = change(store);
    if (SUCCEEDED(hr)) {
        store->ops->mark_durable(store);
        return store->ops->commit(store);
    }
    assert_ok(store->ops->rollback(store));
    return hr;
}

/* sweep_change fails the n-th allocation of a change for every n; returns how many there were. */
static int sweep_change(bool on_disk, HRESULT (*change)(struct store *store))
{
    struct contents before, full, after;
    struct bench bench = {.on_disk = on_disk};
    prepare(&bench);
    look(bench.store, &before);
    assert_ok(change_and_commit(bench.store, change));
    look(bench.store, &full);
    assert_memory_not_equal(&before, &full, sizeof(full));
    finish(&bench);
    for (uint64_t n = 1;; n = next_point(n)) {
        prepare(&bench);
        mem_fail_nth(n);
        HRESULT hr = change_and_commit(bench.store, change);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        if (FAILED(hr))
            assert_hr(hr, E_OUTOFMEMORY);
        look(bench.store, &after);
        assert_memory_equal(&after, FAILED(hr) ? &before : &full, sizeof(after));
        assert_ok(change_and_commit(bench.store, change));
        finish(&bench);
        if (!hit)
            return (int)n - 1;
    }
}

static void sweep_changes(bool on_disk)
{
    static HRESULT (*const changes[])(struct store * store) = {
        put_new,         replace_small,  replace_large, remove_large, remove_and_put_again,
        drop_unfinished, put_unfinished, put_value,     put_many};
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++)
        assert_true(sweep_change(on_disk, changes[i]) > 0);
}

static void test_changes_in_memory(void **state)
{
    (void)state;
    sweep_changes(false);
}

static void test_changes_on_disk(void **state)
{
    (void)state;
    sweep_changes(true);
}

static HRESULT read_all(struct store *store)
{
    struct seen seen = {.count = 0};
    struct guid id = guid_of(1);
    struct hash root = hash_of(1);
    struct store_record record = {.owned = NULL};
    CLEANUP_BUFFER struct buffer data = BUFFER_NULL;
    HRESULT hr = store->ops->get(store, &id, &record);
    store_record_deinit(&record);
    if (SUCCEEDED(hr))
        hr = store->ops->scan(store, NULL, NULL, 0, see_item, &seen);
    if (SUCCEEDED(hr))
        hr = store->ops->each(store, NULL, 0, true, see_record, &seen);
    if (SUCCEEDED(hr))
        hr = store->ops->piece_get(store, &root, 0, &data);
    if (SUCCEEDED(hr))
        hr = store->ops->value_get(store, "key", &data);
    return hr;
}

/* sweep_reads: a reading that fails leaves open changes whole, or says at the commit that they are
 * gone. */
static int sweep_reads(bool on_disk)
{
    for (uint64_t n = 1;; n = next_point(n)) {
        struct bench bench = {.on_disk = on_disk};
        prepare(&bench);
        put_record(bench.store, 60);
        mem_fail_nth(n);
        HRESULT hr = read_all(bench.store);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        if (FAILED(hr))
            assert_hr(hr, E_OUTOFMEMORY);
        HRESULT committed = bench.store->ops->commit(bench.store);
        if (FAILED(committed))
            assert_hr(committed, E_OUTOFMEMORY);
        assert_true(has_record(bench.store, 60) == SUCCEEDED(committed));
        assert_ok(read_all(bench.store));
        finish(&bench);
        if (!hit)
            return (int)n - 1;
    }
}

static void test_reads_in_memory(void **state)
{
    (void)state;
    assert_true(sweep_reads(false) >= 2);
}

static void test_reads_on_disk(void **state)
{
    (void)state;
    assert_true(sweep_reads(true) > 5);
}

static void test_opening(void **state)
{
    (void)state;
    for (int mode = STORE_CREATE; mode <= STORE_OPEN_EXISTING; mode++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n = next_point(n)) {
            struct folder folder;
            struct store *store = NULL;
            folder_make(&folder);
            if (mode == STORE_OPEN_EXISTING) {
                assert_ok(store_sqlite_open(folder.file, STORE_CREATE, &store));
                store_free(store);
            }
            mem_fail_nth(n);
            HRESULT hr = store_sqlite_open(folder.file, mode, &store);
            hit = mem_fail_hit();
            mem_fail_nth(0);
            assert_true((store != NULL) == SUCCEEDED(hr));
            if (FAILED(hr)) {
                assert_hr(hr, E_OUTOFMEMORY);
                assert_int_equal(folder_count(&folder, false), mode == STORE_CREATE ? 0 : 1);
                assert_ok(store_sqlite_open(folder.file, mode, &store));
            }
            put_record(store, 1);
            assert_ok(store->ops->commit(store));
            store_free(store);
            folder_remove(&folder);
        }
    }
    struct store *store = (struct store *)&store;
    mem_fail_nth(1);
    assert_hr(store_memory_new(&store), E_OUTOFMEMORY);
    assert_null(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_in_memory), cmocka_unit_test(test_changes_on_disk),
        cmocka_unit_test(test_reads_in_memory),   cmocka_unit_test(test_reads_on_disk),
        cmocka_unit_test(test_opening),
    };
    return cmocka_run_group_tests_name("store-memory-failure", tests, use_failing_allocator,
                                       forget_disk);
}
