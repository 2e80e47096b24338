/* foreign_memory.h - SQLite's allocations fail on the same clock as ours (mem_fail_nth). */
#ifndef SUPPORT_FOREIGN_MEMORY_H
#define SUPPORT_FOREIGN_MEMORY_H

#include "base/alloc.h"

#include <sqlite3.h>

static sqlite3_mem_methods foreign_sqlite;

static inline void *foreign_sqlite_malloc(int size)
{
    return mem_should_fail() ? NULL : foreign_sqlite.xMalloc(size);
}

static inline void *foreign_sqlite_realloc(void *block, int size)
{
    return mem_should_fail() ? NULL : foreign_sqlite.xRealloc(block, size);
}

/* foreign_memory_setup must come before the first use of SQLite; once is enough. */
static inline int foreign_memory_setup(void)
{
    if (foreign_sqlite.xMalloc)
        return 0;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &foreign_sqlite) != SQLITE_OK)
        return -1;
    sqlite3_mem_methods own = foreign_sqlite;
    own.xMalloc = foreign_sqlite_malloc;
    own.xRealloc = foreign_sqlite_realloc;
    return sqlite3_config(SQLITE_CONFIG_MALLOC, &own) == SQLITE_OK ? 0 : -1;
}

#endif
