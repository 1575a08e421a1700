/* http_request.h - the head of an HTTP/1.1 request, in the order it is written on the wire.
 *   eats    method, path, query parameters, headers; raw bytes, encoded here
 *   gives   the head, with nothing in it that a header must not hold
 *   keeps   the caller's buffer, and where each header and parameter lies in it: a signer needs them
 *   knows   RFC 9112 sections 3 and 5; RFC 3986 section 2 (percent-encoding) */
#ifndef RUSUDEN_TEXT_HTTP_REQUEST_H
#define RUSUDEN_TEXT_HTTP_REQUEST_H

#include "base/budget.h"
#include "base/writer.h"

struct request_header {
    struct span name;  /* as it was given; see the request's buffer */
    struct span value; /* without blanks around it */
};

struct request_parameter {
    struct span name; /* encoded; see the request's buffer */
    struct span value;
};

struct http_request {
    struct writer text; /* the wire form so far; `full`: it did not fit */
    /* A header with CR, LF, NUL or another control byte in its value, or whose name is no token, was refused, or such a
     * method; it is not in the text. */
    bool unfit;
    struct span method, path; /* path: encoded, without the query */
    size_t parameter_count, header_count;
    struct request_parameter parameters[REQUEST_PARAMETERS_MAX];
    struct request_header headers[REQUEST_HEADERS_MAX];
    enum {
        REQUEST_AT_LINE,
        REQUEST_AT_HEADERS,
        REQUEST_AT_VALUE, /* the caller writes it */
        REQUEST_AT_END
    } at;
    size_t line_at, value_at; /* of the header at hand, in the text */
};

/* `path` is raw and begins with "/": each byte but unreserved ones and "/" is percent-encoded, once. */
void http_request_begin(struct http_request *r, void *room, size_t bytes, const char *method,
                        struct span path);

/* Raw name and value; both are encoded, "/" too. "uploads" without a value is written "uploads=".
 * All of them before the first header. */
void http_request_parameter(struct http_request *r, const char *name, struct span value);

void http_request_header(struct http_request *r, const char *name, struct span value);
void http_request_header_text(struct http_request *r, const char *name, const char *value);
void http_request_header_number(struct http_request *r, const char *name, uint64_t value);

/* For values that are put together: write to the writer, then end it. What is written is looked at as
 * any other value, and blanks around it go. Nothing else may be called between the two. */
struct writer *http_request_header_begin(struct http_request *r, const char *name);
void http_request_header_end(struct http_request *r);

/* NULL: it was not given. Names are compared without regard to case. */
const struct request_header *http_request_find(const struct http_request *r, const char *name);

/* The empty line. False: it did not fit the room, or was unfit to be sent; then nothing may be. */
bool http_request_end(struct http_request *r);

/* The whole head, after http_request_end. */
static inline struct span http_request_span(const struct http_request *r)
{
    return writer_span(&r->text);
}

#endif
