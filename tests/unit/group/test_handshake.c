/* Do two members find each other over any cut of the stream, and is everybody else refused with a
 * code that says why? Does a listener keep silent until it has a right ADMISSION? Can a stranger
 * make this side hold more than it is allowed? */
#include "scene.h"
#include "support/test.h"

#include "base/label.h"
#include "group/handshake.h"
#include "group/sni.h"
#include "wire/message.h"

#include <sodium.h>

struct fixture {
    struct scene scene;
    struct party member;
};

static int setup(void **state)
{
    static struct fixture fixture;
    scene_init(&fixture.scene);
    fixture.member = party_join(&fixture.scene.founder, 1, ROLE_MEMBER);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    party_deinit(&fixture->member);
    scene_deinit(&fixture->scene);
    return 0;
}

static struct handshake_options options_for(bool accepting, const struct party *other)
{
    struct handshake_options options = {.accepting = accepting,
                                        .kind = accepting ? 0 : HANDSHAKE_DIRECT,
                                        .channel = "what TLS exports on both sides",
                                        .utc = SCENE_NOW,
                                        .features = HANDSHAKE_FEATURES};
    memcpy(options.peer_key, other->public_key, KEY_SIZE);
    return options;
}

static void put_admission(struct buffer *out, const struct party *caller,
                          const struct handshake_options *of)
{
    struct handshake *handshake;
    struct handshake_options options = *of;
    options.accepting = false;
    assert_ok(handshake_start(caller->security, &options, &handshake, out));
    handshake_free(handshake);
}

/* The three messages of one side. */
static struct buffer said_by(const struct party *party, const struct party *other)
{
    struct buffer out = BUFFER_NULL, admission = BUFFER_NULL;
    struct handshake *handshake;
    struct handshake_options options = options_for(true, other);
    put_admission(&admission, party, &options);
    assert_ok(handshake_start(party->security, &options, &handshake, &out));
    assert_int_equal(out.size, 0);
    assert_hr(handshake_feed(handshake, buffer_view(&admission), &out), S_FALSE);
    handshake_free(handshake);
    buffer_deinit(&admission);
    return out;
}

/* Feeds all of from in pieces; last is what the last piece must give. */
static void feed_in_pieces(struct handshake *handshake, const struct buffer *from, size_t piece,
                           HRESULT last, struct buffer *out)
{
    for (size_t at = 0; at < from->size; at += piece) {
        size_t size = from->size - at < piece ? from->size - at : piece;
        assert_int_equal(out->size, 0);
        HRESULT hr = handshake_feed(handshake, bytes_of(from->data + at, size), out);
        assert_hr(hr, at + size < from->size ? S_FALSE : last);
    }
}

static void test_two_members_meet_in_pieces_of_any_size(void **state)
{
    struct fixture *fixture = *state;
    const struct party *listener = &fixture->scene.founder, *caller = &fixture->member;
    for (size_t piece = 1; piece < 3000; piece = piece * 3 + 1) {
        struct buffer to_caller = BUFFER_NULL, to_listener = BUFFER_NULL;
        struct handshake *accepting, *calling;
        struct handshake_options options = options_for(true, caller);
        assert_ok(handshake_start(listener->security, &options, &accepting, &to_caller));
        assert_int_equal(to_caller.size, 0);
        options = options_for(false, listener);
        options.expected = &listener->key_hash;
        assert_ok(handshake_start(caller->security, &options, &calling, &to_listener));
        feed_in_pieces(accepting, &to_listener, piece, S_FALSE, &to_caller);
        assert_true(to_caller.size > 0);
        buffer_consume(&to_listener, to_listener.size);
        feed_in_pieces(calling, &to_caller, piece, S_OK, &to_listener);
        assert_int_equal(handshake_leftover(calling).size, 0);
        assert_ok(buffer_append_text(&to_listener, "graph"));
        assert_ok(handshake_feed(accepting, buffer_view(&to_listener), &to_caller));
        assert_true(bytes_equal(handshake_leftover(accepting), bytes_of_text("graph")));
        const struct handshake_result *result = handshake_result(accepting);
        assert_int_equal(result->kind, HANDSHAKE_DIRECT);
        assert_string_equal(result->peer_name, caller->name);
        assert_int_equal(result->roles, ROLE_MEMBER);
        assert_true(hash_equal(&result->key, &caller->key_hash));
        result = handshake_result(calling);
        assert_string_equal(result->peer_name, listener->name);
        assert_int_equal(result->roles, ROLE_ADMIN);
        struct provider *provider = party_provider(caller);
        assert_true(provider->ops->certificate_has(provider, &result->certificate));
        handshake_free(accepting);
        handshake_free(calling);
        buffer_deinit(&to_caller);
        buffer_deinit(&to_listener);
    }
}

/* Feeds one stream to a side that waits; consumes said. */
static HRESULT heard(const struct party *listener, const struct handshake_options *options,
                     struct buffer *said)
{
    struct buffer out = BUFFER_NULL, more = BUFFER_NULL;
    struct handshake *handshake;
    assert_ok(handshake_start(listener->security, options, &handshake, &out));
    HRESULT hr = handshake_feed(handshake, buffer_view(said), &more);
    if (FAILED(hr)) {
        assert_int_equal(more.size, 0);
        assert_hr(handshake_feed(handshake, bytes_of("x", 1), &more), hr);
    }
    handshake_free(handshake);
    buffer_deinit(&out);
    buffer_deinit(&more);
    buffer_deinit(said);
    return hr;
}

/* The member calls; the answer of who listens is what is judged. */
static HRESULT answered(const struct party *caller, const struct party *listener)
{
    struct handshake_options options = options_for(false, listener);
    struct buffer said = said_by(listener, caller);
    return heard(caller, &options, &said);
}

static void test_strangers(void **state)
{
    struct fixture *fixture = *state;
    const struct party *founder = &fixture->scene.founder, *member = &fixture->member;
    struct scene other;
    scene_init(&other);
    assert_ok(answered(member, founder));
    assert_hr(answered(member, &other.founder), PEER_E_NOT_AUTHORIZED);
    /* A chain that is not of the TLS key; a key that was not dialled. */
    struct handshake_options options = options_for(false, &other.founder);
    options.peer_key[0] ^= 1;
    struct buffer said = said_by(founder, member);
    assert_hr(heard(member, &options, &said), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    options = options_for(false, founder);
    options.expected = &member->key_hash;
    said = said_by(founder, member);
    assert_hr(heard(member, &options, &said), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    scene_deinit(&other);
}

static void put_message(struct buffer *out, uint8_t type, const void *body, size_t size)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, type);
    wire_write_fixed(&writer, body, size);
    assert_ok(message_end(&writer, begin));
}

/* protocol.md 3, computed apart: HMAC-SHA256(K, exporter). */
static void test_admission_is_what_the_protocol_says(void **state)
{
    struct fixture *fixture = *state;
    struct handshake_options options = options_for(false, &fixture->scene.founder);
    struct buffer said = BUFFER_NULL;
    struct message message;
    struct sni_key key;
    uint8_t want[32];
    sni_key_derive(security_graph_id(fixture->scene.founder.security), &key);
    crypto_auth_hmacsha256(want, options.channel, 32, key.bytes);
    put_admission(&said, &fixture->member, &options);
    assert_ok(message_next(buffer_view(&said), &message));
    assert_int_equal(message.size, said.size);
    assert_int_equal(message.type, 0x24);
    assert_true(bytes_equal(message.body, bytes_of(want, sizeof(want))));
    assert_string_equal((const char *)label_of(LABEL_ADMISSION), "peergroup/2 admission");
    buffer_deinit(&said);
}

/* A listener hears said in pieces, then what would have been right; consumes said. */
static void assert_not_admitted(struct fixture *fixture, struct buffer *said, const char *what)
{
    const struct party *founder = &fixture->scene.founder, *member = &fixture->member;
    struct handshake_options options = options_for(true, member);
    for (size_t piece = 1; piece < 2000; piece *= 7) {
        struct buffer out = BUFFER_NULL, right = BUFFER_NULL;
        struct handshake *handshake;
        HRESULT hr = S_FALSE;
        assert_ok(handshake_start(founder->security, &options, &handshake, &out));
        for (size_t at = 0; at < said->size && hr == S_FALSE; at += piece) {
            size_t size = said->size - at < piece ? said->size - at : piece;
            hr = handshake_feed(handshake, bytes_of(said->data + at, size), &out);
        }
        if (hr != PEER_E_NOT_AUTHORIZED || out.size > 0)
            print_error("%s in pieces of %zu\n", what, piece);
        assert_hr(hr, PEER_E_NOT_AUTHORIZED);
        put_admission(&right, member, &options);
        assert_hr(handshake_feed(handshake, buffer_view(&right), &out), PEER_E_NOT_AUTHORIZED);
        assert_int_equal(out.size, 0);
        handshake_free(handshake);
        buffer_deinit(&right);
        buffer_deinit(&out);
    }
    buffer_deinit(said);
}

static void test_a_wrong_admission_hears_nothing(void **state)
{
    struct fixture *fixture = *state;
    const struct party *member = &fixture->member;
    struct handshake_options options = options_for(true, member);
    struct buffer right = BUFFER_NULL, said = BUFFER_NULL;
    struct scene other;
    scene_init(&other);
    put_admission(&said, &other.founder, &options);
    assert_not_admitted(fixture, &said, "another group's");
    scene_deinit(&other);
    for (unsigned i = 0; i < HANDSHAKE_CHANNEL_SIZE; i += HANDSHAKE_CHANNEL_SIZE - 1) {
        options.channel[i] ^= 1;
        put_admission(&said, member, &options);
        assert_not_admitted(fixture, &said, "another connection's");
        options.channel[i] ^= 1;
    }
    put_admission(&right, member, &options);
    const uint8_t *mac = right.data + MESSAGE_HEADER_SIZE;
    uint8_t bent[33] = {0};
    static const size_t wrong_sizes[] = {0, 1, 16, 31, 33};
    memcpy(bent, mac, 32);
    for (size_t i = 0; i < ARRAY_SIZE(wrong_sizes); i++) {
        put_message(&said, MESSAGE_ADMISSION, bent, wrong_sizes[i]);
        assert_not_admitted(fixture, &said, "of another size");
    }
    for (size_t i = 0; i < 32; i += 31) {
        bent[i] ^= 0x80;
        put_message(&said, MESSAGE_ADMISSION, bent, 32);
        assert_not_admitted(fixture, &said, "bent");
        bent[i] ^= 0x80;
    }
    buffer_deinit(&right);
}

static void test_whatever_else_comes_first_hears_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t types[] = {MESSAGE_AUTH_INFO,
                                    MESSAGE_CONNECT,
                                    MESSAGE_HELLO,
                                    MESSAGE_MY_GMC,
                                    MESSAGE_PASSWORD,
                                    0x7F,
                                    0x80,
                                    0xFF};
    struct handshake_options options = options_for(true, &fixture->member);
    struct buffer said = BUFFER_NULL, right = BUFFER_NULL;
    put_admission(&right, &fixture->member, &options);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) { /* the right body under another name */
        put_message(&said, types[i], right.data + MESSAGE_HEADER_SIZE, 32);
        assert_not_admitted(fixture, &said, "another message");
        put_message(&said, types[i], "", 0);
        assert_ok(buffer_append(&said, right.data, right.size));
        assert_not_admitted(fixture, &said, "another message before it");
    }
    said = said_by(&fixture->member, &fixture->scene.founder);
    assert_not_admitted(fixture, &said, "the three of a member");
    assert_ok(buffer_append_text(&said, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_not_admitted(fixture, &said, "HTTP");
    assert_ok(buffer_append(&said, right.data, right.size));
    said.data[4] = MESSAGE_VERSION + 1;
    assert_not_admitted(fixture, &said, "another version");
    /* A long message need not end: nothing over the size of ADMISSION is waited for. */
    struct wire_writer writer;
    wire_writer_init(&writer, &said);
    (void)message_begin(&writer, MESSAGE_ADMISSION);
    wire_write_fixed(&writer, right.data, 33);
    wire_store_u32(said.data, LIMIT_MESSAGE_SIZE);
    assert_not_admitted(fixture, &said, "a message that never ends");
    buffer_deinit(&right);
}

struct auth {
    uint8_t kind;
    const char *graph_id, *source, *destination;
};

static void put_auth(struct buffer *out, const struct auth *auth)
{
    struct buffer body = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &body);
    wire_write_u8(&writer, auth->kind);
    wire_write_blob(&writer, bytes_of_text(auth->graph_id));
    wire_write_blob(&writer, bytes_of_text(auth->source));
    wire_write_blob(&writer, bytes_of_text(auth->destination));
    assert_ok(writer.hr);
    put_message(out, MESSAGE_AUTH_INFO, body.data, body.size);
    buffer_deinit(&body);
}

/* What the member says to the founder as caller, piece by piece as a test wants it. */
struct speech {
    const struct auth *auth;
    const char *hello;
    size_t hello_size;
    struct bytes chain;
};

static HRESULT spoken(struct fixture *fixture, const struct speech *speech)
{
    const struct party *founder = &fixture->scene.founder, *member = &fixture->member;
    struct auth good = {HANDSHAKE_NEIGHBOUR, security_graph_id(founder->security), member->name,
                        founder->name};
    struct buffer said = BUFFER_NULL, own = BUFFER_NULL;
    struct handshake_options options = options_for(true, member);
    put_admission(&said, member, &options);
    assert_ok(security_own_chain(member->security, SCENE_NOW, &own));
    put_auth(&said, speech->auth ? speech->auth : &good);
    if (speech->hello)
        put_message(&said, MESSAGE_HELLO, speech->hello, speech->hello_size);
    else
        put_message(&said, MESSAGE_HELLO, "\2\0\0\0\0\0\0\0\0\0", 10);
    struct bytes chain = speech->chain.data ? speech->chain : buffer_view(&own);
    put_message(&said, MESSAGE_MY_GMC, chain.data, chain.size);
    buffer_deinit(&own);
    return heard(founder, &options, &said);
}

static void test_auth_info(void **state)
{
    struct fixture *fixture = *state;
    const char *graph = security_graph_id(fixture->scene.founder.security);
    const char *me = fixture->member.name, *you = fixture->scene.founder.name;
    const struct {
        struct auth auth;
        HRESULT want;
    } cases[] = {
        {{HANDSHAKE_NEIGHBOUR, graph, me, you}, S_OK},
        {{HANDSHAKE_NEIGHBOUR, graph, me, ""}, S_OK},
        {{HANDSHAKE_DIRECT, graph, me, you}, S_OK},
        {{0, graph, me, you}, PEER_E_INVALID_RECORD},
        {{3, graph, me, you}, PEER_E_INVALID_RECORD},
        {{HANDSHAKE_NEIGHBOUR, graph, "", you}, PEER_E_INVALID_RECORD},
        {{HANDSHAKE_NEIGHBOUR, me, me, you}, PEER_E_NOT_AUTHORIZED},
        {{HANDSHAKE_NEIGHBOUR, "", me, you}, PEER_E_NOT_AUTHORIZED},
        {{HANDSHAKE_NEIGHBOUR, graph, me, me}, PEER_E_NOT_AUTHORIZED},
        {{HANDSHAKE_NEIGHBOUR, graph, you, you}, PEER_E_NOT_AUTHORIZED},
        {{HANDSHAKE_NEIGHBOUR, graph, "\xFF", you}, PEER_E_INVALID_RECORD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct speech speech = {.auth = &cases[i].auth};
        HRESULT hr = spoken(fixture, &speech);
        if (hr != cases[i].want)
            print_error("case %zu\n", i);
        assert_hr(hr, cases[i].want);
    }
}

static void test_hello(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        const char *hello;
        size_t size;
        HRESULT want;
    } cases[] = {
        {"\2\0\0\0\0\0\0\0\0\0", 10, S_OK},
        {"\2\1\0\0\0\0\0\0\0\0more", 14, S_OK},
        {"\2\0\0\0\0\0\0\0\0\0more", 14, PEER_E_INVALID_RECORD},
        {"\2\0\0\0\0\0\0\0\0", 9, PEER_E_INVALID_RECORD},
        {"\1\0\0\0\0\0\0\0\0\0", 10, PEER_E_UNSUPPORTED_VERSION},
        {"\3\0\0\0\0\0\0\0\0\0", 10, PEER_E_UNSUPPORTED_VERSION},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct speech speech = {.hello = cases[i].hello, .hello_size = cases[i].size};
        assert_hr(spoken(fixture, &speech), cases[i].want);
    }
}

static void test_chains(void **state)
{
    struct fixture *fixture = *state;
    struct buffer own = BUFFER_NULL, founders = BUFFER_NULL;
    assert_ok(security_own_chain(fixture->member.security, SCENE_NOW, &own));
    assert_ok(security_own_chain(fixture->scene.founder.security, SCENE_NOW, &founders));
    struct speech speech = {.chain = bytes_of("", 0)};
    assert_hr(spoken(fixture, &speech), PEER_E_NOT_AUTHORIZED);
    speech.chain = bytes_of(own.data, own.size - 1);
    assert_hr(spoken(fixture, &speech), PEER_E_NOT_AUTHORIZED);
    speech.chain = buffer_view(&founders);
    assert_hr(spoken(fixture, &speech), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    /* Only the last certificate, which the founder knows: that is enough to verify it. */
    struct scene other;
    scene_init(&other);
    struct buffer foreign = BUFFER_NULL;
    struct issue_request request = issue_for(&fixture->member, ROLE_MEMBER);
    foreign = party_issue(&other.founder, &request);
    speech.chain = buffer_view(&foreign);
    assert_hr(spoken(fixture, &speech), PEER_E_NOT_AUTHORIZED);
    buffer_deinit(&foreign);
    buffer_deinit(&founders);
    buffer_deinit(&own);
    scene_deinit(&other);
}

static void test_dates_with_twenty_minutes_of_grace(void **state)
{
    struct fixture *fixture = *state;
    struct party guest = party_new(5);
    struct issue_request request = issue_for(&guest, ROLE_MEMBER);
    request.not_before = SCENE_NOW;
    request.not_after = SCENE_NOW + SCENE_DAY;
    struct buffer chain = party_issue(&fixture->scene.founder, &request);
    struct buffer xml = party_invite(&fixture->scene.founder, buffer_view(&chain));
    assert_ok(party_adopt(&guest, buffer_view(&xml), SCENE_NOW));
    const struct {
        uint64_t utc;
        HRESULT want, own;
    } cases[] = {
        {SCENE_NOW - SCENE_GRACE, S_OK, S_OK},
        {SCENE_NOW - SCENE_GRACE - 1, PEER_E_NOT_AUTHORIZED, PEER_E_INVALID_TIME_PERIOD},
        {request.not_after + SCENE_GRACE, S_OK, S_OK},
        {request.not_after + SCENE_GRACE + 1, PEER_E_NOT_AUTHORIZED, PEER_E_INVALID_TIME_PERIOD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct handshake_options options = options_for(false, &guest);
        struct buffer said = said_by(&guest, &fixture->member), out = BUFFER_NULL;
        options.utc = cases[i].utc;
        assert_hr(heard(&fixture->member, &options, &said), cases[i].want);
        struct handshake *handshake;
        assert_hr(handshake_start(guest.security, &options, &handshake, &out), cases[i].own);
        handshake_free(handshake);
        buffer_deinit(&out);
    }
    buffer_deinit(&chain);
    buffer_deinit(&xml);
    party_deinit(&guest);
}

/* What one side says when it has refused the other: one REVOKED, or nothing. */
static struct buffer refused_with(const struct party *by, bool accepting, const struct party *whom)
{
    struct buffer out = BUFFER_NULL, said = BUFFER_NULL;
    struct handshake *handshake;
    struct handshake_options options = options_for(accepting, whom);
    struct handshake_options theirs = options_for(false, by);
    assert_ok(handshake_start(by->security, &options, &handshake, &out));
    if (accepting) {
        put_admission(&said, whom, &theirs);
        assert_hr(handshake_feed(handshake, buffer_view(&said), &out), S_FALSE);
        buffer_deinit(&said);
        said = said_by(whom, by);
        said.data[MESSAGE_HEADER_SIZE] = HANDSHAKE_NEIGHBOUR;
    } else {
        said = said_by(whom, by);
    }
    out.size = 0;
    assert_hr(handshake_feed(handshake, buffer_view(&said), &out), PEER_E_NOT_AUTHORIZED);
    assert_int_equal(handshake_revoked_by(handshake).size, 0);
    handshake_free(handshake);
    buffer_deinit(&said);
    return out;
}

/* Who is refused for a revocation hears which, on either side, and whoever waits keeps it. */
static void test_removed_members(void **state)
{
    struct fixture *fixture = *state;
    struct party guest = party_join(&fixture->scene.founder, 6, ROLE_MEMBER);
    struct sealed_record revocation =
        scene_revoke(&fixture->scene.founder, true, &guest.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(answered(&fixture->member, &guest));
    assert_ok(party_deliver(&fixture->member, &fixture->scene.founder, &revocation));
    for (int accepting = 0; accepting < 2; accepting++) {
        struct buffer told = refused_with(&fixture->member, accepting, &guest), out = BUFFER_NULL;
        struct message message;
        assert_ok(message_next(buffer_view(&told), &message));
        assert_int_equal(message.type, MESSAGE_REVOKED);
        assert_int_equal(message.size, told.size);
        /* The guest listened, and hears it in place of the caller's first words. */
        struct handshake_options options = options_for(true, &fixture->member);
        struct handshake *handshake;
        assert_ok(handshake_start(guest.security, &options, &handshake, &out));
        struct buffer admission = BUFFER_NULL;
        put_admission(&admission, &fixture->member, &options);
        assert_hr(handshake_feed(handshake, buffer_view(&admission), &out), S_FALSE);
        out.size = 0;
        assert_hr(handshake_feed(handshake, buffer_view(&told), &out), PEER_E_NOT_AUTHORIZED);
        assert_int_equal(out.size, 0);
        assert_true(bytes_equal(handshake_revoked_by(handshake), message.body));
        handshake_free(handshake);
        buffer_deinit(&admission);
        buffer_deinit(&told);
        buffer_deinit(&out);
    }
    /* Somebody else, refused for its key alone, hears nothing of that. */
    struct handshake_options wrong = options_for(false, &guest);
    wrong.expected = &guest.key_hash;
    struct buffer said = said_by(&fixture->scene.founder, &fixture->member);
    memcpy(wrong.peer_key, fixture->scene.founder.public_key, KEY_SIZE);
    assert_hr(heard(&fixture->member, &wrong, &said), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    /* It knows, and may call all the same: one of higher rank may have undone it. */
    assert_ok(party_deliver(&guest, &fixture->scene.founder, &revocation));
    struct handshake_options options = options_for(false, &fixture->member);
    struct handshake *handshake;
    struct buffer out = BUFFER_NULL;
    assert_ok(handshake_start(guest.security, &options, &handshake, &out));
    handshake_free(handshake);
    buffer_deinit(&out);
    sealed_record_deinit(&revocation);
    party_deinit(&guest);
}

static void test_order_and_kind_of_messages(void **state)
{
    struct fixture *fixture = *state;
    const struct party *founder = &fixture->scene.founder, *member = &fixture->member;
    struct handshake_options options = options_for(true, member);
    static const uint8_t wrong[] = {MESSAGE_HELLO,
                                    MESSAGE_MY_GMC,
                                    MESSAGE_YOUR_GMC,
                                    MESSAGE_PASSWORD,
                                    MESSAGE_FLOOD,
                                    MESSAGE_ADMISSION,
                                    0x7F};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct buffer said = BUFFER_NULL;
        put_admission(&said, member, &options);
        put_message(&said, wrong[i], "", 0);
        assert_hr(heard(founder, &options, &said), PEER_E_INVALID_RECORD);
    }
    struct buffer said = BUFFER_NULL;
    put_admission(&said, member, &options);
    put_message(&said, 0x80, "later", 5);
    assert_hr(heard(founder, &options, &said), S_FALSE);
    said = BUFFER_NULL;
    put_admission(&said, member, &options);
    assert_ok(buffer_append_text(&said, "GET / HTTP/1.1\r\n"));
    assert_hr(heard(founder, &options, &said), PEER_E_INVALID_RECORD);
}

static void test_a_stranger_cannot_make_us_hold_more(void **state)
{
    struct fixture *fixture = *state;
    struct handshake_options options = options_for(true, &fixture->member);
    struct buffer said = BUFFER_NULL, block = BUFFER_NULL;
    /* one message that never ends */
    struct wire_writer writer;
    put_admission(&said, &fixture->member, &options);
    wire_writer_init(&writer, &said);
    size_t begin = message_begin(&writer, MESSAGE_AUTH_INFO);
    wire_store_u32(said.data + begin, LIMIT_MESSAGE_SIZE);
    while (said.size <= LIMIT_UNAUTHENTICATED_BYTES)
        assert_ok(buffer_append_text(&said, "more"));
    assert_hr(heard(&fixture->scene.founder, &options, &said), PEER_E_INVALID_RECORD);
    /* many that are skipped */
    said = BUFFER_NULL;
    put_admission(&said, &fixture->member, &options);
    while (block.size < 1000)
        assert_ok(buffer_append_text(&block, "x"));
    while (said.size <= LIMIT_UNAUTHENTICATED_BYTES)
        put_message(&said, 0x90, block.data, block.size);
    assert_hr(heard(&fixture->scene.founder, &options, &said), PEER_E_INVALID_RECORD);
    buffer_deinit(&block);
}

static void test_features_that_the_group_demands(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct party guest = party_join(&scene.founder, 7, ROLE_MEMBER);
    const struct group_properties *current;
    struct group_properties next;
    struct sealed_record sealed;
    struct handshake *handshake;
    struct buffer out = BUFFER_NULL;
    assert_ok(security_properties(scene.founder.security, &current));
    assert_ok(group_properties_copy(current, &next));
    next.required_features = 4;
    assert_ok(security_properties_record(scene.founder.security, &next, SCENE_NOW, &sealed));
    assert_ok(party_deliver(&guest, &scene.founder, &sealed));
    struct handshake_options options = options_for(true, &scene.founder);
    assert_hr(handshake_start(guest.security, &options, &handshake, &out),
              PEER_E_UNSUPPORTED_VERSION);
    assert_int_equal(out.size, 0);
    sealed_record_deinit(&sealed);
    group_properties_deinit(&next);
    party_deinit(&guest);
    scene_deinit(&scene);
}

/* False when nothing failed any more. */
static bool meet_without_memory(struct fixture *fixture, bool accepting, uint64_t nth,
                                const struct buffer *said)
{
    struct buffer first = BUFFER_NULL, answer = BUFFER_NULL;
    struct handshake *handshake = NULL;
    struct handshake_options options = options_for(accepting, &fixture->scene.founder);
    mem_fail_nth(nth);
    HRESULT hr = handshake_start(fixture->member.security, &options, &handshake, &first);
    bool started = SUCCEEDED(hr);
    if (started)
        hr = handshake_feed(handshake, buffer_view(said), &answer);
    bool hit = mem_fail_hit();
    mem_fail_nth(0);
    assert_hr(hr, hit ? E_OUTOFMEMORY : accepting ? S_FALSE : S_OK);
    assert_true((first.size > 0) == (started && !accepting));
    assert_true((answer.size > 0) == !hit);
    handshake_free(handshake);
    buffer_deinit(&first);
    buffer_deinit(&answer);
    return hit;
}

static void test_lack_of_memory(void **state)
{
    struct fixture *fixture = *state;
    struct buffer said = said_by(&fixture->scene.founder, &fixture->member);
    for (uint64_t n = 1; meet_without_memory(fixture, false, n, &said); n++)
        ;
    buffer_deinit(&said);
    struct handshake_options options = options_for(true, &fixture->scene.founder);
    put_admission(&said, &fixture->scene.founder, &options);
    for (uint64_t n = 1; meet_without_memory(fixture, true, n, &said); n++)
        ;
    buffer_deinit(&said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_members_meet_in_pieces_of_any_size),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_admission_is_what_the_protocol_says),
        cmocka_unit_test(test_a_wrong_admission_hears_nothing),
        cmocka_unit_test(test_whatever_else_comes_first_hears_nothing),
        cmocka_unit_test(test_auth_info),
        cmocka_unit_test(test_hello),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_dates_with_twenty_minutes_of_grace),
        cmocka_unit_test(test_removed_members),
        cmocka_unit_test(test_order_and_kind_of_messages),
        cmocka_unit_test(test_a_stranger_cannot_make_us_hold_more),
        cmocka_unit_test(test_features_that_the_group_demands),
        cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests_name("group-handshake", tests, setup, teardown);
}
