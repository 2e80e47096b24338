/* graph.h - the pure core: one step function turns an event into actions.
 *
 * The graph keeps one member's links, spreads and reconciles records, watches expiry and presence.
 * It does no I/O and has no clock and no randomness of its own: time comes in each event,
 * randomness from the seed in the configuration. The caller runs graph_step for each event, commits
 * the store, then carries out the actions in order; it calls again with GRAPH_TIMER when
 * graph_next_deadline has come. Everything happens on one thread. */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include "graph/provider.h"
#include "record/record.h"
#include "store/store.h"
#include "wire/message.h"

struct graph;

/* Both clocks: monotonic milliseconds, and the system's UTC in ticks. */
struct graph_now {
    uint64_t ms;
    uint64_t utc;
};

struct graph_config {
    const char *graph_id;      /* group peer name; borrowed for the graph's life */
    const char *friendly_name; /* of the own identity; borrowed likewise */
    uint64_t node_id;          /* random, not 0 */
    struct provider *provider; /* borrowed */
    struct store *store;       /* borrowed */
    uint8_t seed[32];          /* secret and random */
    uint32_t presence_lifetime_s;
    bool publish_presence;
    bool publish_membership;           /* once this member is connected */
    bool publish_membership_on_action; /* before its first record, where it is not there yet */
    bool defer_expiration;
    uint32_t member_data_lifetime_s;
    /* This member has the group's database already: it founded the group or was synchronised
     * before. */
    bool synchronised;
    /* Tokens of verdicts and dials begin after this one; with a greater one for each new graph,
     * what was meant for a former graph never matches. */
    uint64_t first_token;
    /* Called before a stored record is replaced or removed (held: as it stands, without views), and
     * before one comes that was not there (held NULL); NULL: nobody wants to know. It may read the
     * store. */
    void (*changing)(void *context, const struct guid *id, const struct store_record *held);
    void *changing_context;
    int64_t time_offset; /* ticks to add to UTC for peer time, as remembered */
};

HRESULT graph_new(const struct graph_config *config, const struct graph_now *now,
                  struct graph **graph) MUST_CHECK;
void graph_free(struct graph *graph);
/* graph_configure takes changed properties (lifetimes and flags; the rest must be as it was). */
void graph_configure(struct graph *graph, const struct graph_config *config);

/* ---- events ---- */

enum graph_event_type {
    GRAPH_TIMER,
    GRAPH_LISTENING, /* addresses: where others reach this node (count 0: no longer) */
    GRAPH_CONNECT,   /* addresses and known: to try; starts being online */
    GRAPH_LEAVE,     /* withdraw presence, say goodbye, close all links */
    GRAPH_LINK_UP,   /* an authenticated link */
    GRAPH_LINK_DATA, /* data: plaintext as it came */
    GRAPH_LINK_FULL, /* the link's queue is full: no bulk until drained */
    GRAPH_LINK_DRAINED,
    GRAPH_LINK_HELD,    /* flag: the caller reads it no further for now, which is no silence */
    GRAPH_LINK_DOWN,    /* reason */
    GRAPH_DIAL_FAILED,  /* dial token, reason; addresses: referrals of a member that answered; flag:
                           a member refused; when no other lets in, Connect fails with reason */
    GRAPH_VERIFIED,     /* verdicts */
    GRAPH_PUBLISH,      /* publish */
    GRAPH_SEND_DATA,    /* link, data_type, data */
    GRAPH_OPEN_DIRECT,  /* address, key: answered with GRAPH_COMPLETE (link id in value) */
    GRAPH_CLOSE_LINK,   /* link: a direct connection that the application ends */
    GRAPH_ALLOW_DIRECT, /* flag: somebody here wants direct connections */
    GRAPH_REFUSED,      /* data: the body of REVOKED, from a link that is no neighbour's */
    GRAPH_ACTED,        /* this member has issued a certificate: it is to be known as a member */
    GRAPH_IMPORTED      /* the group's database came from a file, and all of it was taken in */
};

/* PUBLISH_IMPORTED: somebody's version from a file, its signature checked; what may not stand is
 * left aside without a failure. */
enum publish_kind { PUBLISH_ADD, PUBLISH_UPDATE, PUBLISH_DELETE, PUBLISH_SEALED, PUBLISH_IMPORTED };

/* A version that somebody else has drafted and signed (Security Properties, revocations). */
struct graph_sealed {
    const struct record *record; /* views into header */
    const struct hash *digest;
    const struct record_seal *seal;
    struct bytes header;
    struct bytes payload;
};

/* An own record to write. For payloads over LIMIT_PIECE_SIZE the pieces lie in the store already
 * and payload is empty. */
struct graph_publish {
    enum publish_kind kind;
    const struct graph_sealed *sealed; /* SEALED, IMPORTED: versions that are complete already */
    uint32_t sealed_count;             /* of SEALED; they take effect together */
    struct guid id;                    /* update, delete */
    struct guid type;
    uint64_t expiration;
    struct bytes attributes;
    uint64_t payload_size;
    struct hash payload_root;
    struct bytes payload;
    bool reserved;              /* the library itself writes: reserved types are allowed */
    const struct hash *creator; /* NULL: the own identity; the group key for Security Properties */
    struct bytes creator_name;
    bool fixed_id; /* creation time 0 and nonce 0 */
};

struct graph_verdict {
    uint64_t token;
    bool valid;
};

struct graph_event {
    enum graph_event_type type;
    struct graph_now now;
    uint64_t request; /* comes back in GRAPH_COMPLETE; 0: no answer wanted */
    uint64_t link;    /* ids are the caller's, never used twice */
    HRESULT reason;
    bool flag;
    struct bytes data;
    struct guid data_type;
    struct address_list addresses;
    const struct address *known; /* CONNECT: more to try, at most LIMIT_CONNECT_KNOWN */
    uint32_t known_count;
    const struct graph_publish *publish;
    const struct graph_verdict *verdicts;
    uint32_t verdict_count;
    /* GRAPH_LINK_UP */
    bool incoming;
    bool direct;
    uint64_t dial; /* token of GRAPH_ACTION_DIAL for a link that was dialled; also in
                      GRAPH_DIAL_FAILED */
    struct hash key;
    struct bytes peer_name;
    uint8_t fingerprint_key[FINGERPRINT_KEY_SIZE];
};

/* ---- actions ---- */

enum graph_action_type {
    GRAPH_ACTION_SEND,   /* link, data (owned) */
    GRAPH_ACTION_CLOSE,  /* link, hr; no more events for it but GRAPH_LINK_DOWN, which is ignored */
    GRAPH_ACTION_PAUSE,  /* link: stop reading */
    GRAPH_ACTION_RESUME, /* link */
    GRAPH_ACTION_DIAL,   /* dial token, address, key (has_key), direct */
    GRAPH_ACTION_VERIFY, /* token, job */
    GRAPH_ACTION_COMPLETE, /* request, hr, id, value */
    GRAPH_ACTION_NOTIFY    /* notification */
};

enum graph_notice {
    GRAPH_NOTICE_RECORD = 1,     /* change, record_id, record_type, creator (key) */
    GRAPH_NOTICE_NEIGHBOUR,      /* status, link, node_id, hr; failed while connecting: value is the
                                    link tried next, 0: none */
    GRAPH_NOTICE_DIRECT,         /* status, link, node_id, hr */
    GRAPH_NOTICE_DATA,           /* link, record_type (the data's), data (owned) */
    GRAPH_NOTICE_STATUS,         /* value: bit 0 listening, bit 1 has connections */
    GRAPH_NOTICE_CONNECT_FAILED, /* hr */
    GRAPH_NOTICE_SYNCHRONISED,   /* for the first time */
    GRAPH_NOTICE_PROPERTIES,
    GRAPH_NOTICE_TIME_OFFSET, /* value: the new offset, to be remembered */
    GRAPH_NOTICE_REMEMBER,    /* address, key: a member answered there */
    GRAPH_NOTICE_REVOKED      /* revocations were applied, or this member was refused by one */
};
enum graph_change { GRAPH_ADDED = 1, GRAPH_UPDATED = 2, GRAPH_DELETED = 3, GRAPH_EXPIRED = 4 };
enum graph_link_status {
    GRAPH_LINK_CONNECTED = 1,
    GRAPH_LINK_DISCONNECTED = 2,
    GRAPH_LINK_FAILED = 3
};

struct graph_action {
    enum graph_action_type type;
    uint64_t link;
    uint64_t token; /* verify, dial, or request */
    HRESULT hr;
    struct buffer data;
    struct address address;
    struct hash key;
    bool has_key;
    bool direct;
    struct verify_job job;
    enum graph_notice notice;
    int change; /* graph_change or graph_link_status */
    struct guid id;
    struct guid record_type;
    uint64_t node_id;
    uint64_t value;
};

/* A growing list that the caller owns and may reuse; graph_actions_clear frees what the actions
 * own. */
struct graph_actions {
    struct graph_action *items;
    uint32_t count;
    uint32_t capacity;
};
void graph_actions_clear(struct graph_actions *actions);
void graph_actions_deinit(struct graph_actions *actions);

/* graph_step applies one event and appends what must be done. Several steps may append to one list
 * that is then carried out together: what a neighbour is given is bounded for each list. A failure
 * (E_OUTOFMEMORY, the store's codes) leaves a graph that is good for graph_free alone: what it has
 * in memory is no longer what the store will say. The caller rolls the store back instead of
 * committing, closes all links, makes a new graph from the store and connects again. What a request
 * may not do (PEER_E_NOT_AUTHORIZED, PEER_E_RECORD_NOT_FOUND ...) is no failure of the step but the
 * result in its GRAPH_ACTION_COMPLETE. */
HRESULT graph_step(struct graph *graph, const struct graph_event *event,
                   struct graph_actions *actions) MUST_CHECK;

/* graph_next_deadline gives the monotonic time (ms) at which GRAPH_TIMER is due; UINT64_MAX: never.
 */
uint64_t graph_next_deadline(const struct graph *graph);

/* ---- reading ---- */

/* graph_peer_time gives the group's time for a UTC. */
uint64_t graph_peer_time(const struct graph *graph, uint64_t utc);
int64_t graph_time_offset(const struct graph *graph);
bool graph_is_synchronised(const struct graph *graph);
/* graph_horizon: records that expire at or before this peer time are not to be seen. */
uint64_t graph_horizon(const struct graph *graph, uint64_t utc);
/* graph_would_take: a version from a file is newer than what stands here, and may stand. */
HRESULT graph_would_take(struct graph *graph, const struct graph_sealed *sealed, uint64_t utc,
                         bool *wanted) MUST_CHECK;
/* graph_status: bit 0 listening, bit 1 has connections. */
uint32_t graph_status(const struct graph *graph);

struct graph_link_info {
    uint64_t link;
    uint64_t node_id;
    bool direct;
    struct hash key;
    struct bytes peer_name;
    struct address address;
};
typedef HRESULT (*graph_link_visitor)(void *context, const struct graph_link_info *info);
HRESULT graph_each_link(const struct graph *graph, graph_link_visitor visit,
                        void *context) MUST_CHECK;

/* A presence record's payload. */
struct presence {
    uint64_t node_id;
    struct address_list addresses;
    struct bytes attributes;
};
HRESULT presence_encode(const struct presence *presence, struct buffer *out) MUST_CHECK;
HRESULT presence_decode(struct bytes payload, struct presence *presence) MUST_CHECK;

/* A signature record's payload is the node id alone; a contact record's: */
struct contact {
    uint64_t signature; /* of the graph, as its author sees it */
    uint64_t node_id;
    struct address_list addresses; /* 1 to LIMIT_ADDRESSES */
};
HRESULT signature_encode(uint64_t node_id, struct buffer *out) MUST_CHECK;
HRESULT signature_decode(struct bytes payload, uint64_t *node_id) MUST_CHECK;
HRESULT contact_encode(const struct contact *contact, struct buffer *out) MUST_CHECK;
HRESULT contact_decode(struct bytes payload, struct contact *contact) MUST_CHECK;

/* graph_record_change tells what a store row means to an application now: visible or not. */
bool graph_row_is_visible(const struct graph *graph, const struct store_record *row, uint64_t utc);

/* graph_check verifies the whole node's invariants; for tests and the simulator. Aborts where one
 * is broken. */
void graph_check(const struct graph *graph);

/* What a node has sent and received, for benches and tests. */
struct graph_counters {
    uint64_t floods_sent;
    uint64_t floods_received;
    uint64_t floods_useful;
    uint64_t reconcile_sessions;
    uint64_t reconcile_bytes;
    uint64_t refused;
    uint64_t verified;
};
void graph_get_counters(const struct graph *graph, struct graph_counters *counters);

#endif
