/* Is the user's folder where the environment says, private, made when asked for, and refused when
 * others may reach it? */
#include "support/home.h"
#include "support/sweep.h"

#include "group/home.h"

/* [point 2.32] The data is in the user's own folder. */
static void test_follows_the_environment(void **state)
{
    (void)state;
    char *path = NULL;
    assert_ok(home_path(false, &path));
    assert_string_equal(path, test_home);
    mem_free(path);

    setenv("PEERGROUP_HOME", home_file("own//"), 1);
    assert_ok(home_path(true, &path));
    assert_string_equal(path, home_file("own"));
    mem_free(path);

    unsetenv("PEERGROUP_HOME");
    setenv("XDG_DATA_HOME", home_file("data"), 1);
    assert_ok(home_path(true, &path));
    assert_string_equal(path, home_file("data/peergroup"));
    mem_free(path);

    /* A relative one is not valid and does not count. */
    setenv("XDG_DATA_HOME", "data", 1);
    setenv("HOME", home_file("me"), 1);
    assert_ok(home_path(true, &path));
    assert_string_equal(path, home_file("me/.local/share/peergroup"));
    mem_free(path);
    unsetenv("XDG_DATA_HOME");
    setenv("PEERGROUP_HOME", test_home, 1);
}

static void test_relative_home_is_made_absolute(void **state)
{
    (void)state;
    char *path = NULL;
    char here[512];
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(test_home), 0);
    setenv("PEERGROUP_HOME", "deep/er", 1);
    assert_ok(home_path(true, &path));
    assert_string_equal(path, home_file("deep/er"));
    mem_free(path);
    setenv("PEERGROUP_HOME", test_home, 1);
    assert_int_equal(chdir(here), 0);
}

static void test_missing_is_made_private_or_not_found(void **state)
{
    (void)state;
    char *path = NULL;
    struct stat status;
    setenv("PEERGROUP_HOME", home_file("a/b/c"), 1);
    assert_hr(home_path(false, &path), PEER_E_NOT_FOUND);
    assert_null(path);
    assert_ok(home_path(true, &path));
    mem_free(path);
    assert_int_equal(stat(home_file("a/b/c"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    setenv("PEERGROUP_HOME", test_home, 1);

    assert_hr(home_folder("keys", false, &path), PEER_E_NOT_FOUND);
    assert_ok(home_folder("keys", true, &path));
    assert_string_equal(path, home_file("keys"));
    mem_free(path);
    assert_int_equal(stat(home_file("keys"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
}

/* [point 2.32] The folder is the user's alone. */
static void test_open_to_others_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0750, 0705, 0720, 0702, 0777};
    char *path = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        assert_int_equal(chmod(test_home, modes[i]), 0);
        assert_hr(home_path(true, &path), PEER_E_NO_KEY_ACCESS);
        assert_null(path);
        assert_int_equal(chmod(test_home, 0700), 0);
        assert_int_equal(mkdir(home_file("keys"), 0700), 0);
        assert_int_equal(chmod(home_file("keys"), modes[i]), 0);
        assert_hr(home_folder("keys", true, &path), PEER_E_NO_KEY_ACCESS);
        assert_int_equal(rmdir(home_file("keys")), 0);
    }
}

static void test_what_is_no_folder_is_refused(void **state)
{
    (void)state;
    char *path = NULL;
    home_write(home_file("keys"), "x", 1, 0600);
    assert_hr(home_folder("keys", true, &path), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(unlink(home_file("keys")), 0);
    assert_int_equal(symlink("/tmp", home_file("keys")), 0);
    assert_hr(home_folder("keys", true, &path), PEER_E_NO_KEY_ACCESS);
    setenv("PEERGROUP_HOME", home_file("file/home"), 1);
    home_write(home_file("file"), "x", 1, 0600);
    assert_hr(home_path(true, &path), PEER_E_NO_KEY_ACCESS);
    setenv("PEERGROUP_HOME", test_home, 1);
}

static bool foreign_and_unwritable(void)
{
    char *path = NULL;
    /* Belongs to root. */
    setenv("PEERGROUP_HOME", "/", 1);
    bool well = expect_hr(home_path(true, &path), PEER_E_NO_KEY_ACCESS);
    setenv("PEERGROUP_HOME", test_home, 1);
    chmod(test_home, 0500);
    well &= expect_hr(home_folder("keys", true, &path), PEER_E_NO_KEY_ACCESS);
    chmod(test_home, 0700);
    return well;
}

static void test_foreign_or_unwritable_is_refused(void **state)
{
    (void)state;
    as_ordinary_user(foreign_and_unwritable);
}

static HRESULT make_keys_folder(void)
{
    char *path = NULL;
    HRESULT hr = home_folder("keys", true, &path);
    assert_true(SUCCEEDED(hr) == (path != NULL));
    mem_free(path);
    return hr;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    assert_true(sweep(make_keys_folder, NULL) > 1);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_follows_the_environment),
        TEST(test_relative_home_is_made_absolute),
        TEST(test_missing_is_made_private_or_not_found),
        TEST(test_open_to_others_is_refused),
        TEST(test_what_is_no_folder_is_refused),
        TEST(test_foreign_or_unwritable_is_refused),
        TEST(test_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
