/* member.c - one member as a process of its own, driven line by line through pipes.
 *
 * It reads a command per line and answers each with one line "= ..." or "- ..." (the call's code);
 * what happens meanwhile comes as lines "! ...", each written whole. Times are nanoseconds of the
 * monotonic clock, which all processes of a machine share. The scripts beside it (harness.py)
 * start, drive and kill such processes. */
#include "e2e/member.h"

#include "engine/loop.h"
#include "graph/graph.h"
#include "group/identity.h"
#include "group/identity_xml.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

const struct guid note_type = {{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90}};
uint64_t session;
static uint64_t registration;
static sem_t events_ready;

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void say(const char *format, ...)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line, sizeof(line) - 1, format, arguments);
    va_end(arguments);
    line[size++] = '\n';
    pthread_mutex_lock(&lock);
    for (int sent = 0; sent < size;) {
        ssize_t part = write(STDOUT_FILENO, line + sent, (size_t)(size - sent));
        if (part <= 0)
            _exit(4);
        sent += (int)part;
    }
    pthread_mutex_unlock(&lock);
}

void answer(HRESULT hr, const char *format, ...)
{
    char text[900] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    const char *name = result_name(hr);
    if (FAILED(hr))
        say("- %s 0x%08x", name ? name : "?", (unsigned)hr);
    else
        say("= %s", text);
}

/* ---- events ---- */

static void on_signal(void *context)
{
    (void)context;
    sem_post(&events_ready);
}

static void tell_event(const struct engine_event *event)
{
    char id[GUID_TEXT_SIZE];
    guid_format(&event->id, id);
    const char *name = result_name(event->hr);
    switch (event->type) {
    case ENGINE_EVENT_RECORD:
        say("! record %d %s %llu", event->change, id, (unsigned long long)now_ns());
        break;
    case ENGINE_EVENT_NEIGHBOUR:
        say("! neighbour %d %s", event->change, name ? name : "S_OK");
        break;
    case ENGINE_EVENT_STATUS:
        say("! status %u", event->status);
        break;
    case ENGINE_EVENT_CONNECT_FAILED:
        say("! failed %s", name ? name : "?");
        break;
    case ENGINE_EVENT_MEMBER:
        say("! member %d %s", event->change, event->peer_name);
        break;
    default:
        say("! other %d", (int)event->type);
    }
}

static void *watch_events(void *context)
{
    (void)context;
    for (;;) {
        struct engine_event event;
        while (sem_wait(&events_ready) != 0)
            ;
        while (engine_events_next(registration, &event) == S_OK) {
            tell_event(&event);
            engine_event_deinit(&event);
        }
    }
    return NULL;
}

/* The group that the following commands mean; what it tells is told. */
static HRESULT watch(uint64_t opened)
{
    static bool watching;
    static const struct engine_filter filters[] = {{.type = ENGINE_EVENT_STATUS},
                                                   {.type = ENGINE_EVENT_RECORD},
                                                   {.type = ENGINE_EVENT_NEIGHBOUR},
                                                   {.type = ENGINE_EVENT_MEMBER},
                                                   {.type = ENGINE_EVENT_CONNECT_FAILED}};
    struct engine_listener listener = {.filters = filters,
                                       .filter_count = sizeof(filters) / sizeof(filters[0]),
                                       .signal = on_signal};
    pthread_t thread;
    session = opened;
    HRESULT hr = engine_events_register(session, &listener, &registration);
    if (SUCCEEDED(hr) && !watching && pthread_create(&thread, NULL, watch_events, NULL) != 0)
        hr = E_OUTOFMEMORY;
    watching = true;
    return hr;
}

/* ---- groups ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = calloc(1, 128 * 1024);
    if (file && text && fread(text, 1, 128 * 1024 - 1, file) == 0)
        text[0] = 0;
    if (file)
        fclose(file);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        _exit(5);
}

static void do_identity(char **words)
{
    struct identity identity = {.peer_name = NULL};
    char *xml = NULL;
    HRESULT hr = identity_create(NULL, words[1], NULL, &identity);
    if (SUCCEEDED(hr))
        hr = identity_xml_make(identity.peer_name, &xml);
    if (SUCCEEDED(hr))
        write_file(words[2], xml);
    answer(hr, "%s", identity.peer_name);
    mem_free(xml);
    identity_deinit(&identity);
}

static void do_create(char **words)
{
    struct engine_create create = {.creator = words[1], .wish = {.friendly_name = "e2e"}};
    uint64_t created;
    HRESULT hr = engine_group_create(&create, &created);
    struct group_properties properties = {.group_name = NULL};
    if (SUCCEEDED(hr))
        hr = engine_group_properties(created, &properties);
    if (SUCCEEDED(hr))
        hr = watch(created);
    answer(hr, "%s", properties.group_name ? properties.group_name : "");
    if (SUCCEEDED(hr))
        group_properties_deinit(&properties);
}

/* group: its name; self: the own peer name, first among the members */
static void do_group(char **words)
{
    (void)words;
    struct group_properties properties = {.group_name = NULL};
    HRESULT hr = engine_group_properties(session, &properties);
    answer(hr, "%s", properties.group_name ? properties.group_name : "");
    if (SUCCEEDED(hr))
        group_properties_deinit(&properties);
}

static void do_self(char **words)
{
    (void)words;
    struct engine_member_list list;
    HRESULT hr = engine_members(session, false, NULL, &list);
    answer(hr, "%s", list.count > 0 ? list.items[0].peer_name : "");
    engine_member_list_deinit(&list);
}

static void do_open(char **words)
{
    uint64_t opened;
    HRESULT hr = engine_group_open(words[1], words[2], NULL, &opened);
    if (SUCCEEDED(hr))
        hr = watch(opened);
    answer(hr, "open");
}

/* join IDENTITY FILE */
static void do_join(char **words)
{
    char *invitation = read_file(words[2]);
    uint64_t joined;
    HRESULT hr = engine_group_join(words[1], invitation, NULL, &joined);
    if (SUCCEEDED(hr))
        hr = watch(joined);
    answer(hr, "joined");
    free(invitation);
}

/* invite IDENTITY-FILE INVITATION-FILE ROLES SECONDS (0: as long as the issuer) */
static void do_invite(char **words)
{
    char *identity = read_file(words[1]), *xml = NULL;
    uint64_t seconds = strtoull(words[4], NULL, 10);
    struct engine_invite invite = {.identity_xml = identity,
                                   .roles = (unsigned)strtoul(words[3], NULL, 10),
                                   .expiration =
                                       seconds ? loop_utc() + seconds * TICKS_PER_SECOND : 0};
    HRESULT hr = engine_group_invite(session, &invite, &xml);
    if (SUCCEEDED(hr))
        write_file(words[2], xml);
    answer(hr, "invited");
    mem_free(xml);
    free(identity);
}

static void do_connect(char **words)
{
    struct address address = {.ip = {[10] = 0xff, [11] = 0xff}};
    HRESULT hr;
    if (words[1]) {
        char *colon = strchr(words[1], ':');
        *colon = 0;
        inet_pton(AF_INET, words[1], address.ip + 12);
        address.port = (uint16_t)strtoul(colon + 1, NULL, 10);
        hr = engine_group_connect(session, &address, 1);
    } else {
        hr = engine_group_connect(session, NULL, 0);
    }
    answer(hr, "connecting");
}

static void do_holder(char **words)
{
    uint32_t process = 0;
    HRESULT hr = engine_group_holder(words[1], words[2], &process);
    answer(hr, "%u", process);
}

static void do_connections(char **words)
{
    (void)words;
    struct engine_connection_list list;
    HRESULT hr = engine_connections(session, true, false, &list);
    answer(hr, "%u", list.count);
    if (SUCCEEDED(hr))
        engine_connection_list_deinit(&list);
}

static void do_close(char **words)
{
    (void)words;
    HRESULT hr = engine_events_unregister(registration);
    if (SUCCEEDED(hr))
        hr = engine_group_close(session);
    answer(hr, "closed");
}

static void do_delete(char **words)
{
    answer(engine_group_delete(words[1], words[2]), "deleted");
}

/* ---- the loop ---- */

static const struct {
    const char *name;
    int words;
    void (*run)(char **words);
} commands[] = {
    {"identity", 3, do_identity}, {"create", 2, do_create},
    {"open", 3, do_open},         {"join", 3, do_join},
    {"invite", 5, do_invite},     {"connect", 1, do_connect},
    {"holder", 3, do_holder},     {"connections", 1, do_connections},
    {"group", 1, do_group},       {"self", 1, do_self},
    {"close", 1, do_close},       {"delete", 3, do_delete},
    {"add", 3, do_add},           {"update", 4, do_update},
    {"remove", 2, do_remove},     {"get", 2, do_get},
    {"list", 1, do_list},         {"count", 1, do_count},
    {"storm", 3, do_storm},       {"addmany", 3, do_add_many},
};

static void run_line(char *line)
{
    char *words[8] = {NULL}, *rest = NULL;
    int count = 0;
    for (char *word = strtok_r(line, " \n", &rest); word && count < 7;
         word = strtok_r(NULL, " \n", &rest))
        words[count++] = word;
    for (size_t i = 0; count > 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, words[0]) == 0 && count >= commands[i].words) {
            commands[i].run(words);
            return;
        }
    say("- what?");
}

int main(void)
{
    char line[4096];
    signal(SIGXFSZ, SIG_IGN);
    sem_init(&events_ready, 0, 0);
    HRESULT hr = engine_startup();
    answer(hr, "ready");
    while (SUCCEEDED(hr) && fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, "quit\n") == 0)
            break;
        run_line(line);
    }
    return SUCCEEDED(hr) && engine_shutdown() == S_OK ? 0 : 1;
}
