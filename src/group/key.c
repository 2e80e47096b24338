/* key.c - Ed25519 keys: held in guarded memory, named by their hash, checked when they enter.
 *
 * A signing key lives in memory of sodium_malloc (locked, fenced, wiped when the last owner frees
 * it). A public key is one of the protocol's only when its encoding is canonical and its point is
 * of prime order. Signatures hold when libsodium says so, with two reservations that
 * signature_self_test settles at start-up against fixed vectors: whether this library lets an R
 * pass that is not of prime order (then R is checked like a key), and whether its check of points
 * overlooks a part of order 2, as older releases do (then a multiplication decides). Until
 * the self-test has run, both are done the careful way. A library that takes S >= L, or a forged
 * signature, is refused altogether: NTE_FAIL. */
#include "group/certificate.h"

#include <sodium.h>
#include <stdatomic.h>

_Static_assert(crypto_sign_SEEDBYTES == SEED_SIZE && crypto_sign_PUBLICKEYBYTES == KEY_SIZE,
               "Ed25519");
_Static_assert(crypto_sign_BYTES == CERTIFICATE_SIGNATURE_SIZE, "Ed25519");

struct signing_key {
    atomic_uint owners;
    uint8_t secret[crypto_sign_SECRETKEYBYTES]; /* seed, then public key */
};

static atomic_bool check_r = true;      /* the library does not refuse every bad R */
static atomic_bool doubt_points = true; /* the library's check of points has a hole */

HRESULT signing_key_from_seed(const uint8_t seed[SEED_SIZE], struct signing_key **key)
{
    *key = NULL;
    if (sodium_init() < 0 || mem_should_fail())
        return E_OUTOFMEMORY;
    struct signing_key *made = sodium_malloc(sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    uint8_t public_key[KEY_SIZE];
    atomic_init(&made->owners, 1);
    crypto_sign_seed_keypair(public_key, made->secret, seed);
    *key = made;
    return S_OK;
}

HRESULT signing_key_new(struct signing_key **key)
{
    *key = NULL;
    if (sodium_init() < 0)
        return E_OUTOFMEMORY;
    uint8_t seed[SEED_SIZE];
    randombytes_buf(seed, sizeof(seed));
    HRESULT hr = signing_key_from_seed(seed, key);
    sodium_memzero(seed, sizeof(seed));
    return hr;
}

struct signing_key *signing_key_share(struct signing_key *key)
{
    unsigned before = atomic_fetch_add_explicit(&key->owners, 1, memory_order_relaxed);
    ASSERT(before > 0 && before < UINT32_MAX);
    return key;
}

void signing_key_free(struct signing_key *key)
{
    if (!key)
        return;
    unsigned before = atomic_fetch_sub_explicit(&key->owners, 1, memory_order_acq_rel);
    ASSERT(before > 0);
    if (before == 1)
        sodium_free(key);
}

void signing_key_public(const struct signing_key *key, uint8_t public_key[KEY_SIZE])
{
    memcpy(public_key, key->secret + SEED_SIZE, KEY_SIZE);
}

void signing_key_seed(const struct signing_key *key, uint8_t seed[SEED_SIZE])
{
    memcpy(seed, key->secret, SEED_SIZE);
}

void signing_key_sign(const struct signing_key *key, const void *data, size_t size,
                      uint8_t signature[CERTIFICATE_SIGNATURE_SIZE])
{
    crypto_sign_detached(signature, NULL, data, size, key->secret);
}

void key_hash(const uint8_t public_key[KEY_SIZE], struct hash *hash)
{
    uint8_t info[SPKI_SIZE] = {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03,
                               0x2B, 0x65, 0x70, 0x03, 0x21, 0x00};
    memcpy(info + SPKI_SIZE - KEY_SIZE, public_key, KEY_SIZE);
    hash_sha256(info, sizeof(info), hash);
}

/* P is of prime order L exactly when (L + 1) * P is P; its encoding canonical when it comes out
 * again. The multiplication refuses points of small order by itself. */
static bool multiplication_check(const uint8_t point[KEY_SIZE])
{
    static const uint8_t order_plus_one[KEY_SIZE] = {0xEE, 0xD3, 0xF5, 0x5C, 0x1A,       0x63,
                                                     0x12, 0x58, 0xD6, 0x9C, 0xF7,       0xA2,
                                                     0xDE, 0xF9, 0xDE, 0x14, [31] = 0x10};
    uint8_t product[KEY_SIZE];
    return crypto_scalarmult_ed25519_noclamp(product, order_plus_one, point) == 0 &&
           memcmp(product, point, KEY_SIZE) == 0;
}

bool key_check(const uint8_t public_key[KEY_SIZE])
{
    if (atomic_load_explicit(&doubt_points, memory_order_relaxed))
        return multiplication_check(public_key);
    return crypto_core_ed25519_is_valid_point(public_key) == 1;
}

bool signature_check(const uint8_t public_key[KEY_SIZE], const void *message, size_t size,
                     const uint8_t signature[CERTIFICATE_SIGNATURE_SIZE])
{
    if (atomic_load_explicit(&check_r, memory_order_relaxed) && !key_check(signature))
        return false;
    return crypto_sign_verify_detached(signature, message, size, public_key) == 0;
}

/* Fixed vectors over one message. All signatures fulfil 8*S*B = 8*R + 8*h*A, which a library that
 * multiplies by the cofactor takes for good. */
#define SELF_TEST_MESSAGE "peergroup signature self test"
#define SELF_TEST_KEY "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"

static const char good_signature[] =
    "3abf4f68c4833a534399ee552444783cdcf2f2ea2af01444d7e7c2f3b82654b1"
    "4d02c67091bbd65716c1b33d60e368abde236cbe4291f0cf9c4398604875e30a";
/* S + L instead of S. */
static const char large_s[] = "3abf4f68c4833a534399ee552444783cdcf2f2ea2af01444d7e7c2f3b82654b1"
                              "3ad6bbcdab1ee9afec5dabe03edd47c0de236cbe4291f0cf9c4398604875e31a";
static const char forged[] = "3abf4f68c4833a534399ee552444783cdcf2f2ea2af01444d7e7c2f3b82654b1"
                             "4e02c67091bbd65716c1b33d60e368abde236cbe4291f0cf9c4398604875e30a";
static const char *const bad_r[] = {
    /* r*B plus a point of order 8; the identity; the identity with y = p + 1. */
    "ea3e1e633ca923397d06385a4844cd33bb456def9f067e84d5a6d1265d9b3225"
    "dcb9f002825038b0f656222648922409611fce11ae60489ec0907d34b0ccd10b",
    "0100000000000000000000000000000000000000000000000000000000000000"
    "a7c53cdc28e22d27baa990e47975a2cc92873941408032e3e90296af4690460d",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
    "ec466731ee54656b2b7d4109dd41d25490aa6995a147884749d2d16767993604",
};
/* Points that are no keys: of order 1, 2, 8; r*B plus a point of order 2 and of order 8; y = p + 3.
 */
static const char *const bad_points[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ea5ef8400c31ef41e28f22e718b43f66981b29cf645af2a0e223799bedaace47",
    "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
    "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

static void unhex(const char *text, uint8_t *out, size_t size)
{
    size_t got = 0;
    int failed = sodium_hex2bin(out, size, text, strlen(text), NULL, &got, NULL);
    ASSERT(failed == 0 && got == size);
}

static bool vector_passes(const uint8_t public_key[KEY_SIZE], const char *text)
{
    uint8_t signature[CERTIFICATE_SIGNATURE_SIZE];
    unhex(text, signature, sizeof(signature));
    return signature_check(public_key, SELF_TEST_MESSAGE, strlen(SELF_TEST_MESSAGE), signature);
}

static bool any_bad_point_passes(void)
{
    bool passes = false;
    for (size_t i = 0; i < sizeof(bad_points) / sizeof(bad_points[0]); i++) {
        uint8_t point[KEY_SIZE];
        unhex(bad_points[i], point, sizeof(point));
        passes = key_check(point) || passes;
    }
    return passes;
}

static bool any_bad_r_passes(const uint8_t public_key[KEY_SIZE])
{
    bool passes = false;
    for (size_t i = 0; i < sizeof(bad_r) / sizeof(bad_r[0]); i++)
        passes = vector_passes(public_key, bad_r[i]) || passes;
    return passes;
}

HRESULT signature_self_test(void)
{
    if (sodium_init() < 0)
        return NTE_FAIL;
    uint8_t public_key[KEY_SIZE];
    unhex(SELF_TEST_KEY, public_key, sizeof(public_key));
    /* Trust the library first, and doubt it where a vector shows that it must be. */
    atomic_store(&doubt_points, false);
    if (any_bad_point_passes())
        atomic_store(&doubt_points, true);
    atomic_store(&check_r, false);
    if (any_bad_r_passes(public_key))
        atomic_store(&check_r, true);
    bool sound = key_check(public_key) && vector_passes(public_key, good_signature) &&
                 !vector_passes(public_key, large_s) && !vector_passes(public_key, forged) &&
                 !any_bad_point_passes() && !any_bad_r_passes(public_key);
    return sound ? S_OK : NTE_FAIL;
}
