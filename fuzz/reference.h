/* reference.h - the slow, obvious reader that the fuzzers compare ours with.
 *   eats    a whole input
 *   gives   a verdict, the audio of every block, whose every document is
 *   keeps   nothing between calls; everything is a view into the input
 *   knows   docs/READING.md, and nothing of src/: that is the point */
#ifndef RUSUDEN_FUZZ_REFERENCE_H
#define RUSUDEN_FUZZ_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reference_verdict {
    REFERENCE_WHOLE,
    REFERENCE_TRUNCATED,
    REFERENCE_MALFORMED,
    REFERENCE_UNSUPPORTED,
    REFERENCE_LIMIT,
    REFERENCE_AMBIGUOUS,
    REFERENCE_TROUBLE,
    REFERENCE_NOT_MATROSKA,
    REFERENCE_EMPTY
};

enum reference_channels { REFERENCE_CUSTOMER = 1, REFERENCE_AGENT = 2, REFERENCE_BOTH = 3 };

enum {
    /* The smallest block element is 6 bytes, so 1 MiB could hold more pieces, and far more
     * documents. The counts go on beyond the arrays, which keep the first ones. */
    REFERENCE_PIECES_MAX = 65536,
    REFERENCE_DOCUMENTS_MAX = 4096,
    REFERENCE_CONTACT_BYTES_MAX = 64, /* READING.md 7.2 */
    REFERENCE_NUMBER_BYTES_MAX = 512  /* a TagString, READING.md 3.3; real ones have 47 digits */
};

/* The audio of one block of a chosen track; `len` may be 0 (6.3). */
struct reference_piece {
    size_t document;
    int channel; /* one of enum reference_channels, never BOTH */
    int64_t time_ns;
    size_t at, len; /* payload bytes in the input */
};

struct reference_document {
    bool has_contact;                              /* its own, or inherited (7.3) */
    char contact[REFERENCE_CONTACT_BYTES_MAX + 1]; /* filled up with NULs */
    char fragment_number[REFERENCE_NUMBER_BYTES_MAX + 1];
    size_t blocks;         /* of every track, chosen or not */
    uint64_t pcm_bytes[2]; /* customer, agent */
};

/* Several megabytes: make it static. Only the entries below the counts are written. */
struct reference {
    enum reference_verdict verdict;
    size_t fault_at;  /* where the fault was noticed; informative */
    const char *why;  /* the rule of READING.md; informative */
    size_t pieces;    /* of blocks read to their end, also in a document that never ended */
    size_t documents; /* that ended, and were not refused at their end */
    struct reference_piece piece[REFERENCE_PIECES_MAX];
    struct reference_document document[REFERENCE_DOCUMENTS_MAX];
};

void reference_read(const uint8_t *input, size_t len, enum reference_channels channels,
                    struct reference *to);

#endif
