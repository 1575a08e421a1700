/* utc.h - points in time as text, without libc's locale or TZ.
 *   eats    milliseconds since 1970-01-01T00:00:00Z
 *   gives   ISO 8601
 *   keeps   nothing
 *   knows   the Gregorian calendar */
#ifndef RUSUDEN_TEXT_UTC_H
#define RUSUDEN_TEXT_UTC_H

#include "base/writer.h"

/* "2024-09-18T16:21:28.724Z"; years beyond 9999 get more digits, and a time before 1970 is written
 * as 1970. */
void utc_write(struct writer *to, int64_t ms);

#endif
