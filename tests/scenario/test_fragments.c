/* Is the result the same however the bytes are cut? */
#include "scenario.h"

static struct hash state_after(uint32_t segment_max)
{
    struct sim *sim = sim_new(&(struct sim_options){.seed = 1, .segment_max = segment_max});
    add_founder(sim);
    for (int i = 0; i < 100; i++)
        add_text(sim, 0, "before");
    struct guid large;
    struct sim_record record = {.kind = PUBLISH_ADD, .payload_size = 200000};
    assert_ok(sim_publish(sim, 0, &record, &large));
    add_member(sim, 0);
    struct guid id = add_text(sim, 1, "after");
    assert_ok(update_text(sim, 1, &id, "again"));
    sim_run(sim, 5000);
    assert_true(sim_holds(sim, 1, &large));
    assert_all_equal(sim);
    struct hash digest;
    struct store_record row;
    assert_ok(sim_node(sim, 0)->store->ops->find(sim_node(sim, 0)->store, &id, &row));
    digest = row.digest;
    assert_int_equal(sim_visible(sim, 1), 102);
    sim_free(sim);
    return digest;
}

static void any_size_gives_the_same(void **state)
{
    (void)state;
    struct hash whole = state_after(1 << 20);
    const uint32_t sizes[] = {1, 6, 1000};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct hash cut = state_after(sizes[i]);
        assert_memory_equal(&whole, &cut, sizeof(cut));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(any_size_gives_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
