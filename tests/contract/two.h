/* two.h - what tests start from that need two members: a pair in this process, connected. */
#ifndef CONTRACT_TWO_H
#define CONTRACT_TWO_H

#include "group.h"
#include "support/foreign_memory.h"

static struct pair pair;

static inline int two_setup(void **state)
{
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    pair_begin(&pair, NULL);
    return 0;
}

static inline int two_teardown(void **state)
{
    pair_end(&pair);
    return group_teardown(state);
}

#endif
