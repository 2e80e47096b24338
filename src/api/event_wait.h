/* event_wait.h - the one lock of events, and who waits under it: shared by platform_event.c,
 * platform_wait.c and platform_register.c only.
 *
 * A waiter is linked to each event it waits for. Whoever changes an event's state decides, under
 * the lock, which waiters it satisfies, takes the signals for them and wakes them; a waiter that
 * gives up unlinks itself under the same lock. So each signal goes to exactly one side. */
#ifndef API_EVENT_WAIT_H
#define API_EVENT_WAIT_H

#include "api/event.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct waiter;

struct wait_link {
    struct event *event;
    struct waiter *waiter;
    struct wait_link *prev;
    struct wait_link *next;
};

struct waiter {
    struct wait_link *links; /* one for each event; no event twice */
    uint32_t count;
    bool all;
    bool linked;
    uint32_t result; /* the index of the event that ended the wait; 0 for all */
    /* Called under the lock once the waiter is unlinked: satisfied, or an event of it was closed.
     */
    void (*wake)(struct waiter *waiter, bool satisfied);
};

struct event {
    uint32_t references; /* the handle's one and those of event_reference */
    bool manual_reset;
    bool signalled;
    bool closed;
    bool fd_readable;
    int fd; /* eventfd that mirrors `signalled`, -1 before PeerEventGetFd */
    struct wait_link *waiters;
};

/* events_lock also readies the process for fork() at its first call. */
void events_lock(void);
void events_unlock(void);
/* events_sleep releases the lock until the condition is signalled or the deadline (NULL: none) has
 * passed, and has it again when it returns: 0, or ETIMEDOUT. */
int events_sleep(pthread_cond_t *condition, const struct timespec *deadline);

/* The rest is called under the lock. */

/* event_find gives the event of a live handle, or NULL. Borrowed until the lock is released. */
struct event *event_find(HANDLE handle);
void event_hold(struct event *event);
void event_drop(struct event *event);
/* event_raise is event_set under the lock. */
void event_raise(struct event *event);

/* waiter_try takes the signals the waiter needs, all or none, and sets its result. */
bool waiter_try(struct waiter *waiter);
void waiter_link(struct waiter *waiter);
void waiter_unlink(struct waiter *waiter);

/* registrations_after_fork makes the registered waits of a child process inert: their threads do
 * not exist there. */
void registrations_after_fork(void);

/* deadline_after is now + ms on the clock that nobody sets. */
struct timespec deadline_after(uint32_t ms);
bool deadline_before(const struct timespec *a, const struct timespec *b);
/* condition_init makes a condition variable on that clock. */
int condition_init(pthread_cond_t *condition);

#endif
