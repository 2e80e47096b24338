/* Are certificates that are missing fetched from whoever sent the record, and only from them? */
#include "scenario.h"

/* 0 and 2 know nothing of each other but through 1; 0 does not listen. */
static struct sim *chain_of_three(uint64_t seed)
{
    struct sim *sim = sim_of_seed(seed);
    for (uint32_t i = 0; i < 2; i++)
        sim_add(sim, &(struct sim_node_options){.synchronised = true});
    sim_listen(sim, 1);
    sim_connect(sim, 0, 1);
    sim_run(sim, 1000);
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_connect(sim, third, 1);
    return sim;
}

/* [point 10.11] A record waits for its author's certificate. */
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

/* A newcomer at 1, to whom the author's certificate is unknown. */
static struct sim *newcomer_to_many(uint64_t seed, int records)
{
    struct sim *sim = sim_new(&(struct sim_options){
        .seed = seed, .latency_min_ms = 100, .latency_max_ms = 100, .verdict_max_ms = 300});
    add_founder(sim);
    add_member(sim, 0);
    for (int i = 0; i < records; i++)
        add_text(sim, 0, "signed by one that the newcomer never met");
    sim_run(sim, 5000);
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_connect(sim, third, 1);
    return sim;
}

static void until_synchronised(struct sim *sim)
{
    while (!graph_is_synchronised(sim_node(sim, 2)->graph) && sim_now_ms(sim) < 60000)
        sim_run(sim, 10);
}

/* [point 10.11] Also with many more records than may wait at a time. */
static void synchronised_only_with_what_was_deferred(void **state)
{
    (void)state;
    for (int records = 20; records <= 200; records += 180) {
        struct sim *sim = newcomer_to_many(2, records);
        until_synchronised(sim);
        assert_int_equal(sim_visible(sim, 2), records);
        assert_all_equal(sim);
        sim_free(sim);
    }
}

static void not_synchronised_without_what_was_deferred(void **state)
{
    (void)state;
    struct sim *sim = newcomer_to_many(7, 20);
    sim_node(sim, 1)->provider.silent = true;
    sim_run(sim, 9000);
    assert_true(sim_linked(sim, 1, 2));
    assert_false(graph_is_synchronised(sim_node(sim, 2)->graph));
    assert_sound(sim);
    sim_free(sim);
}

static HRESULT list_id(void *context, const struct store_item *item)
{
    struct guid **next = context;
    *(*next)++ = item->key.id;
    return S_OK;
}

/* What had to be dropped is named again and asked for after the questions have ended. */
static void synchronised_only_with_what_was_asked_late(void **state)
{
    (void)state;
    struct sim *sim = newcomer_to_many(6, 200);
    sim_run(sim, 3000);
    assert_false(graph_is_synchronised(sim_node(sim, 2)->graph));
    struct guid ids[200], *end = ids;
    struct store *store = sim_node(sim, 2)->store;
    assert_ok(store->ops->scan(store, NULL, NULL, 0, list_id, &end));
    assert_true(end > ids);
    for (const struct guid *id = ids; id < end; id++)
        assert_ok(store->ops->remove(store, id));
    until_synchronised(sim);
    assert_int_equal(sim_visible(sim, 2), 200);
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

/* No message says so: the link is judged again in time. */
static void end_of_membership_ends_the_link(void **state)
{
    (void)state;
    struct sim *sim = chain_of_three(6);
    sim_run(sim, 1000);
    assert_true(sim_linked(sim, 1, 2));
    sim_provider_revoke(&sim_node(sim, 2)->provider, &sim_node(sim, 1)->key.hash);
    sim_run(sim, 40000);
    assert_false(sim_linked(sim, 1, 2));
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_is_fetched),
        cmocka_unit_test(synchronised_only_with_what_was_deferred),
        cmocka_unit_test(not_synchronised_without_what_was_deferred),
        cmocka_unit_test(synchronised_only_with_what_was_asked_late),
        cmocka_unit_test(silent_neighbour_is_dropped),
        cmocka_unit_test(second_sender_supplies_it),
        cmocka_unit_test(revoked_while_waiting_is_refused_without_blame),
        cmocka_unit_test(end_of_membership_ends_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
