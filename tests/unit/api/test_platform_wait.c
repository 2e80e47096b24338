/* Does each signal go to exactly one waiter, whatever races with it: other waiters, time-outs,
 * closing, waits for several events? */
#include "platform_threads.h"

enum { THREADS = 8, SIGNALS = 1000 };

struct shared {
    HANDLE event;
    HANDLE taken;
    HANDLE stop;
    _Atomic unsigned count;
};

static void *take_signals(void *argument)
{
    struct shared *shared = argument;
    HANDLE events[2] = {shared->event, shared->stop};
    while (WaitForMultipleObjects(2, events, FALSE, INFINITE) == WAIT_OBJECT_0) {
        shared->count++;
        SetEvent(shared->taken);
    }
    return NULL;
}

static void test_each_signal_releases_exactly_one(void **state)
{
    (void)state;
    struct shared shared = {.event = auto_event(), .taken = auto_event(), .stop = manual_event()};
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(take_signals, &shared);
    for (unsigned i = 0; i < SIGNALS; i++) {
        SetEvent(shared.event);
        assert_int_equal(WaitForSingleObject(shared.taken, 10000), WAIT_OBJECT_0);
        assert_int_equal(shared.count, i + 1);
    }
    SetEvent(shared.stop);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.count, SIGNALS);
    assert_false(is_signalled(shared.event));
    assert_true(CloseHandle(shared.event) && CloseHandle(shared.taken) && CloseHandle(shared.stop));
}

static void *take_one(void *argument)
{
    struct shared *shared = argument;
    if (WaitForSingleObject(shared->event, INFINITE) == WAIT_OBJECT_0)
        shared->count++;
    return NULL;
}

static void test_signals_in_a_row_are_not_lost(void **state)
{
    (void)state;
    struct shared shared = {.event = auto_event()};
    for (unsigned round = 0; round < 20; round++) {
        pthread_t threads[THREADS];
        shared.count = 0;
        for (unsigned i = 0; i < THREADS; i++)
            threads[i] = start(take_one, &shared);
        await_waiters(shared.event, THREADS);
        for (unsigned i = 0; i < THREADS; i++)
            SetEvent(shared.event);
        for (unsigned i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        assert_int_equal(shared.count, THREADS);
        assert_false(is_signalled(shared.event));
    }
    assert_true(CloseHandle(shared.event));
}

static void test_manual_reset_releases_all(void **state)
{
    (void)state;
    struct shared shared = {.event = manual_event()};
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = start(take_one, &shared);
    await_waiters(shared.event, THREADS);
    SetEvent(shared.event);
    ResetEvent(shared.event);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.count, THREADS);
    assert_false(is_signalled(shared.event));
    assert_true(CloseHandle(shared.event));
}

struct race {
    HANDLE event;
    pthread_barrier_t barrier;
    unsigned taken;
};

enum { RACES = 400 };

static void *wait_a_millisecond(void *argument)
{
    struct race *race = argument;
    for (unsigned i = 0; i < RACES; i++) {
        pthread_barrier_wait(&race->barrier);
        DWORD result = WaitForSingleObject(race->event, 1);
        race->taken = result == WAIT_OBJECT_0;
        pthread_barrier_wait(&race->barrier);
        pthread_barrier_wait(&race->barrier);
    }
    return NULL;
}

static void test_signal_and_time_out_race_to_one_side(void **state)
{
    (void)state;
    struct race race = {.event = auto_event()};
    HANDLE never = auto_event();
    unsigned taken = 0;
    pthread_barrier_init(&race.barrier, NULL, 2);
    pthread_t thread = start(wait_a_millisecond, &race);
    for (unsigned i = 0; i < RACES; i++) {
        pthread_barrier_wait(&race.barrier);
        assert_int_equal(WaitForSingleObject(never, 1), WAIT_TIMEOUT);
        assert_true(SetEvent(race.event));
        pthread_barrier_wait(&race.barrier);
        assert_int_equal(race.taken + is_signalled(race.event), 1);
        taken += race.taken;
        pthread_barrier_wait(&race.barrier);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&race.barrier);
    assert_true(taken <= RACES);
    assert_true(CloseHandle(never) && CloseHandle(race.event));
}

struct pair {
    HANDLE events[2];
    HANDLE done;
    DWORD result;
};

static void *take_pair(void *argument)
{
    struct pair *pair = argument;
    pair->result = WaitForMultipleObjects(2, pair->events, TRUE, INFINITE);
    SetEvent(pair->done);
    return NULL;
}

static void test_wait_all_leaves_signals_to_single_waits(void **state)
{
    (void)state;
    struct pair pair = {.events = {auto_event(), auto_event()}, .done = auto_event()};
    pthread_t thread = start(take_pair, &pair);
    await_waiters(pair.events[0], 1);
    SetEvent(pair.events[0]);
    assert_true(is_signalled(pair.events[0])); /* the wait for both has not taken it */
    SetEvent(pair.events[1]);
    assert_int_equal(waiters_of(pair.events[1]), 1);
    SetEvent(pair.events[0]);
    assert_int_equal(WaitForSingleObject(pair.done, 10000), WAIT_OBJECT_0);
    pthread_join(thread, NULL);
    assert_int_equal(pair.result, WAIT_OBJECT_0);
    assert_false(is_signalled(pair.events[0]));
    assert_false(is_signalled(pair.events[1]));
    for (unsigned i = 0; i < 2; i++)
        assert_true(CloseHandle(pair.events[i]));
    assert_true(CloseHandle(pair.done));
}

struct crossing {
    HANDLE events[3]; /* two to wait for together, and the end */
    bool reverse;
    HANDLE taken;
    _Atomic unsigned *count;
    _Atomic bool *stop;
};

static void *take_crossing(void *argument)
{
    struct crossing *crossing = argument;
    HANDLE events[2] = {crossing->events[crossing->reverse], crossing->events[!crossing->reverse]};
    while (WaitForMultipleObjects(2, events, TRUE, INFINITE) == WAIT_OBJECT_0 && !*crossing->stop) {
        ++*crossing->count;
        SetEvent(crossing->taken);
    }
    return NULL;
}

static void test_waits_for_the_same_pair_take_it_once(void **state)
{
    (void)state;
    _Atomic unsigned count = 0;
    _Atomic bool stop = false;
    struct crossing forward = {.events = {auto_event(), auto_event()},
                               .taken = auto_event(),
                               .count = &count,
                               .stop = &stop};
    struct crossing backward = forward;
    backward.reverse = true;
    pthread_t threads[2] = {start(take_crossing, &forward), start(take_crossing, &backward)};
    for (unsigned i = 0; i < SIGNALS; i++) {
        SetEvent(forward.events[i % 2]);
        SetEvent(forward.events[1 - i % 2]);
        assert_int_equal(WaitForSingleObject(forward.taken, 10000), WAIT_OBJECT_0);
        assert_int_equal(count, i + 1);
    }
    stop = true;
    for (unsigned i = 0; i < 2; i++) {
        await_waiters(forward.events[0], 2 - i);
        SetEvent(forward.events[0]);
        SetEvent(forward.events[1]);
    }
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count, SIGNALS);
    assert_true(CloseHandle(forward.events[0]) && CloseHandle(forward.events[1]) &&
                CloseHandle(forward.taken));
}

struct closing {
    HANDLE events[2];
    DWORD result;
    DWORD error;
};

static void *wait_for_closing(void *argument)
{
    struct closing *closing = argument;
    closing->result = WaitForMultipleObjects(2, closing->events, FALSE, INFINITE);
    closing->error = GetLastError();
    return NULL;
}

static void test_closing_ends_the_waits(void **state)
{
    (void)state;
    HANDLE closed = auto_event(), kept = auto_event();
    struct closing waits[THREADS];
    pthread_t threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        waits[i] = (struct closing){.events = {kept, closed}};
        threads[i] = start(wait_for_closing, &waits[i]);
    }
    await_waiters(closed, THREADS);
    assert_true(CloseHandle(closed));
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waits[i].result, WAIT_FAILED);
        assert_int_equal(waits[i].error, ERROR_INVALID_HANDLE);
    }
    assert_int_equal(waiters_of(kept), 0);
    assert_true(CloseHandle(kept));
}

static void *churn(void *argument)
{
    HANDLE *slot = argument;
    for (unsigned i = 0; i < 300; i++) {
        SetEvent(*slot);
        WaitForSingleObject(*slot, i % 2);
        ResetEvent((HANDLE)((uintptr_t)*slot + 4));
    }
    return NULL;
}

static void test_closing_races_with_everything(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        HANDLE event = auto_event();
        pthread_t threads[4];
        for (unsigned i = 0; i < 4; i++)
            threads[i] = start(churn, &event);
        for (unsigned i = 0; i < 50; i++)
            SetEvent(event);
        assert_true(CloseHandle(event));
        for (unsigned i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_signal_releases_exactly_one),
        cmocka_unit_test(test_signals_in_a_row_are_not_lost),
        cmocka_unit_test(test_manual_reset_releases_all),
        cmocka_unit_test(test_signal_and_time_out_race_to_one_side),
        cmocka_unit_test(test_wait_all_leaves_signals_to_single_waits),
        cmocka_unit_test(test_waits_for_the_same_pair_take_it_once),
        cmocka_unit_test(test_closing_ends_the_waits),
        cmocka_unit_test(test_closing_races_with_everything),
    };
    return cmocka_run_group_tests_name("api-platform-wait", tests, NULL, NULL);
}
