/* store.c - what the two backends share: release, and the checks and copies of rows.
 *
 * A copied row is one block: header, signature and payload one behind the other, the views pointing
 * into it. Checks return a code, since what is put comes from members of the group; the only other
 * failure is E_OUTOFMEMORY, which leaves the output empty. */
#include "store/store_row.h"

void store_free(struct store *store)
{
    if (store)
        store->ops->free(store);
}

void store_record_deinit(struct store_record *record)
{
    /* Security Properties hold the secret that finds the group. */
    if (record->owned && record->payload.size > 0)
        mem_wipe(record->owned + (record->payload.data - record->owned), record->payload.size);
    mem_free(record->owned);
    *record = (struct store_record){.owned = NULL};
}

HRESULT store_row_check(const struct store_record *record)
{
    if (record->payload_size > INT64_MAX)
        return E_INVALIDARG;
    uint64_t inline_size = store_row_has_pieces(record) ? 0 : record->payload_size;
    return record->payload.size == inline_size ? S_OK : E_INVALIDARG;
}

static struct bytes append_view(uint8_t **end, struct bytes view)
{
    struct bytes copy = bytes_of(*end, view.size);
    if (view.size > 0)
        memcpy(*end, view.data, view.size);
    *end += view.size;
    return copy;
}

size_t store_row_size(const struct store_record *record)
{
    return record->header.size + record->signature.size + record->payload.size;
}

void store_row_place(const struct store_record *record, uint8_t *block, struct store_record *copy)
{
    *copy = *record;
    copy->owned = NULL;
    copy->header = append_view(&block, record->header);
    copy->signature = append_view(&block, record->signature);
    copy->payload = append_view(&block, record->payload);
}

HRESULT store_row_copy(const struct store_record *record, struct store_record *copy)
{
    *copy = (struct store_record){.owned = NULL};
    uint8_t *block = mem_alloc(store_row_size(record));
    if (!block)
        return E_OUTOFMEMORY;
    store_row_place(record, block, copy);
    copy->owned = block;
    return S_OK;
}
