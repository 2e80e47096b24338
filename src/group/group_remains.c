/* group_remains.c - see group_remains.h.
 *
 * Happy path: the paths are put together and both folders are asked whether files can go from them;
 * the row of the group makes place for a row of remains, in one transaction; the files are
 * unlinked, the keys first; the folders are synced and the row goes. Failure: before the burial
 * nothing is lost. After it the row stays and names what is still to go: the next start tries
 * again. It then spares the keys of a group that has come back meanwhile.
 *
 * The table is made by the first deletion, so that a database of an earlier version serves. */
#include "group/group_remains.h"

#include "base/log.h"
#include "group/home.h"
#include "group/password_file.h"
#include "group/peer_name.h"
#include "group/user_db.h"
#include "store/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char make_table[] = "CREATE TABLE IF NOT EXISTS remains("
                                 " database TEXT NOT NULL PRIMARY KEY,"
                                 " identity TEXT NOT NULL,"
                                 " peer_name TEXT NOT NULL,"
                                 " key_name TEXT) WITHOUT ROWID";

void group_remains_deinit(struct group_remains *remains)
{
    mem_free(remains->key_name);
    mem_free(remains->key_folder);
    mem_free(remains->folder);
    for (size_t i = 0; i < REMAINS_FILES; i++)
        mem_free(remains->files[i]);
    *remains = (struct group_remains){.entry = NULL};
}

/* ---- what there is ---- */

/* May files of this folder be removed? errno when not. */
static int folder_refuses(const char *folder)
{
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

static HRESULT folder_of(const char *path, char **folder)
{
    *folder = mem_strndup(path, (size_t)(strrchr(path, '/') - path));
    return *folder ? S_OK : E_OUTOFMEMORY;
}

HRESULT group_remains_reachable(const struct group_entry *entry)
{
    char *folder CLEANUP_FREE = NULL;
    HRESULT hr = folder_of(entry->database, &folder);
    if (FAILED(hr))
        return hr;
    int error = folder_refuses(folder);
    if (error == ENOENT) /* a folder, not a file, is what is missing */
        error = ENOTDIR;
    return error ? result_of_file(error) : S_OK;
}

/* The file of the group's key begins with the authority of the group's name. */
static HRESULT find_key(const char *folder, const char *group, char **name)
{
    struct peer_name parts;
    if (FAILED(peer_name_parse(group, &parts)) || !parts.secure)
        return S_OK;
    DIR *listing = opendir(folder);
    if (!listing)
        return home_result(errno);
    HRESULT hr = S_OK;
    for (struct dirent *file; !*name && SUCCEEDED(hr) && (file = readdir(listing));)
        if (strlen(file->d_name) == HASH_TEXT_SIZE - 1 &&
            strncmp(file->d_name, parts.authority, AUTHORITY_TEXT_SIZE - 1) == 0) {
            *name = mem_strdup(file->d_name);
            hr = *name ? S_OK : E_OUTOFMEMORY;
        }
    closedir(listing);
    return hr;
}

/* May the group's key go? It never goes from under an identity, and else with the creator, or with
 * the last one who has the group. */
static HRESULT judge_key(const struct group_entry *entry, bool creator, const char *name,
                         bool *goes)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    bool needed = true;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_has(&db, "SELECT 1 FROM identities WHERE lower(hex(key_hash)) = ?",
                         USER_VALUES(user_text(name)), &needed);
    if (SUCCEEDED(hr) && !needed && !creator)
        hr = user_db_has(&db, "SELECT 1 FROM groups WHERE peer_name = ? AND identity <> ?",
                         USER_VALUES(user_text(entry->group), user_text(entry->identity)), &needed);
    *goes = SUCCEEDED(hr) && !needed;
    return hr;
}

static HRESULT find_group_key(bool creator, struct group_remains *remains)
{
    char *name CLEANUP_FREE = NULL;
    bool goes = false;
    HRESULT hr = find_key(remains->key_folder, remains->entry->group, &name);
    if (SUCCEEDED(hr) && name)
        hr = judge_key(remains->entry, creator, name, &goes);
    if (SUCCEEDED(hr) && goes) {
        remains->key_name = name;
        name = NULL;
    }
    return hr;
}

/* ---- paths ---- */

static HRESULT name_keys(struct group_remains *remains)
{
    char password[HASH_TEXT_SIZE];
    HRESULT hr = S_OK;
    if (remains->key_name)
        hr = home_join(remains->key_folder, remains->key_name, &remains->files[0]);
    password_file_name(remains->entry->identity, remains->entry->group, password);
    if (SUCCEEDED(hr))
        hr = home_join(remains->key_folder, password, &remains->files[1]);
    struct stat status;
    if (SUCCEEDED(hr) && lstat(remains->files[1], &status) < 0 && errno == ENOENT) {
        mem_free(remains->files[1]);
        remains->files[1] = NULL;
    }
    return hr;
}

/* What is beside the database goes first: a log that outlives it would be taken for another's. */
static HRESULT name_database(struct group_remains *remains)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ".new", "", ".lock"};
    _Static_assert(sizeof(suffixes) / sizeof(suffixes[0]) == REMAINS_FILES - REMAINS_KEYS, "all");
    HRESULT hr = folder_of(remains->entry->database, &remains->folder);
    for (size_t i = 0; SUCCEEDED(hr) && i < REMAINS_FILES - REMAINS_KEYS; i++) {
        struct buffer path CLEANUP_BUFFER = BUFFER_NULL;
        hr = buffer_printf(&path, "%s%s", remains->entry->database, suffixes[i]);
        if (SUCCEEDED(hr))
            hr = buffer_terminate(&path);
        if (SUCCEEDED(hr))
            remains->files[REMAINS_KEYS + i] = (char *)buffer_take(&path);
    }
    return hr;
}

static HRESULT name_files(struct group_remains *remains)
{
    HRESULT hr = remains->key_folder ? name_keys(remains) : S_OK;
    return SUCCEEDED(hr) ? name_database(remains) : hr;
}

/* A folder of keys that is missing has none of this group. */
static HRESULT open_keys(struct group_remains *remains)
{
    HRESULT hr = home_folder("keys", false, &remains->key_folder);
    return hr == PEER_E_NOT_FOUND ? S_OK : hr;
}

HRESULT group_remains_prepare(const struct group_entry *entry, bool creator,
                              struct group_remains *remains)
{
    *remains = (struct group_remains){.entry = entry};
    HRESULT hr = group_remains_reachable(entry);
    if (SUCCEEDED(hr))
        hr = open_keys(remains);
    if (SUCCEEDED(hr) && remains->key_folder)
        hr = find_group_key(creator, remains);
    if (SUCCEEDED(hr))
        hr = name_files(remains);
    if (SUCCEEDED(hr) && (remains->files[0] || remains->files[1]) &&
        folder_refuses(remains->key_folder))
        hr = PEER_E_NO_KEY_ACCESS;
    return hr;
}

/* ---- burying and erasing ---- */

HRESULT group_remains_bury(const struct group_remains *remains)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    const struct group_entry *entry = remains->entry;
    bool found = false;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_begin(&db);
    if (SUCCEEDED(hr))
        hr = user_db_run(&db, make_table, USER_VALUES_NONE);
    if (SUCCEEDED(hr))
        hr = user_db_run(&db,
                         "INSERT INTO remains(database, identity, peer_name, key_name)"
                         " SELECT database, identity, peer_name, ?3 FROM groups"
                         " WHERE identity = ?1 AND peer_name = ?2",
                         USER_VALUES(user_text(entry->identity), user_text(entry->group),
                                     user_text(remains->key_name)));
    if (SUCCEEDED(hr))
        hr = user_db_has(&db, "DELETE FROM groups WHERE identity = ? AND peer_name = ? RETURNING 1",
                         USER_VALUES(user_text(entry->identity), user_text(entry->group)), &found);
    if (FAILED(hr))
        return hr;
    return found ? user_db_commit(&db) : PEER_E_NOT_FOUND;
}

static HRESULT forget_remains(const struct group_remains *remains)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    HRESULT hr = user_db_open(&db, false);
    if (FAILED(hr))
        return hr;
    return user_db_run(&db, "DELETE FROM remains WHERE database = ?",
                       USER_VALUES(user_text(user_db_relative(&db, remains->entry->database))));
}

static HRESULT remove_files(const struct group_remains *remains)
{
    HRESULT first = S_OK;
    for (size_t i = 0; i < REMAINS_FILES; i++) {
        if (!remains->files[i] || unlink(remains->files[i]) == 0 || errno == ENOENT)
            continue;
        HRESULT hr = i < REMAINS_KEYS ? home_result(errno) : result_of_file(errno);
        if (SUCCEEDED(first))
            first = hr;
    }
    return first;
}

HRESULT group_remains_erase(const struct group_remains *remains)
{
    HRESULT hr = remove_files(remains);
    if (SUCCEEDED(hr) && remains->key_folder)
        hr = home_sync(remains->key_folder);
    if (SUCCEEDED(hr))
        hr = home_sync(remains->folder);
    if (hr == PEER_E_NOT_FOUND)
        hr = S_OK; /* the whole folder is gone */
    if (FAILED(hr)) {
        log_line(LOG_WARNING, "files of a deleted group stay behind: 0x%08x", (unsigned)hr);
        return hr;
    }
    hr = forget_remains(remains);
    if (FAILED(hr)) /* the next start looks for files that are gone */
        log_line(LOG_WARNING, "a deleted group stays remembered: 0x%08x", (unsigned)hr);
    return S_OK;
}

/* ---- making up for what was cut off ---- */

/* The first remains behind a path, its key's file by name; *found: there are such. */
static HRESULT next_remains(struct user_db *db, const char *after, struct group_entry *entry,
                            char **key_name, bool *found)
{
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    char *database CLEANUP_FREE = NULL;
    *found = false;
    HRESULT hr = user_db_prepare(db,
                                 "SELECT identity, peer_name, database, key_name FROM remains"
                                 " WHERE database > ? ORDER BY database LIMIT 1",
                                 USER_VALUES(user_text(after)), &statement);
    if (SUCCEEDED(hr))
        hr = user_db_step(db, statement, found);
    if (FAILED(hr) || !*found)
        return hr;
    hr = user_db_text(statement, 0, &entry->identity);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 1, &entry->group);
    if (SUCCEEDED(hr))
        hr = user_db_text(statement, 2, &database);
    if (SUCCEEDED(hr))
        hr = user_db_absolute(db, database, &entry->database);
    if (SUCCEEDED(hr) && sqlite3_column_type(statement, 3) != SQLITE_NULL)
        hr = user_db_text(statement, 3, key_name);
    return hr;
}

/* Whoever has come back to the group needs its keys; the group's own is spared where any identity
 * has the group, since that one may have become its creator meanwhile. */
static HRESULT spare_keys(struct user_db *db, struct group_remains *remains)
{
    bool key = true, password = true;
    struct user_value group = user_text(remains->entry->group);
    HRESULT hr = user_db_has(db,
                             "SELECT 1 FROM groups WHERE peer_name = ?1"
                             " UNION SELECT 1 FROM identities WHERE lower(hex(key_hash)) = ?2",
                             USER_VALUES(group, user_text(remains->key_name)), &key);
    if (SUCCEEDED(hr))
        hr = user_db_has(db, "SELECT 1 FROM groups WHERE peer_name = ? AND identity = ?",
                         USER_VALUES(group, user_text(remains->entry->identity)), &password);
    const bool spare[REMAINS_KEYS] = {key, password};
    for (size_t i = 0; i < REMAINS_KEYS; i++)
        if (spare[i]) {
            mem_free(remains->files[i]);
            remains->files[i] = NULL;
        }
    return hr;
}

static HRESULT collect_one(struct user_db *db, const struct group_entry *entry, char **key_name)
{
    struct group_remains remains CLEANUP_REMAINS = {.entry = entry, .key_name = *key_name};
    *key_name = NULL;
    /* What is no name of a key names no file. */
    if (remains.key_name && (strlen(remains.key_name) != HASH_TEXT_SIZE - 1 ||
                             strspn(remains.key_name, "0123456789abcdef") != HASH_TEXT_SIZE - 1))
        return PEER_E_INVALID_DATABASE;
    HRESULT hr = open_keys(&remains);
    if (SUCCEEDED(hr))
        hr = name_files(&remains);
    if (SUCCEEDED(hr))
        hr = spare_keys(db, &remains);
    return SUCCEEDED(hr) ? group_remains_erase(&remains) : hr;
}

static HRESULT collect_from(struct user_db *db)
{
    char *after CLEANUP_FREE = mem_strdup("");
    bool found = after != NULL;
    HRESULT hr = after ? S_OK : E_OUTOFMEMORY;
    while (SUCCEEDED(hr) && found) {
        struct group_entry entry CLEANUP(group_entry_deinit) = {.group = NULL};
        char *key_name CLEANUP_FREE = NULL;
        hr = next_remains(db, after, &entry, &key_name, &found);
        if (FAILED(hr) || !found)
            break;
        HRESULT one = collect_one(db, &entry, &key_name);
        (void)one; /* it is logged, and the others may still go */
        mem_free(after);
        after = mem_strdup(user_db_relative(db, entry.database));
        hr = after ? S_OK : E_OUTOFMEMORY;
    }
    return hr;
}

void group_remains_collect(void)
{
    struct user_db db CLEANUP_USER_DB = USER_DB_NULL;
    bool has = false;
    HRESULT hr = user_db_open(&db, false);
    if (SUCCEEDED(hr))
        hr = user_db_has(&db, "SELECT 1 FROM sqlite_master WHERE name = 'remains'",
                         USER_VALUES_NONE, &has);
    if (SUCCEEDED(hr) && has)
        hr = collect_from(&db);
    if (FAILED(hr) && hr != PEER_E_NOT_FOUND)
        log_line(LOG_WARNING, "what deleted groups have left is not looked for: 0x%08x",
                 (unsigned)hr);
}
