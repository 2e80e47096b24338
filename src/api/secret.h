/* secret.h - passwords of programs: converted like any string, and wiped. */
#ifndef API_SECRET_H
#define API_SECRET_H

#include "api/api.h"

/* api_secret converts a password of at most LIMIT_PASSWORD_UNITS (keep it in a
 * CLEANUP_SECRET_TEXT). E_INVALIDARG: NULL, longer, or a lone surrogate; E_OUTOFMEMORY. *text is
 * NULL after a failure. */
HRESULT api_secret(PCWSTR units, char **text) MUST_CHECK;

#endif
