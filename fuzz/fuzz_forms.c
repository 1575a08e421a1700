/* Base64, percent-encoding, addresses and times on any bytes, there and back, and against other
 * forms of the same rules: POSIX's regular expressions and libc's calendar.
 *
 * Byte 0: which of them. */
#include "fuzz.h"

#include "text/base64.h"
#include "text/uri.h"
#include "text/utc.h"

#include <regex.h>
#include <time.h>

enum { TEXT_BYTES = 4096, ROOM = 4 * TEXT_BYTES };

/* The input as a string; without what stands behind a NUL. */
static char string[TEXT_BYTES + 1];

static bool matches(const char *expression, int flags, regmatch_t found[8])
{
    static struct {
        const char *expression;
        regex_t compiled;
    } known[8];
    size_t i = 0;
    while (known[i].expression != NULL && known[i].expression != expression)
        i++;
    if (known[i].expression == NULL) {
        known[i].expression = expression;
        FUZZ_REQUIRE(regcomp(&known[i].compiled, expression, REG_EXTENDED | flags) == 0);
    }
    return regexec(&known[i].compiled, string, 8, found, 0) == 0;
}

static struct span group(regmatch_t found)
{
    if (found.rm_so < 0) return span_of(string, 0);
    return span_of(string + found.rm_so, (size_t)(found.rm_eo - found.rm_so));
}

static void base64(struct span input)
{
    static const char table[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static uint8_t encoded[ROOM], back[ROOM];
    struct writer w = writer_on(encoded, sizeof encoded);
    base64_write(&w, input);
    FUZZ_REQUIRE(!w.full && w.len == BASE64_BYTES(input.len));
    for (size_t i = 0; i < w.len; i++) {
        unsigned sextet = 0;
        for (size_t bit = 6 * i; bit < 6 * i + 6; bit++)
            sextet =
                2 * sextet + (bit / 8 < input.len ? input.at[bit / 8] >> (7 - bit % 8) & 1U : 0);
        const bool pad = 6 * i >= 8 * input.len;
        FUZZ_REQUIRE(encoded[i] == (pad ? '=' : table[sextet]));
    }
    struct writer b = writer_on(back, sizeof back);
    FUZZ_REQUIRE(base64_read(&b, writer_span(&w)) && span_equal(writer_span(&b), input));

    /* What is taken is what would be written; what is not, has another shape. */
    b = writer_on(back, sizeof back);
    if (base64_read(&b, input)) {
        w = writer_on(encoded, sizeof encoded);
        base64_write(&w, writer_span(&b));
        FUZZ_REQUIRE(span_equal(writer_span(&w), input));
    } else if (strlen(string) == input.len) {
        FUZZ_REQUIRE(!matches("^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=|"
                              "[A-Za-z0-9+/][AQgw]==)?$",
                              0, (regmatch_t[8]){{0}}));
    }
}

static void percent(struct span input, bool flag)
{
    static char expected[ROOM];
    static uint8_t encoded[ROOM], back[ROOM];
    size_t len = 0;
    for (size_t i = 0; i < input.len; i++) {
        const uint8_t c = input.at[i];
        const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~' ||
                           (c == '/' && flag);
        len += (size_t)sprintf(expected + len, stays ? "%c" : "%%%02X", c);
    }
    struct writer w = writer_on(encoded, sizeof encoded);
    uri_encode(&w, input, flag);
    FUZZ_REQUIRE(span_equal(writer_span(&w), span_of(expected, len)));
    struct writer b = writer_on(back, sizeof back);
    FUZZ_REQUIRE(uri_decode(&b, writer_span(&w), flag) && span_equal(writer_span(&b), input));

    b = writer_on(back, sizeof back);
    const bool right = uri_decode(&b, input, flag);
    if (strlen(string) == input.len)
        FUZZ_REQUIRE(right == matches("^([^%]|%[0-9a-fA-F]{2})*$", 0, (regmatch_t[8]){{0}}));
    size_t at = 0;
    for (size_t i = 0; right && i < input.len; i++, at++) {
        unsigned byte = input.at[i];
        if (byte == '+' && flag) byte = ' ';
        if (byte == '%') {
            const char digits[] = {(char)input.at[i + 1], (char)input.at[i + 2], 0};
            byte = (unsigned)strtoul(digits, NULL, 16);
            i += 2;
        }
        FUZZ_REQUIRE(back[at] == byte);
    }
    if (right) FUZZ_REQUIRE(b.len == at);
}

static bool labels_are_legal(struct span host)
{
    char name[TEXT_BYTES + 1] = {0};
    memcpy(name, host.at, host.len);
    if (host.len > 0 && name[host.len - 1] == '.') name[--host.len] = 0;
    if (host.len == 0 || host.len > 253) return false;
    for (const char *label = name;; label++) {
        const size_t len = strcspn(label, ".");
        if (len == 0 || len > 63) return false;
        label += len;
        if (*label == 0) return true;
    }
}

static void address(struct span input)
{
    regmatch_t found[8];
    struct uri uri;
    const bool right = uri_read(input, &uri);
    if (strlen(string) != input.len) {
        FUZZ_REQUIRE(!right);
        return;
    }
    bool expected = matches("^http(s?)://(\\[([0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*)\\]|[a-z0-9._-]+)"
                            "(:([0-9]{1,5}))?(/([a-z0-9._~!$&'()*+,;=:@/?-]|%[0-9a-f]{2})*)?$",
                            REG_ICASE, found);
    if (!expected) {
        FUZZ_REQUIRE(!right);
        return;
    }
    const bool bracket = found[3].rm_so >= 0;
    const struct span host = group(found[bracket ? 3 : 2]);
    const bool tls = group(found[1]).len == 1;
    const long port = found[5].rm_so >= 0 ? strtol(string + found[5].rm_so, NULL, 10)
                      : tls               ? 443
                                          : 80;
    expected = port >= 1 && port <= 65535 && (bracket ? host.len <= 253 : labels_are_legal(host));
    FUZZ_REQUIRE(right == expected);
    if (!right) return;
    FUZZ_REQUIRE(uri.tls == tls && uri.port == port && uri.has_port == (found[5].rm_so >= 0));
    FUZZ_REQUIRE(
        span_equal(uri.host, span_of(input.at + (host.at - (const uint8_t *)string), host.len)));
    FUZZ_REQUIRE(found[6].rm_so >= 0 ? span_equal(uri.path, group(found[6]))
                                     : span_is(uri.path, "/"));
}

/* ---- times ---- */

static int number_in(regmatch_t found)
{
    return found.rm_so < 0 ? 0 : atoi(string + found.rm_so);
}

/* A written time by libc. False: no calendar has it. */
static bool seconds_of(const int field[6], int64_t *seconds)
{
    struct tm tm = {.tm_year = field[0] - 1900,
                    .tm_mon = field[1] - 1,
                    .tm_mday = field[2],
                    .tm_hour = field[3],
                    .tm_min = field[4]};
    const struct tm before = tm;
    if (field[3] > 23 || field[4] > 59 || field[5] > 60) return false;
    *seconds = (int64_t)timegm(&tm) + field[5];
    return tm.tm_mon == before.tm_mon && tm.tm_mday == before.tm_mday &&
           tm.tm_year == before.tm_year;
}

static void read_time(struct span input)
{
    regmatch_t found[8];
    int64_t ms = 0;
    const bool right = utc_read(input, &ms);
    if (strlen(string) != input.len) {
        FUZZ_REQUIRE(!right);
        return;
    }
    int field[6] = {0};
    int64_t expected = 0;
    bool legal = false;
    if (matches("^[0-9]{8}T[0-9]{6}Z$", 0, found)) {
        FUZZ_REQUIRE(sscanf(string, "%4d%2d%2dT%2d%2d%2d", &field[0], &field[1], &field[2],
                            &field[3], &field[4], &field[5]) == 6);
        legal = seconds_of(field, &expected);
        expected *= 1000;
    } else if (matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.([0-9]+))?"
                       "(Z|([+-])([0-9]{2}):([0-9]{2}))$",
                       0, found)) {
        FUZZ_REQUIRE(sscanf(string, "%4d-%2d-%2dT%2d:%2d:%2d", &field[0], &field[1], &field[2],
                            &field[3], &field[4], &field[5]) == 6);
        char fraction[4] = "000";
        memcpy(fraction, group(found[2]).at, span_min(group(found[2]), 3));
        const int hours = number_in(found[5]);
        const int minutes = number_in(found[6]);
        const bool west = group(found[4]).len == 1 && group(found[4]).at[0] == '-';
        legal = seconds_of(field, &expected) && hours < 24 && minutes < 60;
        expected =
            expected * 1000 + atoi(fraction) - (hours * 60 + minutes) * (west ? -60000 : 60000);
    }
    FUZZ_REQUIRE(right == legal);
    if (right) FUZZ_REQUIRE(ms == expected);
}

static void write_time(struct span input)
{
    if (input.len < 8) return;
    int64_t ms = 0;
    memcpy(&ms, input.at, 8);
    const uint64_t year_10000 = UINT64_C(253402300800000);
    ms = (int64_t)((uint64_t)ms % year_10000);
    const time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    FUZZ_REQUIRE(gmtime_r(&seconds, &tm) != NULL);
    char expected[64], written[64] = {0};
    size_t len = strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(expected + len, sizeof expected - len, ".%03dZ", (int)(ms % 1000));
    struct writer w = writer_on(written, sizeof written - 1);
    utc_write(&w, ms);
    FUZZ_REQUIRE(strcmp(written, expected) == 0);
    int64_t back = 0;
    FUZZ_REQUIRE(utc_read(writer_span(&w), &back) && back == ms);

    memset(written, 0, sizeof written);
    w = writer_on(written, sizeof written - 1);
    utc_write_basic(&w, ms);
    (void)strftime(expected, sizeof expected, "%Y%m%dT%H%M%SZ", &tm);
    FUZZ_REQUIRE(strcmp(written, expected) == 0);
    FUZZ_REQUIRE(utc_read(writer_span(&w), &back) && back == ms / 1000 * 1000);

    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %e %H:%M:%S %Y"};
    for (size_t i = 0; i < 3; i++) {
        len = strftime(expected, sizeof expected, forms[i], &tm);
        FUZZ_REQUIRE(utc_read_http(span_of(expected, len), &back));
        if (i != 1 || (tm.tm_year >= 70 && tm.tm_year < 170))
            FUZZ_REQUIRE(back == ms / 1000 * 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > TEXT_BYTES) return 0;
    const struct span input = fuzz_input(span_of(data + 1, size - 1), false);
    memcpy(string, input.at, input.len);
    string[input.len] = 0;
    int64_t ms;
    switch (data[0] % 7) {
    case 0: base64(input); break;
    case 1: percent(input, true); break;
    case 2: percent(input, false); break;
    case 3: address(input); break;
    case 4: read_time(input); break;
    case 5: write_time(input); break;
    case 6: (void)utc_read_http(input, &ms); break;
    }
    return 0;
}
