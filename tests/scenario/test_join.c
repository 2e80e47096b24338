/* Does a newcomer get the group's database and does the group get what it writes? */
#include "scenario.h"

static void two_share_one_record(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    struct guid early = add_text(sim, 0, "early");
    add_member(sim, 0);
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_SYNCHRONISED, 0), 1);
    assert_true(sim_holds(sim, 1, &early));
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_RECORD, GRAPH_ADDED), 1);
    struct guid late = add_text(sim, 1, "late");
    sim_run(sim, 100);
    assert_true(sim_holds(sim, 0, &late));
    assert_int_equal(graph_status(sim_node(sim, 0)->graph), 3);
    assert_all_equal(sim);
    sim_free(sim);
}

static void newcomer_gets_5000_records(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(2);
    add_founder(sim);
    for (int i = 0; i < 5000; i++) {
        add_text(sim, 0, "one of many records, of a size that is usual for small ones");
        sim_run(sim, 1);
    }
    add_member(sim, 0);
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_SYNCHRONISED, 0), 1);
    assert_int_equal(sim_visible(sim, 1), 5000);
    assert_all_equal(sim);
    struct graph_counters counters;
    graph_get_counters(sim_node(sim, 1)->graph, &counters);
    assert_int_equal(counters.floods_received, 5000);
    sim_free(sim);
}

static void both_changed_while_apart(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(3);
    add_founder(sim);
    add_member(sim, 0);
    struct guid both = add_text(sim, 0, "known to both");
    struct guid gone = add_text(sim, 0, "deleted later");
    sim_run(sim, 1000);
    sim_crash(sim, 1);
    for (int i = 0; i < 300; i++)
        add_text(sim, 0, "while the other was away");
    assert_ok(update_text(sim, 0, &both, "new"));
    sim_restart(sim, 1);
    sim_listen(sim, 1);
    for (int i = 0; i < 200; i++)
        add_text(sim, 1, "while alone");
    assert_ok(delete_record(sim, 1, &gone));
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    assert_int_equal(sim_visible(sim, 0), 501);
    assert_int_equal(sim_visible(sim, 1), 501);
    assert_false(sim_holds(sim, 0, &gone));
    assert_all_equal(sim);
    sim_free(sim);
}

/* [point 5.2] [point 5.4] [point 5.6] Addresses are tried one by one, and all together for 30
 * seconds. */
static void connect_fails_in_time(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    struct graph_event nobody = {.type = GRAPH_CONNECT};
    assert_ok(sim_event(sim, 0, &nobody));
    sim_run(sim, 30000);
    assert_hr(sim_last_notice(sim, 0, GRAPH_NOTICE_CONNECT_FAILED)->hr, PEER_E_NO_MEMBERS_FOUND);
    uint64_t began = sim_now_ms(sim);
    struct graph_event dead = {.type = GRAPH_CONNECT, .addresses = {.count = 10}};
    for (uint32_t i = 0; i < 10; i++)
        sim_address(100 + i, &dead.addresses.items[i]);
    for (uint32_t i = 1; i < 4; i++) { /* these pick up and say nothing, for ten seconds each */
        sim_add(sim, &(struct sim_node_options){.raw = true});
        sim_listen(sim, i);
        sim_address(i, &dead.addresses.items[i]);
    }
    assert_ok(sim_event(sim, 0, &dead));
    sim_run(sim, 60000);
    const struct sim_notice *last = sim_last_notice(sim, 0, GRAPH_NOTICE_CONNECT_FAILED);
    assert_hr(last->hr, PEER_E_NO_MEMBER_CONNECTIONS);
    assert_true(last->ms - began <= 30000);
    assert_sound(sim);
    sim_free(sim);
}

static void nothing_spins_when_idle(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    add_founder(sim);
    add_member(sim, 0);
    add_member(sim, 1);
    sim_run(sim, MINUTE_MS);
    uint64_t before = sim_steps(sim);
    sim_run(sim, HOUR_MS);
    /* A ping each way and its timer twice a minute and link, maintenance, clock. */
    assert_true(sim_steps(sim) - before < 3 * 60 * 20);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 5.5] Who has the database listens alone. */
static void founder_without_members_waits(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    struct graph_event connect = {.type = GRAPH_CONNECT};
    assert_ok(sim_event(sim, 0, &connect));
    sim_run(sim, MINUTE_MS);
    assert_null(sim_last_notice(sim, 0, GRAPH_NOTICE_CONNECT_FAILED));
    assert_int_equal(graph_status(sim_node(sim, 0)->graph), 1);
    sim_free(sim);
}

static bool newcomer_synchronised(struct sim *sim, void *context)
{
    (void)context;
    return graph_is_synchronised(sim_node(sim, 1)->graph);
}

static void slow_link_still_synchronises(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 7,
                                                    .bandwidth = 20000,
                                                    .latency_min_ms = 300,
                                                    .latency_max_ms = 300,
                                                    .verdict_max_ms = 200});
    add_founder(sim);
    char text[1000];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 3000; i++)
        add_text(sim, 0, text);
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_connect(sim, 1, 0);
    assert_true(sim_run_until(sim, newcomer_synchronised, NULL, 10 * MINUTE_MS));
    assert_int_equal(sim_visible(sim, 1), 3000);
    assert_all_equal(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_share_one_record),
        cmocka_unit_test(newcomer_gets_5000_records),
        cmocka_unit_test(both_changed_while_apart),
        cmocka_unit_test(connect_fails_in_time),
        cmocka_unit_test(nothing_spins_when_idle),
        cmocka_unit_test(founder_without_members_waits),
        cmocka_unit_test(slow_link_still_synchronises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
