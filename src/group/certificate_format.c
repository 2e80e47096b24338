/* certificate_format.c - tables of the certificate's format and the few rules over them.
 *
 * Documented extensions keep their OIDs (1.3.6.1.4.1.311.44, RFC 5280); our own stand under
 * 2.25.17970045161285003079145660257986814716, the arc of a random UUID
 * (0d84e7a1-7c15-4cc2-ba4c-08f947ee22fc). Nothing here fails. */
#include "group/certificate_format.h"

#include "base/text.h"

#define MICROSOFT_ARC "\x2B\x06\x01\x04\x01\x82\x37\x2C"
#define OWN_ARC "\x69\x9B\x84\xF3\xE8\xAF\xC1\xAA\xB3\x85\xBA\xA6\x82\x9F\x94\xBF\xB8\xC5\x7C"
#define OID(text)                                                                                  \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static const struct bytes oids[EXTENSION_COUNT] = {
    [EXTENSION_BASIC_CONSTRAINTS] = OID("\x55\x1D\x13"),    /* 2.5.29.19 */
    [EXTENSION_SUBJECT_KEY] = OID("\x55\x1D\x0E"),          /* 2.5.29.14 */
    [EXTENSION_AUTHORITY_KEY] = OID("\x55\x1D\x23"),        /* 2.5.29.35 */
    [EXTENSION_KEY_USE] = OID("\x55\x1D\x25"),              /* 2.5.29.37 */
    [EXTENSION_SUBJECT_NAME] = OID("\x55\x1D\x11"),         /* 2.5.29.17 */
    [EXTENSION_ISSUER_NAME] = OID("\x55\x1D\x12"),          /* 2.5.29.18 */
    [EXTENSION_KIND] = OID(MICROSOFT_ARC "\x00\x01"),       /* ...311.44.0.1 */
    [EXTENSION_GROUP_NAME] = OID(MICROSOFT_ARC "\x03\x01"), /* ...311.44.3.1 */
    [EXTENSION_ROLES] = OID(MICROSOFT_ARC "\x03\x03"),      /* ...311.44.3.3 */
    [EXTENSION_ISSUER] = OID(OWN_ARC "\x02"),
    [EXTENSION_DEPUTY] = OID(OWN_ARC "\x03"),
    [EXTENSION_PROPERTIES] = OID(OWN_ARC "\x04"),
};

struct bytes extension_oid(enum extension extension)
{
    return oids[extension];
}

struct bytes format_name_oid(void)
{
    static const struct bytes oid = OID(OWN_ARC "\x01");
    return oid;
}

struct bytes format_algorithm(void)
{
    static const struct bytes algorithm = OID("\x30\x05\x06\x03\x2B\x65\x70");
    return algorithm;
}

struct bytes format_key_use(void)
{
    /* SEQUENCE of one OID, 1.3.6.1.4.1.311.44.3.4: peer authentication. */
    static const struct bytes use = OID("\x30\x0C\x06\x0A" MICROSOFT_ARC "\x03\x04");
    return use;
}

#define BIT(extension) (1u << (extension))

unsigned extensions_required(enum certificate_kind kind)
{
    const unsigned all = BIT(EXTENSION_BASIC_CONSTRAINTS) | BIT(EXTENSION_SUBJECT_KEY) |
                         BIT(EXTENSION_AUTHORITY_KEY) | BIT(EXTENSION_KEY_USE) |
                         BIT(EXTENSION_SUBJECT_NAME) | BIT(EXTENSION_KIND);
    switch (kind) {
    case CERTIFICATE_IDENTITY:
        return all;
    case CERTIFICATE_GROUP:
        return all | BIT(EXTENSION_GROUP_NAME);
    case CERTIFICATE_MEMBER:
        return all | BIT(EXTENSION_GROUP_NAME) | BIT(EXTENSION_ISSUER_NAME) | BIT(EXTENSION_ROLES) |
               BIT(EXTENSION_ISSUER);
    }
    return 0;
}

unsigned extensions_allowed(enum certificate_kind kind)
{
    unsigned optional = 0;
    if (kind == CERTIFICATE_MEMBER)
        optional = BIT(EXTENSION_DEPUTY) | BIT(EXTENSION_PROPERTIES);
    return extensions_required(kind) | optional;
}

size_t certificate_serial(struct bytes body, uint8_t serial[SERIAL_SIZE])
{
    static const uint8_t zeros[SERIAL_SIZE];
    /* [0] { INTEGER 2 } and the serial's own header stand before it. */
    const size_t before = 5 + 2;
    struct der reader = der_of(body);
    struct der inner = der_enter(&reader, DER_SEQUENCE);
    ASSERT(inner.rest.size >= before + SERIAL_SIZE);
    size_t at = (size_t)(inner.rest.data - body.data) + before;
    struct sha256 sha;
    struct hash hash;
    sha256_init(&sha);
    sha256_update(&sha, body.data, at);
    sha256_update(&sha, zeros, SERIAL_SIZE);
    sha256_update(&sha, body.data + at + SERIAL_SIZE, body.size - at - SERIAL_SIZE);
    sha256_final(&sha, &hash);
    memcpy(serial, hash.bytes, SERIAL_SIZE);
    serial[0] = (uint8_t)((serial[0] & 0x3F) | 0x40);
    return at;
}

bool certificate_is_self_signed_kind(enum certificate_kind kind)
{
    return kind == CERTIFICATE_GROUP || kind == CERTIFICATE_IDENTITY;
}

bool certificate_is_issuer(const struct certificate *certificate)
{
    return certificate->kind == CERTIFICATE_GROUP ||
           (certificate->kind == CERTIFICATE_MEMBER &&
            roles_may_issue(certificate->roles, ROLE_MEMBER));
}

bool friendly_name_fits(struct bytes name)
{
    if (name.size == 0 || name.size > 3 * LIMIT_FRIENDLY_NAME_UNITS || !text_is_utf8(name))
        return false;
    /* Units: one for each character, one more for each of four bytes. */
    size_t units = 0;
    for (size_t i = 0; i < name.size; i++) {
        units += name.data[i] >> 6 != 2;
        units += name.data[i] >> 3 == 30;
    }
    return units <= LIMIT_FRIENDLY_NAME_UNITS;
}
