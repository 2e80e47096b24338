/* database_check.c - a file's certificates, signatures and payloads, verified beside the group.
 *
 * Happy path: a security of its own over a store in memory, which learns certificates as the file
 * goes on, judges each record by the very rules for neighbours; its signature, nearly all of the
 * work, is handed out, since no later item depends on it. Pieces of a large payload are hashed as
 * they pass, and must give the root that the record's header names. Failure: one item that is wrong
 * makes the whole file E_INVALIDARG. */
#include "group/database_check.h"

#include "group/security_internal.h"

struct database_check {
    struct store *store;
    struct security *security;
    struct bytes group;
    struct hash root; /* of the large payload that is under way */
    uint64_t size;
    struct hash *leaves; /* NULL: none is */
    uint32_t next;
};

void database_check_free(struct database_check *check)
{
    if (!check)
        return;
    security_free(check->security);
    store_free(check->store);
    mem_free(check->leaves);
    mem_free(check);
}

HRESULT database_check_new(const char *group, struct bytes chain, struct database_check **out)
{
    struct signing_key *key = NULL; /* judges sign nothing: anyone's will do */
    *out = NULL;
    struct database_check *check = mem_zalloc(sizeof(*check));
    if (!check)
        return E_OUTOFMEMORY;
    HRESULT hr = store_memory_new(&check->store);
    if (SUCCEEDED(hr))
        hr = signing_key_new(&key);
    const struct security_self self = {.peer_name = "", .friendly_name = "", .key = key};
    if (SUCCEEDED(hr))
        hr = security_new(check->store, &self, group, 0, &check->security);
    if (SUCCEEDED(hr))
        hr = security_certificate_take(&check->security->provider, chain);
    signing_key_free(key);
    if (FAILED(hr)) {
        database_check_free(check);
        return hr;
    }
    check->group = bytes_of_text(security_graph_id(check->security));
    *out = check;
    return S_OK;
}

static HRESULT begin_pieces(struct database_check *check, const struct record *record)
{
    check->leaves = mem_calloc(payload_piece_count(record->payload_size), sizeof(struct hash));
    check->root = record->payload_root;
    check->size = record->payload_size;
    check->next = 0;
    return check->leaves ? S_OK : E_OUTOFMEMORY;
}

static void end_pieces(struct database_check *check)
{
    mem_free(check->leaves);
    check->leaves = NULL;
}

static HRESULT check_piece(struct database_check *check, struct bytes piece)
{
    struct hash root;
    if (piece.size != payload_piece_size(check->size, check->next))
        return E_INVALIDARG;
    payload_leaf(piece, &check->leaves[check->next++]);
    if (check->next < payload_piece_count(check->size))
        return S_OK;
    payload_root_of_leaves(check->leaves, check->next, &root);
    end_pieces(check);
    return hash_equal(&root, &check->root) ? S_OK : E_INVALIDARG;
}

static HRESULT check_record(struct database_check *check, const struct database_item *item,
                            struct database_signatures *signatures)
{
    if (signatures->count == DATABASE_SEGMENT_ITEMS)
        return E_INVALIDARG; /* no segment of ours has more */
    HRESULT hr = security_judge(&check->security->provider, &item->record, &item->digest,
                                &item->seal, item->payload, &signatures->jobs[signatures->count]);
    if (FAILED(hr))
        return hr;
    signatures->count++;
    return item->record.payload_size > LIMIT_PIECE_SIZE ? begin_pieces(check, &item->record) : S_OK;
}

static HRESULT check_item(struct database_check *check, const struct database_item *item,
                          struct database_signatures *signatures)
{
    bool in_pieces = item->type == DATABASE_PIECE || item->type == DATABASE_ABANDONED;
    if (in_pieces != (check->leaves != NULL))
        return E_INVALIDARG;
    switch (item->type) {
    case DATABASE_CERTIFICATE:
        return security_keep(check->security, item->body, NULL);
    case DATABASE_RECORD:
        return check_record(check, item, signatures);
    case DATABASE_PIECE:
        return check_piece(check, item->body);
    default:
        end_pieces(check);
        return S_OK;
    }
}

HRESULT database_check_segment(struct database_check *check, struct bytes segment,
                               struct database_signatures *signatures)
{
    struct wire_reader reader;
    struct database_item item;
    HRESULT hr;
    signatures->count = 0;
    wire_reader_init(&reader, segment);
    while ((hr = database_item_next(&reader, check->group, &item)) == S_OK) {
        hr = check_item(check, &item, signatures);
        if (FAILED(hr))
            return hr == E_OUTOFMEMORY ? hr : E_INVALIDARG;
    }
    return FAILED(hr) ? hr : S_OK;
}

HRESULT database_check_signatures(const struct database_signatures *signatures)
{
    for (uint32_t i = 0; i < signatures->count; i++) {
        const struct verify_job *job = &signatures->jobs[i];
        if (!signature_check(job->key, job->message, sizeof(job->message), job->signature))
            return E_INVALIDARG;
    }
    return S_OK;
}

HRESULT database_check_end(const struct database_check *check)
{
    return check->leaves ? E_INVALIDARG : S_OK;
}
