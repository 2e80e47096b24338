/* presence.c - this node's own records about itself: presence while it listens, membership while it
 * is a member.
 *
 * A presence record says node id and addresses; it lives for the group's presence lifetime and is
 * written again a minute before its end. Leaving deletes it; a crash lets it expire. The membership
 * record announces the member to applications; it is written at the first connection, or with the
 * member's first action where the group leaves member data to that, and again in the last tenth of
 * its life. Presence written by itself is no action. */
#include "graph/graph_internal.h"

enum { REFRESH_BEFORE_MS = 60 * 1000, RENEWAL_LOOK_MS = 30 * 1000 };

/* [contract 7.22] Presence is not promised beyond the end of the certificate: the record that
 * stands runs out, and renewal brings the next one. */
static bool presence_fits(struct graph *graph)
{
    uint64_t lifetime_s = graph->config.presence_lifetime_s;
    return own_expiration(graph, lifetime_s) - graph_time(graph) == lifetime_s * TICKS_PER_SECOND;
}

static HRESULT write_presence(struct graph *graph)
{
    if (!presence_fits(graph)) {
        graph->presence_due_ms = graph->now.ms + RENEWAL_LOOK_MS;
        return S_OK;
    }
    struct presence presence = {.node_id = graph->config.node_id, .addresses = graph->listening};
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    HRESULT hr = presence_encode(&presence, &payload);
    return SUCCEEDED(hr)
               ? own_record_write(graph, &graph->presence, &RECORD_TYPE_PRESENCE,
                                  graph->config.presence_lifetime_s, buffer_view(&payload))
               : hr;
}

HRESULT presence_withdraw(struct graph *graph)
{
    return own_record_withdraw(graph, &graph->presence);
}

struct membership {
    const struct hash *creator;
    struct guid id;
    uint64_t expiration;
};

static HRESULT find_membership(void *context, const struct store_record *row)
{
    struct membership *membership = context;
    /* One with a payload announces somebody else. */
    if (hash_equal(&row->creator, membership->creator) && row->payload_size == 0 &&
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

/* [contract 9.3, 10.9] */
HRESULT membership_first(struct graph *graph)
{
    bool known = graph->membership_until > graph_time(graph);
    if (!graph->config.publish_membership_on_action || !graph->synchronised || known)
        return S_OK;
    return own_record_outcome(refresh_membership(graph, true));
}

static HRESULT presence_due(struct graph *graph)
{
    uint64_t lifetime_ms = (uint64_t)graph->config.presence_lifetime_s * 1000;
    graph->presence_due_ms = graph->now.ms + lifetime_ms - REFRESH_BEFORE_MS;
    if (!graph->config.publish_presence) {
        HRESULT hr = presence_withdraw(graph);
        return SUCCEEDED(hr) ? partition_withdraw(graph) : hr;
    }
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
    hr = own_record_outcome(hr);
    if (SUCCEEDED(hr) && graph->now.ms >= graph->presence_due_ms)
        hr = presence_due(graph);
    return own_record_outcome(hr);
}
