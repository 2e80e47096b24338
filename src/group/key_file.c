/* key_file.c - signing keys at rest: one small file each, named by the hash of its public key.
 *
 * Saving writes a temporary file beside it, syncs, renames and syncs the folder, so that a key
 * file is always whole; the row that names it comes after. A file without a row, left by a crash,
 * harms nobody: the same key takes its place again. Loading accepts only a regular file of ours
 * that nobody else may read (else PEER_E_NO_KEY_ACCESS) and a seed that gives the very key of its
 * name (else NTE_BAD_KEYSET). The seed passes through one buffer on the stack that is wiped. */
#include "group/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

/* The frame: a line that says what it is, the seed, the hash of the public key. */
static const char frame_magic[] = "peergroup key 1\n";
enum { MAGIC_SIZE = 16, FILE_SIZE = MAGIC_SIZE + SEED_SIZE + HASH_SIZE };

struct frame {
    uint8_t bytes[FILE_SIZE + 1]; /* one more, to see that a file is too long */
};

static void frame_wipe(struct frame *frame)
{
    sodium_memzero(frame, sizeof(*frame));
}

static HRESULT write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return home_result(errno);
        data += done;
        size -= (size_t)done;
    }
    return S_OK;
}

/* Writes frame to a new file in folder and renames it to path. */
static HRESULT write_file(const char *folder, const char *path, const struct frame *frame)
{
    char *temporary CLEANUP_FREE = NULL;
    HRESULT hr = home_join(folder, ".new-XXXXXX", &temporary);
    if (FAILED(hr))
        return hr;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return home_result(errno);
    hr = write_all(fd, frame->bytes, FILE_SIZE);
    if (SUCCEEDED(hr) && fsync(fd) < 0)
        hr = home_result(errno);
    if (close(fd) < 0 && SUCCEEDED(hr))
        hr = home_result(errno);
    if (SUCCEEDED(hr) && rename(temporary, path) < 0)
        hr = home_result(errno);
    if (FAILED(hr)) {
        unlink(temporary);
        return hr;
    }
    /* A file that may not be durable stays: another identity may live on the same key. */
    return home_sync(folder);
}

/* Gives the folder of keys and the path of one in it. */
static HRESULT locate(const struct hash *key_hash, bool create, char **folder, char **path)
{
    char name[HASH_TEXT_SIZE];
    hash_format(key_hash, name);
    HRESULT hr = home_folder("keys", create, folder);
    return SUCCEEDED(hr) ? home_join(*folder, name, path) : hr;
}

HRESULT key_file_save(const struct signing_key *key)
{
    uint8_t public_key[KEY_SIZE];
    struct hash name;
    signing_key_public(key, public_key);
    key_hash(public_key, &name);

    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    HRESULT hr = locate(&name, true, &folder, &path);
    if (FAILED(hr))
        return hr;
    struct frame frame CLEANUP(frame_wipe);
    memcpy(frame.bytes, frame_magic, MAGIC_SIZE);
    signing_key_seed(key, frame.bytes + MAGIC_SIZE);
    memcpy(frame.bytes + MAGIC_SIZE + SEED_SIZE, name.bytes, HASH_SIZE);
    return write_file(folder, path, &frame);
}

/* Reads a file of ours; NTE_BAD_KEYSET when its size is wrong. */
static HRESULT read_file(const char *path, struct frame *frame)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return home_result(errno);
    HRESULT hr = fstat(fd, &status) < 0 ? home_result(errno) : S_OK;
    if (SUCCEEDED(hr))
        hr = S_ISREG(status.st_mode) ? home_check_private(&status) : PEER_E_NO_KEY_ACCESS;
    size_t size = 0;
    while (SUCCEEDED(hr) && size < sizeof(frame->bytes)) {
        ssize_t done = read(fd, frame->bytes + size, sizeof(frame->bytes) - size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            hr = home_result(errno);
        if (done <= 0)
            break;
        size += (size_t)done;
    }
    close(fd);
    return SUCCEEDED(hr) && size != FILE_SIZE ? NTE_BAD_KEYSET : hr;
}

HRESULT key_file_load(const struct hash *name, struct signing_key **key)
{
    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    *key = NULL;
    HRESULT hr = locate(name, false, &folder, &path);
    if (FAILED(hr))
        return hr;
    struct frame frame CLEANUP(frame_wipe);
    hr = read_file(path, &frame);
    if (FAILED(hr))
        return hr;
    if (memcmp(frame.bytes, frame_magic, MAGIC_SIZE) != 0 ||
        memcmp(frame.bytes + MAGIC_SIZE + SEED_SIZE, name->bytes, HASH_SIZE) != 0)
        return NTE_BAD_KEYSET;
    struct signing_key *loaded = NULL;
    hr = signing_key_from_seed(frame.bytes + MAGIC_SIZE, &loaded);
    if (FAILED(hr))
        return hr;
    uint8_t public_key[KEY_SIZE];
    struct hash found;
    signing_key_public(loaded, public_key);
    key_hash(public_key, &found);
    if (!hash_equal(&found, name)) {
        signing_key_free(loaded);
        return NTE_BAD_KEYSET;
    }
    *key = loaded;
    return S_OK;
}

HRESULT key_file_remove(const struct hash *name)
{
    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    HRESULT hr = locate(name, false, &folder, &path);
    if (FAILED(hr))
        return hr;
    if (unlink(path) < 0)
        return home_result(errno);
    return home_sync(folder);
}
