/* security_renew.c - who signs a tombstone or a revocation again, and until when.
 *
 * Happy path: a tombstone that its signer's certificate cut short, or that a version outlives, is
 * signed again: by its record's creator until the end of that version, or of all its certificates,
 * by an administrator until the latter; a revocation by the group key, a deputy or an administrator
 * who may remove the same certificates, unless another that lasts longer says the same. Nobody
 * signs beyond the own certificate. S_FALSE where this member has nothing to do; nothing fails. */
#include "group/security_internal.h"

static uint64_t end_of_key(const struct security *security, const struct hash *key,
                           uint64_t unknown)
{
    uint64_t end = 0;
    const struct certificate_row *row = certificate_table_of_key(security->table, key);
    if (!row)
        return unknown;
    for (; row; row = row->next_of_key)
        end = row->not_after > end ? row->not_after : end;
    return end;
}

static void sign_as_self(const struct security *security, struct renewal *renewal)
{
    renewal->key = security->key_hash;
    renewal->name = bytes_of_text(security->peer_name);
}

static HRESULT renew_tombstone(const struct security *security, const struct store_record *row,
                               uint64_t outlived_by, struct renewal *renewal)
{
    const struct certificate_row *own = security_best_own(security, security->utc);
    const struct certificate_row *seal = certificate_table_find(security->table, &row->certificate);
    bool creator = hash_equal(&row->creator, &security->key_hash);
    bool internal =
        record_type_is_reserved(&row->type) && !guid_equal(&row->type, &RECORD_TYPE_MEMBERSHIP);
    if (!own || !seal || internal || !(creator || (own->roles & ROLE_ADMIN)))
        return S_FALSE;
    /* A tombstone that ends before its signer's certificate outlasts all that its signer knew. */
    if (outlived_by == 0 && row->expiration != seal->not_after)
        return S_FALSE;
    bool known = creator && outlived_by != 0;
    uint64_t wanted = known ? 0 : end_of_key(security, &row->creator, own->not_after);
    wanted = wanted < outlived_by ? outlived_by : wanted;
    renewal->until = wanted < own->not_after ? wanted : own->not_after;
    renewal->first = renewal->until == wanted;
    sign_as_self(security, renewal);
    return renewal->until > row->expiration ? S_OK : S_FALSE;
}

static HRESULT renew_revocation(const struct security *security, const struct store_record *row,
                                struct renewal *renewal)
{
    const struct certificate_row *signer = security->group_key
                                               ? certificate_table_root(security->table)
                                               : security_best_own(security, security->utc);
    if (!signer || signer->not_after <= row->expiration ||
        !revocation_may_take_over(security->revocations, &row->digest, security->table, signer) ||
        revocation_said_longer(security->revocations, &row->digest, security->table))
        return S_FALSE;
    sign_as_self(security, renewal);
    if (security->group_key) {
        renewal->key = signer->key_hash;
        renewal->name = bytes_of_text(security->graph_id);
    }
    renewal->until = signer->not_after;
    renewal->first = signer->depth == 0;
    return S_OK;
}

HRESULT security_renewal(struct provider *provider, const struct store_record *row,
                         uint64_t outlived_by, struct renewal *renewal)
{
    const struct security *security = security_of(provider);
    *renewal = (struct renewal){.until = 0};
    if (row->expiration >= TICKS_UNLIMITED)
        return S_FALSE;
    if (guid_equal(&row->type, &RECORD_TYPE_REVOCATION))
        return renew_revocation(security, row, renewal);
    return renew_tombstone(security, row, outlived_by, renewal);
}
