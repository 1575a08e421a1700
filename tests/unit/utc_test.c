/* Days that calendars get wrong. The numbers are from `date -u -d ... +%s`; the dates of HTTP
 * and of RFC 3339 from those documents. */
#include "cut.h"
#include "text/utc.h"

#include <stdlib.h>

static void points_in_time(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1970-01-01T00:00:00.000Z"},
        {INT64_MIN, "1970-01-01T00:00:00.000Z"},
        {86399999, "1970-01-01T23:59:59.999Z"},
        {86400000, "1970-01-02T00:00:00.000Z"},
        {68169599000, "1972-02-28T23:59:59.000Z"},
        {68169600000, "1972-02-29T00:00:00.000Z"},
        {68255999999, "1972-02-29T23:59:59.999Z"},
        {68256000000, "1972-03-01T00:00:00.000Z"},
        {946684799999, "1999-12-31T23:59:59.999Z"},
        {946684800000, "2000-01-01T00:00:00.000Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {978220800000, "2000-12-31T00:00:00.000Z"},
        {1726676488724, "2024-09-18T16:21:28.724Z"},
        {1709164800000, "2024-02-29T00:00:00.000Z"},
        {1740787200000, "2025-03-01T00:00:00.000Z"},
        {2147483647000, "2038-01-19T03:14:07.000Z"},
        {2147483648000, "2038-01-19T03:14:08.000Z"},
        {4107542399000, "2100-02-28T23:59:59.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {4294967296000, "2106-02-07T06:28:16.000Z"},
        {13574563200000, "2400-02-29T00:00:00.000Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "10000-01-01T00:00:00.000Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64] = {0};
        struct writer w = writer_on(text, sizeof text - 1);
        utc_write(&w, rows[i].ms);
        assert_string_equal(text, rows[i].text);
    }
}

/* Against a calendar that counts days one by one, from 1970 to 2401. */
static void every_day(void **state)
{
    (void)state;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = 0;
    for (int year = 1970; year <= 2401; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 0; month < 12; month++) {
            for (int d = 1; d <= lengths[month] + (month == 1 && leap); d++, day++) {
                char text[32] = {0};
                char expected[16] = {(char)('0' + year / 1000),
                                     (char)('0' + year / 100 % 10),
                                     (char)('0' + year / 10 % 10),
                                     (char)('0' + year % 10),
                                     '-',
                                     (char)('0' + (month + 1) / 10),
                                     (char)('0' + (month + 1) % 10),
                                     '-',
                                     (char)('0' + d / 10),
                                     (char)('0' + d % 10),
                                     'T'};
                struct writer w = writer_on(text, sizeof text - 1);
                utc_write(&w, day * 86400000 + 43200000);
                assert_memory_equal(text, expected, 11);
                int64_t back = -1;
                assert_true(utc_read(writer_span(&w), &back));
                assert_int_equal(back, day * 86400000 + 43200000);
            }
        }
    }
}

static void basic_form(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "19700101T000000Z"},
        {-1, "19700101T000000Z"},
        {INT64_MIN, "19700101T000000Z"},
        {1369353600000, "20130524T000000Z"}, /* AWS's example of Signature Version 4 */
        {1440938160999, "20150830T123600Z"}, /* and of its test suite */
        {951782399999, "20000228T235959Z"},
        {951782400000, "20000229T000000Z"},
        {253402300799999, "99991231T235959Z"},
        {253402300800000, "99991231T235959Z"},
        {INT64_MAX, "99991231T235959Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[UTC_BASIC_BYTES + 1] = {0};
        struct writer w = writer_on(text, UTC_BASIC_BYTES);
        utc_write_basic(&w, rows[i].ms);
        assert_string_equal(text, rows[i].text);
        assert_false(w.full);
    }
}

struct row {
    const char *text;
    int64_t ms;
};

static void check_rows(const struct row *rows, size_t count, bool (*read)(struct span, int64_t *))
{
    for (size_t i = 0; i < count; i++) {
        int64_t ms = 4711;
        if (!read(span_text(rows[i].text), &ms)) fail_msg("was not read: %s", rows[i].text);
        assert_int_equal(ms, rows[i].ms);
    }
}

static void check_refused(const char *const *rows, size_t count,
                          bool (*read)(struct span, int64_t *))
{
    for (size_t i = 0; i < count; i++) {
        int64_t ms;
        if (read(span_text(rows[i]), &ms)) fail_msg("was read: %s", rows[i]);
    }
}

static void reading(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59.999Z", -1},
        {"0000-01-01T00:00:00Z", -62167219200000},
        {"0000-02-29T00:00:00Z", -62162121600000},
        {"0001-01-01T00:00:00Z", -62135596800000},
        {"9999-12-31T23:59:59.999999Z", 253402300799999},
        {"2024-09-18T16:21:28Z", 1726676488000},
        {"2024-09-18T16:21:28.724Z", 1726676488724},
        {"2024-09-18T16:21:28.7Z", 1726676488700},
        {"2024-09-18T16:21:28.07Z", 1726676488070},
        {"2024-09-18T16:21:28.7249999999999999999999999Z", 1726676488724},
        {"2024-09-19T01:21:28.724+09:00", 1726676488724},
        {"2024-09-18T16:21:28-00:00", 1726676488000},
        {"2000-02-29T00:00:00Z", 951782400000},
        {"20130524T000000Z", 1369353600000},
        {"20150830T123600Z", 1440938160000},
        /* RFC 3339 section 5.8 */
        {"1985-04-12T23:20:50.52Z", 482196050520},
        {"1996-12-19T16:39:57-08:00", 851042397000},
        {"1990-12-31T23:59:60Z", 662688000000},
        {"1990-12-31T15:59:60-08:00", 662688000000},
        {"1937-01-01T12:00:27.87+00:20", -1041337172130},
    };
    check_rows(rows, sizeof rows / sizeof *rows, utc_read);
    static const char *const wrong[] = {
        "",
        "2024",
        "2024-09-18",
        "2024-09-18T16:21Z",
        "2024-09-18T16:21:28",
        "2024-09-18 16:21:28Z",
        "2024-09-18t16:21:28z",
        "2024-09-18T16:21:28Z ",
        " 2024-09-18T16:21:28Z",
        "2024-09-18T16:21:28.Z",
        "2024-09-18T16:21:28,7Z",
        "2024-09-18T16:21:28.7",
        "2024-09-18T16:21:28.7x",
        "2024-9-18T16:21:28Z",
        "24-09-18T16:21:28Z",
        "02024-09-18T16:21:28Z",
        "+2024-09-18T16:21:28Z",
        "-2024-09-18T16:21:28Z",
        "2024-00-18T16:21:28Z",
        "2024-13-18T16:21:28Z",
        "2024-09-00T16:21:28Z",
        "2024-09-31T16:21:28Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-02-30T00:00:00Z",
        "2024-09-18T24:00:00Z",
        "2024-09-18T16:60:28Z",
        "2024-09-18T16:21:61Z",
        "2024-09-18T16:21:28+0900",
        "2024-09-18T16:21:28+09",
        "2024-09-18T16:21:28+24:00",
        "2024-09-18T16:21:28+09:60",
        "2024-09-18T16:21:28+09:00Z",
        "2024-09-18T16:21:28ZZ",
        "2024-09-18T16:2a:28Z",
        "2024-09-18T16:21: 8Z",
        "2024-09-18T16-21-28Z",
        "20130524T000000",
        "20130524T000000+",
        "20130524T0000000",
        "20130524 000000Z",
        "20130524T240000Z",
        "20130532T000000Z",
        "20130524T00000Z",
        "20130524T000000ZZ",
        "20130524T000000.5Z",
        "2013-0524T00000Z",
        "20130524T000000+00:00",
    };
    check_refused(wrong, sizeof wrong / sizeof *wrong, utc_read);
}

static void reading_http(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* RFC 9110 section 5.6.7: the same moment in three forms */
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777000},
        {"Sun Nov  6 08:49:37 1994", 784111777000},
        {"Sun Nov 16 08:49:37 1994", 784975777000},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 0},
        {"Tuesday, 31-Dec-69 23:59:59 GMT", 3155759999000},
        {"Fri, 24 May 2013 00:00:00 GMT", 1369353600000},
        {"Thu, 29 Feb 2024 00:00:00 GMT", 1709164800000},
        {"Wednesday, 18-Sep-24 16:21:28 GMT", 1726676488000},
        {"Mon, 18 Sep 2024 16:21:28 GMT", 1726676488000}, /* it was a Wednesday: not asked */
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800000}, /* the last leap second so far */
        {"Sat Dec 31 23:59:60 2016", 1483228800000},
    };
    check_rows(rows, sizeof rows / sizeof *rows, utc_read_http);
    static const char *const wrong[] = {
        "",
        "Sun",
        "Sun,",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  6 08:49:37 19944",
        "Sun Nov   6 08:49:37 1994",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 JanF 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    };
    check_refused(wrong, sizeof wrong / sizeof *wrong, utc_read_http);
}

/* Every prefix, in a block of its own size. */
static void cut_off(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "2024-09-19T01:21:28.724+09:00", "20130524T000000Z", "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t whole = strlen(rows[i]);
        for (size_t len = 0; len <= whole; len++) {
            int64_t ms;
            uint8_t *copy = cut_copy(span_of(rows[i], len));
            assert_int_equal(utc_read(span_of(copy, len), &ms), len == whole && i < 2);
            assert_int_equal(utc_read_http(span_of(copy, len), &ms), len == whole && i >= 2);
            free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_in_time), cmocka_unit_test(every_day),
        cmocka_unit_test(basic_form),     cmocka_unit_test(reading),
        cmocka_unit_test(reading_http),   cmocka_unit_test(cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
