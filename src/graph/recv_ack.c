/* recv_ack.c - ACK: what the neighbour made of versions that it was sent.
 *
 * Happy path: an ACK tells that it has the version, so that it is not sent there again; what it
 * says of usefulness is not believed for anything that matters. Failure: a list that does not
 * decode ends the link. */
#include "graph/graph_internal.h"

HRESULT recv_ack(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    (void)graph;
    struct message_list list;
    HRESULT hr = message_decode_ack(body, &list);
    struct ack ack;
    while (SUCCEEDED(hr) && message_next_ack(&list, &ack))
        recent_add(neighbour, &ack.name.digest);
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}
