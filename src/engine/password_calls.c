/* password_calls.c - joining by password, trying again, and inviting those who know the password.
 *
 * Happy path: the invitation is read, the password is derived on the caller's thread, the group is
 * made known, the key put into its file, and the node is offline until it connects. Who
 * has joined before gets one more handle, and its next Connect asks whom the invitation names, too:
 * who was let in by somebody that the group has removed hears of it there, and of nobody whom that
 * one knows. As long as there is no certificate the password given last is the one that counts.
 * Failure: nothing of a new group stays behind. */
#include "engine/engine_internal.h"
#include "group/password_file.h"

#include <sodium.h>

struct joining_call {
    struct call call;
    uint64_t session;
    const struct invitation *invitation;
    uint8_t salt[PASSWORD_SALT_SIZE]; /* in: the invitation's; out: what holds */
    struct password_cost cost;
    bool needed;
    const struct password_key *key;
    char *text; /* guarded; taken */
};

struct password_join {
    const char *identity;
    const struct invitation *invitation;
    const char *password;
    struct password_key key; /* derived so far */
};

/* What was derived before stays when it fits. */
static HRESULT derive(struct password_join *join, const uint8_t salt[PASSWORD_SALT_SIZE],
                      const struct password_cost *cost)
{
    if (password_key_fits(&join->key, salt, cost))
        return S_OK;
    password_key_deinit(&join->key);
    return password_key_derive(join->password, salt, cost, &join->key);
}

/* ---- a group that is open here ---- */

static HRESULT take_invitation(struct node *node, const struct invitation *invitation)
{
    HRESULT hr = security_adopt_password_again(node->security, invitation);
    if (FAILED(hr) && hr != PEER_E_INVITATION_NOT_TRUSTED)
        node->failed = hr;
    return hr;
}

static HRESULT run_look(struct call *call)
{
    struct joining_call *this = (struct joining_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    this->needed = security_needs_password(node->security, loop_utc());
    if (this->needed)
        return security_password_salt(node->security, this->salt, &this->cost);
    hr = take_invitation(node, this->invitation);
    if (hr != PEER_E_INVITATION_NOT_TRUSTED)
        call_defer(node, call, hr);
    return hr;
}

static HRESULT run_replace(struct call *call)
{
    struct joining_call *this = (struct joining_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    /* The certificate may have come while the password was derived. */
    if (FAILED(hr) || !security_needs_password(node->security, loop_utc()))
        return hr;
    hr = take_invitation(node, this->invitation);
    if (hr == PEER_E_INVITATION_NOT_TRUSTED)
        return hr;
    if (SUCCEEDED(hr)) {
        char *text = this->text;
        this->text = NULL;
        hr = node_password_set(node, this->key, text);
    }
    call_defer(node, call, hr);
    return hr;
}

static HRESULT replace_password(struct password_join *join, uint64_t session)
{
    struct joining_call this = {.session = session, .invitation = join->invitation};
    memcpy(this.salt, join->invitation->password.salt, PASSWORD_SALT_SIZE);
    this.cost = join->invitation->password.cost;
    HRESULT hr = call_run(&this.call, run_look);
    if (FAILED(hr) || !this.needed)
        return hr;
    hr = derive(join, this.salt, &this.cost);
    if (FAILED(hr))
        return hr;
    struct joining_call next = {.session = session,
                                .invitation = join->invitation,
                                .key = &join->key,
                                .text = password_text_copy(join->password)};
    hr = next.text ? call_run(&next.call, run_replace) : E_OUTOFMEMORY;
    sodium_free(next.text);
    return hr;
}

static HRESULT join_open(struct password_join *join, uint64_t *session)
{
    HRESULT hr = replace_password(join, *session);
    if (SUCCEEDED(hr))
        return PEER_S_ALREADY_A_MEMBER;
    HRESULT closed = engine_group_close(*session);
    (void)closed; /* the first failure is the one to tell */
    *session = 0;
    return hr;
}

/* ---- a group that is not ---- */

static HRESULT keep_key(struct password_join *join, struct node_parts *parts)
{
    HRESULT hr = password_file_save(parts->identity, parts->group, &join->key);
    if (FAILED(hr))
        return hr;
    parts->password_key = password_key_share(&join->key);
    parts->password_text = password_text_copy(join->password);
    return parts->password_text ? S_OK : E_OUTOFMEMORY;
}

static HRESULT join_new(struct password_join *join, struct node_parts *parts)
{
    const struct invitation *invitation = join->invitation;
    HRESULT hr = derive(join, invitation->password.salt, &invitation->password.cost);
    if (SUCCEEDED(hr))
        hr = group_parts_identity(join->identity, parts);
    if (SUCCEEDED(hr))
        hr = group_parts_new_store(parts, invitation->group_name);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(invitation->group_name);
    if (!parts->group)
        return E_OUTOFMEMORY;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_adopt_password(parts->store, &self, invitation, loop_utc(), &parts->security);
    /* The key last: a group that is not known would leave its file behind. */
    if (SUCCEEDED(hr))
        hr = group_parts_announce(parts);
    return SUCCEEDED(hr) ? keep_key(join, parts) : hr;
}

static HRESULT join_again(struct password_join *join, const struct group_entry *entry,
                          struct node_parts *parts)
{
    const struct group_password *given = &join->invitation->password;
    uint8_t salt[PASSWORD_SALT_SIZE];
    struct password_cost cost = given->cost;
    memcpy(salt, given->salt, sizeof(salt));
    HRESULT hr = group_parts_open(join->identity, entry, parts);
    if (FAILED(hr))
        return hr;
    bool needed = security_needs_password(parts->security, loop_utc());
    if (needed)
        hr = security_password_salt(parts->security, salt, &cost);
    if (needed && SUCCEEDED(hr))
        hr = derive(join, salt, &cost);
    if (SUCCEEDED(hr))
        hr = security_adopt_password_again(parts->security, join->invitation);
    if (SUCCEEDED(hr))
        hr = parts->store->ops->commit(parts->store);
    if (FAILED(hr))
        return hr;
    return needed ? keep_key(join, parts) : group_parts_password(parts);
}

/* S_OK: a new one; PEER_S_ALREADY_A_MEMBER: it was there. */
static HRESULT join_parts(struct password_join *join, struct node_parts *parts)
{
    struct group_entry entry = {.group = NULL};
    HRESULT hr = group_entry_find(join->identity, join->invitation->group_name, &entry);
    if (SUCCEEDED(hr)) {
        hr = join_again(join, &entry, parts);
        group_entry_deinit(&entry);
        return SUCCEEDED(hr) ? PEER_S_ALREADY_A_MEMBER : hr;
    }
    if (hr != PEER_E_NOT_FOUND)
        return hr;
    hr = join_new(join, parts);
    if (FAILED(hr) && parts->identity)
        group_parts_undo(parts);
    return hr;
}

static HRESULT join_group(struct password_join *join, uint64_t *session)
{
    const char *group = join->invitation->group_name;
    HRESULT hr = group_reopen(join->identity, group, session);
    if (hr == S_OK)
        return join_open(join, session);
    struct node_parts parts = {.lock_fd = -1};
    if (SUCCEEDED(hr))
        hr = join_parts(join, &parts);
    bool fresh = parts.announced;
    HRESULT adopted = SUCCEEDED(hr) ? group_adopt(&parts, session) : hr;
    if (FAILED(adopted))
        group_join_undo(&parts, fresh, join->identity, group);
    node_parts_deinit(&parts);
    return FAILED(adopted) ? adopted : hr;
}

/* ---- the calls ---- */

static HRESULT told(HRESULT hr)
{
    if (hr == PEER_E_ALREADY_EXISTS)
        return PEER_E_GROUP_IN_USE; /* another process was faster */
    bool gone = hr == PEER_E_NOT_FOUND || hr == IDENTITY_E_DELETED;
    return gone ? PEER_E_INVALID_PEER_NAME : hr;
}

/* Without a look at the group first, only the invitation's salt is known; it is the one that holds
 * for whoever joins for the first time, and nobody else waits meanwhile. */
static HRESULT derive_early(struct password_join *join)
{
    struct group_entry entry = {.group = NULL};
    HRESULT hr = group_entry_find(join->identity, join->invitation->group_name, &entry);
    if (SUCCEEDED(hr))
        group_entry_deinit(&entry);
    if (hr != PEER_E_NOT_FOUND)
        return FAILED(hr) ? hr : S_OK;
    return derive(join, join->invitation->password.salt, &join->invitation->password.cost);
}

static HRESULT join_by(const struct engine_password_join *wanted,
                       const struct invitation *invitation, uint64_t *session)
{
    struct cloud_info info;
    struct password_join join = {
        .identity = wanted->identity, .invitation = invitation, .password = wanted->password};
    if (invitation->scheme != GROUP_SCHEME_PASSWORD)
        return E_INVALIDARG;
    const char *cloud = wanted->cloud ? wanted->cloud : invitation->cloud;
    HRESULT hr = group_select_cloud(cloud, wanted->cloud != NULL, &info);
    if (SUCCEEDED(hr))
        hr = derive_early(&join);
    if (SUCCEEDED(hr)) {
        group_opening_lock();
        hr = join_group(&join, session);
        group_opening_unlock();
    }
    password_key_deinit(&join.key);
    return hr;
}

HRESULT engine_group_password_join(const struct engine_password_join *wanted, uint64_t *session)
{
    struct invitation invitation = {.cloud = NULL};
    *session = 0;
    HRESULT hr = group_require_engine();
    if (SUCCEEDED(hr))
        hr = identity_state(wanted->identity);
    if (FAILED(hr))
        return told(hr);
    hr = invitation_parse(bytes_of_text(wanted->invitation), &invitation);
    if (FAILED(hr))
        return hr;
    hr = join_by(wanted, &invitation, session);
    invitation_deinit(&invitation);
    return told(hr);
}

struct resume_call {
    struct call call;
    uint64_t session;
    uint64_t registration;
};

static HRESULT run_resume(struct call *call)
{
    struct resume_call *this = (struct resume_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    if (!events_has(node, this->registration))
        return E_INVALIDARG;
    return group_go_online(node, NULL, 0);
}

HRESULT engine_group_resume(uint64_t session, uint64_t registration)
{
    struct resume_call this = {.session = session, .registration = registration};
    return call_run(&this.call, run_resume);
}

struct invite_password_call {
    struct call call;
    uint64_t session;
    struct buffer xml;
};

static HRESULT run_invite_password(struct call *call)
{
    struct invite_password_call *this = (struct invite_password_call *)call;
    struct node *node;
    uint64_t utc = loop_utc();
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        hr = security_may_admit(node->security, utc);
    if (FAILED(hr))
        return hr == PEER_E_INVALID_TIME_PERIOD ? PEER_E_NOT_AUTHORIZED : hr;
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    hr = security_own_chain(node->security, utc, &chain);
    if (SUCCEEDED(hr))
        hr = node_invitation(node, GROUP_SCHEME_PASSWORD, buffer_view(&chain), &this->xml);
    return hr;
}

HRESULT engine_group_invite_password(uint64_t session, char **xml)
{
    struct invite_password_call this = {.session = session};
    HRESULT hr = call_run(&this.call, run_invite_password);
    *xml = SUCCEEDED(hr) ? (char *)buffer_take(&this.xml) : NULL;
    buffer_deinit(&this.xml);
    return hr;
}
