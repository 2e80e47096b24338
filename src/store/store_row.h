/* store_row.h - what both backends do with a row: judge it, copy it. */
#ifndef STORE_STORE_ROW_H
#define STORE_STORE_ROW_H

#include "base/limits.h"
#include "store/store.h"

/* store_row_check: E_INVALIDARG when the payload view contradicts payload_size. */
HRESULT store_row_check(const struct store_record *record) MUST_CHECK;

/* store_row_size is the number of bytes that the views show; store_row_place makes copy a row whose
 * views lie in block, which has that size and stays the caller's. */
size_t store_row_size(const struct store_record *record);
void store_row_place(const struct store_record *record, uint8_t *block, struct store_record *copy);

/* store_row_copy copies the row and what its views show into one block, copy->owned; on failure
 * copy is empty. E_OUTOFMEMORY. */
HRESULT store_row_copy(const struct store_record *record, struct store_record *copy) MUST_CHECK;

/* store_row_has_pieces tells whether the payload lives in pieces. */
static inline bool store_row_has_pieces(const struct store_record *record)
{
    return record->payload_size > LIMIT_PIECE_SIZE;
}

/* store_row_strip_payload gives the row without its payload, store_row_strip_views without any
 * view. */
static inline struct store_record store_row_strip_payload(const struct store_record *record)
{
    struct store_record row = *record;
    row.payload = bytes_of(NULL, 0);
    row.owned = NULL;
    return row;
}

static inline struct store_record store_row_strip_views(const struct store_record *record)
{
    struct store_record row = store_row_strip_payload(record);
    row.header = row.signature = bytes_of(NULL, 0);
    return row;
}

/* store_key_begins tells whether key begins with prefix. */
static inline bool store_key_begins(struct bytes key, struct bytes prefix)
{
    return key.size >= prefix.size && bytes_equal(bytes_of(key.data, prefix.size), prefix);
}

#endif
