/* Who hears MEMBER_CHANGED with PEER_MEMBER_UPDATED, and when? Member data is written again in the
 * last tenth of its life, so this program runs itself first with a clock that is 27 days behind:
 * there a founder and a member come to know each other. Back in the present both renew what they
 * said of themselves. */
#include "heard.h"

#include <sys/wait.h>
#include <unistd.h>

static const char BEHIND[] = "-2332800"; /* 27 days, of a life of 28 */
static const char *program;

/* ---- 27 days ago ---- */

static int past_setup(void **state)
{
    (void)state;
    PEER_VERSION_DATA version;
    snprintf(test_home, sizeof(test_home), "%s", getenv("PEERGROUP_HOME"));
    return SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)) ? 0 : -1;
}

static int past_teardown(void **state)
{
    (void)state;
    return SUCCEEDED(PeerGroupShutdown()) ? 0 : -1;
}

static void keep_text(const char *name, PCWSTR text)
{
    home_write(home_file(name), text, (wide_length(text) + 1) * sizeof(WCHAR), 0600);
}

static void test_past(void **state)
{
    (void)state;
    struct heard heard = {.count = 0};
    PWSTR names[2] = {new_identity(u"Founder"), new_identity(u"Member")};
    HGROUP founder = new_group(names[0]);
    struct listener listener = listen_to(founder);
    go_online(founder);
    HGROUP member = join(founder, names[1], NULL);
    go_online(member);
    for (int i = 0; i < 2; i++) {
        const struct member_change joined = {names[i], PEER_MEMBER_JOINED};
        hear_of(&heard, &listener, is_member, &joined);
    }
    WCHAR *group = name_of(founder);
    keep_text("founder.txt", names[0]);
    keep_text("member.txt", names[1]);
    keep_text("group.txt", group);
    free(group);
    forget(&heard);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(member));
    assert_ok(PeerGroupClose(founder));
    PeerFreeData(names[0]);
    PeerFreeData(names[1]);
}

static int run_past(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_past)};
    dup2(STDERR_FILENO, STDOUT_FILENO);
    return cmocka_run_group_tests(tests, past_setup, past_teardown);
}

/* ---- now ---- */

static WCHAR founder_name[256], member_name[256], group_name[256];

static int read_text(const char *name, WCHAR *text)
{
    FILE *file = fopen(home_file(name), "rb");
    if (!file)
        return -1;
    size_t size = fread(text, sizeof(WCHAR), 256, file);
    fclose(file);
    return size > 0 && size < 256 ? 0 : -1;
}

static int setup(void **state)
{
    PEER_VERSION_DATA version;
    int status = -1;
    if (home_setup(state) != 0 || setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1) != 0)
        return -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setenv("PEERGROUP_TEST_CLOCK_OFFSET", BEHIND, 1);
        execl(program, program, "past", NULL);
        _exit(99);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0 ||
        read_text("founder.txt", founder_name) != 0 || read_text("member.txt", member_name) != 0 ||
        read_text("group.txt", group_name) != 0)
        return -1;
    return SUCCEEDED(PeerGroupStartup(PEER_GROUP_VERSION, &version)) ? 0 : -1;
}

/* Of one member: UPDATED once, JOINED never. */
static void assert_updated(const struct heard *heard, PCWSTR name)
{
    int updated = 0;
    const struct member_change wanted = {name, PEER_MEMBER_UPDATED},
                               none = {name, PEER_MEMBER_JOINED};
    for (int i = 0; i < heard->count; i++) {
        updated += is_member(heard->items[i], &wanted);
        assert_false(is_member(heard->items[i], &none));
    }
    assert_int_equal(updated, 1);
}

/* Where somebody listens, as its own list of members says. */
static PEER_ADDRESS own_address(HGROUP group, PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    PPEER_MEMBER *items = NULL;
    ULONG count = 1;
    assert_ok(PeerGroupEnumMembers(group, 0, name, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    assert_true(items[0]->cAddresses > 0);
    PEER_ADDRESS address = items[0]->pAddresses[0];
    PeerFreeData(items);
    return address;
}

/* [point 9.4] [point 9.6] [point 12.11] Member data that is written again is UPDATED: to who wrote
 * it and to everybody else, to who was away meanwhile as well. Nobody joins by that. */
static void test_member_data_is_renewed(void **state)
{
    (void)state;
    struct heard at_founder = {.count = 0}, at_member = {.count = 0};
    HGROUP founder = NULL, member = NULL;
    assert_ok(PeerGroupOpen(founder_name, group_name, NULL, &founder));
    assert_ok(PeerGroupOpen(member_name, group_name, NULL, &member));
    struct listener founders = listen_to(founder), members = listen_to(member);
    const struct member_change founder_updated = {founder_name, PEER_MEMBER_UPDATED},
                               member_updated = {member_name, PEER_MEMBER_UPDATED};
    assert_ok(PeerGroupConnect(founder));
    hear_until(&at_founder, &founders, is_member, &founder_updated);
    const PEER_EVENT_MEMBER_CHANGE_DATA *change =
        &at_founder.items[at_founder.count - 1]->memberChangeData;
    assert_int_equal(change->dwSize, sizeof(*change));
    assert_wide_equal(change->pwzIdentity, founder_name);

    const struct member_change came = {founder_name, PEER_MEMBER_CONNECTED};
    hear_of(&at_founder, &founders, is_member, &came);
    PEER_ADDRESS address = own_address(founder, founder_name);
    assert_ok(PeerGroupConnectByAddress(member, 1, &address));
    hear_of(&at_member, &members, is_member, &founder_updated);
    hear_of(&at_member, &members, is_member, &member_updated);
    hear_of(&at_founder, &founders, is_member, &member_updated);
    /* What comes after all that: a note of each reaches both. */
    for (int i = 0; i < 2; i++) {
        GUID id = add_note(i ? member : founder, "renewed");
        hear_of(&at_founder, &founders, is_record, &id);
        hear_of(&at_member, &members, is_record, &id);
    }
    assert_updated(&at_founder, founder_name);
    assert_updated(&at_founder, member_name);
    assert_updated(&at_member, founder_name);
    assert_updated(&at_member, member_name);
    forget(&at_founder);
    forget(&at_member);
    stop_listening(&founders);
    stop_listening(&members);
    assert_ok(PeerGroupClose(member));
    assert_ok(PeerGroupClose(founder));
}

int main(int count, char **values)
{
    program = values[0];
    if (count > 1)
        return run_past();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_member_data_is_renewed)};
    return cmocka_run_group_tests(tests, setup, group_teardown);
}
