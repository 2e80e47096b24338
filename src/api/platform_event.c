/* platform_event.c - events: the table of handles, the one lock, and who is woken by a signal.
 *
 * SetEvent marks the event, then walks its waiters in the order they came: each that is satisfied
 * has its signals taken and is woken, until an auto-reset event is used up. Nothing else gives out
 * signals, so an auto-reset event releases exactly one waiter for each one it gets, or keeps it.
 * The eventfd only mirrors the state for pollers.
 *
 * Handles are checked (handle_table.h): a bad one is ERROR_INVALID_HANDLE. CloseHandle ends the
 * waits on the event with the same error. In a child process after fork() the events keep their
 * state, but the waits of the parent's threads and the descriptors shared with it are gone. */
#include "api/event_wait.h"

#include "api/handle_table.h"
#include "base/alloc.h"

#include <peergroup/platform.h>

#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static struct handle_table table = {.kind = HANDLE_KIND_EVENT};

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_child(void)
{
    for (uint32_t i = 0; i < table.slot_count; i++) {
        struct event *event = table.slots[i].object;
        if (!event)
            continue;
        event->waiters = NULL;
        if (event->fd >= 0)
            close(event->fd);
        event->fd = -1;
    }
    registrations_after_fork();
    pthread_mutex_unlock(&lock);
}

static void prepare_for_fork(void)
{
    pthread_atfork(before_fork, events_unlock, after_fork_in_child);
}

void events_lock(void)
{
    pthread_once(&fork_once, prepare_for_fork);
    pthread_mutex_lock(&lock);
}

void events_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

int events_sleep(pthread_cond_t *condition, const struct timespec *deadline)
{
    return deadline ? pthread_cond_timedwait(condition, &lock, deadline)
                    : pthread_cond_wait(condition, &lock);
}

struct event *event_find(HANDLE handle)
{
    return handle_table_get(&table, (uintptr_t)handle);
}

void event_hold(struct event *event)
{
    event->references++;
}

void event_drop(struct event *event)
{
    ASSERT(event->references > 0);
    if (--event->references == 0)
        mem_free(event);
}

/* Makes the eventfd readable exactly while the event is signalled. Its counter goes between 0 and
 * 1, so neither call can block. */
static void mirror(struct event *event)
{
    if (event->fd < 0 || event->fd_readable == event->signalled)
        return;
    eventfd_t value;
    int rc = event->signalled ? eventfd_write(event->fd, 1) : eventfd_read(event->fd, &value);
    if (rc == 0)
        event->fd_readable = event->signalled;
}

static void take(struct event *event)
{
    if (!event->manual_reset) {
        event->signalled = false;
        mirror(event);
    }
}

bool waiter_try(struct waiter *waiter)
{
    uint32_t ready = 0;
    while (ready < waiter->count && waiter->links[ready].event->signalled == waiter->all)
        ready++;
    if (!waiter->all) {
        if (ready == waiter->count)
            return false;
        waiter->result = ready;
        take(waiter->links[ready].event);
        return true;
    }
    if (ready < waiter->count)
        return false;
    waiter->result = 0;
    for (uint32_t i = 0; i < waiter->count; i++)
        take(waiter->links[i].event);
    return true;
}

void waiter_link(struct waiter *waiter)
{
    ASSERT(!waiter->linked);
    for (uint32_t i = 0; i < waiter->count; i++) {
        struct wait_link *link = &waiter->links[i];
        link->waiter = waiter;
        DL_APPEND(link->event->waiters, link);
    }
    waiter->linked = true;
}

void waiter_unlink(struct waiter *waiter)
{
    if (!waiter->linked)
        return;
    for (uint32_t i = 0; i < waiter->count; i++) {
        struct wait_link *link = &waiter->links[i];
        DL_DELETE(link->event->waiters, link);
    }
    waiter->linked = false;
}

void event_raise(struct event *event)
{
    /* Of no effect once the event is closed: it has no waiters and no descriptor then. */
    event->signalled = true;
    struct wait_link *link, *next;
    DL_FOREACH_SAFE (event->waiters, link, next) {
        struct waiter *waiter = link->waiter;
        if (!event->signalled)
            break;
        if (!waiter_try(waiter))
            continue;
        waiter_unlink(waiter);
        waiter->wake(waiter, true);
    }
    mirror(event);
}

bool event_is_valid(HANDLE handle)
{
    events_lock();
    bool valid = event_find(handle) != NULL;
    events_unlock();
    return valid;
}

HRESULT event_signal(HANDLE handle)
{
    events_lock();
    struct event *event = event_find(handle);
    if (event)
        event_raise(event);
    events_unlock();
    return event ? S_OK : E_INVALIDARG;
}

HRESULT event_reference(HANDLE handle, struct event **event)
{
    events_lock();
    *event = event_find(handle);
    if (*event)
        event_hold(*event);
    events_unlock();
    return *event ? S_OK : E_INVALIDARG;
}

void event_set(struct event *event)
{
    events_lock();
    event_raise(event);
    events_unlock();
}

void event_unreference(struct event *event)
{
    if (!event)
        return;
    events_lock();
    event_drop(event);
    events_unlock();
}

static HANDLE create_event(BOOL manual_reset, BOOL initial_state, const void *name)
{
    if (name) {
        SetLastError(ERROR_NOT_SUPPORTED);
        return NULL;
    }
    struct event *event = mem_zalloc(sizeof *event);
    if (!event) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    *event = (struct event){.references = 1,
                            .manual_reset = manual_reset != FALSE,
                            .signalled = initial_state != FALSE,
                            .fd = -1};
    uintptr_t handle;
    events_lock();
    HRESULT hr = handle_table_add(&table, event, &handle);
    events_unlock();
    if (FAILED(hr)) {
        mem_free(event);
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    /* As documented: tells a caller who asks that no event of that name existed before. */
    SetLastError(ERROR_SUCCESS);
    return (HANDLE)handle;
}

HANDLE CreateEventW(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset, BOOL initial_state,
                    LPCWSTR name)
{
    (void)attributes;
    return create_event(manual_reset, initial_state, name);
}

HANDLE CreateEventA(LPSECURITY_ATTRIBUTES attributes, BOOL manual_reset, BOOL initial_state,
                    LPCSTR name)
{
    (void)attributes;
    return create_event(manual_reset, initial_state, name);
}

static HANDLE create_event_ex(const void *name, DWORD flags)
{
    if (flags & ~(DWORD)(CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    return create_event((flags & CREATE_EVENT_MANUAL_RESET) != 0,
                        (flags & CREATE_EVENT_INITIAL_SET) != 0, name);
}

HANDLE CreateEventExW(LPSECURITY_ATTRIBUTES attributes, LPCWSTR name, DWORD flags, DWORD access)
{
    (void)attributes;
    (void)access;
    return create_event_ex(name, flags);
}

HANDLE CreateEventExA(LPSECURITY_ATTRIBUTES attributes, LPCSTR name, DWORD flags, DWORD access)
{
    (void)attributes;
    (void)access;
    return create_event_ex(name, flags);
}

BOOL SetEvent(HANDLE event)
{
    if (SUCCEEDED(event_signal(event)))
        return TRUE;
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

BOOL ResetEvent(HANDLE handle)
{
    events_lock();
    struct event *event = event_find(handle);
    if (event) {
        event->signalled = false;
        mirror(event);
    }
    events_unlock();
    if (event)
        return TRUE;
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

static void end_event(struct event *event)
{
    event->closed = true;
    while (event->waiters) {
        struct waiter *waiter = event->waiters->waiter;
        waiter_unlink(waiter);
        waiter->wake(waiter, false);
    }
    if (event->fd >= 0)
        close(event->fd);
    event->fd = -1;
    event_drop(event);
}

BOOL CloseHandle(HANDLE handle)
{
    events_lock();
    struct event *event = handle_table_remove(&table, (uintptr_t)handle);
    if (event)
        end_event(event);
    events_unlock();
    if (event)
        return TRUE;
    SetLastError(ERROR_INVALID_HANDLE);
    return FALSE;
}

HRESULT PeerEventGetFd(HANDLE handle, int *fd)
{
    if (!fd)
        return E_INVALIDARG;
    *fd = -1;
    events_lock();
    struct event *event = event_find(handle);
    HRESULT hr = event ? S_OK : E_INVALIDARG;
    if (event && event->fd < 0) {
        event->fd = eventfd(event->signalled ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
        event->fd_readable = event->signalled;
        if (event->fd < 0)
            hr = E_OUTOFMEMORY;
    }
    if (SUCCEEDED(hr))
        *fd = event->fd;
    events_unlock();
    return hr;
}
