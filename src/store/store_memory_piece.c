/* store_memory_piece.c - pieces of large payloads in memory, and the records that still wait for
 * some.
 *
 * A piece stays as long as a record or an unfinished record names its root: whoever stops naming it
 * goes first, then memory_drop_unnamed looks whether anything else does. Only E_OUTOFMEMORY can go
 * wrong (each removal is a step that can be undone); then the operation undoes what it had begun.
 */
#include "store/store_memory.h"

static struct memory_array *array_of(struct memory_store *store, enum memory_order order)
{
    return &store->orders[order];
}

static bool is_named(struct memory_store *store, const struct hash *root)
{
    struct memory_record probe = {.record = {.payload_root = *root}};
    struct memory_array *records = array_of(store, MEMORY_BY_ROOT);
    size_t at = memory_position(store, MEMORY_BY_ROOT, &probe, false);
    const struct memory_record *row = at < records->count ? records->rows[at] : NULL;
    if (row && hash_equal(&row->record.payload_root, root))
        return true;
    struct memory_array *unfinished = array_of(store, MEMORY_BY_DIGEST);
    for (at = 0; at < unfinished->count; at++) {
        row = unfinished->rows[at];
        if (hash_equal(&row->record.payload_root, root))
            return true;
    }
    return false;
}

/* first_piece is the position of the first piece under root. */
static size_t first_piece(struct memory_store *store, const struct hash *root)
{
    struct memory_piece probe = {.root = *root};
    return memory_position(store, MEMORY_BY_PIECE, &probe, false);
}

static struct memory_piece *piece_at(struct memory_store *store, size_t at)
{
    struct memory_array *pieces = array_of(store, MEMORY_BY_PIECE);
    return at < pieces->count ? pieces->rows[at] : NULL;
}

HRESULT memory_drop_unnamed(struct memory_store *store, const struct hash *root)
{
    if (is_named(store, root))
        return S_OK;
    size_t at = first_piece(store, root);
    struct memory_piece *piece = piece_at(store, at);
    HRESULT hr = S_OK;
    while (SUCCEEDED(hr) && piece && hash_equal(&piece->root, root)) {
        hr = memory_change(store, MEMORY_PIECE, piece, NULL);
        piece = piece_at(store, at);
    }
    return hr;
}

HRESULT memory_piece_put(struct store *base, const struct hash *root, uint32_t index,
                         struct bytes data, const struct hash *leaf)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_piece probe = {.root = *root, .index = index};
    if (data.size > LIMIT_PIECE_SIZE)
        return E_INVALIDARG;
    if (memory_at(store, MEMORY_BY_PIECE, &probe))
        return S_OK;
    struct memory_piece *piece = mem_alloc(sizeof(*piece) + data.size);
    if (!piece)
        return E_OUTOFMEMORY;
    *piece = probe;
    piece->leaf = *leaf;
    piece->data = bytes_of(piece + 1, data.size);
    if (data.size > 0)
        memcpy(piece + 1, data.data, data.size);
    return memory_change(store, MEMORY_PIECE, NULL, piece);
}

HRESULT memory_piece_get(struct store *base, const struct hash *root, uint32_t index,
                         struct buffer *data)
{
    struct memory_piece probe = {.root = *root, .index = index};
    const struct memory_piece *piece = memory_at(memory_store_of(base), MEMORY_BY_PIECE, &probe);
    data->size = 0;
    return piece ? buffer_append(data, piece->data.data, piece->data.size)
                 : PEER_E_RECORD_NOT_FOUND;
}

HRESULT memory_piece_has(struct store *base, const struct hash *root, uint32_t index, bool *has)
{
    struct memory_piece probe = {.root = *root, .index = index};
    *has = memory_at(memory_store_of(base), MEMORY_BY_PIECE, &probe) != NULL;
    return S_OK;
}

HRESULT memory_piece_count(struct store *base, const struct hash *root, uint32_t *count)
{
    struct memory_store *store = memory_store_of(base);
    *count = 0;
    size_t at = first_piece(store, root);
    for (struct memory_piece *piece = piece_at(store, at); piece && hash_equal(&piece->root, root);
         piece = piece_at(store, ++at))
        ++*count;
    return S_OK;
}

HRESULT memory_leaves(struct store *base, const struct hash *root, uint32_t count,
                      struct hash *leaves, uint64_t *size)
{
    struct memory_store *store = memory_store_of(base);
    size_t first = first_piece(store, root);
    *size = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct memory_piece *piece = piece_at(store, first + i);
        if (!piece || piece->index != i || !hash_equal(&piece->root, root))
            return PEER_E_RECORD_NOT_FOUND;
        leaves[i] = piece->leaf;
        *size += piece->data.size;
    }
    return S_OK;
}

HRESULT memory_pieces_drop(struct store *base, const struct hash *root)
{
    struct memory_store *store = memory_store_of(base);
    size_t before = store->step_count;
    HRESULT hr = memory_drop_unnamed(store, root);
    if (FAILED(hr))
        memory_undo(store, before);
    return hr;
}

HRESULT memory_pieces_collect(struct store *base)
{
    struct memory_store *store = memory_store_of(base);
    size_t before = store->step_count;
    HRESULT hr = S_OK;
    size_t at = 0;
    for (struct memory_piece *piece = piece_at(store, 0); SUCCEEDED(hr) && piece;
         piece = piece_at(store, at)) {
        if (is_named(store, &piece->root))
            at++;
        else
            hr = memory_change(store, MEMORY_PIECE, piece, NULL);
    }
    if (FAILED(hr))
        memory_undo(store, before);
    return hr;
}

HRESULT memory_unfinished_put(struct store *base, const struct store_unfinished *unfinished)
{
    struct memory_store *store = memory_store_of(base);
    HRESULT hr = store_row_check(&unfinished->record);
    if (FAILED(hr))
        return hr;
    struct memory_record *row = memory_record_new(&unfinished->record);
    if (!row)
        return E_OUTOFMEMORY;
    row->since_utc = unfinished->since_utc;
    row->owner = unfinished->owner;
    return memory_change(store, MEMORY_UNFINISHED, memory_at(store, MEMORY_BY_DIGEST, row), row);
}

/* forget removes one unfinished record and the pieces that nothing else names. */
static HRESULT forget(struct memory_store *store, struct memory_record *row)
{
    HRESULT hr = memory_change(store, MEMORY_UNFINISHED, row, NULL);
    return SUCCEEDED(hr) ? memory_drop_unnamed(store, &row->record.payload_root) : hr;
}

HRESULT memory_unfinished_remove(struct store *base, const struct hash *digest)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_record probe = {.record = {.digest = *digest}};
    struct memory_record *row = memory_at(store, MEMORY_BY_DIGEST, &probe);
    size_t before = store->step_count;
    HRESULT hr = row ? forget(store, row) : S_OK;
    if (FAILED(hr))
        memory_undo(store, before);
    return hr;
}

HRESULT memory_unfinished_each(struct store *base, store_unfinished_visitor visit, void *context)
{
    struct memory_store *store = memory_store_of(base);
    struct memory_array *unfinished = array_of(store, MEMORY_BY_DIGEST);
    HRESULT hr = S_OK;
    bool more = true;
    store->visits++;
    for (size_t at = 0; more && at < unfinished->count; at++) {
        const struct memory_record *row = unfinished->rows[at];
        struct store_unfinished shown = {.record = store_row_strip_payload(&row->record),
                                         .since_utc = row->since_utc,
                                         .owner = row->owner};
        more = memory_visited(visit(context, &shown), &hr);
    }
    store->visits--;
    return hr;
}
