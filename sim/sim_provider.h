/* sim_provider.h - group security for the simulator: real Ed25519 keys, certificates of one key,
 * and switches for what a member may not know, may not believe, or must not do. */
#ifndef SIM_PROVIDER_H
#define SIM_PROVIDER_H

#include "graph/provider.h"

enum { SIM_MEMBERS_MAX = 4096, SIM_REVOKED_MAX = 16, SIM_NAME_MAX = 64 };

/* One key pair, drawn from a seed. Its certificate is the public key; the hash of that names
 * creator and certificate alike. */
struct sim_key {
    uint8_t public_key[PUBLIC_KEY_SIZE];
    uint8_t secret_key[64];
    struct hash hash;
    char name[SIM_NAME_MAX];
};
void sim_key_make(uint64_t seed, uint32_t number, struct sim_key *key);
/* sim_key_sign seals a digest. */
void sim_key_sign(const struct sim_key *key, const struct hash *digest, struct record_seal *seal);

/* Who belongs to the group; shared by all its nodes. Member 0 may revoke. */
struct sim_members {
    const struct sim_key *keys[SIM_MEMBERS_MAX];
    uint32_t count;
};
const struct sim_key *sim_members_find(const struct sim_members *members, const struct hash *hash);

/* What one node knows. */
struct sim_provider {
    struct provider base;
    const struct sim_members *members;
    const struct sim_key *own;
    uint64_t own_end;
    uint8_t known[SIM_MEMBERS_MAX]; /* certificates that are here, by member */
    struct hash revoked[SIM_REVOKED_MAX];
    struct hash revoked_by[SIM_REVOKED_MAX]; /* digest of the record; zero: by no record */
    uint32_t revoked_count;
    uint32_t revoked_expected; /* what its invitation told of */
    bool silent;               /* never supplies a certificate */
    uint32_t chains_taken;
    uint32_t removals; /* versions that were told to stand no more */
};
void sim_provider_init(struct sim_provider *provider, const struct sim_members *members,
                       const struct sim_key *own);
/* sim_provider_learn makes a member's certificate known, as a handshake does. */
void sim_provider_learn(struct sim_provider *provider, const struct hash *key);
void sim_provider_revoke(struct sim_provider *provider, const struct hash *key);

#endif
