/* record_calls.c - publishing records; and the group's time. Reading is record_read.c, listing
 * snapshot.c.
 *
 * A payload larger than one piece is hashed on the caller's thread and put into the store a few
 * pieces at a time, so that other traffic goes on in between; the record that names them follows in
 * its own commit. A publishing call ends when that commit is on disk. */
#include "engine/engine_internal.h"

enum { STAGE_PIECES = 16, STAGE_TRIES = 4 };

/* ---- publishing ---- */

struct publish_call {
    struct call call;
    uint64_t session;
    struct graph_publish publish;
    struct bytes payload; /* pieces to stage */
    struct hash *leaves;  /* theirs; owned */
    uint32_t first_piece;
    bool at_once;
};

static HRESULT put_pieces(struct publish_call *this, struct node *node, uint32_t first,
                          uint32_t limit)
{
    HRESULT hr = S_OK;
    uint32_t count = payload_piece_count(this->payload.size);
    for (uint32_t i = first; i < count && i - first < limit && SUCCEEDED(hr); i++) {
        struct bytes piece = bytes_of(this->payload.data + (size_t)i * LIMIT_PIECE_SIZE,
                                      payload_piece_size(this->payload.size, i));
        hr = node->store->ops->piece_put(node->store, &this->publish.payload_root, i, piece,
                                         &this->leaves[i]);
        if (FAILED(hr))
            node->failed = hr;
        node_touch(node);
    }
    return hr;
}

static HRESULT run_stage(struct call *call)
{
    struct publish_call *this = (struct publish_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    return SUCCEEDED(hr) ? put_pieces(this, node, this->first_piece, STAGE_PIECES) : hr;
}

/* What a refused publication has put goes again. */
static HRESULT run_unstage(struct call *call)
{
    struct publish_call *this = (struct publish_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    hr = node->store->ops->pieces_drop(node->store, &this->publish.payload_root);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
    return hr;
}

/* Nothing names staged pieces: they go when another record with that payload goes, or when another
 * call with it is refused. The last try puts what is missing in the same turn. */
static HRESULT check_stage(struct publish_call *this, struct node *node)
{
    if (this->payload.size == 0)
        return S_OK;
    uint32_t count = 0;
    HRESULT hr = node->store->ops->piece_count(node->store, &this->publish.payload_root, &count);
    if (FAILED(hr) || count == payload_piece_count(this->payload.size))
        return hr;
    return this->at_once ? put_pieces(this, node, 0, UINT32_MAX) : S_FALSE;
}

/* S_FALSE: pieces are missing, and nothing was published. */
static HRESULT run_publish(struct call *call)
{
    struct publish_call *this = (struct publish_call *)call;
    struct node *node;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (SUCCEEDED(hr))
        hr = check_stage(this, node);
    if (hr != S_OK)
        return hr;
    return call_publish(node, call, &this->publish);
}

static HRESULT stage(struct publish_call *this)
{
    HRESULT hr = S_OK;
    uint32_t count = this->payload.size > 0 ? payload_piece_count(this->payload.size) : 0;
    for (uint32_t i = 0; i < count && SUCCEEDED(hr); i += STAGE_PIECES) {
        this->first_piece = i;
        hr = call_run(&this->call, run_stage);
    }
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
    uint32_t count = payload_piece_count(payload.size);
    this->leaves = mem_calloc(count, sizeof(*this->leaves));
    if (!this->leaves)
        return E_OUTOFMEMORY;
    payload_leaves(payload, this->leaves);
    payload_root_of_leaves(this->leaves, count, &this->publish.payload_root);
    this->payload = payload;
    return S_OK;
}

static HRESULT publish_staged(struct publish_call *this)
{
    HRESULT hr = S_FALSE;
    for (uint32_t i = 0; i < STAGE_TRIES && hr == S_FALSE; i++) {
        hr = stage(this);
        this->at_once = i + 1 == STAGE_TRIES;
        if (SUCCEEDED(hr))
            hr = call_run(&this->call, run_publish);
    }
    if (FAILED(hr) && this->payload.size > 0) {
        HRESULT dropped = call_run(&this->call, run_unstage);
        (void)dropped; /* the first failure is the one to tell; the next opening tries again */
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
    hr = publish_staged(&this);
    mem_free(this.leaves);
    if (id && SUCCEEDED(hr))
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
