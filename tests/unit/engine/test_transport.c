/* Do two members that mean the same group get a link that carries bytes both ways, unharmed and in
 * bounded memory, and does every end of it come as documented, wherever it is asked for? */
#include "world.h"

#include "base/label.h"

#include <arpa/inet.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void exchange(const char *address)
{
    struct world *world = world_new(address, NULL);
    world_dial(world, &world->listener.key_hash, 77);
    wait_until(world, world->listener.opened == 1 && world->caller.opened == 1);
    assert_int_equal(world->listener.incoming, 1);
    assert_int_equal(world->caller.incoming, 0);
    assert_int_equal(world->caller.token, 77);
    assert_memory_equal(link_peer_key(world->listener.link), world->caller.public_key, KEY_SIZE);
    assert_memory_equal(link_peer_key(world->caller.link), world->listener.public_key, KEY_SIZE);
    assert_memory_equal(&link_address(world->caller.link)->sin6_addr,
                        &world->listener.bound.sin6_addr, sizeof(struct in6_addr));
    assert_memory_equal(&link_address(world->listener.link)->sin6_addr,
                        &world->listener.bound.sin6_addr, sizeof(struct in6_addr));
    peer_send(&world->caller, "to listener", 11);
    peer_send(&world->listener, "to caller", 9);
    wait_until(world, world->listener.got.size == 11 && world->caller.got.size == 9);
    assert_memory_equal(world->listener.got.data, "to listener", 11);
    assert_memory_equal(world->caller.got.data, "to caller", 9);
    peer_close(&world->caller, S_OK);
    wait_until(world, world->listener.closed == 1 && world->caller.closed == 1);
    assert_hr(world->caller.reason, S_OK);
    assert_hr(world->listener.reason, PEER_E_CONNECTION_FAILED);
    world_free(world);
}

static void test_bytes_go_both_ways(void **state)
{
    (void)state;
    exchange("[::1]:0");
    exchange("127.0.0.1:0");
}

static void test_a_caller_need_not_know_whom_it_calls(void **state)
{
    (void)state;
    struct world *world = world_new("127.0.0.1:0", NULL);
    world_dial(world, NULL, 5);
    wait_until(world, world->listener.opened == 1 && world->caller.opened == 1);
    assert_memory_equal(link_peer_key(world->caller.link), world->listener.public_key, KEY_SIZE);
    world_free(world);
}

/* ---- bulk ---- */

enum { BULK = 10 * 1024 * 1024, PIECE = 60000 };

static uint8_t pattern(size_t at)
{
    return (uint8_t)(at * 2654435761u >> 13);
}

struct bulk {
    size_t sent;
    size_t most_queued;
    uint8_t piece[PIECE];
};

static void send_bulk(struct peer *peer, struct link *link)
{
    struct bulk *bulk = peer->hook;
    bool full = false;
    while (!full && bulk->sent < BULK) {
        size_t size = BULK - bulk->sent < PIECE ? BULK - bulk->sent : PIECE;
        for (size_t i = 0; i < size; i++)
            bulk->piece[i] = pattern(bulk->sent + i);
        assert_ok(link_send(link, bytes_of(bulk->piece, size), &full));
        bulk->sent += size;
        size_t queued = link->out.size - link->out_start + link->in_flight;
        if (queued > bulk->most_queued)
            bulk->most_queued = queued;
    }
}

/* Pauses at every megabyte; the test resumes. */
static void pause_often(struct peer *peer, struct link *link, struct bytes data)
{
    size_t before = peer->got.size - data.size;
    if (before >> 20 != peer->got.size >> 20) {
        link_pause(link);
        pthread_mutex_lock(&peer->world->mutex);
        *(unsigned *)peer->hook += 1;
        world_notify(peer->world);
        pthread_mutex_unlock(&peer->world->mutex);
    }
}

static void resume(void *context)
{
    struct peer *peer = context;
    link_resume(peer->link);
}

static void check_idle(void *context)
{
    struct peer *peer = context;
    assert_null(peer->link->out.data);
    assert_null(peer->link->held.data);
    assert_null(peer->link->start);
    assert_int_equal(peer->link->in_flight, 0);
}

static void carry_bulk(const struct transport_limits *limits, unsigned *key_updates)
{
    struct world *world = world_new("[::1]:0", limits);
    struct bulk *bulk = calloc(1, sizeof(*bulk));
    unsigned pauses = 0;
    world->caller.hook = bulk;
    world->caller.hook_opened = world->caller.hook_drained = send_bulk;
    world->listener.hook = &pauses;
    world->listener.hook_data = pause_often;
    world_dial(world, &world->listener.key_hash, 1);
    for (unsigned i = 1; i <= BULK >> 20; i++) {
        wait_until(world, pauses == i);
        assert_in_range(world->listener.got.size, i << 20, (i << 20) + RECEIVE_SIZE);
        on_loop(world, resume, &world->listener);
    }
    wait_until(world, world->listener.got.size == BULK);
    for (size_t i = 0; i < BULK; i++)
        if (world->listener.got.data[i] != pattern(i))
            fail_msg("byte %zu differs", i);
    assert_true(world->caller.drained > 3);
    assert_in_range(bulk->most_queued, LIMIT_SEND_QUEUE_BYTES, LIMIT_SEND_QUEUE_BYTES + PIECE);
    peer_send(&world->listener, "!", 1);
    wait_until(world, world->caller.got.size == 1);
    on_loop(world, check_idle, &world->caller);
    on_loop(world, check_idle, &world->listener);
    *key_updates = world->caller.link->key_updates;
    world_free(world);
    free(bulk);
}

static void test_bulk_waits_for_the_slower_side(void **state)
{
    (void)state;
    unsigned key_updates = 1;
    carry_bulk(NULL, &key_updates);
    assert_int_equal(key_updates, 0);
}

static void test_keys_change_on_the_way(void **state)
{
    (void)state;
    struct transport_limits limits = world_limits;
    unsigned key_updates = 0;
    limits.key_bytes = 1 << 20;
    carry_bulk(&limits, &key_updates);
    assert_in_range(key_updates, 8, 10);
}

static void send_beyond_all_limits(void *context)
{
    struct peer *peer = context;
    static const uint8_t piece[PIECE];
    bool full = false;
    HRESULT hr = S_OK;
    for (unsigned i = 0;
         i <= SEND_QUEUE_HARD_FACTOR * LIMIT_SEND_QUEUE_BYTES / PIECE && SUCCEEDED(hr); i++) {
        assert_int_equal(full, i * PIECE > LIMIT_SEND_QUEUE_BYTES);
        hr = link_send(peer->link, bytes_of(piece, PIECE), &full);
    }
    assert_hr(hr, PEER_E_CONNECTION_FAILED);
    assert_hr(link_send(peer->link, bytes_of(piece, 1), &full), PEER_E_CONNECTION_FAILED);
    assert_int_equal(peer->closed, 0); /* later, not inside the call */
}

static void test_who_sends_regardless_loses_the_link(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    world_connect(world);
    on_loop(world, send_beyond_all_limits, &world->caller);
    wait_until(world, world->caller.closed == 1 && world->listener.closed == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_FAILED);
    world_free(world);
}

static void send_hundred(void *context)
{
    struct peer *peer = context;
    bool full = false;
    for (unsigned i = 0; i < 100; i++)
        assert_ok(link_send(peer->link, bytes_of("small", 5), &full));
    assert_false(full);
}

static void test_what_one_turn_sends_is_one_write(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    world_connect(world);
    on_loop(world, send_hundred, &world->caller);
    wait_until(world, world->listener.got.size == 500);
    assert_int_equal(world->listener.data_calls, 1);
    world_free(world);
}

/* ---- keys and names ---- */

struct exported {
    struct peer *peer;
    enum label label;
    uint8_t value[32];
};

static void export_it(void *context)
{
    struct exported *exported = context;
    assert_ok(link_export(exported->peer->link, label_of(exported->label), exported->value, 32));
}

static void test_both_sides_export_the_same_and_each_link_another(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    struct exported all[2][3];
    for (unsigned i = 0; i < 2; i++) {
        all[i][0] = (struct exported){.peer = &world->caller, .label = LABEL_FINGERPRINT};
        all[i][1] = (struct exported){.peer = &world->listener, .label = LABEL_FINGERPRINT};
        all[i][2] = (struct exported){.peer = &world->listener, .label = LABEL_PASSWORD};
        world_connect(world);
        for (unsigned j = 0; j < 3; j++)
            on_loop(world, export_it, &all[i][j]);
        assert_memory_equal(all[i][0].value, all[i][1].value, 32);
        assert_memory_not_equal(all[i][0].value, all[i][2].value, 32);
    }
    assert_memory_not_equal(all[0][0].value, all[1][0].value, 32);
    world_free(world);
}

static void dial_expecting_another(void *context)
{
    struct world *world = context;
    assert_ok(transport_dial(world->caller.owner, &world->listener.bound, NULL, 10000, 9));
    struct tls_handshake *tls = &world->caller.transport->links->start->tls;
    tls->expects = true;
    tls->expected = world->caller.key_hash;
}

static void test_another_key_than_dialled_is_not_authenticated(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    on_loop(world, dial_expecting_another, world);
    wait_until(world, world->caller.closed_dials == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_NOT_AUTHENTICATED);
    assert_int_equal(world->caller.closed_token, 9);
    assert_int_equal(world->caller.opened + world->listener.opened, 0);
    world_free(world);
}

static void test_a_call_for_another_member_is_not_answered(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    world_dial(world, &world->caller.key_hash, 9);
    wait_until(world, world->caller.closed_dials == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_FAILED);
    world_free(world);
}

static void rename_group(void *context)
{
    struct peer *peer = context;
    sni_key_derive("another.group", &peer->owner->sni_key);
}

static void stop_accepting(void *context)
{
    struct peer *peer = context;
    transport_owner_set_accepting(peer->owner, false);
}

static void test_only_calls_for_an_accepting_group_are_answered(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    on_loop(world, stop_accepting, &world->listener);
    world_dial(world, NULL, 1);
    wait_until(world, world->caller.closed_dials == 1);
    on_loop(world, rename_group, &world->caller);
    world_dial(world, NULL, 2);
    wait_until(world, world->caller.closed_dials == 2);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_FAILED);
    assert_int_equal(world->caller.opened + world->listener.opened, 0);
    world_free(world);
}

struct second {
    struct world *world;
    struct transport_owner *owner;
    struct signing_key *key;
    struct hash key_hash;
    unsigned opened;
    bool same_group;
};

static void second_opened(void *context, struct link *link, bool incoming, uint64_t token)
{
    struct second *second = context;
    (void)link;
    (void)incoming;
    (void)token;
    pthread_mutex_lock(&second->world->mutex);
    second->opened++;
    world_notify(second->world);
    pthread_mutex_unlock(&second->world->mutex);
}
static void second_data(void *context, struct link *link, struct bytes data)
{
    (void)context;
    (void)link;
    (void)data;
}
static void second_drained(void *context, struct link *link)
{
    (void)context;
    (void)link;
}
static void second_closed(void *context, struct link *link, uint64_t token, HRESULT reason)
{
    (void)context;
    (void)link;
    (void)token;
    (void)reason;
}

static void add_second(void *context)
{
    static const struct transport_callbacks callbacks = {second_opened, second_data, second_drained,
                                                         second_closed};
    struct second *second = context;
    assert_ok(transport_owner_new(second->world->listener.transport,
                                  second->same_group ? GROUP_NAME : "another.group", second->key,
                                  &callbacks, second, &second->owner));
    transport_owner_set_accepting(second->owner, true);
}

static void test_one_listener_tells_groups_and_members_apart(void **state)
{
    (void)state;
    for (unsigned same_group = 0; same_group < 2; same_group++) {
        struct world *world = world_new("[::1]:0", NULL);
        struct second second = {.world = world, .same_group = same_group};
        uint8_t public_key[KEY_SIZE];
        assert_ok(signing_key_new(&second.key));
        signing_key_public(second.key, public_key);
        key_hash(public_key, &second.key_hash);
        on_loop(world, add_second, &second);
        world_connect(world);
        assert_int_equal(second.opened, 0);
        if (!same_group)
            on_loop(world, rename_group, &world->caller);
        world_dial(world, &second.key_hash, 2);
        wait_until(world, world->caller.opened == 2 && second.opened == 1);
        assert_memory_equal(link_peer_key(world->caller.link), public_key, KEY_SIZE);
        assert_int_equal(world->listener.opened, 1);
        world_free(world); /* with an owner and its link left */
        signing_key_free(second.key);
    }
}

/* ---- dials that fail ---- */

static int raw_listener(struct sockaddr_in6 *address)
{
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    socklen_t size = sizeof(*address);
    *address = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    assert_int_equal(bind(fd, (struct sockaddr *)address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
    return fd;
}

static void test_a_closed_port_refuses(void **state)
{
    (void)state;
    struct sockaddr_in6 address;
    int fd = raw_listener(&address); /* bound, so that nobody else gets it; not listening */
    struct world *world = world_new("[::1]:0", NULL);
    world_dial_address(world, &address, NULL, 10000, 3);
    wait_until(world, world->caller.closed_dials == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_REFUSED);
    assert_int_equal(world->caller.closed_token, 3);
    world_free(world);
    close(fd);
}

static void test_a_dial_ends_in_time(void **state)
{
    (void)state;
    struct sockaddr_in6 address;
    int fd = raw_listener(&address);
    assert_int_equal(listen(fd, 1), 0); /* the kernel connects, nobody answers */
    struct world *world = world_new("[::1]:0", NULL);
    world_dial_address(world, &address, NULL, 50, 3);
    wait_until(world, world->caller.closed_dials == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_FAILED);
    world_free(world);
    close(fd);
}

static void dial_nonsense(void *context)
{
    struct peer *peer = context;
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    assert_hr(transport_dial(peer->owner, &address, NULL, 1000, 1), E_INVALIDARG);
    address.sin6_port = htons(1);
    address.sin6_addr = in6addr_any;
    assert_hr(transport_dial(peer->owner, &address, NULL, 1000, 1), E_INVALIDARG);
    assert_null(peer->transport->links);
}

static void test_only_unicast_is_dialled(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    on_loop(world, dial_nonsense, &world->caller);
    world_free(world);
}

/* ---- ends ---- */

static void send_and_close(void *context)
{
    struct peer *peer = context;
    static uint8_t data[900000];
    bool full = false;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    assert_ok(link_send(peer->link, bytes_of(data, sizeof(data)), &full));
    link_close(peer->link, PEER_E_NOT_AUTHORIZED);
    assert_hr(link_send(peer->link, bytes_of("x", 1), &full), PEER_E_CONNECTION_FAILED);
    link_close(peer->link, S_OK); /* too late to change the reason */
    assert_int_equal(peer->closed, 0);
}

static void test_close_sends_what_is_queued(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    world_connect(world);
    peer_send(&world->listener, "never read by who closes first", 30);
    on_loop(world, send_and_close, &world->caller);
    wait_until(world, world->caller.closed == 1 && world->listener.closed == 1);
    assert_int_equal(world->listener.got.size, 900000);
    for (size_t i = 0; i < 900000; i++)
        if (world->listener.got.data[i] != pattern(i))
            fail_msg("byte %zu differs", i);
    assert_hr(world->caller.reason, PEER_E_NOT_AUTHORIZED);
    world_free(world);
}

static void pause_link(void *context)
{
    struct peer *peer = context;
    link_pause(peer->link);
}

static void send_megabytes_and_close(void *context)
{
    struct peer *peer = context;
    static const uint8_t data[1 << 20];
    bool full = false;
    for (unsigned i = 0; i < 4; i++)
        assert_ok(link_send(peer->link, bytes_of(data, sizeof(data)), &full));
    link_close(peer->link, S_OK);
}

static void test_close_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct transport_limits limits = world_limits;
    limits.close_ms = 50;
    struct world *world = world_new("[::1]:0", &limits);
    world_connect(world);
    on_loop(world, pause_link, &world->listener);
    on_loop(world, send_megabytes_and_close, &world->caller);
    wait_until(world, world->caller.closed == 1);
    assert_hr(world->caller.reason, S_OK);
    world_free(world);
}

static void hook_close(struct peer *peer, struct link *link)
{
    (void)peer;
    link_close(link, PEER_E_NOT_AUTHORIZED);
}
static void hook_data_close(struct peer *peer, struct link *link, struct bytes data)
{
    (void)data;
    hook_close(peer, link);
}
static void hook_free(struct peer *peer, struct link *link)
{
    (void)link;
    peer_free_owner(peer);
}
static void hook_data_free(struct peer *peer, struct link *link, struct bytes data)
{
    (void)data;
    hook_free(peer, link);
}
static void hook_say(struct peer *peer, struct link *link)
{
    (void)peer;
    bool full = false;
    assert_ok(link_send(link, bytes_of("hello", 5), &full));
}

static void test_a_link_may_be_closed_in_any_callback(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 6; variant++) {
        struct world *world = world_new("[::1]:0", NULL);
        struct peer *closer = variant % 2 ? &world->listener : &world->caller;
        struct peer *other = variant % 2 ? &world->caller : &world->listener;
        struct bulk *bulk = calloc(1, sizeof(*bulk));
        if (variant / 2 == 0)
            closer->hook_opened = hook_close;
        if (variant / 2 == 1)
            closer->hook_data = hook_data_close;
        if (variant / 2 == 2) {
            closer->hook = bulk;
            closer->hook_opened = send_bulk;
            closer->hook_drained = hook_close;
        } else {
            other->hook_opened = hook_say;
        }
        world_dial(world, &world->listener.key_hash, 1);
        wait_until(world, closer->closed == 1 && other->closed == other->opened);
        assert_hr(closer->reason, PEER_E_NOT_AUTHORIZED);
        world_free(world);
        free(bulk);
    }
}

static void test_an_owner_may_go_in_any_callback(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 8; variant++) {
        struct world *world = world_new("[::1]:0", NULL);
        struct peer *goer = variant % 2 ? &world->listener : &world->caller;
        struct peer *other = variant % 2 ? &world->caller : &world->listener;
        struct bulk *bulk = calloc(1, sizeof(*bulk));
        if (variant / 2 == 0)
            goer->hook_opened = hook_free;
        if (variant / 2 == 1)
            goer->hook_data = hook_data_free;
        if (variant / 2 == 2)
            goer->hook_closed = hook_free;
        if (variant / 2 == 3) {
            goer->hook = bulk;
            goer->hook_opened = send_bulk;
            goer->hook_drained = hook_free;
        } else {
            other->hook_opened = variant / 2 == 2 ? hook_close : hook_say;
        }
        world_dial(world, &world->listener.key_hash, 1);
        wait_until(world, goer->freed && other->closed == other->opened);
        assert_int_equal(goer->closed, variant / 2 == 2);
        world_free(world);
        free(bulk);
    }
}

static void hook_pause_resume(struct peer *peer, struct link *link, struct bytes data)
{
    (void)peer;
    (void)data;
    link_pause(link);
    link_resume(link);
    link_pause(link);
    link_resume(link);
}

static void test_pause_and_resume_lose_nothing(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    static uint8_t data[300000];
    world->listener.hook_data = hook_pause_resume;
    world_connect(world);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = pattern(i);
    peer_send(&world->caller, data, sizeof(data));
    wait_until(world, world->listener.got.size == sizeof(data));
    assert_memory_equal(world->listener.got.data, data, sizeof(data));
    /* What comes while it is paused waits, also the end. */
    on_loop(world, pause_link, &world->listener);
    peer_send(&world->caller, data, 1000);
    peer_close(&world->caller, S_OK);
    wait_until(world, world->caller.closed == 1);
    assert_int_equal(world->listener.got.size, sizeof(data));
    on_loop(world, resume, &world->listener);
    wait_until(world, world->listener.closed == 1);
    assert_int_equal(world->listener.got.size, sizeof(data) + 1000);
    world_free(world);
}

static void dial_many(void *context)
{
    struct world *world = context;
    for (unsigned i = 0; i < 8; i++)
        assert_ok(transport_dial(world->caller.owner, &world->listener.bound, NULL, 10000, i));
}

static void free_caller(void *context)
{
    struct world *world = context;
    peer_free_owner(&world->caller);
}

static void free_listener(void *context)
{
    struct world *world = context;
    peer_free_owner(&world->listener);
}

static void test_owners_and_transports_may_go_during_handshakes(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 12; variant++) {
        struct world *world = world_new("[::1]:0", NULL);
        on_loop(world, dial_many, world);
        if (variant > 8) /* further on */
            wait_until(world, world->caller.opened >= 1);
        if (variant % 3 == 0)
            on_loop(world, free_caller, world);
        if (variant % 3 == 1)
            on_loop(world, free_listener, world);
        if (variant % 3 == 1)
            wait_until(world, world->caller.closed + world->caller.closed_dials == 8);
        world_free(world);
    }
}

/* ---- listening ---- */

struct listening {
    struct peer *peer;
    uint16_t remembered;
    HRESULT hr;
    struct sockaddr_in6 bound;
    struct sockaddr_in6 addresses[8];
    unsigned addresses_count;
};

static void listen_again(void *context)
{
    struct listening *listening = context;
    struct transport *transport = listening->peer->transport;
    listening->hr = transport_listen(transport, listening->remembered, &listening->bound);
    if (SUCCEEDED(listening->hr))
        listening->addresses_count = transport_addresses(transport, listening->addresses, 8);
}

static void stop_listening(void *context)
{
    struct peer *peer = context;
    transport_unlisten(peer->transport);
}

static void test_one_listener_serves_all(void **state)
{
    (void)state;
    struct world *world = world_new("127.0.0.1:0", NULL);
    struct listening again = {.peer = &world->listener};
    on_loop(world, listen_again, &again);
    assert_ok(again.hr);
    assert_memory_equal(&again.bound, &world->listener.bound, sizeof(again.bound));
    assert_int_equal(again.addresses_count, 1); /* loopback, since it was named */
    assert_memory_equal(&again.addresses[0], &again.bound, sizeof(again.bound));
    on_loop(world, stop_listening, &world->listener);
    world_connect(world); /* still wanted once */
    on_loop(world, stop_listening, &world->listener);
    world_dial(world, NULL, 4);
    wait_until(world, world->caller.closed_dials == 1);
    assert_hr(world->caller.reason, PEER_E_CONNECTION_REFUSED);
    world_free(world);
}

static void test_a_named_address_is_taken_or_refused(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    struct listening other = {.peer = &world->caller};
    char taken[64];
    snprintf(taken, sizeof(taken), "[::1]:%u", ntohs(world->listener.bound.sin6_port));
    setenv("PEERGROUP_LISTEN", taken, 1);
    on_loop(world, listen_again, &other);
    assert_hr(other.hr, PEER_E_UNABLE_TO_LISTEN);
    setenv("PEERGROUP_LISTEN", "localhost", 1);
    on_loop(world, listen_again, &other);
    assert_hr(other.hr, E_INVALIDARG);
    assert_null(world->caller.transport->listener);
    world_free(world);
}

static void test_a_remembered_port_comes_before_any_other(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(GROUP_PORT)};
    taken.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&taken, sizeof(taken)) == 0) /* else somebody else has it */
        assert_int_equal(listen(fd, 1), 0);
    struct sockaddr_in6 free_port;
    close(raw_listener(&free_port));
    uint16_t port = ntohs(free_port.sin6_port);
    struct listening first = {.peer = &world->caller, .remembered = port};
    setenv("PEERGROUP_LISTEN", "127.0.0.1", 1);
    on_loop(world, listen_again, &first);
    assert_ok(first.hr);
    assert_int_equal(ntohs(first.bound.sin6_port), port);
    on_loop(world, stop_listening, &world->caller);
    struct listening second = {.peer = &world->caller, .remembered = GROUP_PORT};
    on_loop(world, listen_again, &second);
    assert_ok(second.hr);
    assert_int_not_equal(second.bound.sin6_port, 0);
    assert_int_not_equal(ntohs(second.bound.sin6_port), GROUP_PORT);
    on_loop(world, stop_listening, &world->caller);
    /* All interfaces: both families are heard, loopback is not told. */
    setenv("PEERGROUP_LISTEN", ":0", 1);
    struct listening any = {.peer = &world->caller};
    on_loop(world, listen_again, &any);
    assert_ok(any.hr);
    assert_true(any.addresses_count <= LIMIT_ADDRESSES);
    for (unsigned i = 0; i < any.addresses_count; i++) {
        assert_false(address_is_loopback(&any.addresses[i]));
        assert_true(address_may_dial(&any.addresses[i]));
    }
    close(fd);
    world_free(world);
}

/* ---- memory ---- */

static void dial_without_memory(void *context)
{
    struct listening *attempt = context;
    mem_fail_nth(attempt->remembered);
    attempt->hr =
        transport_dial(attempt->peer->owner, &attempt->peer->world->listener.bound,
                       &attempt->peer->world->listener.key_hash, 20000, attempt->remembered);
}

static void hook_say_or_close(struct peer *peer, struct link *link)
{
    (void)peer;
    bool full = false;
    HRESULT hr = link_send(link, bytes_of("hello", 5), &full);
    if (FAILED(hr))
        link_close(link, hr);
}

/* Fails the n-th allocation of a dial, a short exchange and its end, for every n. */
static void test_every_failed_allocation_is_survived(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    struct peer *caller = &world->caller, *listener = &world->listener;
    caller->hook_opened = hook_say_or_close;
    listener->hook_data = hook_data_close;
    bool hit = true;
    for (uint16_t n = 1; hit; n++) {
        struct listening attempt = {.peer = caller, .remembered = n};
        unsigned over = caller->closed + caller->closed_dials + 1;
        on_loop(world, dial_without_memory, &attempt);
        if (SUCCEEDED(attempt.hr))
            wait_until(world, caller->closed + caller->closed_dials == over);
        else
            assert_hr(attempt.hr, E_OUTOFMEMORY);
        wait_until(world, listener->closed == listener->opened);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_true(n < 100);
        if (!hit)
            assert_true(n > 8);
    }
    world_connect(world);
    world_free(world);
}

struct making {
    struct world *world;
    uint64_t fail;
    HRESULT hr;
};

static void make_owner(void *context)
{
    static const struct transport_callbacks none;
    struct making *making = context;
    struct transport *transport = NULL;
    struct transport_owner *owner = NULL;
    mem_fail_nth(making->fail);
    making->hr = transport_new(making->world->loop, &transport);
    if (FAILED(making->hr)) {
        assert_null(transport);
        return;
    }
    making->hr =
        transport_owner_new(transport, GROUP_NAME, making->world->caller.key, &none, NULL, &owner);
    assert_int_equal(owner != NULL, making->hr == S_OK);
    transport_free(transport, NULL, NULL);
}

static void test_without_memory_nothing_is_made(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    struct making making = {.world = world, .fail = 1};
    for (; making.fail < 50; making.fail++) {
        on_loop(world, make_owner, &making);
        if (!mem_fail_hit())
            break;
        assert_hr(making.hr, E_OUTOFMEMORY);
    }
    assert_ok(making.hr);
    assert_true(making.fail > 4);
    mem_fail_nth(0);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_go_both_ways),
        cmocka_unit_test(test_a_caller_need_not_know_whom_it_calls),
        cmocka_unit_test(test_bulk_waits_for_the_slower_side),
        cmocka_unit_test(test_keys_change_on_the_way),
        cmocka_unit_test(test_who_sends_regardless_loses_the_link),
        cmocka_unit_test(test_what_one_turn_sends_is_one_write),
        cmocka_unit_test(test_both_sides_export_the_same_and_each_link_another),
        cmocka_unit_test(test_another_key_than_dialled_is_not_authenticated),
        cmocka_unit_test(test_a_call_for_another_member_is_not_answered),
        cmocka_unit_test(test_only_calls_for_an_accepting_group_are_answered),
        cmocka_unit_test(test_one_listener_tells_groups_and_members_apart),
        cmocka_unit_test(test_a_closed_port_refuses),
        cmocka_unit_test(test_a_dial_ends_in_time),
        cmocka_unit_test(test_only_unicast_is_dialled),
        cmocka_unit_test(test_close_sends_what_is_queued),
        cmocka_unit_test(test_close_does_not_wait_for_ever),
        cmocka_unit_test(test_a_link_may_be_closed_in_any_callback),
        cmocka_unit_test(test_an_owner_may_go_in_any_callback),
        cmocka_unit_test(test_pause_and_resume_lose_nothing),
        cmocka_unit_test(test_owners_and_transports_may_go_during_handshakes),
        cmocka_unit_test(test_one_listener_serves_all),
        cmocka_unit_test(test_a_named_address_is_taken_or_refused),
        cmocka_unit_test(test_a_remembered_port_comes_before_any_other),
        cmocka_unit_test(test_every_failed_allocation_is_survived),
        cmocka_unit_test(test_without_memory_nothing_is_made),
    };
    return cmocka_run_group_tests_name("engine-transport", tests, NULL, NULL);
}
