/* cmd_export.c - peergroup identity export, import; group export, import, backup, restore.
 *
 * An identity moves first, then the group's configuration, both under a password; a backup holds
 * the group's records and no keys. Files that are written are their owner's alone. Failure: what
 * the library cannot tell apart (an altered file, a wrong password) is one line that names both. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/file.h"
#include "cli/output.h"
#include "cli/password.h"
#include "cli/session.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files with secrets in them are nobody else's to read, encrypted or not. */
static int write_private(const struct context *context, const char *path, PCWSTR xml)
{
    char *text CLEANUP_TEXT = text_from_wide(xml);
    mode_t before = umask(077);
    int result = file_write(context, path, text, strlen(text));
    umask(before);
    return result;
}

static int refused(const struct context *context, HRESULT hr, const char *path, const char *what)
{
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_REFUSED, "E_INVALIDARG",
                         "cannot import %s: it is no %s, was changed, or the password is a wrong "
                         "one; try again",
                         path, what);
    return error_hr(context, hr, "cannot import %s", path);
}

/* ---- identities ---- */

static int export_identity(struct context *context, const struct arguments *arguments)
{
    struct name identity CLEANUP_NAME = {.peer = NULL};
    WCHAR *password CLEANUP_PASSWORD = NULL;
    const char *wanted = arguments->word_count > 0 ? arguments->words[0] : NULL;
    const char *path = arguments_option(arguments, "--output");
    if (!path)
        return error_usage(context, "say where to: --output FILE");
    int result = identity_choose(context, wanted, &identity);
    if (result == EXIT_OK)
        result = password_read(context, arguments, true, &password);
    if (result != EXIT_OK)
        return result;
    WCHAR *peer CLEANUP_TEXT = text_to_wide(identity.peer);
    PWSTR xml = NULL;
    HRESULT hr = PeerIdentityExport(peer, password, &xml);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot export the identity \"%s\"", identity.friendly);
    result = write_private(context, path, xml);
    PeerFreeData(xml);
    if (result == EXIT_OK && context->json)
        output_done(context,
                    json_pack("{s:o}", "identity", name_json(identity.peer, identity.friendly)));
    else if (result == EXIT_OK && strcmp(path, "-") != 0)
        output_line("Wrote the identity %s with its key to %s. Whoever has it and the password is "
                    "%s.",
                    identity.friendly, path, identity.friendly);
    return result;
}

static int import_identity(struct context *context, const struct arguments *arguments)
{
    WCHAR *password CLEANUP_PASSWORD = NULL;
    WCHAR *xml CLEANUP_TEXT = NULL;
    const char *path = arguments->words[0];
    PWSTR made = NULL, friendly = NULL;
    int result = file_read_text(context, path, &xml);
    if (result == EXIT_OK)
        result = password_read(context, arguments, false, &password);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerIdentityImport(xml, password, &made);
    if (SUCCEEDED(hr))
        hr = PeerIdentityGetFriendlyName(made, &friendly);
    if (FAILED(hr)) {
        PeerFreeData(made);
        return refused(context, hr, path, "exported identity");
    }
    struct name identity CLEANUP_NAME = {.peer = text_from_wide(made),
                                         .friendly = text_from_wide(friendly)};
    PeerFreeData(made);
    PeerFreeData(friendly);
    if (context->json)
        output_done(context,
                    json_pack("{s:o}", "identity", name_json(identity.peer, identity.friendly)));
    else
        output_line("Imported the identity %s: %s", identity.friendly, identity.peer);
    return EXIT_OK;
}

/* ---- groups: the configuration ---- */

static int export_group(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    WCHAR *password CLEANUP_PASSWORD = NULL;
    const char *path = arguments_option(arguments, "--output");
    if (!path)
        return error_usage(context, "say where to: --output FILE");
    int result =
        session_open(context, arguments->word_count ? arguments->words[0] : NULL, &session);
    if (result == EXIT_OK)
        result = password_read(context, arguments, true, &password);
    if (result != EXIT_OK)
        return result;
    PWSTR xml = NULL;
    HRESULT hr = PeerGroupExportConfig(session.group, password, &xml);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot export the group \"%s\"", session.name.friendly);
    result = write_private(context, path, xml);
    PeerFreeData(xml);
    if (result == EXIT_OK && context->json)
        output_done(context, json_pack("{s:o}", "group",
                                       name_json(session.name.peer, session.name.friendly)));
    else if (result == EXIT_OK && strcmp(path, "-") != 0)
        output_line("Wrote what %s needs for the group %s to %s; its records: peergroup group "
                    "backup",
                    session.identity.friendly, session.name.friendly, path);
    return result;
}

static int import_group(struct context *context, const struct arguments *arguments)
{
    WCHAR *password CLEANUP_PASSWORD = NULL;
    WCHAR *xml CLEANUP_TEXT = NULL;
    const char *path = arguments->words[0];
    PWSTR identity = NULL, group = NULL;
    int result = library_start(context);
    if (result == EXIT_OK)
        result = file_read_text(context, path, &xml);
    if (result == EXIT_OK)
        result = password_read(context, arguments, false, &password);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupImportConfig(xml, password, arguments_has(arguments, "--overwrite"),
                                       &identity, &group);
    if (hr == PEER_E_ALREADY_EXISTS)
        return error_say(context, EXIT_BUSY, "PEER_E_ALREADY_EXISTS",
                         "cannot import %s: the group is here already; open it, or --overwrite",
                         path);
    if (FAILED(hr))
        return refused(context, hr, path, "exported group whose identity is here");
    char *peer CLEANUP_TEXT = text_from_wide(group);
    PeerFreeData(identity);
    PeerFreeData(group);
    if (context->json)
        output_done(context, json_pack("{s:o}", "group", output_text(peer)));
    else
        output_line("Imported the group %s. Go online with: peergroup run", peer);
    return EXIT_OK;
}

/* ---- groups: the records ---- */

/* The library wants absolute paths (free). */
static WCHAR *absolute(const char *path)
{
    char here[4096];
    bool relative = path[0] != '/' && getcwd(here, sizeof(here));
    char *whole CLEANUP_TEXT = relative ? text_format("%s/%s", here, path) : text_copy(path);
    return text_to_wide(whole);
}

static int backup(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    const char *path = arguments->words[0];
    int result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    WCHAR *wide CLEANUP_TEXT = absolute(path);
    HRESULT hr = PeerGroupExportDatabase(session.group, wide);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot write the records to %s", path);
    if (context->json)
        output_done(context, json_pack("{s:o}", "group",
                                       name_json(session.name.peer, session.name.friendly)));
    else
        output_line("Wrote the records of %s to %s; they are not encrypted.", session.name.friendly,
                    path);
    return EXIT_OK;
}

static int restore(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    const char *path = arguments->words[0];
    int result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    WCHAR *wide CLEANUP_TEXT = absolute(path);
    HRESULT hr = PeerGroupImportDatabase(session.group, wide);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_REFUSED, "E_INVALIDARG",
                         "cannot restore %s: it is no backup by this identity of this group, or "
                         "was changed; take another copy",
                         path);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot restore %s", path);
    if (context->json)
        output_done(context, json_pack("{s:o}", "group",
                                       name_json(session.name.peer, session.name.friendly)));
    else
        output_line("Restored the records of %s; what was newer here stayed.",
                    session.name.friendly);
    return EXIT_OK;
}

static const struct option output_options[] = {
    {"--output", "FILE", "write it there; - is standard output"},
    OPTION_PASSWORD_FILE,
    {NULL, NULL, NULL}};
static const struct option import_options[] = {OPTION_PASSWORD_FILE, {NULL, NULL, NULL}};
static const struct option overwrite_options[] = {
    {"--overwrite", NULL, "renew a group that is here; its records stay"},
    OPTION_PASSWORD_FILE,
    {NULL, NULL, NULL}};

const struct command export_commands[] = {
    {"identity export", "[NAME]", "Write an identity with its key, under a password",
     "For another machine of the same person. Groups are not in it: see group export.",
     output_options, 0, 1, COMMAND_ALONE, export_identity},
    {"identity import", "FILE", "Install an exported identity", NULL, import_options, 1, 1,
     COMMAND_ALONE, import_identity},
    {"group export", "[GROUP]", "Write what this identity needs to use a group elsewhere",
     "Under a password; for the creator with the group's key. Records are not in it: see group "
     "backup.",
     output_options, 0, 1, COMMAND_ANYWHERE, export_group},
    {"group import", "FILE", "Install an exported group; its identity must be here",
     "Import the identity first. Records come from the other members, or from a backup.",
     overwrite_options, 1, 1, COMMAND_ALONE, import_group},
    {"group backup", "FILE", "Write the records of a group to a file, over one that is there",
     "The file is not encrypted; it holds no keys.", NULL, 1, 1, COMMAND_ANYWHERE, backup},
    {"group restore", "FILE", "Take the records of a backup into the same group",
     "Only by the identity that wrote it. Every record is verified; what is newer here stays.",
     NULL, 1, 1, COMMAND_ALONE, restore},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
