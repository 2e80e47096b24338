/* Are the numbers of neighbours kept, and do members find others when one has no room? */
#include "scenario.h"

static HRESULT count_link(void *context, const struct graph_link_info *info)
{
    (void)info;
    ++*(uint32_t *)context;
    return S_OK;
}

static uint32_t neighbours(struct sim *sim, uint32_t index)
{
    uint32_t count = 0;
    assert_ok(graph_each_link(sim_node(sim, index)->graph, count_link, &count));
    return count;
}

static void fifth_caller_is_referred(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    for (uint32_t i = 1; i <= 4; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = false});
        sim_listen(sim, i);
        sim_connect(sim, i, 0);
    }
    sim_run(sim, 500);
    assert_int_equal(neighbours(sim, 0), 4);
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_listen(sim, 5);
    sim_connect(sim, 5, 0);
    sim_run(sim, 5000);
    assert_false(sim_linked(sim, 5, 0));
    assert_true(neighbours(sim, 5) >= 1);
    assert_null(sim_last_notice(sim, 5, GRAPH_NOTICE_CONNECT_FAILED));
    assert_true(graph_is_synchronised(sim_node(sim, 5)->graph));
    assert_sound(sim);
    sim_free(sim);
}

static void everybody_keeps_the_limits(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 2, .latency_max_ms = 30});
    for (uint32_t i = 0; i < 30; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, 0);
        sim_run(sim, 300);
    }
    for (uint32_t minute = 0; minute < 10; minute++) {
        sim_run(sim, MINUTE_MS);
        for (uint32_t i = 0; i < 30; i++) {
            assert_in_range(neighbours(sim, i), 1, LIMIT_NEIGHBOURS_MAX);
            for (uint32_t j = 0; j < i; j++)
                assert_true(!sim_linked(sim, i, j) || sim_linked(sim, j, i));
        }
    }
    uint32_t few = 0;
    for (uint32_t i = 0; i < 30; i++)
        few += neighbours(sim, i) < LIMIT_NEIGHBOURS_MIN;
    assert_int_equal(few, 0);
    assert_all_equal(sim);
    sim_free(sim);
}

static void calls_that_cross_make_one_link(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct sim *sim = sim_new(
            &(struct sim_options){.seed = seed, .latency_min_ms = 20, .latency_max_ms = 40});
        for (uint32_t i = 0; i < 2; i++) {
            sim_add(sim, &(struct sim_node_options){.synchronised = true});
            sim_listen(sim, i);
        }
        sim_connect(sim, 0, 1);
        sim_connect(sim, 1, 0);
        sim_run(sim, 3000);
        assert_int_equal(neighbours(sim, 0), 1);
        assert_int_equal(neighbours(sim, 1), 1);
        assert_all_equal(sim);
        sim_free(sim);
    }
}

static void busy_members_are_not_called_all_the_time(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    for (uint32_t i = 1; i <= 4; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = false});
        sim_connect(sim, i, 0); /* they do not listen: nobody to refer to */
    }
    sim_run(sim, 500);
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    sim_listen(sim, 5);
    sim_connect(sim, 5, 0);
    sim_run(sim, 10 * MINUTE_MS);
    assert_true(sim_node(sim, 5)->dial_count <= 22);
    assert_sound(sim);
    sim_free(sim);
}

static void dead_neighbour_is_noticed(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 100000);
    assert_int_equal(neighbours(sim, 0), 1);
    sim_run(sim, 60000);
    assert_int_equal(neighbours(sim, 0), 0);
    assert_true(sim_raw_closed(sim, link));
    /* And one that never says anything, after ten seconds. */
    link = sim_raw_dial(sim, raw, 0, false);
    sim_run(sim, 9000);
    assert_false(sim_raw_closed(sim, link));
    sim_run(sim, 2000);
    assert_true(sim_raw_closed(sim, link));
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifth_caller_is_referred),
        cmocka_unit_test(everybody_keeps_the_limits),
        cmocka_unit_test(calls_that_cross_make_one_link),
        cmocka_unit_test(busy_members_are_not_called_all_the_time),
        cmocka_unit_test(dead_neighbour_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
