/* Does a large group go through a file in little memory? Fills a group, exports it, and imports it
 * into another data folder, each in a process of its own, and looks at how much memory the last two
 * took at their peak: less than 64 MiB, however many records there are. With PEERGROUP_TEST_LONG=1:
 * 100,000 records and one of 60 MB. The figures are printed. */
#include <p2p.h>

#include <stdbool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_KIB = 64 * 1024, NAME_SIZE = 512 };

static const WCHAR secret[] = u"secret";
static const GUID type_note = {
    0x1d6a5a0c, 0x4b2e, 0x4c37, {0x90, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77}};
static char folder[256];
static unsigned record_count;
static unsigned large_size;

static void need(HRESULT hr, const char *what)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "%s: 0x%08x\n", what, (unsigned)hr);
    exit(1);
}

static const char *place(const char *name)
{
    static char path[NAME_SIZE];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void use_home(const char *name)
{
    if (mkdir(place(name), 0700) != 0)
        (void)0; /* it is there already */
    setenv("PEERGROUP_HOME", place(name), 1);
    PEER_VERSION_DATA version;
    need(PeerGroupStartup(PEER_GROUP_VERSION, &version), "start");
}

static WCHAR *wide_path(const char *name)
{
    static WCHAR wide[NAME_SIZE];
    const char *path = place(name);
    size_t size = 0;
    for (; path[size]; size++)
        wide[size] = (WCHAR)(unsigned char)path[size];
    wide[size] = 0;
    return wide;
}

static void save(const char *name, PCWSTR text)
{
    size_t size = 0;
    while (text[size])
        size++;
    FILE *file = fopen(place(name), "wb");
    if (!file || fwrite(text, sizeof(WCHAR), size + 1, file) != size + 1 || fclose(file) != 0)
        need(E_FAIL, "save");
}

static WCHAR *load(const char *name)
{
    static WCHAR text[1 << 17];
    FILE *file = fopen(place(name), "rb");
    if (!file || fread(text, sizeof(WCHAR), sizeof(text) / sizeof(WCHAR), file) == 0)
        need(E_FAIL, "load");
    else
        fclose(file);
    return text;
}

/* Opens the only group of the only identity. */
static HGROUP open_group(void)
{
    PWSTR identity = NULL;
    HPEERENUM enumeration = NULL;
    ULONG count = 1;
    PPEER_NAME_PAIR *pairs = NULL;
    HGROUP group = NULL;
    need(PeerIdentityGetDefault(&identity), "identity");
    need(PeerEnumGroups(identity, &enumeration), "groups");
    need(PeerGetNextItem(enumeration, &count, (PVOID **)&pairs), "group");
    need(PeerGroupOpen(identity, pairs[0]->pwzPeerName, NULL, &group), "open");
    PeerFreeData(pairs);
    PeerEndEnumeration(enumeration);
    PeerFreeData(identity);
    return group;
}

static void add(HGROUP group, unsigned size, unsigned number)
{
    GUID id;
    FILETIME now;
    PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note};
    GetSystemTimeAsFileTime(&now);
    now.dwHighDateTime += 1000; /* five days */
    record.ftExpiration = now;
    record.data.cbData = size;
    record.data.pbData = malloc(size);
    memset(record.data.pbData, (int)(number % 251), size);
    memcpy(record.data.pbData, &number, sizeof(number));
    need(PeerGroupAddRecord(group, &record, &id), "add");
    free(record.data.pbData);
}

static void fill(void)
{
    PWSTR identity = NULL, xml = NULL;
    HGROUP group = NULL;
    use_home("a");
    need(PeerIdentityCreate(NULL, u"Founder", 0, &identity), "create identity");
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties),
                                        .pwzCreatorPeerName = identity};
    need(PeerGroupCreate(&properties, &group), "create group");
    for (unsigned i = 0; i < record_count; i++)
        add(group, 256, i);
    add(group, large_size, record_count);
    need(PeerGroupExportConfig(group, secret, &xml), "config");
    save("config", xml);
    PeerFreeData(xml);
    need(PeerIdentityExport(identity, secret, &xml), "identity");
    save("identity", xml);
    PeerFreeData(xml);
    PeerFreeData(identity);
}

static void export_it(void)
{
    use_home("a");
    need(PeerGroupExportDatabase(open_group(), wide_path("database")), "export");
}

static void prepare(void)
{
    PWSTR identity = NULL, group = NULL, again = NULL;
    use_home("b");
    need(PeerIdentityImport(load("identity"), secret, &identity), "import identity");
    need(PeerGroupImportConfig(load("config"), secret, FALSE, &again, &group), "import config");
    PeerFreeData(identity);
    PeerFreeData(again);
    PeerFreeData(group);
}

static void import_it(void)
{
    use_home("b");
    need(PeerGroupImportDatabase(open_group(), wide_path("database")), "import");
}

/* All records are there, and the large one is whole. */
static void look(void)
{
    HPEERENUM enumeration = NULL;
    ULONG count = 0;
    use_home("b");
    need(PeerGroupEnumRecords(open_group(), &type_note, &enumeration), "records");
    need(PeerGetItemCount(enumeration, &count), "count");
    if (count != record_count + 1) {
        fprintf(stderr, "%u records came, not %u\n", (unsigned)count, record_count + 1);
        exit(1);
    }
}

/* Runs one step in a process of its own; returns its peak in KiB. */
static long run(void (*step)(void), const char *name)
{
    struct timespec from, to;
    struct rusage usage;
    int status = 1;
    clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t child = fork();
    if (child == 0) {
        step();
        PeerGroupShutdown();
        exit(0);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        fprintf(stderr, "%s failed\n", name);
        exit(1);
    }
    clock_gettime(CLOCK_MONOTONIC, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    printf("# %-8s %6.1f s, peak %ld KiB\n", name, seconds, usage.ru_maxrss);
    fflush(stdout);
    return usage.ru_maxrss;
}

int main(void)
{
    bool whole = getenv("PEERGROUP_TEST_LONG") != NULL;
    bool sanitized = getenv("PEERGROUP_TEST_SANITIZED") != NULL;
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    char command[NAME_SIZE];
    record_count = whole ? 100000 : 20000;
    large_size = (whole ? 60u : 20u) * 1000 * 1000;
    snprintf(folder, sizeof(folder), "%s/peergroup-size-XXXXXX", base);
    if (!mkdtemp(folder))
        return 1;
    printf("# %u records of 256 bytes, one of %u\n", record_count, large_size);
    fflush(stdout);
    run(fill, "fill");
    long exported = run(export_it, "export");
    run(prepare, "prepare");
    long imported = run(import_it, "import");
    run(look, "look");
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    if (system(command) != 0)
        return 1;
    bool small = sanitized || (exported < LIMIT_KIB && imported < LIMIT_KIB);
    if (!small)
        fprintf(stderr, "over %d KiB\n", LIMIT_KIB);
    return small ? 0 : 1;
}
