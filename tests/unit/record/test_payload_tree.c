/* Does each piece prove its place under the root, and nothing else? */
#include "record/record.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static struct hash leaf_of(uint32_t number)
{
    struct hash leaf;
    payload_leaf(bytes_of(&number, sizeof(number)), &leaf);
    return leaf;
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(payload_piece_count(0), 1);
    assert_int_equal(payload_piece_count(1), 1);
    assert_int_equal(payload_piece_count(LIMIT_PIECE_SIZE), 1);
    assert_int_equal(payload_piece_count(LIMIT_PIECE_SIZE + 1), 2);
    assert_int_equal(payload_piece_count(LIMIT_RECORD_SIZE), 960);
    assert_int_equal(payload_piece_size(LIMIT_PIECE_SIZE + 1, 0), LIMIT_PIECE_SIZE);
    assert_int_equal(payload_piece_size(LIMIT_PIECE_SIZE + 1, 1), 1);
    assert_int_equal(payload_piece_size(LIMIT_PIECE_SIZE + 1, 2), 0);
}

static void every_piece_of_every_count(void **state)
{
    (void)state;
    const uint32_t counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 100, 959, 960, 1024};
    struct hash leaves[1024], root, path[PAYLOAD_PATH_MAX];
    for (uint32_t i = 0; i < 1024; i++)
        leaves[i] = leaf_of(i);
    for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
        uint32_t count = counts[c];
        payload_root_of_leaves(leaves, count, &root);
        for (uint32_t i = 0; i<count; i += count> 100 ? 37 : 1) {
            uint32_t size = payload_path(leaves, count, i, path);
            const struct hash *leaf = &leaves[i];
            assert_true(payload_path_check(&root, count, i, leaf, path, size));
            assert_false(payload_path_check(&root, count, i + 1, leaf, path, size));
            assert_false(payload_path_check(&root, count, i, &leaves[i ^ 1], path, size));
            if (size > 0) {
                assert_false(payload_path_check(&root, count, i, leaf, path, size - 1));
                path[size - 1].bytes[0] ^= 1;
                assert_false(payload_path_check(&root, count, i, leaf, path, size));
            }
        }
    }
    assert_false(payload_path_check(&root, 1025, 0, leaves, path, 11));
    assert_false(payload_path_check(&root, UINT32_MAX, 0, leaves, path, 10));
}

static void root_of_a_whole_payload(void **state)
{
    (void)state;
    size_t size = 3 * LIMIT_PIECE_SIZE + 100;
    uint8_t *payload = malloc(size);
    for (size_t i = 0; i < size; i++)
        payload[i] = (uint8_t)(i * 131);
    struct hash root, leaves[4], expected;
    assert_ok(payload_root(bytes_of(payload, size), &root));
    for (uint32_t i = 0; i < 4; i++)
        payload_leaf(bytes_of(payload + i * LIMIT_PIECE_SIZE, payload_piece_size(size, i)),
                     &leaves[i]);
    payload_root_of_leaves(leaves, 4, &expected);
    assert_true(hash_equal(&root, &expected));
    assert_ok(payload_root(bytes_of(NULL, 0), &root));
    payload_leaf(bytes_of(NULL, 0), &expected);
    assert_true(hash_equal(&root, &expected));
    mem_fail_nth(1);
    assert_hr(payload_root(bytes_of(payload, size), &root), E_OUTOFMEMORY);
    mem_fail_nth(0);
    free(payload);
}

/* Leaf and node prefixes differ: a node's 64 bytes are no piece. */
static void node_is_no_leaf(void **state)
{
    (void)state;
    struct hash leaves[2] = {leaf_of(0), leaf_of(1)}, root, leaf;
    payload_root_of_leaves(leaves, 2, &root);
    payload_leaf(bytes_of(leaves, sizeof(leaves)), &leaf);
    assert_false(hash_equal(&root, &leaf));
    static const uint8_t empty_leaf[] = {0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98};
    payload_leaf(bytes_of(NULL, 0), &leaf); /* SHA-256 of one zero byte, RFC 6962 */
    assert_memory_equal(leaf.bytes, empty_leaf, sizeof(empty_leaf));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(every_piece_of_every_count),
        cmocka_unit_test(root_of_a_whole_payload),
        cmocka_unit_test(node_is_no_leaf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
