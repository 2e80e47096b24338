/* recv_request.c - REQUEST: the neighbour wants records or pieces by name.
 *
 * Happy path: each becomes a bulk job, which is served a little at a time as the link has room.
 * Failure: a list that does not decode, or more jobs than a neighbour may have, ends the link;
 * that something is not here is found out, and told, when its job is served. */
#include "graph/graph_internal.h"

HRESULT recv_request(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    (void)graph;
    struct message_list list;
    HRESULT hr = message_decode_request(body, &list);
    struct request request;
    while (SUCCEEDED(hr) && message_next_request(&list, &request)) {
        struct job job = {.type = request.is_piece ? JOB_PIECE : JOB_RECORD,
                          .name = request.name,
                          .piece = request.piece};
        hr = job_add(neighbour, &job);
    }
    return SUCCEEDED(hr) && !message_list_done(&list) ? PEER_E_INVALID_RECORD : hr;
}
