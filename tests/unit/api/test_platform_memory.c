/* Is memory protected as one whole, restored exactly wherever it lies, and left alone when the call
 * is refused? */
#include "support/test.h"

#include "base/alloc.h"

#include <peergroup/platform.h>

#include <string.h>

static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 31 + size);
}

static void refuse(void *data, DWORD size, DWORD flags, DWORD error)
{
    SetLastError(0);
    assert_false(CryptProtectMemory(data, size, flags));
    assert_int_equal(GetLastError(), error);
    SetLastError(0);
    assert_false(CryptUnprotectMemory(data, size, flags));
    assert_int_equal(GetLastError(), error);
}

static void test_no_key_without_memory(void **state)
{
    (void)state;
    uint8_t data[16] = {1};
    mem_fail_nth(1); /* before the key was made */
    assert_false(CryptProtectMemory(data, sizeof data, 0));
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
    assert_true(mem_fail_hit());
    assert_int_equal(data[0], 1);
    assert_true(CryptProtectMemory(data, sizeof data, 0));
}

static void test_round_trip_of_sizes(void **state)
{
    (void)state;
    static uint8_t data[65536 + 1], copy[sizeof data], plain[sizeof data];
    static const DWORD sizes[] = {16, 32, 48, 64, 128, 144, 512, 1040, 65536};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        DWORD size = sizes[i];
        fill(plain, size);
        memcpy(data, plain, size);
        data[size] = 0xA5;
        assert_true(CryptProtectMemory(data, size, CRYPTPROTECTMEMORY_SAME_PROCESS));
        assert_memory_not_equal(data, plain, size / 2);
        assert_memory_not_equal(data + size / 2, plain + size / 2, size / 2);
        assert_int_equal(data[size], 0xA5);
        memcpy(copy + 1, data, size); /* moved, and to an odd address */
        assert_true(CryptUnprotectMemory(copy + 1, size, CRYPTPROTECTMEMORY_SAME_PROCESS));
        assert_memory_equal(copy + 1, plain, size);
    }
}

/* Protects two contents that differ in one bit; the differences must be everywhere, and not those
 * of a shared key stream. */
static void test_every_bit_matters_everywhere(void **state)
{
    (void)state;
    enum { SIZE = 64 };
    for (size_t bit = 0; bit < SIZE * 8; bit += 13) {
        uint8_t a[SIZE] = {0}, b[SIZE] = {0};
        b[bit / 8] = (uint8_t)(1u << bit % 8);
        assert_true(CryptProtectMemory(a, SIZE, 0) && CryptProtectMemory(b, SIZE, 0));
        unsigned changed = 0;
        for (size_t i = 0; i < SIZE; i++)
            changed += (unsigned)__builtin_popcount(a[i] ^ b[i]);
        assert_true(changed > 180 && changed < 332); /* 256 expected, deviation 11 */
        for (size_t i = 0; i < SIZE; i += 16)
            assert_memory_not_equal(a + i, b + i, 16);
    }
}

static void test_lengths_have_their_own_permutations(void **state)
{
    (void)state;
    uint8_t a[16] = {0}, b[32] = {0}, c[16] = {0};
    assert_true(CryptProtectMemory(a, 16, 0) && CryptProtectMemory(b, 32, 0));
    assert_memory_not_equal(a, b, 16);
    assert_memory_not_equal(b, b + 16, 16);
    assert_true(CryptProtectMemory(c, 16, 0));
    assert_memory_equal(a, c, 16);
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t data[33], before[33];
    fill(data, sizeof data);
    memcpy(before, data, sizeof data);
    refuse(data, 1, 0, ERROR_INVALID_PARAMETER);
    refuse(data, 15, 0, ERROR_INVALID_PARAMETER);
    refuse(data, 17, 0, ERROR_INVALID_PARAMETER);
    refuse(data, 33, 0, ERROR_INVALID_PARAMETER);
    refuse(NULL, 16, 0, ERROR_INVALID_PARAMETER);
    refuse(data, 16, CRYPTPROTECTMEMORY_CROSS_PROCESS, ERROR_NOT_SUPPORTED);
    refuse(data, 16, CRYPTPROTECTMEMORY_SAME_LOGON, ERROR_NOT_SUPPORTED);
    refuse(data, 16, 3, ERROR_INVALID_PARAMETER);
    refuse(data, 16, 4, ERROR_INVALID_PARAMETER);
    assert_memory_equal(data, before, sizeof data);
    assert_true(CryptProtectMemory(data, 0, 0) && CryptUnprotectMemory(NULL, 0, 0));
    assert_memory_equal(data, before, sizeof data);
}

static void test_wiping(void **state)
{
    (void)state;
    uint8_t data[40], zero[40] = {0};
    fill(data, sizeof data);
    assert_ptr_equal(SecureZeroMemory(data, 39), data);
    assert_memory_equal(data, zero, 39);
    assert_int_equal(data[39], (uint8_t)(39 * 31 + 40));
    ZeroMemory(data, sizeof data);
    assert_memory_equal(data, zero, sizeof data);
}

static void test_local_memory(void **state)
{
    (void)state;
    uint8_t *block = LocalAlloc(LPTR, 64), zero[64] = {0};
    assert_memory_equal(block, zero, 64);
    assert_null(LocalFree(block));
    assert_null(LocalFree(NULL));
    assert_null(LocalAlloc(0x0002, 64));
    assert_int_equal(GetLastError(), ERROR_INVALID_PARAMETER);
    mem_fail_nth(1);
    assert_null(LocalAlloc(LMEM_FIXED, 64));
    assert_int_equal(GetLastError(), ERROR_NOT_ENOUGH_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_key_without_memory),
        cmocka_unit_test(test_round_trip_of_sizes),
        cmocka_unit_test(test_every_bit_matters_everywhere),
        cmocka_unit_test(test_lengths_have_their_own_permutations),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_wiping),
        cmocka_unit_test(test_local_memory),
    };
    return cmocka_run_group_tests_name("api-platform-memory", tests, NULL, NULL);
}
