/* awschunk.h - a body in aws-chunked encoding: frames, signatures, trailing checksum.
 *   eats    the plain bytes of a body whose length is known
 *   gives   the framed bytes
 *   keeps   one aws-chunk: its length and signature stand before its bytes, and what is sent in one piece costs TLS
 *           one record, not many
 *   knows   "Transferring payload in multiple chunks" and "Trailing headers" (S3 API) */
#ifndef RUSUDEN_AWS_AWSCHUNK_H
#define RUSUDEN_AWS_AWSCHUNK_H

#include "aws/checksum.h"
#include "aws/sigv4.h"

struct awschunk {
    enum sigv4_payload payload;  /* SIGV4_CHUNKS, _CHUNKS_TRAILER or _UNSIGNED_TRAILER */
    const struct sigv4_key *key; /* the caller's, of the request, until all is sent: it must not be
                                    renewed meanwhile; not for _UNSIGNED_TRAILER */
    struct sigv4_seed seed;
    struct checksum checksum; /* for the trailer */
    uint64_t left;            /* plain bytes that are still to come */
    enum {
        AWSCHUNK_AT_GATHERING, /* plain bytes are collected */
        AWSCHUNK_AT_CHUNK,     /* a whole aws-chunk is sent */
        AWSCHUNK_AT_ENDING,    /* the aws-chunk of 0 bytes, the trailer, the last line end */
        AWSCHUNK_AT_OVER
    } at;
    struct span out; /* waits to be sent; sees `room` */
    size_t held;     /* plain bytes in `room` */
    uint8_t room[AWSCHUNK_LINE_BYTES + AWSCHUNK_BYTES +
                 2]; /* the line's end is where the bytes begin */
};

/* The Content-Length of the framed body. */
uint64_t awschunk_content_length(enum sigv4_payload payload, enum checksum_kind kind,
                                 uint64_t plain_bytes);

/* `seed`: what sigv4_sign gave for the request; may be NULL for _UNSIGNED_TRAILER. */
void awschunk_init(struct awschunk *a, enum sigv4_payload payload, enum checksum_kind kind,
                   uint64_t plain_bytes, const struct sigv4_key *key,
                   const struct sigv4_seed *seed);

/* The framed bytes to send next: cut them with awschunk_sent. Empty: more plain bytes are needed, or it is
 * over. */
struct span awschunk_sealed(struct awschunk *a);
void awschunk_sent(struct awschunk *a, size_t n);

/* Eats plain bytes from the front of *in while nothing waits to be sent; never more than `left`. */
void awschunk_put(struct awschunk *a, struct span *in);

/* Everything was put and sent. */
bool awschunk_is_over(const struct awschunk *a);

#endif
