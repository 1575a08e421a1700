#include "job/upload_judge.h"

#include "job/upload_steps.h"

static void write_where(struct upload *u, struct writer *w)
{
    writer_text(w, upload_steps[u->step].name);
    if (u->step != UPLOAD_STEP_PART) return;
    writer_byte(w, ' ');
    writer_number(w, u->part_at + 1);
    writer_byte(w, '/');
    writer_number(w, u->part_count);
}

static void write_answer(struct upload *u, const struct answer_facts *facts, struct writer *w)
{
    if (!u->is_answered) {
        writer_text(w, "  no answer, ");
        writer_bytes(w, span_of(u->exchange.fault.text, u->exchange.fault.len));
        return;
    }
    writer_text(w, "  status ");
    writer_number(w, u->answer.status);
    if (facts->code.len > 0) {
        writer_text(w, "  ");
        writer_visible(w, facts->code);
    }
}

/* "354 ms  part 1/3  try 1  status 503  SlowDown  again in 20 ms" */
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
    write_answer(u, facts, w);
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
    retry_succeeded(&u->retry[u->step], &u->bucket);
    u->was_stale &= ~(1U << u->step);
    u->at = UPLOAD_AT_ASK;
    upload_steps[u->step].hear(u);
}

/* The first cause, from the answer or from how it was lost. */
static RARE void note_fault(struct upload *u)
{
    if (!u->is_answered) {
        if (u->fault.kind == FAULT_NONE) u->fault = u->exchange.fault;
        return;
    }
    struct writer w = fault_begin(&u->fault, FAULT_SERVICE, FAULT_NOWHERE);
    write_where(u, &w);
    writer_text(&w, ": ");
    s3_answer_tell(&u->answer, &w);
    fault_put(&u->fault, &w);
}

static void give_up(struct upload *u)
{
    note_fault(u);
    upload_fail(u, &u->fault);
}

static bool follow_region(struct upload *u, struct fault *why)
{
    struct span region = span_of(u->answer.region, u->answer.region_len);
    memcpy(u->region, region.at, region.len);
    u->region[region.len] = '\0';
    return upload_find_endpoint(u, why);
}

/* What can be mended before asking again. */
static RARE void mend(struct upload *u, enum mishap mishap, const struct answer_facts *facts)
{
    struct fault why = {.kind = FAULT_NONE};
    switch (mishap) {
    case MISHAP_CREDENTIALS: u->credentials_forced = true; break;
    case MISHAP_CLOCK: u->skew_ms += facts->skew_ms; break;
    case MISHAP_REGION:
        if (!follow_region(u, &why)) upload_fail(u, &why);
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

/* An answer was lost: worth a look whether the object is there all the same. */
static bool is_worth_a_look(const struct upload *u)
{
    return u->in_doubt && u->checks < UPLOAD_CHECKS_MAX;
}

static bool may_be_made(const struct upload *u)
{
    return makes_object(u->step) && is_worth_a_look(u);
}

/* All was said and no good answer came: it may have been done all the same. */
static void note_doubt(struct upload *u)
{
    if (u->exchange.head.len > 0 || u->exchange.body_left > 0) return;
    bool is_throttled = u->is_answered && u->answer.status == 503;
    if (u->step == UPLOAD_STEP_OPEN && !is_throttled) u->left_open = true;
    if (makes_object(u->step)) u->in_doubt = true;
}

static void look_for_the_last_time(struct upload *u)
{
    u->is_last_look = true;
    u->step = UPLOAD_STEP_CHECK;
}

/* Answers that this story understands better than the rules for all: true, when it went on. */
static bool understand(struct upload *u, const struct answer_facts *facts)
{
    bool exists = facts->status == 412 || has_code(facts, "PreconditionFailed");
    bool is_gone = has_code(facts, "NoSuchUpload");
    /* It was completed then, or is lost: asking again gives the same. */
    if (may_be_made(u) && is_gone) {
        note_fault(u);
        u->is_gone = true;
        look_for_the_last_time(u);
        return true;
    }
    if (may_be_made(u) && exists) {
        u->is_seen = true;
        u->step = UPLOAD_STEP_CHECK;
        return true;
    }
    if (makes_object(u->step) && exists) {
        upload_fail_exists(u);
        return true;
    }
    if (u->step == UPLOAD_STEP_ABORT && is_gone) {
        upload_fail_aborted(u);
        /* Not by us, perhaps: by the completion whose answer was lost. */
        if (is_worth_a_look(u) && !u->is_last_look && !u->is_made) {
            u->at = UPLOAD_AT_ASK;
            look_for_the_last_time(u);
        }
        return true;
    }
    return false;
}

/* HEAD found nothing, or we may not look: true, when that was understood. Its answers have no codes: where it is refused
 * for another reason (400), the next question hears which. */
static bool finds_nothing(struct upload *u, enum mishap mishap, const struct answer_facts *facts)
{
    const bool is_refused =
        facts->status == 403 || (facts->status == 400 && mishap == MISHAP_REFUSED);
    if (u->step != UPLOAD_STEP_CHECK) return false;
    if (facts->status == 404) upload_hear_absent(u);
    if (is_refused) upload_hear_forbidden(u);
    return facts->status == 404 || is_refused;
}

static void go_on_after(struct upload *u, enum verdict verdict, enum mishap mishap,
                        const struct answer_facts *facts, uint64_t until_ms)
{
    if (verdict == VERDICT_AGAIN) {
        u->pause_until_ms = until_ms;
        u->at = UPLOAD_AT_PAUSE;
        mend(u, mishap, facts);
        /* Before it is completed a second time, a look whether the first time did it. */
        if (u->step == UPLOAD_STEP_CLOSE && may_be_made(u)) u->step = UPLOAD_STEP_CHECK;
    } else if (may_be_made(u)) {
        note_fault(u);
        look_for_the_last_time(u);
    } else {
        give_up(u);
    }
}

static enum mishap mishap_of(struct upload *u, int64_t utc_ms, struct answer_facts *facts)
{
    if (!u->is_answered) {
        enum fault_kind kind = u->exchange.fault.kind;
        bool would_be_the_same = kind == FAULT_TRUST || kind == FAULT_CONFIG;
        return would_be_the_same ? MISHAP_REFUSED : MISHAP_CONNECTION;
    }
    s3_answer_facts(&u->answer, utc_ms, facts);
    enum mishap mishap = s3_answer_is_good(&u->answer) ? MISHAP_NONE : retry_classify(facts);
    /* Good before it has heard everything: it cannot mean our body. */
    if (mishap == MISHAP_NONE && u->exchange.body_left > 0) return MISHAP_SERVER;
    if (mishap == MISHAP_REGION && u->answer.region_len == 0) return MISHAP_REFUSED;
    return mishap;
}

/* The server may have done what it was asked: also where it says 503, or a 2xx that we cannot use. */
static bool is_doubtful(const struct upload *u, enum mishap mishap)
{
    bool is_2xx = u->is_answered && u->answer.status >= 200 && u->answer.status <= 299;
    return mishap == MISHAP_CONNECTION || mishap == MISHAP_SERVER || mishap == MISHAP_THROTTLED ||
           (mishap == MISHAP_REFUSED && is_2xx);
}

static void clean_up_after(struct upload *u, enum mishap mishap)
{
    if (is_doubtful(u, mishap)) note_doubt(u);
    exchange_end(&u->exchange);
    if (mishap == MISHAP_SERVER) connection_close(&u->connection);
    u->at = UPLOAD_AT_ASK;
}

bool upload_judge_stale(struct upload *u)
{
    if ((u->was_stale & 1U << u->step) != 0) return false;
    u->was_stale |= 1U << u->step;
    u->is_answered = false;
    note_doubt(u);
    exchange_end(&u->exchange);
    u->at = UPLOAD_AT_ASK;
    if (u->step == UPLOAD_STEP_CLOSE && may_be_made(u)) u->step = UPLOAD_STEP_CHECK;
    return true;
}

bool upload_judge_stop(struct upload *u)
{
    u->is_answered = false;
    if (u->at == UPLOAD_AT_TALK) note_doubt(u);
    bool is_looking = u->step == UPLOAD_STEP_CHECK && u->in_doubt;
    if (!is_looking && !may_be_made(u)) return false;
    look_for_the_last_time(u);
    if (is_looking && u->at == UPLOAD_AT_TALK) return true;
    if (u->at == UPLOAD_AT_SIGN_IN)
        return true; /* who looks must sign in, too; the exchange is in use */
    exchange_end(&u->exchange);
    u->at = UPLOAD_AT_ASK;
    return true;
}

void upload_judge(struct upload *u, bool is_answered, uint64_t now_ms, int64_t utc_ms,
                  uint64_t chance)
{
    struct answer_facts facts = {.skew_ms = INT64_MAX};
    const unsigned try = u->retry[u->step].tries;
    uint64_t delay_ms = 0;
    u->is_answered = is_answered;
    enum mishap mishap = mishap_of(u, utc_ms, &facts);
    clean_up_after(u, mishap);
    enum verdict verdict = retry_judge(&u->retry[u->step], &u->bucket, mishap, &facts,
                                       u->options->settings->max_attempts, chance, &delay_ms);
    tell(u, try, &facts,
         verdict == VERDICT_GOOD    ? "ok"
         : verdict == VERDICT_AGAIN ? "again"
                                    : "no",
         delay_ms, now_ms);
    if (verdict == VERDICT_GOOD)
        succeed(u);
    else if ((verdict == VERDICT_AGAIN || !finds_nothing(u, mishap, &facts)) &&
             !understand(u, &facts))
        go_on_after(u, verdict, mishap, &facts, now_ms + delay_ms);
}
