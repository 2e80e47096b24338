/* Does a block come out in one piece with every pointer in place and aligned, and is exactly what
 * was given out taken back? */
#include "support/sweep.h"
#include "support/wide.h"

#include "api/block.h"

struct sample {
    PWSTR text;
    void *bytes;
    struct sample *next;
    uint64_t number;
};

/* Two samples, the second behind the first. */
static HRESULT build(void **result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    size_t first, second;
    *result = NULL;
    HRESULT hr = block_add(&block, sizeof(struct sample), &first);
    if (SUCCEEDED(hr))
        hr = block_add_text(&block, first + offsetof(struct sample, text), "\xE2\x82\xAC!");
    if (SUCCEEDED(hr))
        hr = block_add_bytes(&block, first + offsetof(struct sample, bytes), bytes_of("abc", 3));
    if (SUCCEEDED(hr))
        hr = block_add(&block, sizeof(struct sample), &second);
    if (SUCCEEDED(hr))
        hr = block_link(&block, first + offsetof(struct sample, next), second);
    if (SUCCEEDED(hr)) {
        ((struct sample *)block_at(&block, second))->number = 7;
        hr = block_add_text(&block, second + offsetof(struct sample, text), NULL);
    }
    if (SUCCEEDED(hr))
        hr = block_add_bytes(&block, second + offsetof(struct sample, bytes), bytes_of(NULL, 0));
    return SUCCEEDED(hr) ? block_finish(&block, result) : hr;
}

static void test_pointers_are_in_place(void **state)
{
    (void)state;
    void *result;
    assert_ok(build(&result));
    const struct sample *sample = result;
    assert_wide_equal(sample->text, u"\u20AC!");
    assert_memory_equal(sample->bytes, "abc", 3);
    assert_int_equal((uintptr_t)sample->bytes % _Alignof(max_align_t), 0);
    assert_int_equal((uintptr_t)sample->next % _Alignof(max_align_t), 0);
    assert_int_equal(sample->next->number, 7);
    assert_null(sample->next->text);
    assert_null(sample->next->bytes);
    assert_null(sample->next->next);
    assert_false(block_release(sample->text));
    assert_false(block_release(sample->next));
    assert_true(block_release(result));
    assert_false(block_release(result));
}

static void test_many_live_blocks(void **state)
{
    (void)state;
    enum { BLOCKS = 5000 };
    static PWSTR blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        assert_ok(block_text("x", &blocks[i]));
    for (int i = 0; i < BLOCKS; i += 2)
        assert_true(block_release(blocks[i]));
    for (int i = 1; i < BLOCKS; i += 2)
        assert_true(block_release(blocks[i]));
    assert_false(block_release(blocks[1]));
}

static void test_text(void **state)
{
    (void)state;
    PWSTR text = (PWSTR)1;
    assert_ok(block_text("", &text));
    assert_wide_equal(text, u"");
    assert_true(block_release(text));
    assert_hr(block_text("\xFF", &text), E_INVALIDARG);
    assert_null(text);
}

static HRESULT build_and_release(void)
{
    void *result = &result;
    HRESULT hr = build(&result);
    assert_true(SUCCEEDED(hr) == (result != NULL));
    assert_true(block_release(result) == SUCCEEDED(hr));
    return hr;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    assert_true(sweep(build_and_release, NULL) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers_are_in_place),
        cmocka_unit_test(test_many_live_blocks),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
