/* handle_table.c - opaque handles that are checked at each use.
 *
 * A handle is (generation, index, kind) in one word. Adding takes the slot that has been free the
 * longest, or a new one, and counts its generation up; looking up compares the generation, so a
 * handle that was closed finds nothing even when its slot is used again. A slot's first generation
 * is random: a number that some other library calls a handle, or a small integer, is refused too.
 *
 * Fails only in adding, when there is no memory or no slot; the table is then as it was. */
#include "api/handle_table.h"

#include "base/alloc.h"

#include <stdbool.h>
#include <sodium.h>

enum { KIND_BITS = 3, INDEX_BITS = 16 };

static const uintptr_t GENERATION_MAX = UINTPTR_MAX >> (KIND_BITS + INDEX_BITS);

static uintptr_t handle_of(const struct handle_table *table, uint32_t index)
{
    uintptr_t generation = table->slots[index].generation;
    return (((generation << INDEX_BITS) | index) << KIND_BITS) | (uintptr_t)table->kind;
}

static struct handle_slot *find_slot(const struct handle_table *table, uintptr_t handle)
{
    uint32_t index = (uint32_t)(handle >> KIND_BITS) & (HANDLE_TABLE_SLOTS_MAX - 1);
    if (index >= table->slot_count || !table->slots[index].object)
        return NULL;
    return handle_of(table, index) == handle ? &table->slots[index] : NULL;
}

static uintptr_t random_generation(void)
{
    uintptr_t value = 0;
    if (sodium_init() >= 0)
        randombytes_buf(&value, sizeof value);
    return value & GENERATION_MAX;
}

static bool grow(struct handle_table *table)
{
    if (table->slot_count < table->capacity)
        return true;
    if (table->slot_count == HANDLE_TABLE_SLOTS_MAX)
        return false;
    uint32_t capacity = table->capacity > 0 ? table->capacity * 2 : 16;
    struct handle_slot *slots = mem_realloc(table->slots, capacity * sizeof *slots);
    if (!slots)
        return false;
    table->slots = slots;
    table->capacity = capacity;
    return true;
}

static uint32_t take_free_slot(struct handle_table *table)
{
    uint32_t index = table->first_free - 1;
    table->first_free = table->slots[index].next_free;
    if (table->first_free == 0)
        table->last_free = 0;
    return index;
}

HRESULT handle_table_add(struct handle_table *table, void *object, uintptr_t *handle)
{
    ASSERT(object);
    *handle = 0;
    uint32_t index;
    if (table->first_free > 0) {
        index = take_free_slot(table);
    } else {
        if (!grow(table))
            return E_OUTOFMEMORY;
        index = table->slot_count++;
        table->slots[index].generation = random_generation();
    }
    struct handle_slot *slot = &table->slots[index];
    slot->generation = slot->generation >= GENERATION_MAX ? 1 : slot->generation + 1;
    slot->next_free = 0;
    slot->object = object;
    *handle = handle_of(table, index);
    return S_OK;
}

void *handle_table_get(const struct handle_table *table, uintptr_t handle)
{
    struct handle_slot *slot = find_slot(table, handle);
    return slot ? slot->object : NULL;
}

uintptr_t handle_table_at(const struct handle_table *table, uint32_t index)
{
    ASSERT(index < table->slot_count);
    return table->slots[index].object ? handle_of(table, index) : 0;
}

void *handle_table_remove(struct handle_table *table, uintptr_t handle)
{
    struct handle_slot *slot = find_slot(table, handle);
    if (!slot)
        return NULL;
    void *object = slot->object;
    slot->object = NULL;
    uint32_t number = (uint32_t)(slot - table->slots) + 1;
    if (table->last_free > 0)
        table->slots[table->last_free - 1].next_free = number;
    else
        table->first_free = number;
    table->last_free = number;
    return object;
}
