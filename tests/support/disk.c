/* disk.c - the disk for tests: every file is also kept as the image that a power cut
 * would leave.
 *
 * Writes and truncations since a file's last sync wait in a list; a sync plays them into the image.
 * A cut plays all, none or some sectors of them into a copy. Deletion and renaming count as synced,
 * which is the harder case for a log. Files that were there before are taken as synced. */
#include "support/disk.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 16, SECTOR = 512 };

/* Its memory is not counted by the tests that let allocations fail. */
struct image {
    uint8_t *data;
    size_t size;
    size_t capacity;
};

struct pending {
    struct pending *next;
    int64_t offset;
    int64_t size; /* < 0: cut the file to offset */
    uint8_t data[];
};

struct disk_file {
    char path[256];
    struct image image;
    bool synced; /* there is an image */
    struct pending *first, **last;
};

struct test_file {
    sqlite3_file base;
    struct disk_file *kept;
    sqlite3_file *real;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* files, what they keep, room */
static struct disk_file files[FILES_MAX];
static sqlite3_vfs *real_vfs, disk_vfs;
static int64_t room = -1;
static _Atomic int sync_error;
static _Atomic uint64_t bytes_read, writes;
static void (*watcher)(void);
static uint32_t watch_every;

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void resize(struct image *image, size_t size)
{
    if (size > image->size) {
        if (size > image->capacity) {
            image->capacity = size * 2;
            image->data = realloc(image->data, image->capacity);
            check(image->data != NULL);
        }
        memset(image->data + image->size, 0, size - image->size);
    }
    image->size = size;
}

/* play applies the pending changes to image; those sectors that lose() names stay away. */
static void play(const struct disk_file *file, struct image *image, uint32_t *seed)
{
    for (const struct pending *change = file->first; change; change = change->next) {
        if (change->size < 0) {
            resize(image, (size_t)change->offset);
            continue;
        }
        for (int64_t at = 0; at < change->size;) {
            int64_t end = (change->offset + at) / SECTOR * SECTOR + SECTOR - change->offset;
            int64_t stop = end < change->size ? end : change->size;
            bool keep = true;
            if (seed) {
                *seed = *seed * 1664525u + 1013904223u;
                keep = (*seed >> 24) % 2 == 0;
            }
            if (keep) {
                if ((size_t)(change->offset + stop) > image->size)
                    resize(image, (size_t)(change->offset + stop));
                memcpy(image->data + change->offset + at, change->data + at, (size_t)(stop - at));
            }
            at = stop;
        }
    }
}

static void drop_pending(struct disk_file *file)
{
    while (file->first) {
        struct pending *next = file->first->next;
        free(file->first);
        file->first = next;
    }
    file->last = &file->first;
}

static void forget(struct disk_file *file)
{
    drop_pending(file);
    free(file->image.data);
    file->image = (struct image){.data = NULL};
    file->path[0] = '\0';
    file->synced = false;
}

static void add_pending(struct disk_file *file, int64_t offset, int64_t size, const void *data)
{
    struct pending *change = malloc(sizeof(*change) + (size > 0 ? (size_t)size : 0));
    check(change != NULL);
    *change = (struct pending){.offset = offset, .size = size};
    if (size > 0)
        memcpy(change->data, data, (size_t)size);
    *file->last = change;
    file->last = &change->next;
}

static struct disk_file *find_file(const char *path)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    return NULL;
}

static struct disk_file *keep_file(const char *path, sqlite3_file *real)
{
    struct disk_file *file = find_file(path);
    if (file)
        return file;
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i].path[0] && access(files[i].path, F_OK) != 0)
            forget(&files[i]); /* removed without asking SQLite */
    file = find_file("");
    check(file && strlen(path) < sizeof(file->path));
    strcpy(file->path, path);
    file->last = &file->first;
    sqlite3_int64 size = 0;
    check(real->pMethods->xFileSize(real, &size) == SQLITE_OK);
    if (size > 0) {
        resize(&file->image, (size_t)size);
        check(real->pMethods->xRead(real, file->image.data, (int)size, 0) == SQLITE_OK);
        file->synced = true;
    }
    return file;
}

#define REAL(file) (((struct test_file *)(file))->real)
#define KEPT(file) (((struct test_file *)(file))->kept)

static int file_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int file_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset)
{
    bytes_read += (uint64_t)size;
    return REAL(file)->pMethods->xRead(REAL(file), data, size, offset);
}

static bool take_room(int size)
{
    pthread_mutex_lock(&lock);
    bool fits = room < 0 || size <= room;
    if (room >= 0 && fits)
        room -= size;
    pthread_mutex_unlock(&lock);
    return fits;
}

static int file_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
    if (!take_room(size)) {
        errno = ENOSPC;
        return SQLITE_FULL;
    }
    if (watcher && ++writes % watch_every == 0)
        watcher();
    if (KEPT(file)) {
        pthread_mutex_lock(&lock);
        add_pending(KEPT(file), offset, size, data);
        pthread_mutex_unlock(&lock);
    }
    return REAL(file)->pMethods->xWrite(REAL(file), data, size, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (KEPT(file)) {
        pthread_mutex_lock(&lock);
        add_pending(KEPT(file), size, -1, NULL);
        pthread_mutex_unlock(&lock);
    }
    return REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int file_sync(sqlite3_file *file, int flags)
{
    (void)flags;
    if (watcher)
        watcher();
    if (sync_error) {
        errno = sync_error;
        return SQLITE_IOERR_FSYNC;
    }
    struct disk_file *kept = KEPT(file);
    if (kept) {
        pthread_mutex_lock(&lock);
        play(kept, &kept->image, NULL);
        kept->synced = true;
        drop_pending(kept);
        pthread_mutex_unlock(&lock);
    }
    return SQLITE_OK; /* the real disk is spared */
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), size);
}

static int file_lock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xLock(REAL(file), level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}

static int file_check_reserved(sqlite3_file *file, int *out)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}

static int file_control(sqlite3_file *file, int op, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), op, argument);
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1: no shared memory, which the store does without. */
static const sqlite3_io_methods file_methods = {
    .iVersion = 1,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
};

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                     int *flags_out)
{
    (void)vfs;
    struct test_file *test = (struct test_file *)file;
    test->base.pMethods = NULL;
    test->kept = NULL;
    test->real = (sqlite3_file *)(test + 1);
    int rc = real_vfs->xOpen(real_vfs, name, test->real, flags, flags_out);
    if (!test->real->pMethods)
        return rc;
    test->base.pMethods = &file_methods;
    if (name && rc == SQLITE_OK) {
        pthread_mutex_lock(&lock);
        test->kept = keep_file(name, test->real);
        pthread_mutex_unlock(&lock);
    }
    return rc;
}

static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    pthread_mutex_lock(&lock);
    struct disk_file *file = find_file(name);
    if (file && file->path[0])
        forget(file);
    pthread_mutex_unlock(&lock);
    return real_vfs->xDelete(real_vfs, name, sync);
}

void disk_install(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    disk_vfs = *real_vfs;
    disk_vfs.zName = "test-disk";
    disk_vfs.pNext = NULL;
    disk_vfs.szOsFile = (int)sizeof(struct test_file) + real_vfs->szOsFile;
    disk_vfs.xOpen = disk_open;
    disk_vfs.xDelete = disk_delete;
    check(sqlite3_vfs_register(&disk_vfs, 1) == SQLITE_OK);
    room = -1;
    sync_error = 0;
    bytes_read = 0;
    writes = 0;
}

void disk_remove(void)
{
    watcher = NULL;
    sqlite3_vfs_unregister(&disk_vfs);
    sqlite3_vfs_register(real_vfs, 1);
    for (int i = 0; i < FILES_MAX; i++)
        forget(&files[i]);
}

void disk_bypass(bool bypass)
{
    sqlite3_vfs_register(bypass ? real_vfs : &disk_vfs, 1);
}

void disk_set_room(int64_t bytes)
{
    pthread_mutex_lock(&lock);
    room = bytes;
    pthread_mutex_unlock(&lock);
}

void disk_fail_sync(int error)
{
    sync_error = error;
}

uint64_t disk_bytes_read(void)
{
    return bytes_read;
}

void disk_watch(void (*callback)(void), uint32_t n)
{
    watcher = callback;
    watch_every = n;
}

void disk_cut(const char *folder, enum disk_loss loss, uint32_t seed)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FILES_MAX; i++) {
        const struct disk_file *file = &files[i];
        if (!file->path[0] || (!file->synced && loss == DISK_LOSE_ALL))
            continue;
        struct image image = {.data = NULL};
        resize(&image, file->image.size);
        if (image.size > 0)
            memcpy(image.data, file->image.data, image.size);
        if (loss != DISK_LOSE_ALL)
            play(file, &image, loss == DISK_LOSE_SOME ? &seed : NULL);
        char name[512];
        snprintf(name, sizeof(name), "%s%s", folder, strrchr(file->path, '/'));
        FILE *out = fopen(name, "wb");
        check(out && fwrite(image.data, 1, image.size, out) == image.size && fclose(out) == 0);
        free(image.data);
    }
    pthread_mutex_unlock(&lock);
}
