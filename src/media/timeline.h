/* timeline.h - from the blocks' timecodes to positions in the output, counted in samples.
 *   eats    where a block says it begins, how many samples it had
 *   gives   its position, with gaps joined or kept
 *   keeps   for each channel where it would go on; how many gaps, how long
 *   knows   clocks, not sound */
#ifndef RUSUDEN_MEDIA_TIMELINE_H
#define RUSUDEN_MEDIA_TIMELINE_H

#include "media/connect_audio.h"

enum gaps { GAPS_JOIN, GAPS_SILENCE };

struct timeline {
    enum gaps gaps;
    bool started;
    int64_t origin_ns;
    int64_t removed; /* samples cut out of the clock by joined gaps and clocks set back */
    int64_t next[CHANNEL_COUNT]; /* where the channel goes on if nothing is missing */
    bool asked[CHANNEL_COUNT];
    bool heard[CHANNEL_COUNT]; /* a block of it came */
    uint64_t gap_count;
    uint64_t gap_samples;
};

void timeline_init(struct timeline *t, unsigned asked, enum gaps gaps);

/* Where a block of this channel begins that says time_ns. Less than a block's half (GAP_MS_MIN) of
 * difference is a clock's trembling: the block goes on where the one before ended. More is a gap,
 * where no channel has sound: kept, or joined. A clock set back starts anew where the sound is. The
 * position may lie before another channel's, and before zero. False: a gap that is to be filled is
 * longer than GAP_MS_MAX, or all of them than SILENCE_MS_MAX, or two times are more than 292 years
 * apart. */
bool timeline_place(struct timeline *t, enum channel channel, int64_t time_ns, int64_t *position);

static inline void timeline_advance(struct timeline *t, enum channel channel, size_t samples)
{
    t->next[channel] += (int64_t)samples;
}

#endif
