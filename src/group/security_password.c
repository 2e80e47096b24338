/* security_password.c - admitting by password: who may, under which Security Properties, and the
 * certificate that comes of it.
 *
 * Happy path: who admits hands out the record of its Security Properties, later issues below its
 * own certificate with the password's role and the digest of that record; the same key gets the
 * same certificate again as long as the terms are the same, so that asking twice leaves no more
 * behind than asking once, and no key gets more than a few, whatever it calls itself. Who has no
 * right knows from presence records who has. Failure: the codes tell this member's own troubles
 * from what stands against who asks; the handshake tells strangers none of them. */
#include "group/security_internal.h"

#include "graph/graph.h"
#include "group/security_password.h"

static HRESULT password_terms(const struct security *security, struct group_password *password)
{
    const struct group_properties *properties;
    HRESULT hr = security_properties(security, &properties);
    if (FAILED(hr))
        return hr;
    *password = properties->password;
    return password->role ? S_OK : E_INVALIDARG;
}

/* What it gives ends with it: in its grace it can give nothing that holds. */
static HRESULT may_admit_below(const struct certificate_row *row, unsigned role, uint64_t utc)
{
    if (!roles_may_issue(row->roles, role))
        return PEER_E_NOT_AUTHORIZED;
    if (row->not_after <= utc)
        return PEER_E_INVALID_TIME_PERIOD;
    return row->depth >= LIMIT_CHAIN_LENGTH ? PEER_E_CHAIN_TOO_LONG : S_OK;
}

HRESULT security_may_admit(const struct security *security, uint64_t utc)
{
    const struct certificate_row *row;
    struct group_password password;
    HRESULT hr = password_terms(security, &password);
    if (SUCCEEDED(hr))
        hr = security_own(security, utc, &row);
    return SUCCEEDED(hr) ? may_admit_below(row, password.role, utc) : hr;
}

/* ---- the offer ---- */

/* The group's own certificate came with the invitation; a deputy's goes with the record. */
static HRESULT deputy_of(struct security *security, const struct hash *certificate,
                         struct buffer *der)
{
    if (hash_equal(certificate, &certificate_table_root(security->table)->hash))
        return S_OK;
    HRESULT hr = security->store->ops->certificate_get(security->store, certificate, der);
    return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
}

HRESULT security_offer(struct security *security, struct buffer *out, struct password_terms *terms)
{
    CLEANUP_BUFFER struct buffer deputy = BUFFER_NULL;
    struct store_record stored;
    struct guid id;
    HRESULT hr = password_terms(security, &terms->password);
    if (FAILED(hr))
        return hr;
    security_properties_id(security, &id);
    hr = security->store->ops->get(security->store, &id, &stored);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_GROUP_NOT_READY : hr;
    terms->properties = stored.digest;
    hr = deputy_of(security, &stored.certificate, &deputy);
    struct password_offer offer = {.certificate = stored.certificate,
                                   .signature = stored.signature,
                                   .header = stored.header,
                                   .payload = stored.payload,
                                   .deputy = buffer_view(&deputy)};
    if (SUCCEEDED(hr))
        hr = password_encode_offer(&offer, out);
    store_record_deinit(&stored);
    return hr;
}

HRESULT security_offer_stands(struct security *security, const struct password_terms *terms)
{
    struct store_record stored;
    struct guid id;
    security_properties_id(security, &id);
    HRESULT hr = security->store->ops->find(security->store, &id, &stored);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_GROUP_NOT_READY : hr;
    return hash_equal(&stored.digest, &terms->properties) ? S_OK : PEER_E_GROUP_NOT_READY;
}

/* ---- issuing ---- */

static const char *name_in_certificate(const char *friendly_name, const char *peer_name)
{
    return friendly_name && friendly_name[0] ? friendly_name : peer_name;
}

/* The certificates that a key has from here under the same terms. */
struct given {
    uint32_t count;
    const struct certificate_row *same; /* it bears the very names that are wanted */
};

static HRESULT note_given(struct security *security, const struct certificate_row *row,
                          const struct issue_request *wanted, struct given *given)
{
    struct certificate certificate;
    HRESULT hr = security_parse(security, row, &certificate);
    if (FAILED(hr))
        return hr;
    bool counts = hash_equal(&certificate.properties, wanted->properties) &&
                  certificate.roles == wanted->roles && !certificate.deputy &&
                  strcmp(certificate.peer_name, wanted->peer_name) == 0;
    given->count += counts;
    if (counts && strcmp(certificate.friendly_name,
                         name_in_certificate(wanted->friendly_name, wanted->peer_name)) == 0)
        given->same = row;
    certificate_deinit(&certificate);
    return S_OK;
}

static HRESULT find_given(struct security *security, const struct certificate_row *issuer,
                          const struct issue_request *wanted, uint64_t utc, struct given *given)
{
    struct hash key;
    HRESULT hr = S_OK;
    key_hash(wanted->key, &key);
    for (const struct certificate_row *row = certificate_table_of_key(security->table, &key);
         row && SUCCEEDED(hr); row = row->next_of_key) {
        if (row->issuer == issuer && certificate_row_valid(row, utc, 0) &&
            !revocation_certificate_dead(security->revocations, row))
            hr = note_given(security, row, wanted, given);
    }
    return hr;
}

/* [protocol 8] No name makes a fourth one, or asking under ever new names would fill the disk. */
static HRESULT give(struct security *security, const struct certificate_row *own,
                    const struct issue_request *wanted, uint64_t utc, struct buffer *chain)
{
    struct given given = {.count = 0};
    HRESULT hr = find_given(security, own, wanted, utc, &given);
    if (FAILED(hr))
        return hr;
    if (given.same)
        return security_certificate_chain(&security->provider, &given.same->hash, chain);
    if (given.count >= LIMIT_PASSWORD_NAMES)
        return PEER_E_TOO_MANY_IDENTITIES;
    return security_issue(security, wanted, utc, chain);
}

HRESULT security_issue_by_password(struct security *security, const struct issue_request *request,
                                   const struct password_terms *terms, uint64_t utc,
                                   struct buffer *chain)
{
    const struct certificate_row *own;
    struct issue_request wanted = *request;
    struct hash key;
    uint64_t last;
    wanted.roles = terms->password.role;
    wanted.not_before = wanted.not_after = 0;
    wanted.properties = &terms->properties;
    key_hash(request->key, &key);
    HRESULT hr = security_may_admit(security, utc);
    if (SUCCEEDED(hr))
        hr = security_own(security, utc, &own);
    if (FAILED(hr))
        return hr;
    /* [protocol 7] Who was removed comes back by an administrator's word alone. */
    if (revocation_last(security->revocations, &key, &last))
        return E_INVALIDARG;
    /* Others, who do not stand below it, may admit this key. */
    for (const struct certificate_row *row = own; row; row = row->issuer) {
        if (hash_equal(&row->key_hash, &key))
            return PEER_E_NOT_AUTHORIZED;
    }
    return give(security, own, &wanted, utc, chain);
}

/* ---- who else may ---- */

struct listing {
    struct security *security;
    unsigned role;
    struct address_list *list;
};

static bool is_listed(const struct address_list *list, const struct address *address)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (address_equal(&list->items[i], address))
            return true;
    }
    return false;
}

static HRESULT list_issuer(void *context, const struct store_record *stored)
{
    struct listing *listing = context;
    struct security *security = listing->security;
    struct presence presence;
    const struct certificate_row *row = security_best(security, &stored->creator, security->utc);
    if (!row || hash_equal(&stored->creator, &security->key_hash) ||
        FAILED(may_admit_below(row, listing->role, security->utc)) ||
        FAILED(presence_decode(stored->payload, &presence)) || presence.addresses.count == 0)
        return S_OK;
    const struct address *address = &presence.addresses.items[0];
    if (!is_listed(listing->list, address))
        listing->list->items[listing->list->count++] = *address;
    return listing->list->count < LIMIT_REFERRALS ? S_OK : S_FALSE;
}

HRESULT security_issuers(struct security *security, uint64_t now, struct address_list *list)
{
    struct group_password password;
    list->count = 0;
    HRESULT hr = password_terms(security, &password);
    if (FAILED(hr))
        return hr == E_INVALIDARG ? S_OK : hr;
    struct listing listing = {.security = security, .role = password.role, .list = list};
    struct store *store = security->store;
    return store->ops->each(store, &RECORD_TYPE_PRESENCE, now, true, list_issuer, &listing);
}
