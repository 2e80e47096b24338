/* May sixteen threads call every function of the interface at once, on handles that others close
 * meanwhile, on made-up ones, and on the same few groups, with every call ending in a code that its
 * page documents?
 *
 * Each thread draws calls from its own seed. The codes come from contract/returns.tsv; a function
 * of Common, Identity or Grouping that no list below calls fails the test, and so does one that
 * never succeeded: at the beginning, with good arguments (scene.c), and in runs of 20 seconds and
 * more among the calls that were drawn. Runs PEERGROUP_STRESS_SECONDS (5), under ThreadSanitizer as
 * well. */
#include "stress.h"

#include "base/result.h"
#include "support/home.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { HANDLES = 12, KEPT = 24, ROWS = 1024, CALLS = 96, BEGINNING = 6, LONG_SECONDS = 20 };

char stress_folder[128];
HANDLE stress_event;

unsigned stress_draw(unsigned *seed, unsigned below)
{
    return (unsigned)rand_r(seed) % below;
}

FILETIME stress_later(LONGLONG seconds)
{
    FILETIME now;
    GetSystemTimeAsFileTime(&now);
    ULONGLONG ticks =
        ((ULONGLONG)now.dwHighDateTime << 32 | now.dwLowDateTime) + (ULONGLONG)(seconds * 10000000);
    return (FILETIME){(DWORD)ticks, (DWORD)(ticks >> 32)};
}

void stress_path(const char *name, WCHAR path[160])
{
    char text[160];
    snprintf(text, sizeof(text), "%s/%s", stress_folder, name);
    for (size_t i = 0; i <= strlen(text); i++)
        path[i] = (WCHAR)text[i];
}

/* ---- handles ---- */

static _Atomic(void *) handles[STRESS_KINDS][HANDLES];

void *stress_put(enum stress_kind kind, unsigned *seed, void *handle)
{
    return atomic_exchange(&handles[kind][stress_draw(seed, HANDLES)], handle);
}

void *stress_take(enum stress_kind kind, unsigned *seed)
{
    return stress_put(kind, seed, NULL);
}

void *stress_look(enum stress_kind kind, unsigned *seed)
{
    if (stress_draw(seed, 16) == 0)
        return (void *)(uintptr_t)rand_r(seed);
    const struct stress_place *place = &stress_pair[stress_draw(seed, 2)];
    if (kind == STRESS_GROUP && stress_draw(seed, 4) == 0)
        return place->group;
    if (kind == STRESS_EVENT && stress_draw(seed, 4) == 0)
        return place->events;
    return atomic_load(&handles[kind][stress_draw(seed, HANDLES)]);
}

HRESULT stress_keep_enumeration(unsigned *seed, HRESULT hr, HPEERENUM enumeration)
{
    HPEERENUM old = FAILED(hr) ? NULL : stress_put(STRESS_ENUMERATION, seed, enumeration);
    if (old) {
        HRESULT ended = PeerEndEnumeration(old);
        (void)ended; /* another thread may have tried a made-up handle that is this one */
    }
    return hr;
}

/* ---- texts ---- */

static pthread_mutex_t texts_lock = PTHREAD_MUTEX_INITIALIZER;
static WCHAR *texts[STRESS_TEXTS][KEPT];

void stress_keep(enum stress_text kind, unsigned *seed, PCWSTR first, PCWSTR second)
{
    size_t size = wide_length(first), more = second ? wide_length(second) : 0;
    WCHAR *text = malloc((size + more + 2) * sizeof(WCHAR));
    if (!text)
        abort();
    memcpy(text, first, (size + 1) * sizeof(WCHAR));
    if (second) {
        text[size] = u' ';
        memcpy(text + size + 1, second, (more + 1) * sizeof(WCHAR));
    }
    pthread_mutex_lock(&texts_lock);
    WCHAR **place = &texts[kind][stress_draw(seed, KEPT)];
    free(*place);
    *place = text;
    pthread_mutex_unlock(&texts_lock);
}

WCHAR *stress_text(enum stress_text kind, unsigned *seed)
{
    WCHAR *copy = NULL;
    pthread_mutex_lock(&texts_lock);
    const WCHAR *text = texts[kind][stress_draw(seed, KEPT)];
    if (text) {
        size_t size = (wide_length(text) + 1) * sizeof(WCHAR);
        copy = malloc(size);
        if (copy)
            memcpy(copy, text, size);
    }
    pthread_mutex_unlock(&texts_lock);
    return copy;
}

WCHAR *stress_split(WCHAR *text)
{
    while (*text && *text != u' ')
        text++;
    if (*text)
        *text++ = 0;
    return text;
}

/* ---- the documented codes ---- */

static struct row {
    char function[64];
    char code[64];
} rows[ROWS];
static size_t row_count;

/* What any function may answer (rulings 1 and 3). */
static bool is_general(const char *function, HRESULT hr)
{
    return hr == S_OK || hr == E_INVALIDARG ||
           (hr == PEER_E_INVALID_GROUP && strncmp(function, "PeerGroup", 9) == 0);
}

/* What rulings (12, 26) and docs/deviations.md say beyond. */
static const struct {
    const char *function;
    HRESULT hr;
} beyond[] = {{"PeerGroupCreate", PEER_E_INVALID_GROUP_PROPERTIES},
              {"PeerGroupConnectByAddress", PEER_S_ALREADY_CONNECTED},
              {"PeerGroupResumePasswordAuthentication", PEER_S_ALREADY_CONNECTED},
              {"PeerGroupIssueCredentials", PEER_E_GROUP_NOT_READY},
              {"PeerGroupIssueCredentials", PEER_E_NOT_AUTHORIZED},
              {"PeerGroupPasswordJoin", PEER_E_GROUP_IN_USE},
              {"PeerGroupExportConfig", PEER_E_NOT_AUTHORIZED},
              {"PeerGroupImportConfig", PEER_E_GROUP_IN_USE},
              {"PeerGroupGetEventData", PEER_E_TOO_MUCH_LOAD},
              {"PeerGroupSendData", PEER_E_TOO_MUCH_LOAD},
              {"PeerIdentityImport", PEER_E_TOO_MANY_IDENTITIES}};

static bool load_rows(const char *path)
{
    char line[1024];
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    while (row_count < ROWS && fgets(line, sizeof(line), file)) {
        struct row *row = &rows[row_count];
        row_count += sscanf(line, "%63[^\t]\t%63[^\t\n]", row->function, row->code) == 2;
    }
    fclose(file);
    return row_count > 0;
}

static bool is_documented(const char *function, HRESULT hr)
{
    if (is_general(function, hr))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(beyond); i++) {
        if (hr == beyond[i].hr && strcmp(function, beyond[i].function) == 0)
            return true;
    }
    const char *name = result_name(hr);
    for (size_t i = 0; i < row_count; i++) {
        if (strcmp(rows[i].function, function) != 0)
            continue;
        bool file = strcmp(rows[i].code, "family:WIN32_FILE") == 0;
        if ((name && strcmp(rows[i].code, name) == 0) || (file && ((DWORD)hr >> 16) == 0x8007))
            return true;
    }
    return false;
}

/* ---- the threads ---- */

static const struct stress_call *calls[CALLS];
static unsigned call_count;
static atomic_uint called[CALLS], succeeded[CALLS], drawn_well[CALLS], wrong;
static atomic_bool over;

static void gather(const struct stress_call *list)
{
    for (; list->name; list++) {
        assert_true(call_count < CALLS);
        calls[call_count++] = list;
    }
}

static void note(unsigned which, HRESULT hr)
{
    atomic_fetch_add(&called[which], 1);
    atomic_fetch_add(&succeeded[which], SUCCEEDED(hr));
    if (is_documented(calls[which]->name, hr))
        return;
    const char *name = result_name(hr);
    fprintf(stderr, "# %s: 0x%08x %s\n", calls[which]->name, (unsigned)hr, name ? name : "?");
    atomic_fetch_add(&wrong, 1);
}

HRESULT stress_note(const char *function, HRESULT hr)
{
    unsigned which = 0;
    while (which < call_count && strcmp(calls[which]->name, function) != 0)
        which++;
    assert_true(which < call_count);
    note(which, hr);
    return hr;
}

static void *work(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    while (!atomic_load(&over)) {
        unsigned which = stress_draw(&seed, call_count);
        if (calls[which]->rarity > 1 && stress_draw(&seed, calls[which]->rarity) != 0)
            continue;
        HRESULT hr = calls[which]->call(&seed);
        if (hr == STRESS_NOT_CALLED)
            continue;
        note(which, hr);
        atomic_fetch_add(&drawn_well[which], SUCCEEDED(hr));
    }
    return NULL;
}

static void test_all_functions_listed(void **state)
{
    (void)state;
    char line[4096], group[64], function[64];
    FILE *file = fopen(CONTRACT_FOLDER "/functions.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%63[^\t]\t%*[^\t]\t%63[^\t]", group, function) != 2 ||
            (strcmp(group, "Common") != 0 && strcmp(group, "Identity") != 0 &&
             strcmp(group, "Grouping") != 0))
            continue;
        bool listed = strcmp(function, "PeerFreeData") == 0; /* every call of the lists makes it */
        for (unsigned i = 0; i < call_count; i++)
            listed |= strcmp(calls[i]->name, function) == 0;
        if (!listed)
            print_error("%s is not called\n", function);
        assert_true(listed);
    }
    fclose(file);
}

/* How many functions never succeeded, or never when drawn. */
static unsigned count_never(bool drawn)
{
    unsigned never = 0;
    for (unsigned i = 0; i < call_count; i++)
        never += atomic_load(drawn ? &drawn_well[i] : &succeeded[i]) == 0;
    return never;
}

static void print_table(bool drawn)
{
    fprintf(stderr, "# %-40s %8s %9s %6s\n", "function", "calls", "succeeded", "drawn");
    for (unsigned i = 0; i < call_count; i++) {
        unsigned well = atomic_load(drawn ? &drawn_well[i] : &succeeded[i]);
        fprintf(stderr, "# %-40s %8u %9u %6u%s\n", calls[i]->name, atomic_load(&called[i]),
                atomic_load(&succeeded[i]), atomic_load(&drawn_well[i]), well ? "" : "  NEVER");
    }
}

static void test_sixteen_threads(void **state)
{
    (void)state;
    pthread_t threads[STRESS_THREADS];
    const char *wish = getenv("PEERGROUP_STRESS_SECONDS");
    struct timespec duration = {.tv_sec = wish ? atoi(wish) : 5};
    for (uintptr_t i = 0; i < STRESS_THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)(i + 1)), 0);
    nanosleep(&duration, NULL);
    const bool drawn = duration.tv_sec >= LONG_SECONDS;
    const struct timespec longer = {.tv_sec = 1}; /* a busy machine has drawn few */
    for (time_t i = 0; i < 3 * duration.tv_sec && count_never(drawn) > 0; i++)
        nanosleep(&longer, NULL);
    atomic_store(&over, true);
    for (int i = 0; i < STRESS_THREADS; i++)
        pthread_join(threads[i], NULL);
    print_table(drawn);
    assert_int_equal(count_never(drawn), 0);
    assert_int_equal(atomic_load(&wrong), 0);
}

static void end_handles(void)
{
    for (int i = 0; i < HANDLES; i++) {
        void *event = atomic_exchange(&handles[STRESS_EVENT][i], NULL);
        void *enumeration = atomic_exchange(&handles[STRESS_ENUMERATION][i], NULL);
        if (event)
            assert_ok(PeerGroupUnregisterEvent(event));
        if (enumeration)
            assert_ok(PeerEndEnumeration(enumeration));
    }
    for (int kind = 0; kind < STRESS_TEXTS; kind++) {
        for (int i = 0; i < KEPT; i++)
            free(texts[kind][i]);
    }
}

static void begin_with(const char *name, unsigned *seed)
{
    for (unsigned i = 0; i < call_count; i++) {
        HRESULT hr = strcmp(calls[i]->name, name) == 0 ? calls[i]->call(seed) : S_OK;
        (void)hr; /* there may be no identity in the place that was drawn */
    }
}

static int start(void **state)
{
    PEER_VERSION_DATA version;
    gather(stress_identity_calls);
    gather(stress_group_calls);
    gather(stress_record_calls);
    if (home_setup(state) != 0 || setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1) != 0)
        return -1;
    memcpy(stress_folder, test_home, sizeof(stress_folder));
    stress_event = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!stress_event || !load_rows(CONTRACT_FOLDER "/returns.tsv") ||
        FAILED(PeerGroupStartup(PEER_GROUP_VERSION, &version)))
        return -1;
    stress_begin();
    /* A few identities and groups to begin with: most calls meet each other in the same ones. */
    unsigned seed = 1;
    for (int i = 0; i < 4 * BEGINNING; i++)
        begin_with("PeerIdentityCreate", &seed);
    for (int i = 0; i < BEGINNING; i++)
        begin_with("PeerGroupCreate", &seed);
    return 0;
}

/* Groups that are still open end with the library. */
static int stop(void **state)
{
    end_handles();
    stress_end();
    HRESULT hr = PeerGroupShutdown();
    CloseHandle(stress_event);
    return SUCCEEDED(hr) ? home_teardown(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_functions_listed),
                                       cmocka_unit_test(test_sixteen_threads)};
    return cmocka_run_group_tests_name("stress", tests, start, stop);
}
