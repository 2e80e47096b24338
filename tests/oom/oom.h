/* oom.h - one call of the interface as the sweep runs it, and what the calls share.
 *
 * Every n has a child process of its own: the ground, one call whose n-th allocation fails, checks,
 * end. The template of the user's files is made once and copied for each ground. */
#ifndef OOM_OOM_H
#define OOM_OOM_H

#include <p2p.h>
#include <peergroup/extensions.h>

#include "support/wide.h"

#include <stdio.h>

enum { OOM_TEXT = 32768 };

/* What the template's maker tells the children: shared memory. Founder and Member are members of
 * one group and have each other's records; Guest has an identity only. */
struct oom_template {
    WCHAR founder[256];
    WCHAR member[256];
    WCHAR guest[256];
    WCHAR group[256];
    WCHAR guest_xml[OOM_TEXT];
    WCHAR invitation[OOM_TEXT]; /* for Guest */
    WCHAR password_invitation[OOM_TEXT];
    GUID record; /* a note of Founder */
    GUID doomed; /* another */
};

/* What a case finds before its call. */
enum oom_ground {
    OOM_STOPPED = 0, /* before PeerGroupStartup */
    OOM_STARTED = 1, /* no group is open */
    OOM_OPEN = 2,    /* Founder has the group open, offline */
    OOM_PAIR = 3     /* Guest has joined as well, and both are connected */
};

struct oom_child {
    const struct oom_template *template;
    HGROUP founder;
    HGROUP member;
    /* What a case's prepare leaves for its calls. */
    HPEERENUM enumeration;
    HPEEREVENT registration;
    HANDLE event;
    ULONGLONG connection;
    PEER_ADDRESS address;
};
extern struct oom_child oom_now;
extern const WCHAR oom_password[]; /* the group's */

struct oom_case {
    const char *name; /* the function's, and after a blank what is special */
    enum oom_ground ground;
    void (*prepare)(void); /* may be NULL */
    HRESULT (*call)(void); /* releases what it got; a success may be called again */
    HRESULT again;         /* what a call after a successful one returns; 0: S_OK */
    HRESULT lost;          /* what a call after a failed one may return: a step that failed takes
                              the links along, which come back later */
    bool leaves_part;      /* a call that fails may have done a part, which p2p.h says */
    unsigned failures_min; /* so many of the sweep's calls fail, or the sweep is blind */
};

/* A failed check says why and ends the process. */
#define OOM_CHECK(condition)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            oom_fail(__FILE__, __LINE__, #condition);                                              \
    } while (0)
_Noreturn void oom_fail(const char *file, int line, const char *what);

/* cases_*.c; each list ends with a case without a name. */
extern const struct oom_case oom_cases_common[];
extern const struct oom_case oom_cases_group[];
extern const struct oom_case oom_cases_record[];
extern const struct oom_case oom_cases_link[];
extern const struct oom_case oom_cases_removal[];
extern const struct oom_case oom_cases_carry[];
extern const struct oom_case oom_cases_password[];

/* oom_sweep runs a case for every n that the steps below choose, and says in TAP how it went. */
struct oom_steps {
    uint64_t dense;  /* every n up to this one */
    uint64_t spread; /* then each is larger by this part of itself; 0: by one */
};
bool oom_sweep(const struct oom_case *oom, const struct oom_steps *steps, unsigned number);

/* ---- home.c: the user's files ---- */

/* oom_home_new makes PEERGROUP_HOME an empty folder, oom_home_copy one that is like the template,
 * which oom_home_is_template made of the folder before; oom_home_clear removes what there is. */
bool oom_home_new(void);
void oom_home_is_template(void);
void oom_home_copy(void);
void oom_home_clear(void);
void oom_home_clear_template(void);
/* oom_home_keep remembers the files as they are, oom_home_restore makes them so again, in place:
 * who has one open goes on with it. */
void oom_home_keep(void);
void oom_home_restore(void);
/* oom_home_list names the files with their sizes, one a line and sorted; of databases and
 * locks not the size, and not what SQLite puts beside a database. Returns the number of bytes. */
size_t oom_home_list(char *text, size_t size);
/* oom_home_has_new_user tells whether user.db has changed since the last time it was asked. */
bool oom_home_has_new_user(void);

/* ---- ground.c ---- */

/* oom_template_make fills the home at PEERGROUP_HOME; in a child. */
void oom_template_make(struct oom_template *template);
/* oom_ground_begin makes a case's ground, oom_ground_end takes it down. */
void oom_ground_begin(enum oom_ground ground);
void oom_ground_end(enum oom_ground ground);
/* oom_snapshot lists what this user has: identities, groups, files, and of the group that is open
 * records, members, removals and properties.
 * Static memory of one of two slots. Calls the interface, so the library must be started. */
const char *oom_snapshot(int slot);

/* oom_online connects a group and waits until it has this status. */
void oom_online(HGROUP group, DWORD status);
FILETIME oom_later(LONGLONG seconds);
PEER_RECORD oom_note(const char *text);

#endif
