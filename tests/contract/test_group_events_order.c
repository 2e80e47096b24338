/* Do events come with all their data, in the order in which things happen, and when they are in
 * effect (semantics 5, 9, 12, 13)? */
#include "heard.h"
#include "two.h"

#include <sys/socket.h>
#include <unistd.h>

/* [point 5.1] [point 5.9] [point 12.7] A newcomer connects: the neighbour, then that there are
 * connections, then the records, then that it listens, which is when its database is whole. */
static void test_newcomer(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    GUID id = add_note(pair.founder, "before");
    PWSTR guest = new_identity(u"Newcomer");
    HGROUP visit = join(pair.founder, guest, NULL);
    struct listener listener = listen_to(visit);
    assert_ok(PeerGroupConnect(visit));
    hear_until(&heard, &listener, is_status, &both_bits);
    int link = place_of(&heard, 0, is_neighbour, &connected);
    int online = place_of(&heard, link, is_status, &has_connections);
    int record = place_of(&heard, online, is_record, &id);
    const PEER_EVENT_RECORD_CHANGE_DATA *change = &heard.items[record]->recordChangeData;
    assert_int_equal(change->changeType, PEER_RECORD_ADDED);
    assert_true(IsEqualGUID(&change->recordType, &type_note));
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_STATUS_CHANGED), 2);
    const PEER_EVENT_CONNECTION_CHANGE_DATA *made = &heard.items[link]->connectionChangeData;
    assert_int_equal(made->dwSize, sizeof(*made));
    assert_true(made->ullConnectionId != 0 && made->ullNodeId != 0);
    assert_int_equal(made->ullNextConnectionId, 0);
    assert_hr(made->hrConnectionFailedReason, S_OK);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    PeerFreeData(guest);
}

/* [point 9.4] [point 9.5] [point 9.6] [point 9.8] [point 12.7] [point 12.11] Who comes for the
 * first time has JOINED and is CONNECTED, in either order; who leaves is DISCONNECTED, and the link
 * is before the status says so; who comes again is CONNECTED and does not join again, however
 * often. LEFT is never raised. */
static void test_comes_and_leaves(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR host_name = new_identity(u"Host"), guest = new_identity(u"Guest");
    HGROUP host = new_group(host_name);
    go_online(host);
    struct listener listener = listen_to(host);
    HGROUP visit = join(host, guest, NULL);
    const struct member_change joined = {guest, PEER_MEMBER_JOINED},
                               came = {guest, PEER_MEMBER_CONNECTED},
                               left = {guest, PEER_MEMBER_DISCONNECTED};
    go_online(visit);
    hear_until(&heard, &listener, is_member, &came);
    const PEER_EVENT_MEMBER_CHANGE_DATA *change = &heard.items[heard.count - 1]->memberChangeData;
    assert_int_equal(change->dwSize, sizeof(*change));
    hear_of(&heard, &listener, is_member, &joined);
    assert_true(place_of(&heard, 0, is_neighbour, &connected) <
                place_of(&heard, 0, is_member, &came));
    forget(&heard);

    WCHAR *group_name = name_of(host);
    for (int i = 0; i < 2; i++) {
        assert_ok(PeerGroupClose(visit));
        hear_until(&heard, &listener, is_status, &listening);
        assert_true(heard.count > 1 && is_neighbour(heard.items[heard.count - 2], &disconnected));
        hear_of(&heard, &listener, is_member, &left);
        assert_ok(PeerGroupOpen(guest, group_name, NULL, &visit));
        assert_ok(PeerGroupConnect(visit));
        hear_of(&heard, &listener, is_member, &came);
        /* What the guest writes then comes after all that its coming brings. */
        GUID id = add_note(visit, "again");
        hear_of(&heard, &listener, is_record, &id);
        assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_MEMBER_CHANGED), 2);
        assert_true(place_of(&heard, 0, is_member, &left) < place_of(&heard, 0, is_member, &came));
        forget(&heard);
    }
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    assert_ok(PeerGroupClose(host));
    free(group_name);
    PeerFreeData(host_name);
    PeerFreeData(guest);
}

/* [point 10.9] Before its first record a member becomes known: its own JOINED comes first. */
static void test_first_record(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR name = new_identity(u"Alone");
    HGROUP group = new_group(name);
    struct listener listener = listen_to(group);
    GUID id = add_note(group, "first");
    hear_until(&heard, &listener, is_record, &id);
    const struct member_change joined = {name, PEER_MEMBER_JOINED};
    assert_int_equal(heard.count, 2);
    assert_int_equal(place_of(&heard, 0, is_member, &joined), 0);
    forget(&heard);
    id = add_note(group, "second");
    hear_until(&heard, &listener, is_record, &id);
    assert_int_equal(heard.count, 1);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(name);
}

/* [point 12.9] One record, as its writer and another member hear of it, to its end. */
static void test_one_record(void **state)
{
    (void)state;
    struct listener listeners[2] = {listen_to(pair.founder), listen_to(pair.member)};
    GUID id = add_note(pair.member, "x");
    for (int i = 0; i < 2; i++)
        assert_int_equal(await_record(&listeners[i], &id), PEER_RECORD_ADDED);
    PPEER_RECORD record = NULL;
    assert_ok(PeerGroupGetRecord(pair.member, &id, &record));
    assert_ok(PeerGroupUpdateRecord(pair.member, record));
    PeerFreeData(record);
    for (int i = 0; i < 2; i++)
        assert_int_equal(await_record(&listeners[i], &id), PEER_RECORD_UPDATED);
    assert_ok(PeerGroupDeleteRecord(pair.member, &id));
    for (int i = 0; i < 2; i++)
        assert_int_equal(await_record(&listeners[i], &id), PEER_RECORD_DELETED);
    /* One that ends by itself. */
    PEER_RECORD brief = note(pair.member, "y");
    brief.ftExpiration = peer_time_in(pair.member, 1);
    assert_ok(PeerGroupAddRecord(pair.member, &brief, &id));
    for (int i = 0; i < 2; i++)
        assert_int_equal(await_record(&listeners[i], &id), PEER_RECORD_ADDED);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(await_record(&listeners[i], &id), PEER_RECORD_EXPIRED);
        assert_hr(PeerGroupGetRecord(i ? pair.member : pair.founder, &id, &record),
                  PEER_E_RECORD_NOT_FOUND);
        stop_listening(&listeners[i]);
    }
}

/* [point 12.8] When PROPERTY_CHANGED comes the change is in effect. */
static void test_properties(void **state)
{
    (void)state;
    struct listener listener = listen_to(pair.member);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(pair.founder, &properties));
    properties->pwzComment = (PWSTR)u"changed";
    assert_ok(PeerGroupSetProperties(pair.founder, properties));
    PeerFreeData(properties);
    PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_PROPERTY_CHANGED));
    assert_ok(PeerGroupGetProperties(pair.member, &properties));
    assert_wide_equal(properties->pwzComment, u"changed");
    PeerFreeData(properties);
    stop_listening(&listener);
}

/* The member's only link, by which it has called the founder (free with PeerFreeData). */
static PPEER_CONNECTION_INFO *link_to_founder(void)
{
    HPEERENUM enumeration = NULL;
    PPEER_CONNECTION_INFO *items = NULL;
    ULONG count = 1;
    assert_ok(PeerGroupEnumConnections(pair.member, PEER_CONNECTION_NEIGHBOR, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    return items;
}

static PEER_ADDRESS founder_address(void)
{
    PPEER_CONNECTION_INFO *items = link_to_founder();
    PEER_ADDRESS address = items[0]->address;
    PeerFreeData(items);
    return address;
}

static ULONGLONG neighbour_id(void)
{
    PPEER_CONNECTION_INFO *items = link_to_founder();
    ULONGLONG id = items[0]->ullConnectionId;
    PeerFreeData(items);
    return id;
}

/* [point 5.4] [point 5.8] [point 12.10] Addresses are tried one at a time; each that fails is told
 * of and names the next attempt, by the id that this one then has. */
static void test_several_attempts(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR guest = new_identity(u"Guest");
    HGROUP visit = join(pair.founder, guest, NULL);
    enum { COUNT = 10 };
    PEER_ADDRESS addresses[COUNT];
    for (int i = 0; i < COUNT; i++) {
        addresses[i] = founder_address();
        if (i < COUNT - 1)
            addresses[i].sin6.sin6_port = htons((uint16_t)(i + 1)); /* nobody */
    }
    struct listener listener = listen_to(visit);
    assert_ok(PeerGroupConnectByAddress(visit, COUNT, addresses));
    hear_until(&heard, &listener, is_status, &both_bits);
    ULONGLONG next = 0;
    for (int i = 0, place = 0; i < COUNT; i++, place++) {
        bool last = i == COUNT - 1;
        place = place_of(&heard, place, is_neighbour, last ? &connected : &failed);
        const PEER_EVENT_CONNECTION_CHANGE_DATA *data = &heard.items[place]->connectionChangeData;
        assert_hr(data->hrConnectionFailedReason, last ? S_OK : PEER_E_CONNECTION_REFUSED);
        assert_true(i == 0 || data->ullConnectionId == next);
        next = data->ullNextConnectionId;
        assert_true((next == 0) == last);
    }
    assert_int_equal(how_many(&heard, PEER_GROUP_EVENT_CONNECTION_FAILED), 0);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    PeerFreeData(guest);
}

/* [point 5.7] [point 12.10] [point 12.12] When all fail, the last names no other, and the end of
 * the whole comes after it. */
static void test_all_attempts_fail(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR host_name = new_identity(u"Offline"), guest = new_identity(u"Guest");
    HGROUP host = new_group(host_name);
    HGROUP visit = join(host, guest, NULL);
    PEER_ADDRESS addresses[2] = {founder_address(), founder_address()};
    addresses[0].sin6.sin6_port = htons(1);
    addresses[1].sin6.sin6_port = htons(2);
    struct listener listener = listen_to(visit);
    const PEER_GROUP_EVENT_TYPE end = PEER_GROUP_EVENT_CONNECTION_FAILED;
    assert_ok(PeerGroupConnectByAddress(visit, 2, addresses));
    hear_until(&heard, &listener, is_of_type, &end);
    assert_int_equal(heard.count, 3);
    assert_true(is_neighbour(heard.items[0], &failed) && is_neighbour(heard.items[1], &failed));
    assert_int_equal(heard.items[1]->connectionChangeData.ullNextConnectionId, 0);
    assert_hr(heard.items[2]->hrConnectionFailedReason, PEER_E_NO_MEMBER_CONNECTIONS);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    assert_ok(PeerGroupClose(host));
    PeerFreeData(host_name);
    PeerFreeData(guest);
}

/* [point 12.14] [point 13.3] Who has asked for INCOMING_DATA alone gets a neighbour's data, and
 * nobody opens a direct connection to it. */
static void test_incoming_data_alone(void **state)
{
    (void)state;
    PEER_GROUP_EVENT_REGISTRATION wanted = {PEER_GROUP_EVENT_INCOMING_DATA, NULL};
    struct listener at_founder = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    struct listener at_member = listen_to(pair.member);
    PEER_ADDRESS address = founder_address();
    ULONGLONG id = 0;
    assert_ok(
        PeerGroupRegisterEvent(pair.founder, at_founder.event, 1, &wanted, &at_founder.handle));
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    PPEER_GROUP_EVENT_DATA data = await_type(&at_member, PEER_GROUP_EVENT_DIRECT_CONNECTION);
    assert_int_equal(data->connectionChangeData.status, PEER_CONNECTION_FAILED);
    assert_int_equal(data->connectionChangeData.ullConnectionId, id);
    assert_int_equal(data->connectionChangeData.ullNextConnectionId, 0);
    PeerFreeData(data);

    assert_ok(PeerGroupSendData(pair.member, neighbour_id(), &type_note, 2, (PVOID) "hi"));
    data = await_type(&at_founder, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_int_equal(data->incomingData.data.cbData, 2);
    PeerFreeData(data);
    stop_listening(&at_member);
    stop_listening(&at_founder);
}

/* [point 13.2] An id is good for nothing before the event: here nobody ever answers. */
static void test_id_before_the_event(void **state)
{
    (void)state;
    struct listener listener = listen_to(pair.member);
    struct sockaddr_in silent = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(silent);
    int file = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(file, (struct sockaddr *)&silent, size), 0);
    assert_int_equal(listen(file, 1), 0);
    assert_int_equal(getsockname(file, (struct sockaddr *)&silent, &size), 0);
    PEER_ADDRESS address = founder_address();
    address.sin6.sin6_port = silent.sin_port;
    ULONGLONG id = 0;
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    assert_true(id != 0);
    assert_hr(PeerGroupSendData(pair.member, id, &type_note, 1, (PVOID) "x"),
              PEER_E_CONNECTION_NOT_FOUND);
    assert_hr(PeerGroupCloseDirectConnection(pair.member, id), PEER_E_CONNECTION_NOT_FOUND);
    close(file);
    PPEER_GROUP_EVENT_DATA data = await_type(&listener, PEER_GROUP_EVENT_DIRECT_CONNECTION);
    assert_int_equal(data->connectionChangeData.status, PEER_CONNECTION_FAILED);
    assert_int_equal(data->connectionChangeData.ullConnectionId, id);
    assert_true(FAILED(data->connectionChangeData.hrConnectionFailedReason));
    PeerFreeData(data);
    stop_listening(&listener);
}

/* [point 12.5] Ruling 25: pType filters data, too. */
static void test_data_of_one_type(void **state)
{
    (void)state;
    PEER_GROUP_EVENT_REGISTRATION wanted = {PEER_GROUP_EVENT_INCOMING_DATA, (GUID *)&type_other};
    struct listener some = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    struct listener all = listen_to(pair.founder);
    assert_ok(PeerGroupRegisterEvent(pair.founder, some.event, 1, &wanted, &some.handle));
    ULONGLONG id = neighbour_id();
    assert_ok(PeerGroupSendData(pair.member, id, &type_note, 1, (PVOID) "n"));
    assert_ok(PeerGroupSendData(pair.member, id, &type_other, 1, (PVOID) "o"));
    PPEER_GROUP_EVENT_DATA data = await_type(&some, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_true(IsEqualGUID(&data->incomingData.type, &type_other));
    PeerFreeData(data);
    assert_hr(PeerGroupGetEventData(some.handle, &data), PEER_S_NO_EVENT_DATA);
    for (int i = 0; i < 2; i++) {
        data = await_type(&all, PEER_GROUP_EVENT_INCOMING_DATA);
        assert_true(IsEqualGUID(&data->incomingData.type, i ? &type_other : &type_note));
        PeerFreeData(data);
    }
    stop_listening(&some);
    stop_listening(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newcomer),
        cmocka_unit_test(test_comes_and_leaves),
        cmocka_unit_test(test_first_record),
        cmocka_unit_test(test_one_record),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_several_attempts),
        cmocka_unit_test(test_all_attempts_fail),
        cmocka_unit_test(test_incoming_data_alone),
        cmocka_unit_test(test_id_before_the_event),
        cmocka_unit_test(test_data_of_one_type),
    };
    return cmocka_run_group_tests(tests, two_setup, two_teardown);
}
