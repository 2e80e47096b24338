/* Are identities made, found, renamed and deleted as documented, whole or not at all, and refused
 * when the database is damaged or out of reach? */
#include "support/home.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

#include "group/identity.h"
#include "group/peer_name.h"

static void make(const char *classifier, const char *friendly_name, struct identity *identity)
{
    assert_ok(identity_create(classifier, friendly_name, NULL, identity));
}

/* The path of an identity's key file, in static memory. */
static const char *key_path(const struct hash *hash)
{
    static char path[512];
    char name[HASH_TEXT_SIZE];
    hash_format(hash, name);
    snprintf(path, sizeof(path), "%s/keys/%s", test_home, name);
    return path;
}

static bool has_key_file(const struct hash *hash)
{
    struct stat status;
    return stat(key_path(hash), &status) == 0;
}

/* Runs SQL on the user's database behind the library's back. */
static void tamper(const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(home_file("user.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_created_is_found_with_its_key(void **state)
{
    (void)state;
    struct identity made, found;
    struct signing_key *key = NULL;
    struct stat status;
    uint8_t public_key[KEY_SIZE];
    make("work", "Ann \xC3\xA4", &made);
    assert_true(peer_name_matches(made.peer_name, &made.key_hash));
    assert_string_equal(made.peer_name + 40, ".work");
    assert_ok(identity_state(made.peer_name));
    assert_ok(identity_find(made.peer_name, &found));
    assert_string_equal(found.peer_name, made.peer_name);
    assert_string_equal(found.friendly_name, "Ann \xC3\xA4");
    assert_true(hash_equal(&found.key_hash, &made.key_hash));
    assert_true(found.created == made.created && found.created > TICKS_UNIX_EPOCH);
    assert_ok(identity_key(made.peer_name, &key));
    signing_key_public(key, public_key);
    assert_memory_equal(public_key, found.key, KEY_SIZE);
    assert_int_equal(stat(home_file("user.db"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    signing_key_free(key);
    identity_deinit(&made);
    identity_deinit(&found);
}

static void test_names_have_defaults(void **state)
{
    (void)state;
    struct identity plain, empty;
    make(NULL, NULL, &plain);
    make("", "", &empty);
    assert_string_equal(plain.peer_name + 40, ".");
    assert_string_equal(plain.friendly_name, plain.peer_name);
    assert_string_equal(empty.friendly_name, empty.peer_name);
    identity_deinit(&plain);
    identity_deinit(&empty);
}

static void test_bad_classifier_makes_nothing(void **state)
{
    (void)state;
    struct identity identity;
    char big[152];
    memset(big, 'x', sizeof(big));
    big[150] = '\0';
    assert_hr(identity_create(big, NULL, NULL, &identity), PEER_E_INVALID_CLASSIFIER);
    assert_null(identity.peer_name);
    assert_hr(identity_create("a\nb", NULL, NULL, &identity), PEER_E_INVALID_CLASSIFIER);
    assert_int_equal(access(home_file("user.db"), F_OK), -1);
    assert_int_equal(access(home_file("keys"), F_OK), -1);
    big[149] = '\0';
    make(big, NULL, &identity);
    identity_deinit(&identity);
}

static void test_nothing_there_is_not_found(void **state)
{
    (void)state;
    struct identity identity;
    struct signing_key *key;
    bool deleted = true;
    struct hash hash = HASH_NULL;
    assert_hr(identity_find(NULL, &identity), PEER_E_NOT_FOUND);
    assert_hr(identity_find("x", &identity), PEER_E_NOT_FOUND);
    assert_hr(identity_state("x"), PEER_E_NOT_FOUND);
    assert_hr(identity_key(NULL, &key), PEER_E_NOT_FOUND);
    assert_hr(identity_delete("x"), PEER_E_NOT_FOUND);
    assert_hr(identity_set_friendly_name("x", "y"), PEER_E_NOT_FOUND);
    assert_ok(identity_was_deleted(&hash, &deleted));
    assert_false(deleted);
    /* Asking makes no files. */
    assert_int_equal(access(home_file("user.db"), F_OK), -1);
}

static void test_one_key_many_classifiers(void **state)
{
    (void)state;
    struct signing_key *key = NULL;
    struct identity first, second, again;
    assert_ok(signing_key_new(&key));
    assert_ok(identity_create("a", NULL, key, &first));
    assert_ok(identity_create("b", NULL, key, &second));
    assert_hr(identity_create("a", "other", key, &again), PEER_E_ALREADY_EXISTS);
    assert_null(again.peer_name);
    assert_memory_equal(first.peer_name, second.peer_name, 41);
    /* The refused one left the key where it is, and so does the end of one of two. */
    assert_true(has_key_file(&first.key_hash));
    assert_ok(identity_delete(first.peer_name));
    assert_true(has_key_file(&first.key_hash));
    assert_ok(identity_delete(second.peer_name));
    assert_false(has_key_file(&first.key_hash));
    identity_deinit(&first);
    identity_deinit(&second);
    signing_key_free(key);
}

static void test_default_is_the_oldest_that_exists(void **state)
{
    (void)state;
    struct identity first, second, found;
    make("1", NULL, &first);
    make("2", NULL, &second);
    assert_ok(identity_find(NULL, &found));
    assert_string_equal(found.peer_name, first.peer_name);
    identity_deinit(&found);
    assert_ok(identity_set_friendly_name(NULL, "default"));
    assert_ok(identity_delete(first.peer_name));
    assert_ok(identity_find(NULL, &found));
    assert_string_equal(found.peer_name, second.peer_name);
    assert_string_equal(found.friendly_name, second.peer_name);
    identity_deinit(&found);
    identity_deinit(&first);
    identity_deinit(&second);
}

static void test_rename_and_reset(void **state)
{
    (void)state;
    struct identity made, found;
    make("a", "before", &made);
    static const char *const resets[] = {NULL, ""};
    for (size_t i = 0; i < ARRAY_SIZE(resets); i++) {
        assert_ok(identity_set_friendly_name(made.peer_name, "after"));
        assert_ok(identity_find(made.peer_name, &found));
        assert_string_equal(found.friendly_name, "after");
        identity_deinit(&found);
        assert_ok(identity_set_friendly_name(made.peer_name, resets[i]));
        assert_ok(identity_find(made.peer_name, &found));
        assert_string_equal(found.friendly_name, made.peer_name);
        identity_deinit(&found);
    }
    identity_deinit(&made);
}

static void test_deleted_leaves_a_tombstone_until_it_comes_back(void **state)
{
    (void)state;
    struct signing_key *key = NULL;
    struct identity made, found;
    bool deleted = false;
    assert_ok(signing_key_new(&key));
    assert_ok(identity_create("a", NULL, key, &made));
    assert_ok(identity_was_deleted(&made.key_hash, &deleted));
    assert_false(deleted);
    assert_ok(identity_delete(made.peer_name));
    assert_hr(identity_state(made.peer_name), IDENTITY_E_DELETED);
    assert_hr(identity_find(made.peer_name, &found), PEER_E_NOT_FOUND);
    assert_hr(identity_delete(made.peer_name), PEER_E_NOT_FOUND);
    assert_ok(identity_was_deleted(&made.key_hash, &deleted));
    assert_true(deleted);
    identity_deinit(&made);

    assert_ok(identity_create("a", NULL, key, &made));
    assert_ok(identity_state(made.peer_name));
    assert_ok(identity_was_deleted(&made.key_hash, &deleted));
    assert_false(deleted);
    assert_true(has_key_file(&made.key_hash));
    identity_deinit(&made);
    signing_key_free(key);
}

/* A deletion that was cut off before the key's file went is made up for later. */
static void test_left_key_is_collected(void **state)
{
    (void)state;
    struct signing_key *key = NULL;
    struct identity made, other;
    make("a", NULL, &made);
    assert_ok(key_file_load(&made.key_hash, &key));
    assert_ok(identity_delete(made.peer_name));
    assert_ok(key_file_save(key));
    tamper("UPDATE tombstones SET key_left = 1");
    assert_true(has_key_file(&made.key_hash));
    make("b", NULL, &other);
    assert_false(has_key_file(&made.key_hash));
    assert_true(has_key_file(&other.key_hash));
    struct hash key_hash_of_first = made.key_hash;
    identity_deinit(&made);
    identity_deinit(&other);

    /* By a start of the library, too. */
    assert_ok(key_file_save(key));
    tamper("UPDATE tombstones SET key_left = 1");
    identity_collect();
    assert_false(has_key_file(&key_hash_of_first));

    /* But never from under an identity that came to use the key. */
    assert_ok(identity_create("a", NULL, key, &made));
    assert_ok(identity_create("c", NULL, key, &other));
    assert_ok(identity_delete(other.peer_name));
    tamper("UPDATE tombstones SET key_left = 1");
    identity_deinit(&other);
    make("d", NULL, &other);
    assert_true(has_key_file(&made.key_hash));
    identity_deinit(&made);
    identity_deinit(&other);
    signing_key_free(key);
}

/* A key's file that cannot go keeps no other from going, and is not told of another identity. */
static void test_stuck_key_holds_up_no_other(void **state)
{
    (void)state;
    struct identity stuck, others[4];
    make("stuck", NULL, &stuck);
    for (int i = 0; i < 4; i++)
        make("other", NULL, &others[i]);
    assert_ok(identity_delete(stuck.peer_name));
    assert_int_equal(mkdir(key_path(&stuck.key_hash), 0700), 0);
    tamper("UPDATE tombstones SET key_left = 1");
    for (int i = 0; i < 4; i++) {
        assert_ok(identity_delete(others[i].peer_name));
        assert_false(has_key_file(&others[i].key_hash));
        identity_deinit(&others[i]);
    }
    assert_int_equal(rmdir(key_path(&stuck.key_hash)), 0);
    identity_deinit(&stuck);
}

static HRESULT count_visit(void *context, const struct identity *identity)
{
    char expected[32];
    int *count = context;
    snprintf(expected, sizeof(expected), ".%d", *count);
    assert_string_equal(identity->peer_name + 40, expected);
    return ++*count == 5 ? E_ABORT : S_OK;
}

static void test_each_visits_in_order_and_stops_when_told(void **state)
{
    (void)state;
    int count = 0;
    assert_ok(identity_each(count_visit, &count));
    assert_int_equal(count, 0);
    for (int i = 0; i < 6; i++) {
        struct identity identity;
        char classifier[16];
        snprintf(classifier, sizeof(classifier), "%d", i);
        make(classifier, NULL, &identity);
        identity_deinit(&identity);
        if (i == 2) {
            assert_ok(identity_each(count_visit, &count));
            assert_int_equal(count, 3);
            count = 0;
        }
    }
    assert_hr(identity_each(count_visit, &count), E_ABORT);
    assert_int_equal(count, 5);
}

static void test_limit(void **state)
{
    (void)state;
    struct identity identity, more;
    make("first", NULL, &identity);
    tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1022)"
           " INSERT INTO identities(peer_name, friendly_name, key_hash, key, created)"
           " SELECT 'filler' || i, '', x'00', x'00', 0 FROM n");
    make("last", NULL, &more);
    identity_deinit(&more);
    assert_hr(identity_create("more", NULL, NULL, &more), PEER_E_TOO_MANY_IDENTITIES);
    assert_null(more.peer_name);
    assert_ok(identity_delete(identity.peer_name));
    make("more", NULL, &more);
    identity_deinit(&more);
    identity_deinit(&identity);
}

static void test_key_out_of_reach(void **state)
{
    (void)state;
    struct identity made;
    struct signing_key *key = NULL;
    make("a", NULL, &made);
    assert_int_equal(chmod(key_path(&made.key_hash), 0644), 0);
    assert_hr(identity_key(made.peer_name, &key), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(unlink(key_path(&made.key_hash)), 0);
    assert_hr(identity_key(made.peer_name, &key), PEER_E_NO_KEY_ACCESS);
    home_write(key_path(&made.key_hash), "no key", 6, 0600);
    assert_hr(identity_key(made.peer_name, &key), NTE_BAD_KEYSET);
    assert_null(key);
    identity_deinit(&made);
}

static void test_damaged_database(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "UPDATE identities SET key = x'00'",
        "UPDATE identities SET key = zeroblob(32)",
        "UPDATE identities SET key_hash = zeroblob(32)",
        "UPDATE identities SET peer_name = 'x.y'",
        "UPDATE identities SET peer_name = CAST(x'FF' AS TEXT)",
        "UPDATE identities SET friendly_name = x'00'",
        "ALTER TABLE identities RENAME TO other",
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 1",
    };
    struct identity identity;
    char junk[8192];
    memset(junk, 'j', sizeof(junk));
    for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
        make("a", NULL, &identity);
        identity_deinit(&identity);
        tamper(damages[i]);
        assert_hr(identity_find(NULL, &identity), PEER_E_INVALID_DATABASE);
        assert_null(identity.peer_name);
        assert_int_equal(unlink(home_file("user.db")), 0);
    }
    home_write(home_file("user.db"), junk, sizeof(junk), 0600);
    assert_hr(identity_find(NULL, &identity), PEER_E_INVALID_DATABASE);
    assert_hr(identity_create(NULL, NULL, NULL, &identity), PEER_E_INVALID_DATABASE);
    assert_hr(identity_delete("x"), PEER_E_INVALID_DATABASE);
}

static void test_unsafe_database_file(void **state)
{
    (void)state;
    struct identity identity;
    make("a", NULL, &identity);
    identity_deinit(&identity);
    assert_int_equal(chmod(home_file("user.db"), 0640), 0);
    assert_hr(identity_find(NULL, &identity), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(unlink(home_file("user.db")), 0);
    assert_int_equal(symlink("/dev/null", home_file("user.db")), 0);
    assert_hr(identity_create(NULL, NULL, NULL, &identity), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(unlink(home_file("user.db")), 0);
    assert_int_equal(chmod(test_home, 0755), 0);
    assert_hr(identity_create(NULL, NULL, NULL, &identity), PEER_E_NO_KEY_ACCESS);
}

static bool read_only(void)
{
    struct identity made, other;
    bool well = expect_hr(identity_create("a", NULL, NULL, &made), S_OK);
    chmod(test_home, 0500);
    well &= expect_hr(identity_create("b", NULL, NULL, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(identity_delete(made.peer_name), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(identity_set_friendly_name(made.peer_name, "x"), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(identity_find(made.peer_name, &other), S_OK);
    chmod(test_home, 0700);
    chmod(home_file("keys"), 0500);
    well &= expect_hr(identity_create("b", NULL, NULL, &other), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(identity_delete(made.peer_name), PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    well &= expect_hr(identity_find(made.peer_name, &other), S_OK);
    well &= expect_hr(identity_delete(made.peer_name), S_OK);
    return well;
}

static void test_read_only_folder(void **state)
{
    (void)state;
    as_ordinary_user(read_only);
}

static struct signing_key *swept_key;
static struct identity swept;

static HRESULT call_create(void)
{
    return identity_create("0", NULL, swept_key, &swept);
}

/* A create that failed left nothing, and allows the very same create. */
static void after_create(HRESULT hr)
{
    int count = 0;
    if (SUCCEEDED(hr)) {
        assert_ok(identity_delete(swept.peer_name));
        identity_deinit(&swept);
        return;
    }
    assert_null(swept.peer_name);
    assert_ok(identity_each(count_visit, &count));
    assert_int_equal(count, 0);
    struct hash hash;
    uint8_t public_key[KEY_SIZE];
    signing_key_public(swept_key, public_key);
    key_hash(public_key, &hash);
    assert_false(has_key_file(&hash));
}

static void test_create_survives_want_of_memory(void **state)
{
    (void)state;
    assert_ok(signing_key_new(&swept_key));
    assert_true(sweep(call_create, after_create) > 20);
    signing_key_free(swept_key);
}

static HRESULT call_delete(void)
{
    return identity_delete(swept.peer_name);
}

/* A deletion that failed left all; one that did not left neither row nor, by the next one, key. */
static void after_delete(HRESULT hr)
{
    if (FAILED(hr)) {
        assert_ok(identity_state(swept.peer_name));
        assert_true(has_key_file(&swept.key_hash));
        return;
    }
    struct hash gone = swept.key_hash;
    assert_hr(identity_state(swept.peer_name), IDENTITY_E_DELETED);
    identity_deinit(&swept);
    make("0", NULL, &swept);
    assert_false(has_key_file(&gone));
}

static void test_delete_survives_want_of_memory(void **state)
{
    (void)state;
    make("0", NULL, &swept);
    assert_true(sweep(call_delete, after_delete) > 20);
    identity_deinit(&swept);
}

static char *owner;

static HRESULT call_find(void)
{
    struct identity found;
    HRESULT hr = identity_find(NULL, &found);
    assert_true(SUCCEEDED(hr) == (found.peer_name != NULL));
    identity_deinit(&found);
    return hr;
}

static HRESULT call_key(void)
{
    struct signing_key *key;
    HRESULT hr = identity_key(owner, &key);
    assert_true(SUCCEEDED(hr) == (key != NULL));
    signing_key_free(key);
    return hr;
}

static HRESULT call_each(void)
{
    int count = 0;
    return identity_each(count_visit, &count);
}

static HRESULT call_rename(void)
{
    return identity_set_friendly_name(owner, "b");
}

static HRESULT call_state(void)
{
    return identity_state(owner);
}

static HRESULT call_was_deleted(void)
{
    bool deleted;
    struct hash hash = HASH_NULL;
    return identity_was_deleted(&hash, &deleted);
}

static void test_other_calls_survive_want_of_memory(void **state)
{
    (void)state;
    static HRESULT (*const calls[])(void) = {call_find,   call_key,   call_each,
                                             call_rename, call_state, call_was_deleted};
    struct identity made;
    make("0", NULL, &made);
    owner = made.peer_name;
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
        assert_true(sweep(calls[i], NULL) > 5);
    identity_deinit(&made);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_created_is_found_with_its_key),
        TEST(test_names_have_defaults),
        TEST(test_bad_classifier_makes_nothing),
        TEST(test_nothing_there_is_not_found),
        TEST(test_one_key_many_classifiers),
        TEST(test_default_is_the_oldest_that_exists),
        TEST(test_rename_and_reset),
        TEST(test_deleted_leaves_a_tombstone_until_it_comes_back),
        TEST(test_left_key_is_collected),
        TEST(test_stuck_key_holds_up_no_other),
        TEST(test_each_visits_in_order_and_stops_when_told),
        TEST(test_limit),
        TEST(test_key_out_of_reach),
        TEST(test_damaged_database),
        TEST(test_unsafe_database_file),
        TEST(test_read_only_folder),
        TEST(test_create_survives_want_of_memory),
        TEST(test_delete_survives_want_of_memory),
        TEST(test_other_calls_survive_want_of_memory),
    };
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
