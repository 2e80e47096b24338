/* chat_steps.c - the steps of a chat, one after the other, in one process: two identities, a group,
 * an invitation, events, messages as records, a search.
 *
 * Written for Windows it would have L"" and compile there unchanged; here L"" needs -fshort-wchar
 * and u"" does not. WIDE chooses: cc -fshort-wchar -DWIDE=L chat_steps.c, or -DWIDE=u. Everything
 * it prints is the same in both. */
#include <p2p.h>

#include <stdio.h>
#include <string.h>

#ifndef WIDE
#define WIDE u
#endif
#define JOIN(first, second) first##second
#define WIDEN(prefix, text) JOIN(prefix, text)
#define W(text) WIDEN(WIDE, text)

static const GUID message_type = {
    0x4d5b2b10, 0x11d3, 0x4a3e, {0x8c, 0x10, 0x5e, 0x0a, 0x3d, 0x77, 0x21, 0x02}};

/* Stops at the first call that fails, and says which. */
static int step(const char *what, HRESULT hr)
{
    if (SUCCEEDED(hr))
        return 1;
    printf("%s: 0x%08lx\n", what, (unsigned long)hr & 0xffffffff);
    return 0;
}

static void print_text(const char *what, PCWSTR text)
{
    printf("%s: ", what);
    for (; text && *text; text++)
        putchar(*text < 128 ? (int)*text : '?');
    putchar('\n');
}

struct chat {
    PWSTR ann;
    PWSTR bob;
    HGROUP group;
    HANDLE event;
    HPEEREVENT registration;
};

static int create(struct chat *chat)
{
    PEER_GROUP_PROPERTIES wish;
    PPEER_GROUP_PROPERTIES properties = NULL;
    memset(&wish, 0, sizeof(wish));
    wish.dwSize = sizeof(wish);
    wish.pwzFriendlyName = (PWSTR)W("Chat room");
    wish.pwzClassifier = (PWSTR)W("chat");
    if (!step("identity", PeerIdentityCreate(NULL, W("Ann"), 0, &chat->ann)))
        return 0;
    wish.pwzCreatorPeerName = chat->ann;
    if (!step("create", PeerGroupCreate(&wish, &chat->group)) ||
        !step("properties", PeerGroupGetProperties(chat->group, &properties)))
        return 0;
    print_text("room", properties->pwzFriendlyName);
    print_text("classifier", properties->pwzClassifier);
    PeerFreeData(properties);
    return 1;
}

static int invite(struct chat *chat)
{
    PWSTR identity = NULL, invitation = NULL;
    PPEER_INVITATION_INFO info = NULL;
    int done =
        step("identity", PeerIdentityCreate(NULL, W("Bob"), 0, &chat->bob)) &&
        step("identity XML", PeerIdentityGetXML(chat->bob, &identity)) &&
        step("invitation", PeerGroupCreateInvitation(chat->group, identity, NULL, 1,
                                                     &PEER_GROUP_ROLE_MEMBER, &invitation)) &&
        step("parse", PeerGroupParseInvitation(invitation, &info));
    if (done) {
        print_text("invited", info->pwzSubjectFriendlyName);
        print_text("by", info->pwzIssuerFriendlyName);
        print_text("to", info->pwzGroupFriendlyName);
    }
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(identity);
    return done;
}

static int register_events(struct chat *chat)
{
    PEER_GROUP_EVENT_REGISTRATION wanted;
    wanted.eventType = PEER_GROUP_EVENT_RECORD_CHANGED;
    wanted.pType = (GUID *)&message_type;
    chat->event = CreateEvent(NULL, FALSE, FALSE, NULL);
    return chat->event && step("register", PeerGroupRegisterEvent(chat->group, chat->event, 1,
                                                                  &wanted, &chat->registration));
}

static int say(struct chat *chat, PCWSTR text, PCWSTR attributes)
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
                PeerGroupUniversalTimeToPeerTime(chat->group, &now, &record.ftExpiration)) &&
           step("add", PeerGroupAddRecord(chat->group, &record, &id));
}

static void print_message(const PEER_RECORD *record)
{
    WCHAR text[64];
    ULONG size = record->data.cbData < sizeof(text) ? record->data.cbData : sizeof(text) - 2;
    memset(text, 0, sizeof(text));
    memcpy(text, record->data.pbData, size);
    print_text("message", text);
}

/* One signal may stand for many events: take them until there are no more. */
static int hear(struct chat *chat)
{
    PPEER_GROUP_EVENT_DATA event = NULL;
    PPEER_RECORD record = NULL;
    WaitForSingleObject(chat->event, 10000);
    while (PeerGroupGetEventData(chat->registration, &event) == S_OK) {
        if (!step("get",
                  PeerGroupGetRecord(chat->group, &event->recordChangeData.recordId, &record)))
            return 0;
        printf("change: %d\n", (int)event->recordChangeData.changeType);
        print_message(record);
        PeerFreeData(record);
        PeerFreeData(event);
    }
    return 1;
}

static int look_up(struct chat *chat, PCWSTR query)
{
    HPEERENUM enumeration = NULL;
    PPEER_RECORD *records = NULL;
    ULONG count = 10;
    if (!step("search", PeerGroupSearchRecords(chat->group, query, &enumeration)) ||
        !step("next", PeerGetNextItem(enumeration, &count, (PVOID **)&records)))
        return 0;
    printf("found: %lu\n", (unsigned long)count);
    for (ULONG i = 0; i < count; i++)
        print_message(records[i]);
    PeerFreeData(records);
    return step("end", PeerEndEnumeration(enumeration));
}

int main(void)
{
    struct chat chat;
    PEER_VERSION_DATA version;
    memset(&chat, 0, sizeof(chat));
    if (!step("startup", PeerGroupStartup(PEER_GROUP_VERSION, &version)))
        return 1;
    int done = create(&chat) && invite(&chat) && register_events(&chat) &&
               say(&chat, W("hello"), NULL) &&
               say(&chat, W("is there tea"),
                   W("<attributes><attribute name=\"topic\" type=\"string\">tea</attribute>"
                     "</attributes>")) &&
               hear(&chat) &&
               look_up(&chat, W("<peersearch><clause attrib=\"topic\" type=\"string\" "
                                "compare=\"equal\">t*</clause></peersearch>"));
    if (chat.registration)
        done &= step("unregister", PeerGroupUnregisterEvent(chat.registration));
    if (chat.event)
        CloseHandle(chat.event);
    if (chat.group)
        done &= step("close", PeerGroupClose(chat.group));
    PeerFreeData(chat.ann);
    PeerFreeData(chat.bob);
    done &= step("shutdown", PeerGroupShutdown());
    printf("%s\n", done ? "done" : "failed");
    return done ? 0 : 1;
}
