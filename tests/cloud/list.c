/* list.c - ListObjectsV2 and ListParts; and what the control path shows of everything. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t limit_of(struct cloud_connection *x, const char *name, struct answer *a)
{
    uint64_t limit = 1000;
    if (asked_has_parameter(&x->asked, name) &&
        !span_number(asked_parameter(&x->asked, name), &limit))
        refuse(&a->refusal, 400, "InvalidArgument", "Provided %s not an integer", name);
    return limit > 1000 ? 1000 : limit;
}

static void put_key(struct blob *to, const char *element, struct span key, bool encoded)
{
    blob_say(to, "<%s>", element);
    if (encoded) {
        /* As a form: a blank is a plus. */
        struct blob text = {0};
        percent_put(&text, key, true);
        for (size_t i = 0; i < text.len; i++) {
            if (i + 2 < text.len && memcmp(text.at + i, "%20", 3) == 0) {
                blob_say(to, "+");
                i += 2;
            } else {
                blob_put(to, text.at + i, 1);
            }
        }
        blob_free(&text);
    } else {
        xml_put(to, key);
    }
    blob_say(to, "</%s>", element);
}

static int compare_objects(const void *a, const void *b)
{
    const struct cloud_object *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key); /* unsigned bytes, as UTF-8 sorts */
}

/* The token is the last key of the page before, behind a word, in base64's alphabet: "tok/+" and hex. */
static char *read_token(struct span token)
{
    struct blob key = {0}, encoded = {0};
    for (size_t i = 5; i + 1 < token.len; i += 2)
        blob_say(&encoded, "%%%c%c", token.at[i], token.at[i + 1]);
    bool good = span_begins(token, "tok/+") && percent_read(&key, blob_span(&encoded), false);
    char *text = good ? span_copy(blob_span(&key)) : NULL;
    blob_free(&key);
    blob_free(&encoded);
    return text;
}

static size_t gather(struct cloud_connection *x, struct cloud_object ***found, const char *after)
{
    struct span prefix = asked_parameter(&x->asked, "prefix");
    char *with = span_copy(prefix);
    size_t count = 0;
    for (struct cloud_object *o = x->cloud->objects; o != NULL; o = o->next) {
        if (!o->is_current || o->bucket != x->bucket || !span_begins(span_text(o->key), with) ||
            strcmp(o->key, after) <= 0)
            continue;
        *found = realloc(*found, (count + 1) * sizeof **found);
        if (*found == NULL) abort();
        (*found)[count++] = o;
    }
    free(with);
    if (count > 0) qsort(*found, count, sizeof **found, compare_objects);
    return count;
}

static void list_objects(struct cloud_connection *x, struct answer *a)
{
    if (!span_is(asked_parameter(&x->asked, "list-type"), "2"))
        refuse(&a->refusal, 501, "NotImplemented", "list-type must be 2");
    uint64_t limit = limit_of(x, "max-keys", a);
    bool encoded = span_is(asked_parameter(&x->asked, "encoding-type"), "url");
    char *after = span_copy(asked_parameter(&x->asked, "start-after"));
    if (asked_has_parameter(&x->asked, "continuation-token")) {
        free(after);
        after = read_token(asked_parameter(&x->asked, "continuation-token"));
        if (after == NULL) refuse(&a->refusal, 400, "InvalidArgument", "an incorrect token");
    }
    if (a->refusal.status != 0 || after == NULL) {
        free(after);
        return;
    }
    struct cloud_object **found = NULL;
    size_t count = gather(x, &found, after);
    size_t shown = count < limit ? count : (size_t)limit;
    a->status = 200;
    a->chunked = true;
    blob_say(&a->headers, "Content-Type: application/xml\r\n");
    blob_say(&a->body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
             "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>%s</Name>",
             x->bucket->name);
    put_key(&a->body, "Prefix", asked_parameter(&x->asked, "prefix"), encoded);
    blob_say(&a->body,
             "<KeyCount>%zu</KeyCount><MaxKeys>%u</MaxKeys>%s<IsTruncated>%s</IsTruncated>", shown,
             (unsigned)limit, encoded ? "<EncodingType>url</EncodingType>" : "",
             shown < count ? "true" : "false");
    if (shown < count && shown > 0) {
        blob_say(&a->body, "<NextContinuationToken>tok/+");
        hex_put(&a->body, (const uint8_t *)found[shown - 1]->key, strlen(found[shown - 1]->key));
        blob_say(&a->body, "</NextContinuationToken>");
    }
    for (size_t i = 0; i < shown; i++) {
        char date[25];
        date_extended(date, found[i]->utc_ms);
        blob_say(&a->body, "<Contents>");
        put_key(&a->body, "Key", span_text(found[i]->key), encoded);
        blob_say(&a->body,
                 "<LastModified>%s</LastModified><ETag>&quot;%.*s&quot;</ETag>"
                 "<Size>%zu</Size><StorageClass>%s</StorageClass></Contents>",
                 date, (int)strlen(found[i]->etag) - 2, found[i]->etag + 1, found[i]->bytes.len,
                 found[i]->facts.storage_class);
    }
    blob_say(&a->body, "</ListBucketResult>");
    free(found);
    free(after);
}

static void list_parts(struct cloud_connection *x, struct answer *a)
{
    struct cloud_upload *u = upload_find(x->cloud, asked_parameter(&x->asked, "uploadId"));
    if (u == NULL || u->state != CLOUD_OPEN)
        refuse(&a->refusal, 404, "NoSuchUpload", "The specified upload does not exist.");
    uint64_t limit = limit_of(x, "max-parts", a), marker = 0;
    span_number(asked_parameter(&x->asked, "part-number-marker"), &marker);
    if (a->refusal.status != 0 || u == NULL) return;
    size_t from = 0;
    while (from < u->part_count && u->parts[from].number <= marker)
        from++;
    size_t to = u->part_count - from < limit ? u->part_count : from + (size_t)limit;
    a->status = 200;
    blob_say(&a->headers, "Content-Type: application/xml\r\n");
    blob_say(&a->body,
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListPartsResult "
             "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>%s</Bucket>",
             x->bucket->name);
    put_key(&a->body, "Key", span_text(x->key), false);
    blob_say(&a->body,
             "<UploadId>%s</UploadId><PartNumberMarker>%u</PartNumberMarker>"
             "<MaxParts>%u</MaxParts><IsTruncated>%s</IsTruncated>",
             u->id, (unsigned)marker, (unsigned)limit, to < u->part_count ? "true" : "false");
    if (to < u->part_count && to > from)
        blob_say(&a->body, "<NextPartNumberMarker>%u</NextPartNumberMarker>",
                 u->parts[to - 1].number);
    for (size_t i = from; i < to; i++)
        blob_say(&a->body,
                 "<Part><PartNumber>%u</PartNumber><ETag>&quot;%.32s&quot;</ETag>"
                 "<Size>%zu</Size></Part>",
                 u->parts[i].number, u->parts[i].etag + 1, u->parts[i].bytes.len);
    blob_say(&a->body, "</ListPartsResult>");
}

void list_act(struct cloud_connection *x, struct answer *a)
{
    if (x->operation == CLOUD_LIST)
        list_objects(x, a);
    else
        list_parts(x, a);
}

/* ---- JSON ---- */

static void put_json(struct blob *to, struct span s)
{
    blob_say(to, "\"");
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (c == '"' || c == '\\')
            blob_say(to, "\\%c", c);
        else if (c < ' ')
            blob_say(to, "\\u%04x", c);
        else
            blob_put(to, &c, 1);
    }
    blob_say(to, "\"");
}

static void put_pairs(struct blob *to, const char *name, const struct parameter *pairs,
                      size_t count)
{
    blob_say(to, ",\"%s\":{", name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) blob_say(to, ",");
        put_json(to, blob_span(&pairs[i].name));
        blob_say(to, ":");
        put_json(to, blob_span(&pairs[i].value));
    }
    blob_say(to, "}");
}

static void dump_object(const struct cloud_object *o, struct blob *to)
{
    blob_say(to, "{\"bucket\":\"%s\",\"key\":", o->bucket->name);
    put_json(to, span_text(o->key));
    blob_say(to, ",\"bytes\":%zu,\"sha256\":\"", o->bytes.len);
    sha256_hex(to, blob_span(&o->bytes));
    blob_say(to, "\",\"current\":%s,\"type\":", o->is_current ? "true" : "false");
    put_json(to, span_text(o->facts.content_type));
    blob_say(to, ",\"storage_class\":\"%s\",\"sse\":\"%s\",\"kms_key\":", o->facts.storage_class,
             o->facts.sse);
    put_json(to, span_text(o->facts.kms_key));
    blob_say(to, ",\"checksum\":\"%s %s\"", hash_name(o->facts.kind), o->checksum);
    put_pairs(to, "tags", o->facts.tags, o->facts.tag_count);
    put_pairs(to, "metadata", o->facts.metadata, o->facts.metadata_count);
    blob_say(to, "}");
}

void cloud_dump(const struct cloud *c, struct blob *to)
{
    blob_say(to, "{\"requests\":%llu,\"connections\":%llu,\"asked\":{",
             (unsigned long long)c->requests, (unsigned long long)c->accepted);
    for (enum cloud_operation i = CLOUD_OTHER; i < CLOUD_OPERATIONS; i++)
        blob_say(to, "%s\"%s\":%llu", i > 0 ? "," : "", cloud_operation_name(i),
                 (unsigned long long)c->asked[i]);
    blob_say(to, "},\n\"objects\":[");
    for (const struct cloud_object *o = c->objects; o != NULL; o = o->next) {
        blob_say(to, o == c->objects ? "\n" : ",\n");
        dump_object(o, to);
    }
    blob_say(to, "],\n\"open_uploads\":[");
    bool first = true;
    for (const struct cloud_upload *u = c->uploads; u != NULL; u = u->next) {
        if (u->state != CLOUD_OPEN) continue;
        blob_say(to, "%s{\"bucket\":\"%s\",\"key\":", first ? "" : ",", u->bucket->name);
        put_json(to, span_text(u->key));
        blob_say(to, ",\"id\":\"%s\",\"parts\":%zu}", u->id, u->part_count);
        first = false;
    }
    blob_say(to, "],\n\"violations\":[");
    struct span rest = blob_span(&c->violations);
    while (rest.len > 0) {
        put_json(to, span_until(&rest, '\n'));
        if (rest.len > 0) blob_say(to, ",");
    }
    blob_say(to, "]}\n");
}

void control_act(struct cloud_connection *x, struct answer *a)
{
    if (!span_is(blob_span(&x->asked.path), "/_cloud/objects")) {
        refuse(&a->refusal, 404, "NoSuchKey", "only /_cloud/objects is here");
        return;
    }
    a->status = 200;
    blob_say(&a->headers, "Content-Type: application/json\r\n");
    cloud_dump(x->cloud, &a->body);
}
