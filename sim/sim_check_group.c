/* sim_check_group.c - what must hold of the group's security when it is quiet.
 *
 * Versions are judged by the simulator's own register of what was issued and removed, not by the
 * code under test: the signature, the signer's right to that type, and that no removed member's
 * version is left but what a keep-list names. Members, revocations and the certificates that
 * records need must be the same with all. The first contradiction is the run's failure. */
#include "group/security.h"

#include "sim_internal.h"

#include <sodium.h>
#include <stdlib.h>

static bool signature_holds(const struct sim *sim, const struct store_record *row,
                            const struct sim_issued *issued)
{
    struct hash digest;
    uint8_t message[64];
    record_digest(bytes_of_text(sim_graph_id(sim)), row->header, &digest);
    record_signed_bytes(&digest, message);
    return row->signature.size == SIGNATURE_SIZE && hash_equal(&digest, &row->digest) &&
           crypto_sign_verify_detached(row->signature.data, message, sizeof(message),
                                       issued->key) == 0;
}

static bool is_entitled(const struct sim *sim, const struct record *record,
                        const struct sim_issued *issued)
{
    const struct hash *signer = record->version == 1 ? &record->creator : &record->modifier;
    bool of_group = guid_equal(&record->type, &RECORD_TYPE_SECURITY_PROPERTIES) ||
                    guid_equal(&record->type, &RECORD_TYPE_REVOCATION);
    if (!hash_equal(signer, &issued->key_hash))
        return false;
    if (issued->node == SIM_GROUP_KEY)
        return of_group;
    if (issued->deputy)
        return true;
    bool admin = sim->nodes[issued->node]->roles & ROLE_ADMIN;
    if (guid_equal(&record->type, &RECORD_TYPE_REVOCATION))
        return admin;
    return !of_group && (admin || hash_equal(signer, &record->creator));
}

bool group_is_authorised(const struct sim *sim, const struct store_record *row)
{
    struct record record;
    const struct sim_issued *issued = group_issued(sim, &row->certificate);
    if (!issued || FAILED(record_header_decode(row->header, &record)))
        return false;
    return signature_holds(sim, row, issued) && is_entitled(sim, &record, issued) &&
           (!issued->dead || group_is_kept(sim, &row->digest));
}

/* What a node says of the group, summed up: the number of members, and a hash over their names and
 * what is known of each, in any order. */
struct summary {
    uint64_t members;
    uint64_t sum;
    struct revocation_summary revocations;
};

static HRESULT add_member(void *context, const struct member_info *member)
{
    struct summary *summary = context;
    struct sha256 sha;
    struct hash hash;
    uint64_t word;
    uint8_t known[2] = {member->has_membership, member->has_presence};
    sha256_init(&sha);
    sha256_update(&sha, &member->certificate->hash, HASH_SIZE);
    sha256_update(&sha, known, sizeof(known));
    sha256_final(&sha, &hash);
    memcpy(&word, hash.bytes, sizeof(word));
    /* The own identity is shown with or without records. */
    if (!known[0] && !known[1])
        return S_OK;
    summary->members++;
    summary->sum += word;
    return S_OK;
}

static HRESULT summarise(struct sim *sim, struct sim_node *node, struct summary *summary)
{
    uint64_t utc = sim_utc(sim, node);
    *summary = (struct summary){.members = 0};
    security_revocations(node->security, &summary->revocations);
    security_set_time(node->security, utc);
    return security_members_each(node->security, graph_peer_time(node->graph, utc), add_member,
                                 summary);
}

static HRESULT check_certificate(void *context, const struct store_item *item)
{
    struct sim_node *node = context;
    struct provider *provider = sim_provider_of(node);
    struct store_record row;
    HRESULT hr = node->store->ops->find(node->store, &item->key.id, &row);
    if (FAILED(hr))
        return hr;
    if (!provider->ops->certificate_has(provider, &row.certificate))
        sim_fail(node->sim, "node %u holds a record without its certificate", node->index);
    return S_OK;
}

bool sim_check_security(struct sim *sim)
{
    struct summary first, other;
    const struct sim_node *reference = NULL;
    if (sim->options.security != SIM_GROUP)
        return true;
    for (uint32_t i = 0; i < sim->node_count && !sim_failure(sim); i++) {
        struct sim_node *node = sim->nodes[i];
        if (!node->alive || !node->graph || !node->online || node->removed)
            continue;
        HRESULT hr = summarise(sim, node, reference ? &other : &first);
        if (SUCCEEDED(hr))
            hr = node->store->ops->scan(node->store, NULL, NULL, 0, check_certificate, node);
        if (FAILED(hr))
            sim_fail(sim, "node %u cannot tell its members", i);
        if (!reference)
            reference = node;
        else if (other.members != first.members || other.sum != first.sum)
            sim_fail(sim, "nodes %u and %u know other members (%llu, %llu)", reference->index, i,
                     (unsigned long long)first.members, (unsigned long long)other.members);
        else if (other.revocations.count != first.revocations.count ||
                 !hash_equal(&other.revocations.sum, &first.revocations.sum))
            sim_fail(sim, "nodes %u and %u know other revocations", reference->index, i);
    }
    return !sim_failure(sim);
}
