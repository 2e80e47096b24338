/* Is the queue of a registration in order, bounded, and never lossy in silence? */
#include "support/test.h"

#include "base/alloc.h"
#include "engine/event_queue.h"

#include <malloc.h>
#include <string.h>

static struct event_queue queue;

static void begin(uint32_t changes, uint32_t events, size_t data_bytes)
{
    struct event_queue_limits kept = event_queue_limits;
    event_queue_limits = (struct event_queue_limits){.changes = changes,
                                                     .events = events,
                                                     .data_bytes = data_bytes,
                                                     .change_bytes = kept.change_bytes,
                                                     .event_bytes = kept.event_bytes};
    event_queue_init(&queue);
    event_queue_limits = kept;
}

static HRESULT put_numbered(enum engine_event_type type, uint32_t number)
{
    struct engine_event event = {.type = type, .status = number};
    return event_queue_put(&queue, &event);
}

static HRESULT put_data(uint32_t number, size_t size)
{
    uint8_t *bytes = calloc(1, size + 1);
    assert_non_null(bytes);
    struct engine_event event = {
        .type = ENGINE_EVENT_DATA, .status = number, .data = {.data = bytes, .size = size}};
    HRESULT hr = event_queue_put(&queue, &event);
    free(bytes);
    return hr;
}

static bool made_room;

/* The next event's number, which must be of this type. */
static uint32_t take(enum engine_event_type type)
{
    struct engine_event event;
    assert_ok(event_queue_take(&queue, &event, &made_room));
    assert_int_equal(event.type, type);
    uint32_t number = event.status;
    engine_event_deinit(&event);
    return number;
}

static void assert_next(HRESULT expected)
{
    struct engine_event event;
    assert_hr(event_queue_take(&queue, &event, &made_room), expected);
    assert_null(event.peer_name);
    assert_false(made_room);
}

static void test_order(void **state)
{
    (void)state;
    static const enum engine_event_type types[] = {ENGINE_EVENT_STATUS, ENGINE_EVENT_RECORD,
                                                   ENGINE_EVENT_DATA, ENGINE_EVENT_MEMBER,
                                                   ENGINE_EVENT_NEIGHBOUR};
    begin(100, 200, 100000);
    for (uint32_t i = 0; i < 100; i++)
        assert_hr(put_numbered(types[i % ARRAY_SIZE(types)], i), S_OK);
    for (uint32_t i = 0; i < 100; i++)
        assert_int_equal(take(types[i % ARRAY_SIZE(types)]), i);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

/* What is kept comes first, then the gap once, then what came after it was read. */
static void test_gap_is_told_once_where_it_is(void **state)
{
    (void)state;
    begin(3, 5, 1000);
    for (uint32_t i = 0; i < 3; i++)
        assert_hr(put_numbered(ENGINE_EVENT_RECORD, i), S_OK);
    for (uint32_t i = 3; i < 50; i++)
        assert_hr(put_numbered(i % 2 ? ENGINE_EVENT_RECORD : ENGINE_EVENT_MEMBER, i), S_FALSE);
    assert_hr(put_numbered(ENGINE_EVENT_STATUS, 50), S_OK); /* has more room, behind the gap */
    assert_int_equal(take(ENGINE_EVENT_RECORD), 0);
    /* Room alone does not end a gap: what is kept is without holes up to it. */
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 51), S_FALSE);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 1);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 2);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 52), S_OK);
    assert_int_equal(take(ENGINE_EVENT_STATUS), 50);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 52);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

/* Nothing older than what is seen at the gap comes behind it, when something was left out later. */
static void test_gap_moves_behind_what_it_makes_stale(void **state)
{
    (void)state;
    begin(1, 3, 1000);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 0), S_OK);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 1), S_FALSE);
    assert_hr(put_numbered(ENGINE_EVENT_DIRECT, 2), S_OK);
    assert_hr(put_numbered(ENGINE_EVENT_DIRECT, 3), S_OK);
    assert_hr(put_numbered(ENGINE_EVENT_DIRECT, 4), S_FALSE);
    assert_hr(put_data(5, 10), S_OK);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 0);
    assert_int_equal(take(ENGINE_EVENT_DIRECT), 2);
    assert_int_equal(take(ENGINE_EVENT_DIRECT), 3);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    assert_int_equal(take(ENGINE_EVENT_DATA), 5);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

static void test_data_is_kept_and_says_when_it_is_too_much(void **state)
{
    (void)state;
    begin(1, 1, 10000);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 0), S_OK);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 1), S_FALSE);
    for (uint32_t i = 0; i < 9; i++)
        assert_hr(put_data(i, 1000), S_OK);
    assert_true(queue.full); /* each costs a little more than its bytes */
    assert_hr(put_data(9, 1000), S_OK);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 0);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(take(ENGINE_EVENT_DATA), i);
        assert_true(made_room == (i == 5)); /* four of them are less than half */
        assert_true(queue.full == (i < 5));
    }
    assert_int_equal(queue.data_bytes, 0);
    event_queue_deinit(&queue);
    /* Empty ones too. */
    begin(1, 1, 10000);
    for (uint32_t i = 0; !queue.full; i++) {
        assert_true(i < 1000);
        assert_hr(put_data(i, 0), S_OK);
    }
    event_queue_deinit(&queue);
}

static void test_without_memory_there_is_a_gap(void **state)
{
    (void)state;
    begin(10, 10, 1000);
    assert_hr(put_numbered(ENGINE_EVENT_STATUS, 0), S_OK);
    mem_fail_nth(1);
    assert_hr(put_numbered(ENGINE_EVENT_STATUS, 1), E_OUTOFMEMORY);
    assert_hr(put_numbered(ENGINE_EVENT_STATUS, 2), S_OK);
    mem_fail_nth(2);
    assert_hr(put_data(3, 10), E_OUTOFMEMORY);
    mem_fail_nth(0);
    struct engine_event member = {.type = ENGINE_EVENT_MEMBER, .peer_name = (char *)"somebody"};
    assert_hr(event_queue_put(&queue, &member), S_FALSE);
    assert_int_equal(take(ENGINE_EVENT_STATUS), 0);
    assert_int_equal(take(ENGINE_EVENT_STATUS), 2);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    mem_fail_nth(2);
    assert_hr(event_queue_put(&queue, &member), E_OUTOFMEMORY);
    mem_fail_nth(0);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

static size_t heap_used(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* As an application meets it that sleeps while 300,000 records change: what p2p.h says of it. */
static void test_300000_changes_nobody_takes(void **state)
{
    (void)state;
    event_queue_init(&queue);
    size_t before = heap_used();
    uint32_t kept = 0;
    for (uint32_t i = 0; i < 300000; i++)
        kept += put_numbered(ENGINE_EVENT_RECORD, i) == S_OK;
    size_t used = heap_used() - before;
    print_message("# %u events kept in %zu KiB\n", kept, used / 1024);
    assert_int_equal(kept, 262144);
    assert_true(used <= 40u * 1024 * 1024); /* 0 where a sanitizer has a heap of its own */
    for (uint32_t i = 0; i < kept; i++)
        assert_int_equal(take(ENGINE_EVENT_RECORD), i);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 300000), S_OK);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 300000);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

enum { NAME_MAX_BYTES = 41 + 149 * 3 }; /* UTF-8 of the longest peer name */

static HRESULT put_member(size_t name_size)
{
    char name[NAME_MAX_BYTES + 1];
    memset(name, 'n', name_size);
    name[name_size] = 0;
    struct engine_event event = {.type = ENGINE_EVENT_MEMBER, .peer_name = name};
    return event_queue_put(&queue, &event);
}

/* The bound is what is taken, too: members' events with long names are fewer. Nobody who takes
 * nothing costs more than p2p.h says, whatever comes. */
static void test_long_names_nobody_takes(void **state)
{
    (void)state;
    static const size_t sizes[] = {NAME_MAX_BYTES, 41, 1};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        event_queue_init(&queue);
        size_t before = heap_used();
        uint32_t kept = 0, rest = 0;
        while (put_member(sizes[i]) == S_OK)
            kept++;
        size_t used = heap_used() - before;
        print_message("# %u events with names of %zu kept in %zu KiB\n", kept, sizes[i],
                      used / 1024);
        assert_true(used <= queue.limits.change_bytes && queue.bytes <= queue.limits.change_bytes);
        assert_true(kept > 60000 && kept < 262144);
        /* Rarer kinds have room beyond. */
        while (put_numbered(ENGINE_EVENT_STATUS, 0) == S_OK)
            rest++;
        used = heap_used() - before;
        assert_true(rest >= 16384);
        assert_true(used <= queue.limits.event_bytes && queue.bytes <= queue.limits.event_bytes);
        assert_hr(put_member(1), S_FALSE);
        /* All that was taken is room again. */
        for (uint32_t k = 0; k < kept; k++)
            take(ENGINE_EVENT_MEMBER);
        for (uint32_t k = 0; k < rest; k++)
            take(ENGINE_EVENT_STATUS);
        assert_next(PEER_E_TOO_MUCH_LOAD);
        assert_int_equal(queue.bytes, 0);
        event_queue_deinit(&queue);
    }
}

static void test_a_gap_alone(void **state)
{
    (void)state;
    begin(10, 10, 1000);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 0), S_OK);
    event_queue_gap(&queue);
    assert_hr(put_numbered(ENGINE_EVENT_RECORD, 1), S_FALSE);
    event_queue_gap(&queue);
    assert_int_equal(take(ENGINE_EVENT_RECORD), 0);
    assert_next(PEER_E_TOO_MUCH_LOAD);
    assert_next(PEER_S_NO_EVENT_DATA);
    event_queue_deinit(&queue);
}

/* Freed while everything is in it: events, data, a gap (the sanitizer counts). */
static void test_freed_while_full(void **state)
{
    (void)state;
    begin(1, 2, 1000);
    struct engine_event member = {.type = ENGINE_EVENT_MEMBER, .peer_name = (char *)"somebody"};
    assert_hr(event_queue_put(&queue, &member), S_OK);
    assert_hr(event_queue_put(&queue, &member), S_FALSE);
    assert_hr(put_data(1, 5000), S_OK);
    assert_true(queue.full);
    event_queue_deinit(&queue);
    assert_null(queue.first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_gap_is_told_once_where_it_is),
        cmocka_unit_test(test_gap_moves_behind_what_it_makes_stale),
        cmocka_unit_test(test_data_is_kept_and_says_when_it_is_too_much),
        cmocka_unit_test(test_without_memory_there_is_a_gap),
        cmocka_unit_test(test_300000_changes_nobody_takes),
        cmocka_unit_test(test_long_names_nobody_takes),
        cmocka_unit_test(test_a_gap_alone),
        cmocka_unit_test(test_freed_while_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
