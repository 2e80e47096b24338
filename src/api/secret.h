/* secret.h - passwords of programs: converted like any string, and wiped. */
#ifndef API_SECRET_H
#define API_SECRET_H

#include "api/api.h"

/* api_secret converts a password of at most LIMIT_PASSWORD_UNITS (free with secret_free).
 * E_INVALIDARG: NULL, longer, or a lone surrogate; E_OUTOFMEMORY. *text is NULL after a failure. */
HRESULT api_secret(PCWSTR units, char **text) MUST_CHECK;
/* secret_free wipes and frees; NULL is fine. */
void secret_free(char *text);

static inline void secret_freep(char **text)
{
    secret_free(*text);
}
#define CLEANUP_SECRET CLEANUP(secret_freep)

#endif
