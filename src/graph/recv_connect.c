/* recv_connect.c - CONNECT: somebody wants to be a neighbour, wants a direct connection, or tells
 * new addresses.
 *
 * [G 3.1.5.2.1] in this order: an update of a connected link; a direct connection; refusal as
 * already connected or as a duplicate (same key and node id); refusal as busy with referrals,
 * unless one of several links of one key makes room; else WELCOME. */
#include "graph/graph_internal.h"

static HRESULT welcome(struct graph *graph, struct neighbour *neighbour, bool referrals)
{
    struct message_welcome message = {.node_id = graph->config.node_id,
                                      .peer_time = graph_time(graph),
                                      .friendly_name = bytes_of_text(graph->config.friendly_name)};
    if (referrals)
        neighbour_referrals(graph, neighbour, &message.addresses);
    HRESULT hr = message_encode_welcome(&message, &neighbour->out);
    return SUCCEEDED(hr) ? neighbour_connected(graph, neighbour) : hr;
}

static bool is_duplicate(struct graph *graph, const struct neighbour *neighbour)
{
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        if (n != neighbour && !n->direct && n->state == NEIGHBOUR_CONNECTED &&
            n->node_id == neighbour->node_id && hash_equal(&n->key, &neighbour->key))
            return true;
    return neighbour->node_id == graph->config.node_id;
}

/* Two members that call each other at the same time: the call of the lesser node id stays. */
static bool crosses_own_call(struct graph *graph, const struct neighbour *neighbour)
{
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        if (n != neighbour && !n->direct && !n->incoming && n->state == NEIGHBOUR_EXPECT_WELCOME &&
            hash_equal(&n->key, &neighbour->key))
            return graph->config.node_id < neighbour->node_id;
    return false;
}

static HRESULT remember_listening(struct graph *graph, const struct neighbour *neighbour)
{
    if (neighbour->listening.count == 0)
        return S_OK;
    /* A claim: whose key is there is known once it has been dialled. */
    maintain_remember(graph, &neighbour->listening.items[0], NULL);
    return maintain_announce(graph, &neighbour->listening.items[0], &neighbour->key);
}

static bool has_room(const struct graph *graph)
{
    return neighbours_connected(graph, false) < LIMIT_NEIGHBOURS_MAX &&
           neighbours_connected(graph, true) < LIMIT_NEIGHBOURS_INCOMING;
}

static uint32_t links_of(const struct graph *graph, const struct hash *key)
{
    uint32_t count = 0;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        count += n->state == NEIGHBOUR_CONNECTED && !n->direct && hash_equal(&n->key, key);
    return count;
}

/* An identity may be here as several nodes, as long as nobody else wants their places: the least
 * useful of them makes room for a member that has no link yet. */
static HRESULT make_room(struct graph *graph, const struct hash *key)
{
    struct neighbour *least = NULL;
    if (has_room(graph) || links_of(graph, key) > 0)
        return S_OK;
    for (struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        bool counts = n->state == NEIGHBOUR_CONNECTED && !n->direct && n->incoming &&
                      links_of(graph, &n->key) > 1;
        if (counts && (!least || n->utility < least->utility))
            least = n;
    }
    return least
               ? neighbour_goodbye(graph, least, MESSAGE_DISCONNECT, DISCONNECT_LEAST_USEFUL, S_OK)
               : S_OK;
}

HRESULT recv_connect(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_connect connect;
    HRESULT hr = message_decode_connect(body, &connect);
    if (FAILED(hr))
        return hr;
    if (connect.flags & CONNECT_UPDATE) {
        if (neighbour->state != NEIGHBOUR_CONNECTED)
            return PEER_E_INVALID_RECORD;
        if (neighbour->update_ms != 0 && graph->now.ms < neighbour->update_ms + UPDATE_EARLIEST_MS)
            return S_OK;
        neighbour->update_ms = graph->now.ms;
        neighbour->listening = connect.addresses;
        return remember_listening(graph, neighbour);
    }
    neighbour->listening = connect.addresses;
    bool direct = connect.flags & CONNECT_DIRECT;
    if (neighbour->state != NEIGHBOUR_EXPECT_CONNECT || direct != neighbour->direct)
        return PEER_E_INVALID_RECORD;
    neighbour->node_id = connect.node_id;
    if (!graph->online && !direct)
        return neighbour_goodbye(graph, neighbour, MESSAGE_REFUSE, REFUSE_BUSY, S_OK);
    if (direct) {
        if (!graph->allow_direct)
            return neighbour_goodbye(graph, neighbour, MESSAGE_REFUSE, REFUSE_DIRECT, S_OK);
        return welcome(graph, neighbour, false);
    }
    if (is_duplicate(graph, neighbour) || crosses_own_call(graph, neighbour))
        return neighbour_goodbye(graph, neighbour, MESSAGE_REFUSE, REFUSE_DUPLICATE, S_OK);
    hr = make_room(graph, &neighbour->key);
    if (FAILED(hr))
        return hr;
    if (!has_room(graph))
        return neighbour_goodbye(graph, neighbour, MESSAGE_REFUSE, REFUSE_BUSY, S_OK);
    hr = remember_listening(graph, neighbour);
    return SUCCEEDED(hr) ? welcome(graph, neighbour, connect.flags & CONNECT_WANT_REFERRALS) : hr;
}
