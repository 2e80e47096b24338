/* key_file.c - signing keys at rest: one small file each, named by the hash of its public key.
 *
 * Files are written and read by private_file.c; the row that names one comes after it. A file
 * without a row, left by a crash, harms nobody: the same key takes its place again. Loading accepts
 * only a seed that gives the very key of its name (else NTE_BAD_KEYSET). The seed passes through
 * one buffer on the stack that is wiped. */
#include "group/home.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

/* The frame: a line that says what it is, the seed, the hash of the public key. */
static const char frame_magic[] = "peergroup key 1\n";
enum { MAGIC_SIZE = 16, FILE_SIZE = MAGIC_SIZE + SEED_SIZE + HASH_SIZE };

struct frame {
    uint8_t bytes[FILE_SIZE];
};

static void frame_wipe(struct frame *frame)
{
    sodium_memzero(frame, sizeof(*frame));
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
    return private_file_write(folder, path, frame.bytes, FILE_SIZE);
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
    hr = private_file_read(path, frame.bytes, FILE_SIZE);
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
