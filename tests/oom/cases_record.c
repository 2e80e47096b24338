/* cases_record.c - records under failing allocations. */
#include "oom.h"

static const WCHAR attributes[] =
    u"<attributes><attribute name=\"colour\" type=\"string\">green</attribute></attributes>";

static HRESULT call_add(void)
{
    GUID id;
    PEER_RECORD record = oom_note("a third note");
    record.pwzAttributes = (PWSTR)attributes;
    return PeerGroupAddRecord(oom_now.founder, &record, &id);
}

/* Several pieces. */
static HRESULT call_add_large(void)
{
    static BYTE large[200000];
    GUID id;
    PEER_RECORD record = oom_note("");
    record.data.cbData = sizeof(large);
    record.data.pbData = large;
    return PeerGroupAddRecord(oom_now.founder, &record, &id);
}

static HRESULT call_update(void)
{
    PEER_RECORD record = oom_note("changed");
    record.id = oom_now.template->record;
    record.pwzAttributes = (PWSTR)attributes;
    return PeerGroupUpdateRecord(oom_now.founder, &record);
}

static HRESULT call_delete(void)
{
    return PeerGroupDeleteRecord(oom_now.founder, &oom_now.template->doomed);
}

static HRESULT call_get(void)
{
    PPEER_RECORD record = NULL;
    HRESULT hr = PeerGroupGetRecord(oom_now.founder, &oom_now.template->record, &record);
    OOM_CHECK(SUCCEEDED(hr) == (record != NULL));
    PeerFreeData(record);
    return hr;
}

static HRESULT ended(HRESULT hr, HPEERENUM enumeration)
{
    OOM_CHECK(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        OOM_CHECK(SUCCEEDED(PeerEndEnumeration(enumeration)));
    return hr;
}

static HRESULT call_enum(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupEnumRecords(oom_now.founder, NULL, &enumeration);
    return ended(hr, enumeration);
}

static HRESULT call_search(void)
{
    HPEERENUM enumeration = NULL;
    HRESULT hr = PeerGroupSearchRecords(
        oom_now.founder,
        u"<peersearch><or><clause attrib=\"peercreatorid\" type=\"string\" compare=\"equal\">*"
        u"</clause><clause attrib=\"colour\" type=\"string\" compare=\"equal\">gr?en</clause>"
        u"</or></peersearch>",
        &enumeration);
    return ended(hr, enumeration);
}

const struct oom_case oom_cases_record[] = {
    {"PeerGroupAddRecord", OOM_OPEN, NULL, call_add, .failures_min = 10},
    {"PeerGroupAddRecord large", OOM_OPEN, NULL, call_add_large, .failures_min = 10},
    {"PeerGroupAddRecord connected", OOM_PAIR, NULL, call_add, .failures_min = 10},
    {"PeerGroupUpdateRecord", OOM_OPEN, NULL, call_update, .failures_min = 10},
    {"PeerGroupDeleteRecord", OOM_OPEN, NULL, call_delete, PEER_E_RECORD_NOT_FOUND,
     .failures_min = 5},
    {"PeerGroupGetRecord", OOM_OPEN, NULL, call_get, .failures_min = 5},
    {"PeerGroupEnumRecords", OOM_OPEN, NULL, call_enum, .failures_min = 5},
    {"PeerGroupSearchRecords", OOM_OPEN, NULL, call_search, .failures_min = 20},
    {0},
};
