#include "media/mixer.h"

_Static_assert((MIXER_FRAMES & (MIXER_FRAMES - 1)) == 0, "positions are taken modulo MIXER_FRAMES");

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
    return (size_t)((uint64_t)position % MIXER_FRAMES) * BYTES_PER_SAMPLE;
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

/* ---- two channels: the ring holds the one that is ahead, the other passes by ---- */

static int16_t sample_at(const uint8_t *bytes)
{
    return (int16_t)(uint16_t)(bytes[0] | bytes[1] << 8);
}

static void sum_samples(uint8_t *to, const uint8_t *a, const uint8_t *b)
{
    int sum = sample_at(a) + sample_at(b);
    sum = sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum;
    to[0] = (uint8_t)((unsigned)sum & 0xFF);
    to[1] = (uint8_t)((unsigned)sum >> 8 & 0xFF);
}

static size_t frame_bytes(const struct mixer *m)
{
    return m->layout == MIXER_STEREO ? CHANNEL_COUNT * BYTES_PER_SAMPLE : BYTES_PER_SAMPLE;
}

/* Samples of the ring that lie in one piece from this position on. */
static size_t run_at(int64_t position)
{
    return MIXER_FRAMES - slot(position) / BYTES_PER_SAMPLE;
}

/* Frames that one call gives, of these: as many as lie in one piece and fit the scratch. */
static size_t frames_at_once(const struct mixer *m, int64_t count)
{
    count = smaller(count, (int64_t)(SCRATCH_BYTES / frame_bytes(m)));
    return (size_t)smaller(count, (int64_t)run_at(m->front));
}

/* Samples of a channel to their places in stereo frames. */
static void spread(uint8_t *frames, enum channel channel, const uint8_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memcpy(frames + (i * CHANNEL_COUNT + channel) * BYTES_PER_SAMPLE,
               samples + i * BYTES_PER_SAMPLE, BYTES_PER_SAMPLE);
}

/* The front moves on by so many frames, which are in the scratch; their places in the ring fall silent. */
static enum mixer_event give(struct mixer *m, size_t count, struct span *out)
{
    *out = span_of(silence, count * frame_bytes(m));
    if (m->ring != NULL) {
        memset(m->ring->samples + slot(m->front), 0, count * BYTES_PER_SAMPLE);
        out->at = m->ring->given;
    }
    m->front += (int64_t)count;
    m->given = true;
    return MIXER_SOUND;
}

/* Gives frames up to `until` in which only the channel in the ring has sound. */
static enum mixer_event give_held(struct mixer *m, int64_t until, struct span *out)
{
    size_t count = frames_at_once(m, until - m->front);
    if (m->ring != NULL) {
        const uint8_t *samples = m->ring->samples + slot(m->front);
        if (m->layout == MIXER_STEREO) {
            memset(m->ring->given, 0, count * frame_bytes(m));
            spread(m->ring->given, m->ahead, samples, count);
        } else {
            memcpy(m->ring->given, samples, count * BYTES_PER_SAMPLE);
        }
    }
    return give(m, count, out);
}

/* Samples of the channel behind, which stands at the front, meet those in the ring. */
static enum mixer_event give_pairs(struct mixer *m, struct span samples, struct span *out)
{
    size_t count = samples.len / BYTES_PER_SAMPLE;
    if (m->ring != NULL) {
        const uint8_t *held = m->ring->samples + slot(m->front);
        if (m->layout == MIXER_STEREO) {
            spread(m->ring->given, m->channel, samples.at, count);
            spread(m->ring->given, m->ahead, held, count);
        } else {
            for (size_t at = 0; at < samples.len; at += BYTES_PER_SAMPLE)
                sum_samples(m->ring->given + at, samples.at + at, held + at);
        }
    }
    count_samples(m, count);
    return give(m, count, out);
}

/* Puts whole samples of the channel ahead, that fit the ring in one piece. */
static void hold(struct mixer *m, struct span samples)
{
    if (m->ring != NULL && samples.len > 0) /* of a half alone there is nothing, at NULL */
        memcpy(m->ring->samples + slot(m->side[m->channel].put), samples.at, samples.len);
    count_samples(m, samples.len / BYTES_PER_SAMPLE);
}

/* The next whole samples of *in, no more than `most`; a half is kept. Sees m->pair or the input. */
static struct span take_samples(struct mixer *m, struct span *in, size_t most)
{
    struct mixer_side *side = &m->side[m->channel];
    if (side->half) {
        m->pair[0] = side->low;
        m->pair[1] = span_take(in);
        side->half = false;
        return span_of(m->pair, sizeof m->pair);
    }
    if (in->len == 1) {
        side->low = span_take(in);
        side->half = true;
        return span_of(NULL, 0);
    }
    size_t samples = span_min(span_of(in->at, in->len / BYTES_PER_SAMPLE), most);
    return span_cut(in, samples * BYTES_PER_SAMPLE);
}

/* The ring is full: the other channel is silent until here, or so late that it will be put late. Just one sample's
 * room is made, so that nothing depends on how the input was cut. */
static enum mixer_event make_room(struct mixer *m, struct span *out)
{
    enum mixer_event event = give_held(m, m->side[m->channel].put - MIXER_FRAMES + 1, out);
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        m->side[c].put = larger(m->side[c].put, m->front);
    return event;
}

static enum mixer_event next_of_two(struct mixer *m, struct span *in, struct span *out)
{
    const struct mixer_side *side = &m->side[m->channel];
    for (;;) {
        int64_t both = smaller(m->side[CHANNEL_CUSTOMER].put, m->side[CHANNEL_AGENT].put);
        if (m->front < both) return give_held(m, both, out);
        if (in->len == 0) return MIXER_NEED;
        if (m->side[m->ahead].put <= m->front) m->ahead = m->channel; /* the ring is free */
        if (m->channel != m->ahead) {
            size_t most = frames_at_once(m, m->side[m->ahead].put - m->front);
            struct span samples = take_samples(m, in, most);
            if (samples.len > 0) return give_pairs(m, samples, out);
        } else if (side->put >= m->front + MIXER_FRAMES) {
            return make_room(m, out);
        } else {
            size_t room = (size_t)(m->front + MIXER_FRAMES - side->put);
            size_t run = run_at(side->put);
            hold(m, take_samples(m, in, room < run ? room : run));
        }
    }
}

enum mixer_event mixer_next(struct mixer *m, struct span *in, struct span *out)
{
    return m->layout == MIXER_ONE ? next_of_one(m, in, out) : next_of_two(m, in, out);
}

enum mixer_event mixer_end(struct mixer *m, struct span *out)
{
    if (m->layout == MIXER_ONE || m->front >= held_until(m)) return MIXER_NEED;
    return give_held(m, held_until(m), out);
}

unsigned mixer_halves(const struct mixer *m)
{
    return (unsigned)m->side[CHANNEL_CUSTOMER].half + m->side[CHANNEL_AGENT].half;
}

/* The held samples lie in one or two runs of the ring. */
struct held {
    size_t at[2];
    size_t len[2];
};

static struct held held_samples(const struct mixer *m)
{
    /* A block's place may lie beyond the ring before the ring has come there. */
    int64_t count = smaller(larger(held_until(m) - m->front, 0), MIXER_FRAMES);
    size_t bytes = (size_t)count * BYTES_PER_SAMPLE;
    size_t at = slot(m->front);
    size_t to_edge = sizeof m->ring->samples - at;
    size_t first = bytes < to_edge ? bytes : to_edge;
    return (struct held){{at, 0}, {first, bytes - first}};
}

void mixer_copy(struct mixer *to, const struct mixer *from)
{
    struct mixer_ring *ring = to->ring;
    assert((ring == NULL) == (from->ring == NULL));
    struct held old = held_samples(to);
    *to = *from;
    to->ring = ring;
    struct held held = held_samples(from);
    for (int i = 0; ring != NULL && i < 2; i++)
        memset(ring->samples + old.at[i], 0, old.len[i]);
    for (int i = 0; ring != NULL && i < 2; i++)
        memcpy(ring->samples + held.at[i], from->ring->samples + held.at[i], held.len[i]);
}

size_t mixer_held_bytes(const struct mixer *m)
{
    struct held held = held_samples(m);
    return m->ring != NULL ? held.len[0] + held.len[1] : 0;
}

void mixer_save(const struct mixer *m, uint8_t *samples)
{
    struct held held = held_samples(m);
    if (m->ring == NULL) return;
    memcpy(samples, m->ring->samples + held.at[0], held.len[0]);
    memcpy(samples + held.len[0], m->ring->samples + held.at[1], held.len[1]);
}

void mixer_restore(struct mixer *m, const uint8_t *samples)
{
    struct held held = held_samples(m);
    if (m->ring == NULL) return;
    memset(m->ring->samples, 0, sizeof m->ring->samples);
    memcpy(m->ring->samples + held.at[0], samples, held.len[0]);
    memcpy(m->ring->samples + held.at[1], samples + held.len[0], held.len[1]);
}
