/* import.c - a version that comes from a file: taken as one from a neighbour would be, but nobody
 * is to blame or to be answered.
 *
 * Its signature was checked by whoever read the file. What has expired, lies in the future, is
 * older than what stands, or is refused for what this member knows is left aside. */
#include "graph/graph_internal.h"

static HRESULT would_take(struct graph *graph, const struct graph_sealed *sealed, uint64_t utc,
                          struct held *held, bool *wanted)
{
    enum verdict_class class;
    struct verify_job job;
    struct provider *provider = graph->config.provider;
    uint64_t now = graph_peer_time(graph, utc);
    *wanted = false;
    HRESULT hr = classify(graph, sealed->record, sealed->digest, held, &class);
    if (FAILED(hr) || class != CLASS_NEW || sealed->record->expiration <= now ||
        sealed->record->modified > now + FUTURE_MAX)
        return hr;
    hr = provider->ops->judge(provider, sealed->record, sealed->digest, sealed->seal,
                              sealed->payload, &job);
    *wanted = SUCCEEDED(hr);
    return graph_is_fault(hr) ? hr : S_OK;
}

HRESULT graph_would_take(struct graph *graph, const struct graph_sealed *sealed, uint64_t utc,
                         bool *wanted)
{
    struct held held;
    return would_take(graph, sealed, utc, &held, wanted);
}

HRESULT import_version(struct graph *graph, const struct graph_sealed *sealed, bool *stored)
{
    bool wanted;
    struct held held;
    HRESULT hr = would_take(graph, sealed, graph->now.utc, &held, &wanted);
    if (FAILED(hr) || !wanted)
        return hr;
    struct accepted accepted = {.record = sealed->record,
                                .digest = sealed->digest,
                                .seal = sealed->seal,
                                .header = sealed->header,
                                .payload = sealed->payload,
                                .held = &held};
    *stored = true;
    return accept_version(graph, &accepted);
}
