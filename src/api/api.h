/* api.h - what every function of the interface needs: strings in, and a library that is ready. */
#ifndef API_API_H
#define API_API_H

#include "base/bytes.h"

#include <p2p.h>

/* api_text converts a program's string of at most limit units; NULL stays NULL (free with
 * mem_free). violation: it is longer, or holds a lone surrogate. E_OUTOFMEMORY. *text is NULL after
 * a failure. */
HRESULT api_text(PCWSTR units, size_t limit, HRESULT violation, char **text) MUST_CHECK;

/* api_peer_name converts a peer name; NULL stays NULL. E_INVALIDARG: a lone surrogate; missing: it
 * is longer than any peer name, so that nobody has it. */
HRESULT api_peer_name(PCWSTR units, HRESULT missing, char **text) MUST_CHECK;

/* api_xml converts a document; NULL stays NULL. too_long: over LIMIT_XML_SIZE units; malformed: a
 * lone surrogate, which no XML can hold. */
HRESULT api_xml(PCWSTR units, HRESULT too_long, HRESULT malformed, char **text) MUST_CHECK;

/* api_cloud converts a caller's own words for a cloud; NULL stays NULL. PEER_E_NO_CLOUD: longer
 * than any name; E_INVALIDARG: a lone surrogate. */
HRESULT api_cloud(PCWSTR units, char **text) MUST_CHECK;

/* api_ready tests the cryptography below once; every function that uses keys asks it first.
 * NTE_FAIL: it must not be used. */
HRESULT api_ready(void) MUST_CHECK;

/* api_key_result is for functions of identities, whose pages have no code for a key that does not
 * decode: it is one without access. Other codes stay. */
HRESULT api_key_result(HRESULT hr) MUST_CHECK;

#endif
