/* sim_network.c - links as a stream transport gives them: in order, with latency, a bandwidth and a
 * bounded queue, until they are closed, cut, or a node at an end dies.
 *
 * A SEND becomes a segment that arrives after its time on the wire and the link's latency, in parts
 * of at most segment_max bytes. A queue over its limit is reported full to the sender, and drained
 * at half of it. A closed end still delivers what it sent, then the other hears LINK_DOWN; a cut
 * link delivers nothing more, and each end hears of it within two seconds. */
#include "sim_internal.h"

#include <stdlib.h>

static struct sim_link *link_of(struct sim *sim, uint64_t id, int *side)
{
    uint64_t index = id / 2 - 1;
    *side = (int)(id % 2);
    return id >= 2 && index < sim->link_count ? sim->links[index] : NULL;
}

static uint32_t index_of(uint64_t id)
{
    return (uint32_t)(id / 2 - 1);
}

static struct sim_node *node_at(struct sim *sim, const struct sim_end *end)
{
    struct sim_node *node = sim->nodes[end->node];
    return node->alive && node->life == end->life ? node : NULL;
}

static void free_segment(struct sim_segment *segment)
{
    free(segment->data);
    free(segment->digests);
    free(segment);
}

static void drop_way(struct sim_way *way)
{
    while (way->head) {
        struct sim_segment *segment = way->head;
        way->head = segment->next;
        free_segment(segment);
    }
    way->tail = NULL;
    way->bytes = 0;
}

/* A link that no node knows any more is forgotten; raw ends keep what they received. */
static void forget_if_dead(struct sim *sim, uint32_t index)
{
    struct sim_link *link = sim->links[index];
    bool raw =
        sim->nodes[link->ends[0].node]->options.raw || sim->nodes[link->ends[1].node]->options.raw;
    if (link->ends[0].open || link->ends[1].open || raw)
        return;
    drop_way(&link->ways[0]);
    drop_way(&link->ways[1]);
    trace_free_link(link);
    free(link);
    sim->links[index] = NULL;
}

void network_free(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->link_count; i++) {
        struct sim_link *link = sim->links[i];
        if (!link)
            continue;
        drop_way(&link->ways[0]);
        drop_way(&link->ways[1]);
        buffer_deinit(&link->ends[0].raw);
        buffer_deinit(&link->ends[1].raw);
        trace_free_link(link);
        free(link);
    }
    free(sim->links);
}

static void tell_down(struct sim *sim, uint32_t index, int side, uint64_t wait_ms)
{
    sim_push(sim, (struct sim_event){.type = SIM_DOWN, .link = index, .side = (uint8_t)side},
             sim->now_ms + wait_ms);
}

static void schedule(struct sim *sim, uint32_t index, int side)
{
    struct sim_way *way = &sim->links[index]->ways[side];
    if (way->scheduled || way->paused || (!way->head && !way->finished))
        return;
    uint64_t at = way->head ? way->head->ready_ms : sim->now_ms + 1;
    way->scheduled = true;
    sim_push(sim, (struct sim_event){.type = SIM_DELIVER, .link = index, .side = (uint8_t)side},
             at < sim->now_ms ? sim->now_ms : at);
}

static void tell_room(struct sim *sim, uint32_t index, int side, bool full)
{
    sim->links[index]->ways[side].full = full;
    sim_push(
        sim,
        (struct sim_event){.type = SIM_ROOM, .link = index, .side = (uint8_t)side, .flag = full},
        sim->now_ms);
}

static void enqueue(struct sim *sim, uint32_t index, int side, struct sim_segment *segment)
{
    struct sim_link *link = sim->links[index];
    struct sim_way *way = &link->ways[side];
    uint64_t now_us = sim->now_ms * 1000;
    way->free_us = (way->free_us > now_us ? way->free_us : now_us) +
                   segment->size * 1000000 / sim->options.bandwidth;
    segment->ready_ms = way->free_us / 1000 + link->latency_ms;
    if (way->tail)
        way->tail->next = segment;
    else
        way->head = segment;
    way->tail = segment;
    way->bytes += segment->size;
    sim->bytes += segment->size;
    schedule(sim, index, side);
    if (!way->full && way->bytes > SIM_QUEUE_LIMIT)
        tell_room(sim, index, side, true);
}

void network_send(struct sim *sim, struct sim_node *node, struct graph_action *action)
{
    int side;
    struct sim_link *link = link_of(sim, action->link, &side);
    if (!link || !link->ends[side].open || link->ways[side].finished)
        return;
    struct sim_segment *segment = sim_alloc(sizeof(*segment));
    segment->size = action->data.size;
    segment->data = buffer_take(&action->data);
    node->bytes_sent += segment->size;
    if (!sim->options.no_trace)
        trace_sent(sim, link, side, segment);
    enqueue(sim, index_of(action->link), side, segment);
}

void network_close(struct sim *sim, uint64_t id)
{
    int side;
    struct sim_link *link = link_of(sim, id, &side);
    if (!link || !link->ends[side].open)
        return;
    link->ends[side].open = false;
    link->ways[side].finished = true;
    drop_way(&link->ways[1 - side]);
    schedule(sim, index_of(id), side);
    forget_if_dead(sim, index_of(id));
}

void network_pause(struct sim *sim, uint64_t id, bool paused)
{
    int side;
    struct sim_link *link = link_of(sim, id, &side);
    if (!link)
        return;
    link->ways[1 - side].paused = paused;
    schedule(sim, index_of(id), 1 - side);
}

/* ---- coming and going ---- */

static void cut(struct sim *sim, uint32_t index)
{
    struct sim_link *link = sim->links[index];
    for (int side = 0; side < 2; side++) {
        drop_way(&link->ways[side]);
        link->ways[side].finished = true;
        if (link->ends[side].open)
            tell_down(sim, index, side, sim_random(sim, 2000));
    }
}

static void schedule_cut(struct sim *sim, uint32_t index)
{
    if (sim->options.cuts_per_hour > 0)
        sim_push(sim, (struct sim_event){.type = SIM_CUT, .link = index},
                 sim->now_ms + 1 + sim_random(sim, 2 * 3600000 / sim->options.cuts_per_hour));
}

void sim_set_cuts(struct sim *sim, uint32_t cuts_per_hour)
{
    sim->options.cuts_per_hour = cuts_per_hour;
    for (uint32_t i = 0; i < sim->link_count; i++)
        if (sim->links[i])
            schedule_cut(sim, i);
}

void network_node_gone(struct sim *sim, struct sim_node *node)
{
    for (uint32_t i = 0; i < sim->link_count; i++) {
        struct sim_link *link = sim->links[i];
        for (int side = 0; link && side < 2; side++) {
            if (link->ends[side].node != node->index || !link->ends[side].open)
                continue;
            link->ends[side].open = false;
            cut(sim, i);
        }
    }
}

void sim_cut_links(struct sim *sim, uint32_t index)
{
    for (uint32_t i = 0; i < sim->link_count; i++)
        if (sim->links[i] &&
            (sim->links[i]->ends[0].node == index || sim->links[i]->ends[1].node == index))
            cut(sim, i);
}

void sim_partition(struct sim *sim, uint32_t index, uint32_t part)
{
    sim->nodes[index]->group = part;
    for (uint32_t i = 0; i < sim->link_count; i++) {
        struct sim_link *link = sim->links[i];
        if (link && sim->nodes[link->ends[0].node]->group != sim->nodes[link->ends[1].node]->group)
            cut(sim, i);
    }
}

void sim_heal(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++)
        sim->nodes[i]->group = 0;
}

uint32_t sim_links(struct sim *sim, uint32_t index)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->link_count; i++)
        for (int side = 0; sim->links[i] && side < 2; side++)
            count += sim->links[i]->ends[side].node == index && sim->links[i]->ends[side].open;
    return count;
}

bool sim_linked(struct sim *sim, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < sim->link_count; i++)
        for (int side = 0; sim->links[i] && side < 2; side++)
            if (sim->links[i]->ends[side].node == a && sim->links[i]->ends[1 - side].node == b &&
                sim->links[i]->ends[0].open && sim->links[i]->ends[1].open)
                return true;
    return false;
}

static uint32_t make_link(struct sim *sim, struct sim_node *caller, struct sim_node *listener,
                          bool direct)
{
    struct sim_link *link = sim_alloc(sizeof(*link));
    uint32_t spread = sim->options.latency_max_ms - sim->options.latency_min_ms;
    link->latency_ms = sim->options.latency_min_ms + (uint32_t)sim_random(sim, spread + 1);
    link->direct = direct;
    struct sim_node *nodes[2] = {caller, listener};
    sim->links =
        sim_grow(sim->links, sim->link_count, &sim->link_capacity, sizeof(struct sim_link *));
    uint32_t index = sim->link_count++;
    sim->links[index] = link;
    for (uint32_t side = 0; side < 2; side++)
        link->ends[side] = (struct sim_end){.node = nodes[side]->index,
                                            .life = nodes[side]->life,
                                            .id = 2 * ((uint64_t)index + 1) + side,
                                            .open = true};
    schedule_cut(sim, index);
    return index;
}

static void link_up(struct sim *sim, uint32_t index, int side, uint64_t dial,
                    const uint8_t fingerprint_key[FINGERPRINT_KEY_SIZE])
{
    struct sim_link *link = sim->links[index];
    struct sim_node *node = sim->nodes[link->ends[side].node];
    struct sim_node *other = sim->nodes[link->ends[1 - side].node];
    if (!node->graph)
        return;
    if (sim->options.security == SIM_CHEAP)
        sim_provider_learn(&node->provider, &other->key.hash);
    struct graph_event event = {.type = GRAPH_LINK_UP,
                                .link = link->ends[side].id,
                                .incoming = side == 1,
                                .direct = link->direct,
                                .dial = dial,
                                .key = other->key.hash,
                                .peer_name = bytes_of_text(other->key.name),
                                .addresses = {.count = 1}};
    sim_address(other->index, &event.addresses.items[0]);
    if (side == 1)
        event.addresses.items[0].port = (uint16_t)(40000 + index % 20000);
    memcpy(event.fingerprint_key, fingerprint_key, FINGERPRINT_KEY_SIZE);
    (void)sim_event(sim, node->index, &event);
}

void network_dial(struct sim *sim, struct sim_node *node, const struct graph_action *action)
{
    uint64_t wait = 2 * sim->options.latency_max_ms + sim_random(sim, 20);
    uint32_t to = 0;
    for (int i = 12; i < 16; i++)
        to = to << 8 | action->address.ip[i];
    bool there = to < sim->node_count && sim->nodes[to]->alive;
    if (!there || sim->nodes[to]->group != node->group)
        wait = SIM_DIAL_TIMEOUT_MS;
    sim_push(sim,
             (struct sim_event){.type = SIM_DIALED,
                                .node = node->index,
                                .life = node->life,
                                .token = action->token,
                                .link = to,
                                .direct = action->direct,
                                .has_key = action->has_key,
                                .key = action->key},
             sim->now_ms + wait);
}

/* What the handshake checks. */
static bool is_allowed(struct sim *sim, struct sim_node *node, struct sim_node *other)
{
    if (sim->options.security == SIM_GROUP)
        return group_admit(sim, node, other);
    struct provider *provider = &node->provider.base;
    return provider->ops->link_allowed(provider, &other->key.hash, sim_utc(sim, node)) == S_OK;
}

static void dialed(struct sim *sim, const struct sim_event *event)
{
    struct sim_node *node = sim->nodes[event->node];
    if (!node->alive || node->life != event->life)
        return;
    struct sim_node *other = event->link < sim->node_count ? sim->nodes[event->link] : NULL;
    bool reached = other && other->alive && other->listening && other->group == node->group &&
                   (!event->has_key || hash_equal(&event->key, &other->key.hash));
    reached = reached && is_allowed(sim, node, other) && is_allowed(sim, other, node);
    if (!reached) {
        struct graph_event failed = {
            .type = GRAPH_DIAL_FAILED, .dial = event->token, .reason = PEER_E_CONNECTION_FAILED};
        (void)sim_event(sim, node->index, &failed);
        return;
    }
    uint32_t index = make_link(sim, node, other, event->direct);
    uint8_t key[FINGERPRINT_KEY_SIZE];
    for (int i = 0; i < FINGERPRINT_KEY_SIZE; i++)
        key[i] = (uint8_t)sim_random(sim, 256);
    link_up(sim, index, 1, 0, key);
    if (sim->links[index])
        link_up(sim, index, 0, event->token, key);
}

/* ---- bytes ---- */

static void give(struct sim *sim, uint32_t index, int side, struct bytes data)
{
    struct sim_end *end = &sim->links[index]->ends[1 - side];
    struct sim_node *node = node_at(sim, end);
    if (!node || !end->open)
        return;
    if (!node->graph) {
        HRESULT hr = buffer_append(&end->raw, data.data, data.size);
        ASSERT(SUCCEEDED(hr));
        return;
    }
    struct graph_event event = {.type = GRAPH_LINK_DATA, .link = end->id, .data = data};
    (void)sim_event(sim, node->index, &event);
}

static void deliver(struct sim *sim, uint32_t index, int side)
{
    struct sim_way *way = &sim->links[index]->ways[side];
    way->scheduled = false;
    struct sim_segment *segment = way->head;
    if (way->paused)
        return;
    if (!segment) {
        if (way->finished && sim->links[index]->ends[1 - side].open)
            tell_down(sim, index, 1 - side, 0);
        return;
    }
    size_t left = segment->size - segment->offset;
    size_t size = left < sim->options.segment_max ? left : sim->options.segment_max;
    struct bytes data = bytes_of(segment->data + segment->offset, size);
    if (segment->offset == 0 && !sim->options.no_trace)
        trace_arriving(sim->links[index], side, segment);
    segment->offset += size;
    way->bytes -= size;
    bool last = segment->offset == segment->size;
    if (last) {
        way->head = segment->next;
        way->tail = way->head ? way->tail : NULL;
        if (!sim->options.no_trace)
            trace_delivered(sim, sim->links[index], side, segment);
    }
    if (way->full && way->bytes < SIM_QUEUE_LIMIT / 2)
        tell_room(sim, index, side, false);
    schedule(sim, index, side);
    /* The step may close the link and drop the segment's way, but not this segment's bytes. */
    uint8_t *copy = sim_alloc(size);
    memcpy(copy, data.data, size);
    if (last)
        free_segment(segment);
    give(sim, index, side, bytes_of(copy, size));
    free(copy);
}

static void down(struct sim *sim, uint32_t index, int side)
{
    struct sim_link *link = sim->links[index];
    struct sim_end *end = &link->ends[side];
    if (!end->open)
        return;
    end->open = false;
    struct sim_node *node = node_at(sim, end);
    if (node && node->graph) {
        struct graph_event event = {
            .type = GRAPH_LINK_DOWN, .link = end->id, .reason = PEER_E_CONNECTION_FAILED};
        (void)sim_event(sim, node->index, &event);
    }
    if (sim->links[index])
        forget_if_dead(sim, index);
}

static void room(struct sim *sim, uint32_t index, int side, bool full)
{
    struct sim_end *end = &sim->links[index]->ends[side];
    struct sim_node *node = node_at(sim, end);
    if (!node || !node->graph || !end->open)
        return;
    struct graph_event event = {.type = full ? GRAPH_LINK_FULL : GRAPH_LINK_DRAINED,
                                .link = end->id};
    (void)sim_event(sim, node->index, &event);
}

void network_handle(struct sim *sim, const struct sim_event *event)
{
    if (event->type == SIM_DIALED) {
        dialed(sim, event);
        return;
    }
    if (!sim->links[event->link])
        return;
    switch (event->type) {
    case SIM_DELIVER:
        deliver(sim, event->link, event->side);
        break;
    case SIM_ROOM:
        room(sim, event->link, event->side, event->flag);
        break;
    case SIM_DOWN:
        down(sim, event->link, event->side);
        break;
    case SIM_CUT:
        if (sim->options.cuts_per_hour > 0)
            cut(sim, event->link);
        break;
    default:
        break;
    }
}

/* ---- raw nodes ---- */

uint64_t sim_raw_dial(struct sim *sim, uint32_t raw, uint32_t to, bool direct)
{
    bool allowed = is_allowed(sim, sim->nodes[to], sim->nodes[raw]);
    if (!allowed && sim->options.security == SIM_GROUP)
        return 0;
    uint32_t index = make_link(sim, sim->nodes[raw], sim->nodes[to], direct);
    uint8_t key[FINGERPRINT_KEY_SIZE] = {1, 2, 3};
    link_up(sim, index, 1, 0, key);
    return 2 * ((uint64_t)index + 1);
}

void sim_raw_send(struct sim *sim, uint64_t link, struct bytes bytes)
{
    int side;
    struct sim_link *there = link_of(sim, link, &side);
    if (!there || !there->ends[side].open)
        return;
    struct sim_segment *segment = sim_alloc(sizeof(*segment));
    segment->size = bytes.size;
    segment->data = sim_alloc(bytes.size);
    memcpy(segment->data, bytes.data, bytes.size);
    enqueue(sim, index_of(link), side, segment);
}

struct buffer *sim_raw_received(struct sim *sim, uint64_t link)
{
    int side;
    struct sim_link *there = link_of(sim, link, &side);
    return &there->ends[side].raw;
}

bool sim_raw_closed(struct sim *sim, uint64_t link)
{
    int side;
    struct sim_link *there = link_of(sim, link, &side);
    return !there->ends[side].open;
}

void sim_raw_close(struct sim *sim, uint64_t link)
{
    network_close(sim, link);
}
