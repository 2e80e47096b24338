/* live.h - a group that stays connected: events come, lines are read, both in one loop. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "cli/arguments.h"
#include "cli/session.h"

/* What `run` and `chat` do with what happens. Neither may block for long. */
struct live_kind {
    /* One line of standard input, without its end. */
    void (*line)(struct context *context, const char *line);
    void (*event)(struct context *context, const PEER_GROUP_EVENT_DATA *event);
    /* After the group was opened and connecting began. */
    void (*begun)(struct context *context);
};

/* live_run opens the group that the options choose, connects, and serves events and lines until a
 * signal (INT, TERM, HUP), live_quit, the end of standard input when that is a terminal, or until
 * it turns out that it cannot listen or the group refuses its password. Returns an exit class. */
int live_run(struct context *context, const struct arguments *arguments,
             const struct live_kind *kind);
void live_quit(struct live *live);
const struct session *live_session(const struct live *live);

/* live_send hands data to a member: over a connection that is there, else over one that is opened
 * now; then the outcome is printed when it is known. Returns an exit class, told already. */
int live_send(struct context *context, const char *member, const void *data, size_t size);

extern const struct option live_options[];

#endif
