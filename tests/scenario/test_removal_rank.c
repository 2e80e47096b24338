/* Who can remove whom, when two do it at once, and when the creator is gone: do all who stay agree?
 * Each schedule runs under several seeds, as in test_removal.c. */
#include "removal_cast.h"

/* ---- two at once ---- */

/* One above the other: the upper one's removal stands, and what the lower one has removed is back.
 */
static void mutiny(uint64_t seed)
{
    static const uint32_t half[] = {ROGUE, MEMBER, GUEST};
    struct sim *sim = cast_of_seed(seed);
    struct guid by_member = add_text(sim, MEMBER, "dropped in one half");
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_hr(sim_revoke(sim, ROGUE, ADMIN, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, ROGUE, ADMIN));
    assert_ok(sim_revoke(sim, ROGUE, MEMBER, REVOKE_DROP_RECORDS));
    assert_ok(sim_revoke(sim, ADMIN, ROGUE, 0));
    struct guid late = add_text(sim, ROGUE, "written after the removal");
    sim_run(sim, MINUTE_MS);
    assert_true(is_member(sim, GUEST, ADMIN) && is_member(sim, GUEST, ROGUE));
    assert_false(is_member(sim, GUEST, MEMBER) || sim_holds(sim, GUEST, &by_member));
    assert_true(security_is_removed(sim_node(sim, MEMBER)->security));
    sim_take_back(sim, MEMBER);
    sim_heal(sim);
    sim_run(sim, MINUTE_MS);
    come_back(sim, MEMBER, FOUNDER);
    settle(sim);
    assert_version(sim, &by_member, 1);
    assert_version(sim, &late, 0);
    assert_true(sim_linked(sim, MEMBER, FOUNDER) || sim_links(sim, MEMBER) > 0);
    sim_free(sim);
}

static void of_two_that_revoke_each_other_the_upper_prevails(void **state)
{
    (void)state;
    under_all_seeds(mutiny);
}

/* Side by side, neither has the right: both stay. */
static void rivalry(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    uint32_t rival = come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    const uint32_t half[] = {rival, ROGUE, MEMBER};
    sim_run(sim, 30000);
    part(sim, half, ARRAY_SIZE(half));
    assert_hr(sim_revoke(sim, rival, ADMIN, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(sim_revoke(sim, ADMIN, rival, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, rival, ADMIN));
    assert_ok(sim_revoke_by_hand(sim, ADMIN, rival));
    struct guid by_rival = add_text(sim, rival, "one"), by_admin = add_text(sim, ADMIN, "other");
    sim_run(sim, MINUTE_MS);
    settle(sim);
    assert_version(sim, &by_rival, 1);
    assert_version(sim, &by_admin, 1);
    sim_free(sim);
}

static void of_two_of_one_rank_neither_removes_the_other(void **state)
{
    (void)state;
    under_all_seeds(rivalry);
}

/* ---- without the creator ---- */

/* Without a deputy: administrators remove those below them and plain members, nobody else. */
static void without_creator(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    uint32_t rival = come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    sim_run(sim, 30000);
    sim_crash(sim, FOUNDER);
    assert_hr(sim_revoke(sim, ADMIN, rival, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(sim_revoke(sim, ADMIN, FOUNDER, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke_by_hand(sim, ROGUE, FOUNDER));
    assert_ok(sim_revoke(sim, rival, MEMBER, REVOKE_DROP_RECORDS));
    assert_ok(sim_revoke(sim, ADMIN, ROGUE, 0));
    sim_run(sim, MINUTE_MS);
    uint32_t newcomer = come(sim, ADMIN, ROLE_MEMBER, GUEST);
    settle(sim);
    assert_true(graph_is_synchronised(sim_node(sim, newcomer)->graph));
    assert_true(is_member(sim, newcomer, rival) && !is_member(sim, newcomer, ROGUE));
    struct guid id = add_text(sim, newcomer, "the group goes on");
    settle(sim);
    assert_version(sim, &id, 1);
    sim_free(sim);
}

static void without_the_creator_and_a_deputy(void **state)
{
    (void)state;
    under_all_seeds(without_creator);
}

static void set_comment(struct sim *sim, uint32_t by, const char *comment)
{
    struct sim_node *node = sim_node(sim, by);
    const struct group_properties *properties;
    struct sealed_record sealed;
    assert_ok(security_properties(node->security, &properties));
    struct group_properties wanted = *properties;
    wanted.comment = (char *)(uintptr_t)comment; /* read only here */
    assert_ok(security_properties_record(
        node->security, &wanted, graph_peer_time(node->graph, sim_utc(sim, node)), &sealed));
    assert_ok(sim_publish_sealed(sim, by, &sealed, 1));
    sealed_record_deinit(&sealed);
}

static void assert_comment(struct sim *sim, const char *comment)
{
    const struct group_properties *properties;
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        if (!stays(sim, i))
            continue;
        assert_ok(security_properties(sim_node(sim, i)->security, &properties));
        assert_string_equal(properties->comment, comment);
    }
}

/* With one, all goes on: also administrators can be removed, and properties set. The creator comes
 * back from an old disk and finds it so. */
static void with_deputy(uint64_t seed)
{
    struct sim *sim = cast_of_seed(seed);
    struct guid by_admin = add_text(sim, ADMIN, "of who is removed");
    assert_ok(sim_appoint(sim, MEMBER));
    sim_run(sim, 30000);
    sim_crash(sim, FOUNDER);
    sim_run(sim, MINUTE_MS);
    assert_true(security_may_set_properties(sim_node(sim, MEMBER)->security));
    assert_hr(sim_revoke(sim, MEMBER, FOUNDER, 0), PEER_E_NOT_AUTHORIZED);
    assert_ok(sim_revoke(sim, MEMBER, ADMIN, REVOKE_DROP_RECORDS));
    set_comment(sim, MEMBER, "by the deputy");
    sim_run(sim, MINUTE_MS);
    uint32_t newcomer = come(sim, MEMBER, ROLE_ADMIN, HOST);
    settle(sim);
    assert_true(sim_node(sim, ADMIN)->removed && !sim_node(sim, ROGUE)->removed);
    assert_comment(sim, "by the deputy");
    assert_version(sim, &by_admin, 0);
    struct guid id = add_text(sim, newcomer, "let in by the deputy");
    sim_set_cuts(sim, 60);
    come_back(sim, FOUNDER, HOST);
    settle(sim);
    assert_comment(sim, "by the deputy");
    assert_version(sim, &id, 1);
    sim_free(sim);
}

static void with_a_deputy_the_group_outlives_its_creator(void **state)
{
    (void)state;
    under_all_seeds(with_deputy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_that_revoke_each_other_the_upper_prevails),
        cmocka_unit_test(of_two_of_one_rank_neither_removes_the_other),
        cmocka_unit_test(without_the_creator_and_a_deputy),
        cmocka_unit_test(with_a_deputy_the_group_outlives_its_creator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
