/* world.c - the loop thread notes events under a mutex; the test waits for what it expects of them.
 */
#include "world.h"

#include <stdlib.h>
#include <time.h>

const struct transport_limits world_limits = {
    .stranger_ms = LIMIT_UNAUTHENTICATED_MS,
    .stranger_bytes = LIMIT_UNAUTHENTICATED_BYTES,
    .strangers = LIMIT_UNAUTHENTICATED_LINKS,
    .strangers_per_address = LIMIT_UNAUTHENTICATED_PER_ADDRESS,
    .send_queue_bytes = LIMIT_SEND_QUEUE_BYTES,
    .close_ms = CLOSE_FLUSH_MS,
    .key_bytes = 1ull << 30,
    .key_ms = 3600ull * 1000,
};

void world_notify(struct world *world)
{
    pthread_cond_broadcast(&world->changed);
}

void world_wait(struct world *world, const char *condition, const char *file, int line)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    if (pthread_cond_timedwait(&world->changed, &world->mutex, &until) == 0)
        return;
    print_error("%s:%d: still not: %s\n", file, line, condition);
    for (int i = 0; i < 2; i++) {
        const struct peer *peer = i ? &world->caller : &world->listener;
        print_error("  %s: opened %u closed %u dials failed %u reason 0x%x got %zu drained %u\n",
                    i ? "caller" : "listener", peer->opened, peer->closed, peer->closed_dials,
                    (unsigned)peer->reason, peer->got.size, peer->drained);
    }
    abort();
}

static void note_opened(void *context, struct link *link, bool incoming, uint64_t token)
{
    struct peer *peer = context;
    link_set_context(link, peer);
    if (!peer->strange)
        link_authenticated(link);
    pthread_mutex_lock(&peer->world->mutex);
    peer->link = link;
    peer->opened++;
    peer->incoming += incoming;
    peer->token = token;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
    if (peer->hook_opened)
        peer->hook_opened(peer, link);
}

/* Past base/alloc.h, whose failures are not meant for the test's own memory. */
static void keep(struct buffer *got, struct bytes data)
{
    while (got->capacity - got->size < data.size) {
        got->capacity = got->capacity > 0 ? got->capacity * 2 : 4096;
        got->data = realloc(got->data, got->capacity);
        assert_non_null(got->data);
    }
    memcpy(got->data + got->size, data.data, data.size);
    got->size += data.size;
}

static void note_data(void *context, struct link *link, struct bytes data)
{
    struct peer *peer = context;
    assert_ptr_equal(link_context(link), peer);
    pthread_mutex_lock(&peer->world->mutex);
    keep(&peer->got, data);
    peer->data_calls++;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
    if (peer->hook_data)
        peer->hook_data(peer, link, data);
}

static void note_drained(void *context, struct link *link)
{
    struct peer *peer = context;
    pthread_mutex_lock(&peer->world->mutex);
    peer->drained++;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
    if (peer->hook_drained)
        peer->hook_drained(peer, link);
}

static void note_closed(void *context, struct link *link, uint64_t token, HRESULT reason)
{
    struct peer *peer = context;
    pthread_mutex_lock(&peer->world->mutex);
    if (link)
        peer->closed++;
    else
        peer->closed_dials++;
    if (link == peer->link)
        peer->link = NULL;
    peer->reason = reason;
    peer->closed_token = token;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
    if (peer->hook_closed)
        peer->hook_closed(peer, link);
}

static const struct transport_callbacks callbacks = {
    .link_opened = note_opened,
    .link_data = note_data,
    .link_drained = note_drained,
    .link_closed = note_closed,
};

struct task {
    struct loop_item item;
    void (*function)(void *context);
    void *context;
};

static void run_task(struct loop_item *item)
{
    struct task *task = (struct task *)item;
    task->function(task->context);
}

void on_loop(struct world *world, void (*function)(void *context), void *context)
{
    struct task task = {.item = {.function = run_task}, .function = function, .context = context};
    loop_call(world->loop, &task.item);
}

struct start {
    struct peer *peer;
    const struct transport_limits *limits;
    bool listen;
};

static void start_peer(void *context)
{
    struct start *start = context;
    struct peer *peer = start->peer;
    assert_ok(transport_new_limited(peer->world->loop, start->limits, &peer->transport));
    assert_ok(transport_owner_new(peer->transport, GROUP_NAME, peer->key, &callbacks, peer,
                                  &peer->owner));
    if (!start->listen)
        return;
    assert_ok(transport_listen(peer->transport, 0, &peer->bound));
    transport_owner_set_accepting(peer->owner, true);
}

static void init_peer(struct world *world, struct peer *peer, const struct transport_limits *limits,
                      bool listen)
{
    struct start start = {.peer = peer, .limits = limits, .listen = listen};
    peer->world = world;
    assert_ok(signing_key_new(&peer->key));
    signing_key_public(peer->key, peer->public_key);
    key_hash(peer->public_key, &peer->key_hash);
    on_loop(world, start_peer, &start);
}

struct world *world_new(const char *address, const struct transport_limits *limits)
{
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    pthread_mutex_init(&world->mutex, NULL);
    pthread_cond_init(&world->changed, NULL);
    assert_ok(loop_new(&world->loop));
    setenv("PEERGROUP_LISTEN", address, 1);
    init_peer(world, &world->listener, limits ? limits : &world_limits, true);
    init_peer(world, &world->caller, limits ? limits : &world_limits, false);
    return world;
}

static void on_transport_gone(void *context)
{
    struct peer *peer = context;
    pthread_mutex_lock(&peer->world->mutex);
    peer->transport = NULL;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
}

static void stop_peer(void *context)
{
    struct peer *peer = context;
    if (peer->transport->listener)
        transport_unlisten(peer->transport);
    transport_free(peer->transport, on_transport_gone, peer);
}

static void deinit_peer(struct world *world, struct peer *peer)
{
    on_loop(world, stop_peer, peer);
    wait_until(world, peer->transport == NULL);
    signing_key_free(peer->key);
    free(peer->got.data);
}

void world_free(struct world *world)
{
    deinit_peer(world, &world->listener);
    deinit_peer(world, &world->caller);
    loop_free(world->loop);
    pthread_cond_destroy(&world->changed);
    pthread_mutex_destroy(&world->mutex);
    free(world);
}

struct dial {
    struct peer *peer;
    const struct sockaddr_in6 *address;
    const struct hash *expected;
    uint32_t timeout_ms;
    uint64_t token;
};

static void dial(void *context)
{
    struct dial *dial = context;
    assert_ok(transport_dial(dial->peer->owner, dial->address, dial->expected, dial->timeout_ms,
                             dial->token));
}

void world_dial_address(struct world *world, const struct sockaddr_in6 *address,
                        const struct hash *expected, uint32_t timeout_ms, uint64_t token)
{
    struct dial one = {&world->caller, address, expected, timeout_ms, token};
    on_loop(world, dial, &one);
}

void world_dial(struct world *world, const struct hash *expected, uint64_t token)
{
    world_dial_address(world, &world->listener.bound, expected, 20000, token);
}

void world_connect(struct world *world)
{
    unsigned listener = world->listener.opened + 1, caller = world->caller.opened + 1;
    world_dial(world, &world->listener.key_hash, caller);
    wait_until(world, world->listener.opened == listener && world->caller.opened == caller);
}

struct sending {
    struct peer *peer;
    struct bytes data;
};

static void send_it(void *context)
{
    struct sending *sending = context;
    bool full = false;
    assert_ok(link_send(sending->peer->link, sending->data, &full));
}

void peer_send(struct peer *peer, const void *data, size_t size)
{
    struct sending sending = {peer, bytes_of(data, size)};
    on_loop(peer->world, send_it, &sending);
}

struct closing {
    struct peer *peer;
    HRESULT reason;
};

static void close_it(void *context)
{
    struct closing *closing = context;
    link_close(closing->peer->link, closing->reason);
}

void peer_close(struct peer *peer, HRESULT reason)
{
    struct closing closing = {peer, reason};
    on_loop(peer->world, close_it, &closing);
}

void peer_free_owner(struct peer *peer)
{
    transport_owner_free(peer->owner);
    pthread_mutex_lock(&peer->world->mutex);
    peer->owner = NULL;
    peer->link = NULL;
    peer->freed = true;
    world_notify(peer->world);
    pthread_mutex_unlock(&peer->world->mutex);
}
