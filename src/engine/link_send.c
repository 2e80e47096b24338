/* link_send.c - what a link sends: queued as plaintext, encrypted when the kernel takes it.
 *
 * link_send appends to the link's queue; at the end of the loop's turn all of it becomes full TLS
 * records and one write. What the kernel does not take waits, encrypted, with libuv (at most
 * SEND_STEP); the rest stays plaintext, so that a slow neighbour costs its queue once. An idle link
 * holds no buffer at all.
 *
 * Beyond the queue's limit link_send says so, beyond eight times that the link is closed as too
 * slow. Ciphertext that cannot be kept for lack of memory ends the link too, since the stream would
 * have a hole. */
#include "engine/transport_private.h"

struct write_request {
    uv_write_t write;
    struct link *link;
    size_t size;
    uint8_t data[];
};

static size_t unsent(const struct link *link)
{
    return link->out.size - link->out_start;
}

void link_mark_dirty(struct link *link)
{
    struct transport *transport = link->transport;
    if (link->dirty)
        return;
    link->dirty = true;
    link->dirty_next = transport->dirty;
    transport->dirty = link;
}

HRESULT link_send(struct link *link, struct bytes data, bool *full)
{
    const size_t limit = link->transport->limits.send_queue_bytes;
    *full = false;
    if (link->state != LINK_OPEN)
        return PEER_E_CONNECTION_FAILED;
    size_t queued = unsent(link) + link->in_flight;
    if (data.size > SEND_QUEUE_HARD_FACTOR * limit ||
        queued > SEND_QUEUE_HARD_FACTOR * limit - data.size) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return PEER_E_CONNECTION_FAILED;
    }
    if (link->out_start > link->out.size / 2) {
        buffer_consume(&link->out, link->out_start);
        link->out_start = 0;
    }
    HRESULT hr = buffer_append(&link->out, data.data, data.size);
    if (FAILED(hr))
        return hr;
    link->full_reported |= queued + data.size > limit;
    *full = link->full_reported;
    link_mark_dirty(link);
    return S_OK;
}

static void on_written(uv_write_t *write, int status)
{
    struct write_request *request = (struct write_request *)write;
    struct link *link = request->link;
    link->in_flight -= request->size;
    mem_free(request);
    if (link->state == LINK_CLOSED)
        return;
    if (status < 0)
        link_shut(link, PEER_E_CONNECTION_FAILED);
    else
        link_mark_dirty(link);
}

/* Leaves to libuv what the kernel did not take. */
static void write_later(struct link *link, struct bytes cipher)
{
    struct write_request *request = mem_alloc(sizeof(*request) + cipher.size);
    if (!request) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    request->link = link;
    request->size = cipher.size;
    memcpy(request->data, cipher.data, cipher.size);
    uv_buf_t buffer = uv_buf_init((char *)request->data, (unsigned)cipher.size);
    if (uv_write(&request->write, (uv_stream_t *)&link->tcp, &buffer, 1, on_written) != 0) {
        mem_free(request);
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    link->in_flight += cipher.size;
}

void link_write(struct link *link, struct bytes cipher)
{
    if (cipher.size == 0 || link->state == LINK_CLOSED)
        return;
    if (link->in_flight == 0) {
        uv_buf_t buffer = uv_buf_init((char *)cipher.data, (unsigned)cipher.size);
        int taken = uv_try_write((uv_stream_t *)&link->tcp, &buffer, 1);
        if (taken < 0 && taken != UV_EAGAIN) {
            link_shut(link, PEER_E_CONNECTION_FAILED);
            return;
        }
        size_t skip = taken > 0 ? (size_t)taken : 0;
        cipher = bytes_of(cipher.data + skip, cipher.size - skip);
    }
    if (cipher.size > 0)
        write_later(link, cipher);
}

static void update_key_if_due(struct link *link)
{
    const struct transport_limits *limits = &link->transport->limits;
    uint64_t now = loop_now_ms(link->transport->loop);
    if (link->key_bytes < limits->key_bytes && now - link->key_since_ms < limits->key_ms)
        return;
    if (!tls_key_update(link->session))
        return; /* the last one has not gone out yet */
    link->key_bytes = 0;
    link->key_since_ms = now;
    link->key_updates++;
}

static bool encrypt(struct link *link, struct bytes data)
{
    size_t piece = link->limited ? STRANGER_RECORD : SEND_STEP;
    for (size_t at = 0; at < data.size; at += piece) {
        size_t size = data.size - at < piece ? data.size - at : piece;
        if (!tls_write(link->session, bytes_of(data.data + at, size)))
            return false;
    }
    return true;
}

/* Encrypts and writes one step of the queue. */
static void send_step(struct link *link)
{
    struct transport *transport = link->transport;
    size_t size = unsent(link) < SEND_STEP ? unsent(link) : SEND_STEP;
    update_key_if_due(link);
    transport->cipher.size = 0;
    link->io.output = &transport->cipher;
    bool ok = encrypt(link, bytes_of(link->out.data + link->out_start, size));
    link->io.output = NULL;
    if (!ok) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    link->out_start += size;
    link->key_bytes += size;
    link_write(link, buffer_view(&transport->cipher));
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    struct link *link = request->handle->data;
    if (link->state == LINK_CLOSED)
        return;
    link_tell_closed(link);
    if (status < 0 || link->ended)
        link_shut(link, link->reason);
}

/* All is written: say goodbye, then FIN. */
static void finish(struct link *link)
{
    struct transport *transport = link->transport;
    if (!link->goodbye) {
        link->goodbye = true;
        transport->cipher.size = 0;
        link->io.output = &transport->cipher;
        tls_goodbye(link->session);
        link->io.output = NULL;
        link_write(link, buffer_view(&transport->cipher));
    }
    if (link->state != LINK_FLUSHING || link->in_flight > 0)
        return;
    link->state = LINK_LINGERING;
    if (uv_shutdown(&link->shutdown, (uv_stream_t *)&link->tcp, on_shutdown) != 0)
        link_shut(link, link->reason);
}

void link_flush(struct link *link)
{
    for (unsigned step = 0; step < SEND_STEPS_A_TURN; step++) {
        if (link->state == LINK_CLOSED || link->in_flight > 0 || unsent(link) == 0)
            break;
        send_step(link);
    }
    if (link->state != LINK_OPEN && link->state != LINK_FLUSHING)
        return;
    if (unsent(link) == 0) {
        buffer_deinit(&link->out);
        link->out_start = 0;
    }
    if (unsent(link) > 0 && link->in_flight == 0) {
        link_mark_dirty(link);
        transport_again(link->transport);
    }
    if (unsent(link) == 0 && link->in_flight == 0 && link->state == LINK_FLUSHING)
        finish(link);
    size_t low = link->transport->limits.send_queue_bytes / 2;
    if (link->full_reported && unsent(link) + link->in_flight <= low) {
        link->full_reported = false;
        link->drained = true;
        transport_again(link->transport);
    }
}
