/* scene_group.h - what tests of a group's security start from: its founder, an administrator, an
 * inviting member, and a member whom that one invited. */
#ifndef TEST_SCENE_GROUP_H
#define TEST_SCENE_GROUP_H

#include "scene.h"

struct group {
    struct scene scene;
    struct party admin, inviter, member;
};

static inline int group_setup(void **state)
{
    static struct group group;
    scene_init(&group.scene);
    group.admin = party_join(&group.scene.founder, 1, ROLE_ADMIN);
    group.inviter = party_join(&group.scene.founder, 2, ROLE_INVITING_MEMBER);
    group.member = party_join(&group.inviter, 3, ROLE_MEMBER);
    *state = &group;
    return 0;
}

static inline int group_teardown(void **state)
{
    struct group *group = *state;
    party_deinit(&group->admin);
    party_deinit(&group->inviter);
    party_deinit(&group->member);
    scene_deinit(&group->scene);
    return 0;
}

#endif
