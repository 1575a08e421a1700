/* pipeline.h - from the bytes of a KVS stream to the sound of one contact.
 *   eats    a span of any length, cut anywhere
 *   gives   bytes of output, or "take the last of them back"
 *   keeps   the mixer's state where a document and a block began, to go back to
 *   knows   the four ways to read (passes), and whose sound may be heard */
#ifndef RUSUDEN_JOB_PIPELINE_H
#define RUSUDEN_JOB_PIPELINE_H

#include "job/recording.h"
#include "media/mixer.h"
#include "media/wav.h"

enum pipeline_pass {
    PIPELINE_SURVEY,  /* fills the recording; the bytes given have the right length, no content */
    PIPELINE_DELIVER, /* after a survey of the same input: gives just what was surveyed */
    PIPELINE_PROVISIONAL, /* both at once, for an output that can be cut back */
    /* Both at once, where nothing can be taken back: the ContactId must stand before the sound in
     * each document. */
    PIPELINE_STREAM
};

struct pipeline_options {
    enum mixer_layout layout;
    enum channel channel; /* for MIXER_ONE */
    enum gaps gaps;
    enum wav_encoding encoding;
    struct audio_contact contact; /* whose; len 0: the only one there is */
    bool salvage;                 /* keep what is whole of an input that is not */
};

enum pipeline_event {
    PIPELINE_NEED,  /* the span is used up */
    PIPELINE_BYTES, /* out: output, until the next call */
    PIPELINE_CUT,   /* the output is only `bytes` long after all */
    PIPELINE_END,   /* after pipeline_finish: the recording is complete */
    PIPELINE_FAULT  /* and again for every later call: fault */
};

/* Rings for two channels: the mixer's, and one for each place that PIPELINE_PROVISIONAL may go back
 * to. */
enum { PIPELINE_RINGS = 3 };

struct pipeline_mark {
    uint64_t bytes;
    struct mixer mixer;
};

struct pipeline {
    enum { PIPELINE_AT_INPUT, PIPELINE_AT_FLUSH, PIPELINE_AT_OVER, PIPELINE_AT_FAULT } at;
    enum pipeline_pass pass;
    struct pipeline_options options;
    struct recording *recording; /* the caller's */
    struct connect_audio audio;
    struct mixer mixer;
    struct pipeline_mark document; /* where the open document began */
    struct pipeline_mark block;    /* where the open block began; kept only when salvaging */
    bool in_document, in_block;
    uint64_t block_bytes; /* sound of the open block so far */
    bool gap_too_long;    /* in the open document; a fault if it is ours */
    bool heard;           /* the open document's sound goes to the mixer */
    bool input_over;
    uint64_t bytes;     /* of output so far */
    uint64_t documents; /* begun */
    uint64_t blocks;    /* ended */
    bool mixing;        /* the mixer may have more to give before the reader is asked */
    struct span sound;  /* of the block, not mixed yet; sees the caller's input */
    struct span linear; /* mixed, not encoded yet; sees `sound` or a ring */
    uint8_t encoded[SCRATCH_BYTES];
    struct fault fault;
};

/* `rings`: for two channels; PIPELINE_RINGS of them for PIPELINE_PROVISIONAL, none for
 * PIPELINE_SURVEY, else one. Zeroed here. `recording` is
 * begun by recording_init, and for PIPELINE_DELIVER filled by a survey. */
void pipeline_init(struct pipeline *p, enum pipeline_pass pass,
                   const struct pipeline_options *options, struct recording *recording,
                   struct mixer_ring *rings);

/* The next event in *in, which is cut by what was eaten and must not change until PIPELINE_NEED. */
enum pipeline_event pipeline_next(struct pipeline *p, struct span *in, struct span *out);

/* No more bytes will come: go on with pipeline_next and an empty span until PIPELINE_END or
 * _FAULT. */
void pipeline_finish(struct pipeline *p);

#endif
