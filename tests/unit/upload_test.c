/* The story of an upload against a server that keeps objects, uploads and parts, and to which things happen: answers
 * lost after the work was done or before, hanging up, silence, errors of every kind. Rows are typed; then chance writes
 * the script, and what must always hold is asked: it ends, what is called converted is there byte by byte, and what may
 * be left open is admitted. */
#include <stdio.h>

#include "../connect_stream.h"
#include "fake_port.h"
#include "job/upload.h"

enum {
    STREAM_BYTES_MAX = 1 << 20,
    PART = 8000,
    PARTS = 12,
    UPLOADS = 12,
    OBJECT_BYTES = 100000,
    REQUESTS_MAX = 100
};
#define UTC_MS INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

static uint8_t *streams[2],
    *stream; /* of blocks that a mark can keep, and of longer ones: one sound */
static size_t streams_len[2], stream_len;
static uint8_t wav[OBJECT_BYTES]; /* what must arrive */
static size_t wav_len;

/* ---- what can happen to a request ---- */

enum what {
    OK,       /* it is done, and said so */
    LOST,     /* it is done, and the connection ends without an answer */
    CUT,      /* it is done, and the answer is cut off in its middle */
    DONE500,  /* it is done, and said to have failed */
    DROPPED,  /* heard, not done; the connection ends */
    RESET,    /* reset when the head has come */
    STALE,    /* reset at the first byte, where the connection is an old one */
    SILENT,   /* heard, not done, nothing is said */
    S500,     /* heard, not done */
    S503,     /* SlowDown, without hearing the body */
    ERROR200, /* 200 with an Error inside; not done */
    EARLY200, /* "done", before the body was heard; it is not */
    EXPIRED,
    SKEWED,
    MOVED,
    FORBIDDEN,
    GONE,   /* NoSuchUpload */
    EXISTS, /* 412 without a look */
    FULL,   /* stops to hear in the middle of the body */
    WHATS
};
static const char *const names[WHATS] = {"ok",        "lost",     "cut",     "done500", "dropped",
                                         "reset",     "stale",    "silent",  "500",     "503",
                                         "error200",  "early200", "expired", "skewed",  "moved",
                                         "forbidden", "gone",     "exists",  "full"};

/* ---- the server ---- */

static struct {
    enum what script[REQUESTS_MAX];
    unsigned requests;
    char log[4096]; /* "OPEN PART1 ..." */
    bool object_is_there, object_is_old;
    size_t object_len;
    uint8_t object[OBJECT_BYTES];
    size_t upload_count;
    struct {
        bool is_open;
        size_t len[PARTS + 1]; /* from 1 */
        uint8_t part[PARTS + 1][PART];
    } uploads[UPLOADS];
    bool tells_checksums, head_is_forbidden, continues;
    char region[32]; /* of the last signature */
    char date[20];
    unsigned sign_ins, forced, sign_in_fails_at; /* 0: never */
} server;

struct request {
    const char *head;
    size_t head_len;
    uint64_t body_len;
    const uint8_t *body;
    char step[16];
    int part, upload; /* -1: none such */
    bool if_absent;
};

static const char *header_of(const struct request *r, const char *name)
{
    const char *at = strcasestr(r->head, name);
    return at != NULL && at < r->head + r->head_len ? at + strlen(name) : NULL;
}

static void read_request(struct request *r, const char *head, size_t head_len)
{
    *r = (struct request){.head = head, .head_len = head_len, .part = -1, .upload = -1};
    const char *length = header_of(r, "\r\nContent-Length: ");
    r->body_len = length != NULL ? strtoull(length, NULL, 10) : 0;
    r->if_absent = header_of(r, "\r\nIf-None-Match: *") != NULL;
    const char *part = header_of(r, "partNumber=");
    const char *upload = header_of(r, "uploadId=u");
    if (part != NULL) r->part = atoi(part);
    if (upload != NULL) r->upload = atoi(upload);
    assert_true(r->upload < (int)server.upload_count);
    const char *credential = header_of(r, "Credential=");
    assert_non_null(credential);
    assert_int_equal(sscanf(credential, "AKID/%*[0-9]/%31[^/]/s3/", server.region), 1);
    const char *date = header_of(r, "\r\nx-amz-date: ");
    assert_non_null(date);
    memcpy(server.date, date, 16);
    assert_true(header_of(r, "/bucket/the/key") != NULL);
    if (strncmp(head, "HEAD ", 5) == 0)
        strcpy(r->step, "HEAD");
    else if (strncmp(head, "DELETE ", 7) == 0 && upload != NULL)
        strcpy(r->step, "ABORT");
    else if (strncmp(head, "POST ", 5) == 0 && header_of(r, "?uploads") != NULL)
        strcpy(r->step, "OPEN");
    else if (strncmp(head, "POST ", 5) == 0 && upload != NULL)
        strcpy(r->step, "CLOSE");
    else if (strncmp(head, "PUT ", 4) == 0 && part != NULL && upload != NULL)
        sprintf(r->step, "PART%d", r->part);
    else if (strncmp(head, "PUT ", 4) == 0 && part == NULL && upload == NULL)
        strcpy(r->step, "PUT");
    else
        fail_msg("who asks this? %.*s", (int)head_len, head);
}

/* Plain bytes of an aws-chunked body, as many as have come; *whole: to its very end. */
static size_t plain_of(const uint8_t *body, size_t len, uint8_t *to, size_t room, bool *whole)
{
    size_t at = 0, plain = 0;
    *whole = false;
    while (at < len) {
        const uint8_t *end = memchr(body + at, '\n', len - at);
        if (end == NULL) return plain;
        char line[32] = "";
        memcpy(line, body + at, len - at < 31 ? len - at : 31);
        size_t chunk = strtoul(line, NULL, 16);
        at = (size_t)(end + 1 - body);
        if (chunk == 0) {
            *whole = len - at >= 2 && memcmp(body + len - 2, "\r\n", 2) == 0;
            return plain;
        }
        if (chunk > len - at) chunk = len - at;
        assert_true(plain + chunk <= room);
        memcpy(to + plain, body + at, chunk);
        plain += chunk;
        at += chunk + 2;
    }
    return plain;
}

/* What came of a body must be the WAV's bytes of that place, on each try. */
static size_t check_body(const struct request *r, size_t came, uint8_t *to, bool *whole)
{
    const size_t begin = r->part > 0 ? (size_t)(r->part - 1) * PART : 0;
    const size_t due = r->part > 0 && wav_len - begin > PART ? PART : wav_len - begin;
    const size_t plain = plain_of(r->body, came, to, OBJECT_BYTES, whole);
    assert_true(plain <= due);
    assert_memory_equal(to, wav + begin, plain);
    if (*whole) assert_int_equal(plain, due);
    return plain;
}

static void say(struct fake_socket *s, const char *status, const char *headers, const char *body)
{
    char text[2048];
    const int n = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s",
                           status, headers, strlen(body), body);
    fake_say(s, span_of(text, (size_t)n));
}

static void say_error(struct fake_socket *s, const char *status, const char *headers,
                      const char *code)
{
    char body[200];
    sprintf(body, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>m</Message></Error>",
            code);
    say(s, status, headers, body);
}

static void say_head(struct fake_socket *s)
{
    char text[300], checksum[100] = "";
    if (server.head_is_forbidden || !server.object_is_there) {
        const char *status = server.head_is_forbidden ? "403 Forbidden" : "404 Not Found";
        sprintf(text, "HTTP/1.1 %s\r\nContent-Length: 300\r\n\r\n", status);
        fake_say(s, span_text(text));
        return;
    }
    if (server.tells_checksums) {
        struct checksum sum;
        checksum_init(&sum, CHECKSUM_CRC64NVME);
        checksum_add(&sum, span_of(server.object, server.object_len));
        char digits[40];
        struct writer w = writer_on(digits, sizeof digits);
        checksum_write(&sum, &w);
        sprintf(checksum, "x-amz-checksum-crc64nvme: %.*s\r\nx-amz-checksum-type: FULL_OBJECT\r\n",
                (int)w.len, digits);
    }
    sprintf(text, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\n%sContent-Length: %zu\r\n\r\n", checksum,
            server.object_len);
    fake_say(s, span_text(text));
}

static bool close_upload(const struct request *r, size_t count)
{
    const char *at = (const char *)r->body;
    server.object_len = 0;
    for (size_t part = 1; part <= count; part++) {
        char should[100];
        sprintf(should, "<Part><PartNumber>%zu</PartNumber><ETag>&quot;e%d-%zu&quot;</ETag>", part,
                r->upload, part);
        at = memmem(at, r->body_len - (size_t)(at - (const char *)r->body), should, strlen(should));
        assert_non_null(at);
        const size_t len = server.uploads[r->upload].len[part];
        assert_true(len == PART || part == count);
        memcpy(server.object + server.object_len, server.uploads[r->upload].part[part], len);
        server.object_len += len;
    }
    assert_null(
        memmem(at + 1, r->body_len - (size_t)(at + 1 - (const char *)r->body), "<Part>", 6));
    return true;
}

/* Does it, and says so. */
static void perform(struct fake_socket *s, const struct request *r, uint8_t *plain,
                    size_t plain_len)
{
    char text[300];
    if (strcmp(r->step, "HEAD") == 0) {
        say_head(s);
    } else if (strcmp(r->step, "OPEN") == 0) {
        assert_true(server.upload_count < UPLOADS);
        server.uploads[server.upload_count].is_open = true;
        sprintf(text,
                "<InitiateMultipartUploadResult><UploadId>u%zu</UploadId></"
                "InitiateMultipartUploadResult>",
                server.upload_count++);
        say(s, "200 OK", "", text);
    } else if (r->upload >= 0 && !server.uploads[r->upload].is_open) {
        say_error(s, "404 Not Found", "", "NoSuchUpload");
    } else if (strcmp(r->step, "ABORT") == 0) {
        server.uploads[r->upload].is_open = false;
        fake_say(s, span_text("HTTP/1.1 204 No Content\r\n\r\n"));
    } else if (r->part > 0) {
        assert_in_range(r->part, 1, PARTS);
        memcpy(server.uploads[r->upload].part[r->part], plain, plain_len);
        server.uploads[r->upload].len[r->part] = plain_len;
        sprintf(text, "ETag: \"e%d-%d\"\r\n", r->upload, r->part);
        say(s, "200 OK", text, "");
    } else if (r->if_absent && server.object_is_there) {
        say_error(s, "412 Precondition Failed", "", "PreconditionFailed");
    } else if (strcmp(r->step, "PUT") == 0) {
        memcpy(server.object, plain, plain_len);
        server.object_len = plain_len;
        server.object_is_there = true;
        server.object_is_old = false;
        say(s, "200 OK", "ETag: \"x\"\r\n", "");
    } else {
        assert_string_equal(r->step, "CLOSE");
        close_upload(r, (wav_len + PART - 1) / PART);
        server.uploads[r->upload].is_open = false;
        server.object_is_there = true;
        server.object_is_old = false;
        say(s, "200 OK", "",
            "<CompleteMultipartUploadResult><ETag>&quot;x&quot;</ETag></"
            "CompleteMultipartUploadResult>");
    }
}

static bool is_early(enum what what)
{
    return what == RESET || what == S503 || what == EARLY200 || what == EXPIRED || what == SKEWED ||
           what == MOVED || what == FORBIDDEN || what == GONE || what == EXISTS || what == FULL;
}

/* Answers to HEAD are without bodies. */
static void say_no(struct fake_socket *s, const struct request *r, const char *status,
                   const char *headers, const char *code)
{
    if (strcmp(r->step, "HEAD") != 0) {
        say_error(s, status, headers, code);
        return;
    }
    char text[300];
    sprintf(text, "HTTP/1.1 %s\r\n%s\r\n", status, headers);
    fake_say(s, span_text(text));
}

/* The head has come. */
static void refuse(struct fake_socket *s, const struct request *r, enum what what)
{
    switch (what) {
    case RESET: s->reset = s->deaf = true; break;
    case S503: say_no(s, r, "503 Slow Down", "", "SlowDown"); break;
    case EARLY200: say(s, "200 OK", "ETag: \"early\"\r\n", ""); break;
    case EXPIRED: say_no(s, r, "400 Bad Request", "", "ExpiredToken"); break;
    case SKEWED:
        say_no(s, r, "403 Forbidden", "Date: Tue, 14 Nov 2023 23:13:20 GMT\r\n",
               "RequestTimeTooSkewed");
        break;
    case MOVED:
        say_no(s, r, "301 Moved Permanently", "x-amz-bucket-region: us-west-2\r\n",
               "PermanentRedirect");
        break;
    case FORBIDDEN: say_no(s, r, "403 Forbidden", "", "AccessDenied"); break;
    case GONE:
        if (r->upload >= 0) server.uploads[r->upload].is_open = false;
        say_no(s, r, "404 Not Found", "", "NoSuchUpload");
        break;
    case EXISTS: say_no(s, r, "412 Precondition Failed", "", "PreconditionFailed"); break;
    case FULL: s->window = s->heard_len + (r->body_len > 0 ? r->body_len / 2 : 0); break;
    case OK:
    case LOST:
    case CUT:
    case DONE500:
    case DROPPED:
    case STALE:
    case SILENT:
    case S500:
    case ERROR200:
    case WHATS: fail();
    }
}

/* All of it has come. */
static void answer(struct fake_socket *s, const struct request *r, enum what what, uint8_t *plain,
                   size_t len)
{
    const size_t before = s->words_len;
    switch (what) {
    case OK:
    case STALE: perform(s, r, plain, len); break;
    case LOST:
        perform(s, r, plain, len);
        s->words_len = before;
        s->ended = true;
        break;
    case CUT:
        perform(s, r, plain, len);
        s->words_len = before + (s->words_len - before) / 2;
        s->ended = true;
        break;
    case DONE500:
        perform(s, r, plain, len);
        s->words_len = before;
        say_no(s, r, "500 Internal Server Error", "", "InternalError");
        break;
    case DROPPED: s->ended = true; break;
    case SILENT: break;
    case S500: say_no(s, r, "500 Internal Server Error", "", "InternalError"); break;
    case ERROR200: say_no(s, r, "200 OK", "", "InternalError"); break;
    case RESET:
    case S503:
    case EARLY200:
    case EXPIRED:
    case SKEWED:
    case MOVED:
    case FORBIDDEN:
    case GONE:
    case EXISTS:
    case FULL:
    case WHATS: break; /* was answered with its head */
    }
}

static struct {
    const struct fake_socket *socket;
    bool has_head;
    enum what what;
} hearing;

static void serve(struct fake_socket *s)
{
    static uint8_t plain[OBJECT_BYTES];
    if (hearing.socket != s) hearing.has_head = false;
    hearing.socket = s;
    const enum what next = server.script[server.requests];
    if (!hearing.has_head && next == STALE && s->answered > 0) {
        server.requests++;
        strcat(server.log, "STALE ");
        s->reset = s->deaf = true;
        return;
    }
    const char *head = (const char *)s->heard + s->answered;
    const size_t came = s->heard_len - s->answered;
    const char *end = memmem(head, came, "\r\n\r\n", 4);
    if (end == NULL) return;
    struct request r;
    read_request(&r, head, (size_t)(end + 4 - head));
    r.body = (const uint8_t *)end + 4;
    if (!hearing.has_head) {
        hearing.has_head = true;
        assert_true(server.requests < REQUESTS_MAX - 1);
        hearing.what = server.script[server.requests++];
        if (hearing.what == EARLY200 && r.body_len == 0) hearing.what = OK; /* it would be a lie */
        strcat(server.log, r.step);
        strcat(server.log, " ");
        const bool expects = header_of(&r, "\r\nExpect: 100-continue") != NULL;
        assert_int_equal(expects, strncmp(r.step, "P", 1) == 0);
        if (is_early(hearing.what))
            refuse(s, &r, hearing.what);
        else if (expects && (server.continues || cut_random(&fake.seed) % 4 != 0))
            fake_say(s, span_text("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    bool whole = true;
    size_t plain_len = 0;
    const size_t body_came = came - r.head_len;
    assert_true(body_came <= r.body_len);
    if (r.step[0] == 'P') plain_len = check_body(&r, body_came, plain, &whole);
    if (body_came < r.body_len) return;
    assert_true(whole);
    hearing.has_head = false;
    answer(s, &r, hearing.what, plain, plain_len);
    s->answered += came;
}

/* ---- credentials, at hand ---- */

void sign_in_begin(struct sign_in *s, const struct aws_settings *settings, struct connection *c,
                   struct exchange *x, struct credentials *to, bool forced, void *room,
                   size_t bytes)
{
    (void)settings;
    (void)c;
    assert_true(x->connection == NULL); /* not in the middle of another talk */
    memset(room, 0x5A, bytes);          /* it is ours now */
    memset(s, 0, sizeof *s);
    s->to = to;
    s->until_ms = 0;
    server.sign_ins++;
    server.forced += forced;
}

enum sign_in_answer sign_in_turn(struct sign_in *s, uint64_t now_ms, int64_t utc_ms,
                                 uint64_t chance)
{
    (void)utc_ms;
    (void)chance;
    if (s->until_ms == 0) s->until_ms = now_ms + 70;
    if (now_ms < s->until_ms) return SIGN_IN_WAIT;
    if (server.sign_ins == server.sign_in_fails_at) {
        fault_set(&s->fault, FAULT_CONFIG, FAULT_NOWHERE, "there are no credentials");
        return SIGN_IN_FAILED;
    }
    memset(s->to, 0, sizeof *s->to);
    memcpy(s->to->id, "AKID", 4);
    memcpy(s->to->secret, "SECRET", 6);
    s->to->id_len = 4;
    s->to->secret_len = 6;
    s->to->expires_ms = s->to->renew_ms = INT64_MAX;
    return SIGN_IN_DONE;
}

struct port_want sign_in_want(const struct sign_in *s, uint64_t *until_ms)
{
    if (s->until_ms < *until_ms) *until_ms = s->until_ms;
    return (struct port_want){-1, false, false};
}

void sign_in_end(struct sign_in *s)
{
    (void)s;
}

const char *port_environment(const char *name)
{
    (void)name;
    return NULL;
}

long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    (void)path;
    (void)offset;
    (void)to;
    (void)room;
    return PORT_LOST;
}

bool port_random(uint8_t *to, size_t n)
{
    memset(to, 0x77, n);
    return true;
}

int64_t port_utc_ms(void)
{
    return UTC_MS + (int64_t)(fake.now_ms - 1000000);
}

/* ---- the job ---- */

static struct upload upload;
static struct aws_settings settings;
static struct {
    bool single, force, no_checksum;
    enum sigv4_payload payload;
    unsigned attempts;
    unsigned reads_fail_at; /* 0: never */
    unsigned stop_at;       /* after so many requests; 0: never */
    size_t stop_bytes;      /* and so many bytes heard */
    size_t input_len;       /* on the second reading; 0: all */
    size_t spoilt_at;       /* on the second reading this byte is another one; 0: none */
} how;

static void begin(uint32_t seed)
{
    fake_begin(seed);
    fake.serve = serve;
    memset(&server, 0, offsetof(__typeof__(server), uploads));
    for (size_t i = 0; i < UPLOADS; i++)
        server.uploads[i].is_open = false;
    server.tells_checksums = server.continues = true;
    server.head_is_forbidden = false;
    server.region[0] = '\0';
    server.sign_ins = server.forced = server.sign_in_fails_at = 0;
    memset(&hearing, 0, sizeof hearing);
    memset(&how, 0, sizeof how);
    how.payload = SIGV4_UNSIGNED_TRAILER;
    how.attempts = 3;
    stream = streams[seed / 2 % 2];
    stream_len = streams_len[seed / 2 % 2];
}

static unsigned reads;

static void read_input(void)
{
    size_t room;
    uint64_t offset;
    uint8_t *to = upload_room(&upload, &room, &offset);
    const size_t len =
        how.input_len > 0 && upload.at == UPLOAD_AT_TALK ? how.input_len : stream_len;
    struct span rest = span_of(stream, len);
    (void)span_cut(&rest, span_min(rest, offset));
    const size_t n = span_min(rest, room);
    if (++reads == how.reads_fail_at) {
        struct fault why = {.kind = FAULT_NONE};
        fault_set(&why, FAULT_IO, offset, "the disk is broken");
        upload_fail_input(&upload, &why);
        return;
    }
    if (n > 0) memcpy(to, rest.at, n);
    const bool is_spoilt = how.spoilt_at >= offset && how.spoilt_at - offset < n;
    if (upload.at == UPLOAD_AT_TALK && how.spoilt_at > 0 && is_spoilt)
        to[how.spoilt_at - offset] ^= 1;
    upload_put(&upload, n);
}

static void stop_if_due(void)
{
    if (how.stop_at == 0 || server.requests < how.stop_at) return;
    const struct fake_socket *s = &fake.sockets[fake.opened - 1];
    if (s->heard_len - s->answered < how.stop_bytes) return;
    struct fault why = {.kind = FAULT_NONE};
    fault_set(&why, FAULT_REFUSED, FAULT_NOWHERE, "interrupted by a signal");
    upload_stop(&upload, &why);
}

static void run(void)
{
    static struct upload_options o;
    memset(&settings, 0, sizeof settings);
    settings.region = "eu-central-1";
    settings.max_attempts = how.attempts;
    settings.endpoint_url[SERVICE_S3] = "http://s3.test:9000";
    memset(&o, 0, sizeof o);
    o.pipeline.layout = MIXER_STEREO;
    o.settings = &settings;
    o.bucket = span_text("bucket");
    o.object.key = span_text("the/key");
    o.object.content_type = "audio/wav";
    o.object.checksum = how.no_checksum ? CHECKSUM_NONE : CHECKSUM_CRC64NVME;
    o.object.if_absent = o.keeps_existing = !how.force;
    o.payload = how.no_checksum ? SIGV4_CHUNKS : how.payload;
    o.part_bytes_min = how.single ? OBJECT_BYTES : PART;
    o.user_agent = "test";
    memset(&upload, 0xA5, sizeof upload);
    reads = 0;
    upload_begin(&upload, &o, fake.now_ms);
    unsigned lines = 0;
    for (unsigned turns = 0;; turns++) {
        assert_true(turns < 100000);
        enum upload_event event = upload_turn(&upload, fake.now_ms, port_utc_ms(),
                                              (uint64_t)cut_random(&fake.seed) << 32);
        if (event == UPLOAD_OVER) break;
        if (event == UPLOAD_READ) read_input();
        if (event == UPLOAD_TOLD) {
            lines++;
            assert_true(upload.line.len > 0 && !upload.line.full);
        }
        if (event == UPLOAD_WAIT) {
            uint64_t until = UINT64_MAX;
            struct port_want want = upload_want(&upload, &until);
            fake_sleep(want, until);
        }
        stop_if_due();
    }
    assert_int_equal(upload_turn(&upload, fake.now_ms, port_utc_ms(), 1), UPLOAD_OVER);
    assert_true(lines <= upload.requests);
    if (how.stop_at == 0 && how.reads_fail_at == 0 && how.spoilt_at == 0 && upload.requests > 0)
        assert_true(lines > 0 && lines + UPLOAD_STEPS >= upload.requests / 2);
    upload_end(&upload);
    upload_end(&upload);
    assert_int_equal(fake.opened, fake.closed);
    assert_int_equal(fake.lookups, fake.lookups_ended);
}

static size_t open_uploads(void)
{
    size_t open = 0;
    for (size_t i = 0; i < server.upload_count; i++)
        open += server.uploads[i].is_open;
    return open;
}

/* What holds whatever happened. */
static void check_always(void)
{
    if (upload.outcome == UPLOAD_CONVERTED) {
        assert_true(server.object_is_there);
        assert_false(server.object_is_old);
        assert_int_equal(server.object_len, wav_len);
        assert_memory_equal(server.object, wav, wav_len);
        assert_int_equal(upload.fault.kind, FAULT_NONE);
    } else {
        assert_int_equal(upload.outcome, UPLOAD_FAILED);
        assert_int_not_equal(upload.fault.kind, FAULT_NONE);
        assert_true(upload.fault.len > 5);
    }
    if (open_uploads() > 0 && !upload.left_open) fail_msg("left open and not said: %s", server.log);
}

/* ---- typed rows ---- */

struct row {
    const char *script; /* what happens to each request, in their order; then ok */
    const char *log;    /* the requests that must come */
    enum upload_outcome outcome;
    enum fault_kind fault;
    bool single, force, no_checksum, left_open;
    char
        is_there; /* 's': the same object was there before; 'o': another; 'l': another of the same length */
    bool tells_no_checksums, head_is_forbidden;
    bool may_be_left_open; /* it depends on how much of the question was heard */
    unsigned attempts, sign_ins;
};

static void set_script(const char *script)
{
    char words[1000];
    strcpy(words, script);
    size_t at = 0;
    for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
        size_t what = 0;
        while (what < WHATS && strcmp(word, names[what]) != 0)
            what++;
        assert_true(what < WHATS);
        server.script[at++] = (enum what)what;
    }
}

#define GOOD .outcome = UPLOAD_CONVERTED
#define BAD(kind) .outcome = UPLOAD_FAILED, .fault = FAULT_##kind
#define SINGLE .single = true
#define P1 "PART1 "
#define P123 "PART1 PART2 PART3 "
#define ALL P123 "PART4"

static const struct row rows[] = {
    /* One request. */
    {"", "PUT", GOOD, SINGLE},
    {"", "PUT", GOOD, SINGLE, .no_checksum = true},
    {"", "PUT", GOOD, SINGLE, .force = true, .is_there = 'o'},
    {"", "PUT", BAD(REFUSED), SINGLE, .is_there = 's'},
    {"exists", "PUT", BAD(REFUSED), SINGLE},
    {"lost", "PUT PUT HEAD", GOOD, SINGLE},
    {"lost", "PUT PUT HEAD", GOOD, SINGLE, .tells_no_checksums = true},
    {"lost", "PUT PUT", GOOD, SINGLE, .force = true},
    {"cut", "PUT PUT HEAD", GOOD, SINGLE},
    {"done500", "PUT PUT HEAD", GOOD, SINGLE},
    {"dropped", "PUT PUT HEAD", BAD(REFUSED), SINGLE, .is_there = 'o'},
    {"dropped", "PUT PUT HEAD", BAD(REFUSED), SINGLE, .is_there = 'l'},
    {"reset", "PUT PUT", BAD(REFUSED), SINGLE, .is_there = 'l'}, /* the body was not said */
    {"dropped", "PUT PUT", GOOD, SINGLE},
    {"dropped dropped dropped", "PUT PUT PUT HEAD", BAD(NETWORK), SINGLE},
    {"dropped dropped lost", "PUT PUT PUT HEAD", GOOD, SINGLE},
    {"lost", "PUT HEAD", GOOD, SINGLE, .attempts = 1},
    {"lost reset", "PUT PUT HEAD", GOOD, SINGLE, .attempts = 2},
    {"silent", "PUT PUT", GOOD, SINGLE},
    {"full", "PUT PUT", GOOD, SINGLE},
    {"reset reset reset", "PUT PUT PUT", BAD(NETWORK), SINGLE},
    {"503 503 503", "PUT PUT PUT", BAD(SERVICE), SINGLE},
    {"503", "PUT PUT", GOOD, SINGLE},
    {"early200", "PUT PUT", GOOD, SINGLE},
    {"early200 early200 early200", "PUT PUT PUT", BAD(SERVICE), SINGLE},
    {"error200", "PUT PUT", GOOD, SINGLE},
    {"expired", "PUT PUT", GOOD, SINGLE, .sign_ins = 2},
    {"expired expired", "PUT PUT", BAD(SERVICE), SINGLE, .sign_ins = 2},
    {"skewed", "PUT PUT", GOOD, SINGLE},
    {"skewed skewed", "PUT PUT", BAD(SERVICE), SINGLE},
    {"moved", "PUT PUT", GOOD, SINGLE},
    {"moved moved", "PUT PUT", BAD(SERVICE), SINGLE},
    {"moved expired skewed 503 503", "PUT PUT PUT PUT PUT PUT", GOOD, SINGLE, .sign_ins = 2},
    {"forbidden", "PUT", BAD(SERVICE), SINGLE},
    /* An old object of our length, and a server that tells no checksums: nothing says that it is ours. */
    {"dropped", "PUT HEAD", BAD(NETWORK), SINGLE, .force = true, .is_there = 'l',
     .tells_no_checksums = true, .attempts = 1},
    {"dropped", "PUT HEAD", BAD(NETWORK), SINGLE, .force = true, .is_there = 'l', .attempts = 1},
    {"lost", "PUT HEAD", GOOD, SINGLE, .force = true, .is_there = 'l', .attempts = 1},
    /* Parts. */
    {"", "HEAD OPEN " ALL " CLOSE", GOOD},
    {"", "OPEN " ALL " CLOSE", GOOD, .force = true},
    {"", "HEAD OPEN " ALL " CLOSE", GOOD, .no_checksum = true},
    {"", "HEAD OPEN " ALL " CLOSE", GOOD, .head_is_forbidden = true},
    {"", "HEAD", BAD(REFUSED), .is_there = 'o'},
    {"", "HEAD OPEN " ALL " CLOSE ABORT", BAD(REFUSED), .is_there = 'o', .head_is_forbidden = true},
    {"forbidden", "HEAD OPEN " ALL " CLOSE", GOOD},
    {"dropped", "HEAD HEAD OPEN " ALL " CLOSE", GOOD},
    {"ok forbidden", "HEAD OPEN", BAD(SERVICE)},
    {"ok lost", "HEAD OPEN OPEN " ALL " CLOSE", GOOD, .left_open = true},
    {"ok cut", "HEAD OPEN OPEN " ALL " CLOSE", GOOD, .left_open = true},
    {"ok error200", "HEAD OPEN OPEN " ALL " CLOSE", GOOD, .left_open = true},
    {"ok lost lost lost lost", "HEAD OPEN OPEN OPEN OPEN", BAD(NETWORK), .left_open = true},
    {"ok 503", "HEAD OPEN OPEN " ALL " CLOSE", GOOD},
    {"ok stale", "HEAD STALE OPEN " ALL " CLOSE", GOOD, .may_be_left_open = true},
    {"ok ok 503", "HEAD OPEN PART1 " ALL " CLOSE", GOOD},
    {"ok ok ok lost", "HEAD OPEN PART1 PART2 PART2 PART3 PART4 CLOSE", GOOD},
    {"ok ok ok stale stale", "HEAD OPEN PART1 STALE PART2 PART3 PART4 CLOSE", GOOD},
    {"ok ok ok ok early200", "HEAD OPEN " P123 "PART3 PART4 CLOSE", GOOD},
    {"ok ok ok ok full", "HEAD OPEN " P123 "PART3 PART4 CLOSE", GOOD},
    {"ok ok ok ok silent dropped", "HEAD OPEN " P123 "PART3 PART3 PART4 CLOSE", GOOD},
    {"ok ok ok dropped dropped dropped", "HEAD OPEN PART1 PART2 PART2 PART2 ABORT", BAD(NETWORK)},
    {"ok ok ok 500 503 500 dropped 500", "HEAD OPEN PART1 PART2 PART2 PART2 ABORT ABORT ABORT",
     BAD(SERVICE)},
    {"ok ok forbidden dropped 500 reset", "HEAD OPEN PART1 ABORT ABORT ABORT", BAD(SERVICE),
     .left_open = true},
    {"ok ok forbidden lost", "HEAD OPEN PART1 ABORT ABORT", BAD(SERVICE)},
    {"ok ok forbidden forbidden", "HEAD OPEN PART1 ABORT", BAD(SERVICE), .left_open = true},
    {"ok ok gone", "HEAD OPEN PART1 ABORT", BAD(SERVICE)},
    {"ok ok expired", "HEAD OPEN PART1 " ALL " CLOSE", GOOD, .sign_ins = 2},
    {"ok ok expired ok expired", "HEAD OPEN PART1 PART1 PART2 PART2 PART3 PART4 CLOSE", GOOD,
     .sign_ins = 3},
    {"ok skewed", "HEAD OPEN OPEN " ALL " CLOSE", GOOD},
    {"moved", "HEAD HEAD OPEN " ALL " CLOSE", GOOD},
    {"ok moved", "HEAD OPEN OPEN " ALL " CLOSE", GOOD},
    /* The end of it. */
    {"ok ok ok ok ok ok lost", "HEAD OPEN " ALL " CLOSE HEAD ABORT", GOOD},
    {"ok ok ok ok ok ok cut", "HEAD OPEN " ALL " CLOSE HEAD ABORT", GOOD},
    {"ok ok ok ok ok ok done500", "HEAD OPEN " ALL " CLOSE HEAD ABORT", GOOD},
    {"ok ok ok ok ok ok lost", "HEAD OPEN " ALL " CLOSE HEAD ABORT", GOOD,
     .tells_no_checksums = true},
    {"ok ok ok ok ok ok dropped", "HEAD OPEN " ALL " CLOSE HEAD CLOSE", GOOD},
    {"ok ok ok ok ok ok error200", "HEAD OPEN " ALL " CLOSE HEAD CLOSE", GOOD},
    {"ok ok ok ok ok ok error200 ok error200 ok error200",
     "HEAD OPEN " ALL " CLOSE HEAD CLOSE HEAD CLOSE HEAD ABORT", BAD(SERVICE)},
    {"ok ok ok ok ok ok stale", "HEAD OPEN " ALL " STALE CLOSE", GOOD},
    /* The first of them is on an old connection, and not counted. */
    {"ok ok ok ok ok ok dropped ok dropped ok dropped ok dropped",
     "HEAD OPEN " ALL " CLOSE HEAD CLOSE HEAD CLOSE HEAD CLOSE HEAD ABORT", BAD(NETWORK)},
    {"ok ok ok ok ok ok lost dropped dropped dropped",
     "HEAD OPEN " ALL " CLOSE HEAD HEAD HEAD ABORT HEAD", GOOD},
    {"ok ok ok ok ok ok lost", "HEAD OPEN " ALL " CLOSE HEAD ABORT", GOOD, .attempts = 1},
    {"ok ok ok ok ok ok dropped", "HEAD OPEN " ALL " CLOSE HEAD CLOSE", GOOD, .attempts = 1},
    {"ok ok ok ok ok ok dropped ok dropped", "HEAD OPEN " ALL " CLOSE HEAD CLOSE HEAD ABORT",
     BAD(NETWORK), .attempts = 1},
    /* Looks that came before there was a doubt do not count, and each has its tries. */
    {"500 500 ok ok ok ok ok ok lost 500 500",
     "HEAD HEAD HEAD OPEN " ALL " CLOSE HEAD HEAD HEAD ABORT", GOOD},
    {"ok ok ok ok ok ok exists", "HEAD OPEN " ALL " CLOSE ABORT", BAD(REFUSED)},
    {"ok ok ok ok ok ok gone", "HEAD OPEN " ALL " CLOSE ABORT", BAD(SERVICE)},
    /* We may not look: NoSuchUpload after a lost answer stays a doubt, and is not asked for ever. */
    {"ok ok ok ok ok ok lost", "HEAD OPEN " ALL " CLOSE HEAD CLOSE HEAD ABORT", BAD(SERVICE),
     .head_is_forbidden = true},
    /* Over an old object of our length, without checksums. */
    {"ok ok ok ok ok dropped", "OPEN " ALL " CLOSE HEAD CLOSE", GOOD, .force = true,
     .is_there = 'l', .tells_no_checksums = true},
    {"ok ok ok ok ok lost", "OPEN " ALL " CLOSE HEAD CLOSE HEAD", GOOD, .force = true,
     .is_there = 'l', .tells_no_checksums = true},
    {"ok ok ok ok ok dropped", "OPEN " ALL " CLOSE HEAD CLOSE", GOOD, .force = true,
     .is_there = 'l'},
};

static unsigned wrong_rows;

static void check_row(const struct row *row, uint32_t seed, size_t piece, unsigned refuse)
{
    begin(seed);
    fake.piece = piece;
    fake.refuse_percent = refuse;
    set_script(row->script);
    how.single = row->single;
    how.force = row->force;
    how.no_checksum = row->no_checksum;
    if (row->attempts > 0) how.attempts = row->attempts;
    how.payload = seed % 2 == 0 ? SIGV4_UNSIGNED_TRAILER : SIGV4_CHUNKS_TRAILER;
    server.tells_checksums = !row->tells_no_checksums;
    server.head_is_forbidden = row->head_is_forbidden;
    if (row->is_there != '\0') {
        server.object_is_there = true;
        server.object_is_old = row->is_there != 's';
        server.object_len = row->is_there == 'o' ? 100 : wav_len;
        memcpy(server.object, wav, wav_len);
        if (server.object_is_old) server.object[50] ^= 1;
    }
    run();
    char log[sizeof server.log];
    snprintf(log, sizeof log, "%s ", row->log);
    const bool is_right = strcmp(server.log, log) == 0 && upload.outcome == row->outcome &&
                          upload.fault.kind == row->fault &&
                          (row->may_be_left_open || upload.left_open == row->left_open) &&
                          upload.requests == server.requests &&
                          server.sign_ins == (row->sign_ins > 0 ? row->sign_ins : 1);
    if (!is_right) {
        printf("row %d: %s\n  came: %soutcome %d, left open %d, sign-ins %u, %.*s\n  due:  "
               "%soutcome %d\n",
               (int)(row - rows), row->script, server.log, upload.outcome, upload.left_open,
               server.sign_ins, (int)upload.fault.len, upload.fault.text, log, row->outcome);
        wrong_rows++;
    }
    check_always();
}

static void stories(void **state)
{
    (void)state;
    static const struct {
        size_t piece;
        unsigned refuse;
    } ways[] = {{0, 0}, {0, 20}, {3000, 0}, {150, 10}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t way = 0; way < 4; way++)
            check_row(&rows[i], (uint32_t)(1 + way), ways[way].piece, ways[way].refuse);
    assert_int_equal(wrong_rows, 0);
}

/* ---- and what no table says ---- */

static void what_is_mended(void **state)
{
    (void)state;
    begin(1);
    set_script("ok skewed moved");
    run();
    check_always();
    assert_int_equal(upload.outcome, UPLOAD_CONVERTED);
    assert_in_range(upload.skew_ms, 3598000, 3600000);
    assert_memory_equal(server.date, "20231114T2313", 13);
    assert_string_equal(server.region, "us-west-2");
    assert_int_equal(server.forced, 0);
    begin(1);
    set_script("ok ok expired");
    run();
    check_always();
    assert_int_equal(server.forced, 1);
}

static void no_credentials(void **state)
{
    (void)state;
    begin(2);
    server.sign_in_fails_at = 1;
    run();
    assert_int_equal(upload.outcome, UPLOAD_FAILED);
    assert_int_equal(upload.fault.kind, FAULT_CONFIG);
    assert_int_equal(server.requests, 0);
    assert_false(upload.left_open);
    /* Later: the open upload cannot be aborted either. */
    begin(2);
    set_script("ok ok expired");
    server.sign_in_fails_at = 2;
    run();
    check_always();
    assert_int_equal(upload.fault.kind, FAULT_CONFIG);
    assert_true(upload.left_open);
    /* And one of which we never learned is not forgotten. */
    begin(2);
    set_script("ok lost expired");
    server.sign_in_fails_at = 2;
    run();
    check_always();
    assert_true(upload.left_open);
}

static void no_way_there(void **state)
{
    (void)state;
    begin(3);
    fake.address_count = 0;
    run();
    assert_int_equal(upload.outcome, UPLOAD_FAILED);
    assert_int_equal(upload.fault.kind, FAULT_NETWORK);
    assert_int_equal(upload.requests, 3);
    assert_false(upload.left_open); /* nobody has heard of us */
    begin(3);
    how.force = true;
    fake.addresses[0].how = FAKE_REFUSES;
    run();
    assert_int_equal(upload.requests, 3);
    assert_false(upload.left_open);
}

static void broken_input(void **state)
{
    (void)state;
    begin(4);
    run();
    const unsigned all = reads;
    unsigned aborted = 0;
    for (unsigned at = 1; at <= all; at++) {
        begin(4);
        how.reads_fail_at = at;
        run();
        check_always();
        assert_int_equal(upload.outcome, UPLOAD_FAILED);
        assert_int_equal(upload.fault.kind, FAULT_IO);
        assert_false(upload.left_open);
        assert_int_equal(open_uploads(), 0);
        aborted += strstr(server.log, "ABORT") != NULL;
        assert_false(server.object_is_there);
    }
    assert_true(aborted > 2);
    /* It ends early, the second time. */
    begin(4);
    how.input_len = stream_len - 9000;
    run();
    check_always();
    assert_int_equal(upload.outcome, UPLOAD_FAILED);
    assert_non_null(strstr(server.log, "ABORT"));
}

/* The second time the last fragment is another contact's, which stands behind its sound: nothing may be seen. */
static void another_contact_at_the_end(void **state)
{
    (void)state;
    for (int single = 0; single < 2; single++) {
        begin(4);
        static const char name[] = "ContactId";
        size_t last = stream_len - sizeof name;
        while (memcmp(stream + last, name, sizeof name - 1) != 0)
            last--;
        how.single = single;
        how.spoilt_at = last + sizeof name + 10; /* inside the id behind it */
        run();
        check_always();
        assert_int_equal(upload.outcome, UPLOAD_FAILED);
        assert_int_equal(upload.fault.kind, FAULT_CHANGED);
        assert_false(server.object_is_there);
        assert_int_equal(open_uploads(), 0);
    }
}

static void stopped(void **state)
{
    (void)state;
    for (int single = 0; single < 2; single++)
        for (unsigned requests = 1; requests <= (single ? 1 : 7); requests++)
            for (size_t bytes = 0; bytes < 9000; bytes += 1 + bytes * 2)
                for (int done = 0; done < 3; done++) {
                    begin(5);
                    how.single = single;
                    how.stop_at = requests;
                    how.stop_bytes = bytes;
                    server.script[requests - 1] = done == 0 ? OK : done == 1 ? SILENT : LOST;
                    run();
                    /* What was made is found, and what was not is not there. */
                    assert_int_equal(upload.outcome == UPLOAD_CONVERTED, server.object_is_there);
                    check_always();
                    assert_true(upload.requests <= requests + 12);
                }
    /* While it signs in, and in a pause. */
    begin(5);
    set_script("ok ok 503 forbidden");
    how.stop_at = 3;
    run();
    check_always();
}

static void by_chance(void **state)
{
    (void)state;
    const char *rounds = getenv("UPLOAD_ROUNDS");
    const uint32_t count = rounds != NULL ? (uint32_t)atoi(rounds) : 3000;
    unsigned outcomes[3] = {0}, most = 0, unseen = 0;
    for (uint32_t seed = 1; seed <= count; seed++) {
        begin(seed * 2654435761u | 1);
        uint32_t chance = seed * 747796405u | 1;
        for (int i = 0; i < 3; i++)
            (void)cut_random(&chance);
        const unsigned bad = cut_random(&chance) % 100;
        for (size_t i = 0; i < REQUESTS_MAX; i++)
            if (cut_random(&chance) % 100 < bad)
                server.script[i] = (enum what)(cut_random(&chance) % WHATS);
        how.single = cut_random(&chance) % 3 == 0;
        how.force = cut_random(&chance) % 3 == 0;
        how.no_checksum = cut_random(&chance) % 4 == 0;
        how.payload = cut_random(&chance) % 2 == 0 ? SIGV4_CHUNKS_TRAILER : SIGV4_UNSIGNED_TRAILER;
        how.attempts = 1 + cut_random(&chance) % 5;
        server.tells_checksums = cut_random(&chance) % 3 != 0;
        server.head_is_forbidden = cut_random(&chance) % 5 == 0;
        if (cut_random(&chance) % 3 == 0) how.stop_at = 1 + cut_random(&chance) % 12;
        if (cut_random(&chance) % 4 == 0) server.sign_in_fails_at = 1 + cut_random(&chance) % 4;
        if (cut_random(&chance) % 4 == 0) {
            server.object_is_there = server.object_is_old = true;
            server.object_len = cut_random(&chance) % 2 == 0 ? 100 : wav_len;
            memcpy(server.object, wav, wav_len);
            server.object[50] ^= 1;
        }
        server.continues = cut_random(&chance) % 2 == 0;
        fake.refuse_percent = cut_random(&chance) % 3 == 0 ? 10 : 0;
        fake.piece = cut_random(&chance) % 3 == 0 ? 1 + cut_random(&chance) % 3000 : 0;
        /* An older object of our length, where there are no checksums, may be taken for ours. */
        const bool may_err = server.object_is_there && server.object_len == wav_len &&
                             (how.no_checksum || !server.tells_checksums);
        run();
        if (!(may_err && upload.outcome == UPLOAD_CONVERTED)) check_always();
        outcomes[upload.outcome]++;
        if (upload.requests > most) most = upload.requests;
        assert_true(upload.requests <= 60);
        /* Where we failed and the object was made, an answer was lost, and looking failed too; or the script let HEAD
         * lie (404 by "gone"), whom we believe. */
        if (upload.outcome == UPLOAD_FAILED && server.object_is_there && !server.object_is_old) {
            assert_true(upload.in_doubt || upload.answer.status == 404);
            unseen++;
        }
    }
    printf("%u converted, %u failed (%u of them made all the same); %u requests at most\n",
           outcomes[UPLOAD_CONVERTED], outcomes[UPLOAD_FAILED], unseen, most);
    assert_true(outcomes[UPLOAD_CONVERTED] > count / 10 && outcomes[UPLOAD_FAILED] > count / 10);
}

static int generate(void **state)
{
    (void)state;
    static struct connect_stream g;
    static uint8_t voice[2][OBJECT_BYTES];
    struct connect_stream_options o = connect_stream_defaults();
    o.duration_ms = 800;
    o.fragment_ms = 800;
    for (int i = 0; i < 2; i++) {
        o.block_bytes = i == 0 ? 4096 : 12800;
        streams[i] = malloc(STREAM_BYTES_MAX + CONNECT_STREAM_FRAGMENT_BYTES_MAX);
        if (streams[i] == NULL || connect_stream_init(&g, &o) != NULL) return 1;
        size_t len;
        while (connect_stream_next(&g, streams[i] + streams_len[i],
                                   CONNECT_STREAM_FRAGMENT_BYTES_MAX, &len))
            streams_len[i] += len;
    }
    const size_t voice_len = 800 * CONNECT_STREAM_BYTES_PER_MS;
    connect_stream_pcm(&g, 0, CONNECT_STREAM_CUSTOMER, 0, voice[0], voice_len);
    connect_stream_pcm(&g, 0, CONNECT_STREAM_AGENT, 0, voice[1], voice_len);
    /* As typed in wav_test.c: stereo, 25600 bytes. */
    memcpy(
        wav,
        "RIFF\x24\x64\0\0WAVEfmt \x10\0\0\0\1\0\2\0\x40\x1F\0\0\0\x7D\0\0\4\0\x10\0data\0\x64\0\0",
        44);
    wav_len = 44;
    for (size_t at = 0; at < voice_len; at += 2, wav_len += 4) {
        memcpy(wav + wav_len, voice[0] + at, 2);
        memcpy(wav + wav_len + 2, voice[1] + at, 2);
    }
    return wav_len != 44 + 25600;
}

static int end(void **state)
{
    (void)state;
    free(streams[0]);
    free(streams[1]);
    fake_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories),        cmocka_unit_test(what_is_mended),
        cmocka_unit_test(no_credentials), cmocka_unit_test(no_way_there),
        cmocka_unit_test(broken_input),   cmocka_unit_test(another_contact_at_the_end),
        cmocka_unit_test(stopped),        cmocka_unit_test(by_chance),
    };
    return cmocka_run_group_tests(tests, generate, end);
}
