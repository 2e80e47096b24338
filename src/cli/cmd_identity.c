/* cmd_identity.c - peergroup identity: who this person or machine is.
 *
 * An identity is made once; its card (the XML of `identity card`) goes to whoever will invite it.
 * Nothing here needs a network or an open group. Failure: one line; an identity that still has
 * groups is not deleted. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/session.h"

#include <string.h>

static int create(struct context *context, const struct arguments *arguments)
{
    const char *name = arguments->words[0];
    WCHAR *friendly CLEANUP_TEXT = text_to_wide(name);
    WCHAR *classifier CLEANUP_TEXT = text_to_wide(arguments_option(arguments, "--classifier"));
    PWSTR made = NULL;
    if (!friendly)
        return error_usage(context, "the name is not UTF-8");
    HRESULT hr = PeerIdentityCreate(classifier, friendly, 0, &made);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot create the identity \"%s\"", name);
    char *peer CLEANUP_TEXT = text_from_wide(made);
    PeerFreeData(made);
    if (context->json)
        output_done(context, json_pack("{s:o}", "identity", name_json(peer, name)));
    else if (!*name)
        output_line("Created an identity without a name: %s", peer);
    else
        output_line("Created the identity %s: %s", name, peer);
    return EXIT_OK;
}

static int list(struct context *context, const struct arguments *arguments)
{
    (void)arguments;
    struct name_list names CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = identity_names(&names);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the identities");
    json_t *array = json_array();
    char **cells CLEANUP_TEXT = text_alloc((size_t)names.count * 2 * sizeof(*cells));
    for (int i = 0; i < names.count; i++) {
        json_array_append_new(array, name_json(names.items[i].peer, names.items[i].friendly));
        cells[2 * i] = names.items[i].friendly;
        cells[2 * i + 1] = names.items[i].peer;
    }
    static const char *const headings[] = {"NAME", "PEER NAME"};
    if (context->json)
        output_done(context, json_pack("{s:O}", "identities", array));
    else if (names.count == 0)
        output_line("There is no identity yet; make one: peergroup identity create NAME");
    else
        output_table(headings, 2, cells, names.count);
    json_decref(array);
    return EXIT_OK;
}

static int show(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    struct name_list groups CLEANUP_NAMES = {.items = NULL};
    const char *wanted = arguments->word_count > 0 ? arguments->words[0] : NULL;
    int result = identity_choose(context, wanted, &identity);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = group_names(identity.peer, &groups);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the groups");
    json_t *array = json_array();
    if (!context->json)
        output_line("name       %s\npeer name  %s", identity.friendly, identity.peer);
    for (int i = 0; i < groups.count; i++) {
        json_array_append_new(array, name_json(groups.items[i].peer, groups.items[i].friendly));
        char *peer CLEANUP_TEXT = short_name(groups.items[i].peer);
        if (!context->json)
            output_line("group      %s (%s)",
                        groups.items[i].friendly ? groups.items[i].friendly : "", peer);
    }
    if (context->json)
        output_done(context,
                    json_pack("{s:o, s:O}", "identity", name_json(identity.peer, identity.friendly),
                              "groups", array));
    json_decref(array);
    return EXIT_OK;
}

static int rename_identity(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    int result = identity_choose(context, arguments->words[0], &identity);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(identity.peer);
    WCHAR *friendly CLEANUP_TEXT = text_to_wide(arguments->words[1]);
    if (!friendly)
        return error_usage(context, "the name is not UTF-8");
    HRESULT hr = PeerIdentitySetFriendlyName(peer, friendly);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot rename the identity");
    if (context->json)
        output_done(context,
                    json_pack("{s:o}", "identity", name_json(identity.peer, arguments->words[1])));
    else
        output_line("%s is called %s now.", identity.friendly, arguments->words[1]);
    return EXIT_OK;
}

static int delete_identity(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    int result = identity_choose(context, arguments->words[0], &identity);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(identity.peer);
    HRESULT hr = PeerIdentityDelete(peer);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot delete the identity \"%s\"", identity.friendly);
    if (context->json)
        output_done(context,
                    json_pack("{s:o}", "identity", name_json(identity.peer, identity.friendly)));
    else
        output_line("Deleted the identity %s with its keys.", identity.friendly);
    return EXIT_OK;
}

static int card(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    const char *wanted = arguments->word_count > 0 ? arguments->words[0] : NULL;
    const char *path = arguments_option(arguments, "--output");
    int result = identity_choose(context, wanted, &identity);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(identity.peer);
    PWSTR made = NULL;
    HRESULT hr = PeerIdentityGetXML(peer, &made);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot make the card of \"%s\"", identity.friendly);
    char *xml CLEANUP_TEXT = text_from_wide(made);
    PeerFreeData(made);
    if (!context->json || path)
        result = file_write(context, path, xml, strlen(xml));
    if (result == EXIT_OK && context->json)
        output_done(context,
                    json_pack("{s:o, s:o}", "identity", name_json(identity.peer, identity.friendly),
                              "xml", output_text(xml)));
    else if (result == EXIT_OK && path && strcmp(path, "-") != 0)
        output_line("Wrote the card of %s to %s; give it to whoever will invite you.",
                    identity.friendly, path);
    return result;
}

static const struct option create_options[] = {
    {"--classifier", "TEXT", "a word that becomes part of the peer name, up to 149 characters"},
    {NULL, NULL, NULL}};
static const struct option card_options[] = {
    {"--output", "FILE", "write the card there instead of printing it"}, {NULL, NULL, NULL}};

const struct command identity_commands[] = {
    {"identity create", "NAME", "Make an identity: a key and the peer name that follows from it",
     "NAME is what others see. Most people need one identity.", create_options, 1, 1, COMMAND_ALONE,
     create},
    {"identity list", "", "List the identities of this user", NULL, NULL, 0, 0, COMMAND_ALONE,
     list},
    {"identity show", "[NAME]", "Show one identity and its groups", NULL, NULL, 0, 1, COMMAND_ALONE,
     show},
    {"identity card", "[NAME]", "Print what an inviter needs of an identity: its public part",
     "The card holds no secret. Send it to a member, who answers with an invitation.", card_options,
     0, 1, COMMAND_ALONE, card},
    {"identity rename", "NAME NEW", "Change the name that others see",
     "Groups joined before keep the old name.", NULL, 2, 2, COMMAND_ALONE, rename_identity},
    {"identity delete", "NAME", "Delete an identity with its keys, for good",
     "Its groups must be deleted first.", NULL, 1, 1, COMMAND_ALONE, delete_identity},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
