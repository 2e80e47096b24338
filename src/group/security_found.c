/* security_found.c - founding a group in an empty store.
 *
 * Happy path: the group key, the group's certificate, the creator's below it, then the Security
 * Properties as the first record, sealed by the group key and judged like any other. Failure:
 * everything made is freed again; what was put into the store is the caller's to roll back, so a
 * failed founding leaves no trace. */
#include "group/security_internal.h"

#include "group/peer_name.h"

#include <sodium.h>

static uint64_t start_of_validity(uint64_t utc)
{
    uint64_t seconds = utc / TICKS_PER_SECOND * TICKS_PER_SECOND;
    return seconds > VALIDITY_GRACE ? seconds - VALIDITY_GRACE : 0;
}

static HRESULT found_group(struct security *security, const struct founding *founding)
{
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    struct certificate_request request = {
        .kind = CERTIFICATE_GROUP,
        .peer_name = security->graph_id,
        .friendly_name = founding->wish->friendly_name,
        .not_before = start_of_validity(founding->utc),
        .not_after = TICKS_UNLIMITED,
    };
    signing_key_public(security->group_key, request.key);
    HRESULT hr = certificate_issue(&request, NULL, security->group_key, &der);
    return SUCCEEDED(hr) ? security_keep(security, buffer_view(&der), NULL) : hr;
}

/* [ruling 20] The creator is the first member, administrator, without end. */
static HRESULT found_creator(struct security *security, const struct security_self *self)
{
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    const struct certificate_row *root = certificate_table_root(security->table);
    struct certificate issuer;
    struct certificate_request request = {
        .kind = CERTIFICATE_MEMBER,
        .peer_name = self->peer_name,
        .friendly_name = self->friendly_name,
        .roles = ROLE_ADMIN,
        .not_before = root->not_before,
        .not_after = TICKS_UNLIMITED,
    };
    signing_key_public(self->key, request.key);
    HRESULT hr = security_parse(security, root, &issuer);
    if (FAILED(hr))
        return hr;
    hr = certificate_issue(&request, &issuer, security->group_key, &der);
    certificate_deinit(&issuer);
    struct certificate_row *row;
    if (SUCCEEDED(hr))
        hr = security_keep(security, buffer_view(&der), &row);
    return SUCCEEDED(hr) ? security_own_take(security, row) : hr;
}

static HRESULT put_sealed(struct security *security, const struct sealed_record *sealed)
{
    const struct record *record = &sealed->record;
    const struct store_record row = {
        .id = record->id,
        .type = record->type,
        .digest = sealed->digest,
        .creator = record->creator,
        .certificate = sealed->seal.certificate,
        .payload_root = record->payload_root,
        .version = record->version,
        .local = true,
        .created = record->created,
        .modified = record->modified,
        .expiration = record->expiration,
        .payload_size = record->payload_size,
        .header = buffer_view(&sealed->header),
        .signature = bytes_of(sealed->seal.signature, SIGNATURE_SIZE),
        .payload = buffer_view(&sealed->payload),
    };
    return security->store->ops->put(security->store, &row);
}

static HRESULT founding_properties(const struct security *security, const struct founding *founding,
                                   struct group_properties *properties)
{
    struct peer_name name;
    *properties = (struct group_properties){.created = founding->utc};
    HRESULT hr = peer_name_parse(security->graph_id, &name);
    if (FAILED(hr))
        return hr;
    properties->password = founding->password;
    randombytes_buf(properties->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    properties->rendezvous.epoch = 1;
    properties->cloud = mem_strdup(founding->cloud ? founding->cloud : "");
    properties->classifier = mem_strdup(name.classifier);
    properties->group_name = mem_strdup(security->graph_id);
    properties->creator_name = mem_strdup(security->peer_name);
    hr = properties->cloud && properties->classifier && properties->group_name &&
                 properties->creator_name
             ? group_properties_apply(founding->wish, properties)
             : E_OUTOFMEMORY;
    if (FAILED(hr))
        group_properties_deinit(properties);
    return hr;
}

static HRESULT found_properties(struct security *security, const struct founding *founding)
{
    struct group_properties properties;
    struct sealed_record sealed = {.header = BUFFER_NULL};
    unsigned effects;
    HRESULT hr = founding_properties(security, founding, &properties);
    if (FAILED(hr))
        return hr;
    hr = security_properties_record(security, &properties, founding->utc, &sealed);
    if (SUCCEEDED(hr))
        hr = put_sealed(security, &sealed);
    if (SUCCEEDED(hr))
        hr = security_accepted(&security->provider, &sealed.record, &sealed.digest,
                               buffer_view(&sealed.payload), &effects);
    sealed_record_deinit(&sealed);
    group_properties_deinit(&properties);
    return hr;
}

static HRESULT found(struct store *store, const struct security_self *self,
                     const struct founding *founding, struct signing_key *group_key,
                     struct security **security)
{
    uint8_t public_key[KEY_SIZE];
    struct hash hash;
    CLEANUP_FREE char *group_name = NULL;
    signing_key_public(group_key, public_key);
    key_hash(public_key, &hash);
    HRESULT hr = peer_name_make(&hash, founding->wish->classifier, &group_name);
    if (SUCCEEDED(hr))
        hr = security_new(store, self, group_name, founding->utc, security);
    if (FAILED(hr))
        return hr;
    (*security)->group_key = signing_key_share(group_key);
    hr = found_group(*security, founding);
    if (SUCCEEDED(hr))
        hr = found_creator(*security, self);
    if (SUCCEEDED(hr))
        hr = found_properties(*security, founding);
    if (SUCCEEDED(hr))
        hr = security_put_names(*security);
    return hr;
}

HRESULT security_new_founder(struct store *store, const struct security_self *self,
                             const struct founding *founding, struct signing_key **group_key,
                             struct security **security)
{
    *security = NULL;
    HRESULT hr = signing_key_new(group_key);
    if (FAILED(hr))
        return hr;
    hr = found(store, self, founding, *group_key, security);
    if (FAILED(hr)) {
        security_free(*security);
        *security = NULL;
        signing_key_free(*group_key);
        *group_key = NULL;
    }
    return hr;
}
