/* platform_register.c - RegisterWaitForSingleObject: a callback for each signal of an event, run on
 * threads of a small pool.
 *
 * A registration is a waiter (event_wait.h) whose waking puts it into a queue; a pool thread runs
 * the callback and arms the registration again. So one registration never runs its callback twice
 * at a time, and a signal that comes meanwhile stays in the event. Time-outs are served by
 * whichever pool thread is idle. There are as many threads as callbacks that ran at one time, up to
 * WORKERS_MAX, and none before the first registration; no exit waits for them.
 *
 * Unregistering ends the waiting at once. A callback that runs is waited for, or reported with
 * ERROR_IO_PENDING, and the registration is freed when it returns. */
#include "api/event_wait.h"

#include "api/handle_table.h"
#include "base/alloc.h"

#include <peergroup/platform.h>

#include <signal.h>
#include <utlist.h>

enum { WORKERS_MAX = 16 };

/* What Windows knows besides WT_EXECUTEONLYONCE says which thread shall run the callback; the high
 * word is a number of threads. */
static const ULONG KNOWN_FLAGS =
    WT_EXECUTEINIOTHREAD | WT_EXECUTEINUITHREAD | WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE |
    WT_EXECUTELONGFUNCTION | WT_EXECUTEINTIMERTHREAD | WT_EXECUTEINPERSISTENTTHREAD |
    WT_TRANSFER_IMPERSONATION | 0xFFFF0000u;

enum state { STATE_IDLE, STATE_ARMED, STATE_QUEUED, STATE_RUNNING };

struct registration {
    struct waiter waiter; /* first: the waiter is the registration */
    struct wait_link link;
    struct event *event; /* a reference */
    WAITORTIMERCALLBACK callback;
    void *context;
    uint32_t timeout_ms;
    bool once;
    enum state state;
    bool timed_out; /* while queued or running: why */
    struct timespec deadline;
    bool removed;             /* unregistered while it ran */
    bool awaited;             /* a thread waits for its end, and frees it */
    struct event *completion; /* a reference: to set at the end, or NULL */
    struct registration *prev, *next;
    struct registration *queue_prev, *queue_next;
};

/* All under the lock of events. */
static struct handle_table table = {.kind = HANDLE_KIND_WAIT};
static struct registration *registrations;
static struct registration *queue;
static uint32_t queue_length;
static uint32_t worker_count;
static uint32_t idle_count; /* workers that sleep or have just been started */
static bool conditions_ready;
static pthread_cond_t work_condition;
static pthread_cond_t ended_condition;

static _Thread_local struct registration *current;

static void *worker(void *unused);

static bool start_worker(void)
{
    if (worker_count == WORKERS_MAX)
        return false;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* The program's signals belong to its own threads. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int rc = pthread_create(&thread, &attributes, worker, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (rc != 0)
        return false;
    worker_count++;
    idle_count++;
    return true;
}

/* Gets a thread to look at the queue and the clock. Where none can be had, one of those that run
 * will come to it. */
static void call_worker(void)
{
    if (idle_count == 0 || queue_length > idle_count)
        start_worker();
    pthread_cond_signal(&work_condition);
}

static void enqueue(struct registration *registration, bool timed_out)
{
    registration->state = STATE_QUEUED;
    registration->timed_out = timed_out;
    DL_APPEND2(queue, registration, queue_prev, queue_next);
    queue_length++;
}

static void dequeue(struct registration *registration)
{
    DL_DELETE2(queue, registration, queue_prev, queue_next);
    queue_length--;
    registration->state = STATE_IDLE;
}

static void wake_registration(struct waiter *waiter, bool satisfied)
{
    struct registration *registration = (struct registration *)waiter;
    registration->state = STATE_IDLE;
    if (!satisfied)
        return;
    enqueue(registration, false);
    call_worker();
}

static void arm(struct registration *registration)
{
    registration->state = STATE_IDLE;
    if (registration->event->closed)
        return;
    registration->deadline = deadline_after(registration->timeout_ms);
    if (waiter_try(&registration->waiter)) {
        enqueue(registration, false);
        return;
    }
    registration->state = STATE_ARMED;
    waiter_link(&registration->waiter);
}

static bool has_timer(const struct registration *registration)
{
    return registration->state == STATE_ARMED && registration->timeout_ms != INFINITE;
}

/* Queues what has timed out. Returns whether a time-out is still to come, in *earliest. */
static bool expire(struct timespec *earliest)
{
    bool any = false;
    struct timespec now = deadline_after(0);
    struct registration *registration;
    DL_FOREACH (registrations, registration) {
        if (!has_timer(registration))
            continue;
        if (!deadline_before(&now, &registration->deadline)) {
            waiter_unlink(&registration->waiter);
            enqueue(registration, true);
        } else if (!any || deadline_before(&registration->deadline, earliest)) {
            *earliest = registration->deadline;
            any = true;
        }
    }
    return any;
}

static void free_registration(struct registration *registration)
{
    if (registration->completion) {
        event_raise(registration->completion);
        event_drop(registration->completion);
    }
    DL_DELETE(registrations, registration);
    event_drop(registration->event);
    mem_free(registration);
}

static void run(struct registration *registration)
{
    dequeue(registration);
    registration->state = STATE_RUNNING;
    current = registration;
    BOOLEAN timed_out = registration->timed_out;
    events_unlock();
    registration->callback(registration->context, timed_out);
    events_lock();
    current = NULL;
    registration->state = STATE_IDLE;
    if (registration->awaited)
        pthread_cond_broadcast(&ended_condition);
    else if (registration->removed)
        free_registration(registration);
    else if (!registration->once)
        arm(registration);
}

static void *worker(void *unused)
{
    (void)unused;
    events_lock();
    idle_count--;
    for (;;) {
        struct timespec earliest;
        bool timer = expire(&earliest);
        if (queue) {
            /* Somebody must watch the clock and the queue while the callback runs. */
            if (timer || queue_length > 1)
                call_worker();
            run(queue);
            continue;
        }
        idle_count++;
        events_sleep(&work_condition, timer ? &earliest : NULL);
        idle_count--;
    }
    return NULL;
}

/* Makes sure that there is a thread to run callbacks. */
static bool ready_pool(void)
{
    if (!conditions_ready) {
        if (condition_init(&work_condition) != 0)
            return false;
        if (condition_init(&ended_condition) != 0) {
            pthread_cond_destroy(&work_condition);
            return false;
        }
        conditions_ready = true;
    }
    return worker_count > 0 || start_worker();
}

void registrations_after_fork(void)
{
    conditions_ready = false; /* they still count sleepers of the parent */
    queue = NULL;
    queue_length = 0;
    worker_count = current ? 1 : 0;
    idle_count = 0;
    struct registration *registration, *next;
    DL_FOREACH_SAFE (registrations, registration, next) {
        registration->waiter.linked = false;
        if (registration == current)
            continue;
        registration->state = STATE_IDLE;
        if (registration->removed)
            free_registration(registration);
    }
    if (current)
        conditions_ready =
            condition_init(&work_condition) == 0 && condition_init(&ended_condition) == 0;
}

/* Adds a registration under the lock. On failure nothing has changed. */
static DWORD add(struct registration *registration, HANDLE event, HANDLE *handle)
{
    uintptr_t value;
    registration->event = event_find(event);
    if (!registration->event)
        return ERROR_INVALID_HANDLE;
    if (!ready_pool() || FAILED(handle_table_add(&table, registration, &value)))
        return ERROR_NOT_ENOUGH_MEMORY;
    registration->link.event = registration->event;
    registration->waiter =
        (struct waiter){.links = &registration->link, .count = 1, .wake = wake_registration};
    event_hold(registration->event);
    DL_APPEND(registrations, registration);
    *handle = (HANDLE)value; /* before the first callback, which may want it */
    arm(registration);
    if (registration->state == STATE_QUEUED || has_timer(registration))
        call_worker();
    return ERROR_SUCCESS;
}

BOOL RegisterWaitForSingleObject(PHANDLE wait_handle, HANDLE event, WAITORTIMERCALLBACK callback,
                                 PVOID context, ULONG ms, ULONG flags)
{
    if (!wait_handle || !callback || (flags & ~KNOWN_FLAGS) != 0) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return FALSE;
    }
    *wait_handle = NULL;
    struct registration *registration = mem_zalloc(sizeof *registration);
    if (!registration) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return FALSE;
    }
    registration->callback = callback;
    registration->context = context;
    registration->timeout_ms = ms;
    registration->once = (flags & WT_EXECUTEONLYONCE) != 0;
    events_lock();
    DWORD error = add(registration, event, wait_handle);
    events_unlock();
    if (error == ERROR_SUCCESS)
        return TRUE;
    mem_free(registration);
    SetLastError(error);
    return FALSE;
}

/* Ends the waiting; a signal that was taken for a callback which will not run goes back. */
static void disarm(struct registration *registration)
{
    if (registration->state == STATE_ARMED) {
        waiter_unlink(&registration->waiter);
        registration->state = STATE_IDLE;
    } else if (registration->state == STATE_QUEUED) {
        dequeue(registration);
        if (!registration->timed_out && !registration->event->manual_reset)
            event_raise(registration->event);
    }
}

static DWORD remove_registration(HANDLE wait_handle, bool wait, HANDLE completion)
{
    struct event *completed = completion ? event_find(completion) : NULL;
    if (completion && !completed)
        return ERROR_INVALID_HANDLE;
    struct registration *registration = handle_table_remove(&table, (uintptr_t)wait_handle);
    if (!registration)
        return ERROR_INVALID_HANDLE;
    disarm(registration);
    if (completed)
        event_hold(completed);
    registration->completion = completed;
    registration->removed = true;
    if (registration->state == STATE_RUNNING && (!wait || registration == current))
        return ERROR_IO_PENDING;
    registration->awaited = wait;
    while (registration->state == STATE_RUNNING)
        events_sleep(&ended_condition, NULL);
    free_registration(registration);
    return ERROR_SUCCESS;
}

BOOL UnregisterWaitEx(HANDLE wait_handle, HANDLE completion)
{
    bool wait = completion == INVALID_HANDLE_VALUE;
    events_lock();
    DWORD error = remove_registration(wait_handle, wait, wait ? NULL : completion);
    events_unlock();
    if (error == ERROR_SUCCESS)
        return TRUE;
    SetLastError(error);
    return FALSE;
}

BOOL UnregisterWait(HANDLE wait_handle)
{
    return UnregisterWaitEx(wait_handle, NULL);
}
