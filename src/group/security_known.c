/* security_known.c - what a group's security tells its callers.
 *
 * Happy path: a getter, or a walk over the own certificates for one that holds and is alive.
 * Failure: codes tell apart what time and what a revocation has ended, and what has not arrived
 * yet; nothing here changes or allocates. */
#include "group/security_internal.h"

struct provider *security_provider(struct security *security)
{
    return &security->provider;
}

const char *security_graph_id(const struct security *security)
{
    return security->graph_id;
}

const char *security_peer_name(const struct security *security)
{
    return security->peer_name;
}

void security_group_key_hash(const struct security *security, struct hash *hash)
{
    *hash = certificate_table_root(security->table)->key_hash;
}

void security_root_hash(const struct security *security, struct hash *hash)
{
    *hash = certificate_table_root(security->table)->hash;
}

bool security_is_creator(const struct security *security)
{
    return security->group_key != NULL;
}

bool security_may_set_properties(const struct security *security)
{
    if (security->group_key)
        return true;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (row->own && row->deputy && security_stands(security, row, security->utc))
            return true;
    }
    return false;
}

HRESULT security_properties(const struct security *security,
                            const struct group_properties **properties)
{
    *properties = NULL;
    if (security->properties_unsupported)
        return PEER_E_UNSUPPORTED_VERSION;
    if (!security->has_properties)
        return PEER_E_GROUP_NOT_READY;
    *properties = &security->properties;
    return S_OK;
}

const struct rendezvous *security_rendezvous(const struct security *security)
{
    return security->has_properties ? &security->properties.rendezvous
                                    : &security->joining.rendezvous;
}

const struct address *security_hints(const struct security *security, uint32_t *count)
{
    *count = security->joining.hints.count;
    return security->joining.hints.items;
}

const char *security_cloud(const struct security *security)
{
    const char *cloud =
        security->has_properties ? security->properties.cloud : security->joining.cloud;
    return cloud ? cloud : "";
}

const char *security_friendly_name(const struct security *security)
{
    const char *name = security->has_properties ? security->properties.friendly_name
                                                : security->joining.friendly_name;
    return name ? name : "";
}

void security_revocations_expected(const struct security *security,
                                   struct revocation_summary *summary)
{
    *summary = security->joining.revocations;
}

void security_revocations(const struct security *security, struct revocation_summary *summary)
{
    revocation_set_summary(security->revocations, summary);
}

HRESULT security_own(const struct security *security, uint64_t utc,
                     const struct certificate_row **row)
{
    *row = security_best_own(security, utc);
    if (*row)
        return S_OK;
    for (const struct certificate_row *other =
             certificate_table_of_key(security->table, &security->key_hash);
         other; other = other->next_of_key) {
        if (other->own && !revocation_certificate_dead(security->revocations, other))
            return PEER_E_INVALID_TIME_PERIOD;
    }
    return PEER_E_NOT_AUTHORIZED;
}

unsigned security_own_roles(const struct security *security, uint64_t utc)
{
    const struct certificate_row *row;
    return SUCCEEDED(security_own(security, utc, &row)) ? row->roles : 0;
}

HRESULT security_own_chain(const struct security *security, uint64_t utc, struct buffer *list)
{
    const struct certificate_row *row;
    HRESULT hr = security_own(security, utc, &row);
    if (FAILED(hr))
        return hr;
    struct provider *provider = (struct provider *)&security->provider;
    return security_certificate_chain(provider, &row->hash, list);
}

struct signing_key *security_own_key(const struct security *security)
{
    return security->key;
}
