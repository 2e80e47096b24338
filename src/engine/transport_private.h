/* transport_private.h - what the files of the transport share: transport.c (the whole), listener.c
 * (who may come in), owner.c (which group is meant), link.c (one link's life), handshake.c (its
 * start), link_send.c (what it sends).
 *
 * All on the loop thread but for transport_admit and what handshake.c runs in the pool. */
#ifndef ENGINE_TRANSPORT_PRIVATE_H
#define ENGINE_TRANSPORT_PRIVATE_H

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/address.h"
#include "engine/tls.h"
#include "engine/transport.h"

enum {
    RECEIVE_SIZE =
        64 *
        1024, /* one such buffer a transport for bytes received, one for what they decrypt to */
    SEND_STEP = 64 * 1024, /* encrypted and written at once */
    SEND_STEPS_A_TURN = 4, /* then other links have their turn */
    /* A TLS record to who does not trust this side yet: what follows the chain that makes it trust
     * must not lie in the chain's record, beyond what it reads. */
    STRANGER_RECORD = 2 * 1024,
    CLOSE_FLUSH_MS = 2000,
    SEND_QUEUE_HARD_FACTOR = 8, /* times the queue's limit: a link that is too slow. The largest
                                   data of an application, and what it may add to that, fit */
};

/* The limits as data, so that tests need not wait for them. */
struct transport_limits {
    uint32_t stranger_ms;
    uint32_t stranger_bytes;
    uint32_t strangers;
    uint32_t strangers_per_address;
    uint32_t send_queue_bytes;
    uint32_t close_ms;
    uint64_t key_bytes; /* sent under one key */
    uint64_t key_ms;
};

struct listener {
    uv_tcp_t tcp;
    struct transport *transport;
    bool accept_later; /* no memory for a caller: it waits in libuv until the timer */
};

struct transport {
    struct loop *loop;
    struct tls *tls;
    struct transport_limits limits;
    struct listener *listener;
    unsigned listeners_wanted; /* transport_listen less transport_unlisten */
    struct sockaddr_in6 bound;
    struct link *links;
    struct link *dirty; /* have something to write at the end of this turn */
    unsigned strangers; /* incoming links that are not authenticated */
    unsigned pending;   /* links, listeners and the timer that are not gone yet */
    uv_timer_t timer;
    uint64_t timer_due; /* 0: not set */
    struct loop_batch batch;
    struct loop_item again; /* what the turn's end puts off to the next turn */
    bool again_posted;
    bool closing;
    void (*done)(void *context);
    void *done_context;
    uv_mutex_t registry; /* guards owners, and in them accepting, nonces and calls, against the
                          * pool */
    struct transport_owner *owners;
    uint64_t owner_number;
    struct buffer cipher; /* what a session writes during one call; reserved once */
    uint8_t receive[RECEIVE_SIZE];
    uint8_t plain[RECEIVE_SIZE];
};

enum { OWNER_CALLS = 32 };

struct transport_owner {
    struct transport *transport;
    struct transport_owner *prev, *next;
    uint64_t number; /* names it where a pointer might dangle */
    bool accepting;
    struct sni_key sni_key;
    struct sni_nonces nonces;
    /* The nonces of this owner's latest calls: a call to where the process listens itself, for
     * whoever of the group is there, is for another owner. Guarded like nonces. */
    uint8_t calls[OWNER_CALLS][SNI_NONCE_SIZE];
    uint32_t call_count;
    struct hash key_hash;
    struct tls_identity identity;
    struct transport_callbacks callbacks;
    void *context;
};

enum link_state {
    LINK_CONNECTING,
    LINK_SHAKING, /* TLS handshake */
    LINK_OPEN,
    LINK_FLUSHING,  /* link_close was called, or the handshake failed: write what is left, then FIN
                     */
    LINK_LINGERING, /* FIN sent: wait for the other side's, so that no reset overtakes our last
                       bytes */
    LINK_CLOSED,    /* uv_close was called */
};

/* What a link needs only while it starts. job is in the pool while running; input and output are
 * then the job's. */
struct link_start {
    uv_work_t work;
    uv_connect_t connect;
    struct link *link;
    struct tls_handshake tls;
    uint64_t owner_number; /* incoming: who was found by the server name */
    struct buffer inbox;   /* received, not yet given to a job */
    struct buffer input;
    struct buffer output;
    enum tls_progress progress;
    bool refused_by_peer;
    bool running;
};

struct link {
    uv_tcp_t tcp;
    uv_shutdown_t shutdown;
    struct transport *transport;
    struct transport_owner *owner; /* NULL: nobody to tell */
    struct link *prev, *next;
    struct link *dirty_next;
    enum link_state state;
    unsigned references; /* the handle, and a running job */
    bool incoming : 1;
    bool stranger : 1; /* counted in transport->strangers */
    bool limited : 1;  /* under the limits for strangers */
    bool opened : 1;   /* the owner knows it */
    bool paused : 1;
    bool reading : 1; /* uv reads */
    bool dirty : 1;
    bool full_reported : 1;
    bool drained : 1; /* link_drained is due */
    bool goodbye : 1; /* close_notify written, or none due */
    bool resumed : 1; /* reading is to go on in the next turn */
    bool ended : 1;   /* the other side has closed its end */
    HRESULT reason;
    uint64_t token;
    void *context;
    struct sockaddr_in6 address;
    uint8_t peer_key[KEY_SIZE];
    uint32_t received; /* while limited */
    uint64_t deadline; /* loop ms, 0: none */
    SSL *session;
    struct tls_io io;
    struct link_start *start;
    struct buffer held; /* received while paused */
    struct buffer out;  /* plaintext not yet encrypted, from out_start on */
    size_t out_start;
    size_t in_flight; /* ciphertext that the kernel has not taken yet */
    uint64_t key_bytes;
    uint64_t key_since_ms;
    unsigned key_updates;
};

/* transport.c */
HRESULT transport_new_limited(struct loop *loop, const struct transport_limits *limits,
                              struct transport **transport) MUST_CHECK;
void transport_deadline(struct transport *transport,
                        uint64_t deadline);          /* the timer must fire by then */
void transport_again(struct transport *transport);   /* one more turn, without sleeping before */
void transport_release(struct transport *transport); /* one of pending is gone */

/* listener.c */
void listener_close(struct transport *transport);
void listener_retry(struct transport *transport);

/* owner.c */
void transport_owner_calls(struct transport_owner *owner, const uint8_t nonce[SNI_NONCE_SIZE]);
bool transport_admit(struct tls_handshake *handshake, const uint8_t sni[SNI_SIZE],
                     struct tls_identity *identity);
struct transport_owner *transport_find_owner(struct transport *transport,
                                             uint64_t number); /* accepting, or NULL */

/* link.c */
HRESULT link_new(struct transport *transport, struct link **link) MUST_CHECK;
void link_shut(struct link *link, HRESULT reason); /* at once; link_closed comes later */
void link_release(struct link *link);
void link_set_deadline(struct link *link, uint64_t deadline);
void link_tell_closed(struct link *link); /* once; later calls do nothing */
void link_accepted(struct link *link);    /* a stranger came in: start its clock */
void link_opened(struct link *link, struct transport_owner *owner);
void link_read(struct link *link);                    /* read if it should, stop if not */
void link_decrypt(struct link *link);                 /* what io.input holds */
bool link_hold(struct link *link, struct bytes more); /* false: no memory, and the link is shut */
void link_resumed(struct link *link);

/* handshake.c */
void handshake_received(struct link *link, struct bytes data);
void handshake_ended(struct link *link);                     /* the other side closed */
void handshake_connected(uv_connect_t *request, int status); /* of start->connect */
HRESULT link_start_new(struct link *link) MUST_CHECK;
void link_start_free(struct link_start *start);

/* link_send.c */
void link_mark_dirty(struct link *link);
void link_flush(struct link *link);
void link_write(struct link *link, struct bytes cipher);

#endif
