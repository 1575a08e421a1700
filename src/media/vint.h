/* vint.h - EBML's variable-size integer (RFC 8794 section 4), cut anywhere.
 *   eats    bytes
 *   gives   true when the last byte is there
 *   keeps   the bytes so far
 *   knows   the number of leading zeros is the number of bytes that follow */
#ifndef RUSUDEN_MEDIA_VINT_H
#define RUSUDEN_MEDIA_VINT_H

#include "base/span.h"

/* Eight bytes as a number, the first one highest. */
static inline uint64_t vint_load(const uint8_t *bytes)
{
    return (uint64_t)bytes[0] << 56 | (uint64_t)bytes[1] << 48 | (uint64_t)bytes[2] << 40 |
           (uint64_t)bytes[3] << 32 | (uint64_t)bytes[4] << 24 | (uint64_t)bytes[5] << 16 |
           (uint64_t)bytes[6] << 8 | bytes[7];
}

/* Bytes of the integer at the front of a loaded word: 1..8; 9 for a first byte of 0x00, which no
 * form of ours has. The word's other bytes may be anything. */
static inline unsigned vint_len(uint64_t word)
{
    return (unsigned)__builtin_clzll(word | UINT64_C(1) << 55) + 1;
}

/* Without its marker bit; len 1..8. */
static inline uint64_t vint_value(uint64_t word, unsigned len)
{
    assert(len >= 1 && len <= 8);
    return word << len >> (64 - 7 * len);
}

/* All data bits one, in any length. As a size this means "unknown" (section 6.2). */
static inline bool vint_is_ones(uint64_t word, unsigned len)
{
    return vint_value(word, len) == UINT64_MAX >> (64 - 7 * len);
}

struct vint {
    uint8_t bytes[8];
    uint8_t have; /* 0 between integers */
};

static inline void vint_start(struct vint *v)
{
    v->have = 0;
}

static inline bool vint_next(struct vint *v, struct span *in)
{
    while (in->len > 0) {
        v->bytes[v->have++] = span_take(in);
        unsigned len = vint_len((uint64_t)v->bytes[0] << 56);
        if (v->have == len || len > 8) return true;
    }
    return false;
}

/* When vint_next has said true: its length, 9 for none, and its word. */
static inline unsigned vint_whole_len(const struct vint *v)
{
    return vint_len((uint64_t)v->bytes[0] << 56);
}

/* Is it one, with data bits that are not all one? */
static inline bool vint_is_number(const struct vint *v)
{
    unsigned len = vint_whole_len(v);
    return len <= 8 && !vint_is_ones(vint_load(v->bytes), len);
}

static inline uint64_t vint_number(const struct vint *v)
{
    return vint_value(vint_load(v->bytes), vint_whole_len(v));
}

/* The largest number of its length, which is twice the middle of a signed one. */
static inline uint64_t vint_range(const struct vint *v)
{
    return (UINT64_C(1) << (7 * vint_whole_len(v))) - 1;
}

#endif
