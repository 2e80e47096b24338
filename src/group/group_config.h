/* group_config.h - what one identity needs to use a group on another machine, as XML under a
 * password (docs/export.md). */
#ifndef GROUP_GROUP_CONFIG_H
#define GROUP_GROUP_CONFIG_H

#include "group/invitation.h"
#include "record/record.h"

/* A member that answered at an address. */
struct config_peer {
    struct hash key;
    struct address address;
};

enum { CONFIG_PEERS_MAX = 10 };

/* Release with group_config_deinit, which wipes. */
struct group_config {
    char *identity; /* peer names */
    char *group;
    char *cloud;
    char *friendly_name; /* of the group */
    enum invitation_scope scope;
    uint32_t cloud_flags;
    struct buffer chain;           /* own: (u32 length, DER)*, the group's first */
    struct signing_key *group_key; /* NULL: not the creator's */
    struct rendezvous rendezvous;
    struct address_list hints; /* of the invitation, at most LIMIT_ADDRESSES */
    struct config_peer peers[CONFIG_PEERS_MAX];
    uint32_t peer_count;
    /* The Security Properties as they stand; header empty: not here yet. */
    struct record_seal seal;
    struct buffer signer; /* list as chain, of whoever sealed them */
    struct buffer header;
    struct buffer payload;
};
void group_config_deinit(struct group_config *config);

/* group_config_encode appends the secret part as it is before encryption, group_config_decode reads
 * it into a config that has none (total; E_INVALIDARG). */
HRESULT group_config_encode(const struct group_config *config, struct buffer *out) MUST_CHECK;
HRESULT group_config_decode(struct bytes plain, struct group_config *config) MUST_CHECK;

/* group_config_write appends the XML, NUL behind its end. Slow on purpose. E_INVALIDARG: a text
 * that XML cannot carry; E_OUTOFMEMORY. */
HRESULT group_config_write(const struct group_config *config, const char *password,
                           struct buffer *xml) MUST_CHECK;
/* group_config_read is total. The chain is one of the group, for the identity; a group key is the
 * group's. The Security Properties are for security_adopt_config to judge. E_INVALIDARG: not such a
 * document, altered, or a wrong password; E_OUTOFMEMORY. */
HRESULT group_config_read(const char *xml, const char *password,
                          struct group_config *config) MUST_CHECK;

#endif
