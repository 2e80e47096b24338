/* What does connecting come to where this member cannot listen, and what shows it of itself
 * (semantics 5.7, 9.2)? Nothing else in this process listens. */
#include "alone.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static ULONG member_count(DWORD flags)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumMembers(group, flags, NULL, &enumeration));
    return count_of(enumeration);
}

/* [point 5.7] A port that is taken: the call succeeds, the event gives the reason, the group stays
 * offline, and another try may work. */
static void test_unable_to_listen(void **state)
{
    (void)state;
    struct sockaddr_in taken = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(taken);
    char text[40];
    int file = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(file, (struct sockaddr *)&taken, size), 0);
    assert_int_equal(listen(file, 1), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&taken, &size), 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(taken.sin_port));
    assert_int_equal(setenv("PEERGROUP_LISTEN", text, 1), 0);
    struct listener listener = listen_to(group);
    assert_ok(PeerGroupConnect(group));
    PPEER_GROUP_EVENT_DATA data = await_type(&listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(data->hrConnectionFailedReason, PEER_E_UNABLE_TO_LISTEN);
    PeerFreeData(data);
    assert_hr(PeerGroupGetEventData(listener.handle, &data), PEER_S_NO_EVENT_DATA);
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(group, &status));
    assert_int_equal(status, 0);
    close(file);
    assert_ok(PeerGroupConnect(group));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    assert_int_equal(setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1), 0);
    group = new_group(creator);
}

/* [point 9.2] This member belongs to all, and to those who are there while it is online. */
static void test_self_is_present_while_online(void **state)
{
    (void)state;
    assert_int_equal(member_count(0), 1);
    assert_int_equal(member_count(PEER_MEMBER_PRESENT), 0);
    go_online(group);
    assert_int_equal(member_count(0), 1);
    assert_int_equal(member_count(PEER_MEMBER_PRESENT), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unable_to_listen),
        cmocka_unit_test(test_self_is_present_while_online),
    };
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
