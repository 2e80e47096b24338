/* database_export.c - PeerGroupExportDatabase: a group's records into a file, slice by slice.
 *
 * The loop fills one buffer of about a quarter MiB at a time; the caller's thread writes it, so
 * that nobody waits for the disk and the memory does not grow with the group. Own certificates
 * first, then revocations, then all records in the order of reconciliation; before a record come
 * the certificates of its signer that the file has not yet. What changes meanwhile moves to the end
 * of that order and is met again. Presence stays out: it says who is here now. Failure: the file
 * that was there stays. */
#include "engine/database_path.h"
#include "engine/engine_internal.h"

enum { SLICE_SIZE = 256 * 1024, SLICE_RECORDS = 256, SLICE_PIECES = 4 };

enum export_phase { EXPORT_BEGIN, EXPORT_REVOCATIONS, EXPORT_RECORDS, EXPORT_PIECES, EXPORT_DONE };

/* A certificate that the file has. */
struct exported {
    struct hash hash;
    UT_hash_handle hh;
};

struct export_call {
    struct call call;
    uint64_t session;
    enum export_phase phase;
    struct node *node; /* for one slice */
    struct buffer out;
    uint64_t items;
    struct exported *certificates;
    uint64_t horizon;      /* what had expired at the beginning is left out */
    struct store_place at; /* the last revocation that was looked at */
    struct store_key from; /* ... record */
    uint32_t record_count; /* looked at in this slice */
    struct hash root;      /* of the large payload that is under way */
    uint64_t size;
    uint32_t piece;
};

static HRESULT add_item(struct export_call *this, enum database_item_type type, struct bytes body)
{
    HRESULT hr = database_write_item(type, body, &this->out);
    this->items += SUCCEEDED(hr);
    return hr;
}

static HRESULT add_certificate(struct export_call *this, struct bytes der)
{
    struct hash hash;
    struct exported *known;
    hash_sha256(der.data, der.size, &hash);
    HASH_FIND(hh, this->certificates, &hash, sizeof(hash), known);
    if (known)
        return S_OK;
    known = mem_zalloc(sizeof(*known));
    if (!known)
        return E_OUTOFMEMORY;
    known->hash = hash;
    HASH_ADD(hh, this->certificates, hash, sizeof(known->hash), known);
    if (!TABLE_ADDED(known, hh)) {
        mem_free(known);
        return E_OUTOFMEMORY;
    }
    return add_item(this, DATABASE_CERTIFICATE, der);
}

/* A list (u32 length, DER)* from the root down. */
static HRESULT add_list(struct export_call *this, struct bytes list)
{
    struct wire_reader reader;
    HRESULT hr = S_OK;
    wire_reader_init(&reader, list);
    while (SUCCEEDED(hr) && wire_left(&reader) > 0)
        hr = add_certificate(this, wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE));
    return hr;
}

static HRESULT add_signer(struct export_call *this, const struct hash *certificate)
{
    struct exported *known;
    HASH_FIND(hh, this->certificates, certificate, sizeof(*certificate), known);
    if (known)
        return S_OK;
    struct buffer list CLEANUP_BUFFER = BUFFER_NULL;
    struct provider *provider = security_provider(this->node->security);
    HRESULT hr = provider->ops->certificate_chain(provider, certificate, &list);
    if (FAILED(hr))
        return hr == PEER_E_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    return add_list(this, buffer_view(&list));
}

static HRESULT add_record(struct export_call *this, const struct store_record *row)
{
    HRESULT hr = add_signer(this, &row->certificate);
    if (SUCCEEDED(hr))
        hr = database_write_record(&row->certificate, row->signature, row->header, row->payload,
                                   &this->out);
    this->items += SUCCEEDED(hr);
    return hr;
}

/* ---- slices, on the loop ---- */

static HRESULT begin(struct export_call *this)
{
    const struct node *node = this->node;
    struct buffer chain CLEANUP_BUFFER = BUFFER_NULL;
    const struct group_properties *properties;
    bool ready = SUCCEEDED(security_properties(node->security, &properties)) &&
                 graph_is_synchronised(node->graph);
    struct database_header header = {.group = bytes_of_text(node->group),
                                     .identity = bytes_of_text(node->identity),
                                     .synchronised = ready,
                                     .written = loop_utc()};
    this->horizon = graph_horizon(node->graph, loop_utc());
    HRESULT hr = database_write_header(&header, &this->out);
    if (SUCCEEDED(hr))
        hr = security_own_chain(node->security, loop_utc(), &chain);
    /* A member whose certificate has ended, or was taken away, may still keep a copy. */
    if (hr == PEER_E_INVALID_TIME_PERIOD || hr == PEER_E_NOT_AUTHORIZED)
        hr = S_OK;
    this->phase = EXPORT_REVOCATIONS;
    this->at.type =
        RECORD_TYPE_REVOCATION; /* nothing has an earlier creation time or a lesser id */
    return SUCCEEDED(hr) ? add_list(this, buffer_view(&chain)) : hr;
}

/* The slice has enough; whoever visits comes back to what follows. */
static bool slice_is_full(const struct export_call *this)
{
    return this->record_count >= SLICE_RECORDS || this->out.size >= SLICE_SIZE;
}

static HRESULT add_stored(struct export_call *this, const struct guid *id)
{
    struct store *store = this->node->store;
    struct store_record row;
    HRESULT hr = store->ops->get(store, id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    hr = add_record(this, &row);
    store_record_deinit(&row);
    return hr;
}

static HRESULT visit_revocation(void *context, const struct store_record *row)
{
    struct export_call *this = context;
    if (!guid_equal(&row->type, &RECORD_TYPE_REVOCATION)) {
        this->phase = EXPORT_RECORDS;
        return S_FALSE;
    }
    if (slice_is_full(this))
        return S_FALSE;
    this->record_count++;
    this->at = (struct store_place){row->type, row->created, row->id};
    return row->expiration > this->horizon ? add_stored(this, &row->id) : S_OK;
}

static HRESULT revocations(struct export_call *this)
{
    struct store *store = this->node->store;
    this->record_count = 0;
    HRESULT hr = store->ops->walk(store, &this->at, false, visit_revocation, this);
    if (SUCCEEDED(hr) && !slice_is_full(this))
        this->phase = EXPORT_RECORDS;
    return hr;
}

static HRESULT visit_item(void *context, const struct store_item *item)
{
    struct export_call *this = context;
    struct store_record row;
    if (slice_is_full(this))
        return S_FALSE;
    this->record_count++;
    HRESULT hr = this->node->store->ops->get(this->node->store, &item->key.id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    bool large = row.payload_size > LIMIT_PIECE_SIZE;
    if (!guid_equal(&row.type, &RECORD_TYPE_PRESENCE))
        hr = add_record(this, &row);
    if (large) {
        this->phase = EXPORT_PIECES;
        this->root = row.payload_root;
        this->size = row.payload_size;
        this->piece = 0;
    }
    store_record_deinit(&row);
    this->from = item->key;
    return SUCCEEDED(hr) && large ? S_FALSE : hr;
}

static HRESULT records(struct export_call *this)
{
    struct store *store = this->node->store;
    this->record_count = 0;
    HRESULT hr = store->ops->scan(store, &this->from, NULL, this->horizon, visit_item, this);
    if (SUCCEEDED(hr) && !slice_is_full(this) && this->phase != EXPORT_PIECES)
        this->phase = EXPORT_DONE;
    return hr;
}

static HRESULT pieces(struct export_call *this)
{
    struct store *store = this->node->store;
    struct buffer data CLEANUP_BUFFER = BUFFER_NULL;
    uint32_t count = payload_piece_count(this->size);
    HRESULT hr = S_OK;
    for (int i = 0; i < SLICE_PIECES && this->piece < count && SUCCEEDED(hr); i++) {
        hr = store->ops->piece_get(store, &this->root, this->piece++, &data);
        if (SUCCEEDED(hr))
            hr = add_item(this, DATABASE_PIECE, buffer_view(&data));
    }
    bool gone = hr == PEER_E_RECORD_NOT_FOUND; /* replaced between two slices */
    if (gone)
        hr = add_item(this, DATABASE_ABANDONED, bytes_of(NULL, 0));
    if (gone || this->piece == count)
        this->phase = EXPORT_RECORDS;
    return hr;
}

static HRESULT run_slice(struct call *call)
{
    struct export_call *this = (struct export_call *)call;
    HRESULT hr = call_node(call, this->session, &this->node);
    if (FAILED(hr))
        return hr;
    switch (this->phase) {
    case EXPORT_BEGIN:
        return begin(this);
    case EXPORT_REVOCATIONS:
        return revocations(this);
    case EXPORT_RECORDS:
        return records(this);
    case EXPORT_PIECES:
        return pieces(this);
    case EXPORT_DONE:
        break;
    }
    return S_OK;
}

/* ---- on the caller's thread ---- */

static HRESULT write_all(struct export_call *this, struct database_output *output)
{
    HRESULT hr = S_OK;
    while (SUCCEEDED(hr) && this->phase != EXPORT_DONE) {
        this->out.size = 0;
        hr = call_run(&this->call, run_slice);
        if (SUCCEEDED(hr))
            hr = database_output_write(output, buffer_view(&this->out));
    }
    if (FAILED(hr))
        return hr;
    struct sha256 copy = output->sha;
    struct hash hash;
    sha256_final(&copy, &hash);
    this->out.size = 0;
    hr = database_write_end(this->items, &hash, &this->out);
    return SUCCEEDED(hr) ? database_output_write(output, buffer_view(&this->out)) : hr;
}

static HRESULT run_check(struct call *call)
{
    struct export_call *this = (struct export_call *)call;
    return call_node(call, this->session, &this->node);
}

static void forget_certificates(struct export_call *this)
{
    struct exported *known, *next;
    HASH_ITER (hh, this->certificates, known, next) {
        HASH_DEL(this->certificates, known);
        mem_free(known);
    }
}

HRESULT engine_database_export(uint64_t session, const char *path)
{
    struct export_call this = {.session = session};
    struct database_output output;
    HRESULT hr = database_path_check(path);
    if (SUCCEEDED(hr))
        hr = call_run(&this.call, run_check);
    if (SUCCEEDED(hr))
        hr = database_output_open(path, &output);
    if (FAILED(hr))
        return hr;
    hr = write_all(&this, &output);
    hr = database_output_close(&output, path, hr);
    forget_certificates(&this);
    buffer_deinit(&this.out);
    return hr;
}
