/* event.h - what the rest of the library needs of events: a program's HANDLE is checked, kept and
 * signalled.
 *
 * An event that the library keeps outlives CloseHandle: from then on nobody can wait for it, and
 * setting it does nothing. All functions may be called from any thread. */
#ifndef API_EVENT_H
#define API_EVENT_H

#include "base/result.h"

#include <stdbool.h>

struct event;

/* event_is_valid tells whether handle is a live event at this moment. */
bool event_is_valid(HANDLE handle);

/* event_signal does what SetEvent does, without touching the thread's last error. E_INVALIDARG: not
 * a live event. */
HRESULT event_signal(HANDLE handle) MUST_CHECK;

/* event_reference gives the event behind a live handle in *event; return it with event_unreference.
 * E_INVALIDARG: not a live event; *event is NULL then. */
HRESULT event_reference(HANDLE handle, struct event **event) MUST_CHECK;

/* event_set signals an event that is kept by a reference; once the program has closed the handle
 * this does nothing. */
void event_set(struct event *event);

/* event_unreference gives a reference back; NULL is allowed. */
void event_unreference(struct event *event);

#endif
