/* recv_welcome.c - WELCOME: the neighbour that was called agrees; the caller reconciles with it.
 *
 * [G 3.1.5.2.2] Referrals are remembered, peer time is adopted from the first link, then the
 * reconciliation starts. Failure: a clock too far off refuses the link with
 * PEER_E_INVALID_TIME_PERIOD, a WELCOME that nobody waits for ends it. */
#include "graph/graph_internal.h"

HRESULT recv_welcome(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_welcome welcome;
    HRESULT hr = message_decode_welcome(body, &welcome);
    if (FAILED(hr))
        return hr;
    if (neighbour->state != NEIGHBOUR_EXPECT_WELCOME)
        return PEER_E_INVALID_RECORD;
    neighbour->node_id = welcome.node_id;
    if (neighbour->direct)
        return neighbour_connected(graph, neighbour);
    if (welcome.node_id == graph->config.node_id)
        return neighbour_close(graph, neighbour, PEER_E_CONNECT_SELF);
    for (uint32_t i = 0; i < welcome.addresses.count; i++)
        maintain_remember(graph, &welcome.addresses.items[i], NULL);
    if (neighbours_connected(graph, false) >= LIMIT_NEIGHBOURS_MAX)
        return neighbour_goodbye(graph, neighbour, MESSAGE_DISCONNECT, DISCONNECT_LEAST_USEFUL,
                                 S_OK);
    neighbour->listening.count = 1;
    neighbour->listening.items[0] = neighbour->address;
    hr = peer_time_heard(graph, neighbour, welcome.peer_time, true);
    if (hr == PEER_E_INVALID_TIME_PERIOD) {
        graph->connecting = false;
        hr = neighbour_goodbye(graph, neighbour, MESSAGE_DISCONNECT, DISCONNECT_LEAVING, hr);
        if (FAILED(hr))
            return hr;
        struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
        if (!action)
            return E_OUTOFMEMORY;
        action->notice = GRAPH_NOTICE_CONNECT_FAILED;
        action->hr = PEER_E_INVALID_TIME_PERIOD;
        return S_OK;
    }
    graph_set_online(graph, true);
    if (SUCCEEDED(hr))
        hr = neighbour_connected(graph, neighbour);
    if (SUCCEEDED(hr))
        hr = maintain_announce(graph, &neighbour->address, &neighbour->key);
    return SUCCEEDED(hr) ? reconcile_start(graph, neighbour) : hr;
}
