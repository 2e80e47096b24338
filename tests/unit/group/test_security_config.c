/* Does a configuration that is imported over a group that is here leave standing what only the
 * invitation said? */
#include "scene.h"
#include "support/test.h"

#include "group/group_config.h"

/* Without it somebody could hide a removal from a newcomer that has not synchronised yet. */
static void test_revocations_are_still_expected(void **state)
{
    (void)state;
    struct scene scene;
    scene_init(&scene);
    struct party gone = party_join(&scene.founder, 10, ROLE_MEMBER);
    struct sealed_record revocation =
        scene_revoke(&scene.founder, true, &gone.key_hash, SCENE_NOW, NULL, 0);
    assert_ok(party_deliver(&scene.founder, &scene.founder, &revocation));
    struct party member = party_join(&scene.founder, 11, ROLE_MEMBER);
    struct revocation_summary before, after;
    security_revocations_expected(member.security, &before);
    assert_int_equal(before.count, 1);
    struct group_config config = {.identity = NULL};
    assert_ok(security_export_config(member.security, &config));
    assert_ok(security_take_config(member.security, &config));
    security_revocations_expected(member.security, &after);
    assert_int_equal(after.count, 1);
    assert_memory_equal(&after.sum, &before.sum, HASH_SIZE);
    group_config_deinit(&config);
    sealed_record_deinit(&revocation);
    party_deinit(&member);
    party_deinit(&gone);
    scene_deinit(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_revocations_are_still_expected)};
    return cmocka_run_group_tests_name("group-security-config", tests, NULL, NULL);
}
