#include "http.h"

#include <strings.h>

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", s.at[i]) != NULL)
            return false;
    return s.len > 0;
}

static bool is_visible(struct span s, bool blanks)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] == 127 || s.at[i] < ' ' || (s.at[i] == ' ' && !blanks)) return false;
    return true;
}

/* One line without its CRLF. False: it does not end in CRLF. */
static bool cut_line(struct span *from, struct span *line)
{
    struct span rest = *from;
    *line = span_until(&rest, '\n');
    if (line->len == from->len || line->len == 0 || line->at[line->len - 1] != '\r') return false;
    line->len--;
    *from = rest;
    return true;
}

const char *parameters_read(struct parameter *to, size_t *count, struct span text,
                            bool plus_is_space)
{
    while (text.len > 0) {
        struct span value = span_until(&text, '&');
        struct span name = span_until(&value, '=');
        if (name.len == 0) return "a parameter without a name";
        if (*count == HTTP1_PARAMETERS_MAX) return "too many parameters";
        struct parameter *p = &to[(*count)++];
        *p = (struct parameter){0};
        if (!percent_read(&p->name, name, plus_is_space) ||
            !percent_read(&p->value, value, plus_is_space))
            return "broken percent-encoding";
    }
    return NULL;
}

/* These may come once: a second one could be read otherwise by somebody else. */
static bool is_single(struct span name)
{
    static const char *const names[] = {
        "host", "content-length", "content-type", "authorization",    "transfer-encoding", "expect",
        "date", "if-none-match",  "connection",   "content-encoding", "content-md5"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_is_same_word(name, names[i])) return true;
    return name.len > 6 && span_is_same_word(span_of(name.at, 6), "x-amz-");
}

static bool is_same_name(struct span a, struct span b)
{
    return a.len == b.len && strncasecmp((const char *)a.at, (const char *)b.at, a.len) == 0;
}

static const char *read_field(struct asked *a, struct span line)
{
    if (line.at[0] == ' ' || line.at[0] == '\t') return "a folded header";
    if (a->field_count == HTTP1_FIELDS_MAX) return "too many headers";
    struct span value = line;
    struct span name = span_until(&value, ':');
    if (name.len == line.len) return "a header without a colon";
    if (!is_token(name)) return "a header's name is no token";
    if (!is_visible(value, true)) return "a control byte in a header";
    for (size_t i = 0; i < a->field_count; i++)
        if (is_single(name) && is_same_name(name, a->fields[i].name)) return "a duplicate header";
    a->fields[a->field_count++] = (struct field){name, span_trim(value)};
    return NULL;
}

static const char *read_request_line(struct asked *a, struct span line)
{
    a->method = span_until(&line, ' ');
    a->target = span_until(&line, ' ');
    if (!is_token(a->method)) return "the method is no token";
    if (!span_is(line, "HTTP/1.1")) return "not HTTP/1.1";
    if (a->target.len == 0 || a->target.at[0] != '/') return "the target is no path";
    if (!is_visible(a->target, false)) return "a control byte in the target";
    for (size_t i = 0; i < a->target.len; i++)
        if (a->target.at[i] > 126 || strchr("\"<>\\^`{|}#", a->target.at[i]) != NULL)
            return "a byte in the target that must be encoded";
    struct span rest = a->target;
    a->raw_path = span_until(&rest, '?');
    a->raw_query = rest;
    if (!percent_read(&a->path, a->raw_path, false)) return "broken percent-encoding";
    return parameters_read(a->parameters, &a->parameter_count, a->raw_query, false);
}

static const char *read_framing(struct asked *a)
{
    struct span length = asked_field(a, "content-length");
    struct span coding = asked_field(a, "transfer-encoding");
    a->has_length = length.at != NULL;
    if (a->has_length && !span_number(length, &a->length)) return "a broken Content-Length";
    if (coding.at != NULL) {
        if (a->has_length) return "Content-Length and Transfer-Encoding together";
        if (!span_is_same_word(coding, "chunked")) return "an unknown Transfer-Encoding";
        a->is_chunked = true;
    }
    struct span expect = asked_field(a, "expect");
    a->expects_continue = span_is_same_word(expect, "100-continue");
    if (expect.at != NULL && !a->expects_continue) return "an unknown Expect";
    a->wants_close = span_is_same_word(asked_field(a, "connection"), "close");
    if (asked_field(a, "host").len == 0) return "no Host";
    return NULL;
}

const char *asked_read(struct asked *a, struct span head)
{
    *a = (struct asked){0};
    struct span line;
    if (!cut_line(&head, &line)) return "a line without CRLF";
    const char *wrong = read_request_line(a, line);
    while (wrong == NULL) {
        if (!cut_line(&head, &line)) return "a line without CRLF";
        if (line.len == 0) break;
        wrong = read_field(a, line);
    }
    return wrong != NULL ? wrong : read_framing(a);
}

void asked_free(struct asked *a)
{
    blob_free(&a->path);
    for (size_t i = 0; i < a->parameter_count; i++) {
        blob_free(&a->parameters[i].name);
        blob_free(&a->parameters[i].value);
    }
    *a = (struct asked){0};
}

struct span asked_field(const struct asked *a, const char *name)
{
    for (size_t i = 0; i < a->field_count; i++)
        if (span_is_same_word(a->fields[i].name, name)) return a->fields[i].value;
    return span_of(NULL, 0);
}

struct span asked_parameter(const struct asked *a, const char *name)
{
    for (size_t i = 0; i < a->parameter_count; i++)
        if (span_is(blob_span(&a->parameters[i].name), name))
            return blob_span(&a->parameters[i].value);
    return span_of(NULL, 0);
}

bool asked_has_field(const struct asked *a, const char *name)
{
    return asked_field(a, name).at != NULL;
}

bool asked_has_parameter(const struct asked *a, const char *name)
{
    for (size_t i = 0; i < a->parameter_count; i++)
        if (span_is(blob_span(&a->parameters[i].name), name)) return true;
    return false;
}
