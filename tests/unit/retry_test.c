/* Retries, with the numbers of the AWS SDKs: quotas and delays as botocore's own tests of the
 * standard mode 2.1 have them (tests/unit/retries/test_standard_retry_v2_1.py: chance is 1 there),
 * codes from the SDKs reference guide and the S3 API's "List of error codes". */
#include "cut.h"

#include "aws/retry.h"

#define ALWAYS_LONGEST UINT64_MAX

/* One line of a story: what came, and what must follow. */
struct chapter {
    unsigned status;
    const char *code; /* "": none */
    uint64_t retry_after_ms;
    enum verdict verdict;
    unsigned tokens;
    uint64_t delay_ms;
};

static void check_story(unsigned tokens, unsigned tries_max, const struct chapter *c, size_t count)
{
    struct retry_bucket b;
    struct retry r;
    retry_bucket_init(&b);
    assert_int_equal(b.tokens, 500);
    b.tokens = tokens;
    retry_begin(&r);
    for (; count > 0; count--, c++) {
        struct answer_facts a = {
            .status = c->status,
            .code = span_text(c->code),
            .retry_after_ms = c->retry_after_ms,
            .skew_ms = INT64_MAX,
        };
        uint64_t delay_ms = 99;
        enum verdict v =
            retry_judge(&r, &b, retry_classify(&a), &a, tries_max, ALWAYS_LONGEST, &delay_ms);
        assert_int_equal(v, c->verdict);
        if (v == VERDICT_GOOD) retry_succeeded(&r, &b);
        assert_int_equal(delay_ms, c->delay_ms);
        assert_int_equal(b.tokens, c->tokens);
    }
}

#define STORY(tokens, tries_max, ...)                                                              \
    do {                                                                                           \
        const struct chapter chapters[] = {__VA_ARGS__};                                           \
        check_story(tokens, tries_max, chapters, sizeof chapters / sizeof *chapters);              \
    } while (0)

static void succeeds_after_two(void **state)
{
    (void)state;
    STORY(500, 3, {500, "", 0, VERDICT_AGAIN, 486, 50}, {500, "", 0, VERDICT_AGAIN, 472, 100},
          {200, "", 0, VERDICT_GOOD, 486, 0});
}

static void enough_tries(void **state)
{
    (void)state;
    STORY(500, 3, {502, "", 0, VERDICT_AGAIN, 486, 50}, {502, "", 0, VERDICT_AGAIN, 472, 100},
          {502, "", 0, VERDICT_FATAL, 472, 0});
    STORY(500, 1, {503, "", 0, VERDICT_FATAL, 500, 0});
    STORY(500, 0, {503, "", 0, VERDICT_FATAL, 500, 0});
    assert_int_equal(RETRY_TRIES_DEFAULT, 3);
}

static void tokens_run_out(void **state)
{
    (void)state;
    STORY(14, 3, {500, "", 0, VERDICT_AGAIN, 0, 50}, {502, "", 0, VERDICT_FATAL, 0, 0});
    STORY(0, 3, {500, "", 0, VERDICT_FATAL, 0, 0});
    STORY(13, 3, {500, "", 0, VERDICT_FATAL, 13, 0});
    /* The cheaper one still goes. */
    STORY(13, 3, {503, "SlowDown", 0, VERDICT_AGAIN, 8, 1000});
    STORY(4, 3, {503, "SlowDown", 0, VERDICT_FATAL, 4, 0});
}

static void tokens_come_back(void **state)
{
    (void)state;
    STORY(450, 3, {200, "", 0, VERDICT_GOOD, 451, 0});
    STORY(500, 3, {200, "", 0, VERDICT_GOOD, 500, 0}); /* never more than all */
    STORY(450, 3, {503, "SlowDown", 0, VERDICT_AGAIN, 445, 1000},
          {200, "", 0, VERDICT_GOOD, 450, 0});
    /* Only the last retry's cost. */
    STORY(450, 3, {500, "", 0, VERDICT_AGAIN, 436, 50},
          {400, "Throttling", 0, VERDICT_AGAIN, 431, 2000}, {200, "", 0, VERDICT_GOOD, 436, 0});
    STORY(450, 3, {400, "NoSuchBucket", 0, VERDICT_FATAL, 450, 0});
}

static void backs_off(void **state)
{
    (void)state;
    /* [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 20, 20] */
    STORY(500, 20, {500, "", 0, VERDICT_AGAIN, 486, 50}, {500, "", 0, VERDICT_AGAIN, 472, 100},
          {500, "", 0, VERDICT_AGAIN, 458, 200}, {500, "", 0, VERDICT_AGAIN, 444, 400},
          {500, "", 0, VERDICT_AGAIN, 430, 800}, {500, "", 0, VERDICT_AGAIN, 416, 1600},
          {500, "", 0, VERDICT_AGAIN, 402, 3200}, {500, "", 0, VERDICT_AGAIN, 388, 6400},
          {500, "", 0, VERDICT_AGAIN, 374, 12800}, {500, "", 0, VERDICT_AGAIN, 360, 20000},
          {500, "", 0, VERDICT_AGAIN, 346, 20000});
    /* Throttling begins at 1 s: 1 2 4 8 16 20 20. */
    STORY(500, 20, {503, "SlowDown", 0, VERDICT_AGAIN, 495, 1000},
          {503, "SlowDown", 0, VERDICT_AGAIN, 490, 2000},
          {503, "SlowDown", 0, VERDICT_AGAIN, 485, 4000}, {429, "", 0, VERDICT_AGAIN, 480, 8000},
          {503, "SlowDown", 0, VERDICT_AGAIN, 475, 16000},
          {503, "SlowDown", 0, VERDICT_AGAIN, 470, 20000},
          {503, "SlowDown", 0, VERDICT_AGAIN, 465, 20000});
}

/* x-amz-retry-after: 1500 → 1.5 s, 0 → 0.05, 10000 → 5.05; capacity 486, and 500 after success. */
static void heeds_retry_after(void **state)
{
    (void)state;
    STORY(500, 3, {500, "", 1500, VERDICT_AGAIN, 486, 1500}, {200, "", 0, VERDICT_GOOD, 500, 0});
    STORY(500, 3, {500, "", 0, VERDICT_AGAIN, 486, 50});
    STORY(500, 3, {500, "", 10000, VERDICT_AGAIN, 486, 5050});
    STORY(500, 3, {500, "", 49, VERDICT_AGAIN, 486, 50});
    STORY(500, 3, {500, "", UINT64_MAX, VERDICT_AGAIN, 486, 5050});
    STORY(500, 3, {503, "SlowDown", 10000, VERDICT_AGAIN, 495, 6000});
    /* The 5 s are on top of the delay: up to 7 s at the second try. */
    STORY(500, 3, {503, "SlowDown", 0, VERDICT_AGAIN, 495, 1000},
          {503, "SlowDown", 6500, VERDICT_AGAIN, 490, 6500});
    STORY(500, 3, {503, "SlowDown", 0, VERDICT_AGAIN, 495, 1000},
          {503, "SlowDown", 7500, VERDICT_AGAIN, 490, 7000});
}

static void full_jitter(void **state)
{
    (void)state;
    const struct {
        uint64_t chance, delay_ms;
    } table[] = {{0, 0}, {UINT64_C(1) << 63, 500}, {UINT64_C(1) << 62, 250}, {UINT64_MAX, 1000}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct retry_bucket b;
        struct retry r;
        retry_bucket_init(&b);
        retry_begin(&r);
        const struct answer_facts a = {.status = 429, .skew_ms = INT64_MAX};
        uint64_t delay_ms;
        assert_int_equal(retry_judge(&r, &b, MISHAP_THROTTLED, &a, 3, table[i].chance, &delay_ms),
                         VERDICT_AGAIN);
        assert_int_equal(delay_ms, table[i].delay_ms);
    }
}

/* ---- what an answer means ---- */

#define UNKNOWN INT64_MAX
#define MINUTE 60000

static void classes(void **state)
{
    (void)state;
    const struct {
        unsigned status;
        const char *code;
        int64_t skew_ms;
        bool names_region;
        enum mishap mishap;
    } table[] = {
        {0, "", UNKNOWN, false, MISHAP_CONNECTION},
        {200, "", UNKNOWN, false, MISHAP_NONE},
        {204, "", 99 * MINUTE, true, MISHAP_NONE},
        {299, "", UNKNOWN, false, MISHAP_NONE},
        {300, "", UNKNOWN, false, MISHAP_REFUSED},
        {199, "", UNKNOWN, false, MISHAP_REFUSED},
        /* CompleteMultipartUpload: an error inside a 200 */
        {200, "InternalError", UNKNOWN, false, MISHAP_SERVER},
        {200, "NeverSeen", UNKNOWN, false, MISHAP_SERVER},
        {200, "SlowDown", UNKNOWN, false, MISHAP_THROTTLED},

        {500, "", UNKNOWN, false, MISHAP_SERVER},
        {501, "NotImplemented", UNKNOWN, false, MISHAP_REFUSED},
        {502, "", UNKNOWN, false, MISHAP_SERVER},
        {503, "", UNKNOWN, false, MISHAP_SERVER},
        {504, "", UNKNOWN, false, MISHAP_SERVER},
        {505, "", UNKNOWN, false, MISHAP_REFUSED},
        {500, "InternalError", UNKNOWN, false, MISHAP_SERVER},
        {503, "ServiceUnavailable", UNKNOWN, false, MISHAP_SERVER},
        {400, "RequestTimeout", UNKNOWN, false, MISHAP_SERVER},
        {400, "RequestTimeoutException", UNKNOWN, false, MISHAP_SERVER},
        {400, "PriorRequestNotComplete", UNKNOWN, false, MISHAP_SERVER},
        {400, "IDPCommunicationError", UNKNOWN, false, MISHAP_SERVER},
        {400, "BadDigest", UNKNOWN, false, MISHAP_SERVER},
        {409, "OperationAborted", UNKNOWN, false, MISHAP_SERVER},
        {409, "ConditionalRequestConflict", UNKNOWN, false, MISHAP_SERVER},

        {429, "", UNKNOWN, false, MISHAP_THROTTLED},
        {503, "SlowDown", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "Throttling", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "ThrottlingException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "ThrottledException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "RequestThrottledException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "RequestThrottled", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "TooManyRequestsException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "ProvisionedThroughputExceededException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "TransactionInProgressException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "RequestLimitExceeded", UNKNOWN, false, MISHAP_THROTTLED},
        {509, "BandwidthLimitExceeded", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "LimitExceededException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "EC2ThrottledException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "ClientLimitExceededException", UNKNOWN, false, MISHAP_THROTTLED},
        {400, "ConnectionLimitExceededException", UNKNOWN, false, MISHAP_THROTTLED},

        {400, "ExpiredToken", UNKNOWN, false, MISHAP_CREDENTIALS},
        {403, "ExpiredTokenException", UNKNOWN, false, MISHAP_CREDENTIALS},
        {400, "InvalidToken", UNKNOWN, false, MISHAP_CREDENTIALS},
        {400, "TokenRefreshRequired", UNKNOWN, false, MISHAP_CREDENTIALS},
        {403, "InvalidAccessKeyId", UNKNOWN, false, MISHAP_REFUSED},

        {403, "RequestTimeTooSkewed", 16 * MINUTE, false, MISHAP_CLOCK},
        {403, "RequestTimeTooSkewed", UNKNOWN, false, MISHAP_REFUSED},
        {403, "SignatureDoesNotMatch", 4 * MINUTE, false, MISHAP_CLOCK},
        {403, "SignatureDoesNotMatch", 4 * MINUTE - 1, false, MISHAP_REFUSED},
        {403, "SignatureDoesNotMatch", -4 * MINUTE, false, MISHAP_CLOCK},
        {403, "SignatureDoesNotMatch", 1 - 4 * MINUTE, false, MISHAP_REFUSED},
        {403, "SignatureDoesNotMatch", INT64_MIN, false, MISHAP_CLOCK},
        {403, "AccessDeniedException", -9 * MINUTE, false, MISHAP_CLOCK},
        {403, "AuthFailure", 9 * MINUTE, false, MISHAP_CLOCK},
        {403, "InvalidSignatureException", 9 * MINUTE, false, MISHAP_CLOCK},
        {403, "RequestExpired", 9 * MINUTE, false, MISHAP_CLOCK},
        {403, "RequestInTheFuture", 9 * MINUTE, false, MISHAP_CLOCK},
        {403, "AccessDenied", 9 * MINUTE, false, MISHAP_REFUSED},
        {403, "", 9 * MINUTE, false, MISHAP_CLOCK}, /* HEAD */
        {403, "", 0, false, MISHAP_REFUSED},
        {403, "", 0, true, MISHAP_REFUSED},

        {301, "PermanentRedirect", UNKNOWN, true, MISHAP_REGION},
        {301, "", UNKNOWN, false, MISHAP_REGION},
        {302, "", UNKNOWN, false, MISHAP_REGION},
        {307, "TemporaryRedirect", UNKNOWN, true, MISHAP_REGION},
        {308, "", UNKNOWN, false, MISHAP_REFUSED},
        {400, "AuthorizationHeaderMalformed", UNKNOWN, true, MISHAP_REGION},
        {400, "AuthorizationHeaderMalformed", UNKNOWN, false, MISHAP_REFUSED},
        {400, "IllegalLocationConstraintException", UNKNOWN, false, MISHAP_REGION},
        {400, "", UNKNOWN, true, MISHAP_REGION}, /* HEAD */
        {400, "", UNKNOWN, false, MISHAP_REFUSED},
        {400, "InvalidTag", UNKNOWN, true, MISHAP_REFUSED},

        {404, "NoSuchKey", UNKNOWN, false, MISHAP_REFUSED},
        {404, "", UNKNOWN, false, MISHAP_REFUSED},
        {412, "PreconditionFailed", UNKNOWN, false, MISHAP_REFUSED},
        {400, "slowdown", UNKNOWN, false, MISHAP_REFUSED},
        {400, "SlowDownX", UNKNOWN, false, MISHAP_REFUSED},
        {400, "SlowDow", UNKNOWN, false, MISHAP_REFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct answer_facts a = {
            .status = table[i].status,
            .code = span_text(table[i].code),
            .skew_ms = table[i].skew_ms,
            .names_region = table[i].names_region,
        };
        if (retry_classify(&a) != table[i].mishap)
            fail_msg("%u %s is mishap %d", a.status, table[i].code, retry_classify(&a));
        a.is_final = true;
        assert_int_equal(retry_classify(&a), MISHAP_REFUSED);
    }
}

/* At once, without cost, and not twice. */
static void mended_once(void **state)
{
    (void)state;
    const enum mishap mishaps[] = {MISHAP_CREDENTIALS, MISHAP_CLOCK, MISHAP_REGION};
    struct retry_bucket b = {3};
    struct retry r;
    retry_begin(&r);
    const struct answer_facts a = {.status = 400, .retry_after_ms = 700, .skew_ms = INT64_MAX};
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < 3; i++) {
            uint64_t delay_ms = 99;
            enum verdict v = retry_judge(&r, &b, mishaps[i], &a, 1, UINT64_MAX, &delay_ms);
            assert_int_equal(v, round == 0 ? VERDICT_AGAIN : VERDICT_FATAL);
            assert_int_equal(delay_ms, 0);
            assert_int_equal(b.tokens, 3);
        }
    retry_succeeded(&r, &b);
    assert_int_equal(b.tokens, 4);
}

/* Whatever happens: the tries end, no wait is longer than 25 s, tokens stay within 0..500. */
static void bounded(void **state)
{
    (void)state;
    uint32_t seed = 20261122;
    struct retry_bucket b;
    retry_bucket_init(&b);
    for (unsigned step = 0; step < 20000; step++) {
        struct retry r;
        retry_begin(&r);
        const unsigned tries_max = 1 + cut_random(&seed) % 12;
        unsigned begun = 1;
        for (;; begun++) {
            const enum mishap m = (enum mishap)(cut_random(&seed) % (MISHAP_REFUSED + 1));
            const struct answer_facts a = {.retry_after_ms = cut_random(&seed) % 40000};
            const uint64_t chance = (uint64_t)cut_random(&seed) << 32 | cut_random(&seed);
            uint64_t delay_ms;
            const enum verdict v = retry_judge(&r, &b, m, &a, tries_max, chance, &delay_ms);
            assert_true(delay_ms <= 20000 + 5000);
            assert_true(b.tokens <= 500);
            if (v == VERDICT_GOOD) retry_succeeded(&r, &b);
            assert_true(b.tokens <= 500);
            if (v != VERDICT_AGAIN) break;
        }
        assert_true(begun <= tries_max + 3);
        if (b.tokens < 14) retry_bucket_init(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(succeeds_after_two), cmocka_unit_test(enough_tries),
        cmocka_unit_test(tokens_run_out),     cmocka_unit_test(tokens_come_back),
        cmocka_unit_test(backs_off),          cmocka_unit_test(heeds_retry_after),
        cmocka_unit_test(full_jitter),        cmocka_unit_test(classes),
        cmocka_unit_test(mended_once),        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
