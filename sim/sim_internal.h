/* sim_internal.h - the simulator's own state, shared by its files. */
#ifndef SIM_SIM_INTERNAL_H
#define SIM_SIM_INTERNAL_H

#include "sim.h"

/* Tables of the simulator's own memory, so not base/table.h; files that include the headers of
 * src/group first use no tables. */
#ifndef uthash_malloc
#define HASH_FUNCTION(key, size, hash) HASH_OAT(key, size, hash)
#include <uthash.h>
#endif

enum { SIM_QUEUE_LIMIT = LIMIT_SEND_QUEUE_BYTES, SIM_DIAL_TIMEOUT_MS = 5000, SIM_START_MS = 1000 };

enum sim_event_type {
    SIM_TIMER,   /* node */
    SIM_DELIVER, /* link, side: the end that sent */
    SIM_ROOM,    /* link, side: its queue became full or has room again (flag) */
    SIM_DOWN,    /* link, side: hears that the link is gone */
    SIM_DIALED,  /* node, token, address */
    SIM_VERDICT, /* node, token, flag */
    SIM_CUT      /* link */
};

struct sim_event {
    uint64_t at_ms;
    uint64_t sequence;
    enum sim_event_type type;
    uint32_t node;
    uint32_t life;
    uint64_t token;
    uint32_t link;
    uint8_t side;
    bool flag;
    bool direct;
    struct address address;
    struct hash key;
    bool has_key;
};

/* What was given to a link in one SEND. */
struct sim_segment {
    struct sim_segment *next;
    uint8_t *data;
    size_t size;
    size_t offset;
    uint64_t ready_ms;
    struct hash *digests; /* of the floods in it */
    uint32_t digest_count;
};

/* One direction of a link, named by the side that sends. */
struct sim_way {
    struct sim_segment *head;
    struct sim_segment *tail;
    uint64_t bytes;
    uint64_t free_us; /* when the wire is free again */
    bool full;
    bool finished; /* the sender closed: tell the other when all is delivered */
    bool paused;   /* the receiver does not read */
    bool scheduled;
};

struct sim_end {
    uint32_t node;
    uint32_t life;
    uint64_t id;
    bool open;
    struct buffer raw;
};

/* Of one version on one link, for the trace. */
struct sim_seen {
    struct hash digest;
    bool sent[2];
    bool delivered[2];  /* what that side sent has arrived */
    uint32_t wanted[2]; /* requests for it that reached that side and are not answered */
    UT_hash_handle hh;
};

struct sim_link {
    struct sim_end ends[2];
    struct sim_way ways[2];
    uint32_t latency_ms;
    bool direct;
    struct sim_seen *seen;
};

struct sim_confirmed {
    struct guid id;
    uint32_t author;
    uint32_t version;
    bool deleted;
    uint64_t expiration;
};

struct sim_hops {
    struct hash digest;
    uint8_t *hops; /* by node; 0: not here */
    UT_hash_handle hh;
};

/* A signature that was checked for one node need not be for the next. */
struct sim_proof {
    struct verify_job job;
    bool valid;
    UT_hash_handle hh;
};

/* A certificate that was issued in this run; node SIM_GROUP_KEY: the group's own. */
#define SIM_GROUP_KEY UINT32_MAX
struct sim_issued {
    struct hash certificate;
    struct hash key_hash;
    uint8_t key[PUBLIC_KEY_SIZE];
    uint32_t node;
    bool deputy;
    bool dead; /* removed */
};

struct sim {
    struct sim_options options;
    char graph_id[200];
    struct signing_key *group_key;
    uint64_t group_end;
    struct sim_issued *issued;
    uint32_t issued_count;
    uint32_t issued_capacity;
    struct hash *kept; /* digests on keep-lists */
    uint32_t kept_count;
    uint32_t kept_capacity;
    uint64_t random[2];
    uint64_t now_ms;
    uint64_t sequence;
    uint64_t steps;
    struct sim_event *queue;
    uint32_t queue_count;
    uint32_t queue_capacity;
    struct sim_node **nodes;
    uint32_t node_count;
    struct sim_members members;
    struct sim_link **links;
    uint32_t link_count;
    uint32_t link_capacity;
    struct sim_confirmed *confirmed;
    uint32_t confirmed_count;
    uint32_t confirmed_capacity;
    struct sim_hops *hops;
    struct sim_proof *proofs;
    uint64_t bytes;
    char failure[400];
};

/* The simulator's own memory: never failed by mem_fail_nth, the program ends without it. */
void *sim_alloc(size_t size);
void *sim_grow(void *block, uint32_t count, uint32_t *capacity, size_t element_size);

void sim_push(struct sim *sim, struct sim_event event, uint64_t at_ms);
void sim_reschedule(struct sim *sim, struct sim_node *node);

/* sim_network.c */
void network_handle(struct sim *sim, const struct sim_event *event);
void network_send(struct sim *sim, struct sim_node *node, struct graph_action *action);
void network_close(struct sim *sim, uint64_t id);
void network_pause(struct sim *sim, uint64_t id, bool paused);
void network_dial(struct sim *sim, struct sim_node *node, const struct graph_action *action);
void network_node_gone(struct sim *sim, struct sim_node *node);
void network_free(struct sim *sim);

/* sim_trace.c */
void trace_sent(struct sim *sim, struct sim_link *link, int side, struct sim_segment *segment);
/* trace_arriving comes with the first byte: a REQUEST that is still on its way allows nothing yet.
 */
void trace_arriving(struct sim_link *link, int side, const struct sim_segment *segment);
void trace_delivered(struct sim *sim, struct sim_link *link, int side,
                     const struct sim_segment *segment);
void trace_free_link(struct sim_link *link);
void trace_free(struct sim *sim);

/* sim_group.c */
void sim_must(HRESULT hr, const char *what); /* the schedule's mistake ends the program */
/* group_note_issued enters a certificate into the register; borrowed until the next. */
struct sim_issued *group_note_issued(struct sim *sim, const struct hash *certificate,
                                     const uint8_t *key, uint32_t node);
void group_become_member(struct sim *sim, struct sim_node *node);
/* group_open reads the node's security back from its store. */
void group_open(struct sim *sim, struct sim_node *node);
void group_close(struct sim_node *node);
/* group_step comes before each step of the node's graph: the time, and now and then the collection
 * of certificates that nothing needs, as in the engine. */
void group_step(struct sim *sim, struct sim_node *node, uint64_t utc);
void group_free(struct sim *sim);
/* group_admit: what node's side of a handshake says of the other, who hears why it is refused. */
bool group_admit(struct sim *sim, struct sim_node *node, struct sim_node *other);
/* group_heard_removal: after GRAPH_NOTICE_REVOKED; who was put out leaves, as in the engine. */
void group_heard_removal(struct sim *sim, struct sim_node *node);
const struct sim_issued *group_issued(const struct sim *sim, const struct hash *certificate);

/* sim_removal.c */
bool group_is_kept(const struct sim *sim, const struct hash *digest);
/* group_is_dead_issue: what this member issues for that one now can make it no member. */
bool group_is_dead_issue(const struct sim_node *node, const struct sim_node *inviter);

/* sim_check_group.c: a version stands by the certificates that this run issued. */
bool group_is_authorised(const struct sim *sim, const struct store_record *row);

/* sim_node.c */
void node_start(struct sim *sim, struct sim_node *node);
void node_stop(struct sim *sim, struct sim_node *node);
void node_free_proofs(struct sim *sim);

#endif
