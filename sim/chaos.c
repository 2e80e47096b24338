/* chaos.c - the run that every seed repeats: a founder, members who join, writers, faults, healing,
 * checks.
 *
 * Members join one after another through one that is there. While the faults last, members that are
 * alive add, update and delete records, links are cut, nodes crash and come back, halves are kept
 * apart. Then all faults end, and after some quiet minutes all databases must be equal and hold
 * what was confirmed. */
#include "group/certificate.h"

#include "chaos.h"
#include "sim_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct chaos {
    const struct chaos_options *options;
    struct sim *sim;
    struct guid *ids;
    uint32_t id_count;
    bool removed;
    uint64_t restart_at[SIM_MEMBERS_MAX];
};

/* A fifth of the members are administrators, a third may invite. */
static void choose_role(struct sim *sim, struct sim_node_options *node)
{
    node->membership = true;
    if (sim_count(sim) == 0)
        return;
    node->inviter = (uint32_t)sim_random(sim, sim_count(sim));
    struct sim_node *inviter = sim_node(sim, node->inviter);
    uint64_t choice = sim_random(sim, 15);
    if (inviter->roles == ROLE_MEMBER || !graph_is_synchronised(inviter->graph)) {
        node->inviter = 0;
        inviter = sim_node(sim, 0);
    }
    node->roles = choice < 3 && inviter->roles == ROLE_ADMIN ? ROLE_ADMIN
                  : choice < 8                               ? ROLE_INVITING_MEMBER
                                                             : ROLE_MEMBER;
}

static void join_all(struct chaos *chaos)
{
    struct sim *sim = chaos->sim;
    for (uint32_t i = 0; i < chaos->options->nodes; i++) {
        uint32_t minutes = chaos->options->clock_minutes;
        uint64_t wrong_ms = minutes > 0 ? minutes * 60000ull : 10000;
        struct sim_node_options node = {.synchronised = i == 0,
                                        .presence = true,
                                        .clock_ms =
                                            (int64_t)(sim_random(sim, 2 * wrong_ms) - wrong_ms)};
        if (sim->options.security == SIM_GROUP)
            choose_role(sim, &node);
        sim_add(sim, &node);
        sim_listen(sim, i);
        if (i > 0)
            sim_connect(sim, i, (uint32_t)sim_random(sim, i));
        sim_run(sim, 200 + sim_random(sim, 2000));
    }
    sim_run(sim, 60000);
}

/* A plain member may not touch what others wrote, and who was removed may write nothing. */
static bool is_refused_rightly(struct sim *sim, uint32_t index, const struct sim_record *record,
                               HRESULT hr)
{
    struct sim_node *node = sim_node(sim, index);
    struct store_record row;
    if (sim->options.security != SIM_GROUP || hr != PEER_E_NOT_AUTHORIZED)
        return false;
    if (node->removed)
        return true;
    return record->kind != PUBLISH_ADD && node->roles != ROLE_ADMIN &&
           SUCCEEDED(node->store->ops->find(node->store, &record->id, &row)) &&
           !hash_equal(&row.creator, &node->key.hash);
}

static void write_one(struct chaos *chaos)
{
    struct sim *sim = chaos->sim;
    uint32_t node = (uint32_t)sim_random(sim, sim_count(sim));
    if (!sim_node(sim, node)->alive || !graph_is_synchronised(sim_node(sim, node)->graph))
        return;
    char payload[400];
    size_t size = 20 + sim_random(sim, sizeof(payload) - 20);
    memset(payload, 'a' + (int)sim_random(sim, 26), sizeof(payload));
    struct sim_record record = {.kind = PUBLISH_ADD, .payload = payload, .payload_size = size};
    uint64_t choice = sim_random(sim, 100);
    if (choice >= 60 && chaos->id_count > 0) {
        record.kind = choice < 85 ? PUBLISH_UPDATE : PUBLISH_DELETE;
        record.id = chaos->ids[sim_random(sim, chaos->id_count)];
        record.lifetime_s = 2 * 86400;
        if (!sim_holds(sim, node, &record.id))
            return;
    }
    struct guid id;
    HRESULT hr = sim_publish(sim, node, &record, &id);
    if (FAILED(hr) && !is_refused_rightly(sim, node, &record, hr))
        sim_fail(sim, "node %u: a record is refused with 0x%08x", node, (unsigned)hr);
    else if (SUCCEEDED(hr) && record.kind == PUBLISH_ADD)
        chaos->ids[chaos->id_count++] = id;
}

static void restart_due(struct chaos *chaos, bool all)
{
    struct sim *sim = chaos->sim;
    for (uint32_t i = 0; i < sim_count(sim); i++) {
        if (sim_node(sim, i)->alive || (!all && chaos->restart_at[i] > sim_now_ms(sim)))
            continue;
        sim_restart(sim, i);
        sim_listen(sim, i);
        uint32_t to = (uint32_t)sim_random(sim, sim_count(sim));
        sim_connect(sim, i, to != i ? to : (to + 1) % sim_count(sim));
    }
}

static void crash_one(struct chaos *chaos)
{
    struct sim *sim = chaos->sim;
    uint32_t node = (uint32_t)sim_random(sim, sim_count(sim));
    sim_crash(sim, node);
    chaos->restart_at[node] = sim_now_ms(sim) + sim_random(sim, 180000);
}

static void partition(struct chaos *chaos, bool apart)
{
    for (uint32_t i = 0; apart && i < sim_count(chaos->sim); i++)
        sim_partition(chaos->sim, i, i % 2);
    if (!apart)
        sim_heal(chaos->sim);
}

/* Not the founder, and nobody on whom most of the group hangs. */
static void remove_one(struct chaos *chaos)
{
    struct sim *sim = chaos->sim;
    if (!sim_node(sim, 0)->alive)
        return;
    uint32_t index = sim_count(sim) - 1 - (uint32_t)sim_random(sim, sim_count(sim) / 2);
    HRESULT hr = sim_remove(sim, index, sim_random(sim, 2) == 0);
    if (FAILED(hr))
        sim_fail(sim, "node %u cannot be removed: 0x%08x", index, (unsigned)hr);
    chaos->removed = true;
}

static void suffer(struct chaos *chaos)
{
    const struct chaos_options *options = chaos->options;
    uint32_t steps = options->minutes * 60 * 4;
    for (uint32_t step = 0; step < steps && !sim_failure(chaos->sim); step++) {
        if (options->partition && (step == steps / 3 || step == 2 * (steps / 3)))
            partition(chaos, step == steps / 3);
        if (options->removal && !chaos->removed && step >= steps / 2)
            remove_one(chaos);
        for (uint32_t due = step * options->records / steps;
             due < (step + 1) * options->records / steps; due++)
            write_one(chaos);
        for (uint32_t due = step * options->crashes / steps;
             due < (step + 1) * options->crashes / steps; due++)
            crash_one(chaos);
        restart_due(chaos, false);
        sim_run(chaos->sim, 250);
    }
}

static void report(const struct chaos *chaos, const char *phase)
{
    if (chaos->options->report)
        printf("%8.1f s  %s\n", (double)sim_now_ms(chaos->sim) / 1000, phase);
}

struct sim *chaos_run(const struct chaos_options *options)
{
    struct chaos *chaos = calloc(1, sizeof(*chaos));
    if (!chaos)
        abort();
    chaos->options = options;
    chaos->ids = calloc(options->records + 1, sizeof(*chaos->ids));
    uint32_t cuts = options->sim.cuts_per_hour;
    struct sim_options calm = options->sim;
    calm.cuts_per_hour = 0;
    chaos->sim = sim_new(&calm);
    join_all(chaos);
    report(chaos, "all have joined");
    sim_set_cuts(chaos->sim, cuts);
    suffer(chaos);
    report(chaos, "faults end");
    sim_set_cuts(chaos->sim, 0);
    partition(chaos, false);
    restart_due(chaos, true);
    uint32_t quiet = options->quiet_minutes > 0 ? options->quiet_minutes : 10;
    sim_run(chaos->sim, quiet * 60000);
    /* Presence is written again now and then: look between two of these. */
    for (int i = 0; i < 60 && !sim_equal_now(chaos->sim, NULL); i++)
        sim_run(chaos->sim, 701);
    report(chaos, "quiet");
    if (!sim_failure(chaos->sim))
        (void)(sim_check_equal(chaos->sim) && sim_check_confirmed(chaos->sim) &&
               sim_check_authorised(chaos->sim) && sim_check_security(chaos->sim));
    struct sim *sim = chaos->sim;
    free(chaos->ids);
    free(chaos);
    return sim;
}
