/* Does a power cut, right after a publishing call has returned, leave what the call confirmed? */
#include "support/disk.h"
#include "support/home.h"
#include "support/test.h"

#include "engine/engine.h"
#include "engine/loop.h"
#include "group/identity.h"
#include "record/record.h"
#include "store/store.h"

#include <errno.h>
#include <stdlib.h>

enum { LARGE = 3 * LIMIT_PIECE_SIZE + 100, ROUNDS = 6 };

static const struct guid note_type = {{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90}};
static struct identity identity;
static struct group_entry entry; /* of the group; its database and name */
static uint64_t session;
static char cut[512]; /* folder with what the last power cut left */
static uint8_t payload[LARGE];

static HRESULT see_entry(void *context, const struct group_entry *seen)
{
    (void)context;
    entry.database = mem_strdup(seen->database);
    entry.group = mem_strdup(seen->group);
    return S_OK;
}

static int setup(void **state)
{
    if (home_setup(state) != 0)
        return -1;
    snprintf(cut, sizeof(cut), "%s", home_file("cut"));
    disk_install();
    assert_ok(engine_startup());
    assert_ok(identity_create(NULL, "Anna", NULL, &identity));
    struct engine_create create = {.creator = identity.peer_name,
                                   .wish = {.friendly_name = "test group", .schemes = 0}};
    assert_ok(engine_group_create(&create, &session));
    assert_ok(group_entry_each(identity.peer_name, see_entry, NULL));
    return mkdir(cut, 0700);
}

static int teardown(void **state)
{
    assert_ok(engine_group_close(session));
    assert_ok(engine_shutdown());
    disk_remove();
    identity_deinit(&identity);
    mem_free(entry.database);
    mem_free(entry.group);
    return home_teardown(state);
}

/* What the group's database would be if the power failed now. */
static void cut_power(enum disk_loss loss, uint32_t seed, struct store **store)
{
    char copy[1024];
    snprintf(copy, sizeof(copy), "%s%s", cut, strrchr(entry.database, '/'));
    nftw(cut, home_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert_int_equal(mkdir(cut, 0700), 0);
    disk_cut(cut, loss, seed);
    disk_bypass(true);
    assert_ok(store_sqlite_open(copy, STORE_OPEN_EXISTING, store));
    disk_bypass(false);
}

static void assert_payload(struct store *store, const struct store_record *row, struct bytes want)
{
    CLEANUP_BUFFER struct buffer piece = BUFFER_NULL;
    assert_int_equal(row->payload_size, want.size);
    uint32_t count = want.size > LIMIT_PIECE_SIZE ? payload_piece_count(want.size) : 0, have;
    assert_true(count > 0 || bytes_equal(row->payload, want));
    assert_ok(store->ops->piece_count(store, &row->payload_root, &have));
    assert_int_equal(have, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(store->ops->piece_get(store, &row->payload_root, i, &piece));
        assert_int_equal(piece.size, payload_piece_size(want.size, i));
        assert_memory_equal(piece.data, want.data + (size_t)i * LIMIT_PIECE_SIZE, piece.size);
    }
}

/* Whatever the cut loses of what was not synced, the version stands as it was confirmed. */
static void assert_lasts(const struct guid *id, uint32_t version, bool deleted, struct bytes want)
{
    static const enum disk_loss losses[] = {DISK_LOSE_ALL, DISK_LOSE_SOME};
    static uint32_t seed;
    for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
        struct store *store = NULL;
        struct store_record row;
        cut_power(losses[i], ++seed, &store);
        assert_ok(store->ops->get(store, id, &row));
        assert_int_equal(row.version, version);
        assert_true(row.deleted == deleted && row.local);
        assert_payload(store, &row, want);
        store_record_deinit(&row);
        store_free(store);
    }
}

static struct engine_publish note_of(struct bytes content)
{
    return (struct engine_publish){
        .type = note_type, .expiration = loop_utc() + 3600 * TICKS_PER_SECOND, .payload = content};
}

static struct bytes content_of(uint32_t number, bool large)
{
    memcpy(payload, &number, sizeof(number));
    return bytes_of(payload, large ? sizeof(payload) : 200);
}

static void add_update_delete(bool large)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct guid id;
        struct bytes content = content_of(2 * i, large);
        struct engine_publish note = note_of(content);
        assert_ok(engine_record_add(session, &note, &id));
        assert_lasts(&id, 1, false, content);
        content = content_of(2 * i + 1, large);
        note = note_of(content);
        note.id = id;
        assert_ok(engine_record_update(session, &note));
        assert_lasts(&id, 2, false, content);
        assert_ok(engine_record_delete(session, &id));
        assert_lasts(&id, 3, true, bytes_of(NULL, 0));
    }
}

static void test_small_records(void **state)
{
    (void)state;
    add_update_delete(false);
}

static void test_large_records(void **state)
{
    (void)state;
    add_update_delete(true);
}

static void copy_back(const char *suffix)
{
    char from[1024], to[1024];
    snprintf(from, sizeof(from), "%s%s%s", cut, strrchr(entry.database, '/'), suffix);
    snprintf(to, sizeof(to), "%s%s", entry.database, suffix);
    assert_true(unlink(to) == 0 || errno == ENOENT);
    assert_true(rename(from, to) == 0 || errno == ENOENT);
}

/* The group that is opened from what a cut has left is the one that was confirmed. */
static void test_group_opens_again(void **state)
{
    (void)state;
    struct guid kept, gone;
    struct store *store = NULL;
    struct engine_record record;
    struct bytes content = content_of(99, true);
    struct engine_publish note = note_of(content);
    assert_ok(engine_record_add(session, &note, &gone));
    assert_ok(engine_record_add(session, &note, &kept));
    assert_ok(engine_record_delete(session, &gone));
    cut_power(DISK_LOSE_ALL, 1, &store);
    store_free(store);
    assert_ok(engine_group_close(session));
    assert_ok(engine_shutdown());
    copy_back("");
    copy_back("-wal");
    assert_ok(engine_startup());
    assert_ok(engine_group_open(identity.peer_name, entry.group, NULL, &session));
    assert_hr(engine_record_get(session, &gone, &record), PEER_E_RECORD_NOT_FOUND);
    assert_ok(engine_record_get(session, &kept, &record));
    assert_true(bytes_equal(buffer_view(&record.payload), content));
    engine_record_deinit(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_records),
        cmocka_unit_test(test_large_records),
        cmocka_unit_test(test_group_opens_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
