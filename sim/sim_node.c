/* sim_node.c - one member: its life, its steps and what follows from them, as the engine would.
 *
 * A step that succeeds is committed before its actions are carried out; one that fails is rolled
 * back. A crash frees the graph and rolls the store back, so that only what was committed is left.
 * Signatures are really checked; the verdict comes after a random time. */
#include "sim_internal.h"

#include <sodium.h>
#include <stdlib.h>

void sim_address(uint32_t index, struct address *address)
{
    *address = (struct address){.ip = {0xfd}, .port = GROUP_PORT};
    wire_store_u32(address->ip + 12, index);
}

void node_start(struct sim *sim, struct sim_node *node)
{
    const struct sim_node_options *options = &node->options;
    node->life++;
    node->alive = true;
    node->timer_at = UINT64_MAX;
    if (sim->options.security == SIM_GROUP)
        group_open(sim, node);
    if (options->raw)
        return;
    struct graph_config config = {
        .graph_id = sim_graph_id(sim),
        .friendly_name = node->key.name,
        .node_id = sim_random(sim, 0) | 1,
        .provider = sim_provider_of(node),
        .store = node->store,
        .presence_lifetime_s = options->presence_lifetime_s,
        .member_data_lifetime_s = options->member_data_lifetime_s,
        .publish_presence = options->presence,
        .publish_membership = options->membership,
        .publish_membership_on_action = options->membership || options->member_data_optional,
        .defer_expiration = options->defer_expiration,
        .synchronised = node->was_synchronised,
        .time_offset = node->time_offset,
    };
    for (uint32_t i = 0; i < sizeof(config.seed); i++)
        config.seed[i] = (uint8_t)sim_random(sim, 256);
    struct graph_now now = {.ms = sim->now_ms, .utc = sim_utc(sim, node)};
    HRESULT hr = graph_new(&config, &now, &node->graph);
    if (FAILED(hr))
        sim_fail(sim, "node %u does not start: 0x%08x", node->index, (unsigned)hr);
    else
        sim_reschedule(sim, node);
}

void node_stop(struct sim *sim, struct sim_node *node)
{
    (void)sim;
    graph_free(node->graph);
    group_close(node);
    node->graph = NULL;
    node->alive = node->online = node->listening = false;
    node->timer_at = UINT64_MAX;
}

uint32_t sim_add(struct sim *sim, const struct sim_node_options *options)
{
    struct sim_node *node = sim_alloc(sizeof(*node));
    node->sim = sim;
    node->index = sim->node_count;
    node->options = *options;
    if (node->options.presence_lifetime_s == 0)
        node->options.presence_lifetime_s = PRESENCE_LIFETIME_MIN;
    if (node->options.member_data_lifetime_s == 0)
        node->options.member_data_lifetime_s = MEMBER_DATA_LIFETIME_DEFAULT;
    sim->nodes = realloc(sim->nodes, (sim->node_count + 1) * sizeof(struct sim_node *));
    ASSERT(sim->nodes && sim->members.count < SIM_MEMBERS_MAX);
    sim->nodes[sim->node_count++] = node;
    sim_key_make(sim->options.seed, node->index, &node->key);
    sim->members.keys[sim->members.count++] = &node->key;
    sim_provider_init(&node->provider, &sim->members, &node->key);
    node->was_synchronised = options->synchronised;
    node->time_offset = options->time_offset;
    HRESULT hr = store_memory_new(&node->store);
    ASSERT(SUCCEEDED(hr));
    if (sim->options.security == SIM_GROUP)
        group_become_member(sim, node);
    node_start(sim, node);
    return node->index;
}

static void keep_notice(struct sim *sim, struct sim_node *node, struct graph_action *action)
{
    if (action->notice == GRAPH_NOTICE_SYNCHRONISED)
        node->was_synchronised = true;
    if (action->notice == GRAPH_NOTICE_REVOKED)
        node->heard_removal = true;
    if (action->notice == GRAPH_NOTICE_TIME_OFFSET)
        node->time_offset = (int64_t)action->value;
    if (action->notice == GRAPH_NOTICE_REMEMBER)
        node->remembered[node->remembered_count++ % LIMIT_REFERRALS] = action->address;
    if (action->notice == GRAPH_NOTICE_DATA) {
        buffer_deinit(&node->last_data);
        node->last_data = action->data;
        action->data = BUFFER_NULL;
    }
    node->notices =
        sim_grow(node->notices, node->notice_count, &node->notice_capacity, sizeof(*node->notices));
    node->notices[node->notice_count++] = (struct sim_notice){.ms = sim->now_ms,
                                                              .notice = action->notice,
                                                              .change = action->change,
                                                              .hr = action->hr,
                                                              .id = action->id,
                                                              .type = action->record_type,
                                                              .link = action->link,
                                                              .value = action->value};
}

static bool is_valid(struct sim *sim, const struct verify_job *job)
{
    struct sim_proof *proof;
    HASH_FIND(hh, sim->proofs, job, sizeof(*job), proof);
    if (!proof) {
        proof = sim_alloc(sizeof(*proof));
        proof->job = *job;
        proof->valid = crypto_sign_verify_detached(job->signature, job->message,
                                                   sizeof(job->message), job->key) == 0;
        HASH_ADD(hh, sim->proofs, job, sizeof(*job), proof);
    }
    return proof->valid;
}

void node_free_proofs(struct sim *sim)
{
    struct sim_proof *proof, *next;
    HASH_ITER (hh, sim->proofs, proof, next) {
        HASH_DEL(sim->proofs, proof);
        free(proof);
    }
}

static void verify(struct sim *sim, struct sim_node *node, const struct graph_action *action)
{
    bool valid = is_valid(sim, &action->job);
    uint64_t wait = sim_random(sim, sim->options.verdict_max_ms + 1);
    sim_push(sim,
             (struct sim_event){.type = SIM_VERDICT,
                                .node = node->index,
                                .life = node->life,
                                .token = action->token,
                                .flag = valid},
             sim->now_ms + wait);
}

void sim_set_verdicts(struct sim *sim, uint32_t verdict_max_ms)
{
    sim->options.verdict_max_ms = verdict_max_ms;
}

static void carry_out(struct sim *sim, struct sim_node *node, struct graph_action *action)
{
    switch (action->type) {
    case GRAPH_ACTION_SEND:
        network_send(sim, node, action);
        break;
    case GRAPH_ACTION_CLOSE:
        network_close(sim, action->link);
        break;
    case GRAPH_ACTION_PAUSE:
    case GRAPH_ACTION_RESUME:
        network_pause(sim, action->link, action->type == GRAPH_ACTION_PAUSE);
        break;
    case GRAPH_ACTION_DIAL:
        node->dial_count++;
        network_dial(sim, node, action);
        break;
    case GRAPH_ACTION_VERIFY:
        verify(sim, node, action);
        break;
    case GRAPH_ACTION_COMPLETE:
        node->completed = action->token;
        node->completed_hr = action->hr;
        node->completed_value = action->value;
        break;
    case GRAPH_ACTION_NOTIFY:
        keep_notice(sim, node, action);
        break;
    }
}

/* A step that failed: all that was in memory is made again from the last commit. */
static void start_over(struct sim *sim, struct sim_node *node)
{
    bool listening = node->listening, online = node->online;
    node->failed_steps++;
    sim_crash(sim, node->index);
    sim_restart(sim, node->index);
    if (listening)
        sim_listen(sim, node->index);
    if (!online)
        return;
    struct graph_event connect = {.type = GRAPH_CONNECT};
    uint32_t known = node->remembered_count;
    connect.addresses.count = known < LIMIT_REFERRALS ? known : LIMIT_REFERRALS;
    for (uint32_t i = 0; i < connect.addresses.count; i++)
        connect.addresses.items[i] = node->remembered[i];
    node->online = true;
    (void)sim_event(sim, node->index, &connect);
}

HRESULT sim_event(struct sim *sim, uint32_t index, struct graph_event *event)
{
    struct sim_node *node = sim->nodes[index];
    ASSERT(node->alive && node->graph);
    event->now = (struct graph_now){.ms = sim->now_ms, .utc = sim_utc(sim, node)};
    sim->steps++;
    if (node->security)
        group_step(sim, node, event->now.utc);
    HRESULT hr = graph_step(node->graph, event, &node->actions);
    if (FAILED(hr)) {
        graph_actions_clear(&node->actions);
        start_over(sim, node);
        return hr;
    }
    HRESULT stored = node->store->ops->commit(node->store);
    if (FAILED(stored))
        sim_fail(sim, "node %u: the store fails with 0x%08x", index, (unsigned)stored);
    graph_check(node->graph);
    for (uint32_t i = 0; i < node->actions.count; i++)
        carry_out(sim, node, &node->actions.items[i]);
    graph_actions_clear(&node->actions);
    sim_reschedule(sim, node);
    if (node->heard_removal) {
        node->heard_removal = false;
        group_heard_removal(sim, node);
    }
    return hr;
}

void sim_listen(struct sim *sim, uint32_t index)
{
    struct graph_event event = {.type = GRAPH_LISTENING, .addresses = {.count = 1}};
    sim_address(index, &event.addresses.items[0]);
    sim->nodes[index]->listening = sim->nodes[index]->online = true;
    if (sim->nodes[index]->graph)
        (void)sim_event(sim, index, &event);
}

void sim_connect(struct sim *sim, uint32_t index, uint32_t to)
{
    struct graph_event event = {.type = GRAPH_CONNECT, .addresses = {.count = 1}};
    sim_address(to, &event.addresses.items[0]);
    sim->nodes[index]->online = true;
    (void)sim_event(sim, index, &event);
}

void sim_leave(struct sim *sim, uint32_t index)
{
    struct graph_event event = {.type = GRAPH_LEAVE};
    sim->nodes[index]->online = sim->nodes[index]->listening = false;
    (void)sim_event(sim, index, &event);
}

void sim_crash(struct sim *sim, uint32_t index)
{
    struct sim_node *node = sim->nodes[index];
    if (!node->alive)
        return;
    node_stop(sim, node);
    network_node_gone(sim, node);
    HRESULT hr = node->store->ops->rollback(node->store);
    if (FAILED(hr))
        sim_fail(sim, "node %u: rollback fails", index);
}

void sim_restart(struct sim *sim, uint32_t index)
{
    if (!sim->nodes[index]->alive)
        node_start(sim, sim->nodes[index]);
}

void sim_turn_raw(struct sim *sim, uint32_t index)
{
    sim_crash(sim, index);
    sim->nodes[index]->options.raw = true;
    sim_restart(sim, index);
}

/* ---- records ---- */

/* A large payload's pieces hold their number, again and again. */
static HRESULT make_pieces(struct sim_node *node, uint64_t size, struct hash *root)
{
    uint32_t count = payload_piece_count(size);
    struct hash *leaves = sim_alloc(count * sizeof(*leaves));
    uint8_t *piece = sim_alloc(LIMIT_PIECE_SIZE);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = 0; j + 4 <= LIMIT_PIECE_SIZE; j += 4)
            wire_store_u32(piece + j, i * 2654435761u + j + (uint32_t)size);
        payload_leaf(bytes_of(piece, payload_piece_size(size, i)), &leaves[i]);
    }
    payload_root_of_leaves(leaves, count, root);
    HRESULT hr = S_OK;
    for (uint32_t i = 0; i < count && SUCCEEDED(hr); i++) {
        for (uint32_t j = 0; j + 4 <= LIMIT_PIECE_SIZE; j += 4)
            wire_store_u32(piece + j, i * 2654435761u + j + (uint32_t)size);
        struct bytes data = bytes_of(piece, payload_piece_size(size, i));
        hr = node->store->ops->piece_put(node->store, root, i, data, &leaves[i]);
    }
    free(leaves);
    free(piece);
    return hr;
}

static void confirm(struct sim *sim, uint32_t index, const struct guid *id, uint64_t expiration)
{
    struct store_record row;
    struct store *store = sim->nodes[index]->store;
    if (FAILED(store->ops->find(store, id, &row))) {
        sim_fail(sim, "node %u confirmed a record that it does not hold", index);
        return;
    }
    sim->confirmed = sim_grow(sim->confirmed, sim->confirmed_count, &sim->confirmed_capacity,
                              sizeof(*sim->confirmed));
    sim->confirmed[sim->confirmed_count++] = (struct sim_confirmed){.id = *id,
                                                                    .author = index,
                                                                    .version = row.version,
                                                                    .deleted = row.deleted,
                                                                    .expiration = expiration};
}

HRESULT sim_publish(struct sim *sim, uint32_t index, const struct sim_record *record,
                    struct guid *id)
{
    struct sim_node *node = sim->nodes[index];
    uint64_t now = graph_peer_time(node->graph, sim_utc(sim, node));
    uint64_t lifetime_s = record->lifetime_s ? record->lifetime_s : 86400;
    struct graph_publish publish = {
        .kind = record->kind,
        .id = record->id,
        .type = SIM_RECORD_TYPE,
        .expiration = record->expiration ? record->expiration : now + lifetime_s * TICKS_PER_SECOND,
        .payload_size = record->payload_size};
    if (record->payload_size > LIMIT_PIECE_SIZE) {
        HRESULT hr = make_pieces(node, record->payload_size, &publish.payload_root);
        if (FAILED(hr))
            return hr;
    } else {
        publish.payload = bytes_of(record->payload, record->payload_size);
        payload_leaf(publish.payload, &publish.payload_root);
    }
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = &publish, .request = 1};
    node->completed = 0;
    HRESULT hr = sim_event(sim, index, &event);
    if (SUCCEEDED(hr) && node->completed != 1)
        sim_fail(sim, "node %u: a publication is not answered", index);
    hr = SUCCEEDED(hr) ? node->completed_hr : hr;
    if (FAILED(hr))
        return hr;
    struct guid named = record->id;
    if (record->kind == PUBLISH_ADD) {
        const struct sim_notice *last = sim_last_notice(sim, index, GRAPH_NOTICE_RECORD);
        named = last ? last->id : named;
    }
    confirm(sim, index, &named, publish.expiration);
    if (id)
        *id = named;
    return hr;
}

bool sim_holds(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct sim_node *node = sim->nodes[index];
    struct store_record row;
    return SUCCEEDED(node->store->ops->find(node->store, id, &row)) &&
           graph_row_is_visible(node->graph, &row, sim_utc(sim, node));
}

static HRESULT count_row(void *context, const struct store_record *row)
{
    (void)row;
    ++*(uint32_t *)context;
    return S_OK;
}

uint32_t sim_visible_of(struct sim *sim, uint32_t index, const struct guid *type)
{
    struct sim_node *node = sim->nodes[index];
    uint32_t count = 0;
    uint64_t after = graph_horizon(node->graph, sim_utc(sim, node));
    HRESULT hr = node->store->ops->each(node->store, type, after, false, count_row, &count);
    if (FAILED(hr))
        sim_fail(sim, "node %u: the store cannot be read", index);
    return count;
}

uint32_t sim_visible(struct sim *sim, uint32_t index)
{
    return sim_visible_of(sim, index, &SIM_RECORD_TYPE);
}

uint32_t sim_notices(struct sim *sim, uint32_t index, enum graph_notice notice, int change)
{
    const struct sim_node *node = sim->nodes[index];
    uint32_t count = 0;
    for (uint32_t i = 0; i < node->notice_count; i++)
        count +=
            node->notices[i].notice == notice && (change == 0 || node->notices[i].change == change);
    return count;
}

const struct sim_notice *sim_last_notice(struct sim *sim, uint32_t index, enum graph_notice notice)
{
    const struct sim_node *node = sim->nodes[index];
    for (uint32_t i = node->notice_count; i > 0; i--)
        if (node->notices[i - 1].notice == notice)
            return &node->notices[i - 1];
    return NULL;
}
