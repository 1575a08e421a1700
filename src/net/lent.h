/* lent.h - what Mbed TLS borrows: memory, clocks, chance.
 *   eats    the arena of the connection at hand; the port's clocks and chance
 *   gives   Mbed TLS's hooks
 *   keeps   which arena is in use; a small one of its own for what belongs to no connection
 *   knows   that there is one thread: the arena at hand is a static pointer */
#ifndef RUSUDEN_NET_LENT_H
#define RUSUDEN_NET_LENT_H

#include "net/arena.h"

/* Once a process. False: the machine has no chance to give. */
bool lent_setup(void);

/* From here on Mbed TLS's memory is this arena's; NULL: nobody's, that is, the shared one's. */
void lent_use(struct arena *a);

/* How much of the shared arena was in use at most; for the budget's test. */
size_t lent_shared_peak(void);

/* This CPU has instructions for AES, and Mbed TLS uses them. */
bool lent_fast_aes(void);

#endif
