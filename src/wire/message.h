/* message.h - every message of a link: its fields, its encoder, its decoder.
 *
 * A message is a header (u32 length of the whole, u8 version, u8 type) and a body; none is over
 * LIMIT_MESSAGE_SIZE. docs/protocol.md, "Messages", is the normative text. Decoders are total:
 * PEER_E_INVALID_RECORD for bytes that are not exactly one well-formed body. Views in a decoded
 * message point into the body. Encoders append one whole message and return S_OK or E_OUTOFMEMORY;
 * their input is our own and within the limits. */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "base/limits.h"
#include "wire/wire.h"

enum { MESSAGE_VERSION = 2, MESSAGE_HEADER_SIZE = 6 };

enum message_type {
    MESSAGE_AUTH_INFO = 0x01,
    MESSAGE_CONNECT = 0x02,
    MESSAGE_WELCOME = 0x03,
    MESSAGE_REFUSE = 0x04,
    MESSAGE_DISCONNECT = 0x05,
    MESSAGE_RECONCILE = 0x08,
    MESSAGE_ADVERTISE = 0x09,
    MESSAGE_REQUEST = 0x0A,
    MESSAGE_FLOOD = 0x0B,
    MESSAGE_SYNC_END = 0x0C,
    MESSAGE_PT2PT = 0x0D,
    MESSAGE_ACK = 0x0E,
    MESSAGE_PIECE = 0x0F,
    MESSAGE_CERTIFICATE_REQUEST = 0x10,
    MESSAGE_CERTIFICATE = 0x11,
    MESSAGE_PING = 0x12,
    MESSAGE_REVOKED = 0x13,
    MESSAGE_HELLO = 0x20,
    MESSAGE_MY_GMC = 0x21,
    MESSAGE_YOUR_GMC = 0x22,
    MESSAGE_PASSWORD = 0x23,
    MESSAGE_ADMISSION = 0x24,
    MESSAGE_SKIPPABLE = 0x80 /* unknown types from here on are skipped, below they close the link */
};

struct message {
    uint8_t type;
    struct bytes body;
    size_t size; /* of the whole, header included */
};

/* message_next looks for one whole message at the start of stream. S_OK: *message is filled;
 * S_FALSE: more bytes are needed; PEER_E_INVALID_RECORD: not our protocol. */
HRESULT message_next(struct bytes stream, struct message *message) MUST_CHECK;

/* message_begin writes a header with an open length and gives its place; message_end closes it. For
 * messages that other layers define (the handshake of group/). */
size_t message_begin(struct wire_writer *writer, uint8_t type);
HRESULT message_end(struct wire_writer *writer, size_t begin) MUST_CHECK;

/* An IPv6 address and port (IPv4 as v4-mapped). The scope is local knowledge and does not travel.
 */
struct address {
    uint8_t ip[16];
    uint16_t port;
    uint32_t scope_id;
};
bool address_equal(const struct address *a, const struct address *b);

struct address_list {
    struct address items[LIMIT_REFERRALS];
    uint32_t count;
};
void wire_write_addresses(struct wire_writer *writer, const struct address_list *list);
void wire_read_addresses(struct wire_reader *reader, struct address_list *list);

enum connect_flags { CONNECT_WANT_REFERRALS = 0x01, CONNECT_DIRECT = 0x04, CONNECT_UPDATE = 0x08 };
struct message_connect {
    uint8_t flags;
    uint64_t node_id;
    struct address_list addresses; /* where the sender listens */
    struct bytes friendly_name;
};
HRESULT message_encode_connect(const struct message_connect *connect,
                               struct buffer *out) MUST_CHECK;
HRESULT message_decode_connect(struct bytes body, struct message_connect *connect) MUST_CHECK;

struct message_welcome {
    uint64_t node_id;
    uint64_t peer_time;
    struct address_list addresses; /* of other members, when asked for */
    struct bytes friendly_name;
};
HRESULT message_encode_welcome(const struct message_welcome *welcome,
                               struct buffer *out) MUST_CHECK;
HRESULT message_decode_welcome(struct bytes body, struct message_welcome *welcome) MUST_CHECK;

enum refuse_code {
    REFUSE_BUSY = 1,
    REFUSE_CONNECTED = 2,
    REFUSE_DUPLICATE = 3,
    REFUSE_DIRECT = 4,
    REFUSE_CLOCK = 5,
    /* In the handshake of who joins by password only. */
    REFUSE_PASSWORD = 6, /* not let in; why is not told */
    REFUSE_ISSUER = 7,   /* this member may not issue; addresses: who may */
    REFUSE_ATTEMPTS = 8  /* too many wrong attempts lately: none is looked at now */
};
enum disconnect_reason {
    DISCONNECT_LEAVING = 1,
    DISCONNECT_LEAST_USEFUL = 2,
    DISCONNECT_APPLICATION = 3
};
/* REFUSE and DISCONNECT have the same form. */
struct message_goodbye {
    uint8_t code;
    struct address_list addresses;
};
HRESULT message_encode_goodbye(uint8_t type, const struct message_goodbye *goodbye,
                               struct buffer *out) MUST_CHECK;
HRESULT message_decode_goodbye(struct bytes body, struct message_goodbye *goodbye) MUST_CHECK;

/* What names a version on the wire. */
struct version_name {
    struct guid id;
    uint32_t version;
    struct hash digest;
};
bool version_name_equal(const struct version_name *a, const struct version_name *b);

enum {
    ADVERTISE_MAX = 1024,
    ACK_MAX = 1024,
    REQUEST_MAX = 256,
    CERTIFICATE_REQUEST_MAX = 16,
    ITEMS_MAX = 64
};

/* Lists are decoded one by one: a cursor over the body, total like the decoders. */
struct message_list {
    struct wire_reader reader;
    uint32_t left;
};

struct ack {
    struct version_name name;
    bool useful;
};
HRESULT message_encode_advertise(const struct version_name *names, uint32_t count,
                                 struct buffer *out) MUST_CHECK;
HRESULT message_decode_advertise(struct bytes body, struct message_list *list) MUST_CHECK;
bool message_next_advertised(struct message_list *list, struct version_name *name);
HRESULT message_encode_ack(const struct ack *acks, uint32_t count, struct buffer *out) MUST_CHECK;
HRESULT message_decode_ack(struct bytes body, struct message_list *list) MUST_CHECK;
bool message_next_ack(struct message_list *list, struct ack *ack);

struct request {
    bool is_piece;
    struct version_name name; /* the whole name of a record; of a piece's record too */
    uint32_t piece;
};
HRESULT message_encode_request(const struct request *requests, uint32_t count,
                               struct buffer *out) MUST_CHECK;
HRESULT message_decode_request(struct bytes body, struct message_list *list) MUST_CHECK;
bool message_next_request(struct message_list *list, struct request *request);

enum flood_flags { FLOOD_SYNC = 0x01, FLOOD_PAYLOAD_IN_PIECES = 0x02 };
struct message_flood {
    uint8_t flags;
    struct bytes header; /* canonical record header */
    struct hash certificate;
    struct bytes signature; /* 64 bytes of type 1 (Ed25519) */
    struct bytes payload;   /* empty when in pieces */
};
HRESULT message_encode_flood(const struct message_flood *flood, struct buffer *out) MUST_CHECK;
HRESULT message_decode_flood(struct bytes body, struct message_flood *flood) MUST_CHECK;

/* REVOKED, in message_revoked.c. encode: E_INVALIDARG: too large for a message. */
struct message_revoked {
    struct bytes chain;      /* of who signed: (u32 length, DER)* from the root down */
    struct bytes flood_body; /* of the same FLOOD as flood */
    struct message_flood flood;
};
HRESULT message_encode_revoked(struct bytes chain, const struct message_flood *flood,
                               struct buffer *out) MUST_CHECK;
HRESULT message_decode_revoked(struct bytes body, struct message_revoked *message) MUST_CHECK;

enum { PIECE_PATH_MAX = 10 };
struct message_piece {
    struct version_name name;
    uint32_t index;
    uint32_t path_size;
    struct hash path[PIECE_PATH_MAX];
    struct bytes data;
};
HRESULT message_encode_piece(const struct message_piece *piece, struct buffer *out) MUST_CHECK;
HRESULT message_decode_piece(struct bytes body, struct message_piece *piece) MUST_CHECK;

HRESULT message_encode_certificate_request(const struct hash *hashes, uint32_t count,
                                           struct buffer *out) MUST_CHECK;
HRESULT message_decode_certificate_request(struct bytes body, struct message_list *list) MUST_CHECK;
bool message_next_hash(struct message_list *list, struct hash *hash);
struct message_certificate {
    struct hash certificate;
    struct bytes chain; /* (u32 length, DER)* from the root down */
};
HRESULT message_encode_certificate(const struct message_certificate *message,
                                   struct buffer *out) MUST_CHECK;
HRESULT message_decode_certificate(struct bytes body,
                                   struct message_certificate *message) MUST_CHECK;

struct message_ping {
    uint64_t horizon;
    uint64_t count;
    struct fingerprint sum;
};
HRESULT message_encode_ping(const struct message_ping *ping, struct buffer *out) MUST_CHECK;
HRESULT message_decode_ping(struct bytes body, struct message_ping *ping) MUST_CHECK;

enum pt2pt_flags { PT2PT_MORE = 0x01 };
enum { PT2PT_DATA_MAX = 64 * 1024 };
struct message_pt2pt {
    uint8_t flags;
    struct guid type;
    struct bytes data;
};
HRESULT message_encode_pt2pt(const struct message_pt2pt *message, struct buffer *out) MUST_CHECK;
HRESULT message_decode_pt2pt(struct bytes body, struct message_pt2pt *message) MUST_CHECK;

struct message_sync_end {
    uint32_t session;
    bool answer; /* from the side that did not start it: all it had to send is sent */
};
HRESULT message_encode_sync_end(const struct message_sync_end *end, struct buffer *out) MUST_CHECK;
HRESULT message_decode_sync_end(struct bytes body, struct message_sync_end *end) MUST_CHECK;

/* Reconciliation: ranges (lower, upper] of the order (modified, id). */
struct range_bound {
    uint64_t modified;
    struct guid id;
};
enum range_mode {
    RANGE_FINGERPRINT = 1, /* question: count and sum of mine */
    RANGE_ITEMS = 2,       /* question or answer: all of mine, one by one */
    RANGE_EQUAL = 3,       /* answer: the same here */
    RANGE_DIFFERENT = 4    /* answer: not the same, and too many to list */
};
struct range_item {
    struct range_bound key;
    uint32_t version;
    struct hash digest;
};
struct range {
    struct range_bound lower;
    struct range_bound upper;
    enum range_mode mode;
    uint64_t count;
    struct fingerprint sum;
    struct range_item items[ITEMS_MAX]; /* count of them in mode RANGE_ITEMS */
};
struct message_reconcile {
    uint32_t session;
    bool answer;
    uint64_t horizon; /* only records that expire after it are meant */
};
/* Ranges are written and read one at a time, since sixteen full ones are large. */
size_t message_begin_reconcile(struct wire_writer *writer, const struct message_reconcile *head,
                               uint32_t ranges);
void message_write_range(struct wire_writer *writer, const struct range *range);
HRESULT message_decode_reconcile(struct bytes body, struct message_reconcile *head,
                                 struct message_list *list) MUST_CHECK;
bool message_next_range(struct message_list *list, struct range *range);

/* message_list_done: the list was read to its end and nothing failed; asked after the last
 * message_next_... */
bool message_list_done(const struct message_list *list);

#endif
