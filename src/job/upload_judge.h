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

/* The exchange is lost and stale: true, the step is asked again, uncounted. False: that was done before. */
bool upload_judge_stale(struct upload *u);

/* We are to stop. True: the object may have been made, which is looked at first, once; then the job ends. */
bool upload_judge_stop(struct upload *u);

#endif
