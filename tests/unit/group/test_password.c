/* Does the system's policy decide, also without its dictionary? Is the key of a password always the
 * same for the same salt and cost, and bounded in its work? */
#include "support/test.h"

#include "group/password.h"

static void test_policy(void **state)
{
    (void)state;
    char text[260];
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < 256; i++)
        text[i] = "aB3$xY7!qW9#mN2%"[(i * 7 + i / 16) % 16];
    text[256] = '\0';
    assert_ok(password_check_policy("w9#Tulpe!Kran7-Zug"));
    static const char *const weak[] = {"", "a", "password", "12345678", "aaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
        assert_hr(password_check_policy(weak[i]), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    assert_hr(password_check_policy(NULL), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
    assert_hr(password_check_policy(text), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
}

static void test_a_missing_dictionary_refuses_nobody(void **state)
{
    (void)state;
    static const char missing[] = "/nonexistent/words";
    assert_ok(password_check_policy_with("w9#Tulpe!Kran7-Zug", missing));
    assert_hr(password_check_policy_with("a", missing), PEER_E_PASSWORD_DOES_NOT_MEET_POLICY);
}

static void derive(const char *password, uint8_t salt_byte, uint32_t passes,
                   uint8_t public_key[KEY_SIZE])
{
    struct signing_key *key;
    uint8_t salt[PASSWORD_SALT_SIZE] = {salt_byte};
    struct password_cost cost = {.memory_kib = PASSWORD_MEMORY_MIN, .passes = passes};
    assert_ok(password_derive(password, salt, &cost, &key));
    signing_key_public(key, public_key);
    signing_key_free(key);
}

static void test_one_password_one_key(void **state)
{
    (void)state;
    uint8_t a[KEY_SIZE], b[KEY_SIZE];
    derive("secret", 1, 1, a);
    derive("secret", 1, 1, b);
    assert_memory_equal(a, b, KEY_SIZE);
    derive("secret", 2, 1, b);
    assert_memory_not_equal(a, b, KEY_SIZE);
    derive("secret", 1, 2, b);
    assert_memory_not_equal(a, b, KEY_SIZE);
    derive("secreT", 1, 1, b);
    assert_memory_not_equal(a, b, KEY_SIZE);
}

static void test_cost_is_bounded(void **state)
{
    (void)state;
    static const struct password_cost bad[] = {{PASSWORD_MEMORY_MIN - 1, 1},
                                               {PASSWORD_MEMORY_MAX + 1, 1},
                                               {PASSWORD_MEMORY_MIN, 0},
                                               {PASSWORD_MEMORY_MIN, 11}};
    uint8_t salt[PASSWORD_SALT_SIZE] = {0};
    struct signing_key *key;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_hr(password_derive("secret", salt, &bad[i], &key), E_INVALIDARG);
        assert_null(key);
    }
    struct password_cost most = {PASSWORD_MEMORY_MAX, 10};
    assert_true(password_cost_check(&most));
}

static void test_what_a_group_keeps_checks_the_password(void **state)
{
    (void)state;
    struct group_password made;
    struct signing_key *key;
    uint8_t public_key[KEY_SIZE];
    assert_ok(password_make("secret", ROLE_INVITING_MEMBER, &made));
    assert_int_equal(made.role, ROLE_INVITING_MEMBER);
    assert_int_equal(made.cost.memory_kib, 65536);
    assert_int_equal(made.cost.passes, 3);
    assert_ok(password_derive("secret", made.salt, &made.cost, &key));
    signing_key_public(key, public_key);
    signing_key_free(key);
    assert_memory_equal(public_key, made.public_key, KEY_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_a_missing_dictionary_refuses_nobody),
        cmocka_unit_test(test_one_password_one_key),
        cmocka_unit_test(test_cost_is_bounded),
        cmocka_unit_test(test_what_a_group_keeps_checks_the_password),
    };
    return cmocka_run_group_tests_name("group-password", tests, NULL, NULL);
}
