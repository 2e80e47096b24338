/* Does a single node, without any other, answer every event as graph.h says? */
#include "sim.h"
#include "support/test.h"

static void presence_round_trip(void **state)
{
    (void)state;
    struct presence sent = {.node_id = 7, .attributes = bytes_of_text("<attributes/>")}, got;
    sent.addresses.count = LIMIT_ADDRESSES;
    for (uint32_t i = 0; i < LIMIT_ADDRESSES; i++)
        sim_address(i, &sent.addresses.items[i]);
    struct buffer bytes = BUFFER_NULL;
    assert_ok(presence_encode(&sent, &bytes));
    assert_ok(presence_decode(buffer_view(&bytes), &got));
    assert_true(got.node_id == 7 && got.addresses.count == LIMIT_ADDRESSES);
    assert_true(address_equal(&got.addresses.items[3], &sent.addresses.items[3]));
    assert_true(bytes_equal(got.attributes, sent.attributes));
    for (size_t size = 0; size < bytes.size; size++)
        assert_hr(presence_decode(bytes_of(bytes.data, size), &got), PEER_E_INVALID_RECORD);
    assert_ok(buffer_append(&bytes, "", 1));
    assert_hr(presence_decode(buffer_view(&bytes), &got), PEER_E_INVALID_RECORD);
    bytes.size--;
    bytes.data[0] = 2; /* another version */
    assert_hr(presence_decode(buffer_view(&bytes), &got), PEER_E_INVALID_RECORD);
    bytes.size = 0;
    sent.node_id = 0;
    assert_ok(presence_encode(&sent, &bytes));
    assert_hr(presence_decode(buffer_view(&bytes), &got), PEER_E_INVALID_RECORD);
    bytes.size = 0;
    sent.node_id = 1;
    sent.addresses.count = LIMIT_ADDRESSES + 1;
    assert_ok(presence_encode(&sent, &bytes));
    assert_hr(presence_decode(buffer_view(&bytes), &got), PEER_E_INVALID_RECORD);
    buffer_deinit(&bytes);
}

static void signature_and_contact_round_trip(void **state)
{
    (void)state;
    struct contact sent = {.signature = 5, .node_id = 7, .addresses = {.count = 2}}, got;
    uint64_t node_id;
    struct buffer bytes = BUFFER_NULL;
    sim_address(1, &sent.addresses.items[0]);
    sim_address(2, &sent.addresses.items[1]);
    assert_ok(contact_encode(&sent, &bytes));
    assert_ok(contact_decode(buffer_view(&bytes), &got));
    assert_true(got.signature == 5 && got.node_id == 7 && got.addresses.count == 2);
    assert_true(address_equal(&got.addresses.items[1], &sent.addresses.items[1]));
    for (size_t size = 0; size < bytes.size; size++)
        assert_hr(contact_decode(bytes_of(bytes.data, size), &got), PEER_E_INVALID_RECORD);
    const struct contact wrong[] = {{.node_id = 7, .addresses = sent.addresses},
                                    {.signature = 5, .addresses = sent.addresses},
                                    {.signature = 5, .node_id = 7},
                                    {.signature = 5, .node_id = 7, .addresses = {.count = 5}}};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        bytes.size = 0;
        assert_ok(contact_encode(&wrong[i], &bytes));
        assert_hr(contact_decode(buffer_view(&bytes), &got), PEER_E_INVALID_RECORD);
    }
    bytes.size = 0;
    assert_ok(signature_encode(9, &bytes));
    assert_ok(signature_decode(buffer_view(&bytes), &node_id));
    assert_true(node_id == 9);
    for (size_t size = 0; size < bytes.size; size++)
        assert_hr(signature_decode(bytes_of(bytes.data, size), &node_id), PEER_E_INVALID_RECORD);
    bytes.data[0] = 2; /* another version */
    assert_hr(signature_decode(buffer_view(&bytes), &node_id), PEER_E_INVALID_RECORD);
    bytes.size = 0;
    assert_ok(signature_encode(0, &bytes));
    assert_hr(signature_decode(buffer_view(&bytes), &node_id), PEER_E_INVALID_RECORD);
    buffer_deinit(&bytes);
}

static void unknown_links_and_tokens_are_ignored(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 1});
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    const enum graph_event_type types[] = {GRAPH_LINK_DATA, GRAPH_LINK_FULL,   GRAPH_LINK_DRAINED,
                                           GRAPH_LINK_DOWN, GRAPH_DIAL_FAILED, GRAPH_TIMER,
                                           GRAPH_REFUSED,   GRAPH_LEAVE};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct graph_event event = {
            .type = types[i], .link = 99, .dial = 99, .data = bytes_of("abc", 3)};
        assert_ok(sim_event(sim, 0, &event));
    }
    struct graph_verdict verdict = {.token = 99, .valid = true};
    struct graph_event verified = {
        .type = GRAPH_VERIFIED, .verdicts = &verdict, .verdict_count = 1};
    assert_ok(sim_event(sim, 0, &verified));
    assert_int_equal(sim_node(sim, 0)->notice_count, 0);
    struct graph_event send = {.type = GRAPH_SEND_DATA, .link = 99, .request = 1};
    assert_ok(sim_event(sim, 0, &send));
    assert_hr(sim_node(sim, 0)->completed_hr, PEER_E_CONNECTION_NOT_FOUND);
    assert_null(sim_failure(sim));
    sim_free(sim);
}

static void link_that_nobody_dialled_is_closed(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 2});
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    struct graph *graph = sim_node(sim, 0)->graph;
    struct graph_actions actions = {.items = NULL};
    struct graph_event up = {.type = GRAPH_LINK_UP,
                             .link = 5,
                             .dial = 77,
                             .now = {.ms = 2000, .utc = sim_utc(sim, sim_node(sim, 0))},
                             .peer_name = bytes_of_text("name")};
    assert_ok(graph_step(graph, &up, &actions));
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].type, GRAPH_ACTION_CLOSE);
    assert_true(actions.items[0].link == 5);
    graph_check(graph);
    graph_actions_deinit(&actions);
    sim_free(sim);
}

static void tokens_begin_where_the_caller_says(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 5});
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    struct sim_node *node = sim_node(sim, 0);
    struct graph_config config = {.graph_id = SIM_GRAPH_ID,
                                  .friendly_name = "name",
                                  .node_id = 1,
                                  .provider = &node->provider.base,
                                  .store = node->store,
                                  .first_token = 7000000000};
    struct graph_now now = {.ms = 1, .utc = sim_utc(sim, node)};
    struct graph *graph;
    assert_ok(graph_new(&config, &now, &graph));
    struct graph_actions actions = {.items = NULL};
    struct graph_event connect = {.type = GRAPH_CONNECT, .now = now, .addresses = {.count = 1}};
    sim_address(9, &connect.addresses.items[0]);
    assert_ok(graph_step(graph, &connect, &actions));
    assert_int_equal(actions.count, 1);
    assert_int_equal(actions.items[0].type, GRAPH_ACTION_DIAL);
    assert_true(actions.items[0].token == 7000000001);
    graph_actions_deinit(&actions);
    graph_free(graph);
    sim_free(sim);
}

static uint64_t dialled(struct graph_actions *actions, uint32_t address)
{
    struct address wanted;
    sim_address(address, &wanted);
    assert_true(actions->count > 0);
    const struct graph_action *last = &actions->items[actions->count - 1];
    assert_int_equal(last->type, GRAPH_ACTION_DIAL);
    assert_true(address_equal(&last->address, &wanted));
    uint64_t token = last->token;
    graph_actions_clear(actions);
    return token;
}

/* [protocol 8] What a joiner by password is told: ask these; or that its password is refused, which
 * is what Connect ends with when nobody else lets it in; then it may ask there again. */
static void a_dial_that_failed_refers_or_refuses(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 6});
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    struct sim_node *node = sim_node(sim, 0);
    struct graph_config config = {.graph_id = SIM_GRAPH_ID,
                                  .friendly_name = "name",
                                  .node_id = 1,
                                  .provider = &node->provider.base,
                                  .store = node->store};
    struct graph_now now = {.ms = 1, .utc = sim_utc(sim, node)};
    struct graph *graph;
    struct graph_actions actions = {.items = NULL};
    assert_ok(graph_new(&config, &now, &graph));
    struct graph_event connect = {.type = GRAPH_CONNECT, .now = now, .addresses = {.count = 1}};
    struct graph_event failed = {
        .type = GRAPH_DIAL_FAILED, .now = now, .reason = PEER_E_NOT_AUTHORIZED};
    sim_address(8, &connect.addresses.items[0]);
    assert_ok(graph_step(graph, &connect, &actions));
    failed.dial = dialled(&actions, 8);
    failed.addresses.count = 2;
    sim_address(9, &failed.addresses.items[0]);
    sim_address(10, &failed.addresses.items[1]);
    assert_ok(graph_step(graph, &failed, &actions));
    failed.dial = dialled(&actions, 9);
    failed.addresses.count = 0;
    failed.flag = true;
    assert_ok(graph_step(graph, &failed, &actions));
    failed.dial = dialled(&actions, 10); /* one member's word is not the last one */
    failed.flag = false;
    failed.reason = PEER_E_CONNECTION_FAILED;
    assert_ok(graph_step(graph, &failed, &actions));
    assert_int_equal(actions.count, 2); /* this address, then the whole */
    assert_int_equal(actions.items[0].notice, GRAPH_NOTICE_NEIGHBOUR);
    assert_int_equal(actions.items[1].notice, GRAPH_NOTICE_CONNECT_FAILED);
    assert_hr(actions.items[1].hr, PEER_E_NOT_AUTHORIZED);
    graph_actions_clear(&actions);
    connect.addresses.count = 0;
    assert_ok(graph_step(graph, &connect, &actions));
    (void)dialled(&actions, 9); /* the other waits, since it did not answer */
    graph_check(graph);
    graph_actions_deinit(&actions);
    graph_free(graph);
    sim_free(sim);
}

static void new_without_memory(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 3});
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    struct sim_node *node = sim_node(sim, 0);
    struct graph_config config = {.graph_id = SIM_GRAPH_ID,
                                  .friendly_name = "name",
                                  .node_id = 1,
                                  .provider = &node->provider.base,
                                  .store = node->store};
    struct graph_now now = {.ms = 1, .utc = sim_utc(sim, node)};
    struct graph *graph;
    mem_fail_nth(1);
    assert_hr(graph_new(&config, &now, &graph), E_OUTOFMEMORY);
    mem_fail_nth(0);
    assert_null(graph);
    assert_ok(graph_new(&config, &now, &graph));
    assert_true(graph_next_deadline(graph) == 1);
    graph_free(graph);
    graph_free(NULL);
    sim_free(sim);
}

static void same_seed_same_run(void **state)
{
    (void)state;
    uint64_t bytes[2], steps[2];
    for (int i = 0; i < 2; i++) {
        struct sim *sim =
            sim_new(&(struct sim_options){.seed = 4, .latency_max_ms = 50, .verdict_max_ms = 20});
        for (uint32_t n = 0; n < 6; n++) {
            sim_add(sim, &(struct sim_node_options){.synchronised = n == 0, .presence = true});
            sim_listen(sim, n);
            if (n > 0)
                sim_connect(sim, n, 0);
        }
        sim_run(sim, 60000);
        struct sim_statistics statistics;
        sim_get_statistics(sim, &statistics);
        bytes[i] = statistics.bytes;
        steps[i] = sim_steps(sim);
        sim_free(sim);
    }
    assert_true(bytes[0] == bytes[1] && steps[0] == steps[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(presence_round_trip),
        cmocka_unit_test(signature_and_contact_round_trip),
        cmocka_unit_test(unknown_links_and_tokens_are_ignored),
        cmocka_unit_test(link_that_nobody_dialled_is_closed),
        cmocka_unit_test(tokens_begin_where_the_caller_says),
        cmocka_unit_test(a_dial_that_failed_refers_or_refuses),
        cmocka_unit_test(new_without_memory),
        cmocka_unit_test(same_seed_same_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
