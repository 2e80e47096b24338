/* jobs.c - bulk for a neighbour: ranges to stream, records and pieces it asked for, the end of its
 * session.
 *
 * Jobs run first come, first served, at most BULK_CHUNK_BYTES for a list of actions and only while
 * the link has room, so that new records overtake them and memory stays bounded. A full list drops
 * the newcomer: the neighbour is then behind, and reconciles later. */
#include "graph/graph_internal.h"

#include <stdlib.h>

static int hash_order(const void *a, const void *b)
{
    return hash_compare(a, b);
}

HRESULT job_add(struct neighbour *neighbour, const struct job *job)
{
    if (neighbour->job_count >= JOBS_MAX) {
        neighbour->behind = true;
        mem_free(job->except);
        return S_OK;
    }
    if (neighbour->job_first > 0 &&
        neighbour->job_first + neighbour->job_count == neighbour->job_capacity) {
        memmove(neighbour->jobs, neighbour->jobs + neighbour->job_first,
                neighbour->job_count * sizeof(*job));
        neighbour->job_first = 0;
    }
    if (neighbour->job_count == neighbour->job_capacity) {
        uint32_t capacity = neighbour->job_capacity ? neighbour->job_capacity * 2 : 8;
        struct job *jobs = mem_realloc(neighbour->jobs, capacity * sizeof(*jobs));
        if (!jobs) {
            mem_free(job->except);
            return E_OUTOFMEMORY;
        }
        neighbour->jobs = jobs;
        neighbour->job_capacity = capacity;
    }
    neighbour->jobs[neighbour->job_first + neighbour->job_count++] = *job;
    if (job->except)
        qsort(job->except, job->except_count, sizeof(*job->except), hash_order);
    return S_OK;
}

static void job_drop_first(struct neighbour *neighbour)
{
    mem_free(neighbour->jobs[neighbour->job_first].except);
    neighbour->job_first++;
    if (--neighbour->job_count == 0)
        neighbour->job_first = 0;
}

void jobs_free(struct neighbour *neighbour)
{
    while (neighbour->job_count > 0)
        job_drop_first(neighbour);
    mem_free(neighbour->jobs);
    neighbour->jobs = NULL;
}

struct batch {
    struct store_item items[128];
    uint32_t count;
    const struct job *job;
    struct store_key last;
};

static HRESULT collect(void *context, const struct store_item *item)
{
    struct batch *batch = context;
    batch->last = item->key;
    const struct job *job = batch->job;
    bool excepted = job->except &&
                    bsearch(&item->digest, job->except, job->except_count, HASH_SIZE, hash_order);
    if (!excepted)
        batch->items[batch->count++] = *item;
    return batch->count == sizeof(batch->items) / sizeof(batch->items[0]) ? S_FALSE : S_OK;
}

/* A version that was asked for by its digest goes out even if it did before: the neighbour may have
 * dropped it under pressure. */
static HRESULT send_record(struct graph *graph, struct neighbour *neighbour, const struct guid *id,
                           const struct hash *asked)
{
    struct store *store = graph->config.store;
    struct store_record row;
    HRESULT hr = store->ops->get(store, id, &row);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        return S_OK;
    if (FAILED(hr))
        return hr;
    bool again = asked && hash_equal(asked, &row.digest);
    if (row.expiration > graph_time(graph))
        hr = again ? flood_again(graph, neighbour, &row, FLOOD_SYNC)
                   : flood_row(graph, neighbour, &row, FLOOD_SYNC);
    store_record_deinit(&row);
    return hr;
}

/* What went to this neighbour lately, or came from it, is on its way or was dropped there: its name
 * is enough. */
static HRESULT send_item(struct graph *graph, struct neighbour *neighbour,
                         const struct store_item *item)
{
    if (!recent_has(neighbour, &item->digest))
        return send_record(graph, neighbour, &item->key.id, NULL);
    struct version_name name = {item->key.id, item->version, item->digest};
    return advertise_one(neighbour, &name);
}

/* Sends a part of a range; *done when the range is finished. */
static HRESULT run_range(struct graph *graph, struct neighbour *neighbour, struct job *job,
                         bool *done)
{
    struct store *store = graph->config.store;
    struct batch batch = {.count = 0, .job = job, .last = job->from};
    HRESULT hr = store->ops->scan(store, &job->from, &job->to, job->horizon, collect, &batch);
    bool full_batch = batch.count == sizeof(batch.items) / sizeof(batch.items[0]);
    uint32_t sent = 0;
    while (SUCCEEDED(hr) && sent < batch.count &&
           neighbour_given(graph, neighbour) < BULK_CHUNK_BYTES)
        hr = send_item(graph, neighbour, &batch.items[sent++]);
    *done = sent == batch.count && !full_batch;
    if (sent > 0)
        job->from = sent == batch.count ? batch.last : batch.items[sent - 1].key;
    return FAILED(hr) ? hr : S_OK;
}

/* The leaves give the path; of the payload only the piece itself is read. */
static HRESULT encode_piece(struct graph *graph, const struct store_record *row,
                            const struct job *job, struct buffer *out)
{
    struct store *store = graph->config.store;
    uint32_t count = payload_piece_count(row->payload_size);
    uint64_t size;
    CLEANUP_FREE struct hash *leaves = mem_calloc(count, sizeof(*leaves));
    CLEANUP_BUFFER struct buffer data = BUFFER_NULL;
    if (!leaves)
        return E_OUTOFMEMORY;
    HRESULT hr = store->ops->leaves(store, &row->payload_root, count, leaves, &size);
    if (SUCCEEDED(hr))
        hr = store->ops->piece_get(store, &row->payload_root, job->piece, &data);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? PEER_E_INVALID_DATABASE : hr;
    struct message_piece message = {
        .name = job->name, .index = job->piece, .data = buffer_view(&data)};
    _Static_assert((int)PIECE_PATH_MAX == (int)PAYLOAD_PATH_MAX, "one tree");
    message.path_size = payload_path(leaves, count, job->piece, message.path);
    return message_encode_piece(&message, out);
}

static HRESULT send_piece(struct graph *graph, struct neighbour *neighbour, const struct job *job)
{
    struct store *store = graph->config.store;
    struct store_record row;
    HRESULT hr = store->ops->find(store, &job->name.id, &row);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        return S_OK;
    if (FAILED(hr))
        return hr;
    if (!hash_equal(&row.digest, &job->name.digest) || row.payload_size <= LIMIT_PIECE_SIZE ||
        job->piece >= payload_piece_count(row.payload_size))
        return S_OK;
    return encode_piece(graph, &row, job, &neighbour->out);
}

static HRESULT run_first(struct graph *graph, struct neighbour *neighbour)
{
    struct job *job = &neighbour->jobs[neighbour->job_first];
    bool done = true;
    HRESULT hr = S_OK;
    switch (job->type) {
    case JOB_RANGE:
        hr = run_range(graph, neighbour, job, &done);
        break;
    case JOB_RECORD:
        hr = send_record(graph, neighbour, &job->name.id, &job->name.digest);
        break;
    case JOB_PIECE:
        hr = send_piece(graph, neighbour, job);
        break;
    case JOB_SYNC_END: {
        struct message_sync_end end = {.session = job->session, .answer = true};
        neighbour->serving = false;
        hr = message_encode_sync_end(&end, &neighbour->out);
        break;
    }
    }
    if (done)
        job_drop_first(neighbour);
    return hr;
}

static HRESULT send_certificate(struct graph *graph, struct neighbour *neighbour)
{
    struct provider *provider = graph->config.provider;
    struct message_certificate message = {.certificate = neighbour->certificates[0]};
    struct buffer chain = BUFFER_NULL;
    memmove(neighbour->certificates, neighbour->certificates + 1,
            --neighbour->certificate_count * sizeof(neighbour->certificates[0]));
    HRESULT hr = provider->ops->certificate_chain(provider, &message.certificate, &chain);
    message.chain = buffer_view(&chain);
    if (SUCCEEDED(hr))
        hr = message_encode_certificate(&message, &neighbour->out);
    buffer_deinit(&chain);
    return hr == PEER_E_NOT_FOUND ? S_OK : hr;
}

HRESULT jobs_run(struct graph *graph, struct neighbour *neighbour)
{
    HRESULT hr = S_OK;
    while (SUCCEEDED(hr) && neighbour->certificate_count > 0 && !neighbour->full &&
           neighbour_given(graph, neighbour) < BULK_CHUNK_BYTES)
        hr = send_certificate(graph, neighbour);
    while (SUCCEEDED(hr) && neighbour->job_count > 0 && !neighbour->full &&
           neighbour_given(graph, neighbour) < BULK_CHUNK_BYTES)
        hr = run_first(graph, neighbour);
    if (SUCCEEDED(hr) && !neighbour->direct)
        hr = large_next(graph, neighbour);
    bool idle = neighbour->job_count == 0 && !neighbour->full && !neighbour->sync;
    bool due = neighbour->behind && graph->now.ms >= neighbour->sync_due_ms;
    if (SUCCEEDED(hr) && idle && due && !neighbour->direct) {
        neighbour->behind = false;
        hr = reconcile_start(graph, neighbour);
    }
    return hr;
}
