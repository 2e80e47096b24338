/* security_config.c - a group's security as it travels to another machine of the same identity.
 *
 * Going out: the own chain, what helps to find the group, and the Security Properties as they
 * stand. Coming in: the chain enters as an invitation's does, the rest is kept where an invitation
 * leaves it, and the Security Properties are judged, verified and compared like a neighbour's.
 * Failure: what does not fit together is E_INVALIDARG; the store is the caller's to roll back. */
#include "group/group_config.h"
#include "group/security_internal.h"

static HRESULT copy_text(const char *from, char **to)
{
    *to = mem_strdup(from);
    return *to ? S_OK : E_OUTOFMEMORY;
}

/* The newest own certificate, though it may have ended. */
static const struct certificate_row *newest_own(const struct security *security)
{
    const struct certificate_row *best = security_best_own(security, security->utc);
    if (best)
        return best;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (row->own && (!best || certificate_row_preferred(row, best)))
            best = row;
    }
    return best;
}

static HRESULT export_properties(struct security *security, struct group_config *config)
{
    struct store_record row;
    struct guid id;
    security_properties_id(security, &id);
    HRESULT hr = security->store->ops->get(security->store, &id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
    config->seal.certificate = row.certificate;
    memcpy(config->seal.signature, row.signature.data, SIGNATURE_SIZE);
    config->payload = BUFFER_SECRET;
    hr = buffer_append(&config->header, row.header.data, row.header.size);
    if (SUCCEEDED(hr))
        hr = buffer_append(&config->payload, row.payload.data, row.payload.size);
    if (SUCCEEDED(hr))
        hr = security_certificate_chain(&security->provider, &row.certificate, &config->signer);
    store_record_deinit(&row);
    return hr;
}

HRESULT security_export_config(struct security *security, struct group_config *config)
{
    uint32_t hint_count;
    const struct address *hints = security_hints(security, &hint_count);
    const struct certificate_row *own = newest_own(security);
    if (!own)
        return PEER_E_NOT_AUTHORIZED;
    config->rendezvous = *security_rendezvous(security);
    config->hints.count = (uint8_t)hint_count;
    memcpy(config->hints.items, hints, hint_count * sizeof(*hints));
    HRESULT hr = copy_text(security->peer_name, &config->identity);
    if (SUCCEEDED(hr))
        hr = copy_text(security->graph_id, &config->group);
    if (SUCCEEDED(hr))
        hr = copy_text(security_cloud(security), &config->cloud);
    if (SUCCEEDED(hr))
        hr = copy_text(security_friendly_name(security), &config->friendly_name);
    if (SUCCEEDED(hr))
        hr = security_certificate_chain(&security->provider, &own->hash, &config->chain);
    return SUCCEEDED(hr) ? export_properties(security, config) : hr;
}

/* ---- coming in ---- */

static HRESULT take_chain(struct security *security, struct bytes chain)
{
    struct bytes last;
    struct hash hash;
    HRESULT hr = security_certificate_take(&security->provider, chain);
    if (SUCCEEDED(hr) && !certificate_list_last(chain, &last))
        hr = E_INVALIDARG;
    if (FAILED(hr))
        return hr;
    hash_sha256(last.data, last.size, &hash);
    struct certificate_row *row = certificate_table_find(security->table, &hash);
    hr = row ? security_own_take(security, row) : E_INVALIDARG;
    return hr == S_FALSE ? E_INVALIDARG : hr;
}

/* Does this version stand against the one that is held? */
static HRESULT is_newer(struct security *security, const struct record *record,
                        const struct hash *digest, bool *newer)
{
    struct store_record held;
    struct record before;
    struct record_rank mine, theirs;
    *newer = true;
    HRESULT hr = security->store->ops->get(security->store, &record->id, &held);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
    hr = record_header_decode(held.header, &before);
    if (SUCCEEDED(hr)) {
        record_rank_of(&before, &held.digest, &mine);
        record_rank_of(record, digest, &theirs);
        *newer = record_rank_compare(&theirs, &mine) > 0;
    }
    store_record_deinit(&held);
    return FAILED(hr) ? PEER_E_INVALID_DATABASE : S_OK;
}

static HRESULT put_properties(struct security *security, const struct group_config *config,
                              const struct record *record, const struct hash *digest)
{
    unsigned effects;
    const struct store_record row = {
        .id = record->id,
        .type = record->type,
        .digest = *digest,
        .creator = record->creator,
        .certificate = config->seal.certificate,
        .payload_root = record->payload_root,
        .version = record->version,
        .local = config->group_key != NULL,
        .created = record->created,
        .modified = record->modified,
        .expiration = record->expiration,
        .payload_size = record->payload_size,
        .header = buffer_view(&config->header),
        .signature = bytes_of(config->seal.signature, SIGNATURE_SIZE),
        .payload = buffer_view(&config->payload),
    };
    HRESULT hr = security->store->ops->put(security->store, &row);
    if (SUCCEEDED(hr))
        hr = security_accepted(&security->provider, record, digest, row.payload, &effects);
    return hr;
}

/* As a neighbour's record: id, root, judgement, signature; then only what is newer. */
static HRESULT take_properties(struct security *security, const struct group_config *config)
{
    struct record record;
    struct guid id, known;
    struct hash digest, root;
    struct verify_job job;
    bool newer = false;
    struct bytes graph_id = bytes_of_text(security->graph_id);
    HRESULT hr = security_certificate_take(&security->provider, buffer_view(&config->signer));
    if (SUCCEEDED(hr))
        hr = record_header_decode(buffer_view(&config->header), &record);
    if (SUCCEEDED(hr))
        hr = payload_root(buffer_view(&config->payload), &root);
    if (FAILED(hr))
        return hr;
    record_make_id(graph_id, &record, &id);
    security_properties_id(security, &known);
    record_digest(graph_id, buffer_view(&config->header), &digest);
    if (!guid_equal(&id, &record.id) || !guid_equal(&id, &known) ||
        !hash_equal(&root, &record.payload_root) || record.payload_size != config->payload.size)
        return E_INVALIDARG;
    hr = security_judge(&security->provider, &record, &digest, &config->seal,
                        buffer_view(&config->payload), &job);
    if (hr == PEER_E_NOT_AUTHORIZED)
        return S_OK; /* a deputy's that has been removed meanwhile */
    if (SUCCEEDED(hr) && !signature_check(job.key, job.message, sizeof(job.message), job.signature))
        hr = E_INVALIDARG;
    if (SUCCEEDED(hr))
        hr = is_newer(security, &record, &digest, &newer);
    return SUCCEEDED(hr) && newer ? put_properties(security, config, &record, &digest) : hr;
}

static HRESULT take_config(struct security *security, const struct group_config *config)
{
    /* What an invitation said of revocations is not in the file, and still holds. */
    struct joining given = {.cloud = config->cloud,
                            .friendly_name = config->friendly_name,
                            .hints = config->hints,
                            .rendezvous = config->rendezvous,
                            .revocations = security->joining.revocations};
    HRESULT hr = take_chain(security, buffer_view(&config->chain));
    if (SUCCEEDED(hr))
        hr = security_keep_joining(security, &given);
    if (SUCCEEDED(hr) && config->header.size > 0)
        hr = take_properties(security, config);
    return hr;
}

static HRESULT plain_result(HRESULT hr)
{
    return hr == PEER_E_INVALID_RECORD || hr == PEER_E_DEFERRED_VALIDATION ? E_INVALIDARG : hr;
}

HRESULT security_take_config(struct security *security, const struct group_config *config)
{
    if (strcmp(config->group, security->graph_id) != 0 ||
        strcmp(config->identity, security->peer_name) != 0)
        return E_INVALIDARG;
    return plain_result(take_config(security, config));
}

HRESULT security_adopt_config(struct store *store, const struct security_self *self,
                              const struct group_config *config, uint64_t utc,
                              struct security **security)
{
    HRESULT hr = security_new(store, self, config->group, utc, security);
    if (FAILED(hr))
        return hr;
    hr = security_take_config(*security, config);
    if (SUCCEEDED(hr))
        hr = security_put_names(*security);
    if (FAILED(hr)) {
        security_free(*security);
        *security = NULL;
    }
    return hr;
}
