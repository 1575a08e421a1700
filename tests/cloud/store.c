#include "inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct cloud *cloud_new(const struct cloud_options *options)
{
    struct cloud *c = calloc(1, sizeof *c);
    if (c == NULL) abort();
    c->options = *options;
    c->dice = (struct dice){options->seed, options->dice};
    c->lifetime_ms = 3600 * 1000;
    if (c->options.part_bytes_min == 0) c->options.part_bytes_min = 5 * 1024 * 1024;
    return c;
}

void cloud_clock(struct cloud *c, uint64_t now_ms, int64_t utc_ms)
{
    c->now_ms = now_ms;
    c->utc_ms = utc_ms;
}

struct cloud_bucket *cloud_bucket_add(struct cloud *c, const char *name, const char *region)
{
    assert(c->bucket_count < CLOUD_BUCKETS_MAX);
    struct cloud_bucket *b = &c->buckets[c->bucket_count++];
    snprintf(b->name, sizeof b->name, "%s", name);
    snprintf(b->region, sizeof b->region, "%s", region);
    snprintf(b->owner, sizeof b->owner, "123456789012");
    return b;
}

/* The permanent ones stay; of the others the oldest make place. */
struct cloud_account *cloud_account_add(struct cloud *c, const char *id, const char *secret,
                                        const char *token, int64_t until_ms)
{
    struct cloud_account *a = NULL;
    if (c->account_count < CLOUD_ACCOUNTS_MAX) a = &c->accounts[c->account_count++];
    while (a == NULL) {
        a = &c->accounts[c->account_oldest++ % CLOUD_ACCOUNTS_MAX];
        if (a->token[0] == '\0') a = NULL;
    }
    snprintf(a->id, sizeof a->id, "%s", id);
    snprintf(a->secret, sizeof a->secret, "%s", secret);
    snprintf(a->token, sizeof a->token, "%s", token);
    a->until_ms = until_ms;
    return a;
}

struct cloud_account *cloud_account_issue(struct cloud *c)
{
    char id[32], secret[64], token[128];
    unsigned n = (unsigned)++c->ids;
    snprintf(id, sizeof id, "ASIA%016X", n);
    snprintf(secret, sizeof secret, "SEKRIT/issued+key/%022X", n);
    snprintf(token, sizeof token, "SEKRIT/token+of/%064X==", n);
    return cloud_account_add(c, id, secret, token, c->utc_ms + c->lifetime_ms);
}

void cloud_violation(struct cloud *c, const char *format, ...)
{
    char line[400];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    blob_say(&c->violations, "%s\n", line);
    if (c->tells)
        blob_say(&c->story, "%8llu ms  VIOLATION  %s\n", (unsigned long long)c->now_ms, line);
}

/* Opaque, as S3's are where keys encrypt an object: nobody may take it for an MD5. */
void etag_make(char to[40], struct span bytes)
{
    struct blob hex = {0};
    sha256_hex(&hex, bytes);
    snprintf(to, 40, "\"%.32s\"", blob_text(&hex));
    blob_free(&hex);
}

static char *copy_field(const struct cloud_connection *x, const char *name, const char *otherwise)
{
    struct span value = asked_field(&x->asked, name);
    return span_copy(value.at != NULL ? value : span_text(otherwise));
}

/* ---- tags: "Categorizing your objects using tags" (S3 user guide) ---- */

static size_t utf16_units(struct span s)
{
    size_t units = 0;
    for (size_t i = 0; i < s.len; i++) {
        if ((s.at[i] & 0xC0) != 0x80) units++;
        if (s.at[i] >= 0xF0) units++;
    }
    return units;
}

static bool is_tag_text(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.at[i];
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && c < 128 && (c == 0 || strchr(" _.:/=+-@", c) == NULL))
            return false;
    }
    return true;
}

static void check_tags(const struct cloud_facts *f, struct refusal *r)
{
    if (f->tag_count > 10) refuse(r, 400, "BadRequest", "Object tags cannot be greater than 10");
    for (size_t i = 0; i < f->tag_count; i++) {
        struct span name = blob_span(&f->tags[i].name), value = blob_span(&f->tags[i].value);
        if (utf16_units(name) > 128 || utf16_units(value) > 256 || !is_tag_text(name) ||
            !is_tag_text(value) || span_begins(name, "aws:"))
            refuse(r, 400, "InvalidTag", "The tag '%.*s' is invalid", (int)name.len,
                   (const char *)name.at);
        for (size_t j = 0; j < i; j++)
            if (span_equal(name, blob_span(&f->tags[j].name)))
                refuse(r, 400, "InvalidTag", "Cannot provide multiple Tags with the same key");
    }
}

static void read_metadata(struct cloud_connection *x, struct cloud_facts *to)
{
    for (size_t i = 0; i < x->asked.field_count; i++) {
        struct field f = x->asked.fields[i];
        if (f.name.len <= 11 || !span_is_same_word(span_of(f.name.at, 11), "x-amz-meta-") ||
            to->metadata_count == HTTP1_PARAMETERS_MAX)
            continue;
        struct parameter *p = &to->metadata[to->metadata_count++];
        span_cut(&f.name, 11);
        blob_put_span(&p->name, f.name);
        for (size_t j = 0; j < p->name.len; j++)
            if (p->name.at[j] >= 'A' && p->name.at[j] <= 'Z') p->name.at[j] |= 32;
        blob_put_span(&p->value, f.value);
    }
}

static bool is_one_of(const char *value, const char *const *values)
{
    while (*values != NULL && strcmp(value, *values) != 0)
        values++;
    return *values != NULL;
}

void facts_read(struct cloud_connection *x, struct answer *a, struct cloud_facts *to)
{
    static const char *const classes[] = {"STANDARD",     "STANDARD_IA",         "ONEZONE_IA",
                                          "GLACIER_IR",   "INTELLIGENT_TIERING", "GLACIER",
                                          "DEEP_ARCHIVE", "REDUCED_REDUNDANCY",  NULL};
    static const char *const sses[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    *to = (struct cloud_facts){0};
    to->content_type = copy_field(x, "content-type", "binary/octet-stream");
    to->storage_class = copy_field(x, "x-amz-storage-class", "STANDARD");
    to->sse = copy_field(x, "x-amz-server-side-encryption", "AES256");
    to->kms_key = copy_field(x, "x-amz-server-side-encryption-aws-kms-key-id", "");
    if (!is_one_of(to->storage_class, classes))
        refuse(&a->refusal, 400, "InvalidStorageClass", "The storage class is not valid");
    if (!is_one_of(to->sse, sses))
        refuse(&a->refusal, 400, "InvalidArgument", "The encryption method is not supported");
    if (to->kms_key[0] != '\0' && strncmp(to->sse, "aws:kms", 7) != 0)
        refuse(&a->refusal, 400, "InvalidArgument", "A key is for aws:kms");
    read_metadata(x, to);
    const char *wrong =
        parameters_read(to->tags, &to->tag_count, asked_field(&x->asked, "x-amz-tagging"), true);
    if (wrong != NULL) refuse(&a->refusal, 400, "InvalidArgument", "x-amz-tagging: %s", wrong);
    check_tags(to, &a->refusal);
}

static void free_pairs(struct parameter *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        blob_free(&pairs[i].name);
        blob_free(&pairs[i].value);
    }
}

void facts_free(struct cloud_facts *f)
{
    free(f->content_type);
    free(f->storage_class);
    free(f->sse);
    free(f->kms_key);
    free_pairs(f->tags, f->tag_count);
    free_pairs(f->metadata, f->metadata_count);
    *f = (struct cloud_facts){0};
}

struct cloud_object *cloud_find(const struct cloud *c, const char *bucket, const char *key)
{
    struct cloud_object *o = c->objects;
    while (o != NULL &&
           !(o->is_current && strcmp(o->bucket->name, bucket) == 0 && strcmp(o->key, key) == 0))
        o = o->next;
    return o;
}

struct cloud_object *cloud_place(struct cloud *c, struct cloud_bucket *b, const char *key)
{
    struct cloud_object *old = cloud_find(c, b->name, key);
    if (old != NULL) old->is_current = false;
    struct cloud_object *o = calloc(1, sizeof *o);
    if (o == NULL) abort();
    o->bucket = b;
    o->key = span_copy(span_text(key));
    o->is_current = true;
    o->utc_ms = c->utc_ms;
    o->next = c->objects;
    c->objects = o;
    return o;
}

struct cloud_upload *upload_add(struct cloud *c, struct cloud_bucket *b, const char *key)
{
    struct cloud_upload *u = calloc(1, sizeof *u);
    if (u == NULL) abort();
    u->bucket = b;
    u->key = span_copy(span_text(key));
    char id[64]; /* with what must be encoded in a query */
    snprintf(id, sizeof id, "Up/l+oad.%08X_%016llX==", (unsigned)++c->ids,
             (unsigned long long)(dice_next(&c->dice) % UINT64_MAX));
    u->id = span_copy(span_text(id));
    u->next = c->uploads;
    c->uploads = u;
    return u;
}

struct cloud_upload *upload_find(struct cloud *c, struct span id)
{
    struct cloud_upload *u = c->uploads;
    while (u != NULL && !span_is(id, u->id))
        u = u->next;
    if (u != NULL) u->is_known = true;
    return u;
}

void upload_drop_parts(struct cloud_upload *u)
{
    for (size_t i = 0; i < u->part_count; i++)
        blob_free(&u->parts[i].bytes);
    free(u->parts);
    u->parts = NULL;
    u->part_count = 0;
}

void object_free(struct cloud_object *o)
{
    blob_free(&o->bytes);
    facts_free(&o->facts);
    free(o->key);
    free(o);
}

void upload_free(struct cloud_upload *u)
{
    upload_drop_parts(u);
    facts_free(&u->facts);
    free(u->key);
    free(u->id);
    free(u);
}

void cloud_free(struct cloud *c)
{
    while (c->objects != NULL) {
        struct cloud_object *o = c->objects;
        c->objects = o->next;
        object_free(o);
    }
    while (c->uploads != NULL) {
        struct cloud_upload *u = c->uploads;
        c->uploads = u->next;
        upload_free(u);
    }
    blob_free(&c->violations);
    blob_free(&c->story);
    free(c);
}
