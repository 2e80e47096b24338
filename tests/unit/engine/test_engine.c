/* Do two members of one group, with identities of their own in one process, come to hold the same
 * records over real TCP and TLS? Also: what a handle on a closed or deleted group gives, and that
 * what was confirmed is there after opening again. */
#include "support/home.h"
#include "support/test.h"

#include "engine/engine.h"
#include "engine/loop.h"
#include "graph/graph.h"
#include "group/identity.h"
#include "group/identity_xml.h"
#include "record/record.h"

#include <semaphore.h>
#include <time.h>

static const struct guid note_type = {{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90}};

struct waiter {
    sem_t ready;
    uint64_t registration;
};

static void on_signal(void *context)
{
    struct waiter *waiter = context;
    sem_post(&waiter->ready);
}

static void watch(struct waiter *waiter, uint64_t session)
{
    static const struct engine_filter filters[] = {
        {.type = ENGINE_EVENT_STATUS},    {.type = ENGINE_EVENT_RECORD},
        {.type = ENGINE_EVENT_NEIGHBOUR}, {.type = ENGINE_EVENT_MEMBER},
        {.type = ENGINE_EVENT_DIRECT},    {.type = ENGINE_EVENT_DATA},
        {.type = ENGINE_EVENT_PROPERTY},  {.type = ENGINE_EVENT_CONNECT_FAILED}};
    sem_init(&waiter->ready, 0, 0);
    struct engine_listener listener = {.filters = filters,
                                       .filter_count = ARRAY_SIZE(filters),
                                       .signal = on_signal,
                                       .context = waiter};
    assert_ok(engine_events_register(session, &listener, &waiter->registration));
}

static void unwatch(struct waiter *waiter)
{
    assert_ok(engine_events_unregister(waiter->registration));
    sem_destroy(&waiter->ready);
}

/* Takes events until one of this kind with this change comes; 20 s are forever. */
static struct engine_event await(struct waiter *waiter, enum engine_event_type type, int change)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 20;
    for (;;) {
        struct engine_event event;
        HRESULT hr = engine_events_next(waiter->registration, &event);
        if (hr == PEER_S_NO_EVENT_DATA) {
            if (sem_timedwait(&waiter->ready, &limit) != 0)
                fail_msg("event %d, change %d did not come", (int)type, change);
            continue;
        }
        assert_ok(hr);
        int got = event.type == ENGINE_EVENT_STATUS ? (int)event.status : event.change;
        if (event.type == type && (change < 0 || got == change))
            return event;
        engine_event_deinit(&event);
    }
}

struct member {
    struct identity identity;
    uint64_t session;
    struct waiter waiter;
};

static void make_identity(struct member *member, const char *name)
{
    assert_ok(identity_create(NULL, name, NULL, &member->identity));
}

static void found_group(struct member *founder)
{
    struct engine_create create = {.creator = founder->identity.peer_name,
                                   .wish = {.friendly_name = "test group", .schemes = 0}};
    assert_ok(engine_group_create(&create, &founder->session));
    watch(&founder->waiter, founder->session);
    assert_ok(engine_group_connect(founder->session, NULL, 0));
}

static void join_group(struct member *host, struct member *guest)
{
    char *xml = NULL, *invitation = NULL;
    assert_ok(identity_xml_make(guest->identity.peer_name, &xml));
    struct engine_invite invite = {.identity_xml = xml, .roles = ROLE_MEMBER};
    assert_ok(engine_group_invite(host->session, &invite, &invitation));
    assert_ok(engine_group_join(guest->identity.peer_name, invitation, NULL, &guest->session));
    watch(&guest->waiter, guest->session);
    assert_ok(engine_group_connect(guest->session, NULL, 0));
    mem_free(xml);
    mem_free(invitation);
}

static uint64_t in_an_hour(uint64_t session)
{
    int64_t offset;
    assert_ok(engine_time_offset(session, &offset));
    return loop_utc() + (uint64_t)offset + 3600 * TICKS_PER_SECOND;
}

static struct guid add_note(uint64_t session, struct bytes payload)
{
    struct engine_publish note = {
        .type = note_type, .expiration = in_an_hour(session), .payload = payload};
    struct guid id;
    assert_ok(engine_record_add(session, &note, &id));
    return id;
}

static void leave(struct member *member)
{
    unwatch(&member->waiter);
    assert_ok(engine_group_close(member->session));
    identity_deinit(&member->identity);
}

static void test_two_members_share_records(void **state)
{
    (void)state;
    struct member a = {.session = 0}, b = {.session = 0};
    make_identity(&a, "Anna");
    make_identity(&b, "Boris");
    found_group(&a);
    struct guid first = add_note(a.session, bytes_of_text("before anybody joined"));
    join_group(&a, &b);

    struct engine_event event = await(&b.waiter, ENGINE_EVENT_RECORD, GRAPH_ADDED);
    assert_true(guid_equal(&event.id, &first));
    event = await(&a.waiter, ENGINE_EVENT_MEMBER, 1);
    engine_event_deinit(&event);
    struct engine_record record;
    assert_ok(engine_record_get(b.session, &first, &record));
    assert_memory_equal(record.payload.data, "before anybody joined", record.payload.size);
    assert_string_equal(record.creator, a.identity.peer_name);
    engine_record_deinit(&record);

    await(&b.waiter, ENGINE_EVENT_STATUS, 3); /* it listens: it has the whole database */
    struct guid second = add_note(b.session, bytes_of_text("from the guest"));
    for (;;) {
        event = await(&a.waiter, ENGINE_EVENT_RECORD, GRAPH_ADDED);
        if (guid_equal(&event.id, &second))
            break;
    }
    char *b_name = mem_strdup(b.identity.peer_name);
    leave(&b);
    event = await(&a.waiter, ENGINE_EVENT_MEMBER, 2); /* at once: it said goodbye */
    assert_string_equal(event.peer_name, b_name);
    engine_event_deinit(&event);
    mem_free(b_name);
    leave(&a);
}

static void test_large_payload(void **state)
{
    (void)state;
    struct member a = {.session = 0}, b = {.session = 0};
    make_identity(&a, "Anna");
    make_identity(&b, "Boris");
    found_group(&a);
    join_group(&a, &b);
    await(&b.waiter, ENGINE_EVENT_NEIGHBOUR, 1);
    size_t size = 5 * 1024 * 1024 + 17;
    uint8_t *payload = mem_alloc(size);
    for (size_t i = 0; i < size; i++)
        payload[i] = (uint8_t)(i * 2654435761u >> 13);
    struct guid id = add_note(a.session, bytes_of(payload, size));
    struct engine_event event = await(&b.waiter, ENGINE_EVENT_RECORD, GRAPH_ADDED);
    assert_true(guid_equal(&event.id, &id));
    struct engine_record record;
    assert_ok(engine_record_get(b.session, &id, &record));
    assert_int_equal(record.payload.size, size);
    assert_memory_equal(record.payload.data, payload, size);
    engine_record_deinit(&record);
    mem_free(payload);
    leave(&b);
    leave(&a);
}

static void test_what_was_confirmed_is_there_again(void **state)
{
    (void)state;
    struct member a = {.session = 0};
    make_identity(&a, "Anna");
    found_group(&a);
    struct guid id = add_note(a.session, bytes_of_text("kept"));
    struct group_properties properties;
    assert_ok(engine_group_properties(a.session, &properties));
    char *group = mem_strdup(properties.group_name);
    group_properties_deinit(&properties);
    uint64_t closed = a.session;
    unwatch(&a.waiter);
    assert_ok(engine_group_close(closed));
    struct engine_record record;
    assert_hr(engine_record_get(closed, &id, &record), PEER_E_INVALID_GROUP);
    assert_ok(engine_group_open(a.identity.peer_name, group, NULL, &a.session));
    assert_ok(engine_record_get(a.session, &id, &record));
    engine_record_deinit(&record);
    assert_ok(engine_group_delete(a.identity.peer_name, group));
    assert_hr(engine_record_get(a.session, &id, &record), PEER_E_INVALID_GROUP);
    assert_hr(engine_group_open(a.identity.peer_name, group, NULL, &a.session), E_INVALIDARG);
    assert_ok(identity_delete(a.identity.peer_name));
    mem_free(group);
    identity_deinit(&a.identity);
}

static int start(void **state)
{
    (void)state;
    setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1);
    return FAILED(engine_startup()) ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    return FAILED(engine_shutdown()) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_two_members_share_records, start, stop),
        cmocka_unit_test_setup_teardown(test_large_payload, start, stop),
        cmocka_unit_test_setup_teardown(test_what_was_confirmed_is_there_again, start, stop),
    };
    return cmocka_run_group_tests_name("engine", tests, home_setup, home_teardown);
}
