/* mixer.h - one channel as it is, or two side by side or summed.
 *   eats    blocks of 16-bit little-endian sound, each with a channel and a time
 *   gives   whole frames of output as views
 *   keeps   half a sample; with two channels, up to MIXER_FRAMES of the one that is ahead
 *   knows   that nothing is ever dropped: sound that comes too late is put where the output is */
#ifndef RUSUDEN_MEDIA_MIXER_H
#define RUSUDEN_MEDIA_MIXER_H

#include "media/timeline.h"

enum mixer_layout {
    MIXER_ONE,    /* one channel, mono */
    MIXER_STEREO, /* customer left, agent right */
    MIXER_MIX     /* both summed, clipped, mono */
};

enum mixer_event {
    MIXER_NEED, /* the span is used up */
    MIXER_SOUND /* out: frames, until the next call */
};

struct mixer_side {
    int64_t put; /* position behind the last sample that was put */
    bool half;   /* the first byte of a sample came, its second did not yet */
    uint8_t low;
};

struct mixer {
    enum mixer_layout layout;
    struct timeline timeline;
    enum channel channel; /* of the block at hand */
    enum channel ahead;   /* whose samples are in the ring */
    struct mixer_side side[CHANNEL_COUNT];
    int64_t front;       /* position of the next frame given; one channel: of the next sample */
    bool given;          /* something has been given: front only grows */
    uint64_t late_count; /* blocks that came when their place had been given already */
    uint8_t pair[BYTES_PER_SAMPLE];
    struct mixer_ring *ring; /* the caller's; NULL: only lengths matter */
};

/* What two channels hold: the samples of the one that is ahead. */
struct mixer_ring {
    uint8_t samples[MIXER_FRAMES * BYTES_PER_SAMPLE]; /* p at p modulo MIXER_FRAMES; silent where
                                                         nothing was put */
    uint8_t given[SCRATCH_BYTES];
};

/* `asked`: the channel's bit for MIXER_ONE, else both. Without a ring (zeroed by its owner) the
 * sound that two channels give has the right length and no content: enough to measure. */
void mixer_init(struct mixer *m, enum mixer_layout layout, unsigned asked, enum gaps gaps,
                struct mixer_ring *ring);

/* A block begins. False: see timeline_place. */
bool mixer_block(struct mixer *m, enum channel channel, int64_t time_ns);

/* The next frames from *in, the block's sound, which is cut by what was eaten. Call again until
 * MIXER_NEED. */
enum mixer_event mixer_next(struct mixer *m, struct span *in, struct span *out);

/* No more blocks will come: what is still held. Call again until MIXER_NEED. */
enum mixer_event mixer_end(struct mixer *m, struct span *out);

/* How many channels ended inside a sample; that half is not in the output. */
unsigned mixer_halves(const struct mixer *m);

/* The samples that its ring holds, and to put them back: into the ring of a mixer that is a copy of what it was then.
 * `samples` has room for mixer_held_bytes. */
size_t mixer_held_bytes(const struct mixer *m);
void mixer_save(const struct mixer *m, uint8_t *samples);
void mixer_restore(struct mixer *m, const uint8_t *samples);

/* *to becomes *from, but keeps its own ring, into which the held frames are copied. */
void mixer_copy(struct mixer *to, const struct mixer *from);

#endif
