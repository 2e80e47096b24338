/* output.h - what commands print: lines for people, objects for programs. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/context.h"

#include <jansson.h>

/* output_json prints one object on a line of its own; takes it. */
void output_json(json_t *value);
/* output_done prints the result of a command that went well: result with "ok" and "command" added;
 * takes it. Only for context->json. */
void output_done(const struct context *context, json_t *result);
/* output_text makes a JSON string; null for NULL, and with U+FFFD-like marks where the text is not
 * UTF-8. */
json_t *output_text(const char *text);
json_t *output_wide(PCWSTR units);
json_t *output_guid(const GUID *guid);
/* output_bytes adds data to an object: "text" where it is plain text, else "base64". */
void output_bytes(json_t *object, const void *data, size_t size);

/* output_line prints for people. */
void output_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* output_table prints rows under headings, columns as wide as their longest cell. cells are
 * rows * columns strings, borrowed; the last column is not padded. */
void output_table(const char *const *headings, int columns, char *const *cells, int rows);

#endif
