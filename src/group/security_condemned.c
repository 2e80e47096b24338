/* security_condemned.c - which stored records a revocation takes away.
 *
 * Happy path: for each certificate that is dead now, the records signed under it are visited, but
 * those that a keep-list names.
 * Failure: only the store's and the visitor's own. */
#include "group/security_internal.h"

struct condemning {
    struct security *security;
    const struct certificate_row *row;
    condemned_visitor visit;
    void *context;
    HRESULT result; /* the visitor's last */
};

static HRESULT condemn_record(void *context, const struct store_record *stored)
{
    struct condemning *condemning = context;
    if (!revocation_signature_dead(condemning->security->revocations, condemning->row,
                                   &stored->digest))
        return S_OK;
    condemning->result = condemning->visit(condemning->context, &stored->id, &stored->digest);
    return condemning->result;
}

static HRESULT condemn_row(void *context, struct certificate_row *row)
{
    struct condemning *condemning = context;
    struct store *store = condemning->security->store;
    if (!revocation_certificate_dead(condemning->security->revocations, row))
        return S_OK;
    condemning->row = row;
    HRESULT hr = store->ops->each_by_certificate(store, &row->hash, condemn_record, condemning);
    return FAILED(hr) ? hr : condemning->result;
}

HRESULT security_each_condemned(struct security *security, condemned_visitor visit, void *context)
{
    struct condemning condemning = {.security = security, .visit = visit, .context = context};
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && hr == S_OK; depth++)
        hr = certificate_table_each(security->table, depth, condemn_row, &condemning);
    return FAILED(hr) ? hr : S_OK;
}
