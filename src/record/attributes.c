/* attributes.c - attribute XML to a list of checked values [contract 11.1 to 11.5].
 *
 * Happy path: the XML is parsed under the limits of base/xml.h, the root is <attributes>, each
 * child an <attribute> with exactly a name and a type, whose text is of that type. The SDK's page
 * gives a looser pattern for names than its text; the text holds, and a type must be named as the
 * protocol's schema demands. Failure: the first violation in document order gives the code, and
 * nothing is left behind. */
#include "record/attributes.h"

#include "base/limits.h"
#include "base/xml.h"

bool attribute_name_is_valid(const char *name)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t size = strspn(name, allowed);
    return size > 0 && size <= LIMIT_ATTRIBUTE_NAME && name[size] == '\0';
}

enum reserved_attribute attribute_reserved(const char *name)
{
    static const char *const names[] = {
        [RESERVED_LAST_MODIFIED_BY] = "peerlastmodifiedby",
        [RESERVED_CREATOR_ID] = "peercreatorid",
        [RESERVED_LAST_MODIFICATION_TIME] = "peerlastmodificationtime",
        [RESERVED_RECORD_ID] = "peerrecordid",
        [RESERVED_RECORD_TYPE] = "peerrecordtype",
        [RESERVED_CREATION_TIME] = "peercreationtime",
    };
    for (size_t i = RESERVED_NONE + 1; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum reserved_attribute)i;
    }
    return RESERVED_NONE;
}

static bool is_of_type(const char *text, enum value_type type, date_ticks *date)
{
    switch (type) {
    case VALUE_INT:
        return value_is_int(text);
    case VALUE_DATE:
        return value_parse_date(text, date);
    case VALUE_STRING:
        break;
    }
    return true;
}

static HRESULT read_attribute(const struct xml_element *element, struct attribute *attribute)
{
    const char *name = xml_attribute(element, NULL, "name");
    const char *type = xml_attribute(element, NULL, "type");
    const char *text = xml_text(element);
    if (!xml_is(element, NULL, "attribute") || !name || !type || !text ||
        xml_attribute_count(element) != 2)
        return PEER_E_INVALID_ATTRIBUTES;
    if (!attribute_name_is_valid(name) || attribute_reserved(name) != RESERVED_NONE ||
        !value_type_parse(type, &attribute->type) ||
        !is_of_type(text, attribute->type, &attribute->date))
        return PEER_E_INVALID_ATTRIBUTES;
    attribute->name = mem_strdup(name);
    attribute->text = mem_strdup(text);
    return attribute->name && attribute->text ? S_OK : E_OUTOFMEMORY;
}

static size_t count_children(const struct xml_element *element)
{
    size_t count = 0;
    for (const struct xml_element *child = xml_first(element); child; child = xml_next(child))
        count++;
    return count;
}

/* Entries count from the moment they own something, so that a failure frees them all. */
static HRESULT read_list(const struct xml_element *root, struct attribute_list *list)
{
    if (!xml_is(root, NULL, "attributes") || xml_attribute_count(root) > 0 || xml_has_text(root))
        return PEER_E_INVALID_ATTRIBUTES;
    size_t children = count_children(root);
    size_t capacity = children < LIMIT_ATTRIBUTES ? children : LIMIT_ATTRIBUTES;
    list->entries = mem_calloc(capacity, sizeof(*list->entries));
    if (!list->entries)
        return E_OUTOFMEMORY;
    for (const struct xml_element *child = xml_first(root); child; child = xml_next(child)) {
        if (list->count == LIMIT_ATTRIBUTES)
            return PEER_E_TOO_MANY_ATTRIBUTES;
        HRESULT hr = read_attribute(child, &list->entries[list->count++]);
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

HRESULT attributes_parse_bytes(struct bytes xml, struct attribute_list **out)
{
    *out = NULL;
    struct xml_document *document CLEANUP_XML = NULL;
    HRESULT hr = xml_parse(xml, PEER_E_INVALID_ATTRIBUTES, &document);
    if (FAILED(hr))
        return hr;
    struct attribute_list *list = mem_zalloc(sizeof(*list));
    if (!list)
        return E_OUTOFMEMORY;
    hr = read_list(xml_root(document), list);
    if (FAILED(hr))
        attributes_free(list);
    else
        *out = list;
    return hr;
}

HRESULT attributes_parse(const char *xml, struct attribute_list **out)
{
    ASSERT(xml && out);
    return attributes_parse_bytes(bytes_of_text(xml), out);
}

void attributes_free(struct attribute_list *list)
{
    if (!list)
        return;
    for (size_t i = 0; i < list->count; i++) {
        mem_free(list->entries[i].name);
        mem_free(list->entries[i].text);
    }
    mem_free(list->entries);
    mem_free(list);
}
