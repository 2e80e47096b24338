/* crypt_key.h - HCRYPTPROV values with a signing key behind. */
#ifndef API_CRYPT_KEY_H
#define API_CRYPT_KEY_H

#include "group/certificate.h"

#include <peergroup/platform.h>

/* crypt_key_open gives key a handle, which becomes one more owner. E_OUTOFMEMORY; *handle is 0
 * then. */
HRESULT crypt_key_open(struct signing_key *key, HCRYPTPROV *handle) MUST_CHECK;

/* crypt_key_borrow gives the key behind a handle (free with signing_key_free). E_HANDLE: not a live
 * handle; *key is NULL then. */
HRESULT crypt_key_borrow(HCRYPTPROV handle, struct signing_key **key) MUST_CHECK;

#endif
