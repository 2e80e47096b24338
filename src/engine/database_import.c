/* database_import.c - PeerGroupImportDatabase: a file's records into a group that is not yet
 * online.
 *
 * The file is read twice. First, on the caller's thread and beside the group, all of it is
 * verified: trailer, certificates, signatures, payloads; the hash at the end of each segment is
 * kept. Then each segment is compared with its hash and handed to the loop, which keeps the
 * certificates and lets the graph take each version as it takes a neighbour's: older, expired and
 * revoked ones stay out. Failure before the second reading has no effect; in it, what was taken
 * stays, and the call can be repeated. */
#include "engine/database_path.h"
#include "engine/engine_internal.h"
#include "group/database_check.h"

#include <unistd.h>

struct import_call {
    struct call call;
    uint64_t session;
    char *group;
    char *identity;
    struct buffer chain;
    struct bytes segment;
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

static HRESULT take_segment(struct import_call *this, struct node *node)
{
    struct wire_reader reader;
    struct database_item item;
    HRESULT hr;
    wire_reader_init(&reader, this->segment);
    while ((hr = database_item_next(&reader, bytes_of_text(this->group), &item)) == S_OK) {
        hr = take_item(this, node, &item);
        if (FAILED(hr))
            return hr;
    }
    return FAILED(hr) ? hr : S_OK;
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
    hr = take_segment(this, node);
    if (FAILED(hr) && SUCCEEDED(node->failed))
        node->failed = hr;
    call_defer(node, call, hr);
    return hr;
}

/* [point 15.2] Whoever has the whole database, the Security Properties in it, is ready. */
static HRESULT run_end(struct call *call)
{
    struct import_call *this = (struct import_call *)call;
    struct node *node;
    const struct group_properties *properties;
    HRESULT hr = import_node(this, &node);
    if (FAILED(hr))
        return hr;
    node->store->ops->mark_durable(node->store);
    if (this->synchronised && SUCCEEDED(security_properties(node->security, &properties))) {
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
static HRESULT verify(struct import_call *this, struct database_reader *reader,
                      struct database_segment *segment, struct buffer *hashes)
{
    struct database_check *check = NULL;
    HRESULT hr = check_names(this, &reader->header);
    if (SUCCEEDED(hr))
        hr = database_check_new(this->group, buffer_view(&this->chain), &check);
    while (SUCCEEDED(hr) && (hr = database_reader_next(reader, segment)) == S_OK) {
        hr = database_check_segment(check, buffer_view(&segment->data));
        if (SUCCEEDED(hr))
            hr = buffer_append(hashes, segment->hash.bytes, HASH_SIZE);
    }
    if (SUCCEEDED(hr))
        hr = database_check_end(check);
    database_check_free(check);
    return hr;
}

/* The second: takes what the first has vouched for. */
static HRESULT take(struct import_call *this, struct database_reader *reader,
                    struct database_segment *segment, struct buffer *hashes)
{
    HRESULT hr = check_names(this, &reader->header);
    this->synchronised = reader->header.synchronised;
    size_t at = 0;
    while (SUCCEEDED(hr) && (hr = database_reader_next(reader, segment)) == S_OK) {
        /* Somebody may have written to the file meanwhile. */
        if (at + HASH_SIZE > hashes->size ||
            memcmp(hashes->data + at, segment->hash.bytes, HASH_SIZE) != 0)
            return E_INVALIDARG;
        at += HASH_SIZE;
        this->segment = buffer_view(&segment->data);
        hr = call_run(&this->call, run_take);
        this->call.deferred = false;
    }
    return SUCCEEDED(hr) ? call_run(&this->call, run_end) : hr;
}

static HRESULT read_through(struct import_call *this, int fd, struct buffer *hashes,
                            HRESULT (*pass)(struct import_call *, struct database_reader *,
                                            struct database_segment *, struct buffer *))
{
    struct database_reader reader;
    struct database_segment segment = {.data = BUFFER_NULL};
    const struct database_source source = {.read = database_input_read, .context = &fd};
    HRESULT hr = database_input_rewind(fd);
    if (FAILED(hr))
        return hr;
    hr = database_reader_open(&reader, &source);
    if (SUCCEEDED(hr))
        hr = pass(this, &reader, &segment, hashes);
    database_reader_deinit(&reader);
    buffer_deinit(&segment.data);
    return hr;
}

HRESULT engine_database_import(uint64_t session, const char *path)
{
    struct import_call this = {.session = session};
    struct buffer hashes CLEANUP_BUFFER = BUFFER_NULL;
    int fd = -1;
    HRESULT hr = database_path_check(path);
    if (SUCCEEDED(hr))
        hr = call_run(&this.call, run_begin);
    if (SUCCEEDED(hr))
        hr = database_input_open(path, &fd);
    if (SUCCEEDED(hr))
        hr = read_through(&this, fd, &hashes, verify);
    if (SUCCEEDED(hr))
        hr = read_through(&this, fd, &hashes, take);
    if (fd >= 0)
        close(fd);
    import_deinit(&this);
    return hr;
}
