/* waveform.h - how loud a channel is over time, in few numbers for any length.
 *   eats    sound, with its position
 *   gives   the loudest sample of each stretch
 *   keeps   WAVEFORM_BUCKETS peaks a channel; when they are full, two become one
 *   knows   nothing of pictures */
#ifndef RUSUDEN_MEDIA_WAVEFORM_H
#define RUSUDEN_MEDIA_WAVEFORM_H

#include "media/connect_audio.h"

struct waveform {
    uint64_t bucket_samples; /* a power of two times the first length */
    uint64_t samples;        /* the furthest position that had sound */
    uint64_t at[CHANNEL_COUNT];
    bool half[CHANNEL_COUNT]; /* the piece before ended inside a sample */
    uint8_t low[CHANNEL_COUNT];
    uint16_t peak[CHANNEL_COUNT][WAVEFORM_BUCKETS];
};

void waveform_init(struct waveform *w);

/* The next block of a channel begins at this position, in samples; never negative. */
void waveform_move(struct waveform *w, enum channel channel, uint64_t position);

void waveform_add(struct waveform *w, enum channel channel, struct span pcm);

/* The loudest sample, 0..32768, of the at-th of `of` equal stretches of the whole. */
unsigned waveform_peak(const struct waveform *w, enum channel channel, size_t at, size_t of);

#endif
