/* attributes.h - an application's attributes of a record: read, checked, kept for searches. */
#ifndef RECORD_ATTRIBUTES_H
#define RECORD_ATTRIBUTES_H

#include "record/value.h"

/* What searches find in the record itself; applications cannot set these names. */
enum reserved_attribute {
    RESERVED_NONE,
    RESERVED_LAST_MODIFIED_BY,
    RESERVED_CREATOR_ID,
    RESERVED_LAST_MODIFICATION_TIME,
    RESERVED_RECORD_ID,
    RESERVED_RECORD_TYPE,
    RESERVED_CREATION_TIME,
};

struct attribute {
    char *name;
    char *text;
    enum value_type type;
    date_ticks date; /* of VALUE_DATE */
};

/* Owns its entries. Names may repeat. */
struct attribute_list {
    size_t count;
    struct attribute *entries;
};

/* attributes_parse reads "<attributes><attribute name= type=>value</attribute>...</attributes>"
 * into *out (free with attributes_free). An empty list is fine. PEER_E_INVALID_ATTRIBUTES: not
 * that, a bad or reserved name, a value that is not of its type, or beyond the limits of XML;
 * PEER_E_TOO_MANY_ATTRIBUTES: over LIMIT_ATTRIBUTES; E_OUTOFMEMORY. *out is NULL after a failure.
 */
HRESULT attributes_parse(const char *xml, struct attribute_list **out) MUST_CHECK;
/* attributes_parse_bytes: the same for bytes as they came from a neighbour. */
HRESULT attributes_parse_bytes(struct bytes xml, struct attribute_list **out) MUST_CHECK;
/* attributes_free takes NULL. */
void attributes_free(struct attribute_list *list);

/* attribute_name_is_valid: 1 to LIMIT_ATTRIBUTE_NAME of 0-9, a-z, A-Z; reserved names too. */
bool attribute_name_is_valid(const char *name);
/* attribute_reserved tells which reserved name this is, if any. */
enum reserved_attribute attribute_reserved(const char *name);

#endif
