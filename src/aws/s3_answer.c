#include "aws/s3.h"

#include "text/uri.h"
#include "text/utc.h"

/* ---- keeping what is said ---- */

/* As much as there is room for: of words for a person. */
static void keep_front(char *to, size_t room, size_t *len, struct span text)
{
    *len = span_min(text, room);
    if (*len > 0) memcpy(to, text.at, *len);
}

/* Whole or not at all: of what is given back to S3. */
static void keep_whole(struct s3_answer *a, char *to, size_t room, size_t *len, struct span text,
                       const char *unusable)
{
    if (text.len > room) a->unusable = unusable;
    keep_front(to, room, len, text.len > room ? span_text("") : text);
}

/* RFC 9110 section 8.8.3, without what XML would have to escape at length: an ETag goes into the
 * list of parts. */
static bool is_plain_etag(struct span text)
{
    unsigned quotes = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t byte = text.at[i];
        if (byte < ' ' || byte > '~' || byte == '<' || byte == '>' || byte == '&') return false;
        quotes += byte == '"' || byte == '\'';
    }
    return quotes <= 2;
}

static void keep_etag(struct s3_answer *a, struct span text)
{
    if (!is_plain_etag(text))
        a->unusable = "an ETag that is none";
    else
        keep_whole(a, a->etag, sizeof a->etag, &a->etag_len, text, "an ETag that is too long");
}

/* "...-2" is made of the parts' checksums: it says nothing of the whole. */
static void keep_checksum(struct s3_answer *a, struct span text)
{
    keep_whole(a, a->checksum, sizeof a->checksum, &a->checksum_len, text,
               "a checksum that is too long");
    for (size_t i = 0; i < a->checksum_len; i++)
        if (a->checksum[i] == '-') a->checksum_is_composite = true;
}

/* It becomes part of a host name. */
static void keep_region(struct s3_answer *a, struct span text)
{
    if (text.len > REGION_BYTES_MAX || !endpoints_region_is_valid(text)) return;
    keep_front(a->region, REGION_BYTES_MAX, &a->region_len, text);
    a->region[a->region_len] = '\0';
}

/* ---- headers ---- */

/* Digits alone; more than int64_t holds stays there. */
static bool read_number(struct span text, uint64_t *to)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') return false;
        value = value > INT64_MAX / 10 - 1 ? INT64_MAX : value * 10 + (text.at[i] - '0');
    }
    *to = value;
    return text.len > 0;
}

static void hear_retry_after(struct s3_answer *a, struct span value)
{
    uint64_t seconds;
    if (a->retry_after_is_amz) return;
    if (!read_number(value, &seconds))
        (void)utc_read_http(value, &a->retry_at_ms);
    else
        a->retry_after_ms = seconds > INT64_MAX / 1000 ? INT64_MAX : seconds * 1000;
}

static void hear_amz_retry_after(struct s3_answer *a, struct span value)
{
    uint64_t ms;
    if (!read_number(value, &ms)) return;
    a->retry_after_ms = ms;
    a->retry_after_is_amz = true;
    a->retry_at_ms = INT64_MIN;
}

static void hear_date(struct s3_answer *a, struct span value)
{
    int64_t ms;
    if (!a->has_age && utc_read_http(value, &ms)) a->date_ms = ms;
}

static bool is_our_checksum(const struct s3_answer *a, struct span name)
{
    return a->kind != CHECKSUM_NONE && span_is(name, checksum_header(a->kind));
}

void s3_answer_header(struct s3_answer *a, struct span name, struct span value)
{
    if (span_is(name, "etag")) {
        keep_etag(a, value);
    } else if (span_is(name, "x-amz-request-id")) {
        keep_front(a->request_id, sizeof a->request_id, &a->request_id_len, value);
    } else if (span_is(name, "x-amz-id-2")) {
        keep_front(a->host_id, sizeof a->host_id, &a->host_id_len, value);
    } else if (span_is(name, "x-amz-bucket-region")) {
        keep_region(a, value);
    } else if (span_is(name, "content-length")) {
        (void)read_number(value, &a->content_length);
    } else if (span_is(name, "retry-after")) {
        hear_retry_after(a, value);
    } else if (span_is(name, "x-amz-retry-after")) {
        hear_amz_retry_after(a, value);
    } else if (span_is(name, "date")) {
        hear_date(a, value);
    } else if (span_is(name, "age")) {
        a->has_age = true;
        a->date_ms = INT64_MIN;
    } else if (span_is(name, "x-amz-checksum-type")) {
        if (span_is(value, "COMPOSITE")) a->checksum_is_composite = true;
    } else if (is_our_checksum(a, name)) {
        keep_checksum(a, value);
    }
}

/* ---- the body ---- */

static bool is_2xx(const struct s3_answer *a)
{
    return a->status >= 200 && a->status <= 299;
}

/* The body is none, or not ours to read. */
static bool is_passed_over(const struct s3_answer *a)
{
    return a->operation == S3_HEAD_OBJECT || (a->operation == S3_GET_OBJECT && is_2xx(a));
}

void s3_answer_begin(struct s3_answer *a, enum s3_operation operation, enum checksum_kind kind)
{
    memset(a, 0, sizeof *a);
    a->operation = operation;
    a->kind = kind;
    a->date_ms = INT64_MIN;
    a->retry_at_ms = INT64_MIN;
    xml_init(&a->xml, a->text, sizeof a->text);
}

void s3_answer_head(struct s3_answer *a, unsigned status)
{
    a->status = status;
}

static void hear_error(struct s3_answer *a, struct span name, struct span text)
{
    if (span_is(name, "Code"))
        keep_front(a->code, sizeof a->code, &a->code_len, text);
    else if (span_is(name, "Message"))
        keep_front(a->message, sizeof a->message, &a->message_len, text);
    else if (span_is(name, "RequestId") && a->request_id_len == 0)
        keep_front(a->request_id, sizeof a->request_id, &a->request_id_len, text);
    else if (span_is(name, "HostId") && a->host_id_len == 0)
        keep_front(a->host_id, sizeof a->host_id, &a->host_id_len, text);
    else if (span_is(name, "Region"))
        keep_region(a, text);
}

/* Root elements are called differently by different servers, so that only what is in them
 * counts. */
static void hear_upload(struct s3_answer *a, struct span name, struct span text)
{
    if (span_is(name, "UploadId"))
        keep_whole(a, a->upload_id, sizeof a->upload_id, &a->upload_id_len, text,
                   "an upload id that is too long");
}

/* "ChecksumCRC32": the element that belongs to the header. */
static bool is_checksum_element(const struct s3_answer *a, struct span name)
{
    const struct span prefix = span_text("Checksum");
    if (a->kind == CHECKSUM_NONE || name.len < prefix.len) return false;
    const struct span front = span_cut(&name, prefix.len);
    return span_equal(front, prefix) && span_is(name, checksum_algorithm(a->kind));
}

static void hear_completion(struct s3_answer *a, struct span name, struct span text)
{
    if (span_is(name, "ETag"))
        keep_etag(a, text);
    else if (span_is(name, "ChecksumType"))
        a->checksum_is_composite = a->checksum_is_composite || span_is(text, "COMPOSITE");
    else if (is_checksum_element(a, name))
        keep_checksum(a, text);
}

/* We have asked for encoding-type=url, where "+" is a blank; some servers say that they did it only
 * behind the keys. A key that cannot be decoded comes from one that did not. */
static enum s3_answer_event hear_key(struct s3_answer *a, struct span text)
{
    struct writer to = writer_on(a->key, sizeof a->key);
    bool decoded = !a->xml.text_cut && uri_decode(&to, text, true);
    if (!decoded && !to.full && !a->xml.text_cut) {
        to = writer_on(a->key, sizeof a->key);
        writer_bytes(&to, text);
        decoded = true;
    }
    a->key_len = 0;
    if (!decoded || to.full) {
        a->unusable = "a key that is too long";
        return S3_ANSWER_NEED;
    }
    a->key_len = to.len;
    return S3_ANSWER_KEY;
}

static enum s3_answer_event hear_list(struct s3_answer *a, struct span name, struct span text)
{
    if (span_is(name, "Key") && span_is(xml_parent(&a->xml), "Contents")) return hear_key(a, text);
    if (span_is(name, "IsTruncated")) {
        a->says_truncated = span_is(text, "true") || span_is(text, "false");
        a->truncated = span_is(text, "true");
    } else if (span_is(name, "NextContinuationToken")) {
        keep_whole(a, a->next_token, sizeof a->next_token, &a->next_token_len, text,
                   "a continuation token that is too long");
    }
    return S3_ANSWER_NEED;
}

/* An element has ended. */
static enum s3_answer_event hear(struct s3_answer *a)
{
    const struct span name = xml_name(&a->xml), text = xml_text(&a->xml);
    if (a->is_error_document || !is_2xx(a)) {
        if (a->is_error_document) hear_error(a, name, text);
        return S3_ANSWER_NEED;
    }
    switch (a->operation) {
    case S3_CREATE_UPLOAD: hear_upload(a, name, text); break;
    case S3_COMPLETE_UPLOAD: hear_completion(a, name, text); break;
    case S3_LIST_OBJECTS: return hear_list(a, name, text);
    case S3_UPLOAD_PART:
    case S3_PUT_OBJECT:
    case S3_ABORT_UPLOAD:
    case S3_HEAD_OBJECT:
    case S3_GET_OBJECT: break;
    }
    return S3_ANSWER_NEED;
}

enum s3_answer_event s3_answer_body(struct s3_answer *a, struct span *in)
{
    if (in->len > 0) a->has_body = true;
    if (is_passed_over(a) || a->is_broken) {
        span_cut(in, in->len);
        return S3_ANSWER_NEED;
    }
    for (;;) {
        switch (xml_next(&a->xml, in)) {
        case XML_NEED: return S3_ANSWER_NEED;
        case XML_OPEN:
            if (a->xml.depth == 1) a->is_error_document = span_is(xml_name(&a->xml), "Error");
            break;
        case XML_CLOSE:
            if (hear(a) == S3_ANSWER_KEY) return S3_ANSWER_KEY;
            break;
        case XML_FAULT:
            a->is_broken = true;
            span_cut(in, in->len);
            return S3_ANSWER_NEED;
        }
    }
}

static bool must_have_body(enum s3_operation operation)
{
    return operation == S3_CREATE_UPLOAD || operation == S3_COMPLETE_UPLOAD ||
           operation == S3_LIST_OBJECTS;
}

void s3_answer_end(struct s3_answer *a)
{
    if (is_passed_over(a) || (!a->has_body && !must_have_body(a->operation)))
        a->is_whole = true;
    else
        a->is_whole = a->has_body && !a->is_broken && xml_finish(&a->xml);
}

/* ---- what it comes to ---- */

/* What the operation must say and did not; NULL: nothing is missing. */
static const char *missing(const struct s3_answer *a)
{
    switch (a->operation) {
    case S3_CREATE_UPLOAD: return a->upload_id_len == 0 ? "an upload id" : NULL;
    case S3_UPLOAD_PART:
    case S3_PUT_OBJECT:
    case S3_COMPLETE_UPLOAD: return a->etag_len == 0 ? "an ETag" : NULL;
    case S3_LIST_OBJECTS:
        if (!a->says_truncated) return "a list";
        return a->truncated && a->next_token_len == 0 ? "the list's next page" : NULL;
    case S3_ABORT_UPLOAD:
    case S3_HEAD_OBJECT:
    case S3_GET_OBJECT: break;
    }
    return NULL;
}

bool s3_answer_is_good(const struct s3_answer *a)
{
    return is_2xx(a) && !a->is_error_document && a->unusable == NULL && a->is_whole &&
           missing(a) == NULL;
}

static bool code_is(const struct s3_answer *a, const char *code)
{
    return span_is(span_of(a->code, a->code_len), code);
}

static uint64_t wait_ms(const struct s3_answer *a, int64_t utc_ms)
{
    if (a->retry_at_ms == INT64_MIN) return a->retry_after_ms;
    const int64_t now_ms = a->date_ms == INT64_MIN ? utc_ms : a->date_ms;
    return a->retry_at_ms > now_ms ? (uint64_t)(a->retry_at_ms - now_ms) : 0;
}

/* Asking again would give the same. CompleteMultipartUpload: after a conflict the upload must be
 * begun anew (a PutObject may be asked again), and a digest is of parts that are stored already,
 * not of bytes on their way. */
static bool is_final(const struct s3_answer *a)
{
    if (is_2xx(a) && a->unusable != NULL) return true;
    return a->operation == S3_COMPLETE_UPLOAD &&
           (code_is(a, "ConditionalRequestConflict") || code_is(a, "BadDigest"));
}

void s3_answer_facts(const struct s3_answer *a, int64_t utc_ms, struct answer_facts *to)
{
    const bool is_bad_2xx = is_2xx(a) && !s3_answer_is_good(a);
    *to = (struct answer_facts){
        .status = is_bad_2xx ? 500 : a->status,
        .code = span_of(a->code, a->code_len),
        .retry_after_ms = wait_ms(a, utc_ms),
        .skew_ms = a->date_ms == INT64_MIN ? INT64_MAX : a->date_ms - utc_ms,
        .names_region = a->region_len > 0,
        .is_final = is_final(a),
    };
}

/* ---- for a person ---- */

static const struct {
    const char *code;
    const char *advice;
} advices[] = {
    {"NoSuchBucket", "create the bucket, or mend its name"},
    {"NoSuchKey", "there is no such object"},
    {"NoSuchUpload", "the upload was ended by somebody else, or by a lifecycle rule; begin again"},
    {"SignatureDoesNotMatch", "the secret key does not belong to the access key"},
    {"InvalidAccessKeyId", "the access key does not exist, or belongs to another server"},
    {"RequestTimeTooSkewed", "this machine's clock is wrong"},
    {"ExpiredToken", "the credentials have expired"},
    {"InvalidToken", "the session token is not of these credentials"},
    {"PermanentRedirect", "set the bucket's region"},
    {"TemporaryRedirect", "set the bucket's region"},
    {"AuthorizationHeaderMalformed", "set the bucket's region"},
    {"IllegalLocationConstraintException", "set the bucket's region"},
    {"EntityTooSmall", "a part was smaller than the 5 MiB that S3 asks for"},
    {"EntityTooLarge", "the recording is larger than this server takes"},
    {"InvalidTag", "mend the tags, or leave them out"},
    {"PreconditionFailed", "the object exists already"},
    {"ConditionalRequestConflict", "somebody else writes this object just now"},
    {"NotImplemented", "this server lacks something: try without tags, without the conditional "
                       "write, or without checksums"},
    {"BadDigest", "what arrived is not what was sent"},
    {"XAmzContentSHA256Mismatch", "what arrived is not what was sent"},
    {"InvalidStorageClass", "mend the storage class"},
    {"SlowDown", "too many requests at once"},
};

/* Answers to HEAD have no body: the code that most likely would stand there. */
static const char *code_of_status(const struct s3_answer *a)
{
    switch (a->status) {
    case 301: return "PermanentRedirect";
    case 307: return "TemporaryRedirect";
    case 400: return a->region_len > 0 ? "AuthorizationHeaderMalformed" : "";
    case 403: return "AccessDenied";
    case 404: return a->operation == S3_HEAD_OBJECT ? "NoSuchKey" : "";
    case 412: return "PreconditionFailed";
    case 501: return "NotImplemented";
    }
    return "";
}

static const char *permission(enum s3_operation operation)
{
    switch (operation) {
    case S3_CREATE_UPLOAD:
    case S3_PUT_OBJECT:
        return "allow s3:PutObject, with tags s3:PutObjectTagging, with a KMS key "
               "kms:GenerateDataKey and kms:Decrypt";
    case S3_UPLOAD_PART:
    case S3_COMPLETE_UPLOAD: return "allow s3:PutObject, with a KMS key kms:Decrypt";
    case S3_ABORT_UPLOAD: return "allow s3:AbortMultipartUpload";
    case S3_HEAD_OBJECT:
    case S3_GET_OBJECT:
        return "allow s3:GetObject (without s3:ListBucket, what is missing looks like this too)";
    case S3_LIST_OBJECTS: return "allow s3:ListBucket";
    }
    return "";
}

/* "" where there is none. */
static const char *advice_on(const struct s3_answer *a)
{
    struct span code = span_of(a->code, a->code_len);
    if (code.len == 0) code = span_text(code_of_status(a));
    if (span_is(code, "AccessDenied")) return permission(a->operation);
    if (code.len > 4 && memcmp(code.at, "KMS.", 4) == 0)
        return "look at the KMS key: it must be enabled, and in the bucket's region";
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (span_is(code, advices[i].code)) return advices[i].advice;
    return "";
}

/* A label and an id, both or neither. */
static void tell_id(struct writer *to, const char *label, const char *id, size_t len)
{
    if (len == 0) return;
    const size_t before = to->len;
    const bool was_full = to->full;
    to->full = false;
    writer_text(to, label);
    writer_visible(to, span_of(id, len));
    writer_text(to, ")");
    if (to->full) to->len = before;
    to->full = to->full || was_full;
}

/* Of a 2xx: why it does not do. */
static void tell_shortcoming(const struct s3_answer *a, struct writer *to)
{
    if (a->unusable != NULL) {
        writer_text(to, ", but with ");
        writer_text(to, a->unusable);
    } else if (!a->is_whole) {
        writer_text(to, ", but what it said is not whole");
    } else if (missing(a) != NULL) {
        writer_text(to, ", but without ");
        writer_text(to, missing(a));
    }
}

static void tell_error(const struct s3_answer *a, struct writer *to)
{
    if (a->code_len > 0) {
        writer_byte(to, ' ');
        writer_visible(to, span_of(a->code, a->code_len));
    }
    const size_t shown =
        a->message_len < SERVICE_MESSAGE_SHOWN_BYTES ? a->message_len : SERVICE_MESSAGE_SHOWN_BYTES;
    if (shown > 0) {
        writer_text(to, ": ");
        writer_visible(to, span_of(a->message, shown));
        if (shown < a->message_len) writer_text(to, "...");
    }
    const char *const advice = advice_on(a);
    if (advice[0] != '\0') {
        writer_text(to, "; ");
        writer_text(to, advice);
    }
    if (a->region_len > 0) {
        writer_text(to, "; the bucket is in ");
        writer_bytes(to, span_of(a->region, a->region_len));
    }
}

void s3_answer_tell(const struct s3_answer *a, struct writer *to)
{
    if (a->status == 0) {
        writer_text(to, "S3 did not answer");
        return;
    }
    writer_text(to, "S3 answered ");
    writer_number(to, a->status);
    if (is_2xx(a) && !a->is_error_document)
        tell_shortcoming(a, to);
    else
        tell_error(a, to);
    tell_id(to, " (request id ", a->request_id, a->request_id_len);
    tell_id(to, " (host id ", a->host_id, a->host_id_len);
}
