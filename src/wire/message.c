/* message.c - framing, and the small things that several messages share.
 *
 * message_next never trusts the length that a stranger claims beyond LIMIT_MESSAGE_SIZE, so a
 * reader needs no more memory than one message. Lists are cursors with a count: the count is
 * checked against the bytes that are there. */
#include "wire/message.h"

HRESULT message_next(struct bytes stream, struct message *message)
{
    if (stream.size < MESSAGE_HEADER_SIZE)
        return S_FALSE;
    struct wire_reader reader;
    wire_reader_init(&reader, stream);
    uint32_t size = wire_read_u32(&reader);
    uint8_t version = wire_read_u8(&reader);
    uint8_t type = wire_read_u8(&reader);
    if (size < MESSAGE_HEADER_SIZE || size > LIMIT_MESSAGE_SIZE || version != MESSAGE_VERSION)
        return PEER_E_INVALID_RECORD;
    if (stream.size < size)
        return S_FALSE;
    message->type = type;
    message->size = size;
    message->body = wire_read_view(&reader, size - MESSAGE_HEADER_SIZE);
    return S_OK;
}

size_t message_begin(struct wire_writer *writer, uint8_t type)
{
    size_t begin = writer->out->size;
    wire_write_u32(writer, 0);
    wire_write_u8(writer, MESSAGE_VERSION);
    wire_write_u8(writer, type);
    return begin;
}

HRESULT message_end(struct wire_writer *writer, size_t begin)
{
    if (FAILED(writer->hr)) {
        writer->out->size = begin;
        return writer->hr;
    }
    size_t size = writer->out->size - begin;
    ASSERT(size <= LIMIT_MESSAGE_SIZE);
    wire_store_u32(writer->out->data + begin, (uint32_t)size);
    return S_OK;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a->ip, b->ip, sizeof(a->ip)) == 0 && a->port == b->port;
}

void wire_write_addresses(struct wire_writer *writer, const struct address_list *list)
{
    ASSERT(list->count <= LIMIT_REFERRALS);
    wire_write_u8(writer, (uint8_t)list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        wire_write_fixed(writer, list->items[i].ip, sizeof(list->items[i].ip));
        wire_write_u16(writer, list->items[i].port);
    }
}

void wire_read_addresses(struct wire_reader *reader, struct address_list *list)
{
    *list = (struct address_list){.count = wire_read_u8(reader)};
    if (list->count > LIMIT_REFERRALS) {
        reader->failed = true;
        list->count = 0;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        wire_read_fixed(reader, list->items[i].ip, sizeof(list->items[i].ip));
        list->items[i].port = wire_read_u16(reader);
    }
}

bool version_name_equal(const struct version_name *a, const struct version_name *b)
{
    return a->version == b->version && guid_equal(&a->id, &b->id) &&
           hash_equal(&a->digest, &b->digest);
}

bool message_list_done(const struct message_list *list)
{
    return list->left == 0 && wire_reader_done(&list->reader);
}
