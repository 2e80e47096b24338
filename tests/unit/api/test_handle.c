/* Does a handle find its own object and kind only, and does the object live as long as somebody
 * uses it? */
#include "support/sweep.h"

#include "api/handle.h"

static int freed;

static void count_free(void *object)
{
    (void)object;
    freed++;
}

static void *open_one(enum handle_kind kind, void *object)
{
    void *handle = NULL;
    assert_ok(handle_open(kind, object, count_free, &handle));
    assert_non_null(handle);
    return handle;
}

static void assert_no_handle(enum handle_kind kind, const void *handle)
{
    struct handle_entry *entry = (struct handle_entry *)1;
    assert_hr(handle_borrow(kind, handle, &entry), E_HANDLE);
    assert_null(entry);
    assert_hr(handle_close(kind, handle), E_HANDLE);
}

static void test_finds_its_object(void **state)
{
    (void)state;
    int first, second;
    struct handle_entry *entry = NULL;
    void *a = open_one(HANDLE_KIND_GROUP, &first), *b = open_one(HANDLE_KIND_GROUP, &second);
    assert_ok(handle_borrow(HANDLE_KIND_GROUP, b, &entry));
    assert_ptr_equal(handle_object(entry), &second);
    handle_return(entry);
    handle_return(NULL);
    assert_ok(handle_close(HANDLE_KIND_GROUP, a));
    assert_ok(handle_close(HANDLE_KIND_GROUP, b));
}

static void test_kinds_are_apart(void **state)
{
    (void)state;
    int object;
    for (int kind = 0; kind < HANDLE_KIND_COUNT; kind++) {
        void *handle = open_one((enum handle_kind)kind, &object);
        for (int other = 0; other < HANDLE_KIND_COUNT; other++)
            if (other != kind)
                assert_no_handle((enum handle_kind)other, handle);
        assert_ok(handle_close((enum handle_kind)kind, handle));
    }
}

static void test_object_lives_while_borrowed(void **state)
{
    (void)state;
    int object;
    struct handle_entry *first = NULL, *second = NULL;
    void *handle = open_one(HANDLE_KIND_GROUP, &object);
    freed = 0;
    assert_ok(handle_borrow(HANDLE_KIND_GROUP, handle, &first));
    assert_ok(handle_borrow(HANDLE_KIND_GROUP, handle, &second));
    assert_ok(handle_close(HANDLE_KIND_GROUP, handle));
    assert_no_handle(HANDLE_KIND_GROUP, handle);
    handle_return(first);
    assert_int_equal(freed, 0);
    assert_ptr_equal(handle_object(second), &object);
    handle_return(second);
    assert_int_equal(freed, 1);
}

/* A slot in use again is not reached by its old handles. */
static void test_closed_stays_closed(void **state)
{
    (void)state;
    enum { USES = 200 };
    int object;
    void *closed[USES];
    for (int i = 0; i < USES; i++) {
        closed[i] = open_one(HANDLE_KIND_ENUMERATION, &object);
        assert_ok(handle_close(HANDLE_KIND_ENUMERATION, closed[i]));
    }
    void *live = open_one(HANDLE_KIND_ENUMERATION, &object);
    for (int i = 0; i < USES; i++)
        assert_no_handle(HANDLE_KIND_ENUMERATION, closed[i]);
    assert_no_handle(HANDLE_KIND_ENUMERATION, NULL);
    assert_no_handle(HANDLE_KIND_ENUMERATION, &object);
    assert_ok(handle_close(HANDLE_KIND_ENUMERATION, live));
}

static HRESULT open_and_close(void)
{
    int object;
    void *handle = &object;
    HRESULT hr = handle_open(HANDLE_KIND_REGISTRATION, &object, count_free, &handle);
    assert_true(SUCCEEDED(hr) == (handle != NULL));
    return SUCCEEDED(hr) ? handle_close(HANDLE_KIND_REGISTRATION, handle) : hr;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    assert_true(sweep(open_and_close, NULL) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_its_object),
        cmocka_unit_test(test_kinds_are_apart),
        cmocka_unit_test(test_object_lives_while_borrowed),
        cmocka_unit_test(test_closed_stays_closed),
        cmocka_unit_test(test_survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
