/* recv_revoked.c - REVOKED: the other side refuses this member, and shows the revocation that says
 * so.
 *
 * It is complete in itself, so that it counts whoever brought it, and is judged at once, since the
 * link ends. One that is about this member is accepted like any record; one that is known already
 * still answers an attempt to come back. What is about others is left to the usual ways. Failure:
 * PEER_E_INVALID_RECORD for what is wrong in itself. */
#include "graph/graph_internal.h"

static bool is_timely(const struct graph *graph, const struct record *record)
{
    uint64_t now = graph_time(graph);
    return record->expiration > now && record->modified <= now + FUTURE_MAX;
}

/* Who is no member hears so again; to others what is known already says nothing. */
static bool is_out(struct graph *graph)
{
    struct provider *provider = graph->config.provider;
    struct hash key;
    struct bytes name;
    uint64_t end;
    provider->ops->own(provider, &key, &name, &end);
    return FAILED(provider->ops->link_allowed(provider, &key, graph->now.utc));
}

static HRESULT take(struct graph *graph, const struct message_revoked *message,
                    const struct record *record, const struct hash *digest)
{
    struct provider *provider = graph->config.provider;
    struct record_seal seal = {.certificate = message->flood.certificate};
    memcpy(seal.signature, message->flood.signature.data, SIGNATURE_SIZE);
    HRESULT hr = provider->ops->removes_own(provider, message->chain, record, digest, &seal,
                                            message->flood.payload);
    if (hr != S_OK)
        return hr == PEER_E_NOT_AUTHORIZED ? S_OK : hr;
    const struct accepted accepted = {.record = record,
                                      .digest = digest,
                                      .seal = &seal,
                                      .header = message->flood.header,
                                      .payload = message->flood.payload};
    return accept_version(graph, &accepted);
}

HRESULT recv_revoked(struct graph *graph, struct bytes body)
{
    struct message_revoked message;
    struct record record;
    struct held held;
    struct hash digest;
    enum verdict_class class;
    HRESULT hr = message_decode_revoked(body, &message);
    if (SUCCEEDED(hr))
        hr = record_header_decode(message.flood.header, &record);
    if (SUCCEEDED(hr))
        hr = flood_check(graph, &message.flood, &record);
    if (SUCCEEDED(hr) && !guid_equal(&record.type, &RECORD_TYPE_REVOCATION))
        hr = PEER_E_INVALID_RECORD;
    if (FAILED(hr))
        return hr;
    record_digest(graph->graph_id, message.flood.header, &digest);
    hr = classify(graph, &record, &digest, &held, &class);
    if (FAILED(hr) || class == CLASS_OLDER)
        return hr;
    if (class == CLASS_SAME)
        return is_out(graph) ? graph_notify_value(graph, GRAPH_NOTICE_REVOKED, 0) : S_OK;
    return is_timely(graph, &record) ? take(graph, &message, &record, &digest) : S_OK;
}
