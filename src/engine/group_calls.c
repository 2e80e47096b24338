/* group_calls.c - groups come and go: create, open, join, connect, close, delete.
 *
 * What is slow (keys, passwords, opening a database) happens on the caller's thread, before the
 * loop hears of it; the loop then only takes the finished parts. A create or join that fails
 * removes everything it has made, so that it leaves no trace; a group is known to the user's
 * database only after its own store is on disk. */
#include "engine/engine_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

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

static HRESULT adopt(struct node_parts *parts, uint64_t *session)
{
    struct adopt_call this = {.parts = parts};
    HRESULT hr = call_run(&this.call, run_adopt);
    if (SUCCEEDED(hr))
        *session = this.session;
    return hr;
}

static HRESULT require_engine(void)
{
    return engine_is_running() ? S_OK : PEER_E_NOT_INITIALIZED;
}

static HRESULT select_cloud(const char *name, bool own_words, struct cloud_info *info)
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

static HRESULT fill_identity(const char *peer_name, struct node_parts *parts)
{
    struct identity identity = {.peer_name = NULL};
    HRESULT hr = identity_find(peer_name, &identity);
    if (FAILED(hr))
        return hr;
    parts->identity = identity.peer_name;
    parts->friendly_name = identity.friendly_name;
    identity.peer_name = identity.friendly_name = NULL;
    identity_deinit(&identity);
    return identity_key(parts->identity, &parts->key);
}

static void remove_database(const struct node_parts *parts)
{
    if (!parts->database)
        return;
    HRESULT hr = store_sqlite_delete(parts->database);
    (void)hr; /* what is left behind has a random name and is never taken for a group */
    char path[4096];
    snprintf(path, sizeof(path), "%s.lock", parts->database);
    unlink(path);
}

static HRESULT announce_group(struct node_parts *parts)
{
    struct group_entry entry = {.identity = parts->identity,
                                .group = parts->group,
                                .friendly_name = (char *)security_friendly_name(parts->security),
                                .database = parts->database};
    HRESULT hr = group_entry_add(&entry);
    parts->announced = SUCCEEDED(hr);
    return hr;
}

static HRESULT new_store(struct node_parts *parts, const char *group)
{
    HRESULT hr = group_entry_reserve(parts->identity, group, &parts->database);
    if (SUCCEEDED(hr))
        hr = node_lock(parts->database, &parts->lock_fd);
    if (SUCCEEDED(hr))
        hr = store_sqlite_open(parts->database, STORE_CREATE, &parts->store);
    return hr == PEER_E_DATABASE_ACCESSDENIED ? PEER_E_NO_KEY_ACCESS : hr;
}

static HRESULT commit_new(struct node_parts *parts)
{
    parts->store->ops->mark_durable(parts->store);
    HRESULT hr = parts->store->ops->commit(parts->store);
    if (SUCCEEDED(hr))
        hr = announce_group(parts);
    return hr;
}

static void undo_new(struct node_parts *parts)
{
    CLEANUP_FREE char *identity = parts->identity, *group = parts->group;
    parts->identity = parts->group = NULL;
    if (parts->announced) { /* else it may be there by somebody else's hand */
        HRESULT hr = group_entry_remove(identity, group);
        (void)hr; /* the first failure is the one to tell */
    }
    if (parts->group_key) {
        uint8_t key[KEY_SIZE];
        struct hash hash;
        signing_key_public(parts->group_key, key);
        key_hash(key, &hash);
        HRESULT hr = key_file_remove(&hash);
        (void)hr; /* likewise */
    }
    store_free(parts->store);
    parts->store = NULL;
    remove_database(parts);
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
        hr = fill_identity(create->creator, parts);
    if (SUCCEEDED(hr))
        hr = new_store(parts, "");
    if (FAILED(hr))
        return hr;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_new_founder(parts->store, &self, &founding, &parts->group_key, &parts->security);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(security_graph_id(parts->security));
    if (!parts->group)
        return E_OUTOFMEMORY;
    hr = key_file_save(parts->group_key);
    return SUCCEEDED(hr) ? commit_new(parts) : hr;
}

HRESULT engine_group_create(const struct engine_create *create, uint64_t *session)
{
    struct node_parts parts = {.lock_fd = -1};
    struct cloud_info cloud;
    *session = 0;
    HRESULT hr = require_engine();
    if (SUCCEEDED(hr))
        hr = check_creator(create->creator);
    if (SUCCEEDED(hr))
        hr = group_wish_check(&create->wish, false);
    if (SUCCEEDED(hr))
        hr = select_cloud(create->cloud, true, &cloud);
    if (FAILED(hr))
        return hr;
    hr = create_parts(create, cloud.name, &parts);
    CLEANUP_FREE char *identity = parts.identity ? mem_strdup(parts.identity) : NULL;
    CLEANUP_FREE char *group = parts.group ? mem_strdup(parts.group) : NULL;
    if (SUCCEEDED(hr))
        hr = adopt(&parts, session);
    if (FAILED(hr) && parts.identity)
        undo_new(&parts);
    else if (FAILED(hr) && identity && group) {
        HRESULT undone = engine_group_delete(identity, group);
        (void)undone; /* the first failure is the one to tell */
    }
    node_parts_deinit(&parts);
    /* Deleted between the look at the creator and the end: it must not be there. */
    return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_PEER_NAME : hr;
}

/* ---- open ---- */

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

/* The group's key lies in the user's folder, where another identity of the same user would find it
 * too; it is the creator's alone. S_FALSE: there is none for this identity. */
static HRESULT load_group_key(struct node_parts *parts)
{
    struct hash hash;
    const struct group_properties *properties;
    if (FAILED(security_properties(parts->security, &properties)) ||
        strcmp(properties->creator_name, parts->identity) != 0)
        return S_FALSE;
    security_group_key_hash(parts->security, &hash);
    HRESULT hr = key_file_load(&hash, &parts->group_key);
    return hr == PEER_E_NOT_FOUND ? S_FALSE : hr;
}

static HRESULT open_security(struct node_parts *parts)
{
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    HRESULT hr = security_open(parts->store, &self, NULL, loop_utc(), &parts->security);
    if (SUCCEEDED(hr))
        hr = load_group_key(parts);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    /* The creator: open once more, with the group's key. */
    security_free(parts->security);
    parts->security = NULL;
    return security_open(parts->store, &self, parts->group_key, loop_utc(), &parts->security);
}

static HRESULT open_parts(const char *identity, const struct group_entry *entry,
                          struct node_parts *parts)
{
    HRESULT hr = fill_identity(identity, parts);
    parts->group = mem_strdup(entry->group);
    parts->database = mem_strdup(entry->database);
    if (SUCCEEDED(hr) && (!parts->group || !parts->database))
        hr = E_OUTOFMEMORY;
    if (SUCCEEDED(hr))
        hr = node_lock(parts->database, &parts->lock_fd);
    if (SUCCEEDED(hr))
        hr = store_sqlite_open(parts->database, STORE_OPEN_EXISTING, &parts->store);
    if (SUCCEEDED(hr))
        hr = open_security(parts);
    return hr == PEER_E_DATABASE_ACCESSDENIED ? PEER_E_NO_KEY_ACCESS : hr;
}

HRESULT engine_group_open(const char *identity, const char *group, const char *cloud,
                          uint64_t *session)
{
    *session = 0;
    struct cloud_info info;
    HRESULT hr = require_engine();
    if (SUCCEEDED(hr) && cloud)
        hr = select_cloud(cloud, true, &info);
    if (FAILED(hr))
        return hr;
    struct reopen_call this = {.identity = identity, .group = group};
    hr = call_run(&this.call, run_reopen);
    *session = this.session;
    if (hr != S_FALSE)
        return hr;
    struct group_entry entry = {.group = NULL};
    hr = group_entry_find(identity, group, &entry);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? E_INVALIDARG : hr;
    struct node_parts parts = {.lock_fd = -1};
    hr = open_parts(identity, &entry, &parts);
    if (SUCCEEDED(hr))
        hr = adopt(&parts, session);
    node_parts_deinit(&parts);
    group_entry_deinit(&entry);
    return hr;
}

/* ---- join ---- */

static HRESULT join_new(const char *identity, const struct invitation *invitation,
                        struct node_parts *parts)
{
    HRESULT hr = fill_identity(identity, parts);
    if (SUCCEEDED(hr))
        hr = new_store(parts, invitation->group_name);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(invitation->group_name);
    if (!parts->group)
        return E_OUTOFMEMORY;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_adopt_invitation(parts->store, &self, invitation, loop_utc(), &parts->security);
    return SUCCEEDED(hr) ? commit_new(parts) : hr;
}

/* The group is there already: the invitation brings one more certificate. */
static HRESULT join_again(const char *identity, const struct group_entry *entry,
                          const struct invitation *invitation, struct node_parts *parts)
{
    HRESULT hr = open_parts(identity, entry, parts);
    if (SUCCEEDED(hr))
        hr = security_renew(parts->security, invitation, loop_utc());
    if (FAILED(hr))
        return hr;
    parts->store->ops->mark_durable(parts->store);
    return parts->store->ops->commit(parts->store);
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
        undo_new(parts);
    return hr;
}

HRESULT engine_group_join(const char *identity, const char *text, const char *cloud,
                          uint64_t *session)
{
    *session = 0;
    HRESULT hr = require_engine();
    if (SUCCEEDED(hr))
        hr = identity_state(identity);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND || hr == IDENTITY_E_DELETED ? PEER_E_INVALID_PEER_NAME : hr;
    struct invitation invitation = {.cloud = NULL};
    struct cloud_info info;
    hr = invitation_parse(bytes_of_text(text), &invitation);
    if (FAILED(hr))
        return hr;
    hr = select_cloud(cloud ? cloud : invitation.cloud, cloud != NULL, &info);
    struct reopen_call open = {.identity = identity, .group = invitation.group_name};
    if (SUCCEEDED(hr))
        hr = call_run(&open.call, run_reopen);
    if (hr == S_OK) {
        hr = engine_group_close(open.session);
        hr = FAILED(hr) ? hr : PEER_E_GROUP_IN_USE;
    }
    struct node_parts parts = {.lock_fd = -1};
    if (SUCCEEDED(hr))
        hr = join_parts(identity, &invitation, &parts);
    bool fresh = parts.announced;
    if (SUCCEEDED(hr))
        hr = adopt(&parts, session);
    if (FAILED(hr) && fresh && parts.identity) {
        undo_new(&parts);
    } else if (FAILED(hr) && fresh) {
        HRESULT undone = engine_group_delete(identity, invitation.group_name);
        (void)undone; /* the first failure is the one to tell */
    }
    node_parts_deinit(&parts);
    invitation_deinit(&invitation);
    return hr;
}

/* ---- connect, close, delete, status ---- */

struct session_call {
    struct call call;
    uint64_t session;
    const struct address *addresses;
    uint32_t count;
    uint32_t status;
    const char *identity;
    const char *group;
};

static HRESULT remembered_address(void *context, struct bytes key, struct bytes value)
{
    (void)key;
    struct address_list *list = context;
    struct wire_reader reader;
    wire_reader_init(&reader, value);
    struct address address = {.port = 0};
    wire_read_fixed(&reader, address.ip, sizeof(address.ip));
    address.port = wire_read_u16(&reader);
    if (wire_reader_done(&reader) && list->count < LIMIT_REFERRALS)
        list->items[list->count++] = address;
    return S_OK;
}

static HRESULT known_addresses(struct node *node, struct address_list *list)
{
    uint32_t hint_count;
    const struct address *hints = security_hints(node->security, &hint_count);
    for (uint32_t i = 0; i < hint_count && list->count < LIMIT_REFERRALS; i++)
        list->items[list->count++] = hints[i];
    return node->store->ops->value_each(node->store, "address/", remembered_address, list);
}

HRESULT node_connect(struct node *node, const struct address *addresses, uint32_t count)
{
    struct graph_event event = {.type = GRAPH_CONNECT};
    for (uint32_t i = 0; i < count && event.addresses.count < LIMIT_REFERRALS; i++)
        event.addresses.items[event.addresses.count++] = addresses[i];
    HRESULT hr = count == 0 ? known_addresses(node, &event.addresses) : S_OK;
    return SUCCEEDED(hr) ? node_step(node, &event) : hr;
}

static HRESULT run_connect(struct call *call)
{
    struct session_call *this = (struct session_call *)call;
    struct session *session = session_find(call->engine, this->session);
    if (!session)
        return PEER_E_INVALID_GROUP;
    struct node *node = session->node;
    if (FAILED(node->failed))
        return node->failed;
    bool before = node->connected;
    if (before && this->count == 0)
        return PEER_S_ALREADY_CONNECTED;
    node->connected = true;
    if (graph_is_synchronised(node->graph))
        node_listen(node);
    HRESULT hr = node_connect(node, this->addresses, this->count);
    if (FAILED(hr))
        return hr;
    return before ? PEER_S_ALREADY_CONNECTED : S_OK;
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
    struct session *session = session_find(call->engine, this->session);
    if (!session)
        return PEER_E_INVALID_GROUP;
    if (FAILED(session->node->failed))
        return session->node->failed;
    this->status = graph_status(session->node->graph);
    return S_OK;
}

HRESULT engine_group_status(uint64_t session, uint32_t *status)
{
    struct session_call this = {.session = session};
    HRESULT hr = call_run(&this.call, run_status);
    *status = this.status;
    return hr;
}

static HRESULT run_evict(struct call *call)
{
    struct session_call *this = (struct session_call *)call;
    struct node *node = node_find(call->engine, this->identity, this->group);
    if (node)
        node_free(node);
    return S_OK;
}

static HRESULT delete_files(const char *identity, const struct group_entry *entry)
{
    /* Which key is the group's must be read before the database goes; one that cannot be read may
     * go too. */
    struct node_parts parts = {.database = entry->database};
    struct node_parts opened = {.lock_fd = -1};
    HRESULT readable = open_parts(identity, entry, &opened);
    if (readable == PEER_E_GROUP_IN_USE || readable == E_OUTOFMEMORY ||
        readable == PEER_E_NO_KEY_ACCESS) {
        node_parts_deinit(&opened);
        return readable;
    }
    HRESULT hr = group_entry_remove(identity, entry->group);
    if (SUCCEEDED(hr) && SUCCEEDED(readable) && opened.group_key) {
        struct hash hash;
        security_group_key_hash(opened.security, &hash);
        hr = key_file_remove(&hash);
    }
    node_parts_deinit(&opened);
    if (SUCCEEDED(hr))
        remove_database(&parts);
    return hr;
}

HRESULT engine_group_delete(const char *identity, const char *group)
{
    HRESULT hr = require_engine();
    struct identity self = {.peer_name = NULL};
    if (SUCCEEDED(hr))
        hr = identity_find(identity, &self);
    struct group_entry entry = {.group = NULL};
    if (SUCCEEDED(hr))
        hr = group_entry_find(self.peer_name, group, &entry);
    if (SUCCEEDED(hr)) {
        struct session_call this = {.identity = self.peer_name, .group = group};
        hr = call_run(&this.call, run_evict);
    }
    if (SUCCEEDED(hr))
        hr = delete_files(self.peer_name, &entry);
    group_entry_deinit(&entry);
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
