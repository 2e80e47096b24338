/* pfx.h - one Ed25519 key with its certificate as a PFX (PKCS#12) under a password.
 *
 * PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256, and a MAC with SHA-256 that costs a guess as much
 * as the encryption does; `openssl pkcs12` reads it. Any thread; both calls take the better part of
 * a second, on purpose. */
#ifndef GROUP_PFX_H
#define GROUP_PFX_H

#include "group/certificate.h"

/* A guess costs one of the two, so neither may be the cheaper: a round of PBKDF2-HMAC-SHA256 is two
 * compressions of SHA-256, one of the MAC's key derivation (RFC 7292 B) is one. */
enum {
    PFX_ROUNDS = 600000,
    PFX_ROUNDS_MAX = 2000000, /* what a file may ask for, for each of the three derivations */
    PFX_MAC_FACTOR = 2
};

/* pfx_write appends the DER. password: UTF-8, any. friendly_name: for people who look into it.
 * rounds: PFX_ROUNDS, or fewer in tests; the MAC takes twice as many. E_OUTOFMEMORY: memory, or the
 * cryptographic library fails for want of something. */
HRESULT pfx_write(const struct signing_key *key, struct bytes certificate,
                  const char *friendly_name, const char *password, int rounds,
                  struct buffer *out) MUST_CHECK;

/* pfx_read takes exactly what pfx_write writes, with any number of rounds up to the bounds above:
 * appends the certificate's DER (not looked into) and gives the key (free with signing_key_free).
 * E_INVALIDARG: another form, too many rounds, or the password is a wrong one; E_OUTOFMEMORY. */
HRESULT pfx_read(struct bytes pfx, const char *password, struct buffer *certificate,
                 struct signing_key **key) MUST_CHECK;

#endif
