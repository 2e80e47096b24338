/* block.h - what the interface returns: one allocation with all it points to inside.
 *
 * Built piece by piece at offsets, then moved into its final place in one go. The program frees it
 * with PeerFreeData; what it gives there that is no live block is left alone. */
#ifndef API_BLOCK_H
#define API_BLOCK_H

#include "base/bytes.h"

#include <p2p.h>

/* A block under construction. BLOCK_NULL is a valid empty one. */
struct block {
    struct buffer data;
    struct buffer links;
};
#define BLOCK_NULL ((struct block){.data = {.data = NULL}})

void block_deinit(struct block *block);
#define CLEANUP_BLOCK CLEANUP(block_deinit)

/* Each returns S_OK or E_OUTOFMEMORY. After a failure the block is only good for block_deinit.
 *
 * block_add appends size zero bytes, aligned for anything, and gives their offset. */
HRESULT block_add(struct block *block, size_t size, size_t *offset) MUST_CHECK;
/* block_at gives the address of an offset, valid until the next block_add. */
void *block_at(struct block *block, size_t offset);
/* block_link makes the pointer at one offset point to another in the finished block. */
HRESULT block_link(struct block *block, size_t pointer_at, size_t target) MUST_CHECK;
/* block_add_bytes and block_add_text append content for the pointer at an offset. No bytes, or NULL
 * text, leave it NULL. text is UTF-8 (else E_INVALIDARG) and becomes UTF-16 with its NUL. */
HRESULT block_add_bytes(struct block *block, size_t pointer_at, struct bytes content) MUST_CHECK;
HRESULT block_add_text(struct block *block, size_t pointer_at, const char *text) MUST_CHECK;

/* block_finish gives the program the whole; *result is the address of offset 0. The block is empty
 * afterwards. *result is NULL after a failure. */
HRESULT block_finish(struct block *block, void **result) MUST_CHECK;

/* block_text gives the program one string. *result is NULL after a failure. */
HRESULT block_text(const char *text, PWSTR *result) MUST_CHECK;

/* block_release frees a live block; false: it is none, and nothing happened. */
bool block_release(const void *data);

#endif
