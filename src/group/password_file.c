/* password_file.c - see password_file.h.
 *
 * Happy path: a frame of one line, salt, cost, seed and a hash over all of that, written and read
 * by private_file.c. Failure: a frame that is not whole, or whose cost is out of bounds, is
 * NTE_BAD_KEYSET. The seed passes through one buffer on the stack that is wiped. */
#include "group/password_file.h"

#include "base/label.h"
#include "group/home.h"
#include "wire/wire.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

static const char frame_magic[] = "peergroup pass 1";
enum {
    MAGIC_SIZE = 16,
    BODY_SIZE = MAGIC_SIZE + PASSWORD_SALT_SIZE + 8 + SEED_SIZE,
    FRAME_SIZE = BODY_SIZE + HASH_SIZE
};

struct frame {
    uint8_t bytes[FRAME_SIZE];
};

static void frame_wipe(struct frame *frame)
{
    sodium_memzero(frame, sizeof(*frame));
}

/* Lengths keep identity and group apart; the label keeps the name apart from those of keys. */
void password_file_name(const char *identity, const char *group, char name[HASH_TEXT_SIZE])
{
    const char *texts[] = {identity, group};
    struct sha256 sha;
    struct hash hash;
    sha256_init(&sha);
    sha256_update(&sha, label_of(LABEL_PASSWORD_FILE), LABEL_SIZE);
    for (size_t i = 0; i < 2; i++) {
        uint8_t length[4];
        wire_store_u32(length, (uint32_t)strlen(texts[i]));
        sha256_update(&sha, length, sizeof(length));
        sha256_update(&sha, texts[i], strlen(texts[i]));
    }
    sha256_final(&sha, &hash);
    hash_format(&hash, name);
}

static HRESULT locate(const char *identity, const char *group, bool create, char **folder,
                      char **path)
{
    char name[HASH_TEXT_SIZE];
    password_file_name(identity, group, name);
    HRESULT hr = home_folder("keys", create, folder);
    return SUCCEEDED(hr) ? home_join(*folder, name, path) : hr;
}

static void frame_fill(struct frame *frame, const struct password_key *key)
{
    uint8_t *at = frame->bytes;
    struct hash hash;
    memcpy(at, frame_magic, MAGIC_SIZE);
    memcpy(at += MAGIC_SIZE, key->salt, PASSWORD_SALT_SIZE);
    wire_store_u32(at += PASSWORD_SALT_SIZE, key->cost.memory_kib);
    wire_store_u32(at += 4, key->cost.passes);
    signing_key_seed(key->key, at + 4);
    hash_sha256(frame->bytes, BODY_SIZE, &hash);
    memcpy(frame->bytes + BODY_SIZE, hash.bytes, HASH_SIZE);
}

HRESULT password_file_save(const char *identity, const char *group, const struct password_key *key)
{
    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    HRESULT hr = locate(identity, group, true, &folder, &path);
    if (FAILED(hr))
        return hr;
    struct frame frame CLEANUP(frame_wipe);
    frame_fill(&frame, key);
    return private_file_write(folder, path, frame.bytes, FRAME_SIZE);
}

static HRESULT frame_read(const struct frame *frame, struct password_key *key)
{
    struct wire_reader reader;
    struct hash hash;
    struct password_key read = PASSWORD_KEY_NULL;
    hash_sha256(frame->bytes, BODY_SIZE, &hash);
    wire_reader_init(&reader, bytes_of(frame->bytes, BODY_SIZE));
    struct bytes magic = wire_read_view(&reader, MAGIC_SIZE);
    wire_read_fixed(&reader, read.salt, PASSWORD_SALT_SIZE);
    read.cost.memory_kib = wire_read_u32(&reader);
    read.cost.passes = wire_read_u32(&reader);
    if (!bytes_equal(magic, bytes_of(frame_magic, MAGIC_SIZE)) ||
        memcmp(hash.bytes, frame->bytes + BODY_SIZE, HASH_SIZE) != 0 ||
        !password_cost_check(&read.cost))
        return NTE_BAD_KEYSET;
    HRESULT hr = signing_key_from_seed(reader.next, &read.key);
    if (SUCCEEDED(hr))
        *key = read;
    return hr;
}

HRESULT password_file_load(const char *identity, const char *group, struct password_key *key)
{
    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    *key = PASSWORD_KEY_NULL;
    HRESULT hr = locate(identity, group, false, &folder, &path);
    if (FAILED(hr))
        return hr;
    struct frame frame CLEANUP(frame_wipe);
    hr = private_file_read(path, frame.bytes, FRAME_SIZE);
    return SUCCEEDED(hr) ? frame_read(&frame, key) : hr;
}

HRESULT password_file_remove(const char *identity, const char *group)
{
    char *folder CLEANUP_FREE = NULL;
    char *path CLEANUP_FREE = NULL;
    HRESULT hr = locate(identity, group, false, &folder, &path);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? S_FALSE : hr;
    if (unlink(path) == 0)
        return home_sync(folder);
    return errno == ENOENT ? S_FALSE : home_result(errno);
}
