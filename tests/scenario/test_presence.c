/* Does a member appear, stay and disappear as others see it? */
#include "scenario.h"

static struct sim *pair(uint64_t seed)
{
    struct sim *sim = sim_of_seed(seed);
    for (uint32_t i = 0; i < 2; i++) {
        sim_add(sim, &(struct sim_node_options){
                         .synchronised = i == 0, .presence = true, .membership = true});
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, 0);
        sim_run(sim, 5000);
    }
    return sim;
}

static uint32_t present(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &RECORD_TYPE_PRESENCE);
}

static HRESULT last_presence(void *context, const struct store_record *row)
{
    struct presence *presence = context;
    struct presence one;
    assert_ok(presence_decode(row->payload, &one));
    if (one.node_id > presence->node_id)
        *presence = one;
    return S_OK;
}

static void appears_and_refreshes(void **state)
{
    (void)state;
    struct sim *sim = pair(1);
    assert_int_equal(present(sim, 0), 2);
    assert_int_equal(present(sim, 1), 2);
    struct presence presence = {.node_id = 0};
    struct store *store = sim_node(sim, 0)->store;
    assert_ok(store->ops->each(store, &RECORD_TYPE_PRESENCE, 0, true, last_presence, &presence));
    assert_int_equal(presence.addresses.count, 1);
    for (int minute = 0; minute < 60; minute++) {
        sim_run(sim, MINUTE_MS);
        assert_int_equal(present(sim, 0), 2);
        assert_int_equal(present(sim, 1), 2);
    }
    assert_all_equal(sim);
    sim_free(sim);
}

/* [point 9.8] A member that leaves deletes its presence. */
static void disappears_when_it_leaves(void **state)
{
    (void)state;
    struct sim *sim = pair(2);
    sim_leave(sim, 1);
    sim_run(sim, 1000);
    assert_int_equal(present(sim, 0), 1);
    assert_int_equal(graph_status(sim_node(sim, 0)->graph), 1);
    assert_int_equal(graph_status(sim_node(sim, 1)->graph), 0);
    const struct sim_notice *last = sim_last_notice(sim, 0, GRAPH_NOTICE_NEIGHBOUR);
    assert_int_equal(last->change, GRAPH_LINK_DISCONNECTED);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 9.8] That of one that crashed is there until it expires. */
static void disappears_when_it_crashed(void **state)
{
    (void)state;
    struct sim *sim = pair(3);
    sim_crash(sim, 1);
    sim_run(sim, 10000);
    assert_int_equal(present(sim, 0), 2);
    sim_run(sim, PRESENCE_LIFETIME_MIN * 1000ull);
    assert_int_equal(present(sim, 0), 1);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 5.10] [point 9.5] Member data is written at the first connection, and not at the next. */
static void membership_is_announced_once(void **state)
{
    (void)state;
    struct sim *sim = pair(4);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_MEMBERSHIP), 2);
    sim_crash(sim, 1);
    sim_restart(sim, 1);
    sim_listen(sim, 1);
    sim_connect(sim, 1, 0);
    sim_run(sim, MINUTE_MS);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_MEMBERSHIP), 2);
    assert_all_equal(sim);
    sim_free(sim);
}

/* Ruling 15: member data is prolonged before it ends. */
static void membership_is_renewed(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    sim_add(sim, &(struct sim_node_options){.synchronised = true,
                                            .membership = true,
                                            .member_data_lifetime_s = MEMBER_DATA_LIFETIME_MIN});
    sim_listen(sim, 0);
    for (int hour = 0; hour < 30; hour++) {
        sim_run(sim, HOUR_MS);
        assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_MEMBERSHIP), 1);
    }
    assert_sound(sim);
    sim_free(sim);
}

static void nothing_is_published_unasked(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    add_member(sim, 0);
    sim_run(sim, 10 * MINUTE_MS);
    assert_int_equal(present(sim, 0), 0);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_MEMBERSHIP), 0);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appears_and_refreshes),
        cmocka_unit_test(disappears_when_it_leaves),
        cmocka_unit_test(disappears_when_it_crashed),
        cmocka_unit_test(membership_is_announced_once),
        cmocka_unit_test(membership_is_renewed),
        cmocka_unit_test(nothing_is_published_unasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
