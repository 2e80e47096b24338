/* security_members.c - the members of a group as applications see them.
 *
 * Happy path: live membership and presence records are gathered by key, the newest membership
 * record of a key counts, and each key is shown with the best of its certificates that hold and
 * are alive; the own identity comes first. Who was announced before the certificate begins is a
 * member to come, and shown with that one. Failure: who has no such certificate is no member now
 * and is left out. Nothing of the store is open while a visitor runs. */
#include "group/security_internal.h"

struct member {
    struct hash key;
    const struct certificate_row *row;
    struct buffer attributes;
    bool has_membership;
    bool has_presence;
    uint64_t modified; /* of the membership record that counts, with its id */
    struct guid id;
    UT_hash_handle hh;
};

struct gathering {
    struct security *security;
    struct member *members;
    const char *only; /* peer name, or NULL for all */
    bool presence;
};

static void gathering_deinit(struct gathering *gathering)
{
    struct member *member, *next;
    HASH_ITER (hh, gathering->members, member, next) {
        HASH_DEL(gathering->members, member);
        buffer_deinit(&member->attributes);
        mem_free(member);
    }
}

static bool has_ended(const struct certificate_row *row, uint64_t utc)
{
    for (; row; row = row->issuer) {
        if (utc > VALIDITY_GRACE && utc - VALIDITY_GRACE > row->not_after)
            return true;
    }
    return false;
}

/* [contract 7.18, 9.1] announced, by a membership record, may be NULL. NULL: no member. */
static const struct certificate_row *row_to_show(const struct security *security,
                                                 const struct hash *key,
                                                 const struct certificate_row *announced)
{
    bool self = hash_equal(key, &security->key_hash);
    const struct certificate_row *row = self ? security_best_own(security, security->utc)
                                             : security_best(security, key, security->utc);
    bool comes = !row && announced && !has_ended(announced, security->utc) &&
                 !revocation_certificate_dead(security->revocations, announced);
    return comes ? announced : row;
}

/* *member is NULL when that key has no certificate to show, or is not asked for. */
static HRESULT require_member(struct gathering *gathering, const struct hash *key,
                              const struct certificate_row *announced, struct member **member)
{
    HASH_FIND(hh, gathering->members, key, HASH_SIZE, *member);
    if (*member)
        return S_OK;
    const struct certificate_row *row = row_to_show(gathering->security, key, announced);
    if (!row || (gathering->only && strcmp(row->peer_name, gathering->only) != 0))
        return S_OK;
    struct member *made = mem_zalloc(sizeof(*made));
    if (!made)
        return E_OUTOFMEMORY;
    made->key = *key;
    made->row = row;
    HASH_ADD(hh, gathering->members, key, HASH_SIZE, made);
    if (!TABLE_ADDED(made, hh)) {
        mem_free(made);
        return E_OUTOFMEMORY;
    }
    *member = made;
    return S_OK;
}

/* [protocol 4] Of several by one author the newest counts. */
static bool is_newer(const struct member *member, const struct store_record *stored)
{
    if (!member->has_membership || stored->modified != member->modified)
        return !member->has_membership || stored->modified > member->modified;
    return guid_compare(&stored->id, &member->id) > 0;
}

/* The subject is the last of the chain, or whoever sealed an empty payload. */
static const struct certificate_row *subject_of(const struct security *security,
                                                const struct store_record *stored)
{
    struct bytes last;
    struct hash hash = stored->certificate;
    if (stored->payload.size > 0) {
        if (!certificate_list_last(stored->payload, &last))
            return NULL;
        hash_sha256(last.data, last.size, &hash);
    }
    return certificate_table_find(security->table, &hash);
}

const char *security_membership_name(const struct security *security,
                                     const struct store_record *stored)
{
    const struct certificate_row *subject = subject_of(security, stored);
    bool shown = subject && row_to_show(security, &subject->key_hash, subject);
    return shown ? subject->peer_name : NULL;
}

static HRESULT gather_membership(struct gathering *gathering, const struct store_record *stored)
{
    struct record record;
    struct member *member;
    const struct certificate_row *subject = subject_of(gathering->security, stored);
    if (!subject)
        return S_OK;
    HRESULT hr = require_member(gathering, &subject->key_hash, subject, &member);
    if (FAILED(hr) || !member || !is_newer(member, stored))
        return hr;
    hr = record_header_decode(stored->header, &record);
    if (FAILED(hr))
        return PEER_E_INVALID_DATABASE;
    struct buffer attributes = BUFFER_NULL;
    hr = buffer_append(&attributes, record.attributes.data, record.attributes.size);
    if (FAILED(hr))
        return hr;
    buffer_deinit(&member->attributes);
    member->attributes = attributes;
    member->has_membership = true;
    member->modified = stored->modified;
    member->id = stored->id;
    return S_OK;
}

static HRESULT gather(void *context, const struct store_record *stored)
{
    struct gathering *gathering = context;
    struct member *member;
    if (!gathering->presence)
        return gather_membership(gathering, stored);
    HRESULT hr = require_member(gathering, &stored->creator, NULL, &member);
    if (SUCCEEDED(hr) && member)
        member->has_presence = true;
    return hr;
}

static HRESULT gather_all(struct gathering *gathering, uint64_t now)
{
    struct store *store = gathering->security->store;
    struct member *self;
    HRESULT hr = require_member(gathering, &gathering->security->key_hash, NULL, &self);
    if (SUCCEEDED(hr))
        hr = store->ops->each(store, &RECORD_TYPE_MEMBERSHIP, now, true, gather, gathering);
    gathering->presence = true;
    if (SUCCEEDED(hr))
        hr = store->ops->each(store, &RECORD_TYPE_PRESENCE, now, false, gather, gathering);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT show(struct security *security, const struct member *member, member_visitor visit,
                    void *context)
{
    struct certificate certificate;
    HRESULT hr = security_parse(security, member->row, &certificate);
    if (FAILED(hr))
        return hr;
    const struct member_info info = {
        .certificate = &certificate,
        .attributes = buffer_view(&member->attributes),
        .has_membership = member->has_membership,
        .has_presence = member->has_presence,
        .self = hash_equal(&member->key, &security->key_hash),
    };
    hr = visit(context, &info);
    certificate_deinit(&certificate);
    return hr;
}

static HRESULT visit_members(struct security *security, uint64_t now, const char *only,
                             member_visitor visit, void *context)
{
    struct gathering gathering = {.security = security, .only = only};
    HRESULT hr = gather_all(&gathering, now);
    if (SUCCEEDED(hr) && only && !gathering.members)
        hr = PEER_E_NOT_FOUND;
    struct member *member, *next;
    if (SUCCEEDED(hr)) {
        HASH_ITER (hh, gathering.members, member, next) {
            hr = show(security, member, visit, context);
            if (hr != S_OK)
                break;
        }
    }
    gathering_deinit(&gathering);
    return FAILED(hr) ? hr : S_OK;
}

HRESULT security_members_each(struct security *security, uint64_t now, member_visitor visit,
                              void *context)
{
    return visit_members(security, now, NULL, visit, context);
}

HRESULT security_member_find(struct security *security, uint64_t now, const char *peer_name,
                             member_visitor visit, void *context)
{
    return visit_members(security, now, peer_name, visit, context);
}
