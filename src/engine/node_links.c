/* node_links.c - between transport and graph: the exchange that makes a TLS link a member's link,
 * dials, verdicts.
 *
 * link_opened starts the handshake of group/handshake.h; its bytes go through here until both sides
 * know each other as members, then the graph gets the link and everything after. Signatures are
 * checked in the thread pool, in batches that see only their own memory; the verdicts come back as
 * one event each. */
#include "base/label.h"
#include "engine/engine_internal.h"

enum { DIAL_MS = 5000, VERIFY_BATCH = 32 };
#define INCOMING_ID (1ull << 63) /* ids of links that were dialled are the graph's dial tokens */

struct sockaddr_in6 socket_address(const struct address *address)
{
    struct sockaddr_in6 socket = {.sin6_family = AF_INET6,
                                  .sin6_port = htons(address->port),
                                  .sin6_scope_id = address->scope_id};
    memcpy(&socket.sin6_addr, address->ip, sizeof(address->ip));
    return socket;
}

struct address address_of_socket(const struct sockaddr_in6 *socket)
{
    struct address address = {.port = ntohs(socket->sin6_port), .scope_id = socket->sin6_scope_id};
    memcpy(address.ip, &socket->sin6_addr, sizeof(address.ip));
    return address;
}

struct node_link *node_link_find(struct node *node, uint64_t id)
{
    struct node_link *link;
    HASH_FIND(hh, node->links, &id, sizeof(id), link);
    return link;
}

static void link_forget(struct node *node, struct node_link *link)
{
    HASH_DEL(node->links, link);
    handshake_free(link->handshake);
    buffer_deinit(&link->waiting);
    mem_free(link);
}

/* ---- dials ---- */

static struct node_dial *take_dial(struct node *node, uint64_t token)
{
    for (struct node_dial **place = &node->dials; *place; place = &(*place)->next) {
        struct node_dial *dial = *place;
        if (dial->token != token)
            continue;
        *place = dial->next;
        return dial;
    }
    return NULL;
}

HRESULT node_dial(struct node *node, const struct graph_action *action)
{
    struct node_dial *dial = mem_zalloc(sizeof(*dial));
    if (!dial)
        return E_OUTOFMEMORY;
    dial->token = action->token;
    dial->direct = action->direct;
    dial->has_key = action->has_key;
    dial->key = action->key;
    struct sockaddr_in6 address = socket_address(&action->address);
    HRESULT hr = transport_dial(node->owner, &address, action->has_key ? &dial->key : NULL, DIAL_MS,
                                action->token);
    if (FAILED(hr)) {
        mem_free(dial);
        return hr;
    }
    dial->next = node->dials;
    node->dials = dial;
    return S_OK;
}

/* [ruling 24] A password that was refused ends Connect, unless another member lets in; a referral
 * goes on with it. */
static void dial_failed(struct node *node, uint64_t token, HRESULT reason,
                        const struct handshake_refusal *refusal)
{
    mem_free(take_dial(node, token));
    struct graph_event event = {.type = GRAPH_DIAL_FAILED,
                                .dial = token,
                                .reason = FAILED(reason) ? reason : PEER_E_CONNECTION_FAILED,
                                .addresses = refusal->addresses};
    if (refusal->code == REFUSE_PASSWORD) {
        event.flag = true;
        event.reason = PEER_E_NOT_AUTHORIZED;
    }
    node_step_quiet(node, &event);
}

/* ---- from the transport ---- */

static HRESULT send_now(struct node_link *link, struct buffer *out)
{
    bool full;
    HRESULT hr = out->size > 0 ? link_send(link->link, buffer_view(out), &full) : S_OK;
    buffer_deinit(out);
    return hr;
}

static HRESULT begin_handshake(struct node *node, struct node_link *link)
{
    struct handshake_options options = {.accepting = link->incoming,
                                        .kind = HANDSHAKE_NEIGHBOUR,
                                        .utc = loop_utc(),
                                        .features = HANDSHAKE_FEATURES};
    memcpy(options.peer_key, link_peer_key(link->link), KEY_SIZE);
    for (const struct node_dial *dial = node->dials; dial && !link->incoming; dial = dial->next)
        if (dial->token == link->token) {
            options.kind = dial->direct ? HANDSHAKE_DIRECT : HANDSHAKE_NEIGHBOUR;
            options.expected = dial->has_key ? &dial->key : NULL;
        }
    struct buffer out = BUFFER_NULL;
    HRESULT hr = link_export(link->link, label_of(LABEL_ADMISSION), options.channel,
                             sizeof(options.channel));
    if (SUCCEEDED(hr))
        hr = link_export(link->link, label_of(LABEL_PASSWORD_LINK), options.link,
                         sizeof(options.link));
    node_password_options(node, link, &options);
    if (SUCCEEDED(hr))
        hr = handshake_start(node->security, &options, &link->handshake, &out);
    mem_wipe(options.channel, sizeof(options.channel));
    mem_wipe(options.link, sizeof(options.link));
    if (SUCCEEDED(hr))
        return send_now(link, &out);
    buffer_deinit(&out);
    return hr;
}

static void link_opened(void *context, struct link *transport_link, bool incoming, uint64_t token)
{
    struct node *node = context;
    if (FAILED(node->failed)) { /* it is being made again, or waits for that */
        link_close(transport_link, node->failed);
        return;
    }
    struct node_link *link = mem_zalloc(sizeof(*link));
    if (link) {
        link->id = incoming ? INCOMING_ID | ++node->engine->next_id : token;
        link->link = transport_link;
        link->incoming = incoming;
        link->token = token;
        HASH_ADD(hh, node->links, id, sizeof(link->id), link);
    }
    if (!link || !TABLE_ADDED(link, hh)) {
        mem_free(link);
        link_close(transport_link, E_OUTOFMEMORY);
        return;
    }
    link_set_context(transport_link, link);
    HRESULT hr = begin_handshake(node, link);
    if (FAILED(hr))
        link_close(transport_link, hr);
}

static void give_data(struct node *node, struct node_link *link, struct bytes data)
{
    struct graph_event event = {.type = GRAPH_LINK_DATA, .link = link->id, .data = data};
    if (data.size > 0)
        node_step_quiet(node, &event);
}

/* The other side is a member: the link belongs to the graph from now on. */
static HRESULT give_to_graph(struct node *node, struct node_link *link)
{
    const struct handshake_result *result = handshake_result(link->handshake);
    struct graph_event event = {.type = GRAPH_LINK_UP,
                                .link = link->id,
                                .incoming = link->incoming,
                                .direct = result->kind == HANDSHAKE_DIRECT,
                                .dial = link->token,
                                .key = result->key,
                                .peer_name = bytes_of_text(result->peer_name)};
    event.addresses.count = 1;
    event.addresses.items[0] = address_of_socket(link_address(link->link));
    HRESULT hr = link_export(link->link, label_of(LABEL_FINGERPRINT), event.fingerprint_key,
                             FINGERPRINT_KEY_SIZE);
    if (FAILED(hr))
        return hr;
    link_authenticated(link->link);
    if (!link->incoming)
        mem_free(take_dial(node, link->token));
    hr = node_step(node, &event);
    mem_wipe(event.fingerprint_key, sizeof(event.fingerprint_key));
    if (FAILED(hr))
        return hr;
    node_touch(node); /* certificates of the handshake are new in the store */
    link->in_graph = true;
    link->direct = result->kind == HANDSHAKE_DIRECT;
    link->certificate = result->certificate;
    struct bytes rest = handshake_leftover(link->handshake);
    give_data(node, link, rest);
    handshake_free(link->handshake);
    link->handshake = NULL;
    return S_OK;
}

static void link_data(void *context, struct link *transport_link, struct bytes data)
{
    struct node *node = context;
    struct node_link *link = link_context(transport_link);
    if (!link)
        return;
    if (!link->handshake) {
        if (link->in_graph)
            give_data(node, link, data);
        return;
    }
    struct buffer out = BUFFER_NULL;
    node->password.guard.now_ms = loop_now_ms(node->engine->loop);
    HRESULT hr = handshake_feed(link->handshake, data, &out);
    node_link_turn(node, link, hr, &out);
}

void node_link_turn(struct node *node, struct node_link *link, HRESULT hr, struct buffer *out)
{
    struct group_password password;
    bool must_commit = handshake_must_commit(link->handshake);
    if (must_commit)
        node_touch(node);
    if (SUCCEEDED(hr) && must_commit) {
        HRESULT kept = buffer_append(&link->waiting, out->data, out->size);
        buffer_deinit(out);
        hr = FAILED(kept) ? kept : hr;
    } else {
        HRESULT sent = send_now(link, out);
        hr = SUCCEEDED(hr) && FAILED(sent) ? sent : hr;
    }
    if (handshake_trusts(link->handshake))
        link_trusted(link->link, LIMIT_PASSWORD_MS);
    if (hr == S_FALSE && handshake_wants_key(link->handshake, &password))
        node_password_derive(node, link, &password);
    if (FAILED(hr))
        link->refusal = *handshake_refusal(link->handshake);
    if (hr == S_OK)
        hr = give_to_graph(node, link);
    else if (FAILED(hr))
        node_hear_refusal(node, handshake_revoked_by(link->handshake));
    if (FAILED(hr))
        link_close(link->link, hr);
}

void node_links_committed(struct node *node)
{
    struct node_link *link, *next;
    HASH_ITER (hh, node->links, link, next) {
        if (link->waiting.size == 0)
            continue;
        HRESULT hr = send_now(link, &link->waiting);
        if (FAILED(hr))
            link_close(link->link, hr);
    }
    node_password_spent(node);
}

static void link_drained(void *context, struct link *transport_link)
{
    struct node *node = context;
    struct node_link *link = link_context(transport_link);
    if (!link || !link->was_full)
        return;
    link->was_full = false;
    struct graph_event event = {.type = GRAPH_LINK_DRAINED, .link = link->id};
    node_step_quiet(node, &event);
}

static void link_closed(void *context, struct link *transport_link, uint64_t token, HRESULT reason)
{
    struct node *node = context;
    struct node_link *link = transport_link ? link_context(transport_link) : NULL;
    if (!link) {
        static const struct handshake_refusal none;
        dial_failed(node, token, reason, &none);
        return;
    }
    struct handshake_refusal refusal = link->refusal;
    struct graph_event event = {.type = GRAPH_LINK_DOWN,
                                .link = link->id,
                                .reason = FAILED(reason) ? reason : PEER_E_CONNECTION_FAILED};
    bool in_graph = link->in_graph, incoming = link->incoming, early = link->handshake != NULL;
    link_forget(node, link);
    if (in_graph)
        node_step_quiet(node, &event);
    else if (!incoming && early)
        dial_failed(node, token, reason, &refusal);
}

const struct transport_callbacks node_transport_callbacks = {
    .link_opened = link_opened,
    .link_data = link_data,
    .link_drained = link_drained,
    .link_closed = link_closed,
};

void node_links_close_all(struct node *node)
{
    struct node_link *link, *next;
    HASH_ITER (hh, node->links, link, next) {
        if (node->owner) {
            link_set_context(link->link, NULL);
            link_close(link->link, S_OK);
        }
        link_forget(node, link);
    }
    while (node->dials) {
        struct node_dial *dial = node->dials;
        node->dials = dial->next;
        mem_free(dial);
    }
}

void node_collect_certificates(struct node *node)
{
    size_t count = 0;
    struct hash *hashes = mem_calloc(HASH_COUNT(node->links), sizeof(*hashes));
    if (!hashes)
        return;
    for (const struct node_link *link = node->links; link; link = link->hh.next)
        if (link->in_graph)
            hashes[count++] = link->certificate;
    HRESULT hr = security_collect_certificates(node->security, hashes, count);
    if (FAILED(hr))
        node->failed = hr;
    node_touch(node);
    mem_free(hashes);
}

/* ---- signatures ---- */

struct verify_batch {
    uv_work_t work;
    struct engine *engine;
    uint64_t node;
    uint64_t epoch; /* of the node's graph: another one knows nothing of these tokens */
    uint32_t count;
    struct verify_job jobs[VERIFY_BATCH];
    struct graph_verdict verdicts[VERIFY_BATCH];
};

static void verify_in_pool(uv_work_t *work)
{
    struct verify_batch *batch = work->data;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct verify_job *job = &batch->jobs[i];
        batch->verdicts[i].valid =
            signature_check(job->key, job->message, sizeof(job->message), job->signature);
    }
}

static void verified(uv_work_t *work, int status)
{
    (void)status;
    struct verify_batch *batch = work->data;
    struct node *node = node_of_id(batch->engine, batch->node);
    struct graph_event event = {
        .type = GRAPH_VERIFIED, .verdicts = batch->verdicts, .verdict_count = batch->count};
    if (node && node->epoch == batch->epoch)
        node_step_quiet(node, &event);
    mem_free(batch);
}

static void start_batch(struct node *node, struct verify_batch *batch)
{
    batch->work.data = batch;
    batch->engine = node->engine;
    batch->node = node->id;
    batch->epoch = node->epoch;
    if (uv_queue_work(loop_uv(node->engine->loop), &batch->work, verify_in_pool, verified) == 0)
        return;
    verify_in_pool(&batch->work);
    verified(&batch->work, 0);
}

void node_verify(struct node *node, const struct graph_action *actions, uint32_t count)
{
    struct verify_batch *batch = NULL;
    for (uint32_t i = 0; i < count; i++) {
        if (actions[i].type != GRAPH_ACTION_VERIFY)
            continue;
        if (!batch)
            batch = mem_zalloc(sizeof(*batch));
        if (!batch) {
            node->failed = E_OUTOFMEMORY;
            node_touch(node);
            return;
        }
        batch->jobs[batch->count] = actions[i].job;
        batch->verdicts[batch->count++].token = actions[i].token;
        if (batch->count == VERIFY_BATCH) {
            start_batch(node, batch);
            batch = NULL;
        }
    }
    if (batch)
        start_batch(node, batch);
}
