/* payload_tree.c - the SHA-256 tree over a payload's pieces, in the shape of RFC 6962.
 *
 * A leaf is H(0x00, piece), a node H(0x01, left, right); the left subtree holds the greatest power
 * of two of leaves that is less than the count. An empty payload is one empty piece. A path proves
 * one piece against the root in the signed header, so that pieces can come from anybody in any
 * order. */
#include "record/record.h"

uint32_t payload_piece_count(uint64_t size)
{
    return size == 0 ? 1 : (uint32_t)((size + LIMIT_PIECE_SIZE - 1) / LIMIT_PIECE_SIZE);
}

uint32_t payload_piece_size(uint64_t size, uint32_t index)
{
    uint64_t start = (uint64_t)index * LIMIT_PIECE_SIZE;
    uint64_t left = start < size ? size - start : 0;
    return left < LIMIT_PIECE_SIZE ? (uint32_t)left : LIMIT_PIECE_SIZE;
}

void payload_leaf(struct bytes piece, struct hash *leaf)
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, "\0", 1);
    sha256_update(&sha, piece.data, piece.size);
    sha256_final(&sha, leaf);
}

static void node_of(const struct hash *left, const struct hash *right, struct hash *node)
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_update(&sha, "\1", 1);
    sha256_update(&sha, left->bytes, HASH_SIZE);
    sha256_update(&sha, right->bytes, HASH_SIZE);
    sha256_final(&sha, node);
}

/* The greatest power of two below count (count >= 2). */
static uint32_t split_of(uint32_t count)
{
    uint32_t split = 1;
    while (split < count - split)
        split *= 2;
    return split;
}

/* Depth is at most PAYLOAD_PATH_MAX, so the recursion is short. */
void payload_root_of_leaves(const struct hash *leaves, uint32_t count, struct hash *root)
{
    ASSERT(count >= 1);
    if (count == 1) {
        *root = leaves[0];
        return;
    }
    uint32_t split = split_of(count);
    struct hash left, right;
    payload_root_of_leaves(leaves, split, &left);
    payload_root_of_leaves(leaves + split, count - split, &right);
    node_of(&left, &right, root);
}

void payload_leaves(struct bytes payload, struct hash *leaves)
{
    uint32_t count = payload_piece_count(payload.size);
    for (uint32_t i = 0; i < count; i++) {
        size_t start = (size_t)i * LIMIT_PIECE_SIZE;
        const uint8_t *data = payload.size > 0 ? payload.data + start : NULL;
        payload_leaf(bytes_of(data, payload_piece_size(payload.size, i)), &leaves[i]);
    }
}

HRESULT payload_root(struct bytes payload, struct hash *root)
{
    uint32_t count = payload_piece_count(payload.size);
    struct hash *leaves = mem_calloc(count, sizeof(*leaves));
    if (!leaves)
        return E_OUTOFMEMORY;
    payload_leaves(payload, leaves);
    payload_root_of_leaves(leaves, count, root);
    mem_free(leaves);
    return S_OK;
}

uint32_t payload_path(const struct hash *leaves, uint32_t count, uint32_t index,
                      struct hash path[PAYLOAD_PATH_MAX])
{
    ASSERT(index < count);
    struct hash up[PAYLOAD_PATH_MAX];
    uint32_t size = 0;
    while (count > 1) {
        uint32_t split = split_of(count);
        ASSERT(size < PAYLOAD_PATH_MAX);
        if (index < split) {
            payload_root_of_leaves(leaves + split, count - split, &up[size++]);
            count = split;
        } else {
            payload_root_of_leaves(leaves, split, &up[size++]);
            leaves += split;
            index -= split;
            count -= split;
        }
    }
    for (uint32_t i = 0; i < size; i++)
        path[i] = up[size - 1 - i];
    return size;
}

bool payload_path_check(const struct hash *root, uint32_t count, uint32_t index,
                        const struct hash *leaf, const struct hash *path, uint32_t path_size)
{
    bool left[PAYLOAD_PATH_MAX];
    uint32_t depth = 0;
    if (index >= count)
        return false;
    while (count > 1) {
        if (depth == PAYLOAD_PATH_MAX)
            return false;
        uint32_t split = split_of(count);
        left[depth++] = index < split;
        index -= index < split ? 0 : split;
        count = left[depth - 1] ? split : count - split;
    }
    if (depth != path_size)
        return false;
    struct hash node = *leaf;
    for (uint32_t i = 0; i < depth; i++) {
        bool is_left = left[depth - 1 - i];
        node_of(is_left ? &node : &path[i], is_left ? &path[i] : &node, &node);
    }
    return hash_equal(&node, root);
}
