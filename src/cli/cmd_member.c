/* cmd_member.c - peergroup members, status and send: who is in the group, how it goes, a word to
 * one.
 *
 * Members are those that the database knows; who is here now shows only while connected. status of
 * a group that another process holds says so and is no failure. */
#include "cli/address.h"
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/file.h"
#include "cli/live.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/records.h"

#include <peergroup/extensions.h>

#include <string.h>

/* ---- members ---- */

static const char *role_text(const PEER_CREDENTIAL_INFO *credential)
{
    const char *text = "member";
    for (ULONG i = 0; credential && i < credential->cRoles; i++) {
        if (memcmp(&credential->pRoles[i], &PEER_GROUP_ROLE_ADMIN, sizeof(GUID)) == 0)
            return "administrator";
        if (memcmp(&credential->pRoles[i], &PEER_GROUP_ROLE_INVITING_MEMBER, sizeof(GUID)) == 0)
            text = "inviting member";
    }
    return text;
}

enum { MEMBER_COLUMNS = 6 };
struct member_table {
    char **cells;
    int count;
    int present;
    json_t *array;
    json_t *self_addresses;
    const char *self;
};

static json_t *addresses_json(const PEER_MEMBER *member)
{
    json_t *array = json_array();
    for (ULONG i = 0; i < member->cAddresses; i++) {
        char *text CLEANUP_TEXT = address_text(&member->pAddresses[i]);
        json_array_append_new(array, json_string(text));
    }
    return array;
}

static void visit_member(void *context, const void *item)
{
    struct member_table *table = context;
    const PEER_MEMBER *member = item;
    const PEER_CREDENTIAL_INFO *credential = member->pCredentialInfo;
    bool present = member->dwFlags & PEER_MEMBER_PRESENT;
    char *peer = text_from_wide(member->pwzIdentity);
    char *friendly = text_from_wide(credential ? credential->pwzFriendlyName : NULL);
    char *issuer = text_from_wide(credential ? credential->pwzIssuerFriendlyName : NULL);
    char until[MOMENT_TEXT_SIZE] = "", iso[MOMENT_TEXT_SIZE] = "";
    if (credential) {
        moment_local(moment_ticks(&credential->ftValidityEnd), until);
        moment_iso(moment_ticks(&credential->ftValidityEnd), iso);
    }
    if (table->self && strcmp(peer, table->self) == 0)
        table->self_addresses = addresses_json(member);
    json_array_append_new(table->array,
                          json_pack("{s:o, s:o, s:s, s:b, s:o, s:s, s:o}", "name",
                                    output_text(friendly), "peer_name", output_text(peer), "role",
                                    role_text(credential), "present", present, "invited_by",
                                    output_text(issuer), "until", iso, "addresses",
                                    addresses_json(member)));
    table->cells = text_realloc(table->cells, (size_t)(table->count + 1) * MEMBER_COLUMNS *
                                                  sizeof(*table->cells));
    char **row = table->cells + table->count++ * MEMBER_COLUMNS;
    row[0] = text_one_line(friendly ? friendly : "", friendly ? strlen(friendly) : 0, 40);
    row[1] = text_copy(role_text(credential));
    row[2] = text_copy(present ? "here" : "away");
    row[3] = text_copy(until);
    row[4] = short_name(peer);
    row[5] = member->cAddresses > 0 ? address_text(&member->pAddresses[0]) : text_copy("");
    table->present += present;
    free(peer);
    free(friendly);
    free(issuer);
}

static void table_free(struct member_table *table)
{
    for (int i = 0; i < table->count * MEMBER_COLUMNS; i++)
        free(table->cells[i]);
    free(table->cells);
    json_decref(table->array);
    json_decref(table->self_addresses);
}

static HRESULT fill_table(HGROUP group, bool present_only, struct member_table *table)
{
    HPEERENUM enumeration;
    table->array = json_array();
    HRESULT hr =
        PeerGroupEnumMembers(group, present_only ? PEER_MEMBER_PRESENT : 0, NULL, &enumeration);
    return SUCCEEDED(hr) ? enumerate(enumeration, visit_member, table) : hr;
}

static int members(struct context *context, const struct arguments *arguments)
{
    static const char *const headings[] = {"NAME", "ROLE", "NOW", "UNTIL", "PEER NAME", "ADDRESS"};
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct member_table table = {.cells = NULL};
    int result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = fill_table(session.group, arguments_has(arguments, "--present"), &table);
    if (FAILED(hr))
        result = error_hr(context, hr, "cannot list the members");
    else if (context->json)
        output_done(context, json_pack("{s:O}", "members", table.array));
    else if (table.count == 0)
        output_line("No member is known yet; connect with peergroup run.");
    else
        output_table(headings, MEMBER_COLUMNS, table.cells, table.count);
    table_free(&table);
    return result;
}

/* ---- status ---- */

struct neighbours {
    HGROUP group;
    json_t *array;
    struct text_buffer text;
};

static void visit_neighbour(void *context, const void *item)
{
    struct neighbours *neighbours = context;
    const PEER_CONNECTION_INFO *connection = item;
    char *peer CLEANUP_TEXT = text_from_wide(connection->pwzPeerId);
    char *name CLEANUP_TEXT = member_name(neighbours->group, peer ? peer : "");
    char *address CLEANUP_TEXT = address_text(&connection->address);
    bool first = json_array_size(neighbours->array) == 0;
    json_array_append_new(neighbours->array,
                          json_pack("{s:o, s:o, s:s}", "peer_name", output_text(peer), "name",
                                    output_text(name), "address", address));
    char *both CLEANUP_TEXT = text_format("%s%s (%s)", first ? "" : ", ", name, address);
    text_append_string(&neighbours->text, both);
}

struct state {
    DWORD flags;
    struct member_table members;
    struct neighbours neighbours;
    char digest[DIGEST_TEXT_SIZE];
    unsigned records;
};

static HRESULT read_state(const struct session *session, struct state *state)
{
    HPEERENUM enumeration;
    state->members.self = session->identity.peer;
    state->neighbours = (struct neighbours){.group = session->group, .array = json_array()};
    HRESULT hr = PeerGroupGetStatus(session->group, &state->flags);
    if (SUCCEEDED(hr))
        hr = fill_table(session->group, false, &state->members);
    if (SUCCEEDED(hr))
        hr = PeerGroupEnumConnections(session->group, PEER_CONNECTION_NEIGHBOR, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_neighbour, &state->neighbours);
    if (SUCCEEDED(hr))
        hr = group_digest(session->group, state->digest, &state->records);
    return hr;
}

static json_t *state_json(const struct session *session, const struct state *state)
{
    json_t *addresses = state->members.self_addresses;
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:b, s:b, s:i, s:i, s:I, s:s, s:O, s:o}", "identity",
        output_text(session->identity.peer), "identity_name",
        output_text(session->identity.friendly), "group", output_text(session->name.peer),
        "group_name", output_text(session->name.friendly), "listening",
        (int)(state->flags & PEER_GROUP_STATUS_LISTENING), "connected",
        (state->flags & PEER_GROUP_STATUS_HAS_CONNECTIONS) != 0, "members", state->members.count,
        "present", state->members.present, "records", (json_int_t)state->records, "digest",
        state->digest, "neighbours", state->neighbours.array, "addresses",
        addresses ? json_incref(addresses) : json_array());
}

static void print_state(const struct session *session, const struct state *state)
{
    bool listening = state->flags & PEER_GROUP_STATUS_LISTENING;
    bool connected = state->flags & PEER_GROUP_STATUS_HAS_CONNECTIONS;
    const char *address = json_string_value(json_array_get(state->members.self_addresses, 0));
    output_line("group      %s\nas         %s\nstate      %s%s%s%s", session->name.friendly,
                session->identity.friendly,
                listening   ? "online, listening"
                : connected ? "online"
                            : "offline",
                listening && address ? " at " : "", listening && address ? address : "",
                (listening || connected) && !connected ? ", no neighbours" : "");
    if (connected)
        output_line("neighbours %s", state->neighbours.text.data);
    output_line("members    %d, %d here\nrecords    %u\ndigest     %s", state->members.count,
                state->members.present, state->records, state->digest);
}

/* The group is open elsewhere: say so, if that is the case. */
static bool status_held(struct context *context, int *result)
{
    struct name identity CLEANUP_NAME = {.peer = NULL}, group CLEANUP_NAME = {.peer = NULL};
    DWORD process = 0;
    if (context->live || library_start(context) != EXIT_OK)
        return false;
    *result = group_choose(context, NULL, &identity, &group);
    if (*result != EXIT_OK)
        return true;
    WCHAR *identity_wide CLEANUP_TEXT = text_to_wide(identity.peer);
    WCHAR *group_wide CLEANUP_TEXT = text_to_wide(group.peer);
    if (FAILED(PeerGroupGetHolder(identity_wide, group_wide, &process)) || process == 0)
        return false;
    if (context->json)
        output_done(context,
                    json_pack("{s:o, s:o, s:o, s:o, s:I}", "identity", output_text(identity.peer),
                              "identity_name", output_text(identity.friendly), "group",
                              output_text(group.peer), "group_name", output_text(group.friendly),
                              "held_by", (json_int_t)process));
    else
        output_line("group      %s\nas         %s\nstate      open in process %u; type status "
                    "there",
                    group.friendly, identity.friendly, (unsigned)process);
    return true;
}

static int status(struct context *context, const struct arguments *arguments)
{
    (void)arguments;
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct state state = {.flags = 0};
    int result;
    if (status_held(context, &result))
        return result;
    result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = read_state(&session, &state);
    if (FAILED(hr))
        result = error_hr(context, hr, "cannot read the status");
    else if (context->json)
        output_done(context, state_json(&session, &state));
    else
        print_state(&session, &state);
    table_free(&state.members);
    json_decref(state.neighbours.array);
    free(state.neighbours.text.data);
    return result;
}

/* ---- send ---- */

static int send_words(struct context *context, const struct arguments *arguments)
{
    const char *path = arguments_option(arguments, "--file");
    struct text_buffer data = {.data = NULL};
    if (!path == (arguments->word_count == 1))
        return error_usage(context, "send wants a text or --file FILE after the member");
    if (path) {
        int result = file_read(context, path, &data);
        if (result != EXIT_OK)
            return result;
    } else {
        data.data = arguments_join(arguments, 1);
        data.size = strlen(data.data);
    }
    int result = live_send(context, arguments->words[0], data.data, data.size);
    free(data.data);
    return result;
}

static const struct option members_options[] = {{"--present", NULL, "only those who are here now"},
                                                {NULL, NULL, NULL}};
static const struct option send_options[] = {{"--file", "FILE", "send what is in the file"},
                                             {NULL, NULL, NULL}};

const struct command member_commands[] = {
    {"members", "", "List the members: who, which role, here or away", NULL, members_options, 0, 0,
     COMMAND_ANYWHERE, members},
    {"status", "", "Say whether the group is online, with whom, and what it holds",
     "Includes the digest of peergroup group digest.", NULL, 0, 0, COMMAND_ANYWHERE, status},
    {"send", "MEMBER [TEXT]", "Send something to one member directly; it is not kept",
     "MEMBER is a friendly name, a peer name or the beginning of one, and must be here.",
     send_options, 1, -1, COMMAND_CONNECTED, send_words},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
