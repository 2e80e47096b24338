/* sni.c - makes and checks the server names of callers, and remembers their nonces.
 *
 * A caller draws a nonce and sends sni_make; the listener decodes the text, tries the MAC for each
 * day and for both meanings (called by key, called as anybody), then takes the nonce. A text of
 * another form fails before any MAC, a foreign one after at most ten, a repeated one at the nonces.
 *
 * The nonces are a ring in order of arrival that doubles up to its cap. It is searched from end to
 * end: even full that is a few microseconds, next to a handshake of hundreds. */
#include "group/sni.h"

#include "base/label.h"
#include "base/limits.h"

#include <sodium.h>

enum { BASE32_BITS = 5, NONCES_FIRST = 16, SECONDS_PER_DAY = 86400 };

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static void hmac(const void *key, size_t key_size, const void *data, size_t size,
                 uint8_t out[HASH_SIZE])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key, key_size);
    crypto_auth_hmacsha256_update(&state, data, size);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

void sni_key_derive(const char *graph_id, struct sni_key *key)
{
    static const uint8_t no_salt[HASH_SIZE];
    uint8_t extracted[HASH_SIZE], info[LABEL_SIZE + 1];
    hmac(no_salt, sizeof(no_salt), graph_id, strlen(graph_id), extracted);
    memcpy(info, label_of(LABEL_SNI), LABEL_SIZE);
    info[LABEL_SIZE] = 1; /* the number of the only block that HKDF expands to here */
    hmac(extracted, sizeof(extracted), info, sizeof(info), key->bytes);
    sodium_memzero(extracted, sizeof(extracted));
}

uint32_t sni_day(uint64_t utc)
{
    if (utc < TICKS_UNIX_EPOCH)
        return 0;
    return (uint32_t)((utc - TICKS_UNIX_EPOCH) / (TICKS_PER_SECOND * SECONDS_PER_DAY));
}

static void compute_mac(const struct sni_key *key, const uint8_t nonce[SNI_NONCE_SIZE],
                        uint32_t day, const struct hash *dialled, uint8_t out[SNI_MAC_SIZE])
{
    uint8_t message[SNI_NONCE_SIZE + sizeof(day) + HASH_SIZE] = {0};
    uint8_t whole[HASH_SIZE];
    memcpy(message, nonce, SNI_NONCE_SIZE);
    for (unsigned i = 0; i < sizeof(day); i++)
        message[SNI_NONCE_SIZE + i] = (uint8_t)(day >> (24 - 8 * i));
    if (dialled)
        memcpy(message + SNI_NONCE_SIZE + sizeof(day), dialled->bytes, HASH_SIZE);
    hmac(key->bytes, sizeof(key->bytes), message, sizeof(message), whole);
    memcpy(out, whole, SNI_MAC_SIZE);
}

void sni_make(const struct sni_key *key, const uint8_t nonce[SNI_NONCE_SIZE], uint32_t day,
              const struct hash *dialled, char text[SNI_LENGTH + 1])
{
    uint8_t sni[SNI_SIZE + 1] = {0}; /* the last character takes bits beyond the end */
    memcpy(sni, nonce, SNI_NONCE_SIZE);
    compute_mac(key, nonce, day, dialled, sni + SNI_NONCE_SIZE);
    for (unsigned i = 0; i < SNI_LENGTH; i++) {
        unsigned bit = i * BASE32_BITS;
        unsigned two = (unsigned)sni[bit / 8] << 8 | sni[bit / 8 + 1];
        text[i] = alphabet[two >> (16 - BASE32_BITS - bit % 8) & 31];
    }
    text[SNI_LENGTH] = '\0';
}

bool sni_decode(struct bytes text, uint8_t sni[SNI_SIZE])
{
    memset(sni, 0, SNI_SIZE);
    if (text.size != SNI_LENGTH)
        return false;
    uint32_t bits = 0;
    unsigned held = 0;
    size_t filled = 0;
    for (size_t i = 0; i < SNI_LENGTH; i++) {
        const char *at = text.data[i] ? strchr(alphabet, text.data[i]) : NULL;
        if (!at)
            return false;
        bits = bits << BASE32_BITS | (uint32_t)(at - alphabet);
        held += BASE32_BITS;
        if (held < 8)
            continue;
        held -= 8;
        sni[filled++] = (uint8_t)(bits >> held);
        bits &= (1u << held) - 1;
    }
    ASSERT(filled == SNI_SIZE);
    return bits == 0;
}

bool sni_matches(const struct sni_key *key, const uint8_t sni[SNI_SIZE], uint32_t today,
                 const struct hash *own, uint32_t *day)
{
    /* Today first, then outwards: nearly every call is made for today. */
    static const int distances[] = {0, -1, 1, -2, 2};
    _Static_assert(sizeof(distances) / sizeof(distances[0]) == 2 * SNI_DAYS + 1, "one a day");
    *day = 0;
    for (unsigned i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
        uint32_t candidate = today + (uint32_t)distances[i];
        uint8_t mac[SNI_MAC_SIZE], any_mac[SNI_MAC_SIZE];
        compute_mac(key, sni, candidate, own, mac);
        compute_mac(key, sni, candidate, NULL, any_mac);
        if (sodium_memcmp(mac, sni + SNI_NONCE_SIZE, SNI_MAC_SIZE) != 0 &&
            sodium_memcmp(any_mac, sni + SNI_NONCE_SIZE, SNI_MAC_SIZE) != 0)
            continue;
        *day = candidate;
        return true;
    }
    return false;
}

void sni_nonces_deinit(struct sni_nonces *nonces)
{
    mem_free(nonces->slots);
    memset(nonces, 0, sizeof(*nonces));
}

static struct sni_nonce *slot_at(const struct sni_nonces *nonces, uint32_t index)
{
    return &nonces->slots[(nonces->oldest + index) % nonces->capacity];
}

/* Doubles the ring, oldest first in the new one. */
static HRESULT grow(struct sni_nonces *nonces)
{
    uint32_t capacity = nonces->capacity > 0 ? nonces->capacity * 2 : NONCES_FIRST;
    struct sni_nonce *slots = mem_calloc(capacity, sizeof(*slots));
    if (!slots)
        return E_OUTOFMEMORY;
    for (uint32_t i = 0; i < nonces->count; i++)
        slots[i] = *slot_at(nonces, i);
    mem_free(nonces->slots);
    nonces->slots = slots;
    nonces->capacity = capacity;
    nonces->oldest = 0;
    return S_OK;
}

static void drop_oldest(struct sni_nonces *nonces)
{
    nonces->oldest = (nonces->oldest + 1) % nonces->capacity;
    nonces->count--;
}

HRESULT sni_nonces_take(struct sni_nonces *nonces, const uint8_t nonce[SNI_NONCE_SIZE],
                        uint32_t day, uint32_t today)
{
    for (uint32_t i = 0; i < nonces->count; i++) {
        if (memcmp(slot_at(nonces, i)->bytes, nonce, SNI_NONCE_SIZE) == 0)
            return E_ACCESSDENIED;
    }
    while (nonces->count > 0 && slot_at(nonces, 0)->day + SNI_DAYS < today)
        drop_oldest(nonces);
    if (nonces->count == nonces->capacity) {
        if (nonces->capacity >= SNI_NONCES_MAX) {
            drop_oldest(nonces);
        } else {
            HRESULT hr = grow(nonces);
            if (FAILED(hr))
                return hr;
        }
    }
    struct sni_nonce *slot = slot_at(nonces, nonces->count++);
    memcpy(slot->bytes, nonce, SNI_NONCE_SIZE);
    slot->day = day;
    return S_OK;
}
