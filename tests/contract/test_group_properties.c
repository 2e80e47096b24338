/* Do PeerGroupGetProperties, PeerGroupSetProperties and PeerGroupGetStatus keep what is documented
 * (semantics 8, rulings 1, 4, 13 to 17)? */
#include "alone.h"
#include "support/sweep.h"

enum { XP_SIZE = 64 };

static PPEER_GROUP_PROPERTIES get(HGROUP of)
{
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(of, &properties));
    assert_int_equal(properties->dwSize, sizeof(PEER_GROUP_PROPERTIES));
    assert_null(properties->pwzGroupPassword);
    return properties;
}

static void test_get(void **state)
{
    (void)state;
    CONTRACT("PeerGroupGetProperties", "S_OK");
    PPEER_GROUP_PROPERTIES properties = get(group);
    assert_int_equal(properties->dwFlags, 0);
    assert_wide_equal(properties->pwzClassifier, u"club");
    assert_int_equal(wide_length(properties->pwzGroupPeerName), 40 + 1 + 4);
    assert_wide_equal(properties->pwzGroupPeerName + 40, u".club");
    assert_wide_equal(properties->pwzCreatorPeerName, creator);
    assert_wide_equal(properties->pwzFriendlyName, u"The club");
    assert_null(properties->pwzComment);
    assert_int_equal(properties->ulMemberDataLifetime, 2419200);
    assert_int_equal(properties->ulPresenceLifetime, 300);
    assert_int_equal(properties->dwAuthenticationSchemes, PEER_GROUP_GMC_AUTHENTICATION);
    PeerFreeData(properties);
}

static void test_get_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupGetProperties", "E_INVALIDARG");
    CONTRACT("PeerGroupGetProperties", "PEER_E_INVALID_GROUP");
    PPEER_GROUP_PROPERTIES properties = (PPEER_GROUP_PROPERTIES)1;
    assert_hr(PeerGroupGetProperties(group, NULL), E_INVALIDARG);
    assert_hr(PeerGroupGetProperties(NULL, &properties), PEER_E_INVALID_GROUP);
    assert_null(properties);
}

/* [point 8.2] [point 8.3] Start from GetProperties, change, pass back. */
static void test_set(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSetProperties", "S_OK");
    struct listener listener = listen_to(group);
    PPEER_GROUP_PROPERTIES properties = get(group);
    properties->pwzFriendlyName = (PWSTR)u"The old club";
    properties->pwzComment = (PWSTR)u"\u20AC";
    properties->dwFlags = PEER_MEMBER_DATA_OPTIONAL;
    properties->ulPresenceLifetime = 1; /* ruling 15: raised */
    properties->ulMemberDataLifetime = 28800;
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);
    PeerFreeData(await_type(&listener, PEER_GROUP_EVENT_PROPERTY_CHANGED));
    stop_listening(&listener);
    properties = get(group);
    assert_wide_equal(properties->pwzFriendlyName, u"The old club");
    assert_wide_equal(properties->pwzComment, u"\u20AC");
    assert_wide_equal(properties->pwzClassifier, u"club");
    assert_int_equal(properties->dwFlags, PEER_MEMBER_DATA_OPTIONAL);
    assert_int_equal(properties->ulPresenceLifetime, 300);
    assert_int_equal(properties->ulMemberDataLifetime, 28800);
    properties->pwzComment = NULL;
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);
    properties = get(group);
    assert_null(properties->pwzComment);
    PeerFreeData(properties);
}

/* Ruling 4: the size of XP; what lies behind it is not looked at. */
static void test_set_short(void **state)
{
    (void)state;
    PPEER_GROUP_PROPERTIES properties = get(group);
    PEER_GROUP_PROPERTIES given = *properties;
    given.dwSize = XP_SIZE;
    given.pwzComment = (PWSTR)u"short";
    memset((char *)&given + XP_SIZE, 0xAB, sizeof(given) - XP_SIZE);
    assert_ok(PeerGroupSetProperties(group, &given));
    PeerFreeData(properties);
    properties = get(group);
    assert_wide_equal(properties->pwzComment, u"short");
    assert_int_equal(properties->dwAuthenticationSchemes, PEER_GROUP_GMC_AUTHENTICATION);
    PeerFreeData(properties);
}

static void test_set_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSetProperties", "PEER_E_INVALID_GROUP");
    PPEER_GROUP_PROPERTIES properties = get(group);
    assert_hr(PeerGroupSetProperties(group, NULL), E_INVALIDARG);
    assert_hr(PeerGroupSetProperties(NULL, properties), PEER_E_INVALID_GROUP);
    const DWORD sizes[] = {0, 63, 65, 95, 97};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        properties->dwSize = sizes[i];
        assert_hr(PeerGroupSetProperties(group, properties), E_INVALIDARG);
    }
    PeerFreeData(properties);
}

static void refuse(void (*spoil)(PPEER_GROUP_PROPERTIES properties))
{
    PPEER_GROUP_PROPERTIES properties = get(group), after;
    PEER_GROUP_PROPERTIES before = *properties;
    spoil(properties);
    assert_hr(PeerGroupSetProperties(group, properties), PEER_E_INVALID_GROUP_PROPERTIES);
    after = get(group);
    assert_wide_equal(after->pwzFriendlyName, before.pwzFriendlyName);
    assert_int_equal(after->dwFlags, before.dwFlags);
    PeerFreeData(after);
    PeerFreeData(properties);
}

static WCHAR too_long[257];

static void other_cloud(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzCloud = (PWSTR)u"LinkLocal_none";
}
static void broken_cloud(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzCloud = (PWSTR)lone_surrogate;
}
static void other_classifier(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzClassifier = (PWSTR)u"Club";
}
static void no_classifier(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzClassifier = NULL;
}
static void other_name(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzGroupPeerName = (PWSTR)nobody;
}
static void no_name(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzGroupPeerName = NULL;
}
static void other_creator(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzCreatorPeerName = (PWSTR)nobody;
}
static void unknown_flag(PPEER_GROUP_PROPERTIES properties)
{
    properties->dwFlags = 8;
}
static void unknown_scheme(PPEER_GROUP_PROPERTIES properties)
{
    properties->dwAuthenticationSchemes = 4;
}
static void password_without_scheme(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzGroupPassword = (PWSTR)good_password;
}
static void scheme_without_password(PPEER_GROUP_PROPERTIES properties)
{
    properties->dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties->groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
}
static void long_friendly_name(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzFriendlyName = too_long;
}
static void broken_friendly_name(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzFriendlyName = (PWSTR)lone_surrogate;
}
static void long_comment(PPEER_GROUP_PROPERTIES properties)
{
    properties->pwzComment = too_long;
}
static void short_lifetime(PPEER_GROUP_PROPERTIES properties)
{
    properties->ulMemberDataLifetime = 28799;
}
static void long_lifetime(PPEER_GROUP_PROPERTIES properties)
{
    properties->ulMemberDataLifetime = 315360001;
}

/* [point 8.2] [point 8.4] What is fixed, and what no group may have. */
static void test_set_invalid(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSetProperties", "PEER_E_INVALID_GROUP_PROPERTIES");
    for (int i = 0; i < 256; i++)
        too_long[i] = u'x';
    void (*const spoils[])(PPEER_GROUP_PROPERTIES properties) = {
        other_cloud,
        broken_cloud,
        other_classifier,
        no_classifier,
        other_name,
        no_name,
        other_creator,
        unknown_flag,
        unknown_scheme,
        short_lifetime,
        password_without_scheme,
        scheme_without_password,
        long_friendly_name,
        broken_friendly_name,
        long_comment,
        long_lifetime,
    };
    for (size_t i = 0; i < ARRAY_SIZE(spoils); i++)
        refuse(spoils[i]);
}

/* [point 3.17] [point 8.3] Ruling 17; and NULL keeps the password that is set. */
static void test_password(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSetProperties", "PEER_E_PASSWORD_DOES_NOT_MEET_POLICY");
    HGROUP locked = new_group(creator);
    PPEER_GROUP_PROPERTIES properties = get(locked);
    const WCHAR *const weak[] = {u"", u"a", u"password", too_long, lone_surrogate};
    properties->dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties->groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    for (size_t i = 0; i < ARRAY_SIZE(weak); i++) {
        properties->pwzGroupPassword = (PWSTR)weak[i];
        assert_hr(PeerGroupSetProperties(locked, properties), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    }
    properties->pwzGroupPassword = (PWSTR)good_password;
    assert_ok(PeerGroupSetProperties(locked, properties));
    PeerFreeData(properties);
    properties = get(locked);
    assert_int_equal(properties->dwAuthenticationSchemes,
                     PEER_GROUP_GMC_AUTHENTICATION | PEER_GROUP_PASSWORD_AUTHENTICATION);
    assert_true(IsEqualGUID(&properties->groupPasswordRole, &PEER_GROUP_ROLE_MEMBER));
    properties->pwzComment = (PWSTR)u"same password";
    assert_ok(PeerGroupSetProperties(locked, properties));
    /* The short structure speaks of no password at all. */
    properties->dwSize = XP_SIZE;
    properties->pwzComment = (PWSTR)u"still";
    assert_ok(PeerGroupSetProperties(locked, properties));
    PeerFreeData(properties);
    properties = get(locked);
    assert_true(properties->dwAuthenticationSchemes & PEER_GROUP_PASSWORD_AUTHENTICATION);
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(locked));
}

/* [point 7.5] [point 8.1] */
static void test_not_ready(void **state)
{
    (void)state;
    CONTRACT("PeerGroupGetProperties", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupSetProperties", "PEER_E_GROUP_NOT_READY");
    PWSTR invited = new_identity(u"Invited");
    HGROUP joined = join(group, invited, NULL);
    PPEER_GROUP_PROPERTIES properties = get(group), other = (PPEER_GROUP_PROPERTIES)1;
    assert_hr(PeerGroupSetProperties(joined, properties), PEER_E_GROUP_NOT_READY);
    assert_hr(PeerGroupGetProperties(joined, &other), PEER_E_GROUP_NOT_READY);
    assert_null(other);
    PeerFreeData(properties);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(invited);
}

/* [point 8.5] The status of a group that is offline, and of one whose only member listens. */
static void test_status(void **state)
{
    (void)state;
    CONTRACT("PeerGroupGetStatus", "S_OK");
    CONTRACT("PeerGroupGetStatus", "E_INVALIDARG");
    CONTRACT("PeerGroupGetStatus", "PEER_E_INVALID_GROUP");
    HGROUP other = new_group(creator);
    DWORD status = 99;
    assert_ok(PeerGroupGetStatus(other, &status));
    assert_int_equal(status, 0);
    go_online(other);
    assert_ok(PeerGroupGetStatus(other, &status));
    assert_int_equal(status, PEER_GROUP_STATUS_LISTENING);
    assert_hr(PeerGroupGetStatus(other, NULL), E_INVALIDARG);
    assert_ok(PeerGroupClose(other));
    assert_hr(PeerGroupGetStatus(other, &status), PEER_E_INVALID_GROUP);
    assert_int_equal(status, 0);
}

static HRESULT call_get(void)
{
    PPEER_GROUP_PROPERTIES properties = (PPEER_GROUP_PROPERTIES)1;
    HRESULT hr = PeerGroupGetProperties(group, &properties);
    assert_true(SUCCEEDED(hr) == (properties != NULL));
    PeerFreeData(properties);
    return hr;
}

static HRESULT call_status(void)
{
    DWORD status;
    return PeerGroupGetStatus(group, &status);
}

static PPEER_GROUP_PROPERTIES swept;

static HRESULT call_set(void)
{
    return PeerGroupSetProperties(group, swept);
}

static void after_set(HRESULT hr)
{
    PPEER_GROUP_PROPERTIES now = get(group);
    assert_wide_equal(now->pwzComment, SUCCEEDED(hr) ? u"after" : u"before");
    if (SUCCEEDED(hr)) {
        now->pwzComment = (PWSTR)u"before";
        assert_ok(PeerGroupSetProperties(group, now));
    }
    PeerFreeData(now);
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupGetProperties");
    CONTRACT_OOM("PeerGroupSetProperties");
    CONTRACT_OOM("PeerGroupGetStatus"); /* needs none, and so cannot fail */
    assert_true(sweep(call_get, NULL) > 10);
    assert_int_equal(sweep(call_status, NULL), 0);
    swept = get(group);
    swept->pwzComment = (PWSTR)u"before";
    assert_ok(call_set());
    swept->pwzComment = (PWSTR)u"after";
    assert_true(sweep(call_set, after_set) > 20);
    PeerFreeData(swept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_get_bad_arguments),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_short),
        cmocka_unit_test(test_set_bad_arguments),
        cmocka_unit_test(test_set_invalid),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
