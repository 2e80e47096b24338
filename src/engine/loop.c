/* loop.c - the loop thread: a mailbox that wakes it, and functions that end each of its turns.
 *
 * Posting appends to a list under a mutex and wakes libuv; the loop takes the whole list at once
 * and runs it in order. The turn's end is a prepare handle: libuv calls it after timers, posted
 * items, sockets and close callbacks, right before it sleeps, so that one commit and one write
 * cover all that a turn brought.
 *
 * The thread blocks signals: they belong to the application, and a write to a closed socket
 * must give an error, not SIGPIPE. The pool's threads are started by this one and inherit that.
 * Only loop_new can fail; the mailbox never allocates. loop_free asks the thread to end: it empties
 * the mailbox, closes its own handles and waits for jobs and handles that are still closing. */
#include "engine/loop.h"

#include "base/alloc.h"
#include "base/limits.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <utlist.h>

struct loop {
    uv_loop_t uv;
    uv_async_t wake;
    uv_prepare_t turn_end;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t called;        /* some loop_call has ended */
    struct loop_item *first; /* under the mutex, as the next two */
    struct loop_item *last;
    bool stopping;
    loop_batch_function engine;
    void *engine_context;
    struct loop_batch *batches;
};

/* Runs everything posted, and what that posts in turn only in the next turn. */
static bool run_posted(struct loop *loop)
{
    uv_mutex_lock(&loop->mutex);
    struct loop_item *item = loop->first;
    loop->first = loop->last = NULL;
    bool stopping = loop->stopping && !item;
    uv_mutex_unlock(&loop->mutex);
    while (item) {
        struct loop_item *next = item->next;
        item->function(item);
        item = next;
    }
    return stopping;
}

static void on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    if (run_posted(loop)) {
        uv_close((uv_handle_t *)&loop->wake, NULL);
        uv_close((uv_handle_t *)&loop->turn_end, NULL);
        return;
    }
    uv_mutex_lock(&loop->mutex);
    if (loop->stopping)
        uv_async_send(&loop->wake);
    uv_mutex_unlock(&loop->mutex);
}

static void on_turn_end(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;
    if (loop->engine)
        loop->engine(loop->engine_context);
    struct loop_batch *batch = NULL, *next = NULL;
    LL_FOREACH_SAFE (loop->batches, batch, next)
        batch->function(batch->context);
}

static void thread_main(void *argument)
{
    struct loop *loop = argument;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* Starts the thread with all signals blocked but those that stand for a fault of its own. */
static HRESULT start_thread(struct loop *loop)
{
    sigset_t all, before;
    sigfillset(&all);
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = uv_thread_create(&loop->thread, thread_main, loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? E_OUTOFMEMORY : S_OK;
}

static int init_locks(struct loop *loop)
{
    int failed = uv_mutex_init(&loop->mutex);
    if (failed)
        return failed;
    failed = uv_cond_init(&loop->called);
    if (failed)
        uv_mutex_destroy(&loop->mutex);
    return failed;
}

/* Starts the handles and the thread; on failure the handles are closed again. */
static HRESULT start(struct loop *loop)
{
    loop->turn_end.data = loop->wake.data = loop;
    uv_prepare_init(&loop->uv, &loop->turn_end);
    uv_prepare_start(&loop->turn_end, on_turn_end);
    HRESULT hr = E_OUTOFMEMORY;
    if (uv_async_init(&loop->uv, &loop->wake, on_wake) == 0) {
        hr = start_thread(loop);
        if (FAILED(hr))
            uv_close((uv_handle_t *)&loop->wake, NULL);
    }
    if (FAILED(hr)) {
        uv_close((uv_handle_t *)&loop->turn_end, NULL);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    }
    return hr;
}

static void destroy(struct loop *loop)
{
    int failed = uv_loop_close(&loop->uv);
    ASSERT(failed == 0);
    uv_cond_destroy(&loop->called);
    uv_mutex_destroy(&loop->mutex);
    mem_free(loop);
}

HRESULT loop_new(struct loop **out)
{
    *out = NULL;
    struct loop *loop = mem_zalloc(sizeof(*loop));
    if (!loop)
        return E_OUTOFMEMORY;
    if (uv_loop_init(&loop->uv) != 0) {
        mem_free(loop);
        return E_OUTOFMEMORY;
    }
    if (init_locks(loop) != 0) {
        uv_loop_close(&loop->uv);
        mem_free(loop);
        return E_OUTOFMEMORY;
    }
    HRESULT hr = start(loop);
    if (FAILED(hr)) {
        destroy(loop);
        return hr;
    }
    *out = loop;
    return S_OK;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    ASSERT(!loop_is_current(loop));
    uv_mutex_lock(&loop->mutex);
    loop->stopping = true;
    uv_async_send(&loop->wake);
    uv_mutex_unlock(&loop->mutex);
    uv_thread_join(&loop->thread);
    destroy(loop);
}

void loop_post(struct loop *loop, struct loop_item *item)
{
    item->next = NULL;
    uv_mutex_lock(&loop->mutex);
    bool wake = !loop->first;
    if (loop->last)
        loop->last->next = item;
    else
        loop->first = item;
    loop->last = item;
    if (wake) /* under the mutex, so that the handle cannot be closing */
        uv_async_send(&loop->wake);
    uv_mutex_unlock(&loop->mutex);
}

struct call {
    struct loop_item item;
    struct loop *loop;
    struct loop_item *wanted;
    bool done;
};

static void run_call(struct loop_item *item)
{
    struct call *call = (struct call *)item;
    struct loop *loop = call->loop;
    call->wanted->function(call->wanted);
    uv_mutex_lock(&loop->mutex);
    call->done = true;
    uv_cond_broadcast(&loop->called);
    uv_mutex_unlock(&loop->mutex);
}

void loop_call(struct loop *loop, struct loop_item *item)
{
    ASSERT(!loop_is_current(loop));
    struct call call = {.item = {.function = run_call}, .loop = loop, .wanted = item};
    loop_post(loop, &call.item);
    uv_mutex_lock(&loop->mutex);
    while (!call.done)
        uv_cond_wait(&loop->called, &loop->mutex);
    uv_mutex_unlock(&loop->mutex);
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

bool loop_is_current(struct loop *loop)
{
    uv_thread_t self = uv_thread_self();
    return uv_thread_equal(&self, &loop->thread) != 0;
}

uint64_t loop_now_ms(struct loop *loop)
{
    return uv_now(&loop->uv);
}

static int64_t test_offset;

static void read_test_offset(void)
{
    const char *text = getenv("PEERGROUP_TEST_CLOCK_OFFSET");
    if (!text || !*text)
        return;
    char *end = NULL;
    errno = 0;
    long long seconds = strtoll(text, &end, 10);
    long long most = INT64_MAX / (long long)TICKS_PER_SECOND / 4;
    if (errno == 0 && *end == '\0' && seconds > -most && seconds < most)
        test_offset = seconds * (long long)TICKS_PER_SECOND;
}

uint64_t loop_utc(void)
{
    static uv_once_t once = UV_ONCE_INIT;
    uv_once(&once, read_test_offset);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t ticks = (uint64_t)now.tv_sec * TICKS_PER_SECOND + (uint64_t)now.tv_nsec / 100;
    return ticks + TICKS_UNIX_EPOCH + (uint64_t)test_offset;
}

void loop_set_batch(struct loop *loop, loop_batch_function function, void *context)
{
    loop->engine = function;
    loop->engine_context = context;
}

void loop_add_batch(struct loop *loop, struct loop_batch *batch)
{
    LL_APPEND(loop->batches, batch);
}

void loop_remove_batch(struct loop *loop, struct loop_batch *batch)
{
    LL_DELETE(loop->batches, batch);
}
