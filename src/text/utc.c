#include "text/utc.h"

/* ---- writing ---- */

static void two_digits(struct writer *to, char before, uint64_t value)
{
    if (before != '\0') writer_byte(to, (uint8_t)before);
    writer_byte(to, (uint8_t)('0' + value / 10 % 10));
    writer_byte(to, (uint8_t)('0' + value % 10));
}

struct date {
    uint64_t year, month, day;
};

static struct date date_of(uint64_t days_since_1970)
{
    /* Years that begin in March end with the leap day; 400 of them are an era of 146,097 days. Day
     * 0 is 0000-03-01 (H. Hinnant, "chrono-compatible low-level date algorithms",
     * civil_from_days). */
    const uint64_t days = days_since_1970 + 719468;
    const uint64_t day_of_era = days % 146097;
    const uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t march_month = (5 * day_of_year + 2) / 153;
    const uint64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
    return (struct date){.year = days / 146097 * 400 + year_of_era + (month <= 2),
                         .month = month,
                         .day = day_of_year - (153 * march_month + 2) / 5 + 1};
}

void utc_write(struct writer *to, int64_t ms)
{
    const uint64_t t = ms > 0 ? (uint64_t)ms : 0;
    const uint64_t seconds = t / 1000;
    const struct date date = date_of(seconds / 86400);
    writer_number(to, date.year);
    two_digits(to, '-', date.month);
    two_digits(to, '-', date.day);
    two_digits(to, 'T', seconds / 3600 % 24);
    two_digits(to, ':', seconds / 60 % 60);
    two_digits(to, ':', seconds % 60);
    writer_byte(to, '.');
    writer_byte(to, (uint8_t)('0' + t / 100 % 10));
    two_digits(to, '\0', t % 100);
    writer_byte(to, 'Z');
}

void utc_write_basic(struct writer *to, int64_t ms)
{
    const int64_t last = INT64_C(253402300799); /* 9999-12-31T23:59:59Z */
    int64_t seconds = ms > 0 ? ms / 1000 : 0;
    if (seconds > last) seconds = last;
    const uint64_t of_day = (uint64_t)seconds % 86400;
    const struct date date = date_of((uint64_t)seconds / 86400);
    two_digits(to, '\0', date.year / 100);
    two_digits(to, '\0', date.year);
    two_digits(to, '\0', date.month);
    two_digits(to, '\0', date.day);
    two_digits(to, 'T', of_day / 3600);
    two_digits(to, '\0', of_day / 60 % 60);
    two_digits(to, '\0', of_day % 60);
    writer_byte(to, 'Z');
}

/* ---- reading ---- */

/* Eats `count` decimal digits. False: they are not there. */
static bool take_number(struct span *text, size_t count, unsigned *to)
{
    if (text->len < count) return false;
    struct span digits = span_cut(text, count);
    *to = 0;
    while (digits.len > 0) {
        const uint8_t c = span_take(&digits);
        if (c < '0' || c > '9') return false;
        *to = *to * 10 + (unsigned)(c - '0');
    }
    return true;
}

static bool take_letter(struct span *text, char letter)
{
    return text->len > 0 && span_take(text) == (uint8_t)letter;
}

static bool take_word(struct span *text, const char *word)
{
    const size_t len = strlen(word);
    if (text->len < len || memcmp(text->at, word, len) != 0) return false;
    span_cut(text, len);
    return true;
}

struct moment {
    unsigned year, month, day, hour, minute, second;
};

static bool day_exists(const struct moment *m)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (m->month < 1 || m->month > 12 || m->day < 1) return false;
    const bool leap = (m->year % 4 == 0 && m->year % 100 != 0) || m->year % 400 == 0;
    return m->day <= days[m->month - 1] + (unsigned)(leap && m->month == 2);
}

/* False: no calendar or clock shows it. 60 is a leap second (RFC 3339 section 5.6). */
static bool milliseconds_of(const struct moment *m, int64_t *ms)
{
    if (!day_exists(m) || m->hour > 23 || m->minute > 59 || m->second > 60) return false;
    /* Hinnant's days_from_civil; the year is one of an era here, 0..9999. */
    const int64_t year = (int64_t)m->year - (m->month <= 2) + 400;
    const int64_t march_month = (m->month + 9) % 12;
    const int64_t day_of_year = (153 * march_month + 2) / 5 + m->day - 1;
    const int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    const int64_t of_day = (int64_t)m->hour * 3600 + m->minute * 60 + m->second;
    *ms = ((days - 146097 - 719468) * 86400 + of_day) * 1000;
    return true;
}

/* "08:49:37", with or without the colons. */
static bool take_clock(struct span *text, bool colons, struct moment *m)
{
    return take_number(text, 2, &m->hour) && (!colons || take_letter(text, ':')) &&
           take_number(text, 2, &m->minute) && (!colons || take_letter(text, ':')) &&
           take_number(text, 2, &m->second);
}

/* ".724", or nothing at all. */
static bool take_fraction(struct span *text, int64_t *ms)
{
    *ms = 0;
    if (text->len == 0 || text->at[0] != '.') return true;
    span_cut(text, 1);
    int64_t worth = 100;
    size_t digits = 0;
    for (; text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9'; digits++, worth /= 10)
        *ms += worth * (span_take(text) - '0');
    return digits > 0;
}

/* "Z", "+09:00": how much the clock is ahead of UTC. */
static bool take_zone(struct span *text, int64_t *ahead_ms)
{
    *ahead_ms = 0;
    if (text->len == 0) return false;
    const uint8_t sign = span_take(text);
    if (sign == 'Z') return true;
    unsigned hours, minutes;
    if ((sign != '+' && sign != '-') || !take_number(text, 2, &hours) || !take_letter(text, ':') ||
        !take_number(text, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ahead_ms = (int64_t)(hours * 60 + minutes) * 60000 * (sign == '-' ? -1 : 1);
    return true;
}

static bool read_basic(struct span text, int64_t *ms)
{
    struct moment m = {0};
    return take_number(&text, 4, &m.year) && take_number(&text, 2, &m.month) &&
           take_number(&text, 2, &m.day) && take_letter(&text, 'T') &&
           take_clock(&text, false, &m) && take_letter(&text, 'Z') && text.len == 0 &&
           milliseconds_of(&m, ms);
}

bool utc_read(struct span text, int64_t *ms)
{
    if (text.len == UTC_BASIC_BYTES && text.at[4] != '-') return read_basic(text, ms);
    struct moment m = {0};
    int64_t fraction_ms, ahead_ms, whole_ms;
    if (!take_number(&text, 4, &m.year) || !take_letter(&text, '-') ||
        !take_number(&text, 2, &m.month) || !take_letter(&text, '-') ||
        !take_number(&text, 2, &m.day) || !take_letter(&text, 'T') || !take_clock(&text, true, &m))
        return false;
    if (!take_fraction(&text, &fraction_ms) || !take_zone(&text, &ahead_ms) || text.len > 0)
        return false;
    if (!milliseconds_of(&m, &whole_ms)) return false;
    *ms = whole_ms + fraction_ms - ahead_ms;
    return true;
}

/* ---- HTTP ---- */

static const char *const day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

/* Whole or its first three letters. */
static bool take_day_name(struct span *text, bool whole)
{
    for (size_t i = 0; i < 7; i++) {
        const size_t len = whole ? strlen(day_names[i]) : 3;
        if (text->len < len || memcmp(text->at, day_names[i], len) != 0) continue;
        span_cut(text, len);
        return true;
    }
    return false;
}

static bool take_month_name(struct span *text, unsigned *month)
{
    static const char names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (*month = 1; *month <= 12; ++*month)
        if (take_word(text, names[*month - 1])) return true;
    return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_fixdate(struct span text, struct moment *m)
{
    return take_day_name(&text, false) && take_word(&text, ", ") &&
           take_number(&text, 2, &m->day) && take_letter(&text, ' ') &&
           take_month_name(&text, &m->month) && take_letter(&text, ' ') &&
           take_number(&text, 4, &m->year) && take_letter(&text, ' ') &&
           take_clock(&text, true, m) && span_is(text, " GMT");
}

/* "Sunday, 06-Nov-94 08:49:37 GMT". RFC 9110 asks for the present to know the century; a clock is
 * what this header is read for. */
static bool read_rfc850(struct span text, struct moment *m)
{
    const bool right = take_day_name(&text, true) && take_word(&text, ", ") &&
                       take_number(&text, 2, &m->day) && take_letter(&text, '-') &&
                       take_month_name(&text, &m->month) && take_letter(&text, '-') &&
                       take_number(&text, 2, &m->year) && take_letter(&text, ' ') &&
                       take_clock(&text, true, m) && span_is(text, " GMT");
    m->year += m->year < 70 ? 2000 : 1900;
    return right;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct span text, struct moment *m)
{
    if (!take_day_name(&text, false) || !take_letter(&text, ' ') ||
        !take_month_name(&text, &m->month) || !take_letter(&text, ' '))
        return false;
    const bool one_digit = take_word(&text, " ");
    return take_number(&text, one_digit ? 1 : 2, &m->day) && take_letter(&text, ' ') &&
           take_clock(&text, true, m) && take_letter(&text, ' ') &&
           take_number(&text, 4, &m->year) && text.len == 0;
}

bool utc_read_http(struct span text, int64_t *ms)
{
    struct moment m = {0};
    return (read_fixdate(text, &m) || read_rfc850(text, &m) || read_asctime(text, &m)) &&
           milliseconds_of(&m, ms);
}
