/* Do PeerIdentityExport and PeerIdentityImport carry an identity from one data folder to another,
 * and refuse everything that was altered? (semantics 2.21 to 2.25) */
#include "contract.h"
#include "support/home.h"
#include "support/wide.h"

#include "base/limits.h"
#include "base/text.h"
#include "group/identity.h"
#include "group/identity_xml.h"
#include "group/pfx.h"

#include <openssl/evp.h>
#include <openssl/pkcs12.h>

static const WCHAR nobody[] = u"0123456789abcdef0123456789abcdef01234567.nobody";
static const WCHAR lone_surrogate[] = {u'a', 0xD800, u'b', 0};
static const WCHAR password[] = u"p\u00E4ss word \u20AC";

static char home_a[128], home_b[160];

/* Two data folders: the machine of the export, and the one of the import. */
static int setup(void **state)
{
    if (home_setup(state) != 0)
        return -1;
    strcpy(home_a, test_home);
    snprintf(home_b, sizeof(home_b), "%s/other", home_a);
    return mkdir(home_b, 0700);
}

static void use(const char *home)
{
    assert_int_equal(setenv("PEERGROUP_HOME", home, 1), 0);
}

static int teardown(void **state)
{
    use(home_a);
    return home_teardown(state);
}

static PWSTR create(PCWSTR classifier, PCWSTR friendly_name)
{
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(classifier, friendly_name, 0, &name));
    return name;
}

static PWSTR export_of(PCWSTR identity)
{
    PWSTR xml = NULL;
    assert_ok(PeerIdentityExport(identity, password, &xml));
    return xml;
}

static char *narrow(PCWSTR text)
{
    char *result = NULL;
    assert_ok(text_from_utf16(text, wide_length(text), &result));
    return result;
}

/* The same export at next to no cost of a guess, for tests that open many; free with free. */
static __attribute__((noinline)) char *cheap_export(PCWSTR identity, const char *secret)
{
    struct identity found;
    struct signing_key *key = NULL;
    struct buffer der = BUFFER_NULL, pfx = BUFFER_NULL, base64 = BUFFER_NULL;
    char *name = narrow(identity), *xml = NULL;
    assert_ok(identity_find(name, &found));
    assert_ok(identity_key(name, &key));
    assert_ok(identity_certificate(&found, key, &der));
    assert_ok(pfx_write(key, buffer_view(&der), found.friendly_name, secret, 2, &pfx));
    assert_ok(text_base64_encode(buffer_view(&pfx), &base64));
    assert_true(asprintf(&xml,
                         "<PEERIDENTITYEXPORT VERSION=\"1.0\"><PEERNAME>%s</PEERNAME>"
                         "<DATA xmlns:dt=\"urn:schemas-microsoft-com:datatypes\" "
                         "dt:dt=\"bin.base64\">%.*s</DATA></PEERIDENTITYEXPORT>",
                         name, (int)base64.size, (const char *)base64.data) > 0);
    buffer_deinit(&der);
    buffer_deinit(&pfx);
    buffer_deinit(&base64);
    identity_deinit(&found);
    signing_key_free(key);
    mem_free(name);
    return xml;
}

static HRESULT import_text(const char *xml, PCWSTR with, PWSTR *name)
{
    size_t count = 0;
    assert_ok(text_to_utf16(xml, NULL, 0, &count));
    WCHAR *wide = calloc(count + 1, sizeof(WCHAR));
    assert_ok(text_to_utf16(xml, wide, count + 1, &count));
    HRESULT hr = PeerIdentityImport(wide, with, name);
    free(wide);
    return hr;
}

static void assert_refused(const char *xml)
{
    PWSTR name = (PWSTR)1;
    assert_hr(import_text(xml, password, &name), E_INVALIDARG);
    assert_null(name);
}

/* Replaces the first occurrence; free with free. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    assert_non_null(at);
    char *result = calloc(1, strlen(text) + strlen(to) + 1);
    memcpy(result, text, (size_t)(at - text));
    strcat(result, to);
    strcat(result, at + strlen(from));
    return result;
}

static void assert_same_key(PCWSTR identity)
{
    uint8_t keys[2][KEY_SIZE];
    const char *homes[] = {home_a, home_b};
    for (int i = 0; i < 2; i++) {
        struct signing_key *key = NULL;
        char *name = narrow(identity);
        use(homes[i]);
        assert_ok(identity_key(name, &key));
        signing_key_public(key, keys[i]);
        signing_key_free(key);
        mem_free(name);
    }
    assert_memory_equal(keys[0], keys[1], KEY_SIZE);
}

/* [point 2.21] [point 2.22] A copy of one identity, without its groups, in the documented elements;
 * it works elsewhere under the same name, with the same key and friendly name. */
static void test_round_trip(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityExport", "S_OK");
    CONTRACT("PeerIdentityImport", "S_OK");
    use(home_a);
    PWSTR name = create(u"work.at.night", u"Ann \u00E4\u20AC"), friendly_name = NULL, got = NULL;
    PWSTR xml = export_of(name);
    char *text = narrow(xml), *peer = narrow(name);
    char *begin = NULL;
    assert_true(asprintf(&begin, "<PEERIDENTITYEXPORT VERSION=\"1.0\"><PEERNAME>%s</PEERNAME><DATA",
                         peer) > 0);
    assert_int_equal(strncmp(text, begin, strlen(begin)), 0);
    assert_non_null(strstr(text, "dt:dt=\"bin.base64\""));
    assert_ok(PeerIdentityGetFriendlyName(name, &friendly_name)); /* it is still here */
    PeerFreeData(friendly_name);

    use(home_b);
    assert_hr(PeerIdentityGetFriendlyName(name, &friendly_name), PEER_E_NOT_FOUND);
    assert_ok(PeerIdentityImport(xml, password, &got));
    assert_wide_equal(got, name);
    assert_ok(PeerIdentityGetFriendlyName(name, &friendly_name));
    assert_wide_equal(friendly_name, u"Ann \u00E4\u20AC");
    assert_same_key(name);
    PeerFreeData(friendly_name);
    PeerFreeData(got);
    PeerFreeData(name);
    PeerFreeData(xml);
    mem_free(text);
    mem_free(peer);
    free(begin);
}

/* [point 1.16] NULL is the default identity; without a friendly name of its own, the copy has none
 * either; and any password does, the empty one too. */
static void test_default_identity(void **state)
{
    (void)state;
    PWSTR plain = NULL, xml = NULL, got = NULL, friendly_name = NULL, usual = NULL;
    use(home_a);
    plain = create(NULL, NULL);
    assert_ok(PeerIdentityGetDefault(&usual));
    assert_ok(PeerIdentityExport(NULL, u"", &xml));
    PeerFreeData(usual);
    PeerFreeData(xml);
    assert_ok(PeerIdentityExport(plain, u"", &xml));
    use(home_b);
    assert_hr(PeerIdentityImport(xml, u"x", &got), E_INVALIDARG);
    assert_ok(PeerIdentityImport(xml, u"", &got));
    assert_ok(PeerIdentityGetFriendlyName(got, &friendly_name));
    assert_wide_equal(friendly_name, plain);
    PeerFreeData(friendly_name);
    PeerFreeData(got);
    PeerFreeData(xml);
    PeerFreeData(plain);
}

static void test_export_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityExport", "E_INVALIDARG");
    use(home_a);
    PWSTR name = create(NULL, NULL), xml = (PWSTR)1;
    WCHAR *long_one = wide_fill(u'p', 256);
    assert_hr(PeerIdentityExport(name, password, NULL), E_INVALIDARG);
    assert_hr(PeerIdentityExport(name, NULL, &xml), E_INVALIDARG);
    assert_null(xml);
    assert_hr(PeerIdentityExport(name, long_one, &xml), E_INVALIDARG);
    assert_hr(PeerIdentityExport(name, lone_surrogate, &xml), E_INVALIDARG);
    assert_hr(PeerIdentityExport(lone_surrogate, password, &xml), E_INVALIDARG);
    assert_null(xml);
    PeerFreeData(name);
    free(long_one);
}

static void test_not_found(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityExport", "PEER_E_NOT_FOUND");
    PWSTR xml = (PWSTR)1;
    char empty[160];
    use(home_a);
    assert_hr(PeerIdentityExport(nobody, password, &xml), PEER_E_NOT_FOUND);
    assert_null(xml);
    snprintf(empty, sizeof(empty), "%s/empty", home_a);
    use(empty);
    assert_hr(PeerIdentityExport(NULL, password, &xml), PEER_E_NOT_FOUND);
    assert_null(xml);
}

/* [point 2.24] A present identity; also one that was deleted and comes back is no stranger. */
static void test_already_exists(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityImport", "PEER_E_ALREADY_EXISTS");
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), xml = export_of(name), got = (PWSTR)1;
    assert_hr(PeerIdentityImport(xml, password, &got), PEER_E_ALREADY_EXISTS);
    assert_null(got);
    assert_ok(PeerIdentityDelete(name));
    assert_ok(PeerIdentityImport(xml, password, &got));
    assert_wide_equal(got, name);
    PeerFreeData(got);
    PeerFreeData(name);
    PeerFreeData(xml);
}

/* [point 2.25] A wrong password has no code of its own. */
static void test_wrong_password(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityImport", "E_INVALIDARG");
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), xml = export_of(name), got = (PWSTR)1;
    use(home_b);
    assert_hr(PeerIdentityImport(xml, u"pass word", &got), E_INVALIDARG);
    assert_null(got);
    assert_hr(PeerIdentityImport(xml, NULL, &got), E_INVALIDARG);
    assert_hr(PeerIdentityImport(xml, lone_surrogate, &got), E_INVALIDARG);
    assert_hr(PeerIdentityImport(NULL, password, &got), E_INVALIDARG);
    assert_hr(PeerIdentityImport(lone_surrogate, password, &got), E_INVALIDARG);
    assert_hr(PeerIdentityImport(xml, password, NULL), E_INVALIDARG);
    WCHAR *huge = wide_fill(u' ', LIMIT_XML_SIZE + 1);
    assert_hr(PeerIdentityImport(huge, password, &got), E_INVALIDARG);
    free(huge);
    assert_null(got);
    PeerFreeData(name);
    PeerFreeData(xml);
}

/* [point 2.23] The import page names the elements otherwise; both spellings are read, not a mix. */
static void test_both_spellings(void **state)
{
    (void)state;
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), xml = export_of(name), got = NULL;
    char *text = narrow(xml);
    char *a = replaced(text, "<PEERNAME>", "<IDENTITY>");
    char *b = replaced(a, "</PEERNAME>", "</IDENTITY>");
    char *c = replaced(b, "<DATA", "<IDENTITYDATA");
    char *d = replaced(c, "</DATA>", "</IDENTITYDATA>");
    use(home_b);
    assert_refused(b);
    assert_ok(import_text(d, password, &got));
    assert_wide_equal(got, name);
    PeerFreeData(got);
    PeerFreeData(name);
    PeerFreeData(xml);
    mem_free(text);
    free(a);
    free(b);
    free(c);
    free(d);
}

/* [point 2.24] The bytes unchanged: each element and attribute, and the data. */
static void test_altered(void **state)
{
    (void)state;
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), other = create(NULL, u"Eve");
    char *secret = narrow(password), *text = cheap_export(name, secret), *mine = narrow(name),
         *others = narrow(other);
    const char *changes[][2] = {{"VERSION=\"1.0\"", "VERSION=\"1.1\""},
                                {" VERSION=\"1.0\"", ""},
                                {"VERSION=", "MORE=\"1\" VERSION="},
                                {"bin.base64", "bin.hex"},
                                {"<PEERNAME>", "<EXTRA/><PEERNAME>"},
                                {"<PEERNAME>", "text<PEERNAME>"},
                                {"</PEERIDENTITYEXPORT>", ""},
                                {"<PEERIDENTITYEXPORT", "<!DOCTYPE a><PEERIDENTITYEXPORT"},
                                {mine, others},
                                {"</DATA>", "A</DATA>"},
                                {"</DATA>", "AAAA</DATA>"}};
    use(home_b);
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        char *altered = replaced(text, changes[i][0], changes[i][1]);
        assert_refused(altered);
        free(altered);
    }
    /* In the data: a character at several places. */
    char *data = strchr(strstr(text, "<DATA"), '>') + 1;
    size_t size = strlen(data) - strlen("</DATA></PEERIDENTITYEXPORT>");
    for (size_t at = 4; at < size - 4; at += size / 13) {
        char before = data[at];
        data[at] = before == 'A' ? 'B' : 'A';
        assert_refused(text);
        data[at] = before;
    }
    PWSTR got = NULL;
    assert_ok(import_text(text, password, &got));
    PeerFreeData(got);
    PeerFreeData(name);
    PeerFreeData(other);
    free(text);
    mem_free(secret);
    mem_free(mine);
    mem_free(others);
}

extern const int cheap_guess __attribute__((weak)); /* of tests/support/cheap_guess.c */

/* What a stranger's tool reads: OpenSSL opens it with the password alone, and finds the costs that
 * are documented: a guess at the MAC is not cheaper than one at the encryption. */
static void test_openssl_reads_it(void **state)
{
    (void)state;
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), xml = NULL;
    assert_ok(PeerIdentityExport(name, u"plain", &xml));
    char *text = narrow(xml);
    char *data = strchr(strstr(text, "<DATA"), '>') + 1;
    struct buffer der = BUFFER_NULL;
    assert_ok(text_base64_decode(bytes_of(data, (size_t)(strchr(data, '<') - data)), &der));
    const unsigned char *at = der.data;
    PKCS12 *pfx = d2i_PKCS12(NULL, &at, (long)der.size);
    assert_non_null(pfx);
    const ASN1_INTEGER *rounds = NULL;
    PKCS12_get0_mac(NULL, NULL, NULL, &rounds, pfx);
    if (!&cheap_guess)
        assert_true(ASN1_INTEGER_get(rounds) >= 1200000);
    EVP_PKEY *key = NULL;
    X509 *certificate = NULL;
    assert_int_equal(PKCS12_parse(pfx, "plain", &key, &certificate, NULL), 1);
    assert_int_equal(EVP_PKEY_get_base_id(key), EVP_PKEY_ED25519);
    assert_int_equal(X509_check_private_key(certificate, key), 1);
    EVP_PKEY_free(key);
    X509_free(certificate);
    PKCS12_free(pfx);
    buffer_deinit(&der);
    mem_free(text);
    PeerFreeData(xml);
    PeerFreeData(name);
}

/* Ruling 30: the limit holds for identities that come from elsewhere, too. */
static void test_too_many(void **state)
{
    (void)state;
    char full[160];
    use(home_a);
    PWSTR name = create(NULL, u"Ann"), xml = export_of(name), got = NULL;
    snprintf(full, sizeof(full), "%s/full", home_a);
    use(full);
    struct signing_key *key = NULL;
    assert_ok(signing_key_new(&key));
    for (int i = 0; i < LIMIT_IDENTITIES; i++) {
        char classifier[16];
        struct identity identity;
        snprintf(classifier, sizeof(classifier), "%d", i);
        assert_ok(identity_create(classifier, NULL, key, &identity));
        identity_deinit(&identity);
    }
    assert_hr(PeerIdentityImport(xml, password, &got), PEER_E_TOO_MANY_IDENTITIES);
    assert_null(got);
    signing_key_free(key);
    PeerFreeData(name);
    PeerFreeData(xml);
}

/* ---- keys that cannot be reached ---- */

static bool locked_out(void)
{
    PWSTR name = NULL, xml = NULL, again = NULL, got = NULL;
    bool well = expect_hr(PeerIdentityCreate(u"a", NULL, 0, &name), S_OK) &&
                expect_hr(PeerIdentityExport(name, password, &xml), S_OK) &&
                expect_hr(PeerIdentityDelete(name), S_OK);
    chmod(test_home, 0500);
    well &= expect_hr(PeerIdentityImport(xml, password, &got), PEER_E_NO_KEY_ACCESS);
    chmod(test_home, 0700);
    chmod(home_file("keys"), 0);
    well &= expect_hr(PeerIdentityImport(xml, password, &got), PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    well &= expect_hr(PeerIdentityImport(xml, password, &got), S_OK);
    PeerFreeData(got);
    chmod(home_file("keys"), 0);
    well &= expect_hr(PeerIdentityExport(name, password, &again), PEER_E_NO_KEY_ACCESS);
    chmod(home_file("keys"), 0700);
    chmod(test_home, 0755);
    well &= expect_hr(PeerIdentityExport(name, password, &again), PEER_E_NO_KEY_ACCESS);
    chmod(test_home, 0700);
    PeerFreeData(xml);
    PeerFreeData(name);
    return well && again == NULL;
}

static void test_no_key_access(void **state)
{
    (void)state;
    CONTRACT("PeerIdentityExport", "PEER_E_NO_KEY_ACCESS");
    CONTRACT("PeerIdentityImport", "PEER_E_NO_KEY_ACCESS");
    as_ordinary_user(locked_out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_default_identity),
        cmocka_unit_test(test_export_bad_arguments), cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_already_exists),       cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_both_spellings),       cmocka_unit_test(test_altered),
        cmocka_unit_test(test_openssl_reads_it),     cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_key_access),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
