/* peer_name.h - peer names: an authority (40 lower-case hex digits, or "0"), a dot and a
 * classifier. */
#ifndef GROUP_PEER_NAME_H
#define GROUP_PEER_NAME_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/limits.h"

enum { AUTHORITY_TEXT_SIZE = 41 };

/* A name taken apart; classifier points into the text that was parsed. */
struct peer_name {
    bool secure; /* a key stands behind it */
    char authority[AUTHORITY_TEXT_SIZE];
    const char *classifier;
};

/* peer_name_parse splits at the first dot. PEER_E_INVALID_PEER_NAME: no peer name. */
HRESULT peer_name_parse(const char *text, struct peer_name *name) MUST_CHECK;
/* peer_name_make joins (free with mem_free); key NULL makes an unsecured name; classifier NULL is
 * "". PEER_E_INVALID_CLASSIFIER, E_OUTOFMEMORY. */
HRESULT peer_name_make(const struct hash *key, const char *classifier, char **text) MUST_CHECK;
/* classifier_check: at most LIMIT_CLASSIFIER_UNITS, no control character.
 * PEER_E_INVALID_CLASSIFIER. NULL is "". */
HRESULT classifier_check(const char *classifier) MUST_CHECK;
/* peer_name_matches: a secure name whose authority is that of the key. */
bool peer_name_matches(const char *text, const struct hash *key);

#endif
