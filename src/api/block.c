/* block.c - builds the one-piece results of the interface, keeps count of them, frees them.
 *
 * While it is built, a block is a buffer that may move, so pointers are kept as pairs of offsets.
 * Finishing copies it behind a header, turns the pairs into addresses and enters the block into a
 * table of all that programs hold. PeerFreeData looks there first: an address that is not in the
 * table (foreign, inside a block, freed before) is reported to the log and otherwise ignored. The
 * one thing no table can see is a second free of an address that was given out anew meanwhile. */
#include "api/block.h"
#include "base/log.h"
#include "base/text.h"

#include <pthread.h>

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) mem_alloc(size)
#define uthash_free(block, size) mem_free(block)
#define HASH_FUNCTION(key, size, hash) HASH_OAT(key, size, hash)
#define uthash_nonfatal_oom(element) ((element)->lost = true)
#include <uthash.h>

enum { BLOCK_ALIGNMENT = _Alignof(max_align_t) };

struct link {
    size_t pointer_at;
    size_t target;
};

/* Stands before the bytes that the program sees. */
struct live_block {
    UT_hash_handle hh;
    const void *address; /* the key: where data begins */
    bool lost;           /* the table had no memory for it */
    _Alignas(BLOCK_ALIGNMENT) uint8_t data[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct live_block *live_blocks;

void block_deinit(struct block *block)
{
    buffer_deinit(&block->data);
    buffer_deinit(&block->links);
}

HRESULT block_add(struct block *block, size_t size, size_t *offset)
{
    size_t gap = (BLOCK_ALIGNMENT - block->data.size % BLOCK_ALIGNMENT) % BLOCK_ALIGNMENT;
    *offset = 0;
    if (size > SIZE_MAX - gap)
        return E_OUTOFMEMORY;
    HRESULT hr = buffer_reserve(&block->data, gap + size);
    if (FAILED(hr))
        return hr;
    if (gap + size > 0)
        memset(block->data.data + block->data.size, 0, gap + size);
    *offset = block->data.size + gap;
    block->data.size += gap + size;
    return S_OK;
}

void *block_at(struct block *block, size_t offset)
{
    ASSERT(offset < block->data.size);
    return block->data.data + offset;
}

HRESULT block_link(struct block *block, size_t pointer_at, size_t target)
{
    struct link link = {.pointer_at = pointer_at, .target = target};
    ASSERT(pointer_at + sizeof(void *) <= block->data.size && target <= block->data.size);
    return buffer_append(&block->links, &link, sizeof(link));
}

HRESULT block_add_bytes(struct block *block, size_t pointer_at, struct bytes content)
{
    size_t offset;
    if (content.size == 0)
        return S_OK;
    HRESULT hr = block_add(block, content.size, &offset);
    if (FAILED(hr))
        return hr;
    memcpy(block_at(block, offset), content.data, content.size);
    return block_link(block, pointer_at, offset);
}

/* Appends text as UTF-16 and gives its offset. */
static HRESULT add_units(struct block *block, const char *text, size_t *offset)
{
    size_t count;
    HRESULT hr = text_to_utf16(text, NULL, 0, &count);
    if (SUCCEEDED(hr))
        hr = block_add(block, (count + 1) * sizeof(WCHAR), offset);
    if (FAILED(hr))
        return hr;
    return text_to_utf16(text, block_at(block, *offset), count + 1, &count);
}

HRESULT block_add_text(struct block *block, size_t pointer_at, const char *text)
{
    size_t offset;
    if (!text)
        return S_OK;
    HRESULT hr = add_units(block, text, &offset);
    return SUCCEEDED(hr) ? block_link(block, pointer_at, offset) : hr;
}

/* Turns pairs of offsets into addresses. */
static void resolve(uint8_t *data, const struct buffer *links)
{
    for (size_t at = 0; at < links->size; at += sizeof(struct link)) {
        struct link link;
        memcpy(&link, links->data + at, sizeof(link));
        void *target = data + link.target;
        memcpy(data + link.pointer_at, &target, sizeof(target));
    }
}

HRESULT block_finish(struct block *block, void **result)
{
    *result = NULL;
    ASSERT(block->data.size > 0);
    if (block->data.size > SIZE_MAX - sizeof(struct live_block))
        return E_OUTOFMEMORY;
    struct live_block *live = mem_alloc(sizeof(*live) + block->data.size);
    if (!live)
        return E_OUTOFMEMORY;
    memcpy(live->data, block->data.data, block->data.size);
    resolve(live->data, &block->links);
    live->address = live->data;
    live->lost = false;

    pthread_mutex_lock(&lock);
    HASH_ADD_PTR(live_blocks, address, live);
    pthread_mutex_unlock(&lock);
    if (live->lost) {
        mem_free(live);
        return E_OUTOFMEMORY;
    }
    block_deinit(block);
    *result = live->data;
    return S_OK;
}

HRESULT block_text(const char *text, PWSTR *result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    size_t offset;
    void *finished = NULL;
    HRESULT hr = add_units(&block, text, &offset);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    *result = finished;
    return hr;
}

bool block_release(const void *data)
{
    struct live_block *live = NULL;
    pthread_mutex_lock(&lock);
    HASH_FIND_PTR(live_blocks, &data, live);
    if (live)
        HASH_DEL(live_blocks, live);
    pthread_mutex_unlock(&lock);
    mem_free(live);
    return live != NULL;
}

VOID WINAPI PeerFreeData(LPCVOID pvData)
{
    if (pvData && !block_release(pvData))
        log_line(LOG_WARNING, "PeerFreeData: %p is not a block of this library", pvData);
}
