/* Does the graph take versions from a file as it takes a neighbour's: newer ones, and none that has
 * expired, lies ahead or is refused? */
#include "sim.h"
#include "support/test.h"

struct copy {
    struct store_record row;
    struct record record;
    struct record_seal seal;
    struct graph_sealed sealed;
};

/* What node 0 holds under this id; release with store_record_deinit(&copy->row). */
static void copy_of(struct sim *sim, const struct guid *id, struct copy *copy)
{
    struct store *store = sim_node(sim, 0)->store;
    assert_ok(store->ops->get(store, id, &copy->row));
    assert_ok(record_header_decode(copy->row.header, &copy->record));
    copy->seal.certificate = copy->row.certificate;
    memcpy(copy->seal.signature, copy->row.signature.data, SIGNATURE_SIZE);
    copy->sealed = (struct graph_sealed){.record = &copy->record,
                                         .digest = &copy->row.digest,
                                         .seal = &copy->seal,
                                         .header = copy->row.header,
                                         .payload = copy->row.payload};
}

static void give_certificate(struct sim *sim, const struct hash *certificate)
{
    struct buffer chain = BUFFER_NULL;
    struct provider *from = &sim_node(sim, 0)->provider.base;
    struct provider *to = &sim_node(sim, 1)->provider.base;
    assert_ok(from->ops->certificate_chain(from, certificate, &chain));
    assert_ok(to->ops->certificate_take(to, buffer_view(&chain)));
    buffer_deinit(&chain);
}

static bool import(struct sim *sim, const struct copy *copy)
{
    struct graph_publish publish = {.kind = PUBLISH_IMPORTED, .sealed = &copy->sealed};
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &publish};
    struct store *store = sim_node(sim, 1)->store;
    struct store_record held;
    assert_ok(sim_event(sim, 1, &event));
    return SUCCEEDED(store->ops->find(store, &copy->record.id, &held)) &&
           memcmp(held.digest.bytes, copy->row.digest.bytes, HASH_SIZE) == 0;
}

static struct sim *two_nodes(int64_t clock_ms)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = 1});
    sim_add(sim, &(struct sim_node_options){.synchronised = true, .clock_ms = clock_ms});
    sim_add(sim, &(struct sim_node_options){.synchronised = true});
    return sim;
}

static void newer_versions_stand(void **state)
{
    (void)state;
    struct sim *sim = two_nodes(0);
    struct guid id;
    struct copy first, second;
    struct sim_record record = {.kind = PUBLISH_ADD, .payload = "one", .payload_size = 3};
    assert_ok(sim_publish(sim, 0, &record, &id));
    copy_of(sim, &id, &first);
    assert_false(import(sim, &first)); /* its signer is unknown here */
    give_certificate(sim, &first.row.certificate);
    assert_true(import(sim, &first));
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_RECORD, GRAPH_ADDED), 1);
    assert_true(import(sim, &first)); /* again: the same stands, and nobody hears of it */
    assert_int_equal(sim_notices(sim, 1, GRAPH_NOTICE_RECORD, 0), 1);
    record =
        (struct sim_record){.kind = PUBLISH_UPDATE, .id = id, .payload = "two", .payload_size = 3};
    sim_run(sim, 1000);
    assert_ok(sim_publish(sim, 0, &record, &id));
    copy_of(sim, &id, &second);
    assert_true(import(sim, &second));
    assert_false(import(sim, &first));
    store_record_deinit(&first.row);
    store_record_deinit(&second.row);
    sim_free(sim);
}

static void expired_and_future_stay_out(void **state)
{
    (void)state;
    struct sim *sim = two_nodes(0);
    struct guid id;
    struct copy copy;
    struct sim_record record = {
        .kind = PUBLISH_ADD, .payload = "one", .payload_size = 3, .lifetime_s = 10};
    assert_ok(sim_publish(sim, 0, &record, &id));
    copy_of(sim, &id, &copy);
    give_certificate(sim, &copy.row.certificate);
    sim_run(sim, 11000);
    assert_false(import(sim, &copy));
    store_record_deinit(&copy.row);
    sim_free(sim);

    sim = two_nodes(21 * 60 * 1000);
    record.lifetime_s = 0;
    assert_ok(sim_publish(sim, 0, &record, &id));
    copy_of(sim, &id, &copy);
    give_certificate(sim, &copy.row.certificate);
    assert_false(import(sim, &copy));
    sim_run(sim, 2 * 60 * 1000);
    assert_true(import(sim, &copy));
    store_record_deinit(&copy.row);
    sim_free(sim);
}

/* Who has all of it is synchronised, which is told once. */
static void whole_database_is_synchronised(void **state)
{
    (void)state;
    struct sim *sim = sim_new(&(struct sim_options){.seed = 1});
    sim_add(sim, &(struct sim_node_options){.synchronised = false});
    struct graph_event event = {.type = GRAPH_IMPORTED};
    assert_false(graph_is_synchronised(sim_node(sim, 0)->graph));
    assert_ok(sim_event(sim, 0, &event));
    assert_ok(sim_event(sim, 0, &event));
    assert_true(graph_is_synchronised(sim_node(sim, 0)->graph));
    assert_int_equal(sim_notices(sim, 0, GRAPH_NOTICE_SYNCHRONISED, 0), 1);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newer_versions_stand),
        cmocka_unit_test(expired_and_future_stay_out),
        cmocka_unit_test(whole_database_is_synchronised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
