/* Do the calls on identities do what is documented of them, and return each documented code under
 * its condition? (semantics 2) */
#include "contract.h"
#include "support/foreign_memory.h"
#include "support/home.h"
#include "support/sweep.h"
#include "support/wide.h"
#include "support/xml_memory.h"

#include "base/limits.h"
#include "base/text.h"
#include "group/identity.h"
#include "group/identity_xml.h"

static const WCHAR nobody[] = u"0123456789abcdef0123456789abcdef01234567.nobody";
static const WCHAR lone_surrogate[] = {u'a', 0xD800, u'b', 0};

static PWSTR create(PCWSTR classifier, PCWSTR friendly_name)
{
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(classifier, friendly_name, 0, &name));
    assert_non_null(name);
    return name;
}

static char *narrow(PCWSTR text)
{
    char *result = NULL;
    assert_ok(text_from_utf16(text, wide_length(text), &result));
    return result;
}

static ULONG count_of(HPEERENUM enumeration)
{
    ULONG count = 0;
    assert_ok(PeerGetItemCount(enumeration, &count));
    assert_ok(PeerEndEnumeration(enumeration));
    return count;
}

static ULONG identity_count(void)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerEnumIdentities(&enumeration));
    return count_of(enumeration);
}

static void assert_friendly_name(PCWSTR identity, PCWSTR want)
{
    PWSTR name = NULL;
    assert_ok(PeerIdentityGetFriendlyName(identity, &name));
    assert_wide_equal(name, want);
    PeerFreeData(name);
}

/* Gives an identity a group behind the interface's back. */
static void add_group(PCWSTR identity, const char *group, const char *friendly_name)
{
    struct group_entry entry = {.identity = narrow(identity),
                                .group = mem_strdup(group),
                                .friendly_name = mem_strdup(friendly_name)};
    assert_ok(group_entry_reserve(entry.identity, group, &entry.database));
    assert_ok(group_entry_add(&entry));
    group_entry_deinit(&entry);
}

/* [point 1.5] [point 2.1] [point 2.9] No start-up; stored at once; freeing the name deletes
 * nothing. */
static void test_create(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "S_OK");
    PWSTR name = create(u"work", u"Ann \u00E4\u20AC");
    assert_int_equal(wide_length(name), 40 + 1 + 4);
    for (int i = 0; i < 40; i++)
        assert_true((name[i] >= u'0' && name[i] <= u'9') || (name[i] >= u'a' && name[i] <= u'f'));
    assert_wide_equal(name + 40, u".work");
    WCHAR *copy = wide_copy(name);
    PeerFreeData(name);
    assert_friendly_name(copy, u"Ann \u00E4\u20AC");
    free(copy);
}

/* [point 2.2] [point 2.3] [point 2.4] [point 2.5] Both texts are optional and may be as long as
 * documented. */
static void test_create_defaults_and_limits(void **state)
{
    (void)state;
    PWSTR plain = create(NULL, NULL), empty = create(u"", u"");
    assert_wide_equal(plain + 40, u".");
    assert_friendly_name(plain, plain);
    assert_friendly_name(empty, empty);
    assert_false(wide_equal(plain, empty));
    PeerFreeData(plain);
    PeerFreeData(empty);

    WCHAR *classifier = wide_fill(u'\u20AC', 149), *friendly_name = wide_fill(u'\u20AC', 255);
    PWSTR longest = create(classifier, friendly_name);
    assert_wide_equal(longest + 41, classifier);
    assert_friendly_name(longest, friendly_name);
    PeerFreeData(longest);
    free(classifier);
    free(friendly_name);

    /* 2.2: a classifier may hold dots; 2.5: friendly names need not differ. */
    PWSTR dots = create(u"a.b.", u"same"), other = create(u"a.b.", u"same");
    assert_wide_equal(dots + 40, u".a.b.");
    PeerFreeData(dots);
    PeerFreeData(other);
}

/* [point 2.4] [point 2.9] [point 2.11] A bad classifier has no code of its own here. */
static void test_create_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "E_INVALIDARG");
    PWSTR name = (PWSTR)1;
    WCHAR *classifier = wide_fill(u'c', 150), *friendly_name = wide_fill(u'f', 256);
    assert_hr(PeerIdentityCreate(NULL, NULL, 0, NULL), E_INVALIDARG);
    assert_hr(PeerIdentityCreate(classifier, NULL, 0, &name), E_INVALIDARG);
    assert_null(name);
    assert_hr(PeerIdentityCreate(NULL, friendly_name, 0, &name), E_INVALIDARG);
    assert_hr(PeerIdentityCreate(lone_surrogate, NULL, 0, &name), E_INVALIDARG);
    assert_hr(PeerIdentityCreate(NULL, lone_surrogate, 0, &name), E_INVALIDARG);
    assert_hr(PeerIdentityCreate(u"a\nb", NULL, 0, &name), E_INVALIDARG);
    assert_hr(PeerIdentityCreate(u"a\x85"
                                 u"b",
                                 NULL, 0, &name),
              E_INVALIDARG);
    assert_int_equal(identity_count(), 0);
    free(classifier);
    free(friendly_name);
}

/* [point 2.10] The limit is that of ruling 30. */
static void test_create_too_many(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "PEER_E_TOO_MANY_IDENTITIES");
    PWSTR name = NULL;
    for (int i = 0; i < LIMIT_IDENTITIES; i++)
        PeerFreeData(create(NULL, NULL));
    assert_hr(PeerIdentityCreate(NULL, NULL, 0, &name), PEER_E_TOO_MANY_IDENTITIES);
    assert_null(name);
    assert_int_equal(identity_count(), LIMIT_IDENTITIES);
    assert_ok(PeerIdentityGetDefault(&name));
    assert_ok(PeerIdentityDelete(name));
    PeerFreeData(name);
    PeerFreeData(create(NULL, NULL));
}

static bool locked_out(void)
{
    PWSTR name = NULL, text = NULL;
    HCRYPTPROV key = 0;
    bool well = expect_hr(PeerIdentityCreate(u"a", NULL, 0, &name), S_OK);
    chmod(test_home, 0);
    well &= expect_hr(PeerIdentityCreate(u"b", NULL, 0, &text), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentityGetFriendlyName(name, &text), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentitySetFriendlyName(name, u"x"), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentityGetCryptKey(name, &key), PEER_E_NO_KEY_ACCESS);
    well &= text == NULL && key == 0;
    chmod(test_home, 0700);
    chmod(home_file("keys"), 0);
    well &= expect_hr(PeerIdentityCreate(u"b", NULL, 0, &text), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentityGetCryptKey(name, &key), PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    well &= expect_hr(PeerIdentityGetCryptKey(name, &key), S_OK);
    CryptReleaseContext(key, 0);
    chmod(test_home, 0500);
    well &= expect_hr(PeerIdentityCreate(u"b", NULL, 0, &text), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentitySetFriendlyName(name, u"x"), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(PeerIdentityGetFriendlyName(name, &text), S_OK);
    return well;
}

static void test_no_key_access_without_rights(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerIdentityGetFriendlyName", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerIdentitySetFriendlyName", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerIdentityGetCryptKey", "PEER_E_NO_KEY_ACCESS");
    as_ordinary_user(locked_out);
}

/* Ruling 19: where others may read or write, nothing is taken from there. */
static void test_no_key_access_where_others_have_it(void **state)
{
    (void)state;
    PWSTR name = create(u"a", NULL), text = NULL;
    HPEERENUM enumeration = NULL;
    HCRYPTPROV key = 0;
    assert_int_equal(chmod(test_home, 0755), 0);
    assert_hr(PeerIdentityCreate(NULL, NULL, 0, &text), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentityGetFriendlyName(name, &text), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentitySetFriendlyName(name, u"x"), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentityGetCryptKey(name, &key), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentityGetXML(name, &text), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentityGetDefault(&text), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerIdentityDelete(name), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerEnumIdentities(&enumeration), PEER_E_NO_KEY_ACCESS);
    assert_hr(PeerEnumGroups(name, &enumeration), PEER_E_NO_KEY_ACCESS);
    assert_null(text);
    assert_null(enumeration);
    assert_true(key == 0);
    assert_int_equal(chmod(test_home, 0700), 0);
    PeerFreeData(name);
}

static PWSTR swept;

static HRESULT call_create(void)
{
    return PeerIdentityCreate(u"a", u"b", 0, &swept);
}

static void after_create(HRESULT hr)
{
    assert_int_equal(identity_count(), SUCCEEDED(hr) ? 1 : 0);
    assert_true(SUCCEEDED(hr) == (swept != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerIdentityDelete(swept));
    PeerFreeData(swept);
}

static void test_create_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerIdentityCreate");
    assert_true(sweep(call_create, after_create) > 20);
}

/* [point 1.16] [point 2.13] NULL is the default identity. */
static void test_friendly_name(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetFriendlyName", "S_OK");
    CONTRACT("PeerIdentitySetFriendlyName", "S_OK");
    PWSTR first = create(u"1", u"first"), second = create(u"2", u"second");
    assert_friendly_name(NULL, u"first");
    assert_friendly_name(second, u"second");
    assert_ok(PeerIdentitySetFriendlyName(second, u"\U0001F600"));
    assert_friendly_name(second, u"\U0001F600");
    assert_ok(PeerIdentitySetFriendlyName(NULL, u"default"));
    assert_friendly_name(first, u"default");
    WCHAR *longest = wide_fill(u'x', 255);
    assert_ok(PeerIdentitySetFriendlyName(first, longest));
    assert_friendly_name(first, longest);
    /* 2.13: NULL and "" reset to the peer name. */
    assert_ok(PeerIdentitySetFriendlyName(first, NULL));
    assert_friendly_name(first, first);
    assert_ok(PeerIdentitySetFriendlyName(second, u""));
    assert_friendly_name(second, second);
    free(longest);
    PeerFreeData(first);
    PeerFreeData(second);
}

static void test_friendly_name_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetFriendlyName", "E_INVALIDARG");
    CONTRACT("PeerIdentitySetFriendlyName", "E_INVALIDARG");
    PWSTR name = create(NULL, u"kept"), text = (PWSTR)1;
    WCHAR *too_long = wide_fill(u'x', 256);
    assert_hr(PeerIdentityGetFriendlyName(name, NULL), E_INVALIDARG);
    assert_hr(PeerIdentityGetFriendlyName(lone_surrogate, &text), E_INVALIDARG);
    assert_null(text);
    assert_hr(PeerIdentitySetFriendlyName(lone_surrogate, u"x"), E_INVALIDARG);
    assert_hr(PeerIdentitySetFriendlyName(name, lone_surrogate), E_INVALIDARG);
    assert_hr(PeerIdentitySetFriendlyName(name, too_long), E_INVALIDARG);
    assert_friendly_name(name, u"kept");
    free(too_long);
    PeerFreeData(name);
}

/* [point 2.2] [point 2.30] What no identity can be called is an identity that was not found. */
static void test_not_found(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetFriendlyName", "PEER_E_NOT_FOUND");
    CONTRACT("PeerIdentitySetFriendlyName", "PEER_E_NOT_FOUND");
    CONTRACT("PeerIdentityGetCryptKey", "PEER_E_NOT_FOUND");
    CONTRACT("PeerIdentityDelete", "PEER_E_NOT_FOUND");
    CONTRACT("PeerEnumGroups", "PEER_E_NOT_FOUND");
    WCHAR *too_long = wide_fill(u'a', 191);
    PWSTR existing = create(u"Case", NULL), text = NULL;
    WCHAR *other_case = wide_copy(existing);
    other_case[41] = u'c'; /* 2.2: names differ by case */
    const WCHAR *const names[] = {nobody, u"", u"x", too_long, other_case};
    HCRYPTPROV key = 1;
    HPEERENUM enumeration = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        text = (PWSTR)1;
        enumeration = (HPEERENUM)1;
        assert_hr(PeerIdentityGetFriendlyName(names[i], &text), PEER_E_NOT_FOUND);
        assert_hr(PeerIdentitySetFriendlyName(names[i], u"x"), PEER_E_NOT_FOUND);
        assert_hr(PeerIdentityGetCryptKey(names[i], &key), PEER_E_NOT_FOUND);
        assert_hr(PeerIdentityDelete(names[i]), PEER_E_NOT_FOUND);
        assert_hr(PeerEnumGroups(names[i], &enumeration), PEER_E_NOT_FOUND);
        assert_null(text);
        assert_null(enumeration);
        assert_true(key == 0);
    }
    assert_ok(PeerIdentityDelete(existing));
    /* No default identity either. */
    assert_hr(PeerIdentityGetFriendlyName(NULL, &text), PEER_E_NOT_FOUND);
    assert_hr(PeerIdentitySetFriendlyName(NULL, u"x"), PEER_E_NOT_FOUND);
    assert_hr(PeerIdentityGetCryptKey(NULL, &key), PEER_E_NOT_FOUND);
    free(too_long);
    free(other_case);
    PeerFreeData(existing);
}

static HRESULT call_get_friendly_name(void)
{
    PWSTR text = (PWSTR)1;
    HRESULT hr = PeerIdentityGetFriendlyName(swept, &text);
    assert_true(SUCCEEDED(hr) == (text != NULL));
    PeerFreeData(text);
    return hr;
}

static HRESULT call_set_friendly_name(void)
{
    return PeerIdentitySetFriendlyName(swept, u"after");
}

static void after_set_friendly_name(HRESULT hr)
{
    assert_friendly_name(swept, SUCCEEDED(hr) ? u"after" : u"before");
    assert_ok(PeerIdentitySetFriendlyName(swept, u"before"));
}

static void test_friendly_name_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerIdentityGetFriendlyName");
    CONTRACT_OOM("PeerIdentitySetFriendlyName");
    swept = create(u"a", u"before");
    assert_true(sweep(call_get_friendly_name, NULL) > 5);
    assert_true(sweep(call_set_friendly_name, after_set_friendly_name) > 5);
    PeerFreeData(swept);
}

static void test_delete(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityDelete", "S_OK");
    PWSTR first = create(u"1", NULL), second = create(u"2", NULL), text = NULL;
    assert_ok(PeerIdentityDelete(first));
    assert_hr(PeerIdentityDelete(first), PEER_E_NOT_FOUND);
    assert_hr(PeerIdentityGetFriendlyName(first, &text), PEER_E_NOT_FOUND);
    assert_friendly_name(second, second);
    assert_int_equal(identity_count(), 1);
    PeerFreeData(first);
    PeerFreeData(second);
}

/* [point 1.16] It asks for a name; NULL is not the default here. */
static void test_delete_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityDelete", "E_INVALIDARG");
    PWSTR name = create(NULL, NULL);
    assert_hr(PeerIdentityDelete(NULL), E_INVALIDARG); /* 1.16: required here */
    assert_hr(PeerIdentityDelete(lone_surrogate), E_INVALIDARG);
    assert_int_equal(identity_count(), 1);
    PeerFreeData(name);
}

/* [point 2.12] It does not cascade. */
static void test_delete_while_groups_exist(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityDelete", "PEER_E_GROUPS_EXIST");
    PWSTR name = create(u"a", NULL);
    char *narrow_name = narrow(name);
    add_group(name, "g.1", "one");
    assert_hr(PeerIdentityDelete(name), PEER_E_GROUPS_EXIST);
    assert_friendly_name(name, name);
    assert_ok(group_entry_remove(narrow_name, "g.1"));
    assert_ok(PeerIdentityDelete(name));
    mem_free(narrow_name);
    PeerFreeData(name);
}

static HRESULT call_delete(void)
{
    return PeerIdentityDelete(swept);
}

static void after_delete(HRESULT hr)
{
    assert_int_equal(identity_count(), SUCCEEDED(hr) ? 0 : 1);
    if (FAILED(hr))
        return;
    PeerFreeData(swept);
    swept = create(u"a", NULL);
}

static void test_delete_without_memory(void **state)
{
    (void)state;
    swept = create(u"a", NULL);
    assert_true(sweep(call_delete, after_delete) > 20);
    PeerFreeData(swept);
}

/* [point 2.29] Each item has the two names of an identity. */
static void test_enumerate_identities(void **state)
{
    (void)state;
    CONTRACT("PeerEnumIdentities", "S_OK");
    CONTRACT("PeerEnumIdentities", "E_INVALIDARG");
    HPEERENUM enumeration = NULL;
    PWSTR first = create(u"1", u"Ann"), second = create(u"2", NULL);
    ULONG count = 5;
    PVOID *items = NULL;
    assert_hr(PeerEnumIdentities(NULL), E_INVALIDARG);
    assert_ok(PeerEnumIdentities(&enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 2);
    const PEER_NAME_PAIR *pair = items[0];
    assert_int_equal(pair->dwSize, sizeof(PEER_NAME_PAIR));
    assert_wide_equal(pair->pwzPeerName, first);
    assert_wide_equal(pair->pwzFriendlyName, u"Ann");
    pair = items[1];
    assert_wide_equal(pair->pwzPeerName, second);
    assert_wide_equal(pair->pwzFriendlyName, second);
    PeerFreeData(items);
    assert_ok(PeerEndEnumeration(enumeration));
    PeerFreeData(first);
    PeerFreeData(second);
}

/* [point 2.29] [point 2.31] The item's peer name is the group's. */
static void test_enumerate_groups(void **state)
{
    (void)state;
    CONTRACT("PeerEnumGroups", "S_OK");
    HPEERENUM enumeration = NULL;
    PWSTR first = create(u"1", NULL), second = create(u"2", NULL);
    ULONG count = 5;
    PVOID *items = NULL;
    add_group(first, "g.1", "One");
    add_group(second, "g.2", "Two");
    add_group(first, "g.3", "Three");
    assert_ok(PeerEnumGroups(first, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 2);
    const PEER_NAME_PAIR *pair = items[1];
    assert_int_equal(pair->dwSize, sizeof(PEER_NAME_PAIR));
    assert_wide_equal(pair->pwzPeerName, u"g.3");
    assert_wide_equal(pair->pwzFriendlyName, u"Three");
    PeerFreeData(items);
    assert_ok(PeerEndEnumeration(enumeration));
    PeerFreeData(first);
    PeerFreeData(second);
}

/* [point 1.16] [point 2.30] It asks for an identity; NULL is not the default here. */
static void test_enumerate_groups_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerEnumGroups", "E_INVALIDARG");
    HPEERENUM enumeration = (HPEERENUM)1;
    PWSTR name = create(NULL, NULL);
    assert_hr(PeerEnumGroups(name, NULL), E_INVALIDARG);
    assert_hr(PeerEnumGroups(NULL, &enumeration), E_INVALIDARG); /* 1.16: required here */
    assert_null(enumeration);
    assert_hr(PeerEnumGroups(lone_surrogate, &enumeration), E_INVALIDARG);
    assert_ok(PeerEnumGroups(name, &enumeration));
    assert_int_equal(count_of(enumeration), 0);
    PeerFreeData(name);
}

static HRESULT call_enumerate_identities(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerEnumIdentities(&enumeration);
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    else
        assert_null(enumeration);
    return hr;
}

static HRESULT call_enumerate_groups(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerEnumGroups(swept, &enumeration);
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    else
        assert_null(enumeration);
    return hr;
}

static void test_enumerate_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerEnumIdentities");
    CONTRACT_OOM("PeerEnumGroups");
    swept = create(u"a", u"b");
    add_group(swept, "g.1", "One");
    assert_true(sweep(call_enumerate_identities, NULL) > 5);
    assert_true(sweep(call_enumerate_groups, NULL) > 5);
    PeerFreeData(swept);
}

static void assert_peer_name(PCWSTR identity, PCWSTR classifier, PCWSTR want)
{
    PWSTR name = NULL;
    assert_ok(PeerCreatePeerName(identity, classifier, &name));
    assert_wide_equal(name, want);
    PeerFreeData(name);
}

/* [point 2.1] [point 2.2] [point 2.26] [point 2.27] No identity is made, and none has to exist. */
static void test_peer_name(void **state)
{
    (void)state;
    CONTRACT("PeerCreatePeerName", "S_OK");
    assert_peer_name(nobody, u"other", u"0123456789abcdef0123456789abcdef01234567.other");
    assert_peer_name(nobody, u"", u"0123456789abcdef0123456789abcdef01234567.");
    assert_peer_name(nobody, NULL, nobody);
    assert_peer_name(NULL, u"printer", u"0.printer");
    assert_peer_name(u"0.a.b", u"c", u"0.c");
    WCHAR *longest = wide_fill(u'x', 149);
    PWSTR name = NULL;
    assert_ok(PeerCreatePeerName(nobody, longest, &name));
    assert_int_equal(wide_length(name), 190);
    assert_peer_name(name, NULL, name);
    PeerFreeData(name);
    free(longest);
    assert_int_equal(identity_count(), 0);
}

/* [point 2.27] [point 2.28] Neither name nor classifier is no name; the output is NULL, whatever it
 * was. */
static void test_peer_name_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerCreatePeerName", "E_INVALIDARG");
    PWSTR name = (PWSTR)1;
    WCHAR *too_long = wide_fill(u'x', 150), *long_name = wide_fill(u'x', 191);
    const WCHAR *const no_names[] = {
        u"",           u"x",           u".x",     u"0",
        u"0123abcd.x", lone_surrogate, long_name, u"0123456789ABCDEF0123456789abcdef01234567.x"};
    assert_hr(PeerCreatePeerName(nobody, u"x", NULL), E_INVALIDARG);
    assert_hr(PeerCreatePeerName(NULL, NULL, &name), E_INVALIDARG);
    assert_null(name);
    for (size_t i = 0; i < ARRAY_SIZE(no_names); i++) {
        name = (PWSTR)1;
        assert_hr(PeerCreatePeerName(no_names[i], u"x", &name), E_INVALIDARG);
        assert_null(name);
    }
    assert_hr(PeerCreatePeerName(nobody, too_long, &name), E_INVALIDARG);
    assert_hr(PeerCreatePeerName(NULL, u"a\tb", &name), E_INVALIDARG);
    assert_hr(PeerCreatePeerName(NULL, lone_surrogate, &name), E_INVALIDARG);
    free(too_long);
    free(long_name);
}

static HRESULT call_peer_name(void)
{
    PWSTR name = (PWSTR)1;
    HRESULT hr = PeerCreatePeerName(nobody, u"x", &name);
    assert_true(SUCCEEDED(hr) == (name != NULL));
    PeerFreeData(name);
    return hr;
}

static void test_peer_name_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerCreatePeerName");
    assert_true(sweep(call_peer_name, NULL) > 3);
}

/* [point 1.16] [point 2.16] [point 2.17] What it holds is the certificate of the identity, NULL
 * being the default. */
static void test_xml(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetXML", "S_OK");
    PWSTR name = create(u"a", u"Ann"), xml = NULL, again = NULL;
    struct certificate certificate;
    struct buffer der = BUFFER_NULL;
    assert_ok(PeerIdentityGetXML(name, &xml));
    char *narrow_xml = narrow(xml), *narrow_name = narrow(name);
    assert_ok(identity_xml_parse(narrow_xml, &certificate, &der));
    assert_string_equal(certificate.peer_name, narrow_name);
    assert_string_equal(certificate.friendly_name, "Ann");
    assert_ok(PeerIdentityGetXML(NULL, &again));
    assert_wide_equal(again, xml);
    mem_free(narrow_xml);
    mem_free(narrow_name);
    certificate_deinit(&certificate);
    buffer_deinit(&der);
    PeerFreeData(again);
    PeerFreeData(xml);
    PeerFreeData(name);
}

/* [point 2.15] The default identity is made where it is needed. */
static void test_xml_makes_a_default_identity(void **state)
{
    (void)state;
    PWSTR xml = NULL, name = NULL;
    assert_hr(PeerIdentityGetDefault(&name), PEER_E_NOT_FOUND);
    assert_ok(PeerIdentityGetXML(NULL, &xml));
    assert_ok(PeerIdentityGetDefault(&name));
    assert_int_equal(identity_count(), 1);
    PeerFreeData(xml);
    PeerFreeData(name);
}

/* [point 2.19] A bad identity is E_HANDLE. */
static void test_xml_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetXML", "E_INVALIDARG");
    CONTRACT("PeerIdentityGetXML", "E_HANDLE");
    PWSTR xml = (PWSTR)1;
    WCHAR *too_long = wide_fill(u'a', 191);
    assert_hr(PeerIdentityGetXML(NULL, NULL), E_INVALIDARG);
    assert_hr(PeerIdentityGetXML(lone_surrogate, &xml), E_INVALIDARG);
    assert_null(xml);
    assert_hr(PeerIdentityGetXML(nobody, &xml), E_HANDLE);
    assert_hr(PeerIdentityGetXML(u"x", &xml), E_HANDLE);
    assert_hr(PeerIdentityGetXML(u"", &xml), E_HANDLE);
    assert_hr(PeerIdentityGetXML(too_long, &xml), E_HANDLE);
    assert_int_equal(identity_count(), 0);
    free(too_long);
}

static HRESULT call_xml(void)
{
    return PeerIdentityGetXML(NULL, &swept);
}

static void after_xml(HRESULT hr)
{
    PWSTR name = NULL;
    assert_true(SUCCEEDED(hr) == (swept != NULL));
    assert_int_equal(identity_count(), SUCCEEDED(hr) ? 1 : 0);
    if (FAILED(hr))
        return;
    PeerFreeData(swept);
    assert_ok(PeerIdentityGetDefault(&name));
    assert_ok(PeerIdentityDelete(name));
    PeerFreeData(name);
}

static void test_xml_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerIdentityGetXML");
    assert_true(sweep(call_xml, after_xml) > 20);
}

/* [point 2.14] Ruling 10: the oldest that still exists. */
static void test_default(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetDefault", "S_OK");
    CONTRACT("PeerIdentityGetDefault", "E_INVALIDARG");
    CONTRACT("PeerIdentityGetDefault", "PEER_E_NOT_FOUND");
    PWSTR name = (PWSTR)1;
    assert_hr(PeerIdentityGetDefault(NULL), E_INVALIDARG);
    assert_hr(PeerIdentityGetDefault(&name), PEER_E_NOT_FOUND);
    assert_null(name);
    PWSTR first = create(u"1", NULL), second = create(u"2", NULL);
    assert_ok(PeerIdentityGetDefault(&name));
    assert_wide_equal(name, first);
    PeerFreeData(name);
    assert_ok(PeerIdentityDelete(first));
    assert_ok(PeerIdentityGetDefault(&name));
    assert_wide_equal(name, second);
    PeerFreeData(name);
    PeerFreeData(first);
    PeerFreeData(second);
}

static HRESULT call_default(void)
{
    PWSTR name = (PWSTR)1;
    HRESULT hr = PeerIdentityGetDefault(&name);
    assert_true(SUCCEEDED(hr) == (name != NULL));
    PeerFreeData(name);
    return hr;
}

static void test_default_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerIdentityGetDefault");
    PeerFreeData(create(NULL, NULL));
    assert_true(sweep(call_default, NULL) > 5);
}

/* Damage is told as such, and nothing is made on top of it. */
static void test_damaged_database(void **state)
{
    (void)state;
    PWSTR name = create(u"a", NULL), text = NULL;
    HPEERENUM enumeration = NULL;
    char junk[4096];
    memset(junk, 'j', sizeof(junk));
    home_write(home_file("user.db"), junk, sizeof(junk), 0600);
    assert_hr(PeerIdentityCreate(NULL, NULL, 0, &text), PEER_E_INVALID_DATABASE);
    assert_hr(PeerIdentityGetFriendlyName(name, &text), PEER_E_INVALID_DATABASE);
    assert_hr(PeerEnumIdentities(&enumeration), PEER_E_INVALID_DATABASE);
    assert_null(text);
    assert_null(enumeration);
    PeerFreeData(name);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_create_defaults_and_limits),
        TEST(test_create_bad_arguments),
        TEST(test_create_too_many),
        TEST(test_no_key_access_without_rights),
        TEST(test_no_key_access_where_others_have_it),
        TEST(test_create_without_memory),
        TEST(test_friendly_name),
        TEST(test_friendly_name_bad_arguments),
        TEST(test_not_found),
        TEST(test_friendly_name_without_memory),
        TEST(test_delete),
        TEST(test_delete_bad_arguments),
        TEST(test_delete_while_groups_exist),
        TEST(test_delete_without_memory),
        TEST(test_enumerate_identities),
        TEST(test_enumerate_groups),
        TEST(test_enumerate_groups_bad_arguments),
        TEST(test_enumerate_without_memory),
        TEST(test_peer_name),
        TEST(test_peer_name_bad_arguments),
        TEST(test_peer_name_without_memory),
        TEST(test_xml),
        TEST(test_xml_makes_a_default_identity),
        TEST(test_xml_bad_arguments),
        TEST(test_xml_without_memory),
        TEST(test_default),
        TEST(test_default_without_memory),
        TEST(test_damaged_database),
    };
    xml_memory_hook();
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
