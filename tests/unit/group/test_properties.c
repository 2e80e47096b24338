/* Do Security Properties keep every field, also those of later versions? Does each rule of
 * PeerGroupCreate refuse with its own code, in the documented order, and do the defaults hold? */
#include "support/test.h"

#include "group/peer_name.h"
#include "group/properties.h"
#include "wire/wire.h"

static struct group_properties sample(bool with_password)
{
    struct group_properties properties = {.flags = GROUP_FLAG_DISABLE_PRESENCE,
                                          .schemes = GROUP_SCHEME_CERTIFICATE,
                                          .member_data_lifetime = MEMBER_DATA_LIFETIME_MIN,
                                          .presence_lifetime = 301,
                                          .created = 133500000000000000ull,
                                          .required_features = 1ull << 63,
                                          .quota = {1, 2, 3, 4},
                                          .rendezvous = {.secret = {9, 8, 7}, .epoch = 5}};
    struct signing_key *key;
    uint8_t seed[SEED_SIZE] = {3}, public_key[KEY_SIZE];
    struct hash hash;
    assert_ok(signing_key_from_seed(seed, &key));
    signing_key_public(key, public_key);
    signing_key_free(key);
    key_hash(public_key, &hash);
    if (with_password) {
        properties.schemes = GROUP_SCHEMES_ALL;
        properties.password =
            (struct group_password){.role = ROLE_INVITING_MEMBER,
                                    .salt = {1, 2},
                                    .cost = {.memory_kib = PASSWORD_MEMORY_MIN, .passes = 1}};
        memcpy(properties.password.public_key, public_key, KEY_SIZE);
    }
    properties.cloud = mem_strdup("LinkLocal_eth0");
    properties.classifier = mem_strdup("ch\xC3\xB6r");
    assert_ok(peer_name_make(&hash, properties.classifier, &properties.group_name));
    assert_ok(peer_name_make(&hash, "", &properties.creator_name));
    properties.friendly_name = mem_strdup("Choir");
    properties.comment = mem_strdup("");
    return properties;
}

static struct buffer encoded(const struct group_properties *properties)
{
    struct buffer payload = BUFFER_NULL;
    assert_ok(group_properties_encode(properties, &payload));
    return payload;
}

static void check_round_trip(bool with_password)
{
    struct group_properties given = sample(with_password), read, copied;
    static const uint8_t extension[] = {0, 9, 0, 0, 0, 2, 'h', 'i', 0, 10, 0, 0, 0, 0};
    assert_ok(buffer_append(&given.extensions, extension, sizeof(extension)));
    struct buffer payload = encoded(&given);
    assert_ok(group_properties_decode(buffer_view(&payload), &read));
    assert_ok(group_properties_copy(&read, &copied));
    struct buffer again = encoded(&copied);
    assert_true(bytes_equal(buffer_view(&payload), buffer_view(&again)));
    assert_string_equal(read.classifier, given.classifier);
    assert_string_equal(read.cloud, given.cloud);
    assert_string_equal(read.friendly_name, given.friendly_name);
    assert_int_equal(read.flags, given.flags);
    assert_int_equal(read.password.role, given.password.role);
    assert_int_equal(read.quota.subtree_bytes, 4);
    assert_int_equal(read.rendezvous.epoch, 5);
    assert_int_equal(read.extensions.size, sizeof(extension));
    group_properties_deinit(&given);
    group_properties_deinit(&read);
    group_properties_deinit(&copied);
    buffer_deinit(&payload);
    buffer_deinit(&again);
}

static void test_every_field_survives_and_unknown_ones_too(void **state)
{
    (void)state;
    check_round_trip(false);
    check_round_trip(true);
}

/* Expects the properties, changed by a test, to be refused. */
static void check_refused(struct group_properties *properties)
{
    struct group_properties read;
    struct buffer payload = encoded(properties);
    assert_hr(group_properties_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    buffer_deinit(&payload);
    group_properties_deinit(properties);
}

#define REFUSED(password, change)                                                                  \
    do {                                                                                           \
        struct group_properties p = sample(password);                                              \
        change;                                                                                    \
        check_refused(&p);                                                                         \
    } while (0)

static void swap(char **text, const char *other)
{
    mem_free(*text);
    *text = mem_strdup(other);
}

static void test_what_no_creator_writes_is_refused(void **state)
{
    (void)state;
    REFUSED(false, p.flags = 8);
    REFUSED(false, p.schemes = 0);
    REFUSED(false, p.schemes = GROUP_SCHEME_PASSWORD);
    REFUSED(false, p.schemes = GROUP_SCHEMES_ALL);
    REFUSED(false, p.schemes = 5);
    REFUSED(false, p.member_data_lifetime = MEMBER_DATA_LIFETIME_MIN - 1);
    REFUSED(false, p.member_data_lifetime = MEMBER_DATA_LIFETIME_MAX + 1);
    REFUSED(false, p.presence_lifetime = 299);
    REFUSED(false, p.password.role = ROLE_MEMBER);
    REFUSED(false, p.password.salt[15] = 1);
    REFUSED(false, p.password.cost.passes = 1);
    REFUSED(true, p.schemes = GROUP_SCHEME_CERTIFICATE);
    REFUSED(true, p.password.role = 3);
    REFUSED(true, p.password.role = 8);
    REFUSED(true, p.password.cost.passes = 0);
    REFUSED(true, p.password.cost.passes = 11);
    REFUSED(true, p.password.cost.memory_kib = PASSWORD_MEMORY_MIN - 1);
    REFUSED(true, p.password.cost.memory_kib = PASSWORD_MEMORY_MAX + 1);
    REFUSED(true, memset(p.password.public_key, 0, KEY_SIZE));
    REFUSED(false, swap(&p.classifier, "other"));
    REFUSED(false, swap(&p.group_name, "0.ch\xC3\xB6r"));
    REFUSED(false, swap(&p.creator_name, "0.someone"));
    REFUSED(false, swap(&p.creator_name, ""));
    char longer[257];
    memset(longer, 'a', 256);
    longer[256] = '\0';
    REFUSED(false, swap(&p.friendly_name, longer));
    REFUSED(false, swap(&p.comment, longer));
    static const uint8_t unordered[] = {0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0};
    REFUSED(false, assert_ok(buffer_append(&p.extensions, unordered, sizeof(unordered))));
    static const uint8_t torn[] = {0, 2, 0, 0, 0, 1};
    REFUSED(false, assert_ok(buffer_append(&p.extensions, torn, sizeof(torn))));
}

static void test_every_shorter_payload_is_refused(void **state)
{
    (void)state;
    struct group_properties properties = sample(true), read;
    struct buffer payload = encoded(&properties);
    for (size_t size = 0; size < payload.size; size++)
        assert_hr(group_properties_decode(bytes_of(payload.data, size), &read),
                  PEER_E_INVALID_RECORD);
    buffer_deinit(&payload);
    group_properties_deinit(&properties);
}

static void test_another_version_is_told_apart(void **state)
{
    (void)state;
    struct group_properties properties = sample(false), read;
    struct buffer payload = encoded(&properties);
    payload.data[0]++;
    assert_hr(group_properties_decode(buffer_view(&payload), &read), PEER_E_UNSUPPORTED_VERSION);
    payload.data[0] = 1;
    assert_hr(group_properties_decode(buffer_view(&payload), &read), PEER_E_INVALID_RECORD);
    buffer_deinit(&payload);
    group_properties_deinit(&properties);
}

static const char strong[] = "w9#Tulpe!Kran7-Zug";

static void test_each_wish_is_refused_with_its_own_code(void **state)
{
    (void)state;
    char over[260], name_of_149[152];
    memset(over, 'x', sizeof(over));
    over[256] = '\0';
    memset(name_of_149, 'c', sizeof(name_of_149));
    name_of_149[150] = '\0';
    const struct {
        struct group_wish wish;
        HRESULT want;
    } cases[] = {
        {{.flags = 0}, S_OK},
        {{.flags = 7, .schemes = 1}, S_OK},
        {{.group_name = "no peer name"}, PEER_E_INVALID_PEER_NAME},
        {{.group_name = "0.choir"}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.group_name = ""}, S_OK},
        {{.flags = 8}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 4}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 2, .password_role = ROLE_MEMBER}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 2, .password = strong}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 2, .password = strong, .password_role = 3}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 2, .password = strong, .password_role = ROLE_ADMIN}, S_OK},
        {{.schemes = 3, .password = strong, .password_role = ROLE_INVITING_MEMBER}, S_OK},
        {{.schemes = 2, .password = strong, .password_role = ROLE_MEMBER}, S_OK},
        {{.schemes = 2, .password = "", .password_role = ROLE_MEMBER},
         PEER_E_PASSWORD_DOES_NOT_MEET_POLICY},
        {{.schemes = 2, .password = "abc", .password_role = ROLE_MEMBER},
         PEER_E_PASSWORD_DOES_NOT_MEET_POLICY},
        {{.password = strong}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 1, .password = strong}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.password = "", .password_role = 99}, S_OK},
        {{.classifier = name_of_149}, PEER_E_INVALID_CLASSIFIER},
        {{.classifier = name_of_149 + 1}, S_OK},
        {{.classifier = "a\nb"}, PEER_E_INVALID_CLASSIFIER},
        {{.friendly_name = over}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.friendly_name = over + 1, .comment = over + 1}, S_OK},
        {{.comment = over}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.member_data_lifetime = 28799}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.member_data_lifetime = 28800}, S_OK},
        {{.member_data_lifetime = 315360000}, S_OK},
        {{.member_data_lifetime = 315360001}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.presence_lifetime = 1}, S_OK},
        /* The order of ruling 11. */
        {{.group_name = "x", .flags = 8}, PEER_E_INVALID_PEER_NAME},
        {{.schemes = 2, .password = "abc", .password_role = 0}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.schemes = 2, .password = "abc", .password_role = 1, .classifier = "\n"},
         PEER_E_PASSWORD_DOES_NOT_MEET_POLICY},
        {{.flags = 8, .classifier = "\n"}, PEER_E_INVALID_GROUP_PROPERTIES},
        {{.classifier = "\n", .member_data_lifetime = 1}, PEER_E_INVALID_CLASSIFIER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        HRESULT got = group_wish_check(&cases[i].wish, false);
        if (got != cases[i].want)
            print_error("case %zu\n", i);
        assert_hr(got, cases[i].want);
    }
}

static void test_a_password_may_stay_as_it_is(void **state)
{
    (void)state;
    struct group_wish wish = {.schemes = 3, .password_role = ROLE_MEMBER};
    assert_ok(group_wish_check(&wish, true));
    assert_hr(group_wish_check(&wish, false), PEER_E_INVALID_GROUP_PROPERTIES);
}

static void test_defaults(void **state)
{
    (void)state;
    struct group_properties properties = sample(false);
    struct group_wish wish = {.flags = 1};
    assert_ok(group_properties_apply(&wish, &properties));
    assert_int_equal(properties.presence_lifetime, 300);
    assert_int_equal(properties.member_data_lifetime, 2419200);
    assert_int_equal(properties.schemes, GROUP_SCHEME_CERTIFICATE);
    assert_int_equal(properties.flags, 1);
    assert_string_equal(properties.friendly_name, "");
    wish = (struct group_wish){.schemes = GROUP_SCHEME_PASSWORD,
                               .presence_lifetime = 299,
                               .member_data_lifetime = 28800,
                               .friendly_name = "New",
                               .comment = "c"};
    assert_ok(group_properties_apply(&wish, &properties));
    assert_int_equal(properties.presence_lifetime, 300);
    assert_int_equal(properties.member_data_lifetime, 28800);
    assert_int_equal(properties.schemes, GROUP_SCHEMES_ALL);
    assert_string_equal(properties.friendly_name, "New");
    assert_string_equal(properties.classifier, "ch\xC3\xB6r");
    wish.presence_lifetime = 301;
    assert_ok(group_properties_apply(&wish, &properties));
    assert_int_equal(properties.presence_lifetime, 301);
    group_properties_deinit(&properties);
}

static void test_lack_of_memory_changes_nothing(void **state)
{
    (void)state;
    struct group_properties properties = sample(true), read;
    struct buffer payload = encoded(&properties);
    for (uint64_t n = 1;; n++) {
        mem_fail_nth(n);
        HRESULT hr = group_properties_decode(buffer_view(&payload), &read);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        if (!hit) {
            assert_ok(hr);
            group_properties_deinit(&read);
            break;
        }
        assert_hr(hr, E_OUTOFMEMORY);
    }
    buffer_deinit(&payload);
    group_properties_deinit(&properties);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field_survives_and_unknown_ones_too),
        cmocka_unit_test(test_what_no_creator_writes_is_refused),
        cmocka_unit_test(test_every_shorter_payload_is_refused),
        cmocka_unit_test(test_another_version_is_told_apart),
        cmocka_unit_test(test_each_wish_is_refused_with_its_own_code),
        cmocka_unit_test(test_a_password_may_stay_as_it_is),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_lack_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests_name("group-properties", tests, NULL, NULL);
}
