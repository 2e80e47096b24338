/* Does a process that forks, or exits while threads of the library wait and call, go on without
 * hanging, parent and child? */
#include "platform_threads.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs body in a child; it must return 0 within ten seconds. */
static void in_child(int (*body)(void *context), void *context)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(10);
        _exit(body(context));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

struct fixture {
    HANDLE waited; /* a thread of the parent waits for it */
    HANDLE watched;
    HANDLE wait;
    HANDLE called;
    int fd;
};

static void CALLBACK on_signal(PVOID context, BOOLEAN timed_out)
{
    struct fixture *fixture = context;
    (void)timed_out;
    SetEvent(fixture->called);
}

static void *wait_for_it(void *argument)
{
    struct fixture *fixture = argument;
    return WaitForSingleObject(fixture->waited, INFINITE) == WAIT_OBJECT_0 ? fixture : NULL;
}

/* Each check that fails has a number of its own. */
static int use_events(void *context)
{
    struct fixture *fixture = context;
    int fd;
    if (!SetEvent(fixture->waited) || !is_signalled(fixture->waited))
        return 1; /* the parent's waiter must not take it here */
    if (!SetEvent(fixture->watched) || !is_signalled(fixture->watched))
        return 2; /* nor its registration */
    if (FAILED(PeerEventGetFd(fixture->watched, &fd)) || !CloseHandle(fixture->watched))
        return 3;
    if (!UnregisterWaitEx(fixture->wait, INVALID_HANDLE_VALUE))
        return 4;
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!RegisterWaitForSingleObject(&fixture->wait, event, on_signal, fixture, INFINITE, 0))
        return 5;
    SetEvent(event);
    if (WaitForSingleObject(fixture->called, INFINITE) != WAIT_OBJECT_0)
        return 6;
    return UnregisterWaitEx(fixture->wait, INVALID_HANDLE_VALUE) ? 0 : 7;
}

static void test_fork(void **state)
{
    (void)state;
    struct fixture fixture = {
        .waited = auto_event(), .watched = auto_event(), .called = auto_event()};
    assert_ok(PeerEventGetFd(fixture.watched, &fixture.fd));
    assert_true(
        RegisterWaitForSingleObject(&fixture.wait, fixture.watched, on_signal, &fixture, 60000, 0));
    pthread_t thread = start(wait_for_it, &fixture);
    await_waiters(fixture.waited, 1);
    in_child(use_events, &fixture);
    /* The parent is as it was. */
    assert_false(is_signalled(fixture.called));
    assert_true(fcntl(fixture.fd, F_GETFD) >= 0);
    SetEvent(fixture.watched);
    assert_int_equal(WaitForSingleObject(fixture.called, 10000), WAIT_OBJECT_0);
    SetEvent(fixture.waited);
    void *result;
    pthread_join(thread, &result);
    assert_non_null(result);
    assert_true(UnregisterWaitEx(fixture.wait, INVALID_HANDLE_VALUE));
    assert_true(CloseHandle(fixture.waited) && CloseHandle(fixture.watched) &&
                CloseHandle(fixture.called));
}

static int exit_while_busy(void *context)
{
    struct fixture *fixture = context;
    if (!RegisterWaitForSingleObject(&fixture->wait, fixture->watched, on_signal, fixture, INFINITE,
                                     0))
        return 1;
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_it, fixture) != 0)
        return 2;
    SetEvent(fixture->watched);
    WaitForSingleObject(fixture->called, INFINITE);
    await_waiters(fixture->waited, 1);
    exit(0);
}

static void test_exit(void **state)
{
    (void)state;
    struct fixture fixture = {
        .waited = auto_event(), .watched = auto_event(), .called = auto_event()};
    in_child(exit_while_busy, &fixture);
    assert_true(CloseHandle(fixture.waited) && CloseHandle(fixture.watched) &&
                CloseHandle(fixture.called));
}

static void CALLBACK fork_within(PVOID context, BOOLEAN timed_out)
{
    struct fixture *fixture = context;
    (void)timed_out;
    pid_t child = fork();
    if (child == 0) {
        alarm(10);
        BOOL ended = UnregisterWaitEx(fixture->wait, INVALID_HANDLE_VALUE);
        _exit(!ended && GetLastError() == ERROR_IO_PENDING ? 0 : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    fixture->fd = status;
    SetEvent(fixture->called);
}

static void test_fork_from_within_a_call(void **state)
{
    (void)state;
    struct fixture fixture = {.watched = auto_event(), .called = auto_event()};
    assert_true(RegisterWaitForSingleObject(&fixture.wait, fixture.watched, fork_within, &fixture,
                                            INFINITE, WT_EXECUTEONLYONCE));
    SetEvent(fixture.watched);
    assert_int_equal(WaitForSingleObject(fixture.called, 10000), WAIT_OBJECT_0);
    assert_int_equal(fixture.fd, 0);
    assert_true(UnregisterWaitEx(fixture.wait, INVALID_HANDLE_VALUE));
    assert_true(CloseHandle(fixture.watched) && CloseHandle(fixture.called));
}

static _Atomic bool forking;

static void *keep_locking(void *argument)
{
    while (forking)
        SetEvent((HANDLE)argument);
    return NULL;
}

static int set_and_take(void *context)
{
    SetEvent((HANDLE)context);
    return is_signalled((HANDLE)context) ? 0 : 1;
}

static void test_fork_while_others_hold_the_lock(void **state)
{
    (void)state;
    HANDLE event = auto_event();
    forking = true;
    pthread_t thread = start(keep_locking, event);
    for (unsigned i = 0; i < 30; i++)
        in_child(set_and_take, event);
    forking = false;
    pthread_join(thread, NULL);
    assert_true(CloseHandle(event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork),
        cmocka_unit_test(test_exit),
        cmocka_unit_test(test_fork_from_within_a_call),
        cmocka_unit_test(test_fork_while_others_hold_the_lock),
    };
    return cmocka_run_group_tests_name("api-platform-fork", tests, NULL, NULL);
}
