/* Does certificate_parse survive any bytes, and is what it takes exactly what we would write?
 *
 * The serial and a self-signature are put right first, since no mutation would find them; the rest
 * is as it came. What passes is written again from its row: without unknown extensions the bytes of
 * the body must be the same. */
#include "group/certificate_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts in the serial and a signature by the key of the seeds. */
static void repair(uint8_t *der, size_t size)
{
    static struct signing_key *key;
    static const uint8_t seed[SEED_SIZE] = {0, 0, 1};
    struct bytes body, signature;
    HRESULT hr = key ? S_OK : signing_key_from_seed(seed, &key);
    if (FAILED(hr) || FAILED(certificate_split(bytes_of(der, size), &body, &signature)))
        return;
    struct der outer = der_of(body);
    struct der fields = der_enter(&outer, DER_SEQUENCE);
    der_expect(&fields, "\xA0\x03\x02\x01\x02", 5);
    if (der_take(&fields, DER_INTEGER).size != SERIAL_SIZE)
        return;
    uint8_t serial[SERIAL_SIZE];
    size_t at = certificate_serial(body, serial);
    size_t body_at = (size_t)(body.data - der);
    memcpy(der + body_at + at, serial, SERIAL_SIZE);
    signing_key_sign(key, body.data, body.size, der + (signature.data - der));
}

static void check_rewritten(struct bytes der, const struct certificate *certificate)
{
    struct bytes body, signature;
    struct der_writer writer = {.size = 0, .failed = false};
    HRESULT hr = certificate_split(der, &body, &signature);
    ASSERT(SUCCEEDED(hr));
    certificate_write_body(certificate, &writer);
    ASSERT(!writer.failed && writer.size <= body.size);
    ASSERT(writer.size < body.size || memcmp(writer.data, body.data, body.size) == 0);
}

static void parse(struct bytes der)
{
    struct certificate certificate;
    uint8_t key[KEY_SIZE];
    if (SUCCEEDED(certificate_parse(der, &certificate)))
        check_rewritten(der, &certificate);
    certificate_deinit(&certificate);
    if (SUCCEEDED(certificate_tls_check(der, key)))
        ASSERT(key_check(key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    parse(bytes_of(data, size));
    if (size == 0 || size > LIMIT_CERTIFICATE_SIZE)
        return 0;
    uint8_t *copy = mem_dup(data, size);
    if (copy) {
        repair(copy, size);
        parse(bytes_of(copy, size));
    }
    mem_free(copy);
    return 0;
}
