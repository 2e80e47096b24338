/* password.h - passwords come from a file or from the terminal, never from the command line. */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "cli/arguments.h"

/* password_read takes the password from --password-file, else asks at the terminal without echo,
 * twice when it is a new one. Returns an exit class, told already; on success *password is set
 * (password_free). */
int password_read(const struct context *context, const struct arguments *arguments, bool is_new,
                  WCHAR **password);
void password_free(WCHAR **password); /* wipes; NULL is fine */
#define CLEANUP_PASSWORD __attribute__((cleanup(password_free)))

#define OPTION_PASSWORD_FILE                                                                       \
    {                                                                                              \
        "--password-file", "FILE",                                                                 \
            "read the password from the first line of FILE, - for standard input; else it is "     \
            "asked for"                                                                            \
    }

#endif
