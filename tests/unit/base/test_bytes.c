/* Do buffers keep what was put into them, and stay whole when memory runs out? */
#include "support/test.h"

#include "base/bytes.h"

static void test_append_and_consume(void **state)
{
    (void)state;
    CLEANUP_BUFFER struct buffer buffer = BUFFER_NULL;
    for (int i = 0; i < 1000; i++)
        assert_ok(buffer_append(&buffer, "abc", 3));
    assert_int_equal(buffer.size, 3000);
    buffer_consume(&buffer, 2998);
    assert_memory_equal(buffer.data, "bc", 2);
    assert_ok(buffer_printf(&buffer, "-%d", 42));
    assert_ok(buffer_terminate(&buffer));
    assert_string_equal((char *)buffer.data, "bc-42");
}

static void test_failed_allocation_changes_nothing(void **state)
{
    (void)state;
    CLEANUP_BUFFER struct buffer buffer = BUFFER_NULL;
    assert_ok(buffer_append(&buffer, "x", 1));
    mem_fail_nth(1);
    uint8_t big[4096] = {0};
    assert_hr(buffer_append(&buffer, big, sizeof(big)), E_OUTOFMEMORY);
    assert_true(mem_fail_hit());
    assert_int_equal(buffer.size, 1);
    assert_int_equal(buffer.data[0], 'x');
    assert_ok(buffer_append(&buffer, big, sizeof(big)));
    assert_hr(buffer_reserve(&buffer, SIZE_MAX - 2), E_OUTOFMEMORY);
}

static void test_compare_orders_by_content_then_length(void **state)
{
    (void)state;
    assert_true(bytes_compare(bytes_of_text("a"), bytes_of_text("ab")) < 0);
    assert_true(bytes_compare(bytes_of_text("b"), bytes_of_text("ab")) > 0);
    assert_int_equal(bytes_compare(bytes_of(NULL, 0), bytes_of_text("")), 0);
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_of_text("")));
    assert_false(bytes_equal(bytes_of_text("a"), bytes_of_text("b")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_and_consume),
        cmocka_unit_test(test_failed_allocation_changes_nothing),
        cmocka_unit_test(test_compare_orders_by_content_then_length),
    };
    return cmocka_run_group_tests_name("base-bytes", tests, NULL, NULL);
}
