/* group_handle.c - the count of startups, and HGROUP.
 *
 * A handle is a checked value with the number of an engine's session behind. Calls take the number
 * out and use it without a lock: whoever closes a group meanwhile ends the session, and the engine
 * then answers PEER_E_INVALID_GROUP. Startup and shutdown exclude each other, so that the last
 * shutdown has ended every handle before anybody can start again; other calls never wait for them,
 * they ask one counter. */
#include "api/group_handle.h"
#include "api/enumeration.h"
#include "engine/engine.h"

#include <pthread.h>
#include <stdatomic.h>

struct group_handle {
    _Atomic uint64_t session;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_uint startups;

HRESULT group_startup(void)
{
    pthread_mutex_lock(&lock);
    HRESULT hr = engine_startup();
    if (SUCCEEDED(hr))
        atomic_fetch_add(&startups, 1);
    pthread_mutex_unlock(&lock);
    return hr;
}

/* Under the lock. */
static HRESULT end_one(void)
{
    if (atomic_load(&startups) == 0)
        return PEER_E_NOT_INITIALIZED;
    bool last = atomic_fetch_sub(&startups, 1) == 1;
    HRESULT hr = engine_shutdown();
    if (last) {
        handle_close_all(HANDLE_KIND_GROUP, NULL);
        handle_close_all(HANDLE_KIND_REGISTRATION, NULL);
        enumeration_end_of_groups();
    }
    return FAILED(hr) ? E_UNEXPECTED : S_OK;
}

HRESULT group_shutdown(void)
{
    pthread_mutex_lock(&lock);
    HRESULT hr = end_one();
    pthread_mutex_unlock(&lock);
    return hr;
}

HRESULT group_ready(void)
{
    return atomic_load(&startups) > 0 ? S_OK : PEER_E_NOT_INITIALIZED;
}

HRESULT group_session(HGROUP handle, uint64_t *session)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    *session = 0;
    if (FAILED(handle_borrow(HANDLE_KIND_GROUP, handle, &entry)))
        return PEER_E_INVALID_GROUP;
    struct group_handle *group = handle_object(entry);
    *session = atomic_load(&group->session);
    return S_OK;
}

HRESULT group_opening_begin(struct group_opening *opening)
{
    *opening = (struct group_opening){.handle = NULL};
    struct group_handle *group = mem_zalloc(sizeof(*group));
    if (!group)
        return E_OUTOFMEMORY;
    HRESULT hr = handle_open(HANDLE_KIND_GROUP, group, mem_free, &opening->handle);
    if (FAILED(hr)) {
        mem_free(group);
        return hr;
    }
    /* Another thread's shutdown may have ended it already. */
    if (FAILED(handle_borrow(HANDLE_KIND_GROUP, opening->handle, &opening->entry)))
        return PEER_E_NOT_INITIALIZED;
    return S_OK;
}

HRESULT group_opening_end(struct group_opening *opening, HRESULT hr, HGROUP *handle)
{
    struct group_handle *group = handle_object(opening->entry);
    if (SUCCEEDED(hr)) {
        atomic_store(&group->session, opening->session);
        *handle = opening->handle;
    } else {
        group_handle_close(opening->handle);
    }
    handle_return(opening->entry);
    return hr;
}

void group_handle_close(HGROUP handle)
{
    HRESULT hr = handle_close(HANDLE_KIND_GROUP, handle);
    (void)hr; /* ended already: by a shutdown, or by another thread's close */
}
