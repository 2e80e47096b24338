/* moment.c - from "2d" to FILETIME and back to something that people read.
 *
 * Lengths of time are counted from now; dates are UTC. Failure: whatever does not parse whole is
 * refused with false, and so is what no FILETIME can hold; what no calendar shows is "never", and
 * the last second of 9999 for programs. */
#include "cli/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define UNIX_EPOCH_SECONDS UINT64_C(11644473600)
#define SECONDS_MAX UINT64_C(250000000000) /* a bit before the year 9999 */

uint64_t moment_ticks(const FILETIME *time)
{
    return (uint64_t)time->dwHighDateTime << 32 | time->dwLowDateTime;
}

FILETIME moment_filetime(uint64_t ticks)
{
    return (FILETIME){.dwLowDateTime = (DWORD)ticks, .dwHighDateTime = (DWORD)(ticks >> 32)};
}

uint64_t moment_now(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    return moment_ticks(&now);
}

static uint64_t unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 7 * 86400;
    case 'y':
        return 365 * 86400;
    default:
        return 0;
    }
}

static bool parse_length(const char *text, uint64_t *seconds)
{
    *seconds = 0;
    do {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        unsigned long long number = strtoull(text, &end, 10);
        uint64_t unit = unit_seconds(*end);
        if (unit == 0 || number > SECONDS_MAX / unit)
            return false;
        *seconds += number * unit;
        text = end + 1;
    } while (*text && *seconds <= SECONDS_MAX);
    return *seconds <= SECONDS_MAX;
}

static bool parse_date(const char *text, uint64_t *ticks)
{
    struct tm parts = {.tm_isdst = 0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    if (end && (*end == 'T' || *end == ' '))
        end = strptime(end + 1, strlen(end + 1) > 6 ? "%H:%M:%S" : "%H:%M", &parts);
    if (end && *end == 'Z')
        end++;
    if (!end || *end)
        return false;
    time_t seconds = timegm(&parts);
    if (seconds < 0)
        return false;
    *ticks = ((uint64_t)seconds + UNIX_EPOCH_SECONDS) * MOMENT_SECOND;
    return true;
}

bool moment_parse(const char *text, uint64_t *ticks)
{
    uint64_t seconds;
    if (!parse_length(text, &seconds))
        return parse_date(text, ticks);
    *ticks = moment_now() + seconds * MOMENT_SECOND;
    return true;
}

/* false: beyond what a calendar shows. */
static bool unix_time(uint64_t ticks, time_t *seconds)
{
    uint64_t since_1601 = ticks / MOMENT_SECOND;
    if (since_1601 < UNIX_EPOCH_SECONDS || since_1601 > SECONDS_MAX)
        return false;
    *seconds = (time_t)(since_1601 - UNIX_EPOCH_SECONDS);
    return true;
}

void moment_iso(uint64_t ticks, char text[MOMENT_TEXT_SIZE])
{
    struct tm parts;
    time_t seconds;
    if (!unix_time(ticks, &seconds) || !gmtime_r(&seconds, &parts))
        strcpy(text, "9999-12-31T23:59:59Z");
    else
        strftime(text, MOMENT_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

void moment_local(uint64_t ticks, char text[MOMENT_TEXT_SIZE])
{
    struct tm parts;
    time_t seconds;
    if (!unix_time(ticks, &seconds) || !localtime_r(&seconds, &parts) || parts.tm_year > 7000)
        strcpy(text, "never");
    else
        strftime(text, MOMENT_TEXT_SIZE, "%Y-%m-%d %H:%M", &parts);
}

void moment_clock(char text[MOMENT_TEXT_SIZE])
{
    time_t now = time(NULL);
    struct tm parts;
    localtime_r(&now, &parts);
    strftime(text, MOMENT_TEXT_SIZE, "%H:%M:%S", &parts);
}
