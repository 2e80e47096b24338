/* Do the two conversions between UTC and peer time hold what is documented (semantics 14)? */
#include "alone.h"

/* [point 14.1] [point 14.3] Peer time is the creator's UTC at creation; in and out may be one
 * variable. */
static void test_creator(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPeerTimeToUniversalTime", "S_OK");
    CONTRACT("PeerGroupUniversalTimeToPeerTime", "S_OK");
    const FILETIME utc = utc_in(12345);
    FILETIME given = utc, peer = {0}, back = {0};
    assert_ok(PeerGroupUniversalTimeToPeerTime(group, &given, &peer));
    assert_int_equal(ticks_of(given), ticks_of(utc));
    assert_int_equal(ticks_of(peer), ticks_of(utc));
    assert_ok(PeerGroupPeerTimeToUniversalTime(group, &peer, &back));
    assert_int_equal(ticks_of(back), ticks_of(utc));
    assert_ok(PeerGroupUniversalTimeToPeerTime(group, &given, &given));
    assert_ok(PeerGroupPeerTimeToUniversalTime(group, &given, &given));
    assert_int_equal(ticks_of(given), ticks_of(utc));
}

/* ---- a group whose time is not this machine's ---- */

/* Seconds: how far the clocks are apart, what a busy machine may take, and how long before they are
 * issued certificates begin. */
enum { BEHIND = 7200, SLACK = 120, EARLY = 1200, TEXT_MAX = 65536 };

#define SECOND 10000000ll

/* The creator's process: founds a group at a clock that is behind, goes online, tells an invitation
 * by its output, and stays until its input ends. */
static int be_creator(void)
{
    static WCHAR invitee[TEXT_MAX];
    PEER_VERSION_DATA version;
    HGROUP founded = NULL;
    FILE *file = fopen(getenv("INVITEE"), "rb");
    if (!file || fread(invitee, sizeof(WCHAR), TEXT_MAX - 1, file) == 0 || fclose(file) != 0 ||
        FAILED(PeerGroupStartup(PEER_GROUP_VERSION, &version)))
        return 97;
    PWSTR name = new_identity(u"Behind"), invitation = NULL;
    founded = new_group(name);
    go_online(founded);
    HRESULT hr =
        PeerGroupCreateInvitation(founded, invitee, NULL, 1, &PEER_GROUP_ROLE_ADMIN, &invitation);
    size_t length = FAILED(hr) ? 0 : wide_length(invitation);
    if (fwrite(invitation, sizeof(WCHAR), length, stdout) != length || fclose(stdout) != 0)
        return 96;
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    PeerFreeData(invitation);
    PeerFreeData(name);
    return SUCCEEDED(hr) && SUCCEEDED(PeerGroupShutdown()) ? 0 : 95;
}

struct elsewhere {
    pid_t child;
    int input;
    WCHAR invitation[TEXT_MAX];
};

static void begin_creator(struct elsewhere *elsewhere, PCWSTR invitee)
{
    char offset[16], home[160];
    int input[2], output[2];
    PWSTR xml = NULL;
    snprintf(offset, sizeof(offset), "-%d", BEHIND);
    snprintf(home, sizeof(home), "%s/creator", test_home);
    assert_int_equal(mkdir(home, 0700), 0);
    assert_ok(PeerIdentityGetXML(invitee, &xml));
    home_write(home_file("invitee"), xml, (wide_length(xml) + 1) * sizeof(WCHAR), 0600);
    PeerFreeData(xml);
    assert_int_equal(pipe2(input, O_CLOEXEC) | pipe2(output, O_CLOEXEC), 0);
    elsewhere->child = fork();
    assert_true(elsewhere->child >= 0);
    if (elsewhere->child == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        setenv("PEERGROUP_TEST_CLOCK_OFFSET", offset, 1);
        setenv("INVITEE", home_file("invitee"), 1);
        setenv("PEERGROUP_HOME", home, 1);
        execl("/proc/self/exe", "test", "creator", NULL);
        _exit(99);
    }
    close(input[0]);
    close(output[1]);
    elsewhere->input = input[1];
    FILE *file = fdopen(output[0], "rb");
    size_t length = fread(elsewhere->invitation, sizeof(WCHAR), TEXT_MAX - 1, file);
    elsewhere->invitation[length] = 0;
    fclose(file);
}

static void end_creator(struct elsewhere *elsewhere)
{
    int status = 0;
    close(elsewhere->input);
    assert_int_equal(waitpid(elsewhere->child, &status, 0), elsewhere->child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* time is wanted, but for what a busy machine may take. */
static void assert_about(FILETIME time, FILETIME wanted)
{
    LONGLONG apart = (LONGLONG)(ticks_of(time) - ticks_of(wanted)) / SECOND;
    assert_in_range(apart + SLACK, 0, 2 * SLACK);
}

/* Two hours between the clocks: both ways, to the tick, also within one variable. */
static void assert_conversions(HGROUP member)
{
    FILETIME utc = utc_in(12345), given = utc, peer = {0}, back = {0};
    assert_ok(PeerGroupUniversalTimeToPeerTime(member, &given, &peer));
    assert_int_equal(ticks_of(given), ticks_of(utc));
    assert_about(peer, filetime_of(ticks_of(utc) - BEHIND * SECOND));
    assert_ok(PeerGroupPeerTimeToUniversalTime(member, &utc, &back));
    assert_about(back, filetime_of(ticks_of(utc) + BEHIND * SECOND));
    given = peer;
    assert_ok(PeerGroupPeerTimeToUniversalTime(member, &given, &given));
    assert_about(given, utc);
}

static void assert_dates_of_a_record(HGROUP member)
{
    PPEER_RECORD record = NULL;
    PEER_RECORD wanted = note(member, "x");
    GUID id;
    /* An hour from now in peer time, which is an hour ago by this clock. */
    assert_ok(PeerGroupAddRecord(member, &wanted, &id));
    assert_ok(PeerGroupGetRecord(member, &id, &record));
    assert_about(record->ftExpiration, utc_in(3600 - BEHIND));
    assert_int_equal(ticks_of(record->ftExpiration), ticks_of(wanted.ftExpiration));
    assert_about(record->ftCreation, utc_in(-BEHIND));
    assert_about(record->ftLastModified, utc_in(-BEHIND));
    PeerFreeData(record);
}

static void assert_dates_of_credentials(HGROUP member, PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *items = NULL;
    PPEER_INVITATION_INFO info = NULL;
    ULONG count = 1;
    PWSTR guest = new_identity(u"Guest"), xml = NULL, invitation = NULL;
    FILETIME end = utc_in(600);
    assert_ok(PeerGroupEnumMembers(member, 0, name, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    /* By its issuer's UTC. */
    assert_about(items[0]->pCredentialInfo->ftValidityStart, utc_in(-BEHIND - EARLY));
    PeerFreeData(items);
    assert_ok(PeerIdentityGetXML(guest, &xml));
    assert_ok(PeerGroupCreateInvitation(member, xml, &end, 0, NULL, &invitation));
    assert_ok(PeerGroupParseInvitation(invitation, &info));
    assert_about(info->ftValidityStart, utc_in(-EARLY));
    assert_int_equal(ticks_of(info->ftValidityEnd) / SECOND, ticks_of(end) / SECOND);
    PeerFreeData(info);
    PeerFreeData(invitation);
    PeerFreeData(xml);
    PeerFreeData(guest);
}

/* [point 14.1] [point 14.2] [point 14.3] [point 14.4] A joiner takes over the creator's time, which
 * is two hours behind: the conversions go by it, what comes back is UTC; a record's dates are peer
 * time, those of invitations and credentials are UTC. */
static void test_two_clocks(void **state)
{
    (void)state;
    static struct elsewhere elsewhere;
    PWSTR name = new_identity(u"Here");
    HGROUP member = NULL;
    begin_creator(&elsewhere, name);
    assert_ok(PeerGroupJoin(name, elsewhere.invitation, NULL, &member));
    go_online(member);
    assert_conversions(member);
    assert_dates_of_a_record(member);
    assert_dates_of_credentials(member, name);
    assert_ok(PeerGroupClose(member));
    end_creator(&elsewhere);
    PeerFreeData(name);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPeerTimeToUniversalTime", "E_INVALIDARG");
    CONTRACT("PeerGroupUniversalTimeToPeerTime", "E_INVALIDARG");
    FILETIME time = utc_in(0), kept = time;
    assert_hr(PeerGroupPeerTimeToUniversalTime(group, NULL, &time), E_INVALIDARG);
    assert_hr(PeerGroupPeerTimeToUniversalTime(group, &time, NULL), E_INVALIDARG);
    assert_hr(PeerGroupUniversalTimeToPeerTime(group, NULL, &time), E_INVALIDARG);
    assert_hr(PeerGroupUniversalTimeToPeerTime(group, &time, NULL), E_INVALIDARG);
    assert_hr(PeerGroupPeerTimeToUniversalTime(NULL, &time, &time), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupUniversalTimeToPeerTime((HGROUP)0x1234, &time, &time), PEER_E_INVALID_GROUP);
    assert_int_equal(ticks_of(time), ticks_of(kept));
}

/* [point 14.3] Before the first synchronisation nobody has told this member the group's time. */
static void test_not_ready(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPeerTimeToUniversalTime", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupUniversalTimeToPeerTime", "PEER_E_GROUP_NOT_READY");
    PWSTR invited = new_identity(u"Invited");
    HGROUP joined = join(group, invited, NULL);
    FILETIME time = utc_in(0), kept = time;
    assert_hr(PeerGroupPeerTimeToUniversalTime(joined, &time, &time), PEER_E_GROUP_NOT_READY);
    assert_hr(PeerGroupUniversalTimeToPeerTime(joined, &time, &time), PEER_E_GROUP_NOT_READY);
    assert_int_equal(ticks_of(time), ticks_of(kept));
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(invited);
}

static void test_not_initialized(void **state)
{
    (void)state;
    CONTRACT("PeerGroupPeerTimeToUniversalTime", "PEER_E_NOT_INITIALIZED");
    CONTRACT("PeerGroupUniversalTimeToPeerTime", "PEER_E_NOT_INITIALIZED");
    FILETIME time = utc_in(0);
    PEER_VERSION_DATA version;
    assert_ok(PeerGroupShutdown());
    assert_hr(PeerGroupPeerTimeToUniversalTime(group, &time, &time), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupUniversalTimeToPeerTime(group, &time, &time), PEER_E_NOT_INITIALIZED);
    assert_hr(PeerGroupUniversalTimeToPeerTime(NULL, NULL, NULL), PEER_E_NOT_INITIALIZED);
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    assert_hr(PeerGroupUniversalTimeToPeerTime(group, &time, &time), PEER_E_INVALID_GROUP);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_creator),         cmocka_unit_test(test_two_clocks),
        cmocka_unit_test(test_bad_arguments),   cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_not_initialized),
    };
    if (argc == 2 && strcmp(argv[1], "creator") == 0)
        return be_creator();
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
