/* upload.c - S3's multipart uploads. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS_TOLD_MAX = 10000 };

static struct cloud_upload *find_open(struct cloud_connection *x, struct answer *a)
{
    struct span id = asked_parameter(&x->asked, "uploadId");
    struct cloud_upload *u = upload_find(x->cloud, id);
    if (u != NULL && u->bucket == x->bucket && strcmp(u->key, x->key) == 0 &&
        u->state == CLOUD_OPEN)
        return u;
    refuse(&a->refusal, 404, "NoSuchUpload",
           "The specified upload does not exist. The upload ID may be invalid, or the upload may "
           "have been aborted or completed.");
    if (u == NULL)
        cloud_violation(x->cloud, "an upload id that was never given: %.*s", (int)id.len,
                        (const char *)id.at);
    return NULL;
}

static void create(struct cloud_connection *x, struct answer *a)
{
    struct cloud_facts facts;
    facts_read(x, a, &facts);
    struct span algorithm = asked_field(&x->asked, "x-amz-checksum-algorithm");
    struct span type = asked_field(&x->asked, "x-amz-checksum-type");
    facts.kind = hash_named(algorithm);
    facts.composite =
        span_is(type, "COMPOSITE") || (type.at == NULL && facts.kind != HASH_CRC64NVME);
    if (algorithm.at != NULL && facts.kind == HASH_NONE)
        refuse(&a->refusal, 400, "InvalidRequest", "Checksum algorithm provided is unsupported.");
    if ((facts.kind == HASH_CRC64NVME && facts.composite) ||
        (facts.kind == HASH_SHA256 && !facts.composite))
        refuse(&a->refusal, 400, "InvalidRequest",
               "The %.*s checksum type cannot be used with the %s checksum algorithm.",
               (int)type.len, (const char *)type.at, hash_name(facts.kind));
    if (x->body.plain.len > 0) refuse(&a->refusal, 400, "InvalidRequest", "a body");
    if (a->refusal.status != 0) {
        facts_free(&facts);
        return;
    }
    struct cloud_upload *u = upload_add(x->cloud, x->bucket, x->key);
    u->facts = facts;
    a->status = 200;
    a->chunked = true;
    blob_say(&a->headers, "x-amz-server-side-encryption: %s\r\n", facts.sse);
    if (facts.kind != HASH_NONE)
        blob_say(&a->headers, "x-amz-checksum-algorithm: %s\r\nx-amz-checksum-type: %s\r\n",
                 hash_name(facts.kind), facts.composite ? "COMPOSITE" : "FULL_OBJECT");
    blob_say(&a->body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<InitiateMultipartUploadResult "
             "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>%s</Bucket><Key>",
             x->bucket->name);
    xml_put(&a->body, span_text(x->key));
    blob_say(&a->body, "</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", u->id);
}

/* The same number again replaces. */
static struct cloud_part *place_part(struct cloud_upload *u, unsigned number)
{
    size_t at = 0;
    while (at < u->part_count && u->parts[at].number < number)
        at++;
    if (at < u->part_count && u->parts[at].number == number) {
        blob_free(&u->parts[at].bytes);
        return &u->parts[at];
    }
    u->parts = realloc(u->parts, (u->part_count + 1) * sizeof *u->parts);
    if (u->parts == NULL) abort();
    memmove(u->parts + at + 1, u->parts + at, (u->part_count - at) * sizeof *u->parts);
    u->part_count++;
    u->parts[at] = (struct cloud_part){.number = number};
    return &u->parts[at];
}

static void put_part(struct cloud_connection *x, struct answer *a)
{
    struct cloud_upload *u = find_open(x, a);
    uint64_t number = 0;
    if (!span_number(asked_parameter(&x->asked, "partNumber"), &number) || number < 1 ||
        number > PARTS_TOLD_MAX)
        refuse(&a->refusal, 400, "InvalidArgument", "Part number must be from 1 to 10000");
    if (asked_has_field(&x->asked, "x-amz-tagging") || asked_has_field(&x->asked, "if-none-match"))
        cloud_violation(x->cloud, "a header that is for Create or Complete alone");
    char checksum[48];
    enum hash_kind kind = checksum_check(x, a, checksum);
    if (u != NULL && u->facts.kind != HASH_NONE && kind != HASH_NONE && kind != u->facts.kind)
        refuse(&a->refusal, 400, "InvalidRequest",
               "Checksum Type mismatch occurred, expected checksum Type: %s, actual: %s",
               hash_name(u->facts.kind), hash_name(kind));
    if (a->refusal.status != 0) return;
    struct cloud_part *p = place_part(u, (unsigned)number);
    p->bytes = x->body.plain;
    x->body.plain = (struct blob){0};
    p->kind = kind;
    snprintf(p->checksum, sizeof p->checksum, "%s", checksum);
    etag_make(p->etag, blob_span(&p->bytes));
    a->status = 200;
    blob_say(&a->headers, "ETag: %s\r\nx-amz-server-side-encryption: %s\r\n", p->etag,
             u->facts.sse);
    if (kind != HASH_NONE) blob_say(&a->headers, "%s: %s\r\n", hash_header(kind), checksum);
}

/* ---- Complete: its document, read strictly ---- */

struct told {
    unsigned number;
    struct span etag, checksum;
    enum hash_kind kind;
};

static bool eat(struct span *from, const char *text)
{
    while (from->len > 0 && strchr(" \r\n\t", from->at[0]) != NULL)
        span_cut(from, 1);
    if (!span_begins(*from, text)) return false;
    span_cut(from, strlen(text));
    return true;
}

/* <Name>text</Name>; false: no element, or another one closes it. */
static bool eat_element(struct span *from, struct span *name, struct span *text)
{
    if (!eat(from, "<")) return false;
    *name = span_until(from, '>');
    *text = span_until(from, '<');
    struct span closing = span_until(from, '>');
    return closing.len == name->len + 1 && closing.at[0] == '/' &&
           memcmp(closing.at + 1, name->at, name->len) == 0;
}

static struct span unquoted(struct span s)
{
    if (span_begins(s, "&quot;") && span_ends(s, "&quot;")) return span_of(s.at + 6, s.len - 12);
    if (span_begins(s, "&#34;") && span_ends(s, "&#34;")) return span_of(s.at + 5, s.len - 10);
    if (span_begins(s, "\"") && span_ends(s, "\"") && s.len > 1)
        return span_of(s.at + 1, s.len - 2);
    return s;
}

static bool read_part(struct span *in, struct told *to)
{
    *to = (struct told){0};
    while (!eat(in, "</Part>")) {
        struct span name, text;
        uint64_t number;
        if (!eat_element(in, &name, &text)) return false;
        if (span_is(name, "PartNumber")) {
            if (!span_number(text, &number)) return false;
            to->number = (unsigned)number;
        } else if (span_is(name, "ETag")) {
            to->etag = unquoted(text);
        } else if (name.len > 8 && span_begins(name, "Checksum")) {
            struct span kind = span_of(name.at + 8, name.len - 8);
            to->kind = hash_named(kind);
            to->checksum = text;
            if (to->kind == HASH_NONE) return false;
        } else {
            return false;
        }
    }
    return to->number > 0 && to->etag.len > 0;
}

static struct told *read_document(struct span in, size_t *count)
{
    *count = 0;
    if (eat(&in, "<?xml")) span_until(&in, '>');
    if (!eat(&in, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">") &&
        !eat(&in, "<CompleteMultipartUpload>"))
        return NULL;
    struct told *parts = calloc(PARTS_TOLD_MAX, sizeof *parts);
    if (parts == NULL) abort();
    while (*count < PARTS_TOLD_MAX && eat(&in, "<Part>") && read_part(&in, &parts[*count]))
        ++*count;
    if (*count > 0 && eat(&in, "</CompleteMultipartUpload>") && !eat(&in, "<")) return parts;
    free(parts);
    return NULL;
}

static const struct cloud_part *find_part(const struct cloud_upload *u, const struct told *t)
{
    for (size_t i = 0; i < u->part_count; i++) {
        const struct cloud_part *p = &u->parts[i];
        if (p->number == t->number && span_equal(unquoted(span_text(p->etag)), t->etag)) return p;
    }
    return NULL;
}

static void join_one(struct cloud_connection *x, struct answer *a, struct cloud_upload *u,
                     const struct told *t, bool last, struct blob *whole)
{
    const struct cloud_part *p = find_part(u, t);
    if (p == NULL) {
        refuse(&a->refusal, 400, "InvalidPart",
               "One or more of the specified parts could not be "
               "found: part %u",
               t->number);
        return;
    }
    if (!last && p->bytes.len < x->cloud->options.part_bytes_min)
        refuse(&a->refusal, 400, "EntityTooSmall",
               "Your proposed upload is smaller than the minimum allowed size");
    if (t->kind != HASH_NONE && (t->kind != p->kind || !span_is(t->checksum, p->checksum)))
        refuse(&a->refusal, 400, "InvalidPart", "The checksum of part %u differs", t->number);
    if (u->facts.composite && u->facts.kind != HASH_NONE && t->kind == HASH_NONE)
        refuse(&a->refusal, 400, "InvalidRequest",
               "The upload was created using a checksum. The complete request must include the "
               "checksum for each part. It was missing for part %u in the request.",
               t->number);
    blob_put_span(whole, blob_span(&p->bytes));
}

/* Of the whole bytes; or of the parts' digests, which cannot be had again from the bytes alone. */
static void whole_checksum(const struct cloud_upload *u, const struct told *parts, size_t count,
                           const struct blob *whole, char to[64])
{
    enum hash_kind kind = u->facts.kind != HASH_NONE ? u->facts.kind : HASH_CRC64NVME;
    bool composite = u->facts.composite && u->facts.kind != HASH_NONE;
    struct blob text = {0}, digests = {0};
    for (size_t i = 0; composite && i < count; i++) {
        const struct cloud_part *p = find_part(u, &parts[i]);
        assert(p != NULL); /* join_one has seen it */
        struct hash h;
        uint8_t digest[HASH_BYTES_MAX];
        hash_begin(&h, kind);
        hash_add(&h, p->bytes.at, p->bytes.len);
        blob_put(&digests, digest, hash_end(&h, digest));
    }
    hash_put(&text, kind, composite ? blob_span(&digests) : blob_span(whole));
    if (composite) blob_say(&text, "-%zu", count);
    snprintf(to, 64, "%s", blob_text(&text));
    blob_free(&text);
    blob_free(&digests);
}

static void check_claims(struct cloud_connection *x, struct answer *a, const struct cloud_upload *u,
                         const struct blob *whole, const char *checksum)
{
    struct span size = asked_field(&x->asked, "x-amz-mp-object-size");
    uint64_t bytes = 0;
    if (size.at != NULL && (!span_number(size, &bytes) || bytes != whole->len))
        refuse(&a->refusal, 400, "InvalidRequest",
               "The provided 'x-amz-mp-object-size' header does not match what was computed.");
    struct span type = asked_field(&x->asked, "x-amz-checksum-type");
    bool composite = u->facts.composite && u->facts.kind != HASH_NONE;
    if (type.at != NULL && !span_is(type, composite ? "COMPOSITE" : "FULL_OBJECT"))
        refuse(&a->refusal, 400, "BadDigest", "The checksum type differs from the upload's");
    for (enum hash_kind kind = HASH_CRC32; kind < HASH_KINDS; kind++) {
        struct span said = asked_field(&x->asked, hash_header(kind));
        enum hash_kind own = u->facts.kind != HASH_NONE ? u->facts.kind : HASH_CRC64NVME;
        if (said.at != NULL && (kind != own || !span_is(said, checksum)))
            refuse(&a->refusal, 400, "BadDigest",
                   "The %s you specified did not match the calculated checksum.", hash_name(kind));
    }
}

static void tell_completed(struct cloud_connection *x, struct answer *a,
                           const struct cloud_object *o)
{
    a->status = 200;
    a->chunked = true;
    blob_say(&a->headers, "Content-Type: application/xml\r\nx-amz-server-side-encryption: %s\r\n",
             o->facts.sse);
    blob_say(&a->body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<CompleteMultipartUploadResult "
             "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>https://%s.s3.%s."
             "amazonaws.com/",
             x->bucket->name, x->bucket->region);
    percent_put(&a->body, span_text(o->key), false);
    blob_say(&a->body, "</Location><Bucket>%s</Bucket><Key>", x->bucket->name);
    xml_put(&a->body, span_text(o->key));
    blob_say(&a->body, "</Key><ETag>&quot;%.*s&quot;</ETag>", (int)strlen(o->etag) - 2,
             o->etag + 1);
    blob_say(&a->body,
             "<Checksum%s>%s</Checksum%s><ChecksumType>%s</ChecksumType>"
             "</CompleteMultipartUploadResult>",
             hash_name(o->facts.kind), o->checksum, hash_name(o->facts.kind),
             o->facts.composite ? "COMPOSITE" : "FULL_OBJECT");
}

static void finish(struct cloud_connection *x, struct answer *a, struct cloud_upload *u,
                   struct blob *whole, const char *checksum, size_t parts)
{
    struct cloud_object *o = cloud_place(x->cloud, x->bucket, x->key);
    o->bytes = *whole;
    *whole = (struct blob){0};
    o->facts = u->facts;
    u->facts = (struct cloud_facts){0};
    if (o->facts.kind == HASH_NONE) {
        o->facts.kind = HASH_CRC64NVME;
        o->facts.composite = false;
    }
    snprintf(o->checksum, sizeof o->checksum, "%s", checksum);
    char etag[40];
    etag_make(etag, blob_span(&o->bytes));
    snprintf(o->etag, sizeof o->etag, "%.33s-%u\"", etag, (unsigned)(parts % 10001));
    u->state = CLOUD_COMPLETED;
    u->object = o;
    upload_drop_parts(u);
    tell_completed(x, a, o);
}

static void complete(struct cloud_connection *x, struct answer *a)
{
    struct cloud_upload *u = upload_find(x->cloud, asked_parameter(&x->asked, "uploadId"));
    if (u != NULL && u->state == CLOUD_COMPLETED && x->cloud->options.complete_again &&
        u->object->is_current && !asked_has_field(&x->asked, "if-none-match")) {
        tell_completed(x, a, u->object);
        return;
    }
    u = find_open(x, a);
    if (u == NULL) return;
    size_t count;
    struct told *parts = read_document(blob_span(&x->body.plain), &count);
    if (parts == NULL) {
        refuse(&a->refusal, 400, "MalformedXML",
               "The XML you provided was not well-formed or did "
               "not validate against our published schema");
        return;
    }
    struct blob whole = {0};
    char checksum[64] = "";
    for (size_t i = 1; i < count; i++)
        if (parts[i].number <= parts[i - 1].number)
            refuse(&a->refusal, 400, "InvalidPartOrder",
                   "The list of parts was not in ascending order.");
    for (size_t i = 0; i < count; i++) {
        if (u->facts.composite && u->facts.kind != HASH_NONE && parts[i].number != i + 1)
            refuse(&a->refusal, 500, "InternalErrorNumbers", "Composite parts must be consecutive");
        join_one(x, a, u, &parts[i], i + 1 == count, &whole);
    }
    if (a->refusal.status == 0) whole_checksum(u, parts, count, &whole, checksum);
    if (a->refusal.status == 0) check_claims(x, a, u, &whole, checksum);
    if (a->refusal.status == 0 && asked_has_field(&x->asked, "if-none-match") &&
        cloud_find(x->cloud, x->bucket->name, x->key) != NULL)
        refuse(&a->refusal, 412, "PreconditionFailed",
               "At least one of the pre-conditions you specified did not hold");
    if (a->refusal.status == 0) finish(x, a, u, &whole, checksum, count);
    blob_free(&whole);
    free(parts);
}

void upload_act(struct cloud_connection *x, struct answer *a)
{
    if (x->operation == CLOUD_CREATE) create(x, a);
    if (x->operation == CLOUD_PART) put_part(x, a);
    if (x->operation == CLOUD_COMPLETE) complete(x, a);
    if (x->operation != CLOUD_ABORT) return;
    struct cloud_upload *u = find_open(x, a);
    if (u == NULL) return;
    u->state = CLOUD_ABORTED;
    upload_drop_parts(u);
    a->status = 204;
}
