/* Do dates convert exactly over the whole range, and are the clocks the system's? */
#include "support/test.h"

#include <peergroup/platform.h>

#include <stdlib.h>
#include <time.h>

static FILETIME filetime(uint64_t ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

static uint64_t ticks(FILETIME time)
{
    return (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static void assert_date(uint64_t value, SYSTEMTIME want)
{
    FILETIME time = filetime(value);
    SYSTEMTIME got;
    assert_true(FileTimeToSystemTime(&time, &got));
    assert_memory_equal(&got, &want, sizeof got);
}

static void test_known_dates(void **state)
{
    (void)state;
    assert_date(0, (SYSTEMTIME){1601, 1, 1, 1, 0, 0, 0, 0});
    assert_date(116444736000000000, (SYSTEMTIME){1970, 1, 4, 1, 0, 0, 0, 0});
    assert_date(125962559999999999, (SYSTEMTIME){2000, 2, 1, 28, 23, 59, 59, 999});
    assert_date(125962560000000000, (SYSTEMTIME){2000, 2, 2, 29, 0, 0, 0, 0});
    assert_date(125963424000000000, (SYSTEMTIME){2000, 3, 3, 1, 0, 0, 0, 0});
    assert_date(2650467743990000000, (SYSTEMTIME){9999, 12, 5, 31, 23, 59, 59, 0});
    assert_date(INT64_MAX, (SYSTEMTIME){30828, 9, 4, 14, 2, 48, 5, 477});
}

static void test_round_trip_over_the_range(void **state)
{
    (void)state;
    const uint64_t last = 9223149887999990000; /* 30827-12-31 23:59:59.999 */
    assert_date(last, (SYSTEMTIME){30827, 12, 5, 31, 23, 59, 59, 999});
    for (uint64_t value = 0; value < last; value += 450813228501428) {
        FILETIME time = filetime(value / 10000 * 10000), back;
        SYSTEMTIME date;
        assert_true(FileTimeToSystemTime(&time, &date));
        assert_true(SystemTimeToFileTime(&date, &back));
        assert_true(ticks(time) == ticks(back));
    }
    /* Day by day over four centuries: consecutive, and the weekday goes round. */
    WORD weekday = 0;
    for (uint64_t day = 0; day < 146097; day++) {
        FILETIME time = filetime(day * 864000000000ull), back;
        SYSTEMTIME date;
        assert_true(FileTimeToSystemTime(&time, &date));
        assert_true(SystemTimeToFileTime(&date, &back));
        assert_true(ticks(back) == ticks(time));
        assert_int_equal(date.wDayOfWeek, (weekday + 1) % 7);
        weekday = date.wDayOfWeek;
    }
}

static void refuse_date(SYSTEMTIME date)
{
    FILETIME time = {7, 7};
    SetLastError(0);
    assert_false(SystemTimeToFileTime(&date, &time));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_true(time.dwLowDateTime == 7 && time.dwHighDateTime == 7);
}

static void test_what_is_no_date(void **state)
{
    (void)state;
    refuse_date((SYSTEMTIME){1600, 12, 0, 31, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){30828, 1, 0, 1, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 0, 0, 1, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 13, 0, 1, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 1, 0, 0, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 4, 0, 31, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2023, 2, 0, 29, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2100, 2, 0, 29, 0, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 1, 0, 1, 24, 0, 0, 0});
    refuse_date((SYSTEMTIME){2024, 1, 0, 1, 0, 60, 0, 0});
    refuse_date((SYSTEMTIME){2024, 1, 0, 1, 0, 0, 60, 0});
    refuse_date((SYSTEMTIME){2024, 1, 0, 1, 0, 0, 0, 1000});
    FILETIME time;
    SYSTEMTIME date = {2024, 2, 77, 29, 0, 0, 0, 0}; /* the weekday does not matter */
    assert_true(SystemTimeToFileTime(&date, &time));
    assert_false(SystemTimeToFileTime(NULL, &time));
    assert_false(SystemTimeToFileTime(&date, NULL));
    time = filetime(1ull << 63);
    assert_false(FileTimeToSystemTime(&time, &date));
    assert_int_equal(date.wDayOfWeek, 77);
    assert_false(FileTimeToSystemTime(NULL, &date));
    assert_false(FileTimeToSystemTime(&time, NULL));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
}

static void test_compare(void **state)
{
    (void)state;
    FILETIME small = {0xFFFFFFFF, 1}, big = {0, 2};
    assert_int_equal(CompareFileTime(&small, &big), -1);
    assert_int_equal(CompareFileTime(&big, &small), 1);
    assert_int_equal(CompareFileTime(&big, &big), 0);
}

static void test_clocks(void **state)
{
    (void)state;
    FILETIME now, later;
    SYSTEMTIME date, local;
    time_t before = time(NULL);
    GetSystemTimeAsFileTime(&now);
    GetSystemTime(&date);
    GetLocalTime(&local);
    uint64_t seconds = ticks(now) / 10000000 - 11644473600;
    assert_true(seconds >= (uint64_t)before && seconds <= (uint64_t)before + 60);
    assert_true(SystemTimeToFileTime(&date, &later));
    assert_true(ticks(later) + 600000000 > ticks(now));
    assert_true(local.wYear >= 1970);
    assert_true((DWORD)GetTickCount64() - GetTickCount() < 60000 ||
                GetTickCount() - (DWORD)GetTickCount64() < 60000);
}

static void test_local_time(void **state)
{
    (void)state;
    FILETIME time = filetime(125964288000000000), local, back;
    setenv("TZ", "XXX-03:30", 1);
    tzset();
    assert_true(FileTimeToLocalFileTime(&time, &local));
    assert_true(ticks(local) - ticks(time) == 126000000000);
    assert_true(LocalFileTimeToFileTime(&local, &back));
    assert_true(ticks(back) == ticks(time));
    time = filetime(5);
    assert_false(LocalFileTimeToFileTime(&time, &back)); /* would be before 1601 */
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    assert_false(FileTimeToLocalFileTime(NULL, &back));
    assert_false(FileTimeToLocalFileTime(&time, NULL));
    unsetenv("TZ");
    tzset();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_dates),     cmocka_unit_test(test_round_trip_over_the_range),
        cmocka_unit_test(test_what_is_no_date), cmocka_unit_test(test_compare),
        cmocka_unit_test(test_clocks),          cmocka_unit_test(test_local_time),
    };
    return cmocka_run_group_tests_name("api-platform-time", tests, NULL, NULL);
}
