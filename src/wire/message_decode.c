/* message_decode.c - one total decoder for each message; the mirror of message_encode.c, in the
 * same order.
 *
 * Each reads all fields through a sticky reader and asks once at the end, then checks what a field
 * may be. Bytes from a neighbour end here as a filled structure or as PEER_E_INVALID_RECORD;
 * nothing is allocated. */
#include "wire/message.h"

enum {
    SIGNATURE_TYPE_ED25519 = 1,
    NAME_WIRE_SIZE = GUID_SIZE + 4 + HASH_SIZE,
    BOUND_WIRE_SIZE = 8 + GUID_SIZE,
    ITEM_WIRE_SIZE = BOUND_WIRE_SIZE + 4 + HASH_SIZE,
    FRIENDLY_NAME_MAX = 3 * LIMIT_FRIENDLY_NAME_UNITS,
    SIGNATURE_BYTES = 64
};

static HRESULT finish(const struct wire_reader *reader, bool sound)
{
    return sound && wire_reader_done(reader) ? S_OK : PEER_E_INVALID_RECORD;
}

static bool read_flag(struct wire_reader *reader)
{
    uint8_t value = wire_read_u8(reader);
    if (value > 1)
        reader->failed = true;
    return value == 1;
}

HRESULT message_decode_connect(struct bytes body, struct message_connect *connect)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    connect->flags = wire_read_u8(&reader);
    connect->node_id = wire_read_u64(&reader);
    wire_read_addresses(&reader, &connect->addresses);
    connect->friendly_name = wire_read_text(&reader, FRIENDLY_NAME_MAX);
    return finish(&reader, connect->node_id != 0);
}

HRESULT message_decode_welcome(struct bytes body, struct message_welcome *welcome)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    welcome->node_id = wire_read_u64(&reader);
    welcome->peer_time = wire_read_u64(&reader);
    wire_read_addresses(&reader, &welcome->addresses);
    welcome->friendly_name = wire_read_text(&reader, FRIENDLY_NAME_MAX);
    return finish(&reader, welcome->node_id != 0 && welcome->peer_time <= TICKS_UNLIMITED);
}

HRESULT message_decode_goodbye(struct bytes body, struct message_goodbye *goodbye)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    goodbye->code = wire_read_u8(&reader);
    wire_read_addresses(&reader, &goodbye->addresses);
    return finish(&reader, true);
}

static void read_name(struct wire_reader *reader, struct version_name *name)
{
    wire_read_fixed(reader, name->id.bytes, GUID_SIZE);
    name->version = wire_read_u32(reader);
    wire_read_fixed(reader, name->digest.bytes, HASH_SIZE);
}

/* A list of elements of one size, which must fill the body exactly. */
static HRESULT list_init(struct message_list *list, struct bytes body, uint32_t max,
                         size_t element_size)
{
    wire_reader_init(&list->reader, body);
    list->left = wire_read_count(&list->reader, max, element_size);
    bool exact = !list->reader.failed && wire_left(&list->reader) == list->left * element_size;
    return exact ? S_OK : PEER_E_INVALID_RECORD;
}

static bool list_step(struct message_list *list)
{
    if (list->left == 0 || list->reader.failed)
        return false;
    list->left--;
    return true;
}

HRESULT message_decode_advertise(struct bytes body, struct message_list *list)
{
    return list_init(list, body, ADVERTISE_MAX, NAME_WIRE_SIZE);
}

bool message_next_advertised(struct message_list *list, struct version_name *name)
{
    if (!list_step(list))
        return false;
    read_name(&list->reader, name);
    return !list->reader.failed;
}

HRESULT message_decode_ack(struct bytes body, struct message_list *list)
{
    return list_init(list, body, ACK_MAX, NAME_WIRE_SIZE + 1);
}

bool message_next_ack(struct message_list *list, struct ack *ack)
{
    if (!list_step(list))
        return false;
    read_name(&list->reader, &ack->name);
    ack->useful = read_flag(&list->reader);
    return !list->reader.failed;
}

HRESULT message_decode_request(struct bytes body, struct message_list *list)
{
    return list_init(list, body, REQUEST_MAX, 1 + NAME_WIRE_SIZE + 4);
}

bool message_next_request(struct message_list *list, struct request *request)
{
    if (!list_step(list))
        return false;
    request->is_piece = read_flag(&list->reader);
    read_name(&list->reader, &request->name);
    request->piece = wire_read_u32(&list->reader);
    return !list->reader.failed;
}

HRESULT message_decode_flood(struct bytes body, struct message_flood *flood)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    flood->flags = wire_read_u8(&reader);
    wire_read_fixed(&reader, flood->certificate.bytes, HASH_SIZE);
    uint8_t signature_type = wire_read_u8(&reader);
    flood->signature = wire_read_blob(&reader, SIGNATURE_BYTES);
    flood->header = wire_read_blob(&reader, LIMIT_MESSAGE_SIZE);
    flood->payload = wire_read_blob(&reader, LIMIT_PIECE_SIZE);
    bool in_pieces = flood->flags & FLOOD_PAYLOAD_IN_PIECES;
    return finish(&reader, signature_type == SIGNATURE_TYPE_ED25519 &&
                               flood->signature.size == SIGNATURE_BYTES &&
                               !(in_pieces && flood->payload.size > 0));
}

HRESULT message_decode_piece(struct bytes body, struct message_piece *piece)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    read_name(&reader, &piece->name);
    piece->index = wire_read_u32(&reader);
    piece->path_size = wire_read_u8(&reader);
    if (piece->path_size > PIECE_PATH_MAX)
        return PEER_E_INVALID_RECORD;
    for (uint32_t i = 0; i < piece->path_size; i++)
        wire_read_fixed(&reader, piece->path[i].bytes, HASH_SIZE);
    piece->data = wire_read_blob(&reader, LIMIT_PIECE_SIZE);
    return finish(&reader, true);
}

HRESULT message_decode_certificate_request(struct bytes body, struct message_list *list)
{
    return list_init(list, body, CERTIFICATE_REQUEST_MAX, HASH_SIZE);
}

bool message_next_hash(struct message_list *list, struct hash *hash)
{
    if (!list_step(list))
        return false;
    wire_read_fixed(&list->reader, hash->bytes, HASH_SIZE);
    return !list->reader.failed;
}

HRESULT message_decode_certificate(struct bytes body, struct message_certificate *message)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    wire_read_fixed(&reader, message->certificate.bytes, HASH_SIZE);
    message->chain = wire_read_blob(&reader, LIMIT_MESSAGE_SIZE);
    return finish(&reader, true);
}

static void read_fingerprint(struct wire_reader *reader, struct fingerprint *sum)
{
    sum->high = wire_read_u64(reader);
    sum->low = wire_read_u64(reader);
}

HRESULT message_decode_ping(struct bytes body, struct message_ping *ping)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    ping->horizon = wire_read_u64(&reader);
    ping->count = wire_read_u64(&reader);
    read_fingerprint(&reader, &ping->sum);
    return finish(&reader, true);
}

HRESULT message_decode_pt2pt(struct bytes body, struct message_pt2pt *message)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    message->flags = wire_read_u8(&reader);
    wire_read_fixed(&reader, message->type.bytes, GUID_SIZE);
    message->data = wire_read_blob(&reader, PT2PT_DATA_MAX);
    return finish(&reader, true);
}

HRESULT message_decode_sync_end(struct bytes body, struct message_sync_end *end)
{
    struct wire_reader reader;
    wire_reader_init(&reader, body);
    end->session = wire_read_u32(&reader);
    end->answer = read_flag(&reader);
    return finish(&reader, true);
}

HRESULT message_decode_reconcile(struct bytes body, struct message_reconcile *head,
                                 struct message_list *list)
{
    wire_reader_init(&list->reader, body);
    head->session = wire_read_u32(&list->reader);
    head->answer = read_flag(&list->reader);
    head->horizon = wire_read_u64(&list->reader);
    list->left = wire_read_count(&list->reader, LIMIT_RANGES, 2 * BOUND_WIRE_SIZE + 1);
    return list->reader.failed || list->left == 0 ? PEER_E_INVALID_RECORD : S_OK;
}

static void read_bound(struct wire_reader *reader, struct range_bound *bound)
{
    bound->modified = wire_read_u64(reader);
    wire_read_fixed(reader, bound->id.bytes, GUID_SIZE);
}

static int bound_compare(const struct range_bound *a, const struct range_bound *b)
{
    if (a->modified != b->modified)
        return a->modified < b->modified ? -1 : 1;
    return guid_compare(&a->id, &b->id);
}

/* Items must lie in the range, each beyond the one before. */
static void read_items(struct wire_reader *reader, struct range *range)
{
    range->count = wire_read_count(reader, ITEMS_MAX, ITEM_WIRE_SIZE);
    const struct range_bound *last = &range->lower;
    for (uint64_t i = 0; i < range->count; i++) {
        struct range_item *item = &range->items[i];
        read_bound(reader, &item->key);
        item->version = wire_read_u32(reader);
        wire_read_fixed(reader, item->digest.bytes, HASH_SIZE);
        if (bound_compare(&item->key, last) <= 0 || bound_compare(&item->key, &range->upper) > 0)
            reader->failed = true;
        last = &item->key;
    }
}

bool message_next_range(struct message_list *list, struct range *range)
{
    if (!list_step(list))
        return false;
    struct wire_reader *reader = &list->reader;
    read_bound(reader, &range->lower);
    read_bound(reader, &range->upper);
    uint8_t mode = wire_read_u8(reader);
    if (mode < RANGE_FINGERPRINT || mode > RANGE_DIFFERENT ||
        bound_compare(&range->lower, &range->upper) >= 0)
        reader->failed = true;
    range->mode = (enum range_mode)mode;
    range->count = 0;
    if (mode == RANGE_FINGERPRINT || mode == RANGE_DIFFERENT)
        range->count = wire_read_u64(reader);
    if (mode == RANGE_FINGERPRINT)
        read_fingerprint(reader, &range->sum);
    if (mode == RANGE_ITEMS)
        read_items(reader, range);
    return !reader->failed;
}
