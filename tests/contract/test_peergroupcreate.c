/* Does PeerGroupCreate do what its page says, sentence by sentence? peergroupcreate.md names the
 * test of each; rulings 1, 4, 7, 8, 11 to 20 settle what the page leaves open. */
#include "group.h"
#include "links.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"
#include "support/xml_memory.h"

#include <glob.h>

enum { XP_SIZE = 64 };

static PWSTR creator;

static int setup(void **state)
{
    xml_memory_hook();
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(creator);
    return group_teardown(state);
}

/* A failed create leaves nothing at all: no group, no file (ruling 11). */
static unsigned file_count;

static int count_file(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)path;
    (void)status;
    (void)walk;
    file_count += kind == FTW_F;
    return 0;
}

static unsigned files(void)
{
    file_count = 0;
    nftw(home_file("keys"), count_file, 8, FTW_PHYS);
    nftw(home_file("groups"), count_file, 8, FTW_PHYS);
    return file_count;
}

static void refuse(const PEER_GROUP_PROPERTIES *properties, HRESULT want)
{
    HGROUP group = (HGROUP)1;
    ULONG groups = group_count(creator);
    unsigned before = files();
    assert_hr(PeerGroupCreate((PPEER_GROUP_PROPERTIES)properties, &group), want);
    assert_null(group);
    assert_int_equal(group_count(creator), groups);
    assert_int_equal(files(), before);
}

static PPEER_GROUP_PROPERTIES created(const PEER_GROUP_PROPERTIES *given, HGROUP *group)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupCreate((PPEER_GROUP_PROPERTIES)given, group));
    assert_ok(PeerGroupGetProperties(*group, &properties));
    return properties;
}

static void drop(HGROUP group)
{
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupDelete(creator, name));
    free(name);
}

/* [point 3.2] "creates a new peer group"; the handle is for that group. */
static void test_creates_a_group(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "S_OK");
    HGROUP first = new_group(creator), second = new_group(creator);
    assert_int_equal(group_count(creator), 2);
    WCHAR *first_name = name_of(first), *second_name = name_of(second);
    assert_false(wide_equal(first_name, second_name));
    GUID id = add_note(first, "in the first");
    PPEER_RECORD record = NULL;
    assert_hr(PeerGroupGetRecord(second, &id, &record), PEER_E_RECORD_NOT_FOUND);
    free(first_name);
    free(second_name);
    drop(first);
    drop(second);
    assert_int_equal(group_count(creator), 0);
}

/* [point 3.4] [point 3.5] [point 3.6] "specifies the specific details of the group" */
static void test_details(void **state)
{
    (void)state;
    HGROUP group = NULL;
    WCHAR *longest_classifier = wide_fill(u'\u20AC', 149), *longest = wide_fill(u'x', 255);
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    given.pwzClassifier = longest_classifier;
    given.pwzFriendlyName = longest;
    given.pwzComment = longest;
    given.dwFlags = PEER_MEMBER_DATA_OPTIONAL | PEER_DISABLE_PRESENCE | PEER_DEFER_EXPIRATION;
    given.ulMemberDataLifetime = 315360000;
    given.ulPresenceLifetime = 301;
    PPEER_GROUP_PROPERTIES properties = created(&given, &group);
    assert_wide_equal(properties->pwzGroupPeerName + 41, longest_classifier);
    assert_wide_equal(properties->pwzFriendlyName, longest);
    assert_wide_equal(properties->pwzComment, longest);
    assert_int_equal(properties->dwFlags, 7);
    assert_int_equal(properties->ulMemberDataLifetime, 315360000);
    assert_int_equal(properties->ulPresenceLifetime, 301);
    PeerFreeData(properties);
    drop(group);
    free(longest_classifier);
    free(longest);
}

/* [point 3.2] [point 3.3] [point 3.8] "The remaining members are optional" (ruling 15), and
 * the size of XP does (ruling 4). */
static void test_remaining_members_are_optional(void **state)
{
    (void)state;
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES given = {.dwSize = sizeof(given), .pwzCreatorPeerName = creator};
    for (int round = 0; round < 3; round++) {
        PPEER_GROUP_PROPERTIES properties = created(&given, &group);
        assert_int_equal(wide_length(properties->pwzGroupPeerName), 41);
        assert_null(properties->pwzClassifier);
        assert_wide_equal(properties->pwzCloud, u"Global_");
        assert_null(properties->pwzComment);
        assert_int_equal(properties->dwFlags, 0);
        assert_int_equal(properties->ulMemberDataLifetime, 2419200);
        assert_int_equal(properties->ulPresenceLifetime, 300);
        assert_int_equal(properties->dwAuthenticationSchemes, PEER_GROUP_GMC_AUTHENTICATION);
        PeerFreeData(properties);
        drop(group);
        if (round == 0) {
            given.pwzCloud = (PWSTR)u"Global_";
            given.pwzClassifier = given.pwzGroupPeerName = given.pwzComment = (PWSTR)u"";
            given.pwzGroupPassword = (PWSTR)u"";
            given.ulPresenceLifetime = 299;
        } else {
            given.dwSize = XP_SIZE; /* what lies behind is not looked at */
            memset((char *)&given + XP_SIZE, 0xAB, sizeof(given) - XP_SIZE);
        }
    }
}

/* "This parameter is required", of both; "One of the parameters is not valid". */
static void test_parameters_are_required(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "E_INVALIDARG");
    HGROUP group = (HGROUP)1;
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    assert_hr(PeerGroupCreate(NULL, &group), E_INVALIDARG);
    assert_null(group);
    assert_hr(PeerGroupCreate(&given, NULL), E_INVALIDARG);
    const DWORD sizes[] = {0, 1, 63, 65, 95, 97, 0xFFFFFFFF};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        given.dwSize = sizes[i];
        refuse(&given, E_INVALIDARG);
    }
}

/* [point 3.1] [point 3.21] "The following members must be set: pwzCreatorPeerName" (ruling 12). */
static void test_creator_must_be_set(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_INVALID_PROPERTIES");
    PEER_GROUP_PROPERTIES given = properties_by(NULL);
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES);
    given.pwzCreatorPeerName = (PWSTR)u"";
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES);
}

/* [point 3.2] "The following members cannot be set: pwzGroupPeerName" (ruling 13). */
static void test_group_name_cannot_be_set(void **state)
{
    (void)state;
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    given.pwzGroupPeerName = (PWSTR)nobody;
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES);
}

static void test_invalid_peer_name(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_INVALID_PEER_NAME");
    WCHAR *too_long = wide_fill(u'a', 191);
    const WCHAR *const bad[] = {u"no name", u".", lone_surrogate, too_long};
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        given.pwzGroupPeerName = (PWSTR)bad[i];
        refuse(&given, PEER_E_INVALID_PEER_NAME);
    }
    given.pwzGroupPeerName = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        given.pwzCreatorPeerName = (PWSTR)bad[i];
        refuse(&given, PEER_E_INVALID_PEER_NAME);
    }
    given.pwzCreatorPeerName = (PWSTR)nobody; /* a name that this user never had */
    refuse(&given, PEER_E_INVALID_PEER_NAME);
    free(too_long);
}

/* [point 3.4] A classifier has at most 149 units, and no control characters. */
static void test_invalid_classifier(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_INVALID_CLASSIFIER");
    WCHAR *too_long = wide_fill(u'c', 150);
    const WCHAR *const bad[] = {too_long, lone_surrogate, u"a\nb", u"\x7f"};
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        given.pwzClassifier = (PWSTR)bad[i];
        refuse(&given, PEER_E_INVALID_CLASSIFIER);
    }
    free(too_long);
}

/* [point 3.4] [point 3.6] [point 3.7] "One or more of the peer group properties supplied is
 * invalid" (ruling 14). */
static void test_invalid_properties(void **state)
{
    (void)state;
    WCHAR *too_long = wide_fill(u'x', 256);
    const PEER_GROUP_PROPERTIES plain = properties_by(creator);
    PEER_GROUP_PROPERTIES bad[10];
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = plain;
    bad[0].dwFlags = 8;
    bad[1].dwAuthenticationSchemes = 4;
    bad[2].dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION; /* and no password */
    bad[2].groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    bad[3].dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION; /* and no role */
    bad[3].pwzGroupPassword = (PWSTR)good_password;
    bad[4].pwzGroupPassword = (PWSTR)good_password; /* and no scheme */
    bad[5].pwzFriendlyName = too_long;
    bad[6].pwzFriendlyName = (PWSTR)lone_surrogate;
    bad[7].pwzComment = too_long;
    bad[8].ulMemberDataLifetime = 28799;
    bad[9].ulMemberDataLifetime = 315360001;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refuse(&bad[i], PEER_E_INVALID_GROUP_PROPERTIES);
    free(too_long);
}

/* Ruling 18: what the names of clouds mean. */
static void test_clouds(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_CLOUD_NAME_AMBIGUOUS");
    CONTRACT("PeerGroupCreate", "PEER_E_NO_CLOUD");
    HGROUP group = NULL;
    WCHAR *too_long = wide_fill(u'L', 300);
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    given.pwzCloud = (PWSTR)u"LinkLocal_net";
    refuse(&given, PEER_E_CLOUD_NAME_AMBIGUOUS);
    const WCHAR *const none[] = {u"LinkLocal_net2", u"global_", u"x", lone_surrogate, too_long};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        given.pwzCloud = (PWSTR)none[i];
        refuse(&given, PEER_E_NO_CLOUD);
    }
    given.pwzCloud = (PWSTR)u"LinkLocal_net1";
    PPEER_GROUP_PROPERTIES properties = created(&given, &group);
    assert_wide_equal(properties->pwzCloud, u"LinkLocal_net1");
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);
    drop(group);
    free(too_long);
}

/* "Password specified does not meet system password requirements" (ruling 17). */
static void test_passwords(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_PASSWORD_DOES_NOT_MEET_POLICY");
    WCHAR *too_long = wide_fill(u'x', 256);
    const WCHAR *const weak[] = {u"", u"a", u"password", too_long, lone_surrogate};
    const GUID *const roles[] = {&PEER_GROUP_ROLE_ADMIN, &PEER_GROUP_ROLE_INVITING_MEMBER,
                                 &PEER_GROUP_ROLE_MEMBER};
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    given.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    given.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
        given.pwzGroupPassword = (PWSTR)weak[i];
        refuse(&given, PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    }
    given.pwzGroupPassword = (PWSTR)good_password;
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++) { /* ruling 16 */
        HGROUP group = NULL;
        given.groupPasswordRole = *roles[i];
        PPEER_GROUP_PROPERTIES properties = created(&given, &group);
        assert_int_equal(properties->dwAuthenticationSchemes, 3);
        assert_true(IsEqualGUID(&properties->groupPasswordRole, roles[i]));
        assert_null(properties->pwzGroupPassword);
        PeerFreeData(properties);
        drop(group);
    }
    free(too_long);
}

/* [point 3.18] "The peer identity specified as the Group Creator has been deleted" (ruling 12). */
static void test_deleted_creator(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "ERROR_DELETE_PENDING");
    PWSTR gone = new_identity(u"Gone");
    assert_ok(PeerIdentityDelete(gone));
    PEER_GROUP_PROPERTIES given = properties_by(gone);
    refuse(&given, HRESULT_FROM_WIN32(ERROR_DELETE_PENDING));
    PeerFreeData(gone);
}

static HRESULT call_create(void)
{
    HGROUP group = (HGROUP)1;
    PEER_GROUP_PROPERTIES given = properties_by(creator);
    HRESULT hr = PeerGroupCreate(&given, &group);
    assert_true(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupClose(group));
    return hr;
}

/* "Access to the identity or group keys is denied" (ruling 19). */
static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "PEER_E_NO_KEY_ACCESS");
    ULONG groups = group_count(creator);
    assert_hr(group_locked(call_create), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(chmod(home_file("keys"), 0755), 0);
    assert_hr(call_create(), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(chmod(home_file("keys"), 0700), 0);
    assert_int_equal(group_count(creator), groups);
}

/* "Cryptography-specific errors can be returned": a key that does not decode (ruling 19). */
static void test_damaged_key(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreate", "family:CRYPT_*");
    PWSTR broken = new_identity(u"Broken");
    char pattern[64] = "keys/", *end = pattern + 5;
    for (int i = 0; i < 40; i++) /* the file's name begins with the authority */
        *end++ = (char)broken[i];
    strcpy(end, "*");
    glob_t found;
    assert_int_equal(glob(home_file(pattern), 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    home_write(found.gl_pathv[0], "not a key", 9, 0600);
    globfree(&found);
    HGROUP group = (HGROUP)1;
    PEER_GROUP_PROPERTIES given = properties_by(broken);
    assert_hr(PeerGroupCreate(&given, &group), NTE_BAD_KEYSET);
    assert_null(group);
    assert_int_equal(group_count(broken), 0);
    PeerFreeData(broken);
}

/* Ruling 11: of several faults the first in the documented order is told. */
static void test_order_of_checks(void **state)
{
    (void)state;
    PEER_GROUP_PROPERTIES given = {.dwSize = 1,
                                   .dwFlags = 8,
                                   .pwzCloud = (PWSTR)u"nowhere",
                                   .pwzClassifier = (PWSTR)lone_surrogate,
                                   .pwzGroupPeerName = (PWSTR)lone_surrogate,
                                   .pwzCreatorPeerName = NULL,
                                   .dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION,
                                   .pwzGroupPassword = (PWSTR)lone_surrogate,
                                   .groupPasswordRole = PEER_GROUP_ROLE_MEMBER};
    refuse(&given, E_INVALIDARG);
    given.dwSize = sizeof(given);
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES); /* the creator */
    given.pwzCreatorPeerName = creator;
    refuse(&given, PEER_E_INVALID_PEER_NAME); /* the group's name */
    given.pwzGroupPeerName = NULL;
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES); /* the flags */
    given.dwFlags = 0;
    refuse(&given, PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    given.pwzGroupPassword = (PWSTR)good_password;
    refuse(&given, PEER_E_INVALID_CLASSIFIER);
    given.pwzClassifier = NULL;
    given.ulMemberDataLifetime = 1;
    refuse(&given, PEER_E_INVALID_GROUP_PROPERTIES); /* the lifetime */
    given.ulMemberDataLifetime = 0;
    refuse(&given, PEER_E_NO_CLOUD);
}

/* [point 3.20] "PeerGroupConnect must be called by the group creator": else an invited member's
 * call is S_OK, it does not listen and hears of the failure (ruling 20). */
static void test_creator_must_connect(void **state)
{
    (void)state;
    HGROUP group = new_group(creator);
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(group, &status));
    assert_int_equal(status, 0);
    add_note(group, "at once");
    PWSTR invited = new_identity(u"Invited");
    HGROUP joined = join(group, invited, NULL);
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    PPEER_GROUP_EVENT_DATA event = await_type(&listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NO_MEMBERS_FOUND);
    PeerFreeData(event);
    assert_ok(PeerGroupGetStatus(joined, &status));
    assert_int_equal(status, 0);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    /* With the creator online it works. */
    go_online(group);
    PWSTR invitation = invite(group, invited, NULL);
    assert_ok(PeerGroupJoin(invited, invitation, NULL, &joined));
    go_online(joined);
    assert_int_equal(record_count(joined), 1);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(invitation);
    PeerFreeData(invited);
    drop(group);
}

/* [point 2.12] [point 3.19] "This identity serves as the owner of the group, and is the initial
 * member". */
static void test_creator_is_the_first_member(void **state)
{
    (void)state;
    HGROUP group = new_group(creator);
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *members = NULL;
    ULONG count = 10;
    assert_ok(PeerGroupEnumMembers(group, 0, NULL, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&members));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    assert_wide_equal(members[0]->pwzIdentity, creator);
    assert_int_equal(members[0]->pCredentialInfo->cRoles, 1);
    assert_true(IsEqualGUID(&members[0]->pCredentialInfo->pRoles[0], &PEER_GROUP_ROLE_ADMIN));
    assert_int_equal(ticks_of(members[0]->pCredentialInfo->ftValidityEnd), 2650467743990000000ull);
    PeerFreeData(members);
    assert_hr(PeerIdentityDelete(creator), PEER_E_GROUPS_EXIST);
    drop(group);
}

/* "passwords are handled securely": what the program gave is its own to wipe, and is not changed.
 */
static void test_password_is_left_alone(void **state)
{
    (void)state;
    HGROUP group = NULL;
    WCHAR *password = wide_copy(good_password);
    PEER_GROUP_PROPERTIES given = properties_by(creator), before;
    given.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    given.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    given.pwzGroupPassword = password;
    before = given;
    assert_ok(PeerGroupCreate(&given, &group));
    assert_memory_equal(&given, &before, sizeof(given));
    assert_wide_equal(password, good_password);
    SecureZeroMemory(password, wide_length(password) * sizeof(WCHAR));
    free(password);
    drop(group);
}

static void after_create(HRESULT hr)
{
    HPEERENUM enumeration = NULL;
    PPEER_NAME_PAIR *pairs = NULL;
    ULONG count = 10;
    assert_ok(PeerEnumGroups(creator, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&pairs));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, SUCCEEDED(hr) ? 1 : 0);
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupDelete(creator, pairs[0]->pwzPeerName));
    PeerFreeData(pairs);
}

/* "There is not enough memory to perform the specified operation." */
static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupCreate");
    while (group_count(creator) > 0) { /* what failed tests have left */
        HPEERENUM enumeration = NULL;
        PPEER_NAME_PAIR *pairs = NULL;
        ULONG count = 1;
        assert_ok(PeerEnumGroups(creator, &enumeration));
        assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&pairs));
        assert_ok(PeerGroupDelete(creator, pairs[0]->pwzPeerName));
        assert_ok(PeerEndEnumeration(enumeration));
        PeerFreeData(pairs);
    }
    unsigned before = files();
    assert_true(sweep(call_create, after_create) > 50);
    assert_int_equal(files(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creates_a_group),
        cmocka_unit_test(test_details),
        cmocka_unit_test(test_remaining_members_are_optional),
        cmocka_unit_test(test_parameters_are_required),
        cmocka_unit_test(test_creator_must_be_set),
        cmocka_unit_test(test_group_name_cannot_be_set),
        cmocka_unit_test(test_invalid_peer_name),
        cmocka_unit_test(test_invalid_classifier),
        cmocka_unit_test(test_invalid_properties),
        cmocka_unit_test(test_clouds),
        cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_deleted_creator),
        cmocka_unit_test(test_no_key_access),
        cmocka_unit_test(test_damaged_key),
        cmocka_unit_test(test_order_of_checks),
        cmocka_unit_test(test_creator_must_connect),
        cmocka_unit_test(test_creator_is_the_first_member),
        cmocka_unit_test(test_password_is_left_alone),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
