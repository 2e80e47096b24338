/* Are roles the documented GUIDs, and does each holder issue what [S 2.2.5.3] lets it and no more?
 */
#include "support/test.h"

#include "group/certificate.h"

static void test_guids_are_the_documented_ones(void **state)
{
    (void)state;
    static const struct {
        enum role role;
        const char *text;
    } roles[] = {{ROLE_ADMIN, "04387127-aa56-450a-8ce5-4f565c6790f4"},
                 {ROLE_INVITING_MEMBER, "4370fd89-dc18-4cfb-8dbf-9853a8a9f905"},
                 {ROLE_MEMBER, "f12dc4c7-0857-4ca0-93fc-b1bb19a3d8c2"}};
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
        struct guid guid, made;
        assert_ok(guid_parse(roles[i].text, &guid));
        role_guid(roles[i].role, &made);
        assert_true(guid_equal(&guid, &made));
        assert_int_equal(role_of_guid(&guid), roles[i].role);
        guid.bytes[15] ^= 1;
        assert_int_equal(role_of_guid(&guid), 0);
    }
    assert_int_equal(role_of_guid(&GUID_NULL_VALUE), 0);
}

static void test_who_may_issue_what(void **state)
{
    (void)state;
    for (unsigned wanted = 0; wanted < 16; wanted++) {
        bool known = wanted > 0 && wanted < 8;
        assert_int_equal(roles_may_issue(ROLE_ADMIN, wanted), known);
        assert_int_equal(roles_may_issue(ROLE_ADMIN | ROLE_MEMBER, wanted), known);
        assert_int_equal(roles_may_issue(ROLE_INVITING_MEMBER, wanted),
                         known && !(wanted & ROLE_ADMIN));
        assert_false(roles_may_issue(ROLE_MEMBER, wanted));
        assert_false(roles_may_issue(0, wanted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guids_are_the_documented_ones),
        cmocka_unit_test(test_who_may_issue_what),
    };
    return cmocka_run_group_tests_name("group-role", tests, NULL, NULL);
}
