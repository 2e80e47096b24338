/* password_message.c - see password_message.h.
 *
 * Each body begins with its form and fills the message exactly; whatever else comes is
 * PEER_E_INVALID_RECORD. What is signed is a label and one hash, like everything that an Ed25519
 * key signs here; variable parts go into the hash with their lengths. */
#include "group/password_message.h"

#include "base/label.h"
#include "wire/message.h"

#include <sodium.h>

enum { SIGNATURE_TYPE = 1, FRIENDLY_BYTES_MAX = 3 * LIMIT_FRIENDLY_NAME_UNITS };

static size_t begin_form(struct wire_writer *writer, struct buffer *out, enum password_form form)
{
    wire_writer_init(writer, out);
    size_t begin = message_begin(writer, MESSAGE_PASSWORD);
    wire_write_u8(writer, (uint8_t)form);
    return begin;
}

static void read_form(struct wire_reader *reader, struct bytes body, enum password_form form)
{
    wire_reader_init(reader, body);
    if (wire_read_u8(reader) != form)
        reader->failed = true;
}

static HRESULT finish(const struct wire_reader *reader)
{
    return wire_reader_done(reader) ? S_OK : PEER_E_INVALID_RECORD;
}

HRESULT password_encode_ask(const uint8_t mac[PASSWORD_MAC_SIZE], struct buffer *out)
{
    struct wire_writer writer;
    size_t begin = begin_form(&writer, out, PASSWORD_ASK);
    wire_write_fixed(&writer, mac, PASSWORD_MAC_SIZE);
    return message_end(&writer, begin);
}

HRESULT password_decode_ask(struct bytes body, uint8_t mac[PASSWORD_MAC_SIZE])
{
    struct wire_reader reader;
    read_form(&reader, body, PASSWORD_ASK);
    wire_read_fixed(&reader, mac, PASSWORD_MAC_SIZE);
    return finish(&reader);
}

HRESULT password_encode_offer(const struct password_offer *offer, struct buffer *out)
{
    struct wire_writer writer;
    size_t begin = begin_form(&writer, out, PASSWORD_OFFER);
    wire_write_fixed(&writer, offer->certificate.bytes, HASH_SIZE);
    wire_write_u8(&writer, SIGNATURE_TYPE);
    wire_write_blob(&writer, offer->signature);
    wire_write_blob(&writer, offer->header);
    wire_write_blob(&writer, offer->payload);
    wire_write_blob(&writer, offer->deputy);
    return message_end(&writer, begin);
}

HRESULT password_decode_offer(struct bytes body, struct password_offer *offer)
{
    struct wire_reader reader;
    read_form(&reader, body, PASSWORD_OFFER);
    wire_read_fixed(&reader, offer->certificate.bytes, HASH_SIZE);
    uint8_t type = wire_read_u8(&reader);
    offer->signature = wire_read_blob(&reader, SIGNATURE_SIZE);
    offer->header = wire_read_blob(&reader, LIMIT_MESSAGE_SIZE);
    offer->payload = wire_read_blob(&reader, LIMIT_PIECE_SIZE);
    offer->deputy = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
    bool sound = type == SIGNATURE_TYPE && offer->signature.size == SIGNATURE_SIZE;
    return sound ? finish(&reader) : PEER_E_INVALID_RECORD;
}

HRESULT password_encode_proof(const struct password_proof *proof, struct buffer *out)
{
    struct wire_writer writer;
    size_t begin = begin_form(&writer, out, PASSWORD_PROOF);
    wire_write_blob(&writer, proof->friendly_name);
    wire_write_fixed(&writer, proof->signature.data, CERTIFICATE_SIGNATURE_SIZE);
    return message_end(&writer, begin);
}

HRESULT password_decode_proof(struct bytes body, struct password_proof *proof)
{
    struct wire_reader reader;
    read_form(&reader, body, PASSWORD_PROOF);
    proof->friendly_name = wire_read_text(&reader, FRIENDLY_BYTES_MAX);
    proof->signature = wire_read_view(&reader, CERTIFICATE_SIGNATURE_SIZE);
    return finish(&reader);
}

void password_ask_mac(const struct rendezvous *rendezvous, const uint8_t link[PASSWORD_LINK_SIZE],
                      uint8_t mac[PASSWORD_MAC_SIZE])
{
    uint8_t message[LABEL_SIZE + PASSWORD_LINK_SIZE];
    _Static_assert((int)RENDEZVOUS_SECRET_SIZE == crypto_auth_hmacsha256_KEYBYTES, "as it is");
    memcpy(message, label_of(LABEL_PASSWORD_ASK), LABEL_SIZE);
    memcpy(message + LABEL_SIZE, link, PASSWORD_LINK_SIZE);
    crypto_auth_hmacsha256(mac, message, sizeof(message), rendezvous->secret);
}

static void hash_part(struct sha256 *sha, struct bytes part)
{
    uint8_t length[4];
    wire_store_u32(length, (uint32_t)part.size);
    sha256_update(sha, length, sizeof(length));
    sha256_update(sha, part.data, part.size);
}

void password_signed_bytes(const struct password_transcript *transcript,
                           uint8_t out[PASSWORD_SIGNED_SIZE])
{
    struct sha256 sha;
    struct hash hash;
    sha256_init(&sha);
    sha256_update(&sha, transcript->link, PASSWORD_LINK_SIZE);
    hash_part(&sha, transcript->graph_id);
    sha256_update(&sha, transcript->requestor, KEY_SIZE);
    sha256_update(&sha, transcript->authenticator, KEY_SIZE);
    sha256_update(&sha, transcript->properties.bytes, HASH_SIZE);
    hash_part(&sha, transcript->peer_name);
    hash_part(&sha, transcript->friendly_name);
    sha256_final(&sha, &hash);
    _Static_assert((int)PASSWORD_SIGNED_SIZE == (int)LABEL_SIZE + (int)HASH_SIZE, "both");
    memcpy(out, label_of(LABEL_PASSWORD), LABEL_SIZE);
    memcpy(out + LABEL_SIZE, hash.bytes, HASH_SIZE);
}
