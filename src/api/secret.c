/* secret.c - passwords of programs become UTF-8 for one call and are wiped at its end.
 *
 * Conversion is api_text's; the caller declares the text with CLEANUP_SECRET_TEXT, which wipes it.
 * Failure: one code for all that is wrong with a password, E_INVALIDARG; E_OUTOFMEMORY. Nothing of
 * a password is left in memory then. */
#include "api/secret.h"

#include "base/limits.h"

HRESULT api_secret(PCWSTR units, char **text)
{
    *text = NULL;
    return units ? api_text(units, LIMIT_PASSWORD_UNITS, E_INVALIDARG, text) : E_INVALIDARG;
}
