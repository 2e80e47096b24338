/* Does PeerGroupIssueCredentials issue, renew and change roles as documented, to whom it may, and
 * does the group hear of it (semantics 6, 7, 9.5; rulings 10, 15, 21, 23)? */
#include "group.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

#include <sqlite3.h>
#include <stdio.h>

#define SECOND 10000000ull
#define UNLIMITED 2650467743990000000ull

static HGROUP group;
static PWSTR creator;

static int setup(void **state)
{
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    group = new_group(creator);
    go_online(group);
    return 0;
}

static int teardown(void **state)
{
    HRESULT hr = PeerGroupClose(group);
    PeerFreeData(creator);
    return SUCCEEDED(hr) ? group_teardown(state) : -1;
}

/* ---- helpers ---- */

/* A member as a group shows it; NULL: not at all (free with PeerFreeData). */
static PPEER_MEMBER *show(HGROUP at, PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *items = NULL;
    ULONG count = 1;
    assert_ok(PeerGroupEnumMembers(at, 0, name, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    return items;
}

static bool has_role(HGROUP at, PCWSTR name, const GUID *role)
{
    PPEER_MEMBER *items = show(at, name);
    bool has = items && IsEqualGUID(&items[0]->pCredentialInfo->pRoles[0], role);
    PeerFreeData(items);
    return has;
}

static ULONGLONG end_of(HGROUP at, PCWSTR name)
{
    PPEER_MEMBER *items = show(at, name);
    ULONGLONG end = items ? ticks_of(items[0]->pCredentialInfo->ftValidityEnd) : 0;
    PeerFreeData(items);
    return end;
}

static PPEER_INVITATION_INFO parse(PCWSTR invitation)
{
    PPEER_INVITATION_INFO info = NULL;
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    return info;
}

/* What an issuer says of somebody: an ordinary member from now on for a day. */
struct wish {
    PEER_CREDENTIAL_INFO info;
    PPEER_INVITATION_INFO source; /* of the key */
    PWSTR invitation;
    PEER_ROLE_ID role;
};

static void wish_begin(struct wish *wish, PCWSTR name)
{
    wish->invitation = invite(group, name, NULL);
    wish->source = parse(wish->invitation);
    wish->role = PEER_GROUP_ROLE_MEMBER;
    wish->info = (PEER_CREDENTIAL_INFO){.dwSize = sizeof(PEER_CREDENTIAL_INFO),
                                        .pwzFriendlyName = (PWSTR)u"By wish",
                                        .pPublicKey = wish->source->pSubjectPublicKey,
                                        .ftValidityStart = utc_in(0),
                                        .ftValidityEnd = utc_in(86400),
                                        .cRoles = 1,
                                        .pRoles = &wish->role};
}

static void wish_end(struct wish *wish)
{
    PeerFreeData(wish->source);
    PeerFreeData(wish->invitation);
}

static bool is_joined(const PEER_GROUP_EVENT_DATA *event, const void *name)
{
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == PEER_MEMBER_JOINED &&
           wide_equal(event->memberChangeData.pwzIdentity, name);
}

static void await_joined(const struct listener *listener, PCWSTR name)
{
    PeerFreeData(await(listener, is_joined, name));
}

/* A member who is online, and whom the creator knows. */
static HGROUP newcomer(PCWSTR name, const GUID *role)
{
    struct listener listener = listen_to(group);
    HGROUP joined = join(group, name, role);
    go_online(joined);
    await_joined(&listener, name);
    stop_listening(&listener);
    return joined;
}

static void promote(HGROUP by, PCWSTR name, const GUID *role, DWORD flags)
{
    struct wish wish;
    wish_begin(&wish, name);
    wish.role = *role;
    wish.info.ftValidityEnd = filetime_of(UNLIMITED);
    assert_ok(PeerGroupIssueCredentials(by, name, &wish.info, flags, NULL));
    wish_end(&wish);
}

/* ---- the four cases ---- */

/* [point 7.11] [point 7.16] [point 7.17] A known member gets what it had, for as long as it had it;
 * without the flag nobody hears of it. */
static void test_renew(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "S_OK");
    struct wish wish;
    PWSTR name = new_identity(u"Ann"), renewed = NULL;
    wish_begin(&wish, name);
    wish.role = PEER_GROUP_ROLE_INVITING_MEMBER;
    assert_ok(
        PeerGroupIssueCredentials(group, name, &wish.info, PEER_GROUP_STORE_CREDENTIALS, NULL));
    PPEER_MEMBER *before = show(group, name);
    const PEER_CREDENTIAL_INFO *old = before[0]->pCredentialInfo;
    assert_ok(PeerGroupIssueCredentials(group, name, NULL, 0, &renewed));
    PPEER_INVITATION_INFO info = parse(renewed);
    assert_wide_equal(info->pwzSubjectPeerName, name);
    assert_wide_equal(info->pwzSubjectFriendlyName, u"By wish");
    assert_wide_equal(info->pwzIssuerPeerName, creator);
    assert_int_equal(info->cRoles, 1);
    assert_true(IsEqualGUID(&info->pRoles[0], &PEER_GROUP_ROLE_INVITING_MEMBER));
    assert_memory_equal(info->pSubjectPublicKey->PublicKey.pbData,
                        old->pPublicKey->PublicKey.pbData, 32);
    assert_int_equal(ticks_of(info->ftValidityEnd) - ticks_of(info->ftValidityStart),
                     ticks_of(old->ftValidityEnd) - ticks_of(old->ftValidityStart));
    assert_true(ticks_of(info->ftValidityStart) > ticks_of(old->ftValidityStart));
    assert_int_equal(end_of(group, name), ticks_of(old->ftValidityEnd));
    /* Both outputs may be left out; nothing comes of it then. */
    assert_ok(PeerGroupIssueCredentials(group, name, NULL, 0, NULL));
    PeerFreeData(info);
    PeerFreeData(renewed);
    PeerFreeData(before);
    PeerFreeData(name);
    wish_end(&wish);
}

/* [point 7.12] An invitation alone makes nobody known. */
static void test_unknown(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "PEER_E_IDENTITY_NOT_FOUND");
    PWSTR name = new_identity(u"Invited"), invitation = invite(group, name, NULL), out = (PWSTR)1;
    WCHAR *too_long = wide_fill(u'a', 300);
    const WCHAR *const unknown[] = {name, nobody, u"", u"no peer name", too_long};
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        assert_hr(PeerGroupIssueCredentials(group, unknown[i], NULL, 0, &out),
                  PEER_E_IDENTITY_NOT_FOUND);
        assert_null(out);
        assert_hr(
            PeerGroupIssueCredentials(group, unknown[i], NULL, PEER_GROUP_STORE_CREDENTIALS, NULL),
            PEER_E_IDENTITY_NOT_FOUND);
    }
    free(too_long);
    PeerFreeData(invitation);
    PeerFreeData(name);
}

/* [point 7.13] [point 7.15] All comes from the issuer; who issues is known anyway. The invitation
 * is as good as one of PeerGroupCreateInvitation. */
static void test_given_and_unknown(void **state)
{
    (void)state;
    struct wish wish;
    PWSTR name = new_identity(u"Guest"), invitation = NULL;
    wish_begin(&wish, name);
    wish.info.pwzIssuerPeerName = (PWSTR)lone_surrogate;
    wish.info.pwzIssuerFriendlyName = (PWSTR)u"Somebody else";
    assert_ok(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation));
    PPEER_INVITATION_INFO info = parse(invitation);
    assert_wide_equal(info->pwzIssuerPeerName, creator);
    assert_wide_equal(info->pwzIssuerFriendlyName, u"Creator");
    assert_wide_equal(info->pwzSubjectFriendlyName, u"By wish");
    assert_int_equal(ticks_of(info->ftValidityStart),
                     ticks_of(wish.info.ftValidityStart) / SECOND * SECOND);
    assert_int_equal(ticks_of(info->ftValidityEnd),
                     ticks_of(wish.info.ftValidityEnd) / SECOND * SECOND);
    assert_null(show(group, name));
    HGROUP joined = NULL;
    struct listener listener = listen_to(group);
    assert_ok(PeerGroupJoin(name, invitation, NULL, &joined));
    go_online(joined);
    await_joined(&listener, name);
    PPEER_MEMBER *member = show(group, name);
    assert_wide_equal(member[0]->pCredentialInfo->pwzFriendlyName, u"By wish");
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(member);
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(name);
    wish_end(&wish);
}

/* [point 7.14] Another key, or a start that is no later, is not for this member. */
static void test_given_and_known(void **state)
{
    (void)state;
    struct wish wish, other;
    PWSTR name = new_identity(u"Bea"), stranger = new_identity(u"Stranger"), invitation = NULL;
    HGROUP joined = newcomer(name, NULL);
    PPEER_MEMBER *known = show(group, name);
    ULONGLONG start = ticks_of(known[0]->pCredentialInfo->ftValidityStart);
    wish_begin(&wish, name);
    wish_begin(&other, stranger);
    CERT_PUBLIC_KEY_INFO *key = wish.info.pPublicKey;
    wish.info.pPublicKey = other.info.pPublicKey;
    assert_hr(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation), E_INVALIDARG);
    wish.info.pPublicKey = key;
    wish.info.ftValidityStart = filetime_of(start);
    assert_hr(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation), E_INVALIDARG);
    wish.info.ftValidityStart = filetime_of(start + SECOND - 1);
    assert_hr(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation), E_INVALIDARG);
    assert_null(invitation);
    wish.info.ftValidityStart = filetime_of(start + SECOND);
    /* Without a name the known one stays. */
    wish.info.pwzFriendlyName = NULL;
    assert_ok(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation));
    PPEER_INVITATION_INFO info = parse(invitation);
    assert_int_equal(ticks_of(info->ftValidityStart), start + SECOND);
    assert_wide_equal(info->pwzSubjectFriendlyName, u"Bea");
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(known);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(name);
    PeerFreeData(stranger);
    wish_end(&wish);
    wish_end(&other);
}

/* ---- stored ---- */

/* [point 7.16] [point 7.18] [point 9.5] Everybody hears of it, whoever issued it, and shows the
 * subject as a member, though it was never here. */
static void test_store(void **state)
{
    (void)state;
    struct wish wish;
    PWSTR witness = new_identity(u"Witness"), admin = new_identity(u"Admin");
    PWSTR name = new_identity(u"Cat"), invitation = NULL;
    HGROUP seeing = newcomer(witness, NULL);
    HGROUP issuing = newcomer(admin, &PEER_GROUP_ROLE_ADMIN);
    struct listener listeners[] = {listen_to(group), listen_to(seeing), listen_to(issuing)};
    const HGROUP groups[] = {group, seeing, issuing};
    wish_begin(&wish, name);
    assert_ok(PeerGroupIssueCredentials(issuing, name, &wish.info, PEER_GROUP_STORE_CREDENTIALS,
                                        &invitation));
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        await_joined(&listeners[i], name);
        PPEER_MEMBER *member = show(groups[i], name);
        const PEER_CREDENTIAL_INFO *credential = member[0]->pCredentialInfo;
        assert_int_equal(member[0]->dwFlags, 0);
        assert_wide_equal(credential->pwzFriendlyName, u"By wish");
        assert_wide_equal(credential->pwzIssuerPeerName, admin);
        assert_int_equal(ticks_of(credential->ftValidityEnd),
                         ticks_of(wish.info.ftValidityEnd) / SECOND * SECOND);
        PeerFreeData(member);
        stop_listening(&listeners[i]);
    }
    /* The first-time invitee still needs the invitation, which says where the group is. */
    HGROUP joined = NULL;
    assert_ok(PeerGroupJoin(name, invitation, NULL, &joined));
    go_online(joined);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(issuing));
    assert_ok(PeerGroupClose(seeing));
    PeerFreeData(invitation);
    PeerFreeData(name);
    PeerFreeData(admin);
    PeerFreeData(witness);
    wish_end(&wish);
}

/* [point 9.3] [point 9.5] Who issues is known as a member from then on; the announcement of others
 * is no membership of its own. */
static void test_store_before_own_membership(void **state)
{
    (void)state;
    struct wish wish;
    PWSTR founder = new_identity(u"Early"), name = new_identity(u"Dora");
    HGROUP founded = new_group(founder);
    struct listener listener = listen_to(founded);
    wish_begin(&wish, name);
    assert_ok(
        PeerGroupIssueCredentials(founded, name, &wish.info, PEER_GROUP_STORE_CREDENTIALS, NULL));
    await_joined(&listener, founder);
    await_joined(&listener, name);
    go_online(founded);
    assert_int_equal(end_of(founded, name), ticks_of(wish.info.ftValidityEnd) / SECOND * SECOND);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(founded));
    PeerFreeData(name);
    PeerFreeData(founder);
    wish_end(&wish);
}

/* ---- roles ---- */

static bool may_issue(HGROUP at)
{
    PWSTR name = new_identity(u"Anybody");
    struct wish wish;
    wish_begin(&wish, name);
    HRESULT hr = PeerGroupIssueCredentials(at, name, &wish.info, 0, NULL);
    assert_true(hr == S_OK || hr == PEER_E_NOT_AUTHORIZED);
    wish_end(&wish);
    PeerFreeData(name);
    return hr == S_OK;
}

/* [point 6.6] [point 7.16] The others see the new role at once; the member itself has it after it
 * closed the group and connected again. */
static void test_role_change(void **state)
{
    (void)state;
    PWSTR name = new_identity(u"Eve");
    HGROUP joined = newcomer(name, NULL);
    WCHAR *group_name = name_of(group);
    struct listener listener = listen_to(joined);
    GUID id = add_note(group, "the creator's");
    await_record(&listener, &id);
    assert_false(may_issue(joined));
    promote(group, name, &PEER_GROUP_ROLE_ADMIN, PEER_GROUP_STORE_CREDENTIALS);
    await_joined(&listener, name);
    assert_true(has_role(group, name, &PEER_GROUP_ROLE_ADMIN));
    assert_true(has_role(joined, name, &PEER_GROUP_ROLE_MEMBER));
    assert_false(may_issue(joined));
    add_note(joined, "still a member");
    assert_hr(PeerGroupDeleteRecord(joined, &id), PEER_E_NOT_AUTHORIZED);
    assert_hr(PeerGroupConnect(joined), PEER_S_ALREADY_CONNECTED);
    assert_false(may_issue(joined));
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupOpen(name, group_name, NULL, &joined));
    go_online(joined);
    assert_true(has_role(joined, name, &PEER_GROUP_ROLE_ADMIN));
    assert_true(may_issue(joined));
    assert_ok(PeerGroupDeleteRecord(joined, &id));
    assert_ok(PeerGroupClose(joined));
    free(group_name);
    PeerFreeData(name);
}

/* [point 7.16] What was stored while the member was away counts from the connection on that brings
 * it, also when it is the first one and the invitation is older. */
static void test_role_at_the_next_connect(void **state)
{
    (void)state;
    PWSTR name = new_identity(u"Fay");
    HGROUP joined = join(group, name, NULL);
    promote(group, name, &PEER_GROUP_ROLE_INVITING_MEMBER, PEER_GROUP_STORE_CREDENTIALS);
    go_online(joined);
    assert_true(has_role(joined, name, &PEER_GROUP_ROLE_INVITING_MEMBER));
    assert_true(may_issue(joined));
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(name);
}

/* A certificate takes no role away: that is a removal. */
static void test_lesser_role(void **state)
{
    (void)state;
    PWSTR name = new_identity(u"Gil");
    HGROUP joined = newcomer(name, &PEER_GROUP_ROLE_ADMIN);
    WCHAR *group_name = name_of(group);
    struct listener listener = listen_to(joined);
    promote(group, name, &PEER_GROUP_ROLE_MEMBER, PEER_GROUP_STORE_CREDENTIALS);
    await_joined(&listener, name);
    stop_listening(&listener);
    assert_true(has_role(group, name, &PEER_GROUP_ROLE_ADMIN));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupOpen(name, group_name, NULL, &joined));
    go_online(joined);
    assert_true(may_issue(joined));
    assert_ok(PeerGroupClose(joined));
    free(group_name);
    PeerFreeData(name);
}

static HRESULT issue_role(HGROUP at, const GUID *role, DWORD flags)
{
    PWSTR name = new_identity(u"Some One"), invitation = (PWSTR)1;
    struct wish wish;
    wish_begin(&wish, name);
    wish.role = *role;
    HRESULT hr = PeerGroupIssueCredentials(at, name, &wish.info, flags, &invitation);
    assert_true(SUCCEEDED(hr) == (invitation != NULL));
    PeerFreeData(invitation);
    PeerFreeData(name);
    wish_end(&wish);
    return hr;
}

/* [point 6.1] [point 6.4] [point 7.19] Administrators issue every role, inviting
 * members the two below, members none; only administrators publish what they issued. */
static void test_rights(void **state)
{
    (void)state;
    static const GUID *const roles[] = {&PEER_GROUP_ROLE_ADMIN, &PEER_GROUP_ROLE_INVITING_MEMBER,
                                        &PEER_GROUP_ROLE_MEMBER};
    static const bool may[3][3] = {{true, true, true}, {false, true, true}, {false, false, false}};
    for (size_t holder = 0; holder < 3; holder++) {
        PWSTR name = new_identity(u"Issuer");
        HGROUP joined = newcomer(name, roles[holder]);
        for (size_t given = 0; given < 3; given++) {
            bool store = may[holder][given] && holder == 0;
            assert_hr(issue_role(joined, roles[given], 0),
                      may[holder][given] ? S_OK : PEER_E_NOT_AUTHORIZED);
            assert_hr(issue_role(joined, roles[given], PEER_GROUP_STORE_CREDENTIALS),
                      store ? S_OK : PEER_E_NOT_AUTHORIZED);
        }
        /* [point 6.1] Nor does it renew whom it might not have made. */
        assert_hr(PeerGroupIssueCredentials(joined, creator, NULL, 0, NULL),
                  holder == 0 ? E_INVALIDARG : PEER_E_NOT_AUTHORIZED);
        assert_ok(PeerGroupClose(joined));
        PeerFreeData(name);
    }
}

/* ---- dates ---- */

/* [point 7.2] [point 7.20] [point 7.21] Nothing begins before its issuer or ends after it. */
static void test_validity_nests(void **state)
{
    (void)state;
    struct wish wish, below;
    PWSTR name = new_identity(u"Limited"), next = new_identity(u"Below"), invitation = NULL;
    HGROUP joined = NULL;
    wish_begin(&wish, name);
    wish.role = PEER_GROUP_ROLE_ADMIN;
    assert_ok(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation));
    assert_ok(PeerGroupJoin(name, invitation, NULL, &joined));
    PeerFreeData(invitation);
    go_online(joined);
    wish_begin(&below, next);
    below.info.ftValidityStart = wish.info.ftValidityStart;
    below.info.ftValidityEnd = filetime_of(ticks_of(wish.info.ftValidityEnd) + SECOND);
    assert_hr(PeerGroupIssueCredentials(joined, next, &below.info, 0, NULL), E_INVALIDARG);
    below.info.ftValidityEnd = wish.info.ftValidityEnd;
    assert_ok(PeerGroupIssueCredentials(joined, next, &below.info, 0, NULL));
    below.info.ftValidityStart = filetime_of(ticks_of(wish.info.ftValidityStart) - SECOND);
    assert_hr(PeerGroupIssueCredentials(joined, next, &below.info, 0, NULL), E_INVALIDARG);
    below.info.ftValidityStart = utc_in(-120);
    below.info.ftValidityEnd = utc_in(-60);
    assert_hr(PeerGroupIssueCredentials(group, next, &below.info, 0, NULL), E_INVALIDARG);
    below.info.ftValidityStart = below.info.ftValidityEnd = utc_in(60);
    assert_hr(PeerGroupIssueCredentials(group, next, &below.info, 0, NULL), E_INVALIDARG);
    /* A renewal is cut to the issuer's end: this member has none, its issuer has one. */
    PWSTR endless = new_identity(u"Endless");
    HGROUP other = newcomer(endless, NULL);
    struct listener listener = listen_to(joined);
    if (end_of(joined, endless) == 0)
        await_joined(&listener, endless);
    stop_listening(&listener);
    assert_ok(PeerGroupIssueCredentials(joined, endless, NULL, 0, &invitation));
    PPEER_INVITATION_INFO info = parse(invitation);
    assert_int_equal(ticks_of(info->ftValidityEnd),
                     ticks_of(wish.info.ftValidityEnd) / SECOND * SECOND);
    PeerFreeData(info);
    PeerFreeData(invitation);
    assert_ok(PeerGroupClose(other));
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(endless);
    PeerFreeData(next);
    PeerFreeData(name);
    wish_end(&below);
    wish_end(&wish);
}

/* [point 7.20] [point 10.10] No record outlives its writer's membership, and whoever's membership
 * has ended writes no more. */
static void test_own_end(void **state)
{
    (void)state;
    struct wish wish;
    PWSTR name = new_identity(u"Brief"), invitation = NULL;
    HGROUP joined = NULL;
    GUID id;
    wish_begin(&wish, name);
    wish.role = PEER_GROUP_ROLE_ADMIN;
    wish.info.ftValidityStart = utc_in(-600);
    wish.info.ftValidityEnd = utc_in(5);
    assert_ok(PeerGroupIssueCredentials(group, name, &wish.info, 0, &invitation));
    assert_ok(PeerGroupJoin(name, invitation, NULL, &joined));
    go_online(joined);
    struct listener listener = listen_to(joined);
    PEER_RECORD record = note(joined, "too long");
    assert_hr(PeerGroupAddRecord(joined, &record, &id), PEER_E_INVALID_RECORD);
    record.ftExpiration = filetime_of(ticks_of(wish.info.ftValidityEnd) / SECOND * SECOND);
    assert_ok(PeerGroupAddRecord(joined, &record, &id));
    while (await_record(&listener, &id) != PEER_RECORD_EXPIRED)
        continue;
    record.ftExpiration = peer_time_in(joined, 60);
    assert_hr(PeerGroupAddRecord(joined, &record, &id), PEER_E_NOT_AUTHORIZED);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(invitation);
    PeerFreeData(name);
    wish_end(&wish);
}

/* ---- refusals ---- */

static void refuse(PCWSTR name, PEER_CREDENTIAL_INFO *info, DWORD flags)
{
    PWSTR invitation = (PWSTR)1;
    assert_hr(PeerGroupIssueCredentials(group, name, info, flags, &invitation), E_INVALIDARG);
    assert_null(invitation);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "E_INVALIDARG");
    struct wish wish;
    PWSTR name = new_identity(u"Hal"), invitation = (PWSTR)1;
    wish_begin(&wish, name);
    const PEER_CREDENTIAL_INFO good = wish.info;
    PEER_CREDENTIAL_INFO *info = &wish.info;
    assert_hr(PeerGroupIssueCredentials(NULL, name, info, 0, &invitation), PEER_E_INVALID_GROUP);
    assert_null(invitation);
    refuse(NULL, NULL, 0);
    refuse(NULL, info, 0);
    refuse(name, NULL, 2);
    refuse(lone_surrogate, NULL, 0);
    refuse(nobody, info, 0); /* not the key's name */
    refuse(u"", info, 0);
    info->dwSize--;
    refuse(name, info, 0);
    *info = good;
    info->dwFlags = 1;
    refuse(name, info, 0);
    *info = good;
    info->pPublicKey = NULL;
    refuse(name, info, 0);
    *info = good;
    info->pRoles = NULL;
    refuse(name, info, 0);
    const PEER_ROLE_ID no_role = {1, 2, 3, {4}};
    info->pRoles = (PEER_ROLE_ID *)&no_role;
    refuse(name, info, 0);
    *info = good;
    info->pwzFriendlyName = (PWSTR)lone_surrogate;
    refuse(name, info, 0);
    info->pwzFriendlyName = wide_fill(u'n', 256);
    refuse(name, info, 0);
    free(info->pwzFriendlyName);
    *info = good;
    info->ftValidityStart = filetime_of(0);
    refuse(name, info, 0);
    *info = good;
    info->ftValidityEnd = filetime_of(0);
    refuse(name, info, 0);
    info->ftValidityEnd = filetime_of(UNLIMITED + SECOND);
    refuse(name, info, 0);
    *info = good;
    assert_ok(PeerGroupIssueCredentials(group, name, info, 0, NULL));
    PeerFreeData(name);
    wish_end(&wish);
}

static void test_bad_keys(void **state)
{
    (void)state;
    struct wish wish;
    PWSTR name = new_identity(u"Ida");
    BYTE zeros[33] = {0};
    wish_begin(&wish, name);
    CERT_PUBLIC_KEY_INFO key = *wish.info.pPublicKey;
    const CERT_PUBLIC_KEY_INFO good = key;
    wish.info.pPublicKey = &key;
    key.Algorithm.pszObjId = NULL;
    refuse(name, &wish.info, 0);
    key.Algorithm.pszObjId = (LPSTR) "1.2.840.113549.1.1.1";
    refuse(name, &wish.info, 0);
    key = good;
    key.PublicKey.pbData = NULL;
    refuse(name, &wish.info, 0);
    key.PublicKey.pbData = zeros;
    refuse(name, &wish.info, 0);
    key.PublicKey.cbData = 33;
    refuse(name, &wish.info, 0);
    key = good;
    key.PublicKey.cbData = 31;
    refuse(name, &wish.info, 0);
    key = good;
    assert_ok(PeerGroupIssueCredentials(group, name, &wish.info, 0, NULL));
    PeerFreeData(name);
    wish_end(&wish);
}

/* docs/deviations.md: a member without the group's database knows nobody. */
static void test_not_ready(void **state)
{
    (void)state;
    PWSTR admin = new_identity(u"Admin"), invitation = (PWSTR)1;
    HGROUP joined = join(group, admin, &PEER_GROUP_ROLE_ADMIN);
    assert_hr(PeerGroupIssueCredentials(joined, creator, NULL, 0, &invitation),
              PEER_E_GROUP_NOT_READY);
    assert_null(invitation);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(admin);
}

static PWSTR subject;
static struct wish subject_wish;
static DWORD subject_flags;

static HRESULT call_issue(void)
{
    PWSTR invitation = (PWSTR)1;
    HRESULT hr =
        PeerGroupIssueCredentials(group, subject, &subject_wish.info, subject_flags, &invitation);
    assert_true(SUCCEEDED(hr) == (invitation != NULL));
    PeerFreeData(invitation);
    return hr;
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "PEER_E_NO_KEY_ACCESS");
    subject = new_identity(u"Jan");
    wish_begin(&subject_wish, subject);
    subject_flags = 0;
    assert_hr(group_locked(call_issue), PEER_E_NO_KEY_ACCESS);
    assert_ok(call_issue());
    wish_end(&subject_wish);
    PeerFreeData(subject);
}

/* What is shown of the subject tells whether there was an effect. */
static void check_effect(HRESULT hr)
{
    PPEER_MEMBER *shown = show(group, subject);
    assert_true(SUCCEEDED(hr) == (shown != NULL));
    PeerFreeData(shown);
    wish_end(&subject_wish);
    PeerFreeData(subject);
    subject = new_identity(u"Kim");
    wish_begin(&subject_wish, subject);
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupIssueCredentials");
    subject = new_identity(u"Kim");
    wish_begin(&subject_wish, subject);
    subject_flags = 0;
    assert_true(sweep(call_issue, NULL) > 20);
    subject_flags = PEER_GROUP_STORE_CREDENTIALS;
    assert_true(sweep(call_issue, check_effect) > 20);
    wish_end(&subject_wish);
    PeerFreeData(subject);
}

/* The library keeps an identity while it has groups; a user's database that was restored from
 * before the group was there lets it go. */
static void test_deleted_issuer(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "PEER_E_IDENTITY_DELETED");
    PWSTR founder = new_identity(u"Gone"), name = new_identity(u"Lea");
    HGROUP founded = new_group(founder);
    struct wish wish;
    char path[4200];
    sqlite3 *user = NULL;
    wish_begin(&wish, name);
    snprintf(path, sizeof(path), "%s/user.db", test_home);
    assert_int_equal(sqlite3_open_v2(path, &user, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_busy_timeout(user, 5000), SQLITE_OK);
    assert_int_equal(sqlite3_exec(user,
                                  "DELETE FROM groups WHERE sequence ="
                                  " (SELECT max(sequence) FROM groups)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(user), SQLITE_OK);
    assert_ok(PeerIdentityDelete(founder));
    assert_hr(PeerGroupIssueCredentials(founded, name, &wish.info, 0, NULL),
              PEER_E_IDENTITY_DELETED);
    assert_ok(PeerGroupClose(founded));
    PeerFreeData(founder);
    PeerFreeData(name);
    wish_end(&wish);
}

/* [point 7.4] The 24th certificate below the group's own is issued, the 25th is not. */
static void test_chain_too_long(void **state)
{
    (void)state;
    CONTRACT("PeerGroupIssueCredentials", "PEER_E_CHAIN_TOO_LONG");
    enum { LONGEST = 24 };
    PWSTR last = new_identity(u"Last"), invitation = NULL;
    HGROUP founded = new_group(creator), inviter = founded;
    struct wish wish;
    wish_begin(&wish, last);
    go_online(founded);
    for (int count = 2; count <= LONGEST; count++) {
        PWSTR name = new_identity(u"Link");
        HGROUP member = NULL;
        struct wish next;
        assert_ok(PeerGroupIssueCredentials(inviter, last, &wish.info, 0, NULL));
        wish_begin(&next, name);
        next.role = PEER_GROUP_ROLE_ADMIN;
        next.info.ftValidityStart = wish.info.ftValidityStart;
        next.info.ftValidityEnd = wish.info.ftValidityEnd;
        assert_ok(PeerGroupIssueCredentials(inviter, name, &next.info, 0, &invitation));
        assert_ok(PeerGroupJoin(name, invitation, NULL, &member));
        PeerFreeData(invitation);
        go_online(member);
        if (inviter != founded)
            assert_ok(PeerGroupClose(inviter));
        inviter = member;
        wish_end(&next);
        PeerFreeData(name);
    }
    assert_hr(PeerGroupIssueCredentials(inviter, last, &wish.info, 0, &invitation),
              PEER_E_CHAIN_TOO_LONG);
    assert_null(invitation);
    assert_hr(
        PeerGroupIssueCredentials(inviter, last, &wish.info, PEER_GROUP_STORE_CREDENTIALS, NULL),
        PEER_E_CHAIN_TOO_LONG);
    assert_ok(PeerGroupClose(inviter));
    assert_ok(PeerGroupClose(founded));
    PeerFreeData(last);
    wish_end(&wish);
}

/* [point 9.3] Where members need not publish themselves, one for whom an administrator did is
 * shown.
 */
static void test_member_data_optional(void **state)
{
    (void)state;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    PWSTR name = new_identity(u"Mia"), invitation = NULL;
    HGROUP founded = NULL, joined = NULL;
    struct wish wish;
    properties.dwFlags = PEER_MEMBER_DATA_OPTIONAL;
    assert_ok(PeerGroupCreate(&properties, &founded));
    go_online(founded);
    struct listener listener = listen_to(founded);
    wish_begin(&wish, name);
    assert_ok(PeerGroupIssueCredentials(founded, name, &wish.info, PEER_GROUP_STORE_CREDENTIALS,
                                        &invitation));
    await_joined(&listener, name);
    PPEER_MEMBER *member = show(founded, name);
    assert_non_null(member);
    PeerFreeData(member);
    assert_ok(PeerGroupJoin(name, invitation, NULL, &joined));
    go_online(joined);
    member = show(joined, name);
    assert_non_null(member);
    PeerFreeData(member);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(founded));
    PeerFreeData(invitation);
    PeerFreeData(name);
    wish_end(&wish);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renew),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_given_and_unknown),
        cmocka_unit_test(test_given_and_known),
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_store_before_own_membership),
        cmocka_unit_test(test_role_change),
        cmocka_unit_test(test_role_at_the_next_connect),
        cmocka_unit_test(test_lesser_role),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_validity_nests),
        cmocka_unit_test(test_own_end),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_bad_keys),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_no_key_access),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_deleted_issuer),
        cmocka_unit_test(test_chain_too_long),
        cmocka_unit_test(test_member_data_optional),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
