/* scene.c - what lasts through the stress test, made by calling every function once with good
 * arguments while nothing else goes on: each must succeed, so that what fails later fails for what
 * other threads do.
 *
 * Happy path: two identities; a group that admits by password and by certificate, its second
 * member, a direct connection between them; then exports, and what they are imported into. */
#include "stress.h"

#include "contract/group.h"

struct stress_place stress_pair[2];
struct stress_parked stress_parked;

#define GOOD(function, ...) assert_ok(stress_note(#function, function(__VA_ARGS__)))

static const WCHAR password[] = u"a password";

/* ---- identities and enumerations ---- */

static void end_enumeration(HPEERENUM enumeration, bool filled)
{
    ULONG count = 0;
    PVOID *items = NULL;
    GOOD(PeerGetItemCount, enumeration, &count);
    assert_true(count > 0 || !filled);
    GOOD(PeerGetNextItem, enumeration, &count, &items);
    PeerFreeData(items);
    GOOD(PeerEndEnumeration, enumeration);
}

static PWSTR make_identity(void)
{
    PWSTR name = NULL, text = NULL;
    HPEERENUM enumeration = NULL;
    HCRYPTPROV key = 0;
    GOOD(PeerIdentityCreate, u"lasting", u"Lasting", 0, &name);
    GOOD(PeerIdentitySetFriendlyName, name, u"Long Lasting");
    GOOD(PeerIdentityGetFriendlyName, name, &text);
    PeerFreeData(text);
    GOOD(PeerIdentityGetCryptKey, name, &key);
    CryptReleaseContext(key, 0);
    GOOD(PeerIdentityGetDefault, &text);
    PeerFreeData(text);
    GOOD(PeerCreatePeerName, name, u"service", &text);
    PeerFreeData(text);
    GOOD(PeerEnumIdentities, &enumeration);
    end_enumeration(enumeration, true);
    return name;
}

static void park_identity(void)
{
    PWSTR name = make_identity(), again = NULL;
    GOOD(PeerIdentityExport, name, password, &stress_parked.identity);
    GOOD(PeerIdentityDelete, name);
    GOOD(PeerIdentityImport, stress_parked.identity, password, &again);
    GOOD(PeerIdentityDelete, again);
    PeerFreeData(again);
    PeerFreeData(name);
}

/* ---- the pair ---- */

static void make_founder(struct stress_place *founder)
{
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish)}, *properties = NULL;
    HPEERENUM enumeration = NULL;
    DWORD status = 0;
    founder->name = make_identity();
    wish.pwzCreatorPeerName = founder->name;
    wish.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    wish.pwzGroupPassword = (PWSTR)good_password;
    wish.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    GOOD(PeerGroupCreate, &wish, &founder->group);
    GOOD(PeerGroupGetProperties, founder->group, &properties);
    properties->pwzComment = (PWSTR)u"lasts";
    GOOD(PeerGroupSetProperties, founder->group, properties);
    PeerFreeData(properties);
    GOOD(PeerEnumGroups, founder->name, &enumeration);
    end_enumeration(enumeration, true);
    GOOD(PeerGroupConnect, founder->group);
    go_online(founder->group);
    GOOD(PeerGroupGetStatus, founder->group, &status);
    assert_int_equal(status, PEER_GROUP_STATUS_LISTENING);
}

static void join_founder(const struct stress_place *founder, struct stress_place *member)
{
    PWSTR xml = NULL, invitation = NULL;
    PPEER_INVITATION_INFO info = NULL;
    member->name = make_identity();
    GOOD(PeerIdentityGetXML, member->name, &xml);
    GOOD(PeerGroupCreateInvitation, founder->group, xml, NULL, 0, NULL, &invitation);
    GOOD(PeerGroupParseInvitation, invitation, &info);
    GOOD(PeerGroupJoin, member->name, invitation, NULL, &member->group);
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(xml);
}

static void listen_at(struct stress_place *place)
{
    GOOD(PeerGroupRegisterEvent, place->group, stress_event, ARRAY_SIZE(all_events),
         (PEER_GROUP_EVENT_REGISTRATION *)all_events, &place->events);
}

static void find_address(struct stress_place *place, HGROUP from)
{
    struct listener listener = listen_to(from);
    while (place->address.dwSize == 0) {
        HPEERENUM enumeration = NULL;
        PPEER_MEMBER *items = NULL;
        ULONG count = 1;
        GOOD(PeerGroupEnumMembers, from, PEER_MEMBER_PRESENT, place->name, &enumeration);
        GOOD(PeerGetNextItem, enumeration, &count, (PVOID **)&items);
        GOOD(PeerEndEnumeration, enumeration);
        if (count > 0 && items[0]->cAddresses > 0)
            place->address = items[0]->pAddresses[0];
        else
            PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_MEMBER_CHANGED));
        PeerFreeData(items);
    }
    stop_listening(&listener);
}

static bool is_direct(const PEER_GROUP_EVENT_DATA *event, const void *id)
{
    return event->eventType == PEER_GROUP_EVENT_DIRECT_CONNECTION &&
           event->connectionChangeData.ullConnectionId == *(const ULONGLONG *)id &&
           event->connectionChangeData.status == PEER_CONNECTED;
}

static void use_connections(struct stress_place *from, struct stress_place *to)
{
    struct listener listener = listen_to(from->group);
    PPEER_GROUP_EVENT_DATA event = NULL;
    HPEERENUM enumeration = NULL;
    ULONGLONG id = 0;
    GOOD(PeerGroupOpenDirectConnection, from->group, to->name, &to->address, &id);
    PeerFreeData(await(&listener, is_direct, &id));
    GOOD(PeerGroupEnumConnections, from->group, PEER_CONNECTION_DIRECT, &enumeration);
    end_enumeration(enumeration, true);
    GOOD(PeerGroupSendData, from->group, id, &type_note, 5, (PVOID) "hello");
    GOOD(PeerGroupCloseDirectConnection, from->group, id);
    GOOD(PeerGroupGetEventData, from->events, &event);
    PeerFreeData(event);
    stop_listening(&listener);
}

/* The member connects by the one call that nothing else here uses. */
static void make_pair(void)
{
    struct stress_place *founder = &stress_pair[0], *member = &stress_pair[1];
    make_founder(founder);
    join_founder(founder, member);
    listen_at(founder);
    listen_at(member);
    GOOD(PeerGroupResumePasswordAuthentication, member->group, member->events);
    go_online(member->group);
    find_address(founder, member->group);
    find_address(member, founder->group);
    use_connections(member, founder);
    use_connections(founder, member);
}

/* ---- what a group holds ---- */

static void use_records(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    PPEER_RECORD record = NULL;
    PEER_RECORD wanted = {.dwSize = sizeof(wanted), .type = type_note};
    GUID id;
    FILETIME later = utc_in(3600);
    GOOD(PeerGroupUniversalTimeToPeerTime, group, &later, &wanted.ftExpiration);
    GOOD(PeerGroupPeerTimeToUniversalTime, group, &wanted.ftExpiration, &later);
    wanted.data = (PEER_DATA){4, (PBYTE) "good"};
    GOOD(PeerGroupAddRecord, group, &wanted, &id);
    GOOD(PeerGroupGetRecord, group, &id, &record);
    GOOD(PeerGroupUpdateRecord, group, record);
    PeerFreeData(record);
    GOOD(PeerGroupEnumRecords, group, &type_note, &enumeration);
    end_enumeration(enumeration, true);
    GOOD(PeerGroupSearchRecords, group,
         u"<peersearch><clause attrib=\"peercreatorid\" type=\"string\" compare=\"equal\">*"
         u"</clause></peersearch>",
         &enumeration);
    end_enumeration(enumeration, true);
    GOOD(PeerGroupDeleteRecord, group, &id);
}

static void use_credentials(const struct stress_place *founder, const struct stress_place *member)
{
    PWSTR invitation = NULL;
    HGROUP joined = NULL;
    HPEEREVENT events = NULL;
    PEER_ADDRESS address = founder->address;
    GOOD(PeerGroupIssueCredentials, founder->group, member->name, NULL, 0, &invitation);
    PeerFreeData(invitation);
    GOOD(PeerGroupCreatePasswordInvitation, founder->group, &invitation);
    PWSTR name = make_identity();
    GOOD(PeerGroupPasswordJoin, name, invitation, good_password, NULL, &joined);
    GOOD(PeerGroupRegisterEvent, joined, stress_event, 1,
         (PEER_GROUP_EVENT_REGISTRATION *)all_events, &events);
    GOOD(PeerGroupUnregisterEvent, events);
    struct listener listener = listen_to(joined);
    GOOD(PeerGroupConnectByAddress, joined, 1, &address);
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    GOOD(PeerGroupClose, joined);
    for (unsigned i = 0, seed = 1; i < 16; i++) /* threads find it in most of the places */
        stress_keep(STRESS_PASSWORD_INVITATION, &seed, invitation, NULL);
    PeerFreeData(invitation);
    PeerFreeData(name);
}

/* ---- exports ---- */

static void park_database(PCWSTR name, PCWSTR group_name)
{
    HGROUP group = NULL;
    stress_path("lasting", stress_parked.database);
    GOOD(PeerGroupOpen, name, group_name, NULL, &group);
    add_note(group, "exported");
    GOOD(PeerGroupExportDatabase, group, stress_parked.database);
    GOOD(PeerGroupImportDatabase, group, stress_parked.database);
    stress_parked.group = group;
}

static void park_config(PCWSTR name, HGROUP group, PCWSTR group_name)
{
    PWSTR identity = NULL, imported = NULL;
    GOOD(PeerGroupExportConfig, group, password, &stress_parked.config);
    GOOD(PeerGroupClose, group);
    GOOD(PeerGroupDelete, name, group_name);
    GOOD(PeerGroupImportConfig, stress_parked.config, password, FALSE, &identity, &imported);
    assert_wide_equal(imported, group_name);
    PeerFreeData(identity);
    PeerFreeData(imported);
}

static void park_groups(void)
{
    PWSTR name = make_identity();
    HGROUP first = new_group(name), second = new_group(name);
    WCHAR *first_name = name_of(first), *second_name = name_of(second);
    assert_ok(PeerGroupClose(first));
    park_database(name, first_name);
    park_config(name, second, second_name);
    free(first_name);
    free(second_name);
    PeerFreeData(name);
}

void stress_begin(void)
{
    PEER_VERSION_DATA version;
    GOOD(PeerGroupStartup, PEER_GROUP_VERSION, &version);
    assert_ok(stress_note("PeerGroupShutdown", PeerGroupShutdown()));
    park_identity();
    make_pair();
    use_records(stress_pair[1].group);
    use_credentials(&stress_pair[0], &stress_pair[1]);
    park_groups();
}

void stress_end(void)
{
    for (int i = 0; i < 2; i++) {
        assert_ok(PeerGroupUnregisterEvent(stress_pair[i].events));
        PeerFreeData(stress_pair[i].name);
    }
    PeerFreeData(stress_parked.identity);
    PeerFreeData(stress_parked.config);
}
