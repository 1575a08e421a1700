/* upload_judge.h - what an answer, or its absence, means for an upload.
 *   eats    the answer heard, or how the exchange was lost
 *   gives   the next step, a pause, or the end; one line of the story
 *   keeps   the tries of each step, in the job
 *   knows   retries, and that an object whose answer was lost may be there all the same */
#ifndef RUSUDEN_JOB_UPLOAD_JUDGE_H
#define RUSUDEN_JOB_UPLOAD_JUDGE_H

#include "job/upload.h"

/* The exchange is over (`is_answered`) or lost. */
void upload_judge(struct upload *u, bool is_answered, uint64_t now_ms, int64_t utc_ms,
                  uint64_t chance);

/* A connection that had been idle was closed under the question: it is asked again, and that is no try. */
void upload_judge_stale(struct upload *u);

/* No answer came, or none that can be used: what was asked may have been done all the same. */
void upload_doubt(struct upload *u);

#endif
