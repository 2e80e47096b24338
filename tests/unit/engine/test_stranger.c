/* Does the listener cost little and say nothing to those who do not belong: wrong names, wrong
 * certificates, other protocols, slow ones, too many of them; and is everything given back
 * afterwards? */
#include "world.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a client of our own making ---- */

static int raw_connect(struct world *world)
{
    struct sockaddr_storage address;
    address_to_socket(&world->listener.bound, &address);
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    socklen_t size =
        address.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, size), 0);
    struct timeval patience = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* Reads until the listener closes, and closes; returns how many bytes it said. */
static size_t read_to_end(int fd)
{
    char buffer[4096];
    size_t said = 0;
    ssize_t got = 0;
    while ((got = recv(fd, buffer, sizeof(buffer), 0)) > 0)
        said += (size_t)got;
    assert_true(got == 0 || errno == ECONNRESET);
    close(fd);
    return said;
}

static void raw_send(int fd, const void *data, size_t size)
{
    (void)!send(fd, data, size, MSG_NOSIGNAL);
}

enum client_certificate { CERTIFICATE_OURS, CERTIFICATE_NONE, CERTIFICATE_RSA, CERTIFICATE_OTHER };

struct client {
    const char *server_name; /* NULL: a good new one */
    bool no_server_name;
    const char *alpn; /* NULL: ours */
    bool no_alpn;
    int version;        /* 0: TLS 1.3 */
    const char *groups; /* NULL: X25519 */
    enum client_certificate certificate;
};

/* What the client saw: its handshake's end, a first byte of the listener's, and the silence before.
 */
struct outcome {
    bool shaken;
    bool heard;
};

static void good_name(struct world *world, int days, char text[SNI_LENGTH + 1])
{
    struct sni_key key;
    uint8_t nonce[SNI_NONCE_SIZE];
    RAND_bytes(nonce, sizeof(nonce));
    sni_key_derive(GROUP_NAME, &key);
    sni_make(&key, nonce, sni_day(loop_utc()) + (uint32_t)days, &world->listener.key_hash, text);
}

static void use_certificate(SSL_CTX *context, const struct world *world,
                            enum client_certificate kind)
{
    struct tls_identity identity = {.certificate = NULL};
    if (kind == CERTIFICATE_NONE)
        return;
    if (kind == CERTIFICATE_OURS) {
        assert_ok(tls_identity_init(&identity, world->caller.key));
    } else {
        identity.key =
            kind == CERTIFICATE_RSA ? EVP_RSA_gen(2048) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        identity.certificate = X509_new();
        X509_set_version(identity.certificate, 2);
        X509_gmtime_adj(X509_getm_notBefore(identity.certificate), 0);
        X509_gmtime_adj(X509_getm_notAfter(identity.certificate), 3600);
        X509_set_pubkey(identity.certificate, identity.key);
        assert_true(X509_sign(identity.certificate, identity.key,
                              kind == CERTIFICATE_RSA ? EVP_sha256() : NULL) > 0);
    }
    assert_int_equal(SSL_CTX_use_certificate(context, identity.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, identity.key), 1);
    tls_identity_deinit(&identity);
}

static SSL_CTX *client_context(const struct world *world, const struct client *client)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int version = client->version ? client->version : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    assert_int_equal(SSL_CTX_set1_groups_list(context, client->groups ? client->groups : "X25519"),
                     1);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    use_certificate(context, world, client->certificate);
    return context;
}

static struct outcome raw_tls(struct world *world, const struct client *client)
{
    struct outcome outcome = {.shaken = false};
    char name[SNI_LENGTH + 1];
    SSL_CTX *context = client_context(world, client);
    SSL *session = SSL_new(context);
    int fd = raw_connect(world);
    const char *alpn = client->alpn ? client->alpn : "\x0bpeergroup/2";
    if (!client->no_alpn)
        SSL_set_alpn_protos(session, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    good_name(world, 0, name);
    if (client->server_name)
        memcpy(name, client->server_name, strlen(client->server_name) + 1);
    if (!client->no_server_name)
        SSL_set_tlsext_host_name(session, name);
    SSL_set_fd(session, fd);
    outcome.shaken = SSL_connect(session) == 1;
    char byte = 0;
    if (outcome.shaken)
        outcome.heard = SSL_write(session, "hello", 5) == 5 && SSL_read(session, &byte, 1) == 1;
    SSL_free(session);
    SSL_CTX_free(context);
    if (outcome.heard)
        close(fd);
    else
        (void)read_to_end(fd);
    ERR_clear_error();
    return outcome;
}

static void hook_answer(struct peer *peer, struct link *link, struct bytes data)
{
    (void)peer;
    bool full = false;
    assert_ok(link_send(link, data, &full));
}

static struct world *answering_world(const struct transport_limits *limits)
{
    struct world *world = world_new("[::1]:0", limits);
    world->listener.hook_data = hook_answer;
    return world;
}

static void assert_no_strangers(void *context)
{
    struct world *world = context;
    assert_int_equal(world->listener.transport->strangers, 0);
    assert_null(world->listener.transport->links);
}

/* The listener's last links end in the loop's own time: asks until they have. */
static void wait_for_no_links(struct world *world);

struct count {
    struct transport *transport;
    unsigned links, strangers;
    uint32_t received;
};

static void count_links(void *context)
{
    struct count *count = context;
    count->links = 0;
    count->received = 0;
    for (const struct link *link = count->transport->links; link; link = link->next) {
        count->links++;
        count->received += link->received;
    }
    count->strangers = count->transport->strangers;
}

static struct count counted(struct world *world)
{
    struct count count = {.transport = world->listener.transport};
    on_loop(world, count_links, &count);
    return count;
}

static void wait_for_no_links(struct world *world)
{
    while (counted(world).links > 0)
        ;
    on_loop(world, assert_no_strangers, world);
}

/* ---- names ---- */

static void test_a_good_client_is_answered(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    struct client client = {.certificate = CERTIFICATE_OURS};
    struct outcome outcome = raw_tls(world, &client);
    assert_true(outcome.shaken && outcome.heard);
    client.groups = "P-256:X25519"; /* needs a HelloRetryRequest: the same name comes twice */
    outcome = raw_tls(world, &client);
    assert_true(outcome.shaken && outcome.heard);
    assert_int_equal(world->listener.opened, 2);
    wait_for_no_links(world);
    world_free(world);
}

static void test_a_name_of_another_day_is_good_within_two(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    char name[SNI_LENGTH + 1];
    for (int days = -4; days <= 4; days++) {
        if (days == 3 || days == -3) /* midnight may be now */
            continue;
        good_name(world, days, name);
        struct client client = {.server_name = name};
        assert_int_equal(raw_tls(world, &client).heard, days >= -2 && days <= 2);
    }
    world_free(world);
}

static void test_without_a_good_name_nobody_is_answered(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    static const char other[] = "aaaqeayeaudaocajbifqydiob6ipfwp75cyszhmq5dw5wpfdt4ya";
    const struct client clients[] = {
        {.no_server_name = true}, {.server_name = "example.com"}, {.server_name = other}};
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        assert_false(raw_tls(world, &clients[i]).shaken);
    wait_for_no_links(world);
    assert_int_equal(world->listener.opened, 0);
    world_free(world);
}

static void test_a_name_is_good_once(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    char name[SNI_LENGTH + 1];
    good_name(world, 0, name);
    struct client client = {.server_name = name};
    assert_true(raw_tls(world, &client).heard);
    assert_false(raw_tls(world, &client).shaken);
    wait_for_no_links(world);
    world_free(world);
}

static void test_the_extension_holds_exactly_one_host_name(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[12];
        size_t size;
        bool good;
    } all[] = {
        {{0, 6, 0, 0, 3, 'a', 'b', 'c'}, 8, true},
        {{0, 6, 0, 0, 3, 'a', 'b', 'c'}, 7, false},
        {{0, 6, 0, 0, 3, 'a', 'b', 'c', 0}, 9, false},
        {{0, 6, 1, 0, 3, 'a', 'b', 'c'}, 8, false},
        {{0, 6, 0, 0, 2, 'a', 'b', 'c'}, 8, false},
        {{0, 5, 0, 0, 3, 'a', 'b', 'c'}, 8, false},
        {{0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'}, 10, false},
        {{0, 3, 0, 0, 0}, 5, false},
        {{0, 0}, 2, false},
        {{0}, 1, false},
        {{0}, 0, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        struct bytes name;
        assert_int_equal(tls_server_name(bytes_of(all[i].bytes, all[i].size), &name), all[i].good);
        assert_int_equal(name.size, all[i].good ? 3 : 0);
    }
}

/* ---- protocols and certificates ---- */

static void test_other_protocols_are_closed_in_silence(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    uint8_t noise[2000];
    RAND_bytes(noise, sizeof(noise));
    noise[0] = 0x80;
    static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    /* A record that claims more than TLS allows, one of nothing, one that is no ClientHello, one
     * that is no good one. */
    static const uint8_t records[][12] = {{22, 3, 1, 0x40, 1, 1},
                                          {22, 3, 1, 0, 0, 1},
                                          {22, 3, 1, 0, 7, 2, 0, 0, 3, 3, 3, 3},
                                          {22, 3, 1, 0, 7, 1, 0, 0, 3, 3, 3, 3},
                                          {21, 3, 1, 0, 2, 1, 0}};
    for (unsigned i = 0; i < 2 + ARRAY_SIZE(records); i++) {
        int fd = raw_connect(world);
        if (i == 0)
            raw_send(fd, http, sizeof(http) - 1);
        else if (i == 1)
            raw_send(fd, noise, sizeof(noise));
        else
            raw_send(fd, records[i - 2], sizeof(records[0]));
        assert_int_equal(read_to_end(fd), 0);
    }
    struct client old = {.version = TLS1_2_VERSION, .no_server_name = true};
    assert_false(raw_tls(world, &old).shaken);
    struct client old_that_knows = {.version = TLS1_2_VERSION, .certificate = CERTIFICATE_OURS};
    assert_false(raw_tls(world, &old_that_knows).shaken);
    wait_for_no_links(world);
    assert_int_equal(world->listener.opened, 0);
    world_free(world);
}

static void test_silence_means_not_one_byte(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    struct client client = {.no_server_name = true};
    SSL_CTX *context = client_context(world, &client);
    SSL *session = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set_bio(session, BIO_new(BIO_s_mem()), out);
    assert_int_equal(SSL_connect(session), -1);
    char *hello = NULL;
    long size = BIO_get_mem_data(out, &hello);
    int fd = raw_connect(world);
    raw_send(fd, hello, (size_t)size);
    assert_int_equal(read_to_end(fd), 0);
    SSL_free(session);
    SSL_CTX_free(context);
    world_free(world);
}

static void test_only_our_protocol_and_certificates_are_taken(void **state)
{
    (void)state;
    struct world *world = answering_world(NULL);
    const struct client clients[] = {
        {.no_alpn = true},
        {.alpn = "\x02h2"},
        {.alpn = "\x0bpeergroup/1"},
        {.certificate = CERTIFICATE_NONE},
        {.certificate = CERTIFICATE_RSA},
        {.certificate = CERTIFICATE_OTHER},
        {.groups = "P-256"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
        assert_false(raw_tls(world, &clients[i]).heard);
    wait_for_no_links(world);
    assert_int_equal(world->listener.opened, 0);
    struct client two_protocols = {.alpn = "\x02h2\x0bpeergroup/2"};
    assert_true(raw_tls(world, &two_protocols).heard);
    world_free(world);
}

/* ---- numbers, time and bytes ---- */

static void test_an_address_has_its_share(void **state)
{
    (void)state;
    static const char *const at[] = {"[::1]:0", "127.0.0.1:0"};
    for (unsigned f = 0; f < 2; f++) {
        struct world *world = world_new(at[f], NULL);
        int fds[LIMIT_UNAUTHENTICATED_PER_ADDRESS];
        for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
            fds[i] = raw_connect(world);
        while (counted(world).strangers < ARRAY_SIZE(fds))
            ;
        assert_int_equal(read_to_end(raw_connect(world)), 0);
        assert_int_equal(counted(world).strangers, ARRAY_SIZE(fds));
        close(fds[0]);
        while (counted(world).strangers == ARRAY_SIZE(fds))
            ;
        world_connect(world);
        assert_int_equal(counted(world).strangers, ARRAY_SIZE(fds) - 1); /* authenticated */
        for (unsigned i = 1; i < ARRAY_SIZE(fds); i++)
            close(fds[i]);
        world_free(world);
    }
}

static void test_the_table_of_strangers_is_full_at_64(void **state)
{
    (void)state;
    struct transport_limits limits = world_limits;
    limits.strangers_per_address = UINT32_MAX;
    struct world *world = world_new("[::1]:0", &limits);
    int fds[LIMIT_UNAUTHENTICATED_LINKS];
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = raw_connect(world);
    assert_int_equal(read_to_end(raw_connect(world)), 0);
    assert_int_equal(counted(world).strangers, ARRAY_SIZE(fds));
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    wait_for_no_links(world);
    world_free(world);
}

static void test_silent_and_slow_ones_end_in_time(void **state)
{
    (void)state;
    struct transport_limits limits = world_limits;
    limits.stranger_ms = 100;
    struct world *world = world_new("[::1]:0", &limits);
    assert_int_equal(read_to_end(raw_connect(world)), 0);
    /* One that sends a byte of a ClientHello now and then. */
    static const uint8_t begin[] = {22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3};
    int fd = raw_connect(world);
    struct pollfd reading = {.fd = fd, .events = POLLIN};
    unsigned sent = 0;
    do
        raw_send(fd, sent < sizeof(begin) ? &begin[sent] : (const uint8_t *)"", 1);
    while (sent++ < 1000 && poll(&reading, 1, 10) == 0);
    assert_in_range(sent, 3, 100);
    assert_int_equal(read_to_end(fd), 0);
    assert_int_equal(world->listener.opened, 0);
    world_free(world);
}

static void test_who_is_not_authenticated_in_time_is_closed(void **state)
{
    (void)state;
    struct transport_limits limits = world_limits;
    limits.stranger_ms = 500; /* a handshake must fit in, on a busy machine too */
    struct world *world = world_new("[::1]:0", &limits);
    for (unsigned i = 0; i < 2; i++) {
        struct peer *waits = i ? &world->caller : &world->listener;
        waits->strange = true;
        world_connect(world);
        wait_until(world, waits->closed == 1);
        assert_hr(waits->reason, PEER_E_CONNECTION_FAILED);
        wait_until(world, world->listener.closed == i + 1 && world->caller.closed == i + 1);
        waits->strange = false;
        waits->closed = 0;
        if (i == 0)
            world->listener.closed = 1;
    }
    world_connect(world);
    int fd = raw_connect(world); /* lives as long as a stranger may */
    assert_int_equal(read_to_end(fd), 0);
    peer_send(&world->caller, "still here", 10);
    wait_until(world, world->listener.got.size == 10);
    world_free(world);
}

static void authenticate(void *context)
{
    struct peer *peer = context;
    link_authenticated(peer->link);
}

static void test_little_is_read_from_a_stranger(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    static const uint8_t data[100000];
    world->listener.strange = true;
    world_connect(world);
    peer_send(&world->caller, data, sizeof(data));
    while (counted(world).received < LIMIT_UNAUTHENTICATED_BYTES)
        ;
    assert_int_equal(counted(world).received, LIMIT_UNAUTHENTICATED_BYTES);
    assert_in_range(world->listener.got.size, 10000, LIMIT_UNAUTHENTICATED_BYTES);
    on_loop(world, authenticate, &world->listener);
    wait_until(world, world->listener.got.size == sizeof(data));
    assert_int_equal(counted(world).strangers, 0);
    world_free(world);
}

/* What lies behind the longest chain that anybody may show must not keep it from being read: both
 * sides are strangers to each other, and the one speaks in a single breath. */
static void test_the_longest_chain_fits_before_trust(void **state)
{
    (void)state;
    struct world *world = world_new("[::1]:0", NULL);
    static const uint8_t data[100000];
    const size_t hello = 6 + 1 + 3 * (4 + 570) + 6 + 10, chain = 6 + 24 * 1024;
    world->listener.strange = world->caller.strange = true;
    world_connect(world);
    peer_send(&world->listener, data, sizeof(data));
    wait_until(world, world->caller.got.size >= hello + chain);
    on_loop(world, authenticate, &world->caller);
    wait_until(world, world->caller.got.size == sizeof(data));
    world_free(world);
}

/* ---- all is given back ---- */

static unsigned open_files(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

static void junk(struct world *world, unsigned count)
{
    uint8_t noise[3000];
    RAND_bytes(noise, sizeof(noise));
    static const uint8_t head[] = {22, 3, 1, 1, 0, 1};
    struct client none = {.no_server_name = true},
                  no_certificate = {.certificate = CERTIFICATE_NONE};
    for (unsigned i = 0; i < count; i++) {
        if (i % 20 == 0)
            assert_false(raw_tls(world, &none).shaken);
        if (i % 20 == 10)
            assert_false(raw_tls(world, &no_certificate).heard);
        int fd = raw_connect(world);
        if (i % 4 == 1)
            memcpy(noise, head, sizeof(head));
        else
            noise[0] = (uint8_t)i;
        if (i % 4 == 3) {
            close(fd);
            continue;
        }
        raw_send(fd, noise, i % 4 == 0 ? 1 : sizeof(noise));
        if (i % 4 == 0)
            close(fd);
        else
            (void)read_to_end(fd);
    }
    wait_for_no_links(world);
}

static void test_junk_leaves_nothing_behind(void **state)
{
    (void)state;
    unsigned count = getenv("PEERGROUP_TEST_LONG") ? 1000 : 200;
    struct world *world = answering_world(NULL);
    junk(world, 60); /* what libraries keep from their first time */
    unsigned files = open_files();
    size_t before = mallinfo2().uordblks;
    junk(world, count);
    size_t after = mallinfo2().uordblks;
    assert_int_equal(open_files(), files);
    print_message("# %u connections: %zu bytes before, %zu after\n", count, before, after);
    assert_true(after < before + 64 * 1024); /* caches of the allocator, nonces */
    world_connect(world);
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_client_is_answered),
        cmocka_unit_test(test_a_name_of_another_day_is_good_within_two),
        cmocka_unit_test(test_without_a_good_name_nobody_is_answered),
        cmocka_unit_test(test_a_name_is_good_once),
        cmocka_unit_test(test_the_extension_holds_exactly_one_host_name),
        cmocka_unit_test(test_other_protocols_are_closed_in_silence),
        cmocka_unit_test(test_silence_means_not_one_byte),
        cmocka_unit_test(test_only_our_protocol_and_certificates_are_taken),
        cmocka_unit_test(test_an_address_has_its_share),
        cmocka_unit_test(test_the_table_of_strangers_is_full_at_64),
        cmocka_unit_test(test_silent_and_slow_ones_end_in_time),
        cmocka_unit_test(test_who_is_not_authenticated_in_time_is_closed),
        cmocka_unit_test(test_little_is_read_from_a_stranger),
        cmocka_unit_test(test_the_longest_chain_fits_before_trust),
        cmocka_unit_test(test_junk_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("engine-stranger", tests, NULL, NULL);
}
