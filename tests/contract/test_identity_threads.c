/* May eight threads make, name, list and delete identities at once, and share one enumeration and
 * one key handle, with every call doing just its own work? Also across processes. */
#include "contract.h"
#include "support/home.h"
#include "support/wide.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 8, ROUNDS = 6 };

static atomic_int failures;
static HPEERENUM shared;
static atomic_uint delivered;
static HCRYPTPROV shared_key;

static void check(bool holds)
{
    if (!holds)
        atomic_fetch_add(&failures, 1);
}

static void in_threads(void *(*body)(void *))
{
    pthread_t threads[THREADS];
    atomic_store(&failures, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, (void *)(uintptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
}

/* Is name among the identities? */
static bool listed(PCWSTR name)
{
    HPEERENUM enumeration = NULL;
    bool found = false;
    check(PeerEnumIdentities(&enumeration) == S_OK);
    for (;;) {
        ULONG count = 3;
        PVOID *items = NULL;
        if (PeerGetNextItem(enumeration, &count, &items) != S_OK || count == 0)
            break;
        for (ULONG i = 0; i < count; i++)
            found |= wide_equal(((PEER_NAME_PAIR *)items[i])->pwzPeerName, name);
        PeerFreeData(items);
    }
    check(PeerEndEnumeration(enumeration) == S_OK);
    return found;
}

static void *live_and_die(void *context)
{
    (void)context;
    for (int round = 0; round < ROUNDS; round++) {
        PWSTR name = NULL, friendly_name = NULL, xml = NULL;
        check(PeerIdentityCreate(u"thread", NULL, 0, &name) == S_OK);
        check(PeerIdentitySetFriendlyName(name, u"mine") == S_OK);
        check(listed(name));
        check(PeerIdentityGetFriendlyName(name, &friendly_name) == S_OK &&
              wide_equal(friendly_name, u"mine"));
        check(PeerIdentityGetXML(name, &xml) == S_OK);
        check(PeerIdentityDelete(name) == S_OK);
        check(!listed(name));
        PeerFreeData(friendly_name);
        PeerFreeData(xml);
        PeerFreeData(name);
    }
    return NULL;
}

static void test_each_thread_has_its_own(void **state)
{
    (void)state;
    in_threads(live_and_die);
    PWSTR name = NULL;
    assert_hr(PeerIdentityGetDefault(&name), PEER_E_NOT_FOUND);
}

static void *create_the_same(void *context)
{
    (void)context;
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityCreate(u"same", NULL, shared_key, &name);
    check(hr == S_OK || hr == PEER_E_ALREADY_EXISTS);
    if (hr == S_OK)
        atomic_fetch_add(&delivered, 1);
    PeerFreeData(name);
    return NULL;
}

static void test_one_of_many_equal_creates_succeeds(void **state)
{
    (void)state;
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(u"first", NULL, 0, &name));
    assert_ok(PeerIdentityGetCryptKey(name, &shared_key));
    atomic_store(&delivered, 0);
    in_threads(create_the_same);
    assert_int_equal(atomic_load(&delivered), 1);
    assert_true(CryptReleaseContext(shared_key, 0));
    PeerFreeData(name);
}

static void *take_items(void *context)
{
    (void)context;
    for (ULONG count = 1; count > 0;) {
        PVOID *items = NULL;
        count = 1;
        check(PeerGetNextItem(shared, &count, &items) == S_OK);
        atomic_fetch_add(&delivered, count);
        PeerFreeData(items);
    }
    return NULL;
}

static void test_a_shared_enumeration_gives_each_item_once(void **state)
{
    (void)state;
    enum { ITEMS = 20 };
    for (int i = 0; i < ITEMS; i++) {
        PWSTR name = NULL;
        assert_ok(PeerIdentityCreate(NULL, NULL, 0, &name));
        PeerFreeData(name);
    }
    assert_ok(PeerEnumIdentities(&shared));
    atomic_store(&delivered, 0);
    in_threads(take_items);
    assert_int_equal(atomic_load(&delivered), ITEMS);
    assert_ok(PeerEndEnumeration(shared));
}

static void *end_once(void *context)
{
    if ((uintptr_t)context % 2) {
        ULONG count = 1;
        PVOID *items = NULL;
        HRESULT hr = PeerGetNextItem(shared, &count, &items);
        check(hr == S_OK || hr == E_INVALIDARG);
        PeerFreeData(items);
        return NULL;
    }
    HRESULT hr = PeerEndEnumeration(shared);
    check(hr == S_OK || hr == E_INVALIDARG);
    if (hr == S_OK)
        atomic_fetch_add(&delivered, 1);
    return NULL;
}

static void test_an_enumeration_ends_once(void **state)
{
    (void)state;
    PWSTR name = NULL;
    assert_ok(PeerIdentityCreate(NULL, NULL, 0, &name));
    PeerFreeData(name);
    assert_ok(PeerEnumIdentities(&shared));
    atomic_store(&delivered, 0);
    in_threads(end_once);
    assert_int_equal(atomic_load(&delivered), 1);
}

static int live_in_process(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        PWSTR name = NULL;
        if (PeerIdentityCreate(u"process", NULL, 0, &name) != S_OK || !listed(name) ||
            PeerIdentityDelete(name) != S_OK)
            return 1;
        PeerFreeData(name);
    }
    return atomic_load(&failures) == 0 ? 0 : 1;
}

static void test_processes_share_the_database(void **state)
{
    (void)state;
    pid_t children[3];
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(live_in_process());
    }
    for (size_t i = 0; i < ARRAY_SIZE(children); i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, home_setup, home_teardown)
    /* Processes first: a child of a program with threads may not do much. */
    const struct CMUnitTest tests[] = {
        TEST(test_processes_share_the_database),
        TEST(test_each_thread_has_its_own),
        TEST(test_one_of_many_equal_creates_succeeds),
        TEST(test_a_shared_enumeration_gives_each_item_once),
        TEST(test_an_enumeration_ends_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
