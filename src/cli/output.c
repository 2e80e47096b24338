/* output.c - lines, tables and JSON.
 *
 * Everything that a command has to say goes to standard output, one line or one object at a time,
 * and is flushed at once: programs read it through a pipe while the command stays connected. JSON
 * objects are compact and stand on one line each. */
#include "cli/output.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

void output_json(json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!text)
        text = text_copy("{\"ok\":false,\"error\":{\"name\":\"E_OUTOFMEMORY\"}}");
    puts(text);
    fflush(stdout);
    free(text);
}

void output_done(const struct context *context, json_t *result)
{
    json_t *whole = json_pack("{s:b, s:s}", "ok", 1, "command", context->command->name);
    json_object_update(whole, result);
    json_decref(result);
    output_json(whole);
}

json_t *output_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    char *line CLEANUP_TEXT = text_one_line(text, strlen(text), strlen(text));
    return json_string(line);
}

json_t *output_wide(PCWSTR units)
{
    char *text CLEANUP_TEXT = text_from_wide(units);
    return output_text(text);
}

json_t *output_guid(const GUID *guid)
{
    char text[GUID_TEXT_SIZE];
    text_guid(guid, text);
    return json_string(text);
}

static char *base64(const uint8_t *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = text_alloc((size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)data[i] << 16;
        three |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
        three |= i + 2 < size ? data[i + 2] : 0;
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *to++ = i + 2 < size ? digits[three & 63] : '=';
    }
    return text;
}

void output_bytes(json_t *object, const void *data, size_t size)
{
    if (text_is_plain(data, size)) {
        json_object_set_new(object, "text", json_stringn(size ? data : "", size));
        return;
    }
    char *text CLEANUP_TEXT = base64(data, size);
    json_object_set_new(object, "base64", json_string(text));
}

void output_line(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    fflush(stdout);
}

/* Characters, as far as one byte sequence is one of them. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_row(const char *const *row, int columns, const int *widths)
{
    for (int column = 0; column < columns; column++) {
        const char *cell = row[column] ? row[column] : "";
        int pad = column + 1 < columns ? widths[column] - width_of(cell) + 2 : 0;
        printf("%s%*s", cell, pad, "");
    }
    putchar('\n');
}

void output_table(const char *const *headings, int columns, char *const *cells, int rows)
{
    int widths[16] = {0};
    for (int i = 0; i < columns; i++)
        widths[i] = width_of(headings[i]);
    for (int i = 0; i < rows * columns; i++) {
        int width = cells[i] ? width_of(cells[i]) : 0;
        if (width > widths[i % columns])
            widths[i % columns] = width;
    }
    print_row(headings, columns, widths);
    for (int row = 0; row < rows; row++)
        print_row((const char *const *)cells + row * columns, columns, widths);
    fflush(stdout);
}
