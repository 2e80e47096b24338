/* der.c - strict reading and plain writing of DER.
 *
 * One element is a tag of one byte, a length in its shortest form and the content; nothing else is
 * read: no indefinite lengths, no tags above 30, no padding of lengths. The reader walks borrowed
 * bytes and never allocates; whatever is not as asked sets `failed`, which the caller looks at once
 * at the end. The writer fills a fixed block; a length is put in when its element is closed, by
 * moving the content. Dates are proleptic Gregorian, counted from 1601, where a cycle of 400 years
 * begins, as FILETIME does. */
#include "group/der.h"

#include <stdio.h>

enum { SECONDS_PER_DAY = 86400, DAYS_PER_CYCLE = 146097, UTC_TIME_SIZE = 13, TIME_SIZE = 15 };

struct der der_of(struct bytes data)
{
    return (struct der){.rest = data, .failed = false};
}

static struct bytes der_fail(struct der *der)
{
    der->failed = true;
    der->rest.size = 0;
    return bytes_of(NULL, 0);
}

/* Reads tag and length; the content is what follows. Returns the header's size, 0 when it is bad.
 */
static size_t header_read(struct bytes data, enum der_tag tag, size_t *size)
{
    if (data.size < 2 || data.data[0] != tag)
        return 0;
    size_t length = data.data[1];
    size_t header = 2;
    if (length >= 0x80) {
        size_t octets = length & 0x7F;
        if (octets == 0 || octets > 3 || data.size < 2 + octets)
            return 0;
        length = 0;
        for (size_t i = 0; i < octets; i++)
            length = length << 8 | data.data[2 + i];
        bool shortest = octets == 1 ? length >= 0x80 : length >> (8 * (octets - 1)) != 0;
        if (!shortest)
            return 0;
        header += octets;
    }
    if (length > data.size - header)
        return 0;
    *size = length;
    return header;
}

struct bytes der_take_whole(struct der *der, enum der_tag tag)
{
    size_t size = 0;
    size_t header = der->failed ? 0 : header_read(der->rest, tag, &size);
    if (header == 0)
        return der_fail(der);
    struct bytes whole = bytes_of(der->rest.data, header + size);
    der->rest = bytes_of(der->rest.data + whole.size, der->rest.size - whole.size);
    return whole;
}

struct bytes der_take(struct der *der, enum der_tag tag)
{
    struct bytes whole = der_take_whole(der, tag);
    if (der->failed)
        return whole;
    size_t size = 0;
    size_t header = header_read(whole, tag, &size);
    return bytes_of(whole.data + header, size);
}

struct der der_enter(struct der *der, enum der_tag tag)
{
    struct der inner = der_of(der_take(der, tag));
    inner.failed = der->failed;
    return inner;
}

void der_leave(struct der *outer, const struct der *inner)
{
    if (!der_done(inner))
        der_fail(outer);
}

void der_expect(struct der *der, const void *data, size_t size)
{
    if (der->failed || der->rest.size < size || memcmp(der->rest.data, data, size) != 0) {
        der_fail(der);
        return;
    }
    der->rest = bytes_of(der->rest.data + size, der->rest.size - size);
}

bool der_next_is(const struct der *der, enum der_tag tag)
{
    return der_more(der) && der->rest.data[0] == tag;
}

bool der_more(const struct der *der)
{
    return !der->failed && der->rest.size > 0;
}

bool der_done(const struct der *der)
{
    return !der->failed && der->rest.size == 0;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned year_days(unsigned year)
{
    return is_leap(year) ? 366 : 365;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Reads two digits; 100 or more when they are none. */
static unsigned two_digits(const uint8_t *text)
{
    if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
        return 1000;
    return (text[0] - '0') * 10u + (text[1] - '0');
}

static bool time_read(const uint8_t *text, unsigned year, uint64_t *ticks)
{
    unsigned month = two_digits(text), day = two_digits(text + 2), hour = two_digits(text + 4);
    unsigned minute = two_digits(text + 6), second = two_digits(text + 8);
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month) || hour > 23 ||
        minute > 59 || second > 59 || text[10] != 'Z')
        return false;
    unsigned years = year - 1601;
    uint64_t days = years * 365ull + years / 4 - years / 100 + years / 400 + day - 1;
    for (unsigned earlier = 1; earlier < month; earlier++)
        days += month_days(year, earlier);
    *ticks = (days * SECONDS_PER_DAY + hour * 3600u + minute * 60u + second) * TICKS_PER_SECOND;
    return true;
}

uint64_t der_take_time(struct der *der)
{
    bool utc = der_next_is(der, DER_UTC_TIME);
    struct bytes text = der_take(der, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME);
    if (der->failed || text.size != (utc ? UTC_TIME_SIZE : TIME_SIZE)) {
        der_fail(der);
        return 0;
    }
    unsigned low = two_digits(text.data + (utc ? 0 : 2));
    unsigned year = utc ? low + (low < 50 ? 2000 : 1900) : two_digits(text.data) * 100 + low;
    uint64_t ticks = 0;
    bool in_form = low < 100 && year <= 9999 && (utc || year >= 2050);
    if (!in_form || !time_read(text.data + (utc ? 2 : 4), year, &ticks))
        der_fail(der);
    return ticks;
}

size_t der_header(enum der_tag tag, size_t size, uint8_t out[DER_HEADER_MAX])
{
    ASSERT(size < 1u << 24);
    size_t octets = size < 0x80 ? 0 : size < 0x100 ? 1 : size < 0x10000 ? 2 : 3;
    out[0] = (uint8_t)tag;
    out[1] = (uint8_t)(octets == 0 ? size : 0x80 | octets);
    for (size_t i = 0; i < octets; i++)
        out[2 + i] = (uint8_t)(size >> (8 * (octets - 1 - i)));
    return 2 + octets;
}

void der_put_raw(struct der_writer *writer, const void *data, size_t size)
{
    if (writer->failed || size > sizeof(writer->data) - writer->size) {
        writer->failed = true;
        return;
    }
    if (size > 0)
        memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

size_t der_open(struct der_writer *writer, enum der_tag tag)
{
    uint8_t byte = (uint8_t)tag;
    der_put_raw(writer, &byte, 1);
    return writer->size;
}

void der_close(struct der_writer *writer, size_t opened)
{
    if (writer->failed)
        return;
    ASSERT(opened >= 1 && opened <= writer->size);
    size_t size = writer->size - opened;
    uint8_t header[DER_HEADER_MAX];
    size_t length = der_header((enum der_tag)writer->data[opened - 1], size, header) - 1;
    der_put_raw(writer, header, length);
    if (writer->failed)
        return;
    memmove(writer->data + opened + length, writer->data + opened, size);
    memcpy(writer->data + opened, header + 1, length);
}

void der_put(struct der_writer *writer, enum der_tag tag, struct bytes content)
{
    size_t opened = der_open(writer, tag);
    der_put_raw(writer, content.data, content.size);
    der_close(writer, opened);
}

bool der_time_fits(uint64_t ticks)
{
    const uint64_t year_1950 = 110133216000000000ull;
    return ticks >= year_1950 && ticks < TICKS_UNLIMITED + TICKS_PER_SECOND;
}

void der_put_time(struct der_writer *writer, uint64_t ticks)
{
    if (!der_time_fits(ticks)) {
        writer->failed = true;
        return;
    }
    uint64_t seconds = ticks / TICKS_PER_SECOND;
    unsigned days = (unsigned)(seconds / SECONDS_PER_DAY);
    unsigned second = (unsigned)(seconds % SECONDS_PER_DAY);
    unsigned year = 1601 + days / DAYS_PER_CYCLE * 400, month = 1;
    days %= DAYS_PER_CYCLE;
    for (; days >= year_days(year); year++)
        days -= year_days(year);
    for (; days >= month_days(year, month); month++)
        days -= month_days(year, month);
    char text[64];
    bool utc = year < 2050;
    int size = snprintf(text, sizeof(text), "%0*u%02u%02u%02u%02u%02uZ", utc ? 2 : 4,
                        utc ? year % 100 : year, month, days + 1, second / 3600, second / 60 % 60,
                        second % 60);
    der_put(writer, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME, bytes_of(text, (size_t)size));
}
