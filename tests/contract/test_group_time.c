/* Do the two conversions between UTC and peer time hold what is documented (semantics 14)? */
#include "alone.h"

/* [point 14.1] [point 14.3] [point 14.4] Peer time is the creator's UTC at creation; in and out may
 * be one variable, and what comes back is UTC. */
static void test_there_and_back(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_not_initialized),
    };
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
