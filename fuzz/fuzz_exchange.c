/* One whole upload against a server that says whatever the fuzzer's bytes are: connection, exchange, s3_answer,
 * sign_in and the story, in the made-up network of port/sim. The job ends within its bounds, leaves no socket, tells
 * no secret, and says "converted" only where a slow reader finds, in what was really said on each connection, whole
 * good answers to all the questions that make an object.
 *
 * The first TASK_BYTES roll the task. Then come records, one for each question, with a byte 0x1E between them: a byte
 * of manners, then what is said, as it is. Without a record left, the server hangs up.
 * Manners, bits 0 and 1: when (enum when); 2: then it hangs up; 3: then it breaks; 4: slowly. */
#include "fuzz.h"

#include "world.h"

enum {
    TASK_BYTES = 12,
    BETWEEN_RECORDS = 0x1E, /* ASCII's record separator */
    CONNECTIONS_MAX = 512,
    QUESTIONS_MAX = 64, /* of one connection */
    SLOW_PIECE_BYTES = 40,
    SLOW_PIECE_MS = 4000,
    BODY_BYTES_SOME = 2000, /* said in the midst of a body */
};

enum when { WHEN_ASKED, WHEN_HEAD, WHEN_SOME_BODY, WHEN_UNASKED };

enum question { ASKED_OTHER, ASKED_OPEN, ASKED_PART, ASKED_CLOSE, ASKED_PUT, ASKED_HEAD };

struct line {
    bool in_body, fin;
    bool hangs_up, breaks, slowly; /* manners of what is said now */
    enum when when;
    bool has_answer; /* a record waits to be said, or is */
    struct span answer;
    uint64_t next_ms;
    uint64_t body_bytes, body_left;
    struct blob head, said; /* said: all that came from the server */
    size_t question_count;
    struct {
        enum question what;
        uint64_t part;
    } questions[QUESTIONS_MAX];
};

static struct server {
    struct span input, records;
    uint64_t now_ms, body_bytes;
    struct line *lines[CONNECTIONS_MAX];
    size_t line_count, questions;
} server;

/* ---- the server ---- */

static void take_record(struct line *l)
{
    struct span *r = &server.records;
    if (r->len == 0) {
        l->hangs_up = l->has_answer = true;
        l->when = WHEN_ASKED;
        l->answer = span_of(NULL, 0);
        return;
    }
    const uint8_t manners = span_take(r);
    size_t len = 0;
    while (len < r->len && r->at[len] != BETWEEN_RECORDS)
        len++;
    l->answer = span_cut(r, len);
    if (r->len > 0) span_cut(r, 1);
    l->has_answer = true;
    l->when = (enum when)(manners % 4);
    l->hangs_up = (manners & 4) != 0;
    l->breaks = (manners & 8) != 0;
    l->slowly = (manners & 16) != 0;
}

static bool has(struct span s, const char *text)
{
    return s.len > 0 && memmem(s.at, s.len, text, strlen(text)) != NULL;
}

static uint64_t number_behind(struct span s, const char *text)
{
    const char *at = memmem(s.at, s.len, text, strlen(text));
    return at != NULL ? strtoull(at + strlen(text), NULL, 10) : 0;
}

static void note_question(struct line *l)
{
    const struct span head = blob_span(&l->head);
    struct span rest = head;
    const struct span line = span_until(&rest, '\r');
    FUZZ_REQUIRE(l->question_count < QUESTIONS_MAX);
    enum question what = ASKED_OTHER;
    if (span_begins(line, "HEAD ")) what = ASKED_HEAD;
    if (span_begins(line, "POST ")) what = has(line, "?uploads") ? ASKED_OPEN : ASKED_CLOSE;
    if (span_begins(line, "PUT /")) what = has(line, "partNumber=") ? ASKED_PART : ASKED_PUT;
    if (has(line, "/latest/")) what = ASKED_OTHER; /* the metadata's token is asked for by PUT */
    l->questions[l->question_count].what = what;
    l->questions[l->question_count++].part = number_behind(line, "partNumber=");
    l->body_left = number_behind(head, "Content-Length: ");
    l->body_bytes = 0;
    l->in_body = true;
    server.body_bytes += l->body_left;
    server.questions++;
    if (!l->has_answer) take_record(l);
}

static size_t feed(void *connection, const void *bytes, size_t n)
{
    struct line *l = connection;
    struct span in = span_of(bytes, n);
    while (in.len > 0) {
        if (l->in_body && l->body_left > 0) {
            const size_t len = span_min(in, l->body_left);
            span_cut(&in, len);
            l->body_left -= len;
            l->body_bytes += len;
        } else if (l->in_body && l->has_answer) {
            return n - in.len; /* first it answers */
        } else {
            const uint8_t byte = span_take(&in);
            l->in_body = false;
            blob_put(&l->head, &byte, 1);
            if (byte == '\n' && span_ends(blob_span(&l->head), "\r\n\r\n")) {
                note_question(l);
                blob_clear(&l->head);
            }
        }
    }
    return n;
}

static bool is_time(const struct line *l)
{
    if (!l->has_answer || server.now_ms < l->next_ms) return false;
    switch (l->when) {
    case WHEN_ASKED: return l->in_body && l->body_left == 0;
    case WHEN_HEAD: return l->in_body;
    case WHEN_SOME_BODY:
        return l->in_body && (l->body_bytes >= BODY_BYTES_SOME || l->body_left == 0);
    case WHEN_UNASKED: break;
    }
    return true;
}

static bool is_over(const struct line *l)
{
    return l->has_answer && l->answer.len == 0 && (l->hangs_up || l->breaks) && is_time(l);
}

static size_t take(void *connection, void *to, size_t room)
{
    struct line *l = connection;
    if (!is_time(l) || is_over(l)) return 0;
    size_t n = span_min(l->answer, l->slowly && room > SLOW_PIECE_BYTES ? SLOW_PIECE_BYTES : room);
    const struct span piece = span_cut(&l->answer, n);
    if (n > 0) memcpy(to, piece.at, n);
    blob_put_span(&l->said, piece);
    if (l->slowly) l->next_ms = server.now_ms + SLOW_PIECE_MS;
    if (l->answer.len == 0 && !l->hangs_up && !l->breaks) l->has_answer = false;
    return n;
}

static bool wants_close(const void *connection, bool *reset)
{
    struct line *l = (struct line *)(uintptr_t)connection;
    *reset = l->breaks;
    if (!is_over(l)) return false;
    l->fin = !l->breaks;
    return true;
}

static void set_clock(void *context, uint64_t now_ms, int64_t utc_ms)
{
    (void)context, (void)utc_ms;
    server.now_ms = now_ms;
}

static void *accept_line(void *context)
{
    (void)context;
    FUZZ_REQUIRE(server.line_count < CONNECTIONS_MAX);
    struct line *l = calloc(1, sizeof *l);
    if (l == NULL) abort();
    server.lines[server.line_count++] = l;
    return l;
}

/* Somebody who speaks unasked does so as soon as nobody else speaks. */
static void tick(void *connection)
{
    struct line *l = connection;
    const bool is_unasked = server.records.len > 0 && server.records.at[0] % 4 == WHEN_UNASKED;
    if (!l->has_answer && is_unasked) take_record(l);
}

static uint64_t next_ms(const void *connection)
{
    const struct line *l = connection;
    return l->has_answer && l->next_ms > server.now_ms ? l->next_ms : UINT64_MAX;
}

static bool is_idle(const void *connection)
{
    (void)connection;
    return false;
}

static void nothing(void *connection)
{
    (void)connection;
}

static const struct sim_service service = {NULL,    set_clock, accept_line, feed,    nothing, tick,
                                           next_ms, take,      wants_close, is_idle, nothing};

/* ---- the slow reader: what was said on one connection, question by question ---- */

struct reply {
    unsigned status;
    struct span headers; /* all lines */
    struct blob body;
};

static bool take_line(struct span *in, struct span *line)
{
    const uint8_t *end = in->len > 0 ? memmem(in->at, in->len, "\r\n", 2) : NULL;
    if (end == NULL) return false;
    *line = span_cut(in, (size_t)(end - in->at));
    span_cut(in, 2);
    return true;
}

/* Empty: there is none. */
static struct span header(const struct reply *r, const char *name)
{
    struct span rest = r->headers, line;
    while (take_line(&rest, &line)) {
        const struct span word = span_until(&line, ':');
        if (span_is_same_word(word, name)) return span_trim(line);
    }
    return span_of(NULL, 0);
}

static bool read_head(struct span *in, struct reply *r)
{
    struct span line;
    if (!take_line(in, &line) || line.len < 12 || !span_begins(line, "HTTP/1.")) return false;
    r->status = (unsigned)strtoul((const char *)line.at + 9, NULL, 10);
    r->headers = *in;
    do {
        if (!take_line(in, &line)) return false;
    } while (line.len > 0);
    r->headers.len -= in->len;
    return true;
}

static bool read_chunks(struct span *in, struct blob *body)
{
    struct span line;
    while (take_line(in, &line)) {
        char size[20] = {0};
        memcpy(size, line.at, span_min(line, sizeof size - 1));
        const uint64_t n = strtoull(size, NULL, 16);
        if (n > in->len || (n > 0 && in->len - n < 2)) return false;
        blob_put_span(body, span_cut(in, (size_t)n));
        if (n > 0) span_cut(in, 2);
        if (n > 0) continue;
        do {
            if (!take_line(in, &line)) return false;
        } while (line.len > 0);
        return true;
    }
    return false;
}

/* Whole, or it is none. */
static bool read_reply(struct span *in, bool is_head, bool fin, struct reply *r)
{
    do {
        if (!read_head(in, r)) return false;
    } while (r->status < 200);
    if (is_head || r->status == 204 || r->status == 304) return true;
    if (span_is_same_word(header(r, "transfer-encoding"), "chunked"))
        return read_chunks(in, &r->body);
    uint64_t n = 0;
    if (!span_number(header(r, "content-length"), &n)) n = in->len;
    const bool to_close = header(r, "content-length").len == 0;
    if (n > in->len || (to_close && !fin)) return false;
    blob_put_span(&r->body, span_cut(in, (size_t)n));
    return true;
}

/* What good answers there were. */
struct heard {
    bool open, close, put, seen;
    uint64_t parts; /* a bit each */
};

static void hear(struct heard *h, enum question what, uint64_t part, const struct reply *r,
                 const struct world *w)
{
    const struct span body = blob_span(&r->body);
    if (r->status / 100 != 2) return;
    if (what != ASKED_HEAD && has(body, "<Error>")) return;
    const bool has_etag = header(r, "etag").len > 0 || has(body, "ETag>");
    switch (what) {
    case ASKED_OPEN: h->open = h->open || has(body, "UploadId>"); break;
    case ASKED_PART:
        if (has_etag && part >= 1 && part <= 64) h->parts |= UINT64_C(1) << (part - 1);
        break;
    case ASKED_CLOSE: h->close = h->close || (has_etag && has(body, "</")); break;
    case ASKED_PUT: h->put = h->put || has_etag; break;
    case ASKED_HEAD: {
        uint64_t n;
        if (span_number(header(r, "content-length"), &n) && n == w->expected.len) h->seen = true;
        break;
    }
    case ASKED_OTHER: break;
    }
}

static struct heard hear_all(const struct world *w)
{
    struct heard h = {0};
    for (size_t i = 0; i < server.line_count; i++) {
        const struct line *l = server.lines[i];
        struct span said = blob_span(&l->said);
        bool more = true;
        for (size_t q = 0; q < l->question_count && more; q++) {
            struct reply r = {0};
            more = read_reply(&said, l->questions[q].what == ASKED_HEAD, l->fin, &r);
            if (more) hear(&h, l->questions[q].what, l->questions[q].part, &r, w);
            blob_free(&r.body);
        }
    }
    return h;
}

/* ---- the job ---- */

static void set_task(struct world *w)
{
    static const enum hash_kind kinds[] = {HASH_CRC64NVME, HASH_CRC32C, HASH_CRC32, HASH_SHA256,
                                           HASH_NONE};
    (void)snprintf(w->bucket, sizeof w->bucket, "voice-mail");
    (void)snprintf(w->key, sizeof w->key, "a b.wav");
    w->if_absent = world_roll(w, 2) == 0;
    w->checksum = kinds[world_roll(w, 5)];
    w->chunks = BODY_PLAIN + (enum body_chunks)world_roll(w, 4);
    w->part_bytes_min = 5120 + world_roll(w, 8192);
    w->tries = 1 + (unsigned)world_roll(w, 4);
    if (world_roll(w, 4) == 0)
        w->stop_at_ms = 1000 + world_roll(w, UINT64_C(1) << world_roll(w, 17));
}

static void set_keys(uint64_t kind)
{
    switch (kind) {
    case 0: break; /* of the instance */
    case 1:
        sim_set_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/made-up");
        break;
    case 2:
        sim_set_environment("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/made-up");
        sim_set_environment("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token");
        sim_set_file("/var/run/token", "SEKRIT.web.token", 16);
        break;
    default:
        sim_set_environment("AWS_ACCESS_KEY_ID", "AKIAMADEUP0000000001");
        sim_set_environment("AWS_SECRET_ACCESS_KEY", "SEKRIT/of+the/fixed/account");
        break;
    }
}

static void begin(struct world *w, uint64_t seed, struct span *task)
{
    struct sim_faults weather;
    char number[16];
    *w = (struct world){.seed = seed, .dice = {seed, task}, .is_small = true};
    const uint64_t keys = world_roll(w, 6);
    set_task(w);
    world_make_recording(w);
    sim_weather_draw(&weather, w->dice);
    sim_begin(seed, &weather, INT64_C(1741244889000));
    if (getenv("FUZZ_TRACE") != NULL) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0); /* all of it, also before an abort */
        sim_tell(true);
    }
    set_keys(keys);
    (void)snprintf(number, sizeof number, "%u", w->tries);
    sim_set_environment("AWS_REGION", "eu-west-1");
    sim_set_environment("AWS_ENDPOINT_URL_S3", "http://s3.sim.test");
    sim_set_environment("AWS_ENDPOINT_URL_STS", "http://sts.sim.test");
    sim_set_environment("AWS_MAX_ATTEMPTS", number);
    sim_host("s3.sim.test", 80, 2, &service);
    sim_host("voice-mail.s3.sim.test", 80, 2, &service);
    sim_host("sts.sim.test", 80, 1, &service);
    sim_host("169.254.169.254", 80, 1, &service);
    sim_host("169.254.170.2", 80, 1, &service);
}

static void end(struct world *w)
{
    for (size_t i = 0; i < server.line_count; i++) {
        blob_free(&server.lines[i]->head);
        blob_free(&server.lines[i]->said);
        free(server.lines[i]);
    }
    sim_end();
    blob_free(&w->input);
    blob_free(&w->expected);
    blob_free(&w->broken);
}

/* ---- what must hold ---- */

static uint64_t parts_of(const struct world *w)
{
    return (w->expected.len + w->part_bytes_min - 1) / w->part_bytes_min;
}

static void check_success(const struct world *w)
{
    const struct heard h = hear_all(w);
    const uint64_t parts = parts_of(w);
    const bool all_parts = h.parts == (UINT64_C(1) << parts) - 1;
    const bool by_parts = h.open && all_parts && h.close;
    if (w->result.outcome == OUTCOME_CONVERTED) FUZZ_REQUIRE(h.seen || h.put || by_parts);
    if (w->result.outcome == OUTCOME_CONVERTED && parts > 1) FUZZ_REQUIRE(!h.put);
}

/* Each of S3's questions as often as its tries and once more on a stale connection, and what may be mended (clock,
 * region, keys) within them; each may need credentials first: three questions, each with tries of its own. */
static void check_bounds(const struct world *w)
{
    const uint64_t asked =
        (parts_of(w) + 4 + UPLOAD_CHECKS_MAX) * (w->tries + 1) + UPLOAD_CHECKS_MAX;
    FUZZ_REQUIRE(server.questions <= asked * (1 + 3 * (SIGN_IN_TRIES_MAX + 1)));
    const uint64_t patience_ms = EXCHANGE_PATIENCE_MS + LOOKUP_PATIENCE_MS + RETRY_DELAY_MS_MAX +
                                 ADDRESSES_MAX * (uint64_t)CONNECT_PATIENCE_MS;
    FUZZ_REQUIRE(sim_now_ms() <= 2000 +
                                     (server.questions + sim_counts().connects + 3) * patience_ms +
                                     server.body_bytes / SLOWEST_BYTES_PER_MS);
}

/* What the server tells may be told. */
static void check_secrets(void)
{
    static const char *const secrets[] = {"SEKRIT/of+the", "SEKRIT.web", "Signature="};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (!has(server.input, secrets[i])) FUZZ_REQUIRE(strstr(sim_log(), secrets[i]) == NULL);
}

static void check(const struct world *w)
{
    FUZZ_REQUIRE(w->result.outcome != OUTCOME_STUCK);
    FUZZ_REQUIRE(sim_violations()[0] == '\0');
    FUZZ_REQUIRE(sim_counts().sockets_open == 0);
    check_secrets();
    FUZZ_REQUIRE(w->result.outcome != OUTCOME_FAILED || sim_log()[0] != '\0');
    check_success(w);
    check_bounds(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    if (size < TASK_BYTES) return 0;
    server = (struct server){.input = span_of(data, size), .records = span_of(data, size)};
    struct span task = span_cut(&server.records, TASK_BYTES);
    uint64_t seed = span_take(&task);
    begin(&w, seed, &task);
    world_run(&w, 0);
    check(&w);
    end(&w);
    return 0;
}
