/* message_encode.c - one encoder for each message; the mirror of message_decode.c, in the same
 * order.
 *
 * Each appends a whole message to the buffer or leaves the buffer as it was (E_OUTOFMEMORY). Input
 * comes from our own code and is within the limits, which the assertion in message_end and those
 * here hold it to. */
#include "wire/message.h"

enum { SIGNATURE_TYPE_ED25519 = 1 };

HRESULT message_encode_connect(const struct message_connect *connect, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_CONNECT);
    wire_write_u8(&writer, connect->flags);
    wire_write_u64(&writer, connect->node_id);
    wire_write_addresses(&writer, &connect->addresses);
    wire_write_blob(&writer, connect->friendly_name);
    return message_end(&writer, begin);
}

HRESULT message_encode_welcome(const struct message_welcome *welcome, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_WELCOME);
    wire_write_u64(&writer, welcome->node_id);
    wire_write_u64(&writer, welcome->peer_time);
    wire_write_addresses(&writer, &welcome->addresses);
    wire_write_blob(&writer, welcome->friendly_name);
    return message_end(&writer, begin);
}

HRESULT message_encode_goodbye(uint8_t type, const struct message_goodbye *goodbye,
                               struct buffer *out)
{
    ASSERT(type == MESSAGE_REFUSE || type == MESSAGE_DISCONNECT);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, type);
    wire_write_u8(&writer, goodbye->code);
    wire_write_addresses(&writer, &goodbye->addresses);
    return message_end(&writer, begin);
}

static void write_name(struct wire_writer *writer, const struct version_name *name)
{
    wire_write_fixed(writer, name->id.bytes, GUID_SIZE);
    wire_write_u32(writer, name->version);
    wire_write_fixed(writer, name->digest.bytes, HASH_SIZE);
}

HRESULT message_encode_advertise(const struct version_name *names, uint32_t count,
                                 struct buffer *out)
{
    ASSERT(count <= ADVERTISE_MAX);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_ADVERTISE);
    wire_write_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++)
        write_name(&writer, &names[i]);
    return message_end(&writer, begin);
}

HRESULT message_encode_ack(const struct ack *acks, uint32_t count, struct buffer *out)
{
    ASSERT(count <= ACK_MAX);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_ACK);
    wire_write_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        write_name(&writer, &acks[i].name);
        wire_write_u8(&writer, acks[i].useful ? 1 : 0);
    }
    return message_end(&writer, begin);
}

HRESULT message_encode_request(const struct request *requests, uint32_t count, struct buffer *out)
{
    ASSERT(count <= REQUEST_MAX);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_REQUEST);
    wire_write_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_write_u8(&writer, requests[i].is_piece ? 1 : 0);
        write_name(&writer, &requests[i].name);
        wire_write_u32(&writer, requests[i].piece);
    }
    return message_end(&writer, begin);
}

HRESULT message_encode_flood(const struct message_flood *flood, struct buffer *out)
{
    ASSERT(flood->payload.size <= LIMIT_PIECE_SIZE);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_FLOOD);
    wire_write_u8(&writer, flood->flags);
    wire_write_fixed(&writer, flood->certificate.bytes, HASH_SIZE);
    wire_write_u8(&writer, SIGNATURE_TYPE_ED25519);
    wire_write_blob(&writer, flood->signature);
    wire_write_blob(&writer, flood->header);
    wire_write_blob(&writer, flood->payload);
    return message_end(&writer, begin);
}

HRESULT message_encode_piece(const struct message_piece *piece, struct buffer *out)
{
    ASSERT(piece->path_size <= PIECE_PATH_MAX && piece->data.size <= LIMIT_PIECE_SIZE);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_PIECE);
    write_name(&writer, &piece->name);
    wire_write_u32(&writer, piece->index);
    wire_write_u8(&writer, (uint8_t)piece->path_size);
    for (uint32_t i = 0; i < piece->path_size; i++)
        wire_write_fixed(&writer, piece->path[i].bytes, HASH_SIZE);
    wire_write_blob(&writer, piece->data);
    return message_end(&writer, begin);
}

HRESULT message_encode_certificate_request(const struct hash *hashes, uint32_t count,
                                           struct buffer *out)
{
    ASSERT(count <= CERTIFICATE_REQUEST_MAX);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_CERTIFICATE_REQUEST);
    wire_write_u32(&writer, count);
    for (uint32_t i = 0; i < count; i++)
        wire_write_fixed(&writer, hashes[i].bytes, HASH_SIZE);
    return message_end(&writer, begin);
}

HRESULT message_encode_certificate(const struct message_certificate *message, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_CERTIFICATE);
    wire_write_fixed(&writer, message->certificate.bytes, HASH_SIZE);
    wire_write_blob(&writer, message->chain);
    return message_end(&writer, begin);
}

static void write_fingerprint(struct wire_writer *writer, const struct fingerprint *sum)
{
    wire_write_u64(writer, sum->high);
    wire_write_u64(writer, sum->low);
}

HRESULT message_encode_ping(const struct message_ping *ping, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_PING);
    wire_write_u64(&writer, ping->horizon);
    wire_write_u64(&writer, ping->count);
    write_fingerprint(&writer, &ping->sum);
    return message_end(&writer, begin);
}

HRESULT message_encode_pt2pt(const struct message_pt2pt *message, struct buffer *out)
{
    ASSERT(message->data.size <= PT2PT_DATA_MAX);
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_PT2PT);
    wire_write_u8(&writer, message->flags);
    wire_write_fixed(&writer, message->type.bytes, GUID_SIZE);
    wire_write_blob(&writer, message->data);
    return message_end(&writer, begin);
}

HRESULT message_encode_sync_end(const struct message_sync_end *end, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_SYNC_END);
    wire_write_u32(&writer, end->session);
    wire_write_u8(&writer, end->answer ? 1 : 0);
    return message_end(&writer, begin);
}

size_t message_begin_reconcile(struct wire_writer *writer, const struct message_reconcile *head,
                               uint32_t ranges)
{
    ASSERT(ranges >= 1 && ranges <= LIMIT_RANGES);
    size_t begin = message_begin(writer, MESSAGE_RECONCILE);
    wire_write_u32(writer, head->session);
    wire_write_u8(writer, head->answer ? 1 : 0);
    wire_write_u64(writer, head->horizon);
    wire_write_u32(writer, ranges);
    return begin;
}

static void write_bound(struct wire_writer *writer, const struct range_bound *bound)
{
    wire_write_u64(writer, bound->modified);
    wire_write_fixed(writer, bound->id.bytes, GUID_SIZE);
}

void message_write_range(struct wire_writer *writer, const struct range *range)
{
    write_bound(writer, &range->lower);
    write_bound(writer, &range->upper);
    wire_write_u8(writer, (uint8_t)range->mode);
    if (range->mode == RANGE_FINGERPRINT || range->mode == RANGE_DIFFERENT)
        wire_write_u64(writer, range->count);
    if (range->mode == RANGE_FINGERPRINT)
        write_fingerprint(writer, &range->sum);
    if (range->mode != RANGE_ITEMS)
        return;
    ASSERT(range->count <= ITEMS_MAX);
    wire_write_u32(writer, (uint32_t)range->count);
    for (uint64_t i = 0; i < range->count; i++) {
        write_bound(writer, &range->items[i].key);
        wire_write_u32(writer, range->items[i].version);
        wire_write_fixed(writer, range->items[i].digest.bytes, HASH_SIZE);
    }
}
