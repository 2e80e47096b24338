/* presence.c - this node's own records about itself: presence while it listens, membership while it
 * is a member.
 *
 * A presence record says node id and addresses; it lives for the group's presence lifetime and is
 * written again a minute before its end. Leaving deletes it; a crash lets it expire. The membership
 * record announces the member to applications; it is written at the first connection, or with the
 * member's first action where the group leaves member data to that, and again in the last tenth of
 * its life. Presence written by itself is no action. */
#include "graph/graph_internal.h"

enum { REFRESH_BEFORE_MS = 60 * 1000, PRESENCE_VERSION = 1, ATTRIBUTES_MAX = 4096 };

HRESULT presence_encode(const struct presence *presence, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PRESENCE_VERSION);
    wire_write_u64(&writer, presence->node_id);
    wire_write_addresses(&writer, &presence->addresses);
    wire_write_blob(&writer, presence->attributes);
    return writer.hr;
}

HRESULT presence_decode(struct bytes payload, struct presence *presence)
{
    struct wire_reader reader;
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    presence->node_id = wire_read_u64(&reader);
    wire_read_addresses(&reader, &presence->addresses);
    presence->attributes = wire_read_text(&reader, ATTRIBUTES_MAX);
    bool sound = wire_reader_done(&reader) && version == PRESENCE_VERSION &&
                 presence->node_id != 0 && presence->addresses.count <= LIMIT_ADDRESSES;
    return sound ? S_OK : PEER_E_INVALID_RECORD;
}

/* No own record outlives the certificate that signs it. */
static uint64_t own_expiration(struct graph *graph, uint64_t lifetime_s)
{
    struct hash key;
    struct bytes name;
    uint64_t end;
    graph->config.provider->ops->own(graph->config.provider, &key, &name, &end);
    uint64_t wanted = graph_time(graph) + lifetime_s * TICKS_PER_SECOND;
    return wanted < end ? wanted : end;
}

static HRESULT write_presence(struct graph *graph)
{
    struct presence presence = {.node_id = graph->config.node_id, .addresses = graph->listening};
    struct buffer payload = BUFFER_NULL;
    bool stored = false;
    HRESULT hr = presence_encode(&presence, &payload);
    struct graph_publish record = {.kind = graph->has_presence ? PUBLISH_UPDATE : PUBLISH_ADD,
                                   .id = graph->presence_id,
                                   .type = RECORD_TYPE_PRESENCE,
                                   .expiration =
                                       own_expiration(graph, graph->config.presence_lifetime_s),
                                   .payload = buffer_view(&payload),
                                   .payload_size = payload.size,
                                   .reserved = true};
    payload_leaf(buffer_view(&payload), &record.payload_root);
    if (SUCCEEDED(hr))
        hr = publish(graph, &record, &graph->presence_id, &stored);
    if (hr == PEER_E_RECORD_NOT_FOUND) {
        record.kind = PUBLISH_ADD;
        hr = publish(graph, &record, &graph->presence_id, &stored);
    }
    buffer_deinit(&payload);
    graph->has_presence = SUCCEEDED(hr);
    return hr;
}

HRESULT presence_withdraw(struct graph *graph)
{
    if (!graph->has_presence)
        return S_OK;
    graph->has_presence = false;
    struct graph_publish record = {
        .kind = PUBLISH_DELETE, .id = graph->presence_id, .reserved = true};
    struct guid id;
    bool stored = false;
    HRESULT hr = publish(graph, &record, &id, &stored);
    return hr == E_OUTOFMEMORY || hr == PEER_E_DISK_FULL ? hr : S_OK;
}

struct membership {
    const struct hash *creator;
    struct guid id;
    uint64_t expiration;
};

static HRESULT find_membership(void *context, const struct store_record *row)
{
    struct membership *membership = context;
    if (hash_equal(&row->creator, membership->creator) &&
        row->expiration > membership->expiration) {
        membership->id = row->id;
        membership->expiration = row->expiration;
    }
    return S_OK;
}

/* The own membership record that lasts longest; expiration 0: none. */
static HRESULT own_membership(struct graph *graph, struct membership *own)
{
    struct store *store = graph->config.store;
    return store->ops->each(store, &RECORD_TYPE_MEMBERSHIP, graph_time(graph), false,
                            find_membership, own);
}

/* Where there is none, it is written only if it is to begin now. */
static HRESULT refresh_membership(struct graph *graph, bool begin)
{
    struct hash key;
    struct bytes name;
    uint64_t end, now = graph_time(graph);
    graph->config.provider->ops->own(graph->config.provider, &key, &name, &end);
    struct membership own = {.creator = &key};
    HRESULT hr = own_membership(graph, &own);
    if (FAILED(hr) || (own.expiration == 0 && !begin))
        return hr;
    uint64_t lifetime_s = graph->config.member_data_lifetime_s;
    uint64_t margin = lifetime_s * TICKS_PER_SECOND / 10;
    bool fresh = own.expiration > now + margin || own.expiration >= end;
    if (!fresh) {
        struct graph_publish record = {.kind = own.expiration > 0 ? PUBLISH_UPDATE : PUBLISH_ADD,
                                       .id = own.id,
                                       .type = RECORD_TYPE_MEMBERSHIP,
                                       .expiration = own_expiration(graph, lifetime_s),
                                       .reserved = true};
        bool stored = false;
        payload_leaf(bytes_of(NULL, 0), &record.payload_root);
        hr = publish(graph, &record, &own.id, &stored);
        own.expiration = record.expiration;
    }
    if (SUCCEEDED(hr))
        graph->membership_until = own.expiration;
    uint64_t wait_ms =
        own.expiration > now + margin ? (own.expiration - margin - now) / TICKS_PER_MS : 60000;
    graph->membership_due_ms = graph->now.ms + (wait_ms < 86400000 ? wait_ms : 86400000);
    return hr;
}

/* A certificate that has ended may write nothing more; the link will say so too. */
static HRESULT only_faults(HRESULT hr)
{
    return hr == PEER_E_NOT_AUTHORIZED || hr == E_INVALIDARG || hr == PEER_E_INVALID_RECORD ? S_OK
                                                                                            : hr;
}

/* [contract 9.3, 10.9] */
HRESULT membership_first(struct graph *graph)
{
    bool known = graph->membership_until > graph_time(graph);
    if (!graph->config.publish_membership_on_action || !graph->synchronised || known)
        return S_OK;
    return only_faults(refresh_membership(graph, true));
}

static HRESULT presence_due(struct graph *graph)
{
    uint64_t lifetime_ms = (uint64_t)graph->config.presence_lifetime_s * 1000;
    graph->presence_due_ms = graph->now.ms + lifetime_ms - REFRESH_BEFORE_MS;
    if (!graph->config.publish_presence)
        return presence_withdraw(graph);
    bool wanted = graph->online && graph->synchronised && graph->listening.count > 0;
    return wanted ? write_presence(graph) : S_OK;
}

/* Who appears is known as a member first. */
HRESULT presence_timer(struct graph *graph)
{
    HRESULT hr = S_OK;
    if (graph->now.ms >= graph->membership_due_ms) {
        graph->membership_due_ms = UINT64_MAX;
        if (graph->online && graph->synchronised)
            hr = refresh_membership(graph, graph->config.publish_membership);
    }
    hr = only_faults(hr);
    if (SUCCEEDED(hr) && graph->now.ms >= graph->presence_due_ms)
        hr = presence_due(graph);
    return only_faults(hr);
}
