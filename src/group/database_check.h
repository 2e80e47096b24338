/* database_check.h - is a database file what it claims to be, to the last signature? Asked before
 * anything of it is taken. */
#ifndef GROUP_DATABASE_CHECK_H
#define GROUP_DATABASE_CHECK_H

#include "group/database_file.h"
#include "group/security.h"

struct database_check;

/* database_check_new judges for one group: chain is a list of certificates from the group's own
 * down, which the caller believes. E_OUTOFMEMORY; PEER_E_INVALID_RECORD: it is no such list. */
HRESULT database_check_new(const char *group, struct bytes chain,
                           struct database_check **check) MUST_CHECK;
void database_check_free(struct database_check *check); /* NULL is fine */

/* The signatures of a segment's records, to be checked on their own. */
struct database_signatures {
    struct verify_job jobs[DATABASE_SEGMENT_ITEMS];
    uint32_t count;
};

/* database_check_segment verifies each item after those before: certificates by their issuers,
 * records as if a neighbour had sent them, pieces by the tree of their payload; what it leaves are
 * the signatures of the records, which replace the content of *signatures. Dates, revocations and
 * what is held already are for whoever takes them. Any thread. E_INVALIDARG, E_OUTOFMEMORY. */
HRESULT database_check_segment(struct database_check *check, struct bytes segment,
                               struct database_signatures *signatures) MUST_CHECK;
/* database_check_signatures needs nothing else. Any thread. E_INVALIDARG: one does not hold. */
HRESULT database_check_signatures(const struct database_signatures *signatures) MUST_CHECK;
/* database_check_end: nothing is left half. E_INVALIDARG. */
HRESULT database_check_end(const struct database_check *check) MUST_CHECK;

#endif
