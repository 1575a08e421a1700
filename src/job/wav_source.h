/* wav_source.h - a recording as the bytes of its WAV: measured first, then given, and given again from a bookmark.
 *   eats    the input, in the pieces it asks for by their offset
 *   gives   header, sound and pad in order
 *   keeps   one read buffer; a bookmark, which is everything that is needed to give the same bytes once more
 *   knows   the two passes; nothing of where the input lies or where the WAV goes */
#ifndef RUSUDEN_JOB_WAV_SOURCE_H
#define RUSUDEN_JOB_WAV_SOURCE_H

#include "aws/checksum.h"
#include "job/pipeline.h"

enum wav_source_event {
    WAV_SOURCE_READ,  /* input is needed: wav_source_room, wav_source_put */
    WAV_SOURCE_BYTES, /* out: until the next call */
    WAV_SOURCE_END,   /* the pass is over */
    WAV_SOURCE_FAULT  /* and again for every later call: fault */
};

/* All that moves while a pass goes on; spans see the source's own buffers, which keep their places. */
struct wav_source_state {
    enum {
        WAV_SOURCE_AT_SURVEY,
        WAV_SOURCE_AT_HEADER,
        WAV_SOURCE_AT_SOUND,
        WAV_SOURCE_AT_PAD,
        WAV_SOURCE_AT_END,
        WAV_SOURCE_AT_FAULT
    } at;
    struct pipeline pipeline;
    uint64_t base;    /* offset in the input of the read buffer's first byte */
    size_t held;      /* bytes in the read buffer */
    struct span in;   /* of the read buffer: not eaten yet */
    struct span rest; /* of the last event's bytes: not given yet */
    uint64_t given;   /* bytes of the WAV */
};

struct wav_source {
    struct wav_source_state now, mark;
    struct mixer_ring ring;
    uint8_t mark_held[MARK_SAMPLES * BYTES_PER_SAMPLE]; /* what the ring held at the mark */
    uint8_t mark_given[SCRATCH_BYTES];                  /* and its scratch */
    uint64_t marked;            /* byte of the WAV to go back to: the mark's, or behind it */
    struct checksum mark_check; /* of what the read buffer held at the mark */
    struct pipeline_options options;
    struct recording *recording; /* the caller's */
    size_t going_back; /* bytes that must be in the read buffer again; 0: not going back */
    size_t header_len;
    uint8_t header[WAV_HEADER_BYTES_MAX];
    struct fault fault;
    uint8_t buffer[SOURCE_BUFFER_BYTES];
};

/* Begins the survey. The recording is begun here too. */
void wav_source_survey(struct wav_source *s, const struct pipeline_options *options,
                       struct recording *recording);

/* After the survey's end, if the recording has sound: begins to deliver, from the input's first byte. */
void wav_source_deliver(struct wav_source *s);

/* Bytes of the whole WAV, after the survey. */
uint64_t wav_source_total(const struct wav_source *s);

/* The pass has ended, and all it gave was taken. */
static inline bool wav_source_is_over(const struct wav_source *s)
{
    return s->now.at == WAV_SOURCE_AT_END && s->now.rest.len == 0 && s->going_back == 0;
}

enum wav_source_event wav_source_next(struct wav_source *s, size_t most, struct span *out);

/* After WAV_SOURCE_READ: where to read to, how much at most, and from which offset of the input; and how much it was,
 * 0 at the input's end. */
uint8_t *wav_source_room(struct wav_source *s, size_t *room, uint64_t *offset);
void wav_source_put(struct wav_source *s, size_t n);

/* Between two calls of wav_source_next, what it gave last being used up: a place to go back to. The first is set by
 * wav_source_deliver. Going back reads the input again from the place it had then; where that is not what it was, the
 * source is at fault (FAULT_CHANGED). Where two channels are too far apart to be kept, the mark stays where it
 * was before, and what lies between is passed over: slower, and the same bytes. */
void wav_source_set_mark(struct wav_source *s);
void wav_source_go_back(struct wav_source *s);

#endif
