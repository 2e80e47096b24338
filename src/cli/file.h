/* file.h - payloads and documents from files, standard input and back. */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include "cli/context.h"
#include "cli/text.h"

/* file_read reads all of a file; "-" is standard input, which is refused while connected. Returns
 * an exit class, told already. Free data->data. */
enum { FILE_SIZE_MAX = 64 * 1024 * 1024 };
int file_read(const struct context *context, const char *path, struct text_buffer *data);
/* file_read_text reads a document likewise; it has to be text in UTF-8. Free *text. */
int file_read_text(const struct context *context, const char *path, WCHAR **text);
/* file_write writes a file, or to standard output for "-" and NULL. */
int file_write(const struct context *context, const char *path, const void *data, size_t size);

#endif
