/* mixing.h - runs a script of blocks through the mixer and writes down what came out.
 *   eats    blocks: channel, time in ms, samples; each channel's samples count upwards
 *   gives   runs of the output: "1-512 0*100 513-600"; stereo: "L ... R ..."
 *   keeps   one mixer, its ring, one output
 *   knows   nothing of how the mixer does it */
#ifndef TESTS_UNIT_MIXING_H
#define TESTS_UNIT_MIXING_H

#include <stdio.h>
#include <stdlib.h>

#include "cut.h"
#include "media/mixer.h"

#define C CHANNEL_CUSTOMER
#define A CHANNEL_AGENT

enum { FIRST_OF_AGENT = 10001, MIXED_BYTES = 1 << 21 };

struct said {
    enum channel channel;
    double ms;
    unsigned bytes;
};

struct mixing {
    enum mixer_layout layout;
    unsigned asked;
    enum gaps gaps;
    bool measure; /* without a ring */
    size_t piece; /* the sound is cut so; 0: whole */
};

static struct mixer mixer;
static struct mixer_ring mixer_ring;
static uint8_t mixed[MIXED_BYTES];
static size_t mixed_len;
static unsigned spoken[CHANNEL_COUNT]; /* bytes of each channel so far */

static inline void mixing_begin(const struct mixing *how)
{
    memset(&mixer_ring, 0, sizeof mixer_ring);
    mixer_init(&mixer, how->layout, how->asked, how->gaps,
               how->measure || how->layout == MIXER_ONE ? NULL : &mixer_ring);
    mixed_len = 0;
    spoken[C] = spoken[A] = 0;
}

static inline void mixing_collect(struct span out)
{
    assert_true(out.len > 0 && mixed_len + out.len <= sizeof mixed);
    memcpy(mixed + mixed_len, out.at, out.len);
    mixed_len += out.len;
}

/* The next byte that a channel says: 1, 2, 3 ... as 16-bit little-endian; the agent 10001, ... */
static inline uint8_t next_byte(enum channel channel)
{
    unsigned at = spoken[channel]++;
    unsigned sample = at / 2 + (channel == C ? 1 : FIRST_OF_AGENT);
    return (uint8_t)(at % 2 == 0 ? sample & 0xFF : sample >> 8);
}

static inline bool mixing_say(const struct mixing *how, const struct said *s)
{
    if (!mixer_block(&mixer, s->channel, (int64_t)(s->ms * 1000000))) return false;
    for (size_t left = s->bytes; left > 0;) {
        size_t n = how->piece > 0 && how->piece < left ? how->piece : left;
        uint8_t *block = malloc(n);
        for (size_t i = 0; i < n; i++)
            block[i] = next_byte(s->channel);
        struct span in = span_of(block, n);
        struct span out;
        while (mixer_next(&mixer, &in, &out) == MIXER_SOUND)
            mixing_collect(out);
        assert_int_equal(in.len, 0);
        free(block);
        left -= n;
    }
    return true;
}

static inline void mixing_end(void)
{
    struct span out;
    while (mixer_end(&mixer, &out) == MIXER_SOUND)
        mixing_collect(out);
}

/* Every `step`-th sample from `first`, as runs. */
static inline size_t write_runs(char *to, size_t first, size_t step)
{
    size_t len = 0;
    size_t samples = mixed_len / 2;
    for (size_t i = first; i < samples;) {
        int begin = (int16_t)(mixed[2 * i] | mixed[2 * i + 1] << 8);
        int end = begin;
        size_t count = 0;
        while (i < samples && (int16_t)(mixed[2 * i] | mixed[2 * i + 1] << 8) == end) {
            count++;
            i += step;
            if (begin != 0) end++;
        }
        len += (size_t)(begin == 0 ? sprintf(to + len, " 0*%zu", count)
                                   : sprintf(to + len, " %d-%d", begin, end - 1));
        assert_true(len < 4000);
    }
    to[len] = '\0';
    return len;
}

static inline const char *mixing_result(const struct mixing *how)
{
    static char text[9000];
    if (how->layout != MIXER_STEREO) {
        write_runs(text, 0, 1);
        return text;
    }
    strcpy(text, " L");
    size_t len = 2 + write_runs(text + 2, 0, 2);
    strcpy(text + len, " R");
    write_runs(text + len + 2, 1, 2);
    return text;
}

/* The script whole, byte by byte, in threes and in 1000s; and measured, for the same length. */
static inline void check_mixing(struct mixing how, const struct said *script, size_t count,
                                const char *expected)
{
    static const size_t pieces[] = {0, 1, 3, 1000};
    for (size_t i = 0; i < 8; i++) {
        how.piece = pieces[i % 4];
        how.measure = i >= 4;
        size_t len = mixed_len;
        mixing_begin(&how);
        for (size_t j = 0; j < count; j++)
            assert_true(mixing_say(&how, &script[j]));
        mixing_end();
        if (how.measure)
            assert_int_equal(mixed_len, len);
        else
            assert_string_equal(mixing_result(&how), expected);
    }
}

#define CHECK_MIXING(how, expected, ...)                                                           \
    do {                                                                                           \
        const struct said script[] = {__VA_ARGS__};                                                \
        check_mixing(how, script, sizeof script / sizeof *script, expected);                       \
    } while (0)

static const struct mixing one_join = {.layout = MIXER_ONE, .asked = 1, .gaps = GAPS_JOIN},
                           one_silence = {.layout = MIXER_ONE, .asked = 1, .gaps = GAPS_SILENCE},
                           stereo_join = {.layout = MIXER_STEREO, .asked = 3, .gaps = GAPS_JOIN},
                           stereo_silence = {.layout = MIXER_STEREO,
                                             .asked = 3,
                                             .gaps = GAPS_SILENCE},
                           mix_silence = {.layout = MIXER_MIX, .asked = 3, .gaps = GAPS_SILENCE};

#endif
