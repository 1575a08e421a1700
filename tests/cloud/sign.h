/* sign.h - Signature Version 4, as the server sees it.
 *   eats    a request, the secret
 *   gives   the signature that it must carry, and those of its aws-chunks
 *   keeps   the chain of a streamed body
 *   knows   "Signature Version 4 signing process", "Transferring payload in multiple chunks" (S3 API) */
#ifndef CLOUD_SIGN_H
#define CLOUD_SIGN_H

#include "hash.h"
#include "http.h"

struct signature {
    struct span id, date, region, service, headers, value; /* of Authorization */
    char time[17];
    char scope[200];
    uint8_t key[32];
    char last[65]; /* of the request, then of the last chunk */
};

/* AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…; NULL or what is wrong. */
const char *signature_read(struct signature *s, struct span authorization);
bool signature_covers(const struct signature *s, struct span header);
/* Fills key and last: what the value must be. payload: the text that stands for the body. */
void signature_make(struct signature *s, const struct asked *a, const char *secret,
                    struct span payload, bool is_s3);
/* The next of the chain, into last. */
void signature_chunk(struct signature *s, const uint8_t hash[32]);
void signature_trailer(struct signature *s, struct span text);

#endif
