/* sigv4.h - AWS Signature Version 4 for requests and for streamed bodies.
 *   eats    a request that is complete but for its signature, credentials, a time
 *   gives   the Authorization header; signatures of aws-chunks and trailers
 *   keeps   the signing key of one day, region and service
 *   knows   "Signature Version 4 signing process", "Transferring payload in multiple chunks" (S3 API) */
#ifndef RUSUDEN_AWS_SIGV4_H
#define RUSUDEN_AWS_SIGV4_H

#include "aws/credentials.h"
#include "text/http_request.h"
#include "text/utc.h"

enum { SIGNATURE_BYTES = 64 }; /* hexadecimal */

/* What stands for the body's hash in the signature. */
enum sigv4_payload {
    SIGV4_HASHED,           /* SHA-256 of the body, given */
    SIGV4_UNSIGNED,         /* UNSIGNED-PAYLOAD */
    SIGV4_CHUNKS,           /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD */
    SIGV4_CHUNKS_TRAILER,   /* STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER */
    SIGV4_UNSIGNED_TRAILER, /* STREAMING-UNSIGNED-PAYLOAD-TRAILER */
};

/* Keeps the key of the last scope: one HMAC chain a day, not one a request. Begins as zeros, ends with
 * sigv4_wipe. */
struct sigv4_key {
    char scope[SCOPE_BYTES_MAX]; /* 20130524/us-east-1/s3/aws4_request */
    size_t scope_len;
    uint8_t secret_hash[32]; /* of the secret it was made from: other credentials, another key */
    uint8_t key[32];
};

/* Goes on from a request's signature to its body's. */
struct sigv4_seed {
    char date[UTC_BASIC_BYTES];
    char signature[SIGNATURE_BYTES]; /* of the request, then of the last chunk */
};

struct sigv4_scope {
    const char *region, *service; /* both 1..63 bytes; the caller's */
    /* Every service but S3: the path is normalized and its "%" encoded again for the signature. */
    bool double_encode;
    bool content_sha256; /* S3: send x-amz-content-sha256 */
};

/* Adds x-amz-date, x-amz-security-token and x-amz-content-sha256 where they are not in the request yet (what
 * stands there must say the same), signs all headers but those that a proxy may change, and adds
 * Authorization. What is added afterwards is not signed. `hash` is the body's SHA-256 for SIGV4_HASHED, else not
 * looked at. False: something did not fit the request, and it must not be sent. `seed` may be NULL. */
bool sigv4_sign(struct sigv4_key *key, struct http_request *r, const struct sigv4_scope *scope,
                const struct credentials *credentials, int64_t utc_ms, enum sigv4_payload payload,
                const uint8_t hash[32], struct sigv4_seed *seed);

/* SHA-256 of a body at hand, for SIGV4_HASHED. */
void sigv4_hash(struct span body, uint8_t hash[32]);

/* The signature of the next aws-chunk (the last one is empty), and of the trailer's text
 * ("x-amz-checksum-crc32c:sOO8/Q==\n"). Each goes into seed->signature. */
void sigv4_sign_chunk(const struct sigv4_key *key, struct sigv4_seed *seed, const uint8_t hash[32]);
void sigv4_sign_trailer(const struct sigv4_key *key, struct sigv4_seed *seed, struct span trailer);

void sigv4_wipe(struct sigv4_key *key);

#endif
