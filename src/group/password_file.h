/* password_file.h - the key that a group's password gave, at rest until a certificate takes its
 * place.
 *
 * One file beside the identities' keys for each (identity, group), named by a hash of both, so that
 * it can be found, replaced and removed without opening the group. It holds the derived key with
 * its salt and cost, never the password. Any thread; codes as identity.h. */
#ifndef GROUP_PASSWORD_FILE_H
#define GROUP_PASSWORD_FILE_H

#include "group/password.h"

/* password_file_save replaces what was there, durably. */
HRESULT password_file_save(const char *identity, const char *group,
                           const struct password_key *key) MUST_CHECK;
/* password_file_load: PEER_E_NOT_FOUND; NTE_BAD_KEYSET: it is damaged. *key: password_key_deinit.
 */
HRESULT password_file_load(const char *identity, const char *group,
                           struct password_key *key) MUST_CHECK;
/* password_file_name gives the name of that file in the folder of keys. */
void password_file_name(const char *identity, const char *group, char name[HASH_TEXT_SIZE]);
/* password_file_remove: S_FALSE: there was none. */
HRESULT password_file_remove(const char *identity, const char *group) MUST_CHECK;

#endif
