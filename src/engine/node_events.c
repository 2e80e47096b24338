/* node_events.c - what the graph notices becomes what the application hears, and what the node
 * remembers on disk.
 *
 * Records of reserved types are the library's own: presence and membership become member events,
 * the rest is silent. The table of live presences by record id tells whether somebody came, changed
 * or went, also when the record itself is gone. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "group/removal.h"

enum { MEMBER_CONNECTED = 1, MEMBER_DISCONNECTED = 2, MEMBER_UPDATED = 3, MEMBER_JOINED = 4 };

static void remember_value(struct node *node, const char *key, struct bytes value)
{
    HRESULT hr = node->store->ops->value_put(node->store, key, value);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
}

/* Who finds no room, or no memory, is told of that instead. */
static void post(struct node *node, const struct engine_event *event)
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
        struct engine_event failed = {.type = ENGINE_EVENT_CONNECT_FAILED,
                                      .hr = PEER_E_UNABLE_TO_LISTEN};
        post(node, &failed);
        node_touch(node); /* the event is told at the end of the turn */
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

static HRESULT load_presence(void *context, const struct store_record *row)
{
    struct record record;
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
    post(node, &event);
}

/* The name of a record's creator, while the record or its tombstone is there (free with mem_free).
 */
static char *creator_name(struct node *node, const struct guid *id)
{
    struct store_record row;
    struct record record;
    if (FAILED(node->store->ops->get(node->store, id, &row)))
        return NULL;
    char *name = NULL;
    if (SUCCEEDED(record_header_decode(row.header, &record)))
        name = mem_strndup((const char *)record.creator_name.data, record.creator_name.size);
    store_record_deinit(&row);
    return name;
}

static void presence_changed(struct node *node, const struct graph_action *action)
{
    struct presence_entry *entry;
    HASH_FIND(hh, node->presences, &action->id, sizeof(action->id), entry);
    if (action->change == GRAPH_ADDED || action->change == GRAPH_UPDATED) {
        CLEANUP_FREE char *name = creator_name(node, &action->id);
        bool first = !entry && presences_of(node, &action->key) == 0;
        if (!name ||
            (!entry && !presence_add(node, &action->id, &action->key, bytes_of_text(name))))
            return;
        node_post_member(node, first ? MEMBER_CONNECTED : MEMBER_UPDATED, name);
        return;
    }
    if (!entry)
        return;
    bool last = presences_of(node, &entry->key) == 1;
    if (last)
        node_post_member(node, MEMBER_DISCONNECTED, entry->peer_name);
    presence_free(node, entry);
}

/* The member that a membership record announces, which may be another than its creator (free with
 * mem_free). */
static char *announced_name(struct node *node, const struct guid *id)
{
    struct store_record row;
    if (FAILED(node->store->ops->get(node->store, id, &row)))
        return NULL;
    const char *name = security_membership_name(node->security, &row);
    char *copy = name ? mem_strdup(name) : NULL;
    store_record_deinit(&row);
    return copy;
}

static void membership_changed(struct node *node, const struct graph_action *action)
{
    if (action->change != GRAPH_ADDED && action->change != GRAPH_UPDATED)
        return;
    CLEANUP_FREE char *name = announced_name(node, &action->id);
    if (name)
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
    post(node, &event);
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
    post(node, &event);
}

HRESULT node_note_synchronised(struct node *node)
{
    HRESULT hr = node->store->ops->value_put(node->store, "engine/synchronised", bytes_of("\1", 1));
    if (SUCCEEDED(hr))
        node->store->ops->mark_durable(node->store);
    return hr;
}

void node_listen_or_leave(struct node *node)
{
    struct graph_event leave = {.type = GRAPH_LEAVE};
    if (!node->connected || node_listen(node))
        return;
    node->connected = false;
    node_step_quiet(node, &leave);
}

static void synchronised(struct node *node)
{
    HRESULT hr = node_note_synchronised(node);
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

/* One value for each member's key: the address where it answered last. */
static void remember_address(struct node *node, const struct graph_action *action)
{
    char key[sizeof("address/") + HASH_TEXT_SIZE] = "address/";
    hash_format(&action->key, key + strlen(key));
    struct buffer value = BUFFER_NULL;
    struct wire_writer writer;
    wire_writer_init(&writer, &value);
    wire_write_fixed(&writer, action->address.ip, sizeof(action->address.ip));
    wire_write_u16(&writer, action->address.port);
    if (SUCCEEDED(writer.hr))
        remember_value(node, key, buffer_view(&value));
    buffer_deinit(&value);
}

/* [ruling 24] No member has let this one in, and one said that the password was refused. */
static void connect_failed(struct node *node, HRESULT reason)
{
    struct engine_event refused = {.type = ENGINE_EVENT_AUTHENTICATION};
    node->connected = false;
    node_unlisten(node);
    if (reason == PEER_E_NOT_AUTHORIZED)
        post(node, &refused);
    struct engine_event event = {.type = ENGINE_EVENT_CONNECT_FAILED, .hr = reason};
    post(node, &event);
}

static void link_changed(struct node *node, const struct graph_action *action)
{
    struct engine_event event = {.type = action->notice == GRAPH_NOTICE_DIRECT
                                             ? ENGINE_EVENT_DIRECT
                                             : ENGINE_EVENT_NEIGHBOUR,
                                 .change = action->change,
                                 .connection = action->link,
                                 .next_connection = action->value,
                                 .node_id = action->node_id,
                                 .hr = action->hr};
    post(node, &event);
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
    HRESULT hr = events_post(node, &event);
    struct node_link *link = FAILED(hr) ? node_link_find(node, action->link) : NULL;
    if (link)
        link_close(link->link, hr);
    node_flow_data(node, action->link);
}

static HRESULT tell_lost(void *context, const struct graph_link_info *info)
{
    struct engine_event event = {.type =
                                     info->direct ? ENGINE_EVENT_DIRECT : ENGINE_EVENT_NEIGHBOUR,
                                 .change = GRAPH_LINK_DISCONNECTED,
                                 .connection = info->link,
                                 .node_id = info->node_id,
                                 .hr = PEER_E_CONNECTION_FAILED};
    post(context, &event);
    return S_OK;
}

void node_tell_offline(struct node *node)
{
    HRESULT hr = graph_each_link(node->graph, tell_lost, node);
    if (FAILED(hr) || graph_status(node->graph) == 0)
        return;
    struct engine_event event = {.type = ENGINE_EVENT_STATUS};
    post(node, &event);
}

void node_notice(struct node *node, const struct graph_action *action)
{
    struct engine_event status = {.type = ENGINE_EVENT_STATUS, .status = (uint32_t)action->value};
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
        post(node, &status);
        break;
    case GRAPH_NOTICE_CONNECT_FAILED:
        connect_failed(node, action->hr);
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
