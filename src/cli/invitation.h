/* invitation.h - what commands that make invitations share: roles by their words, and the delivery.
 */
#ifndef CLI_INVITATION_H
#define CLI_INVITATION_H

#include "cli/session.h"

/* role_of_word: "member", "inviting", "admin"; NULL for another word. */
const PEER_ROLE_ID *role_of_word(const char *word);

/* invitation_reachable: an invitation made now says where this member can be reached. */
bool invitation_reachable(const struct session *session);
/* invitation_write writes the invitation to path; to standard output when that is NULL or "-",
 * unless JSON will carry it. Returns an exit class, told already. */
int invitation_write(const struct context *context, const char *path, const char *xml);

#endif
