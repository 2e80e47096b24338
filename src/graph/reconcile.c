/* reconcile.c - the guarantee: find the difference between two members' sets in messages that grow
 * with the difference.
 *
 * The side that starts keeps a stack of ranges of the order (modified, id). It asks for up to 16 at
 * a time, as a keyed fingerprint or, when it holds few, as the full list. The answer to each is
 * equal, a list, or "different", upon which the range is split into 16 by the own elements. A list
 * settles its range in both directions (reconcile_items). When the stack is empty SYNC_END goes
 * out; the other side answers it behind everything that it had to send. */
#include "graph/graph_internal.h"

/* Up to so many own elements are named at once; more are named only where fingerprints differ. */
enum { ASK_LIST_MAX = 8 };

static const struct store_key KEY_FIRST = {.modified = 0};
static const struct store_key KEY_LAST = {
    .modified = UINT64_MAX,
    .id = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}};

void sync_free(struct sync *sync)
{
    if (!sync)
        return;
    mem_free(sync->stack);
    mem_free(sync);
}

struct sum_context {
    const uint8_t *key;
    struct fingerprint sum;
    uint64_t count;
};

static HRESULT add_item(void *context, const struct store_item *item)
{
    struct sum_context *sums = context;
    uint8_t bytes[8 + GUID_SIZE + HASH_SIZE];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(item->key.modified >> (56 - 8 * i));
    memcpy(bytes + 8, item->key.id.bytes, GUID_SIZE);
    memcpy(bytes + 8 + GUID_SIZE, item->digest.bytes, HASH_SIZE);
    struct fingerprint value;
    fingerprint_of(sums->key, bytes, sizeof(bytes), &value);
    fingerprint_add(&sums->sum, &value);
    sums->count++;
    return S_OK;
}

HRESULT range_fingerprint(struct graph *graph, const uint8_t *key, const struct span *span,
                          struct fingerprint *sum, uint64_t *count)
{
    struct sum_context sums = {.key = key};
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->scan(store, span->lower, span->upper, span->horizon, add_item, &sums);
    *sum = sums.sum;
    *count = sums.count;
    if (!span->lower && !span->upper)
        graph->elements = sums.count;
    return hr;
}

struct list_context {
    struct range *range;
    bool complete;
};

static HRESULT list_item(void *context, const struct store_item *item)
{
    struct list_context *list = context;
    if (list->range->count == ITEMS_MAX) {
        list->complete = false;
        return S_FALSE;
    }
    struct range_item *out = &list->range->items[list->range->count++];
    out->key.modified = item->key.modified;
    out->key.id = item->key.id;
    out->version = item->version;
    out->digest = item->digest;
    return S_OK;
}

HRESULT range_list(struct graph *graph, const struct span *span, struct range *range,
                   bool *complete)
{
    struct list_context list = {.range = range, .complete = true};
    range->lower.modified = span->lower->modified;
    range->lower.id = span->lower->id;
    range->upper.modified = span->upper->modified;
    range->upper.id = span->upper->id;
    range->mode = RANGE_ITEMS;
    range->count = 0;
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->scan(store, span->lower, span->upper, span->horizon, list_item, &list);
    *complete = list.complete;
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT push(struct graph *graph, struct sync *sync, const struct store_key *lower,
                    const struct store_key *upper)
{
    (void)graph;
    if (sync->depth == sync->capacity) {
        uint32_t capacity = sync->capacity ? sync->capacity * 2 : 16;
        struct range_pair *stack = mem_realloc(sync->stack, capacity * sizeof(*stack));
        if (!stack)
            return E_OUTOFMEMORY;
        sync->stack = stack;
        sync->capacity = capacity;
    }
    sync->stack[sync->depth++] = (struct range_pair){.lower = *lower, .upper = *upper};
    return S_OK;
}

HRESULT reconcile_start(struct graph *graph, struct neighbour *neighbour)
{
    if (neighbour->sync)
        return S_OK;
    struct sync *sync = mem_zalloc(sizeof(*sync));
    if (!sync)
        return E_OUTOFMEMORY;
    sync->session = ++graph->next_session;
    sync->horizon = graph_time(graph) + HORIZON_MARGIN;
    sync->progress_ms = graph->now.ms;
    neighbour->sync = sync;
    graph->counters.reconcile_sessions++;
    HRESULT hr = push(graph, sync, &KEY_FIRST, &KEY_LAST);
    return SUCCEEDED(hr) ? reconcile_ask(graph, neighbour) : hr;
}

/* Few own elements are listed, many are fingerprinted. */
static HRESULT ask_range(struct graph *graph, struct neighbour *neighbour,
                         struct wire_writer *writer, struct range_pair *pair)
{
    const struct span span = {&pair->lower, &pair->upper, neighbour->sync->horizon};
    struct range *range = mem_alloc(sizeof(*range));
    if (!range)
        return E_OUTOFMEMORY;
    bool complete;
    HRESULT hr = range_list(graph, &span, range, &complete);
    pair->listed = complete && range->count <= ASK_LIST_MAX;
    if (SUCCEEDED(hr) && !pair->listed) {
        range->mode = RANGE_FINGERPRINT;
        hr =
            range_fingerprint(graph, neighbour->fingerprint_key, &span, &range->sum, &range->count);
    }
    if (SUCCEEDED(hr))
        message_write_range(writer, range);
    mem_free(range);
    return hr;
}

HRESULT reconcile_ask(struct graph *graph, struct neighbour *neighbour)
{
    struct sync *sync = neighbour->sync;
    sync->asked_count = 0;
    if (sync->depth == 0) {
        struct message_sync_end end = {.session = sync->session};
        sync->end_sent = true;
        return message_encode_sync_end(&end, &neighbour->out);
    }
    uint32_t count = sync->depth < LIMIT_RANGES ? sync->depth : LIMIT_RANGES;
    struct message_reconcile head = {.session = sync->session, .horizon = sync->horizon};
    struct wire_writer writer;
    wire_writer_init(&writer, &neighbour->out);
    size_t begin = message_begin_reconcile(&writer, &head, count);
    HRESULT hr = S_OK;
    /* The stack ascends, and so do questions. */
    sync->depth -= count;
    for (uint32_t i = 0; i < count && SUCCEEDED(hr); i++) {
        struct range_pair *asked = &sync->asked[sync->asked_count++];
        *asked = sync->stack[sync->depth + i];
        hr = ask_range(graph, neighbour, &writer, asked);
    }
    if (SUCCEEDED(hr))
        hr = message_end(&writer, begin);
    graph->counters.reconcile_bytes += neighbour->out.size - begin;
    return hr;
}

struct split_context {
    struct graph *graph;
    struct sync *sync;
    struct store_key lower;
    uint64_t seen;
    uint64_t next;
    uint64_t step;
    HRESULT hr;
};

static HRESULT split_item(void *context, const struct store_item *item)
{
    struct split_context *split = context;
    if (++split->seen < split->next)
        return S_OK;
    split->next += split->step;
    split->hr = push(split->graph, split->sync, &split->lower, &item->key);
    split->lower = item->key;
    return split->hr;
}

int store_key_compare(const struct store_key *a, const struct store_key *b)
{
    if (a->modified != b->modified)
        return a->modified < b->modified ? -1 : 1;
    return guid_compare(&a->id, &b->id);
}

/* Sixteen parts of equal numbers of own elements; when the stack is full the whole range waits for
 * another turn. */
HRESULT reconcile_split(struct graph *graph, struct sync *sync, const struct store_key *lower,
                        const struct store_key *upper)
{
    if (sync->depth + LIMIT_RANGES + 1 > SYNC_STACK_MAX)
        return push(graph, sync, lower, upper);
    struct sum_context sums = {.key = (const uint8_t[FINGERPRINT_KEY_SIZE]){0}};
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->scan(store, lower, upper, sync->horizon, add_item, &sums);
    if (FAILED(hr))
        return hr;
    struct split_context split = {.graph = graph, .sync = sync, .lower = *lower};
    split.step = (sums.count + LIMIT_RANGES - 1) / LIMIT_RANGES;
    split.step = split.step > 0 ? split.step : 1;
    split.next = split.step;
    hr = store->ops->scan(store, lower, upper, sync->horizon, split_item, &split);
    if (SUCCEEDED(hr) && store_key_compare(&split.lower, upper) < 0)
        hr = push(graph, sync, &split.lower, upper);
    return hr;
}

static struct asked *asked_place(struct graph *graph, const struct hash *digest, uint64_t *mark)
{
    memcpy(mark, digest->bytes, sizeof(*mark));
    return &graph->asked[*mark % ASKED_SIZE];
}

void request_answered(struct graph *graph, const struct hash *digest)
{
    uint64_t mark;
    struct asked *asked = asked_place(graph, digest, &mark);
    if (asked->mark == mark)
        *asked = (struct asked){.mark = 0};
}

static bool asked_lately(struct graph *graph, const struct neighbour *neighbour,
                         const struct hash *digest)
{
    uint64_t mark;
    struct asked *asked = asked_place(graph, digest, &mark);
    if (asked->mark == mark && asked->link == neighbour->link && asked->until_ms > graph->now.ms)
        return true;
    *asked = (struct asked){mark, neighbour->link, graph->now.ms + ASKED_MS};
    return false;
}

HRESULT request_records(struct graph *graph, struct neighbour *neighbour,
                        const struct version_name *names, uint32_t count)
{
    struct request requests[REQUEST_MAX];
    uint32_t asked = 0;
    ASSERT(count <= REQUEST_MAX);
    for (uint32_t i = 0; i < count; i++)
        if (!asked_lately(graph, neighbour, &names[i].digest))
            requests[asked++] = (struct request){.name = names[i]};
    if (asked == 0)
        return S_OK;
    if (neighbour->sync && neighbour->sync->end_sent)
        neighbour->sync->asked_more = true;
    return message_encode_request(requests, asked, &neighbour->out);
}

static HRESULT request_missing(struct graph *graph, struct neighbour *neighbour,
                               const struct range *range)
{
    struct store *store = graph->config.store;
    struct version_name names[ITEMS_MAX];
    uint32_t count = 0;
    uint64_t now = graph_time(graph);
    for (uint64_t i = 0; i < range->count; i++) {
        const struct range_item *item = &range->items[i];
        struct store_record held;
        HRESULT hr = store->ops->find(store, &item->key.id, &held);
        if (FAILED(hr) && hr != PEER_E_RECORD_NOT_FOUND)
            return hr;
        bool same = SUCCEEDED(hr) && hash_equal(&held.digest, &item->digest);
        bool future = item->key.modified > now + FUTURE_MAX;
        struct fetch *fetch = fetch_find(graph, &item->digest);
        if (fetch) {
            fetch_add_source(fetch, neighbour->link);
            hr = fetch_ask(graph, fetch);
            if (FAILED(hr))
                return hr;
        }
        if (same || future || fetch || refused_has(graph, &item->digest) ||
            pending_find(graph, &item->digest))
            continue;
        names[count++] = (struct version_name){item->key.id, item->version, item->digest};
    }
    return request_records(graph, neighbour, names, count);
}

HRESULT reconcile_items(struct graph *graph, struct neighbour *neighbour, const struct range *range,
                        uint64_t horizon)
{
    HRESULT hr = request_missing(graph, neighbour, range);
    if (FAILED(hr))
        return hr;
    struct job job = {
        .type = JOB_RANGE, .horizon = horizon, .except_count = (uint32_t)range->count};
    job.from = (struct store_key){range->lower.modified, range->lower.id};
    job.to = (struct store_key){range->upper.modified, range->upper.id};
    if (range->count > 0) {
        job.except = mem_calloc(range->count, sizeof(*job.except));
        if (!job.except)
            return E_OUTOFMEMORY;
        for (uint64_t i = 0; i < range->count; i++)
            job.except[i] = range->items[i].digest;
    }
    return job_add(neighbour, &job);
}

void reconcile_stop(struct graph *graph, struct neighbour *neighbour)
{
    sync_free(neighbour->sync);
    neighbour->sync = NULL;
    neighbour->sync_due_ms = graph->now.ms + SYNC_AGAIN_MS;
}

/* Everything of the session was sent by both sides, and judged: the neighbour shows nothing more,
 * unless something had to be dropped. */
HRESULT reconcile_check_end(struct graph *graph, struct neighbour *neighbour)
{
    if (!neighbour->sync || !neighbour->sync->end_came || neighbour->pending_count > 0 ||
        neighbour->deferred_count > 0)
        return S_OK;
    reconcile_stop(graph, neighbour);
    neighbour->activity_ms = graph->now.ms;
    if (!neighbour->behind)
        newcomer_agreed(graph, neighbour);
    return S_OK;
}
