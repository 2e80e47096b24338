/* handle.h - handles of the interface (groups, enumerations, event registrations): a checked value
 * with a counted object behind.
 *
 * Any value may come in: one that is closed, foreign, random or of another kind finds nothing, also
 * when its slot is in use again. An object lives until its handle is closed and every borrower has
 * returned it, so one thread may close what another is using. Any thread. */
#ifndef API_HANDLE_H
#define API_HANDLE_H

#include "api/handle_table.h"
#include "base/alloc.h"

#include <stdbool.h>

/* What stands behind a handle. */
struct handle_entry;

/* handle_open gives object (not NULL) a handle. object is taken on success: free_object(object) is
 * called, under no lock, when it is over. E_OUTOFMEMORY; *handle is NULL then and object still the
 * caller's. */
HRESULT handle_open(enum handle_kind kind, void *object, void (*free_object)(void *object),
                    void **handle) MUST_CHECK;

/* handle_borrow finds what is behind a handle (give back with handle_return). E_HANDLE: not a live
 * handle of this kind; *entry is NULL then. */
HRESULT handle_borrow(enum handle_kind kind, const void *handle,
                      struct handle_entry **entry) MUST_CHECK;
/* handle_object gives the object; borrowed until handle_return. */
void *handle_object(const struct handle_entry *entry);
/* handle_return takes NULL. */
void handle_return(struct handle_entry *entry);

/* handle_close ends a handle. E_HANDLE: not a live handle of this kind. */
HRESULT handle_close(enum handle_kind kind, const void *handle) MUST_CHECK;

/* handle_close_all ends all handles of a kind whose object is wanted (NULL: every one). */
void handle_close_all(enum handle_kind kind, bool (*wanted)(const void *object));

static inline void handle_returnp(struct handle_entry **entry)
{
    handle_return(*entry);
}
#define CLEANUP_HANDLE CLEANUP(handle_returnp)

#endif
