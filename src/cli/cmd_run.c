/* cmd_run.c - peergroup run: stay connected, print what happens, take commands.
 *
 * Each event is one line, or one object with --json. Each line of standard input is a command as
 * on the command line, without "peergroup"; its result stands between the events. A command that
 * fails is one line more; only what live.c names ends the program. */
#include "cli/error.h"
#include "cli/live.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/records.h"
#include "cli/removal.h"

#include <string.h>
#include <unistd.h>

/* What to print of one event: object takes more members, text the rest of the line. */
struct report {
    const char *kind;
    json_t *object;
    char *text; /* NULL: nothing for people */
};

static const char *change_text(int change)
{
    switch (change) {
    case PEER_RECORD_ADDED:
        return "added";
    case PEER_RECORD_UPDATED:
        return "updated";
    case PEER_RECORD_DELETED:
        return "deleted";
    default:
        return "expired";
    }
}

static void report_record(HGROUP group, const PEER_EVENT_RECORD_CHANGE_DATA *data,
                          struct report *report)
{
    PEER_RECORD *record = NULL;
    char id[GUID_TEXT_SIZE];
    const char *change = change_text((int)data->changeType);
    char *type CLEANUP_TEXT = record_type_text(&data->recordType);
    text_guid(&data->recordId, id);
    report->kind = "record";
    report->object = json_pack("{s:s, s:s, s:s}", "change", change, "id", id, "type", type);
    if (FAILED(PeerGroupGetRecord(group, &data->recordId, &record))) {
        report->text = text_format("%s %s", change, id);
        return;
    }
    bool updated = data->changeType == PEER_RECORD_UPDATED && record->pwzModifiedById;
    char *peer CLEANUP_TEXT =
        text_from_wide(updated ? record->pwzModifiedById : record->pwzCreatorId);
    char *who CLEANUP_TEXT = member_name(group, peer ? peer : "");
    char *title CLEANUP_TEXT = record_title(record);
    json_object_set_new(report->object, "record", record_json(group, record, false));
    json_object_set_new(report->object, "by", output_text(who));
    report->text = text_format("%s %s by %s, version %u, %u bytes: %s", change, id, who,
                               (unsigned)record->dwVersion, (unsigned)record->data.cbData, title);
    PeerFreeData(record);
}

static void report_member(HGROUP group, const PEER_EVENT_MEMBER_CHANGE_DATA *data,
                          struct report *report)
{
    static const char *const changes[] = {NULL,      "connected", "disconnected",
                                          "updated", "joined",    "left"};
    static const char *const texts[] = {NULL,
                                        "is here",
                                        "is away",
                                        "has new details",
                                        "joined the group",
                                        "was removed from the group"};
    unsigned change = (unsigned)data->changeType;
    char *peer CLEANUP_TEXT = text_from_wide(data->pwzIdentity);
    char *who CLEANUP_TEXT = member_name(group, peer ? peer : "");
    if (change == 0 || change > PEER_MEMBER_LEFT)
        change = PEER_MEMBER_UPDATED;
    report->kind = "member";
    report->object = json_pack("{s:s, s:o, s:o}", "change", changes[change], "peer_name",
                               output_text(peer), "name", output_text(who));
    report->text = text_format("%s %s", who, texts[change]);
}

struct other_end {
    ULONGLONG connection;
    char *peer;
};

static void visit_other_end(void *context, const void *item)
{
    struct other_end *end = context;
    const PEER_CONNECTION_INFO *info = item;
    if (info->ullConnectionId == end->connection && !end->peer)
        end->peer = text_from_wide(info->pwzPeerId);
}

/* The peer name at the other end of a connection (free), NULL when it is gone. */
static char *other_end(HGROUP group, ULONGLONG connection)
{
    struct other_end end = {.connection = connection};
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumConnections(group, PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT,
                                          &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_other_end, &end);
    (void)hr; /* unknown then, as for one that is gone */
    return end.peer;
}

/* Who was at the other end: asked for when a connection has ended already. */
enum { REMEMBERED = 64 };
static struct other_end remembered[REMEMBERED];

static char *remembered_end(HGROUP group, ULONGLONG connection)
{
    struct other_end *slot = &remembered[connection % REMEMBERED];
    char *peer = other_end(group, connection);
    if (peer) {
        free(slot->peer);
        *slot = (struct other_end){.connection = connection, .peer = text_copy(peer)};
    } else if (slot->peer && slot->connection == connection) {
        peer = text_copy(slot->peer);
    }
    return peer;
}

static void report_connection(HGROUP group, const char *kind,
                              const PEER_EVENT_CONNECTION_CHANGE_DATA *data, struct report *report)
{
    char *peer CLEANUP_TEXT = remembered_end(group, data->ullConnectionId);
    char *who CLEANUP_TEXT = peer ? member_name(group, peer) : text_copy("a member");
    const char *status = data->status == PEER_CONNECTED      ? "connected"
                         : data->status == PEER_DISCONNECTED ? "disconnected"
                                                             : "failed";
    report->kind = kind;
    report->object = json_pack("{s:s, s:I, s:o}", "change", status, "connection",
                               (json_int_t)data->ullConnectionId, "peer_name", output_text(peer));
    if (data->status == PEER_CONNECTION_FAILED) {
        json_object_set_new(report->object, "reason",
                            json_string(error_name(data->hrConnectionFailedReason)));
        report->text = text_format("failed: %s [%s]", error_cause(data->hrConnectionFailedReason),
                                   error_name(data->hrConnectionFailedReason));
    } else {
        report->text =
            text_format("%s %s %s", status, data->status == PEER_CONNECTED ? "to" : "from", who);
    }
}

static void report_data(HGROUP group, const PEER_EVENT_INCOMING_DATA *data, struct report *report)
{
    char *peer CLEANUP_TEXT = remembered_end(group, data->ullConnectionId);
    char *who CLEANUP_TEXT = peer ? member_name(group, peer) : text_copy("a member");
    report->kind = "message";
    report->object =
        json_pack("{s:o, s:o, s:o, s:I}", "peer_name", output_text(peer), "from", output_text(who),
                  "type", output_guid(&data->type), "size", (json_int_t)data->data.cbData);
    output_bytes(report->object, data->data.pbData, data->data.cbData);
    if (text_is_plain(data->data.pbData, data->data.cbData)) {
        char *text CLEANUP_TEXT = text_one_line(data->data.pbData, data->data.cbData, 4000);
        report->text = text_format("from %s: %s", who, text);
    } else {
        report->text = text_format("from %s: %u bytes", who, (unsigned)data->data.cbData);
    }
}

static void report_status(DWORD status, struct report *report)
{
    bool listening = status & PEER_GROUP_STATUS_LISTENING;
    bool connected = status & PEER_GROUP_STATUS_HAS_CONNECTIONS;
    report->kind = "status";
    report->object = json_pack("{s:b, s:b}", "listening", listening, "connected", connected);
    report->text = text_format("%s", listening && connected ? "listening, with neighbours"
                                     : listening            ? "listening, no neighbours yet"
                                     : connected            ? "connected, not listening yet"
                                                            : "offline");
}

static void report_failure(HGROUP group, HRESULT hr, struct report *report)
{
    char *removal CLEANUP_TEXT = hr == PEER_E_NOT_AUTHORIZED ? removal_text(group) : NULL;
    const char *cause = removal ? removal : error_cause(hr);
    report->kind = "offline";
    report->object =
        json_pack("{s:s, s:o}", "reason", error_name(hr), "message", output_text(cause));
    report->text = text_format("%s; trying again [%s]", cause, error_name(hr));
}

/* This member was refused: it was removed, or the password was wrong. */
static void report_refusal(HGROUP group, struct report *report)
{
    char *removal CLEANUP_TEXT = removal_text(group);
    report->kind = removal ? "removed" : "password";
    report->object = json_pack("{s:o}", "message", output_text(removal));
    report->text = text_copy(removal ? removal : "the group refused the password");
}

static void make_report(HGROUP group, const PEER_GROUP_EVENT_DATA *event, struct report *report)
{
    switch (event->eventType) {
    case PEER_GROUP_EVENT_STATUS_CHANGED:
        report_status((DWORD)event->dwStatus, report);
        break;
    case PEER_GROUP_EVENT_RECORD_CHANGED:
        report_record(group, &event->recordChangeData, report);
        break;
    case PEER_GROUP_EVENT_MEMBER_CHANGED:
        report_member(group, &event->memberChangeData, report);
        break;
    case PEER_GROUP_EVENT_NEIGHBOR_CONNECTION:
        report_connection(group, "neighbour", &event->connectionChangeData, report);
        break;
    case PEER_GROUP_EVENT_DIRECT_CONNECTION:
        report_connection(group, "direct", &event->connectionChangeData, report);
        break;
    case PEER_GROUP_EVENT_INCOMING_DATA:
        report_data(group, &event->incomingData, report);
        break;
    case PEER_GROUP_EVENT_CONNECTION_FAILED:
        report_failure(group, event->hrConnectionFailedReason, report);
        break;
    case PEER_GROUP_EVENT_AUTHENTICATION_FAILED:
        report_refusal(group, report);
        break;
    case PEER_GROUP_EVENT_PROPERTY_CHANGED:
        report->kind = "group";
        report->object = json_object();
        report->text = text_copy("its properties changed; see group show");
        break;
    }
}

static void print_event(struct context *context, const PEER_GROUP_EVENT_DATA *event)
{
    struct report report = {.kind = NULL};
    char clock[MOMENT_TEXT_SIZE];
    make_report(live_session(context->live)->group, event, &report);
    if (!report.kind)
        return;
    moment_clock(clock);
    if (context->json) {
        char iso[MOMENT_TEXT_SIZE];
        moment_iso(moment_now(), iso);
        json_t *whole = json_pack("{s:s, s:s}", "event", report.kind, "at", iso);
        json_object_update(whole, report.object);
        output_json(whole);
    } else {
        output_line("%s  %-9s  %s", clock, report.kind, report.text);
    }
    json_decref(report.object);
    free(report.text);
}

static void take_line(struct context *context, const char *line)
{
    size_t start = strspn(line, " \t");
    size_t size = strcspn(line + start, " \t\r");
    if (size == 4 &&
        (strncmp(line + start, "quit", 4) == 0 || strncmp(line + start, "exit", 4) == 0))
        live_quit(context->live);
    else
        command_text(context, line);
}

static void begun(struct context *context)
{
    const struct session *session = live_session(context->live);
    if (context->json)
        output_json(json_pack("{s:s, s:o, s:o, s:o, s:i}", "event", "running", "identity",
                              output_text(session->identity.peer), "group",
                              output_text(session->name.peer), "group_name",
                              output_text(session->name.friendly), "process", (int)getpid()));
    else
        output_line("%s in %s, process %d. Type help for the commands, quit to leave.",
                    session->identity.friendly, session->name.friendly, (int)getpid());
}

static int run(struct context *context, const struct arguments *arguments)
{
    static const struct live_kind kind = {.line = take_line, .event = print_event, .begun = begun};
    return live_run(context, arguments, &kind);
}

const struct command run_commands[] = {
    {"run", "", "Stay connected, print what happens, take commands",
     "Lines of standard input are commands, without \"peergroup\". Ends with quit, Ctrl-D at a\n"
     "terminal, or a signal; the end of a pipe or file does not end it.",
     live_options, 0, 0, COMMAND_ALONE, run},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
