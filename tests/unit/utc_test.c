/* Days that calendars get wrong. The numbers are from `date -u -d ... +%s`. */
#include "cut.h"
#include "text/utc.h"

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
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(points_in_time),
                                       cmocka_unit_test(every_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
