/* Where does a member listen when nobody says where, and what does it tell of that (semantics 5.9)?
 *
 * The program gives itself a network of its own, in which no other program has the port, with more
 * addresses than are told. Where the system does not allow that the tests are skipped. */
#include "group.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { OWN_ADDRESSES = 6, TOLD_ADDRESSES = 4 };

static bool apart; /* there is a network of our own */
static PWSTR creator;

static bool write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    bool written = file && fputs(text, file) >= 0;
    return file && fclose(file) == 0 && written;
}

/* Who is not root becomes root of a namespace of users first. */
static bool leave_network(void)
{
    char map[64];
    const uid_t user = geteuid();
    const gid_t people = getegid();
    if (unshare(CLONE_NEWNET) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)user);
    bool mapped =
        write_file("/proc/self/uid_map", map) && write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "0 %u 1", (unsigned)people);
    return mapped && write_file("/proc/self/gid_map", map);
}

/* 10.9.0.1 and so on, each an alias of the loopback interface. */
static bool add_addresses(void)
{
    int file = socket(AF_INET, SOCK_DGRAM, 0);
    bool added = file >= 0;
    for (int i = 0; added && i < OWN_ADDRESSES; i++) {
        struct ifreq request = {0};
        struct sockaddr_in address = {.sin_family = AF_INET};
        address.sin_addr.s_addr = htonl(0x0A090001u + (uint32_t)i);
        snprintf(request.ifr_name, sizeof(request.ifr_name), "lo:%d", i);
        memcpy(&request.ifr_addr, &address, sizeof(address));
        added = ioctl(file, SIOCSIFADDR, &request) == 0;
    }
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    added = added && ioctl(file, SIOCSIFFLAGS, &up) == 0;
    close(file);
    return added;
}

static int setup(void **state)
{
    apart = leave_network() && add_addresses();
    if (group_setup(state) != 0 || unsetenv("PEERGROUP_LISTEN") != 0)
        return -1;
    creator = new_identity(u"Creator");
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(creator);
    return group_teardown(state);
}

/* Whether somebody listens at a port of this network. */
static bool is_taken(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(0x0A090001u);
    int file = socket(AF_INET, SOCK_STREAM, 0);
    bool connected = connect(file, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(file);
    return connected;
}

/* Waits until the own presence is published, which has the addresses; free with PeerFreeData. */
static PPEER_MEMBER *own_member(HGROUP group)
{
    struct listener listener = listen_to(group);
    for (;;) {
        HPEERENUM enumeration = NULL;
        PPEER_MEMBER *items = NULL;
        ULONG count = 1;
        assert_ok(PeerGroupEnumMembers(group, PEER_MEMBER_PRESENT, creator, &enumeration));
        assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
        assert_ok(PeerEndEnumeration(enumeration));
        if (count == 1 && items[0]->cAddresses > 0) {
            stop_listening(&listener);
            return items;
        }
        PeerFreeData(items);
        PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_MEMBER_CHANGED));
    }
}

/* [point 5.9] The creator listens at once, at TCP port 3587, and tells four of its addresses. */
static void test_port_and_addresses(void **state)
{
    (void)state;
    if (!apart)
        skip();
    HGROUP group = new_group(creator);
    assert_false(is_taken(3587));
    go_online(group);
    assert_true(is_taken(3587));
    PPEER_MEMBER *items = own_member(group);
    assert_int_equal(items[0]->cAddresses, TOLD_ADDRESSES);
    for (int i = 0; i < TOLD_ADDRESSES; i++)
        assert_int_equal(ntohs(items[0]->pAddresses[i].sin6.sin6_port), 3587);
    PeerFreeData(items);
    assert_ok(PeerGroupClose(group));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_port_and_addresses),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
