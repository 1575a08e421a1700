/* s3.c - S3: which bucket and key, who may, and single objects. upload.c and list.c have the rest. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- where ---- */

static struct cloud_bucket *find_bucket(struct cloud *c, struct span name)
{
    for (size_t i = 0; i < c->bucket_count; i++)
        if (span_is(name, c->buckets[i].name)) return &c->buckets[i];
    return NULL;
}

/* "s3.eu-west-1.amazonaws.com" and its FIPS and dual-stack forms: the region; else nothing. */
static struct span region_of_host(struct span host)
{
    struct span rest = host;
    struct span service = span_until(&rest, '.');
    if (!span_is(service, "s3") && !span_is(service, "s3-fips")) return span_of(NULL, 0);
    struct span region = span_until(&rest, '.');
    if (span_is(region, "dualstack")) region = span_until(&rest, '.');
    if (span_is(region, "amazonaws")) return span_text("us-east-1"); /* the old global name */
    return span_is(rest, "amazonaws.com") || span_is(rest, "amazonaws.com.cn") ? region
                                                                               : span_of(NULL, 0);
}

struct place {
    struct span bucket, key, region; /* region: empty where the host names none */
};

/* BUCKET.host/key where the host begins with a bucket we have, else host/BUCKET/key. */
static struct place place_of(struct cloud_connection *x)
{
    struct place p = {0};
    struct span host = asked_field(&x->asked, "host");
    struct span path = blob_span(&x->asked.path);
    span_cut(&path, 1);
    struct span port = host;
    if (host.at[0] != '[') host = span_until(&port, ':');
    for (size_t i = 0; i < x->cloud->bucket_count; i++) {
        const char *name = x->cloud->buckets[i].name;
        size_t n = strlen(name);
        if (!span_begins(host, name) || host.len <= n || host.at[n] != '.') continue;
        p.bucket = span_cut(&host, n);
        span_cut(&host, 1);
        p.region = region_of_host(host);
        p.key = path;
        return p;
    }
    p.region = region_of_host(host);
    p.bucket = span_until(&path, '/');
    p.key = path;
    return p;
}

enum cloud_operation s3_operation(struct cloud_connection *x)
{
    const struct asked *a = &x->asked;
    struct place p = place_of(x);
    bool upload = asked_has_parameter(a, "uploadId");
    if (asked_has_parameter(a, "tagging")) return CLOUD_TAGGING;
    if (span_is(a->method, "POST"))
        return asked_has_parameter(a, "uploads") ? CLOUD_CREATE
               : upload                          ? CLOUD_COMPLETE
                                                 : CLOUD_OTHER;
    if (span_is(a->method, "PUT")) return upload ? CLOUD_PART : CLOUD_PUT;
    if (span_is(a->method, "DELETE")) return upload ? CLOUD_ABORT : CLOUD_DELETE;
    if (span_is(a->method, "HEAD")) return CLOUD_HEAD;
    if (!span_is(a->method, "GET")) return CLOUD_OTHER;
    if (upload) return CLOUD_LIST_PARTS;
    return p.key.len > 0 ? CLOUD_GET : CLOUD_LIST;
}

/* ---- who may ---- */

static void check_place(struct cloud_connection *x, struct answer *a, const struct place *p)
{
    struct refusal *r = &a->refusal;
    x->bucket = find_bucket(x->cloud, p->bucket);
    x->key = span_copy(p->key);
    if (strlen(x->key) != p->key.len) refuse(r, 400, "InvalidArgument", "a NUL in the key");
    if (p->key.len > 1024) refuse(r, 400, "KeyTooLongError", "Your key is too long");
    if (x->bucket == NULL) {
        refuse(r, 404, "NoSuchBucket", "The specified bucket does not exist");
        return;
    }
    if (p->region.at != NULL && !span_is(p->region, x->bucket->region)) {
        blob_say(&a->headers, "x-amz-bucket-region: %s\r\n", x->bucket->region);
        refuse(r, 301, "PermanentRedirect",
               "The bucket you are attempting to access must be addressed using the specified "
               "endpoint. Please send all future requests to this endpoint.");
        blob_say(&a->extra, "<Endpoint>%s.s3.%s.amazonaws.com</Endpoint><Bucket>%s</Bucket>",
                 x->bucket->name, x->bucket->region, x->bucket->name);
    }
}

static void check_body_headers(struct cloud_connection *x, struct answer *a)
{
    struct span owner = asked_field(&x->asked, "x-amz-expected-bucket-owner");
    if (owner.at != NULL && !span_is(owner, x->bucket->owner))
        refuse(&a->refusal, 403, "AccessDeniedOwner", "Access Denied");
    struct span condition = asked_field(&x->asked, "if-none-match");
    if (condition.at != NULL && !span_is(condition, "*"))
        refuse(&a->refusal, 501, "NotImplemented", "If-None-Match takes * alone");
}

void s3_check(struct cloud_connection *x, struct answer *a)
{
    struct place p = place_of(x);
    check_place(x, a, &p);
    if (x->accepted == CLOUD_S3 && p.region.at == NULL)
        cloud_violation(x->cloud, "a Host that is not S3's: %.*s",
                        (int)asked_field(&x->asked, "host").len,
                        (const char *)asked_field(&x->asked, "host").at);
    if (x->bucket == NULL) return;
    if (a->refusal.status == 0) {
        auth_check(x, a, x->bucket->region, "s3");
        if (a->extra.len > 0 && a->refusal.status == 400)
            blob_say(&a->headers, "x-amz-bucket-region: %s\r\n", x->bucket->region);
    }
    if (a->refusal.status == 0) check_body_headers(x, a);
}

/* ---- checksums ---- */

static bool is_checksum_field(struct span name, enum hash_kind *kind)
{
    *kind = hash_of_header(name);
    return *kind != HASH_NONE;
}

enum hash_kind checksum_check(struct cloud_connection *x, struct answer *a, char value[48])
{
    enum hash_kind kind = HASH_NONE;
    struct span said = {0};
    for (size_t i = 0; i < x->asked.field_count; i++) {
        enum hash_kind one;
        if (!is_checksum_field(x->asked.fields[i].name, &one)) continue;
        if (kind != HASH_NONE)
            refuse(&a->refusal, 400, "InvalidRequest", "Expecting a single x-amz-checksum- header");
        kind = one;
        said = x->asked.fields[i].value;
    }
    if (x->body.checksum != NULL) {
        if (kind != HASH_NONE) refuse(&a->refusal, 400, "InvalidRequest", "Two checksums");
        kind = hash_of_header(x->body.trailer_name);
        said = span_text(x->body.checksum);
    }
    value[0] = '\0';
    if (kind == HASH_NONE) return kind;
    struct blob right = {0};
    hash_put(&right, kind, blob_span(&x->body.plain));
    if (!span_equal(blob_span(&right), said))
        refuse(&a->refusal, 400, "BadDigest",
               "The %s you specified did not match the calculated "
               "checksum.",
               hash_name(kind));
    snprintf(value, 48, "%s", blob_text(&right));
    blob_free(&right);
    return kind;
}

/* ---- single objects ---- */

static bool exists_already(struct cloud_connection *x, struct answer *a)
{
    if (!asked_has_field(&x->asked, "if-none-match")) return false;
    if (cloud_find(x->cloud, x->bucket->name, x->key) == NULL) return false;
    refuse(&a->refusal, 412, "PreconditionFailed",
           "At least one of the pre-conditions you specified did not hold");
    blob_say(&a->extra, "<Condition>If-None-Match</Condition>");
    return true;
}

static void put_object(struct cloud_connection *x, struct answer *a)
{
    char checksum[48];
    enum hash_kind kind = checksum_check(x, a, checksum);
    struct cloud_facts facts;
    facts_read(x, a, &facts);
    if (x->key[0] == '\0')
        refuse(&a->refusal, 405, "MethodNotAllowed", "A bucket is not made here");
    if (a->refusal.status != 0 || exists_already(x, a)) {
        facts_free(&facts);
        return;
    }
    struct cloud_object *o = cloud_place(x->cloud, x->bucket, x->key);
    o->bytes = x->body.plain;
    x->body.plain = (struct blob){0};
    o->facts = facts;
    o->facts.kind = kind != HASH_NONE ? kind : HASH_CRC64NVME; /* S3 adds its own */
    struct blob own = {0};
    hash_put(&own, o->facts.kind, blob_span(&o->bytes));
    snprintf(o->checksum, sizeof o->checksum, "%s", blob_text(&own));
    blob_free(&own);
    etag_make(o->etag, blob_span(&o->bytes));
    a->status = 200;
    blob_say(&a->headers,
             "ETag: %s\r\nx-amz-server-side-encryption: %s\r\n%s: %s\r\n"
             "x-amz-checksum-type: FULL_OBJECT\r\n",
             o->etag, o->facts.sse, hash_header(o->facts.kind), o->checksum);
}

static void put_facts(struct cloud_connection *x, struct answer *a, const struct cloud_object *o)
{
    char date[30];
    date_http(date, o->utc_ms);
    blob_say(&a->headers,
             "Last-Modified: %s\r\nETag: %s\r\nAccept-Ranges: bytes\r\nContent-Type: %s\r\n"
             "x-amz-server-side-encryption: %s\r\n",
             date, o->etag, o->facts.content_type, o->facts.sse);
    if (strcmp(o->facts.storage_class, "STANDARD") != 0)
        blob_say(&a->headers, "x-amz-storage-class: %s\r\n", o->facts.storage_class);
    if (o->facts.kms_key[0] != '\0')
        blob_say(&a->headers, "x-amz-server-side-encryption-aws-kms-key-id: %s\r\n",
                 o->facts.kms_key);
    if (o->facts.tag_count > 0)
        blob_say(&a->headers, "x-amz-tagging-count: %zu\r\n", o->facts.tag_count);
    for (size_t i = 0; i < o->facts.metadata_count; i++)
        blob_say(&a->headers, "x-amz-meta-%.*s: %.*s\r\n", (int)o->facts.metadata[i].name.len,
                 (const char *)o->facts.metadata[i].name.at, (int)o->facts.metadata[i].value.len,
                 (const char *)o->facts.metadata[i].value.at);
    if (span_is(asked_field(&x->asked, "x-amz-checksum-mode"), "ENABLED"))
        blob_say(&a->headers, "%s: %s\r\nx-amz-checksum-type: %s\r\n", hash_header(o->facts.kind),
                 o->checksum, o->facts.composite ? "COMPOSITE" : "FULL_OBJECT");
}

static void get_object(struct cloud_connection *x, struct answer *a)
{
    struct cloud_object *o = cloud_find(x->cloud, x->bucket->name, x->key);
    if (x->key[0] == '\0' && x->operation == CLOUD_HEAD) { /* HeadBucket */
        a->status = 200;
        blob_say(&a->headers, "x-amz-bucket-region: %s\r\n", x->bucket->region);
        return;
    }
    if (o == NULL) {
        refuse(&a->refusal, 404, "NoSuchKey", "The specified key does not exist.");
        blob_say(&a->extra, "<Key>");
        xml_put(&a->extra, span_text(x->key));
        blob_say(&a->extra, "</Key>");
        return;
    }
    a->status = 200;
    put_facts(x, a, o);
    blob_put_span(&a->body, blob_span(&o->bytes)); /* HEAD shows its length alone */
}

static void get_tagging(struct cloud_connection *x, struct answer *a)
{
    struct cloud_object *o = cloud_find(x->cloud, x->bucket->name, x->key);
    if (!span_is(x->asked.method, "GET"))
        refuse(&a->refusal, 501, "NotImplemented", "Tags are read here alone");
    if (o == NULL) refuse(&a->refusal, 404, "NoSuchKey", "The specified key does not exist.");
    if (a->refusal.status != 0 || o == NULL) return;
    a->status = 200;
    blob_say(&a->body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (size_t i = 0; i < o->facts.tag_count; i++) {
        blob_say(&a->body, "<Tag><Key>");
        xml_put(&a->body, blob_span(&o->facts.tags[i].name));
        blob_say(&a->body, "</Key><Value>");
        xml_put(&a->body, blob_span(&o->facts.tags[i].value));
        blob_say(&a->body, "</Value></Tag>");
    }
    blob_say(&a->body, "</TagSet></Tagging>");
}

static void delete_object(struct cloud_connection *x, struct answer *a)
{
    struct cloud_object *o = cloud_find(x->cloud, x->bucket->name, x->key);
    if (o != NULL) o->is_current = false;
    a->status = 204;
}

void s3_act(struct cloud_connection *x, struct answer *a)
{
    switch (x->operation) {
    case CLOUD_PUT: put_object(x, a); break;
    case CLOUD_GET:
    case CLOUD_HEAD: get_object(x, a); break;
    case CLOUD_DELETE: delete_object(x, a); break;
    case CLOUD_TAGGING: get_tagging(x, a); break;
    case CLOUD_LIST:
    case CLOUD_LIST_PARTS: list_act(x, a); break;
    case CLOUD_CREATE:
    case CLOUD_PART:
    case CLOUD_COMPLETE:
    case CLOUD_ABORT: upload_act(x, a); break;
    case CLOUD_OTHER:
    case CLOUD_ROLE:
    case CLOUD_TOKEN:
    case CLOUD_KEYS:
    case CLOUD_OPERATIONS:
        refuse(&a->refusal, 405, "MethodNotAllowed", "The method is not allowed here.");
    }
}
