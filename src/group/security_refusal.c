/* security_refusal.c - telling somebody that it was removed, and believing it.
 *
 * Happy path: the revocations that killed a certificate are read from the store and sent with their
 * signer's chain, so that it can be checked without a question. Who hears of its own removal takes
 * the chain, judges the record as any other, and checks the signature at once, since the link on
 * which it came is about to end. Failure: what is not about this member is left alone, what is
 * wrong is PEER_E_INVALID_RECORD: nobody without the right can make a member believe anything. */
#include "group/removal.h"
#include "group/security_internal.h"

#include "wire/message.h"

struct telling {
    struct security *security;
    const struct hash *digests;
    uint32_t count;
    struct guid ids[REVOCATION_WHY_MAX];
    bool found[REVOCATION_WHY_MAX];
    size_t room; /* for all that is appended */
    struct buffer *out;
    bool told;
};

/* What has no room is left out. */
static HRESULT write_revoked(struct telling *telling, const struct store_record *row)
{
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer message = BUFFER_NULL;
    struct security *security = telling->security;
    const struct message_flood flood = {.header = row->header,
                                        .certificate = row->certificate,
                                        .signature = row->signature,
                                        .payload = row->payload};
    HRESULT hr = security_certificate_chain(&security->provider, &row->certificate, &chain);
    if (SUCCEEDED(hr))
        hr = message_encode_revoked(buffer_view(&chain), &flood, &message);
    if (FAILED(hr) || message.size > telling->room)
        return hr == E_INVALIDARG || SUCCEEDED(hr) ? S_OK : hr;
    hr = buffer_append(telling->out, message.data, message.size);
    telling->room -= message.size;
    telling->told = SUCCEEDED(hr);
    return hr;
}

static HRESULT tell_one(struct telling *telling, const struct guid *id)
{
    struct store *store = telling->security->store;
    struct store_record row;
    HRESULT hr = store->ops->get(store, id, &row);
    if (FAILED(hr))
        return hr;
    hr = write_revoked(telling, &row);
    store_record_deinit(&row);
    return hr;
}

static HRESULT note_id(void *context, const struct store_record *row)
{
    struct telling *telling = context;
    for (uint32_t i = 0; i < telling->count; i++) {
        if (!hash_equal(&row->digest, &telling->digests[i]))
            continue;
        telling->ids[i] = row->id;
        telling->found[i] = true;
    }
    return S_OK;
}

/* All parts of a removal, those first that say least. One walk over the revocations, without their
 * payloads, finds them all: anybody who was removed can ask for this as often as it calls. */
static HRESULT tell(struct security *security, const struct hash *digests, uint32_t count,
                    size_t room, struct buffer *out)
{
    struct telling telling = {
        .security = security, .digests = digests, .count = count, .room = room, .out = out};
    struct store *store = security->store;
    HRESULT hr = S_OK;
    ASSERT(count <= REVOCATION_WHY_MAX);
    if (count > 0)
        hr = store->ops->each(store, &RECORD_TYPE_REVOCATION, 0, false, note_id, &telling);
    for (uint32_t i = 0; i < count && SUCCEEDED(hr); i++) {
        if (telling.found[i])
            hr = tell_one(&telling, &telling.ids[i]);
    }
    if (FAILED(hr))
        return hr;
    return telling.told ? S_OK : PEER_E_NOT_FOUND;
}

HRESULT security_refusal_for(struct security *security, const struct certificate_row *row,
                             struct buffer *out)
{
    struct hash digests[REVOCATION_WHY_MAX];
    if (!revocation_certificate_dead(security->revocations, row))
        return PEER_E_NOT_FOUND;
    uint32_t count = revocation_why(security->revocations, row, digests);
    return tell(security, digests, count, SIZE_MAX, out);
}

HRESULT security_refusal(struct provider *provider, const struct hash *key, struct buffer *out)
{
    struct security *security = security_of(provider);
    const struct certificate_row *newest = NULL;
    for (const struct certificate_row *row = certificate_table_of_key(security->table, key); row;
         row = row->next_of_key) {
        if (row->depth > 0 && (!newest || certificate_row_preferred(row, newest)))
            newest = row;
    }
    return newest ? security_refusal_for(security, newest, out) : PEER_E_NOT_FOUND;
}

HRESULT security_refusal_of_chain(struct security *security, size_t room, struct buffer *out)
{
    return tell(security, security->refusals, security->refusal_count, room, out);
}

/* ---- believing it ---- */

static bool is_about_own(const struct security *security, const struct hash *key)
{
    for (const struct certificate_row *row =
             certificate_table_of_key(security->table, &security->key_hash);
         row; row = row->next_of_key) {
        for (const struct certificate_row *at = row; row->own && at->depth > 0; at = at->issuer) {
            if (hash_equal(&at->key_hash, key))
                return true;
        }
    }
    return false;
}

struct removal {
    struct security *security;
    const struct record *record;
    const struct hash *digest;
    const struct record_seal *seal;
    struct bytes payload;
};

static HRESULT judge_removal(void *context)
{
    const struct removal *removal = context;
    struct verify_job job;
    HRESULT hr = security_judge(&removal->security->provider, removal->record, removal->digest,
                                removal->seal, removal->payload, &job);
    if (FAILED(hr))
        return hr == PEER_E_DEFERRED_VALIDATION ? PEER_E_INVALID_RECORD : hr;
    bool valid = signature_check(job.key, job.message, sizeof(job.message), job.signature);
    return valid ? S_OK : PEER_E_INVALID_RECORD;
}

/* Anybody can send this, also who was removed: nothing of it is kept unless all of it holds. */
HRESULT security_removes_own(struct provider *provider, struct bytes chain,
                             const struct record *record, const struct hash *digest,
                             const struct record_seal *seal, struct bytes payload)
{
    struct security *security = security_of(provider);
    struct removal removal = {security, record, digest, seal, payload};
    struct revocation revocation;
    if (!guid_equal(&record->type, &RECORD_TYPE_REVOCATION) || record->deleted)
        return PEER_E_INVALID_RECORD;
    HRESULT hr = revocation_decode(payload, &revocation);
    if (FAILED(hr))
        return hr;
    if (!is_about_own(security, &revocation.key))
        return S_FALSE;
    return security_try_chain(security, chain, &seal->certificate, judge_removal, &removal);
}
