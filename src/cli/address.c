/* address.c - addresses as people write them.
 *
 * "HOST:PORT", "[IPV6]:PORT", or a host alone with the standard port; a name is looked up with
 * the system's resolver, which may wait. IPv4 travels as v4-mapped IPv6, as the interface has it.
 * Failure: false for whatever is no address, without a reason. */
#include "cli/address.h"
#include "cli/text.h"

#include <stdio.h>
#include <string.h>

static void set_ipv4(const struct sockaddr_in *from, SOCKADDR_IN6 *to)
{
    to->sin6_family = AF_INET6;
    to->sin6_addr.s6_addr[10] = to->sin6_addr.s6_addr[11] = 0xff;
    memcpy(&to->sin6_addr.s6_addr[12], &from->sin_addr, 4);
    to->sin6_port = from->sin_port;
}

static bool look_up(const char *host, const char *port, PEER_ADDRESS *address)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host, port, &hints, &found) != 0 || !found)
        return false;
    *address = (PEER_ADDRESS){.dwSize = sizeof(*address)};
    if (found->ai_family == AF_INET)
        set_ipv4((const struct sockaddr_in *)(const void *)found->ai_addr, &address->sin6);
    else
        memcpy(&address->sin6, found->ai_addr, sizeof(address->sin6));
    freeaddrinfo(found);
    return address->sin6.sin6_port != 0;
}

bool address_parse(const char *text, PEER_ADDRESS *address)
{
    char *host CLEANUP_TEXT = text_copy(text);
    char *start = host, *port = NULL;
    if (*host == '[') {
        char *close = strchr(host, ']');
        if (!close || (close[1] && close[1] != ':'))
            return false;
        start = host + 1;
        port = close[1] ? close + 2 : NULL;
        *close = '\0';
    } else if (strchr(host, ':') && strchr(host, ':') == strrchr(host, ':')) {
        port = strchr(host, ':') + 1;
        port[-1] = '\0';
    }
    char standard[8];
    snprintf(standard, sizeof(standard), "%d", PEERGROUP_GROUP_PORT);
    return *start && look_up(start, port ? port : standard, address);
}

char *address_text(const PEER_ADDRESS *address)
{
    char host[64] = "?";
    const SOCKADDR_IN6 *sin6 = &address->sin6;
    unsigned port = ntohs(sin6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
        inet_ntop(AF_INET, &sin6->sin6_addr.s6_addr[12], host, sizeof(host));
        return text_format("%s:%u", host, port);
    }
    inet_ntop(AF_INET6, &sin6->sin6_addr, host, sizeof(host));
    return text_format("[%s]:%u", host, port);
}
