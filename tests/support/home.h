/* home.h - a folder of its own for each test program's identities, and runs as an ordinary user. */
#ifndef SUPPORT_HOME_H
#define SUPPORT_HOME_H

#include "support/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char test_home[128];

static inline int home_remove_one(const char *path, const struct stat *status, int kind,
                                  struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* home_clear removes the folder and all in it. */
static inline void home_clear(void)
{
    chmod(test_home, 0700);
    nftw(test_home, home_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* home_setup and home_teardown fit cmocka's fixtures: PEERGROUP_HOME is a fresh private folder, in
 * memory where the system has such a place, since every write below it is synced. */
static inline int home_setup(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    if (!base)
        base = access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(test_home, sizeof(test_home), "%s/peergroup-test-XXXXXX", base);
    return mkdtemp(test_home) && setenv("PEERGROUP_HOME", test_home, 1) == 0 ? 0 : -1;
}

static inline int home_teardown(void **state)
{
    (void)state;
    home_clear();
    return 0;
}

/* home_file gives "home/name" in static memory. */
static inline const char *home_file(const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", test_home, name);
    return path;
}

/* home_write replaces a file's content and mode. */
static inline void home_write(const char *path, const void *data, size_t size, mode_t mode)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* as_ordinary_user runs body in a child that is not root and has a home of its own; fails the test
 * when body does. body returns whether all was well: cmocka's checks belong to the parent. */
static inline void as_ordinary_user_at(bool (*body)(void), const char *file, int line)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
                               setresuid(65534, 65534, 65534) != 0))
            _exit(3);
        if (home_setup(NULL) != 0)
            _exit(4);
        bool well = body();
        home_clear();
        _exit(well ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        print_error("%s:%d: child ended with status 0x%x\n", file, line, (unsigned)status);
        _fail(file, line);
    }
}
#define as_ordinary_user(body) as_ordinary_user_at((body), __FILE__, __LINE__)

/* expect_hr is assert_hr for such a body: says what came and returns false. */
static inline bool expect_hr_at(HRESULT got, HRESULT want, const char *file, int line)
{
    if (got != want)
        print_error("%s:%d: got 0x%08x, want 0x%08x\n", file, line, (unsigned)got, (unsigned)want);
    return got == want;
}
#define expect_hr(expression, want) expect_hr_at((expression), (want), __FILE__, __LINE__)

#endif
