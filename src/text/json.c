/* First, so that jsmn's code is here and nowhere else. */
#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "text/json.h"

#include "text/utf8.h"

/* Every function that reads returns NULL, or what is wrong with the byte that *in stands at. */

/* ---- texts ---- */

struct character {
    uint8_t bytes[4];
    size_t len;
};

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *take_unit(struct span *in, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        const int value = in->len > 0 ? hex_value(in->at[0]) : -1;
        if (value < 0) return "\\u needs four hexadecimal digits";
        span_cut(in, 1);
        *unit = *unit << 4 | (uint32_t)value;
    }
    return NULL;
}

/* RFC 8259 section 7: what is beyond U+FFFF comes as a pair of surrogates. */
static const char *take_escaped_unit(struct span *in, struct character *to)
{
    uint32_t high, low;
    const char *wrong = take_unit(in, &high);
    if (wrong != NULL) return wrong;
    if (high >= 0xD800 && high <= 0xDBFF) {
        if (in->len < 2 || in->at[0] != '\\' || in->at[1] != 'u') return "half a surrogate pair";
        span_cut(in, 2);
        wrong = take_unit(in, &low);
        if (wrong != NULL) return wrong;
        if (low < 0xDC00 || low > 0xDFFF) return "half a surrogate pair";
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    to->len = utf8_put(high, to->bytes);
    return to->len > 0 ? NULL : "half a surrogate pair";
}

static const char *take_escape(struct span *in, struct character *to)
{
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    span_cut(in, 1);
    if (in->len == 0) return "an escape is cut off";
    const uint8_t c = in->at[0];
    if (c == 'u') {
        span_cut(in, 1);
        return take_escaped_unit(in, to);
    }
    const char *name = c != '\0' ? strchr(names, c) : NULL;
    if (name == NULL) return "there is no such escape";
    span_cut(in, 1);
    *to = (struct character){{(uint8_t)meanings[name - names]}, 1};
    return NULL;
}

/* One character of a text, escaped or not. */
static const char *take_character(struct span *in, struct character *to)
{
    if (in->at[0] == '\\') return take_escape(in, to);
    if (in->at[0] < 0x20) return "a control byte in a text is not escaped";
    to->len = utf8_len(*in);
    if (to->len == 0) return "a text is not UTF-8";
    const struct span bytes = span_cut(in, to->len);
    memcpy(to->bytes, bytes.at, bytes.len);
    return NULL;
}

/* Behind the quotation mark. */
static const char *take_text(struct span *in)
{
    while (in->len > 0 && in->at[0] != '"') {
        struct character c;
        const char *wrong = take_character(in, &c);
        if (wrong != NULL) return wrong;
    }
    if (in->len == 0) return "a text is cut off";
    span_cut(in, 1);
    return NULL;
}

/* A text of a document that was read, byte by byte. */
struct unescaping {
    struct span rest;
    struct character c;
    size_t given;
};

/* -1: that was all. */
static int next_byte(struct unescaping *u)
{
    if (u->given == u->c.len) {
        if (u->rest.len == 0) return -1;
        const char *wrong = take_character(&u->rest, &u->c);
        assert(wrong == NULL); /* json_read has seen it */
        (void)wrong;
        u->given = 0;
    }
    return u->c.bytes[u->given++];
}

/* ---- grammar ---- */

static void skip_blanks(struct span *in)
{
    while (in->len > 0 &&
           (in->at[0] == ' ' || in->at[0] == '\t' || in->at[0] == '\n' || in->at[0] == '\r'))
        span_cut(in, 1);
}

static bool take_one_of(struct span *in, const char *bytes)
{
    if (in->len == 0 || in->at[0] == '\0' || !strchr(bytes, in->at[0])) return false;
    span_cut(in, 1);
    return true;
}

static size_t take_digits(struct span *in)
{
    size_t count = 0;
    while (take_one_of(in, "0123456789"))
        count++;
    return count;
}

/* RFC 8259 section 6. */
static const char *take_number(struct span *in)
{
    take_one_of(in, "-");
    if (!take_one_of(in, "0") && take_digits(in) == 0) return "a number needs digits";
    if (take_one_of(in, ".") && take_digits(in) == 0) return "a number's fraction needs digits";
    if (take_one_of(in, "eE")) {
        take_one_of(in, "+-");
        if (take_digits(in) == 0) return "a number's exponent needs digits";
    }
    return NULL;
}

static const char *take_word(struct span *in, const char *word)
{
    for (; *word != '\0'; word++) {
        if (in->len == 0 || in->at[0] != (uint8_t)*word) return "this is no value";
        span_cut(in, 1);
    }
    return NULL;
}

/* What is not a container. */
static const char *take_leaf(struct span *in)
{
    switch (in->at[0]) {
    case '"': span_cut(in, 1); return take_text(in);
    case 't': return take_word(in, "true");
    case 'f': return take_word(in, "false");
    case 'n': return take_word(in, "null");
    }
    return take_number(in);
}

enum place {
    AT_VALUE,         /* a value must stand here */
    AT_FIRST_ELEMENT, /* behind "[": or its end */
    AT_NAME,          /* behind "," in an object */
    AT_FIRST_NAME,    /* behind "{": or its end */
    AT_COLON,
    AT_VALUE_END /* behind a value: "," or an end, or nothing more */
};

struct reading {
    struct span in;
    enum place at;
    unsigned depth;
    bool in_object[JSON_DEPTH_MAX];
    bool too_deep;
};

static const char *open_container(struct reading *r, bool object)
{
    if (r->depth == JSON_DEPTH_MAX) {
        r->too_deep = true;
        return "nested deeper than 16 levels (JSON_DEPTH_MAX)";
    }
    span_cut(&r->in, 1);
    r->in_object[r->depth++] = object;
    r->at = object ? AT_FIRST_NAME : AT_FIRST_ELEMENT;
    return NULL;
}

static const char *close_container(struct reading *r)
{
    span_cut(&r->in, 1);
    r->depth--;
    r->at = AT_VALUE_END;
    return NULL;
}

static const char *step_value(struct reading *r)
{
    const uint8_t c = r->in.at[0];
    if (c == '{' || c == '[') return open_container(r, c == '{');
    r->at = AT_VALUE_END;
    return take_leaf(&r->in);
}

static const char *step_name(struct reading *r)
{
    if (!take_one_of(&r->in, "\"")) return "a name should stand here";
    r->at = AT_COLON;
    return take_text(&r->in);
}

static const char *step_value_end(struct reading *r)
{
    if (r->depth == 0) return "something follows the value";
    const bool object = r->in_object[r->depth - 1];
    if (r->in.at[0] == (object ? '}' : ']')) return close_container(r);
    if (!take_one_of(&r->in, ",")) return "a comma or the end should stand here";
    r->at = object ? AT_NAME : AT_VALUE;
    return NULL;
}

/* In front of a byte that is not blank. */
static const char *step(struct reading *r)
{
    switch (r->at) {
    case AT_VALUE: return step_value(r);
    case AT_FIRST_ELEMENT: return r->in.at[0] == ']' ? close_container(r) : step_value(r);
    case AT_NAME: return step_name(r);
    case AT_FIRST_NAME: return r->in.at[0] == '}' ? close_container(r) : step_name(r);
    case AT_COLON: r->at = AT_VALUE; return take_one_of(&r->in, ":") ? NULL : "a colon is missing";
    case AT_VALUE_END: return step_value_end(r);
    }
    return NULL;
}

static bool fail(struct json *j, enum fault_kind kind, size_t at, const char *what)
{
    fault_set(&j->fault, kind, at, what);
    return false;
}

static bool grammar_is_right(struct json *j)
{
    struct reading r = {.in = j->text, .at = AT_VALUE};
    for (skip_blanks(&r.in); r.in.len > 0; skip_blanks(&r.in)) {
        const char *wrong = step(&r);
        if (wrong == NULL) continue;
        const enum fault_kind kind = r.too_deep     ? FAULT_LIMIT
                                     : r.in.len > 0 ? FAULT_MALFORMED
                                                    : FAULT_TRUNCATED;
        return fail(j, kind, j->text.len - r.in.len, wrong);
    }
    if (r.depth == 0 && r.at == AT_VALUE_END) return true;
    return fail(j, FAULT_TRUNCATED, j->text.len, "the document is cut off");
}

/* ---- documents ---- */

static bool exists(const struct json *j, int value)
{
    return value >= 0 && (size_t)value < j->token_count;
}

static struct span bytes_of(const struct json *j, int value)
{
    const jsmntok_t *token = &j->tokens[value];
    return span_of(j->text.at + token->start, (size_t)(token->end - token->start));
}

static bool is_name(const struct json *j, int value)
{
    const int parent = j->tokens[value].parent;
    return parent >= 0 && j->tokens[parent].type == JSMN_OBJECT;
}

static bool same_text(const struct json *j, int a, int b)
{
    struct unescaping left = {.rest = bytes_of(j, a)};
    struct unescaping right = {.rest = bytes_of(j, b)};
    int byte;
    do {
        byte = next_byte(&left);
        if (byte != next_byte(&right)) return false;
    } while (byte >= 0);
    return true;
}

/* RFC 8259 section 4 lets readers differ about a name that comes twice; whoever can choose which
 * one we take chooses what we do. */
static bool names_are_unique(struct json *j)
{
    for (int name = 1; name < (int)j->token_count; name++) {
        if (!is_name(j, name)) continue;
        const int object = j->tokens[name].parent;
        for (int other = object + 1; other < name; other++)
            if (j->tokens[other].parent == object && same_text(j, name, other))
                return fail(j, FAULT_MALFORMED, (size_t)j->tokens[name].start,
                            "a name comes twice in an object");
    }
    return true;
}

bool json_read(struct json *j, struct span text, jsmntok_t *room, size_t room_count)
{
    assert(room_count > 0 && room_count <= INT32_MAX);
    memset(j, 0, sizeof *j);
    j->text = text;
    j->tokens = room;
    if (text.len > JSON_BYTES_MAX)
        return fail(j, FAULT_LIMIT, JSON_BYTES_MAX, "longer than 256 KiB (JSON_BYTES_MAX)");
    if (!grammar_is_right(j)) return false;

    jsmn_parser parser;
    jsmn_init(&parser);
    const int count =
        jsmn_parse(&parser, (const char *)text.at, text.len, room, (unsigned)room_count);
    if (count < 0) {
        assert(count == JSMN_ERROR_NOMEM);
        return fail(j, FAULT_LIMIT, parser.pos, "more values and names than there is room for");
    }
    j->token_count = (size_t)count;
    if (names_are_unique(j)) return true;
    j->token_count = 0;
    return false;
}

enum json_kind json_kind(const struct json *j, int value)
{
    assert(exists(j, value));
    const jsmntok_t *token = &j->tokens[value];
    if (token->type == JSMN_OBJECT) return JSON_OBJECT;
    if (token->type == JSMN_ARRAY) return JSON_ARRAY;
    if (token->type == JSMN_STRING) return JSON_TEXT;
    switch (j->text.at[token->start]) {
    case 't': return JSON_TRUE;
    case 'f': return JSON_FALSE;
    case 'n': return JSON_NULL;
    }
    return JSON_NUMBER;
}

int json_first(const struct json *j, int value)
{
    if (!exists(j, value)) return JSON_NONE;
    const jsmntok_t *token = &j->tokens[value];
    const bool container = token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
    return container && token->size > 0 ? value + 1 : JSON_NONE;
}

int json_after(const struct json *j, int value)
{
    if (!exists(j, value) || j->tokens[value].parent < 0) return JSON_NONE;
    const int parent = j->tokens[value].parent;
    for (int after = value + 1; exists(j, after); after++) {
        if (j->tokens[after].parent == parent) return after;
        if (j->tokens[after].start > j->tokens[parent].end) break;
    }
    return JSON_NONE;
}

int json_named(const struct json *j, int name)
{
    assert(exists(j, name) && is_name(j, name));
    return name + 1;
}

static bool text_is(const struct json *j, int value, const char *text)
{
    struct unescaping u = {.rest = bytes_of(j, value)};
    for (; *text != '\0'; text++)
        if (next_byte(&u) != (uint8_t)*text) return false;
    return next_byte(&u) < 0;
}

int json_member(const struct json *j, int object, const char *name)
{
    if (!exists(j, object) || j->tokens[object].type != JSMN_OBJECT) return JSON_NONE;
    for (int at = json_first(j, object); at != JSON_NONE; at = json_after(j, at))
        if (text_is(j, at, name)) return json_named(j, at);
    return JSON_NONE;
}

bool json_text(const struct json *j, int value, struct writer *to)
{
    if (!exists(j, value) || j->tokens[value].type != JSMN_STRING) return false;
    const size_t len = to->len;
    struct unescaping u = {.rest = bytes_of(j, value)};
    for (int byte; !to->full && (byte = next_byte(&u)) >= 0;)
        writer_byte(to, (uint8_t)byte);
    if (to->full) to->len = len;
    return !to->full;
}

/* ---- numbers ---- */

/* Of a written exponent; whatever is beyond it moves every digit out of sight: a document has fewer
 * digits. */
#define EXPONENT_MAX (4 * JSON_BYTES_MAX)

static int32_t exponent_of(struct span text)
{
    const bool negative = text.len > 0 && text.at[0] == '-';
    take_one_of(&text, "+-");
    int32_t exponent = 0;
    while (text.len > 0 && exponent < EXPONENT_MAX)
        exponent = exponent * 10 + (span_take(&text) - '0');
    return negative ? -exponent : exponent;
}

/* 12.5E-1: digits 125, of which 2 stand before the point, exponent -1. */
struct mantissa {
    struct span digits; /* with the point among them */
    int32_t before_point;
    int32_t exponent;
};

static struct mantissa mantissa_of(struct span text)
{
    struct mantissa m = {.digits = text, .before_point = -1};
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.at[i];
        if (c == '.') m.before_point = (int32_t)i;
        if (c != 'e' && c != 'E') continue;
        m.digits.len = i;
        span_cut(&text, i + 1);
        m.exponent = exponent_of(text);
        break;
    }
    if (m.before_point < 0) m.before_point = (int32_t)m.digits.len;
    return m;
}

bool json_thousandths(const struct json *j, int value, int64_t *to)
{
    if (!exists(j, value) || json_kind(j, value) != JSON_NUMBER) return false;
    struct span text = bytes_of(j, value);
    const bool negative = take_one_of(&text, "-");
    const uint64_t largest = (uint64_t)INT64_MAX + negative;
    struct mantissa m = mantissa_of(text);

    /* So many digits make thousandths; zeros follow where there are fewer. */
    int32_t wanted = m.before_point + m.exponent + 3;
    uint64_t total = 0;
    for (; wanted > 0 && (m.digits.len > 0 || total > 0); wanted--) {
        take_one_of(&m.digits, ".");
        const uint64_t digit = m.digits.len > 0 ? (uint64_t)(span_take(&m.digits) - '0') : 0;
        if (total > (largest - digit) / 10) return false;
        total = total * 10 + digit;
    }
    /* 0 - total: INT64_MIN has no positive twin. */
    *to = negative ? (int64_t)(0 - total) : (int64_t)total;
    return true;
}
