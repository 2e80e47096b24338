/* main.c - the `peergroup` command: finds the command that the words name, reads its options, does
 * it.
 *
 * A command line is options and words in any order; the first one or two words name the command.
 * --home and --listen become environment variables, which is how the library hears of them. The
 * same parser serves the lines that `run` and `chat` take, where the options that choose a group
 * have no meaning. What is wrong ends in one line and an exit code; see error.h. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/text.h"

#include <ctype.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const all_commands[] = {
    identity_commands,   group_commands,   export_commands, invite_commands, member_commands,
    credential_commands, removal_commands, record_commands, run_commands,    chat_commands,
};
enum { LISTS = sizeof(all_commands) / sizeof(all_commands[0]) };

static const struct option global_options[] = {
    {"--identity", "NAME", "act as this identity; needed when there are several"},
    {"--group", "NAME", "work with this group; needed when the identity has several"},
    {"--home", "DIR", "keep keys and data in DIR instead of ~/.local/share/peergroup"},
    {"--listen", "ADDRESS", "listen at ADDRESS, such as 127.0.0.1:4000 or [::]:3587"},
    {"--json", NULL, "print one JSON object a line, for programs"},
    {"--help", NULL, "print how to use a command"},
    {NULL, NULL, NULL},
};

/* ---- help ---- */

static void print_options(const struct option *options)
{
    for (; options && options->name; options++) {
        char *both CLEANUP_TEXT = text_format("%s%s%s", options->name, options->value ? " " : "",
                                              options->value ? options->value : "");
        output_line("  %-22s %s", both, options->help);
    }
}

static bool usable(const struct context *context, const struct command *command)
{
    if (context->live)
        return command->place != COMMAND_ALONE;
    return command->place != COMMAND_CONNECTED;
}

static void print_overview(const struct context *context)
{
    if (!context->live)
        output_line("usage: peergroup COMMAND [WORDS] [OPTIONS]\n\n"
                    "Groups of people and machines without a server: signed records that everybody "
                    "has.\n");
    for (int list = 0; list < LISTS; list++) {
        for (const struct command *command = all_commands[list]; command->name; command++) {
            if (!usable(context, command))
                continue;
            char *both CLEANUP_TEXT =
                text_format("%s%s%s", command->name, command->words[0] ? " " : "", command->words);
            output_line("  %-30s %s", both, command->summary);
        }
    }
    if (context->live)
        return;
    output_line("\nOptions of every command:");
    print_options(global_options);
    output_line("\npeergroup COMMAND --help tells more; man peergroup has examples.");
}

static void print_help(const struct command *command)
{
    output_line("usage: peergroup %s%s%s [OPTIONS]\n\n%s.", command->name,
                command->words[0] ? " " : "", command->words, command->summary);
    if (command->details)
        output_line("%s", command->details);
    if (command->options) {
        output_line("\nOptions:");
        print_options(command->options);
    }
    output_line("\nOptions of every command:");
    print_options(global_options);
}

/* ---- the command line ---- */

static const struct command *find_command(const char *first, const char *second)
{
    char *both CLEANUP_TEXT = second ? text_format("%s %s", first, second) : text_copy(first);
    for (int list = 0; list < LISTS; list++)
        for (const struct command *command = all_commands[list]; command->name; command++)
            if (strcmp(command->name, both) == 0)
                return command;
    return NULL;
}

static bool begins_commands(const char *word)
{
    for (int list = 0; list < LISTS; list++)
        for (const struct command *command = all_commands[list]; command->name; command++)
            if (strncmp(command->name, word, strlen(word)) == 0 &&
                command->name[strlen(word)] == ' ')
                return true;
    return false;
}

static const struct option *find_option(const struct option *options, const char *word)
{
    size_t size = strcspn(word, "=");
    for (; options && options->name; options++)
        if (strlen(options->name) == size && strncmp(options->name, word, size) == 0)
            return options;
    return NULL;
}

struct line {
    struct context *context;
    int count;
    char **words;
    const char *first; /* of a name of two words */
    bool help;
    struct arguments arguments;
};

static int keep_option(struct line *line, const struct option *option, const char *value)
{
    struct arguments *arguments = &line->arguments;
    struct context *context = line->context;
    if (strcmp(option->name, "--help") == 0)
        line->help = true;
    else if (strcmp(option->name, "--json") == 0)
        context->json = true;
    else if (strcmp(option->name, "--identity") == 0)
        context->identity = value;
    else if (strcmp(option->name, "--group") == 0)
        context->group = value;
    else if (strcmp(option->name, "--home") == 0)
        setenv("PEERGROUP_HOME", value, 1);
    else if (strcmp(option->name, "--listen") == 0)
        setenv("PEERGROUP_LISTEN", value, 1);
    if (arguments->option_count == ARGUMENTS_MAX)
        return error_usage(context, "too many options");
    arguments->options[arguments->option_count].name = option->name;
    arguments->options[arguments->option_count++].value = value;
    return EXIT_OK;
}

static int read_option(struct line *line, int *at)
{
    struct context *context = line->context;
    const char *word = line->words[*at];
    const struct option *option = NULL;
    if (strcmp(word, "-h") == 0)
        word = "--help";
    if (context->command)
        option = find_option(context->command->options, word);
    if (!option)
        option = find_option(global_options, word);
    if (!option && context->command)
        return error_usage(context, "%s has no option %s; see peergroup %s --help",
                           context->command->name, word, context->command->name);
    if (!option)
        return error_usage(context,
                           "there is no option %s before the command; see peergroup "
                           "--help",
                           word);
    bool chooses = !option->value ? false : find_option(global_options, word) == option;
    if (context->live && chooses)
        return error_usage(context, "%s has no meaning while connected", option->name);
    const char *value = strchr(word, '=');
    if (!option->value && value)
        return error_usage(context, "%s takes no value", option->name);
    if (!option->value)
        return keep_option(line, option, "");
    if (!value && *at + 1 >= line->count)
        return error_usage(context, "%s wants a value: %s %s", option->name, option->name,
                           option->value);
    return keep_option(line, option, value ? value + 1 : line->words[++*at]);
}

static int read_word(struct line *line, const char *word)
{
    struct context *context = line->context;
    if (!context->command) {
        context->command =
            find_command(line->first ? line->first : word, line->first ? word : NULL);
        if (context->command)
            return EXIT_OK;
        if (!line->first && begins_commands(word)) {
            line->first = word;
            return EXIT_OK;
        }
        return error_usage(context, "there is no command \"%s%s%s\"; %s",
                           line->first ? line->first : "", line->first ? " " : "", word,
                           context->live ? "type help" : "see peergroup --help");
    }
    if (line->arguments.word_count == ARGUMENTS_MAX)
        return error_usage(context, "too many words");
    line->arguments.words[line->arguments.word_count++] = word;
    return EXIT_OK;
}

static int read_line(struct line *line)
{
    bool words_only = false;
    for (int at = 0; at < line->count; at++) {
        const char *word = line->words[at];
        bool option = !words_only && word[0] == '-' && word[1];
        if (!words_only && strcmp(word, "--") == 0) {
            words_only = true;
            continue;
        }
        int result = option ? read_option(line, &at) : read_word(line, word);
        if (result != EXIT_OK)
            return result;
    }
    return EXIT_OK;
}

static int check_line(struct line *line)
{
    struct context *context = line->context;
    const struct command *command = context->command;
    if (!command && line->first)
        return error_usage(context, "%s what? %s", line->first,
                           context->live ? "Type help" : "See peergroup --help");
    if (!command)
        return error_usage(context, "no command was given; see peergroup --help");
    if (!usable(context, command) && context->live)
        return error_usage(context, "%s does not work while connected; use another terminal",
                           command->name);
    if (!usable(context, command))
        return error_usage(context, "%s works only while connected: type it into peergroup run",
                           command->name);
    if (line->arguments.word_count < command->words_min)
        return error_usage(context, "%s wants more: peergroup %s %s", command->name, command->name,
                           command->words);
    if (command->words_max >= 0 && line->arguments.word_count > command->words_max)
        return error_usage(context, "\"%s\" is too much: peergroup %s %s",
                           line->arguments.words[command->words_max], command->name,
                           command->words);
    return EXIT_OK;
}

int command_line(struct context *context, int count, char **words)
{
    struct line *line = text_alloc(sizeof(*line));
    *line = (struct line){.context = context, .count = count, .words = words};
    context->command = NULL;
    int result = read_line(line);
    bool asked = !context->command && !line->first && line->arguments.word_count == 0;
    if (result == EXIT_OK && line->help && context->command)
        print_help(context->command);
    else if (result == EXIT_OK && line->help && asked)
        print_overview(context);
    else if (result == EXIT_OK)
        result = check_line(line) != EXIT_OK ? EXIT_USAGE
                                             : context->command->run(context, &line->arguments);
    free(line);
    return result;
}

/* ---- lines of run and chat ---- */

/* Splits in place; returns the number of words, -1 when a quote stays open. */
static int split(char *line, char **words, int words_max)
{
    int count = 0;
    char *to = line;
    for (;;) {
        line += strspn(line, " \t\r\n");
        if (!*line || count == words_max)
            return count;
        words[count++] = to;
        char quote = 0;
        for (; *line && (quote || !isspace((unsigned char)*line)); line++) {
            if (*line == quote)
                quote = 0;
            else if (!quote && (*line == '"' || *line == '\''))
                quote = *line;
            else if (*line == '\\' && quote != '\'' && line[1])
                *to++ = *++line;
            else
                *to++ = *line;
        }
        bool last = !*line;
        line += !last;
        *to++ = '\0';
        if (quote)
            return -1;
        if (last)
            return count;
    }
}

int command_text(struct context *context, const char *text)
{
    char *line CLEANUP_TEXT = text_copy(text);
    char *words[ARGUMENTS_MAX];
    context->command = NULL;
    int count = split(line, words, ARGUMENTS_MAX);
    if (count < 0)
        return error_usage(context, "a quote is not closed");
    if (count == 0)
        return EXIT_OK;
    if (count == 1 && strcmp(words[0], "help") == 0) {
        print_overview(context);
        output_line("  %-30s %s", "quit", "disconnect and end");
        return EXIT_OK;
    }
    /* --json on a line is for that line. */
    bool json = context->json;
    int result = command_line(context, count, words);
    context->json = json;
    return result;
}

int main(int argc, char **argv)
{
    struct context context = {.command = NULL};
    setlocale(LC_ALL, "");
    signal(SIGPIPE, SIG_IGN);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        output_line("peergroup %s", PEERGROUP_VERSION);
        return EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "help") == 0) {
        print_overview(&context);
        return EXIT_OK;
    }
    int result = command_line(&context, argc - 1, argv + 1);
    library_stop();
    return result;
}
