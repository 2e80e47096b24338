/* query.c - attributes and searches between name=value and the XML that the library takes.
 *
 * Making XML escapes what must be and leaves all judgement of names and values to the library.
 * Reading is for showing only: a scan for attribute elements that passes over anything it does not
 * know, since the library has checked the document before it stored it. */
#include "cli/query.h"
#include "cli/error.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

/* Made for this command; other programs may use them too. */
const GUID record_type_note = {
    0x3f2c6a10, 0x8b57, 0x4c1e, {0x9d, 0x42, 0x51, 0x7a, 0xe0, 0x6b, 0x2f, 0x01}};
const GUID record_type_chat = {
    0x3f2c6a10, 0x8b57, 0x4c1e, {0x9d, 0x42, 0x51, 0x7a, 0xe0, 0x6b, 0x2f, 0x02}};

bool record_type_parse(const char *text, GUID *type)
{
    if (strcmp(text, "note") == 0)
        *type = record_type_note;
    else if (strcmp(text, "chat") == 0)
        *type = record_type_chat;
    else
        return text_guid_parse(text, type);
    return true;
}

char *record_type_text(const GUID *type)
{
    if (memcmp(type, &record_type_note, sizeof(*type)) == 0)
        return text_copy("note");
    if (memcmp(type, &record_type_chat, sizeof(*type)) == 0)
        return text_copy("chat");
    char text[GUID_TEXT_SIZE];
    text_guid(type, text);
    return text_copy(text);
}

static void append_escaped(struct text_buffer *xml, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (text[i]) {
        case '&':
            text_append_string(xml, "&amp;");
            break;
        case '<':
            text_append_string(xml, "&lt;");
            break;
        case '>':
            text_append_string(xml, "&gt;");
            break;
        case '"':
            text_append_string(xml, "&quot;");
            break;
        default:
            text_append(xml, &text[i], 1);
        }
    }
}

/* ---- making attributes ---- */

/* One "NAME[:TYPE]" of size characters. */
struct typed_name {
    const char *name;
    size_t name_size;
    const char *type;
    size_t type_size;
};

static struct typed_name split_name(const char *text, size_t size)
{
    const char *colon = memchr(text, ':', size);
    struct typed_name this = {text, size, "string", 6};
    if (colon) {
        this.name_size = (size_t)(colon - text);
        this.type = colon + 1;
        this.type_size = size - this.name_size - 1;
    }
    return this;
}

static void append_attribute(struct text_buffer *xml, const struct typed_name *name,
                             const char *value)
{
    text_append_string(xml, "<attribute name=\"");
    append_escaped(xml, name->name, name->name_size);
    text_append_string(xml, "\" type=\"");
    append_escaped(xml, name->type, name->type_size);
    text_append_string(xml, "\">");
    append_escaped(xml, value, strlen(value));
    text_append_string(xml, "</attribute>");
}

int attributes_make(const struct context *context, const struct arguments *arguments,
                    const char *file, char **xml)
{
    struct text_buffer text = {.data = NULL};
    struct typed_name filename = split_name("filename", 8);
    bool named = false;
    int at = 0, count = 0;
    *xml = NULL;
    text_append_string(&text, "<attributes>");
    for (const char *one; (one = arguments_next(arguments, "--attribute", &at)); count++) {
        const char *equals = strchr(one, '=');
        if (!equals) {
            free(text.data);
            return error_usage(context, "--attribute takes NAME=VALUE or NAME:TYPE=VALUE, not %s",
                               one);
        }
        struct typed_name name = split_name(one, (size_t)(equals - one));
        named |= name.name_size == 8 && strncmp(name.name, "filename", 8) == 0;
        append_attribute(&text, &name, equals + 1);
    }
    if (file && !named) {
        const char *slash = strrchr(file, '/');
        append_attribute(&text, &filename, slash ? slash + 1 : file);
        count++;
    }
    text_append_string(&text, "</attributes>");
    if (count > 0)
        *xml = text.data;
    else
        free(text.data);
    return EXIT_OK;
}

/* ---- showing attributes ---- */

static void append_character(struct text_buffer *text, unsigned long code)
{
    char utf8[4];
    size_t size = 0;
    if (code < 0x80) {
        utf8[size++] = (char)code;
    } else if (code < 0x800) {
        utf8[size++] = (char)(0xc0 | code >> 6);
        utf8[size++] = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        utf8[size++] = (char)(0xe0 | code >> 12);
        utf8[size++] = (char)(0x80 | (code >> 6 & 63));
        utf8[size++] = (char)(0x80 | (code & 63));
    } else if (code < 0x110000) {
        utf8[size++] = (char)(0xf0 | code >> 18);
        utf8[size++] = (char)(0x80 | (code >> 12 & 63));
        utf8[size++] = (char)(0x80 | (code >> 6 & 63));
        utf8[size++] = (char)(0x80 | (code & 63));
    }
    text_append(text, utf8, size);
}

/* Returns what follows the entity at text, which begins with '&'. */
static const char *append_entity(struct text_buffer *to, const char *text)
{
    static const struct {
        const char *entity;
        char character;
    } known[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strncmp(text, known[i].entity, strlen(known[i].entity)) != 0)
            continue;
        text_append(to, &known[i].character, 1);
        return text + strlen(known[i].entity);
    }
    if (text[1] == '#') {
        char *end;
        bool hex = text[2] == 'x';
        unsigned long code = strtoul(text + (hex ? 3 : 2), &end, hex ? 16 : 10);
        append_character(to, code);
        return *end == ';' ? end + 1 : end;
    }
    text_append(to, text, 1);
    return text + 1;
}

/* The text from text to the first of stop, entities and CDATA resolved; *end is where it stopped.
 */
static char *read_text(const char *text, char stop, const char **end)
{
    static const char opening[] = "<![CDATA[";
    struct text_buffer value = {.data = NULL};
    text_append_string(&value, "");
    while (*text) {
        const char *close;
        if (*text == '&') {
            text = append_entity(&value, text);
        } else if (strncmp(text, opening, strlen(opening)) == 0 && (close = strstr(text, "]]>"))) {
            text += strlen(opening);
            text_append(&value, text, (size_t)(close - text));
            text = close + 3;
        } else if (*text == stop) {
            break;
        } else {
            text_append(&value, text++, 1);
        }
    }
    *end = text;
    return value.data;
}

/* Reads name="..." pairs up to the end of the tag; the text after it, or NULL. */
static const char *read_tag(const char *at, json_t *object, bool *empty)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        *empty = at[0] == '/' && at[1] == '>';
        if (*empty || *at == '>')
            return at + (*empty ? 2 : 1);
        size_t size = strcspn(at, "= \t\r\n/>");
        const char *value = at + size + strspn(at + size, " \t\r\n=");
        if (size == 0 || (*value != '"' && *value != '\''))
            return NULL;
        char *key CLEANUP_TEXT = text_format("%.*s", (int)size, at);
        char *text CLEANUP_TEXT = read_text(value + 1, *value, &at);
        json_object_set_new(object, key, json_string(text));
        at += *at != '\0';
    }
}

json_t *attributes_read(const char *xml)
{
    json_t *list = json_array();
    const char *at = xml;
    while (at && (at = strstr(at, "<attribute"))) {
        at += strlen("<attribute");
        if (!strchr(" \t\r\n", *at) || !*at)
            continue;
        bool empty = false;
        json_t *object = json_object();
        const char *after = read_tag(at, object, &empty);
        if (after) {
            char *value CLEANUP_TEXT = empty ? text_copy("") : read_text(after, '<', &at);
            json_object_set_new(object, "value", json_string(value));
            json_array_append(list, object);
        }
        json_decref(object);
    }
    return list;
}

/* ---- searches ---- */

static const struct {
    const char *operator_text;
    const char *compare;
} comparisons[] = {{"!=", "notequal"}, {"<=", "lessorequal"}, {">=", "greaterorequal"},
                   {"=", "equal"},     {"<", "less"},         {">", "greater"}};

static const struct {
    const char *name;
    const char *attribute;
    const char *type;
} reserved[] = {
    {"id", "peerrecordid", "string"},        {"type", "peerrecordtype", "string"},
    {"creator", "peercreatorid", "string"},  {"modifier", "peerlastmodifiedby", "string"},
    {"created", "peercreationtime", "date"}, {"modified", "peerlastmodificationtime", "date"}};

static void reserved_name(struct typed_name *name)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        bool same = strlen(reserved[i].name) == name->name_size &&
                    strncmp(reserved[i].name, name->name, name->name_size) == 0;
        if (!same)
            continue;
        *name = (struct typed_name){reserved[i].attribute, strlen(reserved[i].attribute),
                                    reserved[i].type, strlen(reserved[i].type)};
        return;
    }
}

/* What the library wants where people write a member's or a type's name; NULL: as it stands. */
static char *translate(const struct typed_name *name, const char *value,
                       char *(*peer_name)(void *names, const char *name), void *names)
{
    GUID type;
    if (strcmp(name->name, "peercreatorid") == 0 || strcmp(name->name, "peerlastmodifiedby") == 0)
        return peer_name(names, value);
    if (strcmp(name->name, "peerrecordtype") != 0 || !record_type_parse(value, &type))
        return NULL;
    char text[GUID_TEXT_SIZE];
    text_guid(&type, text);
    return text_copy(text);
}

int query_make(const struct context *context, const struct arguments *arguments,
               char *(*peer_name)(void *names, const char *name), void *names, char **xml)
{
    struct text_buffer text = {.data = NULL};
    bool several = arguments->word_count > 1;
    *xml = NULL;
    text_append_string(&text, several ? "<peersearch><and>" : "<peersearch>");
    for (int i = 0; i < arguments->word_count; i++) {
        const char *word = arguments->words[i];
        size_t size = strcspn(word, "=!<>"), which = 0;
        while (which < 6 && strncmp(word + size, comparisons[which].operator_text,
                                    strlen(comparisons[which].operator_text)) != 0)
            which++;
        if (size == 0 || which == 6) {
            free(text.data);
            return error_usage(context,
                               "a search term is NAME=VALUE, with = != < > <= or >=, not %s", word);
        }
        const char *value = word + size + strlen(comparisons[which].operator_text);
        struct typed_name name = split_name(word, size);
        reserved_name(&name);
        char *other CLEANUP_TEXT = translate(&name, value, peer_name, names);
        text_append_string(&text, "<clause attrib=\"");
        append_escaped(&text, name.name, name.name_size);
        text_append_string(&text, "\" type=\"");
        append_escaped(&text, name.type, name.type_size);
        text_append_string(&text, "\" compare=\"");
        text_append_string(&text, comparisons[which].compare);
        text_append_string(&text, "\">");
        append_escaped(&text, other ? other : value, strlen(other ? other : value));
        text_append_string(&text, "</clause>");
    }
    text_append_string(&text, several ? "</and></peersearch>" : "</peersearch>");
    *xml = text.data;
    return EXIT_OK;
}
