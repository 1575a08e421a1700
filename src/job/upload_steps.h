/* upload_steps.h - the rows of an upload's story: what each step asks, and what it takes from a good answer.
 *   eats    the job, the answer it heard
 *   gives   a request's head; the next step
 *   keeps   nothing of its own: the job's parts, their ETags, the upload's id
 *   knows   S3's operations in their order; nothing of retries and connections */
#ifndef RUSUDEN_JOB_UPLOAD_STEPS_H
#define RUSUDEN_JOB_UPLOAD_STEPS_H

#include "job/upload.h"

/* How the body of a question goes. */
struct upload_body {
    enum sigv4_payload payload;
    uint8_t hash[32]; /* for SIGV4_HASHED */
    uint64_t bytes;   /* on the wire */
    bool expects_continue;
};

extern const struct upload_step_row {
    const char *name;
    enum s3_operation operation;
    void (*ask)(struct upload *u, struct upload_body *b);
    void (*hear)(struct upload *u); /* a good answer: sets the next step, or ends the job */
} upload_steps[UPLOAD_STEPS];

/* The checksum that follows each part's body; CHECKSUM_NONE: none. */
enum checksum_kind upload_trailer(const struct upload *u);

/* The region may have changed. False: the fault says why. */
bool upload_find_endpoint(struct upload *u, struct fault *why);

/* The step that goes on towards the object, as far as it is known to be absent. */
enum upload_step upload_making_step(const struct upload *u);

void upload_over(struct upload *u, enum upload_outcome outcome);

/* The first cause is kept. An open upload is aborted first: what nobody will complete costs money. */
void upload_fail(struct upload *u, const struct fault *why);
void upload_fail_with(struct upload *u, enum fault_kind kind, const char *text);
void upload_fail_exists(struct upload *u);
/* HEAD found nothing: on towards the object, or over. */
void upload_hear_absent(struct upload *u);
/* HEAD was forbidden: we cannot know, and go on as if there were nothing, as long as nothing speaks for it. */
void upload_hear_forbidden(struct upload *u);
/* The abort is done. */
void upload_fail_aborted(struct upload *u);

#endif
