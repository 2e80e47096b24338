/* database_file.c - the bytes of a database file.
 *
 * Happy path: header, items, trailer are written one after another; a reader takes the header, then
 * segments of whole items, hashing what passes, until the trailer agrees with number and hash and
 * the file ends there. Failure: whatever is not exactly so is E_INVALIDARG; nothing is allocated by
 * a length that the file claims beyond DATABASE_ITEM_MAX. */
#include "group/database_file.h"

#include "base/limits.h"

#define MAGIC "peergroup db\r\n\x1a\n"

enum {
    MAGIC_SIZE = 16,
    NAME_MAX = 3 * LIMIT_PEER_NAME_UNITS,
    FIXED_HEADER = MAGIC_SIZE + 4,
    FRAME_SIZE = 5,
    END_SIZE = 8 + HASH_SIZE,
    RECORD_HEADER_MAX = 64 * 1024,
    FLAG_SYNCHRONISED = 1
};
_Static_assert(sizeof(MAGIC) - 1 == MAGIC_SIZE, "one size for all");

/* ---- writing ---- */

HRESULT database_write_header(const struct database_header *header, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_fixed(&writer, MAGIC, MAGIC_SIZE);
    wire_write_u32(&writer, DATABASE_VERSION);
    wire_write_blob(&writer, header->group);
    wire_write_blob(&writer, header->identity);
    wire_write_u8(&writer, header->synchronised ? FLAG_SYNCHRONISED : 0);
    wire_write_u64(&writer, header->written);
    return writer.hr;
}

HRESULT database_write_item(enum database_item_type type, struct bytes body, struct buffer *out)
{
    struct wire_writer writer;
    ASSERT(body.size <= DATABASE_ITEM_MAX);
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, (uint8_t)type);
    wire_write_blob(&writer, body);
    return writer.hr;
}

HRESULT database_write_record(const struct hash *certificate, struct bytes signature,
                              struct bytes header, struct bytes payload, struct buffer *out)
{
    struct wire_writer writer;
    ASSERT(signature.size == SIGNATURE_SIZE);
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, DATABASE_RECORD);
    wire_write_u32(&writer,
                   (uint32_t)(HASH_SIZE + SIGNATURE_SIZE + 4 + header.size + 4 + payload.size));
    wire_write_fixed(&writer, certificate->bytes, HASH_SIZE);
    wire_write_fixed(&writer, signature.data, SIGNATURE_SIZE);
    wire_write_blob(&writer, header);
    wire_write_blob(&writer, payload);
    return writer.hr;
}

HRESULT database_write_end(uint64_t items, const struct hash *hash, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, DATABASE_END);
    wire_write_u32(&writer, END_SIZE);
    wire_write_u64(&writer, items);
    wire_write_fixed(&writer, hash->bytes, HASH_SIZE);
    return writer.hr;
}

/* ---- reading ---- */

/* Gives how many of size bytes there still are. */
static HRESULT read_some(struct database_reader *reader, uint8_t *data, size_t size, size_t *got)
{
    HRESULT hr = S_OK;
    size_t part = 1;
    for (*got = 0; SUCCEEDED(hr) && *got < size && part > 0; *got += part) {
        part = 0;
        hr = reader->source.read(reader->source.context, data + *got, size - *got, &part);
    }
    return hr;
}

/* Appends exactly size bytes. */
static HRESULT read_exactly(struct database_reader *reader, size_t size, struct buffer *out)
{
    size_t got;
    HRESULT hr = buffer_reserve(out, size);
    if (SUCCEEDED(hr))
        hr = read_some(reader, out->data + out->size, size, &got);
    if (FAILED(hr))
        return hr;
    out->size += got;
    return got == size ? S_OK : E_INVALIDARG;
}

/* Appends a text with its length. */
static HRESULT read_name(struct database_reader *reader)
{
    struct buffer *head = &reader->head;
    struct wire_reader length;
    HRESULT hr = read_exactly(reader, 4, head);
    if (FAILED(hr))
        return hr;
    wire_reader_init(&length, bytes_of(head->data + head->size - 4, 4));
    uint32_t size = wire_read_u32(&length);
    return size <= NAME_MAX ? read_exactly(reader, size, head) : E_INVALIDARG;
}

static HRESULT decode_header(struct bytes head, struct database_header *header)
{
    struct wire_reader reader;
    wire_reader_init(&reader, head);
    struct bytes magic = wire_read_view(&reader, MAGIC_SIZE);
    uint32_t version = wire_read_u32(&reader);
    header->group = wire_read_text(&reader, NAME_MAX);
    header->identity = wire_read_text(&reader, NAME_MAX);
    uint8_t flags = wire_read_u8(&reader);
    header->written = wire_read_u64(&reader);
    header->synchronised = flags == FLAG_SYNCHRONISED;
    bool good = wire_reader_done(&reader) && bytes_equal(magic, bytes_of(MAGIC, MAGIC_SIZE)) &&
                version == DATABASE_VERSION && flags <= FLAG_SYNCHRONISED;
    return good ? S_OK : E_INVALIDARG;
}

HRESULT database_reader_open(struct database_reader *reader, const struct database_source *source)
{
    *reader = (struct database_reader){.source = *source};
    sha256_init(&reader->sha);
    HRESULT hr = read_exactly(reader, FIXED_HEADER, &reader->head);
    if (SUCCEEDED(hr) && memcmp(reader->head.data, MAGIC, MAGIC_SIZE) != 0)
        hr = E_INVALIDARG;
    if (SUCCEEDED(hr))
        hr = read_name(reader);
    if (SUCCEEDED(hr))
        hr = read_name(reader);
    if (SUCCEEDED(hr))
        hr = read_exactly(reader, 1 + 8, &reader->head);
    if (SUCCEEDED(hr))
        hr = decode_header(buffer_view(&reader->head), &reader->header);
    if (SUCCEEDED(hr))
        sha256_update(&reader->sha, reader->head.data, reader->head.size);
    return hr;
}

void database_reader_deinit(struct database_reader *reader)
{
    buffer_deinit(&reader->head);
}

static void hash_so_far(const struct database_reader *reader, struct hash *hash)
{
    struct sha256 copy = reader->sha;
    sha256_final(&copy, hash);
}

static HRESULT check_end(struct database_reader *reader, struct bytes body)
{
    struct wire_reader fields;
    struct hash claimed, hash;
    uint8_t more;
    size_t got;
    wire_reader_init(&fields, body);
    uint64_t items = wire_read_u64(&fields);
    wire_read_fixed(&fields, claimed.bytes, HASH_SIZE);
    hash_so_far(reader, &hash);
    if (!wire_reader_done(&fields) || items != reader->items || !hash_equal(&claimed, &hash))
        return E_INVALIDARG;
    HRESULT hr = read_some(reader, &more, 1, &got);
    reader->ended = true;
    return SUCCEEDED(hr) && got > 0 ? E_INVALIDARG : hr;
}

/* Appends one item; the trailer is checked and taken away again. */
static HRESULT read_item(struct database_reader *reader, struct buffer *out)
{
    size_t start = out->size;
    struct wire_reader frame;
    HRESULT hr = read_exactly(reader, FRAME_SIZE, out);
    if (FAILED(hr))
        return hr;
    wire_reader_init(&frame, bytes_of(out->data + start, FRAME_SIZE));
    uint8_t type = wire_read_u8(&frame);
    uint32_t size = wire_read_u32(&frame);
    hr = size <= DATABASE_ITEM_MAX ? read_exactly(reader, size, out) : E_INVALIDARG;
    if (FAILED(hr))
        return hr;
    if (type == DATABASE_END) {
        hr = check_end(reader, bytes_of(out->data + start + FRAME_SIZE, size));
        out->size = start;
        return hr;
    }
    sha256_update(&reader->sha, out->data + start, FRAME_SIZE + size);
    reader->items++;
    return S_OK;
}

HRESULT database_reader_next(struct database_reader *reader, struct database_segment *segment)
{
    segment->data.size = 0;
    if (reader->ended)
        return S_FALSE;
    HRESULT hr = S_OK;
    for (int i = 0; SUCCEEDED(hr) && i < DATABASE_SEGMENT_ITEMS && !reader->ended &&
                    segment->data.size < DATABASE_SEGMENT_SIZE;
         i++)
        hr = read_item(reader, &segment->data);
    hash_so_far(reader, &segment->hash);
    return hr;
}

static HRESULT decode_record(struct bytes group, struct database_item *item)
{
    struct wire_reader reader;
    struct guid id;
    struct hash leaf;
    wire_reader_init(&reader, item->body);
    wire_read_fixed(&reader, item->seal.certificate.bytes, HASH_SIZE);
    wire_read_fixed(&reader, item->seal.signature, SIGNATURE_SIZE);
    item->header = wire_read_blob(&reader, RECORD_HEADER_MAX);
    item->payload = wire_read_blob(&reader, LIMIT_PIECE_SIZE);
    if (!wire_reader_done(&reader) || FAILED(record_header_decode(item->header, &item->record)))
        return E_INVALIDARG;
    record_make_id(group, &item->record, &id);
    record_digest(group, item->header, &item->digest);
    if (!guid_equal(&id, &item->record.id))
        return E_INVALIDARG;
    if (item->record.payload_size > LIMIT_PIECE_SIZE)
        return item->payload.size == 0 ? S_OK : E_INVALIDARG;
    payload_leaf(item->payload, &leaf);
    return item->payload.size == item->record.payload_size &&
                   hash_equal(&leaf, &item->record.payload_root)
               ? S_OK
               : E_INVALIDARG;
}

HRESULT database_item_next(struct wire_reader *segment, struct bytes group,
                           struct database_item *item)
{
    if (wire_left(segment) == 0)
        return segment->failed ? E_INVALIDARG : S_FALSE;
    *item = (struct database_item){.type = wire_read_u8(segment)};
    item->body = wire_read_blob(segment, DATABASE_ITEM_MAX);
    if (segment->failed)
        return E_INVALIDARG;
    item->framed = bytes_of(item->body.data - 4, item->body.size + 4);
    switch (item->type) {
    case DATABASE_CERTIFICATE:
        return item->body.size > 0 && item->body.size <= LIMIT_CERTIFICATE_SIZE ? S_OK
                                                                                : E_INVALIDARG;
    case DATABASE_RECORD:
        return decode_record(group, item);
    case DATABASE_PIECE:
        return item->body.size > 0 && item->body.size <= LIMIT_PIECE_SIZE ? S_OK : E_INVALIDARG;
    case DATABASE_ABANDONED:
        return item->body.size == 0 ? S_OK : E_INVALIDARG;
    default:
        return E_INVALIDARG;
    }
}
