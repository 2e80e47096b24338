/* home.c - the user's files below failing allocations: a template, copies of it, and a folder that
 * is put back to what it was.
 *
 * A ground that is used for many children has files open. So what a child did to them is undone in
 * place: each file has a second name in a folder beside the home, which keeps it alive when a child
 * removes or replaces the first. The content is compared and written only where it differs. All of
 * it lies in memory where the system has such a place. Whatever fails here ends the process. */
#include "oom.h"

#include "support/home.h"

enum { FILES_MAX = 64, PATH_MAX_SIZE = 256 };

struct kept {
    char path[PATH_MAX_SIZE]; /* below the home */
    mode_t mode;
    ino_t inode;
    size_t size;
    char *bytes; /* NULL: a folder */
    bool there;  /* seen by oom_home_restore */
};

static char template_home[sizeof(test_home)];
static char kept_home[sizeof(test_home)];
static struct kept kept[FILES_MAX];
static size_t kept_count;

bool oom_home_new(void)
{
    return home_setup(NULL) == 0;
}

void oom_home_is_template(void)
{
    memcpy(template_home, test_home, sizeof(template_home));
}

static void clear_at(const char *home)
{
    if (*home)
        nftw(home, home_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void oom_home_clear(void)
{
    clear_at(test_home);
    clear_at(kept_home);
}

/* The files of a ground stay for its other children. */
_Noreturn void oom_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "# %s:%d: %s\n", file, line, what);
    if (kept_count == 0 && strcmp(test_home, template_home) != 0)
        clear_at(test_home);
    _exit(1);
}

void oom_home_clear_template(void)
{
    clear_at(template_home);
}

/* ---- content ---- */

/* Free with free. */
static char *read_whole(const char *path, size_t size)
{
    char *bytes = malloc(size + 1);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    OOM_CHECK(bytes && file >= 0);
    OOM_CHECK(read(file, bytes, size + 1) == (ssize_t)size);
    close(file);
    return bytes;
}

static void write_whole(const char *path, int flags, const struct kept *item)
{
    int file = open(path, O_WRONLY | O_CLOEXEC | flags, item->mode);
    OOM_CHECK(file >= 0);
    OOM_CHECK(pwrite(file, item->bytes, item->size, 0) == (ssize_t)item->size);
    OOM_CHECK(ftruncate(file, (off_t)item->size) == 0);
    close(file);
}

static int copy_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    char target[2 * PATH_MAX_SIZE];
    struct kept item = {.mode = status->st_mode & 0777, .size = (size_t)status->st_size};
    if (walk->level == 0)
        return 0;
    snprintf(target, sizeof(target), "%s%s", test_home, path + strlen(template_home));
    if (kind == FTW_D)
        return mkdir(target, item.mode);
    item.bytes = read_whole(path, item.size);
    write_whole(target, O_CREAT | O_EXCL, &item);
    free(item.bytes);
    return 0;
}

void oom_home_copy(void)
{
    OOM_CHECK(oom_home_new());
    OOM_CHECK(nftw(template_home, copy_entry, 16, FTW_PHYS) == 0);
}

/* ---- back to what it was ---- */

/* The path below the home and its second name. */
static void names_of(const struct kept *item, char first[2 * PATH_MAX_SIZE],
                     char second[2 * PATH_MAX_SIZE])
{
    snprintf(first, 2 * PATH_MAX_SIZE, "%s%s", test_home, item->path);
    snprintf(second, 2 * PATH_MAX_SIZE, "%s/%zu", kept_home, (size_t)(item - kept));
}

static int keep_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    char first[2 * PATH_MAX_SIZE], second[2 * PATH_MAX_SIZE];
    if (walk->level == 0)
        return 0;
    OOM_CHECK(kept_count < FILES_MAX && strlen(path) - strlen(test_home) < PATH_MAX_SIZE);
    struct kept *item = &kept[kept_count++];
    strcpy(item->path, path + strlen(test_home));
    item->mode = status->st_mode & 0777;
    item->inode = status->st_ino;
    if (kind == FTW_D)
        return 0;
    item->size = (size_t)status->st_size;
    item->bytes = read_whole(path, item->size);
    names_of(item, first, second);
    return link(first, second);
}

void oom_home_keep(void)
{
    snprintf(kept_home, sizeof(kept_home), "%.*s-kept", (int)sizeof(kept_home) - 6, test_home);
    OOM_CHECK(mkdir(kept_home, 0700) == 0);
    OOM_CHECK(nftw(test_home, keep_entry, 16, FTW_PHYS) == 0);
}

static struct kept *kept_at(const char *path, const struct stat *status)
{
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].inode == status->st_ino && strcmp(kept[i].path, path + strlen(test_home)) == 0)
            return &kept[i];
    }
    return NULL;
}

/* Folders and files that were not there go, and so do files that took the place of another. */
static int drop_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)kind;
    if (walk->level == 0)
        return 0;
    struct kept *item = kept_at(path, status);
    if (!item)
        return remove(path);
    item->there = true;
    if ((status->st_mode & 0777) != item->mode)
        return chmod(path, item->mode);
    return 0;
}

static bool is_same(const char *path, const struct kept *item)
{
    static char bytes[65536];
    bool same = true;
    size_t at = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    OOM_CHECK(file >= 0);
    while (same) {
        ssize_t size = read(file, bytes, sizeof(bytes));
        OOM_CHECK(size >= 0);
        if (size == 0)
            break;
        same = (size_t)size <= item->size - at && !memcmp(bytes, item->bytes + at, (size_t)size);
        at += (size_t)size;
    }
    close(file);
    return same && at == item->size;
}

static void put_back(const struct kept *item)
{
    char first[2 * PATH_MAX_SIZE], second[2 * PATH_MAX_SIZE];
    names_of(item, first, second);
    if (!item->there && !item->bytes)
        OOM_CHECK(mkdir(first, item->mode) == 0);
    if (!item->bytes)
        return;
    if (!item->there)
        OOM_CHECK(link(second, first) == 0 && chmod(first, item->mode) == 0);
    if (!is_same(first, item))
        write_whole(first, 0, item);
}

void oom_home_restore(void)
{
    for (size_t i = 0; i < kept_count; i++)
        kept[i].there = false;
    OOM_CHECK(nftw(test_home, drop_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
    for (size_t i = 0; i < kept_count; i++)
        put_back(&kept[i]);
}

/* ---- what a snapshot asks ---- */

bool oom_home_has_new_user(void)
{
    static char *last;
    static size_t last_size;
    const char *path = home_file("user.db");
    struct stat status = {0};
    char *bytes = lstat(path, &status) == 0 ? read_whole(path, (size_t)status.st_size) : NULL;
    bool same =
        bytes && last && (size_t)status.st_size == last_size && memcmp(bytes, last, last_size) == 0;
    free(last);
    last = bytes;
    last_size = (size_t)status.st_size;
    return !same;
}

static char listed[FILES_MAX][PATH_MAX_SIZE];
static size_t listed_count;

static int list_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)walk;
    const char *dash = strrchr(path, '-'), *dot = strrchr(path, '.');
    if (kind == FTW_D || (dash && (!strcmp(dash, "-wal") || !strcmp(dash, "-journal"))))
        return 0;
    OOM_CHECK(listed_count < FILES_MAX);
    bool varies =
        dot && (!strcmp(dot, ".db") || !strcmp(dot, ".lock")); /* a lock names a process */
    long size = varies ? -1 : (long)status->st_size;
    snprintf(listed[listed_count++], PATH_MAX_SIZE, "%ld %s", size, path + strlen(test_home));
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

size_t oom_home_list(char *text, size_t size)
{
    size_t used = 0;
    listed_count = 0;
    OOM_CHECK(nftw(test_home, list_entry, 16, FTW_PHYS) == 0);
    qsort(listed, listed_count, PATH_MAX_SIZE, compare_names);
    for (size_t i = 0; i < listed_count; i++) {
        OOM_CHECK(used + PATH_MAX_SIZE < size);
        used += (size_t)snprintf(text + used, size - used, "%s\n", listed[i]);
    }
    return used;
}
