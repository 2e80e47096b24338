/* recv_goodbye.c - REFUSE and DISCONNECT: the other side does not want this link.
 *
 * Happy path: the members that it names are remembered, the link is closed, and after a REFUSE
 * another one is tried soon. Failure: a REFUSE after the link was accepted, or a message that does
 * not decode, ends the link as an error. */
#include "graph/graph_internal.h"

static HRESULT take_referrals(struct graph *graph, struct bytes body,
                              struct message_goodbye *goodbye)
{
    HRESULT hr = message_decode_goodbye(body, goodbye);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < goodbye->addresses.count; i++)
        maintain_remember(graph, &goodbye->addresses.items[i], NULL);
    return hr;
}

HRESULT recv_refuse(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_goodbye goodbye;
    HRESULT hr = take_referrals(graph, body, &goodbye);
    if (FAILED(hr))
        return hr;
    if (neighbour->state != NEIGHBOUR_EXPECT_WELCOME)
        return PEER_E_INVALID_RECORD;
    maintain_refused(graph, &neighbour->address);
    if (graph->online)
        graph->maintenance_due_ms = graph->now.ms + 500;
    return neighbour_close(graph, neighbour, PEER_E_CONNECTION_REFUSED);
}

HRESULT recv_disconnect(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_goodbye goodbye;
    HRESULT hr = take_referrals(graph, body, &goodbye);
    return SUCCEEDED(hr) ? neighbour_close(graph, neighbour, S_OK) : hr;
}
