/* cast.h - the certificates that tests of certificates and chains start from. */
#ifndef TEST_CAST_H
#define TEST_CAST_H

#include "unit/group/forge.h"

static struct cast cast;

static inline int cast_setup(void **state)
{
    (void)state;
    if (FAILED(signature_self_test()))
        return -1;
    cast_init(&cast);
    return 0;
}

static inline int cast_teardown(void **state)
{
    (void)state;
    cast_deinit(&cast);
    return 0;
}

/* What a spoiled certificate starts from: the creator's, issued by the group. */
static inline void forge_creator(struct forge *forge)
{
    forge_from(forge, &cast.certificates[CAST_CREATOR]);
}

#define expect_forged(forge, want) assert_hr(forge_parse((forge), cast.keys[CAST_GROUP]), (want))

#endif
