/* report.h - the words and pictures of `rusuden inspect`.
 *   eats    what inspect.c found
 *   gives   text for a person, or JSON (RFC 8259)
 *   keeps   nothing of its own
 *   knows   terminals' width and letters; see the manual page for the JSON's members */
#ifndef RUSUDEN_APP_REPORT_H
#define RUSUDEN_APP_REPORT_H

#include "app/inspect.h"

/* Before the first document, for each whole one, and at the end. */
void report_begin(struct inspect *i);
void report_fragment(struct inspect *i, const struct audio_fragment *f);
void report_end(struct inspect *i);

#endif
