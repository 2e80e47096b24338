/* config_calls.c - a group's configuration goes out to another machine, and comes in from one.
 *
 * Going out: the loop copies what is known, the caller's thread reads the creator's group key from
 * its file and encrypts. Coming in all happens on the caller's thread, under the group's lock: a
 * new store is filled and announced like that of a join, or the one that is there takes what is
 * new, in one commit. Failure: nothing of a new group is left; of a known one, nothing is changed.
 */
#include "engine/engine_internal.h"
#include "engine/member_address.h"
#include "group/group_config.h"

struct config_call {
    struct call call;
    uint64_t session;
    struct group_config config;
    bool creator;
    struct hash group_key;
};

/* ---- going out ---- */

static HRESULT add_peer(void *context, const struct hash *key, const struct address *address)
{
    struct group_config *config = context;
    config->peers[config->peer_count++] = (struct config_peer){.key = *key, .address = *address};
    return config->peer_count == CONFIG_PEERS_MAX ? S_FALSE : S_OK;
}

/* This node itself is a member to be met, too. */
static void add_own_addresses(const struct node *node, struct group_config *config)
{
    struct sockaddr_in6 sockets[LIMIT_ADDRESSES];
    uint32_t count = 0;
    if (node->listening)
        count = transport_addresses(node->engine->transport, sockets, LIMIT_ADDRESSES);
    for (uint32_t i = 0; i < count && config->hints.count < LIMIT_ADDRESSES; i++)
        config->hints.items[config->hints.count++] = address_of_socket(&sockets[i]);
}

static HRESULT run_export(struct call *call)
{
    struct config_call *this = (struct config_call *)call;
    struct group_config *config = &this->config;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    security_set_time(node->security, loop_utc());
    hr = security_export_config(node->security, config);
    if (SUCCEEDED(hr))
        hr = member_address_each(node->store, add_peer, config);
    if (FAILED(hr))
        return hr;
    bool local = strncmp(config->cloud, "LinkLocal_", 10) == 0;
    config->scope = local ? SCOPE_LINK_LOCAL : SCOPE_GLOBAL;
    config->cloud_flags = local ? CLOUD_FLAG_PRIVATE : 0;
    add_own_addresses(node, config);
    this->creator = security_is_creator(node->security);
    security_group_key_hash(node->security, &this->group_key);
    return S_OK;
}

HRESULT engine_config_export(uint64_t session, const char *password, char **xml)
{
    struct config_call this = {.session = session};
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    *xml = NULL;
    HRESULT hr = call_run(&this.call, run_export);
    if (SUCCEEDED(hr) && this.creator)
        hr = key_file_load(&this.group_key, &this.config.group_key);
    if (hr == PEER_E_NOT_FOUND)
        hr = PEER_E_NO_KEY_ACCESS;
    if (SUCCEEDED(hr))
        hr = group_config_write(&this.config, password, &text);
    if (SUCCEEDED(hr))
        *xml = (char *)buffer_take(&text);
    group_config_deinit(&this.config);
    return hr;
}

/* ---- coming in ---- */

static HRESULT put_peers(struct store *store, const struct group_config *config)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < config->peer_count && SUCCEEDED(hr); i++)
        hr = member_address_put(store, &config->peers[i].key, &config->peers[i].address);
    return hr;
}

/* Saves the group's key before anything names it; *made: it was not here. */
static HRESULT save_group_key(const struct group_config *config, struct hash *hash, bool *made)
{
    uint8_t key[KEY_SIZE];
    struct signing_key *held = NULL;
    *made = false;
    if (!config->group_key)
        return S_OK;
    signing_key_public(config->group_key, key);
    key_hash(key, hash);
    HRESULT hr = key_file_load(hash, &held);
    signing_key_free(held);
    if (hr != PEER_E_NOT_FOUND && hr != NTE_BAD_KEYSET)
        return hr;
    *made = hr == PEER_E_NOT_FOUND;
    return key_file_save(config->group_key);
}

static HRESULT import_new(const struct group_config *config, struct node_parts *parts)
{
    HRESULT hr = group_parts_identity(config->identity, parts);
    if (SUCCEEDED(hr))
        hr = group_parts_new_store(parts, config->group);
    if (FAILED(hr))
        return hr;
    parts->group = mem_strdup(config->group);
    if (!parts->group)
        return E_OUTOFMEMORY;
    struct security_self self = {parts->identity, parts->friendly_name, parts->key};
    hr = security_adopt_config(parts->store, &self, config, loop_utc(), &parts->security);
    if (SUCCEEDED(hr))
        hr = put_peers(parts->store, config);
    return SUCCEEDED(hr) ? group_parts_announce(parts) : hr;
}

/* The group is here: its records stay, certificates and properties are added to what it has. */
static HRESULT import_again(const struct group_config *config, const struct group_entry *entry,
                            struct node_parts *parts)
{
    HRESULT hr = group_parts_open(config->identity, entry, parts);
    if (SUCCEEDED(hr))
        hr = security_take_config(parts->security, config);
    if (SUCCEEDED(hr))
        hr = put_peers(parts->store, config);
    if (FAILED(hr))
        return hr;
    parts->store->ops->mark_durable(parts->store);
    return parts->store->ops->commit(parts->store);
}

static HRESULT import_parts(const struct group_config *config, bool overwrite)
{
    struct group_entry entry = {.group = NULL};
    struct node_parts parts = {.lock_fd = -1};
    struct hash key;
    bool key_made = false;
    HRESULT hr = group_entry_find(config->identity, config->group, &entry);
    bool known = SUCCEEDED(hr);
    if (known && !overwrite)
        hr = PEER_E_ALREADY_EXISTS;
    else if (known || hr == PEER_E_NOT_FOUND)
        hr = save_group_key(config, &key, &key_made);
    if (SUCCEEDED(hr))
        hr = known ? import_again(config, &entry, &parts) : import_new(config, &parts);
    if (FAILED(hr) && !known && parts.identity)
        group_parts_undo(&parts);
    if (FAILED(hr) && key_made) {
        HRESULT undone = key_file_remove(&key);
        (void)undone; /* the first failure is the one to tell */
    }
    node_parts_deinit(&parts);
    group_entry_deinit(&entry);
    return hr;
}

HRESULT engine_config_import(const struct group_config *config, bool overwrite)
{
    if (!engine_is_running())
        return PEER_E_NOT_INITIALIZED;
    HRESULT hr = identity_state(config->identity);
    if (SUCCEEDED(hr))
        hr = import_parts(config, overwrite);
    return hr == PEER_E_NOT_FOUND || hr == IDENTITY_E_DELETED ? E_INVALIDARG : hr;
}
