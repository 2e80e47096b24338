/* world.h - two transports on one loop, over loopback, and what their owners saw; for the tests of
 * the transport. */
#ifndef ENGINE_WORLD_H
#define ENGINE_WORLD_H

#include "engine/transport_private.h"
#include "support/test.h"

#include <pthread.h>
#include <string.h>

#define GROUP_NAME "0123456789abcdef0123456789abcdef01234567.group"

struct world;

/* One transport with one owner. Everything below `hook` is under the world's mutex. */
struct peer {
    struct world *world;
    struct transport *transport;
    struct transport_owner *owner;
    struct signing_key *key;
    uint8_t public_key[KEY_SIZE];
    struct hash key_hash;
    struct sockaddr_in6 bound;
    bool strange; /* do not call link_authenticated */
    /* Called on the loop thread after the event was noted. */
    void (*hook_opened)(struct peer *peer, struct link *link);
    void (*hook_data)(struct peer *peer, struct link *link, struct bytes data);
    void (*hook_drained)(struct peer *peer, struct link *link);
    void (*hook_closed)(struct peer *peer, struct link *link);
    void *hook;
    struct link *link; /* the last one opened, NULL once closed */
    unsigned opened, incoming, data_calls, drained, closed, closed_dials;
    uint64_t token, closed_token;
    HRESULT reason;
    struct buffer got;
    bool freed;
};

struct world {
    struct loop *loop;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct peer listener, caller;
};

/* world_new starts both; the listener listens at PEERGROUP_LISTEN = address. limits NULL: the real
 * ones. */
struct world *world_new(const char *address, const struct transport_limits *limits);
/* world_free ends both. */
void world_free(struct world *world);

extern const struct transport_limits world_limits; /* the real ones, to change */

/* on_loop runs function(context) on the loop thread and waits. */
void on_loop(struct world *world, void (*function)(void *context), void *context);

/* Waits, at most 20 s, until condition holds (evaluated under the mutex after each event). */
#define wait_until(world, condition)                                                               \
    do {                                                                                           \
        pthread_mutex_lock(&(world)->mutex);                                                       \
        while (!(condition))                                                                       \
            world_wait((world), #condition, __FILE__, __LINE__);                                   \
        pthread_mutex_unlock(&(world)->mutex);                                                     \
    } while (0)
void world_wait(struct world *world, const char *condition, const char *file, int line);
void world_notify(struct world *world);

void world_dial(struct world *world, const struct hash *expected, uint64_t token);
void world_dial_address(struct world *world, const struct sockaddr_in6 *address,
                        const struct hash *expected, uint32_t timeout_ms, uint64_t token);
/* world_connect dials and waits until both sides are open. */
void world_connect(struct world *world);
void peer_send(struct peer *peer, const void *data, size_t size);
void peer_close(struct peer *peer, HRESULT reason);
/* owner_free inside a hook or task; remembered, so that world_free does not do it again. */
void peer_free_owner(struct peer *peer);

#endif
