/* sts.c - STS's AssumeRoleWithWebIdentity: the token is the signature. */
#include "inside.h"

#include <stdlib.h>

static struct span form_value(const struct parameter *form, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (span_is(blob_span(&form[i].name), name)) return blob_span(&form[i].value);
    return span_of(NULL, 0);
}

static bool is_session_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && (c == 0 || strchr("_+=,.@-", c) == NULL))
            return false;
    }
    return s.len >= 2 && s.len <= 64;
}

static void check(struct cloud_connection *x, struct answer *a, const struct parameter *form,
                  size_t count)
{
    struct refusal *r = &a->refusal;
    if (!span_is(form_value(form, count, "Action"), "AssumeRoleWithWebIdentity"))
        refuse(r, 400, "InvalidAction", "Could not find operation");
    if (!span_is(form_value(form, count, "Version"), "2011-06-15"))
        refuse(r, 400, "InvalidAction", "Could not find the version");
    if (!is_session_name(form_value(form, count, "RoleSessionName")))
        refuse(r, 400, "ValidationError", "roleSessionName must match [\\w+=,.@-]{2,64}");
    if (!span_is(form_value(form, count, "RoleArn"), x->cloud->role))
        refuse(r, 403, "AccessDeniedRole",
               "Not authorized to perform sts:AssumeRoleWithWebIdentity");
    if (!span_is(form_value(form, count, "WebIdentityToken"), x->cloud->web_token))
        refuse(r, 400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account");
    if (x->accepted == CLOUD_STS && !span_begins(asked_field(&x->asked, "host"), "sts."))
        cloud_violation(x->cloud, "a Host that is not STS's");
    if (asked_has_field(&x->asked, "authorization"))
        cloud_violation(x->cloud, "AssumeRoleWithWebIdentity is not signed");
}

void sts_act(struct cloud_connection *x, struct answer *a)
{
    struct parameter form[HTTP1_PARAMETERS_MAX];
    size_t count = 0;
    struct span text =
        span_is(x->asked.method, "POST") ? blob_span(&x->body.plain) : x->asked.raw_query;
    const char *wrong = parameters_read(form, &count, text, true);
    if (wrong != NULL) refuse(&a->refusal, 400, "ValidationError", "%s", wrong);
    check(x, a, form, count);
    for (size_t i = 0; i < count; i++) {
        blob_free(&form[i].name);
        blob_free(&form[i].value);
    }
    if (a->refusal.status != 0) return;
    const struct cloud_account *account = cloud_account_issue(x->cloud);
    char until[25];
    date_extended(until, account->until_ms);
    a->status = 200;
    blob_say(&a->headers, "Content-Type: text/xml\r\n");
    blob_say(
        &a->body,
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
        "  <AssumeRoleWithWebIdentityResult>\n    <Audience>sts.amazonaws.com</Audience>\n"
        "    <AssumedRoleUser><AssumedRoleId>AROA:one</AssumedRoleId><Arn>arn:aws:sts::"
        "123456789012:assumed-role/made-up/one</Arn></AssumedRoleUser>\n"
        "    <Credentials>\n      <AccessKeyId>%s</AccessKeyId>\n"
        "      <SecretAccessKey>%s</SecretAccessKey>\n      <SessionToken>%s</SessionToken>\n"
        "      <Expiration>%.19sZ</Expiration>\n    </Credentials>\n"
        "  </AssumeRoleWithWebIdentityResult>\n</AssumeRoleWithWebIdentityResponse>\n",
        account->id, account->secret, account->token, until);
}
