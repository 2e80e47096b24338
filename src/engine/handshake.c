/* handshake.c - TLS handshakes in the thread pool; the loop only collects bytes.
 *
 * A dialled link starts a job when it is connected; an incoming one when its first TLS record is
 * complete and looks like a ClientHello, so that a stranger who talks something else, or slowly,
 * costs a few bytes and no job. A job takes all input, goes as far as it can and leaves output;
 * then the loop writes that, and starts the next job when more has come. Session, input and output
 * belong to the job while it runs.
 *
 * A caller whose server name did not admit gets no answer at all. Later failures send TLS's alert,
 * and the dialling owner hears PEER_E_CONNECTION_NOT_AUTHENTICATED (a wrong certificate or key, on
 * either side) or PEER_E_CONNECTION_FAILED. */
#include "engine/transport_private.h"

HRESULT link_start_new(struct link *link)
{
    link->start = mem_zalloc(sizeof(*link->start));
    if (!link->start)
        return E_OUTOFMEMORY;
    link->start->link = link;
    link->start->work.data = link->start;
    link->start->connect.data = link;
    return S_OK;
}

void link_start_free(struct link_start *start)
{
    if (!start)
        return;
    tls_identity_deinit(&start->tls.identity);
    buffer_deinit(&start->inbox);
    buffer_deinit(&start->input);
    buffer_deinit(&start->output);
    mem_free(start);
}

/* In the pool. */
static void work(uv_work_t *request)
{
    struct link_start *start = request->data;
    struct link *link = start->link;
    start->progress = TLS_FAILED;
    if (!link->session)
        link->session = tls_session(link->transport->tls, &link->io, &start->tls);
    if (!link->session)
        return;
    link->io.input = buffer_view(&start->input);
    link->io.output = &start->output;
    start->progress = tls_handshake(link->session);
    start->refused_by_peer = start->progress == TLS_FAILED && tls_refused_by_peer();
    buffer_consume(&start->input, start->input.size - link->io.input.size);
    link->io.input = bytes_of(NULL, 0);
    link->io.output = NULL;
}

static void after_work(uv_work_t *request, int status);

/* Starts a job if none runs and there is something to do. */
static void run(struct link *link)
{
    struct link_start *start = link->start;
    if (start->running || link->state != LINK_SHAKING)
        return;
    if (FAILED(buffer_append(&start->input, start->inbox.data, start->inbox.size))) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    buffer_deinit(&start->inbox);
    start->running = true;
    link->references++;
    int failed = uv_queue_work(loop_uv(link->transport->loop), &start->work, work, after_work);
    ASSERT(failed == 0); /* it fails for a missing function only */
}

static void fail(struct link *link)
{
    struct link_start *start = link->start;
    bool refused = start->tls.refused || start->refused_by_peer;
    HRESULT reason = refused ? PEER_E_CONNECTION_NOT_AUTHENTICATED : PEER_E_CONNECTION_FAILED;
    if (start->output.size == 0 || (link->incoming && !start->tls.admitted)) {
        link_shut(link, reason);
        return;
    }
    link->reason = reason;
    link->state = LINK_FLUSHING;
    link->goodbye = true;
    link_write(link, buffer_view(&start->output));
    uint64_t latest = loop_now_ms(link->transport->loop) + link->transport->limits.close_ms;
    if (link->deadline == 0 || link->deadline > latest)
        link_set_deadline(link, latest);
    link_read(link);
    link_mark_dirty(link);
}

/* TLS is up: what has arrived beyond the handshake is the link's, and the start's memory goes. */
static void succeed(struct link *link)
{
    struct link_start *start = link->start;
    struct transport_owner *owner = link->owner;
    if (link->incoming)
        owner = transport_find_owner(link->transport, start->owner_number);
    if (!owner) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    memcpy(link->peer_key, start->tls.peer_key, KEY_SIZE);
    if (!link_hold(link, buffer_view(&start->input)) ||
        !link_hold(link, buffer_view(&start->inbox)))
        return;
    link->start = NULL;
    link_start_free(start);
    link_opened(link, owner);
}

static void continue_shaking(struct link *link)
{
    const struct link_start *start = link->start;
    if (start->inbox.size > 0) {
        run(link);
        return;
    }
    link_read(link);
    if (link->state == LINK_SHAKING && (link->ended || !link->reading))
        link_shut(link, PEER_E_CONNECTION_FAILED);
}

static void after_work(uv_work_t *request, int status)
{
    struct link_start *start = request->data;
    struct link *link = start->link;
    start->running = false;
    if (link->state == LINK_SHAKING && status == 0) {
        if (start->progress == TLS_FAILED) {
            fail(link);
        } else {
            link_write(link, buffer_view(&start->output));
            start->output.size = 0;
            if (link->state == LINK_SHAKING && start->progress == TLS_DONE)
                succeed(link);
            else if (link->state == LINK_SHAKING)
                continue_shaking(link);
        }
    }
    link_release(link);
}

void handshake_connected(uv_connect_t *request, int status)
{
    struct link *link = request->data;
    if (link->state != LINK_CONNECTING)
        return;
    if (status < 0) {
        link_shut(link,
                  status == UV_ECONNREFUSED ? PEER_E_CONNECTION_REFUSED : PEER_E_CONNECTION_FAILED);
        return;
    }
    link->state = LINK_SHAKING;
    uv_tcp_nodelay(&link->tcp, 1);
    link_read(link);
    run(link);
}

/* S_OK: may be a whole ClientHello; S_FALSE: wait for more; E_INVALIDARG: it cannot become one. */
static HRESULT check_first_record(struct bytes data)
{
    enum { HANDSHAKE = 22, MAJOR = 3, CLIENT_HELLO = 1 };
    const uint8_t *at = data.data;
    if (at[0] != HANDSHAKE || (data.size > 1 && at[1] != MAJOR) ||
        (data.size > TLS_HEADER_SIZE && at[TLS_HEADER_SIZE] != CLIENT_HELLO))
        return E_INVALIDARG;
    if (data.size < TLS_HEADER_SIZE)
        return S_FALSE;
    size_t size = (size_t)at[3] << 8 | at[4];
    if (size == 0 || size > TLS_PLAIN_MAX)
        return E_INVALIDARG;
    return data.size < TLS_HEADER_SIZE + size ? S_FALSE : S_OK;
}

void handshake_received(struct link *link, struct bytes data)
{
    struct link_start *start = link->start;
    if (FAILED(buffer_append(&start->inbox, data.data, data.size))) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return;
    }
    if (link->incoming && !start->running && !link->session) {
        HRESULT hr = check_first_record(buffer_view(&start->inbox));
        if (FAILED(hr))
            link_shut(link, PEER_E_CONNECTION_FAILED);
        if (hr != S_OK)
            return;
    }
    run(link);
}

void handshake_ended(struct link *link)
{
    /* A running job may be about to finish with what came before the end. */
    if (!link->start->running)
        link_shut(link, PEER_E_CONNECTION_FAILED);
}
