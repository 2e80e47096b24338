/* Does a node survive the failure of any allocation, with no effect or the full one? */
#include "scenario.h"

enum { SWEEP_MAX = 400 };

static struct sim *triangle(uint64_t seed)
{
    struct sim *sim = sim_of_seed(seed);
    add_founder(sim);
    add_member(sim, 0);
    add_member(sim, 0);
    add_text(sim, 0, "there before");
    sim_run(sim, 5000);
    return sim;
}

static uint32_t held(struct sim *sim, uint32_t index)
{
    return sim_visible(sim, index);
}

/* Each failing allocation of a publication: E_OUTOFMEMORY and nothing, or success. */
static void publish_sweep(void **state)
{
    (void)state;
    bool hit = true;
    uint32_t failures = 0;
    for (uint64_t n = 1; hit && n < SWEEP_MAX; n++) {
        struct sim *sim = triangle(n);
        struct sim_record record = {.kind = PUBLISH_ADD, .payload = "text", .payload_size = 4};
        mem_fail_nth(n);
        HRESULT hr = sim_publish(sim, 1, &record, NULL);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        assert_true(hr == S_OK || (hit && hr == E_OUTOFMEMORY));
        failures += hr == E_OUTOFMEMORY;
        assert_int_equal(held(sim, 1), SUCCEEDED(hr) ? 2 : 1);
        sim_run(sim, 60000);
        assert_int_equal(held(sim, 0), SUCCEEDED(hr) ? 2 : 1);
        assert_true(sim_links(sim, 1) >= 1);
        assert_all_equal(sim);
        sim_free(sim);
    }
    assert_false(hit);
    assert_true(failures > 5);
}

static bool stop_at_failure(struct sim *sim, void *context)
{
    (void)sim;
    (void)context;
    return mem_fail_hit();
}

/* A record is flooded through all three; whichever step of whichever node fails, all have it a
 * while later. */
static void flood_sweep(void **state)
{
    (void)state;
    bool hit = true;
    uint64_t failed_steps = 0;
    for (uint64_t n = 1; hit && n < SWEEP_MAX; n++) {
        struct sim *sim = triangle(n);
        struct guid id = add_text(sim, 0, "to all");
        mem_fail_nth(n);
        (void)sim_run_until(sim, stop_at_failure, NULL, 2000);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        for (uint32_t i = 0; i < 3; i++)
            failed_steps += sim_node(sim, i)->failed_steps;
        sim_run(sim, 4 * MINUTE_MS);
        for (uint32_t i = 0; i < 3; i++) {
            assert_true(sim_holds(sim, i, &id));
            assert_true(graph_status(sim_node(sim, i)->graph) & 2);
        }
        assert_all_equal(sim);
        sim_free(sim);
    }
    assert_false(hit);
    assert_true(failed_steps > 10);
}

/* A newcomer joins and fetches small records, a large one and a certificate. */
static void join_sweep(void **state)
{
    (void)state;
    bool hit = true;
    uint64_t failed_steps = 0;
    for (uint64_t n = 1; hit && n < 4000; n += n < 100 ? 1 : n / 8) {
        struct sim *sim = triangle(n);
        struct sim_record large = {.kind = PUBLISH_ADD, .payload_size = 150000};
        assert_ok(sim_publish(sim, 0, &large, NULL));
        for (int i = 0; i < 20; i++)
            add_text(sim, 2, "small");
        sim_run(sim, 3000);
        uint32_t newcomer = sim_add(sim, &(struct sim_node_options){.synchronised = false});
        sim_connect(sim, newcomer, 1);
        mem_fail_nth(n);
        (void)sim_run_until(sim, stop_at_failure, NULL, 5000);
        hit = mem_fail_hit();
        mem_fail_nth(0);
        for (uint32_t i = 0; i <= newcomer; i++)
            failed_steps += sim_node(sim, i)->failed_steps;
        sim_run(sim, 20000);
        if (!graph_is_synchronised(sim_node(sim, newcomer)->graph))
            sim_connect(sim, newcomer, 1);
        sim_run(sim, 5 * MINUTE_MS);
        assert_true(graph_is_synchronised(sim_node(sim, newcomer)->graph));
        assert_int_equal(held(sim, newcomer), 22);
        assert_all_equal(sim);
        sim_free(sim);
    }
    assert_true(failed_steps > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_sweep),
        cmocka_unit_test(flood_sweep),
        cmocka_unit_test(join_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
