/* links.h - the network interfaces that tests show the library, whatever the machine has: up to
 * two.
 *
 * The names of clouds come from them. The library asks the system by these two functions; a program
 * includes this once. */
#ifndef CONTRACT_LINKS_H
#define CONTRACT_LINKS_H

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>

static int link_count = 2; /* may be changed at any time */

int getifaddrs(struct ifaddrs **list)
{
    static char names[2][8] = {"net0", "net1"};
    static struct sockaddr_in6 addresses[2];
    static struct ifaddrs links[2];
    for (int i = 0; i < link_count; i++) {
        addresses[i].sin6_family = AF_INET6;
        inet_pton(AF_INET6, "fe80::1", &addresses[i].sin6_addr);
        links[i] = (struct ifaddrs){.ifa_next = i + 1 < link_count ? &links[i + 1] : NULL,
                                    .ifa_name = names[i],
                                    .ifa_flags = IFF_UP,
                                    .ifa_addr = (struct sockaddr *)(void *)&addresses[i]};
    }
    *list = link_count > 0 ? links : NULL;
    return 0;
}

void freeifaddrs(struct ifaddrs *list)
{
    (void)list;
}

#endif
