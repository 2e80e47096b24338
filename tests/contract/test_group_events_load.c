/* Do events keep what is documented when there are too many: for a program that is slow, beside one
 * that is quick, under a flood of data, and with several threads that take them? The bounds are
 * made small here; tests/unit/engine/test_event_queue.c measures the real ones. */
#include "engine/event_queue.h"
#include "two.h"

#include <pthread.h>
#include <stdatomic.h>

static struct event_queue_limits real_limits;

static int setup(void **state)
{
    real_limits = event_queue_limits;
    return two_setup(state);
}

static struct listener listen_for(HGROUP group, const PEER_GROUP_EVENT_TYPE *types, ULONG count)
{
    PEER_GROUP_EVENT_REGISTRATION wanted[4];
    struct listener listener = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)};
    assert_non_null(listener.event);
    assert_true(count <= ARRAY_SIZE(wanted));
    for (ULONG i = 0; i < count; i++)
        wanted[i] = (PEER_GROUP_EVENT_REGISTRATION){types[i], NULL};
    assert_ok(PeerGroupRegisterEvent(group, listener.event, count, wanted, &listener.handle));
    return listener;
}

static struct event_queue_limits limits_of(uint32_t changes, uint32_t events, size_t data_bytes)
{
    struct event_queue_limits limits = real_limits;
    limits.changes = changes;
    limits.events = events;
    limits.data_bytes = data_bytes;
    return limits;
}

/* With small bounds for this registration alone. */
static struct listener listen_little(HGROUP group, const PEER_GROUP_EVENT_TYPE *types, ULONG count,
                                     struct event_queue_limits limits)
{
    event_queue_limits = limits;
    struct listener listener = listen_for(group, types, count);
    event_queue_limits = real_limits;
    return listener;
}

static PPEER_GROUP_EVENT_DATA next(const struct listener *listener)
{
    PPEER_GROUP_EVENT_DATA data = NULL;
    assert_ok(PeerGroupGetEventData(listener->handle, &data));
    assert_non_null(data);
    return data;
}

static void assert_next(const struct listener *listener, HRESULT hr)
{
    PPEER_GROUP_EVENT_DATA data = (PPEER_GROUP_EVENT_DATA)1;
    assert_hr(PeerGroupGetEventData(listener->handle, &data), hr);
    assert_null(data);
}

static void assert_added(const struct listener *listener, const GUID *id)
{
    PPEER_GROUP_EVENT_DATA data = next(listener);
    assert_int_equal(data->eventType, PEER_GROUP_EVENT_RECORD_CHANGED);
    assert_int_equal(data->recordChangeData.changeType, PEER_RECORD_ADDED);
    assert_true(IsEqualGUID(&data->recordChangeData.recordId, id));
    PeerFreeData(data);
}

/* [point 12.1] [point 12.9] A slow program gets what its queue could hold, in order; then it is
 * told once that the rest is missing, looks for itself, and hears all that comes after. A quick one
 * beside it misses nothing. */
static void test_slow_beside_quick(void **state)
{
    (void)state;
    enum { KEPT = 50, ALL = 200 };
    static GUID ids[ALL];
    const PEER_GROUP_EVENT_TYPE types[] = {PEER_GROUP_EVENT_RECORD_CHANGED,
                                           PEER_GROUP_EVENT_STATUS_CHANGED};
    PWSTR name = new_identity(u"Alone");
    HGROUP group = new_group(name);
    struct listener slow = listen_little(group, types, 2, limits_of(KEPT, KEPT + 10, 1000));
    struct listener quick = listen_for(group, types, 1);
    for (int i = 0; i < ALL; i++) {
        ids[i] = add_note(group, "x");
        assert_added(&quick, &ids[i]);
    }
    assert_next(&quick, PEER_S_NO_EVENT_DATA);
    go_online(group); /* LISTENING still finds room, behind what is missing */

    assert_int_equal(WaitForSingleObject(slow.event, WAIT_MS), WAIT_OBJECT_0);
    for (int i = 0; i < KEPT; i++)
        assert_added(&slow, &ids[i]);
    assert_int_equal(WaitForSingleObject(slow.event, 0), WAIT_TIMEOUT);
    assert_next(&slow, PEER_E_TOO_MUCH_LOAD);
    assert_int_equal(WaitForSingleObject(slow.event, 0), WAIT_OBJECT_0);
    assert_int_equal(record_count(group), ALL);
    GUID later = add_note(group, "later");
    PPEER_GROUP_EVENT_DATA data = next(&slow);
    assert_int_equal(data->eventType, PEER_GROUP_EVENT_STATUS_CHANGED);
    PeerFreeData(data);
    assert_added(&slow, &later);
    assert_next(&slow, PEER_S_NO_EVENT_DATA);
    stop_listening(&slow);
    stop_listening(&quick);
    assert_ok(PeerGroupClose(group));
    PeerFreeData(name);
}

/* ---- data ---- */

enum { CHUNK = 64 * 1024, HELD = 1024 * 1024, FLOOD_MAX = 2000, QUIET_MS = 300 };
static const PEER_GROUP_EVENT_TYPE data_types[] = {PEER_GROUP_EVENT_INCOMING_DATA,
                                                   PEER_GROUP_EVENT_DIRECT_CONNECTION};

static PEER_ADDRESS founder_address(void)
{
    PEER_ADDRESS address = {0};
    HPEERENUM enumeration = NULL;
    PPEER_CONNECTION_INFO *items = NULL;
    ULONG count = 1;
    assert_ok(PeerGroupEnumConnections(pair.member, PEER_CONNECTION_NEIGHBOR, &enumeration));
    assert_ok(PeerGetNextItem(enumeration, &count, (PVOID **)&items));
    assert_ok(PeerEndEnumeration(enumeration));
    assert_int_equal(count, 1);
    address = items[0]->address; /* the member has called the founder */
    PeerFreeData(items);
    return address;
}

/* Opens one from the member to the founder. */
static ULONGLONG open_direct(void)
{
    struct listener at_member = listen_for(pair.member, data_types, 2);
    PEER_ADDRESS address = founder_address();
    ULONGLONG id = 0;
    assert_ok(PeerGroupOpenDirectConnection(pair.member, pair.founder_name, &address, &id));
    PPEER_GROUP_EVENT_DATA data = await_type(&at_member, PEER_GROUP_EVENT_DIRECT_CONNECTION);
    assert_int_equal(data->connectionChangeData.status, PEER_CONNECTED);
    assert_int_equal(data->connectionChangeData.ullConnectionId, id);
    PeerFreeData(data);
    stop_listening(&at_member);
    return id;
}

static HRESULT send_numbered(ULONGLONG id, ULONG number, ULONG size)
{
    static BYTE bytes[CHUNK];
    memcpy(bytes, &number, sizeof(number));
    return PeerGroupSendData(pair.member, id, &type_note, size, bytes);
}

static void assert_numbered(const PEER_GROUP_EVENT_DATA *event, ULONG number)
{
    ULONG got;
    assert_int_equal(event->eventType, PEER_GROUP_EVENT_INCOMING_DATA);
    assert_true(event->incomingData.data.cbData >= sizeof(got));
    memcpy(&got, event->incomingData.data.pbData, sizeof(got));
    assert_int_equal(got, number);
}

/* Takes what is there, and what comes while something comes, and gives the number after the last.
 */
static ULONG take_all(const struct listener *listener, ULONG number)
{
    for (;;) {
        PPEER_GROUP_EVENT_DATA data = NULL;
        HRESULT hr = PeerGroupGetEventData(listener->handle, &data);
        assert_true(hr == S_OK || hr == PEER_S_NO_EVENT_DATA);
        if (hr == S_OK && data->eventType == PEER_GROUP_EVENT_INCOMING_DATA)
            assert_numbered(data, number++);
        PeerFreeData(data);
        if (hr != S_OK && WaitForSingleObject(listener->event, QUIET_MS) == WAIT_TIMEOUT)
            return number;
    }
}

/* Sends until nothing moves any more, and gives how many were taken over; what the quick
 * registration gets meanwhile is counted in *came. */
static ULONG flood(ULONGLONG id, const struct listener *quick, ULONG *came)
{
    ULONG sent = 0, before;
    do {
        HRESULT hr = S_OK;
        while (sent < FLOOD_MAX && SUCCEEDED(hr)) {
            hr = send_numbered(id, sent, CHUNK);
            sent += SUCCEEDED(hr);
        }
        assert_hr(hr, PEER_E_TOO_MUCH_LOAD);
        before = *came;
        *came = take_all(quick, *came);
    } while (*came > before);
    return sent;
}

/* [point 13.6] Who is slow holds its connections back, loses nothing, and is bounded; the sender is
 * told. Who is quick waits for the same data and loses nothing either, also when the slow
 * registration goes away instead. */
static void data_flood(bool slow_goes_away)
{
    struct listener slow = listen_little(pair.founder, data_types, 2, limits_of(1000, 2000, HELD));
    struct listener quick = listen_for(pair.founder, data_types, 2);
    ULONG came = 0;
    ULONGLONG id = open_direct();
    ULONG sent = flood(id, &quick, &came);
    assert_true(came * CHUNK >= HELD - CHUNK && came * CHUNK <= HELD + 4 * CHUNK);
    assert_true(sent > came && sent < FLOOD_MAX);
    /* Records go on all the while. */
    struct listener records = listen_to(pair.founder);
    GUID note_id = add_note(pair.member, "meanwhile");
    assert_int_equal(await_record(&records, &note_id), PEER_RECORD_ADDED);
    stop_listening(&records);
    if (slow_goes_away) {
        stop_listening(&slow);
        assert_int_equal(take_all(&quick, came), sent);
    } else {
        assert_int_equal(take_all(&slow, 0), sent);
        assert_int_equal(take_all(&quick, came), sent);
        assert_ok(send_numbered(id, sent, 100));
        assert_int_equal(take_all(&slow, sent), sent + 1);
        stop_listening(&slow);
    }
    assert_ok(PeerGroupCloseDirectConnection(pair.member, id));
    stop_listening(&quick);
}

static void test_data_flood(void **state)
{
    (void)state;
    data_flood(false);
}

static void test_registration_goes_while_full(void **state)
{
    (void)state;
    data_flood(true);
}

/* [point 12.14] A connection is CONNECTED before its first data and DISCONNECTED after its last,
 * also when nobody reads until it is closed at the other end. */
static void test_data_between_connected_and_disconnected(void **state)
{
    (void)state;
    enum { SENT = 40 };
    struct listener slow = listen_little(pair.founder, data_types, 2, limits_of(1000, 2000, HELD));
    ULONGLONG id = open_direct();
    for (ULONG i = 0; i < SENT; i++)
        assert_ok(send_numbered(id, i, CHUNK / 2));
    assert_ok(PeerGroupCloseDirectConnection(pair.member, id));
    PPEER_GROUP_EVENT_DATA data = await_type(&slow, PEER_GROUP_EVENT_DIRECT_CONNECTION);
    assert_int_equal(data->connectionChangeData.status, PEER_CONNECTED);
    ULONGLONG there = data->connectionChangeData.ullConnectionId;
    PeerFreeData(data);
    for (ULONG i = 0; i < SENT; i++) {
        data = await_type(&slow, PEER_GROUP_EVENT_INCOMING_DATA);
        assert_int_equal(data->incomingData.ullConnectionId, there);
        assert_numbered(data, i);
        PeerFreeData(data);
    }
    data = await_type(&slow, PEER_GROUP_EVENT_DIRECT_CONNECTION);
    assert_int_equal(data->connectionChangeData.status, PEER_DISCONNECTED);
    assert_int_equal(data->connectionChangeData.ullConnectionId, there);
    PeerFreeData(data);
    assert_next(&slow, PEER_S_NO_EVENT_DATA);
    stop_listening(&slow);
}

/* [point 13.6] The most that one call may send arrives whole, and a second one after it. */
static void test_largest_data(void **state)
{
    (void)state;
    enum { LARGEST = 4 * 1024 * 1024 };
    struct listener at_founder = listen_for(pair.founder, data_types, 2);
    ULONGLONG id = open_direct();
    BYTE *bytes = calloc(1, LARGEST);
    assert_non_null(bytes);
    for (ULONG i = 0; i < 2; i++) {
        memcpy(bytes, &i, sizeof(i));
        bytes[LARGEST - 1] = (BYTE)(i + 7);
        assert_ok(PeerGroupSendData(pair.member, id, &type_note, LARGEST, bytes));
        PPEER_GROUP_EVENT_DATA data = await_type(&at_founder, PEER_GROUP_EVENT_INCOMING_DATA);
        assert_numbered(data, i);
        assert_int_equal(data->incomingData.data.cbData, LARGEST);
        assert_int_equal(data->incomingData.data.pbData[LARGEST - 1], i + 7);
        PeerFreeData(data);
    }
    free(bytes);
    assert_ok(PeerGroupCloseDirectConnection(pair.member, id));
    stop_listening(&at_founder);
}

/* ---- two members write, several threads take ---- */

enum { WRITTEN = 150, TAKERS = 4 };

struct writer {
    HGROUP group;
    GUID type;
    GUID last; /* the record that stays */
    pthread_t thread;
};

static GUID add_of_type(const struct writer *writer)
{
    GUID id = {0};
    PEER_RECORD record = note(writer->group, "x");
    record.type = writer->type;
    assert_ok(PeerGroupAddRecord(writer->group, &record, &id));
    return id;
}

static void *write_records(void *context)
{
    struct writer *writer = context;
    for (int i = 0; i < WRITTEN; i++) {
        GUID id = add_of_type(writer);
        PPEER_RECORD record = NULL;
        assert_ok(PeerGroupGetRecord(writer->group, &id, &record));
        assert_ok(PeerGroupUpdateRecord(writer->group, record));
        PeerFreeData(record);
        assert_ok(PeerGroupDeleteRecord(writer->group, &id));
    }
    writer->last = add_of_type(writer);
    return NULL;
}

struct takers {
    struct listener listener;
    atomic_uint counts[PEER_RECORD_EXPIRED + 1];
    atomic_bool over;
};

static void *take_events(void *context)
{
    struct takers *takers = context;
    for (;;) {
        bool over = takers->over;
        PPEER_GROUP_EVENT_DATA data = NULL;
        HRESULT hr = PeerGroupGetEventData(takers->listener.handle, &data);
        if (hr == S_OK)
            takers->counts[data->recordChangeData.changeType]++;
        PeerFreeData(data);
        if (hr != S_OK && over)
            return NULL;
        if (hr != S_OK)
            WaitForSingleObject(takers->listener.event, 100);
    }
}

struct heard {
    GUID id;
    PEER_RECORD_CHANGE_TYPE last;
};

/* Takes in order until the last records of both have come: of each record ADDED comes first and
 * once, DELETED last. */
static void take_in_order(const struct listener *listener, const struct writer *writers)
{
    static struct heard heard[2 * WRITTEN + 2];
    int count = 0;
    bool ended[2] = {false, false};
    while (!ended[0] || !ended[1]) {
        PPEER_GROUP_EVENT_DATA data = await_type(listener, PEER_GROUP_EVENT_RECORD_CHANGED);
        const PEER_EVENT_RECORD_CHANGE_DATA *change = &data->recordChangeData;
        int at = 0;
        while (at < count && !IsEqualGUID(&heard[at].id, &change->recordId))
            at++;
        assert_true(at < (int)ARRAY_SIZE(heard));
        assert_true((at == count) == (change->changeType == PEER_RECORD_ADDED));
        assert_true(at == count || heard[at].last != PEER_RECORD_DELETED);
        count += at == count;
        heard[at] = (struct heard){change->recordId, change->changeType};
        for (int i = 0; i < 2; i++)
            ended[i] = ended[i] || IsEqualGUID(&change->recordId, &writers[i].last);
        PeerFreeData(data);
    }
}

/* [point 12.1] [point 12.9] While two members write, several threads that take from one queue get
 * each event once, and one that takes alone gets those of each record in their order. */
static void test_two_write_several_take(void **state)
{
    (void)state;
    struct writer writers[2] = {{.group = pair.founder, .type = type_note},
                                {.group = pair.member, .type = type_other}};
    const PEER_GROUP_EVENT_TYPE types[] = {PEER_GROUP_EVENT_RECORD_CHANGED};
    PEER_GROUP_EVENT_REGISTRATION own = {PEER_GROUP_EVENT_RECORD_CHANGED, (GUID *)&type_note};
    struct takers takers = {.listener = {.event = CreateEventW(NULL, FALSE, FALSE, NULL)}};
    assert_ok(PeerGroupRegisterEvent(pair.founder, takers.listener.event, 1, &own,
                                     &takers.listener.handle));
    struct listener in_order[2] = {listen_for(pair.founder, types, 1),
                                   listen_for(pair.member, types, 1)};
    pthread_t threads[TAKERS];
    for (int i = 0; i < TAKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_events, &takers), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&writers[i].thread, NULL, write_records, &writers[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(writers[i].thread, NULL);
    takers.over = true; /* what a call has confirmed is in the queue already */
    for (int i = 0; i < TAKERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(takers.counts[PEER_RECORD_ADDED], WRITTEN + 1);
    assert_int_equal(takers.counts[PEER_RECORD_UPDATED], WRITTEN);
    assert_int_equal(takers.counts[PEER_RECORD_DELETED], WRITTEN);
    for (int i = 0; i < 2; i++) {
        take_in_order(&in_order[i], writers);
        stop_listening(&in_order[i]);
    }
    stop_listening(&takers.listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow_beside_quick),
        cmocka_unit_test(test_data_flood),
        cmocka_unit_test(test_registration_goes_while_full),
        cmocka_unit_test(test_data_between_connected_and_disconnected),
        cmocka_unit_test(test_largest_data),
        cmocka_unit_test(test_two_write_several_take),
    };
    return cmocka_run_group_tests(tests, setup, two_teardown);
}
