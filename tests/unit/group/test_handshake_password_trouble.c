/* What does a member say to who knows the password when it cannot admit itself, and is that
 * nobody's wrong attempt? How many certificates does one key get? What does a removal at T = 0 do?
 */
#include "password_fixture.h"

#include "base/text.h"
#include "graph/graph.h"
#include "group/handshake_internal.h"
#include "group/removal.h"
#include "group/security_internal.h"

/* Says where somebody is who may admit. */
static void tell_presence(const struct party *to, const struct party *who)
{
    struct presence presence = {.node_id = 7, .addresses = {.count = 1}};
    struct buffer payload = BUFFER_NULL;
    struct sealed_record sealed;
    presence.addresses.items[0] =
        (struct address){.ip = {[10] = 0xff, 0xff, 192, 168, 0, 9}, .port = 4000};
    assert_ok(presence_encode(&presence, &payload));
    struct draft draft = {.type = RECORD_TYPE_PRESENCE, .payload = buffer_view(&payload)};
    assert_ok(party_write(who, &draft, &sealed));
    assert_ok(party_deliver(to, who, &sealed));
    sealed_record_deinit(&sealed);
    buffer_deinit(&payload);
}

/* The joiner is sent to the founder, and no attempt is counted. */
static void assert_referred(struct fixture *fixture, const struct party *joiner,
                            const struct party *listener, const struct talk_options *options)
{
    struct handshake_refusal refusal = {.code = 0};
    assert_hr(talk_all(joiner, listener, options, &refusal), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(refusal.code, REFUSE_ISSUER);
    assert_int_equal(refusal.addresses.count, 1);
    assert_int_equal(refusal.addresses.items[0].ip[15], 9);
    assert_int_equal(fixture->guard.next, 0);
}

static struct party join_until(const struct party *issuer, unsigned number, const char *name,
                               uint64_t end)
{
    struct party party = party_new(number);
    struct issue_request request = issue_for(&party, ROLE_ADMIN);
    request.not_after = end;
    request.friendly_name = name;
    struct buffer chain = party_issue(issuer, &request);
    struct buffer xml = party_invite(issuer, buffer_view(&chain));
    assert_ok(party_adopt(&party, buffer_view(&xml), SCENE_NOW));
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_sync_properties(&party, issuer);
    return party;
}

/* Its certificate has ended, and holds for links a little longer. */
static void test_who_has_ended_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    uint64_t end = SCENE_NOW + SCENE_GRACE / 4;
    struct party admin = join_until(founder, 3, "Al", end), joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    tell_presence(&admin, founder);
    options.utc = end - 1;
    assert_hr(security_may_admit(admin.security, options.utc), S_OK);
    options.utc = end;
    assert_hr(security_may_admit(admin.security, options.utc), PEER_E_INVALID_TIME_PERIOD);
    assert_referred(fixture, &joiner, &admin, &options);
    /* It ends between the offer and the proof. */
    struct talk talk;
    options.utc = end - 1;
    assert_ok(talk_begin(&talk, &joiner, &admin, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    talk.accepting->utc = end;
    talk_listener(&talk);
    talk_caller(&talk, &options);
    assert_int_equal(handshake_refusal(talk.calling)->code, REFUSE_ISSUER);
    assert_int_equal(fixture->guard.next, 0);
    talk_end(&talk);
    party_deinit(&joiner);
    party_deinit(&admin);
}

/* Who is removed between its offer and the proof cannot issue any more. */
static void test_who_is_removed_meanwhile_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party admin = party_join(founder, 3, ROLE_ADMIN),
                 joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct sealed_record revocation =
        scene_revoke(founder, true, &admin.key_hash, SCENE_NOW, NULL, 0);
    struct talk talk;
    assert_ok(talk_begin(&talk, &joiner, &admin, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    assert_ok(party_deliver(&admin, founder, &revocation));
    talk_listener(&talk);
    assert_hr(talk.listener_result, PEER_E_NOT_AUTHORIZED);
    talk_caller(&talk, &options);
    assert_int_equal(handshake_refusal(talk.calling)->code, REFUSE_ISSUER);
    assert_int_equal(fixture->guard.next, 0);
    talk_end(&talk);
    sealed_record_deinit(&revocation);
    party_deinit(&joiner);
    party_deinit(&admin);
}

/* Who has just come and knows no Security Properties cannot know what the password is. */
static void test_who_knows_no_properties_has_no_time(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party late = party_new(3), joiner = party_by_password(founder, 10);
    struct issue_request request = issue_for(&late, ROLE_ADMIN);
    struct buffer chain = party_issue(founder, &request);
    struct buffer xml = party_invite(founder, buffer_view(&chain));
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_ok(party_adopt(&late, buffer_view(&xml), SCENE_NOW));
    assert_refused(fixture, &joiner, &late, &options, REFUSE_BUSY);
    party_sync_properties(&late, founder);
    assert_ok(talk_all(&joiner, &late, &options, NULL));
    buffer_deinit(&xml);
    buffer_deinit(&chain);
    party_deinit(&joiner);
    party_deinit(&late);
}

/* A name of as many bytes as there may be. */
static const char *longest_name(void)
{
    static char name[3 * LIMIT_FRIENDLY_NAME_UNITS + 1];
    for (size_t at = 0; at < sizeof(name) - 1; at += 3)
        memcpy(name + at, "\xe2\x98\x83", 3);
    return name;
}

/* The longest names make the longest chains: the last that has room admits, whole; the next one
 * says that others may. */
static void test_a_chain_of_24_kib_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party links[LIMIT_CHAIN_LENGTH], joiner = party_by_password(founder, 90);
    struct talk_options options = options_with(fixture, &fixture->right);
    const struct certificate_row *row;
    unsigned count = 0;
    options.friendly_name = longest_name();
    for (const struct party *last = founder;; last = &links[count++]) {
        struct party probe = party_new(99);
        struct issue_request request = issue_for(&probe, ROLE_ADMIN);
        struct buffer chain = BUFFER_NULL;
        request.friendly_name = longest_name();
        HRESULT hr = security_issue(last->security, &request, SCENE_NOW, &chain);
        buffer_deinit(&chain);
        party_deinit(&probe);
        if (hr == PEER_E_CHAIN_TOO_LONG)
            break;
        assert_ok(hr);
        links[count] = join_until(last, 100 + count, longest_name(), 0);
    }
    assert_in_range(count, 6, LIMIT_CHAIN_LENGTH - 1);
    assert_ok(security_own(links[count - 1].security, SCENE_NOW, &row));
    assert_in_range(row->chain_size, 20 * 1024, CHAIN_SIZE_MAX);
    assert_hr(security_may_admit(links[count - 1].security, SCENE_NOW), S_OK);
    tell_presence(&links[count - 1], founder);
    assert_referred(fixture, &joiner, &links[count - 1], &options);
    assert_ok(talk_all(&joiner, &links[count - 2], &options, NULL));
    assert_ok(security_own(joiner.security, SCENE_NOW, &row));
    assert_in_range(row->chain_size, 20 * 1024, CHAIN_SIZE_MAX);
    party_deinit(&joiner);
    while (count > 0)
        party_deinit(&links[--count]);
}

/* Whose key stands above cannot be issued to below; another member may. */
static void test_who_stands_below_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party admin = party_join(founder, 3, ROLE_ADMIN),
                 below = party_join(&admin, 4, ROLE_ADMIN);
    struct party again = party_by_password(founder, 3);
    struct talk_options options = options_with(fixture, &fixture->right);
    tell_presence(&below, founder);
    assert_referred(fixture, &again, &below, &options);
    assert_ok(talk_all(&again, founder, &options, NULL));
    party_deinit(&again);
    party_deinit(&below);
    party_deinit(&admin);
}

/* Under one set of Security Properties a key gets three names of one member, and each of them
 * again; a fourth is not looked for in the password. */
static void test_few_names_for_one_key(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    static const char *const names[] = {"Bea", "Cleo", "", "Dora", "Eve"};
    struct talk_options options = options_with(fixture, &fixture->right);
    uint32_t before = certificate_count(founder);
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(names); i++) {
        struct party joiner = party_by_password(founder, 10);
        options.friendly_name = names[i % ARRAY_SIZE(names)];
        if (i % ARRAY_SIZE(names) < LIMIT_PASSWORD_NAMES)
            assert_ok(talk_all(&joiner, founder, &options, NULL));
        else
            assert_refused(fixture, &joiner, founder, &options, REFUSE_ATTEMPTS);
        party_deinit(&joiner);
    }
    assert_int_equal(certificate_count(founder), before + LIMIT_PASSWORD_NAMES);
    assert_int_equal(fixture->guard.next, 0);
    /* Another key has its own, and other Security Properties begin anew. */
    struct party other = party_by_password(founder, 11), joiner = party_by_password(founder, 10);
    assert_ok(talk_all(&other, founder, &options, NULL));
    scene_set_password(&fixture->scene, &fixture->password);
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    party_deinit(&other);
    party_deinit(&joiner);
}

/* A removal is one whatever T it names: no password admits, and a plain inviting member does not.
 */
static void test_a_removal_at_zero(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party inviting = party_join(founder, 3, ROLE_INVITING_MEMBER);
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct sealed_record revocation = scene_revoke(founder, true, &joiner.key_hash, 0, NULL, 0);
    struct issue_request request = issue_for(&joiner, ROLE_MEMBER);
    struct buffer chain = BUFFER_NULL;
    assert_ok(party_deliver(founder, founder, &revocation));
    assert_ok(party_deliver(&inviting, founder, &revocation));
    assert_refused(fixture, &joiner, founder, &options, REFUSE_PASSWORD);
    assert_int_equal(fixture->guard.next, 1);
    assert_hr(security_issue(inviting.security, &request, SCENE_NOW, &chain),
              PEER_E_NOT_AUTHORIZED);
    assert_ok(security_issue(founder->security, &request, SCENE_NOW, &chain));
    /* Who knows of it does not ask. */
    assert_true(security_needs_password(joiner.security, SCENE_NOW));
    assert_ok(party_deliver(&joiner, founder, &revocation));
    assert_false(security_needs_password(joiner.security, SCENE_NOW));
    buffer_deinit(&chain);
    sealed_record_deinit(&revocation);
    party_deinit(&joiner);
    party_deinit(&inviting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_has_ended_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_is_removed_meanwhile_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_knows_no_properties_has_no_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_chain_of_24_kib_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_stands_below_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_few_names_for_one_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_removal_at_zero, setup, teardown),
    };
    return cmocka_run_group_tests_name("group-handshake-password-trouble", tests, NULL, NULL);
}
