/* platform_text.c - MultiByteToWideChar and WideCharToMultiByte: UTF-8 to UTF-16 and back.
 *
 * Both decode one character, encode it, and go on until the input ends or the output is full; with
 * no output they only count. Each ill-formed sequence is U+FFFD, or with the flag that asks for it
 * ERROR_NO_UNICODE_TRANSLATION. All failures return 0 and set the last error. */
#include <peergroup/platform.h>

#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD, SURROGATE_FIRST = 0xD800, LOW_SURROGATE_FIRST = 0xDC00 };
enum { SURROGATE_END = 0xE000, SUPPLEMENTARY = 0x10000, ILL_FORMED = -1 };

static int fail(DWORD error)
{
    SetLastError(error);
    return 0;
}

/* The number of bytes that follow a first byte, or -1; the range of the first of them. */
static int utf8_tail(uint8_t first, uint8_t *min, uint8_t *max)
{
    *min = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *max = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80)
        return 0;
    if (first >= 0xC2 && first <= 0xDF)
        return 1;
    if (first >= 0xE0 && first <= 0xEF)
        return 2;
    return first >= 0xF0 && first <= 0xF4 ? 3 : -1;
}

/* Decodes one character at *at and moves behind it, or behind the longest piece that could have
 * begun one. Returns the character or ILL_FORMED. */
static int32_t next_utf8(const uint8_t *text, size_t size, size_t *at)
{
    uint8_t first = text[(*at)++], min, max;
    int tail = utf8_tail(first, &min, &max);
    if (tail < 0)
        return ILL_FORMED;
    int32_t value = tail == 0 ? first : first & (0x3F >> tail);
    for (int i = 0; i < tail; i++) {
        if (*at == size || text[*at] < min || text[*at] > max)
            return ILL_FORMED;
        value = value << 6 | (text[(*at)++] & 0x3F);
        min = 0x80;
        max = 0xBF;
    }
    return value;
}

static int32_t next_utf16(const WCHAR *text, size_t size, size_t *at)
{
    uint32_t unit = text[(*at)++];
    if (unit < SURROGATE_FIRST || unit >= SURROGATE_END)
        return (int32_t)unit;
    if (unit >= LOW_SURROGATE_FIRST || *at == size || text[*at] < LOW_SURROGATE_FIRST ||
        text[*at] >= SURROGATE_END)
        return ILL_FORMED;
    uint32_t low = text[(*at)++];
    return (int32_t)(SUPPLEMENTARY + ((unit - SURROGATE_FIRST) << 10) +
                     (low - LOW_SURROGATE_FIRST));
}

static size_t put_utf16(int32_t character, WCHAR units[2])
{
    if (character < SUPPLEMENTARY) {
        units[0] = (WCHAR)character;
        return 1;
    }
    units[0] = (WCHAR)(SURROGATE_FIRST + ((character - SUPPLEMENTARY) >> 10));
    units[1] = (WCHAR)(LOW_SURROGATE_FIRST + ((character - SUPPLEMENTARY) & 0x3FF));
    return 2;
}

static size_t put_utf8(int32_t character, char bytes[4])
{
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < SUPPLEMENTARY ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (character & 0x3F));
        character >>= 6;
    }
    static const uint8_t marks[] = {0, 0, 0xC0, 0xE0, 0xF0};
    bytes[0] = (char)(marks[size] | character);
    return size;
}

/* The system's own code pages are UTF-8 here. */
static bool is_system_page(UINT code_page)
{
    return code_page == CP_ACP || code_page == CP_OEMCP || code_page == CP_THREAD_ACP;
}

static DWORD check_conversion(const void *in, int in_size, const void *out, int out_size)
{
    if (!in || in_size == 0 || out_size < 0 || (!out && out_size > 0) || in == out)
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

int MultiByteToWideChar(UINT code_page, DWORD flags, LPCSTR in, int in_size, LPWSTR out,
                        int out_size)
{
    bool system_page = is_system_page(code_page);
    if (!system_page && code_page != CP_UTF8)
        return fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(MB_ERR_INVALID_CHARS | (system_page ? MB_PRECOMPOSED : 0)))
        return fail(ERROR_INVALID_FLAGS);
    DWORD error = check_conversion(in, in_size, out, out_size);
    if (error != ERROR_SUCCESS)
        return fail(error);
    size_t size = in_size < 0 ? strlen(in) + 1 : (size_t)in_size;
    size_t written = 0, at = 0;
    while (at < size) {
        int32_t character = next_utf8((const uint8_t *)in, size, &at);
        if (character == ILL_FORMED && (flags & MB_ERR_INVALID_CHARS))
            return fail(ERROR_NO_UNICODE_TRANSLATION);
        WCHAR units[2];
        size_t count = put_utf16(character == ILL_FORMED ? REPLACEMENT : character, units);
        if (out_size > 0) {
            if (written + count > (size_t)out_size)
                return fail(ERROR_INSUFFICIENT_BUFFER);
            memcpy(out + written, units, count * sizeof *units);
        }
        written += count;
    }
    return written <= INT_MAX ? (int)written : fail(ERROR_INVALID_PARAMETER);
}

int WideCharToMultiByte(UINT code_page, DWORD flags, LPCWSTR in, int in_size, LPSTR out,
                        int out_size, LPCSTR default_char, LPBOOL used_default)
{
    bool system_page = is_system_page(code_page);
    if (!system_page && (code_page != CP_UTF8 || default_char || used_default))
        return fail(ERROR_INVALID_PARAMETER);
    if (flags & ~(DWORD)(WC_ERR_INVALID_CHARS | (system_page ? WC_NO_BEST_FIT_CHARS : 0)))
        return fail(ERROR_INVALID_FLAGS);
    DWORD error = check_conversion(in, in_size, out, out_size);
    if (error != ERROR_SUCCESS)
        return fail(error);
    if (used_default)
        *used_default = FALSE;
    size_t size = in_size < 0 ? peergroup_wcslen(in) + 1 : (size_t)in_size;
    size_t written = 0, at = 0;
    while (at < size) {
        int32_t character = next_utf16(in, size, &at);
        if (character == ILL_FORMED && (flags & WC_ERR_INVALID_CHARS))
            return fail(ERROR_NO_UNICODE_TRANSLATION);
        if (character == ILL_FORMED && used_default)
            *used_default = TRUE;
        char bytes[4];
        size_t count = put_utf8(character == ILL_FORMED ? REPLACEMENT : character, bytes);
        if (out_size > 0) {
            if (written + count > (size_t)out_size)
                return fail(ERROR_INSUFFICIENT_BUFFER);
            memcpy(out + written, bytes, count);
        }
        written += count;
    }
    return written <= INT_MAX ? (int)written : fail(ERROR_INVALID_PARAMETER);
}
