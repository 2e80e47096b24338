/* test_group_delete.c - a deletion takes the keys and the records with it, or says that it cannot
 * and takes nothing; what is cut off on the way is made up for at the next start.
 *
 * Folders are locked for an ordinary user in a process of its own, since root may do everything. */
#include "group.h"

#include <glob.h>
#include <signal.h>
#include <sys/resource.h>

static const char *matching(const char *pattern)
{
    static char path[512];
    glob_t found;
    path[0] = '\0';
    if (glob(home_file(pattern), 0, NULL, &found) == 0) {
        snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
        globfree(&found);
    }
    return path;
}

static size_t files(const char *pattern)
{
    glob_t found;
    size_t count = 0;
    if (glob(home_file(pattern), 0, NULL, &found) == 0) {
        count = found.gl_pathc;
        globfree(&found);
    }
    return count;
}

/* The file of the group's key, whose name begins as the group's. */
static const char *key_of(PCWSTR group)
{
    char pattern[64] = "keys/";
    for (size_t i = 0; i < 40; i++)
        pattern[5 + i] = (char)group[i];
    pattern[45] = '*';
    return matching(pattern);
}

/* ---- folders that let nothing go ---- */

static PWSTR creator;
static WCHAR *name;

static bool refused(const char *folder, HRESULT want, bool open)
{
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    bool well = expect_hr(PeerGroupCreate(&properties, &group), S_OK);
    name = name_of(group);
    GUID record = add_note(group, "kept");
    PPEER_RECORD kept = NULL;
    well &= open || expect_hr(PeerGroupClose(group), S_OK);
    chmod(home_file(folder), 0500);
    well &= expect_hr(PeerGroupDelete(creator, name), want);
    chmod(home_file(folder), 0700);
    if (!open)
        well &= expect_hr(PeerGroupOpen(creator, name, NULL, &group), S_OK);
    well &= group_count(creator) == 1 && key_of(name)[0] != '\0';
    well &= expect_hr(PeerGroupGetRecord(group, &record, &kept), S_OK);
    well &= expect_hr(PeerGroupDelete(creator, name), S_OK);
    well &= expect_hr(PeerGroupClose(group), PEER_E_INVALID_GROUP); /* it went with its group */
    PeerFreeData(kept);
    well &= files("keys/*") == 1 && files("groups/*") == 0;
    free(name);
    return well;
}

static bool folders_locked(void)
{
    PEER_VERSION_DATA version;
    PWSTR friendly = NULL;
    bool well = expect_hr(PeerGroupStartup(PEER_GROUP_VERSION, &version), S_OK);
    well &= expect_hr(PeerIdentityCreate(u"c", NULL, 0, &creator), S_OK);
    for (int open = 0; open < 2; open++) {
        well &= refused("groups", E_ACCESSDENIED, open);
        well &= refused("keys", PEER_E_NO_KEY_ACCESS, open);
    }
    chmod(home_file("keys"), 0500);
    well &= expect_hr(PeerIdentityDelete(creator), PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    well &= expect_hr(PeerIdentityGetFriendlyName(creator, &friendly), S_OK);
    PeerFreeData(friendly);
    well &= expect_hr(PeerIdentityDelete(creator), S_OK) && files("keys/*") == 0;
    return well && expect_hr(PeerGroupShutdown(), S_OK);
}

/* What cannot be removed stays whole: the group with its records, and the identity. */
static void test_locked_folders(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDelete", "E_ACCESSDENIED");
    CONTRACT("PeerGroupDelete", "PEER_E_NO_KEY_ACCESS");
    as_ordinary_user(folders_locked);
}

/* ---- as this user ---- */

static int setup(void **state)
{
    if (group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    HGROUP group = new_group(creator);
    name = name_of(group);
    add_note(group, "a secret");
    return SUCCEEDED(PeerGroupClose(group)) ? 0 : -1;
}

static int teardown(void **state)
{
    free(name);
    PeerFreeData(creator);
    return group_teardown(state);
}

static void restart(void)
{
    PEER_VERSION_DATA version;
    assert_ok(PeerGroupShutdown());
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
}

/* [point 8.12] A folder that is not there is told as the file system tells it. */
static void test_folder_gone(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDelete", "family:WIN32_FILE");
    char groups[512], away[512];
    snprintf(groups, sizeof(groups), "%s", home_file("groups"));
    snprintf(away, sizeof(away), "%s", home_file("away"));
    assert_int_equal(rename(groups, away), 0);
    assert_hr(PeerGroupDelete(creator, name), HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND));
    assert_int_equal(rename(away, groups), 0);
    assert_ok(PeerGroupDelete(creator, name));
    assert_int_equal(files("groups/*"), 0);
    assert_int_equal(files("keys/*"), 1);
}

/* The key goes too when nothing can be read of the group any more. */
static void test_damaged_database(void **state)
{
    (void)state;
    home_write(matching("groups/*.db"), "junk", 4, 0600);
    assert_ok(PeerGroupDelete(creator, name));
    assert_int_equal(files("groups/*"), 0);
    assert_int_equal(files("keys/*"), 1);
}

/* The key of a group is its creator's: another identity of the same user leaves it where it is. */
static void test_other_identity(void **state)
{
    (void)state;
    HGROUP group = NULL, joined = NULL;
    PWSTR other = new_identity(u"Other"), xml = NULL, invitation = NULL;
    assert_ok(PeerIdentityGetXML(other, &xml));
    assert_ok(PeerGroupOpen(creator, name, NULL, &group));
    assert_ok(PeerGroupCreateInvitation(group, xml, NULL, 0, NULL, &invitation));
    assert_ok(PeerGroupJoin(other, invitation, NULL, &joined));
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupDelete(other, name));
    assert_string_not_equal(key_of(name), "");
    assert_ok(PeerGroupJoin(other, invitation, NULL, &joined));
    assert_ok(PeerGroupDelete(creator, name));
    assert_string_equal(key_of(name), "");
    assert_ok(PeerGroupClose(joined));
    assert_hr(PeerGroupClose(group), PEER_E_INVALID_GROUP); /* it went with its group */
    assert_ok(PeerGroupDelete(other, name));
    PeerFreeData(other);
    PeerFreeData(xml);
    PeerFreeData(invitation);
}

static uint8_t kept_key[256];
static size_t kept_size;

/* Deletes the group so that files stay in spite of the first look, as after a crash: then puts its
 * key back and a part of the database. */
static void cut_off(void)
{
    char key[512], part[600];
    snprintf(key, sizeof(key), "%s", key_of(name));
    FILE *file = fopen(key, "rb");
    assert_non_null(file);
    kept_size = fread(kept_key, 1, sizeof(kept_key), file);
    fclose(file);
    snprintf(part, sizeof(part), "%s.new", matching("groups/*.db"));
    assert_int_equal(mkdir(part, 0700), 0);
    assert_hr(PeerGroupDelete(creator, name), E_ACCESSDENIED);
    assert_int_equal(rmdir(part), 0);
    assert_int_equal(files("keys/*"), 1);
    assert_int_equal(files("groups/*"), 0);
    assert_int_equal(group_count(creator), 0);
    home_write(key, kept_key, kept_size, 0600);
    home_write(part, "records", 7, 0600);
}

static void test_cut_off(void **state)
{
    (void)state;
    cut_off();
    restart();
    assert_int_equal(files("keys/*"), 1);
    assert_int_equal(files("groups/*"), 0);
    /* Nothing is remembered any more: what lies there now is somebody else's. */
    home_write(home_file("groups/other"), "x", 1, 0600);
    restart();
    assert_int_equal(files("groups/*"), 1);
}

/* Who has come back before the next start keeps the key. */
static void test_cut_off_and_back(void **state)
{
    (void)state;
    HGROUP group = NULL;
    PWSTR config = NULL, identity = NULL, back = NULL;
    PPEER_GROUP_PROPERTIES properties = NULL;
    assert_ok(PeerGroupOpen(creator, name, NULL, &group));
    assert_ok(PeerGroupExportConfig(group, good_password, &config));
    assert_ok(PeerGroupClose(group));
    cut_off();
    assert_ok(PeerGroupImportConfig(config, good_password, FALSE, &identity, &back));
    restart();
    assert_string_not_equal(key_of(name), "");
    assert_ok(PeerGroupOpen(creator, name, NULL, &group));
    assert_ok(PeerGroupGetProperties(group, &properties));
    properties->pwzComment = (PWSTR)u"back";
    assert_ok(PeerGroupSetProperties(group, properties));
    assert_ok(PeerGroupClose(group));
    PeerFreeData(properties);
    PeerFreeData(config);
    PeerFreeData(identity);
    PeerFreeData(back);
}

/* ---- no room ---- */

/* Runs a call while files cannot grow beyond 4 KiB. */
static HRESULT without_room(HRESULT (*call)(void))
{
    struct rlimit before, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4096;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    HRESULT hr = call();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    return hr;
}

static HRESULT call_identity_create(void)
{
    PWSTR made = NULL;
    HRESULT hr = PeerIdentityCreate(NULL, u"Another", 0, &made);
    assert_null(made);
    return hr;
}

static PWSTR spare;

static HRESULT call_identity_delete(void)
{
    return PeerIdentityDelete(spare);
}

static HRESULT call_set_name(void)
{
    return PeerIdentitySetFriendlyName(creator, u"Another name");
}

static HRESULT call_create(void)
{
    HGROUP made = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    HRESULT hr = PeerGroupCreate(&properties, &made);
    assert_null(made);
    return hr;
}

static HRESULT call_delete(void)
{
    return PeerGroupDelete(creator, name);
}

/* A limit on files' sizes is one more way to have no room; nothing is lost by it. */
static void test_no_room(void **state)
{
    (void)state;
    HPEERENUM enumeration = NULL;
    spare = new_identity(u"Spare");
    assert_hr(without_room(call_identity_create), PEER_E_DISK_FULL);
    assert_hr(without_room(call_set_name), PEER_E_DISK_FULL);
    assert_hr(without_room(call_identity_delete), PEER_E_DISK_FULL);
    assert_hr(without_room(call_create), PEER_E_DISK_FULL);
    assert_hr(without_room(call_delete), PEER_E_DISK_FULL);
    assert_ok(PeerEnumIdentities(&enumeration));
    assert_int_equal(count_of(enumeration), 2);
    assert_int_equal(group_count(creator), 1);
    assert_int_equal(files("keys/*"), 3);
    assert_ok(call_delete());
    assert_ok(call_identity_delete());
    assert_int_equal(files("keys/*"), 1);
    PeerFreeData(spare);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locked_folders), /* a child: before this process has threads */
        CASE(test_folder_gone),
        CASE(test_damaged_database),
        CASE(test_other_identity),
        CASE(test_cut_off),
        CASE(test_cut_off_and_back),
        CASE(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
