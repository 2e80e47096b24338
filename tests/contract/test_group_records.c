/* Do records keep what is documented of them: what the library sets, what may be changed and by
 * whom, and each documented code (semantics 10, 11)? One member alone; rights between two members
 * are in test_group_rights.c. */
#include "alone.h"
#include "support/sweep.h"
#include "support/xml_memory.h"

#include "base/limits.h"

static const WCHAR attributes_text[] =
    u"<attributes><attribute name=\"subject\" type=\"string\">tea</attribute>"
    u"<attribute name=\"size\" type=\"int\">3</attribute></attributes>";
static const GUID reserved_types[] = {
    {0x01000000, 0, 0, {0}}, {0x02000000, 0, 0, {0}}, {0x00000100, 0, 0, {0}},
    {0x00000200, 0, 0, {0}}, {0x00000300, 0, 0, {0}}, {0x00000400, 0, 0, {0}},
};

static int setup(void **state)
{
    xml_memory_hook();
    return alone_setup(state);
}

static PPEER_RECORD get(const GUID *id)
{
    PPEER_RECORD record = NULL;
    assert_ok(PeerGroupGetRecord(group, id, &record));
    return record;
}

static void remove_record(const GUID *id)
{
    assert_ok(PeerGroupDeleteRecord(group, id));
}

/* [point 10.1] [point 10.4] What is set by the library is, whatever came in. */
static void test_add_and_get(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "S_OK");
    CONTRACT("PeerGroupGetRecord", "S_OK");
    PEER_RECORD given = note(group, "hello");
    GUID id = {0};
    given.id = type_other;
    given.dwVersion = 77;
    given.pwzCreatorId = (PWSTR)nobody;
    given.pwzModifiedById = (PWSTR)nobody;
    given.ftCreation = filetime_of(1);
    given.ftLastModified = filetime_of(2);
    given.securityData = (PEER_DATA){5, (PBYTE) "xxxxx"};
    given.pwzAttributes = (PWSTR)attributes_text;
    ULONGLONG before = ticks_of(peer_time_in(group, 0));
    assert_ok(PeerGroupAddRecord(group, &given, &id));
    ULONGLONG after = ticks_of(peer_time_in(group, 0));
    PPEER_RECORD record = get(&id);
    assert_int_equal(record->dwSize, sizeof(PEER_RECORD));
    assert_true(IsEqualGUID(&record->id, &id));
    assert_false(IsEqualGUID(&record->id, &type_other));
    assert_true(IsEqualGUID(&record->type, &type_note));
    assert_int_equal(record->dwVersion, 1);
    assert_int_equal(record->dwFlags, 0);
    assert_wide_equal(record->pwzCreatorId, creator);
    assert_null(record->pwzModifiedById);
    assert_wide_equal(record->pwzAttributes, attributes_text);
    assert_true(ticks_of(record->ftCreation) >= before && ticks_of(record->ftCreation) <= after);
    assert_int_equal(ticks_of(record->ftLastModified), ticks_of(record->ftCreation));
    assert_int_equal(ticks_of(record->ftExpiration), ticks_of(given.ftExpiration));
    assert_int_equal(record->securityData.cbData, 64);
    assert_int_equal(record->data.cbData, 5);
    assert_memory_equal(record->data.pbData, "hello", 5);
    PeerFreeData(record);
    remove_record(&id);
}

static void test_empty_and_large(void **state)
{
    (void)state;
    PEER_RECORD given = note(group, "");
    given.data.pbData = NULL;
    GUID id = {0};
    assert_ok(PeerGroupAddRecord(group, &given, &id));
    PPEER_RECORD record = get(&id);
    assert_int_equal(record->data.cbData, 0);
    assert_null(record->data.pbData);
    assert_null(record->pwzAttributes);
    PeerFreeData(record);
    remove_record(&id);

    const ULONG size = 200001; /* four pieces */
    BYTE *bytes = malloc(size);
    assert_non_null(bytes);
    for (ULONG i = 0; i < size; i++)
        bytes[i] = (BYTE)(i * 7 + i / 256);
    given.data = (PEER_DATA){size, bytes};
    assert_ok(PeerGroupAddRecord(group, &given, &id));
    record = get(&id);
    assert_int_equal(record->data.cbData, size);
    assert_memory_equal(record->data.pbData, bytes, size);
    PeerFreeData(record);
    remove_record(&id);
    free(bytes);
}

/* [point 10.1] Structure, size and payload have to be there. */
static void test_add_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "E_INVALIDARG");
    CONTRACT("PeerGroupAddRecord", "PEER_E_INVALID_GROUP");
    PEER_RECORD record = note(group, "x");
    GUID id = type_other;
    const GUID none = {0};
    assert_hr(PeerGroupAddRecord(group, NULL, &id), E_INVALIDARG);
    assert_true(IsEqualGUID(&id, &none));
    assert_hr(PeerGroupAddRecord(group, &record, NULL), E_INVALIDARG);
    record.dwSize--;
    assert_hr(PeerGroupAddRecord(group, &record, &id), E_INVALIDARG);
    record.dwSize++;
    record.data.pbData = NULL;
    assert_hr(PeerGroupAddRecord(group, &record, &id), E_INVALIDARG);
    record = note(group, "x");
    assert_hr(PeerGroupAddRecord(NULL, &record, &id), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupAddRecord((HGROUP)&record, &record, &id), PEER_E_INVALID_GROUP);
    assert_int_equal(record_count(group), 0);
}

/* [point 10.1] [point 10.10] [point 10.12] A record that cannot be: no type, a time that is past or
 * beyond its author's end, flags. */
static void test_add_invalid_record(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_INVALID_RECORD");
    PEER_RECORD record = note(group, "x");
    GUID id;
    record.type = (GUID){0};
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    record = note(group, "x");
    record.ftExpiration = filetime_of(0);
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    record.ftExpiration = peer_time_in(group, -1);
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    record.ftExpiration = filetime_of(TICKS_UNLIMITED + TICKS_PER_SECOND);
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    record = note(group, "x");
    record.dwFlags = PEER_RECORD_FLAG_AUTOREFRESH; /* 10.12 */
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    record.dwFlags = PEER_RECORD_FLAG_DELETED;
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_RECORD);
    assert_int_equal(record_count(group), 0);
}

static WCHAR *many_attributes(unsigned count)
{
    static const WCHAR one[] = u"<attribute name=\"a\" type=\"int\">1</attribute>";
    size_t length = wide_length(one);
    WCHAR *text = wide_fill(u' ', 25 + count * length);
    memcpy(text, u"<attributes>", 12 * sizeof(WCHAR));
    for (unsigned i = 0; i < count; i++)
        memcpy(text + 12 + i * length, one, length * sizeof(WCHAR));
    memcpy(text + 12 + count * length, u"</attributes>", 13 * sizeof(WCHAR));
    return text;
}

/* [point 11.1] [point 11.2] [point 11.3] [point 11.4] [point 11.5] */
static void test_add_invalid_attributes(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_INVALID_ATTRIBUTES");
    CONTRACT("PeerGroupAddRecord", "PEER_E_TOO_MANY_ATTRIBUTES");
    const WCHAR *const bad[] = {
        u"",
        u"tea",
        lone_surrogate,
        u"<attributes><attribute name=\"a-b\" type=\"string\">x</attribute></attributes>",
        u"<attributes><attribute name=\"peerrecordid\" type=\"string\">x</attribute></attributes>",
        u"<attributes><attribute name=\"a\" type=\"int\">x</attribute></attributes>",
        u"<attributes><attribute name=\"a\" type=\"date\">yesterday</attribute></attributes>",
        u"<!DOCTYPE a><attributes/>",
    };
    PEER_RECORD record = note(group, "x");
    GUID id;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        record.pwzAttributes = (PWSTR)bad[i];
        assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_ATTRIBUTES);
    }
    WCHAR *text = wide_fill(u' ', 61 * 1024);
    memcpy(text, u"<attributes/>", 13 * sizeof(WCHAR)); /* well-formed, but over 60 KiB */
    record.pwzAttributes = text;
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_ATTRIBUTES);
    free(text);
    text = wide_fill(u'a', 70 * 1024);
    record.pwzAttributes = text;
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_ATTRIBUTES);
    free(text);
    record.pwzAttributes = many_attributes(257);
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_TOO_MANY_ATTRIBUTES);
    free(record.pwzAttributes);
    assert_int_equal(record_count(group), 0);
    record.pwzAttributes = many_attributes(256);
    assert_ok(PeerGroupAddRecord(group, &record, &id));
    free(record.pwzAttributes);
    remove_record(&id);
}

static void test_add_invalid_creator(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_INVALID_PEER_NAME");
    PEER_RECORD record = note(group, "x");
    GUID id;
    WCHAR *too_long = wide_fill(u'a', 191);
    const WCHAR *const bad[] = {u"no name", lone_surrogate, too_long};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        record.pwzCreatorId = (PWSTR)bad[i];
        assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_INVALID_PEER_NAME);
    }
    free(too_long);
    assert_int_equal(record_count(group), 0);
}

/* [point 10.16] 60 MB of payload and attributes together. */
static void test_add_too_large(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_MAX_RECORD_SIZE_EXCEEDED");
    PEER_RECORD record = note(group, "");
    GUID id;
    BYTE *bytes = calloc(1, LIMIT_RECORD_SIZE + 1);
    assert_non_null(bytes);
    record.data = (PEER_DATA){LIMIT_RECORD_SIZE + 1, bytes};
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_MAX_RECORD_SIZE_EXCEEDED);
    record.data.cbData--;
    record.pwzAttributes = (PWSTR)u"<attributes/>";
    assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_MAX_RECORD_SIZE_EXCEEDED);
    free(bytes);
    assert_int_equal(record_count(group), 0);
}

/* [point 10.8] Types that are the library's own. */
static void test_add_reserved_type(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_NOT_AUTHORIZED");
    PEER_RECORD record = note(group, "x");
    GUID id;
    for (size_t i = 0; i < ARRAY_SIZE(reserved_types); i++) {
        record.type = reserved_types[i];
        assert_hr(PeerGroupAddRecord(group, &record, &id), PEER_E_NOT_AUTHORIZED);
    }
}

static void test_get_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupGetRecord", "E_INVALIDARG");
    CONTRACT("PeerGroupGetRecord", "PEER_E_INVALID_GROUP");
    CONTRACT("PeerGroupGetRecord", "PEER_E_RECORD_NOT_FOUND");
    PPEER_RECORD record = (PPEER_RECORD)1;
    assert_hr(PeerGroupGetRecord(group, NULL, &record), E_INVALIDARG);
    assert_null(record);
    assert_hr(PeerGroupGetRecord(group, &type_other, NULL), E_INVALIDARG);
    assert_hr(PeerGroupGetRecord(NULL, &type_other, &record), PEER_E_INVALID_GROUP);
    assert_hr(PeerGroupGetRecord(group, &type_other, &record), PEER_E_RECORD_NOT_FOUND);
    assert_null(record);
}

/* [point 10.2] [point 10.3] [point 10.4] What may change does, the rest stays. */
static void test_update(void **state)
{
    (void)state;
    CONTRACT("PeerGroupUpdateRecord", "S_OK");
    GUID id = add_note(group, "first");
    PPEER_RECORD record = get(&id);
    ULONGLONG created = ticks_of(record->ftCreation);
    record->data = (PEER_DATA){6, (PBYTE) "second"};
    record->pwzAttributes = (PWSTR)attributes_text;
    record->ftExpiration = peer_time_in(group, 7200);
    record->dwVersion = 99; /* ignored, as all that follow */
    record->pwzCreatorId = (PWSTR)u"nonsense";
    record->pwzModifiedById = (PWSTR)u"nonsense";
    record->ftCreation = filetime_of(1);
    record->ftLastModified = filetime_of(1);
    record->securityData.cbData = 0;
    assert_ok(PeerGroupUpdateRecord(group, record));
    PPEER_RECORD now = get(&id);
    assert_int_equal(now->dwVersion, 2);
    assert_memory_equal(now->data.pbData, "second", 6);
    assert_wide_equal(now->pwzAttributes, attributes_text);
    assert_int_equal(ticks_of(now->ftExpiration), ticks_of(record->ftExpiration));
    assert_int_equal(ticks_of(now->ftCreation), created);
    assert_true(ticks_of(now->ftLastModified) > created);
    assert_wide_equal(now->pwzCreatorId, creator);
    assert_wide_equal(now->pwzModifiedById, creator);
    PeerFreeData(record);
    /* The same expiration may stay; attributes may go. */
    now->pwzAttributes = NULL;
    assert_ok(PeerGroupUpdateRecord(group, now));
    PeerFreeData(now);
    now = get(&id);
    assert_int_equal(now->dwVersion, 3);
    assert_null(now->pwzAttributes);
    PeerFreeData(now);
    remove_record(&id);
}

/* [point 10.2] [point 10.3] The page of this function has no other code for a record that is not
 * allowed. */
static void test_update_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupUpdateRecord", "E_INVALIDARG");
    CONTRACT("PeerGroupUpdateRecord", "PEER_E_INVALID_GROUP");
    GUID id = add_note(group, "kept");
    PPEER_RECORD record = get(&id);
    assert_hr(PeerGroupUpdateRecord(group, NULL), E_INVALIDARG);
    assert_hr(PeerGroupUpdateRecord(NULL, record), PEER_E_INVALID_GROUP);
    PEER_RECORD bad = *record;
    bad.dwSize = 0;
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad = *record;
    bad.type = type_other;
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad = *record;
    bad.dwFlags = PEER_RECORD_FLAG_AUTOREFRESH;
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad = *record;
    bad.ftExpiration = filetime_of(ticks_of(record->ftExpiration) - 1); /* 10.3 */
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad.ftExpiration = filetime_of(TICKS_UNLIMITED + TICKS_PER_SECOND);
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad = *record;
    bad.pwzAttributes = (PWSTR)u"<no/>";
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    bad = *record;
    bad.data = (PEER_DATA){4, NULL};
    assert_hr(PeerGroupUpdateRecord(group, &bad), E_INVALIDARG);
    PPEER_RECORD now = get(&id);
    assert_int_equal(now->dwVersion, 1);
    assert_memory_equal(now->data.pbData, "kept", 4);
    PeerFreeData(now);
    PeerFreeData(record);
    remove_record(&id);
}

/* [point 10.7] What is deleted is not found, by no call. */
static void test_delete(void **state)
{
    (void)state;
    CONTRACT("PeerGroupDeleteRecord", "S_OK");
    CONTRACT("PeerGroupDeleteRecord", "PEER_E_INVALID_GROUP");
    CONTRACT("PeerGroupDeleteRecord", "PEER_E_RECORD_NOT_FOUND");
    CONTRACT("PeerGroupUpdateRecord", "PEER_E_RECORD_NOT_FOUND");
    GUID id = add_note(group, "gone");
    PPEER_RECORD record = get(&id), again = NULL;
    assert_hr(PeerGroupDeleteRecord(group, NULL), E_INVALIDARG);
    assert_hr(PeerGroupDeleteRecord(NULL, &id), PEER_E_INVALID_GROUP);
    assert_ok(PeerGroupDeleteRecord(group, &id));
    assert_hr(PeerGroupGetRecord(group, &id, &again), PEER_E_RECORD_NOT_FOUND);
    assert_hr(PeerGroupUpdateRecord(group, record), PEER_E_RECORD_NOT_FOUND);
    assert_hr(PeerGroupDeleteRecord(group, &id), PEER_E_RECORD_NOT_FOUND);
    assert_int_equal(record_count(group), 0);
    PeerFreeData(record);
}

/* ---- lists ---- */

static ULONG found(PCWSTR query)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupSearchRecords(group, query, &enumeration));
    return count_of(enumeration);
}

/* [point 1.11] [point 1.13] [point 1.15] [point 10.17] A snapshot; items are one block and outlive
 * the enumeration. */
static void test_enum(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumRecords", "S_OK");
    GUID first = add_note(group, "1"), second = add_note(group, "2");
    PEER_RECORD given = note(group, "3");
    GUID third;
    given.type = type_other;
    assert_ok(PeerGroupAddRecord(group, &given, &third));
    HPEERENUM all = NULL, of_type = NULL;
    assert_ok(PeerGroupEnumRecords(group, NULL, &all));
    assert_ok(PeerGroupEnumRecords(group, &type_other, &of_type));
    remove_record(&first);
    remove_record(&second);
    remove_record(&third);
    ULONG count = 10;
    PPEER_RECORD *records = NULL;
    assert_ok(PeerGetNextItem(of_type, &count, (PVOID **)&records));
    assert_int_equal(count, 1);
    assert_ok(PeerEndEnumeration(of_type));
    assert_true(IsEqualGUID(&records[0]->id, &third));
    assert_memory_equal(records[0]->data.pbData, "3", 1);
    assert_wide_equal(records[0]->pwzCreatorId, creator);
    PeerFreeData(records);
    assert_int_equal(count_of(all), 3);
    assert_int_equal(record_count(group), 0);
}

static void test_enum_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupEnumRecords", "E_INVALIDARG");
    CONTRACT("PeerGroupEnumRecords", "PEER_E_INVALID_GROUP");
    HPEERENUM enumeration = (HPEERENUM)1;
    assert_hr(PeerGroupEnumRecords(group, NULL, NULL), E_INVALIDARG);
    assert_hr(PeerGroupEnumRecords((HGROUP)&group, NULL, &enumeration), PEER_E_INVALID_GROUP);
    assert_null(enumeration);
}

/* [point 11.4] [point 11.6] [point 11.7] [point 11.10] Clauses, their combination, wildcards and
 * reserved names. */
static void test_search(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSearchRecords", "S_OK");
    PEER_RECORD given = note(group, "with");
    GUID with, without = add_note(group, "without");
    given.pwzAttributes = (PWSTR)attributes_text;
    assert_ok(PeerGroupAddRecord(group, &given, &with));
    assert_int_equal(found(u"<peersearch><clause attrib=\"subject\" type=\"string\" "
                           u"compare=\"equal\">t*</clause></peersearch>"),
                     1);
    assert_int_equal(found(u"<peersearch><and><clause attrib=\"size\" type=\"int\" "
                           u"compare=\"less\">4</clause><clause attrib=\"subject\" "
                           u"type=\"string\" compare=\"equal\">te?</clause></and></peersearch>"),
                     1);
    assert_int_equal(found(u"<peersearch><clause attrib=\"subject\" type=\"string\" "
                           u"compare=\"equal\">coffee</clause></peersearch>"),
                     0);
    assert_int_equal(found(u"<peersearch><clause attrib=\"peercreatorid\" type=\"string\" "
                           u"compare=\"equal\">*</clause></peersearch>"),
                     2);
    assert_int_equal(found(u"<peersearch><clause attrib=\"peerrecordtype\" type=\"string\" "
                           u"compare=\"equal\">{1D6A5A0C-4B2E-4C37-9011-223344556677}"
                           u"</clause></peersearch>"),
                     2);
    remove_record(&with);
    remove_record(&without);
}

/* [point 11.6] [point 11.10] What is no query, and the one fault that has another code. */
static void test_search_bad_arguments(void **state)
{
    (void)state;
    CONTRACT("PeerGroupSearchRecords", "E_INVALIDARG");
    CONTRACT("PeerGroupSearchRecords", "PEER_E_INVALID_SEARCH");
    static const WCHAR clause[] =
        u"<peersearch><clause attrib=\"a\" type=\"string\" compare=\"equal\">x</clause>"
        u"</peersearch>";
    const WCHAR *const bad[] = {
        u"",
        u"x",
        lone_surrogate,
        u"<peersearch/>",
        u"<peersearch><and/></peersearch>",
        u"<!DOCTYPE a><peersearch/>",
        u"<peersearch><clause attrib=\"a\" type=\"int\" compare=\"equal\">x</clause></peersearch>",
    };
    HPEERENUM enumeration = (HPEERENUM)1;
    assert_hr(PeerGroupSearchRecords(group, NULL, &enumeration), E_INVALIDARG);
    assert_null(enumeration);
    assert_hr(PeerGroupSearchRecords(group, clause, NULL), E_INVALIDARG);
    assert_hr(PeerGroupSearchRecords(group,
                                     u"<peersearch><clause attrib=\"a\" type=\"string\" "
                                     u"compare=\"equal\">\\x</clause></peersearch>",
                                     &enumeration),
              E_INVALIDARG);
    assert_hr(PeerGroupSearchRecords(NULL, clause, &enumeration), PEER_E_INVALID_GROUP);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_hr(PeerGroupSearchRecords(group, bad[i], &enumeration), PEER_E_INVALID_SEARCH);
    WCHAR *too_long = wide_fill(u' ', 70 * 1024);
    assert_hr(PeerGroupSearchRecords(group, too_long, &enumeration), PEER_E_INVALID_SEARCH);
    free(too_long);
    assert_null(enumeration);
}

/* [point 4.6] [point 7.5] Before the first synchronisation there is nothing to read and no right to
 * write. */
static void test_not_ready(void **state)
{
    (void)state;
    CONTRACT("PeerGroupAddRecord", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupGetRecord", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupUpdateRecord", "PEER_E_GROUP_NOT_READY");
    CONTRACT("PeerGroupDeleteRecord", "PEER_E_GROUP_NOT_READY");
    PWSTR invited = new_identity(u"Invited");
    HGROUP joined = join(group, invited, NULL);
    PEER_RECORD record = note(group, "x");
    PPEER_RECORD got = NULL;
    GUID id = add_note(group, "y");
    record.id = id;
    assert_hr(PeerGroupGetRecord(joined, &id, &got), PEER_E_GROUP_NOT_READY);
    assert_hr(PeerGroupUpdateRecord(joined, &record), PEER_E_GROUP_NOT_READY);
    assert_hr(PeerGroupDeleteRecord(joined, &id), PEER_E_GROUP_NOT_READY);
    remove_record(&id);
    assert_hr(PeerGroupAddRecord(joined, &record, &id), PEER_E_GROUP_NOT_READY);
    assert_int_equal(record_count(joined), 0);
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupSearchRecords(joined,
                                     u"<peersearch><clause attrib=\"a\" type=\"int\" "
                                     u"compare=\"equal\">1</clause></peersearch>",
                                     &enumeration));
    assert_int_equal(count_of(enumeration), 0);
    assert_ok(PeerGroupClose(joined));
    PeerFreeData(invited);
}

/* ---- without memory ---- */

static GUID swept;

static HRESULT call_add(void)
{
    PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note};
    record.ftExpiration = utc_in(3600);
    record.pwzAttributes = (PWSTR)attributes_text;
    record.data = (PEER_DATA){5, (PBYTE) "swept"};
    return PeerGroupAddRecord(group, &record, &swept);
}

static void after_add(HRESULT hr)
{
    assert_int_equal(record_count(group), SUCCEEDED(hr) ? 1 : 0);
    if (SUCCEEDED(hr))
        remove_record(&swept);
}

static HRESULT call_get(void)
{
    PPEER_RECORD record = (PPEER_RECORD)1;
    HRESULT hr = PeerGroupGetRecord(group, &swept, &record);
    assert_true(SUCCEEDED(hr) == (record != NULL));
    PeerFreeData(record);
    return hr;
}

static HRESULT call_enum(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupEnumRecords(group, NULL, &enumeration);
    assert_true(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    return hr;
}

static HRESULT call_search(void)
{
    HPEERENUM enumeration = (HPEERENUM)1;
    HRESULT hr = PeerGroupSearchRecords(group,
                                        u"<peersearch><clause attrib=\"subject\" type=\"string\" "
                                        u"compare=\"equal\">t*</clause></peersearch>",
                                        &enumeration);
    assert_true(SUCCEEDED(hr) == (enumeration != NULL));
    if (SUCCEEDED(hr))
        assert_ok(PeerEndEnumeration(enumeration));
    return hr;
}

static DWORD version_before;

static HRESULT call_update(void)
{
    PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note, .id = swept};
    record.ftExpiration = filetime_of(TICKS_UNLIMITED - TICKS_PER_SECOND);
    record.data = (PEER_DATA){3, (PBYTE) "new"};
    return PeerGroupUpdateRecord(group, &record);
}

static void after_update(HRESULT hr)
{
    PPEER_RECORD record = get(&swept);
    assert_int_equal(record->dwVersion, version_before + (SUCCEEDED(hr) ? 1 : 0));
    version_before = record->dwVersion;
    PeerFreeData(record);
}

static void test_without_memory(void **state)
{
    (void)state;
    CONTRACT_OOM("PeerGroupAddRecord");
    CONTRACT_OOM("PeerGroupGetRecord");
    CONTRACT_OOM("PeerGroupEnumRecords");
    CONTRACT_OOM("PeerGroupSearchRecords");
    assert_true(sweep(call_add, after_add) > 20);
    assert_ok(call_add());
    assert_true(sweep(call_get, NULL) > 5);
    assert_true(sweep(call_enum, NULL) > 5);
    assert_true(sweep(call_search, NULL) > 10);
    version_before = 1;
    assert_true(sweep(call_update, after_update) > 10);
    remove_record(&swept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add_and_get),
        cmocka_unit_test(test_empty_and_large),
        cmocka_unit_test(test_add_bad_arguments),
        cmocka_unit_test(test_add_invalid_record),
        cmocka_unit_test(test_add_invalid_attributes),
        cmocka_unit_test(test_add_invalid_creator),
        cmocka_unit_test(test_add_too_large),
        cmocka_unit_test(test_add_reserved_type),
        cmocka_unit_test(test_get_bad_arguments),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_update_bad_arguments),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_enum),
        cmocka_unit_test(test_enum_bad_arguments),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_search_bad_arguments),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, setup, alone_teardown);
}
