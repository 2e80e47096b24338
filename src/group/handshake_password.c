/* handshake_password.c - the part of the handshake in which a caller without a certificate gets one
 * for the group's password.
 *
 * Happy path: with its ADMISSION the caller asks, by a MAC that only who has an invitation can
 * make; the accepting side answers, behind its own three messages, with the record of the Security
 * Properties; the caller verifies it, holds its derived key against the public key there, and signs
 * what binds it to this connection, both keys and that record; the accepting side checks that one
 * signature, issues, and says YOURGMC; the caller takes the certificate and says MYGMC.
 *
 * Failure: who admits says REFUSE with one code for whatever a stranger could learn from, and
 * others for what any stranger may know: that it cannot issue itself, that it has no time, and that
 * there were too many attempts. A caller never signs under a key that the Security Properties do
 * not name, so a wrong password does not leave this machine. */
#include "group/handshake_internal.h"

#include <sodium.h>

void handshake_password_init(struct handshake *handshake, const struct handshake_options *options)
{
    memcpy(handshake->link, options->link, PASSWORD_LINK_SIZE);
    memcpy(handshake->attempt.ip, options->ip, sizeof(options->ip));
    key_hash(options->peer_key, &handshake->attempt.key);
    handshake->guard = options->guard;
    handshake->peer_time = options->peer_time;
    handshake->friendly_name = options->friendly_name ? options->friendly_name : "";
    bool has_password = options->password && options->password->key;
    if (options->accepting || !has_password || options->kind != HANDSHAKE_NEIGHBOUR ||
        !security_needs_password(handshake->security, options->utc))
        return;
    handshake->by_password = true;
    handshake->password = password_key_share(options->password);
}

bool handshake_must_commit(const struct handshake *handshake)
{
    return handshake->must_commit;
}

bool handshake_trusts(const struct handshake *handshake)
{
    return !handshake->accepting && handshake->by_password && handshake->step >= STEP_OFFER &&
           handshake->step < STEP_DONE;
}

const struct handshake_refusal *handshake_refusal(const struct handshake *handshake)
{
    return &handshake->refusal;
}

HRESULT handshake_ask(const struct handshake *handshake, struct buffer *out)
{
    uint8_t mac[PASSWORD_MAC_SIZE];
    password_ask_mac(security_rendezvous(handshake->security), handshake->link, mac);
    return password_encode_ask(mac, out);
}

/* What the proof is over, from the side of who knows: keys of both, and what the caller says. */
static void signed_bytes(const struct handshake *handshake, struct bytes peer_name,
                         struct bytes friendly_name, uint8_t out[PASSWORD_SIGNED_SIZE])
{
    struct password_transcript transcript = {
        .graph_id = bytes_of_text(security_graph_id(handshake->security)),
        .properties = handshake->terms.properties,
        .peer_name = peer_name,
        .friendly_name = friendly_name};
    uint8_t own[KEY_SIZE];
    signing_key_public(security_own_key(handshake->security), own);
    memcpy(transcript.link, handshake->link, PASSWORD_LINK_SIZE);
    memcpy(transcript.requestor, handshake->accepting ? handshake->peer_key : own, KEY_SIZE);
    memcpy(transcript.authenticator, handshake->accepting ? own : handshake->peer_key, KEY_SIZE);
    password_signed_bytes(&transcript, out);
}

/* ---- who admits ---- */

static HRESULT refuse(struct handshake *handshake, uint8_t code)
{
    handshake->refuse_code = code;
    return PEER_E_NOT_AUTHORIZED;
}

static HRESULT refer(struct handshake *handshake)
{
    HRESULT hr =
        security_issuers(handshake->security, handshake->peer_time, &handshake->refusal.addresses);
    return FAILED(hr) ? hr : refuse(handshake, REFUSE_ISSUER);
}

/* What stands against who asks is not told apart; what this member cannot do itself is nobody's
 * fault, and others may. Lack of memory or disk is no answer at all. */
static HRESULT refuse_for(struct handshake *handshake, HRESULT hr)
{
    switch (hr) {
    case E_INVALIDARG:
        return refuse(handshake, REFUSE_PASSWORD);
    case PEER_E_TOO_MANY_IDENTITIES:
        return refuse(handshake, REFUSE_ATTEMPTS);
    case PEER_E_NOT_AUTHORIZED:
    case PEER_E_CHAIN_TOO_LONG:
    case PEER_E_INVALID_TIME_PERIOD:
        return refer(handshake);
    case PEER_E_GROUP_NOT_READY:
    case PEER_E_UNSUPPORTED_VERSION:
        return refuse(handshake, REFUSE_BUSY);
    default:
        return hr;
    }
}

static bool knows_invitation(const struct handshake *handshake,
                             const uint8_t given[PASSWORD_MAC_SIZE])
{
    uint8_t mac[PASSWORD_MAC_SIZE];
    password_ask_mac(security_rendezvous(handshake->security), handshake->link, mac);
    return sodium_memcmp(mac, given, sizeof(mac)) == 0;
}

static HRESULT read_ask(struct handshake *handshake, struct bytes body, struct buffer *out)
{
    uint8_t mac[PASSWORD_MAC_SIZE];
    HRESULT hr = password_decode_ask(body, mac);
    if (FAILED(hr))
        return hr;
    handshake->by_password = true;
    /* Who shows no invitation is told the same whatever the group is. */
    if (!handshake->guard || !knows_invitation(handshake, mac))
        return refuse(handshake, REFUSE_PASSWORD);
    if (!password_guard_allows(handshake->guard, &handshake->attempt))
        return refuse(handshake, REFUSE_ATTEMPTS);
    hr = security_may_admit(handshake->security, handshake->utc);
    if (SUCCEEDED(hr))
        hr = security_offer(handshake->security, out, &handshake->terms);
    return SUCCEEDED(hr) ? S_OK : refuse_for(handshake, hr);
}

static bool is_proven(const struct handshake *handshake, const struct password_proof *proof)
{
    uint8_t message[PASSWORD_SIGNED_SIZE];
    signed_bytes(handshake, bytes_of_text(handshake->result.peer_name), proof->friendly_name,
                 message);
    return signature_check(handshake->terms.password.public_key, message, sizeof(message),
                           proof->signature.data);
}

static HRESULT issue(struct handshake *handshake, const struct password_proof *proof,
                     struct buffer *out)
{
    char friendly_name[3 * LIMIT_FRIENDLY_NAME_UNITS + 1] = "";
    if (proof->friendly_name.size > 0)
        memcpy(friendly_name, proof->friendly_name.data, proof->friendly_name.size);
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    struct issue_request request = {.peer_name = handshake->result.peer_name,
                                    .friendly_name = friendly_name};
    memcpy(request.key, handshake->peer_key, KEY_SIZE);
    HRESULT hr = security_issue_by_password(handshake->security, &request, &handshake->terms,
                                            handshake->utc, &chain);
    if (FAILED(hr))
        return hr;
    handshake->must_commit = true;
    return handshake_send_chain(MESSAGE_YOUR_GMC, buffer_view(&chain), out);
}

/* One signature check is all that an attempt costs, and none beyond the guard's limit. */
static HRESULT read_proof(struct handshake *handshake, struct bytes body, struct buffer *out)
{
    struct password_proof proof;
    HRESULT hr = password_decode_proof(body, &proof);
    if (FAILED(hr))
        return hr;
    if (!password_guard_allows(handshake->guard, &handshake->attempt))
        return refuse(handshake, REFUSE_ATTEMPTS);
    /* Changed while the other side was thinking: it may ask again. */
    hr = security_offer_stands(handshake->security, &handshake->terms);
    if (FAILED(hr))
        return refuse_for(handshake, hr);
    if (!is_proven(handshake, &proof)) {
        password_guard_failed(handshake->guard, &handshake->attempt);
        return refuse(handshake, REFUSE_PASSWORD);
    }
    hr = issue(handshake, &proof, out);
    if (hr == E_INVALIDARG)
        password_guard_failed(handshake->guard, &handshake->attempt);
    handshake->proven = SUCCEEDED(hr);
    return SUCCEEDED(hr) ? hr : refuse_for(handshake, hr);
}

/* ---- who is admitted ---- */

/* The other side is a member by now. */
static HRESULT read_refuse(struct handshake *handshake, struct bytes body)
{
    struct message_goodbye goodbye;
    HRESULT hr = message_decode_goodbye(body, &goodbye);
    if (FAILED(hr))
        return hr;
    handshake->refusal.code = goodbye.code;
    handshake->refusal.addresses = goodbye.addresses;
    return PEER_E_NOT_AUTHORIZED;
}

static HRESULT send_proof(struct handshake *handshake, struct buffer *out)
{
    uint8_t message[PASSWORD_SIGNED_SIZE], signature[CERTIFICATE_SIGNATURE_SIZE];
    struct bytes friendly_name = bytes_of_text(handshake->friendly_name);
    signed_bytes(handshake, bytes_of_text(security_peer_name(handshake->security)), friendly_name,
                 message);
    signing_key_sign(handshake->password.key, message, sizeof(message), signature);
    struct password_proof proof = {.friendly_name = friendly_name,
                                   .signature = bytes_of(signature, sizeof(signature))};
    HRESULT hr = handshake_send_hello(handshake, out);
    return SUCCEEDED(hr) ? password_encode_proof(&proof, out) : hr;
}

/* The key fits the terms: it is the one that they name, or the password is another. */
static HRESULT prove(struct handshake *handshake, struct buffer *out)
{
    uint8_t derived[KEY_SIZE];
    signing_key_public(handshake->password.key, derived);
    if (sodium_memcmp(derived, handshake->terms.password.public_key, KEY_SIZE) != 0) {
        handshake->refusal.code = REFUSE_PASSWORD;
        return PEER_E_NOT_AUTHORIZED;
    }
    HRESULT hr = send_proof(handshake, out);
    handshake->step = STEP_YOUR_GMC;
    return hr;
}

static HRESULT read_offer(struct handshake *handshake, struct bytes body, struct buffer *out)
{
    struct password_offer offer;
    HRESULT hr = password_decode_offer(body, &offer);
    if (SUCCEEDED(hr))
        hr = security_read_offer(handshake->security, &offer, &handshake->terms);
    if (FAILED(hr))
        return hr;
    const struct group_password *password = &handshake->terms.password;
    if (password->role == 0) {
        handshake->refusal.code = REFUSE_PASSWORD;
        return PEER_E_NOT_AUTHORIZED;
    }
    if (password_key_fits(&handshake->password, password->salt, &password->cost))
        return prove(handshake, out);
    handshake->step = STEP_KEY;
    return S_OK;
}

static HRESULT read_your_gmc(struct handshake *handshake, struct bytes body)
{
    HRESULT hr = security_take_by_password(handshake->security, body, handshake->friendly_name,
                                           &handshake->terms, &handshake->result.certificate,
                                           handshake->utc);
    if (FAILED(hr))
        return hr;
    handshake->must_commit = true;
    hr = security_own_chain(handshake->security, handshake->utc, &handshake->chain);
    if (SUCCEEDED(hr))
        handshake->step = STEP_DONE;
    return hr;
}

bool handshake_wants_key(const struct handshake *handshake, struct group_password *password)
{
    if (handshake->step != STEP_KEY)
        return false;
    *password = handshake->terms.password;
    return true;
}

HRESULT handshake_give_key(struct handshake *handshake, const struct password_key *key,
                           struct buffer *out)
{
    const struct group_password *password = &handshake->terms.password;
    ASSERT(handshake->step == STEP_KEY);
    ASSERT(password_key_fits(key, password->salt, &password->cost));
    size_t before = out->size;
    password_key_deinit(&handshake->password);
    handshake->password = password_key_share(key);
    handshake->must_commit = false;
    HRESULT hr = handshake_end(handshake, prove(handshake, out), before, out);
    if (FAILED(hr))
        return hr;
    /* What came meanwhile is read now. */
    return handshake_feed(handshake, bytes_of(NULL, 0), out);
}

/* ---- which message ---- */

bool handshake_is_for_password(const struct handshake *handshake, uint8_t type)
{
    if (handshake->accepting)
        return type == MESSAGE_PASSWORD &&
               ((handshake->step == STEP_AUTH_INFO && !handshake->by_password) ||
                (handshake->step == STEP_MY_GMC && handshake->by_password && !handshake->proven));
    return handshake->by_password && handshake->step >= STEP_OFFER;
}

HRESULT handshake_read_password(struct handshake *handshake, const struct message *message,
                                struct buffer *out)
{
    if (handshake->accepting && handshake->step == STEP_AUTH_INFO)
        return read_ask(handshake, message->body, out);
    if (handshake->accepting)
        return read_proof(handshake, message->body, out);
    if (message->type == MESSAGE_REFUSE)
        return read_refuse(handshake, message->body);
    if (message->type == MESSAGE_PASSWORD && handshake->step == STEP_OFFER)
        return read_offer(handshake, message->body, out);
    if (message->type == MESSAGE_YOUR_GMC && handshake->step == STEP_YOUR_GMC)
        return read_your_gmc(handshake, message->body);
    return PEER_E_INVALID_RECORD;
}
