/* platform_time.c - FILETIME and SYSTEMTIME, and the clocks behind them.
 *
 * FILETIME counts 100 ns from 1601-01-01 UTC; SYSTEMTIME is its date in the Gregorian calendar. The
 * calendar is computed from days in eras of 400 years, so it is exact for every year there is (1601
 * to 30827 in one direction, to the last FILETIME below 2^63 in the other).
 *
 * A field or value out of range gives FALSE and ERROR_INVALID_PARAMETER and changes nothing. */
#include "base/limits.h"

#include <peergroup/platform.h>

#include <stdbool.h>
#include <time.h>

enum { YEAR_MIN = 1601, YEAR_MAX = 30827, DAYS_PER_ERA = 146097, DAYS_PER_YEAR = 365 };

static const uint64_t TICKS_PER_DAY = 86400 * TICKS_PER_SECOND;
static const uint64_t TICKS_LIMIT = 1ull << 63;
/* 1601-01-01 was a Monday, and begins an era. */
static const unsigned FIRST_WEEKDAY = 1;

static uint64_t ticks_of(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

static FILETIME filetime_of(uint64_t ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

static BOOL refuse(void)
{
    SetLastError(ERROR_INVALID_PARAMETER);
    return FALSE;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1601-01-01 to the first of January of a year. */
static uint64_t days_before_year(unsigned year)
{
    uint64_t years = year - YEAR_MIN;
    return years * DAYS_PER_YEAR + years / 4 - years / 100 + years / 400;
}

/* The year that a day (0 is 1601-01-01) belongs to: a first guess is at most one too high. */
static unsigned year_of_day(uint64_t day)
{
    unsigned year = (unsigned)(day * 400 / DAYS_PER_ERA) + YEAR_MIN;
    while (days_before_year(year + 1) <= day)
        year++;
    while (days_before_year(year) > day)
        year--;
    return year;
}

BOOL FileTimeToSystemTime(const FILETIME *file_time, LPSYSTEMTIME system_time)
{
    if (!file_time || !system_time || ticks_of(file_time) >= TICKS_LIMIT)
        return refuse();
    uint64_t ticks = ticks_of(file_time);
    uint64_t day = ticks / TICKS_PER_DAY;
    uint64_t ms = ticks % TICKS_PER_DAY / TICKS_PER_MS;
    unsigned year = year_of_day(day);
    unsigned month = 1;
    unsigned day_of_month = (unsigned)(day - days_before_year(year));
    while (day_of_month >= month_days(year, month))
        day_of_month -= month_days(year, month++);
    *system_time = (SYSTEMTIME){
        .wYear = (WORD)year,
        .wMonth = (WORD)month,
        .wDayOfWeek = (WORD)((day + FIRST_WEEKDAY) % 7),
        .wDay = (WORD)(day_of_month + 1),
        .wHour = (WORD)(ms / 3600000),
        .wMinute = (WORD)(ms / 60000 % 60),
        .wSecond = (WORD)(ms / 1000 % 60),
        .wMilliseconds = (WORD)(ms % 1000),
    };
    return TRUE;
}

static bool is_date(const SYSTEMTIME *time)
{
    return time->wYear >= YEAR_MIN && time->wYear <= YEAR_MAX && time->wMonth >= 1 &&
           time->wMonth <= 12 && time->wDay >= 1 &&
           time->wDay <= month_days(time->wYear, time->wMonth) && time->wHour < 24 &&
           time->wMinute < 60 && time->wSecond < 60 && time->wMilliseconds < 1000;
}

BOOL SystemTimeToFileTime(const SYSTEMTIME *system_time, LPFILETIME file_time)
{
    if (!system_time || !file_time || !is_date(system_time))
        return refuse();
    uint64_t day = days_before_year(system_time->wYear) + system_time->wDay - 1;
    for (unsigned month = 1; month < system_time->wMonth; month++)
        day += month_days(system_time->wYear, month);
    uint64_t seconds =
        system_time->wHour * 3600u + system_time->wMinute * 60u + system_time->wSecond;
    *file_time = filetime_of(day * TICKS_PER_DAY + seconds * TICKS_PER_SECOND +
                             system_time->wMilliseconds * TICKS_PER_MS);
    return TRUE;
}

LONG CompareFileTime(const FILETIME *first, const FILETIME *second)
{
    uint64_t a = ticks_of(first), b = ticks_of(second);
    return (a > b) - (a < b);
}

void GetSystemTimeAsFileTime(LPFILETIME file_time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *file_time = filetime_of(TICKS_UNIX_EPOCH + (uint64_t)now.tv_sec * TICKS_PER_SECOND +
                             (uint64_t)now.tv_nsec / 100);
}

void GetSystemTime(LPSYSTEMTIME system_time)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    FileTimeToSystemTime(&now, system_time);
}

void GetLocalTime(LPSYSTEMTIME system_time)
{
    FILETIME now, local;
    GetSystemTimeAsFileTime(&now);
    if (FileTimeToLocalFileTime(&now, &local))
        FileTimeToSystemTime(&local, system_time);
}

/* What local time is ahead of UTC at this moment, as the pages say, whatever time is converted. */
static int64_t local_offset_ticks(void)
{
    time_t now = time(NULL);
    struct tm local;
    return localtime_r(&now, &local) ? local.tm_gmtoff * (int64_t)TICKS_PER_SECOND : 0;
}

static BOOL shift(const FILETIME *from, LPFILETIME to, int direction)
{
    if (!from || !to)
        return refuse();
    uint64_t ticks = ticks_of(from) + (uint64_t)(direction * local_offset_ticks());
    if (ticks_of(from) >= TICKS_LIMIT || ticks >= TICKS_LIMIT)
        return refuse();
    *to = filetime_of(ticks);
    return TRUE;
}

BOOL FileTimeToLocalFileTime(const FILETIME *file_time, LPFILETIME local_time)
{
    return shift(file_time, local_time, 1);
}

BOOL LocalFileTimeToFileTime(const FILETIME *local_time, LPFILETIME file_time)
{
    return shift(local_time, file_time, -1);
}

ULONGLONG GetTickCount64(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (ULONGLONG)now.tv_sec * 1000 + (ULONGLONG)now.tv_nsec / 1000000;
}

DWORD GetTickCount(void)
{
    return (DWORD)GetTickCount64();
}
