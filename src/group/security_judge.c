/* security_judge.c - who may write which record: the rules that every receiver applies alike.
 *
 * Happy path: the seal names a certificate of the table; the version agrees with that certificate
 * alone (key, name, dates, role), with the rules of its type, and with its payload; no revocation
 * stands against it; the signature check is handed out. Sealing walks the own certificates and
 * takes the one to prefer of those that pass the same rules. Failure: PEER_E_INVALID_RECORD for
 * what is wrong whoever looks at it, PEER_E_NOT_AUTHORIZED for what only this member's revocations
 * refuse, PEER_E_DEFERRED_VALIDATION while the certificate is missing. */
#include "group/security_internal.h"

#include "wire/wire.h"

#include <sodium.h>

/* A revocation may not reach into the future beyond what clocks differ at the most. */
#define REVOCATION_AHEAD (24 * 3600 * TICKS_PER_SECOND)

static bool text_is(struct bytes view, const char *text)
{
    return bytes_equal(view, bytes_of_text(text));
}

/* [protocol 2] The certificate alone judges: its key signs, under its name, within its dates. */
static bool agrees_with_certificate(const struct certificate_row *row, const struct record *record)
{
    const struct hash *signer = record_signer(record);
    struct bytes name = signer == &record->creator ? record->creator_name : record->modifier_name;
    return hash_equal(signer, &row->key_hash) && text_is(name, row->peer_name) &&
           record->modified >= row->not_before && record->modified <= row->not_after &&
           record->expiration <= row->not_after;
}

/* [protocol 4] Everybody recomputes the id. */
static bool id_is_right(const struct security *security, const struct record *record)
{
    struct guid id;
    record_make_id(bytes_of_text(security->graph_id), record, &id);
    return guid_equal(&id, &record->id);
}

static bool is_foreign(const struct record *record)
{
    return !hash_equal(record_signer(record), &record->creator);
}

/* [protocol 2] By the group key or a deputy, under one fixed id, as long as the group. */
static bool may_write_properties(const struct certificate_row *root,
                                 const struct certificate_row *row, const struct record *record)
{
    return hash_equal(&record->creator, &root->key_hash) && record->created == 0 &&
           sodium_is_zero(record->nonce, NONCE_SIZE) == 1 && !record->deleted &&
           record->payload_size <= LIMIT_PIECE_SIZE && record->expiration == root->not_after &&
           (row == root || row->deputy);
}

/* [protocol 7] Never updated, never deleted; the group's own last as long as the group. */
static bool may_write_revocation(const struct certificate_row *root,
                                 const struct certificate_row *row, const struct record *record)
{
    bool entitled = row == root || row->deputy || (row->roles & ROLE_ADMIN);
    return entitled && record->version == 1 && !record->deleted &&
           record->payload_size <= LIMIT_PIECE_SIZE &&
           (row != root || record->expiration == root->not_after);
}

/* [protocol 4] These belong to one (author, node id). */
static bool has_one_writer(const struct guid *type)
{
    return guid_equal(type, &RECORD_TYPE_SIGNATURE) || guid_equal(type, &RECORD_TYPE_CONTACT) ||
           guid_equal(type, &RECORD_TYPE_PRESENCE);
}

static bool may_write(const struct security *security, const struct certificate_row *row,
                      const struct record *record)
{
    const struct certificate_row *root = certificate_table_root(security->table);
    bool foreign = is_foreign(record);
    if (guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES))
        return may_write_properties(root, row, record);
    if (guid_equal(&record->type, &RECORD_TYPE_REVOCATION))
        return may_write_revocation(root, row, record);
    if (row == root || hash_equal(&record->creator, &root->key_hash))
        return false;
    /* [protocol 4] Graph info is derived from Security Properties: nobody writes it. */
    if (guid_equal(&record->type, &RECORD_TYPE_GRAPH_INFO))
        return false;
    if (has_one_writer(&record->type))
        return !foreign;
    if (guid_equal(&record->type, &RECORD_TYPE_MEMBERSHIP) &&
        record->payload_size > LIMIT_PIECE_SIZE)
        return false;
    /* [ruling 21] */
    return !foreign || (row->roles & ROLE_ADMIN);
}

static bool header_passes(const struct security *security, const struct certificate_row *row,
                          const struct record *record)
{
    return agrees_with_certificate(row, record) && id_is_right(security, record) &&
           may_write(security, row, record);
}

static HRESULT check_properties(const struct security *security, struct bytes payload)
{
    struct group_properties properties;
    HRESULT hr = group_properties_decode(payload, &properties);
    if (FAILED(hr))
        return hr == PEER_E_UNSUPPORTED_VERSION ? S_OK : hr;
    if (strcmp(properties.group_name, security->graph_id) != 0)
        hr = PEER_E_INVALID_RECORD;
    group_properties_deinit(&properties);
    return hr;
}

static HRESULT check_revocation(const struct record *record, struct bytes payload)
{
    struct revocation revocation;
    HRESULT hr = revocation_decode(payload, &revocation);
    if (FAILED(hr))
        return hr;
    bool ahead =
        revocation.time > record->modified && revocation.time - record->modified > REVOCATION_AHEAD;
    return ahead ? PEER_E_INVALID_RECORD : S_OK;
}

static bool key_stands_above(const struct certificate_row *row, const struct hash *key)
{
    for (; row; row = row->issuer) {
        if (hash_equal(&row->key_hash, key))
            return true;
    }
    return false;
}

/* [protocol 2] The last certificate of a chain is held against the rules of a link (C27 to C36). */
static HRESULT check_below(struct security *security, const struct certificate_row *issuer,
                           struct bytes der, struct hash *subject)
{
    struct certificate child, parent;
    HRESULT hr = certificate_parse(der, &child);
    if (FAILED(hr))
        return hr;
    hr = security_parse(security, issuer, &parent);
    if (SUCCEEDED(hr)) {
        hr = certificate_check_issued(der, &child, &parent, issuer->depth + 1);
        certificate_deinit(&parent);
    }
    if (SUCCEEDED(hr) && key_stands_above(issuer, &child.key_hash))
        hr = PEER_E_INVALID_RECORD;
    *subject = child.key_hash;
    certificate_deinit(&child);
    return hr;
}

/* Where all but the last are here, in this order, only the last is left to verify. S_FALSE: they
 * are not. */
static HRESULT subject_below_known(struct security *security, struct bytes list,
                                   struct hash *subject)
{
    const struct certificate_row *issuer = NULL;
    struct wire_reader reader;
    wire_reader_init(&reader, list);
    for (;;) {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        struct hash hash;
        if (reader.failed)
            return S_FALSE;
        if (wire_left(&reader) == 0)
            return issuer ? check_below(security, issuer, der, subject) : S_FALSE;
        hash_sha256(der.data, der.size, &hash);
        const struct certificate_row *row = certificate_table_find(security->table, &hash);
        if (!row || row->issuer != issuer)
            return S_FALSE;
        issuer = row;
    }
}

/* Whose membership a chain announces: a chain of this very group, and the same to everybody: what
 * is known of it here spares signatures, not the rest of the chain. */
static HRESULT subject_of_chain(struct security *security, struct bytes list, struct hash *subject)
{
    struct bytes last;
    struct hash hash;
    if (!certificate_list_last(list, &last))
        return PEER_E_INVALID_RECORD;
    hash_sha256(last.data, last.size, &hash);
    const struct certificate_row *row = certificate_table_find(security->table, &hash);
    if (row) {
        *subject = row->key_hash;
        return row->depth > 0 && certificate_list_is_chain_of(list, row) ? S_OK
                                                                         : PEER_E_INVALID_RECORD;
    }
    HRESULT hr = subject_below_known(security, list, subject);
    if (hr == S_OK || hr == E_OUTOFMEMORY || hr == PEER_E_INVALID_DATABASE)
        return hr;
    if (FAILED(hr))
        return PEER_E_INVALID_RECORD;
    struct chain chain;
    hr = chain_parse(list, security->graph_id, &chain);
    if (FAILED(hr))
        return hr == E_OUTOFMEMORY ? hr : PEER_E_INVALID_RECORD;
    const struct certificate_row *root = certificate_table_root(security->table);
    if (chain.count < 2 || !hash_equal(&chain.certificates[0].hash, &root->hash))
        hr = PEER_E_INVALID_RECORD;
    else
        *subject = chain.certificates[chain.count - 1].key_hash;
    chain_deinit(&chain);
    return hr;
}

/* An empty payload announces the certificate that seals; a chain is its subject's or an
 * administrator's to publish. */
static HRESULT check_membership(struct security *security, const struct certificate_row *row,
                                const struct record *record, struct bytes payload)
{
    struct hash subject;
    if (payload.size == 0)
        return is_foreign(record) ? PEER_E_INVALID_RECORD : S_OK;
    HRESULT hr = subject_of_chain(security, payload, &subject);
    if (FAILED(hr))
        return hr;
    bool entitled = hash_equal(&subject, &record->creator) || (row->roles & ROLE_ADMIN);
    return entitled ? S_OK : PEER_E_INVALID_RECORD;
}

static HRESULT check_payload(struct security *security, const struct certificate_row *row,
                             const struct record *record, struct bytes payload)
{
    bool membership = guid_equal(&record->type, &RECORD_TYPE_MEMBERSHIP);
    bool properties = guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES);
    bool revocation = guid_equal(&record->type, &RECORD_TYPE_REVOCATION);
    if (record->deleted || !(membership || properties || revocation))
        return S_OK;
    if (payload.size != record->payload_size)
        return PEER_E_INVALID_RECORD;
    if (membership)
        return check_membership(security, row, record, payload);
    return properties ? check_properties(security, payload) : check_revocation(record, payload);
}

HRESULT security_judge(struct provider *provider, const struct record *record,
                       const struct hash *digest, const struct record_seal *seal,
                       struct bytes payload, struct verify_job *job)
{
    struct security *security = security_of(provider);
    const struct certificate_row *row = certificate_table_find(security->table, &seal->certificate);
    if (!row)
        return PEER_E_DEFERRED_VALIDATION;
    if (!header_passes(security, row, record))
        return PEER_E_INVALID_RECORD;
    HRESULT hr = check_payload(security, row, record, payload);
    if (FAILED(hr))
        return hr;
    if (revocation_signature_dead(security->revocations, row, digest))
        return PEER_E_NOT_AUTHORIZED;
    memcpy(job->key, row->key, KEY_SIZE);
    memcpy(job->signature, seal->signature, SIGNATURE_SIZE);
    record_signed_bytes(digest, job->message);
    return S_OK;
}

void security_sign(const struct signing_key *key, const struct certificate_row *row,
                   const struct hash *digest, struct record_seal *seal)
{
    uint8_t message[sizeof(((struct verify_job *)NULL)->message)];
    record_signed_bytes(digest, message);
    seal->certificate = row->hash;
    signing_key_sign(key, message, sizeof(message), seal->signature);
}

/* The own certificate to prefer of those under which this version may stand. */
static const struct certificate_row *
sealing_row(struct security *security, const struct record *record, const struct hash *digest)
{
    const struct certificate_row *best = NULL;
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        if (!row->own || row->waits || !header_passes(security, row, record) ||
            revocation_signature_dead(security->revocations, row, digest))
            continue;
        if (!best || certificate_row_preferred(row, best))
            best = row;
    }
    return best;
}

HRESULT security_seal(struct provider *provider, const struct record *record,
                      const struct hash *digest, struct record_seal *seal)
{
    struct security *security = security_of(provider);
    const struct certificate_row *root = certificate_table_root(security->table);
    const struct hash *signer = record_signer(record);
    if (hash_equal(signer, &root->key_hash)) {
        if (!security->group_key || !header_passes(security, root, record))
            return PEER_E_NOT_AUTHORIZED;
        security_sign(security->group_key, root, digest, seal);
        return S_OK;
    }
    const struct certificate_row *row = sealing_row(security, record, digest);
    if (!row)
        return PEER_E_NOT_AUTHORIZED;
    security_sign(security->key, row, digest, seal);
    return S_OK;
}
