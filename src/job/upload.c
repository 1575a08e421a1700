#include "job/upload.h"

#include <mbedtls/sha256.h>

/* ---- ending, well or badly ---- */

static void over(struct upload *u, enum upload_outcome outcome)
{
    u->outcome = outcome;
    u->at = UPLOAD_AT_OVER;
}

/* The first cause is kept. An open upload is aborted first: what nobody will complete costs money. */
static void fail(struct upload *u, const struct fault *why)
{
    if (u->fault.kind == FAULT_NONE) u->fault = *why;
    exchange_end(&u->exchange);
    bool is_open = u->upload_id_len > 0 && u->step != UPLOAD_STEP_ABORT;
    if (u->upload_id_len > 0 && !is_open) u->left_open = true;
    u->step = UPLOAD_STEP_ABORT;
    u->at = UPLOAD_AT_ASK;
    if (!is_open) over(u, UPLOAD_FAILED);
}

static RARE void fail_with(struct upload *u, enum fault_kind kind, const char *text)
{
    struct fault why = {.kind = FAULT_NONE};
    fault_set(&why, kind, FAULT_NOWHERE, text);
    fail(u, &why);
}

/* ---- where, and in how many parts ---- */

static bool find_endpoint(struct upload *u, struct fault *why)
{
    struct endpoint_options o = settings_endpoint(u->options->settings, SERVICE_S3);
    o.region = u->region;
    return endpoints_find(SERVICE_S3, &o, u->options->bucket, &u->endpoint, why);
}

static uint64_t part_len(const struct upload *u, size_t part)
{
    uint64_t begin = part * u->part_bytes;
    uint64_t left = u->total - begin;
    return left < u->part_bytes ? left : u->part_bytes;
}

/* Parts of the least size, or larger ones where they would be too many: their ETags are kept. */
static void plan_parts(struct upload *u)
{
    u->total = wav_source_total(&u->source);
    uint64_t least = u->options->part_bytes_min;
    uint64_t enough = (u->total + PARTS_MAX - 1) / PARTS_MAX;
    u->part_bytes = enough > least ? enough : least;
    u->part_count = (size_t)((u->total + u->part_bytes - 1) / u->part_bytes);
    u->step = u->part_count == 1 ? UPLOAD_STEP_PUT : UPLOAD_STEP_OPEN;
}

static void end_survey(struct upload *u)
{
    if (u->recording.bytes == 0) {
        over(u, UPLOAD_NO_AUDIO);
        return;
    }
    wav_source_deliver(&u->source);
    plan_parts(u);
    checksum_init(&u->whole, u->object.checksum);
    u->whole_mark = u->whole;
    u->at = UPLOAD_AT_ASK;
}

static enum upload_event survey(struct upload *u)
{
    struct span none;
    switch (wav_source_next(&u->source, SIZE_MAX, &none)) {
    case WAV_SOURCE_READ: return UPLOAD_READ;
    case WAV_SOURCE_BYTES: break;
    case WAV_SOURCE_END: end_survey(u); break;
    case WAV_SOURCE_FAULT: fail(u, &u->source.fault); break;
    }
    return UPLOAD_TOLD;
}

/* ---- the questions: each writes the request's head, and says how its body goes ---- */

struct body {
    enum sigv4_payload payload;
    uint8_t hash[32];
    uint64_t bytes;
    bool expects_continue;
};

static void no_body(struct body *b)
{
    *b = (struct body){.payload = SIGV4_HASHED};
    (void)mbedtls_sha256((const unsigned char *)"", 0, b->hash, 0);
}

static bool has_trailer(const struct upload *u)
{
    return u->options->payload != SIGV4_CHUNKS && u->object.checksum != CHECKSUM_NONE;
}

static enum checksum_kind trailer_kind(const struct upload *u)
{
    return has_trailer(u) ? u->object.checksum : CHECKSUM_NONE;
}

static struct span upload_id(const struct upload *u)
{
    return span_of(u->upload_id, u->upload_id_len);
}

static void ask_open(struct upload *u, struct body *b)
{
    no_body(b);
    s3_create_upload(&u->request, u->head, sizeof u->head, &u->object);
}

/* A part's bytes, from its beginning: also when it was begun before and something went wrong. */
static void begin_part_body(struct upload *u, struct body *b, uint64_t plain)
{
    if (u->source.now.given != u->part_at * u->part_bytes) {
        wav_source_go_back(&u->source);
        u->whole = u->whole_mark;
    }
    u->plain_left = plain;
    u->bytes = span_of(NULL, 0);
    *b = (struct body){.payload = u->options->payload, .expects_continue = true};
    b->bytes = awschunk_content_length(b->payload, trailer_kind(u), plain);
}

static void ask_part(struct upload *u, struct body *b)
{
    uint64_t plain = part_len(u, u->part_at);
    begin_part_body(u, b, plain);
    s3_upload_part(&u->request, u->head, sizeof u->head, &u->object, upload_id(u),
                   (unsigned)u->part_at + 1, b->bytes, plain, has_trailer(u), true);
}

static void ask_put(struct upload *u, struct body *b)
{
    begin_part_body(u, b, u->total);
    s3_put_object(&u->request, u->head, sizeof u->head, &u->object, b->bytes, u->total,
                  has_trailer(u), true);
}

static struct writer piece_writer(struct upload *u)
{
    return writer_on(u->piece_room, sizeof u->piece_room);
}

/* The body is generated twice: here for its length and hash, in say_completion for the wire. */
static void ask_close(struct upload *u, struct body *b)
{
    bool is_said = checksum_is_whole_object(u->object.checksum);
    *b = (struct body){.payload = SIGV4_HASHED};
    mbedtls_sha256_context hash;
    mbedtls_sha256_init(&hash);
    (void)mbedtls_sha256_starts(&hash, 0);
    s3_complete_body_init(&u->complete, u->parts, u->part_count, trailer_kind(u));
    for (struct writer w = piece_writer(u); s3_complete_body_next(&u->complete, &w);
         w = piece_writer(u)) {
        (void)mbedtls_sha256_update(&hash, w.to, w.len);
        b->bytes += w.len;
    }
    (void)mbedtls_sha256_finish(&hash, b->hash);
    mbedtls_sha256_free(&hash);
    s3_complete_body_init(&u->complete, u->parts, u->part_count, trailer_kind(u));
    u->piece = span_of(NULL, 0);
    s3_complete_upload(&u->request, u->head, sizeof u->head, &u->object, upload_id(u), b->bytes,
                       span_of(u->whole_text, is_said ? u->whole_len : 0), u->total);
}

static void ask_check(struct upload *u, struct body *b)
{
    no_body(b);
    u->checks++;
    s3_head_object(&u->request, u->head, sizeof u->head, &u->object);
}

static void ask_abort(struct upload *u, struct body *b)
{
    no_body(b);
    s3_abort_upload(&u->request, u->head, sizeof u->head, &u->object, upload_id(u));
}

/* ---- the answers: each takes what it needs, and says which step is next ---- */

static void hear_open(struct upload *u)
{
    assert(u->answer.upload_id_len <= sizeof u->upload_id);
    memcpy(u->upload_id, u->answer.upload_id, u->answer.upload_id_len);
    u->upload_id_len = u->answer.upload_id_len;
    u->step = UPLOAD_STEP_PART;
}

static void hear_part(struct upload *u)
{
    struct s3_part *part = &u->parts[u->part_at];
    struct writer w = writer_on(part->checksum, sizeof part->checksum);
    part->etag_len = (uint8_t)u->answer.etag_len;
    memcpy(part->etag, u->answer.etag, u->answer.etag_len);
    checksum_write(&u->chunk.checksum, &w);
    u->part_at++;
    u->whole_mark = u->whole;
    retry_begin(&u->retry[UPLOAD_STEP_PART]);
    if (u->part_at == u->part_count)
        u->step = UPLOAD_STEP_CLOSE;
    else
        wav_source_set_mark(&u->source);
}

static void hear_made(struct upload *u)
{
    u->upload_id_len = 0;
    over(u, UPLOAD_CONVERTED);
}

/* HEAD said 200: is it what we sent? A checksum that covers only parts, or none, proves nothing; the size must do
 * then. */
static bool is_ours(const struct upload *u)
{
    const struct s3_answer *a = &u->answer;
    if (!u->is_said || a->content_length != u->total) return false;
    if (a->checksum_len == 0 || a->checksum_is_composite) return true;
    return span_equal(span_of(a->checksum, a->checksum_len), span_of(u->whole_text, u->whole_len));
}

static void fail_exists(struct upload *u)
{
    fail_with(u, FAULT_REFUSED, "an object of that name is there already; --force replaces it");
}

static void hear_check(struct upload *u)
{
    if (is_ours(u))
        hear_made(u);
    else if (u->object.if_absent)
        fail_exists(u);
    else
        u->step = u->part_count == 1 ? UPLOAD_STEP_PUT : UPLOAD_STEP_CLOSE;
}

static void hear_abort(struct upload *u)
{
    u->upload_id_len = 0;
    over(u, UPLOAD_FAILED);
}

static const struct step {
    const char *name;
    enum s3_operation operation;
    void (*ask)(struct upload *u, struct body *b);
    void (*hear)(struct upload *u); /* a good answer; sets the next step */
} steps[UPLOAD_STEPS] = {
    [UPLOAD_STEP_OPEN] = {"open", S3_CREATE_UPLOAD, ask_open, hear_open},
    [UPLOAD_STEP_PART] = {"part", S3_UPLOAD_PART, ask_part, hear_part},
    [UPLOAD_STEP_CLOSE] = {"close", S3_COMPLETE_UPLOAD, ask_close, hear_made},
    [UPLOAD_STEP_PUT] = {"put", S3_PUT_OBJECT, ask_put, hear_made},
    [UPLOAD_STEP_CHECK] = {"check", S3_HEAD_OBJECT, ask_check, hear_check},
    [UPLOAD_STEP_ABORT] = {"abort", S3_ABORT_UPLOAD, ask_abort, hear_abort},
};

/* ---- asking ---- */

static void begin_exchange(struct upload *u, const struct body *b, const struct sigv4_seed *seed,
                           uint64_t now_ms)
{
    const struct service_endpoint *e = &u->endpoint;
    struct endpoint to = {.tls = e->tls, .port = e->port, .host_len = e->host_len};
    memcpy(to.host, e->host, e->host_len);
    struct question question = {.head = http_request_span(&u->request),
                                .body_bytes = b->bytes,
                                .is_head = u->step == UPLOAD_STEP_CHECK,
                                .patience_ms =
                                    EXCHANGE_PATIENCE_MS + b->bytes / SLOWEST_BYTES_PER_MS,
                                .expects_continue = b->expects_continue};
    if (b->payload != SIGV4_HASHED)
        awschunk_init(&u->chunk, b->payload, trailer_kind(u), u->plain_left, &u->key, seed);
    s3_answer_begin(&u->answer, steps[u->step].operation, u->object.checksum);
    connection_begin(&u->connection, &to, now_ms);
    exchange_begin(&u->exchange, &u->connection, &question, now_ms);
    u->requests++;
    u->at = UPLOAD_AT_TALK;
}

static void ask(struct upload *u, uint64_t now_ms, int64_t utc_ms)
{
    struct sigv4_scope scope = {.region = u->region, .service = "s3", .content_sha256 = true};
    struct sigv4_seed seed;
    struct body body;
    steps[u->step].ask(u, &body);
    http_request_header_text(&u->request, "User-Agent", u->options->user_agent);
    bool is_signed = sigv4_sign(&u->key, &u->request, &scope, &u->credentials, utc_ms, body.payload,
                                body.hash, &seed);
    if (is_signed && http_request_end(&u->request)) {
        begin_exchange(u, &body, &seed, now_ms);
    } else {
        u->left_open = u->upload_id_len > 0;
        u->upload_id_len = 0; /* an abort would not fit either */
        fail_with(u, FAULT_CONFIG,
                  "the request is longer than S3 takes, or has a header that cannot be sent; look "
                  "at the tags, the metadata and the session token");
    }
}

/* ---- judging ---- */

static void write_where(struct upload *u, struct writer *w)
{
    writer_text(w, steps[u->step].name);
    if (u->step != UPLOAD_STEP_PART) return;
    writer_byte(w, ' ');
    writer_number(w, u->part_at + 1);
    writer_byte(w, '/');
    writer_number(w, u->part_count);
}

/* "    354 ms  part 1/3  try 1  status 503  SlowDown  again in 20 ms" */
static void tell(struct upload *u, unsigned try, const struct answer_facts *facts,
                 const char *verdict, uint64_t delay_ms, uint64_t now_ms)
{
    struct writer *w = &u->line;
    *w = writer_on(u->line_room, sizeof u->line_room);
    writer_number(w, now_ms - u->began_ms);
    writer_text(w, " ms  ");
    write_where(u, w);
    writer_text(w, "  try ");
    writer_number(w, try);
    if (facts->status > 0) {
        writer_text(w, "  status ");
        writer_number(w, facts->status);
    } else {
        writer_text(w, "  no answer");
    }
    if (facts->code.len > 0) {
        writer_text(w, "  ");
        writer_visible(w, facts->code);
    }
    writer_text(w, "  ");
    writer_text(w, verdict);
    if (delay_ms > 0) {
        writer_text(w, " in ");
        writer_number(w, delay_ms);
        writer_text(w, " ms");
    }
}

static void succeed(struct upload *u)
{
    const struct step *step = &steps[u->step];
    retry_succeeded(&u->retry[u->step], &u->bucket);
    u->at = UPLOAD_AT_ASK;
    step->hear(u);
}

static RARE void fail_by_answer(struct upload *u)
{
    struct fault why = {.kind = FAULT_NONE};
    struct writer w = fault_begin(&why, FAULT_SERVICE, FAULT_NOWHERE);
    write_where(u, &w);
    writer_text(&w, ": ");
    s3_answer_tell(&u->answer, &w);
    fault_put(&why, &w);
    fail(u, &why);
}

static bool follow_region(struct upload *u, struct fault *why)
{
    struct span region = span_of(u->answer.region, u->answer.region_len);
    if (!endpoints_region_is_valid(region)) return false;
    memcpy(u->region, region.at, region.len);
    u->region[region.len] = '\0';
    return find_endpoint(u, why);
}

/* What can be mended before asking again. */
static RARE void mend(struct upload *u, enum mishap mishap, const struct answer_facts *facts)
{
    struct fault why = {.kind = FAULT_NONE};
    switch (mishap) {
    case MISHAP_CREDENTIALS: u->credentials_forced = true; break;
    case MISHAP_CLOCK: u->skew_ms += facts->skew_ms; break;
    case MISHAP_REGION:
        if (!follow_region(u, &why)) fail_by_answer(u);
        break;
    case MISHAP_NONE:
    case MISHAP_CONNECTION:
    case MISHAP_SERVER:
    case MISHAP_THROTTLED:
    case MISHAP_REFUSED: break;
    }
}

/* The object is made by these. When their answer is lost, it may be there all the same. */
static bool makes_object(enum upload_step step)
{
    return step == UPLOAD_STEP_CLOSE || step == UPLOAD_STEP_PUT;
}

static bool has_code(const struct answer_facts *facts, const char *code)
{
    return span_is(facts->code, code);
}

/* Answers that this story understands better than the rules for all: true, when it went on. */
static bool understand(struct upload *u, enum mishap mishap, const struct answer_facts *facts)
{
    bool exists = facts->status == 412 || has_code(facts, "PreconditionFailed");
    bool is_gone = has_code(facts, "NoSuchUpload");
    if (makes_object(u->step) && u->is_said &&
        (mishap == MISHAP_CONNECTION || mishap == MISHAP_SERVER))
        u->in_doubt = true;
    bool may_check = u->checks < UPLOAD_CHECKS_MAX;
    if (makes_object(u->step) && u->in_doubt && (exists || is_gone) && may_check) {
        u->step = UPLOAD_STEP_CHECK;
        return true;
    }
    if (makes_object(u->step) && exists) {
        fail_exists(u);
        return true;
    }
    if (u->step == UPLOAD_STEP_ABORT && is_gone) {
        hear_abort(u);
        return true;
    }
    return false;
}

/* The object is not there, or nobody may say so: the step in doubt is asked again, if it has tries left. */
static bool is_no_witness(const struct upload *u, const struct answer_facts *facts)
{
    return u->step == UPLOAD_STEP_CHECK && (facts->status == 404 || facts->status == 403);
}

static void go_on_after(struct upload *u, enum verdict verdict, enum mishap mishap,
                        const struct answer_facts *facts, uint64_t until_ms)
{
    if (verdict == VERDICT_AGAIN) {
        u->pause_until_ms = until_ms;
        u->at = UPLOAD_AT_PAUSE;
        mend(u, mishap, facts);
        /* Before it is completed a second time, a look whether the first time did it. */
        bool may_check = u->checks < UPLOAD_CHECKS_MAX;
        if (u->step == UPLOAD_STEP_CLOSE && u->in_doubt && may_check) u->step = UPLOAD_STEP_CHECK;
    } else if (mishap == MISHAP_CONNECTION) {
        fail(u, &u->exchange.fault);
    } else {
        fail_by_answer(u);
    }
}

static void judge(struct upload *u, bool is_answered, uint64_t now_ms, int64_t utc_ms,
                  uint64_t chance)
{
    struct answer_facts facts = {.skew_ms = INT64_MAX};
    enum mishap mishap = MISHAP_CONNECTION;
    uint64_t delay_ms = 0;
    const unsigned try = u->retry[u->step].tries;
    if (is_answered) {
        s3_answer_facts(&u->answer, utc_ms, &facts);
        mishap = s3_answer_is_good(&u->answer) ? MISHAP_NONE : retry_classify(&facts);
        /* Good before it has heard everything: it cannot mean our body. */
        if (mishap == MISHAP_NONE && u->exchange.body_left > 0) mishap = MISHAP_SERVER;
    }
    exchange_end(&u->exchange);
    if (mishap == MISHAP_SERVER) connection_close(&u->connection);
    if (u->step == UPLOAD_STEP_OPEN && mishap == MISHAP_CONNECTION) u->left_open = true;
    if (mishap == MISHAP_NONE) {
        tell(u, try, &facts, "ok", 0, now_ms);
        succeed(u);
        return;
    }
    if (is_no_witness(u, &facts)) {
        tell(u, try, &facts, "not there", 0, now_ms);
        u->step = u->part_count == 1 ? UPLOAD_STEP_PUT : UPLOAD_STEP_CLOSE;
        u->at = UPLOAD_AT_ASK;
        return;
    }
    u->at = UPLOAD_AT_ASK;
    enum verdict verdict = retry_judge(&u->retry[u->step], &u->bucket, mishap, &facts,
                                       u->options->settings->max_attempts, chance, &delay_ms);
    tell(u, try, &facts, verdict == VERDICT_AGAIN ? "again" : "failed", delay_ms, now_ms);
    if (!understand(u, mishap, &facts)) go_on_after(u, verdict, mishap, &facts, now_ms + delay_ms);
}

/* ---- talking ---- */

static void take_wav(struct upload *u)
{
    checksum_add(&u->whole, u->bytes);
    u->plain_left -= u->bytes.len;
    if (u->plain_left > 0 || u->part_at + 1 < u->part_count) return;
    struct writer w = writer_on(u->whole_text, sizeof u->whole_text);
    checksum_write(&u->whole, &w);
    u->whole_len = w.len;
    u->is_said = true;
}

/* Says bytes of the WAV. False: input is needed first, or the job has failed. */
static bool say_wav(struct upload *u, uint64_t now_ms)
{
    for (;;) {
        struct span sealed = awschunk_sealed(&u->chunk);
        if (sealed.len > 0) {
            size_t before = sealed.len;
            exchange_say(&u->exchange, &sealed, now_ms);
            awschunk_sent(&u->chunk, before - sealed.len);
            if (sealed.len > 0) return true;
        } else if (awschunk_is_over(&u->chunk)) {
            return true;
        } else if (u->bytes.len > 0) {
            awschunk_put(&u->chunk, &u->bytes);
        } else {
            switch (wav_source_next(&u->source, (size_t)u->plain_left, &u->bytes)) {
            case WAV_SOURCE_READ: return false;
            case WAV_SOURCE_BYTES: take_wav(u); break;
            case WAV_SOURCE_END:
                fail_with(u, FAULT_CHANGED, "it was shorter the second time");
                return false;
            case WAV_SOURCE_FAULT: fail(u, &u->source.fault); return false;
            }
        }
    }
}

static void say_completion(struct upload *u, uint64_t now_ms)
{
    for (;;) {
        if (u->piece.len == 0) {
            struct writer w = piece_writer(u);
            if (!s3_complete_body_next(&u->complete, &w)) return;
            u->piece = writer_span(&w);
        }
        exchange_say(&u->exchange, &u->piece, now_ms);
        if (u->piece.len > 0) return;
    }
}

static enum upload_event talk(struct upload *u, uint64_t now_ms, int64_t utc_ms, uint64_t chance)
{
    struct exchange *x = &u->exchange;
    for (;;) {
        switch (exchange_next(x, now_ms)) {
        case EXCHANGE_WAIT: return UPLOAD_WAIT;
        case EXCHANGE_SAY:
            if (u->step == UPLOAD_STEP_CLOSE)
                say_completion(u, now_ms);
            else if (!say_wav(u, now_ms))
                return u->at == UPLOAD_AT_TALK ? UPLOAD_READ : UPLOAD_TOLD;
            break;
        case EXCHANGE_HEADER:
            s3_answer_header(&u->answer, x->response.name, x->response.value);
            break;
        case EXCHANGE_HEAD: s3_answer_head(&u->answer, x->response.status); break;
        case EXCHANGE_BODY:
            for (struct span body = x->response.body; body.len > 0;)
                s3_answer_body(&u->answer, &body);
            break;
        case EXCHANGE_OVER:
            s3_answer_end(&u->answer);
            judge(u, true, now_ms, utc_ms, chance);
            return UPLOAD_TOLD;
        case EXCHANGE_LOST:
            /* The server had closed the idle connection: nothing was asked yet. */
            if (x->stale) {
                exchange_end(x);
                u->at = UPLOAD_AT_ASK;
                return UPLOAD_TOLD;
            }
            judge(u, false, now_ms, utc_ms, chance);
            return UPLOAD_TOLD;
        }
    }
}

/* ---- the loop's side ---- */

static void begin_ask(struct upload *u, uint64_t now_ms, int64_t utc_ms)
{
    bool is_due = u->credentials_forced || credentials_are_due(&u->credentials, utc_ms);
    if (!is_due || u->signed_in) {
        u->signed_in = false;
        ask(u, now_ms, utc_ms);
        return;
    }
    /* Between two exchanges the frame of aws-chunks is idle. */
    sign_in_begin(&u->sign_in, u->options->settings, &u->sign_in_connection, &u->exchange,
                  &u->credentials, u->credentials_forced, &u->chunk, sizeof u->chunk);
    u->credentials_forced = false;
    u->at = UPLOAD_AT_SIGN_IN;
}

static enum upload_event sign_in(struct upload *u, uint64_t now_ms, int64_t utc_ms, uint64_t chance)
{
    switch (sign_in_turn(&u->sign_in, now_ms, utc_ms, chance)) {
    case SIGN_IN_WAIT: return UPLOAD_WAIT;
    case SIGN_IN_DONE:
        u->signed_in = true;
        u->at = UPLOAD_AT_ASK;
        break;
    case SIGN_IN_FAILED:
        u->left_open = u->upload_id_len > 0;
        u->upload_id_len = 0; /* nobody would let us abort it */
        fail(u, &u->sign_in.fault);
        break;
    }
    return UPLOAD_TOLD;
}

enum upload_event upload_turn(struct upload *u, uint64_t now_ms, int64_t utc_ms, uint64_t chance)
{
    u->line.len = 0;
    utc_ms += u->skew_ms;
    for (;;) {
        enum upload_event event = UPLOAD_TOLD;
        switch (u->at) {
        case UPLOAD_AT_SURVEY: event = survey(u); break;
        case UPLOAD_AT_ASK: begin_ask(u, now_ms, utc_ms); break;
        case UPLOAD_AT_SIGN_IN: event = sign_in(u, now_ms, utc_ms, chance); break;
        case UPLOAD_AT_TALK: event = talk(u, now_ms, utc_ms, chance); break;
        case UPLOAD_AT_PAUSE:
            if (now_ms < u->pause_until_ms) return UPLOAD_WAIT;
            u->at = UPLOAD_AT_ASK;
            break;
        case UPLOAD_AT_OVER: return UPLOAD_OVER;
        }
        if (event != UPLOAD_TOLD || u->line.len > 0) return event;
    }
}

struct port_want upload_want(const struct upload *u, uint64_t *until_ms)
{
    struct port_want none = {-1, false, false};
    switch (u->at) {
    case UPLOAD_AT_TALK: return exchange_want(&u->exchange, until_ms);
    case UPLOAD_AT_SIGN_IN: return sign_in_want(&u->sign_in, until_ms);
    case UPLOAD_AT_PAUSE:
        if (u->pause_until_ms < *until_ms) *until_ms = u->pause_until_ms;
        break;
    case UPLOAD_AT_SURVEY:
    case UPLOAD_AT_ASK:
    case UPLOAD_AT_OVER: break;
    }
    return none;
}

uint8_t *upload_room(struct upload *u, size_t *room, uint64_t *offset)
{
    return wav_source_room(&u->source, room, offset);
}

void upload_put(struct upload *u, size_t n)
{
    wav_source_put(&u->source, n);
}

void upload_fail_input(struct upload *u, const struct fault *why)
{
    if (u->at != UPLOAD_AT_OVER) fail(u, why);
}

void upload_stop(struct upload *u, const struct fault *why)
{
    if (u->at != UPLOAD_AT_OVER && u->step != UPLOAD_STEP_ABORT) fail(u, why);
}

void upload_begin(struct upload *u, const struct upload_options *options, uint64_t now_ms)
{
    const struct aws_settings *settings = options->settings;
    memset(u, 0, sizeof *u);
    u->options = options;
    u->began_ms = now_ms;
    u->object = options->object;
    u->object.endpoint = &u->endpoint;
    u->trust = (struct tls_trust){.bundle_path = settings->ca_bundle};
    connection_init(&u->connection, &u->trust);
    connection_init(&u->sign_in_connection, &u->trust);
    retry_bucket_init(&u->bucket);
    for (enum upload_step step = 0; step < UPLOAD_STEPS; step++)
        retry_begin(&u->retry[step]);
    struct writer region = writer_on(u->region, sizeof u->region - 1);
    writer_text(&region, settings->region);
    struct fault why = {.kind = FAULT_NONE};
    wav_source_survey(&u->source, &options->pipeline, &u->recording);
    if (!find_endpoint(u, &why)) fail(u, &why);
}

void upload_end(struct upload *u)
{
    exchange_end(&u->exchange);
    connection_close(&u->connection);
    connection_close(&u->sign_in_connection);
    credentials_wipe(&u->credentials);
    sigv4_wipe(&u->key);
}
