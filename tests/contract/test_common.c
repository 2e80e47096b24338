/* Does memory of the interface come in single blocks that only PeerFreeData ends, and do
 * enumerations give their snapshot in batches, whatever else is passed in? (semantics 1.5-1.15) */
#include "contract.h"
#include "support/foreign_memory.h"
#include "support/home.h"
#include "support/sweep.h"
#include "support/wide.h"

enum { IDENTITIES = 5 };

/* Values that are no handle: NULL, small, all bits, of another kind, and an address. */
static size_t bad_handles(void *handles[8])
{
    static int something;
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_non_null(event);
    CloseHandle(event);
    handles[0] = NULL;
    handles[1] = (void *)1;
    handles[2] = (void *)(uintptr_t)0x1234567;
    handles[3] = (void *)UINTPTR_MAX;
    handles[4] = event;
    handles[5] = &something;
    handles[6] = INVALID_HANDLE_VALUE;
    return 7;
}

static int setup(void **state)
{
    static const WCHAR *const classifiers[IDENTITIES] = {u"0", u"1", u"2", u"3", u"4"};
    if (home_setup(state) != 0)
        return -1;
    for (int i = 0; i < IDENTITIES; i++) {
        PWSTR name = NULL;
        if (PeerIdentityCreate(classifiers[i], u"friend", 0, &name) != S_OK)
            return -1;
        PeerFreeData(name);
    }
    return 0;
}

static HPEERENUM open_enumeration(void)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerEnumIdentities(&enumeration));
    assert_non_null(enumeration);
    return enumeration;
}

/* [point 1.8] [point 1.9] NULL and what is freed already are no blocks. */
static void test_free_ends_a_block_once(void **state)
{
    (void)state;
    CONTRACT("PeerFreeData", "S_OK");
    PWSTR name = NULL;
    assert_ok(PeerIdentityGetDefault(&name));
    PeerFreeData(NULL);
    PeerFreeData(name);
    PeerFreeData(name); /* caught: nothing happens */
}

/* [point 1.7] Only the pointer that was returned is a block. */
static void test_free_leaves_foreign_pointers_alone(void **state)
{
    (void)state;
    int local = 7;
    char *foreign = strdup("mine");
    PWSTR name = NULL;
    assert_ok(PeerIdentityGetDefault(&name));
    WCHAR first = name[0];
    PeerFreeData(&local);
    PeerFreeData(foreign);
    PeerFreeData("literal");
    PeerFreeData(name + 1);
    PeerFreeData((void *)1);
    assert_int_equal(local, 7);
    assert_string_equal(foreign, "mine");
    assert_int_equal(name[0], first);
    free(foreign);
    PeerFreeData(name);
}

/* [point 1.7] [point 1.11] Items and their strings are no blocks of their own. */
static void test_free_of_nested_pointers_does_nothing(void **state)
{
    (void)state;
    HPEERENUM enumeration = open_enumeration();
    ULONG count = IDENTITIES;
    PVOID *items = NULL;
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    PEER_NAME_PAIR *pair = items[0];
    PeerFreeData(pair->pwzPeerName);
    PeerFreeData(pair->pwzFriendlyName);
    PeerFreeData(pair);
    assert_int_equal(pair->dwSize, sizeof(*pair));
    assert_wide_equal(pair->pwzFriendlyName, u"friend");
    PeerFreeData(items);
    assert_ok(PeerEndEnumeration(enumeration));
}

/* [point 1.14] The count is that of the creation. */
static void test_count(void **state)
{
    (void)state;
    CONTRACT("PeerGetItemCount", "S_OK");
    HPEERENUM enumeration = open_enumeration();
    ULONG count = 77;
    assert_ok(PeerGetItemCount(enumeration, &count));
    assert_int_equal(count, IDENTITIES);
    /* 1.14: what was delivered since does not change it. */
    ULONG wanted = 2;
    PVOID *items = NULL;
    assert_ok(PeerGetNextItem(enumeration, &wanted, &items));
    PeerFreeData(items);
    assert_ok(PeerGetItemCount(enumeration, &count));
    assert_int_equal(count, IDENTITIES);
    assert_ok(PeerEndEnumeration(enumeration));
}

static void test_count_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGetItemCount", "E_INVALIDARG");
    void *handles[8];
    HPEERENUM enumeration = open_enumeration();
    assert_hr(PeerGetItemCount(enumeration, NULL), E_INVALIDARG);
    for (size_t i = 0, n = bad_handles(handles); i < n; i++) {
        ULONG count = 77;
        assert_hr(PeerGetItemCount(handles[i], &count), E_INVALIDARG);
        assert_int_equal(count, 0);
    }
    assert_ok(PeerEndEnumeration(enumeration));
    ULONG count = 77;
    assert_hr(PeerGetItemCount(enumeration, &count), E_INVALIDARG);
}

static HPEERENUM swept;

static HRESULT call_count(void)
{
    ULONG count;
    return PeerGetItemCount(swept, &count);
}

static void test_count_without_memory(void **state)
{
    (void)state;
    swept = open_enumeration();
    assert_int_equal(sweep(call_count, NULL), 0); /* it needs none: nothing fails */
    assert_ok(PeerEndEnumeration(swept));
}

/* [point 1.10] [point 1.12] Ruling 5: batches, then S_OK with nothing, again and again. */
static void test_next_gives_all_in_batches(void **state)
{
    (void)state;
    CONTRACT("PeerGetNextItem", "S_OK");
    static const ULONG expected[] = {2, 2, 1, 0, 0};
    HPEERENUM enumeration = open_enumeration();
    WCHAR classifier = u'0';
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        ULONG count = 2;
        PVOID *items = (PVOID *)1;
        assert_ok(PeerGetNextItem(enumeration, &count, &items));
        assert_int_equal(count, expected[i]);
        assert_true((items != NULL) == (count > 0));
        for (ULONG j = 0; j < count; j++) {
            const PEER_NAME_PAIR *pair = items[j];
            assert_int_equal(pair->pwzPeerName[41], classifier++);
        }
        PeerFreeData(items);
    }
    assert_ok(PeerEndEnumeration(enumeration));
}

/* [point 1.13] Items outlive their enumeration. */
static void test_next_more_than_there_are_and_none(void **state)
{
    (void)state;
    HPEERENUM enumeration = open_enumeration();
    ULONG count = 0;
    PVOID *items = (PVOID *)1;
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 0);
    assert_null(items);
    count = 0xFFFFFFFF;
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, IDENTITIES);
    assert_ok(PeerEndEnumeration(enumeration));
    /* 1.13: items outlive their enumeration. */
    const PEER_NAME_PAIR *pair = items[IDENTITIES - 1];
    assert_wide_equal(pair->pwzFriendlyName, u"friend");
    PeerFreeData(items);
}

static void test_next_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGetNextItem", "E_INVALIDARG");
    void *handles[8];
    HPEERENUM enumeration = open_enumeration();
    ULONG count = 1;
    PVOID *items = (PVOID *)1;
    assert_hr(PeerGetNextItem(enumeration, NULL, &items), E_INVALIDARG);
    assert_null(items);
    assert_hr(PeerGetNextItem(enumeration, &count, NULL), E_INVALIDARG);
    for (size_t i = 0, n = bad_handles(handles); i < n; i++) {
        items = (PVOID *)1;
        assert_hr(PeerGetNextItem(handles[i], &count, &items), E_INVALIDARG);
        assert_null(items);
    }
    /* None of these took an item away. */
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    const PEER_NAME_PAIR *pair = items[0];
    assert_int_equal(pair->pwzPeerName[41], u'0');
    PeerFreeData(items);
    assert_ok(PeerEndEnumeration(enumeration));
    assert_hr(PeerGetNextItem(enumeration, &count, &items), E_INVALIDARG);
}

static PVOID *swept_items;

static HRESULT call_next(void)
{
    ULONG count = IDENTITIES;
    HRESULT hr = PeerGetNextItem(swept, &count, &swept_items);
    assert_int_equal(count, IDENTITIES);
    return hr;
}

/* A call that failed took nothing away: the next one still gets all. */
static void after_next(HRESULT hr)
{
    if (FAILED(hr)) {
        assert_null(swept_items);
        assert_ok(call_next());
    }
    const PEER_NAME_PAIR *pair = swept_items[0];
    assert_int_equal(pair->pwzPeerName[41], u'0');
    PeerFreeData(swept_items);
    assert_ok(PeerEndEnumeration(swept));
    swept = open_enumeration();
}

static void test_next_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGetNextItem");
    swept = open_enumeration();
    assert_true(sweep(call_next, after_next) > 2);
    assert_ok(PeerEndEnumeration(swept));
}

/* [point 1.15] What comes later is not in it; what goes later still is. */
static void test_enumeration_is_a_snapshot(void **state)
{
    (void)state;
    HPEERENUM enumeration = open_enumeration();
    PWSTR first = NULL, later = NULL;
    assert_ok(PeerIdentityGetDefault(&first));
    assert_ok(PeerIdentityCreate(u"later", NULL, 0, &later));
    assert_ok(PeerIdentityDelete(first));
    ULONG count = 100;
    PVOID *items = NULL;
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, IDENTITIES);
    const PEER_NAME_PAIR *pair = items[0];
    assert_wide_equal(pair->pwzPeerName, first);
    PeerFreeData(items);
    PeerFreeData(first);
    PeerFreeData(later);
    assert_ok(PeerEndEnumeration(enumeration));
}

static void test_end(void **state)
{
    (void)state;
    CONTRACT("PeerEndEnumeration", "S_OK");
    CONTRACT("PeerEndEnumeration", "E_INVALIDARG");
    void *handles[8];
    HPEERENUM first = open_enumeration();
    assert_ok(PeerEndEnumeration(first));
    assert_hr(PeerEndEnumeration(first), E_INVALIDARG);
    for (size_t i = 0, n = bad_handles(handles); i < n; i++)
        assert_hr(PeerEndEnumeration(handles[i]), E_INVALIDARG);
    /* A new one in the same place is not reached by the old handle. */
    for (int i = 0; i < 40; i++) {
        HPEERENUM second = open_enumeration();
        assert_ptr_not_equal(first, second);
        assert_hr(PeerEndEnumeration(first), E_INVALIDARG);
        assert_ok(PeerEndEnumeration(second));
    }
}

static void test_empty_enumeration(void **state)
{
    (void)state;
    for (int i = 0; i < IDENTITIES; i++) {
        PWSTR name = NULL;
        assert_ok(PeerIdentityGetDefault(&name));
        assert_ok(PeerIdentityDelete(name));
        PeerFreeData(name);
    }
    HPEERENUM enumeration = open_enumeration();
    ULONG count = 77;
    PVOID *items = (PVOID *)1;
    assert_ok(PeerGetItemCount(enumeration, &count));
    assert_int_equal(count, 0);
    count = 3;
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 0);
    assert_null(items);
    assert_ok(PeerEndEnumeration(enumeration));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_free_ends_a_block_once),
        TEST(test_free_leaves_foreign_pointers_alone),
        TEST(test_free_of_nested_pointers_does_nothing),
        TEST(test_count),
        TEST(test_count_bad_arguments),
        TEST(test_count_without_memory),
        TEST(test_next_gives_all_in_batches),
        TEST(test_next_more_than_there_are_and_none),
        TEST(test_next_bad_arguments),
        TEST(test_next_without_memory),
        TEST(test_enumeration_is_a_snapshot),
        TEST(test_end),
        TEST(test_empty_enumeration),
    };
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
