/* record.c - the canonical header: encoding, decoding, digest, identifier and rank.
 *
 * record_header_decode accepts exactly what record_header_encode writes for a header that does not
 * contradict itself; so the bytes that were signed can be stored and sent on as they came. Whatever
 * it refuses is PEER_E_INVALID_RECORD: wrong in itself, whoever looks at it. Nothing here allocates
 * but the output buffer. */
#include "record/record.h"

#include "base/label.h"
#include "base/text.h"
#include "wire/wire.h"

enum {
    RECORD_VERSION = 2,
    FLAG_DELETED = 0x02,
    NAME_BYTES_MAX = 41 + 3 * LIMIT_CLASSIFIER_UNITS,
    EXTENSIONS_MAX = 1024
};

const struct guid RECORD_TYPE_MEMBERSHIP = {{1}};
const struct guid RECORD_TYPE_SECURITY_PROPERTIES = {{2}};
const struct guid RECORD_TYPE_GRAPH_INFO = {{0, 0, 1}};
const struct guid RECORD_TYPE_SIGNATURE = {{0, 0, 2}};
const struct guid RECORD_TYPE_CONTACT = {{0, 0, 3}};
const struct guid RECORD_TYPE_PRESENCE = {{0, 0, 4}};
const struct guid RECORD_TYPE_REVOCATION = {{3}};

bool record_type_is_reserved(const struct guid *type)
{
    for (int i = 4; i < GUID_SIZE; i++)
        if (type->bytes[i])
            return false;
    return true;
}

HRESULT record_header_encode(const struct record *record, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, RECORD_VERSION);
    wire_write_u8(&writer, record->deleted ? FLAG_DELETED : 0);
    wire_write_fixed(&writer, record->id.bytes, GUID_SIZE);
    wire_write_fixed(&writer, record->type.bytes, GUID_SIZE);
    wire_write_u32(&writer, record->version);
    wire_write_u64(&writer, record->created);
    wire_write_u64(&writer, record->modified);
    wire_write_u64(&writer, record->expiration);
    wire_write_fixed(&writer, record->nonce, NONCE_SIZE);
    wire_write_fixed(&writer, record->creator.bytes, HASH_SIZE);
    wire_write_blob(&writer, record->creator_name);
    wire_write_fixed(&writer, record->modifier.bytes, HASH_SIZE);
    wire_write_blob(&writer, record->modifier_name);
    wire_write_blob(&writer, record->attributes);
    wire_write_u64(&writer, record->payload_size);
    wire_write_fixed(&writer, record->payload_root.bytes, HASH_SIZE);
    wire_write_blob(&writer, record->extensions);
    return writer.hr;
}

static bool hash_is_zero(const struct hash *hash)
{
    static const struct hash zero;
    return hash_equal(hash, &zero);
}

static bool extensions_are_well_formed(struct bytes extensions)
{
    struct wire_reader reader;
    wire_reader_init(&reader, extensions);
    int32_t last = -1;
    while (wire_left(&reader) > 0) {
        int32_t type = wire_read_u16(&reader);
        wire_read_blob(&reader, EXTENSIONS_MAX);
        if (type <= last)
            return false;
        last = type;
    }
    return wire_reader_done(&reader);
}

static bool names_agree(const struct record *record)
{
    if (!record_key_names(&record->creator, record->creator_name))
        return false;
    if (hash_is_zero(&record->modifier))
        return record->modifier_name.size == 0 && record->version == 1;
    return record->version > 1 && record_key_names(&record->modifier, record->modifier_name);
}

static bool content_agrees(const struct record *record)
{
    struct hash empty;
    payload_leaf(bytes_of(NULL, 0), &empty);
    if (record->payload_size == 0 && !hash_equal(&record->payload_root, &empty))
        return false;
    if (record->deleted)
        return record->payload_size == 0 && record->attributes.size == 0 && record->version > 1;
    return record->payload_size + record->attributes.size <=
           LIMIT_RECORD_SIZE + LIMIT_ATTRIBUTES_SIZE;
}

/* A creation time of 0 marks the one record that a group has for ever: its id must not depend on a
 * date. */
static bool times_agree(const struct record *record)
{
    return record->created <= record->modified && record->modified < record->expiration &&
           record->expiration <= TICKS_UNLIMITED &&
           (record->version > 1 || record->created == record->modified || record->created == 0);
}

HRESULT record_header_decode(struct bytes bytes, struct record *record)
{
    struct wire_reader reader;
    wire_reader_init(&reader, bytes);
    uint8_t version = wire_read_u8(&reader);
    uint8_t flags = wire_read_u8(&reader);
    record->deleted = flags == FLAG_DELETED;
    wire_read_fixed(&reader, record->id.bytes, GUID_SIZE);
    wire_read_fixed(&reader, record->type.bytes, GUID_SIZE);
    record->version = wire_read_u32(&reader);
    record->created = wire_read_u64(&reader);
    record->modified = wire_read_u64(&reader);
    record->expiration = wire_read_u64(&reader);
    wire_read_fixed(&reader, record->nonce, NONCE_SIZE);
    wire_read_fixed(&reader, record->creator.bytes, HASH_SIZE);
    record->creator_name = wire_read_text(&reader, NAME_BYTES_MAX);
    wire_read_fixed(&reader, record->modifier.bytes, HASH_SIZE);
    record->modifier_name = wire_read_text(&reader, NAME_BYTES_MAX);
    record->attributes = wire_read_text(&reader, LIMIT_ATTRIBUTES_SIZE);
    record->payload_size = wire_read_u64(&reader);
    wire_read_fixed(&reader, record->payload_root.bytes, HASH_SIZE);
    record->extensions = wire_read_blob(&reader, EXTENSIONS_MAX);
    if (!wire_reader_done(&reader) || version != RECORD_VERSION || (flags & ~FLAG_DELETED) ||
        record->version == 0 || record->payload_size > LIMIT_RECORD_SIZE)
        return PEER_E_INVALID_RECORD;
    if (!times_agree(record) || !names_agree(record) || !content_agrees(record) ||
        !extensions_are_well_formed(record->extensions))
        return PEER_E_INVALID_RECORD;
    return S_OK;
}

static void sha256_blob(struct sha256 *sha, struct bytes bytes)
{
    uint8_t size[4];
    wire_store_u32(size, (uint32_t)bytes.size);
    sha256_update(sha, size, sizeof(size));
    sha256_update(sha, bytes.data, bytes.size);
}

void record_digest(struct bytes graph_id, struct bytes header, struct hash *digest)
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, label_of(LABEL_RECORD_DIGEST), LABEL_SIZE);
    sha256_blob(&sha, graph_id);
    sha256_update(&sha, header.data, header.size);
    sha256_final(&sha, digest);
}

void record_make_id(struct bytes graph_id, const struct record *record, struct guid *id)
{
    uint8_t created[8];
    wire_store_u32(created, (uint32_t)(record->created >> 32));
    wire_store_u32(created + 4, (uint32_t)record->created);
    struct sha256 sha;
    struct hash hash;
    sha256_init(&sha);
    sha256_update(&sha, label_of(LABEL_RECORD_ID), LABEL_SIZE);
    sha256_blob(&sha, graph_id);
    sha256_update(&sha, record->creator.bytes, HASH_SIZE);
    sha256_update(&sha, record->type.bytes, GUID_SIZE);
    sha256_update(&sha, created, sizeof(created));
    sha256_update(&sha, record->nonce, NONCE_SIZE);
    sha256_final(&sha, &hash);
    memcpy(id->bytes, hash.bytes, GUID_SIZE);
}

void record_signed_bytes(const struct hash *digest, uint8_t out[64])
{
    memcpy(out, label_of(LABEL_RECORD), LABEL_SIZE);
    memcpy(out + LABEL_SIZE, digest->bytes, HASH_SIZE);
}

void record_rank_of(const struct record *record, const struct hash *digest,
                    struct record_rank *rank)
{
    rank->deleted = record->deleted;
    rank->version = record->version;
    rank->modifier = record->modifier;
    rank->modified = record->modified;
    rank->digest = *digest;
}

/* (deleted, version, modified, modifier, last-modified, digest): a zero modifier means unmodified
 * and is the least. */
int record_rank_compare(const struct record_rank *a, const struct record_rank *b)
{
    if (a->deleted != b->deleted)
        return a->deleted ? 1 : -1;
    if (a->version != b->version)
        return a->version > b->version ? 1 : -1;
    int order = hash_compare(&a->modifier, &b->modifier);
    if (order != 0)
        return order;
    if (a->modified != b->modified)
        return a->modified > b->modified ? 1 : -1;
    return hash_compare(&a->digest, &b->digest);
}

bool record_key_names(const struct hash *key, struct bytes peer_name)
{
    enum { AUTHORITY_BYTES = 20 };
    char hex[HASH_TEXT_SIZE];
    hash_format(key, hex);
    return peer_name.size > 2 * AUTHORITY_BYTES &&
           memcmp(peer_name.data, hex, 2 * AUTHORITY_BYTES) == 0 &&
           peer_name.data[2 * AUTHORITY_BYTES] == '.';
}
