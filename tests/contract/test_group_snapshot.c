/* Is an enumeration of records the records of one moment, whatever happens to them before they are
 * fetched (semantics 1.13 to 1.15), and what is left out when too much happens? */
#include "alone.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static HPEERENUM open_all(void)
{
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupEnumRecords(group, &type_note, &enumeration));
    return enumeration;
}

static PPEER_RECORD *next(HPEERENUM enumeration, ULONG wanted, ULONG *count)
{
    PPEER_RECORD *records = NULL;
    *count = wanted;
    assert_ok(PeerGetNextItem(enumeration, count, (PVOID **)&records));
    return records;
}

static void change(const GUID *id, const void *data, ULONG size)
{
    PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note, .id = *id};
    record.ftExpiration = peer_time_in(group, 7200);
    record.data = (PEER_DATA){size, (PBYTE)data};
    assert_ok(PeerGroupUpdateRecord(group, &record));
}

static void remove_all(void)
{
    HPEERENUM enumeration = open_all();
    ULONG count;
    PPEER_RECORD *records = next(enumeration, 10000, &count);
    for (ULONG i = 0; i < count; i++)
        assert_ok(PeerGroupDeleteRecord(group, &records[i]->id));
    PeerFreeData(records);
    assert_ok(PeerEndEnumeration(enumeration));
}

/* [point 1.14] [point 1.15] What is changed, deleted or added after the moment shows in none of two
 * enumerations of it. */
static void test_changes_do_not_show(void **state)
{
    (void)state;
    GUID updated = add_note(group, "one"), deleted = add_note(group, "two"),
         left = add_note(group, "three");
    HPEERENUM first = open_all(), second = open_all();
    change(&updated, "ONE", 3);
    assert_ok(PeerGroupDeleteRecord(group, &deleted));
    add_note(group, "four");
    change(&updated, "1.", 2);
    for (int i = 0; i < 2; i++) {
        HPEERENUM enumeration = i == 0 ? first : second;
        ULONG count;
        PPEER_RECORD *records = next(enumeration, 2, &count);
        assert_int_equal(count, 2);
        assert_true(IsEqualGUID(&records[0]->id, &updated));
        assert_int_equal(records[0]->dwVersion, 1);
        assert_int_equal(records[0]->data.cbData, 3);
        assert_memory_equal(records[0]->data.pbData, "one", 3);
        assert_true(IsEqualGUID(&records[1]->id, &deleted));
        assert_memory_equal(records[1]->data.pbData, "two", 3);
        PeerFreeData(records);
        records = next(enumeration, 2, &count);
        assert_int_equal(count, 1);
        assert_true(IsEqualGUID(&records[0]->id, &left));
        PeerFreeData(records);
        assert_int_equal(count_of(enumeration), 3);
    }
    remove_all();
}

/* [point 1.15] What a search found is what it was, though it would no longer be found. */
static void test_search_is_of_its_moment(void **state)
{
    (void)state;
    PEER_RECORD given = note(group, "tea");
    given.pwzAttributes = (PWSTR)u"<attributes><attribute name=\"a\" type=\"string\">x</attribute>"
                                 u"</attributes>";
    GUID id;
    assert_ok(PeerGroupAddRecord(group, &given, &id));
    HPEERENUM enumeration = NULL;
    assert_ok(PeerGroupSearchRecords(group,
                                     u"<peersearch><clause attrib=\"a\" type=\"string\" "
                                     u"compare=\"equal\">x</clause></peersearch>",
                                     &enumeration));
    change(&id, "coffee", 6);
    ULONG count;
    PPEER_RECORD *records = next(enumeration, 9, &count);
    assert_int_equal(count, 1);
    assert_memory_equal(records[0]->data.pbData, "tea", 3);
    assert_wide_equal(records[0]->pwzAttributes, given.pwzAttributes);
    PeerFreeData(records);
    assert_ok(PeerEndEnumeration(enumeration));
    remove_all();
}

/* More records than one part of the list and than one part of the reading, in order of creation, in
 * batches of an odd size. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 1500 };
    char text[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "%06d", i);
        add_note(group, text);
    }
    HPEERENUM enumeration = open_all();
    ULONG count, seen = 0;
    for (;;) {
        PPEER_RECORD *records = next(enumeration, 7, &count);
        if (count == 0)
            break;
        for (ULONG i = 0; i < count; i++, seen++) {
            snprintf(text, sizeof(text), "%06u", seen);
            assert_memory_equal(records[i]->data.pbData, text, 6);
        }
        PeerFreeData(records);
    }
    assert_int_equal(seen, MANY);
    assert_int_equal(count_of(enumeration), MANY);
}

static atomic_bool stop;
static GUID pair[2];

static PEER_RECORD token(void)
{
    PEER_RECORD record = note(group, "token");
    record.type = (GUID){0x0d6a5a0c, 1, 2, {3}}; /* it is listed before the notes */
    record.pwzAttributes = (PWSTR)u"<attributes><attribute name=\"a\" type=\"string\">x</attribute>"
                                  u"</attributes>";
    return record;
}

/* There is one token, or two while it moves on. */
static void *move_token(void *context)
{
    PEER_RECORD record = token();
    for (int place = 0; !atomic_load(&stop); place = !place) {
        assert_ok(PeerGroupAddRecord(group, &record, &pair[!place]));
        assert_ok(PeerGroupDeleteRecord(group, &pair[place]));
    }
    return context;
}

/* [point 1.15] One moment, also while the list is made, in parts: the token is always found. Runs
 * on what test_many left. */
static void test_one_moment(void **state)
{
    (void)state;
    PEER_RECORD record = token();
    assert_ok(PeerGroupAddRecord(group, &record, &pair[0]));
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, move_token, NULL), 0);
    for (int round = 0; round < 60; round++) {
        HPEERENUM enumeration = NULL;
        ULONG count, total;
        assert_ok(PeerGroupSearchRecords(group,
                                         u"<peersearch><clause attrib=\"a\" type=\"string\" "
                                         u"compare=\"equal\">x</clause></peersearch>",
                                         &enumeration));
        PPEER_RECORD *records = next(enumeration, 10, &count);
        assert_in_range(count, 1, 2);
        assert_ok(PeerGetItemCount(enumeration, &total));
        assert_int_equal(total, count);
        for (ULONG i = 0; i < count; i++)
            assert_memory_equal(records[i]->data.pbData, "token", 5);
        PeerFreeData(records);
        assert_ok(PeerEndEnumeration(enumeration));
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
    remove_all();
}

/* [point 1.14] Copies of what changes are limited: what does not fit is left out, the count stays.
 * Records of several pieces are among what is kept. */
static void test_what_cannot_be_kept_is_left_out(void **state)
{
    (void)state;
    enum { MEGABYTE = 1024 * 1024, COUNT = 12 };
    BYTE *data = malloc(MEGABYTE);
    GUID ids[COUNT];
    assert_non_null(data);
    for (int i = 0; i < COUNT; i++) {
        PEER_RECORD record = note(group, "");
        memset(data, i, MEGABYTE);
        record.data = (PEER_DATA){MEGABYTE, data};
        assert_ok(PeerGroupAddRecord(group, &record, &ids[i]));
    }
    HPEERENUM enumeration = open_all();
    for (int i = 0; i < COUNT; i++)
        change(&ids[i], "x", 1);
    ULONG count, total = 0;
    assert_ok(PeerGetItemCount(enumeration, &total));
    assert_int_equal(total, COUNT);
    PPEER_RECORD *records = next(enumeration, COUNT, &count);
    assert_in_range(count, 6, COUNT - 1);
    for (ULONG i = 0; i < count; i++) {
        assert_true(IsEqualGUID(&records[i]->id, &ids[i]));
        assert_int_equal(records[i]->data.cbData, MEGABYTE);
        assert_int_equal(records[i]->data.pbData[MEGABYTE - 1], i);
    }
    PeerFreeData(records);
    records = next(enumeration, 1, &count);
    assert_int_equal(count, 0);
    assert_null(records);
    assert_ok(PeerEndEnumeration(enumeration));
    free(data);
    remove_all();
}

static void *swap_content(void *context)
{
    BYTE *data = context;
    for (BYTE number = 1; !atomic_load(&stop); number = number % 100 + 1) {
        memset(data, number, 2 << 20);
        change(&pair[0], data, 2 << 20);
    }
    return NULL;
}

/* A record of many pieces is read in parts, and is one version all the same. */
static void test_large_record_is_of_one_version(void **state)
{
    (void)state;
    BYTE *data = calloc(1, 2 << 20);
    assert_non_null(data);
    pair[0] = add_note(group, "small");
    change(&pair[0], data, 2 << 20);
    atomic_store(&stop, false);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, swap_content, data), 0);
    for (int round = 0; round < 60; round++) {
        PPEER_RECORD record = NULL;
        assert_ok(PeerGroupGetRecord(group, &pair[0], &record));
        assert_int_equal(record->data.cbData, 2 << 20);
        const BYTE *bytes = record->data.pbData;
        assert_memory_equal(bytes, bytes + 1, (2 << 20) - 1);
        PeerFreeData(record);
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
    free(data);
    remove_all();
}

/* [point 1.13] Items outlive the group and the enumeration; what was not fetched goes with the
 * group. */
static void test_group_is_closed(void **state)
{
    (void)state;
    HGROUP again = NULL;
    WCHAR *name = name_of(group);
    add_note(group, "one");
    add_note(group, "two");
    HPEERENUM enumeration = open_all();
    ULONG count;
    PPEER_RECORD *records = next(enumeration, 1, &count);
    assert_ok(PeerGroupClose(group));
    assert_ok(PeerGroupOpen(creator, name, NULL, &again));
    group = again;
    assert_memory_equal(records[0]->data.pbData, "one", 3);
    PeerFreeData(records);
    assert_int_equal(count_of(enumeration), 2);
    enumeration = open_all();
    assert_ok(PeerGroupClose(group));
    count = 2;
    records = (PPEER_RECORD *)&count;
    assert_hr(PeerGetNextItem(enumeration, &count, (PVOID **)&records), E_INVALIDARG);
    assert_null(records);
    assert_ok(PeerEndEnumeration(enumeration));
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_do_not_show),
        cmocka_unit_test(test_search_is_of_its_moment),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_one_moment),
        cmocka_unit_test(test_what_cannot_be_kept_is_left_out),
        cmocka_unit_test(test_large_record_is_of_one_version),
        cmocka_unit_test(test_group_is_closed),
    };
    return cmocka_run_group_tests(tests, alone_setup, alone_teardown);
}
