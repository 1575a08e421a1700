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

/* False: another character, wrong padding, bits left over that are not zero, or no room. */
bool base64_read(struct writer *to, struct span text);

/* For readers whose text comes in pieces: zeroed before the first character. */
struct base64_group {
    uint32_t bits;
    unsigned characters; /* 0..3 of a group of four that is not whole */
    unsigned padding;    /* of them, or of the group that ended the text */
};

/* One more character; up to three bytes come out with every fourth. False: it must not stand
 * here. */
bool base64_eat(struct base64_group *g, uint8_t character, uint8_t bytes[3], size_t *count);

#endif
