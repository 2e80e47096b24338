/* engine.c - the process-wide runtime: started and stopped by count, and how calls cross into the
 * loop.
 *
 * A caller enters (so that a shutdown waits for it), posts its call to the loop and sleeps until
 * the loop has run it, or until the commit that it depends on is on disk. The last shutdown keeps
 * new callers out, waits for those inside, takes every group offline and joins the thread. */
#include "engine/engine_internal.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct engine *running;
static uint32_t startups;
static uint64_t last_id; /* numbers go on after a restart: an old one never names something new */
static uint32_t inside;
static bool changing; /* a startup or shutdown is under way */

HRESULT engine_enter(struct engine **engine)
{
    pthread_mutex_lock(&lock);
    *engine = changing ? NULL : running;
    if (*engine)
        inside++;
    pthread_mutex_unlock(&lock);
    return *engine ? S_OK : PEER_E_NOT_INITIALIZED;
}

void engine_leave(void)
{
    pthread_mutex_lock(&lock);
    ASSERT(inside > 0);
    if (--inside == 0)
        pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

bool engine_is_running(void)
{
    pthread_mutex_lock(&lock);
    bool is_running = running && !changing;
    pthread_mutex_unlock(&lock);
    return is_running;
}

static void commit_all(void *context)
{
    struct engine *engine = context;
    struct node *next;
    for (struct node *node = engine->nodes; node; node = next) {
        next = node->next;
        node_commit(node);
    }
}

void engine_settle(void)
{
    pthread_mutex_lock(&lock);
    while (changing)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

struct life_call {
    struct loop_item item;
    struct engine *engine;
    HRESULT hr;
    bool tagged; /* as in struct call */
    uv_sem_t done;
};

static void start_on_loop(struct loop_item *item)
{
    struct life_call *call = (struct life_call *)item;
    bool tag = mem_tag(call->tagged);
    call->hr = transport_new(call->engine->loop, &call->engine->transport);
    mem_tag(tag);
    if (SUCCEEDED(call->hr))
        loop_set_batch(call->engine->loop, commit_all, call->engine);
}

static void transport_gone(void *context)
{
    struct life_call *call = context;
    uv_sem_post(&call->done);
}

static void stop_on_loop(struct loop_item *item)
{
    struct life_call *call = (struct life_call *)item;
    struct engine *engine = call->engine;
    while (engine->nodes)
        node_free(engine->nodes);
    struct session *session, *next;
    HASH_ITER (hh, engine->sessions, session, next)
        session_end(engine, session);
    loop_set_batch(engine->loop, NULL, NULL);
    transport_free(engine->transport, transport_gone, call);
}

static void engine_free(struct engine *engine)
{
    if (!engine)
        return;
    if (engine->loop && engine->transport) {
        struct life_call call = {.item = {.function = stop_on_loop}, .engine = engine};
        uv_sem_init(&call.done, 0);
        loop_call(engine->loop, &call.item);
        uv_sem_wait(&call.done);
        uv_sem_destroy(&call.done);
    }
    loop_free(engine->loop);
    last_id = engine->next_id;
    if (engine->cloud)
        engine->cloud->ops->free(engine->cloud);
    mem_free(engine);
}

static HRESULT engine_new(struct engine **out)
{
    HRESULT hr = signature_self_test();
    if (FAILED(hr))
        return hr;
    struct engine *engine = mem_zalloc(sizeof(*engine));
    if (!engine)
        return E_OUTOFMEMORY;
    engine->next_id = last_id;
    hr = cloud_static_new(&engine->cloud);
    if (SUCCEEDED(hr))
        hr = loop_new(&engine->loop);
    if (SUCCEEDED(hr)) {
        struct life_call call = {
            .item = {.function = start_on_loop}, .engine = engine, .tagged = mem_tagged()};
        loop_call(engine->loop, &call.item);
        hr = call.hr;
    }
    if (FAILED(hr)) {
        engine_free(engine);
        return hr;
    }
    *out = engine;
    return S_OK;
}

/* Waits until no other startup or shutdown is under way; called and returns with the lock held. */
static void begin_change(void)
{
    while (changing)
        pthread_cond_wait(&changed, &lock);
    changing = true;
}

static void end_change(void)
{
    changing = false;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

HRESULT engine_startup(void)
{
    HRESULT hr = S_OK;
    pthread_mutex_lock(&lock);
    while (changing)
        pthread_cond_wait(&changed, &lock);
    if (running) {
        startups++;
        pthread_mutex_unlock(&lock);
        return S_OK;
    }
    begin_change();
    pthread_mutex_unlock(&lock);
    struct engine *engine = NULL;
    hr = engine_new(&engine);
    pthread_mutex_lock(&lock);
    running = engine;
    startups = engine ? 1 : 0;
    end_change();
    return hr;
}

HRESULT engine_shutdown(void)
{
    pthread_mutex_lock(&lock);
    while (changing)
        pthread_cond_wait(&changed, &lock);
    if (!running) {
        pthread_mutex_unlock(&lock);
        return E_UNEXPECTED;
    }
    if (--startups > 0) {
        pthread_mutex_unlock(&lock);
        return S_OK;
    }
    begin_change();
    while (inside > 0)
        pthread_cond_wait(&changed, &lock);
    struct engine *engine = running;
    running = NULL;
    pthread_mutex_unlock(&lock);
    engine_free(engine);
    pthread_mutex_lock(&lock);
    end_change();
    return S_OK;
}

/* ---- calls ---- */

static void run_on_loop(struct loop_item *item)
{
    struct call *call = (struct call *)item;
    bool tag = mem_tag(call->tagged);
    HRESULT hr = call->run(call);
    mem_tag(tag);
    if (call->deferred)
        return;
    call->hr = hr;
    uv_sem_post(&call->done);
}

HRESULT call_start(struct call *call, HRESULT (*run)(struct call *call))
{
    HRESULT hr = engine_enter(&call->engine);
    if (FAILED(hr))
        return hr;
    call->run = run;
    call->deferred = false;
    call->tagged = mem_tagged();
    call->item.function = run_on_loop;
    uv_sem_init(&call->done, 0);
    loop_post(call->engine->loop, &call->item);
    return S_OK;
}

HRESULT call_finish(struct call *call)
{
    uv_sem_wait(&call->done);
    uv_sem_destroy(&call->done);
    engine_leave();
    return call->hr;
}

HRESULT call_run(struct call *call, HRESULT (*run)(struct call *call))
{
    HRESULT hr = call_start(call, run);
    return SUCCEEDED(hr) ? call_finish(call) : hr;
}

void call_defer(struct node *node, struct call *call, HRESULT hr)
{
    call->deferred = true;
    call->hr = hr;
    call->next = node->waiting;
    node->waiting = call;
    node_touch(node);
}

/* ---- publishing ---- */

HRESULT call_publish(struct node *node, struct call *call, const struct graph_publish *publish)
{
    call->request = ++call->engine->next_id;
    struct graph_event event = {
        .type = GRAPH_PUBLISH, .request = call->request, .publish = publish};
    HRESULT hr = node_step(node, &event);
    call_defer(node, call, hr);
    return hr;
}

HRESULT call_announce(struct node *node, struct call *call, struct bytes chain, uint64_t expiration)
{
    struct graph_publish publish = {.kind = PUBLISH_ADD,
                                    .type = RECORD_TYPE_MEMBERSHIP,
                                    .expiration = expiration,
                                    .payload = chain,
                                    .payload_size = chain.size,
                                    .reserved = true};
    payload_leaf(chain, &publish.payload_root);
    return call_publish(node, call, &publish);
}

/* ---- sessions ---- */

struct session *session_find(struct engine *engine, uint64_t id)
{
    struct session *session;
    HASH_FIND(hh, engine->sessions, &id, sizeof(id), session);
    return session;
}

HRESULT call_node(struct call *call, uint64_t session, struct node **node)
{
    struct session *found = session_find(call->engine, session);
    *node = found ? found->node : NULL;
    return found ? found->node->failed : PEER_E_INVALID_GROUP;
}

HRESULT call_ready_node(struct call *call, uint64_t session, struct node **node)
{
    HRESULT hr = call_node(call, session, node);
    return SUCCEEDED(hr) ? node_ready(*node) : hr;
}

HRESULT session_new(struct engine *engine, struct node *node, uint64_t *id)
{
    struct session *session = mem_zalloc(sizeof(*session));
    if (!session)
        return E_OUTOFMEMORY;
    session->id = ++engine->next_id;
    session->node = node;
    HASH_ADD(hh, engine->sessions, id, sizeof(session->id), session);
    if (!TABLE_ADDED(session, hh)) {
        mem_free(session);
        return E_OUTOFMEMORY;
    }
    node->session_count++;
    *id = session->id;
    return S_OK;
}

void session_end(struct engine *engine, struct session *session)
{
    HASH_DEL(engine->sessions, session);
    mem_free(session);
}
