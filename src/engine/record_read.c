/* record_read.c - reading records: one by its id, and what every reader needs.
 *
 * Rows are copied into plain values on the loop. A payload in pieces is read READ_PIECES at a time,
 * each part a call of its own; where the version was replaced in between, PeerGroupGetRecord begins
 * again with the one that stands, and reads it in one turn when that happens again and again. */
#include "engine/record_read.h"

enum { FLAG_DELETED = 2, READ_PIECES = 16, READ_TRIES = 4 };

void engine_record_deinit(struct engine_record *record)
{
    mem_free(record->creator);
    mem_free(record->modifier);
    mem_free(record->attributes);
    buffer_deinit(&record->signature);
    buffer_deinit(&record->payload);
    *record = (struct engine_record){.creator = NULL};
}

void engine_record_list_deinit(struct engine_record_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        engine_record_deinit(&list->items[i]);
    mem_free(list->items);
    *list = (struct engine_record_list){.items = NULL};
}

static HRESULT copy_text(struct bytes text, char **out)
{
    if (text.size == 0)
        return S_OK;
    *out = mem_strndup((const char *)text.data, text.size);
    return *out ? S_OK : E_OUTOFMEMORY;
}

/* Of all but the payload; on failure *out is empty. */
static HRESULT read_header(const struct store_record *row, struct engine_record *out)
{
    struct record record;
    *out = (struct engine_record){.creator = NULL};
    if (FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    out->id = record.id;
    out->type = record.type;
    out->version = record.version;
    out->flags = record.deleted ? FLAG_DELETED : 0;
    out->created = record.created;
    out->modified = record.modified;
    out->expiration = record.expiration;
    HRESULT hr = copy_text(record.creator_name, &out->creator);
    if (SUCCEEDED(hr))
        hr = copy_text(record.modifier_name, &out->modifier);
    if (SUCCEEDED(hr))
        hr = copy_text(record.attributes, &out->attributes);
    if (SUCCEEDED(hr))
        hr = buffer_append(&out->signature, row->signature.data, row->signature.size);
    if (FAILED(hr))
        engine_record_deinit(out);
    return hr;
}

HRESULT record_read(const struct store_record *row, struct engine_record *out,
                    struct payload_read *rest)
{
    *rest = (struct payload_read){.size = 0};
    HRESULT hr = read_header(row, out);
    if (FAILED(hr))
        return hr;
    if (row->payload_size <= LIMIT_PIECE_SIZE) {
        hr = buffer_append(&out->payload, row->payload.data, row->payload.size);
    } else {
        hr = buffer_reserve(&out->payload, row->payload_size);
        *rest = (struct payload_read){.id = row->id,
                                      .digest = row->digest,
                                      .root = row->payload_root,
                                      .size = row->payload_size,
                                      .into = &out->payload};
    }
    if (FAILED(hr))
        engine_record_deinit(out);
    return hr;
}

HRESULT record_read_pieces(struct node *node, struct payload_read *read, uint32_t limit)
{
    struct store_record row;
    const struct store_ops *ops = node->store->ops;
    HRESULT hr = ops->find(node->store, &read->id, &row);
    if (SUCCEEDED(hr) && !hash_equal(&row.digest, &read->digest))
        hr = PEER_E_RECORD_NOT_FOUND;
    if (FAILED(hr))
        return hr;
    uint32_t count = payload_piece_count(read->size);
    uint32_t end = count - read->next < limit ? count : read->next + limit;
    struct buffer piece = BUFFER_NULL;
    for (; read->next < end && SUCCEEDED(hr); read->next++) {
        hr = ops->piece_get(node->store, &read->root, read->next, &piece);
        if (SUCCEEDED(hr))
            hr = buffer_append(read->into, piece.data, piece.size);
    }
    buffer_deinit(&piece);
    if (FAILED(hr)) /* a record without all of its pieces */
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    return read->next < count ? S_FALSE : S_OK;
}

HRESULT record_copy(const struct engine_record *from, struct engine_record *out)
{
    *out = (struct engine_record){.id = from->id,
                                  .type = from->type,
                                  .version = from->version,
                                  .flags = from->flags,
                                  .created = from->created,
                                  .modified = from->modified,
                                  .expiration = from->expiration};
    HRESULT hr = copy_text(bytes_of_text(from->creator ? from->creator : ""), &out->creator);
    if (SUCCEEDED(hr))
        hr = copy_text(bytes_of_text(from->modifier ? from->modifier : ""), &out->modifier);
    if (SUCCEEDED(hr))
        hr = copy_text(bytes_of_text(from->attributes ? from->attributes : ""), &out->attributes);
    if (SUCCEEDED(hr))
        hr = buffer_append(&out->signature, from->signature.data, from->signature.size);
    if (SUCCEEDED(hr))
        hr = buffer_append(&out->payload, from->payload.data, from->payload.size);
    if (FAILED(hr))
        engine_record_deinit(out);
    return hr;
}

size_t record_memory(const struct engine_record *record)
{
    size_t size = sizeof(*record) + record->signature.capacity + record->payload.capacity;
    size += record->creator ? strlen(record->creator) : 0;
    size += record->modifier ? strlen(record->modifier) : 0;
    return size + (record->attributes ? strlen(record->attributes) : 0);
}

/* What does not parse as attributes never matches. */
HRESULT record_passes(const struct search *search, const struct store_record *row, bool *passes)
{
    struct record record;
    struct attribute_list *attributes = NULL;
    *passes = false;
    if (FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    HRESULT hr =
        record.attributes.size > 0 ? attributes_parse_bytes(record.attributes, &attributes) : S_OK;
    if (hr == E_OUTOFMEMORY)
        return hr;
    CLEANUP_FREE char *creator =
        mem_strndup((const char *)record.creator_name.data, record.creator_name.size);
    struct bytes last = record.modifier_name.size > 0 ? record.modifier_name : record.creator_name;
    CLEANUP_FREE char *modifier = mem_strndup((const char *)last.data, last.size);
    if (!creator || !modifier) {
        attributes_free(attributes);
        return E_OUTOFMEMORY;
    }
    struct search_subject subject = {.creator = creator,
                                     .modifier = modifier,
                                     .creation_time = record.created,
                                     .modification_time = record.modified,
                                     .id = record.id,
                                     .type = record.type,
                                     .attributes = attributes};
    *passes = search_match(search, &subject);
    attributes_free(attributes);
    return S_OK;
}

/* ---- one record ---- */

struct get_call {
    struct call call;
    uint64_t session;
    const struct guid *id;
    struct engine_record *record;
    struct payload_read rest;
    bool at_once;
};

/* A record that an event has told of can be read at once, also while the rest is still coming: only
 * what is not here depends on whether the group is ready. */
static HRESULT run_get(struct call *call)
{
    struct get_call *this = (struct get_call *)call;
    struct node *node;
    HRESULT ready = call_ready_node(call, this->session, &node);
    if (FAILED(ready) && ready != PEER_E_GROUP_NOT_READY)
        return ready;
    struct store_record row;
    HRESULT hr = node->store->ops->get(node->store, this->id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND && FAILED(ready) ? ready : hr;
    bool shown =
        graph_row_is_visible(node->graph, &row, loop_utc()) && !record_type_is_reserved(&row.type);
    hr = shown ? record_read(&row, this->record, &this->rest) : PEER_E_RECORD_NOT_FOUND;
    store_record_deinit(&row);
    if (SUCCEEDED(hr) && this->rest.size > 0 && this->at_once)
        hr = record_read_pieces(node, &this->rest, UINT32_MAX);
    return hr;
}

static HRESULT run_rest(struct call *call)
{
    struct get_call *this = (struct get_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    return SUCCEEDED(hr) ? record_read_pieces(node, &this->rest, READ_PIECES) : hr;
}

HRESULT engine_record_get(uint64_t session, const struct guid *id, struct engine_record *record)
{
    *record = (struct engine_record){.creator = NULL};
    struct get_call this = {.session = session, .id = id, .record = record};
    HRESULT hr;
    uint32_t tries = 0;
    do {
        engine_record_deinit(record);
        this.at_once = ++tries == READ_TRIES;
        hr = call_run(&this.call, run_get);
        if (FAILED(hr) || this.rest.size == 0 || this.at_once)
            break;
        do
            hr = call_run(&this.call, run_rest);
        while (hr == S_FALSE);
    } while (hr == PEER_E_RECORD_NOT_FOUND);
    if (FAILED(hr))
        engine_record_deinit(record);
    return hr;
}
