#include "text/http_request.h"

#include "text/uri.h"

/* RFC 9110 section 5.6.2. */
static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t byte = s.at[i];
        const bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
        const bool digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && (byte == 0 || strchr("!#$%&'*+-.^_`|~", byte) == NULL))
            return false;
    }
    return s.len > 0;
}

/* RFC 9110 section 5.5: a line that is cut off or begun inside a value would be the sender's words in our
 * mouth. */
static bool is_value(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < ' ' && s.at[i] != '\t') || s.at[i] == 0x7F) return false;
    return true;
}

/* What was written since. */
static struct span since(const struct http_request *r, size_t at)
{
    struct span text = writer_span(&r->text);
    span_cut(&text, at);
    return text;
}

void http_request_begin(struct http_request *r, void *room, size_t bytes, const char *method,
                        struct span path)
{
    assert(path.len > 0 && path.at[0] == '/');
    *r = (struct http_request){.text = writer_on(room, bytes), .at = REQUEST_AT_LINE};
    r->unfit = !is_token(span_text(method));
    if (r->unfit) return;
    writer_text(&r->text, method);
    r->method = since(r, 0);
    writer_byte(&r->text, ' ');
    const size_t path_at = r->text.len;
    uri_encode(&r->text, path, true);
    r->path = since(r, path_at);
}

void http_request_parameter(struct http_request *r, const char *name, struct span value)
{
    assert(r->at == REQUEST_AT_LINE);
    if (r->parameter_count == REQUEST_PARAMETERS_MAX) r->text.full = true;
    if (r->text.full) return;
    writer_byte(&r->text, r->parameter_count == 0 ? '?' : '&');
    struct request_parameter *p = &r->parameters[r->parameter_count];
    const size_t name_at = r->text.len;
    uri_encode(&r->text, span_text(name), false);
    p->name = since(r, name_at);
    writer_byte(&r->text, '=');
    const size_t value_at = r->text.len;
    uri_encode(&r->text, value, false);
    p->value = since(r, value_at);
    if (!r->text.full) r->parameter_count++;
}

static void end_line(struct http_request *r)
{
    if (r->at != REQUEST_AT_LINE) return;
    writer_text(&r->text, " HTTP/1.1\r\n");
    r->at = REQUEST_AT_HEADERS;
}

struct writer *http_request_header_begin(struct http_request *r, const char *name)
{
    end_line(r);
    assert(r->at == REQUEST_AT_HEADERS);
    r->at = REQUEST_AT_VALUE;
    if (!is_token(span_text(name))) r->unfit = true;
    if (r->header_count == REQUEST_HEADERS_MAX) r->text.full = true;
    r->line_at = r->text.len;
    writer_text(&r->text, name);
    writer_text(&r->text, ": ");
    r->value_at = r->text.len;
    return &r->text;
}

/* Blanks around the value go: a server would not see them, and a signature is made without them. */
static struct span trim_value(struct http_request *r)
{
    const struct span value = span_trim(since(r, r->value_at));
    uint8_t *to = r->text.to + r->value_at;
    if (value.len > 0) memmove(to, value.at, value.len);
    r->text.len = r->value_at + value.len;
    return since(r, r->value_at);
}

void http_request_header_end(struct http_request *r)
{
    assert(r->at == REQUEST_AT_VALUE);
    r->at = REQUEST_AT_HEADERS;
    if (!is_value(since(r, r->value_at))) r->unfit = true;
    if (r->unfit || r->text.full) {
        r->text.len = r->line_at;
        return;
    }
    struct request_header *header = &r->headers[r->header_count++];
    header->value = trim_value(r);
    header->name = span_of(r->text.to + r->line_at, r->value_at - r->line_at - strlen(": "));
    writer_text(&r->text, "\r\n");
}

void http_request_header(struct http_request *r, const char *name, struct span value)
{
    writer_bytes(http_request_header_begin(r, name), span_trim(value));
    http_request_header_end(r);
}

void http_request_header_text(struct http_request *r, const char *name, const char *value)
{
    http_request_header(r, name, span_text(value));
}

void http_request_header_number(struct http_request *r, const char *name, uint64_t value)
{
    writer_number(http_request_header_begin(r, name), value);
    http_request_header_end(r);
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

static bool same_name(struct span a, struct span b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    return true;
}

const struct request_header *http_request_find(const struct http_request *r, const char *name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (same_name(r->headers[i].name, span_text(name))) return &r->headers[i];
    return NULL;
}

bool http_request_end(struct http_request *r)
{
    end_line(r);
    assert(r->at == REQUEST_AT_HEADERS || r->at == REQUEST_AT_END);
    if (r->at == REQUEST_AT_HEADERS) writer_text(&r->text, "\r\n");
    r->at = REQUEST_AT_END;
    return !r->text.full && !r->unfit;
}
