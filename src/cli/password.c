/* password.c - reading a password without showing it.
 *
 * Happy path: the first line of a file, or a line typed at the terminal while its echo is off; then
 * as UTF-16, with every copy wiped. Failure: one line that says what to do. A signal at the prompt
 * gives the echo back before it acts. */
#include "cli/password.h"
#include "cli/error.h"
#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 1024 };

void password_free(WCHAR **password)
{
    if (*password) {
        size_t units = 0;
        while ((*password)[units])
            units++;
        explicit_bzero(*password, units * sizeof(WCHAR));
    }
    free(*password);
    *password = NULL;
}

static int take_line(const struct context *context, const char *line, WCHAR **password)
{
    *password = line[0] ? text_to_wide(line) : NULL;
    if (*password)
        return EXIT_OK;
    return error_usage(context, line[0] ? "the password is not UTF-8" : "the password is empty");
}

/* ---- a file ---- */

static int read_from_file(const struct context *context, const char *path, WCHAR **password)
{
    struct text_buffer data;
    int result = file_read(context, path, &data);
    if (result == EXIT_OK) {
        data.data[strcspn(data.data, "\r\n")] = '\0';
        result = take_line(context, data.data, password);
    }
    if (data.data)
        explicit_bzero(data.data, data.capacity);
    free(data.data);
    return result;
}

/* ---- the terminal ---- */

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* false: no line came. What is over the limit cannot be a password. */
static bool read_line(int terminal, char line[LINE_MAX_BYTES])
{
    size_t size = 0;
    for (;;) {
        char one;
        ssize_t got = read(terminal, &one, 1);
        if (got <= 0)
            return false;
        if (one == '\n')
            break;
        if (size + 1 < LINE_MAX_BYTES)
            line[size++] = one;
    }
    line[size] = '\0';
    return true;
}

/* Echo is off and signals are noted between the two. */
static bool ask_quietly(int terminal, const char *prompt, char line[LINE_MAX_BYTES])
{
    struct termios before, quiet;
    struct sigaction action = {.sa_handler = note_signal}, old[SIGNALS];
    if (tcgetattr(terminal, &before) != 0)
        return false;
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    caught = 0;
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, &old[i]);
    bool good = tcsetattr(terminal, TCSAFLUSH, &quiet) == 0 &&
                write(terminal, prompt, strlen(prompt)) > 0 && read_line(terminal, line);
    (void)!write(terminal, "\n", 1);
    tcsetattr(terminal, TCSAFLUSH, &before);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &old[i], NULL);
    if (caught)
        raise(caught);
    return good;
}

static int read_from_terminal(const struct context *context, bool is_new, WCHAR **password)
{
    char first[LINE_MAX_BYTES] = "", second[LINE_MAX_BYTES] = "";
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return error_usage(context, "there is no terminal to ask at; give --password-file FILE");
    bool good = ask_quietly(terminal, "Password: ", first);
    if (good && is_new)
        good = ask_quietly(terminal, "The same once more: ", second);
    close(terminal);
    int result;
    if (!good)
        result = error_usage(context, "no password was given");
    else if (is_new && strcmp(first, second) != 0)
        result = error_usage(context, "the two are not the same; nothing was done");
    else
        result = take_line(context, first, password);
    explicit_bzero(first, sizeof(first));
    explicit_bzero(second, sizeof(second));
    return result;
}

int password_read(const struct context *context, const struct arguments *arguments, bool is_new,
                  WCHAR **password)
{
    const char *path = arguments_option(arguments, "--password-file");
    *password = NULL;
    if (path)
        return read_from_file(context, path, password);
    if (context->live)
        return error_usage(context, "give --password-file FILE while connected");
    return read_from_terminal(context, is_new, password);
}
