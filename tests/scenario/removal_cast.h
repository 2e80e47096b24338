/* removal_cast.h - what the schedules of removal share: a group with a member of each kind,
 * weather, and what must hold at the end. */
#ifndef SCENARIO_REMOVAL_CAST_H
#define SCENARIO_REMOVAL_CAST_H

#include "group/removal.h"
#include "scenario.h"

enum { SEEDS = 3, HELPING_MINUTES = 15 };

/* Who is there at first, and who has let it in. */
enum {
    FOUNDER,
    ADMIN,  /* by the founder */
    ROGUE,  /* an administrator by ADMIN */
    HOST,   /* may invite, by the founder */
    MEMBER, /* by the founder */
    GUEST   /* by HOST */
};

/* ---- a group and its weather ---- */

static inline uint32_t come(struct sim *sim, uint32_t inviter, unsigned roles, uint32_t through)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = sim_count(sim) == 0,
                                                             .presence = true,
                                                             .membership = true,
                                                             .inviter = inviter,
                                                             .roles = roles});
    assert_int_equal(sim_node(sim, index)->inviter, inviter);
    sim_partition(sim, index, sim_node(sim, through)->group);
    sim_listen(sim, index);
    if (index != through)
        sim_connect(sim, index, through);
    sim_run(sim, 4000);
    return index;
}

static inline struct sim *cast_of_seed(uint64_t seed)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = seed,
                                                    .security = SIM_GROUP,
                                                    .latency_min_ms = 1,
                                                    .latency_max_ms = 150,
                                                    .verdict_max_ms = 400});
    come(sim, FOUNDER, 0, FOUNDER);
    come(sim, FOUNDER, ROLE_ADMIN, FOUNDER);
    come(sim, ADMIN, ROLE_ADMIN, ADMIN);
    come(sim, FOUNDER, ROLE_INVITING_MEMBER, FOUNDER);
    come(sim, FOUNDER, ROLE_MEMBER, ROGUE);
    come(sim, HOST, ROLE_MEMBER, HOST);
    sim_run(sim, 20000);
    sim_set_cuts(sim, 60);
    return sim;
}

static inline void part(struct sim *sim, const uint32_t *nodes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sim_partition(sim, nodes[i], 1);
    sim_run(sim, 5000);
}

static inline bool is_member(struct sim *sim, uint32_t seen_by, uint32_t index)
{
    struct sim_node *node = sim_node(sim, seen_by);
    struct provider *provider = sim_provider_of(node);
    return SUCCEEDED(
        provider->ops->link_allowed(provider, &sim_node(sim, index)->key.hash, sim_utc(sim, node)));
}

static inline bool stays(struct sim *sim, uint32_t index)
{
    const struct sim_node *node = sim_node(sim, index);
    return node->graph && !node->removed;
}

/* Who runs and was removed has heard it. */
static inline bool all_were_told(struct sim *sim)
{
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        const struct sim_node *node = sim_node(sim, i);
        if (node->graph && security_is_removed(node->security) != node->removed)
            return false;
    }
    return true;
}

/* Links break on for two minutes; then all is well, and so it must become: everybody holds the same
 * records, shows the same members and says the same of each. */
static inline void settle(struct sim *sim)
{
    sim_heal(sim);
    sim_run(sim, 2 * MINUTE_MS);
    sim_set_cuts(sim, 0);
    uint64_t latest = sim_now_ms(sim) + HELPING_MINUTES * MINUTE_MS;
    do
        sim_run(sim, 5701);
    while (sim_now_ms(sim) < latest && !(sim_equal_now(sim, NULL) && all_were_told(sim)));
    assert_all_equal(sim);
    (void)sim_check_security(sim);
    assert_sound(sim);
    assert_true(all_were_told(sim));
    for (uint32_t i = 0; i < sim_count(sim); i++)
        for (uint32_t j = 0; stays(sim, i) && j < sim_count(sim); j++)
            assert_int_equal(is_member(sim, i, j), !sim_node(sim, j)->removed);
}

static inline void under_all_seeds(void (*schedule)(uint64_t seed))
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        schedule(seed);
}

/* ---- short words ---- */

static inline uint32_t version_at(struct sim *sim, uint32_t index, const struct guid *id)
{
    struct store_record row;
    struct store *store = sim_node(sim, index)->store;
    return SUCCEEDED(store->ops->find(store, id, &row)) && !row.deleted ? row.version : 0;
}

/* 0: it is gone, or deleted. */
static inline void assert_version(struct sim *sim, const struct guid *id, uint32_t version)
{
    for (uint32_t i = 0; i < sim_count(sim); i++)
        if (stays(sim, i))
            assert_int_equal(version_at(sim, i, id), version);
}

static inline void come_back(struct sim *sim, uint32_t index, uint32_t to)
{
    if (!sim_node(sim, index)->alive)
        sim_restart(sim, index);
    sim_listen(sim, index);
    sim_connect(sim, index, to);
}

#endif
