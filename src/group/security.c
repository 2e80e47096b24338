/* security.c - one group of one identity: opening, closing, and the vtable that the graph sees.
 *
 * Happy path: the store tells identity and group, the certificates fill the table, the stored
 * records give properties and revocations. security_found.c and security_join.c make what is opened
 * here. Failure: whatever fails while it is built is freed again; a store that contradicts itself
 * is PEER_E_INVALID_DATABASE. */
#include "group/removal.h"
#include "group/security_internal.h"

#define VALUE_IDENTITY "own/identity"
#define VALUE_GROUP "own/group"

static HRESULT link_allowed(struct provider *provider, const struct hash *key, uint64_t utc)
{
    return security_best(security_of(provider), key, utc) ? S_OK : PEER_E_NOT_AUTHORIZED;
}

/* Without a certificate that holds, the newest of the past tells when membership ended. */
static void own(struct provider *provider, struct hash *key, struct bytes *name,
                uint64_t *expiration)
{
    struct security *security = security_of(provider);
    const struct certificate_row *row = security_best_own(security, security->utc);
    *key = security->key_hash;
    *name = bytes_of_text(security->peer_name);
    *expiration = row ? row->not_after : 0;
    if (row)
        return;
    for (row = certificate_table_of_key(security->table, &security->key_hash); row;
         row = row->next_of_key) {
        if (row->own && row->not_after > *expiration)
            *expiration = row->not_after;
    }
}

/* [protocol 9] Fewer than the invitation's issuer knew, or as many others: somebody hides some, or
 * they were signed again since. The caller waits, but not for ever. */
static bool lacks_revocations(struct provider *provider)
{
    const struct security *security = security_of(provider);
    const struct revocation_summary *told = &security->joining.revocations;
    struct revocation_summary here;
    if (told->count == 0)
        return false;
    revocation_set_summary(security->revocations, &here);
    return here.count < told->count ||
           (here.count == told->count && !hash_equal(&here.sum, &told->sum));
}

struct dead_visit {
    struct security *security;
    provider_certificate_visitor visit;
    void *context;
};

static HRESULT visit_if_dead(void *context, struct certificate_row *row)
{
    const struct dead_visit *this = context;
    bool dead = revocation_certificate_dead(this->security->revocations, row);
    return dead ? this->visit(this->context, &row->hash) : S_OK;
}

static HRESULT each_dead(struct provider *provider, provider_certificate_visitor visit,
                         void *context)
{
    struct dead_visit this = {security_of(provider), visit, context};
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && hr == S_OK; depth++)
        hr = certificate_table_each(this.security->table, depth, visit_if_dead, &this);
    return hr;
}

static const struct provider_ops security_ops = {
    .judge = security_judge,
    .seal = security_seal,
    .own = own,
    .accepted = security_accepted,
    .removed = security_removed,
    .renewal = security_renewal,
    .certificate_has = security_certificate_has,
    .certificate_chain = security_certificate_chain,
    .certificate_take = security_certificate_take,
    .lacks_revocations = lacks_revocations,
    .each_dead = each_dead,
    .link_allowed = link_allowed,
    .refusal = security_refusal,
    .removes_own = security_removes_own,
};

void security_free(struct security *security)
{
    if (!security)
        return;
    revocation_set_free(security->revocations);
    certificate_table_free(security->table);
    signing_key_free(security->key);
    signing_key_free(security->group_key);
    group_properties_deinit(&security->properties);
    security_joining_deinit(&security->joining);
    mem_free(security->peer_name);
    mem_free(security->graph_id);
    mem_free(security);
}

HRESULT security_new(struct store *store, const struct security_self *self, const char *group_name,
                     uint64_t utc, struct security **security)
{
    uint8_t public_key[KEY_SIZE];
    *security = NULL;
    struct security *made = mem_zalloc(sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    made->provider.ops = &security_ops;
    made->store = store;
    made->utc = utc;
    made->key = signing_key_share(self->key);
    signing_key_public(self->key, public_key);
    key_hash(public_key, &made->key_hash);
    made->peer_name = mem_strdup(self->peer_name);
    made->graph_id = mem_strdup(group_name);
    HRESULT hr = made->peer_name && made->graph_id ? S_OK : E_OUTOFMEMORY;
    if (SUCCEEDED(hr))
        hr = certificate_table_new(group_name, &made->table);
    if (SUCCEEDED(hr))
        hr = revocation_set_new(&made->revocations);
    if (FAILED(hr))
        security_free(made);
    else
        *security = made;
    return hr;
}

static HRESULT put_text(struct store *store, const char *key, const char *text)
{
    return store->ops->value_put(store, key, bytes_of_text(text));
}

HRESULT security_put_names(struct security *security)
{
    HRESULT hr = put_text(security->store, VALUE_IDENTITY, security->peer_name);
    if (SUCCEEDED(hr))
        hr = put_text(security->store, VALUE_GROUP, security->graph_id);
    if (SUCCEEDED(hr))
        security->store->ops->mark_durable(security->store);
    return hr;
}

/* ---- opening ---- */

static HRESULT get_text(struct store *store, const char *key, struct buffer *text)
{
    HRESULT hr = store->ops->value_get(store, key, text);
    if (SUCCEEDED(hr))
        hr = buffer_terminate(text);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    return strlen((const char *)text->data) == text->size ? S_OK : PEER_E_INVALID_DATABASE;
}

static HRESULT load(struct security *security, struct signing_key *group_key)
{
    HRESULT hr = security_load_certificates(security);
    if (SUCCEEDED(hr))
        hr = security_own_load(security);
    if (SUCCEEDED(hr) && group_key) {
        uint8_t public_key[KEY_SIZE];
        signing_key_public(group_key, public_key);
        if (memcmp(public_key, certificate_table_root(security->table)->key, KEY_SIZE) != 0)
            return E_INVALIDARG;
        security->group_key = signing_key_share(group_key);
    }
    if (SUCCEEDED(hr))
        hr = security_load_records(security);
    if (SUCCEEDED(hr))
        hr = security_gone_each(security, NULL, NULL);
    return SUCCEEDED(hr) ? security_load_joining(security) : hr;
}

HRESULT security_open(struct store *store, const struct security_self *self,
                      struct signing_key *group_key, uint64_t utc, struct security **security)
{
    CLEANUP_BUFFER struct buffer identity = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer group = BUFFER_NULL;
    *security = NULL;
    HRESULT hr = get_text(store, VALUE_IDENTITY, &identity);
    if (SUCCEEDED(hr))
        hr = get_text(store, VALUE_GROUP, &group);
    if (FAILED(hr))
        return hr;
    if (strcmp((const char *)identity.data, self->peer_name) != 0)
        return PEER_E_INVALID_DATABASE;
    hr = security_new(store, self, (const char *)group.data, utc, security);
    if (FAILED(hr))
        return hr;
    hr = load(*security, group_key);
    if (FAILED(hr)) {
        security_free(*security);
        *security = NULL;
    }
    return hr;
}
