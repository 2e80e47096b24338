/* node_flow.c - which links are read: not those that the graph has paused, and not those that
 * bring data which an application does not take.
 *
 * Data of links is never let go. When a registration holds too much of it, the link that brought
 * the last is read no further, nor is any direct link; the other side feels it through TCP, and its
 * PeerGroupSendData through PEER_E_TOO_MUCH_LOAD. A neighbour's link carries records too, so it is
 * held only when it brings data itself. Whoever takes from the queue, or gives it back, makes the
 * links be read again. The graph is told, since a link that is not read is not dead. */
#include "engine/engine_internal.h"

static void read_or_not(struct node_link *link, bool stopped)
{
    bool stop = link->paused || link->held;
    if (stop && !stopped)
        link_pause(link->link);
    else if (!stop && stopped)
        link_resume(link->link);
}

void node_flow_pause(struct node_link *link, bool paused)
{
    bool stopped = link->paused || link->held;
    link->paused = paused;
    read_or_not(link, stopped);
}

static void hold(struct node *node, struct node_link *link, bool held)
{
    bool stopped = link->paused || link->held;
    struct graph_event event = {.type = GRAPH_LINK_HELD, .link = link->id, .flag = held};
    link->held = held;
    read_or_not(link, stopped);
    node_step_quiet(node, &event);
}

void node_flow_data(struct node *node, uint64_t id)
{
    if (!events_data_full(node))
        return;
    for (struct node_link *link = node->links; link; link = link->hh.next)
        if (link->in_graph && !link->held && (link->direct || link->id == id))
            hold(node, link, true);
}

void node_flow_room(struct node *node)
{
    if (events_data_full(node))
        return;
    for (struct node_link *link = node->links; link; link = link->hh.next)
        if (link->held)
            hold(node, link, false);
}
