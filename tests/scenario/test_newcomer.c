/* Can one neighbour alone keep records, or readiness, from a newcomer? */
#include "scenario.h"

static bool is_synchronised(struct sim *sim, void *context)
{
    return graph_is_synchronised(sim_node(sim, *(uint32_t *)context)->graph);
}

/* until_ready gives how long a node took to be synchronised. */
static uint64_t until_ready(struct sim *sim, uint32_t index, uint64_t limit_ms)
{
    uint64_t began = sim_now_ms(sim);
    assert_true(sim_run_until(sim, is_synchronised, &index, limit_ms));
    return sim_now_ms(sim) - began;
}

static uint32_t add_caller(struct sim *sim, uint32_t through)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_listen(sim, index);
    sim_connect(sim, index, through);
    return index;
}

static void withhold(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store *store = sim_node(sim, index)->store;
    assert_ok(store->ops->remove(store, id));
    assert_ok(store->ops->commit(store));
}

/* The neighbour that it calls hides a record; another one, whom it names, does not. */
static void hidden_record_comes_from_the_second(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id = add_text(sim, 0, "withheld by 1");
    sim_run(sim, 1000);
    withhold(sim, 1, &id);
    uint32_t newcomer = add_caller(sim, 1);
    assert_true(until_ready(sim, newcomer, 10000) < 3000);
    assert_true(sim_holds(sim, newcomer, &id));
    assert_true(sim_linked(sim, newcomer, 0));
    assert_int_equal(sim_notices(sim, newcomer, GRAPH_NOTICE_SYNCHRONISED, 0), 1);
    assert_sound(sim);
    sim_free(sim);
}

/* Only presence names the other member: the one that is called has no link to it. */
static void other_is_found_by_presence(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(2);
    for (uint32_t i = 0; i < 2; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
    }
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    struct guid id = add_text(sim, 0, "withheld by 1");
    sim_run(sim, 1000);
    withhold(sim, 1, &id);
    sim_cut_links(sim, 1);
    uint32_t newcomer = add_caller(sim, 1);
    assert_true(until_ready(sim, newcomer, 10000) < 3000);
    assert_true(sim_holds(sim, newcomer, &id));
    assert_sound(sim);
    sim_free(sim);
}

static void ready_at_once_without_others(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(3);
    add_founder(sim);
    struct guid id = add_text(sim, 0, "all there is");
    uint32_t newcomer = add_caller(sim, 0);
    assert_true(until_ready(sim, newcomer, 10000) < 200);
    assert_true(sim_holds(sim, newcomer, &id));
    assert_all_equal(sim);
    sim_free(sim);
}

/* The other member that presence names is gone, and its address swallows every call. */
static void ready_soon_when_the_other_is_gone(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    for (uint32_t i = 0; i < 2; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
    }
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    sim_crash(sim, 1);
    sim_run(sim, 5000);
    uint32_t newcomer = add_caller(sim, 0);
    assert_in_range(until_ready(sim, newcomer, 10000), 2900, 4000);
    assert_sound(sim);
    sim_free(sim);
}

/* The second neighbour says WELCOME and then nothing. */
static void silent_second_does_not_keep_it_out(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    add_founder(sim);
    uint32_t silent = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint32_t newcomer = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_listen(sim, newcomer);
    uint64_t link = sim_raw_dial(sim, silent, newcomer, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 100);
    assert_true(sim_linked(sim, silent, newcomer));
    sim_connect(sim, newcomer, 0);
    assert_in_range(until_ready(sim, newcomer, 100000), 59000, 61000);
    assert_sound(sim);
    sim_free(sim);
}

/* Who called is compared with as well. */
static void one_that_called_counts(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    uint32_t caller = add_member(sim, 0);
    struct guid id = add_text(sim, 0, "withheld by the founder");
    sim_run(sim, 1000);
    withhold(sim, 0, &id);
    uint32_t newcomer = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_listen(sim, newcomer);
    sim_connect(sim, caller, newcomer);
    sim_run(sim, 500);
    assert_true(sim_linked(sim, caller, newcomer));
    sim_connect(sim, newcomer, 0);
    assert_true(until_ready(sim, newcomer, 10000) < 3000);
    assert_true(sim_holds(sim, newcomer, &id));
    assert_sound(sim);
    sim_free(sim);
}

static HRESULT revoke(struct sim *sim, uint32_t index, const struct hash *key)
{
    struct graph_publish revocation = {.kind = PUBLISH_ADD,
                                       .type = RECORD_TYPE_REVOCATION,
                                       .expiration = sim_peer_time(sim) + 86400 * TICKS_PER_SECOND,
                                       .payload = bytes_of(key, HASH_SIZE),
                                       .payload_size = HASH_SIZE,
                                       .reserved = true};
    payload_leaf(revocation.payload, &revocation.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &revocation, .request = 9};
    assert_ok(sim_event(sim, index, &event));
    return sim_node(sim, index)->completed_hr;
}

static HRESULT find_revocation(void *context, const struct store_record *row)
{
    *(struct guid *)context = row->id;
    return S_OK;
}

/* [protocol 9] It was told of a revocation that its only neighbour hides: it waits, then goes on.
 */
static void hidden_revocation_is_waited_for(void **state)
{
    (void)state;
    for (int other = 0; other < 2; other++) {
        struct sim *sim = sim_of_seed(7);
        add_founder(sim);
        uint32_t removed = sim_add(sim, &(struct sim_node_options){.raw = true});
        uint32_t honest = add_member(sim, 0);
        uint32_t hiding = add_member(sim, 0);
        assert_ok(revoke(sim, 0, &sim_node(sim, removed)->key.hash));
        sim_run(sim, 1000);
        sim_crash(sim, 0);
        struct guid id;
        struct store *store = sim_node(sim, hiding)->store;
        assert_ok(store->ops->each(store, &RECORD_TYPE_REVOCATION, 0, false, find_revocation, &id));
        withhold(sim, hiding, &id);
        sim_cut_links(sim, hiding);
        if (!other)
            sim_crash(sim, honest);
        sim_run(sim, 100);
        uint32_t newcomer = sim_add(sim, &(struct sim_node_options){.synchronised = false});
        sim_node(sim, newcomer)->provider.revoked_expected = 1;
        sim_connect(sim, newcomer, hiding);
        if (other) {
            assert_true(until_ready(sim, newcomer, 10000) < 9000);
            assert_int_equal(sim_node(sim, newcomer)->provider.revoked_count, 1);
        } else
            assert_in_range(until_ready(sim, newcomer, 60000), 29000, 31000);
        assert_sound(sim);
        sim_free(sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_record_comes_from_the_second),
        cmocka_unit_test(other_is_found_by_presence),
        cmocka_unit_test(ready_at_once_without_others),
        cmocka_unit_test(ready_soon_when_the_other_is_gone),
        cmocka_unit_test(silent_second_does_not_keep_it_out),
        cmocka_unit_test(one_that_called_counts),
        cmocka_unit_test(hidden_revocation_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
