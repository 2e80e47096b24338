/* ground.c - what the cases stand on: the template, a group that is open, two members connected,
 * and a snapshot of all that this user has.
 *
 * The template's maker creates identities and a group, lets a member join over loopback, adds two
 * records and waits until the member has them. Whatever goes wrong ends the process. */
#include "oom.h"

#include <stdio.h>
#include <string.h>

const WCHAR oom_password[] = u"Plinth-Vex-27-obelisk";
static const GUID type_note = {
    0x1d6a5a0c, 0x4b2e, 0x4c37, {0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}};

enum { SNAPSHOT_SIZE = 65536, WAIT_MS = 20000 };

/* ---- time and records ---- */

FILETIME oom_later(LONGLONG seconds)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    ULONGLONG ticks =
        ((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) + (ULONGLONG)seconds * 10000000;
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

PEER_RECORD oom_note(const char *text)
{
    return (PEER_RECORD){.dwSize = sizeof(PEER_RECORD),
                         .type = type_note,
                         .ftExpiration = oom_later(3600),
                         .data = {.cbData = (ULONG)strlen(text), .pbData = (PBYTE)text}};
}

/* ---- the template ---- */

static void keep(WCHAR *place, size_t capacity, PWSTR text)
{
    OOM_CHECK(text && wide_length(text) < capacity);
    memcpy(place, text, (wide_length(text) + 1) * sizeof(WCHAR));
    PeerFreeData(text);
}

static void keep_identity(WCHAR place[256], PCWSTR friendly_name)
{
    PWSTR name = NULL;
    OOM_CHECK(SUCCEEDED(PeerIdentityCreate(NULL, friendly_name, 0, &name)));
    keep(place, 256, name);
}

static PWSTR invitation_for(HGROUP group, PCWSTR identity)
{
    PWSTR xml = NULL, invitation = NULL;
    OOM_CHECK(SUCCEEDED(PeerIdentityGetXML(identity, &xml)));
    OOM_CHECK(SUCCEEDED(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &invitation)));
    PeerFreeData(xml);
    return invitation;
}

/* Waits for events of one kind until done says so. */
struct wait {
    HANDLE event;
    HPEEREVENT registration;
};

static struct wait wait_begin(HGROUP group, PEER_GROUP_EVENT_TYPE type)
{
    PEER_GROUP_EVENT_REGISTRATION wanted = {type, NULL};
    struct wait wait = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    OOM_CHECK(wait.event);
    OOM_CHECK(SUCCEEDED(PeerGroupRegisterEvent(group, wait.event, 1, &wanted, &wait.registration)));
    return wait;
}

static void wait_until(struct wait *wait, bool (*done)(HGROUP, DWORD), HGROUP group, DWORD bits)
{
    while (!done(group, bits))
        OOM_CHECK(WaitForSingleObject(wait->event, WAIT_MS) == WAIT_OBJECT_0);
    OOM_CHECK(SUCCEEDED(PeerGroupUnregisterEvent(wait->registration)));
    CloseHandle(wait->event);
}

static bool has_status(HGROUP group, DWORD bits)
{
    DWORD status = 0;
    OOM_CHECK(SUCCEEDED(PeerGroupGetStatus(group, &status)));
    return (status & bits) == bits;
}

void oom_online(HGROUP group, DWORD bits)
{
    struct wait wait = wait_begin(group, PEER_GROUP_EVENT_STATUS_CHANGED);
    OOM_CHECK(SUCCEEDED(PeerGroupConnect(group)));
    wait_until(&wait, has_status, group, bits);
}

static bool knows_guest(HGROUP group, DWORD flags)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 0;
    OOM_CHECK(SUCCEEDED(PeerGroupEnumMembers(group, flags, oom_now.template->guest, &enumeration)));
    OOM_CHECK(SUCCEEDED(PeerGetItemCount(enumeration, &count)));
    OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return count == 1;
}

static void keep_records(struct oom_template *template, HGROUP group)
{
    PEER_RECORD record = oom_note("first note");
    OOM_CHECK(SUCCEEDED(PeerGroupAddRecord(group, &record, &template->record)));
    record = oom_note("second note");
    OOM_CHECK(SUCCEEDED(PeerGroupAddRecord(group, &record, &template->doomed)));
}

void oom_template_make(struct oom_template *template)
{
    PEER_VERSION_DATA version;
    HGROUP founder = NULL, member = NULL;
    OOM_CHECK(SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)));
    keep_identity(template->founder, u"Founder");
    keep_identity(template->member, u"Member");
    keep_identity(template->guest, u"Guest");
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish),
                                  .pwzCreatorPeerName = template->founder,
                                  .pwzClassifier = (PWSTR)u"club",
                                  .pwzFriendlyName = (PWSTR)u"The club",
                                  .dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION,
                                  .pwzGroupPassword = (PWSTR)oom_password,
                                  .groupPasswordRole = PEER_GROUP_ROLE_MEMBER};
    OOM_CHECK(SUCCEEDED(PeerGroupCreate(&wish, &founder)));
    keep_records(template, founder);
    oom_online(founder, PEER_GROUP_STATUS_LISTENING);
    PWSTR invitation = invitation_for(founder, template->member);
    OOM_CHECK(SUCCEEDED(PeerGroupJoin(template->member, invitation, NULL, &member)));
    PeerFreeData(invitation);
    oom_online(member, PEER_GROUP_STATUS_LISTENING);
    keep(template->invitation, OOM_TEXT, invitation_for(founder, template->guest));
    PWSTR xml = NULL;
    OOM_CHECK(SUCCEEDED(PeerGroupCreatePasswordInvitation(founder, &xml)));
    keep(template->password_invitation, OOM_TEXT, xml);
    OOM_CHECK(SUCCEEDED(PeerIdentityGetXML(template->guest, &xml)));
    keep(template->guest_xml, OOM_TEXT, xml);
    PPEER_GROUP_PROPERTIES properties = NULL;
    OOM_CHECK(SUCCEEDED(PeerGroupGetProperties(founder, &properties)));
    memcpy(template->group, properties->pwzGroupPeerName,
           (wide_length(properties->pwzGroupPeerName) + 1) * sizeof(WCHAR));
    PeerFreeData(properties);
    OOM_CHECK(SUCCEEDED(PeerGroupClose(member)));
    OOM_CHECK(SUCCEEDED(PeerGroupClose(founder)));
    OOM_CHECK(SUCCEEDED(PeerGroupShutdown()));
}

/* ---- ground ---- */

void oom_ground_begin(enum oom_ground ground)
{
    PEER_VERSION_DATA version;
    if (ground >= OOM_STARTED)
        OOM_CHECK(SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)));
    if (ground >= OOM_OPEN)
        OOM_CHECK(SUCCEEDED(PeerGroupOpen(oom_now.template->founder, oom_now.template->group, NULL,
                                          &oom_now.founder)));
    if (ground == OOM_PAIR) {
        oom_online(oom_now.founder, PEER_GROUP_STATUS_LISTENING);
        /* A fresh invitation names the port of today. */
        PWSTR invitation = invitation_for(oom_now.founder, oom_now.template->guest);
        OOM_CHECK(
            SUCCEEDED(PeerGroupJoin(oom_now.template->guest, invitation, NULL, &oom_now.member)));
        PeerFreeData(invitation);
        struct wait wait = wait_begin(oom_now.founder, PEER_GROUP_EVENT_MEMBER_CHANGED);
        oom_online(oom_now.member, PEER_GROUP_STATUS_LISTENING | PEER_GROUP_STATUS_HAS_CONNECTIONS);
        wait_until(&wait, knows_guest, oom_now.founder, PEER_MEMBER_PRESENT);
    }
}

void oom_ground_end(enum oom_ground ground)
{
    if (oom_now.registration)
        OOM_CHECK(SUCCEEDED(PeerGroupUnregisterEvent(oom_now.registration)));
    if (oom_now.event)
        CloseHandle(oom_now.event);
    if (oom_now.enumeration)
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(oom_now.enumeration)));
    if (ground >= OOM_STARTED)
        OOM_CHECK(SUCCEEDED(PeerGroupShutdown()));
}

/* ---- the snapshot ---- */

static char snapshots[2][SNAPSHOT_SIZE];
static size_t snapshot_used;
static char *snapshot_text;

static void put_wide(PCWSTR text)
{
    for (; text && *text; text++) {
        OOM_CHECK(snapshot_used + 8 < SNAPSHOT_SIZE);
        snapshot_used += (size_t)snprintf(snapshot_text + snapshot_used, 8, "%c",
                                          *text < 0x7F ? (char)*text : '?');
    }
    snapshot_text[snapshot_used++] = '\n';
    snapshot_text[snapshot_used] = 0;
}

/* Each item of an enumeration, which ends here. */
static void each(HPEERENUM enumeration, void (*put)(const void *item))
{
    for (;;) {
        ULONG count = 16;
        PVOID *items = NULL;
        OOM_CHECK(SUCCEEDED(PeerGetNextItem(enumeration, &count, &items)));
        for (ULONG i = 0; i < count; i++)
            put(items[i]);
        PeerFreeData(items);
        if (count < 16)
            break;
    }
    OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
}

static void put_pair(const void *item)
{
    const PEER_NAME_PAIR *pair = item;
    put_wide(pair->pwzPeerName);
    put_wide(pair->pwzFriendlyName);
}

static void put_record(const void *item)
{
    const PEER_RECORD *record = item;
    OOM_CHECK(snapshot_used + 256 < SNAPSHOT_SIZE);
    snapshot_used += (size_t)snprintf(snapshot_text + snapshot_used, 256, "%08x %u %u %.*s\n",
                                      (unsigned)record->id.Data1, (unsigned)record->dwVersion,
                                      (unsigned)record->dwFlags, (int)record->data.cbData % 128,
                                      record->data.cbData ? (const char *)record->data.pbData : "");
}

static void put_groups(PCWSTR identity)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerEnumGroups(identity, &enumeration);
    OOM_CHECK(SUCCEEDED(hr) || hr == PEER_E_NOT_FOUND);
    if (SUCCEEDED(hr))
        each(enumeration, put_pair);
}

static void put_number(unsigned number)
{
    OOM_CHECK(snapshot_used + 16 < SNAPSHOT_SIZE);
    snapshot_used += (size_t)snprintf(snapshot_text + snapshot_used, 16, "%08x\n", number);
}

static void put_member(const void *item)
{
    const PEER_MEMBER *member = item;
    put_wide(member->pwzIdentity);
    for (ULONG i = 0; member->pCredentialInfo && i < member->pCredentialInfo->cRoles; i++)
        put_number((unsigned)member->pCredentialInfo->pRoles[i].Data1);
    if (member->pCredentialInfo) /* when it was issued */
        put_number(member->pCredentialInfo->ftValidityStart.dwLowDateTime);
}

static void put_revocation(const void *item)
{
    const PEER_GROUP_REVOCATION *revocation = item;
    put_wide(revocation->pwzIdentity);
    put_number(revocation->dwFlags);
}

/* What is in the user's own database. Opening it six times costs more than most calls: as long as
 * no byte of it has changed, the text of the last time is still true. */
static void put_user(void)
{
    static char text[SNAPSHOT_SIZE];
    static size_t size;
    HPEERENUM enumeration = NULL;
    if (oom_home_has_new_user()) {
        OOM_CHECK(SUCCEEDED(PeerEnumIdentities(&enumeration)));
        each(enumeration, put_pair);
        put_groups(oom_now.template->founder);
        put_groups(oom_now.template->member);
        put_groups(oom_now.template->guest);
        size = snapshot_used;
        memcpy(text, snapshot_text, size);
    }
    memcpy(snapshot_text, text, size);
    snapshot_used = size;
}

static void put_group(void)
{
    HPEERENUM enumeration = NULL;
    PPEER_GROUP_PROPERTIES properties = NULL;
    HRESULT hr = PeerGroupEnumRecords(oom_now.founder, NULL, &enumeration);
    if (hr == PEER_E_INVALID_GROUP)
        return; /* closed or deleted by the call */
    OOM_CHECK(SUCCEEDED(hr));
    each(enumeration, put_record);
    OOM_CHECK(SUCCEEDED(PeerGroupEnumMembers(oom_now.founder, 0, NULL, &enumeration)));
    each(enumeration, put_member);
    OOM_CHECK(SUCCEEDED(PeerGroupEnumRevocations(oom_now.founder, &enumeration)));
    each(enumeration, put_revocation);
    OOM_CHECK(SUCCEEDED(PeerGroupGetProperties(oom_now.founder, &properties)));
    put_wide(properties->pwzFriendlyName);
    put_wide(properties->pwzComment);
    PeerFreeData(properties);
}

const char *oom_snapshot(int slot)
{
    snapshot_text = snapshots[slot];
    snapshot_used = 0;
    put_user();
    snapshot_used += oom_home_list(snapshot_text + snapshot_used, SNAPSHOT_SIZE - snapshot_used);
    if (oom_now.founder)
        put_group();
    snapshot_text[snapshot_used] = 0;
    return snapshot_text;
}
