/* certificate_tls.c - the certificate that an identity shows to TLS: its key and nothing else.
 *
 * All bytes are fixed but the key and the signature, which Ed25519 makes from them without chance,
 * so that the same key always gives the same certificate and an observer learns nothing more from
 * it. The check compares with the fixed bytes, then the key, then the signature; anything else is
 * PEER_E_CONNECTION_NOT_AUTHENTICATED. */
#include "group/certificate.h"

enum { TLS_BODY = 3, TLS_BODY_SIZE = 99, TLS_KEY = 70, TLS_SIGNATURE = 112, TLS_SIZE = 176 };

static const uint8_t frame[TLS_SIZE] = {
    0x30,
    0x81,
    0xAD, /* Certificate */
    0x30,
    0x61, /* TBSCertificate */
    0xA0,
    0x03,
    0x02,
    0x01,
    0x02, /* version 3 */
    0x02,
    0x01,
    0x01, /* serial 1 */
    0x30,
    0x05,
    0x06,
    0x03,
    0x2B,
    0x65,
    0x70, /* Ed25519 */
    0x30,
    0x00, /* no issuer */
    0x30,
    0x20, /* 1970-01-01 to 9999-12-31 23:59:59 */
    0x17,
    0x0D,
    '7',
    '0',
    '0',
    '1',
    '0',
    '1', /**/
    '0',
    '0',
    '0',
    '0',
    '0',
    '0',
    'Z', /**/
    0x18,
    0x0F,
    '9',
    '9',
    '9',
    '9',
    '1',
    '2',
    '3', /**/
    '1',
    '2',
    '3',
    '5',
    '9',
    '5',
    '9',
    'Z', /**/
    0x30,
    0x00, /* no subject */
    0x30,
    0x2A,
    0x30,
    0x05,
    0x06,
    0x03,
    0x2B,
    0x65,
    0x70,
    0x03,
    0x21,
    0x00, /* then the key */
    [TLS_KEY + KEY_SIZE] = 0x30,
    0x05,
    0x06,
    0x03,
    0x2B,
    0x65,
    0x70, /* Ed25519 */
    0x03,
    0x41,
    0x00, /* then the signature */
};

_Static_assert(TLS_BODY + TLS_BODY_SIZE == TLS_KEY + KEY_SIZE, "the body ends with the key");
_Static_assert(TLS_SIGNATURE + CERTIFICATE_SIGNATURE_SIZE == TLS_SIZE, "the signature ends all");

HRESULT certificate_tls(const struct signing_key *key, struct buffer *der)
{
    uint8_t made[TLS_SIZE];
    memcpy(made, frame, sizeof(made));
    signing_key_public(key, made + TLS_KEY);
    signing_key_sign(key, made + TLS_BODY, TLS_BODY_SIZE, made + TLS_SIGNATURE);
    return buffer_append(der, made, sizeof(made));
}

HRESULT certificate_tls_check(struct bytes der, uint8_t key[KEY_SIZE])
{
    memset(key, 0, KEY_SIZE);
    const size_t tail = TLS_KEY + KEY_SIZE;
    if (der.size != TLS_SIZE || memcmp(der.data, frame, TLS_KEY) != 0 ||
        memcmp(der.data + tail, frame + tail, TLS_SIGNATURE - tail) != 0 ||
        !key_check(der.data + TLS_KEY) ||
        !signature_check(der.data + TLS_KEY, der.data + TLS_BODY, TLS_BODY_SIZE,
                         der.data + TLS_SIGNATURE))
        return PEER_E_CONNECTION_NOT_AUTHENTICATED;
    memcpy(key, der.data + TLS_KEY, KEY_SIZE);
    return S_OK;
}
