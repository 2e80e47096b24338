/* removal_calls.c - removing members, appointing deputies, and who was removed by whom.
 *
 * group/removal.h drafts and seals; the records are published together, so that no part of a
 * keep-list is judged without the others, and the call ends when they are on disk. Failure: what
 * memory or disk refuse rolls the node back; every other code comes before anything was changed. */
#include "engine/engine_internal.h"
#include "group/removal.h"

/* ---- making ---- */

struct removal_call {
    struct call call;
    uint64_t session;
    const char *peer_name;
    unsigned flags;
    bool own;
    struct engine_removal_list *list;
    uint32_t capacity;
};

static HRESULT publish_sealed(struct node *node, struct call *call, const struct sealed_list *list)
{
    CLEANUP_FREE struct graph_sealed *sealed = mem_calloc(list->count, sizeof(*sealed));
    if (!sealed)
        return E_OUTOFMEMORY;
    for (uint32_t i = 0; i < list->count; i++)
        sealed[i] = (struct graph_sealed){.record = &list->items[i].record,
                                          .digest = &list->items[i].digest,
                                          .seal = &list->items[i].seal,
                                          .header = buffer_view(&list->items[i].header),
                                          .payload = buffer_view(&list->items[i].payload)};
    const struct graph_publish publish = {
        .kind = PUBLISH_SEALED, .sealed = sealed, .sealed_count = list->count, .reserved = true};
    return call_publish(node, call, &publish);
}

static HRESULT run_revoke(struct call *call)
{
    struct removal_call *this = (struct removal_call *)call;
    struct node *node;
    struct sealed_list list;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    security_set_time(node->security, loop_utc());
    hr = security_revoke(node->security, this->peer_name, this->flags, node_peer_time(node), &list);
    if (hr == S_OK)
        hr = publish_sealed(node, call, &list);
    sealed_list_deinit(&list);
    return hr;
}

HRESULT engine_member_revoke(uint64_t session, const char *peer_name, unsigned flags)
{
    struct removal_call this = {.session = session, .peer_name = peer_name, .flags = flags};
    return call_run(&this.call, run_revoke);
}

/* As long as the deputy is one: it may be away for long before it reads it. */
static HRESULT announce(struct node *node, struct call *call, struct bytes chain)
{
    const struct certificate_row *own;
    HRESULT hr = security_own(node->security, loop_utc(), &own);
    if (FAILED(hr))
        return hr;
    return call_announce(node, call, chain, own->not_after);
}

static HRESULT run_appoint(struct call *call)
{
    struct removal_call *this = (struct removal_call *)call;
    struct node *node;
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    HRESULT hr = call_ready_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    security_set_time(node->security, loop_utc());
    hr = security_appoint(node->security, this->peer_name, loop_utc(), &chain);
    if (hr == S_OK)
        hr = announce(node, call, buffer_view(&chain));
    /* The certificate is not to stay without its announcement. */
    bool half_done = chain.size > 0 || hr == E_OUTOFMEMORY || hr == PEER_E_DISK_FULL;
    if (FAILED(hr) && half_done && !call->deferred) {
        node->failed = hr;
        call_defer(node, call, hr);
    }
    return hr;
}

HRESULT engine_member_appoint(uint64_t session, const char *peer_name)
{
    struct removal_call this = {.session = session, .peer_name = peer_name};
    return call_run(&this.call, run_appoint);
}

/* ---- knowing ---- */

void engine_removal_list_deinit(struct engine_removal_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        mem_free(list->items[i].peer_name);
        mem_free(list->items[i].friendly_name);
        mem_free(list->items[i].signer_name);
        mem_free(list->items[i].signer_friendly_name);
    }
    mem_free(list->items);
    *list = (struct engine_removal_list){.items = NULL};
}

static HRESULT copy_text(const char *from, char **to)
{
    *to = from ? mem_strdup(from) : NULL;
    return from && !*to ? E_OUTOFMEMORY : S_OK;
}

static HRESULT grow(struct removal_call *this)
{
    struct engine_removal_list *list = this->list;
    if (list->count < this->capacity)
        return S_OK;
    uint32_t capacity = this->capacity ? this->capacity * 2 : 8;
    struct engine_removal *items = mem_realloc(list->items, capacity * sizeof(*items));
    if (!items)
        return E_OUTOFMEMORY;
    list->items = items;
    this->capacity = capacity;
    return S_OK;
}

static HRESULT take_removal(void *context, const struct removal_info *info)
{
    struct removal_call *this = context;
    HRESULT hr = grow(this);
    if (FAILED(hr))
        return hr;
    struct engine_removal *removal = &this->list->items[this->list->count++];
    *removal = (struct engine_removal){.key = info->key,
                                       .time = info->time,
                                       .by_group = info->by_group,
                                       .in_force = info->in_force,
                                       .readmitted = info->readmitted,
                                       .kept = info->kept};
    hr = copy_text(info->peer_name, &removal->peer_name);
    if (SUCCEEDED(hr))
        hr = copy_text(info->friendly_name, &removal->friendly_name);
    if (SUCCEEDED(hr))
        hr = copy_text(info->signer_name, &removal->signer_name);
    if (SUCCEEDED(hr))
        hr = copy_text(info->signer_friendly_name, &removal->signer_friendly_name);
    return hr;
}

static HRESULT run_list(struct call *call)
{
    struct removal_call *this = (struct removal_call *)call;
    struct node *node;
    HRESULT hr = call_node(call, this->session, &node);
    if (FAILED(hr))
        return hr;
    security_set_time(node->security, loop_utc());
    hr = this->own ? security_removal(node->security, take_removal, this)
                   : security_removals_each(node->security, take_removal, this);
    return FAILED(hr) ? hr : S_OK;
}

HRESULT engine_removals(uint64_t session, bool own, struct engine_removal_list *list)
{
    *list = (struct engine_removal_list){.items = NULL};
    struct removal_call this = {.session = session, .own = own, .list = list};
    HRESULT hr = call_run(&this.call, run_list);
    if (FAILED(hr))
        engine_removal_list_deinit(list);
    return hr;
}
