/* Do deletions and removals outlast the certificates of those who wrote them? */
#include "group/certificate.h"
#include "group/revocation.h"

#include "scenario.h"

#define HOUR_TICKS (3600 * TICKS_PER_SECOND)

static struct sim *group_of_seed(uint64_t seed)
{
    return sim_new(&(struct sim_options){.seed = seed, .security = SIM_GROUP, .no_trace = true});
}

/* add joins through the founder; hours: the end of its certificate, 0: none. */
static uint32_t add(struct sim *sim, unsigned roles, uint32_t hours)
{
    uint64_t end = hours > 0 ? SIM_FIRST_UTC + hours * HOUR_TICKS : 0;
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = sim_count(sim) == 0,
                                                             .roles = roles,
                                                             .certificate_end = end});
    sim_listen(sim, index);
    if (index > 0)
        sim_connect(sim, index, 0);
    sim_run(sim, 3000);
    return index;
}

static struct guid add_for_hours(struct sim *sim, uint32_t index, uint32_t hours)
{
    struct guid id;
    struct sim_record record = {
        .kind = PUBLISH_ADD, .lifetime_s = hours * 3600ull, .payload = "text", .payload_size = 4};
    assert_ok(sim_publish(sim, index, &record, &id));
    sim_run(sim, 1000);
    return id;
}

static struct store_record row_of(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store_record row;
    struct store *store = sim_node(sim, index)->store;
    assert_ok(store->ops->find(store, id, &row));
    return row;
}

static void come_back(struct sim *sim, uint32_t index)
{
    sim_heal(sim);
    sim_connect(sim, index, 0);
    sim_run(sim, 2 * MINUTE_MS);
    assert_true(sim_links(sim, index) > 0);
}

static void assert_hidden(struct sim *sim, const struct guid *id)
{
    for (uint32_t i = 0; i < sim_count(sim); i++)
        if (sim_node(sim, i)->alive)
            assert_false(sim_holds(sim, i, id));
}

/* 2 is an administrator for four hours and deletes what 1 wrote for forty; 3 was away all the time.
 * The other administrators know the record, and see that it outlives its tombstone. */
static void deletion_outlasts_its_signer(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(1);
    add(sim, 0, 0);
    uint32_t author = add(sim, ROLE_MEMBER, 0);
    uint32_t admin = add(sim, ROLE_ADMIN, 4);
    uint32_t away = add(sim, ROLE_MEMBER, 0);
    for (int i = 0; i < 2; i++)
        add(sim, ROLE_ADMIN, 0);
    struct guid id = add_for_hours(sim, author, 40);
    assert_true(sim_holds(sim, away, &id));
    sim_partition(sim, away, 1);
    assert_ok(delete_record(sim, admin, &id));
    assert_true(row_of(sim, admin, &id).expiration == SIM_FIRST_UTC + 4 * HOUR_TICKS);
    sim_run(sim, 10 * MINUTE_MS);
    /* One of the four who could did it. */
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        if (i == away)
            continue;
        assert_int_equal(row_of(sim, i, &id).version, 3);
        assert_true(row_of(sim, i, &id).expiration > sim_peer_time(sim) + 39 * HOUR_TICKS);
    }
    /* The tombstone of four hours would be purged by now. */
    sim_run(sim, 30 * HOUR_MS);
    come_back(sim, away);
    assert_hidden(sim, &id);
    assert_sound(sim);
    sim_free(sim);
}

/* Nobody who is there knows the record, only the tombstone: that is looked at near its end. */
static void deletion_is_signed_again_in_its_last_tenth(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(5);
    add(sim, 0, 0);
    uint32_t author = add(sim, ROLE_MEMBER, 0);
    uint32_t admin = add(sim, ROLE_ADMIN, 4);
    uint32_t away = add(sim, ROLE_MEMBER, 0);
    sim_run(sim, MINUTE_MS);
    sim_partition(sim, 0, 1);
    sim_connect(sim, author, admin);
    sim_run(sim, MINUTE_MS);
    sim_connect(sim, away, admin);
    sim_run(sim, MINUTE_MS);
    struct guid id = add_for_hours(sim, author, 40);
    assert_true(sim_holds(sim, away, &id) && sim_holds(sim, admin, &id));
    sim_crash(sim, author);
    sim_partition(sim, away, 2);
    assert_ok(delete_record(sim, admin, &id));
    sim_partition(sim, 0, 0);
    sim_connect(sim, admin, 0);
    for (int i = 0; i < 2; i++)
        add(sim, ROLE_ADMIN, 0);
    sim_run(sim, 215 * MINUTE_MS - sim_now_ms(sim));
    assert_int_equal(row_of(sim, 0, &id).version, 2);
    sim_run(sim, 24 * MINUTE_MS);
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        if (i == author || i == away || i == admin)
            continue;
        assert_int_equal(row_of(sim, i, &id).version, 3);
        assert_true(row_of(sim, i, &id).expiration > sim_peer_time(sim) + 39 * HOUR_TICKS);
    }
    come_back(sim, away);
    assert_hidden(sim, &id);
    assert_sound(sim);
    sim_free(sim);
}

/* While 1 deletes its record, an administrator elsewhere lets it live longer. */
static void longer_version_does_not_return(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(2);
    add(sim, 0, 0);
    uint32_t author = add(sim, ROLE_MEMBER, 0);
    uint32_t admin = add(sim, ROLE_ADMIN, 0);
    uint32_t away = add(sim, ROLE_MEMBER, 0);
    struct guid id = add_for_hours(sim, author, 1);
    for (uint32_t i = admin; i <= away; i++)
        sim_partition(sim, i, 1);
    sim_run(sim, 5000);
    sim_connect(sim, away, admin);
    sim_run(sim, 5000);
    assert_ok(update_text(sim, admin, &id, "lives for three days"));
    sim_run(sim, 1000);
    uint64_t longer = row_of(sim, away, &id).expiration;
    sim_partition(sim, away, 2);
    assert_ok(delete_record(sim, author, &id));
    assert_true(row_of(sim, 0, &id).expiration < longer);
    sim_partition(sim, admin, 0);
    sim_connect(sim, admin, 0);
    sim_run(sim, 6 * MINUTE_MS);
    for (uint32_t i = 0; i <= admin; i++) {
        assert_true(row_of(sim, i, &id).deleted);
        assert_true(row_of(sim, i, &id).expiration >= longer);
        assert_in_range(row_of(sim, i, &id).version, 3, 4);
    }
    sim_run(sim, 2 * HOUR_MS);
    come_back(sim, away);
    for (uint32_t i = 0; i <= away; i++)
        assert_false(sim_holds(sim, i, &id));
    assert_sound(sim);
    sim_free(sim);
}

/* What ends by itself stays as it is. */
static void deletion_by_the_creator_is_left_alone(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(3);
    add(sim, 0, 0);
    uint32_t author = add(sim, ROLE_MEMBER, 0);
    struct guid id = add_for_hours(sim, author, 1);
    assert_ok(delete_record(sim, author, &id));
    sim_run(sim, 58 * MINUTE_MS);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(row_of(sim, i, &id).version, 2);
    assert_sound(sim);
    sim_free(sim);
}

static void revoke_by(struct sim *sim, uint32_t admin, uint32_t index, uint64_t end)
{
    struct buffer payload = BUFFER_NULL;
    struct sim_node *node = sim_node(sim, admin);
    assert_ok(
        revocation_encode(&sim_node(sim, index)->key.hash, sim_utc(sim, node), NULL, 0, &payload));
    struct graph_publish publish = {.kind = PUBLISH_ADD,
                                    .type = RECORD_TYPE_REVOCATION,
                                    .expiration = end,
                                    .payload = buffer_view(&payload),
                                    .payload_size = payload.size,
                                    .reserved = true};
    payload_leaf(publish.payload, &publish.payload_root);
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &publish, .request = 2};
    assert_ok(sim_event(sim, admin, &event));
    assert_ok(node->completed_hr);
    buffer_deinit(&payload);
}

/* An administrator for four hours removes a member for ever. */
static void removal_outlasts_its_signer(void **state)
{
    (void)state;
    struct sim *sim = group_of_seed(4);
    add(sim, 0, 0);
    uint32_t bad = add(sim, ROLE_MEMBER, 0);
    uint32_t admin = add(sim, ROLE_ADMIN, 4);
    add(sim, ROLE_ADMIN, 0);
    sim_run(sim, MINUTE_MS);
    revoke_by(sim, admin, bad, SIM_FIRST_UTC + 4 * HOUR_TICKS);
    sim_run(sim, 10000);
    assert_int_equal(sim_links(sim, bad), 0);
    sim_run(sim, 30 * HOUR_MS);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_REVOCATION), 1);
    sim_connect(sim, bad, 0);
    sim_run(sim, 10 * MINUTE_MS);
    assert_int_equal(sim_links(sim, bad), 0);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletion_outlasts_its_signer),
        cmocka_unit_test(deletion_is_signed_again_in_its_last_tenth),
        cmocka_unit_test(longer_version_does_not_return),
        cmocka_unit_test(deletion_by_the_creator_is_left_alone),
        cmocka_unit_test(removal_outlasts_its_signer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
