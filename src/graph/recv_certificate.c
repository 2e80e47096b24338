/* recv_certificate.c - CERTIFICATE_REQUEST and CERTIFICATE: chains by the hash of their leaf.
 *
 * What the neighbour asks for goes out when the link has room, before other bulk, since records
 * wait for it. Only what was asked for is taken: a certificate that no deferred record waits for
 * costs nothing but its bytes. */
#include "graph/graph_internal.h"

static bool is_due(const struct neighbour *neighbour, const struct hash *certificate)
{
    for (uint32_t i = 0; i < neighbour->certificate_count; i++)
        if (hash_equal(&neighbour->certificates[i], certificate))
            return true;
    return false;
}

HRESULT recv_certificate_request(struct graph *graph, struct neighbour *neighbour,
                                 struct bytes body)
{
    (void)graph;
    struct message_list list;
    HRESULT hr = message_decode_certificate_request(body, &list);
    struct hash wanted;
    while (SUCCEEDED(hr) && message_next_hash(&list, &wanted))
        if (neighbour->certificate_count < CERTIFICATES_MAX && !is_due(neighbour, &wanted))
            neighbour->certificates[neighbour->certificate_count++] = wanted;
    return hr;
}

static bool sent_by(const struct pending *pending, uint64_t link)
{
    bool sent = pending->source == link;
    for (uint32_t i = 0; i < pending->other_count; i++)
        sent = sent || pending->others[i] == link;
    return sent;
}

static bool awaited(const struct graph *graph, uint64_t link, const struct hash *certificate)
{
    for (const struct pending *p = graph->pending; p; p = p->hh.next)
        if (p->deferred && sent_by(p, link) && hash_equal(&p->certificate, certificate))
            return true;
    return false;
}

/* The last certificate of a chain is the one that it was asked for. */
static bool ends_with(struct bytes chain, const struct hash *certificate)
{
    struct wire_reader reader;
    struct hash hash = {{0}};
    wire_reader_init(&reader, chain);
    do {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        if (!reader.failed)
            hash_sha256(der.data, der.size, &hash);
    } while (!reader.failed && !wire_reader_done(&reader));
    return !reader.failed && hash_equal(&hash, certificate);
}

HRESULT recv_certificate(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_certificate message;
    HRESULT hr = message_decode_certificate(body, &message);
    if (FAILED(hr) || !awaited(graph, neighbour->link, &message.certificate) ||
        !ends_with(message.chain, &message.certificate))
        return hr;
    struct provider *provider = graph->config.provider;
    hr = provider->ops->certificate_take(provider, message.chain);
    return SUCCEEDED(hr) ? pending_certificate_came(graph) : hr;
}
