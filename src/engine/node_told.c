/* node_told.c - what the application was told of a node's being online, so that it hears of changes
 * to that alone, each in its place.
 *
 * Happy path: links and status are told as they come with the commits; Connect has its outcome with
 * the first status. Failure: a turn that is rolled back leaves what was told before it, so exactly
 * those links are told as lost and exactly that status as gone, while what nobody was told of stays
 * unsaid. CONNECTION_FAILED comes behind all that belongs to it: behind the commit that takes the
 * node offline. A Connect that disk or database refuse twice has failed; one that lacks memory
 * tries on until its time is over. */
#include "engine/engine_internal.h"

enum { CONNECT_MS = 30 * 1000 };

static void post_failure(struct node *node, HRESULT reason)
{
    /* [ruling 24] Refused by every member that answered, or removed. */
    struct engine_event refused = {.type = ENGINE_EVENT_AUTHENTICATION};
    struct engine_event failed = {.type = ENGINE_EVENT_CONNECT_FAILED, .hr = reason};
    if (reason == PEER_E_NOT_AUTHORIZED)
        node_post(node, &refused);
    node_post(node, &failed);
}

/* ---- links ---- */

static struct told_link *find(const struct node *node, uint64_t id)
{
    struct told_link *link;
    HASH_FIND(hh, node->told.links, &id, sizeof(id), link);
    return link;
}

static bool add(struct node *node, const struct graph_action *action)
{
    struct told_link *link = mem_zalloc(sizeof(*link));
    if (!link)
        return false;
    link->id = action->link;
    link->node_id = action->node_id;
    link->direct = action->notice == GRAPH_NOTICE_DIRECT;
    HASH_ADD(hh, node->told.links, id, sizeof(link->id), link);
    if (TABLE_ADDED(link, hh))
        return true;
    mem_free(link);
    return false;
}

static void forget(struct node *node, struct told_link *link)
{
    HASH_DEL(node->told.links, link);
    mem_free(link);
}

void node_told_deinit(struct node *node)
{
    struct told_link *link, *next;
    HASH_ITER (hh, node->told.links, link, next)
        forget(node, link);
}

bool node_told_of(const struct node *node, uint64_t link)
{
    return find(node, link) != NULL;
}

/* [contract PEER_EVENT_CONNECTION_CHANGE_DATA] names three reasons. */
static HRESULT documented_reason(HRESULT reason)
{
    switch (reason) {
    case PEER_E_CONNECTION_REFUSED:
    case PEER_E_CONNECTION_NOT_AUTHENTICATED:
        return reason;
    case PEER_E_NOT_AUTHORIZED:      /* removed, or the password was refused */
    case PEER_E_INVALID_TIME_PERIOD: /* a certificate that has ended, or a clock too far off */
        return PEER_E_CONNECTION_NOT_AUTHENTICATED;
    default:
        return SUCCEEDED(reason) ? reason : PEER_E_CONNECTION_FAILED;
    }
}

static void post_link(struct node *node, const struct graph_action *action)
{
    struct engine_event event = {.type = action->notice == GRAPH_NOTICE_DIRECT
                                             ? ENGINE_EVENT_DIRECT
                                             : ENGINE_EVENT_NEIGHBOUR,
                                 .change = action->change,
                                 .connection = action->link,
                                 .next_connection = action->value,
                                 .node_id = action->node_id,
                                 .hr = documented_reason(action->hr)};
    node_post(node, &event);
}

void node_tell_link(struct node *node, const struct graph_action *action)
{
    struct told_link *link = find(node, action->link);
    if (action->change == GRAPH_LINK_CONNECTED && !link && !add(node, action)) {
        /* Nobody could tell its end: it ends with this turn, unsaid. */
        node->failed = E_OUTOFMEMORY;
        node_touch(node);
        return;
    }
    if (action->change == GRAPH_LINK_DISCONNECTED && !link)
        return;
    post_link(node, action);
    if (action->change == GRAPH_LINK_DISCONNECTED)
        forget(node, link);
}

void node_tell_status(struct node *node, uint32_t status)
{
    struct engine_event event = {.type = ENGINE_EVENT_STATUS, .status = status};
    if (status != 0)
        node->told.connecting = false;
    if (status == node->told.status)
        return;
    node->told.status = status;
    node_post(node, &event);
}

/* ---- Connect and its end ---- */

void node_told_connecting(struct node *node, bool connecting)
{
    node->told.connecting = connecting;
    node->told.connect_failures = 0;
    node->told.connect_due_ms = loop_now_ms(node->engine->loop) + CONNECT_MS;
}

/* Once for each time that it was online or wanted to be. */
void node_leave(struct node *node, HRESULT reason)
{
    struct graph_event leave = {.type = GRAPH_LEAVE};
    if (!node->connected)
        return;
    node_step_quiet(node, &leave);
    node_give_up(node, reason);
}

void node_give_up(struct node *node, HRESULT reason)
{
    node->connected = false;
    node->told.connecting = false;
    node_unlisten(node);
    if (SUCCEEDED(node->told.failed))
        node->told.failed = reason;
    node_touch(node);
}

void node_told_end(struct node *node)
{
    HRESULT failed = node->told.failed;
    node->told.failed = S_OK;
    if (FAILED(failed))
        post_failure(node, failed);
}

void node_give_up_late(struct node *node, HRESULT failure, uint64_t next_ms)
{
    struct node_told *told = &node->told;
    bool lasting = ++told->connect_failures > 1 && failure != E_OUTOFMEMORY;
    if (told->connecting && (lasting || next_ms >= told->connect_due_ms))
        node_give_up(node, failure);
}

/* ---- after a failure ---- */

/* Its failure is among what the graph wanted told. */
static bool has_failed(const struct node *node, uint64_t link)
{
    for (uint32_t i = 0; i < node->actions.count; i++) {
        const struct graph_action *action = &node->actions.items[i];
        if (action->type == GRAPH_ACTION_NOTIFY && action->notice == GRAPH_NOTICE_DIRECT &&
            action->change == GRAPH_LINK_FAILED && action->link == link)
            return true;
    }
    return false;
}

/* A direct connection that was being made has an outcome, too: the application waits for it. */
static void tell_direct_lost(struct node *node)
{
    struct graph_action lost = {
        .notice = GRAPH_NOTICE_DIRECT, .change = GRAPH_LINK_FAILED, .hr = PEER_E_CONNECTION_FAILED};
    for (uint32_t i = 0; i < node->actions.count; i++) {
        const struct graph_action *action = &node->actions.items[i];
        if (action->type == GRAPH_ACTION_NOTIFY && action->notice == GRAPH_NOTICE_DIRECT &&
            action->change == GRAPH_LINK_FAILED)
            post_link(node, action);
    }
    for (const struct node_dial *dial = node->dials; dial; dial = dial->next) {
        lost.link = dial->token;
        if (dial->direct && !has_failed(node, dial->token))
            post_link(node, &lost);
    }
    for (const struct node_link *link = node->links; link; link = link->hh.next) {
        lost.link = link->id;
        if (link->direct && link->in_graph && !link->incoming && !find(node, link->id) &&
            !has_failed(node, link->id))
            post_link(node, &lost);
    }
}

void node_tell_offline(struct node *node)
{
    struct told_link *link, *next;
    tell_direct_lost(node);
    HASH_ITER (hh, node->told.links, link, next) {
        struct graph_action lost = {.notice =
                                        link->direct ? GRAPH_NOTICE_DIRECT : GRAPH_NOTICE_NEIGHBOUR,
                                    .change = GRAPH_LINK_DISCONNECTED,
                                    .link = link->id,
                                    .node_id = link->node_id,
                                    .hr = PEER_E_CONNECTION_FAILED};
        node_tell_link(node, &lost);
    }
    node_tell_status(node, 0);
}
