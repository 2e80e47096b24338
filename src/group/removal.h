/* removal.h - removing a member, knowing who was removed, and telling it so (docs/protocol.md,
 * "Removal").
 *
 * Adds to security.h; its rules for threads, times and the store hold here. */
#ifndef GROUP_REMOVAL_H
#define GROUP_REMOVAL_H

#include "group/security.h"

/* ---- making ---- */

enum revoke_flags {
    REVOKE_DROP_RECORDS = 1, /* nothing that was signed stays */
    REVOKE_WITH_ISSUED = 2   /* those whom the member let in go with it */
};

struct sealed_list {
    struct sealed_record *items;
    uint32_t count;
};
void sealed_list_deinit(struct sealed_list *list);

/* security_revoke drafts and seals the revocations that remove a member: several when one keep-list
 * is not enough; they must be published together. Nothing changes until then. S_FALSE: it is
 * removed already (an empty list). PEER_E_NOT_FOUND: no certificate bears that name; E_INVALIDARG:
 * this member itself; PEER_E_NOT_AUTHORIZED: some certificate of the member is beyond this one's
 * right, or this one has none. now: peer time. */
HRESULT security_revoke(struct security *security, const char *peer_name, unsigned flags,
                        uint64_t now, struct sealed_list *list) MUST_CHECK;

/* security_appoint issues a deputy's certificate by the group key to a known member, keeps it, and
 * appends its chain; an administrator's membership record with that chain tells the member.
 * S_FALSE: it is a deputy already. PEER_E_NOT_AUTHORIZED: without the group key. PEER_E_NOT_FOUND:
 * no certificate that holds bears that name. E_INVALIDARG: this member itself. */
HRESULT security_appoint(struct security *security, const char *peer_name, uint64_t utc,
                         struct buffer *chain) MUST_CHECK;

/* ---- knowing ---- */

/* One removal: the revocations of one key at one T by one signer. Texts are borrowed by the
 * visitor. */
struct removal_info {
    struct hash key;
    const char *peer_name;     /* NULL: no certificate of the key is here */
    const char *friendly_name; /* NULL likewise */
    uint64_t time;             /* T, UTC */
    const char *signer_name;   /* the group's where the group key signed */
    const char *signer_friendly_name;
    bool by_group;
    bool in_force;   /* not itself undone by a removal of its signer */
    bool readmitted; /* the key has a certificate again that holds */
    uint64_t kept;   /* digests that its keep-lists name */
};
typedef HRESULT (*removal_visitor)(void *context, const struct removal_info *info);
/* security_removals_each visits all removals by T. */
HRESULT security_removals_each(struct security *security, removal_visitor visit,
                               void *context) MUST_CHECK;
/* security_removal visits the one by which this member was removed. S_FALSE: it was not. */
HRESULT security_removal(struct security *security, removal_visitor visit,
                         void *context) MUST_CHECK;
/* security_is_removed: every own certificate is dead. */
bool security_is_removed(const struct security *security);

/* security_gone_each visits the peer name of each key whose certificates have all died since the
 * last call; visit NULL only notes who is gone. The visitor must not change the security. */
typedef void (*gone_visitor)(void *context, const struct hash *key, const char *peer_name);
HRESULT security_gone_each(struct security *security, gone_visitor visit, void *context) MUST_CHECK;

/* security_shown gives the certificate to call with: security_own's, or, so that a member who was
 * removed can hear whether that still stands, the newest own one that is dead. Its codes, but
 * PEER_E_NOT_AUTHORIZED only where there is no own certificate that holds. */
HRESULT security_shown(const struct security *security, uint64_t utc,
                       const struct certificate_row **row) MUST_CHECK;
/* security_shown_chain appends its chain as (u32 length, DER)*. */
HRESULT security_shown_chain(struct security *security, uint64_t utc,
                             struct buffer *list) MUST_CHECK;

/* ---- telling ---- */

/* security_refusal_for appends messages REVOKED for a certificate that is refused: the revocations
 * that killed it, each with its signer's chain. PEER_E_NOT_FOUND: none did, or they are too large.
 */
HRESULT security_refusal_for(struct security *security, const struct certificate_row *row,
                             struct buffer *out) MUST_CHECK;
/* security_refusal is the same for the newest dead certificate of a key that is here. */
HRESULT security_refusal(struct provider *provider, const struct hash *key, struct buffer *out);
/* security_refusal_of_chain is the same for the chain that security_admit refused last, as far as
 * there is room. */
HRESULT security_refusal_of_chain(struct security *security, size_t room,
                                  struct buffer *out) MUST_CHECK;
/* security_removes_own judges what REVOKED has brought. S_OK: a good revocation of an own
 * certificate or of one above it; the chain is kept. S_FALSE: about somebody else.
 * PEER_E_INVALID_RECORD: wrong in itself. PEER_E_NOT_AUTHORIZED: its signer was removed. */
HRESULT security_removes_own(struct provider *provider, struct bytes chain,
                             const struct record *record, const struct hash *digest,
                             const struct record_seal *seal, struct bytes payload);

#endif
