/* Does PeerGroupGetHolder name the process that has a group open, nobody once it is closed, and the
 * documented codes for what is no group? */
#include "support/home.h"
#include "support/test.h"

#include <p2p.h>
#include <peergroup/extensions.h>

#include <unistd.h>

static void test_the_holder_of_a_group(void **state)
{
    (void)state;
    PEER_VERSION_DATA version;
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties)};
    PEER_GROUP_PROPERTIES *made;
    HGROUP group;
    PWSTR identity;
    DWORD process = 1;
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    assert_ok(PeerIdentityCreate(NULL, NULL, 0, &identity));
    properties.pwzCreatorPeerName = identity;
    assert_ok(PeerGroupCreate(&properties, &group));
    assert_ok(PeerGroupGetProperties(group, &made));
    assert_ok(PeerGroupGetHolder(identity, made->pwzGroupPeerName, &process));
    assert_int_equal(process, getpid());
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupGetHolder(identity, made->pwzGroupPeerName, &process));
    assert_int_equal(process, 0);
    assert_hr(PeerGroupGetHolder(identity, identity, &process), PEER_E_NOT_FOUND);
    assert_ok(PeerGroupDelete(identity, made->pwzGroupPeerName));
    process = 1;
    assert_hr(PeerGroupGetHolder(identity, made->pwzGroupPeerName, &process), PEER_E_NOT_FOUND);
    assert_int_equal(process, 0);
    PeerFreeData(made);
    PeerFreeData(identity);
    assert_ok(PeerGroupShutdown());
}

static void test_missing_pointers(void **state)
{
    (void)state;
    DWORD process = 1;
    assert_hr(PeerGroupGetHolder(NULL, u"0.a", &process), E_INVALIDARG);
    assert_int_equal(process, 0);
    assert_hr(PeerGroupGetHolder(u"0.a", NULL, &process), E_INVALIDARG);
    assert_hr(PeerGroupGetHolder(u"0.a", u"0.a", NULL), E_INVALIDARG);
    assert_hr(PeerGroupGetHolder(u"0.a", u"0.a", &process), PEER_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_holder_of_a_group),
        cmocka_unit_test(test_missing_pointers),
    };
    return cmocka_run_group_tests_name("holder", tests, home_setup, home_teardown);
}
