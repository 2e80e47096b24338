/* peer_time.c - the group's clock: UTC plus an offset.
 *
 * The first link's time is adopted when it is within a day of the local clock, else the link is
 * refused with PEER_E_INVALID_TIME_PERIOD. Later the offset creeps to the median of the neighbours'
 * clocks, at most a second a minute and 20 minutes a day, so that no neighbour can drag it. */
#include "graph/graph_internal.h"

enum { ADJUST_MS = 60 * 1000, DAY_MS = 86400 * 1000 };
#define MOVE_MAX ((int64_t)TICKS_PER_SECOND)
#define MOVE_DAY_MAX ((int64_t)(1200 * TICKS_PER_SECOND))

HRESULT peer_time_heard(struct graph *graph, struct neighbour *neighbour, uint64_t peer_time,
                        bool first)
{
    if (peer_time > TICKS_UNLIMITED)
        return PEER_E_INVALID_RECORD;
    int64_t offset = (int64_t)(peer_time - graph->now.utc);
    uint64_t distance = (uint64_t)(offset < 0 ? -offset : offset);
    if (first && !graph->time_adopted) {
        if (distance > FIRST_CLOCK_MAX)
            return PEER_E_INVALID_TIME_PERIOD;
        graph->time_offset = offset;
        graph->time_adopted = true;
        neighbour->offset = offset;
        neighbour->has_offset = true;
        return graph_notify_value(graph, GRAPH_NOTICE_TIME_OFFSET, (uint64_t)offset);
    }
    neighbour->offset = offset;
    neighbour->has_offset = true;
    return S_OK;
}

static uint32_t insert_sorted(int64_t *values, uint32_t count, int64_t value)
{
    uint32_t place = count;
    while (place > 0 && values[place - 1] > value) {
        values[place] = values[place - 1];
        place--;
    }
    values[place] = value;
    return count + 1;
}

static uint32_t neighbour_offsets(const struct graph *graph, int64_t values[LIMIT_NEIGHBOURS_MAX])
{
    uint32_t count = 0;
    for (const struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        bool again = false;
        for (const struct neighbour *m = graph->neighbours; m != n; m = m->hh.next)
            again = again || (m->has_offset && hash_equal(&m->key, &n->key));
        if (n->has_offset && !again && !n->direct && count < LIMIT_NEIGHBOURS_MAX)
            count = insert_sorted(values, count, n->offset);
    }
    return count;
}

HRESULT peer_time_timer(struct graph *graph)
{
    if (graph->now.ms < graph->time_due_ms)
        return S_OK;
    graph->time_due_ms = graph->now.ms + ADJUST_MS;
    if (graph->now.ms >= graph->time_day_ms + DAY_MS) {
        graph->time_day_ms = graph->now.ms;
        graph->time_moved_today = 0;
    }
    int64_t values[LIMIT_NEIGHBOURS_MAX];
    uint32_t count = neighbour_offsets(graph, values);
    if (count == 0)
        return S_OK;
    /* Half the way: the others come towards us. */
    int64_t move = (values[count / 2] - graph->time_offset) / 2;
    move = move > MOVE_MAX ? MOVE_MAX : move < -MOVE_MAX ? -MOVE_MAX : move;
    int64_t size = move < 0 ? -move : move;
    if (size < (int64_t)TICKS_PER_MS || graph->time_moved_today + size > MOVE_DAY_MAX)
        return S_OK;
    graph->time_moved_today += size;
    graph->time_offset += move;
    return graph_notify_value(graph, GRAPH_NOTICE_TIME_OFFSET, (uint64_t)graph->time_offset);
}
