/* store_fixture.h - what the store's tests share: folders that go away, records by number, visitors
 * that collect. */
#ifndef UNIT_STORE_FIXTURE_H
#define UNIT_STORE_FIXTURE_H

#include "support/test.h"

#include "base/limits.h"
#include "store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[128];
    char file[160]; /* a database in it */
};

static inline void folder_make(struct folder *folder)
{
    const char *base = getenv("TMPDIR");
    snprintf(folder->path, sizeof(folder->path), "%s/store-test-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(folder->path));
    snprintf(folder->file, sizeof(folder->file), "%s/group.db", folder->path);
}

/* folder_count counts the files in it; remove: removes them on the way. */
static inline int folder_count(const struct folder *folder, bool remove)
{
    DIR *dir = opendir(folder->path);
    assert_non_null(dir);
    int count = 0;
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        char name[512];
        snprintf(name, sizeof(name), "%s/%s", folder->path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (remove && unlink(name) != 0)
            rmdir(name);
    }
    closedir(dir);
    return count;
}

static inline void folder_remove(struct folder *folder)
{
    chmod(folder->path, 0700);
    folder_count(folder, true);
    assert_int_equal(rmdir(folder->path), 0);
}

static inline struct guid guid_of(uint32_t number)
{
    struct guid guid = {{0}};
    for (int i = 0; i < 4; i++)
        guid.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    return guid;
}

static inline struct hash hash_of(uint32_t number)
{
    struct hash hash;
    hash_sha256(&number, sizeof(number), &hash);
    return hash;
}

/* record_of is a record with a small payload; everything in it follows from the number. */
static inline struct store_record record_of(uint32_t number)
{
    static const uint8_t content[256] = {1, 2, 3, 4, 5, 6, 7};
    return (struct store_record){
        .id = guid_of(number),
        .type = guid_of(7),
        .digest = hash_of(number),
        .creator = hash_of(1000),
        .certificate = hash_of(2000),
        .payload_root = hash_of(number + 5000),
        .version = 1,
        .created = 100 + number,
        .modified = 200 + number,
        .expiration = 10000 + number,
        .payload_size = number % 100,
        .header = bytes_of(content, 10 + number % 50),
        .signature = bytes_of(content, 64),
        .payload = bytes_of(content + 1, number % 100),
    };
}

/* large_of is a record whose payload of two pieces is in the store under root. */
static inline struct store_record large_of(uint32_t number, const struct hash *root)
{
    struct store_record record = record_of(number);
    record.payload_root = *root;
    record.payload_size = LIMIT_PIECE_SIZE + 1;
    record.payload = bytes_of(NULL, 0);
    return record;
}

static inline void put_pieces(struct store *store, const struct hash *root)
{
    static const uint8_t piece[LIMIT_PIECE_SIZE] = {42, 43};
    struct hash leaves[] = {hash_of(70), hash_of(71)};
    assert_ok(store->ops->piece_put(store, root, 0, bytes_of(piece, LIMIT_PIECE_SIZE), &leaves[0]));
    assert_ok(store->ops->piece_put(store, root, 1, bytes_of(piece + 1, 1), &leaves[1]));
}

static inline uint32_t pieces_of(struct store *store, const struct hash *root)
{
    uint32_t count = 99;
    assert_ok(store->ops->piece_count(store, root, &count));
    return count;
}

static inline void put_record(struct store *store, uint32_t number)
{
    struct store_record record = record_of(number);
    assert_ok(store->ops->put(store, &record));
}

static inline bool has_record(struct store *store, uint32_t number)
{
    struct store_record record;
    struct guid id = guid_of(number);
    HRESULT hr = store->ops->find(store, &id, &record);
    if (hr != PEER_E_RECORD_NOT_FOUND)
        assert_ok(hr);
    return hr == S_OK;
}

static inline void assert_bytes_equal(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_true(bytes_equal(a, b));
}

static inline void assert_record_equal(const struct store_record *a, const struct store_record *b)
{
    assert_true(guid_equal(&a->id, &b->id) && guid_equal(&a->type, &b->type));
    assert_true(hash_equal(&a->digest, &b->digest) && hash_equal(&a->creator, &b->creator));
    assert_true(hash_equal(&a->certificate, &b->certificate));
    assert_true(hash_equal(&a->payload_root, &b->payload_root));
    assert_int_equal(a->version, b->version);
    assert_true(a->deleted == b->deleted && a->local == b->local);
    assert_true(a->created == b->created && a->modified == b->modified);
    assert_true(a->expiration == b->expiration && a->payload_size == b->payload_size);
    assert_bytes_equal(a->header, b->header);
    assert_bytes_equal(a->signature, b->signature);
    assert_bytes_equal(a->payload, b->payload);
}

/* What a visit showed: the last byte of each identifier, in order, as text such as "1 2 9". */
struct seen {
    char text[512];
    uint32_t count;
    uint32_t stop_at; /* stop after so many, 0: never */
    HRESULT stop_with;
    bool payload; /* one of them had payload bytes */
    bool header;  /* all of them had a header */
};

static inline HRESULT see(struct seen *seen, uint32_t number)
{
    size_t length = strlen(seen->text);
    snprintf(seen->text + length, sizeof(seen->text) - length, length ? " %u" : "%u", number);
    seen->count++;
    return seen->stop_at == seen->count ? seen->stop_with : S_OK;
}

static inline HRESULT see_record(void *context, const struct store_record *record)
{
    struct seen *seen = context;
    seen->payload = seen->payload || record->payload.size > 0;
    seen->header = (seen->count == 0 || seen->header) && record->header.size > 0;
    return see(seen, record->id.bytes[15]);
}

static inline HRESULT see_unfinished(void *context, const struct store_unfinished *unfinished)
{
    return see_record(context, &unfinished->record);
}

static inline HRESULT see_item(void *context, const struct store_item *item)
{
    return see(context, item->key.id.bytes[15]);
}

static inline HRESULT see_certificate(void *context, const struct store_certificate *certificate)
{
    return see(context, certificate->der.size > 0 ? certificate->der.data[0] : 0);
}

static inline HRESULT see_value(void *context, struct bytes key, struct bytes value)
{
    (void)key;
    return see(context, value.size > 0 ? value.data[0] : 0);
}

#endif
