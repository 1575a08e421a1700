/* base64.h - bytes as text.
 *   eats    bytes, or text with padding
 *   gives   the other
 *   keeps   nothing
 *   knows   RFC 4648 section 4; no line breaks, no other alphabet */
#ifndef RUSUDEN_TEXT_BASE64_H
#define RUSUDEN_TEXT_BASE64_H

#include "base/writer.h"

#define BASE64_BYTES(n) (((n) + 2) / 3 * 4)

void base64_write(struct writer *to, struct span bytes);

/* False: another character, wrong padding, bits left over that are not zero. */
bool base64_read(struct writer *to, struct span text);

#endif
