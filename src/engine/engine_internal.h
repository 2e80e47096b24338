/* engine_internal.h - the running library: nodes, sessions and calls; shared by the files of
 * engine/ only.
 *
 * Everything here belongs to the loop thread unless it says otherwise. */
#ifndef ENGINE_ENGINE_INTERNAL_H
#define ENGINE_ENGINE_INTERNAL_H

#include "base/table.h"
#include "cloud/cloud.h"
#include "engine/engine.h"
#include "engine/loop.h"
#include "engine/transport.h"
#include "graph/graph.h"
#include "group/handshake.h"
#include "group/identity.h"
#include "group/security.h"

struct node;
struct call;

struct session {
    uint64_t id;
    struct node *node;
    UT_hash_handle hh;
};

struct engine {
    struct loop *loop;
    struct transport *transport;
    struct cloud *cloud;
    struct node *nodes; /* linked by next */
    struct session *sessions;
    uint64_t next_id;
};

/* The one engine; NULL while nobody has started it. Valid between engine_enter and engine_leave. */
HRESULT engine_enter(struct engine **engine) MUST_CHECK;
void engine_leave(void);
/* engine_settle waits until no startup or shutdown is under way. */
void engine_settle(void);

/* ---- calls: from any thread to the loop and back ---- */

struct call {
    struct loop_item item;
    struct engine *engine;
    /* Runs on the loop. The result is the call's, unless call_defer was used: then whoever
     * completes it. */
    HRESULT (*run)(struct call *call);
    HRESULT hr;
    bool deferred;
    bool tagged; /* a test fails this call's allocations, on whichever thread */
    uv_sem_t done;
    struct call *next;
    uint64_t request; /* of the graph event that will complete it */
    struct guid id;   /* results of GRAPH_COMPLETE */
    uint64_t value;
};
/* call_run posts the call and waits for its end. Codes of engine_enter and of the call. */
HRESULT call_run(struct call *call, HRESULT (*run)(struct call *call)) MUST_CHECK;
/* call_defer leaves the call open: it ends when the node's commit has succeeded (with hr, or with
 * what the graph completed) or failed. */
void call_defer(struct node *node, struct call *call, HRESULT hr);

struct session *session_find(struct engine *engine, uint64_t id);
/* call_node gives the node of a session. PEER_E_INVALID_GROUP: no such session; else what keeps the
 * node from working. */
HRESULT call_node(struct call *call, uint64_t session, struct node **node) MUST_CHECK;
/* call_ready_node asks for a synchronised one, too: PEER_E_GROUP_NOT_READY. */
HRESULT call_ready_node(struct call *call, uint64_t session, struct node **node) MUST_CHECK;
HRESULT session_new(struct engine *engine, struct node *node, uint64_t *id) MUST_CHECK;
void session_end(struct engine *engine, struct session *session);

/* ---- nodes: one group of one identity ---- */

struct node_link {
    uint64_t id;
    struct link *link;
    struct handshake *handshake; /* until the graph has the link */
    bool incoming;
    bool in_graph;
    bool was_full;
    struct hash certificate; /* of the member at the other end */
    uint64_t token;
    UT_hash_handle hh;
};

struct node_dial {
    uint64_t token;
    bool direct;
    bool has_key;
    struct hash key;
    struct node_dial *next;
};

struct presence_entry {
    struct guid id;
    struct hash key;
    char *peer_name;
    UT_hash_handle hh;
};

struct registration;

struct node {
    struct engine *engine;
    struct node *next;
    uint64_t id;
    uint32_t session_count;
    char *identity;
    char *friendly_name;
    char *group;
    char *database;
    char *known_name; /* what the user's database calls the group; NULL: not asked */
    struct signing_key *key;
    struct signing_key *group_key;
    int lock_fd;
    uint64_t node_id;

    struct store *store;
    struct security *security;
    struct graph *graph;
    struct graph_actions actions;
    struct transport_owner *owner;
    uv_timer_t *timer;

    struct node_link *links;
    struct node_dial *dials;
    struct presence_entry *presences;
    struct registration *registrations;
    struct call *waiting; /* ends with the next commit */
    bool dirty;
    bool connected; /* the application wants to be online */
    bool listening;
    uint64_t epoch;          /* counts the graphs of this node, one after another */
    uint64_t collect_due_ms; /* certificates that nothing needs any more go */
    HRESULT failed;          /* a step failed: roll back and open again */
    /* node_recover.c */
    uint32_t failures;
    uint64_t failed_ms;
    uint64_t resume_wait_ms;
    uint64_t resume_ms; /* when to be online again; UINT64_MAX: nothing to do */
};

/* What makes a node; all but engine is taken on success. */
struct node_parts {
    char *identity;
    char *friendly_name;
    char *group;
    char *database;
    struct signing_key *key;
    struct signing_key *group_key; /* NULL but for the creator */
    struct store *store;
    struct security *security;
    int lock_fd;
    bool announced; /* new, and known to the user's database by our hand */
};
void node_parts_deinit(struct node_parts *parts);

/* group_parts.c: on the caller's thread. Codes as of identity.h and store.h; PEER_E_GROUP_IN_USE.
 * What was filled before a failure stays for node_parts_deinit. */
HRESULT group_parts_identity(const char *peer_name, struct node_parts *parts) MUST_CHECK;
/* group_parts_new_store reserves, locks and creates a database; group_parts_announce commits it and
 * makes the group known; group_parts_undo removes all of a new group again. */
HRESULT group_parts_new_store(struct node_parts *parts, const char *group) MUST_CHECK;
HRESULT group_parts_announce(struct node_parts *parts) MUST_CHECK;
void group_parts_undo(struct node_parts *parts);
HRESULT group_parts_open(const char *identity, const struct group_entry *entry,
                         struct node_parts *parts) MUST_CHECK;
HRESULT group_parts_remove(const char *identity, const struct group_entry *entry) MUST_CHECK;
/* group_parts_erase removes the files of a group that nobody knows of any more; group_key names the
 * group's key when it is this identity's, else NULL. */
void group_parts_erase(const struct group_entry *entry, const struct hash *group_key);

/* node.c */
HRESULT node_new(struct engine *engine, struct node_parts *parts, struct node **node) MUST_CHECK;
void node_free(struct node *node); /* takes it offline first; what it has announced is committed */
struct node *node_find(struct engine *engine, const char *identity, const char *group);
struct node *node_of_id(struct engine *engine, uint64_t id);
/* node_step runs an event through the graph; its effects come with the commit at the end of the
 * turn. Semantic failures (of publishing) come back; anything else fails the node and is dealt with
 * at the commit. */
HRESULT node_step(struct node *node, struct graph_event *event) MUST_CHECK;
/* node_step_quiet is for events whose failure has no one to be told. */
void node_step_quiet(struct node *node, struct graph_event *event);
void node_commit(struct node *node);
void node_touch(struct node *node); /* the store was changed: commit at the end of the turn */
HRESULT node_lock(const char *database, int *fd) MUST_CHECK;
uint32_t node_lock_holder(const char *database);
HRESULT node_connect(struct node *node, const struct address *addresses, uint32_t count) MUST_CHECK;
void node_configure(struct node *node);
/* node_peer_time gives the group's time now. */
uint64_t node_peer_time(const struct node *node);
/* node_ready: S_OK or PEER_E_GROUP_NOT_READY. */
HRESULT node_ready(const struct node *node) MUST_CHECK;

HRESULT node_make_graph(struct node *node) MUST_CHECK;

/* node_recover.c */
void node_end_calls(struct node *node, HRESULT failure);
/* node_start_over undoes what is not committed and makes the rest again; node->failed tells whether
 * that worked. */
void node_start_over(struct node *node, HRESULT failure);
/* node_resume: true when it was time to be online again, and that was tried. */
bool node_resume(struct node *node);

/* node_links.c */
extern const struct transport_callbacks node_transport_callbacks;
void node_links_close_all(struct node *node);
/* node_collect_certificates forgets certificates that no record, certificate or link needs. */
void node_collect_certificates(struct node *node);
struct node_link *node_link_find(struct node *node, uint64_t id);
HRESULT node_dial(struct node *node, const struct graph_action *action) MUST_CHECK;
void node_verify(struct node *node, const struct graph_action *actions, uint32_t count);
struct sockaddr_in6 socket_address(const struct address *address);
struct address address_of_socket(const struct sockaddr_in6 *socket);

/* node_events.c */
void node_notice(struct node *node, const struct graph_action *action);
HRESULT node_load_presences(struct node *node) MUST_CHECK;
void node_events_deinit(struct node *node);
/* node_tell_offline tells the application that all links are gone, after a failure. */
void node_tell_offline(struct node *node);
void node_listen(struct node *node);
void node_unlisten(struct node *node);

/* events.c: registrations; queue and lookup under a lock of their own. */
void events_post(struct node *node,
                 const struct engine_event *event); /* copies what the event owns */
void events_signal(struct node *node);
/* events_allow_direct tells the graph whether somebody here wants direct connections. */
void events_allow_direct(struct node *node);
bool events_wanted(const struct node *node, enum engine_event_type type);
void events_end(struct node *node);

#endif
