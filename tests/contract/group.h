/* group.h - what the tests on groups share: identities, groups and records made with few words,
 * events that are awaited, and two members of one group in this process. */
#ifndef CONTRACT_GROUP_H
#define CONTRACT_GROUP_H

#include "contract.h"
#include "support/home.h"
#include "support/wide.h"

enum { WAIT_MS = 20000 };

static const WCHAR lone_surrogate[] = {u'a', 0xD800, u'b', 0};
static const WCHAR nobody[] = u"0123456789abcdef0123456789abcdef01234567.nobody";
static const WCHAR good_password[] = u"Plinth-Vex-27-obelisk";
static const GUID type_note = {
    0x1d6a5a0c, 0x4b2e, 0x4c37, {0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}};
static const GUID type_other = {
    0x2d6a5a0c, 0x4b2e, 0x4c37, {0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}};

static inline int group_setup(void **state)
{
    PEER_VERSION_DATA version;
    if (home_setup(state) != 0 || setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1) != 0)
        return -1;
    return SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)) ? 0 : -1;
}

static inline int group_teardown(void **state)
{
    HRESULT hr = PeerGroupShutdown();
    return SUCCEEDED(hr) ? home_teardown(state) : -1;
}

/* ---- identities and groups ---- */

/* Free with PeerFreeData. */
static inline PWSTR new_identity(PCWSTR friendly_name)
{
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(NULL, friendly_name, 0, &name));
    return name;
}

static inline PEER_GROUP_PROPERTIES properties_by(PCWSTR creator)
{
    return (PEER_GROUP_PROPERTIES){.dwSize = sizeof(PEER_GROUP_PROPERTIES),
                                   .pwzCreatorPeerName = (PWSTR)creator,
                                   .pwzClassifier = (PWSTR)u"club",
                                   .pwzFriendlyName = (PWSTR)u"The club"};
}

static inline HGROUP new_group(PCWSTR creator)
{
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    assert_ok(PeerGroupCreate(&properties, &group));
    assert_non_null(group);
    return group;
}

/* Free with free. */
static inline WCHAR *name_of(HGROUP group)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    WCHAR *name = wide_copy(properties->pwzGroupPeerName);
    PeerFreeData(properties);
    return name;
}

static inline ULONG count_of(HPEERENUM enumeration)
{
    ULONG count = 0;
    assert_ok(PeerGetItemCount(enumeration, &count));
    assert_ok(PeerEndEnumeration(enumeration));
    return count;
}

static inline ULONG group_count(PCWSTR identity)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerEnumGroups(identity, &enumeration));
    return count_of(enumeration);
}

/* ---- time and records ---- */

static inline FILETIME filetime_of(ULONGLONG ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

static inline ULONGLONG ticks_of(FILETIME time)
{
    return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static inline FILETIME utc_in(LONGLONG seconds)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return filetime_of(ticks_of(now) + (ULONGLONG)(seconds * 10000000));
}

static inline FILETIME peer_time_in(HGROUP group, LONGLONG seconds)
{
    FILETIME time = utc_in(seconds);
    assert_ok(PeerGroupUniversalTimeToPeerTime(group, &time, &time));
    return time;
}

/* A note that expires in an hour; its payload is borrowed. */
static inline PEER_RECORD note(HGROUP group, const char *text)
{
    PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note};
    record.ftExpiration = peer_time_in(group, 3600);
    record.data.cbData = (ULONG)strlen(text);
    record.data.pbData = (PBYTE)text;
    return record;
}

static inline GUID add_note(HGROUP group, const char *text)
{
    GUID id = {0};
    PEER_RECORD record = note(group, text);
    assert_ok(PeerGroupAddRecord(group, &record, &id));
    return id;
}

static inline ULONG record_count(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumRecords(group, NULL, &enumeration));
    return count_of(enumeration);
}

/* ---- events ---- */

struct listener {
    HANDLE event;
    HPEEREVENT handle;
};

static const PEER_GROUP_EVENT_REGISTRATION all_events[] = {
    {PEER_GROUP_EVENT_STATUS_CHANGED, NULL},        {PEER_GROUP_EVENT_PROPERTY_CHANGED, NULL},
    {PEER_GROUP_EVENT_RECORD_CHANGED, NULL},        {PEER_GROUP_EVENT_DIRECT_CONNECTION, NULL},
    {PEER_GROUP_EVENT_NEIGHBOR_CONNECTION, NULL},   {PEER_GROUP_EVENT_INCOMING_DATA, NULL},
    {PEER_GROUP_EVENT_MEMBER_CHANGED, NULL},        {PEER_GROUP_EVENT_CONNECTION_FAILED, NULL},
    {PEER_GROUP_EVENT_AUTHENTICATION_FAILED, NULL},
};

static inline struct listener listen_to(HGROUP group)
{
    struct listener listener = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    assert_non_null(listener.event);
    assert_ok(PeerGroupRegisterEvent(group, listener.event, ARRAY_SIZE(all_events),
                                     (PEER_GROUP_EVENT_REGISTRATION *)all_events,
                                     &listener.handle));
    return listener;
}

static inline void stop_listening(struct listener *listener)
{
    assert_ok(PeerGroupUnregisterEvent(listener->handle));
    assert_true(CloseHandle(listener->event));
}

typedef bool (*event_predicate)(const PEER_GROUP_EVENT_DATA *event, const void *context);

/* Takes events until one is wanted, and gives that one (free with PeerFreeData). */
static inline PPEER_GROUP_EVENT_DATA await(const struct listener *listener, event_predicate wanted,
                                           const void *context)
{
    for (;;) {
        PPEER_GROUP_EVENT_DATA event = NULL;
        HRESULT hr = PeerGroupGetEventData(listener->handle, &event);
        if (hr == PEER_S_NO_EVENT_DATA) {
            assert_int_equal(WaitForSingleObject(listener->event, WAIT_MS), WAIT_OBJECT_0);
            continue;
        }
        assert_ok(hr);
        if (wanted(event, context))
            return event;
        PeerFreeData(event);
    }
}

static inline bool is_of_type(const PEER_GROUP_EVENT_DATA *event, const void *type)
{
    return event->eventType == *(const PEER_GROUP_EVENT_TYPE *)type;
}

static inline PPEER_GROUP_EVENT_DATA await_type(const struct listener *listener,
                                                PEER_GROUP_EVENT_TYPE type)
{
    return await(listener, is_of_type, &type);
}

static inline bool has_status(const PEER_GROUP_EVENT_DATA *event, const void *bits)
{
    DWORD wanted = *(const DWORD *)bits;
    return event->eventType == PEER_GROUP_EVENT_STATUS_CHANGED &&
           ((DWORD)event->dwStatus & wanted) == wanted;
}

static inline void await_status(const struct listener *listener, DWORD bits)
{
    PeerFreeData(await(listener, has_status, &bits));
}

static inline bool is_record(const PEER_GROUP_EVENT_DATA *event, const void *id)
{
    return event->eventType == PEER_GROUP_EVENT_RECORD_CHANGED &&
           IsEqualGUID(&event->recordChangeData.recordId, (const GUID *)id);
}

/* The next change of one record. */
static inline PEER_RECORD_CHANGE_TYPE await_record(const struct listener *listener, const GUID *id)
{
    PPEER_GROUP_EVENT_DATA event = await(listener, is_record, id);
    PEER_RECORD_CHANGE_TYPE change = event->recordChangeData.changeType;
    PeerFreeData(event);
    return change;
}

/* ---- invitations; two members ---- */

/* Free with PeerFreeData. */
static inline PWSTR invite(HGROUP group, PCWSTR invitee, const GUID *role)
{
    PWSTR identity = NULL, invitation = NULL;
    assert_ok(PeerIdentityGetXML(invitee, &identity));
    assert_ok(PeerGroupCreateInvitation(group, identity, NULL, role ? 1 : 0, role, &invitation));
    PeerFreeData(identity);
    return invitation;
}

/* Makes somebody known to the group who has not been there: an administrator publishes it. */
static inline void announce(HGROUP group, PCWSTR name)
{
    PPEER_INVITATION_INFO source = NULL;
    PEER_ROLE_ID role = PEER_GROUP_ROLE_MEMBER;
    PWSTR invitation = invite(group, name, NULL);
    assert_ok(PeerGroupParseInvitation(invitation, &source));
    PEER_CREDENTIAL_INFO info = {.dwSize = sizeof(info),
                                 .pPublicKey = source->pSubjectPublicKey,
                                 .ftValidityStart = utc_in(0),
                                 .ftValidityEnd = utc_in(86400),
                                 .cRoles = 1,
                                 .pRoles = &role};
    assert_ok(PeerGroupIssueCredentials(group, name, &info, PEER_GROUP_STORE_CREDENTIALS, NULL));
    PeerFreeData(source);
    PeerFreeData(invitation);
}

/* Joins without connecting. */
static inline HGROUP join(HGROUP inviter, PCWSTR invitee, const GUID *role)
{
    HGROUP group = NULL;
    PWSTR invitation = invite(inviter, invitee, role);
    assert_ok(PeerGroupJoin(invitee, invitation, NULL, &group));
    PeerFreeData(invitation);
    return group;
}

/* Connects and waits until others can reach this one, which is when its records are here. */
static inline void go_online(HGROUP group)
{
    struct listener listener = listen_to(group);
    HRESULT hr = PeerGroupConnect(group);
    assert_true(hr == S_OK || hr == PEER_S_ALREADY_CONNECTED);
    DWORD status = 0;
    assert_ok(PeerGroupGetStatus(group, &status));
    if (!(status & PEER_GROUP_STATUS_LISTENING))
        await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
}

struct pair {
    PWSTR founder_name;
    PWSTR member_name;
    HGROUP founder;
    HGROUP member;
};

/* A founder and a member (role NULL: an ordinary one), connected to each other. */
static inline void pair_begin(struct pair *pair, const GUID *role)
{
    pair->founder_name = new_identity(u"Founder");
    pair->member_name = new_identity(u"Member");
    pair->founder = new_group(pair->founder_name);
    go_online(pair->founder);
    pair->member = join(pair->founder, pair->member_name, role);
    go_online(pair->member);
}

static inline void pair_end(struct pair *pair)
{
    assert_ok(PeerGroupClose(pair->member));
    assert_ok(PeerGroupClose(pair->founder));
    PeerFreeData(pair->founder_name);
    PeerFreeData(pair->member_name);
}

/* ---- without rights ---- */

/* group_locked runs one call while the folder of the keys is open to others, and closes it again
 * (ruling 19). */
static inline HRESULT group_locked(HRESULT (*call)(void))
{
    assert_int_equal(chmod(test_home, 0755), 0);
    HRESULT hr = call();
    assert_int_equal(chmod(test_home, 0700), 0);
    return hr;
}

#endif
