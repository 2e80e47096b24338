/* platform_wait.c - waiting for one event or for up to 64 of them.
 *
 * A wait takes what it needs at once, or links itself to its events and sleeps until SetEvent has
 * taken the signals for it (platform_event.c), an event was closed, or the time is over. All three
 * are decided under the one lock of events: a signal that comes together with the time-out is
 * either taken by the wait or still there afterwards.
 *
 * A bad handle, also one that is closed during the wait, gives WAIT_FAILED and
 * ERROR_INVALID_HANDLE; a bad count or a handle named twice ERROR_INVALID_PARAMETER. */
#include "api/event_wait.h"

#include <peergroup/platform.h>

#include <errno.h>

enum { NANOSECONDS_PER_SECOND = 1000000000, NANOSECONDS_PER_MS = 1000000 };

struct timespec deadline_after(uint32_t ms)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += ms / 1000;
    deadline.tv_nsec += (long)(ms % 1000) * NANOSECONDS_PER_MS;
    if (deadline.tv_nsec >= NANOSECONDS_PER_SECOND) {
        deadline.tv_sec++;
        deadline.tv_nsec -= NANOSECONDS_PER_SECOND;
    }
    return deadline;
}

bool deadline_before(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

int condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    int rc = pthread_condattr_init(&attributes);
    if (rc != 0)
        return rc;
    rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (rc == 0)
        rc = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return rc;
}

/* A wait of the calling thread; lives on its stack. */
struct thread_wait {
    struct waiter waiter;
    pthread_cond_t woken;
    bool done;
    bool satisfied;
};

static void wake_thread(struct waiter *waiter, bool satisfied)
{
    struct thread_wait *wait = (struct thread_wait *)waiter;
    wait->done = true;
    wait->satisfied = satisfied;
    pthread_cond_signal(&wait->woken);
}

static DWORD find_events(const HANDLE *handles, struct waiter *waiter)
{
    for (uint32_t i = 0; i < waiter->count; i++) {
        waiter->links[i].event = event_find(handles[i]);
        if (!waiter->links[i].event)
            return ERROR_INVALID_HANDLE;
        for (uint32_t j = 0; j < i; j++)
            if (waiter->links[j].event == waiter->links[i].event)
                return ERROR_INVALID_PARAMETER;
    }
    return ERROR_SUCCESS;
}

/* Sleeps until the wait is over. Sets *error for WAIT_FAILED. */
static DWORD sleep_until_woken(struct thread_wait *wait, DWORD ms, DWORD *error)
{
    struct timespec deadline = deadline_after(ms);
    if (condition_init(&wait->woken) != 0) {
        *error = ERROR_NOT_ENOUGH_MEMORY;
        return WAIT_FAILED;
    }
    waiter_link(&wait->waiter);
    int rc = 0;
    while (!wait->done && rc != ETIMEDOUT)
        rc = events_sleep(&wait->woken, ms == INFINITE ? NULL : &deadline);
    waiter_unlink(&wait->waiter);
    pthread_cond_destroy(&wait->woken);
    if (!wait->done)
        return WAIT_TIMEOUT;
    if (wait->satisfied)
        return WAIT_OBJECT_0 + wait->waiter.result;
    *error = ERROR_INVALID_HANDLE;
    return WAIT_FAILED;
}

static DWORD wait_for(DWORD count, const HANDLE *handles, bool all, DWORD ms)
{
    struct wait_link links[MAXIMUM_WAIT_OBJECTS];
    struct thread_wait wait = {
        .waiter = {.links = links, .count = count, .all = all, .wake = wake_thread}};
    DWORD result = WAIT_FAILED;
    events_lock();
    DWORD error = find_events(handles, &wait.waiter);
    if (error == ERROR_SUCCESS) {
        if (waiter_try(&wait.waiter))
            result = WAIT_OBJECT_0 + wait.waiter.result;
        else if (ms == 0)
            result = WAIT_TIMEOUT;
        else
            result = sleep_until_woken(&wait, ms, &error);
    }
    events_unlock();
    if (result == WAIT_FAILED)
        SetLastError(error);
    return result;
}

DWORD WaitForSingleObject(HANDLE handle, DWORD ms)
{
    return wait_for(1, &handle, false, ms);
}

DWORD WaitForSingleObjectEx(HANDLE handle, DWORD ms, BOOL alertable)
{
    (void)alertable;
    return wait_for(1, &handle, false, ms);
}

DWORD WaitForMultipleObjects(DWORD count, const HANDLE *handles, BOOL all, DWORD ms)
{
    if (!handles || count == 0 || count > MAXIMUM_WAIT_OBJECTS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return WAIT_FAILED;
    }
    return wait_for(count, handles, all != FALSE, ms);
}

DWORD WaitForMultipleObjectsEx(DWORD count, const HANDLE *handles, BOOL all, DWORD ms,
                               BOOL alertable)
{
    (void)alertable;
    return WaitForMultipleObjects(count, handles, all, ms);
}

void Sleep(DWORD ms)
{
    struct timespec deadline = deadline_after(ms);
    int rc;
    do {
        rc = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL);
        if (rc == 0 && ms == INFINITE)
            deadline = deadline_after(ms);
    } while (rc == EINTR || ms == INFINITE);
}
