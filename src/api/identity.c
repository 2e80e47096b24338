/* identity.c - PeerIdentity* and PeerCreatePeerName: identities as programs see them.
 *
 * Each function checks its pointers, converts its strings, asks group/identity and returns one
 * block. They need no PeerGroupStartup and may be called from any thread. A NULL identity is the
 * default one where the header says optional. Codes of the layer below are passed on unchanged;
 * in arguments, what no classifier or name can be is E_INVALIDARG, and an identity that cannot
 * exist is one that was not found. */
#include "api/api.h"
#include "api/block.h"
#include "api/crypt_key.h"
#include "group/identity.h"
#include "group/identity_xml.h"
#include "group/peer_name.h"

/* A classifier as an argument: the pages of these functions know no code of its own for it. */
static HRESULT classifier_argument(PCWSTR units, char **text)
{
    HRESULT hr = api_text(units, LIMIT_CLASSIFIER_UNITS, E_INVALIDARG, text);
    if (FAILED(hr) || !*text)
        return hr;
    hr = classifier_check(*text);
    return hr == PEER_E_INVALID_CLASSIFIER ? E_INVALIDARG : hr;
}

/* Makes an identity and the block with its name: both or neither. */
static HRESULT create(const char *classifier, const char *friendly_name, struct signing_key *key,
                      PWSTR *name)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    HRESULT hr = identity_create(classifier, friendly_name, key, &identity);
    if (SUCCEEDED(hr))
        hr = block_text(identity.peer_name, name);
    if (FAILED(hr) && identity.peer_name) {
        HRESULT undone = identity_delete(identity.peer_name);
        (void)undone; /* the first failure is the one to tell */
    }
    return hr;
}

HRESULT WINAPI PeerIdentityCreate(PCWSTR pwzClassifier, PCWSTR pwzFriendlyName,
                                  HCRYPTPROV hCryptProv, PWSTR *ppwzIdentity)
{
    char *classifier CLEANUP_FREE = NULL;
    char *friendly_name CLEANUP_FREE = NULL;
    struct signing_key *key = NULL;
    if (!ppwzIdentity)
        return E_INVALIDARG;
    *ppwzIdentity = NULL;
    HRESULT hr = classifier_argument(pwzClassifier, &classifier);
    if (SUCCEEDED(hr))
        hr = api_text(pwzFriendlyName, LIMIT_FRIENDLY_NAME_UNITS, E_INVALIDARG, &friendly_name);
    if (SUCCEEDED(hr))
        hr = api_ready();
    if (SUCCEEDED(hr) && hCryptProv)
        hr = crypt_key_borrow(hCryptProv, &key);
    if (SUCCEEDED(hr))
        hr = create(classifier, friendly_name, key, ppwzIdentity);
    signing_key_free(key);
    return hr;
}

HRESULT WINAPI PeerIdentityGetFriendlyName(PCWSTR pwzIdentity, PWSTR *ppwzFriendlyName)
{
    char *name CLEANUP_FREE = NULL;
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    if (!ppwzFriendlyName)
        return E_INVALIDARG;
    *ppwzFriendlyName = NULL;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &name);
    if (SUCCEEDED(hr))
        hr = identity_find(name, &identity);
    return SUCCEEDED(hr) ? block_text(identity.friendly_name, ppwzFriendlyName) : hr;
}

HRESULT WINAPI PeerIdentitySetFriendlyName(PCWSTR pwzIdentity, PCWSTR pwzFriendlyName)
{
    char *name CLEANUP_FREE = NULL;
    char *friendly_name CLEANUP_FREE = NULL;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &name);
    if (SUCCEEDED(hr))
        hr = api_text(pwzFriendlyName, LIMIT_FRIENDLY_NAME_UNITS, E_INVALIDARG, &friendly_name);
    return SUCCEEDED(hr) ? identity_set_friendly_name(name, friendly_name) : hr;
}

HRESULT WINAPI PeerIdentityGetCryptKey(PCWSTR pwzIdentity, HCRYPTPROV *phCryptProv)
{
    char *name CLEANUP_FREE = NULL;
    struct signing_key *key = NULL;
    if (!phCryptProv)
        return E_INVALIDARG;
    *phCryptProv = 0;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &name);
    if (SUCCEEDED(hr))
        hr = api_ready();
    if (SUCCEEDED(hr))
        hr = api_key_result(identity_key(name, &key));
    if (SUCCEEDED(hr))
        hr = crypt_key_open(key, phCryptProv);
    signing_key_free(key);
    return hr;
}

HRESULT WINAPI PeerIdentityDelete(PCWSTR pwzIdentity)
{
    char *name CLEANUP_FREE = NULL;
    if (!pwzIdentity)
        return E_INVALIDARG;
    HRESULT hr = api_peer_name(pwzIdentity, PEER_E_NOT_FOUND, &name);
    return SUCCEEDED(hr) ? identity_delete(name) : hr;
}

HRESULT WINAPI PeerIdentityGetDefault(PWSTR *ppwzPeerName)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    if (!ppwzPeerName)
        return E_INVALIDARG;
    *ppwzPeerName = NULL;
    HRESULT hr = identity_find(NULL, &identity);
    return SUCCEEDED(hr) ? block_text(identity.peer_name, ppwzPeerName) : hr;
}

/* Writes an identity's XML into a block. */
static HRESULT give_xml(const char *name, PWSTR *result)
{
    char *xml CLEANUP_FREE = NULL;
    HRESULT hr = api_key_result(identity_xml_make(name, &xml));
    return SUCCEEDED(hr) ? block_text(xml, result) : hr;
}

/* The default identity is wanted and there is none: makes it, unless the rest fails. */
static HRESULT give_new_default(PWSTR *result)
{
    struct identity identity CLEANUP(identity_deinit) = {.peer_name = NULL};
    HRESULT hr = identity_create(NULL, NULL, NULL, &identity);
    if (FAILED(hr))
        return hr;
    hr = give_xml(identity.peer_name, result);
    if (FAILED(hr)) {
        HRESULT undone = identity_delete(identity.peer_name);
        (void)undone;
    }
    return hr;
}

HRESULT WINAPI PeerIdentityGetXML(PCWSTR pwzIdentity, PWSTR *ppwzIdentityXML)
{
    char *name CLEANUP_FREE = NULL;
    if (!ppwzIdentityXML)
        return E_INVALIDARG;
    *ppwzIdentityXML = NULL;
    HRESULT hr = api_peer_name(pwzIdentity, E_HANDLE, &name);
    if (SUCCEEDED(hr))
        hr = api_ready();
    if (SUCCEEDED(hr))
        hr = give_xml(name, ppwzIdentityXML);
    if (hr != PEER_E_NOT_FOUND)
        return hr;
    return name ? E_HANDLE : give_new_default(ppwzIdentityXML);
}

/* Joins an identity's authority and another classifier. */
static HRESULT join_name(const char *identity, const char *classifier, char **name)
{
    struct peer_name parts;
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    if (!identity)
        return peer_name_make(NULL, classifier, name);
    if (FAILED(peer_name_parse(identity, &parts)))
        return E_INVALIDARG;
    HRESULT hr =
        buffer_printf(&text, "%s.%s", parts.authority, classifier ? classifier : parts.classifier);
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&text);
    if (SUCCEEDED(hr))
        *name = (char *)buffer_take(&text);
    return hr;
}

HRESULT WINAPI PeerCreatePeerName(PCWSTR pwzIdentity, PCWSTR pwzClassifier, PWSTR *ppwzPeerName)
{
    char *identity CLEANUP_FREE = NULL;
    char *classifier CLEANUP_FREE = NULL;
    char *name CLEANUP_FREE = NULL;
    if (!ppwzPeerName)
        return E_INVALIDARG;
    *ppwzPeerName = NULL;
    if (!pwzIdentity && !pwzClassifier)
        return E_INVALIDARG;
    HRESULT hr = api_peer_name(pwzIdentity, E_INVALIDARG, &identity);
    if (SUCCEEDED(hr))
        hr = classifier_argument(pwzClassifier, &classifier);
    if (SUCCEEDED(hr))
        hr = join_name(identity, classifier, &name);
    return SUCCEEDED(hr) ? block_text(name, ppwzPeerName) : hr;
}
