/* Is attribute XML read as documented, everything else refused with its code, and a lack of memory
 * survived at each allocation? */
#include "support/test.h"
#include "support/xml_memory.h"

#include "base/limits.h"
#include "record/attributes.h"

#define ONE(name, type, value)                                                                     \
    "<attributes><attribute name=\"" name "\" type=\"" type "\">" value "</attribute></"           \
    "attributes>"

/* [point 11.1] [point 11.2] [point 11.3] Any number, each with a name that may repeat, a type and a
 * value of it. */
static void test_good(void **state)
{
    (void)state;
    struct attribute_list *list = NULL;
    assert_ok(attributes_parse(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<attributes xmlns:xs=\"urn:x\">\n"
        "  <attribute name=\"AuthenticationType\" type=\"string\">Ker&amp;beros </attribute>"
        "<attribute type=\"date\" name=\"AuthExpires\">2002-01-31</attribute>"
        "<attribute name=\"n\" type=\"int\">00123456789012345678901234567890</attribute>"
        "<attribute name=\"n\" type=\"string\"/>\n</attributes>\n",
        &list));
    assert_int_equal(list->count, 4);
    const struct attribute *entries = list->entries;
    assert_string_equal(entries[0].name, "AuthenticationType");
    assert_string_equal(entries[0].text, "Ker&beros ");
    assert_int_equal(entries[0].type, VALUE_STRING);
    assert_string_equal(entries[1].text, "2002-01-31");
    assert_int_equal(entries[1].type, VALUE_DATE);
    assert_true(entries[1].date == 126569088000000000ll);
    assert_int_equal(entries[2].type, VALUE_INT);
    assert_string_equal(entries[2].text, "00123456789012345678901234567890");
    assert_string_equal(entries[3].name, "n");
    assert_string_equal(entries[3].text, "");
    attributes_free(list);
}

static void test_empty_list(void **state)
{
    (void)state;
    static const char *const empty[] = {"<attributes/>",
                                        "<attributes> \n<!-- none --></attributes>"};
    for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
        struct attribute_list *list = NULL;
        assert_ok(attributes_parse(empty[i], &list));
        assert_int_equal(list->count, 0);
        attributes_free(list);
    }
    attributes_free(NULL);
}

/* [point 11.2] [point 11.3] [point 11.4] [point 11.5] Other names, values and elements are
 * PEER_E_INVALID_ATTRIBUTES. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "text",
        "<attributes>",
        "<Attributes/>",
        "<attribute name='a' type='int'>1</attribute>",
        "<attributes a='1'/>",
        "<attributes>text</attributes>",
        "<attributes xmlns='urn:x'/>",
        "<attributes><other name='a' type='int'>1</other></attributes>",
        "<attributes><attribute type='int'>1</attribute></attributes>",
        "<attributes><attribute name='a'>1</attribute></attributes>",
        "<attributes><attribute name='a' type='int' more=''>1</attribute></attributes>",
        "<attributes><attribute name='a' type='string'><b/></attribute></attributes>",
        "<attributes><x:attribute xmlns:x='u' name='a' type='int'>1</x:attribute></attributes>",
        "<attributes><attribute xmlns:x='u' x:name='a' type='int'>1</attribute></attributes>",
        "<!DOCTYPE attributes><attributes/>",
        ONE("a", "float", "1"),
        ONE("a", "", "1"),
        ONE("a", "int", ""),
        ONE("a", "int", "-1"),
        ONE("a", "int", "1 "),
        ONE("a", "date", ""),
        ONE("a", "date", "2003-02-328"),
        ONE("", "int", "1"),
        ONE("a-b", "int", "1"),
        ONE("a_b", "int", "1"),
        ONE("a b", "int", "1"),
        ONE("\xC3\xA9", "int", "1"),
        ONE("12345678901234567890123456789012345678901", "int", "1"),
        ONE("peerlastmodifiedby", "string", "x"),
        ONE("peercreatorid", "string", "x"),
        ONE("peerlastmodificationtime", "date", "2003"),
        ONE("peerrecordid", "string", "x"),
        ONE("peerrecordtype", "string", "x"),
        ONE("peercreationtime", "date", "2003"),
        ONE("a", "string", "\xFF"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct attribute_list *list = (void *)&list;
        HRESULT hr = attributes_parse(bad[i], &list);
        if (hr != PEER_E_INVALID_ATTRIBUTES)
            print_message("%s\n", bad[i]);
        assert_hr(hr, PEER_E_INVALID_ATTRIBUTES);
        assert_null(list);
    }
}

/* [point 11.2] [point 11.4] 40 characters of either case; reserved are six. */
static void test_names(void **state)
{
    (void)state;
    struct attribute_list *list = NULL;
    assert_ok(attributes_parse(ONE("1234567890abcdefghijABCDEFGHIJzZ9abcdefg", "int", "1"), &list));
    attributes_free(list);
    assert_ok(attributes_parse(ONE("PeerCreatorId", "int", "1"), &list)); /* case counts */
    attributes_free(list);
    assert_int_equal(attribute_reserved("peercreationtime"), RESERVED_CREATION_TIME);
    assert_int_equal(attribute_reserved("peer"), RESERVED_NONE);
    assert_int_equal(attribute_reserved(""), RESERVED_NONE);
}

static HRESULT parse_many(size_t count, const char *tail)
{
    struct buffer xml CLEANUP_BUFFER = BUFFER_NULL;
    assert_ok(buffer_append_text(&xml, "<attributes>"));
    for (size_t i = 0; i < count; i++)
        assert_ok(buffer_append_text(&xml, "<attribute name='a' type='int'>1</attribute>"));
    assert_ok(buffer_append_text(&xml, tail));
    struct attribute_list *list = NULL;
    HRESULT hr = attributes_parse_bytes(buffer_view(&xml), &list);
    assert_int_equal(list ? list->count : 0, SUCCEEDED(hr) ? count : 0);
    attributes_free(list);
    return hr;
}

/* [point 11.5] Ruling 31: 256 attributes. */
static void test_count(void **state)
{
    (void)state;
    assert_ok(parse_many(LIMIT_ATTRIBUTES, "</attributes>"));
    assert_hr(parse_many(LIMIT_ATTRIBUTES + 1, "</attributes>"), PEER_E_TOO_MANY_ATTRIBUTES);
    assert_hr(parse_many(LIMIT_ATTRIBUTES + 1, ""), PEER_E_INVALID_ATTRIBUTES);
    assert_hr(parse_many(LIMIT_ATTRIBUTES - 1, "<bad/></attributes>"), PEER_E_INVALID_ATTRIBUTES);
    assert_hr(parse_many(1600, "</attributes>"), PEER_E_INVALID_ATTRIBUTES); /* over 64 KiB */
}

static void test_without_memory(void **state)
{
    (void)state;
    unsigned told = 0;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct attribute_list *list = NULL;
        mem_fail_nth(n);
        HRESULT hr = attributes_parse(
            "<attributes xmlns:x='urn:x'><attribute name='a' type='string'>v&amp;w</attribute>"
            "<attribute name='b' type='date'>2003-01-02</attribute></attributes>",
            &list);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        if (hr == E_OUTOFMEMORY && hit) {
            assert_null(list);
            told++;
            continue;
        }
        assert_ok(hr);
        assert_int_equal(list->count, 2);
        assert_string_equal(list->entries[0].text, "v&w");
        attributes_free(list);
    }
    assert_true(told > 10);
}

int main(void)
{
    xml_memory_hook();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_empty_list),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_names),
        cmocka_unit_test(test_count),   cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
