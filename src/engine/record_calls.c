/* record_calls.c - records: publish, read, search; and the group's time.
 *
 * A payload larger than one piece is hashed on the caller's thread and put into the store a few
 * pieces at a time, so that other traffic goes on in between; the record that names them follows in
 * its own commit. A publishing call ends when that commit is on disk. Reading copies rows into
 * plain values on the loop. */
#include "engine/engine_internal.h"

enum { STAGE_PIECES = 16, FLAG_DELETED = 2 };

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

/* ---- publishing ---- */

struct publish_call {
    struct call call;
    uint64_t session;
    struct graph_publish publish;
    struct bytes payload; /* pieces to stage */
    uint32_t first_piece;
};

static HRESULT run_stage(struct call *call)
{
    struct publish_call *this = (struct publish_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    uint32_t count = payload_piece_count(this->payload.size);
    for (uint32_t i = this->first_piece;
         i < count && i < this->first_piece + STAGE_PIECES && SUCCEEDED(hr); i++) {
        struct bytes piece = bytes_of(this->payload.data + (size_t)i * LIMIT_PIECE_SIZE,
                                      payload_piece_size(this->payload.size, i));
        hr = node->store->ops->piece_put(node->store, &this->publish.payload_root, i, piece);
        if (FAILED(hr))
            node->failed = hr;
        node_touch(node);
    }
    return hr;
}

static HRESULT run_publish(struct call *call)
{
    struct publish_call *this = (struct publish_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    call->request = ++call->engine->next_id;
    struct graph_event event = {
        .type = GRAPH_PUBLISH, .request = call->request, .publish = &this->publish};
    hr = node_step(node, &event);
    call_defer(node, call, hr);
    return hr;
}

static HRESULT publish_payload(struct publish_call *this, struct bytes payload)
{
    this->publish.payload_size = payload.size;
    if (payload.size <= LIMIT_PIECE_SIZE) {
        this->publish.payload = payload;
        payload_leaf(payload, &this->publish.payload_root);
        return S_OK;
    }
    HRESULT hr = payload_root(payload, &this->publish.payload_root);
    this->payload = payload;
    uint32_t count = payload_piece_count(payload.size);
    for (uint32_t i = 0; i < count && SUCCEEDED(hr); i += STAGE_PIECES) {
        this->first_piece = i;
        hr = call_run(&this->call, run_stage);
    }
    return hr;
}

static HRESULT publish_run(uint64_t session, enum publish_kind kind,
                           const struct engine_publish *wish, struct guid *id)
{
    struct publish_call this = {.session = session};
    this.publish.kind = kind;
    this.publish.type = wish->type;
    this.publish.id = wish->id;
    this.publish.expiration = wish->expiration;
    this.publish.attributes = bytes_of_text(wish->attributes ? wish->attributes : "");
    HRESULT hr = publish_payload(&this, wish->payload);
    if (FAILED(hr))
        return hr;
    hr = call_run(&this.call, run_publish);
    if (id)
        *id = this.call.id;
    return hr;
}

HRESULT engine_record_add(uint64_t session, const struct engine_publish *wish, struct guid *id)
{
    *id = GUID_NULL_VALUE;
    return publish_run(session, PUBLISH_ADD, wish, id);
}

HRESULT engine_record_update(uint64_t session, const struct engine_publish *wish)
{
    return publish_run(session, PUBLISH_UPDATE, wish, NULL);
}

HRESULT engine_record_delete(uint64_t session, const struct guid *id)
{
    struct engine_publish wish = {.id = *id};
    return publish_run(session, PUBLISH_DELETE, &wish, NULL);
}

/* ---- reading ---- */

static HRESULT copy_payload(struct node *node, const struct store_record *row,
                            struct buffer *payload)
{
    if (row->payload_size <= LIMIT_PIECE_SIZE)
        return buffer_append(payload, row->payload.data, row->payload.size);
    HRESULT hr = buffer_reserve(payload, row->payload_size);
    struct buffer piece = BUFFER_NULL;
    for (uint32_t i = 0; i < payload_piece_count(row->payload_size) && SUCCEEDED(hr); i++) {
        hr = node->store->ops->piece_get(node->store, &row->payload_root, i, &piece);
        if (SUCCEEDED(hr))
            hr = buffer_append(payload, piece.data, piece.size);
    }
    buffer_deinit(&piece);
    return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
}

static HRESULT copy_text(struct bytes text, char **out)
{
    if (text.size == 0)
        return S_OK;
    *out = mem_strndup((const char *)text.data, text.size);
    return *out ? S_OK : E_OUTOFMEMORY;
}

static HRESULT copy_record(struct node *node, const struct store_record *row,
                           struct engine_record *out)
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
    if (SUCCEEDED(hr))
        hr = copy_payload(node, row, &out->payload);
    if (FAILED(hr))
        engine_record_deinit(out);
    return hr;
}

struct get_call {
    struct call call;
    uint64_t session;
    const struct guid *id;
    struct engine_record *record;
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
    hr = shown ? copy_record(node, &row, this->record) : PEER_E_RECORD_NOT_FOUND;
    store_record_deinit(&row);
    return hr;
}

HRESULT engine_record_get(uint64_t session, const struct guid *id, struct engine_record *record)
{
    *record = (struct engine_record){.creator = NULL};
    struct get_call this = {.session = session, .id = id, .record = record};
    return call_run(&this.call, run_get);
}

struct list_call {
    struct call call;
    uint64_t session;
    const struct guid *type;
    const struct search *search;
    struct engine_record_list *list;
    struct node *node;
    uint32_t capacity;
};

/* What does not parse as attributes never matches. */
static HRESULT search_passes(const struct search *search, const struct store_record *row,
                             bool *passes)
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

static HRESULT list_record(void *context, const struct store_record *row)
{
    struct list_call *this = context;
    if (record_type_is_reserved(&row->type))
        return S_OK;
    bool passes = true;
    HRESULT hr = this->search ? search_passes(this->search, row, &passes) : S_OK;
    if (FAILED(hr) || !passes)
        return hr;
    struct engine_record_list *list = this->list;
    if (list->count == this->capacity) {
        uint32_t capacity = this->capacity ? this->capacity * 2 : 16;
        struct engine_record *items = mem_realloc(list->items, capacity * sizeof(*items));
        if (!items)
            return E_OUTOFMEMORY;
        list->items = items;
        this->capacity = capacity;
    }
    hr = copy_record(this->node, row, &list->items[list->count]);
    list->count += SUCCEEDED(hr);
    return hr;
}

static HRESULT run_list(struct call *call)
{
    struct list_call *this = (struct list_call *)call;
    HRESULT hr = call_node(call, this->session, &this->node);
    if (FAILED(hr))
        return hr;
    uint64_t horizon = graph_horizon(this->node->graph, loop_utc());
    return this->node->store->ops->each(this->node->store, this->type, horizon, true, list_record,
                                        this);
}

HRESULT engine_records(uint64_t session, const struct guid *type, const struct search *search,
                       struct engine_record_list *list)
{
    *list = (struct engine_record_list){.items = NULL};
    struct list_call this = {.session = session, .type = type, .search = search, .list = list};
    HRESULT hr = call_run(&this.call, run_list);
    if (FAILED(hr))
        engine_record_list_deinit(list);
    return hr;
}

struct time_call {
    struct call call;
    uint64_t session;
    int64_t offset;
};

static HRESULT run_time(struct call *call)
{
    struct time_call *this = (struct time_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        this->offset = graph_time_offset(node->graph);
    return hr;
}

HRESULT engine_time_offset(uint64_t session, int64_t *offset)
{
    struct time_call this = {.session = session};
    HRESULT hr = call_run(&this.call, run_time);
    *offset = this.offset;
    return hr;
}
