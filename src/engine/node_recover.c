/* node_recover.c - after a failure of store or memory: undo, make again from the store, be online
 * again.
 *
 * Everything since the last commit is rolled back, the waiting calls hear the failure, and what
 * lives in memory is built anew. The first failure in a while goes online again at once; what
 * keeps failing (a full disk) waits longer and longer, while reading goes on. Who was online comes
 * back by itself; a Connect without an outcome fails (node_told.c). Where even the building fails,
 * the node answers with that code until a later attempt succeeds. */
#include "base/log.h"
#include "engine/engine_internal.h"

enum { RESUME_MIN_MS = 100, RESUME_MAX_MS = 60 * 1000, CALM_MS = 10 * 1000 };

void node_end_calls(struct node *node, HRESULT failure)
{
    struct call *waiting = node->waiting;
    node->waiting = NULL;
    while (waiting) {
        struct call *next = waiting->next;
        if (FAILED(failure))
            waiting->hr = failure;
        uv_sem_post(&waiting->done);
        waiting = next;
    }
}

static HRESULT rebuild(struct node *node)
{
    graph_free(node->graph);
    node->graph = NULL;
    security_free(node->security);
    node->security = NULL;
    HRESULT hr = node->store->ops->rollback(node->store);
    struct security_self self = {
        .peer_name = node->identity, .friendly_name = node->friendly_name, .key = node->key};
    if (SUCCEEDED(hr))
        hr = security_open(node->store, &self, node->group_key, loop_utc(), &node->security);
    if (SUCCEEDED(hr))
        hr = node_make_graph(node);
    if (SUCCEEDED(hr))
        node->failed = S_OK;
    if (SUCCEEDED(hr))
        events_allow_direct(node);
    return SUCCEEDED(hr) ? node->failed : hr;
}

static void go_online(struct node *node)
{
    if (graph_is_synchronised(node->graph))
        node_listen_or_leave(node);
    if (!node->connected)
        return;
    HRESULT hr = node_connect(node, NULL, 0);
    if (SUCCEEDED(hr))
        return;
    log_line(LOG_ERROR, "%s: cannot connect again: 0x%08x", node->group, (unsigned)hr);
    node->failed = hr; /* and so once more, later */
    node_touch(node);
}

/* Gives the wait that is due now, and doubles the next one. */
static uint64_t next_wait(struct node *node, uint64_t now)
{
    bool calm = node->failures == 0 || now > node->failed_ms + CALM_MS + node->resume_wait_ms;
    uint64_t wait = calm ? 0 : node->resume_wait_ms;
    uint64_t next = wait ? wait * 2 : RESUME_MIN_MS;
    node->resume_wait_ms = next < RESUME_MAX_MS ? next : RESUME_MAX_MS;
    node->failed_ms = now;
    node->failures++;
    return wait;
}

void node_start_over(struct node *node, HRESULT failure)
{
    uint64_t now = loop_now_ms(node->engine->loop), wait = next_wait(node, now);
    log_line(LOG_ERROR, "%s: rolled back after 0x%08x", node->group, (unsigned)failure);
    node_tell_offline(node);
    graph_actions_clear(&node->actions);
    node_links_close_all(node);
    node_unlisten(node);
    node_give_up_late(node, failure, now + wait);
    node->dirty = false;
    node->failed = rebuild(node);
    node_end_calls(node, failure);
    node->resume_ms = UINT64_MAX;
    if (SUCCEEDED(node->failed) && node->connected && wait == 0)
        go_online(node);
    else if (FAILED(node->failed) || node->connected)
        node->resume_ms = now + (wait ? wait : RESUME_MIN_MS);
}

bool node_resume(struct node *node)
{
    if (node->resume_ms > loop_now_ms(node->engine->loop))
        return false;
    node->resume_ms = UINT64_MAX;
    if (FAILED(node->failed))
        node_start_over(node, node->failed);
    else if (node->connected)
        go_online(node);
    return true;
}
