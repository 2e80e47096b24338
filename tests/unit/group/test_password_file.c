/* Does the key of a password lie in a file of its own that nobody else can read, found again by
 * identity and group alone, and is whatever else lies there refused? */
#include "support/home.h"
#include "support/test.h"

#include "group/password_file.h"

#include <glob.h>

static const struct password_cost cost = {.memory_kib = PASSWORD_MEMORY_MIN, .passes = 2};

static struct password_key key_of(uint8_t number)
{
    struct password_key key = {.salt = {number, 9}, .cost = cost};
    uint8_t seed[SEED_SIZE] = {number};
    assert_ok(signing_key_from_seed(seed, &key.key));
    return key;
}

static void assert_kept(const char *identity, const char *group, const struct password_key *want)
{
    struct password_key got;
    uint8_t a[KEY_SIZE], b[KEY_SIZE];
    assert_ok(password_file_load(identity, group, &got));
    assert_true(password_key_fits(&got, want->salt, &want->cost));
    signing_key_public(got.key, a);
    signing_key_public(want->key, b);
    assert_memory_equal(a, b, KEY_SIZE);
    password_key_deinit(&got);
}

/* The only file of keys/, in static memory. */
static const char *the_file(void)
{
    static char path[512];
    glob_t found;
    assert_int_equal(glob(home_file("keys/*"), 0, NULL, &found), 0);
    assert_int_equal(found.gl_pathc, 1);
    snprintf(path, sizeof(path), "%s", found.gl_pathv[0]);
    globfree(&found);
    return path;
}

static void test_one_for_each_identity_and_group(void **state)
{
    (void)state;
    struct password_key one = key_of(1), two = key_of(2), got;
    assert_hr(password_file_load("a", "g", &got), PEER_E_NOT_FOUND);
    assert_hr(password_file_remove("a", "g"), S_FALSE);
    assert_ok(password_file_save("a", "bg", &one));
    assert_ok(password_file_save("ab", "g", &two)); /* not the same two texts joined */
    assert_kept("a", "bg", &one);
    assert_kept("ab", "g", &two);
    assert_ok(password_file_save("a", "bg", &two));
    assert_kept("a", "bg", &two);
    assert_ok(password_file_remove("a", "bg"));
    assert_hr(password_file_load("a", "bg", &got), PEER_E_NOT_FOUND);
    assert_kept("ab", "g", &two);
    assert_ok(password_file_remove("ab", "g"));
    password_key_deinit(&one);
    password_key_deinit(&two);
}

static void test_what_is_no_such_file(void **state)
{
    (void)state;
    struct password_key key = key_of(1), got;
    uint8_t whole[200];
    assert_ok(password_file_save("a", "g", &key));
    const char *path = the_file();
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    FILE *file = fopen(path, "rb");
    size_t size = fread(whole, 1, sizeof(whole), file);
    fclose(file);
    assert_in_range(size, 64, sizeof(whole) - 1);
    for (size_t at = 0; at < size; at += 5) { /* any byte */
        whole[at] ^= 1;
        home_write(path, whole, size, 0600);
        assert_hr(password_file_load("a", "g", &got), NTE_BAD_KEYSET);
        assert_null(got.key);
        whole[at] ^= 1;
    }
    const size_t sizes[] = {0, 1, size - 1, size + 1};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        home_write(path, whole, sizes[i], 0600);
        assert_hr(password_file_load("a", "g", &got), NTE_BAD_KEYSET);
    }
    home_write(path, whole, size, 0644);
    assert_hr(password_file_load("a", "g", &got), PEER_E_NO_KEY_ACCESS);
    home_write(path, whole, size, 0600);
    assert_kept("a", "g", &key);
    assert_ok(password_file_remove("a", "g"));
    password_key_deinit(&key);
}

static void test_without_memory(void **state)
{
    (void)state;
    struct password_key key = key_of(1), got;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        mem_fail_nth(n);
        HRESULT hr = password_file_save("a", "g", &key);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
    }
    hit = true;
    for (uint64_t n = 1; hit; n++) {
        mem_fail_nth(n);
        HRESULT hr = password_file_load("a", "g", &got);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        password_key_deinit(&got);
    }
    assert_ok(password_file_remove("a", "g"));
    password_key_deinit(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_for_each_identity_and_group),
        cmocka_unit_test(test_what_is_no_such_file),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests_name("group-password-file", tests, home_setup, home_teardown);
}
