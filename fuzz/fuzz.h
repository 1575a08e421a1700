/* fuzz.h - what the fuzz targets share.
 *   eats    the fuzzer's bytes
 *   gives   an input, whole or in pieces; a journal to compare two readings by
 *   keeps   one piece at a time, in a heap block of just its size: ASan sees one byte too far
 *   knows   nothing of what is read */
#ifndef RUSUDEN_FUZZ_FUZZ_H
#define RUSUDEN_FUZZ_FUZZ_H

#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>

/* libFuzzer calls it; so does replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The largest input a tree grows to. */
enum { FUZZ_INPUT_BYTES_MAX = 16384 };

/* The raw bytes, or the tree that they choose. The span sees a static buffer or `raw`. FUZZ_INPUT in
 * the environment names a file to write it to. */
struct span fuzz_input(struct span raw, bool as_tree);

enum fuzz_cutting { FUZZ_WHOLE, FUZZ_BYTES, FUZZ_CUT, FUZZ_CUTTINGS };

/* An input in pieces. */
struct fuzz_pieces {
    struct span left;
    enum fuzz_cutting cutting;
    uint32_t seed;  /* of FUZZ_CUT; pieces may be empty */
    uint8_t *block; /* the piece given last; freed when the next one is asked for */
    bool over;
};

struct fuzz_pieces fuzz_pieces(struct span input, enum fuzz_cutting cutting, uint8_t seed);

/* The next piece, which lives until the next call; false: there is none, nothing is held. */
bool fuzz_next(struct fuzz_pieces *p, struct span *piece);

/* What was read, in one number: equal journals, equal readings. */
struct journal {
    uint64_t digest;
    uint64_t entries;
};

/* With FUZZ_TRACE in the environment every entry is printed. */
void journal_add(struct journal *j, const char *what, uint64_t a, uint64_t b, uint64_t c);
uint64_t journal_hash(uint64_t hash, struct span bytes);

/* Ends the program with a line where two readings, or a reading and the rules, differ. */
#define FUZZ_REQUIRE(condition)                                                                    \
    do {                                                                                           \
        if (!(condition)) fuzz_found(__FILE__, __LINE__, #condition);                              \
    } while (0)
_Noreturn void fuzz_found(const char *file, int line, const char *condition);

#endif
