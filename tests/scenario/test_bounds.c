/* Do the bounds and orders hold that only show where several things come together: links in all,
 * payloads read in a step, what is known of an address, revocations first and what follows one? */
#include "scenario.h"

static uint64_t links_up(struct sim *sim, uint64_t first, uint32_t count, bool same_key)
{
    struct sim_node *node = sim_node(sim, 0);
    struct graph_actions actions = {.items = NULL};
    uint64_t closed = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct graph_event up = {.type = GRAPH_LINK_UP,
                                 .link = first + i,
                                 .incoming = true,
                                 .direct = i % 2 == 1,
                                 .now = {sim_now_ms(sim), sim_utc(sim, node)},
                                 .peer_name = bytes_of_text("name")};
        uint32_t number = same_key ? 0 : (uint32_t)first + i;
        hash_sha256(&number, sizeof(number), &up.key);
        assert_ok(graph_step(node->graph, &up, &actions));
    }
    for (uint32_t i = 0; i < actions.count; i++)
        closed += actions.items[i].type == GRAPH_ACTION_CLOSE;
    graph_actions_deinit(&actions);
    return closed;
}

static void incoming_links_are_limited(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(1);
    add_founder(sim);
    assert_int_equal(links_up(sim, 1000, 10, true), 2);  /* 8 of one key */
    assert_int_equal(links_up(sim, 2000, 60, false), 4); /* 64 in all */
    assert_int_equal(links_up(sim, 3000, 3, false), 3);
    sim_free(sim);
}

static uint64_t call_as(struct sim *sim, uint32_t raw, uint64_t node_id)
{
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = node_id}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 100);
    return link;
}

/* One identity on four machines has all four places, until others come: each of them gets one, and
 * one stays. Among members of one link each the fifth is refused, as before. */
static void several_nodes_of_a_key_make_room(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(8);
    add_founder(sim);
    uint32_t many = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t links[4];
    for (uint32_t i = 0; i < 4; i++) {
        links[i] = call_as(sim, many, 70 + i);
        assert_false(sim_raw_closed(sim, links[i]));
    }
    assert_true(sim_raw_closed(sim, call_as(sim, many, 75))); /* one more of its own is too many */
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t open = 0, other = sim_add(sim, &(struct sim_node_options){.raw = true});
        uint64_t link = call_as(sim, other, 80 + i);
        assert_true(sim_raw_closed(sim, link) == (i == 3));
        for (uint32_t k = 0; k < 4; k++)
            open += !sim_raw_closed(sim, links[k]);
        assert_int_equal(open, i < 3 ? 3 - i : 1);
    }
    assert_sound(sim);
    sim_free(sim);
}

static struct store_ops counted;
static const struct store_ops *uncounted;
static uint32_t pieces_read;

static HRESULT count_piece(struct store *store, const struct hash *root, uint32_t index,
                           struct buffer *data)
{
    pieces_read++;
    return uncounted->piece_get(store, root, index, data);
}

/* From now on the pieces are counted that the node reads from its store. */
static void count_pieces_of(struct sim_node *node)
{
    uncounted = node->store->ops;
    counted = *uncounted;
    counted.piece_get = count_piece;
    node->store->ops = &counted;
    pieces_read = 0;
}

static uint32_t pieces_received(struct sim *sim, uint64_t link)
{
    struct bytes received = buffer_view(sim_raw_received(sim, link));
    struct message message;
    uint32_t count = 0;
    for (; message_next(received, &message) == S_OK; count += message.type == MESSAGE_PIECE)
        received = bytes_of(received.data + message.size, received.size - message.size);
    return count;
}

/* Pieces of many payloads by turns: of each payload only what goes out is read. */
static void only_served_pieces_are_read(void **state)
{
    (void)state;
    enum { PAYLOADS = 9, REQUESTS = 90, PIECES = 5 };
    struct sim *sim = sim_of_seed(2);
    add_founder(sim);
    struct sim_node *node = sim_node(sim, 0);
    struct request requests[REQUESTS];
    for (uint32_t i = 0; i < REQUESTS; i++) {
        struct guid id;
        struct store_record row;
        struct sim_record record = {.kind = PUBLISH_ADD, .payload_size = 300000 + i};
        requests[i] = (struct request){.is_piece = true, .piece = i / PAYLOADS % PIECES};
        if (i < PAYLOADS) {
            assert_ok(sim_publish(sim, 0, &record, &id));
            assert_ok(node->store->ops->find(node->store, &id, &row));
            requests[i].name = (struct version_name){row.id, row.version, row.digest};
        } else
            requests[i].name = requests[i % PAYLOADS].name;
    }
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    assert_ok(message_encode_request(requests, REQUESTS, &out));
    count_pieces_of(node);
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 10000);
    assert_int_equal(pieces_received(sim, link), REQUESTS);
    assert_int_equal(pieces_read, REQUESTS);
    assert_sound(sim);
    sim_free(sim);
}

/* A member that claims another's address does not keep that one from being dialled there. */
static void presence_counts_over_a_claim(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(3);
    for (uint32_t i = 0; i < 2; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
    }
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    assert_true(sim_linked(sim, 0, 1));
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct message_connect claim = {.node_id = 77, .addresses = {.count = 1}};
    sim_address(1, &claim.addresses.items[0]);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&claim, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
    sim_crash(sim, 1);
    sim_run(sim, 100);
    struct sim_node *node = sim_node(sim, 0);
    struct graph_actions actions = {.items = NULL};
    const struct graph_action *dial = NULL;
    for (uint32_t i = 1; i < 20 && !dial; i++) {
        struct graph_event timer = {.type = GRAPH_TIMER,
                                    .now = {sim_now_ms(sim) + i * 1000, sim_utc(sim, node)}};
        assert_ok(graph_step(node->graph, &timer, &actions));
        for (uint32_t k = 0; k < actions.count && !dial; k++)
            if (actions.items[k].type == GRAPH_ACTION_DIAL &&
                address_equal(&actions.items[k].address, &claim.addresses.items[0]))
                dial = &actions.items[k];
    }
    assert_non_null(dial);
    assert_true(dial->has_key && hash_equal(&dial->key, &sim_node(sim, 1)->key.hash));
    graph_actions_deinit(&actions);
    sim_free(sim);
}

/* An application that asks again and again, with ten addresses at a time where nobody answers. */
static void dials_are_limited(void **state)
{
    (void)state;
    enum { MINUTES = 6 };
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    struct sim_node *node = sim_node(sim, 0);
    struct graph_actions actions = {.items = NULL};
    uint64_t times[1000], now = sim_now_ms(sim) + 1000, end = now + MINUTES * MINUTE_MS;
    uint32_t count = 0, steps = 0;
    for (uint64_t asked = 0; now < end; steps++) {
        struct graph_event event = {.type = GRAPH_TIMER,
                                    .now = {now, sim_utc(sim, node)},
                                    .reason = PEER_E_CONNECTION_FAILED};
        if (now >= asked + 1000) {
            asked = now;
            event.type = GRAPH_CONNECT;
            event.addresses.count = LIMIT_REFERRALS;
            for (uint32_t i = 0; i < LIMIT_REFERRALS; i++)
                sim_address(100 + i, &event.addresses.items[i]);
        }
        assert_ok(graph_step(node->graph, &event, &actions));
        for (uint32_t i = 0; i < actions.count; i++) {
            if (actions.items[i].type != GRAPH_ACTION_DIAL)
                continue;
            assert_true(count < ARRAY_SIZE(times));
            times[count++] = now;
            event.type = GRAPH_DIAL_FAILED;
            event.dial = actions.items[i].token;
            assert_ok(graph_step(node->graph, &event, &actions));
        }
        graph_actions_clear(&actions);
        uint64_t due = graph_next_deadline(node->graph);
        now = due < asked + 1000 ? (due > now ? due : now) : asked + 1000;
    }
    for (uint32_t i = 30; i < count; i++)
        assert_true(times[i] >= times[i - 30] + MINUTE_MS);
    assert_true(count >= 30 * (MINUTES - 1));
    assert_true(steps < 10000); /* it sleeps while it may not dial */
    graph_actions_deinit(&actions);
    sim_free(sim);
}

static const struct graph_action *dialled(const struct graph_actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++)
        if (actions->items[i].type == GRAPH_ACTION_DIAL)
            return &actions->items[i];
    return NULL;
}

/* [protocol 8] Who proves a key and then lets the caller wait is called again after all others. */
static void who_lets_wait_comes_last(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(10);
    add_founder(sim);
    struct sim_node *node = sim_node(sim, 0);
    struct graph_actions actions = {.items = NULL};
    struct graph_event event = {.type = GRAPH_LEAVE,
                                .now = {sim_now_ms(sim) + 1000, sim_utc(sim, node)}};
    assert_ok(graph_step(node->graph, &event, &actions));
    graph_actions_clear(&actions);
    event.type = GRAPH_CONNECT;
    event.addresses.count = 3;
    for (uint32_t i = 0; i < 3; i++)
        sim_address(100 + i, &event.addresses.items[i]);
    assert_ok(graph_step(node->graph, &event, &actions));
    const struct graph_action *dial = dialled(&actions);
    assert_true(dial && address_equal(&dial->address, &event.addresses.items[0]));
    struct graph_event up = {.type = GRAPH_LINK_UP,
                             .now = event.now,
                             .link = dial->token,
                             .dial = dial->token,
                             .peer_name = bytes_of_text("somebody"),
                             .key = {{7}}};
    graph_actions_clear(&actions);
    assert_ok(graph_step(node->graph, &up, &actions));
    graph_actions_clear(&actions);
    up.type = GRAPH_LINK_DOWN;
    up.reason = PEER_E_CONNECTION_FAILED;
    assert_ok(graph_step(node->graph, &up, &actions));
    dial = dialled(&actions);
    assert_true(dial && address_equal(&dial->address, &event.addresses.items[1]));
    up.type = GRAPH_DIAL_FAILED;
    up.dial = dial->token;
    graph_actions_clear(&actions);
    assert_ok(graph_step(node->graph, &up, &actions));
    dial = dialled(&actions);
    assert_true(dial && address_equal(&dial->address, &event.addresses.items[2]));
    graph_actions_deinit(&actions);
    sim_free(sim);
}

static struct graph_action *next_notice(struct graph_actions *actions, uint32_t *at)
{
    while (*at < actions->count)
        if (actions->items[(*at)++].type == GRAPH_ACTION_NOTIFY)
            return &actions->items[*at - 1];
    return NULL;
}

/* [contract 12.10] Nobody answers at all: when the time is over the attempt ends, then Connect, and
 * what comes of the attempt later is nobody's business. An address is known, so it was tried. */
static void connect_ends_after_its_attempts(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(9);
    add_founder(sim);
    struct sim_node *node = sim_node(sim, 0);
    struct graph_actions actions = {.items = NULL};
    uint64_t now = sim_now_ms(sim) + 1000;
    struct graph_event event = {.type = GRAPH_LEAVE, .now = {now, sim_utc(sim, node)}};
    assert_ok(graph_step(node->graph, &event, &actions));
    graph_actions_clear(&actions);
    event.type = GRAPH_CONNECT;
    event.addresses.count = 1;
    sim_address(100, &event.addresses.items[0]);
    assert_ok(graph_step(node->graph, &event, &actions));
    const struct graph_action *dial = dialled(&actions);
    assert_non_null(dial);
    uint64_t token = dial->token;
    graph_actions_clear(&actions);
    event = (struct graph_event){.type = GRAPH_TIMER, .now = {now + 30000, sim_utc(sim, node)}};
    assert_ok(graph_step(node->graph, &event, &actions));
    uint32_t at = 0;
    const struct graph_action *first = next_notice(&actions, &at);
    assert_true(first && first->notice == GRAPH_NOTICE_NEIGHBOUR && first->link == token &&
                first->change == GRAPH_LINK_FAILED && first->value == 0);
    const struct graph_action *second = next_notice(&actions, &at);
    assert_true(second && second->notice == GRAPH_NOTICE_CONNECT_FAILED &&
                second->hr == PEER_E_NO_MEMBER_CONNECTIONS);
    graph_actions_clear(&actions);
    event.type = GRAPH_DIAL_FAILED;
    event.dial = token;
    event.reason = PEER_E_CONNECTION_FAILED;
    assert_ok(graph_step(node->graph, &event, &actions));
    at = 0;
    assert_null(next_notice(&actions, &at));
    graph_actions_deinit(&actions);
    sim_free(sim);
}

/* What the last ACK about a version says; -1: there was none. */
static int acknowledged(struct sim *sim, uint64_t link, const struct hash *digest)
{
    struct bytes received = buffer_view(sim_raw_received(sim, link));
    struct message message;
    int useful = -1;
    while (message_next(received, &message) == S_OK) {
        struct message_list list;
        struct ack ack;
        received = bytes_of(received.data + message.size, received.size - message.size);
        if (message.type != MESSAGE_ACK)
            continue;
        assert_ok(message_decode_ack(message.body, &list));
        while (message_next_ack(&list, &ack))
            useful = hash_equal(&ack.name.digest, digest) ? ack.useful : useful;
    }
    return useful;
}

/* A header of a large record by a member, as FLOOD. */
static struct guid write_large(struct sim *sim, const struct sim_key *key, uint8_t nonce,
                               const struct store_record *like, struct hash *digest,
                               struct buffer *out)
{
    uint64_t now = sim_peer_time(sim);
    struct record record = {.type = SIM_RECORD_TYPE,
                            .creator = key->hash,
                            .creator_name = bytes_of_text(key->name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 86400 * TICKS_PER_SECOND,
                            .payload_size = like->payload_size,
                            .payload_root = like->payload_root,
                            .nonce = {nonce}};
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    struct buffer header = BUFFER_NULL;
    struct record_seal seal = {.certificate = key->hash};
    assert_ok(record_header_encode(&record, &header));
    record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), digest);
    sim_key_sign(key, digest, &seal);
    struct message_flood flood = {.flags = FLOOD_PAYLOAD_IN_PIECES,
                                  .header = buffer_view(&header),
                                  .certificate = seal.certificate,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE)};
    assert_ok(message_encode_flood(&flood, out));
    buffer_deinit(&header);
    return record.id;
}

/* A member has one unfinished payload at a time: the second that it shows is not taken now. */
static void large_record_without_room_is_not_useful(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(7);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    const struct sim_key *key = &sim_node(sim, raw)->key;
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    struct hash digests[2];
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    for (uint8_t i = 0; i < 2; i++) {
        struct store_record like = {.payload_size = 200000, .payload_root = {{i}}};
        write_large(sim, key, i, &like, &digests[i], &out);
    }
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
    assert_int_equal(acknowledged(sim, link, &digests[0]), 1);
    assert_int_equal(acknowledged(sim, link, &digests[1]), 0);
    assert_sound(sim);
    sim_free(sim);
}

/* Headers that name a payload which is here already become records without reading it. */
static void known_payload_is_not_read(void **state)
{
    (void)state;
    enum { HEADERS = 5 };
    struct sim *sim = sim_of_seed(9);
    add_founder(sim);
    struct sim_node *node = sim_node(sim, 0);
    struct guid id;
    struct store_record row;
    struct sim_record record = {.kind = PUBLISH_ADD, .payload_size = 8 * 1024 * 1024};
    assert_ok(sim_publish(sim, 0, &record, &id));
    assert_ok(node->store->ops->find(node->store, &id, &row));
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    const struct sim_key *key = &sim_node(sim, raw)->key;
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    struct hash digest;
    struct guid ids[HEADERS];
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    for (uint8_t i = 0; i < HEADERS; i++)
        ids[i] = write_large(sim, key, i, &row, &digest, &out);
    count_pieces_of(node);
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
    for (uint8_t i = 0; i < HEADERS; i++)
        assert_true(sim_holds(sim, 0, &ids[i]));
    assert_int_equal(pieces_read, 0);
    assert_sound(sim);
    sim_free(sim);
}

static HRESULT count_unfinished(void *context, const struct store_unfinished *unfinished)
{
    (void)unfinished;
    ++*(uint32_t *)context;
    return S_OK;
}

static uint32_t unfinished_of(struct sim *sim, uint32_t index)
{
    uint32_t count = 0;
    struct store *store = sim_node(sim, index)->store;
    assert_ok(store->ops->unfinished_each(store, count_unfinished, &count));
    return count;
}

/* Shows a large record that never comes. */
static void promise(struct sim *sim, uint32_t raw, uint8_t number)
{
    struct buffer out = BUFFER_NULL;
    struct hash digest;
    struct store_record like = {.payload_size = 200000, .payload_root = {{number}}};
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    write_large(sim, &sim_node(sim, raw)->key, number, &like, &digest, &out);
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
}

static void restart(struct sim *sim, uint32_t index)
{
    sim_crash(sim, index);
    sim_restart(sim, index);
    sim_listen(sim, index);
}

/* The hour of what does not come whole goes on over restarts. */
static void unfinished_ends_however_often_restarted(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(10);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    promise(sim, raw, 1);
    for (uint32_t minutes = 0; minutes < 60; minutes += 20) {
        assert_int_equal(unfinished_of(sim, 0), 1);
        sim_run(sim, 20 * MINUTE_MS);
        restart(sim, 0);
    }
    sim_run(sim, MINUTE_MS);
    assert_int_equal(unfinished_of(sim, 0), 0);
    sim_free(sim);
}

/* A member has one unfinished payload at a time, before a restart and after it. */
static void one_unfinished_a_member_over_restarts(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(11);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    for (uint8_t i = 0; i < 4; i++) {
        promise(sim, raw, i);
        assert_int_equal(unfinished_of(sim, 0), 1);
        restart(sim, 0);
        assert_int_equal(unfinished_of(sim, 0), 1);
    }
    sim_free(sim);
}

static void publish_revocation(struct sim *sim, const struct hash *key)
{
    struct graph_publish revocation = {.kind = PUBLISH_ADD,
                                       .type = RECORD_TYPE_REVOCATION,
                                       .expiration = TICKS_UNLIMITED,
                                       .payload = bytes_of(key->bytes, HASH_SIZE),
                                       .payload_size = HASH_SIZE,
                                       .reserved = true};
    payload_leaf(revocation.payload, &revocation.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &revocation};
    assert_ok(sim_event(sim, 0, &event));
}

/* Before whoever called has asked for anything. */
static void revocations_are_told_first(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    struct hash nobody = {{1, 2, 3}};
    add_text(sim, 0, "before");
    publish_revocation(sim, &nobody);
    add_text(sim, 0, "after");
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
    struct bytes received = buffer_view(sim_raw_received(sim, link));
    struct message message;
    assert_ok(message_next(received, &message));
    assert_int_equal(message.type, MESSAGE_WELCOME);
    received = bytes_of(received.data + message.size, received.size - message.size);
    assert_ok(message_next(received, &message));
    assert_int_equal(message.type, MESSAGE_FLOOD);
    struct message_flood flood;
    struct record record;
    assert_ok(message_decode_flood(message.body, &flood));
    assert_ok(record_header_decode(flood.header, &record));
    assert_true(guid_equal(&record.type, &RECORD_TYPE_REVOCATION));
    sim_free(sim);
}

static bool was_asked_for(struct sim *sim, uint64_t link, const struct version_name *name)
{
    struct buffer *buffer = sim_raw_received(sim, link);
    struct bytes received = buffer_view(buffer);
    struct message message;
    bool asked = false;
    while (message_next(received, &message) == S_OK) {
        struct message_list list;
        struct request request;
        received = bytes_of(received.data + message.size, received.size - message.size);
        if (message.type != MESSAGE_REQUEST)
            continue;
        assert_ok(message_decode_request(message.body, &list));
        while (message_next_request(&list, &request))
            asked = asked || version_name_equal(&request.name, name);
    }
    buffer->size = 0;
    return asked;
}

static void advertise(struct sim *sim, uint64_t link, const struct version_name *name)
{
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_advertise(name, 1, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 20000); /* what was asked for lately is not asked for again */
}

/* What was refused is not asked for; after a revocation it is judged anew. */
static void refused_is_asked_for_after_a_revocation(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(5);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint32_t author = sim_add(sim, &(struct sim_node_options){.raw = true});
    const struct sim_key *key = &sim_node(sim, author)->key;
    struct sim_provider *provider = &sim_node(sim, 0)->provider;
    sim_provider_learn(provider, &key->hash);
    sim_provider_revoke(provider, &key->hash);
    uint64_t link = sim_raw_dial(sim, raw, 0, false), now = sim_peer_time(sim);
    struct record record = {.type = SIM_RECORD_TYPE,
                            .creator = key->hash,
                            .creator_name = bytes_of_text(key->name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 86400 * TICKS_PER_SECOND};
    payload_leaf(bytes_of(NULL, 0), &record.payload_root);
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    struct buffer header = BUFFER_NULL, out = BUFFER_NULL;
    struct version_name name = {.id = record.id, .version = 1};
    struct record_seal seal = {.certificate = key->hash};
    assert_ok(record_header_encode(&record, &header));
    record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), &name.digest);
    sim_key_sign(key, &name.digest, &seal);
    struct message_flood flood = {.header = buffer_view(&header),
                                  .certificate = seal.certificate,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE)};
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    assert_ok(message_encode_flood(&flood, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    sim_run(sim, 1000);
    assert_false(sim_holds(sim, 0, &record.id));
    advertise(sim, link, &name);
    assert_false(was_asked_for(sim, link, &name));
    provider->revoked_count = 0;
    advertise(sim, link, &name);
    assert_false(was_asked_for(sim, link, &name));
    struct hash nobody = {{1, 2, 3}};
    publish_revocation(sim, &nobody);
    advertise(sim, link, &name);
    assert_true(was_asked_for(sim, link, &name));
    buffer_deinit(&header);
    buffer_deinit(&out);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(incoming_links_are_limited),
        cmocka_unit_test(several_nodes_of_a_key_make_room),
        cmocka_unit_test(only_served_pieces_are_read),
        cmocka_unit_test(presence_counts_over_a_claim),
        cmocka_unit_test(dials_are_limited),
        cmocka_unit_test(who_lets_wait_comes_last),
        cmocka_unit_test(connect_ends_after_its_attempts),
        cmocka_unit_test(large_record_without_room_is_not_useful),
        cmocka_unit_test(known_payload_is_not_read),
        cmocka_unit_test(unfinished_ends_however_often_restarted),
        cmocka_unit_test(one_unfinished_a_member_over_restarts),
        cmocka_unit_test(revocations_are_told_first),
        cmocka_unit_test(refused_is_asked_for_after_a_revocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
