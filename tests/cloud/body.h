/* body.h - a request's body, out of its framings.
 *   eats    bytes, cut anywhere: Content-Length or chunked, aws-chunked inside, or neither
 *   gives   the plain bytes; whether it is whole, or why it is refused
 *   keeps   the plain bytes, one aws-chunk's hash, the trailer
 *   knows   RFC 9112 §7.1; "Transferring payload in multiple chunks", "trailing headers" (S3 API) */
#ifndef CLOUD_BODY_H
#define CLOUD_BODY_H

#include "sign.h"

enum body_chunks { BODY_PLAIN, BODY_SIGNED, BODY_SIGNED_TRAILER, BODY_UNSIGNED_TRAILER };

struct refusal {
    unsigned status; /* 0: none */
    const char *code;
    char message[160];
};

struct body {
    /* The outer framing. */
    bool is_chunked;
    uint64_t left; /* of Content-Length, or of the HTTP chunk */
    enum { BODY_AT_SIZE, BODY_AT_DATA, BODY_AT_DATA_END, BODY_AT_LAST, BODY_AT_OVER } at;
    struct blob line;
    /* The inner one. */
    enum body_chunks chunks;
    enum { CHUNK_AT_SIZE, CHUNK_AT_DATA, CHUNK_AT_END, CHUNK_AT_TRAILER, CHUNK_AT_OVER } chunk_at;
    struct blob chunk_line;
    uint64_t chunk_left;
    bool chunk_is_small; /* below 8 KiB: it must be the last with data */
    struct hash chunk_hash;
    char chunk_signature[65];
    struct signature *signature;
    struct span trailer_name; /* x-amz-trailer */
    struct blob trailer;      /* "name:value\n", for its signature */
    char *checksum;           /* of the trailer */
    bool trailer_is_signed;
    uint64_t decoded_length;
    struct blob plain;
    struct refusal refusal;
};

/* The caller has set the fields of the outer framing, chunks, signature, trailer_name. */
void body_feed(struct body *b, struct span *in);
bool body_is_over(const struct body *b);
void body_free(struct body *b);
void refuse(struct refusal *r, unsigned status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
