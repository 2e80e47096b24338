/* cmd_group.c - peergroup group: create, list, show, password, delete, digest.
 *
 * A group lives in the data folder of each member. Creating one makes its keys here; deleting one
 * removes this member's copy only. Failure: one line, and what was there before stays as it was;
 * only a group whose owner asked for it goes. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/invitation.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/password.h"
#include "cli/records.h"
#include "cli/text.h"

#include <string.h>

/* The peer name of an open group (free). */
static HRESULT group_peer_name(HGROUP group, char **peer)
{
    PEER_GROUP_PROPERTIES *properties = NULL;
    HRESULT hr = PeerGroupGetProperties(group, &properties);
    *peer = SUCCEEDED(hr) ? text_from_wide(properties->pwzGroupPeerName) : NULL;
    PeerFreeData(properties);
    return hr;
}

/* With --password-role or --password-file: *role and *password; without either: neither. */
static int read_new_password(struct context *context, const struct arguments *arguments,
                             const PEER_ROLE_ID **role, WCHAR **password)
{
    const char *word = arguments_option(arguments, "--password-role");
    if (!word && !arguments_option(arguments, "--password-file"))
        return EXIT_OK;
    *role = role_of_word(word ? word : "member");
    if (!*role)
        return error_usage(context, "--password-role is member, inviting or admin");
    return password_read(context, arguments, true, password);
}

static int create(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    WCHAR *password CLEANUP_PASSWORD = NULL;
    const PEER_ROLE_ID *role = NULL;
    int result = library_start(context);
    if (result == EXIT_OK)
        result = identity_choose(context, NULL, &identity);
    if (result == EXIT_OK)
        result = read_new_password(context, arguments, &role, &password);
    if (result != EXIT_OK)
        return result;
    WCHAR *creator CLEANUP_TEXT = text_to_wide(identity.peer);
    WCHAR *friendly CLEANUP_TEXT = text_to_wide(arguments->words[0]);
    WCHAR *comment CLEANUP_TEXT = text_to_wide(arguments_option(arguments, "--comment"));
    WCHAR *classifier CLEANUP_TEXT = text_to_wide(arguments_option(arguments, "--classifier"));
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties),
                                        .pwzCreatorPeerName = creator,
                                        .pwzFriendlyName = friendly,
                                        .pwzComment = comment,
                                        .pwzClassifier = classifier};
    HGROUP group = NULL;
    char *peer CLEANUP_TEXT = NULL;
    if (!friendly)
        return error_usage(context, "the name is not UTF-8");
    if (role) {
        properties.dwAuthenticationSchemes = PEER_GROUP_PASSWORD_AUTHENTICATION;
        properties.pwzGroupPassword = password;
        properties.groupPasswordRole = *role;
    }
    HRESULT hr = PeerGroupCreate(&properties, &group);
    if (SUCCEEDED(hr))
        hr = group_peer_name(group, &peer);
    if (group)
        PeerGroupClose(group);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot create the group \"%s\"", arguments->words[0]);
    struct name made = {.peer = peer, .friendly = (char *)arguments->words[0]};
    if (context->json)
        output_done(context, json_pack("{s:o, s:o}", "group", name_json(made.peer, made.friendly),
                                       "identity", name_json(identity.peer, identity.friendly)));
    else
        output_line("Created the group %s: %s\n%s is its administrator. Go online with: peergroup "
                    "run",
                    made.friendly, peer, identity.friendly);
    return EXIT_OK;
}

static int list_one(struct context *context, const struct name *identity, json_t *array, int *shown)
{
    struct name_list groups CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = group_names(identity->peer, &groups);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the groups of \"%s\"", identity->friendly);
    char **cells CLEANUP_TEXT = text_alloc((size_t)groups.count * 3 * sizeof(*cells));
    for (int i = 0; i < groups.count; i++) {
        json_t *one = name_json(groups.items[i].peer, groups.items[i].friendly);
        json_object_set_new(one, "identity", name_json(identity->peer, identity->friendly));
        json_array_append_new(array, one);
        cells[3 * i] = groups.items[i].friendly;
        cells[3 * i + 1] = identity->friendly;
        cells[3 * i + 2] = groups.items[i].peer;
    }
    static const char *const headings[] = {"GROUP", "AS", "PEER NAME"};
    if (!context->json && groups.count > 0)
        output_table(headings, 3, cells, groups.count);
    *shown += groups.count;
    return EXIT_OK;
}

static int list(struct context *context, const struct arguments *arguments)
{
    (void)arguments;
    struct name_list identities CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = identity_names(&identities);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the identities");
    json_t *array = json_array();
    int result = EXIT_OK, shown = 0;
    int only = context->identity ? name_list_find(&identities, context->identity) : -1;
    if (context->identity && only < 0)
        result = error_say(context, EXIT_NOT_FOUND, "PEER_E_NOT_FOUND",
                           "no identity is called \"%s\"; see peergroup identity list",
                           context->identity);
    for (int i = 0; i < identities.count && result == EXIT_OK; i++)
        if (only < 0 || i == only)
            result = list_one(context, &identities.items[i], array, &shown);
    if (result == EXIT_OK && context->json)
        output_done(context, json_pack("{s:O}", "groups", array));
    else if (result == EXIT_OK && shown == 0)
        output_line("There is no group yet; make one: peergroup group create NAME, or join one: "
                    "peergroup join FILE");
    json_decref(array);
    return result;
}

static void print_properties(const PEER_GROUP_PROPERTIES *properties, const struct session *session)
{
    char *creator CLEANUP_TEXT = text_from_wide(properties->pwzCreatorPeerName);
    char *who CLEANUP_TEXT = member_name(session->group, creator ? creator : "");
    char *comment CLEANUP_TEXT = text_from_wide(properties->pwzComment);
    char *friendly CLEANUP_TEXT = text_from_wide(properties->pwzFriendlyName);
    char *cloud CLEANUP_TEXT = text_from_wide(properties->pwzCloud);
    output_line("name       %s\npeer name  %s\ncreator    %s\nas         %s\ncloud      %s",
                friendly ? friendly : "", session->name.peer, who, session->identity.friendly,
                cloud ? cloud : "");
    if (comment && comment[0])
        output_line("comment    %s", comment);
    output_line("lifetimes  members %u days, presence %u seconds",
                (unsigned)properties->ulMemberDataLifetime / 86400,
                (unsigned)properties->ulPresenceLifetime);
}

static json_t *properties_json(const PEER_GROUP_PROPERTIES *properties,
                               const struct session *session)
{
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "name",
        output_wide(properties->pwzFriendlyName), "peer_name", output_text(session->name.peer),
        "creator", output_wide(properties->pwzCreatorPeerName), "identity",
        output_text(session->identity.peer), "cloud", output_wide(properties->pwzCloud),
        "classifier", output_wide(properties->pwzClassifier), "comment",
        output_wide(properties->pwzComment), "member_data_lifetime",
        (json_int_t)properties->ulMemberDataLifetime, "presence_lifetime",
        (json_int_t)properties->ulPresenceLifetime);
}

static int show(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    PEER_GROUP_PROPERTIES *properties = NULL;
    int result =
        session_open(context, arguments->word_count ? arguments->words[0] : NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupGetProperties(session.group, &properties);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the group's properties");
    if (context->json)
        output_done(context, json_pack("{s:o}", "group", properties_json(properties, &session)));
    else
        print_properties(properties, &session);
    PeerFreeData(properties);
    return EXIT_OK;
}

static int delete_group(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL}, group CLEANUP_NAME = {.peer = NULL};
    int result = library_start(context);
    if (result == EXIT_OK)
        result = group_choose(context, arguments->words[0], &identity, &group);
    if (result != EXIT_OK)
        return result;
    WCHAR *identity_wide CLEANUP_TEXT = text_to_wide(identity.peer);
    WCHAR *group_wide CLEANUP_TEXT = text_to_wide(group.peer);
    HRESULT hr = PeerGroupDelete(identity_wide, group_wide);
    if (hr == PEER_E_GROUP_IN_USE) {
        char *holder CLEANUP_TEXT = session_holder_text(&identity, &group);
        return error_say(context, EXIT_BUSY, "PEER_E_GROUP_IN_USE",
                         "the group \"%s\" is open in %s; end that first", group.friendly, holder);
    }
    if (FAILED(hr))
        return error_hr(context, hr, "cannot delete the group \"%s\"", group.friendly);
    if (context->json)
        output_done(context, json_pack("{s:o}", "group", name_json(group.peer, group.friendly)));
    else
        output_line("Deleted %s's copy of the group %s. The group goes on elsewhere.",
                    identity.friendly, group.friendly);
    return EXIT_OK;
}

static int set_password(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    WCHAR *password CLEANUP_PASSWORD = NULL;
    PEER_GROUP_PROPERTIES *properties = NULL;
    const char *word = arguments_option(arguments, "--role");
    const PEER_ROLE_ID *role = role_of_word(word ? word : "member");
    if (!role)
        return error_usage(context, "--role is member, inviting or admin");
    int result =
        session_open(context, arguments->word_count ? arguments->words[0] : NULL, &session);
    if (result == EXIT_OK)
        result = password_read(context, arguments, true, &password);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupGetProperties(session.group, &properties);
    if (SUCCEEDED(hr)) {
        bool had = properties->dwAuthenticationSchemes & PEER_GROUP_PASSWORD_AUTHENTICATION;
        properties->dwAuthenticationSchemes |= PEER_GROUP_PASSWORD_AUTHENTICATION;
        properties->pwzGroupPassword = password;
        if (word || !had)
            properties->groupPasswordRole = *role;
        hr = PeerGroupSetProperties(session.group, properties);
        properties->pwzGroupPassword = NULL;
        PeerFreeData(properties);
    }
    if (FAILED(hr))
        return error_hr(context, hr, "cannot set the password");
    if (context->json)
        output_done(context, json_pack("{s:o}", "group",
                                       name_json(session.name.peer, session.name.friendly)));
    else
        output_line("The group %s has a new password. Members stay; invitations by password go on "
                    "working, with this one.",
                    session.name.friendly);
    return EXIT_OK;
}

static int digest(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    char text[DIGEST_TEXT_SIZE];
    unsigned count;
    int result =
        session_open(context, arguments->word_count ? arguments->words[0] : NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = group_digest(session.group, text, &count);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot digest the records");
    if (context->json)
        output_done(context, json_pack("{s:s, s:I}", "digest", text, "records", (json_int_t)count));
    else
        output_line("%s  %u record%s", text, count, count == 1 ? "" : "s");
    return EXIT_OK;
}

static const struct option create_options[] = {
    {"--comment", "TEXT", "what the group is for, up to 255 characters"},
    {"--classifier", "TEXT", "a word that becomes part of the peer name, up to 149 characters"},
    {"--password-role", "ROLE", "let in who knows a password, as member, inviting or admin"},
    OPTION_PASSWORD_FILE,
    {NULL, NULL, NULL}};

static const struct option password_options[] = {
    {"--role", "ROLE", "what who knows it becomes: member (the default), inviting or admin"},
    OPTION_PASSWORD_FILE,
    {NULL, NULL, NULL}};

const struct command group_commands[] = {
    {"group create", "NAME", "Found a group, with this identity as its administrator", NULL,
     create_options, 1, 1, COMMAND_ALONE, create},
    {"group list", "", "List the groups on this machine", NULL, NULL, 0, 0, COMMAND_ALONE, list},
    {"group show", "[GROUP]", "Show what a group is", NULL, NULL, 0, 1, COMMAND_ANYWHERE, show},
    {"group digest", "[GROUP]", "Print one number for all records, to compare members by",
     "SHA-256 over id, version, payload and attributes of every record, in the order of ids.\n"
     "Members whose digests are equal hold the same records.",
     NULL, 0, 1, COMMAND_ANYWHERE, digest},
    {"group password", "[GROUP]", "Give the group a password, or another one",
     "Only its creator may. Who is a member stays one; the old password lets nobody in any more.",
     password_options, 0, 1, COMMAND_ANYWHERE, set_password},
    {"group delete", "GROUP", "Delete this identity's copy of a group",
     "Other members keep theirs. To come back, a new invitation is needed.", NULL, 1, 1,
     COMMAND_ALONE, delete_group},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
