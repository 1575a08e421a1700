/* utc.h - points in time as text, without libc's locale or TZ.
 *   eats    milliseconds since 1970-01-01T00:00:00Z, or text
 *   gives   ISO 8601, SigV4's basic form and HTTP's dates, both ways
 *   keeps   nothing
 *   knows   the Gregorian calendar; RFC 3339, RFC 9110 section 5.6.7 */
#ifndef RUSUDEN_TEXT_UTC_H
#define RUSUDEN_TEXT_UTC_H

#include "base/writer.h"

/* "2024-09-18T16:21:28.724Z"; years beyond 9999 get more digits, and a time before 1970 is written
 * as 1970. */
void utc_write(struct writer *to, int64_t ms);

/* "20130524T000000Z", SigV4's x-amz-date; its first eight bytes are the day of the scope. Always 16
 * bytes: what is before 1970 or after 9999 is written as the first or last second of them. */
enum { UTC_BASIC_BYTES = 16, UTC_DAY_BYTES = 8 };
void utc_write_basic(struct writer *to, int64_t ms);

/* "2024-09-18T16:21:28Z", with a fraction of any length (what is below a millisecond is dropped),
 * "+09:00" instead of Z, and the basic form, with Z only. A leap second is the second after it.
 * False: anything else, or a day that the calendar does not have. */
bool utc_read(struct span text, int64_t *ms);

/* A Date header: "Sun, 06 Nov 1994 08:49:37 GMT", and the two obsolete forms; of a year of two
 * digits, 70..99 are 1970..1999. Whether it was a Sunday is not asked. */
bool utc_read_http(struct span text, int64_t *ms);

#endif
