/* Do keys keep their secret, are exactly the good points keys and exactly the good signatures good,
 * before the self-test (the careful way) and after it? */
#include "support/test.h"

#include "group/certificate.h"

#include <sodium.h>

/* A point of order 8, and of order 2. */
#define ORDER_8 "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
#define ORDER_2 "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"

static void unhex(const char *text, uint8_t *out, size_t size)
{
    size_t got = 0;
    assert_int_equal(sodium_hex2bin(out, size, text, strlen(text), " ", &got, NULL), 0);
    assert_int_equal(got, size);
}

static struct signing_key *key_from(uint8_t first)
{
    uint8_t seed[SEED_SIZE] = {first};
    struct signing_key *key;
    assert_ok(signing_key_from_seed(seed, &key));
    return key;
}

static void test_rfc8032_vector(void **state)
{
    (void)state;
    uint8_t seed[SEED_SIZE], want[KEY_SIZE], got[KEY_SIZE];
    uint8_t want_signature[CERTIFICATE_SIGNATURE_SIZE], signature[CERTIFICATE_SIGNATURE_SIZE];
    unhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", seed, sizeof(seed));
    unhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", want, sizeof(want));
    unhex("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
          "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
          want_signature, sizeof(want_signature));
    struct signing_key *key;
    assert_ok(signing_key_from_seed(seed, &key));
    signing_key_public(key, got);
    assert_memory_equal(got, want, KEY_SIZE);
    signing_key_sign(key, "\xAF\x82", 2, signature);
    assert_memory_equal(signature, want_signature, sizeof(signature));
    assert_true(signature_check(got, "\xAF\x82", 2, signature));
    assert_false(signature_check(got, "\xAF\x83", 2, signature));
    uint8_t again[SEED_SIZE];
    signing_key_seed(key, again);
    assert_memory_equal(again, seed, SEED_SIZE);
    signing_key_free(key);
}

static void test_key_hash_is_that_of_the_public_key_info(void **state)
{
    (void)state;
    uint8_t info[SPKI_SIZE];
    struct hash want, got;
    unhex(
        "302a300506032b6570032100 fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        info, sizeof(info));
    hash_sha256(info, sizeof(info), &want);
    key_hash(info + 12, &got);
    assert_true(hash_equal(&got, &want));
}

static void test_owners_are_counted(void **state)
{
    (void)state;
    struct signing_key *key;
    assert_ok(signing_key_new(&key));
    assert_ptr_equal(signing_key_share(key), key);
    signing_key_free(key);
    uint8_t public_key[KEY_SIZE];
    signing_key_public(key, public_key); /* still there */
    assert_true(key_check(public_key));
    signing_key_free(key);
    signing_key_free(NULL);
}

static void test_new_keys_differ(void **state)
{
    (void)state;
    struct signing_key *a, *b;
    uint8_t public_a[KEY_SIZE], public_b[KEY_SIZE];
    assert_ok(signing_key_new(&a));
    assert_ok(signing_key_new(&b));
    signing_key_public(a, public_a);
    signing_key_public(b, public_b);
    assert_memory_not_equal(public_a, public_b, KEY_SIZE);
    signing_key_free(a);
    signing_key_free(b);
}

static void test_no_memory_no_key(void **state)
{
    (void)state;
    struct signing_key *key = (struct signing_key *)1;
    mem_fail_nth(1);
    assert_hr(signing_key_new(&key), E_OUTOFMEMORY);
    assert_null(key);
}

static void test_C9_small_order_and_identity_are_no_keys(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000", /* order 4 */
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000", /* identity */
        "0100000000000000000000000000000000000000000000000000000000000080",
        ORDER_2,
        ORDER_8,
    };
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        uint8_t point[KEY_SIZE];
        unhex(points[i], point, KEY_SIZE);
        assert_false(key_check(point));
    }
}

static void test_C9_mixed_order_is_no_key(void **state)
{
    (void)state;
    static const char *const torsion[] = {
        ORDER_2, "0000000000000000000000000000000000000000000000000000000000000000", ORDER_8};
    struct signing_key *key = key_from(9);
    uint8_t good[KEY_SIZE];
    signing_key_public(key, good);
    assert_true(key_check(good));
    for (size_t i = 0; i < ARRAY_SIZE(torsion); i++) {
        uint8_t small[KEY_SIZE], mixed[KEY_SIZE];
        unhex(torsion[i], small, KEY_SIZE);
        assert_int_equal(crypto_core_ed25519_add(mixed, good, small), 0);
        assert_false(key_check(mixed));
    }
    signing_key_free(key);
}

static void test_C9_non_canonical_and_no_point_are_no_keys(void **state)
{
    (void)state;
    static const uint8_t on_curve[] = {0, 1, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18}; /* y - p */
    for (size_t i = 0; i < ARRAY_SIZE(on_curve); i++) {
        uint8_t point[KEY_SIZE];
        memset(point, 0xFF, KEY_SIZE);
        point[0] = 0xED + on_curve[i];
        point[31] = 0x7F;
        assert_false(key_check(point));
    }
    uint8_t none[KEY_SIZE] = {2}; /* y = 2 has no x */
    assert_false(key_check(none));
}

/* Makes a signature that fulfils 8*S*B = 8*R + 8*h*A for R = r*B + part (part NULL: r*B alone;
 * r zero: the part alone). */
static void sign_with_part(const struct signing_key *key, const char *message, bool r_zero,
                           const char *part, uint8_t signature[CERTIFICATE_SIGNATURE_SIZE])
{
    uint8_t seed[SEED_SIZE], expanded[64], public_key[KEY_SIZE], r[32] = {0}, wide[64], h[32],
                                                                 ha[32];
    signing_key_seed(key, seed);
    signing_key_public(key, public_key);
    crypto_hash_sha512(expanded, seed, SEED_SIZE);
    expanded[0] &= 248;
    expanded[31] = (expanded[31] & 127) | 64;
    uint8_t a_wide[64] = {0}, a[32];
    memcpy(a_wide, expanded, 32);
    crypto_core_ed25519_scalar_reduce(a, a_wide);
    r[0] = 77;
    if (!r_zero)
        assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(signature, r), 0);
    if (part) {
        uint8_t small[KEY_SIZE];
        unhex(part, small, KEY_SIZE);
        if (r_zero)
            memcpy(signature, small, KEY_SIZE);
        else
            assert_int_equal(crypto_core_ed25519_add(signature, signature, small), 0);
    }
    if (r_zero)
        r[0] = 0;
    crypto_hash_sha512_state sha;
    crypto_hash_sha512_init(&sha);
    crypto_hash_sha512_update(&sha, signature, 32);
    crypto_hash_sha512_update(&sha, public_key, KEY_SIZE);
    crypto_hash_sha512_update(&sha, (const uint8_t *)message, strlen(message));
    crypto_hash_sha512_final(&sha, wide);
    crypto_core_ed25519_scalar_reduce(h, wide);
    crypto_core_ed25519_scalar_mul(ha, h, a);
    crypto_core_ed25519_scalar_add(signature + 32, r, ha);
}

static bool passes(const struct signing_key *key, const uint8_t *signature)
{
    uint8_t public_key[KEY_SIZE];
    signing_key_public(key, public_key);
    return signature_check(public_key, "m", 1, signature);
}

static void test_mixed_and_small_order_R_is_refused(void **state)
{
    (void)state;
    struct signing_key *key = key_from(10);
    uint8_t signature[CERTIFICATE_SIGNATURE_SIZE];
    sign_with_part(key, "m", false, NULL, signature);
    assert_true(passes(key, signature)); /* the construction itself is sound */
    sign_with_part(key, "m", false, ORDER_8, signature);
    assert_false(passes(key, signature));
    sign_with_part(key, "m", false, ORDER_2, signature);
    assert_false(passes(key, signature));
    sign_with_part(key, "m", true, ORDER_8, signature);
    assert_false(passes(key, signature));
    sign_with_part(key, "m", true,
                   "0100000000000000000000000000000000000000000000000000000000000000", signature);
    assert_false(passes(key, signature));
    signing_key_free(key);
}

static void test_non_canonical_R_is_refused(void **state)
{
    (void)state;
    struct signing_key *key = key_from(11);
    uint8_t signature[CERTIFICATE_SIGNATURE_SIZE];
    sign_with_part(key, "m", true,
                   "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", signature);
    assert_false(passes(key, signature));
    signing_key_free(key);
}

static void test_S_of_L_or_more_is_refused(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58,       0xD6,
                                      0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10};
    struct signing_key *key = key_from(12);
    uint8_t signature[CERTIFICATE_SIGNATURE_SIZE];
    signing_key_sign(key, "m", 1, signature);
    assert_true(passes(key, signature));
    unsigned carry = 0;
    for (int i = 0; i < 32; i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(passes(key, signature));
    signing_key_free(key);
}

static void test_self_test_passes(void **state)
{
    (void)state;
    assert_ok(signature_self_test());
}

#define POINT_AND_SIGNATURE_TESTS                                                                  \
    cmocka_unit_test(test_rfc8032_vector),                                                         \
        cmocka_unit_test(test_C9_small_order_and_identity_are_no_keys),                            \
        cmocka_unit_test(test_C9_mixed_order_is_no_key),                                           \
        cmocka_unit_test(test_C9_non_canonical_and_no_point_are_no_keys),                          \
        cmocka_unit_test(test_mixed_and_small_order_R_is_refused),                                 \
        cmocka_unit_test(test_non_canonical_R_is_refused),                                         \
        cmocka_unit_test(test_S_of_L_or_more_is_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_hash_is_that_of_the_public_key_info),
        cmocka_unit_test(test_owners_are_counted),
        cmocka_unit_test(test_new_keys_differ),
        cmocka_unit_test(test_no_memory_no_key),
        POINT_AND_SIGNATURE_TESTS, /* the careful way */
        cmocka_unit_test(test_self_test_passes),
        POINT_AND_SIGNATURE_TESTS, /* as this library allows */
    };
    return cmocka_run_group_tests_name("group-key", tests, NULL, NULL);
}
