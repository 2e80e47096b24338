/* text.h - memory and strings of the command: UTF-8 inside, UTF-16 towards the library.
 *
 * A command has nothing to save when memory runs out, since every confirmed change is on disk:
 * these functions say so in one line and end the process with EXIT_RESOURCES. What they return is
 * freed with free. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <p2p.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

void *text_alloc(size_t size); /* zeroed */
void *text_realloc(void *block, size_t size);
char *text_copy(const char *text); /* NULL stays NULL */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *text_vformat(const char *format, va_list values) __attribute__((format(printf, 1, 0)));

/* text_from_wide: NULL stays NULL; lone surrogates become U+FFFD. */
char *text_from_wide(PCWSTR units);
/* text_to_wide: NULL stays NULL and is also the answer for what is not UTF-8. */
WCHAR *text_to_wide(const char *text);

/* text_is_plain: UTF-8 without control characters but tab and newline, fit to be shown. */
bool text_is_plain(const void *data, size_t size);
/* text_one_line copies what is printable, newlines as spaces, at most width bytes, and "..." when
 * it was cut. */
char *text_one_line(const void *data, size_t size, size_t width);

/* A growing string. */
struct text_buffer {
    char *data;
    size_t size;
    size_t capacity;
};
void text_append(struct text_buffer *buffer, const void *data, size_t size);
void text_append_string(struct text_buffer *buffer, const char *text);

/* Bytes of GUIDs in the order in which they are written, and their text without braces. */
enum { GUID_TEXT_SIZE = 37 };
void text_guid_bytes(const GUID *guid, uint8_t bytes[16]);
void text_guid(const GUID *guid, char text[GUID_TEXT_SIZE]);
bool text_guid_parse(const char *text, GUID *guid);

static inline void text_free(void *pointer)
{
    free(*(void **)pointer);
}
#define CLEANUP_TEXT __attribute__((cleanup(text_free)))

#endif
