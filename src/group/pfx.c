/* pfx.c - a key and its certificate under a password, by OpenSSL's PKCS#12.
 *
 * Writing makes the usual two parts: the certificate in encrypted data, the key in a shrouded bag,
 * both with salts of 16 bytes, and the MAC over both. Reading looks at every algorithm and every
 * count of rounds before it derives anything, so that a file cannot keep the machine busy; then the
 * MAC tells whether the password is the right one. Failure: whatever is not of this form is
 * E_INVALIDARG; OpenSSL's own failures while writing are E_OUTOFMEMORY. */
#include "group/pfx.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <sodium.h>

enum { SALT_SIZE = 16, SALT_SIZE_MAX = 64, PART_COUNT = 2 };

static void free_bags(STACK_OF(PKCS12_SAFEBAG) * bags)
{
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static void free_parts(STACK_OF(PKCS7) * parts)
{
    sk_PKCS7_pop_free(parts, PKCS7_free);
}

/* ---- writing ---- */

/* Takes the bag; NULL after a failure. */
static STACK_OF(PKCS12_SAFEBAG) *
    one_bag(PKCS12_SAFEBAG *bag, const char *name, const struct hash *id)
{
    unsigned char local[HASH_SIZE];
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    memcpy(local, id->bytes, sizeof(local));
    bool good = bag && bags && PKCS12_add_localkeyid(bag, local, sizeof(local)) == 1 &&
                PKCS12_add_friendlyname_utf8(bag, name, -1) == 1 &&
                sk_PKCS12_SAFEBAG_push(bags, bag) > 0;
    if (good)
        return bags;
    PKCS12_SAFEBAG_free(bag);
    sk_PKCS12_SAFEBAG_free(bags);
    return NULL;
}

static PKCS7 *certificate_part(struct bytes der, const char *name, const char *password, int rounds)
{
    struct hash id;
    const unsigned char *at = der.data;
    hash_sha256(der.data, der.size, &id);
    X509 *certificate = d2i_X509(NULL, &at, (long)der.size);
    STACK_OF(PKCS12_SAFEBAG) *bags =
        certificate ? one_bag(PKCS12_SAFEBAG_create_cert(certificate), name, &id) : NULL;
    PKCS7 *part =
        bags ? PKCS12_pack_p7encdata(NID_aes_256_cbc, password, -1, NULL, SALT_SIZE, rounds, bags)
             : NULL;
    free_bags(bags);
    X509_free(certificate);
    return part;
}

static PKCS8_PRIV_KEY_INFO *key_info(const struct signing_key *key)
{
    uint8_t seed[SEED_SIZE];
    signing_key_seed(key, seed);
    EVP_PKEY *made = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
    sodium_memzero(seed, sizeof(seed));
    PKCS8_PRIV_KEY_INFO *info = made ? EVP_PKEY2PKCS8(made) : NULL;
    EVP_PKEY_free(made);
    return info;
}

static PKCS7 *key_part(const struct signing_key *key, struct bytes certificate, const char *name,
                       const char *password, int rounds)
{
    struct hash id;
    hash_sha256(certificate.data, certificate.size, &id);
    PKCS8_PRIV_KEY_INFO *info = key_info(key);
    PKCS12_SAFEBAG *bag = info ? PKCS12_SAFEBAG_create_pkcs8_encrypt(NID_aes_256_cbc, password, -1,
                                                                     NULL, SALT_SIZE, rounds, info)
                               : NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = bag ? one_bag(bag, name, &id) : NULL;
    PKCS7 *part = bags ? PKCS12_pack_p7data(bags) : NULL;
    free_bags(bags);
    PKCS8_PRIV_KEY_INFO_free(info);
    return part;
}

/* Takes both parts. */
static PKCS12 *bind_parts(PKCS7 *first, PKCS7 *second, const char *password, int rounds)
{
    STACK_OF(PKCS7) *parts = sk_PKCS7_new_null();
    bool pushed = parts && first && second && sk_PKCS7_push(parts, first) > 0;
    if (!pushed)
        PKCS7_free(first);
    bool both = pushed && sk_PKCS7_push(parts, second) > 0;
    if (!both)
        PKCS7_free(second);
    PKCS12 *pfx = both ? PKCS12_add_safes(parts, 0) : NULL;
    free_parts(parts);
    if (pfx && PKCS12_set_mac(pfx, password, -1, NULL, SALT_SIZE, PFX_MAC_FACTOR * rounds,
                              EVP_sha256()) == 1)
        return pfx;
    PKCS12_free(pfx);
    return NULL;
}

HRESULT pfx_write(const struct signing_key *key, struct bytes certificate,
                  const char *friendly_name, const char *password, int rounds, struct buffer *out)
{
    unsigned char *der = NULL;
    PKCS7 *first = certificate_part(certificate, friendly_name, password, rounds);
    PKCS7 *second = first ? key_part(key, certificate, friendly_name, password, rounds) : NULL;
    PKCS12 *pfx = bind_parts(first, second, password, rounds);
    int size = pfx ? i2d_PKCS12(pfx, &der) : -1;
    PKCS12_free(pfx);
    HRESULT hr = size > 0 ? buffer_append(out, der, (size_t)size) : E_OUTOFMEMORY;
    OPENSSL_free(der);
    ERR_clear_error();
    return hr;
}

/* ---- reading ---- */

/* The rounds may be left out where they are 1; more than a long holds is -1. */
static bool rounds_within(const ASN1_INTEGER *rounds, long most)
{
    long count = rounds ? ASN1_INTEGER_get(rounds) : 1;
    return count >= 1 && count <= most;
}

static bool derivation_is_ours(const X509_ALGOR *algorithm)
{
    if (OBJ_obj2nid(algorithm->algorithm) != NID_id_pbkdf2 || !algorithm->parameter ||
        algorithm->parameter->type != V_ASN1_SEQUENCE)
        return false;
    PBKDF2PARAM *with =
        ASN1_item_unpack(algorithm->parameter->value.sequence, ASN1_ITEM_rptr(PBKDF2PARAM));
    bool ours = with && with->salt && with->salt->type == V_ASN1_OCTET_STRING &&
                ASN1_STRING_length(with->salt->value.octet_string) <= SALT_SIZE_MAX && with->iter &&
                rounds_within(with->iter, PFX_ROUNDS_MAX) && with->prf &&
                OBJ_obj2nid(with->prf->algorithm) == NID_hmacWithSHA256 && !with->keylength;
    PBKDF2PARAM_free(with);
    return ours;
}

static bool encryption_is_ours(const X509_ALGOR *algorithm)
{
    if (!algorithm || OBJ_obj2nid(algorithm->algorithm) != NID_pbes2 || !algorithm->parameter ||
        algorithm->parameter->type != V_ASN1_SEQUENCE)
        return false;
    PBE2PARAM *with =
        ASN1_item_unpack(algorithm->parameter->value.sequence, ASN1_ITEM_rptr(PBE2PARAM));
    bool ours = with && with->keyfunc && with->encryption &&
                OBJ_obj2nid(with->encryption->algorithm) == NID_aes_256_cbc &&
                derivation_is_ours(with->keyfunc);
    PBE2PARAM_free(with);
    return ours;
}

static bool mac_is_ours(const PKCS12 *pfx)
{
    const ASN1_OCTET_STRING *value = NULL, *salt = NULL;
    const X509_ALGOR *algorithm = NULL;
    const ASN1_INTEGER *rounds = NULL;
    if (PKCS12_mac_present(pfx) != 1)
        return false;
    PKCS12_get0_mac(&value, &algorithm, &salt, &rounds, pfx);
    return algorithm && salt && OBJ_obj2nid(algorithm->algorithm) == NID_sha256 &&
           ASN1_STRING_length(salt) <= SALT_SIZE_MAX &&
           rounds_within(rounds, (long)PFX_MAC_FACTOR * PFX_ROUNDS_MAX);
}

/* The only bag of a part, of the kind wanted. */
static PKCS12_SAFEBAG *only_bag(const STACK_OF(PKCS12_SAFEBAG) * bags, int kind)
{
    if (sk_PKCS12_SAFEBAG_num(bags) != 1)
        return NULL;
    PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, 0);
    return PKCS12_SAFEBAG_get_nid(bag) == kind ? bag : NULL;
}

static HRESULT read_certificate(PKCS7 *part, const char *password, struct buffer *out)
{
    unsigned char *der = NULL;
    STACK_OF(PKCS12_SAFEBAG) *bags = PKCS12_unpack_p7encdata(part, password, -1);
    PKCS12_SAFEBAG *bag = bags ? only_bag(bags, NID_certBag) : NULL;
    X509 *certificate = bag ? PKCS12_SAFEBAG_get1_cert(bag) : NULL;
    int size = certificate ? i2d_X509(certificate, &der) : -1;
    HRESULT hr = size > 0 ? buffer_append(out, der, (size_t)size) : E_INVALIDARG;
    OPENSSL_free(der);
    X509_free(certificate);
    free_bags(bags);
    return hr;
}

static HRESULT key_of(const PKCS8_PRIV_KEY_INFO *info, struct signing_key **key)
{
    uint8_t seed[SEED_SIZE];
    size_t size = sizeof(seed);
    EVP_PKEY *found = info ? EVP_PKCS82PKEY(info) : NULL;
    bool good = found && EVP_PKEY_get_base_id(found) == EVP_PKEY_ED25519 &&
                EVP_PKEY_get_raw_private_key(found, seed, &size) == 1 && size == SEED_SIZE;
    HRESULT hr = good ? signing_key_from_seed(seed, key) : E_INVALIDARG;
    sodium_memzero(seed, sizeof(seed));
    EVP_PKEY_free(found);
    return hr;
}

static HRESULT read_key(const STACK_OF(PKCS12_SAFEBAG) * bags, const char *password,
                        struct signing_key **key)
{
    PKCS12_SAFEBAG *bag = only_bag(bags, NID_pkcs8ShroudedKeyBag);
    PKCS8_PRIV_KEY_INFO *info = bag ? PKCS12_decrypt_skey(bag, password, -1) : NULL;
    HRESULT hr = key_of(info, key);
    PKCS8_PRIV_KEY_INFO_free(info);
    return hr;
}

/* Every algorithm is looked at before the first one is run. */
static HRESULT read_parts(PKCS12 *pfx, STACK_OF(PKCS7) * parts,
                          const STACK_OF(PKCS12_SAFEBAG) * keys, const char *password,
                          struct buffer *certificate, struct signing_key **key)
{
    PKCS7 *first = sk_PKCS7_value(parts, 0);
    const X509_ALGOR *algorithm = NULL;
    const PKCS12_SAFEBAG *bag = only_bag(keys, NID_pkcs8ShroudedKeyBag);
    if (!bag || !mac_is_ours(pfx) || !first->d.encrypted || !first->d.encrypted->enc_data ||
        !encryption_is_ours(first->d.encrypted->enc_data->algorithm))
        return E_INVALIDARG;
    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
    if (!encryption_is_ours(algorithm) || PKCS12_verify_mac(pfx, password, -1) != 1)
        return E_INVALIDARG;
    HRESULT hr = read_certificate(first, password, certificate);
    return SUCCEEDED(hr) ? read_key(keys, password, key) : hr;
}

HRESULT pfx_read(struct bytes der, const char *password, struct buffer *certificate,
                 struct signing_key **key)
{
    const unsigned char *at = der.data;
    *key = NULL;
    PKCS12 *pfx = der.size > 0 ? d2i_PKCS12(NULL, &at, (long)der.size) : NULL;
    bool whole = pfx && at == der.data + der.size;
    STACK_OF(PKCS7) *parts = whole ? PKCS12_unpack_authsafes(pfx) : NULL;
    bool shaped = parts && sk_PKCS7_num(parts) == PART_COUNT &&
                  PKCS7_type_is_encrypted(sk_PKCS7_value(parts, 0)) &&
                  PKCS7_type_is_data(sk_PKCS7_value(parts, 1));
    STACK_OF(PKCS12_SAFEBAG) *keys = shaped ? PKCS12_unpack_p7data(sk_PKCS7_value(parts, 1)) : NULL;
    HRESULT hr = keys ? read_parts(pfx, parts, keys, password, certificate, key) : E_INVALIDARG;
    free_bags(keys);
    free_parts(parts);
    PKCS12_free(pfx);
    ERR_clear_error();
    return hr;
}
