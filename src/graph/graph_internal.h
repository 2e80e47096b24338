/* graph_internal.h - the node's state, shared by the files of graph/ and by nothing else. */
#ifndef GRAPH_GRAPH_INTERNAL_H
#define GRAPH_GRAPH_INTERNAL_H

#include "base/table.h"
#include "graph/graph.h"

enum {
    RECENT_SIZE = 1024,                        /* digests remembered per neighbour */
    ACK_BATCH = 64,                            /* acknowledgements collected in one step */
    JOBS_MAX = 2048,                           /* bulk work waiting per neighbour */
    CERTIFICATES_MAX = LIMIT_DEFERRED_RECORDS, /* no more can be waited for on the other side */
    SYNC_STACK_MAX = 2048,                     /* ranges still to be compared */
    BULK_CHUNK_BYTES = 256 * 1024,   /* bulk sent to a neighbour in one batch of actions */
    FLOOD_BATCH_BYTES = 1024 * 1024, /* likewise, with new records */
    CONNECT_WAIT_MS = 10000,
    PING_INTERVAL_MS = 30000,
    QUIET_MS = 5000,
    DEAD_MS = 120000, /* nothing received, not even a PING */
    DEFER_MS = 10000, /* wait for a missing certificate */
    DIAL_TIMEOUT_MS = 5000,
    CONNECT_LIMIT_MS = 30000,
    MAINTENANCE_MS = 30000,
    SYNC_AGAIN_MS = 5000,       /* between two reconciliations with a neighbour */
    UPDATE_EARLIEST_MS = 60000, /* new addresses sooner after the last are not looked at */
    TEACH_EARLIEST_MS = 10000,  /* revocations sooner after the last are not told again */
    PING_EARLIEST_MS = 10000,   /* a PING that comes sooner after the last is not looked at */
    BUDGET_LOOK_MS = 1000,      /* an exhausted neighbour is looked at so often */
    WORK_PER_MINUTE =
        100000,           /* elements looked at for a neighbour's questions, and twice the own */
    MISMATCHES_BUSY = 10, /* so many PINGs in a row that differ end the wait for a quiet link */
    ASKED_SIZE = 1024,    /* digests asked for lately, not asked again from the same link */
    ASKED_MS = 10000,
    REFUSED_SIZE = 256, /* digests refused lately, not asked for again */
    PT2PT_PARTIAL_MAX = LIMIT_DATA_SIZE,
    PT2PT_PARTIAL_SUM_MAX = 4 * LIMIT_DATA_SIZE,   /* of all links */
    DATA_QUEUED_MAX = LIMIT_DATA_SIZE + 64 * 1024, /* to a link that is full */
    INCOMING_MAX = 64,                             /* links that came in, direct ones too */
    INCOMING_PER_KEY_MAX = 8,
    DIALS_MAX = 30, /* in DIALS_MS */
    DIALS_MS = 60 * 1000,
    PURGE_NOTES = 25, /* hours between the first and the last: 24 */
    REMEMBERED_MAX = 32 + LIMIT_CONNECT_KNOWN,
    OUTLIVED_MAX = 64,
    DROP_WAIT_MS = 1000, /* after the last revocation that came, for the other parts of a removal */
    DROP_LATEST_MS = 10000
};
#define HORIZON_MARGIN                                                                             \
    (120 * TICKS_PER_SECOND) /* fingerprints cover what lives longer than this                     \
                              */
#define FUTURE_MAX (1200 * TICKS_PER_SECOND)
#define FIRST_CLOCK_MAX (86400 * TICKS_PER_SECOND)

enum neighbour_state {
    NEIGHBOUR_EXPECT_CONNECT, /* it called, CONNECT has not come */
    NEIGHBOUR_EXPECT_WELCOME, /* we called and sent CONNECT */
    NEIGHBOUR_CONNECTED,
    NEIGHBOUR_CLOSED /* told to close; leaves the table at the end of the step */
};

enum job_type { JOB_RANGE, JOB_RECORD, JOB_PIECE, JOB_SYNC_END };
/* Bulk for one neighbour, done when its queue has room, first come first served. */
struct job {
    enum job_type type;
    struct store_key from; /* range: exclusive; moves forward */
    struct store_key to;
    uint64_t horizon;
    uint32_t except_count; /* range: what the other side listed */
    struct hash *except;   /* owned, sorted */
    struct version_name name;
    uint32_t piece;
    uint32_t session;
};

/* A reconciliation that this side leads. */
struct sync {
    uint32_t session;
    uint64_t horizon;
    uint64_t progress_ms; /* last answer, or record of the neighbour's */
    bool end_sent;
    bool asked_more; /* records, after the end was sent: it is sent once more */
    bool end_came;   /* finished once nothing of the neighbour's waits for a verdict */
    struct range_pair {
        struct store_key lower;
        struct store_key upper;
        bool listed; /* asked with the own list: only "equal" can answer */
    } * stack;
    struct range_pair asked[LIMIT_RANGES]; /* answer due */
    uint32_t asked_count;
    uint32_t depth;
    uint32_t capacity;
};

struct neighbour {
    uint64_t link;
    enum neighbour_state state;
    bool incoming;
    bool direct;
    bool full;      /* no bulk until drained */
    uint64_t batch; /* of actions, for which batch_bytes counts */
    size_t batch_bytes;
    bool behind;      /* something was not sent or not taken: reconcile when there is room */
    bool large_waits; /* so it was with a large record: reconcile when another is complete */
    struct version_name *large; /* large.c: names to be asked for later; owned */
    uint32_t large_count;
    uint64_t large_asked_ms; /* one was asked for, and has not come; 0: none */
    bool serving;            /* it reconciles with us: questions come, SYNC_END is not answered */
    bool paused;             /* reading stopped: too much unverified, or too many questions */
    bool exhausted;          /* its questions have used up their budget */
    bool has_budget;
    int64_t budget;     /* elements that may still be looked at for its questions; negative: owed */
    uint64_t budget_ms; /* when it was filled up last */
    uint64_t update_ms; /* 0: no new addresses yet */
    uint64_t ping_heard_ms; /* 0: never */
    uint64_t taught_ms;     /* revocations were told again; 0: never */
    bool resumed;           /* reads on, with what was left in the buffer first */
    bool announced;         /* the application heard of the connection */
    bool initial;           /* part of the application's Connect */
    bool held;              /* the caller does not read it for now */
    bool has_offset;
    struct hash key;
    char *peer_name;
    uint64_t node_id;
    struct address address;
    struct address_list listening;
    uint8_t fingerprint_key[FINGERPRINT_KEY_SIZE];
    struct buffer in;
    struct buffer out;
    uint64_t since_ms;
    uint64_t received_ms;
    uint64_t activity_ms; /* last record in either direction */
    uint64_t ping_due_ms;
    uint32_t ping_mismatches;
    int64_t offset; /* its peer time minus our UTC */
    uint64_t *recent;
    uint32_t recent_next;
    struct ack acks[ACK_BATCH];
    uint32_t ack_count;
    uint32_t pending_count;
    size_t pending_bytes;
    uint32_t deferred_count;
    size_t deferred_bytes;
    struct hash certificates[CERTIFICATES_MAX]; /* asked for, go before jobs */
    uint32_t certificate_count;
    struct job *jobs; /* from job_first on, job_count of them */
    uint32_t job_first;
    uint32_t job_count;
    uint32_t job_capacity;
    struct sync *sync;
    uint64_t sync_due_ms;  /* not again before */
    uint64_t data_queued;  /* point-to-point bytes sent since the link had room */
    struct buffer partial; /* point-to-point data in pieces */
    struct guid partial_type;
    uint32_t utility;
    UT_hash_handle hh;
};

/* A record that came and waits for a verdict or for its certificate. */
struct pending {
    uint64_t token;
    struct hash digest;
    uint64_t source;    /* link to blame and to charge */
    uint64_t others[8]; /* links that sent the same meanwhile */
    uint32_t other_count;
    bool deferred;
    bool abandoned; /* nobody can complete it; freed at the end of the step */
    uint64_t until_ms;
    struct hash certificate;
    uint8_t *body; /* owned copy of the FLOOD */
    size_t body_size;
    UT_hash_handle hh;        /* by token */
    UT_hash_handle hh_digest; /* by digest */
};

/* A payload that comes in pieces. */
struct fetch {
    struct version_name name;
    struct hash root;
    uint64_t size;
    uint32_t count;
    uint32_t have;
    uint8_t *state; /* per piece: 0 missing, 1 asked, 2 here */
    uint64_t *asked_ms;
    uint64_t *asked_link;
    uint64_t sources[8];
    uint32_t source_count;
    struct hash owner;    /* key of the member that began it */
    uint64_t progress_ms; /* last new piece */
    uint64_t header_link; /* 0: not of this run */
    uint64_t since_utc;
    UT_hash_handle hh; /* by digest */
};

struct remembered {
    struct address address;
    struct hash key;
    bool has_key;
    bool proven;            /* the key answered there */
    uint64_t not_before_ms; /* back-off after failure */
    uint32_t failures;
    bool present; /* named by a live presence record at the last look */
    bool wanted;  /* by the last Connect: tried before others, and never makes place for one */
    bool refused; /* a member there did not let this node in; the next Connect tries again */
};

struct dial {
    uint64_t token;
    struct address address;
    struct hash key;
    bool has_key;
    bool direct;
    bool initial; /* part of the application's Connect */
    struct dial *next;
};

/* A record of this node about itself. */
struct own_record {
    bool exists;
    struct guid id;
};

struct graph {
    struct graph_config config;
    struct bytes graph_id;
    struct graph_now now;
    struct graph_actions *actions; /* of the step under way */
    uint64_t batch; /* counts lists of actions: those of one list have not been carried out */
    uint64_t random_counter;
    uint64_t next_token;
    bool rejudge;         /* a revocation was accepted: judge the links at the end of the step */
    uint64_t drop_due_ms; /* and what is stored then: several may be parts of one */
    uint64_t drop_latest_ms;
    struct neighbour *neighbours;
    struct pending *pending;
    struct pending *pending_by_digest;
    uint32_t abandoned_count;
    struct fetch *fetches;
    uint64_t refused[REFUSED_SIZE];
    struct asked {
        uint64_t mark;
        uint64_t link;
        uint64_t until_ms;
    } asked[ASKED_SIZE];

    bool online;
    bool allow_direct;
    bool synchronised;
    struct address_list listening;
    uint32_t status;

    /* While it is new: how many keys it has compared all with, and the first of them. */
    struct {
        uint32_t agreed;
        struct hash key;
        uint64_t since_ms;
    } newcomer;

    /* Being connected. */
    struct remembered remembered[REMEMBERED_MAX];
    uint32_t remembered_count;
    struct dial *dials;
    uint64_t dialled_ms[DIALS_MAX]; /* the last ones; a ring */
    uint64_t dial_count;
    bool connecting;
    uint64_t connecting_since_ms;
    uint32_t connect_tried;
    HRESULT connect_refused; /* a failure: what a member said to this Connect */
    uint64_t maintenance_due_ms;

    /* Time. */
    int64_t time_offset;
    bool time_adopted;
    uint64_t time_due_ms;
    int64_t time_moved_today;
    uint64_t time_day_ms;

    /* Expiry: all up to expired_to were announced. */
    uint64_t expired_to;
    uint64_t expire_due_ms;
    uint64_t deferred_horizon; /* with DEFER_EXPIRATION: the last peer time with company */
    struct purge_clock {
        uint64_t before_ms; /* running time before this life, which began at start_ms */
        uint64_t start_ms;
        uint64_t saved_ms;
        struct {
            uint64_t running_ms;
            uint64_t peer_time;
        } notes[PURGE_NOTES];
        uint32_t count;
        uint64_t until; /* what has expired by this peer time goes; 0: nothing to do */
    } purge;

    /* Presence and membership. */
    struct own_record presence;
    uint64_t presence_due_ms;
    uint64_t membership_due_ms;
    uint64_t membership_until; /* peer time: to here the own membership record is known to stand */

    /* partition.c: waits that run, 0: none does. */
    struct own_record signature;
    struct own_record contact;
    uint64_t partition_due_ms;
    uint64_t signature_due_ms;
    uint64_t contact_due_ms;
    uint64_t cut_due_ms;

    /* Tombstones that a version outlives, and when they are signed again. */
    struct outlived {
        struct guid id;
        uint64_t until;
        uint64_t due_ms;
    } outlived[OUTLIVED_MAX];
    uint32_t outlived_count;
    uint64_t upkeep_due_ms;

    uint32_t next_session;
    uint64_t work;     /* elements looked at for the question at hand */
    uint64_t elements; /* own records at the last look at all of them */
    struct graph_counters counters;
};

/* graph.c */
struct graph_action *graph_act(struct graph *graph,
                               enum graph_action_type type); /* NULL: out of memory */
HRESULT graph_notify_record(struct graph *graph, const struct store_record *row,
                            int change) MUST_CHECK;
HRESULT graph_notify_value(struct graph *graph, enum graph_notice notice,
                           uint64_t value) MUST_CHECK;
HRESULT graph_complete(struct graph *graph, uint64_t request, HRESULT hr, const struct guid *id,
                       uint64_t value) MUST_CHECK;
void graph_random(struct graph *graph, void *out, size_t size);
uint64_t graph_random_below(struct graph *graph, uint64_t bound);
static inline uint64_t graph_time(const struct graph *graph)
{
    return graph_peer_time(graph, graph->now.utc);
}
HRESULT graph_update_status(struct graph *graph) MUST_CHECK;
void graph_set_online(struct graph *graph, bool online);

/* neighbour.c */
struct neighbour *neighbour_find(struct graph *graph, uint64_t link);
HRESULT neighbour_up(struct graph *graph, const struct graph_event *event) MUST_CHECK;
HRESULT neighbour_data(struct graph *graph, const struct graph_event *event) MUST_CHECK;
HRESULT neighbour_down(struct graph *graph, uint64_t link, HRESULT reason) MUST_CHECK;
/* neighbour_close tells the caller to close and forgets the link at the end of the step. */
HRESULT neighbour_close(struct graph *graph, struct neighbour *neighbour,
                        HRESULT reason) MUST_CHECK;
HRESULT neighbour_goodbye(struct graph *graph, struct neighbour *neighbour, uint8_t type,
                          uint8_t code, HRESULT reason) MUST_CHECK;
HRESULT neighbour_connected(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
HRESULT neighbours_flush(struct graph *graph) MUST_CHECK;
uint32_t neighbours_connected(const struct graph *graph, bool incoming_only);
void neighbour_free(struct neighbour *neighbour);
void neighbour_referrals(struct graph *graph, const struct neighbour *except,
                         struct address_list *list);
HRESULT neighbour_send_connect(struct graph *graph, struct neighbour *neighbour,
                               uint8_t flags) MUST_CHECK;

/* neighbour_given counts the bytes that a neighbour was given and that have not gone out: of this
 * step, and of those before it whose actions wait to be carried out. Whether the link is full is
 * known only after that. */
size_t neighbour_given(const struct graph *graph, const struct neighbour *neighbour);

/* A neighbour's memory of versions: whether it was sent or has sent this digest. */
bool recent_has(const struct neighbour *neighbour, const struct hash *digest);
void recent_add(struct neighbour *neighbour, const struct hash *digest);

/* recv_*.c: one file per message. PEER_E_INVALID_RECORD blames the neighbour; other failures end
 * the step. */
HRESULT recv_connect(struct graph *graph, struct neighbour *neighbour,
                     struct bytes body) MUST_CHECK;
HRESULT recv_welcome(struct graph *graph, struct neighbour *neighbour,
                     struct bytes body) MUST_CHECK;
HRESULT recv_refuse(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
HRESULT recv_disconnect(struct graph *graph, struct neighbour *neighbour,
                        struct bytes body) MUST_CHECK;
HRESULT recv_flood(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
/* flood_check recomputes id and payload root of a FLOOD whose record is decoded. */
HRESULT flood_check(struct graph *graph, const struct message_flood *flood,
                    const struct record *record) MUST_CHECK;
HRESULT recv_revoked(struct graph *graph, struct bytes body) MUST_CHECK;
HRESULT recv_ack(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
HRESULT recv_advertise(struct graph *graph, struct neighbour *neighbour,
                       struct bytes body) MUST_CHECK;
HRESULT recv_request(struct graph *graph, struct neighbour *neighbour,
                     struct bytes body) MUST_CHECK;
HRESULT recv_piece(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
HRESULT recv_certificate(struct graph *graph, struct neighbour *neighbour,
                         struct bytes body) MUST_CHECK;
HRESULT recv_certificate_request(struct graph *graph, struct neighbour *neighbour,
                                 struct bytes body) MUST_CHECK;
HRESULT recv_ping(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
HRESULT recv_pt2pt(struct graph *graph, struct neighbour *neighbour, struct bytes body) MUST_CHECK;
HRESULT recv_reconcile(struct graph *graph, struct neighbour *neighbour,
                       struct bytes body) MUST_CHECK;
HRESULT recv_sync_end(struct graph *graph, struct neighbour *neighbour,
                      struct bytes body) MUST_CHECK;

/* pending.c: verdicts in any order. */
/* pending_take starts the judgement of a FLOOD body whose record is already decoded. */
HRESULT pending_take(struct graph *graph, struct neighbour *neighbour, struct bytes body,
                     const struct record *record, const struct hash *digest) MUST_CHECK;
struct pending *pending_find(struct graph *graph, const struct hash *digest);
void pending_add_source(struct pending *pending, uint64_t link);
HRESULT pending_verdict(struct graph *graph, const struct graph_verdict *verdict) MUST_CHECK;
HRESULT pending_certificate_came(struct graph *graph) MUST_CHECK;
HRESULT pending_expire(struct graph *graph) MUST_CHECK;
uint64_t pending_deadline(const struct graph *graph);
void pending_source_gone(struct graph *graph, uint64_t link);
/* pending_gives_way: the record waits for a certificate, and the one named now is here. */
bool pending_gives_way(struct graph *graph, const struct pending *pending,
                       const struct hash *certificate);
/* pending_drop forgets a waiting record without blame; those that sent it are compared with. */
HRESULT pending_drop(struct graph *graph, struct pending *pending) MUST_CHECK;
void pending_sweep(struct graph *graph);
/* pause_update stops or resumes reading a link by what it has waiting here. */
HRESULT pause_update(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
void pending_free_all(struct graph *graph);
void refused_add(struct graph *graph, const struct hash *digest);
bool refused_has(const struct graph *graph, const struct hash *digest);

/* accept.c: classification and what follows from acceptance. */
enum verdict_class { CLASS_NEW, CLASS_SAME, CLASS_OLDER };
/* What stands under an id. */
struct held {
    bool exists;
    struct store_record row; /* views empty */
};
/* classify compares with what is held. */
HRESULT classify(struct graph *graph, const struct record *record, const struct hash *digest,
                 struct held *held, enum verdict_class *class) MUST_CHECK;
struct accepted {
    const struct record *record;
    const struct hash *digest;
    const struct record_seal *seal;
    struct bytes header;
    struct bytes payload;
    bool local;
    const struct held *held; /* as classify gave it, and nothing was put since; NULL: to be found */
};
/* accepted_row gives the row of a version as the store takes it: views of what accepted has. */
struct store_record accepted_row(const struct accepted *accepted);
/* accept stores a version that stands, informs provider and application, and floods it on. */
HRESULT accept_version(struct graph *graph, const struct accepted *accepted) MUST_CHECK;
/* remove_row takes a stored record away and tells the provider of a reserved one. */
HRESULT remove_row(struct graph *graph, const struct store_record *row) MUST_CHECK;
/* flood_row sends a stored row to one neighbour unless it was sent to it, or came from it, lately;
 * flood_again sends it in any case, because the neighbour asked for it. */
HRESULT flood_row(struct graph *graph, struct neighbour *neighbour, const struct store_record *row,
                  uint8_t flags) MUST_CHECK;
HRESULT flood_again(struct graph *graph, struct neighbour *neighbour,
                    const struct store_record *row, uint8_t flags) MUST_CHECK;
HRESULT advertise_one(struct neighbour *neighbour, const struct version_name *name) MUST_CHECK;
HRESULT ack_one(struct graph *graph, struct neighbour *neighbour, const struct version_name *name,
                bool useful) MUST_CHECK;
/* teach_revocations sends a neighbour the revocations that it has neither sent nor been sent. */
HRESULT teach_revocations(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
/* rejudge_links closes the links of whom a revocation removed; rejudge_timer takes away what it
 * killed, when that is due; rejudge_restore looks whether that was still to be done. */
HRESULT rejudge_links(struct graph *graph) MUST_CHECK;
HRESULT rejudge_timer(struct graph *graph) MUST_CHECK;
HRESULT rejudge_restore(struct graph *graph) MUST_CHECK;

/* import.c */
HRESULT import_version(struct graph *graph, const struct graph_sealed *sealed,
                       bool *stored) MUST_CHECK;

/* publish.c */
/* publish: *stored tells that the version had been put when something failed. */
HRESULT publish(struct graph *graph, const struct graph_publish *publish, struct guid *id,
                bool *stored) MUST_CHECK;

/* publish_version signs, stores and spreads a version as it is given; *stored as with publish. */
HRESULT publish_version(struct graph *graph, const struct record *record, struct bytes payload,
                        bool *stored) MUST_CHECK;

/* upkeep.c: tombstones and revocations are signed again. */
/* upkeep_accepted: this version stands now. */
void upkeep_accepted(struct graph *graph, const struct store_record *row);
void upkeep_online(struct graph *graph, bool online);
/* upkeep_wants: a version of this expiration outlives the tombstone, and this member would sign it
 * again. upkeep_outlived has it done, once the version is known to be good. */
bool upkeep_wants(struct graph *graph, const struct store_record *tombstone, uint64_t expiration);
void upkeep_outlived(struct graph *graph, const struct store_record *tombstone,
                     uint64_t expiration);
HRESULT upkeep_timer(struct graph *graph) MUST_CHECK;
uint64_t upkeep_deadline(const struct graph *graph);

/* jobs.c */
HRESULT job_add(struct neighbour *neighbour,
                const struct job *job) MUST_CHECK; /* takes job->except */
HRESULT jobs_run(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
void jobs_free(struct neighbour *neighbour);

/* reconcile.c */
/* request_records asks a neighbour for versions; those asked of it lately are left out. */
HRESULT request_records(struct graph *graph, struct neighbour *neighbour,
                        const struct version_name *names, uint32_t count) MUST_CHECK;
/* request_answered: the version came; if it has to be dropped it may be asked for again. */
void request_answered(struct graph *graph, const struct hash *digest);
HRESULT reconcile_start(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
HRESULT reconcile_ask(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
HRESULT reconcile_split(struct graph *graph, struct sync *sync, const struct store_key *lower,
                        const struct store_key *upper) MUST_CHECK;
/* reconcile_items settles the difference of a range whose other side is listed in full. */
HRESULT reconcile_items(struct graph *graph, struct neighbour *neighbour, const struct range *range,
                        uint64_t horizon) MUST_CHECK;
/* What is compared: keys from lower to before upper (NULL: no bound) that live at the horizon. */
struct span {
    const struct store_key *lower;
    const struct store_key *upper;
    uint64_t horizon;
};
HRESULT range_fingerprint(struct graph *graph, const uint8_t *key, const struct span *span,
                          struct fingerprint *sum, uint64_t *count) MUST_CHECK;
/* range_list: complete is false when there are more than a range holds. */
HRESULT range_list(struct graph *graph, const struct span *span, struct range *range,
                   bool *complete) MUST_CHECK;
/* reconcile_rest reads a neighbour again whose budget has grown. */
HRESULT reconcile_rest(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;
int store_key_compare(const struct store_key *a, const struct store_key *b);
void sync_free(struct sync *sync);
/* reconcile_stop forgets the own session. */
void reconcile_stop(struct graph *graph, struct neighbour *neighbour);
/* reconcile_check_end ends the own session once all that it brought is judged. */
HRESULT reconcile_check_end(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;

/* newcomer.c */
/* newcomer_agreed: a session with this neighbour ended, and nothing had to be dropped. */
void newcomer_agreed(struct graph *graph, const struct neighbour *neighbour);
void newcomer_reset(struct graph *graph);
/* newcomer_check looks whether a new node has the group's database; at the end of each step. */
HRESULT newcomer_check(struct graph *graph) MUST_CHECK;
/* newcomer_done: the group's database is here; told once. */
HRESULT newcomer_done(struct graph *graph) MUST_CHECK;
uint64_t newcomer_deadline(const struct graph *graph);

/* large.c: large_wait remembers a record that cannot be fetched now; large_next asks for the next
 * one when nothing else comes from that neighbour. */
void large_wait(struct neighbour *neighbour, const struct version_name *name);
HRESULT large_next(struct graph *graph, struct neighbour *neighbour) MUST_CHECK;

/* fetch.c */
/* *taken: the payload is asked for; false: there is no room for it now. */
HRESULT fetch_begin(struct graph *graph, const struct accepted *accepted, const uint64_t *sources,
                    uint32_t count, bool *taken) MUST_CHECK;
struct fetch *fetch_find(struct graph *graph, const struct hash *digest);
void fetch_add_source(struct fetch *fetch, uint64_t link);
HRESULT fetch_ask(struct graph *graph, struct fetch *fetch) MUST_CHECK;
HRESULT fetch_timer(struct graph *graph) MUST_CHECK;
HRESULT fetch_restore(struct graph *graph) MUST_CHECK;
HRESULT fetch_source_gone(struct graph *graph, uint64_t link) MUST_CHECK;
void fetch_free(struct graph *graph, struct fetch *fetch);
uint64_t fetch_deadline(const struct graph *graph);

/* purge.c: restore reads what former lives have kept, save writes it. */
HRESULT purge_restore(struct graph *graph) MUST_CHECK;
HRESULT purge_save(struct graph *graph) MUST_CHECK;
HRESULT purge_timer(struct graph *graph) MUST_CHECK;
bool purge_goes_on(const struct graph *graph);

/* own_record.c; own_expiration: no own record outlives the certificate that signs it. */
uint64_t own_expiration(struct graph *graph, uint64_t lifetime_s);
HRESULT own_record_write(struct graph *graph, struct own_record *own, const struct guid *type,
                         uint64_t lifetime_s, struct bytes payload) MUST_CHECK;
HRESULT own_record_withdraw(struct graph *graph, struct own_record *own) MUST_CHECK;
/* own_record_outcome: a member whose certificate has ended may not write, which is no failure. */
HRESULT own_record_outcome(HRESULT hr) MUST_CHECK;

/* partition.c: signature and contact records. */
void partition_online(struct graph *graph, bool online);
HRESULT partition_timer(struct graph *graph) MUST_CHECK;
HRESULT partition_withdraw(struct graph *graph) MUST_CHECK;
uint64_t partition_deadline(const struct graph *graph);

/* expire.c, presence.c, maintain.c, peer_time.c: each has a timer and a deadline. */
HRESULT expire_timer(struct graph *graph) MUST_CHECK;
void expire_schedule(struct graph *graph, uint64_t expiration);
HRESULT presence_timer(struct graph *graph) MUST_CHECK;
HRESULT presence_withdraw(struct graph *graph) MUST_CHECK;
/* membership_first makes this member known before it acts, where the configuration says so. */
HRESULT membership_first(struct graph *graph) MUST_CHECK;
/* graph_is_fault: memory or store failed; any other failure is somebody's fault or nobody's. */
bool graph_is_fault(HRESULT hr);
HRESULT maintain_connect(struct graph *graph, const struct graph_event *event) MUST_CHECK;
/* maintain_attempt_failed: a link or dial of the application's Connect came to nothing. */
HRESULT maintain_attempt_failed(struct graph *graph, uint64_t link, uint64_t node_id,
                                HRESULT reason) MUST_CHECK;
HRESULT maintain_dial_failed(struct graph *graph, const struct graph_event *event) MUST_CHECK;
HRESULT maintain_timer(struct graph *graph) MUST_CHECK;
void maintain_remember(struct graph *graph, const struct address *address, const struct hash *key);
/* maintain_answered: a member has let this node in there. */
void maintain_answered(struct graph *graph, const struct address *address);
/* maintain_end_attempts tells the ends of what Connect still dials, and waits for it no longer. */
HRESULT maintain_end_attempts(struct graph *graph) MUST_CHECK;
/* maintain_refused: whoever answers there has no room for now. */
void maintain_refused(struct graph *graph, const struct address *address);
/* maintain_announce tells the caller that a member answers there, to be remembered on disk. */
HRESULT maintain_announce(struct graph *graph, const struct address *address,
                          const struct hash *key) MUST_CHECK;
HRESULT maintain_dial(struct graph *graph, const struct address *address, const struct hash *key,
                      bool direct, bool initial, uint64_t *token) MUST_CHECK;
struct dial *maintain_take_dial(struct graph *graph, uint64_t token);
uint64_t maintain_deadline(const struct graph *graph);
/* maintain_call_other dials one more member of another key, unless a call is under way. *calling:
 * one is. */
HRESULT maintain_call_other(struct graph *graph, const struct hash *except,
                            bool *calling) MUST_CHECK;
/* maintain_call_member dials a member at the first of its addresses that may be dialled now. */
HRESULT maintain_call_member(struct graph *graph, const struct address_list *addresses,
                             const struct hash *key) MUST_CHECK;
HRESULT peer_time_heard(struct graph *graph, struct neighbour *neighbour, uint64_t peer_time,
                        bool first) MUST_CHECK;
HRESULT peer_time_timer(struct graph *graph) MUST_CHECK;

#endif
