/* cmd_invite.c - peergroup invite and join: how others get in.
 *
 * The invited one sends its card, the inviter answers with an invitation, which is of use to the
 * owner of that card alone; joining stores it. An invitation by password is for everybody who knows
 * the password; a member checks that when the joiner connects. The invitation names addresses of
 * the inviter when it was made while connected, so it is best made in `peergroup run`. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/file.h"
#include "cli/invitation.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/password.h"
#include "cli/removal.h"
#include "cli/session.h"

#include <string.h>

/* Prints or writes the invitation. */
static int deliver(struct context *context, const struct arguments *arguments,
                   const struct session *session, const char *xml, const char *whose)
{
    const char *path = arguments_option(arguments, "--output");
    bool file = path && strcmp(path, "-") != 0;
    bool reachable = invitation_reachable(session);
    int result = invitation_write(context, path, xml);
    if (result != EXIT_OK)
        return result;
    if (context->json)
        output_done(context, json_pack("{s:o, s:b, s:o}", "file", output_text(file ? path : NULL),
                                       "names_address", reachable, "invitation",
                                       output_text(file ? NULL : xml)));
    else if (file)
        output_line("Wrote the invitation to %s%s%s", path, reachable ? whose : "",
                    reachable ? ""
                              : ". It names no address, since this group is not connected here: "
                                "tell the invited one where to --connect.");
    return EXIT_OK;
}

static int invite_by_password(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    PWSTR made = NULL;
    bool other = arguments->word_count > 0 || arguments_option(arguments, "--role") ||
                 arguments_option(arguments, "--expires");
    if (other)
        return error_usage(context, "--password invites everybody who knows it, in the role that "
                                    "the group gives: no card, --role or --expires");
    int result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupCreatePasswordInvitation(session.group, &made);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_USAGE, "E_INVALIDARG",
                         "cannot invite: the group has no password; its creator can give it one "
                         "with peergroup group password");
    if (FAILED(hr))
        return error_hr(context, hr, "cannot invite");
    char *xml CLEANUP_TEXT = text_from_wide(made);
    PeerFreeData(made);
    return deliver(context, arguments, &session, xml,
                   "; whoever knows the group's password can use it.");
}

static int make(struct context *context, const struct arguments *arguments, bool again)
{
    const char *expires = arguments_option(arguments, "--expires");
    const char *word = arguments_option(arguments, "--role");
    const PEER_ROLE_ID *role = role_of_word(word ? word : "member");
    struct session session CLEANUP_SESSION = {.group = NULL};
    WCHAR *card CLEANUP_TEXT = NULL;
    uint64_t ticks = 0;
    if (!role)
        return error_usage(context, "--role is member, inviting or admin");
    if (expires && !moment_parse(expires, &ticks))
        return error_usage(context, "--expires takes 30d, 12h or 2027-01-31, not %s", expires);
    int result = file_read_text(context, arguments->words[0], &card);
    if (result == EXIT_OK)
        result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    FILETIME end = moment_filetime(ticks);
    PWSTR made = NULL;
    HRESULT hr =
        PeerGroupCreateInvitation(session.group, card, expires ? &end : NULL, 1, role, &made);
    if (hr == E_INVALIDARG)
        return error_say(
            context, EXIT_USAGE, "E_INVALIDARG",
            "cannot invite: %s is no card of another identity, or --expires is past or "
            "after your own membership; have the card made by whom you invite, with "
            "peergroup identity card",
            arguments->words[0]);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot invite");
    char *xml CLEANUP_TEXT = text_from_wide(made);
    result = again ? removal_check(context, session.group, made) : EXIT_OK;
    PeerFreeData(made);
    return result == EXIT_OK
               ? deliver(context, arguments, &session, xml, "; only the invited one can use it.")
               : result;
}

static int invite(struct context *context, const struct arguments *arguments)
{
    if (arguments_has(arguments, "--password"))
        return invite_by_password(context, arguments);
    if (arguments->word_count == 0)
        return error_usage(context, "invite wants more: peergroup invite CARD, or --password");
    return make(context, arguments, false);
}

static int readmit(struct context *context, const struct arguments *arguments)
{
    return make(context, arguments, true);
}

/* ---- joining ---- */

static int report_join(struct context *context, const struct name *identity,
                       const PEER_INVITATION_INFO *info)
{
    char *friendly CLEANUP_TEXT = text_from_wide(info->pwzGroupFriendlyName);
    char *peer CLEANUP_TEXT = text_from_wide(info->pwzGroupPeerName);
    char *issuer CLEANUP_TEXT = text_from_wide(info->pwzIssuerFriendlyName);
    if (context->json)
        output_done(context,
                    json_pack("{s:{s:o, s:o}, s:o, s:o}", "group", "peer_name", output_text(peer),
                              "name", output_text(friendly), "identity",
                              output_text(identity->peer), "invited_by", output_text(issuer)));
    else
        output_line("%s is a member of %s now, invited by %s. Go online with: peergroup run",
                    identity->friendly, friendly ? friendly : peer, issuer ? issuer : "?");
    return EXIT_OK;
}

static int report_password_join(struct context *context, HRESULT hr, const struct name *identity,
                                const PEER_INVITATION_INFO *info)
{
    char *friendly CLEANUP_TEXT = text_from_wide(info->pwzGroupFriendlyName);
    char *peer CLEANUP_TEXT = text_from_wide(info->pwzGroupPeerName);
    bool again = hr == PEER_S_ALREADY_A_MEMBER;
    if (context->json)
        output_done(context, json_pack("{s:{s:o, s:o}, s:o, s:b}", "group", "peer_name",
                                       output_text(peer), "name", output_text(friendly), "identity",
                                       output_text(identity->peer), "again", again));
    else
        output_line("%s has joined %s%s. A member checks the password when you go online: "
                    "peergroup run",
                    identity->friendly, friendly && friendly[0] ? friendly : peer,
                    again ? " before; the password is the one given now" : "");
    return EXIT_OK;
}

static int report_join_failure(struct context *context, HRESULT hr, const struct name *identity,
                               const PEER_INVITATION_INFO *info)
{
    if (hr != PEER_E_GROUP_IN_USE)
        return error_hr(context, hr, "cannot join");
    char *peer CLEANUP_TEXT = text_from_wide(info->pwzGroupPeerName);
    struct name group = {.peer = peer};
    char *holder CLEANUP_TEXT = session_holder_text(identity, &group);
    return error_say(context, EXIT_BUSY, "PEER_E_GROUP_IN_USE",
                     "cannot join: the group is open in %s; end that first", holder);
}

/* The identity that the invitation is for, when it is here and none was named. */
static int invited_identity(struct context *context, const PEER_INVITATION_INFO *info,
                            struct name *identity)
{
    char *subject CLEANUP_TEXT = text_from_wide(info->pwzSubjectPeerName);
    struct name_list names CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = identity_names(&names);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the identities");
    int index = subject && !context->identity ? name_list_find(&names, subject) : NAME_NONE;
    return identity_choose(context, index >= 0 ? subject : NULL, identity);
}

static int join_as(struct context *context, const struct arguments *arguments,
                   const struct name *identity, const WCHAR *invitation,
                   const PEER_INVITATION_INFO *info)
{
    WCHAR *peer CLEANUP_TEXT = text_to_wide(identity->peer);
    WCHAR *password CLEANUP_PASSWORD = NULL;
    bool by_password = info->authScheme == PEER_GROUP_PASSWORD_AUTHENTICATION;
    HGROUP group = NULL;
    HRESULT hr;
    if (by_password) {
        int result = password_read(context, arguments, false, &password);
        if (result != EXIT_OK)
            return result;
        hr = PeerGroupPasswordJoin(peer, invitation, password, NULL, &group);
    } else {
        hr = PeerGroupJoin(peer, invitation, NULL, &group);
    }
    if (group)
        PeerGroupClose(group);
    if (FAILED(hr))
        return report_join_failure(context, hr, identity, info);
    return by_password ? report_password_join(context, hr, identity, info)
                       : report_join(context, identity, info);
}

static int join(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    PEER_INVITATION_INFO *info = NULL;
    WCHAR *invitation CLEANUP_TEXT = NULL;
    int result = file_read_text(context, arguments->words[0], &invitation);
    if (result == EXIT_OK)
        result = library_start(context);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupParseInvitation(invitation, &info);
    if (hr == E_INVALIDARG || hr == PEER_E_INVITATION_NOT_TRUSTED)
        return error_say(context, EXIT_REFUSED, "PEER_E_INVITATION_NOT_TRUSTED",
                         "%s is no invitation, or it was changed; ask for a new one",
                         arguments->words[0]);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the invitation %s", arguments->words[0]);
    result = invited_identity(context, info, &identity);
    if (result == EXIT_OK)
        result = join_as(context, arguments, &identity, invitation, info);
    PeerFreeData(info);
    return result;
}

static const struct option invite_options[] = {
    {"--role", "ROLE", "member (the default), inviting or admin"},
    {"--expires", "WHEN", "end of the membership: 30d, 12h, 2027-01-31; else your own end"},
    {"--password", NULL, "instead of for a card: for everybody who knows the group's password"},
    {"--output", "FILE", "write the invitation there instead of printing it"},
    {NULL, NULL, NULL}};
/* As above, for one person. */
static const struct option readmit_options[] = {
    {"--role", "ROLE", "member (the default), inviting or admin"},
    {"--expires", "WHEN", "end of the membership: 30d, 12h, 2027-01-31; else your own end"},
    {"--output", "FILE", "write the invitation there instead of printing it"},
    {NULL, NULL, NULL}};

static const struct option join_options[] = {OPTION_PASSWORD_FILE, {NULL, NULL, NULL}};

const struct command invite_commands[] = {
    {"invite", "CARD | --password", "Make an invitation for the owner of a card",
     "CARD is a file from peergroup identity card, - for standard input. Every member publishes\n"
     "records; inviting members also invite, administrators also change the records of others.\n"
     "With --password the invitation is for whoever knows the group's password.",
     invite_options, 0, 1, COMMAND_ANYWHERE, invite},
    {"member readmit", "CARD", "Make an invitation for somebody who was removed",
     "As invite, by an administrator; it joins again with it while it does not run the group.",
     readmit_options, 1, 1, COMMAND_ANYWHERE, readmit},
    {"join", "INVITATION", "Become a member by an invitation",
     "INVITATION is a file from peergroup invite, - for standard input. Nothing is sent yet. For\n"
     "one by password the password is asked for; joining again replaces it.",
     join_options, 1, 1, COMMAND_ALONE, join},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
