/* wide.h - UTF-16 strings in tests: write u"..." where the interface wants a PCWSTR. */
#ifndef SUPPORT_WIDE_H
#define SUPPORT_WIDE_H

#include "support/test.h"

#include <p2p.h>

#include <stdbool.h>
#include <stdlib.h>

static inline size_t wide_length(PCWSTR text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

static inline bool wide_equal(PCWSTR a, PCWSTR b)
{
    size_t length = wide_length(a);
    return length == wide_length(b) && memcmp(a, b, length * sizeof(WCHAR)) == 0;
}

/* wide_fill gives count times the same unit; free with free. */
static inline WCHAR *wide_fill(WCHAR unit, size_t count)
{
    WCHAR *text = malloc((count + 1) * sizeof(WCHAR));
    assert_non_null(text);
    for (size_t i = 0; i < count; i++)
        text[i] = unit;
    text[count] = 0;
    return text;
}

/* wide_copy gives a copy; free with free. */
static inline WCHAR *wide_copy(PCWSTR text)
{
    WCHAR *copy = wide_fill(0, wide_length(text));
    memcpy(copy, text, wide_length(text) * sizeof(WCHAR));
    return copy;
}

#define assert_wide_equal(got, want) assert_true(wide_equal((got), (want)))

#endif
