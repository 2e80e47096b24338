/* live.c - staying connected.
 *
 * One loop waits for three things: an event of the group, a line of standard input, a signal to
 * end. When nobody was reached it connects again after a while that doubles from two seconds up to
 * a minute, with the addresses of --connect first; it ends only when it cannot listen at all, or
 * the group refuses its password. Sending to a member without a connection opens one; what is to be
 * sent waits for it, and is told as failed when no address of the member answers. */
#include "cli/live.h"

#include "cli/address.h"
#include "cli/error.h"
#include "cli/output.h"
#include "cli/removal.h"
#include "cli/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 16, RETRY_MIN_MS = 2000, RETRY_MAX_MS = 60000, LINE_MAX_BYTES = 1 << 20 };

/* What `send` sends; made for this command. */
static const GUID message_type = {
    0x3f2c6a10, 0x8b57, 0x4c1e, {0x9d, 0x42, 0x51, 0x7a, 0xe0, 0x6b, 0x2f, 0x03}};

/* Something to send, waiting for its connection. */
struct waiting {
    struct waiting *next;
    ULONGLONG connection;
    char *peer;
    char *name;
    ULONG address; /* which of the member's addresses is being tried */
    struct text_buffer data;
};

struct live {
    struct session session;
    HANDLE event;
    HPEEREVENT registration;
    PEER_ADDRESS addresses[ADDRESSES_MAX];
    ULONG address_count;
    struct waiting *waiting;
    struct text_buffer input;
    bool input_ended;
    bool quit;
    bool refused;       /* the group's password was not the right one */
    bool listened;      /* once at least: it can, and will again */
    bool deaf;          /* cannot listen where it was told to */
    ULONGLONG retry_at; /* GetTickCount64; 0: connected or connecting */
    unsigned retry_ms;
    const struct live_kind *kind;
};

static int signal_pipe[2] = {-1, -1};

const struct session *live_session(const struct live *live)
{
    return &live->session;
}

void live_quit(struct live *live)
{
    live->quit = true;
}

/* ---- connecting ---- */

static HRESULT go_online(struct live *live)
{
    HRESULT hr = S_OK;
    if (live->address_count > 0)
        hr = PeerGroupConnectByAddress(live->session.group, live->address_count, live->addresses);
    else
        hr = PeerGroupConnect(live->session.group);
    return hr;
}

static void retry_later(struct live *live)
{
    live->retry_ms = live->retry_ms == 0 ? RETRY_MIN_MS : live->retry_ms * 2;
    if (live->retry_ms > RETRY_MAX_MS)
        live->retry_ms = RETRY_MAX_MS;
    live->retry_at = GetTickCount64() + live->retry_ms;
}

static int register_events(struct context *context, struct live *live)
{
    PEER_GROUP_EVENT_REGISTRATION kinds[] = {
        {PEER_GROUP_EVENT_STATUS_CHANGED, NULL},       {PEER_GROUP_EVENT_PROPERTY_CHANGED, NULL},
        {PEER_GROUP_EVENT_RECORD_CHANGED, NULL},       {PEER_GROUP_EVENT_DIRECT_CONNECTION, NULL},
        {PEER_GROUP_EVENT_NEIGHBOR_CONNECTION, NULL},  {PEER_GROUP_EVENT_INCOMING_DATA, NULL},
        {PEER_GROUP_EVENT_MEMBER_CHANGED, NULL},       {PEER_GROUP_EVENT_CONNECTION_FAILED, NULL},
        {PEER_GROUP_EVENT_AUTHENTICATION_FAILED, NULL}};
    live->event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!live->event)
        return error_hr(context, E_OUTOFMEMORY, "cannot wait for events");
    HRESULT hr = PeerGroupRegisterEvent(live->session.group, live->event, ARRAYSIZE(kinds), kinds,
                                        &live->registration);
    return SUCCEEDED(hr) ? EXIT_OK : error_hr(context, hr, "cannot register for events");
}

/* ---- sending to one member ---- */

static void waiting_free(struct waiting *waiting)
{
    free(waiting->peer);
    free(waiting->name);
    free(waiting->data.data);
    free(waiting);
}

static int tell_sent(struct context *context, const char *name, HRESULT hr)
{
    if (FAILED(hr))
        return error_hr(context, hr, "cannot send to %s", name);
    if (context->json)
        output_done(context, json_pack("{s:o}", "member", output_text(name)));
    else
        output_line("Sent to %s", name);
    return EXIT_OK;
}

static HRESULT send_now(struct live *live, ULONGLONG connection, const struct text_buffer *data)
{
    return PeerGroupSendData(live->session.group, connection, &message_type, (ULONG)data->size,
                             data->data);
}

struct addressing {
    ULONG wanted;
    PEER_ADDRESS address;
    bool found;
};

static void visit_address(void *context, const void *item)
{
    struct addressing *addressing = context;
    const PEER_MEMBER *member = item;
    if (addressing->wanted >= member->cAddresses)
        return;
    addressing->address = member->pAddresses[addressing->wanted];
    addressing->found = true;
}

/* Begins a connection to the next address of the member. PEER_E_CONNECTION_FAILED: none is left. */
static HRESULT dial(struct live *live, struct waiting *waiting)
{
    WCHAR *peer CLEANUP_TEXT = text_to_wide(waiting->peer);
    struct addressing addressing = {.wanted = waiting->address++};
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumMembers(live->session.group, 0, peer, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_address, &addressing);
    if (SUCCEEDED(hr) && !addressing.found)
        hr = PEER_E_CONNECTION_FAILED;
    if (SUCCEEDED(hr))
        hr = PeerGroupOpenDirectConnection(live->session.group, peer, &addressing.address,
                                           &waiting->connection);
    return hr;
}

struct connecting {
    const char *peer;
    ULONGLONG connection;
    bool found;
};

static void visit_connection(void *context, const void *item)
{
    struct connecting *connecting = context;
    const PEER_CONNECTION_INFO *info = item;
    char *peer CLEANUP_TEXT = text_from_wide(info->pwzPeerId);
    if (!peer || strcmp(peer, connecting->peer) != 0)
        return;
    connecting->connection = info->ullConnectionId;
    connecting->found = true;
}

static bool find_connection(struct live *live, const char *peer, ULONGLONG *connection)
{
    struct connecting connecting = {.peer = peer};
    HPEERENUM enumeration;
    HRESULT hr = PeerGroupEnumConnections(
        live->session.group, PEER_CONNECTION_NEIGHBOR | PEER_CONNECTION_DIRECT, &enumeration);
    if (SUCCEEDED(hr))
        hr = enumerate(enumeration, visit_connection, &connecting);
    *connection = connecting.connection;
    return SUCCEEDED(hr) && connecting.found;
}

int live_send(struct context *context, const char *member, const void *data, size_t size)
{
    struct live *live = context->live;
    struct name_list names CLEANUP_NAMES = {.items = NULL};
    HRESULT hr = member_names(live->session.group, &names);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot list the members");
    int index = name_list_find(&names, member);
    if (index == NAME_SEVERAL)
        return error_usage(context, "several members are called \"%s\"; give the peer name",
                           member);
    if (index == NAME_NONE)
        return error_say(context, EXIT_NOT_FOUND, "PEER_E_IDENTITY_NOT_FOUND",
                         "no member is called \"%s\"; see members", member);
    struct waiting *waiting = text_alloc(sizeof(*waiting));
    waiting->peer = text_copy(names.items[index].peer);
    waiting->name = member_name(live->session.group, waiting->peer);
    text_append(&waiting->data, data, size);
    bool open = find_connection(live, waiting->peer, &waiting->connection);
    hr = open ? send_now(live, waiting->connection, &waiting->data) : dial(live, waiting);
    if (!open && SUCCEEDED(hr)) {
        waiting->next = live->waiting;
        live->waiting = waiting;
        return EXIT_OK;
    }
    int result = tell_sent(context, waiting->name, hr);
    waiting_free(waiting);
    return result;
}

/* A direct connection came up or failed: is something waiting for it? */
static void serve_waiting(struct context *context, const PEER_EVENT_CONNECTION_CHANGE_DATA *change)
{
    struct waiting **at = &context->live->waiting;
    while (*at && (*at)->connection != change->ullConnectionId)
        at = &(*at)->next;
    struct waiting *waiting = *at;
    if (!waiting)
        return;
    HRESULT hr;
    if (change->status == PEER_CONNECTED) {
        hr = send_now(context->live, waiting->connection, &waiting->data);
    } else {
        hr = dial(context->live, waiting);
        if (SUCCEEDED(hr))
            return;
    }
    *at = waiting->next;
    static const struct command send_command = {.name = "send"};
    context->command = &send_command;
    tell_sent(context, waiting->name, hr);
    waiting_free(waiting);
}

/* ---- the loop ---- */

static void on_signal(int number)
{
    int saved = errno;
    char byte = (char)number;
    ssize_t written = write(signal_pipe[1], &byte, 1);
    (void)written; /* a full pipe has a signal already */
    errno = saved;
}

static bool catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    if (pipe(signal_pipe) != 0)
        return false;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    return true;
}

/* Who was removed stays to hear of being let in again; the same password would be refused again. */
static bool was_removed(const struct live *live)
{
    char *removal CLEANUP_TEXT = removal_text(live->session.group);
    return removal != NULL;
}

static void on_event(struct context *context, const PEER_GROUP_EVENT_DATA *event)
{
    struct live *live = context->live;
    if (event->eventType == PEER_GROUP_EVENT_DIRECT_CONNECTION)
        serve_waiting(context, &event->connectionChangeData);
    if (event->eventType == PEER_GROUP_EVENT_STATUS_CHANGED &&
        (event->dwStatus & PEER_GROUP_STATUS_LISTENING)) {
        live->retry_ms = 0;
        live->listened = true;
    }
    if (event->eventType == PEER_GROUP_EVENT_AUTHENTICATION_FAILED && !was_removed(live))
        live->refused = live->quit = true;
    if (event->eventType == PEER_GROUP_EVENT_CONNECTION_FAILED) {
        if (live->refused)
            return; /* told already, and not tried again */
        if (event->hrConnectionFailedReason == PEER_E_UNABLE_TO_LISTEN && !live->listened) {
            live->deaf = live->quit = true;
            return;
        }
        retry_later(live);
    }
    live->kind->event(context, event);
}

static void drain_events(struct context *context)
{
    PEER_GROUP_EVENT_DATA *event = NULL;
    HRESULT hr = S_OK;
    WaitForSingleObject(context->live->event, 0);
    while (SUCCEEDED(hr) || hr == PEER_E_TOO_MUCH_LOAD) {
        hr = PeerGroupGetEventData(context->live->registration, &event);
        if (hr == PEER_S_NO_EVENT_DATA)
            return;
        if (hr == S_OK)
            on_event(context, event);
        else
            error_hr(context, hr,
                     hr == PEER_E_TOO_MUCH_LOAD
                         ? "events were left out, since they were not read in time"
                         : "cannot read events");
        PeerFreeData(event);
    }
}

static void take_lines(struct context *context)
{
    struct text_buffer *input = &context->live->input;
    char *end;
    while (!context->live->quit && input->size > 0 &&
           (end = memchr(input->data, '\n', input->size))) {
        size_t size = (size_t)(end - input->data);
        char *line CLEANUP_TEXT = text_format("%.*s", (int)size, input->data);
        memmove(input->data, end + 1, input->size - size - 1);
        input->size -= size + 1;
        context->live->kind->line(context, line);
    }
    if (input->size > LINE_MAX_BYTES) {
        input->size = 0;
        error_usage(context, "a line is over 1 MB; use --file");
    }
}

static void read_input(struct context *context)
{
    struct live *live = context->live;
    char chunk[4096];
    ssize_t size = read(STDIN_FILENO, chunk, sizeof(chunk));
    if (size > 0) {
        text_append(&live->input, chunk, (size_t)size);
    } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
        /* The end of a pipe leaves the group connected: services have no input at all. */
        live->input_ended = true;
        live->quit = live->quit || isatty(STDIN_FILENO);
        if (live->input.size > 0)
            text_append_string(&live->input, "\n");
    }
    take_lines(context);
}

static int poll_timeout(const struct live *live)
{
    if (live->retry_at == 0)
        return -1;
    ULONGLONG now = GetTickCount64();
    return now >= live->retry_at ? 0 : (int)(live->retry_at - now);
}

static int serve(struct context *context)
{
    struct live *live = context->live;
    int event_fd;
    HRESULT hr = PeerEventGetFd(live->event, &event_fd);
    if (FAILED(hr))
        return error_hr(context, hr, "cannot wait for events");
    while (!live->quit) {
        struct pollfd fds[] = {{.fd = signal_pipe[0], .events = POLLIN},
                               {.fd = event_fd, .events = POLLIN},
                               {.fd = live->input_ended ? -1 : STDIN_FILENO, .events = POLLIN}};
        int ready = poll(fds, 3, poll_timeout(live));
        if (ready < 0 && errno != EINTR)
            return error_hr(context, E_FAIL, "cannot wait");
        if (ready > 0 && fds[0].revents)
            break;
        if (ready > 0 && fds[1].revents)
            drain_events(context);
        if (ready > 0 && fds[2].revents)
            read_input(context);
        if (live->retry_at != 0 && poll_timeout(live) == 0) {
            live->retry_at = 0;
            hr = go_online(live);
            if (FAILED(hr))
                return error_hr(context, hr, "cannot connect");
        }
    }
    return EXIT_OK;
}

static int read_addresses(struct context *context, const struct arguments *arguments,
                          struct live *live)
{
    int at = 0;
    for (const char *text; (text = arguments_next(arguments, "--connect", &at));) {
        if (live->address_count == ADDRESSES_MAX)
            return error_usage(context, "--connect can be given %d times", ADDRESSES_MAX);
        if (!address_parse(text, &live->addresses[live->address_count++]))
            return error_usage(context,
                               "--connect takes HOST:PORT, such as 192.0.2.7:3587 or "
                               "[2001:db8::7]:3587; \"%s\" is none",
                               text);
    }
    return EXIT_OK;
}

static void live_free(struct live *live)
{
    if (live->registration)
        PeerGroupUnregisterEvent(live->registration);
    if (live->event)
        CloseHandle(live->event);
    session_close(&live->session);
    for (struct waiting *waiting = live->waiting, *next; waiting; waiting = next) {
        next = waiting->next;
        waiting_free(waiting);
    }
    free(live->input.data);
    free(live);
}

int live_run(struct context *context, const struct arguments *arguments,
             const struct live_kind *kind)
{
    struct live *live = text_alloc(sizeof(*live));
    live->kind = kind;
    int result = read_addresses(context, arguments, live);
    if (result == EXIT_OK && !catch_signals())
        result = error_hr(context, E_FAIL, "cannot wait for signals");
    if (result == EXIT_OK)
        result = session_open(context, NULL, &live->session);
    if (result == EXIT_OK)
        result = register_events(context, live);
    if (result == EXIT_OK) {
        HRESULT hr = go_online(live);
        if (FAILED(hr))
            result = error_hr(context, hr, "cannot connect");
    }
    if (result == EXIT_OK) {
        context->live = live;
        kind->begun(context);
        result = serve(context);
        context->live = NULL;
    }
    if (result == EXIT_OK && live->refused)
        result = error_say(context, EXIT_REFUSED, "PEER_E_NOT_AUTHORIZED",
                           "the group did not accept the password; give another with peergroup "
                           "join INVITATION, then run again");
    if (result == EXIT_OK && live->deaf)
        result = error_hr(context, PEER_E_UNABLE_TO_LISTEN, "cannot listen at %s",
                          getenv("PEERGROUP_LISTEN") ? getenv("PEERGROUP_LISTEN") : "any port");
    live_free(live);
    return result;
}

const struct option live_options[] = {
    {"--connect", "ADDRESS", "reach the group at HOST:PORT, where a member runs; may be repeated"},
    {NULL, NULL, NULL}};
