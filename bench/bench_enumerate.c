/* bench_enumerate.c - what walking through all records of a group costs the rest of the program:
 * the longest time that another call waits meanwhile, and memory.
 *
 *   bench-enumerate COUNT SIZE [search]
 *
 * Founds a group in $PEERGROUP_HOME with COUNT records of SIZE bytes, then lists them in batches of
 * 64 while another thread asks for the group's status again and again. */
#include "measure.h"

enum { BATCH = 64 };

static void list(bool search)
{
    static const WCHAR all[] = u"<peersearch><clause attrib=\"peercreatorid\" type=\"string\" "
                               u"compare=\"equal\">*</clause></peersearch>";
    HPEERENUM enumeration = NULL;
    ULONG count, total = 0;
    double begun = now_ms();
    check(search ? PeerGroupSearchRecords(group, all, &enumeration)
                 : PeerGroupEnumRecords(group, NULL, &enumeration),
          "enumeration");
    double created = now_ms();
    do {
        PVOID *items = NULL;
        count = BATCH;
        check(PeerGetNextItem(enumeration, &count, &items), "PeerGetNextItem");
        PeerFreeData(items);
        total += count;
    } while (count > 0);
    printf("%u records: created in %.0f ms, read in %.0f ms\n", (unsigned)total, created - begun,
           now_ms() - created);
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
    forget_peak();
    long before = memory("VmRSS:");
    asked_begin();
    list(argc > 3);
    double median = asked_end();
    printf("other calls meanwhile: median %.2f ms, longest %.1f ms; peak memory +%.1f MiB\n",
           median, longest, (double)(memory("VmHWM:") - before) / 1024);
    PeerFreeData(creator);
    check(PeerGroupShutdown(), "PeerGroupShutdown");
    return 0;
}
