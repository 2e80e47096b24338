/* large.c - large records that came while another one was on its way from the same neighbour.
 *
 * One unfinished record a neighbour bounds what a promise costs; what else it shows is remembered
 * by name, a few of each neighbour, and asked for again one by one as those before are complete.
 * Beyond that number the neighbour is behind, and reconciliation finds the rest. */
#include "graph/graph_internal.h"

enum { LARGE_MAX = 256, LARGE_TIMEOUT_MS = 5000 };

void large_wait(struct neighbour *neighbour, const struct version_name *name)
{
    for (uint32_t i = 0; i < neighbour->large_count; i++)
        if (version_name_equal(&neighbour->large[i], name))
            return;
    if (!neighbour->large)
        neighbour->large = mem_calloc(LARGE_MAX, sizeof(*neighbour->large));
    if (!neighbour->large || neighbour->large_count == LARGE_MAX) {
        neighbour->large_waits = true;
        return;
    }
    neighbour->large[neighbour->large_count++] = *name;
}

static bool is_fetching(const struct graph *graph, uint64_t link)
{
    for (const struct fetch *f = graph->fetches; f; f = f->hh.next)
        if (f->source_count > 0 && f->sources[0] == link)
            return true;
    return false;
}

/* Still wanted: nothing that stands, waits or comes already. */
static HRESULT is_wanted(struct graph *graph, const struct version_name *name, bool *wanted)
{
    struct store_record held;
    HRESULT hr = graph->config.store->ops->find(graph->config.store, &name->id, &held);
    if (FAILED(hr) && hr != PEER_E_RECORD_NOT_FOUND)
        return hr;
    bool same = SUCCEEDED(hr) && hash_equal(&held.digest, &name->digest);
    *wanted = !same && !pending_find(graph, &name->digest) && !fetch_find(graph, &name->digest) &&
              !refused_has(graph, &name->digest);
    return S_OK;
}

HRESULT large_next(struct graph *graph, struct neighbour *neighbour)
{
    bool asked = neighbour->large_asked_ms != 0 &&
                 graph->now.ms < neighbour->large_asked_ms + LARGE_TIMEOUT_MS;
    if (neighbour->large_count == 0 || asked || is_fetching(graph, neighbour->link))
        return S_OK;
    bool wanted = false;
    struct request request = {.is_piece = false};
    HRESULT hr = S_OK;
    uint32_t taken = 0;
    while (SUCCEEDED(hr) && taken < neighbour->large_count && !wanted) {
        request.name = neighbour->large[taken++];
        hr = is_wanted(graph, &request.name, &wanted);
    }
    neighbour->large_count -= taken;
    memmove(neighbour->large, neighbour->large + taken,
            neighbour->large_count * sizeof(*neighbour->large));
    if (FAILED(hr) || !wanted)
        return hr;
    neighbour->large_asked_ms = graph->now.ms;
    return message_encode_request(&request, 1, &neighbour->out);
}
