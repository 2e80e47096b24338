/* Do key handles carry an identity's key in and out, outlive what they came from, and refuse to
 * sign what could be one of the library's own statements? (semantics 2.6-2.8, 2.20, ruling 28) */
#include "contract.h"
#include "support/foreign_memory.h"
#include "support/home.h"
#include "support/sweep.h"
#include "support/wide.h"

#include "base/label.h"
#include "group/identity.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

static HCRYPTPROV handle_of_new_key(void)
{
    HCRYPTPROV handle = 0;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_non_null(key);
    assert_ok(peergroup_CryptHandleFromPkey(key, &handle));
    assert_true(handle != 0);
    EVP_PKEY_free(key);
    return handle;
}

static size_t bad_handles(HCRYPTPROV handles[8])
{
    HCRYPTPROV closed = handle_of_new_key();
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_true(CryptReleaseContext(closed, 0));
    CloseHandle(event);
    handles[0] = 1;
    handles[1] = 0x12345678;
    handles[2] = ~(HCRYPTPROV)0;
    handles[3] = closed;
    handles[4] = (HCRYPTPROV)event;
    handles[5] = (HCRYPTPROV)handles;
    return 6;
}

/* [point 2.6] [point 2.8] The handle may go after the call; the same key serves several
 * classifiers. */
static void test_create_with_a_key(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "PEER_E_ALREADY_EXISTS");
    HCRYPTPROV handle = handle_of_new_key();
    PWSTR first = NULL, second = NULL, again = (PWSTR)1;
    assert_ok(PeerIdentityCreate(u"a", u"first", handle, &first));
    assert_ok(PeerIdentityCreate(u"b", NULL, handle, &second));
    assert_memory_equal(first, second, 41 * sizeof(WCHAR));
    assert_hr(PeerIdentityCreate(u"a", u"other", handle, &again), PEER_E_ALREADY_EXISTS);
    assert_null(again);
    assert_true(CryptReleaseContext(handle, 0));
    assert_ok(PeerIdentityGetFriendlyName(first, &again));
    assert_wide_equal(again, u"first");
    PeerFreeData(again);
    PeerFreeData(first);
    PeerFreeData(second);
}

/* [point 2.7] What is no key handle is ERROR_INVALID_HANDLE. */
static void test_create_with_no_handle(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityCreate", "ERROR_INVALID_HANDLE");
    HCRYPTPROV handles[8];
    for (size_t i = 0, n = bad_handles(handles); i < n; i++) {
        PWSTR name = (PWSTR)1;
        assert_hr(PeerIdentityCreate(u"a", NULL, handles[i], &name),
                  HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE));
        assert_null(name);
    }
}

/* [point 2.6] [point 2.7] Ruling 28: other keys than Ed25519, or half of one, are E_INVALIDARG. */
static void test_foreign_keys_are_refused(void **state)
{
    (void)state;
    HCRYPTPROV handle = 1;
    EVP_PKEY *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    EVP_PKEY *exchange = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    uint8_t point[32] = {9};
    EVP_PKEY *public_only = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, 32);
    EVP_PKEY *const keys[] = {NULL, rsa, exchange, public_only};
    assert_hr(peergroup_CryptHandleFromPkey(exchange, NULL), E_INVALIDARG);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        assert_true(i == 0 || keys[i]);
        handle = 1;
        assert_hr(peergroup_CryptHandleFromPkey(keys[i], &handle), E_INVALIDARG);
        assert_true(handle == 0);
        EVP_PKEY_free(keys[i]);
    }
}

/* [point 1.16] [point 2.20] NULL is the default identity. The key comes out as it went in. */
static void test_get_crypt_key(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityGetCryptKey", "S_OK");
    CONTRACT("PeerIdentityGetCryptKey", "E_INVALIDARG");
    static const WCHAR lone_surrogate[] = {0xDC00, 0};
    PWSTR name = NULL, second = NULL, again = NULL;
    HCRYPTPROV handle = 0, other = 0;
    assert_ok(PeerIdentityCreate(u"a", NULL, 0, &name));
    assert_hr(PeerIdentityGetCryptKey(name, NULL), E_INVALIDARG);
    handle = 1;
    assert_hr(PeerIdentityGetCryptKey(lone_surrogate, &handle), E_INVALIDARG);
    assert_true(handle == 0);
    assert_ok(PeerIdentityGetCryptKey(name, &handle));
    assert_ok(PeerIdentityGetCryptKey(NULL, &other));
    assert_true(handle != 0 && other != 0 && handle != other);
    assert_ok(PeerIdentityCreate(u"b", NULL, handle, &second));
    assert_memory_equal(name, second, 41 * sizeof(WCHAR));
    assert_hr(PeerIdentityCreate(u"b", NULL, other, &again), PEER_E_ALREADY_EXISTS);
    assert_true(CryptReleaseContext(handle, 0));
    assert_false(CryptReleaseContext(handle, 0));
    assert_true(CryptReleaseContext(other, 0));
    PeerFreeData(name);
    PeerFreeData(second);
}

/* [point 2.1] A name begins with a hash of the key's SubjectPublicKeyInfo in DER: 20 bytes of
 * SHA-256, where the documents have SHA-1. */
static void test_authority_is_the_hash_of_the_key(void **state)
{
    (void)state;
    PWSTR name = NULL;
    HCRYPTPROV handle = 0;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_ok(peergroup_CryptHandleFromPkey(key, &handle));
    assert_ok(PeerIdentityCreate(u"a.b", NULL, handle, &name));
    unsigned char *der = NULL, hash[32];
    int size = i2d_PUBKEY(key, &der);
    assert_true(size > 0);
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)size, hash, NULL), 1);
    for (int i = 0; i < 20; i++) {
        char hex[3];
        snprintf(hex, sizeof(hex), "%02x", hash[i]);
        assert_int_equal(name[2 * i], hex[0]);
        assert_int_equal(name[2 * i + 1], hex[1]);
    }
    assert_wide_equal(name + 40, u".a.b");
    OPENSSL_free(der);
    EVP_PKEY_free(key);
    assert_true(CryptReleaseContext(handle, 0));
    PeerFreeData(name);
}

/* A handle lives without its identity. */
static void test_key_outlives_its_identity(void **state)
{
    (void)state;
    PWSTR name = NULL, again = NULL;
    HCRYPTPROV handle = 0;
    assert_ok(PeerIdentityCreate(u"a", NULL, 0, &name));
    assert_ok(PeerIdentityGetCryptKey(name, &handle));
    assert_ok(PeerIdentityDelete(name));
    assert_ok(PeerIdentityCreate(u"a", NULL, handle, &again));
    assert_wide_equal(name, again);
    assert_true(CryptReleaseContext(handle, 0));
    PeerFreeData(name);
    PeerFreeData(again);
}

/* The pages have no code for a key that does not decode: it is one without access. */
static void test_damaged_key(void **state)
{
    (void)state;
    PWSTR name = NULL;
    HCRYPTPROV handle = 1;
    struct identity identity;
    char hex[HASH_TEXT_SIZE], file[128];
    assert_ok(PeerIdentityCreate(u"a", NULL, 0, &name));
    assert_ok(identity_find(NULL, &identity));
    hash_format(&identity.key_hash, hex);
    identity_deinit(&identity);
    snprintf(file, sizeof(file), "keys/%s", hex);
    home_write(home_file(file), "junk", 4, 0600);
    assert_hr(PeerIdentityGetCryptKey(name, &handle), PEER_E_NO_KEY_ACCESS);
    assert_true(handle == 0);
    PWSTR text = NULL;
    assert_hr(PeerIdentityGetXML(name, &text), PEER_E_NO_KEY_ACCESS);
    assert_null(text);
    assert_hr(PeerIdentityExport(name, u"password", &text), PEER_E_NO_KEY_ACCESS);
    assert_null(text);
    assert_int_equal(chmod(home_file(file), 0644), 0);
    assert_hr(PeerIdentityGetCryptKey(name, &handle), PEER_E_NO_KEY_ACCESS);
    PeerFreeData(name);
}

static HRESULT call_get_crypt_key(void)
{
    HCRYPTPROV handle = 1;
    HRESULT hr = PeerIdentityGetCryptKey(NULL, &handle);
    if (SUCCEEDED(hr))
        assert_true(CryptReleaseContext(handle, 0));
    else
        assert_true(handle == 0);
    return hr;
}

static EVP_PKEY *swept_key;

static HRESULT call_from_pkey(void)
{
    HCRYPTPROV handle = 1;
    HRESULT hr = peergroup_CryptHandleFromPkey(swept_key, &handle);
    if (SUCCEEDED(hr))
        assert_true(CryptReleaseContext(handle, 0));
    else
        assert_true(handle == 0);
    return hr;
}

static void test_keys_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerIdentityGetCryptKey");
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(u"a", NULL, 0, &name));
    assert_true(sweep(call_get_crypt_key, NULL) > 5);
    swept_key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    assert_true(sweep(call_from_pkey, NULL) > 1);
    EVP_PKEY_free(swept_key);
    PeerFreeData(name);
}

static void test_sign(void **state)
{
    (void)state;
    PWSTR name = NULL;
    HCRYPTPROV handle = 0;
    struct identity identity;
    uint8_t signature[64];
    char big[1000];
    memset(big, 'b', sizeof(big));
    assert_ok(PeerIdentityCreate(u"a", NULL, 0, &name));
    assert_ok(PeerIdentityGetCryptKey(name, &handle));
    assert_ok(identity_find(NULL, &identity));
    assert_ok(peergroup_CryptHandleSign(handle, "hello", 5, signature));
    assert_true(signature_check(identity.key, "hello", 5, signature));
    assert_false(signature_check(identity.key, "hellp", 5, signature));
    assert_ok(peergroup_CryptHandleSign(handle, big, sizeof(big), signature));
    assert_true(signature_check(identity.key, big, sizeof(big), signature));
    assert_ok(peergroup_CryptHandleSign(handle, NULL, 0, signature));
    assert_true(signature_check(identity.key, NULL, 0, signature));
    assert_true(CryptReleaseContext(handle, 0));
    identity_deinit(&identity);
    PeerFreeData(name);
}

static void test_sign_refuses_what_the_library_signs(void **state)
{
    (void)state;
    HCRYPTPROV handle = handle_of_new_key();
    uint8_t data[100], signature[64];
    for (int label = 0; label < LABEL_COUNT; label++) {
        memset(data, 'x', sizeof(data));
        memcpy(data, label_of((enum label)label), LABEL_SIZE);
        assert_hr(peergroup_CryptHandleSign(handle, data, LABEL_SIZE, signature), E_INVALIDARG);
        assert_hr(peergroup_CryptHandleSign(handle, data, 64, signature), E_INVALIDARG);
        assert_ok(peergroup_CryptHandleSign(handle, data, LABEL_SIZE - 1, signature));
    }
    memset(data, ' ', sizeof(data));
    assert_hr(peergroup_CryptHandleSign(handle, data, 64, signature), E_INVALIDARG);
    assert_hr(peergroup_CryptHandleSign(handle, data, 100, signature), E_INVALIDARG);
    assert_ok(peergroup_CryptHandleSign(handle, data, 63, signature));
    data[0] = 0x30;
    assert_hr(peergroup_CryptHandleSign(handle, data, 1, signature), E_INVALIDARG);
    assert_hr(peergroup_CryptHandleSign(handle, data, 100, signature), E_INVALIDARG);
    assert_true(CryptReleaseContext(handle, 0));
}

static void test_sign_bad_arguments(void **state)
{
    (void)state;
    HCRYPTPROV handles[8], handle = handle_of_new_key();
    uint8_t signature[64];
    assert_hr(peergroup_CryptHandleSign(handle, "x", 1, NULL), E_INVALIDARG);
    assert_hr(peergroup_CryptHandleSign(handle, NULL, 1, signature), E_INVALIDARG);
    assert_hr(peergroup_CryptHandleSign(0, "x", 1, signature), E_HANDLE);
    for (size_t i = 0, n = bad_handles(handles); i < n; i++)
        assert_hr(peergroup_CryptHandleSign(handles[i], "x", 1, signature), E_HANDLE);
    assert_true(CryptReleaseContext(handle, 0));
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_create_with_a_key),
        TEST(test_create_with_no_handle),
        TEST(test_foreign_keys_are_refused),
        TEST(test_get_crypt_key),
        TEST(test_authority_is_the_hash_of_the_key),
        TEST(test_key_outlives_its_identity),
        TEST(test_damaged_key),
        TEST(test_keys_without_memory),
        TEST(test_sign),
        TEST(test_sign_refuses_what_the_library_signs),
        TEST(test_sign_bad_arguments),
    };
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
