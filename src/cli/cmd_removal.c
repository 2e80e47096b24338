/* cmd_removal.c - peergroup member remove, readmit and removed; peergroup group deputy.
 *
 * Removing and appointing are done by those who may; readmitting is an invitation for somebody who
 * was removed, from its card, and is refused for others. Whether this member itself was removed is
 * told by `member removed`, too. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/removal.h"
#include "cli/session.h"

#include <peergroup/extensions.h>

#include <stdio.h>
#include <string.h>

/* ---- remove ---- */

static int remove_member(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct name member CLEANUP_NAME = {.peer = NULL};
    int result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = member_choose(context, &session, arguments->words[0], "members", &member);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(member.peer);
    DWORD flags = arguments_has(arguments, "--records") ? PEER_GROUP_REVOKE_DROP_RECORDS : 0;
    if (arguments_has(arguments, "--invited"))
        flags |= PEER_GROUP_REVOKE_WITH_ISSUED;
    HRESULT hr = PeerGroupRevokeMember(session.group, peer, flags);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_USAGE, "E_INVALIDARG",
                         "that is this member itself; leave with peergroup group delete");
    if (hr == PEER_E_NOT_AUTHORIZED)
        return error_say(context, EXIT_REFUSED, "PEER_E_NOT_AUTHORIZED",
                         "cannot remove %s: this identity has not the right; ask the creator, a "
                         "deputy, or an administrator above it",
                         member.friendly);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot remove %s", member.friendly);
    if (context->json)
        output_done(context, json_pack("{s:o}", "member", name_json(member.peer, member.friendly)));
    else
        output_line("Removed %s. Members that are not connected hear of it when they are.",
                    member.friendly);
    return EXIT_OK;
}

/* ---- removed ---- */

enum { REMOVAL_COLUMNS = 5 };
struct removal_table {
    char **cells;
    int count;
    json_t *array;
};

static char *key_text(const PEER_DATA *key)
{
    char *text = text_alloc(41);
    for (ULONG i = 0; i < key->cbData && i < 20; i++)
        snprintf(text + 2 * i, 3, "%02x", key->pbData[i]);
    return text;
}

static const char *state_text(DWORD flags)
{
    if (flags & PEER_GROUP_REVOCATION_READMITTED)
        return "member again";
    return flags & PEER_GROUP_REVOCATION_IN_FORCE ? "removed" : "undone";
}

static json_t *removal_json(const PEER_GROUP_REVOCATION *removal)
{
    char *key CLEANUP_TEXT = key_text(&removal->keyHash);
    char iso[MOMENT_TEXT_SIZE];
    moment_iso(moment_ticks(&removal->ftTime), iso);
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:b, s:b, s:b, s:I}", "name",
                     output_wide(removal->pwzFriendlyName), "peer_name",
                     output_wide(removal->pwzIdentity), "authority", key, "at", iso, "by",
                     output_wide(removal->pwzSignerPeerName), "by_name",
                     output_wide(removal->pwzSignerFriendlyName), "by_group",
                     (removal->dwFlags & PEER_GROUP_REVOCATION_BY_GROUP) != 0, "in_force",
                     (removal->dwFlags & PEER_GROUP_REVOCATION_IN_FORCE) != 0, "readmitted",
                     (removal->dwFlags & PEER_GROUP_REVOCATION_READMITTED) != 0, "kept",
                     (json_int_t)removal->ullKept);
}

static char *signer_text(const PEER_GROUP_REVOCATION *removal)
{
    if (removal->dwFlags & PEER_GROUP_REVOCATION_BY_GROUP)
        return text_copy("the creator");
    char *name = text_from_wide(removal->pwzSignerFriendlyName);
    return name ? name : text_copy("?");
}

static void visit_removal(void *context, const void *item)
{
    struct removal_table *table = context;
    const PEER_GROUP_REVOCATION *removal = item;
    char *key CLEANUP_TEXT = key_text(&removal->keyHash);
    char *name CLEANUP_TEXT = text_from_wide(removal->pwzFriendlyName);
    char *by CLEANUP_TEXT = signer_text(removal);
    char when[MOMENT_TEXT_SIZE];
    moment_local(moment_ticks(&removal->ftTime), when);
    json_array_append_new(table->array, removal_json(removal));
    table->cells = text_realloc(table->cells, (size_t)(table->count + 1) * REMOVAL_COLUMNS *
                                                  sizeof(*table->cells));
    char **row = table->cells + table->count++ * REMOVAL_COLUMNS;
    row[0] = text_one_line(name ? name : "", name ? strlen(name) : 0, 40);
    row[1] = text_copy(state_text(removal->dwFlags));
    row[2] = text_copy(when);
    row[3] = text_one_line(by, strlen(by), 40);
    row[4] = short_name(key);
}

char *removal_text(HGROUP group)
{
    PPEER_GROUP_REVOCATION removal = NULL;
    if (PeerGroupGetRemoval(group, &removal) != S_OK)
        return NULL;
    char *by CLEANUP_TEXT = signer_text(removal);
    char when[MOMENT_TEXT_SIZE];
    moment_local(moment_ticks(&removal->ftTime), when);
    char *text = text_format("removed from the group by %s, %s", by, when);
    PeerFreeData(removal);
    return text;
}

static HRESULT fill_table(HGROUP group, struct removal_table *table, json_t **own)
{
    PPEER_GROUP_REVOCATION removal = NULL;
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumRevocations(group, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_removal, table);
    if (SUCCEEDED(hr))
        hr = PeerGroupGetRemoval(group, &removal);
    *own = hr == S_OK ? removal_json(removal) : json_null();
    PeerFreeData(removal);
    return hr;
}

static int removed(struct context *context, const struct arguments *arguments)
{
    static const char *const headings[] = {"NAME", "NOW", "REMOVED", "BY", "AUTHORITY"};
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct removal_table table = {.array = json_array()};
    json_t *own = NULL;
    (void)arguments;
    int result = session_open(context, NULL, &session);
    HRESULT hr = result == EXIT_OK ? fill_table(session.group, &table, &own) : S_OK;
    char *self CLEANUP_TEXT = result == EXIT_OK ? removal_text(session.group) : NULL;
    if (FAILED(hr))
        result = error_hr(context, hr, "cannot list the removals");
    else if (result == EXIT_OK && context->json)
        output_done(context, json_pack("{s:O, s:O}", "removals", table.array, "self", own));
    else if (result == EXIT_OK && table.count == 0)
        output_line("Nobody was removed, as far as is known here.");
    else if (result == EXIT_OK)
        output_table(headings, REMOVAL_COLUMNS, table.cells, table.count);
    if (result == EXIT_OK && !context->json && self)
        output_line("%s was %s.", session.identity.friendly, self);
    for (int i = 0; i < table.count * REMOVAL_COLUMNS; i++)
        free(table.cells[i]);
    free(table.cells);
    json_decref(table.array);
    json_decref(own);
    return result;
}

/* ---- readmit ---- */

struct removed_search {
    const char *peer;
    bool found;
};

static void visit_subject(void *context, const void *item)
{
    struct removed_search *search = context;
    const PEER_GROUP_REVOCATION *removal = item;
    char *key CLEANUP_TEXT = key_text(&removal->keyHash);
    search->found = search->found || strncmp(search->peer, key, strlen(key)) == 0;
}

int removal_check(struct context *context, HGROUP group, PCWSTR invitation)
{
    PPEER_INVITATION_INFO info = NULL;
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupParseInvitation(invitation, &info);
    char *peer CLEANUP_TEXT = SUCCEEDED(hr) ? text_from_wide(info->pwzSubjectPeerName) : NULL;
    PeerFreeData(info);
    struct removed_search search = {.peer = peer ? peer : ""};
    if (SUCCEEDED(hr))
        hr = PeerGroupEnumRevocations(group, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_subject, &search);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot readmit");
    if (search.found)
        return EXIT_OK;
    return error_say(context, EXIT_NOT_FOUND, "PEER_E_NOT_FOUND",
                     "the owner of this card was not removed; invite it with peergroup invite");
}

/* ---- deputies ---- */

static int deputy(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct name member CLEANUP_NAME = {.peer = NULL};
    int result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = member_choose(context, &session, arguments->words[0], "members", &member);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(member.peer);
    HRESULT hr = PeerGroupAppointDeputy(session.group, peer);
    if (hr == PEER_E_NOT_AUTHORIZED)
        return error_say(context, EXIT_REFUSED, "PEER_E_NOT_AUTHORIZED",
                         "cannot appoint %s: only the creator of the group can", member.friendly);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_USAGE, "E_INVALIDARG",
                         "that is this member itself, who holds the group's key");
    if (FAILED(hr))
        return error_hr(context, hr, "cannot appoint %s", member.friendly);
    if (context->json)
        output_done(context,
                    json_pack("{s:o, s:b}", "member", name_json(member.peer, member.friendly),
                              "before", hr == S_FALSE));
    else
        output_line("%s %s a deputy of the creator.", member.friendly,
                    hr == S_FALSE ? "was already" : "is now");
    return EXIT_OK;
}

static const struct option remove_options[] = {
    {"--records", NULL, "delete what the member has published, too"},
    {"--invited", NULL, "also remove those whom it has invited, and theirs"},
    {NULL, NULL, NULL}};

const struct command removal_commands[] = {
    {"member remove", "MEMBER", "Remove a member from the group",
     "What it has published stays, and so do those whom it invited and who are known here, unless\n"
     "the options say otherwise. In a group with a password, change that too.",
     remove_options, 1, 1, COMMAND_ANYWHERE, remove_member},
    {"member removed", "", "List who was removed, when and by whom", NULL, NULL, 0, 0,
     COMMAND_ANYWHERE, removed},
    {"group deputy", "MEMBER", "Let a member stand in for the creator",
     "A deputy is an administrator, changes the group's properties and removes everyone but the\n"
     "creator and other deputies. The creator alone appoints; member remove takes it back.",
     NULL, 1, 1, COMMAND_ANYWHERE, deputy},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
