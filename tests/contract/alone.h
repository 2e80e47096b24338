/* alone.h - what tests start from that need one member alone: a group that is open and offline. */
#ifndef CONTRACT_ALONE_H
#define CONTRACT_ALONE_H

#include "group.h"
#include "support/foreign_memory.h"

static HGROUP group;
static PWSTR creator;

static inline int alone_setup(void **state)
{
    if (foreign_memory_setup() != 0 || group_setup(state) != 0)
        return -1;
    creator = new_identity(u"Creator");
    group = new_group(creator);
    return 0;
}

static inline int alone_teardown(void **state)
{
    PeerFreeData(creator);
    return group_teardown(state);
}

#endif
