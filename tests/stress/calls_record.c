/* calls_record.c - records, events and connections. */
#include "stress.h"

#include <stdatomic.h>

static const GUID note_type = {0x6e6f7465, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};

/* ---- records: their ids are known to all ---- */

enum { IDS = 12 };

struct id_place {
    _Atomic uint64_t low;
    _Atomic uint64_t high;
};
static struct id_place ids[IDS];

static void keep_id(unsigned *seed, const GUID *id)
{
    uint64_t halves[2];
    struct id_place *place = &ids[stress_draw(seed, IDS)];
    memcpy(halves, id, sizeof(halves));
    atomic_store(&place->low, halves[0]);
    atomic_store(&place->high, halves[1]);
}

/* Two halves of different ids are an id that no record has: that is fine. */
static GUID some_id(unsigned *seed)
{
    struct id_place *place = &ids[stress_draw(seed, IDS)];
    uint64_t halves[2] = {atomic_load(&place->low), atomic_load(&place->high)};
    GUID id;
    memcpy(&id, halves, sizeof(id));
    return id;
}

/* Groups that last get small ones alone, so that their databases stay small. */
static PEER_RECORD note(unsigned *seed, HGROUP group)
{
    static char text[100000];
    bool lasts = group == stress_pair[0].group || group == stress_pair[1].group;
    bool large = !lasts && stress_draw(seed, 20) == 0;
    ULONG size = large ? sizeof(text) : 1 + stress_draw(seed, 200);
    return (PEER_RECORD){.dwSize = sizeof(PEER_RECORD),
                         .type = note_type,
                         .ftExpiration = stress_later(lasts ? 20 : 3600),
                         .data = {size, (PBYTE)text}};
}

static HRESULT add(unsigned *seed)
{
    GUID id = {0};
    HGROUP group = stress_look(STRESS_GROUP, seed);
    PEER_RECORD record = note(seed, group);
    HRESULT hr = PeerGroupAddRecord(group, &record, &id);
    if (SUCCEEDED(hr))
        keep_id(seed, &id);
    return hr;
}

static HRESULT update(unsigned *seed)
{
    HGROUP group = stress_look(STRESS_GROUP, seed);
    PEER_RECORD record = note(seed, group);
    record.id = some_id(seed);
    record.ftExpiration = stress_later(7200);
    return PeerGroupUpdateRecord(group, &record);
}

static HRESULT delete_record(unsigned *seed)
{
    GUID id = some_id(seed);
    return PeerGroupDeleteRecord(stress_look(STRESS_GROUP, seed), &id);
}

static HRESULT get(unsigned *seed)
{
    GUID id = some_id(seed);
    PPEER_RECORD record = NULL;
    HRESULT hr = PeerGroupGetRecord(stress_look(STRESS_GROUP, seed), &id, &record);
    PeerFreeData(record);
    return hr;
}

static HRESULT enum_records(unsigned *seed)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupEnumRecords(stress_look(STRESS_GROUP, seed),
                                      stress_draw(seed, 2) ? &note_type : NULL, &enumeration);
    return stress_keep_enumeration(seed, hr, enumeration);
}

static HRESULT search(unsigned *seed)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupSearchRecords(
        stress_look(STRESS_GROUP, seed),
        u"<peersearch><clause attrib=\"peercreatorid\" type=\"string\" compare=\"equal\">*"
        u"</clause></peersearch>",
        &enumeration);
    return stress_keep_enumeration(seed, hr, enumeration);
}

/* ---- events ---- */

static HRESULT register_event(unsigned *seed)
{
    PEER_GROUP_EVENT_REGISTRATION wanted[] = {
        {PEER_GROUP_EVENT_RECORD_CHANGED, NULL},      {PEER_GROUP_EVENT_MEMBER_CHANGED, NULL},
        {PEER_GROUP_EVENT_STATUS_CHANGED, NULL},      {PEER_GROUP_EVENT_DIRECT_CONNECTION, NULL},
        {PEER_GROUP_EVENT_NEIGHBOR_CONNECTION, NULL}, {PEER_GROUP_EVENT_INCOMING_DATA, NULL}};
    HPEEREVENT registration = NULL;
    HRESULT hr = PeerGroupRegisterEvent(stress_look(STRESS_GROUP, seed), stress_event,
                                        1 + stress_draw(seed, 6), wanted, &registration);
    HPEEREVENT old = FAILED(hr) ? NULL : stress_put(STRESS_EVENT, seed, registration);
    if (old) {
        HRESULT ended = PeerGroupUnregisterEvent(old);
        (void)ended; /* likewise */
    }
    return hr;
}

static HRESULT unregister_event(unsigned *seed)
{
    return PeerGroupUnregisterEvent(stress_take(STRESS_EVENT, seed));
}

static HRESULT event_data(unsigned *seed)
{
    HPEEREVENT events = stress_look(STRESS_EVENT, seed);
    HRESULT hr = S_OK;
    for (int i = 0; i < 64 && hr == S_OK; i++) {
        PPEER_GROUP_EVENT_DATA event = NULL;
        hr = PeerGroupGetEventData(events, &event);
        PeerFreeData(event);
    }
    return hr;
}

static HRESULT resume(unsigned *seed)
{
    return PeerGroupResumePasswordAuthentication(stress_look(STRESS_GROUP, seed),
                                                 stress_look(STRESS_EVENT, seed));
}

/* ---- connections ---- */

static HRESULT enum_connections(unsigned *seed)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr =
        PeerGroupEnumConnections(stress_look(STRESS_GROUP, seed),
                                 PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT, &enumeration);
    return stress_keep_enumeration(seed, hr, enumeration);
}

/* One of a group's connections, or a made-up id. */
static ULONGLONG some_connection(unsigned *seed, HGROUP group)
{
    HPEERENUM enumeration = NULL;
    PPEER_CONNECTION_INFO *items = NULL;
    ULONG count = 8;
    ULONGLONG id = (ULONGLONG)rand_r(seed);
    if (FAILED(PeerGroupEnumConnections(group, PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT,
                                        &enumeration)))
        return id;
    HRESULT hr = PeerGetNextItem(enumeration, &count, (PVOID **)&items);
    if (SUCCEEDED(hr) && count > 0)
        id = items[stress_draw(seed, count)]->ullConnectionId;
    PeerFreeData(items);
    hr = PeerEndEnumeration(enumeration);
    return id;
}

static HRESULT send_data(unsigned *seed)
{
    HGROUP group = stress_look(STRESS_GROUP, seed);
    return PeerGroupSendData(group, some_connection(seed, group), &note_type, 6, (PVOID) "stress");
}

static HRESULT close_direct(unsigned *seed)
{
    HGROUP group = stress_look(STRESS_GROUP, seed);
    return PeerGroupCloseDirectConnection(group, some_connection(seed, group));
}

static HRESULT open_direct(unsigned *seed)
{
    ULONGLONG id = 0;
    unsigned from = stress_draw(seed, 4);
    if (from < 2)
        return PeerGroupOpenDirectConnection(stress_pair[from].group, stress_pair[1 - from].name,
                                             &stress_pair[1 - from].address, &id);
    WCHAR *identity = stress_text(stress_draw(seed, 2) ? STRESS_IDENTITY : STRESS_GROUP_NAME, seed);
    if (identity)
        stress_split(identity);
    PEER_ADDRESS address = {.dwSize = sizeof(address)};
    address.sin6.sin6_family = AF_INET6;
    address.sin6.sin6_port = htons(9);
    address.sin6.sin6_addr = in6addr_loopback;
    HRESULT hr =
        PeerGroupOpenDirectConnection(stress_look(STRESS_GROUP, seed), identity, &address, &id);
    free(identity);
    return hr;
}

const struct stress_call stress_record_calls[] = {
    {"PeerGroupAddRecord", add, 1},
    {"PeerGroupUpdateRecord", update, 1},
    {"PeerGroupDeleteRecord", delete_record, 1},
    {"PeerGroupGetRecord", get, 1},
    {"PeerGroupEnumRecords", enum_records, 2},
    {"PeerGroupSearchRecords", search, 2},
    {"PeerGroupRegisterEvent", register_event, 1},
    {"PeerGroupUnregisterEvent", unregister_event, 1},
    {"PeerGroupGetEventData", event_data, 1},
    {"PeerGroupResumePasswordAuthentication", resume, 1},
    {"PeerGroupEnumConnections", enum_connections, 1},
    {"PeerGroupSendData", send_data, 1},
    {"PeerGroupCloseDirectConnection", close_direct, 1},
    {"PeerGroupOpenDirectConnection", open_direct, 4},
    {0},
};
