/* cloud.h - the services of AWS that rusuden talks to, made up and strict.
 *   eats    bytes of connections, cut anywhere, and the time
 *   gives   bytes of answers; what the objects are; what a client did that AWS forbids
 *   keeps   accounts, buckets, objects, uploads: everything, on the heap
 *   knows   HTTP/1.1, SigV4 and the APIs from their specifications; of src/ span.h, of port/ sim/dice.h alone */
#ifndef CLOUD_CLOUD_H
#define CLOUD_CLOUD_H

#include "body.h"
#include "sign.h"
#include "sim/dice.h"

enum cloud_service { CLOUD_S3, CLOUD_STS, CLOUD_IMDS, CLOUD_CONTAINER, CLOUD_ANY };

/* What a request asks for: the names of fault scripts stand in faults.c. */
enum cloud_operation {
    CLOUD_OTHER,
    CLOUD_CREATE,
    CLOUD_PART,
    CLOUD_COMPLETE,
    CLOUD_ABORT,
    CLOUD_LIST_PARTS,
    CLOUD_PUT,
    CLOUD_GET,
    CLOUD_HEAD,
    CLOUD_LIST,
    CLOUD_DELETE,
    CLOUD_TAGGING,
    CLOUD_ROLE,
    CLOUD_TOKEN,
    CLOUD_KEYS,
    CLOUD_OPERATIONS
};

enum cloud_fault_kind {
    CLOUD_GOOD,
    CLOUD_500,      /* InternalError, nothing done */
    CLOUD_503,      /* SlowDown, nothing done */
    CLOUD_500_DONE, /* the same words, and yet it was done */
    CLOUD_503_DONE,
    CLOUD_200_ERROR, /* 200, white space, then InternalError; nothing done */
    CLOUD_200_DONE,  /* the same, and yet it was done */
    CLOUD_EMPTY,     /* 200 without a body where one must be; nothing done */
    CLOUD_CUT,       /* done; the answer ends after `value` bytes (0: one less than all) */
    CLOUD_LOST,      /* done; the connection ends instead of an answer */
    CLOUD_DROP,      /* not done; the connection ends instead of an answer */
    CLOUD_RESET,     /* the connection breaks when the head was read */
    CLOUD_EARLY,     /* 503 while the body is still to come */
    CLOUD_SLOW,      /* done; the answer takes `value` ms */
    CLOUD_SPACES,    /* Complete: white space for `value` ms, then the result */
    CLOUD_MUTE,      /* done; no answer ever */
    CLOUD_CHECKSUM,  /* done; the answer's checksum is another one */
    CLOUD_CLOSE,     /* done; Connection: close */
    CLOUD_CONFLICT,  /* 409 ConditionalRequestConflict where the question is conditional */
    CLOUD_FAULT_KINDS
};

struct cloud_rule {
    enum cloud_operation operation; /* CLOUD_OPERATIONS: any */
    unsigned nth;                   /* from 1; 0: each */
    enum cloud_fault_kind kind;
    uint64_t value;
    unsigned seen;
};

enum { CLOUD_RULES_MAX = 32, CLOUD_ACCOUNTS_MAX = 64, CLOUD_BUCKETS_MAX = 8 };

struct cloud_options {
    uint64_t seed;
    struct span *dice;       /* NULL: from the seed alone */
    uint64_t part_bytes_min; /* 0: 5 MiB */
    bool keeps_silent;       /* no limit of 20 s for a body */
    uint64_t idle_ms;        /* a kept connection without a question is closed; 0: never */
    bool complete_again;     /* a repeated Complete gets the same answer, else NoSuchUpload */
    unsigned permille[CLOUD_FAULT_KINDS]; /* dice, beside the rules */
    uint64_t faults_until_ms;             /* 0: without end */
    unsigned *faults_left;                /* NULL: any number; shared with others */
};

struct cloud_account {
    char id[64], secret[96], token[256]; /* token "": for ever */
    int64_t until_ms;                    /* UTC; INT64_MAX: never ends */
};

struct cloud_part {
    unsigned number;
    struct blob bytes;
    char etag[40];
    enum hash_kind kind;
    char checksum[48];
};

/* What an object is besides its bytes. */
struct cloud_facts {
    char *content_type, *storage_class, *sse, *kms_key;
    struct parameter tags[HTTP1_PARAMETERS_MAX], metadata[HTTP1_PARAMETERS_MAX];
    size_t tag_count, metadata_count;
    enum hash_kind kind;
    bool composite;
};

struct cloud_object {
    struct cloud_object *next; /* the newest first; an older one of the same key was replaced */
    struct cloud_bucket *bucket;
    char *key;
    bool is_current;
    struct blob bytes;
    struct cloud_facts facts;
    char etag[48], checksum[64];
    int64_t utc_ms;
};

enum cloud_upload_state { CLOUD_OPEN, CLOUD_COMPLETED, CLOUD_ABORTED };

struct cloud_upload {
    struct cloud_upload *next;
    struct cloud_bucket *bucket;
    char *key, *id;
    enum cloud_upload_state state;
    bool is_known; /* a client has named its id: the answer with it has arrived */
    struct cloud_facts facts;
    struct cloud_part *parts; /* by number */
    size_t part_count;
    struct cloud_object *object; /* once completed */
};

struct cloud_bucket {
    char name[64], region[64], owner[16];
};

struct cloud {
    struct cloud_options options;
    uint64_t now_ms;
    int64_t utc_ms;
    struct dice dice;
    uint64_t requests; /* whole heads that were read */
    uint64_t asked[CLOUD_OPERATIONS], faults[CLOUD_FAULT_KINDS];
    uint64_t accepted;
    uint64_t ids;
    struct cloud_rule rules[CLOUD_RULES_MAX];
    size_t rule_count;
    struct cloud_account accounts[CLOUD_ACCOUNTS_MAX];
    size_t account_count, account_oldest;
    struct cloud_bucket buckets[CLOUD_BUCKETS_MAX];
    size_t bucket_count;
    struct cloud_object *objects;
    struct cloud_upload *uploads;
    struct blob violations; /* a line each */
    struct blob story;      /* a line for each request; kept where `tells` */
    bool tells;
    char web_token[64], role[96], container_token[64], imds_token[64], imds_role[64];
    int64_t lifetime_ms; /* of the keys that are handed out */
};

struct cloud_connection {
    struct cloud *cloud;
    enum cloud_service accepted, service; /* CLOUD_ANY: then each question says which */
    enum {
        CLOUD_AT_HEAD,
        CLOUD_AT_BODY,
        CLOUD_AT_REST,   /* the question was answered early: what comes is read and forgotten */
        CLOUD_AT_ANSWER, /* until it is taken */
        CLOUD_AT_END     /* nothing more is read */
    } at;
    struct blob head;
    struct asked asked;
    struct body body;
    struct blob headers, extra; /* of a refusal that waits for the body's end */
    enum cloud_operation operation;
    enum cloud_fault_kind fault;
    uint64_t fault_value;
    struct signature signature;
    struct cloud_bucket *bucket;
    char *key;
    struct blob out;
    size_t taken;
    struct {
        size_t upto;
        uint64_t at_ms;
    } held[8]; /* bytes of `out` behind these may not be taken before their time */
    size_t held_count;
    uint64_t byte_at_ms; /* when the last byte came */
    bool closes, resets; /* after `out`: the end, or a reset */
};

struct cloud *cloud_new(const struct cloud_options *options);
void cloud_free(struct cloud *c);
void cloud_clock(struct cloud *c, uint64_t now_ms, int64_t utc_ms);
struct cloud_bucket *cloud_bucket_add(struct cloud *c, const char *name, const char *region);
struct cloud_account *cloud_account_add(struct cloud *c, const char *id, const char *secret,
                                        const char *token, int64_t until_ms);
/* New keys that end after lifetime_ms, as STS makes them. */
struct cloud_account *cloud_account_issue(struct cloud *c);
/* NULL, or what is wrong: "part:2:503", "complete:1:200-error", "any:3:cut=1000". */
const char *cloud_script(struct cloud *c, const char *rule);

struct cloud_connection *cloud_accept(struct cloud *c, enum cloud_service service);
/* How many bytes it ate: all, or less while it answers. */
size_t cloud_feed(struct cloud_connection *x, const void *bytes, size_t n);
/* The other side has said everything. */
void cloud_feed_end(struct cloud_connection *x);
/* Time passes: patience ends, held answers go on. Before cloud_take. */
void cloud_tick(struct cloud_connection *x);
/* When cloud_tick would do something, UINT64_MAX: never. */
uint64_t cloud_next_ms(const struct cloud_connection *x);
size_t cloud_take(struct cloud_connection *x, void *to, size_t room);
/* Everything was taken: close it. *reset: break it. */
bool cloud_wants_close(const struct cloud_connection *x, bool *reset);
/* Between two questions. */
bool cloud_is_idle(const struct cloud_connection *x);
void cloud_end(struct cloud_connection *x);

const char *cloud_operation_name(enum cloud_operation operation);

/* The object under this key; NULL: none. */
struct cloud_object *cloud_find(const struct cloud *c, const char *bucket, const char *key);
/* A new object under this key, in place of the old one; the caller fills it. */
struct cloud_object *cloud_place(struct cloud *c, struct cloud_bucket *b, const char *key);
/* Objects, open uploads and violations as JSON. */
void cloud_dump(const struct cloud *c, struct blob *to);
void cloud_violation(struct cloud *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
