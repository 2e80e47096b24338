/* alloc.c - the one door through which our own code gets memory.
 *
 * In normal use each call goes straight to the C library. A test arms a countdown with
 * mem_fail_nth; the allocation that reaches zero fails and the ones after it succeed again, so that
 * a sweep visits every failure point once. The counter is shared by all threads, or by those that
 * work for one tagged request; only one sweep runs at a time. */
#include "base/alloc.h"

#include <malloc.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t fail_countdown;
static _Atomic bool fail_hit;
static _Atomic bool fail_tagged_only;
static _Thread_local bool is_tagged;

static uint8_t watched[64];
static _Atomic size_t watched_size;
static _Atomic unsigned watch_seen;

void mem_watch(const void *secret, size_t size)
{
    size = size < sizeof(watched) ? size : sizeof(watched);
    atomic_store(&watched_size, 0);
    if (size > 0)
        memcpy(watched, secret, size);
    atomic_store(&watch_seen, 0);
    atomic_store(&watched_size, size);
}

unsigned mem_watch_seen(void)
{
    return atomic_load(&watch_seen);
}

static bool is_watching(void)
{
    return atomic_load_explicit(&watched_size, memory_order_relaxed) > 0;
}

static void look_for_secret(void *block)
{
    size_t size = atomic_load(&watched_size);
    if (block && size > 0 && memmem(block, malloc_usable_size(block), watched, size))
        atomic_fetch_add(&watch_seen, 1);
}

static void arm(uint64_t n, bool tagged_only)
{
    is_tagged = tagged_only;
    atomic_store(&fail_countdown, 0);
    atomic_store(&fail_hit, false);
    atomic_store(&fail_tagged_only, tagged_only);
    atomic_store(&fail_countdown, n);
}

void mem_fail_nth(uint64_t n)
{
    arm(n, false);
}

void mem_fail_nth_tagged(uint64_t n)
{
    arm(n, true);
}

bool mem_tagged(void)
{
    return is_tagged;
}

bool mem_tag(bool tagged)
{
    bool before = is_tagged;
    is_tagged = tagged;
    return before;
}

bool mem_fail_hit(void)
{
    return atomic_load(&fail_hit);
}

bool mem_should_fail(void)
{
    uint64_t left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (left > 0 && atomic_load(&fail_tagged_only) && !is_tagged)
        return false;
    while (left > 0) {
        if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1)) {
            if (left == 1)
                atomic_store(&fail_hit, true);
            return left == 1;
        }
    }
    return false;
}

void *mem_alloc(size_t size)
{
    return mem_should_fail() ? NULL : malloc(size > 0 ? size : 1);
}

void *mem_zalloc(size_t size)
{
    return mem_calloc(1, size);
}

void *mem_calloc(size_t count, size_t size)
{
    return mem_should_fail() ? NULL : calloc(count > 0 ? count : 1, size > 0 ? size : 1);
}

/* Lets nothing of the old block escape the look. */
static void *realloc_watched(void *block, size_t size)
{
    void *moved = malloc(size);
    if (moved && block) {
        size_t before = malloc_usable_size(block);
        memcpy(moved, block, before < size ? before : size);
        mem_free(block);
    }
    return moved;
}

void *mem_realloc(void *block, size_t size)
{
    if (mem_should_fail())
        return NULL;
    size = size > 0 ? size : 1;
    return is_watching() ? realloc_watched(block, size) : realloc(block, size);
}

void *mem_dup(const void *data, size_t size)
{
    void *copy = mem_alloc(size);
    if (copy && size > 0)
        memcpy(copy, data, size);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_dup(text, strlen(text) + 1);
}

char *mem_strndup(const char *text, size_t size)
{
    char *copy = mem_alloc(size + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

void mem_free(void *block)
{
    if (is_watching())
        look_for_secret(block);
    free(block);
}

void mem_wipe(void *data, size_t size)
{
    if (size > 0)
        sodium_memzero(data, size);
}

void mem_wipe_text(char *text)
{
    if (text)
        mem_wipe(text, strlen(text));
}
