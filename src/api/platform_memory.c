/* platform_memory.c - secrets in memory: CryptProtectMemory and its inverse, SecureZeroMemory.
 *
 * Protection is in place and keeps the length, so there is no room for a nonce and no two contents
 * may share a key stream. The whole range is therefore one block of a wide cipher: a Feistel
 * network of four rounds over its halves, each round a pseudo-random function of one half (keyed
 * BLAKE2b, stretched by ChaCha20) that is added to the other. By Luby and Rackoff that is a
 * pseudo-random permutation, and each length has its own. The same content gives the same result,
 * as on Windows; the address plays no part, so protected memory may be moved.
 *
 * The key is made at the first use and lies in guarded memory for the life of the process. A child
 * made by fork() has it too. Fails with ERROR_INVALID_PARAMETER for sizes that are no multiple of
 * 16 and unknown flags, ERROR_NOT_SUPPORTED for protection that is shared with other processes,
 * ERROR_NOT_ENOUGH_MEMORY when there is no guarded memory; the data is then untouched. */
#include "base/alloc.h"

#include <peergroup/platform.h>

#include <pthread.h>
#include <sodium.h>

enum { ROUNDS = 4, KEY_SIZE = crypto_generichash_KEYBYTES };

_Static_assert(crypto_stream_chacha20_ietf_KEYBYTES <= crypto_generichash_BYTES_MAX, "one digest");

static pthread_mutex_t key_lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *process_key; /* ROUNDS keys; read-only once it is set */

static const uint8_t *get_key(void)
{
    pthread_mutex_lock(&key_lock);
    if (!process_key && sodium_init() >= 0 && !mem_should_fail()) {
        uint8_t *key = sodium_malloc(ROUNDS * KEY_SIZE);
        if (key) {
            randombytes_buf(key, ROUNDS * KEY_SIZE);
            sodium_mprotect_readonly(key);
            process_key = key;
        }
    }
    const uint8_t *key = process_key;
    pthread_mutex_unlock(&key_lock);
    return key;
}

/* Adds a function of `from` to `to`; both have size bytes. Done twice it changes nothing. */
static void round_function(const uint8_t *key, const uint8_t *from, uint8_t *to, size_t size)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint8_t stream_key[crypto_stream_chacha20_ietf_KEYBYTES];
    crypto_generichash(stream_key, sizeof stream_key, from, size, key, KEY_SIZE);
    crypto_stream_chacha20_ietf_xor(to, to, size, nonce, stream_key);
    sodium_memzero(stream_key, sizeof stream_key);
}

static BOOL transform(void *data, DWORD size, DWORD flags, int first_round, int step)
{
    DWORD error = ERROR_SUCCESS;
    const uint8_t *key = NULL;
    if (flags == CRYPTPROTECTMEMORY_CROSS_PROCESS || flags == CRYPTPROTECTMEMORY_SAME_LOGON)
        error = ERROR_NOT_SUPPORTED;
    else if (flags != CRYPTPROTECTMEMORY_SAME_PROCESS)
        error = ERROR_INVALID_PARAMETER;
    else if (size % CRYPTPROTECTMEMORY_BLOCK_SIZE != 0 || (!data && size > 0))
        error = ERROR_INVALID_PARAMETER;
    else if (size > 0 && !(key = get_key()))
        error = ERROR_NOT_ENOUGH_MEMORY;
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
        return FALSE;
    }
    size_t half = size / 2;
    uint8_t *left = data;
    for (int i = 0, round = first_round; size > 0 && i < ROUNDS; i++, round += step) {
        uint8_t *from = round % 2 == 0 ? left : left + half;
        uint8_t *to = round % 2 == 0 ? left + half : left;
        round_function(key + (size_t)round * KEY_SIZE, from, to, half);
    }
    return TRUE;
}

BOOL CryptProtectMemory(LPVOID data, DWORD size, DWORD flags)
{
    return transform(data, size, flags, 0, 1);
}

BOOL CryptUnprotectMemory(LPVOID data, DWORD size, DWORD flags)
{
    return transform(data, size, flags, ROUNDS - 1, -1);
}

PVOID SecureZeroMemory(PVOID data, SIZE_T size)
{
    sodium_memzero(data, size);
    return data;
}

HANDLE LocalAlloc(UINT flags, SIZE_T size)
{
    if (flags & ~(UINT)LMEM_ZEROINIT) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    void *block = (flags & LMEM_ZEROINIT) ? mem_zalloc(size) : mem_alloc(size);
    if (!block)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return block;
}

HANDLE LocalFree(HANDLE block)
{
    mem_free(block);
    return NULL;
}
