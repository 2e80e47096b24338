/* address.h - "127.0.0.1:4000" and PEER_ADDRESS. */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include <p2p.h>

#include <stdbool.h>

/* address_parse reads "HOST:PORT", "[IPV6]:PORT", "HOST" or "[IPV6]"; HOST may be a name, and the
 * port is PEERGROUP_GROUP_PORT when left out. false: no such address. */
bool address_parse(const char *text, PEER_ADDRESS *address);
/* address_text is the other way; free with free. */
char *address_text(const PEER_ADDRESS *address);

#endif
