/* exchange.h - one question and one answer over a connection.
 *   eats    a request head, a body as it comes
 *   gives   the answer's status, headers and body, one event per call
 *   keeps   the answer's bytes that were not told yet
 *   knows   patience; answers that come before the question is over; Expect: 100-continue */
#ifndef RUSUDEN_NET_EXCHANGE_H
#define RUSUDEN_NET_EXCHANGE_H

#include "net/connection.h"
#include "text/http_response.h"

enum exchange_event {
    EXCHANGE_WAIT,   /* see exchange_want */
    EXCHANGE_SAY,    /* the body's next bytes are wanted: exchange_say */
    EXCHANGE_HEADER, /* response.name, response.value */
    EXCHANGE_HEAD,   /* response.status; all headers are told */
    EXCHANGE_BODY,   /* response.body: until the next call */
    EXCHANGE_OVER,   /* the answer is whole */
    EXCHANGE_LOST    /* and again for every later call: fault */
};

struct exchange {
    enum {
        EXCHANGE_AT_HEAD,     /* the request's head is being said */
        EXCHANGE_AT_CONTINUE, /* "Expect: 100-continue": the body waits for the word, or a second */
        EXCHANGE_AT_BODY,     /* the body is being said; the answer may come already */
        EXCHANGE_AT_ANSWER,   /* everything is said */
        EXCHANGE_AT_LAST_WORDS, /* sending failed; perhaps it says why */
        EXCHANGE_AT_OVER,
        EXCHANGE_AT_LOST
    } at;
    struct connection *connection;
    struct span head;   /* what is not sent yet; the caller's until EXCHANGE_SAY or the answer */
    uint64_t body_left; /* bytes of the body that were not said yet */
    bool expects_continue;
    bool refused, broken; /* how the last send ended */
    bool blocked;         /* since the last byte moved, a send was refused */
    bool answering;       /* the answer's first byte has come */
    /* After EXCHANGE_LOST: a reused connection ended before any answer. Most likely it had been closed before it heard us,
     * but what was said may have been heard and done. */
    bool stale;
    uint64_t idle_until_ms; /* patience for the next byte */
    uint64_t until_ms;      /* patience for all of it */
    uint64_t continue_until_ms;
    struct span unread; /* of buffer */
    struct http_response response;
    struct fault fault;
    uint8_t buffer[ANSWER_BUFFER_BYTES];
};

struct question {
    struct span head;    /* as http_request_end left it */
    uint64_t body_bytes; /* that exchange_say will be given */
    bool is_head;        /* the method is HEAD */
    bool expects_continue;
    uint64_t patience_ms; /* for the whole exchange; 0: EXCHANGE_PATIENCE_MS */
};

/* The connection is towards the right endpoint (connection_begin). */
void exchange_begin(struct exchange *x, struct connection *c, const struct question *q,
                    uint64_t now_ms);

enum exchange_event exchange_next(struct exchange *x, uint64_t now_ms);

/* After EXCHANGE_SAY: takes bytes from the front of *body; what was not taken must come again. Then go on with
 * exchange_next. Nobody needs to hurry: where no byte is at hand, don't call, and wait for what will bring one. */
void exchange_say(struct exchange *x, struct span *body, uint64_t now_ms);

/* After EXCHANGE_WAIT: what for. *until_ms is lowered to when it must be asked again. */
struct port_want exchange_want(const struct exchange *x, uint64_t *until_ms);

/* Leaves the connection open for the next one if that is right, else closes it. Safe to call twice. */
void exchange_end(struct exchange *x);

#endif
