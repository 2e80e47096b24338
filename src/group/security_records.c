/* security_records.c - records of the security itself: Security Properties and revocations, read
 * and written.
 *
 * Happy path: at opening, and whenever the graph has accepted one, the stored record is decoded
 * into what the other files use; the next version of the Security Properties is made, sealed and
 * handed to the graph or the store. Failure: a stored record that does not decode is
 * PEER_E_INVALID_DATABASE, since only judged ones are stored. */
#include "group/security_internal.h"

#include "group/handshake.h"

static void set_properties(struct security *security, struct group_properties *properties)
{
    group_properties_deinit(&security->properties);
    security->properties = *properties;
    security->has_properties = true;
    security->properties_unsupported = (properties->required_features & ~HANDSHAKE_FEATURES) != 0;
}

/* Properties of a later version stand, but this build cannot follow them. */
static HRESULT read_properties(struct security *security, struct bytes payload)
{
    struct group_properties properties;
    HRESULT hr = group_properties_decode(payload, &properties);
    if (SUCCEEDED(hr))
        set_properties(security, &properties);
    else if (hr == PEER_E_UNSUPPORTED_VERSION)
        security->properties_unsupported = true;
    else
        return hr;
    return S_OK;
}

static HRESULT read_revocation(struct security *security, const struct store_record *row,
                               struct bytes payload)
{
    struct revocation revocation;
    const struct certificate_row *seal = certificate_table_find(security->table, &row->certificate);
    HRESULT hr = revocation_decode(payload, &revocation);
    if (FAILED(hr) || !seal)
        return PEER_E_INVALID_DATABASE;
    return revocation_set_add(security->revocations, &revocation, &row->digest, row->expiration,
                              seal);
}

static HRESULT accept_revocation(struct security *security, const struct record *record,
                                 struct bytes payload, unsigned *effects)
{
    struct store_record stored;
    HRESULT hr = security->store->ops->find(security->store, &record->id, &stored);
    if (SUCCEEDED(hr))
        hr = read_revocation(security, &stored, payload);
    if (hr == S_OK)
        *effects |= PROVIDER_EFFECT_REVOKED;
    return FAILED(hr) ? hr : S_OK;
}

/* [protocol 2] What an administrator announces for the own key becomes an own certificate. */
static HRESULT accept_membership(struct security *security, const struct record *record,
                                 struct bytes chain)
{
    struct store_record stored;
    struct bytes last;
    struct hash hash;
    HRESULT hr = security_certificate_take(&security->provider, chain);
    if (SUCCEEDED(hr))
        hr = security->store->ops->find(security->store, &record->id, &stored);
    if (FAILED(hr))
        return hr;
    const struct certificate_row *seal =
        certificate_table_find(security->table, &stored.certificate);
    if (!seal || !(seal->roles & ROLE_ADMIN) || !certificate_list_last(chain, &last))
        return S_OK;
    hash_sha256(last.data, last.size, &hash);
    struct certificate_row *row = certificate_table_find(security->table, &hash);
    hr = row ? security_own_announced(security, row, record->modified) : S_OK;
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT accept_properties(struct security *security, const struct record *record,
                                 struct bytes payload, unsigned *effects)
{
    struct store_record stored;
    HRESULT hr = security->store->ops->get(security->store, &record->id, &stored);
    if (FAILED(hr))
        return hr;
    hr = security_keep_properties(security, &stored);
    store_record_deinit(&stored);
    if (SUCCEEDED(hr))
        hr = read_properties(security, payload);
    if (SUCCEEDED(hr))
        *effects |= PROVIDER_EFFECT_PROPERTIES;
    return hr;
}

HRESULT security_accepted(struct provider *provider, const struct record *record,
                          const struct hash *digest, struct bytes payload, unsigned *effects)
{
    struct security *security = security_of(provider);
    (void)digest;
    *effects = PROVIDER_EFFECT_NONE;
    if (record->deleted)
        return S_OK;
    if (guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES))
        return accept_properties(security, record, payload, effects);
    if (guid_equal(&record->type, &RECORD_TYPE_REVOCATION))
        return accept_revocation(security, record, payload, effects);
    if (guid_equal(&record->type, &RECORD_TYPE_MEMBERSHIP) && payload.size > 0)
        return accept_membership(security, record, payload);
    return S_OK;
}

/* [protocol 7] A revocation counts for as long as it is stored. */
HRESULT security_removed(struct provider *provider, const struct guid *type,
                         const struct hash *digest, unsigned *effects)
{
    struct security *security = security_of(provider);
    *effects = PROVIDER_EFFECT_NONE;
    if (guid_equal(type, &RECORD_TYPE_REVOCATION))
        revocation_set_remove(security->revocations, digest);
    if (guid_equal(type, &RECORD_TYPE_SECURITY_PROPERTIES))
        return security_properties_gone(security, effects);
    return S_OK;
}

/* ---- at opening ---- */

static HRESULT load_revocation(void *context, const struct store_record *stored)
{
    struct security *security = context;
    HRESULT hr = read_revocation(security, stored, stored->payload);
    return FAILED(hr) ? hr : S_OK;
}

HRESULT security_load_records(struct security *security)
{
    struct store *store = security->store;
    HRESULT hr =
        store->ops->each(store, &RECORD_TYPE_REVOCATION, 0, true, load_revocation, security);
    return SUCCEEDED(hr) ? security_load_properties(security) : hr;
}

static void forget_properties(struct security *security)
{
    group_properties_deinit(&security->properties);
    security->has_properties = false;
    security->properties_unsupported = false;
}

HRESULT security_load_properties(struct security *security)
{
    struct store *store = security->store;
    struct store_record stored = {.version = 0};
    struct guid id;
    security_properties_id(security, &id);
    HRESULT hr = store->ops->get(store, &id, &stored);
    if (hr == PEER_E_RECORD_NOT_FOUND) {
        forget_properties(security);
        return S_OK;
    }
    if (FAILED(hr))
        return hr;
    hr = read_properties(security, stored.payload);
    store_record_deinit(&stored);
    return hr == PEER_E_INVALID_RECORD ? PEER_E_INVALID_DATABASE : hr;
}

/* ---- the next version of the Security Properties ---- */

static struct record fixed_record(const struct security *security)
{
    struct record record = {.type = RECORD_TYPE_SECURITY_PROPERTIES,
                            .creator = certificate_table_root(security->table)->key_hash,
                            .creator_name = bytes_of_text(security->graph_id),
                            .created = 0};
    record_make_id(bytes_of_text(security->graph_id), &record, &record.id);
    return record;
}

void security_properties_id(const struct security *security, struct guid *id)
{
    *id = fixed_record(security).id;
}

/* With the group key it writes as the group; a deputy writes under its own name, and never the
 * first version. */
static HRESULT choose_writer(const struct security *security, struct record *record)
{
    if (record->version == 1)
        return security->group_key ? S_OK : PEER_E_GROUP_NOT_READY;
    if (security->group_key) {
        record->modifier = record->creator;
        record->modifier_name = record->creator_name;
        return S_OK;
    }
    if (!security_may_set_properties(security))
        return PEER_E_NOT_AUTHORIZED;
    record->modifier = security->key_hash;
    record->modifier_name = bytes_of_text(security->peer_name);
    return S_OK;
}

/* Follows the version that stands, if one does. */
static HRESULT follow(struct security *security, uint64_t now, struct record *record)
{
    struct store_record stored = {.version = 0};
    record->version = 1;
    record->modified = now;
    HRESULT hr = security->store->ops->get(security->store, &record->id, &stored);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        return S_OK;
    if (FAILED(hr))
        return hr;
    if (stored.version == UINT32_MAX)
        hr = PEER_E_NOT_AUTHORIZED;
    record->version = stored.version + 1;
    /* [protocol 4] last-modified of an update */
    if (record->modified <= stored.modified)
        record->modified = stored.modified + 1;
    store_record_deinit(&stored);
    return hr;
}

void sealed_record_deinit(struct sealed_record *sealed)
{
    buffer_deinit(&sealed->header);
    buffer_deinit(&sealed->payload);
    *sealed = (struct sealed_record){.header = BUFFER_NULL};
}

static HRESULT finish_record(struct security *security, const struct record *record,
                             struct sealed_record *sealed)
{
    HRESULT hr = record_header_encode(record, &sealed->header);
    if (FAILED(hr))
        return hr;
    hr = record_header_decode(buffer_view(&sealed->header), &sealed->record);
    if (FAILED(hr))
        return hr;
    record_digest(bytes_of_text(security->graph_id), buffer_view(&sealed->header), &sealed->digest);
    return security_seal(&security->provider, &sealed->record, &sealed->digest, &sealed->seal);
}

HRESULT security_properties_record(struct security *security,
                                   const struct group_properties *properties, uint64_t now,
                                   struct sealed_record *sealed)
{
    *sealed = (struct sealed_record){.payload = BUFFER_SECRET};
    struct record record = fixed_record(security);
    record.expiration = certificate_table_root(security->table)->not_after;
    HRESULT hr = follow(security, now, &record);
    if (SUCCEEDED(hr))
        hr = choose_writer(security, &record);
    if (SUCCEEDED(hr))
        hr = group_properties_encode(properties, &sealed->payload);
    if (SUCCEEDED(hr)) {
        record.payload_size = sealed->payload.size;
        hr = payload_root(buffer_view(&sealed->payload), &record.payload_root);
    }
    if (SUCCEEDED(hr))
        hr = finish_record(security, &record, sealed);
    if (FAILED(hr))
        sealed_record_deinit(sealed);
    return hr;
}
