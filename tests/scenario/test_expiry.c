/* Do records end when they should, and survive clocks that are wrong? */
#include "scenario.h"

static void hidden_at_once_purged_a_day_later(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
    assert_ok(sim_publish(sim, 0, &record, &id));
    sim_run(sim, 1000);
    assert_true(sim_holds(sim, 1, &id));
    sim_run(sim, 597 * 1000);
    assert_true(sim_holds(sim, 1, &id));
    sim_run(sim, 3000);
    for (uint32_t i = 0; i < 2; i++) {
        assert_false(sim_holds(sim, i, &id));
        assert_int_equal(sim_notices(sim, i, GRAPH_NOTICE_RECORD, GRAPH_EXPIRED), 1);
    }
    struct store *store = sim_node(sim, 1)->store;
    struct store_record row;
    sim_run(sim, 23 * HOUR_MS);
    assert_ok(store->ops->find(store, &id, &row));
    sim_run(sim, 3 * HOUR_MS);
    assert_hr(store->ops->find(store, &id, &row), PEER_E_RECORD_NOT_FOUND);
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_RECORD, GRAPH_EXPIRED), 1);
    assert_sound(sim);
    sim_free(sim);
}

static void wrong_clock_loses_nothing(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(2);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id = add_text(sim, 0, "lives for a day");
    sim_run(sim, 2 * HOUR_MS);
    /* For three hours the clock is ten years ahead, then it is set right. */
    sim_node(sim, 1)->options.clock_ms = 10ll * 365 * 86400 * 1000;
    sim_run(sim, 3 * HOUR_MS);
    assert_false(sim_holds(sim, 1, &id));
    sim_node(sim, 1)->options.clock_ms = 0;
    sim_run(sim, HOUR_MS + 10 * MINUTE_MS);
    assert_true(sim_holds(sim, 1, &id));
    assert_sound(sim);
    sim_free(sim);
}

/* Also when a day and more has passed since, and the hours of the wrong clock with it. */
static void wrong_clock_purges_nothing_later(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 30 * 86400};
    assert_ok(sim_publish(sim, 0, &record, &id));
    sim_run(sim, 2 * HOUR_MS);
    sim_node(sim, 1)->options.clock_ms = 10ll * 365 * 86400 * 1000;
    sim_run(sim, 3 * HOUR_MS);
    sim_node(sim, 1)->options.clock_ms = 0;
    for (int hour = 0; hour < 30; hour++) {
        struct store *store = sim_node(sim, 1)->store;
        struct store_record row;
        sim_run(sim, HOUR_MS);
        assert_ok(store->ops->find(store, &id, &row));
    }
    assert_true(sim_holds(sim, 1, &id));
    assert_sound(sim);
    sim_free(sim);
}

static bool on_disk(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store *store = sim_node(sim, index)->store;
    struct store_record row;
    return SUCCEEDED(store->ops->find(store, id, &row));
}

/* A member that is up for an hour and a half at a time, and mostly is not: what counts is the time
 * that it runs. */
static void short_lives_add_up(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
    assert_ok(sim_publish(sim, 0, &record, &id));
    sim_run(sim, 15 * MINUTE_MS);
    assert_true(on_disk(sim, 1, &id));
    uint32_t lives = 0;
    for (; on_disk(sim, 1, &id) && lives < 40; lives++) {
        sim_crash(sim, 1);
        sim_run(sim, 5 * HOUR_MS);
        sim_restart(sim, 1);
        sim_run(sim, 90 * MINUTE_MS);
    }
    assert_in_range(lives, 15, 20);
    assert_sound(sim);
    sim_free(sim);
}

/* What cannot be read of former lives only delays. */
static void damaged_purge_clock_begins_again(void **state)
{
    (void)state;
    static const uint8_t notes[] = {1, 0, 0, 0, 0, 0,    0,    0,    5,    1,    0,    0,    0,
                                    0, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    const struct bytes values[] = {bytes_of(NULL, 0),
                                   bytes_of(notes, 1),
                                   bytes_of(notes, 9),
                                   bytes_of(notes, 12),
                                   bytes_of(notes, sizeof(notes)), /* a note of the future */
                                   bytes_of("\377\377\377\377\377\377\377\377\377\377", 10),
                                   bytes_of("\2\0\0\0\0\0\0\0\0\0", 10)};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct sim *sim = sim_of_seed(7 + i);
        add_founder(sim);
        struct guid id;
        struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
        assert_ok(sim_publish(sim, 0, &record, &id));
        sim_run(sim, 1000);
        struct store *store = sim_node(sim, 0)->store;
        assert_ok(store->ops->value_put(store, "graph/purge", values[i]));
        assert_ok(store->ops->commit(store));
        sim_crash(sim, 0);
        sim_restart(sim, 0);
        sim_run(sim, 24 * HOUR_MS);
        assert_true(on_disk(sim, 0, &id));
        sim_run(sim, 3 * HOUR_MS);
        assert_false(on_disk(sim, 0, &id));
        assert_sound(sim);
        sim_free(sim);
    }
}

/* More than one step's part. */
static void many_are_purged_in_parts(void **state)
{
    (void)state;
    enum { MANY = 600 };
    struct sim *sim = sim_of_seed(20);
    add_founder(sim);
    struct guid ids[MANY];
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
    for (uint32_t i = 0; i < MANY; i++)
        assert_ok(sim_publish(sim, 0, &record, &ids[i]));
    sim_run(sim, 27 * HOUR_MS);
    for (uint32_t i = 0; i < MANY; i++)
        assert_false(on_disk(sim, 0, &ids[i]));
    assert_sound(sim);
    sim_free(sim);
}

/* [point 3.10] Nothing expires before another member is connected, also after a start on its own.
 */
static void deferred_until_company(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(3);
    add_founder(sim);
    uint32_t member =
        sim_add(sim, &(struct sim_node_options){.synchronised = false, .defer_expiration = true});
    sim_listen(sim, member);
    sim_connect(sim, member, 0);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
    assert_ok(sim_publish(sim, 0, &record, &id));
    sim_run(sim, 2000);
    sim_partition(sim, member, 1);
    sim_run(sim, 5000);
    uint64_t steps = sim_steps(sim);
    sim_run(sim, HOUR_MS);
    assert_true(sim_holds(sim, member, &id));
    assert_true(sim_steps(sim) - steps < 5000);
    /* A call that comes to nothing is no company. */
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    (void)sim_raw_dial(sim, raw, member, false);
    sim_run(sim, 20000);
    assert_int_equal(sim_links(sim, member), 0);
    assert_true(sim_holds(sim, member, &id));
    assert_false(sim_holds(sim, 0, &id));
    /* Also after a restart on its own. */
    sim_crash(sim, member);
    sim_restart(sim, member);
    sim_listen(sim, member);
    sim_run(sim, 5 * MINUTE_MS);
    assert_true(sim_holds(sim, member, &id));
    sim_partition(sim, member, 0);
    sim_connect(sim, member, 0);
    sim_run(sim, 10000);
    assert_true(sim_linked(sim, 0, member));
    assert_false(sim_holds(sim, member, &id));
    assert_int_equal(sim_notices(sim, member, GRAPH_NOTICE_RECORD, GRAPH_EXPIRED), 1);
    assert_sound(sim);
    sim_free(sim);
}

static void update_revives_what_had_expired(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .lifetime_s = 600};
    assert_ok(sim_publish(sim, 0, &record, &id));
    sim_run(sim, 1000);
    sim_partition(sim, 1, 1);
    assert_ok(update_text(sim, 0, &id, "lives longer"));
    sim_run(sim, 20 * MINUTE_MS);
    assert_false(sim_holds(sim, 1, &id));
    sim_partition(sim, 1, 0);
    sim_connect(sim, 1, 0);
    sim_run(sim, 20000);
    assert_true(sim_holds(sim, 1, &id));
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_RECORD, GRAPH_ADDED), 2);
    assert_all_equal(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_at_once_purged_a_day_later),
        cmocka_unit_test(wrong_clock_loses_nothing),
        cmocka_unit_test(wrong_clock_purges_nothing_later),
        cmocka_unit_test(short_lives_add_up),
        cmocka_unit_test(damaged_purge_clock_begins_again),
        cmocka_unit_test(many_are_purged_in_parts),
        cmocka_unit_test(deferred_until_company),
        cmocka_unit_test(update_revives_what_had_expired),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
