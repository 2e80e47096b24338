/* peer_name.c - peer names taken apart, made and compared with keys.
 *
 * A name is an authority, a dot and a classifier. The authority is "0", or the first 20 bytes of a
 * key's hash in lower-case hex; the classifier is any text without control characters, at most
 * LIMIT_CLASSIFIER_UNITS, and may hold further dots. Text from outside is refused with the
 * documented codes, never repaired. */
#include "group/peer_name.h"

#include "base/text.h"

static void authority_of(const struct hash *key, char authority[AUTHORITY_TEXT_SIZE])
{
    char text[HASH_TEXT_SIZE];
    hash_format(key, text);
    memcpy(authority, text, AUTHORITY_TEXT_SIZE - 1);
    authority[AUTHORITY_TEXT_SIZE - 1] = '\0';
}

HRESULT classifier_check(const char *classifier)
{
    /* text_has_control is true for what is not UTF-8, too. */
    bool good = !classifier ||
                (strlen(classifier) <= 3 * LIMIT_CLASSIFIER_UNITS &&
                 !text_has_control(classifier) && text_units(classifier) <= LIMIT_CLASSIFIER_UNITS);
    return good ? S_OK : PEER_E_INVALID_CLASSIFIER;
}

HRESULT peer_name_parse(const char *text, struct peer_name *name)
{
    *name = (struct peer_name){.secure = false, .authority = "", .classifier = NULL};
    const char *dot = text ? strchr(text, '.') : NULL;
    if (!dot || FAILED(classifier_check(dot + 1)))
        return PEER_E_INVALID_PEER_NAME;
    size_t size = (size_t)(dot - text);
    bool secure = size == AUTHORITY_TEXT_SIZE - 1 && strspn(text, "0123456789abcdef") == size;
    if (!secure && !(size == 1 && text[0] == '0'))
        return PEER_E_INVALID_PEER_NAME;
    name->secure = secure;
    memcpy(name->authority, text, size);
    name->authority[size] = '\0';
    name->classifier = dot + 1;
    return S_OK;
}

HRESULT peer_name_make(const struct hash *key, const char *classifier, char **text)
{
    *text = NULL;
    HRESULT hr = classifier_check(classifier);
    if (FAILED(hr))
        return hr;
    char authority[AUTHORITY_TEXT_SIZE] = "0";
    if (key)
        authority_of(key, authority);
    CLEANUP_BUFFER struct buffer name = BUFFER_NULL;
    hr = buffer_printf(&name, "%s.%s", authority, classifier ? classifier : "");
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&name);
    if (FAILED(hr))
        return hr;
    *text = (char *)buffer_take(&name);
    return S_OK;
}

bool peer_name_matches(const char *text, const struct hash *key)
{
    struct peer_name name;
    if (FAILED(peer_name_parse(text, &name)) || !name.secure)
        return false;
    char authority[AUTHORITY_TEXT_SIZE];
    authority_of(key, authority);
    return memcmp(authority, name.authority, AUTHORITY_TEXT_SIZE) == 0;
}
