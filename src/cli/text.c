/* text.c - memory that never fails quietly, and strings between the person, the terminal and the
 * library.
 *
 * The person and the terminal speak UTF-8, the library UTF-16; text_from_wide and text_to_wide go
 * between the two. What comes from other members may hold anything, so nothing of it reaches a
 * terminal before text_is_plain or text_one_line has looked at it: control characters could
 * otherwise rule the terminal. A failed allocation ends the process in one line. */
#include "cli/text.h"
#include "cli/error.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void *checked(void *block)
{
    if (block)
        return block;
    fputs("peergroup: no memory; free some and repeat [E_OUTOFMEMORY]\n", stderr);
    exit(EXIT_RESOURCES);
}

void *text_alloc(size_t size)
{
    return checked(calloc(1, size ? size : 1));
}

void *text_realloc(void *block, size_t size)
{
    return checked(realloc(block, size));
}

char *text_copy(const char *text)
{
    return text ? checked(strdup(text)) : NULL;
}

char *text_vformat(const char *format, va_list values)
{
    char *text = NULL;
    if (vasprintf(&text, format, values) < 0)
        text = NULL;
    return checked(text);
}

char *text_format(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *text = text_vformat(format, values);
    va_end(values);
    return text;
}

char *text_from_wide(PCWSTR units)
{
    if (!units)
        return NULL;
    int size = WideCharToMultiByte(CP_UTF8, 0, units, -1, NULL, 0, NULL, NULL);
    char *text = text_alloc((size_t)size + 1);
    if (size > 0)
        WideCharToMultiByte(CP_UTF8, 0, units, -1, text, size, NULL, NULL);
    return text;
}

WCHAR *text_to_wide(const char *text)
{
    if (!text)
        return NULL;
    int count = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    if (count <= 0)
        return NULL;
    WCHAR *units = text_alloc((size_t)count * sizeof(*units));
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, units, count);
    return units;
}

/* Bytes of the UTF-8 character at data, 0 when it is none or a control character. U+0080 to U+009F
 * are controls too, and so are the marks that turn the direction of writing. */
static size_t plain_character(const uint8_t *data, size_t size)
{
    if (data[0] < 0x80)
        return data[0] >= 0x20 && data[0] != 0x7f ? 1 : 0;
    size_t length = data[0] >= 0xf0 ? 4 : data[0] >= 0xe0 ? 3 : 2;
    if (data[0] < 0xc2 || data[0] > 0xf4 || size < length)
        return 0;
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, (const char *)data, (int)length, NULL,
                            0) == 0)
        return 0;
    bool control = data[0] == 0xc2 && data[1] < 0xa0;
    bool turning = data[0] == 0xe2 && ((data[1] == 0x80 && data[2] >= 0xaa && data[2] <= 0xae) ||
                                       (data[1] == 0x81 && data[2] >= 0xa6 && data[2] <= 0xa9));
    return control || turning ? 0 : length;
}

bool text_is_plain(const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t at = 0; at < size;) {
        size_t length = bytes[at] == '\n' || bytes[at] == '\t' || bytes[at] == '\r'
                            ? 1
                            : plain_character(bytes + at, size - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

char *text_one_line(const void *data, size_t size, size_t width)
{
    const uint8_t *bytes = data;
    struct text_buffer line = {.data = NULL};
    size_t at = 0;
    while (at < size && line.size < width) {
        size_t length = plain_character(bytes + at, size - at);
        if (length > 0)
            text_append(&line, bytes + at, length);
        else
            text_append_string(&line, isspace(bytes[at]) ? " " : "?");
        at += length > 0 ? length : 1;
    }
    text_append_string(&line, at < size ? "..." : "");
    return line.data;
}

void text_append(struct text_buffer *buffer, const void *data, size_t size)
{
    if (buffer->capacity < buffer->size + size + 1) {
        buffer->capacity = (buffer->size + size + 1) * 2;
        buffer->data = text_realloc(buffer->data, buffer->capacity);
    }
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void text_append_string(struct text_buffer *buffer, const char *text)
{
    text_append(buffer, text, strlen(text));
}

void text_guid_bytes(const GUID *guid, uint8_t bytes[16])
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(guid->Data1 >> (24 - 8 * i));
    for (int i = 0; i < 2; i++) {
        bytes[4 + i] = (uint8_t)(guid->Data2 >> (8 - 8 * i));
        bytes[6 + i] = (uint8_t)(guid->Data3 >> (8 - 8 * i));
    }
    memcpy(bytes + 8, guid->Data4, 8);
}

void text_guid(const GUID *guid, char text[GUID_TEXT_SIZE])
{
    const uint8_t *d = guid->Data4;
    snprintf(text, GUID_TEXT_SIZE, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x",
             (unsigned)guid->Data1, guid->Data2, guid->Data3, d[0], d[1], d[2], d[3], d[4], d[5],
             d[6], d[7]);
}

bool text_guid_parse(const char *text, GUID *guid)
{
    size_t length = strlen(text);
    bool braces = length == GUID_TEXT_SIZE + 1 && text[0] == '{' && text[length - 1] == '}';
    if (!braces && length != GUID_TEXT_SIZE - 1)
        return false;
    text += braces;
    uint8_t bytes[16] = {0};
    for (int i = 0, digit = 0; i < GUID_TEXT_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-') || (!dash && !isxdigit((unsigned char)text[i])))
            return false;
        if (dash)
            continue;
        char one[2] = {text[i], 0};
        bytes[digit / 2] |= (uint8_t)(strtoul(one, NULL, 16) << (digit % 2 ? 0 : 4));
        digit++;
    }
    guid->Data1 =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    guid->Data2 = (uint16_t)(bytes[4] << 8 | bytes[5]);
    guid->Data3 = (uint16_t)(bytes[6] << 8 | bytes[7]);
    memcpy(guid->Data4, bytes + 8, 8);
    return true;
}
