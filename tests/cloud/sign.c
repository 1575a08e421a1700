#include "sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const char *signature_read(struct signature *s, struct span authorization)
{
    *s = (struct signature){0};
    if (!span_begins(authorization, "AWS4-HMAC-SHA256 ")) return "not AWS4-HMAC-SHA256";
    span_cut(&authorization, 17);
    struct span credential = {0};
    while (authorization.len > 0) {
        struct span value = span_trim(span_until(&authorization, ','));
        struct span name = span_until(&value, '=');
        if (span_is(name, "Credential"))
            credential = value;
        else if (span_is(name, "SignedHeaders"))
            s->headers = value;
        else if (span_is(name, "Signature"))
            s->value = value;
        else
            return "an unknown word";
    }
    s->id = span_until(&credential, '/');
    s->date = span_until(&credential, '/');
    s->region = span_until(&credential, '/');
    s->service = span_until(&credential, '/');
    if (!span_is(credential, "aws4_request")) return "the credential does not end in aws4_request";
    if (s->date.len != 8 || s->region.len == 0 || s->region.len > 63) return "a broken scope";
    if (s->headers.len == 0 || s->value.len != 64) return "no signed headers or signature";
    snprintf(s->scope, sizeof s->scope, "%.8s/%.*s/%.*s/aws4_request", (const char *)s->date.at,
             (int)s->region.len, (const char *)s->region.at, (int)s->service.len,
             (const char *)s->service.at);
    return NULL;
}

bool signature_covers(const struct signature *s, struct span header)
{
    struct span rest = s->headers;
    while (rest.len > 0) {
        struct span name = span_until(&rest, ';');
        if (name.len == header.len &&
            strncasecmp((const char *)name.at, (const char *)header.at, name.len) == 0)
            return true;
    }
    return false;
}

struct pair {
    struct blob name, value;
};

static int compare_blobs(const struct blob *a, const struct blob *b)
{
    size_t n = a->len < b->len ? a->len : b->len;
    int order = n > 0 ? memcmp(a->at, b->at, n) : 0;
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int compare_pairs(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int order = compare_blobs(&x->name, &y->name);
    return order != 0 ? order : compare_blobs(&x->value, &y->value);
}

static void put_query(struct blob *to, const struct asked *a)
{
    struct pair pairs[HTTP1_PARAMETERS_MAX] = {0};
    for (size_t i = 0; i < a->parameter_count; i++) {
        percent_put(&pairs[i].name, blob_span(&a->parameters[i].name), false);
        percent_put(&pairs[i].value, blob_span(&a->parameters[i].value), false);
    }
    qsort(pairs, a->parameter_count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < a->parameter_count; i++) {
        if (i > 0) blob_say(to, "&");
        blob_put_span(to, blob_span(&pairs[i].name));
        blob_say(to, "=");
        blob_put_span(to, blob_span(&pairs[i].value));
        blob_free(&pairs[i].name);
        blob_free(&pairs[i].value);
    }
}

/* Runs of blanks become one. */
static void put_value(struct blob *to, struct span value)
{
    bool blank = false;
    while (value.len > 0) {
        uint8_t c = span_take(&value);
        bool is_blank = c == ' ' || c == '\t';
        if (is_blank && blank) continue;
        blank = is_blank;
        if (is_blank) c = ' ';
        blob_put(to, &c, 1);
    }
}

static void put_headers(struct blob *to, const struct asked *a, struct span names)
{
    while (names.len > 0) {
        struct span name = span_until(&names, ';');
        blob_put_span(to, name);
        blob_say(to, ":");
        bool again = false;
        for (size_t i = 0; i < a->field_count; i++) {
            const struct field *f = &a->fields[i];
            if (f->name.len != name.len ||
                strncasecmp((const char *)f->name.at, (const char *)name.at, name.len) != 0)
                continue;
            if (again) blob_say(to, ",");
            put_value(to, f->value);
            again = true;
        }
        blob_say(to, "\n");
    }
}

static void make_key(struct signature *s, const char *secret)
{
    char first[200];
    int n = snprintf(first, sizeof first, "AWS4%s", secret);
    hmac_sha256(first, (size_t)n, s->date, s->key);
    hmac_sha256(s->key, 32, s->region, s->key);
    hmac_sha256(s->key, 32, s->service, s->key);
    hmac_sha256(s->key, 32, span_text("aws4_request"), s->key);
}

static void sign(struct signature *s, struct blob *words)
{
    uint8_t mac[32];
    struct blob hex = {0};
    hmac_sha256(s->key, 32, blob_span(words), mac);
    hex_put(&hex, mac, 32);
    memcpy(s->last, hex.at, 64);
    blob_free(&hex);
    blob_free(words);
}

void signature_make(struct signature *s, const struct asked *a, const char *secret,
                    struct span payload, bool is_s3)
{
    struct blob canonical = {0}, path = {0};
    percent_put(&path, blob_span(&a->path), true);
    blob_put_span(&canonical, a->method);
    blob_say(&canonical, "\n");
    if (is_s3)
        blob_put_span(&canonical, blob_span(&path));
    else
        percent_put(&canonical, blob_span(&path), true); /* all others encode twice */
    blob_say(&canonical, "\n");
    put_query(&canonical, a);
    blob_say(&canonical, "\n");
    put_headers(&canonical, a, s->headers);
    blob_say(&canonical, "\n");
    blob_put_span(&canonical, s->headers);
    blob_say(&canonical, "\n");
    blob_put_span(&canonical, payload);

    struct blob words = {0};
    blob_say(&words, "AWS4-HMAC-SHA256\n%s\n%s\n", s->time, s->scope);
    sha256_hex(&words, blob_span(&canonical));
    make_key(s, secret);
    sign(s, &words);
    blob_free(&canonical);
    blob_free(&path);
}

void signature_chunk(struct signature *s, const uint8_t hash[32])
{
    struct blob words = {0};
    blob_say(&words, "AWS4-HMAC-SHA256-PAYLOAD\n%s\n%s\n%s\n", s->time, s->scope, s->last);
    sha256_hex(&words, span_of(NULL, 0));
    blob_say(&words, "\n");
    hex_put(&words, hash, 32);
    sign(s, &words);
}

void signature_trailer(struct signature *s, struct span text)
{
    struct blob words = {0};
    blob_say(&words, "AWS4-HMAC-SHA256-TRAILER\n%s\n%s\n%s\n", s->time, s->scope, s->last);
    sha256_hex(&words, text);
    sign(s, &words);
}
