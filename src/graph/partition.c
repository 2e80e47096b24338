/* partition.c - one graph or two: signature and contact records, and what follows when they differ.
 *
 * The graph's signature is the least node id among live signature records; a node writes one only
 * while it knows of none that is less, so there is one, or a few for minutes. Some members are
 * contacts: their records tell where they are and which signature they see. Happy path of a repair:
 * a cut leaves one part without the node that gave the signature; that part agrees on another, and
 * now sees contacts of the other part under a signature that is not its own; it calls one of them
 * until the cut heals. Each decision waits for a time of its own, the same look is taken again, and
 * most find then that others have done it. Failure: a lying member can claim the least id and so
 * hide a cut; maintenance tries remembered members beside all this. */
#include "graph/graph_internal.h"

enum {
    LOOK_MS = 30 * 1000,
    SIGNATURE_LIFETIME_S = 300,
    CONTACT_LIFETIME_S = 900,
    REFRESH_BEFORE_S = 90, /* a look and what flooding takes */
    CONTACTS_LEAST = 5,
    CONTACTS_SPREAD = 5,
    AUTHORS_MAX = 128
};

/* The newest contact record of one author. */
struct seen_contact {
    struct hash author;
    struct guid id;
    uint64_t modified;
    struct contact contact;
};

struct view {
    struct graph *graph;
    struct hash own;
    uint64_t signature; /* 0: no live record */
    uint64_t signature_end;
    uint64_t contact_end; /* of the own records; 0: none is live */
    uint64_t contact_signature;
    struct seen_contact *contacts;
    uint32_t count;
};

static HRESULT see_signature(void *context, const struct store_record *row)
{
    struct view *view = context;
    uint64_t node_id;
    if (FAILED(signature_decode(row->payload, &node_id)))
        return S_OK;
    if (view->signature == 0 || node_id < view->signature)
        view->signature = node_id;
    if (node_id == view->graph->config.node_id && hash_equal(&row->creator, &view->own) &&
        row->expiration > view->signature_end)
        view->signature_end = row->expiration;
    return S_OK;
}

static struct seen_contact *place_of(struct view *view, const struct hash *author)
{
    for (uint32_t i = 0; i < view->count; i++)
        if (hash_equal(&view->contacts[i].author, author))
            return &view->contacts[i];
    if (view->count == AUTHORS_MAX)
        return NULL;
    view->contacts[view->count] = (struct seen_contact){.author = *author};
    return &view->contacts[view->count++];
}

/* [protocol 4] Of several by one author the newest counts. */
static HRESULT see_contact(void *context, const struct store_record *row)
{
    struct view *view = context;
    struct contact contact;
    if (FAILED(contact_decode(row->payload, &contact)))
        return S_OK;
    if (contact.node_id == view->graph->config.node_id && hash_equal(&row->creator, &view->own) &&
        row->expiration > view->contact_end) {
        view->contact_end = row->expiration;
        view->contact_signature = contact.signature;
    }
    struct seen_contact *seen = place_of(view, &row->creator);
    bool newer =
        seen && (row->modified > seen->modified ||
                 (row->modified == seen->modified && guid_compare(&row->id, &seen->id) > 0));
    if (newer) {
        seen->modified = row->modified;
        seen->id = row->id;
        seen->contact = contact;
    }
    return S_OK;
}

static HRESULT view_init(struct graph *graph, struct view *view)
{
    struct bytes name;
    uint64_t end;
    struct store *store = graph->config.store;
    *view = (struct view){.graph = graph};
    graph->config.provider->ops->own(graph->config.provider, &view->own, &name, &end);
    view->contacts = mem_calloc(AUTHORS_MAX, sizeof(*view->contacts));
    if (!view->contacts)
        return E_OUTOFMEMORY;
    uint64_t now = graph_time(graph);
    HRESULT hr = store->ops->each(store, &RECORD_TYPE_SIGNATURE, now, true, see_signature, view);
    if (SUCCEEDED(hr))
        hr = store->ops->each(store, &RECORD_TYPE_CONTACT, now, true, see_contact, view);
    if (FAILED(hr))
        mem_free(view->contacts);
    return hr;
}

static bool writes(const struct graph *graph)
{
    return graph->listening.count > 0;
}

static bool ends_soon(const struct graph *graph, uint64_t expiration)
{
    return expiration <= graph_time(graph) + REFRESH_BEFORE_S * TICKS_PER_SECOND;
}

/* A wait that is not running begins. */
static void wait_for(struct graph *graph, uint64_t *due_ms, uint64_t wait_ms)
{
    if (*due_ms == 0)
        *due_ms = graph->now.ms + wait_ms;
}

static bool is_over(struct graph *graph, uint64_t *due_ms)
{
    if (*due_ms == 0 || graph->now.ms < *due_ms)
        return false;
    *due_ms = 0;
    return true;
}

/* ---- signature ---- */

static HRESULT write_signature(struct graph *graph)
{
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    HRESULT hr = signature_encode(graph->config.node_id, &payload);
    return SUCCEEDED(hr) ? own_record_write(graph, &graph->signature, &RECORD_TYPE_SIGNATURE,
                                            SIGNATURE_LIFETIME_S, buffer_view(&payload))
                         : hr;
}

/* Lower ids wait less, so that most of the others never write. */
static uint64_t signature_wait(const struct graph *graph, const struct view *view)
{
    uint64_t part = graph->config.node_id >> 48;
    return view->signature == 0 ? 100 + 29900 * part / 65536 : 100;
}

static HRESULT tend_signature(struct graph *graph, const struct view *view)
{
    bool mine = view->signature == 0 || graph->config.node_id <= view->signature;
    if (!writes(graph) || !mine) {
        graph->signature_due_ms = 0;
        return S_OK;
    }
    if (view->signature_end > 0) {
        graph->signature_due_ms = 0;
        return ends_soon(graph, view->signature_end) ? write_signature(graph) : S_OK;
    }
    if (is_over(graph, &graph->signature_due_ms))
        return write_signature(graph);
    wait_for(graph, &graph->signature_due_ms, signature_wait(graph, view));
    return S_OK;
}

/* ---- contacts ---- */

/* [G 3.1.7.12] max(5, 60 - log2 of the signature): more in a large graph, whose least id is less.
 */
static uint32_t contacts_wanted(uint64_t signature)
{
    uint32_t wanted = 60;
    while (signature > 1 && wanted > CONTACTS_LEAST) {
        signature /= 2;
        wanted--;
    }
    return wanted;
}

static HRESULT write_contact(struct graph *graph, const struct view *view)
{
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    struct contact contact = {.signature = view->signature,
                              .node_id = graph->config.node_id,
                              .addresses = graph->listening};
    if (view->signature == 0)
        return S_OK;
    HRESULT hr = contact_encode(&contact, &payload);
    return SUCCEEDED(hr) ? own_record_write(graph, &graph->contact, &RECORD_TYPE_CONTACT,
                                            CONTACT_LIFETIME_S, buffer_view(&payload))
                         : hr;
}

static HRESULT tend_contact(struct graph *graph, const struct view *view)
{
    uint32_t wanted = contacts_wanted(view->signature);
    bool is_contact = view->contact_end > 0;
    bool too_many = is_contact && view->count > wanted + CONTACTS_SPREAD;
    bool too_few = !is_contact && view->count < wanted;
    if (!writes(graph) || view->signature == 0) {
        graph->contact_due_ms = 0;
        return S_OK;
    }
    if (!too_many && !too_few)
        graph->contact_due_ms = 0;
    else if (is_over(graph, &graph->contact_due_ms))
        return too_many ? own_record_withdraw(graph, &graph->contact) : write_contact(graph, view);
    else
        wait_for(graph, &graph->contact_due_ms, 10000 + graph_random_below(graph, 170000));
    bool stale = view->contact_signature != view->signature || ends_soon(graph, view->contact_end);
    return is_contact && stale ? write_contact(graph, view) : S_OK;
}

/* ---- cuts ---- */

static const struct seen_contact *stranger(struct graph *graph, const struct view *view)
{
    uint32_t start = view->count > 0 ? (uint32_t)graph_random_below(graph, view->count) : 0;
    for (uint32_t i = 0; i < view->count; i++) {
        const struct seen_contact *seen = &view->contacts[(start + i) % view->count];
        if (seen->contact.signature != view->signature &&
            seen->contact.node_id != graph->config.node_id)
            return seen;
    }
    return NULL;
}

/* Contacts take a look's time to follow a signature that has changed: who differs longer is beyond
 * a cut. */
static HRESULT tend_cut(struct graph *graph, const struct view *view)
{
    const struct seen_contact *other = view->signature != 0 ? stranger(graph, view) : NULL;
    if (!other)
        graph->cut_due_ms = 0;
    else if (is_over(graph, &graph->cut_due_ms))
        return maintain_call_member(graph, &other->contact.addresses, &other->author);
    else
        wait_for(graph, &graph->cut_due_ms, 40000 + graph_random_below(graph, 30000));
    return S_OK;
}

/* ---- timer ---- */

static bool takes_part(const struct graph *graph)
{
    return graph->online && graph->synchronised && graph->config.publish_presence;
}

static bool is_due(const struct graph *graph)
{
    const uint64_t dues[] = {graph->signature_due_ms, graph->contact_due_ms, graph->cut_due_ms};
    bool due = graph->now.ms >= graph->partition_due_ms;
    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++)
        due = due || (dues[i] != 0 && graph->now.ms >= dues[i]);
    return due;
}

void partition_online(struct graph *graph, bool online)
{
    graph->signature_due_ms = graph->contact_due_ms = graph->cut_due_ms = 0;
    graph->partition_due_ms = online ? graph->now.ms + LOOK_MS / 6 : UINT64_MAX;
}

HRESULT partition_timer(struct graph *graph)
{
    struct view view;
    if (!takes_part(graph) || !is_due(graph))
        return S_OK;
    graph->partition_due_ms = graph->now.ms + LOOK_MS;
    HRESULT hr = view_init(graph, &view);
    if (FAILED(hr))
        return hr;
    /* A record that may not be written keeps nothing else waiting. */
    hr = own_record_outcome(tend_signature(graph, &view));
    if (SUCCEEDED(hr))
        hr = own_record_outcome(tend_contact(graph, &view));
    if (SUCCEEDED(hr))
        hr = tend_cut(graph, &view);
    mem_free(view.contacts);
    return hr;
}

HRESULT partition_withdraw(struct graph *graph)
{
    HRESULT hr = own_record_withdraw(graph, &graph->contact);
    return SUCCEEDED(hr) ? own_record_withdraw(graph, &graph->signature) : hr;
}

uint64_t partition_deadline(const struct graph *graph)
{
    if (!takes_part(graph))
        return UINT64_MAX;
    uint64_t deadline = graph->partition_due_ms;
    const uint64_t dues[] = {graph->signature_due_ms, graph->contact_due_ms, graph->cut_due_ms};
    for (size_t i = 0; i < sizeof(dues) / sizeof(dues[0]); i++)
        deadline = dues[i] != 0 && dues[i] < deadline ? dues[i] : deadline;
    return deadline;
}
