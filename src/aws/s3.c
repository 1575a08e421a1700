#include "aws/s3.h"

#include "text/uri.h"

/* ---- what requests have in common ---- */

/* The prefix and the key must lie in one piece to be encoded: they are put at the far end of the
 * room, which is given to the head again once they are written. */
static void begin(struct http_request *r, void *room, size_t bytes, const char *method,
                  const struct s3_object *o, bool with_key)
{
    const struct service_endpoint *e = o->endpoint;
    const size_t raw_bytes = e->prefix_len + (with_key ? 1 + o->key.len : 0);
    if (raw_bytes == 0 || raw_bytes > bytes) {
        http_request_begin(r, room, raw_bytes == 0 ? bytes : 0, method, span_text("/"));
        return;
    }
    uint8_t *raw = (uint8_t *)room + (bytes - raw_bytes);
    struct writer path = writer_on(raw, raw_bytes);
    writer_bytes(&path, span_of(e->prefix, e->prefix_len));
    if (with_key) {
        writer_byte(&path, '/');
        writer_bytes(&path, o->key);
    }
    http_request_begin(r, room, bytes - raw_bytes, method, writer_span(&path));
    r->text.room = bytes;
}

static bool is_said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static void header_if_said(struct http_request *r, const char *name, const char *value)
{
    if (is_said(value)) http_request_header_text(r, name, value);
}

/* Host, and what every operation may carry. */
static void common_headers(struct http_request *r, const struct s3_object *o)
{
    endpoints_write_host(o->endpoint, http_request_header_begin(r, "Host"));
    http_request_header_end(r);
    header_if_said(r, "x-amz-expected-bucket-owner", o->owner);
}

/* URL-query encoded, or the "+" of a phone number would become a blank. */
static void tag_header(struct http_request *r, const struct s3_object *o)
{
    if (o->tag_count == 0) return;
    struct writer *to = http_request_header_begin(r, "x-amz-tagging");
    for (size_t i = 0; i < o->tag_count; i++) {
        if (i > 0) writer_byte(to, '&');
        uri_encode(to, o->tags[i].name, false);
        writer_byte(to, '=');
        uri_encode(to, o->tags[i].value, false);
    }
    http_request_header_end(r);
}

static void write_metadata(struct writer *to, struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t byte = value.at[i];
        const bool lost = byte == ' ' && (i == 0 || i + 1 == value.len || value.at[i - 1] == ' ');
        if (byte >= ' ' && byte <= '~' && byte != '%' && !lost) {
            writer_byte(to, byte);
            continue;
        }
        const char *const digits = "0123456789ABCDEF";
        const uint8_t code[] = {'%', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};
        writer_bytes(to, span_of(code, sizeof code));
    }
}

static void metadata_header(struct http_request *r, const struct s3_pair *pair)
{
    if (!s3_metadata_is_valid(pair->name)) {
        r->unfit = true;
        return;
    }
    char name[sizeof "x-amz-meta-" + METADATA_NAME_BYTES_MAX];
    struct writer w = writer_on(name, sizeof name - 1);
    writer_text(&w, "x-amz-meta-");
    writer_bytes(&w, pair->name);
    name[w.len] = '\0';
    write_metadata(http_request_header_begin(r, name), pair->value);
    http_request_header_end(r);
}

/* What the object shall be: said once, where it is created. Encryption belongs to no other
 * request. */
static void object_headers(struct http_request *r, const struct s3_object *o)
{
    header_if_said(r, "Content-Type", o->content_type);
    header_if_said(r, "x-amz-storage-class", o->storage_class);
    header_if_said(r, "x-amz-server-side-encryption", o->sse);
    header_if_said(r, "x-amz-server-side-encryption-aws-kms-key-id", o->kms_key);
    tag_header(r, o);
    for (size_t i = 0; i < o->metadata_count; i++)
        metadata_header(r, &o->metadata[i]);
}

static void condition_header(struct http_request *r, const struct s3_object *o)
{
    if (o->if_absent) http_request_header_text(r, "If-None-Match", "*");
}

/* With every checksum of a body: without it, Ceph's gateway checks nothing (measured, 20.2.4). */
static void algorithm_header(struct http_request *r, const struct s3_object *o)
{
    http_request_header_text(r, "x-amz-sdk-checksum-algorithm", checksum_algorithm(o->checksum));
}

/* A body that is streamed. S3 wants the plain length even where the chunks say it too. */
static void stream_headers(struct http_request *r, const struct s3_object *o,
                           uint64_t content_length, uint64_t decoded_length, bool trailer,
                           bool expect)
{
    http_request_header_number(r, "Content-Length", content_length);
    if (content_length != decoded_length) {
        http_request_header_text(r, "Content-Encoding", "aws-chunked");
        http_request_header_number(r, "x-amz-decoded-content-length", decoded_length);
    }
    if (trailer && o->checksum != CHECKSUM_NONE) {
        algorithm_header(r, o);
        http_request_header_text(r, "x-amz-trailer", checksum_header(o->checksum));
    }
    if (expect) http_request_header_text(r, "Expect", "100-continue");
}

/* ---- operations ---- */

void s3_create_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o)
{
    begin(r, room, bytes, "POST", o, true);
    http_request_parameter(r, "uploads", span_text(""));
    common_headers(r, o);
    http_request_header_number(r, "Content-Length", 0);
    object_headers(r, o);
    if (o->checksum == CHECKSUM_NONE) return;
    http_request_header_text(r, "x-amz-checksum-algorithm", checksum_algorithm(o->checksum));
    http_request_header_text(r, "x-amz-checksum-type",
                             checksum_is_whole_object(o->checksum) ? "FULL_OBJECT" : "COMPOSITE");
}

void s3_upload_part(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                    struct span upload_id, unsigned number, uint64_t content_length,
                    uint64_t decoded_length, bool trailer, bool expect)
{
    uint8_t digits[12];
    struct writer text = writer_on(digits, sizeof digits);
    writer_number(&text, number);
    begin(r, room, bytes, "PUT", o, true);
    http_request_parameter(r, "partNumber", writer_span(&text));
    http_request_parameter(r, "uploadId", upload_id);
    common_headers(r, o);
    stream_headers(r, o, content_length, decoded_length, trailer, expect);
}

void s3_put_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                   uint64_t content_length, uint64_t decoded_length, bool trailer, bool expect)
{
    begin(r, room, bytes, "PUT", o, true);
    common_headers(r, o);
    object_headers(r, o);
    condition_header(r, o);
    stream_headers(r, o, content_length, decoded_length, trailer, expect);
}

void s3_put_small(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                  struct span body)
{
    begin(r, room, bytes, "PUT", o, true);
    common_headers(r, o);
    http_request_header_number(r, "Content-Length", body.len);
    object_headers(r, o);
    condition_header(r, o);
    if (o->checksum == CHECKSUM_NONE) return;
    struct checksum sum;
    checksum_init(&sum, o->checksum);
    checksum_add(&sum, body);
    algorithm_header(r, o);
    checksum_write(&sum, http_request_header_begin(r, checksum_header(o->checksum)));
    http_request_header_end(r);
}

/* The checksum here is the object's, not the body's, so that no algorithm header goes with it
 * (botocore sends none; Ceph's gateway checks it without). */
void s3_complete_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                        struct span upload_id, uint64_t body_bytes, struct span checksum_text,
                        uint64_t object_bytes)
{
    begin(r, room, bytes, "POST", o, true);
    http_request_parameter(r, "uploadId", upload_id);
    common_headers(r, o);
    http_request_header_number(r, "Content-Length", body_bytes);
    condition_header(r, o);
    http_request_header_number(r, "x-amz-mp-object-size", object_bytes);
    if (!checksum_is_whole_object(o->checksum) || checksum_text.len == 0) return;
    http_request_header(r, checksum_header(o->checksum), checksum_text);
    http_request_header_text(r, "x-amz-checksum-type", "FULL_OBJECT");
}

void s3_abort_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                     struct span upload_id)
{
    begin(r, room, bytes, "DELETE", o, true);
    http_request_parameter(r, "uploadId", upload_id);
    common_headers(r, o);
    http_request_header_number(r, "Content-Length", 0);
}

/* The stored checksum is only told to those who ask. */
static void look(struct http_request *r, void *room, size_t bytes, const char *method,
                 const struct s3_object *o)
{
    begin(r, room, bytes, method, o, true);
    common_headers(r, o);
    if (o->checksum != CHECKSUM_NONE) http_request_header_text(r, "x-amz-checksum-mode", "ENABLED");
}

void s3_head_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o)
{
    look(r, room, bytes, "HEAD", o);
}

void s3_get_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o)
{
    look(r, room, bytes, "GET", o);
}

static void parameter_if_said(struct http_request *r, const char *name, struct span value)
{
    if (value.len > 0) http_request_parameter(r, name, value);
}

void s3_list_objects(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                     struct span prefix, struct span start_after, struct span token)
{
    begin(r, room, bytes, "GET", o, false);
    http_request_parameter(r, "list-type", span_text("2"));
    parameter_if_said(r, "prefix", prefix);
    parameter_if_said(r, "start-after", start_after);
    parameter_if_said(r, "continuation-token", token);
    /* A key may hold characters that XML has not. */
    http_request_parameter(r, "encoding-type", span_text("url"));
    common_headers(r, o);
}

/* ---- the list of parts ---- */

void s3_complete_body_init(struct s3_complete_body *b, const struct s3_part *parts, size_t count,
                           enum checksum_kind kind)
{
    *b = (struct s3_complete_body){.parts = parts, .count = count, .kind = kind};
}

static void write_checksum_tag(struct writer *to, const char *opening, enum checksum_kind kind)
{
    writer_text(to, opening);
    writer_text(to, checksum_algorithm(kind));
    writer_byte(to, '>');
}

static void write_part(struct writer *to, const struct s3_part *part, size_t number,
                       enum checksum_kind kind)
{
    writer_text(to, "<Part><PartNumber>");
    writer_number(to, number);
    writer_text(to, "</PartNumber><ETag>");
    xml_escape(to, span_of(part->etag, part->etag_len));
    writer_text(to, "</ETag>");
    if (kind != CHECKSUM_NONE) {
        write_checksum_tag(to, "<Checksum", kind);
        writer_bytes(to, span_of(part->checksum, checksum_text_bytes(kind)));
        write_checksum_tag(to, "</Checksum", kind);
    }
    writer_text(to, "</Part>");
}

bool s3_complete_body_next(struct s3_complete_body *b, struct writer *to)
{
    if (b->at > b->count + 1) return false;
    if (b->at == 0)
        writer_text(to,
                    "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    else if (b->at <= b->count)
        write_part(to, &b->parts[b->at - 1], b->at, b->kind);
    else
        writer_text(to, "</CompleteMultipartUpload>");
    b->at++;
    return true;
}

uint64_t s3_complete_body_measure(const struct s3_part *parts, size_t count,
                                  enum checksum_kind kind, uint8_t hash[32])
{
    uint8_t piece[S3_PIECE_BYTES_MAX];
    struct s3_complete_body body;
    mbedtls_sha256_context sum;
    uint64_t bytes = 0;
    s3_complete_body_init(&body, parts, count, kind);
    mbedtls_sha256_init(&sum);
    (void)mbedtls_sha256_starts(&sum, 0);
    for (struct writer w = writer_on(piece, sizeof piece); s3_complete_body_next(&body, &w);
         w = writer_on(piece, sizeof piece)) {
        assert(!w.full);
        (void)mbedtls_sha256_update(&sum, piece, w.len);
        bytes += w.len;
    }
    (void)mbedtls_sha256_finish(&sum, hash);
    mbedtls_sha256_free(&sum);
    return bytes;
}
