/* credentials.h - who we are to AWS: keys, where services hand them out, and how they are read.
 *   eats    answers of STS, container endpoints, IMDS, the IoT credentials provider
 *   gives   the questions to them, and credentials
 *   keeps   nothing; a struct credentials is wiped by its owner
 *   knows   the SDKs' credential providers; nothing here is ever logged */
#ifndef RUSUDEN_AWS_CREDENTIALS_H
#define RUSUDEN_AWS_CREDENTIALS_H

#include "base/budget.h"
#include "base/fault.h"
#include "base/writer.h"

struct credentials {
    char id[ACCESS_KEY_BYTES_MAX];
    char secret[SECRET_KEY_BYTES_MAX];
    char token[SESSION_TOKEN_BYTES_MAX];
    size_t id_len, secret_len, token_len; /* token_len 0: permanent keys */
    int64_t expires_ms;                   /* UTC; INT64_MAX: never */
};

static inline struct span credentials_id(const struct credentials *c)
{
    return span_of(c->id, c->id_len);
}

static inline struct span credentials_token(const struct credentials *c)
{
    return span_of(c->token, c->token_len);
}

/* False, and a fault: one is empty, too long, or has a byte that no key has (blank, control, CR, LF). An empty
 * token is none. */
bool credentials_set(struct credentials *c, struct span id, struct span secret, struct span token,
                     int64_t expires_ms, struct fault *f);

/* So that the compiler keeps it. */
void credentials_wipe(struct credentials *c);

#endif
