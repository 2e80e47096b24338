/* fuzz_password.c - any bytes while somebody joins by password: no certificate comes of them, on
 * either side. The first byte chooses whose turn it is, the rest is what the other side says: 0 the
 * asking side after its question, 1 after AUTH_INFO and HELLO (so the proof comes), 2 the admitting
 * side in place of its offer, 3 in place of the certificate; 4 and more decode one body of
 * PASSWORD, which must come back byte for byte from the encoder. */
#include "group/handshake.h"
#include "group/peer_name.h"
#include "wire/message.h"

static const uint64_t utc = 133500000000000000ull;
static const struct password_cost cost = {.memory_kib = PASSWORD_MEMORY_MIN, .passes = 1};

struct side {
    struct signing_key *key;
    uint8_t public_key[KEY_SIZE];
    char *name;
    struct store *store;
    struct security *security;
};
static struct side founder, joiner;
static struct password_key password;

static void must(HRESULT hr)
{
    ASSERT(SUCCEEDED(hr));
}

static struct security_self begin_side(struct side *side, uint8_t number)
{
    const uint8_t seed[SEED_SIZE] = {number};
    struct hash hash;
    must(signing_key_from_seed(seed, &side->key));
    signing_key_public(side->key, side->public_key);
    key_hash(side->public_key, &hash);
    must(peer_name_make(&hash, "", &side->name));
    must(store_memory_new(&side->store));
    return (struct security_self){.peer_name = side->name, .key = side->key};
}

static void make_group(void)
{
    static const uint8_t salt[PASSWORD_SALT_SIZE] = {1};
    struct group_wish wish = {.schemes = GROUP_SCHEME_PASSWORD, .password_role = ROLE_MEMBER};
    struct founding founding = {.wish = &wish, .utc = utc};
    struct security_self self = begin_side(&founder, 1);
    struct signing_key *group_key;
    must(password_key_derive("a password", salt, &cost, &password));
    founding.password.role = ROLE_MEMBER;
    founding.password.cost = cost;
    memcpy(founding.password.salt, salt, sizeof(salt));
    signing_key_public(password.key, founding.password.public_key);
    must(security_new_founder(founder.store, &self, &founding, &group_key, &founder.security));
    signing_key_free(group_key);

    struct buffer chain = BUFFER_NULL, xml = BUFFER_NULL;
    struct invitation invitation;
    must(security_own_chain(founder.security, utc, &chain));
    struct invite_request request = {
        .scheme = GROUP_SCHEME_PASSWORD, .chain = buffer_view(&chain), .scope = SCOPE_GLOBAL};
    must(security_invite(founder.security, &request, &xml));
    must(invitation_parse(buffer_view(&xml), &invitation));
    self = begin_side(&joiner, 2);
    must(security_adopt_password(joiner.store, &self, &invitation, utc, &joiner.security));
    invitation_deinit(&invitation);
    buffer_deinit(&xml);
    buffer_deinit(&chain);
}

/* Cuts the stream before the first message of a type. */
static void cut_before(struct buffer *stream, uint8_t type)
{
    size_t at = 0;
    struct message message;
    while (message_next(bytes_of(stream->data + at, stream->size - at), &message) == S_OK &&
           message.type != type)
        at += message.size;
    ASSERT(at < stream->size);
    stream->size = at;
}

static HRESULT pass(struct handshake *to, struct buffer *said, struct buffer *out)
{
    HRESULT hr = handshake_feed(to, buffer_view(said), out);
    buffer_deinit(said);
    return hr;
}

static void hear(struct handshake *hearing, struct bytes data)
{
    struct buffer out = BUFFER_NULL;
    struct message message;
    HRESULT hr = handshake_feed(hearing, data, &out);
    ASSERT(hr != S_OK && !handshake_must_commit(hearing));
    /* Nothing is said but, at the end, that one word. */
    if (FAILED(hr) && out.size > 0)
        ASSERT(message_next(buffer_view(&out), &message) == S_OK &&
               message.type == MESSAGE_REFUSE && message.size == out.size);
    buffer_deinit(&out);
}

static void talk(unsigned stage, struct bytes data)
{
    struct password_guard guard = {.now_ms = 1};
    struct handshake_options accepting = {.accepting = true, .utc = utc, .guard = &guard};
    struct handshake_options calling = {
        .kind = HANDSHAKE_NEIGHBOUR, .utc = utc, .password = &password};
    struct handshake *listener, *caller;
    struct buffer to_listener = BUFFER_NULL, to_caller = BUFFER_NULL;
    memcpy(accepting.peer_key, joiner.public_key, KEY_SIZE);
    memcpy(calling.peer_key, founder.public_key, KEY_SIZE);
    must(handshake_start(founder.security, &accepting, &listener, &to_caller));
    must(handshake_start(joiner.security, &calling, &caller, &to_listener));
    must(pass(listener, &to_listener, &to_caller));
    if (stage == 2)
        cut_before(&to_caller, MESSAGE_PASSWORD);
    if (stage > 0)
        must(pass(caller, &to_caller, &to_listener));
    if (stage == 1) {
        cut_before(&to_listener, MESSAGE_PASSWORD);
        must(pass(listener, &to_listener, &to_caller));
    }
    hear(stage < 2 ? listener : caller, data);
    handshake_free(listener);
    handshake_free(caller);
    buffer_deinit(&to_listener);
    buffer_deinit(&to_caller);
}

static void same(struct bytes body, const struct buffer *encoded)
{
    struct message message;
    ASSERT(message_next(buffer_view(encoded), &message) == S_OK);
    ASSERT(message.type == MESSAGE_PASSWORD && bytes_equal(message.body, body));
}

static void decode(struct bytes body)
{
    uint8_t mac[PASSWORD_MAC_SIZE];
    struct password_offer offer;
    struct password_proof proof;
    struct buffer out = BUFFER_NULL;
    unsigned forms = 0;
    if (SUCCEEDED(password_decode_ask(body, mac))) {
        must(password_encode_ask(mac, &out));
        forms++;
    }
    if (SUCCEEDED(password_decode_offer(body, &offer))) {
        must(password_encode_offer(&offer, &out));
        forms++;
    }
    if (SUCCEEDED(password_decode_proof(body, &proof))) {
        must(password_encode_proof(&proof, &out));
        forms++;
    }
    ASSERT(forms <= 1);
    if (forms == 1)
        same(body, &out);
    buffer_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (!founder.security)
        make_group();
    if (data[0] < 4)
        talk(data[0], bytes_of(data + 1, size - 1));
    else if (size <= LIMIT_MESSAGE_SIZE - MESSAGE_HEADER_SIZE)
        decode(bytes_of(data + 1, size - 1));
    return 0;
}
