/* Does opening tell our files from others, and say why it cannot? Does a file that someone damaged
 * or tampered with give codes, never a crash? Does every confirmed commit survive the death of the
 * process? */
#include "store_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static int make_folder(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    folder_make(folder);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    folder_remove(*state);
    free(*state);
    return 0;
}

/* fill_database makes one with a row of every kind. */
static void fill_database(const struct folder *folder)
{
    struct store *store = NULL;
    struct hash root = hash_of(1);
    struct store_record large = large_of(2, &root);
    struct store_unfinished unfinished = {.record = large_of(3, &root), .since_utc = 5};
    struct store_certificate certificate = {.hash = hash_of(4), .der = bytes_of("der", 3)};
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    put_pieces(store, &root);
    assert_ok(store->ops->put(store, &large));
    assert_ok(store->ops->unfinished_put(store, &unfinished));
    assert_ok(store->ops->certificate_put(store, &certificate));
    assert_ok(store->ops->value_put(store, "key", bytes_of("value", 5)));
    assert_ok(store->ops->commit(store));
    store_free(store);
}

static void check_open(const char *path, enum store_open_mode mode, HRESULT want)
{
    struct store *store = (struct store *)&store;
    assert_hr(store_sqlite_open(path, mode, &store), want);
    assert_true((store != NULL) == (want == S_OK));
    store_free(store);
}

static void write_file(const char *path, const void *data, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_true(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

static size_t read_file(const char *path, uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got = fread(data, 1, size, file);
    fclose(file);
    return got;
}

/* change_file runs SQL on the file behind the store's back. */
static void change_file(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

/* ---- opening ---- */

static void test_open_modes(void **state)
{
    struct folder *folder = *state;
    char missing[300];
    snprintf(missing, sizeof(missing), "%s/none/group.db", folder->path);
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_DATABASE_NOT_PRESENT);
    assert_hr(store_sqlite_delete(folder->file), PEER_E_DATABASE_NOT_PRESENT);
    check_open(missing, STORE_OPEN_EXISTING, PEER_E_DATABASE_NOT_PRESENT);
    check_open(missing, STORE_CREATE, PEER_E_DATABASE_NOT_PRESENT);
    assert_int_equal(folder_count(folder, false), 0);
    fill_database(folder);
    check_open(folder->file, STORE_CREATE, PEER_E_DATABASE_ALREADY_PRESENT);
    check_open(folder->file, STORE_OPEN_EXISTING, S_OK);
    assert_int_equal(folder_count(folder, false), 1);
    assert_ok(store_sqlite_delete(folder->file));
    assert_int_equal(folder_count(folder, false), 0);
}

static void test_files_are_for_the_owner_alone(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    char log[200];
    struct stat status;
    mode_t mask = umask(0);
    snprintf(log, sizeof(log), "%s-wal", folder->file);
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    umask(mask);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(log, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    store_free(store);
}

static void test_one_store_at_a_time(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_DATABASE_ACCESSDENIED);
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    store_free(store);
    check_open(folder->file, STORE_OPEN_EXISTING, S_OK);
}

static void test_what_was_not_committed_is_gone(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    put_record(store, 2);
    store_free(store);
    assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
    assert_true(has_record(store, 1) && !has_record(store, 2));
    store_free(store);
}

static void test_a_log_without_its_database_is_not_played(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    char log[200], saved[200];
    static uint8_t content[1 << 20];
    snprintf(log, sizeof(log), "%s-wal", folder->file);
    snprintf(saved, sizeof(saved), "%s.saved", folder->file);
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    put_record(store, 1);
    assert_ok(store->ops->commit(store));
    size_t size = read_file(log, content, sizeof(content));
    assert_true(size > 0);
    store_free(store);
    assert_ok(store_sqlite_delete(folder->file));
    write_file(log, content, size);
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    assert_false(has_record(store, 1));
    store_free(store);
}

static long size_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (long)status.st_size;
}

/* What was deleted gives its room back: a part with each commit, and more when the store is closed.
 * Little is not worth the work. */
static void test_file_shrinks(void **state)
{
    (void)state;
    enum { RECORDS = 400, MEGABYTE = 1024 * 1024 };
    struct folder folder;
    struct store *store = NULL;
    folder_make(&folder);
    assert_ok(store_sqlite_open(folder.file, STORE_CREATE, &store));
    for (int turn = 0; turn < 2; turn++) {
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct hash root = hash_of(100 + i);
            struct store_record record = large_of(i, &root);
            put_pieces(store, &root);
            assert_ok(store->ops->put(store, &record));
        }
        assert_ok(store->ops->commit(store));
        long full = size_of(folder.file);
        assert_true(full > 20 * MEGABYTE);
        for (uint32_t i = 0; i < RECORDS; i++) {
            struct guid id = guid_of(i);
            assert_ok(store->ops->remove(store, &id));
        }
        assert_ok(store->ops->commit(store));
        for (int i = 0; turn == 0 && i < 200; i++) {
            assert_ok(store->ops->value_put(store, "key", bytes_of(&i, sizeof(i))));
            assert_ok(store->ops->commit(store));
        }
        if (turn == 0)
            assert_true(size_of(folder.file) < full / 2);
    }
    store_free(store);
    assert_true(size_of(folder.file) < 6 * MEGABYTE);
    assert_ok(store_sqlite_open(folder.file, STORE_OPEN_EXISTING, &store));
    store_free(store);
    folder_remove(&folder);
}

static void test_other_versions(void **state)
{
    struct folder *folder = *state;
    fill_database(folder);
    change_file(folder->file, "PRAGMA user_version = 3");
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_UNSUPPORTED_VERSION);
    change_file(folder->file, "PRAGMA user_version = 1");
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
    change_file(folder->file, "PRAGMA user_version = 2");
    check_open(folder->file, STORE_OPEN_EXISTING, S_OK);
}

static void test_foreign_files_are_refused_and_left_alone(void **state)
{
    struct folder *folder = *state;
    static uint8_t before[65536], after[65536];
    change_file(folder->file, "CREATE TABLE record(id); INSERT INTO record VALUES(1)");
    size_t size = read_file(folder->file, before, sizeof(before));
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
    assert_int_equal(read_file(folder->file, after, sizeof(after)), size);
    assert_memory_equal(before, after, size);
    memset(before, 0xa5, sizeof(before));
    write_file(folder->file, before, sizeof(before));
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
    write_file(folder->file, "short", 5);
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
    write_file(folder->file, "", 0);
    check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
}

static void test_other_schemas_are_refused(void **state)
{
    struct folder *folder = *state;
    static const char *const changes[] = {
        "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END",
        "DROP TRIGGER t; DROP INDEX record_scan",
        "CREATE INDEX record_scan ON record(modified)",
    };
    fill_database(folder);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        change_file(folder->file, changes[i]);
        check_open(folder->file, STORE_OPEN_EXISTING, PEER_E_INVALID_DATABASE);
    }
}

/* in_child runs run without privileges and checks that it exits with 0. */
static void in_child(void (*run)(const char *path), const char *path)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(9);
        run(path);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void expect_denied(const char *path)
{
    struct store *store = NULL;
    if (store_sqlite_open(path, STORE_OPEN_EXISTING, &store) != PEER_E_DATABASE_ACCESSDENIED)
        _exit(1);
}

static void expect_denied_creation(const char *path)
{
    struct store *store = NULL;
    if (store_sqlite_open(path, STORE_CREATE, &store) != PEER_E_DATABASE_ACCESSDENIED)
        _exit(1);
}

static void expect_denied_deletion(const char *path)
{
    if (store_sqlite_delete(path) != PEER_E_DATABASE_ACCESSDENIED)
        _exit(1);
}

static void test_permissions(void **state)
{
    struct folder *folder = *state;
    char other[200];
    snprintf(other, sizeof(other), "%s/other.db", folder->path);
    fill_database(folder);
    assert_int_equal(chmod(folder->path, 0555), 0);
    assert_int_equal(chmod(folder->file, 0000), 0);
    in_child(expect_denied, folder->file); /* cannot be read */
    assert_int_equal(chmod(folder->file, 0444), 0);
    in_child(expect_denied, folder->file); /* cannot be written */
    assert_int_equal(chmod(folder->file, 0666), 0);
    in_child(expect_denied, folder->file); /* no room for the log beside it */
    in_child(expect_denied_creation, other);
    in_child(expect_denied_deletion, folder->file);
    assert_int_equal(chmod(folder->path, 0000), 0);
    in_child(expect_denied, folder->file);
    in_child(expect_denied_creation, other);
    assert_int_equal(chmod(folder->path, 0700), 0);
    check_open(folder->file, STORE_OPEN_EXISTING, S_OK);
}

/* ---- damage ---- */

/* worse keeps the first failure. */
static HRESULT worse(HRESULT sum, HRESULT hr)
{
    return FAILED(sum) || hr == PEER_E_RECORD_NOT_FOUND || hr == PEER_E_NOT_FOUND ? sum : hr;
}

static HRESULT count_only(void *context, const struct store_record *record)
{
    (void)record;
    ++*(int *)context;
    return S_OK;
}

static HRESULT count_unfinished(void *context, const struct store_unfinished *unfinished)
{
    return count_only(context, &unfinished->record);
}

/* read_everything returns the first failure of any reading call. */
static HRESULT read_everything(struct store *store)
{
    const struct store_ops *ops = store->ops;
    CLEANUP_BUFFER struct buffer data = BUFFER_NULL;
    struct hash root = hash_of(1), creator = hash_of(1000), certificate = hash_of(2000);
    struct seen seen = {.count = 0};
    struct store_record record;
    struct hash leaves[2];
    uint64_t number;
    uint32_t pieces;
    int count = 0;
    HRESULT sum = S_OK;
    for (uint32_t i = 1; i <= 3; i++) {
        struct guid id = guid_of(i);
        struct hash hash = hash_of(i + 3);
        sum = worse(sum, ops->get(store, &id, &record));
        store_record_deinit(&record);
        sum = worse(sum, ops->find(store, &id, &record));
        sum = worse(sum, ops->piece_get(store, &root, i - 1, &data));
        sum = worse(sum, ops->certificate_get(store, &hash, &data));
    }
    sum = worse(sum, ops->each(store, NULL, 0, true, count_only, &count));
    sum = worse(sum, ops->each_by_creator(store, &creator, count_only, &count));
    sum = worse(sum, ops->each_by_certificate(store, &certificate, count_only, &count));
    sum = worse(sum, ops->scan(store, NULL, NULL, 0, see_item, &seen));
    sum = worse(sum, ops->each_expired(store, 0, UINT64_MAX, 99, count_only, &count));
    sum = worse(sum, ops->next_expiration(store, 0, &number));
    sum = worse(sum, ops->count(store, 0, &number));
    sum = worse(sum, ops->piece_count(store, &root, &pieces));
    sum = worse(sum, ops->leaves(store, &root, 2, leaves, &number));
    sum = worse(sum, ops->unfinished_each(store, count_unfinished, &count));
    sum = worse(sum, ops->certificate_each(store, see_certificate, &seen));
    sum = worse(sum, ops->value_get(store, "key", &data));
    return worse(sum, ops->value_each(store, "", see_value, &seen));
}

static void test_rows_of_wrong_shape(void **state)
{
    struct folder *folder = *state;
    static const char *const changes[] = {
        "UPDATE record SET id = x'00' WHERE payload_size = 1",
        "UPDATE record SET type = x''",
        "UPDATE record SET digest = zeroblob(31)",
        "UPDATE record SET digest = zeroblob(33)",
        "UPDATE record SET digest = 'text of just thirty-two letters.'",
        "UPDATE record SET creator = x'01'",
        "UPDATE record SET certificate = x'01'",
        "UPDATE record SET payload_root = x'01'",
        "UPDATE record SET version = -1",
        "UPDATE record SET version = 4294967296",
        "UPDATE record SET version = 1.5",
        "UPDATE record SET version = 'many'",
        "UPDATE record SET deleted = 2",
        "UPDATE record SET local = -1",
        "UPDATE record SET created = 'long ago'",
        "UPDATE record SET modified = x'00'",
        "UPDATE record SET expiration = 'never'",
        "UPDATE record SET payload_size = -5",
        "UPDATE record SET payload_size = payload_size + 1 WHERE payload_size < 1000",
        "UPDATE record SET header = 'text'",
        "UPDATE record SET signature = 7",
        "UPDATE record SET payload = zeroblob(70000)",
        "UPDATE piece SET data = zeroblob(65537)",
        "UPDATE piece SET data = 12",
        "UPDATE piece SET size = 65537",
        "UPDATE piece SET size = 'large'",
        "UPDATE piece SET leaf = zeroblob(31)",
        "UPDATE unfinished SET digest = x'00'",
        "UPDATE unfinished SET payload_size = 'large'",
        "UPDATE unfinished SET since_utc = 'long ago'",
        "UPDATE unfinished SET owner = x'00'",
        "UPDATE certificate SET hash = x'00'",
        "UPDATE certificate SET issuer = zeroblob(64)",
        "UPDATE certificate SET subject_key = 5",
        "UPDATE certificate SET der = 'text'",
        "UPDATE value SET value = 3.5",
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct store *store = NULL;
        fill_database(folder);
        change_file(folder->file, changes[i]);
        assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
        HRESULT hr = read_everything(store);
        if (hr != PEER_E_INVALID_DATABASE)
            print_error("after %s\n", changes[i]);
        assert_hr(hr, PEER_E_INVALID_DATABASE);
        store_free(store);
        assert_ok(store_sqlite_delete(folder->file));
    }
}

/* check_damaged opens and reads a file that may be anything: a code, no crash. Returns whether it
 * was noticed. */
static bool check_damaged(const char *path)
{
    struct store *store = NULL;
    struct store_record record = record_of(9);
    HRESULT hr = store_sqlite_open(path, STORE_OPEN_EXISTING, &store);
    if (FAILED(hr)) {
        assert_null(store);
        assert_true(hr == PEER_E_INVALID_DATABASE || hr == PEER_E_UNSUPPORTED_VERSION);
        return true;
    }
    hr = read_everything(store);
    if (FAILED(hr))
        assert_hr(hr, PEER_E_INVALID_DATABASE);
    HRESULT put = store->ops->put(store, &record);
    put = FAILED(put) ? store->ops->rollback(store) : store->ops->commit(store);
    store_free(store);
    return FAILED(hr) || FAILED(put);
}

static void test_truncated_and_flipped_files(void **state)
{
    struct folder *folder = *state;
    static uint8_t original[512 * 1024], damaged[512 * 1024];
    uint32_t seed = 1;
    int noticed = 0;
    fill_database(folder);
    size_t size = read_file(folder->file, original, sizeof(original));
    assert_true(size > 100000 && size < sizeof(original));
    static const size_t sizes[] = {1, 99, 100, 512, 4095, 4096, 8192, 65536};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        write_file(folder->file, original, sizes[i]);
        assert_true(check_damaged(folder->file));
    }
    for (int round = 0; round < 80; round++) {
        memcpy(damaged, original, size);
        for (int flips = 0; flips < 64; flips++) {
            seed = seed * 1664525u + 1013904223u;
            size_t at = (seed >> 4) % (round % 2 ? 100000 : size);
            damaged[at < 100 && round % 4 ? at + 100 : at] ^= (uint8_t)(seed >> 3);
        }
        write_file(folder->file, damaged, size);
        noticed += check_damaged(folder->file);
    }
    assert_true(noticed > 40);
}

/* ---- death of the process ---- */

/* put_forever commits record after record and names each on the pipe once it is confirmed. */
static void put_forever(const char *path, int pipe_end)
{
    struct store *store = NULL;
    if (FAILED(store_sqlite_open(path, STORE_OPEN_EXISTING, &store)))
        _exit(1);
    uint64_t first = 0;
    if (FAILED(store->ops->count(store, 0, &first)))
        _exit(2);
    for (uint32_t number = (uint32_t)first;; number++) {
        struct store_record record = record_of(number);
        if (FAILED(store->ops->put(store, &record)))
            _exit(3);
        if (number % 8 == 0)
            store->ops->mark_durable(store);
        if (FAILED(store->ops->commit(store)))
            _exit(4);
        if (write(pipe_end, &number, sizeof(number)) != sizeof(number))
            _exit(5);
    }
}

static uint32_t kill_after(const char *path, uint32_t confirmations)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        put_forever(path, ends[1]);
    }
    close(ends[1]);
    uint32_t last = 0, number, seen = 0;
    while (seen < confirmations && read(ends[0], &number, sizeof(number)) == sizeof(number)) {
        last = number;
        seen++;
    }
    assert_int_equal(seen, confirmations);
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) /* confirmed as it died */
        last = number;
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return last;
}

static void test_confirmed_commits_survive_kill(void **state)
{
    struct folder *folder = *state;
    struct store *store = NULL;
    assert_ok(store_sqlite_open(folder->file, STORE_CREATE, &store));
    store_free(store);
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t last = kill_after(folder->file, 1 + round * 7 % 31);
        uint64_t count = 0;
        assert_ok(store_sqlite_open(folder->file, STORE_OPEN_EXISTING, &store));
        for (uint32_t i = 0; i <= last; i++)
            assert_true(has_record(store, i));
        assert_ok(store->ops->count(store, 0, &count));
        assert_true(count == last + 1 || count == last + 2);
        store_free(store);
    }
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_open_modes),
        IN_FOLDER(test_files_are_for_the_owner_alone),
        IN_FOLDER(test_one_store_at_a_time),
        IN_FOLDER(test_what_was_not_committed_is_gone),
        IN_FOLDER(test_a_log_without_its_database_is_not_played),
        IN_FOLDER(test_file_shrinks),
        IN_FOLDER(test_other_versions),
        IN_FOLDER(test_foreign_files_are_refused_and_left_alone),
        IN_FOLDER(test_other_schemas_are_refused),
        IN_FOLDER(test_permissions),
        IN_FOLDER(test_rows_of_wrong_shape),
        IN_FOLDER(test_truncated_and_flipped_files),
        IN_FOLDER(test_confirmed_commits_survive_kill),
    };
    return cmocka_run_group_tests_name("store-sqlite", tests, NULL, NULL);
}
