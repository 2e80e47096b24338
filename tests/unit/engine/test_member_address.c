/* Is the address where a member answered last remembered, one for each, and what is no such value
 * passed over? */
#include "engine/member_address.h"
#include "store/store_memory.h"
#include "support/test.h"

struct seen {
    struct hash key;
    struct address address;
    int count;
    int most;
};

static HRESULT see(void *context, const struct hash *key, const struct address *address)
{
    struct seen *seen = context;
    seen->key = *key;
    seen->address = *address;
    return ++seen->count == seen->most ? S_FALSE : S_OK;
}

static void each_is_remembered_once(void **state)
{
    (void)state;
    struct store *store = NULL;
    struct hash one = {{0xa1, 2, 3}}, other = {{0xf0}};
    struct address first = {.ip = {0x20, 1}, .port = 3587}, second = {.ip = {0xfe}, .port = 0x1234};
    assert_ok(store_memory_new(&store));
    assert_ok(member_address_put(store, &one, &first));
    assert_ok(member_address_put(store, &one, &second));
    struct seen seen = {.most = -1};
    assert_ok(member_address_each(store, see, &seen));
    assert_int_equal(seen.count, 1);
    assert_memory_equal(&seen.key, &one, sizeof(one));
    assert_true(address_equal(&seen.address, &second));
    assert_ok(member_address_put(store, &other, &first));
    seen = (struct seen){.most = 1};
    assert_ok(member_address_each(store, see, &seen));
    assert_int_equal(seen.count, 1);
    seen = (struct seen){.most = -1};
    assert_ok(member_address_each(store, see, &seen));
    assert_int_equal(seen.count, 2);
    store_free(store);
}

static void other_values_are_passed_over(void **state)
{
    (void)state;
    struct store *store = NULL;
    static const uint8_t value[18];
    static const struct {
        const char *name;
        size_t size;
    } wrong[] = {{"address/", 18},
                 {"address/00", 18},
                 {"address/zz00000000000000000000000000000000000000000000000000000000000000", 18},
                 {"address/0000000000000000000000000000000000000000000000000000000000000000", 17}};
    assert_ok(store_memory_new(&store));
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_ok(store->ops->value_put(store, wrong[i].name, bytes_of(value, wrong[i].size)));
    struct seen seen = {.most = -1};
    assert_ok(member_address_each(store, see, &seen));
    assert_int_equal(seen.count, 0);
    store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_remembered_once),
        cmocka_unit_test(other_values_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
