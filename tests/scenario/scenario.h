/* scenario.h - what the scenario tests share: a group of a given size, all joined and quiet. */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "sim.h"
#include "support/test.h"

#define MINUTE_MS 60000ull
#define HOUR_MS 3600000ull

static inline void assert_sound_at(struct sim *sim, const char *file, int line)
{
    const char *failure = sim_failure(sim);
    if (!failure)
        return;
    print_error("%s:%d: %s\n", file, line, failure);
    _fail(file, line);
}
#define assert_sound(sim) assert_sound_at(sim, __FILE__, __LINE__)

/* assert_all_equal: nothing failed so far, and all members hold the same. */
#define assert_all_equal(sim)                                                                      \
    do {                                                                                           \
        (void)(sim_check_equal(sim) && sim_check_confirmed(sim) && sim_check_authorised(sim));     \
        assert_sound(sim);                                                                         \
    } while (0)

static inline struct sim *sim_of_seed(uint64_t seed)
{
    return sim_new(&(struct sim_options){.seed = seed});
}

static inline uint32_t add_founder(struct sim *sim)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = true});
    sim_listen(sim, index);
    return index;
}

/* add_member joins through a member and waits until it is synchronised. */
static inline uint32_t add_member(struct sim *sim, uint32_t through)
{
    uint32_t index = sim_add(sim, &(struct sim_node_options){.synchronised = false});
    sim_listen(sim, index);
    sim_connect(sim, index, through);
    sim_run(sim, 3000);
    return index;
}

static inline struct guid add_text(struct sim *sim, uint32_t index, const char *text)
{
    struct guid id;
    struct sim_record record = {.kind = PUBLISH_ADD, .payload = text, .payload_size = strlen(text)};
    assert_ok(sim_publish(sim, index, &record, &id));
    return id;
}

/* update_text lets a record live for three days from the start of the run: an update may not be
 * shorter than the one before, and members' clocks differ by milliseconds. */
static inline HRESULT update_text(struct sim *sim, uint32_t index, const struct guid *id,
                                  const char *text)
{
    struct sim_record record = {.kind = PUBLISH_UPDATE,
                                .id = *id,
                                .expiration = SIM_FIRST_UTC + 3 * 86400 * TICKS_PER_SECOND,
                                .payload = text,
                                .payload_size = strlen(text)};
    return sim_publish(sim, index, &record, NULL);
}

static inline HRESULT delete_record(struct sim *sim, uint32_t index, const struct guid *id)
{
    return sim_publish(sim, index, &(struct sim_record){.kind = PUBLISH_DELETE, .id = *id}, NULL);
}

#endif
