/* Do events keep and give out signals as documented, are bad handles refused everywhere, and does
 * the descriptor follow the state? */
#include "platform_threads.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

static void test_auto_reset_gives_one_signal(void **state)
{
    (void)state;
    HANDLE event = auto_event();
    assert_int_equal(WaitForSingleObject(event, 0), WAIT_TIMEOUT);
    assert_true(SetEvent(event));
    assert_true(SetEvent(event));
    assert_true(is_signalled(event));
    assert_false(is_signalled(event));
    assert_true(SetEvent(event));
    assert_true(ResetEvent(event));
    assert_false(is_signalled(event));
    assert_true(CloseHandle(event));
}

static void test_manual_reset_stays(void **state)
{
    (void)state;
    HANDLE event = manual_event();
    assert_true(SetEvent(event));
    assert_true(is_signalled(event));
    assert_true(is_signalled(event));
    assert_true(ResetEvent(event));
    assert_true(ResetEvent(event));
    assert_false(is_signalled(event));
    assert_true(CloseHandle(event));
}

static void test_create_variants(void **state)
{
    (void)state;
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    SetLastError(ERROR_BUSY);
    HANDLE event = CreateEventA(&attributes, 0, 5, NULL);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_true(is_signalled(event));
    assert_false(is_signalled(event));
    assert_true(CloseHandle(event));
    event = CreateEventExW(NULL, NULL, CREATE_EVENT_MANUAL_RESET | CREATE_EVENT_INITIAL_SET,
                           EVENT_ALL_ACCESS);
    assert_true(is_signalled(event) && is_signalled(event));
    assert_true(CloseHandle(event));
    event = CreateEventExA(NULL, NULL, 0, 0);
    assert_false(is_signalled(event));
    assert_true(CloseHandle(event));
    assert_fails(CreateEventExA(NULL, NULL, 4, 0), ERROR_INVALID_PARAMETER);
    assert_fails(CreateEventW(NULL, 0, 0, u"name"), ERROR_NOT_SUPPORTED);
    assert_fails(CreateEventA(NULL, 0, 0, ""), ERROR_NOT_SUPPORTED);
    assert_fails(CreateEventExW(NULL, u"name", 0, 0), ERROR_NOT_SUPPORTED);
    assert_fails(CreateEventExA(NULL, "name", 0, 0), ERROR_NOT_SUPPORTED);
}

static void refuse_everywhere(HANDLE handle)
{
    int fd = 5;
    assert_fails(SetEvent(handle), ERROR_INVALID_HANDLE);
    assert_fails(ResetEvent(handle), ERROR_INVALID_HANDLE);
    assert_fails(CloseHandle(handle), ERROR_INVALID_HANDLE);
    assert_wait_fails(WaitForSingleObject(handle, 0), ERROR_INVALID_HANDLE);
    assert_wait_fails(WaitForSingleObjectEx(handle, INFINITE, TRUE), ERROR_INVALID_HANDLE);
    assert_wait_fails(WaitForMultipleObjects(1, &handle, TRUE, INFINITE), ERROR_INVALID_HANDLE);
    assert_hr(PeerEventGetFd(handle, &fd), E_INVALIDARG);
    assert_int_equal(fd, -1);
    assert_false(event_is_valid(handle));
    assert_hr(event_signal(handle), E_INVALIDARG);
    struct event *event = (struct event *)&fd;
    assert_hr(event_reference(handle, &event), E_INVALIDARG);
    assert_null(event);
}

static void test_bad_handles(void **state)
{
    (void)state;
    HANDLE closed = auto_event();
    assert_true(event_is_valid(closed));
    assert_true(CloseHandle(closed));
    refuse_everywhere(closed);
    HANDLE live = auto_event(); /* in the slot of the closed one, or another */
    refuse_everywhere(closed);
    refuse_everywhere(NULL);
    refuse_everywhere(INVALID_HANDLE_VALUE);
    refuse_everywhere(&closed);
    for (unsigned bit = 0; bit < 8 * sizeof live; bit++)
        refuse_everywhere((HANDLE)((uintptr_t)live ^ (uintptr_t)1 << bit));
    for (uintptr_t value = 1; value < 300; value++)
        refuse_everywhere((HANDLE)value);
    assert_true(CloseHandle(live));
}

static void test_slots_are_used_again_under_new_handles(void **state)
{
    (void)state;
    HANDLE old[100];
    for (unsigned round = 0; round < 50; round++) {
        for (unsigned i = 0; i < ARRAY_SIZE(old); i++)
            old[i] = auto_event();
        for (unsigned i = 0; i < ARRAY_SIZE(old); i++)
            assert_true(CloseHandle(old[i]));
        HANDLE live[ARRAY_SIZE(old)];
        for (unsigned i = 0; i < ARRAY_SIZE(old); i++)
            live[i] = auto_event();
        for (unsigned i = 0; i < ARRAY_SIZE(old); i++) {
            assert_false(event_is_valid(old[i]));
            assert_true(event_is_valid(live[i]));
            assert_true(CloseHandle(live[i]));
        }
    }
}

static void test_handles_run_out(void **state)
{
    (void)state;
    static HANDLE events[70000];
    size_t count = 0;
    while (count < ARRAY_SIZE(events) &&
           (events[count] = CreateEventW(NULL, FALSE, FALSE, NULL)) != NULL)
        count++;
    assert_int_equal(count, 65536);
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    assert_true(CloseHandle(events[--count]));
    events[count] = auto_event();
    for (count++; count > 0; count--)
        assert_true(CloseHandle(events[count - 1]));
}

static void test_no_memory(void **state)
{
    (void)state;
    mem_fail_nth(1);
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_true(mem_fail_hit());
    assert_null(event);
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
}

static void test_wait_any_takes_the_lowest(void **state)
{
    (void)state;
    HANDLE events[3] = {auto_event(), manual_event(), auto_event()};
    assert_int_equal(WaitForMultipleObjects(3, events, FALSE, 0), WAIT_TIMEOUT);
    SetEvent(events[2]);
    SetEvent(events[1]);
    assert_int_equal(WaitForMultipleObjects(3, events, FALSE, INFINITE), WAIT_OBJECT_0 + 1);
    assert_true(is_signalled(events[1]));
    ResetEvent(events[1]);
    SetEvent(events[0]);
    assert_int_equal(WaitForMultipleObjectsEx(3, events, FALSE, 5, TRUE), WAIT_OBJECT_0);
    assert_int_equal(WaitForMultipleObjects(3, events, FALSE, 5), WAIT_OBJECT_0 + 2);
    assert_int_equal(WaitForMultipleObjects(3, events, FALSE, 5), WAIT_TIMEOUT);
    for (unsigned i = 0; i < 3; i++)
        assert_true(CloseHandle(events[i]));
}

static void test_wait_all_takes_all_or_none(void **state)
{
    (void)state;
    HANDLE events[3] = {auto_event(), manual_event(), auto_event()};
    SetEvent(events[0]);
    SetEvent(events[1]);
    assert_int_equal(WaitForMultipleObjects(3, events, TRUE, 1), WAIT_TIMEOUT);
    assert_true(is_signalled(events[0]));
    SetEvent(events[0]);
    SetEvent(events[2]);
    assert_int_equal(WaitForMultipleObjects(3, events, TRUE, 0), WAIT_OBJECT_0);
    assert_false(is_signalled(events[0]));
    assert_true(is_signalled(events[1]));
    assert_false(is_signalled(events[2]));
    for (unsigned i = 0; i < 3; i++)
        assert_true(CloseHandle(events[i]));
}

static void test_wait_arguments(void **state)
{
    (void)state;
    HANDLE events[65];
    for (unsigned i = 0; i < 65; i++)
        events[i] = manual_event();
    assert_wait_fails(WaitForMultipleObjects(0, events, FALSE, 0), ERROR_INVALID_PARAMETER);
    assert_wait_fails(WaitForMultipleObjects(65, events, FALSE, 0), ERROR_INVALID_PARAMETER);
    assert_wait_fails(WaitForMultipleObjects(1, NULL, FALSE, 0), ERROR_INVALID_PARAMETER);
    assert_int_equal(WaitForMultipleObjects(64, events, TRUE, 0), WAIT_TIMEOUT);
    SetEvent(events[63]);
    assert_int_equal(WaitForMultipleObjects(64, events, FALSE, 0), WAIT_OBJECT_0 + 63);
    HANDLE twice[3] = {events[0], events[1], events[0]};
    assert_wait_fails(WaitForMultipleObjects(3, twice, TRUE, 0), ERROR_INVALID_PARAMETER);
    assert_wait_fails(WaitForMultipleObjects(3, twice, FALSE, 0), ERROR_INVALID_PARAMETER);
    HANDLE mixed[2] = {events[63], NULL};
    assert_wait_fails(WaitForMultipleObjects(2, mixed, FALSE, 0), ERROR_INVALID_HANDLE);
    for (unsigned i = 0; i < 65; i++)
        assert_true(CloseHandle(events[i]));
}

static void test_timeout_is_not_early(void **state)
{
    (void)state;
    HANDLE event = auto_event();
    ULONGLONG before = GetTickCount64();
    assert_int_equal(WaitForSingleObject(event, 20), WAIT_TIMEOUT);
    assert_true(GetTickCount64() - before >= 19);
    before = GetTickCount64();
    Sleep(10);
    assert_true(GetTickCount64() - before >= 9);
    assert_true(CloseHandle(event));
}

static bool readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    return poll(&poller, 1, 0) == 1 && (poller.revents & POLLIN);
}

static void test_descriptor_mirrors_the_state(void **state)
{
    (void)state;
    HANDLE event = auto_event();
    int fd, again;
    assert_ok(PeerEventGetFd(event, &fd));
    assert_ok(PeerEventGetFd(event, &again));
    assert_int_equal(fd, again);
    assert_false(readable(fd));
    SetEvent(event);
    SetEvent(event);
    assert_true(readable(fd) && readable(fd));
    assert_true(is_signalled(event));
    assert_false(readable(fd));
    SetEvent(event);
    ResetEvent(event);
    assert_false(readable(fd));
    HANDLE pair[2] = {event, manual_event()};
    SetEvent(pair[1]);
    SetEvent(pair[0]);
    assert_int_equal(WaitForMultipleObjects(2, pair, TRUE, 0), WAIT_OBJECT_0);
    assert_false(readable(fd));
    int late;
    assert_ok(PeerEventGetFd(pair[1], &late));
    assert_true(readable(late));
    assert_hr(PeerEventGetFd(event, NULL), E_INVALIDARG);
    assert_true(CloseHandle(pair[1]) && CloseHandle(event));
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    assert_int_equal(errno, EBADF);
}

static void test_no_descriptors_left(void **state)
{
    (void)state;
    HANDLE event = auto_event();
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    int fd = 1;
    HRESULT hr = PeerEventGetFd(event, &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_hr(hr, E_OUTOFMEMORY);
    assert_int_equal(fd, -1);
    assert_ok(PeerEventGetFd(event, &fd));
    assert_true(CloseHandle(event));
}

static void test_library_reference_outlives_the_handle(void **state)
{
    (void)state;
    HANDLE handle = auto_event();
    struct event *event;
    assert_ok(event_reference(handle, &event));
    event_set(event);
    assert_true(is_signalled(handle));
    assert_ok(event_signal(handle));
    assert_true(is_signalled(handle));
    assert_true(CloseHandle(handle));
    HANDLE other = auto_event();
    event_set(event);
    assert_false(is_signalled(other));
    event_unreference(event);
    event_unreference(NULL);
    assert_true(CloseHandle(other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_reset_gives_one_signal),
        cmocka_unit_test(test_manual_reset_stays),
        cmocka_unit_test(test_create_variants),
        cmocka_unit_test(test_bad_handles),
        cmocka_unit_test(test_slots_are_used_again_under_new_handles),
        cmocka_unit_test(test_handles_run_out),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_wait_any_takes_the_lowest),
        cmocka_unit_test(test_wait_all_takes_all_or_none),
        cmocka_unit_test(test_wait_arguments),
        cmocka_unit_test(test_timeout_is_not_early),
        cmocka_unit_test(test_descriptor_mirrors_the_state),
        cmocka_unit_test(test_no_descriptors_left),
        cmocka_unit_test(test_library_reference_outlives_the_handle),
    };
    return cmocka_run_group_tests_name("api-platform-event", tests, NULL, NULL);
}
