/* xml.h - XML from anywhere, read into a small tree under hard limits, and a writer that escapes.
 *
 * The parser knows no DOCTYPE, hence no entities beyond the five predefined ones and character
 * references; it opens nothing. Text is UTF-8 whatever an encoding declaration says, because the
 * border has converted it. */
#ifndef BASE_XML_H
#define BASE_XML_H

#include "base/bytes.h"
#include "base/limits.h"

struct xml_document;
struct xml_element;

/* xml_parse reads a whole document into *out (free with xml_free; it borrows nothing from text).
 * Returns S_OK, E_OUTOFMEMORY, or violation for everything that is wrong: malformed UTF-8 or XML, a
 * DOCTYPE, an undeclared prefix, over LIMIT_XML_SIZE bytes, over LIMIT_XML_DEPTH levels (the root
 * is the first). Comments and processing instructions are skipped. Any thread. *out is NULL after a
 * failure. */
HRESULT xml_parse(struct bytes text, HRESULT violation, struct xml_document **out) MUST_CHECK;

/* xml_free frees a document and all that was got from it. NULL is fine. */
void xml_free(struct xml_document *document);
static inline void xml_freep(struct xml_document **document)
{
    xml_free(*document);
}
#define CLEANUP_XML CLEANUP(xml_freep)

/* All below borrow from the document. space is a namespace name, NULL for none. */

/* xml_root gives the root; a parsed document has one. */
const struct xml_element *xml_root(const struct xml_document *document);
/* xml_first and xml_next walk the children that are elements, in order; NULL at the end. */
const struct xml_element *xml_first(const struct xml_element *element);
const struct xml_element *xml_next(const struct xml_element *element);
/* xml_is: the element has this name in this namespace. */
bool xml_is(const struct xml_element *element, const char *space, const char *name);
/* xml_child gives the only child of that name; NULL where there is none, or more than one. */
const struct xml_element *xml_child(const struct xml_element *element, const char *space,
                                    const char *name);

/* xml_attribute gives an attribute's value, NULL where it is missing. Declarations of namespaces
 * are not attributes. */
const char *xml_attribute(const struct xml_element *element, const char *space, const char *name);
/* xml_attribute_count lets a reader refuse attributes that it does not know. */
size_t xml_attribute_count(const struct xml_element *element);

/* xml_text gives the text and CDATA of an element in one piece ("" where there is none); NULL where
 * it has children. */
const char *xml_text(const struct xml_element *element);
/* xml_has_text: there is text other than white space between the element's tags. */
bool xml_has_text(const struct xml_element *element);

/* A writer that appends to a buffer. Its result is sticky: after a failure the other calls do
 * nothing, and xml_writer_finish tells. Names are the library's own words and are borrowed until
 * their element is closed. */
struct xml_writer {
    struct buffer *out;
    HRESULT result;
    bool tag_open; /* "<name" stands there without its ">" */
    size_t depth;
    const char *names[LIMIT_XML_DEPTH];
};

/* xml_writer_init borrows the buffer until xml_writer_finish. */
void xml_writer_init(struct xml_writer *writer, struct buffer *out);
void xml_write_open(struct xml_writer *writer, const char *name);
/* xml_write_attribute belongs directly behind xml_write_open or another attribute. A declaration of
 * a namespace is written as the attribute "xmlns:dt". */
void xml_write_attribute(struct xml_writer *writer, const char *name, const char *value);
void xml_write_text(struct xml_writer *writer, const char *text);
/* xml_write_base64 writes bytes as the text of the open element. */
void xml_write_base64(struct xml_writer *writer, struct bytes data);
void xml_write_close(struct xml_writer *writer);
/* xml_write_element: open, text, close. */
void xml_write_element(struct xml_writer *writer, const char *name, const char *text);
/* xml_writer_finish returns S_OK with everything closed, E_INVALIDARG where a value was not UTF-8
 * or held a character that XML cannot carry, E_OUTOFMEMORY. After a failure the buffer holds a
 * part. */
HRESULT xml_writer_finish(struct xml_writer *writer) MUST_CHECK;

#endif
