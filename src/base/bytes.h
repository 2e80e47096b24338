/* bytes.h - borrowed views of bytes, and owned buffers that grow. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/alloc.h"
#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view: never owns what it points to. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, text ? strlen(text) : 0);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* bytes_compare orders by content, a shorter one before what it begins. Returns < 0, 0 or > 0. */
int bytes_compare(struct bytes a, struct bytes b);

/* An owned buffer. BUFFER_NULL is a valid empty one. */
struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
    bool secret; /* wiped whenever memory of it is let go of; not by buffer_take */
};

#define BUFFER_NULL ((struct buffer){.data = NULL})
#define BUFFER_SECRET ((struct buffer){.secret = true})

void buffer_deinit(struct buffer *buffer);
#define CLEANUP_BUFFER CLEANUP(buffer_deinit)

/* Each returns S_OK or E_OUTOFMEMORY; on failure the buffer is as it was. */
HRESULT buffer_reserve(struct buffer *buffer, size_t more) MUST_CHECK;
HRESULT buffer_append(struct buffer *buffer, const void *data, size_t size) MUST_CHECK;
HRESULT buffer_append_text(struct buffer *buffer, const char *text) MUST_CHECK;
HRESULT buffer_printf(struct buffer *buffer, const char *format, ...) MUST_CHECK
    __attribute__((format(printf, 2, 3)));
/* buffer_terminate puts a NUL behind the content without counting it, so that data can be used as
 * text. */
HRESULT buffer_terminate(struct buffer *buffer) MUST_CHECK;
/* buffer_consume drops the first size bytes. */
void buffer_consume(struct buffer *buffer, size_t size);
/* buffer_take gives the memory away (free with mem_free) and leaves the buffer empty. */
uint8_t *buffer_take(struct buffer *buffer);

static inline struct bytes buffer_view(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->size);
}

#endif
