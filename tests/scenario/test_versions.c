/* Is what a member holds a function of the versions that reached it, whatever their order? */
#include "scenario.h"

static void concurrent_updates_converge(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct sim *sim = sim_new(&(struct sim_options){
            .seed = seed, .latency_min_ms = 5, .latency_max_ms = 80, .verdict_max_ms = 50});
        add_founder(sim);
        for (uint32_t i = 1; i < 6; i++)
            add_member(sim, (uint32_t)sim_random(sim, i));
        struct guid id = add_text(sim, 0, "first");
        sim_run(sim, 2000);
        for (uint32_t round = 0; round < 4; round++) {
            for (uint32_t i = 0; i < 6; i++)
                assert_ok(update_text(sim, i, &id, i % 2 ? "odd" : "even"));
            sim_run(sim, 40);
        }
        sim_run(sim, 5000);
        struct store_record row;
        assert_ok(sim_node(sim, 3)->store->ops->find(sim_node(sim, 3)->store, &id, &row));
        assert_true(row.version >= 5);
        assert_all_equal(sim);
        sim_free(sim);
    }
}

/* Puts one version into a node as a neighbour would send it. */
struct crafted {
    struct buffer message;
    struct hash digest;
};

static void craft(const struct sim_key *author, struct record *record, struct crafted *crafted)
{
    struct buffer header = BUFFER_NULL;
    struct record_seal seal;
    assert_ok(record_header_encode(record, &header));
    record_digest(bytes_of_text(SIM_GRAPH_ID), buffer_view(&header), &crafted->digest);
    sim_key_sign(author, &crafted->digest, &seal);
    struct message_flood flood = {.header = buffer_view(&header),
                                  .certificate = seal.certificate,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE)};
    crafted->message = BUFFER_NULL;
    assert_ok(message_encode_flood(&flood, &crafted->message));
    buffer_deinit(&header);
}

static struct record first_version(struct sim *sim, const struct sim_key *author, uint8_t nonce)
{
    uint64_t now = sim_peer_time(sim);
    struct record record = {.type = SIM_RECORD_TYPE,
                            .creator = author->hash,
                            .creator_name = bytes_of_text(author->name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 86400 * TICKS_PER_SECOND,
                            .nonce = {nonce}};
    payload_leaf(bytes_of(NULL, 0), &record.payload_root);
    record_make_id(bytes_of_text(SIM_GRAPH_ID), &record, &record.id);
    return record;
}

static struct record later_version(const struct record *first, const struct sim_key *author,
                                   uint32_t version, uint64_t later)
{
    struct record record = *first;
    record.version = version;
    record.modified += later;
    record.modifier = author->hash;
    record.modifier_name = bytes_of_text(author->name);
    return record;
}

/* A raw node that a member has welcomed. */
static uint64_t welcomed(struct sim *sim, uint32_t raw, uint32_t to)
{
    uint64_t link = sim_raw_dial(sim, raw, to, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 50);
    return link;
}

/* [point 10.7] A tombstone outlives every other version. */
static void deletion_is_final(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(7);
    add_founder(sim);
    add_member(sim, 0);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    const struct sim_key *author = &sim_node(sim, raw)->key;
    struct record first = first_version(sim, author, 1);
    struct record greatest = later_version(&first, author, UINT32_MAX, 1000);
    uint64_t link = welcomed(sim, raw, 0);
    struct crafted versions[2];
    craft(author, &first, &versions[0]);
    craft(author, &greatest, &versions[1]);
    for (int i = 0; i < 2; i++)
        sim_raw_send(sim, link, buffer_view(&versions[i].message));
    sim_run(sim, 100);
    struct store_record row;
    struct store *store = sim_node(sim, 1)->store;
    assert_ok(store->ops->find(store, &first.id, &row));
    assert_int_equal(row.version, UINT32_MAX);
    /* A member deletes it; neither the greatest version nor an update brings it back. */
    assert_ok(delete_record(sim, 1, &first.id));
    sim_run(sim, 100);
    assert_false(sim_holds(sim, 0, &first.id));
    struct record again = later_version(&first, author, UINT32_MAX, 20000000);
    struct crafted late;
    craft(author, &again, &late);
    sim_raw_send(sim, link, buffer_view(&late.message));
    sim_run(sim, 100);
    for (uint32_t i = 0; i < 2; i++) {
        assert_false(sim_holds(sim, i, &first.id));
        assert_hr(update_text(sim, i, &first.id, "no"), PEER_E_RECORD_NOT_FOUND);
    }
    assert_false(sim_raw_closed(sim, link));
    for (int i = 0; i < 2; i++)
        buffer_deinit(&versions[i].message);
    buffer_deinit(&late.message);
    assert_sound(sim);
    sim_free(sim);
}

enum { VERSIONS = 9 };

static void make_versions(struct sim *sim, const struct sim_key *const authors[3],
                          struct crafted versions[VERSIONS])
{
    struct record first = first_version(sim, authors[0], 1);
    struct record other = first_version(sim, authors[1], 2);
    struct record records[VERSIONS] = {first,
                                       later_version(&first, authors[0], 2, 10),
                                       later_version(&first, authors[1], 2, 5),
                                       later_version(&first, authors[2], 2, 5),
                                       later_version(&first, authors[2], 3, 20),
                                       other,
                                       later_version(&other, authors[0], 2, 7),
                                       later_version(&other, authors[0], 2, 8),
                                       later_version(&other, authors[1], 7, 9)};
    records[6].deleted = true;
    const struct sim_key *signers[VERSIONS] = {authors[0], authors[0], authors[1],
                                               authors[2], authors[2], authors[1],
                                               authors[0], authors[0], authors[1]};
    for (int i = 0; i < VERSIONS; i++)
        craft(signers[i], &records[i], &versions[i]);
}

/* Certificates come when asked for, in whatever order the versions need them. */
static void answer_requests(struct sim *sim, uint64_t link)
{
    struct buffer *in = sim_raw_received(sim, link);
    struct message message;
    while (message_next(buffer_view(in), &message) == S_OK) {
        struct message_list list;
        struct hash wanted;
        if (message.type == MESSAGE_CERTIFICATE_REQUEST &&
            SUCCEEDED(message_decode_certificate_request(message.body, &list)))
            while (message_next_hash(&list, &wanted)) {
                uint8_t chain[4 + PUBLIC_KEY_SIZE] = {0, 0, 0, PUBLIC_KEY_SIZE};
                for (uint32_t i = 0; i < sim_count(sim); i++)
                    if (hash_equal(&wanted, &sim_node(sim, i)->key.hash))
                        memcpy(chain + 4, sim_node(sim, i)->key.public_key, PUBLIC_KEY_SIZE);
                struct message_certificate answer = {.certificate = wanted,
                                                     .chain = bytes_of(chain, sizeof(chain))};
                struct buffer out = BUFFER_NULL;
                assert_ok(message_encode_certificate(&answer, &out));
                sim_raw_send(sim, link, buffer_view(&out));
                buffer_deinit(&out);
            }
        buffer_consume(in, message.size);
    }
}

/* [point 10.14] Versions may come in any order. */
static void order_does_not_matter(void **state)
{
    (void)state;
    struct hash kept[2];
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct sim *sim = sim_new(&(struct sim_options){.seed = 99, .verdict_max_ms = 30});
        add_founder(sim);
        const struct sim_key *authors[3];
        for (uint32_t i = 0; i < 3; i++)
            authors[i] = &sim_node(sim, sim_add(sim, &(struct sim_node_options){.raw = true}))->key;
        struct crafted versions[VERSIONS];
        make_versions(sim, authors, versions);
        uint32_t order[VERSIONS];
        for (uint32_t i = 0; i < VERSIONS; i++) {
            uint32_t j = (uint32_t)((seed * 2654435761u + i * 40503u * seed) % (i + 1));
            order[i] = order[j];
            order[j] = i;
        }
        uint64_t link = welcomed(sim, 1, 0);
        for (uint32_t i = 0; i < VERSIONS; i++) {
            sim_raw_send(sim, link, buffer_view(&versions[order[i]].message));
            sim_run(sim, seed % 3 * 20);
            answer_requests(sim, link);
        }
        for (int i = 0; i < 5; i++) {
            sim_run(sim, 50);
            answer_requests(sim, link);
        }
        struct store *store = sim_node(sim, 0)->store;
        struct record firsts[2] = {0};
        struct message message;
        struct message_flood flood;
        for (int i = 0; i < 2; i++) {
            struct store_record row;
            assert_ok(message_next(buffer_view(&versions[5 * i].message), &message));
            assert_ok(message_decode_flood(message.body, &flood));
            assert_ok(record_header_decode(flood.header, &firsts[i]));
            assert_ok(store->ops->find(store, &firsts[i].id, &row));
            if (seed == 1)
                kept[i] = row.digest;
            assert_memory_equal(&kept[i], &row.digest, HASH_SIZE);
        }
        for (int i = 0; i < VERSIONS; i++)
            buffer_deinit(&versions[i].message);
        assert_sound(sim);
        sim_free(sim);
    }
}

static void writer_keeps_the_rules(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(8);
    add_founder(sim);
    struct guid id = add_text(sim, 0, "text");
    struct sim_record shorter = {.kind = PUBLISH_UPDATE, .id = id, .lifetime_s = 60};
    assert_hr(sim_publish(sim, 0, &shorter, NULL), E_INVALIDARG);
    struct sim_record past = {.kind = PUBLISH_ADD, .expiration = 1};
    assert_hr(sim_publish(sim, 0, &past, NULL), E_INVALIDARG);
    struct guid unknown = {{1, 2, 3}};
    assert_hr(update_text(sim, 0, &unknown, "x"), PEER_E_RECORD_NOT_FOUND);
    assert_hr(delete_record(sim, 0, &unknown), PEER_E_RECORD_NOT_FOUND);
    assert_ok(delete_record(sim, 0, &id));
    assert_hr(delete_record(sim, 0, &id), PEER_E_RECORD_NOT_FOUND);
    assert_int_equal(sim_node(sim, 0)->failed_steps, 0);
    struct graph_publish reserved = {.kind = PUBLISH_ADD,
                                     .type = RECORD_TYPE_PRESENCE,
                                     .expiration = sim_peer_time(sim) + TICKS_PER_SECOND};
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &reserved, .request = 5};
    assert_ok(sim_event(sim, 0, &event));
    assert_int_equal(sim_node(sim, 0)->completed, 5);
    assert_hr(sim_node(sim, 0)->completed_hr, PEER_E_NOT_AUTHORIZED);
    assert_sound(sim);
    sim_free(sim);
}

static struct guid add_contact(struct sim *sim, uint32_t index)
{
    struct graph_publish contact = {.kind = PUBLISH_ADD,
                                    .type = RECORD_TYPE_CONTACT,
                                    .expiration = sim_peer_time(sim) + 86400 * TICKS_PER_SECOND,
                                    .reserved = true};
    payload_leaf(contact.payload, &contact.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &contact, .request = 6};
    assert_ok(sim_event(sim, index, &event));
    struct sim_node *node = sim_node(sim, index);
    assert_int_equal(node->completed, 6);
    assert_ok(node->completed_hr);
    return node->notices[node->notice_count - 1].id;
}

/* Of a reserved record the provider hears whichever way a version of it goes. */
static void provider_hears_of_what_stands_no_more(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(10);
    add_founder(sim);
    add_member(sim, 0);
    struct guid id = add_contact(sim, 1);
    sim_run(sim, 2000);
    assert_true(sim_holds(sim, 0, &id));
    assert_int_equal(sim_node(sim, 0)->provider.removals, 0);
    struct graph_publish update = {.kind = PUBLISH_UPDATE,
                                   .id = id,
                                   .type = RECORD_TYPE_CONTACT,
                                   .expiration = sim_peer_time(sim) + 2 * 86400 * TICKS_PER_SECOND,
                                   .reserved = true};
    payload_leaf(update.payload, &update.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &update};
    assert_ok(sim_event(sim, 1, &event));
    sim_run(sim, 2000);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(sim_node(sim, i)->provider.removals, 1);
    struct graph_publish revocation = {.kind = PUBLISH_ADD,
                                       .type = RECORD_TYPE_REVOCATION,
                                       .expiration = sim_peer_time(sim) + 600 * TICKS_PER_SECOND,
                                       .payload = bytes_of(&sim_node(sim, 1)->key.hash, HASH_SIZE),
                                       .payload_size = HASH_SIZE,
                                       .reserved = true};
    payload_leaf(revocation.payload, &revocation.payload_root);
    event = (struct graph_event){.type = GRAPH_PUBLISH, .publish = &revocation};
    assert_ok(sim_event(sim, 0, &event));
    assert_false(sim_holds(sim, 0, &id));
    assert_int_equal(sim_node(sim, 0)->provider.removals, 2);
    assert_int_equal(sim_node(sim, 0)->provider.revoked_count, 1);
    /* The revocation ends, and a day later it is purged. */
    sim_run(sim, 23 * HOUR_MS);
    assert_int_equal(sim_node(sim, 0)->provider.revoked_count, 1);
    sim_run(sim, 4 * HOUR_MS);
    assert_int_equal(sim_node(sim, 0)->provider.revoked_count, 0);
    assert_sound(sim);
    sim_free(sim);
}

static void revocation_removes_and_unlinks(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(9);
    add_founder(sim);
    add_member(sim, 0);
    add_member(sim, 1);
    struct guid bad = add_text(sim, 2, "from one who is removed");
    struct guid good = add_text(sim, 1, "from one who stays");
    sim_run(sim, 2000);
    assert_true(sim_holds(sim, 0, &bad));
    struct graph_publish revocation = {.kind = PUBLISH_ADD,
                                       .type = RECORD_TYPE_REVOCATION,
                                       .expiration = sim_peer_time(sim) + 86400 * TICKS_PER_SECOND,
                                       .payload = bytes_of(&sim_node(sim, 2)->key.hash, HASH_SIZE),
                                       .payload_size = HASH_SIZE,
                                       .reserved = true};
    payload_leaf(revocation.payload, &revocation.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &revocation};
    assert_ok(sim_event(sim, 0, &event));
    sim_run(sim, 2000);
    for (uint32_t i = 0; i < 2; i++) {
        assert_false(sim_holds(sim, i, &bad));
        assert_true(sim_holds(sim, i, &good));
        assert_false(sim_linked(sim, i, 2));
        assert_int_equal(sim_notices(sim, i, GRAPH_NOTICE_RECORD, GRAPH_DELETED), 1);
    }
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concurrent_updates_converge),
        cmocka_unit_test(deletion_is_final),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(writer_keeps_the_rules),
        cmocka_unit_test(revocation_removes_and_unlinks),
        cmocka_unit_test(provider_hears_of_what_stands_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
