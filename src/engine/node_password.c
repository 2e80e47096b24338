/* node_password.c - a node that joins by password, and what a node that admits keeps for it.
 *
 * Happy path: the key that PeerGroupPasswordJoin derived fits what the group's Security Properties
 * say; the handshake uses it, the certificate comes and is committed, key and file go. Where salt
 * or cost are others, the password is derived again in the thread pool while the handshake waits.
 * Failure: without the text of the password (after a restart) a key cannot be derived again; what
 * to derive it with is noted, so that joining once more with the password is enough. The file of
 * the key is written on the loop while a group is open, so that the newest password stays. */
#include "base/log.h"
#include "engine/engine_internal.h"
#include "group/password_file.h"

#include <sodium.h>

char *password_text_copy(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sodium_init() < 0 || mem_should_fail() ? NULL : sodium_malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

static void forget(struct node_password *password)
{
    password_key_deinit(&password->key);
    sodium_free(password->text);
    password->text = NULL;
    password->generation++;
}

void node_password_deinit(struct node *node)
{
    forget(&node->password);
}

void node_password_options(struct node *node, const struct node_link *link,
                           struct handshake_options *options)
{
    options->password = &node->password.key;
    options->friendly_name = node->friendly_name;
    options->guard = &node->password.guard;
    options->peer_time = node_peer_time(node);
    struct address address = address_of_socket(link_address(link->link));
    memcpy(options->ip, address.ip, sizeof(options->ip));
}

HRESULT node_password_set(struct node *node, const struct password_key *key, char *text)
{
    HRESULT hr = password_file_save(node->identity, node->group, key);
    if (FAILED(hr)) {
        sodium_free(text);
        return hr;
    }
    struct password_key shared = password_key_share(key);
    forget(&node->password);
    node->password.key = shared;
    node->password.text = text;
    return S_OK;
}

void node_password_spent(struct node *node)
{
    if (!node->password.key.key || security_needs_password(node->security, loop_utc()))
        return;
    forget(&node->password);
    HRESULT hr = password_file_remove(node->identity, node->group);
    if (FAILED(hr))
        log_line(LOG_WARNING, "%s: a password's key stays behind: 0x%08x", node->group,
                 (unsigned)hr);
}

/* ---- deriving once more ---- */

struct derive_job {
    uv_work_t work;
    struct engine *engine;
    uint64_t node;
    uint64_t generation;
    char *text;
    struct group_password password;
    HRESULT hr;
    struct password_key key;
};

static void derive_job_free(struct derive_job *job)
{
    if (!job)
        return;
    sodium_free(job->text);
    password_key_deinit(&job->key);
    mem_free(job);
}

static void derive_in_pool(uv_work_t *work)
{
    struct derive_job *job = work->data;
    job->hr = password_key_derive(job->text, job->password.salt, &job->password.cost, &job->key);
}

/* The text is gone, or was no password for these terms: the other side is told nothing. */
static void give_up(struct node_link *link, HRESULT hr)
{
    if (hr == PEER_E_NOT_AUTHORIZED)
        link->refusal = (struct handshake_refusal){.code = REFUSE_PASSWORD};
    link_close(link->link, hr);
}

static void note_terms(struct node *node, const struct group_password *password)
{
    HRESULT hr = security_note_password_salt(node->security, node->password.key.salt, password);
    if (FAILED(hr))
        node->failed = hr;
    else
        node->store->ops->mark_durable(node->store);
    node_touch(node);
}

static void continue_link(struct node *node, struct node_link *link, const struct derive_job *job)
{
    struct group_password wanted;
    bool waits = link->handshake && handshake_wants_key(link->handshake, &wanted);
    if (!waits || !password_key_fits(&job->key, wanted.salt, &wanted.cost)) {
        if (waits)
            give_up(link, FAILED(job->hr) ? job->hr : PEER_E_CONNECTION_FAILED);
        return;
    }
    struct buffer out = BUFFER_NULL;
    HRESULT hr = handshake_give_key(link->handshake, &job->key, &out);
    node_link_turn(node, link, hr, &out);
}

/* It is of use to the next link even where it cannot be kept on disk. */
static void keep(struct node *node, const struct derive_job *job)
{
    uint8_t key[KEY_SIZE];
    signing_key_public(job->key.key, key);
    if (memcmp(key, job->password.public_key, KEY_SIZE) != 0)
        return; /* it does not fit what was offered, which may be old: what is kept stays */
    note_terms(node, &job->password);
    password_key_deinit(&node->password.key);
    node->password.key = password_key_share(&job->key);
    HRESULT hr = password_file_save(node->identity, node->group, &job->key);
    if (FAILED(hr))
        log_line(LOG_WARNING, "%s: cannot keep the password's key: 0x%08x", node->group,
                 (unsigned)hr);
}

static void derived(uv_work_t *work, int status)
{
    (void)status;
    struct derive_job *job = work->data;
    struct node *node = node_of_id(job->engine, job->node);
    if (node)
        node->password.deriving = false;
    if (node && SUCCEEDED(node->failed)) {
        /* Another password was given meanwhile: the links that wait begin anew with that. */
        bool current = node->password.generation == job->generation;
        if (!current)
            password_key_deinit(&job->key);
        if (current && SUCCEEDED(job->hr))
            keep(node, job);
        struct node_link *link, *next;
        HASH_ITER (hh, node->links, link, next)
            continue_link(node, link, job);
    }
    derive_job_free(job);
}

void node_password_derive(struct node *node, struct node_link *link,
                          const struct group_password *password)
{
    struct node_password *own = &node->password;
    if (!own->text) {
        note_terms(node, password);
        give_up(link, PEER_E_NOT_AUTHORIZED);
        return;
    }
    if (own->deriving && memcmp(own->deriving_salt, password->salt, PASSWORD_SALT_SIZE) == 0)
        return; /* this link waits for the same key */
    if (own->deriving) {
        give_up(link, PEER_E_CONNECTION_FAILED); /* one at a time; it is dialled again */
        return;
    }
    struct derive_job *job = mem_zalloc(sizeof(*job));
    if (job)
        job->text = password_text_copy(own->text);
    if (!job || !job->text) {
        derive_job_free(job);
        give_up(link, E_OUTOFMEMORY);
        return;
    }
    job->work.data = job;
    job->engine = node->engine;
    job->node = node->id;
    job->generation = own->generation;
    job->password = *password;
    own->deriving = true;
    memcpy(own->deriving_salt, password->salt, PASSWORD_SALT_SIZE);
    if (uv_queue_work(loop_uv(node->engine->loop), &job->work, derive_in_pool, derived) != 0) {
        own->deriving = false;
        derive_job_free(job);
        give_up(link, E_OUTOFMEMORY);
    }
}
