/* Responses typed by hand from RFC 9112 and RFC 9110 (sections in the tables), each read whole, byte by byte and
 * cut at random. */
#include "cut.h"

#include "text/http_response.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the reader ---- */

static void init_get(void *state)
{
    http_response_init(state, false);
}

static void init_head(void *state)
{
    http_response_init(state, true);
}

static const char *whether(bool so, const char *word)
{
    return so ? word : "";
}

static void say_fault(struct http_response *r, struct cut_log *log)
{
    /* It stays. */
    struct span more = span_text("HTTP/1.1 200 OK\r\n\r\n");
    assert_int_equal(http_response_next(r, &more), RESPONSE_FAULT);
    assert_int_equal(http_response_finish(r, true), RESPONSE_FAULT);
    assert_int_equal(more.len, strlen("HTTP/1.1 200 OK\r\n\r\n"));
    assert_false(r->keep_alive);
    cut_say(log, "FAULT %s@%llu %.*s", fault_name(r->fault.kind), (unsigned long long)r->fault.at,
            (int)r->fault.len, r->fault.text);
}

static void say_end(struct http_response *r, struct cut_log *log)
{
    struct span more = span_text("HTTP/1.1 500 OK\r\n\r\n");
    assert_int_equal(http_response_next(r, &more), RESPONSE_END);
    assert_int_equal(http_response_finish(r, false), RESPONSE_END);
    assert_int_equal(more.len, strlen("HTTP/1.1 500 OK\r\n\r\n"));
    cut_say(log, "END@%llu%s", (unsigned long long)r->offset, whether(r->keep_alive, " keep"));
}

/* Long values are made of one letter. */
static enum cut_answer say_long(const struct http_response *r, struct cut_log *log)
{
    for (size_t i = 0; i < r->value.len; i++)
        assert_int_equal(r->value.at[i], 'x');
    cut_say(log, "%.*s[%zu x]", (int)r->name.len, r->name.at, r->value.len);
    return CUT_MORE;
}

static enum cut_answer next(void *state, struct span *in, struct cut_log *log)
{
    struct http_response *r = state;
    switch (http_response_next(r, in)) {
    case RESPONSE_NEED: return CUT_NEED;
    case RESPONSE_CONTINUE: cut_say(log, "%u", r->status); return CUT_MORE;
    case RESPONSE_HEADER:
        if (r->value.len > 100) return say_long(r, log);
        cut_say(log, "%.*s[%.*s]", (int)r->name.len, r->name.at, (int)r->value.len, r->value.at);
        return CUT_MORE;
    case RESPONSE_HEAD:
        cut_say(log, "HEAD %u%s%s", r->status, whether(r->keep_alive, " keep"),
                whether(r->to_close, " to-close"));
        return CUT_MORE;
    case RESPONSE_BODY:
        assert_true(r->body.len > 0);
        cut_payload(log, r->body);
        return CUT_MORE;
    case RESPONSE_END: say_end(r, log); return CUT_OVER;
    case RESPONSE_FAULT: say_fault(r, log); return CUT_OVER;
    }
    return CUT_OVER;
}

static enum cut_answer end_as(struct http_response *r, bool clean, struct cut_log *log)
{
    if (http_response_finish(r, clean) == RESPONSE_END)
        say_end(r, log);
    else
        say_fault(r, log);
    return CUT_OVER;
}

static enum cut_answer end_clean(void *state, struct cut_log *log)
{
    return end_as(state, true, log);
}

static enum cut_answer end_broken(void *state, struct cut_log *log)
{
    return end_as(state, false, log);
}

static const struct cut_reader get_reads = {sizeof(struct http_response), init_get, next,
                                            end_clean};
static const struct cut_reader head_reads = {sizeof(struct http_response), init_head, next,
                                             end_clean};
static const struct cut_reader broken_reads = {sizeof(struct http_response), init_get, next,
                                               end_broken};

struct framing {
    const char *answer, *log;
};

/* An END in the log is completed to the byte where it must be: before the `rest`, which is nobody's. */
static void check(const struct cut_reader *reads, const char *answer, const char *rest,
                  const char *log)
{
    const char *const end = strstr(log, "END");
    char input[512], expected[512];
    snprintf(input, sizeof input, "%s%s", answer, rest);
    snprintf(expected, sizeof expected, "%.*sEND@%zu%s", (int)(end != NULL ? end - log : 0), log,
             strlen(answer), end != NULL ? end + 3 : "");
    cut_check(reads, span_text(input), end != NULL ? expected : log);
}

static void check_all(const struct cut_reader *reads, const struct framing *f, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(reads, f[i].answer, "", f[i].log);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKED_HEAD "transfer-encoding[chunked] HEAD 200 keep "

/* ---- legal ---- */

static const struct framing legal[] = {
    /* RFC 9112 section 4: status lines; the reason phrase may be empty, absent, or of any words */
    {OK "Content-Length: 0\r\n\r\n", "content-length[0] HEAD 200 keep END keep"},
    {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "content-length[0] HEAD 200 keep END keep"},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "content-length[0] HEAD 200 keep END keep"},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
     "content-length[0] HEAD 404 keep END keep"},
    {"HTTP/1.1 503 Slow\tDown \xC3\xA4 \r\nContent-Length: 0\r\n\r\n",
     "content-length[0] HEAD 503 keep END keep"},
    {"HTTP/1.1 599 HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "content-length[0] HEAD 599 keep END keep"},
    /* RFC 9110 section 15: statuses nobody knows are x00 of their class; that is the caller's */
    {"HTTP/1.1 299 ?\r\nContent-Length: 0\r\n\r\n", "content-length[0] HEAD 299 keep END keep"},
    {"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx",
     "content-length[1] HEAD 206 keep =78 END keep"},
    /* RFC 9112 section 6.2: Content-Length */
    {OK "Content-Length: 5\r\n\r\nhello", "content-length[5] HEAD 200 keep =68656c6c6f END keep"},
    {OK "content-length:5\r\n\r\nhello", "content-length[5] HEAD 200 keep =68656c6c6f END keep"},
    {OK "Content-Length: 1\r\n\r\n\r", "content-length[1] HEAD 200 keep =0d END keep"},
    {OK "CONTENT-LENGTH: \t 005 \t \r\n\r\nhello",
     "content-length[005] HEAD 200 keep =68656c6c6f END keep"},
    /* RFC 9112 section 5: headers */
    {OK "A:b\r\nContent-Length: 0\r\n\r\n", "a[b] content-length[0] HEAD 200 keep END keep"},
    {OK "ETag: \"9b2cf5\"\r\nX-Amz-Request-Id:  4442587FB7D0A2F9\t\r\nContent-Length: 0\r\n\r\n",
     "etag[\"9b2cf5\"] x-amz-request-id[4442587FB7D0A2F9] content-length[0] HEAD 200 keep END "
     "keep"},
    {OK "Empty:\r\nBlank: \t \r\nContent-Length: 0\r\n\r\n",
     "empty[] blank[] content-length[0] HEAD 200 keep END keep"},
    {OK "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n",
     "set-cookie[a=b] set-cookie[c=d] content-length[0] HEAD 200 keep END keep"},
    {OK "!#$%&'*+-.^_`|~09aZ: v\r\nContent-Length: 0\r\n\r\n",
     "!#$%&'*+-.^_`|~09az[v] content-length[0] HEAD 200 keep END keep"},
    {OK "x: a:b, c;d=\"e\\\"\"\tf \xFF\r\nContent-Length: 0\r\n\r\n",
     "x[a:b, c;d=\"e\\\"\"\tf \xFF] content-length[0] HEAD 200 keep END keep"},
    {OK "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1F\x8B",
     "content-encoding[gzip] content-length[2] HEAD 200 keep =1f8b END keep"},
    {OK "Upgrade: h2c\r\nContent-Length: 0\r\n\r\n",
     "upgrade[h2c] content-length[0] HEAD 200 keep END keep"},
    {OK "Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx",
     "connection[upgrade] upgrade[h2c] content-length[1] HEAD 200 keep =78 END keep"},
    {OK "Content-Lengths: 7\r\nTransfer-Encodings: gzip\r\nContent-Length: 0\r\n\r\n",
     "content-lengths[7] transfer-encodings[gzip] content-length[0] HEAD 200 keep END keep"},
    /* RFC 9112 section 9.3 and 9.6: may the connection be kept? */
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "content-length[1] HEAD 200 =78 END"},
    {OK "Connection: close\r\nContent-Length: 1\r\n\r\nx",
     "connection[close] content-length[1] HEAD 200 =78 END"},
    {OK "Connection: CLOSE\t\r\nContent-Length: 0\r\n\r\n",
     "connection[CLOSE] content-length[0] HEAD 200 END"},
    {OK "Connection: foo,\t close ,bar\r\nContent-Length: 0\r\n\r\n",
     "connection[foo,\t close ,bar] content-length[0] HEAD 200 END"},
    {OK "Connection: keep-alive\r\nContent-Length: 0\r\n\r\n",
     "connection[keep-alive] content-length[0] HEAD 200 keep END keep"},
    {OK "Connection: keep-alive\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
     "connection[keep-alive] connection[close] content-length[0] HEAD 200 END"},
    {OK "Connection: closed\r\nContent-Length: 0\r\n\r\n",
     "connection[closed] content-length[0] HEAD 200 keep END keep"},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
     "connection[keep-alive] content-length[1] HEAD 200 =78 END"},
    /* RFC 9112 section 6.3: statuses without a body, whatever the headers say */
    {"HTTP/1.1 204 No Content\r\n\r\n", "HEAD 204 keep END keep"},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
     "content-length[0] HEAD 204 keep END keep"},
    {"HTTP/1.1 304 Not Modified\r\n\r\n", "HEAD 304 keep END keep"},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
     "content-length[5] HEAD 304 keep END keep"},
    {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
     "transfer-encoding[chunked] HEAD 304 keep END keep"},
    /* RFC 9110 section 15.2: 1xx, as many as come; their headers are nobody's */
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "100 HEAD 204 keep END keep"},
    {"HTTP/1.0 100 C\r\n\r\nHTTP/1.1 204 N\r\n\r\n", "100 HEAD 204 keep END keep"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 C\r\n\r\n" OK
     "Content-Length: 1\r\n\r\nx",
     "103 100 content-length[1] HEAD 200 keep =78 END keep"},
    {"HTTP/1.1 104 Resumption\r\nContent-Length: 0\r\n\r\nHTTP/1.1 199 Q\r\n\r\n" OK
     "Content-Length: 0\r\n\r\n",
     "104 199 content-length[0] HEAD 200 keep END keep"},
    {"HTTP/1.1 100 C\r\nConnection: close\r\n\r\nHTTP/1.1 204 N\r\n\r\n",
     "100 HEAD 204 keep END keep"},
    /* RFC 9112 section 7.1: chunked */
    {CHUNKED "0\r\n\r\n", CHUNKED_HEAD "END keep"},
    {CHUNKED "5\r\nhello\r\n0\r\n\r\n", CHUNKED_HEAD "=68656c6c6f END keep"},
    {CHUNKED "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", CHUNKED_HEAD "=6162636465 END keep"},
    {CHUNKED "A\r\n0123456789\r\n0a\r\n0123456789\r\n000\r\n\r\n",
     CHUNKED_HEAD "=3031323334353637383930313233343536373839 END keep"},
    {CHUNKED "2\r\n\r\n\r\n0\r\n\r\n", CHUNKED_HEAD "=0d0a END keep"},
    {CHUNKED "1;a\r\nx\r\n1;b=c;d=\"e \\\" f\"\r\ny\r\n0;z\r\n\r\n", CHUNKED_HEAD "=7879 END keep"},
    {OK "transfer-encoding:CHUNKED \r\n\r\n1\r\nx\r\n0\r\n\r\n",
     "transfer-encoding[CHUNKED] HEAD 200 keep =78 END keep"},
    /* RFC 9112 section 7.1.2: trailers */
    {CHUNKED "1\r\nx\r\n0\r\nX-Amz-Checksum-Crc32:  abc \r\nB:\r\n\r\n",
     CHUNKED_HEAD "=78 x-amz-checksum-crc32[abc] b[] END keep"},
    {CHUNKED "0\r\nConnection: close\r\n\r\n", CHUNKED_HEAD "connection[close] END"},
    {OK "Trailer: A\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\nA: b\r\n\r\n",
     "trailer[A] transfer-encoding[chunked] connection[close] HEAD 200 a[b] END"},
    /* RFC 9112 section 6.3, the last case: to the connection's end */
    {OK "\r\n", "HEAD 200 to-close END"},
    {OK "\r\nhello", "HEAD 200 to-close =68656c6c6f END"},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "connection[keep-alive] HEAD 200 to-close =485454502f312e3120323030204f4b0d0a0d0a END"},
};

static void legal_framings(void **state)
{
    (void)state;
    check_all(&get_reads, legal, sizeof legal / sizeof *legal);
}

static void bytes_behind_the_end(void **state)
{
    (void)state;
    const struct cut_reader *const reads = &get_reads;
    check(reads, OK "Content-Length: 3\r\n\r\nabc", "HTTP/1.1 500 No\r\n\r\n",
          "content-length[3] HEAD 200 keep =616263 END keep");
    check(reads, OK "Content-Length: 0\r\n\r\n", "\r\n\r\n",
          "content-length[0] HEAD 200 keep END keep");
    check(reads, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "hello",
          "content-length[5] HEAD 204 END");
    check(reads, "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n",
          "transfer-encoding[chunked] HEAD 204 END");
    check(reads, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", OK "\r\n",
          "content-length[5] HEAD 304 keep END keep");
    check(reads, CHUNKED "1\r\nx\r\n0\r\n\r\n", OK "\r\n", CHUNKED_HEAD "=78 END keep");
    check(reads, CHUNKED "1\r\nx\r\n0\r\n\r\n", "\r\n", CHUNKED_HEAD "=78 END keep");
    check(&head_reads, OK "Content-Length: 5\r\n\r\n", "hello",
          "content-length[5] HEAD 200 keep END keep");
}

static void answers_to_head(void **state)
{
    (void)state;
    static const struct framing answers[] = {
        {OK "Content-Length: 5\r\n\r\n", "content-length[5] HEAD 200 keep END keep"},
        {OK "Content-Length: 18446744073709551615\r\n\r\n",
         "content-length[18446744073709551615] HEAD 200 keep END keep"},
        {CHUNKED, CHUNKED_HEAD "END keep"},
        {OK "\r\n", "HEAD 200 keep END keep"},
        {"HTTP/1.1 100 C\r\n\r\n" OK "\r\n", "100 HEAD 200 keep END keep"},
        {"HTTP/1.1 404 N\r\nConnection: close\r\n\r\n", "connection[close] HEAD 404 END"},
        {OK "Content-Length: x\r\n\r\n",
         "FAULT malformed input@33 the answer breaks RFC 9112: Invalid character in "
         "Content-Length"},
        {OK "Transfer-Encoding: gzip\r\n\r\n",
         "FAULT unsupported input@42 the answer has a transfer coding other than chunked"},
    };
    check_all(&head_reads, answers, sizeof answers / sizeof *answers);
}

/* ---- illegal ---- */

#define L0 "Content-Length: 0\r\n\r\n"
#define MALFORMED "FAULT malformed input@"
#define BREAKS " the answer breaks RFC 9112: "

static const struct framing illegal[] = {
    /* not HTTP/1 */
    {"\r\nHTTP/1.1 200 OK\r\n" L0, MALFORMED "0 this does not begin an answer in HTTP/1"},
    {" HTTP/1.1 200 OK\r\n" L0, MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"<html>no</html>", MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"RTSP/1.0 200 OK\r\n" L0, MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"ICE/1.0 200 OK\r\n" L0, MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"\x15\x03\x03", MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"http/1.1 200 OK\r\n" L0, MALFORMED "0 this does not begin an answer in HTTP/1"},
    {"HTTP 200 OK\r\n" L0, MALFORMED "4" BREAKS "Expected HTTP/, RTSP/ or ICE/"},
    {"HTTPS/1.1 200 OK\r\n" L0, MALFORMED "4" BREAKS "Expected HTTP/, RTSP/ or ICE/"},
    /* RFC 9112 section 4 and 2.3 */
    {"HTTP/2.0 200 OK\r\n" L0,
     "FAULT unsupported input@8 the answer is neither HTTP/1.1 nor HTTP/1.0"},
    {"HTTP/0.9 200 OK\r\n" L0,
     "FAULT unsupported input@8 the answer is neither HTTP/1.1 nor HTTP/1.0"},
    {"HTTP/1.2 200 OK\r\n" L0, MALFORMED "8" BREAKS "Invalid HTTP version"},
    {"HTTP/1.10 200 OK\r\n" L0, MALFORMED "8" BREAKS "Expected space after version"},
    {"HTTP/11 200 OK\r\n" L0, MALFORMED "6" BREAKS "Expected dot"},
    {"HTTP/1.1\r\n" L0, MALFORMED "8" BREAKS "Expected space after version"},
    {"HTTP/1.1 \r\n" L0, MALFORMED "9" BREAKS "Invalid status code"},
    {"HTTP/1.1  200 OK\r\n" L0, MALFORMED "9" BREAKS "Invalid status code"},
    {"HTTP/1.1\t200 OK\r\n" L0, MALFORMED "8" BREAKS "Expected space after version"},
    {"HTTP/1.1 20 OK\r\n" L0, MALFORMED "11" BREAKS "Invalid status code"},
    {"HTTP/1.1 2000 OK\r\n" L0, MALFORMED "12" BREAKS "Invalid response status"},
    {"HTTP/1.1 2x0 OK\r\n" L0, MALFORMED "10" BREAKS "Invalid status code"},
    {"HTTP/1.1 -20 OK\r\n" L0, MALFORMED "9" BREAKS "Invalid status code"},
    {"HTTP/1.1 200OK\r\n" L0, MALFORMED "12" BREAKS "Invalid response status"},
    {"HTTP/1.1 099 OK\r\n" L0, MALFORMED "17 the answer's status is not within 100 and 599"},
    {"HTTP/1.1 600 OK\r\n" L0, MALFORMED "17 the answer's status is not within 100 and 599"},
    {"HTTP/1.1 999 OK\r\n" L0, MALFORMED "17 the answer's status is not within 100 and 599"},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n",
     MALFORMED "34 the answer changes the protocol, which nobody asked for"},
    {"HTTP/1.1 200 O\x01K\r\n" L0, MALFORMED "14 a control byte stands in a line of the answer"},
    {"HTTP/1.1 200 OK\n" L0, MALFORMED "16" BREAKS "Missing expected CR after response line"},
    {"HTTP/1.1 200 OK\rX: y\r\n" L0, MALFORMED "16" BREAKS "Expected LF after CR"},
    /* RFC 9112 section 5 */
    {OK " a: b\r\n" L0, MALFORMED "18" BREAKS "Unexpected space after start line"},
    {OK "\ta: b\r\n" L0, MALFORMED "17" BREAKS "Invalid header token"},
    {OK "a : b\r\n" L0, MALFORMED "18" BREAKS "Invalid header token"},
    {OK "a\t: b\r\n" L0, MALFORMED "18" BREAKS "Invalid header token"},
    {OK ": b\r\n" L0, MALFORMED "17" BREAKS "Invalid header token"},
    {OK "a b: c\r\n" L0, MALFORMED "18" BREAKS "Invalid header token"},
    {OK "a\r\n" L0, MALFORMED "18" BREAKS "Invalid header token"},
    {OK "a(: b\r\n" L0, MALFORMED "18" BREAKS "Invalid header token"},
    {OK "\xC3\xA4: b\r\n" L0, MALFORMED "17" BREAKS "Invalid header token"},
    {OK "a: b\r\n c\r\n" L0, MALFORMED "23" BREAKS "Unexpected whitespace after header value"},
    {OK "a: b\r\n\tc\r\n" L0, MALFORMED "23" BREAKS "Unexpected whitespace after header value"},
    {OK "a:\r\n c\r\n" L0, MALFORMED "22" BREAKS "Invalid header value char"},
    {OK "a: b\n" L0, MALFORMED "21" BREAKS "Missing expected CR after header value"},
    {OK "a: b\rc: d\r\n" L0, MALFORMED "22" BREAKS "Missing expected LF after header value"},
    {OK "a: b\r\r\n" L0, MALFORMED "22" BREAKS "Missing expected LF after header value"},
    {OK "a: b\x01"
        "c\r\n" L0,
     MALFORMED "21 a control byte stands in a line of the answer"},
    {OK "a: b\x7F\r\n" L0, MALFORMED "21 a control byte stands in a line of the answer"},
    {OK "a: \x1B[2J\r\n" L0, MALFORMED "20 a control byte stands in a line of the answer"},
    {OK "Content-Length: 0\r\n\n",
     "content-length[0] " MALFORMED "37" BREAKS "Invalid header field char"},
    {OK "Content-Length: 0\r\n\rx",
     "content-length[0] " MALFORMED "37" BREAKS "Expected LF after headers"},
    /* RFC 9112 section 6.2 and 6.3: Content-Length */
    {OK "Content-Length:\r\n\r\n", MALFORMED "34" BREAKS "Empty Content-Length"},
    {OK "Content-Length: +1\r\n\r\nx", MALFORMED "33" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: -1\r\n\r\nx", MALFORMED "33" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 0x1\r\n\r\nx",
     MALFORMED "34" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 1.0\r\n\r\nx",
     MALFORMED "34" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 1 1\r\n\r\nx",
     MALFORMED "35" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 1, 1\r\n\r\nx",
     MALFORMED "34" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 1,2\r\n\r\nx",
     MALFORMED "34" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 1e0\r\n\r\nx",
     MALFORMED "34" BREAKS "Invalid character in Content-Length"},
    {OK "Content-Length: 18446744073709551616\r\n\r\nx",
     MALFORMED "53" BREAKS "Content-Length overflow"},
    {OK "Content-Length: 99999999999999999999999\r\n\r\nx",
     MALFORMED "53" BREAKS "Content-Length overflow"},
    {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
     "content-length[1] " MALFORMED "52" BREAKS "Duplicate Content-Length"},
    {OK "Content-Length: 1\r\ncontent-length: 1\r\n\r\nx",
     "content-length[1] " MALFORMED "52" BREAKS "Duplicate Content-Length"},
    {"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\nhello" OK L0,
     MALFORMED "37 the answer has a body where its status has none"},
    {"HTTP/1.1 103 C\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" OK L0,
     MALFORMED "46 the answer has a body where its status has none"},
    /* RFC 9112 section 6.1: Transfer-Encoding */
    {OK "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
     "transfer-encoding[chunked] " MALFORMED "60" BREAKS
     "Content-Length can't be present with Transfer-Encoding"},
    {OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "content-length[5] " MALFORMED "54" BREAKS
     "Transfer-Encoding can't be present with Content-Length"},
    {OK "Transfer-Encoding: gzip\r\n\r\n",
     "FAULT unsupported input@42 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@51 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@51 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@54 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "transfer-encoding[chunked] " MALFORMED "73 the answer has two Transfer-Encodings"},
    {OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@42 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: identity\r\n\r\n",
     "FAULT unsupported input@46 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@46 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@46 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@49 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@47 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
     "FAULT unsupported input@46 the answer has a transfer coding other than chunked"},
    {OK "Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
     "transfer-encoding[chunked] FAULT unsupported input@48 the answer has a transfer coding other "
     "than chunked"},
    {OK "Transfer-Encoding:\r\n\r\n0\r\n\r\n", MALFORMED "37" BREAKS "Empty Transfer-Encoding"},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     MALFORMED "45 the answer is HTTP/1.0 and has a Transfer-Encoding"},
    /* RFC 9112 section 7.1 */
    {CHUNKED "\r\n\r\n", CHUNKED_HEAD MALFORMED "47" BREAKS "Invalid character in chunk size"},
    {CHUNKED "x\r\n", CHUNKED_HEAD MALFORMED "47" BREAKS "Invalid character in chunk size"},
    {CHUNKED "0x1\r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "48" BREAKS "Invalid character in chunk size"},
    {CHUNKED "-1\r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "47" BREAKS "Invalid character in chunk size"},
    {CHUNKED " 1\r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "47" BREAKS "Invalid character in chunk size"},
    {CHUNKED "1 \r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "49" BREAKS "Invalid character in chunk size"},
    {CHUNKED "1\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "49" BREAKS "Missing expected CR after chunk size"},
    {CHUNKED "1\rx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "49" BREAKS "Expected LF after chunk size"},
    {CHUNKED "1\r\nxy\r\n0\r\n\r\n",
     CHUNKED_HEAD "=78 " MALFORMED "51" BREAKS "Expected LF after chunk data"},
    {CHUNKED "1\r\nx\n0\r\n\r\n",
     CHUNKED_HEAD "=78 " MALFORMED "52" BREAKS "Missing expected CR after chunk data"},
    {CHUNKED "1\r\nx0\r\n\r\n",
     CHUNKED_HEAD "=78 " MALFORMED "51" BREAKS "Expected LF after chunk data"},
    {CHUNKED "1\r\nx\r0\r\n\r\n",
     CHUNKED_HEAD "=78 " MALFORMED "52" BREAKS "Expected LF after chunk data"},
    {CHUNKED "1;\x01\r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "49 a control byte stands in a line of the answer"},
    {CHUNKED "1;a=\"b\r\nx\r\n0\r\n\r\n",
     CHUNKED_HEAD MALFORMED "54" BREAKS "Invalid character in chunk extensions quoted value"},
    {CHUNKED "10000000000000000\r\nx", CHUNKED_HEAD MALFORMED "64" BREAKS "Chunk size overflow"},
    {CHUNKED "FFFFFFFFFFFFFFFFF\r\nx", CHUNKED_HEAD MALFORMED "64" BREAKS "Chunk size overflow"},
    {CHUNKED "0\r\nContent-Length: 1\r\n\r\n",
     CHUNKED_HEAD MALFORMED "65" BREAKS "Content-Length can't be present with Transfer-Encoding"},
    {CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n",
     CHUNKED_HEAD MALFORMED "78 the answer's trailer has a Transfer-Encoding"},
    {CHUNKED "0\r\na: b\r\n c\r\n\r\n",
     CHUNKED_HEAD MALFORMED "56" BREAKS "Unexpected whitespace after header value"},
    {CHUNKED "0\r\nno colon\r\n\r\n", CHUNKED_HEAD MALFORMED "52" BREAKS "Invalid header token"},
    {CHUNKED "0\r\na: \x02\r\n\r\n",
     CHUNKED_HEAD MALFORMED "53 a control byte stands in a line of the answer"},
    {CHUNKED "0\r\n\n", CHUNKED_HEAD MALFORMED "51" BREAKS "Invalid header field char"},
    /* cut off by the connection's end */
    {"", "FAULT truncated input@0 the connection ended before an answer came"},
    {"H", "FAULT truncated input@1 the connection ended within the answer's headers"},
    {OK, "FAULT truncated input@17 the connection ended within the answer's headers"},
    {OK "Content-Length: 5\r\n",
     "FAULT truncated input@36 the connection ended within the answer's headers"},
    {OK "Content-Length: 5\r\n\r",
     "content-length[5] FAULT truncated input@37 the connection ended within the answer's headers"},
    {OK "Content-Length: 5\r\n\r\n", "content-length[5] HEAD 200 keep FAULT truncated input@38 the "
                                     "connection ended within the answer's body"},
    {OK "Content-Length: 5\r\n\r\nhell",
     "content-length[5] HEAD 200 keep =68656c6c FAULT truncated input@42 the connection ended "
     "within the answer's body"},
    {CHUNKED,
     CHUNKED_HEAD "FAULT truncated input@47 the connection ended within the answer's body"},
    {CHUNKED "1\r\nx",
     CHUNKED_HEAD "=78 FAULT truncated input@51 the connection ended within the answer's body"},
    {CHUNKED "1\r\nx\r\n",
     CHUNKED_HEAD "=78 FAULT truncated input@53 the connection ended within the answer's body"},
    {CHUNKED "1\r\nx\r\n0\r\n",
     CHUNKED_HEAD "=78 FAULT truncated input@56 the connection ended within the answer's body"},
    {CHUNKED "1\r\nx\r\n0\r\n\r",
     CHUNKED_HEAD "=78 FAULT truncated input@57 the connection ended within the answer's body"},
    {CHUNKED "0\r\na: b\r\n",
     CHUNKED_HEAD "FAULT truncated input@56 the connection ended within the answer's body"},
    {"HTTP/1.1 100 Continue\r\n\r\n",
     "100 FAULT truncated input@25 the connection ended before an answer came"},
};

static void illegal_framings(void **state)
{
    (void)state;
    check_all(&get_reads, illegal, sizeof illegal / sizeof *illegal);
}

/* A NUL ends no C string here. */
static void nul_bytes(void **state)
{
    (void)state;
    static const char *const words = "a control byte stands in a line of the answer";
    static const char answer[] = OK "ab: cd\r\nContent-Length: 3\r\n\r\na\0b";
    char expected[256];
    cut_check(&get_reads, span_of(answer, sizeof answer - 1),
              "ab[cd] content-length[3] HEAD 200 keep =610062 END@49 keep");
    for (size_t at = 9; at < sizeof answer - 4; at++) {
        char copy[sizeof answer];
        memcpy(copy, answer, sizeof copy);
        copy[at] = '\0';
        snprintf(expected, sizeof expected, "%sFAULT malformed input@%zu %s",
                 at < 26   ? "" /* a header is told when its line is known not to go on */
                 : at < 45 ? "ab[cd] "
                           : "ab[cd] content-length[3] ",
                 at, words);
        cut_check(&get_reads, span_of(copy, sizeof copy - 1), expected);
    }
}

static void broken_connections(void **state)
{
    (void)state;
    static const struct framing answers[] = {
        {OK "\r\nhello", "HEAD 200 to-close =68656c6c6f FAULT truncated input@24 the connection "
                         "broke off, and only its end says where the answer ends"},
        {OK "\r\n", "HEAD 200 to-close FAULT truncated input@19 the connection "
                    "broke off, and only its end says where the answer ends"},
        {OK "Content-Length: 1\r\n\r\nx", "content-length[1] HEAD 200 keep =78 END keep"},
        {"", "FAULT truncated input@0 the connection ended before an answer came"},
    };
    check_all(&broken_reads, answers, sizeof answers / sizeof *answers);
}

/* ---- limits ---- */

static char text[2 * RESPONSE_HEAD_BYTES_MAX];
static size_t text_len;

static void put(const char *words, size_t times)
{
    const size_t len = strlen(words);
    for (; times > 0; times--) {
        assert_true(text_len + len <= sizeof text);
        memcpy(text + text_len, words, len);
        text_len += len;
    }
}

static void start(const char *words)
{
    text_len = 0;
    put(words, 1);
}

static void check_built(const char *expected)
{
    cut_check(&get_reads, span_of(text, text_len), expected);
}

static void long_lines_are_passed_over(void **state)
{
    (void)state;
    static char expected[8192];
    /* As long as may be: name and value together. */
    start(OK "P: ");
    put("x", RESPONSE_LINE_BYTES_MAX - 1);
    put("\r\n" L0, 1);
    snprintf(expected, sizeof expected, "p[%d x] content-length[0] HEAD 200 keep END@%zu keep",
             RESPONSE_LINE_BYTES_MAX - 1, text_len);
    check_built(expected);
    /* One more, also if it is a blank: never a part of it. */
    for (unsigned blank = 0; blank < 2; blank++) {
        start(OK "A: b\r\nContent-Security-Policy: ");
        put("x", RESPONSE_LINE_BYTES_MAX - 23 - blank);
        put(blank ? "x " : "x", 1);
        put("\r\nC: d\r\n" L0, 1);
        snprintf(expected, sizeof expected,
                 "a[b] c[d] content-length[0] HEAD 200 keep END@%zu keep", text_len);
        check_built(expected);
    }
    /* A name alone. */
    start(OK);
    put("n", RESPONSE_LINE_BYTES_MAX + 7);
    put(": v\r\n" L0, 1);
    snprintf(expected, sizeof expected, "content-length[0] HEAD 200 keep END@%zu keep", text_len);
    check_built(expected);

    struct http_response r;
    http_response_init(&r, false);
    struct span in = span_of(text, text_len);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_HEADER);
    assert_int_equal(r.passed_over, 1);
    assert_int_equal(r.header_count, 2);
}

static void long_lines_that_frame(void **state)
{
    (void)state;
    static const char *const lines[] = {"Transfer-Encoding: chunked", "Content-Length: 1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        start(OK);
        put(lines[i], 1);
        put(" ", RESPONSE_LINE_BYTES_MAX);
        put("\r\n", 1);
        char expected[256];
        snprintf(expected, sizeof expected,
                 "FAULT input beyond a limit@%zu a header that frames the answer is longer than "
                 "%d bytes (RESPONSE_LINE_BYTES_MAX)",
                 text_len, RESPONSE_LINE_BYTES_MAX);
        put("\r\n0\r\n\r\n", 1);
        check_built(expected);
    }
}

/* It is not told, and heard all the same. */
static void a_long_line_that_closes(void **state)
{
    (void)state;
    start(OK "Connection:");
    put(" x,", RESPONSE_LINE_BYTES_MAX);
    put("close\r\n" L0, 1);
    char expected[256];
    snprintf(expected, sizeof expected, "content-length[0] HEAD 200 END@%zu", text_len);
    check_built(expected);
}

static void as_many_headers_as_may_be(void **state)
{
    (void)state;
    static char expected[4096];
    for (unsigned extra = 0; extra < 2; extra++) {
        start(OK);
        put("a:b\r\n", RESPONSE_HEADERS_MAX - 1 + extra);
        put(L0, 1);
        size_t len = 0;
        for (unsigned i = 0; i < RESPONSE_HEADERS_MAX - 1 + extra; i++)
            len += (size_t)sprintf(expected + len, "a[b] ");
        if (extra == 0)
            sprintf(expected + len, "content-length[0] HEAD 200 keep END@%zu keep", text_len);
        else
            sprintf(expected + len,
                    "FAULT input beyond a limit@%zu the answer has more than 100 headers "
                    "(RESPONSE_HEADERS_MAX)",
                    text_len - 2);
        check_built(expected);
    }
}

/* Interim answers for ever. */
static void the_head_is_bounded(void **state)
{
    (void)state;
    static char expected[65536];
    const char *const interim = "HTTP/1.1 100 Continue\r\n\r\n";
    for (unsigned extra = 0; extra < 2; extra++) {
        start("");
        put(interim, RESPONSE_HEAD_BYTES_MAX / strlen(interim) - 10);
        size_t len = 0;
        for (unsigned i = 0; i < RESPONSE_HEAD_BYTES_MAX / strlen(interim) - 10; i++)
            len += (size_t)sprintf(expected + len, "100 ");
        put(OK "a: ", 1);
        const size_t value_len = RESPONSE_HEAD_BYTES_MAX + extra - text_len - strlen("\r\n" L0);
        put("x", value_len);
        put("\r\n" L0, 1);
        sprintf(expected + len,
                extra == 0 ? "a[%zu x] content-length[0] HEAD 200 keep END@32768 keep"
                           : "a[%zu x] content-length[0] FAULT input beyond a limit@32768 the "
                             "answer's headers have more than 32768 bytes "
                             "(RESPONSE_HEAD_BYTES_MAX)",
                value_len);
        check_built(expected);
    }
}

static void trailers_are_bounded(void **state)
{
    (void)state;
    start(CHUNKED "0\r\n");
    for (unsigned i = 0; i < 20; i++) {
        put("a: ", 1);
        put("x", 2000);
        put("\r\n", 1);
    }
    put("\r\n", 1);
    struct cut_log log = cut_read(&get_reads, span_of(text, text_len), 100, 1);
    assert_non_null(strstr(log.text, " FAULT input beyond a limit@32771 the answer's headers"));
    cut_same(&get_reads, span_of(text, text_len));
}

static void chunk_lines_are_bounded(void **state)
{
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        start(CHUNKED "1;a\r\nx\r\n");
        put("0", RESPONSE_CHUNK_LINE_BYTES_MAX - 3 + extra);
        put("1\r\nx\r\n0\r\n\r\n", 1);
        check_built(extra == 0 ? CHUNKED_HEAD "=7878 END@319 keep"
                               : CHUNKED_HEAD "=78 FAULT input beyond a limit@311 a chunk's size "
                                              "and extensions have more than 256 bytes "
                                              "(RESPONSE_CHUNK_LINE_BYTES_MAX)");
        start(CHUNKED "1;a=");
        put("b", RESPONSE_CHUNK_LINE_BYTES_MAX - 6 + extra);
        put("\r\nx\r\n0\r\n\r\n", 1);
        check_built(extra == 0 ? CHUNKED_HEAD "=78 END@311 keep"
                               : CHUNKED_HEAD "FAULT input beyond a limit@303 a chunk's size "
                                              "and extensions have more than 256 bytes "
                                              "(RESPONSE_CHUNK_LINE_BYTES_MAX)");
    }
}

static void many_chunks_are_not(void **state)
{
    (void)state;
    start(CHUNKED);
    put("2\r\nab\r\n", 6000);
    put("0\r\n\r\n", 1);
    assert_true(text_len > RESPONSE_HEAD_BYTES_MAX);
    struct cut_log log = cut_read(&get_reads, span_of(text, text_len), 1000, 1);
    assert_non_null(strstr(log.text, "61626162 END@42052 keep"));
    cut_same(&get_reads, span_of(text, text_len));
}

/* What is behind the end stays in the span. */
static void the_rest_is_left(void **state)
{
    (void)state;
    struct http_response r;
    http_response_init(&r, false);
    struct span in = span_text(OK "Content-Length: 2\r\n\r\nabHTTP/1.1 200 OK\r\n\r\n");
    assert_int_equal(http_response_next(&r, &in), RESPONSE_HEADER);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_HEAD);
    assert_int_equal(r.status, 200);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_BODY);
    assert_true(span_is(r.body, "ab"));
    assert_int_equal(http_response_next(&r, &in), RESPONSE_END);
    assert_true(span_is(in, OK "\r\n"));
    assert_int_equal(http_response_next(&r, &in), RESPONSE_END);
    assert_true(span_is(in, OK "\r\n"));
    assert_int_equal(r.status, 200);
    assert_int_equal(r.offset, 40);
}

/* A body is seen where it lies, and nothing is eaten behind an event before it is told. */
static void bodies_are_views(void **state)
{
    (void)state;
    const char *const answer = CHUNKED "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";
    struct http_response r;
    http_response_init(&r, false);
    struct span in = span_text(answer);
    while (http_response_next(&r, &in) != RESPONSE_HEAD) {
    }
    assert_ptr_equal(in.at, (const uint8_t *)answer + 47);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_BODY);
    assert_ptr_equal(r.body.at, (const uint8_t *)answer + 50);
    assert_int_equal(r.body.len, 3);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_BODY);
    assert_ptr_equal(r.body.at, (const uint8_t *)answer + 58);
    assert_int_equal(r.body.len, 4);
    assert_int_equal(http_response_next(&r, &in), RESPONSE_END);
    assert_int_equal(in.len, 0);
}

static void empty_spans(void **state)
{
    (void)state;
    struct http_response r;
    http_response_init(&r, false);
    for (const char *c = OK "Content-Length: 2\r\n\r\na"; *c != '\0'; c++) {
        struct span none = {NULL, 0};
        struct span one = span_of(c, 1);
        enum response_event event;
        do {
            event = http_response_next(&r, &one);
            assert_int_not_equal(event, RESPONSE_FAULT);
        } while (event != RESPONSE_NEED);
        assert_int_equal(http_response_next(&r, &none), RESPONSE_NEED);
        assert_int_equal(http_response_next(&r, &none), RESPONSE_NEED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_framings),
        cmocka_unit_test(bytes_behind_the_end),
        cmocka_unit_test(answers_to_head),
        cmocka_unit_test(illegal_framings),
        cmocka_unit_test(nul_bytes),
        cmocka_unit_test(broken_connections),
        cmocka_unit_test(long_lines_are_passed_over),
        cmocka_unit_test(long_lines_that_frame),
        cmocka_unit_test(a_long_line_that_closes),
        cmocka_unit_test(as_many_headers_as_may_be),
        cmocka_unit_test(the_head_is_bounded),
        cmocka_unit_test(trailers_are_bounded),
        cmocka_unit_test(chunk_lines_are_bounded),
        cmocka_unit_test(many_chunks_are_not),
        cmocka_unit_test(the_rest_is_left),
        cmocka_unit_test(bodies_are_views),
        cmocka_unit_test(empty_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
