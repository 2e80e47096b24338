/* platform_threads.h - what the tests of events share: waiting until other threads really wait. */
#ifndef PLATFORM_THREADS_H
#define PLATFORM_THREADS_H

#include "support/test.h"

#include "api/event_wait.h"

#include <peergroup/platform.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/* The waits that are linked to a live event. */
static inline unsigned waiters_of(HANDLE handle)
{
    unsigned count = 0;
    events_lock();
    struct event *event = event_find(handle);
    for (struct wait_link *link = event ? event->waiters : NULL; link; link = link->next)
        count++;
    events_unlock();
    return count;
}

static inline void await_waiters(HANDLE handle, unsigned count)
{
    while (waiters_of(handle) != count)
        sched_yield();
}

static inline HANDLE auto_event(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_non_null(event);
    return event;
}

static inline HANDLE manual_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_non_null(event);
    return event;
}

static inline bool is_signalled(HANDLE event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

static inline pthread_t start(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    return thread;
}

#define assert_fails(expression, error)                                                            \
    do {                                                                                           \
        SetLastError(0xDEAD);                                                                      \
        assert_false(expression);                                                                  \
        assert_int_equal(GetLastError(), (error));                                                 \
    } while (0)

#define assert_wait_fails(expression, error)                                                       \
    do {                                                                                           \
        SetLastError(0xDEAD);                                                                      \
        assert_int_equal((expression), WAIT_FAILED);                                               \
        assert_int_equal(GetLastError(), (error));                                                 \
    } while (0)

#endif
