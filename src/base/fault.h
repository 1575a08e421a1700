/* fault.h - the first cause: what is wrong, and where in the input.
 *   eats    a kind, a byte offset, words
 *   gives   one line for a person
 *   keeps   the first fault; later ones do not overwrite it
 *   knows   the kinds, not what each reader does about them */
#ifndef RUSUDEN_BASE_FAULT_H
#define RUSUDEN_BASE_FAULT_H

#include "base/budget.h"
#include "base/writer.h"

enum fault_kind {
    FAULT_NONE,
    FAULT_NOT_MATROSKA, /* never was a recording */
    FAULT_TRUNCATED,    /* the input ends inside something */
    FAULT_MALFORMED,    /* breaks a rule of EBML or Matroska */
    FAULT_UNSUPPORTED,  /* legal, and not ours to read */
    FAULT_LIMIT,        /* larger than a number of budget.h */
    FAULT_AMBIGUOUS,    /* which track, which contact? */
    FAULT_TROUBLE,      /* KVS reports an error inside the stream */
    FAULT_UNDECIDED, /* whose audio it is stands behind the audio, and nothing can be taken back */
    FAULT_CHANGED,   /* the second reading was not the first */
    FAULT_REFUSED,   /* we could, and will not: it exists, it is a terminal */
    FAULT_CONFIG,    /* what the user set up does not make sense, or is missing */
    FAULT_NETWORK,   /* no way to the other side, or it fell silent */
    FAULT_TLS,       /* the other side speaks TLS badly, or not at all */
    FAULT_TRUST,     /* the other side cannot show that it is who it should be */
    FAULT_SERVICE,   /* the service answered: no */
    FAULT_IO         /* the machine refused */
};

#define FAULT_NOWHERE UINT64_MAX /* has no place in the input */

struct fault {
    enum fault_kind kind;
    uint64_t at;
    size_t len;
    char text[FAULT_TEXT_BYTES];
};

/* A writer for the words of a new fault; it writes into the void when there is one already.
 * End with fault_put. */
struct writer fault_begin(struct fault *f, enum fault_kind kind, uint64_t at);
void fault_put(struct fault *f, const struct writer *words);

/* Both at once, for words that are known when the program is built. */
void fault_set(struct fault *f, enum fault_kind kind, uint64_t at, const char *text);

/* The word for a kind: "malformed", "truncated" ... */
const char *fault_name(enum fault_kind kind);

/* "malformed input at byte 1234: ..." */
void fault_tell(const struct fault *f, struct writer *to);

#endif
