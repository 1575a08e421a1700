/* s3.h - S3's operations: questions, and what the answers say.
 *   eats    bucket and key, headers and bodies of answers, cut anywhere
 *   gives   request heads and bodies ready to be signed; upload id, ETag, error code ...
 *   keeps   one answer
 *   knows   the S3 API: multipart uploads, tags, checksums, errors inside a 200; nothing of signing */
#ifndef RUSUDEN_AWS_S3_H
#define RUSUDEN_AWS_S3_H

#include "aws/checksum.h"
#include "aws/endpoints.h"
#include "aws/retry.h"
#include "base/fault.h"
#include "text/http_request.h"
#include "text/xml.h"

struct s3_pair {
    struct span name, value; /* raw; encoded here. Metadata: the name without "x-amz-meta-" */
};

/* An object to be made. Strings and spans are the caller's; NULL or empty: not said. */
struct s3_object {
    const struct service_endpoint *endpoint;
    struct span key;
    const char *content_type;
    const char *storage_class;
    const char *sse; /* AES256, aws:kms, aws:kms:dsse */
    const char *kms_key;
    const char *owner; /* x-amz-expected-bucket-owner: 12 digits */
    const struct s3_pair *tags;
    size_t tag_count;
    const struct s3_pair *metadata;
    size_t metadata_count;
    enum checksum_kind checksum;
    bool if_absent; /* If-None-Match: * */
};

/* What S3 surely takes: key 1..128, value 0..256 UTF-16 units; letters, digits, blanks and _ . : /
 * = + - @; a key not beginning with "aws:". S3's own rule is \p{L}\p{Z}\p{N}, which needs the
 * tables of some Unicode version; here the letters beyond ASCII are those of a short list of
 * scripts (s3_tag.c), all of which were letters long ago: a tag that S3 refuses loses the upload,
 * one that we refuse says so before. False: the fault says which. */
bool s3_tag_is_valid(struct span name, struct span value, struct fault *f);

/* A value from elsewhere made fit: each character (or stray byte) that s3_tag_is_valid refuses
 * becomes "_", and what is beyond 256 units is left out. */
void s3_tag_mend(struct writer *to, struct span value);

/* A name of x-amz-meta-: 1..64 of letters, digits and - _ . */
bool s3_metadata_is_valid(struct span name);

/* Requests: each writes the head up to what a signer adds; end it by sigv4_sign and
 * http_request_end, which says whether all of it fit. Content-Length is written; bodies are
 * described by their length (and hash for the signer). Metadata: S3 wants ASCII, so "%" and bytes
 * that are not printable ASCII are percent-encoded, and blanks that a header would lose (at either
 * end, or next to another): percent-decoding gives the value back. decoded_length: how many bytes
 * of the object; where it differs from content_length, the body is aws-chunked. `trailer`: the
 * checksum follows the body. */
void s3_create_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o);
void s3_upload_part(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                    struct span upload_id, unsigned number, uint64_t content_length,
                    uint64_t decoded_length, bool trailer, bool expect);
/* The same for a whole object in one request. */
void s3_put_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                   uint64_t content_length, uint64_t decoded_length, bool trailer, bool expect);
/* A small body at hand, not chunked: PutObject with its checksum in a header. */
void s3_put_small(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                  struct span body);
/* `checksum_text`: of the whole object; empty: not said. */
void s3_complete_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                        struct span upload_id, uint64_t body_bytes, struct span checksum_text,
                        uint64_t object_bytes);
void s3_abort_upload(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                     struct span upload_id);
void s3_head_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o);
void s3_get_object(struct http_request *r, void *room, size_t bytes, const struct s3_object *o);
/* The bucket's objects: o->key is not used. `start_after` and `token`: empty on the first page. */
void s3_list_objects(struct http_request *r, void *room, size_t bytes, const struct s3_object *o,
                     struct span prefix, struct span start_after, struct span token);

struct s3_part {
    uint8_t etag_len;
    char etag[ETAG_BYTES_MAX]; /* with its quotes */
    char checksum
        [CHECKSUM_TEXT_BYTES_MAX]; /* of kind `checksum`; its length is checksum_text_bytes */
};

/* The body of CompleteMultipartUpload, generated piece by piece: once into the hash, once onto the
 * wire. */
struct s3_complete_body {
    const struct s3_part *parts;
    size_t count;
    enum checksum_kind kind; /* of the parts' checksums; CHECKSUM_NONE: without them */
    size_t at;               /* state: 0 head, 1..count parts, then the tail */
};
void s3_complete_body_init(struct s3_complete_body *b, const struct s3_part *parts, size_t count,
                           enum checksum_kind kind);
/* Its length and SHA-256, before it is said. */
uint64_t s3_complete_body_measure(const struct s3_part *parts, size_t count,
                                  enum checksum_kind kind, uint8_t hash[32]);
/* The next piece, at most S3_PIECE_BYTES_MAX, written to `to`; false: there is none any more. */
bool s3_complete_body_next(struct s3_complete_body *b, struct writer *to);

enum s3_operation {
    S3_CREATE_UPLOAD,
    S3_UPLOAD_PART,
    S3_PUT_OBJECT,
    S3_COMPLETE_UPLOAD,
    S3_ABORT_UPLOAD,
    S3_HEAD_OBJECT,
    S3_GET_OBJECT,
    S3_LIST_OBJECTS
};

/* What one answer said. Code, message and ids are cut to their room; the others must fit it
 * (`unusable`). */
struct s3_answer {
    enum s3_operation operation;
    enum checksum_kind kind; /* the checksum that is asked for */
    unsigned status;
    const char *unusable; /* a text that we cannot use, in words: then it is not good. NULL: none */
    bool is_broken;       /* the body is no XML document, or not a whole one */
    bool has_age;         /* from a cache: its Date is not now */
    bool says_truncated;  /* LIST: IsTruncated was there */
    bool is_error_document; /* the root element is Error, whatever the status */
    bool is_whole;          /* after s3_answer_end: the body is what this operation must answer */
    char code[64], message[200], request_id[64], host_id[96];
    char region[REGION_BYTES_MAX + 1]; /* where the bucket is; a valid name, ends with NUL */
    size_t code_len, message_len, request_id_len, host_id_len, region_len;
    size_t upload_id_len, etag_len, checksum_len;
    union {
        char upload_id[UPLOAD_ID_BYTES_MAX];
        char next_token[UPLOAD_ID_BYTES_MAX]; /* LIST: NextContinuationToken */
    };
    char etag[ETAG_BYTES_MAX];
    char checksum[CHECKSUM_TEXT_BYTES_MAX + 8]; /* x-amz-checksum-*, perhaps composite ("...-2") */
    bool checksum_is_composite;
    uint64_t content_length; /* of HEAD and GET */
    uint64_t retry_after_ms; /* 0: none */
    bool retry_after_is_amz; /* x-amz-retry-after, which goes before Retry-After */
    int64_t retry_at_ms;     /* Retry-After as a date; INT64_MIN: none */
    int64_t date_ms;         /* INT64_MIN: none, or an Age header makes it useless */
    bool has_body;
    bool truncated; /* LIST: IsTruncated */
    size_t next_token_len;
    struct xml xml;
    char text[UPLOAD_ID_BYTES_MAX * 3 +
              64];                  /* the xml's room: a key of 1024 bytes, percent-encoded */
    char key[OBJECT_KEY_BYTES_MAX]; /* LIST: of the event S3_ANSWER_KEY */
    size_t key_len;
};

enum s3_answer_event { S3_ANSWER_NEED, S3_ANSWER_KEY /* one more Contents/Key, decoded */ };

void s3_answer_begin(struct s3_answer *a, enum s3_operation operation, enum checksum_kind kind);
/* `name` in lower case, as http_response gives it. Headers come before s3_answer_head, trailers
 * later. */
void s3_answer_header(struct s3_answer *a, struct span name, struct span value);
void s3_answer_head(struct s3_answer *a, unsigned status);
/* GET's body of a 2xx is not for this room: it is passed over. */
enum s3_answer_event s3_answer_body(struct s3_answer *a, struct span *in);
/* The answer's body came as a whole, as far as HTTP can tell; not called: the answer is not
 * good. */
void s3_answer_end(struct s3_answer *a);

/* 2xx, no error inside, and what the operation must say is there (upload id, ETag, IsTruncated). */
bool s3_answer_is_good(const struct s3_answer *a);

/* For retry_classify. `utc_ms`: our clock. A 2xx that is not good counts as a 500 (as in the SDKs),
 * unless a text is unusable: that would be so again. The code sees the answer. */
void s3_answer_facts(const struct s3_answer *a, int64_t utc_ms, struct answer_facts *to);

/* "S3 answered 403 AccessDenied: ... (request id ...)": foreign text made visible, and what to do
 * about the codes that users meet. Ids that do not fit are left out. */
void s3_answer_tell(const struct s3_answer *a, struct writer *to);

#endif
