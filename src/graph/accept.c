/* accept.c - from a version that may stand to a version that stands: classify, store, inform,
 * spread.
 *
 * State is a join: which of two versions of one id is kept depends on their ranks alone, never on
 * which came first. accept_version puts the record, lets the provider act on reserved types, tells
 * the application and sends the version once to every neighbour that has neither sent nor been sent
 * it. */
#include "graph/graph_internal.h"

static HRESULT rank_of_row(struct graph *graph, const struct store_record *row,
                           struct record_rank *rank)
{
    struct store_record full;
    HRESULT hr = graph->config.store->ops->get(graph->config.store, &row->id, &full);
    if (FAILED(hr))
        return hr;
    struct record record;
    hr = record_header_decode(full.header, &record);
    if (SUCCEEDED(hr))
        record_rank_of(&record, &full.digest, rank);
    store_record_deinit(&full);
    return hr == PEER_E_INVALID_RECORD ? PEER_E_INVALID_DATABASE : hr;
}

static HRESULT find_held(struct graph *graph, const struct guid *id, struct held *held)
{
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->find(store, id, &held->row);
    held->exists = SUCCEEDED(hr);
    return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
}

HRESULT classify(struct graph *graph, const struct record *record, const struct hash *digest,
                 struct held *found, enum verdict_class *class)
{
    const struct store_record *held = &found->row;
    *class = CLASS_NEW;
    HRESULT hr = find_held(graph, &record->id, found);
    if (FAILED(hr) || !found->exists)
        return hr;
    if (hash_equal(&held->digest, digest)) {
        *class = CLASS_SAME;
        return S_OK;
    }
    /* Deleted and version decide nearly always, without reading the header. */
    if (held->deleted != record->deleted)
        *class = held->deleted ? CLASS_OLDER : CLASS_NEW;
    else if (held->version != record->version)
        *class = held->version > record->version ? CLASS_OLDER : CLASS_NEW;
    else {
        struct record_rank mine, theirs;
        record_rank_of(record, digest, &theirs);
        hr = rank_of_row(graph, held, &mine);
        *class = record_rank_compare(&mine, &theirs) > 0 ? CLASS_OLDER : CLASS_NEW;
    }
    return hr;
}

HRESULT ack_one(struct graph *graph, struct neighbour *neighbour, const struct version_name *name,
                bool useful)
{
    (void)graph;
    HRESULT hr = S_OK;
    if (neighbour->ack_count == ACK_BATCH) {
        hr = message_encode_ack(neighbour->acks, neighbour->ack_count, &neighbour->out);
        neighbour->ack_count = 0;
    }
    neighbour->acks[neighbour->ack_count++] = (struct ack){.name = *name, .useful = useful};
    return hr;
}

HRESULT advertise_one(struct neighbour *neighbour, const struct version_name *name)
{
    return message_encode_advertise(name, 1, &neighbour->out);
}

HRESULT flood_row(struct graph *graph, struct neighbour *neighbour, const struct store_record *row,
                  uint8_t flags)
{
    if (recent_has(neighbour, &row->digest))
        return S_OK;
    return flood_again(graph, neighbour, row, flags);
}

HRESULT flood_again(struct graph *graph, struct neighbour *neighbour,
                    const struct store_record *row, uint8_t flags)
{
    bool in_pieces = row->payload_size > LIMIT_PIECE_SIZE;
    struct message_flood flood = {.flags =
                                      (uint8_t)(flags | (in_pieces ? FLOOD_PAYLOAD_IN_PIECES : 0)),
                                  .header = row->header,
                                  .certificate = row->certificate,
                                  .signature = row->signature,
                                  .payload = in_pieces ? bytes_of(NULL, 0) : row->payload};
    HRESULT hr = message_encode_flood(&flood, &neighbour->out);
    if (FAILED(hr))
        return hr;
    recent_add(neighbour, &row->digest);
    neighbour->activity_ms = graph->now.ms;
    graph->counters.floods_sent++;
    return S_OK;
}

struct teaching {
    struct graph *graph;
    struct neighbour *neighbour;
};

static HRESULT teach_one(void *context, const struct store_record *row)
{
    struct teaching *teaching = context;
    HRESULT hr = flood_row(teaching->graph, teaching->neighbour, row, 0);
    bool enough = neighbour_given(teaching->graph, teaching->neighbour) >= BULK_CHUNK_BYTES;
    return SUCCEEDED(hr) && enough ? S_FALSE : hr;
}

/* [protocol 7] Whoever has not heard of a revocation is told before anything else, and again when
 * it shows that it has not; what was sent lately is not sent twice. */
HRESULT teach_revocations(struct graph *graph, struct neighbour *neighbour)
{
    if (neighbour->full)
        return S_OK;
    struct teaching teaching = {.graph = graph, .neighbour = neighbour};
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->each(store, &RECORD_TYPE_REVOCATION, graph_time(graph), true,
                                  teach_one, &teaching);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT spread(struct graph *graph, const struct store_record *row)
{
    struct neighbour *neighbour, *next;
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (neighbour->direct || neighbour->state != NEIGHBOUR_CONNECTED)
            continue;
        if (neighbour->full || neighbour_given(graph, neighbour) >= FLOOD_BATCH_BYTES) {
            neighbour->behind = neighbour->behind || !recent_has(neighbour, &row->digest);
            continue;
        }
        HRESULT hr = flood_row(graph, neighbour, row, 0);
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

static const char VALUE_REJUDGE[] = "graph/rejudge";

/* Own revocations come all at once; those of others one by one, and only together do their
 * keep-lists say what stays. A crash in between does not forget it. */
static HRESULT rejudge_later(struct graph *graph, bool local)
{
    struct store *store = graph->config.store;
    graph->rejudge = true;
    if (graph->drop_due_ms == UINT64_MAX)
        graph->drop_latest_ms = graph->now.ms + DROP_LATEST_MS;
    uint64_t due = graph->now.ms + (local ? 0 : DROP_WAIT_MS);
    graph->drop_due_ms = due < graph->drop_latest_ms ? due : graph->drop_latest_ms;
    return store->ops->value_put(store, VALUE_REJUDGE, bytes_of("\1", 1));
}

static HRESULT tell_provider(struct graph *graph, const struct accepted *accepted)
{
    unsigned effects = 0;
    struct provider *provider = graph->config.provider;
    HRESULT hr = provider->ops->accepted(provider, accepted->record, accepted->digest,
                                         accepted->payload, &effects);
    if (SUCCEEDED(hr) && (effects & PROVIDER_EFFECT_PROPERTIES))
        hr = graph_notify_value(graph, GRAPH_NOTICE_PROPERTIES, 0);
    if (SUCCEEDED(hr) && (effects & PROVIDER_EFFECT_REVOKED))
        hr = rejudge_later(graph, accepted->local);
    return hr;
}

static HRESULT tell_removed(struct graph *graph, const struct store_record *row)
{
    unsigned effects = 0;
    struct provider *provider = graph->config.provider;
    if (!record_type_is_reserved(&row->type))
        return S_OK;
    HRESULT hr = provider->ops->removed(provider, &row->type, &row->digest, &effects);
    if (SUCCEEDED(hr) && (effects & PROVIDER_EFFECT_PROPERTIES))
        hr = graph_notify_value(graph, GRAPH_NOTICE_PROPERTIES, 0);
    return hr;
}

HRESULT remove_row(struct graph *graph, const struct store_record *row)
{
    if (graph->config.changing)
        graph->config.changing(graph->config.changing_context, &row->id, row);
    HRESULT hr = graph->config.store->ops->remove(graph->config.store, &row->id);
    return SUCCEEDED(hr) ? tell_removed(graph, row) : hr;
}

static int change_of(const struct graph *graph, const struct store_record *row,
                     const struct held *held)
{
    bool was_visible =
        held->exists && !held->row.deleted && held->row.expiration > graph->expired_to;
    if (row->deleted)
        return was_visible ? GRAPH_DELETED : 0;
    return was_visible ? GRAPH_UPDATED : GRAPH_ADDED;
}

struct store_record accepted_row(const struct accepted *accepted)
{
    const struct record *record = accepted->record;
    return (struct store_record){.id = record->id,
                                 .type = record->type,
                                 .digest = *accepted->digest,
                                 .creator = record->creator,
                                 .certificate = accepted->seal->certificate,
                                 .payload_root = record->payload_root,
                                 .version = record->version,
                                 .deleted = record->deleted,
                                 .local = accepted->local,
                                 .created = record->created,
                                 .modified = record->modified,
                                 .expiration = record->expiration,
                                 .payload_size = record->payload_size,
                                 .header = accepted->header,
                                 .signature = bytes_of(accepted->seal->signature, SIGNATURE_SIZE),
                                 .payload = accepted->payload};
}

HRESULT accept_version(struct graph *graph, const struct accepted *accepted)
{
    const struct record *record = accepted->record;
    struct store *store = graph->config.store;
    struct store_record row = accepted_row(accepted);
    struct held found;
    const struct held *held = accepted->held ? accepted->held : &found;
    HRESULT hr = accepted->held ? S_OK : find_held(graph, &record->id, &found);
    if (FAILED(hr))
        return hr;
    if (graph->config.changing)
        graph->config.changing(graph->config.changing_context, &record->id,
                               held->exists ? &held->row : NULL);
    hr = store->ops->put(store, &row);
    if (FAILED(hr))
        return hr;
    if (accepted->local || record_type_is_reserved(&record->type))
        store->ops->mark_durable(store);
    expire_schedule(graph, record->expiration);
    upkeep_accepted(graph, &row);
    if (held->exists && row.deleted)
        upkeep_outlived(graph, &row, held->row.expiration);
    int change = change_of(graph, &row, held);
    if (held->exists)
        hr = tell_removed(graph, &held->row);
    if (SUCCEEDED(hr) && record_type_is_reserved(&record->type))
        hr = tell_provider(graph, accepted);
    if (SUCCEEDED(hr) && change != 0)
        hr = graph_notify_record(graph, &row, change);
    return SUCCEEDED(hr) ? spread(graph, &row) : hr;
}

/* ---- after a revocation ---- */

struct doomed {
    struct graph *graph;
    struct guid *ids;
    uint32_t count;
    uint32_t capacity;
};

static HRESULT judge_row(struct doomed *doomed, const struct store_record *full)
{
    struct provider *provider = doomed->graph->config.provider;
    struct record record;
    struct verify_job job;
    HRESULT hr = record_header_decode(full->header, &record);
    if (FAILED(hr))
        return PEER_E_INVALID_DATABASE;
    struct record_seal seal = {.certificate = full->certificate};
    memcpy(seal.signature, full->signature.data, SIGNATURE_SIZE);
    hr = provider->ops->judge(provider, &record, &full->digest, &seal, full->payload, &job);
    if (SUCCEEDED(hr) || graph_is_fault(hr))
        return hr;
    if (doomed->count == doomed->capacity) {
        uint32_t capacity = doomed->capacity ? doomed->capacity * 2 : 32;
        struct guid *ids = mem_realloc(doomed->ids, capacity * sizeof(*ids));
        if (!ids)
            return E_OUTOFMEMORY;
        doomed->ids = ids;
        doomed->capacity = capacity;
    }
    doomed->ids[doomed->count++] = full->id;
    return S_OK;
}

static HRESULT judge_again(void *context, const struct store_record *row)
{
    struct doomed *doomed = context;
    struct store *store = doomed->graph->config.store;
    struct store_record full;
    HRESULT hr = store->ops->get(store, &row->id, &full);
    if (FAILED(hr))
        return hr;
    hr = full.signature.size == SIGNATURE_SIZE ? judge_row(doomed, &full) : PEER_E_INVALID_DATABASE;
    store_record_deinit(&full);
    return FAILED(hr) ? hr : S_OK;
}

/* What a living certificate signed stands as before. */
static HRESULT judge_signed(void *context, const struct hash *certificate)
{
    struct doomed *doomed = context;
    struct store *store = doomed->graph->config.store;
    return store->ops->each_by_certificate(store, certificate, judge_again, doomed);
}

static HRESULT drop_row(struct graph *graph, const struct guid *id)
{
    struct store *store = graph->config.store;
    struct store_record row, instead;
    HRESULT hr = store->ops->find(store, id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
    bool visible = !row.deleted && row.expiration > graph->expired_to;
    hr = remove_row(graph, &row);
    if (FAILED(hr) || !visible)
        return hr;
    /* The provider may have put an earlier version back. */
    hr = store->ops->find(store, id, &instead);
    if (hr == PEER_E_RECORD_NOT_FOUND)
        return graph_notify_record(graph, &row, GRAPH_DELETED);
    return SUCCEEDED(hr) ? graph_notify_record(graph, &row, GRAPH_UPDATED) : hr;
}

/* [protocol 7] Who is refused is told by which revocation. */
static HRESULT send_away(struct graph *graph, struct neighbour *neighbour)
{
    struct provider *provider = graph->config.provider;
    HRESULT hr = provider->ops->refusal(provider, &neighbour->key, &neighbour->out);
    if (FAILED(hr) && hr != PEER_E_NOT_FOUND)
        return hr;
    return neighbour_close(graph, neighbour, PEER_E_NOT_AUTHORIZED);
}

HRESULT rejudge_links(struct graph *graph)
{
    struct provider *provider = graph->config.provider;
    struct neighbour *neighbour, *next;
    HRESULT hr = S_OK;
    graph->rejudge = false;
    memset(graph->refused, 0, sizeof(graph->refused));
    HASH_ITER (hh, graph->neighbours, neighbour, next) {
        if (FAILED(hr))
            return hr;
        if (neighbour->state == NEIGHBOUR_CLOSED)
            continue;
        if (FAILED(provider->ops->link_allowed(provider, &neighbour->key, graph->now.utc)))
            hr = send_away(graph, neighbour);
    }
    return SUCCEEDED(hr) ? rejudge_timer(graph) : hr;
}

/* Who was removed and is a member again says so again. */
static void renew_own(struct graph *graph)
{
    struct store_record row;
    struct store *store = graph->config.store;
    if (!graph->online)
        return;
    if (!graph->presence.exists ||
        store->ops->find(store, &graph->presence.id, &row) == PEER_E_RECORD_NOT_FOUND)
        graph->presence_due_ms = graph->now.ms;
    graph->membership_due_ms = graph->now.ms;
}

/* What fell here may stand elsewhere in an earlier version that was kept. */
static void compare_again(struct graph *graph)
{
    for (struct neighbour *n = graph->neighbours; n; n = n->hh.next) {
        if (!n->direct && n->state == NEIGHBOUR_CONNECTED && graph->synchronised)
            n->behind = true;
    }
}

HRESULT rejudge_timer(struct graph *graph)
{
    struct store *store = graph->config.store;
    struct provider *provider = graph->config.provider;
    struct doomed doomed = {.graph = graph};
    if (graph->now.ms < graph->drop_due_ms)
        return S_OK;
    graph->drop_due_ms = UINT64_MAX;
    HRESULT hr = provider->ops->each_dead(provider, judge_signed, &doomed);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < doomed.count; i++)
        hr = drop_row(graph, &doomed.ids[i]);
    mem_free(doomed.ids);
    if (SUCCEEDED(hr))
        hr = store->ops->value_remove(store, VALUE_REJUDGE);
    if (FAILED(hr))
        return hr;
    compare_again(graph);
    renew_own(graph);
    return graph_notify_value(graph, GRAPH_NOTICE_REVOKED, 0);
}

HRESULT rejudge_restore(struct graph *graph)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    struct store *store = graph->config.store;
    HRESULT hr = store->ops->value_get(store, VALUE_REJUDGE, &value);
    graph->drop_due_ms = SUCCEEDED(hr) ? graph->now.ms : UINT64_MAX;
    return hr == PEER_E_NOT_FOUND ? S_OK : hr;
}
