/* cut.h - one input, read whole, byte by byte and cut at random: the same events each time.
 *   eats    a reader as three functions, an input, the log that is expected
 *   gives   assertions; each piece lies in a heap block of just its size, so ASan sees overreads
 *   keeps   one log a reading, payload merged, so that it does not matter where it was cut
 *   knows   cmocka; nothing of the readers */
#ifndef TESTS_UNIT_CUT_H
#define TESTS_UNIT_CUT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

enum { CUT_LOG_BYTES = 1 << 18 };

struct cut_log {
    char *text; /* static; until the next reading but one */
    size_t len;
    bool in_payload;
};

enum cut_answer {
    CUT_MORE, /* an event was logged, ask again */
    CUT_NEED, /* the piece is used up */
    CUT_OVER  /* nothing will follow */
};

struct cut_reader {
    size_t state_bytes;
    void (*init)(void *state);
    enum cut_answer (*next)(void *state, struct span *in, struct cut_log *log);
    enum cut_answer (*end)(void *state, struct cut_log *log); /* never CUT_NEED */
};

/* One event, printf's way; a blank before it. */
__attribute__((format(printf, 2, 3))) void cut_say(struct cut_log *log, const char *form, ...);
/* A piece of payload, in hexadecimal; neighbours become one. */
void cut_payload(struct cut_log *log, struct span bytes);

/* The log of one reading in pieces of `piece` bytes (0: random ones, from the seed). */
struct cut_log cut_read(const struct cut_reader *r, struct span input, size_t piece, uint32_t seed);

/* Whole, byte by byte, and at random: each log must equal the expected one, typed by hand. */
void cut_check(const struct cut_reader *r, struct span input, const char *expected);
/* The three against each other only: for inputs whose events are too many to type. */
void cut_same(const struct cut_reader *r, struct span input);

/* xorshift; never 0. For everything random in the tests. */
uint32_t cut_random(uint32_t *seed);

/* A heap block of just these bytes, for the caller to free. */
uint8_t *cut_copy(struct span s);

#endif
