/* Is what a member holds a function of the records and certificates that reached it, whatever their
 * order, with the verdicts of src/group? Updates, deletions, renewed certificates, a removed
 * administrator with a keep-list, and what that one had written and removed. */
#include "group/security.h"

#include "scenario.h"

enum { FOUNDER, AUTHOR, ADMIN, BAD, OTHER, RECEIVER, NODES, VERSIONS_MAX = 24, ORDERS = 40 };
#define DAY (86400 * TICKS_PER_SECOND)

struct version {
    struct record record; /* views into header */
    struct hash digest;
    struct buffer header;
    struct buffer payload;
    struct buffer message;
};

struct world {
    struct sim *sim;
    uint64_t now;
    struct version versions[VERSIONS_MAX];
    uint32_t count;
};

static struct version *seal(struct world *world, uint32_t by, const struct record *record,
                            struct bytes payload)
{
    assert_true(world->count < VERSIONS_MAX);
    struct version *version = &world->versions[world->count++];
    struct provider *provider = sim_provider_of(sim_node(world->sim, by));
    struct record full = *record;
    struct record_seal seal;
    full.payload_size = payload.size;
    assert_ok(payload_root(payload, &full.payload_root));
    *version = (struct version){.header = BUFFER_NULL};
    assert_ok(buffer_append(&version->payload, payload.data, payload.size));
    assert_ok(record_header_encode(&full, &version->header));
    assert_ok(record_header_decode(buffer_view(&version->header), &version->record));
    record_digest(bytes_of_text(sim_graph_id(world->sim)), buffer_view(&version->header),
                  &version->digest);
    assert_ok(provider->ops->seal(provider, &version->record, &version->digest, &seal));
    struct message_flood flood = {.header = buffer_view(&version->header),
                                  .certificate = seal.certificate,
                                  .signature = bytes_of(seal.signature, SIGNATURE_SIZE),
                                  .payload = buffer_view(&version->payload)};
    assert_ok(message_encode_flood(&flood, &version->message));
    return version;
}

static struct record blank(struct world *world, uint32_t by, const struct guid *type)
{
    const struct sim_key *key = &sim_node(world->sim, by)->key;
    struct record record = {.type = *type,
                            .creator = key->hash,
                            .creator_name = bytes_of_text(key->name),
                            .version = 1,
                            .created = world->now,
                            .modified = world->now,
                            .expiration = world->now + DAY,
                            .nonce = {(uint8_t)world->count}};
    record_make_id(bytes_of_text(sim_graph_id(world->sim)), &record, &record.id);
    return record;
}

static struct version *first(struct world *world, uint32_t by)
{
    struct record record = blank(world, by, &SIM_RECORD_TYPE);
    return seal(world, by, &record, bytes_of_text("first"));
}

static struct version *next(struct world *world, uint32_t by, const struct version *of,
                            uint32_t number, bool deletes)
{
    const struct sim_key *key = &sim_node(world->sim, by)->key;
    struct record record = of->record;
    record.version = number;
    record.modified += number + by;
    record.modifier = key->hash;
    record.modifier_name = bytes_of_text(key->name);
    record.deleted = deletes;
    return seal(world, by, &record, bytes_of_text(deletes ? "" : "next"));
}

static void revocation(struct world *world, uint32_t by, uint32_t of, const struct hash *keep,
                       uint32_t count)
{
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    struct record record = blank(world, by, &RECORD_TYPE_REVOCATION);
    assert_ok(
        revocation_encode(&sim_node(world->sim, of)->key.hash, world->now, keep, count, &payload));
    seal(world, by, &record, buffer_view(&payload));
}

static void removal_by_group(struct world *world, uint32_t of, const struct hash *keep)
{
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    struct record record = blank(world, FOUNDER, &RECORD_TYPE_REVOCATION);
    security_group_key_hash(sim_node(world->sim, FOUNDER)->security, &record.creator);
    record.creator_name = bytes_of_text(sim_graph_id(world->sim));
    record.expiration = TICKS_UNLIMITED;
    record_make_id(record.creator_name, &record, &record.id);
    assert_ok(
        revocation_encode(&sim_node(world->sim, of)->key.hash, world->now, keep, 1, &payload));
    seal(world, FOUNDER, &record, buffer_view(&payload));
}

static void make_versions(struct world *world)
{
    struct version *changed = first(world, AUTHOR);
    next(world, ADMIN, changed, 2, false);
    next(world, BAD, changed, 3, false);
    struct version *deleted = first(world, AUTHOR);
    next(world, ADMIN, deleted, 2, true);
    next(world, AUTHOR, deleted, 7, false);
    struct version *kept = first(world, BAD);
    first(world, BAD);
    struct version *spoiled = first(world, OTHER);
    next(world, BAD, spoiled, 9, true);
    struct record membership = blank(world, AUTHOR, &RECORD_TYPE_MEMBERSHIP);
    seal(world, AUTHOR, &membership, bytes_of(NULL, 0));
    /* The removed one had removed the author: that falls with it. */
    revocation(world, BAD, AUTHOR, NULL, 0);
    revocation(world, ADMIN, OTHER, &spoiled->digest, 1);
    revocation(world, ADMIN, BAD, NULL, 0); /* which it may not */
    sim_renew(world->sim, AUTHOR, FOUNDER, 0);
    next(world, AUTHOR, changed, 2, false);
    first(world, AUTHOR);
    removal_by_group(world, BAD, &kept->digest);
}

/* The founder hands everything over; it founds and is no node of its own. */
static uint64_t link_up(struct world *world)
{
    struct sim *sim = world->sim;
    for (uint32_t i = 0; i < NODES; i++) {
        bool admin = i == ADMIN || i == BAD;
        sim_add(sim, &(struct sim_node_options){.raw = i != RECEIVER,
                                                .synchronised = true,
                                                .roles = admin ? ROLE_ADMIN : 0});
    }
    sim_listen(sim, RECEIVER);
    world->now = SIM_FIRST_UTC + 10 * TICKS_PER_SECOND;
    sim_run(sim, 10000);
    uint64_t link = sim_raw_dial(sim, FOUNDER, RECEIVER, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 50);
    return link;
}

static void send_chain(struct sim *sim, uint64_t link, const struct hash *certificate)
{
    struct buffer chain = BUFFER_NULL, out = BUFFER_NULL;
    HRESULT hr = PEER_E_NOT_FOUND;
    for (uint32_t i = 0; i < RECEIVER && FAILED(hr); i++) {
        struct provider *provider = sim_provider_of(sim_node(sim, i));
        hr = provider->ops->certificate_chain(provider, certificate, &chain);
    }
    assert_ok(hr);
    struct message_certificate answer = {.certificate = *certificate, .chain = buffer_view(&chain)};
    assert_ok(message_encode_certificate(&answer, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&chain);
    buffer_deinit(&out);
}

static void answer_requests(struct sim *sim, uint64_t link)
{
    struct buffer *in = sim_raw_received(sim, link);
    struct message message;
    while (message_next(buffer_view(in), &message) == S_OK) {
        struct message_list list;
        struct hash wanted;
        if (message.type == MESSAGE_CERTIFICATE_REQUEST &&
            SUCCEEDED(message_decode_certificate_request(message.body, &list)))
            while (message_next_hash(&list, &wanted))
                send_chain(sim, link, &wanted);
        buffer_consume(in, message.size);
    }
}

static void deliver(struct world *world, uint64_t link, const uint32_t *order, uint64_t pause_ms)
{
    for (uint32_t i = 0; i < world->count; i++) {
        sim_raw_send(world->sim, link, buffer_view(&world->versions[order[i]].message));
        sim_run(world->sim, pause_ms);
        answer_requests(world->sim, link);
    }
    for (int i = 0; i < 5; i++) {
        sim_run(world->sim, 100);
        answer_requests(world->sim, link);
    }
    assert_false(sim_raw_closed(world->sim, link));
}

static HRESULT add_item(void *context, const struct store_item *item)
{
    sha256_update(context, item->key.id.bytes, GUID_SIZE);
    sha256_update(context, item->digest.bytes, HASH_SIZE);
    return S_OK;
}

/* All that stands and all that is removed, in one hash. */
static struct hash state_of(struct world *world)
{
    struct sim_node *node = sim_node(world->sim, RECEIVER);
    struct sha256 sha;
    struct hash state;
    sha256_init(&sha);
    assert_ok(node->store->ops->scan(node->store, NULL, NULL, 0, add_item, &sha));
    struct revocation_summary removed;
    security_revocations(node->security, &removed);
    sha256_update(&sha, removed.sum.bytes, HASH_SIZE);
    sha256_final(&sha, &state);
    return state;
}

static bool stands(struct world *world, uint32_t number)
{
    struct store_record row;
    struct store *store = sim_node(world->sim, RECEIVER)->store;
    return SUCCEEDED(store->ops->find(store, &world->versions[number].record.id, &row)) &&
           hash_equal(&row.digest, &world->versions[number].digest);
}

static void shuffle(uint32_t *order, uint32_t count, uint64_t seed)
{
    uint64_t random = seed * 0x9e3779b97f4a7c15ull;
    for (uint32_t i = 0; i < count; i++) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t j = seed == 0 ? i : (uint32_t)((random >> 33) % (i + 1));
        order[i] = order[j];
        order[j] = i;
    }
}

/* What fell, or was refused for a removal that was void, comes again from neighbours that hold it:
 * therefore everything is sent twice. */
static void any_order_gives_the_same(void **state)
{
    (void)state;
    struct hash reference;
    for (uint64_t seed = 0; seed < ORDERS; seed++) {
        struct world world = {.count = 0};
        uint32_t order[VERSIONS_MAX];
        world.sim = sim_new(&(struct sim_options){
            .seed = 5, .security = SIM_GROUP, .verdict_max_ms = 30, .no_trace = true});
        uint64_t link = link_up(&world);
        make_versions(&world);
        for (uint64_t round = 0; round < 2; round++) {
            shuffle(order, world.count, 2 * seed + round * (seed > 0));
            deliver(&world, link, order, seed % 3 * 20);
        }
        struct hash now = state_of(&world);
        if (seed == 0)
            reference = now;
        assert_memory_equal(&now, &reference, HASH_SIZE);
        assert_true(stands(&world, 1) != stands(&world, 14)); /* the greater modifier's */
        assert_true(stands(&world, 4));                       /* the deletion */
        assert_true(stands(&world, 6)); /* kept, and nothing else of the removed one */
        assert_false(stands(&world, 2) || stands(&world, 7) || stands(&world, 9));
        assert_true(stands(&world, 8)); /* kept by the second list, its deletion fell */
        assert_false(stands(&world, 11));
        for (uint32_t i = 0; i < world.count; i++) {
            buffer_deinit(&world.versions[i].header);
            buffer_deinit(&world.versions[i].payload);
            buffer_deinit(&world.versions[i].message);
        }
        assert_sound(world.sim);
        sim_free(world.sim);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
