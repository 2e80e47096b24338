/* listener.c - the process's one listener: where it listens, who may come in, and where others can
 * reach it.
 *
 * transport_listen tries the ports in order and counts its users. A caller becomes a link under the
 * limits for strangers: when their table is full, or their address has its share, it is closed at
 * accept, before any byte is read. Without memory for a caller it waits in the kernel for a moment.
 *
 * PEER_E_UNABLE_TO_LISTEN when no port can be had, E_INVALIDARG when PEERGROUP_LISTEN does not
 * parse. */
#include "engine/transport_private.h"

#include <stdlib.h>
#include <utlist.h>

enum { BACKLOG = 128, ACCEPT_RETRY_MS = 100, INTERFACE_ADDRESSES_MAX = 64 };

static unsigned strangers_at(const struct transport *transport, const struct sockaddr_in6 *address)
{
    unsigned count = 0;
    const struct link *link = NULL;
    DL_FOREACH (transport->links, link)
        count += link->stranger && address_same_site(&link->address, address);
    return count;
}

/* Takes the waiting caller into a new link; S_FALSE: refused or gone. */
static HRESULT accept_caller(struct listener *listener)
{
    struct transport *transport = listener->transport;
    struct link *link = NULL;
    HRESULT hr = link_new(transport, &link);
    if (FAILED(hr))
        return hr;
    struct sockaddr_storage peer = {.ss_family = AF_UNSPEC};
    int size = sizeof(peer);
    if (uv_accept((uv_stream_t *)&listener->tcp, (uv_stream_t *)&link->tcp) != 0 ||
        uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&peer, &size) != 0 ||
        !address_from_socket((const struct sockaddr *)&peer, &link->address) ||
        transport->strangers >= transport->limits.strangers ||
        strangers_at(transport, &link->address) >= transport->limits.strangers_per_address) {
        link_shut(link, PEER_E_CONNECTION_FAILED);
        return S_FALSE;
    }
    link_accepted(link);
    return S_OK;
}

static void on_connection(uv_stream_t *stream, int status)
{
    struct listener *listener = stream->data;
    struct transport *transport = listener->transport;
    if (status < 0 || listener != transport->listener)
        return;
    listener->accept_later = FAILED(accept_caller(listener));
    if (listener->accept_later)
        transport_deadline(transport, loop_now_ms(transport->loop) + ACCEPT_RETRY_MS);
}

void listener_retry(struct transport *transport)
{
    if (transport->listener && transport->listener->accept_later)
        on_connection((uv_stream_t *)&transport->listener->tcp, 0);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;
    struct transport *transport = listener->transport;
    mem_free(listener);
    transport_release(transport);
}

void listener_close(struct transport *transport)
{
    struct listener *listener = transport->listener;
    transport->listener = NULL;
    uv_close((uv_handle_t *)&listener->tcp, on_listener_closed);
}

/* Starts the handle; 0 or libuv's error. */
static int start_listening(struct listener *listener, const struct sockaddr_in6 *address,
                           struct sockaddr_in6 *bound)
{
    struct sockaddr_storage socket;
    address_to_socket(address, &socket);
    int failed = uv_tcp_bind(&listener->tcp, (const struct sockaddr *)&socket, 0);
    if (!failed)
        failed = uv_listen((uv_stream_t *)&listener->tcp, BACKLOG, on_connection);
    int size = sizeof(socket);
    if (!failed)
        failed = uv_tcp_getsockname(&listener->tcp, (struct sockaddr *)&socket, &size);
    if (!failed && !address_from_socket((const struct sockaddr *)&socket, bound))
        failed = UV_EAFNOSUPPORT;
    return failed;
}

static HRESULT open_at(struct transport *transport, const struct sockaddr_in6 *address, int *error)
{
    *error = 0;
    struct listener *listener = mem_zalloc(sizeof(*listener));
    if (!listener)
        return E_OUTOFMEMORY;
    listener->transport = transport;
    uv_tcp_init(loop_uv(transport->loop), &listener->tcp);
    listener->tcp.data = listener;
    transport->pending++;
    transport->listener = listener;
    *error = start_listening(listener, address, &transport->bound);
    if (*error == 0)
        return S_OK;
    listener_close(transport);
    return PEER_E_UNABLE_TO_LISTEN;
}

/* A system without IPv6 gets the IPv4 meaning of "any address". */
static HRESULT open_any(struct transport *transport, const struct sockaddr_in6 *address)
{
    int error = 0;
    HRESULT hr = open_at(transport, address, &error);
    if (SUCCEEDED(hr) || address_is_ipv4(address) || !address_is_unspecified(address) ||
        (error != UV_EAFNOSUPPORT && error != UV_EADDRNOTAVAIL))
        return hr;
    struct sockaddr_in6 any_v4;
    address_from_ipv4((struct in_addr){.s_addr = INADDR_ANY}, address->sin6_port, &any_v4);
    return open_at(transport, &any_v4, &error);
}

HRESULT transport_listen(struct transport *transport, uint16_t remembered_port,
                         struct sockaddr_in6 *bound)
{
    memset(bound, 0, sizeof(*bound));
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    bool port_given = false;
    const char *wanted = getenv("PEERGROUP_LISTEN");
    HRESULT hr = S_OK;
    if (wanted && *wanted)
        hr = address_parse_listen(wanted, &address, &port_given);
    if (FAILED(hr))
        return hr;
    const uint16_t ports[] = {GROUP_PORT, remembered_port, 0};
    const unsigned count = sizeof(ports) / sizeof(ports[0]);
    if (port_given && !transport->listener)
        hr = open_any(transport, &address);
    for (unsigned i = 0; !port_given && !transport->listener && i < count; i++) {
        address.sin6_port = htons(ports[i]);
        if (ports[i] != 0 || i == count - 1)
            hr = open_any(transport, &address);
        if (hr == E_OUTOFMEMORY)
            return hr;
    }
    if (!transport->listener)
        return FAILED(hr) ? hr : PEER_E_UNABLE_TO_LISTEN;
    transport->listeners_wanted++;
    *bound = transport->bound;
    return S_OK;
}

void transport_unlisten(struct transport *transport)
{
    ASSERT(transport->listeners_wanted > 0);
    if (--transport->listeners_wanted == 0)
        listener_close(transport);
}

unsigned transport_addresses(struct transport *transport, struct sockaddr_in6 *addresses,
                             unsigned max)
{
    if (!transport->listener || max == 0)
        return 0;
    if (!address_is_unspecified(&transport->bound)) {
        addresses[0] = transport->bound;
        return 1;
    }
    struct sockaddr_in6 own[INTERFACE_ADDRESSES_MAX];
    unsigned found = address_own(own, INTERFACE_ADDRESSES_MAX), usable = 0;
    for (unsigned i = 0; i < found; i++) {
        if (address_is_ipv4(&transport->bound) && !address_is_ipv4(&own[i]))
            continue;
        own[usable] = own[i];
        own[usable++].sin6_port = transport->bound.sin6_port;
    }
    usable = address_select(own, usable, max < LIMIT_ADDRESSES ? max : LIMIT_ADDRESSES);
    memcpy(addresses, own, usable * sizeof(own[0]));
    return usable;
}
