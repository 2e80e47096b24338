/* cases_link.c - events, going online and direct connections under failing allocations. */
#include "oom.h"

static const GUID type_data = {
    0x3d6a5a0c, 0x4b2e, 0x4c37, {0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}};
static PEER_GROUP_EVENT_REGISTRATION wanted[] = {
    {PEER_GROUP_EVENT_RECORD_CHANGED, NULL},
    {PEER_GROUP_EVENT_DIRECT_CONNECTION, NULL},
};

/* ---- events ---- */

static HRESULT call_register(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HPEEREVENT registration = NULL;
    if (!event)
        return E_OUTOFMEMORY;
    HRESULT hr = PeerGroupRegisterEvent(oom_now.founder, event, 2, wanted, &registration);
    OOM_CHECK(SUCCEEDED(hr) == (registration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerGroupUnregisterEvent(registration)));
    CloseHandle(event);
    return hr;
}

/* A registration in whose queue one change of a record waits. */
static void prepare_event(void)
{
    GUID id;
    PEER_RECORD record = oom_note("tells of itself");
    oom_now.event = CreateEventW(NULL, FALSE, FALSE, NULL);
    OOM_CHECK(oom_now.event);
    OOM_CHECK(SUCCEEDED(
        PeerGroupRegisterEvent(oom_now.founder, oom_now.event, 2, wanted, &oom_now.registration)));
    OOM_CHECK(SUCCEEDED(PeerGroupAddRecord(oom_now.founder, &record, &id)));
    OOM_CHECK(WaitForSingleObject(oom_now.event, 20000) == WAIT_OBJECT_0);
}

static HRESULT call_event(void)
{
    PPEER_GROUP_EVENT_DATA event = NULL;
    HRESULT hr = PeerGroupGetEventData(oom_now.registration, &event);
    OOM_CHECK((hr == S_OK) == (event != NULL));
    PeerFreeData(event);
    return hr;
}

static HRESULT call_unregister(void)
{
    HRESULT hr = PeerGroupUnregisterEvent(oom_now.registration);
    oom_now.registration = NULL;
    return hr;
}

/* ---- links ---- */

static HRESULT call_connect(void)
{
    return PeerGroupConnect(oom_now.founder);
}

static HRESULT call_connect_by_address(void)
{
    PEER_ADDRESS address = {.dwSize = sizeof(address)};
    address.sin6.sin6_family = AF_INET6;
    address.sin6.sin6_port = htons(9);
    address.sin6.sin6_addr = in6addr_loopback;
    return PeerGroupConnectByAddress(oom_now.founder, 1, &address);
}

static HRESULT call_connections(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupEnumConnections(
        oom_now.founder, PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT, &enumeration);
    OOM_CHECK(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return hr;
}

/* The one neighbour of a member. */
static void find_neighbour(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 1;
    PPEER_CONNECTION_INFO *items = NULL;
    OOM_CHECK(SUCCEEDED(PeerGroupEnumConnections(group, PEER_CONNECTION_NEIGHBOR, &enumeration)));
    OOM_CHECK(SUCCEEDED(PeerGetNextItem(enumeration, &count, (PVOID **)&items)));
    OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    OOM_CHECK(count == 1);
    oom_now.connection = items[0]->ullConnectionId;
    oom_now.address = items[0]->address;
    PeerFreeData(items);
}

/* The founder's own link to the guest. */
static void prepare_connection(void)
{
    find_neighbour(oom_now.founder);
}

static HRESULT call_send(void)
{
    return PeerGroupSendData(oom_now.founder, oom_now.connection, &type_data, 4, (PVOID) "data");
}

/* The address need not answer: what is asked is whether the attempt begins. */
static HRESULT call_open_direct(void)
{
    ULONGLONG id = 0;
    HRESULT hr = PeerGroupOpenDirectConnection(oom_now.founder, oom_now.template->guest,
                                               &oom_now.address, &id);
    if (SUCCEEDED(hr)) {
        HRESULT end = PeerGroupCloseDirectConnection(oom_now.founder, id);
        OOM_CHECK(SUCCEEDED(end) || end == PEER_E_CONNECTION_NOT_FOUND || end == E_OUTOFMEMORY);
    }
    return hr;
}

/* Guest is who called Founder, so it knows where that one listens; Founder takes direct connections
 * since it registered for them. */
static void prepare_direct(void)
{
    static HANDLE heard;
    static HPEEREVENT registration;
    PPEER_GROUP_EVENT_DATA event = NULL;
    heard = CreateEventW(NULL, FALSE, FALSE, NULL);
    OOM_CHECK(heard);
    OOM_CHECK(
        SUCCEEDED(PeerGroupRegisterEvent(oom_now.founder, heard, 1, &wanted[1], &registration)));
    find_neighbour(oom_now.member);
    oom_now.event = CreateEventW(NULL, FALSE, FALSE, NULL);
    OOM_CHECK(oom_now.event);
    OOM_CHECK(SUCCEEDED(PeerGroupRegisterEvent(oom_now.member, oom_now.event, 1, &wanted[1],
                                               &oom_now.registration)));
    OOM_CHECK(SUCCEEDED(PeerGroupOpenDirectConnection(oom_now.member, oom_now.template->founder,
                                                      &oom_now.address, &oom_now.connection)));
    OOM_CHECK(WaitForSingleObject(oom_now.event, 20000) == WAIT_OBJECT_0);
    OOM_CHECK(PeerGroupGetEventData(oom_now.registration, &event) == S_OK);
    OOM_CHECK(event->connectionChangeData.status == PEER_CONNECTED);
    PeerFreeData(event);
}

static HRESULT call_close_direct(void)
{
    return PeerGroupCloseDirectConnection(oom_now.member, oom_now.connection);
}

const struct oom_case oom_cases_link[] = {
    {"PeerGroupRegisterEvent", OOM_OPEN, NULL, call_register, .failures_min = 3},
    {"PeerGroupGetEventData", OOM_OPEN, prepare_event, call_event, PEER_S_NO_EVENT_DATA,
     .failures_min = 1},
    {"PeerGroupUnregisterEvent", OOM_OPEN, prepare_event, call_unregister, E_INVALIDARG},
    {"PeerGroupConnect", OOM_OPEN, NULL, call_connect, PEER_S_ALREADY_CONNECTED, .failures_min = 5},
    {"PeerGroupConnectByAddress", OOM_OPEN, NULL, call_connect_by_address, PEER_S_ALREADY_CONNECTED,
     .failures_min = 5},
    {"PeerGroupEnumConnections", OOM_PAIR, NULL, call_connections, .failures_min = 3},
    {"PeerGroupSendData", OOM_PAIR, prepare_connection, call_send,
     .lost = PEER_E_CONNECTION_NOT_FOUND, .failures_min = 1},
    {"PeerGroupOpenDirectConnection", OOM_PAIR, prepare_connection, call_open_direct,
     .failures_min = 3},
    {"PeerGroupCloseDirectConnection", OOM_PAIR, prepare_direct, call_close_direct,
     PEER_E_CONNECTION_NOT_FOUND, .lost = PEER_E_CONNECTION_NOT_FOUND, .failures_min = 1},
    {0},
};
