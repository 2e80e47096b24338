/* own_record.c - records that a node keeps about itself, and the payloads of those that tell where
 * and what it is.
 *
 * Happy path: the first write adds the record, later ones update it while it lives, leaving deletes
 * it. None outlives the certificate that signs it. Failure: a certificate that has ended may write
 * nothing more, which is no failure of the step (own_record_outcome). The decoders are total:
 * PEER_E_INVALID_RECORD for what no encoder writes. */
#include "graph/graph_internal.h"

enum { PAYLOAD_VERSION = 1, ATTRIBUTES_MAX = 4096 };

uint64_t own_expiration(struct graph *graph, uint64_t lifetime_s)
{
    struct hash key;
    struct bytes name;
    uint64_t end;
    graph->config.provider->ops->own(graph->config.provider, &key, &name, &end);
    uint64_t wanted = graph_time(graph) + lifetime_s * TICKS_PER_SECOND;
    return wanted < end ? wanted : end;
}

HRESULT own_record_write(struct graph *graph, struct own_record *own, const struct guid *type,
                         uint64_t lifetime_s, struct bytes payload)
{
    bool stored = false;
    struct graph_publish record = {.kind = own->exists ? PUBLISH_UPDATE : PUBLISH_ADD,
                                   .id = own->id,
                                   .type = *type,
                                   .expiration = own_expiration(graph, lifetime_s),
                                   .payload = payload,
                                   .payload_size = payload.size,
                                   .reserved = true};
    payload_leaf(payload, &record.payload_root);
    HRESULT hr = publish(graph, &record, &own->id, &stored);
    if (hr == PEER_E_RECORD_NOT_FOUND) {
        own->exists = false;
        record.kind = PUBLISH_ADD;
        hr = publish(graph, &record, &own->id, &stored);
    }
    own->exists = own->exists || SUCCEEDED(hr); /* what could not be changed still stands */
    return hr;
}

HRESULT own_record_withdraw(struct graph *graph, struct own_record *own)
{
    if (!own->exists)
        return S_OK;
    own->exists = false;
    struct graph_publish record = {.kind = PUBLISH_DELETE, .id = own->id, .reserved = true};
    struct guid id;
    bool stored = false;
    HRESULT hr = publish(graph, &record, &id, &stored);
    return own_record_outcome(hr);
}

HRESULT own_record_outcome(HRESULT hr)
{
    return graph_is_fault(hr) ? hr : S_OK;
}

/* ---- payloads ---- */

HRESULT presence_encode(const struct presence *presence, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PAYLOAD_VERSION);
    wire_write_u64(&writer, presence->node_id);
    wire_write_addresses(&writer, &presence->addresses);
    wire_write_blob(&writer, presence->attributes);
    return writer.hr;
}

HRESULT presence_decode(struct bytes payload, struct presence *presence)
{
    struct wire_reader reader;
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    presence->node_id = wire_read_u64(&reader);
    wire_read_addresses(&reader, &presence->addresses);
    presence->attributes = wire_read_text(&reader, ATTRIBUTES_MAX);
    bool sound = wire_reader_done(&reader) && version == PAYLOAD_VERSION &&
                 presence->node_id != 0 && presence->addresses.count <= LIMIT_ADDRESSES;
    return sound ? S_OK : PEER_E_INVALID_RECORD;
}

HRESULT signature_encode(uint64_t node_id, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PAYLOAD_VERSION);
    wire_write_u64(&writer, node_id);
    return writer.hr;
}

HRESULT signature_decode(struct bytes payload, uint64_t *node_id)
{
    struct wire_reader reader;
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    *node_id = wire_read_u64(&reader);
    bool sound = wire_reader_done(&reader) && version == PAYLOAD_VERSION && *node_id != 0;
    return sound ? S_OK : PEER_E_INVALID_RECORD;
}

HRESULT contact_encode(const struct contact *contact, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_u8(&writer, PAYLOAD_VERSION);
    wire_write_u64(&writer, contact->signature);
    wire_write_u64(&writer, contact->node_id);
    wire_write_addresses(&writer, &contact->addresses);
    return writer.hr;
}

HRESULT contact_decode(struct bytes payload, struct contact *contact)
{
    struct wire_reader reader;
    wire_reader_init(&reader, payload);
    uint8_t version = wire_read_u8(&reader);
    contact->signature = wire_read_u64(&reader);
    contact->node_id = wire_read_u64(&reader);
    wire_read_addresses(&reader, &contact->addresses);
    bool sound = wire_reader_done(&reader) && version == PAYLOAD_VERSION &&
                 contact->signature != 0 && contact->node_id != 0 &&
                 contact->addresses.count >= 1 && contact->addresses.count <= LIMIT_ADDRESSES;
    return sound ? S_OK : PEER_E_INVALID_RECORD;
}
