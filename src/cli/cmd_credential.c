/* cmd_credential.c - peergroup member issue: credentials for somebody who is a member already.
 *
 * Without options a member gets again what it had, for as long as it had it; --role and --expires
 * change that. What is issued goes to the member as an invitation, by whatever way, or with --store
 * through the group itself, which hands it over when the member connects the next time. Who is no
 * member yet has a card: peergroup invite. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/invitation.h"
#include "cli/moment.h"
#include "cli/output.h"

#include <string.h>

/* What the options say of the new certificate. */
struct wish {
    const PEER_ROLE_ID *role; /* NULL: as before */
    uint64_t end;             /* 0: as before */
};

static int read_wish(const struct context *context, const struct arguments *arguments,
                     struct wish *wish)
{
    const char *role = arguments_option(arguments, "--role");
    const char *expires = arguments_option(arguments, "--expires");
    *wish = (struct wish){.role = role ? role_of_word(role) : NULL};
    if (role && !wish->role)
        return error_usage(context, "--role is member, inviting or admin");
    if (expires && !moment_parse(expires, &wish->end))
        return error_usage(context, "--expires takes 30d, 12h or 2027-01-31, not %s", expires);
    return EXIT_OK;
}

/* One member as the group knows it; free *items with PeerFreeData. */
static HRESULT read_member(HGROUP group, PCWSTR peer, PEER_MEMBER ***items)
{
    HPEERENUM enumeration;
    ULONG count = 1;
    *items = NULL;
    HRESULT hr = PeerGroupEnumMembers(group, 0, peer, &enumeration);
    if (FAILED(hr))
        return hr;
    hr = PeerGetNextItem(enumeration, &count, (PVOID **)items);
    PeerEndEnumeration(enumeration);
    return SUCCEEDED(hr) && count == 0 ? PEER_E_IDENTITY_NOT_FOUND : hr;
}

/* The new certificate begins 20 minutes ago, for clocks that differ, but after the one before and
 * not before the issuer's; it ends with the issuer's at the latest where nothing was asked. */
static void fill_dates(const PEER_CREDENTIAL_INFO *known, const PEER_CREDENTIAL_INFO *own,
                       const struct wish *wish, PEER_CREDENTIAL_INFO *info)
{
    uint64_t start = moment_now() - 20 * 60 * MOMENT_SECOND;
    uint64_t earliest = moment_ticks(&known->ftValidityStart) + MOMENT_SECOND;
    uint64_t end = moment_ticks(&known->ftValidityEnd), latest = moment_ticks(&own->ftValidityEnd);
    start = start < earliest ? earliest : start;
    earliest = moment_ticks(&own->ftValidityStart);
    start = start < earliest ? earliest : start;
    end = end < latest ? end : latest;
    info->ftValidityStart = moment_filetime(start);
    info->ftValidityEnd = moment_filetime(wish->end ? wish->end : end);
}

static HRESULT issue_changed(const struct session *session, PCWSTR peer, const struct wish *wish,
                             DWORD flags, PWSTR *invitation)
{
    WCHAR *self CLEANUP_TEXT = text_to_wide(session->identity.peer);
    PEER_MEMBER **known = NULL, **own = NULL;
    HRESULT hr = read_member(session->group, peer, &known);
    if (SUCCEEDED(hr))
        hr = read_member(session->group, self, &own);
    if (SUCCEEDED(hr)) {
        PEER_CREDENTIAL_INFO info = *known[0]->pCredentialInfo;
        fill_dates(known[0]->pCredentialInfo, own[0]->pCredentialInfo, wish, &info);
        if (wish->role) {
            info.cRoles = 1;
            info.pRoles = (PEER_ROLE_ID *)wish->role;
        }
        hr = PeerGroupIssueCredentials(session->group, peer, &info, flags, invitation);
    }
    PeerFreeData(known);
    PeerFreeData(own);
    return hr;
}

static void report(struct context *context, const struct arguments *arguments,
                   const struct session *session, const struct name *member, const char *xml)
{
    const char *path = arguments_option(arguments, "--output");
    bool store = arguments_has(arguments, "--store");
    bool file = path && strcmp(path, "-") != 0;
    if (context->json) {
        output_done(context,
                    json_pack("{s:o, s:o, s:b, s:o, s:b, s:o}", "peer_name",
                              output_text(member->peer), "name", output_text(member->friendly),
                              "stored", store, "file", output_text(file ? path : NULL),
                              "names_address", xml && invitation_reachable(session), "invitation",
                              output_text(file ? NULL : xml)));
        return;
    }
    if (store)
        output_line("The group has the new certificate of %s, who uses it from the next "
                    "connection on.",
                    member->friendly);
    if (file)
        output_line("Wrote the invitation to %s; only %s can use it.", path, member->friendly);
}

static int issue(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct name member CLEANUP_NAME = {.peer = NULL};
    bool store = arguments_has(arguments, "--store");
    bool wants_xml = !store || arguments_option(arguments, "--output");
    DWORD flags = store ? PEER_GROUP_STORE_CREDENTIALS : 0;
    struct wish wish;
    PWSTR made = NULL;
    int result = read_wish(context, arguments, &wish);
    if (result == EXIT_OK)
        result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = member_choose(
            context, &session, arguments->words[0],
            "peergroup members, or make an invitation from a card with peergroup invite", &member);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(member.peer);
    HRESULT hr =
        wish.role || wish.end
            ? issue_changed(&session, peer, &wish, flags, wants_xml ? &made : NULL)
            : PeerGroupIssueCredentials(session.group, peer, NULL, flags, wants_xml ? &made : NULL);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_USAGE, "E_INVALIDARG",
                         "cannot issue: --expires is past or after your own membership, or %s is "
                         "yourself or stands above you",
                         member.friendly);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot issue");
    char *xml CLEANUP_TEXT = made ? text_from_wide(made) : NULL;
    PeerFreeData(made);
    if (xml)
        result = invitation_write(context, arguments_option(arguments, "--output"), xml);
    if (result == EXIT_OK)
        report(context, arguments, &session, &member, xml);
    return result;
}

static const struct option issue_options[] = {
    {"--role", "ROLE", "member, inviting or admin; else the role stays"},
    {"--expires", "WHEN", "end of the membership: 30d, 12h, 2027-01-31"},
    {"--store", NULL, "publish it to the group instead of printing an invitation"},
    {"--output", "FILE", "write the invitation there instead of printing it"},
    {NULL, NULL, NULL}};

const struct command credential_commands[] = {
    {"member issue", "MEMBER", "Renew a membership, or give another role",
     "MEMBER is a friendly name, a peer name or the beginning of one. Without --role and "
     "--expires\n"
     "the member gets what it has for as long again. A lesser role takes none away.",
     issue_options, 1, 1, COMMAND_ANYWHERE, issue},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
