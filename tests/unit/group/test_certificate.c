/* Is one certificate written as docs/protocol.md says, read back as what it says, and refused for
 * each rule (C1 to C11, C39) that it breaks? Extensions: test_certificate_extensions.c. */
#include "support/test.h"

#include "unit/group/cast.h"

#include "group/peer_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void test_issued_bytes_are_those_of_a_second_writer(void **state)
{
    (void)state;
    for (int i = 0; i < CAST_COUNT; i++) {
        struct forge forge;
        struct buffer der = BUFFER_NULL;
        forge_from(&forge, &cast.certificates[i]);
        forge_finish(&forge, cast.keys[i > 0 ? i - 1 : 0], &der);
        assert_true(bytes_equal(buffer_view(&der), buffer_view(&cast.ders[i])));
        buffer_deinit(&der);
        forge_deinit(&forge);
    }
}

static void test_parse_gives_what_was_asked_for(void **state)
{
    (void)state;
    struct signing_key *key = cast_key(50);
    struct certificate_request request = cast_request(key, ROLE_ADMIN | ROLE_MEMBER);
    struct hash properties = {.bytes = {1, 2, 3}}, hash;
    request.properties = &properties;
    request.deputy = true;
    request.not_after = request.not_before + 12345 * TICKS_PER_SECOND + 9;
    struct buffer der = BUFFER_NULL;
    struct certificate got;
    const struct certificate *issuer = &cast.certificates[CAST_GROUP];
    assert_ok(certificate_issue(&request, issuer, cast.keys[CAST_GROUP], &der));
    assert_ok(certificate_parse(buffer_view(&der), &got));
    hash_sha256(der.data, der.size, &hash);
    assert_true(hash_equal(&got.hash, &hash));
    assert_true(hash_equal(&got.issuer, &issuer->hash));
    assert_true(hash_equal(&got.issuer_key_hash, &issuer->key_hash));
    assert_true(hash_equal(&got.properties, &properties));
    key_hash(request.key, &hash);
    assert_true(hash_equal(&got.key_hash, &hash));
    assert_memory_equal(got.key, request.key, KEY_SIZE);
    assert_int_equal(got.kind, CERTIFICATE_MEMBER);
    assert_int_equal(got.roles, ROLE_ADMIN | ROLE_MEMBER);
    assert_true(got.deputy);
    assert_true(got.not_before == CAST_FROM);
    assert_true(got.not_after == CAST_FROM + 12345 * TICKS_PER_SECOND);
    assert_string_equal(got.peer_name, request.peer_name);
    assert_string_equal(got.friendly_name, "Ann");
    assert_string_equal(got.issuer_name, issuer->peer_name);
    assert_string_equal(got.issuer_friendly_name, "Choir");
    assert_string_equal(got.group_name, issuer->peer_name);
    certificate_deinit(&got);
    buffer_deinit(&der);
    mem_free((char *)request.peer_name);
    signing_key_free(key);
}

static void test_identity_and_group_say_who_they_are(void **state)
{
    (void)state;
    struct signing_key *key = cast_key(51);
    struct certificate_request request = cast_request(key, 0);
    request.kind = CERTIFICATE_IDENTITY;
    request.friendly_name = "";
    struct buffer der = BUFFER_NULL;
    struct certificate got;
    assert_ok(certificate_issue(&request, NULL, key, &der));
    assert_ok(certificate_parse(buffer_view(&der), &got));
    assert_int_equal(got.kind, CERTIFICATE_IDENTITY);
    assert_string_equal(got.friendly_name, request.peer_name);
    assert_string_equal(got.issuer_friendly_name, request.peer_name);
    assert_string_equal(got.issuer_name, "");
    assert_string_equal(got.group_name, "");
    assert_true(hash_equal(&got.issuer, &got.hash));
    assert_true(hash_equal(&got.issuer_key_hash, &got.key_hash));
    certificate_deinit(&got);
    buffer_deinit(&der);
    mem_free((char *)request.peer_name);
    signing_key_free(key);
    const struct certificate *group = &cast.certificates[CAST_GROUP];
    assert_int_equal(group->kind, CERTIFICATE_GROUP);
    assert_string_equal(group->group_name, group->peer_name);
    assert_int_equal(group->roles, 0);
}

static void test_same_request_gives_same_bytes(void **state)
{
    (void)state;
    struct certificate_request request = cast_request(cast.keys[CAST_CREATOR], ROLE_ADMIN);
    struct buffer der = BUFFER_NULL;
    assert_ok(
        certificate_issue(&request, &cast.certificates[CAST_GROUP], cast.keys[CAST_GROUP], &der));
    assert_true(bytes_equal(buffer_view(&der), buffer_view(&cast.ders[CAST_CREATOR])));
    buffer_deinit(&der);
    mem_free((char *)request.peer_name);
}

/* The longest texts there are: 255 and 149 characters of three bytes. */
static void test_longest_names_fit(void **state)
{
    (void)state;
    char friendly[800] = "", classifier[500] = "";
    for (int i = 0; i < 255; i++)
        strcat(friendly, "\xE2\x82\xAC");
    for (int i = 0; i < 149; i++)
        strcat(classifier, "\xE2\x82\xAC");
    struct buffer group_der = BUFFER_NULL, der = BUFFER_NULL;
    struct certificate group, got;
    struct signing_key *keys[] = {cast_key(60), cast_key(61), cast_key(62)};
    struct certificate_request requests[3];
    struct hash hash;
    for (int i = 0; i < 3; i++) {
        char *name;
        requests[i] = cast_request(keys[i], ROLE_ADMIN | ROLE_INVITING_MEMBER | ROLE_MEMBER);
        mem_free((char *)requests[i].peer_name);
        key_hash(requests[i].key, &hash);
        assert_ok(peer_name_make(&hash, classifier, &name));
        requests[i].peer_name = name;
        requests[i].friendly_name = friendly;
        requests[i].not_after = TICKS_UNLIMITED;
    }
    requests[0].kind = CERTIFICATE_GROUP;
    requests[0].roles = 0;
    requests[1].deputy = true;
    requests[1].properties = &hash;
    assert_ok(certificate_issue(&requests[0], NULL, keys[0], &group_der));
    assert_ok(certificate_parse(buffer_view(&group_der), &group));
    assert_ok(certificate_issue(&requests[1], &group, keys[0], &der));
    assert_true(der.size <= LIMIT_CERTIFICATE_SIZE);
    assert_ok(certificate_parse(buffer_view(&der), &got));
    assert_string_equal(got.friendly_name, friendly);
    assert_true(got.not_after == TICKS_UNLIMITED);
    certificate_deinit(&got);
    certificate_deinit(&group);
    buffer_deinit(&group_der);
    buffer_deinit(&der);
    for (int i = 0; i < 3; i++) {
        mem_free((char *)requests[i].peer_name);
        signing_key_free(keys[i]);
    }
}

static void test_issue_refuses_what_would_be_refused(void **state)
{
    (void)state;
    struct signing_key *key = cast_key(52);
    char long_name[300];
    memset(long_name, 'x', 256);
    long_name[256] = '\0';
    struct hash none = HASH_NULL;
    const struct certificate_request good = cast_request(key, ROLE_MEMBER);
    struct certificate_request bad[14];
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        bad[i] = good;
    bad[0].friendly_name = long_name;
    bad[1].friendly_name = "\xFF";
    bad[2].peer_name = NULL;
    bad[3].peer_name = "ann";
    bad[4].peer_name = cast.certificates[CAST_MEMBER].peer_name;
    bad[5].not_before = 0;
    bad[6].not_after = TICKS_UNLIMITED + TICKS_PER_SECOND;
    bad[7].not_after = bad[7].not_before - TICKS_PER_SECOND;
    bad[8].roles = 0;
    bad[9].roles = 8;
    bad[10].kind = (enum certificate_kind)4;
    bad[11].not_after += TICKS_PER_SECOND; /* beyond the issuer's */
    bad[12].kind = CERTIFICATE_GROUP;      /* has no issuer */
    memset(bad[13].key, 0, KEY_SIZE);
    struct buffer der = BUFFER_NULL;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_hr(
            certificate_issue(&bad[i], &cast.certificates[CAST_GROUP], cast.keys[CAST_GROUP], &der),
            E_INVALIDARG);
        assert_int_equal(der.size, 0);
    }
    /* No issuer for a member; not the issuer's key; an issuer who may not; a deputy's deputy. */
    struct certificate_request deputy = good, self = good;
    deputy.deputy = true;
    self.kind = CERTIFICATE_IDENTITY;
    assert_hr(certificate_issue(&good, NULL, key, &der), E_INVALIDARG);
    assert_hr(certificate_issue(&good, &cast.certificates[CAST_GROUP], key, &der), E_INVALIDARG);
    assert_hr(
        certificate_issue(&good, &cast.certificates[CAST_MEMBER], cast.keys[CAST_MEMBER], &der),
        E_INVALIDARG);
    assert_hr(
        certificate_issue(&deputy, &cast.certificates[CAST_CREATOR], cast.keys[CAST_CREATOR], &der),
        E_INVALIDARG);
    assert_hr(certificate_issue(&self, NULL, key, &der), E_INVALIDARG); /* has roles */
    self.roles = 0;
    assert_hr(certificate_issue(&self, NULL, cast.keys[0], &der), E_INVALIDARG); /* other key */
    self.properties = &none;
    assert_hr(certificate_issue(&self, NULL, key, &der), E_INVALIDARG);
    assert_int_equal(der.size, 0);
    mem_free((char *)good.peer_name);
    signing_key_free(key);
}

static void test_C1_size_and_what_follows(void **state)
{
    (void)state;
    struct certificate certificate;
    struct bytes good = buffer_view(&cast.ders[CAST_CREATOR]);
    assert_hr(certificate_parse(bytes_of(NULL, 0), &certificate), PEER_E_INVALID_RECORD);
    for (size_t size = 0; size < good.size; size++) {
        uint8_t *cut = mem_dup(good.data, size); /* so that reading beyond is seen */
        assert_hr(certificate_parse(bytes_of(cut, size), &certificate), PEER_E_INVALID_RECORD);
        mem_free(cut);
    }
    struct buffer longer = BUFFER_NULL;
    assert_ok(buffer_append(&longer, good.data, good.size));
    assert_ok(buffer_append(&longer, "", 1));
    assert_hr(certificate_parse(buffer_view(&longer), &certificate), PEER_E_INVALID_RECORD);
    buffer_deinit(&longer);
    /* An unknown extension fills it up to the limit, then one byte more. */
    for (size_t size = LIMIT_CERTIFICATE_SIZE; size <= LIMIT_CERTIFICATE_SIZE + 1; size++) {
        struct forge forge;
        static uint8_t filling[LIMIT_CERTIFICATE_SIZE];
        forge_creator(&forge);
        forge_extend(&forge, 20, "2a03", false, filling, 3000);
        forge_finish(&forge, cast.keys[CAST_GROUP], &longer);
        forge_extend(&forge, 20, "2a03", false, filling, 3000 + size - longer.size);
        forge_finish(&forge, cast.keys[CAST_GROUP], &longer);
        assert_int_equal(longer.size, size);
        buffer_deinit(&longer);
        expect_forged(&forge, size == LIMIT_CERTIFICATE_SIZE ? S_OK : PEER_E_INVALID_RECORD);
    }
}

static void test_C2_only_der(void **state)
{
    (void)state;
    struct certificate certificate;
    struct bytes good = buffer_view(&cast.ders[CAST_CREATOR]);
    assert_int_equal(good.data[1], 0x82);
    struct buffer der = BUFFER_NULL;
    /* Indefinite length; a length with a zero in front. */
    assert_ok(buffer_append(&der, "\x30\x80", 2));
    assert_ok(buffer_append(&der, good.data + 4, good.size - 4));
    assert_ok(buffer_append(&der, "\0", 2));
    assert_hr(certificate_parse(buffer_view(&der), &certificate), PEER_E_INVALID_RECORD);
    der.size = 0;
    assert_ok(buffer_append(&der, "\x30\x83\x00", 3));
    assert_ok(buffer_append(&der, good.data + 2, good.size - 2));
    assert_hr(certificate_parse(buffer_view(&der), &certificate), PEER_E_INVALID_RECORD);
    buffer_deinit(&der);
    struct forge forge;
    forge_creator(&forge);
    forge_set(&forge.version, "a00402810102"); /* 81 where one byte does */
    expect_forged(&forge, PEER_E_INVALID_RECORD);
    forge_creator(&forge);
    forge_set(&forge.version, "a0040202 0002"); /* an INTEGER with a zero in front */
    expect_forged(&forge, PEER_E_INVALID_RECORD);
}

static void test_C3_version(void **state)
{
    (void)state;
    static const char *const versions[] = {"", "a003020101", "a003020103", "a003020100"};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct forge forge;
        forge_creator(&forge);
        forge_set(&forge.version, versions[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

static void test_C4_serial_is_derived(void **state)
{
    (void)state;
    static const char *const serials[] = {"020101",
                                          "0210 40000000000000000000000000000000",
                                          "0211 4000000000000000000000000000000000",
                                          "020f 400000000000000000000000000000",
                                          "0200",
                                          "0410 40000000000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_SIZE(serials); i++) {
        struct forge forge;
        forge_creator(&forge);
        forge.keep_serial = true;
        forge_set(&forge.serial, serials[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

static void test_C5_algorithm_in_all_places(void **state)
{
    (void)state;
    static const char *const algorithms[] = {"3007 06032b65700500", "300506032b6571",
                                             "300d06092a864886f70d01010b0500", "3000", ""};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        struct forge forge;
        forge_creator(&forge);
        forge_set(&forge.algorithm, algorithms[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
        forge_creator(&forge);
        forge_set(&forge.outer_algorithm, algorithms[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
    struct forge forge;
    forge_creator(&forge);
    forge.key_info.data[8] = 0x71;
    expect_forged(&forge, PEER_E_INVALID_RECORD);
}

/* Puts a common name in both places of a group's certificate, where both are free. */
static void expect_name(const void *text, size_t size, HRESULT want)
{
    struct forge forge;
    forge_from(&forge, &cast.certificates[CAST_GROUP]);
    forge_name(&forge.issuer, text, size);
    forge_name(&forge.subject, text, size);
    expect_forged(&forge, want);
    forge_from(&forge, &cast.certificates[CAST_CREATOR]);
    forge_name(&forge.subject, text, size);
    expect_forged(&forge, want);
    forge_from(&forge, &cast.certificates[CAST_CREATOR]);
    forge_name(&forge.issuer, text, size);
    expect_forged(&forge, want);
}

static void test_C6_one_common_name_of_bounded_length(void **state)
{
    (void)state;
    char text[1100] = "";
    for (int i = 0; i < 255; i++)
        strcat(text, "\xE2\x82\xAC");
    expect_name(text, strlen(text), S_OK);
    strcat(text, "x");
    expect_name(text, strlen(text), PEER_E_INVALID_RECORD);
    text[0] = '\0';
    for (int i = 0; i < 127; i++)
        strcat(text, "\xF0\x9F\x99\x82");
    strcat(text, "x");
    expect_name(text, strlen(text), S_OK);
    strcat(text, "x");
    expect_name(text, strlen(text), PEER_E_INVALID_RECORD);
    expect_name("", 0, PEER_E_INVALID_RECORD);
    expect_name("a\0b", 3, PEER_E_INVALID_RECORD);
    expect_name("\xC0\x80", 2, PEER_E_INVALID_RECORD);
    expect_name("\xED\xA0\x80", 3, PEER_E_INVALID_RECORD);
    static const char *const names[] = {
        "3000",                              /* none */
        "300e310c300a06035504031303416e6e",  /* PrintableString, bad length */
        "300e310c300a0603550403 1303416e6e", /* PrintableString */
        "300e310c300a060355040a 0c03416e6e", /* organisation */
        "301a 310c300a06035504030c03416e6e 310a300806035504030c0141", /* two */
        "3018 3116 300a06035504030c03416e6e 300806035504030c0141",    /* two in one set */
    };
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct forge forge;
        forge_creator(&forge);
        forge_set(&forge.subject, names[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
        forge_creator(&forge);
        forge_set(&forge.issuer, names[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

/* A date is its tag and text; both dates of a certificate are given. */
static HRESULT parse_dates(uint8_t from_tag, const char *from, uint8_t to_tag, const char *to)
{
    struct forge forge;
    struct buffer date = BUFFER_NULL;
    forge_creator(&forge);
    forge.dates.size = 0;
    assert_ok(buffer_append_text(&forge.dates, from));
    forge_wrap(&forge.dates, from_tag);
    assert_ok(buffer_append_text(&date, to));
    forge_wrap(&date, to_tag);
    assert_ok(buffer_append(&forge.dates, date.data, date.size));
    buffer_deinit(&date);
    forge_wrap(&forge.dates, 0x30);
    return forge_parse(&forge, cast.keys[CAST_GROUP]);
}

static void test_C7_dates_in_their_one_form(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        const char *text;
        HRESULT want;
    } dates[] = {
        {0x17, "500101000000Z", S_OK},
        {0x17, "491231235959Z", S_OK},
        {0x17, "240229120000Z", S_OK},
        {0x18, "20500101000000Z", S_OK},
        {0x18, "24000229000000Z", S_OK},
        {0x18, "99991231235959Z", S_OK},
        {0x18, "20491231235959Z", PEER_E_INVALID_RECORD}, /* belongs into UTCTime */
        {0x17, "20491231235959Z", PEER_E_INVALID_RECORD},
        {0x18, "491231235959Z", PEER_E_INVALID_RECORD},
        {0x17, "4912312359Z", PEER_E_INVALID_RECORD},
        {0x17, "491231235959+0000", PEER_E_INVALID_RECORD},
        {0x17, "491231235959z", PEER_E_INVALID_RECORD},
        {0x18, "20501231235959.5Z", PEER_E_INVALID_RECORD},
        {0x17, "491301000000Z", PEER_E_INVALID_RECORD},
        {0x17, "490001000000Z", PEER_E_INVALID_RECORD},
        {0x17, "490100000000Z", PEER_E_INVALID_RECORD},
        {0x17, "490132000000Z", PEER_E_INVALID_RECORD},
        {0x17, "490229000000Z", PEER_E_INVALID_RECORD},
        {0x18, "21000229000000Z", PEER_E_INVALID_RECORD},
        {0x17, "490101240000Z", PEER_E_INVALID_RECORD},
        {0x17, "490101006000Z", PEER_E_INVALID_RECORD},
        {0x17, "490101000060Z", PEER_E_INVALID_RECORD},
        {0x17, "4901010000-1Z", PEER_E_INVALID_RECORD},
        {0x17, "a90101000000Z", PEER_E_INVALID_RECORD},
        {0x18, "2a500101000000Z", PEER_E_INVALID_RECORD},
        {0x18, "a0500101000000Z", PEER_E_INVALID_RECORD},
        {0x0C, "491231235959Z", PEER_E_INVALID_RECORD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
        print_message("# %s\n", dates[i].text);
        assert_hr(parse_dates(0x17, "500101000000Z", dates[i].tag, dates[i].text), dates[i].want);
    }
}

/* The second writer takes its dates from the C library's calendar. */
static void test_C7_dates_agree_with_another_calendar(void **state)
{
    (void)state;
    uint64_t ticks = 110133216000000000ull; /* 1950 */
    for (; ticks <= TICKS_UNLIMITED;
         ticks += 17ull * 365 * 86400 * TICKS_PER_SECOND + 86461 * TICKS_PER_SECOND) {
        struct signing_key *key = cast.keys[CAST_GROUP];
        struct certificate_request request = cast_request(key, 0);
        request.kind = CERTIFICATE_GROUP;
        request.not_before = ticks;
        request.not_after = TICKS_UNLIMITED;
        struct buffer der = BUFFER_NULL, second = BUFFER_NULL;
        struct certificate got;
        struct forge forge;
        assert_ok(certificate_issue(&request, NULL, key, &der));
        assert_ok(certificate_parse(buffer_view(&der), &got));
        assert_true(got.not_before == ticks && got.not_after == TICKS_UNLIMITED);
        forge_from(&forge, &got);
        forge_finish(&forge, key, &second);
        assert_true(bytes_equal(buffer_view(&der), buffer_view(&second)));
        forge_deinit(&forge);
        certificate_deinit(&got);
        buffer_deinit(&der);
        buffer_deinit(&second);
        mem_free((char *)request.peer_name);
    }
}

static void test_C8_dates_in_order(void **state)
{
    (void)state;
    assert_hr(parse_dates(0x17, "490101000000Z", 0x17, "490101000000Z"), S_OK);
    assert_hr(parse_dates(0x17, "490101000001Z", 0x17, "490101000000Z"), PEER_E_INVALID_RECORD);
}

/* A certificate of an identity that names a bad key consistently. */
static void test_C9_key_is_good(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "b502ff3d92e31d8190b4aa4ea0414005167fad089c4de9dac8a2fc850fed4f58",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct certificate bad = cast.certificates[CAST_CREATOR];
        struct buffer key = BUFFER_NULL;
        struct forge forge;
        char *name;
        forge_set(&key, keys[i]);
        memcpy(bad.key, key.data, KEY_SIZE);
        key_hash(bad.key, &bad.key_hash);
        assert_ok(peer_name_make(&bad.key_hash, "ann", &name));
        bad.peer_name = name;
        forge_from(&forge, &bad);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
        mem_free(name);
        buffer_deinit(&key);
    }
}

static void test_C10_signature_has_its_form(void **state)
{
    (void)state;
    static const char *const heads[] = {"034101", "034000", "034200"};
    for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
        struct forge forge;
        struct buffer der = BUFFER_NULL;
        forge_creator(&forge);
        forge_finish(&forge, cast.keys[CAST_GROUP], &der);
        forge.keep_signature = true;
        size_t size = i == 0 ? 64 : i == 1 ? 63 : 65;
        forge_set(&forge.signature_bits, heads[i]);
        assert_ok(buffer_append(&forge.signature_bits, der.data, size));
        buffer_deinit(&der);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

static void test_C11_no_other_field(void **state)
{
    (void)state;
    static const char *const fields[] = {"810100", "820100", "0500", "a3023000"};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        struct forge forge;
        forge_creator(&forge);
        forge_set(&forge.before_extensions, fields[i]);
        expect_forged(&forge, PEER_E_INVALID_RECORD);
    }
}

static void test_C39_tls_certificate_is_fixed(void **state)
{
    (void)state;
    struct buffer der = BUFFER_NULL, again = BUFFER_NULL;
    uint8_t key[KEY_SIZE], public_key[KEY_SIZE], zeros[KEY_SIZE] = {0};
    signing_key_public(cast.keys[0], public_key);
    assert_ok(certificate_tls(cast.keys[0], &der));
    assert_ok(certificate_tls(cast.keys[0], &again));
    assert_true(bytes_equal(buffer_view(&der), buffer_view(&again)));
    assert_ok(certificate_tls_check(buffer_view(&der), key));
    assert_memory_equal(key, public_key, KEY_SIZE);
    for (size_t i = 0; i < der.size; i++) { /* no byte may change */
        der.data[i] ^= 1;
        assert_hr(certificate_tls_check(buffer_view(&der), key),
                  PEER_E_CONNECTION_NOT_AUTHENTICATED);
        assert_memory_equal(key, zeros, KEY_SIZE);
        der.data[i] ^= 1;
    }
    assert_hr(certificate_tls_check(bytes_of(der.data, der.size - 1), key),
              PEER_E_CONNECTION_NOT_AUTHENTICATED);
    assert_hr(certificate_tls_check(bytes_of(NULL, 0), key), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    assert_ok(buffer_append(&der, "", 1));
    assert_hr(certificate_tls_check(buffer_view(&der), key), PEER_E_CONNECTION_NOT_AUTHENTICATED);
    struct certificate certificate; /* and it is none of a group */
    assert_hr(certificate_parse(buffer_view(&again), &certificate), PEER_E_INVALID_RECORD);
    mem_fail_nth(1);
    struct buffer none = BUFFER_NULL;
    assert_hr(certificate_tls(cast.keys[0], &none), E_OUTOFMEMORY);
    mem_fail_nth(0);
    buffer_deinit(&der);
    buffer_deinit(&again);
}

static void test_no_flipped_byte_passes_unnoticed(void **state)
{
    (void)state;
    struct buffer *der = &cast.ders[CAST_GROUP];
    for (size_t i = 0; i < der->size; i++) {
        struct certificate certificate;
        der->data[i] ^= 0x10;
        assert_hr(certificate_parse(buffer_view(der), &certificate), PEER_E_INVALID_RECORD);
        der->data[i] ^= 0x10;
    }
}

static void test_parse_and_issue_survive_every_failed_allocation(void **state)
{
    (void)state;
    struct certificate_request request = cast_request(cast.keys[CAST_CREATOR], ROLE_ADMIN);
    uint64_t n = 0;
    for (bool hit = true; hit;) {
        struct buffer der = BUFFER_NULL;
        struct certificate certificate = {.owned = NULL};
        mem_fail_nth(++n);
        HRESULT hr = certificate_issue(&request, &cast.certificates[CAST_GROUP],
                                       cast.keys[CAST_GROUP], &der);
        if (FAILED(hr))
            assert_int_equal(der.size, 0);
        else
            hr = certificate_parse(buffer_view(&der), &certificate);
        hit = mem_fail_hit();
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_int_equal(certificate.owned == NULL, hit);
        certificate_deinit(&certificate);
        buffer_deinit(&der);
    }
    mem_fail_nth(0);
    assert_true(n > 3);
    mem_free((char *)request.peer_name);
}

/* Runs a command that reads the bytes from a file; returns its output (free). */
static char *run_on(const char *command, struct bytes data)
{
    char path[] = "/tmp/peergroup-test-XXXXXX", line[256];
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, data.data, data.size), (ssize_t)data.size);
    close(file);
    snprintf(line, sizeof(line), "%s %s 2>&1", command, path);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    char *output = calloc(1, 65536);
    assert_non_null(output);
    size_t size = fread(output, 1, 65535, pipe);
    output[size] = '\0';
    int status = pclose(pipe);
    unlink(path);
    if (status != 0)
        print_error("%s: %s\n", command, output);
    assert_int_equal(status, 0);
    return output;
}

static void test_openssl_reads_them(void **state)
{
    (void)state;
    const char *command = "openssl x509 -inform DER -text -noout -in";
    for (int i = 0; i < CAST_COUNT; i++) {
        char *text = run_on(command, buffer_view(&cast.ders[i]));
        assert_non_null(strstr(text, "Signature Algorithm: ED25519"));
        assert_non_null(
            strstr(text, i == CAST_GROUP ? "Subject: CN = Choir" : "Subject: CN = Ann"));
        assert_non_null(strstr(text, i == CAST_MEMBER ? "CA:FALSE" : "CA:TRUE"));
        assert_non_null(strstr(text, cast.certificates[i].peer_name));
        assert_non_null(strstr(text, "1.3.6.1.4.1.311.44.0.1"));
        free(text);
    }
    struct buffer der = BUFFER_NULL;
    assert_ok(certificate_tls(cast.keys[0], &der));
    char *text = run_on(command, buffer_view(&der));
    assert_non_null(strstr(text, "Not After : Dec 31 23:59:59 9999 GMT"));
    free(text);
    buffer_deinit(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_issued_bytes_are_those_of_a_second_writer),
        cmocka_unit_test(test_parse_gives_what_was_asked_for),
        cmocka_unit_test(test_identity_and_group_say_who_they_are),
        cmocka_unit_test(test_same_request_gives_same_bytes),
        cmocka_unit_test(test_longest_names_fit),
        cmocka_unit_test(test_issue_refuses_what_would_be_refused),
        cmocka_unit_test(test_C1_size_and_what_follows),
        cmocka_unit_test(test_C2_only_der),
        cmocka_unit_test(test_C3_version),
        cmocka_unit_test(test_C4_serial_is_derived),
        cmocka_unit_test(test_C5_algorithm_in_all_places),
        cmocka_unit_test(test_C6_one_common_name_of_bounded_length),
        cmocka_unit_test(test_C7_dates_in_their_one_form),
        cmocka_unit_test(test_C7_dates_agree_with_another_calendar),
        cmocka_unit_test(test_C8_dates_in_order),
        cmocka_unit_test(test_C9_key_is_good),
        cmocka_unit_test(test_C10_signature_has_its_form),
        cmocka_unit_test(test_C11_no_other_field),
        cmocka_unit_test(test_C39_tls_certificate_is_fixed),
        cmocka_unit_test(test_no_flipped_byte_passes_unnoticed),
        cmocka_unit_test(test_parse_and_issue_survive_every_failed_allocation),
        cmocka_unit_test(test_openssl_reads_them),
    };
    return cmocka_run_group_tests_name("group-certificate", tests, cast_setup, cast_teardown);
}
