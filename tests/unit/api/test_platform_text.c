/* Do the conversions follow their pages for good and ill-formed text and for every size of buffer,
 * and do the 16-bit string functions what their names say? */
#include "support/test.h"

#include <peergroup/platform.h>

#include <limits.h>
#include <string.h>

#define assert_zero_with(expression, error)                                                        \
    do {                                                                                           \
        SetLastError(0xDEAD);                                                                      \
        assert_int_equal((expression), 0);                                                         \
        assert_int_equal(GetLastError(), (error));                                                 \
    } while (0)

static const char utf8[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
static const WCHAR utf16[] = u"a\u00E9\u20AC\U0001F600";

static void test_good_text_both_ways(void **state)
{
    (void)state;
    WCHAR wide[8];
    char narrow[16];
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, utf8, -1, NULL, 0), 6);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, wide, 6), 6);
    assert_memory_equal(wide, utf16, sizeof utf16);
    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, utf16, -1, NULL, 0, NULL, NULL), 11);
    assert_int_equal(
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, utf16, -1, narrow, 11, NULL, NULL), 11);
    assert_string_equal(narrow, utf8);
    /* A counted input gets no terminator, and may hold zeros. */
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, "x\0y", 3, wide, 8), 3);
    assert_memory_equal(wide, u"x\0y", 6);
    assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, u"x\0y", 3, narrow, 16, NULL, NULL), 3);
    assert_memory_equal(narrow, "x\0y", 3);
}

static void test_small_buffers(void **state)
{
    (void)state;
    WCHAR wide[8];
    char narrow[16];
    for (int size = 1; size < 6; size++)
        assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, utf8, -1, wide, size),
                         ERROR_INSUFFICIENT_BUFFER);
    for (int size = 1; size < 11; size++)
        assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, utf16, -1, narrow, size, NULL, NULL),
                         ERROR_INSUFFICIENT_BUFFER);
}

static void check_ill_formed(const char *in, const WCHAR *want)
{
    WCHAR wide[16];
    int size = (int)strlen(in), count = (int)peergroup_wcslen(want);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, in, size, NULL, 0), count);
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 0, in, size, wide, 16), count);
    assert_memory_equal(wide, want, count * sizeof *wide);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, in, size, wide, 16),
                     ERROR_NO_UNICODE_TRANSLATION);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, in, size, NULL, 0),
                     ERROR_NO_UNICODE_TRANSLATION);
}

static void test_ill_formed_utf8(void **state)
{
    (void)state;
    check_ill_formed("a\x80z", u"a\uFFFDz");
    check_ill_formed("\xC0\xAF", u"\uFFFD\uFFFD");
    check_ill_formed("\xC3", u"\uFFFD");
    check_ill_formed("\xE2\x82z", u"\uFFFDz");
    check_ill_formed("\xE0\x9F\xBF", u"\uFFFD\uFFFD\uFFFD");
    check_ill_formed("\xED\xA0\x80", u"\uFFFD\uFFFD\uFFFD");
    check_ill_formed("\xF0\x9F\x98\xC3\xA9", u"\uFFFD\u00E9");
    check_ill_formed("\xF0\x8F\xBF\xBF", u"\uFFFD\uFFFD\uFFFD\uFFFD");
    check_ill_formed("\xF4\x90\x80\x80", u"\uFFFD\uFFFD\uFFFD\uFFFD");
    check_ill_formed("\xF5\xFF\xFE", u"\uFFFD\uFFFD\uFFFD");
    WCHAR last[2];
    assert_int_equal(MultiByteToWideChar(CP_UTF8, 8, "\xF4\x8F\xBF\xBF", 4, last, 2), 2);
    assert_true(last[0] == 0xDBFF && last[1] == 0xDFFF);
}

static void test_lone_surrogates(void **state)
{
    (void)state;
    static const WCHAR lone[][4] = {
        {'a', 0xD800, 'b', 0}, {'a', 0xDC00, 'b', 0}, {'a', 0xDBFF, 'b', 0}, {'a', 0xDFFF, 'b', 0}};
    char narrow[16];
    for (size_t i = 0; i < ARRAY_SIZE(lone); i++) {
        assert_int_equal(WideCharToMultiByte(CP_UTF8, 0, lone[i], -1, narrow, 16, NULL, NULL), 6);
        assert_string_equal(narrow, "a\xEF\xBF\xBD"
                                    "b");
        assert_zero_with(
            WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, lone[i], -1, narrow, 16, NULL, NULL),
            ERROR_NO_UNICODE_TRANSLATION);
    }
    BOOL replaced = 7;
    assert_int_equal(WideCharToMultiByte(CP_ACP, 0, lone[0], 2, narrow, 16, "?", &replaced), 4);
    assert_true(replaced);
    assert_int_equal(
        WideCharToMultiByte(CP_ACP, WC_NO_BEST_FIT_CHARS, u"ab", 2, narrow, 16, NULL, &replaced),
        2);
    assert_false(replaced);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    WCHAR wide[8] = {0};
    char narrow[8] = {0};
    BOOL used;
    assert_zero_with(MultiByteToWideChar(1252, 0, "a", 1, wide, 8), ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, NULL, 1, wide, 8), ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, "a", 0, wide, 8), ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, "a", 1, NULL, 8), ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, "a", 1, wide, -1), ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, 0, (char *)wide, 1, wide, 8),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(MultiByteToWideChar(CP_UTF8, MB_PRECOMPOSED, "a", 1, wide, 8),
                     ERROR_INVALID_FLAGS);
    assert_int_equal(MultiByteToWideChar(CP_ACP, MB_PRECOMPOSED, "a", 1, wide, 8), 1);
    assert_zero_with(WideCharToMultiByte(437, 0, u"a", 1, narrow, 8, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, NULL, 1, narrow, 8, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, u"a", 0, narrow, 8, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, u"a", 1, NULL, 8, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, u"a", 1, narrow, -1, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, u"a", 1, narrow, 8, "?", NULL),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(WideCharToMultiByte(CP_UTF8, 0, u"a", 1, narrow, 8, NULL, &used),
                     ERROR_INVALID_PARAMETER);
    assert_zero_with(
        WideCharToMultiByte(CP_UTF8, WC_NO_BEST_FIT_CHARS, u"a", 1, narrow, 8, NULL, NULL),
        ERROR_INVALID_FLAGS);
}

static void test_lstr(void **state)
{
    (void)state;
    WCHAR to[4];
    assert_int_equal(lstrlenW(u"abc"), 3);
    assert_int_equal(lstrlenW(NULL), 0);
    assert_true(lstrcmpW(u"a", u"b") < 0 && lstrcmpW(u"b", u"a") > 0);
    assert_true(lstrcmpW(u"a", u"ab") < 0 && lstrcmpW(u"ab", u"ab") == 0);
    assert_true(lstrcmpW(NULL, u"") < 0 && lstrcmpW(u"", NULL) > 0 && lstrcmpW(NULL, NULL) == 0);
    assert_ptr_equal(lstrcpynW(to, u"abcdef", 4), to);
    assert_int_equal(lstrcmpW(to, u"abc"), 0);
    assert_ptr_equal(lstrcpynW(to, u"x", 4), to);
    assert_int_equal(lstrcmpW(to, u"x"), 0);
    assert_ptr_equal(lstrcpynW(to, u"yz", 1), to);
    assert_int_equal(to[0], 0);
    assert_null(lstrcpynW(to, u"yz", 0));
    assert_null(lstrcpynW(NULL, u"yz", 1));
    assert_null(lstrcpynW(to, NULL, 1));
}

static void test_string_cch(void **state)
{
    (void)state;
    WCHAR to[6];
    size_t length = 9;
    assert_ok(StringCchCopyW(to, 6, u"abc"));
    assert_ok(StringCchCatW(to, 6, u"de"));
    assert_int_equal(lstrcmpW(to, u"abcde"), 0);
    assert_hr(StringCchCatW(to, 6, u"f"), STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_hr(StringCchCopyW(to, 3, u"xyz"), STRSAFE_E_INSUFFICIENT_BUFFER);
    assert_int_equal(lstrcmpW(to, u"xy"), 0);
    assert_hr(StringCchCopyW(to, 0, u""), E_INVALIDARG);
    assert_hr(StringCchCopyW(to, (size_t)STRSAFE_MAX_CCH + 1, u""), E_INVALIDARG);
    assert_hr(StringCchCopyW(NULL, 1, u""), E_INVALIDARG);
    assert_ok(StringCchLengthW(to, 6, &length));
    assert_int_equal(length, 2);
    assert_ok(StringCchLengthW(to, 6, NULL));
    assert_hr(StringCchLengthW(to, 2, &length), E_INVALIDARG);
    assert_int_equal(length, 0);
    assert_hr(StringCchLengthW(NULL, 2, &length), E_INVALIDARG);
    assert_hr(StringCchCatW(to, 2, u"f"), E_INVALIDARG);
}

static void test_wcs(void **state)
{
    (void)state;
    WCHAR to[8] = u"zzzzzzz";
    assert_int_equal(peergroup_wcslen(u""), 0);
    assert_ptr_equal(peergroup_wcsncpy(to, u"ab", 4), to);
    assert_memory_equal(to, u"ab\0\0zzz", sizeof to);
    peergroup_wcsncpy(to, u"qrs", 2);
    assert_memory_equal(to, u"qr\0\0zzz", sizeof to);
    assert_ptr_equal(peergroup_wcscpy(to, u"ab"), to);
    assert_ptr_equal(peergroup_wcscat(to, u"cd"), to);
    assert_int_equal(peergroup_wcscmp(to, u"abcd"), 0);
    assert_true(peergroup_wcscmp(u"\uFFFF", u"a") > 0);
    assert_int_equal(peergroup_wcsncmp(u"abX", u"abY", 2), 0);
    assert_true(peergroup_wcsncmp(u"abX", u"abY", 3) < 0);
    assert_int_equal(peergroup_wcsncmp(u"a\0X", u"a\0Y", 3), 0);
    assert_ptr_equal(peergroup_wcschr(to, 'c'), to + 2);
    assert_ptr_equal(peergroup_wcschr(to, 0), to + 4);
    assert_null(peergroup_wcschr(to, 'x'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_text_both_ways), cmocka_unit_test(test_small_buffers),
        cmocka_unit_test(test_ill_formed_utf8),     cmocka_unit_test(test_lone_surrogates),
        cmocka_unit_test(test_bad_arguments),       cmocka_unit_test(test_lstr),
        cmocka_unit_test(test_string_cch),          cmocka_unit_test(test_wcs),
    };
    return cmocka_run_group_tests_name("api-platform-text", tests, NULL, NULL);
}
