#include "text/utc.h"

static void two_digits(struct writer *to, char before, uint64_t value)
{
    if (before != '\0') writer_byte(to, (uint8_t)before);
    writer_byte(to, (uint8_t)('0' + value / 10 % 10));
    writer_byte(to, (uint8_t)('0' + value % 10));
}

void utc_write(struct writer *to, int64_t ms)
{
    uint64_t t = ms > 0 ? (uint64_t)ms : 0;
    uint64_t seconds = t / 1000;

    /* Years that begin in March end with the leap day; 400 of them are an era of 146,097 days. Day
     * 0 is 0000-03-01 (H. Hinnant, "chrono-compatible low-level date algorithms",
     * civil_from_days). */
    uint64_t days = seconds / 86400 + 719468;
    uint64_t day_of_era = days % 146097;
    uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint64_t march_month = (5 * day_of_year + 2) / 153;
    uint64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
    uint64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    uint64_t year = days / 146097 * 400 + year_of_era + (month <= 2);

    writer_number(to, year);
    two_digits(to, '-', month);
    two_digits(to, '-', day);
    two_digits(to, 'T', seconds / 3600 % 24);
    two_digits(to, ':', seconds / 60 % 60);
    two_digits(to, ':', seconds % 60);
    writer_byte(to, '.');
    writer_byte(to, (uint8_t)('0' + t / 100 % 10));
    two_digits(to, '\0', t % 100);
    writer_byte(to, 'Z');
}
