/* sim_removal.c - removing members, and what the simulator's register knows of it.
 *
 * Revocations are made by group/removal.h and published as in the engine, or written by hand, as a
 * member might who minds no rule. The register notes whose certificates are dead by what the
 * schedule did, and not by what the code under test makes of it: a removed member's, and those of
 * whom it let in, but for those that a keep-list names. What a schedule may not do ends the
 * program; what a member may not do is a code. */
#include "group/removal.h"

#include "sim_internal.h"

#include <stdlib.h>

/* ---- the register ---- */

static void keep(struct sim *sim, const struct hash *digest)
{
    sim->kept = sim_grow(sim->kept, sim->kept_count, &sim->kept_capacity, sizeof(*sim->kept));
    sim->kept[sim->kept_count++] = *digest;
}

bool group_is_kept(const struct sim *sim, const struct hash *digest)
{
    for (uint32_t i = 0; i < sim->kept_count; i++)
        if (hash_equal(&sim->kept[i], digest))
            return true;
    return false;
}

/* [protocol 7] Who was removed is a member again by an administrator's certificate alone. */
bool group_is_dead_issue(const struct sim_node *node, const struct sim_node *inviter)
{
    return inviter->removed || (node->removed && !(inviter->roles & ROLE_ADMIN));
}

static void mark(struct sim *sim, uint32_t index, bool dead)
{
    struct sim_node *node = sim->nodes[index];
    node->removed = dead;
    node->fell = true;
    for (uint32_t i = 0; i < sim->issued_count; i++)
        if (sim->issued[i].node == index)
            sim->issued[i].dead = dead;
}

static bool has_kept_certificate(const struct sim *sim, uint32_t index)
{
    for (uint32_t i = 0; i < sim->issued_count; i++)
        if (sim->issued[i].node == index && group_is_kept(sim, &sim->issued[i].certificate))
            return true;
    return false;
}

/* Who hangs on the certificate of a removed member is removed as well. */
static void mark_removed(struct sim *sim, uint32_t index)
{
    mark(sim, index, true);
    for (uint32_t i = 1; i < sim->node_count; i++)
        if (!sim->nodes[i]->removed && sim->nodes[i]->inviter == index &&
            !has_kept_certificate(sim, i))
            mark_removed(sim, i);
}

void sim_take_back(struct sim *sim, uint32_t index)
{
    mark(sim, index, false);
}

/* ---- publishing ---- */

static HRESULT publish(struct sim *sim, struct sim_node *by, const struct graph_publish *wanted)
{
    struct graph_event event = {.type = GRAPH_PUBLISH, .publish = wanted, .request = 2};
    by->completed = 0;
    HRESULT hr = sim_event(sim, by->index, &event);
    if (SUCCEEDED(hr) && by->completed != 2)
        sim_fail(sim, "node %u: a publication is not answered", by->index);
    return FAILED(hr) ? hr : by->completed_hr;
}

HRESULT sim_publish_sealed(struct sim *sim, uint32_t by, const struct sealed_record *items,
                           uint32_t count)
{
    struct graph_sealed *sealed = sim_alloc(count * sizeof(*sealed));
    for (uint32_t i = 0; i < count; i++)
        sealed[i] = (struct graph_sealed){.record = &items[i].record,
                                          .digest = &items[i].digest,
                                          .seal = &items[i].seal,
                                          .header = buffer_view(&items[i].header),
                                          .payload = buffer_view(&items[i].payload)};
    const struct graph_publish wanted = {
        .kind = PUBLISH_SEALED, .sealed = sealed, .sealed_count = count, .reserved = true};
    HRESULT hr = publish(sim, sim->nodes[by], &wanted);
    free(sealed);
    return hr;
}

static struct graph_publish reserved(const struct guid *type, uint64_t expiration,
                                     const struct buffer *payload)
{
    struct graph_publish wanted = {.kind = PUBLISH_ADD,
                                   .type = *type,
                                   .expiration = expiration,
                                   .payload = buffer_view(payload),
                                   .payload_size = payload->size,
                                   .reserved = true};
    payload_leaf(wanted.payload, &wanted.payload_root);
    return wanted;
}

/* ---- removing ---- */

static void keep_list(struct sim *sim, const struct sealed_record *sealed)
{
    struct revocation revocation;
    struct hash digest;
    sim_must(revocation_decode(buffer_view(&sealed->payload), &revocation), "own revocation");
    for (size_t at = 0; at < revocation.keep.size; at += HASH_SIZE) {
        memcpy(digest.bytes, revocation.keep.data + at, HASH_SIZE);
        keep(sim, &digest);
    }
}

HRESULT sim_revoke(struct sim *sim, uint32_t by, uint32_t index, unsigned flags)
{
    struct sim_node *node = sim->nodes[by];
    struct sealed_list list;
    uint64_t utc = sim_utc(sim, node);
    security_set_time(node->security, utc);
    HRESULT hr = security_revoke(node->security, sim->nodes[index]->key.name, flags,
                                 graph_peer_time(node->graph, utc), &list);
    for (uint32_t i = 0; i < list.count; i++)
        keep_list(sim, &list.items[i]);
    if (hr == S_OK) {
        mark_removed(sim, index);
        hr = sim_publish_sealed(sim, by, list.items, list.count);
    }
    sealed_list_deinit(&list);
    return hr;
}

HRESULT sim_revoke_by_hand(struct sim *sim, uint32_t by, uint32_t index)
{
    struct sim_node *node = sim->nodes[by];
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    uint64_t utc = sim_utc(sim, node);
    sim_must(revocation_encode(&sim->nodes[index]->key.hash, utc, NULL, 0, &payload), "revocation");
    struct graph_publish wanted =
        reserved(&RECORD_TYPE_REVOCATION, utc + 86400 * TICKS_PER_SECOND, &payload);
    return publish(sim, node, &wanted);
}

static HRESULT keep_row(void *context, const struct store_record *row)
{
    keep(context, &row->digest);
    return S_OK;
}

static uint32_t keep_what_is_held(struct sim *sim, struct sim_node *by, uint32_t index)
{
    uint32_t before = sim->kept_count;
    for (uint32_t i = 0; i < sim->issued_count; i++)
        if (sim->issued[i].node == index)
            sim_must(by->store->ops->each_by_certificate(by->store, &sim->issued[i].certificate,
                                                         keep_row, sim),
                     "reading what is kept");
    uint32_t kept = sim->kept_count - before;
    return kept < REVOCATION_KEEP_MAX ? kept : REVOCATION_KEEP_MAX;
}

HRESULT sim_remove(struct sim *sim, uint32_t index, bool keeps)
{
    struct sim_node *by = sim->nodes[0];
    CLEANUP_BUFFER struct buffer payload = BUFFER_NULL;
    uint32_t first = sim->kept_count;
    uint32_t count = keeps ? keep_what_is_held(sim, by, index) : 0;
    sim_must(revocation_encode(&sim->nodes[index]->key.hash, sim_utc(sim, by), sim->kept + first,
                               count, &payload),
             "revocation");
    struct hash group_key;
    security_group_key_hash(by->security, &group_key);
    struct graph_publish wanted = reserved(&RECORD_TYPE_REVOCATION, sim->group_end, &payload);
    wanted.creator = &group_key;
    wanted.creator_name = bytes_of_text(sim->graph_id);
    mark_removed(sim, index);
    return publish(sim, by, &wanted);
}

/* ---- deputies ---- */

static void last_certificate(struct bytes chain, struct hash *certificate)
{
    struct wire_reader reader;
    wire_reader_init(&reader, chain);
    while (wire_left(&reader) > 0) {
        struct bytes der = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
        hash_sha256(der.data, der.size, certificate);
    }
}

HRESULT sim_appoint(struct sim *sim, uint32_t index)
{
    struct sim_node *by = sim->nodes[0], *node = sim->nodes[index];
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    struct hash certificate;
    HRESULT hr = security_appoint(by->security, node->key.name, sim_utc(sim, by), &chain);
    if (hr != S_OK)
        return hr;
    last_certificate(buffer_view(&chain), &certificate);
    group_note_issued(sim, &certificate, node->key.public_key, index)->deputy = true;
    node->roles = ROLE_ADMIN;
    struct graph_publish wanted =
        reserved(&RECORD_TYPE_MEMBERSHIP, sim_utc(sim, by) + 30 * 86400 * TICKS_PER_SECOND, &chain);
    return publish(sim, by, &wanted);
}
