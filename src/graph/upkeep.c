/* upkeep.c - tombstones and revocations that would end before what they keep away: signed again.
 *
 * A tombstone ends with its signer's certificate; a copy of the record that outlives it would then
 * return, and so would a removed member with the last revocation. Happy path: once an hour, and
 * when one is due, what is in the last tenth of its life is looked at; the provider says whether
 * this member may sign it again, and until when. Each member waits for a moment of its own within
 * that time, those first who can settle it for good, and looks again before it signs, so that one
 * does and the others see it done. A version that outlives its tombstone has it signed again within
 * minutes. Failure: only memory and the store; who may not sign leaves it to others. */
#include "graph/graph_internal.h"

enum { HOUR_MS = 3600 * 1000, DUE_MAX = 64, SOON_MS = 1000 };
#define FULL_WAIT (60 * TICKS_PER_SECOND)
#define LAST_TENTH_MAX (40ull * 86400 * TICKS_PER_SECOND)

static bool concerns(const struct store_record *row)
{
    return row->deleted || guid_equal(&row->type, &RECORD_TYPE_REVOCATION);
}

static HRESULT renewal_of(struct graph *graph, const struct store_record *row, uint64_t outlived_by,
                          struct renewal *renewal)
{
    struct provider *provider = graph->config.provider;
    return provider->ops->renewal(provider, row, outlived_by, renewal);
}

/* The same for this version and node each time it is asked, and another for each node: 0 to 65535.
 */
static uint64_t own_turn(const struct graph *graph, const struct hash *digest)
{
    struct sha256 sha;
    struct hash hash;
    sha256_init(&sha);
    sha256_update(&sha, digest->bytes, HASH_SIZE);
    sha256_update(&sha, &graph->config.node_id, sizeof(graph->config.node_id));
    sha256_final(&sha, &hash);
    return (uint64_t)(hash.bytes[0] << 8 | hash.bytes[1]);
}

static uint64_t tenth_of(const struct store_record *row)
{
    uint64_t tenth = (row->expiration - row->modified) / 10;
    return tenth < LAST_TENTH_MAX ? tenth : LAST_TENTH_MAX;
}

/* In the last tenth: its first quarter for who settles it, the next half for the others. */
static uint64_t due_of(const struct graph *graph, const struct store_record *row,
                       const struct renewal *renewal)
{
    uint64_t tenth = tenth_of(row);
    uint64_t begin = row->expiration - tenth + (renewal->first ? 0 : tenth / 4);
    uint64_t span = renewal->first ? tenth / 4 : tenth / 2;
    return begin + span / 65536 * own_turn(graph, &row->digest);
}

struct look {
    struct graph *graph;
    uint64_t now;
    uint64_t next; /* peer time of the earliest that is not due yet */
    struct guid due[DUE_MAX];
    uint32_t count;
};

static HRESULT look_at(void *context, const struct store_record *row)
{
    struct look *look = context;
    struct renewal renewal;
    if (!concerns(row))
        return S_OK;
    HRESULT hr = renewal_of(look->graph, row, 0, &renewal);
    if (hr != S_OK)
        return FAILED(hr) ? hr : S_OK;
    uint64_t due = due_of(look->graph, row, &renewal);
    if (due > look->now)
        look->next = due < look->next ? due : look->next;
    else if (look->count < DUE_MAX)
        look->due[look->count++] = row->id;
    else
        look->next = look->now + FULL_WAIT;
    return S_OK;
}

static void schedule(struct graph *graph, uint64_t peer_time)
{
    uint64_t now = graph_time(graph);
    uint64_t wait_ms = peer_time > now ? (peer_time - now) / TICKS_PER_MS + 1 : 0;
    wait_ms = wait_ms < SOON_MS ? SOON_MS : wait_ms > HOUR_MS ? HOUR_MS : wait_ms;
    if (graph->now.ms + wait_ms < graph->upkeep_due_ms)
        graph->upkeep_due_ms = graph->now.ms + wait_ms;
}

/* Many in their last tenth may come one after another, and a look is at all of them: it is put off
 * by a minute at most, and by a quarter of what the first of them has left. */
void upkeep_accepted(struct graph *graph, const struct store_record *row)
{
    if (!concerns(row) || !graph->online)
        return;
    uint64_t now = graph_time(graph), begin = row->expiration - tenth_of(row);
    uint64_t wait = row->expiration > now ? (row->expiration - now) / 4 : 0;
    uint64_t earliest = now + (wait < FULL_WAIT ? wait : FULL_WAIT);
    schedule(graph, begin > earliest ? begin : earliest);
}

void upkeep_online(struct graph *graph, bool online)
{
    graph->upkeep_due_ms = online ? graph->now.ms + 60 * 1000 : UINT64_MAX;
}

/* ---- signing ---- */

/* A version like the one that stands, but later and with a longer life. */
static HRESULT sign_tombstone(struct graph *graph, const struct store_record *row,
                              const struct renewal *renewal)
{
    struct record record;
    if (FAILED(record_header_decode(row->header, &record)))
        return PEER_E_INVALID_DATABASE;
    uint64_t now = graph_time(graph);
    /* Of the greatest version only the same signer's later one is sure to stand. */
    if (record.version == UINT32_MAX && !hash_equal(&record.modifier, &renewal->key))
        return S_OK;
    record.version += record.version < UINT32_MAX;
    record.modified = now > record.modified ? now : record.modified + 1;
    record.modifier = renewal->key;
    record.modifier_name = renewal->name;
    record.expiration = renewal->until;
    bool stored = false;
    HRESULT hr = publish_version(graph, &record, bytes_of(NULL, 0), &stored);
    return FAILED(hr) && !stored && !graph_is_fault(hr) ? S_OK : hr;
}

/* A revocation is never updated: the same is said once more, in a record of its own. */
static HRESULT sign_revocation(struct graph *graph, const struct store_record *row,
                               const struct renewal *renewal)
{
    struct graph_publish again = {.kind = PUBLISH_ADD,
                                  .type = RECORD_TYPE_REVOCATION,
                                  .expiration = renewal->until,
                                  .payload = row->payload,
                                  .payload_size = row->payload_size,
                                  .payload_root = row->payload_root,
                                  .reserved = true,
                                  .creator = &renewal->key,
                                  .creator_name = renewal->name};
    struct guid id;
    bool stored = false;
    HRESULT hr = publish(graph, &again, &id, &stored);
    return FAILED(hr) && !stored && !graph_is_fault(hr) ? S_OK : hr;
}

static HRESULT sign(struct graph *graph, const struct guid *id, uint64_t outlived_by)
{
    struct store *store = graph->config.store;
    struct store_record row;
    struct renewal renewal;
    HRESULT hr = store->ops->get(store, id, &row);
    if (FAILED(hr))
        return hr == PEER_E_RECORD_NOT_FOUND ? S_OK : hr;
    bool wanted = concerns(&row) && row.expiration > graph_time(graph) &&
                  (outlived_by == 0 || outlived_by > row.expiration);
    hr = wanted ? renewal_of(graph, &row, outlived_by, &renewal) : S_FALSE;
    if (hr == S_OK)
        hr = row.deleted ? sign_tombstone(graph, &row, &renewal)
                         : sign_revocation(graph, &row, &renewal);
    store_record_deinit(&row);
    return FAILED(hr) ? hr : S_OK;
}

/* ---- versions that outlive their tombstone ---- */

static bool wants(struct graph *graph, const struct store_record *tombstone, uint64_t expiration,
                  struct renewal *renewal)
{
    if (!graph->online || !tombstone->deleted || expiration <= tombstone->expiration)
        return false;
    for (uint32_t i = 0; i < graph->outlived_count; i++)
        if (guid_equal(&graph->outlived[i].id, &tombstone->id) &&
            graph->outlived[i].until >= expiration)
            return false;
    return renewal_of(graph, tombstone, expiration, renewal) == S_OK;
}

bool upkeep_wants(struct graph *graph, const struct store_record *tombstone, uint64_t expiration)
{
    struct renewal renewal;
    return wants(graph, tombstone, expiration, &renewal);
}

void upkeep_outlived(struct graph *graph, const struct store_record *tombstone, uint64_t expiration)
{
    struct renewal renewal;
    if (!wants(graph, tombstone, expiration, &renewal))
        return;
    uint32_t place = 0;
    while (place < graph->outlived_count && !guid_equal(&graph->outlived[place].id, &tombstone->id))
        place++;
    if (place == OUTLIVED_MAX)
        return;
    uint64_t wait_ms = renewal.first ? 1000 + graph_random_below(graph, 20000)
                                     : 30000 + graph_random_below(graph, 240000);
    if (place == graph->outlived_count) {
        graph->outlived_count++;
        graph->outlived[place].id = tombstone->id;
        graph->outlived[place].due_ms = graph->now.ms + wait_ms;
    }
    graph->outlived[place].until = expiration;
}

static HRESULT sign_outlived(struct graph *graph)
{
    HRESULT hr = S_OK;
    for (uint32_t i = 0; SUCCEEDED(hr) && i < graph->outlived_count;) {
        struct outlived outlived = graph->outlived[i];
        if (outlived.due_ms > graph->now.ms) {
            i++;
            continue;
        }
        graph->outlived[i] = graph->outlived[--graph->outlived_count];
        hr = sign(graph, &outlived.id, outlived.until);
    }
    return hr;
}

/* ---- timer ---- */

static HRESULT look(struct graph *graph)
{
    struct store *store = graph->config.store;
    struct look look = {.graph = graph, .now = graph_time(graph), .next = UINT64_MAX};
    graph->upkeep_due_ms = graph->now.ms + HOUR_MS;
    HRESULT hr = store->ops->each_expired(store, look.now, look.now + LAST_TENTH_MAX, UINT32_MAX,
                                          look_at, &look);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < look.count; i++)
        hr = sign(graph, &look.due[i], 0);
    if (look.next != UINT64_MAX)
        schedule(graph, look.next);
    return hr;
}

HRESULT upkeep_timer(struct graph *graph)
{
    if (!graph->online)
        return S_OK;
    HRESULT hr = sign_outlived(graph);
    bool due = graph->now.ms >= graph->upkeep_due_ms;
    return SUCCEEDED(hr) && due && graph->synchronised ? look(graph) : hr;
}

uint64_t upkeep_deadline(const struct graph *graph)
{
    uint64_t deadline = graph->synchronised ? graph->upkeep_due_ms : UINT64_MAX;
    for (uint32_t i = 0; graph->online && i < graph->outlived_count; i++)
        deadline = graph->outlived[i].due_ms < deadline ? graph->outlived[i].due_ms : deadline;
    return deadline;
}
