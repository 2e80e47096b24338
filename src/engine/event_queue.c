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

struct event_queue_limits event_queue_limits = {
    .changes = 1 << 18, .events = (1 << 18) + (1 << 14), .data_bytes = 16 * 1024 * 1024};

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
static void gap_at_end(struct event_queue *queue)
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
    uint32_t limit = change ? queue->limits.changes : queue->limits.events;
    bool room = data || queue->count < limit;
    struct queued *queued = room ? copy_event(event) : NULL;
    if (!queued) {
        gap_at_end(queue);
        return room ? E_OUTOFMEMORY : S_FALSE;
    }
    DL_APPEND(queue->first, queued);
    queue->count += !data;
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
        return S_OK;
    }
    queue->data_bytes -= data_cost(event);
    *room = queue->full && queue->data_bytes <= queue->limits.data_bytes / 2;
    queue->full = queue->full && !*room;
    return S_OK;
}
