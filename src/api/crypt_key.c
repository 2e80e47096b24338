/* crypt_key.c - key handles: made for an identity's key or a key of OpenSSL, and signing with one.
 *
 * A handle is one more owner of a signing key in guarded memory. The key behind it also signs
 * records, certificates and TLS handshakes for its identity; so that no program can be talked into
 * signing one of those, a handle refuses bytes that begin as one does: with a label of the
 * protocol, with 64 spaces (TLS 1.3), or with 0x30 (the body of a certificate). Keys other than
 * Ed25519, and keys without their private half, are E_INVALIDARG; other values that are no handle
 * E_HANDLE. */
#include "api/crypt_key.h"
#include "api/api.h"
#include "api/crypt_handle.h"
#include "base/label.h"

#include <openssl/evp.h>
#include <sodium.h>

enum { TLS_SPACES = 64 };

static void free_key(void *key)
{
    signing_key_free(key);
}

HRESULT crypt_key_open(struct signing_key *key, HCRYPTPROV *handle)
{
    struct signing_key *shared = signing_key_share(key);
    HRESULT hr = crypt_handle_new(shared, free_key, handle);
    if (FAILED(hr))
        signing_key_free(shared);
    return hr;
}

HRESULT crypt_key_borrow(HCRYPTPROV handle, struct signing_key **key)
{
    struct crypt_handle *borrowed = NULL;
    *key = NULL;
    HRESULT hr = crypt_handle_borrow(handle, &borrowed);
    if (FAILED(hr))
        return hr;
    *key = signing_key_share(crypt_handle_key(borrowed));
    crypt_handle_return(borrowed);
    return S_OK;
}

HRESULT WINAPI peergroup_CryptHandleFromPkey(void *evp_pkey, HCRYPTPROV *phCryptProv)
{
    if (!phCryptProv)
        return E_INVALIDARG;
    *phCryptProv = 0;
    if (!evp_pkey || EVP_PKEY_get_base_id(evp_pkey) != EVP_PKEY_ED25519)
        return E_INVALIDARG;
    HRESULT hr = api_ready();
    if (FAILED(hr))
        return hr;
    uint8_t seed[SEED_SIZE];
    size_t size = sizeof(seed);
    struct signing_key *key = NULL;
    bool given = EVP_PKEY_get_raw_private_key(evp_pkey, seed, &size) == 1 && size == sizeof(seed);
    hr = given ? signing_key_from_seed(seed, &key) : E_INVALIDARG;
    sodium_memzero(seed, sizeof(seed));
    if (SUCCEEDED(hr))
        hr = crypt_key_open(key, phCryptProv);
    signing_key_free(key);
    return hr;
}

/* Could these bytes be one of the library's own statements? */
static bool is_reserved(const uint8_t *data, size_t size)
{
    if (size > 0 && data[0] == 0x30)
        return true;
    size_t spaces = 0;
    while (spaces < size && spaces < TLS_SPACES && data[spaces] == ' ')
        spaces++;
    if (spaces == TLS_SPACES)
        return true;
    for (int label = 0; size >= LABEL_SIZE && label < LABEL_COUNT; label++)
        if (memcmp(data, label_of((enum label)label), LABEL_SIZE) == 0)
            return true;
    return false;
}

HRESULT WINAPI peergroup_CryptHandleSign(HCRYPTPROV hCryptProv, const void *pvData, size_t cbData,
                                         uint8_t signature[64])
{
    struct signing_key *key = NULL;
    if (!signature || (!pvData && cbData > 0) || is_reserved(pvData, cbData))
        return E_INVALIDARG;
    HRESULT hr = api_ready();
    if (SUCCEEDED(hr))
        hr = crypt_key_borrow(hCryptProv, &key);
    if (SUCCEEDED(hr))
        signing_key_sign(key, pvData, cbData, signature);
    signing_key_free(key);
    return hr;
}
