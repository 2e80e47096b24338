/* xml_write.c - XML text from names of ours and values of anybody.
 *
 * Happy path: open, attributes, text or children, close; the start tag stays open until something
 * other than an attribute follows, so that an empty element is written <name/>. Values are checked
 * to be UTF-8 of characters that XML 1.0 can carry, and escaped so that a parser gives back the
 * same bytes: that includes carriage returns, and tabs and line feeds in attributes. Failure: the
 * first one sticks; later calls do nothing. */
#include "base/xml.h"

#include "base/text.h"

void xml_writer_init(struct xml_writer *writer, struct buffer *out)
{
    *writer = (struct xml_writer){.out = out, .result = S_OK};
}

static void put(struct xml_writer *writer, const void *text, size_t size)
{
    if (SUCCEEDED(writer->result))
        writer->result = buffer_append(writer->out, text, size);
}

static void put_text(struct xml_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void end_tag(struct xml_writer *writer)
{
    if (writer->tag_open)
        put_text(writer, ">");
    writer->tag_open = false;
}

/* What stands for a byte, NULL for the byte itself. */
static const char *escape_of(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;";
    case '"':
        return in_attribute ? "&quot;" : NULL;
    case '\t':
        return in_attribute ? "&#9;" : NULL;
    case '\n':
        return in_attribute ? "&#10;" : NULL;
    default:
        return NULL;
    }
}

/* XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF. */
static bool is_writable(const char *text)
{
    if (!text_is_utf8(bytes_of_text(text)))
        return false;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\n' && *c != '\r')
            return false;
    }
    return !strstr(text, "\xEF\xBF\xBE") && !strstr(text, "\xEF\xBF\xBF");
}

static void put_escaped(struct xml_writer *writer, const char *text, bool in_attribute)
{
    if (SUCCEEDED(writer->result) && !is_writable(text))
        writer->result = E_INVALIDARG;
    const char *start = text;
    for (const char *c = text; *c && SUCCEEDED(writer->result); c++) {
        const char *escape = escape_of(*c, in_attribute);
        if (!escape)
            continue;
        put(writer, start, (size_t)(c - start));
        put_text(writer, escape);
        start = c + 1;
    }
    put_text(writer, start);
}

void xml_write_open(struct xml_writer *writer, const char *name)
{
    ASSERT(writer->depth < LIMIT_XML_DEPTH);
    end_tag(writer);
    put_text(writer, "<");
    put_text(writer, name);
    writer->names[writer->depth++] = name;
    writer->tag_open = true;
}

void xml_write_attribute(struct xml_writer *writer, const char *name, const char *value)
{
    ASSERT(writer->tag_open);
    put_text(writer, " ");
    put_text(writer, name);
    put_text(writer, "=\"");
    put_escaped(writer, value, true);
    put_text(writer, "\"");
}

void xml_write_text(struct xml_writer *writer, const char *text)
{
    ASSERT(writer->depth > 0);
    if (*text == '\0')
        return;
    end_tag(writer);
    put_escaped(writer, text, false);
}

void xml_write_base64(struct xml_writer *writer, struct bytes data)
{
    ASSERT(writer->depth > 0);
    if (data.size == 0)
        return;
    end_tag(writer);
    if (SUCCEEDED(writer->result))
        writer->result = text_base64_encode(data, writer->out);
}

void xml_write_close(struct xml_writer *writer)
{
    ASSERT(writer->depth > 0);
    const char *name = writer->names[--writer->depth];
    if (writer->tag_open) {
        put_text(writer, "/>");
        writer->tag_open = false;
        return;
    }
    put_text(writer, "</");
    put_text(writer, name);
    put_text(writer, ">");
}

void xml_write_element(struct xml_writer *writer, const char *name, const char *text)
{
    xml_write_open(writer, name);
    xml_write_text(writer, text);
    xml_write_close(writer);
}

HRESULT xml_writer_finish(struct xml_writer *writer)
{
    ASSERT(writer->depth == 0);
    return writer->result;
}
