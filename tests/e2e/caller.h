/* caller.h - a member without the library's own checks: it calls, shakes hands, and sends whatever
 * it is given.
 *
 * Built by hand from transport and handshake, over the files of a group that an ordinary member
 * process has joined and left. What it receives is counted by message type. Blocking calls, with
 * time limits, from one thread; a failure prints why and ends the process. */
#ifndef E2E_CALLER_H
#define E2E_CALLER_H

#include "engine/transport.h"
#include "group/handshake.h"
#include "wire/message.h"

#include <pthread.h>

struct caller {
    struct loop *loop;
    struct transport *transport;
    struct transport_owner *owner;
    struct store *store;
    struct security *security;
    struct signing_key *key;
    const char *group;
    const struct certificate_row *row; /* the own certificate */
    uint64_t start_node;
    /* An intruder has the server name and nothing else: it begins with these words (borrowed)
     * instead of ADMISSION, and only listens. */
    bool intruder;
    struct bytes first_words;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    struct link *link;
    struct handshake *handshake;
    struct buffer in;
    struct buffer admission; /* of the last link */
    uint64_t heard;          /* bytes inside TLS on the last link */
    bool up;                 /* both sides know each other as members */
    bool closed;             /* the last link is gone */
    bool full;
    HRESULT reason;
    uint64_t received[256]; /* messages by type */
    uint64_t acknowledged;  /* names in ACKs */
    uint64_t useful;        /* of them, with the mark */
    uint64_t piece_bytes;
    uint64_t welcome_time;
};

/* caller_open reads identity and group from PEERGROUP_HOME and starts a loop. */
void caller_open(struct caller *caller, const char *identity, const char *group);
void caller_close(struct caller *caller);
/* caller_dial connects and shakes hands; false: refused or closed. caller_connect does that, then
 * CONNECT, and waits for WELCOME. */
bool caller_dial(struct caller *caller, const char *address);
bool caller_connect(struct caller *caller, const char *address);
void caller_hang_up(struct caller *caller);
/* caller_send queues bytes and waits while the link is full; false: the link is gone. */
bool caller_send(struct caller *caller, struct bytes data);
/* caller_await waits until the counter that is pointed at has reached value, the link is gone, or
 * the time is over. */
bool caller_await(struct caller *caller, const uint64_t *counter, uint64_t value, unsigned seconds);
bool caller_await_closed(struct caller *caller, unsigned seconds);

/* A record to forge: everything as given, signed with the caller's key, encoded as FLOOD. */
struct forgery {
    struct record record; /* id: made here unless keep_id */
    bool keep_id;
    struct bytes payload;
    const char *graph_id;           /* NULL: the caller's group */
    const struct hash *certificate; /* NULL: the caller's */
    bool bad_signature;
    bool bad_payload;
};
void caller_forge(struct caller *caller, const struct forgery *forgery, struct buffer *out,
                  struct version_name *name);
/* caller_record is a proper record of the caller: creator, times, version 1. */
struct record caller_record(struct caller *caller, uint64_t number);
uint64_t caller_peer_time(struct caller *caller);

_Noreturn void caller_die(const char *what, HRESULT hr);

#endif
