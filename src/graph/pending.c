/* pending.c - records that wait: for the verdict on a signature, or for a certificate.
 *
 * pending_take asks the provider; a complete job becomes GRAPH_ACTION_VERIFY, a missing certificate
 * a request to the neighbour that sent the record. Verdicts come in any order; each record is
 * classified again at its verdict, since another version may stand by then. Every waiting record is
 * charged to the neighbour that sent it: over its limits reading stops (unverified) or the record
 * is dropped (deferred) and counts as never seen. */
#include "graph/graph_internal.h"

static uint32_t refused_slot(const struct hash *digest)
{
    return (uint32_t)(digest->bytes[10] << 8 | digest->bytes[11]) % REFUSED_SIZE;
}

static uint64_t refused_mark(const struct hash *digest)
{
    uint64_t mark;
    memcpy(&mark, digest->bytes, sizeof(mark));
    return mark;
}

bool refused_has(const struct graph *graph, const struct hash *digest)
{
    return graph->refused[refused_slot(digest)] == refused_mark(digest);
}

void refused_add(struct graph *graph, const struct hash *digest)
{
    graph->refused[refused_slot(digest)] = refused_mark(digest);
    graph->counters.refused++;
}

struct pending *pending_find(struct graph *graph, const struct hash *digest)
{
    struct pending *pending;
    HASH_FIND(hh_digest, graph->pending_by_digest, digest->bytes, HASH_SIZE, pending);
    return pending && !pending->abandoned ? pending : NULL;
}

void pending_add_source(struct pending *pending, uint64_t link)
{
    for (uint32_t i = 0; i < pending->other_count; i++)
        if (pending->others[i] == link)
            return;
    if (pending->other_count < sizeof(pending->others) / sizeof(pending->others[0]) &&
        link != pending->source)
        pending->others[pending->other_count++] = link;
}

static void charge(struct neighbour *neighbour, const struct pending *pending, int sign)
{
    uint32_t *count = pending->deferred ? &neighbour->deferred_count : &neighbour->pending_count;
    size_t *bytes = pending->deferred ? &neighbour->deferred_bytes : &neighbour->pending_bytes;
    *count += (uint32_t)sign;
    *bytes += (size_t)sign * pending->body_size;
}

HRESULT pause_update(struct graph *graph, struct neighbour *neighbour)
{
    bool over = neighbour->exhausted || neighbour->pending_count >= LIMIT_UNVERIFIED_RECORDS ||
                neighbour->pending_bytes >= LIMIT_UNVERIFIED_BYTES;
    bool under = !neighbour->exhausted &&
                 neighbour->pending_count <= LIMIT_UNVERIFIED_RECORDS / 2 &&
                 neighbour->pending_bytes <= LIMIT_UNVERIFIED_BYTES / 2;
    if (neighbour->paused ? !under : !over)
        return S_OK;
    struct graph_action *action =
        graph_act(graph, neighbour->paused ? GRAPH_ACTION_RESUME : GRAPH_ACTION_PAUSE);
    if (!action)
        return E_OUTOFMEMORY;
    action->link = neighbour->link;
    neighbour->paused = !neighbour->paused;
    neighbour->received_ms = graph->now.ms; /* what was not read counts as silence from now on */
    neighbour->resumed = !neighbour->paused && neighbour->in.size > 0;
    return S_OK;
}

static void pending_free(struct graph *graph, struct pending *pending)
{
    HASH_DELETE(hh, graph->pending, pending);
    HASH_DELETE(hh_digest, graph->pending_by_digest, pending);
    mem_free(pending->body);
    mem_free(pending);
}

static HRESULT pending_release(struct graph *graph, struct pending *pending)
{
    struct neighbour *neighbour = neighbour_find(graph, pending->source);
    if (neighbour)
        charge(neighbour, pending, -1);
    pending_free(graph, pending);
    if (!neighbour)
        return S_OK;
    HRESULT hr = pause_update(graph, neighbour);
    return SUCCEEDED(hr) ? reconcile_check_end(graph, neighbour) : hr;
}

void pending_free_all(struct graph *graph)
{
    while (graph->pending)
        pending_free(graph, graph->pending);
}

void pending_sweep(struct graph *graph)
{
    struct pending *pending, *next;
    if (graph->abandoned_count == 0)
        return;
    HASH_ITER (hh, graph->pending, pending, next) {
        if (pending->abandoned)
            pending_free(graph, pending);
    }
    graph->abandoned_count = 0;
}

static HRESULT pending_new(struct graph *graph, struct neighbour *neighbour, struct bytes body,
                           const struct hash *digest, struct pending **out)
{
    struct pending *pending = mem_zalloc(sizeof(*pending));
    if (!pending)
        return E_OUTOFMEMORY;
    pending->token = ++graph->next_token;
    pending->digest = *digest;
    pending->source = neighbour->link;
    pending->body_size = body.size;
    pending->body = mem_dup(body.data, body.size);
    if (pending->body)
        HASH_ADD(hh, graph->pending, token, sizeof(pending->token), pending);
    if (TABLE_ADDED(pending, hh)) {
        HASH_ADD(hh_digest, graph->pending_by_digest, digest, HASH_SIZE, pending);
        if (!TABLE_ADDED(pending, hh_digest))
            HASH_DELETE(hh, graph->pending, pending);
    }
    if (!pending->body || !TABLE_ADDED(pending, hh_digest)) {
        mem_free(pending->body);
        mem_free(pending);
        return E_OUTOFMEMORY;
    }
    *out = pending;
    return S_OK;
}

static HRESULT emit_verify(struct graph *graph, struct neighbour *neighbour,
                           struct pending *pending, const struct verify_job *job)
{
    struct graph_action *action = graph_act(graph, GRAPH_ACTION_VERIFY);
    if (!action)
        return E_OUTOFMEMORY;
    action->token = pending->token;
    action->job = *job;
    return neighbour ? pause_update(graph, neighbour) : S_OK;
}

/* A deferred record waits at a neighbour for DEFER_MS; one request a certificate is enough. */
static HRESULT ask_certificate(struct graph *graph, struct neighbour *neighbour,
                               const struct hash *certificate, const struct pending *except)
{
    for (const struct pending *p = graph->pending; p; p = p->hh.next)
        if (p != except && p->deferred && !p->abandoned && p->source == neighbour->link &&
            hash_equal(&p->certificate, certificate))
            return S_OK;
    return message_encode_certificate_request(certificate, 1, &neighbour->out);
}

static bool deferred_room(const struct neighbour *neighbour, size_t size)
{
    return neighbour->deferred_count < LIMIT_DEFERRED_RECORDS &&
           neighbour->deferred_bytes + size <= LIMIT_DEFERRED_BYTES;
}

static HRESULT defer(struct graph *graph, struct neighbour *neighbour, struct bytes body,
                     const struct hash *digest, const struct hash *certificate)
{
    if (!deferred_room(neighbour, body.size)) {
        neighbour->behind = true;
        return S_OK;
    }
    struct pending *pending = NULL;
    HRESULT hr = pending_new(graph, neighbour, body, digest, &pending);
    if (FAILED(hr))
        return hr;
    pending->deferred = true;
    pending->until_ms = graph->now.ms + DEFER_MS;
    pending->certificate = *certificate;
    charge(neighbour, pending, 1);
    return ask_certificate(graph, neighbour, certificate, pending);
}

static HRESULT judge(struct graph *graph, const struct message_flood *flood,
                     const struct record *record, const struct hash *digest, struct verify_job *job)
{
    struct record_seal seal = {.certificate = flood->certificate};
    memcpy(seal.signature, flood->signature.data, SIGNATURE_SIZE);
    struct provider *provider = graph->config.provider;
    return provider->ops->judge(provider, record, digest, &seal, flood->payload, job);
}

/* Each refused version may show that the neighbour has not heard; telling costs a walk. */
static HRESULT teach_again(struct graph *graph, struct neighbour *neighbour)
{
    if (neighbour->taught_ms != 0 && graph->now.ms < neighbour->taught_ms + TEACH_EARLIEST_MS)
        return S_OK;
    neighbour->taught_ms = graph->now.ms;
    return teach_revocations(graph, neighbour);
}

HRESULT pending_take(struct graph *graph, struct neighbour *neighbour, struct bytes body,
                     const struct record *record, const struct hash *digest)
{
    struct message_flood flood;
    HRESULT hr = message_decode_flood(body, &flood);
    if (FAILED(hr))
        return hr;
    struct verify_job job;
    hr = judge(graph, &flood, record, digest, &job);
    if (hr == PEER_E_DEFERRED_VALIDATION)
        return defer(graph, neighbour, body, digest, &flood.certificate);
    if (hr == PEER_E_NOT_AUTHORIZED) {
        refused_add(graph, digest);
        struct version_name name = {
            .id = record->id, .version = record->version, .digest = *digest};
        hr = ack_one(graph, neighbour, &name, false);
        return SUCCEEDED(hr) ? teach_again(graph, neighbour) : hr;
    }
    if (FAILED(hr))
        return hr;
    struct pending *pending = NULL;
    hr = pending_new(graph, neighbour, body, digest, &pending);
    if (FAILED(hr))
        return hr;
    charge(neighbour, pending, 1);
    return emit_verify(graph, neighbour, pending, &job);
}

static HRESULT acknowledge_sources(struct graph *graph, const struct pending *pending,
                                   const struct version_name *name, bool useful)
{
    struct neighbour *neighbour = neighbour_find(graph, pending->source);
    HRESULT hr = S_OK;
    if (neighbour) {
        neighbour->utility = neighbour->utility * 31 / 32 + (useful ? 128 : 0);
        recent_add(neighbour, &name->digest);
        hr = ack_one(graph, neighbour, name, useful);
    }
    for (uint32_t i = 0; SUCCEEDED(hr) && i < pending->other_count; i++) {
        neighbour = neighbour_find(graph, pending->others[i]);
        if (neighbour) {
            recent_add(neighbour, &name->digest);
            hr = ack_one(graph, neighbour, name, false);
        }
    }
    return hr;
}

static HRESULT begin_fetch(struct graph *graph, const struct pending *pending,
                           const struct accepted *accepted, bool *taken)
{
    *taken = false;
    uint64_t sources[9];
    uint32_t count = 0;
    if (neighbour_find(graph, pending->source))
        sources[count++] = pending->source;
    for (uint32_t i = 0; i < pending->other_count; i++)
        if (neighbour_find(graph, pending->others[i]))
            sources[count++] = pending->others[i];
    return count > 0 ? fetch_begin(graph, accepted, sources, count, taken) : S_OK;
}

/* The signature holds: classify once more, then store. */
static HRESULT pending_accept(struct graph *graph, const struct pending *pending)
{
    struct message_flood flood;
    struct record record;
    HRESULT hr = message_decode_flood(bytes_of(pending->body, pending->body_size), &flood);
    if (SUCCEEDED(hr))
        hr = record_header_decode(flood.header, &record);
    ASSERT(SUCCEEDED(hr));
    struct held held;
    enum verdict_class class;
    struct verify_job job;
    hr = classify(graph, &record, &pending->digest, &held, &class);
    if (FAILED(hr))
        return hr;
    /* What was learned while the signature was checked (a revocation) counts. */
    HRESULT again = judge(graph, &flood, &record, &pending->digest, &job);
    if (class == CLASS_OLDER && SUCCEEDED(again) && held.row.deleted)
        upkeep_outlived(graph, &held.row, record.expiration);
    bool useful = class == CLASS_NEW && SUCCEEDED(again) && record.expiration > graph_time(graph);
    struct version_name name = {
        .id = record.id, .version = record.version, .digest = pending->digest};
    struct record_seal seal = {.certificate = flood.certificate};
    memcpy(seal.signature, flood.signature.data, SIGNATURE_SIZE);
    struct accepted accepted = {.record = &record,
                                .digest = &pending->digest,
                                .seal = &seal,
                                .header = flood.header,
                                .payload = flood.payload,
                                .held = &held};
    bool in_pieces = flood.flags & FLOOD_PAYLOAD_IN_PIECES;
    hr = useful && in_pieces ? begin_fetch(graph, pending, &accepted, &useful) : S_OK;
    if (SUCCEEDED(hr))
        hr = acknowledge_sources(graph, pending, &name, useful);
    if (FAILED(hr) || !useful || in_pieces)
        return hr;
    graph->counters.floods_useful++;
    return accept_version(graph, &accepted);
}

/* A digest does not cover its seal, certificate and signature: what others sent under it may be
 * good, and is found by comparing with them. */
static void others_are_ahead(struct graph *graph, const struct pending *pending)
{
    for (uint32_t i = 0; i < pending->other_count; i++) {
        struct neighbour *other = neighbour_find(graph, pending->others[i]);
        if (other)
            other->behind = true;
    }
}

HRESULT pending_verdict(struct graph *graph, const struct graph_verdict *verdict)
{
    struct pending *pending;
    HASH_FIND(hh, graph->pending, &verdict->token, sizeof(verdict->token), pending);
    if (!pending || pending->deferred)
        return S_OK;
    graph->counters.verified++;
    HRESULT hr = S_OK;
    struct neighbour *source = neighbour_find(graph, pending->source);
    if (verdict->valid)
        hr = pending_accept(graph, pending);
    else {
        others_are_ahead(graph, pending);
        if (source)
            hr = neighbour_close(graph, source, PEER_E_INVALID_RECORD);
    }
    HRESULT released = pending_release(graph, pending);
    return FAILED(hr) ? hr : released;
}

/* A deferred record is tried again: its certificate may be here now. */
static HRESULT retry(struct graph *graph, struct pending *pending)
{
    struct message_flood flood;
    struct record record;
    HRESULT hr = message_decode_flood(bytes_of(pending->body, pending->body_size), &flood);
    if (SUCCEEDED(hr))
        hr = record_header_decode(flood.header, &record);
    ASSERT(SUCCEEDED(hr));
    struct verify_job job;
    struct neighbour *source = neighbour_find(graph, pending->source);
    hr = judge(graph, &flood, &record, &pending->digest, &job);
    if (hr == PEER_E_DEFERRED_VALIDATION)
        return S_OK;
    if (SUCCEEDED(hr)) {
        if (source)
            charge(source, pending, -1);
        pending->deferred = false;
        if (source)
            charge(source, pending, 1);
        return emit_verify(graph, source, pending, &job);
    }
    bool blame = hr == PEER_E_INVALID_RECORD && source;
    if (hr != PEER_E_NOT_AUTHORIZED && hr != PEER_E_INVALID_RECORD)
        return hr;
    if (hr == PEER_E_NOT_AUTHORIZED)
        refused_add(graph, &pending->digest);
    else
        others_are_ahead(graph, pending);
    hr = pending_release(graph, pending);
    return SUCCEEDED(hr) && blame ? neighbour_close(graph, source, PEER_E_INVALID_RECORD) : hr;
}

HRESULT pending_certificate_came(struct graph *graph)
{
    struct pending *pending, *next;
    HASH_ITER (hh, graph->pending, pending, next) {
        bool waits = pending->deferred && !pending->abandoned;
        HRESULT hr = waits ? retry(graph, pending) : S_OK;
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

HRESULT pending_expire(struct graph *graph)
{
    struct pending *pending, *next;
    HASH_ITER (hh, graph->pending, pending, next) {
        if (!pending->deferred || pending->abandoned || pending->until_ms > graph->now.ms)
            continue;
        /* Whoever sends a record supplies its certificate when asked, or is dropped. */
        struct neighbour *source = neighbour_find(graph, pending->source);
        ASSERT(source);
        HRESULT hr = neighbour_close(graph, source, PEER_E_INVALID_RECORD);
        if (FAILED(hr))
            return hr;
    }
    return S_OK;
}

uint64_t pending_deadline(const struct graph *graph)
{
    uint64_t deadline = UINT64_MAX;
    for (const struct pending *p = graph->pending; p; p = p->hh.next)
        if (p->deferred && !p->abandoned && p->until_ms < deadline)
            deadline = p->until_ms;
    return deadline;
}

/* What was deferred cannot be completed by its sender any more. Nobody else is charged for it: the
 * certificate that it names may be that sender's invention. It is freed at the end of the step,
 * when no loop over the table is under way. */
static void abandon(struct graph *graph, struct pending *pending)
{
    others_are_ahead(graph, pending);
    pending->abandoned = true;
    graph->abandoned_count++;
}

/* Verdicts for records of a link that is gone still count; deferred ones can no longer be completed
 * by it. */
void pending_source_gone(struct graph *graph, uint64_t link)
{
    for (struct pending *p = graph->pending; p; p = p->hh.next)
        if (p->deferred && !p->abandoned && p->source == link)
            abandon(graph, p);
}

bool pending_gives_way(struct graph *graph, const struct pending *pending,
                       const struct hash *certificate)
{
    struct provider *provider = graph->config.provider;
    return pending->deferred && provider->ops->certificate_has(provider, certificate);
}

HRESULT pending_drop(struct graph *graph, struct pending *pending)
{
    struct neighbour *source = neighbour_find(graph, pending->source);
    others_are_ahead(graph, pending);
    if (source)
        source->behind = true;
    return pending_release(graph, pending);
}
