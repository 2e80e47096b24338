/* recv_ping.c - PING: is the neighbour's set of records ours?
 *
 * Happy path: its count and fingerprint are those of our own records up to its horizon. Two
 * differences in a row on a quiet link, or a few on a busy one, start a reconciliation; a PING that
 * comes too early is dropped. Failure: the decoder's or the store's. */
#include "graph/graph_internal.h"

HRESULT recv_ping(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_ping ping;
    HRESULT hr = message_decode_ping(body, &ping);
    if (FAILED(hr))
        return hr;
    if (neighbour->ping_heard_ms != 0 &&
        graph->now.ms < neighbour->ping_heard_ms + PING_EARLIEST_MS)
        return S_OK;
    neighbour->ping_heard_ms = graph->now.ms;
    hr = peer_time_heard(graph, neighbour, ping.horizon - HORIZON_MARGIN, false);
    if (FAILED(hr))
        return hr;
    struct fingerprint sum;
    uint64_t count;
    const struct span all = {.horizon = ping.horizon};
    hr = range_fingerprint(graph, neighbour->fingerprint_key, &all, &sum, &count);
    if (FAILED(hr))
        return hr;
    if (count == ping.count && fingerprint_equal(&sum, &ping.sum)) {
        neighbour->ping_mismatches = 0;
        return S_OK;
    }
    /* While records are on their way to it, it cannot have them. */
    if (neighbour->serving || neighbour->job_count > 0 || neighbour->full)
        return S_OK;
    neighbour->ping_mismatches++;
    bool quiet = graph->now.ms >= neighbour->activity_ms + QUIET_MS ||
                 neighbour->ping_mismatches >= MISMATCHES_BUSY;
    if (neighbour->ping_mismatches < 2 || !quiet || neighbour->sync)
        return S_OK;
    neighbour->ping_mismatches = 0;
    return reconcile_start(graph, neighbour);
}
