/* expire.c - records end: hidden and announced at once; purge.c takes them from the disk a day
 * later.
 *
 * expired_to is the peer time up to which everything was announced. The timer is due at the next
 * expiration, and every ten minutes for the clock of the purge. */
#include "graph/graph_internal.h"

enum { EXPIRE_MIN_MS = 50, EXPIRE_MAX_MS = 600 * 1000 };

static HRESULT announce(void *context, const struct store_record *row)
{
    struct graph *graph = context;
    graph->expired_to = row->expiration;
    return row->deleted ? S_OK : graph_notify_record(graph, row, GRAPH_EXPIRED);
}

void expire_schedule(struct graph *graph, uint64_t expiration)
{
    uint64_t now = graph_time(graph);
    uint64_t wait_ms = expiration > now ? (expiration - now) / TICKS_PER_MS + 1 : 0;
    wait_ms = wait_ms < EXPIRE_MIN_MS ? EXPIRE_MIN_MS : wait_ms;
    uint64_t due =
        wait_ms < EXPIRE_MAX_MS ? graph->now.ms + wait_ms : graph->now.ms + EXPIRE_MAX_MS;
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
    graph->expire_due_ms = graph->now.ms + EXPIRE_MAX_MS;
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
    if (SUCCEEDED(hr))
        hr = purge_timer(graph);
    if (SUCCEEDED(hr) && purge_goes_on(graph))
        graph->expire_due_ms = graph->now.ms + EXPIRE_MIN_MS;
    return hr;
}
