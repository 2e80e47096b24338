/* security_issue.c - certificates for others, and the invitations that carry them.
 *
 * Happy path: the own certificate entitles to the roles that are wanted, the dates nest in its own,
 * the chain stays within its limits; its chain is what invitations and membership records carry,
 * and the new certificate is kept where that is wanted. Failure: every refusal has its documented
 * code, and nothing is kept. */
#include "group/security_internal.h"

#include "group/peer_name.h"

static uint64_t whole_seconds(uint64_t ticks)
{
    return ticks / TICKS_PER_SECOND * TICKS_PER_SECOND;
}

static bool stands_in_chain(const struct certificate_row *row, const uint8_t key[KEY_SIZE])
{
    for (; row; row = row->issuer) {
        if (memcmp(row->key, key, KEY_SIZE) == 0)
            return true;
    }
    return false;
}

/* [ruling 21, 23] Who may give what, and how deep. */
static HRESULT check_right(const struct certificate_row *issuer,
                           const struct certificate_request *wanted)
{
    struct hash key;
    key_hash(wanted->key, &key);
    if (!roles_may_issue(issuer->roles, wanted->roles))
        return PEER_E_NOT_AUTHORIZED;
    if (issuer->depth + 1 > LIMIT_CHAIN_LENGTH)
        return PEER_E_CHAIN_TOO_LONG;
    bool possible =
        peer_name_matches(wanted->peer_name, &key) && !stands_in_chain(issuer, wanted->key);
    return possible ? S_OK : E_INVALIDARG;
}

HRESULT security_readmission(struct security *security, const struct hash *key,
                             uint64_t *not_before)
{
    uint64_t last;
    if (!revocation_last(security->revocations, key, &last))
        return S_FALSE;
    if (*not_before <= last)
        *not_before = whole_seconds(last) + TICKS_PER_SECOND;
    return S_OK;
}

/* [protocol 7] Who was removed comes back with a certificate that starts later, by an
 * administrator. */
static HRESULT readmit(struct security *security, const struct certificate_row *issuer, bool chosen,
                       struct certificate_request *wanted)
{
    struct hash key;
    uint64_t before = wanted->not_before;
    key_hash(wanted->key, &key);
    if (security_readmission(security, &key, &wanted->not_before) == S_FALSE)
        return S_OK;
    /* Knowing the password is no administrator's consent. */
    if (!(issuer->roles & ROLE_ADMIN) || wanted->properties)
        return PEER_E_NOT_AUTHORIZED;
    return chosen && wanted->not_before != before ? E_INVALIDARG : S_OK;
}

/* [ruling 23] Dates nest; a certificate starts up to 20 minutes before its issue. */
static HRESULT choose_dates(struct security *security, const struct certificate_row *issuer,
                            const struct issue_request *request, uint64_t utc,
                            struct certificate_request *wanted)
{
    uint64_t early = utc > VALIDITY_GRACE ? whole_seconds(utc - VALIDITY_GRACE) : 0;
    if (early < issuer->not_before)
        early = issuer->not_before;
    wanted->not_before = request->not_before ? whole_seconds(request->not_before) : early;
    wanted->not_after = request->not_after ? whole_seconds(request->not_after) : issuer->not_after;
    HRESULT hr = readmit(security, issuer, request->not_before != 0, wanted);
    if (FAILED(hr))
        return hr;
    bool nest = wanted->not_before >= issuer->not_before &&
                wanted->not_after <= issuer->not_after && wanted->not_before < wanted->not_after &&
                wanted->not_after > utc;
    return nest ? S_OK : E_INVALIDARG;
}

HRESULT security_issue_below(struct security *security, const struct issuing *by,
                             const struct certificate_request *wanted, struct buffer *chain)
{
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    struct certificate parsed;
    size_t before = chain->size;
    HRESULT hr = security_parse(security, by->row, &parsed);
    if (FAILED(hr))
        return hr;
    hr = certificate_issue(wanted, &parsed, by->key, &der);
    certificate_deinit(&parsed);
    if (SUCCEEDED(hr))
        hr = security_certificate_chain(&security->provider, &by->row->hash, chain);
    struct bytes view = buffer_view(&der);
    if (SUCCEEDED(hr))
        hr = chain_encode(&view, 1, chain);
    if (SUCCEEDED(hr) && chain->size - before > CHAIN_SIZE_MAX)
        hr = PEER_E_CHAIN_TOO_LONG;
    if (SUCCEEDED(hr) && by->keep)
        hr = security_keep(security, view, NULL);
    if (FAILED(hr))
        chain->size = before;
    else if (by->keep)
        security->store->ops->mark_durable(security->store);
    return FAILED(hr) ? hr : S_OK;
}

HRESULT security_issue(struct security *security, const struct issue_request *request, uint64_t utc,
                       struct buffer *chain)
{
    const struct group_properties *properties;
    const struct certificate_row *issuer;
    struct certificate_request wanted = {
        .kind = CERTIFICATE_MEMBER,
        .peer_name = request->peer_name,
        .friendly_name = request->friendly_name,
        .roles = request->roles ? request->roles : ROLE_MEMBER,
        .properties = request->properties,
    };
    memcpy(wanted.key, request->key, KEY_SIZE);
    HRESULT hr = security_properties(security, &properties);
    if (SUCCEEDED(hr))
        hr = security_own(security, utc, &issuer);
    if (SUCCEEDED(hr))
        hr = check_right(issuer, &wanted);
    if (SUCCEEDED(hr))
        hr = choose_dates(security, issuer, request, utc, &wanted);
    if (FAILED(hr))
        return hr;
    const struct issuing by = {.row = issuer, .key = security->key, .keep = !request->unkept};
    return security_issue_below(security, &by, &wanted, chain);
}

HRESULT security_invite(struct security *security, const struct invite_request *request,
                        struct buffer *xml)
{
    const struct group_properties *properties;
    HRESULT hr = security_properties(security, &properties);
    if (FAILED(hr))
        return hr;
    if (request->hint_count > LIMIT_ADDRESSES ||
        (request->scheme == GROUP_SCHEME_PASSWORD && properties->password.role == 0))
        return E_INVALIDARG;
    struct invitation invitation = {
        .scheme = request->scheme,
        .cloud = properties->cloud,
        .scope = request->scope,
        .cloud_flags = request->cloud_flags,
        .group_name = properties->group_name,
        .group_friendly_name = properties->friendly_name,
        .hint_count = request->hint_count,
        .rendezvous = properties->rendezvous,
        .password = properties->password,
        .chain = request->chain,
    };
    if (request->hint_count > 0)
        memcpy(invitation.hints, request->hints, request->hint_count * sizeof(struct address));
    revocation_set_summary(security->revocations, &invitation.revocations);
    return invitation_make(&invitation, security->key, xml);
}
