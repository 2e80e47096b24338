/* security_admitted.c - being admitted by password: judging what is offered, taking the certificate
 * that is given.
 *
 * Happy path: the offered record passes the rules of every record, under the group's certificate
 * that came with the invitation, or a deputy's below it; the certificate that is given is exactly
 * the one that was asked for, and becomes an own one. Failure: PEER_E_NOT_AUTHORIZED, and nothing
 * of what was shown is kept. */
#include "group/security_internal.h"

#include "group/handshake.h"
#include "group/security_password.h"
#include "wire/wire.h"

#define VALUE_SALT "own/password-salt"

/* Who fell with its issuer may ask again; who was removed itself is told why elsewhere. */
bool security_needs_password(const struct security *security, uint64_t utc)
{
    uint64_t last;
    if (revocation_last(security->revocations, &security->key_hash, &last))
        return false;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (row->own && security_stands(security, row, utc))
            return false;
    }
    return true;
}

HRESULT security_password_salt(struct security *security, uint8_t salt[PASSWORD_SALT_SIZE],
                               struct password_cost *cost)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    struct wire_reader reader;
    uint8_t newer[PASSWORD_SALT_SIZE];
    struct password_cost newer_cost;
    HRESULT hr = security->store->ops->value_get(security->store, VALUE_SALT, &value);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? S_OK : hr;
    wire_reader_init(&reader, buffer_view(&value));
    struct bytes instead_of = wire_read_view(&reader, PASSWORD_SALT_SIZE);
    wire_read_fixed(&reader, newer, PASSWORD_SALT_SIZE);
    newer_cost.memory_kib = wire_read_u32(&reader);
    newer_cost.passes = wire_read_u32(&reader);
    if (!wire_reader_done(&reader) || !password_cost_check(&newer_cost))
        return PEER_E_INVALID_DATABASE;
    if (bytes_equal(instead_of, bytes_of(salt, PASSWORD_SALT_SIZE))) {
        memcpy(salt, newer, PASSWORD_SALT_SIZE);
        *cost = newer_cost;
    }
    return S_OK;
}

HRESULT security_note_password_salt(struct security *security,
                                    const uint8_t instead_of[PASSWORD_SALT_SIZE],
                                    const struct group_password *password)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &value);
    wire_write_fixed(&writer, instead_of, PASSWORD_SALT_SIZE);
    wire_write_fixed(&writer, password->salt, PASSWORD_SALT_SIZE);
    wire_write_u32(&writer, password->cost.memory_kib);
    wire_write_u32(&writer, password->cost.passes);
    if (FAILED(writer.hr))
        return writer.hr;
    return security->store->ops->value_put(security->store, VALUE_SALT, buffer_view(&value));
}

/* ---- the offer ---- */

static HRESULT refuse(HRESULT hr)
{
    return hr == E_OUTOFMEMORY || hr == PEER_E_UNSUPPORTED_VERSION ? hr : PEER_E_NOT_AUTHORIZED;
}

static bool is_offered_record(const struct security *security, const struct record *record)
{
    struct guid id;
    security_properties_id(security, &id);
    return guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES) &&
           guid_equal(&record->id, &id) && !record->deleted;
}

/* By the rules of every record; a payload that hashes to its root is the writer's own. */
static HRESULT judge_offer(struct security *security, const struct password_offer *offer,
                           struct password_terms *terms)
{
    struct record record;
    struct record_seal seal = {.certificate = offer->certificate};
    struct verify_job job;
    struct hash root;
    HRESULT hr = record_header_decode(offer->header, &record);
    if (FAILED(hr) || !is_offered_record(security, &record) ||
        record.payload_size != offer->payload.size)
        return refuse(hr);
    hr = payload_root(offer->payload, &root);
    if (FAILED(hr) || !hash_equal(&root, &record.payload_root))
        return refuse(hr);
    memcpy(seal.signature, offer->signature.data, SIGNATURE_SIZE);
    record_digest(bytes_of_text(security->graph_id), offer->header, &terms->properties);
    hr = security_judge(&security->provider, &record, &terms->properties, &seal, offer->payload,
                        &job);
    if (FAILED(hr))
        return refuse(hr);
    bool good = signature_check(job.key, job.message, sizeof(job.message), job.signature);
    return good ? S_OK : PEER_E_NOT_AUTHORIZED;
}

static HRESULT read_terms(const struct password_offer *offer, struct password_terms *terms)
{
    struct group_properties properties;
    HRESULT hr = group_properties_decode(offer->payload, &properties);
    if (FAILED(hr))
        return refuse(hr);
    if (properties.required_features & ~HANDSHAKE_FEATURES)
        hr = PEER_E_UNSUPPORTED_VERSION;
    terms->password = properties.password;
    group_properties_deinit(&properties);
    return hr;
}

HRESULT security_read_offer(struct security *security, const struct password_offer *offer,
                            struct password_terms *terms)
{
    struct certificate_row *deputy = NULL;
    HRESULT added = S_FALSE;
    if (offer->deputy.size > 0)
        added = certificate_table_add(security->table, offer->deputy, &deputy);
    if (FAILED(added))
        return refuse(added);
    HRESULT hr = judge_offer(security, offer, terms);
    if (SUCCEEDED(hr))
        hr = read_terms(offer, terms);
    if (added == S_OK)
        certificate_table_remove(security->table, deputy);
    return hr;
}

/* ---- the certificate ---- */

/* It ends with its issuer's and no sooner, so nobody is left with one that is of no use. */
static bool is_as_asked(const struct security *security, const struct certificate *given,
                        const char *friendly_name, const struct password_terms *terms,
                        const struct certificate_row *issuer)
{
    const char *wanted = friendly_name && friendly_name[0] ? friendly_name : security->peer_name;
    return given->kind == CERTIFICATE_MEMBER && !given->deputy &&
           given->roles == terms->password.role && hash_equal(&given->issuer, &issuer->hash) &&
           given->not_after == issuer->not_after &&
           hash_equal(&given->key_hash, &security->key_hash) &&
           hash_equal(&given->properties, &terms->properties) &&
           strcmp(given->peer_name, security->peer_name) == 0 &&
           strcmp(given->friendly_name, wanted) == 0;
}

HRESULT security_take_by_password(struct security *security, struct bytes chain,
                                  const char *friendly_name, const struct password_terms *terms,
                                  const struct hash *issuer, uint64_t utc)
{
    struct certificate given;
    struct bytes last;
    uint8_t key[KEY_SIZE];
    const struct certificate_row *row, *above = certificate_table_find(security->table, issuer);
    if (!above || !certificate_list_last(chain, &last))
        return PEER_E_NOT_AUTHORIZED;
    HRESULT hr = certificate_parse(last, &given);
    if (FAILED(hr))
        return refuse(hr);
    bool as_asked =
        given.not_after > utc && is_as_asked(security, &given, friendly_name, terms, above);
    certificate_deinit(&given);
    if (!as_asked)
        return PEER_E_NOT_AUTHORIZED;
    signing_key_public(security->key, key);
    hr = security_admit(security, chain, key, utc, &row);
    if (FAILED(hr))
        return hr == PEER_E_CONNECTION_NOT_AUTHENTICATED ? PEER_E_NOT_AUTHORIZED : hr;
    hr = security_own_take(security, certificate_table_find(security->table, &row->hash));
    return hr == S_FALSE ? PEER_E_NOT_AUTHORIZED : hr;
}
