/* recv_advertise.c - ADVERTISE: names of versions that the neighbour holds.
 *
 * Happy path: what is neither held nor on its way nor refused before is asked for by REQUEST; for
 * a payload that is being fetched, the neighbour becomes one more source. Failure: a list that
 * does not decode ends the link; the store's own codes undo the step. */
#include "graph/graph_internal.h"

static HRESULT wants(struct graph *graph, struct neighbour *neighbour,
                     const struct version_name *name, bool *wanted)
{
    *wanted = false;
    struct fetch *fetch = fetch_find(graph, &name->digest);
    if (fetch) {
        fetch_add_source(fetch, neighbour->link);
        return fetch_ask(graph, fetch);
    }
    if (refused_has(graph, &name->digest) || pending_find(graph, &name->digest))
        return S_OK;
    struct store_record held;
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->find(store, &name->id, &held);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        *wanted = true;
    else if (SUCCEEDED(hr))
        *wanted = !hash_equal(&held.digest, &name->digest);
    return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
}

HRESULT recv_advertise(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_list list;
    HRESULT hr = message_decode_advertise(body, &list);
    struct version_name names[REQUEST_MAX];
    uint32_t count = 0;
    struct version_name name;
    while (SUCCEEDED(hr) && message_next_advertised(&list, &name)) {
        bool wanted;
        hr = wants(graph, neighbour, &name, &wanted);
        if (SUCCEEDED(hr) && wanted)
            names[count++] = name;
        if (SUCCEEDED(hr) && count == REQUEST_MAX) {
            hr = request_records(graph, neighbour, names, count);
            count = 0;
        }
    }
    return SUCCEEDED(hr) ? request_records(graph, neighbour, names, count) : hr;
}
