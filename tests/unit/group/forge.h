/* forge.h - certificates written a second time, piece by piece, so that a test can spoil any piece.
 *
 * Knows nothing of the code under test but the structure of a parsed certificate. */
#ifndef UNIT_GROUP_FORGE_H
#define UNIT_GROUP_FORGE_H

#include "group/certificate.h"

enum forge_extension {
    FORGE_CONSTRAINTS,
    FORGE_SUBJECT_KEY,
    FORGE_AUTHORITY_KEY,
    FORGE_KEY_USE,
    FORGE_SUBJECT_NAME,
    FORGE_ISSUER_NAME,
    FORGE_KIND,
    FORGE_GROUP_NAME,
    FORGE_ROLES,
    FORGE_ISSUER,
    FORGE_DEPUTY,
    FORGE_PROPERTIES,
    FORGE_EXTENSION_COUNT,
    FORGE_PLACES = 40
};

struct forge {
    struct buffer version, serial, algorithm, issuer, dates, subject, key_info, before_extensions;
    struct buffer extensions[FORGE_PLACES]; /* empty ones are left out */
    struct buffer outer_algorithm, signature_bits;
    bool keep_serial;    /* else it is computed */
    bool keep_signature; /* else it is made */
};

/* forge_from writes every piece for a certificate that says what the row does. */
void forge_from(struct forge *forge, const struct certificate *certificate);
void forge_deinit(struct forge *forge);
/* forge_finish puts the pieces together and signs. */
void forge_finish(struct forge *forge, const struct signing_key *key, struct buffer *der);

/* forge_parse finishes, parses and frees; gives what certificate_parse said. */
HRESULT forge_parse(struct forge *forge, const struct signing_key *key);

/* forge_set makes a piece of hex digits (spaces are fine). forge_extend sets an extension's value.
 */
void forge_set(struct buffer *piece, const char *hex);
void forge_extend(struct forge *forge, int place, const char *oid_hex, bool critical,
                  const void *value, size_t size);
/* forge_wrap puts a header before what the buffer holds. */
void forge_wrap(struct buffer *piece, uint8_t tag);
void forge_name(struct buffer *piece, const void *text, size_t size);
extern const char *const forge_oids[FORGE_EXTENSION_COUNT];
#define FORGE_OWN_ARC "699b84f3e8afc1aab385baa6829f94bfb8c57c"

/* A group, its creator (administrator), an inviting member and a member, with fixed keys. */
enum { CAST_GROUP, CAST_CREATOR, CAST_INVITER, CAST_MEMBER, CAST_COUNT };
struct cast {
    struct signing_key *keys[CAST_COUNT];
    struct certificate certificates[CAST_COUNT];
    struct buffer ders[CAST_COUNT];
};
#define CAST_FROM 133000000000000000ull /* 2022-06-18, a whole second */
#define CAST_UNTIL 134000000000000000ull
void cast_init(struct cast *cast);
void cast_deinit(struct cast *cast);
/* cast_key makes the key number n; cast_request a member's request for it (free .peer_name). */
struct signing_key *cast_key(unsigned n);
struct certificate_request cast_request(const struct signing_key *key, unsigned roles);
/* cast_grow lists the group, the creator and inviting members below, count certificates without the
 * group's. */
void cast_grow(const struct cast *cast, uint32_t count, struct buffer *list);

#endif
