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
};

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

/* [protocol 5] A creator's tombstone lasts as long as what it deletes, another member's until the
 * creator's certificates end; none lasts longer than its signer may speak. */
static HRESULT tombstone_end(struct graph *graph, const struct draft *draft, uint64_t own_end,
                             uint64_t *expiration)
{
    struct provider *provider = graph->config.provider;
    struct renewal renewal;
    *expiration = draft->before.expiration < own_end ? draft->before.expiration : own_end;
    if (hash_equal(&draft->record.modifier, &draft->before.creator))
        return S_OK;
    HRESULT hr =
        provider->ops->renewal(provider, &draft->previous, draft->before.expiration, &renewal);
    if (hr == S_OK)
        *expiration = renewal.until;
    return FAILED(hr) ? hr : S_OK;
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
    record->deleted = true;
    return tombstone_end(graph, draft, own_end, &record->expiration);
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

HRESULT publish_version(struct graph *graph, const struct record *draft, struct bytes payload,
                        bool *stored)
{
    CLEANUP_BUFFER struct buffer header = BUFFER_NULL;
    HRESULT hr = record_header_encode(draft, &header);
    if (FAILED(hr))
        return hr;
    struct record record;
    hr = record_header_decode(buffer_view(&header), &record);
    if (FAILED(hr))
        return hr;
    struct hash digest;
    struct record_seal seal;
    record_digest(graph->graph_id, buffer_view(&header), &digest);
    hr = graph->config.provider->ops->seal(graph->config.provider, &record, &digest, &seal);
    if (FAILED(hr))
        return hr;
    struct accepted accepted = {.record = &record,
                                .digest = &digest,
                                .seal = &seal,
                                .header = buffer_view(&header),
                                .payload = payload,
                                .local = true};
    *stored = true;
    return accept_version(graph, &accepted);
}

static HRESULT publish_sealed(struct graph *graph, const struct graph_sealed *sealed,
                              struct guid *id, bool *stored)
{
    struct held held;
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
                                .local = true,
                                .held = &held};
    *stored = true;
    return accept_version(graph, &accepted);
}

/* [contract 10.10] A member may write, but nothing that outlives its certificate. */
static HRESULT why_not_sealed(struct graph *graph, const struct graph_publish *publish,
                              const struct record *record, uint64_t own_end)
{
    static const struct hash none;
    bool own =
        hash_equal(&record->modifier, &none) || hash_equal(&record->modifier, &record->creator);
    bool too_long = own && publish->kind != PUBLISH_DELETE && own_end > graph_time(graph) &&
                    publish->expiration > own_end;
    return too_long ? E_INVALIDARG : PEER_E_NOT_AUTHORIZED;
}

/* What they revoke is judged at the end of the step, when all of them stand. */
static HRESULT publish_all_sealed(struct graph *graph, const struct graph_publish *publish,
                                  struct guid *id, bool *stored)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < publish->sealed_count && SUCCEEDED(hr); i++)
        hr = publish_sealed(graph, &publish->sealed[i], id, stored);
    return hr;
}

HRESULT publish(struct graph *graph, const struct graph_publish *publish, struct guid *id,
                bool *stored)
{
    *stored = false;
    if (publish->kind == PUBLISH_SEALED)
        return publish_all_sealed(graph, publish, id, stored);
    if (publish->kind == PUBLISH_IMPORTED)
        return import_version(graph, publish->sealed, stored);
    if (!publish->reserved && publish->kind != PUBLISH_DELETE &&
        record_type_is_reserved(&publish->type))
        return PEER_E_NOT_AUTHORIZED;
    struct draft draft = {.previous = {.version = 0}};
    uint64_t own_end;
    struct provider *provider = graph->config.provider;
    provider->ops->own(provider, &draft.record.creator, &draft.record.creator_name, &own_end);
    HRESULT hr = publish->kind == PUBLISH_ADD ? draft_add(graph, publish, &draft)
                                              : draft_next(graph, publish, &draft);
    if (SUCCEEDED(hr)) {
        draft_content(publish, &draft);
        *id = draft.record.id;
        struct bytes none = bytes_of(NULL, 0);
        bool deletes = publish->kind == PUBLISH_DELETE;
        hr = publish_version(graph, &draft.record, deletes ? none : publish->payload, stored);
    }
    if (hr == PEER_E_NOT_AUTHORIZED && !*stored && draft.record.version > 0)
        hr = why_not_sealed(graph, publish, &draft.record, own_end);
    store_record_deinit(&draft.previous);
    return hr;
}
