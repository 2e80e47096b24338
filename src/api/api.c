/* api.c - the border: strings of programs become UTF-8, and the library makes itself ready.
 *
 * A string is never read beyond the limit of its parameter, so one without an end does no more harm
 * than its page says it may. Failure: the code that the function's page has for a bad string, and
 * the output is NULL. */
#include "api/api.h"
#include "base/text.h"
#include "group/certificate.h"

#include <pthread.h>

static pthread_once_t ready_once = PTHREAD_ONCE_INIT;
static HRESULT ready_result;

static void make_ready(void)
{
    ready_result = signature_self_test();
}

HRESULT api_ready(void)
{
    pthread_once(&ready_once, make_ready);
    return ready_result;
}

HRESULT api_text(PCWSTR units, size_t limit, HRESULT violation, char **text)
{
    *text = NULL;
    if (!units)
        return S_OK;
    size_t count = utf16_length(units, limit + 1);
    if (count > limit)
        return violation;
    HRESULT hr = text_from_utf16(units, count, text);
    return hr == E_INVALIDARG ? violation : hr;
}

HRESULT api_peer_name(PCWSTR units, HRESULT missing, char **text)
{
    *text = NULL;
    if (units && utf16_length(units, LIMIT_PEER_NAME_UNITS + 1) > LIMIT_PEER_NAME_UNITS)
        return missing;
    return api_text(units, LIMIT_PEER_NAME_UNITS, E_INVALIDARG, text);
}

HRESULT api_xml(PCWSTR units, HRESULT too_long, HRESULT malformed, char **text)
{
    *text = NULL;
    if (units && utf16_length(units, LIMIT_XML_SIZE + 1) > LIMIT_XML_SIZE)
        return too_long;
    return api_text(units, LIMIT_XML_SIZE, malformed, text);
}
