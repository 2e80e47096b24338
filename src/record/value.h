/* value.h - the three types of attribute values, shared by attributes and queries. */
#ifndef RECORD_VALUE_H
#define RECORD_VALUE_H

#include "base/bytes.h"

enum value_type { VALUE_STRING, VALUE_INT, VALUE_DATE };

/* A date: ticks since 1601 in UTC, below zero before it, so that all years 0000..9999 fit. */
typedef int64_t date_ticks;

/* value_type_parse reads "string", "int" or "date". false: none of them. */
bool value_type_parse(const char *text, enum value_type *type);

/* value_is_int: one or more decimal digits, however many, and nothing else. */
bool value_is_int(const char *text);
/* value_compare_int orders two such texts by the number they mean. Returns < 0, 0 or > 0. */
int value_compare_int(const char *a, const char *b);

/* value_parse_date reads the forms of the W3C's note on dates: YYYY, YYYY-MM, YYYY-MM-DD, and the
 * last with Thh:mm, Thh:mm:ss or Thh:mm:ss.s (any number of digits) and then Z, +hh:mm or -hh:mm. A
 * form without a time means the first instant of that year, month or day in UTC; digits beyond
 * ticks are cut off. false: none of these, or no such date; *ticks is then 0. */
bool value_parse_date(const char *text, date_ticks *ticks);

#endif
