/* neighbour.c - a link in the graph: it comes up, bytes become messages, it says goodbye, it goes
 * down.
 *
 * Happy path: LINK_UP -> CONNECT and WELCOME (recv_connect.c) -> connected -> messages ->
 * LINK_DOWN. Bytes are reassembled here and every message is handed to the one file that knows it.
 * PEER_E_INVALID_RECORD from there means that the neighbour broke the protocol: its link is closed
 * and nothing else suffers. */
#include "graph/graph_internal.h"

struct neighbour *neighbour_find(struct graph *graph, uint64_t link)
{
    struct neighbour *neighbour;
    HASH_FIND(hh, graph->neighbours, &link, sizeof(link), neighbour);
    return neighbour && neighbour->state != NEIGHBOUR_CLOSED ? neighbour : NULL;
}

uint32_t neighbours_connected(const struct graph *graph, bool incoming_only)
{
    uint32_t count = 0;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        count += n->state == NEIGHBOUR_CONNECTED && !n->direct && (n->incoming || !incoming_only);
    return count;
}

static uint64_t recent_mark(const struct hash *digest)
{
    uint64_t mark;
    memcpy(&mark, digest->bytes, sizeof(mark));
    return mark;
}

bool recent_has(const struct neighbour *neighbour, const struct hash *digest)
{
    uint64_t mark = recent_mark(digest);
    for (uint32_t i = 0; neighbour->recent && i < RECENT_SIZE; i++)
        if (neighbour->recent[i] == mark)
            return true;
    return false;
}

/* A ring, so that what goes to and fro within RECENT_SIZE versions is surely remembered. */
void recent_add(struct neighbour *neighbour, const struct hash *digest)
{
    if (neighbour->recent && !recent_has(neighbour, digest))
        neighbour->recent[neighbour->recent_next++ % RECENT_SIZE] = recent_mark(digest);
}

void neighbour_free(struct neighbour *neighbour)
{
    buffer_deinit(&neighbour->in);
    buffer_deinit(&neighbour->out);
    buffer_deinit(&neighbour->partial);
    jobs_free(neighbour);
    sync_free(neighbour->sync);
    mem_free(neighbour->recent);
    mem_free(neighbour->large);
    mem_free(neighbour->peer_name);
    mem_wipe(neighbour->fingerprint_key, sizeof(neighbour->fingerprint_key));
    mem_free(neighbour);
}

static HRESULT neighbour_new(struct graph *graph, const struct graph_event *event,
                             struct neighbour **out)
{
    struct neighbour *neighbour = mem_zalloc(sizeof(*neighbour));
    if (!neighbour)
        return E_OUTOFMEMORY;
    neighbour->link = event->link;
    neighbour->incoming = event->incoming;
    neighbour->direct = event->direct;
    neighbour->state = event->incoming ? NEIGHBOUR_EXPECT_CONNECT : NEIGHBOUR_EXPECT_WELCOME;
    neighbour->key = event->key;
    if (event->addresses.count > 0)
        neighbour->address = event->addresses.items[0];
    memcpy(neighbour->fingerprint_key, event->fingerprint_key, FINGERPRINT_KEY_SIZE);
    neighbour->since_ms = neighbour->received_ms = graph->now.ms;
    neighbour->peer_name = mem_strndup((const char *)event->peer_name.data, event->peer_name.size);
    if (!event->direct)
        neighbour->recent = mem_calloc(RECENT_SIZE, sizeof(*neighbour->recent));
    if (neighbour->peer_name && (event->direct || neighbour->recent))
        HASH_ADD(hh, graph->neighbours, link, sizeof(neighbour->link), neighbour);
    if (!TABLE_ADDED(neighbour, hh)) {
        neighbour_free(neighbour);
        return E_OUTOFMEMORY;
    }
    *out = neighbour;
    return S_OK;
}

HRESULT neighbour_send_connect(struct graph *graph, struct neighbour *neighbour, uint8_t flags)
{
    struct message_connect connect = {.flags = flags,
                                      .node_id = graph->config.node_id,
                                      .addresses = graph->listening,
                                      .friendly_name = bytes_of_text(graph->config.friendly_name)};
    return message_encode_connect(&connect, &neighbour->out);
}

/* A member may come in as several nodes, but not fill the table. */
static bool too_many(const struct graph *graph, const struct hash *key)
{
    uint32_t all = 0, same = 0;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        bool counts = n->incoming && n->state != NEIGHBOUR_CLOSED;
        all += counts;
        same += counts && hash_equal(&n->key, key);
    }
    return all >= INCOMING_MAX || same >= INCOMING_PER_KEY_MAX;
}

HRESULT neighbour_up(struct graph *graph, const struct graph_event *event)
{
    struct dial *dial = event->incoming ? NULL : maintain_take_dial(graph, event->dial);
    bool initial = dial && dial->initial;
    bool unwanted = event->incoming ? too_many(graph, &event->key)
                                    : !dial || (!graph->online && !graph->connecting);
    if (dial)
        maintain_remember(graph, &dial->address, &event->key);
    mem_free(dial);
    struct neighbour *neighbour = NULL;
    HRESULT hr = neighbour_new(graph, event, &neighbour);
    if (FAILED(hr))
        return hr;
    neighbour->initial = initial;
    if (unwanted)
        return neighbour_close(graph, neighbour, S_OK);
    if (event->incoming)
        return S_OK;
    return neighbour_send_connect(graph, neighbour,
                                  event->direct ? CONNECT_DIRECT : CONNECT_WANT_REFERRALS);
}

static HRESULT dispatch_record(struct graph *graph, struct neighbour *neighbour,
                               const struct message *message)
{
    switch (message->type) {
    case MESSAGE_FLOOD:
        return recv_flood(graph, neighbour, message->body);
    case MESSAGE_ACK:
        return recv_ack(graph, neighbour, message->body);
    case MESSAGE_ADVERTISE:
        return recv_advertise(graph, neighbour, message->body);
    case MESSAGE_REQUEST:
        return recv_request(graph, neighbour, message->body);
    case MESSAGE_PIECE:
        return recv_piece(graph, neighbour, message->body);
    case MESSAGE_CERTIFICATE:
        return recv_certificate(graph, neighbour, message->body);
    case MESSAGE_CERTIFICATE_REQUEST:
        return recv_certificate_request(graph, neighbour, message->body);
    case MESSAGE_PING:
        return recv_ping(graph, neighbour, message->body);
    case MESSAGE_RECONCILE:
        return recv_reconcile(graph, neighbour, message->body);
    case MESSAGE_SYNC_END:
        return recv_sync_end(graph, neighbour, message->body);
    default:
        return PEER_E_INVALID_RECORD;
    }
}

static HRESULT dispatch_message(struct graph *graph, struct neighbour *neighbour,
                                const struct message *message)
{
    if (message->type >= MESSAGE_SKIPPABLE)
        return S_OK;
    switch (message->type) {
    case MESSAGE_CONNECT:
        return recv_connect(graph, neighbour, message->body);
    case MESSAGE_WELCOME:
        return recv_welcome(graph, neighbour, message->body);
    case MESSAGE_REFUSE:
        return recv_refuse(graph, neighbour, message->body);
    case MESSAGE_DISCONNECT:
        return recv_disconnect(graph, neighbour, message->body);
    case MESSAGE_REVOKED:
        return recv_revoked(graph, message->body);
    default:
        break;
    }
    if (neighbour->state != NEIGHBOUR_CONNECTED)
        return PEER_E_INVALID_RECORD;
    if (message->type == MESSAGE_PT2PT)
        return recv_pt2pt(graph, neighbour, message->body);
    return neighbour->direct ? PEER_E_INVALID_RECORD : dispatch_record(graph, neighbour, message);
}

/* Messages that lie whole in the data are read where they are; the rest is copied: a partial
 * message, or all that is behind the one that filled the neighbour's quota of unverified records.
 */
static HRESULT read_messages(struct graph *graph, struct neighbour *neighbour, struct bytes data)
{
    struct buffer joined = neighbour->in;
    struct bytes stream = data;
    neighbour->in = BUFFER_NULL;
    HRESULT hr = S_OK;
    if (joined.size > 0) {
        hr = buffer_append(&joined, data.data, data.size);
        stream = buffer_view(&joined);
    }
    while (hr == S_OK && neighbour->state != NEIGHBOUR_CLOSED && !neighbour->paused) {
        struct message message;
        hr = message_next(stream, &message);
        if (hr != S_OK)
            break;
        hr = dispatch_message(graph, neighbour, &message);
        stream = bytes_of(stream.data + message.size, stream.size - message.size);
    }
    if (SUCCEEDED(hr) && neighbour->state != NEIGHBOUR_CLOSED)
        hr = buffer_append(&neighbour->in, stream.data, stream.size);
    buffer_deinit(&joined);
    return hr == PEER_E_INVALID_RECORD ? neighbour_close(graph, neighbour, hr) : hr;
}

HRESULT neighbour_data(struct graph *graph, const struct graph_event *event)
{
    struct neighbour *neighbour = neighbour_find(graph, event->link);
    if (!neighbour)
        return S_OK;
    neighbour->received_ms = graph->now.ms;
    return read_messages(graph, neighbour, event->data);
}

/* What was left unread when a neighbour was paused is read when it no longer is. */
static HRESULT read_on(struct graph *graph)
{
    struct neighbour *neighbour, *next;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (!neighbour->resumed || neighbour->paused || neighbour->state == NEIGHBOUR_CLOSED)
            continue;
        neighbour->resumed = false;
        HRESULT hr = read_messages(graph, neighbour, bytes_of(NULL, 0));
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

static HRESULT notify_link(struct graph *graph, struct neighbour *neighbour, int status, HRESULT hr)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = neighbour->direct ? GRAPH_NOTICE_DIRECT : GRAPH_NOTICE_NEIGHBOUR;
    action->change = status;
    action->link = neighbour->link;
    action->node_id = neighbour->node_id;
    action->hr = hr;
    return S_OK;
}

HRESULT neighbour_connected(struct graph *graph, struct neighbour *neighbour)
{
    neighbour->state = NEIGHBOUR_CONNECTED;
    neighbour->ping_due_ms = graph->now.ms + PING_INTERVAL_MS;
    neighbour->activity_ms = graph->now.ms;
    neighbour->announced = true;
    if (!neighbour->incoming)
        maintain_answered(graph, &neighbour->address);
    graph->connecting = graph->connecting && neighbour->direct;
    if (graph->config.defer_expiration)
        graph->expire_due_ms = graph->now.ms;
    HRESULT hr = notify_link(graph, neighbour, GRAPH_LINK_CONNECTED, S_OK);
    if (FAILED(hr) || neighbour->direct)
        return hr;
    hr = teach_revocations(graph, neighbour);
    return SUCCEEDED(hr) ? graph_update_status(graph) : hr;
}

/* What the link was doing ends; others take over. */
static HRESULT neighbour_ends(struct graph *graph, struct neighbour *neighbour, HRESULT reason)
{
    bool announced = neighbour->announced;
    bool counted = neighbour->state == NEIGHBOUR_CONNECTED && !neighbour->direct;
    neighbour->state = NEIGHBOUR_CLOSED;
    neighbour->announced = false;
    if (counted)
        graph->deferred_horizon = graph_time(graph);
    pending_source_gone(graph, neighbour->link);
    HRESULT hr = fetch_source_gone(graph, neighbour->link);
    if (FAILED(hr))
        return hr;
    if (announced)
        hr = notify_link(graph, neighbour, GRAPH_LINK_DISCONNECTED, reason);
    else if (!neighbour->incoming && neighbour->direct)
        hr = notify_link(graph, neighbour, GRAPH_LINK_FAILED,
                         FAILED(reason) ? reason : PEER_E_CONNECTION_FAILED);
    else if (neighbour->initial)
        hr = maintain_attempt_failed(graph, neighbour->link, neighbour->node_id, reason);
    if (SUCCEEDED(hr))
        hr = graph_update_status(graph);
    bool lonely = graph->online && !neighbour->direct &&
                  neighbours_connected(graph, false) < LIMIT_NEIGHBOURS_MIN;
    uint64_t soon = graph->now.ms + 1000 + graph_random_below(graph, 2000);
    if (lonely && graph->maintenance_due_ms > soon)
        graph->maintenance_due_ms = soon;
    return hr;
}

HRESULT neighbour_close(struct graph *graph, struct neighbour *neighbour, HRESULT reason)
{
    if (neighbour->state == NEIGHBOUR_CLOSED)
        return S_OK;
    if (reason == PEER_E_INVALID_RECORD)
        graph->counters.refused++;
    return neighbour_ends(graph, neighbour, reason);
}

HRESULT neighbour_goodbye(struct graph *graph, struct neighbour *neighbour, uint8_t type,
                          uint8_t code, HRESULT reason)
{
    struct message_goodbye goodbye = {.code = code};
    if (code != DISCONNECT_APPLICATION)
        neighbour_referrals(graph, neighbour, &goodbye.addresses);
    HRESULT hr = message_encode_goodbye(type, &goodbye, &neighbour->out);
    return SUCCEEDED(hr) ? neighbour_close(graph, neighbour, reason) : hr;
}

HRESULT neighbour_down(struct graph *graph, uint64_t link, HRESULT reason)
{
    struct neighbour *neighbour = neighbour_find(graph, link);
    if (!neighbour)
        return S_OK;
    HRESULT hr = neighbour_ends(graph, neighbour, reason);
    HASH_DEL(graph->neighbours, neighbour);
    neighbour_free(neighbour);
    return hr;
}

void neighbour_referrals(struct graph *graph, const struct neighbour *except,
                         struct address_list *list)
{
    *list = (struct address_list){.count = 0};
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        if (n == except || n->direct || n->state != NEIGHBOUR_CONNECTED || n->listening.count == 0)
            continue;
        if (list->count < LIMIT_REFERRALS)
            list->items[list->count++] = n->listening.items[0];
    }
}

size_t neighbour_given(const struct graph *graph, const struct neighbour *neighbour)
{
    size_t before = neighbour->batch == graph->batch ? neighbour->batch_bytes : 0;
    return before + neighbour->out.size;
}

static HRESULT flush_one(struct graph *graph, struct neighbour *neighbour)
{
    HRESULT hr = S_OK;
    if (neighbour->state == NEIGHBOUR_CONNECTED)
        hr = jobs_run(graph, neighbour);
    if (SUCCEEDED(hr) && neighbour->ack_count > 0 && neighbour->state == NEIGHBOUR_CONNECTED)
        hr = message_encode_ack(neighbour->acks, neighbour->ack_count, &neighbour->out);
    neighbour->ack_count = 0;
    if (FAILED(hr) || neighbour->out.size == 0)
        return hr;
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_SEND);
    if (!action)
        return E_OUTOFMEMORY;
    neighbour->batch_bytes = neighbour_given(graph, neighbour);
    neighbour->batch = graph->batch;
    action->link = neighbour->link;
    action->data = neighbour->out;
    neighbour->out = BUFFER_NULL;
    return S_OK;
}

static HRESULT close_one(struct graph *graph, struct neighbour *neighbour)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_CLOSE);
    if (!action)
        return E_OUTOFMEMORY;
    action->link = neighbour->link;
    HASH_DEL(graph->neighbours, neighbour);
    neighbour_free(neighbour);
    return S_OK;
}

HRESULT neighbours_flush(struct graph *graph)
{
    struct neighbour *neighbour, *next;
    HRESULT hr = read_on(graph);
    if (SUCCEEDED(hr))
        hr = newcomer_check(graph);
    pending_sweep(graph);
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (FAILED(hr))
            return hr;
        hr = flush_one(graph, neighbour);
        if (SUCCEEDED(hr) && neighbour->state == NEIGHBOUR_CLOSED)
            hr = close_one(graph, neighbour);
    }
    return hr;
}
