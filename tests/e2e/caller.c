/* caller.c - a member made by hand: transport and handshake, and no graph above them.
 *
 * caller_open -> caller_dial -> messages both ways -> caller_hang_up. The loop thread runs the
 * callbacks and counts; the caller's thread waits on a condition. Nothing is stored. */
#include "e2e/caller.h"

#include "base/label.h"
#include "group/identity.h"
#include "group/user_db.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 20 };

void caller_die(const char *what, HRESULT hr)
{
    const char *name = result_name(hr);
    fprintf(stderr, "%s: 0x%08x %s\n", what, (unsigned)hr, name ? name : "?");
    exit(2);
}

static void need(HRESULT hr, const char *what)
{
    if (FAILED(hr))
        caller_die(what, hr);
}

/* ---- calls on the loop ---- */

struct task {
    struct loop_item item;
    struct caller *caller;
    struct sockaddr_in6 address;
    struct bytes data;
    HRESULT hr;
};

/* ---- what comes ---- */

static void count_acks(struct caller *caller, struct bytes body)
{
    struct message_list list;
    struct ack ack;
    if (FAILED(message_decode_ack(body, &list)))
        return;
    while (message_next_ack(&list, &ack)) {
        caller->acknowledged++;
        caller->useful += ack.useful;
    }
}

static void count_messages(struct caller *caller, struct bytes data)
{
    need(buffer_append(&caller->in, data.data, data.size), "memory");
    struct bytes stream = buffer_view(&caller->in);
    struct message message;
    while (message_next(stream, &message) == S_OK) {
        caller->received[message.type]++;
        if (message.type == MESSAGE_ACK)
            count_acks(caller, message.body);
        if (message.type == MESSAGE_PIECE)
            caller->piece_bytes += message.size;
        struct message_welcome welcome;
        if (message.type == MESSAGE_WELCOME &&
            SUCCEEDED(message_decode_welcome(message.body, &welcome)))
            caller->welcome_time = welcome.peer_time;
        stream = bytes_of(stream.data + message.size, stream.size - message.size);
    }
    buffer_consume(&caller->in, caller->in.size - stream.size);
}

static void on_opened(void *context, struct link *link, bool incoming, uint64_t token)
{
    (void)incoming;
    (void)token;
    struct caller *caller = context;
    struct handshake_options options = {
        .kind = HANDSHAKE_NEIGHBOUR, .utc = loop_utc(), .features = HANDSHAKE_FEATURES};
    memcpy(options.peer_key, link_peer_key(link), KEY_SIZE);
    need(link_export(link, label_of(LABEL_ADMISSION), options.channel, sizeof(options.channel)),
         "channel");
    pthread_mutex_lock(&caller->lock);
    caller->link = link;
    struct bytes words = caller->first_words;
    if (caller->intruder) {
        link_authenticated(link); /* it has all the time that the other side gives it */
    } else {
        buffer_deinit(&caller->admission);
        need(handshake_start(caller->security, &options, &caller->handshake, &caller->admission),
             "handshake");
        words = buffer_view(&caller->admission);
    }
    bool full;
    if (words.size > 0)
        need(link_send(link, words, &full), "send");
    pthread_mutex_unlock(&caller->lock);
}

static void on_data(void *context, struct link *link, struct bytes data)
{
    struct caller *caller = context;
    pthread_mutex_lock(&caller->lock);
    caller->heard += data.size;
    if (caller->handshake) {
        struct buffer out = BUFFER_NULL;
        bool full;
        HRESULT hr = handshake_feed(caller->handshake, data, &out);
        if (out.size > 0)
            need(link_send(link, buffer_view(&out), &full), "send");
        buffer_deinit(&out);
        if (FAILED(hr))
            link_close(link, hr);
        if (hr == S_OK) {
            link_authenticated(link);
            count_messages(caller, handshake_leftover(caller->handshake));
            handshake_free(caller->handshake);
            caller->handshake = NULL;
            caller->up = true;
        }
    } else {
        count_messages(caller, data);
    }
    pthread_cond_broadcast(&caller->changed);
    pthread_mutex_unlock(&caller->lock);
}

static void on_drained(void *context, struct link *link)
{
    (void)link;
    struct caller *caller = context;
    pthread_mutex_lock(&caller->lock);
    caller->full = false;
    pthread_cond_broadcast(&caller->changed);
    pthread_mutex_unlock(&caller->lock);
}

static void on_closed(void *context, struct link *link, uint64_t token, HRESULT reason)
{
    (void)link;
    (void)token;
    struct caller *caller = context;
    pthread_mutex_lock(&caller->lock);
    handshake_free(caller->handshake);
    caller->handshake = NULL;
    caller->link = NULL;
    caller->up = false;
    caller->closed = true;
    caller->reason = reason;
    pthread_cond_broadcast(&caller->changed);
    pthread_mutex_unlock(&caller->lock);
}

static const struct transport_callbacks callbacks = {
    .link_opened = on_opened,
    .link_data = on_data,
    .link_drained = on_drained,
    .link_closed = on_closed,
};

/* ---- life ---- */

static void start_on_loop(struct loop_item *item)
{
    struct task *task = (struct task *)item;
    struct caller *caller = task->caller;
    task->hr = transport_new(caller->loop, &caller->transport);
    if (SUCCEEDED(task->hr))
        task->hr = transport_owner_new(caller->transport, caller->group, caller->key, &callbacks,
                                       caller, &caller->owner);
}

void caller_open(struct caller *caller, const char *identity, const char *group)
{
    *caller = (struct caller){.group = group, .start_node = (uint64_t)time(NULL) << 20};
    pthread_mutex_init(&caller->lock, NULL);
    pthread_cond_init(&caller->changed, NULL);
    struct group_entry entry = {.group = NULL};
    need(group_entry_find(identity, group, &entry), "group");
    need(identity_key(identity, &caller->key), "key");
    need(store_sqlite_open(entry.database, STORE_OPEN_EXISTING, &caller->store), "store");
    group_entry_deinit(&entry);
    struct security_self self = {identity, "caller", caller->key};
    need(security_open(caller->store, &self, NULL, loop_utc(), &caller->security), "security");
    need(security_own(caller->security, loop_utc(), &caller->row), "own certificate");
    need(loop_new(&caller->loop), "loop");
    struct task task = {.item = {.function = start_on_loop}, .caller = caller};
    loop_call(caller->loop, &task.item);
    need(task.hr, "transport");
}

static void transport_gone(void *context)
{
    struct caller *caller = context;
    pthread_mutex_lock(&caller->lock);
    caller->transport = NULL;
    pthread_cond_broadcast(&caller->changed);
    pthread_mutex_unlock(&caller->lock);
}

static void stop_on_loop(struct loop_item *item)
{
    struct caller *caller = ((struct task *)item)->caller;
    transport_free(caller->transport, transport_gone, caller);
}

void caller_close(struct caller *caller)
{
    struct task task = {.item = {.function = stop_on_loop}, .caller = caller};
    loop_call(caller->loop, &task.item);
    pthread_mutex_lock(&caller->lock);
    while (caller->transport)
        pthread_cond_wait(&caller->changed, &caller->lock);
    pthread_mutex_unlock(&caller->lock);
    loop_free(caller->loop);
    handshake_free(caller->handshake);
    security_free(caller->security);
    store_free(caller->store);
    signing_key_free(caller->key);
    buffer_deinit(&caller->in);
    buffer_deinit(&caller->admission);
}

/* ---- waiting ---- */

/* Waits with the lock held; false when the time is over. */
static bool wait_until(struct caller *caller, const struct timespec *limit)
{
    return pthread_cond_timedwait(&caller->changed, &caller->lock, limit) != ETIMEDOUT;
}

static struct timespec in_seconds(unsigned seconds)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += seconds;
    return limit;
}

bool caller_await(struct caller *caller, const uint64_t *counter, uint64_t value, unsigned seconds)
{
    struct timespec limit = in_seconds(seconds);
    pthread_mutex_lock(&caller->lock);
    bool more = true;
    while (*counter < value && !caller->closed && more)
        more = wait_until(caller, &limit);
    bool reached = *counter >= value;
    pthread_mutex_unlock(&caller->lock);
    return reached;
}

bool caller_await_closed(struct caller *caller, unsigned seconds)
{
    struct timespec limit = in_seconds(seconds);
    pthread_mutex_lock(&caller->lock);
    bool more = true;
    while (!caller->closed && more)
        more = wait_until(caller, &limit);
    bool closed = caller->closed;
    pthread_mutex_unlock(&caller->lock);
    return closed;
}

/* ---- links ---- */

static void dial_on_loop(struct loop_item *item)
{
    struct task *task = (struct task *)item;
    task->hr = transport_dial(task->caller->owner, &task->address, NULL, PATIENCE_S * 1000, 1);
}

bool caller_dial(struct caller *caller, const char *text)
{
    struct task task = {
        .item = {.function = dial_on_loop},
        .caller = caller,
        .address = {.sin6_family = AF_INET6, .sin6_addr = {.s6_addr = {[10] = 0xff, [11] = 0xff}}}};
    char host[64];
    const char *colon = strchr(text, ':');
    snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
    inet_pton(AF_INET, host, task.address.sin6_addr.s6_addr + 12);
    task.address.sin6_port = htons((uint16_t)atoi(colon + 1));
    pthread_mutex_lock(&caller->lock);
    caller->closed = caller->up = caller->full = false;
    buffer_consume(&caller->in, caller->in.size);
    memset(caller->received, 0, sizeof(caller->received));
    caller->acknowledged = caller->useful = caller->heard = 0;
    pthread_mutex_unlock(&caller->lock);
    loop_call(caller->loop, &task.item);
    if (FAILED(task.hr))
        return false;
    struct timespec limit = in_seconds(PATIENCE_S);
    pthread_mutex_lock(&caller->lock);
    bool more = true;
    while (!caller->up && !caller->closed && more)
        more = wait_until(caller, &limit);
    bool up = caller->up;
    pthread_mutex_unlock(&caller->lock);
    return up;
}

bool caller_connect(struct caller *caller, const char *address)
{
    struct message_connect connect = {.node_id = ++caller->start_node,
                                      .friendly_name = bytes_of_text("caller")};
    struct buffer out = BUFFER_NULL;
    if (!caller_dial(caller, address))
        return false;
    need(message_encode_connect(&connect, &out), "connect");
    bool sent = caller_send(caller, buffer_view(&out));
    buffer_deinit(&out);
    return sent && caller_await(caller, &caller->received[MESSAGE_WELCOME], 1, PATIENCE_S);
}

static void hang_up_on_loop(struct loop_item *item)
{
    struct caller *caller = ((struct task *)item)->caller;
    if (caller->link)
        link_close(caller->link, S_OK);
}

void caller_hang_up(struct caller *caller)
{
    struct task task = {.item = {.function = hang_up_on_loop}, .caller = caller};
    loop_call(caller->loop, &task.item);
    if (!caller_await_closed(caller, PATIENCE_S))
        caller_die("the link does not close", E_FAIL);
}

static void send_on_loop(struct loop_item *item)
{
    struct task *task = (struct task *)item;
    struct caller *caller = task->caller;
    bool full = false;
    task->hr = caller->link ? link_send(caller->link, task->data, &full) : PEER_E_CONNECTION_FAILED;
    pthread_mutex_lock(&caller->lock);
    caller->full = caller->full || full;
    pthread_mutex_unlock(&caller->lock);
}

bool caller_send(struct caller *caller, struct bytes data)
{
    enum { PART = 256 * 1024 };
    for (size_t sent = 0; sent < data.size; sent += PART) {
        size_t left = data.size - sent;
        struct task task = {.item = {.function = send_on_loop},
                            .caller = caller,
                            .data = bytes_of(data.data + sent, left < PART ? left : PART)};
        loop_call(caller->loop, &task.item);
        if (FAILED(task.hr))
            return false;
        struct timespec limit = in_seconds(PATIENCE_S);
        pthread_mutex_lock(&caller->lock);
        bool more = true;
        while (caller->full && !caller->closed && more)
            more = wait_until(caller, &limit);
        bool closed = caller->closed || !more;
        pthread_mutex_unlock(&caller->lock);
        if (closed)
            return false;
    }
    return true;
}

/* ---- records ---- */

uint64_t caller_peer_time(struct caller *caller)
{
    return caller->welcome_time ? caller->welcome_time : loop_utc();
}

struct record caller_record(struct caller *caller, uint64_t number)
{
    uint64_t now = caller_peer_time(caller);
    struct record record = {.type = {{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90}},
                            .creator = caller->row->key_hash,
                            .creator_name = bytes_of_text(caller->row->peer_name),
                            .version = 1,
                            .created = now,
                            .modified = now,
                            .expiration = now + 3600 * TICKS_PER_SECOND};
    memcpy(record.nonce, &number, sizeof(number));
    return record;
}

void caller_forge(struct caller *caller, const struct forgery *forgery, struct buffer *out,
                  struct version_name *name)
{
    struct record record = forgery->record;
    struct bytes graph_id = bytes_of_text(forgery->graph_id ? forgery->graph_id : caller->group);
    struct buffer header = BUFFER_NULL;
    struct hash digest;
    uint8_t message[64], signature[SIGNATURE_SIZE];
    record.payload_size = forgery->payload.size;
    need(payload_root(forgery->payload, &record.payload_root), "payload");
    if (forgery->bad_payload)
        record.payload_root.bytes[0] ^= 1;
    if (!forgery->keep_id)
        record_make_id(graph_id, &record, &record.id);
    need(record_header_encode(&record, &header), "header");
    record_digest(graph_id, buffer_view(&header), &digest);
    record_signed_bytes(&digest, message);
    signing_key_sign(caller->key, message, sizeof(message), signature);
    signature[5] ^= forgery->bad_signature;
    struct message_flood flood = {.header = buffer_view(&header),
                                  .certificate = forgery->certificate ? *forgery->certificate
                                                                      : caller->row->hash,
                                  .signature = bytes_of(signature, sizeof(signature)),
                                  .payload = forgery->payload};
    if (forgery->payload.size > LIMIT_PIECE_SIZE) {
        flood.flags = FLOOD_PAYLOAD_IN_PIECES;
        flood.payload = bytes_of(NULL, 0);
    }
    need(message_encode_flood(&flood, out), "flood");
    if (name)
        *name = (struct version_name){record.id, record.version, digest};
    buffer_deinit(&header);
}
