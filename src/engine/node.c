/* node.c - one group of one identity at work: store, security and graph, and the turn's end:
 * commit, then act.
 *
 * Every event goes through node_step. At the end of the loop's turn node_commit puts all that was
 * changed on disk in one commit, then carries out the graph's actions in order and ends the calls
 * that waited. When memory or disk fail in a step, the turn is rolled back, security and graph are
 * made anew from the store, the calls fail with that code, and a connected node connects again:
 * nothing is announced that is not stored. */
#include "engine/record_read.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COLLECT_MS = 3600 * 1000 };
static const char VALUE_TIME_OFFSET[] = "engine/time-offset";

void node_parts_deinit(struct node_parts *parts)
{
    security_free(parts->security);
    store_free(parts->store);
    signing_key_free(parts->key);
    signing_key_free(parts->group_key);
    mem_free(parts->identity);
    mem_free(parts->friendly_name);
    mem_free(parts->group);
    mem_free(parts->database);
    password_key_deinit(&parts->password_key);
    sodium_free(parts->password_text);
    if (parts->lock_fd >= 0)
        close(parts->lock_fd);
    *parts = (struct node_parts){.lock_fd = -1};
}

/* ---- the lock that keeps other processes out ---- */

static HRESULT lock_path(const char *database, char **path)
{
    struct buffer text = BUFFER_NULL;
    HRESULT hr = buffer_printf(&text, "%s.lock", database);
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&text);
    if (FAILED(hr))
        buffer_deinit(&text);
    *path = (char *)buffer_take(&text);
    return hr;
}

/* The lock is of the open file, so it dies with its process; who holds it can be asked without
 * touching it. */
static struct flock whole_file(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET};
}

/* A lock on a file that was removed in between keeps nobody out. */
static bool still_there(int file, const char *path)
{
    struct stat held, named;
    return fstat(file, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
}

static void note_holder(int file, const char *path)
{
    char text[16];
    int size = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(file, 0) != 0 || pwrite(file, text, (size_t)size, 0) != size)
        log_line(LOG_WARNING, "cannot note the holder in %s", path);
}

HRESULT node_lock(const char *database, int *fd)
{
    CLEANUP_FREE char *path = NULL;
    *fd = -1;
    HRESULT hr = lock_path(database, &path);
    if (FAILED(hr))
        return hr;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return errno == ENOSPC ? PEER_E_DISK_FULL : PEER_E_NO_KEY_ACCESS;
    struct flock lock = whole_file(F_WRLCK);
    bool locked = fcntl(file, F_OFD_SETLK, &lock) == 0;
    if (!locked || !still_there(file, path)) {
        bool held = locked || errno == EAGAIN || errno == EACCES;
        close(file);
        return held ? PEER_E_GROUP_IN_USE : PEER_E_NO_KEY_ACCESS;
    }
    note_holder(file, path);
    *fd = file;
    return S_OK;
}

uint32_t node_lock_holder(const char *database)
{
    CLEANUP_FREE char *path = NULL;
    if (FAILED(lock_path(database, &path)))
        return 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    char text[16] = "";
    struct flock lock = whole_file(F_WRLCK);
    ssize_t size = read(file, text, sizeof(text) - 1);
    bool held = fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    close(file);
    return size > 0 && held ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

/* ---- time ---- */

static struct graph_now now_of(const struct node *node)
{
    return (struct graph_now){.ms = loop_now_ms(node->engine->loop), .utc = loop_utc()};
}

uint64_t node_peer_time(const struct node *node)
{
    return graph_peer_time(node->graph, loop_utc());
}

HRESULT node_ready(const struct node *node)
{
    const struct group_properties *properties;
    HRESULT hr = security_properties(node->security, &properties);
    if (FAILED(hr))
        return hr;
    return graph_is_synchronised(node->graph) ? S_OK : PEER_E_GROUP_NOT_READY;
}

/* ---- making the graph from what is stored ---- */

static int64_t stored_offset(struct node *node)
{
    CLEANUP_BUFFER struct buffer value = BUFFER_NULL;
    HRESULT hr = node->store->ops->value_get(node->store, VALUE_TIME_OFFSET, &value);
    if (FAILED(hr) || value.size != sizeof(uint64_t))
        return 0;
    struct wire_reader reader;
    wire_reader_init(&reader, buffer_view(&value));
    return (int64_t)wire_read_u64(&reader);
}

static void graph_config_of(struct node *node, struct graph_config *config)
{
    *config = (struct graph_config){.graph_id = node->group,
                                    .friendly_name = node->friendly_name,
                                    .node_id = node->node_id,
                                    .provider = security_provider(node->security),
                                    .store = node->store,
                                    .presence_lifetime_s = PRESENCE_LIFETIME_MIN,
                                    .member_data_lifetime_s = MEMBER_DATA_LIFETIME_DEFAULT,
                                    .publish_membership_on_action = true,
                                    .synchronised = security_is_creator(node->security) ||
                                                    node_has_noted_synchronised(node),
                                    .time_offset = stored_offset(node),
                                    .changing = snapshots_changing,
                                    .changing_context = node,
                                    .first_token = node->epoch << 32};
    randombytes_buf(config->seed, sizeof(config->seed));
    const struct group_properties *properties;
    if (FAILED(security_properties(node->security, &properties)))
        return;
    config->presence_lifetime_s = properties->presence_lifetime;
    config->member_data_lifetime_s = properties->member_data_lifetime;
    config->publish_presence = !(properties->flags & GROUP_FLAG_DISABLE_PRESENCE);
    config->publish_membership = !(properties->flags & GROUP_FLAG_MEMBER_DATA_OPTIONAL);
    config->defer_expiration = properties->flags & GROUP_FLAG_DEFER_EXPIRATION;
}

void node_configure(struct node *node)
{
    struct graph_config config;
    graph_config_of(node, &config);
    graph_configure(node->graph, &config);
}

HRESULT node_make_graph(struct node *node)
{
    struct graph_config config;
    struct graph_now now = now_of(node);
    node->epoch++;
    security_set_time(node->security, now.utc);
    graph_config_of(node, &config);
    HRESULT hr = graph_new(&config, &now, &node->graph);
    sodium_memzero(config.seed, sizeof(config.seed));
    if (SUCCEEDED(hr) && node->connected)
        security_connecting(node->security, node_peer_time(node));
    return hr;
}

/* ---- life ---- */

static void timer_fired(uv_timer_t *timer)
{
    struct node *node = timer->data;
    struct graph_event event = {.type = GRAPH_TIMER};
    node->timer_ran = true;
    if (node_resume(node))
        return;
    node_step_quiet(node, &event);
    uint64_t now = loop_now_ms(node->engine->loop);
    if (now < node->collect_due_ms || FAILED(node->failed))
        return;
    node->collect_due_ms = now + COLLECT_MS;
    node_collect_certificates(node);
}

static void timer_closed(uv_handle_t *handle)
{
    mem_free(handle);
}

static HRESULT node_attach(struct node *node)
{
    struct engine *engine = node->engine;
    node->timer = mem_zalloc(sizeof(*node->timer));
    if (!node->timer)
        return E_OUTOFMEMORY;
    uv_timer_init(loop_uv(engine->loop), node->timer);
    node->timer->data = node;
    do
        randombytes_buf(&node->node_id, sizeof(node->node_id));
    while (node->node_id == 0);
    HRESULT hr = node->store->ops->pieces_collect(node->store);
    if (SUCCEEDED(hr))
        hr = node_make_graph(node);
    if (SUCCEEDED(hr))
        hr = node_load_presences(node);
    if (SUCCEEDED(hr))
        hr = transport_owner_new(engine->transport, node->group, node->key,
                                 &node_transport_callbacks, node, &node->owner);
    return hr;
}

static void node_release(struct node *node)
{
    /* Goodbyes were sent: the links are closed in order, then they are on their own. */
    node_links_close_all(node);
    transport_owner_free(node->owner);
    if (node->timer)
        uv_close((uv_handle_t *)node->timer, timer_closed);
    node_events_deinit(node);
    node_told_deinit(node);
    node_password_deinit(node);
    snapshots_deinit(node);
    graph_actions_deinit(&node->actions);
    graph_free(node->graph);
    struct node_parts parts = {.identity = node->identity,
                               .friendly_name = node->friendly_name,
                               .group = node->group,
                               .database = node->database,
                               .key = node->key,
                               .group_key = node->group_key,
                               .store = node->store,
                               .security = node->security,
                               .lock_fd = node->lock_fd};
    node_parts_deinit(&parts);
    mem_free(node);
}

HRESULT node_new(struct engine *engine, struct node_parts *parts, struct node **out)
{
    struct node *node = mem_zalloc(sizeof(*node));
    if (!node)
        return E_OUTOFMEMORY;
    node->engine = engine;
    node->id = ++engine->next_id;
    node->identity = parts->identity;
    node->friendly_name = parts->friendly_name;
    node->group = parts->group;
    node->database = parts->database;
    node->key = parts->key;
    node->group_key = parts->group_key;
    node->store = parts->store;
    node->security = parts->security;
    node->lock_fd = parts->lock_fd;
    node->created = parts->created;
    node->password.key = parts->password_key;
    node->password.text = parts->password_text;
    node->resume_ms = UINT64_MAX;
    *parts = (struct node_parts){.lock_fd = -1};
    HRESULT hr = node_attach(node);
    if (FAILED(hr)) {
        node_release(node);
        return hr;
    }
    node->collect_due_ms = loop_now_ms(engine->loop) + COLLECT_MS;
    node->next = engine->nodes;
    engine->nodes = node;
    node_touch(node);
    *out = node;
    return S_OK;
}

void node_free(struct node *node)
{
    struct graph_event leave = {.type = GRAPH_LEAVE};
    if (node->connected)
        node_step_quiet(node, &leave);
    node->connected = false;
    node_commit(node);
    node_unlisten(node);
    struct engine *engine = node->engine;
    for (struct node **place = &engine->nodes; *place; place = &(*place)->next)
        if (*place == node) {
            *place = node->next;
            break;
        }
    struct session *session, *next;
    HASH_ITER (hh, engine->sessions, session, next) {
        if (session->node == node)
            session_end(engine, session);
    }
    events_end(node);
    node_release(node);
}

struct node *node_find(struct engine *engine, const char *identity, const char *group)
{
    for (struct node *node = engine->nodes; node; node = node->next)
        if (strcmp(node->identity, identity) == 0 && strcmp(node->group, group) == 0)
            return node;
    return NULL;
}

struct node *node_of_id(struct engine *engine, uint64_t id)
{
    for (struct node *node = engine->nodes; node; node = node->next)
        if (node->id == id)
            return node;
    return NULL;
}

/* ---- steps ---- */

void node_touch(struct node *node)
{
    node->dirty = true;
}

HRESULT node_step(struct node *node, struct graph_event *event)
{
    if (FAILED(node->failed))
        return node->failed;
    event->now = now_of(node);
    security_set_time(node->security, event->now.utc);
    HRESULT hr = graph_step(node->graph, event, &node->actions);
    node_touch(node);
    if (FAILED(hr))
        node->failed = hr;
    return hr;
}

void node_step_quiet(struct node *node, struct graph_event *event)
{
    HRESULT hr = node_step(node, event);
    if (FAILED(hr))
        log_line(LOG_WARNING, "%s: event %d failed: 0x%08x", node->group, (int)event->type,
                 (unsigned)hr);
}

HRESULT node_acted(struct node *node)
{
    struct graph_event event = {.type = GRAPH_ACTED};
    return node_step(node, &event);
}

static void complete_call(struct node *node, const struct graph_action *action)
{
    for (struct call *call = node->waiting; call; call = call->next)
        if (call->request == action->token) {
            call->hr = action->hr;
            call->id = action->id;
            call->value = action->value;
        }
}

static void send_on_link(struct node *node, const struct graph_action *action)
{
    struct node_link *link = node_link_find(node, action->link);
    if (!link)
        return;
    bool full = false;
    HRESULT hr = link_send(link->link, buffer_view(&action->data), &full);
    if (FAILED(hr))
        link_close(link->link, hr);
    else if (full && !link->was_full) {
        link->was_full = true;
        struct graph_event event = {.type = GRAPH_LINK_FULL, .link = action->link};
        node_step_quiet(node, &event);
    }
}

static void act_on_link(struct node *node, const struct graph_action *action)
{
    struct node_link *link = node_link_find(node, action->link);
    if (!link)
        return;
    if (action->type == GRAPH_ACTION_CLOSE) {
        link->in_graph = false;
        link_close(link->link, S_OK);
    } else if (action->type == GRAPH_ACTION_PAUSE) {
        node_flow_pause(link, true);
    } else {
        node_flow_pause(link, false);
    }
}

static void act(struct node *node, const struct graph_action *action)
{
    HRESULT hr;
    switch (action->type) {
    case GRAPH_ACTION_SEND:
        send_on_link(node, action);
        break;
    case GRAPH_ACTION_CLOSE:
    case GRAPH_ACTION_PAUSE:
    case GRAPH_ACTION_RESUME:
        act_on_link(node, action);
        break;
    case GRAPH_ACTION_DIAL:
        hr = node_dial(node, action);
        if (FAILED(hr)) {
            struct graph_event event = {
                .type = GRAPH_DIAL_FAILED, .dial = action->token, .reason = hr};
            node_step_quiet(node, &event);
        }
        break;
    case GRAPH_ACTION_VERIFY:
        break; /* together, in node_verify */
    case GRAPH_ACTION_COMPLETE:
        complete_call(node, action);
        break;
    case GRAPH_ACTION_NOTIFY:
        node_notice(node, action);
        break;
    }
}

static void arm_timer(struct node *node)
{
    /* A graph that failed waits for node_resume. */
    bool runs = node->graph && SUCCEEDED(node->failed);
    uint64_t deadline = runs ? graph_next_deadline(node->graph) : UINT64_MAX;
    deadline = node->resume_ms < deadline ? node->resume_ms : deadline;
    uint64_t now = loop_now_ms(node->engine->loop);
    if (deadline == UINT64_MAX)
        uv_timer_stop(node->timer);
    else
        uv_timer_start(node->timer, timer_fired, deadline > now ? deadline - now : 0, 0);
}

static HRESULT commit_store(struct node *node)
{
    bool tagged = false;
    for (const struct call *call = node->waiting; call; call = call->next)
        tagged = tagged || call->tagged;
    bool before = mem_tag(tagged);
    HRESULT hr = node->store->ops->commit(node->store);
    mem_tag(before);
    return hr;
}

void node_commit(struct node *node)
{
    if (!node->dirty && !node->timer_ran)
        return; /* what is due, is due when it was */
    node->timer_ran = false;
    while (node->dirty) {
        node->dirty = false;
        HRESULT hr = node->failed;
        if (SUCCEEDED(hr))
            hr = commit_store(node);
        if (FAILED(hr)) {
            node_start_over(node, hr);
            events_signal(node);
            continue;
        }
        struct graph_actions actions = node->actions;
        node->actions = (struct graph_actions){.items = NULL};
        node_links_committed(node);
        node_verify(node, actions.items, actions.count);
        for (uint32_t i = 0; i < actions.count; i++)
            act(node, &actions.items[i]);
        graph_actions_deinit(&actions);
        node_end_calls(node, S_OK);
        events_signal(node);
    }
    node_told_end(node);
    events_signal(node);
    arm_timer(node);
}
