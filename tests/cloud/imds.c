/* imds.c - keys on the spot: EC2's instance metadata (version 2 alone), and the container endpoint. */
#include "inside.h"

#include <stdio.h>

static const char roles[] = "/latest/meta-data/iam/security-credentials/";

static void put_keys(struct cloud_connection *x, struct answer *a, bool is_instance)
{
    const struct cloud_account *account = cloud_account_issue(x->cloud);
    char until[25];
    date_extended(until, account->until_ms);
    a->status = 200;
    blob_say(&a->headers, "Content-Type: %s\r\n", is_instance ? "text/plain" : "application/json");
    blob_say(&a->body, "{\n");
    if (is_instance)
        blob_say(&a->body,
                 "  \"Code\" : \"Success\",\n  \"LastUpdated\" : \"%.19sZ\",\n"
                 "  \"Type\" : \"AWS-HMAC\",\n",
                 until);
    blob_say(&a->body,
             "  \"AccessKeyId\" : \"%s\",\n  \"SecretAccessKey\" : \"%s\",\n"
             "  \"Token\" : \"%s\",\n  \"Expiration\" : \"%.19sZ\"\n}",
             account->id, account->secret, account->token, until);
}

enum cloud_operation imds_operation(struct cloud_connection *x)
{
    return span_is(x->asked.method, "PUT") ? CLOUD_TOKEN : CLOUD_KEYS;
}

static void give_token(struct cloud_connection *x, struct answer *a)
{
    uint64_t seconds = 0;
    struct span said = asked_field(&x->asked, "x-aws-ec2-metadata-token-ttl-seconds");
    if (!span_is(blob_span(&x->asked.path), "/latest/api/token") || !span_number(said, &seconds) ||
        seconds < 1 || seconds > 21600) {
        refuse(&a->refusal, 400, "BadRequest", "no good question for a token");
        return;
    }
    /* The same each time: an older one stays good, also when the question for a newer one arrives late. */
    if (x->cloud->imds_token[0] == '\0')
        snprintf(x->cloud->imds_token, sizeof x->cloud->imds_token,
                 "SEKRIT+imds/%08X==", (unsigned)++x->cloud->ids);
    a->status = 200;
    blob_say(&a->headers,
             "Content-Type: text/plain\r\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: %u\r\n",
             (unsigned)seconds);
    blob_say(&a->body, "%s", x->cloud->imds_token);
}

void imds_act(struct cloud_connection *x, struct answer *a)
{
    if (x->operation == CLOUD_TOKEN) {
        give_token(x, a);
        return;
    }
    struct span path = blob_span(&x->asked.path);
    struct span token = asked_field(&x->asked, "x-aws-ec2-metadata-token");
    if (token.at == NULL || !span_is(token, x->cloud->imds_token)) {
        refuse(&a->refusal, 401, "Unauthorized", "Unauthorized");
    } else if (span_is(path, roles) || (span_begins(path, roles) && path.len == strlen(roles))) {
        a->status = 200;
        blob_say(&a->headers, "Content-Type: text/plain\r\n");
        blob_say(&a->body, "%s", x->cloud->imds_role);
    } else if (span_begins(path, roles) && span_ends(path, x->cloud->imds_role) &&
               path.len == strlen(roles) + strlen(x->cloud->imds_role)) {
        put_keys(x, a, true);
    } else {
        refuse(&a->refusal, 404, "NotFound", "Not Found");
    }
}

void container_act(struct cloud_connection *x, struct answer *a)
{
    struct span token = asked_field(&x->asked, "authorization");
    if (x->cloud->container_token[0] != '\0' && !span_is(token, x->cloud->container_token))
        refuse(&a->refusal, 401, "AccessDeniedException", "the token is wrong");
    else
        put_keys(x, a, false);
}
