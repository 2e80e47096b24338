/* Do registrations and their events keep what is documented (semantics 12, rulings 24, 25)? */
#include "group.h"
#include "support/foreign_memory.h"
#include "support/sweep.h"

static HGROUP group;
static PWSTR creator;
static HANDLE event;

static int setup(void **state)
{
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    group = new_group(creator);
    event = CreateEventW(NULL, FALSE, FALSE, NULL);
    return event ? 0 : -1;
}

static int teardown(void **state)
{
    CloseHandle(event);
    PeerFreeData(creator);
    return group_teardown(state);
}

static HPEEREVENT register_for(PEER_GROUP_EVENT_TYPE type, const GUID *of)
{
    PEER_GROUP_EVENT_REGISTRATION wanted = {type, (GUID *)of};
    HPEEREVENT registration = NULL;
    assert_ok(PeerGroupRegisterEvent(group, event, 1, &wanted, &registration));
    assert_non_null(registration);
    return registration;
}

static PPEER_GROUP_EVENT_DATA next(HPEEREVENT registration)
{
    PPEER_GROUP_EVENT_DATA data = NULL;
    assert_ok(PeerGroupGetEventData(registration, &data));
    assert_non_null(data);
    return data;
}

static void assert_drained(HPEEREVENT registration)
{
    PPEER_GROUP_EVENT_DATA data = (PPEER_GROUP_EVENT_DATA)1;
    assert_hr(PeerGroupGetEventData(registration, &data), PEER_S_NO_EVENT_DATA);
    assert_null(data);
}

/* [point 12.1] [point 12.2] [point 12.9] One signal may stand for many; they come in order, until
 * there is no more. */
static void test_record_events(void **state)
{
    (void)state;
    CONTRACT("PeerGroupRegisterEvent", "S_OK");
    CONTRACT("PeerGroupUnregisterEvent", "S_OK");
    CONTRACT("PeerGroupGetEventData", "S_OK");
    CONTRACT("PeerGroupGetEventData", "PEER_S_NO_EVENT_DATA");
    HPEEREVENT registration = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, NULL);
    assert_drained(registration);
    GUID id = add_note(group, "x");
    PPEER_RECORD record = NULL;
    assert_ok(PeerGroupGetRecord(group, &id, &record));
    assert_ok(PeerGroupUpdateRecord(group, record));
    PeerFreeData(record);
    assert_ok(PeerGroupDeleteRecord(group, &id));
    assert_int_equal(WaitForSingleObject(event, WAIT_MS), WAIT_OBJECT_0);
    const PEER_RECORD_CHANGE_TYPE changes[] = {PEER_RECORD_ADDED, PEER_RECORD_UPDATED,
                                               PEER_RECORD_DELETED};
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        PPEER_GROUP_EVENT_DATA data = next(registration);
        assert_int_equal(data->eventType, PEER_GROUP_EVENT_RECORD_CHANGED);
        assert_int_equal(data->recordChangeData.dwSize, sizeof(PEER_EVENT_RECORD_CHANGE_DATA));
        assert_int_equal(data->recordChangeData.changeType, changes[i]);
        assert_true(IsEqualGUID(&data->recordChangeData.recordId, &id));
        assert_true(IsEqualGUID(&data->recordChangeData.recordType, &type_note));
        PeerFreeData(data);
    }
    assert_drained(registration);
    assert_ok(PeerGroupUnregisterEvent(registration));
}

/* [point 12.5] Ruling 25: pType filters records, and is ignored with a status. */
static void test_filters(void **state)
{
    (void)state;
    HPEEREVENT notes = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, &type_note);
    HPEEREVENT others = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, &type_other);
    HPEEREVENT status = register_for(PEER_GROUP_EVENT_STATUS_CHANGED, &type_other);
    GUID id = add_note(group, "x");
    PeerFreeData(next(notes));
    assert_drained(notes);
    assert_drained(others);
    assert_drained(status);
    assert_ok(PeerGroupDeleteRecord(group, &id));
    assert_ok(PeerGroupUnregisterEvent(notes));
    assert_ok(PeerGroupUnregisterEvent(others));
    /* The type says nothing of a status, so it filters none. */
    assert_ok(PeerGroupConnect(group));
    const struct listener listener = {.event = event, .handle = status};
    PPEER_GROUP_EVENT_DATA data = await_type(&listener, PEER_GROUP_EVENT_STATUS_CHANGED);
    assert_int_equal(data->dwStatus, PEER_GROUP_STATUS_LISTENING);
    PeerFreeData(data);
    assert_ok(PeerGroupUnregisterEvent(status));
}

/* [point 12.6] Ruling 3: what cannot be registered. */
static void test_register_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupRegisterEvent", "E_INVALIDARG");
    CONTRACT("PeerGroupRegisterEvent", "PEER_E_INVALID_GROUP");
    PEER_GROUP_EVENT_REGISTRATION wanted[] = {{PEER_GROUP_EVENT_RECORD_CHANGED, NULL},
                                              {PEER_GROUP_EVENT_STATUS_CHANGED, NULL}};
    HPEEREVENT registration = (HPEEREVENT)1;
    const int bad_types[] = {0, 7, 9, 12, -1};
    assert_hr(PeerGroupRegisterEvent(group, event, 0, wanted, &registration), E_INVALIDARG);
    assert_null(registration);
    assert_hr(PeerGroupRegisterEvent(group, event, 2, NULL, &registration), E_INVALIDARG);
    assert_hr(PeerGroupRegisterEvent(group, event, 2, wanted, NULL), E_INVALIDARG);
    assert_hr(PeerGroupRegisterEvent(group, NULL, 2, wanted, &registration), E_INVALIDARG);
    assert_hr(PeerGroupRegisterEvent(group, group, 2, wanted, &registration), E_INVALIDARG);
    HANDLE closed = CreateEventW(NULL, FALSE, FALSE, NULL);
    assert_true(CloseHandle(closed));
    assert_hr(PeerGroupRegisterEvent(group, closed, 2, wanted, &registration), E_INVALIDARG);
    for (size_t i = 0; i < ARRAY_SIZE(bad_types); i++) {
        wanted[1].eventType = (PEER_GROUP_EVENT_TYPE)bad_types[i];
        assert_hr(PeerGroupRegisterEvent(group, event, 2, wanted, &registration), E_INVALIDARG);
    }
    assert_hr(PeerGroupRegisterEvent(NULL, event, 1, wanted, &registration), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupRegisterEvent((HGROUP)event, event, 1, wanted, &registration),
              PEER_E_INVALID_GROUP);
    assert_null(registration);
}

/* [point 12.3] What is no registration, and nothing else, is E_INVALIDARG. */
static void test_registration_handles(void **state)
{
    (void)state;
    CONTRACT("PeerGroupUnregisterEvent", "E_INVALIDARG");
    CONTRACT("PeerGroupGetEventData", "E_INVALIDARG");
    HPEEREVENT registration = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, NULL);
    PPEER_GROUP_EVENT_DATA data = (PPEER_GROUP_EVENT_DATA)1;
    assert_hr(PeerGroupGetEventData(registration, NULL), E_INVALIDARG);
    assert_ok(PeerGroupUnregisterEvent(registration));
    const HPEEREVENT bad[] = {NULL, registration, event, group, (HPEEREVENT)0x12345};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_hr(PeerGroupUnregisterEvent(bad[i]), E_INVALIDARG);
        assert_hr(PeerGroupGetEventData(bad[i], &data), E_INVALIDARG);
        assert_null(data);
    }
}

/* [point 12.4] The wrong way round: the event object goes first; nothing is lost but its signals.
 */
static void test_event_closed_first(void **state)
{
    (void)state;
    PEER_GROUP_EVENT_REGISTRATION wanted = {PEER_GROUP_EVENT_RECORD_CHANGED, NULL};
    HANDLE own = CreateEventW(NULL, FALSE, FALSE, NULL);
    HPEEREVENT registration = NULL;
    assert_ok(PeerGroupRegisterEvent(group, own, 1, &wanted, &registration));
    assert_true(CloseHandle(own));
    GUID id = add_note(group, "x");
    PeerFreeData(next(registration));
    assert_ok(PeerGroupDeleteRecord(group, &id));
    assert_ok(PeerGroupUnregisterEvent(registration));
}

/* A group that is closed first: what was queued can still be had, and the handle be given back. */
static void test_group_closed_first(void **state)
{
    (void)state;
    HGROUP first = group;
    group = new_group(creator);
    HPEEREVENT registration = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, NULL);
    add_note(group, "x");
    assert_ok(PeerGroupClose(group));
    PeerFreeData(next(registration));
    assert_drained(registration);
    assert_ok(PeerGroupUnregisterEvent(registration));
    assert_hr(PeerGroupUnregisterEvent(registration), E_INVALIDARG);
    group = first;
}

/* [point 5.5] [point 5.6] [point 5.7] [point 12.12] A first-time joiner whom nobody answers is
 * told, with a reason. */
static void test_connection_failed(void **state)
{
    (void)state;
    HGROUP lonely = new_group(creator);
    PWSTR invited = new_identity(u"Invited");
    HGROUP joined = join(lonely, invited, NULL); /* offline, so the invitation has no address */
    struct listener listener = listen_to(joined);
    assert_ok(PeerGroupConnect(joined));
    PPEER_GROUP_EVENT_DATA data = await_type(&listener, PEER_GROUP_EVENT_CONNECTION_FAILED);
    assert_hr(data->hrConnectionFailedReason, PEER_E_NO_MEMBERS_FOUND);
    PeerFreeData(data);
    DWORD status = 1;
    assert_ok(PeerGroupGetStatus(joined, &status));
    assert_int_equal(status, 0);
    stop_listening(&listener);
    assert_ok(PeerGroupClose(joined));
    assert_ok(PeerGroupClose(lonely));
    PeerFreeData(invited);
}

/* ---- without memory ---- */

static HPEEREVENT swept;

static HRESULT call_register(void)
{
    return PeerGroupRegisterEvent(group, event, ARRAY_SIZE(all_events),
                                  (PEER_GROUP_EVENT_REGISTRATION *)all_events, &swept);
}

static void after_register(HRESULT hr)
{
    assert_true(SUCCEEDED(hr) == (swept != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerGroupUnregisterEvent(swept));
}

static bool taken;

static HRESULT call_get(void)
{
    PPEER_GROUP_EVENT_DATA data = (PPEER_GROUP_EVENT_DATA)1;
    HRESULT hr = PeerGroupGetEventData(swept, &data);
    taken = data != NULL;
    assert_true(taken == (hr == S_OK));
    PeerFreeData(data);
    return hr;
}

static unsigned left;

/* An event that could not be given is not lost. */
static void after_get(HRESULT hr)
{
    assert_true(SUCCEEDED(hr) == taken);
    left -= taken;
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupRegisterEvent");
    assert_true(sweep(call_register, after_register) > 3);
    swept = register_for(PEER_GROUP_EVENT_RECORD_CHANGED, NULL);
    for (left = 0; left < 40; left++)
        add_note(group, "x");
    assert_true(sweep(call_get, after_get) > 1);
    for (; left > 0; left--)
        PeerFreeData(next(swept));
    assert_drained(swept);
    assert_ok(PeerGroupUnregisterEvent(swept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_events),          cmocka_unit_test(test_filters),
        cmocka_unit_test(test_register_bad_arguments), cmocka_unit_test(test_registration_handles),
        cmocka_unit_test(test_event_closed_first),     cmocka_unit_test(test_group_closed_first),
        cmocka_unit_test(test_connection_failed),      cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
