/* cloud.c - connections: what is read, and when it ends; answer.c has what is said. */
#include "inside.h"

#include <stdlib.h>

enum {
    HEAD_BYTES_MAX = 8192,
    SILENCE_MS_MAX = 20000, /* S3 gives a body up after that */
    LINGER_MS = 2000,       /* read on after an early answer, so that it arrives */
};

static void set_chunks(struct cloud_connection *x, struct answer *a)
{
    struct span payload = asked_field(&x->asked, "x-amz-content-sha256");
    struct body *b = &x->body;
    if (span_is(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"))
        b->chunks = BODY_SIGNED;
    else if (span_is(payload, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"))
        b->chunks = BODY_SIGNED_TRAILER;
    else if (span_is(payload, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"))
        b->chunks = BODY_UNSIGNED_TRAILER;
    else if (span_begins(payload, "STREAMING-"))
        refuse(&a->refusal, 400, "InvalidRequest", "The value of x-amz-content-sha256 is unknown");
    if (b->chunks == BODY_PLAIN) return;

    struct span length = asked_field(&x->asked, "x-amz-decoded-content-length");
    if (!span_number(length, &b->decoded_length))
        refuse(&a->refusal, 411, "MissingContentLength", "x-amz-decoded-content-length is missing");
    b->trailer_name = asked_field(&x->asked, "x-amz-trailer");
    if ((b->chunks != BODY_SIGNED) != (hash_of_header(b->trailer_name) != HASH_NONE))
        refuse(&a->refusal, 400, "InvalidRequest", "x-amz-trailer does not fit the payload");
    if (!span_begins(asked_field(&x->asked, "content-encoding"), "aws-chunked"))
        cloud_violation(x->cloud, "a chunked body without Content-Encoding: aws-chunked");
    if (x->operation != CLOUD_PUT && x->operation != CLOUD_PART)
        refuse(&a->refusal, 400, "InvalidRequest", "aws-chunked is for PutObject and UploadPart");
    b->signature = &x->signature;
}

static void begin_body(struct cloud_connection *x, struct answer *a)
{
    struct body *b = &x->body;
    b->is_chunked = x->asked.is_chunked;
    b->left = x->asked.length;
    b->at = b->is_chunked ? BODY_AT_SIZE : b->left > 0 ? BODY_AT_DATA : BODY_AT_OVER;
    if (x->service == CLOUD_S3) set_chunks(x, a);
    bool has_body = span_is(x->asked.method, "PUT") || span_is(x->asked.method, "POST");
    if (has_body && !x->asked.has_length && !b->is_chunked)
        refuse(&a->refusal, 411, "MissingContentLength", "You must provide a Content-Length.");
    if (b->is_chunked && b->chunks == BODY_PLAIN)
        refuse(&a->refusal, 501, "NotImplemented", "Transfer-Encoding without aws-chunked");
    if (b->at == BODY_AT_OVER && b->chunks != BODY_PLAIN)
        refuse(&a->refusal, 400, "IncompleteBody", "no body");
}

/* The question is answered before its body has come; then the connection ends. */
static void answer_early(struct cloud_connection *x, struct answer *a)
{
    x->closes = true;
    x->at = CLOUD_AT_REST;
    refuse(&x->body.refusal, 400, "", " "); /* the rest is read and dropped */
    answer_send(x, a);
}

static enum cloud_service service_of(const struct cloud_connection *x)
{
    if (x->service != CLOUD_ANY) return x->service;
    struct span path = blob_span(&x->asked.path);
    if (span_begins(path, "/latest/")) return CLOUD_IMDS;
    if (span_begins(path, "/container/")) return CLOUD_CONTAINER;
    if (span_is(x->asked.method, "POST") && span_is(path, "/")) return CLOUD_STS;
    return span_begins(path, "/_cloud/") ? CLOUD_ANY : CLOUD_S3;
}

static void identify(struct cloud_connection *x)
{
    x->service = service_of(x);
    switch (x->service) {
    case CLOUD_S3: x->operation = s3_operation(x); break;
    case CLOUD_STS: x->operation = CLOUD_ROLE; break;
    case CLOUD_IMDS: x->operation = imds_operation(x); break;
    case CLOUD_CONTAINER: x->operation = CLOUD_KEYS; break;
    case CLOUD_ANY: x->operation = CLOUD_OTHER; break;
    }
    x->cloud->asked[x->operation]++;
}

static void read_head(struct cloud_connection *x)
{
    struct answer a = {0};
    x->cloud->requests++;
    const char *wrong = asked_read(&x->asked, blob_span(&x->head));
    if (wrong != NULL) {
        refuse(&a.refusal, 400, "BadRequest", "An error occurred when parsing the HTTP request: %s",
               wrong);
        answer_early(x, &a);
        return;
    }
    identify(x);
    x->closes = x->asked.wants_close;
    if (x->service != CLOUD_ANY) fault_pick(x);
    if (x->fault == CLOUD_RESET) {
        answer_none(x, true);
        return;
    }
    if (x->service == CLOUD_S3) s3_check(x, &a);
    begin_body(x, &a);
    bool more = !body_is_over(&x->body);
    if (x->fault == CLOUD_EARLY && more) answer_spoil(&a, 503);
    if (a.refusal.status != 0 && more &&
        (x->asked.expects_continue || x->fault == CLOUD_EARLY || cloud_roll(x->cloud, 2) == 0)) {
        answer_early(x, &a);
        return;
    }
    x->body.refusal = a.refusal; /* told once the body is over */
    x->headers = a.headers;
    x->extra = a.extra;
    x->at = CLOUD_AT_BODY;
    if (a.refusal.status == 0 && x->asked.expects_continue && more)
        blob_say(&x->out, "HTTP/1.1 100 Continue\r\n\r\n");
}

/* True: the head is whole. */
static bool gather_head(struct cloud_connection *x, struct span *in)
{
    while (in->len > 0) {
        uint8_t c = span_take(in);
        if (x->head.len == 0 && c == '\r') /* RFC 9112 §2.2 lets servers bear it */
            cloud_violation(x->cloud, "an empty line before a request");

        blob_put(&x->head, &c, 1);
        if (c == '\n' && span_ends(blob_span(&x->head), "\r\n\r\n")) return true;
        if (x->head.len > HEAD_BYTES_MAX) {
            struct answer a = {0};
            refuse(&a.refusal, 400, "RequestHeaderSectionTooLarge",
                   "Your request header section exceeds the maximum allowed size.");
            cloud_violation(x->cloud, "a head of more than 8 KiB");
            x->asked = (struct asked){0};
            answer_early(x, &a);
            return false;
        }
    }
    return false;
}

size_t cloud_feed(struct cloud_connection *x, const void *bytes, size_t n)
{
    struct span in = span_of(bytes, n);
    if (n > 0) x->byte_at_ms = x->cloud->now_ms;
    while (in.len > 0) {
        switch (x->at) {
        case CLOUD_AT_HEAD:
            if (gather_head(x, &in)) read_head(x);
            break;
        case CLOUD_AT_BODY: body_feed(&x->body, &in); break;
        case CLOUD_AT_REST:
            body_feed(&x->body, &in);
            if (body_is_over(&x->body)) return n;
            break;
        case CLOUD_AT_ANSWER:
            cloud_violation(x->cloud, "bytes before the answer was over");
            x->at = CLOUD_AT_END;
            break;
        case CLOUD_AT_END: return n;
        }
        if (x->at == CLOUD_AT_BODY && body_is_over(&x->body)) question_act(x);
    }
    return n;
}

void cloud_feed_end(struct cloud_connection *x)
{
    if (x->at != CLOUD_AT_ANSWER) x->at = CLOUD_AT_END;
    x->closes = true;
}

static void next_question(struct cloud_connection *x)
{
    blob_clear(&x->out);
    blob_clear(&x->head);
    asked_free(&x->asked);
    body_free(&x->body);
    blob_free(&x->headers);
    blob_free(&x->extra);
    free(x->key);
    x->key = NULL;
    x->bucket = NULL;
    x->taken = 0;
    x->held_count = 0;
    x->service = x->accepted;
    x->at = CLOUD_AT_HEAD;
}

void cloud_tick(struct cloud_connection *x)
{
    struct cloud *c = x->cloud;
    uint64_t silent_ms = c->now_ms - x->byte_at_ms;
    if (x->at == CLOUD_AT_BODY && !c->options.keeps_silent && silent_ms >= SILENCE_MS_MAX) {
        struct answer a = {0};
        refuse(&a.refusal, 400, "RequestTimeout",
               "Your socket connection to the server was not read from or written to within the "
               "timeout period. Idle connections will be closed.");
        answer_early(x, &a);
        x->byte_at_ms = c->now_ms;
    }
    if (x->at == CLOUD_AT_HEAD && c->options.idle_ms != 0 && silent_ms >= c->options.idle_ms)
        x->at = CLOUD_AT_END;
    if (x->at == CLOUD_AT_REST && silent_ms >= LINGER_MS && x->taken == x->out.len)
        x->at = CLOUD_AT_END;
}

uint64_t cloud_next_ms(const struct cloud_connection *x)
{
    uint64_t next_ms = UINT64_MAX;
    const struct cloud_options *o = &x->cloud->options;
    for (size_t i = 0; i < x->held_count; i++)
        if (x->held[i].at_ms > x->cloud->now_ms && x->held[i].at_ms < next_ms)
            next_ms = x->held[i].at_ms;
    uint64_t patience_ms = 0;
    if (x->at == CLOUD_AT_BODY && !o->keeps_silent) patience_ms = SILENCE_MS_MAX;
    if (x->at == CLOUD_AT_HEAD) patience_ms = o->idle_ms;
    if (x->at == CLOUD_AT_REST && x->taken == x->out.len) patience_ms = LINGER_MS;
    if (patience_ms != 0 && x->byte_at_ms + patience_ms < next_ms)
        next_ms = x->byte_at_ms + patience_ms;
    return next_ms;
}

size_t cloud_take(struct cloud_connection *x, void *to, size_t room)
{
    size_t upto = x->out.len;
    for (size_t i = 0; i < x->held_count; i++)
        if (x->held[i].at_ms > x->cloud->now_ms && x->held[i].upto < upto) upto = x->held[i].upto;
    size_t n = upto - x->taken < room ? upto - x->taken : room;
    if (n > 0) memcpy(to, x->out.at + x->taken, n);
    x->taken += n;
    if (x->taken < x->out.len) return n;
    if (x->at == CLOUD_AT_ANSWER && !x->closes)
        next_question(x);
    else if (x->at == CLOUD_AT_ANSWER)
        x->at = CLOUD_AT_END;
    return n;
}

bool cloud_wants_close(const struct cloud_connection *x, bool *reset)
{
    *reset = x->resets;
    if (x->taken < x->out.len) return false;
    return x->at == CLOUD_AT_END || (x->at == CLOUD_AT_REST && body_is_over(&x->body));
}

bool cloud_is_idle(const struct cloud_connection *x)
{
    return x->at == CLOUD_AT_HEAD && x->head.len == 0 && x->taken == x->out.len;
}

struct cloud_connection *cloud_accept(struct cloud *c, enum cloud_service service)
{
    struct cloud_connection *x = calloc(1, sizeof *x);
    if (x == NULL) abort();
    *x = (struct cloud_connection){
        .cloud = c, .service = service, .accepted = service, .byte_at_ms = c->now_ms};
    c->accepted++;
    return x;
}

void cloud_end(struct cloud_connection *x)
{
    if (x == NULL) return;
    next_question(x);
    blob_free(&x->out);
    blob_free(&x->head);
    free(x);
}
