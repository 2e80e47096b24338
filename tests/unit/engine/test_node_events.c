/* Is no event about a member lost in silence when memory runs out between the store and the queue,
 * and nothing told of a link that nobody heard of? The notices are given to the node on its own
 * thread, with each allocation failing in turn. */
#include "support/home.h"
#include "support/test.h"

#include "engine/engine_internal.h"

#include <semaphore.h>

enum { CONNECTED = 1, DISCONNECTED = 2, UPDATED = 3, JOINED = 4, GAP = -1, NOTHING = 0 };

static struct {
    uint64_t session;
    uint64_t members;  /* registrations */
    uint64_t statuses; /* with connections and their failures */
    sem_t signalled;
    char *name;
    struct guid presence, membership;
} alone;

static void on_signal(void *context)
{
    (void)context;
    sem_post(&alone.signalled);
}

static uint64_t watch(const struct engine_filter *filters, uint32_t count)
{
    struct engine_listener listener = {
        .filters = filters, .filter_count = count, .signal = on_signal};
    uint64_t registration;
    assert_ok(engine_events_register(alone.session, &listener, &registration));
    return registration;
}

/* What is next in the queue of members. */
static int next_change(void)
{
    struct engine_event event;
    HRESULT hr = engine_events_next(alone.members, &event);
    if (hr == PEER_S_NO_EVENT_DATA)
        return NOTHING;
    if (hr == PEER_E_TOO_MUCH_LOAD)
        return GAP;
    assert_ok(hr);
    assert_string_equal(event.peer_name, alone.name);
    int change = event.change;
    engine_event_deinit(&event);
    return change;
}

static void await_change(int wanted)
{
    for (int change = next_change(); change != wanted; change = next_change()) {
        if (change == NOTHING)
            sem_wait(&alone.signalled);
    }
}

static HRESULT take_id(void *context, const struct store_record *row)
{
    *(struct guid *)context = row->id;
    return S_OK;
}

static HRESULT run_find(struct call *call)
{
    struct node *node = call->engine->nodes;
    HRESULT hr = node->store->ops->each(node->store, &RECORD_TYPE_PRESENCE, 0, false, take_id,
                                        &alone.presence);
    return FAILED(hr) ? hr
                      : node->store->ops->each(node->store, &RECORD_TYPE_MEMBERSHIP, 0, false,
                                               take_id, &alone.membership);
}

/* A member that is alone and online; its own presence and membership are there. */
static int setup(void **state)
{
    struct identity identity;
    struct call find = {.hr = S_OK};
    if (home_setup(state) != 0 || setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1) != 0)
        return -1;
    sem_init(&alone.signalled, 0, 0);
    assert_ok(engine_startup());
    assert_ok(identity_create(NULL, "Anna", NULL, &identity));
    struct engine_create create = {.creator = identity.peer_name,
                                   .wish = {.friendly_name = "test group", .schemes = 0}};
    assert_ok(engine_group_create(&create, &alone.session));
    alone.name = mem_strdup(identity.peer_name);
    static const struct engine_filter member = {.type = ENGINE_EVENT_MEMBER},
                                      statuses[] = {{.type = ENGINE_EVENT_STATUS},
                                                    {.type = ENGINE_EVENT_NEIGHBOUR},
                                                    {.type = ENGINE_EVENT_CONNECT_FAILED}};
    alone.members = watch(&member, 1);
    alone.statuses = watch(statuses, ARRAY_SIZE(statuses));
    assert_ok(engine_group_connect(alone.session, NULL, 0));
    await_change(JOINED);
    await_change(CONNECTED);
    assert_ok(call_run(&find, run_find));
    identity_deinit(&identity);
    return 0;
}

static int teardown(void **state)
{
    assert_ok(engine_events_unregister(alone.members));
    assert_ok(engine_events_unregister(alone.statuses));
    assert_ok(engine_group_close(alone.session));
    assert_ok(engine_shutdown());
    mem_free(alone.name);
    sem_destroy(&alone.signalled);
    return home_teardown(state);
}

struct notice {
    struct call call;
    const struct guid *type;
    int change;
};

static HRESULT run_notice(struct call *call)
{
    const struct notice *notice = (const struct notice *)call;
    bool presence = notice->type == &RECORD_TYPE_PRESENCE;
    struct graph_action action = {.type = GRAPH_ACTION_NOTIFY,
                                  .notice = GRAPH_NOTICE_RECORD,
                                  .change = notice->change,
                                  .id = presence ? alone.presence : alone.membership,
                                  .record_type = *notice->type};
    node_notice(call->engine->nodes, &action);
    return S_OK;
}

/* Gives a notice whose n-th allocation fails (0: none); whether that one came. */
static bool notice(const struct guid *type, int change, uint64_t n)
{
    struct notice notice = {.type = type, .change = change};
    mem_fail_nth_tagged(n);
    assert_ok(call_run(&notice.call, run_notice));
    bool hit = mem_fail_hit();
    mem_fail_nth(0);
    return hit;
}

/* Each failure is a gap, in place of the event, and once; without it the event comes. */
static void sweep_notice(const struct guid *type, int change, int told)
{
    unsigned gaps = 0;
    for (uint64_t n = 1;; n++) {
        bool hit = notice(type, change, n);
        int first = next_change();
        assert_int_equal(first, hit ? GAP : told);
        assert_int_equal(next_change(), NOTHING);
        gaps += first == GAP;
        if (!hit)
            break;
    }
    assert_true(gaps > 1);
}

static void test_membership(void **state)
{
    (void)state;
    sweep_notice(&RECORD_TYPE_MEMBERSHIP, GRAPH_ADDED, JOINED);
    sweep_notice(&RECORD_TYPE_MEMBERSHIP, GRAPH_UPDATED, UPDATED);
}

static void test_presence_changes(void **state)
{
    (void)state;
    sweep_notice(&RECORD_TYPE_PRESENCE, GRAPH_UPDATED, UPDATED);
}

/* Who came while memory was short is known all the same afterwards: its leaving is told. */
static void test_presence_comes(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        assert_false(notice(&RECORD_TYPE_PRESENCE, GRAPH_DELETED, 0));
        assert_int_equal(next_change(), DISCONNECTED);
        hit = notice(&RECORD_TYPE_PRESENCE, GRAPH_ADDED, n);
        assert_int_equal(next_change(), hit ? GAP : CONNECTED);
        assert_int_equal(next_change(), NOTHING);
    }
}

static HRESULT run_unknown(struct call *call)
{
    struct node *node = call->engine->nodes;
    struct notice gone = {.call = *call, .type = &RECORD_TYPE_PRESENCE, .change = GRAPH_DELETED};
    HRESULT hr = run_notice(&gone.call);
    node->presences_missing = true; /* and no memory has come since */
    mem_fail_nth_tagged(1);
    if (SUCCEEDED(hr))
        hr = run_notice(&gone.call);
    return hr;
}

/* As long as somebody may be missing from the table, a leaving that nobody knows of is a gap. */
static void test_presence_goes_unknown(void **state)
{
    (void)state;
    struct call call = {.hr = S_OK};
    assert_ok(call_run(&call, run_unknown));
    mem_fail_nth(0);
    assert_int_equal(next_change(), DISCONNECTED);
    assert_int_equal(next_change(), GAP);
    assert_int_equal(next_change(), NOTHING);
    /* It is whole again with the next change, and nobody unknown can leave. */
    assert_false(notice(&RECORD_TYPE_PRESENCE, GRAPH_ADDED, 0));
    assert_int_equal(next_change(), CONNECTED);
    assert_false(notice(&RECORD_TYPE_PRESENCE, GRAPH_DELETED, 0));
    assert_int_equal(next_change(), DISCONNECTED);
    assert_false(notice(&RECORD_TYPE_PRESENCE, GRAPH_DELETED, 0));
    assert_int_equal(next_change(), NOTHING);
    assert_false(notice(&RECORD_TYPE_PRESENCE, GRAPH_ADDED, 0));
    assert_int_equal(next_change(), CONNECTED);
}

/* Who has not asked for members hears of no gap. */
static void test_others_hear_nothing(void **state)
{
    (void)state;
    struct engine_event event;
    HRESULT hr;
    while ((hr = engine_events_next(alone.statuses, &event)) == S_OK)
        engine_event_deinit(&event);
    assert_hr(hr, PEER_S_NO_EVENT_DATA);
    assert_true(notice(&RECORD_TYPE_MEMBERSHIP, GRAPH_UPDATED, 1));
    assert_hr(engine_events_next(alone.statuses, &event), PEER_S_NO_EVENT_DATA);
    assert_int_equal(next_change(), GAP);
}

/* ---- what was told of being online ---- */

/* Waits for the next event that is none about members. */
static struct engine_event await_status(enum engine_event_type type)
{
    struct engine_event event;
    HRESULT hr;
    while ((hr = engine_events_next(alone.statuses, &event)) == PEER_S_NO_EVENT_DATA)
        sem_wait(&alone.signalled);
    assert_ok(hr);
    assert_int_equal(event.type, type);
    return event;
}

static void assert_no_status(void)
{
    struct engine_event event;
    assert_hr(engine_events_next(alone.statuses, &event), PEER_S_NO_EVENT_DATA);
}

struct link_notice {
    struct call call;
    int change;
};

static HRESULT run_link(struct call *call)
{
    struct graph_action action = {.type = GRAPH_ACTION_NOTIFY,
                                  .notice = GRAPH_NOTICE_NEIGHBOUR,
                                  .change = ((struct link_notice *)call)->change,
                                  .link = 4711};
    node_notice(call->engine->nodes, &action);
    call_defer(call->engine->nodes, call, S_OK);
    return S_OK;
}

static HRESULT link_notice(int change)
{
    struct link_notice notice = {.change = change};
    return call_run(&notice.call, run_link);
}

/* A link that cannot be remembered is not told of, and ends; the member comes back. One that was
 * told of is told of as ended, once. */
static void test_link_without_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 2; n++) { /* the link's, and the table's */
        mem_fail_nth_tagged(n);
        assert_hr(link_notice(GRAPH_LINK_CONNECTED), E_OUTOFMEMORY);
        assert_true(mem_fail_hit());
        mem_fail_nth(0);
        assert_int_equal(await_status(ENGINE_EVENT_STATUS).status, 0);
        assert_int_equal(await_status(ENGINE_EVENT_STATUS).status, 1);
    }
    assert_ok(link_notice(GRAPH_LINK_DISCONNECTED));
    assert_no_status();
    assert_ok(link_notice(GRAPH_LINK_CONNECTED));
    assert_int_equal(await_status(ENGINE_EVENT_NEIGHBOUR).change, GRAPH_LINK_CONNECTED);
    for (int i = 0; i < 2; i++)
        assert_ok(link_notice(GRAPH_LINK_DISCONNECTED));
    assert_int_equal(await_status(ENGINE_EVENT_NEIGHBOUR).change, GRAPH_LINK_DISCONNECTED);
    assert_no_status();
}

static HRESULT run_late(struct call *call)
{
    struct node *node = call->engine->nodes;
    node_give_up_late(node, PEER_E_DISK_FULL, UINT64_MAX);
    bool stays = node->connected; /* nobody waits for an outcome */
    node_told_connecting(node, true);
    for (int i = 0; i < 5; i++)
        node_give_up_late(node, E_OUTOFMEMORY, node->told.connect_due_ms - 1);
    stays = stays && node->connected;
    node_give_up_late(node, E_OUTOFMEMORY, node->told.connect_due_ms);
    return stays && !node->connected ? S_OK : E_FAIL;
}

/* Memory may come back in Connect's time, but not after it. Last: it goes offline. */
static void test_connect_without_memory(void **state)
{
    (void)state;
    struct call call = {.hr = S_OK};
    assert_ok(call_run(&call, run_late));
    assert_hr(await_status(ENGINE_EVENT_CONNECT_FAILED).hr, E_OUTOFMEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_membership),
        cmocka_unit_test(test_presence_changes),
        cmocka_unit_test(test_presence_comes),
        cmocka_unit_test(test_presence_goes_unknown),
        cmocka_unit_test(test_others_hear_nothing),
        cmocka_unit_test(test_link_without_memory),
        cmocka_unit_test(test_connect_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
