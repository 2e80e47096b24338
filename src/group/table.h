/* table.h - uthash as this library uses it: our allocator, and an allocation that fails is
 * reported, not fatal.
 *
 * After HASH_ADD_* an element that could not be added has hh.tbl == NULL. */
#ifndef GROUP_TABLE_H
#define GROUP_TABLE_H

#include "base/alloc.h"

#define HASH_NONFATAL_OOM 1
#define uthash_malloc(size) mem_alloc(size)
#define uthash_free(block, size) mem_free(block)
#define uthash_nonfatal_oom(element) ((void)(element))

#include <uthash.h>

#endif
