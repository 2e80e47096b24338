/* search.c - query XML to a tree of clauses [contract 11.6 to 11.10].
 *
 * Happy path: <peersearch> holds exactly one of clause, and, or; each becomes a node, and and or
 * hold their children. The value of a string clause has its escapes resolved here, so that matching
 * needs neither memory nor codes. Recursion is as deep as the XML, which base/xml.h bounds.
 * Failure: a wrong escape is E_INVALIDARG as documented, all else PEER_E_INVALID_SEARCH; the tree
 * built so far is freed. The page calls type and compare mandatory and its schema does not: both
 * may be left out. */
#include "record/search.h"

#include "base/limits.h"
#include "base/xml.h"
#include "record/search_node.h"

static bool parse_compare(const char *text, enum search_compare *compare)
{
    static const char *const names[] = {
        [COMPARE_EQUAL] = "equal",
        [COMPARE_NOT_EQUAL] = "notequal",
        [COMPARE_LESS] = "less",
        [COMPARE_GREATER] = "greater",
        [COMPARE_LESS_OR_EQUAL] = "lessorequal",
        [COMPARE_GREATER_OR_EQUAL] = "greaterorequal",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) == 0) {
            *compare = (enum search_compare)i;
            return true;
        }
    }
    return false;
}

static bool is_guid(enum reserved_attribute reserved)
{
    return reserved == RESERVED_RECORD_ID || reserved == RESERVED_RECORD_TYPE;
}

/* Brings the text of a GUID, or a pattern of it, to the form of guid_format. */
static void normalise_guid(char *text)
{
    char *out = text;
    for (const char *c = text; *c; c++) {
        if (*c != '{' && *c != '}')
            *out++ = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    *out = '\0';
}

/* Resolves escapes in place; wildcards become their marks where they have a meaning. */
static HRESULT resolve_escapes(char *text, bool wildcards)
{
    char *out = text;
    for (const char *c = text; *c; c++) {
        if (*c == '\\') {
            c++;
            if (*c != '*' && *c != '?' && *c != '\\')
                return E_INVALIDARG;
            *out++ = *c;
        } else if (wildcards && (*c == '*' || *c == '?')) {
            *out++ = *c == '*' ? PATTERN_ANY_RUN : PATTERN_ANY_ONE;
        } else {
            *out++ = *c;
        }
    }
    *out = '\0';
    return S_OK;
}

static HRESULT check_value(struct search *clause)
{
    switch (clause->type) {
    case VALUE_INT:
        return value_is_int(clause->text) ? S_OK : PEER_E_INVALID_SEARCH;
    case VALUE_DATE:
        return value_parse_date(clause->text, &clause->date) ? S_OK : PEER_E_INVALID_SEARCH;
    case VALUE_STRING:
        break;
    }
    bool wildcards = clause->compare == COMPARE_EQUAL || clause->compare == COMPARE_NOT_EQUAL;
    HRESULT hr = resolve_escapes(clause->text, wildcards);
    if (SUCCEEDED(hr) && is_guid(clause->reserved))
        normalise_guid(clause->text);
    return hr;
}

static HRESULT read_clause(const struct xml_element *element, struct search *clause)
{
    const char *name = xml_attribute(element, NULL, "attrib");
    const char *type = xml_attribute(element, NULL, "type");
    const char *compare = xml_attribute(element, NULL, "compare");
    const char *text = xml_text(element);
    size_t known = (size_t) !!name + (size_t) !!type + (size_t) !!compare;
    if (!name || !attribute_name_is_valid(name) || !text || xml_attribute_count(element) != known ||
        (type && !value_type_parse(type, &clause->type)) ||
        (compare && !parse_compare(compare, &clause->compare)))
        return PEER_E_INVALID_SEARCH;
    clause->reserved = attribute_reserved(name);
    clause->name = mem_strdup(name);
    clause->text = mem_strdup(text);
    return clause->name && clause->text ? check_value(clause) : E_OUTOFMEMORY;
}

static bool read_kind(const struct xml_element *element, enum search_kind *kind)
{
    static const struct {
        const char *name;
        enum search_kind kind;
    } kinds[] = {{"clause", SEARCH_CLAUSE}, {"and", SEARCH_AND}, {"or", SEARCH_OR}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (xml_is(element, NULL, kinds[i].name)) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static HRESULT read_node(const struct xml_element *element, struct search **out);

static HRESULT read_children(const struct xml_element *element, struct search *node)
{
    if (!xml_first(element) || xml_has_text(element) || xml_attribute_count(element) > 0)
        return PEER_E_INVALID_SEARCH;
    struct search **end = &node->first;
    for (const struct xml_element *child = xml_first(element); child; child = xml_next(child)) {
        HRESULT hr = read_node(child, end);
        if (FAILED(hr))
            return hr;
        end = &(*end)->next;
    }
    return S_OK;
}

static HRESULT read_node(const struct xml_element *element, struct search **out)
{
    *out = NULL;
    enum search_kind kind;
    if (!read_kind(element, &kind))
        return PEER_E_INVALID_SEARCH;
    struct search *node = mem_zalloc(sizeof(*node));
    if (!node)
        return E_OUTOFMEMORY;
    node->kind = kind;
    HRESULT hr = kind == SEARCH_CLAUSE ? read_clause(element, node) : read_children(element, node);
    if (FAILED(hr))
        search_free(node);
    else
        *out = node;
    return hr;
}

HRESULT search_parse_bytes(struct bytes xml, struct search **out)
{
    *out = NULL;
    struct xml_document *document CLEANUP_XML = NULL;
    HRESULT hr = xml_parse(xml, PEER_E_INVALID_SEARCH, &document);
    if (FAILED(hr))
        return hr;
    const struct xml_element *root = xml_root(document);
    const struct xml_element *only = xml_first(root);
    if (!xml_is(root, NULL, "peersearch") || xml_attribute_count(root) > 0 || xml_has_text(root) ||
        !only || xml_next(only))
        return PEER_E_INVALID_SEARCH;
    return read_node(only, out);
}

HRESULT search_parse(const char *xml, struct search **out)
{
    ASSERT(xml && out);
    return search_parse_bytes(bytes_of_text(xml), out);
}

void search_free(struct search *search)
{
    if (!search)
        return;
    while (search->first) {
        struct search *child = search->first;
        search->first = child->next;
        search_free(child);
    }
    mem_free(search->name);
    mem_free(search->text);
    mem_free(search);
}
