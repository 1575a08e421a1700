/* vint.h - EBML's variable-size integer (RFC 8794 section 4), cut anywhere.
 *   eats    bytes
 *   gives   true when the last byte is there
 *   keeps   the bytes so far: twelve bytes of state
 *   knows   the number of leading zeros is the number of bytes that follow */
#ifndef RUSUDEN_MEDIA_VINT_H
#define RUSUDEN_MEDIA_VINT_H

#include "base/span.h"

struct vint {
    uint64_t bits; /* the bytes read so far, marker bit included; below 2^(8*have) */
    uint8_t have;  /* bytes read; 0 between integers */
    uint8_t len;   /* bytes in all, 1..8; 9 for the first byte 0x00, which no form of ours has */
};

static inline void vint_start(struct vint *v)
{
    v->have = 0;
}

static inline bool vint_next(struct vint *v, struct span *in)
{
    if (v->have == 0) {
        if (in->len == 0) return false;
        v->bits = span_take(in);
        v->len = v->bits == 0 ? 9 : (uint8_t)(__builtin_clz((unsigned)v->bits) - 23);
        v->have = 1;
        if (v->len == 9) return true;
    }
    while (v->have < v->len) {
        if (in->len == 0) return false;
        v->bits = v->bits << 8 | span_take(in);
        v->have++;
    }
    return true;
}

/* All data bits: 2^(7*len) - 1. As a size this means "unknown" (section 6.2). */
static inline uint64_t vint_ones(const struct vint *v)
{
    assert(v->len >= 1 && v->len <= 8);
    return (UINT64_C(1) << (7 * v->len)) - 1;
}

/* The integer without its marker bit. Only when vint_next said true and the form is legal. */
static inline uint64_t vint_value(const struct vint *v)
{
    return v->bits & vint_ones(v);
}

static inline bool vint_legal(const struct vint *v)
{
    return v->len <= 8;
}

#endif
