/* security_password.h - what a group's security does for who joins by password: both sides, apart
 * from the messages.
 *
 * Used by the handshake and by what prepares a join. Threads, times and failures as security.h. */
#ifndef GROUP_SECURITY_PASSWORD_H
#define GROUP_SECURITY_PASSWORD_H

#include "group/password_message.h"
#include "group/security.h"

/* What the Security Properties that both sides mean say of the password. */
struct password_terms {
    struct hash properties; /* digest of their record */
    struct group_password password;
};

/* ---- before ---- */

/* security_adopt_password prepares an empty store for who was invited by password: no certificate
 * yet. security_adopt_password_again takes a further invitation into a group that exists.
 * E_INVALIDARG: an invitation by certificate; PEER_E_INVITATION_NOT_TRUSTED: of another group. */
HRESULT security_adopt_password(struct store *store, const struct security_self *self,
                                const struct invitation *invitation, uint64_t utc,
                                struct security **security) MUST_CHECK;
HRESULT security_adopt_password_again(struct security *security,
                                      const struct invitation *invitation) MUST_CHECK;
/* security_needs_password: no own certificate holds at utc, and none was removed. With one, or as
 * somebody who was removed, a password is of no use. */
bool security_needs_password(const struct security *security, uint64_t utc);
/* security_password_salt replaces an invitation's salt and cost by what a member has told to hold
 * instead of them, if one has. security_note_password_salt keeps what was told, in the store. */
HRESULT security_password_salt(struct security *security, uint8_t salt[PASSWORD_SALT_SIZE],
                               struct password_cost *cost) MUST_CHECK;
HRESULT security_note_password_salt(struct security *security,
                                    const uint8_t instead_of[PASSWORD_SALT_SIZE],
                                    const struct group_password *password) MUST_CHECK;

/* ---- who admits ---- */

/* security_may_admit: this member may issue certificates with the password's role, its chain has
 * room, and its own certificate has not ended. PEER_E_NOT_AUTHORIZED, PEER_E_CHAIN_TOO_LONG,
 * PEER_E_INVALID_TIME_PERIOD; PEER_E_GROUP_NOT_READY; E_INVALIDARG: the group has no password. */
HRESULT security_may_admit(const struct security *security, uint64_t utc) MUST_CHECK;
/* security_offer gives the Security Properties as they stand: a whole PASSWORD message, and the
 * terms they state. */
HRESULT security_offer(struct security *security, struct buffer *out,
                       struct password_terms *terms) MUST_CHECK;
/* security_offer_stands: those terms are still the newest. */
HRESULT security_offer_stands(struct security *security,
                              const struct password_terms *terms) MUST_CHECK;
/* security_issue_by_password issues under terms, or gives again what it gave this key under the
 * same ones. roles, dates and properties of request are not looked at. E_INVALIDARG: something
 * stands against who asks: it was removed, its name is another's, or the friendly name fits no
 * certificate. PEER_E_TOO_MANY_IDENTITIES: it has LIMIT_PASSWORD_NAMES of other names already.
 * PEER_E_NOT_AUTHORIZED, PEER_E_CHAIN_TOO_LONG, PEER_E_INVALID_TIME_PERIOD, PEER_E_GROUP_NOT_READY:
 * this member cannot, others may: its right, its room, its end. */
HRESULT security_issue_by_password(struct security *security, const struct issue_request *request,
                                   const struct password_terms *terms, uint64_t utc,
                                   struct buffer *chain) MUST_CHECK;
/* security_issuers lists where members are who may admit, at most LIMIT_REFERRALS; now is peer
 * time. */
HRESULT security_issuers(struct security *security, uint64_t now,
                         struct address_list *list) MUST_CHECK;

/* ---- who is admitted ---- */

/* security_read_offer verifies the record by the rules of every record and gives its terms; nothing
 * of it is kept. PEER_E_NOT_AUTHORIZED: not this group's Security Properties;
 * PEER_E_UNSUPPORTED_VERSION: they demand what this build lacks. *terms.password.role 0: no
 * password. */
HRESULT security_read_offer(struct security *security, const struct password_offer *offer,
                            struct password_terms *terms) MUST_CHECK;
/* security_take_by_password verifies the certificate that was given and makes it an own one:
 * exactly what was asked for, under terms, by the member with certificate issuer.
 * PEER_E_NOT_AUTHORIZED: anything else. */
HRESULT security_take_by_password(struct security *security, struct bytes chain,
                                  const char *friendly_name, const struct password_terms *terms,
                                  const struct hash *issuer, uint64_t utc) MUST_CHECK;

#endif
