/* security.h - the security of one group for one identity: who is a member, what may stand, what is
 * signed.
 *
 * Implements graph/provider.h over the group's store. All calls from the graph's thread; nothing
 * here commits the store (but what must survive a power cut is marked durable), so a caller that
 * sees a failure rolls back and opens anew. Times: utc is UTC, now is peer time; see
 * docs/protocol.md. */
#ifndef GROUP_SECURITY_H
#define GROUP_SECURITY_H

#include "graph/provider.h"
#include "group/certificate_table.h"
#include "group/invitation.h"
#include "group/properties.h"
#include "group/revocation.h"
#include "store/store.h"

struct security;

/* Who opens: an identity of this user. Texts are borrowed for the call; the key is shared
 * (signing_key_share). */
struct security_self {
    const char *peer_name;
    const char *friendly_name;
    struct signing_key *key;
};

/* ---- life ---- */

/* security_new_founder makes a group in an empty store: group key, GRC, the creator's certificate,
 * the Security Properties (checked wish; cloud; password as password_make gave it, role 0 without)
 * as a record in the store. The group key is returned as well (free with signing_key_free): the
 * caller saves it (key_file_save) before it commits. PEER_E_INVALID_CLASSIFIER, CRYPT_E_BAD_ENCODE,
 * E_INVALIDARG (a name no certificate holds), the store's codes. */
struct founding {
    const struct group_wish *wish;
    const char *cloud;
    struct group_password password;
    uint64_t utc;
};
HRESULT security_new_founder(struct store *store, const struct security_self *self,
                             const struct founding *founding, struct signing_key **group_key,
                             struct security **security) MUST_CHECK;

/* security_adopt_invitation prepares an empty store for a member who was invited by certificate;
 * the result has no properties yet. PEER_E_INVITATION_NOT_TRUSTED: it is not for this key;
 * PEER_E_INVALID_TIME_PERIOD: it does not hold at utc; E_INVALIDARG: an invitation by password
 * (security_adopt_password). */
HRESULT security_adopt_invitation(struct store *store, const struct security_self *self,
                                  const struct invitation *invitation, uint64_t utc,
                                  struct security **security) MUST_CHECK;
/* security_renew takes one more invitation for the same identity and group into a group that
 * exists. Same codes. */
HRESULT security_renew(struct security *security, const struct invitation *invitation,
                       uint64_t utc) MUST_CHECK;

/* ---- configurations (group_config.h) ---- */

struct group_config;
/* security_export_config fills what a configuration has of the group: all but group key and peers.
 * PEER_E_NOT_AUTHORIZED: this identity never had a certificate. */
HRESULT security_export_config(struct security *security, struct group_config *config) MUST_CHECK;
/* security_adopt_config prepares an empty store from a configuration; security_take_config adds one
 * to a group that exists: certificates and, where they are newer, the Security Properties. Both
 * judge these as if a neighbour had sent them. E_INVALIDARG: the configuration is not for this
 * identity and group, or its Security Properties do not stand. */
HRESULT security_adopt_config(struct store *store, const struct security_self *self,
                              const struct group_config *config, uint64_t utc,
                              struct security **security) MUST_CHECK;
HRESULT security_take_config(struct security *security,
                             const struct group_config *config) MUST_CHECK;

/* security_open reads everything back. group_key: the creator's (shared), or NULL;
 * security_group_key_hash names it. PEER_E_INVALID_DATABASE: the store is not of this identity, or
 * contradicts itself. */
HRESULT security_open(struct store *store, const struct security_self *self,
                      struct signing_key *group_key, uint64_t utc,
                      struct security **security) MUST_CHECK;
void security_free(struct security *security); /* NULL is fine; the store stays the caller's */

/* security_provider gives what the graph uses; it lives as long as the security. */
struct provider *security_provider(struct security *security);
/* security_set_time: the provider's calls that have no time of their own (own, seal) use the latest
 * utc given. */
void security_set_time(struct security *security, uint64_t utc);
/* security_connecting: the application goes online at this peer time. A role that was announced for
 * this member until now counts from here on, one that is announced later from the next time on. */
void security_connecting(struct security *security, uint64_t now);

/* ---- what is known ---- */

const char *security_graph_id(const struct security *security);  /* the group's peer name */
const char *security_peer_name(const struct security *security); /* of the own identity */
void security_group_key_hash(const struct security *security, struct hash *hash);
/* security_root_hash names the group's own certificate. */
void security_root_hash(const struct security *security, struct hash *hash);
bool security_is_creator(const struct security *security); /* holds the group key */
/* security_may_set_properties: by the group key or as deputy. */
bool security_may_set_properties(const struct security *security);
/* security_properties: PEER_E_GROUP_NOT_READY before the Security Properties arrived;
 * PEER_E_UNSUPPORTED_VERSION: they demand features this build lacks. Borrowed until they change. */
HRESULT security_properties(const struct security *security,
                            const struct group_properties **properties) MUST_CHECK;
/* security_rendezvous: from the properties, else from the invitation. security_hints: of the
 * invitation (0 for the creator). security_cloud, security_friendly_name: likewise. All borrowed
 * until they change. */
const struct rendezvous *security_rendezvous(const struct security *security);
const struct address *security_hints(const struct security *security, uint32_t *count);
const char *security_cloud(const struct security *security);
const char *security_friendly_name(const struct security *security);
/* security_revocations_expected: what the invitation's issuer knew (count 0 for the creator);
 * security_revocations: what is in force here. */
void security_revocations_expected(const struct security *security,
                                   struct revocation_summary *summary);
void security_revocations(const struct security *security, struct revocation_summary *summary);

/* security_own: of the own certificates that hold at utc and are alive, that with the highest role,
 * then the newest. Own are those of the founding, of invitations and configurations taken, given
 * for the password, and that administrators announced; no others of the own key.
 * PEER_E_INVALID_TIME_PERIOD: none holds now; PEER_E_NOT_AUTHORIZED: revoked. */
HRESULT security_own(const struct security *security, uint64_t utc,
                     const struct certificate_row **row) MUST_CHECK;
unsigned security_own_roles(const struct security *security, uint64_t utc); /* 0: none */
/* security_own_chain appends the chain of security_own as (u32 length, DER)*. */
HRESULT security_own_chain(const struct security *security, uint64_t utc,
                           struct buffer *list) MUST_CHECK;
struct signing_key *security_own_key(const struct security *security); /* borrowed */

/* ---- members ---- */

/* One member as its certificate, membership record and presence record show it; borrowed by the
 * visitor. */
struct member_info {
    const struct certificate *certificate;
    struct bytes attributes; /* of the membership record */
    bool has_membership;     /* a live membership record stands */
    bool has_presence;       /* a live presence record stands */
    bool self;
};
typedef HRESULT (*member_visitor)(void *context, const struct member_info *member);
/* security_members_each visits the own identity first (when it has a certificate), then every
 * member with a live membership or presence record at peer time now, each key once. S_FALSE from
 * the visitor stops. The visitor may use the store. */
HRESULT security_members_each(struct security *security, uint64_t now, member_visitor visit,
                              void *context) MUST_CHECK;
/* security_member_find visits the member of that peer name only. PEER_E_NOT_FOUND. */
HRESULT security_member_find(struct security *security, uint64_t now, const char *peer_name,
                             member_visitor visit, void *context) MUST_CHECK;

/* security_membership_name gives the peer name of the member that a stored membership record, read
 * with its payload, announces; borrowed until certificates are collected. NULL: nobody who is shown
 * as a member, or its certificate is not here. */
const char *security_membership_name(const struct security *security,
                                     const struct store_record *stored);

/* ---- making ---- */

/* A certificate that is wanted for somebody. Texts borrowed. */
struct issue_request {
    uint8_t key[KEY_SIZE];
    const char *peer_name;
    const char *friendly_name;     /* NULL or "": the peer name */
    unsigned roles;                /* 0: member (ruling 10) */
    uint64_t not_before;           /* 0: now less 20 minutes, within the issuer's */
    uint64_t not_after;            /* 0: the issuer's */
    bool unkept;                   /* only the chain is wanted: nothing of it stays here */
    const struct hash *properties; /* digest of the Security Properties that a password was accepted
                                      under, which readmits nobody; NULL: none */
};
/* security_issue issues below the own certificate, keeps it in the table and store, and appends its
 * chain. PEER_E_GROUP_NOT_READY; PEER_E_NOT_AUTHORIZED: a role it may not give, or the key was
 * removed and this member may not readmit; PEER_E_INVALID_TIME_PERIOD: own certificate ended;
 * PEER_E_CHAIN_TOO_LONG; E_INVALIDARG: dates that do not nest or lie in the past, a peer name that
 * is not the key's. */
HRESULT security_issue(struct security *security, const struct issue_request *request, uint64_t utc,
                       struct buffer *chain) MUST_CHECK;
/* What an issuer wants for a member (contract PeerGroupIssueCredentials). Texts borrowed. */
struct credential_request {
    const char *peer_name;
    bool given; /* the rest counts; else what is known of the member is used again */
    uint8_t key[KEY_SIZE];
    const char *friendly_name; /* NULL or "": what is known, else the peer name */
    unsigned roles;            /* 0: member */
    uint64_t not_before;
    uint64_t not_after;
};
struct issued_credentials {
    struct buffer chain;
    uint64_t not_after;
};
/* security_credentials issues or renews as security_issue does, and keeps nothing; the chain is the
 * caller's (buffer_deinit). What is not given is what the preferred certificate of that peer name
 * says that is not dead, and the new one lasts as long as that one did, within the issuer's end.
 * Its codes, and PEER_E_NOT_FOUND: nothing is given and nobody of that name is known; E_INVALIDARG
 * also: another key than the known one, or a start that is not later than the known one's. */
HRESULT security_credentials(struct security *security, const struct credential_request *request,
                             uint64_t utc, struct issued_credentials *issued) MUST_CHECK;
/* security_invite wraps a chain that security_issue gave (or the own chain, scheme password) into
 * an invitation. */
struct invite_request {
    enum group_scheme scheme;
    struct bytes chain;
    enum invitation_scope scope;
    uint32_t cloud_flags;
    const struct address *hints;
    uint32_t hint_count;
};
HRESULT security_invite(struct security *security, const struct invite_request *request,
                        struct buffer *xml) MUST_CHECK;

/* A membership record's payload is empty (the certificate that seals it is meant) or a chain as
 * security_issue gives it, which the chain's subject or an administrator may publish. */

/* A complete sealed version, for graph_publish's way in and for the store. Release with
 * sealed_record_deinit. */
struct sealed_record {
    struct record record; /* views into header */
    struct hash digest;
    struct record_seal seal;
    struct buffer header;
    struct buffer payload;
};
void sealed_record_deinit(struct sealed_record *sealed);
/* security_properties_record makes the next version of the Security Properties, sealed; nothing
 * changes until it is put and accepted. PEER_E_NOT_AUTHORIZED: neither group key nor deputy.
 * PEER_E_GROUP_NOT_READY. */
HRESULT security_properties_record(struct security *security,
                                   const struct group_properties *properties, uint64_t now,
                                   struct sealed_record *sealed) MUST_CHECK;
/* security_properties_id: the one id that record has in this group. */
void security_properties_id(const struct security *security, struct guid *id);

/* ---- upkeep ---- */

/* security_collect_certificates removes from table and store what no stored record, certificate,
 * revocation or link needed at this and the previous call. links: certificate hashes of the links
 * that are up. */
HRESULT security_collect_certificates(struct security *security, const struct hash *links,
                                      size_t link_count) MUST_CHECK;

/* ---- for handshake.c ---- */

/* security_admit verifies a chain from a link and gives the row of its last: of this group, alive,
 * holding at utc with the grace of links, and of the key that TLS saw. Then, and only then, its
 * certificates are kept.
 * PEER_E_CONNECTION_NOT_AUTHENTICATED: another key; PEER_E_NOT_AUTHORIZED: everything else that is
 * wrong. */
HRESULT security_admit(struct security *security, struct bytes chain, const uint8_t key[KEY_SIZE],
                       uint64_t utc, const struct certificate_row **row) MUST_CHECK;

#endif
