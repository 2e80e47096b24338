/* fuzz_attributes.c - whatever a neighbour sends as a record's attributes: a list that keeps its
 * promises, or one of two codes. */
#include "base/limits.h"
#include "record/attributes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct attribute_list *list = NULL;
    HRESULT hr = attributes_parse_bytes(bytes_of(data, size), &list);
    ASSERT(hr == S_OK || hr == PEER_E_INVALID_ATTRIBUTES || hr == PEER_E_TOO_MANY_ATTRIBUTES);
    ASSERT(SUCCEEDED(hr) == (list != NULL));
    ASSERT(!list || list->count <= LIMIT_ATTRIBUTES);
    for (size_t i = 0; list && i < list->count; i++) {
        const struct attribute *entry = &list->entries[i];
        date_ticks date = 0;
        ASSERT(attribute_name_is_valid(entry->name));
        ASSERT(attribute_reserved(entry->name) == RESERVED_NONE);
        ASSERT(entry->type != VALUE_INT || value_is_int(entry->text));
        ASSERT(entry->type != VALUE_DATE || value_parse_date(entry->text, &date));
        ASSERT(entry->date == date);
    }
    attributes_free(list);
    return 0;
}
