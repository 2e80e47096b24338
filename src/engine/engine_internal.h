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
/* call_start only posts it; what has started must be finished by the same thread, which waits for
 * its end. Codes of engine_enter; of the call. */
HRESULT call_start(struct call *call, HRESULT (*run)(struct call *call)) MUST_CHECK;
HRESULT call_finish(struct call *call) MUST_CHECK;
/* call_defer leaves the call open: it ends when the node's commit has succeeded (with hr, or with
 * what the graph completed) or failed. */
void call_defer(struct node *node, struct call *call, HRESULT hr);
/* call_publish hands one publication to the graph; the call ends when it is on disk, or with its
 * refusal. call_announce publishes a chain as a membership record that lives to expiration. */
HRESULT call_publish(struct node *node, struct call *call,
                     const struct graph_publish *publish) MUST_CHECK;
HRESULT call_announce(struct node *node, struct call *call, struct bytes chain,
                      uint64_t expiration) MUST_CHECK;

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
    struct buffer waiting;            /* goes out when what it rests on is committed */
    struct handshake_refusal refusal; /* of joining by password */
    bool direct;
    bool paused;             /* the graph does not want it read */
    bool held;               /* an application has not taken the data of links */
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

/* For who joins by password, and for who admits by it. node_password.c */
struct node_password {
    struct password_key key; /* until a certificate is held */
    char *text;              /* in guarded memory: for terms that the key does not fit; or NULL */
    uint64_t generation;     /* counts the passwords given */
    bool deriving;
    uint8_t deriving_salt[PASSWORD_SALT_SIZE];
    struct password_guard guard;
};

/* What the application was told of being online. node_told.c */
struct told_link {
    uint64_t id;
    uint64_t node_id;
    bool direct;
    UT_hash_handle hh;
};
struct node_told {
    struct told_link *links; /* CONNECTED, and not DISCONNECTED since */
    uint32_t status;
    bool connecting; /* Connect has had no outcome yet */
    uint64_t connect_due_ms;
    uint32_t connect_failures; /* turns that were rolled back since Connect */
    HRESULT failed;            /* goes out as CONNECTION_FAILED at the end of the turn */
};

struct registration;
struct snapshot;

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
    bool presences_missing; /* memory was short: not all that live are in there */
    struct node_told told;
    struct node_password password;
    struct registration *registrations;
    struct snapshot *snapshots;
    struct call *waiting; /* ends with the next commit */
    bool timer_ran;       /* in this turn: it has to be set again */
    bool dirty;
    bool created;   /* by PeerGroupCreate, since this process opened it */
    bool connected; /* the application wants to be online */
    struct address named[LIMIT_CONNECT_ADDRESSES]; /* by its ConnectByAddress, for a new start */
    uint32_t named_count;
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
    bool created;
    bool announced; /* new, and known to the user's database by our hand */
    struct password_key password_key;
    char *password_text; /* guarded (sodium_free), or NULL */
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
/* group_parts_remove deletes a group that is not open here; codes as of group_remains.h too. */
HRESULT group_parts_remove(const char *identity, const struct group_entry *entry) MUST_CHECK;
/* group_parts_password reads the key of a password while there is no certificate, and removes it
 * when there is one. */
HRESULT group_parts_password(struct node_parts *parts) MUST_CHECK;

/* group_calls.c: what joining by password shares with the other ways into a group. Any thread but
 * the loop's. */
void group_opening_lock(void); /* one thread at a time opens, joins or deletes */
void group_opening_unlock(void);
HRESULT group_require_engine(void) MUST_CHECK;
HRESULT group_select_cloud(const char *name, bool own_words, struct cloud_info *info) MUST_CHECK;
HRESULT group_adopt(struct node_parts *parts, uint64_t *session) MUST_CHECK;
/* group_reopen gives one more session on a group that is open here; S_FALSE: it is not. */
HRESULT group_reopen(const char *identity, const char *group, uint64_t *session) MUST_CHECK;
/* group_join_undo takes back what a join has made that failed. */
void group_join_undo(struct node_parts *parts, bool fresh, const char *identity, const char *group);
/* group_go_online is PeerGroupConnect, on the loop. */
HRESULT group_go_online(struct node *node, const struct address *addresses,
                        uint32_t count) MUST_CHECK;

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
/* node_acted: this member has issued a certificate, so its member data is written if it is not
 * there yet. Fails like node_step. */
HRESULT node_acted(struct node *node) MUST_CHECK;
void node_commit(struct node *node);
void node_touch(struct node *node); /* the store was changed: commit at the end of the turn */
HRESULT node_lock(const char *database, int *fd) MUST_CHECK;
uint32_t node_lock_holder(const char *database);
HRESULT node_connect(struct node *node, const struct address *addresses, uint32_t count) MUST_CHECK;
void node_configure(struct node *node);
/* node_peer_time gives the group's time now. */
uint64_t node_peer_time(const struct node *node);
/* node_invitation wraps a chain into an invitation's XML that names where this node listens now. */
HRESULT node_invitation(struct node *node, enum group_scheme scheme, struct bytes chain,
                        struct buffer *xml) MUST_CHECK;
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
/* node_links_committed sends what waited for the commit. */
void node_links_committed(struct node *node);
/* node_link_turn does what a handshake wants after it was fed: out goes out now or with the commit;
 * hr is the handshake's. */
void node_link_turn(struct node *node, struct node_link *link, HRESULT hr, struct buffer *out);
/* node_collect_certificates forgets certificates that no record, certificate or link needs. */
void node_collect_certificates(struct node *node);
struct node_link *node_link_find(struct node *node, uint64_t id);
HRESULT node_dial(struct node *node, const struct graph_action *action) MUST_CHECK;
void node_verify(struct node *node, const struct graph_action *actions, uint32_t count);
struct sockaddr_in6 socket_address(const struct address *address);
struct address address_of_socket(const struct sockaddr_in6 *socket);

/* node_removal.c */
/* node_hear_refusal takes the body of a REVOKED that ended a handshake; empty: nothing. */
void node_hear_refusal(struct node *node, struct bytes body);
/* node_revoked tells the application who has gone; was this member removed, it goes offline. */
void node_revoked(struct node *node);

/* node_password.c */
void node_password_deinit(struct node *node);
void node_password_options(struct node *node, const struct node_link *link,
                           struct handshake_options *options);
/* node_password_derive gets the key that a link's handshake wants. */
void node_password_derive(struct node *node, struct node_link *link,
                          const struct group_password *password);
/* node_password_set keeps a key, on disk first; text (taken) may be NULL. */
HRESULT node_password_set(struct node *node, const struct password_key *key, char *text) MUST_CHECK;
/* node_password_spent forgets the password once a certificate is held and committed. */
void node_password_spent(struct node *node);
/* password_text_copy copies into guarded memory; NULL: no memory. */
char *password_text_copy(const char *text);

/* node_flow.c: which links are read. */
void node_flow_pause(struct node_link *link, bool paused); /* as the graph wants */
/* node_flow_data: data came over a link (0: another may bring some); when a queue is full of it,
 * that link and all direct ones are not read until node_flow_room finds room. */
void node_flow_data(struct node *node, uint64_t link);
void node_flow_room(struct node *node);

/* node_told.c */
/* node_tell_link and node_tell_status pass on what the graph notices of links and status; nothing
 * that was told already is told again. */
void node_tell_link(struct node *node, const struct graph_action *action);
void node_tell_status(struct node *node, uint32_t status);
bool node_told_of(const struct node *node, uint64_t link); /* told as connected */
/* node_told_connecting: the application has called Connect, or its call has failed. */
void node_told_connecting(struct node *node, bool connecting);
/* node_give_up: the node is wanted online no longer; CONNECTION_FAILED (with AUTHENTICATION_FAILED
 * before it, where that is the reason) goes out at the end of the turn, behind what the graph tells
 * of it. node_told_end does that. */
void node_give_up(struct node *node, HRESULT reason);
/* node_leave gives up after the graph has left, if the node was wanted online. */
void node_leave(struct node *node, HRESULT reason);
void node_told_end(struct node *node);
/* node_give_up_late gives up a Connect without outcome, after a failure that will not go away or
 * when the next attempt, at next_ms, would be too late. */
void node_give_up_late(struct node *node, HRESULT failure, uint64_t next_ms);
/* node_tell_offline tells the application that all links are gone, after a failure. */
void node_tell_offline(struct node *node);
void node_told_deinit(struct node *node);

/* node_events.c */
/* node_post queues an event; who finds no room, or no memory, is told of that instead. */
void node_post(struct node *node, const struct engine_event *event);
/* node_post_member queues an event about a member; change is the interface's value. */
void node_post_member(struct node *node, int change, const char *peer_name);
void node_notice(struct node *node, const struct graph_action *action);
HRESULT node_load_presences(struct node *node) MUST_CHECK;
void node_events_deinit(struct node *node);
/* node_listen: false when there is no listener; then the node is given up. */
bool node_listen(struct node *node);
/* node_listen_or_leave does so for who is connected. */
void node_listen_or_leave(struct node *node);
/* node_note_synchronised puts down, durably, that the group's database is here. */
HRESULT node_note_synchronised(struct node *node) MUST_CHECK;
bool node_has_noted_synchronised(struct node *node);
void node_unlisten(struct node *node);

/* events.c: registrations; queue and lookup under a lock of their own. */
/* events_post copies what the event owns. E_OUTOFMEMORY: somebody who wants it is told of a gap. */
HRESULT events_post(struct node *node, const struct engine_event *event);
/* events_gap: an event of this type was lost before it could be made. */
void events_gap(struct node *node, enum engine_event_type type);
bool events_data_full(const struct node *node); /* of somebody who wants data */
void events_signal(struct node *node);
/* events_allow_direct tells the graph whether somebody here wants direct connections. */
void events_allow_direct(struct node *node);
bool events_has(const struct node *node, uint64_t registration);
void events_end(struct node *node);

#endif
