/* Do conversions keep every character and refuse what is not text? */
#include "support/test.h"

#include "base/text.h"

static void test_round_trip(void **state)
{
    (void)state;
    const WCHAR units[] = {'a', 0xE9, 0x20AC, 0xD83D, 0xDE00, 0};
    char *text = NULL;
    assert_ok(text_from_utf16(units, 5, &text));
    assert_string_equal(text, "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    assert_int_equal(text_units(text), 5);
    WCHAR back[6];
    size_t count;
    assert_ok(text_to_utf16(text, back, 6, &count));
    assert_int_equal(count, 5);
    assert_memory_equal(back, units, sizeof(units));
    assert_hr(text_to_utf16(text, back, 5, &count), E_OUTOFMEMORY);
    mem_free(text);
}

static void test_lone_surrogates_are_refused(void **state)
{
    (void)state;
    const WCHAR cases[][2] = {{0xD800, 'a'}, {0xDC00, 'a'}, {'a', 0xD800}, {0xDBFF, 0xDBFF}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *text = (char *)1;
        assert_hr(text_from_utf16(cases[i], 2, &text), E_INVALIDARG);
        assert_null(text);
    }
}

static void test_bad_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", "\xFF"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        size_t count;
        assert_false(text_is_utf8(bytes_of_text(bad[i])));
        assert_hr(text_to_utf16(bad[i], NULL, 0, &count), E_INVALIDARG);
    }
    assert_false(text_is_utf8(bytes_of("a\0b", 3)));
    assert_true(text_is_utf8(bytes_of_text("gr\xC3\xBC\xC3\x9F")));
}

static void test_control_characters(void **state)
{
    (void)state;
    assert_true(text_has_control("a\nb"));
    assert_true(text_has_control("\x7F"));
    assert_true(text_has_control("\xC2\x85"));
    assert_false(text_has_control("caf\xC3\xA9"));
}

static void test_base64(void **state)
{
    (void)state;
    CLEANUP_BUFFER struct buffer text = BUFFER_NULL, data = BUFFER_NULL;
    assert_ok(text_base64_encode(bytes_of("\0\x01\xFF\xFE", 4), &text));
    assert_int_equal(text.size, 8);
    assert_memory_equal(text.data, "AAH//g==", 8);
    assert_ok(text_base64_decode(bytes_of_text(" AAH/\r\n/g==\n"), &data));
    assert_int_equal(data.size, 4);
    assert_memory_equal(data.data, "\0\x01\xFF\xFE", 4);
    static const char *const bad[] = {"A", "AAH//g=", "AAH//g==x", "A*H/"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(text_base64_decode(bytes_of_text(bad[i]), &data), E_INVALIDARG);
    assert_int_equal(data.size, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_lone_surrogates_are_refused),
        cmocka_unit_test(test_bad_utf8_is_refused),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests_name("base-text", tests, NULL, NULL);
}
