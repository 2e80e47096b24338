/* Does a group agree on one signature and a few contacts, and find together by them after a cut? */
#include "scenario.h"

static struct sim *group_of(uint64_t seed, uint32_t count)
{
    struct sim *sim = sim_of_seed(seed);
    for (uint32_t i = 0; i < count; i++) {
        sim_add(sim, &(struct sim_node_options){.synchronised = i == 0, .presence = true});
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, (uint32_t)sim_random(sim, i));
        sim_run(sim, 2000);
    }
    return sim;
}

struct seen {
    uint64_t least; /* node id of presence records */
    uint64_t signature;
    uint32_t signatures;
    uint32_t contacts;
    uint32_t differing;
};

static HRESULT see(void *context, const struct store_record *row)
{
    struct seen *seen = context;
    struct presence presence;
    struct contact contact;
    uint64_t node_id;
    if (guid_equal(&row->type, &RECORD_TYPE_PRESENCE)) {
        assert_ok(presence_decode(row->payload, &presence));
        if (seen->least == 0 || presence.node_id < seen->least)
            seen->least = presence.node_id;
    } else if (guid_equal(&row->type, &RECORD_TYPE_SIGNATURE)) {
        assert_ok(signature_decode(row->payload, &node_id));
        if (seen->signature == 0 || node_id < seen->signature)
            seen->signature = node_id;
        seen->signatures++;
    } else if (guid_equal(&row->type, &RECORD_TYPE_CONTACT)) {
        assert_ok(contact_decode(row->payload, &contact));
        seen->contacts++;
        seen->differing += contact.signature != seen->signature;
    }
    return S_OK;
}

static struct seen seen_by(struct sim *sim, uint32_t index)
{
    static const struct guid *const types[] = {&RECORD_TYPE_PRESENCE, &RECORD_TYPE_SIGNATURE,
                                               &RECORD_TYPE_CONTACT};
    struct sim_node *node = sim_node(sim, index);
    struct seen seen = {.least = 0};
    uint64_t now = graph_peer_time(node->graph, sim_utc(sim, node));
    for (size_t i = 0; i < ARRAY_SIZE(types); i++)
        assert_ok(node->store->ops->each(node->store, types[i], now, true, see, &seen));
    return seen;
}

static void one_signature_and_a_few_contacts(void **state)
{
    (void)state;
    struct sim *sim = group_of(1, 20);
    sim_run(sim, 30 * MINUTE_MS);
    for (uint32_t i = 0; i < 20; i++) {
        struct seen seen = seen_by(sim, i);
        assert_int_equal(seen.signatures, 1);
        assert_true(seen.signature == seen.least);
        assert_in_range(seen.contacts, 5, 10);
        assert_int_equal(seen.differing, 0);
    }
    /* In an hour: presence 15 times a member, one signature 15 times, each contact 5 times. */
    struct sim_statistics before, after;
    sim_get_statistics(sim, &before);
    sim_run(sim, HOUR_MS);
    sim_get_statistics(sim, &after);
    uint64_t each = (after.useful - before.useful) / 19;
    assert_in_range(each, 15 * 20, 18 * 20 + 20 + 10 * 6);
    assert_all_equal(sim);
    sim_free(sim);
}

static void in_a_small_group_all_are_contacts(void **state)
{
    (void)state;
    struct sim *sim = group_of(2, 3);
    sim_run(sim, 10 * MINUTE_MS);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(seen_by(sim, i).contacts, 3);
    sim_leave(sim, 1);
    sim_run(sim, 1000);
    assert_int_equal(seen_by(sim, 0).contacts, 2);
    sim_run(sim, 10 * MINUTE_MS);
    struct seen seen = seen_by(sim, 0);
    assert_true(seen.signature == seen.least);
    assert_int_equal(seen.differing, 0);
    assert_all_equal(sim);
    sim_free(sim);
}

static bool holds(struct sim *sim, void *context)
{
    const struct guid *id = context;
    for (uint32_t i = 4; i < 8; i++)
        if (!sim_holds(sim, i, id))
            return false;
    return true;
}

static void restart(struct sim *sim, uint32_t index, uint32_t to)
{
    sim_crash(sim, index);
    sim_restart(sim, index);
    sim_listen(sim, index);
    if (index != to)
        sim_connect(sim, index, to);
}

/* All members of one half forget their addresses by a restart, when presence of the others has
 * ended: only contact records are left, and that their signature is another. */
static void halves_find_together_by_contacts(void **state)
{
    (void)state;
    struct sim *sim = group_of(3, 8);
    sim_run(sim, 10 * MINUTE_MS);
    for (uint32_t i = 4; i < 8; i++)
        sim_partition(sim, i, 1);
    sim_run(sim, 330 * 1000);
    for (uint32_t i = 0; i < 8; i++)
        restart(sim, i, i < 4 ? 0 : 4);
    sim_run(sim, 70 * 1000);
    struct guid id = add_text(sim, 0, "for the other half");
    assert_true(seen_by(sim, 0).signature != seen_by(sim, 4).signature);
    sim_heal(sim);
    assert_true(sim_run_until(sim, holds, &id, 5 * MINUTE_MS));
    /* What the former lives wrote ends as well. */
    sim_run(sim, 16 * MINUTE_MS);
    assert_true(seen_by(sim, 0).signature == seen_by(sim, 4).signature);
    assert_int_equal(seen_by(sim, 0).differing, 0);
    assert_all_equal(sim);
    sim_free(sim);
}

static void nothing_is_written_without_presence(void **state)
{
    (void)state;
    struct sim *sim = sim_of_seed(4);
    add_founder(sim);
    add_member(sim, 0);
    sim_run(sim, 10 * MINUTE_MS);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_SIGNATURE), 0);
    assert_int_equal(sim_visible_of(sim, 0, &RECORD_TYPE_CONTACT), 0);
    sim_free(sim);
}

/* While a node waits to write a signature, the one that it wrote before counts again: a clock that
 * had jumped comes back. Nothing is due any more then; a wait that stayed would be over for ever,
 * and the simulator tells of a node that spins. */
static void a_signature_that_counts_again_ends_the_wait(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (uint64_t wait_ms = 5000; wait_ms <= 30000; wait_ms += 5000) {
            struct sim *sim = group_of(seed, 1);
            sim_run(sim, MINUTE_MS);
            assert_int_equal(seen_by(sim, 0).signatures, 1);
            sim_node(sim, 0)->options.clock_ms += 400000;
            assert_int_equal(seen_by(sim, 0).signatures, 0);
            sim_run(sim, wait_ms);
            sim_node(sim, 0)->options.clock_ms -= 400000;
            sim_run(sim, MINUTE_MS);
            assert_true(seen_by(sim, 0).signatures > 0);
            assert_sound(sim);
            sim_free(sim);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_signature_and_a_few_contacts),
        cmocka_unit_test(in_a_small_group_all_are_contacts),
        cmocka_unit_test(halves_find_together_by_contacts),
        cmocka_unit_test(nothing_is_written_without_presence),
        cmocka_unit_test(a_signature_that_counts_again_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
