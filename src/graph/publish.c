/* publish.c - an own record: add, update, delete.
 *
 * The rules that compare with the version before bind the writer, here: same id and type, not
 * deleted, expiration not shorter, version + 1 (the greatest stays), last-modified = max(now,
 * previous + 1). The provider signs, or says PEER_E_NOT_AUTHORIZED; the signed version then takes
 * the same way as one that came from a neighbour (accept.c). */
#include "graph/graph_internal.h"

struct draft {
    struct record record;
    struct store_record previous; /* owned copy for update and delete */
    struct record before;
    struct buffer header;
};

static void draft_deinit(struct draft *draft)
{
    store_record_deinit(&draft->previous);
    buffer_deinit(&draft->header);
}

static HRESULT draft_add(struct graph *graph, const struct graph_publish *publish,
                         struct draft *draft)
{
    struct record *record = &draft->record;
    uint64_t now = graph_time(graph);
    record->type = publish->type;
    record->version = 1;
    record->created = publish->fixed_id ? 0 : now;
    record->modified = now;
    if (!publish->fixed_id)
        graph_random(graph, record->nonce, sizeof(record->nonce));
    if (publish->creator) {
        record->creator = *publish->creator;
        record->creator_name = publish->creator_name;
    }
    record_make_id(graph->graph_id, record, &record->id);
    return publish->expiration > now ? S_OK : E_INVALIDARG;
}

static HRESULT draft_next(struct graph *graph, const struct graph_publish *publish,
                          struct draft *draft)
{
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->get(store, &publish->id, &draft->previous);
    if (FAILED(hr))
        return hr;
    if (!graph_row_is_visible(graph, &draft->previous, graph->now.utc))
        return PEER_E_RECORD_NOT_FOUND;
    if (FAILED(record_header_decode(draft->previous.header, &draft->before)))
        return PEER_E_INVALID_DATABASE;
    if (!publish->reserved && record_type_is_reserved(&draft->before.type))
        return PEER_E_NOT_AUTHORIZED;
    struct record *record = &draft->record;
    struct hash own;
    struct bytes own_name;
    uint64_t own_end;
    graph->config.provider->ops->own(graph->config.provider, &own, &own_name, &own_end);
    uint64_t now = graph_time(graph);
    *record = draft->before;
    record->version += record->version < UINT32_MAX;
    record->modified = now > draft->before.modified ? now : draft->before.modified + 1;
    record->modifier = publish->creator ? *publish->creator : own;
    record->modifier_name = publish->creator ? publish->creator_name : own_name;
    if (publish->kind == PUBLISH_UPDATE) {
        bool same_type = guid_equal(&publish->type, &draft->before.type);
        return same_type && publish->expiration >= draft->before.expiration ? S_OK : E_INVALIDARG;
    }
    /* A tombstone of another member's record stays as long as its signer may speak. */
    record->deleted = true;
    if (!hash_equal(&own, &draft->before.creator))
        record->expiration = own_end;
    return S_OK;
}

static void draft_content(const struct graph_publish *publish, struct draft *draft)
{
    struct record *record = &draft->record;
    record->attributes = bytes_of(NULL, 0);
    record->payload_size = 0;
    payload_leaf(bytes_of(NULL, 0), &record->payload_root);
    if (publish->kind == PUBLISH_DELETE)
        return;
    record->expiration = publish->expiration;
    record->attributes = publish->attributes;
    record->payload_size = publish->payload_size;
    record->payload_root = publish->payload_root;
}

static HRESULT publish_draft(struct graph *graph, const struct graph_publish *publish,
                             struct draft *draft, bool *stored)
{
    HRESULT hr = record_header_encode(&draft->record, &draft->header);
    if (FAILED(hr))
        return hr;
    struct record record;
    hr = record_header_decode(buffer_view(&draft->header), &record);
    if (FAILED(hr))
        return hr;
    struct hash digest;
    struct record_seal seal;
    record_digest(graph->graph_id, buffer_view(&draft->header), &digest);
    hr = graph->config.provider->ops->seal(graph->config.provider, &record, &digest, &seal);
    if (FAILED(hr))
        return hr;
    struct accepted accepted = {.record = &record,
                                .digest = &digest,
                                .seal = &seal,
                                .header = buffer_view(&draft->header),
                                .payload = publish->kind == PUBLISH_DELETE ? bytes_of(NULL, 0)
                                                                           : publish->payload,
                                .local = true};
    *stored = true;
    return accept_version(graph, &accepted);
}

static HRESULT publish_sealed(struct graph *graph, const struct graph_sealed *sealed,
                              struct guid *id, bool *stored)
{
    struct store_record held;
    enum verdict_class class;
    *id = sealed->record->id;
    HRESULT hr = classify(graph, sealed->record, sealed->digest, &held, &class);
    if (FAILED(hr) || class != CLASS_NEW)
        return hr;
    struct accepted accepted = {.record = sealed->record,
                                .digest = sealed->digest,
                                .seal = sealed->seal,
                                .header = sealed->header,
                                .payload = sealed->payload,
                                .local = true};
    *stored = true;
    return accept_version(graph, &accepted);
}

HRESULT publish(struct graph *graph, const struct graph_publish *publish, struct guid *id,
                bool *stored)
{
    *stored = false;
    if (publish->kind == PUBLISH_SEALED)
        return publish_sealed(graph, publish->sealed, id, stored);
    if (!publish->reserved && publish->kind != PUBLISH_DELETE &&
        record_type_is_reserved(&publish->type))
        return PEER_E_NOT_AUTHORIZED;
    struct draft draft = {.header = BUFFER_NULL};
    uint64_t own_end;
    struct provider *provider = graph->config.provider;
    provider->ops->own(provider, &draft.record.creator, &draft.record.creator_name, &own_end);
    const struct hash own = draft.record.creator;
    HRESULT hr = publish->kind == PUBLISH_ADD ? draft_add(graph, publish, &draft)
                                              : draft_next(graph, publish, &draft);
    if (SUCCEEDED(hr)) {
        draft_content(publish, &draft);
        *id = draft.record.id;
        hr = publish_draft(graph, publish, &draft, stored);
        /* The author may write it, but not for so long: nothing outlives who wrote it. */
        bool too_long = draft.record.expiration > own_end && own_end > graph_time(graph);
        if (hr == PEER_E_NOT_AUTHORIZED && too_long && publish->kind != PUBLISH_DELETE &&
            hash_equal(&own, &draft.record.creator))
            hr = E_INVALIDARG;
    }
    draft_deinit(&draft);
    return hr;
}
