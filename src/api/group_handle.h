/* group_handle.h - what every function on groups asks first: is Grouping started, and which session
 * of the engine stands behind this HGROUP? */
#ifndef API_GROUP_HANDLE_H
#define API_GROUP_HANDLE_H

#include "api/handle.h"

#include <p2p.h>

/* group_startup and group_shutdown count. group_startup passes on the codes of engine_startup.
 * group_shutdown: PEER_E_NOT_INITIALIZED: nothing to end; E_UNEXPECTED: the engine did not end
 * cleanly. The last one ends all handles of groups, registrations and enumerations of groups. */
HRESULT group_startup(void) MUST_CHECK;
HRESULT group_shutdown(void) MUST_CHECK;

/* group_ready comes before every other check. PEER_E_NOT_INITIALIZED: between no startup and its
 * shutdown. */
HRESULT group_ready(void) MUST_CHECK;

/* group_session finds the engine's session behind a handle. PEER_E_INVALID_GROUP; *session is 0
 * then. A session may end at any moment; the engine checks it again. */
HRESULT group_session(HGROUP handle, uint64_t *session) MUST_CHECK;

/* A handle that a program is about to get. It exists before the group is opened, so that there is
 * nothing to undo for want of memory. */
struct group_opening {
    uint64_t session; /* to be filled in between */
    HGROUP handle;
    struct handle_entry *entry;
};
/* group_opening_begin: E_OUTOFMEMORY. group_opening_end must follow a success; it gives the handle
 * to the program, or drops it when hr is a failure, and returns hr. */
HRESULT group_opening_begin(struct group_opening *opening) MUST_CHECK;
HRESULT group_opening_end(struct group_opening *opening, HRESULT hr, HGROUP *handle) MUST_CHECK;

/* group_registration finds the engine's number of a registration. E_INVALIDARG: there is none. */
HRESULT group_registration(HPEEREVENT handle, uint64_t *registration) MUST_CHECK;

/* group_handle_close ends a handle; others of the same group go on. */
void group_handle_close(HGROUP handle);

#endif
