/* identity_export.h - a whole identity as XML under a password, to be carried to another machine.
 */
#ifndef GROUP_IDENTITY_EXPORT_H
#define GROUP_IDENTITY_EXPORT_H

#include "group/certificate.h"

/* identity_export_make writes an identity (NULL: the default one) with its private key. *xml: free
 * with mem_free. PEER_E_NOT_FOUND, PEER_E_NO_KEY_ACCESS, the codes of identity.h. */
HRESULT identity_export_make(const char *peer_name, const char *password, char **xml) MUST_CHECK;

/* What an export holds. Release with identity_copy_deinit. */
struct identity_copy {
    char *peer_name;
    char *friendly_name;
    struct signing_key *key;
};
void identity_copy_deinit(struct identity_copy *copy);

/* identity_export_open reads one and checks that name, key and certificate agree; nothing is
 * stored. E_INVALIDARG: not such a document, altered, or a wrong password. E_OUTOFMEMORY. */
HRESULT identity_export_open(const char *xml, const char *password,
                             struct identity_copy *copy) MUST_CHECK;
/* identity_export_install makes it an identity of this user, on disk when it returns.
 * PEER_E_ALREADY_EXISTS, PEER_E_TOO_MANY_IDENTITIES, the codes of identity.h. */
HRESULT identity_export_install(const struct identity_copy *copy) MUST_CHECK;

#endif
