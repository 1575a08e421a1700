#include "aws/retry.h"

/* The codes that say more than their status. Sources: the standard mode's list (AWS SDKs reference
 * guide, "Retry behavior"; botocore retries/standard.py), the S3 API's "List of error codes", KVS's
 * API model. */
static const struct {
    const char *code;
    enum mishap mishap;
} codes[] = {
    {"RequestTimeout", MISHAP_SERVER}, /* S3: no byte came for 20 s */
    {"RequestTimeoutException", MISHAP_SERVER},
    {"PriorRequestNotComplete", MISHAP_SERVER},
    {"IDPCommunicationError", MISHAP_SERVER},
    {"BadDigest", MISHAP_SERVER}, /* what arrived is not what was sent */
    {"InternalError", MISHAP_SERVER},
    {"ServiceUnavailable", MISHAP_SERVER},
    {"OperationAborted", MISHAP_SERVER}, /* S3, 409: "try again" */
    {"ConditionalRequestConflict", MISHAP_SERVER},

    {"Throttling", MISHAP_THROTTLED},
    {"ThrottlingException", MISHAP_THROTTLED},
    {"ThrottledException", MISHAP_THROTTLED},
    {"RequestThrottledException", MISHAP_THROTTLED},
    {"RequestThrottled", MISHAP_THROTTLED},
    {"TooManyRequestsException", MISHAP_THROTTLED},
    {"ProvisionedThroughputExceededException", MISHAP_THROTTLED},
    {"TransactionInProgressException", MISHAP_THROTTLED},
    {"RequestLimitExceeded", MISHAP_THROTTLED},
    {"BandwidthLimitExceeded", MISHAP_THROTTLED},
    {"LimitExceededException", MISHAP_THROTTLED},
    {"SlowDown", MISHAP_THROTTLED},
    {"EC2ThrottledException", MISHAP_THROTTLED},
    /* KVS sends these with status 400 when its five requests a second are used up. */
    {"ClientLimitExceededException", MISHAP_THROTTLED},
    {"ConnectionLimitExceededException", MISHAP_THROTTLED},

    {"ExpiredToken", MISHAP_CREDENTIALS},
    {"ExpiredTokenException", MISHAP_CREDENTIALS},
    {"InvalidToken", MISHAP_CREDENTIALS},
    {"TokenRefreshRequired", MISHAP_CREDENTIALS},

    {"AccessDeniedException", MISHAP_CLOCK},
    {"AuthFailure", MISHAP_CLOCK},
    {"InvalidSignatureException", MISHAP_CLOCK},
    {"RequestExpired", MISHAP_CLOCK},
    {"RequestInTheFuture", MISHAP_CLOCK},
    {"RequestTimeTooSkewed", MISHAP_CLOCK},
    {"SignatureDoesNotMatch", MISHAP_CLOCK},

    {"PermanentRedirect", MISHAP_REGION},
    {"TemporaryRedirect", MISHAP_REGION},
    {"IllegalLocationConstraintException", MISHAP_REGION},
    {"AuthorizationHeaderMalformed", MISHAP_REGION},
};

static bool is_skewed(const struct answer_facts *a)
{
    return a->skew_ms != INT64_MAX &&
           (a->skew_ms >= CLOCK_SKEW_MS_MIN || a->skew_ms <= -CLOCK_SKEW_MS_MIN);
}

/* A code stands for several causes; some of them must be seen elsewhere in the answer. */
static enum mishap of_code(enum mishap m, const struct answer_facts *a)
{
    if (m == MISHAP_CLOCK && !is_skewed(a)) return MISHAP_REFUSED;
    if (m == MISHAP_REGION && span_is(a->code, "AuthorizationHeaderMalformed") && !a->names_region)
        return MISHAP_REFUSED;
    return m;
}

static bool is_2xx(unsigned status)
{
    return status >= 200 && status <= 299;
}

static enum mishap of_status(const struct answer_facts *a)
{
    switch (a->status) {
    case 0: return MISHAP_CONNECTION;
    case 429: return MISHAP_THROTTLED;
    case 500:
    case 502:
    case 503:
    case 504: return MISHAP_SERVER;
    case 301:
    case 302:
    case 307: return MISHAP_REGION;
    /* Answers to HEAD have no code: these two are S3's for a wrong region and for a bad
     * signature. */
    case 400: return a->code.len == 0 && a->names_region ? MISHAP_REGION : MISHAP_REFUSED;
    case 403: return a->code.len == 0 && is_skewed(a) ? MISHAP_CLOCK : MISHAP_REFUSED;
    }
    if (!is_2xx(a->status)) return MISHAP_REFUSED;
    return a->code.len == 0 ? MISHAP_NONE : MISHAP_SERVER;
}

enum mishap retry_classify(const struct answer_facts *a)
{
    if (a->is_final) return MISHAP_REFUSED;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (span_is(a->code, codes[i].code)) return of_code(codes[i].mishap, a);
    return of_status(a);
}

void retry_bucket_init(struct retry_bucket *b)
{
    b->tokens = RETRY_TOKENS;
}

void retry_begin(struct retry *r)
{
    *r = (struct retry){.tries = 1};
}

/* Full jitter: anything between nothing and a longest wait that doubles with each try. */
static uint64_t backoff_ms(unsigned tries, uint64_t base_ms, uint64_t chance)
{
    uint64_t longest = base_ms;
    for (unsigned i = 1; i < tries && longest < RETRY_DELAY_MS_MAX; i++)
        longest *= 2;
    if (longest > RETRY_DELAY_MS_MAX) longest = RETRY_DELAY_MS_MAX;
    return ((chance >> 32) * (longest + 1)) >> 32;
}

/* The server may ask for more than chance gave, but not for much more. */
static uint64_t heed(uint64_t delay_ms, uint64_t asked_ms)
{
    if (asked_ms <= delay_ms) return delay_ms;
    return asked_ms - delay_ms > RETRY_AFTER_MS_MAX ? delay_ms + RETRY_AFTER_MS_MAX : asked_ms;
}

static enum verdict again(struct retry *r, struct retry_bucket *b, bool throttled,
                          const struct answer_facts *a, unsigned tries_max, uint64_t chance,
                          uint64_t *delay_ms)
{
    const unsigned cost = throttled ? RETRY_COST_THROTTLED : RETRY_COST;
    if (r->tries >= tries_max || b->tokens < cost) return VERDICT_FATAL;
    b->tokens -= cost;
    r->cost = cost;
    const uint64_t base_ms = throttled ? RETRY_BASE_THROTTLED_MS : RETRY_BASE_MS;
    *delay_ms = heed(backoff_ms(r->tries, base_ms, chance), a->retry_after_ms);
    r->tries++;
    return VERDICT_AGAIN;
}

static enum verdict once(bool *done)
{
    if (*done) return VERDICT_FATAL;
    *done = true;
    return VERDICT_AGAIN;
}

enum verdict retry_judge(struct retry *r, struct retry_bucket *b, enum mishap m,
                         const struct answer_facts *a, unsigned tries_max, uint64_t chance,
                         uint64_t *delay_ms)
{
    assert(r->tries > 0);
    assert(b->tokens <= RETRY_TOKENS);
    *delay_ms = 0;
    switch (m) {
    case MISHAP_NONE: return VERDICT_GOOD;
    case MISHAP_CONNECTION:
    case MISHAP_SERVER: return again(r, b, false, a, tries_max, chance, delay_ms);
    case MISHAP_THROTTLED: return again(r, b, true, a, tries_max, chance, delay_ms);
    case MISHAP_CREDENTIALS: return once(&r->renewed);
    case MISHAP_CLOCK: return once(&r->skewed);
    case MISHAP_REGION: return once(&r->redirected);
    case MISHAP_REFUSED: break;
    }
    return VERDICT_FATAL;
}

void retry_succeeded(struct retry *r, struct retry_bucket *b)
{
    b->tokens += r->cost > 0 ? r->cost : 1;
    if (b->tokens > RETRY_TOKENS) b->tokens = RETRY_TOKENS;
    r->cost = 0;
}
