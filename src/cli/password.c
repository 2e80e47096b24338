/* password.c - a password comes in, is never shown, and is wiped.
 *
 * From a file: its first line. From a person: the terminal, not standard input, with its echo off
 * until the line is there; a new password is asked for twice. Failure: an empty password, two that
 * differ, or no terminal to ask at end the command with one line. */
#include "cli/password.h"
#include "cli/error.h"
#include "cli/file.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>

enum { LINE_MAX_SIZE = 1024 };

static void wipe(void *data, size_t size)
{
    if (data)
        explicit_bzero(data, size);
}

void password_free(WCHAR **password)
{
    size_t size = 0;
    while (*password && (*password)[size])
        size++;
    wipe(*password, size * sizeof(WCHAR));
    free(*password);
    *password = NULL;
}

static int take(const struct context *context, char *line, WCHAR **password)
{
    line[strcspn(line, "\r\n")] = '\0';
    if (!line[0])
        return error_usage(context, "an empty password protects nothing");
    *password = text_to_wide(line);
    return *password ? EXIT_OK : error_usage(context, "the password is not UTF-8");
}

static int from_file(const struct context *context, const char *path, WCHAR **password)
{
    struct text_buffer data;
    int result = file_read(context, path, &data);
    if (result == EXIT_OK)
        result = take(context, data.data, password);
    wipe(data.data, data.size);
    free(data.data);
    return result;
}

static bool ask(FILE *terminal, const char *prompt, char line[LINE_MAX_SIZE])
{
    struct termios shown, hidden;
    bool known = tcgetattr(fileno(terminal), &shown) == 0;
    hidden = shown;
    hidden.c_lflag &= (tcflag_t)~ECHO;
    fputs(prompt, terminal);
    fflush(terminal);
    if (known)
        tcsetattr(fileno(terminal), TCSAFLUSH, &hidden);
    bool got = fgets(line, LINE_MAX_SIZE, terminal) != NULL;
    if (known)
        tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
    fputs("\n", terminal);
    return got;
}

static int from_terminal(const struct context *context, bool is_new, WCHAR **password)
{
    char line[LINE_MAX_SIZE] = "", again[LINE_MAX_SIZE] = "";
    FILE *terminal = context->live ? NULL : fopen("/dev/tty", "r+");
    if (!terminal)
        return error_usage(context, "no terminal to ask for the password; give --password-file");
    setvbuf(terminal, NULL, _IONBF, 0);
    bool got = ask(terminal, "Password: ", line);
    bool same = !got || !is_new || (ask(terminal, "Once more: ", again) && !strcmp(line, again));
    fclose(terminal);
    int result = same ? take(context, line, password)
                      : error_usage(context, "the two passwords differ; try again");
    wipe(line, sizeof(line));
    wipe(again, sizeof(again));
    return result;
}

int password_read(const struct context *context, const struct arguments *arguments, bool is_new,
                  WCHAR **password)
{
    const char *path = arguments_option(arguments, "--password-file");
    *password = NULL;
    return path ? from_file(context, path, password) : from_terminal(context, is_new, password);
}
