/* bench_enumerate.c - what walking through all records of a group costs the rest of the program:
 * the longest time that another call waits meanwhile, and memory.
 *
 *   bench-enumerate COUNT SIZE [search]
 *
 * Founds a group in $PEERGROUP_HOME with COUNT records of SIZE bytes, then lists them in batches of
 * 64 while another thread asks for the group's status again and again. */
#include "p2p.h"
#include "peergroup/platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITERS = 8, BATCH = 64 };

static HGROUP group;
static atomic_int left;
static ULONG size;
static atomic_bool stop;
static double longest, waits[1 << 20];
static unsigned wait_count;

static double now(void)
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

static void *write_records(void *context)
{
    static const GUID type = {0x1d6a5a0c, 1, 2, {3}};
    BYTE *data = calloc(1, size + 1);
    while (data && atomic_fetch_sub(&left, 1) > 0) {
        PEER_RECORD record = {.dwSize = sizeof(record), .type = type, .data = {size, data}};
        FILETIME time;
        GUID id;
        GetSystemTimeAsFileTime(&time);
        time.dwHighDateTime += 2000;
        check(PeerGroupUniversalTimeToPeerTime(group, &time, &record.ftExpiration), "time");
        check(PeerGroupAddRecord(group, &record, &id), "PeerGroupAddRecord");
    }
    free(data);
    return context;
}

static void *ask(void *context)
{
    while (!atomic_load(&stop)) {
        DWORD status;
        double begun = now();
        check(PeerGroupGetStatus(group, &status), "PeerGroupGetStatus");
        double took = now() - begun;
        longest = took > longest ? took : longest;
        if (wait_count < sizeof(waits) / sizeof(waits[0]))
            waits[wait_count++] = took;
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return context;
}

/* A line of /proc/self/status, in KiB. */
static long memory(const char *name)
{
    char line[256];
    long value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

static void fill(int count)
{
    pthread_t writers[WRITERS];
    atomic_store(&left, count);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, write_records, NULL);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
}

static int order(const void *a, const void *b)
{
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

static void list(bool search)
{
    static const WCHAR all[] = u"<peersearch><clause attrib=\"peercreatorid\" type=\"string\" "
                               u"compare=\"equal\">*</clause></peersearch>";
    HPEERENUM enumeration = NULL;
    ULONG count, total = 0;
    double begun = now();
    check(search ? PeerGroupSearchRecords(group, all, &enumeration)
                 : PeerGroupEnumRecords(group, NULL, &enumeration),
          "enumeration");
    double created = now();
    do {
        PVOID *items = NULL;
        count = BATCH;
        check(PeerGetNextItem(enumeration, &count, &items), "PeerGetNextItem");
        PeerFreeData(items);
        total += count;
    } while (count > 0);
    printf("%u records: created in %.0f ms, read in %.0f ms\n", (unsigned)total, created - begun,
           now() - created);
    check(PeerEndEnumeration(enumeration), "PeerEndEnumeration");
}

int main(int argc, char **argv)
{
    PEER_VERSION_DATA version;
    PWSTR creator = NULL;
    if (argc < 3)
        return 2;
    size = (ULONG)strtoul(argv[2], NULL, 10);
    check(PeerGroupStartup(PEER_GROUP_VERSION, &version), "PeerGroupStartup");
    check(PeerIdentityCreate(NULL, u"bench", 0, &creator), "PeerIdentityCreate");
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties),
                                        .pwzCreatorPeerName = creator,
                                        .pwzFriendlyName = (PWSTR)u"bench"};
    check(PeerGroupCreate(&properties, &group), "PeerGroupCreate");
    fill((int)strtol(argv[1], NULL, 10));
    pthread_t asker;
    forget_peak();
    long before = memory("VmRSS:");
    pthread_create(&asker, NULL, ask, NULL);
    list(argc > 3);
    atomic_store(&stop, true);
    pthread_join(asker, NULL);
    qsort(waits, wait_count, sizeof(waits[0]), order);
    printf("other calls meanwhile: median %.2f ms, longest %.1f ms; peak memory +%.1f MiB\n",
           waits[wait_count / 2], longest, (double)(memory("VmHWM:") - before) / 1024);
    PeerFreeData(creator);
    check(PeerGroupShutdown(), "PeerGroupShutdown");
    return 0;
}
