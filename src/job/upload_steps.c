#include "job/upload_steps.h"

/* ---- ending, well or badly ---- */

void upload_over(struct upload *u, enum upload_outcome outcome)
{
    u->outcome = outcome;
    u->at = UPLOAD_AT_OVER;
}

/* After an abort, done or not. */
static void end_aborted(struct upload *u)
{
    if (u->is_made) u->fault.kind = FAULT_NONE;
    upload_over(u, u->is_made ? UPLOAD_CONVERTED : UPLOAD_FAILED);
}

/* The first cause is kept. An open upload is aborted first: what nobody will complete costs money. */
void upload_fail(struct upload *u, const struct fault *why)
{
    if (u->fault.kind == FAULT_NONE) u->fault = *why;
    sign_in_end(&u->sign_in);
    exchange_end(&u->exchange);
    bool is_open = u->upload_id_len > 0 && u->step != UPLOAD_STEP_ABORT;
    if (u->upload_id_len > 0 && !is_open) u->left_open = true;
    u->step = UPLOAD_STEP_ABORT;
    u->at = UPLOAD_AT_ASK;
    if (!is_open) end_aborted(u);
}

RARE void upload_fail_with(struct upload *u, enum fault_kind kind, const char *text)
{
    struct fault why = {.kind = FAULT_NONE};
    fault_set(&why, kind, FAULT_NOWHERE, text);
    upload_fail(u, &why);
}

bool upload_find_endpoint(struct upload *u, struct fault *why)
{
    struct endpoint_options o = settings_endpoint(u->options->settings, SERVICE_S3);
    o.region = u->region;
    return endpoints_find(SERVICE_S3, &o, u->options->bucket, &u->endpoint, why);
}

/* ---- the questions ---- */

static void no_body(struct upload_body *b)
{
    *b = (struct upload_body){.payload = SIGV4_HASHED};
    sigv4_hash(span_of(NULL, 0), b->hash);
}

static bool has_trailer(const struct upload *u)
{
    return u->options->payload != SIGV4_CHUNKS && u->object.checksum != CHECKSUM_NONE;
}

enum checksum_kind upload_trailer(const struct upload *u)
{
    return has_trailer(u) ? u->object.checksum : CHECKSUM_NONE;
}

static uint64_t part_len(const struct upload *u, size_t part)
{
    uint64_t begin = part * u->part_bytes;
    uint64_t left = u->total - begin;
    return left < u->part_bytes ? left : u->part_bytes;
}

static struct span upload_id(const struct upload *u)
{
    return span_of(u->upload_id, u->upload_id_len);
}

static void ask_open(struct upload *u, struct upload_body *b)
{
    no_body(b);
    s3_create_upload(&u->request, u->head, sizeof u->head, &u->object);
}

/* A part's bytes, from its beginning: also when it was begun before and something went wrong. */
static void begin_part_body(struct upload *u, struct upload_body *b, uint64_t plain)
{
    if (u->source.now.given != u->part_at * u->part_bytes) {
        wav_source_go_back(&u->source);
        u->whole = u->whole_mark;
    }
    u->plain_left = plain;
    u->bytes = span_of(NULL, 0);
    *b = (struct upload_body){.payload = u->options->payload, .expects_continue = true};
    b->bytes = awschunk_content_length(b->payload, upload_trailer(u), plain);
}

static void ask_part(struct upload *u, struct upload_body *b)
{
    uint64_t plain = part_len(u, u->part_at);
    begin_part_body(u, b, plain);
    s3_upload_part(&u->request, u->head, sizeof u->head, &u->object, upload_id(u),
                   (unsigned)u->part_at + 1, b->bytes, plain, has_trailer(u), true);
}

static void ask_put(struct upload *u, struct upload_body *b)
{
    begin_part_body(u, b, u->total);
    s3_put_object(&u->request, u->head, sizeof u->head, &u->object, b->bytes, u->total,
                  has_trailer(u), true);
}

/* The body is generated twice: here for its length and hash, and as it is said. */
static void ask_close(struct upload *u, struct upload_body *b)
{
    bool is_said = checksum_is_whole_object(u->object.checksum);
    *b = (struct upload_body){.payload = SIGV4_HASHED};
    b->bytes = s3_complete_body_measure(u->parts, u->part_count, upload_trailer(u), b->hash);
    s3_complete_body_init(&u->complete, u->parts, u->part_count, upload_trailer(u));
    u->piece = span_of(NULL, 0);
    s3_complete_upload(&u->request, u->head, sizeof u->head, &u->object, upload_id(u), b->bytes,
                       span_of(u->whole_text, is_said ? u->whole_len : 0), u->total);
}

static void ask_check(struct upload *u, struct upload_body *b)
{
    no_body(b);
    if (u->in_doubt) u->checks++;
    s3_head_object(&u->request, u->head, sizeof u->head, &u->object);
}

static void ask_abort(struct upload *u, struct upload_body *b)
{
    no_body(b);
    s3_abort_upload(&u->request, u->head, sizeof u->head, &u->object, upload_id(u));
}

/* ---- the answers ---- */

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
    u->fault.kind = FAULT_NONE;
    u->upload_id_len = 0;
    upload_over(u, UPLOAD_CONVERTED);
}

enum upload_step upload_making_step(const struct upload *u)
{
    if (u->part_count == 1) return UPLOAD_STEP_PUT;
    return u->upload_id_len == 0 ? UPLOAD_STEP_OPEN : UPLOAD_STEP_CLOSE;
}

/* HEAD said 200: is it what we sent? A checksum that covers only parts, or none, proves nothing. Where no object was, or
 * our upload is gone, the size must do then; an older object that we were to replace often has the same. */
static bool is_ours(const struct upload *u)
{
    const struct s3_answer *a = &u->answer;
    if (!u->is_said || a->content_length != u->total) return false;
    if (a->checksum_len == 0 || a->checksum_is_composite)
        return u->options->keeps_existing || u->is_gone;
    return span_equal(span_of(a->checksum, a->checksum_len), span_of(u->whole_text, u->whole_len));
}

RARE void upload_fail_exists(struct upload *u)
{
    upload_fail_with(u, FAULT_REFUSED,
                     "an object of that name is there already; --force replaces it");
}

void upload_hear_forbidden(struct upload *u)
{
    if (u->is_seen)
        upload_fail_with(u, FAULT_SERVICE,
                         "an object of that name is there, and it may well be ours: an answer was "
                         "lost, and S3 does not let us look (s3:GetObject)");
    else
        upload_hear_absent(u);
}

void upload_hear_absent(struct upload *u)
{
    retry_begin(&u->retry[UPLOAD_STEP_CHECK]); /* the next look has tries of its own */
    if (!u->is_last_look) {
        u->step = upload_making_step(u);
        return;
    }
    if (u->answer.status == 404) u->in_doubt = false;
    upload_fail(u, &u->fault);
}

/* Nobody knows by which upload the object came to be: ours, whose answer was lost, or one before. If ours did, the abort
 * finds nothing. */
static void hear_ours(struct upload *u)
{
    u->is_made = true;
    u->step = UPLOAD_STEP_ABORT;
    if (u->upload_id_len == 0 || u->is_gone) end_aborted(u);
}

static void hear_check(struct upload *u)
{
    if (is_ours(u))
        hear_ours(u);
    else if (u->options->keeps_existing)
        upload_fail_exists(u);
    else
        upload_hear_absent(u);
}

void upload_fail_aborted(struct upload *u)
{
    u->upload_id_len = 0;
    end_aborted(u);
}

const struct upload_step_row upload_steps[UPLOAD_STEPS] = {
    [UPLOAD_STEP_OPEN] = {"open", S3_CREATE_UPLOAD, ask_open, hear_open},
    [UPLOAD_STEP_PART] = {"part", S3_UPLOAD_PART, ask_part, hear_part},
    [UPLOAD_STEP_CLOSE] = {"close", S3_COMPLETE_UPLOAD, ask_close, hear_made},
    [UPLOAD_STEP_PUT] = {"put", S3_PUT_OBJECT, ask_put, hear_made},
    [UPLOAD_STEP_CHECK] = {"check", S3_HEAD_OBJECT, ask_check, hear_check},
    [UPLOAD_STEP_ABORT] = {"abort", S3_ABORT_UPLOAD, ask_abort, upload_fail_aborted},
};
