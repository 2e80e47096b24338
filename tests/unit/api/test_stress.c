/* Do calls from many threads at once, on good, closed and made-up handles, end with documented
 * codes and never with a crash? Eight threads share one group that is online; each draws calls from
 * its own seed. ThreadSanitizer runs this too. */
#include "support/home.h"
#include "support/wide.h"

#include <pthread.h>

enum { THREADS = 8, ROUNDS = 150 };

static const GUID note_type = {0x6e6f7465, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static HGROUP shared;
static PWSTR identity_name;
static PWSTR group_name;
static HANDLE shared_event;
static GUID shared_record;

static ULONGLONG ticks_of(FILETIME time)
{
    return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime;
}

static FILETIME in_an_hour(void)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    ULONGLONG later = ticks_of(now) + 36000000000ull;
    return (FILETIME){(DWORD)later, (DWORD)(later >> 32)};
}

static HRESULT add_record(HGROUP group, GUID *id)
{
    char text[] = "stress";
    PEER_RECORD record = {.dwSize = sizeof(record),
                          .type = note_type,
                          .ftExpiration = in_an_hour(),
                          .data = {sizeof(text), (PBYTE)text}};
    return PeerGroupAddRecord(group, &record, id);
}

static HRESULT list(HGROUP group, bool members)
{
    HPEERENUM peers = NULL;
    HRESULT hr = members ? PeerGroupEnumMembers(group, 0, NULL, &peers)
                         : PeerGroupEnumRecords(group, NULL, &peers);
    if (FAILED(hr))
        return hr;
    ULONG count = 3;
    PVOID *items = NULL;
    hr = PeerGetNextItem(peers, &count, &items);
    PeerFreeData(items);
    HRESULT ended = PeerEndEnumeration(peers);
    return FAILED(hr) ? hr : ended;
}

static HRESULT listen_a_while(HGROUP group)
{
    PEER_GROUP_EVENT_REGISTRATION wanted[] = {{PEER_GROUP_EVENT_RECORD_CHANGED, NULL},
                                              {PEER_GROUP_EVENT_MEMBER_CHANGED, NULL}};
    HPEEREVENT registration = NULL;
    HRESULT hr = PeerGroupRegisterEvent(group, shared_event, 2, wanted, &registration);
    if (FAILED(hr))
        return hr;
    GUID id;
    hr = add_record(group, &id);
    PPEER_GROUP_EVENT_DATA data = NULL;
    while (SUCCEEDED(hr) && (hr = PeerGroupGetEventData(registration, &data)) == S_OK)
        PeerFreeData(data);
    HRESULT ended = PeerGroupUnregisterEvent(registration);
    return FAILED(hr) ? hr : ended;
}

static HRESULT change_record(HGROUP group, bool remove)
{
    GUID id;
    HRESULT hr = add_record(group, &id);
    if (FAILED(hr))
        return hr;
    if (remove)
        return PeerGroupDeleteRecord(group, &id);
    PPEER_RECORD record = NULL;
    hr = PeerGroupGetRecord(group, &id, &record);
    if (SUCCEEDED(hr))
        hr = PeerGroupUpdateRecord(group, record);
    PeerFreeData(record);
    return hr;
}

static HRESULT open_and_close(void)
{
    HGROUP group = NULL;
    HRESULT hr = PeerGroupOpen(identity_name, group_name, NULL, &group);
    return SUCCEEDED(hr) ? PeerGroupClose(group) : hr;
}

static HRESULT read_something(HGROUP group, unsigned which)
{
    DWORD status;
    PPEER_GROUP_PROPERTIES properties = NULL;
    PPEER_RECORD record = NULL;
    if (which == 0)
        return PeerGroupGetStatus(group, &status);
    HRESULT hr = which == 1 ? PeerGroupGetProperties(group, &properties)
                            : PeerGroupGetRecord(group, &shared_record, &record);
    PeerFreeData(properties);
    PeerFreeData(record);
    return hr;
}

static HRESULT call(unsigned which, HGROUP group)
{
    switch (which % 9) {
    case 0:
    case 1:
        return list(group, which % 9 == 0);
    case 2:
        return listen_a_while(group);
    case 3:
    case 4:
        return change_record(group, which % 9 == 3);
    case 5:
        return group == shared ? open_and_close() : PEER_E_INVALID_GROUP;
    default:
        return read_something(group, which % 9 - 6);
    }
}

struct worker {
    pthread_t thread;
    unsigned seed;
    unsigned wrong;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < ROUNDS; i++) {
        unsigned which = (unsigned)rand_r(&worker->seed);
        bool bogus = which % 5 == 0;
        HGROUP group = bogus ? (HGROUP)(uintptr_t)rand_r(&worker->seed) : shared;
        HRESULT hr = call(which / 5, group);
        bool right = bogus ? hr == PEER_E_INVALID_GROUP : SUCCEEDED(hr);
        if (!right) {
            print_error("call %u on a %s handle: 0x%08x\n", which / 5 % 9, bogus ? "bogus" : "good",
                        (unsigned)hr);
            worker->wrong++;
        }
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    struct worker workers[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.seed = 1000 + i};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        wrong += workers[i].wrong;
    }
    assert_int_equal(wrong, 0);
}

static int start(void **state)
{
    if (home_setup(state) != 0)
        return -1;
    setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1);
    PEER_VERSION_DATA version;
    PEER_GROUP_PROPERTIES wish = {.dwSize = sizeof(wish)};
    HRESULT hr = PeerGroupStartup(PEER_GROUP_VERSION, &version);
    if (SUCCEEDED(hr))
        hr = PeerIdentityCreate(NULL, NULL, 0, &identity_name);
    wish.pwzCreatorPeerName = identity_name;
    if (SUCCEEDED(hr))
        hr = PeerGroupCreate(&wish, &shared);
    if (SUCCEEDED(hr))
        hr = PeerGroupConnect(shared);
    PPEER_GROUP_PROPERTIES properties = NULL;
    if (SUCCEEDED(hr))
        hr = PeerGroupGetProperties(shared, &properties);
    if (SUCCEEDED(hr)) {
        group_name = wide_copy(properties->pwzGroupPeerName);
        PeerFreeData(properties);
        shared_event = CreateEvent(NULL, FALSE, FALSE, NULL);
        hr = add_record(shared, &shared_record);
    }
    return SUCCEEDED(hr) ? 0 : -1;
}

static int stop(void **state)
{
    HRESULT hr = PeerGroupShutdown();
    assert_hr(PeerGroupClose(shared), PEER_E_NOT_INITIALIZED);
    CloseHandle(shared_event);
    PeerFreeData(identity_name);
    free(group_name);
    return FAILED(hr) ? -1 : home_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_threads)};
    return cmocka_run_group_tests_name("api-stress", tests, start, stop);
}
