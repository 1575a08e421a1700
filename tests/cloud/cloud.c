#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    HEAD_BYTES_MAX = 8192,
    SILENCE_MS_MAX = 20000, /* S3 gives a body up after that */
    LINGER_MS = 2000,       /* read on after an early answer, so that it arrives */
};

/* ---- answers ---- */

static const char *reason_of(unsigned status)
{
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 401: return "Unauthorized";
    case 301: return "Moved Permanently";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Slow Down";
    }
    return "Unknown";
}

static void put_http_chunk(struct blob *to, struct span s)
{
    if (s.len == 0) return;
    blob_say(to, "%zx\r\n", s.len);
    blob_put_span(to, s);
    blob_say(to, "\r\n");
}

static void put_head(struct cloud_connection *x, const struct answer *a)
{
    struct cloud *c = x->cloud;
    char date[30];
    date_http(date, c->utc_ms);
    blob_say(&x->out, "HTTP/1.1 %u %s\r\n", a->status, reason_of(a->status));
    blob_say(&x->out, "x-amz-id-2: id2/%08X+made+up=\r\nx-amz-request-id: %016X\r\nDate: %s\r\n",
             (unsigned)c->requests * 77, (unsigned)c->requests, date);
    blob_put_span(&x->out, blob_span(&a->headers));
    if (x->closes) blob_say(&x->out, "Connection: close\r\n");
    if (a->chunked)
        blob_say(&x->out, "Transfer-Encoding: chunked\r\n");
    else if (a->status != 204)
        blob_say(&x->out, "Content-Length: %zu\r\n", a->body.len);
    blob_say(&x->out, "Server: AmazonS3\r\n\r\n");
}

static void hold(struct cloud_connection *x, uint64_t at_ms)
{
    if (x->held_count == sizeof x->held / sizeof *x->held) return;
    x->held[x->held_count].upto = x->out.len;
    x->held[x->held_count++].at_ms = at_ms;
}

/* As S3 does while it joins parts: the status is said, white space keeps the connection awake. */
static void put_spaces(struct cloud_connection *x)
{
    for (unsigned i = 1; i <= 4; i++) {
        put_http_chunk(&x->out, span_text(i == 1 ? "\n" : " "));
        hold(x, x->cloud->now_ms + x->fault_value * i / 4);
    }
}

static void put_answer(struct cloud_connection *x, const struct answer *a)
{
    bool is_head = span_is(x->asked.method, "HEAD");
    put_head(x, a);
    if (x->operation == CLOUD_COMPLETE && a->chunked && a->status == 200 &&
        (x->fault == CLOUD_SPACES || x->fault == CLOUD_200_ERROR || x->fault == CLOUD_200_DONE))
        put_spaces(x);
    if (is_head) return; /* whatever its headers say of a body: an error's say "chunked" */
    if (a->chunked) {
        /* In two pieces: nobody may count on one. */
        struct span rest = blob_span(&a->body);
        struct span first = span_cut(&rest, rest.len / 3);
        put_http_chunk(&x->out, first);
        put_http_chunk(&x->out, rest);
        blob_say(&x->out, "0\r\n\r\n");
    } else {
        blob_put_span(&x->out, blob_span(&a->body));
    }
}

static void put_error(struct cloud_connection *x, struct answer *a)
{
    const struct refusal *r = &a->refusal;
    a->status = a->status != 0 ? a->status : r->status;
    blob_clear(&a->body);
    if (a->status == 204) return;
    if (x->service == CLOUD_STS) {
        blob_say(&a->headers, "Content-Type: text/xml\r\n");
        blob_say(
            &a->body,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n"
            "    <Type>Sender</Type>\n    <Code>%s</Code>\n    <Message>%s</Message>\n  </Error>\n"
            "  <RequestId>made-up-%u</RequestId>\n</ErrorResponse>\n",
            r->code, r->message, (unsigned)x->cloud->requests);
        return;
    }
    a->chunked = true;
    blob_say(&a->headers, "Content-Type: application/xml\r\n");
    blob_say(&a->body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>",
             r->code);
    xml_put(&a->body, span_text(r->message));
    blob_say(&a->body, "</Message>");
    blob_put_span(&a->body, blob_span(&a->extra));
    blob_say(&a->body, "<RequestId>%016X</RequestId><HostId>id2/%08X+made+up=</HostId></Error>",
             (unsigned)x->cloud->requests, (unsigned)x->cloud->requests * 77);
}

/* What a correct client never makes S3 say; everything else the world may bring about. */
static bool is_clients_fault(const struct refusal *r)
{
    static const char *const codes[] = {"SignatureDoesNotMatch",
                                        "AccessDenied",
                                        "MissingContentLength",
                                        "InvalidPart",
                                        "InvalidPartOrder",
                                        "EntityTooSmall",
                                        "MalformedXML",
                                        "InvalidTag",
                                        "InvalidChunkSizeError",
                                        "IncompleteBody",
                                        "BadDigest",
                                        "InvalidRequest",
                                        "XAmzContentSHA256Mismatch",
                                        "BadRequest",
                                        "MalformedTrailerError",
                                        "KeyTooLongError",
                                        "InvalidArgument",
                                        "MethodNotAllowed",
                                        "InvalidStorageClass",
                                        "ValidationError",
                                        "NotImplemented"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(r->code, codes[i]) == 0) return true;
    return strcmp(r->code, "AuthorizationHeaderMalformed") == 0 &&
           strstr(r->message, "expecting") == NULL;
}

static void tell(struct cloud_connection *x, const char *what, unsigned status)
{
    struct cloud *c = x->cloud;
    if (!c->tells) return;
    blob_say(&c->story, "%8llu ms  %-10s %.*s %.*s  %s %u  body %zu\n",
             (unsigned long long)c->now_ms, cloud_operation_name(x->operation),
             (int)x->asked.method.len, (const char *)x->asked.method.at, (int)x->asked.target.len,
             (const char *)x->asked.target.at, what, status, x->body.plain.len);
}

static void send_answer(struct cloud_connection *x, struct answer *a)
{
    if (a->refusal.status != 0) {
        if (is_clients_fault(&a->refusal))
            cloud_violation(x->cloud, "%s %.*s: %s: %s", cloud_operation_name(x->operation),
                            (int)x->asked.target.len, (const char *)x->asked.target.at,
                            a->refusal.code, a->refusal.message);
        put_error(x, a);
    }
    tell(x, a->refusal.status != 0 ? a->refusal.code : "ok", a->status);
    put_answer(x, a);
    if (x->at != CLOUD_AT_REST) x->at = CLOUD_AT_ANSWER;
    blob_free(&a->headers);
    blob_free(&a->body);
    blob_free(&a->extra);
}

static void end_without_answer(struct cloud_connection *x, bool reset)
{
    tell(x, reset ? "reset" : "no answer", 0);
    x->at = CLOUD_AT_END;
    x->resets = reset;
}

/* ---- acting ---- */

static void act_by_service(struct cloud_connection *x, struct answer *a)
{
    switch (x->service) {
    case CLOUD_S3: s3_act(x, a); break;
    case CLOUD_STS: sts_act(x, a); break;
    case CLOUD_IMDS: imds_act(x, a); break;
    case CLOUD_CONTAINER: container_act(x, a); break;
    case CLOUD_ANY: control_act(x, a); break;
    }
}

static void turn_into_error(struct answer *a, unsigned status)
{
    blob_clear(&a->headers);
    a->status = 0;
    if (status == 503)
        refuse(&a->refusal, 503, "SlowDown", "Please reduce your request rate.");
    else
        refuse(&a->refusal, 500, "InternalError", "We encountered an internal error.");
    if (status == 200) a->status = 200;
}

static bool is_conditional(const struct cloud_connection *x)
{
    return asked_has_field(&x->asked, "if-none-match") &&
           (x->operation == CLOUD_PUT || x->operation == CLOUD_COMPLETE);
}

/* A fault that only some answers can have falls away elsewhere. */
static void fit_fault(struct cloud_connection *x)
{
    bool has_document = x->operation == CLOUD_CREATE || x->operation == CLOUD_COMPLETE ||
                        x->operation == CLOUD_LIST || x->service != CLOUD_S3;
    if (x->fault == CLOUD_CONFLICT && !is_conditional(x)) x->fault = CLOUD_GOOD;
    if ((x->fault == CLOUD_200_ERROR || x->fault == CLOUD_200_DONE || x->fault == CLOUD_SPACES) &&
        x->operation != CLOUD_COMPLETE)
        x->fault = CLOUD_GOOD;
    if (x->fault == CLOUD_EMPTY && !has_document) x->fault = CLOUD_GOOD;
}

/* True: there is no answer to be made by doing it. */
static bool fault_instead(struct cloud_connection *x, struct answer *a)
{
    fit_fault(x);
    if (x->fault == CLOUD_500)
        turn_into_error(a, 500);
    else if (x->fault == CLOUD_503)
        turn_into_error(a, 503);
    else if (x->fault == CLOUD_200_ERROR)
        turn_into_error(a, 200);
    else if (x->fault == CLOUD_EMPTY)
        a->status = 200;
    else if (x->fault == CLOUD_CONFLICT)
        refuse(&a->refusal, 409, "ConditionalRequestConflict", "A conflicting operation occurred.");
    else
        return false;
    return true;
}

static void spoil_checksum(struct answer *a)
{
    for (size_t i = 0; i + 16 < a->headers.len; i++)
        if (memcmp(a->headers.at + i, "x-amz-checksum-", 15) == 0 &&
            memcmp(a->headers.at + i, "x-amz-checksum-type", 19) != 0) {
            uint8_t *c = memchr(a->headers.at + i, ' ', a->headers.len - i);
            c[1] = c[1] == 'A' ? 'B' : 'A';
            return;
        }
}

/* After it was done: the answer may still suffer. */
static void send_done(struct cloud_connection *x, struct answer *a)
{
    bool good = a->refusal.status == 0;
    if (x->fault == CLOUD_LOST || x->fault == CLOUD_MUTE) {
        tell(x, "done, no answer", a->status);
        x->at = x->fault == CLOUD_LOST ? CLOUD_AT_END : CLOUD_AT_ANSWER;
        if (x->fault == CLOUD_MUTE) hold(x, UINT64_MAX);
        if (x->fault == CLOUD_MUTE) blob_say(&x->out, " ");
        x->resets = x->fault == CLOUD_LOST && cloud_roll(x->cloud, 2) == 0;
        blob_free(&a->headers);
        blob_free(&a->body);
        blob_free(&a->extra);
        return;
    }
    if (good && x->fault == CLOUD_500_DONE) turn_into_error(a, 500);
    if (good && x->fault == CLOUD_503_DONE) turn_into_error(a, 503);
    if (good && x->fault == CLOUD_200_DONE) turn_into_error(a, 200);
    if (x->fault == CLOUD_CHECKSUM) spoil_checksum(a);
    if (x->fault == CLOUD_CLOSE) x->closes = true;
    if (x->fault == CLOUD_SLOW) hold(x, x->cloud->now_ms + x->fault_value);
    size_t before = x->out.len;
    send_answer(x, a);
    if (x->fault == CLOUD_CUT) {
        size_t whole = x->out.len - before;
        size_t n =
            x->fault_value > 0 && x->fault_value < whole ? (size_t)x->fault_value : whole - 1;
        x->out.len = before + n;
        x->at = CLOUD_AT_END;
    }
}

static void act(struct cloud_connection *x)
{
    struct answer a = {.refusal = x->body.refusal, .headers = x->headers, .extra = x->extra};
    x->headers = x->extra = (struct blob){0};
    if (x->fault == CLOUD_DROP) {
        end_without_answer(x, false);
        return;
    }
    if (fault_instead(x, &a)) {
        send_answer(x, &a);
        return;
    }
    if (a.refusal.status == 0 && x->service == CLOUD_S3) auth_check_body(x, &a);
    if (a.refusal.status == 0) act_by_service(x, &a);
    send_done(x, &a);
}

/* ---- reading ---- */

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
    send_answer(x, a);
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
        end_without_answer(x, true);
        return;
    }
    if (x->service == CLOUD_S3) s3_check(x, &a);
    begin_body(x, &a);
    bool more = !body_is_over(&x->body);
    if (x->fault == CLOUD_EARLY && more) turn_into_error(&a, 503);
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
        if (x->at == CLOUD_AT_BODY && body_is_over(&x->body)) act(x);
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
