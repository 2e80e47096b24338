/* wire.h - cursors over bytes with a sticky error: big-endian numbers, fixed fields, u32-prefixed
 * blobs.
 *
 * A reader never goes past its end: the first short or oversized read makes it fail, and every
 * later read gives zeros or empty views. So a decoder reads all its fields and asks once. A writer
 * appends to a buffer in the same manner. */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/bytes.h"
#include "base/hash.h"

struct wire_reader {
    const uint8_t *next;
    const uint8_t *end;
    bool failed;
};

void wire_reader_init(struct wire_reader *reader, struct bytes bytes);
uint8_t wire_read_u8(struct wire_reader *reader);
uint16_t wire_read_u16(struct wire_reader *reader);
uint32_t wire_read_u32(struct wire_reader *reader);
uint64_t wire_read_u64(struct wire_reader *reader);
void wire_read_fixed(struct wire_reader *reader, void *out, size_t size);
/* wire_read_view gives a view of exactly size bytes. */
struct bytes wire_read_view(struct wire_reader *reader, size_t size);
/* wire_read_blob reads a u32 length of at most max, then that many bytes. */
struct bytes wire_read_blob(struct wire_reader *reader, size_t max);
/* wire_read_text is a blob that must be UTF-8 without NUL. */
struct bytes wire_read_text(struct wire_reader *reader, size_t max);
/* wire_read_count reads a u32 count of elements of which each takes at least element_min bytes of
 * what is left. */
uint32_t wire_read_count(struct wire_reader *reader, uint32_t max, size_t element_min);
size_t wire_left(const struct wire_reader *reader);
/* wire_reader_done: nothing failed and nothing is left. */
bool wire_reader_done(const struct wire_reader *reader);

struct wire_writer {
    struct buffer *out;
    HRESULT hr; /* S_OK or E_OUTOFMEMORY, sticky */
};

void wire_writer_init(struct wire_writer *writer, struct buffer *out);
void wire_write_u8(struct wire_writer *writer, uint8_t value);
void wire_write_u16(struct wire_writer *writer, uint16_t value);
void wire_write_u32(struct wire_writer *writer, uint32_t value);
void wire_write_u64(struct wire_writer *writer, uint64_t value);
void wire_write_fixed(struct wire_writer *writer, const void *data, size_t size);
void wire_write_blob(struct wire_writer *writer, struct bytes bytes);

/* wire_store_u32 puts a big-endian number at a place that was written before (a length known
 * later). */
void wire_store_u32(uint8_t *place, uint32_t value);

#endif
