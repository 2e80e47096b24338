/* arguments.h - the words and options after a command's name. */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include "cli/context.h"

enum { ARGUMENTS_MAX = 256 };

struct arguments {
    const char *words[ARGUMENTS_MAX];
    int word_count;
    struct {
        const char *name;
        const char *value;
    } options[ARGUMENTS_MAX];
    int option_count;
};

/* arguments_option gives the last value of an option, arguments_next the next one after *at (begin
 * with 0), each NULL when there is none. arguments_has tells whether a switch is there. */
const char *arguments_option(const struct arguments *arguments, const char *name);
const char *arguments_next(const struct arguments *arguments, const char *name, int *at);
bool arguments_has(const struct arguments *arguments, const char *name);
/* arguments_join puts the words from the first-th on together with spaces (free with free). */
char *arguments_join(const struct arguments *arguments, int first);

#endif
