/* user_db.c - user.db: identities, tombstones of deleted ones, and the groups of each.
 *
 * Every call opens the file, does one transaction and closes it again, so that any number of
 * threads and processes work under SQLite's own lock. That is why the journal is a rollback
 * journal (a write-ahead log would be built up and taken down at every open) and why a writer takes
 * its lock at the beginning. synchronous=EXTRA: what was committed survives the loss of power.
 * Damage of the file is PEER_E_INVALID_DATABASE; a file or folder that cannot be written, or is not
 * ours alone, PEER_E_NO_KEY_ACCESS. Values read back are checked like any other input. */
#include "group/user_db.h"
#include "base/text.h"
#include "group/home.h"

#include <errno.h>

enum { BUSY_TIMEOUT_MS = 10000, SCHEMA_VERSION = 1, APPLICATION_ID = 1346852176 };

static const char schema[] =
    "CREATE TABLE identities("
    " sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " peer_name TEXT NOT NULL UNIQUE,"
    " friendly_name TEXT NOT NULL,"
    " key_hash BLOB NOT NULL,"
    " key BLOB NOT NULL,"
    " created INTEGER NOT NULL);"
    "CREATE INDEX identities_of_key ON identities(key_hash);"
    /* key_left: the key's file has still to be removed. */
    "CREATE TABLE tombstones("
    " peer_name TEXT NOT NULL PRIMARY KEY,"
    " key_hash BLOB NOT NULL,"
    " deleted INTEGER NOT NULL,"
    " key_left INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX tombstones_of_key ON tombstones(key_hash);"
    "CREATE INDEX tombstones_with_key ON tombstones(key_left) WHERE key_left;"
    "CREATE TABLE groups("
    " sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    " identity TEXT NOT NULL,"
    " peer_name TEXT NOT NULL,"
    " friendly_name TEXT NOT NULL,"
    " database TEXT NOT NULL,"
    " UNIQUE(identity, peer_name));"
    "PRAGMA application_id = 1346852176;"
    "PRAGMA user_version = 1;";

/* Translates a code of SQLite; the connection tells what the system said below it. */
static HRESULT result_of(struct user_db *db, int code)
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return S_OK;
    if (code == SQLITE_IOERR_NOMEM)
        return E_OUTOFMEMORY;
    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return E_OUTOFMEMORY;
    case SQLITE_FULL:
        return PEER_E_DISK_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
        int error = db->handle ? sqlite3_system_errno(db->handle) : 0;
        return error == ENOSPC || error == EDQUOT || error == EFBIG ? PEER_E_DISK_FULL
                                                                    : PEER_E_NO_KEY_ACCESS;
    }
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return PEER_E_NO_KEY_ACCESS;
    default:
        return PEER_E_INVALID_DATABASE;
    }
}

void user_db_finalize(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
    *statement = NULL;
}

void user_db_close(struct user_db *db)
{
    sqlite3_close(db->handle);
    mem_free(db->home);
    *db = USER_DB_NULL;
}

static HRESULT execute(struct user_db *db, const char *sql)
{
    return result_of(db, sqlite3_exec(db->handle, sql, NULL, NULL, NULL));
}

HRESULT user_db_begin(struct user_db *db)
{
    return execute(db, "BEGIN IMMEDIATE");
}

HRESULT user_db_commit(struct user_db *db)
{
    HRESULT hr = execute(db, "COMMIT");
    if (FAILED(hr))
        user_db_rollback(db);
    return hr;
}

void user_db_rollback(struct user_db *db)
{
    /* A rollback that fails for want of memory is completed when the connection closes. */
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

static HRESULT bind(struct user_db *db, sqlite3_stmt *statement, struct user_values values)
{
    for (size_t i = 0; i < values.count; i++) {
        const struct user_value *value = &values.list[i];
        int place = (int)i + 1;
        int code;
        switch (value->kind) {
        case USER_TEXT:
            code = sqlite3_bind_text64(statement, place, value->data, value->size, SQLITE_STATIC,
                                       SQLITE_UTF8);
            break;
        case USER_BLOB:
            code = sqlite3_bind_blob64(statement, place, value->data, value->size, SQLITE_STATIC);
            break;
        default:
            code = sqlite3_bind_int64(statement, place, value->number);
            break;
        }
        if (code != SQLITE_OK)
            return result_of(db, code);
    }
    return S_OK;
}

HRESULT user_db_prepare(struct user_db *db, const char *sql, struct user_values values,
                        sqlite3_stmt **statement)
{
    *statement = NULL;
    HRESULT hr = result_of(db, sqlite3_prepare_v2(db->handle, sql, -1, statement, NULL));
    if (SUCCEEDED(hr))
        hr = bind(db, *statement, values);
    if (FAILED(hr))
        user_db_finalize(statement);
    return hr;
}

HRESULT user_db_step(struct user_db *db, sqlite3_stmt *statement, bool *row)
{
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    return result_of(db, code);
}

HRESULT user_db_has(struct user_db *db, const char *sql, struct user_values values, bool *has)
{
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    *has = false;
    HRESULT hr = user_db_prepare(db, sql, values, &statement);
    return SUCCEEDED(hr) ? user_db_step(db, statement, has) : hr;
}

HRESULT user_db_run(struct user_db *db, const char *sql, struct user_values values)
{
    bool row;
    return user_db_has(db, sql, values, &row);
}

HRESULT user_db_text(sqlite3_stmt *statement, int column, char **text)
{
    *text = NULL;
    if (sqlite3_column_type(statement, column) != SQLITE_TEXT)
        return PEER_E_INVALID_DATABASE;
    const void *data = sqlite3_column_text(statement, column);
    if (!data)
        return E_OUTOFMEMORY;
    struct bytes view = bytes_of(data, (size_t)sqlite3_column_bytes(statement, column));
    if (!text_is_utf8(view))
        return PEER_E_INVALID_DATABASE;
    *text = mem_strndup((const char *)view.data, view.size);
    return *text ? S_OK : E_OUTOFMEMORY;
}

HRESULT user_db_blob(sqlite3_stmt *statement, int column, void *data, size_t size)
{
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB ||
        sqlite3_column_bytes(statement, column) != (int)size)
        return PEER_E_INVALID_DATABASE;
    memcpy(data, sqlite3_column_blob(statement, column), size);
    return S_OK;
}

const char *user_db_relative(const struct user_db *db, const char *path)
{
    size_t size = strlen(db->home);
    bool below = strncmp(path, db->home, size) == 0 && path[size] == '/';
    return below ? path + size + 1 : path;
}

HRESULT user_db_absolute(const struct user_db *db, const char *path, char **absolute)
{
    if (path[0] != '/')
        return home_join(db->home, path, absolute);
    *absolute = mem_strdup(path);
    return *absolute ? S_OK : E_OUTOFMEMORY;
}

HRESULT user_db_identity_state(struct user_db *db, const char *peer_name)
{
    bool has;
    HRESULT hr = user_db_has(db, "SELECT 1 FROM identities WHERE peer_name = ?",
                             USER_VALUES(user_text(peer_name)), &has);
    if (FAILED(hr) || has)
        return hr;
    hr = user_db_has(db, "SELECT 1 FROM tombstones WHERE peer_name = ?",
                     USER_VALUES(user_text(peer_name)), &has);
    if (FAILED(hr))
        return hr;
    return has ? IDENTITY_E_DELETED : PEER_E_NOT_FOUND;
}

static HRESULT read_number(struct user_db *db, const char *sql, int64_t *value)
{
    sqlite3_stmt *statement CLEANUP_STATEMENT = NULL;
    bool row = false;
    HRESULT hr = user_db_prepare(db, sql, USER_VALUES_NONE, &statement);
    if (SUCCEEDED(hr))
        hr = user_db_step(db, statement, &row);
    if (SUCCEEDED(hr))
        *value = sqlite3_column_int64(statement, 0);
    return hr;
}

/* Tells whether the tables are there; a file with other content is not ours. */
static HRESULT read_version(struct user_db *db, bool *ready)
{
    int64_t version = 0;
    int64_t application = 0;
    int64_t tables = 0;
    *ready = false;
    /* Tables first: another process may make them at this moment, all in one step. */
    HRESULT hr = read_number(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (SUCCEEDED(hr))
        hr = read_number(db, "PRAGMA user_version", &version);
    if (SUCCEEDED(hr))
        hr = read_number(db, "PRAGMA application_id", &application);
    if (FAILED(hr))
        return hr;
    *ready = version == SCHEMA_VERSION && application == APPLICATION_ID;
    return *ready || tables == 0 ? S_OK : PEER_E_INVALID_DATABASE;
}

/* Makes the tables, unless another process was quicker. */
static HRESULT make_tables(struct user_db *db)
{
    bool ready = false;
    HRESULT hr = user_db_begin(db);
    if (SUCCEEDED(hr))
        hr = read_version(db, &ready);
    if (SUCCEEDED(hr) && !ready)
        hr = execute(db, schema);
    return SUCCEEDED(hr) ? user_db_commit(db) : hr;
}

/* Sees to a file that is there and ours alone. Never opens it: closing another descriptor would
 * drop the locks that SQLite holds for other threads. */
static HRESULT check_file(const char *path, bool create)
{
    struct stat status;
    if (create && mknod(path, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
        return home_result(errno);
    if (lstat(path, &status) < 0)
        return home_result(errno);
    return S_ISREG(status.st_mode) ? home_check_private(&status) : PEER_E_NO_KEY_ACCESS;
}

static HRESULT connect_file(struct user_db *db, const char *path)
{
    int code =
        sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return result_of(db, code);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, BUSY_TIMEOUT_MS);
    return execute(db, "PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF");
}

HRESULT user_db_open(struct user_db *db, bool create)
{
    char *path CLEANUP_FREE = NULL;
    bool ready = false;
    *db = USER_DB_NULL;
    HRESULT hr = home_path(create, &db->home);
    if (SUCCEEDED(hr))
        hr = home_join(db->home, "user.db", &path);
    if (SUCCEEDED(hr))
        hr = check_file(path, create);
    if (SUCCEEDED(hr))
        hr = connect_file(db, path);
    if (SUCCEEDED(hr))
        hr = read_version(db, &ready);
    if (SUCCEEDED(hr) && !ready)
        hr = create ? make_tables(db) : PEER_E_NOT_FOUND;
    if (FAILED(hr))
        user_db_close(db);
    return hr;
}
