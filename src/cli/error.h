/* error.h - what went wrong, in one line: what was tried, the cause, what to do, the code's name.
 */
#ifndef CLI_ERROR_H
#define CLI_ERROR_H

#include "cli/context.h"

/* The classes of failure that scripts tell apart; documented in peergroup(1). */
enum exit_class {
    EXIT_OK = 0,
    EXIT_FAILED = 1,    /* none of the others */
    EXIT_USAGE = 2,     /* the command line, or a value in it */
    EXIT_NOT_FOUND = 3, /* no such identity, group, record, member or file */
    EXIT_REFUSED = 4,   /* no right, no trust, no access */
    EXIT_BUSY = 5,      /* in use, exists already, not ready yet */
    EXIT_NETWORK = 6,   /* nobody reached, cannot listen */
    EXIT_RESOURCES = 7, /* memory, disk, a damaged database */
    EXIT_NOT_BUILT = 8  /* this build does not have it */
};

/* Each prints one line (to standard error; with --json, and while connected, to standard output)
 * and returns the exit class, so that a command says "return error_hr(...)". format says what was
 * tried: "cannot open the group". */
int error_hr(const struct context *context, HRESULT hr, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* error_file: errno of a file that could not be read or written (verb). */
int error_file(const struct context *context, int error, const char *verb, const char *path);
int error_usage(const struct context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* error_say is for causes that are not the library's: name is the nearest PEER_E_ name, or NULL. */
int error_say(const struct context *context, int exit_class, const char *name, const char *format,
              ...) __attribute__((format(printf, 4, 5)));

/* error_name gives the documented name, error_cause what it means to a person; never NULL. */
const char *error_name(HRESULT hr);
const char *error_cause(HRESULT hr);

#endif
