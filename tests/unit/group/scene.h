/* scene.h - a group in memory for tests: a founder, and members who join by real invitations.
 *
 * Records and certificates pass from one party to another only through the provider's own calls, as
 * the graph would carry them. */
#ifndef UNIT_GROUP_SCENE_H
#define UNIT_GROUP_SCENE_H

#include "group/security.h"

/* A whole second. */
#define SCENE_NOW 133500000000000000ull
#define SCENE_DAY (24 * 3600 * TICKS_PER_SECOND)
#define SCENE_GRACE (20 * 60 * TICKS_PER_SECOND)

struct party {
    struct signing_key *key;
    uint8_t public_key[KEY_SIZE];
    struct hash key_hash;
    char *name;
    struct store *store;
    struct security *security;
};

struct scene {
    struct party founder;
    struct signing_key *group_key;
};

struct party party_new(unsigned number); /* an identity only */
void party_deinit(struct party *party);
struct security_self party_self(const struct party *party);
struct provider *party_provider(const struct party *party);
/* party_reopen closes the security and opens it again from the store. */
void party_reopen(struct party *party, struct signing_key *group_key);

void scene_init(struct scene *scene);
void scene_deinit(struct scene *scene);
void scene_init_with(struct scene *scene, const struct group_wish *wish, uint64_t utc);

/* party_issue gives the chain of a new certificate; party_invite an invitation's XML around it. */
struct issue_request issue_for(const struct party *to, unsigned roles);
struct buffer party_issue(const struct party *issuer, const struct issue_request *request);
struct buffer party_invite(const struct party *issuer, struct bytes chain);
/* party_adopt makes the party a member of the issuer's group; it has no properties yet. */
HRESULT party_adopt(struct party *party, struct bytes xml, uint64_t utc);
/* party_join does all: issue, invite, adopt, take over the Security Properties. */
struct party party_join(const struct party *issuer, unsigned number, unsigned roles);

/* scene_deputy makes a member who may stand in for the group key. */
struct party scene_deputy(const struct scene *scene, unsigned number);

/* What a test wants of a record; zeros are the usual. */
struct draft {
    struct guid type;
    struct bytes payload;
    uint64_t created;               /* 0: modified, unless fixed */
    uint64_t modified;              /* 0: SCENE_NOW */
    uint64_t expiration;            /* 0: a day later */
    const struct sealed_record *of; /* an update of this record, else a new one */
    bool deleted;
    bool fixed;
    const struct party *creator_is; /* instead of the signer */
    const char *name;               /* of the creator; NULL: as it is */
    bool by_group;                  /* created, or updated, by the group key */
    uint8_t nonce;
};
/* draft_record fills header and digest without a seal. */
struct sealed_record draft_record(const struct party *party, const struct draft *draft);
/* party_write seals a draft by the provider. */
HRESULT party_write(const struct party *party, const struct draft *draft,
                    struct sealed_record *sealed);
/* party_force seals a draft under a certificate of the party's key, whatever the provider thinks.
 */
struct sealed_record party_force(const struct party *party, const struct draft *draft);
void sealed_sign(struct sealed_record *sealed, const struct signing_key *key,
                 const struct hash *certificate);

/* party_judge: certificates from the author, then judge, then the signature
 * (NTE_BAD_SIGNATURE). party_deliver also stores and tells. */
HRESULT party_judge(const struct party *to, const struct party *author,
                    const struct sealed_record *sealed);
HRESULT party_deliver(const struct party *to, const struct party *author,
                      const struct sealed_record *sealed);
/* party_stored gives what a party has stored (sealed_record_deinit). */
struct sealed_record party_stored(const struct party *party, const struct guid *id);
/* party_condemned names the stored records that fall after a revocation, as the graph finds them:
 * what dead certificates signed and judge refuses. Returns their number, at most max. */
unsigned party_condemned(const struct party *party, struct guid *ids, unsigned max);
/* party_sync_properties hands over the Security Properties as they are stored. */
void party_sync_properties(const struct party *to, const struct party *from);

/* scene_revoke makes a revocation sealed by the party (by_group: by the group key). */
struct sealed_record scene_revoke(const struct party *by, bool by_group, const struct hash *key,
                                  uint64_t time, const struct hash *keep, uint32_t keep_count);

#endif
