/* Do links and what goes over them keep what is documented (semantics 5.8, 12.10, 12.14, 13)? */
#include "two.h"
#include "support/sweep.h"

#include <glob.h>
#include <sqlite3.h>

/* One block of all connections (free with PeerFreeData). */
static PPEER_CONNECTION_INFO *connections(HGROUP group, DWORD flags, ULONG *count)
{
    HPEERENUM enumeration = NULL;
    PPEER_CONNECTION_INFO *items = NULL;
    *count = 100;
    assert_ok(PeerGroupEnumConnections(group, flags, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    return items;
}

/* Where this peer listens, as its own entry among the members says. */
static PEER_ADDRESS address_of(HGROUP group, PCWSTR name)
{
    struct listener listener = listen_to(group);
    PEER_ADDRESS address = {0};
    while (address.dwSize == 0) {
        HPEERENUM enumeration = NULL;
        PPEER_MEMBER *items = NULL;
        ULONG count = 1;
        assert_ok(PeerGroupEnumMembers(group, PEER_MEMBER_PRESENT, name, &enumeration));
        assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
        assert_ok(PeerEndEnumeration(enumeration));
        if (count > 0 && items[0]->cAddresses > 0)
            address = items[0]->pAddresses[0];
        PeerFreeData(items);
        if (address.dwSize == 0)
            PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_MEMBER_CHANGED));
    }
    stop_listening(&listener);
    return address;
}

struct wanted_link {
    PEER_GROUP_EVENT_TYPE type;
    PEER_CONNECTION_STATUS status;
};

static bool is_link(const PEER_GROUP_EVENT_DATA *event, const void *context)
{
    const struct wanted_link *wanted = context;
    return event->eventType == wanted->type && event->connectionChangeData.status == wanted->status;
}

/* Waits for a change of a direct connection and gives its id and reason. */
static ULONGLONG await_direct(const struct listener *listener, PEER_CONNECTION_STATUS status,
                              HRESULT *reason)
{
    const struct wanted_link wanted = {PEER_GROUP_EVENT_DIRECT_CONNECTION, status};
    PPEER_GROUP_EVENT_DATA event = await(listener, is_link, &wanted);
    const PEER_EVENT_CONNECTION_CHANGE_DATA *data = &event->connectionChangeData;
    assert_int_equal(data->dwSize, sizeof(*data));
    assert_int_equal(data->ullNextConnectionId, 0);
    ULONGLONG id = data->ullConnectionId;
    if (reason)
        *reason = data->hrConnectionFailedReason;
    PeerFreeData(event);
    return id;
}

static void test_enum(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumConnections", "S_OK");
    ULONG count;
    PPEER_CONNECTION_INFO *items = connections(pair.member, PEER_CONNECTION_NEIGHBOR, &count);
    assert_int_equal(count, 1);
    assert_int_equal(items[0]->dwSize, sizeof(PEER_CONNECTION_INFO));
    assert_int_equal(items[0]->dwFlags, PEER_CONNECTION_NEIGHBOR);
    assert_true(items[0]->ullConnectionId != 0);
    assert_true(items[0]->ullNodeId != 0);
    assert_wide_equal(items[0]->pwzPeerId, pair.founder_name);
    assert_int_equal(items[0]->address.dwSize, sizeof(PEER_ADDRESS));
    assert_int_equal(items[0]->address.sin6.sin6_family, AF_INET6);
    assert_true(IN6_IS_ADDR_V4MAPPED(&items[0]->address.sin6.sin6_addr));
    PeerFreeData(items);
    items = connections(pair.member, PEER_CONNECTION_DIRECT, &count);
    assert_int_equal(count, 0);
    assert_null(items);
}

static void test_enum_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumConnections", "E_INVALIDARG");
    CONTRACT("PeerGroupEnumConnections", "PEER_E_INVALID_GROUP");
    HPEERENUM enumeration = (HPEERENUM)1;
    assert_hr(PeerGroupEnumConnections(pair.member, PEER_CONNECTION_NEIGHBOR, NULL), E_INVALIDARG);
    assert_hr(PeerGroupEnumConnections(pair.member, 0, &enumeration), E_INVALIDARG);
    assert_hr(PeerGroupEnumConnections(pair.member, 5, &enumeration), E_INVALIDARG);
    assert_hr(PeerGroupEnumConnections(NULL, PEER_CONNECTION_NEIGHBOR, &enumeration),
              PEER_E_INVALID_GROUP);
    assert_null(enumeration);
}

/* [point 12.11] [point 13.1] [point 13.3] [point 13.5] [point 13.6] Opened from one
 * side, used from both, closed by the other. */
static void test_direct_connection(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpenDirectConnection", "S_OK");
    CONTRACT("PeerGroupCloseDirectConnection", "S_OK");
    CONTRACT("PeerGroupSendData", "S_OK");
    struct listener at_member = listen_to(pair.member), at_founder = listen_to(pair.founder);
    PEER_ADDRESS address = address_of(pair.member, pair.founder_name);
    ULONGLONG id = 0;
    ULONG count;
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    assert_true(id != 0);
    assert_int_equal(await_direct(&at_member, PEER_CONNECTED, NULL), id);
    ULONGLONG there = await_direct(&at_founder, PEER_CONNECTED, NULL);
    PPEER_CONNECTION_INFO *items = connections(pair.founder, PEER_CONNECTION_DIRECT, &count);
    assert_int_equal(count, 1);
    assert_int_equal(items[0]->dwFlags, PEER_CONNECTION_DIRECT);
    assert_int_equal(items[0]->ullConnectionId, there);
    assert_wide_equal(items[0]->pwzPeerId, pair.member_name);
    PeerFreeData(items);

    assert_ok(PeerGroupSendData(pair.member, id, &type_note, 5, (PVOID) "hello"));
    PPEER_GROUP_EVENT_DATA event = await_type(&at_founder, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_int_equal(event->incomingData.dwSize, sizeof(PEER_EVENT_INCOMING_DATA));
    assert_int_equal(event->incomingData.ullConnectionId, there);
    assert_true(IsEqualGUID(&event->incomingData.type, &type_note));
    assert_int_equal(event->incomingData.data.cbData, 5);
    assert_memory_equal(event->incomingData.data.pbData, "hello", 5);
    PeerFreeData(event);
    assert_ok(PeerGroupSendData(pair.founder, there, &type_other, 0, NULL));
    event = await_type(&at_member, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_int_equal(event->incomingData.ullConnectionId, id);
    assert_int_equal(event->incomingData.data.cbData, 0);
    assert_null(event->incomingData.data.pbData);
    PeerFreeData(event);

    assert_ok(PeerGroupCloseDirectConnection(pair.founder, there));
    assert_int_equal(await_direct(&at_member, PEER_DISCONNECTED, NULL), id);
    assert_hr(PeerGroupSendData(pair.member, id, &type_note, 0, NULL), PEER_E_CONNECTION_NOT_FOUND);
    stop_listening(&at_member);
    stop_listening(&at_founder);
}

/* [point 13.6] A neighbour carries data too, large ones in pieces. */
static void test_data_over_a_neighbour(void **state)
{
    (void)state;
    enum { SIZE = 4 * 1024 * 1024 }; /* the most there can be */
    struct listener at_founder = listen_to(pair.founder);
    ULONG count;
    PPEER_CONNECTION_INFO *items = connections(pair.member, PEER_CONNECTION_NEIGHBOR, &count);
    ULONGLONG id = items[0]->ullConnectionId;
    PeerFreeData(items);
    BYTE *bytes = malloc(SIZE);
    assert_non_null(bytes);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (BYTE)(i * 31 + i / 256);
    assert_ok(PeerGroupSendData(pair.member, id, &type_note, SIZE, bytes));
    PPEER_GROUP_EVENT_DATA event = await_type(&at_founder, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_int_equal(event->incomingData.data.cbData, SIZE);
    assert_memory_equal(event->incomingData.data.pbData, bytes, SIZE);
    PeerFreeData(event);
    free(bytes);
    stop_listening(&at_founder);
}

/* [point 13.1] [point 13.3] [point 13.5] Whoever has not registered the event refuses, and the
 * caller is told; what has failed needs no closing. */
static void test_refused(void **state)
{
    (void)state;
    struct listener at_member = listen_to(pair.member);
    PEER_ADDRESS address = address_of(pair.member, pair.founder_name);
    ULONGLONG id = 0;
    HRESULT reason = S_OK;
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    assert_int_equal(await_direct(&at_member, PEER_CONNECTION_FAILED, &reason), id);
    assert_hr(reason, PEER_E_CONNECTION_REFUSED);
    assert_hr(PeerGroupCloseDirectConnection(pair.member, id), PEER_E_CONNECTION_NOT_FOUND);
    /* Nobody at the address at all: the port of a listener that is gone. */
    address.sin6.sin6_port = htons(1);
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    assert_int_equal(await_direct(&at_member, PEER_CONNECTION_FAILED, &reason), id);
    assert_hr(reason, PEER_E_CONNECTION_REFUSED);
    stop_listening(&at_member);
}

/* [point 13.4] [point 13.7] Identity and address are required, and not the own. */
static void test_direct_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpenDirectConnection", "E_INVALIDARG");
    CONTRACT("PeerGroupOpenDirectConnection", "PEER_E_CONNECT_SELF");
    PEER_ADDRESS address = address_of(pair.member, pair.founder_name), bad;
    ULONGLONG id = 1;
    assert_hr(PeerGroupOpenDirectConnection(pair.member, NULL, &address, &id), E_INVALIDARG);
    assert_int_equal(id, 0);
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, NULL, &id),
              E_INVALIDARG);
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, NULL),
              E_INVALIDARG);
    bad = address;
    bad.dwSize--;
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &bad, &id),
              E_INVALIDARG);
    bad = address;
    bad.sin6.sin6_family = AF_INET;
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &bad, &id),
              E_INVALIDARG);
    bad = address;
    bad.sin6.sin6_port = 0;
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &bad, &id),
              E_INVALIDARG);
    assert_hr(PeerGroupOpenDirectConnection(pair.member, lone_surrogate, &address, &id),
              E_INVALIDARG);
    assert_hr(PeerGroupOpenDirectConnection(pair.member, nobody, &address, &id), E_INVALIDARG);
    assert_hr(PeerGroupOpenDirectConnection(NULL, pair.founder_name, &address, &id),
              PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupOpenDirectConnection(pair.member, pair.member_name, &address, &id),
              PEER_E_CONNECT_SELF);
    assert_int_equal(id, 0);
}

static void test_no_such_connection(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCloseDirectConnection", "PEER_E_CONNECTION_NOT_FOUND");
    CONTRACT("PeerGroupCloseDirectConnection", "PEER_E_INVALID_GROUP");
    CONTRACT("PeerGroupSendData", "PEER_E_CONNECTION_NOT_FOUND");
    CONTRACT("PeerGroupSendData", "E_INVALIDARG");
    const ULONGLONG ids[] = {0, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        assert_hr(PeerGroupCloseDirectConnection(pair.member, ids[i]), PEER_E_CONNECTION_NOT_FOUND);
        assert_hr(PeerGroupSendData(pair.member, ids[i], &type_note, 1, (PVOID) "x"),
                  PEER_E_CONNECTION_NOT_FOUND);
    }
    /* A neighbour is not for this call to close. */
    ULONG count;
    PPEER_CONNECTION_INFO *items = connections(pair.member, PEER_CONNECTION_NEIGHBOR, &count);
    ULONGLONG id = items[0]->ullConnectionId;
    PeerFreeData(items);
    assert_hr(PeerGroupCloseDirectConnection(pair.member, id), PEER_E_CONNECTION_NOT_FOUND);
    assert_hr(PeerGroupCloseDirectConnection(NULL, id), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupSendData(pair.member, id, NULL, 1, (PVOID) "x"), E_INVALIDARG);
    assert_hr(PeerGroupSendData(pair.member, id, &type_note, 1, NULL), E_INVALIDARG);
    assert_hr(PeerGroupSendData(pair.member, id, &type_note, 4 * 1024 * 1024 + 1, (PVOID) "x"),
              E_INVALIDARG);
    assert_hr(PeerGroupSendData(NULL, id, &type_note, 1, (PVOID) "x"), PEER_E_INVALID_GROUP);
}

/* [point 5.8] Addresses instead of name resolution: ten, of which the last is somebody's. */
static void test_connect_by_address(void **state)
{
    (void)state;
    CONTRACT("PeerGroupConnectByAddress", "S_OK");
    CONTRACT("PeerGroupConnectByAddress", "PEER_E_INVALID_GROUP");
    enum { COUNT = 10 };
    PEER_ADDRESS addresses[COUNT], bad;
    for (int i = COUNT - 1; i >= 0; i--) {
        addresses[i] =
            i == COUNT - 1 ? address_of(pair.member, pair.founder_name) : addresses[i + 1];
        if (i < COUNT - 1)
            addresses[i].sin6.sin6_port = htons((uint16_t)(i + 1)); /* nobody; the next is tried */
    }
    PWSTR guest = new_identity(u"Guest");
    HGROUP visit = join(pair.founder, guest, NULL);
    assert_hr(PeerGroupConnectByAddress(visit, 0, addresses), E_INVALIDARG);
    assert_hr(PeerGroupConnectByAddress(visit, 1, NULL), E_INVALIDARG);
    bad = addresses[0];
    bad.dwSize = 0;
    assert_hr(PeerGroupConnectByAddress(visit, 1, &bad), E_INVALIDARG);
    assert_hr(PeerGroupConnectByAddress(NULL, COUNT, addresses), PEER_E_INVALID_GROUP);
    struct listener listener = listen_to(visit);
    assert_ok(PeerGroupConnectByAddress(visit, COUNT, addresses));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    PeerFreeData(guest);
}

/* All addresses of a call are tried, also where each but the last is nobody's. */
static void test_connect_by_many_addresses(void **state)
{
    (void)state;
    enum { MOST = 30 };
    PEER_ADDRESS addresses[MOST + 1];
    PWSTR guest = new_identity(u"Guest");
    HGROUP visit = join(pair.founder, guest, NULL);
    addresses[MOST - 1] = address_of(pair.member, pair.founder_name);
    for (size_t i = 0; i < MOST - 1; i++) {
        addresses[i] = addresses[MOST - 1];
        addresses[i].sin6.sin6_port = htons((uint16_t)(i + 1));
    }
    addresses[MOST] = addresses[0];
    assert_hr(PeerGroupConnectByAddress(visit, MOST + 1, addresses), E_INVALIDARG);
    struct listener listener = listen_to(visit);
    assert_ok(PeerGroupConnectByAddress(visit, MOST, addresses));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    PeerFreeData(guest);
}

/* Puts many addresses that answer nobody before those that the closed group remembers; the others
 * are open, and their databases locked. */
static void remember_nobody(void)
{
    glob_t found;
    int changed = 0;
    assert_int_equal(glob(home_file("groups/*.db"), 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        sqlite3 *db = NULL;
        int result = sqlite3_open_v2(found.gl_pathv[i], &db, SQLITE_OPEN_READWRITE, NULL);
        for (int port = 1; result == SQLITE_OK && port <= 20; port++) {
            char sql[200];
            snprintf(sql, sizeof(sql),
                     "INSERT INTO value VALUES(CAST('address/%064d' AS BLOB),"
                     " x'00000000000000000000FFFF7F000001%04x')",
                     port, (unsigned)port);
            result = sqlite3_exec(db, sql, NULL, NULL, NULL);
        }
        changed += result == SQLITE_OK;
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
    }
    globfree(&found);
    assert_true(changed > 0);
}

/* [point 5.8] Connect tries all that is remembered, not the first ten alone. */
static void test_connect_by_memory(void **state)
{
    (void)state;
    PWSTR founder_name = new_identity(u"F"), guest = new_identity(u"G");
    HGROUP founder = new_group(founder_name), visit = NULL;
    WCHAR *name = name_of(founder);
    PWSTR invitation = invite(founder, guest, NULL); /* before there is an address to put in it */
    go_online(founder);
    PEER_ADDRESS address = address_of(founder, founder_name);
    assert_ok(PeerGroupJoin(guest, invitation, NULL, &visit));
    struct listener listener = listen_to(visit);
    assert_ok(PeerGroupConnectByAddress(visit, 1, &address));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    remember_nobody();
    assert_ok(PeerGroupOpen(guest, name, NULL, &visit));
    listener = listen_to(visit);
    assert_ok(PeerGroupConnect(visit));
    const struct wanted_link wanted = {PEER_GROUP_EVENT_NEIGHBOR_CONNECTION, PEER_CONNECTED};
    PeerFreeData(await(&listener, is_link, &wanted));
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    assert_ok(PeerGroupClose(founder));
    free(name);
    PeerFreeData(invitation);
    PeerFreeData(founder_name);
    PeerFreeData(guest);
}

/* ---- without memory ---- */

static PEER_ADDRESS swept_address;
static ULONGLONG swept;

static HRESULT call_open(void)
{
    return PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &swept_address, &swept);
}

static void after_open(HRESULT hr)
{
    assert_true(SUCCEEDED(hr) == (swept != 0));
}

static HRESULT call_enum(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupEnumConnections(pair.member, PEER_CONNECTION_NEIGHBOR, &enumeration);
    assert_true(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    return hr;
}

/* What goes on between connected members meets a failure too; then their links are made anew, and
 * the outcome of the call is still one of the two. The quiet case is in test_group_memory.c. */
static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupOpenDirectConnection");
    swept_address = address_of(pair.member, pair.founder_name);
    swept_address.sin6.sin6_port = htons(1);
    assert_true(sweep(call_open, after_open) > 0);
    assert_true(sweep(call_enum, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enum),
        cmocka_unit_test(test_enum_bad_arguments),
        cmocka_unit_test(test_direct_connection),
        cmocka_unit_test(test_data_over_a_neighbour),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_direct_bad_arguments),
        cmocka_unit_test(test_no_such_connection),
        cmocka_unit_test(test_connect_by_address),
        cmocka_unit_test(test_connect_by_many_addresses),
        cmocka_unit_test(test_connect_by_memory),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, two_setup, two_teardown);
}
