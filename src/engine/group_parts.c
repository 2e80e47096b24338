/* group_parts.c - what a node is made of, on disk: made new, opened, undone, removed.
 *
 * Runs on the caller's thread. A new group gets a database of a random name under a lock, and is
 * known to the user's database only when its own store is on disk; whatever fails before leaves
 * nothing that would be taken for a group. Removing happens under the same lock, by
 * group/group_remains. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "group/group_remains.h"
#include "group/password_file.h"

#include <stdio.h>
#include <unistd.h>

HRESULT group_parts_identity(const char *peer_name, struct node_parts *parts)
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

static void remove_database(const char *database)
{
    if (!database)
        return;
    HRESULT hr = store_sqlite_delete(database);
    (void)hr; /* what is left behind has a random name and is never taken for a group */
    char path[4096];
    snprintf(path, sizeof(path), "%s.lock", database);
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

HRESULT group_parts_new_store(struct node_parts *parts, const char *group)
{
    HRESULT hr = group_entry_reserve(parts->identity, group, &parts->database);
    if (SUCCEEDED(hr))
        hr = node_lock(parts->database, &parts->lock_fd);
    if (SUCCEEDED(hr))
        hr = store_sqlite_open(parts->database, STORE_CREATE, &parts->store);
    return hr == PEER_E_DATABASE_ACCESSDENIED ? PEER_E_NO_KEY_ACCESS : hr;
}

HRESULT group_parts_announce(struct node_parts *parts)
{
    parts->store->ops->mark_durable(parts->store);
    HRESULT hr = parts->store->ops->commit(parts->store);
    if (SUCCEEDED(hr))
        hr = announce_group(parts);
    return hr;
}

void group_parts_undo(struct node_parts *parts)
{
    CLEANUP_FREE char *identity = parts->identity, *group = parts->group;
    parts->identity = parts->group = NULL;
    if (parts->announced) { /* else it may be there by somebody else's hand */
        HRESULT hr = group_entry_remove(identity, group);
        (void)hr; /* the first failure is the one to tell */
        hr = password_file_remove(identity, group);
        (void)hr; /* likewise */
        parts->announced = false;
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
    remove_database(parts->database);
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

HRESULT group_parts_open(const char *identity, const struct group_entry *entry,
                         struct node_parts *parts)
{
    HRESULT hr = group_parts_identity(identity, parts);
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

HRESULT group_parts_password(struct node_parts *parts)
{
    HRESULT hr;
    if (security_needs_password(parts->security, loop_utc())) {
        hr = password_file_load(parts->identity, parts->group, &parts->password_key);
        return hr == PEER_E_NOT_FOUND ? S_OK : hr;
    }
    /* Left by a process that ended between the certificate's commit and this. */
    hr = password_file_remove(parts->identity, parts->group);
    if (FAILED(hr))
        log_line(LOG_WARNING, "a password's key stays behind: 0x%08x", (unsigned)hr);
    return S_OK;
}

/* All of it goes while this process holds the lock, so that nobody opens what is on its way out.
 * Whose the group's key is must be read before; what cannot be read may go too. */
static HRESULT remove_parts(const char *identity, const struct group_entry *entry,
                            struct node_parts *opened)
{
    struct group_remains remains CLEANUP_REMAINS = {.entry = NULL};
    HRESULT hr = group_remains_reachable(entry);
    HRESULT readable = SUCCEEDED(hr) ? group_parts_open(identity, entry, opened) : hr;
    if (FAILED(hr) || readable == PEER_E_GROUP_IN_USE || readable == E_OUTOFMEMORY ||
        readable == PEER_E_NO_KEY_ACCESS)
        return readable;
    if (opened->lock_fd < 0)
        hr = node_lock(entry->database, &opened->lock_fd);
    if (SUCCEEDED(hr))
        hr = group_remains_prepare(entry, SUCCEEDED(readable) && opened->group_key, &remains);
    if (SUCCEEDED(hr))
        hr = group_remains_bury(&remains);
    if (FAILED(hr))
        return hr;
    security_free(opened->security);
    store_free(opened->store);
    opened->security = NULL;
    opened->store = NULL;
    return group_remains_erase(&remains);
}

HRESULT group_parts_remove(const char *identity, const struct group_entry *entry)
{
    struct node_parts opened = {.lock_fd = -1};
    HRESULT hr = remove_parts(identity, entry, &opened);
    node_parts_deinit(&opened);
    return hr;
}
