/* sim_check.c - what must hold when the group is quiet, whatever happened before.
 *
 * All members hold the same versions; whatever a member that is alive confirmed is held by all, or
 * overtaken by a later version; every version that anybody holds was signed by a member who might
 * write it. Each check keeps the first contradiction as the run's failure. */
#include "sim_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

struct listing {
    struct store_item *items;
    uint32_t count;
    uint32_t capacity;
};

static HRESULT list_item(void *context, const struct store_item *item)
{
    struct listing *listing = context;
    listing->items =
        sim_grow(listing->items, listing->count, &listing->capacity, sizeof(*listing->items));
    listing->items[listing->count++] = *item;
    return S_OK;
}

static void list(struct sim *sim, struct sim_node *node, uint64_t after, struct listing *listing)
{
    *listing = (struct listing){.items = NULL};
    if (FAILED(node->store->ops->scan(node->store, NULL, NULL, after, list_item, listing)))
        sim_fail(sim, "node %u: the store cannot be read", node->index);
}

static const struct store_item *first_difference(const struct listing *a, const struct listing *b)
{
    uint32_t i = 0;
    while (i < a->count && i < b->count && hash_equal(&a->items[i].digest, &b->items[i].digest))
        i++;
    return i < a->count ? &a->items[i] : i < b->count ? &b->items[i] : NULL;
}

static bool takes_part(const struct sim_node *node)
{
    return node->alive && node->graph && node->online && !node->removed;
}

static void describe(struct sim *sim, struct sim_node *node, const struct guid *id, char *text,
                     size_t size)
{
    struct store_record row;
    int64_t now = (int64_t)sim_peer_time(sim), second = (int64_t)TICKS_PER_SECOND;
    if (FAILED(node->store->ops->find(node->store, id, &row)))
        snprintf(text, size, "node %u holds nothing", node->index);
    else
        snprintf(
            text, size,
            "node %u holds version %u%s of type %02x%02x%02x%02x, written at %lld s, ending at "
            "%lld s from now",
            node->index, row.version, row.deleted ? " (deleted)" : "", row.type.bytes[0],
            row.type.bytes[1], row.type.bytes[2], row.type.bytes[3],
            (long long)(((int64_t)row.modified - now) / second),
            (long long)(((int64_t)row.expiration - now) / second));
}

static void tell_difference(struct sim *sim, struct sim_node *a, struct sim_node *b,
                            const struct guid *id)
{
    char one[160], other[160];
    describe(sim, a, id, one, sizeof(one));
    describe(sim, b, id, other, sizeof(other));
    sim_fail(sim, "at %llu ms %s, %s", (unsigned long long)sim->now_ms, one, other);
}

static bool compare(struct sim *sim, bool tell)
{
    uint64_t after = sim_peer_time(sim) + 130 * TICKS_PER_SECOND;
    struct listing first = {.items = NULL};
    struct sim_node *reference = NULL;
    bool equal = true;
    for (uint32_t i = 0; i < sim->node_count && equal; i++) {
        struct sim_node *node = sim->nodes[i];
        if (!takes_part(node))
            continue;
        struct listing listing;
        list(sim, node, after, reference ? &listing : &first);
        if (!reference) {
            reference = node;
            continue;
        }
        const struct store_item *differs = first_difference(&first, &listing);
        equal = !differs;
        if (differs && tell)
            tell_difference(sim, reference, node, &differs->key.id);
        free(listing.items);
    }
    free(first.items);
    return equal;
}

bool sim_check_equal(struct sim *sim)
{
    return compare(sim, true);
}

bool sim_equal_now(struct sim *sim, void *context)
{
    (void)context;
    return compare(sim, false);
}

static bool is_held(struct sim_node *node, const struct sim_confirmed *confirmed)
{
    struct store_record row;
    if (FAILED(node->store->ops->find(node->store, &confirmed->id, &row)))
        return false;
    if (confirmed->deleted)
        return row.deleted;
    return row.deleted || row.version >= confirmed->version;
}

/* A version of a removed member falls, and what it had replaced is gone where it did: what became
 * of such a record is told by the equality of all. */
static bool is_touched_by_removed(struct sim *sim, const struct sim_confirmed *confirmed)
{
    for (uint32_t i = 0; i < sim->confirmed_count; i++)
        if (sim->nodes[sim->confirmed[i].author]->fell &&
            guid_equal(&sim->confirmed[i].id, &confirmed->id))
            return true;
    return false;
}

bool sim_check_confirmed(struct sim *sim)
{
    uint64_t now = sim_peer_time(sim);
    for (uint32_t i = 0; i < sim->confirmed_count; i++) {
        const struct sim_confirmed *confirmed = &sim->confirmed[i];
        if (confirmed->expiration <= now || !takes_part(sim->nodes[confirmed->author]) ||
            is_touched_by_removed(sim, confirmed))
            continue;
        for (uint32_t j = 0; j < sim->node_count; j++) {
            if (!takes_part(sim->nodes[j]) || is_held(sim->nodes[j], confirmed))
                continue;
            sim_fail(sim, "node %u confirmed record %u (version %u%s), node %u does not hold it",
                     confirmed->author, i, confirmed->version,
                     confirmed->deleted ? ", deleted" : "", j);
            return false;
        }
    }
    return true;
}

struct authorised {
    struct sim *sim;
    struct sim_node *node;
    bool good;
};

static bool is_authorised(struct sim *sim, const struct store_record *row)
{
    struct record record;
    const struct sim_key *key = sim_members_find(&sim->members, &row->certificate);
    if (!key || row->signature.size != SIGNATURE_SIZE ||
        FAILED(record_header_decode(row->header, &record)))
        return false;
    struct hash digest;
    uint8_t message[64];
    record_digest(bytes_of_text(SIM_GRAPH_ID), row->header, &digest);
    record_signed_bytes(&digest, message);
    return hash_equal(&digest, &row->digest) &&
           hash_equal(record.version == 1 ? &record.creator : &record.modifier, &key->hash) &&
           crypto_sign_verify_detached(row->signature.data, message, sizeof(message),
                                       key->public_key) == 0;
}

static HRESULT check_item(void *context, const struct store_item *item)
{
    struct authorised *check = context;
    struct store *store = check->node->store;
    struct store_record row;
    HRESULT hr = store->ops->get(store, &item->key.id, &row);
    if (FAILED(hr))
        return hr;
    bool good = check->sim->options.security == SIM_GROUP ? group_is_authorised(check->sim, &row)
                                                          : is_authorised(check->sim, &row);
    store_record_deinit(&row);
    if (!good)
        sim_fail(check->sim, "node %u holds a version that no member signed", check->node->index);
    check->good = check->good && good;
    return S_OK;
}

bool sim_check_authorised(struct sim *sim)
{
    struct authorised check = {.sim = sim, .good = true};
    for (uint32_t i = 0; i < sim->node_count; i++) {
        check.node = sim->nodes[i];
        if (check.node->removed || !check.node->alive)
            continue;
        struct store *store = check.node->store;
        if (FAILED(store->ops->scan(store, NULL, NULL, 0, check_item, &check)))
            sim_fail(sim, "node %u: the store cannot be read", i);
    }
    return check.good && !sim_failure(sim);
}
