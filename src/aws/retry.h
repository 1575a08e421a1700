/* retry.h - whether asking again would help, and when: the SDKs' standard mode.
 *   eats    how an exchange ended, a random number
 *   gives   a verdict and a delay
 *   keeps   the token bucket of a process
 *   knows   AWS's error codes; Retry-After; full jitter; throttling is slower */
#ifndef RUSUDEN_AWS_RETRY_H
#define RUSUDEN_AWS_RETRY_H

#include "base/budget.h"
#include "base/span.h"

enum verdict {
    VERDICT_GOOD,
    VERDICT_AGAIN, /* after a delay, counted but for what was mended */
    VERDICT_FATAL, /* asking again gives the same, or was done often enough */
};

/* Why an answer was not good: decides delay and what to mend before the next try. */
enum mishap {
    MISHAP_NONE,
    MISHAP_CONNECTION, /* lost, timed out, TLS broke, name not found */
    MISHAP_SERVER,    /* 500 502 503 504, 200 with an error or cut off, RequestTimeout, BadDigest */
    MISHAP_THROTTLED, /* SlowDown, 429, ... */
    MISHAP_CREDENTIALS, /* expired or unknown token: renew, once */
    MISHAP_CLOCK,       /* skewed: adopt the server's, once */
    MISHAP_REGION,      /* the bucket lives elsewhere: follow, once */
    MISHAP_REFUSED      /* anything else: fatal */
};

struct retry_bucket {
    unsigned tokens; /* begins with RETRY_TOKENS */
};

/* The tries of one step. */
struct retry {
    unsigned tries; /* begun, the first included; what was mended at once is not counted */
    unsigned cost;  /* of the last retry: given back when it succeeds */
    bool renewed, skewed, redirected; /* each helps once */
};

struct answer_facts {
    unsigned status;         /* 0: no answer came. A 2xx that cannot be used: 500, as in the SDKs */
    struct span code;        /* the service's error code, bare; empty: none */
    uint64_t retry_after_ms; /* x-amz-retry-after, or Retry-After in ms; 0: none said */
    int64_t skew_ms;         /* the server's Date minus our clock; INT64_MAX: not known */
    bool names_region;       /* it says where the bucket is */
    bool is_final;           /* who read the answer knows that the next one will be the same */
};

/* Codes decide, then the status. A 2xx without a code is MISHAP_NONE. */
enum mishap retry_classify(const struct answer_facts *a);

void retry_bucket_init(struct retry_bucket *b);
void retry_begin(struct retry *r);

/* tries_max: AWS_MAX_ATTEMPTS, RETRY_TRIES_DEFAULT otherwise. `chance`: a random number. AGAIN:
 * wait *delay_ms first (0 for what was mended at once: credentials, clock, region; those cost no
 * tokens and are no counted tries, so that there are at most tries_max + 3). */
enum verdict retry_judge(struct retry *r, struct retry_bucket *b, enum mishap m,
                         const struct answer_facts *a, unsigned tries_max, uint64_t chance,
                         uint64_t *delay_ms);

/* The step succeeded: tokens go back. Once a step. */
void retry_succeeded(struct retry *r, struct retry_bucket *b);

#endif
