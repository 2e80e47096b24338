/* recover.c - a step that failed leaves a node that can go on.
 *
 * A step fails when memory or the store does. The caller rolls the store back; here the node is
 * brought to what that store says: the step's actions are dropped, times and flags are as before,
 * and whatever the step had touched and cannot be undone is given up: links that lost bytes or
 * messages are closed at the beginning of the next step, records under way count as never seen,
 * unfinished payloads are read again from the store. All links that stay reconcile, so nothing is
 * lost to the group. recover_failed needs no memory; recover_begin may fail like any step and is
 * then done again. */
#include "graph/graph_internal.h"

enum { RETRY_MS = 100 };

void recover_save(const struct graph *graph, struct saved *saved)
{
    *saved = (struct saved){.online = graph->online,
                            .synchronised = graph->synchronised,
                            .connecting = graph->connecting,
                            .time_adopted = graph->time_adopted,
                            .has_presence = graph->has_presence,
                            .status = graph->status,
                            .last_token = graph->next_token,
                            .time_offset = graph->time_offset,
                            .time_moved_today = graph->time_moved_today,
                            .time_due_ms = graph->time_due_ms,
                            .expired_to = graph->expired_to,
                            .expire_due_ms = graph->expire_due_ms,
                            .maintenance_due_ms = graph->maintenance_due_ms,
                            .presence_due_ms = graph->presence_due_ms,
                            .membership_due_ms = graph->membership_due_ms,
                            .presence_id = graph->presence_id,
                            .listening = graph->listening};
}

static void restore(struct graph *graph, const struct saved *saved)
{
    graph->online = saved->online;
    graph->synchronised = saved->synchronised;
    graph->connecting = saved->connecting;
    graph->time_adopted = saved->time_adopted;
    graph->has_presence = saved->has_presence;
    graph->status = saved->status;
    graph->time_offset = saved->time_offset;
    graph->time_moved_today = saved->time_moved_today;
    graph->time_due_ms = saved->time_due_ms;
    graph->expired_to = saved->expired_to;
    graph->expire_due_ms = saved->expire_due_ms;
    graph->maintenance_due_ms = saved->maintenance_due_ms;
    graph->presence_due_ms = saved->presence_due_ms;
    graph->membership_due_ms = saved->membership_due_ms;
    graph->presence_id = saved->presence_id;
    graph->listening = saved->listening;
}

static void give_up_link(struct graph *graph, uint64_t link)
{
    struct neighbour *neighbour = neighbour_find(graph, link);
    if (neighbour)
        neighbour->lost = true;
}

static void give_up_links(struct graph *graph)
{
    for (struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        n->lost = n->lost || n->out.size > 0 || n->ack_count > 0 || n->state == NEIGHBOUR_CLOSED;
        n->behind = n->behind || !n->direct;
        n->announced = n->told;
        n->ack_count = 0;
        buffer_deinit(&n->out);
        if (n->lost)
            n->state = NEIGHBOUR_CLOSED;
    }
}

static void give_up_dials(struct graph *graph, uint64_t last_token)
{
    struct dial **place = &graph->dials;
    while (*place) {
        struct dial *dial = *place;
        if (dial->token > last_token) {
            *place = dial->next;
            mem_free(dial);
        } else
            place = &dial->next;
    }
}

void recover_failed(struct graph *graph, const struct graph_event *event, const struct saved *saved,
                    uint32_t first_action)
{
    struct graph_actions *actions = graph->actions;
    for (uint32_t i = first_action; i < actions->count; i++)
        buffer_deinit(&actions->items[i].data);
    actions->count = first_action;
    restore(graph, saved);
    if (event->type == GRAPH_LINK_DATA || event->type == GRAPH_LINK_DOWN)
        give_up_link(graph, event->link);
    pending_give_up(graph, event);
    fetch_give_up(graph);
    give_up_dials(graph, saved->last_token);
    give_up_links(graph);
    graph->recovering = true;
    graph->retry_ms = graph->now.ms + RETRY_MS;
}

HRESULT recover_begin(struct graph *graph)
{
    if (!graph->recovering)
        return S_OK;
    HRESULT hr = fetch_restore(graph);
    struct neighbour *neighbour, *next;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (SUCCEEDED(hr) && neighbour->lost)
            hr = neighbour_close(graph, neighbour, E_OUTOFMEMORY);
    }
    graph->recovering = FAILED(hr);
    return hr;
}
