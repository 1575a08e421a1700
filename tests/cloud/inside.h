/* inside.h - what the rooms of the cloud share: answers, faults, who may ask.
 *   eats    a question that was read
 *   gives   its answer
 *   keeps   nothing
 *   knows   cloud.h; one file for each service */
#ifndef CLOUD_INSIDE_H
#define CLOUD_INSIDE_H

#include "cloud.h"

struct answer {
    unsigned status;     /* 0: not known yet */
    struct blob headers; /* whole lines */
    struct blob body;
    bool chunked; /* else Content-Length */
    struct refusal refusal;
    struct blob extra; /* elements of the refusal's XML */
};

/* answer.c. answer_send frees what a has. */
void answer_send(struct cloud_connection *x, struct answer *a);
void answer_none(struct cloud_connection *x, bool reset);
void answer_spoil(struct answer *a, unsigned status);
void question_act(struct cloud_connection *x);

/* faults.c */
uint64_t cloud_roll(struct cloud *c, uint64_t below);
void fault_pick(struct cloud_connection *x);
bool rule_take(struct cloud *c, enum cloud_operation operation, enum cloud_fault_kind *kind,
               uint64_t *value);

/* auth.c: fills x->signature. The bucket's region, or the service's. */
struct cloud_account *account_find(struct cloud *c, struct span id);
void auth_check(struct cloud_connection *x, struct answer *a, const char *region,
                const char *service);
/* Once the body is there: its hash, and for a service that hashes it into the signature, that. */
void auth_check_body(struct cloud_connection *x, struct answer *a);

/* Each service: what is asked; whether it may be asked, before the body comes; do it. */
enum cloud_operation s3_operation(struct cloud_connection *x);
void s3_check(struct cloud_connection *x, struct answer *a);
void s3_act(struct cloud_connection *x, struct answer *a);
void upload_act(struct cloud_connection *x, struct answer *a);
void list_act(struct cloud_connection *x, struct answer *a);
void sts_act(struct cloud_connection *x, struct answer *a);
void imds_act(struct cloud_connection *x, struct answer *a);
void container_act(struct cloud_connection *x, struct answer *a);
enum cloud_operation imds_operation(struct cloud_connection *x);
void control_act(struct cloud_connection *x, struct answer *a);

/* store.c */
void facts_read(struct cloud_connection *x, struct answer *a, struct cloud_facts *to);
void facts_free(struct cloud_facts *f);
struct cloud_upload *upload_add(struct cloud *c, struct cloud_bucket *b, const char *key);
struct cloud_upload *upload_find(struct cloud *c, struct span id);
void upload_drop_parts(struct cloud_upload *u);
void object_free(struct cloud_object *o);
void upload_free(struct cloud_upload *u);
void etag_make(char to[40], struct span bytes);

/* The checksum that the question carries in a header or trailer; HASH_NONE: none. Refuses a wrong
 * one. value: base64, or "". */
enum hash_kind checksum_check(struct cloud_connection *x, struct answer *a, char value[48]);

#endif
