/* invitation.h - PEERINVITATION, the XML that lets somebody into a group (docs/protocol.md,
 * "Invitations").
 *
 * With a certificate: made by a member for one identity. For a password group: names the group, and
 * its issuer signs. */
#ifndef GROUP_INVITATION_H
#define GROUP_INVITATION_H

#include "group/properties.h"
#include "group/revocation.h"
#include "wire/message.h"

/* Values of PNRP_SCOPE and of CLOUDFLAGS. */
enum invitation_scope { SCOPE_GLOBAL = 1, SCOPE_SITE_LOCAL = 2, SCOPE_LINK_LOCAL = 3 };
enum { CLOUD_FLAG_PRIVATE = 1 };

/* What both sides of an invitation see. As input of invitation_make all views and pointers are
 * borrowed; what invitation_parse fills is owned (release with invitation_deinit). */
struct invitation {
    enum group_scheme scheme;
    const char *cloud; /* "" is the global cloud */
    enum invitation_scope scope;
    uint32_t cloud_flags;
    const char *group_name;
    const char *group_friendly_name;
    /* Where the issuer or others were last; at most LIMIT_ADDRESSES. */
    struct address hints[LIMIT_ADDRESSES];
    uint32_t hint_count;
    struct rendezvous rendezvous;
    struct group_password
        password; /* role 0: the group has no password; the role itself does not travel */
    struct revocation_summary revocations;
    /* Certificates: GRC first. chain is that of the invitee (scheme certificate: all of it, the
     * issuer's is the same without its last) or of the issuer (scheme password), as a list of (u32
     * length, DER). */
    struct bytes chain;

    /* Filled by invitation_parse only. */
    struct chain parsed;               /* of chain */
    const struct certificate *subject; /* the invitee's; NULL with the password scheme */
    const struct certificate *issuer;  /* never NULL after a parse */
    struct buffer texts;               /* memory behind the views */
    struct buffer list;
};

void invitation_deinit(struct invitation *invitation); /* wipes the secret */

/* invitation_make writes the XML (NUL-terminated behind the end), signed with the issuer's key.
 * E_INVALIDARG: a text that XML cannot carry, a key that is not the issuer's; E_OUTOFMEMORY. */
HRESULT invitation_make(const struct invitation *invitation, const struct signing_key *issuer_key,
                        struct buffer *xml) MUST_CHECK;

/* invitation_parse is total and needs neither group nor identity; dates are not compared with now.
 * xml is UTF-8. PEER_E_UNSUPPORTED_VERSION: another VERSION. E_INVALIDARG: over the limits of XML
 * (ruling 31). PEER_E_INVITATION_NOT_TRUSTED: everything else that is wrong: no XML, unknown or
 * repeated parts, an alteration, a contradiction, a bad signature or chain. E_OUTOFMEMORY. */
HRESULT invitation_parse(struct bytes xml, struct invitation *invitation) MUST_CHECK;

#endif
