/* tell.h - what `rusuden convert` says to a person: progress, summary, what is missing, what went wrong.
 *   eats    a recording, and where it came from and went to
 *   gives   lines on standard error
 *   keeps   when it spoke last
 *   knows   words; nothing of how sound is moved */
#ifndef RUSUDEN_APP_TELL_H
#define RUSUDEN_APP_TELL_H

#include "app/options.h"
#include "file.h"

struct tell {
    const struct convert_options *options;
    const struct input *input;
    const char *output; /* its name */
    const struct recording *recording;
    const struct pipeline *pipeline;
    const char *more; /* one more sentence for the summary; NULL: none */
    uint64_t began_ms;
    uint64_t shown_ms; /* when progress was shown last */
    unsigned columns;  /* of the terminal that shows progress; 0: none */
    char text[TEXT_BUFFER_BYTES];
};

/* The members that are pointers are set by the caller, before or after, as they become known. */
void tell_begin(struct tell *t, const struct convert_options *options);

/* Every now and then: how far it is. `read`: bytes of the input in this pass. */
void tell_progress(struct tell *t, const char *doing, uint64_t read);

void tell_summary(struct tell *t);

/* A recording without sound: why? */
void tell_nothing(struct tell *t);

/* `advice`: one more sentence, or NULL. */
void tell_fault(struct tell *t, const struct fault *f, const char *advice);

/* One line of a story, as it is. */
void tell_line(struct tell *t, struct span line);

/* Somebody who asked for quiet is told this all the same. */
bool tell_is_incomplete(const struct recording *r);

#endif
