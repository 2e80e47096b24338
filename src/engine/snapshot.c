/* snapshot.c - the records of one moment, listed by name and read when they are wanted.
 *
 * engine_records_begin walks the store a part at a time, each part a call of its own, and keeps of
 * every record its id and creation time alone. Whatever changes from then on tells the snapshot
 * first (graph_config.changing), which keeps a copy of the version that was there: what changed
 * while the list was made, until it is complete, then of records in the list. So the list and its
 * contents are those of the moment of the first call, and cost what changes, not what there is.
 * Copies are limited (KEPT_BYTES_MAX); beyond that, and where memory fails, the record is left out
 * when it is asked for: fewer items come than were counted. Search criteria are applied on the
 * caller's thread. A snapshot belongs to its group's node and ends with it. */
#include "engine/record_read.h"

#include <stdlib.h>

enum {
    PART_ROWS = 1024,        /* looked at in a turn, names alone */
    PART_HEADERS = 128,      /* with headers */
    PART_BYTES = 256 * 1024, /* of headers or payloads in a turn */
    READ_PIECES = 16,
    KEPT_BYTES_MAX = 8 * 1024 * 1024
};

struct snapshot_item {
    uint64_t created;
    struct guid id;
    bool lost; /* it changed, and what it was could not be kept */
};

struct snapshot_kept {
    struct guid id;
    bool absent; /* it did not exist, or was none of those asked for */
    bool lost;
    struct engine_record record;
    UT_hash_handle hh;
};

struct snapshot {
    struct snapshot *next;
    uint64_t id;
    uint64_t horizon;
    bool has_type;
    struct guid type;
    const struct search *search; /* borrowed while collecting */
    bool collecting;
    HRESULT failed;              /* while collecting */
    struct snapshot_item *items; /* sorted, once it is complete */
    uint32_t count;
    struct snapshot_kept *kept;
    size_t kept_bytes;
};

static int item_order(const void *a, const void *b)
{
    const struct snapshot_item *one = a, *other = b;
    if (one->created != other->created)
        return one->created < other->created ? -1 : 1;
    return guid_compare(&one->id, &other->id);
}

static struct snapshot *snapshot_of_node(struct node *node, uint64_t id)
{
    for (struct snapshot *snapshot = node->snapshots; snapshot; snapshot = snapshot->next)
        if (snapshot->id == id)
            return snapshot;
    return NULL;
}

/* PEER_E_INVALID_GROUP: its group was closed; else what keeps the node from working. */
static HRESULT snapshot_find(struct engine *engine, uint64_t id, struct node **node,
                             struct snapshot **snapshot)
{
    for (*node = engine->nodes; *node; *node = (*node)->next) {
        *snapshot = snapshot_of_node(*node, id);
        if (*snapshot)
            return (*node)->failed;
    }
    return PEER_E_INVALID_GROUP;
}

/* ---- what was there before a change ---- */

static struct snapshot_kept *kept_find(const struct snapshot *snapshot, const struct guid *id)
{
    struct snapshot_kept *kept;
    HASH_FIND(hh, snapshot->kept, id->bytes, GUID_SIZE, kept);
    return kept;
}

static void kept_drop(struct snapshot *snapshot, struct snapshot_kept *kept)
{
    HASH_DEL(snapshot->kept, kept);
    snapshot->kept_bytes -= sizeof(*kept) + record_memory(&kept->record);
    engine_record_deinit(&kept->record);
    mem_free(kept);
}

static struct snapshot_item *item_find(const struct snapshot *snapshot,
                                       const struct store_record *held)
{
    struct snapshot_item wanted = {.created = held->created, .id = held->id};
    return snapshot->count > 0 ? bsearch(&wanted, snapshot->items, snapshot->count,
                                         sizeof(*snapshot->items), item_order)
                               : NULL;
}

static bool is_asked_for(const struct snapshot *snapshot, const struct store_record *row)
{
    return !row->deleted && row->expiration > snapshot->horizon &&
           !record_type_is_reserved(&row->type) &&
           (!snapshot->has_type || guid_equal(&snapshot->type, &row->type));
}

/* Copies what stands now into kept, unless it is none of those asked for or too large. */
static HRESULT keep_content(struct node *node, struct snapshot *snapshot,
                            struct snapshot_kept *kept)
{
    struct store_record row;
    struct payload_read rest;
    bool passes = true;
    HRESULT hr = node->store->ops->get(node->store, &kept->id, &row);
    if (FAILED(hr))
        return hr;
    if (snapshot->collecting && snapshot->search)
        hr = record_passes(snapshot->search, &row, &passes);
    kept->absent = SUCCEEDED(hr) && !passes;
    kept->lost = snapshot->kept_bytes + row.header.size + row.payload_size > KEPT_BYTES_MAX;
    if (SUCCEEDED(hr) && !kept->absent && !kept->lost) {
        hr = record_read(&row, &kept->record, &rest);
        if (SUCCEEDED(hr) && rest.size > 0)
            hr = record_read_pieces(node, &rest, UINT32_MAX);
    }
    store_record_deinit(&row);
    return hr;
}

static HRESULT keep(struct node *node, struct snapshot *snapshot, const struct guid *id,
                    const struct store_record *held)
{
    struct snapshot_kept *kept = mem_zalloc(sizeof(*kept));
    if (!kept)
        return E_OUTOFMEMORY;
    kept->id = *id;
    kept->absent = !held || !is_asked_for(snapshot, held);
    HRESULT hr = kept->absent ? S_OK : keep_content(node, snapshot, kept);
    if (SUCCEEDED(hr)) {
        HASH_ADD(hh, snapshot->kept, id, GUID_SIZE, kept);
        hr = TABLE_ADDED(kept, hh) ? S_OK : E_OUTOFMEMORY;
    }
    if (FAILED(hr)) {
        engine_record_deinit(&kept->record);
        mem_free(kept);
        return hr;
    }
    snapshot->kept_bytes += sizeof(*kept) + record_memory(&kept->record);
    return S_OK;
}

static void keep_for(struct node *node, struct snapshot *snapshot, const struct guid *id,
                     const struct store_record *held)
{
    if (kept_find(snapshot, id))
        return;
    struct snapshot_item *item = snapshot->collecting || !held ? NULL : item_find(snapshot, held);
    if (!snapshot->collecting && (!item || item->lost))
        return;
    /* What changes while it is collected is of the snapshot or not: all of it must be noted. */
    size_t most = snapshot->collecting ? 2 * KEPT_BYTES_MAX : KEPT_BYTES_MAX;
    bool full = snapshot->kept_bytes >= most;
    HRESULT hr = full ? E_OUTOFMEMORY : keep(node, snapshot, id, held);
    if (FAILED(hr) && item)
        item->lost = true;
    else if (FAILED(hr))
        snapshot->failed = hr;
}

void snapshots_changing(void *context, const struct guid *id, const struct store_record *held)
{
    struct node *node = context;
    for (struct snapshot *snapshot = node->snapshots; snapshot; snapshot = snapshot->next)
        keep_for(node, snapshot, id, held);
}

/* ---- life ---- */

static void snapshot_free(struct snapshot *snapshot)
{
    while (snapshot->kept)
        kept_drop(snapshot, snapshot->kept);
    mem_free(snapshot->items);
    mem_free(snapshot);
}

void snapshots_deinit(struct node *node)
{
    while (node->snapshots) {
        struct snapshot *snapshot = node->snapshots;
        node->snapshots = snapshot->next;
        snapshot_free(snapshot);
    }
}

struct end_call {
    struct call call;
    uint64_t id;
};

static HRESULT run_end(struct call *call)
{
    struct end_call *this = (struct end_call *)call;
    for (struct node *node = call->engine->nodes; node; node = node->next)
        for (struct snapshot **place = &node->snapshots; *place; place = &(*place)->next)
            if ((*place)->id == this->id) {
                struct snapshot *snapshot = *place;
                *place = snapshot->next;
                snapshot_free(snapshot);
                return S_OK;
            }
    return S_OK;
}

void engine_records_end(const struct engine_snapshot *snapshot)
{
    struct end_call this = {.id = snapshot->id};
    if (snapshot->id == 0)
        return;
    HRESULT hr = call_run(&this.call, run_end);
    (void)hr; /* when the engine has stopped, the snapshot went with it */
}

/* ---- the list ---- */

/* One part of the list on its way to the caller's thread. */
struct list_call {
    struct call call;
    uint64_t session;
    uint64_t id; /* of the snapshot */
    const struct guid *type;
    const struct search *search;
    struct snapshot *snapshot;
    struct store_place from; /* behind this */
    bool begun;
    bool full; /* this part */
    bool done;
    uint32_t looked_at;
    struct store_record *rows; /* of this part; with headers when there are criteria */
    uint32_t row_count;
    struct buffer headers;
    struct snapshot_item *items;
    uint32_t count;
    uint32_t capacity;
};

static HRESULT run_begin(struct call *call)
{
    struct list_call *this = (struct list_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    struct snapshot *snapshot = mem_zalloc(sizeof(*snapshot));
    if (!snapshot)
        return E_OUTOFMEMORY;
    this->id = snapshot->id = ++call->engine->next_id;
    snapshot->horizon = graph_horizon(node->graph, loop_utc());
    snapshot->has_type = this->type != NULL;
    if (this->type)
        snapshot->type = *this->type;
    snapshot->search = this->search;
    snapshot->collecting = true;
    snapshot->next = node->snapshots;
    node->snapshots = snapshot;
    return S_OK;
}

static HRESULT take_row(void *context, const struct store_record *row)
{
    struct list_call *this = context;
    const struct snapshot *snapshot = this->snapshot;
    bool beyond = snapshot->has_type && !guid_equal(&snapshot->type, &row->type);
    if (beyond)
        return S_FALSE;
    this->from = (struct store_place){row->type, row->created, row->id};
    this->begun = true;
    if (is_asked_for(snapshot, row) && !kept_find(snapshot, &row->id)) {
        struct store_record *taken = &this->rows[this->row_count++];
        *taken = *row;
        if (this->search) { /* the view's start is set when the buffer no longer moves */
            HRESULT hr = buffer_append(&this->headers, row->header.data, row->header.size);
            if (FAILED(hr))
                return hr;
        }
    }
    uint32_t most = this->search ? PART_HEADERS : PART_ROWS;
    this->full = ++this->looked_at == most || this->headers.size >= PART_BYTES;
    return this->full ? S_FALSE : S_OK;
}

static HRESULT run_part(struct call *call)
{
    struct list_call *this = (struct list_call *)call;
    struct node *node;
    HRESULT hr = snapshot_find(call->engine, this->id, &node, &this->snapshot);
    if (SUCCEEDED(hr))
        hr = this->snapshot->failed;
    if (FAILED(hr))
        return hr;
    this->looked_at = this->row_count = 0;
    this->headers.size = 0;
    this->full = false;
    hr = node->store->ops->walk(node->store, this->begun || this->type ? &this->from : NULL,
                                this->search != NULL, take_row, this);
    this->done = !this->full;
    return hr;
}

static HRESULT add_item(struct list_call *this, const struct store_record *row)
{
    if (this->count == this->capacity) {
        uint32_t capacity = this->capacity ? this->capacity * 2 : 64;
        struct snapshot_item *items = mem_realloc(this->items, capacity * sizeof(*items));
        if (!items)
            return E_OUTOFMEMORY;
        this->items = items;
        this->capacity = capacity;
    }
    this->items[this->count++] = (struct snapshot_item){.created = row->created, .id = row->id};
    return S_OK;
}

/* On the caller's thread. */
static HRESULT sift_part(struct list_call *this)
{
    HRESULT hr = S_OK;
    const uint8_t *header = this->headers.data;
    for (uint32_t i = 0; i < this->row_count && SUCCEEDED(hr); i++) {
        struct store_record *row = &this->rows[i];
        bool passes = true;
        if (this->search) {
            row->header = bytes_of(header, row->header.size);
            header += row->header.size;
            hr = record_passes(this->search, row, &passes);
        }
        if (SUCCEEDED(hr) && passes)
            hr = add_item(this, row);
    }
    return hr;
}

/* What was listed before it changed is there twice. */
static void drop_doubles(struct list_call *this)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < this->count; i++)
        if (count == 0 || item_order(&this->items[count - 1], &this->items[i]) != 0)
            this->items[count++] = this->items[i];
    this->count = count;
}

/* Merges in what changed while the list was made, and was asked for before it did. */
static HRESULT add_kept(struct list_call *this, struct snapshot *snapshot)
{
    struct snapshot_kept *kept, *next;
    uint32_t listed = this->count;
    HRESULT hr = S_OK;
    HASH_ITER (hh, snapshot->kept, kept, next) {
        struct store_record row = {.created = kept->record.created, .id = kept->id};
        if (kept->absent || kept->lost)
            kept_drop(snapshot, kept);
        else if (SUCCEEDED(hr))
            hr = add_item(this, &row);
    }
    if (SUCCEEDED(hr) && this->count > listed) {
        qsort(this->items, this->count, sizeof(*this->items), item_order);
        drop_doubles(this);
    }
    return hr;
}

static HRESULT run_finish(struct call *call)
{
    struct list_call *this = (struct list_call *)call;
    struct node *node;
    HRESULT hr = snapshot_find(call->engine, this->id, &node, &this->snapshot);
    if (SUCCEEDED(hr))
        hr = this->snapshot->failed;
    if (SUCCEEDED(hr))
        hr = add_kept(this, this->snapshot);
    if (FAILED(hr))
        return hr;
    this->snapshot->items = this->items;
    this->snapshot->count = this->count;
    this->snapshot->collecting = false;
    this->snapshot->search = NULL;
    this->items = NULL;
    return S_OK;
}

static HRESULT collect(struct list_call *this)
{
    HRESULT hr = call_run(&this->call, run_begin);
    while (SUCCEEDED(hr) && !this->done) {
        hr = call_run(&this->call, run_part);
        if (SUCCEEDED(hr))
            hr = sift_part(this);
    }
    if (FAILED(hr))
        return hr;
    if (this->count > 0)
        qsort(this->items, this->count, sizeof(*this->items), item_order);
    return call_run(&this->call, run_finish);
}

HRESULT engine_records_begin(uint64_t session, const struct guid *type, const struct search *search,
                             struct engine_snapshot *snapshot)
{
    struct list_call this = {
        .session = session, .type = type, .search = search, .headers = BUFFER_NULL};
    if (type)
        this.from.type = *type; /* nothing has an earlier creation time or a lesser id */
    this.rows = mem_calloc(search ? PART_HEADERS : PART_ROWS, sizeof(*this.rows));
    HRESULT hr = this.rows ? collect(&this) : E_OUTOFMEMORY;
    *snapshot = (struct engine_snapshot){.id = this.id, .count = this.count};
    mem_free(this.rows);
    mem_free(this.items);
    buffer_deinit(&this.headers);
    if (FAILED(hr)) {
        engine_records_end(snapshot);
        *snapshot = (struct engine_snapshot){.id = 0};
    }
    return hr;
}

/* ---- reading it ---- */

struct read_call {
    struct call call;
    uint64_t id;
    uint32_t first;
    uint32_t wanted;
    struct engine_record_list *list;
    struct payload_read rest;
};

/* One record; *size is what it brings. */
static HRESULT read_item(struct node *node, struct snapshot *snapshot, uint32_t index,
                         struct engine_record *out, struct payload_read *rest)
{
    const struct snapshot_item *item = &snapshot->items[index];
    const struct snapshot_kept *kept = kept_find(snapshot, &item->id);
    struct store_record row;
    *rest = (struct payload_read){.size = 0};
    *out = (struct engine_record){.gone = item->lost || (kept && kept->lost)};
    if (out->gone)
        return S_OK;
    if (kept)
        return record_copy(&kept->record, out);
    HRESULT hr = node->store->ops->get(node->store, &item->id, &row);
    if (hr == PEER_E_RECORD_NOT_FOUND) {
        out->gone = true;
        return S_OK;
    }
    if (SUCCEEDED(hr)) {
        hr = record_read(&row, out, rest);
        store_record_deinit(&row);
    }
    return hr;
}

static HRESULT run_read(struct call *call)
{
    struct read_call *this = (struct read_call *)call;
    struct node *node;
    struct snapshot *snapshot;
    struct engine_record_list *list = this->list;
    HRESULT hr = snapshot_find(call->engine, this->id, &node, &snapshot);
    if (FAILED(hr))
        return hr;
    size_t size = 0;
    while (SUCCEEDED(hr) && list->count < this->wanted &&
           this->first < snapshot->count - list->count && size < PART_BYTES &&
           this->rest.size == 0) {
        struct engine_record *record = &list->items[list->count];
        hr = read_item(node, snapshot, this->first + list->count, record, &this->rest);
        list->count += SUCCEEDED(hr);
        size += SUCCEEDED(hr) ? record_memory(record) : 0;
    }
    return hr;
}

static HRESULT run_read_rest(struct call *call)
{
    struct read_call *this = (struct read_call *)call;
    struct node *node;
    struct snapshot *snapshot;
    HRESULT hr = snapshot_find(call->engine, this->id, &node, &snapshot);
    return SUCCEEDED(hr) ? record_read_pieces(node, &this->rest, READ_PIECES) : hr;
}

/* A version that was replaced while its pieces were read was kept, or is lost: either way the
 * second reading ends. */
static HRESULT read_large(struct read_call *this)
{
    HRESULT hr = S_OK;
    while (this->rest.size > 0) {
        do
            hr = call_run(&this->call, run_read_rest);
        while (hr == S_FALSE);
        if (hr != PEER_E_RECORD_NOT_FOUND)
            return hr;
        struct engine_record_list *list = this->list;
        uint32_t before = --list->count;
        engine_record_deinit(&list->items[before]);
        this->rest.size = 0;
        this->wanted = before + 1;
        hr = call_run(&this->call, run_read);
        if (FAILED(hr))
            return hr;
    }
    return hr;
}

HRESULT engine_records_read(const struct engine_snapshot *snapshot, uint32_t first, uint32_t wanted,
                            struct engine_record_list *list)
{
    *list = (struct engine_record_list){.items = NULL};
    struct read_call this = {.id = snapshot->id, .first = first, .wanted = wanted, .list = list};
    if (first >= snapshot->count || wanted == 0)
        return S_OK;
    list->items = mem_calloc(wanted, sizeof(*list->items));
    HRESULT hr = list->items ? call_run(&this.call, run_read) : E_OUTOFMEMORY;
    if (SUCCEEDED(hr))
        hr = read_large(&this);
    if (FAILED(hr))
        engine_record_list_deinit(list);
    return hr;
}
