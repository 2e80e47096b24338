/* expire.c - records end: hidden and announced at once, purged a day later by the monotonic clock.
 *
 * expired_to is the peer time up to which everything was announced. Purging trusts no clock that
 * can jump: once an hour the pair (monotonic, peer time) is noted, and what had expired at the peer
 * time of the note of 24 hours ago goes. A clock that was set wrong for less than a day therefore
 * loses nothing. */
#include "graph/graph_internal.h"

enum { EXPIRE_BATCH = 256, EXPIRE_MIN_MS = 50, HOUR_MS = 3600 * 1000, PURGE_HOURS = 24 };

static HRESULT announce(void *context, const struct store_record *row)
{
    struct graph *graph = context;
    graph->expired_to = row->expiration;
    return row->deleted ? S_OK : graph_notify_record(graph, row, GRAPH_EXPIRED);
}

struct purge {
    struct guid ids[EXPIRE_BATCH];
    uint32_t count;
};

static HRESULT collect(void *context, const struct store_record *row)
{
    struct purge *purge = context;
    purge->ids[purge->count++] = row->id;
    return S_OK;
}

static HRESULT purge(struct graph *graph, uint64_t until)
{
    struct store *store = graph->config.store;
    struct purge batch;
    struct store_record row;
    HRESULT hr = S_OK;
    do {
        batch.count = 0;
        hr = store->ops->each_expired(store, 0, until, EXPIRE_BATCH, collect, &batch);
        for (uint32_t i = 0; SUCCEEDED(hr) && i < batch.count; i++) {
            hr = store->ops->find(store, &batch.ids[i], &row);
            if (SUCCEEDED(hr))
                hr = remove_row(graph, &row);
        }
    } while (SUCCEEDED(hr) && batch.count == EXPIRE_BATCH);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT note_hour(struct graph *graph)
{
    uint32_t count = graph->hourly_count;
    if (count > 0 && graph->now.ms < graph->hourly[count - 1].ms + HOUR_MS)
        return S_OK;
    HRESULT hr = S_OK;
    if (count == PURGE_HOURS + 1) {
        hr = purge(graph, graph->hourly[0].peer_time);
        memmove(graph->hourly, graph->hourly + 1, PURGE_HOURS * sizeof(graph->hourly[0]));
        graph->hourly_count = count = PURGE_HOURS;
    }
    graph->hourly[count].ms = graph->now.ms;
    graph->hourly[count].peer_time = graph_horizon(graph, graph->now.utc);
    graph->hourly_count++;
    return hr;
}

void expire_schedule(struct graph *graph, uint64_t expiration)
{
    uint64_t now = graph_time(graph);
    uint64_t wait_ms = expiration > now ? (expiration - now) / TICKS_PER_MS + 1 : 0;
    wait_ms = wait_ms < EXPIRE_MIN_MS ? EXPIRE_MIN_MS : wait_ms;
    uint64_t due = wait_ms < HOUR_MS ? graph->now.ms + wait_ms : graph->now.ms + HOUR_MS;
    if (due < graph->expire_due_ms)
        graph->expire_due_ms = due;
}

static bool is_deferring(const struct graph *graph)
{
    return graph->config.defer_expiration && neighbours_connected(graph, false) == 0;
}

HRESULT expire_timer(struct graph *graph)
{
    if (graph->now.ms < graph->expire_due_ms)
        return S_OK;
    struct store *store = graph->config.store;
    uint64_t horizon = graph_horizon(graph, graph->now.utc);
    graph->expire_due_ms = graph->now.ms + HOUR_MS;
    if (horizon > graph->expired_to) {
        HRESULT hr = store->ops->each_expired(store, graph->expired_to, horizon, UINT32_MAX,
                                              announce, graph);
        if (FAILED(hr))
            return hr;
        graph->expired_to = horizon;
    }
    uint64_t next;
    HRESULT hr = store->ops->next_expiration(store, horizon, &next);
    if (SUCCEEDED(hr) && next != UINT64_MAX && !is_deferring(graph))
        expire_schedule(graph, next);
    return SUCCEEDED(hr) ? note_hour(graph) : hr;
}
