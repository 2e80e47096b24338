/* address.c - parsing, judging and choosing of addresses.
 *
 * All inside is one form, sockaddr_in6 with IPv4 v4-mapped; only the two conversions know the
 * other. An address that comes from a peer is judged by address_reach, a closed list of what
 * unicast looks like: what is on no list is ADDRESS_NONE, so that a lie in a presence record can
 * make a member dial a stranger, but never a multicast group or itself. Parsing is strict and fails
 * with E_INVALIDARG. */
#include "engine/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <uv.h>

static const uint8_t v4_mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
static const uint8_t nat64[12] = {0, 0x64, 0xFF, 0x9B};

void address_from_ipv4(struct in_addr v4, in_port_t port, struct sockaddr_in6 *address)
{
    memset(address, 0, sizeof(*address));
    address->sin6_family = AF_INET6;
    memcpy(address->sin6_addr.s6_addr, v4_mapped, sizeof(v4_mapped));
    memcpy(address->sin6_addr.s6_addr + sizeof(v4_mapped), &v4, sizeof(v4));
    address->sin6_port = port;
}

bool address_from_socket(const struct sockaddr *socket, struct sockaddr_in6 *address)
{
    memset(address, 0, sizeof(*address));
    address->sin6_family = AF_INET6;
    if (socket->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)socket;
        address->sin6_addr = v6->sin6_addr;
        address->sin6_port = v6->sin6_port;
        address->sin6_scope_id = v6->sin6_scope_id;
        return true;
    }
    if (socket->sa_family != AF_INET)
        return false;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)socket;
    address_from_ipv4(v4->sin_addr, v4->sin_port, address);
    return true;
}

void address_to_socket(const struct sockaddr_in6 *address, struct sockaddr_storage *socket)
{
    memset(socket, 0, sizeof(*socket));
    if (!address_is_ipv4(address)) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)socket;
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = address->sin6_addr;
        v6->sin6_port = address->sin6_port;
        v6->sin6_scope_id = address->sin6_scope_id;
        return;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)socket;
    v4->sin_family = AF_INET;
    v4->sin_port = address->sin6_port;
    memcpy(&v4->sin_addr, address->sin6_addr.s6_addr + sizeof(v4_mapped), sizeof(v4->sin_addr));
}

bool address_is_ipv4(const struct sockaddr_in6 *address)
{
    return memcmp(address->sin6_addr.s6_addr, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool address_is_loopback(const struct sockaddr_in6 *address)
{
    if (address_is_ipv4(address))
        return address->sin6_addr.s6_addr[12] == 127;
    return memcmp(&address->sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
}

bool address_is_unspecified(const struct sockaddr_in6 *address)
{
    static const uint8_t none[4];
    if (address_is_ipv4(address))
        return memcmp(address->sin6_addr.s6_addr + 12, none, sizeof(none)) == 0;
    return memcmp(&address->sin6_addr, &in6addr_any, sizeof(in6addr_any)) == 0;
}

bool address_same_site(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    if (address_is_ipv4(a) || address_is_ipv4(b))
        return memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0;
    return memcmp(&a->sin6_addr, &b->sin6_addr, 8) == 0;
}

/* One to five digits without sign, at most 65535. */
static bool parse_port(const char *text, in_port_t *port)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    long value = strtol(text, NULL, 10);
    *port = htons((uint16_t)value);
    return value <= UINT16_MAX;
}

/* Splits "[host]:port", "[host]", "host:port", "host" or ":port"; host gets what was inside. */
static bool split(const char *text, char host[INET6_ADDRSTRLEN], bool *bracketed, const char **port)
{
    *bracketed = text[0] == '[';
    const char *begin = *bracketed ? text + 1 : text;
    size_t size = strcspn(begin, *bracketed ? "]" : ":");
    if (size >= INET6_ADDRSTRLEN)
        return false;
    memcpy(host, begin, size);
    host[size] = '\0';
    const char *rest = begin + size;
    if (*bracketed && *rest++ != ']')
        return false;
    if (*rest != '\0' && *rest != ':')
        return false;
    *port = *rest == ':' ? rest + 1 : NULL;
    return true;
}

HRESULT address_parse_listen(const char *text, struct sockaddr_in6 *address, bool *port_given)
{
    char host[INET6_ADDRSTRLEN];
    const char *port = NULL;
    bool bracketed = false;
    memset(address, 0, sizeof(*address));
    address->sin6_family = AF_INET6;
    *port_given = false;
    if (!split(text, host, &bracketed, &port))
        return E_INVALIDARG;
    in_port_t number = 0;
    if (port && !parse_port(port, &number))
        return E_INVALIDARG;
    if (bracketed) {
        if (inet_pton(AF_INET6, host, &address->sin6_addr) != 1)
            return E_INVALIDARG;
    } else if (host[0] != '\0') {
        struct in_addr v4;
        if (inet_pton(AF_INET, host, &v4) != 1)
            return E_INVALIDARG;
        address_from_ipv4(v4, 0, address);
    } else if (!port) {
        return E_INVALIDARG;
    }
    if (!address_is_unspecified(address) && address_reach(address) == ADDRESS_NONE)
        return E_INVALIDARG;
    address->sin6_port = number;
    *port_given = port != NULL;
    return S_OK;
}

static enum address_reach reach_ipv4(const uint8_t a[4])
{
    if (a[0] == 0 || a[0] >= 224) /* this network, multicast, reserved, broadcast */
        return ADDRESS_NONE;
    if (a[0] == 127)
        return ADDRESS_LOOPBACK;
    if (a[0] == 169 && a[1] == 254)
        return ADDRESS_LINK;
    if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xF0) == 16) || (a[0] == 192 && a[1] == 168) ||
        (a[0] == 100 && (a[1] & 0xC0) == 64))
        return ADDRESS_PRIVATE;
    return ADDRESS_GLOBAL;
}

enum address_reach address_reach(const struct sockaddr_in6 *address)
{
    const uint8_t *a = address->sin6_addr.s6_addr;
    if (address->sin6_family != AF_INET6)
        return ADDRESS_NONE;
    if (address_is_ipv4(address) || memcmp(a, nat64, sizeof(nat64)) == 0)
        return reach_ipv4(a + 12);
    if (address_is_loopback(address))
        return ADDRESS_LOOPBACK;
    if ((a[0] & 0xE0) == 0x20)
        return ADDRESS_GLOBAL;
    if ((a[0] & 0xFE) == 0xFC)
        return ADDRESS_PRIVATE;
    if (a[0] == 0xFE && (a[1] & 0xC0) == 0x80 && address->sin6_scope_id != 0)
        return ADDRESS_LINK;
    return ADDRESS_NONE;
}

bool address_may_dial(const struct sockaddr_in6 *address)
{
    return address->sin6_port != 0 && address_reach(address) != ADDRESS_NONE;
}

static bool equal(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return memcmp(&a->sin6_addr, &b->sin6_addr, sizeof(a->sin6_addr)) == 0 &&
           a->sin6_port == b->sin6_port && a->sin6_scope_id == b->sin6_scope_id;
}

/* Drops what others cannot use and doubles, then sorts by reach; equals keep their order. */
static unsigned sort_useful(struct sockaddr_in6 *addresses, unsigned count)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < count; i++) {
        struct sockaddr_in6 address = addresses[i];
        enum address_reach reach = address_reach(&address);
        bool wanted = reach < ADDRESS_LOOPBACK;
        for (unsigned j = 0; wanted && j < kept; j++)
            wanted = !equal(&addresses[j], &address);
        if (!wanted)
            continue;
        unsigned at = kept++;
        for (; at > 0 && address_reach(&addresses[at - 1]) > reach; at--)
            addresses[at] = addresses[at - 1];
        addresses[at] = address;
    }
    return kept;
}

unsigned address_select(struct sockaddr_in6 *addresses, unsigned count, unsigned max)
{
    count = sort_useful(addresses, count);
    unsigned chosen = 0, of_family[2] = {0, 0};
    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = chosen; i < count && chosen < max; i++) {
            struct sockaddr_in6 address = addresses[i];
            unsigned family = address_is_ipv4(&address);
            if (pass == 0 && of_family[family] >= (max + 1) / 2)
                continue;
            of_family[family]++;
            memmove(&addresses[chosen + 1], &addresses[chosen], (i - chosen) * sizeof(address));
            addresses[chosen++] = address;
        }
    }
    return sort_useful(addresses, chosen);
}

unsigned address_own(struct sockaddr_in6 *addresses, unsigned max)
{
    uv_interface_address_t *interfaces = NULL;
    int count = 0;
    unsigned found = 0;
    if (uv_interface_addresses(&interfaces, &count) != 0)
        return 0;
    for (int i = 0; i < count && found < max; i++) {
        const struct sockaddr *socket = (const struct sockaddr *)&interfaces[i].address;
        if (address_from_socket(socket, &addresses[found])) {
            addresses[found].sin6_port = 0;
            found++;
        }
    }
    uv_free_interface_addresses(interfaces, count);
    return found;
}
