/* http_response.h - an HTTP/1.1 response, one event per call.
 *   eats    a span of any length, cut anywhere
 *   gives   status, headers, body as views into the span, the end; 1xx responses are passed over but told
 *   keeps   llhttp's state and one header line
 *   knows   RFC 9112: Content-Length, chunked, read-to-close, HEAD/204/304 without a body, trailers */
#ifndef RUSUDEN_TEXT_HTTP_RESPONSE_H
#define RUSUDEN_TEXT_HTTP_RESPONSE_H

#include "base/budget.h"
#include "base/fault.h"

#include <llhttp.h>

enum response_event {
    RESPONSE_NEED,     /* the span is used up */
    RESPONSE_CONTINUE, /* a 1xx response is over; the real one follows */
    RESPONSE_HEADER, /* name (lower case) and value, until the next call; trailers come the same way */
    RESPONSE_HEAD, /* all headers are told: status, and whether the connection may be kept */
    RESPONSE_BODY, /* body: a view into the span, until the next call */
    RESPONSE_END,  /* the response is whole; what is left of the span belongs to nobody */
    RESPONSE_FAULT /* and again for every later call */
};

struct http_response {
    llhttp_t parser;
    llhttp_settings_t settings;
    enum response_event event; /* set by llhttp's callbacks */
    unsigned status;
    bool keep_alive; /* after RESPONSE_END: another request may follow on this connection */
    bool to_close; /* the body ends with the connection: only its own format says if it is whole */
    bool no_body;  /* the request was HEAD */
    uint64_t head_bytes;   /* bounded by RESPONSE_HEAD_BYTES_MAX, 1xx and trailers included */
    unsigned header_count; /* bounded by RESPONSE_HEADERS_MAX */
    struct span name, value, body;
    size_t name_len, value_len;
    char line[RESPONSE_LINE_BYTES_MAX]; /* name and value of the header at hand */
    struct fault fault;
};

/* `head`: the request's method was HEAD, so no body follows whatever the headers say. */
void http_response_init(struct http_response *r, bool head);

enum response_event http_response_next(struct http_response *r, struct span *in);

/* The connection ended (`clean`: by close_notify, or plain TCP's FIN). RESPONSE_END for a body that
 * is read to the close and a clean end; else RESPONSE_FAULT with FAULT_TRUNCATED. */
enum response_event http_response_finish(struct http_response *r, bool clean);

#endif
