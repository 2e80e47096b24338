/* event_queue.h - what waits for one registration: in order, bounded, and never lossy in silence.
 *
 * Changes of records and members are kept up to a number, and up to the memory that they take; the
 * rest, which is rare, a little beyond both. What finds no room is not kept, and in its place
 * stands a gap, which the application is given once, where it happened: from then on it must look
 * for itself at what is, and what comes after is kept again. Data of links always finds room: a
 * full queue says so, and the links are not read until there is room. */
#ifndef ENGINE_EVENT_QUEUE_H
#define ENGINE_EVENT_QUEUE_H

#include "engine/engine.h"

struct event_queue_limits {
    uint32_t changes;  /* of records and members */
    uint32_t events;   /* with all other kinds but data */
    size_t data_bytes; /* more than this is full; half of it is room again */
    /* What the allocator gives for them, names included: */
    size_t change_bytes; /* changes find room up to here */
    size_t event_bytes;  /* all other kinds but data */
};
/* For queues from event_queue_init on; tests make them small. */
extern struct event_queue_limits event_queue_limits;

struct queued {
    struct engine_event event;
    struct queued *prev, *next;
};

struct event_queue {
    struct event_queue_limits limits;
    struct queued *first;
    uint32_t count; /* without data and gap */
    size_t bytes;   /* likewise */
    size_t data_bytes;
    bool full;         /* too much data */
    bool gap_waits;    /* is in the list */
    struct queued gap; /* needs no memory when there is none */
};

void event_queue_init(struct event_queue *queue);
void event_queue_deinit(struct event_queue *queue);
/* event_queue_put copies an event to the end. S_FALSE: no room, E_OUTOFMEMORY: no memory; a gap
 * stands for it. */
HRESULT event_queue_put(struct event_queue *queue, const struct engine_event *event) MUST_CHECK;
/* event_queue_gap puts a gap at the end: something that belongs there could not even be made. */
void event_queue_gap(struct event_queue *queue);
/* event_queue_take gives the first event (release with engine_event_deinit). PEER_S_NO_EVENT_DATA;
 * PEER_E_TOO_MUCH_LOAD: here stood a gap. *room: it was full of data and no longer is. */
HRESULT event_queue_take(struct event_queue *queue, struct engine_event *event,
                         bool *room) MUST_CHECK;

#endif
