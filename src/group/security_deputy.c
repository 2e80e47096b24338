/* security_deputy.c - who may stand in for the group key, so that its loss is not the end.
 *
 * Happy path: the group key issues a known member one more certificate, directly below the group's,
 * with the deputy extension and the administrator role; its chain goes out in a membership record
 * that the creator's own certificate seals, which is what makes the member take it for its own.
 * Failure: nothing is kept of a certificate that could not be made. */
#include "group/removal.h"
#include "group/security_internal.h"

static bool is_deputy(const struct security *security, const struct hash *key, uint64_t utc)
{
    for (const struct certificate_row *row = certificate_table_of_key(security->table, key); row;
         row = row->next_of_key) {
        if (row->deputy && security_stands(security, row, utc))
            return true;
    }
    return false;
}

/* The newest certificate under the name that was asked for: another name would not be taken. */
static const struct certificate_row *member_of_name(const struct security *security,
                                                    const struct hash *key, const char *peer_name,
                                                    uint64_t utc)
{
    const struct certificate_row *best = NULL;
    for (const struct certificate_row *row = certificate_table_of_key(security->table, key); row;
         row = row->next_of_key) {
        if (strcmp(row->peer_name, peer_name) == 0 && security_stands(security, row, utc) &&
            (!best || certificate_row_preferred(row, best)))
            best = row;
    }
    return best;
}

static struct certificate_request request_for(struct security *security,
                                              const struct certificate_row *member, uint64_t utc)
{
    struct certificate_request request = {
        .kind = CERTIFICATE_MEMBER,
        .peer_name = member->peer_name,
        .friendly_name = member->friendly_name,
        .roles = ROLE_ADMIN,
        .deputy = true,
        .not_before = utc > VALIDITY_GRACE ? utc - VALIDITY_GRACE : 0,
        .not_after = certificate_table_root(security->table)->not_after,
    };
    memcpy(request.key, member->key, KEY_SIZE);
    request.not_before -= request.not_before % TICKS_PER_SECOND;
    /* The newest certificate is the one that the member will use. */
    if (request.not_before <= member->not_before)
        request.not_before = member->not_before + TICKS_PER_SECOND;
    HRESULT hr = security_readmission(security, &member->key_hash, &request.not_before);
    (void)hr; /* moved or not */
    return request;
}

HRESULT security_appoint(struct security *security, const char *peer_name, uint64_t utc,
                         struct buffer *chain)
{
    struct hash key;
    if (!security->group_key)
        return PEER_E_NOT_AUTHORIZED;
    HRESULT hr = security_find_name(security, peer_name, &key);
    if (FAILED(hr))
        return hr;
    if (hash_equal(&key, &security->key_hash))
        return E_INVALIDARG;
    const struct certificate_row *member = member_of_name(security, &key, peer_name, utc);
    if (!member)
        return PEER_E_NOT_FOUND;
    if (is_deputy(security, &key, utc))
        return S_FALSE;
    const struct certificate_request request = request_for(security, member, utc);
    /* [protocol 2] C32: by the group's certificate, directly. */
    const struct issuing by = {
        .row = certificate_table_root(security->table), .key = security->group_key, .keep = true};
    return security_issue_below(security, &by, &request, chain);
}
