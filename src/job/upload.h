/* upload.h - one recording into one object of S3, as a story of steps.
 *   eats    options, the input in pieces it asks for, the clock
 *   gives   the object, whole or not at all, and a line for each step
 *   keeps   everything of one job: two connections, the reader, one question and its answer
 *   knows   which question comes next, what to do when one fails, and when to give up */
#ifndef RUSUDEN_JOB_UPLOAD_H
#define RUSUDEN_JOB_UPLOAD_H

#include "aws/awschunk.h"
#include "aws/retry.h"
#include "aws/s3.h"
#include "job/sign_in.h"
#include "job/wav_source.h"
#include "net/exchange.h"

/* What is to be made. Everything that is pointed to is the caller's, for as long as the job lasts. */
struct upload_options {
    struct pipeline_options pipeline;
    const struct aws_settings *settings;
    struct span bucket;
    struct s3_object object;    /* key, type, tags ...; the endpoint is found by the job */
    enum sigv4_payload payload; /* _CHUNKS, _CHUNKS_TRAILER or _UNSIGNED_TRAILER */
    uint64_t part_bytes_min;    /* PART_BYTES_MIN, but for tests */
    const char *user_agent;
    bool keeps_existing; /* what is there is not replaced, also where S3 cannot promise it */
};

enum upload_event {
    UPLOAD_WAIT, /* see upload_want */
    UPLOAD_READ, /* input is needed: upload_room, upload_put */
    UPLOAD_TOLD, /* a step was tried: line */
    UPLOAD_OVER  /* and again for every later call: outcome, fault */
};

enum upload_outcome {
    UPLOAD_CONVERTED,
    UPLOAD_NO_AUDIO, /* the recording has no sound; nothing was written */
    UPLOAD_FAILED /* fault; nothing is visible, and what was begun is taken back as far as S3 let us */
};

enum upload_step {
    UPLOAD_STEP_OPEN,  /* CreateMultipartUpload */
    UPLOAD_STEP_PART,  /* UploadPart */
    UPLOAD_STEP_CLOSE, /* CompleteMultipartUpload */
    UPLOAD_STEP_PUT,   /* PutObject: the whole recording is not larger than one part */
    UPLOAD_STEP_CHECK, /* HeadObject: an answer was lost; is our object there? */
    UPLOAD_STEP_ABORT, /* AbortMultipartUpload */
    UPLOAD_STEPS
};

struct upload {
    enum {
        UPLOAD_AT_SURVEY,
        UPLOAD_AT_ASK,     /* the step's question is to be asked */
        UPLOAD_AT_SIGN_IN, /* before it, credentials */
        UPLOAD_AT_TALK,    /* the exchange goes on */
        UPLOAD_AT_PAUSE,   /* until pause_until_ms, then ASK */
        UPLOAD_AT_OVER
    } at;
    enum upload_step step;
    enum upload_outcome outcome;
    struct fault fault; /* the first cause */
    const struct upload_options *options;

    struct recording recording;
    struct wav_source source;
    uint64_t total;      /* bytes of the WAV */
    uint64_t part_bytes; /* of each part but the last */
    size_t part_at;      /* the part that is being sent, from 0 */
    size_t part_count;
    struct s3_part parts[PARTS_MAX];
    size_t upload_id_len; /* 0: no upload is open */
    char upload_id[UPLOAD_ID_BYTES_MAX];
    struct checksum whole, whole_mark; /* of the WAV so far, and at the part's beginning */
    size_t whole_len;
    char whole_text[CHECKSUM_TEXT_BYTES_MAX]; /* where is_said: of all of it */

    /* What is known of the object and the upload. */
    bool is_said;      /* the last byte of the WAV was taken, once at least */
    bool left_open;    /* an upload that could not be aborted, or whose id never reached us */
    bool in_doubt;     /* the object may have been made, and the answer was lost */
    bool is_gone;      /* and then the upload was no more: most likely by that */
    bool is_last_look; /* the step in doubt has no tries left: `fault` is what it failed of */
    bool is_made;      /* our object is there; what is left is to abort the upload, if it is open */
    bool is_seen;      /* the object is there, S3 says, and the answer was lost: whose is it? */
    bool is_answered;  /* the last exchange was */

    struct service_endpoint endpoint;
    struct s3_object object;
    char region[REGION_BYTES_MAX + 1];
    int64_t skew_ms; /* the server's clock minus ours */
    struct tls_trust trust;
    struct connection connection;
    struct connection sign_in_connection;
    struct exchange exchange;
    struct sign_in sign_in;
    struct credentials credentials;
    struct sigv4_key key;
    bool credentials_forced; /* the service said that they are expired */
    bool signed_in;          /* just now: what is still due then is as new as it gets */

    struct http_request request;
    union {
        struct { /* during an exchange */
            uint8_t head[REQUEST_HEAD_BYTES_MAX];
            struct awschunk chunk;
        };
        struct sign_in_room sign_in_room; /* between two */
    };
    struct span bytes;   /* of the WAV, not framed yet; sees the source's buffers */
    uint64_t plain_left; /* of the part: not taken from the source yet */
    struct s3_complete_body complete;
    uint8_t piece_room[S3_PIECE_BYTES_MAX];
    struct span piece; /* of the completion's body, not said yet */
    struct s3_answer answer;

    struct retry retry[UPLOAD_STEPS];
    struct retry_bucket bucket;
    uint64_t pause_until_ms;
    uint64_t began_ms;
    unsigned was_stale; /* a bit for each step: its connection had been closed, uncounted once */
    unsigned checks;    /* UPLOAD_STEP_CHECK was asked so often in doubt */
    unsigned requests;  /* begun; for the bounds that tests hold */
    struct writer line; /* what UPLOAD_TOLD tells */
    char line_room[UPLOAD_LINE_BYTES];
};

_Static_assert(sizeof(struct upload) < UPLOAD_BYTES_MAX, "the budget of budget.h");

void upload_begin(struct upload *u, const struct upload_options *options, uint64_t now_ms);

/* One turn: goes on until something is refused. `chance`: a random number. */
enum upload_event upload_turn(struct upload *u, uint64_t now_ms, int64_t utc_ms, uint64_t chance);

/* After UPLOAD_WAIT: what for; *until_ms is lowered to when it must be asked again. */
struct port_want upload_want(const struct upload *u, uint64_t *until_ms);

/* After UPLOAD_READ: see wav_source_room. upload_fail_input: it cannot be read any more. */
uint8_t *upload_room(struct upload *u, size_t *room, uint64_t *offset);
void upload_put(struct upload *u, size_t n);
void upload_fail_input(struct upload *u, const struct fault *why);

/* Somebody wants us to stop: the open upload is aborted, then it is over. Where the object may have been made already, a
 * look comes first, and it may be UPLOAD_CONVERTED. May be called each turn. */
void upload_stop(struct upload *u, const struct fault *why);

/* Connections closed, secrets wiped. Safe to call twice. */
void upload_end(struct upload *u);

#endif
