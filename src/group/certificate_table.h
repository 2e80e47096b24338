/* certificate_table.h - the certificates of one group as small rows in memory: a tree below the
 * group's own.
 *
 * Only verified certificates enter, each below its issuer, so whoever holds a row may follow issuer
 * up to the root. */
#ifndef GROUP_CERTIFICATE_TABLE_H
#define GROUP_CERTIFICATE_TABLE_H

#include "group/certificate.h"
#include "base/table.h"

struct certificate_row {
    struct hash hash;
    struct hash key_hash;
    uint8_t key[KEY_SIZE];
    struct certificate_row *issuer; /* NULL: the root */
    const char *peer_name;          /* this and the next in one block with the row */
    const char *friendly_name;
    uint64_t not_before;
    uint64_t not_after;
    uint32_t depth;      /* root 0, creator 1 */
    uint32_t children;   /* rows directly below */
    uint32_t idle;       /* collections in a row that found no use for it */
    uint32_t chain_size; /* of the list (u32 length, DER)* from the root down to this */
    bool announced;      /* during a collection: a membership record carries it */
    uint8_t roles;
    bool deputy;
    bool by_password; /* issued to who knew the group's password */
    bool gone;        /* dead, and that was told (security_removed.c) */
    bool own;         /* of the own key, and accepted as such (security_own.c) */
    bool waits;       /* own, and changes the role: not used before the next connection */
    struct certificate_row *next_of_key; /* another certificate of the same key */
    UT_hash_handle hh;
};

struct certificate_table;

/* certificate_table_new borrows the group's peer name for the call. */
HRESULT certificate_table_new(const char *group_name, struct certificate_table **table) MUST_CHECK;
void certificate_table_free(struct certificate_table *table); /* NULL is fine */

struct certificate_row *certificate_table_find(const struct certificate_table *table,
                                               const struct hash *hash);
/* certificate_table_of_key gives the first row of a key; go on with next_of_key. Order is that of
 * arrival. */
struct certificate_row *certificate_table_of_key(const struct certificate_table *table,
                                                 const struct hash *key);
struct certificate_row *certificate_table_root(const struct certificate_table *table);
uint32_t certificate_table_count(const struct certificate_table *table);

/* certificate_table_add verifies one certificate against its issuer, which must be there, and adds
 * its row. S_FALSE: it was there. PEER_E_DEFERRED_VALIDATION: its issuer is not.
 * PEER_E_INVALID_RECORD, PEER_E_CHAIN_TOO_LONG, E_OUTOFMEMORY. *row (may be NULL) is the row in
 * both successes. */
HRESULT certificate_table_add(struct certificate_table *table, struct bytes der,
                              struct certificate_row **row) MUST_CHECK;
/* certificate_table_remove forgets a row without children. */
void certificate_table_remove(struct certificate_table *table, struct certificate_row *row);
/* certificate_table_each visits all rows of one depth in order of arrival; the visitor may remove
 * the row it is given. Stops at what is not S_OK and returns that. */
typedef HRESULT (*certificate_row_visitor)(void *context, struct certificate_row *row);
HRESULT certificate_table_each(struct certificate_table *table, uint32_t depth,
                               certificate_row_visitor visit, void *context) MUST_CHECK;

/* certificate_row_valid: it and all it hangs on hold at utc, with grace ticks on both sides. */
bool certificate_row_valid(const struct certificate_row *row, uint64_t utc, uint64_t grace);
/* certificate_row_preferred: of two certificates of one key, row is the one to prefer: it has the
 * higher role, else begins later, else has the greater hash. */
bool certificate_row_preferred(const struct certificate_row *row,
                               const struct certificate_row *other);
/* certificate_row_below: above is an ancestor of row, not row itself. */
bool certificate_row_below(const struct certificate_row *row, const struct certificate_row *above);

#endif
