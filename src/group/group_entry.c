/* group_entry.c - which groups an identity belongs to, and where the database of each lies.
 *
 * A new group first reserves a path, of a random name so that nothing an earlier attempt left
 * behind is ever taken for its data, then builds its store there, and is known once
 * group_entry_add has committed. Adding checks in the same transaction that the identity still
 * exists, and deleting an identity that it has no groups, so that of two that race one fails.
 * Paths below the user's folder are kept relative to it: the folder may be moved. */
#include "group/home.h"
#include "group/user_db.h"

#include <errno.h>
#include <sodium.h>
#include <sys/stat.h>

void group_entry_deinit(struct group_entry *entry)
{
    mem_free(entry->identity);
    mem_free(entry->group);
    mem_free(entry->friendly_name);
    mem_free(entry->database);
    *entry = (struct group_entry){.identity = NULL};
}

/* May this identity have this new group? */
static HRESULT check_new(struct user_db *db, const char *identity, const char *group)
{
    bool has;
    HRESULT hr = user_db_identity_state(db, identity);
    if (FAILED(hr))
        return hr;
    hr = user_db_has(db, "SELECT 1 FROM groups WHERE identity = ? AND peer_name = ?",
                     USER_VALUES(user_text(identity), user_text(group)), &has);
    if (FAILED(hr))
        return hr;
    return has ? PEER_E_ALREADY_EXISTS : S_OK;
}

HRESULT group_entry_reserve(const char *identity, const char *group, char **database)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    char *folder CLEANUP_FREE = NULL;
    *database = NULL;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = check_new(&db, identity, group);
    if (SUCCEEDED(hr))
        hr = home_folder("groups", true, &folder);
    if (FAILED(hr))
        return hr;

    uint8_t random[16];
    char name[sizeof(random) * 2 + sizeof(".db")];
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(name, sizeof(random) * 2 + 1, random, sizeof(random));
    memcpy(name + sizeof(random) * 2, ".db", sizeof(".db"));
    return home_join(folder, name, database);
}

HRESULT group_entry_add(const struct group_entry *entry)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_begin(&db);
    if (SUCCEEDED(hr))
        hr = check_new(&db, entry->identity, entry->group);
    if (SUCCEEDED(hr))
        hr = user_db_run(
            &db,
            "INSERT INTO groups(identity, peer_name, friendly_name, database) VALUES(?, ?, ?, ?)",
            USER_VALUES(user_text(entry->identity), user_text(entry->group),
                        user_text(entry->friendly_name),
                        user_text(user_db_relative(&db, entry->database))));
    return SUCCEEDED(hr) ? user_db_commit(&db) : hr;
}

/* Fills entry from a row of (identity, peer_name, friendly_name, database). */
static HRESULT read_row(const struct user_db *db, sqlite3_stmt *statement,
                        struct group_entry *entry)
{
    char *database CLEANUP_FREE = NULL;
    *entry = (struct group_entry){.identity = NULL};
    HRESULT hr = user_db_text(statement, 0, &entry->identity);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 1, &entry->group);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 2, &entry->friendly_name);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 3, &database);
    if (SUCCEEDED(hr))
        hr = user_db_absolute(db, database, &entry->database);
    if (FAILED(hr))
        group_entry_deinit(entry);
    return hr;
}

HRESULT group_entry_find(const char *identity, const char *group, struct group_entry *entry)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    bool row = false;
    *entry = (struct group_entry){.identity = NULL};
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_prepare(&db,
                             "SELECT identity, peer_name, friendly_name, database FROM groups"
                             " WHERE identity = ? AND peer_name = ?",
                             USER_VALUES(user_text(identity), user_text(group)), &statement);
    if (SUCCEEDED(hr))
        hr = user_db_step(&db, statement, &row);
    if (FAILED(hr))
        return hr;
    return row ? read_row(&db, statement, entry) : PEER_E_NOT_FOUND;
}

/* Runs a statement that returns a row when it changed something. */
static HRESULT change(const char *sql, struct user_values values)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    bool changed = false;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_begin(&db);
    if (SUCCEEDED(hr))
        hr = user_db_has(&db, sql, values, &changed);
    if (FAILED(hr))
        return hr;
    return changed ? user_db_commit(&db) : PEER_E_NOT_FOUND;
}

HRESULT group_entry_remove(const char *identity, const char *group)
{
    return change("DELETE FROM groups WHERE identity = ? AND peer_name = ? RETURNING 1",
                  USER_VALUES(user_text(identity), user_text(group)));
}

HRESULT group_entry_rename(const char *identity, const char *group, const char *friendly_name)
{
    return change("UPDATE groups SET friendly_name = ? WHERE identity = ? AND peer_name = ?"
                  " RETURNING 1",
                  USER_VALUES(user_text(friendly_name), user_text(identity), user_text(group)));
}

HRESULT group_entry_each(const char *identity, group_entry_visitor visit, void *context)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_identity_state(&db, identity);
    if (FAILED(hr))
        return hr == IDENTITY_E_DELETED ? PEER_E_NOT_FOUND : hr;
    hr = user_db_prepare(&db,
                         "SELECT identity, peer_name, friendly_name, database FROM groups"
                         " WHERE identity = ? ORDER BY sequence",
                         USER_VALUES(user_text(identity)), &statement);
    bool row = true;
    while (SUCCEEDED(hr) && row) {
        hr = user_db_step(&db, statement, &row);
        if (FAILED(hr) || !row)
            break;
        struct group_entry entry CLEANUP(group_entry_deinit);
        hr = read_row(&db, statement, &entry);
        if (SUCCEEDED(hr))
            hr = visit(context, &entry);
    }
    return hr;
}
