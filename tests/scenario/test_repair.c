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

/* A group of two with so many records each; the ids are the caller's to free. */
static struct sim *full_pair(uint32_t records, struct guid **ids)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = 3, .no_trace = true});
    add_founder(sim);
    *ids = calloc(records, sizeof(**ids));
    for (uint32_t i = 0; i < records; i++) {
        (*ids)[i] = add_text(sim, 0, "one of many");
        sim_run(sim, 1);
    }
    add_member(sim, 0);
    sim_run(sim, 2000);
    return sim;
}

/* What it costs to find so many that are missing at one of the two, in bytes of both sides. */
static uint64_t cost_of(struct sim *sim, const struct guid *ids, uint32_t records, uint32_t missing)
{
    sim_crash(sim, 1);
    sim_run(sim, 3000);
    for (uint32_t i = 0; i < missing; i++)
        lose(sim, 1, &ids[(i * 7919u + 13) % records]);
    struct graph_counters before, after[2];
    graph_get_counters(sim_node(sim, 0)->graph, &before);
    sim_restart(sim, 1);
    sim_listen(sim, 1);
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    for (uint32_t i = 0; i < 2; i++)
        graph_get_counters(sim_node(sim, i)->graph, &after[i]);
    assert_int_equal(sim_visible(sim, 1), records);
    assert_true(sim_check_equal(sim));
    return after[0].reconcile_bytes + after[1].reconcile_bytes - before.reconcile_bytes;
}

static void cost_grows_with_the_difference(void **state)
{
    (void)state;
    /* A range that differs is asked in 16 parts on each level, then listed: for each missing record
     * two messages of 16 x 80 bytes a level, and a list of at most 64 x 60. */
    enum { LEVELS = 3, EACH = 2 * 16 * 80 * LEVELS + 64 * 60 };
    struct guid *ids;
    struct sim *sim = full_pair(10000, &ids);
    uint64_t none = cost_of(sim, ids, 10000, 0);
    uint64_t one = cost_of(sim, ids, 10000, 1);
    uint64_t ten = cost_of(sim, ids, 10000, 10);
    free(ids);
    sim_free(sim);
    sim = full_pair(1000, &ids);
    uint64_t smaller = cost_of(sim, ids, 1000, 1);
    free(ids);
    sim_free(sim);
    assert_true(none < 500);
    assert_true(one < EACH);
    assert_true(ten < 10 * EACH);
    assert_true(one < 3 * smaller);
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
