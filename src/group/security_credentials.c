/* security_credentials.c - credentials for members who are known, and for those who are not yet.
 *
 * Happy path: the certificate that stands for the subject here is looked up by its peer name. Where
 * the issuer gives nothing, its name, key, role and length of time are taken over into a new one;
 * where the issuer gives all, they are held against it. security_issue.c does the rest. What was
 * issued is kept nowhere: a membership record or an invitation brings it back. Failure: a subject
 * that nobody knows and nothing was given for; what contradicts the known certificate. */
#include "group/security_internal.h"

struct search {
    const struct security *security;
    const char *peer_name;
    uint64_t utc;
    const struct certificate_row *best;
    bool best_holds;
};

/* One that has ended is still known; one that was revoked is not. */
static HRESULT consider(void *context, struct certificate_row *row)
{
    struct search *search = context;
    if (strcmp(row->peer_name, search->peer_name) != 0 ||
        revocation_certificate_dead(search->security->revocations, row))
        return S_OK;
    bool holds = certificate_row_valid(row, search->utc, VALIDITY_GRACE);
    bool better =
        !search->best ||
        (holds != search->best_holds ? holds : certificate_row_preferred(row, search->best));
    if (better) {
        search->best = row;
        search->best_holds = holds;
    }
    return S_OK;
}

static HRESULT find_known(const struct security *security, const char *peer_name, uint64_t utc,
                          const struct certificate_row **known)
{
    struct search search = {.security = security, .peer_name = peer_name, .utc = utc};
    HRESULT hr = S_OK;
    for (uint32_t depth = 1; depth <= LIMIT_CHAIN_LENGTH && SUCCEEDED(hr); depth++)
        hr = certificate_table_each(security->table, depth, consider, &search);
    *known = search.best;
    return hr;
}

/* [contract 7.11, 7.20] As long as the old one, from now, and never beyond the issuer. */
static void same_again(const struct certificate_row *known, const struct certificate_row *issuer,
                       uint64_t utc, struct issue_request *wanted)
{
    uint64_t start = utc > VALIDITY_GRACE ? utc - VALIDITY_GRACE : 0;
    start -= start % TICKS_PER_SECOND;
    if (start < issuer->not_before)
        start = issuer->not_before;
    /* [contract 7.14] */
    if (start <= known->not_before)
        start = known->not_before + TICKS_PER_SECOND;
    uint64_t length = known->not_after - known->not_before;
    bool endless = known->not_after == TICKS_UNLIMITED;
    memcpy(wanted->key, known->key, KEY_SIZE);
    wanted->friendly_name = known->friendly_name;
    wanted->roles = known->roles;
    wanted->not_before = start;
    wanted->not_after =
        endless || start + length > issuer->not_after ? issuer->not_after : start + length;
}

/* [contract 7.13, 7.14] 0 would leave the choice to security_issue; it is no date to give. */
static HRESULT as_given(const struct credential_request *request,
                        const struct certificate_row *known, struct issue_request *wanted)
{
    bool dated = request->not_before >= TICKS_PER_SECOND && request->not_after > 0;
    if (!dated || (known && memcmp(known->key, request->key, KEY_SIZE) != 0))
        return E_INVALIDARG;
    uint64_t start = request->not_before - request->not_before % TICKS_PER_SECOND;
    if (known && start <= known->not_before)
        return E_INVALIDARG;
    bool named = request->friendly_name && request->friendly_name[0];
    memcpy(wanted->key, request->key, KEY_SIZE);
    wanted->friendly_name = named || !known ? request->friendly_name : known->friendly_name;
    wanted->roles = request->roles;
    wanted->not_before = request->not_before;
    wanted->not_after = request->not_after;
    return S_OK;
}

HRESULT security_credentials(struct security *security, const struct credential_request *request,
                             uint64_t utc, struct issued_credentials *issued)
{
    const struct certificate_row *issuer, *known;
    struct issue_request wanted = {.peer_name = request->peer_name, .unkept = true};
    *issued = (struct issued_credentials){.chain = BUFFER_NULL};
    HRESULT hr = security_own(security, utc, &issuer);
    if (FAILED(hr))
        return hr;
    if (!roles_may_issue(issuer->roles, ROLE_MEMBER))
        return PEER_E_NOT_AUTHORIZED;
    hr = find_known(security, request->peer_name, utc, &known);
    if (FAILED(hr))
        return hr;
    if (request->given)
        hr = as_given(request, known, &wanted);
    else if (known)
        same_again(known, issuer, utc, &wanted);
    else
        hr = PEER_E_NOT_FOUND;
    if (SUCCEEDED(hr))
        hr = security_issue(security, &wanted, utc, &issued->chain);
    issued->not_after = wanted.not_after;
    if (FAILED(hr))
        buffer_deinit(&issued->chain);
    return hr;
}
