/* http_response_next on any bytes: the same events however the input is cut, bodies true to the input, the limits
 * kept, nothing read behind the end; and it takes what an obvious reader of a whole input takes, as the same
 * answer, and nothing else.
 *
 * Byte 0: bit 0 the request was HEAD, bit 1 the connection broke off, bit 2 bytes from 0x80 on stand for words;
 * all of it is the cutting's seed. */
#include "fuzz.h"

#include "text/http_response.h"

static const char *const words[] = {
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 200 OK\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\n",
    "HTTP/1.1 204 No Content\r\n",
    "HTTP/1.1 304 Not Modified\r\n",
    "HTTP/1.1 ",
    "HTTP/",
    "\r\n",
    "\r",
    "\n",
    "\t",
    "Content-Length: ",
    "Content-Length: 5\r\n",
    "Content-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\n",
    "transfer-encoding:",
    "chunked",
    "gzip, ",
    "Connection: close\r\n",
    "Connection: ",
    "keep-alive",
    "close",
    "Upgrade: h2c\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "0\r\n",
    "1;a=b\r\nx\r\n",
    "a;b=\"c\"\r\n0123456789\r\n",
    "ETag: \"9b2cf535f27731c974343645a3985328\"\r\n",
    "a: b\r\n",
    ": ",
    "18446744073709551615",
    "\x7F",
    "\xC3\xA4",
    "hello",
    "FFFFFFFFFFFFFFFF",
    "x-amz-request-id:  4442587FB7D0A2F9 \r\n",
    "                ",
    "0000000000000000",
    "Proxy-Connection: close\r\n",
};

enum { WORDS = sizeof words / sizeof *words };

/* What an answer comes to. */
struct outcome {
    bool whole;
    bool keep_alive, to_close;
    unsigned status, interim, headers;
    uint64_t names_and_values, body, body_bytes, end;
};

/* ---- the obvious reader: RFC 9112 and what http_response.h says that is refused beyond it ---- */

struct obvious {
    struct span in; /* what is left */
    uint64_t head_bytes;
    unsigned headers;
    bool head; /* the request was */
    bool sized, chunked, close;
    bool old; /* HTTP/1.0 */
    uint64_t length;
    struct outcome *to;
};

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_token_byte(uint8_t byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_text_byte(uint8_t byte)
{
    return byte == '\t' || (byte >= ' ' && byte != 0x7F);
}

static bool same_word(struct span s, const char *word)
{
    size_t i = 0;
    for (; i < s.len && word[i] != '\0'; i++) {
        const uint8_t byte = s.at[i];
        if ((byte >= 'A' && byte <= 'Z' ? byte + 32 : byte) != word[i]) return false;
    }
    return i == s.len && word[i] == '\0';
}

/* Up to a CRLF, with neither of the two nor another control byte before it. */
static bool line(struct obvious *o, struct span *to)
{
    size_t len = 0;
    while (len < o->in.len && is_text_byte(o->in.at[len]))
        len++;
    if (o->in.len - len < 2 || o->in.at[len] != '\r' || o->in.at[len + 1] != '\n') return false;
    *to = span_cut(&o->in, len);
    span_cut(&o->in, 2);
    return true;
}

static bool head_line(struct obvious *o, struct span *to)
{
    if (!line(o, to)) return false;
    o->head_bytes += to->len + 2;
    return o->head_bytes <= RESPONSE_HEAD_BYTES_MAX;
}

/* Section 4. The blank behind the status may be missing where the reason is: harmless, and seen. */
static bool status_line(struct obvious *o)
{
    struct span s;
    if (!head_line(o, &s) || s.len < 12 || memcmp(s.at, "HTTP/1.", 7) != 0) return false;
    if ((s.at[7] != '0' && s.at[7] != '1') || s.at[8] != ' ') return false;
    o->old = s.at[7] == '0';
    for (size_t i = 9; i < 12; i++)
        if (!is_digit(s.at[i])) return false;
    if (s.len > 12 && s.at[12] != ' ') return false;
    o->to->status = (s.at[9] - '0') * 100U + (s.at[10] - '0') * 10U + (s.at[11] - '0');
    return o->to->status >= 100 && o->to->status <= 599 && o->to->status != 101;
}

/* Section 6.2: digits, 64 bits of them. */
static bool number(struct span s, unsigned base, uint64_t *to)
{
    *to = 0;
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t byte = s.at[i];
        const unsigned digit = is_digit(byte)                     ? byte - 48U
                               : (byte | 32) >= 'a' && byte < 128 ? (byte | 32U) - 'a' + 10
                                                                  : 99;
        if (digit >= base || *to > (UINT64_MAX - digit) / base) return false;
        *to = *to * base + digit;
    }
    return s.len > 0;
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        span_cut(&s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

static bool has_close(struct span s)
{
    for (size_t from = 0, i = 0; i <= s.len; i++) {
        if (i < s.len && s.at[i] != ',') continue;
        if (same_word(trimmed(span_of(s.at + from, i - from)), "close")) return true;
        from = i + 1;
    }
    return false;
}

/* Section 6.1. A tab behind it is refused: llhttp does not see the word then. */
static bool coding(struct obvious *o, struct span value, bool trailer)
{
    const bool tab = value.len > 0 && memchr(value.at, '\t', value.len) != NULL;
    if (trailer || o->chunked || o->sized || o->old || tab) return false;
    o->chunked = true;
    return same_word(trimmed(value), "chunked");
}

static bool header(struct obvious *o, struct span s, bool trailer)
{
    struct span value = s;
    size_t name_len = 0;
    while (name_len < s.len && is_token_byte(s.at[name_len]))
        name_len++;
    if (name_len == 0 || name_len == s.len || s.at[name_len] != ':') return false;
    const struct span name = span_cut(&value, name_len);
    span_cut(&value, 1);
    while (value.len > 0 && is_blank(value.at[0]))
        span_cut(&value, 1);
    const bool too_long = name.len + value.len > RESPONSE_LINE_BYTES_MAX;
    if (++o->headers > RESPONSE_HEADERS_MAX) return false;
    if (same_word(name, "content-length")) {
        if (too_long || o->sized || o->chunked || !number(trimmed(value), 10, &o->length))
            return false;
        o->sized = true;
    }
    if (same_word(name, "transfer-encoding") && (too_long || !coding(o, value, trailer)))
        return false;
    /* Not in any RFC, and llhttp listens to it. */
    if (same_word(name, "connection") || same_word(name, "proxy-connection"))
        o->close = o->close || has_close(value);
    if (too_long || o->to->status < 200) return true;
    o->to->headers++;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t byte = name.at[i];
        const uint8_t low = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
        o->to->names_and_values = journal_hash(o->to->names_and_values, span_of(&low, 1));
    }
    o->to->names_and_values = journal_hash(o->to->names_and_values, span_text(":"));
    o->to->names_and_values = journal_hash(o->to->names_and_values, trimmed(value));
    return true;
}

static bool header_lines(struct obvious *o, bool trailer)
{
    for (;;) {
        struct span s;
        if (!head_line(o, &s)) return false;
        if (s.len == 0) return true;
        if (!header(o, s, trailer)) return false;
    }
}

static void body(struct obvious *o, size_t n)
{
    o->to->body = journal_hash(o->to->body, span_cut(&o->in, n));
    o->to->body_bytes += n;
}

static void skip_token(struct span *s)
{
    while (s->len > 0 && is_token_byte(s->at[0]))
        span_cut(s, 1);
}

static bool quoted(struct span *s)
{
    span_cut(s, 1);
    while (s->len > 0) {
        const uint8_t byte = span_take(s);
        if (byte == '"') return true;
        if (byte == '\\') {
            if (s->len == 0) return false;
            span_cut(s, 1);
        }
    }
    return false;
}

/* Section 7.1.1, without blanks, which llhttp refuses. Names and values may be empty, and a quoted one may follow a
 * plain one: nobody looks at them. */
static bool extensions(struct span s)
{
    while (s.len > 0) {
        if (span_take(&s) != ';' || s.len == 0) return false;
        skip_token(&s);
        if (s.len > 0 && s.at[0] == '=') {
            span_cut(&s, 1);
            skip_token(&s);
            if (s.len > 0 && s.at[0] == '"' && !quoted(&s)) return false;
        }
        if (s.len > 0 && s.at[0] != ';') return false;
    }
    return true;
}

/* Section 7.1. */
static bool chunks(struct obvious *o)
{
    for (;;) {
        struct span s;
        uint64_t size = 0;
        if (!line(o, &s) || s.len + 2 > RESPONSE_CHUNK_LINE_BYTES_MAX) return false;
        size_t digits = 0;
        while (digits < s.len && s.at[digits] != ';')
            digits++;
        if (!number(span_cut(&s, digits), 16, &size) || !extensions(s)) return false;
        if (size == 0) return header_lines(o, true);
        if (size > o->in.len) return false;
        body(o, (size_t)size);
        if (o->in.len < 2 || o->in.at[0] != '\r' || o->in.at[1] != '\n') return false;
        span_cut(&o->in, 2);
    }
}

/* One response. Section 6.3. */
static bool response(struct obvious *o, bool clean)
{
    o->sized = o->chunked = o->close = false;
    o->length = 0;
    if (!status_line(o) || !header_lines(o, false)) return false;
    const unsigned status = o->to->status;
    const bool said = o->chunked || o->length > 0;
    if (status < 200) return !said;
    if (status == 204 && said) o->close = true;
    if (o->head || status == 204 || status == 304) return true;
    if (o->chunked) return chunks(o);
    if (o->sized) {
        if (o->length > o->in.len) return false;
        body(o, (size_t)o->length);
        return true;
    }
    o->to->to_close = true;
    body(o, o->in.len);
    return clean;
}

static struct outcome read_obviously(struct span input, bool head, bool clean)
{
    struct outcome to = {0};
    struct obvious o = {.in = input, .head = head, .to = &to};
    bool good = response(&o, clean);
    for (; good && to.status < 200; good = response(&o, clean))
        to.interim++;
    to.whole = good;
    to.keep_alive = !o.close && !o.old && !to.to_close;
    to.end = input.len - o.in.len;
    return to;
}

/* ---- the reading ---- */

struct reading {
    struct outcome to;
    struct journal journal;
    enum response_event last;
};

/* RESPONSE_BODY is noted when it is over: where it was cut does not matter. */
static void note(struct reading *g, const struct http_response *r, enum response_event event)
{
    if (g->last == RESPONSE_BODY && event != RESPONSE_BODY && event != RESPONSE_NEED)
        journal_add(&g->journal, "body", g->to.body, g->to.body_bytes, 0);
    if (event != RESPONSE_NEED) g->last = event;
    switch (event) {
    case RESPONSE_NEED: return;
    case RESPONSE_CONTINUE:
        FUZZ_REQUIRE(r->status >= 100 && r->status < 200);
        g->to.interim++;
        journal_add(&g->journal, "continue", r->status, 0, 0);
        return;
    case RESPONSE_HEADER:
        FUZZ_REQUIRE(r->name.len > 0 && r->name.len + r->value.len <= RESPONSE_LINE_BYTES_MAX);
        g->to.headers++;
        g->to.names_and_values = journal_hash(g->to.names_and_values, r->name);
        g->to.names_and_values = journal_hash(g->to.names_and_values, span_text(":"));
        g->to.names_and_values = journal_hash(g->to.names_and_values, r->value);
        journal_add(&g->journal, "header", g->to.names_and_values, 0, 0);
        return;
    case RESPONSE_HEAD:
        journal_add(&g->journal, "Head", r->status, r->keep_alive, r->to_close);
        return;
    case RESPONSE_BODY:
        FUZZ_REQUIRE(r->body.len > 0);
        g->to.body = journal_hash(g->to.body, r->body);
        g->to.body_bytes += r->body.len;
        return;
    case RESPONSE_END: journal_add(&g->journal, "end", r->offset, r->keep_alive, 0); return;
    case RESPONSE_FAULT:
        FUZZ_REQUIRE(r->fault.kind != FAULT_NONE && r->fault.len > 0 && !r->keep_alive);
        FUZZ_REQUIRE(r->fault.at == r->offset);
        journal_add(&g->journal, "fault", r->fault.kind, r->fault.at,
                    journal_hash(0, span_of(r->fault.text, r->fault.len)));
        return;
    }
}

static bool within(struct span inner, struct span outer)
{
    return inner.at >= outer.at && inner.at + inner.len <= outer.at + outer.len;
}

static bool is_over(enum response_event event)
{
    return event == RESPONSE_END || event == RESPONSE_FAULT;
}

static void check_limits(const struct http_response *r, const struct reading *g)
{
    FUZZ_REQUIRE(r->head_bytes <= RESPONSE_HEAD_BYTES_MAX);
    FUZZ_REQUIRE(r->head_bytes + g->to.body_bytes <= r->offset);
    FUZZ_REQUIRE(r->header_count <= RESPONSE_HEADERS_MAX || g->last == RESPONSE_FAULT);
    FUZZ_REQUIRE(g->to.headers <= r->header_count);
}

/* Over stays over, and no byte more is taken. */
static void check_over(struct http_response *r, enum response_event event)
{
    static const uint8_t more[] = "HTTP/1.1 200 OK\r\n\r\n";
    struct span in = span_of(more, sizeof more - 1);
    const uint64_t offset = r->offset;
    FUZZ_REQUIRE(http_response_next(r, &in) == event && in.len == sizeof more - 1);
    FUZZ_REQUIRE(http_response_finish(r, true) == event && r->offset == offset);
}

static struct reading read_in(struct span input, enum fuzz_cutting cutting, uint8_t seed)
{
    static struct http_response r;
    struct reading g = {.last = RESPONSE_NEED};
    http_response_init(&r, (seed & 1) != 0);
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    uint64_t fed = 0;
    enum response_event event = RESPONSE_NEED;
    for (struct span in; fuzz_next(&pieces, &in);) {
        fed += in.len;
        event = RESPONSE_HEADER;
        while (!is_over(g.last) && event != RESPONSE_NEED) {
            const struct span piece = in;
            event = http_response_next(&r, &in);
            note(&g, &r, event);
            check_limits(&r, &g);
            FUZZ_REQUIRE(r.offset == fed - in.len);
            if (event == RESPONSE_BODY) FUZZ_REQUIRE(within(r.body, piece));
            if (event == RESPONSE_NEED) FUZZ_REQUIRE(in.len == 0);
        }
    }
    if (!is_over(g.last)) {
        event = http_response_finish(&r, (seed & 2) == 0);
        FUZZ_REQUIRE(event == RESPONSE_END || r.fault.kind == FAULT_TRUNCATED);
        note(&g, &r, event);
    }
    FUZZ_REQUIRE(is_over(g.last));
    check_over(&r, g.last);
    g.to.whole = g.last == RESPONSE_END;
    g.to.status = r.status;
    g.to.keep_alive = r.keep_alive;
    g.to.to_close = r.to_close;
    g.to.end = r.offset;
    return g;
}

static struct span spell(struct span raw)
{
    static uint8_t text[FUZZ_INPUT_BYTES_MAX];
    struct writer to = writer_on(text, sizeof text);
    while (raw.len > 0) {
        const uint8_t byte = span_take(&raw);
        if (byte < 0x80)
            writer_byte(&to, byte);
        else
            writer_text(&to, words[(byte - 0x80U) % WORDS]);
    }
    return writer_span(&to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    struct span input = span_of(data + 1, size - 1);
    input = fuzz_input((seed & 4) != 0 ? spell(input) : input, false);
    const struct reading whole = read_in(input, FUZZ_WHOLE, seed);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        const struct reading cut = read_in(input, cutting, seed);
        FUZZ_REQUIRE(whole.journal.digest == cut.journal.digest);
        FUZZ_REQUIRE(whole.journal.entries == cut.journal.entries);
    }
    const struct outcome ours = whole.to;
    const struct outcome theirs = read_obviously(input, (seed & 1) != 0, (seed & 2) == 0);
    FUZZ_REQUIRE(ours.whole == theirs.whole);
    if (!ours.whole) return 0;
    FUZZ_REQUIRE(ours.status == theirs.status && ours.interim == theirs.interim);
    FUZZ_REQUIRE(ours.headers == theirs.headers);
    FUZZ_REQUIRE(ours.names_and_values == theirs.names_and_values);
    FUZZ_REQUIRE(ours.body_bytes == theirs.body_bytes && ours.body == theirs.body);
    FUZZ_REQUIRE(ours.keep_alive == theirs.keep_alive && ours.to_close == theirs.to_close);
    FUZZ_REQUIRE(ours.end == theirs.end);
    return 0;
}
