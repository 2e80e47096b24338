/* address.h - which addresses to listen at, to tell others, and to dial. Pure but for address_own.
 */
#ifndef ENGINE_ADDRESS_H
#define ENGINE_ADDRESS_H

#include "base/bytes.h"

#include <netinet/in.h>

/* Addresses are sockaddr_in6 everywhere; IPv4 is v4-mapped. address_from_socket turns either family
 * into that form; false: another family. address_to_socket goes the other way: IPv4 gets its own
 * family, so that it works on a system without IPv6. */
bool address_from_socket(const struct sockaddr *socket, struct sockaddr_in6 *address);
void address_to_socket(const struct sockaddr_in6 *address, struct sockaddr_storage *socket);

void address_from_ipv4(struct in_addr v4, in_port_t port, struct sockaddr_in6 *address);

bool address_is_ipv4(const struct sockaddr_in6 *address);
bool address_is_loopback(const struct sockaddr_in6 *address);
bool address_is_unspecified(const struct sockaddr_in6 *address);
/* address_same_site: the same IPv4 address or the same IPv6 /64: what one stranger can be expected
 * to hold. */
bool address_same_site(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b);

/* address_parse_listen reads PEERGROUP_LISTEN: "[::1]:4000", "[::1]", "127.0.0.1:0", "127.0.0.1" or
 * ":4000" (which is
 * [::]:4000). *port_given tells "port 0" from "no port". E_INVALIDARG: anything else, also unusable
 * addresses such as multicast ones. */
HRESULT address_parse_listen(const char *text, struct sockaddr_in6 *address,
                             bool *port_given) MUST_CHECK;

/* address_may_dial: unicast that a group's member can have: global, private, link-local with an
 * interface, loopback; a port that is not 0. Never multicast, broadcast, unspecified or reserved
 * ones. */
bool address_may_dial(const struct sockaddr_in6 *address);

/* How useful an address is to others. */
enum address_reach {
    ADDRESS_GLOBAL,
    ADDRESS_PRIVATE,
    ADDRESS_LINK,
    ADDRESS_LOOPBACK,
    ADDRESS_NONE
};
enum address_reach address_reach(const struct sockaddr_in6 *address);

/* address_select moves the best of count addresses to the front and returns how many of those to
 * tell, at most max: farthest reach first, and while others wait none of the two families takes
 * more than half of the places. Loopback and useless ones are not told. */
unsigned address_select(struct sockaddr_in6 *addresses, unsigned count, unsigned max);

/* address_own fills at most max addresses of interfaces that are up, without port; returns how
 * many. */
unsigned address_own(struct sockaddr_in6 *addresses, unsigned max);

#endif
