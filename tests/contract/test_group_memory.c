/* Do the calls that list members and connections survive each failing allocation? In a group whose
 * only member is offline, so that nothing else in the process meets the failures. */
#include "alone.h"
#include "support/sweep.h"

static HRESULT ended(HRESULT hr, HPEERENUM enumeration)
{
    assert_true(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    return hr;
}

static HRESULT call_members(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupEnumMembers(group, 0, creator, &enumeration);
    return ended(hr, enumeration);
}

static HRESULT call_connections(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupEnumConnections(group, PEER_CONNECTION_NEIGHBOR, &enumeration);
    return ended(hr, enumeration);
}

static HPEERENUM swept;

static HRESULT call_next(void)
{
    ULONG count = 1;
    PVOID *items = NULL;
    HRESULT hr = PeerGetNextItem(swept, &count, &items);
    assert_true(SUCCEEDED(hr) || !items);
    PeerFreeData(items);
    return hr;
}

static void test_enumerations(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupEnumMembers");
    CONTRACT_OOM("PeerGroupEnumConnections");
    assert_true(sweep(call_members, NULL) > 5);
    assert_int_equal(sweep(call_connections, NULL), 3);
}

/* A call that fails can be repeated: the item is not lost. */
static void test_next_item(void **state)
{
    (void)state;
    assert_ok(PeerGroupEnumMembers(group, 0, NULL, &swept));
    assert_true(sweep(call_next, NULL) > 2);
    ULONG count = 1;
    PVOID *items = NULL;
    assert_ok(PeerGetNextItem(swept, &count, &items));
    assert_int_equal(count, 0);
    assert_ok(PeerEndEnumeration(swept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enumerations),
        cmocka_unit_test(test_next_item),
    };
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
