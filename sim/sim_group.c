/* sim_group.c - members with the real security of a group (src/group) over their memory store.
 *
 * Node 0 founds the group; every other node is issued a certificate by a member that may, gets an
 * invitation as XML and joins by it, so that chains, roles, dates and revocations are those of the
 * field. What was issued is kept in a register of the simulator's own, by which sim_check.c judges
 * what nodes hold. The founding alone draws random bytes inside the library; for that moment the
 * seed gives them, so that a run is repeated by its seed. What fails here ends the program: it is
 * the schedule's mistake. */
#include "group/removal.h"

#include "sim_internal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { COLLECT_MS = 3600 * 1000 };

void sim_must(HRESULT hr, const char *what)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "simulator: %s: 0x%08x\n", what, (unsigned)hr);
    abort();
}

/* ---- random bytes while the group is founded ---- */

static uint64_t founding_state;

static const char *random_name(void)
{
    return "simulator";
}

static void random_fill(void *const out, const size_t size)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++) {
        founding_state = founding_state * 6364136223846793005ull + 1442695040888963407ull;
        bytes[i] = (uint8_t)(founding_state >> 56);
    }
}

static uint32_t random_word(void)
{
    uint32_t word;
    random_fill(&word, sizeof(word));
    return word;
}

static struct randombytes_implementation seeded = {
    .implementation_name = random_name, .random = random_word, .buf = random_fill};

static void draw_from_seed(const struct sim *sim, bool seeded_now)
{
    founding_state = sim->options.seed + 1;
    randombytes_set_implementation(seeded_now ? &seeded : &randombytes_sysrandom_implementation);
}

/* ---- who was issued what ---- */

struct sim_issued *group_note_issued(struct sim *sim, const struct hash *certificate,
                                     const uint8_t *key, uint32_t node)
{
    sim->issued =
        sim_grow(sim->issued, sim->issued_count, &sim->issued_capacity, sizeof(*sim->issued));
    struct sim_issued *issued = &sim->issued[sim->issued_count++];
    *issued = (struct sim_issued){.certificate = *certificate, .node = node};
    memcpy(issued->key, key, PUBLIC_KEY_SIZE);
    key_hash(key, &issued->key_hash);
    return issued;
}

const struct sim_issued *group_issued(const struct sim *sim, const struct hash *certificate)
{
    for (uint32_t i = 0; i < sim->issued_count; i++)
        if (hash_equal(&sim->issued[i].certificate, certificate))
            return &sim->issued[i];
    return NULL;
}

/* ---- becoming a member ---- */

static struct security_self self_of(const struct sim_node *node)
{
    return (struct security_self){
        .peer_name = node->key.name, .friendly_name = "simulated", .key = node->signing_key};
}

static void make_identity(struct sim_node *node)
{
    char hex[HASH_TEXT_SIZE];
    sim_must(signing_key_from_seed(node->key.secret_key, &node->signing_key), "key");
    key_hash(node->key.public_key, &node->key.hash);
    hash_format(&node->key.hash, hex);
    snprintf(node->key.name, sizeof(node->key.name), "%.40s.sim%u", hex, node->index);
}

static void found(struct sim *sim, struct sim_node *node)
{
    struct group_wish wish = {.classifier = "simulated", .friendly_name = "Simulated"};
    struct founding founding = {.wish = &wish, .cloud = "", .utc = sim_utc(sim, node)};
    struct security_self self = self_of(node);
    draw_from_seed(sim, true);
    HRESULT hr =
        security_new_founder(node->store, &self, &founding, &sim->group_key, &node->security);
    draw_from_seed(sim, false);
    sim_must(hr, "founding");
    snprintf(sim->graph_id, sizeof(sim->graph_id), "%s", security_graph_id(node->security));
    const struct certificate_row *row;
    uint8_t group_key[PUBLIC_KEY_SIZE];
    sim_must(security_own(node->security, founding.utc, &row), "founder's certificate");
    signing_key_public(sim->group_key, group_key);
    group_note_issued(sim, &row->issuer->hash, group_key, SIM_GROUP_KEY);
    group_note_issued(sim, &row->hash, node->key.public_key, node->index);
    sim->group_end = row->issuer->not_after;
    node->roles = ROLE_ADMIN;
}

static HRESULT issue(struct sim *sim, const struct sim_node *node, struct sim_node *inviter,
                     struct buffer *chain)
{
    struct issue_request request = {.peer_name = node->key.name,
                                    .friendly_name = "simulated",
                                    .roles = node->roles,
                                    .not_before = node->options.certificate_begin,
                                    .not_after = node->options.certificate_end};
    memcpy(request.key, node->key.public_key, KEY_SIZE);
    return security_issue(inviter->security, &request, sim_utc(sim, inviter), chain);
}

/* sim_issue is for a renewal too: the invitation goes to whoever asked. */
static void invite(struct sim *sim, struct sim_node *node, struct sim_node *inviter,
                   struct invitation *invitation)
{
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    CLEANUP_BUFFER struct buffer xml = BUFFER_NULL;
    HRESULT hr = inviter->security ? issue(sim, node, inviter, &chain) : PEER_E_GROUP_NOT_READY;
    if (FAILED(hr) && inviter->index != 0) {
        inviter = sim->nodes[0];
        hr = issue(sim, node, inviter, &chain);
    }
    sim_must(hr, "certificate");
    node->inviter = inviter->index;
    struct address hint;
    sim_address(inviter->index, &hint);
    struct invite_request wanted = {.scheme = GROUP_SCHEME_CERTIFICATE,
                                    .chain = buffer_view(&chain),
                                    .scope = SCOPE_GLOBAL,
                                    .hints = &hint,
                                    .hint_count = 1};
    sim_must(security_invite(inviter->security, &wanted, &xml), "invitation");
    sim_must(inviter->store->ops->commit(inviter->store), "inviter's store");
    sim_must(invitation_parse(buffer_view(&xml), invitation), "reading the invitation");
    struct sim_issued *issued =
        group_note_issued(sim, &invitation->subject->hash, node->key.public_key, node->index);
    issued->dead = group_is_dead_issue(node, inviter);
    node->removed = issued->dead;
}

static void join(struct sim *sim, struct sim_node *node)
{
    struct invitation invitation;
    struct security_self self = self_of(node);
    node->roles = node->options.roles ? node->options.roles : ROLE_MEMBER;
    invite(sim, node, sim->nodes[node->options.inviter], &invitation);
    sim_must(security_adopt_invitation(node->store, &self, &invitation, sim_utc(sim, node),
                                       &node->security),
             "joining");
    invitation_deinit(&invitation);
}

void group_become_member(struct sim *sim, struct sim_node *node)
{
    make_identity(node);
    if (node->index == 0)
        found(sim, node);
    else
        join(sim, node);
    sim_must(node->store->ops->commit(node->store), "store");
}

void sim_renew(struct sim *sim, uint32_t index, uint32_t inviter, uint64_t certificate_end)
{
    struct sim_node *node = sim->nodes[index];
    struct invitation invitation;
    node->options.certificate_end = certificate_end;
    invite(sim, node, sim->nodes[inviter], &invitation);
    sim_must(security_renew(node->security, &invitation, sim_utc(sim, node)), "renewal");
    invitation_deinit(&invitation);
    sim_must(node->store->ops->commit(node->store), "store");
}

void group_open(struct sim *sim, struct sim_node *node)
{
    struct security_self self = self_of(node);
    if (!node->security)
        sim_must(security_open(node->store, &self, node->index == 0 ? sim->group_key : NULL,
                               sim_utc(sim, node), &node->security),
                 "opening");
    security_set_time(node->security, sim_utc(sim, node));
}

void group_close(struct sim_node *node)
{
    security_free(node->security);
    node->security = NULL;
}

void group_free(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++)
        signing_key_free(sim->nodes[i]->signing_key);
    signing_key_free(sim->group_key);
    free(sim->issued);
    free(sim->kept);
}

/* ---- links ---- */

/* Who is refused hears the first revocation that says why, and then the closing. */
static void tell_refused(struct sim *sim, struct sim_node *node, struct sim_node *other)
{
    CLEANUP_BUFFER struct buffer out = BUFFER_NULL;
    struct message message;
    if (FAILED(security_refusal_of_chain(node->security, SIZE_MAX, &out)) || out.size == 0 ||
        FAILED(message_next(buffer_view(&out), &message)) || !other->graph)
        return;
    struct graph_event refused = {.type = GRAPH_REFUSED, .data = message.body};
    (void)sim_event(sim, other->index, &refused);
}

bool group_admit(struct sim *sim, struct sim_node *node, struct sim_node *other)
{
    CLEANUP_BUFFER struct buffer chain = BUFFER_NULL;
    const struct certificate_row *row;
    if (!node->security || !other->security ||
        FAILED(security_shown_chain(other->security, sim_utc(sim, other), &chain)))
        return false;
    HRESULT hr = security_admit(node->security, buffer_view(&chain), other->key.public_key,
                                sim_utc(sim, node), &row);
    if (FAILED(hr))
        tell_refused(sim, node, other);
    return SUCCEEDED(hr);
}

void group_heard_removal(struct sim *sim, struct sim_node *node)
{
    if (node->security && node->online && security_is_removed(node->security))
        sim_leave(sim, node->index);
}

static void collect(struct sim *sim, struct sim_node *node)
{
    struct hash links[LIMIT_NEIGHBOURS_MAX * 4];
    uint32_t count = 0;
    for (uint32_t i = 0; i < sim->link_count; i++) {
        struct sim_link *link = sim->links[i];
        for (int side = 0; link && side < 2; side++) {
            const struct sim_node *other = sim->nodes[link->ends[1 - side].node];
            const struct certificate_row *row;
            if (link->ends[side].node == node->index && link->ends[side].open && other->security &&
                count < sizeof(links) / sizeof(links[0]) &&
                SUCCEEDED(security_own(other->security, sim_utc(sim, other), &row)))
                links[count++] = row->hash;
        }
    }
    HRESULT hr = security_collect_certificates(node->security, links, count);
    if (FAILED(hr))
        sim_fail(sim, "node %u cannot collect certificates", node->index);
}

void group_step(struct sim *sim, struct sim_node *node, uint64_t utc)
{
    security_set_time(node->security, utc);
    if (sim->now_ms < node->collect_due_ms)
        return;
    node->collect_due_ms = sim->now_ms + COLLECT_MS;
    collect(sim, node);
}

const char *sim_graph_id(const struct sim *sim)
{
    return sim->options.security == SIM_GROUP ? sim->graph_id : SIM_GRAPH_ID;
}

struct provider *sim_provider_of(struct sim_node *node)
{
    bool group = node->sim->options.security == SIM_GROUP;
    return group ? security_provider(node->security) : &node->provider.base;
}
