/* revocation.h - removal: a revocation's bytes, and which certificates and signatures a set of them
 * leaves alive.
 *
 * Pure functions over certificate rows, which form a tree. See docs/protocol.md, "Revocation". The
 * verdict depends on the set of revocations alone, never on the order in which they came. */
#ifndef GROUP_REVOCATION_H
#define GROUP_REVOCATION_H

#include "group/certificate_table.h"

/* The payload of a record of RECORD_TYPE_REVOCATION. */
struct revocation {
    struct hash key;   /* key hash of who is removed */
    uint64_t time;     /* T, UTC: certificates that start at or before it are dead */
    struct bytes keep; /* digests of HASH_SIZE bytes each, ascending, of record versions and
                          certificates that stay */
};

/* As many digests as fit into an inline payload. More take several revocations, whose lists are
 * united. */
enum { REVOCATION_KEEP_MAX = 2040 };

/* revocation_encode appends the payload; keep (count digests in any order, repetitions allowed) is
 * sorted. E_INVALIDARG: over REVOCATION_KEEP_MAX. E_OUTOFMEMORY. */
HRESULT revocation_encode(const struct hash *key, uint64_t time, const struct hash *keep,
                          uint32_t count, struct buffer *out) MUST_CHECK;
/* revocation_decode is total; keep points into payload. PEER_E_INVALID_RECORD. */
HRESULT revocation_decode(struct bytes payload, struct revocation *revocation) MUST_CHECK;

/* Count and checksum of the revocations in force: equal for equal sets. */
struct revocation_summary {
    uint32_t count;
    struct hash sum;
};

struct revocation_set;

HRESULT revocation_set_new(struct revocation_set **set) MUST_CHECK;
void revocation_set_free(struct revocation_set *set); /* NULL is fine */

/* revocation_set_add copies one revocation, sealed as record version digest, which ends at
 * expiration, with the certificate seal (a row that stays in the table), and decides the whole set
 * anew. S_FALSE: it was known. E_OUTOFMEMORY: as it was. */
HRESULT revocation_set_add(struct revocation_set *set, const struct revocation *revocation,
                           const struct hash *digest, uint64_t expiration,
                           const struct certificate_row *seal) MUST_CHECK;

/* revocation_set_remove forgets the revocation of that record version, if it is of the set, and
 * decides what is left anew. */
void revocation_set_remove(struct revocation_set *set, const struct hash *digest);

/* revocation_certificate_dead: the certificate, or what it hangs on, was removed and no keep-list
 * saves it. */
bool revocation_certificate_dead(struct revocation_set *set, const struct certificate_row *row);
/* revocation_signature_dead: the same for something signed under that certificate; digest is the
 * record version's. */
bool revocation_signature_dead(struct revocation_set *set, const struct certificate_row *row,
                               const struct hash *digest);
/* revocation_needs: this row seals a revocation of the set and must stay. */
bool revocation_needs(struct revocation_set *set, const struct certificate_row *row);
/* revocation_may_revoke: may what this certificate seals remove that one? */
bool revocation_may_revoke(const struct certificate_row *seal, const struct certificate_row *row);
/* revocation_why names the record versions by which a dead certificate, or the nearest one above
 * it, was removed, those with the shortest keep-lists first; returns how many, at most
 * REVOCATION_WHY_MAX. */
enum { REVOCATION_WHY_MAX = 8 };
uint32_t revocation_why(struct revocation_set *set, const struct certificate_row *row,
                        struct hash digests[REVOCATION_WHY_MAX]);
/* revocation_names: a revocation of the set, in force or not, is about this key. */
bool revocation_names(const struct revocation_set *set, const struct hash *key);
/* What the set knows of one revocation. */
struct revocation_view {
    struct hash digest;
    struct hash key;
    uint64_t time;
    const struct certificate_row *seal;
    uint32_t keep_count;
    bool in_force;
};
/* revocation_count and revocation_view_at list the set; the order changes with every other call. */
uint32_t revocation_count(const struct revocation_set *set);
void revocation_view_at(struct revocation_set *set, uint32_t index, struct revocation_view *view);
/* revocation_last: some revocation is in force against a key; *last is their greatest T, which may
 * be 0. A readmission starts after it. */
bool revocation_last(struct revocation_set *set, const struct hash *key, uint64_t *last);
/* revocation_may_take_over: who seals by that row may remove every certificate of the table that
 * the revocation of record version digest, which is in force, removes. */
bool revocation_may_take_over(struct revocation_set *set, const struct hash *digest,
                              const struct certificate_table *table,
                              const struct certificate_row *seal);
/* revocation_said_longer: another that ends later says the same as that of record version digest,
 * and may take over from it. */
bool revocation_said_longer(struct revocation_set *set, const struct hash *digest,
                            const struct certificate_table *table);
void revocation_set_summary(struct revocation_set *set, struct revocation_summary *summary);

#endif
