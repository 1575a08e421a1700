#include "media/timeline.h"

enum {
    NS_PER_SAMPLE = 1000000000 / SAMPLES_PER_SECOND,
    SAMPLES_PER_MS = SAMPLES_PER_SECOND / 1000,
    GAP_SAMPLES_MIN = GAP_MS_MIN * SAMPLES_PER_MS
};

/* What can be rounded to samples without leaving 63 bits: 292 years. */
#define NS_MAX (INT64_MAX - NS_PER_SAMPLE)

void timeline_init(struct timeline *t, unsigned asked, enum gaps gaps)
{
    memset(t, 0, sizeof *t);
    t->gaps = gaps;
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        t->asked[c] = (asked >> c & 1) != 0;
}

static int64_t round_to_samples(int64_t ns)
{
    return (ns + (ns < 0 ? -NS_PER_SAMPLE / 2 : NS_PER_SAMPLE / 2)) / NS_PER_SAMPLE;
}

/* Where the channel goes on that has come least far, of those that were heard, and the one that has
 * come furthest, of those that are asked for. */
struct reach {
    int64_t near, far;
};

static struct reach reach(const struct timeline *t)
{
    struct reach r = {INT64_MAX, INT64_MIN};
    for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
        if (t->heard[c] && t->next[c] < r.near) r.near = t->next[c];
        if (t->asked[c] && t->next[c] > r.far) r.far = t->next[c];
    }
    return r;
}

bool timeline_place(struct timeline *t, enum channel channel, int64_t time_ns, int64_t *position)
{
    if (!t->started) {
        t->started = true;
        t->origin_ns = time_ns;
    }
    int64_t ns;
    if (__builtin_sub_overflow(time_ns, t->origin_ns, &ns) || ns < -NS_MAX || ns > NS_MAX)
        return false;
    int64_t at = round_to_samples(ns) - t->removed;

    struct reach now = reach(t);
    int64_t gap = at - now.far;
    int64_t back = t->heard[channel] ? now.near - at : 0;
    if (gap >= GAP_SAMPLES_MIN) {
        t->gap_count++;
        t->gap_samples += (uint64_t)gap;
        if (t->gaps == GAPS_JOIN) {
            t->removed += gap;
            at -= gap;
        } else if (gap / SAMPLES_PER_MS > GAP_MS_MAX ||
                   t->gap_samples / SAMPLES_PER_MS > SILENCE_MS_MAX) {
            return false;
        }
    } else if (back >= GAP_SAMPLES_MIN) {
        t->removed -= back;
        at += back;
    }
    int64_t off = at - t->next[channel];
    bool trembles = off > -GAP_SAMPLES_MIN && off < GAP_SAMPLES_MIN;
    if (trembles) at = t->next[channel];
    t->heard[channel] = true;
    t->next[channel] = at;
    *position = at;
    return true;
}
