/* Is whatever was lost found again, at a cost that grows with the loss and not with the whole? */
#include "scenario.h"

#include <stdlib.h>

/* Takes a record out of a node's store behind its back, as a lost write would. */
static void lose(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store *store = sim_node(sim, index)->store;
    assert_ok(store->ops->remove(store, id));
    assert_ok(store->ops->commit(store));
}

static void two_pings_that_differ_reconcile(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id = add_text(sim, 0, "lost at the other");
    sim_run(sim, MINUTE_MS + 10000);
    lose(sim, 1, &id);
    sim_run(sim, 20000);
    assert_false(sim_holds(sim, 1, &id));
    struct graph_counters before;
    graph_get_counters(sim_node(sim, 0)->graph, &before);
    sim_run(sim, 50000);
    assert_true(sim_holds(sim, 1, &id));
    assert_all_equal(sim);
    sim_free(sim);
}

static void busy_link_reconciles_too(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(2);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id = add_text(sim, 0, "lost at the other");
    sim_run(sim, 1000);
    lose(sim, 1, &id);
    for (int i = 0; i < 7 * 60; i++) {
        add_text(sim, 0, "every second");
        sim_run(sim, 1000);
    }
    assert_true(sim_holds(sim, 1, &id));
    assert_all_equal(sim);
    sim_free(sim);
}

static uint64_t cost_of(uint32_t records, uint32_t missing)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = 3, .no_trace = true});
    add_founder(sim);
    struct guid *ids = calloc(records, sizeof(*ids));
    for (uint32_t i = 0; i < records; i++) {
        ids[i] = add_text(sim, 0, "one of many");
        sim_run(sim, 1);
    }
    add_member(sim, 0);
    sim_run(sim, 2000);
    sim_crash(sim, 1);
    for (uint32_t i = 0; i < missing; i++)
        lose(sim, 1, &ids[(i * 7919u + 13) % records]);
    sim_restart(sim, 1);
    sim_listen(sim, 1);
    struct sim_statistics before, after;
    sim_get_statistics(sim, &before);
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    sim_get_statistics(sim, &after);
    assert_int_equal(sim_visible(sim, 1), records);
    assert_all_equal(sim);
    free(ids);
    sim_free(sim);
    return after.reconcile_bytes - before.reconcile_bytes;
}

static void cost_grows_with_the_difference(void **state)
{
    (void)state;
    /* A range that differs is named 16 times on each level, then listed on both sides: about
     * 16 x 60 bytes x log16(n / 64) x 2 + 64 x 60 x 2 for each missing record. */
    const uint32_t levels = 3;
    const uint64_t each = 2 * (16 * 80 * levels + 64 * 64);
    uint64_t none = cost_of(10000, 0), one = cost_of(10000, 1), ten = cost_of(10000, 10);
    assert_true(none < 1000);
    assert_true(one < each);
    assert_true(ten < 10 * each);
    uint64_t smaller = cost_of(1000, 1);
    assert_true(one < 4 * smaller);
}

static void two_halves_become_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct sim *sim = sim_new(&(struct sim_options){
            .seed = seed, .latency_min_ms = 5, .latency_max_ms = 50, .verdict_max_ms = 20});
        for (uint32_t i = 0; i < 12; i++) {
            sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
            sim_listen(sim, i);
            if (i > 0)
                sim_connect(sim, i, (uint32_t)sim_random(sim, i));
            sim_run(sim, 1000);
        }
        sim_run(sim, 2 * MINUTE_MS);
        for (uint32_t i = 0; i < 12; i++)
            sim_partition(sim, i, i % 2);
        sim_run(sim, 10 * MINUTE_MS);
        for (uint32_t i = 0; i < 12; i++)
            add_text(sim, i, "in one half");
        sim_run(sim, MINUTE_MS);
        assert_int_equal(sim_visible(sim, 0), 6);
        for (uint32_t i = 0; i < 12; i++)
            sim_partition(sim, i, 0);
        sim_run(sim, 5 * MINUTE_MS);
        for (uint32_t i = 0; i < 12; i++)
            assert_int_equal(sim_visible(sim, i), 12);
        assert_all_equal(sim);
        sim_free(sim);
    }
}

static void a_third_gone_leaves_one_graph(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){
        .seed = 5, .latency_min_ms = 5, .latency_max_ms = 50, .verdict_max_ms = 20});
    for (uint32_t i = 0; i < 18; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, (uint32_t)sim_random(sim, i));
        sim_run(sim, 1000);
    }
    sim_run(sim, MINUTE_MS);
    for (uint32_t i = 0; i < 18; i += 3)
        sim_crash(sim, i);
    sim_run(sim, 3 * MINUTE_MS);
    struct guid id = add_text(sim, 1, "to all who are left");
    sim_run(sim, 5000);
    for (uint32_t i = 0; i < 18; i++)
        if (i % 3 != 0)
            assert_true(sim_holds(sim, i, &id));
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pings_that_differ_reconcile),
        cmocka_unit_test(busy_link_reconciles_too),
        cmocka_unit_test(cost_grows_with_the_difference),
        cmocka_unit_test(two_halves_become_one),
        cmocka_unit_test(a_third_gone_leaves_one_graph),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
