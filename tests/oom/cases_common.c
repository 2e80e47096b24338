/* cases_common.c - enumerations and identities under failing allocations. */
#include "oom.h"

static HRESULT ended(HRESULT hr, HPEERENUM enumeration)
{
    OOM_CHECK(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return hr;
}

static HRESULT freed(HRESULT hr, PWSTR text)
{
    OOM_CHECK(SUCCEEDED(hr) == (text != NULL));
    PeerFreeData(text);
    return hr;
}

/* ---- enumerations ---- */

static void prepare_identities(void)
{
    OOM_CHECK(SUCCEEDED(PeerEnumIdentities(&oom_now.enumeration)));
}

static void prepare_groups(void)
{
    OOM_CHECK(SUCCEEDED(PeerEnumGroups(oom_now.template->founder, &oom_now.enumeration)));
}

static void prepare_members(void)
{
    OOM_CHECK(SUCCEEDED(PeerGroupEnumMembers(oom_now.founder, 0, NULL, &oom_now.enumeration)));
}

static void prepare_records(void)
{
    OOM_CHECK(SUCCEEDED(PeerGroupEnumRecords(oom_now.founder, NULL, &oom_now.enumeration)));
}

/* A call that fails loses no item: the next one gets it. */
static HRESULT call_next(void)
{
    static bool had;
    ULONG count = 1;
    PVOID *items = NULL;
    HRESULT hr = PeerGetNextItem(oom_now.enumeration, &count, &items);
    OOM_CHECK(SUCCEEDED(hr) ? had || count == 1 : !items);
    had |= SUCCEEDED(hr);
    PeerFreeData(items);
    return hr;
}

static HRESULT call_count(void)
{
    ULONG count = 0;
    return PeerGetItemCount(oom_now.enumeration, &count);
}

static HRESULT call_end(void)
{
    HRESULT hr = PeerEndEnumeration(oom_now.enumeration);
    oom_now.enumeration = NULL;
    return hr;
}

static PWSTR block;

static void prepare_block(void)
{
    OOM_CHECK(SUCCEEDED(PeerIdentityGetDefault(&block)));
}

static HRESULT call_free(void)
{
    PeerFreeData(block);
    block = NULL;
    return S_OK;
}

static HRESULT call_enum_identities(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerEnumIdentities(&enumeration);
    return ended(hr, enumeration);
}

static HRESULT call_enum_groups(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerEnumGroups(oom_now.template->founder, &enumeration);
    return ended(hr, enumeration);
}

static HRESULT call_create_name(void)
{
    PWSTR name = NULL;
    HRESULT hr = PeerCreatePeerName(oom_now.template->founder, u"service", &name);
    return freed(hr, name);
}

/* ---- identities ---- */

static HRESULT call_create(void)
{
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityCreate(u"fresh", u"Fresh", 0, &name);
    return freed(hr, name);
}

static HRESULT call_delete(void)
{
    return PeerIdentityDelete(oom_now.template->guest);
}

static HRESULT call_friendly_name(void)
{
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityGetFriendlyName(oom_now.template->guest, &name);
    return freed(hr, name);
}

static HRESULT call_rename(void)
{
    return PeerIdentitySetFriendlyName(oom_now.template->guest, u"Renamed");
}

static HRESULT call_crypt_key(void)
{
    HCRYPTPROV key = 0;
    HRESULT hr = PeerIdentityGetCryptKey(oom_now.template->guest, &key);
    OOM_CHECK(SUCCEEDED(hr) == (key != 0));
    if (SUCCEEDED(hr))
        OOM_CHECK(CryptReleaseContext(key, 0));
    return hr;
}

static HRESULT call_xml(void)
{
    PWSTR xml = NULL;
    HRESULT hr = PeerIdentityGetXML(oom_now.template->guest, &xml);
    return freed(hr, xml);
}

static HRESULT call_default(void)
{
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityGetDefault(&name);
    return freed(hr, name);
}

const struct oom_case oom_cases_common[] = {
    {"PeerGetNextItem identities", OOM_STARTED, prepare_identities, call_next, .failures_min = 1},
    {"PeerGetNextItem groups", OOM_STARTED, prepare_groups, call_next, .failures_min = 1},
    {"PeerGetNextItem members", OOM_OPEN, prepare_members, call_next, .failures_min = 1},
    {"PeerGetNextItem records", OOM_OPEN, prepare_records, call_next, .failures_min = 1},
    {"PeerGetItemCount", OOM_STARTED, prepare_identities, call_count},
    {"PeerEndEnumeration", OOM_OPEN, prepare_records, call_end, E_INVALIDARG},
    {"PeerFreeData", OOM_STARTED, prepare_block, call_free},
    {"PeerEnumIdentities", OOM_STARTED, NULL, call_enum_identities, .failures_min = 3},
    {"PeerEnumGroups", OOM_STARTED, NULL, call_enum_groups, .failures_min = 3},
    {"PeerCreatePeerName", OOM_STARTED, NULL, call_create_name, .failures_min = 3},
    {"PeerIdentityCreate", OOM_STARTED, NULL, call_create, .failures_min = 10},
    {"PeerIdentityDelete", OOM_STARTED, NULL, call_delete, PEER_E_NOT_FOUND, .failures_min = 5},
    {"PeerIdentityGetFriendlyName", OOM_STARTED, NULL, call_friendly_name, .failures_min = 3},
    {"PeerIdentitySetFriendlyName", OOM_STARTED, NULL, call_rename, .failures_min = 3},
    {"PeerIdentityGetCryptKey", OOM_STARTED, NULL, call_crypt_key, .failures_min = 3},
    {"PeerIdentityGetXML", OOM_STARTED, NULL, call_xml, .failures_min = 5},
    {"PeerIdentityGetDefault", OOM_STARTED, NULL, call_default, .failures_min = 3},
    {0},
};
