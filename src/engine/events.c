/* events.c - registrations for events: a queue each, filled by the loop, emptied by any thread.
 *
 * The loop queues during the turn's actions and signals once at its end, after the commit; so an
 * application that is woken finds the event and finds its record on disk. Registrations are found
 * by number under one lock, which is held only to push, pop and look up. A queue that nobody
 * empties keeps EVENTS_MAX events; then the oldest go, and the log says so. */
#include "base/log.h"
#include "engine/engine_internal.h"

#include <pthread.h>

enum { EVENTS_MAX = 1 << 18, EVENT_BYTES_MAX = 32 * 1024 * 1024 };

struct queued {
    struct engine_event event;
    struct queued *next;
};

struct registration {
    uint64_t id;
    uint64_t node; /* 0: the node is gone */
    struct engine_filter *filters;
    uint32_t filter_count;
    void (*signal)(void *context);
    void (*release)(void *context);
    void *context;
    bool fresh; /* events were queued since the last signal */
    struct queued *first;
    struct queued **last;
    uint32_t count;
    size_t bytes; /* of data in the queue */
    bool lossy;   /* events were lost, and the log says so */
    struct registration *next_of_node;
    UT_hash_handle hh;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct registration *registrations;

void engine_event_deinit(struct engine_event *event)
{
    mem_free(event->peer_name);
    buffer_deinit(&event->data);
    *event = (struct engine_event){.peer_name = NULL};
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

static HRESULT copy_event(const struct engine_event *event, struct queued **out)
{
    struct queued *queued = mem_zalloc(sizeof(*queued));
    if (!queued)
        return E_OUTOFMEMORY;
    queued->event = *event;
    queued->event.peer_name = event->peer_name ? mem_strdup(event->peer_name) : NULL;
    queued->event.data = BUFFER_NULL;
    HRESULT hr = buffer_append(&queued->event.data, event->data.data, event->data.size);
    if (FAILED(hr) || (event->peer_name && !queued->event.peer_name)) {
        engine_event_deinit(&queued->event);
        mem_free(queued);
        return E_OUTOFMEMORY;
    }
    *out = queued;
    return S_OK;
}

static struct queued *pop(struct registration *registration)
{
    struct queued *queued = registration->first;
    if (!queued)
        return NULL;
    registration->first = queued->next;
    if (!registration->first)
        registration->last = &registration->first;
    registration->count--;
    registration->bytes -= queued->event.data.size;
    return queued;
}

static void queued_free(struct queued *queued)
{
    if (!queued)
        return;
    engine_event_deinit(&queued->event);
    mem_free(queued);
}

static void push(struct registration *registration, struct queued *queued)
{
    size_t size = queued->event.data.size;
    while (registration->count >= EVENTS_MAX ||
           (registration->count > 0 && registration->bytes + size > EVENT_BYTES_MAX)) {
        queued_free(pop(registration));
        if (!registration->lossy)
            log_line(LOG_ERROR, "an application does not take its events: the oldest are lost");
        registration->lossy = true;
    }
    registration->bytes += size;
    *registration->last = queued;
    registration->last = &queued->next;
    registration->count++;
    registration->fresh = true;
}

void events_post(struct node *node, const struct engine_event *event)
{
    for (struct registration *r = node->registrations; r; r = r->next_of_node) {
        if (!passes(r, event))
            continue;
        struct queued *queued = NULL;
        if (FAILED(copy_event(event, &queued))) {
            log_line(LOG_ERROR, "%s: no memory for an event", node->group);
            continue;
        }
        pthread_mutex_lock(&lock);
        push(r, queued);
        pthread_mutex_unlock(&lock);
    }
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

bool events_wanted(const struct node *node, enum engine_event_type type)
{
    for (const struct registration *r = node->registrations; r; r = r->next_of_node)
        for (uint32_t i = 0; i < r->filter_count; i++)
            if (r->filters[i].type == type)
                return true;
    return false;
}

static void registration_free(struct registration *registration)
{
    while (registration->first)
        queued_free(pop(registration));
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
                                .flag = events_wanted(node, ENGINE_EVENT_DIRECT)};
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
    registration->last = &registration->first;
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

HRESULT engine_events_next(uint64_t id, struct engine_event *event)
{
    *event = (struct engine_event){.peer_name = NULL};
    pthread_mutex_lock(&lock);
    struct registration *registration;
    HASH_FIND(hh, registrations, &id, sizeof(id), registration);
    struct queued *queued = registration ? pop(registration) : NULL;
    pthread_mutex_unlock(&lock);
    if (!registration)
        return E_INVALIDARG;
    if (!queued)
        return PEER_S_NO_EVENT_DATA;
    *event = queued->event;
    mem_free(queued);
    return S_OK;
}
