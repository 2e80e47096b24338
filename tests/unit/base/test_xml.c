/* Is what is no small, plain XML refused with the caller's code; does the reader give back what the
 * document says, in several threads at once; does the writer's output read back as it was given; is
 * a lack of memory always told as such? */
#include "support/test.h"
#include "support/xml_memory.h"

#include "base/text.h"
#include "base/xml.h"

#include <libxml/xmlerror.h>
#include <pthread.h>

#define VIOLATION PEER_E_INVALID_SEARCH
#define DATATYPES "urn:schemas-microsoft-com:datatypes"

static struct xml_document *parse(const char *text)
{
    struct xml_document *document;
    assert_ok(xml_parse(bytes_of_text(text), VIOLATION, &document));
    assert_non_null(document);
    return document;
}

static void refused_at(struct bytes text, int line)
{
    struct xml_document *document = (void *)&document;
    assert_hr_at(xml_parse(text, VIOLATION, &document), VIOLATION, __FILE__, line);
    assert_null(document);
}
#define refused(text) refused_at(bytes_of_text(text), __LINE__)

static void test_tree(void **state)
{
    (void)state;
    struct xml_document *document CLEANUP_XML =
        parse("<?xml version=\"1.0\" encoding=\"utf-16\"?>\n<!-- c --><r a='1' b=''> <one/>"
              "<two>x<![CDATA[<&]]>&lt;&#233;<!-- c -->y<?p i?>z</two>\n<two/></r>");
    const struct xml_element *root = xml_root(document);
    assert_true(xml_is(root, NULL, "r"));
    assert_false(xml_is(root, NULL, "R"));
    assert_false(xml_is(root, "", "r"));
    assert_int_equal(xml_attribute_count(root), 2);
    assert_string_equal(xml_attribute(root, NULL, "a"), "1");
    assert_string_equal(xml_attribute(root, NULL, "b"), "");
    assert_null(xml_attribute(root, NULL, "c"));
    assert_null(xml_text(root));
    assert_false(xml_has_text(root));
    const struct xml_element *one = xml_first(root);
    assert_true(xml_is(one, NULL, "one"));
    assert_string_equal(xml_text(one), "");
    assert_null(xml_first(one));
    const struct xml_element *two = xml_next(one);
    assert_string_equal(xml_text(two), "x<&<\xC3\xA9yz");
    assert_true(xml_has_text(two));
    assert_true(xml_is(xml_next(two), NULL, "two"));
    assert_null(xml_next(xml_next(two)));
    assert_ptr_equal(xml_child(root, NULL, "one"), one);
    assert_null(xml_child(root, NULL, "two")); /* there are two */
    assert_null(xml_child(root, NULL, "three"));
}

static void test_text_beside_children(void **state)
{
    (void)state;
    struct xml_document *document CLEANUP_XML = parse("<r><a/>text</r>");
    assert_true(xml_has_text(xml_root(document)));
    assert_null(xml_text(xml_root(document)));
    struct xml_document *references CLEANUP_XML = parse("<r>&#32;&#9;<a/>&#x21;</r>");
    assert_true(xml_has_text(xml_root(references)));
}

static void test_attribute_values(void **state)
{
    (void)state;
    struct xml_document *document CLEANUP_XML =
        parse("<r a='&amp;&lt;&gt;&quot;&apos;&#38;&#x1F600;' b=\"a\nb&#10;c\"/>");
    const struct xml_element *root = xml_root(document);
    assert_string_equal(xml_attribute(root, NULL, "a"), "&<>\"'&\xF0\x9F\x98\x80");
    assert_string_equal(xml_attribute(root, NULL, "b"), "a b\nc");
}

static void test_namespaces(void **state)
{
    (void)state;
    struct xml_document *document CLEANUP_XML =
        parse("<r xmlns:dt='" DATATYPES "'><GMC dt:dt='bin.base64'>AA==</GMC>"
              "<q xmlns='urn:q' a='1'/></r>");
    const struct xml_element *root = xml_root(document);
    assert_int_equal(xml_attribute_count(root), 0);
    const struct xml_element *gmc = xml_child(root, NULL, "GMC");
    assert_string_equal(xml_attribute(gmc, DATATYPES, "dt"), "bin.base64");
    assert_null(xml_attribute(gmc, NULL, "dt"));
    assert_null(xml_attribute(gmc, "urn:q", "dt"));
    const struct xml_element *q = xml_next(gmc);
    assert_true(xml_is(q, "urn:q", "q"));
    assert_false(xml_is(q, NULL, "q"));
    assert_string_equal(xml_attribute(q, NULL, "a"), "1");
    refused("<x:r/>");
    refused("<r x:a='1'/>");
    refused("<r xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>");
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "text",
        "<r>",
        "<r></s>",
        "<r/><r/>",
        "<r/>text",
        "<r a='1' a='2'/>",
        "<r a=1/>",
        "<r>&unknown;</r>",
        "<r a='&unknown;'/>",
        "<r>&#0;</r>",
        "<r>&#xFFFE;</r>",
        "<r>\x01</r>",
        "<r>a & b</r>",
        "<r a='<'/>",
        "<r>]]></r>",
        " <?xml version='1.0'?><r/>",
        "<r><!-- a -- b --></r>",
        "<!DOCTYPE r><r/>",
        "<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>",
        "<!DOCTYPE r [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><r a='&b;'/>",
        "<!DOCTYPE r SYSTEM 'file:///etc/passwd'><r/>",
        "<!DOCTYPE r [<!ENTITY % p SYSTEM 'file:///etc/passwd'> %p;]><r/>",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refused(bad[i]);
}

static void test_encoding(void **state)
{
    (void)state;
    refused("<r>\xC3</r>");
    refused("<r>\xED\xA0\x80</r>");
    refused("<r>\xC0\xAF</r>");
    refused_at(bytes_of("<r>\0</r>", 8), __LINE__);
    refused_at(bytes_of("<r/>\0", 5), __LINE__);
    refused_at(bytes_of("\xFF\xFE<\0r\0/\0>\0", 10), __LINE__);
    refused_at(bytes_of(NULL, 0), __LINE__);
    struct xml_document *mark CLEANUP_XML = parse("\xEF\xBB\xBF<r>\xE2\x82\xAC</r>");
    assert_string_equal(xml_text(xml_root(mark)), "\xE2\x82\xAC");
    struct xml_document *latin CLEANUP_XML =
        parse("<?xml version='1.0' encoding='iso-8859-1'?><r>\xC3\xA9</r>");
    assert_string_equal(xml_text(xml_root(latin)), "\xC3\xA9");
}

/* "<r>" times depth and its end; with text to bring it to size (0: none). */
static HRESULT parse_nested(size_t depth, size_t size)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    for (size_t i = 0; i < depth; i++)
        assert_ok(buffer_append_text(&text, "<r>"));
    while (size > 0 && text.size < size - depth * 4)
        assert_ok(buffer_append_text(&text, "x"));
    for (size_t i = 0; i < depth; i++)
        assert_ok(buffer_append_text(&text, "</r>"));
    struct xml_document *document CLEANUP_XML = NULL;
    return xml_parse(buffer_view(&text), VIOLATION, &document);
}

static void test_limits(void **state)
{
    (void)state;
    assert_ok(parse_nested(LIMIT_XML_DEPTH, 0));
    assert_hr(parse_nested(LIMIT_XML_DEPTH + 1, 0), VIOLATION);
    assert_hr(parse_nested(9000, 0), VIOLATION);
    assert_ok(parse_nested(1, LIMIT_XML_SIZE));
    assert_hr(parse_nested(1, LIMIT_XML_SIZE + 1), VIOLATION);
}

static void test_writer(void **state)
{
    (void)state;
    struct buffer out CLEANUP_BUFFER = BUFFER_NULL;
    struct xml_writer writer;
    xml_writer_init(&writer, &out);
    xml_write_open(&writer, "PEERINVITATION");
    xml_write_attribute(&writer, "VERSION", "1.0");
    xml_write_element(&writer, "CLOUDNAME", "a<b>&\"c\"");
    xml_write_element(&writer, "EMPTY", "");
    xml_write_open(&writer, "GMC");
    xml_write_attribute(&writer, "xmlns:dt", DATATYPES);
    xml_write_attribute(&writer, "dt:dt", "bin.base64");
    xml_write_base64(&writer, bytes_of("\0\1\2\3", 4));
    xml_write_close(&writer);
    xml_write_close(&writer);
    assert_ok(xml_writer_finish(&writer));
    assert_ok(buffer_terminate(&out));
    assert_string_equal((char *)out.data,
                        "<PEERINVITATION VERSION=\"1.0\"><CLOUDNAME>a&lt;b&gt;&amp;\"c\""
                        "</CLOUDNAME><EMPTY/><GMC xmlns:dt=\"" DATATYPES "\" dt:dt=\"bin.base64\">"
                        "AAECAw==</GMC></PEERINVITATION>");
    struct xml_document *document CLEANUP_XML = parse((char *)out.data);
    const struct xml_element *gmc = xml_child(xml_root(document), NULL, "GMC");
    struct buffer data CLEANUP_BUFFER = BUFFER_NULL;
    assert_ok(text_base64_decode(bytes_of_text(xml_text(gmc)), &data));
    assert_memory_equal(data.data, "\0\1\2\3", 4);
}

static HRESULT write_value(const char *value, struct buffer *out)
{
    struct xml_writer writer;
    xml_writer_init(&writer, out);
    xml_write_open(&writer, "r");
    xml_write_attribute(&writer, "a", value);
    xml_write_element(&writer, "t", value);
    xml_write_close(&writer);
    return xml_writer_finish(&writer);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",         " ",     "\t\r\n", "\r\n a \r",        "]]>",
        "<!-- -->", "&amp;", "\"'<>&", "\xF0\x9F\x98\x80", "\x7F\xC2\x80\xC2\x85",
    };
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct buffer out CLEANUP_BUFFER = BUFFER_NULL;
        assert_ok(write_value(values[i], &out));
        struct xml_document *document CLEANUP_XML = NULL;
        assert_ok(xml_parse(buffer_view(&out), VIOLATION, &document));
        assert_string_equal(xml_attribute(xml_root(document), NULL, "a"), values[i]);
        assert_string_equal(xml_text(xml_first(xml_root(document))), values[i]);
    }
}

static void test_writer_refuses(void **state)
{
    (void)state;
    static const char *const values[] = {"\x01", "a\x1F", "\xFF", "\xED\xA0\x80", "\xEF\xBF\xBE"};
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        struct buffer out CLEANUP_BUFFER = BUFFER_NULL;
        assert_hr(write_value(values[i], &out), E_INVALIDARG);
    }
}

/* Returns NULL when every parse ended as it should. */
static void *parse_often(void *trouble)
{
    for (int i = 0; i < 200; i++) {
        struct xml_document *document CLEANUP_XML = NULL;
        const char *text = i % 2 ? "<r a='1'>text</r>" : "<r><!DOCTYPE r></r>";
        if (xml_parse(bytes_of_text(text), VIOLATION, &document) != (i % 2 ? S_OK : VIOLATION))
            return trouble;
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, state), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *trouble = state;
        assert_int_equal(pthread_join(threads[i], &trouble), 0);
        assert_null(trouble);
    }
}

/* Where libxml2 would write to stderr. */
static void on_chatter(void *count, const char *format, ...)
{
    (void)format;
    ++*(unsigned *)count;
}

static void on_application_error(void *context, xmlErrorPtr error)
{
    (void)error;
    fail_msg("called with %p", context);
}

/* A program may use libxml2 itself: its handler is neither called nor lost. */
static void test_handlers_stay(void **state)
{
    struct xml_document *document CLEANUP_XML = NULL;
    xmlSetStructuredErrorFunc(state, (xmlStructuredErrorFunc)on_application_error);
    assert_hr(xml_parse(bytes_of_text("<r>"), VIOLATION, &document), VIOLATION);
    assert_ptr_equal(xmlStructuredErrorContext, state);
    assert_true(xmlStructuredError == (xmlStructuredErrorFunc)on_application_error);
    xmlSetStructuredErrorFunc(NULL, NULL);
}

static void check_sweep_document(const struct xml_document *document)
{
    const struct xml_element *root = xml_root(document);
    assert_int_equal(xml_attribute_count(root), 2);
    assert_string_equal(xml_attribute(root, NULL, "a"), "&1");
    assert_string_equal(xml_attribute(root, "urn:p", "b"), "2");
    assert_true(xml_has_text(root));
    assert_string_equal(xml_text(xml_child(root, NULL, "child")), "d");
}

/* libxml2's lack of memory is either told or made good: never bad input, never half a document. */
static void test_without_memory(void **state)
{
    (void)state;
    struct bytes text = bytes_of_text("<?xml version='1.0'?><r xmlns:p='urn:p' a='&amp;1' p:b='2'>"
                                      "t&lt;<child><![CDATA[d]]></child><!-- c --><?p i?></r>");
    unsigned told = 0;
    unsigned chatter = 0;
    bool hit = true;
    xmlSetGenericErrorFunc(&chatter, on_chatter);
    for (uint64_t n = 1; hit; n++) {
        struct xml_document *document CLEANUP_XML = NULL;
        mem_fail_nth(n);
        HRESULT hr = xml_parse(text, VIOLATION, &document);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        if (hr == E_OUTOFMEMORY && hit) {
            assert_null(document);
            told++;
            continue;
        }
        assert_ok(hr);
        check_sweep_document(document);
    }
    xmlSetGenericErrorFunc(NULL, NULL);
    assert_int_equal(chatter, 0);
    assert_true(told > 10);
}

static void test_write_without_memory(void **state)
{
    (void)state;
    HRESULT hr = E_OUTOFMEMORY;
    for (uint64_t n = 1; hr == E_OUTOFMEMORY && n < 100; n++) {
        struct buffer out CLEANUP_BUFFER = BUFFER_NULL;
        mem_fail_nth(n);
        hr =
            write_value("a value that does not fit into what a buffer takes at first & more", &out);
        bool hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_hr(hr, hit ? E_OUTOFMEMORY : S_OK);
    }
    assert_ok(hr);
}

int main(void)
{
    xml_memory_hook();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree),
        cmocka_unit_test(test_text_beside_children),
        cmocka_unit_test(test_attribute_values),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_writer_refuses),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_handlers_stay),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_write_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
