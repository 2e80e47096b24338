/* context.h - what every command gets: the options, the arguments, and the group that is open. */
#ifndef CLI_CONTEXT_H
#define CLI_CONTEXT_H

#include <p2p.h>

#include <stdbool.h>

struct arguments;
struct context;
struct live;

struct option {
    const char *name;  /* "--file" */
    const char *value; /* what stands after it, "FILE"; NULL: it is a switch */
    const char *help;
};

struct command {
    const char *name;  /* "record add" */
    const char *words; /* "[TEXT]" */
    const char *summary;
    const char *details;          /* for --help */
    const struct option *options; /* ends with a NULL name; may be NULL */
    int words_min;
    int words_max; /* -1: any number */
    enum { COMMAND_ANYWHERE, COMMAND_ALONE, COMMAND_CONNECTED } place;
    /* Returns the exit class; what failed is told already. */
    int (*run)(struct context *context, const struct arguments *arguments);
};

struct context {
    const struct command *command;
    bool json;
    const char *identity; /* --identity: friendly name, peer name or the beginning of one */
    const char *group;    /* --group: likewise */
    struct live *live;    /* the connected group while run and chat take commands; else NULL */
};

/* The commands, by file. Each list ends with a NULL name. */
extern const struct command identity_commands[];
extern const struct command group_commands[];
extern const struct command export_commands[];
extern const struct command invite_commands[];
extern const struct command member_commands[];
extern const struct command credential_commands[];
extern const struct command removal_commands[];
extern const struct command record_commands[];
extern const struct command run_commands[];
extern const struct command chat_commands[];

/* command_line does one line of words as the command that it names. Words are borrowed. */
int command_line(struct context *context, int count, char **words);
/* command_text splits a line as a shell does (quotes, backslash) and does it. An empty line does
 * nothing. */
int command_text(struct context *context, const char *line);

#endif
