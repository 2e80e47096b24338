/* password.h - passwords from a file or from the person at the terminal. */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "cli/arguments.h"
#include "cli/text.h"

/* The option that names the file, for a command's list. */
#define PASSWORD_OPTION                                                                            \
    {                                                                                              \
        "--password-file", "FILE",                                                                 \
            "take the password from FILE's first line; else it is asked for"                       \
    }

/* password_read takes the first line of --password-file, or asks at the terminal without showing
 * it, twice when it is a new one. Returns an exit class, told already. Release *password with
 * password_free, which wipes. */
int password_read(const struct context *context, const struct arguments *arguments, bool is_new,
                  WCHAR **password);
void password_free(WCHAR **password);
#define CLEANUP_PASSWORD __attribute__((cleanup(password_free)))

#endif
