/* Does a program hear of its being online what is so, once and in order: when the disk is full,
 * when the member is removed, when its password is refused? The disk fills up when a
 * test says so. */
#include "heard.h"

#include "support/disk.h"

#include <peergroup/extensions.h>

#include <sys/socket.h>

static int setup(void **state)
{
    disk_install();
    return group_setup(state);
}

static int teardown(void **state)
{
    int result = group_teardown(state);
    disk_remove();
    return result;
}

/* So long nothing more must come: the library tries again several times meanwhile. */
enum { QUIET_MS = 1000 };

static void assert_quiet(const struct listener *listener)
{
    PPEER_GROUP_EVENT_DATA event = NULL;
    do /* a signal may be of what was taken already */
        assert_hr(PeerGroupGetEventData(listener->handle, &event), PEER_S_NO_EVENT_DATA);
    while (WaitForSingleObject(listener->event, QUIET_MS) == WAIT_OBJECT_0);
}

/* Takes what is there. */
static void hear_all(struct heard *heard, const struct listener *listener)
{
    PPEER_GROUP_EVENT_DATA event = NULL;
    while (PeerGroupGetEventData(listener->handle, &event) == S_OK) {
        assert_true(heard->count < HEARD_MAX);
        heard->items[heard->count++] = event;
    }
}

static const PEER_GROUP_EVENT_TYPE connection_failed = PEER_GROUP_EVENT_CONNECTION_FAILED,
                                   authentication_failed = PEER_GROUP_EVENT_AUTHENTICATION_FAILED;
static const DWORD offline = 0;

static DWORD status_of(HGROUP group)
{
    DWORD status = 99;
    assert_ok(PeerGroupGetStatus(group, &status));
    return status;
}

/* [point 5.1] [point 5.7] [point 12.7] Connect has its outcome on a full disk, too, and no other
 * event: nothing had been told that could change. It can be tried again. */
static void test_connect_on_a_full_disk(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR name = new_identity(u"Founder");
    HGROUP group = new_group(name);
    add_note(group, "before");
    struct listener listener = listen_to(group);
    disk_set_room(0);
    for (int i = 0; i < 2; i++) {
        assert_hr(PeerGroupConnect(group), S_OK);
        hear_until(&heard, &listener, is_of_type, &connection_failed);
        assert_int_equal(heard.count, 1);
        assert_hr(heard.items[0]->hrConnectionFailedReason, PEER_E_DISK_FULL);
        assert_int_equal(status_of(group), 0);
        forget(&heard);
    }
    assert_quiet(&listener);
    disk_set_room(-1);
    assert_hr(PeerGroupConnect(group), S_OK);
    hear_until(&heard, &listener, is_status, &listening);
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_STATUS_CHANGED), 1);
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_CONNECTION_FAILED), 0);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(name);
}

static HRESULT add_large(HGROUP group)
{
    static BYTE bytes[30000];
    GUID id;
    PEER_RECORD record = note(group, "");
    record.data.cbData = sizeof(bytes);
    record.data.pbData = bytes;
    return PeerGroupAddRecord(group, &record, &id);
}

/* [point 12.7] Who was online and loses its disk is offline, which it hears once; it is not refused
 * and comes back by itself when there is room. */
static void test_a_full_disk_while_online(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR name = new_identity(u"Founder");
    HGROUP group = new_group(name);
    go_online(group);
    struct listener listener = listen_to(group);
    disk_set_room(0);
    assert_hr(add_large(group), PEER_E_DISK_FULL);
    hear_until(&heard, &listener, is_status, &offline);
    assert_int_equal(heard.count, 1);
    assert_quiet(&listener);
    assert_int_equal(status_of(group), 0);
    assert_hr(PeerGroupConnect(group), PEER_S_ALREADY_CONNECTED);
    disk_set_room(-1);
    hear_until(&heard, &listener, is_status, &listening);
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_STATUS_CHANGED), 2);
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_CONNECTION_FAILED), 0);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(name);
}

/* Each connection is CONNECTED, then DISCONNECTED, once; each status is another than before. */
static void assert_told_once(const struct heard *heard, DWORD status, ULONGLONG link)
{
    ULONGLONG open[HEARD_MAX] = {link};
    int count = 1;
    for (int i = 0; i < heard->count; i++) {
        const PEER_GROUP_EVENT_DATA *event = heard->items[i];
        if (event->eventType == PEER_GROUP_EVENT_STATUS_CHANGED) {
            assert_int_not_equal((DWORD)event->dwStatus, status);
            status = (DWORD)event->dwStatus;
        }
        if (event->eventType != PEER_GROUP_EVENT_NEIGHBOR_CONNECTION ||
            event->connectionChangeData.status == PEER_CONNECTION_FAILED)
            continue;
        int at = 0;
        while (at < count && open[at] != event->connectionChangeData.ullConnectionId)
            at++;
        assert_true((at == count) == (event->connectionChangeData.status == PEER_CONNECTED));
        if (at == count)
            open[count++] = event->connectionChangeData.ullConnectionId;
        else
            open[at] = open[--count];
    }
}

static ULONGLONG only_link(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    PPEER_CONNECTION_INFO *items = NULL;
    ULONG count = 2;
    assert_ok(PeerGroupEnumConnections(group, PEER_CONNECTION_NEIGHBOR, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    ULONGLONG id = items[0]->ullConnectionId;
    PeerFreeData(items);
    return id;
}

/* [point 12.7] [point 12.10] Two members whose disk is full lose each other once, however often
 * they try to be online again; then they are. */
static void test_links_on_a_full_disk(void **state)
{
    (void)state;
    struct pair pair;
    struct heard heard[2] = {{.count = 0}, {.count = 0}};
    pair_begin(&pair, NULL);
    HGROUP groups[2] = {pair.founder, pair.member};
    struct listener listeners[2] = {listen_to(groups[0]), listen_to(groups[1])};
    ULONGLONG links[2] = {only_link(groups[0]), only_link(groups[1])};
    disk_set_room(0);
    for (int i = 0; i < 2; i++) {
        assert_hr(add_large(groups[i]), PEER_E_DISK_FULL);
        hear_of(&heard[i], &listeners[i], is_status, &offline);
    }
    WaitForSingleObject(listeners[0].event, QUIET_MS);
    disk_set_room(-1);
    for (int i = 0; i < 2; i++) {
        hear_until(&heard[i], &listeners[i], has_status, &listening);
        hear_all(&heard[i], &listeners[i]);
        assert_told_once(&heard[i], both_bits, links[i]);
        assert_int_equal(how_many(&heard[i], PEER_GROUP_EVENT_CONNECTION_FAILED), 0);
        forget(&heard[i]);
        stop_listening(&listeners[i]);
    }
    pair_end(&pair);
}

static bool is_direct_failure(const PEER_GROUP_EVENT_DATA *event, const void *id)
{
    return event->eventType == PEER_GROUP_EVENT_DIRECT_CONNECTION &&
           event->connectionChangeData.status == PEER_CONNECTION_FAILED &&
           event->connectionChangeData.ullConnectionId == *(const ULONGLONG *)id;
}

/* [point 13.1] A direct connection that was being opened has its outcome as well. */
static void test_a_direct_connection_on_a_full_disk(void **state)
{
    (void)state;
    struct pair pair;
    ULONGLONG id = 0;
    pair_begin(&pair, NULL);
    struct listener listener = listen_to(pair.member);
    /* Somebody who takes calls and never answers. */
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(here);
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silent, (struct sockaddr *)&here, size), 0);
    assert_int_equal(listen(silent, 4), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *)&here, &size), 0);
    PEER_ADDRESS address = {.dwSize = sizeof(address)};
    address.sin6.sin6_family = AF_INET6;
    address.sin6.sin6_port = here.sin_port;
    address.sin6.sin6_addr.s6_addr[10] = address.sin6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&address.sin6.sin6_addr.s6_addr[12], &here.sin_addr, 4);
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    disk_set_room(0);
    assert_hr(add_large(pair.member), PEER_E_DISK_FULL);
    PeerFreeData(await(&listener, is_direct_failure, &id));
    disk_set_room(-1);
    close(silent);
    stop_listening(&listener);
    pair_end(&pair);
}

static bool is_documented_reason(HRESULT reason)
{
    return reason == PEER_E_CONNECTION_REFUSED || reason == PEER_E_CONNECTION_FAILED ||
           reason == PEER_E_CONNECTION_NOT_AUTHENTICATED;
}

/* [point 12.10] Failures have a documented reason, what ends in order may have none. */
static void assert_reasons(const struct heard *heard)
{
    for (int i = 0; i < heard->count; i++) {
        if (heard->items[i]->eventType != PEER_GROUP_EVENT_NEIGHBOR_CONNECTION)
            continue;
        const PEER_EVENT_CONNECTION_CHANGE_DATA *change = &heard->items[i]->connectionChangeData;
        bool none = change->hrConnectionFailedReason == S_OK;
        assert_true(none ? change->status != PEER_CONNECTION_FAILED
                         : is_documented_reason(change->hrConnectionFailedReason));
    }
}

/* AUTHENTICATION_FAILED comes once and with CONNECTION_FAILED right behind it, which is last. */
static void assert_refused_at_the_end(const struct heard *heard)
{
    assert_true(heard->count >= 2);
    const PEER_GROUP_EVENT_DATA *last = heard->items[heard->count - 1];
    assert_true(is_of_type(last, &connection_failed));
    assert_true(is_of_type(heard->items[heard->count - 2], &authentication_failed));
    assert_hr(last->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
    assert_int_equal(how_many(heard, PEER_GROUP_EVENT_CONNECTION_FAILED), 1);
    assert_int_equal(how_many(heard, PEER_GROUP_EVENT_AUTHENTICATION_FAILED), 1);
}

/* [point 12.7] [point 12.10] [point 12.13] Who is removed hears in order that its neighbour is
 * gone, that it is offline, and why; and nothing after that. So does its neighbour of the link. */
static void test_a_removal_in_order(void **state)
{
    (void)state;
    struct pair pair;
    struct heard own = {.count = 0}, other = {.count = 0};
    pair_begin(&pair, NULL);
    struct listener listener = listen_to(pair.member), founder = listen_to(pair.founder);
    assert_ok(PeerGroupRevokeMember(pair.founder, pair.member_name, 0));
    hear_until(&own, &listener, is_of_type, &connection_failed);
    assert_refused_at_the_end(&own);
    assert_reasons(&own);
    int gone = place_of(&own, 0, is_neighbour, &disconnected);
    assert_true(gone < place_of(&own, 0, is_status, &offline));
    assert_int_equal(status_of(pair.member), 0);
    assert_quiet(&listener);
    hear_until(&other, &founder, is_status, &listening);
    assert_reasons(&other);
    assert_hr(other.items[place_of(&other, 0, is_neighbour, &disconnected)]
                  ->connectionChangeData.hrConnectionFailedReason,
              PEER_E_CONNECTION_NOT_AUTHENTICATED);
    forget(&own);
    forget(&other);
    /* Each later Connect is answered alike. */
    assert_ok(PeerGroupConnect(pair.member));
    hear_until(&own, &listener, is_of_type, &connection_failed);
    assert_refused_at_the_end(&own);
    assert_reasons(&own);
    forget(&own);
    stop_listening(&listener);
    stop_listening(&founder);
    pair_end(&pair);
}

/* [point 12.10] [point 12.13] A refused password: the attempt, then that it was that, then the end,
 * at every Connect. */
static void test_a_wrong_password_in_order(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR name = new_identity(u"Founder"), guest = new_identity(u"Guest"), invitation = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(name);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    HGROUP group = NULL, visit = NULL;
    assert_ok(PeerGroupCreate(&properties, &group));
    go_online(group);
    assert_ok(PeerGroupCreatePasswordInvitation(group, &invitation));
    assert_ok(PeerGroupPasswordJoin(guest, invitation, u"Obelisk-Quay-31-plinth", NULL, &visit));
    struct listener listener = listen_to(visit);
    for (int i = 0; i < 2; i++) {
        assert_ok(PeerGroupConnect(visit));
        hear_until(&heard, &listener, is_of_type, &connection_failed);
        assert_int_equal(heard.count, 3);
        assert_true(is_neighbour(heard.items[0], &failed));
        assert_hr(heard.items[0]->connectionChangeData.hrConnectionFailedReason,
                  PEER_E_CONNECTION_NOT_AUTHENTICATED);
        assert_refused_at_the_end(&heard);
        forget(&heard);
    }
    assert_quiet(&listener);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    assert_ok(PeerGroupClose(group));
    PeerFreeData(invitation);
    PeerFreeData(guest);
    PeerFreeData(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_on_a_full_disk),
        cmocka_unit_test(test_a_full_disk_while_online),
        cmocka_unit_test(test_links_on_a_full_disk),
        cmocka_unit_test(test_a_direct_connection_on_a_full_disk),
        cmocka_unit_test(test_a_removal_in_order),
        cmocka_unit_test(test_a_wrong_password_in_order),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
