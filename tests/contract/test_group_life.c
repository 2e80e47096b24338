/* Do groups open, join, connect, close and go as documented (semantics 4, 5, 8.8 to 8.12; rulings
 * 10, 18 to 20, 22, 26)? */
#include "group.h"
#include "links.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"
#include "support/xml_memory.h"

#include <glob.h>

static PWSTR creator;
static const char *program;

static int setup(void **state)
{
    xml_memory_hook();
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    return 0;
}

static int teardown(void **state)
{
    PeerFreeData(creator);
    return group_teardown(state);
}

/* A group that is closed; free its name with free. */
static WCHAR *closed_group(void)
{
    HGROUP group = new_group(creator);
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(group));
    return name;
}

/* Runs this program again with another clock: `join` an invitation, or `open` a group. */
static HRESULT elsewhere(const char *offset_seconds, const char *call, PCWSTR identity, PCWSTR text)
{
    const PCWSTR texts[] = {identity, text};
    for (int i = 0; i < 2; i++) {
        const char *path = home_file(i == 0 ? "identity.txt" : "text.txt");
        home_write(path, texts[i], (wide_length(texts[i]) + 1) * sizeof(WCHAR), 0600);
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("PEERGROUP_TEST_CLOCK_OFFSET", offset_seconds, 1);
        execl(program, program, call, NULL);
        _exit(99);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    HRESULT hr = E_UNEXPECTED;
    FILE *file = fopen(home_file("result"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(&hr, sizeof(hr), 1, file), 1);
    fclose(file);
    return hr;
}

static void read_text(const char *name, WCHAR *text, size_t size)
{
    FILE *file = fopen(name, "rb");
    if (!file || fread(text, sizeof(WCHAR), size, file) == 0)
        _exit(98);
    fclose(file);
}

/* What the other process does. */
static int run_elsewhere(const char *call)
{
    static WCHAR identity[256], text[65536];
    PEER_VERSION_DATA version;
    HGROUP group = NULL;
    snprintf(test_home, sizeof(test_home), "%s", getenv("PEERGROUP_HOME"));
    read_text(home_file("identity.txt"), identity, ARRAY_SIZE(identity));
    read_text(home_file("text.txt"), text, ARRAY_SIZE(text));
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (FAILED(hr))
        return 97;
    if (strcmp(call, "join") == 0)
        hr = PeerGroupJoin(identity, text, NULL, &group);
    else if (strcmp(call, "password-join") == 0)
        hr = PeerGroupPasswordJoin(identity, text, good_password, NULL, &group);
    else if (strcmp(call, "delete") == 0)
        hr = PeerGroupDelete(identity, text);
    else
        hr = PeerGroupOpen(identity, text, NULL, &group);
    FILE *file = fopen(home_file("result"), "wb");
    if (!file || fwrite(&hr, sizeof(hr), 1, file) != 1 || fclose(file) != 0)
        return 96;
    return SUCCEEDED(PeerGroupShutdown()) ? 0 : 95;
}

/* ---- open ---- */

/* [point 4.1] [point 4.16] [point 8.8] What was created or joined before; offline, and everything
 * still there. */
static void test_open(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpen", "S_OK");
    HGROUP group = new_group(creator), again = NULL, second = NULL;
    GUID id = add_note(group, "kept");
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupOpen(creator, name, NULL, &again));
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(again, &status));
    assert_int_equal(status, 0);
    PPEER_RECORD record = NULL;
    assert_ok(PeerGroupGetRecord(again, &id, &record));
    assert_memory_equal(record->data.pbData, "kept", 4);
    PeerFreeData(record);
    /* 4.16: where it is connected, another handle is online at once; 8.8: until the last goes. */
    go_online(again);
    assert_ok(PeerGroupOpen(creator, name, u"Global_", &second));
    assert_true(second != again);
    assert_ok(PeerGroupGetStatus(second, &status));
    assert_int_equal(status, PEER_GROUP_STATUS_LISTENING);
    assert_ok(PeerGroupClose(again));
    assert_hr(PeerGroupGetStatus(again, &status), PEER_E_INVALID_GROUP);
    assert_ok(PeerGroupGetStatus(second, &status));
    assert_int_equal(status, PEER_GROUP_STATUS_LISTENING);
    assert_ok(PeerGroupClose(second));
    assert_ok(PeerGroupOpen(creator, name, NULL, &again));
    assert_ok(PeerGroupGetStatus(again, &status));
    assert_int_equal(status, 0);
    assert_ok(PeerGroupClose(again));
    free(name);
}

/* [point 4.1] Both names are required. */
static void test_open_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpen", "E_INVALIDARG");
    WCHAR *name = closed_group(), *too_long = wide_fill(u'a', 191);
    HGROUP group = (HGROUP)1;
    assert_hr(PeerGroupOpen(NULL, name, NULL, &group), E_INVALIDARG);
    assert_null(group);
    assert_hr(PeerGroupOpen(creator, NULL, NULL, &group), E_INVALIDARG);
    assert_hr(PeerGroupOpen(creator, name, NULL, NULL), E_INVALIDARG);
    const WCHAR *const bad[] = {nobody, u"", u"x", lone_surrogate, too_long};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_hr(PeerGroupOpen(bad[i], name, NULL, &group), E_INVALIDARG);
        assert_hr(PeerGroupOpen(creator, bad[i], NULL, &group), E_INVALIDARG);
    }
    assert_hr(PeerGroupOpen(creator, name, lone_surrogate, &group), E_INVALIDARG);
    assert_null(group);
    free(too_long);
    free(name);
}

/* [point 4.4] Ruling 18, for the caller's own words. */
static void test_clouds(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpen", "PEER_E_CLOUD_NAME_AMBIGUOUS");
    CONTRACT("PeerGroupOpen", "PEER_E_NO_CLOUD");
    CONTRACT("PeerGroupJoin", "PEER_E_CLOUD_NAME_AMBIGUOUS");
    CONTRACT("PeerGroupJoin", "PEER_E_NO_CLOUD");
    HGROUP inviting = new_group(creator), group = (HGROUP)1;
    WCHAR *name = name_of(inviting), *too_long = wide_fill(u'L', 300);
    PWSTR invited = new_identity(u"Invited");
    PWSTR invitation = invite(inviting, invited, NULL);
    assert_ok(PeerGroupClose(inviting));
    assert_hr(PeerGroupOpen(creator, name, u"LinkLocal_", &group), PEER_E_CLOUD_NAME_AMBIGUOUS);
    assert_hr(PeerGroupJoin(invited, invitation, u"LinkLocal_", &group),
              PEER_E_CLOUD_NAME_AMBIGUOUS);
    const WCHAR *const none[] = {u"nowhere", too_long};
    for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
        assert_hr(PeerGroupOpen(creator, name, none[i], &group), PEER_E_NO_CLOUD);
        assert_hr(PeerGroupJoin(invited, invitation, none[i], &group), PEER_E_NO_CLOUD);
    }
    assert_null(group);
    assert_ok(PeerGroupOpen(creator, name, u"LinkLocal_net1", &group));
    assert_ok(PeerGroupClose(group));
    PeerFreeData(invitation);
    PeerFreeData(invited);
    free(too_long);
    free(name);
}

static WCHAR *swept_group;

static HRESULT call_open(void)
{
    HGROUP group = (HGROUP)1;
    HRESULT hr = PeerGroupOpen(creator, swept_group, NULL, &group);
    assert_true(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupClose(group));
    return hr;
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpen", "PEER_E_NO_KEY_ACCESS");
    swept_group = closed_group();
    assert_hr(group_locked(call_open), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(chmod(home_file("keys"), 0755), 0);
    assert_hr(call_open(), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(chmod(home_file("keys"), 0700), 0);
    assert_ok(call_open());
    free(swept_group);
}

/* Ruling 19: the code of the family, passed through. */
static void test_damaged_key(void **state)
{
    (void)state;
    CONTRACT("PeerGroupOpen", "family:CRYPT_*");
    PWSTR owner = new_identity(u"Owner");
    HGROUP group = new_group(owner);
    WCHAR *name = name_of(group);
    assert_ok(PeerGroupClose(group));
    char pattern[64] = "keys/", *end = pattern + 5;
    for (int i = 0; i < 40; i++) /* the file's name begins with the authority */
        *end++ = (char)owner[i];
    strcpy(end, "*");
    glob_t found;
    assert_int_equal(glob(home_file(pattern), 0, NULL, &found), 0);
    home_write(found.gl_pathv[0], "not a key", 9, 0600);
    globfree(&found);
    assert_hr(PeerGroupOpen(owner, name, NULL, &group), NTE_BAD_KEYSET);
    assert_null(group);
    free(name);
    PeerFreeData(owner);
}

/* ---- join ---- */

/* [point 4.1] [point 4.5] [point 4.7] Nothing but the membership is prepared; later days are for
 * PeerGroupOpen. */
static void test_join(void **state)
{
    (void)state;
    CONTRACT("PeerGroupJoin", "S_OK");
    CONTRACT("PeerGroupJoin", "PEER_E_GROUP_IN_USE");
    HGROUP inviting = new_group(creator), joined = NULL, again = (HGROUP)1;
    PWSTR invited = new_identity(u"Invited");
    PWSTR invitation = invite(inviting, invited, NULL);
    WCHAR *name = name_of(inviting);
    assert_ok(PeerGroupJoin(invited, invitation, NULL, &joined));
    assert_int_equal(group_count(invited), 1);
    assert_hr(PeerGroupJoin(invited, invitation, NULL, &again), PEER_E_GROUP_IN_USE);
    assert_null(again);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupOpen(invited, name, NULL, &joined));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupJoin(invited, invitation, NULL, &joined));
    assert_int_equal(group_count(invited), 1);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(inviting));
    PeerFreeData(invitation);
    PeerFreeData(invited);
    free(name);
}

static void test_join_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupJoin", "E_INVALIDARG");
    CONTRACT("PeerGroupJoin", "PEER_E_INVALID_PEER_NAME");
    HGROUP inviting = new_group(creator), joined = (HGROUP)1;
    PWSTR invited = new_identity(u"Invited"), other = new_identity(u"Other");
    PWSTR invitation = invite(inviting, invited, NULL);
    WCHAR *too_long = wide_fill(u'a', 191), *long_xml = wide_fill(u' ', 70 * 1024);
    assert_hr(PeerGroupJoin(NULL, invitation, NULL, &joined), E_INVALIDARG);
    assert_null(joined);
    assert_hr(PeerGroupJoin(invited, NULL, NULL, &joined), E_INVALIDARG);
    assert_hr(PeerGroupJoin(invited, invitation, NULL, NULL), E_INVALIDARG);
    assert_hr(PeerGroupJoin(invited, long_xml, NULL, &joined), E_INVALIDARG);
    assert_hr(PeerGroupJoin(lone_surrogate, invitation, NULL, &joined), E_INVALIDARG);
    assert_hr(PeerGroupJoin(invited, invitation, lone_surrogate, &joined), E_INVALIDARG);
    const WCHAR *const nobodies[] = {nobody, u"", u"x", too_long};
    for (size_t i = 0; i < ARRAY_SIZE(nobodies); i++)
        assert_hr(PeerGroupJoin(nobodies[i], invitation, NULL, &joined), PEER_E_INVALID_PEER_NAME);
    /* An invitation is for one identity only. */
    assert_hr(PeerGroupJoin(other, invitation, NULL, &joined), PEER_E_INVITATION_NOT_TRUSTED);
    assert_null(joined);
    assert_int_equal(group_count(invited), 0);
    assert_int_equal(group_count(other), 0);
    assert_ok(PeerGroupClose(inviting));
    PeerFreeData(invitation);
    PeerFreeData(invited);
    PeerFreeData(other);
    free(too_long);
    free(long_xml);
}

/* [point 4.8] By a clock that is two days ahead, or a year behind. */
static void test_join_out_of_time(void **state)
{
    (void)state;
    CONTRACT("PeerGroupJoin", "PEER_E_INVALID_TIME_PERIOD");
    HGROUP inviting = new_group(creator);
    PWSTR invited = new_identity(u"Invited"), xml = NULL, invitation = NULL;
    FILETIME tomorrow = utc_in(86400);
    assert_ok(PeerIdentityGetXML(invited, &xml));
    assert_ok(PeerGroupCreateInvitation(inviting, xml, &tomorrow, 0, NULL, &invitation));
    assert_hr(elsewhere("172800", "join", invited, invitation), PEER_E_INVALID_TIME_PERIOD);
    assert_hr(elsewhere("-31536000", "join", invited, invitation), PEER_E_INVALID_TIME_PERIOD);
    assert_int_equal(group_count(invited), 0);
    assert_ok(elsewhere("0", "join", invited, invitation));
    assert_ok(PeerGroupClose(inviting));
    PeerFreeData(invitation);
    PeerFreeData(xml);
    PeerFreeData(invited);
}

static PWSTR swept_identity;
static PWSTR swept_invitation;

static HRESULT call_join(void)
{
    HGROUP group = (HGROUP)1;
    HRESULT hr = PeerGroupJoin(swept_identity, swept_invitation, NULL, &group);
    assert_true(SUCCEEDED(hr) == (group != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupClose(group));
    return hr;
}

static void after_join(HRESULT hr)
{
    assert_int_equal(group_count(swept_identity), SUCCEEDED(hr) ? 1 : 0);
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupDelete(swept_identity, swept_group));
}

/* [point 4.9] An invitation by password has no dates: it is good at any clock, twenty years off. */
static void test_password_join_at_any_time(void **state)
{
    (void)state;
    static const char *const offsets[] = {"0", "630720000", "-630720000"};
    HGROUP group = NULL;
    PWSTR invitation = NULL;
    PEER_INVITATION_INFO *info = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    assert_ok(PeerGroupCreate(&properties, &group));
    assert_ok(PeerGroupCreatePasswordInvitation(group, &invitation));
    for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
        PWSTR joiner = new_identity(u"Joiner");
        assert_ok(elsewhere(offsets[i], "password-join", joiner, invitation));
        assert_int_equal(group_count(joiner), 1);
        PeerFreeData(joiner);
    }
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    assert_true(ticks_of(info->ftValidityStart) == 0 && ticks_of(info->ftValidityEnd) == 0);
    PeerFreeData(info);
    PeerFreeData(invitation);
    assert_ok(PeerGroupClose(group));
}

static void test_join_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupJoin", "PEER_E_NO_KEY_ACCESS");
    HGROUP inviting = new_group(creator);
    swept_identity = new_identity(u"Invited");
    swept_invitation = invite(inviting, swept_identity, NULL);
    assert_hr(group_locked(call_join), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(group_count(swept_identity), 0);
    assert_ok(PeerGroupClose(inviting));
    PeerFreeData(swept_invitation);
    PeerFreeData(swept_identity);
}

/* ---- connect, close ---- */

/* [point 5.1] [point 5.14] Ruling 26: the call succeeds, the outcome is an event; a second one says
 * so. */
static void test_connect(void **state)
{
    (void)state;
    CONTRACT("PeerGroupConnect", "S_OK");
    CONTRACT("PeerGroupConnect", "PEER_S_ALREADY_CONNECTED");
    CONTRACT("PeerGroupConnect", "PEER_E_INVALID_GROUP");
    HGROUP group = new_group(creator);
    struct listener listener = listen_to(group);
    assert_ok(PeerGroupConnect(group));
    await_status(&listener, PEER_GROUP_STATUS_LISTENING);
    assert_hr(PeerGroupConnect(group), PEER_S_ALREADY_CONNECTED);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(group));
    const HGROUP bad[] = {NULL, group, (HGROUP)0x1234, listener.handle};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(PeerGroupConnect(bad[i]), PEER_E_INVALID_GROUP);
}

static void test_close(void **state)
{
    (void)state;
    CONTRACT("PeerGroupClose", "S_OK");
    CONTRACT("PeerGroupClose", "PEER_E_INVALID_GROUP");
    HGROUP group = new_group(creator);
    assert_ok(PeerGroupClose(group));
    assert_hr(PeerGroupClose(group), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupClose(NULL), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupClose((HGROUP)&group), PEER_E_INVALID_GROUP);
}

/* ---- delete ---- */

/* [point 8.9] [point 8.10] [point 8.11] Ruling 22: this identity's copy; every handle on it is dead
 * at once. */
static void test_delete(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDelete", "S_OK");
    CONTRACT("PeerGroupDelete", "PEER_E_NOT_FOUND");
    HGROUP group = new_group(creator), second = NULL;
    PWSTR invited = new_identity(u"Invited");
    WCHAR *name = name_of(group), *too_long = wide_fill(u'a', 191);
    HGROUP joined = join(group, invited, NULL);
    assert_ok(PeerGroupOpen(creator, name, NULL, &second));
    struct listener listener = listen_to(second);
    /* The member's copy goes, the creator's stays, and its key too. */
    assert_ok(PeerGroupDelete(invited, name));
    assert_hr(PeerGroupClose(joined), PEER_E_INVALID_GROUP);
    assert_int_equal(group_count(invited), 0);
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupClose(group));
    stop_listening(&listener);
    assert_ok(PeerGroupClose(second));
    assert_ok(PeerGroupOpen(creator, name, NULL, &group));
    assert_ok(PeerGroupOpen(creator, name, NULL, &second));
    assert_ok(PeerGroupGetProperties(group, &properties));
    assert_ok(PeerGroupSetProperties(group, properties));
    PeerFreeData(properties);

    ULONG before = group_count(creator);
    assert_ok(PeerGroupDelete(creator, name));
    assert_int_equal(group_count(creator), before - 1);
    DWORD status;
    assert_hr(PeerGroupGetStatus(group, &status), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupConnect(second), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupClose(group), PEER_E_INVALID_GROUP);
    const WCHAR *const gone[] = {name, nobody, u"", too_long};
    for (size_t i = 0; i < ARRAY_SIZE(gone); i++) {
        assert_hr(PeerGroupDelete(creator, gone[i]), PEER_E_NOT_FOUND);
        assert_hr(PeerGroupDelete(gone[i], name), PEER_E_NOT_FOUND);
    }
    PeerFreeData(invited);
    free(too_long);
    free(name);
}

/* [point 8.9] NULL is the default identity, which is the oldest. */
static void test_delete_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDelete", "E_INVALIDARG");
    WCHAR *name = closed_group();
    assert_hr(PeerGroupDelete(creator, NULL), E_INVALIDARG);
    assert_hr(PeerGroupDelete(creator, lone_surrogate), E_INVALIDARG);
    assert_hr(PeerGroupDelete(lone_surrogate, name), E_INVALIDARG);
    assert_ok(PeerGroupDelete(NULL, name));
    assert_hr(PeerGroupDelete(NULL, name), PEER_E_NOT_FOUND);
    free(name);
}

static HRESULT call_delete(void)
{
    return PeerGroupDelete(creator, swept_group);
}

static void test_delete_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDelete", "PEER_E_NO_KEY_ACCESS");
    swept_group = closed_group();
    ULONG before = group_count(creator);
    assert_hr(group_locked(call_delete), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(group_count(creator), before);
    assert_ok(call_delete());
    free(swept_group);
}

/* One process at a time has a group. */
static void test_other_process(void **state)
{
    (void)state;
    HGROUP group = new_group(creator);
    WCHAR *name = name_of(group);
    assert_hr(elsewhere("0", "open", creator, name), PEER_E_GROUP_IN_USE);
    assert_hr(elsewhere("0", "delete", creator, name), PEER_E_GROUP_IN_USE);
    assert_ok(PeerGroupClose(group));
    assert_ok(elsewhere("0", "open", creator, name));
    assert_ok(elsewhere("0", "delete", creator, name));
    assert_hr(PeerGroupOpen(creator, name, NULL, &group), E_INVALIDARG);
    free(name);
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupOpen");
    CONTRACT_OOM("PeerGroupJoin");
    HGROUP group = new_group(creator);
    swept_group = name_of(group);
    swept_identity = new_identity(u"Invited");
    swept_invitation = invite(group, swept_identity, NULL);
    assert_ok(PeerGroupClose(group));
    assert_true(sweep(call_open, NULL) > 50);
    assert_true(sweep(call_join, after_join) > 50);
    PeerFreeData(swept_invitation);
    PeerFreeData(swept_identity);
    free(swept_group);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_open_bad_arguments),
        cmocka_unit_test(test_clouds),
        cmocka_unit_test(test_no_key_access),
        cmocka_unit_test(test_damaged_key),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_join_bad_arguments),
        cmocka_unit_test(test_join_out_of_time),
        cmocka_unit_test(test_password_join_at_any_time),
        cmocka_unit_test(test_join_no_key_access),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_delete_arguments),
        cmocka_unit_test(test_delete_no_key_access),
        cmocka_unit_test(test_other_process),
        cmocka_unit_test(test_without_memory),
    };
    program = argv[0];
    if (argc > 1)
        return run_elsewhere(argv[1]);
    return cmocka_run_group_tests(tests, setup, teardown);
}
