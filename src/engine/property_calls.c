/* property_calls.c - what a group agrees on, and letting others in.
 *
 * Changed properties are drafted and sealed by group/security.h and published like any record. A
 * new password is derived on the caller's thread, since that is slow on purpose. Failure: the code
 * of the first check that fails, before anything was published. */
#include "engine/engine_internal.h"
#include "group/identity_xml.h"

struct properties_call {
    struct call call;
    uint64_t session;
    struct group_properties *out;
    const struct engine_set_properties *set;
    struct group_password password;
    bool has_password;
};

static HRESULT run_get(struct call *call)
{
    struct properties_call *this = (struct properties_call *)call;
    struct node *node;
    const struct group_properties *properties;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        hr = security_properties(node->security, &properties);
    return SUCCEEDED(hr) ? group_properties_copy(properties, this->out) : hr;
}

HRESULT engine_group_properties(uint64_t session, struct group_properties *properties)
{
    *properties = (struct group_properties){.flags = 0};
    struct properties_call this = {.session = session, .out = properties};
    return call_run(&this.call, run_get);
}

static bool same_text(const char *given, const char *held)
{
    return strcmp(given ? given : "", held) == 0;
}

/* [contract PeerGroupSetProperties] names, cloud and classifier stay as they are. */
static HRESULT check_frozen(const struct engine_set_properties *set,
                            const struct group_properties *held)
{
    bool same = same_text(set->wish.group_name, held->group_name) &&
                same_text(set->creator, held->creator_name) && same_text(set->cloud, held->cloud) &&
                same_text(set->wish.classifier, held->classifier);
    return same ? S_OK : PEER_E_INVALID_GROUP_PROPERTIES;
}

static HRESULT publish_properties(struct node *node, struct call *call,
                                  const struct group_properties *wanted)
{
    struct sealed_record sealed;
    security_set_time(node->security, loop_utc());
    HRESULT hr = security_properties_record(node->security, wanted, node_peer_time(node), &sealed);
    if (FAILED(hr))
        return hr;
    struct graph_sealed complete = {.record = &sealed.record,
                                    .digest = &sealed.digest,
                                    .seal = &sealed.seal,
                                    .header = buffer_view(&sealed.header),
                                    .payload = buffer_view(&sealed.payload)};
    struct graph_publish publish = {
        .kind = PUBLISH_SEALED, .sealed = &complete, .sealed_count = 1, .reserved = true};
    hr = call_publish(node, call, &publish);
    sealed_record_deinit(&sealed);
    return hr;
}

static HRESULT run_set(struct call *call)
{
    struct properties_call *this = (struct properties_call *)call;
    struct node *node;
    const struct group_properties *held;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        hr = security_properties(node->security, &held);
    if (FAILED(hr))
        return hr;
    if (!security_may_set_properties(node->security))
        return PEER_E_NOT_AUTHORIZED;
    hr = check_frozen(this->set, held);
    struct group_properties wanted = {.flags = 0};
    if (SUCCEEDED(hr))
        hr = group_properties_copy(held, &wanted);
    if (FAILED(hr))
        return hr;
    struct group_wish wish = this->set->wish;
    if (!this->set->long_form)
        wish.schemes = held->schemes;
    bool had = held->password.role != 0;
    if ((wish.schemes & GROUP_SCHEME_PASSWORD) && !this->has_password && !had)
        hr = PEER_E_INVALID_GROUP_PROPERTIES;
    if (SUCCEEDED(hr))
        hr = group_properties_apply(&wish, &wanted);
    if (SUCCEEDED(hr) && this->has_password)
        wanted.password = this->password;
    else if (SUCCEEDED(hr) && (wish.schemes & GROUP_SCHEME_PASSWORD) && this->set->long_form)
        wanted.password.role = wish.password_role;
    if (SUCCEEDED(hr))
        hr = publish_properties(node, call, &wanted);
    group_properties_deinit(&wanted);
    return hr;
}

static HRESULT run_may_set(struct call *call)
{
    struct properties_call *this = (struct properties_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    return security_may_set_properties(node->security) ? S_OK : PEER_E_NOT_AUTHORIZED;
}

HRESULT engine_group_set_properties(uint64_t session, const struct engine_set_properties *set)
{
    struct properties_call this = {.session = session, .set = set};
    struct group_wish wish = set->wish;
    wish.group_name = wish.classifier = NULL;
    bool wants_password = set->long_form && wish.password && (wish.schemes & GROUP_SCHEME_PASSWORD);
    if (!set->long_form)
        wish.schemes = GROUP_SCHEME_CERTIFICATE;
    /* Whether the caller may is known first: a stranger learns nothing about the rest. */
    HRESULT hr = call_run(&this.call, run_may_set);
    if (SUCCEEDED(hr))
        hr = group_wish_check(&wish, !wants_password);
    if (SUCCEEDED(hr) && wants_password) {
        hr = password_make(wish.password, wish.password_role, &this.password);
        this.has_password = true;
    }
    return SUCCEEDED(hr) ? call_run(&this.call, run_set) : hr;
}

/* ---- invitations ---- */

HRESULT node_invitation(struct node *node, enum group_scheme scheme, struct bytes chain,
                        struct buffer *xml)
{
    struct sockaddr_in6 sockets[LIMIT_ADDRESSES];
    struct address hints[LIMIT_ADDRESSES];
    uint32_t count = 0;
    if (node->listening)
        count = transport_addresses(node->engine->transport, sockets, LIMIT_ADDRESSES);
    for (uint32_t i = 0; i < count; i++)
        hints[i] = address_of_socket(&sockets[i]);
    struct invite_request wrap = {.scheme = scheme,
                                  .chain = chain,
                                  .scope = SCOPE_GLOBAL,
                                  .hints = hints,
                                  .hint_count = count};
    const char *cloud = security_cloud(node->security);
    if (strncmp(cloud, "LinkLocal_", 10) == 0) {
        wrap.scope = SCOPE_LINK_LOCAL;
        wrap.cloud_flags = CLOUD_FLAG_PRIVATE;
    }
    return security_invite(node->security, &wrap, xml);
}

struct invite_call {
    struct call call;
    uint64_t session;
    const struct engine_invite *invite;
    const struct certificate *identity;
    struct buffer xml;
};

static HRESULT invite(struct node *node, struct invite_call *this, struct buffer *chain)
{
    uint64_t utc = loop_utc();
    struct issue_request request = {.peer_name = this->identity->peer_name,
                                    .friendly_name = this->identity->friendly_name,
                                    .roles = this->invite->roles,
                                    .not_after = this->invite->expiration,
                                    .unkept = true};
    memcpy(request.key, this->identity->key, KEY_SIZE);
    security_set_time(node->security, utc);
    HRESULT hr = security_issue(node->security, &request, utc, chain);
    if (FAILED(hr))
        return hr;
    return node_invitation(node, GROUP_SCHEME_CERTIFICATE, buffer_view(chain), &this->xml);
}

static HRESULT run_invite(struct call *call)
{
    struct invite_call *this = (struct invite_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    struct buffer chain = BUFFER_NULL;
    hr = invite(node, this, &chain);
    buffer_deinit(&chain);
    if (hr == E_OUTOFMEMORY || hr == PEER_E_DISK_FULL)
        node->failed = hr;
    if (SUCCEEDED(hr))
        hr = node_acted(node);
    if (SUCCEEDED(hr) || FAILED(node->failed))
        call_defer(node, call, hr);
    return hr;
}

HRESULT engine_group_invite(uint64_t session, const struct engine_invite *invite_wish, char **xml)
{
    *xml = NULL;
    struct certificate identity = {.owned = NULL};
    CLEANUP_BUFFER struct buffer der = BUFFER_NULL;
    bool deleted = false;
    HRESULT hr = identity_xml_parse(invite_wish->identity_xml, &identity, &der);
    if (FAILED(hr))
        return hr;
    hr = identity_was_deleted(&identity.key_hash, &deleted);
    if (SUCCEEDED(hr) && deleted)
        hr = PEER_E_IDENTITY_DELETED;
    struct invite_call this = {
        .session = session, .invite = invite_wish, .identity = &identity, .xml = BUFFER_SECRET};
    if (SUCCEEDED(hr))
        hr = call_run(&this.call, run_invite);
    certificate_deinit(&identity);
    if (SUCCEEDED(hr))
        *xml = (char *)buffer_take(&this.xml);
    buffer_deinit(&this.xml);
    return hr;
}
