/* link.c - one link's life: dialled or accepted, read, paused, closed; and who is told what when.
 *
 * connect -> handshake (handshake.c) -> open -> flushing -> lingering -> closed. While it is open,
 * what arrives is decrypted into the transport's one buffer and given to the owner at once; nothing
 * of it is kept but what arrived while the owner paused. A stranger is read no further than its
 * allowance until link_authenticated.
 *
 * Callbacks are made from the loop's own callbacks only, never from inside a call of the owner's.
 * link_shut is the one way to the end, from every state; the memory goes when libuv has let go of
 * the handle and no job runs, so a link may be closed, or its owner freed, inside any callback.
 * After each callback the state is looked at again. */
#include "engine/transport_private.h"

#include "base/label.h"

#include <openssl/rand.h>
#include <utlist.h>

HRESULT link_new(struct transport *transport, struct link **out)
{
    *out = NULL;
    struct link *link = mem_zalloc(sizeof(*link));
    if (!link)
        return E_OUTOFMEMORY;
    HRESULT hr = link_start_new(link);
    if (FAILED(hr)) {
        mem_free(link);
        return hr;
    }
    uv_tcp_init(loop_uv(transport->loop), &link->tcp);
    link->tcp.data = link;
    link->transport = transport;
    link->references = 1;
    link->limited = true;
    transport->pending++;
    DL_APPEND(transport->links, link);
    *out = link;
    return S_OK;
}

void link_release(struct link *link)
{
    struct transport *transport = link->transport;
    if (--link->references > 0)
        return;
    if (link->dirty)
        LL_DELETE2(transport->dirty, link, dirty_next);
    DL_DELETE(transport->links, link);
    tls_session_free(link->session);
    link_start_free(link->start);
    buffer_deinit(&link->held);
    buffer_deinit(&link->out);
    mem_free(link);
    transport_release(transport);
}

void link_set_deadline(struct link *link, uint64_t deadline)
{
    link->deadline = deadline;
    if (deadline)
        transport_deadline(link->transport, deadline);
}

static void forget_stranger(struct link *link)
{
    if (link->stranger)
        link->transport->strangers--;
    link->stranger = false;
}

/* ---- the end ---- */

void link_tell_closed(struct link *link)
{
    struct transport_owner *owner = link->owner;
    link->owner = NULL;
    if (owner)
        owner->callbacks.link_closed(owner->context, link->opened ? link : NULL, link->token,
                                     link->reason);
}

static void on_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;
    link_tell_closed(link);
    link_release(link);
}

void link_shut(struct link *link, HRESULT reason)
{
    if (link->state == LINK_CLOSED)
        return;
    if (link->state <= LINK_OPEN)
        link->reason = reason;
    link->state = LINK_CLOSED;
    forget_stranger(link);
    uv_close((uv_handle_t *)&link->tcp, on_closed);
}

void link_close(struct link *link, HRESULT reason)
{
    if (link->state != LINK_OPEN)
        return;
    link->state = LINK_FLUSHING;
    link->reason = reason;
    buffer_deinit(&link->held);
    link_set_deadline(link, loop_now_ms(link->transport->loop) + link->transport->limits.close_ms);
    link_read(link);
    link_mark_dirty(link);
}

/* ---- reading ---- */

static uint32_t allowance(const struct link *link)
{
    uint32_t limit = link->transport->limits.stranger_bytes;
    if (!link->limited)
        return UINT32_MAX;
    return link->received < limit ? limit - link->received : 0;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct link *link = handle->data;
    uint32_t allowed = allowance(link);
    bool discard = link->state > LINK_OPEN;
    *buffer = uv_buf_init((char *)link->transport->receive,
                          discard || allowed > RECEIVE_SIZE ? RECEIVE_SIZE : allowed);
}

static void received_end(struct link *link, bool broken)
{
    link->ended = true;
    uv_read_stop((uv_stream_t *)&link->tcp);
    link->reading = false;
    if (link->state == LINK_SHAKING && !broken)
        handshake_ended(link);
    else if (link->state != LINK_FLUSHING || broken)
        link_shut(link, PEER_E_CONNECTION_FAILED);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer)
{
    struct link *link = stream->data;
    if (size < 0)
        received_end(link, size != UV_EOF);
    if (size <= 0 || link->state > LINK_OPEN)
        return;
    struct bytes data = bytes_of(buffer->base, (size_t)size);
    if (link->limited)
        link->received += (uint32_t)size;
    if (link->state == LINK_SHAKING) {
        handshake_received(link, data);
    } else {
        ASSERT(link->held.size == 0 && !link->paused);
        link->io.input = data;
        link_decrypt(link);
    }
    link_read(link);
}

void link_read(struct link *link)
{
    bool wanted = false;
    if (link->state == LINK_SHAKING)
        wanted = allowance(link) > 0;
    else if (link->state == LINK_OPEN)
        wanted = allowance(link) > 0 && !link->paused && !link->resumed;
    else if (link->state == LINK_FLUSHING || link->state == LINK_LINGERING)
        wanted = true;
    if (link->ended || link->state == LINK_CLOSED || wanted == link->reading)
        return;
    link->reading = wanted;
    if (!wanted)
        uv_read_stop((uv_stream_t *)&link->tcp);
    else if (uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read) != 0)
        link_shut(link, PEER_E_CONNECTION_FAILED);
}

bool link_hold(struct link *link, struct bytes more)
{
    if (SUCCEEDED(buffer_append(&link->held, more.data, more.size)))
        return true;
    link_shut(link, PEER_E_CONNECTION_FAILED);
    return false;
}

/* Fills the transport's buffer as far as the input goes. */
static enum tls_progress decrypt_some(struct link *link, size_t *filled)
{
    struct transport *transport = link->transport;
    enum tls_progress progress = TLS_DONE;
    *filled = 0;
    transport->cipher.size = 0;
    link->io.output = &transport->cipher;
    while (*filled < RECEIVE_SIZE && progress == TLS_DONE) {
        size_t got = 0;
        progress =
            tls_read(link->session, transport->plain + *filled, RECEIVE_SIZE - *filled, &got);
        *filled += got;
    }
    link->io.output = NULL;
    return progress;
}

void link_decrypt(struct link *link)
{
    struct transport *transport = link->transport;
    enum tls_progress progress = TLS_DONE;
    while (progress == TLS_DONE && link->state == LINK_OPEN && !link->paused) {
        size_t filled = 0;
        progress = decrypt_some(link, &filled);
        HRESULT reason = progress == TLS_FAILED && tls_refused_by_peer()
                             ? PEER_E_CONNECTION_NOT_AUTHENTICATED
                             : PEER_E_CONNECTION_FAILED;
        link_write(link, buffer_view(&transport->cipher)); /* an alert, if anything */
        if (filled > 0 && link->state == LINK_OPEN)
            link->owner->callbacks.link_data(link->owner->context, link,
                                             bytes_of(transport->plain, filled));
        if (progress == TLS_FAILED && link->state == LINK_OPEN)
            link_shut(link, reason);
    }
    if (link->state == LINK_OPEN && link->io.input.size > 0)
        (void)link_hold(link, link->io.input);
    link->io.input = bytes_of(NULL, 0);
}

void link_pause(struct link *link)
{
    link->paused = true;
    link_read(link);
}

void link_resume(struct link *link)
{
    if (!link->paused)
        return;
    link->paused = false;
    link->resumed = true;
    transport_again(link->transport);
}

void link_resumed(struct link *link)
{
    if (link->state != LINK_OPEN || link->paused)
        return;
    struct buffer held CLEANUP_BUFFER = link->held;
    link->held = BUFFER_NULL;
    link->io.input = buffer_view(&held);
    link_decrypt(link);
    if (link->ended && link->state == LINK_OPEN && !link->paused)
        link_shut(link, PEER_E_CONNECTION_FAILED);
    link_read(link);
}

/* ---- the beginning ---- */

void link_accepted(struct link *link)
{
    struct transport *transport = link->transport;
    link->incoming = link->stranger = true;
    transport->strangers++;
    link->state = LINK_SHAKING;
    link->start->tls.incoming = true;
    link->start->tls.admit = transport_admit;
    uv_tcp_nodelay(&link->tcp, 1);
    link_set_deadline(link, loop_now_ms(transport->loop) + transport->limits.stranger_ms);
    link_read(link);
}

void link_opened(struct link *link, struct transport_owner *owner)
{
    uint64_t now = loop_now_ms(link->transport->loop);
    link->owner = owner;
    link->state = LINK_OPEN;
    link->opened = true;
    link->key_since_ms = now;
    if (!link->incoming)
        link_set_deadline(link, now + link->transport->limits.stranger_ms);
    owner->callbacks.link_opened(owner->context, link, link->incoming, link->token);
    link_resumed(link);
}

/* Who calls whom, in the server name and the expected key. */
static HRESULT prepare_dial(struct transport_owner *owner, const struct hash *expected,
                            struct tls_handshake *tls)
{
    uint8_t nonce[SNI_NONCE_SIZE];
    if (RAND_bytes(nonce, sizeof(nonce)) != 1)
        return E_OUTOFMEMORY;
    transport_owner_calls(owner, nonce);
    sni_make(&owner->sni_key, nonce, sni_day(loop_utc()), expected, tls->server_name);
    tls->identity = tls_identity_share(&owner->identity);
    tls->expects = expected != NULL;
    if (expected)
        tls->expected = *expected;
    return S_OK;
}

HRESULT transport_dial(struct transport_owner *owner, const struct sockaddr_in6 *address,
                       const struct hash *expected, uint32_t timeout_ms, uint64_t token)
{
    struct transport *transport = owner->transport;
    struct link *link = NULL;
    if (!address_may_dial(address))
        return E_INVALIDARG;
    HRESULT hr = link_new(transport, &link);
    if (FAILED(hr))
        return hr;
    hr = prepare_dial(owner, expected, &link->start->tls);
    if (FAILED(hr)) {
        link_shut(link, hr);
        return hr;
    }
    link->owner = owner;
    link->token = token;
    link->address = *address;
    link_set_deadline(link, loop_now_ms(transport->loop) + timeout_ms);
    struct sockaddr_storage socket;
    address_to_socket(address, &socket);
    int failed = uv_tcp_connect(&link->start->connect, &link->tcp, (const struct sockaddr *)&socket,
                                handshake_connected);
    if (failed)
        link_shut(link, PEER_E_CONNECTION_FAILED);
    return S_OK;
}

/* ---- what the owner asks ---- */

void link_set_context(struct link *link, void *context)
{
    link->context = context;
}

void *link_context(const struct link *link)
{
    return link->context;
}

const uint8_t *link_peer_key(const struct link *link)
{
    return link->peer_key;
}

const struct sockaddr_in6 *link_address(const struct link *link)
{
    return &link->address;
}

HRESULT link_export(struct link *link, const uint8_t *label, uint8_t *out, size_t size)
{
    memset(out, 0, size);
    if (link->state != LINK_OPEN)
        return PEER_E_CONNECTION_FAILED;
    return tls_export(link->session, label, out, size) ? S_OK : E_OUTOFMEMORY;
}

void link_authenticated(struct link *link)
{
    link->limited = false;
    forget_stranger(link);
    if (link->state == LINK_OPEN)
        link_set_deadline(link, 0);
    link_read(link);
}

void link_trusted(struct link *link, uint32_t within_ms)
{
    if (link->state != LINK_OPEN || !link->limited)
        return;
    link->limited = false;
    link_set_deadline(link, loop_now_ms(link->transport->loop) + within_ms);
    link_read(link);
}
