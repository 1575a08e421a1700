#include "talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    CONNECT_MS = 3100,
    LOOKUP_MS = 5000,
    SEND_MS = 20000,
    ANSWER_MS = 60000,
    SAY_ALONE_MS = 1000
};

/* Static, so that a process that dies (longjmp) loses nothing. */
static struct {
    int sock; /* -1: none */
    struct blob head, framed, came, canonical;
} talk;

void talk_begin(void)
{
    talk.sock = -1;
}

void talk_end(bool forgets_socket)
{
    if (!forgets_socket) port_close(talk.sock);
    talk.sock = -1;
    blob_free(&talk.head);
    blob_free(&talk.framed);
    blob_free(&talk.came);
    blob_free(&talk.canonical);
}

void talk_question_free(struct question *q)
{
    blob_free(&q->query);
    blob_free(&q->headers);
}

static void hang_up(void)
{
    port_close(talk.sock);
    talk.sock = -1;
}

static void wait_for(bool to_read, bool to_write, uint64_t until_ms)
{
    port_wait(&(struct port_want){talk.sock, to_read, to_write}, 1, until_ms);
}

/* ---- the way there ---- */

static void host_of(const struct world *w, char to[300])
{
    snprintf(to, 300, "%s%s%s", w->path_style ? "" : w->bucket, w->path_style ? "" : ".",
             w->endpoint_url + strlen("http://"));
}

static bool look_up(const char *host, struct port_lookup *q)
{
    uint64_t end_ms = port_now_ms() + LOOKUP_MS;
    port_lookup_begin(q, span_text(host), 80);
    long found;
    while ((found = port_lookup(q)) == PORT_WAIT && port_now_ms() < end_ms) {
        uint64_t until_ms = end_ms;
        struct port_want want = port_lookup_want(q, &until_ms);
        port_wait(&want, 1, until_ms);
    }
    port_lookup_end(q);
    return found > 0;
}

static bool connect_to(const struct port_address *a)
{
    uint64_t end_ms = port_now_ms() + CONNECT_MS;
    talk.sock = port_connect(a);
    if (talk.sock < 0) return false;
    long is = PORT_WAIT;
    while ((is = port_connected(talk.sock)) == PORT_WAIT && port_now_ms() < end_ms)
        wait_for(false, true, end_ms);
    if (is > 0) return true;
    hang_up();
    return false;
}

static bool reach(const struct world *w)
{
    char host[300];
    host_of(w, host);
    struct port_lookup q;
    if (talk.sock >= 0) return true;
    if (!look_up(host, &q)) return false;
    for (size_t i = 0; i < q.count; i++)
        if (connect_to(&q.found[i])) return true;
    return false;
}

/* ---- the question ---- */

static const char *payload_of(const struct question *q)
{
    switch (q->chunks) {
    case BODY_SIGNED: return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    case BODY_SIGNED_TRAILER: return "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    case BODY_UNSIGNED_TRAILER: return "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
    case BODY_PLAIN: break;
    }
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All fields of the head, sorted and in lower case. */
static void list_names(const struct asked *a, struct blob *to)
{
    char *names[HTTP1_FIELDS_MAX] = {0};
    for (size_t i = 0; i < a->field_count; i++) {
        names[i] = span_copy(a->fields[i].name);
        for (char *c = names[i]; *c != '\0'; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 32);
    }
    qsort(names, a->field_count, sizeof *names, compare_names);
    for (size_t i = 0; i < a->field_count; i++) {
        blob_say(to, "%s%s", i > 0 ? ";" : "", names[i]);
        free(names[i]);
    }
}

static void sign(const struct world *w, struct signature *s, const char *payload)
{
    struct asked a;
    struct blob head = {0}, names = {0};
    blob_put_span(&head, blob_span(&talk.head));
    blob_say(&head, "\r\n");
    const char *wrong = asked_read(&a, blob_span(&head));
    if (wrong != NULL) abort();
    list_names(&a, &names);
    *s = (struct signature){.date = span_of(s->time, 8),
                            .region = span_text(w->region),
                            .service = span_text("s3"),
                            .headers = blob_span(&names)};
    memcpy(s->time, asked_field(&a, "x-amz-date").at, 16);
    snprintf(s->scope, sizeof s->scope, "%.8s/%s/s3/aws4_request", s->time, w->region);
    signature_make(s, &a, w->account.secret, span_text(payload), true);
    blob_say(&talk.head,
             "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s\r\n",
             w->account.id, s->scope, blob_text(&names), s->last);
    blob_free(&head);
    blob_free(&names);
    asked_free(&a);
}

enum { CHUNK_BYTES = 8192, CHUNK_BYTES_TOO_SMALL = 8191 };

static void put_checksum(struct blob *to, const struct world *w, const struct question *q)
{
    size_t n = q->body.len - (w->canary == CANARY_CHECKSUM);
    hash_put(to, q->checksum, span_of(q->body.at, n));
}

static void frame(const struct world *w, const struct question *q, struct signature *s)
{
    size_t most = w->canary == CANARY_CHUNK ? CHUNK_BYTES_TOO_SMALL : CHUNK_BYTES;
    struct span rest = q->body;
    blob_clear(&talk.framed);
    bool is_signed = q->chunks != BODY_UNSIGNED_TRAILER;
    for (bool last = false; !last;) {
        struct span data = span_cut(&rest, span_min(rest, most));
        last = data.len == 0;
        uint8_t hash[32];
        sha256_of(data, hash);
        if (is_signed) signature_chunk(s, hash);
        blob_say(&talk.framed, "%zx%s%s\r\n", data.len, is_signed ? ";chunk-signature=" : "",
                 is_signed ? s->last : "");
        if (last) break;
        blob_put_span(&talk.framed, data);
        blob_say(&talk.framed, "\r\n");
    }
    if (q->chunks != BODY_SIGNED) {
        struct blob line = {0};
        blob_say(&line, "%s:", hash_header(q->checksum));
        put_checksum(&line, w, q);
        blob_put_span(&talk.framed, blob_span(&line));
        blob_say(&talk.framed, "\r\n");
        blob_say(&line, "\n");
        if (is_signed) {
            signature_trailer(s, blob_span(&line));
            blob_say(&talk.framed, "x-amz-trailer-signature:%s\r\n", s->last);
        }
        blob_free(&line);
    }
    blob_say(&talk.framed, "\r\n");
}

static size_t framed_length(const struct world *w, const struct question *q)
{
    struct signature nobody = {0};
    frame(w, q, &nobody); /* the same length with any signature: 64 letters */
    return talk.framed.len;
}

static void make(struct world *w, const struct question *q)
{
    char host[300], date[17];
    host_of(w, host);
    date_basic(date, port_utc_ms());
    struct blob *h = &talk.head, path = {0}, hash = {0};
    percent_put(&path, span_text(w->key), true);
    blob_clear(h);
    blob_say(h, "%s %s%s/%s%s%s HTTP/1.1\r\nHost: %s\r\nx-amz-date: %s\r\n", q->method,
             w->path_style ? "/" : "", w->path_style ? w->bucket : "", blob_text(&path),
             q->query.len > 0 ? "?" : "", "", host, date);
    if (q->query.len > 0) { /* behind the "?" */
        struct span line = blob_span(h);
        struct span first = span_until(&line, '?');
        struct blob whole = {0};
        blob_put_span(&whole, first);
        blob_say(&whole, "?");
        blob_put_span(&whole, blob_span(&q->query));
        blob_put_span(&whole, line);
        blob_free(h);
        *h = whole;
    }
    blob_put_span(h, blob_span(&q->headers));
    const char *payload = payload_of(q);
    if (payload == NULL) {
        sha256_hex(&hash, q->body);
        payload = blob_text(&hash);
        if (q->checksum != HASH_NONE) {
            blob_say(h, "%s: ", hash_header(q->checksum));
            put_checksum(h, w, q);
            blob_say(h, "\r\n");
        }
    } else {
        blob_say(h, "x-amz-decoded-content-length: %zu\r\nContent-Encoding: aws-chunked\r\n",
                 q->body.len);
        if (q->chunks != BODY_SIGNED)
            blob_say(h, "x-amz-trailer: %s\r\n", hash_header(q->checksum));
    }
    blob_say(h, "x-amz-content-sha256: %s\r\n", payload);
    if (w->account.token[0] != '\0') blob_say(h, "x-amz-security-token: %s\r\n", w->account.token);
    size_t length = q->chunks != BODY_PLAIN ? framed_length(w, q) : q->body.len;
    struct signature s;
    sign(w, &s, payload);
    if (w->canary == CANARY_UNSIGNED) blob_say(h, "x-amz-meta-late: yes\r\n");
    bool has_body = strcmp(q->method, "PUT") == 0 || strcmp(q->method, "POST") == 0;
    if (has_body) blob_say(h, "Content-Length: %zu\r\n", length);
    if (q->expects) blob_say(h, "Expect: 100-continue\r\n");
    blob_say(h, "\r\n");
    if (q->chunks != BODY_PLAIN) {
        frame(w, q, &s);
    } else {
        blob_clear(&talk.framed);
        blob_put_span(&talk.framed, q->body);
    }
    blob_free(&path);
    blob_free(&hash);
}

/* ---- the answer ---- */

struct span talk_header(const struct reply *r, const char *name)
{
    struct span rest = blob_span(&r->head);
    span_until(&rest, '\n');
    while (rest.len > 0) {
        struct span value = span_until(&rest, '\n');
        struct span field = span_until(&value, ':');
        if (!span_is_same_word(field, name)) continue;
        if (value.len > 0 && value.at[value.len - 1] == '\r') value.len--;
        return span_trim(value);
    }
    return span_of(NULL, 0);
}

enum progress { ANSWER_MORE, ANSWER_CONTINUE, ANSWER_WHOLE, ANSWER_BROKEN };

static enum progress read_chunks(struct span in, struct blob *to)
{
    blob_clear(to);
    for (;;) {
        char *end;
        if (memchr(in.at, '\n', in.len) == NULL) return ANSWER_MORE;
        size_t n = strtoul((const char *)in.at, &end, 16);
        if (*end != '\r') return ANSWER_BROKEN;
        span_until(&in, '\n');
        if (in.len < n + 2) return ANSWER_MORE;
        if (n == 0) return ANSWER_WHOLE;
        blob_put(to, in.at, n);
        span_cut(&in, n + 2);
    }
}

static enum progress read_answer(const struct question *q, struct reply *r)
{
    const char *text = blob_text(&talk.came);
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) return ANSWER_MORE;
    blob_clear(&r->head);
    size_t head = (size_t)(end - text) + 4;
    blob_put(&r->head, text, head - 2);
    if (sscanf(text, "HTTP/1.1 %u ", &r->status) != 1) return ANSWER_BROKEN;
    struct span rest = span_of(talk.came.at + head, talk.came.len - head);
    if (r->status == 100) {
        memmove(talk.came.at, rest.at, rest.len);
        talk.came.len = rest.len;
        r->status = 0;
        return ANSWER_CONTINUE;
    }
    if (strcmp(q->method, "HEAD") == 0 || r->status == 204) return ANSWER_WHOLE;
    if (span_is(talk_header(r, "transfer-encoding"), "chunked")) return read_chunks(rest, &r->body);
    uint64_t length;
    if (!span_number(talk_header(r, "content-length"), &length)) return ANSWER_BROKEN;
    if (rest.len < length) return ANSWER_MORE;
    blob_clear(&r->body);
    blob_put(&r->body, rest.at, length);
    return ANSWER_WHOLE;
}

/* What is there now. */
static enum progress hear(const struct question *q, struct reply *r, bool *came)
{
    uint8_t some[2048];
    long n = port_recv(talk.sock, some, sizeof some);
    *came = n > 0;
    if (n == PORT_WAIT) return ANSWER_MORE;
    if (n < 0) return ANSWER_BROKEN;
    blob_put(&talk.came, some, (size_t)n);
    return read_answer(q, r);
}

static bool exchange(struct world *w, const struct question *q, struct reply *r)
{
    struct span head = blob_span(&talk.head), body = blob_span(&talk.framed);
    uint64_t alone_ms = q->expects ? port_now_ms() + SAY_ALONE_MS : 0;
    uint64_t patience_ms = port_now_ms() + SEND_MS;
    blob_clear(&talk.came);
    for (;;) {
        bool came, all_said = head.len == 0 && body.len == 0;
        enum progress p = hear(q, r, &came);
        if (p == ANSWER_WHOLE) {
            if (!all_said || span_is_same_word(talk_header(r, "connection"), "close")) hang_up();
            return true;
        }
        if (p == ANSWER_BROKEN) return false;
        if (p == ANSWER_CONTINUE) alone_ms = 0;
        if (came) patience_ms = port_now_ms() + ANSWER_MS;
        struct span *say = head.len > 0 ? &head : &body;
        bool may_say = say->len > 0 && (say == &head || port_now_ms() >= alone_ms);
        long n = may_say ? port_send(talk.sock, *say) : PORT_WAIT;
        if (n == PORT_LOST) may_say = false; /* an answer may have come before the end */
        if (n > 0) span_cut(say, (size_t)n);
        if (n > 0) patience_ms = port_now_ms() + (head.len + body.len > 0 ? SEND_MS : ANSWER_MS);
        if (n > 0 || came) continue;
        if (n == PORT_LOST && p == ANSWER_MORE && !came) return false;
        if (w->canary == CANARY_BUSY && q->body.len > 0) continue;
        if (port_now_ms() >= patience_ms) return false;
        bool waits = say->len > 0 && !may_say;
        wait_for(true, may_say, waits && alone_ms < patience_ms ? alone_ms : patience_ms);
    }
}

void talk_ask(struct world *w, struct question *q, struct reply *r)
{
    r->status = 0;
    blob_clear(&r->head);
    blob_clear(&r->body);
    for (;;) {
        bool reused = talk.sock >= 0;
        if (!reach(w)) return;
        make(w, q);
        if (exchange(w, q, r)) return;
        r->status = 0;
        hang_up();
        if (!reused || talk.came.len > 0) return; /* an old connection that was gone: once more */
    }
}
