/* secret.c - passwords of programs become UTF-8 for one call and are wiped at its end.
 *
 * Conversion is api_text's, with one code for all that is wrong with a password: E_INVALIDARG. */
#include "api/secret.h"

#include "base/limits.h"

HRESULT api_secret(PCWSTR units, char **text)
{
    *text = NULL;
    return units ? api_text(units, LIMIT_PASSWORD_UNITS, E_INVALIDARG, text) : E_INVALIDARG;
}
