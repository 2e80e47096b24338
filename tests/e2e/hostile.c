/* hostile.c - one attack by a member on the member at an address, and what came of it.
 *
 * hostile ATTACK IDENTITY GROUP ADDRESS VICTIM-RECORD prints "closed" or "open" (the link at the
 * end), and how many records were acknowledged as useful. Every attack ends with a PING, whose
 * answers do not matter, or waits for what the attacked one must do, so that nothing is left
 * unread. */
#include "e2e/caller.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static struct caller caller;
static struct buffer out;
static struct store_record victim; /* a record of another member */
static struct record victim_record;

static struct forgery proper(uint64_t number)
{
    return (struct forgery){.record = caller_record(&caller, number),
                            .payload = bytes_of_text("hostile")};
}

static void forge(const struct forgery *forgery)
{
    caller_forge(&caller, forgery, &out, NULL);
}

static void raw(uint8_t type, const void *body, size_t size)
{
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    size_t begin = message_begin(&writer, type);
    wire_write_fixed(&writer, body, size);
    if (FAILED(message_end(&writer, begin)))
        exit(3);
}

/* ---- records that may not stand ---- */

static struct forgery next_version(void)
{
    struct forgery forgery = proper(0);
    forgery.record = victim_record;
    forgery.record.version++;
    forgery.record.modified = caller_peer_time(&caller);
    forgery.record.modifier = caller.row->key_hash;
    forgery.record.modifier_name = bytes_of_text(caller.row->peer_name);
    return forgery;
}

static void update_foreign(void)
{
    struct forgery forgery = next_version();
    forge(&forgery);
}

static void delete_foreign(void)
{
    struct forgery forgery = next_version();
    forgery.record.deleted = true;
    forgery.record.attributes = forgery.payload = bytes_of(NULL, 0);
    forge(&forgery);
}

static struct forgery as_victim(void)
{
    struct forgery forgery = proper(1);
    forgery.record.creator = victim_record.creator;
    forgery.record.creator_name = victim_record.creator_name;
    return forgery;
}

static void forged_author(void)
{
    struct forgery forgery = as_victim();
    forge(&forgery);
}

static void forged_author_own_certificate(void)
{
    struct forgery forgery = as_victim();
    forgery.certificate = &victim.certificate;
    forge(&forgery);
}

static void forged_update_as_victim(void)
{
    struct forgery forgery = next_version();
    forgery.record.modifier = victim_record.creator;
    forgery.record.modifier_name = victim_record.creator_name;
    forgery.certificate = &victim.certificate;
    forge(&forgery);
}

static void other_group(void)
{
    struct forgery forgery = proper(2);
    forgery.graph_id = "0123456789012345678901234567890123456789.other";
    forge(&forgery);
}

static void wrong_id(void)
{
    struct forgery forgery = proper(3);
    forgery.record.id = victim_record.id;
    forgery.keep_id = true;
    forge(&forgery);
}

static void bad_signature(void)
{
    struct forgery forgery = proper(4);
    forgery.bad_signature = true;
    forge(&forgery);
}

static void bad_payload(void)
{
    struct forgery forgery = proper(5);
    forgery.bad_payload = true;
    forge(&forgery);
}

static void new_properties(void)
{
    struct forgery forgery = proper(6);
    forgery.record.type = RECORD_TYPE_SECURITY_PROPERTIES;
    forge(&forgery);
}

static void revocation(void)
{
    struct forgery forgery = proper(7);
    forgery.record.type = RECORD_TYPE_REVOCATION;
    forge(&forgery);
}

static void outlives_certificate(void)
{
    struct forgery forgery = proper(8);
    forgery.record.expiration = caller.row->not_after + TICKS_PER_SECOND;
    forge(&forgery);
}

/* ---- records that are only not taken ---- */

static void from_the_future(void)
{
    struct forgery forgery = proper(9);
    forgery.record.created = forgery.record.modified += 1800 * TICKS_PER_SECOND;
    forge(&forgery);
}

static void expired(void)
{
    struct forgery forgery = proper(10);
    forgery.record.created = forgery.record.modified -= 600 * TICKS_PER_SECOND;
    forgery.record.expiration = forgery.record.modified + TICKS_PER_SECOND;
    forge(&forgery);
}

static void good(void)
{
    struct forgery forgery = proper(11);
    forge(&forgery);
}

/* ---- not the protocol ---- */

static void garbage(void)
{
    uint8_t bytes[4000];
    randombytes_buf(bytes, sizeof(bytes));
    bytes[0] = 0xff;
    if (FAILED(buffer_append(&out, bytes, sizeof(bytes))))
        exit(3);
}

static void unknown_low_type(void)
{
    raw(0x30, "x", 1);
}

static void unknown_high_type(void)
{
    for (int i = 0; i < 1000; i++)
        raw(0x90, "skipped", 7);
    good();
}

static void oversized(void)
{
    static const uint8_t header[] = {0x7f, 0xff, 0xff, 0xff, MESSAGE_VERSION, MESSAGE_FLOOD};
    if (FAILED(buffer_append(&out, header, sizeof(header))))
        exit(3);
}

static void undersized(void)
{
    static const uint8_t header[] = {0, 0, 0, 1, MESSAGE_VERSION, MESSAGE_FLOOD};
    if (FAILED(buffer_append(&out, header, sizeof(header))))
        exit(3);
}

static void lists_that_lie(void)
{
    static const uint8_t body[] = {0xff, 0xff, 0xff, 0xff, 1, 2, 3};
    raw(MESSAGE_ADVERTISE, body, sizeof(body));
}

static void second_connect(void)
{
    struct message_connect connect = {.node_id = 5, .friendly_name = bytes_of_text("x")};
    if (FAILED(message_encode_connect(&connect, &out)))
        exit(3);
}

/* Nobody asked for it: it is not looked at. */
static void unasked_chain(void)
{
    struct hash name;
    uint8_t chain[600];
    randombytes_buf(&name, sizeof(name));
    randombytes_buf(chain, sizeof(chain));
    chain[0] = chain[1] = chain[2] = 0;
    struct message_certificate message = {.certificate = name,
                                          .chain = bytes_of(chain, sizeof(chain))};
    if (FAILED(message_encode_certificate(&message, &out)))
        exit(3);
}

/* A record under a certificate that is then sent, and is no chain of this group. */
static void bad_chain(void)
{
    struct hash name;
    uint8_t chain[600] = {0, 0, 1, 0};
    struct forgery forgery = proper(20);
    randombytes_buf(&name, sizeof(name));
    forgery.certificate = &name;
    forge(&forgery);
    struct message_certificate message = {.certificate = name,
                                          .chain = bytes_of(chain, sizeof(chain))};
    if (FAILED(message_encode_certificate(&message, &out)))
        exit(3);
}

/* ---- too much ---- */

static void deferred(void)
{
    for (uint64_t i = 0; i < 5000; i++) {
        struct forgery forgery = proper(100 + i);
        struct hash unknown;
        randombytes_buf(&unknown, sizeof(unknown));
        forgery.certificate = &unknown;
        forge(&forgery);
    }
}

static void random_names(struct version_name *names, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        names[i].version = 1;
        randombytes_buf(&names[i].id, sizeof(names[i].id));
        randombytes_buf(&names[i].digest, sizeof(names[i].digest));
    }
}

static void advertise(void)
{
    static struct version_name names[1000];
    for (int i = 0; i < 10; i++) {
        random_names(names, 1000);
        if (FAILED(message_encode_advertise(names, 1000, &out)))
            exit(3);
    }
    good();
}

static void request(void)
{
    static struct request requests[REQUEST_MAX];
    for (uint32_t i = 0; i < REQUEST_MAX; i++) {
        requests[i].name.id = victim_record.id;
        requests[i].name.version = victim_record.version;
        requests[i].name.digest = victim.digest;
        requests[i].is_piece = i % 2;
        requests[i].piece = i;
    }
    for (int i = 0; i < 400; i++)
        if (FAILED(message_encode_request(requests, REQUEST_MAX, &out)))
            exit(3);
    good();
}

struct large {
    struct version_name names[16];
    uint32_t pieces[16];
    uint32_t count;
};

static HRESULT see_large(void *context, const struct store_record *row)
{
    struct large *large = context;
    if (row->payload_size <= LIMIT_PIECE_SIZE)
        return S_OK;
    large->names[large->count] = (struct version_name){row->id, row->version, row->digest};
    large->pieces[large->count++] = payload_piece_count(row->payload_size);
    return large->count < sizeof(large->names) / sizeof(large->names[0]) ? S_OK : S_FALSE;
}

/* Pieces of many payloads by turns: whoever answers must not look through a payload for each. */
static void pieces(void)
{
    static struct request requests[REQUEST_MAX];
    struct large large = {.count = 0};
    if (FAILED(caller.store->ops->each(caller.store, NULL, 0, false, see_large, &large)) ||
        large.count == 0)
        exit(3);
    for (uint32_t sent = 0; sent < 8 * REQUEST_MAX; sent += REQUEST_MAX) {
        for (uint32_t i = 0; i < REQUEST_MAX; i++) {
            uint32_t which = (sent + i) % large.count;
            requests[i] = (struct request){.is_piece = true,
                                           .name = large.names[which],
                                           .piece = (sent + i) / large.count % large.pieces[which]};
        }
        if (FAILED(message_encode_request(requests, REQUEST_MAX, &out)))
            exit(3);
    }
}

/* Headers that promise 60 MB each and never send a piece. */
static void promises(void)
{
    uint8_t *payload = calloc(1, LIMIT_PIECE_SIZE * 2);
    for (uint64_t i = 0; i < 200; i++) {
        struct forgery forgery = proper(6000 + i);
        forgery.payload = bytes_of(payload, LIMIT_PIECE_SIZE * 2);
        payload[0] = (uint8_t)i;
        forge(&forgery);
    }
    free(payload);
    good();
}

static void write_ranges(uint32_t count, enum range_mode mode, bool backwards)
{
    struct range *range = calloc(1, sizeof(*range));
    struct wire_writer writer;
    struct message_reconcile head = {.session = 7,
                                     .horizon = caller_peer_time(&caller) + TICKS_PER_SECOND};
    wire_writer_init(&writer, &out);
    size_t begin = message_begin_reconcile(&writer, &head, count);
    range->mode = mode;
    range->lower.modified = backwards ? UINT64_MAX : 0;
    range->upper.modified = backwards ? 0 : UINT64_MAX;
    range->count = mode == RANGE_ITEMS ? 0 : 99;
    for (uint32_t i = 0; i < count; i++)
        message_write_range(&writer, range);
    if (FAILED(message_end(&writer, begin)))
        exit(3);
    free(range);
}

static void reconcile_backwards(void)
{
    write_ranges(16, RANGE_FINGERPRINT, true);
    good();
}

static void reconcile_wrong_mode(void)
{
    write_ranges(1, RANGE_DIFFERENT, false);
}

/* One message asks for sixteen sums over everything. */
static void reconcile_overlapping(void)
{
    write_ranges(16, RANGE_FINGERPRINT, false);
}

/* Each message asks for a sum over everything, within the budget of questions. */
static void reconcile_flood(void)
{
    for (int i = 0; i < 40; i++)
        write_ranges(1, RANGE_FINGERPRINT, false);
    good();
}

/* Each says "I have nothing": all records again and again. */
static void reconcile_nothing(void)
{
    for (int i = 0; i < 200; i++)
        write_ranges(1, RANGE_ITEMS, false);
    good();
}

static void ping_from_nowhere(void)
{
    struct message_ping message = {.horizon = UINT64_MAX};
    if (FAILED(message_encode_ping(&message, &out)))
        exit(3);
}

static void ping(void)
{
    struct message_ping message = {.horizon = caller_peer_time(&caller), .count = UINT64_MAX};
    for (int i = 0; i < 2000; i++)
        if (FAILED(message_encode_ping(&message, &out)))
            exit(3);
    good();
}

enum outcome { MUST_CLOSE, MUST_TAKE, MAY_STAY };

static const struct {
    const char *name;
    void (*make)(void);
    enum outcome outcome;
} attacks[] = {
    {"good", good, MUST_TAKE},
    {"update-foreign", update_foreign, MUST_CLOSE},
    {"delete-foreign", delete_foreign, MUST_CLOSE},
    {"forged-author", forged_author, MUST_CLOSE},
    {"forged-author-certificate", forged_author_own_certificate, MUST_CLOSE},
    {"forged-update-as-victim", forged_update_as_victim, MUST_CLOSE},
    {"other-group", other_group, MUST_CLOSE},
    {"wrong-id", wrong_id, MUST_CLOSE},
    {"bad-signature", bad_signature, MUST_CLOSE},
    {"bad-payload", bad_payload, MUST_CLOSE},
    {"security-properties", new_properties, MUST_CLOSE},
    {"revocation", revocation, MUST_CLOSE},
    {"outlives-certificate", outlives_certificate, MUST_CLOSE},
    {"from-the-future", from_the_future, MAY_STAY},
    {"expired", expired, MAY_STAY},
    {"garbage", garbage, MUST_CLOSE},
    {"unknown-low-type", unknown_low_type, MUST_CLOSE},
    {"unknown-high-type", unknown_high_type, MUST_TAKE},
    {"oversized", oversized, MUST_CLOSE},
    {"undersized", undersized, MUST_CLOSE},
    {"lists-that-lie", lists_that_lie, MUST_CLOSE},
    {"second-connect", second_connect, MUST_CLOSE},
    {"unasked-chain", unasked_chain, MAY_STAY},
    {"bad-chain", bad_chain, MUST_CLOSE},
    {"advertise", advertise, MUST_TAKE},
    {"request", request, MAY_STAY}, /* whoever asks for more than fits the queue may be dropped */
    {"pieces", pieces, MAY_STAY},
    {"promises", promises, MUST_TAKE},
    {"reconcile-backwards", reconcile_backwards, MAY_STAY},
    {"reconcile-wrong-mode", reconcile_wrong_mode, MUST_CLOSE},
    {"reconcile-overlapping", reconcile_overlapping, MUST_CLOSE},
    {"reconcile-flood", reconcile_flood, MUST_TAKE},
    {"reconcile-nothing", reconcile_nothing, MUST_TAKE},
    {"ping", ping, MUST_TAKE},
    {"ping-from-nowhere", ping_from_nowhere, MUST_CLOSE},
    {"deferred", deferred, MUST_CLOSE},
};

/* ---- before the handshake ---- */

static void silence(void)
{
}

/* What a caller says that does not know of ADMISSION, or hopes to be asked no more. */
static void no_admission(void)
{
    raw(MESSAGE_HELLO, "\2\0\0\0\0\0\0\0\0\0", 10);
}

static void guessed_admission(void)
{
    uint8_t guess[HASH_SIZE];
    randombytes_buf(guess, sizeof(guess));
    raw(MESSAGE_ADMISSION, guess, sizeof(guess));
}

/* The right one of the link before. */
static void old_admission(void)
{
    if (FAILED(buffer_append(&out, caller.admission.data, caller.admission.size)))
        exit(3);
}

static const struct {
    const char *name;
    void (*make)(void);
} intrusions[] = {
    {"silence", silence},
    {"no-admission", no_admission},
    {"guessed-admission", guessed_admission},
    {"old-admission", old_admission},
};

/* With a good server name and no ADMISSION nothing is to be heard. */
static bool intrude(size_t index, const char *address)
{
    if (!caller_dial(&caller, address)) { /* an ADMISSION to have an old one */
        printf("%s: not admitted\n", intrusions[index].name);
        return false;
    }
    caller_hang_up(&caller);
    buffer_deinit(&out);
    intrusions[index].make();
    caller.intruder = true;
    caller.first_words = buffer_view(&out);
    bool up = caller_dial(&caller, address), closed = caller_await_closed(&caller, 0);
    caller.intruder = false;
    bool right = !up && closed && caller.heard == 0;
    printf("%s: %s, %llu bytes heard%s\n", intrusions[index].name, closed ? "closed" : "open",
           (unsigned long long)caller.heard, right ? "" : "  WRONG");
    if (!closed)
        caller_hang_up(&caller);
    return right;
}

static void load_victim(const char *text)
{
    struct guid id;
    if (FAILED(guid_parse(text, &id)) ||
        FAILED(caller.store->ops->get(caller.store, &id, &victim)) ||
        FAILED(record_header_decode(victim.header, &victim_record)))
        caller_die("the victim's record", E_FAIL);
}

static bool outcome_is_right(enum outcome outcome)
{
    switch (outcome) {
    case MUST_CLOSE:
        return caller_await_closed(&caller, 30);
    case MUST_TAKE:
        return caller_await(&caller, &caller.useful, 1, 60);
    case MAY_STAY:
        break;
    }
    /* What was not taken must not be in the way of what follows. */
    buffer_deinit(&out);
    struct forgery forgery = proper(12);
    forge(&forgery);
    if (!caller_send(&caller, buffer_view(&out)))
        return caller_await_closed(&caller, 30);
    return caller_await(&caller, &caller.useful, 1, 30) || caller_await_closed(&caller, 1);
}

static bool attack(size_t index, const char *address)
{
    if (!caller_connect(&caller, address)) {
        printf("%s: not welcome\n", attacks[index].name);
        return false;
    }
    buffer_deinit(&out);
    attacks[index].make();
    bool sent = caller_send(&caller, buffer_view(&out));
    bool right =
        (sent || attacks[index].outcome == MUST_CLOSE) && outcome_is_right(attacks[index].outcome);
    bool closed = caller_await_closed(&caller, 0);
    printf("%s: %s, %llu useful%s\n", attacks[index].name, closed ? "closed" : "open",
           (unsigned long long)caller.useful, right ? "" : "  WRONG");
    if (!closed)
        caller_hang_up(&caller);
    return right;
}

int main(int count, char **arguments)
{
    if (count != 6)
        return 1;
    bool all = strcmp(arguments[1], "all") == 0, right = true;
    caller_open(&caller, arguments[2], arguments[3]);
    load_victim(arguments[5]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++)
        if (all || strcmp(arguments[1], attacks[i].name) == 0)
            right = attack(i, arguments[4]) && right;
    for (size_t i = 0; i < sizeof(intrusions) / sizeof(intrusions[0]); i++)
        if (all || strcmp(arguments[1], intrusions[i].name) == 0)
            right = intrude(i, arguments[4]) && right;
    store_record_deinit(&victim);
    buffer_deinit(&out);
    caller_close(&caller);
    return right ? 0 : 1;
}
