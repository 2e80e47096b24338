/* Are certificates that are missing fetched from whoever sent the record, and only from them? */
#include "scenario.h"

/* 0 and 2 know nothing of each other but through 1. */
static struct sim *chain_of_three(uint64_t seed)
{
    struct sim *sim = sim_of_seed(seed);
    add_founder(sim);
    add_member(sim, 0);
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_connect(sim, third, 1);
    return sim;
}

static void missing_is_fetched(void **state)
{
    (void)state;
    struct sim *sim = chain_of_three(1);
    struct guid id = add_text(sim, 0, "signed by one that 2 never met");
    sim_run(sim, 3000);
    assert_true(sim_holds(sim, 2, &id));
    assert_int_equal(sim_node(sim, 2)->provider.chains_taken, 1);
    assert_int_equal(sim_notices(sim, 2, GRAPH_NOTICE_SYNCHRONISED, 0), 1);
    assert_all_equal(sim);
    sim_free(sim);
}

static void synchronised_only_with_what_was_deferred(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){
        .seed = 2, .latency_min_ms = 100, .latency_max_ms = 100, .verdict_max_ms = 300});
    add_founder(sim);
    add_member(sim, 0);
    for (int i = 0; i < 200; i++)
        add_text(sim, 0, "signed by one that the newcomer never met");
    sim_run(sim, 5000);
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_connect(sim, third, 1);
    while (!graph_is_synchronised(sim_node(sim, third)->graph) && sim_now_ms(sim) < 60000)
        sim_run(sim, 10);
    assert_int_equal(sim_visible(sim, third), 200);
    assert_all_equal(sim);
    sim_free(sim);
}

static void silent_neighbour_is_dropped(void **state)
{
    (void)state;
    struct sim *sim = chain_of_three(3);
    sim_run(sim, 1000);
    sim_node(sim, 1)->provider.silent = true;
    uint64_t began = sim_now_ms(sim);
    struct guid id = add_text(sim, 0, "signed by one that 2 never met");
    sim_run(sim, 9900);
    assert_true(sim_linked(sim, 1, 2));
    sim_run(sim, 200);
    assert_false(sim_linked(sim, 1, 2));
    assert_false(sim_holds(sim, 2, &id));
    const struct sim_notice *last = sim_last_notice(sim, 2, GRAPH_NOTICE_NEIGHBOUR);
    assert_int_equal(last->change, GRAPH_LINK_DISCONNECTED);
    assert_in_range(last->ms - began, 10000, 10100);
    assert_sound(sim);
    sim_free(sim);
}

/* 3 hears the same record from two; the first never supplies the certificate, the second does. */
static void second_sender_supplies_it(void **state)
{
    (void)state;
    struct sim *sim =
        sim_new(&(struct sim_options){.seed = 4, .latency_min_ms = 1, .latency_max_ms = 40});
    /* 0 and the last call 1 and 2, but do not listen. */
    for (uint32_t i = 0; i < 4; i++)
        sim_add(sim, &(struct sim_node_options){.synchronised = true});
    const uint32_t last = 3;
    for (uint32_t i = 1; i <= 2; i++) {
        sim_listen(sim, i);
        sim_connect(sim, 0, i);
        sim_connect(sim, last, i);
        sim_run(sim, 1000);
    }
    assert_true(sim_linked(sim, last, 1) && sim_linked(sim, last, 2));
    for (uint32_t silent = 1; silent <= 2; silent++) {
        memset(sim_node(sim, last)->provider.known, 0, sizeof(sim_node(sim, last)->provider.known));
        sim_provider_learn(&sim_node(sim, last)->provider, &sim_node(sim, last)->key.hash);
        sim_node(sim, 1)->provider.silent = silent == 1;
        sim_node(sim, 2)->provider.silent = silent == 2;
        struct guid id = add_text(sim, 0, "signed by one that the last never met");
        sim_run(sim, 25000);
        assert_true(sim_holds(sim, last, &id));
    }
    assert_sound(sim);
    sim_free(sim);
}

static void revoked_while_waiting_is_refused_without_blame(void **state)
{
    (void)state;
    struct sim *sim = chain_of_three(5);
    sim_run(sim, 1000);
    sim_provider_revoke(&sim_node(sim, 2)->provider, &sim_node(sim, 0)->key.hash);
    struct guid id = add_text(sim, 0, "from one whom 2 knows to be removed");
    sim_run(sim, 20000);
    assert_false(sim_holds(sim, 2, &id));
    assert_true(sim_linked(sim, 1, 2));
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_is_fetched),
        cmocka_unit_test(synchronised_only_with_what_was_deferred),
        cmocka_unit_test(silent_neighbour_is_dropped),
        cmocka_unit_test(second_sender_supplies_it),
        cmocka_unit_test(revoked_while_waiting_is_refused_without_blame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
