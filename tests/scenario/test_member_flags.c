/* Do member data, presence and links that are held keep to what the group wants, as time goes by?
 */
#include "scenario.h"

static struct sim *pair(uint64_t seed, const struct sim_node_options *options)
{
    struct sim *sim = sim_of_seed(seed);
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_node_options own = *options;
        own.synchronised = i == 0;
        sim_add(sim, &own);
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, 0);
        sim_run(sim, 5000);
    }
    return sim;
}

static uint32_t known(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &RECORD_TYPE_MEMBERSHIP);
}

static uint32_t present(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &RECORD_TYPE_PRESENCE);
}

static const struct sim_node_options optional = {.presence = true,
                                                 .member_data_optional = true,
                                                 .member_data_lifetime_s =
                                                     MEMBER_DATA_LIFETIME_MIN};

/* [point 3.9] [point 9.3] [point 10.9] Presence that is written by itself makes nobody known; the
 * first record does, before it is there itself, and once. */
static void known_with_the_first_record(void **state)
{
    (void)state;
    struct sim *sim = pair(1, &optional);
    sim_run(sim, 2 * HOUR_MS);
    assert_int_equal(present(sim, 0), 2);
    assert_int_equal(known(sim, 0), 0);
    (void)add_text(sim, 1, "first");
    assert_int_equal(known(sim, 1), 1);
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 0), 1);
    const struct sim_node *node = sim_node(sim, 1);
    uint32_t at = node->notice_count - 2;
    assert_true(guid_equal(&node->notices[at].type, &RECORD_TYPE_MEMBERSHIP));
    assert_true(guid_equal(&node->notices[at + 1].type, &SIM_RECORD_TYPE));
    (void)add_text(sim, 1, "second");
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 0), 1);
    assert_all_equal(sim);
    sim_free(sim);
}

/* [point 9.5] [point 10.9] Also when the member is on its own, and for an update or a deletion. */
static void known_with_any_change(void **state)
{
    (void)state;
    struct sim *sim = pair(2, &optional);
    struct guid id = add_text(sim, 0, "x");
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 1), 1);
    sim_leave(sim, 1);
    sim_run(sim, 1000);
    assert_ok(update_text(sim, 1, &id, "y"));
    assert_int_equal(known(sim, 1), 2);
    assert_int_equal(known(sim, 0), 1);
    sim_listen(sim, 1);
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    assert_int_equal(known(sim, 0), 2);
    assert_all_equal(sim);
    sim_free(sim);
}

/* [point 9.3] [point 9.5] Whoever issues a certificate is known by it. */
static void known_with_what_it_issues(void **state)
{
    (void)state;
    struct sim *sim = pair(3, &optional);
    struct graph_event acted = {.type = GRAPH_ACTED};
    assert_ok(sim_event(sim, 1, &acted));
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 0), 1);
    assert_ok(sim_event(sim, 1, &acted));
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 0), 1);
    assert_all_equal(sim);
    sim_free(sim);
}

/* Ruling 15: member data is prolonged before it ends, by whoever has acted once; the others stay
 * unknown. What has ended while its member was away comes again with it. */
static void member_data_is_prolonged(void **state)
{
    (void)state;
    struct sim *sim = pair(4, &optional);
    (void)add_text(sim, 1, "acted");
    for (int hour = 0; hour < 30; hour++) {
        sim_run(sim, HOUR_MS);
        assert_int_equal(known(sim, 0), 1);
        assert_int_equal(known(sim, 1), 1);
    }
    /* Nothing has ended but the record that was written. */
    assert_int_equal(sim_notices(sim, 0, GRAPH_NOTICE_RECORD, GRAPH_EXPIRED), 1);
    sim_leave(sim, 1);
    sim_run(sim, 9 * HOUR_MS);
    assert_int_equal(known(sim, 0), 0);
    sim_listen(sim, 1);
    sim_connect(sim, 1, 0);
    sim_run(sim, 5000);
    assert_int_equal(known(sim, 0), 0); /* it has not acted since */
    (void)add_text(sim, 1, "again");
    sim_run(sim, 1000);
    assert_int_equal(known(sim, 0), 1);
    assert_sound(sim);
    sim_free(sim);
}

static void configure(struct sim *sim, uint32_t index, bool presence, bool membership)
{
    struct graph_config config = {.presence_lifetime_s = PRESENCE_LIFETIME_MIN,
                                  .member_data_lifetime_s = MEMBER_DATA_LIFETIME_MIN,
                                  .publish_presence = presence,
                                  .publish_membership = membership};
    graph_configure(sim_node(sim, index)->graph, &config);
    struct graph_event timer = {.type = GRAPH_TIMER};
    assert_ok(sim_event(sim, index, &timer));
    sim_run(sim, 1000);
}

/* [point 3.9] A change of the flags takes effect at once, in both directions. */
static void flags_may_change(void **state)
{
    (void)state;
    struct sim *sim = pair(5, &optional);
    configure(sim, 1, false, false);
    assert_int_equal(present(sim, 0), 1);
    sim_run(sim, HOUR_MS);
    assert_int_equal(present(sim, 0), 1);
    configure(sim, 1, true, true);
    assert_int_equal(present(sim, 0), 2);
    assert_int_equal(known(sim, 0), 1);
    assert_all_equal(sim);
    sim_free(sim);
}

static uint32_t neighbours(struct sim *sim, uint32_t index)
{
    return graph_status(sim_node(sim, index)->graph) & 2 ? 1 : 0;
}

/* A link that is not read for a while, since an application is slow, is not taken for dead; from
 * when it is read again it is. */
static void held_link_is_not_dead(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(6);
    add_founder(sim);
    uint32_t raw = sim_add(sim, &(struct sim_node_options){.raw = true});
    uint64_t link = sim_raw_dial(sim, raw, 0, false);
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&(struct message_connect){.node_id = 77}, &out));
    sim_raw_send(sim, link, buffer_view(&out));
    buffer_deinit(&out);
    sim_run(sim, 1000);
    struct graph_event held = {.type = GRAPH_LINK_HELD, .flag = true};
    held.link = sim_last_notice(sim, 0, GRAPH_NOTICE_NEIGHBOUR)->link;
    assert_ok(sim_event(sim, 0, &held));
    uint64_t steps = sim_steps(sim);
    sim_run(sim, HOUR_MS);
    assert_int_equal(neighbours(sim, 0), 1);
    assert_true(sim_steps(sim) - steps < 5000);
    held.flag = false;
    assert_ok(sim_event(sim, 0, &held));
    sim_run(sim, 100000);
    assert_int_equal(neighbours(sim, 0), 1);
    sim_run(sim, 60000);
    assert_int_equal(neighbours(sim, 0), 0);
    assert_sound(sim);
    sim_free(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_with_the_first_record),
        cmocka_unit_test(known_with_any_change),
        cmocka_unit_test(known_with_what_it_issues),
        cmocka_unit_test(member_data_is_prolonged),
        cmocka_unit_test(flags_may_change),
        cmocka_unit_test(held_link_is_not_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
