/* sni.h - the server name with which a caller tells a listener which group it means.
 *
 * It is base32 (lower case, no padding) of a nonce and a MAC under a key derived from the group's
 * id, so that a listener recognises callers who know the group before any key exchange, and nobody
 * else learns what it says (protocol.md 3). It does not prove who sends it: who intercepts one can
 * use it once, and hears nothing, since ADMISSION (handshake.h) takes the same key. The functions
 * have no state and may run on any thread; a struct sni_nonces is its owner's to lock. */
#ifndef GROUP_SNI_H
#define GROUP_SNI_H

#include "base/hash.h"

enum {
    SNI_NONCE_SIZE = 16,
    SNI_MAC_SIZE = 16,
    SNI_SIZE = SNI_NONCE_SIZE + SNI_MAC_SIZE,
    SNI_LENGTH = 52, /* characters */
    SNI_DAYS = 2,    /* how far two clocks may be apart, either way */
    SNI_NONCES_MAX = 4096,
};

/* The MAC key of one group. */
struct sni_key {
    uint8_t bytes[HASH_SIZE];
};

/* sni_key_derive: HKDF-SHA256 of the group's id (empty salt, LABEL_SNI as info). */
void sni_key_derive(const char *graph_id, struct sni_key *key);

/* sni_day gives days since 1970-01-01 of a UTC in ticks; 0 for any time before. */
uint32_t sni_day(uint64_t utc);

/* sni_make writes the name and its NUL. dialled is the key hash of the member who is called, NULL
 * when unknown. */
void sni_make(const struct sni_key *key, const uint8_t nonce[SNI_NONCE_SIZE], uint32_t day,
              const struct hash *dialled, char text[SNI_LENGTH + 1]);

/* sni_decode reads the one spelling that sni_make gives; false for any other text. */
bool sni_decode(struct bytes text, uint8_t sni[SNI_SIZE]);

/* sni_matches: was it made with this key for this day, or up to SNI_DAYS around it, for own or for
 * anybody? *day gets the day it was made for. */
bool sni_matches(const struct sni_key *key, const uint8_t sni[SNI_SIZE], uint32_t today,
                 const struct hash *own, uint32_t *day);

/* The nonces that a listener has seen, so that no name admits twice. Zeroed memory is an empty one.
 */
struct sni_nonce {
    uint8_t bytes[SNI_NONCE_SIZE];
    uint32_t day;
};
struct sni_nonces {
    struct sni_nonce *slots; /* in order of arrival, from oldest on, wrapping around */
    uint32_t capacity;
    uint32_t oldest;
    uint32_t count;
};
void sni_nonces_deinit(struct sni_nonces *nonces);

/* sni_nonces_take remembers a nonce that was made for day. Those that can no longer match are
 * forgotten; beyond SNI_NONCES_MAX the oldest one is. That is the safe side: refusing would let any
 * insider shut the group's door with 4096 calls, while a forgotten name, replayed by someone who
 * recorded it, shows the group's name and the listener's key and chain, no more than its first use
 * by somebody who held the caller back would show. E_ACCESSDENIED: seen before. E_OUTOFMEMORY: not
 * remembered, so do not admit. */
HRESULT sni_nonces_take(struct sni_nonces *nonces, const uint8_t nonce[SNI_NONCE_SIZE],
                        uint32_t day, uint32_t today) MUST_CHECK;

#endif
