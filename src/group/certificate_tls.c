/* certificate_tls.c - the certificate that an identity shows to TLS: its key and nothing else.
 *
 * All bytes are fixed but the key and the signature, which Ed25519 makes from them without chance,
 * so that the same key always gives the same certificate and an observer learns nothing more from
 * it. The check compares with the fixed bytes, then the key, then the signature; anything else is
 * PEER_E_CONNECTION_NOT_AUTHENTICATED. */
#include "group/certificate.h"

/* clang-format off */
static const char head[] =
    "\x30\x81\xAD"                                     /* Certificate */
    "\x30\x61"                                         /* TBSCertificate */
    "\xA0\x03\x02\x01\x02"                             /* version 3 */
    "\x02\x01\x01"                                     /* serial 1 */
    "\x30\x05\x06\x03\x2B\x65\x70"                     /* Ed25519 */
    "\x30\x00"                                         /* no issuer */
    "\x30\x20\x17\x0D" "700101000000Z"                 /* 1970-01-01 */
    "\x18\x0F" "99991231235959Z"                       /* without end */
    "\x30\x00"                                         /* no subject */
    "\x30\x2A\x30\x05\x06\x03\x2B\x65\x70\x03\x21\x00"; /* then the key */
static const char middle[] =
    "\x30\x05\x06\x03\x2B\x65\x70"                     /* Ed25519 */
    "\x03\x41\x00";                                    /* then the signature */
/* clang-format on */

enum {
    HEAD_SIZE = sizeof(head) - 1,
    MIDDLE_SIZE = sizeof(middle) - 1,
    BODY_AT = 3,
    BODY_SIZE = 99,
    KEY_AT = HEAD_SIZE,
    MIDDLE_AT = KEY_AT + KEY_SIZE,
    SIGNATURE_AT = MIDDLE_AT + MIDDLE_SIZE,
    TLS_SIZE = SIGNATURE_AT + CERTIFICATE_SIGNATURE_SIZE
};

_Static_assert(BODY_AT + BODY_SIZE == MIDDLE_AT, "the body ends with the key");
_Static_assert(TLS_SIZE == 176, "as the lengths in the head say");

HRESULT certificate_tls(const struct signing_key *key, struct buffer *der)
{
    uint8_t made[TLS_SIZE];
    memcpy(made, head, HEAD_SIZE);
    signing_key_public(key, made + KEY_AT);
    memcpy(made + MIDDLE_AT, middle, MIDDLE_SIZE);
    signing_key_sign(key, made + BODY_AT, BODY_SIZE, made + SIGNATURE_AT);
    return buffer_append(der, made, sizeof(made));
}

HRESULT certificate_tls_check(struct bytes der, uint8_t key[KEY_SIZE])
{
    memset(key, 0, KEY_SIZE);
    if (der.size != TLS_SIZE || memcmp(der.data, head, HEAD_SIZE) != 0 ||
        memcmp(der.data + MIDDLE_AT, middle, MIDDLE_SIZE) != 0 || !key_check(der.data + KEY_AT) ||
        !signature_check(der.data + KEY_AT, der.data + BODY_AT, BODY_SIZE, der.data + SIGNATURE_AT))
        return PEER_E_CONNECTION_NOT_AUTHENTICATED;
    memcpy(key, der.data + KEY_AT, KEY_SIZE);
    return S_OK;
}
