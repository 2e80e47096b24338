/* sim.c - virtual time: a queue of events ordered by (time, sequence), and a run of them.
 *
 * Everything random comes from one generator that the seed starts; nothing reads a clock. So the
 * same program with the same seed makes the same run, and a failure is repeated by its seed. Where
 * memory runs out the program ends: a simulation with holes would show nothing. */
#include "sim_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct guid SIM_RECORD_TYPE = {{0x51, 0xd1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};

enum { SPINS_MAX = 20000 };

void *sim_alloc(size_t size)
{
    void *block = calloc(1, size > 0 ? size : 1);
    if (!block)
        abort();
    return block;
}

void *sim_grow(void *block, uint32_t count, uint32_t *capacity, size_t element_size)
{
    if (count < *capacity)
        return block;
    *capacity = *capacity ? *capacity * 2 : 64;
    void *grown = realloc(block, *capacity * element_size);
    if (!grown)
        abort();
    return grown;
}

/* xoroshiro's older cousin, xorshift128+: enough for schedules. */
uint64_t sim_random(struct sim *sim, uint64_t below)
{
    uint64_t a = sim->random[0], b = sim->random[1];
    sim->random[0] = b;
    a ^= a << 23;
    sim->random[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    uint64_t value = sim->random[1] + b;
    return below > 0 ? (value >> 11) % below : value;
}

struct sim *sim_new(const struct sim_options *options)
{
    struct sim *sim = sim_alloc(sizeof(*sim));
    sim->options = *options;
    if (sim->options.latency_max_ms == 0)
        sim->options.latency_min_ms = sim->options.latency_max_ms = 1;
    if (sim->options.bandwidth == 0)
        sim->options.bandwidth = 12500000;
    if (sim->options.segment_max == 0)
        sim->options.segment_max = 64 * 1024;
    sim->now_ms = SIM_START_MS;
    sim->random[0] = options->seed * 0x9e3779b97f4a7c15ull + 1;
    sim->random[1] = options->seed ^ 0xd1b54a32d192ed03ull;
    for (int i = 0; i < 20; i++)
        sim_random(sim, 0);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct sim_node *node = sim->nodes[i];
        node_stop(sim, node);
        store_free(node->store);
        graph_actions_deinit(&node->actions);
        buffer_deinit(&node->last_data);
        free(node->notices);
    }
    network_free(sim);
    group_free(sim);
    for (uint32_t i = 0; i < sim->node_count; i++)
        free(sim->nodes[i]);
    trace_free(sim);
    node_free_proofs(sim);
    free(sim->nodes);
    free(sim->queue);
    free(sim->confirmed);
    free(sim);
}

static bool earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->sequence < b->sequence;
}

void sim_push(struct sim *sim, struct sim_event event, uint64_t at_ms)
{
    event.at_ms = at_ms;
    event.sequence = ++sim->sequence;
    sim->queue = sim_grow(sim->queue, sim->queue_count, &sim->queue_capacity, sizeof(event));
    uint32_t place = sim->queue_count++;
    while (place > 0 && earlier(&event, &sim->queue[(place - 1) / 2])) {
        sim->queue[place] = sim->queue[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    sim->queue[place] = event;
}

static struct sim_event pop(struct sim *sim)
{
    struct sim_event first = sim->queue[0];
    struct sim_event last = sim->queue[--sim->queue_count];
    uint32_t place = 0;
    for (;;) {
        uint32_t child = 2 * place + 1;
        if (child + 1 < sim->queue_count && earlier(&sim->queue[child + 1], &sim->queue[child]))
            child++;
        if (child >= sim->queue_count || !earlier(&sim->queue[child], &last))
            break;
        sim->queue[place] = sim->queue[child];
        place = child;
    }
    sim->queue[place] = last;
    return first;
}

void sim_reschedule(struct sim *sim, struct sim_node *node)
{
    uint64_t due = node->graph ? graph_next_deadline(node->graph) : UINT64_MAX;
    due = due < sim->now_ms ? sim->now_ms : due;
    if (due == node->timer_at)
        return;
    node->timer_at = due;
    if (due != UINT64_MAX)
        sim_push(sim,
                 (struct sim_event){.type = SIM_TIMER, .node = node->index, .life = node->life},
                 due);
}

static void handle_timer(struct sim *sim, struct sim_node *node, const struct sim_event *event)
{
    if (event->at_ms != node->timer_at)
        return;
    node->timer_at = UINT64_MAX;
    if (++node->spins == SPINS_MAX)
        sim_fail(sim, "node %u spins at %llu ms", node->index, (unsigned long long)sim->now_ms);
    if (node->spins >= SPINS_MAX)
        return;
    struct graph_event timer = {.type = GRAPH_TIMER};
    (void)sim_event(sim, node->index, &timer);
}

static void handle(struct sim *sim, const struct sim_event *event)
{
    struct sim_node *node = event->node < sim->node_count ? sim->nodes[event->node] : NULL;
    bool stale = !node || !node->alive || node->life != event->life;
    switch (event->type) {
    case SIM_TIMER:
        if (!stale)
            handle_timer(sim, node, event);
        break;
    case SIM_VERDICT:
        if (!stale) {
            struct graph_verdict verdict = {.token = event->token, .valid = event->flag};
            struct graph_event verified = {
                .type = GRAPH_VERIFIED, .verdicts = &verdict, .verdict_count = 1};
            (void)sim_event(sim, node->index, &verified);
        }
        break;
    default:
        network_handle(sim, event);
    }
}

static void advance(struct sim *sim, uint64_t to_ms)
{
    if (to_ms <= sim->now_ms)
        return;
    sim->now_ms = to_ms;
    for (uint32_t i = 0; i < sim->node_count; i++)
        sim->nodes[i]->spins = 0;
}

bool sim_run_until(struct sim *sim, sim_predicate predicate, void *context, uint64_t limit_ms)
{
    uint64_t end = sim->now_ms + limit_ms;
    while (sim->queue_count > 0 && sim->queue[0].at_ms <= end) {
        struct sim_event event = pop(sim);
        advance(sim, event.at_ms);
        handle(sim, &event);
        if (predicate && predicate(sim, context))
            return true;
    }
    advance(sim, end);
    return predicate && predicate(sim, context);
}

void sim_run(struct sim *sim, uint64_t ms)
{
    (void)sim_run_until(sim, NULL, NULL, ms);
}

uint64_t sim_now_ms(const struct sim *sim)
{
    return sim->now_ms;
}

uint64_t sim_steps(const struct sim *sim)
{
    return sim->steps;
}

uint32_t sim_count(const struct sim *sim)
{
    return sim->node_count;
}

struct sim_node *sim_node(struct sim *sim, uint32_t index)
{
    return sim->nodes[index];
}

uint64_t sim_utc(const struct sim *sim, const struct sim_node *node)
{
    return SIM_FIRST_UTC + sim->now_ms * TICKS_PER_MS +
           (uint64_t)(node->options.clock_ms * (int64_t)TICKS_PER_MS);
}

uint64_t sim_peer_time(struct sim *sim)
{
    struct sim_node *node = sim->nodes[0];
    uint64_t utc = sim_utc(sim, node);
    return node->graph ? graph_peer_time(node->graph, utc) : utc;
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failure[0])
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sim->failure, sizeof(sim->failure), format, arguments);
    va_end(arguments);
}

const char *sim_failure(const struct sim *sim)
{
    return sim->failure[0] ? sim->failure : NULL;
}
