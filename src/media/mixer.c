#include "media/mixer.h"

_Static_assert((MIXER_FRAMES & (MIXER_FRAMES - 1)) == 0, "positions are taken modulo MIXER_FRAMES");

enum { FRAME_BYTES = CHANNEL_COUNT * BYTES_PER_SAMPLE };

void mixer_init(struct mixer *m, enum mixer_layout layout, unsigned asked, enum gaps gaps,
                struct mixer_ring *ring)
{
    memset(m, 0, sizeof *m);
    m->layout = layout;
    m->ring = ring;
    timeline_init(&m->timeline, asked, gaps);
}

static size_t slot(int64_t position)
{
    return (size_t)((uint64_t)position % MIXER_FRAMES) * FRAME_BYTES;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t held_until(const struct mixer *m)
{
    return larger(m->side[CHANNEL_CUSTOMER].put, m->side[CHANNEL_AGENT].put);
}

bool mixer_block(struct mixer *m, enum channel channel, int64_t time_ns)
{
    bool first = !m->timeline.heard[channel];
    int64_t at;
    if (!timeline_place(&m->timeline, channel, time_ns, &at)) return false;
    m->channel = channel;
    struct mixer_side *side = &m->side[channel];

    /* A channel may have begun before the one that was heard first: as long as nothing is given,
     * the front goes back to it. */
    if (first && !m->given && at < m->front && held_until(m) - at <= MIXER_FRAMES) {
        m->front = at;
        side->put = at;
    }
    if (at < side->put) m->late_count++;
    side->put = larger(at, side->put);
    return true;
}

/* ---- one channel: its own bytes are the output ---- */

static const uint8_t silence[SCRATCH_BYTES];

static enum mixer_event next_silence(struct mixer *m, struct span *out)
{
    int64_t missing = m->side[m->channel].put - m->front;
    *out = span_of(silence, sizeof silence);
    if (missing < SCRATCH_BYTES / BYTES_PER_SAMPLE) out->len = (size_t)missing * BYTES_PER_SAMPLE;
    m->front += (int64_t)(out->len / BYTES_PER_SAMPLE);
    return MIXER_SOUND;
}

static void count_samples(struct mixer *m, size_t samples)
{
    timeline_advance(&m->timeline, m->channel, samples);
    m->side[m->channel].put += (int64_t)samples;
}

static enum mixer_event next_of_one(struct mixer *m, struct span *in, struct span *out)
{
    struct mixer_side *side = &m->side[m->channel];
    if (m->front < side->put) return next_silence(m, out);
    if (in->len == 0) return MIXER_NEED;
    if (side->half) {
        m->pair[0] = side->low;
        m->pair[1] = span_take(in);
        side->half = false;
        *out = span_of(m->pair, sizeof m->pair);
    } else if (in->len == 1) {
        side->low = span_take(in);
        side->half = true;
        return MIXER_NEED;
    } else {
        *out = span_cut(in, in->len & ~(size_t)1);
    }
    count_samples(m, out->len / BYTES_PER_SAMPLE);
    m->front = side->put;
    return MIXER_SOUND;
}

/* ---- two channels: frames in a ring ---- */

static int16_t sample_at(const uint8_t *bytes)
{
    return (int16_t)(uint16_t)(bytes[0] | bytes[1] << 8);
}

static void sum_frame(uint8_t *to, const uint8_t *frame)
{
    int sum = sample_at(frame) + sample_at(frame + 2);
    sum = sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum;
    to[0] = (uint8_t)((unsigned)sum & 0xFF);
    to[1] = (uint8_t)((unsigned)sum >> 8 & 0xFF);
}

/* Frames of the ring that lie in one piece from this position on. */
static size_t run_at(int64_t position)
{
    return MIXER_FRAMES - slot(position) / FRAME_BYTES;
}

/* Gives frames from the front up to `until`, as many as fit the scratch; their slots fall
 * silent. */
static enum mixer_event give(struct mixer *m, int64_t until, struct span *out)
{
    size_t frame_bytes = m->layout == MIXER_STEREO ? FRAME_BYTES : BYTES_PER_SAMPLE;
    int64_t count = smaller(until - m->front, (int64_t)(SCRATCH_BYTES / frame_bytes));
    count = smaller(count, (int64_t)run_at(m->front));
    *out = span_of(silence, (size_t)count * frame_bytes);
    if (m->ring != NULL) {
        uint8_t *frames = m->ring->frames + slot(m->front);
        if (m->layout == MIXER_STEREO)
            memcpy(m->ring->given, frames, out->len);
        else
            for (int64_t i = 0; i < count; i++)
                sum_frame(m->ring->given + i * BYTES_PER_SAMPLE, frames + i * FRAME_BYTES);
        memset(frames, 0, (size_t)count * FRAME_BYTES);
        out->at = m->ring->given;
    }
    m->front += count;
    m->given = true;
    return MIXER_SOUND;
}

/* Puts whole samples of this channel, that fit the ring in one piece. */
static void put_run(struct mixer *m, struct span samples)
{
    size_t count = samples.len / BYTES_PER_SAMPLE;
    if (m->ring != NULL) {
        uint8_t *to =
            m->ring->frames + slot(m->side[m->channel].put) + (size_t)m->channel * BYTES_PER_SAMPLE;
        for (size_t i = 0; i < count; i++)
            memcpy(to + i * FRAME_BYTES, samples.at + i * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE);
    }
    count_samples(m, count);
}

/* Puts samples until *in or the ring's room is used up. */
static void put_samples(struct mixer *m, struct span *in)
{
    struct mixer_side *side = &m->side[m->channel];
    while (in->len > 0 && side->put < m->front + MIXER_FRAMES) {
        if (side->half) {
            uint8_t pair[BYTES_PER_SAMPLE] = {side->low, span_take(in)};
            side->half = false;
            put_run(m, span_of(pair, sizeof pair));
        } else if (in->len == 1) {
            side->low = span_take(in);
            side->half = true;
        } else {
            size_t room = (size_t)(m->front + MIXER_FRAMES - side->put);
            size_t run = run_at(side->put);
            size_t samples =
                span_min(span_of(in->at, in->len / BYTES_PER_SAMPLE), room < run ? room : run);
            put_run(m, span_cut(in, samples * BYTES_PER_SAMPLE));
        }
    }
}

static enum mixer_event next_of_two(struct mixer *m, struct span *in, struct span *out)
{
    for (;;) {
        const struct mixer_side *side = &m->side[m->channel];
        int64_t both = smaller(m->side[CHANNEL_CUSTOMER].put, m->side[CHANNEL_AGENT].put);
        if (m->front < both) return give(m, both, out);
        if (in->len == 0) return MIXER_NEED;
        /* The ring is full: the other channel is silent until here, or so late that it will be put
         * late. Just one sample's room is made, so that nothing depends on how the input was
         * cut. */
        if (side->put >= m->front + MIXER_FRAMES) {
            enum mixer_event event = give(m, side->put - MIXER_FRAMES + 1, out);
            for (enum channel c = 0; c < CHANNEL_COUNT; c++)
                m->side[c].put = larger(m->side[c].put, m->front);
            return event;
        }
        put_samples(m, in);
    }
}

enum mixer_event mixer_next(struct mixer *m, struct span *in, struct span *out)
{
    return m->layout == MIXER_ONE ? next_of_one(m, in, out) : next_of_two(m, in, out);
}

enum mixer_event mixer_end(struct mixer *m, struct span *out)
{
    if (m->layout == MIXER_ONE || m->front >= held_until(m)) return MIXER_NEED;
    return give(m, held_until(m), out);
}

unsigned mixer_halves(const struct mixer *m)
{
    return (unsigned)m->side[CHANNEL_CUSTOMER].half + m->side[CHANNEL_AGENT].half;
}

/* The held frames lie in one or two runs of the ring. */
struct held {
    size_t at[2];
    size_t len[2];
};

static struct held held_frames(const struct mixer *m)
{
    /* A block's place may lie beyond the ring before the ring has come there. */
    int64_t count = smaller(larger(held_until(m) - m->front, 0), MIXER_FRAMES);
    size_t bytes = (size_t)count * FRAME_BYTES;
    size_t at = slot(m->front);
    size_t to_edge = sizeof m->ring->frames - at;
    size_t first = bytes < to_edge ? bytes : to_edge;
    return (struct held){{at, 0}, {first, bytes - first}};
}

void mixer_copy(struct mixer *to, const struct mixer *from)
{
    struct mixer_ring *ring = to->ring;
    assert((ring == NULL) == (from->ring == NULL));
    struct held old = held_frames(to);
    *to = *from;
    to->ring = ring;
    struct held held = held_frames(from);
    for (int i = 0; ring != NULL && i < 2; i++)
        memset(ring->frames + old.at[i], 0, old.len[i]);
    for (int i = 0; ring != NULL && i < 2; i++)
        memcpy(ring->frames + held.at[i], from->ring->frames + held.at[i], held.len[i]);
}
