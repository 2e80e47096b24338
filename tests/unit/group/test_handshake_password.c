/* Does who knows the group's password, and nobody else, get a certificate in the handshake? What
 * has a wrong password, an old one, a proof from elsewhere, or a whole database to offer instead?
 * What do those learn who are refused, and how often may they try? */
#include "password_scene.h"
#include "support/test.h"

#include "base/label.h"
#include "graph/graph.h"
#include "group/handshake_internal.h"
#include "group/password_message.h"

struct fixture {
    struct scene scene;
    struct group_password password;
    struct password_key right, wrong;
    struct password_guard guard;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.right = PASSWORD_KEY_NULL};
    scene_init(&fixture.scene);
    fixture.password = password_of("Plinth-Vex-27", ROLE_MEMBER, 1, &fixture.right);
    struct group_password other = password_of("Plinth-Vex-28", ROLE_MEMBER, 1, &fixture.wrong);
    (void)other;
    scene_set_password(&fixture.scene, &fixture.password);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    password_key_deinit(&fixture->right);
    password_key_deinit(&fixture->wrong);
    scene_deinit(&fixture->scene);
    return 0;
}

static struct talk_options options_with(struct fixture *fixture, const struct password_key *key)
{
    return (struct talk_options){
        .password = key, .guard = &fixture->guard, .friendly_name = "Bea", .site = 1};
}

static bool knows_certificate(const struct party *at, const struct party *of)
{
    const struct certificate_row *row;
    struct provider *provider = party_provider(at);
    return SUCCEEDED(security_own(of->security, SCENE_NOW, &row)) &&
           provider->ops->certificate_has(provider, &row->hash);
}

static HRESULT count_one(void *context, const struct store_certificate *certificate)
{
    (void)certificate;
    (*(uint32_t *)context)++;
    return S_OK;
}

static uint32_t certificate_count(const struct party *party)
{
    uint32_t count = 0;
    assert_ok(party->store->ops->certificate_each(party->store, count_one, &count));
    return count;
}

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

static void assert_refused(struct fixture *fixture, const struct party *joiner,
                           const struct party *listener, const struct talk_options *options,
                           uint8_t code)
{
    struct handshake_refusal refusal = {.code = 0};
    uint32_t before = certificate_count(listener);
    (void)fixture;
    assert_hr(talk_all(joiner, listener, options, &refusal), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(refusal.code, code);
    assert_int_equal(certificate_count(listener), before);
    const struct certificate_row *row;
    assert_hr(security_own(joiner->security, SCENE_NOW, &row), PEER_E_NOT_AUTHORIZED);
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

static void sign_proof(const struct talk *talk, const struct talk_options *options,
                       const struct signing_key *key, struct buffer *out)
{
    struct password_transcript transcript = {
        .link = {options->channel, 2},
        .graph_id = bytes_of_text(security_graph_id(talk->listener->security)),
        .peer_name = bytes_of_text(talk->caller->name),
        .friendly_name = bytes_of_text(options->friendly_name)};
    struct store *store = talk->listener->store;
    struct store_record stored;
    struct guid id;
    uint8_t message[PASSWORD_SIGNED_SIZE], signature[CERTIFICATE_SIGNATURE_SIZE];
    security_properties_id(talk->listener->security, &id);
    assert_ok(store->ops->find(store, &id, &stored));
    transcript.properties = stored.digest;
    memcpy(transcript.requestor, talk->caller->public_key, KEY_SIZE);
    memcpy(transcript.authenticator, talk->listener->public_key, KEY_SIZE);
    password_signed_bytes(&transcript, message);
    signing_key_sign(key, message, sizeof(message), signature);
    struct password_proof proof = {.friendly_name = bytes_of_text(options->friendly_name),
                                   .signature = bytes_of(signature, sizeof(signature))};
    assert_ok(password_encode_proof(&proof, out));
}

/* Plays an attacker who says all that a joiner says, but brings its own proof; the listener's
 * answer. */
static HRESULT attack(const struct party *attacker, const struct party *listener,
                      const struct talk_options *options, const struct buffer *proof, uint8_t *code)
{
    struct talk talk;
    struct bytes body;
    struct message_goodbye goodbye = {.code = 0};
    /* The right key makes the caller go on; its proof is cut off and replaced. */
    assert_ok(talk_begin(&talk, attacker, listener, options));
    talk_listener(&talk);
    if (talk.listener_result == S_FALSE) {
        talk_caller(&talk, options);
        assert_true(talk_message(&talk.to_listener, MESSAGE_PASSWORD, &body));
        talk.to_listener.size = (size_t)(body.data - MESSAGE_HEADER_SIZE - talk.to_listener.data);
        assert_ok(buffer_append(&talk.to_listener, proof->data, proof->size));
        talk_listener(&talk);
    }
    HRESULT hr = talk.listener_result;
    if (talk_message(&talk.to_caller, MESSAGE_REFUSE, &body))
        assert_ok(message_decode_goodbye(body, &goodbye));
    bool given = talk_message(&talk.to_caller, MESSAGE_YOUR_GMC, &body);
    assert_true(given == (hr == S_FALSE));
    assert_true(given == talk.listener_commits);
    *code = goodbye.code;
    talk_end(&talk);
    return hr;
}

static void assert_attack_fails(struct fixture *fixture, const struct party *attacker,
                                const struct party *listener, const struct talk_options *options,
                                const struct buffer *proof)
{
    uint8_t code;
    uint32_t before = certificate_count(listener);
    fixture->guard = (struct password_guard){.next = 0};
    assert_hr(attack(attacker, listener, options, proof, &code), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(code, REFUSE_PASSWORD);
    assert_int_equal(certificate_count(listener), before);
}

/* The proof is what protocol.md 8 says, made here apart; then every key but the right one. */
static void test_only_the_right_signature_counts(void **state)
{
    struct fixture *fixture = *state;
    const struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk = {.caller = &joiner, .listener = founder};
    struct buffer proof = BUFFER_NULL;
    uint8_t code;
    const struct signing_key *wrong[] = {fixture->wrong.key, joiner.key, founder->key,
                                         fixture->scene.group_key};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        sign_proof(&talk, &options, wrong[i], &proof);
        assert_attack_fails(fixture, &joiner, founder, &options, &proof);
        buffer_deinit(&proof);
    }
    sign_proof(&talk, &options, fixture->right.key, &proof);
    for (size_t at = proof.size - 64; at < proof.size; at += 21) {
        proof.data[at] ^= 4;
        assert_attack_fails(fixture, &joiner, founder, &options, &proof);
        proof.data[at] ^= 4;
    }
    fixture->guard = (struct password_guard){.next = 0};
    assert_hr(attack(&joiner, founder, &options, &proof, &code), S_FALSE);
    buffer_deinit(&proof);
    party_deinit(&joiner);
}

/* A proof is good in one connection, for one key, at one member, for one name. */
static void test_a_proof_is_of_no_use_elsewhere(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party admin = party_join(founder, 3, ROLE_ADMIN);
    struct party joiner = party_by_password(founder, 10), thief = party_by_password(founder, 11);
    struct talk_options options = options_with(fixture, &fixture->right), other = options;
    struct talk talk = {.caller = &joiner, .listener = founder};
    struct buffer proof = BUFFER_NULL;
    sign_proof(&talk, &options, fixture->right.key, &proof);
    other.channel = 7; /* another connection */
    assert_attack_fails(fixture, &joiner, founder, &other, &proof);
    assert_attack_fails(fixture, &joiner, &admin, &options, &proof); /* relayed to another member */
    assert_attack_fails(fixture, &thief, founder, &options, &proof); /* with another key */
    struct buffer renamed = BUFFER_NULL;
    struct password_proof parts;
    struct message message;
    assert_ok(message_next(buffer_view(&proof), &message));
    assert_ok(password_decode_proof(message.body, &parts));
    parts.friendly_name = bytes_of_text("Eve");
    assert_ok(password_encode_proof(&parts, &renamed));
    assert_attack_fails(fixture, &joiner, founder, &options, &renamed);
    /* Under Security Properties that have changed since. */
    struct password_key next_key;
    struct group_password next = password_of("Obelisk-Quay-31", ROLE_MEMBER, 2, &next_key);
    scene_set_password(&fixture->scene, &next);
    other = options;
    other.password = &next_key;
    assert_attack_fails(fixture, &joiner, founder, &other, &proof);
    scene_set_password(&fixture->scene, &fixture->password);
    assert_attack_fails(fixture, &joiner, founder, &options, &proof);
    password_key_deinit(&next_key);
    buffer_deinit(&renamed);
    buffer_deinit(&proof);
    party_deinit(&thief);
    party_deinit(&joiner);
    party_deinit(&admin);
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

/* Without the invitation's secret nothing is told of the password, nor that there is one. */
static void test_who_has_no_invitation_learns_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct scene plain; /* another group: no password */
    scene_init(&plain);
    struct buffer said[2] = {BUFFER_NULL, BUFFER_NULL};
    const struct party *listeners[] = {founder, &plain.founder};
    for (size_t i = 0; i < 2; i++) {
        struct talk talk;
        struct bytes body;
        assert_ok(talk_begin(&talk, &joiner, founder, &options));
        assert_true(talk_message(&talk.to_listener, MESSAGE_PASSWORD, &body));
        talk.to_listener.data[talk.to_listener.size - 1] ^= 1;
        if (i == 1) { /* its ADMISSION must be that group's */
            struct talk other;
            assert_ok(talk_begin(&other, &plain.founder, &plain.founder, &options));
            memcpy(talk.to_listener.data, other.to_listener.data, other.to_listener.size);
            handshake_free(talk.accepting);
            talk.accepting = other.accepting;
            other.accepting = NULL;
            talk_end(&other);
        }
        talk.listener = listeners[i];
        talk_listener(&talk);
        assert_hr(talk.listener_result, PEER_E_NOT_AUTHORIZED);
        assert_false(talk_message(&talk.to_caller, MESSAGE_PASSWORD, &body));
        assert_true(talk_message(&talk.to_caller, MESSAGE_REFUSE, &body));
        assert_ok(buffer_append(&said[i], body.data, body.size));
        talk_end(&talk);
    }
    assert_true(bytes_equal(buffer_view(&said[0]), buffer_view(&said[1])));
    buffer_deinit(&said[0]);
    buffer_deinit(&said[1]);
    scene_deinit(&plain);
    party_deinit(&joiner);
}

static struct password_attempt attempt_of(uint8_t key, uint8_t net, uint8_t host)
{
    return (struct password_attempt){.key = {{key}},
                                     .ip = {0x20, 1, 0xd, 0xb8, 0, 0, 0, net, [15] = host}};
}

/* 3 of a key, 3 of a /64 or an IPv4 address, 10 in all, for a minute. */
static void test_the_guard_counts(void **state)
{
    (void)state;
    struct password_guard guard = {.now_ms = 5};
    for (uint8_t i = 0; i < 3; i++) {
        struct password_attempt one = attempt_of(1, i, 0);
        assert_true(password_guard_allows(&guard, &one));
        password_guard_failed(&guard, &one);
    }
    struct password_attempt same_key = attempt_of(1, 9, 0), other = attempt_of(2, 9, 0);
    assert_false(password_guard_allows(&guard, &same_key));
    assert_true(password_guard_allows(&guard, &other));
    for (uint8_t i = 0; i < 3; i++) {
        other = attempt_of((uint8_t)(10 + i), 9, i);
        assert_true(password_guard_allows(&guard, &other));
        password_guard_failed(&guard, &other);
    }
    other = attempt_of(20, 9, 77); /* the same /64 */
    assert_false(password_guard_allows(&guard, &other));
    struct password_attempt v4 = {.key = {{30}}, .ip = {[10] = 0xff, 0xff, 10, 0, 0, 1}};
    for (uint8_t i = 0; i < 3; i++) {
        v4.key.bytes[1] = i;
        assert_true(password_guard_allows(&guard, &v4));
        password_guard_failed(&guard, &v4);
    }
    v4.key.bytes[1] = 9;
    assert_false(password_guard_allows(&guard, &v4));
    v4.ip[15] = 2; /* a neighbour in the same /24 */
    assert_true(password_guard_allows(&guard, &v4));
    password_guard_failed(&guard, &v4); /* the tenth */
    other = attempt_of(99, 99, 0);
    assert_false(password_guard_allows(&guard, &other));
    guard.now_ms = 5 + 60 * 1000 - 1;
    assert_false(password_guard_allows(&guard, &other));
    guard.now_ms = 5 + 60 * 1000;
    assert_true(password_guard_allows(&guard, &other));
    assert_true(password_guard_allows(&guard, &same_key));
}

/* Beyond the limit not even the right password is looked at; later it is. */
static void test_too_many_attempts(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk = {.caller = &joiner, .listener = founder};
    struct buffer proof = BUFFER_NULL;
    uint8_t code;
    fixture->guard.now_ms = 1000;
    sign_proof(&talk, &options, fixture->wrong.key, &proof);
    for (unsigned i = 0; i < LIMIT_PASSWORD_FAILURES_EACH; i++) {
        assert_hr(attack(&joiner, founder, &options, &proof, &code), PEER_E_NOT_AUTHORIZED);
        assert_int_equal(code, REFUSE_PASSWORD);
    }
    assert_refused(fixture, &joiner, founder, &options, REFUSE_ATTEMPTS);
    /* A connection that had its offer before is stopped at its proof. */
    struct password_guard full = fixture->guard, empty = {.now_ms = 1000};
    buffer_deinit(&proof);
    assert_ok(talk_begin(&talk, &joiner, founder, &options));
    fixture->guard = empty;
    talk_listener(&talk);
    fixture->guard = full;
    talk_caller(&talk, &options);
    talk_listener(&talk);
    assert_hr(talk.listener_result, PEER_E_NOT_AUTHORIZED);
    talk_caller(&talk, &options);
    assert_int_equal(handshake_refusal(talk.calling)->code, REFUSE_ATTEMPTS);
    talk_end(&talk);
    fixture->guard.now_ms += 60 * 1000;
    assert_ok(talk_all(&joiner, founder, &options, NULL));
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
    assert_ok(talk_all(&joiner, last - 1, &options, NULL));
    party_deinit(&joiner);
    for (unsigned i = 1; i < LIMIT_CHAIN_LENGTH; i++)
        party_deinit(&links[i]);
}

/* ---- what a joiner believes ---- */

/* Hears an offer in place of the listener's; the joiner's result. */
static HRESULT hear_offer(struct fixture *fixture, const struct party *joiner,
                          const struct password_offer *offer)
{
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk;
    struct bytes body;
    assert_ok(talk_begin(&talk, joiner, &fixture->scene.founder, &options));
    talk_listener(&talk);
    assert_true(talk_message(&talk.to_caller, MESSAGE_PASSWORD, &body));
    talk.to_caller.size = (size_t)(body.data - MESSAGE_HEADER_SIZE - talk.to_caller.data);
    assert_ok(password_encode_offer(offer, &talk.to_caller));
    uint32_t before = certificate_count(joiner);
    talk_caller(&talk, &options);
    HRESULT hr = talk.caller_result;
    assert_true((talk.to_listener.size > 0) == (hr == S_FALSE));
    /* Chains of who is a member stay, what an offer brings does not. */
    assert_in_range(certificate_count(joiner), before, 2);
    talk_end(&talk);
    return hr;
}

static struct password_offer offer_of(const struct party *party, struct store_record *stored)
{
    struct guid id;
    security_properties_id(party->security, &id);
    assert_ok(party->store->ops->get(party->store, &id, stored));
    return (struct password_offer){.certificate = stored->certificate,
                                   .signature = stored->signature,
                                   .header = stored->header,
                                   .payload = stored->payload};
}

static void test_only_the_groups_own_properties_are_believed(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct store_record own, foreign;
    struct password_offer offer = offer_of(founder, &own), bad;
    struct scene other;
    scene_init(&other);
    scene_set_password(&other, &fixture->password);
    assert_hr(hear_offer(fixture, &joiner, &offer), S_FALSE);
    bad = offer_of(&other.founder, &foreign);
    assert_hr(hear_offer(fixture, &joiner, &bad), PEER_E_NOT_AUTHORIZED);
    /* Each part altered. */
    struct bytes *const parts[] = {&offer.signature, &offer.header, &offer.payload};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        struct bytes kept = *parts[i];
        uint8_t *bent = mem_dup(kept.data, kept.size);
        bent[kept.size / 2] ^= 1;
        *parts[i] = bytes_of(bent, kept.size);
        HRESULT hr = hear_offer(fixture, &joiner, &offer);
        assert_true(hr == PEER_E_NOT_AUTHORIZED);
        *parts[i] = kept;
        mem_free(bent);
    }
    bad = offer;
    bad.certificate.bytes[0] ^= 1;
    assert_hr(hear_offer(fixture, &joiner, &bad), PEER_E_NOT_AUTHORIZED);
    bad = offer;
    bad.payload = bytes_of(NULL, 0);
    assert_hr(hear_offer(fixture, &joiner, &bad), PEER_E_NOT_AUTHORIZED);
    store_record_deinit(&own);
    store_record_deinit(&foreign);
    scene_deinit(&other);
    party_deinit(&joiner);
}

/* An older version, shown by who hopes to hear the new password: the joiner signs nothing. */
static void test_an_old_version_gets_no_signature(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct store_record old;
    struct password_offer offer = offer_of(founder, &old);
    struct password_key next_key, new_with_old_salt;
    struct group_password next = password_of("Obelisk-Quay-31", ROLE_MEMBER, 2, &next_key);
    scene_set_password(&fixture->scene, &next);
    assert_ok(password_key_derive("Obelisk-Quay-31", fixture->password.salt,
                                  &fixture->password.cost, &new_with_old_salt));
    struct password_key right = fixture->right;
    fixture->right = new_with_old_salt;
    assert_hr(hear_offer(fixture, &joiner, &offer), PEER_E_NOT_AUTHORIZED);
    fixture->right = right;
    password_key_deinit(&new_with_old_salt);
    password_key_deinit(&next_key);
    store_record_deinit(&old);
    party_deinit(&joiner);
}

/* A deputy may have signed them; its certificate comes along and leaves no trace. */
static void test_properties_by_a_deputy(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party deputy = scene_deputy(&fixture->scene, 20);
    struct party joiner = party_by_password(founder, 10);
    const struct group_properties *current;
    struct group_properties next;
    struct sealed_record sealed;
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_ok(security_properties(founder->security, &current));
    assert_ok(group_properties_copy(current, &next));
    next.presence_lifetime = 999;
    security_set_time(deputy.security, SCENE_NOW);
    assert_ok(security_properties_record(deputy.security, &next, SCENE_NOW, &sealed));
    assert_ok(party_deliver(founder, &deputy, &sealed));
    struct provider *provider = party_provider(&joiner);
    assert_ok(talk_all(&joiner, founder, &options, NULL));
    assert_false(provider->ops->certificate_has(provider, &sealed.seal.certificate));
    sealed_record_deinit(&sealed);
    group_properties_deinit(&next);
    party_deinit(&joiner);
    party_deinit(&deputy);
}

/* Only the very certificate that was asked for is taken. */
static void test_another_certificate_is_not_taken(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10), someone = party_by_password(founder, 11);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct store_record stored;
    struct password_offer offer = offer_of(founder, &stored);
    struct hash other_digest = {{1}};
    const struct {
        const struct party *to;
        unsigned roles;
        const struct hash *properties;
        const char *friendly_name;
        uint64_t not_after;
    } cases[] = {{&joiner, ROLE_MEMBER, &stored.digest, "Bea", 0},
                 {&someone, ROLE_MEMBER, &stored.digest, "Bea", 0},
                 {&joiner, ROLE_ADMIN, &stored.digest, "Bea", 0},
                 {&joiner, ROLE_MEMBER, &other_digest, "Bea", 0},
                 {&joiner, ROLE_MEMBER, NULL, "Bea", 0},
                 {&joiner, ROLE_MEMBER, &stored.digest, "Eve", 0}};
    (void)offer;
    for (size_t i = ARRAY_SIZE(cases); i-- > 0;) { /* the good one last */
        struct talk talk;
        struct bytes body;
        struct issue_request request = issue_for(cases[i].to, cases[i].roles);
        request.friendly_name = cases[i].friendly_name;
        request.properties = cases[i].properties;
        struct buffer chain = party_issue(founder, &request);
        assert_ok(talk_begin(&talk, &joiner, founder, &options));
        talk_listener(&talk);
        talk_caller(&talk, &options);
        talk_listener(&talk);
        assert_true(talk_message(&talk.to_caller, MESSAGE_YOUR_GMC, &body));
        talk.to_caller.size = 0;
        struct wire_writer writer;
        wire_writer_init(&writer, &talk.to_caller);
        size_t begin = message_begin(&writer, MESSAGE_YOUR_GMC);
        wire_write_fixed(&writer, chain.data, chain.size);
        assert_ok(message_end(&writer, begin));
        talk_caller(&talk, &options);
        assert_hr(talk.caller_result, i == 0 ? S_OK : PEER_E_NOT_AUTHORIZED);
        assert_true(security_needs_password(joiner.security, SCENE_NOW) == (i > 0));
        buffer_deinit(&chain);
        talk_end(&talk);
    }
    store_record_deinit(&stored);
    party_deinit(&someone);
    party_deinit(&joiner);
}

/* Messages cut short, bent, or out of place: never accepted, never more than a refusal. */
static void test_garbage(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    static const uint8_t types[] = {MESSAGE_YOUR_GMC, MESSAGE_PASSWORD, MESSAGE_REFUSE,
                                    MESSAGE_CONNECT, 0x7F};
    for (unsigned stage = 0; stage < 2; stage++)
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
            for (uint8_t size = 0; size < 4; size++) {
                struct talk talk;
                assert_ok(talk_begin(&talk, &joiner, founder, &options));
                if (stage == 1) {
                    talk_listener(&talk);
                    talk_caller(&talk, &options);
                    talk.to_listener.size = 0;
                } else {
                    talk.to_listener.size = MESSAGE_HEADER_SIZE + 32; /* ADMISSION */
                }
                struct wire_writer writer;
                wire_writer_init(&writer, &talk.to_listener);
                size_t begin = message_begin(&writer, types[i]);
                wire_write_fixed(&writer, "\x01\x02\x03", size);
                assert_ok(message_end(&writer, begin));
                talk_listener(&talk);
                assert_hr(talk.listener_result, PEER_E_INVALID_RECORD);
                assert_int_equal(talk.to_caller.size, 0);
                talk_end(&talk);
            }
    assert_true(security_needs_password(joiner.security, SCENE_NOW));
    party_deinit(&joiner);
}

/* The caller for a direct link, and one that asked and then shows a certificate. */
static void test_what_is_not_mixed(void **state)
{
    struct fixture *fixture = *state;
    struct party *founder = &fixture->scene.founder;
    struct party joiner = party_by_password(founder, 10),
                 member = party_join(founder, 3, ROLE_MEMBER);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct handshake_options direct = {
        .kind = HANDSHAKE_DIRECT, .utc = SCENE_NOW, .password = &fixture->right};
    struct handshake *handshake;
    struct buffer out = BUFFER_NULL;
    memcpy(direct.peer_key, founder->public_key, KEY_SIZE);
    assert_hr(handshake_start(joiner.security, &direct, &handshake, &out), PEER_E_NOT_AUTHORIZED);
    struct talk asks, shows;
    assert_ok(talk_begin(&asks, &joiner, founder, &options));
    assert_ok(talk_begin(&shows, &member, founder, &options));
    talk_listener(&shows);
    talk_caller(&shows, &options);
    assert_ok(buffer_append(&asks.to_listener, shows.to_listener.data, shows.to_listener.size));
    talk_listener(&asks);
    assert_hr(asks.listener_result, PEER_E_INVALID_RECORD);
    talk_end(&asks);
    talk_end(&shows);
    party_deinit(&member);
    party_deinit(&joiner);
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
        cmocka_unit_test_setup_teardown(test_only_the_right_signature_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_proof_is_of_no_use_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_may_not_issue_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_changed_password, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_for_a_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_has_no_invitation_learns_nothing, setup, teardown),
        cmocka_unit_test(test_the_guard_counts),
        cmocka_unit_test_setup_teardown(test_too_many_attempts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_password_readmits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_fell_with_its_issuer_asks_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_was_removed_stays_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_certificate_of_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_must_be_committed_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_chain_of_24_refers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_groups_own_properties_are_believed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_an_old_version_gets_no_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties_by_a_deputy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_certificate_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_mixed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lack_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests_name("group-handshake-password", tests, NULL, NULL);
}
