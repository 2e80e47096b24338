/* Does PeerGroupEnumMembers show who belongs to a group, who is there and where (semantics 9)? */
#include "heard.h"
#include "two.h"

#include <peergroup/extensions.h>

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

/* Publishes a credential that begins in twelve hours. */
static void announce_for_later(HGROUP group, PCWSTR name)
{
    PPEER_INVITATION_INFO source = NULL;
    PEER_ROLE_ID role = PEER_GROUP_ROLE_MEMBER;
    PWSTR invitation = invite(group, name, NULL);
    assert_ok(PeerGroupParseInvitation(invitation, &source));
    PEER_CREDENTIAL_INFO info = {.dwSize = sizeof(info),
                                 .pPublicKey = source->pSubjectPublicKey,
                                 .ftValidityStart = utc_in(43200),
                                 .ftValidityEnd = utc_in(2 * 86400),
                                 .cRoles = 1,
                                 .pRoles = &role};
    assert_ok(PeerGroupIssueCredentials(group, name, &info, PEER_GROUP_STORE_CREDENTIALS, NULL));
    PeerFreeData(source);
    PeerFreeData(invitation);
}

/* [point 7.18] [point 9.1] Whom JOINED names is in the list, though the certificate begins later;
 * removed before that, it is in none. */
static void test_announced_before_it_begins(void **state)
{
    (void)state;
    ULONG count, before;
    PWSTR name = new_identity(u"Later");
    HGROUP groups[2] = {pair.founder, pair.member};
    struct listener listeners[2] = {listen_to(groups[0]), listen_to(groups[1])};
    const struct member_change joined = {name, PEER_MEMBER_JOINED};
    PeerFreeData(members(pair.founder, 0, NULL, &before));
    announce_for_later(pair.founder, name);
    for (int i = 0; i < 2; i++) {
        PeerFreeData(await(&listeners[i], is_member, &joined));
        PPEER_MEMBER *items = members(groups[i], 0, name, &count);
        assert_int_equal(count, 1);
        assert_wide_equal(items[0]->pwzIdentity, name);
        assert_true(ticks_of(items[0]->pCredentialInfo->ftValidityStart) > ticks_of(utc_in(3600)));
        PeerFreeData(items);
        items = members(groups[i], 0, NULL, &count);
        assert_int_equal(count, before + 1);
        PeerFreeData(items);
        PeerFreeData(members(groups[i], PEER_MEMBER_PRESENT, name, &count));
        assert_int_equal(count, 0);
    }
    assert_ok(PeerGroupRevokeMember(pair.founder, name, 0));
    PeerFreeData(members(pair.founder, 0, name, &count));
    assert_int_equal(count, 0);
    stop_listening(&listeners[0]);
    stop_listening(&listeners[1]);
    PeerFreeData(name);
}

/* [point 9.1] [point 9.4] Who comes to a group later hears JOINED of those alone whom the list
 * shows: of nobody who was removed before. */
static void test_removed_before_one_came(void **state)
{
    (void)state;
    ULONG count;
    struct heard heard = {.count = 0};
    PWSTR gone = new_identity(u"Gone"), late = new_identity(u"Late");
    announce(pair.founder, gone);
    assert_ok(PeerGroupRevokeMember(pair.founder, gone, 0));
    HGROUP visit = join(pair.founder, late, NULL);
    struct listener listener = listen_to(visit);
    const struct member_change joined = {late, PEER_MEMBER_JOINED},
                               never = {gone, PEER_MEMBER_JOINED};
    assert_ok(PeerGroupConnect(visit));
    hear_until(&heard, &listener, is_member, &joined); /* its own, when it has all of theirs */
    for (int i = 0; i < heard.count; i++) {
        assert_false(is_member(heard.items[i], &never));
        if (heard.items[i]->eventType != PEER_GROUP_EVENT_MEMBER_CHANGED ||
            heard.items[i]->memberChangeData.changeType != PEER_MEMBER_JOINED)
            continue;
        PeerFreeData(members(visit, 0, heard.items[i]->memberChangeData.pwzIdentity, &count));
        assert_int_equal(count, 1);
    }
    PeerFreeData(members(visit, 0, gone, &count));
    assert_int_equal(count, 0);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(visit));
    PeerFreeData(gone);
    PeerFreeData(late);
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
        cmocka_unit_test(test_self_is_first),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_one_and_presence),
        cmocka_unit_test(test_announced_before_it_begins),
        cmocka_unit_test(test_removed_before_one_came),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests(tests, two_setup, two_teardown);
}
