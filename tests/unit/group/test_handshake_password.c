/* Does who knows the group's password get a certificate in the handshake, and the right one? Who is
 * sent elsewhere, who waits, who is turned away though it knows the password? */
#include "password_fixture.h"

#include "base/label.h"
#include "graph/graph.h"
#include "group/handshake_internal.h"
#include "group/password_message.h"

/* [point 4.14] [point 4.15] Who knows the password becomes what the properties say, until the end
 * of who admits it, and its certificate names them. */
static void test_who_knows_the_password_is_let_in(void **state)
{
    struct fixture *fixture = *state;
    static const unsigned roles[] = {ROLE_MEMBER, ROLE_INVITING_MEMBER, ROLE_ADMIN};
    for (unsigned i = 0; i < ARRAY_SIZE(roles); i++) {
        struct party joiner = party_by_password(&fixture->scene.founder, 10 + i);
        struct talk_options options = options_with(fixture, &fixture->right);
        const struct certificate_row *row;
        fixture->password.role = roles[i];
        scene_set_password(&fixture->scene, &fixture->password);
        assert_hr(security_own(joiner.security, SCENE_NOW, &row), PEER_E_NOT_AUTHORIZED);
        assert_ok(talk_all(&joiner, &fixture->scene.founder, &options, NULL));
        assert_ok(security_own(joiner.security, SCENE_NOW, &row));
        assert_int_equal(row->roles, roles[i]);
        assert_string_equal(row->friendly_name, "Bea");
        assert_string_equal(row->peer_name, joiner.name);
        assert_int_equal(row->not_before, SCENE_NOW - SCENE_GRACE);
        assert_int_equal(row->not_after, row->issuer->not_after);
        assert_true(knows_certificate(&fixture->scene.founder, &joiner));
        struct buffer der = BUFFER_NULL;
        struct certificate certificate;
        struct store_record stored;
        struct guid id;
        security_properties_id(fixture->scene.founder.security, &id);
        struct store *store = fixture->scene.founder.store;
        assert_ok(store->ops->find(store, &id, &stored));
        assert_ok(joiner.store->ops->certificate_get(joiner.store, &row->hash, &der));
        assert_ok(certificate_parse(buffer_view(&der), &certificate));
        assert_true(hash_equal(&certificate.properties, &stored.digest));
        certificate_deinit(&certificate);
        buffer_deinit(&der);
        /* It holds after opening again, and is used in place of the password. */
        party_reopen(&joiner, NULL);
        assert_false(security_needs_password(joiner.security, SCENE_NOW));
        options.password = &fixture->wrong;
        assert_ok(talk_all(&joiner, &fixture->scene.founder, &options, NULL));
        party_deinit(&joiner);
    }
}

/* A wrong password stays on the joiner's machine: nobody is shown a signature under it. */
static void test_a_wrong_password_is_not_even_sent(void **state)
{
    struct fixture *fixture = *state;
    struct party joiner = party_by_password(&fixture->scene.founder, 10);
    struct talk_options options = options_with(fixture, &fixture->wrong);
    struct talk talk;
    assert_ok(talk_begin(&talk, &joiner, &fixture->scene.founder, &options));
    talk_listener(&talk);
    assert_hr(talk.listener_result, S_FALSE);
    talk_caller(&talk, &options);
    assert_hr(talk.caller_result, PEER_E_NOT_AUTHORIZED);
    assert_int_equal(talk.to_listener.size, 0);
    assert_int_equal(handshake_refusal(talk.calling)->code, REFUSE_PASSWORD);
    talk_end(&talk);
    party_deinit(&joiner);
}

/* [point 4.14] A plain member refers to those who may; it gives no certificate itself. */
static void test_who_may_not_issue_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party member = party_join(founder, 3, ROLE_MEMBER);
    struct party inviting = party_join(founder, 4, ROLE_INVITING_MEMBER);
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct handshake_refusal refusal;
    const struct party *present[] = {founder, &inviting, &member};
    for (uint8_t i = 0; i < ARRAY_SIZE(present); i++) {
        struct presence presence = {.node_id = 1 + i, .addresses = {.count = 1}};
        presence.addresses.items[0] =
            (struct address){.ip = {[10] = 0xff, 0xff, 192, 168, 0, i}, .port = 4000};
        struct buffer payload = BUFFER_NULL;
        struct sealed_record sealed;
        assert_ok(presence_encode(&presence, &payload));
        struct draft draft = {.type = RECORD_TYPE_PRESENCE, .payload = buffer_view(&payload)};
        assert_ok(party_write(present[i], &draft, &sealed));
        assert_ok(party_deliver(&member, present[i], &sealed));
        sealed_record_deinit(&sealed);
        buffer_deinit(&payload);
    }
    assert_refused(fixture, &joiner, &member, &options, REFUSE_ISSUER);
    assert_hr(talk_all(&joiner, &member, &options, &refusal), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(refusal.addresses.count, 2);
    for (uint32_t i = 0; i < 2; i++)
        assert_true(refusal.addresses.items[i].ip[15] < 2);
    /* For the role of an administrator, an inviting member may not either. */
    fixture->password.role = ROLE_ADMIN;
    scene_set_password(&fixture->scene, &fixture->password);
    party_sync_properties(&member, founder);
    party_sync_properties(&inviting, founder);
    assert_hr(talk_all(&joiner, &member, &options, &refusal), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(refusal.code, REFUSE_ISSUER);
    assert_int_equal(refusal.addresses.count, 1);
    assert_int_equal(refusal.addresses.items[0].ip[15], 0);
    assert_refused(fixture, &joiner, &inviting, &options, REFUSE_ISSUER);
    party_deinit(&joiner);
    party_deinit(&inviting);
    party_deinit(&member);
}

/* The joiner derives again with what the group says now; the old password lets nobody in. */
static void test_a_changed_password(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party before = party_by_password(founder, 10), joiner = party_by_password(founder, 11);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct password_key next_key, old_again;
    assert_ok(talk_all(&before, founder, &options, NULL));
    struct group_password next = password_of("Obelisk-Quay-31", ROLE_MEMBER, 2, &next_key);
    scene_set_password(&fixture->scene, &next);
    assert_ok(password_key_derive("Plinth-Vex-27", next.salt, &next.cost, &old_again));
    options.later = &old_again;
    assert_refused(fixture, &joiner, founder, &options, REFUSE_PASSWORD);
    options.later = &next_key;
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    /* Who is in stays in. */
    assert_ok(talk_all(&before, founder, &options, NULL));
    password_key_deinit(&old_again);
    password_key_deinit(&next_key);
    party_deinit(&joiner);
    party_deinit(&before);
}

/* While a key is derived nothing is read, and not more held than is allowed. */
static void test_waiting_for_a_key(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct password_key next_key;
    struct group_password next = password_of("Obelisk-Quay-31", ROLE_MEMBER, 2, &next_key), wanted;
    scene_set_password(&fixture->scene, &next);
    struct talk talk;
    assert_ok(talk_begin(&talk, &joiner, founder, &options));
    talk_listener(&talk);
    assert_false(handshake_trusts(talk.calling));
    talk_caller(&talk, &options);
    assert_hr(talk.caller_result, S_FALSE);
    assert_int_equal(talk.to_listener.size, 0);
    assert_true(handshake_trusts(talk.calling));
    assert_true(handshake_wants_key(talk.calling, &wanted));
    assert_memory_equal(wanted.salt, next.salt, PASSWORD_SALT_SIZE);
    struct buffer flood = BUFFER_NULL, out = BUFFER_NULL;
    HRESULT hr = S_FALSE;
    for (size_t said = 0; hr == S_FALSE; said += 1000) {
        flood.size = 0;
        while (flood.size < 1000)
            assert_ok(buffer_append(&flood, "\x00\x00\x00\x06\x02\x90", 6));
        hr = handshake_feed(talk.calling, buffer_view(&flood), &out);
        assert_in_range(said, 0, LIMIT_PASSWORD_BYTES);
    }
    assert_hr(hr, PEER_E_INVALID_RECORD);
    assert_int_equal(out.size, 0);
    buffer_deinit(&flood);
    talk_end(&talk);
    password_key_deinit(&next_key);
    party_deinit(&joiner);
}

/* Who issued had not heard of the removal: its certificate begins later, and counts for nothing all
 * the same. */
static void test_no_password_readmits(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    uint64_t before = SCENE_NOW - 2 * SCENE_GRACE;
    struct sealed_record revocation =
        scene_revoke(founder, true, &joiner.key_hash, before, NULL, 0);
    assert_ok(party_deliver(founder, founder, &revocation));
    struct talk talk;
    assert_ok(talk_begin(&talk, &joiner, founder, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    talk_listener(&talk);
    assert_hr(talk.listener_result, PEER_E_NOT_AUTHORIZED);
    talk_end(&talk);
    sealed_record_deinit(&revocation);
    party_deinit(&joiner);
}

/* Who fell with the one that had let it in asks again; nobody has removed its own key. */
static void test_who_fell_with_its_issuer_asks_again(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party admin = party_join(founder, 11, ROLE_ADMIN);
    party_sync_properties(&admin, founder);
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_ok(talk_all(&joiner, &admin, &options, NULL));
    struct sealed_record revocation =
        scene_revoke(founder, true, &admin.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(founder, founder, &revocation));
    assert_ok(party_deliver(&joiner, founder, &revocation));
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    const struct certificate_row *row;
    assert_ok(security_own(joiner.security, SCENE_NOW, &row));
    assert_int_equal(row->issuer->depth, 1);
    sealed_record_deinit(&revocation);
    party_deinit(&joiner);
    party_deinit(&admin);
}

/* A removed key is told what a wrong password is told, though it knows the right one. */
static void test_who_was_removed_stays_out(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct sealed_record revocation =
        scene_revoke(founder, true, &joiner.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(founder, founder, &revocation));
    assert_refused(fixture, &joiner, founder, &options, REFUSE_PASSWORD);
    /* It is one attempt like others. */
    assert_refused(fixture, &joiner, founder, &options, REFUSE_PASSWORD);
    assert_refused(fixture, &joiner, founder, &options, REFUSE_PASSWORD);
    assert_refused(fixture, &joiner, founder, &options, REFUSE_ATTEMPTS);
    /* Who knows that it was removed does not ask: it calls as the member that it was, to hear why.
     */
    struct party member = party_join(founder, 12, ROLE_MEMBER);
    struct sealed_record other = scene_revoke(founder, true, &member.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(&member, founder, &other));
    struct talk talk;
    assert_ok(talk_begin(&talk, &member, founder, &options));
    assert_false(talk.calling->by_password);
    talk_end(&talk);
    sealed_record_deinit(&other);
    sealed_record_deinit(&revocation);
    party_deinit(&member);
    party_deinit(&joiner);
}

/* Asking again leaves no second certificate; two members may each give one. */
static void test_one_certificate_of_each(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party admin = party_join(founder, 3, ROLE_ADMIN);
    struct party joiner = party_by_password(founder, 10), again = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk;
    struct bytes body;
    struct buffer first = BUFFER_NULL;
    assert_ok(talk_begin(&talk, &joiner, founder, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    talk_listener(&talk);
    assert_true(talk_message(&talk.to_caller, MESSAGE_YOUR_GMC, &body));
    assert_ok(buffer_append(&first, body.data, body.size));
    talk_end(&talk); /* the link breaks before it arrives */
    uint32_t before = certificate_count(founder);
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    assert_int_equal(certificate_count(founder), before);
    assert_ok(talk_all(&again, &admin, &options, NULL));
    assert_int_equal(certificate_count(&admin), 4);
    assert_ok(talk_all(&joiner, &admin, &options, NULL));
    assert_ok(talk_all(&again, founder, &options, NULL));
    /* Another name is another certificate. */
    struct party third = party_by_password(founder, 10);
    options.friendly_name = "";
    assert_ok(talk_all(&third, founder, &options, NULL));
    assert_int_equal(certificate_count(founder), before + 2);
    const struct certificate_row *row;
    assert_ok(security_own(third.security, SCENE_NOW, &row));
    assert_string_equal(row->friendly_name, third.name);
    buffer_deinit(&first);
    party_deinit(&third);
    party_deinit(&again);
    party_deinit(&joiner);
    party_deinit(&admin);
}

/* Nothing that changes the store is said before it is committed. */
static void test_what_must_be_committed_first(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk;
    struct bytes body;
    assert_ok(talk_begin(&talk, &joiner, founder, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    assert_false(talk.caller_commits || talk.listener_commits);
    talk_listener(&talk);
    assert_true(talk.listener_commits && talk_message(&talk.to_caller, MESSAGE_YOUR_GMC, &body));
    assert_false(talk_message(&talk.to_caller, MESSAGE_WELCOME, &body));
    talk_caller(&talk, &options);
    assert_ok(talk.caller_result);
    assert_true(talk.caller_commits && talk_message(&talk.to_listener, MESSAGE_MY_GMC, &body));
    talk_listener(&talk);
    assert_ok(talk.listener_result);
    assert_false(handshake_must_commit(talk.accepting));
    talk_end(&talk);
    party_deinit(&joiner);
}

static void test_a_chain_of_24_refers(void **state)
{
    struct fixture *fixture = *state;
    struct party links[LIMIT_CHAIN_LENGTH];
    struct party *last = &fixture->scene.founder;
    for (unsigned i = 1; i < LIMIT_CHAIN_LENGTH; i++) {
        links[i] = party_join(last, 100 + i, ROLE_ADMIN);
        last = &links[i];
    }
    struct party joiner = party_by_password(last, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_hr(security_may_admit(last->security, SCENE_NOW), PEER_E_CHAIN_TOO_LONG);
    assert_refused(fixture, &joiner, last, &options, REFUSE_ISSUER);
    assert_int_equal(fixture->guard.next, 0);
    assert_ok(talk_all(&joiner, last - 1, &options, NULL));
    party_deinit(&joiner);
    for (unsigned i = 1; i < LIMIT_CHAIN_LENGTH; i++)
        party_deinit(&links[i]);
}

/* False when nothing failed any more. */
static bool join_without_memory(struct fixture *fixture, unsigned number, uint64_t nth)
{
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, number);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk = {.caller = NULL};
    fixture->guard = (struct password_guard){.next = 0};
    struct handshake_options accepting = {.accepting = true,
                                          .utc = SCENE_NOW,
                                          .channel = {0, 1},
                                          .link = {0, 2},
                                          .guard = &fixture->guard};
    struct handshake_options calling = {.kind = HANDSHAKE_NEIGHBOUR,
                                        .utc = SCENE_NOW,
                                        .channel = {0, 1},
                                        .link = {0, 2},
                                        .password = &fixture->right,
                                        .friendly_name = "Bea"};
    memcpy(accepting.peer_key, joiner.public_key, KEY_SIZE);
    memcpy(calling.peer_key, founder->public_key, KEY_SIZE);
    mem_fail_nth(nth);
    HRESULT hr = handshake_start(founder->security, &accepting, &talk.accepting, &talk.to_caller);
    if (SUCCEEDED(hr))
        hr = handshake_start(joiner.security, &calling, &talk.calling, &talk.to_listener);
    for (unsigned turn = 0; turn < 6 && SUCCEEDED(hr); turn++) {
        if (turn % 2 == 0)
            talk_listener(&talk);
        else if (turn < 5)
            talk_caller(&talk, &options);
        hr = turn % 2 == 0 ? talk.listener_result : talk.caller_result;
        if (hr == S_OK && turn % 2 == 0)
            break;
    }
    bool hit = mem_fail_hit();
    mem_fail_nth(0);
    assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
    talk_end(&talk);
    /* Whatever was left, it works with memory. */
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    party_deinit(&joiner);
    return hit;
}

static void test_lack_of_memory(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned n = 1; join_without_memory(fixture, 200 + n, n); n++)
        ;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_knows_the_password_is_let_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_wrong_password_is_not_even_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_may_not_issue_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_password, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_for_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_password_readmits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_fell_with_its_issuer_asks_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_was_removed_stays_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_certificate_of_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_must_be_committed_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_chain_of_24_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lack_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("group-handshake-password", tests, NULL, NULL);
}
