/* invitation.c - what the commands that make invitations share.
 *
 * A word becomes a role; the invitation goes to a file, to standard output or into the JSON of
 * the answer. Failure: an unknown word is NULL, and a file that cannot be written is told by
 * file.c. */
#include "cli/invitation.h"

#include "cli/error.h"
#include "cli/file.h"

#include <string.h>

const PEER_ROLE_ID *role_of_word(const char *word)
{
    if (strcmp(word, "member") == 0)
        return &PEER_GROUP_ROLE_MEMBER;
    if (strcmp(word, "inviting") == 0)
        return &PEER_GROUP_ROLE_INVITING_MEMBER;
    return strcmp(word, "admin") == 0 ? &PEER_GROUP_ROLE_ADMIN : NULL;
}

bool invitation_reachable(const struct session *session)
{
    DWORD status = 0;
    HRESULT hr = PeerGroupGetStatus(session->group, &status);
    return SUCCEEDED(hr) && (status & PEER_GROUP_STATUS_LISTENING);
}

int invitation_write(const struct context *context, const char *path, const char *xml)
{
    bool file = path && strcmp(path, "-") != 0;
    if (!file && context->json)
        return EXIT_OK;
    int result = file_write(context, path, xml, strlen(xml));
    /* What the running command says next begins a line of its own. */
    if (result == EXIT_OK && !file && context->live)
        result = file_write(context, path, "\n", 1);
    return result;
}
