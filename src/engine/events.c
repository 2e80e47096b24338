/* events.c - registrations for events: a queue each, filled by the loop, emptied by any thread.
 *
 * The loop queues during the turn's actions and signals once at its end, after the commit; so an
 * application that is woken finds the event and finds its record on disk. Registrations are found
 * by number under one lock, which is held only to put, take and look up. What a slow application
 * gets is decided in event_queue.c; whoever makes room in a queue that was full of data tells the
 * loop, so that links are read again. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/event_queue.h"

#include <pthread.h>

struct registration {
    uint64_t id;
    uint64_t node; /* 0: the node is gone */
    struct engine_filter *filters;
    uint32_t filter_count;
    void (*signal)(void *context);
    void (*release)(void *context);
    void *context;
    bool fresh; /* events were queued since the last signal */
    struct event_queue queue;
    struct registration *next_of_node;
    UT_hash_handle hh;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct registration *registrations;

static bool wants(const struct registration *registration, enum engine_event_type type)
{
    for (uint32_t i = 0; i < registration->filter_count; i++)
        if (registration->filters[i].type == type)
            return true;
    return false;
}

static bool passes(const struct registration *registration, const struct engine_event *event)
{
    for (uint32_t i = 0; i < registration->filter_count; i++) {
        const struct engine_filter *filter = &registration->filters[i];
        bool typed = filter->has_data_type &&
                     (event->type == ENGINE_EVENT_RECORD || event->type == ENGINE_EVENT_DATA);
        if (filter->type == event->type &&
            (!typed || guid_equal(&filter->data_type, &event->data_type)))
            return true;
    }
    return false;
}

HRESULT events_post(struct node *node, const struct engine_event *event)
{
    HRESULT result = S_OK;
    for (struct registration *r = node->registrations; r; r = r->next_of_node) {
        if (!passes(r, event))
            continue;
        pthread_mutex_lock(&lock);
        HRESULT hr = event_queue_put(&r->queue, event);
        pthread_mutex_unlock(&lock);
        r->fresh = true;
        if (FAILED(hr))
            result = hr;
    }
    return result;
}

void events_gap(struct node *node, enum engine_event_type type)
{
    for (struct registration *r = node->registrations; r; r = r->next_of_node) {
        if (!wants(r, type))
            continue;
        pthread_mutex_lock(&lock);
        event_queue_gap(&r->queue);
        pthread_mutex_unlock(&lock);
        r->fresh = true;
    }
}

bool events_data_full(const struct node *node)
{
    bool full = false;
    pthread_mutex_lock(&lock);
    for (const struct registration *r = node->registrations; r; r = r->next_of_node)
        full = full || r->queue.full;
    pthread_mutex_unlock(&lock);
    return full;
}

void events_signal(struct node *node)
{
    for (struct registration *r = node->registrations; r; r = r->next_of_node)
        if (r->fresh) {
            r->fresh = false;
            r->signal(r->context);
        }
}

bool events_has(const struct node *node, uint64_t registration)
{
    for (const struct registration *r = node->registrations; r; r = r->next_of_node)
        if (r->id == registration)
            return true;
    return false;
}

static bool is_wanted(const struct node *node, enum engine_event_type type)
{
    for (const struct registration *r = node->registrations; r; r = r->next_of_node)
        if (wants(r, type))
            return true;
    return false;
}

static void registration_free(struct registration *registration)
{
    event_queue_deinit(&registration->queue);
    mem_free(registration->filters);
    mem_free(registration);
}

/* The node goes: what is queued can still be taken until the application unregisters. */
void events_end(struct node *node)
{
    while (node->registrations) {
        struct registration *registration = node->registrations;
        node->registrations = registration->next_of_node;
        pthread_mutex_lock(&lock);
        registration->node = 0;
        pthread_mutex_unlock(&lock);
    }
}

void events_allow_direct(struct node *node)
{
    struct graph_event event = {.type = GRAPH_ALLOW_DIRECT,
                                .flag = is_wanted(node, ENGINE_EVENT_DIRECT)};
    node_step_quiet(node, &event);
}

struct register_call {
    struct call call;
    uint64_t session;
    struct registration *registration;
};

static HRESULT run_register(struct call *call)
{
    struct register_call *this = (struct register_call *)call;
    struct session *session = session_find(call->engine, this->session);
    if (!session)
        return PEER_E_INVALID_GROUP;
    struct registration *registration = this->registration;
    registration->id = ++call->engine->next_id;
    registration->node = session->node->id;
    pthread_mutex_lock(&lock);
    HASH_ADD(hh, registrations, id, sizeof(registration->id), registration);
    pthread_mutex_unlock(&lock);
    if (!TABLE_ADDED(registration, hh))
        return E_OUTOFMEMORY;
    registration->next_of_node = session->node->registrations;
    session->node->registrations = registration;
    events_allow_direct(session->node);
    return S_OK;
}

HRESULT engine_events_register(uint64_t session, const struct engine_listener *listener,
                               uint64_t *id)
{
    *id = 0;
    struct registration *registration = mem_zalloc(sizeof(*registration));
    if (!registration)
        return E_OUTOFMEMORY;
    event_queue_init(&registration->queue);
    registration->signal = listener->signal;
    registration->release = listener->release;
    registration->context = listener->context;
    registration->filter_count = listener->filter_count;
    registration->filters =
        mem_dup(listener->filters, listener->filter_count * sizeof(*listener->filters));
    struct register_call this = {.session = session, .registration = registration};
    HRESULT hr = registration->filters ? call_run(&this.call, run_register) : E_OUTOFMEMORY;
    if (FAILED(hr)) {
        registration_free(registration);
        return hr;
    }
    *id = registration->id;
    return S_OK;
}

struct unregister_call {
    struct call call;
    struct registration *registration;
};

static HRESULT run_unregister(struct call *call)
{
    struct unregister_call *this = (struct unregister_call *)call;
    struct node *node = node_of_id(call->engine, this->registration->node);
    if (!node)
        return S_OK;
    for (struct registration **place = &node->registrations; *place;
         place = &(*place)->next_of_node)
        if (*place == this->registration) {
            *place = this->registration->next_of_node;
            break;
        }
    events_allow_direct(node);
    node_flow_room(node);
    return S_OK;
}

/* Out of the table first, so that nobody else finds it; then out of the node, on the loop, so that
 * no signal comes afterwards. Without a running engine there is no node that could signal. */
HRESULT engine_events_unregister(uint64_t id)
{
    pthread_mutex_lock(&lock);
    struct registration *registration;
    HASH_FIND(hh, registrations, &id, sizeof(id), registration);
    if (registration)
        HASH_DEL(registrations, registration);
    pthread_mutex_unlock(&lock);
    if (!registration)
        return E_INVALIDARG;
    struct unregister_call this = {.registration = registration};
    HRESULT hr = call_run(&this.call, run_unregister);
    if (hr == PEER_E_NOT_INITIALIZED)
        engine_settle(); /* a shutdown may be under way: after it no node is left to signal */
    if (registration->release)
        registration->release(registration->context);
    registration_free(registration);
    return hr == PEER_E_NOT_INITIALIZED ? S_OK : hr;
}

struct room_call {
    struct call call;
    uint64_t node;
};

static HRESULT run_room(struct call *call)
{
    struct node *node = node_of_id(call->engine, ((struct room_call *)call)->node);
    if (node)
        node_flow_room(node);
    return S_OK;
}

/* After a gap the application is woken once more for what came behind it, since many a loop ends at
 * the first failure. The registration is in the table, so it is not released before the lock is. */
HRESULT engine_events_next(uint64_t id, struct engine_event *event)
{
    struct room_call this = {.node = 0};
    bool room = false;
    *event = (struct engine_event){.peer_name = NULL};
    pthread_mutex_lock(&lock);
    struct registration *registration;
    HASH_FIND(hh, registrations, &id, sizeof(id), registration);
    HRESULT hr = registration ? event_queue_take(&registration->queue, event, &room) : E_INVALIDARG;
    if (hr == PEER_E_TOO_MUCH_LOAD && registration->queue.first)
        registration->signal(registration->context);
    if (room)
        this.node = registration->node;
    pthread_mutex_unlock(&lock);
    if (this.node != 0) {
        HRESULT told = call_run(&this.call, run_room);
        (void)told; /* without an engine there is no link to read */
    }
    return hr;
}
