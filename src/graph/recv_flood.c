/* recv_flood.c - FLOOD: a record version comes from a neighbour.
 *
 * Decode, recompute digest and id; what is held or waiting already needs no signature check;
 * expired and future versions are left aside without blame; the rest goes to the provider
 * (pending.c). A header that is wrong in itself is PEER_E_INVALID_RECORD and costs the neighbour
 * its link. */
#include "graph/graph_internal.h"

HRESULT flood_check(struct graph *graph, const struct message_flood *flood,
                    const struct record *record)
{
    struct guid id;
    record_make_id(graph->graph_id, record, &id);
    if (!guid_equal(&id, &record->id))
        return PEER_E_INVALID_RECORD;
    if (flood->flags & FLOOD_PAYLOAD_IN_PIECES)
        return record->payload_size > LIMIT_PIECE_SIZE ? S_OK : PEER_E_INVALID_RECORD;
    struct hash leaf;
    payload_leaf(flood->payload, &leaf);
    if (flood->payload.size != record->payload_size || !hash_equal(&leaf, &record->payload_root))
        return PEER_E_INVALID_RECORD;
    return S_OK;
}

/* The version is known here: say so, and show a newer one to whoever sent an older one. */
static HRESULT answer_known(struct graph *graph, struct neighbour *neighbour,
                            const struct version_name *name, const struct store_record *held,
                            enum verdict_class class)
{
    HRESULT hr = ack_one(graph, neighbour, name, false);
    if (FAILED(hr) || class == CLASS_SAME)
        return hr;
    struct version_name newer = {.id = held->id, .version = held->version, .digest = held->digest};
    if (recent_has(neighbour, &newer.digest))
        return S_OK;
    return advertise_one(neighbour, &newer);
}

HRESULT recv_flood(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_flood flood;
    struct record record;
    HRESULT hr = message_decode_flood(body, &flood);
    if (SUCCEEDED(hr))
        hr = record_header_decode(flood.header, &record);
    if (SUCCEEDED(hr))
        hr = flood_check(graph, &flood, &record);
    if (FAILED(hr))
        return hr;
    graph->counters.floods_received++;
    neighbour->activity_ms = graph->now.ms;
    if (neighbour->sync)
        neighbour->sync->progress_ms = graph->now.ms;
    struct hash digest;
    record_digest(graph->graph_id, flood.header, &digest);
    recent_add(neighbour, &digest);
    request_answered(graph, &digest);
    struct version_name name = {.id = record.id, .version = record.version, .digest = digest};

    struct held held;
    enum verdict_class class;
    hr = classify(graph, &record, &digest, &held, &class);
    if (FAILED(hr))
        return hr;
    if (class != CLASS_NEW)
        hr = answer_known(graph, neighbour, &name, &held.row, class);
    /* [protocol 5] What outlives its tombstone is checked too, to have that signed again. */
    bool outlives = class == CLASS_OLDER && upkeep_wants(graph, &held.row, record.expiration);
    if (FAILED(hr) || (class != CLASS_NEW && !outlives))
        return hr;
    uint64_t now = graph_time(graph);
    if (record.expiration <= now || record.modified > now + FUTURE_MAX)
        return ack_one(graph, neighbour, &name, false);
    struct pending *waiting = pending_find(graph, &digest);
    if (waiting && pending_gives_way(graph, waiting, &flood.certificate)) {
        hr = pending_drop(graph, waiting);
        if (FAILED(hr))
            return hr;
        waiting = NULL;
    }
    if (waiting)
        pending_add_source(waiting, neighbour->link);
    struct fetch *fetch = fetch_find(graph, &digest);
    if (fetch) {
        fetch_add_source(fetch, neighbour->link);
        hr = fetch_ask(graph, fetch);
    }
    if (waiting || fetch)
        return hr;
    return pending_take(graph, neighbour, body, &record, &digest);
}
