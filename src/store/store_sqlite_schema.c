/* store_sqlite_schema.c - the database file: its tables, its statements, how it is made and opened.
 *
 * A file is made beside its place, complete and synced, and only then linked to its name, so that a
 * crash leaves a whole database or none. To open it, the kind of file, the version and the text of
 * the schema are compared before anything is written, which takes the same time whatever the size.
 * One connection holds the file alone (locking_mode EXCLUSIVE): that spares the shared memory file
 * and most locking calls. Strangers' files are PEER_E_INVALID_DATABASE; we write nothing to them.
 *
 * Times are stored with the highest bit turned, so that SQLite's signed order is that of ticks. */
#include "store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 1885693808 /* "pegp" */
#define USER_VERSION 2
#define TEXT_OF(number) #number
#define DECIMAL(number) TEXT_OF(number)
#define PIECE_SIZE_TEXT "65536"
_Static_assert(LIMIT_PIECE_SIZE == 65536, "the texts below name it");

#define RECORD_TYPES                                                                               \
    "id BLOB NOT NULL, type BLOB NOT NULL, digest BLOB NOT NULL, creator BLOB NOT NULL, "          \
    "certificate BLOB NOT NULL, payload_root BLOB NOT NULL, version INTEGER NOT NULL, "            \
    "deleted INTEGER NOT NULL, local INTEGER NOT NULL, created INTEGER NOT NULL, "                 \
    "modified INTEGER NOT NULL, expiration INTEGER NOT NULL, payload_size INTEGER NOT NULL, "      \
    "header BLOB NOT NULL, signature BLOB NOT NULL, payload BLOB NOT NULL"

/* One statement each, as sqlite_master keeps them. */
static const char *const schema[] = {
    "CREATE TABLE record(" RECORD_TYPES ")",
    "CREATE UNIQUE INDEX record_id ON record(id)",
    "CREATE INDEX record_scan ON record(modified, id, version, digest, expiration)",
    "CREATE INDEX record_expiration ON record(expiration, deleted)",
    "CREATE INDEX record_type ON record(type, created, id, expiration, deleted) "
    "WHERE deleted = 0",
    "CREATE INDEX record_creator ON record(creator)",
    "CREATE INDEX record_certificate ON record(certificate)",
    "CREATE INDEX record_root ON record(payload_root) WHERE payload_size > " PIECE_SIZE_TEXT,
    "CREATE TABLE piece(root BLOB NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, "
    "leaf BLOB NOT NULL, data BLOB NOT NULL)",
    "CREATE UNIQUE INDEX piece_number ON piece(root, number)",
    "CREATE INDEX piece_leaf ON piece(root, number, size, leaf)",
    "CREATE TABLE unfinished(" RECORD_TYPES ", since_utc INTEGER NOT NULL, owner BLOB NOT NULL)",
    "CREATE UNIQUE INDEX unfinished_digest ON unfinished(digest)",
    "CREATE INDEX unfinished_root ON unfinished(payload_root)",
    "CREATE TABLE certificate(hash BLOB NOT NULL, issuer BLOB NOT NULL, "
    "subject_key BLOB NOT NULL, der BLOB NOT NULL)",
    "CREATE UNIQUE INDEX certificate_hash ON certificate(hash)",
    "CREATE TABLE value(key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID",
};
enum { SCHEMA_COUNT = sizeof(schema) / sizeof(schema[0]) };

#define RECORD_FIXED                                                                               \
    "id, type, digest, creator, certificate, payload_root, version, deleted, local, created, "     \
    "modified, expiration, payload_size"
#define RECORD_SIGNED RECORD_FIXED ", header, signature"
#define RECORD_COLUMNS RECORD_SIGNED ", payload"
#define RECORD_PARAMETERS "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16"
/* Without header the index alone answers. */
#define WALK_FROM "deleted = 0 AND (type, created, id) > (?1, ?2, ?3) ORDER BY type, created, id"
/* What else keeps a piece: a record, an unfinished record. */
#define NAMED_BY_RECORD                                                                            \
    "EXISTS (SELECT 1 FROM record r WHERE r.payload_root = piece.root AND r.payload_size "         \
    "> " PIECE_SIZE_TEXT
#define NAMED_BY_UNFINISHED "EXISTS (SELECT 1 FROM unfinished u WHERE u.payload_root = piece.root"

const char *const sql_statement_text[SQL_COUNT_] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_FREE_PAGES] =
        "SELECT freelist_count, page_count FROM pragma_freelist_count, pragma_page_count",
    [SQL_RECORD_INSERT] =
        "INSERT OR IGNORE INTO record(" RECORD_COLUMNS ") VALUES(" RECORD_PARAMETERS ")",
    [SQL_RECORD_REPLACE] =
        "INSERT OR REPLACE INTO record(" RECORD_COLUMNS ") VALUES(" RECORD_PARAMETERS ")",
    [SQL_RECORD_DELETE] = "DELETE FROM record WHERE id = ?1",
    [SQL_RECORD_GET] = "SELECT " RECORD_COLUMNS " FROM record WHERE id = ?1",
    [SQL_RECORD_FIND] = "SELECT " RECORD_FIXED " FROM record WHERE id = ?1",
    [SQL_RECORD_ROW] = "SELECT " RECORD_SIGNED " FROM record WHERE rowid = ?1",
    [SQL_RECORD_ROW_PAYLOAD] = "SELECT " RECORD_COLUMNS " FROM record WHERE rowid = ?1",
    [SQL_RECORD_EACH] = "SELECT rowid FROM record INDEXED BY record_type "
                        "WHERE deleted = 0 AND expiration > ?1 ORDER BY created, id",
    [SQL_RECORD_EACH_TYPE] =
        "SELECT rowid FROM record INDEXED BY record_type "
        "WHERE deleted = 0 AND expiration > ?1 AND type = ?2 ORDER BY created, id",
    [SQL_RECORD_WALK] = "SELECT type, created, id, expiration FROM record INDEXED BY record_type "
                        "WHERE " WALK_FROM,
    [SQL_RECORD_WALK_SIGNED] =
        "SELECT " RECORD_SIGNED " FROM record INDEXED BY record_type WHERE " WALK_FROM,
    [SQL_RECORD_CREATOR] =
        "SELECT " RECORD_SIGNED " FROM record INDEXED BY record_creator WHERE creator = ?1",
    [SQL_RECORD_CERTIFICATE] =
        "SELECT " RECORD_SIGNED " FROM record INDEXED BY record_certificate WHERE certificate = ?1",
    [SQL_RECORD_SCAN] = "SELECT modified, id, version, digest FROM record INDEXED BY record_scan "
                        "WHERE (modified, id) > (?1, ?2) AND (modified, id) <= (?3, ?4) "
                        "AND expiration > ?5 ORDER BY modified, id",
    [SQL_RECORD_EXPIRED] = "SELECT " RECORD_SIGNED " FROM record INDEXED BY record_expiration "
                           "WHERE expiration > ?1 AND expiration <= ?2 ORDER BY expiration "
                           "LIMIT ?3",
    [SQL_RECORD_NEXT_EXPIRATION] =
        "SELECT expiration FROM record INDEXED BY record_expiration WHERE expiration > ?1 "
        "ORDER BY expiration LIMIT 1",
    [SQL_RECORD_COUNT] = "SELECT count(*) FROM record INDEXED BY record_expiration "
                         "WHERE expiration > ?1 AND deleted = 0",
    [SQL_PIECE_PUT] =
        "INSERT OR IGNORE INTO piece(root, number, size, leaf, data) VALUES(?1, ?2, ?3, ?4, ?5)",
    [SQL_PIECE_GET] = "SELECT data FROM piece WHERE root = ?1 AND number = ?2",
    [SQL_PIECE_HAS] = "SELECT 1 FROM piece WHERE root = ?1 AND number = ?2",
    [SQL_PIECE_COUNT] = "SELECT count(*) FROM piece WHERE root = ?1",
    /* The index alone answers. */
    [SQL_PIECE_LEAVES] = "SELECT number, size, leaf FROM piece INDEXED BY piece_leaf "
                         "WHERE root = ?1 AND number < ?2 ORDER BY number",
    [SQL_PIECE_DROP] = "DELETE FROM piece WHERE root = ?1 AND NOT " NAMED_BY_RECORD
                       ") AND NOT " NAMED_BY_UNFINISHED ")",
    [SQL_PIECE_COLLECT] =
        "DELETE FROM piece WHERE NOT " NAMED_BY_RECORD ") AND NOT " NAMED_BY_UNFINISHED ")",
    [SQL_PIECE_DROP_OF_RECORD] =
        "DELETE FROM piece WHERE root = (SELECT payload_root FROM record WHERE id = ?1 "
        "AND payload_size > " PIECE_SIZE_TEXT ") AND root <> ?2 AND NOT " NAMED_BY_RECORD
        " AND r.id <> ?1) AND NOT " NAMED_BY_UNFINISHED ")",
    [SQL_PIECE_DROP_OF_UNFINISHED] =
        "DELETE FROM piece WHERE root = (SELECT payload_root FROM unfinished WHERE digest = ?1) "
        "AND NOT " NAMED_BY_RECORD ") AND NOT " NAMED_BY_UNFINISHED " AND u.digest <> ?1)",
    [SQL_UNFINISHED_PUT] = "INSERT OR REPLACE INTO unfinished(" RECORD_COLUMNS
                           ", since_utc, owner) VALUES(" RECORD_PARAMETERS ", ?17, ?18)",
    [SQL_UNFINISHED_DELETE] = "DELETE FROM unfinished WHERE digest = ?1",
    [SQL_UNFINISHED_EACH] =
        "SELECT " RECORD_SIGNED ", since_utc, owner FROM unfinished ORDER BY digest",
    [SQL_CERTIFICATE_PUT] = "INSERT OR REPLACE INTO certificate(hash, issuer, subject_key, der) "
                            "VALUES(?1, ?2, ?3, ?4)",
    [SQL_CERTIFICATE_GET] = "SELECT der FROM certificate WHERE hash = ?1",
    [SQL_CERTIFICATE_DELETE] = "DELETE FROM certificate WHERE hash = ?1",
    [SQL_CERTIFICATE_EACH] = "SELECT hash, issuer, subject_key, der FROM certificate ORDER BY hash",
    [SQL_VALUE_PUT] = "INSERT OR REPLACE INTO value(key, value) VALUES(?1, ?2)",
    [SQL_VALUE_GET] = "SELECT value FROM value WHERE key = ?1",
    [SQL_VALUE_DELETE] = "DELETE FROM value WHERE key = ?1",
    [SQL_VALUE_EACH] = "SELECT key, value FROM value WHERE key >= ?1 ORDER BY key",
};

/* query_number runs a PRAGMA that answers with one number. */
static HRESULT query_number(sqlite3 *db, const char *sql, int *number)
{
    *number = 0;
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int(statement, 0);
        rc = SQLITE_OK;
    }
    HRESULT hr = rc == SQLITE_DONE ? PEER_E_INVALID_DATABASE : sql_result(db, rc);
    sqlite3_finalize(statement);
    return hr;
}

/* check_schema holds every entry of sqlite_master to ours, so that a file that was tampered with
 * brings no triggers, views or other indexes along. */
static HRESULT check_schema(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc =
        sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid",
                           -1, &statement, NULL);
    size_t count = 0;
    bool equal = true;
    while (rc == SQLITE_OK && equal) {
        rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW) {
            const char *text = (const char *)sqlite3_column_text(statement, 0);
            equal = text && count < SCHEMA_COUNT && strcmp(text, schema[count]) == 0;
            count++;
            rc = !text && sqlite3_errcode(db) == SQLITE_NOMEM ? SQLITE_NOMEM : SQLITE_OK;
        }
    }
    HRESULT hr = sql_result(db, rc == SQLITE_DONE ? SQLITE_OK : rc);
    sqlite3_finalize(statement);
    if (FAILED(hr))
        return hr;
    return equal && count == SCHEMA_COUNT ? S_OK : PEER_E_INVALID_DATABASE;
}

/* check_identity tells whether the file is ours, before anything is written to it. */
static HRESULT check_identity(sqlite3 *db)
{
    int application_id = 0, version = 0;
    HRESULT hr = query_number(db, "PRAGMA application_id", &application_id);
    if (FAILED(hr))
        return hr;
    if (application_id != APPLICATION_ID)
        return PEER_E_INVALID_DATABASE;
    hr = query_number(db, "PRAGMA user_version", &version);
    if (FAILED(hr))
        return hr;
    if (version > USER_VERSION)
        return PEER_E_UNSUPPORTED_VERSION;
    return version == USER_VERSION ? check_schema(db) : PEER_E_INVALID_DATABASE;
}

static HRESULT execute(sqlite3 *db, const char *sql)
{
    return sql_result(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static HRESULT connect_file(const char *path, sqlite3 **db)
{
    int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return *db ? sql_result(*db, rc) : E_OUTOFMEMORY;
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    /* Where the file may only be read, SQLite opens it for that and does not say so. */
    if (sqlite3_db_readonly(*db, "main") == 1)
        return PEER_E_DATABASE_ACCESSDENIED;
    return execute(*db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -512;"
                        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON");
}

/* use_log switches to the write-ahead log. Where that cannot be, SQLite only answers with another
 * mode. */
static HRESULT use_log(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    HRESULT hr = rc == SQLITE_ROW ? S_OK : sql_result(db, rc == SQLITE_DONE ? SQLITE_CANTOPEN : rc);
    if (SUCCEEDED(hr)) {
        const char *mode = (const char *)sqlite3_column_text(statement, 0);
        hr = !mode ? E_OUTOFMEMORY : strcmp(mode, "wal") ? PEER_E_DATABASE_ACCESSDENIED : S_OK;
    }
    sqlite3_finalize(statement);
    return hr;
}

static HRESULT file_result(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return PEER_E_DATABASE_NOT_PRESENT;
    case EEXIST:
        return PEER_E_DATABASE_ALREADY_PRESENT;
    case ENOSPC:
    case EDQUOT:
        return PEER_E_DISK_FULL;
    case ENOMEM:
        return E_OUTOFMEMORY;
    default:
        return PEER_E_DATABASE_ACCESSDENIED;
    }
}

HRESULT sql_schema_open(struct sql_store *store, const char *path)
{
    struct stat status;
    HRESULT hr = stat(path, &status) == 0 ? connect_file(path, &store->db) : file_result();
    if (SUCCEEDED(hr))
        hr = check_identity(store->db);
    /* NORMAL: sql_commit syncs the log itself where that is due. The log is cut back when it starts
     * again after an unusually large commit. */
    if (SUCCEEDED(hr))
        hr = use_log(store->db);
    if (SUCCEEDED(hr))
        hr = execute(store->db, "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 16777216;"
                                "PRAGMA secure_delete = FAST");
    return hr;
}

static HRESULT fill_new(sqlite3 *db)
{
    HRESULT hr = execute(db, "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; "
                             "PRAGMA synchronous = FULL; BEGIN");
    for (size_t i = 0; SUCCEEDED(hr) && i < SCHEMA_COUNT; i++)
        hr = execute(db, schema[i]);
    if (SUCCEEDED(hr))
        hr = execute(
            db, "PRAGMA application_id = " DECIMAL(
                    APPLICATION_ID) "; PRAGMA user_version = " DECIMAL(USER_VERSION) "; COMMIT");
    return hr;
}

/* sync_folder makes the names in the file's folder last. */
static HRESULT sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    CLEANUP_FREE char *folder =
        slash ? mem_strndup(path, slash > path ? (size_t)(slash - path) : 1) : mem_strdup(".");
    if (!folder)
        return E_OUTOFMEMORY;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return file_result();
    HRESULT hr = fsync(fd) == 0 || errno == EINVAL ? S_OK : file_result();
    close(fd);
    return hr;
}

/* remove_beside removes path with a suffix, if it is there. */
static HRESULT remove_beside(const char *path, const char *suffix)
{
    CLEANUP_BUFFER struct buffer name = BUFFER_NULL;
    HRESULT hr = buffer_printf(&name, "%s%s", path, suffix);
    if (FAILED(hr))
        return hr;
    return unlink((const char *)name.data) == 0 || errno == ENOENT ? S_OK : file_result();
}

static HRESULT remove_all_beside(const char *path)
{
    static const char *const suffixes[] = {"-wal", "-shm", "-journal", ".new"};
    HRESULT hr = S_OK;
    for (size_t i = 0; SUCCEEDED(hr) && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        hr = remove_beside(path, suffixes[i]);
    return hr;
}

/* create_as makes a complete database at name, a path that nothing else uses. */
static HRESULT create_as(const char *name)
{
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return file_result();
    close(fd);
    sqlite3 *db = NULL;
    HRESULT hr = connect_file(name, &db);
    if (SUCCEEDED(hr))
        hr = fill_new(db);
    sqlite3_close(db);
    return hr;
}

HRESULT sql_schema_create(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0)
        return PEER_E_DATABASE_ALREADY_PRESENT;
    CLEANUP_BUFFER struct buffer name = BUFFER_NULL;
    HRESULT hr = buffer_printf(&name, "%s.new", path);
    /* A log that outlived its database would be played into the new one. */
    if (SUCCEEDED(hr))
        hr = remove_all_beside(path);
    if (FAILED(hr))
        return hr;
    const char *new_name = (const char *)name.data;
    hr = create_as(new_name);
    if (SUCCEEDED(hr) && link(new_name, path) != 0)
        hr = file_result();
    bool linked = SUCCEEDED(hr);
    unlink(new_name);
    if (linked)
        hr = sync_folder(path);
    if (linked && FAILED(hr))
        unlink(path);
    return hr;
}

HRESULT store_sqlite_delete(const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return file_result();
    HRESULT hr = remove_all_beside(path);
    if (SUCCEEDED(hr) && unlink(path) != 0)
        hr = file_result();
    return SUCCEEDED(hr) ? sync_folder(path) : hr;
}
