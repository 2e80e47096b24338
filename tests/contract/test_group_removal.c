/* Does removal do what peergroup/extensions.h says: each code of each call, what the removed and
 * the others hear, the way back, and a group that outlives its creator? */
#include "two.h"

#include <peergroup/extensions.h>

/* ---- helpers ---- */

static PPEER_GROUP_REVOCATION *removals(HGROUP group, ULONG *count)
{
    HPEERENUM enumeration = NULL;
    PPEER_GROUP_REVOCATION *items = NULL;
    *count = 100;
    assert_ok(PeerGroupEnumRevocations(group, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    return items;
}

static ULONG removal_count(HGROUP group)
{
    ULONG count;
    PeerFreeData(removals(group, &count));
    return count;
}

static ULONG member_count(HGROUP group, PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumMembers(group, 0, name, &enumeration));
    return count_of(enumeration);
}

static bool has_left(const PEER_GROUP_EVENT_DATA *event, const void *name)
{
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == PEER_MEMBER_LEFT &&
           wide_equal(event->memberChangeData.pwzIdentity, name);
}

static void await_left(const struct listener *listener, PCWSTR name)
{
    PeerFreeData(await(listener, has_left, name));
}

/* The two events that say "you were removed", in their order. */
static void await_put_out(const struct listener *listener)
{
    PeerFreeData(await_type(listener, PEER_GROUP_EVENT_AUTHENTICATION_FAILED));
    PPEER_GROUP_EVENT_DATA event = await_type(listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
    PeerFreeData(event);
}

/* Waits until a record is in a group. */
static void await_note(HGROUP group, const GUID *id)
{
    struct listener listener = listen_to(group);
    PPEER_RECORD record = NULL;
    HRESULT hr = PeerGroupGetRecord(group, id, &record);
    PeerFreeData(record);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        PeerFreeData(await(&listener, is_record, id));
    else
        assert_ok(hr);
    stop_listening(&listener);
}

static bool here(HGROUP group, const GUID *id)
{
    PPEER_RECORD record = NULL;
    HRESULT hr = PeerGroupGetRecord(group, id, &record);
    PeerFreeData(record);
    assert_true(hr == S_OK || hr == PEER_E_RECORD_NOT_FOUND);
    return hr == S_OK;
}

/* A further member that is online. */
struct guest {
    PWSTR name;
    HGROUP group;
};

static struct guest guest_begin(HGROUP inviter, PCWSTR friendly, const GUID *role)
{
    struct guest guest = {.name = new_identity(friendly)};
    guest.group = join(inviter, guest.name, role);
    go_online(guest.group);
    return guest;
}

static void guest_end(struct guest *guest)
{
    if (guest->group)
        assert_ok(PeerGroupClose(guest->group));
    PeerFreeData(guest->name);
}

/* Waits until group knows a member. */
static bool is_member_event(const PEER_GROUP_EVENT_DATA *event, const void *name)
{
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           wide_equal(event->memberChangeData.pwzIdentity, name);
}

static void await_known(HGROUP group, PCWSTR name)
{
    struct listener listener = listen_to(group);
    while (member_count(group, name) == 0)
        PeerFreeData(await(&listener, is_member_event, name));
    stop_listening(&listener);
}

/* ---- removal ---- */

/* The one removed hears it; the others hear that it left; what it wrote stays; it writes no more.
 */
static void test_a_connected_member_is_removed(void **state)
{
    (void)state;
    struct guest guest = guest_begin(pair.founder, u"Guest", NULL);
    GUID kept = add_note(guest.group, "kept");
    await_note(pair.founder, &kept);
    await_note(pair.member, &kept);
    await_known(pair.member, guest.name);
    struct listener own = listen_to(guest.group), other = listen_to(pair.member);
    struct listener founder = listen_to(pair.founder);
    ULONG before = removal_count(pair.founder);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest.name, 0));
    await_left(&founder, guest.name);
    await_left(&other, guest.name);
    await_put_out(&own);
    assert_int_equal(removal_count(pair.founder), before + 1);
    assert_int_equal(member_count(pair.founder, guest.name), 0);
    assert_int_equal(member_count(pair.member, guest.name), 0);
    assert_true(here(pair.founder, &kept) && here(pair.member, &kept) && here(guest.group, &kept));
    GUID id;
    PEER_RECORD late = note(guest.group, "late");
    assert_hr(PeerGroupAddRecord(guest.group, &late, &id), PEER_E_NOT_AUTHORIZED);
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(guest.group, &status));
    assert_int_equal(status, 0);
    assert_hr(PeerGroupRevokeMember(pair.founder, guest.name, 0), S_FALSE);
    assert_int_equal(removal_count(pair.founder), before + 1);
    stop_listening(&own);
    stop_listening(&other);
    stop_listening(&founder);
    guest_end(&guest);
}

/* Nobody tells who was away; at its next call whoever refuses it does, with proof. All of this
 * process listen at one address, and nobody calls its own: who has its records already would wait
 * to be called, so this one has not been online. */
static void test_who_was_away_learns_it_at_the_next_connection(void **state)
{
    (void)state;
    PPEER_GROUP_REVOCATION removal = NULL;
    PWSTR name = new_identity(u"Away");
    HGROUP group = join(pair.founder, name, NULL);
    announce(pair.founder, name);
    WCHAR *group_name = name_of(pair.founder);
    assert_ok(PeerGroupRevokeMember(pair.founder, name, 0));
    assert_hr(PeerGroupGetRemoval(group, &removal), S_FALSE);
    assert_null(removal);
    struct listener own = listen_to(group);
    assert_ok(PeerGroupConnect(group));
    await_put_out(&own);
    assert_ok(PeerGroupGetRemoval(group, &removal));
    assert_int_equal(removal->dwSize, sizeof(*removal));
    assert_int_equal(removal->dwFlags,
                     PEER_GROUP_REVOCATION_IN_FORCE | PEER_GROUP_REVOCATION_BY_GROUP);
    assert_wide_equal(removal->pwzIdentity, name);
    assert_wide_equal(removal->pwzFriendlyName, u"Away");
    assert_wide_equal(removal->pwzSignerPeerName, group_name);
    assert_true(ticks_of(removal->ftTime) < ticks_of(utc_in(0)));
    assert_true(ticks_of(removal->ftTime) > ticks_of(utc_in(-60)));
    assert_int_equal(removal->ullKept, 0);
    assert_int_equal(removal->keyHash.cbData, 32);
    PeerFreeData(removal);
    /* It knows now, and may ask again. */
    assert_ok(PeerGroupConnect(group));
    await_put_out(&own);
    stop_listening(&own);
    assert_ok(PeerGroupClose(group));
    /* It has not forgotten. */
    assert_ok(PeerGroupOpen(name, group_name, NULL, &group));
    assert_ok(PeerGroupGetRemoval(group, &removal));
    PeerFreeData(removal);
    assert_ok(PeerGroupClose(group));
    free(group_name);
    PeerFreeData(name);
}

static void test_records_may_go_too(void **state)
{
    (void)state;
    struct guest guest = guest_begin(pair.founder, u"Noisy", NULL);
    GUID id = add_note(guest.group, "noise");
    await_note(pair.founder, &id);
    await_note(pair.member, &id);
    struct listener other = listen_to(pair.member), own = listen_to(guest.group);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest.name, PEER_GROUP_REVOKE_DROP_RECORDS));
    assert_int_equal(await_record(&other, &id), PEER_RECORD_DELETED);
    await_put_out(&own);
    assert_false(here(pair.founder, &id));
    assert_false(here(guest.group, &id));
    stop_listening(&other);
    stop_listening(&own);
    guest_end(&guest);
}

static bool is_any_record(const PEER_GROUP_EVENT_DATA *event, const void *unused)
{
    (void)unused;
    return event->eventType == PEER_GROUP_EVENT_RECORD_CHANGED;
}

static void await_count(HGROUP group, ULONG wanted)
{
    struct listener listener = listen_to(group);
    while (record_count(group) != wanted)
        PeerFreeData(await(&listener, is_any_record, NULL));
    stop_listening(&listener);
}

static ULONG deletions(const struct listener *listener)
{
    ULONG count = 0;
    PPEER_GROUP_EVENT_DATA event = NULL;
    while (PeerGroupGetEventData(listener->handle, &event) == S_OK) {
        count += event->eventType == PEER_GROUP_EVENT_RECORD_CHANGED &&
                 event->recordChangeData.changeType == PEER_RECORD_DELETED;
        PeerFreeData(event);
    }
    return count;
}

/* More than one keep-list: nothing falls in between, with nobody. */
static void test_many_records_stay(void **state)
{
    (void)state;
    enum { NOTES = 2400 };
    struct guest guest = guest_begin(pair.founder, u"Writer", NULL);
    for (int i = 0; i < NOTES; i++)
        add_note(guest.group, "one of many");
    await_count(pair.founder, NOTES);
    await_count(pair.member, NOTES);
    struct listener own = listen_to(guest.group), other = listen_to(pair.member);
    struct listener founder = listen_to(pair.founder);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest.name, 0));
    await_left(&other, guest.name);
    await_put_out(&own);
    assert_int_equal(record_count(pair.founder), NOTES);
    assert_int_equal(record_count(pair.member), NOTES);
    assert_int_equal(record_count(guest.group), NOTES);
    assert_int_equal(deletions(&founder) + deletions(&other) + deletions(&own), 0);
    ULONG count;
    PPEER_GROUP_REVOCATION *items = removals(pair.member, &count);
    assert_int_equal(count, 1);
    assert_true(items[0]->ullKept == NOTES);
    PeerFreeData(items);
    stop_listening(&own);
    stop_listening(&other);
    stop_listening(&founder);
    guest_end(&guest);
}

/* Those whom the removed one let in stay, or go with it. */
static void test_whom_it_let_in(void **state)
{
    (void)state;
    const DWORD flags[] = {0, PEER_GROUP_REVOKE_WITH_ISSUED};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        PPEER_GROUP_REVOCATION removal = NULL;
        struct guest host = guest_begin(pair.founder, u"Host", &PEER_GROUP_ROLE_INVITING_MEMBER);
        struct guest friend = guest_begin(host.group, u"Friend", NULL);
        await_known(pair.founder, friend.name);
        struct listener own = listen_to(host.group), of_friend = listen_to(friend.group);
        struct listener founder = listen_to(pair.founder);
        assert_ok(PeerGroupRevokeMember(pair.founder, host.name, flags[i]));
        await_put_out(&own);
        if (flags[i] == 0) {
            GUID id = add_note(friend.group, "still here");
            await_note(pair.founder, &id);
            assert_hr(PeerGroupGetRemoval(friend.group, &removal), S_FALSE);
        } else {
            await_left(&founder, friend.name);
            await_put_out(&of_friend);
            assert_ok(PeerGroupGetRemoval(friend.group, &removal));
            assert_wide_equal(removal->pwzIdentity, host.name);
            PeerFreeData(removal);
        }
        stop_listening(&own);
        stop_listening(&of_friend);
        stop_listening(&founder);
        guest_end(&friend);
        guest_end(&host);
    }
}

/* ---- the way back ---- */

static bool is_readmitted(HGROUP group, PCWSTR name)
{
    ULONG count;
    bool readmitted = false;
    PPEER_GROUP_REVOCATION *items = removals(group, &count);
    for (ULONG i = 0; i < count; i++)
        readmitted = readmitted || (wide_equal(items[i]->pwzIdentity, name) &&
                                    (items[i]->dwFlags & PEER_GROUP_REVOCATION_READMITTED));
    PeerFreeData(items);
    return readmitted;
}

static void test_a_removed_member_is_readmitted(void **state)
{
    (void)state;
    PPEER_GROUP_REVOCATION removal = NULL;
    struct guest guest = {.name = new_identity(u"Returner")};
    guest.group = join(pair.founder, guest.name, NULL);
    announce(pair.founder, guest.name);
    struct listener own = listen_to(guest.group);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest.name, 0));
    assert_false(is_readmitted(pair.founder, guest.name));
    assert_ok(PeerGroupConnect(guest.group));
    await_put_out(&own);
    stop_listening(&own);
    PWSTR invitation = invite(pair.founder, guest.name, NULL);
    HGROUP again = NULL;
    assert_hr(PeerGroupJoin(guest.name, invitation, NULL, &again), PEER_E_GROUP_IN_USE);
    assert_ok(PeerGroupClose(guest.group));
    assert_ok(PeerGroupJoin(guest.name, invitation, NULL, &guest.group));
    PeerFreeData(invitation);
    assert_hr(PeerGroupGetRemoval(guest.group, &removal), S_FALSE);
    go_online(guest.group);
    GUID id = add_note(guest.group, "after");
    await_note(pair.founder, &id);
    await_note(pair.member, &id);
    assert_true(is_readmitted(pair.founder, guest.name));
    assert_true(is_readmitted(pair.member, guest.name));
    /* And removed once more, a moment after it came back. */
    struct listener twice = listen_to(guest.group), other = listen_to(pair.member);
    await_known(pair.member, guest.name);
    assert_ok(PeerGroupRevokeMember(pair.founder, guest.name, 0));
    await_put_out(&twice);
    await_left(&other, guest.name);
    assert_false(is_readmitted(pair.member, guest.name));
    stop_listening(&twice);
    stop_listening(&other);
    guest_end(&guest);
}

/* ---- deputies ---- */

static bool is_properties(const PEER_GROUP_EVENT_DATA *event, const void *unused)
{
    (void)unused;
    return event->eventType == PEER_GROUP_EVENT_PROPERTY_CHANGED;
}

static void await_deputy(HGROUP group, PCWSTR name)
{
    struct listener listener = listen_to(group);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    while (PeerGroupSetProperties(group, properties) == PEER_E_NOT_AUTHORIZED)
        PeerFreeData(await(&listener, is_member_event, name));
    PeerFreeData(properties);
    stop_listening(&listener);
}

/* The creator is gone for good: a deputy removes, invites and sets properties. */
static void test_a_group_outlives_its_creator(void **state)
{
    (void)state;
    struct guest deputy = guest_begin(pair.founder, u"Deputy", NULL);
    struct guest plain = guest_begin(pair.founder, u"Plain", &PEER_GROUP_ROLE_ADMIN);
    await_known(pair.founder, deputy.name);
    await_known(deputy.group, plain.name);
    await_known(deputy.group, pair.founder_name);
    assert_hr(PeerGroupRevokeMember(deputy.group, plain.name, 0), PEER_E_NOT_AUTHORIZED);
    struct listener announced = listen_to(deputy.group);
    assert_ok(PeerGroupAppointDeputy(pair.founder, deputy.name));
    PeerFreeData(await(&announced, is_member_event, deputy.name));
    stop_listening(&announced);
    await_deputy(deputy.group, pair.founder_name);
    assert_hr(PeerGroupAppointDeputy(pair.founder, deputy.name), S_FALSE);
    assert_hr(PeerGroupAppointDeputy(deputy.group, plain.name), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(deputy.group, pair.founder_name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(plain.group, deputy.name, 0), PEER_E_NOT_AUTHORIZED);

    struct listener member = listen_to(pair.member), own = listen_to(plain.group);
    assert_ok(PeerGroupRevokeMember(deputy.group, plain.name, 0));
    await_left(&member, plain.name);
    await_put_out(&own);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(deputy.group, &properties));
    properties->pwzComment = (PWSTR)u"the deputy's";
    assert_ok(PeerGroupSetProperties(deputy.group, properties));
    PeerFreeData(properties);
    PeerFreeData(await(&member, is_properties, NULL));
    struct guest fresh = guest_begin(deputy.group, u"Fresh", NULL);
    await_known(pair.member, fresh.name);
    stop_listening(&member);
    stop_listening(&own);
    guest_end(&fresh);
    guest_end(&plain);
    guest_end(&deputy);
}

/* ---- codes ---- */

static void test_who_may_remove_whom(void **state)
{
    (void)state;
    struct guest admin = guest_begin(pair.founder, u"Admin", &PEER_GROUP_ROLE_ADMIN);
    struct guest other = guest_begin(pair.founder, u"Other", &PEER_GROUP_ROLE_ADMIN);
    struct guest below = guest_begin(admin.group, u"Below", &PEER_GROUP_ROLE_ADMIN);
    await_known(admin.group, other.name);
    await_known(admin.group, pair.member_name);
    await_known(admin.group, below.name);
    await_known(pair.member, admin.name);
    await_known(pair.member, pair.founder_name);
    await_known(pair.founder, below.name);
    await_known(below.group, admin.name);
    assert_hr(PeerGroupRevokeMember(pair.member, admin.name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(pair.member, pair.founder_name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(admin.group, other.name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(admin.group, pair.founder_name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(below.group, admin.name, 0), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupRevokeMember(admin.group, admin.name, 0), E_INVALIDARG);
    struct listener founder = listen_to(pair.founder);
    assert_ok(PeerGroupRevokeMember(admin.group, below.name, 0));
    await_left(&founder, below.name);
    ULONG count;
    PPEER_GROUP_REVOCATION *items = removals(pair.founder, &count);
    const PEER_GROUP_REVOCATION *last = items[count - 1];
    assert_wide_equal(last->pwzIdentity, below.name);
    assert_wide_equal(last->pwzSignerPeerName, admin.name);
    assert_wide_equal(last->pwzSignerFriendlyName, u"Admin");
    assert_int_equal(last->dwFlags, PEER_GROUP_REVOCATION_IN_FORCE);
    PeerFreeData(items);
    stop_listening(&founder);
    guest_end(&below);
    guest_end(&other);
    guest_end(&admin);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    static WCHAR endless[300];
    for (size_t i = 0; i + 1 < ARRAY_SIZE(endless); i++)
        endless[i] = u'a';
    HPEERENUM enumeration = (HPEERENUM)&pair;
    PPEER_GROUP_REVOCATION removal = (PPEER_GROUP_REVOCATION)&pair;
    HGROUP founder = pair.founder;
    assert_hr(PeerGroupRevokeMember(founder, NULL, 0), E_INVALIDARG);
    assert_hr(PeerGroupRevokeMember(founder, lone_surrogate, 0), E_INVALIDARG);
    assert_hr(PeerGroupRevokeMember(founder, pair.member_name, 4), E_INVALIDARG);
    assert_hr(PeerGroupRevokeMember(founder, pair.founder_name, 0), E_INVALIDARG);
    assert_hr(PeerGroupRevokeMember(founder, nobody, 0), PEER_E_NOT_FOUND);
    assert_hr(PeerGroupRevokeMember(founder, endless, 0), PEER_E_NOT_FOUND);
    assert_hr(PeerGroupRevokeMember(founder, u"", 0), PEER_E_NOT_FOUND);
    WCHAR *group = name_of(founder);
    assert_hr(PeerGroupRevokeMember(founder, group, 0), PEER_E_NOT_FOUND);
    free(group);
    assert_hr(PeerGroupRevokeMember(NULL, pair.member_name, 0), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupAppointDeputy(founder, NULL), E_INVALIDARG);
    assert_hr(PeerGroupAppointDeputy(founder, lone_surrogate), E_INVALIDARG);
    assert_hr(PeerGroupAppointDeputy(founder, pair.founder_name), E_INVALIDARG);
    assert_hr(PeerGroupAppointDeputy(founder, nobody), PEER_E_NOT_FOUND);
    assert_hr(PeerGroupAppointDeputy(pair.member, pair.founder_name), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupAppointDeputy(NULL, pair.member_name), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupEnumRevocations(founder, NULL), E_INVALIDARG);
    assert_hr(PeerGroupEnumRevocations(NULL, &enumeration), PEER_E_INVALID_GROUP);
    assert_null(enumeration);
    assert_hr(PeerGroupGetRemoval(founder, NULL), E_INVALIDARG);
    assert_hr(PeerGroupGetRemoval(NULL, &removal), PEER_E_INVALID_GROUP);
    assert_null(removal);
}

static void test_before_the_records_are_here(void **state)
{
    (void)state;
    PWSTR name = new_identity(u"Newcomer");
    HGROUP group = join(pair.founder, name, NULL);
    PPEER_GROUP_REVOCATION removal = NULL;
    assert_hr(PeerGroupRevokeMember(group, pair.founder_name, 0), PEER_E_GROUP_NOT_READY);
    assert_hr(PeerGroupAppointDeputy(group, pair.founder_name), PEER_E_GROUP_NOT_READY);
    assert_int_equal(removal_count(group), 0);
    assert_hr(PeerGroupGetRemoval(group, &removal), S_FALSE);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(name);
}

static void test_without_a_startup(void **state)
{
    (void)state;
    HPEERENUM enumeration = NULL;
    PPEER_GROUP_REVOCATION removal = NULL;
    assert_ok(PeerGroupShutdown());
    assert_hr(PeerGroupRevokeMember(NULL, NULL, 0), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupAppointDeputy(NULL, NULL), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupEnumRevocations(NULL, &enumeration), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupGetRemoval(NULL, &removal), PEER_E_NOT_INITIALIZED);
    PEER_VERSION_DATA version;
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_connected_member_is_removed, two_setup,
                                        two_teardown),
        cmocka_unit_test_setup_teardown(test_who_was_away_learns_it_at_the_next_connection,
                                        two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_records_may_go_too, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_many_records_stay, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_whom_it_let_in, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_a_removed_member_is_readmitted, two_setup,
                                        two_teardown),
        cmocka_unit_test_setup_teardown(test_a_group_outlives_its_creator, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_who_may_remove_whom, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_bad_arguments, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_before_the_records_are_here, two_setup, two_teardown),
        cmocka_unit_test_setup_teardown(test_without_a_startup, group_setup, group_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
