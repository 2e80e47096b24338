/* heard.h - all that a listener heard, in order, for tests that look at the order. */
#ifndef CONTRACT_HEARD_H
#define CONTRACT_HEARD_H

#include "group.h"

enum { HEARD_MAX = 200 };

/* All that was heard until something came. */
struct heard {
    PPEER_GROUP_EVENT_DATA items[HEARD_MAX];
    int count;
};

static inline void hear_until(struct heard *heard, const struct listener *listener,
                              event_predicate last, const void *context)
{
    for (;;) {
        PPEER_GROUP_EVENT_DATA event = NULL;
        HRESULT hr = PeerGroupGetEventData(listener->handle, &event);
        if (hr == PEER_S_NO_EVENT_DATA) {
            assert_int_equal(WaitForSingleObject(listener->event, WAIT_MS), WAIT_OBJECT_0);
            continue;
        }
        assert_ok(hr);
        assert_true(heard->count < HEARD_MAX);
        heard->items[heard->count++] = event;
        if (last(event, context))
            return;
    }
}

/* Goes on until such an event has come at some time. */
static inline void hear_of(struct heard *heard, const struct listener *listener,
                           event_predicate wanted, const void *context)
{
    for (int i = 0; i < heard->count; i++)
        if (wanted(heard->items[i], context))
            return;
    hear_until(heard, listener, wanted, context);
}

static inline void forget(struct heard *heard)
{
    for (int i = 0; i < heard->count; i++)
        PeerFreeData(heard->items[i]);
    heard->count = 0;
}

/* The place of the first such event from a place on; fails when there is none. */
static inline int place_of(const struct heard *heard, int from, event_predicate wanted,
                           const void *context)
{
    for (int i = from; i < heard->count; i++)
        if (wanted(heard->items[i], context))
            return i;
    fail_msg("an event did not come");
    return 0;
}

static inline int how_many(const struct heard *heard, PEER_GROUP_EVENT_TYPE type)
{
    int count = 0;
    for (int i = 0; i < heard->count; i++)
        count += heard->items[i]->eventType == type;
    return count;
}

static inline bool is_neighbour(const PEER_GROUP_EVENT_DATA *event, const void *status)
{
    return event->eventType == PEER_GROUP_EVENT_NEIGHBOR_CONNECTION &&
           event->connectionChangeData.status == *(const PEER_CONNECTION_STATUS *)status;
}

static inline bool is_status(const PEER_GROUP_EVENT_DATA *event, const void *exactly)
{
    return event->eventType == PEER_GROUP_EVENT_STATUS_CHANGED &&
           (DWORD)event->dwStatus == *(const DWORD *)exactly;
}

struct member_change {
    PCWSTR name;
    PEER_MEMBER_CHANGE_TYPE change;
};

static inline bool is_member(const PEER_GROUP_EVENT_DATA *event, const void *context)
{
    const struct member_change *wanted = context;
    return event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
           event->memberChangeData.changeType == wanted->change &&
           wide_equal(event->memberChangeData.pwzIdentity, wanted->name);
}

static const PEER_CONNECTION_STATUS connected = PEER_CONNECTED, disconnected = PEER_DISCONNECTED,
                                    failed = PEER_CONNECTION_FAILED;
static const DWORD has_connections = PEER_GROUP_STATUS_HAS_CONNECTIONS,
                   both_bits = PEER_GROUP_STATUS_HAS_CONNECTIONS | PEER_GROUP_STATUS_LISTENING,
                   listening = PEER_GROUP_STATUS_LISTENING;

#endif
