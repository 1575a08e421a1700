/* sign_in.h - finds credentials where the SDKs' default chain does, in its order.
 *   eats    settings, environment, files; answers of STS, of a container's endpoint, of EC2's
 *           metadata
 *   gives   credentials; or what was looked at, and what to do
 *   keeps   one question and its answer, in the caller's room
 *   knows   which source comes first; patience, and when to ask again; nothing of it is ever
 *           logged */
#ifndef RUSUDEN_JOB_SIGN_IN_H
#define RUSUDEN_JOB_SIGN_IN_H

#include "aws/credentials.h"
#include "job/settings.h"
#include "net/exchange.h"

enum sign_in_answer {
    SIGN_IN_WAIT, /* see sign_in_want */
    SIGN_IN_DONE, /* *to has credentials; `kept`: the old ones, and the fault says why */
    SIGN_IN_FAILED
};

/* The order of the SDKs. SSO, console login, credential_process and roles by way of other profiles
 * are looked at only to say that we do not have them, where they would have been the way. */
enum sign_in_step {
    SIGN_IN_ENVIRONMENT,
    SIGN_IN_OTHER_ROLE,
    SIGN_IN_WEB_IDENTITY,
    SIGN_IN_SSO,
    SIGN_IN_CREDENTIALS_FILE,
    SIGN_IN_PROCESS,
    SIGN_IN_CONFIG_FILE,
    SIGN_IN_CONTAINER,
    SIGN_IN_METADATA_TOKEN,
    SIGN_IN_METADATA_ROLE,
    SIGN_IN_METADATA_KEYS,
    SIGN_IN_STEPS
};

/* Needed from sign_in_begin to DONE, FAILED or sign_in_end, and wiped then: a good place is a union
 * with buffers that are idle between two exchanges. */
struct sign_in_room {
    struct fault detail; /* of the try at hand */
    union {
        struct credentials fresh; /* once the question has been said */
        struct {
            struct service_endpoint endpoint;
            char head[SIGN_IN_HEAD_BYTES_MAX];
            uint8_t raw[STS_FORM_RAW_BYTES];
            uint8_t said[STS_FORM_PIECE_BYTES];
        } ask;
    };
    union {
        struct settings_room files;
        struct {
            union {
                struct http_request request; /* until its head is written */
                struct credentials_room json;
                struct sts_answer sts;
            };
            char answer[SIGN_IN_ANSWER_BYTES_MAX];
        } hear;
    };
};
_Static_assert(sizeof(struct sign_in_room) <= SIGN_IN_ROOM_BYTES, "what callers set aside");

struct sign_in {
    enum {
        SIGN_IN_AT_LOOK,
        SIGN_IN_AT_TALK,
        SIGN_IN_AT_PAUSE,
        SIGN_IN_AT_DONE,
        SIGN_IN_AT_FAILED
    } at;
    enum sign_in_step step;
    const struct aws_settings *settings;
    struct connection *connection;
    struct exchange *exchange;
    struct sign_in_room *room;
    struct credentials *to;
    bool forced;
    bool kept;        /* after DONE: a renewal failed that can wait; the old credentials stay */
    bool talking;     /* exchange_begin was called, exchange_end was not */
    bool too_long;    /* the answer */
    bool token_again; /* of EC2's metadata: a second one was asked for */
    bool was_stale;   /* this step's connection had been closed meanwhile: that counts once */
    unsigned tries;   /* of this step */
    unsigned status;
    uint64_t now_ms; /* of this turn */
    int64_t utc_ms;
    uint64_t chance;
    uint64_t until_ms; /* of a pause */
    size_t answer_len;
    struct sts_form form;
    struct span unsaid;   /* of room->ask.said */
    uint64_t body_left;   /* to be made */
    uint64_t token_bytes; /* of the web identity token, without blanks behind it */
    uint64_t token_at;
    enum { METADATA_SILENT, METADATA_OFF, METADATA_REFUSED, METADATA_NO_ROLE } metadata;
    size_t metadata_token_len, role_len;
    char metadata_token[METADATA_TOKEN_BYTES_MAX];
    char role[ROLE_NAME_BYTES_MAX];
    struct fault fault; /* after FAILED, or DONE with `kept` */
};

/* Everything is the caller's until DONE, FAILED or sign_in_end. `to` must be wiped or have
 * credentials; it is changed by DONE only. `forced`: the service said that they are expired; those
 * of the environment and the files are not taken again. The connection may be left open towards the
 * source. `room`: a struct sign_in_room, or room for one. */
void sign_in_begin(struct sign_in *s, const struct aws_settings *settings, struct connection *c,
                   struct exchange *x, struct credentials *to, bool forced, void *room,
                   size_t bytes);

/* `chance`: a random number. After DONE and FAILED the same again. */
enum sign_in_answer sign_in_turn(struct sign_in *s, uint64_t now_ms, int64_t utc_ms,
                                 uint64_t chance);

/* After WAIT: what for (a negative socket: for time alone). *until_ms is lowered to when it must be
 * asked again. */
struct port_want sign_in_want(const struct sign_in *s, uint64_t *until_ms);

/* Gives up, and wipes the room. Safe to call twice, and after DONE and FAILED. */
void sign_in_end(struct sign_in *s);

#endif
