/* Do large payloads come whole, in bounded memory, without holding up small records? */
#include "scenario.h"

#include <malloc.h>

enum { LARGE = 60 * 1024 * 1024 };

static struct guid add_large(struct sim *sim, uint32_t index, uint64_t size)
{
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .payload_size = size};
    assert_ok(sim_publish(sim, index, &record, &id));
    return id;
}

/* [point 10.16] The greatest payload passes. */
static void small_overtakes_60_mb(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 1, .bandwidth = 10000000});
    add_founder(sim);
    add_member(sim, 0);
    struct guid large = add_large(sim, 0, LARGE);
    sim_run(sim, 1000);
    assert_false(sim_holds(sim, 1, &large));
    size_t in_use = mallinfo2().uordblks + mallinfo2().hblkhd;
    struct store *store = sim_node(sim, 1)->store;
    struct store_record row;
    assert_ok(sim_node(sim, 0)->store->ops->find(sim_node(sim, 0)->store, &large, &row));
    uint32_t pieces_before, pieces_after;
    assert_ok(store->ops->piece_count(store, &row.payload_root, &pieces_before));
    struct guid small = add_text(sim, 0, "small");
    sim_run(sim, 500);
    assert_true(sim_holds(sim, 1, &small));
    sim_run(sim, 2500);
    assert_false(sim_holds(sim, 1, &large));
    /* What both graphs and the link hold beyond the receiver's pieces. */
    assert_ok(store->ops->piece_count(store, &row.payload_root, &pieces_after));
    size_t grown = mallinfo2().uordblks + mallinfo2().hblkhd - in_use;
    size_t stored = (size_t)(pieces_after - pieces_before) * LIMIT_PIECE_SIZE;
    assert_true(pieces_after > pieces_before + 100);
    assert_true(grown < stored + stored / 8 + 4 * 1024 * 1024);
    sim_run(sim, 10000);
    assert_true(sim_holds(sim, 1, &large));
    assert_all_equal(sim);
    sim_free(sim);
}

static void goes_on_after_a_restart(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 2, .bandwidth = 2000000});
    add_founder(sim);
    add_member(sim, 0);
    struct guid large = add_large(sim, 0, 8 * 1024 * 1024);
    sim_run(sim, 2000);
    uint64_t sent = sim_node(sim, 0)->bytes_sent;
    assert_true(sent > 2000000);
    sim_crash(sim, 1);
    sim_restart(sim, 1);
    sim_listen(sim, 1);
    sim_connect(sim, 1, 0);
    sim_run(sim, 20000);
    assert_true(sim_holds(sim, 1, &large));
    /* What had come is not sent again, but for what was under way. */
    assert_true(sim_node(sim, 0)->bytes_sent < 8 * 1024 * 1024 + 3 * 1024 * 1024);
    assert_all_equal(sim);
    sim_free(sim);
}

/* All pieces are asked of the first source when it dies; the second has nothing to deliver yet. */
static void another_source_takes_over(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 3, .bandwidth = 200000});
    add_founder(sim);
    add_member(sim, 0);
    struct guid large = add_large(sim, 0, 1000000);
    sim_run(sim, 15000);
    assert_true(sim_holds(sim, 1, &large));
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    for (uint32_t source = 0; source < 2; source++) {
        struct graph_event call = {.type = GRAPH_CONNECT, .addresses = {.count = 1}};
        sim_address(source, &call.addresses.items[0]);
        assert_ok(sim_event(sim, third, &call));
        sim_run(sim, 500);
    }
    assert_true(sim_linked(sim, third, 0) && sim_linked(sim, third, 1));
    assert_false(sim_holds(sim, third, &large));
    sim_crash(sim, 0);
    sim_run(sim, 9000);
    assert_true(sim_holds(sim, third, &large));
    assert_sound(sim);
    sim_free(sim);
}

static void several_large_ones_one_after_another(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    struct guid ids[5];
    for (uint32_t i = 0; i < 5; i++)
        ids[i] = add_large(sim, 0, 300000 + i);
    add_member(sim, 0);
    sim_run(sim, 2 * MINUTE_MS);
    for (uint32_t i = 0; i < 5; i++)
        assert_true(sim_holds(sim, 1, &ids[i]));
    assert_all_equal(sim);
    sim_free(sim);
}

static void slow_link_sends_no_piece_twice(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 5, .bandwidth = 100000});
    add_founder(sim);
    add_member(sim, 0);
    struct guid large = add_large(sim, 0, 4 * 1024 * 1024);
    sim_run(sim, 2 * MINUTE_MS);
    assert_true(sim_holds(sim, 1, &large));
    assert_true(sim_node(sim, 0)->bytes_sent < 4 * 1024 * 1024 + 300000);
    assert_sound(sim);
    sim_free(sim);
}

struct link_ids {
    uint64_t ids[8];
    uint32_t count;
};

static HRESULT take_link(void *context, const struct graph_link_info *info)
{
    struct link_ids *links = context;
    links->ids[links->count++] = info->link;
    return S_OK;
}

static size_t given(const struct graph_actions *actions, uint64_t link)
{
    size_t size = 0;
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->items[i].type == GRAPH_ACTION_SEND && actions->items[i].link == link)
            size += actions->items[i].data.size;
    return size;
}

/* Four neighbours ask for 60 MB at once, and the engine runs many steps before it carries out what
 * they bring: each is given what its queue takes, and the rest in later turns. */
static void many_ask_at_once(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(8);
    add_founder(sim);
    struct guid id = add_large(sim, 0, LARGE);
    struct sim_node *node = sim_node(sim, 0);
    struct store_record row;
    assert_ok(node->store->ops->find(node->store, &id, &row));
    struct buffer connect = BUFFER_NULL, ask = BUFFER_NULL;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
        uint64_t link = sim_raw_dial(sim, raw, 0, false);
        connect.size = 0;
        assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77 + i}, &connect));
        sim_raw_send(sim, link, buffer_view(&connect));
    }
    sim_run(sim, 1000);
    struct link_ids links = {.count = 0};
    assert_ok(graph_each_link(node->graph, take_link, &links));
    assert_int_equal(links.count, 4);
    struct request requests[64];
    for (uint32_t i = 0; i < 64; i++)
        requests[i] = (struct request){
            .is_piece = true, .piece = i, .name = {row.id, row.version, row.digest}};
    assert_ok(message_encode_request(requests, 64, &ask));
    struct graph_actions actions = {.items = NULL};
    size_t sum = 0;
    for (uint32_t turn = 0; turn < 3; turn++) {
        for (uint32_t step = 0; step < 100; step++) {
            struct graph_event event = {.type = turn == 0 ? GRAPH_LINK_DATA : GRAPH_TIMER,
                                        .link = links.ids[step % 4],
                                        .data = buffer_view(&ask),
                                        .now = {sim_now_ms(sim), sim_utc(sim, node)}};
            assert_ok(graph_step(node->graph, &event, &actions));
        }
        for (uint32_t i = 0; i < 4; i++) {
            assert_in_range(given(&actions, links.ids[i]), 4 * LIMIT_PIECE_SIZE,
                            6 * LIMIT_PIECE_SIZE);
            sum += given(&actions, links.ids[i]);
        }
        graph_actions_clear(&actions);
    }
    assert_true(sum > 3 * 4 * 4 * LIMIT_PIECE_SIZE);
    graph_actions_deinit(&actions);
    buffer_deinit(&connect);
    buffer_deinit(&ask);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_overtakes_60_mb),
        cmocka_unit_test(goes_on_after_a_restart),
        cmocka_unit_test(another_source_takes_over),
        cmocka_unit_test(several_large_ones_one_after_another),
        cmocka_unit_test(slow_link_sends_no_piece_twice),
        cmocka_unit_test(many_ask_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
