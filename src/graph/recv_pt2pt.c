/* recv_pt2pt.c - PT2PT: bytes for the application, in one message or several.
 *
 * Happy path: the parts of one piece of data, all of one type, are put together and handed on as
 * one notice when the last has come. Failure: a part of another type, an empty one that promises
 * more, or more than one link or all of them may leave unfinished ends the link. */
#include "graph/graph_internal.h"

static HRESULT deliver(struct graph *graph, struct neighbour *neighbour, const struct guid *type)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = GRAPH_NOTICE_DATA;
    action->link = neighbour->link;
    action->node_id = neighbour->node_id;
    action->record_type = *type;
    action->data = neighbour->partial;
    neighbour->partial = BUFFER_NULL;
    return S_OK;
}

static size_t partial_sum(const struct graph *graph)
{
    size_t sum = 0;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        sum += n->partial.size;
    return sum;
}

HRESULT recv_pt2pt(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_pt2pt message;
    HRESULT hr = message_decode_pt2pt(body, &message);
    if (FAILED(hr))
        return hr;
    bool continues = neighbour->partial.size > 0;
    if ((continues && !guid_equal(&message.type, &neighbour->partial_type)) ||
        neighbour->partial.size + message.data.size > PT2PT_PARTIAL_MAX ||
        partial_sum(graph) + message.data.size > PT2PT_PARTIAL_SUM_MAX ||
        ((message.flags & PT2PT_MORE) && message.data.size == 0))
        return PEER_E_INVALID_RECORD;
    neighbour->partial_type = message.type;
    hr = buffer_append(&neighbour->partial, message.data.data, message.data.size);
    if (FAILED(hr) || (message.flags & PT2PT_MORE))
        return hr;
    return deliver(graph, neighbour, &message.type);
}
