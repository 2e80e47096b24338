/* Does PEERGROUP_LISTEN parse as documented, are only addresses of possible members dialled, and
 * are the best told? */
#include "support/test.h"

#include "engine/address.h"

#include <arpa/inet.h>
#include <string.h>

static struct sockaddr_in6 of(const char *text, uint16_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) == 1)
        address_from_ipv4(v4, htons(port), &address);
    else
        assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    address.sin6_port = htons(port);
    return address;
}

static void assert_same(const struct sockaddr_in6 *got, const struct sockaddr_in6 *want)
{
    assert_int_equal(got->sin6_family, AF_INET6);
    assert_memory_equal(&got->sin6_addr, &want->sin6_addr, sizeof(want->sin6_addr));
    assert_int_equal(ntohs(got->sin6_port), ntohs(want->sin6_port));
}

static void test_listen_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        uint16_t port;
        bool port_given;
    } good[] = {
        {"[::1]:4000", "::1", 4000, true},
        {"127.0.0.1:0", "127.0.0.1", 0, true},
        {"127.0.0.1", "127.0.0.1", 0, false},
        {":4000", "::", 4000, true},
        {"[::]:3587", "::", 3587, true},
        {"[::]", "::", 0, false},
        {"0.0.0.0:65535", "0.0.0.0", 65535, true},
        {"[::ffff:10.0.0.1]:1", "10.0.0.1", 1, true},
        {"192.168.1.2:00080", "192.168.1.2", 80, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct sockaddr_in6 address, want = of(good[i].host, good[i].port);
        bool port_given = !good[i].port_given;
        assert_ok(address_parse_listen(good[i].text, &address, &port_given));
        assert_same(&address, &want);
        assert_int_equal(port_given, good[i].port_given);
    }
}

static void test_listen_refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ":",
        "[",
        "[]",
        "[::1",
        "[::1]4000",
        "[::1]:",
        "::1",
        "::1:4000",
        "[::1]:65536",
        "[::1]:-1",
        "[::1]:+1",
        "[::1]: 1",
        "[::1]:1x",
        "127.0.0.1:",
        "127.0.0.1:0x",
        "localhost:1",
        "127.1:1",
        "[127.0.0.1]:1",
        "1.2.3.4.5",
        "[ff02::1]:1",
        "224.0.0.1:1",
        "255.255.255.255:1",
        "[::1]:000001",
        "127.0.0.1:1:2",
        "[::1]]:1",
        "[[::1]]:1",
        " 127.0.0.1",
        "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct sockaddr_in6 address;
        bool port_given;
        assert_hr(address_parse_listen(bad[i], &address, &port_given), E_INVALIDARG);
    }
}

static void test_only_members_addresses_are_dialled(void **state)
{
    (void)state;
    static const char *const good[] = {
        "127.0.0.1", "127.255.0.1",     "10.1.2.3", "192.168.0.1", "169.254.1.1", "100.64.0.1",
        "8.8.8.8",   "223.255.255.1",   "::1",      "2001:db8::1", "fd00::1",     "fc00::1",
        "3fff::1",   "64:ff9b::808:808"};
    static const char *const bad[] = {
        "0.0.0.0", "0.1.2.3", "224.0.0.1",       "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::",      "::2",     "::7f00:1",        "ff02::1",   "ff0e::1",   "fe80::1",
        "fec0::1", "4000::1", "64:ff9b::e000:1", "100::1"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct sockaddr_in6 address = of(good[i], 3587);
        assert_true(address_may_dial(&address));
        address.sin6_port = 0;
        assert_false(address_may_dial(&address));
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct sockaddr_in6 address = of(bad[i], 3587);
        assert_false(address_may_dial(&address));
    }
    struct sockaddr_in6 link = of("fe80::1", 1), family = of("::1", 1);
    link.sin6_scope_id = 2;
    assert_true(address_may_dial(&link));
    family.sin6_family = AF_INET;
    assert_false(address_may_dial(&family));
}

static void test_both_families_travel_in_one_form(void **state)
{
    (void)state;
    struct sockaddr_in6 address = of("10.0.0.1", 7), back;
    struct sockaddr_storage socket;
    address_to_socket(&address, &socket);
    assert_int_equal(socket.ss_family, AF_INET);
    assert_true(address_from_socket((struct sockaddr *)&socket, &back));
    assert_same(&back, &address);
    address = of("2001:db8::5", 9);
    address_to_socket(&address, &socket);
    assert_int_equal(socket.ss_family, AF_INET6);
    assert_true(address_from_socket((struct sockaddr *)&socket, &back));
    assert_same(&back, &address);
    socket.ss_family = AF_UNIX;
    assert_false(address_from_socket((struct sockaddr *)&socket, &back));
}

static void test_a_site_is_an_ipv4_address_or_a_64(void **state)
{
    (void)state;
    struct sockaddr_in6 a = of("10.0.0.1", 1), b = of("10.0.0.1", 2), c = of("10.0.0.2", 1);
    struct sockaddr_in6 d = of("2001:db8:1:2::1", 1), e = of("2001:db8:1:2:ffff::1", 1),
                        f = of("2001:db8:1:3::1", 1), g = of("::1", 1);
    assert_true(address_same_site(&a, &b));
    assert_false(address_same_site(&a, &c));
    assert_true(address_same_site(&d, &e));
    assert_false(address_same_site(&d, &f));
    assert_false(address_same_site(&a, &g)); /* both begin with eight zero bytes */
}

static void test_the_farthest_of_both_families_are_told(void **state)
{
    (void)state;
    struct sockaddr_in6 all[] = {
        of("127.0.0.1", 1),   of("::1", 1),         of("fe80::1", 1),
        of("fd00::2", 1),     of("10.0.0.1", 1),    of("2001:db8::1", 1),
        of("2001:db8::2", 1), of("2001:db8::3", 1), of("2001:db8::1", 1),
    };
    all[2].sin6_scope_id = 3;
    struct sockaddr_in6 want[] = {of("2001:db8::1", 1), of("2001:db8::2", 1), of("2001:db8::3", 1),
                                  of("10.0.0.1", 1)};
    assert_int_equal(address_select(all, ARRAY_SIZE(all), 4), 4);
    for (size_t i = 0; i < ARRAY_SIZE(want); i++)
        assert_same(&all[i], &want[i]);
    struct sockaddr_in6 loopback[] = {of("127.0.0.1", 1), of("::1", 1)};
    assert_int_equal(address_select(loopback, 2, 4), 0);
    struct sockaddr_in6 one[] = {of("fd00::2", 1), of("8.8.8.8", 1)}, best = of("8.8.8.8", 1);
    assert_int_equal(address_select(one, 2, 1), 1);
    assert_same(&one[0], &best);
    assert_int_equal(address_select(one, 0, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listen_forms),
        cmocka_unit_test(test_listen_refuses_what_is_no_address),
        cmocka_unit_test(test_only_members_addresses_are_dialled),
        cmocka_unit_test(test_both_families_travel_in_one_form),
        cmocka_unit_test(test_a_site_is_an_ipv4_address_or_a_64),
        cmocka_unit_test(test_the_farthest_of_both_families_are_told),
    };
    return cmocka_run_group_tests_name("engine-address", tests, NULL, NULL);
}
