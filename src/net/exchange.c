#include "net/exchange.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void exchange_begin(struct exchange *x, struct connection *c, const struct question *q,
                    uint64_t now_ms)
{
    assert(q->head.len > 0);
    *x = (struct exchange){.connection = c, .head = q->head, .body_left = q->body_bytes};
    x->at = EXCHANGE_AT_HEAD;
    x->expects_continue = q->expects_continue && q->body_bytes > 0;
    x->until_ms = now_ms + (q->patience_ms > 0 ? q->patience_ms : EXCHANGE_PATIENCE_MS);
    x->idle_until_ms = now_ms + ANSWER_PATIENCE_MS; /* connecting has its own, shorter patience */
    http_response_init(&x->response, q->is_head);
}

/* ---- losing ---- */

static enum exchange_event lose(struct exchange *x, const struct fault *why)
{
    x->fault = *why;
    x->at = EXCHANGE_AT_LOST;
    return EXCHANGE_LOST;
}

static RARE enum exchange_event lose_with_words(struct exchange *x, struct span text)
{
    const struct endpoint *e = &x->connection->endpoint;
    struct fault why = {.kind = FAULT_NONE};
    struct writer w = fault_begin(&why, FAULT_NETWORK, FAULT_NOWHERE);
    writer_visible(&w, span_of(e->host, e->host_len));
    writer_text(&w, ": ");
    writer_bytes(&w, text);
    fault_put(&why, &w);
    return lose(x, &why);
}

static RARE enum exchange_event lose_with(struct exchange *x, const char *text)
{
    return lose_with_words(x, span_text(text));
}

/* The answer is none, or not whole. Its own kinds of fault would speak of the user's input. */
static RARE enum exchange_event lose_answer(struct exchange *x)
{
    const struct fault *why = &x->response.fault;
    return lose_with_words(x, span_of(why->text, why->len));
}

/* The connection ended or broke. One that was silent until patience ended is not stale: it may have heard us. */
static void note_stale(struct exchange *x)
{
    x->stale = x->connection->exchanges > 1 && !x->answering;
}

static enum exchange_event wait_for(struct exchange *x, uint64_t now_ms)
{
    if (now_ms >= x->until_ms) return lose_with(x, "the exchange takes too long");
    if (now_ms < x->idle_until_ms) return EXCHANGE_WAIT;
    return lose_with(x, x->blocked ? "no byte could be sent for 20 s" : "no answer came for 60 s");
}

/* ---- hearing ---- */

/* The connection ended: right only for a body that is read to its close. */
static enum exchange_event hear_end(struct exchange *x, bool clean)
{
    note_stale(x);
    if (!x->answering) return lose_with(x, "it closed the connection without an answer");
    if (http_response_finish(&x->response, clean) != RESPONSE_END) return lose_answer(x);
    x->at = EXCHANGE_AT_OVER;
    return EXCHANGE_OVER;
}

/* More bytes of the answer. EXCHANGE_WAIT: none yet. EXCHANGE_SAY: there are some. */
static enum exchange_event listen(struct exchange *x, uint64_t now_ms)
{
    long got = connection_recv(x->connection, x->buffer, sizeof x->buffer, now_ms);
    if (got == PORT_WAIT) return EXCHANGE_WAIT;
    /* After a send that failed, an end means nothing: a reset is told only once. */
    if (got == PORT_END) return hear_end(x, !x->broken);
    if (got < 0) {
        note_stale(x);
        return x->answering && x->response.to_close ? hear_end(x, false)
                                                    : lose(x, &x->connection->fault);
    }
    x->unread = span_of(x->buffer, (size_t)got);
    x->answering = true;
    x->blocked = false;
    x->idle_until_ms = now_ms + ANSWER_PATIENCE_MS;
    return EXCHANGE_SAY;
}

/* The next thing that the answer tells; EXCHANGE_WAIT: nothing yet. EXCHANGE_SAY: the word to go on. */
static enum exchange_event hear(struct exchange *x, uint64_t now_ms)
{
    for (;;) {
        switch (http_response_next(&x->response, &x->unread)) {
        case RESPONSE_NEED: {
            enum exchange_event event = listen(x, now_ms);
            if (event != EXCHANGE_SAY) return event;
            break;
        }
        case RESPONSE_CONTINUE:
            if (x->at == EXCHANGE_AT_CONTINUE) return EXCHANGE_SAY;
            break;
        case RESPONSE_HEADER: return EXCHANGE_HEADER;
        case RESPONSE_HEAD: return EXCHANGE_HEAD;
        case RESPONSE_BODY: return EXCHANGE_BODY;
        case RESPONSE_END: x->at = EXCHANGE_AT_OVER; return EXCHANGE_OVER;
        case RESPONSE_FAULT: return lose_answer(x);
        }
    }
}

/* ---- saying ---- */

/* Sends from the front of *from; false: refused, or broken. */
static bool say(struct exchange *x, struct span *from, uint64_t now_ms)
{
    long sent = connection_send(x->connection, *from, now_ms);
    x->refused = sent == PORT_WAIT;
    x->broken = sent < 0;
    /* Patience begins with the first refusal: before it, nobody but we kept the other side waiting. */
    if (x->refused && !x->blocked && x->connection->at == CONNECTION_OPEN) {
        x->blocked = true;
        x->idle_until_ms = now_ms + SEND_PATIENCE_MS;
    }
    if (sent <= 0) return false;
    span_cut(from, (size_t)sent);
    x->blocked = false;
    x->idle_until_ms = now_ms + SEND_PATIENCE_MS;
    return true;
}

void exchange_say(struct exchange *x, struct span *body, uint64_t now_ms)
{
    assert(x->at == EXCHANGE_AT_BODY && body->len <= x->body_left);
    while (body->len > 0) {
        size_t before = body->len;
        if (!say(x, body, now_ms)) return;
        x->body_left -= before - body->len;
    }
}

static enum exchange_event say_head(struct exchange *x, uint64_t now_ms)
{
    while (x->head.len > 0)
        if (!say(x, &x->head, now_ms)) return x->broken ? EXCHANGE_SAY : wait_for(x, now_ms);
    x->at = x->body_left == 0     ? EXCHANGE_AT_ANSWER
            : x->expects_continue ? EXCHANGE_AT_CONTINUE
                                  : EXCHANGE_AT_BODY;
    x->continue_until_ms = now_ms + CONTINUE_PATIENCE_MS;
    x->idle_until_ms = now_ms + (x->body_left == 0 ? ANSWER_PATIENCE_MS : SEND_PATIENCE_MS);
    return EXCHANGE_SAY;
}

/* The answer, while the body is still being said: a server that refuses early is heard at once. */
static enum exchange_event hear_early(struct exchange *x, uint64_t now_ms)
{
    enum exchange_event event = hear(x, now_ms);
    if (event != EXCHANGE_WAIT && event != EXCHANGE_SAY) return event;
    /* Servers that never say "100" want the body all the same (RFC 9110 section 10.1.1). */
    if (x->at == EXCHANGE_AT_CONTINUE && event == EXCHANGE_WAIT && now_ms < x->continue_until_ms)
        return wait_for(x, now_ms);
    x->at = x->body_left > 0 ? EXCHANGE_AT_BODY : EXCHANGE_AT_ANSWER;
    if (x->body_left == 0) x->idle_until_ms = now_ms + ANSWER_PATIENCE_MS;
    return EXCHANGE_SAY;
}

/* After a send that failed: a server may answer and close before it has heard everything, and what it said is worth
 * more than that it hung up. */
static enum exchange_event hear_last_words(struct exchange *x, uint64_t now_ms)
{
    enum exchange_event event = hear(x, now_ms);
    bool silent = event == EXCHANGE_WAIT || event == EXCHANGE_SAY || event == EXCHANGE_LOST;
    if (!silent) return event;
    note_stale(x);
    return lose(x, &x->connection->fault);
}

enum exchange_event exchange_next(struct exchange *x, uint64_t now_ms)
{
    for (;;) {
        enum exchange_event event;
        switch (x->at) {
        case EXCHANGE_AT_HEAD:
            event = say_head(x, now_ms);
            if (event != EXCHANGE_SAY) return event;
            if (x->broken) x->at = EXCHANGE_AT_LAST_WORDS;
            break;
        case EXCHANGE_AT_CONTINUE:
            event = hear_early(x, now_ms);
            if (event != EXCHANGE_SAY) return event;
            break;
        case EXCHANGE_AT_BODY:
            if (x->broken) {
                x->at = EXCHANGE_AT_LAST_WORDS;
                break;
            }
            event = hear_early(x, now_ms);
            if (event != EXCHANGE_SAY) return event;
            if (x->at != EXCHANGE_AT_BODY) break;
            if (!x->refused && now_ms < x->until_ms && (!x->blocked || now_ms < x->idle_until_ms))
                return EXCHANGE_SAY;
            x->refused = false;
            return wait_for(x, now_ms);
        case EXCHANGE_AT_ANSWER:
            event = hear(x, now_ms);
            if (event == EXCHANGE_WAIT) return wait_for(x, now_ms);
            if (event != EXCHANGE_SAY) return event;
            break;
        case EXCHANGE_AT_LAST_WORDS: return hear_last_words(x, now_ms);
        case EXCHANGE_AT_OVER: return EXCHANGE_OVER;
        case EXCHANGE_AT_LOST: return EXCHANGE_LOST;
        }
    }
}

struct port_want exchange_want(const struct exchange *x, uint64_t *until_ms)
{
    *until_ms = smaller(*until_ms, smaller(x->until_ms, x->idle_until_ms));
    if (x->at == EXCHANGE_AT_CONTINUE) *until_ms = smaller(*until_ms, x->continue_until_ms);
    struct port_want want = connection_want(x->connection, until_ms);
    /* Refused to send, and an answer may come meanwhile. */
    if (x->at == EXCHANGE_AT_BODY) want.to_read = want.to_write = true;
    return want;
}

void exchange_end(struct exchange *x)
{
    if (x->connection == NULL) return;
    bool is_clean = x->at == EXCHANGE_AT_OVER && x->response.keep_alive && x->unread.len == 0 &&
                    x->head.len == 0 && x->body_left == 0;
    if (!is_clean) connection_close(x->connection);
    x->connection = NULL;
}
