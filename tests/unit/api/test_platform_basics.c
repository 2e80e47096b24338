/* Has each thread its own last error, do sections exclude and nest, are key handles checked and
 * kept while they are used, and are layouts those of Windows on 64 bits? */
#include "platform_threads.h"

#include "api/crypt_handle.h"
#include "base/alloc.h"

static void *other_error(void *result)
{
    bool fresh = GetLastError() == ERROR_SUCCESS;
    SetLastError(ERROR_BUSY);
    return fresh && GetLastError() == ERROR_BUSY ? result : NULL;
}

static void test_last_error_is_of_the_thread(void **state)
{
    (void)state;
    SetLastError(ERROR_FILE_NOT_FOUND);
    void *result = NULL;
    pthread_join(start(other_error, &result), &result);
    assert_non_null(result);
    assert_int_equal(GetLastError(), ERROR_FILE_NOT_FOUND);
    assert_hr(HRESULT_FROM_WIN32(ERROR_DELETE_PENDING), (HRESULT)0x8007012F);
}

struct counter {
    CRITICAL_SECTION section;
    unsigned count;
};

static void *count_up(void *argument)
{
    struct counter *counter = argument;
    for (unsigned i = 0; i < 2000; i++) {
        EnterCriticalSection(&counter->section);
        EnterCriticalSection(&counter->section);
        counter->count++;
        LeaveCriticalSection(&counter->section);
        LeaveCriticalSection(&counter->section);
    }
    return NULL;
}

static void *try_enter(void *argument)
{
    struct counter *counter = argument;
    if (!TryEnterCriticalSection(&counter->section))
        return NULL;
    LeaveCriticalSection(&counter->section);
    return counter;
}

static void test_critical_section(void **state)
{
    (void)state;
    struct counter counter = {.count = 0};
    pthread_t threads[4];
    void *entered;
    InitializeCriticalSection(&counter.section);
    for (unsigned i = 0; i < 4; i++)
        threads[i] = start(count_up, &counter);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counter.count, 8000);
    EnterCriticalSection(&counter.section);
    assert_true(TryEnterCriticalSection(&counter.section));
    LeaveCriticalSection(&counter.section);
    pthread_join(start(try_enter, &counter), &entered);
    assert_null(entered);
    LeaveCriticalSection(&counter.section);
    pthread_join(start(try_enter, &counter), &entered);
    assert_non_null(entered);
    DeleteCriticalSection(&counter.section);
    assert_true(InitializeCriticalSectionAndSpinCount(&counter.section, 4000));
    DeleteCriticalSection(&counter.section);
}

static void test_winsock(void **state)
{
    (void)state;
    WSADATA data;
    assert_fails(WSACleanup() == 0, WSANOTINITIALISED);
    assert_int_equal(WSAStartup(MAKEWORD(2, 2), NULL), WSAEFAULT);
    assert_int_equal(WSAStartup(0, &data), WSAVERNOTSUPPORTED);
    static const WORD versions[][2] = {{0x0202, 0x0202}, {0x0002, 0x0002}, {0x0101, 0x0101},
                                       {0x0003, 0x0202}, {0x0902, 0x0202}, {0x0901, 0x0101}};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        assert_int_equal(WSAStartup(versions[i][0], &data), 0);
        assert_int_equal(data.wVersion, versions[i][1]);
        assert_int_equal(data.wHighVersion, 0x0202);
    }
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
        assert_int_equal(WSACleanup(), 0);
    assert_int_equal(WSACleanup(), SOCKET_ERROR);
}

static unsigned freed;

static void free_key(void *key)
{
    (void)key;
    freed++;
}

static void test_crypt_handle_lives_while_borrowed(void **state)
{
    (void)state;
    int key;
    HCRYPTPROV handle;
    struct crypt_handle *borrowed;
    freed = 0;
    assert_ok(crypt_handle_new(&key, free_key, &handle));
    assert_int_not_equal(handle, 0);
    assert_ok(crypt_handle_borrow(handle, &borrowed));
    assert_ptr_equal(crypt_handle_key(borrowed), &key);
    assert_true(CryptReleaseContext(handle, 0));
    assert_int_equal(freed, 0);
    crypt_handle_return(borrowed);
    crypt_handle_return(NULL);
    assert_int_equal(freed, 1);
    assert_hr(crypt_handle_borrow(handle, &borrowed), E_HANDLE);
    assert_null(borrowed);
    assert_hr(crypt_handle_release(handle), E_HANDLE);
    assert_fails(CryptReleaseContext(handle, 0), ERROR_INVALID_HANDLE);
}

static void test_release_context_refusals(void **state)
{
    (void)state;
    HCRYPTPROV handle;
    HANDLE event = auto_event();
    freed = 0;
    assert_ok(crypt_handle_new(&handle, free_key, &handle));
    assert_fails(SetEvent((HANDLE)handle), ERROR_INVALID_HANDLE);
    assert_fails(CryptReleaseContext((HCRYPTPROV)event, 0), ERROR_INVALID_HANDLE);
    assert_fails(CryptReleaseContext(0, 0), ERROR_INVALID_HANDLE);
    assert_fails(CryptReleaseContext((HCRYPTPROV)&freed, 1), ERROR_INVALID_HANDLE);
    assert_fails(CryptReleaseContext(handle, 1), (DWORD)NTE_BAD_FLAGS);
    assert_int_equal(freed, 1); /* released all the same, as documented */
    assert_fails(CryptReleaseContext(handle, 0), ERROR_INVALID_HANDLE);
    mem_fail_nth(1);
    assert_hr(crypt_handle_new(&event, free_key, &handle), E_OUTOFMEMORY);
    assert_int_equal(handle, 0);
    assert_int_equal(freed, 1);
    assert_true(CloseHandle(event));
}

static void test_layouts(void **state)
{
    (void)state;
    assert_int_equal(sizeof(WCHAR), 2);
    assert_int_equal(sizeof(GUID), 16);
    assert_int_equal(sizeof(FILETIME), 8);
    assert_int_equal(sizeof(SYSTEMTIME), 16);
    assert_int_equal(sizeof(SOCKADDR_IN6), 28);
    assert_int_equal(offsetof(SOCKADDR_IN6, sin6_port), 2);
    assert_int_equal(offsetof(SOCKADDR_IN6, sin6_flowinfo), 4);
    assert_int_equal(offsetof(SOCKADDR_IN6, sin6_addr), 8);
    assert_int_equal(offsetof(SOCKADDR_IN6, sin6_scope_id), 24);
    assert_int_equal(sizeof(LARGE_INTEGER), 8);
    if (sizeof(void *) == 8) {
        assert_int_equal(sizeof(CRYPT_BIT_BLOB), 24);
        assert_int_equal(sizeof(CRYPT_ALGORITHM_IDENTIFIER), 24);
        assert_int_equal(sizeof(CERT_PUBLIC_KEY_INFO), 48);
        assert_int_equal(sizeof(SOCKET_ADDRESS), 16);
        assert_int_equal(sizeof(BLOB), 16);
    }
    ULARGE_INTEGER number = {.QuadPart = 0x0123456789ABCDEFull};
    assert_int_equal(number.HighPart, 0x01234567);
    assert_int_equal(number.u.LowPart, 0x89ABCDEF);
}

static void test_small_macros(void **state)
{
    (void)state;
    static const GUID guid = {1, 2, 3, {4}};
    GUID other = guid;
    assert_true(IsEqualGUID(&guid, &other));
    other.Data4[7] = 1;
    assert_false(InlineIsEqualGUID(&guid, &other));
    GUID zero = {0, 0, 0, {0}};
    assert_true(IsEqualGUID(&zero, &GUID_NULL));
    assert_int_equal(MAKEWORD(0x12, 0x34), 0x3412);
    assert_int_equal(LOWORD(0x12345678), 0x5678);
    assert_int_equal(HIWORD(0x12345678), 0x1234);
    assert_int_equal(LOBYTE(0x1234), 0x34);
    assert_int_equal(HIBYTE(0x1234), 0x12);
    assert_int_equal(MAKELONG(0x5678, 0x1234), 0x12345678);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_error_is_of_the_thread),
        cmocka_unit_test(test_critical_section),
        cmocka_unit_test(test_winsock),
        cmocka_unit_test(test_crypt_handle_lives_while_borrowed),
        cmocka_unit_test(test_release_context_refusals),
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_small_macros),
    };
    return cmocka_run_group_tests_name("api-platform-basics", tests, NULL, NULL);
}
