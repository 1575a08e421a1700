/* arena.h - memory for Mbed TLS: first fit in a fixed place, everything gone at once.
 *   eats    sizes, and what it gave before
 *   gives   zeroed memory, or NULL: Mbed TLS then fails cleanly
 *   keeps   eight bytes before each piece
 *   knows   nothing of TLS */
#ifndef RUSUDEN_NET_ARENA_H
#define RUSUDEN_NET_ARENA_H

#include "base/span.h"

/* Of a piece. Nothing in Mbed TLS asks for more: its widest member is 64 bits, and its vector code
 * loads and stores unaligned. */
enum { ARENA_ALIGNMENT = 8 };

struct arena {
    uint8_t *memory; /* the caller's, aligned to 8 */
    size_t bytes;
    size_t used, peak; /* with headers */
    size_t hole_at;    /* everything before this offset is in use: the search begins here */
    uint64_t calls;    /* of arena_get; for tests that fail the n-th */
    uint64_t fail_at;  /* the call that shall fail; 0: none */
    uint64_t refused;  /* calls that got NULL */
};

void arena_init(struct arena *a, void *memory, size_t bytes);
/* A size of 0 gets a piece too. */
void *arena_get(struct arena *a, size_t count, size_t size);
/* NULL is allowed; anything else must be arena_get's. */
void arena_put(struct arena *a, void *piece);
/* That it is in use is not asked. */
bool arena_holds(const struct arena *a, const void *piece);

#endif
