#include "text/xml.h"

#include "text/utf8.h"

void xml_init(struct xml *x, char *text_room, size_t bytes)
{
    memset(x, 0, sizeof *x);
    x->text = text_room;
    x->text_room = bytes;
}

static enum xml_event fail(struct xml *x, enum fault_kind kind, const char *what)
{
    x->at = XML_AT_FAULT;
    fault_set(&x->fault, kind, x->offset, what);
    return XML_FAULT;
}

static enum xml_event fail_malformed(struct xml *x, const char *what)
{
    return fail(x, FAULT_MALFORMED, what);
}

/* XML 1.0 section 2.3, production 3. */
static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Productions 4 and 4a; of letters beyond ASCII we do not ask which. */
static bool begins_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool continues_name(uint8_t c)
{
    return begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* ---- text ---- */

/* One character, or one byte of it. */
static void put_text(struct xml *x, struct span bytes)
{
    if (x->text_cut || bytes.len > x->text_room - x->text_len) {
        x->text_cut = true;
        return;
    }
    memcpy(x->text + x->text_len, bytes.at, bytes.len);
    x->text_len += bytes.len;
}

static void drop_text(struct xml *x)
{
    x->text_len = 0;
    x->text_cut = false;
    x->after_cr = false;
}

/* Production 2 (Char), and section 2.11: whatever ends a line is a line feed. */
static enum xml_event take_text(struct xml *x, uint8_t c)
{
    if (c < 0x20 && !is_blank(c)) return fail_malformed(x, "a control byte in a text");
    const bool second_half = c == '\n' && x->after_cr;
    x->after_cr = c == '\r';
    if (c == '\r') c = '\n';
    if (!second_half) put_text(x, span_of(&c, 1));
    return XML_NEED;
}

static bool held_is(const struct xml *x, const char *text)
{
    return span_is(span_of(x->held, x->held_len), text);
}

/* "#60", "#x3C": 0 where it is no number. */
static uint32_t held_number(const struct xml *x)
{
    struct span digits = span_of(x->held, x->held_len);
    if (digits.len == 0 || span_take(&digits) != '#') return 0;
    const bool hexadecimal = digits.len > 0 && digits.at[0] == 'x';
    if (hexadecimal) span_cut(&digits, 1);
    const uint32_t base = hexadecimal ? 16 : 10;
    uint32_t number = 0;
    while (digits.len > 0) {
        const uint8_t c = span_take(&digits);
        const uint32_t value = c >= '0' && c <= '9'   ? c - (uint32_t)'0'
                               : c >= 'a' && c <= 'f' ? c - (uint32_t)'a' + 10
                               : c >= 'A' && c <= 'F' ? c - (uint32_t)'A' + 10
                                                      : 99;
        if (value >= base || number > 0x10FFFF) return 0;
        number = number * base + value;
    }
    return number;
}

/* Production 2. */
static bool is_character(uint32_t c)
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0xFFFE && c != 0xFFFF;
}

static enum xml_event end_reference(struct xml *x)
{
    static const struct {
        const char *name;
        uint8_t character;
    } entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    uint8_t bytes[4];
    size_t len = 0;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        if (!held_is(x, entities[i].name)) continue;
        bytes[0] = entities[i].character;
        len = 1;
    }
    if (len == 0) {
        const uint32_t number = held_number(x);
        if (is_character(number)) len = utf8_put(number, bytes);
    }
    if (len == 0) return fail_malformed(x, "a reference to no character or entity of XML");
    put_text(x, span_of(bytes, len));
    x->at = XML_AT_CONTENT;
    return XML_NEED;
}

static enum xml_event step_reference(struct xml *x, uint8_t c)
{
    if (c == ';') return end_reference(x);
    const bool fits = c == '#' || (c < 0x80 && c != '-' && c != '.' && continues_name(c));
    if (!fits || x->held_len == sizeof x->held)
        return fail_malformed(x, "a reference to no character or entity of XML");
    x->held[x->held_len++] = (char)c;
    return XML_NEED;
}

/* ---- where an element begins and ends ---- */

static enum xml_event open_element(struct xml *x)
{
    x->depth++;
    return XML_OPEN;
}

static enum xml_event close_element(struct xml *x)
{
    x->at = XML_AT_CLOSED;
    x->over = x->depth == 1;
    return XML_CLOSE;
}

/* The end was told, and what was told with it is over. */
static void leave(struct xml *x)
{
    x->depth--;
    drop_text(x);
    x->at = x->depth > 0 ? XML_AT_CONTENT : XML_AT_OUTSIDE;
}

static enum xml_event begin_name(struct xml *x, uint8_t c)
{
    if (!begins_name(c)) return fail_malformed(x, "no name stands behind <");
    if (x->depth == XML_DEPTH_MAX)
        return fail(x, FAULT_LIMIT, "nested deeper than 8 levels (XML_DEPTH_MAX)");
    drop_text(x);
    x->name[x->depth][0] = (char)c;
    x->name_len[x->depth] = 1;
    x->local_at[x->depth] = 0;
    x->at = XML_AT_NAME;
    return XML_NEED;
}

/* Behind a name, a blank or a value. False: nothing that ends a tag. */
static bool ends_tag(struct xml *x, uint8_t c, enum xml_event *event)
{
    *event = XML_NEED;
    if (c == '/') {
        x->at = XML_AT_SLASH;
        return true;
    }
    if (c != '>') return false;
    x->at = XML_AT_CONTENT;
    *event = open_element(x);
    return true;
}

/* One more byte of an element's name. Namespaces: one colon at most, and names on both sides of
 * it. */
static enum xml_event step_name(struct xml *x, uint8_t c)
{
    const size_t len = x->name_len[x->depth];
    const size_t local_at = x->local_at[x->depth];
    const bool local_begins = local_at > 0 && len == local_at;
    if (c == ':' ? local_at > 0 : local_begins && !begins_name(c))
        return fail_malformed(x, "an element's name with a colon too many");
    if (c != ':' && !continues_name(c)) {
        enum xml_event event;
        if (ends_tag(x, c, &event)) return event;
        x->at = XML_AT_TAG;
        return is_blank(c) ? XML_NEED : fail_malformed(x, "a byte that no name may have");
    }
    if (len == XML_NAME_BYTES_MAX)
        return fail(x, FAULT_LIMIT, "a name of more than 48 bytes (XML_NAME_BYTES_MAX)");
    x->name[x->depth][x->name_len[x->depth]++] = (char)c;
    if (c == ':') x->local_at[x->depth] = len + 1;
    return XML_NEED;
}

/* Of attributes nobody here wants anything; but ">" may stand in their values. */
static enum xml_event step_attribute(struct xml *x, uint8_t c)
{
    if (c == '=') x->at = XML_AT_QUOTE;
    if (is_blank(c)) x->at = XML_AT_EQUALS;
    if (c == '=' || is_blank(c) || continues_name(c) || c == ':') return XML_NEED;
    return fail_malformed(x, "an attribute without a value");
}

static enum xml_event step_tag(struct xml *x, uint8_t c)
{
    enum xml_event event;
    if (is_blank(c)) x->at = XML_AT_TAG;
    if (is_blank(c)) return XML_NEED;
    if (ends_tag(x, c, &event)) return event;
    if (x->at == XML_AT_VALUE_END || !(begins_name(c) || c == ':'))
        return fail_malformed(x, "no attribute stands where one should");
    x->at = XML_AT_ATTRIBUTE;
    return XML_NEED;
}

static enum xml_event step_quote(struct xml *x, uint8_t c)
{
    if (is_blank(c)) return XML_NEED;
    if (c != '"' && c != '\'')
        return fail_malformed(x, "an attribute's value without quotation marks");
    x->held[0] = (char)c;
    x->at = XML_AT_VALUE;
    return XML_NEED;
}

static enum xml_event step_value(struct xml *x, uint8_t c)
{
    if (c == (uint8_t)x->held[0]) x->at = XML_AT_VALUE_END;
    if (c == '<' || (c < 0x20 && !is_blank(c)))
        return fail_malformed(x, "a byte that no attribute may have");
    return XML_NEED;
}

/* The name as it was when the element began, prefix and all (production 42). */
static enum xml_event step_closing_name(struct xml *x, uint8_t c)
{
    const size_t level = x->depth - 1;
    if (x->matched < x->name_len[level] && c == (uint8_t)x->name[level][x->matched]) {
        x->matched++;
        return XML_NEED;
    }
    if (x->matched < x->name_len[level] || (c != '>' && !is_blank(c)))
        return fail_malformed(x, "an element is ended by another name");
    if (c == '>') return close_element(x);
    x->at = XML_AT_CLOSING_TAG;
    return XML_NEED;
}

/* ---- markup ---- */

static void resume(struct xml *x)
{
    x->at = x->depth > 0 ? XML_AT_CONTENT : XML_AT_OUTSIDE;
}

static enum xml_event begin_markup(struct xml *x)
{
    if (x->over) return fail_malformed(x, "something follows the root element");
    x->at = XML_AT_MARKUP;
    x->after_cr = false;
    x->held_len = x->matched = 0;
    return XML_NEED;
}

static enum xml_event step_markup(struct xml *x, uint8_t c)
{
    if (c == '!') x->at = XML_AT_BANG;
    if (c == '?') x->at = XML_AT_TARGET;
    if (c == '!' || c == '?') return XML_NEED;
    if (c != '/') return begin_name(x, c);
    if (x->depth == 0) return fail_malformed(x, "an end of what has not begun");
    x->at = XML_AT_CLOSING_NAME;
    return XML_NEED;
}

/* Text that is known beforehand, one byte later. */
static bool goes_on(struct xml *x, const char *word, uint8_t c)
{
    return x->held_len < strlen(word) && memcmp(x->held, word, x->held_len) == 0 &&
           (uint8_t)word[x->held_len] == c;
}

/* "<!--", "<![CDATA["; never "<!DOCTYPE": its entities grow, and name files. */
static enum xml_event step_bang(struct xml *x, uint8_t c)
{
    if (x->held_len == 0 && c == 'D')
        return fail(x, FAULT_UNSUPPORTED, "a document type declaration");
    if (!goes_on(x, "--", c) && !(x->depth > 0 && goes_on(x, "[CDATA[", c)))
        return fail_malformed(x, "no markup of XML begins so");
    x->held[x->held_len++] = (char)c;
    if (held_is(x, "--")) x->at = XML_AT_COMMENT;
    if (held_is(x, "[CDATA[")) x->at = XML_AT_CDATA;
    return XML_NEED;
}

/* Two dashes end it (production 15). */
static enum xml_event step_comment(struct xml *x, uint8_t c)
{
    if (x->matched == 2) {
        resume(x);
        return c == '>' ? XML_NEED : fail_malformed(x, "two dashes within a comment");
    }
    x->matched = c == '-' ? x->matched + 1 : 0;
    if (c < 0x20 && !is_blank(c)) return fail_malformed(x, "a control byte in a comment");
    return XML_NEED;
}

/* As text, but for "]]>"; brackets are held back until it is known what they are. */
static enum xml_event step_cdata(struct xml *x, uint8_t c)
{
    if (c == ']' && x->matched < 2) {
        x->matched++;
        x->after_cr = false;
        return XML_NEED;
    }
    if (c == '>' && x->matched == 2) {
        x->at = XML_AT_CONTENT;
        x->after_cr = false;
        return XML_NEED;
    }
    if (c == ']') return take_text(x, c); /* the first of three; two are still held */
    for (; x->matched > 0; x->matched--)
        take_text(x, ']');
    return take_text(x, c);
}

static enum xml_event step_instruction(struct xml *x, uint8_t c)
{
    if (c < 0x20 && !is_blank(c)) return fail_malformed(x, "a control byte in an instruction");
    if (c == '>' && x->matched == 1) {
        resume(x);
        return XML_NEED;
    }
    x->matched = c == '?';
    return XML_NEED;
}

static enum xml_event step_content(struct xml *x, uint8_t c)
{
    if (c == '<') return begin_markup(x);
    if (c != '&') return take_text(x, c);
    x->at = XML_AT_REFERENCE;
    x->after_cr = false;
    x->held_len = 0;
    return XML_NEED;
}

/* Only one byte may stand here, or blanks before it. */
static enum xml_event step_expected(struct xml *x, uint8_t c, char expected)
{
    if (c == (uint8_t)expected || is_blank(c)) return XML_NEED;
    return fail_malformed(x, "a tag goes on where it should end");
}

static enum xml_event step(struct xml *x, uint8_t c)
{
    switch (x->at) {
    case XML_AT_OUTSIDE:
        if (c == '<') return begin_markup(x);
        return is_blank(c) ? XML_NEED : fail_malformed(x, "text outside of the root element");
    case XML_AT_CONTENT: return step_content(x, c);
    case XML_AT_REFERENCE: return step_reference(x, c);
    case XML_AT_MARKUP: return step_markup(x, c);
    case XML_AT_BANG: return step_bang(x, c);
    case XML_AT_COMMENT: return step_comment(x, c);
    case XML_AT_CDATA: return step_cdata(x, c);
    case XML_AT_TARGET:
        x->at = XML_AT_INSTRUCTION;
        return begins_name(c) ? XML_NEED : fail_malformed(x, "an instruction without a name");
    case XML_AT_INSTRUCTION: return step_instruction(x, c);
    case XML_AT_NAME: return step_name(x, c);
    case XML_AT_TAG:
    case XML_AT_VALUE_END: return step_tag(x, c);
    case XML_AT_ATTRIBUTE: return step_attribute(x, c);
    case XML_AT_EQUALS:
        if (c == '=') x->at = XML_AT_QUOTE;
        return step_expected(x, c, '=');
    case XML_AT_QUOTE: return step_quote(x, c);
    case XML_AT_VALUE: return step_value(x, c);
    case XML_AT_SLASH:
        if (c != '>') return fail_malformed(x, "a slash within a tag");
        x->at = XML_AT_EMPTY;
        return open_element(x);
    case XML_AT_CLOSING_NAME: return step_closing_name(x, c);
    case XML_AT_CLOSING_TAG:
        if (c == '>') return close_element(x);
        return step_expected(x, c, '>');
    case XML_AT_EMPTY:
    case XML_AT_CLOSED:
    case XML_AT_FAULT: break;
    }
    return XML_FAULT;
}

enum xml_event xml_next(struct xml *x, struct span *in)
{
    if (x->at == XML_AT_CLOSED) leave(x);
    if (x->at == XML_AT_EMPTY) return close_element(x);
    if (x->at == XML_AT_FAULT) return XML_FAULT;
    while (in->len > 0) {
        const enum xml_event event = step(x, span_take(in));
        x->offset++;
        if (event != XML_NEED) return event;
    }
    return XML_NEED;
}

bool xml_finish(struct xml *x)
{
    if (x->at == XML_AT_CLOSED) leave(x);
    if (x->at == XML_AT_OUTSIDE && x->over) return true;
    if (x->at != XML_AT_FAULT)
        fail(x, FAULT_TRUNCATED,
             x->offset > 0 ? "the document is cut off" : "there is no document");
    return false;
}

struct span xml_name(const struct xml *x)
{
    if (x->depth == 0) return span_of(NULL, 0);
    const size_t level = x->depth - 1;
    return span_of(x->name[level] + x->local_at[level], x->name_len[level] - x->local_at[level]);
}

struct span xml_parent(const struct xml *x)
{
    if (x->depth < 2) return span_of(NULL, 0);
    const size_t level = x->depth - 2;
    return span_of(x->name[level] + x->local_at[level], x->name_len[level] - x->local_at[level]);
}

void xml_escape(struct writer *to, struct span text)
{
    while (text.len > 0) {
        const uint8_t c = span_take(&text);
        switch (c) {
        case '&': writer_text(to, "&amp;"); continue;
        case '<': writer_text(to, "&lt;"); continue;
        case '>': writer_text(to, "&gt;"); continue;
        case '"': writer_text(to, "&quot;"); continue;
        case '\'': writer_text(to, "&apos;"); continue;
        }
        if (c >= 0x20 && c != 0x7F) {
            writer_byte(to, c);
            continue;
        }
        writer_text(to, "&#x");
        writer_hex(to, c, 1);
        writer_byte(to, ';');
    }
}
