/* calls_identity.c - enumerations and identities. What a call hands out is kept for others or
 * freed. */
#include "stress.h"

static HRESULT item_count(unsigned *seed)
{
    ULONG count;
    return PeerGetItemCount(stress_look(STRESS_ENUMERATION, seed), &count);
}

static HRESULT next_item(unsigned *seed)
{
    ULONG count = 1 + stress_draw(seed, 40);
    PVOID *items = NULL;
    HRESULT hr = PeerGetNextItem(stress_look(STRESS_ENUMERATION, seed), &count, &items);
    PeerFreeData(items);
    return hr;
}

static HRESULT end_enumeration(unsigned *seed)
{
    HPEERENUM enumeration = stress_take(STRESS_ENUMERATION, seed);
    return PeerEndEnumeration(enumeration);
}

static HRESULT create_identity(unsigned *seed)
{
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityCreate(u"stress", u"Stress", 0, &name);
    if (SUCCEEDED(hr))
        stress_keep(STRESS_IDENTITY, seed, name, NULL);
    PeerFreeData(name);
    return hr;
}

static HRESULT friendly_name(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityGetFriendlyName(identity, &name);
    PeerFreeData(name);
    free(identity);
    return hr;
}

static HRESULT set_friendly_name(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    HRESULT hr = PeerIdentitySetFriendlyName(identity, stress_draw(seed, 2) ? u"Other" : u"");
    free(identity);
    return hr;
}

static HRESULT crypt_key(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    HCRYPTPROV key = 0;
    HRESULT hr = PeerIdentityGetCryptKey(identity, &key);
    if (key)
        CryptReleaseContext(key, 0);
    free(identity);
    return hr;
}

static HRESULT delete_identity(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    HRESULT hr = identity ? PeerIdentityDelete(identity) : STRESS_NOT_CALLED;
    free(identity);
    return hr;
}

static HRESULT enum_identities(unsigned *seed)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerEnumIdentities(&enumeration);
    return stress_keep_enumeration(seed, hr, enumeration);
}

static HRESULT enum_groups(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerEnumGroups(identity, &enumeration);
    free(identity);
    return stress_keep_enumeration(seed, hr, enumeration);
}

static HRESULT create_peer_name(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    PWSTR name = NULL;
    HRESULT hr = PeerCreatePeerName(identity, u"service", &name);
    PeerFreeData(name);
    free(identity);
    return hr;
}

static HRESULT identity_xml(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    PWSTR xml = NULL;
    HRESULT hr = PeerIdentityGetXML(identity, &xml);
    PeerFreeData(xml);
    free(identity);
    return hr;
}

static HRESULT export_identity(unsigned *seed)
{
    WCHAR *identity = stress_text(STRESS_IDENTITY, seed);
    PWSTR xml = NULL;
    HRESULT hr = PeerIdentityExport(identity, u"a password", &xml);
    if (SUCCEEDED(hr) && xml)
        stress_keep(STRESS_IDENTITY_EXPORT, seed, xml, NULL);
    PeerFreeData(xml);
    free(identity);
    return hr;
}

/* One thread brings it, and takes it away again; others may find it there. */
static HRESULT import_parked(void)
{
    PWSTR identity = NULL;
    HRESULT hr = PeerIdentityImport(stress_parked.identity, u"a password", &identity);
    if (SUCCEEDED(hr)) {
        HRESULT deleted = PeerIdentityDelete(identity);
        (void)deleted; /* the next one finds it there */
    }
    PeerFreeData(identity);
    return hr;
}

static HRESULT import_identity(unsigned *seed)
{
    if (stress_draw(seed, 2))
        return import_parked();
    WCHAR *xml = stress_text(STRESS_IDENTITY_EXPORT, seed);
    PWSTR identity = NULL;
    HRESULT hr = PeerIdentityImport(xml, u"a password", &identity);
    PeerFreeData(identity);
    free(xml);
    return hr;
}

static HRESULT default_identity(unsigned *seed)
{
    (void)seed;
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityGetDefault(&name);
    PeerFreeData(name);
    return hr;
}

const struct stress_call stress_identity_calls[] = {
    {"PeerGetItemCount", item_count, 1},
    {"PeerGetNextItem", next_item, 1},
    {"PeerEndEnumeration", end_enumeration, 1},
    {"PeerIdentityCreate", create_identity, 10},
    {"PeerIdentityGetFriendlyName", friendly_name, 1},
    {"PeerIdentitySetFriendlyName", set_friendly_name, 1},
    {"PeerIdentityGetCryptKey", crypt_key, 1},
    {"PeerIdentityDelete", delete_identity, 20},
    {"PeerEnumIdentities", enum_identities, 1},
    {"PeerEnumGroups", enum_groups, 1},
    {"PeerCreatePeerName", create_peer_name, 1},
    {"PeerIdentityGetXML", identity_xml, 1},
    {"PeerIdentityExport", export_identity, 40},
    {"PeerIdentityImport", import_identity, 40},
    {"PeerIdentityGetDefault", default_identity, 1},
    {0},
};
