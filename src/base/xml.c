/* xml.c - the one place that knows libxml2: its SAX events build our own small tree.
 *
 * Happy path: size and UTF-8 are checked, a parser context gets our callbacks and nothing else of
 * its handler, each start tag becomes one block linked below its parent, text collects in the
 * element it stands in. The tree is our own, not libxml2's, so that every allocation in it is ours
 * and none is lost in silence.
 * Failure: the first callback that objects stores its code and stops the parser. libxml2 reports a
 * lack of memory through the error callback, at times followed by a complaint about the input that
 * is only its consequence: memory wins. Nothing of libxml2 outlives xml_parse. */
#include "base/xml.h"

#include "base/text.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

struct xml_attribute {
    struct xml_attribute *next;
    const char *space; /* NULL: none */
    const char *name;
    const char *value;
    char texts[];
};

struct xml_element {
    struct xml_element *parent;
    struct xml_element *first;
    struct xml_element *last;
    struct xml_element *next;
    struct xml_attribute *attributes;
    size_t attribute_count;
    struct buffer text; /* NUL-terminated once there is any */
    bool has_text;
    const char *space; /* NULL: none */
    const char *name;
    char texts[];
};

struct xml_document {
    struct xml_element *root;
};

/* What the callbacks share during one parse. */
struct builder {
    xmlParserCtxt *context;
    struct xml_document *document;
    struct xml_element *current; /* innermost open element */
    size_t depth;
    HRESULT violation;
    HRESULT result;
};

static void fail(struct builder *builder, HRESULT hr)
{
    if (builder->result != E_OUTOFMEMORY)
        builder->result = hr;
    xmlStopParser(builder->context);
}

/* Copies size bytes and a NUL to *cursor, moves it on and returns where the copy stands. */
static const char *place(char **cursor, const void *text, size_t size)
{
    char *copy = *cursor;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    *cursor += size + 1;
    return copy;
}

static size_t size_or_zero(const xmlChar *text)
{
    return text ? strlen((const char *)text) : 0;
}

/* event: libxml2's five pointers of an attribute: name, prefix, namespace, value, value's end. */
static HRESULT add_attribute(struct xml_element *element, const xmlChar **event)
{
    size_t name_size = size_or_zero(event[0]);
    size_t space_size = size_or_zero(event[2]);
    size_t value_size = (size_t)(event[4] - event[3]);
    struct xml_attribute *attribute =
        mem_zalloc(sizeof(*attribute) + name_size + space_size + value_size + 3);
    if (!attribute)
        return E_OUTOFMEMORY;
    char *cursor = attribute->texts;
    attribute->name = place(&cursor, event[0], name_size);
    attribute->value = place(&cursor, event[3], value_size);
    attribute->space = event[2] ? place(&cursor, event[2], space_size) : NULL;
    attribute->next = element->attributes;
    element->attributes = attribute;
    element->attribute_count++;
    return S_OK;
}

static struct xml_element *new_element(const xmlChar *name, const xmlChar *space)
{
    size_t name_size = size_or_zero(name);
    size_t space_size = size_or_zero(space);
    struct xml_element *element = mem_zalloc(sizeof(*element) + name_size + space_size + 2);
    if (!element)
        return NULL;
    element->text.secret = true; /* of an invitation; nobody knows which */
    char *cursor = element->texts;
    element->name = place(&cursor, name, name_size);
    element->space = space ? place(&cursor, space, space_size) : NULL;
    return element;
}

static void link_element(struct builder *builder, struct xml_element *element)
{
    struct xml_element *parent = builder->current;
    element->parent = parent;
    if (!parent)
        builder->document->root = element;
    else if (parent->last)
        parent->last->next = element;
    else
        parent->first = element;
    if (parent)
        parent->last = element;
    builder->current = element;
    builder->depth++;
}

/* The signature is libxml2's. */
static void on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space,
                     int space_count, const xmlChar **spaces, int attribute_count,
                     int defaulted_count, const xmlChar **attributes)
{
    (void)prefix;
    (void)space_count;
    (void)spaces;
    (void)defaulted_count;
    struct builder *builder = user;
    if (FAILED(builder->result))
        return;
    if (builder->depth == LIMIT_XML_DEPTH) {
        fail(builder, builder->violation);
        return;
    }
    struct xml_element *element = new_element(name, space);
    if (!element) {
        fail(builder, E_OUTOFMEMORY);
        return;
    }
    link_element(builder, element);
    HRESULT hr = S_OK;
    for (int i = 0; i < attribute_count && SUCCEEDED(hr); i++)
        hr = add_attribute(element, attributes + 5 * (size_t)i);
    if (FAILED(hr))
        fail(builder, hr);
}

static void on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *space)
{
    (void)name;
    (void)prefix;
    (void)space;
    struct builder *builder = user;
    if (FAILED(builder->result))
        return;
    ASSERT(builder->current && builder->depth > 0);
    builder->current = builder->current->parent;
    builder->depth--;
}

static bool is_white(xmlChar c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void on_text(void *user, const xmlChar *text, int size)
{
    struct builder *builder = user;
    struct xml_element *element = builder->current;
    if (FAILED(builder->result) || !element || size <= 0)
        return;
    for (int i = 0; i < size && !element->has_text; i++)
        element->has_text = !is_white(text[i]);
    HRESULT hr = buffer_append(&element->text, text, (size_t)size);
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&element->text);
    if (FAILED(hr))
        fail(builder, hr);
}

static void on_doctype(void *user, const xmlChar *name, const xmlChar *external,
                       const xmlChar *system)
{
    (void)name;
    (void)external;
    (void)system;
    struct builder *builder = user;
    fail(builder, builder->violation);
}

/* Errors only: warnings, such as a relative namespace name, are no violation. */
#if LIBXML_VERSION >= 21200
static void on_error(void *user, const xmlError *error)
#else
static void on_error(void *user, xmlError *error)
#endif
{
    struct builder *builder = user;
    if (error->code == XML_ERR_NO_MEMORY)
        builder->result = E_OUTOFMEMORY;
    else if (error->level >= XML_ERR_ERROR && SUCCEEDED(builder->result))
        builder->result = builder->violation;
}

static void take_events(struct builder *builder, xmlParserCtxt *context)
{
    xmlSAXHandler *handler = context->sax;
    memset(handler, 0, sizeof(*handler));
    handler->initialized = XML_SAX2_MAGIC;
    handler->startElementNs = on_start;
    handler->endElementNs = on_end;
    handler->characters = on_text; /* CDATA too */
    handler->ignorableWhitespace = on_text;
    handler->internalSubset = on_doctype;
    handler->serror = on_error;
    context->userData = builder;
    builder->context = context;
}

/* Returns false where there was not even memory for the parser's state. */
static bool run_events(struct builder *builder, struct bytes text)
{
    xmlParserCtxt *context = xmlNewParserCtxt();
    if (!context)
        return false;
    take_events(builder, context);
    /* NOENT replaces references in attribute values too; without a DOCTYPE there are only the
     * predefined ones. */
    xmlDoc *none = xmlCtxtReadMemory(context, (const char *)text.data, (int)text.size, NULL, NULL,
                                     XML_PARSE_NOENT | XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
    if (SUCCEEDED(builder->result) && !(context->wellFormed && context->nsWellFormed))
        builder->result = builder->violation;
    xmlFreeDoc(none);
    xmlFreeParserCtxt(context);
    return true;
}

static HRESULT run_parser(struct builder *builder, struct bytes text)
{
    xmlInitParser(); /* does its work once, under libxml2's own lock */
    /* What goes wrong beside the context (buffers, names of namespaces) is told to the thread's own
     * handler only; lent to us, it also keeps libxml2 from writing to stderr. */
    xmlStructuredErrorFunc handler = xmlStructuredError;
    void *handler_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(builder, on_error);
    bool ran = run_events(builder, text);
    xmlSetStructuredErrorFunc(handler_context, handler);
    if (FAILED(builder->result))
        return builder->result;
    /* An input stream that could not be made is the one failure without an event. */
    return ran && builder->document->root && !builder->current ? S_OK : E_OUTOFMEMORY;
}

static HRESULT parse_once(struct bytes text, HRESULT violation, struct xml_document **out)
{
    struct xml_document *document = mem_zalloc(sizeof(*document));
    if (!document)
        return E_OUTOFMEMORY;
    struct builder builder = {.document = document, .violation = violation, .result = S_OK};
    HRESULT hr = run_parser(&builder, text);
    if (FAILED(hr))
        xml_free(document);
    else
        *out = document;
    return hr;
}

HRESULT xml_parse(struct bytes text, HRESULT violation, struct xml_document **out)
{
    ASSERT(out && FAILED(violation));
    *out = NULL;
    if (text.size == 0 || text.size > LIMIT_XML_SIZE || !text_is_utf8(text))
        return violation;
    HRESULT hr = parse_once(text, violation, out);
    /* Where libxml2 finds no memory for a name it calls the name missing. Good input must not be
     * called bad for that; what is bad is so the second time too. */
    if (hr == violation)
        hr = parse_once(text, violation, out);
    return hr;
}

static void free_element(struct xml_element *element)
{
    while (element->attributes) {
        struct xml_attribute *attribute = element->attributes;
        element->attributes = attribute->next;
        mem_free(attribute);
    }
    buffer_deinit(&element->text);
    mem_free(element);
}

/* Without recursion: goes down to a leaf, frees it, and goes on with what followed it. */
void xml_free(struct xml_document *document)
{
    if (!document)
        return;
    struct xml_element *element = document->root;
    while (element) {
        if (element->first) {
            struct xml_element *child = element->first;
            element->first = NULL;
            element = child;
            continue;
        }
        struct xml_element *after = element->next ? element->next : element->parent;
        free_element(element);
        element = after;
    }
    mem_free(document);
}

const struct xml_element *xml_root(const struct xml_document *document)
{
    return document->root;
}

const struct xml_element *xml_first(const struct xml_element *element)
{
    return element->first;
}

const struct xml_element *xml_next(const struct xml_element *element)
{
    return element->next;
}

static bool is_named(const char *own_space, const char *own_name, const char *space,
                     const char *name)
{
    if (strcmp(own_name, name) != 0)
        return false;
    return own_space && space ? strcmp(own_space, space) == 0 : own_space == space;
}

bool xml_is(const struct xml_element *element, const char *space, const char *name)
{
    return is_named(element->space, element->name, space, name);
}

const struct xml_element *xml_child(const struct xml_element *element, const char *space,
                                    const char *name)
{
    const struct xml_element *found = NULL;
    for (const struct xml_element *child = element->first; child; child = child->next) {
        if (!xml_is(child, space, name))
            continue;
        if (found)
            return NULL;
        found = child;
    }
    return found;
}

const char *xml_attribute(const struct xml_element *element, const char *space, const char *name)
{
    for (const struct xml_attribute *each = element->attributes; each; each = each->next) {
        if (is_named(each->space, each->name, space, name))
            return each->value;
    }
    return NULL;
}

size_t xml_attribute_count(const struct xml_element *element)
{
    return element->attribute_count;
}

const char *xml_text(const struct xml_element *element)
{
    if (element->first)
        return NULL;
    return element->text.data ? (const char *)element->text.data : "";
}

bool xml_has_text(const struct xml_element *element)
{
    return element->has_text;
}
