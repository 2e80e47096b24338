/* purge.c - expired records leave the disk after they have been hidden for a day of running time.
 *
 * Purging trusts no clock that can jump. Once in an hour of running time (the monotonic clock,
 * added up over all lives of the node, since a member may never be up for long) the peer time is
 * noted, and of 25 notes the least counts: what had expired by every one of them was hidden for 24
 * hours, and goes. A clock that was set wrong for less than that loses nothing. Time and notes are
 * kept in the store, written every ten minutes and when the node leaves; what is not readable there
 * starts anew, which only delays. At most PURGE_BATCH records go in a step. */
#include "graph/graph_internal.h"
#include "wire/wire.h"

enum { PURGE_BATCH = 256, NOTE_MS = 3600 * 1000, SAVE_MS = 600 * 1000, VALUE_VERSION = 1 };
static const char VALUE_NAME[] = "graph/purge";

static uint64_t running(const struct graph *graph)
{
    const struct purge_clock *clock = &graph->purge;
    return clock->before_ms + (graph->now.ms - clock->start_ms);
}

static HRESULT decode(struct purge_clock *clock, struct bytes value)
{
    struct wire_reader reader;
    struct purge_clock read = {.until = 0};
    wire_reader_init(&reader, value);
    uint8_t version = wire_read_u8(&reader);
    read.before_ms = wire_read_u64(&reader);
    read.count = wire_read_u8(&reader);
    if (version != VALUE_VERSION || read.count > PURGE_NOTES || read.before_ms > INT64_MAX)
        return PEER_E_INVALID_DATABASE;
    uint64_t last = 0;
    for (uint32_t i = 0; i < read.count; i++) {
        read.notes[i].running_ms = wire_read_u64(&reader);
        read.notes[i].peer_time = wire_read_u64(&reader);
        if (read.notes[i].running_ms < last || read.notes[i].running_ms > read.before_ms)
            return PEER_E_INVALID_DATABASE;
        last = read.notes[i].running_ms;
    }
    if (!wire_reader_done(&reader))
        return PEER_E_INVALID_DATABASE;
    *clock = read;
    return S_OK;
}

HRESULT purge_restore(struct graph *graph)
{
    struct store *store = graph->config.store;
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    HRESULT hr = store->ops->value_get(store, VALUE_NAME, &value);
    if (SUCCEEDED(hr) && FAILED(decode(&graph->purge, buffer_view(&value))))
        graph->purge.count = 0;
    graph->purge.start_ms = graph->purge.saved_ms = graph->now.ms;
    return hr == PEER_E_NOT_FOUND ? S_OK : hr;
}

HRESULT purge_save(struct graph *graph)
{
    struct store *store = graph->config.store;
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &value);
    wire_write_u8(&writer, VALUE_VERSION);
    wire_write_u64(&writer, running(graph));
    wire_write_u8(&writer, (uint8_t)graph->purge.count);
    for (uint32_t i = 0; i < graph->purge.count; i++) {
        wire_write_u64(&writer, graph->purge.notes[i].running_ms);
        wire_write_u64(&writer, graph->purge.notes[i].peer_time);
    }
    if (FAILED(writer.hr))
        return writer.hr;
    graph->purge.saved_ms = graph->now.ms;
    return store->ops->value_put(store, VALUE_NAME, buffer_view(&value));
}

/* What had expired by all notes may go. */
static void note_hour(struct graph *graph)
{
    struct purge_clock *clock = &graph->purge;
    uint64_t now = running(graph);
    if (clock->count > 0 && now < clock->notes[clock->count - 1].running_ms + NOTE_MS)
        return;
    if (clock->count == PURGE_NOTES) {
        clock->count--;
        memmove(clock->notes, clock->notes + 1, clock->count * sizeof(clock->notes[0]));
    }
    clock->notes[clock->count].running_ms = now;
    clock->notes[clock->count++].peer_time = graph_horizon(graph, graph->now.utc);
    if (clock->count < PURGE_NOTES)
        return;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < clock->count; i++)
        least = clock->notes[i].peer_time < least ? clock->notes[i].peer_time : least;
    clock->until = least;
}

struct batch {
    struct guid ids[PURGE_BATCH];
    uint32_t count;
};

static HRESULT collect(void *context, const struct store_record *row)
{
    struct batch *batch = context;
    batch->ids[batch->count++] = row->id;
    return S_OK;
}

static HRESULT purge_some(struct graph *graph)
{
    struct store *store = graph->config.store;
    struct batch batch = {.count = 0};
    struct store_record row;
    HRESULT hr =
        store->ops->each_expired(store, 0, graph->purge.until, PURGE_BATCH, collect, &batch);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < batch.count; i++) {
        hr = store->ops->find(store, &batch.ids[i], &row);
        if (SUCCEEDED(hr))
            hr = remove_row(graph, &row);
    }
    if (batch.count < PURGE_BATCH)
        graph->purge.until = 0;
    return FAILED(hr) ? hr : S_OK;
}

HRESULT purge_timer(struct graph *graph)
{
    struct purge_clock *clock = &graph->purge;
    HRESULT hr = S_OK;
    uint32_t count = clock->count;
    note_hour(graph);
    if (clock->until > 0)
        hr = purge_some(graph);
    bool noted = count == 0 && clock->count == 1;
    if (SUCCEEDED(hr) && (noted || graph->now.ms >= clock->saved_ms + SAVE_MS))
        hr = purge_save(graph);
    return hr;
}

bool purge_goes_on(const struct graph *graph)
{
    return graph->purge.until > 0;
}
