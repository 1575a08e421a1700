#include "blob.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

static void make_room(struct blob *b, size_t n)
{
    if (b->len + n <= b->room) return;
    size_t room = b->room * 2 > b->len + n ? b->room * 2 : b->len + n + 64;
    uint8_t *at = realloc(b->at, room);
    if (at == NULL) abort();
    b->at = at;
    b->room = room;
}

void blob_put(struct blob *b, const void *bytes, size_t n)
{
    if (n == 0) return;
    make_room(b, n);
    memcpy(b->at + b->len, bytes, n);
    b->len += n;
}

void blob_put_span(struct blob *b, struct span s)
{
    blob_put(b, s.at, s.len);
}

void blob_say(struct blob *b, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int n = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (n < 0) abort();
    make_room(b, (size_t)n + 1);
    va_start(values, format);
    vsnprintf((char *)b->at + b->len, (size_t)n + 1, format, values);
    va_end(values);
    b->len += (size_t)n;
}

void blob_clear(struct blob *b)
{
    b->len = 0;
}

void blob_free(struct blob *b)
{
    free(b->at);
    *b = (struct blob){0};
}

struct span blob_span(const struct blob *b)
{
    return span_of(b->at, b->len);
}

const char *blob_text(struct blob *b)
{
    make_room(b, 1);
    b->at[b->len] = '\0';
    return (const char *)b->at;
}

char *span_copy(struct span s)
{
    char *copy = malloc(s.len + 1);
    if (copy == NULL) abort();
    if (s.len > 0) memcpy(copy, s.at, s.len);
    copy[s.len] = '\0';
    return copy;
}

bool span_is_same_word(struct span s, const char *word)
{
    return s.len == strlen(word) && strncasecmp((const char *)s.at, word, s.len) == 0;
}

bool span_begins(struct span s, const char *with)
{
    size_t n = strlen(with);
    return s.len >= n && memcmp(s.at, with, n) == 0;
}

bool span_ends(struct span s, const char *with)
{
    size_t n = strlen(with);
    return s.len >= n && memcmp(s.at + s.len - n, with, n) == 0;
}

struct span span_until(struct span *from, char c)
{
    const uint8_t *found = from->len > 0 ? memchr(from->at, c, from->len) : NULL;
    if (found == NULL) return span_cut(from, from->len);
    struct span front = span_cut(from, (size_t)(found - from->at));
    span_cut(from, 1);
    return front;
}

bool span_number(struct span s, uint64_t *to)
{
    if (s.len == 0 || s.len > 18) return false;
    *to = 0;
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (c < '0' || c > '9') return false;
        *to = *to * 10 + (uint64_t)(c - '0');
    }
    return true;
}

void hex_put(struct blob *to, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *digits = "0123456789abcdef";
        char two[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        blob_put(to, two, 2);
    }
}

void base64_put(struct blob *to, const uint8_t *bytes, size_t n)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16;
        if (i + 1 < n) three |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < n) three |= bytes[i + 2];
        char four[4] = {letters[three >> 18], letters[three >> 12 & 63],
                        i + 1 < n ? letters[three >> 6 & 63] : '=',
                        i + 2 < n ? letters[three & 63] : '='};
        blob_put(to, four, 4);
    }
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void percent_put(struct blob *to, struct span s, bool keep_slash)
{
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (is_unreserved(c) || (c == '/' && keep_slash))
            blob_put(to, &c, 1);
        else
            blob_say(to, "%%%02X", c);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool percent_read(struct blob *to, struct span s, bool plus_is_space)
{
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (c == '+' && plus_is_space)
            c = ' ';
        else if (c == '%') {
            if (s.len < 2 || hex_digit(s.at[0]) < 0 || hex_digit(s.at[1]) < 0) return false;
            c = (uint8_t)(hex_digit(s.at[0]) * 16 + hex_digit(s.at[1]));
            span_cut(&s, 2);
        }
        blob_put(to, &c, 1);
    }
    return true;
}

void xml_put(struct blob *to, struct span s)
{
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (c == '<')
            blob_say(to, "&lt;");
        else if (c == '>')
            blob_say(to, "&gt;");
        else if (c == '&')
            blob_say(to, "&amp;");
        else if (c == '"')
            blob_say(to, "&quot;");
        else if (c < ' ')
            blob_say(to, "&#%u;", (unsigned)c);
        else
            blob_put(to, &c, 1);
    }
}

static struct tm parts_of(int64_t utc_ms)
{
    time_t seconds = (time_t)(utc_ms / 1000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    return parts;
}

void date_basic(char to[17], int64_t utc_ms)
{
    struct tm parts = parts_of(utc_ms);
    strftime(to, 17, "%Y%m%dT%H%M%SZ", &parts);
}

void date_extended(char to[25], int64_t utc_ms)
{
    struct tm parts = parts_of(utc_ms);
    strftime(to, 25, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
}

void date_http(char to[30], int64_t utc_ms)
{
    struct tm parts = parts_of(utc_ms);
    strftime(to, 30, "%a, %d %b %Y %H:%M:%S GMT",
             &parts); /* the C locale: nobody calls setlocale */
}

static bool read_date(struct span s, const char *format, int64_t *utc_ms)
{
    char text[40] = "";
    if (s.len >= sizeof text) return false;
    if (s.len > 0) memcpy(text, s.at, s.len);
    struct tm parts = {0};
    const char *end = strptime(text, format, &parts);
    if (end == NULL || *end != '\0') return false;
    *utc_ms = (int64_t)timegm(&parts) * 1000;
    return true;
}

bool date_read_basic(struct span s, int64_t *utc_ms)
{
    return s.len == 16 && read_date(s, "%Y%m%dT%H%M%SZ", utc_ms);
}

bool date_read_http(struct span s, int64_t *utc_ms)
{
    return read_date(s, "%a, %d %b %Y %H:%M:%S GMT", utc_ms);
}
