/* text.c - strict conversions between UTF-8 and UTF-16, and base64.
 *
 * One decoder reads one scalar value from UTF-8 and refuses overlong forms, surrogates and values
 * beyond 0x10FFFF; all else is built on it. Failure: bad input is E_INVALIDARG, too little memory
 * E_OUTOFMEMORY, and nothing is written. */
#include "base/text.h"

#include <sodium.h>

/* Reads one scalar value; returns its size in bytes, 0 when the bytes are not UTF-8. */
static size_t utf8_read(const uint8_t *bytes, size_t size, uint32_t *value)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (size == 0)
        return 0;
    uint8_t first = bytes[0];
    size_t length = first < 0x80       ? 1
                    : first >> 5 == 6  ? 2
                    : first >> 4 == 14 ? 3
                    : first >> 3 == 30 ? 4
                                       : 0;
    if (length == 0 || length > size)
        return 0;
    uint32_t result = length == 1 ? first : first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if (bytes[i] >> 6 != 2)
            return 0;
        result = result << 6 | (bytes[i] & 0x3Fu);
    }
    if (result < least[length] || result > 0x10FFFF || (result >= 0xD800 && result <= 0xDFFF))
        return 0;
    *value = result;
    return length;
}

static size_t utf8_write(uint32_t value, uint8_t out[4])
{
    if (value < 0x80) {
        out[0] = (uint8_t)value;
        return 1;
    }
    if (value < 0x800) {
        out[0] = (uint8_t)(0xC0 | value >> 6);
        out[1] = (uint8_t)(0x80 | (value & 0x3F));
        return 2;
    }
    if (value < 0x10000) {
        out[0] = (uint8_t)(0xE0 | value >> 12);
        out[1] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (value & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | value >> 18);
    out[1] = (uint8_t)(0x80 | (value >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (value >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (value & 0x3F));
    return 4;
}

HRESULT text_from_utf16(const WCHAR *units, size_t count, char **text)
{
    *text = NULL;
    if (count > SIZE_MAX / 4)
        return E_OUTOFMEMORY;
    char *out = mem_alloc(count * 3 + 1);
    if (!out)
        return E_OUTOFMEMORY;
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = (uint16_t)units[i];
        if (value >= 0xD800 && value <= 0xDFFF) {
            uint32_t low = i + 1 < count ? (uint16_t)units[i + 1] : 0;
            if (value > 0xDBFF || low < 0xDC00 || low > 0xDFFF) {
                mem_free(out);
                return E_INVALIDARG;
            }
            value = 0x10000 + ((value - 0xD800) << 10) + (low - 0xDC00);
            i++;
        }
        size += utf8_write(value, (uint8_t *)out + size);
    }
    out[size] = '\0';
    *text = out;
    return S_OK;
}

HRESULT text_to_utf16(const char *text, WCHAR *units, size_t capacity, size_t *count)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t left = strlen(text);
    size_t written = 0;
    while (left > 0) {
        uint32_t value;
        size_t size = utf8_read(bytes, left, &value);
        if (size == 0)
            return E_INVALIDARG;
        size_t need = value >= 0x10000 ? 2 : 1;
        if (units && written + need >= capacity)
            return E_OUTOFMEMORY;
        if (units && need == 1) {
            units[written] = (WCHAR)value;
        } else if (units) {
            units[written] = (WCHAR)(0xD800 + ((value - 0x10000) >> 10));
            units[written + 1] = (WCHAR)(0xDC00 + ((value - 0x10000) & 0x3FF));
        }
        written += need;
        bytes += size;
        left -= size;
    }
    if (units) {
        if (written >= capacity)
            return E_OUTOFMEMORY;
        units[written] = 0;
    }
    *count = written;
    return S_OK;
}

size_t text_units(const char *text)
{
    size_t count = 0;
    HRESULT hr = text_to_utf16(text, NULL, 0, &count);
    return SUCCEEDED(hr) ? count : strlen(text);
}

bool text_is_utf8(struct bytes text)
{
    while (text.size > 0) {
        uint32_t value;
        size_t size = utf8_read(text.data, text.size, &value);
        if (size == 0 || value == 0)
            return false;
        text.data += size;
        text.size -= size;
    }
    return true;
}

bool text_has_control(const char *text)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t value;
        size_t size = utf8_read(bytes, left, &value);
        if (size == 0 || value < 0x20 || (value >= 0x7F && value <= 0x9F))
            return true;
        bytes += size;
        left -= size;
    }
    return false;
}

size_t utf16_length(const WCHAR *units, size_t limit)
{
    size_t count = 0;
    while (count < limit && units[count])
        count++;
    return count;
}

HRESULT text_base64_encode(struct bytes data, struct buffer *out)
{
    size_t size = sodium_base64_ENCODED_LEN(data.size, sodium_base64_VARIANT_ORIGINAL);
    HRESULT hr = buffer_reserve(out, size);
    if (FAILED(hr))
        return hr;
    sodium_bin2base64((char *)out->data + out->size, size, data.data, data.size,
                      sodium_base64_VARIANT_ORIGINAL);
    out->size += size - 1;
    return S_OK;
}

HRESULT text_base64_decode(struct bytes text, struct buffer *out)
{
    HRESULT hr = buffer_reserve(out, text.size / 4 * 3 + 4);
    if (FAILED(hr))
        return hr;
    size_t size = 0;
    const char *end = NULL;
    if (sodium_base642bin(out->data + out->size, text.size / 4 * 3 + 4, (const char *)text.data,
                          text.size, " \t\r\n", &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0)
        return E_INVALIDARG;
    while (end < (const char *)text.data + text.size && *end && strchr(" \t\r\n", *end))
        end++;
    if (end != (const char *)text.data + text.size)
        return E_INVALIDARG;
    out->size += size;
    return S_OK;
}
