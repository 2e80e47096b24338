/* member_calls.c - members, connections, direct links and data.
 *
 * Members come from group/security.h, their addresses from their newest presence record. The
 * outcome of opening a direct connection is an event; the id that comes back at once is the one
 * that the event will name. */
#include "engine/engine_internal.h"

void engine_member_list_deinit(struct engine_member_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        mem_free(list->items[i].peer_name);
        mem_free(list->items[i].attributes);
        mem_free(list->items[i].friendly_name);
        mem_free(list->items[i].issuer_name);
        mem_free(list->items[i].issuer_friendly_name);
    }
    mem_free(list->items);
    *list = (struct engine_member_list){.items = NULL};
}

void engine_connection_list_deinit(struct engine_connection_list *list)
{
    for (uint32_t i = 0; i < list->count; i++)
        mem_free(list->items[i].peer_name);
    mem_free(list->items);
    *list = (struct engine_connection_list){.items = NULL};
}

/* ---- members ---- */

struct members_call {
    struct call call;
    uint64_t session;
    bool present_only;
    const char *peer_name;
    struct engine_member_list *list;
    struct node *node;
    unsigned flags; /* of the group */
    uint32_t capacity;
    struct newest_presence *presences;
};

/* The newest presence of each member; read once for all of them. */
struct newest_presence {
    struct hash creator;
    uint64_t modified;
    uint64_t node_id;
    struct address_list addresses;
    UT_hash_handle hh;
};

static HRESULT take_presence(void *context, const struct store_record *row)
{
    struct members_call *this = context;
    struct newest_presence *newest;
    struct presence presence;
    if (FAILED(presence_decode(row->payload, &presence)))
        return S_OK;
    HASH_FIND(hh, this->presences, row->creator.bytes, HASH_SIZE, newest);
    if (newest && newest->modified >= row->modified)
        return S_OK;
    if (!newest) {
        newest = mem_zalloc(sizeof(*newest));
        if (!newest)
            return E_OUTOFMEMORY;
        newest->creator = row->creator;
        HASH_ADD(hh, this->presences, creator, HASH_SIZE, newest);
        if (!TABLE_ADDED(newest, hh)) {
            mem_free(newest);
            return E_OUTOFMEMORY;
        }
    }
    newest->modified = row->modified;
    newest->node_id = presence.node_id;
    newest->addresses = presence.addresses;
    return S_OK;
}

static void forget_presences(struct members_call *this)
{
    struct newest_presence *presence, *next;
    HASH_ITER (hh, this->presences, presence, next) {
        HASH_DEL(this->presences, presence);
        mem_free(presence);
    }
}

static void place_member(const struct members_call *this, const struct hash *key,
                         struct engine_member *member)
{
    const struct newest_presence *newest;
    HASH_FIND(hh, this->presences, key->bytes, HASH_SIZE, newest);
    if (!newest)
        return;
    member->node_id = newest->node_id;
    member->address_count = newest->addresses.count;
    for (uint32_t i = 0; i < newest->addresses.count; i++)
        member->addresses[i] = newest->addresses.items[i];
}

static HRESULT copy_texts(const struct member_info *info, struct engine_member *member)
{
    const struct certificate *certificate = info->certificate;
    member->peer_name = mem_strdup(certificate->peer_name);
    member->friendly_name = mem_strdup(certificate->friendly_name);
    member->issuer_name = mem_strdup(certificate->issuer_name);
    member->issuer_friendly_name = mem_strdup(certificate->issuer_friendly_name);
    if (info->attributes.size > 0)
        member->attributes =
            mem_strndup((const char *)info->attributes.data, info->attributes.size);
    bool whole = member->peer_name && member->friendly_name && member->issuer_name &&
                 member->issuer_friendly_name && (info->attributes.size == 0 || member->attributes);
    return whole ? S_OK : E_OUTOFMEMORY;
}

static HRESULT grow(struct members_call *this)
{
    struct engine_member_list *list = this->list;
    if (list->count < this->capacity)
        return S_OK;
    uint32_t capacity = this->capacity ? this->capacity * 2 : 8;
    struct engine_member *items = mem_realloc(list->items, capacity * sizeof(*items));
    if (!items)
        return E_OUTOFMEMORY;
    list->items = items;
    this->capacity = capacity;
    return S_OK;
}

static HRESULT take_member(void *context, const struct member_info *info)
{
    struct members_call *this = context;
    bool secret = this->flags & GROUP_FLAG_DISABLE_PRESENCE;
    bool here =
        !secret && (info->has_presence || (info->self && graph_status(this->node->graph) != 0));
    /* [contract 9.3] Without member data others do not appear, even when they are there. */
    bool unknown = (this->flags & GROUP_FLAG_MEMBER_DATA_OPTIONAL) && !info->has_membership;
    if ((this->present_only && !here) || (unknown && !info->self))
        return S_OK;
    HRESULT hr = grow(this);
    if (FAILED(hr))
        return hr;
    struct engine_member *member = &this->list->items[this->list->count++];
    *member = (struct engine_member){.present = here,
                                     .validity_start = info->certificate->not_before,
                                     .validity_end = info->certificate->not_after,
                                     .roles = info->certificate->roles};
    memcpy(member->key, info->certificate->key, KEY_SIZE);
    hr = copy_texts(info, member);
    if (info->has_presence && !secret)
        place_member(this, &info->certificate->key_hash, member);
    return hr;
}

static HRESULT run_members(struct call *call)
{
    struct members_call *this = (struct members_call *)call;
    HRESULT hr = call_node(call, this->session, &this->node);
    if (FAILED(hr))
        return hr;
    const struct group_properties *properties;
    if (SUCCEEDED(security_properties(this->node->security, &properties)))
        this->flags = properties->flags;
    struct store *store = this->node->store;
    uint64_t now = node_peer_time(this->node),
             horizon = graph_horizon(this->node->graph, loop_utc());
    security_set_time(this->node->security, loop_utc());
    hr = store->ops->each(store, &RECORD_TYPE_PRESENCE, horizon, true, take_presence, this);
    if (SUCCEEDED(hr) && !this->peer_name)
        hr = security_members_each(this->node->security, now, take_member, this);
    else if (SUCCEEDED(hr))
        hr = security_member_find(this->node->security, now, this->peer_name, take_member, this);
    forget_presences(this);
    return hr == PEER_E_NOT_FOUND ? S_OK : hr;
}

HRESULT engine_members(uint64_t session, bool present_only, const char *peer_name,
                       struct engine_member_list *list)
{
    *list = (struct engine_member_list){.items = NULL};
    struct members_call this = {
        .session = session, .present_only = present_only, .peer_name = peer_name, .list = list};
    HRESULT hr = call_run(&this.call, run_members);
    if (FAILED(hr))
        engine_member_list_deinit(list);
    return hr;
}

/* ---- connections ---- */

struct connections_call {
    struct call call;
    uint64_t session;
    bool neighbours;
    bool direct;
    struct engine_connection_list *list;
};

static HRESULT take_connection(void *context, const struct graph_link_info *info)
{
    struct connections_call *this = context;
    if (info->direct ? !this->direct : !this->neighbours)
        return S_OK;
    struct engine_connection_list *list = this->list;
    struct engine_connection *items = mem_realloc(list->items, (list->count + 1) * sizeof(*items));
    if (!items)
        return E_OUTOFMEMORY;
    list->items = items;
    struct engine_connection *connection = &items[list->count];
    *connection = (struct engine_connection){.direct = info->direct,
                                             .id = info->link,
                                             .node_id = info->node_id,
                                             .address = info->address};
    connection->peer_name = mem_strndup((const char *)info->peer_name.data, info->peer_name.size);
    list->count += connection->peer_name != NULL;
    return connection->peer_name ? S_OK : E_OUTOFMEMORY;
}

static HRESULT run_connections(struct call *call)
{
    struct connections_call *this = (struct connections_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    return graph_each_link(node->graph, take_connection, this);
}

HRESULT engine_connections(uint64_t session, bool neighbours, bool direct,
                           struct engine_connection_list *list)
{
    *list = (struct engine_connection_list){.items = NULL};
    struct connections_call this = {
        .session = session, .neighbours = neighbours, .direct = direct, .list = list};
    HRESULT hr = call_run(&this.call, run_connections);
    if (FAILED(hr))
        engine_connection_list_deinit(list);
    return hr;
}

/* ---- direct connections and data ---- */

struct link_call {
    struct call call;
    uint64_t session;
    struct graph_event event;
    const char *peer_name;
};

static HRESULT run_link(struct call *call)
{
    struct link_call *this = (struct link_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    call->request = this->event.request = ++call->engine->next_id;
    hr = node_step(node, &this->event);
    call_defer(node, call, hr);
    return hr;
}

static HRESULT find_key(void *context, const struct member_info *info)
{
    struct link_call *this = context;
    this->event.key = info->certificate->key_hash;
    this->event.flag = true;
    return S_FALSE;
}

static HRESULT run_open_direct(struct call *call)
{
    struct link_call *this = (struct link_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    if (strcmp(node->identity, this->peer_name) == 0)
        return PEER_E_CONNECT_SELF;
    hr =
        security_member_find(node->security, node_peer_time(node), this->peer_name, find_key, this);
    if (hr == PEER_E_NOT_FOUND || (SUCCEEDED(hr) && !this->event.flag))
        return E_INVALIDARG;
    return SUCCEEDED(hr) ? run_link(call) : hr;
}

HRESULT engine_direct_open(uint64_t session, const char *peer_name, const struct address *address,
                           uint64_t *connection)
{
    struct link_call this = {
        .session = session, .peer_name = peer_name, .event = {.type = GRAPH_OPEN_DIRECT}};
    this.event.addresses.count = 1;
    this.event.addresses.items[0] = *address;
    HRESULT hr = call_run(&this.call, run_open_direct);
    *connection = SUCCEEDED(hr) ? this.call.value : 0;
    return hr;
}

HRESULT engine_direct_close(uint64_t session, uint64_t connection)
{
    struct link_call this = {.session = session,
                             .event = {.type = GRAPH_CLOSE_LINK, .link = connection}};
    return call_run(&this.call, run_link);
}

HRESULT engine_send_data(uint64_t session, uint64_t connection, const struct guid *type,
                         struct bytes data)
{
    struct link_call this = {
        .session = session,
        .event = {.type = GRAPH_SEND_DATA, .link = connection, .data_type = *type, .data = data}};
    return call_run(&this.call, run_link);
}
