/* test.h - what every test program includes: cmocka, and checks on HRESULT that print the name of
 * what came. */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/result.h"

static inline void assert_hr_at(HRESULT got, HRESULT want, const char *file, int line)
{
    if (got == want)
        return;
    const char *got_name = result_name(got);
    const char *want_name = result_name(want);
    print_error("%s:%d: got 0x%08x %s, want 0x%08x %s\n", file, line, (unsigned)got,
                got_name ? got_name : "?", (unsigned)want, want_name ? want_name : "?");
    _fail(file, line);
}

#define assert_hr(expression, want) assert_hr_at((expression), (want), __FILE__, __LINE__)
#define assert_ok(expression) assert_hr_at((expression), S_OK, __FILE__, __LINE__)
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
