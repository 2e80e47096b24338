/* Does the group agree on a time that no single member can move quickly? */
#include "scenario.h"

static int64_t offset_ms(struct sim *sim, uint32_t index)
{
    return graph_time_offset(sim_node(sim, index)->graph) / (int64_t)TICKS_PER_MS;
}

/* [point 14.1] A newcomer takes over the time of its first contact. */
static void newcomer_adopts_the_groups_time(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    uint32_t member = sim_add(
        sim, &(struct sim_node_options){.synchronised = false, .clock_ms = -20ll * 3600 * 1000});
    sim_connect(sim, member, 0);
    sim_run(sim, 1000);
    int64_t offset = offset_ms(sim, member);
    assert_in_range(offset, 20 * 3600 * 1000 - 100, 20 * 3600 * 1000);
    assert_int_equal(sim_notices(sim, member, GRAPH_NOTICE_TIME_OFFSET, 0), 1);
    struct guid id = add_text(sim, member, "in the group's time");
    sim_run(sim, 1000);
    assert_true(sim_holds(sim, 0, &id));
    assert_sound(sim);
    sim_free(sim);
}

/* [point 5.11] Too wrong a clock makes the connection fail. */
static void clock_a_day_off_is_refused(void **state)
{
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct sim *sim = sim_of_seed(2);
        add_founder(sim);
        uint32_t member = sim_add(
            sim, &(struct sim_node_options){.synchronised = false,
                                            .clock_ms = sign * (24ll * 3600 * 1000 + 5000)});
        sim_connect(sim, member, 0);
        sim_run(sim, 20000);
        assert_false(sim_linked(sim, 0, member));
        assert_hr(sim_last_notice(sim, member, GRAPH_NOTICE_CONNECT_FAILED)->hr,
                  PEER_E_INVALID_TIME_PERIOD);
        assert_int_equal(offset_ms(sim, member), 0);
        assert_sound(sim);
        sim_free(sim);
    }
}

struct times {
    uint64_t created, modified;
};

static HRESULT take_times(void *context, const struct store_record *row)
{
    *(struct times *)context = (struct times){row->created, row->modified};
    return S_OK;
}

/* [point 14.2] A record's times are the group's, whatever the clock of its author says. */
static void record_times_are_the_groups(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(7);
    add_founder(sim);
    uint32_t member = sim_add(
        sim, &(struct sim_node_options){.synchronised = false, .clock_ms = 5ll * 3600 * 1000});
    sim_connect(sim, member, 0);
    sim_run(sim, 1000);
    struct guid id = add_text(sim, member, "x");
    uint64_t added = sim_peer_time(sim);
    sim_run(sim, 5000);
    assert_ok(update_text(sim, member, &id, "y"));
    uint64_t updated = sim_peer_time(sim);
    sim_run(sim, 1000);
    struct times times = {0, 0};
    struct store *store = sim_node(sim, 0)->store;
    assert_ok(store->ops->each(store, &SIM_RECORD_TYPE, 0, false, take_times, &times));
    assert_in_range(times.created, added - TICKS_PER_SECOND, added + TICKS_PER_SECOND);
    assert_in_range(times.modified, updated - TICKS_PER_SECOND, updated + TICKS_PER_SECOND);
    /* So is the end that its author names. */
    struct sim_record brief = {.kind = PUBLISH_ADD, .expiration = added + 600 * TICKS_PER_SECOND};
    assert_ok(sim_publish(sim, member, &brief, &id));
    sim_run(sim, 580 * 1000);
    assert_true(sim_holds(sim, 0, &id) && sim_holds(sim, member, &id));
    sim_run(sim, 20 * 1000);
    assert_false(sim_holds(sim, 0, &id) || sim_holds(sim, member, &id));
    assert_sound(sim);
    sim_free(sim);
}

/* [point 14.1] Later connections move it slowly, both ways. */
static void offset_creeps(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(3);
    add_founder(sim);
    uint32_t member =
        sim_add(sim, &(struct sim_node_options){.synchronised = true, .clock_ms = -60000});
    sim_connect(sim, member, 0);
    sim_run(sim, MINUTE_MS);
    int64_t last[2] = {offset_ms(sim, 0), offset_ms(sim, member)};
    for (int minute = 0; minute < 10; minute++) {
        sim_run(sim, MINUTE_MS);
        for (uint32_t i = 0; i < 2; i++) {
            int64_t moved = offset_ms(sim, i) - last[i];
            assert_true(moved <= 1000 && moved >= -1000);
            last[i] += moved;
        }
    }
    assert_true(last[1] >= 8000);
    sim_run(sim, 60 * MINUTE_MS);
    /* They meet, and then stay. */
    int64_t apart = offset_ms(sim, member) - 60000 - offset_ms(sim, 0);
    assert_true(apart < 100 && apart > -100);
    uint32_t notices = sim_notices(sim, 0, GRAPH_NOTICE_TIME_OFFSET, 0);
    sim_run(sim, 10 * MINUTE_MS);
    assert_true(sim_notices(sim, 0, GRAPH_NOTICE_TIME_OFFSET, 0) - notices <= 5);
    assert_sound(sim);
    sim_free(sim);
}

static void twenty_minutes_a_day_at_most(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    uint32_t member = sim_add(
        sim, &(struct sim_node_options){.synchronised = true, .clock_ms = -12ll * 3600 * 1000});
    sim_connect(sim, member, 0);
    sim_run(sim, 23 * HOUR_MS);
    assert_in_range(offset_ms(sim, member), 19 * 60 * 1000, 20 * 60 * 1000);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newcomer_adopts_the_groups_time),
        cmocka_unit_test(clock_a_day_off_is_refused),
        cmocka_unit_test(record_times_are_the_groups),
        cmocka_unit_test(offset_creeps),
        cmocka_unit_test(twenty_minutes_a_day_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
