/* table.h - uthash, set up for this library: our allocator, and failure to grow is reported instead
 * of fatal.
 *
 * After HASH_ADD..., TABLE_ADDED(element) tells whether the element is in the table; when it is
 * not, memory ran out and the table is as it was. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/alloc.h"

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(key, size, hash) HASH_OAT(key, size, hash)
#define uthash_malloc(size) mem_alloc(size)
#define uthash_free(block, size) mem_free(block)
#define uthash_nonfatal_oom(element) ((void)(element))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <uthash.h>
#pragma GCC diagnostic pop

#define TABLE_ADDED(element, handle) ((element)->handle.tbl != NULL)

#endif
