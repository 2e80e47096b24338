/* cmd_record.c - peergroup record: add, get, list, update, delete, search.
 *
 * A record is a payload (words, a file, standard input), attributes and an expiration. Adding and
 * changing is done in this member's database and is on disk when the command ends; others get it
 * while the group is connected, at once or when they next meet this member. */
#include "cli/arguments.h"
#include "cli/error.h"
#include "cli/file.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/records.h"

#include <string.h>
#include <unistd.h>

#define DEFAULT_LIFE (30 * MOMENT_DAY)

/* ---- input ---- */

/* The payload: words from the first-th on, --file, or standard input. given: there was one. */
static int read_payload(const struct context *context, const struct arguments *arguments, int first,
                        bool required, struct text_buffer *data, bool *given)
{
    const char *path = arguments_option(arguments, "--file");
    bool words = arguments->word_count > first;
    *data = (struct text_buffer){.data = NULL};
    *given = words || path || (required && !context->live);
    if (words && path)
        return error_usage(context, "give a text or --file, not both");
    if (words) {
        data->data = arguments_join(arguments, first);
        data->size = strlen(data->data);
        return EXIT_OK;
    }
    if (!path && required && context->live)
        return error_usage(context, "give a text or --file FILE");
    return *given ? file_read(context, path ? path : "-", data) : EXIT_OK;
}

static void visit_end(void *context, const void *item)
{
    const PEER_MEMBER *member = item;
    if (member->pCredentialInfo)
        *(uint64_t *)context = moment_ticks(&member->pCredentialInfo->ftValidityEnd);
}

/* The default: 30 days, or less where the membership ends before. */
static uint64_t default_end(const struct session *session)
{
    uint64_t end = moment_now() + DEFAULT_LIFE, own = UINT64_MAX;
    WCHAR *self CLEANUP_TEXT = text_to_wide(session->identity.peer);
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumMembers(session->group, 0, self, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_end, &own);
    return SUCCEEDED(hr) && own < end ? own - 60 * MOMENT_SECOND : end;
}

static int read_end(const struct context *context, const struct arguments *arguments,
                    const struct session *session, uint64_t standard, FILETIME *peer_time)
{
    const char *text = arguments_option(arguments, "--expires");
    uint64_t ticks = standard;
    if (text && !moment_parse(text, &ticks))
        return error_usage(context, "--expires takes 2d, 12h or 2027-01-31, not %s", text);
    if (ticks <= moment_now())
        return error_usage(context, "--expires %s has passed", text ? text : "");
    FILETIME utc = moment_filetime(ticks);
    HRESULT hr = PeerGroupUniversalTimeToPeerTime(session->group, &utc, peer_time);
    return SUCCEEDED(hr) ? EXIT_OK : error_hr(context, hr, "cannot write records yet");
}

/* ---- output ---- */

static void print_short(HGROUP group, const PEER_RECORD *record)
{
    char id[GUID_TEXT_SIZE];
    char *creator CLEANUP_TEXT = text_from_wide(record->pwzCreatorId);
    char *who CLEANUP_TEXT = member_name(group, creator ? creator : "");
    char *title CLEANUP_TEXT = record_title(record);
    text_guid(&record->id, id);
    output_line("%s  version %u by %s, %u bytes: %s", id, (unsigned)record->dwVersion, who,
                (unsigned)record->data.cbData, title);
}

/* What a change has led to. */
static int tell_change(struct context *context, HGROUP group, const GUID *id, const char *verb)
{
    char text[GUID_TEXT_SIZE];
    PEER_RECORD *record = NULL;
    text_guid(id, text);
    HRESULT hr = PeerGroupGetRecord(group, id, &record);
    if (context->json)
        output_done(context, json_pack("{s:s, s:i}", "id", text, "version",
                                       SUCCEEDED(hr) ? (int)record->dwVersion : 0));
    else
        output_line("%s %s, version %u", verb, text,
                    SUCCEEDED(hr) ? (unsigned)record->dwVersion : 0);
    PeerFreeData(record);
    return EXIT_OK;
}

/* ---- commands ---- */

static int add_to(struct context *context, const struct arguments *arguments,
                  struct session *session, struct text_buffer *data)
{
    const char *type = arguments_option(arguments, "--type");
    char *attributes CLEANUP_TEXT = NULL;
    PEER_RECORD record = {.dwSize = sizeof(record), .type = record_type_note};
    if (type && !record_type_parse(type, &record.type))
        return error_usage(context, "--type is note, chat or a GUID, not %s", type);
    int result =
        attributes_make(context, arguments, arguments_option(arguments, "--file"), &attributes);
    if (result == EXIT_OK)
        result = read_end(context, arguments, session, default_end(session), &record.ftExpiration);
    if (result != EXIT_OK)
        return result;
    WCHAR *wide CLEANUP_TEXT = text_to_wide(attributes);
    if (attributes && !wide)
        return error_usage(context, "an attribute is not UTF-8");
    record.pwzAttributes = wide;
    record.data = (PEER_DATA){.cbData = (ULONG)data->size, .pbData = (PBYTE)data->data};
    GUID id;
    HRESULT hr = PeerGroupAddRecord(session->group, &record, &id);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot add the record");
    return tell_change(context, session->group, &id, "Added");
}

static int add(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct text_buffer data;
    bool given;
    int result = read_payload(context, arguments, 0, true, &data, &given);
    if (result == EXIT_OK)
        result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = add_to(context, arguments, &session, &data);
    free(data.data);
    return result;
}

/* Opens the group and fetches the record that the first word names; free it with PeerFreeData. */
static int fetch(struct context *context, const struct arguments *arguments,
                 struct session *session, PEER_RECORD **record)
{
    GUID id;
    *record = NULL;
    int result = session_open(context, NULL, session);
    if (result == EXIT_OK)
        result = record_find(context, session->group, arguments->words[0], &id);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupGetRecord(session->group, &id, record);
    return SUCCEEDED(hr) ? EXIT_OK
                         : error_hr(context, hr, "cannot get the record %s", arguments->words[0]);
}

static int update_in(struct context *context, const struct arguments *arguments,
                     struct session *session, PEER_RECORD *record, struct text_buffer *data)
{
    char *attributes CLEANUP_TEXT = NULL;
    FILETIME end = record->ftExpiration;
    int result = EXIT_OK;
    if (arguments_has(arguments, "--expires"))
        result = read_end(context, arguments, session, 0, &end);
    if (result == EXIT_OK && CompareFileTime(&end, &record->ftExpiration) < 0)
        result = error_usage(context, "a new version may not expire before the old one");
    if (result == EXIT_OK)
        result =
            attributes_make(context, arguments, arguments_option(arguments, "--file"), &attributes);
    if (result != EXIT_OK)
        return result;
    WCHAR *wide CLEANUP_TEXT = text_to_wide(attributes);
    PEER_RECORD change = *record;
    change.ftExpiration = end;
    if (attributes)
        change.pwzAttributes = wide;
    if (data->data)
        change.data = (PEER_DATA){.cbData = (ULONG)data->size, .pbData = (PBYTE)data->data};
    HRESULT hr = PeerGroupUpdateRecord(session->group, &change);
    if (hr == PEER_E_NOT_AUTHORIZED)
        return error_say(context, EXIT_REFUSED, "PEER_E_NOT_AUTHORIZED",
                         "cannot change the record: only its creator and administrators may; ask "
                         "one of them");
    if (FAILED(hr))
        return error_hr(context, hr, "cannot change the record");
    return tell_change(context, session->group, &record->id, "Changed");
}

static int update(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    struct text_buffer data;
    PEER_RECORD *record = NULL;
    bool given;
    int result = read_payload(context, arguments, 1, false, &data, &given);
    if (result == EXIT_OK && !given && !arguments_has(arguments, "--attribute") &&
        !arguments_has(arguments, "--expires"))
        result = error_usage(context, "nothing to change: give a text, --file, --attribute or "
                                      "--expires");
    if (result == EXIT_OK)
        result = fetch(context, arguments, &session, &record);
    if (result == EXIT_OK)
        result = update_in(context, arguments, &session, record, &data);
    PeerFreeData(record);
    free(data.data);
    return result;
}

static int delete_record(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    GUID id;
    int result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = record_find(context, session.group, arguments->words[0], &id);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupDeleteRecord(session.group, &id);
    if (hr == PEER_E_NOT_AUTHORIZED)
        return error_say(context, EXIT_REFUSED, "PEER_E_NOT_AUTHORIZED",
                         "cannot delete the record: only its creator and administrators may; ask "
                         "one of them");
    if (FAILED(hr))
        return error_hr(context, hr, "cannot delete the record %s", arguments->words[0]);
    char text[GUID_TEXT_SIZE];
    text_guid(&id, text);
    if (context->json)
        output_done(context, json_pack("{s:s}", "id", text));
    else
        output_line("Deleted %s", text);
    return EXIT_OK;
}

static void print_details(HGROUP group, const PEER_RECORD *record)
{
    char when[MOMENT_TEXT_SIZE], end[MOMENT_TEXT_SIZE];
    char *modifier CLEANUP_TEXT = text_from_wide(record->pwzModifiedById);
    char *who CLEANUP_TEXT = member_name(group, modifier ? modifier : "");
    char *xml CLEANUP_TEXT = text_from_wide(record->pwzAttributes);
    char *type CLEANUP_TEXT = record_type_text(&record->type);
    json_t *attributes = attributes_read(xml ? xml : ""), *one;
    size_t index;
    moment_local(record_utc(group, &record->ftLastModified), when);
    moment_local(record_utc(group, &record->ftExpiration), end);
    print_short(group, record);
    output_line("type %s, last changed %s%s%s, expires %s", type, when, modifier ? " by " : "",
                modifier ? who : "", end);
    json_array_foreach(attributes, index, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        const char *value = json_string_value(json_object_get(one, "value"));
        char *line CLEANUP_TEXT = text_one_line(value ? value : "", value ? strlen(value) : 0, 200);
        output_line("%s = %s", name ? name : "?", line);
    }
    json_decref(attributes);
}

static int get(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    const char *path = arguments_option(arguments, "--output");
    PEER_RECORD *record;
    int result = fetch(context, arguments, &session, &record);
    if (result != EXIT_OK)
        return result;
    bool details = arguments_has(arguments, "--details");
    if (path)
        result = file_write(context, path, record->data.pbData, record->data.cbData);
    if (result == EXIT_OK && context->json)
        output_done(context,
                    json_pack("{s:o}", "record", record_json(session.group, record, !path)));
    else if (result == EXIT_OK && details)
        print_details(session.group, record);
    else if (result == EXIT_OK && path && strcmp(path, "-") != 0)
        output_line("Wrote %u bytes to %s", (unsigned)record->data.cbData, path);
    else if (result == EXIT_OK && !path)
        result = file_write(context, "-", record->data.pbData, record->data.cbData);
    /* What follows on the screen begins on a line of its own. */
    bool shown = !context->json && !path && !details && (context->live || isatty(STDOUT_FILENO));
    bool ended = record->data.cbData == 0 || record->data.pbData[record->data.cbData - 1] == '\n';
    if (result == EXIT_OK && shown && !ended)
        output_line("%s", "");
    PeerFreeData(record);
    return result;
}

/* ---- lists ---- */

enum { LIST_COLUMNS = 6 };
struct listing {
    HGROUP group;
    json_t *array;
    char **cells;
    int count;
};

static void visit_listing(void *context, const void *item)
{
    struct listing *listing = context;
    const PEER_RECORD *record = item;
    char id[GUID_TEXT_SIZE], when[MOMENT_TEXT_SIZE];
    char *creator CLEANUP_TEXT = text_from_wide(record->pwzCreatorId);
    json_array_append_new(listing->array, record_json(listing->group, record, false));
    listing->cells = text_realloc(listing->cells, (size_t)(listing->count + 1) * LIST_COLUMNS *
                                                      sizeof(*listing->cells));
    char **row = listing->cells + listing->count++ * LIST_COLUMNS;
    text_guid(&record->id, id);
    moment_local(record_utc(listing->group, &record->ftLastModified), when);
    row[0] = text_format("%.8s", id);
    row[1] = member_name(listing->group, creator ? creator : "");
    row[2] = text_copy(when);
    row[3] = text_format("%u", (unsigned)record->dwVersion);
    row[4] = text_format("%u", (unsigned)record->data.cbData);
    row[5] = record_title(record);
}

static int print_listing(struct context *context, HGROUP group, HPEERENUM enumeration)
{
    static const char *const headings[] = {"ID", "CREATOR", "CHANGED", "VERSION", "BYTES", "WHAT"};
    struct listing listing = {.group = group, .array = json_array()};
    HRESULT hr = enumerate(enumeration, visit_listing, &listing);
    int result = EXIT_OK;
    if (FAILED(hr))
        result = error_hr(context, hr, "cannot read the records");
    else if (context->json)
        output_done(context, json_pack("{s:O}", "records", listing.array));
    else if (listing.count == 0)
        output_line("No records.");
    else
        output_table(headings, LIST_COLUMNS, listing.cells, listing.count);
    json_decref(listing.array);
    for (int i = 0; i < listing.count * LIST_COLUMNS; i++)
        free(listing.cells[i]);
    free(listing.cells);
    return result;
}

static int list(struct context *context, const struct arguments *arguments)
{
    const char *text = arguments_option(arguments, "--type");
    struct session session CLEANUP_SESSION = {.group = NULL};
    HPEERENUM enumeration;
    GUID type;
    if (text && !record_type_parse(text, &type))
        return error_usage(context, "--type is note, chat or a GUID, not %s", text);
    int result = session_open(context, NULL, &session);
    if (result != EXIT_OK)
        return result;
    HRESULT hr = PeerGroupEnumRecords(session.group, text ? &type : NULL, &enumeration);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot read the records");
    return print_listing(context, session.group, enumeration);
}

static char *peer_name_of(void *context, const char *name)
{
    struct name_list *members = context;
    int index = name_list_find(members, name);
    return index >= 0 ? text_copy(members->items[index].peer) : NULL;
}

static int make_query(const struct context *context, const struct arguments *arguments,
                      HGROUP group, char **xml)
{
    const char *query = arguments_option(arguments, "--query");
    struct name_list members CLEANUP_NAMES = {.items = NULL};
    *xml = NULL;
    if (!query == (arguments->word_count == 0))
        return error_usage(context, "give terms such as color=red, or --query XML");
    if (query) {
        *xml = text_copy(query);
        return EXIT_OK;
    }
    HRESULT hr = member_names(group, &members);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot list the members");
    return query_make(context, arguments, peer_name_of, &members, xml);
}

static int search(struct context *context, const struct arguments *arguments)
{
    struct session session CLEANUP_SESSION = {.group = NULL};
    char *xml CLEANUP_TEXT = NULL;
    HPEERENUM enumeration;
    int result = session_open(context, NULL, &session);
    if (result == EXIT_OK)
        result = make_query(context, arguments, session.group, &xml);
    if (result != EXIT_OK)
        return result;
    WCHAR *wide CLEANUP_TEXT = text_to_wide(xml);
    if (!wide)
        return error_usage(context, "the query is not UTF-8");
    HRESULT hr = PeerGroupSearchRecords(session.group, wide, &enumeration);
    if (hr == E_INVALIDARG)
        return error_say(context, EXIT_USAGE, "E_INVALIDARG",
                         "cannot search: a backslash stands before *, ? or a backslash only");
    if (FAILED(hr))
        return error_hr(context, hr, "cannot search");
    return print_listing(context, session.group, enumeration);
}

#define ATTRIBUTE_OPTION                                                                           \
    {                                                                                              \
        "--attribute", "NAME=VALUE",                                                               \
            "an attribute, also NAME:int=5 or NAME:date=2027-01-31; repeat"                        \
    }
#define EXPIRES_OPTION                                                                             \
    {                                                                                              \
        "--expires", "WHEN", "end of the record: 2d, 12h, 2027-01-31"                              \
    }

static const struct option add_options[] = {
    {"--file", "FILE", "the payload; FILE may be - for standard input"},
    {"--type", "TYPE", "note (the default), chat, or a GUID of your own"},
    ATTRIBUTE_OPTION,
    EXPIRES_OPTION,
    {NULL, NULL, NULL}};
static const struct option update_options[] = {
    {"--file", "FILE", "the new payload"}, ATTRIBUTE_OPTION, EXPIRES_OPTION, {NULL, NULL, NULL}};
static const struct option get_options[] = {
    {"--output", "FILE", "write the payload there"},
    {"--details", NULL, "print what is known of it instead of the payload"},
    {NULL, NULL, NULL}};
static const struct option list_options[] = {
    {"--type", "TYPE", "only records of this type: note, chat or a GUID"}, {NULL, NULL, NULL}};
static const struct option search_options[] = {
    {"--query", "XML", "a query of the record search schema"}, {NULL, NULL, NULL}};

const struct command record_commands[] = {
    {"record add", "[TEXT]", "Publish a record",
     "Without TEXT and --file the payload is read from "
     "standard input. It expires after 30 days\nor with the membership, whichever comes first.",
     add_options, 0, -1, COMMAND_ANYWHERE, add},
    {"record list", "", "List the records", NULL, list_options, 0, 0, COMMAND_ANYWHERE, list},
    {"record get", "ID", "Print the payload of a record",
     "ID is an id or its beginning, as record list prints it.", get_options, 1, 1, COMMAND_ANYWHERE,
     get},
    {"record update", "ID [TEXT]", "Publish a new version of a record",
     "What is not given stays as it is; attributes are replaced all together.", update_options, 1,
     -1, COMMAND_ANYWHERE, update},
    {"record delete", "ID", "Delete a record in the whole group", NULL, NULL, 1, 1,
     COMMAND_ANYWHERE, delete_record},
    {"record search", "TERM...", "List the records whose attributes match",
     "A TERM is NAME=VALUE, or with != < > <= >=, also NAME:int>5; all must hold. In text * "
     "stands\n"
     "for anything and ? for one character. Of every record: id, type, creator, modifier, created\n"
     "and modified.",
     search_options, 0, -1, COMMAND_ANYWHERE, search},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
