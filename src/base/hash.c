/* hash.c - hashes over libsodium and the text forms of what they name.
 *
 * SHA-256 gives names and digests. SipHash-2-4 with 128 bits, keyed per link, gives fingerprints of
 * sets: without the key nobody can choose records whose sum is zero. None of these can fail; a text
 * that is no GUID is E_INVALIDARG. */
#include "base/hash.h"

#include <ctype.h>
#include <sodium.h>

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(((struct sha256 *)0)->state),
               "room for libsodium's state");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == FINGERPRINT_KEY_SIZE, "SipHash key");

void hash_sha256(const void *data, size_t size, struct hash *out)
{
    crypto_hash_sha256(out->bytes, data, size);
}

void sha256_init(struct sha256 *state)
{
    crypto_hash_sha256_init((crypto_hash_sha256_state *)(void *)state->state);
}

void sha256_update(struct sha256 *state, const void *data, size_t size)
{
    crypto_hash_sha256_update((crypto_hash_sha256_state *)(void *)state->state, data, size);
}

void sha256_final(struct sha256 *state, struct hash *out)
{
    crypto_hash_sha256_final((crypto_hash_sha256_state *)(void *)state->state, out->bytes);
}

static uint64_t load64(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

void fingerprint_of(const uint8_t key[FINGERPRINT_KEY_SIZE], const void *data, size_t size,
                    struct fingerprint *out)
{
    uint8_t bytes[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(bytes, data, size, key);
    out->high = load64(bytes);
    out->low = load64(bytes + 8);
}

void fingerprint_add(struct fingerprint *sum, const struct fingerprint *value)
{
    uint64_t low = sum->low + value->low;
    sum->high += value->high + (low < sum->low);
    sum->low = low;
}

void fingerprint_subtract(struct fingerprint *sum, const struct fingerprint *value)
{
    uint64_t low = sum->low - value->low;
    sum->high -= value->high + (low > sum->low);
    sum->low = low;
}

static void hex_write(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
}

void hash_format(const struct hash *hash, char text[HASH_TEXT_SIZE])
{
    hex_write(hash->bytes, HASH_SIZE, text);
    text[2 * HASH_SIZE] = '\0';
}

void guid_format(const struct guid *guid, char text[GUID_TEXT_SIZE])
{
    static const uint8_t group_sizes[] = {4, 2, 2, 2, 6};
    const uint8_t *bytes = guid->bytes;
    for (size_t i = 0; i < sizeof(group_sizes); i++) {
        hex_write(bytes, group_sizes[i], text);
        bytes += group_sizes[i];
        text += 2 * group_sizes[i];
        *text++ = '-';
    }
    text[-1] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

HRESULT guid_parse(const char *text, struct guid *guid)
{
    size_t size = strlen(text);
    bool braces = size == GUID_TEXT_SIZE + 1 && text[0] == '{' && text[size - 1] == '}';
    if (!braces && size != GUID_TEXT_SIZE - 1)
        return E_INVALIDARG;
    text += braces;
    struct guid value;
    size_t digits = 0;
    for (size_t i = 0; i < GUID_TEXT_SIZE - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return E_INVALIDARG;
            continue;
        }
        int digit = hex_value(text[i]);
        if (digit < 0)
            return E_INVALIDARG;
        uint8_t *byte = &value.bytes[digits / 2];
        *byte = (uint8_t)(digits % 2 ? *byte << 4 | digit : digit);
        digits++;
    }
    *guid = value;
    return S_OK;
}
