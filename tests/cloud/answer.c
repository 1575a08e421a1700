/* answer.c - what is answered: done or not, with the fault that was picked. */
#include "inside.h"

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

void answer_send(struct cloud_connection *x, struct answer *a)
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

void answer_none(struct cloud_connection *x, bool reset)
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

void answer_spoil(struct answer *a, unsigned status)
{
    blob_clear(&a->headers);
    blob_clear(&a->extra);
    a->status = 0;
    a->refusal = (struct refusal){0}; /* what it would have said instead, and where the bucket is */
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
        answer_spoil(a, 500);
    else if (x->fault == CLOUD_503)
        answer_spoil(a, 503);
    else if (x->fault == CLOUD_200_ERROR)
        answer_spoil(a, 200);
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
    if (good && x->fault == CLOUD_500_DONE) answer_spoil(a, 500);
    if (good && x->fault == CLOUD_503_DONE) answer_spoil(a, 503);
    if (good && x->fault == CLOUD_200_DONE) answer_spoil(a, 200);
    if (x->fault == CLOUD_CHECKSUM) spoil_checksum(a);
    if (x->fault == CLOUD_CLOSE) x->closes = true;
    if (x->fault == CLOUD_SLOW) hold(x, x->cloud->now_ms + x->fault_value);
    size_t before = x->out.len;
    answer_send(x, a);
    if (x->fault == CLOUD_CUT) {
        size_t whole = x->out.len - before;
        size_t n =
            x->fault_value > 0 && x->fault_value < whole ? (size_t)x->fault_value : whole - 1;
        x->out.len = before + n;
        x->at = CLOUD_AT_END;
    }
}

void question_act(struct cloud_connection *x)
{
    if (x->fault == CLOUD_DROP) {
        answer_none(x, false);
        return;
    }
    struct answer a = {.refusal = x->body.refusal, .headers = x->headers, .extra = x->extra};
    x->headers = x->extra = (struct blob){0};
    if (fault_instead(x, &a)) {
        answer_send(x, &a);
        return;
    }
    if (a.refusal.status == 0 && x->service == CLOUD_S3) auth_check_body(x, &a);
    if (a.refusal.status == 0) act_by_service(x, &a);
    send_done(x, &a);
}
