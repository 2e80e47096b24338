/* chat_steps.c - the steps of a chat, one after the other: Ann makes a room and invites Bob, both
 * go online, each hears what the other says, they whisper over a direct connection, and Bob leaves.
 *
 * Both are in one process, each with an identity and a handle of its own; two programs would make
 * the same calls. Events are taken in the callback of a registered wait, as on Windows. Written for
 * Windows this has L"" and compiles there unchanged; here L"" needs -fshort-wchar and u"" does not.
 * WIDE chooses: cc -fshort-wchar -DWIDE=L chat_steps.c, or -DWIDE=u. What it prints is the same. */
#include <p2p.h>

#include <stdio.h>
#include <string.h>

#ifndef WIDE
#define WIDE u
#endif
#define JOIN(first, second) first##second
#define WIDEN(prefix, text) JOIN(prefix, text)
#define W(text) WIDEN(WIDE, text)

#define PATIENCE_MS 20000

static const GUID message_type = {
    0x4d5b2b10, 0x11d3, 0x4a3e, {0x8c, 0x10, 0x5e, 0x0a, 0x3d, 0x77, 0x21, 0x02}};
static const GUID whisper_type = {
    0x4d5b2b11, 0x11d3, 0x4a3e, {0x8c, 0x10, 0x5e, 0x0a, 0x3d, 0x77, 0x21, 0x02}};

/* What one of them waits for; set by the callback. */
struct news {
    HANDLE listening;
    HANDLE connected;
    HANDLE message;
    HANDLE direct;
    HANDLE whisper;
    HANDLE alone;
};

struct chatter {
    const char *name;
    PWSTR identity;
    HGROUP group;
    HANDLE event;
    HANDLE wait;
    HPEEREVENT registration;
    ULONGLONG direct_id; /* of the direct connection that is up */
    PPEER_RECORD heard;  /* the latest message */
    struct news news;
};

/* Stops at the first call that fails, and says which. */
static int step(const char *what, HRESULT hr)
{
    if (SUCCEEDED(hr))
        return 1;
    printf("%s: 0x%08lx\n", what, (unsigned long)hr & 0xffffffff);
    return 0;
}

static int wait_for(const char *what, HANDLE event)
{
    if (WaitForSingleObject(event, PATIENCE_MS) == WAIT_OBJECT_0)
        return 1;
    printf("%s: nothing came\n", what);
    return 0;
}

static void print_text(const char *what, PCWSTR text)
{
    printf("%s: ", what);
    for (; text && *text; text++)
        putchar(*text < 128 ? (int)*text : '?');
    putchar('\n');
}

static void print_data(const char *who, const char *what, const PEER_DATA *data)
{
    WCHAR text[64];
    ULONG size = data->cbData < sizeof(text) ? data->cbData : sizeof(text) - 2;
    memset(text, 0, sizeof(text));
    memcpy(text, data->pbData, size);
    printf("%s ", who);
    print_text(what, text);
}

/* ---- events ---- */

static void process_status(struct chatter *chatter, DWORD status)
{
    if (status & PEER_GROUP_STATUS_HAS_CONNECTIONS)
        SetEvent(chatter->news.connected);
    else if (status & PEER_GROUP_STATUS_LISTENING)
        SetEvent(chatter->news.alone);
    if (status & PEER_GROUP_STATUS_LISTENING)
        SetEvent(chatter->news.listening);
}

static void process_record(struct chatter *chatter, const PEER_EVENT_RECORD_CHANGE_DATA *change)
{
    if (change->changeType != PEER_RECORD_ADDED)
        return;
    PeerFreeData(chatter->heard);
    if (SUCCEEDED(PeerGroupGetRecord(chatter->group, &change->recordId, &chatter->heard)))
        SetEvent(chatter->news.message);
}

static void process_connection(struct chatter *chatter,
                               const PEER_EVENT_CONNECTION_CHANGE_DATA *change)
{
    if (change->status != PEER_CONNECTED)
        return;
    chatter->direct_id = change->ullConnectionId;
    SetEvent(chatter->news.direct);
}

static void process_data(struct chatter *chatter, const PEER_EVENT_INCOMING_DATA *incoming)
{
    print_data(chatter->name, "is told", &incoming->data);
    SetEvent(chatter->news.whisper);
}

/* One signal may stand for many events: take them until there are no more. */
static VOID CALLBACK take_events(PVOID context, BOOLEAN timed_out)
{
    struct chatter *chatter = (struct chatter *)context;
    PPEER_GROUP_EVENT_DATA event = NULL;
    (void)timed_out;
    while (PeerGroupGetEventData(chatter->registration, &event) == S_OK) {
        switch (event->eventType) {
        case PEER_GROUP_EVENT_STATUS_CHANGED:
            process_status(chatter, (DWORD)event->dwStatus);
            break;
        case PEER_GROUP_EVENT_RECORD_CHANGED:
            process_record(chatter, &event->recordChangeData);
            break;
        case PEER_GROUP_EVENT_DIRECT_CONNECTION:
            process_connection(chatter, &event->connectionChangeData);
            break;
        case PEER_GROUP_EVENT_INCOMING_DATA:
            process_data(chatter, &event->incomingData);
            break;
        default:
            break;
        }
        PeerFreeData(event);
    }
}

static int register_events(struct chatter *chatter)
{
    PEER_GROUP_EVENT_REGISTRATION wanted[4];
    memset(wanted, 0, sizeof(wanted));
    wanted[0].eventType = PEER_GROUP_EVENT_STATUS_CHANGED;
    wanted[1].eventType = PEER_GROUP_EVENT_RECORD_CHANGED;
    wanted[1].pType = (GUID *)&message_type;
    wanted[2].eventType = PEER_GROUP_EVENT_DIRECT_CONNECTION;
    wanted[3].eventType = PEER_GROUP_EVENT_INCOMING_DATA;
    wanted[3].pType = (GUID *)&whisper_type;
    chatter->event = CreateEvent(NULL, FALSE, FALSE, NULL);
    return chatter->event &&
           step("register", PeerGroupRegisterEvent(chatter->group, chatter->event, 4, wanted,
                                                   &chatter->registration)) &&
           RegisterWaitForSingleObject(&chatter->wait, chatter->event, take_events, chatter,
                                       INFINITE, WT_EXECUTEDEFAULT);
}

static int go_online(struct chatter *chatter)
{
    return register_events(chatter) && step("connect", PeerGroupConnect(chatter->group)) &&
           wait_for("listening", chatter->news.listening);
}

/* ---- the room ---- */

static int create_room(struct chatter *ann)
{
    PEER_GROUP_PROPERTIES wish;
    PPEER_GROUP_PROPERTIES properties = NULL;
    memset(&wish, 0, sizeof(wish));
    wish.dwSize = sizeof(wish);
    wish.pwzFriendlyName = (PWSTR)W("Chat room");
    wish.pwzClassifier = (PWSTR)W("chat");
    if (!step("identity", PeerIdentityCreate(NULL, W("Ann"), 0, &ann->identity)))
        return 0;
    wish.pwzCreatorPeerName = ann->identity;
    if (!step("create", PeerGroupCreate(&wish, &ann->group)) ||
        !step("properties", PeerGroupGetProperties(ann->group, &properties)))
        return 0;
    print_text("room", properties->pwzFriendlyName);
    print_text("classifier", properties->pwzClassifier);
    PeerFreeData(properties);
    return 1;
}

/* Bob's identity as XML goes to Ann, her invitation back to him: by any means. */
static int invite_and_join(struct chatter *ann, struct chatter *bob)
{
    PWSTR xml = NULL, invitation = NULL;
    PPEER_INVITATION_INFO info = NULL;
    int done = step("identity", PeerIdentityCreate(NULL, W("Bob"), 0, &bob->identity)) &&
               step("identity XML", PeerIdentityGetXML(bob->identity, &xml)) &&
               step("invitation", PeerGroupCreateInvitation(ann->group, xml, NULL, 1,
                                                            &PEER_GROUP_ROLE_MEMBER, &invitation));
    done = done && step("parse", PeerGroupParseInvitation(invitation, &info));
    if (done) {
        print_text("invited", info->pwzSubjectFriendlyName);
        print_text("by", info->pwzIssuerFriendlyName);
        print_text("to", info->pwzGroupFriendlyName);
    }
    done = done && step("join", PeerGroupJoin(bob->identity, invitation, NULL, &bob->group)) &&
           step("close", PeerGroupClose(bob->group));
    if (done)
        bob->group = NULL;
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(xml);
    return done;
}

/* The first group of an identity, as a program finds it when it starts again. */
static int open_room(struct chatter *chatter)
{
    HPEERENUM enumeration = NULL;
    PPEER_NAME_PAIR *pairs = NULL;
    ULONG count = 1;
    int done = step("groups", PeerEnumGroups(chatter->identity, &enumeration)) &&
               step("next", PeerGetNextItem(enumeration, &count, (PVOID **)&pairs)) && count == 1 &&
               step("open",
                    PeerGroupOpen(chatter->identity, pairs[0]->pwzPeerName, NULL, &chatter->group));
    PeerFreeData(pairs);
    if (enumeration)
        PeerEndEnumeration(enumeration);
    return done;
}

static int print_participants(struct chatter *chatter)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *members = NULL;
    ULONG count = 10;
    if (!step("members",
              PeerGroupEnumMembers(chatter->group, PEER_MEMBER_PRESENT, NULL, &enumeration)) ||
        !step("next", PeerGetNextItem(enumeration, &count, (PVOID **)&members)))
        return 0;
    for (ULONG i = 0; i < count; i++)
        print_text("here", members[i]->pCredentialInfo->pwzFriendlyName);
    PeerFreeData(members);
    return step("end", PeerEndEnumeration(enumeration)) && count == 2;
}

/* ---- talking ---- */

static int say(struct chatter *chatter, PCWSTR text, PCWSTR attributes)
{
    PEER_RECORD record;
    GUID id;
    ULARGE_INTEGER time;
    FILETIME now;
    memset(&record, 0, sizeof(record));
    record.dwSize = sizeof(record);
    record.type = message_type;
    record.pwzAttributes = (PWSTR)attributes;
    record.data.cbData = (ULONG)(lstrlenW(text) * sizeof(WCHAR));
    record.data.pbData = (PBYTE)text;
    GetSystemTimeAsFileTime(&now);
    time.LowPart = now.dwLowDateTime;
    time.HighPart = now.dwHighDateTime;
    time.QuadPart += 60ull * 60 * 10000000; /* for an hour */
    now.dwLowDateTime = time.LowPart;
    now.dwHighDateTime = time.HighPart;
    return step("time",
                PeerGroupUniversalTimeToPeerTime(chatter->group, &now, &record.ftExpiration)) &&
           step("add", PeerGroupAddRecord(chatter->group, &record, &id));
}

/* Said by one, heard by both: the room holds it for everybody. */
static int say_to(struct chatter *from, struct chatter *to, PCWSTR text, PCWSTR attributes)
{
    if (!say(from, text, attributes) || !wait_for("own message", from->news.message) ||
        !wait_for("message", to->news.message))
        return 0;
    print_data(from->name, "says", &from->heard->data);
    print_data(to->name, "hears", &to->heard->data);
    return 1;
}

static int look_up(struct chatter *chatter, PCWSTR query)
{
    HPEERENUM enumeration = NULL;
    PPEER_RECORD *records = NULL;
    ULONG count = 10;
    if (!step("search", PeerGroupSearchRecords(chatter->group, query, &enumeration)) ||
        !step("next", PeerGetNextItem(enumeration, &count, (PVOID **)&records)))
        return 0;
    printf("found: %lu\n", (unsigned long)count);
    for (ULONG i = 0; i < count; i++)
        print_data(chatter->name, "finds", &records[i]->data);
    PeerFreeData(records);
    return step("end", PeerEndEnumeration(enumeration));
}

/* The address comes from the list of members. */
static int open_direct(struct chatter *from, struct chatter *to)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *members = NULL;
    ULONG count = 1;
    ULONGLONG id;
    if (!step("members",
              PeerGroupEnumMembers(from->group, PEER_MEMBER_PRESENT, to->identity, &enumeration)))
        return 0;
    int done = step("next", PeerGetNextItem(enumeration, &count, (PVOID **)&members)) &&
               count == 1 && members[0]->cAddresses > 0 &&
               step("direct", PeerGroupOpenDirectConnection(from->group, to->identity,
                                                            &members[0]->pAddresses[0], &id));
    PeerFreeData(members);
    return step("end", PeerEndEnumeration(enumeration)) && done &&
           wait_for("direct", from->news.direct);
}

static int whisper(struct chatter *from, struct chatter *to, PCWSTR text)
{
    return open_direct(from, to) &&
           step("send", PeerGroupSendData(from->group, from->direct_id, &whisper_type,
                                          (ULONG)(lstrlenW(text) * sizeof(WCHAR)), (PVOID)text)) &&
           wait_for("whisper", to->news.whisper) &&
           step("close direct", PeerGroupCloseDirectConnection(from->group, from->direct_id));
}

/* ---- life ---- */

static int begin(struct chatter *chatter, const char *name)
{
    HANDLE *all = (HANDLE *)&chatter->news;
    int done = 1;
    memset(chatter, 0, sizeof(*chatter));
    chatter->name = name;
    for (size_t i = 0; i < sizeof(chatter->news) / sizeof(HANDLE); i++) {
        all[i] = CreateEvent(NULL, FALSE, FALSE, NULL);
        done = done && all[i];
    }
    return done;
}

/* The wait ends first, so that no callback runs any more. */
static int end(struct chatter *chatter)
{
    HANDLE *all = (HANDLE *)&chatter->news;
    int done = 1;
    if (chatter->wait)
        done = UnregisterWaitEx(chatter->wait, INVALID_HANDLE_VALUE) != 0;
    if (chatter->registration)
        done &= step("unregister", PeerGroupUnregisterEvent(chatter->registration));
    if (chatter->event)
        CloseHandle(chatter->event);
    if (chatter->group)
        done &= step("close", PeerGroupClose(chatter->group));
    PeerFreeData(chatter->heard);
    PeerFreeData(chatter->identity);
    for (size_t i = 0; i < sizeof(chatter->news) / sizeof(HANDLE); i++)
        CloseHandle(all[i]);
    return done;
}

static int chat(struct chatter *ann, struct chatter *bob)
{
    return create_room(ann) && go_online(ann) && invite_and_join(ann, bob) && open_room(bob) &&
           go_online(bob) && wait_for("connected", bob->news.connected) &&
           wait_for("connected", ann->news.connected) && print_participants(bob) &&
           say_to(ann, bob, W("hello"), NULL) &&
           say_to(bob, ann, W("is there tea"),
                  W("<attributes><attribute name=\"topic\" type=\"string\">tea</attribute>"
                    "</attributes>")) &&
           look_up(ann, W("<peersearch><clause attrib=\"topic\" type=\"string\" "
                          "compare=\"equal\">t*</clause></peersearch>")) &&
           whisper(bob, ann, W("no sugar"));
}

int main(void)
{
    struct chatter ann, bob;
    PEER_VERSION_DATA version;
    if (!step("startup", PeerGroupStartup(PEER_GROUP_VERSION, &version)))
        return 1;
    int done = begin(&ann, "Ann") & begin(&bob, "Bob");
    done = done && chat(&ann, &bob);
    done &= end(&bob);
    if (done && (done = wait_for("alone", ann.news.alone)))
        printf("Bob left\n");
    done &= end(&ann);
    done &= step("shutdown", PeerGroupShutdown());
    printf("%s\n", done ? "done" : "failed");
    return done ? 0 : 1;
}
