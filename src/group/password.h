/* password.h - group passwords: the system's policy, and the signing key that a password stands
 * for.
 *
 * A group keeps the public half, the salt and the cost; never the password nor a value that can
 * stand for it. */
#ifndef GROUP_PASSWORD_H
#define GROUP_PASSWORD_H

#include "group/certificate.h"

enum { PASSWORD_SALT_SIZE = 16 };

/* The work of Argon2id. */
struct password_cost {
    uint32_t memory_kib; /* PASSWORD_MEMORY_MIN..PASSWORD_MEMORY_MAX */
    uint32_t passes;     /* 1..PASSWORD_PASSES_MAX */
};

#define PASSWORD_MEMORY_MIN (19u * 1024)
#define PASSWORD_MEMORY_DEFAULT (64u * 1024)
#define PASSWORD_MEMORY_MAX (1024u * 1024)
#define PASSWORD_PASSES_DEFAULT 3u
#define PASSWORD_PASSES_MAX 10u

/* What Security Properties keep of a password. */
struct group_password {
    unsigned role; /* what who knows the password becomes; one bit of enum role, 0: no password */
    uint8_t public_key[KEY_SIZE];
    uint8_t salt[PASSWORD_SALT_SIZE];
    struct password_cost cost;
};

/* What a password has become: the derived key, and what it was derived with. PASSWORD_KEY_NULL is a
 * valid empty one. */
struct password_key {
    struct signing_key *key;
    uint8_t salt[PASSWORD_SALT_SIZE];
    struct password_cost cost;
};
#define PASSWORD_KEY_NULL ((struct password_key){.key = NULL})
void password_key_deinit(struct password_key *key);
/* password_key_share counts one more owner of the key. */
struct password_key password_key_share(const struct password_key *key);
/* password_key_fits: it was derived with this salt and this cost. */
bool password_key_fits(const struct password_key *key, const uint8_t salt[PASSWORD_SALT_SIZE],
                       const struct password_cost *cost);

/* password_cost_check: within the bounds above. */
bool password_cost_check(const struct password_cost *cost);

/* password_check_policy asks the system's password policy (libpwquality, one at a time in the
 * process) about UTF-8 text. PEER_E_PASSWORD_DOES_NOT_MEET_POLICY: refused, empty, or over
 * LIMIT_PASSWORD_UNITS. A missing dictionary refuses nobody. E_OUTOFMEMORY. Any thread; may read
 * files. */
HRESULT password_check_policy(const char *password) MUST_CHECK;
/* password_check_policy_with takes another dictionary than the configured one (NULL: that one). */
HRESULT password_check_policy_with(const char *password, const char *dictionary) MUST_CHECK;

/* password_derive gives the signing key of a password (free with signing_key_free). Slow and large
 * by design: belongs into the thread pool. E_INVALIDARG: cost out of bounds; E_OUTOFMEMORY. */
HRESULT password_derive(const char *password, const uint8_t salt[PASSWORD_SALT_SIZE],
                        const struct password_cost *cost, struct signing_key **key) MUST_CHECK;

/* password_key_derive is the same with what it was derived from (password_key_deinit). */
HRESULT password_key_derive(const char *password, const uint8_t salt[PASSWORD_SALT_SIZE],
                            const struct password_cost *cost, struct password_key *key) MUST_CHECK;

/* password_make draws a salt, takes the default cost, derives, and fills what the properties keep.
 * Slow likewise. */
HRESULT password_make(const char *password, unsigned role, struct group_password *made) MUST_CHECK;

#endif
