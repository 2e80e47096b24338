/* Can a neighbour that lies harm anything but its own link? */
#include "scenario.h"

struct liar {
    struct sim *sim;
    uint32_t raw;
    uint64_t link;
    const struct sim_key *key;
};

static void send_buffer(struct liar *liar, struct buffer *out)
{
    sim_raw_send(liar->sim, liar->link, buffer_view(out));
    buffer_deinit(out);
}

static void liar_calls(struct liar *liar)
{
    liar->link = sim_raw_dial(liar->sim, liar->raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    send_buffer(liar, &out);
    sim_run(liar->sim, 500);
    assert_false(sim_raw_closed(liar->sim, liar->link));
    sim_raw_received(liar->sim, liar->link)->size = 0;
}

/* Two honest members, and the liar, who is a member too. */
static struct liar liar_new(uint64_t seed)
{
    struct liar liar = {.sim = sim_of_seed(seed)};
    add_founder(liar.sim);
    add_member(liar.sim, 0);
    liar.raw = sim_add(liar.sim, &(struct sim_node_options){.raw = true});
    liar.key = &sim_node(liar.sim, liar.raw)->key;
    liar_calls(&liar);
    return liar;
}

static void liar_free(struct liar *liar)
{
    assert_all_equal(liar->sim);
    assert_true(sim_linked(liar->sim, 0, 1));
    sim_free(liar->sim);
}

static void expect_closed(struct liar *liar)
{
    sim_run(liar->sim, 100);
    assert_true(sim_raw_closed(liar->sim, liar->link));
    struct guid id = add_text(liar->sim, 0, "life goes on");
    sim_run(liar->sim, 100);
    assert_true(sim_holds(liar->sim, 1, &id));
    assert_sound(liar->sim);
    liar_calls(liar);
}

static void expect_open(struct liar *liar)
{
    sim_run(liar->sim, 100);
    assert_false(sim_raw_closed(liar->sim, liar->link));
    assert_sound(liar->sim);
}

static struct record record_of(struct liar *liar, uint8_t nonce)
{
    uint64_t now = sim_peer_time(liar->sim);
    struct record record = {.type = SIM_RECORD_TYPE,
                            .creator = liar->key->hash,
                            .creator_name = bytes_of_text(liar->key->name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 86400 * TICKS_PER_SECOND,
                            .nonce = {nonce}};
    payload_leaf(bytes_of(NULL, 0), &record.payload_root);
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    return record;
}

static void send_record(struct liar *liar, const struct record *record, const char *graph_id,
                        const struct sim_key *signer, struct bytes payload, uint8_t flags)
{
    struct buffer header = BUFFER_NULL, out = BUFFER_NULL;
    struct hash digest;
    struct record_seal seal;
    assert_ok(record_header_encode(record, &header));
    record_digest(bytes_of_text(graph_id), buffer_view(&header), &digest);
    sim_key_sign(signer, &digest, &seal);
    struct message_flood flood = {.flags = flags,
                                  .header = buffer_view(&header),
                                  .certificate = liar->key->hash,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE),
                                  .payload = payload};
    assert_ok(message_encode_flood(&flood, &out));
    buffer_deinit(&header);
    send_buffer(liar, &out);
}

static const struct bytes nothing = {NULL, 0};

static void wrong_in_itself_closes(void **state)
{
    (void)state;
    struct liar liar = liar_new(1);
    struct sim *sim = liar.sim;
    struct record record = record_of(&liar, 1);
    /* Control: the honest form is taken. */
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_open(&liar);
    assert_true(sim_holds(sim, 1, &record.id));
    /* A forged signature. */
    record = record_of(&liar, 2);
    send_record(&liar, &record, SIM_GRAPH_ID, &sim_node(sim, 1)->key, nothing, 0);
    expect_closed(&liar);
    /* A foreign group. */
    record = record_of(&liar, 3);
    send_record(&liar, &record, "0123456789abcdef0123456789abcdef01234567.other", liar.key, nothing,
                0);
    expect_closed(&liar);
    /* An id that its author chose. */
    record = record_of(&liar, 4);
    record.id.bytes[3] ^= 1;
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_closed(&liar);
    /* A payload that is not the signed one. */
    record = record_of(&liar, 5);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, bytes_of("x", 1), 0);
    expect_closed(&liar);
    /* In pieces, but small. */
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, FLOOD_PAYLOAD_IN_PIECES);
    expect_closed(&liar);
    /* In another's name. */
    record = record_of(&liar, 6);
    record.creator = sim_node(sim, 1)->key.hash;
    record.creator_name = bytes_of_text(sim_node(sim, 1)->key.name);
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_closed(&liar);
    assert_int_equal(sim_visible(sim, 0), sim_visible(sim, 1));
    liar_free(&liar);
}

static void future_and_old_are_ignored(void **state)
{
    (void)state;
    struct liar liar = liar_new(2);
    struct sim *sim = liar.sim;
    struct record record = record_of(&liar, 1);
    record.created = record.modified += 25 * 60 * TICKS_PER_SECOND;
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_open(&liar);
    assert_false(sim_holds(sim, 0, &record.id));
    /* The same some minutes later. */
    sim_run(sim, 110000);
    struct buffer ping = BUFFER_NULL;
    assert_ok(message_encode_ping(
        &(struct message_ping){.horizon = sim_peer_time(sim) + 120 * TICKS_PER_SECOND}, &ping));
    send_buffer(&liar, &ping);
    record = record_of(&liar, 2);
    record.created = record.modified -= 7200 * TICKS_PER_SECOND;
    record.expiration = record.modified + 3600 * TICKS_PER_SECOND;
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_open(&liar);
    assert_false(sim_holds(sim, 0, &record.id));
    /* A replay, a hundred times. */
    record = record_of(&liar, 3);
    for (int i = 0; i < 100; i++)
        send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_open(&liar);
    assert_true(sim_holds(sim, 1, &record.id));
    struct graph_counters counters;
    graph_get_counters(sim_node(sim, 0)->graph, &counters);
    assert_int_equal(counters.verified, 1);
    liar_free(&liar);
}

/* The liar sends an honest record's header under a wrong signature, first; the honest copy comes
 * while that one is being checked. */
static void forged_copy_does_not_hide_the_good_one(void **state)
{
    (void)state;
    uint32_t caught = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim *sim = sim_new(&(struct sim_options){
            .seed = seed, .latency_min_ms = 1, .latency_max_ms = 200, .verdict_max_ms = 500});
        add_founder(sim);
        add_member(sim, 0);
        struct liar liar = {.sim = sim};
        liar.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
        liar.key = &sim_node(sim, 1)->key;
        liar_calls(&liar);
        struct guid id = add_text(sim, 1, "honest");
        struct store *store = sim_node(sim, 1)->store;
        struct store_record row;
        assert_ok(store->ops->get(store, &id, &row));
        uint8_t forged[SIGNATURE_SIZE] = {1};
        struct message_flood flood = {.header = row.header,
                                      .certificate = row.certificate,
                                      .signature = bytes_of(forged, sizeof(forged)),
                                      .payload = row.payload};
        struct buffer out = BUFFER_NULL;
        assert_ok(message_encode_flood(&flood, &out));
        store_record_deinit(&row);
        send_buffer(&liar, &out);
        sim_run(sim, 7000);
        assert_true(sim_holds(sim, 0, &id));
        caught += sim_raw_closed(sim, liar.link);
        assert_sound(sim);
        sim_free(sim);
    }
    assert_true(caught >= 3);
}

static void raw_message(struct liar *liar, uint8_t type, const void *body, size_t size)
{
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    size_t begin = message_begin(&writer, type);
    wire_write_fixed(&writer, body, size);
    assert_ok(message_end(&writer, begin));
    send_buffer(liar, &out);
}

static void unknown_messages(void **state)
{
    (void)state;
    struct liar liar = liar_new(4);
    for (unsigned type = 0; type < 256; type++) {
        raw_message(&liar, (uint8_t)type, "\x7f\x7f\x7f", 3);
        if (type >= MESSAGE_SKIPPABLE)
            expect_open(&liar);
        else
            expect_closed(&liar);
    }
    liar_free(&liar);
}

static void broken_framing_closes(void **state)
{
    (void)state;
    struct liar liar = liar_new(5);
    static const uint8_t headers[][6] = {{0, 0, 0, 5, 2, 0x80}, /* shorter than itself */
                                         {0, 2, 0, 1, 2, 0x80}, /* too long */
                                         {0xff, 0xff, 0xff, 0xff, 2, 0x80},
                                         {0, 0, 0, 6, 1, 0x80}}; /* another version */
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        sim_raw_send(liar.sim, liar.link, bytes_of(headers[i], sizeof(headers[i])));
        expect_closed(&liar);
    }
    liar_free(&liar);
}

static void reconcile_answers_must_fit(void **state)
{
    (void)state;
    struct liar liar = liar_new(6);
    struct sim *sim = liar.sim;
    /* An answer that nobody asked for is ignored. */
    struct range range = {.mode = RANGE_DIFFERENT, .count = 1000};
    range.upper.modified = UINT64_MAX;
    struct message_reconcile head = {.session = 12345, .answer = true};
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    size_t begin = message_begin_reconcile(&writer, &head, 1);
    message_write_range(&writer, &range);
    assert_ok(message_end(&writer, begin));
    send_buffer(&liar, &out);
    expect_open(&liar);
    /* Differing PINGs make the member ask; "different" to its list is against the rules. */
    for (int i = 0; i < 2; i++) {
        struct buffer ping = BUFFER_NULL;
        assert_ok(message_encode_ping(
            &(struct message_ping){.horizon = sim_peer_time(sim) + 120 * TICKS_PER_SECOND,
                                   .count = 7},
            &ping));
        sim_run(sim, 11000);
        send_buffer(&liar, &ping);
        sim_run(sim, 100);
    }
    struct buffer *in = sim_raw_received(sim, liar.link);
    struct message message;
    bool asked = false;
    while (!asked && message_next(buffer_view(in), &message) == S_OK) {
        struct message_list list;
        asked = message.type == MESSAGE_RECONCILE &&
                SUCCEEDED(message_decode_reconcile(message.body, &head, &list)) &&
                message_next_range(&list, &range);
        buffer_consume(in, message.size);
    }
    assert_true(asked);
    head.answer = true;
    range.mode = RANGE_DIFFERENT;
    range.count = 1000;
    out = BUFFER_NULL;
    wire_writer_init(&writer, &out);
    begin = message_begin_reconcile(&writer, &head, 1);
    message_write_range(&writer, &range);
    assert_ok(message_end(&writer, begin));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    liar_free(&liar);
}

static void flood_of_floods_is_paused(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 7, .verdict_max_ms = 4000});
    add_founder(sim);
    add_member(sim, 0);
    struct liar liar = {.sim = sim};
    liar.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    liar.key = &sim_node(sim, liar.raw)->key;
    liar_calls(&liar);
    struct buffer all = BUFFER_NULL;
    struct record record = record_of(&liar, 1);
    for (uint32_t i = 0; i < 1500; i++) {
        struct buffer header = BUFFER_NULL;
        struct hash digest;
        struct record_seal seal;
        memcpy(record.nonce, &i, sizeof(i));
        record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
        assert_ok(record_header_encode(&record, &header));
        record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), &digest);
        sim_key_sign(liar.key, &digest, &seal);
        struct message_flood flood = {.header = buffer_view(&header),
                                      .certificate = seal.certificate,
                                      .signature = bytes_of(seal.signature, SIGNATURE_SIZE)};
        assert_ok(message_encode_flood(&flood, &all));
        buffer_deinit(&header);
    }
    sim_raw_send(sim, liar.link, buffer_view(&all));
    buffer_deinit(&all);
    sim_run(sim, 200);
    /* graph_check holds the node to its quota of unverified records after each step. */
    assert_true(sim_visible(sim, 0) < 600);
    sim_run(sim, 60000);
    assert_int_equal(sim_visible(sim, 0), 1500);
    assert_int_equal(sim_visible(sim, 1), 1500);
    assert_sound(sim);
    sim_free(sim);
}

static void wrong_messages_in_wrong_states(void **state)
{
    (void)state;
    struct liar liar = liar_new(8);
    struct sim *sim = liar.sim;
    /* CONNECT twice, WELCOME to one who did not call, REFUSE likewise. */
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    assert_ok(message_encode_welcome(
        &(struct message_welcome){.node_id = 77, .peer_time = sim_peer_time(sim)}, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    struct message_goodbye goodbye = {.code = REFUSE_BUSY};
    assert_ok(message_encode_goodbye(MESSAGE_REFUSE, &goodbye, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    /* Records before CONNECT. */
    sim_raw_close(sim, liar.link);
    liar.link = sim_raw_dial(sim, liar.raw, 0, false);
    struct record record = record_of(&liar, 1);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    expect_closed(&liar);
    assert_false(sim_holds(sim, 0, &record.id));
    /* A PING from the year 30,000 and one from before the beginning. */
    assert_ok(message_encode_ping(&(struct message_ping){.horizon = UINT64_MAX}, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    assert_ok(message_encode_ping(&(struct message_ping){.horizon = 5}, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    liar_free(&liar);
}

/* Somebody who was called pings, but never answers a question. */
static void session_that_stalls_is_begun_again(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(10);
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    sim_listen(sim, raw);
    sim_connect(sim, 0, raw);
    sim_run(sim, 1000);
    struct liar liar = {.sim = sim, .raw = raw, .link = 2 * 1 + 1};
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_welcome(
        &(struct message_welcome){.node_id = 77, .peer_time = sim_peer_time(sim)}, &out));
    send_buffer(&liar, &out);
    for (int i = 0; i < 5; i++) {
        sim_run(sim, 20000);
        assert_ok(message_encode_ping(
            &(struct message_ping){.horizon = sim_peer_time(sim) + 120 * TICKS_PER_SECOND}, &out));
        send_buffer(&liar, &out);
    }
    struct graph_counters counters;
    graph_get_counters(sim_node(sim, 0)->graph, &counters);
    assert_true(counters.reconcile_sessions >= 2);
    assert_false(graph_is_synchronised(sim_node(sim, 0)->graph));
    assert_sound(sim);
    sim_free(sim);
}

static void wrong_piece_closes(void **state)
{
    (void)state;
    struct liar liar = liar_new(9);
    struct record record = record_of(&liar, 1);
    record.payload_size = 200000;
    record.payload_root.bytes[0] ^= 1;
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, FLOOD_PAYLOAD_IN_PIECES);
    expect_open(&liar);
    static uint8_t data[LIMIT_PIECE_SIZE];
    struct message_piece piece = {.name = {.id = record.id, .version = 1},
                                  .path_size = 2,
                                  .data = bytes_of(data, sizeof(data))};
    struct buffer header = BUFFER_NULL, out = BUFFER_NULL;
    assert_ok(record_header_encode(&record, &header));
    record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), &piece.name.digest);
    buffer_deinit(&header);
    assert_ok(message_encode_piece(&piece, &out));
    send_buffer(&liar, &out);
    expect_closed(&liar);
    assert_false(sim_holds(liar.sim, 0, &record.id));
    liar_free(&liar);
}

static void send_sealed(struct liar *liar, const struct record *record,
                        const struct hash *certificate, const struct sim_key *signer)
{
    struct sim_key named = *signer;
    const struct sim_key *own = liar->key;
    named.hash = *certificate;
    liar->key = &named;
    send_record(liar, record, SIM_GRAPH_ID, signer, nothing, 0);
    liar->key = own;
}

/* A digest does not cover the certificate that is named beside it. */
static void invented_certificate_harms_only_its_sender(void **state)
{
    (void)state;
    struct liar liar = liar_new(10);
    struct sim *sim = liar.sim;
    struct liar second = liar;
    second.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    second.key = &sim_node(sim, second.raw)->key;
    liar_calls(&second);
    const struct hash invented = {{9}};
    /* The honest copy names a certificate that is here: it is taken although the other waits. */
    struct record record = record_of(&second, 1);
    send_sealed(&liar, &record, &invented, second.key);
    expect_open(&liar);
    send_sealed(&second, &record, &second.key->hash, second.key);
    expect_open(&second);
    assert_true(sim_holds(sim, 1, &record.id));
    /* Both certificates are missing, the liar leaves: the other is not asked for the liar's. */
    uint32_t stranger = sim_add(sim, &(struct sim_node_options){.raw = true});
    struct liar author = {.sim = sim, .key = &sim_node(sim, stranger)->key};
    record = record_of(&author, 2);
    send_sealed(&liar, &record, &invented, author.key);
    expect_open(&liar);
    send_sealed(&second, &record, &author.key->hash, author.key);
    expect_open(&second);
    sim_raw_close(sim, liar.link);
    sim_run(sim, 11000);
    expect_open(&second);
    liar_free(&liar);
}

/* A record that names the payload of another one, but says that it is shorter. */
static void payload_of_another_size_is_refused(void **state)
{
    (void)state;
    struct liar liar = liar_new(11);
    struct sim *sim = liar.sim;
    struct guid id;
    assert_ok(sim_publish(sim, 1, &(struct sim_record){.payload_size = 200000}, &id));
    sim_run(sim, 3000);
    struct store *store = sim_node(sim, 0)->store;
    struct store_record row;
    assert_ok(store->ops->find(store, &id, &row));
    assert_int_equal(row.payload_size, 200000);
    const uint64_t sizes[] = {196608, 199999, 131072};
    for (uint8_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct record record = record_of(&liar, i);
        record.payload_root = row.payload_root;
        record.payload_size = sizes[i];
        send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, FLOOD_PAYLOAD_IN_PIECES);
        expect_open(&liar);
        assert_false(sim_holds(sim, 0, &record.id));
        assert_false(sim_holds(sim, 1, &record.id));
    }
    assert_true(sim_holds(sim, 0, &id));
    liar_free(&liar);
}

static void ask(struct liar *liar, const uint64_t bounds[][2], uint32_t count)
{
    struct message_reconcile head = {.session = 1,
                                     .horizon = sim_peer_time(liar->sim) + TICKS_PER_SECOND};
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    size_t begin = message_begin_reconcile(&writer, &head, count);
    for (uint32_t i = 0; i < count; i++) {
        struct range range = {.mode = RANGE_FINGERPRINT, .count = 12345};
        range.lower.modified = bounds[i][0];
        range.upper.modified = bounds[i][1];
        message_write_range(&writer, &range);
    }
    assert_ok(message_end(&writer, begin));
    send_buffer(liar, &out);
}

static void questions_ascend_and_are_apart(void **state)
{
    (void)state;
    struct liar liar = liar_new(12);
    ask(&liar, (const uint64_t[][2]){{0, 10}, {10, 20}, {30, UINT64_MAX}}, 3);
    expect_open(&liar);
    ask(&liar, (const uint64_t[][2]){{0, UINT64_MAX}, {0, UINT64_MAX}}, 2);
    expect_closed(&liar);
    ask(&liar, (const uint64_t[][2]){{10, 20}, {0, 10}}, 2);
    expect_closed(&liar);
    liar_free(&liar);
}

/* Each question costs a look at ITEMS_MAX elements at least. */
static void questions_have_a_budget(void **state)
{
    (void)state;
    struct liar liar = liar_new(13);
    struct sim *sim = liar.sim;
    for (uint32_t i = 0; i < 20000; i++)
        ask(&liar, (const uint64_t[][2]){{0, UINT64_MAX}}, 1);
    sim_run(sim, 2000);
    struct record record = record_of(&liar, 1);
    send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
    sim_run(sim, 2000);
    size_t answered = sim_raw_received(sim, liar.link)->size / 80;
    assert_in_range(answered, 400000 / ITEMS_MAX / 2, 400000 / ITEMS_MAX * 2);
    /* It is read again: all is answered in the end. */
    assert_false(sim_holds(sim, 0, &record.id));
    sim_run(sim, 15 * MINUTE_MS);
    assert_true(sim_holds(sim, 0, &record.id));
    liar_free(&liar);
}

static void early_pings_are_not_looked_at(void **state)
{
    (void)state;
    struct liar liar = liar_new(14);
    struct sim *sim = liar.sim;
    sim_run(sim, 6000);
    struct graph_counters before, after;
    graph_get_counters(sim_node(sim, 0)->graph, &before);
    for (int i = 0; i < 9; i++) {
        struct buffer ping = BUFFER_NULL;
        assert_ok(message_encode_ping(
            &(struct message_ping){.horizon = sim_peer_time(sim) + 120 * TICKS_PER_SECOND,
                                   .count = 7},
            &ping));
        send_buffer(&liar, &ping);
        sim_run(sim, 1000);
    }
    graph_get_counters(sim_node(sim, 0)->graph, &after);
    assert_true(after.reconcile_sessions == before.reconcile_sessions);
    liar_free(&liar);
}

static void certificates_are_sent_once_and_only_with_room(void **state)
{
    (void)state;
    struct liar liar = liar_new(15);
    struct sim *sim = liar.sim;
    struct hash wanted[16];
    for (int i = 0; i < 16; i++)
        wanted[i] = sim_node(sim, 0)->key.hash;
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_certificate_request(wanted, 16, &out));
    send_buffer(&liar, &out);
    expect_open(&liar);
    size_t one = sim_raw_received(sim, liar.link)->size;
    assert_in_range(one, 70, 80);
    liar_free(&liar);
}

static void send_chain(struct liar *liar, const struct sim_key *named, const struct sim_key *sent)
{
    struct buffer chain = BUFFER_NULL, out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &chain);
    wire_write_blob(&writer, bytes_of(sent->public_key, PUBLIC_KEY_SIZE));
    struct message_certificate message = {.certificate = named->hash, .chain = buffer_view(&chain)};
    assert_ok(message_encode_certificate(&message, &out));
    buffer_deinit(&chain);
    send_buffer(liar, &out);
}

static void chain_is_taken_from_whoever_needs_it(void **state)
{
    (void)state;
    struct liar liar = liar_new(16);
    struct sim *sim = liar.sim;
    struct liar second = liar;
    second.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    second.key = &sim_node(sim, second.raw)->key;
    liar_calls(&second);
    const struct sim_key *author_key =
        &sim_node(sim, sim_add(sim, &(struct sim_node_options){.raw = true}))->key;
    const struct sim_key *other =
        &sim_node(sim, sim_add(sim, &(struct sim_node_options){.raw = true}))->key;
    struct liar author = {.sim = sim, .key = author_key};
    struct record record = record_of(&author, 1);
    send_sealed(&liar, &record, &author_key->hash, author_key);
    expect_open(&liar);
    uint32_t taken = sim_node(sim, 0)->provider.chains_taken;
    /* Another certificate under the awaited name, and the right one from a bystander. */
    send_chain(&liar, author_key, other);
    expect_open(&liar);
    send_chain(&second, author_key, author_key);
    expect_open(&second);
    assert_int_equal(sim_node(sim, 0)->provider.chains_taken, taken);
    send_chain(&liar, author_key, author_key);
    expect_open(&liar);
    assert_int_equal(sim_node(sim, 0)->provider.chains_taken, taken + 1);
    assert_true(sim_holds(sim, 0, &record.id));
    sim_run(sim, 100);
    sim_free(sim);
}

static void one_key_has_eight_links(void **state)
{
    (void)state;
    struct liar liar = liar_new(17);
    struct sim *sim = liar.sim;
    uint64_t links[10];
    for (int i = 0; i < 10; i++)
        links[i] = sim_raw_dial(sim, liar.raw, 0, i % 2 == 0);
    sim_run(sim, 100);
    /* Seven beside the one that was there. */
    for (int i = 0; i < 10; i++)
        assert_true(sim_raw_closed(sim, links[i]) == (i >= 7));
    for (int i = 0; i < 7; i++)
        sim_raw_close(sim, links[i]);
    sim_run(sim, 100);
    links[0] = sim_raw_dial(sim, liar.raw, 0, false);
    sim_run(sim, 100);
    assert_false(sim_raw_closed(sim, links[0]));
    liar_free(&liar);
}

/* Four members each leave 4 MiB unfinished; the fifth finds no room. */
static void unfinished_data_is_bounded_in_all(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(18);
    add_founder(sim);
    struct graph_event allow = {.type = GRAPH_ALLOW_DIRECT, .flag = true};
    assert_ok(sim_event(sim, 0, &allow));
    static const uint8_t data[PT2PT_DATA_MAX] = {1};
    for (int i = 0; i < 5; i++) {
        struct liar liar = {.sim = sim};
        liar.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
        liar.link = sim_raw_dial(sim, liar.raw, 0, true);
        struct buffer out = BUFFER_NULL;
        assert_ok(message_encode_connect(
            &(struct message_connect){.flags = CONNECT_DIRECT, .node_id = 77}, &out));
        for (uint32_t sent = 0; sent + sizeof(data) <= LIMIT_DATA_SIZE; sent += sizeof(data)) {
            struct message_pt2pt message = {
                .type = SIM_RECORD_TYPE, .flags = PT2PT_MORE, .data = bytes_of(data, sizeof(data))};
            assert_ok(message_encode_pt2pt(&message, &out));
        }
        send_buffer(&liar, &out);
        sim_run(sim, 5000);
        assert_true(sim_raw_closed(sim, liar.link) == (i == 4));
    }
    assert_sound(sim);
    sim_free(sim);
}

static void update(struct liar *liar, uint32_t address)
{
    struct message_connect connect = {
        .flags = CONNECT_UPDATE, .node_id = 77, .addresses = {.count = 1}};
    sim_address(address, &connect.addresses.items[0]);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&connect, &out));
    send_buffer(liar, &out);
}

/* The liar claims an honest member's address under its own key. */
static void claimed_address_binds_no_key(void **state)
{
    (void)state;
    struct liar liar = liar_new(19);
    struct sim *sim = liar.sim;
    uint32_t third = sim_add(sim, &(struct sim_node_options){.synchronised = true});
    sim_listen(sim, third);
    update(&liar, third);
    sim_run(sim, 3 * MINUTE_MS);
    assert_true(sim_linked(sim, 0, third));
    if (sim_raw_closed(sim, liar.link))
        liar_calls(&liar);
    /* One update a minute is looked at. */
    uint32_t before = sim_notices(sim, 0, GRAPH_NOTICE_REMEMBER, 0);
    for (uint32_t i = 0; i < 5; i++)
        update(&liar, 100 + i);
    expect_open(&liar);
    assert_true(sim_notices(sim, 0, GRAPH_NOTICE_REMEMBER, 0) <= before + 1);
    liar_free(&liar);
}

/* Payloads that never come hold up others for a minute, not for an hour. */
static void promised_payloads_make_room(void **state)
{
    (void)state;
    struct liar liar = liar_new(20);
    struct sim *sim = liar.sim;
    for (uint8_t i = 0; i < 2; i++) {
        struct record record = record_of(&liar, i);
        record.payload_size = LIMIT_RECORD_SIZE;
        record.payload_root.bytes[0] = i;
        record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
        send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, FLOOD_PAYLOAD_IN_PIECES);
        expect_open(&liar);
        liar.raw = sim_add(sim, &(struct sim_node_options){.raw = true});
        liar.key = &sim_node(sim, liar.raw)->key;
        liar_calls(&liar);
    }
    sim_run(sim, MINUTE_MS);
    struct guid id;
    assert_ok(sim_publish(sim, 1, &(struct sim_record){.payload_size = 10000000}, &id));
    sim_run(sim, 30000);
    assert_true(sim_holds(sim, 0, &id));
    liar_free(&liar);
}

static uint32_t walks;
static const struct store_ops *real_ops;

static HRESULT counting_each(struct store *store, const struct guid *type, uint64_t after,
                             bool with_payload, store_record_visitor visit, void *context)
{
    walks += type && guid_equal(type, &RECORD_TYPE_REVOCATION);
    return real_ops->each(store, type, after, with_payload, visit, context);
}

/* Who was removed writes on, by a neighbour that has not heard: it is told of the revocations,
 * which costs a walk over them, but not for each record. */
static void refused_records_do_not_cost_a_walk_each(void **state)
{
    (void)state;
    struct liar liar = liar_new(21);
    struct sim *sim = liar.sim;
    struct store *store = sim_node(sim, 0)->store;
    real_ops = store->ops;
    struct store_ops counting = *real_ops;
    counting.each = counting_each;
    sim_provider_revoke(&sim_node(sim, 0)->provider, &liar.key->hash);
    store->ops = &counting;
    const uint32_t expected[] = {1, 1, 2};
    walks = 0;
    for (uint8_t burst = 0; burst < 3; burst++) {
        for (uint8_t i = 0; i < 50; i++) {
            struct record record = record_of(&liar, (uint8_t)(burst * 50 + i));
            send_record(&liar, &record, SIM_GRAPH_ID, liar.key, nothing, 0);
        }
        sim_run(sim, 4800);
        assert_false(sim_raw_closed(sim, liar.link));
        assert_int_equal(walks, expected[burst]);
        sim_run(sim, burst == 1 ? 500 : 0);
    }
    store->ops = real_ops;
    assert_int_equal(sim_visible(sim, 0), 0);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_in_itself_closes),
        cmocka_unit_test(future_and_old_are_ignored),
        cmocka_unit_test(forged_copy_does_not_hide_the_good_one),
        cmocka_unit_test(unknown_messages),
        cmocka_unit_test(broken_framing_closes),
        cmocka_unit_test(reconcile_answers_must_fit),
        cmocka_unit_test(flood_of_floods_is_paused),
        cmocka_unit_test(wrong_messages_in_wrong_states),
        cmocka_unit_test(session_that_stalls_is_begun_again),
        cmocka_unit_test(wrong_piece_closes),
        cmocka_unit_test(invented_certificate_harms_only_its_sender),
        cmocka_unit_test(payload_of_another_size_is_refused),
        cmocka_unit_test(questions_ascend_and_are_apart),
        cmocka_unit_test(questions_have_a_budget),
        cmocka_unit_test(early_pings_are_not_looked_at),
        cmocka_unit_test(certificates_are_sent_once_and_only_with_room),
        cmocka_unit_test(chain_is_taken_from_whoever_needs_it),
        cmocka_unit_test(one_key_has_eight_links),
        cmocka_unit_test(unfinished_data_is_bounded_in_all),
        cmocka_unit_test(claimed_address_binds_no_key),
        cmocka_unit_test(promised_payloads_make_room),
        cmocka_unit_test(refused_records_do_not_cost_a_walk_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
