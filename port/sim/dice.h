/* dice.h - chance that is the same each time: from given bytes as long as they last, then from a seed.
 *   eats    a seed; a fuzzer's bytes, if there are any
 *   gives   numbers
 *   keeps   where it stands
 *   knows   splitmix64. For tests alone */
#ifndef RUSUDEN_PORT_SIM_DICE_H
#define RUSUDEN_PORT_SIM_DICE_H

#include "base/span.h"

struct dice {
    uint64_t seed;     /* any is good */
    struct span *from; /* NULL: none. Eaten from its front; several dice may share it */
};

/* Never from the bytes: for what happens so often that it would use them up and mean little. */
static inline uint64_t dice_next(struct dice *d)
{
    uint64_t x = d->seed += 0x9E3779B97F4A7C15; /* splitmix64 */
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
    x = (x ^ x >> 27) * 0x94D049BB133111EB;
    return x ^ x >> 31;
}

/* Eats as many bytes as it needs to reach each number. */
static inline uint64_t dice_roll(struct dice *d, uint64_t below)
{
    assert(below > 0);
    if (d->from == NULL || d->from->len == 0) return dice_next(d) % below;
    uint64_t x = 0;
    unsigned shift = 0;
    for (uint64_t most = below - 1; most > 0 && d->from->len > 0; most >>= 8, shift += 8)
        x |= (uint64_t)span_take(d->from) << shift;
    return x % below;
}

#endif
