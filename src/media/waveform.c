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

static uint16_t loudest(struct span pcm)
{
    int peak = 0;
    for (size_t i = 0; i + 1 < pcm.len; i += BYTES_PER_SAMPLE) {
        int sample = (int16_t)(uint16_t)(pcm.at[i] | pcm.at[i + 1] << 8);
        int level = sample < 0 ? -sample : sample;
        peak = level > peak ? level : peak;
    }
    return (uint16_t)peak;
}

/* Whole samples. */
static void add_samples(struct waveform *w, enum channel channel, struct span pcm)
{
    while (pcm.len > 0) {
        while (w->at[channel] / w->bucket_samples >= WAVEFORM_BUCKETS)
            halve(w);
        uint64_t bucket = w->at[channel] / w->bucket_samples;
        uint64_t room = (bucket + 1) * w->bucket_samples - w->at[channel];
        struct span run = span_cut(&pcm, span_min(pcm, room * BYTES_PER_SAMPLE));
        w->peak[channel][bucket] = louder(w->peak[channel][bucket], loudest(run));
        w->at[channel] += run.len / BYTES_PER_SAMPLE;
    }
    if (w->at[channel] > w->samples) w->samples = w->at[channel];
}

void waveform_add(struct waveform *w, enum channel channel, struct span pcm)
{
    if (pcm.len > 0 && w->half[channel]) {
        uint8_t pair[BYTES_PER_SAMPLE] = {w->low[channel], span_take(&pcm)};
        w->half[channel] = false;
        add_samples(w, channel, span_of(pair, sizeof pair));
    }
    add_samples(w, channel, span_cut(&pcm, pcm.len & ~(size_t)1));
    if (pcm.len > 0) {
        w->low[channel] = span_take(&pcm);
        w->half[channel] = true;
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
