/* Does an identity's XML carry its certificate as documented, come out the same each time, and is
 * everything refused that is not exactly such a text? */
#include "support/home.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"
#include "support/xml_memory.h"

#include "base/text.h"
#include "group/identity.h"
#include "group/identity_xml.h"

static struct identity me;
static char *mine;

static int setup(void **state)
{
    if (home_setup(state) != 0 || FAILED(identity_create("me", "Ann <&>", NULL, &me)))
        return -1;
    return FAILED(identity_xml_make(me.peer_name, &mine)) ? -1 : 0;
}

static int teardown(void **state)
{
    mem_free(mine);
    identity_deinit(&me);
    return home_teardown(state);
}

static HRESULT parse(const char *xml)
{
    struct certificate certificate;
    struct buffer der = BUFFER_NULL;
    HRESULT hr = identity_xml_parse(xml, &certificate, &der);
    if (FAILED(hr)) {
        assert_null(certificate.owned);
        assert_int_equal(der.size, 0);
    }
    certificate_deinit(&certificate);
    buffer_deinit(&der);
    return hr;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct certificate certificate;
    struct buffer der = BUFFER_NULL;
    struct hash hash;
    assert_ok(identity_xml_parse(mine, &certificate, &der));
    assert_int_equal(certificate.kind, CERTIFICATE_IDENTITY);
    assert_string_equal(certificate.peer_name, me.peer_name);
    assert_string_equal(certificate.friendly_name, "Ann <&>");
    assert_memory_equal(certificate.key, me.key, KEY_SIZE);
    assert_true(certificate.not_before < me.created);
    assert_true(certificate.not_after == TICKS_UNLIMITED);
    hash_sha256(der.data, der.size, &hash);
    assert_true(hash_equal(&hash, &certificate.hash));
    certificate_deinit(&certificate);
    buffer_deinit(&der);
}

/* [point 2.16] The root, its version, the child and its type are as documented. */
static void test_form(void **state)
{
    (void)state;
    static const char head[] = "<PEERIDENTITYINFO VERSION=\"1.0\"><IDC dt:dt=\"bin.base64\" "
                               "xmlns:dt=\"urn:schemas-microsoft-com:datatypes\">";
    static const char tail[] = "</IDC></PEERIDENTITYINFO>";
    assert_memory_equal(mine, head, strlen(head));
    assert_string_equal(mine + strlen(mine) - strlen(tail), tail);
    char *again = NULL;
    assert_ok(identity_xml_make(NULL, &again));
    assert_string_equal(again, mine);
    mem_free(again);
}

static void test_follows_the_friendly_name(void **state)
{
    (void)state;
    char *xml = NULL;
    /* What XML could not carry as text is inside the certificate. */
    static const char *const names[] = {"\xE2\x82\xAC uro", "a\nb", "x"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct certificate certificate;
        struct buffer der = BUFFER_NULL;
        assert_ok(identity_set_friendly_name(me.peer_name, names[i]));
        assert_ok(identity_xml_make(me.peer_name, &xml));
        assert_ok(identity_xml_parse(xml, &certificate, &der));
        assert_string_equal(certificate.friendly_name, names[i]);
        certificate_deinit(&certificate);
        buffer_deinit(&der);
        mem_free(xml);
    }
    assert_hr(identity_xml_make("x.y", &xml), PEER_E_NOT_FOUND);
    assert_null(xml);
}

/* [point 2.18] Every change of one byte of the text is refused, or changes nothing that is read. */
static void test_no_changed_text_passes_as_another(void **state)
{
    (void)state;
    size_t size = strlen(mine);
    char *changed = mem_strdup(mine);
    for (size_t i = 0; i < size; i++) {
        struct certificate certificate;
        struct buffer der = BUFFER_NULL;
        changed[i] ^= 1;
        HRESULT hr = identity_xml_parse(changed, &certificate, &der);
        if (SUCCEEDED(hr))
            assert_memory_equal(certificate.key, me.key, KEY_SIZE);
        else
            assert_hr(hr, E_INVALIDARG);
        certificate_deinit(&certificate);
        buffer_deinit(&der);
        changed[i] = mine[i];
    }
    for (size_t i = 0; i < size; i++) {
        changed[i] = '\0';
        assert_hr(parse(changed), E_INVALIDARG);
        changed[i] = mine[i];
    }
    mem_free(changed);
}

/* [point 2.16] [point 2.18] Other elements and attributes, or more of them, are refused. */
static void test_wrong_forms(void **state)
{
    (void)state;
    static const char type[] = "dt:dt='bin.base64' xmlns:dt='urn:schemas-microsoft-com:datatypes'";
    static const struct {
        const char *before, *attributes, *after;
    } forms[] = {
        {"<PEERIDENTITY VERSION='1.0'><IDC ", type, "</IDC></PEERIDENTITY>"},
        {"<PEERIDENTITYINFO><IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='2.0'><IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0' x='y'><IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'>text<IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><GMC ", type, "</GMC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><IDC/><IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><IDC ", type, "</IDC><IDC/></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><IDC ", type, "<x/></IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><IDC ", "dt='bin.base64'", "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0'><IDC ", "dt:dt='bin.base64' xmlns:dt='urn:x'",
         "</IDC></PEERIDENTITYINFO>"},
        {"<PEERIDENTITYINFO VERSION='1.0' xmlns='urn:x'><IDC ", type, "</IDC></PEERIDENTITYINFO>"},
        {"<!DOCTYPE PEERIDENTITYINFO><PEERIDENTITYINFO VERSION='1.0'><IDC ", type,
         "</IDC></PEERIDENTITYINFO>"},
    };
    const char *base64 = strstr(mine, "datatypes\">") + strlen("datatypes\">");
    int length = (int)(strchr(base64, '<') - base64);
    char text[8192];
    snprintf(text, sizeof(text),
             "<?xml version='1.0'?>\n<PEERIDENTITYINFO VERSION='1.0'>\n <IDC %s>\n%.*s\n</IDC>\n"
             "</PEERIDENTITYINFO>\n",
             type, length, base64);
    assert_ok(parse(text));
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        snprintf(text, sizeof(text), "%s%s>%.*s%s", forms[i].before, forms[i].attributes, length,
                 base64, forms[i].after);
        assert_hr(parse(text), E_INVALIDARG);
    }
    assert_hr(parse(""), E_INVALIDARG);
    assert_hr(parse("<IDC"), E_INVALIDARG);
}

/* Puts bytes where the certificate belongs. */
static HRESULT parse_with(struct bytes content)
{
    struct buffer text = BUFFER_NULL;
    assert_ok(buffer_append_text(&text, "<PEERIDENTITYINFO VERSION='1.0'><IDC dt:dt='bin.base64' "
                                        "xmlns:dt='urn:schemas-microsoft-com:datatypes'>"));
    assert_ok(text_base64_encode(content, &text));
    assert_ok(buffer_append_text(&text, "</IDC></PEERIDENTITYINFO>"));
    assert_ok(buffer_terminate(&text));
    HRESULT hr = parse((const char *)text.data);
    buffer_deinit(&text);
    return hr;
}

/* [point 2.17] PKCS#7 with one identity certificate, and nothing else. */
static void test_wrong_contents(void **state)
{
    (void)state;
    struct certificate certificate;
    struct buffer der = BUFFER_NULL, group = BUFFER_NULL, pkcs7 = BUFFER_NULL;
    struct signing_key *key = NULL;
    assert_ok(identity_xml_parse(mine, &certificate, &der));
    certificate_deinit(&certificate);
    assert_hr(parse_with(bytes_of("", 0)), E_INVALIDARG);
    assert_hr(parse_with(bytes_of("junk", 4)), E_INVALIDARG);
    assert_hr(parse_with(buffer_view(&der)), E_INVALIDARG); /* not in PKCS#7 */

    struct bytes twice[2] = {buffer_view(&der), buffer_view(&der)};
    assert_ok(pkcs7_encode(twice, 1, &pkcs7));
    assert_ok(parse_with(buffer_view(&pkcs7)));
    pkcs7.size = 0;
    assert_ok(pkcs7_encode(twice, 2, &pkcs7));
    assert_hr(parse_with(buffer_view(&pkcs7)), E_INVALIDARG);

    /* A certificate of another kind. */
    struct certificate_request request = {.kind = CERTIFICATE_GROUP,
                                          .peer_name = me.peer_name,
                                          .not_before = TICKS_UNIX_EPOCH,
                                          .not_after = TICKS_UNLIMITED};
    memcpy(request.key, me.key, KEY_SIZE);
    assert_ok(identity_key(me.peer_name, &key));
    assert_ok(certificate_issue(&request, NULL, key, &group));
    struct bytes view = buffer_view(&group);
    pkcs7.size = 0;
    assert_ok(pkcs7_encode(&view, 1, &pkcs7));
    assert_hr(parse_with(buffer_view(&pkcs7)), E_INVALIDARG);
    signing_key_free(key);
    buffer_deinit(&der);
    buffer_deinit(&group);
    buffer_deinit(&pkcs7);
}

static HRESULT make_and_parse(void)
{
    char *xml = NULL;
    HRESULT hr = identity_xml_make(NULL, &xml);
    assert_true(SUCCEEDED(hr) == (xml != NULL));
    if (SUCCEEDED(hr))
        hr = parse(xml);
    mem_free(xml);
    return hr;
}

static void test_survives_want_of_memory(void **state)
{
    (void)state;
    assert_true(sweep(make_and_parse, NULL) > 20);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_form),
        TEST(test_follows_the_friendly_name),
        TEST(test_no_changed_text_passes_as_another),
        TEST(test_wrong_forms),
        TEST(test_wrong_contents),
        TEST(test_survives_want_of_memory),
    };
    xml_memory_hook();
    return foreign_memory_setup() != 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
