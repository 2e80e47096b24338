/* Does nobody else get one: with a wrong password, an old one, a proof from elsewhere, or a whole
 * database instead? What do those learn who are refused, how often may they try, and what does a
 * joiner believe? */
#include "password_fixture.h"

#include "base/label.h"
#include "graph/graph.h"
#include "group/handshake_internal.h"
#include "group/password_message.h"

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
    assert_false(talk_message(&talk.to_caller, MESSAGE_REVOKED, &body));
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

/* Whom the listener has refused before, and why, is nothing to somebody who guesses. */
static void test_a_guesser_hears_of_no_removal(void **state)
{
    struct fixture *fixture = *state;
    const struct party *founder = &fixture->scene.founder;
    struct party member = party_join(founder, 12, ROLE_MEMBER);
    struct party joiner = party_by_password(founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    struct sealed_record revocation =
        scene_revoke(founder, true, &member.key_hash, SCENE_NOW, NULL, 0);
    struct talk talk;
    struct bytes body;
    assert_ok(party_deliver(founder, founder, &revocation));
    assert_ok(talk_begin(&talk, &member, founder, &options));
    talk_listener(&talk);
    talk_caller(&talk, &options);
    talk_listener(&talk);
    assert_hr(talk.listener_result, PEER_E_NOT_AUTHORIZED);
    assert_true(talk_message(&talk.to_caller, MESSAGE_REVOKED, &body));
    talk_end(&talk);
    struct talk guess = {.caller = &joiner, .listener = founder};
    struct buffer proof = BUFFER_NULL;
    sign_proof(&guess, &options, fixture->wrong.key, &proof);
    assert_attack_fails(fixture, &joiner, founder, &options, &proof);
    buffer_deinit(&proof);
    sealed_record_deinit(&revocation);
    party_deinit(&joiner);
    party_deinit(&member);
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

/* Only the very certificate that was asked for is taken, and none that ends before its issuer's. */
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
                 {&joiner, ROLE_MEMBER, &stored.digest, "Eve", 0},
                 {&joiner, ROLE_MEMBER, &stored.digest, "Bea", SCENE_NOW + TICKS_PER_SECOND},
                 {&joiner, ROLE_MEMBER, &stored.digest, "Bea", SCENE_NOW + 365 * SCENE_DAY}};
    (void)offer;
    for (size_t i = ARRAY_SIZE(cases); i-- > 0;) { /* the good one last */
        struct talk talk;
        struct bytes body;
        struct issue_request request = issue_for(cases[i].to, cases[i].roles);
        request.friendly_name = cases[i].friendly_name;
        request.properties = cases[i].properties;
        request.not_after = cases[i].not_after;
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

/* ---- with a copy of a database ---- */

/* All that a member's store holds, one value behind the other. */
struct loot {
    struct store *store;
    struct buffer bytes;
};

static void loot_add(struct loot *loot, struct bytes part)
{
    assert_ok(buffer_append(&loot->bytes, part.data, part.size));
    assert_ok(buffer_append(&loot->bytes, "", 1));
}

static HRESULT loot_value(void *context, struct bytes key, struct bytes value)
{
    loot_add(context, key);
    loot_add(context, value);
    return S_OK;
}

static HRESULT loot_certificate(void *context, const struct store_certificate *certificate)
{
    loot_add(context, certificate->der);
    return S_OK;
}

static HRESULT loot_record(void *context, const struct store_record *row)
{
    struct loot *loot = context;
    struct store_record whole;
    assert_ok(loot->store->ops->get(loot->store, &row->id, &whole));
    loot_add(loot, bytes_of(whole.digest.bytes, HASH_SIZE));
    loot_add(loot, whole.header);
    loot_add(loot, whole.signature);
    loot_add(loot, whole.payload);
    store_record_deinit(&whole);
    return S_OK;
}

/* The store, and an invitation by password. */
static struct loot loot_of(const struct party *member, const struct party *founder)
{
    struct loot loot = {.store = member->store, .bytes = BUFFER_NULL};
    struct buffer chain = BUFFER_NULL, xml = BUFFER_NULL;
    assert_ok(loot.store->ops->value_each(loot.store, "", loot_value, &loot));
    assert_ok(loot.store->ops->certificate_each(loot.store, loot_certificate, &loot));
    assert_ok(loot.store->ops->walk(loot.store, NULL, false, loot_record, &loot));
    assert_ok(security_own_chain(founder->security, SCENE_NOW, &chain));
    struct invite_request request = {
        .scheme = GROUP_SCHEME_PASSWORD, .chain = buffer_view(&chain), .scope = SCOPE_GLOBAL};
    assert_ok(security_invite(founder->security, &request, &xml));
    loot_add(&loot, buffer_view(&xml));
    buffer_deinit(&xml);
    buffer_deinit(&chain);
    return loot;
}

/* Proves with a key that was found; whether that lets the thief in. */
static bool key_gets_in(struct fixture *fixture, const struct party *thief,
                        const struct signing_key *key)
{
    const struct party *founder = &fixture->scene.founder;
    struct talk_options options = options_with(fixture, &fixture->right);
    struct talk talk = {.caller = thief, .listener = founder};
    struct buffer proof = BUFFER_NULL;
    uint8_t code = 0;
    sign_proof(&talk, &options, key, &proof);
    fixture->guard = (struct password_guard){.next = 0};
    HRESULT hr = attack(thief, founder, &options, &proof, &code);
    buffer_deinit(&proof);
    assert_true(hr == S_FALSE || (hr == PEER_E_NOT_AUTHORIZED && code == REFUSE_PASSWORD));
    return hr == S_FALSE;
}

/* Each run of 32 bytes as the derived key. A key that is not the one whose public half the
 * properties have is tried at the founder's now and then only, for time. */
static bool any_key_gets_in(struct fixture *fixture, const struct party *thief, struct bytes loot)
{
    bool in = false;
    for (size_t at = 0; !in && at + SEED_SIZE <= loot.size; at++) {
        struct signing_key *key = NULL;
        uint8_t public_key[KEY_SIZE];
        assert_ok(signing_key_from_seed(loot.data + at, &key));
        signing_key_public(key, public_key);
        if (memcmp(public_key, fixture->password.public_key, KEY_SIZE) == 0 || at % 41 == 0)
            in = key_gets_in(fixture, thief, key);
        signing_key_free(key);
    }
    return in;
}

/* Derives as the properties say, and connects. */
static bool password_gets_in(struct fixture *fixture, const struct party *thief, const char *text)
{
    struct password_key key;
    assert_ok(password_key_derive(text, fixture->password.salt, &fixture->password.cost, &key));
    bool in = key_gets_in(fixture, thief, key.key);
    password_key_deinit(&key);
    return in;
}

/* Each text of four and more letters as the password, and what the properties keep of one in
 * letters. */
static bool any_text_gets_in(struct fixture *fixture, const struct party *thief, struct bytes loot)
{
    char text[LIMIT_PASSWORD_UNITS + 1], hex[HASH_TEXT_SIZE];
    struct hash kept;
    size_t size = 0;
    bool in = false;
    memcpy(kept.bytes, fixture->password.public_key, KEY_SIZE);
    hash_format(&kept, hex);
    in = password_gets_in(fixture, thief, hex);
    for (size_t at = 0; !in && at < loot.size; at++) {
        bool letter = loot.data[at] > ' ' && loot.data[at] < 0x7F;
        if (letter && size < sizeof(text) - 1) {
            text[size++] = (char)loot.data[at];
            continue;
        }
        text[size] = 0;
        if (size >= 4)
            in = password_gets_in(fixture, thief, text);
        size = 0;
    }
    return in;
}

/* A new identity that has all that a member's database holds, but no key, and an invitation: it
 * cannot open the database as its own, and nothing in there gets it in, as the password or as the
 * key made of it. The password and that key would, had they been in there. */
static void test_a_copy_of_a_database_lets_nobody_in(void **state)
{
    struct fixture *fixture = *state;
    struct party member = party_by_password(&fixture->scene.founder, 10);
    struct talk_options options = options_with(fixture, &fixture->right);
    assert_ok(talk_all(&member, &fixture->scene.founder, &options, NULL));
    party_sync_properties(&member, &fixture->scene.founder);
    struct loot loot = loot_of(&member, &fixture->scene.founder);
    struct party thief = party_by_password(&fixture->scene.founder, 11);
    struct security_self self = party_self(&thief);
    struct security *opened = NULL;
    assert_hr(security_open(member.store, &self, NULL, SCENE_NOW, &opened),
              PEER_E_INVALID_DATABASE);
    uint32_t before = certificate_count(&fixture->scene.founder);
    assert_false(any_key_gets_in(fixture, &thief, buffer_view(&loot.bytes)));
    assert_false(any_text_gets_in(fixture, &thief, buffer_view(&loot.bytes)));
    assert_int_equal(certificate_count(&fixture->scene.founder), before);

    uint8_t seed[SEED_SIZE];
    size_t size = loot.bytes.size;
    signing_key_seed(fixture->right.key, seed);
    loot_add(&loot, bytes_of(seed, sizeof(seed)));
    assert_true(any_key_gets_in(fixture, &thief, buffer_view(&loot.bytes)));
    loot.bytes.size = size;
    loot_add(&loot, bytes_of_text("Plinth-Vex-27"));
    assert_true(any_text_gets_in(fixture, &thief, buffer_view(&loot.bytes)));
    buffer_deinit(&loot.bytes);
    party_deinit(&thief);
    party_deinit(&member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_the_right_signature_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_guesser_hears_of_no_removal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_proof_is_of_no_use_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_has_no_invitation_learns_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_copy_of_a_database_lets_nobody_in, setup, teardown),
        cmocka_unit_test(test_the_guard_counts),
        cmocka_unit_test_setup_teardown(test_too_many_attempts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_the_groups_own_properties_are_believed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_an_old_version_gets_no_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(test_properties_by_a_deputy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_another_certificate_is_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_mixed, setup, teardown),
    };
    return cmocka_run_group_tests_name("group-handshake-password-attack", tests, NULL, NULL);
}
