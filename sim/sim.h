/* sim.h - a whole group in one thread and in virtual time, repeatable by its seed.
 *
 * Nodes run the very same graph, record, wire and store code as members in the field, and with
 * SIM_GROUP the very same group code too; the network,
 * the clocks, the threads that check signatures and the disk are replaced by one queue of events.
 * Each node commits its store after each successful step and then carries out the actions; after a
 * failed one it starts over from its last commit, as in the engine. graph_check runs after every
 * step. The first thing
 * that is wrong is kept as text (sim_failure) and the run goes on. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "graph/graph.h"
#include "sim_provider.h"

struct security;
struct signing_key;

/* The group's id with SIM_CHEAP, and every test's record type. */
#define SIM_GRAPH_ID "0123456789abcdef0123456789abcdef01234567.simulated"
extern const struct guid SIM_RECORD_TYPE;
/* UTC when a run begins, but for a second. */
#define SIM_FIRST_UTC (TICKS_UNIX_EPOCH + 1800000000ull * TICKS_PER_SECOND)

/* Whose security the nodes have: one key as certificate (sim_provider.c), or that of src/group. */
enum sim_security { SIM_CHEAP, SIM_GROUP };

struct sim_options {
    uint64_t seed;
    enum sim_security security;
    uint32_t latency_min_ms; /* of a link; 0, 0: 1 ms */
    uint32_t latency_max_ms;
    uint64_t bandwidth;      /* bytes a second in each direction; 0: 12.5 million */
    uint32_t verdict_max_ms; /* a signature check takes 0 to this long, so they come in any order */
    uint32_t segment_max;    /* bytes in one LINK_DATA; 0: 64 KiB */
    uint32_t cuts_per_hour;  /* of each link */
    bool no_trace;           /* do not look into what is sent */
};

struct sim_node_options {
    bool synchronised;
    bool presence;
    bool membership;
    bool member_data_optional; /* membership with the first action */
    bool defer_expiration;
    bool raw;            /* no graph: bytes by hand (sim_raw_...) */
    int64_t clock_ms;    /* error of its UTC clock */
    int64_t time_offset; /* remembered */
    /* With SIM_GROUP; node 0 founds the group. */
    uint32_t inviter;             /* who issues the certificate; the founder if that one cannot */
    unsigned roles;               /* 0: member */
    uint64_t certificate_end;     /* UTC; 0: the inviter's */
    uint64_t certificate_begin;   /* UTC; 0: 20 minutes before it is issued */
    uint32_t presence_lifetime_s; /* 0: PRESENCE_LIFETIME_MIN */
    uint32_t member_data_lifetime_s; /* 0: the default */
};

struct sim_notice {
    uint64_t ms;
    enum graph_notice notice;
    int change;
    HRESULT hr;
    struct guid id;
    struct guid type;
    uint64_t link;
    uint64_t value;
};

struct sim_node {
    struct sim *sim;
    uint32_t index;
    uint32_t life; /* grows with each start */
    bool alive;
    bool online; /* listening or connecting, by the last request */
    bool listening;
    struct sim_node_options options;
    struct sim_key key;
    struct sim_provider provider;    /* SIM_CHEAP */
    struct signing_key *signing_key; /* this and the next with SIM_GROUP */
    struct security *security;
    unsigned roles;
    uint32_t inviter;
    bool removed;       /* by the register: it, or whom it hangs on, was removed */
    bool fell;          /* removed at some time: what it confirmed may be gone */
    bool heard_removal; /* GRAPH_NOTICE_REVOKED in this step */
    uint64_t collect_due_ms;
    struct store *store;
    struct graph *graph;
    struct graph_actions actions;
    bool was_synchronised;
    int64_t time_offset;
    uint64_t timer_at;
    uint32_t spins; /* timer steps in this millisecond */
    uint32_t group; /* partition */
    struct sim_notice *notices;
    uint32_t notice_count;
    uint32_t notice_capacity;
    struct buffer last_data;
    uint64_t completed; /* request, result and value of the last GRAPH_ACTION_COMPLETE */
    HRESULT completed_hr;
    uint64_t completed_value;
    uint64_t dial_count;
    uint64_t bytes_sent;
    uint64_t failed_steps;
    struct address remembered[LIMIT_REFERRALS]; /* as the engine keeps them on disk */
    uint32_t remembered_count;
};

struct sim *sim_new(const struct sim_options *options);
void sim_free(struct sim *sim);

/* Nodes. sim_add makes one that is started; its address is known from its number. */
uint32_t sim_add(struct sim *sim, const struct sim_node_options *options);
struct sim_node *sim_node(struct sim *sim, uint32_t index);
uint32_t sim_count(const struct sim *sim);
/* sim_graph_id is the group's peer name. */
const char *sim_graph_id(const struct sim *sim);
/* sim_provider_of gives what the node's graph asks; it lives as long as the node is alive. */
struct provider *sim_provider_of(struct sim_node *node);
/* sim_renew gives a member one more certificate; where an administrator issues it, that readmits.
 * SIM_GROUP only, as all about removal. */
void sim_renew(struct sim *sim, uint32_t index, uint32_t inviter, uint64_t certificate_end);
void sim_address(uint32_t index, struct address *address);
void sim_listen(struct sim *sim, uint32_t index);
void sim_connect(struct sim *sim, uint32_t index, uint32_t to);
void sim_leave(struct sim *sim, uint32_t index);
/* sim_crash loses all but the committed store; sim_restart starts a new life from it. */
void sim_crash(struct sim *sim, uint32_t index);
void sim_restart(struct sim *sim, uint32_t index);
/* sim_event runs one step of a node with an event; now is filled in. */
HRESULT sim_event(struct sim *sim, uint32_t index, struct graph_event *event);

/* Removal. The register notes who is removed and what keep-lists name; sim_check_authorised and
 * sim_check_equal go by it. */
/* sim_remove has the founder write a revocation by the group key, of a member and all that hang on
 * its certificate. keep: its versions that the founder holds stay. */
HRESULT sim_remove(struct sim *sim, uint32_t index, bool keep);
/* sim_revoke removes as an application does; flags and codes: security_revoke. */
HRESULT sim_revoke(struct sim *sim, uint32_t by, uint32_t index, unsigned flags);
/* sim_revoke_by_hand publishes a revocation that no call makes, without a keep-list, sealed by the
 * member's own certificate. The register believes none of it. */
HRESULT sim_revoke_by_hand(struct sim *sim, uint32_t by, uint32_t index);
/* sim_take_back: who removed this member was removed itself, so that it is one again. */
void sim_take_back(struct sim *sim, uint32_t index);
/* sim_appoint makes a member a deputy. */
HRESULT sim_appoint(struct sim *sim, uint32_t index);
/* sim_publish_sealed publishes complete versions together, as the engine does. */
struct sealed_record;
HRESULT sim_publish_sealed(struct sim *sim, uint32_t by, const struct sealed_record *items,
                           uint32_t count);

/* Time. */
uint64_t sim_now_ms(const struct sim *sim);
/* sim_peer_time is the group's time by node 0's clock. */
uint64_t sim_peer_time(struct sim *sim);
uint64_t sim_utc(const struct sim *sim, const struct sim_node *node);
void sim_run(struct sim *sim, uint64_t ms);
typedef bool (*sim_predicate)(struct sim *sim, void *context);
/* sim_run_until looks after every event; false when limit_ms have gone by. */
bool sim_run_until(struct sim *sim, sim_predicate predicate, void *context, uint64_t limit_ms);
uint64_t sim_random(struct sim *sim, uint64_t below);
uint64_t sim_steps(const struct sim *sim);
void sim_set_verdicts(struct sim *sim, uint32_t verdict_max_ms);

/* Network. */
void sim_set_cuts(struct sim *sim, uint32_t cuts_per_hour);
/* sim_partition puts a node into a part; links and dials between parts fail. */
void sim_partition(struct sim *sim, uint32_t index, uint32_t part);
/* sim_heal puts all nodes into one part again; no link is touched. */
void sim_heal(struct sim *sim);
uint32_t sim_links(struct sim *sim, uint32_t index); /* open ones of a node */
void sim_cut_links(struct sim *sim, uint32_t index);
bool sim_linked(struct sim *sim, uint32_t a, uint32_t b);

/* sim_turn_raw: from here on a member that ran is a raw node, with its certificates and keys. */
void sim_turn_raw(struct sim *sim, uint32_t index);
/* A raw node's links. sim_raw_dial calls a node and returns the link; the link answers for the end
 * at the raw node. 0: with SIM_GROUP, it is refused. */
uint64_t sim_raw_dial(struct sim *sim, uint32_t raw, uint32_t to, bool direct);
void sim_raw_send(struct sim *sim, uint64_t link, struct bytes bytes);
struct buffer *sim_raw_received(struct sim *sim, uint64_t link);
bool sim_raw_closed(struct sim *sim, uint64_t link);
void sim_raw_close(struct sim *sim, uint64_t link);

/* Records. */
struct sim_record {
    enum publish_kind kind;
    struct guid id;
    uint64_t lifetime_s; /* 0: a day */
    uint64_t expiration; /* when not 0, instead */
    const void *payload;
    uint64_t payload_size; /* larger than a piece: payload is not read, pieces are made up */
};
/* sim_publish writes a record at a node; what it confirms is held to by sim_check_confirmed. */
HRESULT sim_publish(struct sim *sim, uint32_t index, const struct sim_record *record,
                    struct guid *id);
/* sim_holds: the node shows this record now. */
bool sim_holds(struct sim *sim, uint32_t index, const struct guid *id);
uint32_t sim_visible(struct sim *sim, uint32_t index); /* of SIM_RECORD_TYPE */
uint32_t sim_visible_of(struct sim *sim, uint32_t index, const struct guid *type);
uint32_t sim_notices(struct sim *sim, uint32_t index, enum graph_notice notice, int change);
const struct sim_notice *sim_last_notice(struct sim *sim, uint32_t index, enum graph_notice notice);

/* Checks: false and a text when something is wrong. */
bool sim_check_equal(struct sim *sim);
bool sim_check_confirmed(struct sim *sim);
bool sim_check_authorised(struct sim *sim);
/* sim_check_security: members, revocations and the certificates that records need are the same with
 * all. */
bool sim_check_security(struct sim *sim);
bool sim_equal_now(struct sim *sim, void *context); /* a predicate for sim_run_until */
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *sim_failure(const struct sim *sim);

struct sim_statistics {
    uint64_t floods; /* full copies that arrived */
    uint64_t useful; /* records applied from others */
    uint64_t bytes;  /* sent on all links */
    uint64_t reconcile_bytes;
    uint64_t reconcile_sessions;
    uint64_t links;    /* ever made */
    uint32_t hops_max; /* of a record that was flooded */
    double hops_last;  /* mean over records of the last member's hops */
};
void sim_get_statistics(struct sim *sim, struct sim_statistics *statistics);

#endif
