/* Does a copy of a member's folder, without its keys, let somebody else into a group with a
 * password (semantics 4.11, 4.14)?
 *
 * Three processes with folders of their own: the founder's, which admits; a member's, which joins
 * by the password and ends; the thief's, which begins with a copy of what the member left. Keys are
 * missing in the copy, since whoever has them is the member. */
#include "group.h"

#include <glob.h>
#include <sqlite3.h>

enum { TEXT_MAX = 65536, TRIED_MAX = 80, SALT_LIKE = 16, KEY_LIKE = 32 };

/* ---- what processes tell each other ---- */

static void write_text(const char *name, PCWSTR text)
{
    home_write(home_file(name), text, (wide_length(text) + 1) * sizeof(WCHAR), 0600);
}

/* Free with free. */
static WCHAR *read_text(const char *name)
{
    WCHAR *text = calloc(TEXT_MAX, sizeof(WCHAR));
    FILE *file = fopen(home_file(name), "rb");
    assert_non_null(file);
    assert_true(fread(text, sizeof(WCHAR), TEXT_MAX - 1, file) > 0);
    fclose(file);
    return text;
}

static void run(const char *who)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        setenv("FOUNDERS_HOME", test_home, 1);
        setenv("PEERGROUP_HOME", home_file(who), 1);
        execl("/proc/self/exe", "test", who, NULL);
        _exit(99);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the member ---- */

static int be_member(void)
{
    HGROUP joined = NULL;
    PWSTR name = new_identity(u"Member");
    WCHAR *invitation = read_text("invitation");
    assert_ok(PeerGroupPasswordJoin(name, invitation, good_password, NULL, &joined));
    go_online(joined);
    add_note(joined, "by the member");
    WCHAR *group_name = name_of(joined);
    write_text("member-name", name);
    write_text("group-name", group_name);
    assert_ok(PeerGroupClose(joined));
    free(group_name);
    free(invitation);
    PeerFreeData(name);
    return 0;
}

/* ---- the thief ---- */

struct tried {
    WCHAR *texts[TRIED_MAX];
    size_t count;
};

/* Takes a text in letters, once; one that no password can be is left out. */
static void tried_add(struct tried *tried, const char *text, size_t size)
{
    if (size == 0 || size > 255 || tried->count == TRIED_MAX)
        return;
    WCHAR *wide = wide_fill(0, size);
    for (size_t i = 0; i < size; i++)
        wide[i] = (WCHAR)(unsigned char)text[i];
    for (size_t i = 0; i < tried->count; i++)
        if (wide_equal(tried->texts[i], wide)) {
            free(wide);
            return;
        }
    tried->texts[tried->count++] = wide;
}

/* Texts between ends, as in <A>text</A>. */
static void tried_elements(struct tried *tried, PCWSTR xml)
{
    char text[256];
    size_t size = 0;
    for (; *xml; xml++) {
        if (*xml == u'<' && size > 0)
            tried_add(tried, text, size);
        size = *xml == u'<' || *xml == u'>' || size == sizeof(text) ? 0 : size;
        if (*xml != u'<' && *xml != u'>')
            text[size++] = (char)*xml;
    }
}

/* One value of a database: the runs of letters in it and, where it is as long as a salt or a key,
 * all of it in hexadecimal. */
static void tried_value(struct tried *tried, const uint8_t *data, size_t size)
{
    char hex[2 * KEY_LIKE + 1] = "";
    size_t begin = 0;
    for (size_t at = 0; at <= size; at++) {
        if (at < size && data[at] > ' ' && data[at] < 0x7F)
            continue;
        if (at - begin >= 12) /* shorter ones are chance */
            tried_add(tried, (const char *)data + begin, at - begin);
        begin = at + 1;
    }
    if (size != SALT_LIKE && size != KEY_LIKE)
        return;
    for (size_t i = 0; i < size; i++)
        snprintf(hex + 2 * i, 3, "%02x", data[i]);
    tried_add(tried, hex, strlen(hex));
}

static void tried_table(struct tried *tried, sqlite3 *db, const char *table)
{
    char text[128];
    sqlite3_stmt *rows = NULL;
    snprintf(text, sizeof(text), "SELECT * FROM \"%s\"", table);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &rows, NULL), SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(rows); i++) {
            if (sqlite3_column_type(rows, i) == SQLITE_INTEGER)
                continue;
            const uint8_t *data = sqlite3_column_blob(rows, i);
            tried_value(tried, data, (size_t)sqlite3_column_bytes(rows, i));
        }
    sqlite3_finalize(rows);
}

/* All values of the copied database. */
static void tried_database(struct tried *tried)
{
    glob_t found;
    sqlite3 *db = NULL;
    sqlite3_stmt *tables = NULL;
    assert_int_equal(glob(home_file("groups/*.db"), 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    assert_int_equal(sqlite3_open(found.gl_pathv[0], &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type = 'table'",
                                        -1, &tables, NULL),
                     SQLITE_OK);
    while (sqlite3_step(tables) == SQLITE_ROW)
        tried_table(tried, db, (const char *)sqlite3_column_text(tables, 0));
    sqlite3_finalize(tables);
    sqlite3_close(db);
    globfree(&found);
}

/* Waits for the end of an attempt; whether it got in. */
static bool gets_in(HGROUP joined)
{
    struct listener listener = listen_to(joined);
    bool in = false, over = false;
    assert_ok(PeerGroupConnect(joined));
    while (!over) {
        PPEER_GROUP_EVENT_DATA event = NULL;
        HRESULT hr = PeerGroupGetEventData(listener.handle, &event);
        if (hr == PEER_S_NO_EVENT_DATA) {
            assert_int_equal(WaitForSingleObject(listener.event, 2 * WAIT_MS), WAIT_OBJECT_0);
            continue;
        }
        assert_ok(hr);
        over = event->eventType == PEER_GROUP_EVENT_CONNECTION_FAILED;
        if (over)
            assert_hr(event->hrConnectionFailedReason, PEER_E_NOT_AUTHORIZED);
        in = has_status(event, &(DWORD){PEER_GROUP_STATUS_LISTENING});
        over = over || in;
        PeerFreeData(event);
    }
    stop_listening(&listener);
    return in;
}

static bool password_gets_in(PCWSTR name, PCWSTR invitation, PCWSTR password)
{
    HGROUP joined = NULL;
    HRESULT hr = PeerGroupPasswordJoin(name, invitation, password, NULL, &joined);
    assert_true(hr == S_OK || hr == PEER_S_ALREADY_A_MEMBER);
    bool in = gets_in(joined);
    assert_ok(PeerGroupClose(joined));
    return in;
}

/* The member's database in the place of the thief's own, which PeerGroupPasswordJoin has made. */
static void assert_database_is_anothers(PCWSTR name, PCWSTR invitation, PCWSTR group_name)
{
    HGROUP joined = NULL;
    glob_t before, after;
    size_t own = 0;
    assert_int_equal(glob(home_file("groups/*.db"), 0, NULL, &before), 0);
    assert_int_equal(before.gl_pathc, 1);
    assert_ok(PeerGroupPasswordJoin(name, invitation, u"some password", NULL, &joined));
    assert_ok(PeerGroupClose(joined));
    assert_int_equal(glob(home_file("groups/*.db"), 0, NULL, &after), 0);
    assert_int_equal(after.gl_pathc, 2);
    own += strcmp(after.gl_pathv[0], before.gl_pathv[0]) == 0;
    char kept[256];
    snprintf(kept, sizeof(kept), "%s.kept", after.gl_pathv[own]);
    assert_int_equal(rename(after.gl_pathv[own], kept), 0);
    assert_int_equal(link(before.gl_pathv[0], after.gl_pathv[own]), 0);
    assert_true(FAILED(PeerGroupOpen(name, group_name, NULL, &joined)));
    assert_null(joined);
    assert_int_equal(rename(kept, after.gl_pathv[own]), 0);
    globfree(&before);
    globfree(&after);
}

static int be_thief(void)
{
    struct tried tried = {.count = 0};
    HGROUP opened = NULL;
    WCHAR *member = read_text("member-name"), *group_name = read_text("group-name"),
          *invitation = read_text("invitation");
    snprintf(test_home, sizeof(test_home), "%s", getenv("PEERGROUP_HOME"));
    assert_hr(PeerGroupOpen(member, group_name, NULL, &opened), PEER_E_NO_KEY_ACCESS);
    PWSTR name = new_identity(u"Thief");
    assert_hr(PeerGroupOpen(name, group_name, NULL, &opened), E_INVALIDARG);
    tried_elements(&tried, invitation);
    tried_database(&tried);
    assert_database_is_anothers(name, invitation, group_name);
    assert_in_range(tried.count, 20, TRIED_MAX - 1);
    for (size_t i = 0; i < tried.count; i++) {
        assert_false(password_gets_in(name, invitation, tried.texts[i]));
        free(tried.texts[i]);
    }
    assert_true(password_gets_in(name, invitation, good_password)); /* which it does not know */
    free(member);
    free(group_name);
    free(invitation);
    PeerFreeData(name);
    return 0;
}

static int be(int (*what)(void))
{
    PEER_VERSION_DATA version;
    snprintf(test_home, sizeof(test_home), "%s", getenv("FOUNDERS_HOME"));
    assert_ok(PeerGroupStartup(PEER_GROUP_VERSION, &version));
    int result = what();
    assert_ok(PeerGroupShutdown());
    return result;
}

/* ---- the founder ---- */

/* All that the member's folder has, but its keys. */
static void copy_without_keys(void)
{
    char command[512];
    snprintf(command, sizeof(command), "cp -a '%s/member' '%s/thief' && rm -r '%s/thief/keys'",
             test_home, test_home, test_home);
    assert_int_equal(system(command), 0);
}

/* [point 4.11] [point 4.14] The copy opens for nobody, and no text in it is the password, at a
 * founder that would let in who knows it. */
static void test_a_copy_lets_nobody_in(void **state)
{
    (void)state;
    PWSTR creator = new_identity(u"Creator"), invitation = NULL;
    HGROUP group = NULL;
    PEER_GROUP_PROPERTIES properties = properties_by(creator);
    properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
    properties.pwzGroupPassword = (PWSTR)good_password;
    properties.groupPasswordRole = PEER_GROUP_ROLE_MEMBER;
    assert_ok(PeerGroupCreate(&properties, &group));
    go_online(group);
    assert_ok(PeerGroupCreatePasswordInvitation(group, &invitation));
    write_text("invitation", invitation);
    assert_int_equal(mkdir(home_file("member"), 0700), 0);
    run("member");
    copy_without_keys();
    run("thief");
    assert_ok(PeerGroupClose(group));
    PeerFreeData(invitation);
    PeerFreeData(creator);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_lets_nobody_in),
    };
    if (argc == 2)
        return be(strcmp(argv[1], "thief") == 0 ? be_thief : be_member);
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
