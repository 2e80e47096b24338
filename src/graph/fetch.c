/* fetch.c - payloads that come in pieces: ask, check, keep, complete.
 *
 * A verified header whose payload is larger than a piece waits in the store as unfinished. Pieces
 * are asked from every neighbour that has shown the version, a window for each, checked against the
 * signed root on arrival and stored at once, so that a restart goes on where it was. When the last
 * piece is here the record becomes visible in one commit. An unanswered piece is asked elsewhere
 * after five seconds; what is not complete in an hour is dropped. */
#include "graph/graph_internal.h"

enum {
    WINDOW = 16,
    PIECE_TIMEOUT_MS = 5000,
    PIECE_MISSING = 0,
    PIECE_ASKED = 1,
    PIECE_HERE = 2,
    STALLED_MS = 60000
};
#define UNFINISHED_LIFETIME (3600 * TICKS_PER_SECOND)

struct fetch *fetch_find(struct graph *graph, const struct hash *digest)
{
    struct fetch *fetch;
    HASH_FIND(hh, graph->fetches, digest->bytes, HASH_SIZE, fetch);
    return fetch;
}

void fetch_free(struct graph *graph, struct fetch *fetch)
{
    if (TABLE_ADDED(fetch, hh))
        HASH_DEL(graph->fetches, fetch);
    for (struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        n->behind = n->behind || n->large_waits;
        n->large_waits = false;
    }
    mem_free(fetch->state);
    mem_free(fetch->asked_ms);
    mem_free(fetch->asked_link);
    mem_free(fetch);
}

void fetch_add_source(struct fetch *fetch, uint64_t link)
{
    for (uint32_t i = 0; i < fetch->source_count; i++)
        if (fetch->sources[i] == link)
            return;
    if (fetch->source_count < sizeof(fetch->sources) / sizeof(fetch->sources[0]))
        fetch->sources[fetch->source_count++] = link;
}

static HRESULT fetch_new(struct graph *graph, const struct version_name *name,
                         const struct hash *root, uint64_t size, struct fetch **out)
{
    struct fetch *fetch = mem_zalloc(sizeof(*fetch));
    if (!fetch)
        return E_OUTOFMEMORY;
    fetch->name = *name;
    fetch->root = *root;
    fetch->size = size;
    fetch->progress_ms = graph->now.ms;
    fetch->count = payload_piece_count(size);
    fetch->state = mem_zalloc(fetch->count);
    fetch->asked_ms = mem_calloc(fetch->count, sizeof(*fetch->asked_ms));
    fetch->asked_link = mem_calloc(fetch->count, sizeof(*fetch->asked_link));
    if (fetch->state && fetch->asked_ms && fetch->asked_link)
        HASH_ADD(hh, graph->fetches, name.digest, HASH_SIZE, fetch);
    if (!TABLE_ADDED(fetch, hh)) {
        fetch_free(graph, fetch);
        return E_OUTOFMEMORY;
    }
    struct store *store = graph->config.store;
    for (uint32_t i = 0; i < fetch->count; i++) {
        bool has;
        HRESULT hr = store->ops->piece_has(store, root, i, &has);
        if (FAILED(hr)) {
            fetch_free(graph, fetch);
            return hr;
        }
        fetch->state[i] = has ? PIECE_HERE : PIECE_MISSING;
        fetch->have += has;
    }
    *out = fetch;
    return S_OK;
}

/* One member has one unfinished payload, over however many links. */
static bool has_room(const struct graph *graph, const struct hash *owner, uint64_t size)
{
    bool busy = false;
    for (const struct fetch *f = graph->fetches; f; f = f->hh.next) {
        size += f->size;
        busy = busy || hash_equal(&f->owner, owner);
    }
    return !busy && size <= LIMIT_UNFINISHED_BYTES;
}

static HRESULT fetch_drop(struct graph *graph, struct fetch *fetch)
{
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->unfinished_remove(store, &fetch->name.digest);
    fetch_free(graph, fetch);
    return hr;
}

/* What nobody sends any more makes room. */
static HRESULT make_room(struct graph *graph)
{
    struct fetch *fetch, *next;
    HRESULT hr = S_OK;
    HASH_ITER (hh, graph->fetches, fetch, next) {
        bool stalled = graph->now.ms >= fetch->progress_ms + STALLED_MS;
        if (SUCCEEDED(hr) && (fetch->source_count == 0 || stalled))
            hr = fetch_drop(graph, fetch);
    }
    return hr;
}

static HRESULT ask_from(struct graph *graph, struct fetch *fetch, struct neighbour *neighbour)
{
    uint32_t outstanding = 0;
    for (uint32_t i = 0; i < fetch->count; i++)
        outstanding += fetch->state[i] == PIECE_ASKED && fetch->asked_link[i] == neighbour->link;
    struct request requests[WINDOW];
    uint32_t count = 0;
    for (uint32_t i = 0; i < fetch->count && outstanding + count < WINDOW; i++) {
        if (fetch->state[i] != PIECE_MISSING)
            continue;
        fetch->state[i] = PIECE_ASKED;
        fetch->asked_ms[i] = graph->now.ms;
        fetch->asked_link[i] = neighbour->link;
        requests[count++] = (struct request){.is_piece = true, .name = fetch->name, .piece = i};
    }
    return count > 0 ? message_encode_request(requests, count, &neighbour->out) : S_OK;
}

HRESULT fetch_ask(struct graph *graph, struct fetch *fetch)
{
    for (uint32_t i = 0; i < fetch->source_count; i++) {
        struct neighbour *neighbour = neighbour_find(graph, fetch->sources[i]);
        if (!neighbour || neighbour->state != NEIGHBOUR_CONNECTED)
            continue;
        HRESULT hr = ask_from(graph, fetch, neighbour);
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

static HRESULT find_unfinished(void *context, const struct store_unfinished *unfinished)
{
    const struct store_record *row = &unfinished->record;
    struct store_record *wanted = context;
    if (!hash_equal(&row->digest, &wanted->digest))
        return S_OK;
    size_t size = row->header.size + row->signature.size;
    wanted->owned = mem_alloc(size);
    if (!wanted->owned)
        return E_OUTOFMEMORY;
    memcpy(wanted->owned, row->header.data, row->header.size);
    memcpy(wanted->owned + row->header.size, row->signature.data, row->signature.size);
    wanted->certificate = row->certificate;
    wanted->header = bytes_of(wanted->owned, row->header.size);
    wanted->signature = bytes_of(wanted->owned + row->header.size, row->signature.size);
    return S_FALSE;
}

/* The version may have been overtaken, or its author revoked, while the pieces came: it is judged
 * once more. */
static HRESULT finish_row(struct graph *graph, const struct store_record *row)
{
    struct record record;
    if (row->signature.size != SIGNATURE_SIZE || FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    struct record_seal seal = {.certificate = row->certificate};
    memcpy(seal.signature, row->signature.data, SIGNATURE_SIZE);
    struct held held;
    enum verdict_class class;
    HRESULT hr = classify(graph, &record, &row->digest, &held, &class);
    if (FAILED(hr) || class != CLASS_NEW)
        return hr;
    struct verify_job job;
    struct provider *provider = graph->config.provider;
    hr = provider->ops->judge(provider, &record, &row->digest, &seal, bytes_of(NULL, 0), &job);
    if (graph_is_fault(hr))
        return hr;
    if (FAILED(hr) || record.expiration <= graph_time(graph))
        return S_OK;
    graph->counters.floods_useful++;
    struct accepted accepted = {.record = &record,
                                .digest = &row->digest,
                                .seal = &seal,
                                .header = row->header,
                                .held = &held};
    return accept_version(graph, &accepted);
}

/* Pieces are shared by all records with the same root: what was here already may belong to one of
 * another size. *whole: the pieces are exactly this payload. */
static HRESULT check_whole(struct graph *graph, const struct fetch *fetch, bool *whole)
{
    struct store *store = graph->config.store;
    struct hash *leaves = mem_calloc(fetch->count, sizeof(*leaves));
    struct hash root;
    uint64_t size;
    *whole = false;
    if (!leaves)
        return E_OUTOFMEMORY;
    HRESULT hr = store->ops->leaves(store, &fetch->root, fetch->count, leaves, &size);
    if (SUCCEEDED(hr) && size == fetch->size) {
        payload_root_of_leaves(leaves, fetch->count, &root);
        *whole = hash_equal(&root, &fetch->root);
    }
    mem_free(leaves);
    return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
}

static HRESULT complete(struct graph *graph, struct fetch *fetch)
{
    struct store *store = graph->config.store;
    struct store_record row = {.digest = fetch->name.digest};
    bool whole;
    HRESULT hr = check_whole(graph, fetch, &whole);
    if (SUCCEEDED(hr) && !whole) {
        refused_add(graph, &fetch->name.digest);
        return fetch_drop(graph, fetch);
    }
    if (SUCCEEDED(hr))
        hr = store->ops->unfinished_each(store, find_unfinished, &row);
    if (SUCCEEDED(hr) && row.owned)
        hr = finish_row(graph, &row);
    mem_free(row.owned);
    if (FAILED(hr)) {
        fetch_free(graph, fetch);
        return hr;
    }
    return fetch_drop(graph, fetch);
}

HRESULT fetch_begin(struct graph *graph, const struct accepted *accepted, const uint64_t *sources,
                    uint32_t count, bool *taken)
{
    const struct record *record = accepted->record;
    struct neighbour *first = neighbour_find(graph, sources[0]);
    struct version_name name = {record->id, record->version, *accepted->digest};
    *taken = false;
    if (!first)
        return S_OK;
    struct hash owner = first->key;
    HRESULT hr = S_OK;
    first->large_asked_ms = 0;
    if (!has_room(graph, &owner, record->payload_size))
        hr = make_room(graph);
    if (FAILED(hr))
        return hr;
    if (!has_room(graph, &owner, record->payload_size)) {
        large_wait(first, &name);
        return S_OK;
    }
    *taken = true;
    struct store_unfinished unfinished = {
        .since_utc = graph->now.utc, .owner = owner, .record = accepted_row(accepted)};
    struct store *store = graph->config.store;
    hr = store->ops->unfinished_put(store, &unfinished);
    if (FAILED(hr))
        return hr;
    struct fetch *fetch = NULL;
    hr = fetch_new(graph, &name, &record->payload_root, record->payload_size, &fetch);
    if (FAILED(hr))
        return hr;
    fetch->since_utc = graph->now.utc;
    fetch->header_link = sources[0];
    fetch->owner = owner;
    for (uint32_t i = 0; i < count; i++)
        fetch_add_source(fetch, sources[i]);
    return fetch->have == fetch->count ? complete(graph, fetch) : fetch_ask(graph, fetch);
}

/* Its hour goes on, and its owner's place stays taken. A clock that was set back begins it anew. */
static HRESULT restore_one(void *context, const struct store_unfinished *unfinished)
{
    struct graph *graph = context;
    const struct store_record *row = &unfinished->record;
    uint64_t now = graph->now.utc;
    struct version_name name = {row->id, row->version, row->digest};
    struct fetch *fetch = NULL;
    HRESULT hr = fetch_new(graph, &name, &row->payload_root, row->payload_size, &fetch);
    if (FAILED(hr))
        return hr;
    fetch->since_utc = unfinished->since_utc < now ? unfinished->since_utc : now;
    fetch->owner = unfinished->owner;
    return S_OK;
}

HRESULT fetch_restore(struct graph *graph)
{
    struct store *store = graph->config.store;
    return store->ops->unfinished_each(store, restore_one, graph);
}

static HRESULT lose_source(struct graph *graph, struct fetch *f, uint64_t link)
{
    for (uint32_t i = 0; i < f->count; i++)
        if (f->state[i] == PIECE_ASKED && f->asked_link[i] == link)
            f->state[i] = PIECE_MISSING;
    uint32_t before = f->source_count;
    for (uint32_t i = 0; i < f->source_count; i++)
        if (f->sources[i] == link)
            f->sources[i--] = f->sources[--f->source_count];
    return f->source_count < before ? fetch_ask(graph, f) : S_OK;
}

HRESULT fetch_source_gone(struct graph *graph, uint64_t link)
{
    HRESULT hr = S_OK;
    for (struct fetch *f = graph->fetches; f && SUCCEEDED(hr); f = f->hh.next)
        hr = lose_source(graph, f, link);
    return hr;
}

/* Whoever brought the header answers for it. Another may have believed it: that one is asked no
 * more, and what nobody else has is dropped. */
static HRESULT piece_is_wrong(struct graph *graph, struct fetch *fetch,
                              const struct neighbour *neighbour)
{
    if (fetch->header_link == neighbour->link)
        return PEER_E_INVALID_RECORD;
    HRESULT hr = lose_source(graph, fetch, neighbour->link);
    return SUCCEEDED(hr) && fetch->source_count == 0 ? fetch_drop(graph, fetch) : hr;
}

/* A source that does not deliver is asked last from now on. */
static void demote(struct fetch *fetch, uint64_t link)
{
    for (uint32_t i = 0; i + 1 < fetch->source_count; i++)
        if (fetch->sources[i] == link) {
            fetch->sources[i] = fetch->sources[i + 1];
            fetch->sources[i + 1] = link;
        }
}

HRESULT fetch_timer(struct graph *graph)
{
    struct fetch *fetch, *next;
    HASH_ITER (hh, graph->fetches, fetch, next) {
        if (graph->now.utc > fetch->since_utc + UNFINISHED_LIFETIME) {
            HRESULT dropped = fetch_drop(graph, fetch);
            if (FAILED(dropped))
                return dropped;
            continue;
        }
        bool late = false;
        for (uint32_t i = 0; i < fetch->count; i++) {
            if (fetch->state[i] != PIECE_ASKED ||
                fetch->asked_ms[i] + PIECE_TIMEOUT_MS > graph->now.ms)
                continue;
            fetch->state[i] = PIECE_MISSING;
            demote(fetch, fetch->asked_link[i]);
            late = true;
        }
        HRESULT hr = late ? fetch_ask(graph, fetch) : S_OK;
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

uint64_t fetch_deadline(const struct graph *graph)
{
    uint64_t deadline = UINT64_MAX;
    for (const struct fetch *f = graph->fetches; f; f = f->hh.next)
        for (uint32_t i = 0; i < f->count; i++)
            if (f->state[i] == PIECE_ASKED && f->asked_ms[i] + PIECE_TIMEOUT_MS < deadline)
                deadline = f->asked_ms[i] + PIECE_TIMEOUT_MS;
    return deadline;
}

HRESULT recv_piece(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_piece piece;
    HRESULT hr = message_decode_piece(body, &piece);
    if (FAILED(hr))
        return hr;
    neighbour->activity_ms = graph->now.ms;
    struct fetch *fetch = fetch_find(graph, &piece.name.digest);
    if (!fetch || piece.index >= fetch->count || fetch->state[piece.index] == PIECE_HERE)
        return S_OK;
    struct hash leaf;
    payload_leaf(piece.data, &leaf);
    if (piece.data.size != payload_piece_size(fetch->size, piece.index) ||
        !payload_path_check(&fetch->root, fetch->count, piece.index, &leaf, piece.path,
                            piece.path_size))
        return piece_is_wrong(graph, fetch, neighbour);
    struct store *store = graph->config.store;
    hr = store->ops->piece_put(store, &fetch->root, piece.index, piece.data, &leaf);
    if (FAILED(hr))
        return hr;
    fetch->state[piece.index] = PIECE_HERE;
    fetch->have++;
    fetch->progress_ms = graph->now.ms;
    /* A slow link is not a silent one: its other pieces get their time from now. */
    for (uint32_t i = 0; i < fetch->count; i++)
        if (fetch->state[i] == PIECE_ASKED && fetch->asked_link[i] == neighbour->link)
            fetch->asked_ms[i] = graph->now.ms;
    if (fetch->have == fetch->count)
        return complete(graph, fetch);
    return ask_from(graph, fetch, neighbour);
}
