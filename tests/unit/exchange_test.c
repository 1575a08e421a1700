/* Connections and exchanges on sockets with a script (fake_port.h). The loop calls only when what is wanted has come or
 * the time has: a wake-up that is lost shows as an hour that passed, or as a sleep without end. */
#include <stdio.h>

#include "fake_port.h"
#include "net/exchange.h"

enum { HEARD_BYTES = 1 << 18 };

/* ---- TLS, made of one byte: "H" shakes hands, "F" is a certificate that nobody trusts ---- */

static unsigned tls_begun, tls_closed;

bool tls_begin(struct tls *t, const struct tls_trust *trust, struct span host, uint16_t port,
               int sock)
{
    (void)trust;
    (void)host;
    (void)port;
    tls_begun++;
    t->at = TLS_SHAKING;
    t->sock = sock;
    t->fault.kind = FAULT_NONE;
    return true;
}

static long tls_lose(struct tls *t, const char *text)
{
    t->at = TLS_LOST;
    fault_set(&t->fault, FAULT_TLS, FAULT_NOWHERE, text);
    return PORT_LOST;
}

long tls_recv(struct tls *t, uint8_t *to, size_t room)
{
    long got = port_recv(t->sock, to, room);
    if (got == PORT_WAIT) t->want = (struct port_want){t->sock, true, false};
    if (got == PORT_LOST) return tls_lose(t, "the connection was reset");
    return got;
}

long tls_handshake(struct tls *t)
{
    uint8_t byte;
    long got = tls_recv(t, &byte, 1);
    if (got == PORT_WAIT) return got;
    if (got != 1) return tls_lose(t, "it hung up during the handshake");
    if (byte == 'F') return tls_lose(t, "nobody trusts it");
    assert_int_equal(byte, 'H');
    t->at = TLS_OPEN;
    return 1;
}

long tls_send(struct tls *t, struct span from)
{
    long sent = port_send(t->sock, from);
    if (sent == PORT_WAIT) t->want = (struct port_want){t->sock, false, true};
    if (sent == PORT_LOST) return tls_lose(t, "the connection broke");
    return sent;
}

void tls_close(struct tls *t)
{
    if (t->at != TLS_CLOSED) tls_closed++;
    t->at = TLS_CLOSED;
}

/* ---- one exchange ---- */

#define HEAD "PUT /a HTTP/1.1\r\nHost: h\r\n\r\n"
enum { HEAD_LEN = sizeof HEAD - 1 };

static struct connection connection;
static struct exchange exchange;
static const struct tls_trust trust;
static const struct endpoint plain = {.port = 80, .host_len = 4, .host = "host"};
static const struct endpoint secure = {.tls = true, .port = 443, .host_len = 4, .host = "host"};

static struct {
    enum exchange_event end;
    unsigned status, heads, calls_after_end;
    size_t headers_len, body_len, said, say_events;
    uint64_t ms;
    char headers[4096];
    uint8_t body[HEARD_BYTES];
} got;

static struct {
    struct span body;
    bool is_head, expects;
    uint64_t patience_ms;
    size_t say_most;  /* bytes of the body offered at once; 0: all */
    uint64_t slow_ms; /* the body's next bytes take so long to come by */
} ask;

static void note_header(void)
{
    const struct http_response *r = &exchange.response;
    int n = snprintf(got.headers + got.headers_len, sizeof got.headers - got.headers_len,
                     "%.*s: %.*s\n", (int)r->name.len, (const char *)r->name.at, (int)r->value.len,
                     (const char *)r->value.at);
    got.headers_len += (size_t)n;
    assert_true(got.headers_len < sizeof got.headers);
}

static void say_body(void)
{
    const size_t left = ask.body.len - got.said;
    assert_true(left > 0);
    got.say_events++;
    fake.now_ms += ask.slow_ms;
    const size_t most = ask.say_most > 0 && ask.say_most < left ? ask.say_most : left;
    uint8_t *block = cut_copy(span_of(ask.body.at + got.said, most));
    struct span piece = span_of(block, most);
    exchange_say(&exchange, &piece, fake.now_ms);
    got.said += most - piece.len;
    free(block);
}

static void wait(void)
{
    uint64_t until = UINT64_MAX;
    struct port_want want = exchange_want(&exchange, &until);
    fake_sleep(want, until);
}

static void go_on(void)
{
    for (;;) {
        enum exchange_event event = exchange_next(&exchange, fake.now_ms);
        switch (event) {
        case EXCHANGE_WAIT: wait(); break;
        case EXCHANGE_SAY: say_body(); break;
        case EXCHANGE_HEADER: note_header(); break;
        case EXCHANGE_HEAD:
            got.heads++;
            got.status = exchange.response.status;
            break;
        case EXCHANGE_BODY:
            assert_true(got.body_len + exchange.response.body.len <= sizeof got.body);
            memcpy(got.body + got.body_len, exchange.response.body.at, exchange.response.body.len);
            got.body_len += exchange.response.body.len;
            break;
        case EXCHANGE_OVER:
        case EXCHANGE_LOST:
            got.end = event;
            for (int i = 0; i < 2; i++)
                assert_int_equal(exchange_next(&exchange, fake.now_ms), event);
            return;
        }
    }
}

/* One question to `to`; the connection stays as exchange_end leaves it. */
static void talk(const struct endpoint *to)
{
    const uint64_t began = fake.now_ms;
    memset(&got, 0, offsetof(__typeof__(got), body));
    uint8_t *head = cut_copy(span_text(HEAD));
    struct question q = {.head = span_of(head, HEAD_LEN),
                         .body_bytes = ask.body.len,
                         .is_head = ask.is_head,
                         .expects_continue = ask.expects,
                         .patience_ms = ask.patience_ms};
    connection_begin(&connection, to, fake.now_ms);
    exchange_begin(&exchange, &connection, &q, fake.now_ms);
    go_on();
    if (got.end == EXCHANGE_LOST) {
        assert_int_not_equal(exchange.fault.kind, FAULT_NONE);
        assert_true(exchange.fault.len > 10);
    }
    exchange_end(&exchange);
    exchange_end(&exchange);
    free(head);
    got.ms = fake.now_ms - began;
}

static void begin(uint32_t seed)
{
    fake_begin(seed);
    memset(&ask, 0, sizeof ask);
    memset(&connection, 0xA5, sizeof connection);
    connection_init(&connection, &trust);
    tls_begun = tls_closed = 0;
}

/* Nothing is left open. */
static void end(void)
{
    connection_close(&connection);
    connection_close(&connection);
    assert_int_equal(fake.opened, fake.closed);
    assert_int_equal(fake.lookups, fake.lookups_ended);
    assert_int_equal(tls_begun, tls_closed);
    fake_end();
}

static void check_heard(size_t at, const char *head, struct span body)
{
    const struct fake_socket *s = &fake.sockets[at];
    assert_int_equal(s->heard_len, strlen(head) + body.len);
    assert_memory_equal(s->heard, head, strlen(head));
    if (body.len > 0) assert_memory_equal(s->heard + strlen(head), body.at, body.len);
}

static void check_over(unsigned status, const char *headers, const char *body)
{
    if (got.end != EXCHANGE_OVER)
        fail_msg("lost: %.*s", (int)exchange.fault.len, exchange.fault.text);
    assert_int_equal(got.status, status);
    assert_int_equal(got.heads, 1);
    if (headers != NULL) assert_string_equal(got.headers, headers);
    assert_int_equal(got.body_len, strlen(body));
    assert_memory_equal(got.body, body, got.body_len);
}

static void check_lost(enum fault_kind kind, const char *words)
{
    assert_int_equal(got.end, EXCHANGE_LOST);
    char text[FAULT_TEXT_BYTES + 1] = "";
    memcpy(text, exchange.fault.text, exchange.fault.len);
    if (strstr(text, words) == NULL) fail_msg("\"%s\" does not say \"%s\"", text, words);
    assert_int_equal(exchange.fault.kind, kind);
}

#define SCRIPT(...)                                                                                \
    (const struct fake_step[])                                                                     \
    {                                                                                              \
        __VA_ARGS__,                                                                               \
        {                                                                                          \
            FAKE_STOP, 0, NULL                                                                     \
        }                                                                                          \
    }
#define HEARS(n)                                                                                   \
    {                                                                                              \
        FAKE_HEAR, (n), NULL                                                                       \
    }
#define SAYS(text)                                                                                 \
    {                                                                                              \
        FAKE_SAY, 0, (text)                                                                        \
    }
#define AFTER(ms)                                                                                  \
    {                                                                                              \
        FAKE_AFTER, (ms), NULL                                                                     \
    }
#define ENDS                                                                                       \
    {                                                                                              \
        FAKE_END, 0, NULL                                                                          \
    }
#define RESETS                                                                                     \
    {                                                                                              \
        FAKE_RESET, 0, NULL                                                                        \
    }
#define DEAF                                                                                       \
    {                                                                                              \
        FAKE_DEAF, 0, NULL                                                                         \
    }
#define WINDOW(n)                                                                                  \
    {                                                                                              \
        FAKE_WINDOW, (n), NULL                                                                     \
    }

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: \"x\"\r\n\r\nok"
#define OK_HEADERS "content-length: 2\netag: \"x\"\n"

/* Whole, byte by byte, in pieces, and refused at any time. */
static const struct {
    size_t piece;
    unsigned percent;
} ways[] = {{0, 0}, {1, 0}, {1, 60}, {3, 30}, {7, 0}, {50, 50}, {2000, 10}};
enum { WAYS = sizeof ways / sizeof *ways };

static void begin_way(size_t way)
{
    begin((uint32_t)(17 + way));
    fake.piece = ways[way].piece;
    fake.refuse_percent = ways[way].percent;
}

/* ---- answers ---- */

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        bool is_head, ends, is_kept;
        const char *headers, *body;
    } rows[] = {
        {OK, false, false, true, OK_HEADERS, "ok"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n",
         false, false, true, "transfer-encoding: chunked\n", "abcd"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n",
         false, false, true, "transfer-encoding: chunked\nx-t: 1\n", "a"},
        {"HTTP/1.1 200 OK\r\n\r\nto the end", false, true, false, "", "to the end"},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nz", false, false, false,
         "content-length: 1\n", "z"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, false, true, "content-length: 5\n",
         ""},
        {"HTTP/1.1 204 No Content\r\n\r\n", false, false, true, "", ""},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK, false, false, true, OK_HEADERS, "ok"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
        for (size_t way = 0; way < WAYS; way++) {
            begin_way(way);
            const struct fake_step script[] = {HEARS(HEAD_LEN),
                                               SAYS(rows[row].said),
                                               {rows[row].ends ? FAKE_END : FAKE_STOP, 0, 0},
                                               {0, 0, 0}};
            fake.scripts[0] = script;
            ask.is_head = rows[row].is_head;
            talk(&plain);
            const char *status = strstr(rows[row].said, " 204") != NULL ? "204" : "200";
            check_over((unsigned)atoi(status), rows[row].headers, rows[row].body);
            check_heard(0, HEAD, span_of(NULL, 0));
            assert_int_equal(got.say_events, 0);
            assert_int_equal(connection.at == CONNECTION_OPEN, rows[row].is_kept);
            end();
        }
}

/* Cut after every byte: never OVER, and words. `how`: END, or a reset. */
static void cuts(const char *said, size_t least, bool to_close, enum fake_kind how)
{
    for (size_t at = 0; at < strlen(said); at++) {
        begin((uint32_t)at + 1);
        fake.piece = at % 3 == 0 ? 0 : at % 7;
        const struct fake_step script[] = {
            HEARS(HEAD_LEN), {FAKE_SAY_BYTES, at, said}, {how, 0, NULL}, {0, 0, NULL}};
        fake.scripts[0] = script;
        talk(&plain);
        if (to_close && how == FAKE_END && at >= least) {
            assert_int_equal(got.end, EXCHANGE_OVER);
            assert_int_equal(got.body_len, at - least);
        } else {
            assert_int_equal(got.end, EXCHANGE_LOST);
            assert_false(exchange.stale);
        }
        assert_int_equal(got.ms, 0);
        assert_int_equal(connection.at, CONNECTION_CLOSED);
        end();
    }
}

static void every_cut(void **state)
{
    (void)state;
    static const char open[] = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nsome bytes";
    for (int i = 0; i < 2; i++) {
        enum fake_kind how = i == 0 ? FAKE_END : FAKE_RESET;
        cuts(OK, 0, false, how);
        cuts("HTTP/1.1 100 Continue\r\n\r\n" OK, 0, false, how);
        cuts("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
             0, false, how);
        cuts("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", 0,
             false, how);
        cuts(open, (size_t)(strstr(open, "\r\n\r\n") + 4 - open), true, how);
    }
    /* The same to its end, by a reset: of a body that only the end bounds. */
    begin(1);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(open), RESETS);
    talk(&plain);
    check_lost(FAULT_NETWORK, "broke off");
    end();
}

static void nonsense(void **state)
{
    (void)state;
    static const char *const said[] = {"SSH-2.0-OpenSSH_9\r\n", "HTTP/2 200\r\n\r\n",
                                       "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                                       "\r\nHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 20"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        begin(3);
        fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(said[i]), ENDS);
        talk(&plain);
        assert_int_equal(got.end, EXCHANGE_LOST);
        end();
    }
}

/* ---- bodies ---- */

static uint8_t sound[100000];

static void bodies(void **state)
{
    (void)state;
    static const size_t most[] = {0, 1, 1000, 70000};
    static const size_t lens[] = {1, 2000, sizeof sound};
    for (size_t len = 0; len < 3; len++)
        for (size_t m = 0; m < 4; m++)
            for (size_t way = 0; way < WAYS; way++) {
                if (lens[len] > 2000 &&
                    (most[m] == 1 || (ways[way].piece > 0 && ways[way].piece < 50)))
                    continue;
                begin_way(way);
                ask.body = span_of(sound, lens[len]);
                ask.say_most = most[m];
                fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN + lens[len]), SAYS(OK));
                talk(&plain);
                check_over(200, OK_HEADERS, "ok");
                check_heard(0, HEAD, ask.body);
                assert_int_equal(connection.at, CONNECTION_OPEN);
                end();
            }
}

static void a_slow_window(void **state)
{
    (void)state;
    begin(5);
    ask.body = span_of(sound, 5000);
    fake.scripts[0] =
        SCRIPT(WINDOW(10), AFTER(15000), WINDOW(11), AFTER(15000), WINDOW(1000), AFTER(19000),
               WINDOW(1001), AFTER(19900), WINDOW(UINT64_MAX), HEARS(HEAD_LEN + 5000), AFTER(59000),
               SAYS("HTTP/1.1 200 OK\r\n"), AFTER(59000), SAYS("Content-Length: 1\r\n\r\n"),
               AFTER(59000), SAYS("!"));
    talk(&plain);
    check_over(200, "content-length: 1\n", "!");
    check_heard(0, HEAD, ask.body);
    assert_int_equal(got.ms, 15000 + 15000 + 19000 + 19900 + 3 * 59000);
    end();
}

/* ---- Expect: 100-continue ---- */

static void expecting(const struct fake_step *script)
{
    begin(6);
    fake.scripts[0] = script;
    ask.expects = true;
    ask.body = span_of(sound, 3000);
    talk(&plain);
}

static void continuing(void **state)
{
    (void)state;
    /* It comes. */
    expecting(SCRIPT(HEARS(HEAD_LEN), AFTER(700), SAYS("HTTP/1.1 100 Continue\r\n\r\n"),
                     HEARS(HEAD_LEN + 3000), SAYS(OK)));
    check_over(200, OK_HEADERS, "ok");
    check_heard(0, HEAD, ask.body);
    assert_int_equal(got.ms, 700);
    end();
    /* It does not come: a second, and then the body all the same. */
    expecting(SCRIPT(HEARS(HEAD_LEN + 3000), SAYS(OK)));
    check_over(200, OK_HEADERS, "ok");
    check_heard(0, HEAD, ask.body);
    assert_int_equal(got.ms, CONTINUE_PATIENCE_MS);
    end();
    /* It comes late, in the middle of the body, in pieces. */
    expecting(SCRIPT(HEARS(HEAD_LEN), WINDOW(HEAD_LEN + 10), AFTER(1500), SAYS("HTTP/1.1 100 "),
                     AFTER(100), SAYS("Continue\r\n\r\n"), WINDOW(UINT64_MAX),
                     HEARS(HEAD_LEN + 3000), SAYS(OK)));
    check_over(200, OK_HEADERS, "ok");
    check_heard(0, HEAD, ask.body);
    end();
    /* The final status comes instead: no byte of the body is said. */
    expecting(
        SCRIPT(HEARS(HEAD_LEN), AFTER(10), SAYS("HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n")));
    check_over(412, "content-length: 0\n", "");
    check_heard(0, HEAD, span_of(NULL, 0));
    assert_int_equal(connection.at, CONNECTION_CLOSED); /* it may wait for the body all the same */
    end();
    /* It hangs up instead. */
    expecting(SCRIPT(HEARS(HEAD_LEN), ENDS));
    check_lost(FAULT_NETWORK, "without an answer");
    end();
    expecting(SCRIPT(HEARS(HEAD_LEN), RESETS));
    check_lost(FAULT_NETWORK, "broke");
    end();
    /* It hangs up behind the word. */
    expecting(SCRIPT(HEARS(HEAD_LEN), SAYS("HTTP/1.1 100 Continue\r\n\r\n"), ENDS));
    check_lost(FAULT_NETWORK, "before an answer");
    end();
    /* Nothing to say: nothing to wait for. */
    begin(7);
    ask.expects = true;
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(got.ms, 0);
    end();
}

/* ---- answers that come before the question is over ---- */

#define BUSY "HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nbusy"

static void early(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        begin_way(way);
        ask.body = span_of(sound, 50000);
        ask.say_most = 500;
        fake.scripts[0] = SCRIPT(WINDOW(HEAD_LEN + 700), HEARS(HEAD_LEN + 700), SAYS(BUSY));
        talk(&plain);
        check_over(503, "content-length: 4\n", "busy");
        assert_true(got.said < 50000);
        assert_true(exchange.body_left > 0);
        assert_int_equal(connection.at, CONNECTION_CLOSED);
        end();
    }
    /* Half of it, then the rest: the body is said meanwhile. */
    begin(8);
    ask.body = span_of(sound, 5000);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS("HTTP/1.1 503 Slow"), HEARS(HEAD_LEN + 5000),
                             SAYS(" Down\r\nContent-Length: 4\r\n\r\nbusy"));
    talk(&plain);
    check_over(503, "content-length: 4\n", "busy");
    check_heard(0, HEAD, ask.body);
    end();
}

static void last_words(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        begin_way(way);
        fake.refuse_percent = 0; /* what waits to be read is read at once */
        ask.body = span_of(sound, 5000);
        ask.say_most = 100;
        fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN + 300), DEAF, SAYS(BUSY));
        talk(&plain);
        check_over(503, "content-length: 4\n", "busy");
        assert_int_equal(connection.at, CONNECTION_CLOSED);
        end();
        /* Even while the head is being said. */
        begin_way(way);
        fake.refuse_percent = 0;
        fake.scripts[0] = SCRIPT(WINDOW(3), HEARS(3), AFTER(5), SAYS(BUSY), DEAF);
        talk(&plain);
        check_over(503, "content-length: 4\n", "busy");
        end();
    }
    /* Nothing was said: it is lost at once, not after a minute. */
    begin(9);
    ask.body = span_of(sound, 5000);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), DEAF);
    talk(&plain);
    check_lost(FAULT_NETWORK, "broke");
    assert_int_equal(got.ms, 0);
    end();
    /* Words that only the end bounds: after a send that failed the end means nothing. */
    begin(9);
    ask.body = span_of(sound, 5000);
    fake.scripts[0] =
        SCRIPT(HEARS(HEAD_LEN + 1), DEAF, SAYS("HTTP/1.1 503 Slow\r\n\r\nbusy, but th"), ENDS);
    fake.piece = 1;
    talk(&plain);
    check_lost(FAULT_NETWORK, "broke");
    end();
}

/* ---- reuse ---- */

static void reuse(void **state)
{
    (void)state;
    begin(10);
    fake.scripts[0] =
        SCRIPT(HEARS(HEAD_LEN), SAYS(OK), HEARS(2 * HEAD_LEN),
               SAYS("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), HEARS(3 * HEAD_LEN),
               SAYS("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
    fake.scripts[1] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    fake.scripts[2] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    talk(&plain);
    check_over(404, "content-length: 0\n", "");
    assert_int_equal(fake.opened, 1);
    talk(&plain);
    check_over(200, "connection: close\ncontent-length: 0\n", "");
    assert_int_equal(connection.at, CONNECTION_CLOSED);
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(fake.opened, 2);
    /* Elsewhere: another socket. */
    static const struct endpoint others[] = {{.port = 81, .host_len = 4, .host = "host"},
                                             {.port = 81, .host_len = 4, .host = "hosu"},
                                             {.port = 81, .host_len = 3, .host = "hos"}};
    for (size_t i = 0; i < 3; i++) {
        fake.scripts[2 + i] = fake.scripts[1];
        talk(&others[i]);
        check_over(200, OK_HEADERS, "ok");
        assert_int_equal(fake.opened, 3 + i);
    }
    end();
}

static void not_reused(void **state)
{
    (void)state;
    /* Leftovers in the same read; and such that come before the next question: they are nobody's answer. */
    for (int late = 0; late < 2; late++) {
        begin(11);
        fake.scripts[0] =
            late ? SCRIPT(HEARS(HEAD_LEN), SAYS(OK), AFTER(5), SAYS("HTTP/1.1 200 OK\r\n\r\nfalse"),
                          ENDS)
                 : SCRIPT(HEARS(HEAD_LEN), SAYS(OK "HTTP/1.1 200 OK\r\n\r\nfalse"), ENDS);
        fake.scripts[1] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
        talk(&plain);
        check_over(200, OK_HEADERS, "ok");
        fake.now_ms += 10;
        talk(&plain);
        check_over(200, OK_HEADERS, "ok");
        assert_int_equal(fake.opened, 2);
        end();
    }
    /* The same, and nothing comes behind it: the socket itself looks fit. */
    begin(11);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK "HTTP/1.1 2"), HEARS(2 * HEAD_LEN), SAYS(OK));
    fake.scripts[1] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    talk(&plain);
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(fake.opened, 2);
    end();
    /* Closed before the next question: seen before a byte of it is said. */
    for (int reset = 0; reset < 2; reset++) {
        begin(11);
        fake.scripts[0] =
            SCRIPT(HEARS(HEAD_LEN), SAYS(OK), AFTER(5), {reset ? FAKE_RESET : FAKE_END, 0, NULL});
        fake.scripts[1] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
        talk(&plain);
        fake.now_ms += 10;
        talk(&plain);
        check_over(200, OK_HEADERS, "ok");
        check_heard(0, HEAD, span_of(NULL, 0));
        assert_int_equal(fake.opened, 2);
        end();
    }
}

static void stale(void **state)
{
    (void)state;
    static const struct {
        enum fake_kind how;
        uint64_t hears;
        const char *said;
        bool is_stale;
    } rows[] = {{FAKE_END, HEAD_LEN + 1, "", true},
                {FAKE_RESET, HEAD_LEN + 1, "", true},
                {FAKE_DEAF, HEAD_LEN + 1, "", true},
                {FAKE_END, 2 * HEAD_LEN, "", true},
                {FAKE_RESET, 2 * HEAD_LEN, "", true},
                {FAKE_END, 2 * HEAD_LEN, "HTTP/1.1 2", false},
                {FAKE_RESET, 2 * HEAD_LEN, "H", false},
                /* A server that is silent is not one that had hung up. */
                {FAKE_STOP, 2 * HEAD_LEN, "", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(12);
        fake.piece = rows[i].hears == HEAD_LEN + 1 ? 1 : 0;
        fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK), HEARS(rows[i].hears),
                                 SAYS(rows[i].said), {rows[i].how, 0, NULL});
        talk(&plain);
        assert_int_equal(got.end, EXCHANGE_OVER);
        assert_false(exchange.stale);
        talk(&plain);
        assert_int_equal(got.end, EXCHANGE_LOST);
        assert_int_equal(exchange.stale, rows[i].is_stale);
        assert_int_equal(connection.at, CONNECTION_CLOSED);
        end();
    }
    /* On a new connection nothing is stale. */
    begin(12);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), ENDS);
    talk(&plain);
    check_lost(FAULT_NETWORK, "without an answer");
    assert_false(exchange.stale);
    end();
}

/* ---- patience ---- */

static void patience(void **state)
{
    (void)state;
    /* No answer. */
    begin(13);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN));
    talk(&plain);
    check_lost(FAULT_NETWORK, "no answer came for 60 s");
    assert_int_equal(got.ms, ANSWER_PATIENCE_MS);
    end();
    /* Half an answer. */
    begin(13);
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), AFTER(50000),
                             SAYS("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    talk(&plain);
    check_lost(FAULT_NETWORK, "60 s");
    assert_int_equal(got.ms, 50000 + ANSWER_PATIENCE_MS);
    end();
    /* The body cannot be said. */
    begin(13);
    ask.body = span_of(sound, 1000);
    fake.scripts[0] = SCRIPT(WINDOW(HEAD_LEN + 5));
    talk(&plain);
    check_lost(FAULT_NETWORK, "no byte could be sent for 20 s");
    assert_int_equal(got.ms, SEND_PATIENCE_MS);
    end();
    /* Nor the head's second half. */
    begin(13);
    fake.scripts[0] = SCRIPT(WINDOW(5));
    talk(&plain);
    check_lost(FAULT_NETWORK, "no byte could be sent for 20 s");
    assert_int_equal(got.ms, SEND_PATIENCE_MS);
    end();
    /* In all: an answer that comes a byte at a time. */
    static struct fake_step drip[4000] = {HEARS(HEAD_LEN), SAYS("HTTP/1.1 200 OK\r\n\r\n")};
    for (size_t i = 2; i + 2 < 4000; i += 2) {
        drip[i] = (struct fake_step)AFTER(30000);
        drip[i + 1] = (struct fake_step)SAYS(".");
    }
    for (int own = 0; own < 2; own++) {
        begin(13);
        ask.patience_ms = own ? 100000 : 0;
        fake.scripts[0] = drip;
        talk(&plain);
        check_lost(FAULT_NETWORK, "too long");
        assert_int_equal(got.ms, own ? 100000 : EXCHANGE_PATIENCE_MS);
        end();
    }
    /* In all: a window that opens a byte at a time. */
    static struct fake_step slow[4000];
    for (size_t i = 0; i + 2 < 4000; i += 2) {
        slow[i] = (struct fake_step)WINDOW(HEAD_LEN + i / 2);
        slow[i + 1] = (struct fake_step)AFTER(15000);
    }
    begin(13);
    ask.body = span_of(sound, 50000);
    fake.scripts[0] = slow;
    talk(&plain);
    check_lost(FAULT_NETWORK, "too long");
    assert_int_equal(got.ms, EXCHANGE_PATIENCE_MS);
    end();
}

/* "Nobody needs to hurry": where our bytes take long, it is not the other side that fell silent. */
static void a_slow_speaker(void **state)
{
    (void)state;
    begin(14);
    ask.body = span_of(sound, 50);
    ask.say_most = 10;
    ask.slow_ms = 25000;
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN + 50), SAYS(OK));
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(got.ms, 5 * 25000);
    end();
    /* But in all it counts. */
    begin(14);
    ask.body = span_of(sound, 50);
    ask.say_most = 10;
    ask.slow_ms = 25000;
    ask.patience_ms = 60000;
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN + 50), SAYS(OK));
    talk(&plain);
    check_lost(FAULT_NETWORK, "too long");
    end();
}

/* ---- the way there ---- */

static void lookups(void **state)
{
    (void)state;
    begin(15);
    fake.lookup_ms = 4900;
    fake.scripts[0] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    talk(&plain);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(got.ms, 4900);
    end();
    begin(15);
    fake.lookup_ms = 1000000;
    talk(&plain);
    check_lost(FAULT_NETWORK, "host port 80: the name service does not answer");
    assert_int_equal(got.ms, LOOKUP_PATIENCE_MS);
    end();
    begin(15);
    fake.address_count = 0;
    fake.lookup_ms = 20;
    talk(&plain);
    check_lost(FAULT_NETWORK, "there is no such name");
    assert_false(exchange.stale);
    end();
}

static void addresses(void **state)
{
    (void)state;
    static const struct {
        struct fake_address at[4];
        size_t count;
        uint64_t ms;
        size_t opened;
        bool is_over;
    } rows[] = {
        {{{FAKE_CONNECTS, 0}}, 1, 0, 1, true},
        {{{FAKE_CONNECTS, 3000}}, 1, 3000, 1, true},
        {{{FAKE_NEVER, 0}}, 1, CONNECT_PATIENCE_MS, 1, false},
        {{{FAKE_REFUSES_AT_ONCE, 0}}, 1, 0, 0, false},
        {{{FAKE_REFUSES, 30}}, 1, 30, 1, false},
        {{{FAKE_REFUSES, 30}, {FAKE_CONNECTS, 40}}, 2, 70, 2, true},
        {{{FAKE_REFUSES_AT_ONCE, 0}, {FAKE_REFUSES_AT_ONCE, 0}, {FAKE_CONNECTS, 3000}},
         3,
         3000,
         1,
         true},
        {{{FAKE_NEVER, 0}, {FAKE_NEVER, 0}, {FAKE_CONNECTS, 500}},
         3,
         2 * ADDRESS_PATIENCE_MS + 500,
         3,
         true},
        {{{FAKE_CONNECTS, 2000}, {FAKE_REFUSES, 0}, {FAKE_CONNECTS, 20}, {FAKE_CONNECTS, 0}},
         4,
         ADDRESS_PATIENCE_MS + 20,
         3,
         true},
        {{{FAKE_NEVER, 0}, {FAKE_REFUSES_AT_ONCE, 0}, {FAKE_NEVER, 0}, {FAKE_NEVER, 0}},
         4,
         2 * ADDRESS_PATIENCE_MS + CONNECT_PATIENCE_MS,
         3,
         false},
        {{{FAKE_NEVER, 0}, {FAKE_REFUSES_AT_ONCE, 0}}, 2, ADDRESS_PATIENCE_MS, 1, false},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        begin(16);
        memcpy(fake.addresses, rows[row].at, sizeof rows[row].at);
        fake.address_count = rows[row].count;
        static const struct fake_step script[] = {HEARS(HEAD_LEN), SAYS(OK), {FAKE_STOP, 0, NULL}};
        for (size_t i = 0; i < 4; i++)
            fake.scripts[i] = script;
        talk(&plain);
        if (rows[row].is_over)
            check_over(200, OK_HEADERS, "ok");
        else
            check_lost(FAULT_NETWORK, "none of its addresses can be reached");
        assert_int_equal(got.ms, rows[row].ms);
        assert_int_equal(fake.opened, rows[row].opened);
        end();
    }
}

static void secured(void **state)
{
    (void)state;
    for (size_t way = 0; way < WAYS; way++) {
        begin_way(way);
        ask.body = span_of(sound, 3000);
        fake.scripts[0] =
            SCRIPT(AFTER(6000), SAYS("H"), HEARS(HEAD_LEN + 1000), WINDOW(HEAD_LEN + 1500),
                   AFTER(15000), WINDOW(UINT64_MAX), HEARS(HEAD_LEN + 3000), AFTER(100), SAYS(OK));
        talk(&secure);
        check_over(200, OK_HEADERS, "ok");
        check_heard(0, HEAD, ask.body);
        assert_int_equal(got.ms, 21100);
        end();
    }
    begin(17);
    fake.scripts[0] = SCRIPT(HEARS(1), SAYS("H"));
    talk(&secure);
    check_lost(FAULT_NETWORK, "handshake takes too long");
    assert_int_equal(got.ms, TLS_PATIENCE_MS);
    end();
    static const struct {
        const char *said;
        enum fake_kind how;
        const char *words;
    } rows[] = {{"F", FAKE_STOP, "nobody trusts it"},
                {"", FAKE_END, "hung up during"},
                {"", FAKE_RESET, "reset"},
                {"H", FAKE_RESET, "connection"}};
    for (size_t i = 0; i < 4; i++) {
        begin(17);
        fake.scripts[0] = SCRIPT(SAYS(rows[i].said), {rows[i].how, 0, NULL});
        talk(&secure);
        check_lost(FAULT_TLS, rows[i].words);
        end();
    }
    /* Plain and secure are two ways to one host. */
    begin(17);
    fake.scripts[0] = SCRIPT(SAYS("H"), HEARS(HEAD_LEN), SAYS(OK));
    struct endpoint same_port = secure;
    same_port.tls = false;
    fake.scripts[1] = SCRIPT(HEARS(HEAD_LEN), SAYS(OK));
    talk(&secure);
    talk(&same_port);
    check_over(200, OK_HEADERS, "ok");
    assert_int_equal(fake.opened, 2);
    end();
}

/* Left at any point: nothing stays open. */
static void left(void **state)
{
    (void)state;
    for (unsigned calls = 0; calls < 40; calls++) {
        begin(18);
        fake.piece = 9;
        fake.refuse_percent = 40;
        fake.lookup_ms = 5;
        fake.addresses[0].after_ms = 5;
        fake.scripts[0] = SCRIPT(AFTER(5), SAYS("H"), HEARS(HEAD_LEN), SAYS(OK));
        struct question q = {.head = span_text(HEAD)};
        connection_begin(&connection, &secure, fake.now_ms);
        exchange_begin(&exchange, &connection, &q, fake.now_ms);
        for (unsigned i = 0; i < calls; i++)
            if (exchange_next(&exchange, fake.now_ms) == EXCHANGE_WAIT) wait();
        exchange_end(&exchange);
        end();
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof sound; i++)
        sound[i] = (uint8_t)(i * 7 + i / 251);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),        cmocka_unit_test(every_cut),
        cmocka_unit_test(nonsense),       cmocka_unit_test(bodies),
        cmocka_unit_test(a_slow_window),  cmocka_unit_test(continuing),
        cmocka_unit_test(early),          cmocka_unit_test(last_words),
        cmocka_unit_test(reuse),          cmocka_unit_test(not_reused),
        cmocka_unit_test(stale),          cmocka_unit_test(patience),
        cmocka_unit_test(a_slow_speaker), cmocka_unit_test(lookups),
        cmocka_unit_test(addresses),      cmocka_unit_test(secured),
        cmocka_unit_test(left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
