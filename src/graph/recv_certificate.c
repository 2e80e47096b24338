/* recv_certificate.c - CERTIFICATE_REQUEST and CERTIFICATE: chains by the hash of their leaf.
 *
 * Only what was asked for is taken: a certificate that no deferred record waits for costs nothing
 * but its bytes. */
#include "graph/graph_internal.h"

HRESULT recv_certificate_request(struct graph *graph, struct neighbour *neighbour,
                                 struct bytes body)
{
    struct provider *provider = graph->config.provider;
    struct message_list list;
    HRESULT hr = message_decode_certificate_request(body, &list);
    struct hash wanted;
    while (SUCCEEDED(hr) && message_next_hash(&list, &wanted)) {
        struct buffer chain = BUFFER_NULL;
        hr = provider->ops->certificate_chain(provider, &wanted, &chain);
        struct message_certificate message = {.certificate = wanted, .chain = buffer_view(&chain)};
        if (SUCCEEDED(hr))
            hr = message_encode_certificate(&message, &neighbour->out);
        else if (hr == PEER_E_NOT_FOUND)
            hr = S_OK;
        buffer_deinit(&chain);
    }
    return hr;
}

static bool awaited(const struct graph *graph, const struct hash *certificate)
{
    for (const struct pending *p = graph->pending; p; p = p->hh.next)
        if (p->deferred && hash_equal(&p->certificate, certificate))
            return true;
    return false;
}

HRESULT recv_certificate(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    (void)neighbour;
    struct message_certificate message;
    HRESULT hr = message_decode_certificate(body, &message);
    if (FAILED(hr) || !awaited(graph, &message.certificate))
        return hr;
    struct provider *provider = graph->config.provider;
    hr = provider->ops->certificate_take(provider, message.chain);
    return SUCCEEDED(hr) ? pending_certificate_came(graph) : hr;
}
