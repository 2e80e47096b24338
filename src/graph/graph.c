/* graph.c - one node: its life, the step function and what the caller may read.
 *
 * graph_step dispatches an event to the file that knows it, then finishes the step in a fixed
 * order: bulk that has room, acknowledgements and messages per neighbour as one SEND each,
 * neighbours that were closed forgotten. A failure comes from memory or the store only; a
 * neighbour's mistakes end as GRAPH_ACTION_CLOSE. */
#include "graph/graph_internal.h"

struct graph_action *graph_act(struct graph *graph, enum graph_action_type type)
{
    struct graph_actions *actions = graph->actions;
    if (actions->count == actions->capacity) {
        uint32_t capacity = actions->capacity ? actions->capacity * 2 : 16;
        struct graph_action *items = mem_realloc(actions->items, capacity * sizeof(*items));
        if (!items)
            return NULL;
        actions->items = items;
        actions->capacity = capacity;
    }
    struct graph_action *action = &actions->items[actions->count++];
    *action = (struct graph_action){.type = type};
    return action;
}

void graph_actions_clear(struct graph_actions *actions)
{
    for (uint32_t i = 0; i < actions->count; i++)
        buffer_deinit(&actions->items[i].data);
    actions->count = 0;
}

void graph_actions_deinit(struct graph_actions *actions)
{
    graph_actions_clear(actions);
    mem_free(actions->items);
    *actions = (struct graph_actions){.items = NULL};
}

HRESULT graph_notify_record(struct graph *graph, const struct store_record *row, int change)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = GRAPH_NOTICE_RECORD;
    action->change = change;
    action->id = row->id;
    action->record_type = row->type;
    action->key = row->creator;
    return S_OK;
}

HRESULT graph_notify_value(struct graph *graph, enum graph_notice notice, uint64_t value)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = notice;
    action->value = value;
    return S_OK;
}

HRESULT graph_complete(struct graph *graph, uint64_t request, HRESULT hr, const struct guid *id,
                       uint64_t value)
{
    if (request == 0)
        return S_OK;
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_COMPLETE);
    if (!action)
        return E_OUTOFMEMORY;
    action->token = request;
    action->hr = hr;
    action->value = value;
    if (id)
        action->id = *id;
    return S_OK;
}

/* Random bytes are a hash of the secret seed and a counter: the same seed gives the same run. */
void graph_random(struct graph *graph, void *out, size_t size)
{
    uint8_t *bytes = out;
    while (size > 0) {
        struct sha256 sha;
        struct hash block;
        uint64_t counter = graph->random_counter++;
        sha256_init(&sha);
        sha256_update(&sha, graph->config.seed, sizeof(graph->config.seed));
        sha256_update(&sha, &counter, sizeof(counter));
        sha256_final(&sha, &block);
        size_t part = size < HASH_SIZE ? size : HASH_SIZE;
        memcpy(bytes, block.bytes, part);
        bytes += part;
        size -= part;
    }
}

uint64_t graph_random_below(struct graph *graph, uint64_t bound)
{
    ASSERT(bound > 0);
    uint64_t value;
    graph_random(graph, &value, sizeof(value));
    return value % bound;
}

HRESULT graph_new(const struct graph_config *config, const struct graph_now *now,
                  struct graph **out)
{
    ASSERT(config->node_id != 0 && config->provider && config->store);
    *out = NULL;
    struct graph *graph = mem_zalloc(sizeof(*graph));
    if (!graph)
        return E_OUTOFMEMORY;
    graph->config = *config;
    graph->graph_id = bytes_of_text(config->graph_id);
    graph->now = *now;
    graph->synchronised = config->synchronised;
    graph->next_token = config->first_token;
    graph->time_offset = config->time_offset;
    graph->time_adopted = config->synchronised;
    graph->maintenance_due_ms = UINT64_MAX;
    graph->presence_due_ms = UINT64_MAX;
    graph->membership_due_ms = UINT64_MAX;
    graph->time_due_ms = UINT64_MAX;
    graph->upkeep_due_ms = UINT64_MAX;
    graph->partition_due_ms = UINT64_MAX;
    graph->expired_to = graph_time(graph);
    /* [contract 3.10] With DEFER_EXPIRATION nothing expires before another member is connected. */
    graph->deferred_horizon = 0;
    if (config->defer_expiration)
        graph->expired_to = 0;
    graph->expire_due_ms = now->ms;
    HRESULT hr = fetch_restore(graph);
    if (SUCCEEDED(hr))
        hr = rejudge_restore(graph);
    if (SUCCEEDED(hr))
        hr = purge_restore(graph);
    if (FAILED(hr)) {
        graph_free(graph);
        return hr;
    }
    *out = graph;
    return S_OK;
}

void graph_free(struct graph *graph)
{
    if (!graph)
        return;
    struct neighbour *neighbour, *next_neighbour;
    HASH_ITER (hh, graph->neighbours, neighbour, next_neighbour) {
        HASH_DEL(graph->neighbours, neighbour);
        neighbour_free(neighbour);
    }
    pending_free_all(graph);
    struct fetch *fetch, *next_fetch;
    HASH_ITER (hh, graph->fetches, fetch, next_fetch)
        fetch_free(graph, fetch);
    while (graph->dials) {
        struct dial *dial = graph->dials;
        graph->dials = dial->next;
        mem_free(dial);
    }
    mem_wipe(graph->config.seed, sizeof(graph->config.seed));
    mem_free(graph);
}

void graph_configure(struct graph *graph, const struct graph_config *config)
{
    graph->config.presence_lifetime_s = config->presence_lifetime_s;
    /* What is wanted from now on, or no more, is seen to at once. */
    if (graph->online && graph->config.publish_presence != config->publish_presence)
        graph->presence_due_ms = graph->now.ms;
    if (graph->online && graph->config.publish_membership != config->publish_membership)
        graph->membership_due_ms = graph->now.ms;
    graph->config.publish_presence = config->publish_presence;
    graph->config.publish_membership = config->publish_membership;
    graph->config.defer_expiration = config->defer_expiration;
    graph->config.member_data_lifetime_s = config->member_data_lifetime_s;
}

void graph_set_online(struct graph *graph, bool online)
{
    if (online == graph->online)
        return;
    graph->online = online;
    uint64_t never = UINT64_MAX;
    graph->maintenance_due_ms = online ? graph->now.ms + MAINTENANCE_MS : never;
    graph->time_due_ms = online ? graph->now.ms + 60000 : never;
    graph->presence_due_ms = online ? graph->now.ms : never;
    graph->membership_due_ms = online ? graph->now.ms : never;
    upkeep_online(graph, online);
    partition_online(graph, online);
}

static HRESULT timers(struct graph *graph)
{
    HRESULT hr = pending_expire(graph);
    if (SUCCEEDED(hr))
        hr = rejudge_timer(graph);
    if (SUCCEEDED(hr))
        hr = fetch_timer(graph);
    if (SUCCEEDED(hr))
        hr = expire_timer(graph);
    if (SUCCEEDED(hr))
        hr = presence_timer(graph);
    if (SUCCEEDED(hr))
        hr = partition_timer(graph);
    if (SUCCEEDED(hr))
        hr = maintain_timer(graph);
    if (SUCCEEDED(hr))
        hr = peer_time_timer(graph);
    if (SUCCEEDED(hr))
        hr = upkeep_timer(graph);
    return hr;
}

bool graph_is_fault(HRESULT hr)
{
    return hr == E_OUTOFMEMORY || hr == PEER_E_DISK_FULL || hr == PEER_E_INVALID_DATABASE ||
           hr == PEER_E_DATABASE_ACCESSDENIED;
}

static HRESULT step_leave(struct graph *graph)
{
    HRESULT hr = presence_withdraw(graph);
    if (SUCCEEDED(hr))
        hr = partition_withdraw(graph);
    struct neighbour *neighbour, *next;
    graph->connecting = false;
    if (SUCCEEDED(hr))
        hr = maintain_end_attempts(graph);
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (FAILED(hr))
            return hr;
        if (neighbour->state != NEIGHBOUR_CLOSED)
            hr = neighbour_goodbye(graph, neighbour, MESSAGE_DISCONNECT, DISCONNECT_LEAVING, S_OK);
    }
    if (SUCCEEDED(hr))
        hr = purge_save(graph);
    newcomer_reset(graph);
    graph_set_online(graph, false);
    graph->listening.count = 0;
    return SUCCEEDED(hr) ? graph_update_status(graph) : hr;
}

static HRESULT step_listening(struct graph *graph, const struct graph_event *event)
{
    bool before = graph->listening.count > 0;
    graph->listening = event->addresses;
    if (graph->listening.count == 0)
        return graph_update_status(graph);
    graph_set_online(graph, true);
    graph->presence_due_ms = graph->now.ms;
    struct neighbour *neighbour, *next;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (before || neighbour->direct || neighbour->state != NEIGHBOUR_CONNECTED)
            continue;
        HRESULT hr = neighbour_send_connect(graph, neighbour, CONNECT_UPDATE);
        if (FAILED(hr))
            return hr;
    }
    return graph_update_status(graph);
}

static HRESULT step_publish(struct graph *graph, const struct graph_event *event)
{
    struct guid id = GUID_NULL_VALUE;
    bool stored = false;
    HRESULT hr = event->publish->reserved ? S_OK : membership_first(graph);
    if (FAILED(hr))
        return hr;
    hr = publish(graph, event->publish, &id, &stored);
    if (FAILED(hr) && (stored || graph_is_fault(hr)))
        return hr;
    return graph_complete(graph, event->request, hr, SUCCEEDED(hr) ? &id : NULL, 0);
}

static HRESULT step_send_data(struct graph *graph, const struct graph_event *event)
{
    struct neighbour *neighbour = neighbour_find(graph, event->link);
    if (!neighbour || neighbour->state != NEIGHBOUR_CONNECTED)
        return graph_complete(graph, event->request, PEER_E_CONNECTION_NOT_FOUND, NULL, 0);
    if (!neighbour->full && neighbour_given(graph, neighbour) == 0)
        neighbour->data_queued = 0;
    if (neighbour->data_queued + event->data.size > DATA_QUEUED_MAX)
        return graph_complete(graph, event->request, PEER_E_TOO_MUCH_LOAD, NULL, 0);
    neighbour->data_queued += event->data.size;
    struct message_pt2pt message = {.type = event->data_type};
    size_t sent = 0;
    do {
        size_t left = event->data.size - sent;
        size_t size = left < PT2PT_DATA_MAX ? left : PT2PT_DATA_MAX;
        message.data = bytes_of(size > 0 ? event->data.data + sent : NULL, size);
        message.flags = size < left ? PT2PT_MORE : 0;
        HRESULT hr = message_encode_pt2pt(&message, &neighbour->out);
        if (FAILED(hr))
            return hr;
        sent += size;
    } while (sent < event->data.size);
    return graph_complete(graph, event->request, S_OK, NULL, 0);
}

static HRESULT step_close_link(struct graph *graph, const struct graph_event *event)
{
    struct neighbour *neighbour = neighbour_find(graph, event->link);
    if (!neighbour || !neighbour->direct || neighbour->state == NEIGHBOUR_CLOSED)
        return graph_complete(graph, event->request, PEER_E_CONNECTION_NOT_FOUND, NULL, 0);
    HRESULT hr =
        neighbour_goodbye(graph, neighbour, MESSAGE_DISCONNECT, DISCONNECT_APPLICATION, S_OK);
    return SUCCEEDED(hr) ? graph_complete(graph, event->request, S_OK, NULL, 0) : hr;
}

static HRESULT step_open_direct(struct graph *graph, const struct graph_event *event)
{
    uint64_t token = 0;
    HRESULT hr = maintain_dial(graph, &event->addresses.items[0], &event->key, true, false, &token);
    return SUCCEEDED(hr) ? graph_complete(graph, event->request, S_OK, NULL, token) : hr;
}

static HRESULT step_verified(struct graph *graph, const struct graph_event *event)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < event->verdict_count && SUCCEEDED(hr); i++)
        hr = pending_verdict(graph, &event->verdicts[i]);
    return hr;
}

static HRESULT step_room(struct graph *graph, const struct graph_event *event)
{
    struct neighbour *neighbour = neighbour_find(graph, event->link);
    if (neighbour)
        neighbour->full = event->type == GRAPH_LINK_FULL;
    return S_OK;
}

static HRESULT step_held(struct graph *graph, const struct graph_event *event)
{
    struct neighbour *neighbour = neighbour_find(graph, event->link);
    if (!neighbour)
        return S_OK;
    neighbour->held = event->flag;
    neighbour->received_ms = graph->now.ms;
    return S_OK;
}

static HRESULT dispatch(struct graph *graph, const struct graph_event *event)
{
    switch (event->type) {
    case GRAPH_TIMER:
        return timers(graph);
    case GRAPH_LISTENING:
        return step_listening(graph, event);
    case GRAPH_CONNECT:
        return maintain_connect(graph, event);
    case GRAPH_LEAVE:
        return step_leave(graph);
    case GRAPH_LINK_UP:
        return neighbour_up(graph, event);
    case GRAPH_LINK_DATA:
        return neighbour_data(graph, event);
    case GRAPH_LINK_FULL:
    case GRAPH_LINK_DRAINED:
        return step_room(graph, event);
    case GRAPH_LINK_HELD:
        return step_held(graph, event);
    case GRAPH_LINK_DOWN:
        return neighbour_down(graph, event->link, event->reason);
    case GRAPH_DIAL_FAILED:
        return maintain_dial_failed(graph, event);
    case GRAPH_VERIFIED:
        return step_verified(graph, event);
    case GRAPH_PUBLISH:
        return step_publish(graph, event);
    case GRAPH_SEND_DATA:
        return step_send_data(graph, event);
    case GRAPH_OPEN_DIRECT:
        return step_open_direct(graph, event);
    case GRAPH_CLOSE_LINK:
        return step_close_link(graph, event);
    case GRAPH_ALLOW_DIRECT:
        graph->allow_direct = event->flag;
        return S_OK;
    case GRAPH_REFUSED: {
        HRESULT hr = recv_revoked(graph, event->data);
        return hr == PEER_E_INVALID_RECORD ? S_OK : hr; /* no link of ours to blame */
    }
    case GRAPH_ACTED:
        return membership_first(graph);
    case GRAPH_IMPORTED:
        return newcomer_done(graph);
    }
    return E_INVALIDARG;
}

HRESULT graph_step(struct graph *graph, const struct graph_event *event,
                   struct graph_actions *actions)
{
    graph->actions = actions;
    graph->now = event->now;
    graph->batch += actions->count == 0;
    HRESULT hr = dispatch(graph, event);
    if (SUCCEEDED(hr) && graph->rejudge)
        hr = rejudge_links(graph);
    if (SUCCEEDED(hr))
        hr = neighbours_flush(graph);
    graph->actions = NULL;
    return hr;
}

uint64_t graph_next_deadline(const struct graph *graph)
{
    uint64_t deadline = graph->expire_due_ms;
    const uint64_t others[] = {
        graph->maintenance_due_ms, graph->presence_due_ms,   graph->membership_due_ms,
        graph->time_due_ms,        pending_deadline(graph),  fetch_deadline(graph),
        maintain_deadline(graph),  newcomer_deadline(graph), upkeep_deadline(graph),
        partition_deadline(graph), graph->drop_due_ms};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        deadline = others[i] < deadline ? others[i] : deadline;
    return deadline;
}

uint64_t graph_peer_time(const struct graph *graph, uint64_t utc)
{
    return utc + (uint64_t)graph->time_offset;
}

int64_t graph_time_offset(const struct graph *graph)
{
    return graph->time_offset;
}

bool graph_is_synchronised(const struct graph *graph)
{
    return graph->synchronised;
}

/* With DEFER_EXPIRATION nothing expires while nobody else is connected. */
uint64_t graph_horizon(const struct graph *graph, uint64_t utc)
{
    if (graph->config.defer_expiration && neighbours_connected(graph, false) == 0)
        return graph->deferred_horizon;
    return graph_peer_time(graph, utc);
}

bool graph_row_is_visible(const struct graph *graph, const struct store_record *row, uint64_t utc)
{
    return !row->deleted && row->expiration > graph_horizon(graph, utc);
}

uint32_t graph_status(const struct graph *graph)
{
    return graph->status;
}

HRESULT graph_update_status(struct graph *graph)
{
    uint32_t status =
        (graph->listening.count > 0 ? 1u : 0u) | (neighbours_connected(graph, false) > 0 ? 2u : 0u);
    if (status == graph->status)
        return S_OK;
    graph->status = status;
    return graph_notify_value(graph, GRAPH_NOTICE_STATUS, status);
}

HRESULT graph_each_link(const struct graph *graph, graph_link_visitor visit, void *context)
{
    HRESULT hr = S_OK;
    for (const struct neighbour *n = graph->neighbours; n && hr == S_OK; n = n->hh.next) {
        if (n->state != NEIGHBOUR_CONNECTED)
            continue;
        struct graph_link_info info = {.link = n->link,
                                       .node_id = n->node_id,
                                       .direct = n->direct,
                                       .key = n->key,
                                       .peer_name = bytes_of_text(n->peer_name),
                                       .address = n->address};
        hr = visit(context, &info);
    }
    return FAILED(hr) ? hr : S_OK;
}

void graph_get_counters(const struct graph *graph, struct graph_counters *counters)
{
    *counters = graph->counters;
}

static void check_sync(const struct sync *sync)
{
    ASSERT(sync->depth <= sync->capacity);
    ASSERT(sync->asked_count <= LIMIT_RANGES);
    ASSERT(!sync->end_sent || sync->depth == 0);
}

static void check_neighbour(const struct neighbour *n)
{
    ASSERT(n->link != 0);
    ASSERT(n->state != NEIGHBOUR_CLOSED);
    ASSERT(n->out.size == 0 && n->ack_count == 0);
    ASSERT(n->paused || n->in.size <= LIMIT_MESSAGE_SIZE);
    ASSERT(n->pending_count <= LIMIT_UNVERIFIED_RECORDS + LIMIT_DEFERRED_RECORDS);
    ASSERT(n->deferred_count <= LIMIT_DEFERRED_RECORDS &&
           n->deferred_bytes <= LIMIT_DEFERRED_BYTES);
    ASSERT(n->deferred_count > 0 || n->deferred_bytes == 0);
    ASSERT(n->job_count <= JOBS_MAX && n->job_count <= n->job_capacity);
    ASSERT(n->certificate_count <= CERTIFICATES_MAX);
    ASSERT(n->partial.size <= PT2PT_PARTIAL_MAX);
    ASSERT(n->listening.count <= LIMIT_ADDRESSES);
    ASSERT(!n->direct || !n->sync);
    if (n->sync)
        check_sync(n->sync);
}

static void check_fetch(const struct fetch *fetch)
{
    uint32_t have = 0;
    ASSERT(fetch->count == payload_piece_count(fetch->size));
    ASSERT(fetch->source_count <= sizeof(fetch->sources) / sizeof(fetch->sources[0]));
    for (uint32_t i = 0; i < fetch->count; i++)
        have += fetch->state[i] == 2;
    ASSERT(have == fetch->have && have < fetch->count);
}

void graph_check(const struct graph *graph)
{
    uint32_t pending = 0, charged = 0, connected = 0;
    size_t partial = 0;
    for (const struct pending *p = graph->pending; p; p = p->hh.next) {
        ASSERT(p->body_size > 0);
        pending++;
    }
    ASSERT(pending == HASH_CNT(hh_digest, graph->pending_by_digest));
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        check_neighbour(n);
        charged += n->pending_count + n->deferred_count;
        connected += n->state == NEIGHBOUR_CONNECTED && !n->direct;
        partial += n->partial.size;
    }
    for (const struct fetch *fetch = graph->fetches; fetch; fetch = fetch->hh.next)
        check_fetch(fetch);
    ASSERT(charged <= pending);
    ASSERT(connected <= LIMIT_NEIGHBOURS_MAX);
    ASSERT(((graph->status & 2) != 0) == (connected > 0));
    ASSERT(partial <= PT2PT_PARTIAL_SUM_MAX);
    ASSERT(graph->remembered_count <= REMEMBERED_MAX);
    ASSERT(graph->listening.count <= LIMIT_ADDRESSES);
}
