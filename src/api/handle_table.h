/* handle_table.h - opaque handles that are checked at each use: an index into a table and the count
 * of how often that slot was used, so that a closed, foreign or random value is refused. */
#ifndef API_HANDLE_TABLE_H
#define API_HANDLE_TABLE_H

#include "base/result.h"

#include <stdint.h>

/* The most live handles of one table, and the kinds that keep tables' handles apart. */
enum { HANDLE_TABLE_SLOTS_MAX = 65536 };
enum handle_kind {
    HANDLE_KIND_EVENT = 0,
    HANDLE_KIND_WAIT = 1,
    HANDLE_KIND_CRYPT = 2,
    HANDLE_KIND_ENUMERATION = 3,
    HANDLE_KIND_GROUP = 4,
    HANDLE_KIND_REGISTRATION = 5, /* HPEEREVENT */
    HANDLE_KIND_COUNT
};

struct handle_slot {
    void *object;         /* NULL: free */
    uintptr_t generation; /* counts the uses of this slot */
    uint32_t next_free;   /* index + 1; 0 ends the list */
};

/* A zeroed table with its kind set is a valid empty one. The caller locks. */
struct handle_table {
    enum handle_kind kind;
    struct handle_slot *slots;
    uint32_t slot_count; /* slots ever made */
    uint32_t capacity;
    uint32_t first_free; /* the free slots, oldest first */
    uint32_t last_free;
};

/* handle_table_add gives object (not NULL; borrowed until handle_table_remove) a handle, never 0.
 * E_OUTOFMEMORY: no memory, or HANDLE_TABLE_SLOTS_MAX are live. *handle is 0 after a failure. */
HRESULT handle_table_add(struct handle_table *table, void *object, uintptr_t *handle) MUST_CHECK;

/* handle_table_get gives the object of a live handle, or NULL for any other value. */
void *handle_table_get(const struct handle_table *table, uintptr_t handle);

/* handle_table_at gives the live handle of slot index (below slot_count), or 0. */
uintptr_t handle_table_at(const struct handle_table *table, uint32_t index);

/* handle_table_remove ends a handle and gives its object back, or NULL when it was no live one. */
void *handle_table_remove(struct handle_table *table, uintptr_t handle);

#endif
