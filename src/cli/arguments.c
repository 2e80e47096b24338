/* arguments.c - what was given to a command: its options and words.
 *
 * main.c reads the line and fills the lists in; commands look up here what they know of. Of an
 * option that is given twice the last one counts, unless a command takes them in turn. Nothing
 * here fails: what is absent is NULL. */
#include "cli/arguments.h"
#include "cli/text.h"

#include <string.h>

const char *arguments_option(const struct arguments *arguments, const char *name)
{
    const char *value = NULL;
    for (int i = 0; i < arguments->option_count; i++)
        if (strcmp(arguments->options[i].name, name) == 0)
            value = arguments->options[i].value;
    return value;
}

const char *arguments_next(const struct arguments *arguments, const char *name, int *at)
{
    while (*at < arguments->option_count) {
        int index = (*at)++;
        if (strcmp(arguments->options[index].name, name) == 0)
            return arguments->options[index].value;
    }
    return NULL;
}

bool arguments_has(const struct arguments *arguments, const char *name)
{
    return arguments_option(arguments, name) != NULL;
}

char *arguments_join(const struct arguments *arguments, int first)
{
    struct text_buffer text = {.data = NULL};
    text_append_string(&text, "");
    for (int i = first; i < arguments->word_count; i++) {
        text_append_string(&text, i > first ? " " : "");
        text_append_string(&text, arguments->words[i]);
    }
    return text.data;
}
