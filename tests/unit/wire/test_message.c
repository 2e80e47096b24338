/* Does every message come back from its own bytes, and do all other bytes give one code? */
#include "support/test.h"
#include "wire/message.h"

#include <string.h>

static struct address_list addresses(uint32_t count)
{
    struct address_list list = {.count = count};
    for (uint32_t i = 0; i < count; i++)
        list.items[i] = (struct address){.ip = {0xfd, (uint8_t)i}, .port = (uint16_t)(1000 + i)};
    return list;
}

static struct version_name name_of(uint8_t seed)
{
    struct version_name name = {.version = 0x01020300u + seed};
    memset(name.id.bytes, seed, GUID_SIZE);
    memset(name.digest.bytes, seed + 1, HASH_SIZE);
    return name;
}

/* The body of the one message in out; its type must be this. */
static struct bytes body_of(const struct buffer *out, uint8_t type)
{
    struct message message;
    assert_hr(message_next(buffer_view(out), &message), S_OK);
    assert_int_equal(message.type, type);
    assert_int_equal(message.size, out->size);
    return message.body;
}

typedef HRESULT (*decoder)(struct bytes body);

/* Every truncation, and one byte too many, is refused. */
static void only_whole(const struct buffer *out, decoder decode)
{
    struct bytes body = bytes_of(out->data + MESSAGE_HEADER_SIZE, out->size - MESSAGE_HEADER_SIZE);
    assert_ok(decode(body));
    for (size_t size = 0; size < body.size; size++)
        assert_hr(decode(bytes_of(body.data, size)), PEER_E_INVALID_RECORD);
    uint8_t longer[8192] = {0};
    assert_true(body.size < sizeof(longer));
    memcpy(longer, body.data, body.size);
    assert_hr(decode(bytes_of(longer, body.size + 1)), PEER_E_INVALID_RECORD);
}

static HRESULT decode_connect(struct bytes body)
{
    struct message_connect message;
    return message_decode_connect(body, &message);
}

static void connect_round_trip(void **state)
{
    (void)state;
    struct message_connect sent = {.flags = CONNECT_DIRECT | CONNECT_WANT_REFERRALS,
                                   .node_id = 0x1122334455667788ull,
                                   .addresses = addresses(LIMIT_REFERRALS),
                                   .friendly_name = bytes_of_text("J\xc3\xb6rg")};
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_connect(&sent, &out));
    struct message_connect got;
    assert_ok(message_decode_connect(body_of(&out, MESSAGE_CONNECT), &got));
    assert_int_equal(got.flags, sent.flags);
    assert_true(got.node_id == sent.node_id);
    assert_int_equal(got.addresses.count, LIMIT_REFERRALS);
    assert_true(address_equal(&got.addresses.items[9], &sent.addresses.items[9]));
    assert_true(bytes_equal(got.friendly_name, sent.friendly_name));
    only_whole(&out, decode_connect);
    /* Node id 0, and eleven addresses. */
    memset(out.data + MESSAGE_HEADER_SIZE + 1, 0, 8);
    assert_hr(decode_connect(body_of(&out, MESSAGE_CONNECT)), PEER_E_INVALID_RECORD);
    out.data[MESSAGE_HEADER_SIZE + 1] = 1;
    assert_ok(decode_connect(body_of(&out, MESSAGE_CONNECT)));
    out.data[MESSAGE_HEADER_SIZE + 9] = LIMIT_REFERRALS + 1;
    assert_hr(decode_connect(body_of(&out, MESSAGE_CONNECT)), PEER_E_INVALID_RECORD);
    buffer_deinit(&out);
}

static HRESULT decode_welcome(struct bytes body)
{
    struct message_welcome message;
    return message_decode_welcome(body, &message);
}

static HRESULT decode_goodbye(struct bytes body)
{
    struct message_goodbye message;
    return message_decode_goodbye(body, &message);
}

static void welcome_and_goodbye_round_trip(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    struct message_welcome sent = {
        .node_id = 5, .peer_time = TICKS_UNLIMITED, .addresses = addresses(2)};
    assert_ok(message_encode_welcome(&sent, &out));
    struct message_welcome got;
    assert_ok(message_decode_welcome(body_of(&out, MESSAGE_WELCOME), &got));
    assert_true(got.node_id == 5 && got.peer_time == TICKS_UNLIMITED && got.addresses.count == 2);
    only_whole(&out, decode_welcome);
    out.size = 0;
    sent.peer_time = TICKS_UNLIMITED + 1;
    assert_ok(message_encode_welcome(&sent, &out));
    assert_hr(decode_welcome(body_of(&out, MESSAGE_WELCOME)), PEER_E_INVALID_RECORD);
    out.size = 0;
    struct message_goodbye bye = {.code = REFUSE_BUSY, .addresses = addresses(3)}, back;
    assert_ok(message_encode_goodbye(MESSAGE_REFUSE, &bye, &out));
    assert_ok(message_decode_goodbye(body_of(&out, MESSAGE_REFUSE), &back));
    assert_true(back.code == REFUSE_BUSY && back.addresses.count == 3);
    only_whole(&out, decode_goodbye);
    out.size = 0;
    assert_ok(message_encode_goodbye(MESSAGE_DISCONNECT, &bye, &out));
    (void)body_of(&out, MESSAGE_DISCONNECT);
    buffer_deinit(&out);
}

static HRESULT decode_names(struct bytes body)
{
    struct message_list list;
    struct version_name name;
    HRESULT hr = message_decode_advertise(body, &list);
    while (SUCCEEDED(hr) && message_next_advertised(&list, &name))
        ;
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}

static HRESULT decode_acks(struct bytes body)
{
    struct message_list list;
    struct ack ack;
    HRESULT hr = message_decode_ack(body, &list);
    while (SUCCEEDED(hr) && message_next_ack(&list, &ack))
        ;
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}

static HRESULT decode_requests(struct bytes body)
{
    struct message_list list;
    struct request request;
    HRESULT hr = message_decode_request(body, &list);
    while (SUCCEEDED(hr) && message_next_request(&list, &request))
        ;
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}

static HRESULT decode_hashes(struct bytes body)
{
    struct message_list list;
    struct hash hash;
    HRESULT hr = message_decode_certificate_request(body, &list);
    while (SUCCEEDED(hr) && message_next_hash(&list, &hash))
        ;
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}

static void lists_round_trip(void **state)
{
    (void)state;
    struct version_name names[3] = {name_of(1), name_of(2), name_of(3)}, name;
    struct buffer out = BUFFER_NULL;
    struct message_list list;
    assert_ok(message_encode_advertise(names, 3, &out));
    assert_ok(message_decode_advertise(body_of(&out, MESSAGE_ADVERTISE), &list));
    for (int i = 0; i < 3; i++) {
        assert_true(message_next_advertised(&list, &name));
        assert_true(version_name_equal(&name, &names[i]));
    }
    assert_false(message_next_advertised(&list, &name));
    assert_true(message_list_done(&list));
    only_whole(&out, decode_names);

    out.size = 0;
    struct ack acks[2] = {{names[0], true}, {names[1], false}}, ack;
    assert_ok(message_encode_ack(acks, 2, &out));
    assert_ok(message_decode_ack(body_of(&out, MESSAGE_ACK), &list));
    assert_true(message_next_ack(&list, &ack) && ack.useful);
    assert_true(message_next_ack(&list, &ack) && !ack.useful);
    assert_true(version_name_equal(&ack.name, &names[1]));
    only_whole(&out, decode_acks);
    out.data[out.size - 1] = 2; /* a flag is 0 or 1 */
    assert_hr(decode_acks(body_of(&out, MESSAGE_ACK)), PEER_E_INVALID_RECORD);

    out.size = 0;
    struct request requests[2] = {{true, names[0], 77}, {false, names[1], 0}}, request;
    assert_ok(message_encode_request(requests, 2, &out));
    assert_ok(message_decode_request(body_of(&out, MESSAGE_REQUEST), &list));
    assert_true(message_next_request(&list, &request) && request.is_piece && request.piece == 77);
    assert_true(message_next_request(&list, &request) && !request.is_piece);
    only_whole(&out, decode_requests);

    out.size = 0;
    struct hash hashes[2] = {names[0].digest, names[1].digest}, hash;
    assert_ok(message_encode_certificate_request(hashes, 2, &out));
    assert_ok(
        message_decode_certificate_request(body_of(&out, MESSAGE_CERTIFICATE_REQUEST), &list));
    assert_true(message_next_hash(&list, &hash) && hash_equal(&hash, &hashes[0]));
    only_whole(&out, decode_hashes);
    buffer_deinit(&out);
}

static void list_counts_are_bounded(void **state)
{
    (void)state;
    static struct hash hashes[CERTIFICATE_REQUEST_MAX];
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_certificate_request(hashes, CERTIFICATE_REQUEST_MAX, &out));
    assert_ok(decode_hashes(body_of(&out, MESSAGE_CERTIFICATE_REQUEST)));
    /* One more, with its bytes. */
    assert_ok(buffer_append(&out, hashes, HASH_SIZE));
    wire_store_u32(out.data, (uint32_t)out.size);
    wire_store_u32(out.data + MESSAGE_HEADER_SIZE, CERTIFICATE_REQUEST_MAX + 1);
    assert_hr(decode_hashes(body_of(&out, MESSAGE_CERTIFICATE_REQUEST)), PEER_E_INVALID_RECORD);
    buffer_deinit(&out);
}

static HRESULT decode_flood(struct bytes body)
{
    struct message_flood message;
    return message_decode_flood(body, &message);
}

static void flood_round_trip(void **state)
{
    (void)state;
    static const uint8_t signature[64] = {7};
    struct message_flood sent = {.flags = FLOOD_SYNC,
                                 .header = bytes_of("header", 6),
                                 .certificate = {{9}},
                                 .signature = bytes_of(signature, sizeof(signature)),
                                 .payload = bytes_of("payload", 7)};
    struct buffer out = BUFFER_NULL;
    assert_ok(message_encode_flood(&sent, &out));
    struct message_flood got;
    assert_ok(message_decode_flood(body_of(&out, MESSAGE_FLOOD), &got));
    assert_int_equal(got.flags, FLOOD_SYNC);
    assert_true(bytes_equal(got.header, sent.header) && bytes_equal(got.payload, sent.payload));
    assert_true(bytes_equal(got.signature, sent.signature));
    assert_true(hash_equal(&got.certificate, &sent.certificate));
    only_whole(&out, decode_flood);
    out.data[MESSAGE_HEADER_SIZE] = FLOOD_PAYLOAD_IN_PIECES; /* and a payload */
    assert_hr(decode_flood(body_of(&out, MESSAGE_FLOOD)), PEER_E_INVALID_RECORD);
    out.data[MESSAGE_HEADER_SIZE] = 0;
    out.data[MESSAGE_HEADER_SIZE + 1 + HASH_SIZE] = 2; /* a signature of another kind */
    assert_hr(decode_flood(body_of(&out, MESSAGE_FLOOD)), PEER_E_INVALID_RECORD);
    out.size = 0;
    sent.signature.size = 63;
    assert_ok(message_encode_flood(&sent, &out));
    assert_hr(decode_flood(body_of(&out, MESSAGE_FLOOD)), PEER_E_INVALID_RECORD);
    buffer_deinit(&out);
}

static HRESULT decode_piece(struct bytes body)
{
    struct message_piece message;
    return message_decode_piece(body, &message);
}

static HRESULT decode_certificate(struct bytes body)
{
    struct message_certificate message;
    return message_decode_certificate(body, &message);
}

static HRESULT decode_revoked(struct bytes body)
{
    struct message_revoked message;
    return message_decode_revoked(body, &message);
}

static HRESULT decode_ping(struct bytes body)
{
    struct message_ping message;
    return message_decode_ping(body, &message);
}

static HRESULT decode_pt2pt(struct bytes body)
{
    struct message_pt2pt message;
    return message_decode_pt2pt(body, &message);
}

static HRESULT decode_sync_end(struct bytes body)
{
    struct message_sync_end message;
    return message_decode_sync_end(body, &message);
}

static void small_ones_round_trip(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    struct message_piece piece = {
        .name = name_of(4), .index = 3, .path_size = PIECE_PATH_MAX, .data = bytes_of("data", 4)};
    piece.path[9].bytes[31] = 5;
    struct message_piece got;
    assert_ok(message_encode_piece(&piece, &out));
    assert_ok(message_decode_piece(body_of(&out, MESSAGE_PIECE), &got));
    assert_true(version_name_equal(&got.name, &piece.name) && got.index == 3);
    assert_true(got.path_size == PIECE_PATH_MAX && got.path[9].bytes[31] == 5);
    assert_true(bytes_equal(got.data, piece.data));
    only_whole(&out, decode_piece);
    out.data[MESSAGE_HEADER_SIZE + GUID_SIZE + 4 + HASH_SIZE + 4] = PIECE_PATH_MAX + 1;
    assert_hr(decode_piece(body_of(&out, MESSAGE_PIECE)), PEER_E_INVALID_RECORD);

    out.size = 0;
    struct message_certificate certificate = {.certificate = {{1}}, .chain = bytes_of("ch", 2)}, c;
    assert_ok(message_encode_certificate(&certificate, &out));
    assert_ok(message_decode_certificate(body_of(&out, MESSAGE_CERTIFICATE), &c));
    assert_true(bytes_equal(c.chain, certificate.chain));
    only_whole(&out, decode_certificate);

    out.size = 0;
    static const uint8_t revoked_signature[64], too_large[LIMIT_MESSAGE_SIZE];
    struct message_flood why = {.header = bytes_of("header", 6),
                                .certificate = {{7}},
                                .signature = bytes_of(revoked_signature, 64)};
    struct message_revoked r;
    assert_ok(message_encode_revoked(bytes_of("ch", 2), &why, &out));
    assert_ok(message_decode_revoked(body_of(&out, MESSAGE_REVOKED), &r));
    assert_true(bytes_equal(r.chain, bytes_of("ch", 2)));
    assert_true(bytes_equal(r.flood.header, why.header) && r.flood.certificate.bytes[0] == 7);
    only_whole(&out, decode_revoked);
    out.data[MESSAGE_HEADER_SIZE + 4 + 2] = FLOOD_PAYLOAD_IN_PIECES;
    assert_hr(decode_revoked(body_of(&out, MESSAGE_REVOKED)), PEER_E_INVALID_RECORD);
    out.size = 0;
    assert_hr(message_encode_revoked(bytes_of(too_large, sizeof(too_large)), &why, &out),
              E_INVALIDARG);
    assert_int_equal(out.size, 0);

    out.size = 0;
    struct message_ping ping = {.horizon = 1, .count = 2, .sum = {3, 4}}, p;
    assert_ok(message_encode_ping(&ping, &out));
    assert_ok(message_decode_ping(body_of(&out, MESSAGE_PING), &p));
    assert_true(p.horizon == 1 && p.count == 2 && fingerprint_equal(&p.sum, &ping.sum));
    only_whole(&out, decode_ping);

    out.size = 0;
    struct message_pt2pt data = {.flags = PT2PT_MORE, .type = {{6}}, .data = bytes_of("d", 1)}, d;
    assert_ok(message_encode_pt2pt(&data, &out));
    assert_ok(message_decode_pt2pt(body_of(&out, MESSAGE_PT2PT), &d));
    assert_true(d.flags == PT2PT_MORE && guid_equal(&d.type, &data.type) && d.data.size == 1);
    only_whole(&out, decode_pt2pt);

    out.size = 0;
    struct message_sync_end end = {.session = 8, .answer = true}, e;
    assert_ok(message_encode_sync_end(&end, &out));
    assert_ok(message_decode_sync_end(body_of(&out, MESSAGE_SYNC_END), &e));
    assert_true(e.session == 8 && e.answer);
    only_whole(&out, decode_sync_end);
    buffer_deinit(&out);
}

static void write_reconcile(const struct range *ranges, uint32_t count, struct buffer *out)
{
    struct message_reconcile head = {.session = 3, .answer = false, .horizon = 99};
    struct wire_writer writer;
    out->size = 0;
    wire_writer_init(&writer, out);
    size_t begin = message_begin_reconcile(&writer, &head, count);
    for (uint32_t i = 0; i < count; i++)
        message_write_range(&writer, &ranges[i]);
    assert_ok(message_end(&writer, begin));
}

static HRESULT decode_reconcile(struct bytes body)
{
    static struct range range;
    struct message_reconcile head;
    struct message_list list;
    HRESULT hr = message_decode_reconcile(body, &head, &list);
    while (SUCCEEDED(hr) && message_next_range(&list, &range))
        ;
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}

static struct range ranges[LIMIT_RANGES];

static void fill_ranges(void)
{
    for (uint64_t i = 0; i < LIMIT_RANGES; i++) {
        ranges[i] = (struct range){.lower = {.modified = i}, .upper = {.modified = i + 1}};
        ranges[i].mode = (enum range_mode)(RANGE_FINGERPRINT + i % 4);
        ranges[i].count = i % 4 == 1 ? 3 : 0;
        for (uint64_t j = 0; j < 3; j++) {
            ranges[i].items[j].key.modified = i;
            ranges[i].items[j].key.id.bytes[0] = (uint8_t)(j + 1);
        }
    }
}

static void reconcile_round_trip(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    fill_ranges();
    write_reconcile(ranges, LIMIT_RANGES, &out);
    struct message_reconcile head;
    struct message_list list;
    static struct range got;
    assert_ok(message_decode_reconcile(body_of(&out, MESSAGE_RECONCILE), &head, &list));
    assert_true(head.session == 3 && !head.answer && head.horizon == 99);
    for (int i = 0; i < LIMIT_RANGES; i++) {
        assert_true(message_next_range(&list, &got));
        assert_int_equal(got.mode, ranges[i].mode);
        assert_true(got.lower.modified == (uint64_t)i && got.count == ranges[i].count);
    }
    assert_true(message_list_done(&list));
    only_whole(&out, decode_reconcile);
    buffer_deinit(&out);
}

static void reconcile_ranges_must_make_sense(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    fill_ranges();
    struct range list = ranges[1];
    write_reconcile(&list, 1, &out);
    assert_ok(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)));
    struct range bad = list; /* bounds that are equal, and the wrong way round */
    bad.upper = bad.lower;
    bad.count = 0;
    write_reconcile(&bad, 1, &out);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    bad = list; /* an item on the lower bound */
    bad.items[0].key = bad.lower;
    write_reconcile(&bad, 1, &out);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    bad = list; /* beyond the upper bound */
    bad.items[2].key.modified = bad.upper.modified + 1;
    write_reconcile(&bad, 1, &out);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    bad = list; /* twice the same */
    bad.items[2].key = bad.items[1].key;
    write_reconcile(&bad, 1, &out);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    bad = list; /* a mode that does not exist */
    bad.mode = (enum range_mode)5;
    write_reconcile(&bad, 1, &out);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    write_reconcile(&list, 1, &out); /* none, and seventeen */
    wire_store_u32(out.data + MESSAGE_HEADER_SIZE + 13, 0);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    wire_store_u32(out.data + MESSAGE_HEADER_SIZE + 13, LIMIT_RANGES + 1);
    assert_hr(decode_reconcile(body_of(&out, MESSAGE_RECONCILE)), PEER_E_INVALID_RECORD);
    buffer_deinit(&out);
}

static void framing(void **state)
{
    (void)state;
    struct message message;
    uint8_t header[] = {0, 0, 0, 8, 2, 0x80, 1, 2, 3};
    for (size_t size = 0; size < 8; size++)
        assert_hr(message_next(bytes_of(header, size), &message), S_FALSE);
    assert_hr(message_next(bytes_of(header, 9), &message), S_OK);
    assert_true(message.size == 8 && message.body.size == 2 && message.type == 0x80);
    header[4] = 3; /* version */
    assert_hr(message_next(bytes_of(header, 6), &message), PEER_E_INVALID_RECORD);
    header[4] = 2;
    header[3] = 5; /* shorter than its header */
    assert_hr(message_next(bytes_of(header, 6), &message), PEER_E_INVALID_RECORD);
    wire_store_u32(header, LIMIT_MESSAGE_SIZE);
    assert_hr(message_next(bytes_of(header, 6), &message), S_FALSE);
    wire_store_u32(header, LIMIT_MESSAGE_SIZE + 1);
    assert_hr(message_next(bytes_of(header, 6), &message), PEER_E_INVALID_RECORD);
}

static void without_memory_nothing_is_appended(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 5; n++) {
        struct buffer out = BUFFER_NULL;
        static uint8_t payload[3000];
        struct message_flood flood = {.signature = bytes_of(payload, 64),
                                      .header = bytes_of(payload, 300),
                                      .payload = bytes_of(payload, sizeof(payload))};
        mem_fail_nth(n);
        HRESULT hr = message_encode_flood(&flood, &out);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_true(!hit || out.size == 0);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect_round_trip),
        cmocka_unit_test(welcome_and_goodbye_round_trip),
        cmocka_unit_test(lists_round_trip),
        cmocka_unit_test(list_counts_are_bounded),
        cmocka_unit_test(flood_round_trip),
        cmocka_unit_test(small_ones_round_trip),
        cmocka_unit_test(reconcile_round_trip),
        cmocka_unit_test(reconcile_ranges_must_make_sense),
        cmocka_unit_test(framing),
        cmocka_unit_test(without_memory_nothing_is_appended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
