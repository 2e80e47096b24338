/* security_internal.h - the structure behind security.h, shared by the security_*.c files only. */
#ifndef GROUP_SECURITY_INTERNAL_H
#define GROUP_SECURITY_INTERNAL_H

#include "group/security.h"

/* A certificate starts this long before its issue, and links allow as much on both sides. */
#define VALIDITY_GRACE (20 * 60 * TICKS_PER_SECOND)

/* A chain must fit into what a stranger may send before it is authenticated. */
#define CHAIN_SIZE_MAX (24u * 1024)

/* What an invitation left behind, for the time before the Security Properties arrive. */
struct joining {
    char *cloud;
    char *friendly_name;
    struct address_list hints;
    struct rendezvous rendezvous;
    struct revocation_summary revocations;
};

struct security {
    struct provider provider; /* first: the graph holds a pointer to it */
    struct store *store;
    struct certificate_table *table;
    struct revocation_set *revocations;
    struct signing_key *key;
    struct signing_key *group_key; /* NULL but with the creator */
    struct hash key_hash;
    char *peer_name;
    char *graph_id;
    uint64_t utc;
    uint64_t connected_since; /* peer time at which the application went online; 0: it has not */
    bool has_waiting;         /* an own certificate waits for the next connection */
    bool has_properties;
    bool properties_unsupported; /* they are of a later version, or demand what is not here */
    struct group_properties properties;
    struct joining joining;
    struct hash refusals[REVOCATION_WHY_MAX]; /* the last chain not admitted was dead by these */
    uint32_t refusal_count;
};

static inline struct security *security_of(struct provider *provider)
{
    return (struct security *)provider;
}

static inline const struct hash *record_signer(const struct record *record)
{
    static const struct hash none;
    return hash_equal(&record->modifier, &none) ? &record->creator : &record->modifier;
}

/* ---- security.c, security_join.c ---- */
HRESULT security_new(struct store *store, const struct security_self *self, const char *group_name,
                     uint64_t utc, struct security **security) MUST_CHECK;
/* security_put_names records whose security of which group the store is. */
HRESULT security_put_names(struct security *security) MUST_CHECK;
void security_joining_deinit(struct joining *joining);
/* security_keep_joining puts it into the store and, read back from these bytes, into security. */
HRESULT security_keep_joining(struct security *security, const struct joining *given) MUST_CHECK;
HRESULT security_load_joining(struct security *security) MUST_CHECK;

/* ---- security_judge.c ---- */
HRESULT security_judge(struct provider *provider, const struct record *record,
                       const struct hash *digest, const struct record_seal *seal,
                       struct bytes payload, struct verify_job *job);
HRESULT security_seal(struct provider *provider, const struct record *record,
                      const struct hash *digest, struct record_seal *seal);
/* security_sign signs a version under a certificate whose key it is; no right is looked at. */
void security_sign(const struct signing_key *key, const struct certificate_row *row,
                   const struct hash *digest, struct record_seal *seal);

/* ---- security_revoke.c ---- */
/* security_find_name gives the key of a certificate that bears a peer name. PEER_E_NOT_FOUND. */
HRESULT security_find_name(struct security *security, const char *peer_name,
                           struct hash *key) MUST_CHECK;

/* ---- security_issue.c ---- */
/* security_readmission moves a beginning behind the last removal of a key (whole seconds). S_FALSE:
 * it was not removed. */
HRESULT security_readmission(struct security *security, const struct hash *key,
                             uint64_t *not_before);
/* Whose certificate signs a new one, with which key; keep: table and store get it too. */
struct issuing {
    const struct certificate_row *row;
    const struct signing_key *key;
    bool keep;
};
/* security_issue_below issues what is wanted, whose right was looked at, and appends its chain.
 * PEER_E_CHAIN_TOO_LONG: the chain is too large for a handshake. */
HRESULT security_issue_below(struct security *security, const struct issuing *by,
                             const struct certificate_request *wanted,
                             struct buffer *chain) MUST_CHECK;

/* ---- security_certificates.c ---- */
/* security_stands: the certificate holds at utc, with the grace of links, and is alive. */
bool security_stands(const struct security *security, const struct certificate_row *row,
                     uint64_t utc);
bool security_certificate_has(struct provider *provider, const struct hash *certificate);
HRESULT security_certificate_chain(struct provider *provider, const struct hash *certificate,
                                   struct buffer *out);
HRESULT security_certificate_take(struct provider *provider, struct bytes chain);
/* security_keep verifies one certificate and keeps it in table and store. *row may be NULL. */
HRESULT security_keep(struct security *security, struct bytes der,
                      struct certificate_row **row) MUST_CHECK;
/* security_store_certificate puts the certificate of a row into the store. */
HRESULT security_store_certificate(struct security *security, const struct certificate_row *row,
                                   struct bytes der) MUST_CHECK;
/* security_load_certificates fills the table from the store. PEER_E_INVALID_DATABASE. */
HRESULT security_load_certificates(struct security *security) MUST_CHECK;
/* security_parse reads a certificate of the table back from the store (certificate_deinit). */
HRESULT security_parse(struct security *security, const struct certificate_row *row,
                       struct certificate *certificate) MUST_CHECK;
/* certificate_list_last gives the last certificate of a (u32 length, DER)* list; false: no list. */
bool certificate_list_last(struct bytes list, struct bytes *last);
/* certificate_list_is_chain_of: the list holds the certificates from the root down to that of row,
 * each once, and nothing else. */
bool certificate_list_is_chain_of(struct bytes list, const struct certificate_row *row);
/* security_best gives the certificate of a key to prefer of those alive that hold at utc, or NULL.
 * Anybody who may invite can have made it: for what this node does itself there is
 * security_best_own. */
struct certificate_row *security_best(const struct security *security, const struct hash *key,
                                      uint64_t utc);

/* ---- security_own.c ---- */
/* security_own_take accepts a certificate as an own one and notes that in the store. S_FALSE: it is
 * not of the own key and peer name, or its chain is larger than a handshake holds. */
HRESULT security_own_take(struct security *security, struct certificate_row *row) MUST_CHECK;
/* security_try_chain enters a chain into the table, its last being certificate, lets judge decide
 * about what that signs, and stores the certificates only on its S_OK; else they go again.
 * PEER_E_INVALID_RECORD: no such chain; judge's codes; E_OUTOFMEMORY. */
typedef HRESULT (*chain_judge)(void *context);
HRESULT security_try_chain(struct security *security, struct bytes chain,
                           const struct hash *certificate, chain_judge judge,
                           void *context) MUST_CHECK;
/* security_own_announced does so for what a membership record announced at that peer time. */
HRESULT security_own_announced(struct security *security, struct certificate_row *row,
                               uint64_t announced) MUST_CHECK;
/* security_own_put notes the list of own certificates in the store; it may be empty. */
HRESULT security_own_put(struct security *security) MUST_CHECK;
/* security_own_load marks the accepted certificates after security_load_certificates.
 * PEER_E_INVALID_DATABASE. */
HRESULT security_own_load(struct security *security) MUST_CHECK;
/* security_best_own gives the own certificate to prefer of those in use that are alive and hold at
 * utc, or NULL. */
struct certificate_row *security_best_own(const struct security *security, uint64_t utc);

/* ---- security_records.c ---- */
HRESULT security_accepted(struct provider *provider, const struct record *record,
                          const struct hash *digest, struct bytes payload, unsigned *effects);
HRESULT security_removed(struct provider *provider, const struct guid *type,
                         const struct hash *digest, unsigned *effects);
/* security_load_records reads properties and revocations from the store; security_load_properties
 * the former alone, and forgets them when the store has none. */
HRESULT security_load_records(struct security *security) MUST_CHECK;
HRESULT security_load_properties(struct security *security) MUST_CHECK;

/* ---- security_renew.c ---- */
HRESULT security_renewal(struct provider *provider, const struct store_record *row,
                         uint64_t outlived_by, struct renewal *renewal);

/* ---- security_founded.c ---- */
/* security_keep_properties keeps a stored version of the Security Properties aside if the group's
 * own certificate sealed it. */
HRESULT security_keep_properties(struct security *security,
                                 const struct store_record *stored) MUST_CHECK;
/* security_properties_gone puts the version back that was kept, when none stands any more. */
HRESULT security_properties_gone(struct security *security, unsigned *effects) MUST_CHECK;

#endif
