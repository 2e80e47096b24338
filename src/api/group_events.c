/* group_events.c - HPEEREVENT: what a program wants to hear of, and the queue it is heard from.
 *
 * The engine queues events and then signals the program's event object, which is kept by a
 * reference until the last signal: a program that closes it too early loses wake-ups, nothing else.
 * An event leaves the engine's queue when it is first asked for and waits here until its block is
 * built, so that a lack of memory loses none. Closed and foreign registrations are E_INVALIDARG. */
#include "api/event.h"
#include "api/group_convert.h"
#include "api/group_handle.h"

#include <pthread.h>

struct registration {
    uint64_t id; /* the engine's; 0: none, or no longer */
    pthread_mutex_t lock;
    bool pending; /* event was taken out and not given yet */
    struct engine_event event;
};

/* Also how the last shutdown ends what a program left open. */
static void registration_free(void *object)
{
    struct registration *registration = object;
    if (registration->id != 0) {
        HRESULT hr = engine_events_unregister(registration->id);
        (void)hr; /* there is nobody to tell */
    }
    if (registration->pending)
        engine_event_deinit(&registration->event);
    pthread_mutex_destroy(&registration->lock);
    mem_free(registration);
}

/* ---- registering ---- */

/* [contract PEER_GROUP_EVENT_TYPE] 7 and 9 were never used. */
static bool type_is_known(PEER_GROUP_EVENT_TYPE type)
{
    switch (type) {
    case PEER_GROUP_EVENT_STATUS_CHANGED:
    case PEER_GROUP_EVENT_PROPERTY_CHANGED:
    case PEER_GROUP_EVENT_RECORD_CHANGED:
    case PEER_GROUP_EVENT_DIRECT_CONNECTION:
    case PEER_GROUP_EVENT_NEIGHBOR_CONNECTION:
    case PEER_GROUP_EVENT_INCOMING_DATA:
    case PEER_GROUP_EVENT_MEMBER_CHANGED:
    case PEER_GROUP_EVENT_CONNECTION_FAILED:
    case PEER_GROUP_EVENT_AUTHENTICATION_FAILED:
        return true;
    }
    return false;
}

static HRESULT take_filters(const PEER_GROUP_EVENT_REGISTRATION *wanted, DWORD count,
                            struct engine_filter **filters)
{
    for (DWORD i = 0; i < count; i++) {
        if (!type_is_known(wanted[i].eventType))
            return E_INVALIDARG;
    }
    *filters = mem_calloc(count, sizeof(**filters));
    if (!*filters)
        return E_OUTOFMEMORY;
    for (DWORD i = 0; i < count; i++) {
        struct engine_filter *filter = &(*filters)[i];
        filter->type = (enum engine_event_type)wanted[i].eventType;
        /* [ruling 25] */
        filter->has_data_type = wanted[i].pType && (filter->type == ENGINE_EVENT_RECORD ||
                                                    filter->type == ENGINE_EVENT_DATA);
        if (filter->has_data_type)
            filter->data_type = convert_guid_in(wanted[i].pType);
    }
    return S_OK;
}

static void signal_event(void *context)
{
    event_set(context);
}

static void release_event(void *context)
{
    event_unreference(context);
}

/* Makes the handle first, so that there is nothing to undo once the engine knows of it. */
static HRESULT register_filters(uint64_t session, struct event *event,
                                const struct engine_filter *filters, DWORD count,
                                HPEEREVENT *handle)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    const struct engine_listener listener = {.filters = filters,
                                             .filter_count = count,
                                             .signal = signal_event,
                                             .release = release_event,
                                             .context = event};
    struct registration *registration = mem_zalloc(sizeof(*registration));
    if (!registration)
        return E_OUTOFMEMORY;
    pthread_mutex_init(&registration->lock, NULL);
    void *made;
    HRESULT hr = handle_open(HANDLE_KIND_REGISTRATION, registration, registration_free, &made);
    if (FAILED(hr)) {
        registration_free(registration);
        return hr;
    }
    if (FAILED(handle_borrow(HANDLE_KIND_REGISTRATION, made, &entry)))
        return PEER_E_NOT_INITIALIZED; /* another thread's shutdown has ended it */
    uint64_t id;
    hr = engine_events_register(session, &listener, &id);
    if (FAILED(hr)) {
        HRESULT closed = handle_close(HANDLE_KIND_REGISTRATION, made);
        (void)closed; /* by us or by that shutdown */
        return hr;
    }
    pthread_mutex_lock(&registration->lock);
    registration->id = id;
    pthread_mutex_unlock(&registration->lock);
    *handle = made;
    return S_OK;
}

HRESULT WINAPI PeerGroupRegisterEvent(HGROUP hGroup, HANDLE hEvent, DWORD cEventRegistration,
                                      PEER_GROUP_EVENT_REGISTRATION *pEventRegistrations,
                                      HPEEREVENT *phPeerEvent)
{
    struct engine_filter *filters CLEANUP_FREE = NULL;
    struct event *event = NULL;
    uint64_t session;
    if (phPeerEvent)
        *phPeerEvent = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!phPeerEvent || !pEventRegistrations || cEventRegistration == 0)
        return E_INVALIDARG;
    hr = take_filters(pEventRegistrations, cEventRegistration, &filters);
    if (SUCCEEDED(hr))
        hr = event_reference(hEvent, &event);
    if (SUCCEEDED(hr))
        hr = group_session(hGroup, &session);
    if (SUCCEEDED(hr))
        hr = register_filters(session, event, filters, cEventRegistration, phPeerEvent);
    if (FAILED(hr))
        event_unreference(event);
    return hr;
}

HRESULT WINAPI PeerGroupUnregisterEvent(HPEEREVENT hPeerEvent)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (FAILED(handle_borrow(HANDLE_KIND_REGISTRATION, hPeerEvent, &entry)))
        return E_INVALIDARG;
    struct registration *registration = handle_object(entry);
    if (FAILED(handle_close(HANDLE_KIND_REGISTRATION, hPeerEvent)))
        return E_INVALIDARG; /* another thread was first */
    pthread_mutex_lock(&registration->lock);
    uint64_t id = registration->id;
    registration->id = 0;
    pthread_mutex_unlock(&registration->lock);
    return engine_events_unregister(id);
}

HRESULT group_registration(HPEEREVENT handle, uint64_t *id)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    *id = 0;
    if (FAILED(handle_borrow(HANDLE_KIND_REGISTRATION, handle, &entry)))
        return E_INVALIDARG;
    struct registration *registration = handle_object(entry);
    pthread_mutex_lock(&registration->lock);
    *id = registration->id;
    pthread_mutex_unlock(&registration->lock);
    return *id != 0 ? S_OK : E_INVALIDARG;
}

/* ---- giving events out ---- */

static HRESULT add_incoming(struct block *block, const struct engine_event *from)
{
    PEER_GROUP_EVENT_DATA *event = block_at(block, 0);
    PEER_EVENT_INCOMING_DATA *data = &event->incomingData;
    data->dwSize = sizeof(*data);
    data->ullConnectionId = from->connection;
    data->type = convert_guid_out(&from->data_type);
    data->data.cbData = (ULONG)from->data.size;
    return block_add_bytes(block, offsetof(PEER_GROUP_EVENT_DATA, incomingData.data.pbData),
                           buffer_view(&from->data));
}

static void set_record(PEER_EVENT_RECORD_CHANGE_DATA *data, const struct engine_event *from)
{
    data->dwSize = sizeof(*data);
    data->changeType = (PEER_RECORD_CHANGE_TYPE)from->change;
    data->recordId = convert_guid_out(&from->id);
    data->recordType = convert_guid_out(&from->data_type);
}

static void set_connection(PEER_EVENT_CONNECTION_CHANGE_DATA *data, const struct engine_event *from)
{
    data->dwSize = sizeof(*data);
    data->status = (PEER_CONNECTION_STATUS)from->change;
    data->ullConnectionId = from->connection;
    data->ullNodeId = from->node_id;
    data->ullNextConnectionId = from->next_connection;
    data->hrConnectionFailedReason = from->hr;
}

static HRESULT add_member(struct block *block, const struct engine_event *from)
{
    PEER_GROUP_EVENT_DATA *event = block_at(block, 0);
    PEER_EVENT_MEMBER_CHANGE_DATA *data = &event->memberChangeData;
    data->dwSize = sizeof(*data);
    data->changeType = (PEER_MEMBER_CHANGE_TYPE)from->change;
    return block_add_text(block, offsetof(PEER_GROUP_EVENT_DATA, memberChangeData.pwzIdentity),
                          from->peer_name);
}

/* Fills the member that the event's type selects. */
static HRESULT add_event(struct block *block, const struct engine_event *from)
{
    size_t offset;
    HRESULT hr = block_add(block, sizeof(PEER_GROUP_EVENT_DATA), &offset);
    if (FAILED(hr))
        return hr;
    PEER_GROUP_EVENT_DATA *event = block_at(block, offset);
    event->eventType = (PEER_GROUP_EVENT_TYPE)from->type;
    switch (from->type) {
    case ENGINE_EVENT_STATUS:
        event->dwStatus = (PEER_GROUP_STATUS)from->status;
        return S_OK;
    case ENGINE_EVENT_RECORD:
        set_record(&event->recordChangeData, from);
        return S_OK;
    case ENGINE_EVENT_DIRECT:
    case ENGINE_EVENT_NEIGHBOUR:
        set_connection(&event->connectionChangeData, from);
        return S_OK;
    case ENGINE_EVENT_DATA:
        return add_incoming(block, from);
    case ENGINE_EVENT_MEMBER:
        return add_member(block, from);
    case ENGINE_EVENT_CONNECT_FAILED:
        event->hrConnectionFailedReason = from->hr;
        return S_OK;
    case ENGINE_EVENT_PROPERTY:
    case ENGINE_EVENT_AUTHENTICATION:
        return S_OK;
    }
    return S_OK;
}

/* Under the registration's lock. */
static HRESULT next_event(struct registration *registration, PPEER_GROUP_EVENT_DATA *result)
{
    struct block block CLEANUP_BLOCK = BLOCK_NULL;
    void *finished;
    if (!registration->pending) {
        HRESULT hr = engine_events_next(registration->id, &registration->event);
        if (hr != S_OK)
            return hr;
        registration->pending = true;
    }
    HRESULT hr = add_event(&block, &registration->event);
    if (SUCCEEDED(hr))
        hr = block_finish(&block, &finished);
    if (FAILED(hr))
        return hr;
    engine_event_deinit(&registration->event);
    registration->pending = false;
    *result = finished;
    return S_OK;
}

HRESULT WINAPI PeerGroupGetEventData(HPEEREVENT hPeerEvent, PPEER_GROUP_EVENT_DATA *ppEventData)
{
    struct handle_entry *entry CLEANUP_HANDLE = NULL;
    if (ppEventData)
        *ppEventData = NULL;
    HRESULT hr = group_ready();
    if (FAILED(hr))
        return hr;
    if (!ppEventData || FAILED(handle_borrow(HANDLE_KIND_REGISTRATION, hPeerEvent, &entry)))
        return E_INVALIDARG;
    struct registration *registration = handle_object(entry);
    pthread_mutex_lock(&registration->lock);
    hr = next_event(registration, ppEventData);
    pthread_mutex_unlock(&registration->lock);
    return hr;
}
