/* Who may write what, seen from both sides: two members of one group in this process, with
 * different identities, connected over loopback (rulings 20, 21; semantics 6, 8.2, 10.5, 10.6). */
#include "two.h"

/* Waits until a member has a version of a record, and gives it (free with PeerFreeData). */
static PPEER_RECORD await_version(HGROUP group, const struct listener *listener, const GUID *id,
                                  DWORD version)
{
    PPEER_RECORD record = NULL;
    while (PeerGroupGetRecord(group, id, &record) != S_OK || record->dwVersion < version) {
        PeerFreeData(record);
        await_record(listener, id);
    }
    return record;
}

static void test_records_travel(void **state)
{
    (void)state;
    struct listener at_member = listen_to(pair.member), at_founder = listen_to(pair.founder);
    GUID id = add_note(pair.founder, "from the founder");
    assert_int_equal(await_record(&at_member, &id), PEER_RECORD_ADDED);
    PPEER_RECORD record = await_version(pair.member, &at_member, &id, 1);
    assert_memory_equal(record->data.pbData, "from the founder", 16);
    assert_wide_equal(record->pwzCreatorId, pair.founder_name);
    PeerFreeData(record);

    GUID answer = add_note(pair.member, "from the member");
    record = await_version(pair.founder, &at_founder, &answer, 1);
    assert_wide_equal(record->pwzCreatorId, pair.member_name);
    PeerFreeData(record);
    stop_listening(&at_member);
    stop_listening(&at_founder);
}

/* [point 6.2] [point 10.5] [point 10.6] A member changes its own records only. */
static void test_member_may_not(void **state)
{
    (void)state;
    CONTRACT("PeerGroupUpdateRecord", "PEER_E_NOT_AUTHORIZED");
    CONTRACT("PeerGroupDeleteRecord", "PEER_E_NOT_AUTHORIZED");
    struct listener at_member = listen_to(pair.member);
    GUID id = add_note(pair.founder, "mine");
    PPEER_RECORD record = await_version(pair.member, &at_member, &id, 1);
    assert_hr(PeerGroupUpdateRecord(pair.member, record), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupDeleteRecord(pair.member, &id), PEER_E_NOT_AUTHORIZED);
    PeerFreeData(record);
    assert_ok(PeerGroupGetRecord(pair.member, &id, &record));
    assert_int_equal(record->dwVersion, 1);
    PeerFreeData(record);
    stop_listening(&at_member);
}

/* [point 10.5] [point 10.6] [point 10.7] Ruling 21: an administrator changes and deletes anybody's.
 */
static void test_administrator_may(void **state)
{
    (void)state;
    struct listener at_member = listen_to(pair.member), at_founder = listen_to(pair.founder);
    GUID id = add_note(pair.member, "draft");
    PPEER_RECORD record = await_version(pair.founder, &at_founder, &id, 1);
    record->data = (PEER_DATA){5, (PBYTE) "final"};
    assert_ok(PeerGroupUpdateRecord(pair.founder, record));
    PeerFreeData(record);
    record = await_version(pair.member, &at_member, &id, 2);
    assert_memory_equal(record->data.pbData, "final", 5);
    assert_wide_equal(record->pwzCreatorId, pair.member_name);
    assert_wide_equal(record->pwzModifiedById, pair.founder_name);
    PeerFreeData(record);
    assert_ok(PeerGroupDeleteRecord(pair.founder, &id));
    while (await_record(&at_member, &id) != PEER_RECORD_DELETED)
        ;
    assert_hr(PeerGroupGetRecord(pair.member, &id, &record), PEER_E_RECORD_NOT_FOUND);
    stop_listening(&at_member);
    stop_listening(&at_founder);
}

/* [point 6.1] [point 6.5] [point 8.4] An ordinary member invites nobody and sets no properties. */
static void test_member_rules_nobody(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_NOT_AUTHORIZED");
    CONTRACT("PeerGroupSetProperties", "PEER_E_NOT_AUTHORIZED");
    PWSTR other = new_identity(u"Other"), xml = NULL, invitation = (PWSTR)1;
    assert_ok(PeerIdentityGetXML(other, &xml));
    assert_hr(PeerGroupCreateInvitation(pair.member, xml, NULL, 0, NULL, &invitation),
              PEER_E_NOT_AUTHORIZED);
    assert_null(invitation);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(pair.member, &properties));
    properties->pwzComment = (PWSTR)u"mine now";
    assert_hr(PeerGroupSetProperties(pair.member, properties), PEER_E_NOT_AUTHORIZED);
    PeerFreeData(properties);
    PeerFreeData(xml);
    PeerFreeData(other);
}

/* [point 6.3] Ruling 21: nobody invites to a higher role than its own: an inviting member invites
 * inviting members and members. */
static void test_inviting_member(void **state)
{
    (void)state;
    PWSTR inviting_name = new_identity(u"Inviting"), other = new_identity(u"Other");
    PWSTR xml = NULL, invitation = NULL;
    HGROUP inviting = join(pair.founder, inviting_name, &PEER_GROUP_ROLE_INVITING_MEMBER);
    go_online(inviting);
    assert_ok(PeerIdentityGetXML(other, &xml));
    assert_hr(
        PeerGroupCreateInvitation(inviting, xml, NULL, 1, &PEER_GROUP_ROLE_ADMIN, &invitation),
        PEER_E_NOT_AUTHORIZED);
    assert_ok(
        PeerGroupCreateInvitation(inviting, xml, NULL, 1, &PEER_GROUP_ROLE_MEMBER, &invitation));
    PeerFreeData(invitation);
    assert_ok(PeerGroupCreateInvitation(inviting, xml, NULL, 1, &PEER_GROUP_ROLE_INVITING_MEMBER,
                                        &invitation));
    PeerFreeData(invitation);
    assert_ok(PeerGroupClose(inviting));
    PeerFreeData(xml);
    PeerFreeData(other);
    PeerFreeData(inviting_name);
}

/* [point 12.8] A change of properties reaches the members and is in effect when they hear of it. */
static void test_properties_travel(void **state)
{
    (void)state;
    struct listener at_member = listen_to(pair.member);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(pair.founder, &properties));
    properties->pwzComment = (PWSTR)u"Tuesdays";
    assert_ok(PeerGroupSetProperties(pair.founder, properties));
    PeerFreeData(properties);
    PeerFreeData(await_type(&at_member, PEER_GROUP_EVENT_PROPERTY_CHANGED));
    assert_ok(PeerGroupGetProperties(pair.member, &properties));
    assert_wide_equal(properties->pwzComment, u"Tuesdays");
    PeerFreeData(properties);
    stop_listening(&at_member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_travel),    cmocka_unit_test(test_member_may_not),
        cmocka_unit_test(test_administrator_may), cmocka_unit_test(test_member_rules_nobody),
        cmocka_unit_test(test_inviting_member),   cmocka_unit_test(test_properties_travel),
    };
    return cmocka_run_group_tests(tests, two_setup, two_teardown);
}
