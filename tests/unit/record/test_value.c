/* Are integers of any length ordered as numbers, and do dates mean the right instant in UTC? */
#include "support/test.h"

#include "base/limits.h"
#include "record/value.h"

static void test_types(void **state)
{
    (void)state;
    enum value_type type = VALUE_STRING;
    assert_true(value_type_parse("date", &type));
    assert_int_equal(type, VALUE_DATE);
    assert_true(value_type_parse("int", &type));
    assert_int_equal(type, VALUE_INT);
    assert_true(value_type_parse("string", &type));
    assert_int_equal(type, VALUE_STRING);
    assert_false(value_type_parse("String", &type));
    assert_false(value_type_parse("", &type));
}

static void test_ints(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "007", "18446744073709551616"};
    static const char *const bad[] = {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "\xD9\xA1"};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(value_is_int(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(value_is_int(bad[i]));
}

static void test_int_order(void **state)
{
    (void)state;
    static const char *const rising[] = {"0",
                                         "1",
                                         "09",
                                         "10",
                                         "0099",
                                         "100",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "100000000000000000000000000000000000000000"};
    for (size_t i = 0; i < ARRAY_SIZE(rising); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(rising); j++) {
            int order = value_compare_int(rising[i], rising[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(value_compare_int("000", "0"), 0);
    assert_int_equal(value_compare_int("0012", "12"), 0);
}

static void test_dates(void **state)
{
    (void)state;
    const int64_t day = 86400ll * (int64_t)TICKS_PER_SECOND;
    const int64_t hour = 3600ll * (int64_t)TICKS_PER_SECOND;
    const int64_t unix_epoch = (int64_t)TICKS_UNIX_EPOCH;
    const struct {
        const char *text;
        int64_t ticks;
    } dates[] = {
        {"1601", 0},
        {"1601-01-01", 0},
        {"1600", -366 * day},
        {"1600-12-31T23:59:59.9999999Z", -1},
        {"0000", -584754 * day},
        {"1970-01-01", unix_epoch},
        {"1970-01", unix_epoch},
        {"1970-01-01T00:00Z", unix_epoch},
        {"1970-01-01T01:00:00+01:00", unix_epoch},
        {"1969-12-31T18:30:00.000-05:30", unix_epoch},
        {"1970-03-01", unix_epoch + 59 * day},
        {"2000-02-29", unix_epoch + 11016 * day},
        {"2000-03-01", unix_epoch + 11017 * day},
        {"2100-03-01", unix_epoch + 47541 * day},
        {"2004-02-29T12:00Z", unix_epoch + 12477 * day + 12 * hour},
        {"1970-01-01T00:00:00.1Z", unix_epoch + 1000000},
        {"1970-01-01T00:00:00.00000019Z", unix_epoch + 1},
        {"9999-12-31T23:59:59.9999999Z", (int64_t)TICKS_UNLIMITED + 9999999},
    };
    for (size_t i = 0; i < ARRAY_SIZE(dates); i++) {
        date_ticks ticks = 1;
        if (!value_parse_date(dates[i].text, &ticks) || ticks != dates[i].ticks)
            fail_msg("%s: %lld", dates[i].text, (long long)ticks);
    }
}

static void test_no_dates(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "200",
        "20040",
        "2004-",
        "2004-1",
        "2004-13",
        "2004-00",
        "2004-02-30",
        "2003-02-29",
        "2100-02-29",
        "2003-02-328",
        "2003-02-00",
        "2003-02-01T",
        "2003-02-01T10",
        "2003-02-01T10:00",
        "2003-02-01T10:00:00",
        "2003-02-01T24:00Z",
        "2003-02-01T10:60Z",
        "2003-02-01T10:00:60Z",
        "2003-02-01T10:00:00.Z",
        "2003-02-01T10:00:00,5Z",
        "2003-02-01T10:00z",
        "2003-02-01t10:00Z",
        "2003-02-01T10:00Z ",
        " 2003-02-01",
        "2003-02-01T10:00+24:00",
        "2003-02-01T10:00+01:60",
        "2003-02-01T10:00+0100",
        "2003-02-01T10:00+01",
        "-2003",
        "+2003",
        "2003/02/01",
        "20030201",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        date_ticks ticks = 1;
        if (value_parse_date(bad[i], &ticks) || ticks != 0)
            fail_msg("%s: %lld", bad[i], (long long)ticks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_ints),
        cmocka_unit_test(test_int_order), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_no_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
