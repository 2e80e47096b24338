/* value.c - integers of any length and dates, read strictly.
 *
 * Integers stay text: without leading zeros the longer one is the greater, and among equally long
 * ones the order of the text is the order of the numbers. Dates are read left to right by a cursor;
 * each step either takes exactly the digits it wants or the text is no date. Failure is false, with
 * nothing written but zero. No allocation. */
#include "record/value.h"

#include "base/limits.h"

bool value_type_parse(const char *text, enum value_type *type)
{
    static const struct {
        const char *name;
        enum value_type type;
    } types[] = {{"string", VALUE_STRING}, {"int", VALUE_INT}, {"date", VALUE_DATE}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(text, types[i].name) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool value_is_int(const char *text)
{
    const char *c = text;
    while (is_digit(*c))
        c++;
    return c != text && *c == '\0';
}

int value_compare_int(const char *a, const char *b)
{
    a += strspn(a, "0");
    b += strspn(b, "0");
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return strcmp(a, b);
}

static bool take(const char **cursor, char c)
{
    if (**cursor != c)
        return false;
    ++*cursor;
    return true;
}

/* Reads exactly count digits of a number between least and most. */
static bool take_number(const char **cursor, int count, int least, int most, int *number)
{
    int value = 0;
    for (int i = 0; i < count; i++, ++*cursor) {
        if (!is_digit(**cursor))
            return false;
        value = value * 10 + (**cursor - '0');
    }
    *number = value;
    return value >= least && value <= most;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 0000-01-01 of the Gregorian calendar to the first of a year: one day each fourth year,
 * the year 0000 being a leap year itself. */
static int64_t days_before_year(int year)
{
    if (year == 0)
        return 0;
    int last = year - 1;
    return 365ll * year + last / 4 - last / 100 + last / 400 + 1;
}

static int64_t days_since_1601(int year, int month, int day)
{
    int64_t days = days_before_year(year) - days_before_year(1601);
    for (int i = 1; i < month; i++)
        days += days_in_month(year, i);
    return days + day - 1;
}

/* ".s": at least one digit; gives ticks. */
static bool take_fraction(const char **cursor, int64_t *ticks)
{
    if (!is_digit(**cursor))
        return false;
    int64_t unit = (int64_t)TICKS_PER_SECOND / 10;
    for (; is_digit(**cursor); ++*cursor, unit /= 10)
        *ticks += unit * (**cursor - '0');
    return true;
}

/* "Z", "+hh:mm" or "-hh:mm": gives the minutes by which the time is ahead of UTC. */
static bool take_zone(const char **cursor, int *ahead)
{
    *ahead = 0;
    if (take(cursor, 'Z'))
        return true;
    bool behind = **cursor == '-';
    int hours;
    int minutes;
    if (!take(cursor, '-') && !take(cursor, '+'))
        return false;
    if (!take_number(cursor, 2, 0, 23, &hours) || !take(cursor, ':') ||
        !take_number(cursor, 2, 0, 59, &minutes))
        return false;
    *ahead = (hours * 60 + minutes) * (behind ? -1 : 1);
    return true;
}

/* What follows the "T": gives ticks since the day began in UTC. */
static bool take_time(const char **cursor, int64_t *ticks)
{
    int hour;
    int minute;
    int second = 0;
    int ahead;
    int64_t fraction = 0;
    if (!take_number(cursor, 2, 0, 23, &hour) || !take(cursor, ':') ||
        !take_number(cursor, 2, 0, 59, &minute))
        return false;
    if (take(cursor, ':')) {
        if (!take_number(cursor, 2, 0, 59, &second))
            return false;
        if (take(cursor, '.') && !take_fraction(cursor, &fraction))
            return false;
    }
    if (!take_zone(cursor, &ahead))
        return false;
    int64_t seconds = ((int64_t)hour * 60 + minute - ahead) * 60 + second;
    *ticks = seconds * (int64_t)TICKS_PER_SECOND + fraction;
    return true;
}

bool value_parse_date(const char *text, date_ticks *ticks)
{
    *ticks = 0;
    const char *cursor = text;
    int year;
    int month = 1;
    int day = 1;
    int64_t time = 0;
    if (!take_number(&cursor, 4, 0, 9999, &year))
        return false;
    if (take(&cursor, '-')) {
        if (!take_number(&cursor, 2, 1, 12, &month))
            return false;
        if (take(&cursor, '-')) {
            if (!take_number(&cursor, 2, 1, days_in_month(year, month), &day))
                return false;
            if (take(&cursor, 'T') && !take_time(&cursor, &time))
                return false;
        }
    }
    if (*cursor != '\0')
        return false;
    int64_t seconds = days_since_1601(year, month, day) * 86400;
    *ticks = seconds * (int64_t)TICKS_PER_SECOND + time;
    return true;
}
