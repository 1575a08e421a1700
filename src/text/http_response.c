#include "text/http_response.h"

static struct http_response *of(llhttp_t *parser)
{
    return (struct http_response *)parser;
}

static inline uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool is_word(struct span s, const char *word)
{
    if (s.len != strlen(word)) return false;
    for (size_t i = 0; i < s.len; i++)
        if (lower(s.at[i]) != (uint8_t)word[i]) return false;
    return true;
}

/* ---- llhttp's callbacks: they note, and pause where there is something to tell ---- */

/* llhttp stops where it is; the offset is known when it has returned. */
RARE static int refuse(struct http_response *r, enum fault_kind kind, const char *words)
{
    r->why = kind;
    r->words = words;
    return -1;
}

static int tell(struct http_response *r, enum response_event event)
{
    r->event = event;
    return HPE_PAUSED;
}

static int on_version_complete(llhttp_t *parser)
{
    /* llhttp also reads 0.9 and 2.0. */
    if (parser->http_major != 1 || parser->http_minor > 1)
        return refuse(of(parser), FAULT_UNSUPPORTED, "the answer is neither HTTP/1.1 nor HTTP/1.0");
    return 0;
}

static int on_status_complete(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    r->status = parser->status_code;
    if (r->status < 100 || r->status > 599)
        return refuse(r, FAULT_MALFORMED, "the answer's status is not within 100 and 599");
    if (r->status == 101)
        return refuse(r, FAULT_MALFORMED,
                      "the answer changes the protocol, which nobody asked for");
    return 0;
}

/* Name and value stand one behind the other, for a name never follows its value. */
static void keep(struct http_response *r, size_t *len, const char *at, size_t n)
{
    const size_t used = r->name_len + r->value_len;
    if (n > sizeof r->line - used) r->line_full = true;
    if (r->line_full) return;
    memcpy(r->line + used, at, n);
    *len += n;
}

static int on_header_field(llhttp_t *parser, const char *at, size_t n)
{
    keep(of(parser), &of(parser)->name_len, at, n);
    return 0;
}

static int on_header_value(llhttp_t *parser, const char *at, size_t n)
{
    keep(of(parser), &of(parser)->value_len, at, n);
    return 0;
}

/* The line at hand becomes name and value, which it stays until more bytes come. */
static void end_line(struct http_response *r)
{
    for (size_t i = 0; i < r->name_len; i++)
        r->line[i] = (char)lower((uint8_t)r->line[i]);
    r->name = span_of(r->line, r->name_len);
    r->value = span_trim(span_of(r->line + r->name_len, r->value_len));
    r->name_len = r->value_len = 0;
}

/* RFC 9112 section 6.1: chunked once is all that may be, and HTTP/1.0 does not know it. */
static int take_coding(struct http_response *r)
{
    if (r->at == RESPONSE_AT_TRAILER)
        return refuse(r, FAULT_MALFORMED, "the answer's trailer has a Transfer-Encoding");
    if (r->parser.http_minor == 0)
        return refuse(r, FAULT_MALFORMED, "the answer is HTTP/1.0 and has a Transfer-Encoding");
    if (r->coded) return refuse(r, FAULT_MALFORMED, "the answer has two Transfer-Encodings");
    if (!is_word(r->value, "chunked"))
        return refuse(r, FAULT_UNSUPPORTED, "the answer has a transfer coding other than chunked");
    r->coded = true;
    return 0;
}

/* What a header says about where the message ends. llhttp has looked at Content-Length and Connection. */
static int take_framing(struct http_response *r)
{
    const bool coding = span_is(r->name, "transfer-encoding");
    if (!coding && !span_is(r->name, "content-length")) return 0;
    if (r->line_full)
        return refuse(r, FAULT_LIMIT,
                      "a header that frames the answer is longer than 2048 bytes "
                      "(RESPONSE_LINE_BYTES_MAX)");
    return coding ? take_coding(r) : 0;
}

static int on_header_value_complete(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    end_line(r);
    const bool too_long = r->line_full;
    const int refused = take_framing(r);
    r->line_full = false;
    if (refused != 0) return refused;
    if (++r->header_count > RESPONSE_HEADERS_MAX)
        return refuse(r, FAULT_LIMIT,
                      "the answer has more than 100 headers (RESPONSE_HEADERS_MAX)");
    r->passed_over += too_long;
    return too_long || r->status < 200 ? 0 : tell(r, RESPONSE_HEADER);
}

static bool may_be_kept(const struct http_response *r)
{
    return llhttp_should_keep_alive(&r->parser) && r->parser.http_minor == 1 && !r->close;
}

/* RFC 9112 section 6.3. */
static int on_headers_complete(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    const bool sized = (parser->flags & F_CONTENT_LENGTH) != 0;
    const bool interim = r->status < 200;
    const bool bare = interim || r->status == 204 || r->status == 304 || r->no_body;
    /* "chunked" with a tab behind it is chunked for us and not for llhttp. */
    if (r->coded && (parser->flags & F_CHUNKED) == 0)
        return refuse(r, FAULT_UNSUPPORTED, "the answer has a transfer coding other than chunked");
    const bool body_said = r->coded || (sized && parser->content_length > 0);
    if (interim && body_said)
        return refuse(r, FAULT_MALFORMED, "the answer has a body where its status has none");
    if (bare) {
        /* Also of a 1xx that llhttp does not know: it would read a body. */
        parser->flags = (uint16_t)(parser->flags | F_SKIPBODY);
        r->at = RESPONSE_AT_LAST;
    } else if (r->coded) {
        r->at = RESPONSE_AT_CHUNK_LINE;
    } else if (sized) {
        r->at = parser->content_length > 0 ? RESPONSE_AT_BODY : RESPONSE_AT_LAST;
    } else {
        r->at = RESPONSE_AT_OPEN_BODY;
        r->to_close = true;
    }
    /* A server that announces a body behind a 204 may well send it. */
    if (r->status == 204 && body_said) r->close = true;
    r->keep_alive = may_be_kept(r);
    return interim ? 0 : tell(r, RESPONSE_HEAD);
}

static int on_chunk_header(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    r->chunk_line_bytes = 0;
    r->at = parser->content_length > 0 ? RESPONSE_AT_CHUNK : RESPONSE_AT_TRAILER;
    return 0;
}

/* It pauses, so that there is never more than one piece of body; and behind the trailers, which llhttp
 * takes for the last chunk's, it does not. */
static int on_chunk_complete(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    if (r->at != RESPONSE_AT_CHUNK) return 0;
    r->at = RESPONSE_AT_CHUNK_LINE;
    return tell(r, RESPONSE_NEED);
}

static int on_body(llhttp_t *parser, const char *at, size_t n)
{
    struct http_response *r = of(parser);
    if (n == 0) return 0;
    assert(r->body.len == 0);
    r->body = span_of(at, n);
    return 0;
}

static int on_message_complete(llhttp_t *parser)
{
    struct http_response *r = of(parser);
    if (r->status < 200) return tell(r, RESPONSE_CONTINUE);
    r->keep_alive = may_be_kept(r);
    r->at = RESPONSE_AT_END;
    return tell(r, RESPONSE_END);
}

static const llhttp_settings_t callbacks = {
    .on_version_complete = on_version_complete,
    .on_status_complete = on_status_complete,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_chunk_header = on_chunk_header,
    .on_chunk_complete = on_chunk_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- driving llhttp ---- */

static void begin(struct http_response *r)
{
    llhttp_init(&r->parser, HTTP_RESPONSE, &callbacks);
    r->at = RESPONSE_AT_START;
    r->coded = r->close = r->keep_alive = false;
}

void http_response_init(struct http_response *r, bool head)
{
    memset(r, 0, sizeof *r);
    r->no_body = head;
    begin(r);
}

RARE static enum response_event stop(struct http_response *r)
{
    r->at = RESPONSE_AT_FAULT;
    r->keep_alive = false;
    return RESPONSE_FAULT;
}

RARE static enum response_event fail(struct http_response *r, enum fault_kind kind,
                                     const char *words)
{
    fault_set(&r->fault, kind, r->offset, words);
    return stop(r);
}

/* A callback of ours refused, or llhttp did. */
RARE static enum response_event fail_in_parser(struct http_response *r)
{
    if (r->why != FAULT_NONE) return fail(r, r->why, r->words);
    struct writer words = fault_begin(&r->fault, FAULT_MALFORMED, r->offset);
    writer_text(&words, "the answer breaks RFC 9112: ");
    writer_text(&words, llhttp_get_error_reason(&r->parser));
    fault_put(&r->fault, &words);
    return stop(r);
}

/* Bytes of a line up to its end, or to a byte that no line may hold (RFC 9110 section 5.5; reason phrases and
 * chunk extensions likewise). llhttp looks at most of them, not at all. */
static size_t line_len(struct span in, uint64_t limit)
{
    const size_t n = span_min(in, limit);
    for (size_t i = 0; i < n; i++) {
        const uint8_t byte = in.at[i];
        if (byte == '\n') return i + 1;
        if ((byte < ' ' && byte != '\t' && byte != '\r') || byte == 0x7F) return i;
    }
    return n;
}

/* How much of the span llhttp gets at once: of lines one, so that none is looked at twice. */
static size_t portion(const struct http_response *r, struct span in)
{
    switch (r->at) {
    case RESPONSE_AT_START:
        /* llhttp also takes empty lines, RTSP and ICE. */
        if (in.len > 0 && in.at[0] != 'H') return 0;
        return line_len(in, RESPONSE_HEAD_BYTES_MAX - r->head_bytes);
    case RESPONSE_AT_HEAD:
    case RESPONSE_AT_TRAILER: return line_len(in, RESPONSE_HEAD_BYTES_MAX - r->head_bytes);
    case RESPONSE_AT_CHUNK_LINE:
        return line_len(in, RESPONSE_CHUNK_LINE_BYTES_MAX - r->chunk_line_bytes);
    case RESPONSE_AT_BODY:
    case RESPONSE_AT_OPEN_BODY:
    case RESPONSE_AT_CHUNK: return in.len;
    case RESPONSE_AT_LAST:
    case RESPONSE_AT_END:
    case RESPONSE_AT_FAULT: break;
    }
    return 0;
}

/* There are bytes, and llhttp may not have the first of them. */
RARE static enum response_event fail_at_byte(struct http_response *r, struct span in)
{
    if (r->at == RESPONSE_AT_START && in.at[0] != 'H')
        return fail(r, FAULT_MALFORMED, "this does not begin an answer in HTTP/1");
    if (r->at == RESPONSE_AT_CHUNK_LINE && r->chunk_line_bytes == RESPONSE_CHUNK_LINE_BYTES_MAX)
        return fail(r, FAULT_LIMIT,
                    "a chunk's size and extensions have more than 256 bytes "
                    "(RESPONSE_CHUNK_LINE_BYTES_MAX)");
    if (r->at != RESPONSE_AT_CHUNK_LINE && r->head_bytes == RESPONSE_HEAD_BYTES_MAX)
        return fail(r, FAULT_LIMIT,
                    "the answer's headers have more than 32768 bytes (RESPONSE_HEAD_BYTES_MAX)");
    return fail(r, FAULT_MALFORMED, "a control byte stands in a line of the answer");
}

/* The span's front has gone through llhttp. */
static void count(struct http_response *r, struct span *in, size_t n, bool in_head,
                  bool in_chunk_line)
{
    span_cut(in, n);
    r->offset += n;
    if (in_head) r->head_bytes += n;
    /* Its end has set it back. */
    if (in_chunk_line && r->at == RESPONSE_AT_CHUNK_LINE) r->chunk_line_bytes += n;
    if (n > 0 && r->at == RESPONSE_AT_START) r->at = RESPONSE_AT_HEAD;
}

/* One portion. RESPONSE_NEED: nothing is to be told of it. */
static enum response_event run(struct http_response *r, struct span *in)
{
    const bool in_head =
        r->at == RESPONSE_AT_START || r->at == RESPONSE_AT_HEAD || r->at == RESPONSE_AT_TRAILER;
    const bool in_chunk_line = r->at == RESPONSE_AT_CHUNK_LINE;
    const size_t n = portion(r, *in);
    if (n == 0 && in->len > 0 && r->at != RESPONSE_AT_LAST) return fail_at_byte(r, *in);
    const char *at = n > 0 ? (const char *)in->at : "";
    r->event = RESPONSE_NEED;
    r->body = span_of(NULL, 0);
    const llhttp_errno_t error = llhttp_execute(&r->parser, at, n);
    count(r, in, error == HPE_OK ? n : (size_t)(llhttp_get_error_pos(&r->parser) - at), in_head,
          in_chunk_line);
    if (error == HPE_PAUSED) llhttp_resume(&r->parser);
    if (error != HPE_OK && error != HPE_PAUSED) r->event = fail_in_parser(r);
    /* What comes behind it is told by the next call: `at` knows. */
    return r->body.len > 0 ? RESPONSE_BODY : r->event;
}

enum response_event http_response_next(struct http_response *r, struct span *in)
{
    enum response_event event;
    do {
        if (r->at == RESPONSE_AT_END) return RESPONSE_END;
        if (r->at == RESPONSE_AT_FAULT) return RESPONSE_FAULT;
        /* Also with nothing: an event may hide behind the last byte. */
        event = run(r, in);
        assert(event != RESPONSE_NEED || r->at != RESPONSE_AT_LAST); /* it takes no byte */
    } while (event == RESPONSE_NEED && in->len > 0);
    if (event == RESPONSE_CONTINUE) begin(r);
    return event;
}

enum response_event http_response_finish(struct http_response *r, bool clean)
{
    switch (r->at) {
    case RESPONSE_AT_END: return RESPONSE_END;
    case RESPONSE_AT_FAULT: return RESPONSE_FAULT;
    case RESPONSE_AT_START:
        return fail(r, FAULT_TRUNCATED, "the connection ended before an answer came");
    case RESPONSE_AT_HEAD:
        return fail(r, FAULT_TRUNCATED, "the connection ended within the answer's headers");
    case RESPONSE_AT_OPEN_BODY:
        if (!clean)
            return fail(r, FAULT_TRUNCATED,
                        "the connection broke off, and only its end says where the answer ends");
        r->at = RESPONSE_AT_END;
        return RESPONSE_END;
    case RESPONSE_AT_BODY:
    case RESPONSE_AT_CHUNK_LINE:
    case RESPONSE_AT_CHUNK:
    case RESPONSE_AT_TRAILER:
    case RESPONSE_AT_LAST: break;
    }
    return fail(r, FAULT_TRUNCATED, "the connection ended within the answer's body");
}
