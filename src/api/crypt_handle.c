/* crypt_handle.c - HCRYPTPROV values that the library makes, and CryptReleaseContext.
 *
 * A handle is an entry in a checked table (handle_table.h) that holds one reference to the key;
 * whoever uses the key borrows another. So a program may release a handle while another thread
 * signs with it. A bad handle is ERROR_INVALID_HANDLE. */
#include "api/crypt_handle.h"

#include "api/handle_table.h"
#include "base/alloc.h"

#include <pthread.h>
#include <stdbool.h>

struct crypt_handle {
    uint32_t references;
    void *key;
    void (*free_key)(void *key);
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct handle_table table = {.kind = HANDLE_KIND_CRYPT};

HRESULT crypt_handle_new(void *key, void (*free_key)(void *key), HCRYPTPROV *handle)
{
    *handle = 0;
    struct crypt_handle *entry = mem_zalloc(sizeof *entry);
    if (!entry)
        return E_OUTOFMEMORY;
    *entry = (struct crypt_handle){.references = 1, .key = key, .free_key = free_key};
    pthread_mutex_lock(&lock);
    HRESULT hr = handle_table_add(&table, entry, handle);
    pthread_mutex_unlock(&lock);
    if (FAILED(hr))
        mem_free(entry);
    return hr;
}

HRESULT crypt_handle_borrow(HCRYPTPROV handle, struct crypt_handle **borrowed)
{
    pthread_mutex_lock(&lock);
    *borrowed = handle_table_get(&table, handle);
    if (*borrowed)
        (*borrowed)->references++;
    pthread_mutex_unlock(&lock);
    return *borrowed ? S_OK : E_HANDLE;
}

void *crypt_handle_key(const struct crypt_handle *borrowed)
{
    return borrowed->key;
}

void crypt_handle_return(struct crypt_handle *borrowed)
{
    if (!borrowed)
        return;
    pthread_mutex_lock(&lock);
    ASSERT(borrowed->references > 0);
    bool last = --borrowed->references == 0;
    pthread_mutex_unlock(&lock);
    if (!last)
        return;
    borrowed->free_key(borrowed->key);
    mem_free(borrowed);
}

HRESULT crypt_handle_release(HCRYPTPROV handle)
{
    pthread_mutex_lock(&lock);
    struct crypt_handle *entry = handle_table_remove(&table, handle);
    pthread_mutex_unlock(&lock);
    crypt_handle_return(entry);
    return entry ? S_OK : E_HANDLE;
}

BOOL CryptReleaseContext(HCRYPTPROV handle, DWORD flags)
{
    DWORD error = ERROR_SUCCESS;
    if (FAILED(crypt_handle_release(handle)))
        error = ERROR_INVALID_HANDLE;
    else if (flags != 0)
        error = (DWORD)NTE_BAD_FLAGS;
    if (error == ERROR_SUCCESS)
        return TRUE;
    SetLastError(error);
    return FALSE;
}
