/* bench_import.c - how fast a database goes through a file, and what that costs the rest of the
 * program.
 *
 *   bench-import make FOLDER COUNT SIZE   a group of COUNT records of SIZE bytes, exported
 *   bench-import take FOLDER NAME         imported into the new data folder NAME of FOLDER
 *
 * The second prints records a second, those a second of processor time, the peak of memory, and how
 * long PeerGroupGetStatus took meanwhile, called again and again in another thread. */
#include "p2p.h"
#include "peergroup/platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

enum { WRITERS = 8, PATH_SIZE = 512, TEXT_UNITS = 1 << 17 };

static const WCHAR secret[] = u"secret";
static const GUID type_note = {0x1d6a5a0c, 1, 2, {3}};
static HGROUP group;
static atomic_int left;
static ULONG size;
static atomic_bool stop;
static double longest, waits[1 << 20];
static unsigned wait_count;

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void check(HRESULT hr, const char *what)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "%s: 0x%08x\n", what, (unsigned)hr);
    exit(1);
}

static const char *place(const char *folder, const char *name)
{
    static char path[PATH_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const WCHAR *wide(const char *text)
{
    static WCHAR units[PATH_SIZE];
    size_t count = 0;
    for (; text[count] && count < PATH_SIZE - 1; count++)
        units[count] = (WCHAR)(unsigned char)text[count];
    units[count] = 0;
    return units;
}

static void use_home(const char *path)
{
    PEER_VERSION_DATA version;
    if (mkdir(path, 0700) != 0 || setenv("PEERGROUP_HOME", path, 1) != 0)
        check(E_FAIL, path);
    check(PeerGroupStartup(PEER_GROUP_VERSION, &version), "PeerGroupStartup");
}

static void save(const char *path, PCWSTR text)
{
    FILE *file = fopen(path, "wb");
    size_t count = 0;
    while (text[count])
        count++;
    if (!file || fwrite(text, sizeof(*text), count + 1, file) != count + 1 || fclose(file) != 0)
        check(E_FAIL, path);
}

static const WCHAR *load(const char *path)
{
    static WCHAR text[TEXT_UNITS];
    FILE *file = fopen(path, "rb");
    if (!file || fread(text, sizeof(*text), TEXT_UNITS, file) == 0)
        check(E_FAIL, path);
    else
        fclose(file);
    return text;
}

/* ---- make ---- */

static void *write_records(void *context)
{
    BYTE *data = calloc(1, size + sizeof(int));
    int number;
    while (data && (number = atomic_fetch_sub(&left, 1)) > 0) {
        PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note, .data = {size, data}};
        FILETIME time;
        GUID id;
        memcpy(data, &number, sizeof(number));
        GetSystemTimeAsFileTime(&time);
        time.dwHighDateTime += 2000;
        check(PeerGroupUniversalTimeToPeerTime(group, &time, &record.ftExpiration), "time");
        check(PeerGroupAddRecord(group, &record, &id), "PeerGroupAddRecord");
    }
    free(data);
    return context;
}

static void make(const char *folder)
{
    pthread_t writers[WRITERS];
    PWSTR identity = NULL, xml = NULL;
    use_home(place(folder, "first"));
    check(PeerIdentityCreate(NULL, u"bench", 0, &identity), "PeerIdentityCreate");
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties),
                                        .pwzCreatorPeerName = identity};
    check(PeerGroupCreate(&properties, &group), "PeerGroupCreate");
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, write_records, NULL);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    check(PeerIdentityExport(identity, secret, &xml), "PeerIdentityExport");
    save(place(folder, "identity"), xml);
    PeerFreeData(xml);
    check(PeerGroupExportConfig(group, secret, &xml), "PeerGroupExportConfig");
    save(place(folder, "config"), xml);
    PeerFreeData(xml);
    PeerFreeData(identity);
    double begun = now_ms();
    check(PeerGroupExportDatabase(group, wide(place(folder, "database"))),
          "PeerGroupExportDatabase");
    printf("%.0f\n", now_ms() - begun);
}

/* ---- take ---- */

static void *ask(void *context)
{
    while (!atomic_load(&stop)) {
        DWORD status;
        double begun = now_ms();
        check(PeerGroupGetStatus(group, &status), "PeerGroupGetStatus");
        double took = now_ms() - begun;
        longest = took > longest ? took : longest;
        if (wait_count < sizeof(waits) / sizeof(waits[0]))
            waits[wait_count++] = took;
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return context;
}

static int order(const void *a, const void *b)
{
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static double cpu_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* Opens the group by a configuration: its member, and nothing of its records. */
static void prepare(const char *folder, const char *name)
{
    PWSTR identity = NULL, again = NULL, group_name = NULL;
    use_home(place(folder, name));
    check(PeerIdentityImport(load(place(folder, "identity")), secret, &identity),
          "PeerIdentityImport");
    check(PeerGroupImportConfig(load(place(folder, "config")), secret, FALSE, &again, &group_name),
          "PeerGroupImportConfig");
    check(PeerGroupOpen(identity, group_name, NULL, &group), "PeerGroupOpen");
    PeerFreeData(identity);
    PeerFreeData(again);
    PeerFreeData(group_name);
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

/* The peak of memory, in MiB. */
static double peak(void)
{
    char line[256];
    double value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "VmHWM:", 6) == 0)
            value = (double)strtol(line + 6, NULL, 10) / 1024;
    if (file)
        fclose(file);
    return value;
}

static unsigned records_here(void)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 0;
    check(PeerGroupEnumRecords(group, &type_note, &enumeration), "PeerGroupEnumRecords");
    check(PeerGetItemCount(enumeration, &count), "PeerGetItemCount");
    check(PeerEndEnumeration(enumeration), "PeerEndEnumeration");
    return (unsigned)count;
}

static void take(const char *folder, const char *name)
{
    pthread_t asker;
    prepare(folder, name);
    forget_peak();
    pthread_create(&asker, NULL, ask, NULL);
    double cpu = cpu_ms(), begun = now_ms();
    check(PeerGroupImportDatabase(group, wide(place(folder, "database"))),
          "PeerGroupImportDatabase");
    double took = now_ms() - begun;
    cpu = cpu_ms() - cpu;
    double most = peak();
    atomic_store(&stop, true);
    pthread_join(asker, NULL);
    qsort(waits, wait_count, sizeof(waits[0]), order);
    unsigned count = records_here();
    printf("%.0f %.0f %.1f %.2f %.1f\n", count / took * 1e3, count / cpu * 1e3, most,
           wait_count > 0 ? waits[wait_count / 2] : 0, longest);
}

int main(int count, char **arguments)
{
    if (count == 5 && strcmp(arguments[1], "make") == 0) {
        atomic_store(&left, atoi(arguments[3]));
        size = (ULONG)strtoul(arguments[4], NULL, 10);
        make(arguments[2]);
    } else if (count == 4 && strcmp(arguments[1], "take") == 0) {
        take(arguments[2], arguments[3]);
    } else {
        return 2;
    }
    check(PeerGroupShutdown(), "PeerGroupShutdown");
    return 0;
}
