/* Do registered waits call their functions once for each signal or time-out, and does unregistering
 * keep its word in each of its three forms, also from within the function itself? */
#include "platform_threads.h"

#include "base/alloc.h"

struct call {
    HANDLE event;
    HANDLE wait;
    HANDLE called; /* set by each call */
    HANDLE gate;   /* manual-reset: a call ends when it is set; or NULL */
    _Atomic unsigned signals;
    _Atomic unsigned timeouts;
    _Atomic unsigned ended;
};

static void make_call(struct call *call, bool gated)
{
    *call = (struct call){.event = auto_event(), .called = auto_event()};
    if (gated)
        call->gate = manual_event();
}

static void free_call(struct call *call)
{
    assert_true(CloseHandle(call->event) && CloseHandle(call->called));
    if (call->gate)
        assert_true(CloseHandle(call->gate));
}

static void CALLBACK on_call(PVOID context, BOOLEAN timed_out)
{
    struct call *call = context;
    if (timed_out)
        call->timeouts++;
    else
        call->signals++;
    SetEvent(call->called);
    if (call->gate)
        WaitForSingleObject(call->gate, INFINITE);
    call->ended++;
}

static void register_call(struct call *call, ULONG ms, ULONG flags)
{
    assert_true(RegisterWaitForSingleObject(&call->wait, call->event, on_call, call, ms, flags));
    assert_non_null(call->wait);
}

static void await_call(struct call *call)
{
    assert_int_equal(WaitForSingleObject(call->called, 10000), WAIT_OBJECT_0);
}

static void end_call(struct call *call)
{
    assert_true(UnregisterWaitEx(call->wait, INVALID_HANDLE_VALUE));
}

static void test_only_once(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, false);
    register_call(&call, INFINITE, WT_EXECUTEONLYONCE);
    SetEvent(call.event);
    await_call(&call);
    SetEvent(call.event);
    end_call(&call);
    assert_int_equal(call.signals, 1);
    assert_int_equal(call.timeouts, 0);
    assert_true(is_signalled(call.event)); /* nobody took the second one */
    free_call(&call);
}

static void test_again_and_again(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, false);
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT | WT_EXECUTEINWAITTHREAD);
    for (unsigned i = 0; i < 500; i++) {
        SetEvent(call.event);
        await_call(&call);
    }
    end_call(&call);
    assert_int_equal(call.signals, 500);
    assert_int_equal(call.ended, 500);
    SetEvent(call.event);
    assert_true(is_signalled(call.event));
    free_call(&call);
}

static void test_event_that_is_signalled_already(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, false);
    SetEvent(call.event);
    register_call(&call, INFINITE, WT_EXECUTEONLYONCE);
    await_call(&call);
    end_call(&call);
    assert_int_equal(call.signals, 1);
    free_call(&call);
}

static void test_signal_during_a_call_causes_the_next(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, true);
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    SetEvent(call.event);
    await_call(&call);
    SetEvent(call.event);
    SetEvent(call.gate);
    await_call(&call);
    end_call(&call);
    assert_int_equal(call.signals, 2);
    free_call(&call);
}

static void test_time_out(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, false);
    register_call(&call, 2, WT_EXECUTEDEFAULT);
    await_call(&call);
    await_call(&call);
    end_call(&call);
    assert_true(call.timeouts >= 2);
    assert_int_equal(call.signals, 0);
    unsigned before = call.timeouts;
    ResetEvent(call.called);
    assert_int_equal(WaitForSingleObject(call.called, 10), WAIT_TIMEOUT);
    assert_int_equal(call.timeouts, before);
    free_call(&call);
}

static void test_time_out_comes_while_another_function_blocks(void **state)
{
    (void)state;
    struct call blocked, timed;
    make_call(&blocked, true);
    make_call(&timed, false);
    register_call(&blocked, INFINITE, WT_EXECUTEONLYONCE);
    SetEvent(blocked.event);
    await_call(&blocked);
    register_call(&timed, 5, WT_EXECUTEONLYONCE);
    await_call(&timed);
    assert_int_equal(timed.timeouts, 1);
    assert_int_equal(blocked.ended, 0);
    SetEvent(blocked.gate);
    end_call(&blocked);
    end_call(&timed);
    free_call(&blocked);
    free_call(&timed);
}

struct unregistering {
    struct call *call;
    bool result;
    unsigned ended;
};

static void *unregister_blocking(void *argument)
{
    struct unregistering *unregistering = argument;
    unregistering->result =
        UnregisterWaitEx(unregistering->call->wait, INVALID_HANDLE_VALUE) != FALSE;
    unregistering->ended = unregistering->call->ended;
    return NULL;
}

static void test_blocking_unregister_waits_for_the_call(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct call call;
        make_call(&call, true);
        register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
        SetEvent(call.event);
        await_call(&call);
        struct unregistering unregistering = {.call = &call};
        pthread_t thread = start(unregister_blocking, &unregistering);
        for (unsigned yields = 0; yields < i; yields++)
            sched_yield();
        SetEvent(call.gate);
        pthread_join(thread, NULL);
        assert_true(unregistering.result);
        assert_int_equal(unregistering.ended, 1);
        assert_fails(UnregisterWait(call.wait), ERROR_INVALID_HANDLE);
        free_call(&call);
    }
}

static void test_unregister_at_once(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, true);
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    assert_true(UnregisterWaitEx(call.wait, NULL));
    SetEvent(call.event);
    assert_true(is_signalled(call.event));
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    SetEvent(call.event);
    await_call(&call);
    assert_fails(UnregisterWait(call.wait), ERROR_IO_PENDING);
    assert_fails(UnregisterWait(call.wait), ERROR_INVALID_HANDLE);
    SetEvent(call.gate);
    while (call.ended == 0)
        sched_yield();
    free_call(&call);
}

static void test_completion_event(void **state)
{
    (void)state;
    struct call call;
    HANDLE completion = auto_event();
    make_call(&call, true);
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    assert_true(UnregisterWaitEx(call.wait, completion));
    assert_true(is_signalled(completion));
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    assert_fails(UnregisterWaitEx(call.wait, call.wait), ERROR_INVALID_HANDLE);
    SetEvent(call.event);
    await_call(&call);
    assert_fails(UnregisterWaitEx(call.wait, completion), ERROR_IO_PENDING);
    assert_false(is_signalled(completion));
    SetEvent(call.gate);
    assert_int_equal(WaitForSingleObject(completion, 10000), WAIT_OBJECT_0);
    assert_int_equal(call.ended, 1);
    /* A completion event that the program closes too early harms nobody. */
    ResetEvent(call.gate);
    register_call(&call, INFINITE, WT_EXECUTEDEFAULT);
    SetEvent(call.event);
    await_call(&call);
    assert_fails(UnregisterWaitEx(call.wait, completion), ERROR_IO_PENDING);
    assert_true(CloseHandle(completion));
    SetEvent(call.gate);
    while (call.ended < 2)
        sched_yield();
    free_call(&call);
}

struct self {
    HANDLE wait;
    HANDLE completion;
    HANDLE argument;
    BOOL result;
    DWORD error;
    HANDLE done;
};

static void CALLBACK unregister_self(PVOID context, BOOLEAN timed_out)
{
    struct self *self = context;
    (void)timed_out;
    self->result = UnregisterWaitEx(self->wait, self->argument);
    self->error = GetLastError();
    SetEvent(self->done);
}

static void test_unregister_from_within(void **state)
{
    (void)state;
    struct self self = {.completion = auto_event(), .done = auto_event()};
    HANDLE event = auto_event();
    HANDLE arguments[] = {INVALID_HANDLE_VALUE, NULL, self.completion};
    for (unsigned i = 0; i < ARRAY_SIZE(arguments); i++) {
        self.argument = arguments[i];
        self.result = TRUE;
        SetEvent(event); /* the function finds the handle although it runs at once */
        assert_true(RegisterWaitForSingleObject(&self.wait, event, unregister_self, &self, INFINITE,
                                                WT_EXECUTEDEFAULT));
        assert_int_equal(WaitForSingleObject(self.done, 10000), WAIT_OBJECT_0);
        assert_false(self.result);
        assert_int_equal(self.error, ERROR_IO_PENDING);
        assert_fails(UnregisterWait(self.wait), ERROR_INVALID_HANDLE);
    }
    assert_int_equal(WaitForSingleObject(self.completion, 10000), WAIT_OBJECT_0);
    assert_true(CloseHandle(event) && CloseHandle(self.completion) && CloseHandle(self.done));
}

static void test_closed_event_never_fires(void **state)
{
    (void)state;
    struct call call;
    make_call(&call, false);
    register_call(&call, 60000, WT_EXECUTEDEFAULT);
    assert_true(CloseHandle(call.event));
    end_call(&call);
    assert_int_equal(call.signals + call.timeouts, 0);
    call.event = auto_event();
    free_call(&call);
}

static void test_more_calls_than_threads(void **state)
{
    (void)state;
    enum { CALLS = 20, AT_ONE_TIME = 16 };
    struct call calls[CALLS];
    for (unsigned i = 0; i < CALLS; i++) {
        make_call(&calls[i], true);
        register_call(&calls[i], INFINITE, WT_EXECUTEDEFAULT);
        SetEvent(calls[i].event);
        if (i < AT_ONE_TIME)
            await_call(&calls[i]);
    }
    /* The others are queued. One that is unregistered never runs, and its signal goes back. */
    assert_false(is_signalled(calls[CALLS - 1].event));
    end_call(&calls[CALLS - 1]);
    assert_true(is_signalled(calls[CALLS - 1].event));
    for (unsigned i = 0; i < CALLS; i++)
        SetEvent(calls[i].gate);
    for (unsigned i = AT_ONE_TIME; i < CALLS - 1; i++)
        await_call(&calls[i]);
    for (unsigned i = 0; i < CALLS - 1; i++)
        end_call(&calls[i]);
    for (unsigned i = 0; i < CALLS; i++) {
        assert_int_equal(calls[i].signals, i < CALLS - 1);
        free_call(&calls[i]);
    }
}

static void test_bad_arguments(void **state)
{
    (void)state;
    HANDLE event = auto_event(), wait = event;
    assert_fails(RegisterWaitForSingleObject(NULL, event, on_call, NULL, 0, 0),
                 ERROR_INVALID_PARAMETER);
    assert_fails(RegisterWaitForSingleObject(&wait, event, NULL, NULL, 0, 0),
                 ERROR_INVALID_PARAMETER);
    assert_fails(RegisterWaitForSingleObject(&wait, event, on_call, NULL, 0, 0x40),
                 ERROR_INVALID_PARAMETER);
    assert_fails(RegisterWaitForSingleObject(&wait, NULL, on_call, NULL, 0, 0),
                 ERROR_INVALID_HANDLE);
    assert_null(wait);
    assert_fails(UnregisterWait(NULL), ERROR_INVALID_HANDLE);
    assert_fails(UnregisterWait(event), ERROR_INVALID_HANDLE);
    assert_fails(UnregisterWaitEx(INVALID_HANDLE_VALUE, INVALID_HANDLE_VALUE),
                 ERROR_INVALID_HANDLE);
    struct call call = {.event = event};
    register_call(&call, INFINITE, 0);
    assert_fails(CloseHandle(call.wait), ERROR_INVALID_HANDLE);
    assert_fails(SetEvent(call.wait), ERROR_INVALID_HANDLE);
    assert_true(UnregisterWait(call.wait));
    mem_fail_nth(1);
    assert_fails(RegisterWaitForSingleObject(&wait, event, on_call, NULL, 0, 0),
                 ERROR_NOT_ENOUGH_MEMORY);
    mem_fail_nth(0);
    assert_true(CloseHandle(event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_once),
        cmocka_unit_test(test_again_and_again),
        cmocka_unit_test(test_event_that_is_signalled_already),
        cmocka_unit_test(test_signal_during_a_call_causes_the_next),
        cmocka_unit_test(test_time_out),
        cmocka_unit_test(test_time_out_comes_while_another_function_blocks),
        cmocka_unit_test(test_blocking_unregister_waits_for_the_call),
        cmocka_unit_test(test_unregister_at_once),
        cmocka_unit_test(test_completion_event),
        cmocka_unit_test(test_unregister_from_within),
        cmocka_unit_test(test_closed_event_never_fires),
        cmocka_unit_test(test_more_calls_than_threads),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests_name("api-platform-register", tests, NULL, NULL);
}
