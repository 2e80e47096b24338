/* Does PeerGroupEnumMembers show who belongs to a group, who is there and where (semantics 9)? */
#include "two.h"

/* One block of all items (free with PeerFreeData). */
static PPEER_MEMBER *members(HGROUP group, DWORD flags, PCWSTR identity, ULONG *count)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *items = NULL;
    *count = 100;
    assert_ok(PeerGroupEnumMembers(group, flags, identity, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    return items;
}

static bool is_member_present(const PEER_GROUP_EVENT_DATA *event, const void *name)
{
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == PEER_MEMBER_CONNECTED &&
           wide_equal(event->memberChangeData.pwzIdentity, name);
}

/* Waits until group shows a member as present. */
static void await_present(HGROUP group, PCWSTR name)
{
    struct listener listener = listen_to(group);
    ULONG count;
    PPEER_MEMBER *items = members(group, PEER_MEMBER_PRESENT, name, &count);
    PeerFreeData(items);
    if (count == 0)
        PeerFreeData(await(&listener, is_member_present, name));
    stop_listening(&listener);
}

/* [point 9.2] Whoever asks is first, of all and of those who are there. */
static void test_self_is_first(void **state)
{
    (void)state;
    await_present(pair.founder, pair.member_name);
    await_present(pair.member, pair.founder_name);
    const struct {
        HGROUP group;
        PCWSTR self, other;
    } sides[] = {{pair.founder, pair.founder_name, pair.member_name},
                 {pair.member, pair.member_name, pair.founder_name}};
    const DWORD flags[] = {0, PEER_MEMBER_PRESENT};
    for (size_t i = 0; i < 4; i++) {
        ULONG count;
        PPEER_MEMBER *items = members(sides[i / 2].group, flags[i % 2], NULL, &count);
        assert_int_equal(count, 2);
        assert_wide_equal(items[0]->pwzIdentity, sides[i / 2].self);
        assert_wide_equal(items[1]->pwzIdentity, sides[i / 2].other);
        PeerFreeData(items);
    }
}

/* [point 9.1] All, each with its address and what its certificate says. */
static void test_all(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumMembers", "S_OK");
    ULONG count;
    await_present(pair.founder, pair.member_name);
    PPEER_MEMBER *items = members(pair.founder, 0, NULL, &count);
    assert_int_equal(count, 2);
    assert_wide_equal(items[0]->pwzIdentity, pair.founder_name);
    const PEER_MEMBER *member = items[1];
    assert_int_equal(member->dwSize, sizeof(PEER_MEMBER));
    assert_int_equal(member->dwFlags, PEER_MEMBER_PRESENT);
    assert_wide_equal(member->pwzIdentity, pair.member_name);
    assert_null(member->pwzAttributes);
    assert_true(member->ullNodeId != 0);
    assert_int_equal(member->cAddresses, 1);
    assert_int_equal(member->pAddresses[0].dwSize, sizeof(PEER_ADDRESS));
    assert_int_equal(member->pAddresses[0].sin6.sin6_family, AF_INET6);
    assert_true(IN6_IS_ADDR_V4MAPPED(&member->pAddresses[0].sin6.sin6_addr));
    assert_true(member->pAddresses[0].sin6.sin6_port != 0);
    PeerFreeData(items);
}

static void test_credentials(void **state)
{
    (void)state;
    ULONG count;
    PPEER_MEMBER *items = members(pair.founder, 0, NULL, &count);
    const PEER_CREDENTIAL_INFO *own = items[0]->pCredentialInfo, *info = items[1]->pCredentialInfo;
    /* Ruling 20: the founder is administrator without end. */
    assert_int_equal(own->cRoles, 1);
    assert_true(IsEqualGUID(&own->pRoles[0], &PEER_GROUP_ROLE_ADMIN));
    assert_int_equal(ticks_of(own->ftValidityEnd), 2650467743990000000ull);
    assert_int_equal(info->dwSize, sizeof(PEER_CREDENTIAL_INFO));
    assert_int_equal(info->dwFlags, 0);
    assert_wide_equal(info->pwzFriendlyName, u"Member");
    assert_wide_equal(info->pwzIssuerPeerName, pair.founder_name);
    assert_wide_equal(info->pwzIssuerFriendlyName, u"Founder");
    assert_int_equal(info->cRoles, 1);
    assert_true(IsEqualGUID(&info->pRoles[0], &PEER_GROUP_ROLE_MEMBER));
    assert_true(ticks_of(info->ftValidityStart) < ticks_of(utc_in(1)));
    assert_true(ticks_of(info->ftValidityEnd) > ticks_of(utc_in(0)));
    assert_string_equal(info->pPublicKey->Algorithm.pszObjId, "1.3.101.112"); /* ruling 9 */
    assert_int_equal(info->pPublicKey->PublicKey.cbData, 32);
    assert_int_equal(info->pPublicKey->PublicKey.cUnusedBits, 0);
    PeerFreeData(items);
}

/* [point 9.1] [point 9.8] One by name; who leaves is not present any more, and still a member. */
static void test_one_and_presence(void **state)
{
    (void)state;
    ULONG count;
    PPEER_MEMBER *items = members(pair.member, 0, pair.founder_name, &count);
    assert_int_equal(count, 1);
    assert_wide_equal(items[0]->pwzIdentity, pair.founder_name);
    PeerFreeData(items);
    items = members(pair.member, 0, nobody, &count);
    assert_int_equal(count, 0);
    assert_null(items);

    PWSTR guest = new_identity(u"Guest");
    HGROUP visit = join(pair.founder, guest, NULL);
    go_online(visit);
    await_present(pair.founder, guest);
    struct listener listener = listen_to(pair.founder);
    assert_ok(PeerGroupClose(visit));
    for (;;) {
        PPEER_GROUP_EVENT_DATA event = await_type(&listener, PEER_GROUP_EVENT_MEMBER_CHANGED);
        bool gone = event->memberChangeData.changeType == PEER_MEMBER_DISCONNECTED &&
                    wide_equal(event->memberChangeData.pwzIdentity, guest);
        PeerFreeData(event);
        if (gone)
            break;
    }
    stop_listening(&listener);
    items = members(pair.founder, PEER_MEMBER_PRESENT, guest, &count);
    assert_int_equal(count, 0);
    PeerFreeData(items);
    items = members(pair.founder, 0, guest, &count);
    assert_int_equal(count, 1);
    assert_int_equal(items[0]->dwFlags, 0);
    assert_int_equal(items[0]->cAddresses, 0);
    PeerFreeData(items);
    PeerFreeData(guest);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumMembers", "E_INVALIDARG");
    CONTRACT("PeerGroupEnumMembers", "PEER_E_INVALID_GROUP");
    HPEERENUM enumeration = (HPEERENUM)1;
    WCHAR *too_long = wide_fill(u'a', 191);
    assert_hr(PeerGroupEnumMembers(pair.founder, 0, NULL, NULL), E_INVALIDARG);
    assert_hr(PeerGroupEnumMembers(pair.founder, 2, NULL, &enumeration), E_INVALIDARG);
    assert_null(enumeration);
    assert_hr(PeerGroupEnumMembers(pair.founder, 0, lone_surrogate, &enumeration), E_INVALIDARG);
    assert_hr(PeerGroupEnumMembers(pair.founder, 0, too_long, &enumeration), E_INVALIDARG);
    assert_hr(PeerGroupEnumMembers(NULL, 0, NULL, &enumeration), PEER_E_INVALID_GROUP);
    assert_null(enumeration);
    free(too_long);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_is_first), cmocka_unit_test(test_all),
        cmocka_unit_test(test_credentials),   cmocka_unit_test(test_one_and_presence),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, two_setup, two_teardown);
}
