/* Does a chain survive PKCS#7 in any order (C40), do OpenSSL's tools and ours read each other's,
 * and is all else refused? */
#include "support/test.h"

#include "unit/group/cast.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void encode(const int *order, uint32_t count, struct buffer *out)
{
    struct bytes ders[32];
    for (uint32_t i = 0; i < count; i++)
        ders[i] = buffer_view(&cast.ders[order[i]]);
    out->size = 0;
    assert_ok(pkcs7_encode(ders, count, out));
}

/* The list that should come out of the whole cast. */
static void expected_list(uint32_t count, struct buffer *list)
{
    struct bytes ders[CAST_COUNT];
    for (uint32_t i = 0; i < count; i++)
        ders[i] = buffer_view(&cast.ders[i]);
    assert_ok(chain_encode(ders, count, list));
}

static void expect_decoded(struct bytes der, uint32_t count)
{
    struct buffer list = BUFFER_NULL, want = BUFFER_NULL;
    expected_list(count, &want);
    assert_ok(pkcs7_decode(der, &list));
    assert_true(bytes_equal(buffer_view(&list), buffer_view(&want)));
    buffer_deinit(&list);
    buffer_deinit(&want);
}

static void expect_refused(struct bytes der)
{
    struct buffer list = BUFFER_NULL;
    assert_hr(pkcs7_decode(der, &list), CRYPT_E_ASN1_ERROR);
    assert_int_equal(list.size, 0);
    buffer_deinit(&list);
}

static void test_C40_any_order_comes_out_root_first(void **state)
{
    (void)state;
    struct buffer der = BUFFER_NULL;
    for (int a = 0; a < 4; a++) {
        for (int b = 0; b < 4; b++) {
            for (int c = 0; c < 4; c++) {
                int d = 6 - a - b - c;
                if (a == b || a == c || b == c)
                    continue;
                encode((int[]){a, b, c, d}, 4, &der);
                expect_decoded(buffer_view(&der), 4);
            }
        }
    }
    encode((int[]){0}, 1, &der);
    expect_decoded(buffer_view(&der), 1);
    buffer_deinit(&der);
}

static void test_C40_what_is_no_line_is_refused(void **state)
{
    (void)state;
    struct buffer der = BUFFER_NULL;
    static const struct {
        uint32_t count;
        int order[5];
    } sets[] = {{1, {1}},       {2, {0, 0}},    {2, {0, 2}},          {3, {1, 2, 3}},
                {3, {0, 1, 3}}, {3, {0, 1, 1}}, {5, {0, 1, 2, 3, 3}}, {5, {0, 1, 2, 3, 0}}};
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        encode(sets[i].order, sets[i].count, &der);
        expect_refused(buffer_view(&der));
    }
    buffer_deinit(&der);
}

static void test_C40_identity_alone(void **state)
{
    (void)state;
    struct signing_key *key = cast_key(80);
    struct certificate_request request = cast_request(key, 0);
    struct buffer der = BUFFER_NULL, wrapped = BUFFER_NULL, list = BUFFER_NULL;
    request.kind = CERTIFICATE_IDENTITY;
    assert_ok(certificate_issue(&request, NULL, key, &der));
    struct bytes both[] = {buffer_view(&cast.ders[0]), buffer_view(&der)};
    assert_ok(pkcs7_encode(&both[1], 1, &wrapped));
    assert_ok(pkcs7_decode(buffer_view(&wrapped), &list));
    assert_int_equal(list.size, 4 + der.size);
    wrapped.size = 0;
    assert_ok(pkcs7_encode(both, 2, &wrapped)); /* two roots */
    expect_refused(buffer_view(&wrapped));
    buffer_deinit(&der);
    buffer_deinit(&wrapped);
    buffer_deinit(&list);
    mem_free((char *)request.peer_name);
    signing_key_free(key);
}

static void test_C40_spoiled_envelopes_are_refused(void **state)
{
    (void)state;
    struct buffer der = BUFFER_NULL;
    encode((int[]){0, 1}, 2, &der);
    for (size_t size = 0; size < der.size; size++) {
        uint8_t *cut = mem_dup(der.data, size);
        expect_refused(bytes_of(cut, size));
        mem_free(cut);
    }
    expect_refused(bytes_of(NULL, 0));
    size_t certificates = cast.ders[0].size + cast.ders[1].size;
    size_t head = der.size - certificates - 2;
    for (size_t i = 0; i < der.size; i++) { /* every byte around the certificates */
        if (i >= head && i < head + certificates)
            continue;
        der.data[i] ^= 1;
        expect_refused(buffer_view(&der));
        der.data[i] ^= 1;
    }
    der.data[head + 40] ^= 1; /* in a certificate */
    expect_refused(buffer_view(&der));
    der.data[head + 40] ^= 1;
    assert_ok(buffer_append(&der, "", 1));
    expect_refused(buffer_view(&der));
    der.size = 0; /* no certificate at all */
    forge_set(&der, "020101 3100 300b06092a864886f70d010701 a000 3100");
    forge_wrap(&der, 0x30);
    forge_wrap(&der, 0xA0);
    struct buffer whole = BUFFER_NULL;
    forge_set(&whole, "06092a864886f70d010702");
    assert_ok(buffer_append(&whole, der.data, der.size));
    forge_wrap(&whole, 0x30);
    expect_refused(buffer_view(&whole));
    buffer_deinit(&whole);
    buffer_deinit(&der);
}

/* Wraps the certificates of a list, however many. */
static void wrap_list(const struct buffer *list, struct buffer *whole)
{
    struct buffer certificates = BUFFER_NULL, data = BUFFER_NULL;
    for (size_t at = 0; at < list->size;) {
        size_t size = (size_t)list->data[at + 2] << 8 | list->data[at + 3];
        assert_ok(buffer_append(&certificates, list->data + at + 4, size));
        at += 4 + size;
    }
    forge_wrap(&certificates, 0xA0);
    forge_set(&data, "020101 3100 300b06092a864886f70d010701");
    assert_ok(buffer_append(&data, certificates.data, certificates.size));
    assert_ok(buffer_append(&data, "\x31\x00", 2));
    forge_wrap(&data, 0x30);
    forge_wrap(&data, 0xA0);
    forge_set(whole, "06092a864886f70d010702");
    assert_ok(buffer_append(whole, data.data, data.size));
    forge_wrap(whole, 0x30);
    buffer_deinit(&certificates);
    buffer_deinit(&data);
}

static void test_C40_at_most_25(void **state)
{
    (void)state;
    struct buffer list = BUFFER_NULL, whole = BUFFER_NULL, got = BUFFER_NULL;
    cast_grow(&cast, 24, &list);
    wrap_list(&list, &whole);
    assert_ok(pkcs7_decode(buffer_view(&whole), &got));
    assert_true(bytes_equal(buffer_view(&got), buffer_view(&list)));
    cast_grow(&cast, 25, &list);
    wrap_list(&list, &whole);
    expect_refused(buffer_view(&whole));
    buffer_deinit(&list);
    buffer_deinit(&whole);
    buffer_deinit(&got);
}

static void test_survives_every_failed_allocation(void **state)
{
    (void)state;
    struct bytes ders[CAST_COUNT];
    for (int i = 0; i < CAST_COUNT; i++)
        ders[i] = buffer_view(&cast.ders[i]);
    uint64_t n = 0;
    for (bool hit = true; hit;) {
        struct buffer der = BUFFER_NULL, list = BUFFER_NULL;
        mem_fail_nth(++n);
        HRESULT hr = pkcs7_encode(ders, CAST_COUNT, &der);
        if (FAILED(hr))
            assert_int_equal(der.size, 0);
        else
            hr = pkcs7_decode(buffer_view(&der), &list);
        hit = mem_fail_hit();
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
        assert_int_equal(list.size > 0, !hit);
        buffer_deinit(&der);
        buffer_deinit(&list);
    }
    mem_fail_nth(0);
    assert_true(n > 6);
}

static void write_file(const char *path, struct bytes data)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data.data, 1, data.size, file), data.size);
    fclose(file);
}

static char *output_of(const char *command, size_t *size)
{
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    char *output = calloc(1, 65536);
    assert_non_null(output);
    *size = fread(output, 1, 65535, pipe);
    assert_int_equal(pclose(pipe), 0);
    return output;
}

static void test_openssl_reads_ours_and_we_read_openssl(void **state)
{
    (void)state;
    char folder[] = "/tmp/peergroup-test-XXXXXX", path[64], command[512];
    struct buffer der = BUFFER_NULL;
    size_t size = 0;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/chain", folder);
    encode((int[]){0, 1, 2, 3}, 4, &der);
    write_file(path, buffer_view(&der));
    snprintf(command, sizeof(command), "openssl pkcs7 -inform DER -print_certs -in %s", path);
    char *text = output_of(command, &size);
    size_t found = 0;
    for (const char *at = text; (at = strstr(at, "BEGIN CERTIFICATE")); at++)
        found++;
    assert_int_equal(found, 4);
    write_file(path, bytes_of(text, size));
    free(text);
    snprintf(command, sizeof(command), "openssl crl2pkcs7 -nocrl -outform DER -certfile %s", path);
    text = output_of(command, &size);
    expect_decoded(bytes_of(text, size), 4);
    free(text);
    unlink(path);
    rmdir(folder);
    buffer_deinit(&der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_C40_any_order_comes_out_root_first),
        cmocka_unit_test(test_C40_what_is_no_line_is_refused),
        cmocka_unit_test(test_C40_identity_alone),
        cmocka_unit_test(test_C40_spoiled_envelopes_are_refused),
        cmocka_unit_test(test_C40_at_most_25),
        cmocka_unit_test(test_survives_every_failed_allocation),
        cmocka_unit_test(test_openssl_reads_ours_and_we_read_openssl),
    };
    return cmocka_run_group_tests_name("group-pkcs7", tests, cast_setup, cast_teardown);
}
