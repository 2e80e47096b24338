/* engine.h - everything the interface asks of the running library, as blocking calls with plain
 * values.
 *
 * Any thread but the loop's. Texts are UTF-8 and borrowed for the call; results are copies that the
 * caller releases. No argument or result points into engine memory, so that these calls can cross a
 * process border later. A session is one handle on a group: every call with a session that is not
 * live returns PEER_E_INVALID_GROUP. PEER_E_NOT_INITIALIZED before engine_startup; E_OUTOFMEMORY,
 * PEER_E_DISK_FULL, PEER_E_INVALID_DATABASE where they occur. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "group/properties.h"
#include "record/search.h"
#include "wire/message.h"

#include <stdbool.h>

/* engine_startup starts the loop at the first call; engine_shutdown ends what is open at the last
 * one: counted. E_UNEXPECTED: a shutdown without a startup. */
HRESULT engine_startup(void) MUST_CHECK;
HRESULT engine_shutdown(void) MUST_CHECK;
bool engine_is_running(void);

/* ---- groups ---- */

struct engine_create {
    const char *creator; /* peer name of an identity; "" or NULL: PEER_E_INVALID_GROUP_PROPERTIES */
    const char *cloud;   /* NULL: global */
    struct group_wish wish; /* checked here, in ruling 11's order */
};
HRESULT engine_group_create(const struct engine_create *create, uint64_t *session) MUST_CHECK;
/* identity NULL is E_INVALIDARG at the interface; cloud NULL: the stored one. A group that this
 * identity does not have: E_INVALIDARG. PEER_E_GROUP_IN_USE: another process has it.
 * PEER_E_NO_CLOUD, PEER_E_CLOUD_NAME_AMBIGUOUS. */
HRESULT engine_group_open(const char *identity, const char *group, const char *cloud,
                          uint64_t *session) MUST_CHECK;
/* PEER_E_GROUP_IN_USE: open already, here or elsewhere. The codes of PeerGroupJoin. */
HRESULT engine_group_join(const char *identity, const char *invitation, const char *cloud,
                          uint64_t *session) MUST_CHECK;
/* The codes of PeerGroupPasswordJoin; E_INVALIDARG: the invitation is one by certificate. Slow. */
struct engine_password_join {
    const char *identity;
    const char *invitation;
    const char *password;
    const char *cloud; /* NULL: the invitation's */
};
HRESULT engine_group_password_join(const struct engine_password_join *join,
                                   uint64_t *session) MUST_CHECK;
/* engine_group_resume is engine_group_connect for who hears that the password was refused by this
 * registration. E_INVALIDARG: it is not one of this group. */
HRESULT engine_group_resume(uint64_t session, uint64_t registration) MUST_CHECK;
/* count 0: known members and the cloud; else these addresses. PEER_S_ALREADY_CONNECTED. */
HRESULT engine_group_connect(uint64_t session, const struct address *addresses,
                             uint32_t count) MUST_CHECK;
HRESULT engine_group_close(uint64_t session) MUST_CHECK;
/* identity NULL: the default one. All its sessions end. PEER_E_NOT_FOUND, PEER_E_GROUP_IN_USE
 * (another process). */
HRESULT engine_group_delete(const char *identity, const char *group) MUST_CHECK;
HRESULT engine_group_status(uint64_t session, uint32_t *status) MUST_CHECK;
/* engine_group_holder gives the process id that holds a group (0: nobody known), for messages to
 * people. */
HRESULT engine_group_holder(const char *identity, const char *group, uint32_t *process) MUST_CHECK;

/* PEER_E_GROUP_NOT_READY. Release with group_properties_deinit. */
HRESULT engine_group_properties(uint64_t session, struct group_properties *properties) MUST_CHECK;
struct engine_set_properties {
    struct group_wish wish; /* password NULL: the old one stays. classifier, group_name: compared
                               with what stands */
    const char *cloud;
    const char *creator;
    bool long_form; /* schemes and password fields were given (96-byte structure) */
};
HRESULT engine_group_set_properties(uint64_t session,
                                    const struct engine_set_properties *set) MUST_CHECK;

/* ---- invitations ---- */

struct engine_invite {
    const char *identity_xml;
    uint64_t expiration; /* UTC ticks; 0: the issuer's end */
    unsigned roles;      /* bits of enum role; 0: member */
};
/* *xml holds the secret that finds the group: wipe it, free with mem_free. */
HRESULT engine_group_invite(uint64_t session, const struct engine_invite *invite,
                            char **xml) MUST_CHECK;

/* E_INVALIDARG: the group has no password. PEER_E_CHAIN_TOO_LONG. *xml: free with mem_free. */
HRESULT engine_group_invite_password(uint64_t session, char **xml) MUST_CHECK;
/* Credentials for a member (contract PeerGroupIssueCredentials); given: what follows counts, else
 * what is known of the subject. Dates are UTC ticks. */
struct engine_issue {
    const char *subject; /* peer name */
    bool given;
    uint8_t key[KEY_SIZE];
    const char *friendly_name; /* NULL or "": what is known, else the peer name */
    unsigned roles;            /* bits of enum role; 0: member */
    uint64_t validity_start;
    uint64_t validity_end;
    bool invitation; /* wanted */
    bool store;      /* they will be published: an administrator's right */
};
struct engine_issued {
    char *invitation; /* XML, or NULL */
    struct buffer chain;
    uint64_t validity_end;
};
void engine_issued_deinit(struct engine_issued *issued);
/* engine_group_issue keeps nothing of what it issues. PEER_E_GROUP_NOT_READY,
 * PEER_E_NOT_AUTHORIZED, PEER_E_IDENTITY_NOT_FOUND, PEER_E_IDENTITY_DELETED (the issuer's),
 * PEER_E_CHAIN_TOO_LONG, PEER_E_NO_KEY_ACCESS, E_INVALIDARG. engine_group_announce publishes it as
 * a membership record, which is on disk when it returns. PEER_E_NOT_AUTHORIZED. */
HRESULT engine_group_issue(uint64_t session, const struct engine_issue *issue,
                           struct engine_issued *issued) MUST_CHECK;
HRESULT engine_group_announce(uint64_t session, const struct engine_issued *issued) MUST_CHECK;
/* ---- removal and deputies: removal_calls.c ---- */

/* flags: enum revoke_flags of group/removal.h. On disk when it returns. S_FALSE: removed already.
 * PEER_E_GROUP_NOT_READY, PEER_E_NOT_FOUND, PEER_E_NOT_AUTHORIZED; E_INVALIDARG: oneself. */
HRESULT engine_member_revoke(uint64_t session, const char *peer_name, unsigned flags) MUST_CHECK;
/* S_FALSE: a deputy already. The codes of engine_member_revoke. */
HRESULT engine_member_appoint(uint64_t session, const char *peer_name) MUST_CHECK;

struct engine_removal {
    struct hash key;
    char *peer_name;     /* NULL: not known */
    char *friendly_name; /* NULL: not known */
    uint64_t time;       /* UTC */
    char *signer_name;
    char *signer_friendly_name;
    bool by_group;
    bool in_force;
    bool readmitted;
    uint64_t kept;
};
struct engine_removal_list {
    struct engine_removal *items;
    uint32_t count;
};
void engine_removal_list_deinit(struct engine_removal_list *list);
/* own: the removal of this member alone; an empty list when it was not removed. */
HRESULT engine_removals(uint64_t session, bool own, struct engine_removal_list *list) MUST_CHECK;

/* ---- members and connections ---- */

struct engine_member {
    bool present;
    char *peer_name;
    char *attributes; /* NULL: none */
    uint64_t node_id;
    struct address addresses[LIMIT_ADDRESSES];
    uint32_t address_count;
    char *friendly_name;
    char *issuer_name;
    char *issuer_friendly_name;
    uint8_t key[KEY_SIZE];
    uint64_t validity_start; /* UTC */
    uint64_t validity_end;
    unsigned roles;
};
struct engine_member_list {
    struct engine_member *items;
    uint32_t count;
};
void engine_member_list_deinit(struct engine_member_list *list);
/* peer_name: that member only (an empty list when it is not known). */
HRESULT engine_members(uint64_t session, bool present_only, const char *peer_name,
                       struct engine_member_list *list) MUST_CHECK;

struct engine_connection {
    bool direct;
    uint64_t id;
    uint64_t node_id;
    char *peer_name;
    struct address address;
};
struct engine_connection_list {
    struct engine_connection *items;
    uint32_t count;
};
void engine_connection_list_deinit(struct engine_connection_list *list);
HRESULT engine_connections(uint64_t session, bool neighbours, bool direct,
                           struct engine_connection_list *list) MUST_CHECK;
/* PEER_E_CONNECT_SELF; the outcome comes as an event. */
HRESULT engine_direct_open(uint64_t session, const char *peer_name, const struct address *address,
                           uint64_t *connection) MUST_CHECK;
/* PEER_E_CONNECTION_NOT_FOUND */
HRESULT engine_direct_close(uint64_t session, uint64_t connection) MUST_CHECK;
HRESULT engine_send_data(uint64_t session, uint64_t connection, const struct guid *type,
                         struct bytes data) MUST_CHECK;

/* ---- records ---- */

struct engine_record {
    struct guid id;
    struct guid type;
    uint32_t version;
    uint32_t flags; /* PEER_RECORD_FLAGS */
    char *creator;
    char *modifier;   /* NULL: never modified */
    char *attributes; /* NULL: none */
    uint64_t created; /* peer time */
    uint64_t modified;
    uint64_t expiration;
    struct buffer signature;
    struct buffer payload;
    bool gone; /* engine_records_read: nothing else is set */
};
void engine_record_deinit(struct engine_record *record);
struct engine_record_list {
    struct engine_record *items;
    uint32_t count;
};
void engine_record_list_deinit(struct engine_record_list *list);

struct engine_publish {
    struct guid type;
    struct guid id; /* update */
    uint64_t expiration;
    const char *attributes; /* checked before; NULL: none */
    struct bytes payload;
};
/* The codes of PeerGroupAddRecord and its kin: PEER_E_GROUP_NOT_READY, PEER_E_NOT_AUTHORIZED,
 * PEER_E_RECORD_NOT_FOUND, PEER_E_INVALID_RECORD, E_INVALIDARG (expiration in the past or shorter
 * than before; another type). On disk when it returns. */
HRESULT engine_record_add(uint64_t session, const struct engine_publish *publish,
                          struct guid *id) MUST_CHECK;
HRESULT engine_record_update(uint64_t session, const struct engine_publish *publish) MUST_CHECK;
HRESULT engine_record_delete(uint64_t session, const struct guid *id) MUST_CHECK;
HRESULT engine_record_get(uint64_t session, const struct guid *id,
                          struct engine_record *record) MUST_CHECK;

/* The records of one moment, by creation time. It lives until engine_records_end, or until its
 * group is closed. */
struct engine_snapshot {
    uint64_t id; /* 0: none */
    uint32_t count;
};
/* type NULL: all (never reserved ones); search NULL: no criteria. */
HRESULT engine_records_begin(uint64_t session, const struct guid *type, const struct search *search,
                             struct engine_snapshot *snapshot) MUST_CHECK;
/* engine_records_read gives the records from index first on, as many as are wanted and fit a part;
 * at least one where there is one. Each is as it was at the snapshot's moment, or gone: it changed
 * since, and could not be kept. PEER_E_INVALID_GROUP: its group was closed. */
HRESULT engine_records_read(const struct engine_snapshot *snapshot, uint32_t first, uint32_t wanted,
                            struct engine_record_list *list) MUST_CHECK;
void engine_records_end(const struct engine_snapshot *snapshot);

/* engine_time_offset: ticks to add to UTC for peer time. PEER_E_GROUP_NOT_READY. */
HRESULT engine_time_offset(uint64_t session, int64_t *offset) MUST_CHECK;

/* ---- configurations ---- */

struct group_config;
/* *xml: free with mem_free. PEER_E_NO_KEY_ACCESS, CRYPT_*: the group's key cannot be read. */
HRESULT engine_config_export(uint64_t session, const char *password, char **xml) MUST_CHECK;
/* engine_config_import makes the group known here, or renews what is known of it; config as
 * group_config_read gave it. E_INVALIDARG: the identity is not here, or another one's;
 * PEER_E_ALREADY_EXISTS: overwrite is not set; PEER_E_GROUP_IN_USE: the group is open. */
HRESULT engine_config_import(const struct group_config *config, bool overwrite) MUST_CHECK;

/* ---- the whole database, as a file ---- */

/* path: absolute, else E_INVALIDARG. The file is whole or as it was before; the loop is not held up
 * by more than a slice of the work. What the system says of the file comes as HRESULT_FROM_WIN32;
 * PEER_E_DISK_FULL. */
HRESULT engine_database_export(uint64_t session, const char *path) MUST_CHECK;
/* Nothing is taken before all of the file was found right. PEER_E_GROUP_IN_USE: connected, or made
 * by PeerGroupCreate; E_INVALIDARG: not a whole and unaltered file of this group and identity. */
HRESULT engine_database_import(uint64_t session, const char *path) MUST_CHECK;

/* ---- events ---- */

/* Values of PEER_GROUP_EVENT_TYPE. */
enum engine_event_type {
    ENGINE_EVENT_STATUS = 1,
    ENGINE_EVENT_PROPERTY = 2,
    ENGINE_EVENT_RECORD = 3,
    ENGINE_EVENT_DIRECT = 4,
    ENGINE_EVENT_NEIGHBOUR = 5,
    ENGINE_EVENT_DATA = 6,
    ENGINE_EVENT_MEMBER = 8,
    ENGINE_EVENT_CONNECT_FAILED = 10,
    ENGINE_EVENT_AUTHENTICATION = 11
};
struct engine_event {
    enum engine_event_type type;
    uint32_t status; /* STATUS */
    int change;      /* RECORD, MEMBER: the interface's change values; DIRECT, NEIGHBOUR: connection
                        status */
    struct guid id;  /* RECORD */
    struct guid data_type;    /* RECORD: its type; DATA: the data's */
    uint64_t connection;      /* DIRECT, NEIGHBOUR, DATA */
    uint64_t next_connection; /* NEIGHBOUR: what is tried after a failure; 0: nothing */
    uint64_t node_id;
    HRESULT hr;         /* DIRECT, NEIGHBOUR, CONNECT_FAILED */
    char *peer_name;    /* MEMBER; owned */
    struct buffer data; /* DATA; owned */
};
void engine_event_deinit(struct engine_event *event);

struct engine_filter {
    enum engine_event_type type;
    bool has_data_type; /* RECORD and DATA only */
    struct guid data_type;
};
/* signal(context) runs on the loop thread after events were queued; release(context) runs once,
 * after the last signal. */
struct engine_listener {
    const struct engine_filter *filters;
    uint32_t filter_count;
    void (*signal)(void *context);
    void (*release)(void *context);
    void *context;
};
HRESULT engine_events_register(uint64_t session, const struct engine_listener *listener,
                               uint64_t *registration) MUST_CHECK;
/* E_INVALIDARG: no such registration. */
HRESULT engine_events_unregister(uint64_t registration) MUST_CHECK;
/* S_OK: *event is filled (release with engine_event_deinit); PEER_S_NO_EVENT_DATA; E_INVALIDARG;
 * PEER_E_TOO_MUCH_LOAD, once: events at this place were not kept (event_queue.h). */
HRESULT engine_events_next(uint64_t registration, struct engine_event *event) MUST_CHECK;

#endif
