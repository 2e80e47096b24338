/* store_memory_table.c - rows of the memory backend, sorted arrays of them, and the log of changes.
 *
 * A change first gets all the memory it may need, in every order, in the table of ids and in the
 * log; then it is applied, which cannot fail. Undoing applies the steps backwards into arrays that
 * never shrink and slots that stay until the end of the batch, so it cannot fail either. Inserting
 * moves the tail of each array: rows mostly come in order, at the end, where that costs nothing. */
#include "store/store_memory.h"

/* Identifiers are hashes already; folding them is enough. */
static unsigned fold_id(const void *id)
{
    uint64_t parts[2];
    memcpy(parts, id, GUID_SIZE);
    uint64_t mixed = (parts[0] ^ parts[1]) * 0x9e3779b97f4a7c15ull;
    return (unsigned)(mixed >> 32);
}

/* A failed allocation leaves the table as it was. */
#define HASH_FUNCTION(key, size, hash) ((hash) = fold_id(key))
#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) mem_alloc(size)
#define uthash_free(block, size) mem_free(block)
#include <uthash.h>

/* The record of an id; row is NULL while its removal, or the undoing of its first put, waits for
 * the end of the batch. */
struct memory_slot {
    UT_hash_handle hh;
    struct guid id;
    struct memory_record *row;
};

static int compare_number(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int then(int first, int second)
{
    return first != 0 ? first : second;
}

static const struct store_record *record_of(const void *row)
{
    return &((const struct memory_record *)row)->record;
}

static int compare_id(const void *a, const void *b)
{
    return guid_compare(&record_of(a)->id, &record_of(b)->id);
}

static int compare_modified(const void *a, const void *b)
{
    return then(compare_number(record_of(a)->modified, record_of(b)->modified), compare_id(a, b));
}

static int compare_expiration(const void *a, const void *b)
{
    return then(compare_number(record_of(a)->expiration, record_of(b)->expiration),
                compare_id(a, b));
}

static int compare_created(const void *a, const void *b)
{
    return then(compare_number(record_of(a)->created, record_of(b)->created), compare_id(a, b));
}

static int compare_type(const void *a, const void *b)
{
    return then(guid_compare(&record_of(a)->type, &record_of(b)->type), compare_created(a, b));
}

static int compare_root(const void *a, const void *b)
{
    return then(hash_compare(&record_of(a)->payload_root, &record_of(b)->payload_root),
                compare_id(a, b));
}

static int compare_piece(const void *row_a, const void *row_b)
{
    const struct memory_piece *a = row_a, *b = row_b;
    return then(hash_compare(&a->root, &b->root), compare_number(a->index, b->index));
}

static int compare_digest(const void *a, const void *b)
{
    return hash_compare(&record_of(a)->digest, &record_of(b)->digest);
}

static int compare_certificate(const void *row_a, const void *row_b)
{
    const struct store_certificate *a = row_a, *b = row_b;
    return hash_compare(&a->hash, &b->hash);
}

static int compare_key(const void *row_a, const void *row_b)
{
    const struct memory_value *a = row_a, *b = row_b;
    return bytes_compare(a->key, b->key);
}

static bool holds_all(const void *row)
{
    (void)row;
    return true;
}

static bool holds_live(const void *row)
{
    return !record_of(row)->deleted;
}

static bool holds_with_pieces(const void *row)
{
    return store_row_has_pieces(record_of(row));
}

static const struct {
    enum memory_table table;
    int (*compare)(const void *a, const void *b);
    bool (*holds)(const void *row);
} kinds[MEMORY_ORDER_COUNT] = {
    [MEMORY_BY_MODIFIED] = {MEMORY_RECORD, compare_modified, holds_all},
    [MEMORY_BY_EXPIRATION] = {MEMORY_RECORD, compare_expiration, holds_all},
    [MEMORY_BY_CREATED] = {MEMORY_RECORD, compare_created, holds_live},
    [MEMORY_BY_TYPE] = {MEMORY_RECORD, compare_type, holds_live},
    [MEMORY_BY_ROOT] = {MEMORY_RECORD, compare_root, holds_with_pieces},
    [MEMORY_BY_PIECE] = {MEMORY_PIECE, compare_piece, holds_all},
    [MEMORY_BY_DIGEST] = {MEMORY_UNFINISHED, compare_digest, holds_all},
    [MEMORY_BY_HASH] = {MEMORY_CERTIFICATE, compare_certificate, holds_all},
    [MEMORY_BY_KEY] = {MEMORY_VALUE, compare_key, holds_all},
};

int memory_compare(enum memory_order order, const void *a, const void *b)
{
    return kinds[order].compare(a, b);
}

size_t memory_position(const struct memory_store *store, enum memory_order order, const void *probe,
                       bool past)
{
    const struct memory_array *array = &store->orders[order];
    size_t low = 0, high = array->count;
    /* Most rows belong at the end. */
    if (high > 0 && kinds[order].compare(array->rows[high - 1], probe) < 0)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int side = kinds[order].compare(array->rows[middle], probe);
        if (side < 0 || (past && side == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *memory_at(const struct memory_store *store, enum memory_order order, const void *probe)
{
    const struct memory_array *array = &store->orders[order];
    size_t at = memory_position(store, order, probe, false);
    bool equal = at < array->count && kinds[order].compare(array->rows[at], probe) == 0;
    return equal ? array->rows[at] : NULL;
}

static struct memory_slot *find_slot(struct memory_store *store, const struct guid *id)
{
    struct memory_slot *slot = NULL;
    HASH_FIND(hh, store->slots, id, sizeof(*id), slot);
    return slot;
}

struct memory_record *memory_find_record(struct memory_store *store, const struct guid *id)
{
    struct memory_slot *slot = find_slot(store, id);
    return slot ? slot->row : NULL;
}

static HRESULT reserve_slot(struct memory_store *store, const struct guid *id)
{
    if (find_slot(store, id))
        return S_OK;
    struct memory_slot *slot = mem_zalloc(sizeof(*slot));
    if (!slot)
        return E_OUTOFMEMORY;
    slot->id = *id;
    HASH_ADD(hh, store->slots, id, sizeof(slot->id), slot);
    if (find_slot(store, id))
        return S_OK;
    mem_free(slot);
    return E_OUTOFMEMORY;
}

static void release_slot(struct memory_store *store, const struct guid *id)
{
    struct memory_slot *slot = find_slot(store, id);
    if (!slot || slot->row)
        return;
    HASH_DEL(store->slots, slot);
    mem_free(slot);
}

/* grow makes room for one more element. */
static HRESULT grow(void *block, size_t count, size_t *capacity, size_t element_size)
{
    void **pointer = block;
    if (count < *capacity)
        return S_OK;
    size_t more = *capacity > 0 ? *capacity * 2 : 4;
    void *grown = mem_realloc(*pointer, more * element_size);
    if (!grown)
        return E_OUTOFMEMORY;
    *pointer = grown;
    *capacity = more;
    return S_OK;
}

static HRESULT reserve(struct memory_store *store, enum memory_table table, const void *new)
{
    HRESULT hr =
        grow(&store->steps, store->step_count, &store->step_capacity, sizeof(*store->steps));
    for (int i = 0; new &&SUCCEEDED(hr) && i < MEMORY_ORDER_COUNT; i++) {
        struct memory_array *array = &store->orders[i];
        if (kinds[i].table == table && kinds[i].holds(new))
            hr = grow(&array->rows, array->count, &array->capacity, sizeof(*array->rows));
    }
    if (new &&SUCCEEDED(hr) && table == MEMORY_RECORD)
        hr = reserve_slot(store, &record_of(new)->id);
    return hr;
}

static void take_out(struct memory_store *store, enum memory_order order, const void *row)
{
    struct memory_array *array = &store->orders[order];
    size_t at = memory_position(store, order, row, false);
    ASSERT(at < array->count && array->rows[at] == row);
    array->count--;
    memmove(array->rows + at, array->rows + at + 1, (array->count - at) * sizeof(*array->rows));
}

static void put_in(struct memory_store *store, enum memory_order order, void *row)
{
    struct memory_array *array = &store->orders[order];
    size_t at = memory_position(store, order, row, false);
    ASSERT(array->count < array->capacity);
    memmove(array->rows + at + 1, array->rows + at, (array->count - at) * sizeof(*array->rows));
    array->rows[at] = row;
    array->count++;
}

static void apply(struct memory_store *store, enum memory_table table, void *old, void *new)
{
    for (int i = 0; i < MEMORY_ORDER_COUNT; i++) {
        if (kinds[i].table != table)
            continue;
        if (old && kinds[i].holds(old))
            take_out(store, i, old);
        if (new &&kinds[i].holds(new))
            put_in(store, i, new);
    }
    if (table == MEMORY_RECORD) {
        struct memory_slot *slot = find_slot(store, &record_of(old ? old : new)->id);
        ASSERT(slot && slot->row == old);
        slot->row = new;
    }
}

HRESULT memory_change(struct memory_store *store, enum memory_table table, void *old, void *new)
{
    ASSERT(store->visits == 0 && (old || new));
    HRESULT hr = reserve(store, table, new);
    if (FAILED(hr)) {
        mem_free(new);
        return hr;
    }
    apply(store, table, old, new);
    store->steps[store->step_count++] =
        (struct memory_step){.table = table, .old = old, .new = new};
    return S_OK;
}

/* is_waiting tells whether one of the first steps still needs the slot of this id. */
static bool is_waiting(const struct memory_store *store, size_t step_count, const struct guid *id)
{
    for (size_t i = 0; i < step_count; i++) {
        const struct memory_step *step = &store->steps[i];
        if (step->table == MEMORY_RECORD &&
            guid_equal(&record_of(step->old ? step->old : step->new)->id, id))
            return true;
    }
    return false;
}

void memory_undo(struct memory_store *store, size_t step_count)
{
    for (size_t i = store->step_count; i > step_count; i--)
        apply(store, store->steps[i - 1].table, store->steps[i - 1].new, store->steps[i - 1].old);
    while (store->step_count > step_count) {
        struct memory_step *step = &store->steps[--store->step_count];
        if (step->table == MEMORY_RECORD) {
            const struct guid *id = &record_of(step->old ? step->old : step->new)->id;
            if (!is_waiting(store, step_count, id))
                release_slot(store, id);
        }
        mem_free(step->new);
    }
}

void memory_keep(struct memory_store *store)
{
    for (size_t i = 0; i < store->step_count; i++) {
        struct memory_step *step = &store->steps[i];
        if (step->table == MEMORY_RECORD && step->old)
            release_slot(store, &record_of(step->old)->id);
        mem_free(step->old);
    }
    mem_free(store->steps);
    store->steps = NULL;
    store->step_count = store->step_capacity = 0;
}

void memory_deinit(struct memory_store *store)
{
    static const enum memory_order owners[] = {MEMORY_BY_MODIFIED, MEMORY_BY_PIECE,
                                               MEMORY_BY_DIGEST, MEMORY_BY_HASH, MEMORY_BY_KEY};
    memory_keep(store);
    for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
        for (size_t at = 0; at < store->orders[owners[i]].count; at++)
            mem_free(store->orders[owners[i]].rows[at]);
    for (int i = 0; i < MEMORY_ORDER_COUNT; i++)
        mem_free(store->orders[i].rows);
    struct memory_slot *slot, *next;
    HASH_ITER (hh, store->slots, slot, next) {
        HASH_DEL(store->slots, slot);
        mem_free(slot);
    }
}
