#include "job/wav_source.h"

/* ---- beginning ---- */

static void begin_pass(struct wav_source *s, enum pipeline_pass pass)
{
    bool survey = pass == PIPELINE_SURVEY;
    memset(&s->now, 0, sizeof s->now);
    s->now.at = survey ? WAV_SOURCE_AT_SURVEY : WAV_SOURCE_AT_HEADER;
    s->going_back = 0;
    pipeline_init(&s->now.pipeline, pass, &s->options, s->recording, survey ? NULL : &s->ring);
}

void wav_source_survey(struct wav_source *s, const struct pipeline_options *options,
                       struct recording *recording)
{
    s->options = *options;
    s->recording = recording;
    s->header_len = 0;
    s->fault.kind = FAULT_NONE;
    recording_init(recording, &options->contact);
    begin_pass(s, PIPELINE_SURVEY);
}

void wav_source_deliver(struct wav_source *s)
{
    assert(s->now.at == WAV_SOURCE_AT_END && s->recording->bytes > 0);
    struct wav_format format = {s->options.encoding, s->options.layout == MIXER_STEREO ? 2 : 1};
    struct writer w = writer_on(s->header, sizeof s->header);
    wav_header(&w, format, s->recording->bytes);
    s->header_len = w.len;
    begin_pass(s, PIPELINE_DELIVER);
    wav_source_set_mark(s);
}

uint64_t wav_source_total(const struct wav_source *s)
{
    assert(s->header_len > 0);
    return s->header_len + s->recording->bytes + wav_pads(s->recording->bytes);
}

/* ---- input ---- */

uint8_t *wav_source_room(struct wav_source *s, size_t *room, uint64_t *offset)
{
    if (s->going_back == 0) { /* everything was eaten: the buffer moves on */
        assert(s->now.in.len == 0);
        s->now.base += s->now.held;
        s->now.held = 0;
    }
    *room = (s->going_back > 0 ? s->going_back : sizeof s->buffer) - s->now.held;
    *offset = s->now.base + s->now.held;
    return s->buffer + s->now.held;
}

static enum wav_source_event fail(struct wav_source *s, const struct fault *why)
{
    s->fault = *why;
    s->now.at = WAV_SOURCE_AT_FAULT;
    return WAV_SOURCE_FAULT;
}

static RARE void fail_changed(struct wav_source *s)
{
    struct fault why = {.kind = FAULT_NONE};
    fault_set(&why, FAULT_CHANGED, s->now.base, "it gave other bytes when it was read again");
    fail(s, &why);
}

static struct checksum check_buffer(const struct wav_source *s)
{
    struct checksum check;
    checksum_init(&check, CHECKSUM_CRC64NVME);
    checksum_add(&check, span_of(s->buffer, s->now.held));
    return check;
}

/* The read buffer holds what it held at the mark, or should. */
static void arrive(struct wav_source *s)
{
    struct checksum check = check_buffer(s);
    s->going_back = 0;
    if (check.crc != s->mark_check.crc) fail_changed(s);
}

void wav_source_put(struct wav_source *s, size_t n)
{
    size_t begin = s->now.held;
    s->now.held += n;
    assert(s->now.held <= sizeof s->buffer);
    if (s->going_back > 0) {
        if (n == 0)
            fail_changed(s);
        else if (s->now.held == s->going_back)
            arrive(s);
        return;
    }
    s->now.in = span_of(s->buffer + begin, n);
    if (n == 0) pipeline_finish(&s->now.pipeline);
}

/* ---- the mark ---- */

void wav_source_set_mark(struct wav_source *s)
{
    assert(s->going_back == 0);
    const struct mixer *mixer = &s->now.pipeline.mixer;
    s->marked = s->now.given;
    if (mixer_held_bytes(mixer) > sizeof s->mark_held) return;
    s->mark = s->now;
    mixer_save(mixer, s->mark_held);
    memcpy(s->mark_given, s->ring.given, sizeof s->mark_given);
    s->mark_check = check_buffer(s);
}

void wav_source_go_back(struct wav_source *s)
{
    assert(s->header_len > 0);
    if (s->now.at == WAV_SOURCE_AT_FAULT) return;
    bool is_same_buffer =
        s->going_back == 0 && s->now.base == s->mark.base && s->now.held == s->mark.held;
    s->now = s->mark;
    mixer_restore(&s->now.pipeline.mixer, s->mark_held);
    memcpy(s->ring.given, s->mark_given, sizeof s->mark_given);
    if (is_same_buffer) return;
    s->going_back = s->now.held;
    s->now.held = 0;
}

/* ---- output ---- */

/* The next piece of the WAV, as s->now.rest. */
static enum wav_source_event take_sound(struct wav_source *s)
{
    switch (pipeline_next(&s->now.pipeline, &s->now.in, &s->now.rest)) {
    case PIPELINE_NEED: return WAV_SOURCE_READ;
    case PIPELINE_BYTES:
        if (s->now.at == WAV_SOURCE_AT_SURVEY) s->now.rest.len = 0; /* only counted */
        break;
    case PIPELINE_CUT: break; /* the survey's business alone */
    case PIPELINE_END:
        s->now.at = s->now.at == WAV_SOURCE_AT_SURVEY ? WAV_SOURCE_AT_END : WAV_SOURCE_AT_PAD;
        break;
    case PIPELINE_FAULT: return fail(s, &s->now.pipeline.fault);
    }
    return WAV_SOURCE_BYTES;
}

/* After going back to a mark that stands earlier: nothing is given until the place to go back to. */
static void pass_over(struct wav_source *s)
{
    if (s->now.given >= s->marked) return;
    struct span passed = span_cut(&s->now.rest, span_min(s->now.rest, s->marked - s->now.given));
    s->now.given += passed.len;
}

static enum wav_source_event give(struct wav_source *s, size_t most, struct span *out)
{
    *out = span_cut(&s->now.rest, span_min(s->now.rest, most));
    s->now.given += out->len;
    return WAV_SOURCE_BYTES;
}

enum wav_source_event wav_source_next(struct wav_source *s, size_t most, struct span *out)
{
    assert(most > 0);
    if (s->now.at == WAV_SOURCE_AT_FAULT) return WAV_SOURCE_FAULT;
    if (s->going_back > 0) return WAV_SOURCE_READ;
    for (;;) {
        pass_over(s);
        if (s->now.rest.len > 0) return give(s, most, out);
        switch (s->now.at) {
        case WAV_SOURCE_AT_HEADER:
            s->now.rest = span_of(s->header, s->header_len);
            s->now.at = WAV_SOURCE_AT_SOUND;
            break;
        case WAV_SOURCE_AT_SURVEY:
        case WAV_SOURCE_AT_SOUND: {
            enum wav_source_event event = take_sound(s);
            if (event != WAV_SOURCE_BYTES) return event;
            break;
        }
        case WAV_SOURCE_AT_PAD:
            s->now.rest = span_of("", wav_pads(s->recording->bytes) ? 1 : 0);
            s->now.at = WAV_SOURCE_AT_END;
            break;
        case WAV_SOURCE_AT_END: return WAV_SOURCE_END;
        case WAV_SOURCE_AT_FAULT: return WAV_SOURCE_FAULT;
        }
    }
}
