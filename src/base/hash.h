/* hash.h - SHA-256, keyed SipHash fingerprints, and the fixed-size values that name things. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/bytes.h"

enum { HASH_SIZE = 32, GUID_SIZE = 16, FINGERPRINT_KEY_SIZE = 16 };

/* A SHA-256 value: of a record header, a key, a certificate. */
struct hash {
    uint8_t bytes[HASH_SIZE];
};

/* A GUID in wire order: Data1, Data2, Data3 big-endian, then the eight bytes. */
struct guid {
    uint8_t bytes[GUID_SIZE];
};

#define HASH_NULL ((struct hash){.bytes = {0}})
#define GUID_NULL_VALUE ((struct guid){.bytes = {0}})

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}
static inline int hash_compare(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE);
}
static inline bool guid_equal(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, GUID_SIZE) == 0;
}
static inline int guid_compare(const struct guid *a, const struct guid *b)
{
    return memcmp(a->bytes, b->bytes, GUID_SIZE);
}

enum { GUID_TEXT_SIZE = 37, HASH_TEXT_SIZE = 65 };
/* guid_format writes "01234567-89ab-cdef-0123-456789abcdef" and its NUL. */
void guid_format(const struct guid *guid, char text[GUID_TEXT_SIZE]);
/* guid_parse reads that form, with or without braces, in either case. E_INVALIDARG for anything
 * else. */
HRESULT guid_parse(const char *text, struct guid *guid) MUST_CHECK;
/* hash_format writes 64 lower-case hex digits and NUL. */
void hash_format(const struct hash *hash, char text[HASH_TEXT_SIZE]);

void hash_sha256(const void *data, size_t size, struct hash *out);

/* Incremental SHA-256; opaque state of libsodium's size. */
struct sha256 {
    _Alignas(16) uint8_t state[128];
};
void sha256_init(struct sha256 *state);
void sha256_update(struct sha256 *state, const void *data, size_t size);
void sha256_final(struct sha256 *state, struct hash *out);

/* A 128-bit number: sum of fingerprints mod 2^128. */
struct fingerprint {
    uint64_t high;
    uint64_t low;
};
void fingerprint_of(const uint8_t key[FINGERPRINT_KEY_SIZE], const void *data, size_t size,
                    struct fingerprint *out);
void fingerprint_add(struct fingerprint *sum, const struct fingerprint *value);
void fingerprint_subtract(struct fingerprint *sum, const struct fingerprint *value);
static inline bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
    return a->high == b->high && a->low == b->low;
}

#endif
