/* Do invitations keep what is documented: made for one identity, read by anybody, trusted only as
 * they were made (semantics 6, 7; rulings 10, 20, 21, 23)? */
#include "group.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"
#include "support/xml_memory.h"

static HGROUP group;
static PWSTR creator;
static PWSTR invited;
static PWSTR invited_xml;

static int setup(void **state)
{
    xml_memory_hook();
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    invited = new_identity(u"Invited");
    assert_ok(PeerIdentityGetXML(invited, &invited_xml));
    group = new_group(creator);
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(invited_xml);
    PeerFreeData(invited);
    PeerFreeData(creator);
    return group_teardown(state);
}

static PPEER_INVITATION_INFO parse(PCWSTR invitation)
{
    PPEER_INVITATION_INFO info = NULL;
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    return info;
}

/* [point 7.1] [point 7.2] [point 7.6] [point 7.9] Everything that the structure names. */
static void test_create_and_parse(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "S_OK");
    CONTRACT("PeerGroupParseInvitation", "S_OK");
    const PEER_ROLE_ID roles[] = {PEER_GROUP_ROLE_MEMBER, PEER_GROUP_ROLE_ADMIN};
    FILETIME end = filetime_of(ticks_of(utc_in(86400)) / 10000000 * 10000000);
    PWSTR invitation = NULL;
    assert_ok(PeerGroupCreateInvitation(group, invited_xml, &end, 2, roles, &invitation));
    PPEER_INVITATION_INFO info = parse(invitation);
    WCHAR *name = name_of(group);
    assert_int_equal(info->dwSize, sizeof(PEER_INVITATION_INFO));
    assert_int_equal(info->dwFlags, 0);
    assert_wide_equal(info->pwzCloudName, u"Global_");
    assert_int_equal(info->dwScope, PNRP_GLOBAL_SCOPE);
    assert_int_equal(info->dwCloudFlags, PNRP_CLOUD_NO_FLAGS);
    assert_wide_equal(info->pwzGroupPeerName, name);
    assert_wide_equal(info->pwzGroupFriendlyName, u"The club");
    assert_wide_equal(info->pwzIssuerPeerName, creator);
    assert_wide_equal(info->pwzIssuerFriendlyName, u"Creator");
    assert_wide_equal(info->pwzSubjectPeerName, invited);
    assert_wide_equal(info->pwzSubjectFriendlyName, u"Invited");
    assert_int_equal(ticks_of(info->ftValidityEnd), ticks_of(end));
    ULONGLONG start = ticks_of(info->ftValidityStart), now = ticks_of(utc_in(0));
    assert_true(start <= now && start >= now - 21ull * 60 * 10000000);
    assert_int_equal(info->cRoles, 2);
    assert_true(IsEqualGUID(&info->pRoles[0], &PEER_GROUP_ROLE_ADMIN));
    assert_true(IsEqualGUID(&info->pRoles[1], &PEER_GROUP_ROLE_MEMBER));
    assert_int_equal(info->cClassifiers, 0);
    assert_null(info->ppwzClassifiers);
    assert_string_equal(info->pSubjectPublicKey->Algorithm.pszObjId, "1.3.101.112");
    assert_int_equal(info->pSubjectPublicKey->PublicKey.cbData, 32);
    assert_int_equal(info->authScheme, PEER_GROUP_GMC_AUTHENTICATION);
    PeerFreeData(info);
    PeerFreeData(invitation);
    free(name);
}

/* [point 7.2] [point 7.3] Ruling 10: no roles mean a member, no end the inviter's own. */
static void test_defaults(void **state)
{
    (void)state;
    PWSTR invitation = invite(group, invited, NULL);
    PPEER_INVITATION_INFO info = parse(invitation);
    assert_int_equal(info->cRoles, 1);
    assert_true(IsEqualGUID(&info->pRoles[0], &PEER_GROUP_ROLE_MEMBER));
    assert_int_equal(ticks_of(info->ftValidityEnd), 2650467743990000000ull);
    PeerFreeData(info);
    PeerFreeData(invitation);
}

static void test_create_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "E_INVALIDARG");
    PWSTR invitation = (PWSTR)1;
    FILETIME past = utc_in(-3600), zero = filetime_of(0);
    const PEER_ROLE_ID no_role = {1, 2, 3, {4}};
    const PEER_ROLE_ID many[4] = {PEER_GROUP_ROLE_MEMBER, PEER_GROUP_ROLE_MEMBER,
                                  PEER_GROUP_ROLE_MEMBER, PEER_GROUP_ROLE_MEMBER};
    assert_hr(PeerGroupCreateInvitation(group, NULL, NULL, 0, NULL, &invitation), E_INVALIDARG);
    assert_null(invitation);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, NULL, 0, NULL, NULL), E_INVALIDARG);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, NULL, 1, NULL, &invitation),
              E_INVALIDARG);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, NULL, 1, &no_role, &invitation),
              E_INVALIDARG);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, NULL, 4, many, &invitation),
              E_INVALIDARG);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, &past, 0, NULL, &invitation),
              E_INVALIDARG);
    assert_hr(PeerGroupCreateInvitation(group, invited_xml, &zero, 0, NULL, &invitation),
              E_INVALIDARG);
    WCHAR *too_long = wide_fill(u' ', 70 * 1024);
    const WCHAR *const bad[] = {u"", u"x", u"<PEERIDENTITYINFO/>", lone_surrogate, too_long};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(PeerGroupCreateInvitation(group, bad[i], NULL, 0, NULL, &invitation),
                  E_INVALIDARG);
    free(too_long);
    assert_hr(PeerGroupCreateInvitation(NULL, invited_xml, NULL, 0, NULL, &invitation),
              PEER_E_INVALID_GROUP);
    assert_null(invitation);
}

/* Ruling 10: of this user's own identities it is known which were deleted. */
static void test_create_for_deleted(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_IDENTITY_DELETED");
    PWSTR gone = new_identity(u"Gone"), xml = NULL, invitation = (PWSTR)1;
    assert_ok(PeerIdentityGetXML(gone, &xml));
    assert_ok(PeerIdentityDelete(gone));
    assert_hr(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &invitation),
              PEER_E_IDENTITY_DELETED);
    assert_null(invitation);
    PeerFreeData(xml);
    PeerFreeData(gone);
}

/* [point 7.5] An administrator that has never been connected invites nobody. */
static void test_create_not_ready(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_GROUP_NOT_READY");
    PWSTR admin = new_identity(u"Admin"), invitation = (PWSTR)1;
    HGROUP joined = join(group, admin, &PEER_GROUP_ROLE_ADMIN);
    assert_hr(PeerGroupCreateInvitation(joined, invited_xml, NULL, 0, NULL, &invitation),
              PEER_E_GROUP_NOT_READY);
    assert_null(invitation);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(admin);
}

static HRESULT call_create(void)
{
    PWSTR invitation = (PWSTR)1;
    HRESULT hr = PeerGroupCreateInvitation(group, invited_xml, NULL, 0, NULL, &invitation);
    assert_true(SUCCEEDED(hr) == (invitation != NULL));
    PeerFreeData(invitation);
    return hr;
}

static void test_create_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_NO_KEY_ACCESS");
    assert_hr(group_locked(call_create), PEER_E_NO_KEY_ACCESS);
    assert_ok(call_create());
}

/* [point 7.4] Ruling 23: the 25th certificate below the group's own is one too many. */
static void test_chain_too_long(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreateInvitation", "PEER_E_CHAIN_TOO_LONG");
    enum { LONGEST = 24 };
    HGROUP founded = new_group(creator), inviter = founded;
    PWSTR invitation = (PWSTR)1;
    go_online(founded);
    for (int count = 2; count <= LONGEST; count++) {
        PWSTR name = new_identity(u"Link");
        HGROUP member = join(inviter, name, &PEER_GROUP_ROLE_ADMIN);
        go_online(member);
        if (inviter != founded)
            assert_ok(PeerGroupClose(inviter));
        inviter = member;
        PeerFreeData(name);
    }
    assert_hr(PeerGroupCreateInvitation(inviter, invited_xml, NULL, 0, NULL, &invitation),
              PEER_E_CHAIN_TOO_LONG);
    assert_null(invitation);
    assert_ok(PeerGroupClose(inviter));
    assert_ok(PeerGroupClose(founded));
}

static void test_parse_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupParseInvitation", "E_INVALIDARG");
    PPEER_INVITATION_INFO info = (PPEER_INVITATION_INFO)1;
    PWSTR invitation = invite(group, invited, NULL);
    assert_hr(PeerGroupParseInvitation(NULL, &info), E_INVALIDARG);
    assert_null(info);
    assert_hr(PeerGroupParseInvitation(invitation, NULL), E_INVALIDARG);
    WCHAR *too_long = wide_fill(u' ', 70 * 1024);
    assert_hr(PeerGroupParseInvitation(too_long, &info), E_INVALIDARG);
    assert_null(info);
    free(too_long);
    PeerFreeData(invitation);
}

static void refuse(PCWSTR invitation, HRESULT want)
{
    PPEER_INVITATION_INFO info = (PPEER_INVITATION_INFO)1;
    HGROUP joined = (HGROUP)1;
    assert_hr(PeerGroupParseInvitation(invitation, &info), want);
    assert_null(info);
    assert_hr(PeerGroupJoin(invited, invitation, NULL, &joined), want);
    assert_null(joined);
}

/* [point 7.10] Not one character may change. */
static void test_altered(void **state)
{
    (void)state;
    CONTRACT("PeerGroupParseInvitation", "PEER_E_INVITATION_NOT_TRUSTED");
    CONTRACT("PeerGroupJoin", "PEER_E_INVITATION_NOT_TRUSTED");
    PWSTR invitation = invite(group, invited, NULL);
    WCHAR *copy = wide_copy(invitation);
    size_t length = wide_length(copy);
    for (size_t at = 60; at + 20 < length; at += 97) {
        WCHAR kept = copy[at];
        if (kept == u'<' || kept == u'>')
            continue;
        copy[at] = kept == u'A' ? u'B' : u'A';
        refuse(copy, PEER_E_INVITATION_NOT_TRUSTED);
        copy[at] = kept;
    }
    copy[length - 1] = 0;
    refuse(copy, PEER_E_INVITATION_NOT_TRUSTED);
    refuse(u"", PEER_E_INVITATION_NOT_TRUSTED);
    refuse(u"join us", PEER_E_INVITATION_NOT_TRUSTED);
    refuse(lone_surrogate, PEER_E_INVITATION_NOT_TRUSTED);
    free(copy);
    PeerFreeData(invitation);
}

/* [point 7.10] What a later version writes is told apart from what somebody altered. */
static void test_later_version(void **state)
{
    (void)state;
    CONTRACT("PeerGroupParseInvitation", "PEER_E_UNSUPPORTED_VERSION");
    CONTRACT("PeerGroupJoin", "PEER_E_UNSUPPORTED_VERSION");
    static const WCHAR version[] = u"VERSION=\"";
    PWSTR invitation = invite(group, invited, NULL);
    WCHAR *copy = wide_copy(invitation);
    size_t at = 0;
    while (memcmp(copy + at, version, sizeof(version) - sizeof(WCHAR)) != 0)
        at++;
    copy[at + wide_length(version)] = u'9';
    refuse(copy, PEER_E_UNSUPPORTED_VERSION);
    free(copy);
    PeerFreeData(invitation);
}

static PWSTR swept;

static HRESULT call_parse(void)
{
    PPEER_INVITATION_INFO info = (PPEER_INVITATION_INFO)1;
    HRESULT hr = PeerGroupParseInvitation(swept, &info);
    assert_true(SUCCEEDED(hr) == (info != NULL));
    PeerFreeData(info);
    return hr;
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupCreateInvitation");
    CONTRACT_OOM("PeerGroupParseInvitation");
    assert_true(sweep(call_create, NULL) > 20);
    swept = invite(group, invited, NULL);
    assert_true(sweep(call_parse, NULL) > 20);
    PeerFreeData(swept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_and_parse),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_create_bad_arguments),
        cmocka_unit_test(test_create_for_deleted),
        cmocka_unit_test(test_create_not_ready),
        cmocka_unit_test(test_create_no_key_access),
        cmocka_unit_test(test_chain_too_long),
        cmocka_unit_test(test_parse_bad_arguments),
        cmocka_unit_test(test_altered),
        cmocka_unit_test(test_later_version),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
