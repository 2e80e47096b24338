/* invitation_data.c - the signed element of an invitation: what a joiner needs and XML has no place
 * for.
 *
 * Happy path: fixed fields, the hash of the documented fields, the issuer's chain where the XML
 * does not carry it, and the issuer's signature over all of it. Failure: whatever is not exactly
 * that is PEER_E_INVITATION_NOT_TRUSTED. */
#include "group/invitation_data.h"

#include "base/label.h"

#include <sodium.h>

enum { DATA_VERSION = 1, SIGNED_SIZE = LABEL_SIZE + HASH_SIZE };

static void hash_field(struct sha256 *sha, struct bytes field)
{
    uint8_t size[4];
    wire_store_u32(size, (uint32_t)field.size);
    sha256_update(sha, size, sizeof(size));
    sha256_update(sha, field.data, field.size);
}

void invitation_fields_hash(enum group_scheme scheme, const struct invitation_fields *fields,
                            struct hash *hash)
{
    struct sha256 sha;
    uint8_t form = (uint8_t)scheme;
    sha256_init(&sha);
    sha256_update(&sha, &form, sizeof(form));
    hash_field(&sha, bytes_of_text(fields->cloud));
    hash_field(&sha, bytes_of_text(fields->scope));
    hash_field(&sha, bytes_of_text(fields->cloud_flags));
    if (scheme == GROUP_SCHEME_CERTIFICATE) {
        hash_field(&sha, fields->certificates);
    } else {
        hash_field(&sha, bytes_of_text(fields->group_name));
        hash_field(&sha, bytes_of_text(fields->group_friendly_name));
    }
    sha256_final(&sha, hash);
}

static void signed_bytes(struct bytes body, uint8_t out[SIGNED_SIZE])
{
    struct hash hash;
    hash_sha256(body.data, body.size, &hash);
    memcpy(out, label_of(LABEL_INVITATION), LABEL_SIZE);
    memcpy(out + LABEL_SIZE, hash.bytes, HASH_SIZE);
}

static void write_hints(struct wire_writer *writer, const struct invitation *invitation)
{
    struct address_list list = {.count = invitation->hint_count};
    memcpy(list.items, invitation->hints, sizeof(invitation->hints));
    wire_write_addresses(writer, &list);
}

HRESULT invitation_data_encode(const struct invitation *invitation, const struct hash *fields,
                               const struct signing_key *key, struct buffer *out)
{
    bool by_password = invitation->scheme == GROUP_SCHEME_PASSWORD;
    const struct group_password *password = &invitation->password;
    struct wire_writer writer;
    size_t begin = out->size;
    ASSERT(invitation->hint_count <= LIMIT_ADDRESSES);
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, DATA_VERSION);
    write_hints(&writer, invitation);
    wire_write_fixed(&writer, invitation->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    wire_write_u32(&writer, invitation->rendezvous.epoch);
    wire_write_u8(&writer, password->role != 0);
    wire_write_fixed(&writer, password->salt, PASSWORD_SALT_SIZE);
    wire_write_u32(&writer, password->cost.memory_kib);
    wire_write_u32(&writer, password->cost.passes);
    wire_write_fixed(&writer, fields->bytes, HASH_SIZE);
    wire_write_u32(&writer, invitation->revocations.count);
    wire_write_fixed(&writer, invitation->revocations.sum.bytes, HASH_SIZE);
    wire_write_blob(&writer, by_password ? invitation->chain : bytes_of(NULL, 0));
    if (SUCCEEDED(writer.hr)) {
        uint8_t message[SIGNED_SIZE], signature[CERTIFICATE_SIGNATURE_SIZE];
        signed_bytes(bytes_of(out->data + begin, out->size - begin), message);
        signing_key_sign(key, message, sizeof(message), signature);
        wire_write_fixed(&writer, signature, sizeof(signature));
    }
    return writer.hr;
}

static bool read_hints(struct wire_reader *reader, struct invitation *invitation)
{
    struct address_list list;
    wire_read_addresses(reader, &list);
    if (reader->failed || list.count > LIMIT_ADDRESSES)
        return false;
    memcpy(invitation->hints, list.items, sizeof(invitation->hints));
    invitation->hint_count = list.count;
    return true;
}

/* A group without a password has zeros there. The role does not travel: 1 bit says that there is
 * one. */
static bool read_password(struct wire_reader *reader, struct group_password *password)
{
    uint8_t present = wire_read_u8(reader);
    wire_read_fixed(reader, password->salt, PASSWORD_SALT_SIZE);
    password->cost.memory_kib = wire_read_u32(reader);
    password->cost.passes = wire_read_u32(reader);
    if (present == 1) {
        password->role = ROLE_MEMBER;
        return password_cost_check(&password->cost);
    }
    return present == 0 && password->cost.memory_kib == 0 && password->cost.passes == 0 &&
           sodium_is_zero(password->salt, PASSWORD_SALT_SIZE) == 1;
}

HRESULT invitation_data_decode(struct bytes bytes, struct invitation *invitation,
                               struct invitation_data *data)
{
    struct wire_reader reader;
    *data = (struct invitation_data){.signature = NULL};
    wire_reader_init(&reader, bytes);
    bool good = wire_read_u8(&reader) == DATA_VERSION && read_hints(&reader, invitation);
    wire_read_fixed(&reader, invitation->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    invitation->rendezvous.epoch = wire_read_u32(&reader);
    good = read_password(&reader, &invitation->password) && good;
    wire_read_fixed(&reader, data->fields.bytes, HASH_SIZE);
    invitation->revocations.count = wire_read_u32(&reader);
    wire_read_fixed(&reader, invitation->revocations.sum.bytes, HASH_SIZE);
    data->chain = wire_read_blob(&reader, LIMIT_XML_SIZE);
    data->body = bytes_of(bytes.data, bytes.size - wire_left(&reader));
    data->signature = wire_read_view(&reader, CERTIFICATE_SIGNATURE_SIZE).data;
    good = good && wire_reader_done(&reader);
    return good ? S_OK : PEER_E_INVITATION_NOT_TRUSTED;
}

bool invitation_data_signed_by(const struct invitation_data *data, const uint8_t key[KEY_SIZE])
{
    uint8_t message[SIGNED_SIZE];
    signed_bytes(data->body, message);
    return signature_check(key, message, sizeof(message), data->signature);
}
