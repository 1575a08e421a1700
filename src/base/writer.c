#include "base/writer.h"

void writer_bytes(struct writer *w, struct span bytes)
{
    if (bytes.len > w->room - w->len) {
        w->full = true;
        return;
    }
    if (bytes.len > 0) memcpy(w->to + w->len, bytes.at, bytes.len);
    w->len += bytes.len;
}

void writer_text(struct writer *w, const char *text)
{
    writer_bytes(w, span_text(text));
}

void writer_byte(struct writer *w, uint8_t byte)
{
    writer_bytes(w, span_of(&byte, 1));
}

void writer_number(struct writer *w, uint64_t value)
{
    writer_decimal(w, value, 0);
}

void writer_signed(struct writer *w, int64_t value)
{
    if (value < 0) writer_byte(w, '-');
    writer_number(w, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void writer_decimal(struct writer *w, uint64_t value, unsigned decimals)
{
    uint8_t digits[24]; /* 20 digits of 2^64, a point, a leading zero */
    size_t at = sizeof digits;
    assert(decimals < 19);
    for (unsigned done = 0; done <= decimals || value > 0; done++) {
        if (decimals > 0 && done == decimals) digits[--at] = '.';
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
    writer_bytes(w, span_of(digits + at, sizeof digits - at));
}

void writer_hex(struct writer *w, uint64_t value, unsigned digits)
{
    uint8_t text[16];
    size_t at = sizeof text;
    assert(digits <= sizeof text);
    for (unsigned done = 0; done < digits || value > 0; done++) {
        text[--at] = (uint8_t) "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    writer_bytes(w, span_of(text + at, sizeof text - at));
}

void writer_pad(struct writer *w, size_t from, size_t width)
{
    while (!w->full && w->len - from < width)
        writer_byte(w, ' ');
}

/* How many bytes of one well-formed, printable UTF-8 character begin here; 0 for anything else
 * (RFC 3629 section 4; C1 controls and overlong forms are not printable). */
static size_t utf8_len(struct span s)
{
    uint8_t a = s.at[0];
    if (a < 0x80) return a >= 0x20 && a != 0x7F;
    size_t len = a >= 0xC2 && a <= 0xDF   ? 2
                 : a >= 0xE0 && a <= 0xEF ? 3
                 : a >= 0xF0 && a <= 0xF4 ? 4
                                          : 0;
    if (len == 0 || s.len < len) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s.at[i] & 0xC0) != 0x80) return 0;
    uint8_t b = s.at[1];
    bool wrong = (a == 0xC2 && b < 0xA0) || (a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F) ||
                 (a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F);
    return wrong ? 0 : len;
}

/* One character, or \u00XX for a byte that is none or that a terminal would obey. */
static void visible_character(struct writer *w, struct span *text)
{
    size_t len = utf8_len(*text);
    if (len > 0) {
        writer_bytes(w, span_cut(text, len));
        return;
    }
    writer_text(w, "\\u");
    writer_hex(w, span_take(text), 4);
}

void writer_visible(struct writer *w, struct span text)
{
    while (text.len > 0)
        visible_character(w, &text);
}

struct span writer_end_of(struct span text, size_t room)
{
    size_t start = text.len;
    while (start > 0) {
        uint8_t byte = text.at[start - 1];
        size_t cost = byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' ? 1 : 6;
        if (cost > room) break;
        room -= cost;
        start--;
    }
    /* Not in the middle of a character. */
    while (start > 0 && start < text.len && (text.at[start] & 0xC0) == 0x80)
        start++;
    span_cut(&text, start);
    return text;
}

void writer_quoted(struct writer *w, struct span text)
{
    writer_byte(w, '"');
    while (text.len > 0) {
        if (text.at[0] == '"' || text.at[0] == '\\') writer_byte(w, '\\');
        visible_character(w, &text);
    }
    writer_byte(w, '"');
}

void writer_le(struct writer *w, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        writer_byte(w, (uint8_t)(value >> (8 * i)));
}
