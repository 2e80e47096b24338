/* handle.c - handles of the interface with a counted object behind each.
 *
 * One checked table for each kind, all under one lock that is held only to look up and count. The
 * table's entry holds one reference, each borrower another; whoever gives back the last frees the
 * object, outside the lock. Fails only in opening, for want of memory or of slots. */
#include "api/handle.h"
#include "base/alloc.h"

#include <pthread.h>

struct handle_entry {
    uint32_t references;
    void *object;
    void (*free_object)(void *object);
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle_table tables[HANDLE_KIND_COUNT];

/* The table of a kind; under the lock. */
static struct handle_table *table_of(enum handle_kind kind)
{
    tables[kind].kind = kind;
    return &tables[kind];
}

HRESULT handle_open(enum handle_kind kind, void *object, void (*free_object)(void *object),
                    void **handle)
{
    uintptr_t value = 0;
    *handle = NULL;
    struct handle_entry *entry = mem_alloc(sizeof(*entry));
    if (!entry)
        return E_OUTOFMEMORY;
    *entry = (struct handle_entry){.references = 1, .object = object, .free_object = free_object};
    pthread_mutex_lock(&lock);
    HRESULT hr = handle_table_add(table_of(kind), entry, &value);
    pthread_mutex_unlock(&lock);
    if (FAILED(hr)) {
        mem_free(entry);
        return hr;
    }
    *handle = (void *)value;
    return S_OK;
}

HRESULT handle_borrow(enum handle_kind kind, const void *handle, struct handle_entry **entry)
{
    pthread_mutex_lock(&lock);
    *entry = handle_table_get(table_of(kind), (uintptr_t)handle);
    if (*entry)
        (*entry)->references++;
    pthread_mutex_unlock(&lock);
    return *entry ? S_OK : E_HANDLE;
}

void *handle_object(const struct handle_entry *entry)
{
    return entry->object;
}

void handle_return(struct handle_entry *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&lock);
    ASSERT(entry->references > 0);
    bool last = --entry->references == 0;
    pthread_mutex_unlock(&lock);
    if (!last)
        return;
    entry->free_object(entry->object);
    mem_free(entry);
}

HRESULT handle_close(enum handle_kind kind, const void *handle)
{
    pthread_mutex_lock(&lock);
    struct handle_entry *entry = handle_table_remove(table_of(kind), (uintptr_t)handle);
    pthread_mutex_unlock(&lock);
    handle_return(entry);
    return entry ? S_OK : E_HANDLE;
}

/* Takes the entry at one index out of its table if it is wanted; false: there is no such index. */
static bool take_at(enum handle_kind kind, uint32_t index, bool (*wanted)(const void *object),
                    struct handle_entry **entry)
{
    *entry = NULL;
    pthread_mutex_lock(&lock);
    struct handle_table *table = table_of(kind);
    bool exists = index < table->slot_count;
    uintptr_t handle = exists ? handle_table_at(table, index) : 0;
    struct handle_entry *found = handle ? handle_table_get(table, handle) : NULL;
    if (found && (!wanted || wanted(found->object)))
        *entry = handle_table_remove(table, handle);
    pthread_mutex_unlock(&lock);
    return exists;
}

void handle_close_all(enum handle_kind kind, bool (*wanted)(const void *object))
{
    struct handle_entry *entry;
    for (uint32_t index = 0; take_at(kind, index, wanted, &entry); index++)
        handle_return(entry);
}
