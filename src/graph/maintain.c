/* maintain.c - being connected: the application's Connect, keeping enough neighbours, PING, dead
 * links.
 *
 * Connect dials the addresses it was given, then the remembered ones, one after another; when none
 * works it fails with PEER_E_NO_MEMBERS_FOUND (no address) or PEER_E_NO_MEMBER_CONNECTIONS, or with
 * what a member said that refused the group's password. A node
 * that is online dials members that presence, referrals or memory name while it has too few
 * neighbours, with back-off per address and DIALS_MAX a minute in all, and sends the least useful
 * one away when it has too many. Addresses that fail wait a minute, doubling to a day. */
#include "graph/graph_internal.h"

enum {
    BACK_OFF_MIN_MS = 60 * 1000,
    BACK_OFF_MAX_MS = 24 * 3600 * 1000,
    REFUSED_WAIT_MS = 30 * 1000,
    SYNC_STALL_MS = 60 * 1000
};

static struct remembered *remembered_find(struct graph *graph, const struct address *address)
{
    for (uint32_t i = 0; i < graph->remembered_count; i++)
        if (address_equal(&graph->remembered[i].address, address))
            return &graph->remembered[i];
    return NULL;
}

static bool is_own_address(const struct graph *graph, const struct address *address)
{
    for (uint32_t i = 0; i < graph->listening.count; i++)
        if (address_equal(&graph->listening.items[i], address))
            return true;
    return false;
}

/* The wanted ones are fewer than the places. */
static struct remembered *remembered_place(struct graph *graph)
{
    if (graph->remembered_count < REMEMBERED_MAX)
        return &graph->remembered[graph->remembered_count++];
    uint32_t index = (uint32_t)graph_random_below(graph, REMEMBERED_MAX);
    while (graph->remembered[index].wanted)
        index = (index + 1) % REMEMBERED_MAX;
    return &graph->remembered[index];
}

static void remember(struct graph *graph, const struct address *address, const struct hash *key)
{
    if (address->port == 0)
        return;
    struct remembered *entry = remembered_find(graph, address);
    if (!entry) {
        entry = remembered_place(graph);
        *entry = (struct remembered){.address = *address};
    }
    if (key) {
        entry->key = *key;
        entry->has_key = true;
        entry->proven = true;
        /* It may be called again, after those that were not yet: several members can be there. */
        entry->not_before_ms = 0;
    }
}

void maintain_answered(struct graph *graph, const struct address *address)
{
    struct remembered *entry = remembered_find(graph, address);
    if (entry)
        entry->failures = 0;
}

/* What others pass on as some member's address may be this node's own; with a key it is that of
 * another member of this process. */
void maintain_remember(struct graph *graph, const struct address *address, const struct hash *key)
{
    if (key || !is_own_address(graph, address))
        remember(graph, address, key);
}

void maintain_refused(struct graph *graph, const struct address *address)
{
    struct remembered *entry = remembered_find(graph, address);
    if (entry)
        entry->not_before_ms = graph->now.ms + REFUSED_WAIT_MS;
}

HRESULT maintain_announce(struct graph *graph, const struct address *address,
                          const struct hash *key)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = GRAPH_NOTICE_REMEMBER;
    action->address = *address;
    action->key = *key;
    return S_OK;
}

HRESULT maintain_dial(struct graph *graph, const struct address *address, const struct hash *key,
                      bool direct, bool initial, uint64_t *token)
{
    struct dial *dial = mem_zalloc(sizeof(*dial));
    struct graph_action *action = dial ? graph_act(graph, GRAPH_ACTION_DIAL) : NULL;
    if (!action) {
        mem_free(dial);
        return E_OUTOFMEMORY;
    }
    graph->dialled_ms[graph->dial_count++ % DIALS_MAX] = graph->now.ms;
    dial->token = ++graph->next_token;
    dial->address = *address;
    dial->direct = direct;
    dial->initial = initial;
    dial->has_key = key != NULL;
    if (key)
        dial->key = *key;
    dial->next = graph->dials;
    graph->dials = dial;
    action->token = dial->token;
    action->address = *address;
    action->direct = direct;
    action->has_key = dial->has_key;
    action->key = dial->key;
    *token = dial->token;
    return S_OK;
}

struct dial *maintain_take_dial(struct graph *graph, uint64_t token)
{
    for (struct dial **place = &graph->dials; *place; place = &(*place)->next) {
        if ((*place)->token != token)
            continue;
        struct dial *dial = *place;
        *place = dial->next;
        return dial;
    }
    return NULL;
}

/* When one more may be dialled. What the application wants directly is counted, and never waits. */
static uint64_t next_dial_ms(const struct graph *graph)
{
    if (graph->dial_count < DIALS_MAX)
        return 0;
    return graph->dialled_ms[graph->dial_count % DIALS_MAX] + DIALS_MS;
}

/* ---- the application's Connect ---- */

static bool attempt_under_way(const struct graph *graph)
{
    for (const struct dial *d = graph->dials; d; d = d->next)
        if (d->initial)
            return true;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        if (!n->incoming && !n->direct && n->state == NEIGHBOUR_EXPECT_WELCOME)
            return true;
    return false;
}

static bool linked_to(const struct graph *graph, const struct remembered *entry)
{
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next)
        if (!n->direct && ((entry->has_key && hash_equal(&n->key, &entry->key)) ||
                           address_equal(&n->address, &entry->address)))
            return true;
    for (const struct dial *d = graph->dials; d; d = d->next)
        if (!d->direct && address_equal(&d->address, &entry->address))
            return true;
    return false;
}

/* The next one that the application's Connect has named: of those that failed least the first, so
 * that the next Connect begins with what this one has no time for. */
static struct remembered *wanted_candidate(struct graph *graph)
{
    struct remembered *best = NULL;
    for (uint32_t i = 0; i < graph->remembered_count; i++) {
        struct remembered *entry = &graph->remembered[i];
        if (entry->wanted && entry->not_before_ms <= graph->now.ms && !linked_to(graph, entry) &&
            (!best || entry->failures < best->failures))
            best = entry;
    }
    return best;
}

static struct remembered *candidate(struct graph *graph, bool absent_only)
{
    uint32_t start = graph->remembered_count > 0
                         ? (uint32_t)graph_random_below(graph, graph->remembered_count)
                         : 0;
    for (uint32_t i = 0; i < graph->remembered_count; i++) {
        uint32_t index = graph->connecting ? i : (start + i) % graph->remembered_count;
        struct remembered *entry = &graph->remembered[index];
        bool wanted = !absent_only || !entry->present;
        if (wanted && entry->not_before_ms <= graph->now.ms && !linked_to(graph, entry))
            return entry;
    }
    return NULL;
}

static void back_off(struct graph *graph, struct remembered *entry)
{
    uint64_t wait = BACK_OFF_MIN_MS;
    for (uint32_t i = 0; i < entry->failures && wait < BACK_OFF_MAX_MS; i++)
        wait *= 2;
    entry->failures++;
    entry->not_before_ms = graph->now.ms + (wait < BACK_OFF_MAX_MS ? wait : BACK_OFF_MAX_MS);
}

static HRESULT notify_attempt_failed(struct graph *graph, uint64_t link, uint64_t node_id,
                                     HRESULT reason)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = GRAPH_NOTICE_NEIGHBOUR;
    action->change = GRAPH_LINK_FAILED;
    action->link = link;
    action->node_id = node_id;
    action->hr = FAILED(reason) ? reason : PEER_E_CONNECTION_FAILED;
    return S_OK;
}

/* Nobody waits for their outcome any more; one that comes up now is closed again. */
HRESULT maintain_end_attempts(struct graph *graph)
{
    HRESULT hr = S_OK;
    for (struct dial *d = graph->dials; d && SUCCEEDED(hr); d = d->next) {
        if (d->initial)
            hr = notify_attempt_failed(graph, d->token, 0, PEER_E_CONNECTION_FAILED);
        d->initial = false;
    }
    return hr;
}

static HRESULT close_unanswered(struct graph *graph)
{
    struct neighbour *n, *next;
    HRESULT hr = S_OK;
    HASH_ITER (hh, graph->neighbours, n, next) {
        if (SUCCEEDED(hr) && !n->incoming && !n->direct && n->state == NEIGHBOUR_EXPECT_WELCOME)
            hr = neighbour_close(graph, n, PEER_E_CONNECTION_FAILED);
    }
    return hr;
}

/* [contract 12.10] Comes after the last attempt's own end. */
static HRESULT connect_failed(struct graph *graph, HRESULT reason)
{
    graph->connecting = false;
    HRESULT hr = maintain_end_attempts(graph);
    if (SUCCEEDED(hr))
        hr = close_unanswered(graph);
    if (FAILED(hr))
        return hr;
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->notice = GRAPH_NOTICE_CONNECT_FAILED;
    action->hr = reason;
    return S_OK;
}

/* A member's refusal says more than that no other has answered. */
static HRESULT nobody_connected(struct graph *graph)
{
    if (FAILED(graph->connect_refused))
        return connect_failed(graph, graph->connect_refused);
    /* An address whose turn did not come is known, all the same. */
    bool known = graph->connect_tried > 0 || wanted_candidate(graph);
    return connect_failed(graph, known ? PEER_E_NO_MEMBER_CONNECTIONS : PEER_E_NO_MEMBERS_FOUND);
}

/* *next: the link that is tried, 0: none is. */
static HRESULT connect_next(struct graph *graph, uint64_t *next)
{
    *next = 0;
    bool late = graph->now.ms >= graph->connecting_since_ms + CONNECT_LIMIT_MS;
    if (!graph->connecting || (attempt_under_way(graph) && !late))
        return S_OK;
    struct remembered *entry = late ? NULL : wanted_candidate(graph);
    if (!entry && !late)
        entry = candidate(graph, false);
    if (entry && graph->now.ms < next_dial_ms(graph))
        return S_OK;
    if (entry) {
        back_off(graph, entry);
        graph->connect_tried++;
        return maintain_dial(graph, &entry->address, entry->has_key ? &entry->key : NULL, false,
                             true, next);
    }
    if (neighbours_connected(graph, false) > 0) {
        graph->connecting = false; /* what it was for is there */
        return S_OK;
    }
    /* Whoever has the database may wait for callers instead; a newcomer has nothing to offer. */
    if (graph->synchronised && graph->listening.count > 0 && SUCCEEDED(graph->connect_refused)) {
        graph->connecting = false;
        return S_OK;
    }
    /* Who has just been told of a revocation knows a better reason soon. */
    if (graph->drop_due_ms != UINT64_MAX)
        return S_OK;
    return nobody_connected(graph);
}

/* Whoever refused may have been wrong, or was asked with another password. */
static void try_refusing_again(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->remembered_count; i++) {
        struct remembered *entry = &graph->remembered[i];
        if (entry->refused)
            entry->not_before_ms = 0;
        entry->refused = false;
    }
}

/* Also where this node listens itself: another member of the same process may be meant. */
static void want(struct graph *graph, const struct address *address)
{
    remember(graph, address, NULL);
    struct remembered *entry = remembered_find(graph, address);
    if (!entry)
        return;
    entry->not_before_ms = 0;
    entry->wanted = true;
}

/* A dial that goes on from before is an attempt of this Connect. */
static void adopt_dials(struct graph *graph)
{
    for (struct dial *d = graph->dials; d; d = d->next) {
        if (d->direct)
            continue;
        d->initial = true;
        graph->connect_tried++;
    }
}

HRESULT maintain_connect(struct graph *graph, const struct graph_event *event)
{
    ASSERT(event->known_count <= LIMIT_CONNECT_KNOWN);
    for (uint32_t i = 0; i < graph->remembered_count; i++)
        graph->remembered[i].wanted = false;
    for (uint32_t i = 0; i < event->addresses.count; i++)
        want(graph, &event->addresses.items[i]);
    for (uint32_t i = 0; i < event->known_count; i++)
        want(graph, &event->known[i]);
    if (event->flag)
        return S_OK;
    graph->connecting = true;
    graph->connecting_since_ms = graph->now.ms;
    graph->connect_tried = 0;
    graph->connect_refused = S_OK;
    try_refusing_again(graph);
    adopt_dials(graph);
    uint64_t next;
    return connect_next(graph, &next);
}

/* [contract 12.10] The application hears of each address that fails, and what is tried next; the
 * end of all attempts comes after the last. */
HRESULT maintain_attempt_failed(struct graph *graph, uint64_t link, uint64_t node_id,
                                HRESULT reason)
{
    HRESULT hr = notify_attempt_failed(graph, link, node_id, reason);
    if (FAILED(hr))
        return hr;
    uint32_t index = graph->actions->count - 1; /* the list may move */
    uint64_t next;
    hr = connect_next(graph, &next);
    graph->actions->items[index].value = next;
    return hr;
}

/* A member answered there, and refused: the next Connect may try it again, after others. This
 * one does not: the wait that its dial began is longer. */
static void answered_last(struct graph *graph, const struct address *address)
{
    struct remembered *entry = remembered_find(graph, address);
    if (!entry)
        return;
    struct remembered moved = *entry;
    struct remembered *last = &graph->remembered[graph->remembered_count - 1];
    moved.failures = 0;
    moved.refused = true;
    memmove(entry, entry + 1, (size_t)(last - entry) * sizeof(*entry));
    *last = moved;
}

HRESULT maintain_dial_failed(struct graph *graph, const struct graph_event *event)
{
    struct dial *dial = maintain_take_dial(graph, event->dial);
    if (!dial)
        return S_OK;
    for (uint32_t i = 0; i < event->addresses.count; i++)
        maintain_remember(graph, &event->addresses.items[i], NULL);
    if (event->flag)
        answered_last(graph, &dial->address);
    /* One member's word is not the group's: others are asked, as long as there is time. */
    if (event->flag && dial->initial && graph->connecting)
        graph->connect_refused = event->reason;
    HRESULT hr = S_OK;
    if (dial->initial) {
        hr = maintain_attempt_failed(graph, dial->token, 0, event->reason);
    } else if (dial->direct) {
        struct graph_action *action = graph_act(graph, GRAPH_ACTION_NOTIFY);
        if (action) {
            action->notice = GRAPH_NOTICE_DIRECT;
            action->change = GRAPH_LINK_FAILED;
            action->link = dial->token;
            action->hr = event->reason;
        }
        hr = action ? S_OK : E_OUTOFMEMORY;
    }
    mem_free(dial);
    uint64_t next;
    return SUCCEEDED(hr) ? connect_next(graph, &next) : hr;
}

/* ---- keeping neighbours ---- */

static HRESULT remember_presence(void *context, const struct store_record *row)
{
    struct graph *graph = context;
    struct presence presence;
    if (FAILED(presence_decode(row->payload, &presence)) ||
        presence.node_id == graph->config.node_id)
        return S_OK;
    struct hash own;
    struct bytes name;
    uint64_t end;
    graph->config.provider->ops->own(graph->config.provider, &own, &name, &end);
    for (uint32_t i = 0; i < presence.addresses.count; i++) {
        /* What an earlier life of this node wrote leads back here. */
        if (hash_equal(&row->creator, &own) && is_own_address(graph, &presence.addresses.items[i]))
            continue;
        remember(graph, &presence.addresses.items[i], NULL);
        struct remembered *entry = remembered_find(graph, &presence.addresses.items[i]);
        if (!entry)
            continue;
        entry->present = true;
        if (!entry->proven) {
            entry->key = row->creator;
            entry->has_key = true;
        }
    }
    return S_OK;
}

static struct neighbour *least_useful(struct graph *graph)
{
    struct neighbour *least = NULL;
    for (struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        bool counts = n->state == NEIGHBOUR_CONNECTED && !n->direct && !n->sync &&
                      n->job_count == 0 && n->incoming;
        if (counts && (!least || n->utility < least->utility))
            least = n;
    }
    return least;
}

/* Looks at live presence, so that the members it names can be called. */
static HRESULT look_at_presence(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->remembered_count; i++)
        graph->remembered[i].present = false;
    struct store *store = graph->config.store;
    return store->ops->each(store, &RECORD_TYPE_PRESENCE, graph_time(graph), true,
                            remember_presence, graph);
}

static HRESULT call(struct graph *graph, struct remembered *entry)
{
    uint64_t token;
    back_off(graph, entry);
    return maintain_dial(graph, &entry->address, entry->has_key ? &entry->key : NULL, false, false,
                         &token);
}

static bool call_under_way(const struct graph *graph)
{
    for (const struct dial *d = graph->dials; d; d = d->next)
        if (!d->direct)
            return true;
    return attempt_under_way(graph);
}

HRESULT maintain_call_member(struct graph *graph, const struct address_list *addresses,
                             const struct hash *key)
{
    for (uint32_t i = 0; i < addresses->count; i++) {
        maintain_remember(graph, &addresses->items[i], NULL);
        struct remembered *entry = remembered_find(graph, &addresses->items[i]);
        if (!entry)
            continue;
        if (!entry->proven) {
            entry->key = *key;
            entry->has_key = true;
        }
        if (entry->not_before_ms <= graph->now.ms && !linked_to(graph, entry))
            return call(graph, entry);
    }
    return S_OK;
}

HRESULT maintain_call_other(struct graph *graph, const struct hash *except, bool *calling)
{
    *calling = call_under_way(graph);
    if (*calling || !graph->online)
        return S_OK;
    HRESULT hr = look_at_presence(graph);
    if (FAILED(hr))
        return hr;
    for (uint32_t i = 0; i < graph->remembered_count; i++) {
        struct remembered *entry = &graph->remembered[i];
        bool same = entry->has_key && hash_equal(&entry->key, except);
        if (same || entry->not_before_ms > graph->now.ms || linked_to(graph, entry))
            continue;
        *calling = true;
        return call(graph, entry);
    }
    return S_OK;
}

static HRESULT keep_neighbours(struct graph *graph)
{
    uint32_t count = neighbours_connected(graph, false);
    if (count > LIMIT_NEIGHBOURS_IDEAL + 1) {
        struct neighbour *least = least_useful(graph);
        if (least && graph->now.ms > least->since_ms + 2 * MAINTENANCE_MS)
            return neighbour_goodbye(graph, least, MESSAGE_DISCONNECT, DISCONNECT_LEAST_USEFUL,
                                     S_OK);
        return S_OK;
    }
    if (graph->connecting)
        return S_OK;
    if (graph->now.ms < next_dial_ms(graph)) {
        graph->maintenance_due_ms = next_dial_ms(graph);
        return S_OK;
    }
    /* A member with enough neighbours still tries one without live presence: it may be beyond a cut
     * that heals. */
    bool enough = count >= LIMIT_NEIGHBOURS_IDEAL;
    HRESULT hr = look_at_presence(graph);
    struct remembered *entry = SUCCEEDED(hr) ? candidate(graph, enough) : NULL;
    return entry ? call(graph, entry) : hr;
}

static HRESULT send_ping(struct graph *graph, struct neighbour *neighbour)
{
    struct message_ping ping = {.horizon = graph_time(graph) + HORIZON_MARGIN};
    neighbour->ping_due_ms = graph->now.ms + PING_INTERVAL_MS;
    const struct span all = {.horizon = ping.horizon};
    HRESULT hr = range_fingerprint(graph, neighbour->fingerprint_key, &all, &ping.sum, &ping.count);
    return SUCCEEDED(hr) ? message_encode_ping(&ping, &neighbour->out) : hr;
}

/* The end of a certificate ends the link, with the grace that the provider gives to wrong clocks.
 */
static bool still_allowed(struct graph *graph, const struct neighbour *neighbour)
{
    struct provider *provider = graph->config.provider;
    return SUCCEEDED(provider->ops->link_allowed(provider, &neighbour->key, graph->now.utc));
}

/* No PING goes over a direct link; whether it may stay is asked as often. */
static HRESULT tend_direct(struct graph *graph, struct neighbour *neighbour)
{
    if (graph->now.ms < neighbour->ping_due_ms)
        return S_OK;
    neighbour->ping_due_ms = graph->now.ms + PING_INTERVAL_MS;
    return still_allowed(graph, neighbour)
               ? S_OK
               : neighbour_close(graph, neighbour, PEER_E_NOT_AUTHORIZED);
}

static HRESULT tend(struct graph *graph, struct neighbour *neighbour)
{
    if (neighbour->state == NEIGHBOUR_CLOSED)
        return S_OK;
    if (neighbour->state != NEIGHBOUR_CONNECTED) {
        bool late = graph->now.ms >= neighbour->since_ms + CONNECT_WAIT_MS;
        return late ? neighbour_close(graph, neighbour, PEER_E_CONNECTION_FAILED) : S_OK;
    }
    if (neighbour->direct)
        return tend_direct(graph, neighbour);
    HRESULT hr = reconcile_rest(graph, neighbour);
    if (FAILED(hr))
        return hr;
    if (graph->now.ms >= neighbour->received_ms + DEAD_MS && !neighbour->paused && !neighbour->held)
        return neighbour_close(graph, neighbour, PEER_E_CONNECTION_FAILED);
    if (neighbour->sync && graph->now.ms >= neighbour->sync->progress_ms + SYNC_STALL_MS) {
        reconcile_stop(graph, neighbour);
        neighbour->behind = true;
    }
    if (graph->now.ms < neighbour->ping_due_ms || neighbour->full)
        return S_OK;
    return still_allowed(graph, neighbour)
               ? send_ping(graph, neighbour)
               : neighbour_close(graph, neighbour, PEER_E_NOT_AUTHORIZED);
}

HRESULT maintain_timer(struct graph *graph)
{
    struct neighbour *neighbour, *next;
    HRESULT hr = S_OK;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (SUCCEEDED(hr))
            hr = tend(graph, neighbour);
    }
    uint64_t token;
    if (SUCCEEDED(hr))
        hr = connect_next(graph, &token);
    if (FAILED(hr) || !graph->online || graph->now.ms < graph->maintenance_due_ms)
        return hr;
    bool few = neighbours_connected(graph, false) < LIMIT_NEIGHBOURS_MIN;
    graph->maintenance_due_ms = graph->now.ms + (few ? MAINTENANCE_MS / 6 : MAINTENANCE_MS);
    return keep_neighbours(graph);
}

static uint64_t neighbour_deadline(const struct graph *graph, const struct neighbour *n)
{
    if (n->state != NEIGHBOUR_CONNECTED)
        return n->since_ms + CONNECT_WAIT_MS;
    if (n->direct)
        return n->full || n->job_count == 0 ? n->ping_due_ms : graph->now.ms;
    uint64_t due = n->paused || n->held ? UINT64_MAX : n->received_ms + DEAD_MS;
    if (n->exhausted)
        due = n->budget_ms + BUDGET_LOOK_MS;
    if (n->full)
        return due;
    due = n->ping_due_ms < due ? n->ping_due_ms : due;
    if (n->job_count > 0 || n->certificate_count > 0)
        return graph->now.ms;
    bool waits = n->behind && !n->sync;
    return waits && n->sync_due_ms < due ? n->sync_due_ms : due;
}

uint64_t maintain_deadline(const struct graph *graph)
{
    uint64_t deadline = UINT64_MAX;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        uint64_t due = neighbour_deadline(graph, n);
        deadline = due < deadline ? due : deadline;
    }
    if (graph->connecting) {
        uint64_t due = graph->connecting_since_ms + CONNECT_LIMIT_MS;
        uint64_t dial = next_dial_ms(graph);
        if (!attempt_under_way(graph) && dial < due)
            due = dial > graph->now.ms ? dial : graph->now.ms;
        if (due <= graph->now.ms && graph->drop_due_ms != UINT64_MAX)
            due = graph->drop_due_ms;
        deadline = due < deadline ? due : deadline;
    }
    return deadline;
}
