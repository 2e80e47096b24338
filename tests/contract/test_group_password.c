/* Do groups with a password let in who knows it, in the role that they name, and nobody else
 * (semantics 3.11 to 3.17, 4.9 to 4.15, 7.7 to 7.9, 12.13, 16.1; rulings 1 to 3, 16, 17, 24)? */
#include "group.h"
#include "links.h"

#include <glob.h>

static PWSTR creator, joiner;
static HGROUP group; /* online, of the creator; its password makes members */
static PWSTR invitation;
static const WCHAR other_password[] = u"Obelisk-Quay-31-plinth";

static HGROUP new_password_group(PCWSTR owner, const GUID *role)
{
    HGROUP made = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(owner);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = *role;
    assert_ok(PeerGroupCreate(&properties, &made));
    return made;
}

static PWSTR invite_by_password(HGROUP by)
{
    PWSTR made = NULL;
    assert_ok(PeerGroupCreatePasswordInvitation(by, &made));
    assert_non_null(made);
    return made;
}

static int setup(void **state)
{
    if (group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    group = new_password_group(creator, &PEER_GROUP_ROLE_MEMBER);
    go_online(group);
    invitation = invite_by_password(group);
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(invitation);
    PeerFreeData(creator);
    return group_teardown(state);
}

static int new_joiner(void **state)
{
    (void)state;
    joiner = new_identity(u"Joiner");
    return 0;
}

static int drop_joiner(void **state)
{
    (void)state;
    PeerFreeData(joiner);
    return 0;
}

static HGROUP password_join(PCWSTR password, HRESULT want)
{
    HGROUP joined = NULL;
    assert_hr(PeerGroupPasswordJoin(joiner, invitation, password, NULL, &joined), want);
    assert_non_null(joined);
    return joined;
}

static ULONG files_of_keys(void)
{
    glob_t found;
    ULONG count = glob(home_file("keys/*"), 0, NULL, &found) == 0 ? (ULONG)found.gl_pathc : 0;
    if (count > 0)
        globfree(&found);
    return count;
}

static PEER_MEMBER *member_in(HGROUP in, PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 1;
    PVOID *items = NULL;
    assert_ok(PeerGroupEnumMembers(in, 0, name, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, &items));
    assert_int_equal(count, 1);
    assert_ok(PeerEndEnumeration(enumeration));
    return (PEER_MEMBER *)items;
}

static void assert_role(HGROUP in, PCWSTR name, const GUID *role)
{
    PEER_MEMBER *items = member_in(in, name);
    const PEER_MEMBER *member = *(PEER_MEMBER **)(void *)items;
    const PEER_CREDENTIAL_INFO *credential = member->pCredentialInfo;
    assert_int_equal(credential->cRoles, 1);
    assert_true(IsEqualGUID(&credential->pRoles[0], role));
    assert_wide_equal(credential->pwzIssuerPeerName, creator);
    /* [ruling 20] Without end, like the creator's own. */
    assert_true(ticks_of(credential->ftValidityEnd) == 2650467743990000000ull);
    FILETIME now = utc_in(0);
    assert_true(ticks_of(credential->ftValidityStart) <= ticks_of(now));
    PeerFreeData(items);
}

/* [point 3.11] [point 3.12] [point 3.13] A group with the password scheme, whose value is 2, is one
 * with the certificate scheme too, and shows no password. */
static void test_properties_of_a_password_group(void **state)
{
    (void)state;
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_int_equal(PEER_GROUP_PASSWORD_AUTHENTICATION, 2);
    assert_ok(PeerGroupGetProperties(group, &properties));
    assert_int_equal(properties->dwAuthenticationSchemes, 3);
    assert_true(IsEqualGUID(&properties->groupPasswordRole, &PEER_GROUP_ROLE_MEMBER));
    assert_null(properties->pwzGroupPassword);
    PeerFreeData(properties);
}

/* [point 3.15] [point 4.14] [point 4.15] Joining asks nobody; connecting gives a
 * certificate with the password's role, any of the three, that lasts as long as its issuer's. */
static void test_all_three_roles(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "S_OK");
    CONTRACT("PeerGroupCreatePasswordInvitation", "S_OK");
    const GUID *const roles[] = {&PEER_GROUP_ROLE_ADMIN, &PEER_GROUP_ROLE_INVITING_MEMBER,
                                 &PEER_GROUP_ROLE_MEMBER};
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
        HGROUP founded = new_password_group(creator, roles[i]), joined = NULL;
        DWORD status = 9;
        go_online(founded);
        PWSTR made = invite_by_password(founded), name = new_identity(u"Another");
        assert_ok(PeerGroupPasswordJoin(name, made, good_password, NULL, &joined));
        assert_ok(PeerGroupGetStatus(joined, &status));
        assert_int_equal(status, 0);
        go_online(joined);
        assert_role(joined, name, roles[i]);
        GUID id = add_note(joined, "hello");
        struct listener listener = listen_to(founded);
        PEER_RECORD *record = NULL;
        if (FAILED(PeerGroupGetRecord(founded, &id, &record)))
            await_record(&listener, &id);
        PeerFreeData(record);
        assert_role(founded, name, roles[i]);
        stop_listening(&listener);
        assert_ok(PeerGroupClose(joined));
        assert_ok(PeerGroupClose(founded));
        PeerFreeData(name);
        PeerFreeData(made);
    }
}

/* [point 7.7] [point 7.8] [point 7.9] It names the group, and no one person. */
static void test_what_the_invitation_says(void **state)
{
    (void)state;
    PEER_INVITATION_INFO *info = NULL;
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    WCHAR *name = name_of(group);
    assert_int_equal(info->authScheme, PEER_GROUP_PASSWORD_AUTHENTICATION);
    assert_wide_equal(info->pwzGroupPeerName, name);
    assert_wide_equal(info->pwzGroupFriendlyName, u"The club");
    assert_null(info->pwzIssuerPeerName);
    assert_null(info->pwzSubjectPeerName);
    assert_int_equal(info->cRoles, 0);
    assert_null(info->pSubjectPublicKey);
    assert_true(ticks_of(info->ftValidityEnd) == 0);
    free(name);
    PeerFreeData(info);
}

/* [point 4.10] Once more gives a good handle, whether the group is open here or not. */
static void test_a_second_time(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "PEER_S_ALREADY_A_MEMBER");
    HGROUP first = password_join(good_password, S_OK);
    HGROUP second = password_join(good_password, PEER_S_ALREADY_A_MEMBER);
    assert_int_equal(group_count(joiner), 1);
    assert_ok(PeerGroupClose(first));
    assert_ok(PeerGroupClose(second));
    first = password_join(good_password, PEER_S_ALREADY_A_MEMBER);
    go_online(first);
    /* [point 4.13] With a certificate no password counts any more. */
    second = password_join(other_password, PEER_S_ALREADY_A_MEMBER);
    add_note(second, "both are one group");
    assert_ok(PeerGroupClose(second));
    assert_ok(PeerGroupClose(first));
    first = password_join(other_password, PEER_S_ALREADY_A_MEMBER);
    go_online(first);
    assert_ok(PeerGroupClose(first));
}

/* The creator, and who was invited by certificate, are members already. */
static void test_members_by_certificate(void **state)
{
    (void)state;
    HGROUP joined = NULL, member = join(group, joiner, NULL);
    ULONG before = files_of_keys();
    assert_hr(PeerGroupPasswordJoin(creator, invitation, other_password, NULL, &joined),
              PEER_S_ALREADY_A_MEMBER);
    add_note(joined, "still the creator");
    assert_ok(PeerGroupClose(joined));
    joined = password_join(other_password, PEER_S_ALREADY_A_MEMBER);
    assert_int_equal(files_of_keys(), before);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(member));
}

/* The key lies in a file of its own until there is a certificate, then nowhere. */
static void test_close_and_open_before_connecting(void **state)
{
    (void)state;
    ULONG before = files_of_keys();
    HGROUP joined = password_join(good_password, S_OK);
    WCHAR *name = name_of(group);
    assert_int_equal(files_of_keys(), before + 1);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupOpen(joiner, name, NULL, &joined));
    go_online(joined);
    assert_int_equal(files_of_keys(), before);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupOpen(joiner, name, NULL, &joined));
    go_online(joined);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupDelete(joiner, name));
    /* Deleted before it has connected, it leaves nothing either. */
    joined = password_join(good_password, S_OK);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupDelete(joiner, name));
    assert_int_equal(files_of_keys(), before);
    free(name);
}

/* Joining by certificate after all takes the password away. */
static void test_a_certificate_takes_its_place(void **state)
{
    (void)state;
    ULONG before = files_of_keys();
    assert_ok(PeerGroupClose(password_join(other_password, S_OK)));
    HGROUP joined = join(group, joiner, &PEER_GROUP_ROLE_INVITING_MEMBER);
    assert_int_equal(files_of_keys(), before);
    go_online(joined);
    assert_role(joined, joiner, &PEER_GROUP_ROLE_INVITING_MEMBER);
    assert_ok(PeerGroupClose(joined));
}

static void await_refusal(const struct listener *listener)
{
    PPEER_GROUP_EVENT_DATA event = NULL;
    bool told = false;
    for (;;) {
        HRESULT hr = PeerGroupGetEventData(listener->handle, &event);
        if (hr == PEER_S_NO_EVENT_DATA) {
            assert_int_equal(WaitForSingleObject(listener->event, WAIT_MS), WAIT_OBJECT_0);
            continue;
        }
        assert_ok(hr);
        if (event->eventType == PEER_GROUP_EVENT_CONNECTION_FAILED)
            break;
        told = told || event->eventType == PEER_GROUP_EVENT_AUTHENTICATION_FAILED;
        PeerFreeData(event);
    }
    assert_true(told);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
    PeerFreeData(event);
}

/* [point 4.11] [point 12.13] [point 16.1] A wrong password is told by two events after connecting;
 * with another one it goes on. */
static void test_wrong_then_right(void **state)
{
    (void)state;
    CONTRACT("PeerGroupResumePasswordAuthentication", "S_OK");
    HGROUP joined = password_join(other_password, S_OK);
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    await_refusal(&listener);
    assert_ok(PeerGroupResumePasswordAuthentication(joined, listener.handle));
    assert_hr(PeerGroupResumePasswordAuthentication(joined, listener.handle),
              PEER_S_ALREADY_CONNECTED);
    await_refusal(&listener);
    HGROUP again = password_join(good_password, PEER_S_ALREADY_A_MEMBER);
    assert_ok(PeerGroupResumePasswordAuthentication(joined, listener.handle));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(again));
    assert_ok(PeerGroupClose(joined));
}

static void change_password(PCWSTR password)
{
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzGroupPassword = (PWSTR)password;
    assert_ok(PeerGroupSetProperties(group, properties));
    properties->pwzGroupPassword = NULL;
    PeerFreeData(properties);
}

/* [point 3.17] The old password lets in no more, the new one does with an old invitation too, and
 * members stay. */
static void test_a_changed_password(void **state)
{
    (void)state;
    PEER_GROUP_PROPERTIES *properties = NULL;
    PWSTR early = joiner;
    HGROUP member = password_join(good_password, S_OK);
    go_online(member);
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzGroupPassword = (PWSTR)u"short";
    assert_hr(PeerGroupSetProperties(group, properties), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    properties->pwzGroupPassword = NULL;
    PeerFreeData(properties);
    change_password(other_password);
    joiner = new_identity(u"Late");
    HGROUP joined = password_join(good_password, S_OK);
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    await_refusal(&listener);
    HGROUP again = password_join(other_password, PEER_S_ALREADY_A_MEMBER);
    assert_ok(PeerGroupConnect(joined));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(again));
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(joiner);
    /* After a restart only the key is there, and it does not fit: once more with the password. */
    joiner = new_identity(u"Later");
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(password_join(other_password, S_OK)));
    assert_ok(PeerGroupOpen(joiner, name, NULL, &joined));
    listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    await_refusal(&listener);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(password_join(other_password, PEER_S_ALREADY_A_MEMBER)));
    assert_ok(PeerGroupOpen(joiner, name, NULL, &joined));
    go_online(joined);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(joiner);
    free(name);
    add_note(member, "still here");
    assert_ok(PeerGroupClose(member));
    joiner = early;
    change_password(good_password);
    PeerFreeData(invitation);
    invitation = invite_by_password(group);
}

/* ---- codes ---- */

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "E_INVALIDARG");
    CONTRACT("PeerGroupCreatePasswordInvitation", "E_INVALIDARG");
    HGROUP joined = (HGROUP)1, plain = new_group(creator);
    WCHAR *too_long = wide_fill(u'p', 256), *huge = wide_fill(u' ', 70 * 1024);
    PWSTR by_certificate = invite(group, joiner, NULL), made = (PWSTR)1;
    const struct {
        PCWSTR identity, invitation, password;
        HGROUP *group;
    } cases[] = {{NULL, invitation, good_password, &joined},
                 {joiner, NULL, good_password, &joined},
                 {joiner, invitation, NULL, &joined},
                 {joiner, invitation, good_password, NULL},
                 {joiner, invitation, u"", &joined},
                 {joiner, invitation, too_long, &joined},
                 {joiner, invitation, lone_surrogate, &joined},
                 {lone_surrogate, invitation, good_password, &joined},
                 {joiner, huge, good_password, &joined},
                 {joiner, by_certificate, good_password, &joined}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_hr(PeerGroupPasswordJoin(cases[i].identity, cases[i].invitation, cases[i].password,
                                        NULL, cases[i].group),
                  E_INVALIDARG);
        assert_null(joined);
    }
    assert_hr(PeerGroupJoin(joiner, invitation, NULL, &joined), E_INVALIDARG);
    assert_int_equal(group_count(joiner), 0);
    assert_hr(PeerGroupCreatePasswordInvitation(group, NULL), E_INVALIDARG);
    assert_hr(PeerGroupCreatePasswordInvitation(plain, &made), E_INVALIDARG);
    assert_null(made);
    assert_ok(PeerGroupClose(plain));
    PeerFreeData(by_certificate);
    free(too_long);
    free(huge);
}

/* [point 4.2] The cloud is the caller's own words, else the invitation's. */
static void test_clouds(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_CLOUD_NAME_AMBIGUOUS");
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_NO_CLOUD");
    HGROUP joined = (HGROUP)1;
    assert_hr(PeerGroupPasswordJoin(joiner, invitation, good_password, u"LinkLocal_", &joined),
              PEER_E_CLOUD_NAME_AMBIGUOUS);
    assert_hr(PeerGroupPasswordJoin(joiner, invitation, good_password, u"nowhere", &joined),
              PEER_E_NO_CLOUD);
    assert_null(joined);
    assert_int_equal(group_count(joiner), 0);
    assert_ok(PeerGroupPasswordJoin(joiner, invitation, good_password, u"LinkLocal_net1", &joined));
    assert_ok(PeerGroupClose(joined));
}

static void test_identities(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_INVALID_PEER_NAME");
    WCHAR *too_long = wide_fill(u'a', 200);
    PWSTR deleted = new_identity(u"Deleted");
    assert_ok(PeerIdentityDelete(deleted));
    const WCHAR *const bad[] = {nobody, u"", u"no name", too_long, deleted};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        HGROUP joined = (HGROUP)1;
        assert_hr(PeerGroupPasswordJoin(bad[i], invitation, good_password, NULL, &joined),
                  PEER_E_INVALID_PEER_NAME);
        assert_null(joined);
    }
    PeerFreeData(deleted);
    free(too_long);
}

static void refuse_invitation(PCWSTR text, HRESULT want)
{
    HGROUP joined = (HGROUP)1;
    assert_hr(PeerGroupPasswordJoin(joiner, text, good_password, NULL, &joined), want);
    assert_null(joined);
}

static void test_altered_invitations(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_INVITATION_NOT_TRUSTED");
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_UNSUPPORTED_VERSION");
    static const WCHAR version[] = u"VERSION=\"";
    WCHAR *copy = wide_copy(invitation);
    size_t length = wide_length(copy), at = 0;
    for (size_t i = 60; i + 60 < length; i += length / 20) {
        WCHAR kept = copy[i];
        copy[i] = kept == u'A' ? u'B' : u'A';
        refuse_invitation(copy, PEER_E_INVITATION_NOT_TRUSTED);
        copy[i] = kept;
    }
    refuse_invitation(u"", PEER_E_INVITATION_NOT_TRUSTED);
    refuse_invitation(lone_surrogate, PEER_E_INVITATION_NOT_TRUSTED);
    while (memcmp(copy + at, version, sizeof(version) - sizeof(WCHAR)) != 0)
        at++;
    copy[at + wide_length(version)] = u'9';
    refuse_invitation(copy, PEER_E_UNSUPPORTED_VERSION);
    assert_int_equal(group_count(joiner), 0);
    free(copy);
}

static HRESULT call_join(void)
{
    HGROUP joined = (HGROUP)1;
    HRESULT hr = PeerGroupPasswordJoin(joiner, invitation, good_password, NULL, &joined);
    assert_true(SUCCEEDED(hr) == (joined != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupClose(joined));
    return hr;
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "PEER_E_NO_KEY_ACCESS");
    assert_hr(group_locked(call_join), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(group_count(joiner), 0);
    assert_int_equal(chmod(home_file("keys"), 0755), 0);
    assert_hr(call_join(), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(chmod(home_file("keys"), 0700), 0);
    assert_int_equal(group_count(joiner), 0);
    assert_ok(call_join());
}

/* [ruling 19] A damaged key: joining again mends it. */
static void test_damaged_key(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPasswordJoin", "family:CRYPT_*");
    glob_t before, after;
    WCHAR *name = name_of(group);
    HGROUP joined = NULL;
    assert_int_equal(glob(home_file("keys/*"), 0, NULL, &before), 0);
    assert_ok(call_join());
    assert_int_equal(glob(home_file("keys/*"), 0, NULL, &after), 0);
    for (size_t i = 0; i < after.gl_pathc; i++) {
        bool old = false;
        for (size_t j = 0; j < before.gl_pathc; j++)
            old = old || strcmp(before.gl_pathv[j], after.gl_pathv[i]) == 0;
        if (!old)
            home_write(after.gl_pathv[i], "not a key", 9, 0600);
    }
    globfree(&before);
    globfree(&after);
    assert_hr(PeerGroupOpen(joiner, name, NULL, &joined), NTE_BAD_KEYSET);
    assert_hr(call_join(), PEER_S_ALREADY_A_MEMBER);
    assert_ok(PeerGroupOpen(joiner, name, NULL, &joined));
    go_online(joined);
    assert_ok(PeerGroupClose(joined));
    free(name);
}

/* [point 7.5] Before the records have come there is nothing to invite with. */
static void test_invitation_not_ready(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreatePasswordInvitation", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupCreatePasswordInvitation", "PEER_E_INVALID_GROUP");
    PWSTR made = (PWSTR)1;
    HGROUP joined = password_join(good_password, S_OK);
    assert_hr(PeerGroupCreatePasswordInvitation(joined, &made), PEER_E_GROUP_NOT_READY);
    assert_null(made);
    assert_ok(PeerGroupClose(joined));
    made = (PWSTR)1;
    assert_hr(PeerGroupCreatePasswordInvitation(joined, &made), PEER_E_INVALID_GROUP);
    assert_null(made);
}

/* [ruling 21] Who may give the password's role. */
static void test_who_may_invite(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreatePasswordInvitation", "PEER_E_NOT_AUTHORIZED");
    PWSTR inviting_name = new_identity(u"Inviting"), made = (PWSTR)1;
    HGROUP member = password_join(good_password, S_OK);
    HGROUP inviting = join(group, inviting_name, &PEER_GROUP_ROLE_INVITING_MEMBER);
    go_online(member);
    go_online(inviting);
    assert_hr(PeerGroupCreatePasswordInvitation(member, &made), PEER_E_NOT_AUTHORIZED);
    assert_null(made);
    assert_ok(PeerGroupCreatePasswordInvitation(inviting, &made));
    PeerFreeData(made);
    assert_ok(PeerGroupClose(inviting));
    assert_ok(PeerGroupClose(member));
    PeerFreeData(inviting_name);
}

/* [point 7.4] The 24th certificate below the group's own lets nobody in. */
static void test_chain_too_long(void **state)
{
    (void)state;
    CONTRACT("PeerGroupCreatePasswordInvitation", "PEER_E_CHAIN_TOO_LONG");
    enum { LONGEST = 24 };
    HGROUP inviter = group;
    PWSTR made = (PWSTR)1;
    for (int count = 2; count <= LONGEST; count++) {
        PWSTR name = new_identity(u"Link");
        HGROUP member = join(inviter, name, &PEER_GROUP_ROLE_ADMIN);
        go_online(member);
        if (inviter != group)
            assert_ok(PeerGroupClose(inviter));
        inviter = member;
        PeerFreeData(name);
    }
    assert_hr(PeerGroupCreatePasswordInvitation(inviter, &made), PEER_E_CHAIN_TOO_LONG);
    assert_null(made);
    assert_ok(PeerGroupClose(inviter));
}

/* [point 16.1] No page lists its codes: these are ours. */
static void test_resume_codes(void **state)
{
    (void)state;
    CONTRACT("PeerGroupResumePasswordAuthentication", "E_INVALIDARG");
    CONTRACT("PeerGroupResumePasswordAuthentication", "PEER_E_INVALID_GROUP");
    HGROUP joined = password_join(other_password, S_OK);
    struct listener own = listen_to(joined), foreign = listen_to(group);
    const HPEEREVENT bad[] = {NULL, foreign.handle, (HPEEREVENT)0x1234, (HPEEREVENT)joined};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(PeerGroupResumePasswordAuthentication(joined, bad[i]), E_INVALIDARG);
    const HGROUP none[] = {NULL, (HGROUP)0x1234, (HGROUP)own.handle};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++)
        assert_hr(PeerGroupResumePasswordAuthentication(none[i], own.handle), PEER_E_INVALID_GROUP);
    HPEEREVENT ended = own.handle;
    stop_listening(&own);
    assert_hr(PeerGroupResumePasswordAuthentication(joined, ended), E_INVALIDARG);
    stop_listening(&foreign);
    assert_ok(PeerGroupClose(joined));
    assert_hr(PeerGroupResumePasswordAuthentication(joined, foreign.handle), PEER_E_INVALID_GROUP);
}

static void test_not_started(void **state)
{
    (void)state;
    HGROUP joined = (HGROUP)1;
    PWSTR made = (PWSTR)1;
    assert_ok(PeerGroupShutdown());
    assert_hr(PeerGroupPasswordJoin(NULL, NULL, NULL, NULL, &joined), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupCreatePasswordInvitation(NULL, &made), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupResumePasswordAuthentication(NULL, NULL), PEER_E_NOT_INITIALIZED);
    assert_true(!joined && !made);
    PEER_VERSION_DATA version;
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, new_joiner, drop_joiner)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties_of_a_password_group),
        cmocka_unit_test(test_all_three_roles),
        cmocka_unit_test(test_what_the_invitation_says),
        CASE(test_a_second_time),
        CASE(test_members_by_certificate),
        CASE(test_close_and_open_before_connecting),
        CASE(test_a_certificate_takes_its_place),
        CASE(test_wrong_then_right),
        CASE(test_a_changed_password),
        CASE(test_bad_arguments),
        CASE(test_clouds),
        CASE(test_identities),
        CASE(test_altered_invitations),
        CASE(test_no_key_access),
        CASE(test_damaged_key),
        CASE(test_invitation_not_ready),
        CASE(test_who_may_invite),
        CASE(test_chain_too_long),
        CASE(test_resume_codes),
        cmocka_unit_test(test_not_started),
    };
    return cmocka_run_group_tests_name("group-password", tests, setup, teardown);
}
