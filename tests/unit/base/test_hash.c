/* Are hashes the published ones, sums of fingerprints exact, labels fit for their purpose, GUID
 * texts strict? */
#include "support/test.h"

#include "base/hash.h"
#include "base/label.h"

static void test_sha256_of_abc(void **state)
{
    (void)state;
    struct hash whole, parts;
    char text[HASH_TEXT_SIZE];
    hash_sha256("abc", 3, &whole);
    hash_format(&whole, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    struct sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, "a", 1);
    sha256_update(&sha, "bc", 2);
    sha256_final(&sha, &parts);
    assert_true(hash_equal(&whole, &parts));
}

static void test_fingerprint_sum_carries_and_borrows(void **state)
{
    (void)state;
    struct fingerprint sum = {.high = 1, .low = UINT64_MAX};
    struct fingerprint one = {.high = 0, .low = 1};
    fingerprint_add(&sum, &one);
    assert_true(sum.high == 2 && sum.low == 0);
    fingerprint_subtract(&sum, &one);
    assert_true(sum.high == 1 && sum.low == UINT64_MAX);
}

static void test_fingerprint_depends_on_key(void **state)
{
    (void)state;
    uint8_t a[FINGERPRINT_KEY_SIZE] = {1}, b[FINGERPRINT_KEY_SIZE] = {2};
    struct fingerprint fa, fb, again;
    fingerprint_of(a, "x", 1, &fa);
    fingerprint_of(b, "x", 1, &fb);
    fingerprint_of(a, "x", 1, &again);
    assert_false(fingerprint_equal(&fa, &fb));
    assert_true(fingerprint_equal(&fa, &again));
}

static void test_guid_text(void **state)
{
    (void)state;
    struct guid guid;
    char text[GUID_TEXT_SIZE];
    assert_ok(guid_parse("{04387127-AA56-450a-8ce5-4f565c6790f4}", &guid));
    assert_int_equal(guid.bytes[0], 0x04);
    assert_int_equal(guid.bytes[15], 0xf4);
    guid_format(&guid, text);
    assert_string_equal(text, "04387127-aa56-450a-8ce5-4f565c6790f4");
    static const char *const bad[] = {"",
                                      "04387127-aa56-450a-8ce5-4f565c6790f",
                                      "{04387127-aa56-450a-8ce5-4f565c6790f4",
                                      "04387127-aa56-450a-8ce5-4f565c6790fg",
                                      "04387127xaa56-450a-8ce5-4f565c6790f4",
                                      "04387127-aa56-450a-8ce5-4f565c6790f44"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(guid_parse(bad[i], &guid), E_INVALIDARG);
}

static void test_labels_are_distinct_and_cannot_begin_other_messages(void **state)
{
    (void)state;
    for (int a = 0; a < LABEL_COUNT; a++) {
        const uint8_t *label = label_of((enum label)a);
        assert_int_not_equal(label[0], 0x20);
        assert_int_not_equal(label[0], 0x30);
        assert_int_not_equal(label[0], 0);
        assert_int_equal(label[LABEL_SIZE - 1], 0);
        for (int b = 0; b < a; b++)
            assert_memory_not_equal(label, label_of((enum label)b), LABEL_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_of_abc),
        cmocka_unit_test(test_fingerprint_sum_carries_and_borrows),
        cmocka_unit_test(test_fingerprint_depends_on_key),
        cmocka_unit_test(test_guid_text),
        cmocka_unit_test(test_labels_are_distinct_and_cannot_begin_other_messages),
    };
    return cmocka_run_group_tests_name("base-hash", tests, NULL, NULL);
}
