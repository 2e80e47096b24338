/* group_calls.c - groups come and go: create, open, join, connect, close, delete.
 *
 * What is slow (keys, passwords, opening a database) happens on the caller's thread, before the
 * loop hears of it; the loop then only takes the finished parts. A create or join that fails
 * removes everything it has made, so that it leaves no trace; a group is known to the user's
 * database only after its own store is on disk. */
#include "engine/engine_internal.h"
#include "engine/member_address.h"
#include "group/group_remains.h"

#include <pthread.h>

/* ---- taking parts into the loop ---- */

struct adopt_call {
    struct call call;
    struct node_parts *parts;
    uint64_t session;
};

static HRESULT run_adopt(struct call *call)
{
    struct adopt_call *this = (struct adopt_call *)call;
    struct node *node = node_find(call->engine, this->parts->identity, this->parts->group);
    if (node)
        return PEER_E_GROUP_IN_USE;
    HRESULT hr = node_new(call->engine, this->parts, &node);
    if (FAILED(hr))
        return hr;
    hr = session_new(call->engine, node, &this->session);
    if (FAILED(hr))
        node_free(node);
    return hr;
}

HRESULT group_adopt(struct node_parts *parts, uint64_t *session)
{
    struct adopt_call this = {.parts = parts};
    HRESULT hr = call_run(&this.call, run_adopt);
    if (SUCCEEDED(hr))
        *session = this.session;
    return hr;
}

HRESULT group_require_engine(void)
{
    return engine_is_running() ? S_OK : PEER_E_NOT_INITIALIZED;
}

HRESULT group_select_cloud(const char *name, bool own_words, struct cloud_info *info)
{
    struct engine *engine;
    HRESULT hr = engine_enter(&engine);
    if (FAILED(hr))
        return hr;
    hr = own_words ? cloud_select(engine->cloud, name, info)
                   : cloud_replace(engine->cloud, name, info);
    engine_leave();
    return hr;
}

/* ---- create ---- */

/* [rulings 11, 12] */
static HRESULT check_creator(const char *creator)
{
    if (!creator || !creator[0])
        return PEER_E_INVALID_GROUP_PROPERTIES;
    HRESULT hr = identity_state(creator);
    return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_PEER_NAME : hr;
}

static HRESULT create_parts(const struct engine_create *create, const char *cloud,
                            struct node_parts *parts)
{
    struct founding founding = {.wish = &create->wish, .cloud = cloud, .utc = loop_utc()};
    HRESULT hr = S_OK;
    if (create->wish.schemes & GROUP_SCHEME_PASSWORD)
        hr = password_make(create->wish.password, create->wish.password_role, &founding.password);
    if (SUCCEEDED(hr))
        hr = group_parts_identity(create->creator, parts);
    if (SUCCEEDED(hr))
        hr = group_parts_new_store(parts, "");
    if (FAILED(hr))
        return hr;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_new_founder(parts->store, &self, &founding, &parts->group_key, &parts->security);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(security_graph_id(parts->security));
    if (!parts->group)
        return E_OUTOFMEMORY;
    parts->created = true;
    hr = key_file_save(parts->group_key);
    return SUCCEEDED(hr) ? group_parts_announce(parts) : hr;
}

HRESULT engine_group_create(const struct engine_create *create, uint64_t *session)
{
    struct node_parts parts = {.lock_fd = -1};
    struct cloud_info cloud;
    *session = 0;
    HRESULT hr = group_require_engine();
    if (SUCCEEDED(hr))
        hr = check_creator(create->creator);
    if (SUCCEEDED(hr))
        hr = group_wish_check(&create->wish, false);
    if (SUCCEEDED(hr))
        hr = group_select_cloud(create->cloud, true, &cloud);
    if (FAILED(hr))
        return hr;
    hr = create_parts(create, cloud.name, &parts);
    CLEANUP_FREE char *identity = parts.identity ? mem_strdup(parts.identity) : NULL;
    CLEANUP_FREE char *group = parts.group ? mem_strdup(parts.group) : NULL;
    if (SUCCEEDED(hr))
        hr = group_adopt(&parts, session);
    if (FAILED(hr) && parts.identity)
        group_parts_undo(&parts);
    else if (FAILED(hr) && identity && group) {
        HRESULT undone = engine_group_delete(identity, group);
        (void)undone; /* the first failure is the one to tell */
    }
    node_parts_deinit(&parts);
    /* Deleted between the look at the creator and the end: that is what to say. */
    if (hr == PEER_E_NOT_FOUND || hr == PEER_E_NO_KEY_ACCESS) {
        HRESULT now = check_creator(create->creator);
        hr = FAILED(now) ? now : hr;
    }
    return hr;
}

/* ---- open ---- */

/* One thread at a time opens, joins or deletes: between the look whether a group is open here and
 * the end of it nobody else may do the same. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

void group_opening_lock(void)
{
    pthread_mutex_lock(&opening);
}

void group_opening_unlock(void)
{
    pthread_mutex_unlock(&opening);
}

struct reopen_call {
    struct call call;
    const char *identity;
    const char *group;
    uint64_t session;
};

static HRESULT run_reopen(struct call *call)
{
    struct reopen_call *this = (struct reopen_call *)call;
    struct node *node = node_find(call->engine, this->identity, this->group);
    if (!node)
        return S_FALSE;
    if (FAILED(node->failed))
        return node->failed;
    return session_new(call->engine, node, &this->session);
}

HRESULT group_reopen(const char *identity, const char *group, uint64_t *session)
{
    struct reopen_call this = {.identity = identity, .group = group};
    HRESULT hr = call_run(&this.call, run_reopen);
    *session = this.session;
    return hr;
}

static HRESULT open_group(const char *identity, const char *group, uint64_t *session)
{
    HRESULT hr = group_reopen(identity, group, session);
    if (hr != S_FALSE)
        return hr;
    struct group_entry entry = {.group = NULL};
    hr = group_entry_find(identity, group, &entry);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? E_INVALIDARG : hr;
    struct node_parts parts = {.lock_fd = -1};
    hr = group_parts_open(identity, &entry, &parts);
    if (SUCCEEDED(hr))
        hr = group_parts_password(&parts);
    if (SUCCEEDED(hr))
        hr = group_adopt(&parts, session);
    node_parts_deinit(&parts);
    group_entry_deinit(&entry);
    return hr == PEER_E_NOT_FOUND ? E_INVALIDARG : hr;
}

HRESULT engine_group_open(const char *identity, const char *group, const char *cloud,
                          uint64_t *session)
{
    *session = 0;
    struct cloud_info info;
    HRESULT hr = group_require_engine();
    if (SUCCEEDED(hr) && cloud)
        hr = group_select_cloud(cloud, true, &info);
    if (FAILED(hr))
        return hr;
    group_opening_lock();
    hr = open_group(identity, group, session);
    group_opening_unlock();
    return hr;
}

/* ---- delete ---- */

struct evict_call {
    struct call call;
    const char *identity;
    const char *group;
    bool creator;
};

/* S_FALSE: the group is not open here. */
static HRESULT run_look(struct call *call)
{
    struct evict_call *this = (struct evict_call *)call;
    struct node *node = node_find(call->engine, this->identity, this->group);
    if (!node)
        return S_FALSE;
    this->creator = node->group_key != NULL;
    return S_OK;
}

static HRESULT run_evict(struct call *call)
{
    struct evict_call *this = (struct evict_call *)call;
    struct node *node = node_find(call->engine, this->identity, this->group);
    if (node)
        node_free(node);
    return S_OK;
}

/* Of a group that is open here the user's database forgets first: that may fail, and then its
 * handles go on. Files that stay in spite of all are remembered there. */
static HRESULT delete_open_group(struct evict_call *evict, const struct group_entry *entry)
{
    struct group_remains remains CLEANUP_REMAINS = {.entry = NULL};
    HRESULT hr = group_remains_prepare(entry, evict->creator, &remains);
    if (SUCCEEDED(hr))
        hr = group_remains_bury(&remains);
    if (FAILED(hr))
        return hr;
    hr = call_run(&evict->call, run_evict);
    if (hr == PEER_E_NOT_INITIALIZED) {
        engine_settle(); /* a shutdown has come in between, after which no node holds the files */
        hr = S_OK;
    }
    return SUCCEEDED(hr) ? group_remains_erase(&remains) : hr;
}

static HRESULT delete_group(const char *identity, const char *group)
{
    struct group_entry entry = {.group = NULL};
    HRESULT hr = group_entry_find(identity, group, &entry);
    if (FAILED(hr))
        return hr;
    struct evict_call evict = {.identity = identity, .group = group};
    hr = call_run(&evict.call, run_look);
    if (hr == S_FALSE)
        hr = group_parts_remove(identity, &entry);
    else if (SUCCEEDED(hr))
        hr = delete_open_group(&evict, &entry);
    group_entry_deinit(&entry);
    return hr;
}

/* ---- join ---- */

static HRESULT join_new(const char *identity, const struct invitation *invitation,
                        struct node_parts *parts)
{
    HRESULT hr = group_parts_identity(identity, parts);
    if (SUCCEEDED(hr))
        hr = group_parts_new_store(parts, invitation->group_name);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(invitation->group_name);
    if (!parts->group)
        return E_OUTOFMEMORY;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_adopt_invitation(parts->store, &self, invitation, loop_utc(), &parts->security);
    return SUCCEEDED(hr) ? group_parts_announce(parts) : hr;
}

/* The group is there already: the invitation brings one more certificate. */
static HRESULT join_again(const char *identity, const struct group_entry *entry,
                          const struct invitation *invitation, struct node_parts *parts)
{
    HRESULT hr = group_parts_open(identity, entry, parts);
    if (SUCCEEDED(hr))
        hr = security_renew(parts->security, invitation, loop_utc());
    if (FAILED(hr))
        return hr;
    parts->store->ops->mark_durable(parts->store);
    hr = parts->store->ops->commit(parts->store);
    return SUCCEEDED(hr) ? group_parts_password(parts) : hr;
}

static HRESULT join_parts(const char *identity, const struct invitation *invitation,
                          struct node_parts *parts)
{
    struct group_entry entry = {.group = NULL};
    HRESULT hr = group_entry_find(identity, invitation->group_name, &entry);
    if (SUCCEEDED(hr)) {
        hr = join_again(identity, &entry, invitation, parts);
        group_entry_deinit(&entry);
        return hr;
    }
    if (hr != PEER_E_NOT_FOUND)
        return hr;
    hr = join_new(identity, invitation, parts);
    if (FAILED(hr) && parts->identity)
        group_parts_undo(parts);
    return hr;
}

void group_join_undo(struct node_parts *parts, bool fresh, const char *identity, const char *group)
{
    if (fresh && parts->identity) {
        group_parts_undo(parts);
    } else if (fresh) {
        HRESULT undone = delete_group(identity, group);
        (void)undone; /* the first failure is the one to tell */
    }
}

static HRESULT join_group(const char *identity, const struct invitation *invitation,
                          uint64_t *session)
{
    uint64_t open;
    HRESULT hr = group_reopen(identity, invitation->group_name, &open);
    if (hr == S_OK) {
        hr = engine_group_close(open);
        return FAILED(hr) ? hr : PEER_E_GROUP_IN_USE;
    }
    struct node_parts parts = {.lock_fd = -1};
    if (SUCCEEDED(hr))
        hr = join_parts(identity, invitation, &parts);
    bool fresh = parts.announced;
    if (SUCCEEDED(hr))
        hr = group_adopt(&parts, session);
    if (FAILED(hr))
        group_join_undo(&parts, fresh, identity, invitation->group_name);
    node_parts_deinit(&parts);
    /* Another process was faster, or the identity went meanwhile. */
    if (hr == PEER_E_ALREADY_EXISTS)
        return PEER_E_GROUP_IN_USE;
    return hr == PEER_E_NOT_FOUND || hr == IDENTITY_E_DELETED ? PEER_E_INVALID_PEER_NAME : hr;
}

HRESULT engine_group_join(const char *identity, const char *text, const char *cloud,
                          uint64_t *session)
{
    *session = 0;
    HRESULT hr = group_require_engine();
    if (SUCCEEDED(hr))
        hr = identity_state(identity);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND || hr == IDENTITY_E_DELETED ? PEER_E_INVALID_PEER_NAME : hr;
    struct invitation invitation = {.cloud = NULL};
    struct cloud_info info;
    hr = invitation_parse(bytes_of_text(text), &invitation);
    if (FAILED(hr))
        return hr;
    hr = group_select_cloud(cloud ? cloud : invitation.cloud, cloud != NULL, &info);
    if (SUCCEEDED(hr)) {
        group_opening_lock();
        hr = join_group(identity, &invitation, session);
        group_opening_unlock();
    }
    invitation_deinit(&invitation);
    return hr;
}

/* ---- connect, close, delete, status ---- */

/* Where members may be: what the application has named, what the invitation says, and what earlier
 * connections have left. */
struct known_addresses {
    struct address items[LIMIT_CONNECT_KNOWN];
    uint32_t count;
};

static HRESULT remembered_address(void *context, const struct hash *key,
                                  const struct address *address)
{
    (void)key;
    struct known_addresses *list = context;
    if (list->count < LIMIT_CONNECT_KNOWN)
        list->items[list->count++] = *address;
    return list->count < LIMIT_CONNECT_KNOWN ? S_OK : S_FALSE;
}

static HRESULT known_addresses(struct node *node, struct known_addresses *list)
{
    uint32_t hint_count;
    const struct address *hints = security_hints(node->security, &hint_count);
    for (uint32_t i = 0; i < node->named_count; i++)
        list->items[list->count++] = node->named[i];
    for (uint32_t i = 0; i < hint_count && list->count < LIMIT_CONNECT_KNOWN; i++)
        list->items[list->count++] = hints[i];
    return member_address_each(node->store, remembered_address, list);
}

HRESULT node_connect(struct node *node, const struct address *addresses, uint32_t count)
{
    struct known_addresses list = {.count = 0};
    struct graph_event event = {.type = GRAPH_CONNECT, .known = addresses, .known_count = count};
    if (count == 0) {
        HRESULT hr = known_addresses(node, &list);
        if (FAILED(hr))
            return hr;
        event.known = list.items;
        event.known_count = list.count;
    }
    return node_step(node, &event);
}

HRESULT group_go_online(struct node *node, const struct address *addresses, uint32_t count)
{
    bool before = node->connected;
    if (before && count == 0)
        return PEER_S_ALREADY_CONNECTED;
    node->connected = true;
    node->named_count = count;
    for (uint32_t i = 0; i < count; i++)
        node->named[i] = addresses[i];
    if (!before) {
        security_connecting(node->security, node_peer_time(node));
        node_told_connecting(node, true);
    }
    if (graph_is_synchronised(node->graph) && !node_listen(node))
        return S_OK; /* the outcome is an event, and the caller may try again */
    HRESULT hr = node_connect(node, addresses, count);
    if (FAILED(hr) && !before) {
        node->connected = false;
        node_told_connecting(node, false);
        node_unlisten(node);
    }
    if (FAILED(hr))
        return hr;
    return before ? PEER_S_ALREADY_CONNECTED : S_OK;
}

struct session_call {
    struct call call;
    uint64_t session;
    const struct address *addresses;
    uint32_t count;
    uint32_t status;
};

static HRESULT run_connect(struct call *call)
{
    struct session_call *this = (struct session_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    return SUCCEEDED(hr) ? group_go_online(node, this->addresses, this->count) : hr;
}

HRESULT engine_group_connect(uint64_t session, const struct address *addresses, uint32_t count)
{
    struct session_call this = {.session = session, .addresses = addresses, .count = count};
    return call_run(&this.call, run_connect);
}

static HRESULT run_close(struct call *call)
{
    struct session_call *this = (struct session_call *)call;
    struct session *session = session_find(call->engine, this->session);
    if (!session)
        return PEER_E_INVALID_GROUP;
    struct node *node = session->node;
    session_end(call->engine, session);
    if (--node->session_count == 0)
        node_free(node);
    return S_OK;
}

HRESULT engine_group_close(uint64_t session)
{
    struct session_call this = {.session = session};
    return call_run(&this.call, run_close);
}

static HRESULT run_status(struct call *call)
{
    struct session_call *this = (struct session_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    this->status = graph_status(node->graph);
    return S_OK;
}

HRESULT engine_group_status(uint64_t session, uint32_t *status)
{
    struct session_call this = {.session = session};
    HRESULT hr = call_run(&this.call, run_status);
    *status = this.status;
    return hr;
}

HRESULT engine_group_delete(const char *identity, const char *group)
{
    HRESULT hr = group_require_engine();
    struct identity self = {.peer_name = NULL};
    if (SUCCEEDED(hr))
        hr = identity_find(identity, &self);
    if (FAILED(hr))
        return hr;
    group_opening_lock();
    hr = delete_group(self.peer_name, group);
    group_opening_unlock();
    identity_deinit(&self);
    return hr;
}

HRESULT engine_group_holder(const char *identity, const char *group, uint32_t *process)
{
    *process = 0;
    struct group_entry entry = {.group = NULL};
    HRESULT hr = group_entry_find(identity, group, &entry);
    if (FAILED(hr))
        return hr;
    *process = node_lock_holder(entry.database);
    group_entry_deinit(&entry);
    return S_OK;
}
