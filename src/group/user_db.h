/* user_db.h - the user's SQLite database: opening, transactions, statements, and what its errors
 * mean. */
#ifndef GROUP_USER_DB_H
#define GROUP_USER_DB_H

#include "base/bytes.h"

#include <sqlite3.h>

/* One connection, for the time of one call. */
struct user_db {
    sqlite3 *handle;
    char *home; /* the user's folder, without a slash at its end */
};
#define USER_DB_NULL ((struct user_db){.handle = NULL})
#define CLEANUP_USER_DB CLEANUP(user_db_close)
#define CLEANUP_STATEMENT CLEANUP(user_db_finalize)

/* user_db_open opens the database and makes it, with its folder, when create is set. Without:
 * PEER_E_NOT_FOUND when there is none yet. PEER_E_NO_KEY_ACCESS, PEER_E_DISK_FULL, E_OUTOFMEMORY;
 * PEER_E_INVALID_DATABASE: the file is damaged or not ours. */
HRESULT user_db_open(struct user_db *db, bool create) MUST_CHECK;
/* user_db_close ends the connection; a transaction that was not committed never happened. */
void user_db_close(struct user_db *db);

/* user_db_begin takes the writer's lock, waiting for others; user_db_commit makes it durable. */
HRESULT user_db_begin(struct user_db *db) MUST_CHECK;
HRESULT user_db_commit(struct user_db *db) MUST_CHECK;
void user_db_rollback(struct user_db *db);

/* A value for a statement, borrowed until the statement is finalized. A NULL text is SQL's NULL. */
struct user_value {
    enum { USER_TEXT, USER_BLOB, USER_NUMBER } kind;
    const void *data;
    size_t size;
    int64_t number;
};
static inline struct user_value user_text(const char *text)
{
    return (struct user_value){.kind = USER_TEXT, .data = text, .size = text ? strlen(text) : 0};
}
static inline struct user_value user_blob(const void *data, size_t size)
{
    return (struct user_value){.kind = USER_BLOB, .data = data, .size = size};
}
static inline struct user_value user_number(uint64_t number)
{
    return (struct user_value){.kind = USER_NUMBER, .number = (int64_t)number};
}
struct user_values {
    const struct user_value *list;
    size_t count;
};
#define USER_VALUES(...)                                                                           \
    ((struct user_values){.list = (struct user_value[]){__VA_ARGS__},                              \
                          .count = sizeof((struct user_value[]){__VA_ARGS__}) /                    \
                                   sizeof(struct user_value)})
#define USER_VALUES_NONE ((struct user_values){.count = 0})

/* user_db_prepare gives a statement with its values bound (release with user_db_finalize).
 * user_db_step moves it to its next row; *row tells whether there is one. user_db_run does all of
 * it for a statement without rows. user_db_has: the query gives at least one row. */
HRESULT user_db_prepare(struct user_db *db, const char *sql, struct user_values values,
                        sqlite3_stmt **statement) MUST_CHECK;
HRESULT user_db_step(struct user_db *db, sqlite3_stmt *statement, bool *row) MUST_CHECK;
HRESULT user_db_run(struct user_db *db, const char *sql, struct user_values values) MUST_CHECK;
HRESULT user_db_has(struct user_db *db, const char *sql, struct user_values values,
                    bool *has) MUST_CHECK;
void user_db_finalize(sqlite3_stmt **statement);

/* Columns of the current row. Text: a copy (free with mem_free). A blob must have size bytes, a
 * text must be UTF-8: else PEER_E_INVALID_DATABASE. */
HRESULT user_db_text(sqlite3_stmt *statement, int column, char **text) MUST_CHECK;
HRESULT user_db_blob(sqlite3_stmt *statement, int column, void *data, size_t size) MUST_CHECK;

/* user_db_relative gives the part of a path below the user's folder, or the whole path; it is
 * borrowed. user_db_absolute turns it back (free with mem_free). */
const char *user_db_relative(const struct user_db *db, const char *path);
HRESULT user_db_absolute(const struct user_db *db, const char *path, char **absolute) MUST_CHECK;

/* user_db_identity_state: S_OK the identity exists; HRESULT_FROM_WIN32(303) it was deleted;
 * PEER_E_NOT_FOUND this user never had it. */
HRESULT user_db_identity_state(struct user_db *db, const char *peer_name) MUST_CHECK;

#endif
