/* Whatever happens to links, nodes and verdicts: are all members equal when it is quiet again? */
#include "chaos.h"
#include "scenario.h"

static void run(struct chaos_options options)
{
    struct sim *sim = chaos_run(&options);
    if (sim_failure(sim))
        print_error("seed %llu\n", (unsigned long long)options.sim.seed);
    assert_sound(sim);
    sim_free(sim);
}

static const struct sim_options links = {
    .latency_min_ms = 5, .latency_max_ms = 60, .verdict_max_ms = 200};

static void fifty_members_with_cuts(void **state)
{
    (void)state;
    struct chaos_options options = {.sim = links, .nodes = 50, .minutes = 2, .records = 40};
    options.sim.seed = 1;
    options.sim.cuts_per_hour = 60;
    options.sim.security = SIM_GROUP;
    options.clock_minutes = 5;
    options.quiet_minutes = 3;
    run(options);
}

/* Certificates, roles and revocations of src/group, with everything at once. */
static void a_member_is_removed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct chaos_options options = {.sim = links,
                                        .nodes = 14,
                                        .minutes = 6,
                                        .records = 150,
                                        .crashes = 6,
                                        .removal = true,
                                        .partition = seed % 2 == 0,
                                        .clock_minutes = 5};
        options.sim.seed = seed;
        options.sim.verdict_max_ms = 1000;
        options.sim.cuts_per_hour = 30;
        options.sim.security = SIM_GROUP;
        run(options);
    }
}

static void crashes_and_restarts(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct chaos_options options = {
            .sim = links, .nodes = 10, .minutes = 5, .records = 100, .crashes = 20};
        options.sim.seed = seed;
        options.sim.cuts_per_hour = 60;
        run(options);
    }
}

static void cut_into_halves(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct chaos_options options = {
            .sim = links, .nodes = 14, .minutes = 12, .records = 120, .partition = true};
        options.sim.seed = seed;
        run(options);
    }
}

static void slow_and_fragmented(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        struct chaos_options options = {.sim = {.seed = seed,
                                                .latency_min_ms = 50,
                                                .latency_max_ms = 900,
                                                .bandwidth = 15000,
                                                .verdict_max_ms = 3000,
                                                .segment_max = 700,
                                                .cuts_per_hour = 30},
                                        .nodes = 8,
                                        .minutes = 5,
                                        .records = 150};
        run(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_members_with_cuts), cmocka_unit_test(a_member_is_removed),
        cmocka_unit_test(crashes_and_restarts),    cmocka_unit_test(cut_into_halves),
        cmocka_unit_test(slow_and_fragmented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
