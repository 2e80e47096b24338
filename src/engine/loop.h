/* loop.h - the one thread that owns all protocol state, its mailbox and its timers.
 *
 * Any thread may post; what is posted runs on the loop thread in order. Nothing below the engine is
 * called from elsewhere, but for jobs given to the thread pool, which see only their own memory. */
#ifndef ENGINE_LOOP_H
#define ENGINE_LOOP_H

#include "base/result.h"

#include <stdbool.h>
#include <uv.h>

struct loop;

/* loop_new starts the thread. E_OUTOFMEMORY. loop_free runs what is still posted, stops and joins
 * it; every uv handle that a user of the loop opened must be closed by then. Not from the loop
 * thread; NULL is fine. */
HRESULT loop_new(struct loop **loop) MUST_CHECK;
void loop_free(struct loop *loop);

/* loop_post runs function(argument) on the loop thread soon; never fails and never allocates: the
 * caller provides the item, which must live until the function runs. The function may free the item
 * or post it again. */
struct loop_item {
    void (*function)(struct loop_item *item);
    struct loop_item *next;
};
void loop_post(struct loop *loop, struct loop_item *item);
/* loop_call does the same and waits until the function has returned. Not from the loop thread. */
void loop_call(struct loop *loop, struct loop_item *item);

/* On the loop thread only: */
uv_loop_t *loop_uv(struct loop *loop);
bool loop_is_current(struct loop *loop); /* from any thread */
uint64_t loop_now_ms(struct loop *loop); /* monotonic */
/* loop_utc gives the system's UTC in ticks; PEERGROUP_TEST_CLOCK_OFFSET (seconds, tests only; read
 * once) is added. Any thread. */
uint64_t loop_utc(void);

/* loop_set_batch registers the function that runs once in every turn of the loop, after all
 * callbacks of that turn and before the loop sleeps (commit, then send); NULL takes it away. It is
 * the engine's alone. */
typedef void (*loop_batch_function)(void *context);
void loop_set_batch(struct loop *loop, loop_batch_function function, void *context);

/* Further functions of that kind, for the layers under the engine: they run after its own, in order
 * of addition, and write out what it has decided. What they call back must be posted, or it would
 * miss the engine's turn. The caller provides the item, which must live until it is removed. */
struct loop_batch {
    loop_batch_function function;
    void *context;
    struct loop_batch *next;
};
void loop_add_batch(struct loop *loop, struct loop_batch *batch);
void loop_remove_batch(struct loop *loop, struct loop_batch *batch);

#endif
