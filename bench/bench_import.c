/* bench_import.c - how fast a database goes through a file, and what that costs the rest of the
 * program.
 *
 *   bench-import make FOLDER COUNT SIZE   a group of COUNT records of SIZE bytes, exported
 *   bench-import take FOLDER NAME         imported into the new data folder NAME of FOLDER
 *
 * The second prints records a second, those a second of processor time, the peak of memory, and how
 * long PeerGroupGetStatus took meanwhile, called again and again in another thread. */
#include "measure.h"

#include <sys/resource.h>
#include <sys/stat.h>

enum { PATH_SIZE = 512, TEXT_UNITS = 1 << 17 };

static const WCHAR secret[] = u"secret";

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

static void make(const char *folder, int count)
{
    PWSTR identity = NULL, xml = NULL;
    use_home(place(folder, "first"));
    check(PeerIdentityCreate(NULL, u"bench", 0, &identity), "PeerIdentityCreate");
    PEER_GROUP_PROPERTIES properties = {.dwSize = sizeof(properties),
                                        .pwzCreatorPeerName = identity};
    check(PeerGroupCreate(&properties, &group), "PeerGroupCreate");
    fill(count);
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
    prepare(folder, name);
    forget_peak();
    asked_begin();
    double cpu = cpu_ms(), begun = now_ms();
    check(PeerGroupImportDatabase(group, wide(place(folder, "database"))),
          "PeerGroupImportDatabase");
    double took = now_ms() - begun;
    cpu = cpu_ms() - cpu;
    double most = (double)memory("VmHWM:") / 1024, median = asked_end();
    unsigned count = records_here();
    printf("%.0f %.0f %.1f %.2f %.1f\n", count / took * 1e3, count / cpu * 1e3, most, median,
           longest);
}

int main(int count, char **arguments)
{
    if (count == 5 && strcmp(arguments[1], "make") == 0) {
        size = (ULONG)strtoul(arguments[4], NULL, 10);
        make(arguments[2], atoi(arguments[3]));
    } else if (count == 4 && strcmp(arguments[1], "take") == 0) {
        take(arguments[2], arguments[3]);
    } else {
        return 2;
    }
    check(PeerGroupShutdown(), "PeerGroupShutdown");
    return 0;
}
