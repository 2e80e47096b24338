/* Does joining by password work where it is made hard: through who was removed and does not know,
 * below the longest chain that there may be, and below one that has no room (semantics 4.14)? */
#include "group.h"

#include <peergroup/extensions.h>

static const WCHAR far_password[] = u"Plinth-Vex-27-obelisk";

static HGROUP found_group(PCWSTR owner, PCWSTR comment, ULONG flags)
{
    HGROUP made = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(owner);
    properties.dwFlags = flags;
    properties.pwzComment = (PWSTR)comment;
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)far_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    assert_ok(PeerGroupCreate(&properties, &made));
    go_online(made);
    return made;
}

/* Joins by an invitation of one member. */
static HGROUP join_through(HGROUP inviter, PCWSTR name, HRESULT want)
{
    HGROUP joined = NULL;
    PWSTR invitation = NULL;
    assert_ok(PeerGroupCreatePasswordInvitation(inviter, &invitation));
    assert_hr(PeerGroupPasswordJoin(name, invitation, far_password, NULL, &joined), want);
    PeerFreeData(invitation);
    return joined;
}

static void assert_issuer(HGROUP in, PCWSTR name, PCWSTR issuer)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 1;
    PVOID *items = NULL;
    assert_ok(PeerGroupEnumMembers(in, 0, name, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 1);
    assert_wide_equal((*(PEER_MEMBER **)(void *)items)->pCredentialInfo->pwzIssuerPeerName, issuer);
    PeerFreeData(items);
    assert_ok(PeerEndEnumeration(enumeration));
}

/* Who was let in by a member that the group has removed looks like a member, to itself. An
 * invitation of somebody else leads it there, where it hears of it; then the password counts again.
 */
static void test_who_was_captured_comes_back(void **state)
{
    (void)state;
    PWSTR creator = new_identity(u"Creator"), removed_name = new_identity(u"Removed"),
          name = new_identity(u"Joiner");
    HGROUP group = found_group(creator, NULL, PEER_DISABLE_PRESENCE);
    WCHAR *group_name = name_of(group);
    HGROUP removed = join(group, removed_name, &PEER_GROUP_ROLE_ADMIN);
    go_online(removed);
    assert_ok(PeerGroupClose(removed));
    assert_ok(PeerGroupRevokeMember(group, removed_name, 0));
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupOpen(removed_name, group_name, NULL, &removed));
    go_online(removed);
    HGROUP joined = join_through(removed, name, S_OK);
    go_online(joined);
    assert_issuer(joined, name, removed_name);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(removed));
    assert_ok(PeerGroupOpen(creator, group_name, NULL, &group));
    go_online(group);
    joined = join_through(group, name, PEER_S_ALREADY_A_MEMBER);
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    PPEER_GROUP_EVENT_DATA event = await_type(&listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
    PeerFreeData(event);
    stop_listening(&listener);
    HGROUP again = join_through(group, name, PEER_S_ALREADY_A_MEMBER);
    go_online(again);
    assert_issuer(again, name, creator);
    assert_ok(PeerGroupClose(again));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(group));
    free(group_name);
    PeerFreeData(name);
    PeerFreeData(removed_name);
    PeerFreeData(creator);
}

static bool is_any(const PEER_GROUP_EVENT_DATA *event, const void *context)
{
    (void)context;
    return event->eventType != 0;
}

/* A chain of members with the longest names, as long as there is room; one of them online at a
 * time. The names of all; *depth is how many there are, the creator included. */
enum { MOST = 24 };

static HGROUP grow_chain(HGROUP top, PCWSTR longest, PWSTR names[MOST], int *depth)
{
    HGROUP last = top;
    for (*depth = 1;; ++*depth) {
        PWSTR identity = NULL, invitation = NULL;
        PWSTR name = names[*depth] = new_identity(longest);
        assert_ok(PeerIdentityGetXML(name, &identity));
        HRESULT hr =
            PeerGroupCreateInvitation(last, identity, NULL, 1, &PEER_GROUP_ROLE_ADMIN, &invitation);
        PeerFreeData(identity);
        PeerFreeData(invitation);
        if (hr == PEER_E_CHAIN_TOO_LONG)
            return last;
        assert_ok(hr);
        HGROUP next = join(last, name, &PEER_GROUP_ROLE_ADMIN);
        go_online(next);
        assert_ok(PeerGroupClose(last));
        last = next;
    }
}

/* The longest names, large Security Properties: the deepest member that still has room for
 * one more lets it in; the one below it says that others may, and nobody says that the password is
 * wrong. */
static void test_the_longest_chain(void **state)
{
    (void)state;
    WCHAR *longest = wide_fill(0x2603, 255), *shorter = wide_fill(0x2603, 230);
    PWSTR names[MOST] = {new_identity(longest)}, joiner = new_identity(shorter);
    int depth;
    HGROUP top = found_group(names[0], longest, 0);
    WCHAR *group_name = name_of(top);
    HGROUP last = grow_chain(top, longest, names, &depth), joined = NULL;
    assert_in_range(depth, 6, MOST - 1);
    joined = join_through(last, joiner, S_OK);
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    PPEER_GROUP_EVENT_DATA event = NULL;
    do {
        PeerFreeData(event);
        event = await(&listener, is_any, NULL);
        assert_int_not_equal(event->eventType, PEER_GROUP_EVENT_AUTHENTICATION_FAILED);
    } while (event->eventType != PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NO_MEMBER_CONNECTIONS);
    PeerFreeData(event);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(last));
    assert_ok(PeerGroupOpen(names[depth - 2], group_name, NULL, &last));
    go_online(last);
    HGROUP again = join_through(last, joiner, PEER_S_ALREADY_A_MEMBER);
    go_online(again);
    assert_issuer(again, joiner, names[depth - 2]);
    assert_ok(PeerGroupClose(again));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(last));
    for (int i = 0; i <= depth; i++)
        PeerFreeData(names[i]);
    PeerFreeData(joiner);
    free(group_name);
    free(shorter);
    free(longest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_was_captured_comes_back),
        cmocka_unit_test(test_the_longest_chain),
    };
    return cmocka_run_group_tests_name("group-password-far", tests, group_setup, group_teardown);
}
