#include "job/upload.h"

#include "job/upload_judge.h"
#include "job/upload_steps.h"

/* ---- measuring ---- */

/* Parts of the least size, or larger ones where they would be too many: their ETags are kept. */
static void plan_parts(struct upload *u)
{
    u->total = wav_source_total(&u->source);
    uint64_t least = u->options->part_bytes_min;
    uint64_t enough = (u->total + PARTS_MAX - 1) / PARTS_MAX;
    u->part_bytes = enough > least ? enough : least;
    u->part_count = (size_t)((u->total + u->part_bytes - 1) / u->part_bytes);
    /* What is there already is found out before hours of sound are sent. */
    bool may_meet_one = u->options->keeps_existing && (u->part_count > 1 || !u->object.if_absent);
    u->step = may_meet_one ? UPLOAD_STEP_CHECK : upload_making_step(u);
}

static void end_survey(struct upload *u)
{
    if (u->recording.bytes == 0) {
        upload_over(u, UPLOAD_NO_AUDIO);
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
    case WAV_SOURCE_FAULT: upload_fail(u, &u->source.fault); break;
    }
    return UPLOAD_TOLD;
}

/* ---- asking ---- */

static uint64_t patience_ms(const struct upload *u, const struct upload_body *b)
{
    if (u->step == UPLOAD_STEP_ABORT) return ABORT_PATIENCE_MS;
    return EXCHANGE_PATIENCE_MS + b->bytes / SLOWEST_BYTES_PER_MS;
}

static RARE void begin_exchange(struct upload *u, const struct upload_body *b,
                                const struct sigv4_seed *seed, uint64_t now_ms)
{
    const struct service_endpoint *e = &u->endpoint;
    struct endpoint to = {.tls = e->tls, .port = e->port, .host_len = e->host_len};
    memcpy(to.host, e->host, e->host_len);
    struct question question = {.head = http_request_span(&u->request),
                                .body_bytes = b->bytes,
                                .is_head = u->step == UPLOAD_STEP_CHECK,
                                .patience_ms = patience_ms(u, b),
                                .expects_continue = b->expects_continue};
    if (b->payload != SIGV4_HASHED)
        awschunk_init(&u->chunk, b->payload, upload_trailer(u), u->plain_left, &u->key, seed);
    /* What went wrong may be this connection's fault, or this address's (S3: use a new one, and look its name up again). */
    bool is_again = u->retry[u->step].tries > 1 || (u->was_stale & 1U << u->step) != 0;
    if (is_again) connection_close(&u->connection);
    s3_answer_begin(&u->answer, upload_steps[u->step].operation, u->object.checksum);
    connection_begin(&u->connection, &to, now_ms);
    exchange_begin(&u->exchange, &u->connection, &question, now_ms);
    u->requests++;
    u->at = UPLOAD_AT_TALK;
}

static RARE void ask(struct upload *u, uint64_t now_ms, int64_t utc_ms)
{
    struct sigv4_scope scope = {.region = u->region, .service = "s3", .content_sha256 = true};
    struct sigv4_seed seed;
    struct upload_body body;
    upload_steps[u->step].ask(u, &body);
    http_request_header_text(&u->request, "User-Agent", u->options->user_agent);
    bool is_signed = sigv4_sign(&u->key, &u->request, &scope, &u->credentials, utc_ms, body.payload,
                                body.hash, &seed);
    if (is_signed && http_request_end(&u->request)) {
        begin_exchange(u, &body, &seed, now_ms);
    } else {
        u->left_open = u->left_open || u->upload_id_len > 0;
        u->upload_id_len = 0; /* an abort would not fit either */
        upload_fail_with(
            u, FAULT_CONFIG,
            "the request is longer than S3 takes, or has a header that cannot be sent; look "
            "at the tags, the metadata and the session token");
    }
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

/* The next bytes of the WAV, or after the last one its end. False: input is needed first, or the job has failed. */
static bool pull_wav(struct upload *u)
{
    size_t most = u->plain_left < SIZE_MAX ? (size_t)u->plain_left : SIZE_MAX;
    switch (wav_source_next(&u->source, most > 0 ? most : 1, &u->bytes)) {
    case WAV_SOURCE_READ: return false;
    case WAV_SOURCE_BYTES:
        if (most > 0) {
            take_wav(u);
            return true;
        }
        break;
    case WAV_SOURCE_END:
        if (most == 0) return true;
        break;
    case WAV_SOURCE_FAULT: upload_fail(u, &u->source.fault); return false;
    }
    upload_fail_with(u, FAULT_CHANGED, "it gave another length of sound the second time");
    return false;
}

/* The last bytes are held back until the input was read to its end: the ContactId of the last fragment stands behind its
 * sound, and what is sent whole is visible at once. */
static bool is_held_back(const struct upload *u)
{
    return u->plain_left == 0 && u->bytes.len == 0 && u->part_at + 1 == u->part_count &&
           !wav_source_is_over(&u->source);
}

/* Says bytes of the WAV. False: input is needed first, or the job has failed. */
static bool say_wav(struct upload *u, uint64_t now_ms)
{
    for (;;) {
        struct span sealed = awschunk_sealed(&u->chunk);
        if (is_held_back(u)) {
            if (!pull_wav(u)) return false;
        } else if (sealed.len > 0) {
            size_t before = sealed.len;
            exchange_say(&u->exchange, &sealed, now_ms);
            awschunk_sent(&u->chunk, before - sealed.len);
            if (sealed.len > 0) return true;
        } else if (awschunk_is_over(&u->chunk)) {
            return true;
        } else if (u->bytes.len > 0) {
            awschunk_put(&u->chunk, &u->bytes);
        } else if (!pull_wav(u)) {
            return false;
        }
    }
}

static void say_completion(struct upload *u, uint64_t now_ms)
{
    for (;;) {
        if (u->piece.len == 0) {
            struct writer w = writer_on(u->piece_room, sizeof u->piece_room);
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
            upload_judge(u, true, now_ms, utc_ms, chance);
            return UPLOAD_TOLD;
        case EXCHANGE_LOST:
            if (!x->stale || !upload_judge_stale(u)) upload_judge(u, false, now_ms, utc_ms, chance);
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
    sign_in_begin(&u->sign_in, u->options->settings, &u->sign_in_connection, &u->exchange,
                  &u->credentials, u->credentials_forced, &u->sign_in_room, sizeof u->sign_in_room);
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
        u->left_open = u->left_open || u->upload_id_len > 0;
        u->upload_id_len = 0; /* nobody would let us abort it */
        upload_fail(u, &u->sign_in.fault);
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
    if (u->at == UPLOAD_AT_OVER) return;
    upload_fail(u, why);
}

void upload_stop(struct upload *u, const struct fault *why)
{
    if (u->at == UPLOAD_AT_OVER || u->step == UPLOAD_STEP_ABORT || u->is_last_look) return;
    if (u->fault.kind == FAULT_NONE) u->fault = *why;
    if (!upload_judge_stop(u)) upload_fail(u, why);
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
    wav_source_survey(&u->source, &options->pipeline, &u->recording);
    if (!upload_find_endpoint(u, &u->fault)) upload_fail(u, &u->fault);
}

void upload_end(struct upload *u)
{
    sign_in_end(&u->sign_in);
    exchange_end(&u->exchange);
    connection_close(&u->connection);
    connection_close(&u->sign_in_connection);
    credentials_wipe(&u->credentials);
    credentials_wipe_bytes(u->head, sizeof u->head); /* the session token stands in it */
    sigv4_wipe(&u->key);
}
