/* alloc.h - all allocations of our own code; a test can make the n-th one fail. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each returns memory to release with mem_free, or NULL when there is none. A size of 0 gives a
 * unique block. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_calloc(size_t count, size_t size);
/* mem_realloc keeps the old block when it fails. */
void *mem_realloc(void *block, size_t size);
void *mem_dup(const void *data, size_t size);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t size);
void mem_free(void *block);
/* mem_wipe clears what must not stay in memory; mem_wipe_text clears a text before it is freed
 * (NULL is fine). */
void mem_wipe(void *data, size_t size);
void mem_wipe_text(char *text);

/* mem_fail_nth makes the n-th allocation from now fail, once (0: none). For tests. */
void mem_fail_nth(uint64_t n);
/* mem_fail_nth_tagged counts tagged threads only: the caller, until its next mem_fail_nth, and
 * whoever works for it and takes over its tag with mem_tag, which returns the tag before. So what
 * else goes on in the process meets no failure. */
void mem_fail_nth_tagged(uint64_t n);
bool mem_tagged(void);
bool mem_tag(bool tagged);
/* mem_fail_hit tells whether that allocation has come and failed. */
bool mem_fail_hit(void);
/* mem_should_fail counts one allocation of a foreign allocator (SQLite's, libxml2's) on the same
 * clock. */
bool mem_should_fail(void);

/* mem_watch makes mem_free and mem_realloc look for these bytes in what they let go of, and
 * mem_watch_seen counts the blocks that held them (size 0: no more of that). For tests, one at a
 * time. */
void mem_watch(const void *secret, size_t size);
unsigned mem_watch_seen(void);

/* CLEANUP(fn) on a local calls fn(&local) when it leaves scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))
static inline void mem_freep(void *pointer_to_block)
{
    mem_free(*(void **)pointer_to_block);
}
#define CLEANUP_FREE CLEANUP(mem_freep)
static inline void mem_wipe_textp(char **text)
{
    mem_wipe_text(*text);
    mem_free(*text);
}
#define CLEANUP_SECRET_TEXT CLEANUP(mem_wipe_textp)

#endif
