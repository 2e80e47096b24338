/* wire.c - the cursors behind every encoder and decoder.
 *
 * Reading: take() is the only place that moves the cursor; it fails the reader when fewer bytes are
 * left than asked. Writing: everything ends in wire_write_fixed, which remembers the first failure
 * and ignores all later calls. */
#include "wire/wire.h"

#include "base/text.h"

void wire_reader_init(struct wire_reader *reader, struct bytes bytes)
{
    static const uint8_t nothing[1];
    reader->next = bytes.size > 0 ? bytes.data : nothing;
    reader->end = reader->next + bytes.size;
    reader->failed = false;
}

static const uint8_t *take(struct wire_reader *reader, size_t size)
{
    if (reader->failed || size > (size_t)(reader->end - reader->next)) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->next;
    reader->next += size;
    return bytes;
}

static uint64_t read_number(struct wire_reader *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t wire_read_u8(struct wire_reader *reader)
{
    return (uint8_t)read_number(reader, 1);
}

uint16_t wire_read_u16(struct wire_reader *reader)
{
    return (uint16_t)read_number(reader, 2);
}

uint32_t wire_read_u32(struct wire_reader *reader)
{
    return (uint32_t)read_number(reader, 4);
}

uint64_t wire_read_u64(struct wire_reader *reader)
{
    return read_number(reader, 8);
}

void wire_read_fixed(struct wire_reader *reader, void *out, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    if (bytes)
        memcpy(out, bytes, size);
    else
        memset(out, 0, size);
}

struct bytes wire_read_view(struct wire_reader *reader, size_t size)
{
    const uint8_t *bytes = take(reader, size);
    return bytes_of(bytes, bytes ? size : 0);
}

struct bytes wire_read_blob(struct wire_reader *reader, size_t max)
{
    uint32_t size = wire_read_u32(reader);
    if (size > max)
        reader->failed = true;
    return wire_read_view(reader, size);
}

struct bytes wire_read_text(struct wire_reader *reader, size_t max)
{
    struct bytes text = wire_read_blob(reader, max);
    if (!text_is_utf8(text)) {
        reader->failed = true;
        return bytes_of(NULL, 0);
    }
    return text;
}

uint32_t wire_read_count(struct wire_reader *reader, uint32_t max, size_t element_min)
{
    uint32_t count = wire_read_u32(reader);
    if (count > max || (element_min > 0 && count > wire_left(reader) / element_min)) {
        reader->failed = true;
        return 0;
    }
    return count;
}

size_t wire_left(const struct wire_reader *reader)
{
    return reader->failed ? 0 : (size_t)(reader->end - reader->next);
}

bool wire_reader_done(const struct wire_reader *reader)
{
    return !reader->failed && reader->next == reader->end;
}

void wire_writer_init(struct wire_writer *writer, struct buffer *out)
{
    writer->out = out;
    writer->hr = S_OK;
}

void wire_write_fixed(struct wire_writer *writer, const void *data, size_t size)
{
    if (SUCCEEDED(writer->hr))
        writer->hr = buffer_append(writer->out, data, size);
}

static void write_number(struct wire_writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    wire_write_fixed(writer, bytes, size);
}

void wire_write_u8(struct wire_writer *writer, uint8_t value)
{
    write_number(writer, value, 1);
}

void wire_write_u16(struct wire_writer *writer, uint16_t value)
{
    write_number(writer, value, 2);
}

void wire_write_u32(struct wire_writer *writer, uint32_t value)
{
    write_number(writer, value, 4);
}

void wire_write_u64(struct wire_writer *writer, uint64_t value)
{
    write_number(writer, value, 8);
}

void wire_write_blob(struct wire_writer *writer, struct bytes bytes)
{
    ASSERT(bytes.size <= UINT32_MAX);
    wire_write_u32(writer, (uint32_t)bytes.size);
    wire_write_fixed(writer, bytes.data, bytes.size);
}

void wire_store_u32(uint8_t *place, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        place[i] = (uint8_t)(value >> (24 - 8 * i));
}
