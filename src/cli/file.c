/* file.c - whole files in and out.
 *
 * A file is read to its end, up to the largest record and a little, and written in one go; "-" is
 * standard input or output. Failure: what the system says is told as the library would tell it,
 * with what to do; a document that is not text in UTF-8 is refused. */
#include "cli/file.h"
#include "cli/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int file_read(const struct context *context, const char *path, struct text_buffer *data)
{
    char chunk[65536];
    bool input = strcmp(path, "-") == 0;
    *data = (struct text_buffer){.data = NULL};
    text_append_string(data, "");
    if (input && context->live)
        return error_usage(context, "standard input carries commands here; name a file");
    if (input && isatty(STDIN_FILENO))
        fputs("Reading from the terminal; end with Ctrl-D on a line of its own.\n", stderr);
    FILE *file = input ? stdin : fopen(path, "rb");
    if (!file)
        return error_file(context, errno, "read", path);
    size_t size;
    while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0 && data->size <= FILE_SIZE_MAX)
        text_append(data, chunk, size);
    int error = ferror(file) ? errno : 0;
    if (!input)
        fclose(file);
    if (error)
        return error_file(context, error, "read", path);
    if (data->size > FILE_SIZE_MAX)
        return error_say(context, EXIT_USAGE, "PEER_E_MAX_RECORD_SIZE_EXCEEDED",
                         "%s is over 60 MB; split it", path);
    return EXIT_OK;
}

int file_read_text(const struct context *context, const char *path, WCHAR **text)
{
    struct text_buffer data;
    *text = NULL;
    int result = file_read(context, path, &data);
    if (result == EXIT_OK && strlen(data.data) == data.size)
        *text = text_to_wide(data.data);
    if (result == EXIT_OK && !*text)
        result = error_usage(context, "%s is not text in UTF-8", path);
    free(data.data);
    return result;
}

int file_write(const struct context *context, const char *path, const void *data, size_t size)
{
    bool output = !path || strcmp(path, "-") == 0;
    FILE *file = output ? stdout : fopen(path, "wb");
    bool good = file && fwrite(data, 1, size, file) == size;
    int error = errno;
    if (file && (output ? fflush(file) : fclose(file)) != 0 && good) {
        good = false;
        error = errno;
    }
    if (good)
        return EXIT_OK;
    return error_file(context, error, "write", output ? "the output" : path);
}
