/* node_events.c - what the graph notices becomes what the application hears, and what the node
 * remembers on disk.
 *
 * Records of reserved types are the library's own: presence and membership become member events,
 * the rest is silent. The table of live presences by record id tells whether somebody came, changed
 * or went, also when the record itself is gone. Failure: what cannot be told for want of memory is
 * a gap in the queues that want it (event_queue.h); a table that lacks somebody makes gaps until it
 * is whole again. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "engine/member_address.h"
#include "group/removal.h"

enum { MEMBER_CONNECTED = 1, MEMBER_DISCONNECTED = 2, MEMBER_UPDATED = 3, MEMBER_JOINED = 4 };

static void remember_value(struct node *node, const char *key, struct bytes value)
{
    HRESULT hr = node->store->ops->value_put(node->store, key, value);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
}

void node_post(struct node *node, const struct engine_event *event)
{
    HRESULT hr = events_post(node, event);
    if (FAILED(hr))
        log_line(LOG_ERROR, "%s: no memory for an event", node->group);
}

/* ---- listening ---- */

static uint16_t remembered_port(struct node *node)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    if (FAILED(node->store->ops->value_get(node->store, "engine/port", &value)) || value.size != 2)
        return 0;
    return (uint16_t)(value.data[0] << 8 | value.data[1]);
}

bool node_listen(struct node *node)
{
    if (node->listening)
        return true;
    if (security_is_removed(node->security))
        return true; /* it calls, and hears whether that still stands */
    struct sockaddr_in6 bound, sockets[LIMIT_ADDRESSES];
    HRESULT hr = transport_listen(node->engine->transport, remembered_port(node), &bound);
    if (FAILED(hr)) {
        log_line(LOG_ERROR, "%s: cannot listen: 0x%08x", node->group, (unsigned)hr);
        node_give_up(node, PEER_E_UNABLE_TO_LISTEN);
        return false;
    }
    node->listening = true;
    uint16_t port = ntohs(bound.sin6_port);
    uint8_t port_bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    remember_value(node, "engine/port", bytes_of(port_bytes, sizeof(port_bytes)));
    transport_owner_set_accepting(node->owner, true);
    struct graph_event event = {.type = GRAPH_LISTENING};
    unsigned count = transport_addresses(node->engine->transport, sockets, LIMIT_ADDRESSES);
    for (unsigned i = 0; i < count; i++)
        event.addresses.items[event.addresses.count++] = address_of_socket(&sockets[i]);
    if (count == 0)
        event.addresses.items[event.addresses.count++] = address_of_socket(&bound);
    node_step_quiet(node, &event);
    return true;
}

void node_unlisten(struct node *node)
{
    if (!node->listening)
        return;
    node->listening = false;
    transport_owner_set_accepting(node->owner, false);
    transport_unlisten(node->engine->transport);
}

/* ---- members ---- */

static void presence_free(struct node *node, struct presence_entry *entry)
{
    HASH_DEL(node->presences, entry);
    mem_free(entry->peer_name);
    mem_free(entry);
}

void node_events_deinit(struct node *node)
{
    mem_free(node->known_name);
    struct presence_entry *entry, *next;
    HASH_ITER (hh, node->presences, entry, next)
        presence_free(node, entry);
}

static uint32_t presences_of(const struct node *node, const struct hash *key)
{
    uint32_t count = 0;
    for (const struct presence_entry *entry = node->presences; entry; entry = entry->hh.next)
        count += hash_equal(&entry->key, key);
    return count;
}

static struct presence_entry *presence_add(struct node *node, const struct guid *id,
                                           const struct hash *key, struct bytes name)
{
    struct presence_entry *entry = mem_zalloc(sizeof(*entry));
    if (!entry)
        return NULL;
    entry->id = *id;
    entry->key = *key;
    entry->peer_name = mem_strndup((const char *)name.data, name.size);
    if (entry->peer_name)
        HASH_ADD(hh, node->presences, id, sizeof(entry->id), entry);
    if (TABLE_ADDED(entry, hh))
        return entry;
    mem_free(entry->peer_name);
    mem_free(entry);
    return NULL;
}

static struct presence_entry *presence_find(const struct node *node, const struct guid *id)
{
    struct presence_entry *entry;
    HASH_FIND(hh, node->presences, id, sizeof(*id), entry);
    return entry;
}

static HRESULT load_presence(void *context, const struct store_record *row)
{
    struct record record;
    if (presence_find(context, &row->id))
        return S_OK;
    if (FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    return presence_add(context, &row->id, &row->creator, record.creator_name) ? S_OK
                                                                               : E_OUTOFMEMORY;
}

HRESULT node_load_presences(struct node *node)
{
    uint64_t now = node_peer_time(node);
    return node->store->ops->each(node->store, &RECORD_TYPE_PRESENCE, now, false, load_presence,
                                  node);
}

void node_post_member(struct node *node, int change, const char *peer_name)
{
    struct engine_event event = {
        .type = ENGINE_EVENT_MEMBER, .change = change, .peer_name = (char *)peer_name};
    node_post(node, &event);
}

/* Who waits for events about members looks at all of them instead. */
static void member_lost(struct node *node, HRESULT hr)
{
    log_line(LOG_ERROR, "%s: an event about a member is lost: 0x%08x", node->group, (unsigned)hr);
    events_gap(node, ENGINE_EVENT_MEMBER);
}

/* The name of a record's creator (free with mem_free). PEER_E_RECORD_NOT_FOUND: the record has gone
 * meanwhile, which is told next. */
static HRESULT creator_name(struct node *node, const struct guid *id, char **name)
{
    struct store_record row;
    struct record record;
    *name = NULL;
    HRESULT hr = node->store->ops->get(node->store, id, &row);
    if (FAILED(hr))
        return hr;
    hr = record_header_decode(row.header, &record);
    if (SUCCEEDED(hr)) {
        *name = mem_strndup((const char *)record.creator_name.data, record.creator_name.size);
        hr = *name ? S_OK : E_OUTOFMEMORY;
    }
    store_record_deinit(&row);
    return hr;
}

static HRESULT member_came(struct node *node, const struct graph_action *action)
{
    CLEANUP_FREE char *name = NULL;
    struct presence_entry *entry = presence_find(node, &action->id);
    bool first = !entry && presences_of(node, &action->key) == 0;
    HRESULT hr = creator_name(node, &action->id, &name);
    if (FAILED(hr))
        return hr;
    if (!entry && !presence_add(node, &action->id, &action->key, bytes_of_text(name)))
        return E_OUTOFMEMORY;
    node_post_member(node, first ? MEMBER_CONNECTED : MEMBER_UPDATED, name);
    return S_OK;
}

static HRESULT member_went(struct node *node, const struct graph_action *action)
{
    struct presence_entry *entry = presence_find(node, &action->id);
    if (!entry)
        return node->presences_missing ? E_OUTOFMEMORY : S_OK;
    if (presences_of(node, &entry->key) == 1)
        node_post_member(node, MEMBER_DISCONNECTED, entry->peer_name);
    presence_free(node, entry);
    return S_OK;
}

static void presence_changed(struct node *node, const struct graph_action *action)
{
    bool came = action->change == GRAPH_ADDED || action->change == GRAPH_UPDATED;
    HRESULT hr = came ? member_came(node, action) : member_went(node, action);
    if (FAILED(hr) && hr != PEER_E_RECORD_NOT_FOUND) {
        member_lost(node, hr);
        node->presences_missing = true;
    }
    if (node->presences_missing)
        node->presences_missing = FAILED(node_load_presences(node));
}

/* The member that a membership record announces, which may be another than its creator (free with
 * mem_free). NULL with S_OK: nobody who is shown as a member. */
static HRESULT announced_name(struct node *node, const struct guid *id, char **name)
{
    struct store_record row;
    *name = NULL;
    HRESULT hr = node->store->ops->get(node->store, id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
    const char *shown = security_membership_name(node->security, &row);
    if (shown) {
        *name = mem_strdup(shown);
        hr = *name ? S_OK : E_OUTOFMEMORY;
    }
    store_record_deinit(&row);
    return hr;
}

static void membership_changed(struct node *node, const struct graph_action *action)
{
    CLEANUP_FREE char *name = NULL;
    if (action->change != GRAPH_ADDED && action->change != GRAPH_UPDATED)
        return;
    HRESULT hr = announced_name(node, &action->id, &name);
    if (FAILED(hr))
        member_lost(node, hr);
    else if (name)
        node_post_member(node, action->change == GRAPH_ADDED ? MEMBER_JOINED : MEMBER_UPDATED,
                         name);
}

static void record_changed(struct node *node, const struct graph_action *action)
{
    if (guid_equal(&action->record_type, &RECORD_TYPE_PRESENCE)) {
        presence_changed(node, action);
        return;
    }
    if (guid_equal(&action->record_type, &RECORD_TYPE_MEMBERSHIP)) {
        membership_changed(node, action);
        return;
    }
    if (record_type_is_reserved(&action->record_type))
        return;
    struct engine_event event = {.type = ENGINE_EVENT_RECORD,
                                 .change = action->change,
                                 .id = action->id,
                                 .data_type = action->record_type};
    node_post(node, &event);
}

/* ---- the rest ---- */

/* The user's database may be busy in another process: the name is noted in the thread pool. */
struct rename_job {
    uv_work_t work;
    char *identity;
    char *group;
    char *name;
};

static void rename_in_pool(uv_work_t *work)
{
    struct rename_job *job = work->data;
    HRESULT hr = group_entry_rename(job->identity, job->group, job->name);
    if (FAILED(hr))
        log_line(LOG_WARNING, "%s: cannot note the group's name: 0x%08x", job->group, (unsigned)hr);
}

static void renamed(uv_work_t *work, int status)
{
    (void)status;
    struct rename_job *job = work->data;
    mem_free(job->identity);
    mem_free(job->group);
    mem_free(job->name);
    mem_free(job);
}

static void note_name(struct node *node, const char *name)
{
    if (node->known_name && strcmp(node->known_name, name) == 0)
        return;
    mem_free(node->known_name);
    node->known_name = mem_strdup(name);
    struct rename_job *job = mem_zalloc(sizeof(*job));
    if (!job)
        return;
    job->work.data = job;
    job->identity = mem_strdup(node->identity);
    job->group = mem_strdup(node->group);
    job->name = mem_strdup(name);
    bool whole = job->identity && job->group && job->name;
    if (!whole ||
        uv_queue_work(loop_uv(node->engine->loop), &job->work, rename_in_pool, renamed) != 0)
        renamed(&job->work, 0);
}

static void properties_changed(struct node *node)
{
    const struct group_properties *properties;
    node_configure(node);
    if (SUCCEEDED(security_properties(node->security, &properties)))
        note_name(node, properties->friendly_name);
    struct engine_event event = {.type = ENGINE_EVENT_PROPERTY};
    node_post(node, &event);
}

static const char VALUE_SYNCHRONISED[] = "engine/synchronised";

bool node_has_noted_synchronised(struct node *node)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    return SUCCEEDED(node->store->ops->value_get(node->store, VALUE_SYNCHRONISED, &value));
}

HRESULT node_note_synchronised(struct node *node)
{
    HRESULT hr = node->store->ops->value_put(node->store, VALUE_SYNCHRONISED, bytes_of("\1", 1));
    if (SUCCEEDED(hr))
        node->store->ops->mark_durable(node->store);
    return hr;
}

void node_listen_or_leave(struct node *node)
{
    struct graph_event leave = {.type = GRAPH_LEAVE};
    if (node->connected && !node_listen(node))
        node_step_quiet(node, &leave);
}

/* An import notes it with what it brings, in one commit. */
static void synchronised(struct node *node)
{
    HRESULT hr = node_has_noted_synchronised(node) ? S_OK : node_note_synchronised(node);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
    node_listen_or_leave(node);
}

static void remember_offset(struct node *node, uint64_t offset)
{
    struct buffer value = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &value);
    wire_write_u64(&writer, offset);
    if (SUCCEEDED(writer.hr))
        remember_value(node, "engine/time-offset", buffer_view(&value));
    buffer_deinit(&value);
}

static void remember_address(struct node *node, const struct graph_action *action)
{
    HRESULT hr = member_address_put(node->store, &action->key, &action->address);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
}

static void link_changed(struct node *node, const struct graph_action *action)
{
    node_tell_link(node, action);
    if (action->notice == GRAPH_NOTICE_DIRECT && action->change == GRAPH_LINK_CONNECTED)
        node_flow_data(node, 0);
}

/* A connection with a hole in it is closed. */
static void data_came(struct node *node, const struct graph_action *action)
{
    struct engine_event event = {.type = ENGINE_EVENT_DATA,
                                 .connection = action->link,
                                 .node_id = action->node_id,
                                 .data_type = action->record_type,
                                 .data = action->data};
    if (!node_told_of(node, action->link))
        return;
    HRESULT hr = events_post(node, &event);
    struct node_link *link = FAILED(hr) ? node_link_find(node, action->link) : NULL;
    if (link)
        link_close(link->link, hr);
    node_flow_data(node, action->link);
}

void node_notice(struct node *node, const struct graph_action *action)
{
    switch (action->notice) {
    case GRAPH_NOTICE_RECORD:
        record_changed(node, action);
        break;
    case GRAPH_NOTICE_NEIGHBOUR:
    case GRAPH_NOTICE_DIRECT:
        link_changed(node, action);
        break;
    case GRAPH_NOTICE_DATA:
        data_came(node, action);
        break;
    case GRAPH_NOTICE_STATUS:
        node_tell_status(node, (uint32_t)action->value);
        break;
    case GRAPH_NOTICE_CONNECT_FAILED:
        node_leave(node, action->hr);
        break;
    case GRAPH_NOTICE_SYNCHRONISED:
        synchronised(node);
        break;
    case GRAPH_NOTICE_PROPERTIES:
        properties_changed(node);
        break;
    case GRAPH_NOTICE_TIME_OFFSET:
        remember_offset(node, action->value);
        break;
    case GRAPH_NOTICE_REMEMBER:
        remember_address(node, action);
        break;
    case GRAPH_NOTICE_REVOKED:
        node_revoked(node);
        break;
    }
}
