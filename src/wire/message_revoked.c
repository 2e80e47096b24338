/* message_revoked.c - REVOKED: the revocation by which the other side is refused, complete in
 * itself.
 *
 * It carries the chain of whoever signed, then the body of a FLOOD, so that one who is no member
 * any more can check it without asking. Failure: a decoder gives PEER_E_INVALID_RECORD for bytes
 * that are not exactly one such body; what is too large to be sent is E_INVALIDARG. */
#include "wire/message.h"

HRESULT message_encode_revoked(struct bytes chain, const struct message_flood *flood,
                               struct buffer *out)
{
    CLEANUP_BUFFER struct buffer inner = BUFFER_NULL;
    struct wire_writer writer;
    size_t before = out->size;
    HRESULT hr = message_encode_flood(flood, &inner);
    if (FAILED(hr))
        return hr;
    if (MESSAGE_HEADER_SIZE + sizeof(uint32_t) + chain.size + inner.size > LIMIT_MESSAGE_SIZE)
        return E_INVALIDARG;
    wire_writer_init(&writer, out);
    size_t begin = message_begin(&writer, MESSAGE_REVOKED);
    wire_write_blob(&writer, chain);
    wire_write_fixed(&writer, inner.data + MESSAGE_HEADER_SIZE, inner.size - MESSAGE_HEADER_SIZE);
    hr = message_end(&writer, begin);
    if (FAILED(hr))
        out->size = before;
    return hr;
}

HRESULT message_decode_revoked(struct bytes body, struct message_revoked *message)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    *message = (struct message_revoked){.flood_body = {.data = NULL}};
    message->chain = wire_read_blob(&reader, LIMIT_MESSAGE_SIZE);
    message->flood_body = wire_read_view(&reader, wire_left(&reader));
    if (reader.failed)
        return PEER_E_INVALID_RECORD;
    HRESULT hr = message_decode_flood(message->flood_body, &message->flood);
    if (SUCCEEDED(hr) && (message->flood.flags & FLOOD_PAYLOAD_IN_PIECES))
        hr = PEER_E_INVALID_RECORD;
    return hr;
}
