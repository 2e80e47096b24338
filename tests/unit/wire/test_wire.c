/* Do the cursors stop at their end, remember the first error, and read back what was written? */
#include "support/test.h"
#include "wire/wire.h"

static void numbers_round_trip(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    wire_write_u8(&writer, 0xab);
    wire_write_u16(&writer, 0x1234);
    wire_write_u32(&writer, 0x89abcdef);
    wire_write_u64(&writer, 0x0123456789abcdefull);
    wire_write_blob(&writer, bytes_of("xyz", 3));
    wire_write_blob(&writer, bytes_of(NULL, 0));
    assert_ok(writer.hr);
    static const uint8_t expected[] = {0xab, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
                                       0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0,    0,    0,
                                       3,    'x',  'y',  'z',  0,    0,    0,    0};
    assert_int_equal(out.size, sizeof(expected));
    assert_memory_equal(out.data, expected, sizeof(expected));
    struct wire_reader reader;
    wire_reader_init(&reader, buffer_view(&out));
    assert_int_equal(wire_read_u8(&reader), 0xab);
    assert_int_equal(wire_read_u16(&reader), 0x1234);
    assert_int_equal(wire_read_u32(&reader), 0x89abcdef);
    assert_true(wire_read_u64(&reader) == 0x0123456789abcdefull);
    assert_true(bytes_equal(wire_read_blob(&reader, 3), bytes_of("xyz", 3)));
    assert_int_equal(wire_left(&reader), 4);
    assert_false(wire_reader_done(&reader));
    assert_int_equal(wire_read_blob(&reader, 0).size, 0);
    assert_true(wire_reader_done(&reader));
    buffer_deinit(&out);
}

static void short_reads_stick(void **state)
{
    (void)state;
    struct wire_reader reader;
    wire_reader_init(&reader, bytes_of("\1\2\3", 3));
    assert_int_equal(wire_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(wire_read_u8(&reader), 0);
    assert_int_equal(wire_left(&reader), 0);
    assert_false(wire_reader_done(&reader));
    uint8_t field[2] = {9, 9};
    wire_reader_init(&reader, bytes_of(NULL, 0));
    assert_true(wire_reader_done(&reader));
    wire_read_fixed(&reader, field, sizeof(field));
    assert_true(reader.failed && field[0] == 0 && field[1] == 0);
}

static void lengths_are_not_believed(void **state)
{
    (void)state;
    struct wire_reader reader;
    wire_reader_init(&reader, bytes_of("\xff\xff\xff\xff", 4));
    assert_int_equal(wire_read_blob(&reader, SIZE_MAX).size, 0);
    assert_true(reader.failed);
    wire_reader_init(&reader, bytes_of("\0\0\0\2ab", 6));
    assert_int_equal(wire_read_blob(&reader, 1).size, 0);
    assert_true(reader.failed);
    wire_reader_init(&reader, bytes_of("\0\0\0\2abcd", 8));
    assert_int_equal(wire_read_count(&reader, 10, 2), 2);
    wire_reader_init(&reader, bytes_of("\0\0\0\3abcd", 8));
    assert_int_equal(wire_read_count(&reader, 10, 2), 0);
    assert_true(reader.failed);
    wire_reader_init(&reader, bytes_of("\0\0\0\3abcdef", 10));
    assert_int_equal(wire_read_count(&reader, 2, 2), 0);
    assert_true(reader.failed);
}

static void text_is_utf8_without_nul(void **state)
{
    (void)state;
    static const char *const bad[] = {"\0\0\0\2\xc3(", "\0\0\0\2a\0", "\0\0\0\2\xed\xa0"};
    struct wire_reader reader;
    wire_reader_init(&reader, bytes_of("\0\0\0\2\xc3\xa9", 6));
    assert_int_equal(wire_read_text(&reader, 10).size, 2);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        wire_reader_init(&reader, bytes_of(bad[i], 6));
        assert_int_equal(wire_read_text(&reader, 10).size, 0);
        assert_true(reader.failed);
    }
}

static void writer_without_memory_sticks(void **state)
{
    (void)state;
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &out);
    mem_fail_nth(1);
    wire_write_u32(&writer, 1);
    mem_fail_nth(0);
    assert_hr(writer.hr, E_OUTOFMEMORY);
    wire_write_u32(&writer, 2);
    assert_int_equal(out.size, 0);
    buffer_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_round_trip),           cmocka_unit_test(short_reads_stick),
        cmocka_unit_test(lengths_are_not_believed),     cmocka_unit_test(text_is_utf8_without_nul),
        cmocka_unit_test(writer_without_memory_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
