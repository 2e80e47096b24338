/* handshake.c - ADMISSION, then AUTH_INFO, HELLO and MYGMC in both directions, as a state machine
 * over bytes.
 *
 * Happy path: the caller sends ADMISSION; the accepting side verifies it and sends its three
 * messages; the caller verifies them and answers with its own; each side is done when it has
 * verified three. What follows in the stream is the graph's.
 *
 * Failure: the first thing that is wrong decides the code and stays; nothing more is read or sent.
 * Before ADMISSION this side says nothing, since a server name can be another's that was
 * intercepted. A stranger can make it hold LIMIT_UNAUTHENTICATED_BYTES at the most. */
#include "group/handshake_internal.h"

#include "group/removal.h"
#include "group/sni.h"

#include <sodium.h>

enum { MAJOR_VERSION = 2, MINOR_VERSION = 0, NAME_BYTES_MAX = 3 * LIMIT_PEER_NAME_UNITS };

/* The accepting side leaves the kind to the caller. */
enum { KIND_OF_CALLER = 0 };

static void write_auth_info(const struct handshake *handshake, struct wire_writer *writer)
{
    const struct security *security = handshake->security;
    wire_write_u8(writer, handshake->accepting ? KIND_OF_CALLER : (uint8_t)handshake->result.kind);
    wire_write_blob(writer, bytes_of_text(security_graph_id(security)));
    wire_write_blob(writer, bytes_of_text(security_peer_name(security)));
    wire_write_blob(writer, bytes_of_text(handshake->result.peer_name));
}

HRESULT handshake_send_hello(const struct handshake *handshake, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_AUTH_INFO);
    write_auth_info(handshake, &writer);
    HRESULT hr = message_end(&writer, begin);
    if (FAILED(hr))
        return hr;
    begin = message_begin(&writer, MESSAGE_HELLO);
    wire_write_u8(&writer, MAJOR_VERSION);
    wire_write_u8(&writer, MINOR_VERSION);
    wire_write_u64(&writer, handshake->features);
    return message_end(&writer, begin);
}

HRESULT handshake_send_chain(uint8_t type, struct bytes chain, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, type);
    wire_write_fixed(&writer, chain.data, chain.size);
    return message_end(&writer, begin);
}

/* Who was given a certificate has said all else before. */
static HRESULT send_all(const struct handshake *handshake, struct buffer *out)
{
    HRESULT hr = S_OK;
    if (handshake->accepting || !handshake->by_password)
        hr = handshake_send_hello(handshake, out);
    if (SUCCEEDED(hr))
        hr = handshake_send_chain(MESSAGE_MY_GMC, buffer_view(&handshake->chain), out);
    return hr;
}

/* Who lacks a feature that the group demands cannot take part, this side included. */
static HRESULT check_features(const struct handshake *handshake, uint64_t features)
{
    const struct group_properties *properties;
    HRESULT hr = security_properties(handshake->security, &properties);
    if (hr == PEER_E_GROUP_NOT_READY)
        return S_OK;
    if (FAILED(hr))
        return hr;
    return properties->required_features & ~features ? PEER_E_UNSUPPORTED_VERSION : S_OK;
}

/* Only who knows the group's name can make it, and it holds for this connection alone. The key is
 * that of server names; their MACs are over longer messages, so neither can stand for the other. */
static void make_admission(struct handshake *handshake, const uint8_t *channel)
{
    struct sni_key key;
    _Static_assert(sizeof(key.bytes) == crypto_auth_hmacsha256_KEYBYTES, "a key as it is");
    sni_key_derive(security_graph_id(handshake->security), &key);
    crypto_auth_hmacsha256(handshake->admission, channel, HANDSHAKE_CHANNEL_SIZE, key.bytes);
    sodium_memzero(&key, sizeof(key));
}

static HRESULT send_admission(const struct handshake *handshake, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_ADMISSION);
    wire_write_fixed(&writer, handshake->admission, sizeof(handshake->admission));
    return message_end(&writer, begin);
}

HRESULT handshake_start(struct security *security, const struct handshake_options *options,
                        struct handshake **handshake, struct buffer *out)
{
    *handshake = NULL;
    struct handshake *made = mem_zalloc(sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    made->security = security;
    made->accepting = options->accepting;
    made->has_expected = options->expected != NULL;
    if (options->expected)
        made->expected = *options->expected;
    memcpy(made->peer_key, options->peer_key, KEY_SIZE);
    made->utc = options->utc;
    made->features = options->features;
    made->result.kind = options->kind;
    made->step = options->accepting ? STEP_ADMISSION : STEP_AUTH_INFO;
    make_admission(made, options->channel);
    handshake_password_init(made, options);
    size_t before = out->size;
    HRESULT hr = made->by_password ? S_OK : security_shown_chain(security, made->utc, &made->chain);
    if (SUCCEEDED(hr))
        hr = check_features(made, made->features);
    if (SUCCEEDED(hr) && !options->accepting)
        hr = send_admission(made, out);
    if (SUCCEEDED(hr) && made->by_password)
        hr = handshake_ask(made, out);
    if (FAILED(hr)) {
        out->size = before;
        handshake_free(made);
    } else {
        *handshake = made;
    }
    return hr;
}

void handshake_free(struct handshake *handshake)
{
    if (!handshake)
        return;
    buffer_deinit(&handshake->input);
    buffer_deinit(&handshake->chain);
    buffer_deinit(&handshake->heard);
    password_key_deinit(&handshake->password);
    mem_wipe(handshake->admission, sizeof(handshake->admission));
    mem_wipe(handshake->link, sizeof(handshake->link));
    mem_free(handshake);
}

static HRESULT read_admission(const struct handshake *handshake, struct bytes body)
{
    bool right = body.size == sizeof(handshake->admission) &&
                 sodium_memcmp(body.data, handshake->admission, body.size) == 0;
    return right ? S_OK : PEER_E_NOT_AUTHORIZED;
}

/* The name is kept to be held against the certificate. */
static HRESULT read_auth_info(struct handshake *handshake, struct bytes body)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    uint8_t kind = wire_read_u8(&reader);
    struct bytes graph_id = wire_read_text(&reader, NAME_BYTES_MAX);
    struct bytes source = wire_read_text(&reader, NAME_BYTES_MAX);
    struct bytes destination = wire_read_text(&reader, NAME_BYTES_MAX);
    bool known = handshake->accepting ? kind == HANDSHAKE_NEIGHBOUR || kind == HANDSHAKE_DIRECT
                                      : kind == KIND_OF_CALLER;
    if (!wire_reader_done(&reader) || !known || source.size == 0)
        return PEER_E_INVALID_RECORD;
    if (!bytes_equal(graph_id, bytes_of_text(security_graph_id(handshake->security))) ||
        (destination.size > 0 &&
         !bytes_equal(destination, bytes_of_text(security_peer_name(handshake->security)))))
        return PEER_E_NOT_AUTHORIZED;
    /* Only neighbours let in by password. */
    if (handshake->accepting && handshake->by_password && kind != HANDSHAKE_NEIGHBOUR)
        return PEER_E_NOT_AUTHORIZED;
    if (handshake->accepting)
        handshake->result.kind = (enum handshake_kind)kind;
    memcpy(handshake->result.peer_name, source.data, source.size);
    handshake->result.peer_name[source.size] = '\0';
    return S_OK;
}

/* A later minor version may say more behind what is known. */
static HRESULT read_hello(struct handshake *handshake, struct bytes body)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    uint8_t major = wire_read_u8(&reader);
    uint8_t minor = wire_read_u8(&reader);
    handshake->result.features = wire_read_u64(&reader);
    if (reader.failed || (minor == MINOR_VERSION && wire_left(&reader) > 0))
        return PEER_E_INVALID_RECORD;
    if (major != MAJOR_VERSION)
        return PEER_E_UNSUPPORTED_VERSION;
    return check_features(handshake, handshake->result.features);
}

static HRESULT read_my_gmc(struct handshake *handshake, struct bytes body)
{
    const struct certificate_row *row;
    struct handshake_result *result = &handshake->result;
    key_hash(handshake->peer_key, &result->key);
    if (handshake->has_expected && !hash_equal(&handshake->expected, &result->key))
        return PEER_E_CONNECTION_NOT_AUTHENTICATED;
    HRESULT hr =
        security_admit(handshake->security, body, handshake->peer_key, handshake->utc, &row);
    handshake->chain_refused = hr == PEER_E_NOT_AUTHORIZED;
    if (FAILED(hr))
        return hr;
    if (strcmp(row->peer_name, result->peer_name) != 0)
        return PEER_E_NOT_AUTHORIZED;
    result->certificate = row->hash;
    result->roles = row->roles;
    return S_OK;
}

/* The other side says why it ends this; whether that is true is judged where records are. */
static HRESULT read_revoked(struct handshake *handshake, struct bytes body)
{
    HRESULT hr = buffer_append(&handshake->heard, body.data, body.size);
    return FAILED(hr) ? hr : PEER_E_NOT_AUTHORIZED;
}

/* [protocol 7] Who refuses for a revocation sends it. A listener that waits for the caller's first
 * word takes no more than a stranger may send. */
static void tell_refused(const struct handshake *handshake, struct buffer *out)
{
    size_t room = handshake->accepting ? SIZE_MAX
                                       : LIMIT_UNAUTHENTICATED_BYTES - MESSAGE_HEADER_SIZE -
                                             sizeof(handshake->admission);
    HRESULT hr = security_refusal_of_chain(handshake->security, room, out);
    (void)hr; /* then it hears the closing alone */
}

static HRESULT read_usual(struct handshake *handshake, const struct message *message)
{
    static const uint8_t awaited[] = {MESSAGE_ADMISSION, MESSAGE_AUTH_INFO, MESSAGE_HELLO,
                                      MESSAGE_MY_GMC};
    /* Who has asked for a certificate has none to show yet. */
    bool early = handshake->by_password && handshake->accepting && !handshake->proven &&
                 handshake->step == STEP_MY_GMC;
    if (early || handshake->step > STEP_MY_GMC || message->type != awaited[handshake->step])
        return PEER_E_INVALID_RECORD;
    switch (message->type) {
    case MESSAGE_ADMISSION:
        return read_admission(handshake, message->body);
    case MESSAGE_AUTH_INFO:
        return read_auth_info(handshake, message->body);
    case MESSAGE_HELLO:
        return read_hello(handshake, message->body);
    default:
        return read_my_gmc(handshake, message->body);
    }
}

/* Has what was read made it this side's turn? The accepting side's comes with ADMISSION, the
 * caller's when all is verified. */
static bool is_my_turn(const struct handshake *handshake, enum step before)
{
    enum step turn = handshake->accepting ? STEP_AUTH_INFO : STEP_DONE;
    return before < turn && handshake->step >= turn;
}

static HRESULT read_message(struct handshake *handshake, const struct message *message,
                            struct buffer *out)
{
    enum step before = handshake->step;
    if (message->type >= MESSAGE_SKIPPABLE && before != STEP_ADMISSION)
        return S_OK;
    if (message->type == MESSAGE_REVOKED && before != STEP_ADMISSION)
        return read_revoked(handshake, message->body);
    HRESULT hr = S_OK;
    if (handshake_is_for_password(handshake, message->type)) {
        hr = handshake_read_password(handshake, message, out);
    } else {
        hr = read_usual(handshake, message);
        if (SUCCEEDED(hr))
            handshake->step++;
        /* Who brings a certificate is done; who was given none waits for the offer. */
        if (handshake->step == STEP_OFFER && (handshake->accepting || !handshake->by_password))
            handshake->step = STEP_DONE;
    }
    return SUCCEEDED(hr) && is_my_turn(handshake, before) ? send_all(handshake, out) : hr;
}

/* Who is not admitted yet has one message to send, of one size. A member that decides about this
 * side may say more than a stranger. */
static size_t held_at_most(const struct handshake *handshake)
{
    if (handshake->step == STEP_ADMISSION)
        return MESSAGE_HEADER_SIZE + sizeof(handshake->admission);
    return handshake_trusts(handshake) ? LIMIT_PASSWORD_BYTES : LIMIT_UNAUTHENTICATED_BYTES;
}

/* Handles the messages that are whole. S_FALSE: more bytes, or a key, are needed. */
static HRESULT read_messages(struct handshake *handshake, struct buffer *out)
{
    while (handshake->step < STEP_DONE) {
        struct message message;
        bool waits = handshake->step == STEP_KEY;
        HRESULT hr = waits ? S_FALSE : message_next(buffer_view(&handshake->input), &message);
        if (hr == S_FALSE && handshake->consumed + handshake->input.size > held_at_most(handshake))
            return PEER_E_INVALID_RECORD;
        if (hr != S_OK)
            return hr;
        handshake->consumed += message.size;
        if (handshake->step != STEP_ADMISSION && handshake->consumed > held_at_most(handshake))
            return PEER_E_INVALID_RECORD;
        handshake->said = out->size;
        hr = read_message(handshake, &message, out);
        if (FAILED(hr))
            return hr;
        buffer_consume(&handshake->input, message.size);
    }
    return S_OK;
}

/* Nothing goes out, but with the word that ends joining by password what was to go before it: it
 * means nothing without this side's certificate. */
HRESULT handshake_end(struct handshake *handshake, HRESULT hr, size_t before, struct buffer *out)
{
    if (SUCCEEDED(hr))
        return hr;
    out->size = handshake->refuse_code != 0 ? handshake->said : before;
    handshake->step = STEP_FAILED;
    handshake->failure = hr;
    if (handshake->refuse_code != 0) {
        struct message_goodbye refuse = {.code = handshake->refuse_code,
                                         .addresses = handshake->refusal.addresses};
        HRESULT said = message_encode_goodbye(MESSAGE_REFUSE, &refuse, out);
        (void)said; /* without memory the link closes without a word */
    } else if (handshake->chain_refused) {
        tell_refused(handshake, out);
    }
    return hr;
}

HRESULT handshake_feed(struct handshake *handshake, struct bytes data, struct buffer *out)
{
    if (handshake->step == STEP_FAILED)
        return handshake->failure;
    ASSERT(handshake->step != STEP_DONE);
    size_t before = out->size;
    handshake->must_commit = false;
    HRESULT hr = buffer_append(&handshake->input, data.data, data.size);
    if (SUCCEEDED(hr))
        hr = read_messages(handshake, out);
    if (hr == PEER_E_INVALID_RECORD && handshake->step == STEP_ADMISSION)
        hr = PEER_E_NOT_AUTHORIZED;
    return handshake_end(handshake, hr, before, out);
}

struct bytes handshake_revoked_by(const struct handshake *handshake)
{
    return buffer_view(&handshake->heard);
}

const struct handshake_result *handshake_result(const struct handshake *handshake)
{
    ASSERT(handshake->step == STEP_DONE);
    return &handshake->result;
}

struct bytes handshake_leftover(const struct handshake *handshake)
{
    ASSERT(handshake->step == STEP_DONE);
    return buffer_view(&handshake->input);
}
