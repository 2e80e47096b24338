/* Do direct connections and data between two members work as their ends want? */
#include "scenario.h"

static struct sim *pair(uint64_t seed, bool allowed)
{
    struct sim *sim = sim_of_seed(seed);
    add_founder(sim);
    add_member(sim, 0);
    struct graph_event allow = {.type = GRAPH_ALLOW_DIRECT, .flag = allowed};
    assert_ok(sim_event(sim, 0, &allow));
    return sim;
}

static void open_direct(struct sim *sim, uint32_t from, uint32_t to)
{
    struct graph_event open = {.type = GRAPH_OPEN_DIRECT,
                               .request = 9,
                               .key = sim_node(sim, to)->key.hash,
                               .addresses = {.count = 1}};
    sim_address(to, &open.addresses.items[0]);
    assert_ok(sim_event(sim, from, &open));
    assert_int_equal(sim_node(sim, from)->completed, 9);
    sim_run(sim, 1000);
}

static uint64_t direct_link(struct sim *sim, uint32_t index)
{
    const struct sim_notice *notice = sim_last_notice(sim, index, GRAPH_NOTICE_DIRECT);
    return notice && notice->change == GRAPH_LINK_CONNECTED ? notice->link : 0;
}

static void send(struct sim *sim, uint32_t index, uint64_t link, const void *data, size_t size)
{
    struct graph_event event = {.type = GRAPH_SEND_DATA,
                                .link = link,
                                .request = 3,
                                .data = bytes_of(data, size),
                                .data_type = SIM_RECORD_TYPE};
    sim_node(sim, index)->completed = 0;
    assert_ok(sim_event(sim, index, &event));
    assert_int_equal(sim_node(sim, index)->completed, 3);
}

/* [point 13.1] [point 13.6] Data goes both ways over a direct connection. */
static void allowed_connection_carries_data(void **state)
{
    (void)state;
    struct sim *sim = pair(1, true);
    open_direct(sim, 1, 0);
    uint64_t link = direct_link(sim, 1);
    assert_true(link != 0 && direct_link(sim, 0) != 0);
    send(sim, 1, link, "hello", 5);
    sim_run(sim, 100);
    assert_int_equal(sim_node(sim, 0)->last_data.size, 5);
    assert_memory_equal(sim_node(sim, 0)->last_data.data, "hello", 5);
    /* In several messages, and nothing at all. */
    static uint8_t large[300000];
    for (size_t i = 0; i < sizeof(large); i++)
        large[i] = (uint8_t)(i * 31);
    send(sim, 0, direct_link(sim, 0), large, sizeof(large));
    sim_run(sim, 1000);
    assert_int_equal(sim_node(sim, 1)->last_data.size, sizeof(large));
    assert_memory_equal(sim_node(sim, 1)->last_data.data, large, sizeof(large));
    send(sim, 0, direct_link(sim, 0), NULL, 0);
    sim_run(sim, 100);
    assert_int_equal(sim_node(sim, 1)->last_data.size, 0);
    /* It stays when nothing happens. */
    sim_run(sim, HOUR_MS);
    assert_int_equal(sim_links(sim, 0), 2);
    struct graph_event close = {.type = GRAPH_CLOSE_LINK, .link = link, .request = 4};
    assert_ok(sim_event(sim, 1, &close));
    assert_hr(sim_node(sim, 1)->completed_hr, S_OK);
    sim_run(sim, 100);
    const struct sim_notice *last = sim_last_notice(sim, 0, GRAPH_NOTICE_DIRECT);
    assert_int_equal(last->change, GRAPH_LINK_DISCONNECTED);
    send(sim, 1, link, "late", 4);
    assert_hr(sim_node(sim, 1)->completed_hr, PEER_E_CONNECTION_NOT_FOUND);
    assert_all_equal(sim);
    sim_free(sim);
}

/* ---- no records ---- */

/* What one end of a direct connection has sent and heard, without a neighbour's link between them.
 */
struct end {
    struct sim *sim;
    uint32_t raw;
    uint64_t link;
};

static struct end end_new(uint64_t seed)
{
    struct end end = {.sim = pair(seed, true)};
    struct buffer out = BUFFER_NULL;
    end.raw = sim_add(end.sim, &(struct sim_node_options){.raw = true});
    end.link = sim_raw_dial(end.sim, end.raw, 0, true);
    assert_ok(message_encode_connect(
        &(struct message_connect){.node_id = 77, .flags = CONNECT_DIRECT}, &out));
    sim_raw_send(end.sim, end.link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(end.sim, 500);
    assert_false(sim_raw_closed(end.sim, end.link));
    assert_int_equal(sim_last_notice(end.sim, 0, GRAPH_NOTICE_DIRECT)->change,
                     GRAPH_LINK_CONNECTED);
    sim_raw_received(end.sim, end.link)->size = 0;
    return end;
}

/* [point 13.8] New records, changed and deleted ones, old ones, and an hour of upkeep: not a byte
 * of them comes along a direct connection. */
static void no_record_comes_along_it(void **state)
{
    (void)state;
    struct end end = end_new(11);
    struct sim *sim = end.sim;
    struct guid id = add_text(sim, 0, "record"), other = add_text(sim, 1, "another");
    assert_ok(update_text(sim, 0, &id, "changed"));
    sim_run(sim, 1000);
    assert_true(sim_holds(sim, 1, &id) && sim_holds(sim, 0, &other));
    assert_ok(delete_record(sim, 0, &id));
    sim_run(sim, HOUR_MS);
    assert_false(sim_raw_closed(sim, end.link));
    assert_int_equal(sim_raw_received(sim, end.link)->size, 0);
    /* Data does come. */
    send(sim, 0, direct_link(sim, 0), "hello", 5);
    sim_run(sim, 100);
    assert_true(sim_raw_received(sim, end.link)->size > 5);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 13.8] Who sends one along it, right in every other way, is not believed, and is cut off.
 */
static void no_record_is_taken_from_it(void **state)
{
    (void)state;
    struct end end = end_new(12);
    struct sim *sim = end.sim;
    const struct sim_key *key = &sim_node(sim, end.raw)->key;
    uint64_t now = sim_peer_time(sim);
    struct record record = {.type = SIM_RECORD_TYPE,
                            .creator = key->hash,
                            .creator_name = bytes_of_text(key->name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 86400 * TICKS_PER_SECOND,
                            .nonce = {1}};
    struct buffer header = BUFFER_NULL, out = BUFFER_NULL;
    struct hash digest;
    struct record_seal seal;
    payload_leaf(bytes_of(NULL, 0), &record.payload_root);
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    assert_ok(record_header_encode(&record, &header));
    record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), &digest);
    sim_key_sign(key, &digest, &seal);
    struct message_flood flood = {.header = buffer_view(&header),
                                  .certificate = key->hash,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE)};
    assert_ok(message_encode_flood(&flood, &out));
    sim_raw_send(sim, end.link, buffer_view(&out));
    sim_run(sim, 10000);
    assert_true(sim_raw_closed(sim, end.link));
    assert_false(sim_holds(sim, 0, &record.id) || sim_holds(sim, 1, &record.id));
    buffer_deinit(&header);
    buffer_deinit(&out);
    assert_sound(sim);
    sim_free(sim);
}

/* [point 13.3] Where nobody has registered the event a direct connection is refused. */
static void refused_where_nobody_wants_it(void **state)
{
    (void)state;
    struct sim *sim = pair(2, false);
    open_direct(sim, 1, 0);
    const struct sim_notice *last = sim_last_notice(sim, 1, GRAPH_NOTICE_DIRECT);
    assert_int_equal(last->change, GRAPH_LINK_FAILED);
    assert_hr(last->hr, PEER_E_CONNECTION_REFUSED);
    assert_null(sim_last_notice(sim, 0, GRAPH_NOTICE_DIRECT));
    assert_int_equal(sim_links(sim, 0), 1);
    assert_sound(sim);
    sim_free(sim);
}

static void nobody_answers(void **state)
{
    (void)state;
    struct sim *sim = pair(3, true);
    open_direct(sim, 1, 0);
    sim_crash(sim, 0);
    sim_run(sim, 5000);
    open_direct(sim, 1, 0);
    sim_run(sim, 10000);
    const struct sim_notice *last = sim_last_notice(sim, 1, GRAPH_NOTICE_DIRECT);
    assert_int_equal(last->change, GRAPH_LINK_FAILED);
    assert_hr(last->hr, PEER_E_CONNECTION_FAILED);
    assert_sound(sim);
    sim_free(sim);
}

static void neighbour_is_not_closed_by_the_application(void **state)
{
    (void)state;
    struct sim *sim = pair(4, true);
    uint64_t link = sim_last_notice(sim, 1, GRAPH_NOTICE_NEIGHBOUR)->link;
    struct graph_event close = {.type = GRAPH_CLOSE_LINK, .link = link, .request = 4};
    assert_ok(sim_event(sim, 1, &close));
    assert_hr(sim_node(sim, 1)->completed_hr, PEER_E_CONNECTION_NOT_FOUND);
    assert_int_equal(sim_links(sim, 0), 1);
    sim_free(sim);
}

static HRESULT send_code(struct sim *sim, uint64_t link, const void *data, size_t size)
{
    send(sim, 1, link, data, size);
    return sim_node(sim, 1)->completed_hr;
}

static void full_link_takes_no_more_than_one_large_message(void **state)
{
    (void)state;
    struct sim *sim = pair(5, true);
    open_direct(sim, 1, 0);
    uint64_t link = direct_link(sim, 1);
    static const uint8_t data[LIMIT_DATA_SIZE] = {1};
    /* Any number while there is room. */
    for (int i = 0; i < 6; i++) {
        assert_hr(send_code(sim, link, data, 1024 * 1024 - 65536), S_OK);
        sim_run(sim, 1000);
    }
    struct graph_event full = {.type = GRAPH_LINK_FULL, .link = link};
    assert_ok(sim_event(sim, 1, &full));
    assert_hr(send_code(sim, link, data, 1024 * 1024), S_OK);
    assert_hr(send_code(sim, link, data, LIMIT_DATA_SIZE), PEER_E_TOO_MUCH_LOAD);
    assert_hr(send_code(sim, link, data, 1024), S_OK);
    struct graph_event drained = {.type = GRAPH_LINK_DRAINED, .link = link};
    assert_ok(sim_event(sim, 1, &drained));
    assert_hr(send_code(sim, link, data, 1024), S_OK);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allowed_connection_carries_data),
        cmocka_unit_test(no_record_comes_along_it),
        cmocka_unit_test(no_record_is_taken_from_it),
        cmocka_unit_test(refused_where_nobody_wants_it),
        cmocka_unit_test(nobody_answers),
        cmocka_unit_test(neighbour_is_not_closed_by_the_application),
        cmocka_unit_test(full_link_takes_no_more_than_one_large_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
