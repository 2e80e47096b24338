/* enumeration.c - HPEERENUM and the three calls on it.
 *
 * An enumeration is its source, a position and a lock. PeerGetNextItem builds the next items and
 * the array that points to them as one block, and moves the position only when that block is
 * finished: a call that fails can be repeated. At the end it gives S_OK, no items and no array.
 * Handles that are closed or never were are E_INVALIDARG. A program may end an enumeration while
 * another thread is asking; that call still gets its items. */
#include "api/enumeration.h"
#include "api/handle.h"

#include <pthread.h>

struct enumeration {
    pthread_mutex_t lock;
    struct enumeration_source source;
    uint32_t position;
};

static void enumeration_free(void *object)
{
    struct enumeration *enumeration = object;
    enumeration->source.free_context(enumeration->source.context);
    pthread_mutex_destroy(&enumeration->lock);
    mem_free(enumeration);
}

HRESULT enumeration_new(const struct enumeration_source *source, HPEERENUM *handle)
{
    *handle = NULL;
    struct enumeration *enumeration = mem_zalloc(sizeof(*enumeration));
    if (!enumeration)
        return E_OUTOFMEMORY;
    pthread_mutex_init(&enumeration->lock, NULL);
    enumeration->source = *source;
    HRESULT hr = handle_open(HANDLE_KIND_ENUMERATION, enumeration, enumeration_free, handle);
    if (FAILED(hr)) {
        pthread_mutex_destroy(&enumeration->lock);
        mem_free(enumeration);
    }
    return hr;
}

static bool is_of_group(const void *object)
{
    const struct enumeration *enumeration = object;
    return enumeration->source.of_group;
}

void enumeration_end_of_groups(void)
{
    handle_close_all(HANDLE_KIND_ENUMERATION, is_of_group);
}

/* Fills the array at offset 0 of block with up to wanted items; *reached is behind the last item
 * that was looked at. */
static HRESULT add_items(const struct enumeration *enumeration, uint32_t wanted,
                         struct block *block, uint32_t *added, uint32_t *reached)
{
    const struct enumeration_source *source = &enumeration->source;
    *added = 0;
    *reached = enumeration->position;
    while (*added < wanted && *reached < source->count) {
        size_t offset = 0;
        HRESULT hr = source->item(source->context, *reached, block, &offset);
        if (hr == S_OK)
            hr = block_link(block, *added * sizeof(void *), offset);
        if (FAILED(hr))
            return hr;
        *added += hr == S_OK;
        (*reached)++;
    }
    return S_OK;
}

static HRESULT next_items(struct enumeration *enumeration, ULONG *count, PVOID **items)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    uint32_t left = enumeration->source.count - enumeration->position;
    uint32_t wanted = *count < left ? *count : left;
    uint32_t added = 0, reached = enumeration->position;
    size_t array;
    void *result = NULL;
    if (wanted > 0) {
        HRESULT hr = block_add(&block, wanted * sizeof(void *), &array);
        if (SUCCEEDED(hr))
            hr = add_items(enumeration, wanted, &block, &added, &reached);
        if (SUCCEEDED(hr) && added > 0)
            hr = block_finish(&block, &result);
        if (FAILED(hr))
            return hr;
    }
    enumeration->position = reached;
    *count = added;
    *items = result;
    return S_OK;
}

HRESULT WINAPI PeerGetItemCount(HPEERENUM hPeerEnum, ULONG *pCount)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    if (!pCount)
        return E_INVALIDARG;
    *pCount = 0;
    if (FAILED(handle_borrow(HANDLE_KIND_ENUMERATION, hPeerEnum, &entry)))
        return E_INVALIDARG;
    const struct enumeration *enumeration = handle_object(entry);
    *pCount = enumeration->source.count;
    return S_OK;
}

HRESULT WINAPI PeerGetNextItem(HPEERENUM hPeerEnum, ULONG *pCount, PVOID **pppvItems)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    if (pppvItems)
        *pppvItems = NULL;
    if (!pCount || !pppvItems || FAILED(handle_borrow(HANDLE_KIND_ENUMERATION, hPeerEnum, &entry)))
        return E_INVALIDARG;
    struct enumeration *enumeration = handle_object(entry);
    pthread_mutex_lock(&enumeration->lock);
    HRESULT hr = next_items(enumeration, pCount, pppvItems);
    pthread_mutex_unlock(&enumeration->lock);
    return hr;
}

HRESULT WINAPI PeerEndEnumeration(HPEERENUM hPeerEnum)
{
    return FAILED(handle_close(HANDLE_KIND_ENUMERATION, hPeerEnum)) ? E_INVALIDARG : S_OK;
}
