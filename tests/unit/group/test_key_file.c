/* Does a key come back as it was saved, and is every file refused that is not whole, not ours alone
 * or not the key of its name? */
#include "support/home.h"
#include "support/sweep.h"

#include "group/identity.h"

#include <sched.h>
#include <sys/mount.h>

struct saved {
    struct signing_key *key;
    struct hash hash;
    char path[512];
};

static void save_new(struct saved *saved)
{
    uint8_t public_key[KEY_SIZE];
    char name[HASH_TEXT_SIZE];
    assert_ok(signing_key_new(&saved->key));
    signing_key_public(saved->key, public_key);
    key_hash(public_key, &saved->hash);
    hash_format(&saved->hash, name);
    snprintf(saved->path, sizeof(saved->path), "%s/keys/%s", test_home, name);
    assert_ok(key_file_save(saved->key));
}

static void assert_same_key(const struct signing_key *a, const struct signing_key *b)
{
    uint8_t first[SEED_SIZE], second[SEED_SIZE];
    signing_key_seed(a, first);
    signing_key_seed(b, second);
    assert_memory_equal(first, second, SEED_SIZE);
}

static size_t read_whole(const char *path, uint8_t *data, size_t size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t done = fread(data, 1, size, file);
    fclose(file);
    return done;
}

static void test_comes_back(void **state)
{
    (void)state;
    struct saved saved;
    struct signing_key *loaded = NULL;
    struct stat status;
    save_new(&saved);
    assert_int_equal(stat(saved.path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_ok(key_file_load(&saved.hash, &loaded));
    assert_same_key(saved.key, loaded);
    signing_key_free(loaded);

    /* Saving again, over a damaged one too, replaces it. */
    home_write(saved.path, "damaged", 7, 0600);
    assert_ok(key_file_save(saved.key));
    assert_ok(key_file_load(&saved.hash, &loaded));
    assert_same_key(saved.key, loaded);
    signing_key_free(loaded);

    assert_ok(key_file_remove(&saved.hash));
    assert_hr(key_file_load(&saved.hash, &loaded), PEER_E_NOT_FOUND);
    assert_null(loaded);
    assert_hr(key_file_remove(&saved.hash), PEER_E_NOT_FOUND);
    signing_key_free(saved.key);
}

static void test_nothing_saved_is_not_found(void **state)
{
    (void)state;
    struct signing_key *loaded = NULL;
    struct hash hash = HASH_NULL;
    assert_hr(key_file_load(&hash, &loaded), PEER_E_NOT_FOUND);
    assert_hr(key_file_remove(&hash), PEER_E_NOT_FOUND);
}

static void test_no_temporary_file_stays(void **state)
{
    (void)state;
    struct saved saved;
    struct stat status;
    save_new(&saved);
    /* Only the key's own file makes the folder's content: removing it lets the folder go. */
    assert_int_equal(stat(saved.path, &status), 0);
    assert_ok(key_file_remove(&saved.hash));
    assert_int_equal(rmdir(home_file("keys")), 0);
    signing_key_free(saved.key);
}

/* Every byte of the file matters, and so does its length. */
static void test_damage_is_bad_keyset(void **state)
{
    (void)state;
    struct saved saved;
    struct signing_key *loaded = NULL;
    uint8_t whole[256], damaged[256];
    save_new(&saved);
    size_t size = read_whole(saved.path, whole, sizeof(whole));
    for (size_t i = 0; i < size; i++) {
        memcpy(damaged, whole, size);
        damaged[i] ^= 0x10;
        home_write(saved.path, damaged, size, 0600);
        assert_hr(key_file_load(&saved.hash, &loaded), NTE_BAD_KEYSET);
        assert_null(loaded);
    }
    whole[size] = 0;
    for (size_t length = 0; length <= size + 1; length++) {
        home_write(saved.path, whole, length, 0600);
        assert_hr(key_file_load(&saved.hash, &loaded), length == size ? S_OK : NTE_BAD_KEYSET);
        signing_key_free(loaded);
    }
    signing_key_free(saved.key);
}

static void test_key_of_another_name_is_bad_keyset(void **state)
{
    (void)state;
    struct saved first, second;
    struct signing_key *loaded = NULL;
    save_new(&first);
    save_new(&second);
    assert_int_equal(rename(first.path, second.path), 0);
    assert_hr(key_file_load(&second.hash, &loaded), NTE_BAD_KEYSET);
    assert_hr(key_file_load(&first.hash, &loaded), PEER_E_NOT_FOUND);
    signing_key_free(first.key);
    signing_key_free(second.key);
}

static void test_unsafe_file_is_no_key_access(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610};
    struct saved saved;
    struct signing_key *loaded = NULL;
    save_new(&saved);
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        assert_int_equal(chmod(saved.path, modes[i]), 0);
        assert_hr(key_file_load(&saved.hash, &loaded), PEER_E_NO_KEY_ACCESS);
    }
    assert_int_equal(chmod(saved.path, 0600), 0);
    assert_int_equal(rename(saved.path, home_file("elsewhere")), 0);
    assert_int_equal(symlink(home_file("elsewhere"), saved.path), 0);
    assert_hr(key_file_load(&saved.hash, &loaded), PEER_E_NO_KEY_ACCESS);
    assert_int_equal(unlink(saved.path), 0);
    assert_int_equal(mkfifo(saved.path, 0600), 0);
    assert_hr(key_file_load(&saved.hash, &loaded), PEER_E_NO_KEY_ACCESS);
    signing_key_free(saved.key);
}

static bool without_rights(void)
{
    struct signing_key *key = NULL, *loaded = NULL;
    struct hash hash;
    uint8_t public_key[KEY_SIZE];
    char name[HASH_TEXT_SIZE], path[512];
    bool well = expect_hr(signing_key_new(&key), S_OK) && expect_hr(key_file_save(key), S_OK);
    signing_key_public(key, public_key);
    key_hash(public_key, &hash);
    hash_format(&hash, name);
    snprintf(path, sizeof(path), "%s/keys/%s", test_home, name);
    chmod(path, 0000);
    well &= expect_hr(key_file_load(&hash, &loaded), PEER_E_NO_KEY_ACCESS);
    chmod(path, 0600);
    chmod(home_file("keys"), 0500);
    well &= expect_hr(key_file_save(key), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(key_file_remove(&hash), PEER_E_NO_KEY_ACCESS);
    well &= expect_hr(key_file_load(&hash, &loaded), S_OK);
    chmod(home_file("keys"), 0700);
    return well;
}

static void test_no_rights_is_no_key_access(void **state)
{
    (void)state;
    as_ordinary_user(without_rights);
}

/* In a child with a file system of its own that has no room: 77 when that cannot be made here. */
static int on_full_disk(void)
{
    struct signing_key *key = NULL;
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", test_home, "tmpfs", 0, "mode=0700,size=8k") != 0)
        return 77;
    if (FAILED(signing_key_new(&key)) || mkdir(home_file("keys"), 0700) != 0)
        return 1;
    FILE *file = fopen(home_file("filler"), "wb");
    char page[4096] = {0};
    for (int i = 0; file && i < 8 && fwrite(page, sizeof(page), 1, file) == 1; i++)
        fflush(file);
    return expect_hr(key_file_save(key), PEER_E_DISK_FULL) && rmdir(home_file("keys")) == 0 ? 0 : 1;
}

static void test_full_disk(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0)
        _exit(on_full_disk());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static struct saved swept;

static HRESULT save_load_remove(void)
{
    struct signing_key *loaded = NULL;
    HRESULT hr = key_file_save(swept.key);
    if (SUCCEEDED(hr))
        hr = key_file_load(&swept.hash, &loaded);
    assert_true(SUCCEEDED(hr) == (loaded != NULL));
    signing_key_free(loaded);
    return SUCCEEDED(hr) ? key_file_remove(&swept.hash) : hr;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    save_new(&swept);
    assert_true(sweep(save_load_remove, NULL) > 5);
    signing_key_free(swept.key);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_comes_back),
        TEST(test_nothing_saved_is_not_found),
        TEST(test_no_temporary_file_stays),
        TEST(test_damage_is_bad_keyset),
        TEST(test_key_of_another_name_is_bad_keyset),
        TEST(test_unsafe_file_is_no_key_access),
        TEST(test_no_rights_is_no_key_access),
        TEST(test_full_disk),
        TEST(test_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
