/* Which texts are peer names, and do names belong to keys? */
#include "support/test.h"

#include "group/peer_name.h"

#define AUTHORITY "0123456789abcdef0123456789abcdef01234567"

static void test_parse_takes_names_apart(void **state)
{
    (void)state;
    struct peer_name name;
    assert_ok(peer_name_parse(AUTHORITY ".ann.b", &name));
    assert_true(name.secure);
    assert_string_equal(name.authority, AUTHORITY);
    assert_string_equal(name.classifier, "ann.b");
    assert_ok(peer_name_parse("0.printer", &name));
    assert_false(name.secure);
    assert_string_equal(name.authority, "0");
    assert_string_equal(name.classifier, "printer");
    assert_ok(peer_name_parse(AUTHORITY ".", &name));
    assert_string_equal(name.classifier, "");
}

static void test_parse_refuses_what_is_no_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        NULL,
        "",
        ".",
        "0",
        "ann",
        ".ann",
        "1.ann",
        "00.ann",
        AUTHORITY,
        AUTHORITY "0.ann",
        "123456789abcdef0123456789abcdef01234567.ann",
        "0123456789ABCDEF0123456789abcdef01234567.ann",
        "g123456789abcdef0123456789abcdef01234567.ann",
        AUTHORITY ".a\nb",
        AUTHORITY ".\x7F",
        AUTHORITY ".\xC2\x80",
        AUTHORITY ".\xFF",
        AUTHORITY ".\xED\xA0\x80",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct peer_name name;
        assert_hr(peer_name_parse(bad[i], &name), PEER_E_INVALID_PEER_NAME);
        assert_null(name.classifier);
    }
}

/* Fills text with count copies of a character. */
static const char *repeat(char *text, const char *character, size_t count)
{
    *text = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(text, character);
    return text;
}

static void test_classifier_length_counts_utf16_units(void **state)
{
    (void)state;
    char text[1024];
    assert_ok(classifier_check(NULL));
    assert_ok(classifier_check(""));
    assert_ok(classifier_check(repeat(text, "a", 149)));
    assert_hr(classifier_check(repeat(text, "a", 150)), PEER_E_INVALID_CLASSIFIER);
    assert_ok(classifier_check(repeat(text, "\xE2\x82\xAC", 149)));
    assert_hr(classifier_check(repeat(text, "\xE2\x82\xAC", 150)), PEER_E_INVALID_CLASSIFIER);
    assert_ok(classifier_check(repeat(text, "\xF0\x9F\x99\x82", 74)));
    assert_hr(classifier_check(repeat(text, "\xF0\x9F\x99\x82", 75)), PEER_E_INVALID_CLASSIFIER);
    assert_hr(classifier_check("a\tb"), PEER_E_INVALID_CLASSIFIER);
    assert_hr(classifier_check("\xC0\x80"), PEER_E_INVALID_CLASSIFIER);
}

static void test_make_joins_and_parse_agrees(void **state)
{
    (void)state;
    struct hash key = {.bytes = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x23, 0x45,
                                 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0x01, 0x23, 0x45, 0x67, 0xFF}};
    char *text = NULL;
    assert_ok(peer_name_make(&key, "ann", &text));
    assert_string_equal(text, AUTHORITY ".ann");
    assert_true(peer_name_matches(text, &key));
    mem_free(text);
    assert_ok(peer_name_make(&key, NULL, &text));
    assert_string_equal(text, AUTHORITY ".");
    mem_free(text);
    assert_ok(peer_name_make(NULL, "printer", &text));
    assert_string_equal(text, "0.printer");
    assert_false(peer_name_matches(text, &key));
    mem_free(text);
    assert_hr(peer_name_make(&key, "\x01", &text), PEER_E_INVALID_CLASSIFIER);
    assert_null(text);
    key.bytes[19] ^= 1;
    assert_false(peer_name_matches(AUTHORITY ".ann", &key));
    assert_false(peer_name_matches("ann", &key));
}

static void test_make_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct hash key = {.bytes = {7}};
    uint64_t n = 0;
    for (bool hit = true; hit;) {
        char *text = NULL;
        mem_fail_nth(++n);
        HRESULT hr = peer_name_make(&key, "a classifier that is long enough to need growth", &text);
        hit = mem_fail_hit();
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_int_equal(text == NULL, hit);
        mem_free(text);
    }
    mem_fail_nth(0);
    assert_true(n > 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes_names_apart),
        cmocka_unit_test(test_parse_refuses_what_is_no_name),
        cmocka_unit_test(test_classifier_length_counts_utf16_units),
        cmocka_unit_test(test_make_joins_and_parse_agrees),
        cmocka_unit_test(test_make_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests_name("group-peer-name", tests, NULL, NULL);
}
