/* oom.h - one call of the interface as the sweep runs it, and what the calls share.
 *
 * Everything here runs in a child process of its own: setup, one call whose n-th allocation fails,
 * checks, end. The template is made once and copied for each oom_now. */
#ifndef OOM_OOM_H
#define OOM_OOM_H

#include <p2p.h>
#include <peergroup/extensions.h>

#include "support/wide.h"

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
    GUID record;                /* a note of Founder */
    GUID doomed;                /* another */
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

struct oom_case {
    const char *name; /* the function's, and after a blank what is special */
    enum oom_ground ground;
    void (*prepare)(void); /* may be NULL */
    HRESULT (*call)(void); /* releases what it got; a success may be called again */
    HRESULT again;         /* what a call after a successful one returns; 0: S_OK */
    HRESULT lost;          /* what a call after a failed one may return: a step that failed takes
                              the links along, which come back later */
    unsigned failures_min; /* so many of the sweep's calls fail, or the sweep is blind */
};

/* A failed check says why and ends the oom_now. */
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

/* oom_template_make fills the home at PEERGROUP_HOME; in a oom_now. */
void oom_template_make(struct oom_template *template);
/* oom_ground_begin makes a case's ground, oom_ground_end takes it down. */
void oom_ground_begin(enum oom_ground ground);
void oom_ground_end(enum oom_ground ground);
/* oom_snapshot lists what this user has: identities, groups, records and properties of the group.
 * Static memory of one of two slots. Calls the interface, so the library must be started. */
const char *oom_snapshot(int slot);

FILETIME oom_later(LONGLONG seconds);
PEER_RECORD oom_note(const char *text);

#endif
