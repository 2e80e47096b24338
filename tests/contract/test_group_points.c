/* Do groups keep what is documented across functions: what a name or a cloud means later, what a
 * member may do offline, how long its records last (semantics 1.8, 2.31, 4, 7.6, 8.5 to 8.7,
 * 10.10, 10.15, 11.11)? */
#include "group.h"
#include "links.h"

#include "api/block.h"

static PWSTR creator;

static int setup(void **state)
{
    if (group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(creator);
    return group_teardown(state);
}

static void free_block(void *block)
{
    assert_non_null(block);
    PeerFreeData(block);
    assert_false(block_release(block)); /* it lives no more */
}

/* [point 1.8] One function frees what identities and what groups return. */
static void test_one_function_frees_all(void **state)
{
    (void)state;
    HGROUP group = new_group(creator);
    struct listener listener = listen_to(group);
    GUID id = add_note(group, "x");
    HPEERENUM enumeration = NULL;
    PPEER_GROUP_PROPERTIES properties = NULL;
    PPEER_INVITATION_INFO info = NULL;
    PPEER_RECORD record = NULL;
    PVOID *items = NULL;
    PWSTR xml = NULL;
    ULONG count = 1;
    assert_ok(PeerIdentityGetXML(creator, &xml));
    PWSTR guest = new_identity(u"Guest"), invitation = invite(group, guest, NULL);
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    assert_ok(PeerGroupGetProperties(group, &properties));
    assert_ok(PeerGroupGetRecord(group, &id, &record));
    assert_ok(PeerGroupEnumRecords(group, NULL, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_ok(PeerEndEnumeration(enumeration));
    free_block(guest);
    free_block(xml);
    free_block(invitation);
    free_block(info);
    free_block(properties);
    free_block(record);
    free_block(items);
    free_block(await_type(&listener, PEER_GROUP_EVENT_RECORD_CHANGED));
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
}

/* [point 2.31] [point 4.1] What PeerEnumGroups names can be opened, hears events at once, and can
 * be deleted. */
static void test_listed_groups_can_be_opened(void **state)
{
    (void)state;
    PWSTR owner = new_identity(u"Owner");
    HGROUP group = new_group(owner);
    assert_ok(PeerGroupClose(group));
    HPEERENUM enumeration = NULL;
    PPEER_NAME_PAIR *pairs = NULL;
    ULONG count = 10;
    assert_ok(PeerEnumGroups(owner, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&pairs));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    assert_wide_equal(pairs[0]->pwzFriendlyName, u"The club");
    assert_ok(PeerGroupOpen(owner, pairs[0]->pwzPeerName, NULL, &group));
    struct listener listener = listen_to(group);
    GUID id = add_note(group, "x");
    assert_int_equal(await_record(&listener, &id), PEER_RECORD_ADDED);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupDelete(owner, pairs[0]->pwzPeerName));
    assert_int_equal(group_count(owner), 0);
    PeerFreeData(pairs);
    PeerFreeData(owner);
}

static HGROUP group_on_a_link(PCWSTR *name)
{
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    properties.pwzCloud = (PWSTR)u"LinkLocal_net1";
    assert_ok(PeerGroupCreate(&properties, &group));
    *name = name_of(group);
    return group;
}

/* [point 4.2] Without a cloud of the caller's own, Open and what follows speak of the stored one.
 */
static void test_open_keeps_the_cloud(void **state)
{
    (void)state;
    PCWSTR name;
    PPEER_GROUP_PROPERTIES properties = NULL;
    PPEER_INVITATION_INFO info = NULL;
    HGROUP group = group_on_a_link(&name);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupOpen(creator, name, NULL, &group));
    assert_ok(PeerGroupGetProperties(group, &properties));
    assert_wide_equal(properties->pwzCloud, u"LinkLocal_net1");
    PWSTR guest = new_identity(u"Guest"), invitation = invite(group, guest, NULL);
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    assert_wide_equal(info->pwzCloudName, u"LinkLocal_net1");
    assert_int_equal(info->dwScope, PNRP_LINK_LOCAL_SCOPE);
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(guest);
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(group));
    free((void *)name);
}

/* [point 4.2] [point 4.3] Join takes the invitation's cloud, or one of its scope where that is
 * missing; there has to be one. */
static void test_join_takes_the_invitations_cloud(void **state)
{
    (void)state;
    PCWSTR name;
    HGROUP group = group_on_a_link(&name), joined = NULL;
    PWSTR invited = new_identity(u"Invited");
    PWSTR invitation = invite(group, invited, NULL);
    link_count = 0;
    assert_hr(PeerGroupJoin(invited, invitation, NULL, &joined), PEER_E_NO_CLOUD);
    assert_ok(PeerGroupJoin(invited, invitation, u"Global_", &joined));
    assert_ok(PeerGroupClose(joined));
    link_count = 1; /* net0 stands in for net1 */
    assert_ok(PeerGroupJoin(invited, invitation, NULL, &joined));
    assert_ok(PeerGroupClose(joined));
    link_count = 2;
    PeerFreeData(invitation);
    PeerFreeData(invited);
    assert_ok(PeerGroupClose(group));
    free((void *)name);
}

static bool holds(PCWSTR text, PCWSTR part)
{
    size_t length = wide_length(part);
    for (; *text; text++) {
        size_t same = 0;
        while (same < length && text[same] == part[same])
            same++;
        if (same == length)
            return true;
    }
    return false;
}

/* [point 7.6] [point 7.7] The XML of an invitation has the documented root and children, for both
 * kinds of clouds. */
static void test_text_of_invitations(void **state)
{
    (void)state;
    PCWSTR name;
    PWSTR guest = new_identity(u"Guest");
    HGROUP group = new_group(creator), on_a_link = group_on_a_link(&name);
    PWSTR public_one = invite(group, guest, NULL), private_one = invite(on_a_link, guest, NULL);
    static const WCHAR root[] = u"<PEERINVITATION VERSION=\"2.0\">";
    assert_memory_equal(public_one, root, wide_length(root) * sizeof(WCHAR));
    assert_memory_equal(private_one, root, wide_length(root) * sizeof(WCHAR));
    assert_true(holds(public_one, u"<CLOUDNAME>Global_</CLOUDNAME><SCOPE>GLOBAL</SCOPE>"
                                  u"<CLOUDFLAGS>0</CLOUDFLAGS>"));
    assert_true(holds(private_one, u"<CLOUDNAME>LinkLocal_net1</CLOUDNAME><SCOPE>LINKLOCAL</SCOPE>"
                                   u"<CLOUDFLAGS>1</CLOUDFLAGS>"));
    assert_true(holds(public_one, u"<GMC ") && holds(public_one, u"</GMC>"));
    assert_true(holds(public_one, u"</PEERINVITATION>"));
    PeerFreeData(public_one);
    PeerFreeData(private_one);
    PeerFreeData(guest);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupClose(on_a_link));
    free((void *)name);
}

/* ---- two members ---- */

static void await_bits(HGROUP group, DWORD wanted)
{
    struct listener listener = listen_to(group);
    DWORD status = 0;
    assert_ok(PeerGroupGetStatus(group, &status));
    while (status != wanted) {
        PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_STATUS_CHANGED));
        assert_ok(PeerGroupGetStatus(group, &status));
    }
    stop_listening(&listener);
}

/* [point 8.5] [point 8.6] [point 8.7] A member that listens keeps that bit when it has connections,
 * and when they are gone. */
static void test_status_with_connections(void **state)
{
    (void)state;
    struct pair pair;
    pair_begin(&pair, NULL);
    await_bits(pair.founder, PEER_GROUP_STATUS_LISTENING | PEER_GROUP_STATUS_HAS_CONNECTIONS);
    await_bits(pair.member, PEER_GROUP_STATUS_LISTENING | PEER_GROUP_STATUS_HAS_CONNECTIONS);
    assert_ok(PeerGroupClose(pair.member));
    await_bits(pair.founder, PEER_GROUP_STATUS_LISTENING);
    assert_ok(PeerGroupClose(pair.founder));
    PeerFreeData(pair.member_name);
    PeerFreeData(pair.founder_name);
}

/* [point 10.10] No record outlives the certificate of whoever publishes it. */
static void test_records_end_with_the_certificate(void **state)
{
    (void)state;
    HGROUP founded = new_group(creator), joined = NULL;
    PWSTR invited = new_identity(u"Invited"), xml = NULL, invitation = NULL;
    FILETIME tomorrow = utc_in(86400);
    go_online(founded);
    assert_ok(PeerIdentityGetXML(invited, &xml));
    assert_ok(PeerGroupCreateInvitation(founded, xml, &tomorrow, 0, NULL, &invitation));
    assert_ok(PeerGroupJoin(invited, invitation, NULL, &joined));
    go_online(joined);
    PEER_RECORD record = note(joined, "x");
    GUID id;
    record.ftExpiration = peer_time_in(joined, 2 * 86400);
    assert_hr(PeerGroupAddRecord(joined, &record, &id), PEER_E_INVALID_RECORD);
    record.ftExpiration = peer_time_in(joined, 80000);
    assert_ok(PeerGroupAddRecord(joined, &record, &id));
    record.id = id;
    record.ftExpiration = peer_time_in(joined, 2 * 86400);
    assert_hr(PeerGroupUpdateRecord(joined, &record), E_INVALIDARG);
    record.ftExpiration = peer_time_in(joined, 81000);
    assert_ok(PeerGroupUpdateRecord(joined, &record));
    record.ftExpiration = peer_time_in(founded, 2 * 86400); /* the founder's has no end */
    assert_ok(PeerGroupAddRecord(founded, &record, &id));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(founded));
    PeerFreeData(invitation);
    PeerFreeData(xml);
    PeerFreeData(invited);
}

/* [point 10.15] A member that was synchronised once writes offline; the others get it when it
 * connects again. */
static void test_written_offline(void **state)
{
    (void)state;
    struct pair pair;
    pair_begin(&pair, NULL);
    WCHAR *name = name_of(pair.member);
    assert_ok(PeerGroupClose(pair.member));
    assert_ok(PeerGroupOpen(pair.member_name, name, NULL, &pair.member));
    struct listener at_founder = listen_to(pair.founder);
    GUID mine = add_note(pair.member, "from far away"), theirs = add_note(pair.founder, "missed");
    PPEER_RECORD record = NULL;
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(pair.member, &status));
    assert_int_equal(status, 0);
    assert_hr(PeerGroupGetRecord(pair.founder, &mine, &record), PEER_E_RECORD_NOT_FOUND);
    assert_hr(PeerGroupGetRecord(pair.member, &theirs, &record), PEER_E_RECORD_NOT_FOUND);
    go_online(pair.member);
    assert_int_equal(await_record(&at_founder, &mine), PEER_RECORD_ADDED);
    assert_ok(PeerGroupGetRecord(pair.founder, &mine, &record));
    assert_memory_equal(record->data.pbData, "from far away", 13);
    assert_wide_equal(record->pwzCreatorId, pair.member_name);
    PeerFreeData(record);
    stop_listening(&at_founder);
    pair_end(&pair);
    free(name);
}

/* [point 4.7] Members come back by PeerGroupOpen and find each other, whoever is first, also where
 * both are identities of one process, which has one address. */
static void test_coming_back(void **state)
{
    (void)state;
    struct pair pair;
    const DWORD both = PEER_GROUP_STATUS_LISTENING | PEER_GROUP_STATUS_HAS_CONNECTIONS;
    HGROUP other = new_group(creator); /* the process goes on listening at the same port */
    go_online(other);
    pair_begin(&pair, NULL);
    WCHAR *name = name_of(pair.founder);
    for (int round = 0; round < 2; round++) {
        assert_ok(PeerGroupClose(pair.member));
        assert_ok(PeerGroupClose(pair.founder));
        assert_ok(PeerGroupOpen(pair.founder_name, name, NULL, &pair.founder));
        assert_ok(PeerGroupOpen(pair.member_name, name, NULL, &pair.member));
        HGROUP first = round == 0 ? pair.founder : pair.member;
        HGROUP second = round == 0 ? pair.member : pair.founder;
        go_online(first);
        await_bits(first, PEER_GROUP_STATUS_LISTENING);
        go_online(second);
        await_bits(first, both);
        await_bits(second, both);
    }
    pair_end(&pair);
    assert_ok(PeerGroupClose(other));
    free(name);
}

static ULONG teas(HGROUP group)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupSearchRecords(group,
                                     u"<peersearch><clause attrib=\"subject\" type=\"string\" "
                                     u"compare=\"equal\">tea</clause></peersearch>",
                                     &enumeration));
    return count_of(enumeration);
}

/* [point 11.11] A search finds what is here, and asks nobody. */
static void test_search_is_local(void **state)
{
    (void)state;
    struct pair pair;
    pair_begin(&pair, NULL);
    WCHAR *name = name_of(pair.member);
    assert_ok(PeerGroupClose(pair.member));
    PEER_RECORD record = note(pair.founder, "x");
    GUID id;
    record.pwzAttributes =
        (PWSTR)u"<attributes><attribute name=\"subject\" type=\"string\">tea</attribute>"
               u"</attributes>";
    assert_ok(PeerGroupAddRecord(pair.founder, &record, &id));
    assert_int_equal(teas(pair.founder), 1);
    assert_ok(PeerGroupOpen(pair.member_name, name, NULL, &pair.member));
    assert_int_equal(teas(pair.member), 0);
    struct listener at_member = listen_to(pair.member);
    assert_ok(PeerGroupConnect(pair.member));
    assert_int_equal(await_record(&at_member, &id), PEER_RECORD_ADDED);
    assert_int_equal(teas(pair.member), 1);
    stop_listening(&at_member);
    pair_end(&pair);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_function_frees_all),
        cmocka_unit_test(test_listed_groups_can_be_opened),
        cmocka_unit_test(test_open_keeps_the_cloud),
        cmocka_unit_test(test_join_takes_the_invitations_cloud),
        cmocka_unit_test(test_text_of_invitations),
        cmocka_unit_test(test_status_with_connections),
        cmocka_unit_test(test_records_end_with_the_certificate),
        cmocka_unit_test(test_written_offline),
        cmocka_unit_test(test_coming_back),
        cmocka_unit_test(test_search_is_local),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
