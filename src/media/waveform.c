#include "media/waveform.h"

enum { FIRST_BUCKET_SAMPLES = 64 };

void waveform_init(struct waveform *w)
{
    memset(w, 0, sizeof *w);
    w->bucket_samples = FIRST_BUCKET_SAMPLES;
}

void waveform_move(struct waveform *w, enum channel channel, uint64_t position)
{
    w->at[channel] = position;
}

static uint16_t louder(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

static void halve(struct waveform *w)
{
    for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
        for (size_t i = 0; i < WAVEFORM_BUCKETS / 2; i++)
            w->peak[c][i] = louder(w->peak[c][2 * i], w->peak[c][2 * i + 1]);
        memset(&w->peak[c][WAVEFORM_BUCKETS / 2], 0, sizeof w->peak[c] / 2);
    }
    w->bucket_samples *= 2;
}

static void add_sample(struct waveform *w, enum channel channel, int sample)
{
    while (w->at[channel] / w->bucket_samples >= WAVEFORM_BUCKETS)
        halve(w);
    uint16_t *peak = &w->peak[channel][w->at[channel] / w->bucket_samples];
    *peak = louder(*peak, (uint16_t)(sample < 0 ? -sample : sample));
    w->at[channel]++;
    if (w->at[channel] > w->samples) w->samples = w->at[channel];
}

void waveform_add(struct waveform *w, enum channel channel, struct span pcm)
{
    while (pcm.len > 0) {
        uint8_t byte = span_take(&pcm);
        if (w->half[channel])
            add_sample(w, channel, (int16_t)(uint16_t)(w->low[channel] | byte << 8));
        w->low[channel] = byte;
        w->half[channel] = !w->half[channel];
    }
}

unsigned waveform_peak(const struct waveform *w, enum channel channel, size_t at, size_t of)
{
    assert(at < of);
    size_t used = (size_t)((w->samples + w->bucket_samples - 1) / w->bucket_samples);
    size_t first = used * at / of;
    size_t last = used * (at + 1) / of;
    unsigned peak = 0;
    for (size_t i = first; i < used && (i < last || i == first); i++)
        peak = louder((uint16_t)peak, w->peak[channel][i]);
    return peak;
}
