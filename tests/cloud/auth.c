#include "inside.h"

#include <stdlib.h>
#include <strings.h>

enum { SKEW_MS_MAX = 15 * 60 * 1000 };

struct cloud_account *account_find(struct cloud *c, struct span id)
{
    for (size_t i = 0; i < c->account_count; i++)
        if (span_is(id, c->accounts[i].id)) return &c->accounts[i];
    return NULL;
}

static bool must_be_signed(struct span name)
{
    return span_is_same_word(name, "host") || span_is_same_word(name, "content-md5") ||
           span_is_same_word(name, "content-type") ||
           (name.len > 6 && span_is_same_word(span_of(name.at, 6), "x-amz-"));
}

static void check_headers(struct cloud_connection *x, struct refusal *r)
{
    for (size_t i = 0; i < x->asked.field_count; i++) {
        struct span name = x->asked.fields[i].name;
        if (must_be_signed(name) && !signature_covers(&x->signature, name))
            refuse(r, 403, "AccessDenied",
                   "There were headers present in the request which were not signed: %.*s",
                   (int)name.len, (const char *)name.at);
    }
    struct span names = x->signature.headers, last = {0};
    while (names.len > 0) {
        struct span name = span_until(&names, ';');
        size_t n = last.len < name.len ? last.len : name.len;
        int order = n > 0 ? memcmp(last.at, name.at, n) : -1;
        if (order > 0 || (order == 0 && last.len >= name.len))
            refuse(r, 400, "AuthorizationHeaderMalformed", "SignedHeaders are not sorted");
        last = name;
    }
}

static void check_time(struct cloud_connection *x, struct answer *a)
{
    struct span date = asked_field(&x->asked, "x-amz-date");
    int64_t utc_ms = 0;
    if (!(date.at != NULL ? date_read_basic(date, &utc_ms)
                          : date_read_http(asked_field(&x->asked, "date"), &utc_ms))) {
        refuse(&a->refusal, 403, "AccessDenied", "AWS authentication requires a valid Date");
        return;
    }
    date_basic(x->signature.time, utc_ms);
    if (memcmp(x->signature.time, x->signature.date.at, 8) != 0)
        refuse(&a->refusal, 400, "AuthorizationHeaderMalformed", "Invalid credential date");
    int64_t skew = utc_ms - x->cloud->utc_ms;
    if (skew > SKEW_MS_MAX || skew < -SKEW_MS_MAX) {
        char now[25];
        date_extended(now, x->cloud->utc_ms);
        refuse(&a->refusal, 403, "RequestTimeTooSkewed",
               "The difference between the request time and the current time is too large.");
        blob_say(&a->extra, "<RequestTime>%s</RequestTime><ServerTime>%s</ServerTime>",
                 x->signature.time, now);
    }
}

static void check_token(struct cloud_connection *x, const struct cloud_account *account,
                        struct refusal *r)
{
    struct span token = asked_field(&x->asked, "x-amz-security-token");
    if (token.at == NULL && account->token[0] != '\0')
        refuse(r, 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist");
    else if (token.at != NULL && !span_is(token, account->token))
        refuse(r, 400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
    else if (x->cloud->utc_ms >= account->until_ms)
        refuse(r, 400, "ExpiredToken", "The provided token has expired.");
}

/* The region is told, so that a client can follow. */
static void check_scope(struct cloud_connection *x, struct answer *a, const char *region,
                        const char *service)
{
    const struct signature *s = &x->signature;
    if (!span_is(s->service, service))
        refuse(&a->refusal, 400, "AuthorizationHeaderMalformed", "the service must be %s", service);
    if (region == NULL || span_is(s->region, region)) return;
    refuse(&a->refusal, 400, "AuthorizationHeaderMalformed",
           "The authorization header is malformed; the region '%.*s' is wrong; expecting '%s'",
           (int)s->region.len, (const char *)s->region.at, region);
    blob_say(&a->extra, "<Region>%s</Region>", region);
}

void auth_check(struct cloud_connection *x, struct answer *a, const char *region,
                const char *service)
{
    struct refusal *r = &a->refusal;
    struct span authorization = asked_field(&x->asked, "authorization");
    if (authorization.at == NULL) {
        refuse(r, 403, "AccessDenied", "Access Denied");
        return;
    }
    const char *wrong = signature_read(&x->signature, authorization);
    if (wrong != NULL) {
        refuse(r, 400, "AuthorizationHeaderMalformed", "The authorization header is malformed: %s",
               wrong);
        return;
    }
    struct cloud_account *account = account_find(x->cloud, x->signature.id);
    if (account == NULL) {
        refuse(r, 403, "InvalidAccessKeyId",
               "The AWS Access Key Id you provided does not exist in our records.");
        return;
    }
    check_scope(x, a, region, service);
    check_headers(x, r);
    check_time(x, a);
    check_token(x, account, r);
    if (r->status != 0) return;

    struct span payload = asked_field(&x->asked, "x-amz-content-sha256");
    if (payload.at == NULL) {
        refuse(r, 400, "InvalidRequest", "Missing required header: x-amz-content-sha256");
        return;
    }
    signature_make(&x->signature, &x->asked, account->secret, payload, true);
    if (!span_is(x->signature.value, x->signature.last))
        refuse(r, 403, "SignatureDoesNotMatch",
               "The request signature we calculated does not match the signature you provided.");
}

void auth_check_body(struct cloud_connection *x, struct answer *a)
{
    struct span payload = asked_field(&x->asked, "x-amz-content-sha256");
    if (payload.len != 64) return;
    struct blob hash = {0};
    sha256_hex(&hash, blob_span(&x->body.plain));
    if (!span_equal(blob_span(&hash), payload))
        refuse(&a->refusal, 400, "XAmzContentSHA256Mismatch",
               "The provided 'x-amz-content-sha256' header does not match what was computed.");
    blob_free(&hash);
}
