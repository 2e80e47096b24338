/* Is a certificate refused for each rule about its extensions (C12 to C26) that it breaks? */
#include "support/test.h"

#include "unit/group/cast.h"

#include <stdio.h>

/* Sets a known extension's value by hex digits and expects the outcome. */
static void judge_value_at(enum forge_extension which, const char *hex, HRESULT want, int line)
{
    struct forge forge;
    struct buffer value = BUFFER_NULL;
    forge_creator(&forge);
    forge_set(&value, hex);
    forge_extend(&forge, which, forge_oids[which], which == FORGE_CONSTRAINTS, value.data,
                 value.size);
    buffer_deinit(&value);
    assert_hr_at(forge_parse(&forge, cast.keys[CAST_GROUP]), want, __FILE__, line);
}

#define judge_value(which, hex, want) judge_value_at((which), (hex), (want), __LINE__)

static void test_C2_only_der_in_values(void **state)
{
    (void)state;
    judge_value(FORGE_CONSTRAINTS, "3003010101", PEER_E_INVALID_RECORD); /* TRUE is FF */
    judge_value(FORGE_CONSTRAINTS, "30060101ff020100", PEER_E_INVALID_RECORD);
    judge_value(FORGE_KIND, "02010100", PEER_E_INVALID_RECORD); /* something left over */
}

static void test_C12_order_once_and_criticality(void **state)
{
    (void)state;
    struct forge forge;
    for (int i = 0; i < FORGE_DEPUTY - 1; i++) { /* exchange with the next */
        forge_creator(&forge);
        struct buffer next = forge.extensions[i + 1];
        forge.extensions[i + 1] = forge.extensions[i];
        forge.extensions[i] = next;
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
    for (int i = 0; i < FORGE_DEPUTY; i++) { /* twice */
        forge_creator(&forge);
        struct buffer *piece = &forge.extensions[i];
        size_t size = piece->size;
        assert_ok(buffer_reserve(piece, size));
        assert_ok(buffer_append(piece, piece->data, size));
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
    forge_creator(&forge);
    forge_extend(&forge, FORGE_CONSTRAINTS, forge_oids[FORGE_CONSTRAINTS], false,
                 "\x30\x03\x01\x01\xFF", 5);
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    forge_creator(&forge);
    forge_extend(&forge, FORGE_KIND, forge_oids[FORGE_KIND], true, "\x02\x01\x01", 3);
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    /* FALSE is the default, so it is not written. */
    forge_creator(&forge);
    forge_set(&forge.extensions[FORGE_KIND], "3014 060a 2b060104018237 2c0001 010100 0403020101");
    expect_forged(&forge, PEER_E_INVALID_RECORD);
}

static void test_C13_each_kind_has_its_own(void **state)
{
    (void)state;
    struct forge forge;
    for (int who = CAST_GROUP; who <= CAST_CREATOR; who++) {
        for (int i = 0; i < FORGE_DEPUTY; i++) { /* without one */
            forge_from(&forge, &cast.certificates[who]);
            HRESULT want = forge.extensions[i].size > 0 ? PEER_E_INVALID_RECORD : S_OK;
            forge.extensions[i].size = 0;
            expect_forged(&forge, want);
        }
    }
    for (int i = FORGE_ISSUER_NAME; i < FORGE_EXTENSION_COUNT; i++) { /* a group's with one more */
        struct certificate rich = cast.certificates[CAST_CREATOR];
        struct forge source;
        rich.deputy = true;
        rich.properties.bytes[0] = 1;
        forge_from(&source, &rich);
        forge_from(&forge, &cast.certificates[CAST_GROUP]);
        if (forge.extensions[i].size == 0) {
            struct buffer moved = forge.extensions[i];
            forge.extensions[i] = source.extensions[i];
            source.extensions[i] = moved;
            expect_forged(&forge, PEER_E_INVALID_RECORD);
        } else {
            forge_deinit(&forge);
        }
        forge_deinit(&source);
    }
}

static void test_C14_unknown_extensions(void **state)
{
    (void)state;
    struct forge forge;
    char oid[16];
    for (int count = 16; count <= 17; count++) {
        forge_creator(&forge);
        for (int i = 0; i < count; i++) {
            snprintf(oid, sizeof(oid), "2a%02x", i + 1);
            forge_extend(&forge, FORGE_EXTENSION_COUNT + i, oid, false, "x", 1);
        }
        expect_forged(&forge, count == 16 ? S_OK : PEER_E_INVALID_RECORD);
    }
    forge_creator(&forge);
    forge_extend(&forge, 20, "2a03", true, "x", 1); /* critical */
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    forge_creator(&forge);
    forge_extend(&forge, FORGE_DEPUTY, "2a03", false, "x", 1);
    forge_extend(&forge, FORGE_PROPERTIES, "2a04", false, "x", 1);
    expect_forged(&forge, S_OK);
    forge_creator(&forge);
    forge_extend(&forge, FORGE_DEPUTY, "2a03", false, "x", 1);
    forge_extend(&forge, FORGE_PROPERTIES, "2a03", false, "y", 1); /* twice */
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    forge_creator(&forge); /* before a known one */
    forge_extend(&forge, FORGE_DEPUTY, "2a03", false, "x", 1);
    forge_extend(&forge, FORGE_PROPERTIES, forge_oids[FORGE_PROPERTIES], false,
                 "\x04\x20........,.......,.......,.......,", 34);
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    static const char *const oids[] = {"", "80", "2a8003", "2a83", "8003"};
    for (size_t i = 0; i < ARRAY_SIZE(oids); i++) {
        forge_creator(&forge);
        forge_extend(&forge, 20, oids[i], false, "x", 1);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

static void test_C15_constraints_follow_the_role(void **state)
{
    (void)state;
    judge_value(FORGE_CONSTRAINTS, "30030101ff", S_OK);
    judge_value(FORGE_CONSTRAINTS, "3000", PEER_E_INVALID_RECORD);
    judge_value(FORGE_CONSTRAINTS, "3003010100", PEER_E_INVALID_RECORD);
    judge_value(FORGE_CONSTRAINTS, "30060101ff020105", PEER_E_INVALID_RECORD);
    struct forge forge;
    forge_from(&forge, &cast.certificates[CAST_MEMBER]);
    forge_extend(&forge, FORGE_CONSTRAINTS, forge_oids[FORGE_CONSTRAINTS], true,
                 "\x30\x03\x01\x01\xFF", 5);
    expect_forged(&forge, PEER_E_INVALID_RECORD);
}

static void test_C16_key_identifiers(void **state)
{
    (void)state;
    for (int i = FORGE_SUBJECT_KEY; i <= FORGE_AUTHORITY_KEY; i++) {
        struct forge forge;
        forge_creator(&forge);
        forge.extensions[i].data[forge.extensions[i].size - 1] ^= 1;
        expect_forged(&forge, PEER_E_INVALID_RECORD);
        judge_value((enum forge_extension)i, "", PEER_E_INVALID_RECORD);
        judge_value((enum forge_extension)i, "0400", PEER_E_INVALID_RECORD);
        judge_value((enum forge_extension)i, "3000", PEER_E_INVALID_RECORD);
    }
}

static void test_C17_key_use(void **state)
{
    (void)state;
    judge_value(FORGE_KEY_USE, "300c060a2b0601040182372c0304", S_OK);
    judge_value(FORGE_KEY_USE, "300c060a2b0601040182372c0305", PEER_E_INVALID_RECORD);
    judge_value(FORGE_KEY_USE, "300a06082b06010505070301", PEER_E_INVALID_RECORD);
    judge_value(FORGE_KEY_USE, "3000", PEER_E_INVALID_RECORD);
}

/* An alternative name's value around a text. */
static void put_alternative(struct buffer *value, const char *oid_hex, const void *text,
                            size_t size)
{
    struct buffer name = BUFFER_NULL;
    assert_ok(buffer_append(&name, text, size));
    forge_wrap(&name, 0x0C);
    forge_wrap(&name, 0xA0);
    forge_set(value, oid_hex);
    forge_wrap(value, 0x06);
    assert_ok(buffer_append(value, name.data, name.size));
    forge_wrap(value, 0xA0);
    forge_wrap(value, 0x30);
    buffer_deinit(&name);
}

static void expect_alternative(enum forge_extension which, const char *oid_hex, const void *text,
                               size_t size, HRESULT want)
{
    struct forge forge;
    struct buffer value = BUFFER_NULL;
    forge_creator(&forge);
    put_alternative(&value, oid_hex, text, size);
    forge_extend(&forge, which, forge_oids[which], false, value.data, value.size);
    buffer_deinit(&value);
    expect_forged(&forge, want);
}

static void expect_alternatives(enum forge_extension which, const char *own, const char *other)
{
    const char *oid = FORGE_OWN_ARC "01";
    char text[128];
    expect_alternative(which, oid, own, strlen(own), S_OK);
    expect_alternative(which, FORGE_OWN_ARC "02", own, strlen(own), PEER_E_INVALID_RECORD);
    expect_alternative(which, oid, other, strlen(other), PEER_E_INVALID_RECORD);
    expect_alternative(which, oid, "0.ann", 5, PEER_E_INVALID_RECORD);
    expect_alternative(which, oid, "ann", 3, PEER_E_INVALID_RECORD);
    expect_alternative(which, oid, "", 0, PEER_E_INVALID_RECORD);
    expect_alternative(which, oid, own, strlen(own) + 1, PEER_E_INVALID_RECORD); /* NUL */
    snprintf(text, sizeof(text), "%s\n", own);
    expect_alternative(which, oid, text, strlen(text), PEER_E_INVALID_RECORD);
    snprintf(text, sizeof(text), "%s\xFF", own);
    expect_alternative(which, oid, text, strlen(text), PEER_E_INVALID_RECORD);
    judge_value(which, "3000", PEER_E_INVALID_RECORD);
    judge_value(which, "3003820161", PEER_E_INVALID_RECORD); /* dNSName */
}

static void test_C18_subject_peer_name(void **state)
{
    (void)state;
    expect_alternatives(FORGE_SUBJECT_NAME, cast.certificates[CAST_CREATOR].peer_name,
                        cast.certificates[CAST_MEMBER].peer_name);
}

static void test_C19_issuer_peer_name(void **state)
{
    (void)state;
    expect_alternatives(FORGE_ISSUER_NAME, cast.certificates[CAST_GROUP].peer_name,
                        cast.certificates[CAST_CREATOR].peer_name);
}

static void expect_group_name(int who, const void *text, size_t size, HRESULT want)
{
    struct forge forge;
    struct buffer value = BUFFER_NULL;
    forge_from(&forge, &cast.certificates[who]);
    assert_ok(buffer_append(&value, text, size));
    forge_wrap(&value, 0x0C);
    forge_extend(&forge, FORGE_GROUP_NAME, forge_oids[FORGE_GROUP_NAME], false, value.data,
                 value.size);
    buffer_deinit(&value);
    expect_forged(&forge, want);
}

static void test_C20_group_peer_name(void **state)
{
    (void)state;
    const char *own = cast.certificates[CAST_GROUP].peer_name;
    const char *other = cast.certificates[CAST_MEMBER].peer_name;
    for (int who = CAST_GROUP; who <= CAST_CREATOR; who++) {
        expect_group_name(who, own, strlen(own), S_OK);
        expect_group_name(who, "0.group", 7, PEER_E_INVALID_RECORD);
        expect_group_name(who, "group", 5, PEER_E_INVALID_RECORD);
        expect_group_name(who, "", 0, PEER_E_INVALID_RECORD);
        expect_group_name(who, own, strlen(own) + 1, PEER_E_INVALID_RECORD);
    }
    expect_group_name(CAST_CREATOR, other, strlen(other), S_OK); /* the link shows it */
    expect_group_name(CAST_GROUP, other, strlen(other), PEER_E_INVALID_RECORD);
}

static void test_C21_kind(void **state)
{
    (void)state;
    static const char *const kinds[] = {"020100", "020102",   "020103", "020104",
                                        "0201ff", "02020001", "0200",   "040101"};
    judge_value(FORGE_KIND, "020101", S_OK);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        judge_value(FORGE_KIND, kinds[i], PEER_E_INVALID_RECORD);
}

static void test_C22_roles(void **state)
{
    (void)state;
#define ADMIN "0410 04387127aa56450a8ce54f565c6790f4"
#define INVITER "0410 4370fd89dc184cfb8dbf9853a8a9f905"
#define MEMBER "0410 f12dc4c708574ca093fcb1bb19a3d8c2"
    judge_value(FORGE_ROLES, "3012" ADMIN, S_OK);
    judge_value(FORGE_ROLES, "3036" ADMIN INVITER MEMBER, S_OK);
    judge_value(FORGE_ROLES, "3024" INVITER MEMBER, S_OK);
    judge_value(FORGE_ROLES, "3012" MEMBER, PEER_E_INVALID_RECORD); /* constraints say CA */
    judge_value(FORGE_ROLES, "3000", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3024" ADMIN ADMIN, PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3024" INVITER ADMIN, PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3036" ADMIN MEMBER INVITER, PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3012 0410 04387127aa56450a8ce54f565c6790f5", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3011 040f 04387127aa56450a8ce54f565c6790", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3014" ADMIN "0500", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "3012" ADMIN "0500", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ROLES, "", PEER_E_INVALID_RECORD);
}

static void test_C23_issuer_is_two_hashes(void **state)
{
    (void)state;
    struct forge forge;
    forge_creator(&forge);
    forge.extensions[FORGE_ISSUER].data[forge.extensions[FORGE_ISSUER].size - 40] ^= 1;
    expect_forged(&forge, S_OK); /* which certificate, the link shows */
    forge_creator(&forge);       /* another key contradicts the identifier and the name */
    forge.extensions[FORGE_ISSUER].data[forge.extensions[FORGE_ISSUER].size - 32] ^= 1;
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    judge_value(FORGE_ISSUER, "", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ISSUER, "3000", PEER_E_INVALID_RECORD);
    judge_value(FORGE_ISSUER, "300404000400", PEER_E_INVALID_RECORD);
}

static void test_C24_deputy_is_true(void **state)
{
    (void)state;
    judge_value(FORGE_DEPUTY, "0101ff", S_OK);
    judge_value(FORGE_DEPUTY, "010100", PEER_E_INVALID_RECORD);
    judge_value(FORGE_DEPUTY, "010101", PEER_E_INVALID_RECORD);
    judge_value(FORGE_DEPUTY, "0500", PEER_E_INVALID_RECORD);
    judge_value(FORGE_DEPUTY, "", PEER_E_INVALID_RECORD);
}

static void test_C25_properties_is_one_hash(void **state)
{
    (void)state;
#define ZEROS "00000000000000000000000000000000000000000000000000000000000000"
    judge_value(FORGE_PROPERTIES, "0420 01" ZEROS, S_OK);
    judge_value(FORGE_PROPERTIES, "0420 00" ZEROS, PEER_E_INVALID_RECORD);
    judge_value(FORGE_PROPERTIES, "041f " ZEROS, PEER_E_INVALID_RECORD);
    judge_value(FORGE_PROPERTIES, "0421 0101" ZEROS, PEER_E_INVALID_RECORD);
    judge_value(FORGE_PROPERTIES, "0420 01" ZEROS "00", PEER_E_INVALID_RECORD);
    judge_value(FORGE_PROPERTIES, "", PEER_E_INVALID_RECORD);
}

static void test_C26_self_signed_by_its_own_key(void **state)
{
    (void)state;
    struct forge forge;
    forge_from(&forge, &cast.certificates[CAST_GROUP]);
    assert_hr(forge_parse(&forge, cast.keys[CAST_CREATOR]), PEER_E_INVALID_RECORD);
    forge_from(&forge, &cast.certificates[CAST_GROUP]);
    forge_name(&forge.issuer, "Other", 5);
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    forge_from(&forge, &cast.certificates[CAST_GROUP]);
    expect_forged(&forge, S_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_C2_only_der_in_values),
        cmocka_unit_test(test_C12_order_once_and_criticality),
        cmocka_unit_test(test_C13_each_kind_has_its_own),
        cmocka_unit_test(test_C14_unknown_extensions),
        cmocka_unit_test(test_C15_constraints_follow_the_role),
        cmocka_unit_test(test_C16_key_identifiers),
        cmocka_unit_test(test_C17_key_use),
        cmocka_unit_test(test_C18_subject_peer_name),
        cmocka_unit_test(test_C19_issuer_peer_name),
        cmocka_unit_test(test_C20_group_peer_name),
        cmocka_unit_test(test_C21_kind),
        cmocka_unit_test(test_C22_roles),
        cmocka_unit_test(test_C23_issuer_is_two_hashes),
        cmocka_unit_test(test_C24_deputy_is_true),
        cmocka_unit_test(test_C25_properties_is_one_hash),
        cmocka_unit_test(test_C26_self_signed_by_its_own_key),
    };
    return cmocka_run_group_tests_name("group-certificate-extensions", tests, cast_setup,
                                       cast_teardown);
}
