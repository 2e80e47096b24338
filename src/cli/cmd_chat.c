/* cmd_chat.c - peergroup chat: lines to everybody, kept for those who are away.
 *
 * A line typed is published as a record of the type "chat" that lives for a week, so members who
 * come later read it too. A line that begins with a slash is a command, as in `run`. With --json
 * messages are objects. */
#include "cli/error.h"
#include "cli/live.h"
#include "cli/moment.h"
#include "cli/output.h"
#include "cli/query.h"
#include "cli/records.h"

#include <string.h>

enum { HISTORY_SHOWN = 20 };

static bool is_chat(const GUID *type)
{
    return memcmp(type, &record_type_chat, sizeof(*type)) == 0;
}

static void print_message(struct context *context, const PEER_RECORD *record)
{
    HGROUP group = live_session(context->live)->group;
    char *peer CLEANUP_TEXT = text_from_wide(record->pwzCreatorId);
    char *who CLEANUP_TEXT = member_name(group, peer ? peer : "");
    char *text CLEANUP_TEXT = text_one_line(record->data.pbData, record->data.cbData, 4000);
    char when[MOMENT_TEXT_SIZE];
    uint64_t utc = record_utc(group, &record->ftCreation);
    if (context->json) {
        moment_iso(utc, when);
        output_json(json_pack("{s:s, s:s, s:o, s:o, s:o}", "event", "chat", "at", when, "peer_name",
                              output_text(peer), "from", output_text(who), "text",
                              output_text(text)));
        return;
    }
    moment_local(utc, when);
    output_line("%s %s: %s", strlen(when) > 11 ? when + 11 : when, who, text);
}

static void event_record(struct context *context, const PEER_EVENT_RECORD_CHANGE_DATA *data)
{
    PEER_RECORD *record = NULL;
    if (data->changeType != PEER_RECORD_ADDED || !is_chat(&data->recordType))
        return;
    if (SUCCEEDED(PeerGroupGetRecord(live_session(context->live)->group, &data->recordId, &record)))
        print_message(context, record);
    PeerFreeData(record);
}

static void note(struct context *context, const char *kind, const char *text)
{
    if (context->json)
        output_json(json_pack("{s:s, s:o}", "event", kind, "text", output_text(text)));
    else
        output_line("* %s", text);
}

static void on_event(struct context *context, const PEER_GROUP_EVENT_DATA *event)
{
    if (event->eventType == PEER_GROUP_EVENT_RECORD_CHANGED) {
        event_record(context, &event->recordChangeData);
    } else if (event->eventType == PEER_GROUP_EVENT_MEMBER_CHANGED &&
               event->memberChangeData.changeType != PEER_MEMBER_UPDATED) {
        const PEER_EVENT_MEMBER_CHANGE_DATA *change = &event->memberChangeData;
        char *peer CLEANUP_TEXT = text_from_wide(change->pwzIdentity);
        char *who CLEANUP_TEXT = member_name(live_session(context->live)->group, peer ? peer : "");
        char *text CLEANUP_TEXT =
            text_format("%s %s", who,
                        change->changeType == PEER_MEMBER_CONNECTED      ? "is here"
                        : change->changeType == PEER_MEMBER_DISCONNECTED ? "is away"
                                                                         : "joined the group");
        note(context, "member", text);
    } else if (event->eventType == PEER_GROUP_EVENT_CONNECTION_FAILED) {
        char *text CLEANUP_TEXT = text_format("offline: %s; trying again [%s]",
                                              error_cause(event->hrConnectionFailedReason),
                                              error_name(event->hrConnectionFailedReason));
        note(context, "offline", text);
    }
}

static void say(struct context *context, const char *line)
{
    HGROUP group = live_session(context->live)->group;
    FILETIME utc = moment_filetime(moment_now() + 7 * MOMENT_DAY);
    PEER_RECORD record = {.dwSize = sizeof(record), .type = record_type_chat};
    GUID id;
    record.data = (PEER_DATA){.cbData = (ULONG)strlen(line), .pbData = (PBYTE)line};
    HRESULT hr = PeerGroupUniversalTimeToPeerTime(group, &utc, &record.ftExpiration);
    if (SUCCEEDED(hr))
        hr = PeerGroupAddRecord(group, &record, &id);
    if (FAILED(hr))
        error_hr(context, hr, "cannot say that");
}

static void take_line(struct context *context, const char *line)
{
    if (strcmp(line, "/quit") == 0 || strcmp(line, "/exit") == 0)
        live_quit(context->live);
    else if (line[0] == '/')
        command_text(context, line + 1);
    else if (line[0])
        say(context, line);
}

/* ---- what was said before ---- */

struct history {
    struct context *context;
    ULONG skip;
};

static void visit_history(void *context, const void *item)
{
    struct history *history = context;
    if (history->skip > 0)
        history->skip--;
    else
        print_message(history->context, item);
}

static void begun(struct context *context)
{
    const struct session *session = live_session(context->live);
    struct history history = {.context = context};
    HPEERENUM enumeration;
    ULONG count = 0;
    if (!context->json)
        output_line("%s in %s. Lines go to everybody; /help for commands, /quit to leave.",
                    session->identity.friendly, session->name.friendly);
    HRESULT hr = PeerGroupEnumRecords(session->group, &record_type_chat, &enumeration);
    if (SUCCEEDED(hr))
        hr = PeerGetItemCount(enumeration, &count);
    if (FAILED(hr))
        return;
    history.skip = count > HISTORY_SHOWN ? count - HISTORY_SHOWN : 0;
    hr = enumerate(enumeration, visit_history, &history);
    if (FAILED(hr))
        error_hr(context, hr, "cannot read what was said before");
}

static int chat(struct context *context, const struct arguments *arguments)
{
    static const struct live_kind kind = {.line = take_line, .event = on_event, .begun = begun};
    return live_run(context, arguments, &kind);
}

const struct command chat_commands[] = {
    {"chat", "", "Stay connected and talk to everybody",
     "What is said is kept for a week for those who are away. Lines that begin with a slash are\n"
     "commands, such as /members; /quit leaves.",
     live_options, 0, 0, COMMAND_ALONE, chat},
    {NULL, NULL, NULL, NULL, NULL, 0, 0, COMMAND_ALONE, NULL}};
