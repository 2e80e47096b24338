/* sim_trace.c - looks into what is sent, and holds flooding to its rules.
 *
 * On one link a version goes at most once in each direction, and never back to where it came from;
 * only a REQUEST for it allows it once more, each of two that sessions of both sides have caused.
 * What is seen also tells how many hops each record needed to reach each member. */
#include "sim_internal.h"

#include <stdlib.h>

static struct sim_seen *seen_of(struct sim_link *link, const struct hash *digest)
{
    struct sim_seen *seen;
    HASH_FIND(hh, link->seen, digest->bytes, HASH_SIZE, seen);
    if (!seen) {
        seen = sim_alloc(sizeof(*seen));
        seen->digest = *digest;
        HASH_ADD(hh, link->seen, digest.bytes, HASH_SIZE, seen);
    }
    return seen;
}

void trace_free_link(struct sim_link *link)
{
    struct sim_seen *seen, *next;
    HASH_ITER (hh, link->seen, seen, next) {
        HASH_DEL(link->seen, seen);
        free(seen);
    }
}

void trace_free(struct sim *sim)
{
    struct sim_hops *hops, *next;
    HASH_ITER (hh, sim->hops, hops, next) {
        HASH_DEL(sim->hops, hops);
        free(hops->hops);
        free(hops);
    }
}

static void flood_sent(struct sim *sim, struct sim_link *link, int side, const struct hash *digest)
{
    struct sim_seen *seen = seen_of(link, digest);
    unsigned long long at = sim->now_ms;
    if (seen->sent[side] && !seen->wanted[side])
        sim_fail(sim, "at %llu ms node %u sends a version twice to node %u", at,
                 link->ends[side].node, link->ends[1 - side].node);
    if (seen->delivered[1 - side] && !seen->wanted[side])
        sim_fail(sim, "at %llu ms node %u sends a version back to node %u", at,
                 link->ends[side].node, link->ends[1 - side].node);
    seen->sent[side] = true;
    seen->wanted[side] -= seen->wanted[side] > 0;
}

static void note_hop_source(struct sim *sim, const struct hash *digest, uint32_t node)
{
    struct sim_hops *hops;
    HASH_FIND(hh, sim->hops, digest->bytes, HASH_SIZE, hops);
    if (hops)
        return;
    hops = sim_alloc(sizeof(*hops));
    hops->digest = *digest;
    hops->hops = sim_alloc(SIM_MEMBERS_MAX);
    hops->hops[node] = 1;
    HASH_ADD(hh, sim->hops, digest, HASH_SIZE, hops);
}

static void trace_flood(struct sim *sim, struct sim_link *link, int side,
                        struct sim_segment *segment, struct bytes body)
{
    struct message_flood flood;
    struct record record;
    if (FAILED(message_decode_flood(body, &flood)) ||
        FAILED(record_header_decode(flood.header, &record))) {
        sim_fail(sim, "node %u sends a flood that cannot be read", link->ends[side].node);
        return;
    }
    struct hash digest;
    record_digest(bytes_of_text(sim_graph_id(sim)), flood.header, &digest);
    /* A record of a removed member and the revocation may come in one piece, the record first: it
     * is answered with that revocation. */
    if (!guid_equal(&record.type, &RECORD_TYPE_REVOCATION))
        flood_sent(sim, link, side, &digest);
    segment->digests =
        realloc(segment->digests, (segment->digest_count + 1) * sizeof(*segment->digests));
    ASSERT(segment->digests);
    segment->digests[segment->digest_count++] = digest;
    if (!(flood.flags & FLOOD_SYNC) && guid_equal(&record.type, &SIM_RECORD_TYPE))
        note_hop_source(sim, &digest, link->ends[side].node);
}

void trace_sent(struct sim *sim, struct sim_link *link, int side, struct sim_segment *segment)
{
    struct bytes stream = bytes_of(segment->data, segment->size);
    while (stream.size > 0) {
        struct message message;
        if (message_next(stream, &message) != S_OK) {
            sim_fail(sim, "node %u sends bytes that are no message", link->ends[side].node);
            return;
        }
        if (message.type == MESSAGE_FLOOD)
            trace_flood(sim, link, side, segment, message.body);
        stream = bytes_of(stream.data + message.size, stream.size - message.size);
    }
}

static void trace_request(struct sim_link *link, int side, struct bytes body)
{
    struct message_list list;
    struct request request;
    if (FAILED(message_decode_request(body, &list)))
        return;
    while (message_next_request(&list, &request))
        if (!request.is_piece)
            seen_of(link, &request.name.digest)->wanted[1 - side]++;
}

void trace_arriving(struct sim_link *link, int side, const struct sim_segment *segment)
{
    struct bytes stream = bytes_of(segment->data, segment->size);
    struct message message;
    while (stream.size > 0 && message_next(stream, &message) == S_OK) {
        if (message.type == MESSAGE_REQUEST)
            trace_request(link, side, message.body);
        stream = bytes_of(stream.data + message.size, stream.size - message.size);
    }
}

void trace_delivered(struct sim *sim, struct sim_link *link, int side,
                     const struct sim_segment *segment)
{
    uint32_t from = link->ends[side].node, to = link->ends[1 - side].node;
    for (uint32_t i = 0; i < segment->digest_count; i++) {
        seen_of(link, &segment->digests[i])->delivered[side] = true;
        struct sim_hops *hops;
        HASH_FIND(hh, sim->hops, segment->digests[i].bytes, HASH_SIZE, hops);
        if (hops && hops->hops[from] > 0 && hops->hops[to] == 0)
            hops->hops[to] = (uint8_t)(hops->hops[from] + 1);
    }
}

void sim_get_statistics(struct sim *sim, struct sim_statistics *statistics)
{
    *statistics = (struct sim_statistics){.links = sim->link_count, .bytes = sim->bytes};
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct graph_counters counters;
        if (!sim->nodes[i]->graph)
            continue;
        graph_get_counters(sim->nodes[i]->graph, &counters);
        statistics->floods += counters.floods_received;
        statistics->useful += counters.floods_useful;
        statistics->reconcile_bytes += counters.reconcile_bytes;
        statistics->reconcile_sessions += counters.reconcile_sessions;
    }
    uint64_t sum = 0, count = 0;
    for (const struct sim_hops *hops = sim->hops; hops; hops = hops->hh.next) {
        uint32_t last = 0;
        for (uint32_t i = 0; i < sim->node_count; i++)
            last = hops->hops[i] > last ? hops->hops[i] : last;
        statistics->hops_max = last > statistics->hops_max + 1 ? last - 1 : statistics->hops_max;
        sum += last > 0 ? last - 1 : 0;
        count++;
    }
    statistics->hops_last = count > 0 ? (double)sum / (double)count : 0;
}
