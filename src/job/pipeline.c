#include "job/pipeline.h"

#include "media/g711.h"

void pipeline_init(struct pipeline *p, enum pipeline_pass pass,
                   const struct pipeline_options *options, struct recording *recording,
                   struct mixer_ring *rings)
{
    unsigned asked = options->layout == MIXER_ONE ? 1U << options->channel
                                                  : CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT;
    memset(p, 0, sizeof *p);
    p->pass = pass;
    p->options = *options;
    p->recording = recording;
    connect_audio_init(&p->audio, asked);
    bool two = options->layout != MIXER_ONE && pass != PIPELINE_SURVEY;
    assert(!two || rings != NULL);
    bool goes_back = pass == PIPELINE_PROVISIONAL;
    if (two) memset(rings, 0, (goes_back ? PIPELINE_RINGS : 1) * sizeof *rings);
    mixer_init(&p->mixer, options->layout, asked, options->gaps, two ? rings : NULL);
    p->document.mixer = p->block.mixer = p->mixer;
    p->document.mixer.ring = two && goes_back ? rings + 1 : NULL;
    p->block.mixer.ring = two && goes_back ? rings + 2 : NULL;
}

/* ---- faults, and going back ---- */

static enum pipeline_event fail(struct pipeline *p)
{
    p->at = PIPELINE_AT_FAULT;
    return PIPELINE_FAULT;
}

static enum pipeline_event fail_with(struct pipeline *p, enum fault_kind kind, uint64_t at,
                                     const char *text)
{
    fault_set(&p->fault, kind, at, text);
    return fail(p);
}

/* Passes that learn only at a document's end whose it was. */
static bool is_tentative(const struct pipeline *p)
{
    return p->pass == PIPELINE_SURVEY || p->pass == PIPELINE_PROVISIONAL;
}

static void mark(const struct pipeline *p, struct pipeline_mark *to)
{
    to->bytes = p->bytes;
    mixer_copy(&to->mixer, &p->mixer);
}

static enum pipeline_event go_back(struct pipeline *p, const struct pipeline_mark *to)
{
    p->bytes = to->bytes;
    mixer_copy(&p->mixer, &to->mixer);
    p->sound = p->linear = span_of(NULL, 0);
    p->mixing = false;
    return PIPELINE_CUT;
}

/* ---- documents: whose are they? ---- */

static enum pipeline_event begin_document(struct pipeline *p)
{
    uint64_t at = p->documents++;
    p->in_document = true;
    p->gap_too_long = false;
    p->heard = true;
    if ((p->pass == PIPELINE_SURVEY || p->pass == PIPELINE_DELIVER) && at >= FRAGMENTS_MAX)
        return fail_with(p, FAULT_LIMIT, p->audio.fragment.at,
                         "more than 131072 documents (FRAGMENTS_MAX); write with -o FILE, which "
                         "has no such limit");
    if (p->pass == PIPELINE_DELIVER) p->heard = recording_is_ours(p->recording, at);
    if (is_tentative(p)) mark(p, &p->document);
    return PIPELINE_NEED;
}

static bool is_ours(struct pipeline *p, const struct audio_contact *contact)
{
    struct recording *r = p->recording;
    if (contact->len == 0) return false;
    if (r->contact.len == 0) r->contact = *contact;
    return audio_contact_equal(&r->contact, contact);
}

static void keep_document(struct pipeline *p)
{
    recording_add(p->recording, &p->audio.fragment);
    if (p->pass == PIPELINE_SURVEY) recording_set_ours(p->recording, p->documents - 1);
}

static enum pipeline_event refuse_rivals(struct pipeline *p)
{
    return fail_with(p, FAULT_AMBIGUOUS, FAULT_NOWHERE,
                     "it holds more than one contact; say which with --contact-id");
}

static enum pipeline_event refuse_gap(struct pipeline *p)
{
    return fail_with(p, FAULT_LIMIT, p->audio.fragment.at,
                     "a gap to be filled with silence is longer than 24 hours (GAP_MS_MAX), or all "
                     "gaps are longer than 48 (SILENCE_MS_MAX); use --gaps join");
}

static enum pipeline_event end_document(struct pipeline *p)
{
    const struct audio_fragment *f = &p->audio.fragment;
    p->in_document = false;
    if (p->pass == PIPELINE_DELIVER) {
        /* The survey said so; the tags are read again all the same. */
        bool ours = f->contact.len > 0 && audio_contact_equal(&f->contact, &p->recording->contact);
        return p->heard == ours ? PIPELINE_NEED
                                : fail_with(p, FAULT_CHANGED, f->at,
                                            "a fragment is of another contact than before");
    }
    p->recording->documents++;
    if (f->contact.len > 0)
        contacts_add(&p->recording->contacts, f);
    else if (audio_fragment_has_sound(f))
        p->recording->nobodys++;
    if (is_ours(p, &f->contact)) {
        if (p->gap_too_long) return refuse_gap(p);
        keep_document(p);
        return PIPELINE_NEED;
    }
    if (p->pass == PIPELINE_STREAM)
        return p->options.contact.len == 0 && recording_has_rivals(p->recording) ? refuse_rivals(p)
                                                                                 : PIPELINE_NEED;
    return go_back(p, &p->document);
}

/* ---- what an input that is not whole still gives ---- */

/* What was given cannot be taken back: the last block may be a part of one, and of a document that
 * is not to be trusted nothing should have been given. */
static enum pipeline_event salvage_stream(struct pipeline *p, bool trusted)
{
    bool given = p->heard && audio_fragment_has_sound(&p->audio.fragment);
    if (given && !trusted) {
        p->fault = *connect_audio_fault(&p->audio);
        return fail(p);
    }
    if (given) keep_document(p);
    return PIPELINE_NEED;
}

static enum pipeline_event salvage(struct pipeline *p)
{
    struct recording *r = p->recording;
    p->at = PIPELINE_AT_FLUSH;
    if (p->pass == PIPELINE_DELIVER) return PIPELINE_NEED;
    r->salvaged = *connect_audio_fault(&p->audio);
    r->salvaged_at = connect_audio_offset(&p->audio);
    if (!p->in_document) return PIPELINE_NEED;
    /* A document that was cut off or broken has whole blocks; one that is contradictory, beyond us,
     * or KVS's report of a failure has none that could be trusted. */
    r->documents++;
    bool broken = r->salvaged.kind == FAULT_TRUNCATED || r->salvaged.kind == FAULT_MALFORMED;
    bool trusted = broken && !p->gap_too_long && connect_audio_is_sound(&p->audio);
    if (p->pass == PIPELINE_STREAM) return salvage_stream(p, trusted);
    struct audio_contact contact = connect_audio_contact_so_far(&p->audio);
    if (!trusted || !is_ours(p, &contact)) return go_back(p, &p->document);
    if (p->in_block) {
        p->audio.fragment.pcm_bytes[p->audio.channel] -= p->block_bytes;
        go_back(p, &p->block);
    }
    keep_document(p);
    return PIPELINE_CUT;
}

static enum pipeline_event take_fault(struct pipeline *p)
{
    if (p->options.salvage && connect_audio_fault(&p->audio)->kind != FAULT_NOT_MATROSKA)
        return salvage(p);
    p->fault = *connect_audio_fault(&p->audio);
    return fail(p);
}

static enum pipeline_event take_trouble(struct pipeline *p)
{
    const struct audio_trouble *t = &p->audio.trouble;
    p->in_document = false;
    bool given =
        p->pass == PIPELINE_STREAM && p->heard && audio_fragment_has_sound(&p->audio.fragment);
    if (p->options.salvage && !given) {
        if (p->pass == PIPELINE_DELIVER) return PIPELINE_NEED;
        p->recording->documents++;
        p->recording->troubled++;
        return is_tentative(p) ? go_back(p, &p->document) : PIPELINE_NEED;
    }
    struct writer words = fault_begin(&p->fault, FAULT_TROUBLE, p->audio.fragment.at);
    writer_text(&words, "code ");
    writer_quoted(&words, span_of(t->code, t->code_len));
    writer_text(&words, ", message ");
    writer_quoted(&words, span_of(t->message, t->message_len));
    writer_text(&words, ": the recording is not complete. Fetch the fragments again; --salvage "
                        "keeps what is there");
    fault_put(&p->fault, &words);
    return fail(p);
}

/* ---- blocks ---- */

static void end_block(struct pipeline *p)
{
    p->in_block = false;
    p->blocks++;
    if (p->pass != PIPELINE_DELIVER) p->recording->blocks++;
}

static enum pipeline_event place_block(struct pipeline *p)
{
    if (p->pass == PIPELINE_DELIVER && p->recording->salvaged.kind != FAULT_NONE &&
        p->blocks == p->recording->blocks) {
        p->at = PIPELINE_AT_FLUSH;
        return PIPELINE_NEED;
    }
    p->in_block = true;
    p->block_bytes = 0;
    if (p->pass == PIPELINE_STREAM) {
        const struct audio_contact *said = &p->audio.fragment.contact;
        if (said->len == 0)
            return fail_with(p, FAULT_UNDECIDED, p->audio.fragment.at,
                             "the ContactId comes after the sound, and neither can the input be "
                             "read again nor the output be cut back; give the input as a file, or "
                             "write with -o FILE");
        p->heard = is_ours(p, said);
    }
    if (!p->heard) return PIPELINE_NEED;
    p->mixing = true; /* a gap before it may be filled, even if it is empty */
    if (p->options.salvage && is_tentative(p)) mark(p, &p->block);
    if (mixer_block(&p->mixer, p->audio.channel, p->audio.time_ns)) return PIPELINE_NEED;
    if (!is_tentative(p)) return refuse_gap(p);
    p->gap_too_long = true;
    p->heard = false;
    return PIPELINE_NEED;
}

static enum pipeline_event begin_block(struct pipeline *p)
{
    enum pipeline_event event = place_block(p);
    if (p->audio.block_whole) end_block(p);
    return event;
}

static void take_pcm(struct pipeline *p, struct span pcm)
{
    p->block_bytes += pcm.len;
    if (p->audio.block_whole) end_block(p);
    if (!p->heard) return;
    p->sound = pcm;
    p->mixing = true;
}

/* ---- output ---- */

/* The next bytes of what the mixer gave, encoded. */
static enum pipeline_event give(struct pipeline *p, struct span *out)
{
    if (p->options.encoding == WAV_PCM) {
        *out = span_cut(&p->linear, p->linear.len);
    } else {
        size_t samples =
            span_min(p->linear, sizeof p->encoded * BYTES_PER_SAMPLE) / BYTES_PER_SAMPLE;
        for (size_t i = 0; i < samples; i++) {
            uint8_t low = span_take(&p->linear);
            p->encoded[i] = g711_ulaw((int16_t)(uint16_t)(low | span_take(&p->linear) << 8));
        }
        *out = span_of(p->encoded, samples);
    }
    p->bytes += out->len;
    return PIPELINE_BYTES;
}

static enum pipeline_event complete(struct pipeline *p)
{
    struct recording *r = p->recording;
    p->at = PIPELINE_AT_OVER;
    if (p->pass == PIPELINE_DELIVER) {
        bool same = p->bytes == r->bytes &&
                    (p->documents == r->documents || r->salvaged.kind != FAULT_NONE);
        return same ? PIPELINE_END
                    : fail_with(
                          p, FAULT_CHANGED, FAULT_NOWHERE,
                          "it gave other documents, or another length of sound, the second time");
    }
    if (p->options.contact.len == 0 && recording_has_rivals(r)) return refuse_rivals(p);
    r->bytes = p->bytes;
    r->gaps = p->mixer.timeline.gap_count;
    r->gap_ms = p->mixer.timeline.gap_samples / (SAMPLES_PER_SECOND / 1000);
    r->late_blocks = p->mixer.late_count;
    r->halves = mixer_halves(&p->mixer);
    return PIPELINE_END;
}

static enum pipeline_event take_input(struct pipeline *p, struct span *in, bool *dry)
{
    struct span pcm = span_of(NULL, 0);
    enum audio_event event =
        p->input_over ? connect_audio_end(&p->audio) : connect_audio_next(&p->audio, in, &pcm);
    switch (event) {
    case AUDIO_NEED: *dry = true; break;
    case AUDIO_DOCUMENT: return begin_document(p);
    case AUDIO_BLOCK: return begin_block(p);
    case AUDIO_PCM: take_pcm(p, pcm); break;
    case AUDIO_FRAGMENT: return end_document(p);
    case AUDIO_TROUBLE: return take_trouble(p);
    case AUDIO_END: p->at = PIPELINE_AT_FLUSH; break;
    case AUDIO_FAULT: return take_fault(p);
    }
    return PIPELINE_NEED;
}

/* The questions stand in the order of the line, from the far end to the near end. */
enum pipeline_event pipeline_next(struct pipeline *p, struct span *in, struct span *out)
{
    for (;;) {
        if (p->linear.len > 0) return give(p, out);
        bool dry = false;
        switch (p->at) {
        case PIPELINE_AT_INPUT:
            if (p->mixing && mixer_next(&p->mixer, &p->sound, &p->linear) == MIXER_SOUND) break;
            p->mixing = false;
            enum pipeline_event event = take_input(p, in, &dry);
            if (event != PIPELINE_NEED || dry) return event;
            break;
        case PIPELINE_AT_FLUSH:
            if (mixer_end(&p->mixer, &p->linear) == MIXER_SOUND) break;
            return complete(p);
        case PIPELINE_AT_OVER: return PIPELINE_END;
        case PIPELINE_AT_FAULT: return PIPELINE_FAULT;
        }
    }
}

void pipeline_finish(struct pipeline *p)
{
    p->input_over = true;
}
