/* store_memory.c - the memory backend: a store for simulations and tests, with nothing on disk.
 *
 * It keeps the promises of the SQLite one, commit and rollback included, and an empty store takes
 * some hundred bytes, so that one process can hold thousands. Every commit succeeds; what was
 * marked durable is as durable as the process. The only failure is E_OUTOFMEMORY. */
#include "store/store_memory.h"

static HRESULT commit(struct store *base)
{
    struct memory_store *store = memory_store_of(base);
    ASSERT(store->visits == 0);
    memory_keep(store);
    return S_OK;
}

static HRESULT rollback(struct store *base)
{
    struct memory_store *store = memory_store_of(base);
    ASSERT(store->visits == 0);
    bool record_change = false;
    for (size_t i = 0; i < store->step_count; i++)
        record_change = record_change || store->steps[i].table == MEMORY_RECORD;
    memory_undo(store, 0);
    /* What was seen in between must not share its generation with what comes. */
    if (record_change)
        store->generation++;
    return S_OK;
}

static void mark_durable(struct store *base)
{
    (void)base;
}

static uint64_t generation(struct store *base)
{
    return memory_store_of(base)->generation;
}

static void free_store(struct store *base)
{
    struct memory_store *store = memory_store_of(base);
    memory_deinit(store);
    mem_free(store);
}

static const struct store_ops memory_ops = {
    .free = free_store,
    .commit = commit,
    .rollback = rollback,
    .mark_durable = mark_durable,
    .put = memory_record_put,
    .get = memory_record_get,
    .find = memory_record_find,
    .remove = memory_record_remove,
    .each = memory_record_each,
    .walk = memory_record_walk,
    .each_by_creator = memory_record_each_by_creator,
    .each_by_certificate = memory_record_each_by_certificate,
    .scan = memory_record_scan,
    .each_expired = memory_record_each_expired,
    .next_expiration = memory_record_next_expiration,
    .count = memory_record_count,
    .piece_put = memory_piece_put,
    .piece_get = memory_piece_get,
    .piece_has = memory_piece_has,
    .piece_count = memory_piece_count,
    .leaves = memory_leaves,
    .pieces_drop = memory_pieces_drop,
    .pieces_collect = memory_pieces_collect,
    .unfinished_put = memory_unfinished_put,
    .unfinished_remove = memory_unfinished_remove,
    .unfinished_each = memory_unfinished_each,
    .certificate_put = memory_certificate_put,
    .certificate_get = memory_certificate_get,
    .certificate_remove = memory_certificate_remove,
    .certificate_each = memory_certificate_each,
    .value_put = memory_value_put,
    .value_get = memory_value_get,
    .value_remove = memory_value_remove,
    .value_each = memory_value_each,
    .generation = generation,
};

HRESULT store_memory_new(struct store **out)
{
    *out = NULL;
    struct memory_store *store = mem_zalloc(sizeof(*store));
    if (!store)
        return E_OUTOFMEMORY;
    store->base.ops = &memory_ops;
    store->generation = 1;
    *out = &store->base;
    return S_OK;
}
