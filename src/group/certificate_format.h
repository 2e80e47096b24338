/* certificate_format.h - what reading and writing certificates share: the extensions, their object
 * identifiers, and which kind has which. Internal to group/; docs/protocol.md, "Certificates". */
#ifndef GROUP_CERTIFICATE_FORMAT_H
#define GROUP_CERTIFICATE_FORMAT_H

#include "group/certificate.h"
#include "group/der.h"

/* In the order in which a certificate has them. */
enum extension {
    EXTENSION_BASIC_CONSTRAINTS, /* critical; all others are not */
    EXTENSION_SUBJECT_KEY,
    EXTENSION_AUTHORITY_KEY,
    EXTENSION_KEY_USE,
    EXTENSION_SUBJECT_NAME,
    EXTENSION_ISSUER_NAME,
    EXTENSION_KIND,
    EXTENSION_GROUP_NAME,
    EXTENSION_ROLES,
    EXTENSION_ISSUER,
    EXTENSION_DEPUTY,
    EXTENSION_PROPERTIES,
    EXTENSION_COUNT
};

enum { SERIAL_SIZE = 16, KEY_IDENTIFIER_SIZE = 20, UNKNOWN_EXTENSIONS_MAX = 16 };

/* extension_oid gives the content of an extension's OBJECT IDENTIFIER. */
struct bytes extension_oid(enum extension extension);
/* extensions_required, extensions_allowed: bits (1 << extension) for a kind; 0 for no kind. */
unsigned extensions_required(enum certificate_kind kind);
unsigned extensions_allowed(enum certificate_kind kind);

/* format_algorithm is the AlgorithmIdentifier of Ed25519, format_key_use the value of the extended
 * key usage, format_name_oid the type of the otherName that holds a peer name (content). */
struct bytes format_algorithm(void);
struct bytes format_key_use(void);
struct bytes format_name_oid(void);

/* certificate_serial computes the serial of a body (TBSCertificate, header included) and gives the
 * place of its bytes in the body. The body must begin as ours do. */
size_t certificate_serial(struct bytes body, uint8_t serial[SERIAL_SIZE]);

/* certificate_is_issuer: may the holder issue members' certificates (basicConstraints CA)? */
bool certificate_is_issuer(const struct certificate *certificate);
bool certificate_is_self_signed_kind(enum certificate_kind kind);

/* friendly_name_fits: UTF-8 of 1 to LIMIT_FRIENDLY_NAME_UNITS units. */
bool friendly_name_fits(struct bytes name);

/* certificate_split finds the body (header included) and the 64 bytes of the signature.
 * PEER_E_INVALID_RECORD. */
HRESULT certificate_split(struct bytes der, struct bytes *body, struct bytes *signature) MUST_CHECK;

/* certificate_write_body writes the body that says exactly what *certificate does (hash and, for
 * self-signed kinds, issuer are not looked at). */
void certificate_write_body(const struct certificate *certificate, struct der_writer *writer);

/* certificate_link_holds: every rule of a link but depth and signature. */
bool certificate_link_holds(const struct certificate *child, const struct certificate *issuer);

#endif
