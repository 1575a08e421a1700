/* utf8.h - characters as bytes.
 *   eats    bytes, or a code point
 *   gives   how long the character at the front is, or its bytes
 *   keeps   nothing
 *   knows   RFC 3629 section 4: no overlong forms, no surrogates, nothing beyond U+10FFFF */
#ifndef RUSUDEN_TEXT_UTF8_H
#define RUSUDEN_TEXT_UTF8_H

#include "base/span.h"

/* 0: no character begins here, or it is cut off. */
static inline size_t utf8_len(struct span s)
{
    if (s.len == 0) return 0;
    const uint8_t a = s.at[0];
    if (a < 0x80) return 1;
    const size_t len = a >= 0xC2 && a <= 0xDF   ? 2
                       : a >= 0xE0 && a <= 0xEF ? 3
                       : a >= 0xF0 && a <= 0xF4 ? 4
                                                : 0;
    if (len == 0 || s.len < len) return 0;
    for (size_t i = 1; i < len; i++)
        if ((s.at[i] & 0xC0) != 0x80) return 0;
    const uint8_t b = s.at[1];
    const bool wrong = (a == 0xE0 && b < 0xA0) || (a == 0xED && b > 0x9F) ||
                       (a == 0xF0 && b < 0x90) || (a == 0xF4 && b > 0x8F);
    return wrong ? 0 : len;
}

/* How many bytes were written; 0: no character has this number. */
static inline size_t utf8_put(uint32_t code_point, uint8_t to[4])
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) return 0;
    if (code_point < 0x80) {
        to[0] = (uint8_t)code_point;
        return 1;
    }
    const size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code_point >>= 6)
        to[i] = (uint8_t)(0x80 | (code_point & 0x3F));
    to[0] = (uint8_t)(0xF00 >> len | code_point); /* C0, E0, F0: as many ones as bytes */
    return len;
}

#endif
