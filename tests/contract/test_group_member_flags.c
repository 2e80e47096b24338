/* Do PEER_MEMBER_DATA_OPTIONAL, PEER_DISABLE_PRESENCE and PEER_DEFER_EXPIRATION do what their names
 * say, as programs see it (semantics 3.9, 3.10, 9.3, 9.5)? Virtual time is in tests/scenario. */
#include "group.h"

static PWSTR founder_name, member_name;
static HGROUP founder, member;

static int setup(void **state)
{
    if (group_setup(state) != 0)
        return -1;
    founder_name = new_identity(u"Founder");
    member_name = new_identity(u"Member");
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(founder_name);
    PeerFreeData(member_name);
    return group_teardown(state);
}

static void found(DWORD flags)
{
    PEER_GROUP_PROPERTIES properties = properties_by(founder_name);
    properties.dwFlags = flags;
    assert_ok(PeerGroupCreate(&properties, &founder));
}

static void close_both(void)
{
    WCHAR *name = name_of(founder);
    assert_ok(PeerGroupClose(member));
    assert_ok(PeerGroupClose(founder));
    assert_ok(PeerGroupDelete(member_name, name));
    assert_ok(PeerGroupDelete(founder_name, name));
    free(name);
}

/* How many a member's view shows; *first is the first of them (free with PeerFreeData). */
static ULONG members(HGROUP group, DWORD flags, PCWSTR identity, PPEER_MEMBER **items)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 10;
    *items = NULL;
    assert_ok(PeerGroupEnumMembers(group, flags, identity, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)items));
    assert_ok(PeerEndEnumeration(enumeration));
    return count;
}

static ULONG member_count(HGROUP group, DWORD flags, PCWSTR identity)
{
    PPEER_MEMBER *items;
    ULONG count = members(group, flags, identity, &items);
    PeerFreeData(items);
    return count;
}

struct member_change {
    PCWSTR name;
    PEER_MEMBER_CHANGE_TYPE change;
};

static bool is_member(const PEER_GROUP_EVENT_DATA *event, const void *context)
{
    const struct member_change *wanted = context;
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == wanted->change &&
           wide_equal(event->memberChangeData.pwzIdentity, wanted->name);
}

/* [point 3.9] [point 9.3] [point 9.5] [point 5.10] With MEMBER_DATA_OPTIONAL a member is there, and
 * not shown until it does something: then it has JOINED and appears. */
static void test_optional_until_it_publishes(void **state)
{
    (void)state;
    found(PEER_MEMBER_DATA_OPTIONAL);
    struct listener listener = listen_to(founder);
    go_online(founder);
    member = join(founder, member_name, NULL);
    go_online(member);
    const struct member_change came = {member_name, PEER_MEMBER_CONNECTED},
                               joined = {member_name, PEER_MEMBER_JOINED};
    for (;;) {
        PPEER_GROUP_EVENT_DATA event = await_type(&listener, PEER_GROUP_EVENT_MEMBER_CHANGED);
        bool here = is_member(event, &came);
        assert_false(is_member(event, &joined));
        PeerFreeData(event);
        if (here)
            break;
    }
    assert_int_equal(member_count(founder, 0, member_name), 0);
    assert_int_equal(member_count(founder, PEER_MEMBER_PRESENT, NULL), 1);
    /* Each sees itself, and the founder, who has issued an invitation. */
    assert_int_equal(member_count(member, 0, NULL), 2);
    GUID id = add_note(member, "here I am");
    PeerFreeData(await(&listener, is_member, &joined));
    assert_int_equal(member_count(founder, 0, member_name), 1);
    assert_int_equal(member_count(founder, PEER_MEMBER_PRESENT, NULL), 2);
    PPEER_RECORD record = NULL;
    while (PeerGroupGetRecord(founder, &id, &record) != S_OK)
        assert_int_equal(await_record(&listener, &id), PEER_RECORD_ADDED);
    PeerFreeData(record);
    stop_listening(&listener);
    close_both();
}

/* [point 9.3] [point 9.5] Issuing a certificate is such an action too. */
static void test_optional_until_it_issues(void **state)
{
    (void)state;
    found(PEER_MEMBER_DATA_OPTIONAL);
    struct listener listener = listen_to(founder);
    go_online(founder);
    member = join(founder, member_name, &PEER_GROUP_ROLE_INVITING_MEMBER);
    go_online(member);
    assert_int_equal(member_count(founder, 0, member_name), 0);
    PWSTR other = new_identity(u"Other");
    PeerFreeData(invite(member, other, NULL));
    const struct member_change joined = {member_name, PEER_MEMBER_JOINED};
    PeerFreeData(await(&listener, is_member, &joined));
    assert_int_equal(member_count(founder, 0, member_name), 1);
    PeerFreeData(other);
    stop_listening(&listener);
    close_both();
}

static void assert_no_presence(HGROUP group)
{
    PPEER_MEMBER *items;
    assert_int_equal(member_count(group, PEER_MEMBER_PRESENT, NULL), 0);
    assert_int_equal(members(group, 0, NULL, &items), 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(items[i]->dwFlags, 0);
        assert_int_equal(items[i]->cAddresses, 0);
        assert_null(items[i]->pAddresses);
    }
    PeerFreeData(items);
}

/* [point 3.9] [point 9.7] With DISABLE_PRESENCE members are known, and nobody is told who is there
 * or where. */
static void test_no_presence(void **state)
{
    (void)state;
    found(PEER_DISABLE_PRESENCE);
    struct listener listener = listen_to(founder);
    go_online(founder);
    member = join(founder, member_name, NULL);
    go_online(member);
    const struct member_change joined = {member_name, PEER_MEMBER_JOINED};
    PeerFreeData(await(&listener, is_member, &joined));
    GUID id = add_note(member, "x");
    for (;;) {
        PPEER_GROUP_EVENT_DATA event = await(&listener, is_record, &id);
        bool last = is_record(event, &id);
        PeerFreeData(event);
        if (last)
            break;
    }
    assert_no_presence(founder);
    assert_no_presence(member);
    stop_listening(&listener);
    close_both();
}

/* [point 3.9] The flag takes effect on presence that is there. */
static void test_presence_is_withdrawn(void **state)
{
    (void)state;
    found(0);
    struct listener listener = listen_to(founder);
    go_online(founder);
    member = join(founder, member_name, NULL);
    go_online(member);
    const struct member_change came = {member_name, PEER_MEMBER_CONNECTED},
                               left = {member_name, PEER_MEMBER_DISCONNECTED};
    PeerFreeData(await(&listener, is_member, &came));
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupGetProperties(founder, &properties));
    assert_int_equal(properties->dwFlags, 0);
    properties->dwFlags = PEER_DISABLE_PRESENCE;
    /* Creator only. */
    assert_hr(PeerGroupSetProperties(member, properties), PEER_E_NOT_AUTHORIZED);
    assert_ok(PeerGroupSetProperties(founder, properties));
    PeerFreeData(properties);
    PeerFreeData(await(&listener, is_member, &left));
    assert_no_presence(founder);
    stop_listening(&listener);
    close_both();
}

/* [point 3.9] [point 3.10] With DEFER_EXPIRATION nothing ends while nobody else is connected; then
 * it does, and is told. */
static void test_deferred(void **state)
{
    (void)state;
    found(PEER_DEFER_EXPIRATION);
    HGROUP control = new_group(founder_name);
    struct listener here = listen_to(founder), there = listen_to(control);
    PEER_RECORD brief = note(founder, "x");
    brief.ftExpiration = peer_time_in(founder, 1);
    GUID id = {0}, control_id = {0};
    PPEER_RECORD record = NULL;
    assert_ok(PeerGroupAddRecord(founder, &brief, &id));
    assert_ok(PeerGroupAddRecord(control, &brief, &control_id));
    go_online(founder); /* alone */
    assert_int_equal(await_record(&there, &control_id), PEER_RECORD_ADDED);
    assert_int_equal(await_record(&there, &control_id), PEER_RECORD_EXPIRED);
    assert_ok(PeerGroupGetRecord(founder, &id, &record));
    PeerFreeData(record);
    assert_int_equal(await_record(&here, &id), PEER_RECORD_ADDED);
    member = join(founder, member_name, NULL);
    go_online(member);
    assert_int_equal(await_record(&here, &id), PEER_RECORD_EXPIRED);
    assert_hr(PeerGroupGetRecord(founder, &id, &record), PEER_E_RECORD_NOT_FOUND);
    stop_listening(&here);
    stop_listening(&there);
    assert_ok(PeerGroupClose(control));
    close_both();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optional_until_it_publishes),
        cmocka_unit_test(test_optional_until_it_issues),
        cmocka_unit_test(test_no_presence),
        cmocka_unit_test(test_presence_is_withdrawn),
        cmocka_unit_test(test_deferred),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
