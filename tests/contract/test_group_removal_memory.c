/* Do the calls on removal survive each failing allocation, with no effect or the full one? In a
 * group whose only member is offline, so that nothing else in the process meets the failures. */
#include "group.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

#include <peergroup/extensions.h>

static HGROUP group;
static PWSTR creator, member;

static void admit(void)
{
    PeerFreeData(member);
    member = new_identity(u"Member");
    announce(group, member);
}

static int setup(void **state)
{
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    group = new_group(creator);
    admit();
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(creator);
    PeerFreeData(member);
    return group_teardown(state);
}

static ULONG removal_count(void)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumRevocations(group, &enumeration));
    return count_of(enumeration);
}

static ULONG before;

static HRESULT call_revoke(void)
{
    return PeerGroupRevokeMember(group, member, 0);
}

/* T counts seconds: those of one second are shown as one. */
static void after_revoke(HRESULT hr)
{
    ULONG now = removal_count();
    assert_true(FAILED(hr) ? now == before : now >= before);
    before = now;
    if (SUCCEEDED(hr))
        admit();
}

static HRESULT call_list(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupEnumRevocations(group, &enumeration);
    assert_true(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    return hr;
}

static HRESULT call_own(void)
{
    PPEER_GROUP_REVOCATION removal = (PPEER_GROUP_REVOCATION)1;
    HRESULT hr = PeerGroupGetRemoval(group, &removal);
    assert_null(removal);
    return hr == S_FALSE ? S_OK : hr;
}

static HRESULT call_appoint(void)
{
    return PeerGroupAppointDeputy(group, member);
}

/* Taken back, so that the next one has something to do. */
static void after_appoint(HRESULT hr)
{
    if (FAILED(hr))
        return;
    assert_hr(PeerGroupAppointDeputy(group, member), S_FALSE);
    assert_ok(PeerGroupRevokeMember(group, member, 0));
    admit();
}

static void test_removal(void **state)
{
    (void)state;
    assert_true(sweep(call_revoke, after_revoke) > 5);
    assert_true(sweep(call_list, NULL) > 5);
    assert_true(sweep(call_own, NULL) == 0);
}

static void test_deputies(void **state)
{
    (void)state;
    assert_true(sweep(call_appoint, after_appoint) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_removal),
        cmocka_unit_test(test_deputies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
