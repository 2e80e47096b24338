/* Does the query language mean what the documents say: its grammar with its codes, each comparison
 * on each type, wildcards, the record's own values, attributes that repeat, miss or differ in type?
 */
#include "support/test.h"
#include "support/xml_memory.h"

#include "base/limits.h"
#include "record/search.h"

#define QUERY(inner) "<peersearch>" inner "</peersearch>"
#define CLAUSE(name, type, compare, value)                                                         \
    "<clause attrib='" name "' type='" type "' compare='" compare "'>" value "</clause>"

static const char subject_attributes[] =
    "<attributes><attribute name='name' type='string'>James Peters</attribute>"
    "<attribute name='tag' type='string'>red</attribute>"
    "<attribute name='tag' type='string'>blue</attribute>"
    "<attribute name='size' type='int'>0100</attribute>"
    "<attribute name='due' type='date'>2003-02-10T12:00+02:00</attribute>"
    "<attribute name='mixed' type='int'>5</attribute>"
    "<attribute name='mixed' type='string'>five</attribute>"
    "<attribute name='empty' type='string'/>"
    "<attribute name='odd' type='string'>a*b?c\\d</attribute>"
    "<attribute name='wide' type='string'>n\xC3\xA9\xF0\x9F\x98\x80t</attribute></attributes>";

static struct attribute_list *attributes;
static struct search_subject subject;

static int set_up(void **state)
{
    (void)state;
    assert_ok(attributes_parse(subject_attributes, &attributes));
    subject = (struct search_subject){
        .creator = "abc.creator",
        .modifier = "def.modifier",
        .creation_time = 126884448000000000ull,     /* 2003-01-31 */
        .modification_time = 126908640000000000ull, /* 2003-02-28 */
        .attributes = attributes,
    };
    assert_ok(guid_parse("01234567-89ab-cdef-0123-456789abcdef", &subject.id));
    assert_ok(guid_parse("4D5B2F11-1522-4F67-9A8C-5D2B1CFE8AAA", &subject.type));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    attributes_free(attributes);
    return 0;
}

static bool matches_at(const char *query, int line)
{
    struct search *search = NULL;
    HRESULT hr = search_parse(query, &search);
    if (FAILED(hr))
        print_message("%s\n", query);
    assert_hr_at(hr, S_OK, __FILE__, line);
    bool match = search_match(search, &subject);
    search_free(search);
    return match;
}
#define matches(query) assert_true(matches_at(query, __LINE__))
#define misses(query) assert_false(matches_at(query, __LINE__))
#define clause_matches(...) matches(QUERY(CLAUSE(__VA_ARGS__)))
#define clause_misses(...) misses(QUERY(CLAUSE(__VA_ARGS__)))

/* [point 11.9] The documented queries, as they are printed. */
static void test_documented_samples(void **state)
{
    (void)state;
    subject.creator = "James Peters";
    matches(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?> \n"
        "<peersearch xmlns:xs=\"https://www.w3.org/2001/XMLSchema\">\n"
        "  <clause attrib=\"peercreatorid\" type=\"string\" compare=\"equal\">James P*</clause>\n"
        "</peersearch>\n");
    matches(QUERY("<and>" CLAUSE("peercreatorid", "string", "equal", "James Peters") "<or>" CLAUSE(
        "peerlastmodificationtime", "date", "greater", "2003-01-31")
                      CLAUSE("peercreationtime", "date", "less", "2003-01-01") "</or></and>"));
    misses(
        QUERY("<and>" CLAUSE("peercreatorid", "string", "equal", "James Peters") "<and>" CLAUSE(
            "peerlastmodificationtime", "date", "greater", "2003-01-31")
                  CLAUSE("peerlastmodificationtime", "date", "less", "2003-02-28") "</and></and>"));
    subject.creator = "abc.creator";
}

static void refused_at(const char *query, HRESULT want, int line)
{
    struct search *search = (void *)&search;
    HRESULT hr = search_parse(query, &search);
    if (hr != want)
        print_message("%s\n", query);
    assert_hr_at(hr, want, __FILE__, line);
    assert_null(search);
}

/* [point 11.6] [point 11.7] [point 11.8] Everything outside the grammar. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "text",
        "<peersearch/>",
        "<peersearch>",
        "<search>" CLAUSE("a", "int", "equal", "1") "</search>",
        "<peersearch a='1'>" CLAUSE("a", "int", "equal", "1") "</peersearch>",
        "<peersearch xmlns='urn:x'>" CLAUSE("a", "int", "equal", "1") "</peersearch>",
        "<!DOCTYPE peersearch>" QUERY(CLAUSE("a", "int", "equal", "1")),
        QUERY("text"),
        QUERY("<not/>"),
        QUERY("<and/>"),
        QUERY("<or> </or>"),
        QUERY("<and>text</and>"),
        QUERY("<and a='1'>" CLAUSE("a", "int", "equal", "1") "</and>"),
        QUERY("<and>text" CLAUSE("a", "int", "equal", "1") "</and>"),
        QUERY("<and>" CLAUSE("a", "int", "equal", "1") "<other/></and>"),
        QUERY("<and>" CLAUSE("a", "int", "equal", "1") "<or/></and>"),
        QUERY("text" CLAUSE("a", "int", "equal", "1")),
        QUERY(CLAUSE("a", "int", "equal", "1") CLAUSE("a", "int", "equal", "1")),
        QUERY(CLAUSE("a", "int", "equal", "1") "<and>" CLAUSE("a", "int", "equal", "1") "</and>"),
        QUERY("<clause>1</clause>"),
        QUERY("<clause type='int' compare='equal'>1</clause>"),
        QUERY("<clause attrib='a' other='x'>1</clause>"),
        QUERY("<clause attrib='a'><and/></clause>"),
        QUERY(CLAUSE("", "int", "equal", "1")),
        QUERY(CLAUSE("a-b", "int", "equal", "1")),
        QUERY(CLAUSE("12345678901234567890123456789012345678901", "int", "equal", "1")),
        QUERY(CLAUSE("a", "float", "equal", "1")),
        QUERY(CLAUSE("a", "int", "Equal", "1")),
        QUERY(CLAUSE("a", "int", "", "1")),
        QUERY(CLAUSE("a", "int", "equal", "")),
        QUERY(CLAUSE("a", "int", "equal", "1*")),
        QUERY(CLAUSE("a", "int", "equal", "-1")),
        QUERY(CLAUSE("a", "date", "less", "2003-02-328")),
        QUERY(CLAUSE("a", "date", "less", "")),
        QUERY(CLAUSE("a", "string", "equal", "\xFF")),
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refused_at(bad[i], PEER_E_INVALID_SEARCH, __LINE__);
}

/* [point 11.10] A stray backslash is E_INVALIDARG. */
static void test_bad_escapes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        QUERY(CLAUSE("a", "string", "equal", "\\")),
        QUERY(CLAUSE("a", "string", "equal", "\\a")),
        QUERY(CLAUSE("a", "string", "notequal", "ab\\\\\\")),
        QUERY(CLAUSE("a", "string", "less", "\\n")),
        QUERY(CLAUSE("peerrecordid", "string", "equal", "\\{*")),
        QUERY("<clause attrib='a'>\\x</clause>"),
        QUERY("<or>" CLAUSE("a", "int", "equal", "1") CLAUSE("a", "string", "equal", "\\") "</or>"),
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        refused_at(bad[i], E_INVALIDARG, __LINE__);
}

static HRESULT parse_nested(size_t depth)
{
    struct buffer xml CLEANUP_BUFFER = BUFFER_NULL;
    assert_ok(buffer_append_text(&xml, "<peersearch>"));
    for (size_t i = 0; i < depth; i++)
        assert_ok(buffer_append_text(&xml, i % 2 ? "<or>" : "<and>"));
    assert_ok(buffer_append_text(&xml, CLAUSE("tag", "string", "equal", "red")));
    for (size_t i = depth; i > 0; i--)
        assert_ok(buffer_append_text(&xml, i % 2 ? "</and>" : "</or>"));
    assert_ok(buffer_append_text(&xml, "</peersearch>"));
    struct search *search = NULL;
    HRESULT hr = search_parse_bytes(buffer_view(&xml), &search);
    if (SUCCEEDED(hr))
        assert_true(search_match(search, &subject));
    search_free(search);
    return hr;
}

static void test_depth(void **state)
{
    (void)state;
    assert_ok(parse_nested(LIMIT_XML_DEPTH - 2));
    assert_hr(parse_nested(LIMIT_XML_DEPTH - 1), PEER_E_INVALID_SEARCH);
    assert_hr(parse_nested(5000), PEER_E_INVALID_SEARCH);
}

/* [point 11.6] Nested at will. */
static void test_and_or(void **state)
{
    (void)state;
#define YES CLAUSE("tag", "string", "equal", "red")
#define NO CLAUSE("tag", "string", "equal", "green")
    matches(QUERY("<and>" YES "</and>"));
    misses(QUERY("<and>" NO "</and>"));
    matches(QUERY("<or>" YES "</or>"));
    misses(QUERY("<or>" NO "</or>"));
    matches(QUERY("<and>" YES YES "</and>"));
    misses(QUERY("<and>" YES NO "</and>"));
    misses(QUERY("<and>" NO YES "</and>"));
    matches(QUERY("<or>" NO YES "</or>"));
    matches(QUERY("<or>" YES NO "</or>"));
    misses(QUERY("<or>" NO NO "</or>"));
    matches(QUERY("<and><or>" NO YES "</or><and>" YES "</and></and>"));
    misses(QUERY("<or><and>" NO YES "</and><or>" NO "</or></or>"));
}

/* below, same and above are values around that of the attribute. */
#define check_comparisons(name, type, below, same, above)                                          \
    do {                                                                                           \
        clause_matches(name, type, "equal", same);                                                 \
        clause_misses(name, type, "equal", below);                                                 \
        clause_misses(name, type, "notequal", same);                                               \
        clause_matches(name, type, "notequal", above);                                             \
        clause_matches(name, type, "less", above);                                                 \
        clause_misses(name, type, "less", same);                                                   \
        clause_misses(name, type, "less", below);                                                  \
        clause_matches(name, type, "greater", below);                                              \
        clause_misses(name, type, "greater", same);                                                \
        clause_misses(name, type, "greater", above);                                               \
        clause_matches(name, type, "lessorequal", above);                                          \
        clause_matches(name, type, "lessorequal", same);                                           \
        clause_misses(name, type, "lessorequal", below);                                           \
        clause_matches(name, type, "greaterorequal", below);                                       \
        clause_matches(name, type, "greaterorequal", same);                                        \
        clause_misses(name, type, "greaterorequal", above);                                        \
    } while (0)

/* [point 11.4] [point 11.7] Each comparison of each type, reserved names included. */
static void test_comparisons(void **state)
{
    (void)state;
    check_comparisons("name", "string", "Jam", "James Peters", "James Q");
    check_comparisons("size", "int", "99", "100", "1000");
    check_comparisons("size", "int", "0", "0000100", "99999999999999999999999999999");
    check_comparisons("due", "date", "2003-02", "2003-02-10T10:00:00Z", "2003-02-10T10:00:00.01Z");
    check_comparisons("peercreatorid", "string", "abc", "abc.creator", "abd");
    check_comparisons("peerlastmodifiedby", "string", "d", "def.modifier", "e");
    check_comparisons("peercreationtime", "date", "2003", "2003-01-31", "2003-02");
    check_comparisons("peerlastmodificationtime", "date", "2003-02-27", "2003-02-28", "2004");
    check_comparisons("peerrecordid", "string", "0", "01234567-89AB-CDEF-0123-456789ABCDEF", "2");
    check_comparisons("peerrecordtype", "string", "{0}", "{4d5b2f11-1522-4F67-9A8C-5D2B1CFE8AAA}",
                      "{5");
}

/* [point 11.7] Without type and compare: string and equal. */
static void test_defaults(void **state)
{
    (void)state;
    matches(QUERY("<clause attrib='tag'>red</clause>"));
    matches(QUERY("<clause attrib='tag' type='string'>r*</clause>"));
    misses(QUERY("<clause attrib='size'>0100</clause>")); /* that is an int */
    matches(QUERY("<clause attrib='size' type='int'>100</clause>"));
    matches(QUERY("<clause attrib='empty'/>"));
    misses(QUERY("<clause attrib='tag'/>"));
}

/* [point 11.10] Runs and single characters. */
static void test_wildcards(void **state)
{
    (void)state;
    clause_matches("name", "string", "equal", "*");
    clause_matches("name", "string", "equal", "J*s P*s");
    clause_matches("name", "string", "equal", "*James Peters*");
    clause_matches("name", "string", "equal", "**e*e*e*");
    clause_misses("name", "string", "equal", "*e*e*e*e*");
    clause_matches("name", "string", "equal", "James?Peters");
    clause_misses("name", "string", "equal", "James??Peters");
    clause_matches("name", "string", "equal", "????????????");
    clause_misses("name", "string", "equal", "???????????");
    clause_matches("name", "string", "equal", "*?Pe?ers");
    clause_misses("name", "string", "equal", "james peters");
    clause_matches("empty", "string", "equal", "*");
    clause_misses("empty", "string", "equal", "?");
    clause_misses("name", "string", "notequal", "James*");
    clause_matches("name", "string", "notequal", "john*");
    clause_matches("wide", "string", "equal", "n??t");
    clause_misses("wide", "string", "equal", "n???t");
    clause_matches("wide", "string", "equal", "*?t");
    clause_matches("peerrecordid", "string", "equal", "{0123*}");
}

/* [point 11.10] Escaped ones stand for themselves. */
static void test_escapes(void **state)
{
    (void)state;
    clause_matches("odd", "string", "equal", "a\\*b\\?c\\\\d");
    clause_matches("odd", "string", "equal", "a*d");
    clause_misses("name", "string", "equal", "James\\?Peters");
    clause_misses("name", "string", "equal", "James\\*");
    clause_misses("odd", "string", "notequal", "a\\*b\\?c\\\\d");
    /* In an order * and ? are characters, with or without a backslash. */
    clause_matches("odd", "string", "greaterorequal", "a*b?c\\\\d");
    clause_matches("odd", "string", "lessorequal", "a\\*b\\?c\\\\d");
    clause_misses("odd", "string", "greater", "a*b?c\\\\d");
}

static void test_repeated_and_missing(void **state)
{
    (void)state;
    clause_matches("tag", "string", "equal", "blue");
    clause_matches("tag", "string", "notequal", "red"); /* blue is not */
    clause_matches("tag", "string", "less", "c");
    clause_misses("none", "string", "equal", "*");
    clause_misses("none", "string", "notequal", "x");
    clause_misses("Tag", "string", "equal", "red");
}

static void test_type_mismatch(void **state)
{
    (void)state;
    clause_misses("name", "int", "notequal", "1");
    clause_misses("name", "date", "notequal", "2003");
    clause_misses("size", "date", "less", "2003");
    clause_misses("size", "string", "notequal", "x");
    clause_misses("due", "int", "notequal", "1");
    clause_misses("peercreationtime", "string", "notequal", "x");
    clause_misses("peercreationtime", "int", "notequal", "1");
    clause_misses("peercreatorid", "date", "notequal", "2003");
    clause_misses("peerrecordid", "int", "notequal", "1");
    clause_matches("mixed", "int", "equal", "5");
    clause_matches("mixed", "string", "equal", "five");
    clause_misses("mixed", "string", "equal", "5");
}

static void test_bare_subject(void **state)
{
    (void)state;
    struct search_subject full = subject;
    subject = (struct search_subject){.modification_time = UINT64_MAX};
    clause_misses("tag", "string", "equal", "*");
    clause_misses("tag", "string", "notequal", "x");
    clause_misses("peercreatorid", "string", "notequal", "x");
    clause_misses("peerlastmodifiedby", "string", "equal", "*");
    clause_matches("peercreationtime", "date", "equal", "1601");
    clause_matches("peerlastmodificationtime", "date", "greater", "9999");
    clause_matches("peerrecordtype", "string", "equal", "00000000-0000-0000-0000-000000000000");
    subject = full;
}

/* A matcher that tries every way to place the runs would not come back from this. */
static void test_many_runs(void **state)
{
    (void)state;
    char text[2001];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct buffer query CLEANUP_BUFFER = BUFFER_NULL;
    assert_ok(buffer_append_text(&query, "<peersearch><clause attrib='peercreatorid'>"));
    for (int i = 0; i < 1000; i++)
        assert_ok(buffer_append_text(&query, "a*"));
    assert_ok(buffer_append_text(&query, "b</clause></peersearch>"));
    struct search *search = NULL;
    assert_ok(search_parse_bytes(buffer_view(&query), &search));
    struct search_subject long_subject = {.creator = text};
    assert_false(search_match(search, &long_subject));
    text[sizeof(text) - 2] = 'b';
    assert_true(search_match(search, &long_subject));
    search_free(search);
}

static void test_without_memory(void **state)
{
    (void)state;
    unsigned told = 0;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct search *search = NULL;
        mem_fail_nth(n);
        HRESULT hr =
            search_parse("<peersearch xmlns:xs='urn:x'><and><clause attrib='tag'>r*d</clause>"
                         "<or><clause attrib='due' type='date'>2004</clause>"
                         "<clause attrib='size' type='int'>100</clause></or></and>"
                         "</peersearch>",
                         &search);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        if (hr == E_OUTOFMEMORY && hit) {
            assert_null(search);
            told++;
            continue;
        }
        assert_ok(hr);
        assert_true(search_match(search, &subject));
        search_free(search);
    }
    assert_true(told > 10);
}

int main(void)
{
    xml_memory_hook();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documented_samples),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bad_escapes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_and_or),
        cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_repeated_and_missing),
        cmocka_unit_test(test_type_mismatch),
        cmocka_unit_test(test_bare_subject),
        cmocka_unit_test(test_many_runs),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
