/* bytes.c - growth and comparison of byte buffers.
 *
 * Capacity doubles, so that appending is amortised constant. Sizes are checked against wrap-around;
 * a size that cannot exist is E_OUTOFMEMORY like one that does not fit. A failed call changes
 * nothing. */
#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

enum { BUFFER_CAPACITY_MIN = 64 };

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

void buffer_deinit(struct buffer *buffer)
{
    if (buffer->secret)
        mem_wipe(buffer->data, buffer->capacity);
    mem_free(buffer->data);
    *buffer = BUFFER_NULL;
}

/* Grows a secret buffer without leaving a copy behind. */
static void *move_secret(struct buffer *buffer, size_t capacity)
{
    uint8_t *data = mem_alloc(capacity);
    if (!data || buffer->capacity == 0)
        return data;
    memcpy(data, buffer->data, buffer->size);
    mem_wipe(buffer->data, buffer->capacity);
    mem_free(buffer->data);
    return data;
}

HRESULT buffer_reserve(struct buffer *buffer, size_t more)
{
    if (more <= buffer->capacity - buffer->size)
        return S_OK;
    if (more > SIZE_MAX / 2 - buffer->size)
        return E_OUTOFMEMORY;
    size_t need = buffer->size + more;
    size_t capacity =
        buffer->capacity > BUFFER_CAPACITY_MIN ? buffer->capacity : BUFFER_CAPACITY_MIN;
    while (capacity < need)
        capacity *= 2;
    uint8_t *data =
        buffer->secret ? move_secret(buffer, capacity) : mem_realloc(buffer->data, capacity);
    if (!data)
        return E_OUTOFMEMORY;
    buffer->data = data;
    buffer->capacity = capacity;
    return S_OK;
}

HRESULT buffer_append(struct buffer *buffer, const void *data, size_t size)
{
    HRESULT hr = buffer_reserve(buffer, size);
    if (FAILED(hr))
        return hr;
    if (size > 0)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return S_OK;
}

HRESULT buffer_append_text(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

HRESULT buffer_printf(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    ASSERT(size >= 0);
    HRESULT hr = buffer_reserve(buffer, (size_t)size + 1);
    if (FAILED(hr))
        return hr;
    va_start(arguments, format);
    vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)size;
    return S_OK;
}

HRESULT buffer_terminate(struct buffer *buffer)
{
    HRESULT hr = buffer_reserve(buffer, 1);
    if (FAILED(hr))
        return hr;
    buffer->data[buffer->size] = 0;
    return S_OK;
}

void buffer_consume(struct buffer *buffer, size_t size)
{
    ASSERT(size <= buffer->size);
    buffer->size -= size;
    if (buffer->size > 0 && size > 0)
        memmove(buffer->data, buffer->data + size, buffer->size);
}

uint8_t *buffer_take(struct buffer *buffer)
{
    uint8_t *data = buffer->data;
    *buffer = BUFFER_NULL;
    return data;
}
