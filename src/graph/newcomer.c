/* newcomer.c - when a node that is new has the group's database.
 *
 * One neighbour may withhold records, so a newcomer is synchronised when it has compared all with
 * two of different keys. Happy path: the first session ends without anything dropped; what the
 * neighbour told of other members is looked at, one after another is called; the session with one
 * of them ends too. Whoever can find no other within a few seconds takes what it has, and so does
 * everybody in the end: a neighbour can delay a newcomer, but not keep it out. Revocations that the
 * invitation's issuer knew of and nobody here has shown are waited for as well, for a while.
 * Failure: only memory and the store. */
#include "graph/graph_internal.h"

enum {
    OTHER_WAIT_MS = 3000,   /* to get a second link */
    HIDDEN_WAIT_MS = 30000, /* for revocations that somebody withholds */
    AGREE_LIMIT_MS = 60000, /* in any case */
    CALLER_FIRST_MS = 2500,
    LOOK_MS = 500
};

static bool is_other(const struct graph *graph, const struct neighbour *neighbour)
{
    return neighbour->state == NEIGHBOUR_CONNECTED && !neighbour->direct &&
           !hash_equal(&neighbour->key, &graph->newcomer.key);
}

void newcomer_agreed(struct graph *graph, const struct neighbour *neighbour)
{
    if (graph->synchronised)
        return;
    if (graph->newcomer.agreed == 0) {
        graph->newcomer.agreed = 1;
        graph->newcomer.key = neighbour->key;
        graph->newcomer.since_ms = graph->now.ms;
    } else if (is_other(graph, neighbour))
        graph->newcomer.agreed = 2;
}

void newcomer_reset(struct graph *graph)
{
    graph->newcomer.agreed = 0;
}

/* One that called leads a session first; two at once would send much twice. */
static bool may_start(const struct graph *graph, const struct neighbour *neighbour)
{
    bool its_turn = neighbour->incoming && graph->now.ms < neighbour->since_ms + CALLER_FIRST_MS;
    return !neighbour->sync && !neighbour->serving && !neighbour->full && !its_turn &&
           graph->now.ms >= neighbour->sync_due_ms;
}

/* *comparing stays false when there is nobody else to compare with. */
static HRESULT compare_others(struct graph *graph, bool *comparing)
{
    struct neighbour *neighbour, *next;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (!is_other(graph, neighbour))
            continue;
        *comparing = true;
        HRESULT hr = may_start(graph, neighbour) ? reconcile_start(graph, neighbour) : S_OK;
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

HRESULT newcomer_done(struct graph *graph)
{
    if (graph->synchronised)
        return S_OK;
    graph->synchronised = true;
    graph->presence_due_ms = graph->online ? graph->now.ms : UINT64_MAX;
    graph->membership_due_ms = graph->presence_due_ms;
    return graph_notify_value(graph, GRAPH_NOTICE_SYNCHRONISED, 0);
}

/* *waits: somebody may still be heard. */
static HRESULT look_for_other(struct graph *graph, uint64_t waited, bool *waits)
{
    bool comparing = false, calling = false;
    HRESULT hr = compare_others(graph, &comparing);
    if (SUCCEEDED(hr) && !comparing && waited < OTHER_WAIT_MS)
        hr = maintain_call_other(graph, &graph->newcomer.key, &calling);
    *waits = comparing || calling;
    return hr;
}

HRESULT newcomer_check(struct graph *graph)
{
    if (graph->synchronised || graph->newcomer.agreed == 0)
        return S_OK;
    struct provider *provider = graph->config.provider;
    uint64_t waited = graph->now.ms - graph->newcomer.since_ms;
    bool hidden = waited < HIDDEN_WAIT_MS && provider->ops->lacks_revocations(provider);
    if (waited >= AGREE_LIMIT_MS || (graph->newcomer.agreed > 1 && !hidden))
        return newcomer_done(graph);
    bool waits = false;
    HRESULT hr = look_for_other(graph, waited, &waits);
    if (FAILED(hr) || waits || hidden)
        return hr;
    return newcomer_done(graph);
}

uint64_t newcomer_deadline(const struct graph *graph)
{
    bool waits = !graph->synchronised && graph->newcomer.agreed > 0;
    return waits ? graph->now.ms + LOOK_MS : UINT64_MAX;
}
