/* fuzz_message.c - the first byte chooses a decoder, the rest is its body: it gives a value or one
 * code; 0xff reads the rest as a stream of messages. */
#include "wire/message.h"

static void expect(HRESULT hr)
{
    ASSERT(hr == S_OK || hr == PEER_E_INVALID_RECORD);
}

static void list_names(struct bytes body)
{
    struct message_list list;
    struct version_name name;
    HRESULT hr = message_decode_advertise(body, &list);
    expect(hr);
    while (SUCCEEDED(hr) && message_next_advertised(&list, &name))
        ;
}

static void list_acks(struct bytes body)
{
    struct message_list list;
    struct ack ack;
    HRESULT hr = message_decode_ack(body, &list);
    expect(hr);
    while (SUCCEEDED(hr) && message_next_ack(&list, &ack))
        ;
}

static void list_requests(struct bytes body)
{
    struct message_list list;
    struct request request;
    HRESULT hr = message_decode_request(body, &list);
    expect(hr);
    while (SUCCEEDED(hr) && message_next_request(&list, &request))
        ;
}

static void list_hashes(struct bytes body)
{
    struct message_list list;
    struct hash hash;
    HRESULT hr = message_decode_certificate_request(body, &list);
    expect(hr);
    while (SUCCEEDED(hr) && message_next_hash(&list, &hash))
        ;
}

/* What was read is written again, byte for byte. */
static void list_ranges(struct bytes body)
{
    static struct range range;
    struct message_reconcile head;
    struct message_list list;
    HRESULT hr = message_decode_reconcile(body, &head, &list);
    expect(hr);
    if (FAILED(hr))
        return;
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    size_t begin = message_begin_reconcile(&writer, &head, list.left);
    while (message_next_range(&list, &range))
        message_write_range(&writer, &range);
    if (message_list_done(&list)) {
        ASSERT(SUCCEEDED(message_end(&writer, begin)));
        ASSERT(bytes_equal(bytes_of(out.data + MESSAGE_HEADER_SIZE, out.size - MESSAGE_HEADER_SIZE),
                           body));
    }
    buffer_deinit(&out);
}

static void stream_of(struct bytes stream)
{
    struct message message;
    HRESULT hr;
    while ((hr = message_next(stream, &message)) == S_OK) {
        ASSERT(message.size >= MESSAGE_HEADER_SIZE && message.size <= stream.size);
        stream = bytes_of(stream.data + message.size, stream.size - message.size);
    }
    ASSERT(hr == S_FALSE || hr == PEER_E_INVALID_RECORD);
}

static void one_of(uint8_t type, struct bytes body)
{
    union {
        struct message_connect connect;
        struct message_welcome welcome;
        struct message_goodbye goodbye;
        struct message_flood flood;
        struct message_piece piece;
        struct message_certificate certificate;
        struct message_revoked revoked;
        struct message_ping ping;
        struct message_pt2pt pt2pt;
        struct message_sync_end end;
    } value;
    switch (type) {
    case MESSAGE_CONNECT:
        expect(message_decode_connect(body, &value.connect));
        break;
    case MESSAGE_WELCOME:
        expect(message_decode_welcome(body, &value.welcome));
        break;
    case MESSAGE_REFUSE:
    case MESSAGE_DISCONNECT:
        expect(message_decode_goodbye(body, &value.goodbye));
        break;
    case MESSAGE_FLOOD:
        expect(message_decode_flood(body, &value.flood));
        break;
    case MESSAGE_PIECE:
        expect(message_decode_piece(body, &value.piece));
        break;
    case MESSAGE_CERTIFICATE:
        expect(message_decode_certificate(body, &value.certificate));
        break;
    case MESSAGE_REVOKED:
        expect(message_decode_revoked(body, &value.revoked));
        break;
    case MESSAGE_PING:
        expect(message_decode_ping(body, &value.ping));
        break;
    case MESSAGE_PT2PT:
        expect(message_decode_pt2pt(body, &value.pt2pt));
        break;
    case MESSAGE_SYNC_END:
        expect(message_decode_sync_end(body, &value.end));
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes body = bytes_of(data + 1, size - 1);
    switch (data[0]) {
    case MESSAGE_ADVERTISE:
        list_names(body);
        break;
    case MESSAGE_ACK:
        list_acks(body);
        break;
    case MESSAGE_REQUEST:
        list_requests(body);
        break;
    case MESSAGE_CERTIFICATE_REQUEST:
        list_hashes(body);
        break;
    case MESSAGE_RECONCILE:
        list_ranges(body);
        break;
    case 0xff:
        stream_of(body);
        break;
    default:
        one_of(data[0], body);
    }
    return 0;
}
