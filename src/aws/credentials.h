/* credentials.h - who we are to AWS: keys, where services hand them out, and how they are read.
 *   eats    answers of STS, container endpoints, IMDS, the IoT credentials provider
 *   gives   the questions to them, and credentials
 *   keeps   nothing; a struct credentials is wiped by its owner
 *   knows   the SDKs' credential providers; nothing here is ever logged */
#ifndef RUSUDEN_AWS_CREDENTIALS_H
#define RUSUDEN_AWS_CREDENTIALS_H

#include "aws/endpoints.h"
#include "text/http_request.h"
#include "text/json.h"
#include "text/xml.h"

struct credentials {
    char id[ACCESS_KEY_BYTES_MAX];
    char secret[SECRET_KEY_BYTES_MAX];
    char token[SESSION_TOKEN_BYTES_MAX];
    size_t id_len, secret_len, token_len; /* token_len 0: permanent keys */
    int64_t expires_ms;                   /* UTC; INT64_MAX: never */
    /* UTC; from then on they are due: before the end, and later again after a renewal that failed
     * and could wait. */
    int64_t renew_ms;
};

static inline struct span credentials_id(const struct credentials *c)
{
    return span_of(c->id, c->id_len);
}

static inline struct span credentials_token(const struct credentials *c)
{
    return span_of(c->token, c->token_len);
}

/* False, and a fault: one is empty, too long, or has a byte that no key has (blank, control, CR,
 * LF). An empty token is none. */
bool credentials_set(struct credentials *c, struct span id, struct span secret, struct span token,
                     int64_t expires_ms, struct fault *f);

/* So that the compiler keeps it. */
void credentials_wipe(struct credentials *c);

/* The same for what holds a secret on its way. */
void credentials_wipe_bytes(void *at, size_t bytes);

/* There are none, or it is time to ask for new ones: CREDENTIALS_ADVISORY_MS before their end. */
bool credentials_are_due(const struct credentials *c, int64_t utc_ms);

/* There are some that may still be used: not within CREDENTIALS_MANDATORY_MS of their end. */
bool credentials_are_usable(const struct credentials *c, int64_t utc_ms);

/* ---- questions ---- */

/* Each is a whole head. False: it did not fit, or has something in it that a head must not. */

/* AssumeRoleWithWebIdentity: not signed, the token is the proof. The body is struct sts_form's,
 * then the token. */
bool credentials_ask_sts(struct http_request *r, void *room, size_t bytes,
                         const struct service_endpoint *sts, uint64_t body_bytes);

/* `target`: path and query as they stand in a URL. `authorization`: empty, or the header's
 * value. */
bool credentials_ask_container(struct http_request *r, void *room, size_t bytes,
                               const struct service_endpoint *e, struct span target,
                               struct span authorization);

/* IMDSv2: a token for the next questions; which role the machine has (role empty); the role's
 * credentials. */
bool credentials_ask_metadata_token(struct http_request *r, void *room, size_t bytes,
                                    const struct service_endpoint *e);
bool credentials_ask_metadata(struct http_request *r, void *room, size_t bytes,
                              const struct service_endpoint *e, struct span token,
                              struct span role);

/* The form before the token, in pieces: once to be counted, once onto the wire. */
enum { STS_FORM_PIECE_BYTES = 768, STS_FORM_RAW_BYTES = STS_FORM_PIECE_BYTES / 3 };
struct sts_form {
    struct span role, session; /* the caller's */
    unsigned part;             /* state: texts and values in turn */
    size_t at;                 /* in that part */
};
void sts_form_init(struct sts_form *form, struct span role, struct span session);
/* The next piece, at most STS_FORM_PIECE_BYTES; false: the token is next, by uri_encode. */
bool sts_form_next(struct sts_form *form, struct writer *to);

/* What STS and IAM call legal: [A-Za-z0-9_+=,.@-], 2 to 64 (names of roles: 1 to 64). */
bool credentials_session_name_is_valid(struct span name);
bool credentials_role_name_is_valid(struct span name);

/* ---- answers. A fault never holds a byte of them. ---- */

enum credentials_form {
    CREDENTIALS_CONTAINER, /* ECS, EKS: AccessKeyId, SecretAccessKey, Token, Expiration */
    CREDENTIALS_METADATA,  /* EC2: the same, and Code */
    CREDENTIALS_IOT        /* {"credentials":{"accessKeyId" ...}} */
};

/* What reading one takes; the caller's, and nothing is left in it that must be wiped. */
struct credentials_room {
    struct json json;
    jsmntok_t tokens[SIGN_IN_TOKENS_MAX];
};

/* A whole JSON answer. False: *to is empty, the fault says what is wrong. */
bool credentials_read(struct credentials *to, enum credentials_form form, struct span body,
                      struct credentials_room *room, struct fault *f);

/* STS's answer in XML, as it comes. */
struct sts_answer {
    struct credentials *to;
    struct xml xml;
    bool has_expiration, is_cut;
    size_t code_len;
    char code[48]; /* of an <Error>; empty: none was told */
};
/* `text`: room for the longest value, SESSION_TOKEN_BYTES_MAX. */
void sts_answer_begin(struct sts_answer *a, struct credentials *to, char *text, size_t bytes);
void sts_answer_body(struct sts_answer *a, struct span in);
/* False: *to is empty. */
bool sts_answer_end(struct sts_answer *a, unsigned status, struct fault *f);

#endif
