/* certificate.h - the three kinds of certificates of a group, made and read by rules of our own.
 *
 * Ed25519 only, strict DER of at most LIMIT_CERTIFICATE_SIZE. `openssl x509` reads them; whether
 * one is valid is decided here and nowhere else (docs/protocol.md, "Certificates"). A certificate
 * in memory is this small row, never a parsed object of a library. Dates are UTC in ticks, whole
 * seconds; TICKS_UNLIMITED is 99991231235959Z. */
#ifndef GROUP_CERTIFICATE_H
#define GROUP_CERTIFICATE_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/limits.h"

enum { KEY_SIZE = 32, SEED_SIZE = 32, CERTIFICATE_SIGNATURE_SIZE = 64, SPKI_SIZE = 44 };

/* Values of the certificate type extension (1.3.6.1.4.1.311.44.0.1). */
enum certificate_kind {
    CERTIFICATE_MEMBER = 1,   /* GMC: membership */
    CERTIFICATE_GROUP = 2,    /* GRC: the group's root, self-signed by the group key */
    CERTIFICATE_IDENTITY = 3, /* IDC: self-signed by an identity, for invitations */
};

enum role { ROLE_ADMIN = 1, ROLE_INVITING_MEMBER = 2, ROLE_MEMBER = 4 };

/* role_of_guid, role_guid translate one role; role_of_guid returns 0 for a GUID that is no role. */
unsigned role_of_guid(const struct guid *guid);
void role_guid(enum role role, struct guid *guid);
/* roles_may_issue: may a holder of these roles issue a certificate with wanted (one or more bits)?
 */
bool roles_may_issue(unsigned holder, unsigned wanted);

/* A signing key in guarded memory. */
struct signing_key;
/* signing_key_new makes a random key; signing_key_from_seed takes a copy of SEED_SIZE bytes.
 * E_OUTOFMEMORY. */
HRESULT signing_key_new(struct signing_key **key) MUST_CHECK;
HRESULT signing_key_from_seed(const uint8_t seed[SEED_SIZE], struct signing_key **key) MUST_CHECK;
void signing_key_free(struct signing_key *key);                 /* wipes; NULL is fine */
struct signing_key *signing_key_share(struct signing_key *key); /* counts one more owner */
void signing_key_public(const struct signing_key *key, uint8_t public_key[KEY_SIZE]);
void signing_key_sign(const struct signing_key *key, const void *data, size_t size,
                      uint8_t signature[CERTIFICATE_SIGNATURE_SIZE]);
/* signing_key_seed copies the secret; the caller wipes it. */
void signing_key_seed(const struct signing_key *key, uint8_t seed[SEED_SIZE]);

/* key_hash is the SHA-256 of the SubjectPublicKeyInfo of an Ed25519 key: the name of a key
 * everywhere. */
void key_hash(const uint8_t public_key[KEY_SIZE], struct hash *hash);
/* key_check: canonical, of prime order, not the identity. */
bool key_check(const uint8_t public_key[KEY_SIZE]);
/* signature_check verifies as protocol.md 2 says: canonical R of prime order, S < L. Any thread. */
bool signature_check(const uint8_t public_key[KEY_SIZE], const void *message, size_t size,
                     const uint8_t signature[CERTIFICATE_SIGNATURE_SIZE]);
/* signature_self_test finds out at start-up what the library lets pass; call once before anything
 * else (until then checks are done the slow, careful way). NTE_FAIL: the library must not be used.
 */
HRESULT signature_self_test(void) MUST_CHECK;

struct certificate {
    struct hash hash;     /* SHA-256 of the DER */
    struct hash issuer;   /* hash of the issuer's certificate; its own when self-signed */
    struct hash key_hash; /* of the subject's key */
    struct hash issuer_key_hash;
    struct hash
        properties; /* digest of the Security Properties used, for password joiners; else zero */
    uint8_t key[KEY_SIZE];
    enum certificate_kind kind;
    unsigned roles; /* members only */
    bool deputy;    /* issued by the group key to stand in for it */
    uint64_t not_before;
    uint64_t not_after;
    /* Texts, never NULL, in one block with the structure's memory: */
    const char *peer_name;     /* of the subject: identity's or group's */
    const char *friendly_name; /* of the subject */
    const char *issuer_name;   /* peer name of the issuer; members only, else "" */
    const char *issuer_friendly_name;
    const char *group_name; /* group peer name; members and group, else "" */
    char *owned;
};
void certificate_deinit(struct certificate *certificate);

/* certificate_parse reads strict DER and fills *certificate (release with certificate_deinit). It
 * checks form, the key, what the kind demands and that names begin with their keys; not the
 * signature unless self-signed, not dates. PEER_E_INVALID_RECORD: not one of ours. E_OUTOFMEMORY.
 */
HRESULT certificate_parse(struct bytes der, struct certificate *certificate) MUST_CHECK;

/* certificate_check_issued: der/child was issued by issuer under all rules of a link of a chain:
 * signature, hashes, names, group, roles, deputy, dates nest. depth is the child's count below the
 * group's certificate (creator: 1). S_OK, or PEER_E_INVALID_RECORD, PEER_E_CHAIN_TOO_LONG. */
HRESULT certificate_check_issued(struct bytes der, const struct certificate *child,
                                 const struct certificate *issuer, unsigned depth) MUST_CHECK;

/* What a new certificate says. Texts UTF-8, within the interface's limits. */
struct certificate_request {
    enum certificate_kind kind;
    uint8_t key[KEY_SIZE];
    const char *peer_name;
    const char *friendly_name; /* NULL or "": the peer name */
    unsigned roles;
    bool deputy;
    uint64_t not_before;
    uint64_t not_after;
    const struct hash *properties; /* NULL: none */
};

/* certificate_issue appends the DER. For self-signed kinds issuer is NULL and key must be
 * issuer_key's own public half, else issuer_key is that of issuer. Dates are cut to whole seconds;
 * the same request gives the same bytes. E_INVALIDARG: a request whose certificate would be
 * refused: a text or date that none can hold, a name without its key, a role that issuer may not
 * give, a validity outside the issuer's. E_OUTOFMEMORY; CRYPT_E_BAD_ENCODE. Callers look for what
 * has a code of its own (rights, period, length of the chain) before. */
HRESULT certificate_issue(const struct certificate_request *request,
                          const struct certificate *issuer, const struct signing_key *issuer_key,
                          struct buffer *der) MUST_CHECK;

/* certificate_tls appends the fixed, self-signed certificate of an identity for TLS (empty subject,
 * fixed dates): the same key always gives the same bytes. certificate_tls_check accepts exactly
 * such a one and gives its key: PEER_E_CONNECTION_NOT_AUTHENTICATED otherwise. */
HRESULT certificate_tls(const struct signing_key *key, struct buffer *der) MUST_CHECK;
HRESULT certificate_tls_check(struct bytes der, uint8_t key[KEY_SIZE]) MUST_CHECK;

/* A chain from the group's certificate down to a member's; index 0 is the root. */
struct chain {
    struct certificate *certificates;
    struct bytes *ders; /* views into owned */
    uint32_t count;
    uint8_t *owned;
};
void chain_deinit(struct chain *chain);

/* chain_parse reads a list of (u32 length, DER)* from root to leaf and verifies each link to a
 * group's certificate whose key gives its own authority; group_name, when given, must be the
 * group's. A list of the group's certificate alone is a chain of count 1. PEER_E_INVALID_RECORD;
 * PEER_E_CHAIN_TOO_LONG; PEER_E_CIRCULAR_CHAIN_DETECTED: a key comes twice; E_OUTOFMEMORY. Dates
 * against now are the caller's affair (chain_valid_at). chain_encode appends such a list;
 * E_OUTOFMEMORY. */
HRESULT chain_parse(struct bytes list, const char *group_name, struct chain *chain) MUST_CHECK;
HRESULT chain_encode(const struct bytes *ders, uint32_t count, struct buffer *out) MUST_CHECK;
/* chain_valid_at: every certificate holds at utc, with grace ticks on both sides. */
bool chain_valid_at(const struct chain *chain, uint64_t utc, uint64_t grace);

/* PKCS#7 (certificates only) in DER, as files, invitations and identity XML carry; `openssl pkcs7
 * -print_certs` reads it. pkcs7_encode takes 1 to LIMIT_CHAIN_LENGTH + 1 certificates. pkcs7_decode
 * appends a list of (u32 length, DER)* in root-to-leaf order, at most LIMIT_CHAIN_LENGTH + 1 of
 * them; it finds the order but verifies no link (chain_parse does). CRYPT_E_ASN1_ERROR: not such a
 * thing. E_OUTOFMEMORY. */
HRESULT pkcs7_encode(const struct bytes *ders, uint32_t count, struct buffer *out) MUST_CHECK;
HRESULT pkcs7_decode(struct bytes der, struct buffer *list) MUST_CHECK;

#endif
