/* What becomes of the pieces of a large payload when its publication is refused, and when others
 * publish and delete the same payload meanwhile? */
#include "support/home.h"
#include "support/test.h"

#include "engine/engine.h"
#include "engine/loop.h"
#include "group/identity.h"
#include "record/record.h"
#include "store/store.h"

#include <pthread.h>
#include <stdlib.h>

static const struct guid note_type = {{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90}};
enum { SIZE = 1024 * 1024 };

static uint64_t session;
static uint8_t payload[SIZE];
static char *database;

static HRESULT see_entry(void *context, const struct group_entry *entry)
{
    (void)context;
    database = mem_strdup(entry->database);
    return S_OK;
}

static int setup(void **state)
{
    struct identity identity;
    if (home_setup(state) != 0)
        return -1;
    assert_ok(engine_startup());
    assert_ok(identity_create(NULL, "Anna", NULL, &identity));
    struct engine_create create = {.creator = identity.peer_name,
                                   .wish = {.friendly_name = "test group", .schemes = 0}};
    assert_ok(engine_group_create(&create, &session));
    assert_ok(group_entry_each(identity.peer_name, see_entry, NULL));
    identity_deinit(&identity);
    for (size_t i = 0; i < SIZE; i++)
        payload[i] = (uint8_t)(i * 2654435761u >> 13);
    return 0;
}

static int teardown(void **state)
{
    mem_free(database);
    return home_teardown(state);
}

static HRESULT add(uint64_t expiration, struct guid *id)
{
    struct engine_publish note = {
        .type = note_type, .expiration = expiration, .payload = bytes_of(payload, SIZE)};
    return engine_record_add(session, &note, id);
}

static void *add_and_delete(void *context)
{
    (void)context;
    for (int i = 0; i < 20; i++) {
        struct guid id;
        struct engine_record record;
        assert_ok(add(loop_utc() + 3600 * TICKS_PER_SECOND, &id));
        assert_ok(engine_record_get(session, &id, &record));
        assert_int_equal(record.payload.size, SIZE);
        assert_memory_equal(record.payload.data, payload, SIZE);
        engine_record_deinit(&record);
        assert_ok(engine_record_delete(session, &id));
        assert_hr(add(1, &id), E_INVALIDARG); /* takes pieces away that others have staged */
    }
    return NULL;
}

static void test_same_payload_by_many(void **state)
{
    (void)state;
    pthread_t threads[3];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_delete, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
}

/* Last: it closes the group. */
static void test_refused_leaves_no_pieces(void **state)
{
    (void)state;
    struct guid id;
    struct hash root;
    struct store *store = NULL;
    uint32_t count = 1;
    assert_hr(add(1, &id), E_INVALIDARG);
    assert_true(guid_equal(&id, &GUID_NULL_VALUE));
    assert_ok(engine_group_close(session));
    assert_ok(engine_shutdown());
    assert_ok(payload_root(bytes_of(payload, SIZE), &root));
    assert_ok(store_sqlite_open(database, STORE_OPEN_EXISTING, &store));
    assert_ok(store->ops->piece_count(store, &root, &count));
    assert_int_equal(count, 0);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_payload_by_many),
        cmocka_unit_test(test_refused_leaves_no_pieces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
