#include "text/uri.h"

#include "base/budget.h"
#include "text/dns.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* RFC 3986 section 2.3. */
static bool is_unreserved(uint8_t c)
{
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* -1: it is no hexadecimal digit. */
static int digit_value(uint8_t c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- percent-encoding ---- */

void uri_encode(struct writer *to, struct span text, bool keep_slash)
{
    while (text.len > 0) {
        const uint8_t c = span_take(&text);
        if (is_unreserved(c) || (c == '/' && keep_slash)) {
            writer_byte(to, c);
            continue;
        }
        const char escaped[] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        writer_bytes(to, span_of(escaped, sizeof escaped));
    }
}

/* The byte behind a % that is eaten. -1: there are no two digits. */
static int take_escaped(struct span *text)
{
    if (text->len < 2) return -1;
    const int high = digit_value(span_take(text));
    const int low = digit_value(span_take(text));
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool uri_decode(struct writer *to, struct span text, bool plus_is_blank)
{
    while (text.len > 0) {
        uint8_t c = span_take(&text);
        if (c == '+' && plus_is_blank) c = ' ';
        if (c == '%') {
            const int byte = take_escaped(&text);
            if (byte < 0) return false;
            c = (uint8_t)byte;
        }
        writer_byte(to, c);
    }
    return !to->full;
}

/* ---- addresses ---- */

/* Eats the word where it stands at the front, in any case (RFC 3986 section 3.1). */
static bool take_word(struct span *text, const char *word)
{
    const size_t len = strlen(word);
    if (text->len < len) return false;
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text->at[i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != (uint8_t)word[i]) return false;
    }
    span_cut(text, len);
    return true;
}

/* Everything before the first of these bytes, or all. */
static struct span take_until(struct span *text, const char *ends)
{
    size_t len = 0;
    while (len < text->len && (text->at[len] == '\0' || !strchr(ends, text->at[len])))
        len++;
    return span_cut(text, len);
}

/* RFC 3986 section 3.2.2, its letters only: whoever connects reads the address. No zone (RFC
 * 6874). */
static bool is_address6(struct span host)
{
    size_t colons = 0;
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t c = host.at[i];
        if (digit_value(c) < 0 && c != ':' && c != '.') return false;
        colons += c == ':';
    }
    return colons >= 2 && host.len <= HOST_BYTES_MAX;
}

static bool take_host(struct span *text, struct span *host)
{
    if (text->len == 0 || text->at[0] != '[') {
        *host = take_until(text, ":/?");
        return dns_name_is_legal(*host);
    }
    span_cut(text, 1);
    *host = take_until(text, "]");
    if (text->len == 0 || !is_address6(*host)) return false;
    span_cut(text, 1);
    return true;
}

static bool read_port(struct span digits, uint16_t *port)
{
    uint32_t value = 0;
    if (digits.len == 0 || digits.len > 5) return false;
    while (digits.len > 0) {
        const uint8_t c = span_take(&digits);
        if (!is_digit(c)) return false;
        value = value * 10 + (uint32_t)(c - '0');
    }
    *port = (uint16_t)value;
    return value >= 1 && value <= UINT16_MAX;
}

/* RFC 3986 sections 3.3 and 3.4: what stands here goes into a request line as it is. */
static bool path_is_legal(struct span path)
{
    if (path.len == 0 || path.at[0] != '/') return false;
    while (path.len > 0) {
        const uint8_t c = span_take(&path);
        if (c == '%' && take_escaped(&path) < 0) return false;
        if (c == '\0' || (!is_unreserved(c) && !strchr("%!$&'()*+,;=:@/?", c))) return false;
    }
    return true;
}

bool uri_read(struct span text, struct uri *to)
{
    to->tls = take_word(&text, "https://");
    if (!to->tls && !take_word(&text, "http://")) return false;
    if (!take_host(&text, &to->host)) return false;

    to->port = to->tls ? 443 : 80;
    to->has_port = text.len > 0 && text.at[0] == ':';
    if (to->has_port) {
        span_cut(&text, 1);
        if (!read_port(take_until(&text, "/?"), &to->port)) return false;
    }

    to->path = text.len > 0 ? text : span_text("/");
    return path_is_legal(to->path);
}
