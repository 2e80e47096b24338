/* stress.h - what the threads of the stress test share: handles and texts that any of them may use,
 * close or replace at any time, and the list of calls. */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include <p2p.h>

#include "support/wide.h"

enum { STRESS_THREADS = 16 };

/* Handles of one kind. Whoever takes one out owns its end; who looks at one may find it closed. */
enum stress_kind { STRESS_GROUP, STRESS_ENUMERATION, STRESS_EVENT, STRESS_KINDS };
/* stress_put stores a handle and gives the one that it displaces (NULL: none) for the caller to
 * close. */
void *stress_put(enum stress_kind kind, unsigned *seed, void *handle);
void *stress_take(enum stress_kind kind, unsigned *seed);
/* stress_look gives one of the handles, one of those that last, NULL or, now and then, a made-up
 * one. */
void *stress_look(enum stress_kind kind, unsigned *seed);

/* ---- what lasts: made at the beginning, known to all threads, ended by none ---- */

struct stress_place {
    HGROUP group; /* online */
    HPEEREVENT events;
    PWSTR name; /* the identity's */
    PEER_ADDRESS address;
};
/* Two members of one group who are connected, so that there can be direct connections; the first is
 * its founder, who admits by password too. stress_look gives them and their registrations as well.
 */
extern struct stress_place stress_pair[2];
/* What imports succeed with: a configuration of a group that nobody opens, an identity that is not
 * here, and a group that never connects with an export of its database. */
struct stress_parked {
    PWSTR config;
    PWSTR identity;
    HGROUP group;
    WCHAR database[160];
};
extern struct stress_parked stress_parked;
/* stress_begin makes them, calling every function with good arguments on the way, each noted by
 * stress_note; stress_end frees what is not the library's to end. */
void stress_begin(void);
void stress_end(void);
/* stress_note checks that a function documents what it answered, and counts. Returns hr. */
HRESULT stress_note(const char *function, HRESULT hr);

/* stress_keep_enumeration stores what a call made, if it succeeded, and ends the enumeration that
 * had to make room. Returns hr. */
HRESULT stress_keep_enumeration(unsigned *seed, HRESULT hr, HPEERENUM enumeration);

/* Texts of one kind; free what stress_text gives with free (NULL: none yet). */
enum stress_text {
    STRESS_IDENTITY,
    STRESS_GROUP_NAME, /* "identity group" */
    STRESS_INVITATION, /* "identity invitation" */
    STRESS_PASSWORD_INVITATION,
    STRESS_IDENTITY_EXPORT,
    STRESS_CONFIG,
    STRESS_TEXTS
};
/* stress_keep stores a copy of first, and of second after a blank when it is not NULL. */
void stress_keep(enum stress_text kind, unsigned *seed, PCWSTR first, PCWSTR second);
WCHAR *stress_text(enum stress_text kind, unsigned *seed);
/* stress_split cuts a text at its first blank and gives what follows. */
WCHAR *stress_split(WCHAR *text);

/* What a call says that had nothing to begin with. */
#define STRESS_NOT_CALLED ((HRESULT)0x6E6F6E65)

struct stress_call {
    const char *name; /* the function's */
    /* Calls it once, and what it takes to begin and end that. */
    HRESULT (*call)(unsigned *seed);
    unsigned rarity; /* one of so many draws is really made: calls that are slow by design */
};
/* Lists end with a call without a name. */
extern const struct stress_call stress_identity_calls[];
extern const struct stress_call stress_group_calls[];
extern const struct stress_call stress_record_calls[];

/* A folder for files that calls write; stress_path gives a name in it. */
extern char stress_folder[128];
void stress_path(const char *name, WCHAR path[160]);
extern HANDLE stress_event;

unsigned stress_draw(unsigned *seed, unsigned below);
FILETIME stress_later(LONGLONG seconds);

#endif
