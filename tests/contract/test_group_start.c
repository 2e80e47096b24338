/* Does Grouping start and stop as documented, do its calls say so before and after, and are keys
 * out of reach told as such to an ordinary user (semantics 1; rulings 3, 6, 19)? */
#include "group.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

static int setup(void **state)
{
    return foreign_memory_setup() == 0 ? home_setup(state) : -1;
}

/* [point 1.1] [point 1.2] The low byte is the major version. */
static void test_versions(void **state)
{
    (void)state;
    CONTRACT("PeerGroupStartup", "S_OK");
    CONTRACT("PeerGroupStartup", "PEER_E_UNSUPPORTED_VERSION");
    const struct {
        WORD asked, answered;
    } known[] = {{0x0101, 0x0101}, {0x0001, 0x0001}, {0x0201, 0x0101}, {0xFF01, 0x0101}};
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        PEER_VERSION_DATA version = {0xAAAA, 0xAAAA};
        assert_ok(PeerGroupStartup(known[i].asked, &version));
        assert_int_equal(version.wVersion, known[i].answered);
        assert_int_equal(version.wHighestVersion, PEER_GROUP_VERSION);
        assert_ok(PeerGroupShutdown());
    }
    const WORD unknown[] = {0, 2, 0x0102, 0x0100, 0xFFFF};
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        PEER_VERSION_DATA version = {0xAAAA, 0xAAAA};
        assert_hr(PeerGroupStartup(unknown[i], &version), PEER_E_UNSUPPORTED_VERSION);
        assert_int_equal(version.wVersion, 0);
    }
    assert_hr(PeerGroupStartup(PEER_GROUP_VERSION, NULL), E_INVALIDARG);
    assert_hr(PeerGroupShutdown(), PEER_E_NOT_INITIALIZED);
}

/* [point 1.6] Ruling 3: startups are counted, the last shutdown closes what is open. */
static void test_counted(void **state)
{
    (void)state;
    CONTRACT("PeerGroupShutdown", "S_OK");
    PEER_VERSION_DATA version;
    DWORD status;
    ULONG count;
    HPEERENUM records = NULL, identities = NULL;
    PPEER_GROUP_EVENT_DATA event = NULL;
    assert_hr(PeerGroupShutdown(), PEER_E_NOT_INITIALIZED);
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    PWSTR creator = new_identity(u"Creator");
    HGROUP group = new_group(creator);
    struct listener listener = listen_to(group);
    add_note(group, "x");
    assert_ok(PeerGroupEnumRecords(group, NULL, &records));
    assert_ok(PeerEnumIdentities(&identities));
    assert_ok(PeerGroupShutdown());
    assert_ok(PeerGroupGetStatus(group, &status));
    assert_ok(PeerGroupShutdown());
    assert_hr(PeerGroupGetStatus(group, &status), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupShutdown(), PEER_E_NOT_INITIALIZED);
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    assert_hr(PeerGroupGetStatus(group, &status), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupGetEventData(listener.handle, &event), E_INVALIDARG);
    assert_hr(PeerGroupUnregisterEvent(listener.handle), E_INVALIDARG);
    assert_hr(PeerGetItemCount(records, &count), E_INVALIDARG);
    assert_ok(PeerGetItemCount(identities, &count)); /* not Grouping's */
    assert_ok(PeerEndEnumeration(identities));
    assert_true(CloseHandle(listener.event));
    HGROUP again = new_group(creator);
    assert_true(again != group);
    assert_ok(PeerGroupShutdown()); /* with a group open */
    PeerFreeData(creator);
}

/* [point 1.1] [point 1.4] Ruling 3, and 6: it comes before every other check, and results are NULL
 * or 0. */
static void test_not_initialized(void **state)
{
    (void)state;
    HGROUP group = (HGROUP)1;
    HPEERENUM enumeration = (HPEERENUM)1;
    HPEEREVENT registration = (HPEEREVENT)1;
    PPEER_GROUP_PROPERTIES properties = (PPEER_GROUP_PROPERTIES)1;
    PPEER_INVITATION_INFO info = (PPEER_INVITATION_INFO)1;
    PPEER_GROUP_EVENT_DATA event = (PPEER_GROUP_EVENT_DATA)1;
    PPEER_RECORD record = (PPEER_RECORD)1;
    PWSTR text = (PWSTR)1;
    ULONGLONG id = 1;
    DWORD status = 1;
    GUID guid = type_note, none = {0};
#define ASSERT_NOT_YET(call) assert_hr((call), PEER_E_NOT_INITIALIZED)
    ASSERT_NOT_YET(PeerGroupCreate(NULL, &group));
    assert_null(group);
    group = (HGROUP)1;
    ASSERT_NOT_YET(PeerGroupOpen(NULL, NULL, NULL, &group));
    assert_null(group);
    group = (HGROUP)1;
    ASSERT_NOT_YET(PeerGroupJoin(NULL, NULL, NULL, &group));
    assert_null(group);
    ASSERT_NOT_YET(PeerGroupConnect(NULL));
    ASSERT_NOT_YET(PeerGroupConnectByAddress(NULL, 0, NULL));
    ASSERT_NOT_YET(PeerGroupClose(NULL));
    ASSERT_NOT_YET(PeerGroupDelete(NULL, NULL));
    ASSERT_NOT_YET(PeerGroupCreateInvitation(NULL, NULL, NULL, 0, NULL, &text));
    assert_null(text);
    ASSERT_NOT_YET(PeerGroupParseInvitation(NULL, &info));
    assert_null(info);
    ASSERT_NOT_YET(PeerGroupGetStatus(NULL, &status));
    assert_int_equal(status, 0);
    ASSERT_NOT_YET(PeerGroupGetProperties(NULL, &properties));
    assert_null(properties);
    ASSERT_NOT_YET(PeerGroupSetProperties(NULL, NULL));
    ASSERT_NOT_YET(PeerGroupEnumMembers(NULL, 0, NULL, &enumeration));
    assert_null(enumeration);
    ASSERT_NOT_YET(PeerGroupOpenDirectConnection(NULL, NULL, NULL, &id));
    assert_int_equal(id, 0);
    ASSERT_NOT_YET(PeerGroupCloseDirectConnection(NULL, 1));
    enumeration = (HPEERENUM)1;
    ASSERT_NOT_YET(PeerGroupEnumConnections(NULL, 0, &enumeration));
    assert_null(enumeration);
    ASSERT_NOT_YET(PeerGroupSendData(NULL, 1, NULL, 0, NULL));
    ASSERT_NOT_YET(PeerGroupRegisterEvent(NULL, NULL, 0, NULL, &registration));
    assert_null(registration);
    ASSERT_NOT_YET(PeerGroupUnregisterEvent(NULL));
    ASSERT_NOT_YET(PeerGroupGetEventData(NULL, &event));
    assert_null(event);
    ASSERT_NOT_YET(PeerGroupGetRecord(NULL, NULL, &record));
    assert_null(record);
    ASSERT_NOT_YET(PeerGroupAddRecord(NULL, NULL, &guid));
    assert_true(IsEqualGUID(&guid, &none));
    ASSERT_NOT_YET(PeerGroupUpdateRecord(NULL, NULL));
    ASSERT_NOT_YET(PeerGroupDeleteRecord(NULL, NULL));
    enumeration = (HPEERENUM)1;
    ASSERT_NOT_YET(PeerGroupEnumRecords(NULL, NULL, &enumeration));
    assert_null(enumeration);
    enumeration = (HPEERENUM)1;
    ASSERT_NOT_YET(PeerGroupSearchRecords(NULL, NULL, &enumeration));
    assert_null(enumeration);
    ASSERT_NOT_YET(PeerGroupPeerTimeToUniversalTime(NULL, NULL, NULL));
    ASSERT_NOT_YET(PeerGroupUniversalTimeToPeerTime(NULL, NULL, NULL));
}

static HRESULT call_startup(void)
{
    PEER_VERSION_DATA version;
    return PeerGroupStartup(PEER_GROUP_VERSION, &version);
}

static void after_startup(HRESULT hr)
{
    assert_hr(PeerGroupShutdown(), SUCCEEDED(hr) ? S_OK : PEER_E_NOT_INITIALIZED);
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupStartup");
    assert_true(sweep(call_startup, after_startup) > 3);
}

static PWSTR issuer, subject;
static PPEER_INVITATION_INFO subject_info;

/* What a group that is open asks of the folder, and entering one by password. */
static bool group_locked_out(HGROUP group, PCWSTR by_password)
{
    HGROUP other = NULL;
    PWSTR config = NULL;
    PEER_ROLE_ID role = PEER_GROUP_ROLE_MEMBER;
    PEER_CREDENTIAL_INFO info = {.dwSize = sizeof(info),
                                 .pPublicKey = subject_info->pSubjectPublicKey,
                                 .ftValidityStart = utc_in(0),
                                 .ftValidityEnd = utc_in(86400),
                                 .cRoles = 1,
                                 .pRoles = &role};
    bool well =
        expect_hr(PeerGroupExportConfig(group, good_password, &config), PEER_E_NO_KEY_ACCESS);
    well &=
        expect_hr(PeerGroupIssueCredentials(group, subject, &info, 0, NULL), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupPasswordJoin(subject, by_password, good_password, NULL, &other),
                      PEER_E_NO_KEY_ACCESS);
    return well && !config && !other;
}

static bool password_group_locked_out(void)
{
    PEER_VERSION_DATA version;
    PWSTR xml = NULL, invitation = NULL, by_password = NULL, config = NULL;
    PWSTR identity = NULL, name = NULL;
    HGROUP group = NULL, other = NULL;
    bool well = expect_hr(PeerGroupStartup(PEER_GROUP_VERSION, &version), S_OK);
    well &= expect_hr(PeerIdentityCreate(u"c", NULL, 0, &issuer), S_OK);
    well &= expect_hr(PeerIdentityCreate(u"i", NULL, 0, &subject), S_OK);
    well &= expect_hr(PeerIdentityGetXML(subject, &xml), S_OK);
    PEER_GROUP_PROPERTIES properties = properties_by(issuer);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    well &= expect_hr(PeerGroupCreate(&properties, &group), S_OK);
    well &= expect_hr(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &invitation), S_OK);
    well &= expect_hr(PeerGroupParseInvitation(invitation, &subject_info), S_OK);
    well &= expect_hr(PeerGroupCreatePasswordInvitation(group, &by_password), S_OK);
    if (!well)
        return false;
    chmod(test_home, 0);
    well &= group_locked_out(group, by_password);
    chmod(test_home, 0700);
    chmod(home_file("keys"), 0);
    well &= expect_hr(PeerGroupExportConfig(group, good_password, &config), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupPasswordJoin(subject, by_password, good_password, NULL, &other),
                      PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    well &= !config && !other;
    well &= expect_hr(PeerGroupExportConfig(group, good_password, &config), S_OK);
    chmod(test_home, 0);
    well &= expect_hr(PeerGroupImportConfig(config, good_password, TRUE, &identity, &name),
                      PEER_E_NO_KEY_ACCESS);
    chmod(test_home, 0700);
    well &= !identity && !name;
    well &=
        expect_hr(PeerGroupPasswordJoin(subject, by_password, good_password, NULL, &other), S_OK);
    return well && expect_hr(PeerGroupShutdown(), S_OK);
}

/* An ordinary user, whose folders or files are taken out of reach one after the other. */
static bool locked_out(void)
{
    PEER_VERSION_DATA version;
    PWSTR creator = NULL, invited = NULL, xml = NULL, invitation = NULL, text = NULL;
    HGROUP group = NULL, other = NULL;
    PPEER_GROUP_PROPERTIES got = NULL;
    bool well = expect_hr(PeerGroupStartup(PEER_GROUP_VERSION, &version), S_OK);
    well &= expect_hr(PeerIdentityCreate(u"c", NULL, 0, &creator), S_OK);
    well &= expect_hr(PeerIdentityCreate(u"i", NULL, 0, &invited), S_OK);
    well &= expect_hr(PeerIdentityGetXML(invited, &xml), S_OK);
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    well &= expect_hr(PeerGroupCreate(&properties, &group), S_OK);
    well &= expect_hr(PeerGroupGetProperties(group, &got), S_OK);
    well &= expect_hr(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &invitation), S_OK);
    if (!well)
        return false;
    chmod(test_home, 0);
    well &= expect_hr(PeerGroupCreate(&properties, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupJoin(invited, invitation, NULL, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &text),
                      PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupDelete(creator, got->pwzGroupPeerName), PEER_E_NO_KEY_ACCESS);
    chmod(test_home, 0700);
    well &= expect_hr(PeerGroupClose(group), S_OK);
    chmod(home_file("keys"), 0);
    well &= expect_hr(PeerGroupCreate(&properties, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupOpen(creator, got->pwzGroupPeerName, NULL, &other),
                      PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    chmod(home_file("groups"), 0);
    well &= expect_hr(PeerGroupCreate(&properties, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerGroupOpen(creator, got->pwzGroupPeerName, NULL, &other),
                      PEER_E_NO_KEY_ACCESS);
    chmod(home_file("groups"), 0700);
    well &= other == NULL && text == NULL;
    well &= expect_hr(PeerGroupOpen(creator, got->pwzGroupPeerName, NULL, &other), S_OK);
    return well && expect_hr(PeerGroupShutdown(), S_OK);
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupOpen", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupJoin", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupDelete", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupIssueCredentials", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerGroupExportConfig", "PEER_E_NO_KEY_ACCESS");
    as_ordinary_user(locked_out);
    as_ordinary_user(password_group_locked_out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_key_access), /* a child: before this process has threads */
        cmocka_unit_test(test_not_initialized), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_counted),         cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, home_teardown);
}
