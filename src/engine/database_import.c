/* database_import.c - PeerGroupImportDatabase: a file's records into a group that is not yet
 * online.
 *
 * The file is read twice. First, beside the group, all of it is verified (database_verify.c); the
 * hash at the end of each segment is kept. Then each segment is compared with its hash, decoded,
 * and handed to the loop, which keeps the certificates and lets the graph take each version as it
 * takes a neighbour's: older, expired and revoked ones stay out; meanwhile the caller's thread
 * reads the next one. Failure before the second reading has no effect; in it, what was taken stays,
 * and the call can be repeated. */
#include "engine/database_path.h"
#include "engine/database_verify.h"
#include "engine/engine_internal.h"

#include <unistd.h>

/* A segment, and its items: views into it. */
struct slot {
    struct database_segment segment;
    struct database_item items[DATABASE_SEGMENT_ITEMS];
    uint32_t count;
};

struct import_call {
    struct call call;
    uint64_t session;
    char *group;
    char *identity;
    struct buffer chain;
    struct buffer hashes;
    struct slot *slots;      /* two, by turns */
    const struct slot *slot; /* that the loop takes */
    bool started;            /* ... right now */
    bool synchronised;
    /* The large record that is under way. */
    bool pending;
    bool wanted;
    struct buffer header;
    struct record_seal seal;
    uint32_t piece;
};

static void import_deinit(struct import_call *this)
{
    mem_free(this->group);
    mem_free(this->identity);
    buffer_deinit(&this->chain);
    buffer_deinit(&this->hashes);
    buffer_deinit(&this->header);
}

/* [point 15.2] */
static HRESULT import_node(struct import_call *this, struct node **node)
{
    HRESULT hr = call_node(&this->call, this->session, node);
    if (FAILED(hr))
        return hr;
    bool busy = (*node)->created || (*node)->connected || graph_status((*node)->graph) != 0;
    return busy ? PEER_E_GROUP_IN_USE : S_OK;
}

static HRESULT run_begin(struct call *call)
{
    struct import_call *this = (struct import_call *)call;
    struct node *node;
    struct hash root;
    HRESULT hr = import_node(this, &node);
    if (FAILED(hr))
        return hr;
    this->group = mem_strdup(node->group);
    this->identity = mem_strdup(node->identity);
    if (!this->group || !this->identity)
        return E_OUTOFMEMORY;
    struct provider *provider = security_provider(node->security);
    security_root_hash(node->security, &root);
    return provider->ops->certificate_chain(provider, &root, &this->chain);
}

/* ---- taking, on the loop ---- */

static struct graph_sealed sealed_of(const struct database_item *item)
{
    return (struct graph_sealed){.record = &item->record,
                                 .digest = &item->digest,
                                 .seal = &item->seal,
                                 .header = item->header,
                                 .payload = item->payload};
}

static HRESULT take_version(struct node *node, const struct graph_sealed *sealed)
{
    struct graph_publish publish = {.kind = PUBLISH_IMPORTED, .sealed = sealed, .reserved = true};
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &publish};
    return node_step(node, &event);
}

static HRESULT take_record(struct import_call *this, struct node *node,
                           const struct database_item *item)
{
    struct graph_sealed sealed = sealed_of(item);
    if (item->record.payload_size <= LIMIT_PIECE_SIZE)
        return take_version(node, &sealed);
    this->pending = true;
    this->piece = 0;
    this->seal = item->seal;
    this->header.size = 0;
    HRESULT hr = buffer_append(&this->header, item->header.data, item->header.size);
    return SUCCEEDED(hr) ? graph_would_take(node->graph, &sealed, loop_utc(), &this->wanted) : hr;
}

static HRESULT end_pieces(struct import_call *this, struct node *node)
{
    struct database_item item = {.header = buffer_view(&this->header), .seal = this->seal};
    this->pending = false;
    if (!this->wanted)
        return S_OK;
    HRESULT hr = record_header_decode(item.header, &item.record);
    if (FAILED(hr))
        return hr;
    record_digest(bytes_of_text(this->group), item.header, &item.digest);
    struct graph_sealed sealed = sealed_of(&item);
    return take_version(node, &sealed);
}

static HRESULT take_piece(struct import_call *this, struct node *node, struct bytes piece)
{
    struct record record;
    HRESULT hr =
        this->pending ? record_header_decode(buffer_view(&this->header), &record) : E_INVALIDARG;
    struct hash leaf;
    if (SUCCEEDED(hr) && this->wanted) {
        payload_leaf(piece, &leaf);
        hr = node->store->ops->piece_put(node->store, &record.payload_root, this->piece, piece,
                                         &leaf);
    }
    if (FAILED(hr) || ++this->piece < payload_piece_count(record.payload_size))
        return hr;
    return end_pieces(this, node);
}

static HRESULT take_item(struct import_call *this, struct node *node,
                         const struct database_item *item)
{
    struct provider *provider = security_provider(node->security);
    switch (item->type) {
    case DATABASE_CERTIFICATE:
        return provider->ops->certificate_take(provider, item->framed);
    case DATABASE_RECORD:
        return take_record(this, node, item);
    case DATABASE_PIECE:
        return take_piece(this, node, item->body);
    default:
        this->pending = false;
        return S_OK;
    }
}

static HRESULT take_slot(struct import_call *this, struct node *node)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; SUCCEEDED(hr) && i < this->slot->count; i++)
        hr = take_item(this, node, &this->slot->items[i]);
    return hr;
}

/* Whatever fails here, the store may hold a part of the segment: the node starts over. */
static HRESULT run_take(struct call *call)
{
    struct import_call *this = (struct import_call *)call;
    struct node *node;
    HRESULT hr = import_node(this, &node);
    if (FAILED(hr))
        return hr;
    security_set_time(node->security, loop_utc());
    hr = take_slot(this, node);
    if (FAILED(hr) && SUCCEEDED(node->failed))
        node->failed = hr;
    call_defer(node, call, hr);
    return hr;
}

/* [point 15.2] Whoever has the whole database, the Security Properties in it, is ready; but not by
 * an old one, without revocations that were known to who invited this member. */
static bool is_whole(const struct import_call *this, const struct node *node)
{
    const struct group_properties *properties;
    struct provider *provider = security_provider(node->security);
    return this->synchronised && SUCCEEDED(security_properties(node->security, &properties)) &&
           !provider->ops->lacks_revocations(provider);
}

/* What was taken is on disk for good. */
static HRESULT run_end(struct call *call)
{
    struct import_call *this = (struct import_call *)call;
    struct node *node;
    HRESULT hr = import_node(this, &node);
    if (FAILED(hr))
        return hr;
    node->store->ops->mark_durable(node->store);
    if (is_whole(this, node)) {
        struct graph_event event = {.type = GRAPH_IMPORTED};
        hr = node_note_synchronised(node);
        if (SUCCEEDED(hr))
            hr = node_step(node, &event);
    }
    if (FAILED(hr) && SUCCEEDED(node->failed))
        node->failed = hr;
    call_defer(node, call, hr);
    return hr;
}

/* ---- on the caller's thread ---- */

static HRESULT check_names(const struct import_call *this, const struct database_header *header)
{
    bool same = bytes_equal(header->group, bytes_of_text(this->group)) &&
                bytes_equal(header->identity, bytes_of_text(this->identity));
    return same ? S_OK : E_INVALIDARG;
}

/* The first reading: judges everything and notes the hash at each segment's end. */
static HRESULT verify(struct import_call *this, struct database_reader *reader)
{
    HRESULT hr = check_names(this, &reader->header);
    return SUCCEEDED(hr)
               ? database_verify(reader, this->group, buffer_view(&this->chain), &this->hashes)
               : hr;
}

/* Reads the next segment and decodes it; S_FALSE: there is none. */
static HRESULT fill_slot(const struct import_call *this, struct database_reader *reader, size_t at,
                         struct slot *slot)
{
    struct wire_reader items;
    HRESULT hr = database_reader_next(reader, &slot->segment);
    if (hr != S_OK)
        return hr;
    /* Somebody may have written to the file meanwhile. */
    if (at + HASH_SIZE > this->hashes.size ||
        memcmp(this->hashes.data + at, slot->segment.hash.bytes, HASH_SIZE) != 0)
        return E_INVALIDARG;
    slot->count = 0;
    wire_reader_init(&items, buffer_view(&slot->segment.data));
    while (slot->count < DATABASE_SEGMENT_ITEMS) {
        hr = database_item_next(&items, bytes_of_text(this->group), &slot->items[slot->count]);
        if (hr != S_OK)
            return FAILED(hr) ? hr : S_OK;
        slot->count++;
    }
    return S_OK;
}

static HRESULT end_turn(struct import_call *this)
{
    bool started = this->started;
    this->started = false;
    return started ? call_finish(&this->call) : S_OK;
}

/* The second: takes what the first has vouched for. */
static HRESULT take(struct import_call *this, struct database_reader *reader)
{
    HRESULT hr = check_names(this, &reader->header);
    this->synchronised = reader->header.synchronised;
    for (size_t i = 0; SUCCEEDED(hr); i++) {
        struct slot *slot = &this->slots[i % 2];
        hr = fill_slot(this, reader, i * HASH_SIZE, slot);
        HRESULT before = end_turn(this);
        hr = FAILED(before) ? before : hr;
        if (hr != S_OK)
            break;
        this->slot = slot;
        hr = call_start(&this->call, run_take);
        this->started = SUCCEEDED(hr);
    }
    return SUCCEEDED(hr) ? call_run(&this->call, run_end) : hr;
}

static HRESULT read_through(struct import_call *this, int fd,
                            HRESULT (*pass)(struct import_call *, struct database_reader *))
{
    struct database_reader reader;
    const struct database_source source = {.read = database_input_read, .context = &fd};
    HRESULT hr = database_input_rewind(fd);
    if (FAILED(hr))
        return hr;
    hr = database_reader_open(&reader, &source);
    if (SUCCEEDED(hr))
        hr = pass(this, &reader);
    database_reader_deinit(&reader);
    return hr;
}

static HRESULT take_all(struct import_call *this, int fd)
{
    this->slots = mem_calloc(2, sizeof(*this->slots));
    HRESULT hr = this->slots ? read_through(this, fd, take) : E_OUTOFMEMORY;
    for (int i = 0; this->slots && i < 2; i++)
        buffer_deinit(&this->slots[i].segment.data);
    mem_free(this->slots);
    return hr;
}

HRESULT engine_database_import(uint64_t session, const char *path)
{
    struct import_call this = {.session = session};
    int fd = -1;
    HRESULT hr = database_path_check(path);
    if (SUCCEEDED(hr))
        hr = call_run(&this.call, run_begin);
    if (SUCCEEDED(hr))
        hr = database_input_open(path, &fd);
    if (SUCCEEDED(hr))
        hr = read_through(&this, fd, verify);
    if (SUCCEEDED(hr))
        hr = take_all(&this, fd);
    if (fd >= 0)
        close(fd);
    import_deinit(&this);
    return hr;
}
