/* credential_calls.c - credentials for members: issued, renewed, and published to the group.
 *
 * Happy path: on the caller's thread the issuing identity is looked up, since its deletion, and a
 * folder of keys that is open to others, have codes of their own; on the loop group/security.h
 * issues and an invitation is wrapped around the chain. Where the group is to keep it, a membership
 * record carries the chain to all, in a call of its own that ends when that is on disk: so whatever
 * fails before leaves nothing behind. */
#include "engine/engine_internal.h"

void engine_issued_deinit(struct engine_issued *issued)
{
    mem_free(issued->invitation);
    buffer_deinit(&issued->chain);
    *issued = (struct engine_issued){.chain = BUFFER_NULL};
}

/* ---- issuing ---- */

struct issue_call {
    struct call call;
    uint64_t session;
    const struct engine_issue *issue;
    char *identity;
    struct engine_issued *issued;
};

static HRESULT run_issuer(struct call *call)
{
    struct issue_call *this = (struct issue_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    this->identity = mem_strdup(node->identity);
    return this->identity ? S_OK : E_OUTOFMEMORY;
}

static HRESULT check_issuer(struct issue_call *this)
{
    HRESULT hr = call_run(&this->call, run_issuer);
    if (SUCCEEDED(hr))
        hr = identity_state(this->identity);
    mem_free(this->identity);
    return hr == IDENTITY_E_DELETED || hr == PEER_E_NOT_FOUND ? PEER_E_IDENTITY_DELETED : hr;
}

static HRESULT wrap(struct node *node, struct bytes chain, char **xml)
{
    CLEANUP_BUFFER struct buffer text = BUFFER_NULL;
    HRESULT hr = node_invitation(node, GROUP_SCHEME_CERTIFICATE, chain, &text);
    if (SUCCEEDED(hr))
        *xml = (char *)buffer_take(&text);
    return hr;
}

static HRESULT run_issue(struct call *call)
{
    struct issue_call *this = (struct issue_call *)call;
    const struct engine_issue *issue = this->issue;
    struct credential_request request = {.peer_name = issue->subject,
                                         .given = issue->given,
                                         .friendly_name = issue->friendly_name,
                                         .roles = issue->roles,
                                         .not_before = issue->validity_start,
                                         .not_after = issue->validity_end};
    struct issued_credentials made;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    memcpy(request.key, issue->key, KEY_SIZE);
    security_set_time(node->security, loop_utc());
    /* [protocol 4] Only an administrator announces others. */
    if (issue->store && !(security_own_roles(node->security, loop_utc()) & ROLE_ADMIN))
        return PEER_E_NOT_AUTHORIZED;
    hr = security_credentials(node->security, &request, loop_utc(), &made);
    if (FAILED(hr))
        return hr;
    this->issued->chain = made.chain;
    this->issued->validity_end = made.not_after;
    return issue->invitation ? wrap(node, buffer_view(&made.chain), &this->issued->invitation)
                             : S_OK;
}

/* The page has no code for an own membership that has ended. */
static HRESULT issue_result(HRESULT hr)
{
    if (hr == PEER_E_INVALID_TIME_PERIOD)
        return PEER_E_NOT_AUTHORIZED;
    return hr == PEER_E_NOT_FOUND ? PEER_E_IDENTITY_NOT_FOUND : hr;
}

HRESULT engine_group_issue(uint64_t session, const struct engine_issue *issue,
                           struct engine_issued *issued)
{
    *issued = (struct engine_issued){.chain = BUFFER_NULL};
    struct issue_call issuer = {.session = session};
    struct issue_call this = {.session = session, .issue = issue, .issued = issued};
    HRESULT hr = check_issuer(&issuer);
    if (SUCCEEDED(hr))
        hr = issue_result(call_run(&this.call, run_issue));
    if (FAILED(hr))
        engine_issued_deinit(issued);
    return hr;
}

/* ---- publishing ---- */

struct announce_call {
    struct call call;
    uint64_t session;
    const struct engine_issued *issued;
};

/* [contract 7.16] The record lives as membership records do, at most as long as the certificate. */
static HRESULT run_announce(struct call *call)
{
    struct announce_call *this = (struct announce_call *)call;
    const struct group_properties *properties;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        hr = security_properties(node->security, &properties);
    if (FAILED(hr))
        return hr;
    /* [contract 9.3] Who issues a certificate is known as a member. */
    hr = node_acted(node);
    if (FAILED(hr)) {
        call_defer(node, call, hr);
        return hr;
    }
    uint64_t end = node_peer_time(node) + properties->member_data_lifetime * TICKS_PER_SECOND;
    uint64_t last = this->issued->validity_end;
    return call_announce(node, call, buffer_view(&this->issued->chain), end < last ? end : last);
}

HRESULT engine_group_announce(uint64_t session, const struct engine_issued *issued)
{
    struct announce_call this = {.session = session, .issued = issued};
    return call_run(&this.call, run_announce);
}
