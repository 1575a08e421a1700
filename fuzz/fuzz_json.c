/* json_read on any bytes: what it takes and what it says is what a slow reader says that was
 * written from RFC 8259 alone: a tree by recursive descent, its texts as bytes, its numbers as
 * digits.
 *
 * Byte 0: how many tokens there is room for. */
#include "fuzz.h"

#include "text/json.h"

enum { NODES = FUZZ_INPUT_BYTES_MAX, TEXTS = 4 * FUZZ_INPUT_BYTES_MAX, DIGITS = 20000 };

struct node {
    enum json_kind kind;
    size_t name_at, name_len; /* of a member; in `texts` */
    size_t text_at, text_len; /* of a text; in `texts` */
    struct span digits;       /* of a number */
    int first, next;
};

static struct node nodes[NODES];
static uint8_t texts[TEXTS];
static int node_count, token_count;
static size_t texts_len;
static struct span rest;

/* ---- RFC 8259 ---- */

static bool next_is(const char *set)
{
    return rest.len > 0 && rest.at[0] != 0 && strchr(set, rest.at[0]) != NULL;
}

static bool eat(const char *word)
{
    const size_t len = strlen(word);
    if (rest.len < len || memcmp(rest.at, word, len) != 0) return false;
    span_cut(&rest, len);
    return true;
}

static void ws(void)
{
    while (next_is(" \t\n\r"))
        span_take(&rest);
}

static bool some_digits(void)
{
    if (!next_is("0123456789")) return false;
    while (next_is("0123456789"))
        span_take(&rest);
    return true;
}

static bool number(struct node *n)
{
    const uint8_t *const begin = rest.at;
    eat("-");
    if (!eat("0") && !some_digits()) return false;
    if (eat(".") && !some_digits()) return false;
    if (eat("e") || eat("E")) {
        if (!eat("+")) eat("-");
        if (!some_digits()) return false;
    }
    n->digits = span_of(begin, (size_t)(rest.at - begin));
    return true;
}

static void put_byte(uint32_t byte)
{
    FUZZ_REQUIRE(texts_len < TEXTS && byte < 256);
    texts[texts_len++] = (uint8_t)byte;
}

static void put_code_point(uint32_t c)
{
    if (c < 0x80) {
        put_byte(c);
    } else if (c < 0x800) {
        put_byte(0xC0 + c / 64);
        put_byte(0x80 + c % 64);
    } else if (c < 0x10000) {
        put_byte(0xE0 + c / 4096);
        put_byte(0x80 + c / 64 % 64);
        put_byte(0x80 + c % 64);
    } else {
        put_byte(0xF0 + c / 262144);
        put_byte(0x80 + c / 4096 % 64);
        put_byte(0x80 + c / 64 % 64);
        put_byte(0x80 + c % 64);
    }
}

/* A character that is not escaped, by decoding it and encoding it again. */
static bool raw_character(void)
{
    const uint8_t first = span_take(&rest);
    if (first < 0x20) return false;
    if (first < 0x80) {
        put_byte(first);
        return true;
    }
    const unsigned more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
    if (first < 0xC0 || first > 0xF7 || rest.len < more) return false;
    uint32_t c = first & (0x3FU >> more);
    const size_t before = texts_len;
    uint8_t bytes[4] = {first};
    for (unsigned i = 1; i <= more; i++) {
        bytes[i] = span_take(&rest);
        if (bytes[i] / 64 != 2) return false;
        c = c * 64 + bytes[i] % 64;
    }
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return false;
    put_code_point(c);
    return texts_len - before == more + 1 && memcmp(texts + before, bytes, more + 1) == 0;
}

static bool hex4(uint32_t *value)
{
    char digits[5] = {0};
    if (rest.len < 4) return false;
    for (int i = 0; i < 4; i++) {
        if (!next_is("0123456789abcdefABCDEF")) return false;
        digits[i] = (char)span_take(&rest);
    }
    *value = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

static bool escaped_character(void)
{
    static const char *const pairs[] = {"\"\"", "\\\\", "//", "b\b", "f\f", "n\n", "r\r", "t\t"};
    uint32_t unit, second;
    if (eat("u")) {
        if (!hex4(&unit)) return false;
        if (unit / 0x400 == 0xDC00 / 0x400) return false;
        if (unit / 0x400 == 0xD800 / 0x400) {
            if (!eat("\\u") || !hex4(&second) || second / 0x400 != 0xDC00 / 0x400) return false;
            unit = 0x10000 + unit % 0x400 * 0x400 + second % 0x400;
        }
        put_code_point(unit);
        return true;
    }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char name[] = {pairs[i][0], 0};
        if (!eat(name)) continue;
        put_byte((uint8_t)pairs[i][1]);
        return true;
    }
    return false;
}

static bool text(size_t *at, size_t *len)
{
    *at = texts_len;
    if (!eat("\"")) return false;
    while (!eat("\""))
        if (rest.len == 0 || !(eat("\\") ? escaped_character() : raw_character())) return false;
    *len = texts_len - *at;
    return true;
}

static int value(unsigned depth);

static bool same_name(const struct node *a, const struct node *b)
{
    return span_equal(span_of(texts + a->name_at, a->name_len),
                      span_of(texts + b->name_at, b->name_len));
}

/* Behind the bracket, up to the other one. */
static bool container(struct node *n, unsigned depth)
{
    const bool object = n->kind == JSON_OBJECT;
    const char *const end = object ? "}" : "]";
    int *last = &n->first;
    if (depth == 16) return false;
    ws();
    if (eat(end)) return true;
    for (;;) {
        size_t name_at = 0;
        size_t name_len = 0;
        ws();
        if (object) {
            token_count++;
            if (!text(&name_at, &name_len)) return false;
            ws();
            if (!eat(":")) return false;
        }
        const int child = value(depth + 1);
        if (child < 0) return false;
        nodes[child].name_at = name_at;
        nodes[child].name_len = name_len;
        for (int other = n->first; object && other >= 0; other = nodes[other].next)
            if (same_name(&nodes[other], &nodes[child])) return false;
        *last = child;
        last = &nodes[child].next;
        if (eat(end)) return true;
        if (!eat(",")) return false;
    }
}

/* The number of its node, or -1; blanks on both sides are eaten. */
static int value(unsigned depth)
{
    FUZZ_REQUIRE(node_count < NODES);
    const int at = node_count++;
    struct node *n = &nodes[at];
    *n = (struct node){.first = -1, .next = -1};
    token_count++;
    ws();
    bool right = true;
    if (eat("{")) {
        n->kind = JSON_OBJECT;
        right = container(n, depth);
    } else if (eat("[")) {
        n->kind = JSON_ARRAY;
        right = container(n, depth);
    } else if (next_is("\"")) {
        n->kind = JSON_TEXT;
        right = text(&n->text_at, &n->text_len);
    } else if (eat("true")) {
        n->kind = JSON_TRUE;
    } else if (eat("false")) {
        n->kind = JSON_FALSE;
    } else if (eat("null")) {
        n->kind = JSON_NULL;
    } else {
        n->kind = JSON_NUMBER;
        right = number(n);
    }
    ws();
    return right ? at : -1;
}

/* ---- numbers as people shift a point ---- */

/* The digits before the point of thousand times the number, without leading zeros. False: too
 * many. */
static bool shifted(struct span number_text, char to[DIGITS], bool *negative)
{
    static char mantissa[DIGITS], exponent[DIGITS];
    memset(exponent, 0, 8);
    size_t len = 0;
    size_t point = SIZE_MAX;
    *negative = number_text.at[0] == '-';
    if (*negative) span_cut(&number_text, 1);
    while (number_text.len > 0) {
        const char c = (char)span_take(&number_text);
        if (c == 'e' || c == 'E') break;
        if (c == '.') point = len;
        if (c != '.') mantissa[len++] = c;
    }
    mantissa[len] = 0;
    if (point == SIZE_MAX) point = len;
    memcpy(exponent, number_text.at, number_text.len);
    exponent[number_text.len] = 0;
    const long by = strtol(exponent, NULL, 10); /* saturates */
    to[0] = 0;
    if (strspn(mantissa, "0") == len) return true;
    if (by > 10000) return false;
    const long wanted = by < -10000 ? -1 : (long)point + by + 3;
    size_t out = 0;
    for (long i = 0; i < wanted && out < DIGITS - 1; i++) {
        const char c = (size_t)i < len ? mantissa[i] : '0';
        if (c != '0' || out > 0) to[out++] = c;
    }
    to[out] = 0;
    return true;
}

static void check_number(const struct json *j, int at, struct span digits)
{
    static char wanted[DIGITS];
    bool negative = false;
    int64_t got = 0;
    bool fits = shifted(digits, wanted, &negative);
    const size_t len = strlen(wanted);
    const char *const largest = negative ? "9223372036854775808" : "9223372036854775807";
    fits = fits && (len < 19 || (len == 19 && strcmp(wanted, largest) <= 0));
    FUZZ_REQUIRE(json_thousandths(j, at, &got) == fits);
    if (!fits) return;
    char printed[24];
    (void)snprintf(printed, sizeof printed, "%lld", (long long)got);
    FUZZ_REQUIRE(strcmp(len == 0 ? "0" : wanted, printed + (printed[0] == '-')) == 0);
    FUZZ_REQUIRE((printed[0] == '-') == (negative && len > 0));
}

/* ---- both ---- */

static void check_text(const struct json *j, int at, size_t text_at, size_t len)
{
    static uint8_t room[TEXTS];
    struct writer w = writer_on(room, len);
    FUZZ_REQUIRE(json_text(j, at, &w));
    FUZZ_REQUIRE(span_equal(writer_span(&w), span_of(texts + text_at, len)));
    if (len == 0) return;
    w = writer_on(room, len - 1);
    FUZZ_REQUIRE(!json_text(j, at, &w) && w.len == 0);
}

static void check_value(const struct json *j, int at, int node)
{
    static char name[TEXTS];
    const struct node *n = &nodes[node];
    FUZZ_REQUIRE(json_kind(j, at) == n->kind);
    if (n->kind == JSON_TEXT) check_text(j, at, n->text_at, n->text_len);
    if (n->kind == JSON_NUMBER) check_number(j, at, n->digits);
    int child_at = json_first(j, at);
    for (int child = n->first; child >= 0; child = nodes[child].next) {
        FUZZ_REQUIRE(child_at != JSON_NONE);
        int value_at = child_at;
        if (n->kind == JSON_OBJECT) {
            const struct node *c = &nodes[child];
            check_text(j, child_at, c->name_at, c->name_len);
            value_at = json_named(j, child_at);
            memcpy(name, texts + c->name_at, c->name_len);
            name[c->name_len] = 0;
            if (strlen(name) == c->name_len) FUZZ_REQUIRE(json_member(j, at, name) == value_at);
        }
        check_value(j, value_at, child);
        child_at = json_after(j, child_at);
    }
    FUZZ_REQUIRE(child_at == JSON_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static jsmntok_t tokens[FUZZ_INPUT_BYTES_MAX];
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const size_t room = data[0] == 0 ? FUZZ_INPUT_BYTES_MAX : data[0];
    const struct span input = fuzz_input(span_of(data + 1, size - 1), false);
    rest = input;
    node_count = token_count = 0;
    texts_len = 0;
    const bool right = value(0) == 0 && rest.len == 0;

    struct json j;
    const bool read = json_read(&j, input, tokens, room);
    FUZZ_REQUIRE(read == (right && (size_t)token_count <= room));
    FUZZ_REQUIRE(read == (j.fault.kind == FAULT_NONE));
    if (read) FUZZ_REQUIRE(j.token_count == (size_t)token_count);
    if (read) check_value(&j, JSON_ROOT, 0);
    if (!read) FUZZ_REQUIRE(j.fault.at <= input.len && json_member(&j, JSON_ROOT, "a") < 0);
    return 0;
}
