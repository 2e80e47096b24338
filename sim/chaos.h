/* chaos.h - a group under a schedule of faults: first it suffers, then it heals and must be equal.
 */
#ifndef SIM_CHAOS_H
#define SIM_CHAOS_H

#include "sim.h"

struct chaos_options {
    struct sim_options sim;
    uint32_t nodes;
    uint32_t minutes;       /* of faults */
    uint32_t records;       /* written during them */
    uint32_t crashes;       /* of a node, followed by a restart within three minutes */
    uint32_t clock_minutes; /* clocks are wrong by up to this; 0: by ten seconds */
    bool removal;           /* the founder removes a member halfway (SIM_GROUP) */
    bool partition;         /* cut the group into two halves for the middle third */
    uint32_t quiet_minutes; /* to heal; 0: 10 */
    bool report;            /* print a line for each phase */
};

/* chaos_run gives the simulation after all checks; sim_failure tells whether they held. Free it
 * with sim_free. */
struct sim *chaos_run(const struct chaos_options *options);

#endif
