/* event_queue.c - the list behind a registration, and what happens at its bounds.
 *
 * Happy path: put at the end, take from the front. While a gap waits, changes of records and
 * members are let go, because whoever meets the gap looks at all of them then, later than now.
 * Other events may still follow the gap; when one of those is let go too, the gap moves behind them
 * all, so that nothing older than what the application then sees is read after it. Failure of
 * memory is a gap as well, which is part of the queue and needs none. */
#include "engine/event_queue.h"

#include "base/alloc.h"
#include "base/log.h"

#include <string.h>
#include <utlist.h>

enum { MIB = 1024 * 1024, ALLOCATOR_UNIT = 16, ALLOCATOR_HEADER = 8, ALLOCATOR_LEAST = 32 };

struct event_queue_limits event_queue_limits = {.changes = 1 << 18,
                                                .events = (1 << 18) + (1 << 14),
                                                .data_bytes = 16 * MIB,
                                                .change_bytes = 40 * MIB,
                                                .event_bytes = 44 * MIB};

void engine_event_deinit(struct engine_event *event)
{
    mem_free(event->peer_name);
    buffer_deinit(&event->data);
    *event = (struct engine_event){.peer_name = NULL};
}

void event_queue_init(struct event_queue *queue)
{
    *queue = (struct event_queue){.limits = event_queue_limits};
}

static void queued_free(struct queued *queued)
{
    engine_event_deinit(&queued->event);
    mem_free(queued);
}

void event_queue_deinit(struct event_queue *queue)
{
    struct queued *queued, *next;
    DL_FOREACH_SAFE (queue->first, queued, next) {
        DL_DELETE(queue->first, queued);
        if (queued != &queue->gap)
            queued_free(queued);
    }
}

static bool is_change(const struct engine_event *event)
{
    return event->type == ENGINE_EVENT_RECORD || event->type == ENGINE_EVENT_MEMBER;
}

static bool is_data(const struct engine_event *event)
{
    return event->type == ENGINE_EVENT_DATA;
}

/* What an event of data counts: small ones are mostly the event itself. */
static size_t data_cost(const struct engine_event *event)
{
    return event->data.size + sizeof(struct queued);
}

/* What a block of this size takes where an allocator keeps a word of its own in front. */
static size_t block_cost(size_t size)
{
    size_t cost = (size + ALLOCATOR_HEADER + ALLOCATOR_UNIT - 1) / ALLOCATOR_UNIT * ALLOCATOR_UNIT;
    return cost < ALLOCATOR_LEAST ? ALLOCATOR_LEAST : cost;
}

/* What any other event takes: names can be several times as long as the event itself. */
static size_t event_cost(const struct engine_event *event)
{
    size_t name = event->peer_name ? block_cost(strlen(event->peer_name) + 1) : 0;
    return block_cost(sizeof(struct queued)) + name;
}

static bool has_room(const struct event_queue *queue, const struct engine_event *event)
{
    const struct event_queue_limits *limits = &queue->limits;
    bool change = is_change(event);
    return queue->count < (change ? limits->changes : limits->events) &&
           queue->bytes + event_cost(event) <=
               (change ? limits->change_bytes : limits->event_bytes);
}

static struct queued *copy_event(const struct engine_event *event)
{
    struct queued *queued = mem_zalloc(sizeof(*queued));
    if (!queued)
        return NULL;
    queued->event = *event;
    queued->event.peer_name = event->peer_name ? mem_strdup(event->peer_name) : NULL;
    queued->event.data = BUFFER_NULL;
    HRESULT hr = buffer_append(&queued->event.data, event->data.data, event->data.size);
    if (SUCCEEDED(hr) && (!event->peer_name || queued->event.peer_name))
        return queued;
    queued_free(queued);
    return NULL;
}

/* A gap that waits may only move back: what it stood for happened before, too. */
void event_queue_gap(struct event_queue *queue)
{
    if (queue->gap_waits)
        DL_DELETE(queue->first, &queue->gap);
    else
        log_line(LOG_WARNING, "an application does not take its events: some are not kept");
    queue->gap_waits = true;
    DL_APPEND(queue->first, &queue->gap);
}

HRESULT event_queue_put(struct event_queue *queue, const struct engine_event *event)
{
    bool change = is_change(event), data = is_data(event);
    if (change && queue->gap_waits)
        return S_FALSE;
    bool room = data || has_room(queue, event);
    struct queued *queued = room ? copy_event(event) : NULL;
    if (!queued) {
        event_queue_gap(queue);
        return room ? E_OUTOFMEMORY : S_FALSE;
    }
    DL_APPEND(queue->first, queued);
    queue->count += !data;
    queue->bytes += data ? 0 : event_cost(event);
    queue->data_bytes += data ? data_cost(event) : 0;
    queue->full = queue->full || queue->data_bytes > queue->limits.data_bytes;
    return S_OK;
}

HRESULT event_queue_take(struct event_queue *queue, struct engine_event *event, bool *room)
{
    struct queued *queued = queue->first;
    *event = (struct engine_event){.peer_name = NULL};
    *room = false;
    if (!queued)
        return PEER_S_NO_EVENT_DATA;
    DL_DELETE(queue->first, queued);
    if (queued == &queue->gap) {
        queue->gap_waits = false;
        return PEER_E_TOO_MUCH_LOAD;
    }
    *event = queued->event;
    mem_free(queued);
    if (!is_data(event)) {
        queue->count--;
        queue->bytes -= event_cost(event);
        return S_OK;
    }
    queue->data_bytes -= data_cost(event);
    *room = queue->full && queue->data_bytes <= queue->limits.data_bytes / 2;
    queue->full = queue->full && !*room;
    return S_OK;
}
