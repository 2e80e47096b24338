/* Does every code have its name? */
#include "support/test.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(result_name(S_OK), "S_OK");
    assert_string_equal(result_name(PEER_E_INVALID_GROUP), "PEER_E_INVALID_GROUP");
    assert_string_equal(result_name((HRESULT)0x80632040), "PEER_E_INVALID_GROUP_PROPERTIES");
    assert_string_equal(result_name((HRESULT)0x8007012F), "ERROR_DELETE_PENDING");
    assert_null(result_name((HRESULT)0x80639999));
    assert_int_equal(PEER_E_INVALID_PROPERTIES, PEER_E_INVALID_GROUP_PROPERTIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests_name("base-result", tests, NULL, NULL);
}
