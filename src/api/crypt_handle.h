/* crypt_handle.h - HCRYPTPROV values that the library makes: checked handles with a key behind.
 *
 * A key lives until its handle is released and every borrower has returned it. All functions may be
 * called from any thread. */
#ifndef API_CRYPT_HANDLE_H
#define API_CRYPT_HANDLE_H

#include "base/result.h"

#include <peergroup/platform.h>

struct crypt_handle;

/* crypt_handle_new gives key a handle. key is taken on success: free_key(key) is called, not under
 * a lock, when it is over. E_OUTOFMEMORY; *handle is 0 then and key still the caller's. */
HRESULT crypt_handle_new(void *key, void (*free_key)(void *key), HCRYPTPROV *handle) MUST_CHECK;

/* crypt_handle_borrow gives what is behind a live handle, to be given back with crypt_handle_return
 * also when the program releases the handle meanwhile. E_HANDLE (ERROR_INVALID_HANDLE): not a live
 * handle; *borrowed is NULL then. */
HRESULT crypt_handle_borrow(HCRYPTPROV handle, struct crypt_handle **borrowed) MUST_CHECK;

/* crypt_handle_key gives the key; borrowed until crypt_handle_return. */
void *crypt_handle_key(const struct crypt_handle *borrowed);

/* crypt_handle_return takes NULL. */
void crypt_handle_return(struct crypt_handle *borrowed);

/* crypt_handle_release ends a handle. E_HANDLE: not a live handle. */
HRESULT crypt_handle_release(HCRYPTPROV handle) MUST_CHECK;

#endif
