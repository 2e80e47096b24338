/* Is the key that a password gave, which lies on disk until a certificate takes its place, kept
 * against an offer that it does not fit (protocol.md 8)? */
#include "group.h"

#include <glob.h>
#include <stdio.h>

enum { FRAME_MAX = 256 };
static const WCHAR other_password[] = u"Obelisk-Quay-31-plinth";

static PWSTR creator, joiner;
static HGROUP group, joined;

static HGROUP new_password_group(void)
{
    HGROUP made = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    assert_ok(PeerGroupCreate(&properties, &made));
    return made;
}

/* A joiner who has the password and has not connected. */
static int setup(void **state)
{
    PWSTR invitation = NULL;
    if (group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    joiner = new_identity(u"Joiner");
    group = new_password_group();
    go_online(group);
    assert_ok(PeerGroupCreatePasswordInvitation(group, &invitation));
    assert_ok(PeerGroupPasswordJoin(joiner, invitation, good_password, NULL, &joined));
    PeerFreeData(invitation);
    return 0;
}

static int teardown(void **state)
{
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(group));
    PeerFreeData(creator);
    PeerFreeData(joiner);
    return group_teardown(state);
}

/* The frame of the one password's key that is kept; returns its size, 0: none. */
static size_t kept_frame(char frame[FRAME_MAX])
{
    static const char magic[] = "peergroup pass 1";
    glob_t found;
    size_t kept = 0;
    assert_int_equal(glob(home_file("keys/*"), 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char read[FRAME_MAX];
        FILE *file = fopen(found.gl_pathv[i], "rb");
        assert_non_null(file);
        size_t size = fread(read, 1, sizeof(read), file);
        fclose(file);
        if (size < sizeof(magic) || memcmp(read, magic, sizeof(magic) - 1) != 0)
            continue;
        assert_int_equal(kept, 0);
        memcpy(frame, read, size);
        kept = size;
    }
    globfree(&found);
    return kept;
}

static void change_password(void)
{
    PEER_GROUP_PROPERTIES *properties = NULL;
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzGroupPassword = (PWSTR)other_password;
    assert_ok(PeerGroupSetProperties(group, properties));
    properties->pwzGroupPassword = NULL;
    PeerFreeData(properties);
}

/* The offer has another salt, so that the password is derived once more; the key does not fit, and
 * the offer may be an old one: what is kept stays as it is. */
static void test_a_key_that_does_not_fit_replaces_none(void **state)
{
    (void)state;
    char before[FRAME_MAX], after[FRAME_MAX];
    size_t size = kept_frame(before);
    assert_true(size > 0);
    change_password();
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    PPEER_GROUP_EVENT_DATA event = await_type(&listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(event->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
    PeerFreeData(event);
    stop_listening(&listener);
    assert_int_equal(kept_frame(after), size);
    assert_memory_equal(after, before, size);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_key_that_does_not_fit_replaces_none),
    };
    return cmocka_run_group_tests_name("group-password-key", tests, NULL, NULL);
}
