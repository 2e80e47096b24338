/* identity.c - a user's identities: making, finding, renaming, deleting.
 *
 * Each call opens the user's database, does its work in one transaction and closes it. A new
 * identity is: checks under the writer's lock, key file durable, row, commit; what fails takes the
 * key file away again unless it was there before. Deleting is: row away and tombstone in its place,
 * commit, then the key's file, unless another identity lives on the same key. If that last step is
 * cut off, the tombstone remembers it and the next creation, deletion or start of the library makes
 * up for it. */
#include "base/log.h"
#include "group/home.h"
#include "group/peer_name.h"
#include "group/user_db.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#define SELECT_IDENTITIES "SELECT peer_name, friendly_name, key_hash, key, created FROM identities "

/* The time in ticks, UTC. */
static uint64_t utc_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return TICKS_UNIX_EPOCH + (uint64_t)now.tv_sec * TICKS_PER_SECOND + (uint64_t)now.tv_nsec / 100;
}

void identity_deinit(struct identity *identity)
{
    mem_free(identity->peer_name);
    mem_free(identity->friendly_name);
    *identity = (struct identity){.peer_name = NULL};
}

/* Fills identity from the current row of a SELECT_IDENTITIES. */
static HRESULT read_row(sqlite3_stmt *statement, struct identity *identity)
{
    *identity = (struct identity){.peer_name = NULL};
    HRESULT hr = user_db_text(statement, 0, &identity->peer_name);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 1, &identity->friendly_name);
    if (SUCCEEDED(hr))
        hr = user_db_blob(statement, 2, identity->key_hash.bytes, HASH_SIZE);
    if (SUCCEEDED(hr))
        hr = user_db_blob(statement, 3, identity->key, KEY_SIZE);
    if (SUCCEEDED(hr)) {
        identity->created = (uint64_t)sqlite3_column_int64(statement, 4);
        struct hash found;
        key_hash(identity->key, &found);
        if (!hash_equal(&found, &identity->key_hash) ||
            !peer_name_matches(identity->peer_name, &found))
            hr = PEER_E_INVALID_DATABASE;
    }
    if (FAILED(hr))
        identity_deinit(identity);
    return hr;
}

/* Reads one identity, or the default one, in an open database. */
static HRESULT find_in(struct user_db *db, const char *peer_name, struct identity *identity)
{
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    bool row = false;
    HRESULT hr = user_db_prepare(
        db, SELECT_IDENTITIES "WHERE ?1 IS NULL OR peer_name = ?1 ORDER BY sequence LIMIT 1",
        USER_VALUES(user_text(peer_name)), &statement);
    if (SUCCEEDED(hr))
        hr = user_db_step(db, statement, &row);
    if (FAILED(hr))
        return hr;
    return row ? read_row(statement, identity) : PEER_E_NOT_FOUND;
}

HRESULT identity_find(const char *peer_name, struct identity *identity)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    *identity = (struct identity){.peer_name = NULL};
    HRESULT hr = user_db_open(&db, false);
    return SUCCEEDED(hr) ? find_in(&db, peer_name, identity) : hr;
}

HRESULT identity_state(const char *peer_name)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    HRESULT hr = user_db_open(&db, false);
    return SUCCEEDED(hr) ? user_db_identity_state(&db, peer_name) : hr;
}

HRESULT identity_key(const char *peer_name, struct signing_key **key)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    *key = NULL;
    HRESULT hr = identity_find(peer_name, &identity);
    if (FAILED(hr))
        return hr;
    hr = key_file_load(&identity.key_hash, key);
    /* The identity is there but its key is not. */
    return hr == PEER_E_NOT_FOUND ? PEER_E_NO_KEY_ACCESS : hr;
}

HRESULT identity_was_deleted(const struct hash *key_hash, bool *deleted)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    *deleted = false;
    HRESULT hr = user_db_open(&db, false);
    if (hr == PEER_E_NOT_FOUND)
        return S_OK;
    if (FAILED(hr))
        return hr;
    return user_db_has(&db, "SELECT 1 FROM tombstones WHERE key_hash = ?",
                       USER_VALUES(user_blob(key_hash->bytes, HASH_SIZE)), deleted);
}

HRESULT identity_each(identity_visitor visit, void *context)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    HRESULT hr = user_db_open(&db, false);
    if (hr == PEER_E_NOT_FOUND)
        return S_OK;
    if (SUCCEEDED(hr))
        hr = user_db_prepare(&db, SELECT_IDENTITIES "ORDER BY sequence", USER_VALUES_NONE,
                             &statement);
    bool row = true;
    while (SUCCEEDED(hr) && row) {
        hr = user_db_step(&db, statement, &row);
        if (FAILED(hr) || !row)
            break;
        struct identity identity CLEANUP(identity_deinit);
        hr = read_row(statement, &identity);
        if (SUCCEEDED(hr))
            hr = visit(context, &identity);
    }
    return hr;
}

/* Removes the file of one key, under the writer's lock. */
static HRESULT collect_key(struct user_db *db, const struct hash *key_hash)
{
    bool used;
    struct user_value value = user_blob(key_hash->bytes, HASH_SIZE);
    HRESULT hr =
        user_db_has(db, "SELECT 1 FROM identities WHERE key_hash = ?", USER_VALUES(value), &used);
    if (SUCCEEDED(hr) && !used)
        hr = key_file_remove(key_hash);
    if (hr == PEER_E_NOT_FOUND)
        hr = S_OK;
    if (SUCCEEDED(hr))
        hr = user_db_run(db, "UPDATE tombstones SET key_left = 0 WHERE key_hash = ?",
                         USER_VALUES(value));
    return hr;
}

/* The first behind *key_hash of which a file is left. */
static HRESULT next_left(struct user_db *db, struct hash *key_hash, bool *left)
{
    struct user_value after = user_blob(key_hash->bytes, HASH_SIZE);
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    *left = false;
    HRESULT hr = user_db_prepare(db,
                                 "SELECT key_hash FROM tombstones WHERE key_left AND key_hash > ?"
                                 " ORDER BY key_hash LIMIT 1",
                                 USER_VALUES(after), &statement);
    if (SUCCEEDED(hr))
        hr = user_db_step(db, statement, left);
    if (SUCCEEDED(hr) && *left)
        hr = user_db_blob(statement, 0, key_hash->bytes, HASH_SIZE);
    return hr;
}

/* Removes the key files of deleted identities unless another identity has the key. What fails is
 * remembered by the tombstones, and keeps no other from going; the first failure is told. */
static HRESULT collect_keys(struct user_db *db)
{
    struct hash key_hash = {.bytes = {0}};
    bool left = false;
    HRESULT first = S_OK, hr = next_left(db, &key_hash, &left);
    if (FAILED(hr) || !left)
        return hr;
    hr = user_db_begin(db);
    key_hash = (struct hash){.bytes = {0}};
    while (SUCCEEDED(hr)) {
        hr = next_left(db, &key_hash, &left);
        if (FAILED(hr) || !left)
            break;
        HRESULT one = collect_key(db, &key_hash);
        first = SUCCEEDED(first) ? one : first;
    }
    if (SUCCEEDED(hr))
        hr = user_db_commit(db);
    if (FAILED(hr))
        user_db_rollback(db);
    return FAILED(hr) ? hr : first;
}

static HRESULT collect_and_log(struct user_db *db)
{
    HRESULT hr = collect_keys(db);
    if (FAILED(hr))
        log_line(LOG_WARNING, "a deleted identity's key stays behind: 0x%08x", (unsigned)hr);
    return hr;
}

void identity_collect(void)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = collect_and_log(&db);
    (void)hr; /* it is logged, and the next start tries again */
}

/* May this new identity exist besides the others? Tells whether its key is in use already. */
static HRESULT check_new(struct user_db *db, const struct identity *identity, bool *key_in_use)
{
    bool has;
    HRESULT hr = user_db_has(db, "SELECT 1 FROM identities WHERE peer_name = ?",
                             USER_VALUES(user_text(identity->peer_name)), &has);
    if (FAILED(hr) || has)
        return FAILED(hr) ? hr : PEER_E_ALREADY_EXISTS;
    hr = user_db_has(db, "SELECT 1 FROM identities LIMIT 1 OFFSET ?",
                     USER_VALUES(user_number(LIMIT_IDENTITIES - 1)), &has);
    if (FAILED(hr) || has)
        return FAILED(hr) ? hr : PEER_E_TOO_MANY_IDENTITIES;
    return user_db_has(db, "SELECT 1 FROM identities WHERE key_hash = ?",
                       USER_VALUES(user_blob(identity->key_hash.bytes, HASH_SIZE)), key_in_use);
}

/* Writes the row; whoever comes back is no longer among the deleted, and its key stays. */
static HRESULT insert_row(struct user_db *db, const struct identity *identity)
{
    HRESULT hr = user_db_run(
        db,
        "INSERT INTO identities(peer_name, friendly_name, key_hash, key, created)"
        " VALUES(?, ?, ?, ?, ?)",
        USER_VALUES(user_text(identity->peer_name), user_text(identity->friendly_name),
                    user_blob(identity->key_hash.bytes, HASH_SIZE),
                    user_blob(identity->key, KEY_SIZE), user_number(identity->created)));
    if (SUCCEEDED(hr))
        hr = user_db_run(db, "DELETE FROM tombstones WHERE peer_name = ?",
                         USER_VALUES(user_text(identity->peer_name)));
    if (SUCCEEDED(hr))
        hr = user_db_run(db, "UPDATE tombstones SET key_left = 0 WHERE key_hash = ?",
                         USER_VALUES(user_blob(identity->key_hash.bytes, HASH_SIZE)));
    return hr;
}

/* Stores key and row: both or neither. */
static HRESULT store_new(struct user_db *db, const struct identity *identity,
                         const struct signing_key *key)
{
    bool key_in_use = false;
    HRESULT hr = user_db_begin(db);
    if (SUCCEEDED(hr))
        hr = check_new(db, identity, &key_in_use);
    if (FAILED(hr))
        return hr;
    hr = key_file_save(key);
    if (SUCCEEDED(hr))
        hr = insert_row(db, identity);
    if (SUCCEEDED(hr))
        hr = user_db_commit(db);
    if (FAILED(hr) && !key_in_use) {
        /* Best effort: a file that stays names nobody. */
        HRESULT ignored = key_file_remove(&identity->key_hash);
        (void)ignored;
    }
    return hr;
}

/* Fills a new identity for key. */
static HRESULT describe(const char *classifier, const char *friendly_name,
                        const struct signing_key *key, struct identity *identity)
{
    signing_key_public(key, identity->key);
    key_hash(identity->key, &identity->key_hash);
    identity->created = utc_now();
    HRESULT hr = peer_name_make(&identity->key_hash, classifier, &identity->peer_name);
    if (FAILED(hr))
        return hr;
    bool named = friendly_name && friendly_name[0];
    identity->friendly_name = mem_strdup(named ? friendly_name : identity->peer_name);
    return identity->friendly_name ? S_OK : E_OUTOFMEMORY;
}

HRESULT identity_create(const char *classifier, const char *friendly_name, struct signing_key *key,
                        struct identity *identity)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    struct signing_key *made = NULL;
    *identity = (struct identity){.peer_name = NULL};
    HRESULT hr = classifier_check(classifier);
    if (SUCCEEDED(hr) && !key)
        hr = signing_key_new(&made);
    if (SUCCEEDED(hr))
        hr = describe(classifier, friendly_name, key ? key : made, identity);
    if (SUCCEEDED(hr))
        hr = user_db_open(&db, true);
    if (SUCCEEDED(hr)) {
        hr = collect_and_log(&db); /* of others: no hindrance */
        hr = store_new(&db, identity, key ? key : made);
    }
    signing_key_free(made);
    if (FAILED(hr))
        identity_deinit(identity);
    return hr;
}

HRESULT identity_set_friendly_name(const char *peer_name, const char *friendly_name)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    bool found;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_begin(&db);
    if (FAILED(hr))
        return hr;
    hr = user_db_has(&db,
                     "UPDATE identities SET friendly_name = coalesce(nullif(?1, ''), peer_name)"
                     " WHERE sequence = (SELECT min(sequence) FROM identities"
                     " WHERE ?2 IS NULL OR peer_name = ?2) RETURNING 1",
                     USER_VALUES(user_text(friendly_name), user_text(peer_name)), &found);
    if (FAILED(hr))
        return hr;
    return found ? user_db_commit(&db) : PEER_E_NOT_FOUND;
}

/* Puts a tombstone in the place of the row. */
static HRESULT bury(struct user_db *db, const struct identity *identity)
{
    bool groups;
    HRESULT hr = user_db_has(db, "SELECT 1 FROM groups WHERE identity = ?",
                             USER_VALUES(user_text(identity->peer_name)), &groups);
    if (FAILED(hr) || groups)
        return FAILED(hr) ? hr : PEER_E_GROUPS_EXIST;
    hr = user_db_run(db, "DELETE FROM identities WHERE peer_name = ?",
                     USER_VALUES(user_text(identity->peer_name)));
    if (SUCCEEDED(hr))
        hr = user_db_run(db,
                         "INSERT OR REPLACE INTO tombstones(peer_name, key_hash, deleted, key_left)"
                         " VALUES(?, ?, ?, 1)",
                         USER_VALUES(user_text(identity->peer_name),
                                     user_blob(identity->key_hash.bytes, HASH_SIZE),
                                     user_number(utc_now())));
    return hr;
}

/* Asks, while nothing is lost, whether a key's file can go. Whether it must is seen later. */
static HRESULT key_may_go(void)
{
    char *folder CLEANUP_FREE = NULL;
    HRESULT hr = home_folder("keys", false, &folder);
    if (hr == PEER_E_NOT_FOUND)
        return S_OK; /* then there is none */
    if (FAILED(hr))
        return hr;
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? S_OK : PEER_E_NO_KEY_ACCESS;
}

HRESULT identity_delete(const char *peer_name)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_begin(&db);
    if (SUCCEEDED(hr))
        hr = find_in(&db, peer_name, &identity);
    if (SUCCEEDED(hr))
        hr = bury(&db, &identity);
    if (SUCCEEDED(hr))
        hr = key_may_go();
    if (SUCCEEDED(hr))
        hr = user_db_commit(&db);
    if (FAILED(hr))
        return hr;
    hr = collect_and_log(&db);
    /* The identity is gone; a file of its own that does not go is worth telling of. What failed for
     * want of memory or room succeeds at the next call or start. */
    bool left = true;
    if (hr == PEER_E_NO_KEY_ACCESS &&
        FAILED(user_db_has(&db, "SELECT 1 FROM tombstones WHERE key_left AND key_hash = ?",
                           USER_VALUES(user_blob(identity.key_hash.bytes, HASH_SIZE)), &left)))
        left = true;
    return hr == PEER_E_NO_KEY_ACCESS && left ? hr : S_OK;
}
