/* Do posted functions run once, in order, on the loop's thread, and does each turn end with the
 * engine's function before the others? */
#include "support/test.h"

#include "base/alloc.h"
#include "base/limits.h"
#include "engine/loop.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POSTERS = 4, POSTS = 2000 };

struct numbered {
    struct loop_item item;
    struct loop *loop;
    unsigned poster, number;
    unsigned *next; /* of that poster; touched on the loop thread only */
    bool *in_order;
};

static void note_order(struct loop_item *item)
{
    struct numbered *one = (struct numbered *)item;
    *one->in_order &= loop_is_current(one->loop) && one->next[one->poster] == one->number;
    one->next[one->poster]++;
}

static void *post_all(void *argument)
{
    struct numbered *mine = argument;
    for (unsigned i = 0; i < POSTS; i++)
        loop_post(mine[i].loop, &mine[i].item);
    return NULL;
}

static void test_each_threads_posts_run_once_and_in_order(void **state)
{
    (void)state;
    static struct numbered all[POSTERS][POSTS];
    unsigned next[POSTERS] = {0};
    bool in_order = true;
    struct loop *loop = NULL;
    pthread_t threads[POSTERS];
    assert_ok(loop_new(&loop));
    assert_false(loop_is_current(loop));
    for (unsigned p = 0; p < POSTERS; p++) {
        for (unsigned i = 0; i < POSTS; i++)
            all[p][i] = (struct numbered){{note_order, NULL}, loop, p, i, next, &in_order};
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, all[p]), 0);
    }
    for (unsigned p = 0; p < POSTERS; p++)
        pthread_join(threads[p], NULL);
    loop_free(loop); /* runs what is still posted */
    assert_true(in_order);
    for (unsigned p = 0; p < POSTERS; p++)
        assert_int_equal(next[p], POSTS);
}

struct chain {
    struct loop_item item;
    struct loop *loop;
    unsigned left;
};

static void post_again(struct loop_item *item)
{
    struct chain *chain = (struct chain *)item;
    if (--chain->left > 0)
        loop_post(chain->loop, item);
}

static void test_free_runs_what_posted_functions_post(void **state)
{
    (void)state;
    struct chain chain = {.item = {.function = post_again}, .left = 100};
    assert_ok(loop_new(&chain.loop));
    loop_post(chain.loop, &chain.item);
    loop_free(chain.loop);
    assert_int_equal(chain.left, 0);
    loop_free(NULL);
}

struct answer {
    struct loop_item item;
    struct loop *loop;
    bool on_loop;
    uint64_t now;
    bool pipe_blocked;
};

static void give_answer(struct loop_item *item)
{
    struct answer *answer = (struct answer *)item;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    answer->on_loop = loop_is_current(answer->loop);
    answer->now = loop_now_ms(answer->loop);
    answer->pipe_blocked = sigismember(&mask, SIGPIPE) == 1 && sigismember(&mask, SIGTERM) == 1 &&
                           sigismember(&mask, SIGSEGV) == 0;
}

static void *call_many(void *argument)
{
    struct loop *loop = argument;
    for (unsigned i = 0; i < 200; i++) {
        struct answer answer = {.item = {.function = give_answer}, .loop = loop};
        loop_call(loop, &answer.item);
        assert_true(answer.on_loop);
    }
    return NULL;
}

static void test_call_waits_for_the_result(void **state)
{
    (void)state;
    struct loop *loop = NULL;
    pthread_t threads[POSTERS];
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_ok(loop_new(&loop));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int signal = 1; signal < SIGRTMIN; signal++)
        assert_int_equal(sigismember(&before, signal), sigismember(&after, signal));
    struct answer answer = {.item = {.function = give_answer}, .loop = loop};
    loop_call(loop, &answer.item);
    assert_true(answer.on_loop && answer.now > 0 && answer.pipe_blocked);
    for (unsigned p = 0; p < POSTERS; p++)
        assert_int_equal(pthread_create(&threads[p], NULL, call_many, loop), 0);
    for (unsigned p = 0; p < POSTERS; p++)
        pthread_join(threads[p], NULL);
    loop_free(loop);
}

struct turns {
    struct loop_item item;
    struct loop *loop;
    struct loop_batch first, second;
    char trace[64];
};

static void trace(struct turns *turns, char c)
{
    size_t length = strlen(turns->trace);
    if (length < sizeof(turns->trace) - 1)
        turns->trace[length] = c;
}

static void on_engine(void *context)
{
    trace(context, 'E');
}
static void on_first(void *context)
{
    trace(context, '1');
}
static void on_second(void *context)
{
    trace(context, '2');
}

static void start_turns(struct loop_item *item)
{
    struct turns *turns = (struct turns *)item;
    turns->first = (struct loop_batch){.function = on_first, .context = turns};
    turns->second = (struct loop_batch){.function = on_second, .context = turns};
    loop_add_batch(turns->loop, &turns->first);
    loop_set_batch(turns->loop, on_engine, turns);
    loop_add_batch(turns->loop, &turns->second);
    trace(turns, 'c');
}

static void another(struct loop_item *item)
{
    trace((struct turns *)item, 'c');
}

static void end_turns(struct loop_item *item)
{
    struct turns *turns = (struct turns *)item;
    loop_remove_batch(turns->loop, &turns->first);
    loop_set_batch(turns->loop, NULL, NULL);
    loop_remove_batch(turns->loop, &turns->second);
    trace(turns, 'x');
}

static void test_a_turn_ends_with_the_engine_then_the_others(void **state)
{
    (void)state;
    struct turns turns = {.item = {.function = start_turns}};
    assert_ok(loop_new(&turns.loop));
    loop_call(turns.loop, &turns.item);
    turns.item.function = another;
    loop_call(turns.loop, &turns.item);
    turns.item.function = end_turns;
    loop_call(turns.loop, &turns.item);
    turns.item.function = another;
    loop_call(turns.loop, &turns.item);
    loop_free(turns.loop);
    /* After each call a turn's end, in that order; at least one, and none after removal. */
    assert_int_equal(strncmp(turns.trace, "cE12", 4), 0);
    char *end = strstr(turns.trace, "x");
    assert_non_null(end);
    assert_string_equal(end, "xc");
    for (const char *at = turns.trace; at < end; at++) {
        if (*at == 'E')
            assert_int_equal(strncmp(at, "E12", 3), 0);
        if (*at == 'c')
            assert_int_equal(at[1], 'E');
    }
}

static void test_utc_is_the_systems(void **state)
{
    (void)state;
    uint64_t before = (uint64_t)time(NULL);
    uint64_t utc = loop_utc();
    uint64_t after = (uint64_t)time(NULL) + 1;
    uint64_t seconds = (utc - TICKS_UNIX_EPOCH) / TICKS_PER_SECOND;
    assert_true(seconds >= before && seconds <= after);
}

static int64_t seconds_off(void)
{
    return (int64_t)((loop_utc() - TICKS_UNIX_EPOCH) / TICKS_PER_SECOND) - (int64_t)time(NULL);
}

/* In a child each, before this process has read it. */
static void test_a_test_may_shift_the_clock(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } all[] = {
        {"86400", 86400}, {"-3600", -3600}, {"", 0}, {"12x", 0}, {"99999999999999999999", 0}};
    for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
        pid_t child = fork();
        if (child == 0) {
            setenv("PEERGROUP_TEST_CLOCK_OFFSET", all[i].text, 1);
            int64_t off = seconds_off() - all[i].seconds;
            _exit(off < -1 || off > 1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_without_memory_there_is_no_loop(void **state)
{
    (void)state;
    struct loop *loop = (struct loop *)&loop;
    mem_fail_nth(1);
    assert_hr(loop_new(&loop), E_OUTOFMEMORY);
    assert_null(loop);
    mem_fail_nth(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_test_may_shift_the_clock),
        cmocka_unit_test(test_each_threads_posts_run_once_and_in_order),
        cmocka_unit_test(test_free_runs_what_posted_functions_post),
        cmocka_unit_test(test_call_waits_for_the_result),
        cmocka_unit_test(test_a_turn_ends_with_the_engine_then_the_others),
        cmocka_unit_test(test_utc_is_the_systems),
        cmocka_unit_test(test_without_memory_there_is_no_loop),
    };
    unsetenv("PEERGROUP_TEST_CLOCK_OFFSET");
    return cmocka_run_group_tests_name("engine-loop", tests, NULL, NULL);
}
