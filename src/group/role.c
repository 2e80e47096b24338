/* role.c - the three roles: their GUIDs and who may issue what [S 2.2.5.3].
 *
 * A role is one bit inside, and outside the GUID that the interface documents. An administrator may
 * issue all three, an inviting member inviting members and members, a member nothing. A GUID that
 * is no role is 0, which nobody may issue. */
#include "group/certificate.h"

static const struct {
    enum role role;
    struct guid guid;
} roles[] = {
    {ROLE_ADMIN,
     {{0x04, 0x38, 0x71, 0x27, 0xAA, 0x56, 0x45, 0x0A, 0x8C, 0xE5, 0x4F, 0x56, 0x5C, 0x67, 0x90,
       0xF4}}},
    {ROLE_INVITING_MEMBER,
     {{0x43, 0x70, 0xFD, 0x89, 0xDC, 0x18, 0x4C, 0xFB, 0x8D, 0xBF, 0x98, 0x53, 0xA8, 0xA9, 0xF9,
       0x05}}},
    {ROLE_MEMBER,
     {{0xF1, 0x2D, 0xC4, 0xC7, 0x08, 0x57, 0x4C, 0xA0, 0x93, 0xFC, 0xB1, 0xBB, 0x19, 0xA3, 0xD8,
       0xC2}}},
};

unsigned role_of_guid(const struct guid *guid)
{
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (guid_equal(guid, &roles[i].guid))
            return roles[i].role;
    }
    return 0;
}

void role_guid(enum role role, struct guid *guid)
{
    *guid = GUID_NULL_VALUE;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (roles[i].role == role)
            *guid = roles[i].guid;
    }
    ASSERT(!guid_equal(guid, &GUID_NULL_VALUE));
}

bool roles_may_issue(unsigned holder, unsigned wanted)
{
    const unsigned inviting = ROLE_INVITING_MEMBER | ROLE_MEMBER;
    unsigned may = 0;
    if (holder & ROLE_ADMIN)
        may = ROLE_ADMIN | inviting;
    else if (holder & ROLE_INVITING_MEMBER)
        may = inviting;
    return wanted != 0 && (wanted & ~may) == 0;
}
