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
    RESPONSE_CONTINUE, /* a 1xx response is over, its headers are not told; the real one follows */
    RESPONSE_HEADER, /* name (lower case) and value, until the next call; trailers come the same way,
                        behind RESPONSE_HEAD */
    RESPONSE_HEAD,   /* all headers are told: status, and whether the connection may be kept */
    RESPONSE_BODY,   /* body: a view into the span, until the next call */
    RESPONSE_END,    /* the response is whole; what is left of the span belongs to nobody */
    RESPONSE_FAULT   /* and again for every later call */
};

/* Strict: what RFC 9112 lets a client repair is refused, for whoever guesses where a message ends guesses what
 * the next one is. Refused are, above what llhttp refuses: versions but 1.0 and 1.1, a status outside 100..599,
 * 101, transfer codings but chunked, Transfer-Encoding twice or under HTTP/1.0, a 1xx with a body, empty lines
 * before the status line, control bytes anywhere but in the body. Left to the caller: what a status means (206
 * that nobody asked for), Content-Encoding, Content-Type, whether a body `to_close` is whole.
 *
 * A header whose line is longer than RESPONSE_LINE_BYTES_MAX is passed over whole, never cut: proxies add such
 * (a policy, cookies), an upload must not fail by them, and a caller who waits for one finds it missing, which it
 * has to look for anyway. A header that frames the message is too important for that: FAULT_LIMIT. */
struct http_response {
    llhttp_t parser; /* the first member: llhttp's callbacks find us by it */
    enum {
        RESPONSE_AT_START, /* nothing of this response was seen */
        RESPONSE_AT_HEAD,
        RESPONSE_AT_BODY,       /* as long as Content-Length says */
        RESPONSE_AT_OPEN_BODY,  /* to the connection's end */
        RESPONSE_AT_CHUNK_LINE, /* size and extensions */
        RESPONSE_AT_CHUNK,      /* data, and the line end behind it */
        RESPONSE_AT_TRAILER,
        RESPONSE_AT_LAST, /* all is read, llhttp only has to say so */
        RESPONSE_AT_END,
        RESPONSE_AT_FAULT
    } at;
    enum response_event event; /* set by llhttp's callbacks */
    enum fault_kind why;       /* why a callback refused, and in which words */
    const char *words;
    unsigned status; /* from the first RESPONSE_HEADER on; of a 1xx at RESPONSE_CONTINUE */
    bool keep_alive; /* after RESPONSE_END: another request may follow on this connection */
    bool to_close;  /* the body ends with the connection: only its own format says if it is whole */
    bool no_body;   /* the request was HEAD */
    bool coded;     /* this response has had a Transfer-Encoding */
    bool close;     /* whatever Connection says: bytes may follow that nobody can place */
    bool line_full; /* the header at hand does not fit its line */
    uint64_t offset;         /* of all responses; where a fault is */
    uint64_t head_bytes;     /* bounded by RESPONSE_HEAD_BYTES_MAX, 1xx and trailers included */
    unsigned header_count;   /* bounded by RESPONSE_HEADERS_MAX, 1xx and trailers included */
    unsigned passed_over;    /* of them, with a line that was too long */
    size_t chunk_line_bytes; /* bounded by RESPONSE_CHUNK_LINE_BYTES_MAX */
    struct span name, value; /* see `line` */
    struct span body;        /* sees the caller's span */
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
