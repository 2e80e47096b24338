/* transport.c - the transport as a whole: its life, the end of each turn of the loop, and one timer
 * for all links.
 *
 * Links mark themselves dirty when something is to be written; at the turn's end, after the engine
 * has committed, each dirty link encrypts and writes once. What must call back from there is posted
 * to the next turn. Deadlines are kept in the links; the timer fires at the earliest one and looks
 * through all of them, which at a few hundred links is cheaper than a timer each.
 *
 * transport_free is asynchronous: everything is closed at once and silently, goodbyes are left to
 * the kernel, and when libuv has let go of the last handle and job, the memory is freed and done is
 * called. Only transport_new can fail (E_OUTOFMEMORY). */
#include "engine/transport_private.h"

#include <utlist.h>

static const struct transport_limits limits_default = {
    .stranger_ms = LIMIT_UNAUTHENTICATED_MS,
    .stranger_bytes = LIMIT_UNAUTHENTICATED_BYTES,
    .strangers = LIMIT_UNAUTHENTICATED_LINKS,
    .strangers_per_address = LIMIT_UNAUTHENTICATED_PER_ADDRESS,
    .send_queue_bytes = LIMIT_SEND_QUEUE_BYTES,
    .close_ms = CLOSE_FLUSH_MS,
    .key_bytes = 1ull << 30,
    .key_ms = 3600ull * 1000,
};

/* The turn's end. Links that become dirty meanwhile have their turn in the next one. */
static void write_dirty(void *context)
{
    struct transport *transport = context;
    struct link *link = transport->dirty;
    transport->dirty = NULL;
    while (link) {
        struct link *next = link->dirty_next;
        link->dirty = false;
        link_flush(link);
        link = next;
    }
}

static void on_again(struct loop_item *item)
{
    struct transport *transport =
        (struct transport *)((char *)item - offsetof(struct transport, again));
    transport->again_posted = false;
    struct link *link = NULL;
    DL_FOREACH (transport->links, link) {
        if (link->drained) {
            link->drained = false;
            if (link->state == LINK_OPEN)
                link->owner->callbacks.link_drained(link->owner->context, link);
        }
        if (link->resumed) {
            link->resumed = false;
            link_resumed(link);
        }
    }
    transport_release(transport);
}

void transport_again(struct transport *transport)
{
    if (transport->again_posted || transport->closing)
        return;
    transport->again_posted = true;
    transport->pending++;
    loop_post(transport->loop, &transport->again);
}

static void on_timer(uv_timer_t *timer)
{
    struct transport *transport = timer->data;
    uint64_t now = loop_now_ms(transport->loop);
    transport->timer_due = 0;
    struct link *link = NULL;
    uint64_t earliest = 0;
    DL_FOREACH (transport->links, link) {
        if (link->deadline == 0 || link->state == LINK_CLOSED)
            continue;
        if (link->deadline <= now)
            link_shut(link, PEER_E_CONNECTION_FAILED);
        else if (earliest == 0 || link->deadline < earliest)
            earliest = link->deadline;
    }
    listener_retry(transport);
    if (earliest)
        transport_deadline(transport, earliest);
}

void transport_deadline(struct transport *transport, uint64_t deadline)
{
    if (transport->closing || (transport->timer_due && transport->timer_due <= deadline))
        return;
    uint64_t now = loop_now_ms(transport->loop);
    transport->timer_due = deadline;
    uv_timer_start(&transport->timer, on_timer, deadline > now ? deadline - now : 0, 0);
}

HRESULT transport_new_limited(struct loop *loop, const struct transport_limits *limits,
                              struct transport **out)
{
    *out = NULL;
    struct transport *transport = mem_zalloc(sizeof(*transport));
    if (!transport)
        return E_OUTOFMEMORY;
    HRESULT hr = buffer_reserve(&transport->cipher, SEND_STEP + TLS_PLAIN_MAX);
    if (SUCCEEDED(hr))
        hr = tls_new(&transport->tls);
    if (SUCCEEDED(hr) && uv_mutex_init(&transport->registry) != 0)
        hr = E_OUTOFMEMORY;
    if (FAILED(hr)) {
        tls_free(transport->tls);
        buffer_deinit(&transport->cipher);
        mem_free(transport);
        return hr;
    }
    transport->loop = loop;
    transport->limits = *limits;
    transport->again.function = on_again;
    uv_timer_init(loop_uv(loop), &transport->timer);
    transport->timer.data = transport;
    transport->pending = 1;
    transport->batch = (struct loop_batch){.function = write_dirty, .context = transport};
    loop_add_batch(loop, &transport->batch);
    *out = transport;
    return S_OK;
}

HRESULT transport_new(struct loop *loop, struct transport **transport)
{
    return transport_new_limited(loop, &limits_default, transport);
}

void transport_release(struct transport *transport)
{
    ASSERT(transport->pending > 0);
    if (--transport->pending > 0)
        return;
    ASSERT(transport->closing && !transport->links && !transport->strangers);
    void (*done)(void *) = transport->done;
    void *context = transport->done_context;
    uv_mutex_destroy(&transport->registry);
    tls_free(transport->tls);
    buffer_deinit(&transport->cipher);
    mem_free(transport);
    if (done)
        done(context);
}

static void on_timer_closed(uv_handle_t *timer)
{
    transport_release(timer->data);
}

void transport_free(struct transport *transport, void (*done)(void *), void *context)
{
    ASSERT(!transport->closing);
    while (transport->owners)
        transport_owner_free(transport->owners);
    write_dirty(transport); /* goodbyes: as far as the kernel takes them now */
    transport->closing = true;
    transport->done = done;
    transport->done_context = context;
    loop_remove_batch(transport->loop, &transport->batch);
    struct link *link = NULL;
    DL_FOREACH (transport->links, link)
        link_shut(link, S_OK);
    if (transport->listener)
        listener_close(transport);
    uv_close((uv_handle_t *)&transport->timer, on_timer_closed);
}
